# BytesIO and StringIO.
import _io as io

b = io.BytesIO(b"one\ntwo\nthree")
print(b.readline(), b.tell(), b.read(2), b.readlines(), b.read(), b.getvalue())
print(b.seek(3), b.write(b"--"), b.getvalue(), b.seek(-2, 2), b.read(), b.seek(20), b.read())
b.write(b"!")
print(b.getvalue(), b.truncate(5), b.getvalue(), b.tell())
room = bytearray(4)
b.seek(0)
print(b.readinto(room), room, b.read1(), b.readable(), b.writable(), b.seekable(), b.isatty())
print([line for line in io.BytesIO(b"a\nb\n\nc")], io.BytesIO(b"abc").readline(2))
b.writelines([b"x", b"y"])
print(b.getvalue(), b.close(), b.closed)
for f in b.read, b.getvalue, b.tell, b.readable:
    try:
        f()
    except ValueError as e:
        print(e)
for args in (-1,), (0, 7), (1.5,):
    try:
        io.BytesIO(b"x").seek(*args)
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
try:
    io.BytesIO().write("text")
except TypeError as e:
    print(e)
view = io.BytesIO(b"abcdef")
buffer = view.getbuffer()
buffer[1] = 66
print(view.getvalue(), len(buffer))
for f in (lambda: view.write(b"0123456789"), lambda: view.truncate(0), view.close):
    try:
        f()
    except BufferError as e:
        print(e)
buffer.release()
print(view.write(b"0123456789"), view.getvalue())

s = io.StringIO("één\ntwo\r\nthree")
print(repr(s.readline()), s.tell(), repr(s.read(2)), repr(s.readline()), repr(s.read()), repr(s.read()))
print(s.seek(0), s.write("ABC"), repr(s.getvalue()), s.newlines, s.seek(0, 2), s.write("!"), repr(s.getvalue()))
print(s.truncate(4), repr(s.getvalue()), s.tell(), s.line_buffering, s.encoding, s.errors)
for newline in None, "", "\n", "\r", "\r\n":
    s = io.StringIO("a\nb\rc\r\nd", newline)
    print(repr(newline), repr(s.getvalue()), list(s), s.newlines, s.write("x\ny"), repr(s.getvalue()))
for f in (lambda: io.StringIO(5), lambda: io.StringIO("", "x"), lambda: io.StringIO("", 3), lambda: s.write(b"x"),
          lambda: s.seek(-1), lambda: s.seek(1, 1), lambda: s.seek(0, 5), lambda: s.read("x"), lambda: s.truncate(-1)):
    try:
        f()
    except (ValueError, TypeError, OSError) as e:
        print(type(e).__name__, e)
print(s.close(), s.closed)
try:
    s.read()
except ValueError as e:
    print(e)


class Sub(io.StringIO):
    def readline(self, *a):
        return super().readline(*a).upper()


s = Sub("a\nb")
s.extra = 2
print(list(s), s.extra, repr(s.getvalue()), Sub.__mro__[1:4])
s = io.StringIO()
for i in range(1000):
    print(i, end=",", file=s)
print(len(s.getvalue()), s.tell(), s.getvalue()[-9:])
d = io.IncrementalNewlineDecoder(None, translate=True)
print([d.decode(t) for t in ("a\r", "\nb\n", "c\r")], repr(d.decode("", final=True)), d.newlines, d.getstate())
