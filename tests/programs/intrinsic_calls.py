# Calls, look-ups and comparisons that handlers do by themselves, met by what does not fit them: each site is warm
# with the ordinary thing first.
import builtins


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)


class LongList(list):
    def __len__(self):
        return 1000

    def append(self, x):
        print("append", x)


class Meta(type):
    def __instancecheck__(cls, x):
        return x == 3


class Three(metaclass=Meta):
    pass


class Liar:
    @property
    def __class__(self):
        return int


class Base:
    pass


class Derived(Base):
    pass


def length(x):
    return len(x)


def check(x, c):
    return isinstance(x, c)


def kind(x):
    return type(x)


def add(l, x):
    l.append(x)


for x in [1, 2, 3], (1, 2), "abc", {1: 2}, {1, 2, 3, 4}, LongList(), range(5), b"xy", "é" * 40:
    print(length(x))
for x in 5, None, Base:
    try:
        print(length(x))
    except TypeError as e:
        print(e)
for x, c in (1, int), (True, int), (1, str), (Derived(), Base), (Base(), Derived), (3, Three), (4, Three), (Liar(), int), (Liar(), str), (1, (str, int)), (1, int | str):
    print(check(x, c))
for c in 5, "int", (1, 2), [int]:
    try:
        print(check(1, c))
    except TypeError as e:
        print(e)
print(check(check, type(check)), check(len, type(len)), check(isinstance, type(len)))
for x in 1, 1.5, True, None, "x", [], Base(), Derived(), Base, Three, len, ...:
    print(kind(x))
real = []
for l in real, real, LongList(), real:
    add(l, 1)
add(real, real)
print(len(real), real[3] is real)
real.clear()


# The last reference goes inside the call.
def last():
    print(isinstance(Loud("isinstance"), Loud))
    print(type(Loud("type")))
    print(len([Loud("len")]))
    l = []
    l.append(Loud("append"))
    print("before")
    l.clear()
    [].append(Loud("both"))
    print("after")


for i in range(3):
    last()


# Rebinding a builtin: the same site calls something else.
def shadowed():
    return len([1]), isinstance(1, str), type(1)


print(shadowed(), shadowed(), shadowed())
kept = len, isinstance, type
builtins.len = lambda x: "len"
builtins.isinstance = lambda x, c: "isinstance"
print(shadowed())
builtins.len, builtins.isinstance, _ = kept
print(shadowed())
len = isinstance
isinstance = kept[0]
try:
    shadowed()
except TypeError as e:
    print(e)
del len, isinstance
print(shadowed())


# Keys that are equal without being identical, and those that only hash alike.
class Text(str):
    def __eq__(self, other):
        print("eq", str(self))
        return str.__eq__(self, other)

    __hash__ = str.__hash__


class Same:
    def __init__(self, h):
        self.h = h

    def __hash__(self):
        return self.h

    def __eq__(self, other):
        print("same?", self.h)
        return True


def get(d, k):
    try:
        return d[k]
    except KeyError as e:
        return "no", e.args[0] is k


def put(d, k, v):
    d[k] = v


def has(c, k):
    return k in c, k not in c


made = "".join(["k", "e", "y"])
d = {"key": 1, 1: "one", -1: "minus", -2: "minus two", 2.5: "float", (1, 2): "tuple", None: "none", int: "int", 1 << 70: "big", "é": "accent"}
s = set(d)
for k in "key", made, Text("key"), 1, True, 1.0, -1, -2, 0, 2.5, (1, 2), None, int, str, 1 << 70, "other", Text("nothing"), "é", "e", Same(1), Same(7):
    print(get(d, k), has(d, k), has(s, k))
for k in [], {}, ([],):
    for f in lambda: get(d, k), lambda: has(d, k), lambda: has(s, k), lambda: put(d, k, 1):
        try:
            print(f())
        except TypeError as e:
            print(e)
for k in "key", made, 1, True, 1.0, "new", "new", Text("new"), int:
    put(d, k, Loud(k))
print(len(d), list(d)[:3])
d.clear()
for i in range(40):
    put(d, i * 1000003 % 64, i)
del d[5]
print(get(d, 5), get(d, 6), has(d, 5), len(d))
g = {"a": 1}
exec("b = 2", g)
put(g, "a", 5)
exec("print(a, b)", g)


# Strs.
def same(a, b):
    return a == b, a != b


for a, b in ("abc", "abc"), ("abc", made[:0] + "abc"), ("abc", "abd"), ("a", "ab"), ("é", "e"), ("e\0", "e"), ("x" * 30, "x" * 30), ("x" * 30, "x" * 29 + "y"), ("key", Text("key")), (str(12), str(123)), (str(5), "5"), ("1", 1), ("\ud800", "\ud800"):
    print(same(a, b), same(b, a))


# Calls of bound methods, with stars, with keywords; of classes without __init__.
class Point:
    def __init__(self, x=0, y=0):
        self.x, self.y = x, y

    def move(self, dx, dy=0):
        self.x += dx
        self.y += dy
        return self.x, self.y

    def steps(self, n):
        for i in range(n):
            yield self.x + i


def call(f, *args):
    return f(*args)


def call1(f):
    return f(1)


p = Point(5)
for f in p.move, p.move, str, p.steps, p.move, print, Point, lambda x, y=2: (x, y):
    print(type(call1(f)).__name__)
print(list(call1(p.steps)), Point(1, 2).move(3))


def rest(a, b=2, *args, c=3, **kw):
    return a, b, args, c, kw


print(rest(1), rest(1, 5), rest(1, 5, 6, 7), rest(1, c=9), rest(1, d=4, c=5), rest(b=1, a=2, z=3), rest(*(1, 2, 3), **{"q": 1}))
print(call(rest, 1), call(rest, 1, 2, 3), rest(1, **{"".join(["c"]): 8}), rest(1, **{"".join(["w", "w"]): 8}))


def only(a, /, b, *, c):
    return a, b, c


for f in (
    lambda: only(1, b=2, c=3),
    lambda: only(1, 2),
    lambda: only(1, 2, 3),
    lambda: only(a=1, b=2, c=3),
    lambda: only(1, 2, c=3, d=4),
    lambda: only(1, 2, b=3, c=4),
    lambda: rest(),
    lambda: rest(1, a=2),
    lambda: only(*[1], **{"b": 2, "c": 3}),
    lambda: only(*(1, 2, 3)),
    lambda: Base(1),
    lambda: Derived(x=1),
):
    try:
        print(f())
    except TypeError as e:
        print(e)


class Metered(type):
    def __call__(cls, *args):
        print("metered")
        return super().__call__(*args)


class New:
    def __new__(cls):
        print("new")
        return object.__new__(cls)


class Paid(metaclass=Metered):
    pass


class Pair(tuple):
    def __new__(cls, a, b=5):
        return tuple.__new__(cls, (a, b))


class Other:
    def __new__(cls, x):
        return x


class Both:
    def __new__(cls, x):
        return object.__new__(cls)

    def __init__(self, x):
        print("init", x)


def make2(c):
    try:
        return type(c(1, 2)).__name__
    except TypeError as e:
        return str(e)


def make1(c):
    return c(1)


def make(c):
    return type(c()).__name__


print([make2(c) for c in (Pair, Pair, Point, Base, Other, complex, Pair)])
print([type(make1(c)).__name__ for c in (Pair, Other, Both, Pair, Point)], Pair(1), Pair(1, b=7))
print([make(c) for c in (Base, Base, Derived, Paid, New, dict, Base)])


# The names of a class body and of exec go when it is over.
def body():
    class C:
        loud = Loud("class body")
        copies = [1 for _ in range(2)]

    names = {}
    exec("loud = make('exec')\nlast = loud", {"make": Loud}, names)
    names.clear()
    C.loud = C.copies = None
    print("end of body")


body()
