# TextIOWrapper over memory and files.
import _io as io

with io.open(__file__) as f:
    first = f.readline()
    print(first, end="")
    at = f.tell()
    second = f.readline()
    print(at, f.mode, f.encoding, f.errors, f.newlines, f.line_buffering, f.name == __file__)
    f.seek(at)
    print(f.readline() == second, f.seekable(), f.writable(), f.isatty())
    for line in f:
        break
    try:
        f.tell()
    except OSError as e:
        print(e)
    try:
        f.write("x")
    except io.UnsupportedOperation as e:
        print(e)
try:
    f.read()
except ValueError as e:
    print(e)

data = "één\r\nzwei\rdrei\nfünf €\n".encode()
for newline in None, "", "\n", "\r", "\r\n":
    t = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=newline)
    print(repr(newline), t.readlines(), t.newlines)
    b = io.BytesIO()
    t = io.TextIOWrapper(b, "utf-8", newline=newline)
    print(t.write("a\nb\r\nc"), t.flush(), b.getvalue())
t = io.TextIOWrapper(io.BytesIO(data), "utf-8")
t._CHUNK_SIZE = 3
marks = []
while True:
    marks.append((t.tell(), t.read(1)))
    if not marks[-1][1]:
        break
print([c for _, c in marks])
for at, c in reversed(marks):
    t.seek(at)
    assert t.read(1) == c, (at, c)
t.seek(0)
print(repr(t.read(4)), repr(t.readline(3)), repr(t.readline()), repr(t.read()))
t = io.TextIOWrapper(io.BytesIO(), "ascii", errors="replace", write_through=True)
print(t.write("aé"), t.buffer.getvalue(), t.encoding, t.errors, t.write_through)
t.reconfigure(encoding="latin-1", newline="\r\n", line_buffering=True)
print(t.write("é\n"), t.buffer.getvalue(), t.encoding, t.errors, t.line_buffering)
for f in (lambda: io.TextIOWrapper(io.BytesIO(), newline="x"), lambda: t.write(5), lambda: t.seek(-1),
          lambda: t.seek(1, 1), lambda: t.seek(0, 9), lambda: io.TextIOWrapper(io.BytesIO(), encoding=3),
          lambda: io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8").read(),
          lambda: io.TextIOWrapper(io.BytesIO(), "ascii").write("é")):
    try:
        f()
    except (ValueError, TypeError, io.UnsupportedOperation) as e:
        print(type(e).__name__, e)
b = t.detach()
print(b.closed, t)
try:
    t.write("x")
except ValueError as e:
    print(e)
for args in (("/nonexistent/file",), ("/", "w"), ("x", "rw"), ("x", "rbt"), ("x", "z"), ("x", "rb", -1, "utf-8"), (3.5,),
             ("x", "r", 0), ("a\0b",), (-1,), ("x", 5)):
    try:
        io.open(*args)
    except (OSError, ValueError, TypeError) as e:
        print(type(e).__name__, e)
with io.open("/dev/null", "w") as f:
    print(f, f.write("x"), f.buffer, f.buffer.raw)
print(f.closed, f.buffer.raw)
f = io.open("/dev/full", "wb")
f.write(b"x")
try:
    f.close()
except OSError as e:
    print(e, f.closed)
