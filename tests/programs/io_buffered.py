# Buffered streams over raw streams written in Python: what is asked of the raw stream, and when.
import _io as io


class Raw(io._RawIOBase):
    def __init__(self, data=b"", log=None):
        self.data = bytearray(data)
        self.at = 0
        self.log = [] if log is None else log

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, b):
        part = self.data[self.at:self.at + min(len(b), 7)]
        b[:len(part)] = part
        self.at += len(part)
        self.log.append(("readinto", len(b), len(part)))
        return len(part)

    def write(self, b):
        n = min(len(b), 5)
        self.data[self.at:self.at + n] = bytes(b[:n])
        self.at += n
        self.log.append(("write", n))
        return n

    def seek(self, to, whence=0):
        self.at = to if whence == 0 else self.at + to if whence == 1 else len(self.data) + to
        self.log.append(("seek", to, whence))
        return self.at

    def tell(self):
        return self.at


raw = Raw(b"one\ntwo\nthree\nfour\n")
r = io.BufferedReader(raw, 8)
print(r.read(2), r.peek(1), r.readline(), r.read1(3), r.tell(), raw.log)
print(r.readlines(), r.read(), r.tell())
print(r.seek(4), r.read(3), r.seek(-3, 1), r.readline(), list(r))
print(raw.log)

raw = Raw()
w = io.BufferedWriter(raw, 8)
print(w.write(b"abc"), w.write(b"defgh"), raw.log, w.tell())
print(w.write(b"i"), raw.log, bytes(raw.data))
print(w.write(b"0123456789abcdef"), w.flush(), bytes(raw.data), w.tell())
w.seek(2)
w.write(b"XY")
w.close()
print(bytes(raw.data), w.closed, raw.closed)
for f in (lambda: w.write(b"")), w.flush, (lambda: w.seek(0)), w.truncate:
    try:
        f()
    except ValueError as e:
        print(e)

raw = Raw(b"0123456789")
b = io.BufferedRandom(raw, 4)
print(b.read(3), b.tell(), b.write(b"abc"), b.tell(), b.read(2), b.tell())
b.flush()
print(bytes(raw.data))
print(b.detach() is raw)
try:
    b.read()
except ValueError as e:
    print(e)

p = io.BufferedRWPair(Raw(b"in"), Raw())
print(p.read(), p.write(b"out"), p.readable(), p.writable(), p.closed, p.close(), p.closed)

for make in (lambda: io.BufferedReader(Raw(), 0), lambda: io.BufferedWriter(Raw(), -3),
             lambda: io.BufferedReader(io._RawIOBase()), lambda: io.BufferedWriter(io._RawIOBase())):
    try:
        make()
    except (ValueError, OSError) as e:
        print(type(e).__name__, e)


class Lies(Raw):
    def readinto(self, b):
        return 100


try:
    io.BufferedReader(Lies()).read(4)
except OSError as e:
    print(e)


class Blocks(Raw):
    def readinto(self, b):
        return None

    def write(self, b):
        return None


b = io.BufferedReader(Blocks())
print(b.read(3), b.read(), b.read1(3), b.peek(), b.readinto(bytearray(3)))
w = io.BufferedWriter(Blocks(), 4)
print(w.write(b"abcd"))
try:
    w.write(b"efg")
except BlockingIOError as e:
    print(e.args[:2])
try:
    w.close()
except BlockingIOError as e:
    print(e.args[:2], w.closed)


class Plain(io._IOBase):
    lines = [b"x\n", b"y\n", b""]

    def readline(self, n=-1):
        return self.lines.pop(0) if self.lines else b""


f = Plain()
f.extra = 1
print(list(f), f.extra, f.closed, f.close(), f.closed)
for name in "tell", "truncate", "fileno", "flush", "isatty", "__enter__", "__iter__":
    try:
        print(name, getattr(f, name)())
    except ValueError as e:
        print(name, type(e).__name__, e)
print(io.UnsupportedOperation.__mro__)


class Noisy(Raw):
    def close(self):
        print("close", self.closed)
        super().close()


n = Noisy()
del n
io.BufferedReader(Noisy())
