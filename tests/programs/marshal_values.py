# marshal: what values look like as bytes, what comes back, and what corrupt bytes raise.
import marshal

values = [1, -3, 1 << 15, 70000, 1 << 40, -(1 << 70), 1.5, -0.0, 2j, "a", "é", b"x", b"", None, True, ...,
          (1, 2), [1], {1: 2}, {1}, frozenset([1]), (), StopIteration, slice(1, 2, 3), "x " * 150]
for v in values:
    data = marshal.dumps(v)
    print(data[:40], marshal.loads(data) == v, type(marshal.loads(data)) is type(v))
shared = ["a", "b"]
back = marshal.loads(marshal.dumps([shared, shared]))
print(back, back[0] is back[1])
loop = []
loop.append(loop)
back = marshal.loads(marshal.dumps(loop))
print(back[0] is back)

def f(a, *args, b=1, **kw):
    return [x + a for x in args if x], b, kw, b"bytes", 1j, "text"

code = marshal.loads(marshal.dumps(f.__code__))
print(code == f.__code__, hash(code) == hash(f.__code__), code.co_name, code.co_varnames)
f.__code__ = code
print(f(1, 2, 0, 3, b=4, c=5))

for data in [b"", b"c", b"(", b"\xff", b"r\0\0\0\0", b"0", b"[\1\0\0\0", b")\1", b"i\0", b"{",
             b"l\1\0\0\0\0\0", b"l\xff\xff\xff\x7f", b"z\5ab", b"s\xff\xff\xff\xff", b"[\xff\xff\xff\x7f",
             b"l\1\0\0\0\xff\xff", b"g", b"y", b"[\1\0\0\0" b"0", b":NN", b")\1" * 3000 + b"N",
             b"f\x031.5", b"f\x03abc"]:
    try:
        print(marshal.loads(data))
    except Exception as e:
        print(type(e).__name__, e)
for v in [object(), int, [object()]]:
    try:
        marshal.dumps(v)
    except ValueError as e:
        print(e)
deep = []
for i in range(3000):
    deep = [deep]
try:
    marshal.dumps(deep)
except ValueError as e:
    print(e)
for action in (lambda: marshal.dumps(code, allow_code=False),
               lambda: marshal.loads(marshal.dumps(code), allow_code=False),
               lambda: marshal.loads("a"),
               lambda: marshal.dumps(slice(1), 4)):
    try:
        action()
    except Exception as e:
        print(type(e).__name__, e)
print(marshal.version)
