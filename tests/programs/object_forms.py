"""Instructions that have taken a form for what they met meet something else."""

import sys
from collections import defaultdict, namedtuple


def binary(x, y):
    return x + y


def subscr(x, y):
    return x[y]


def member(x, y):
    return x in y


def less(x, y):
    return x < y


def store(c, i, v):
    c[i] = v
    return c


def loop(it):
    out = []
    for x in it:
        out.append(x)
    return out


class Items:
    def __init__(self, n):
        self.n = n

    def __getitem__(self, i):
        return ("item", self.n, i)

    def __setitem__(self, i, v):
        self.n = (i, v)

    def __contains__(self, i):
        return i == self.n

    def __lt__(self, other):
        return "less"

    def __add__(self, other):
        return "added"

    def __iter__(self):
        return iter([self.n, self.n])

    def __repr__(self):
        return f"Items({self.n})"


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


values = ["ab", "cd", 1, 2.5, 1 << 70, [1], [2], (1,), (2,), Items(3), None, True, b"x"]
for x in values:
    print([attempt(binary, x, y) for y in values])
    print([attempt(less, x, y) for y in values])
containers = ["hello", [5, 6, 7], (7, 8, 9), {1: "one", "k": 2}, range(3, 30, 4), b"bytes", Items(4), {1}, 5]
indices = [1, -1, "k", slice(1, 3), slice(None, None, -1), True, 1 << 70, None, 2.0]
for _ in range(2):
    for c in containers:
        print([attempt(subscr, c, i) for i in indices])
        print([attempt(member, i, c) for i in indices[:3] + ["l", 7, b"y", (1, 2)]])
for c in [[1, 2, 3], {}, bytearray(b"abc"), Items(0), defaultdict(list), (1, 2), "abc", [1, 2, 3], Items(1)]:
    print([attempt(store, c, i, v) for i, v in [(1, 5), (-1, 6), ("k", 7), (slice(0, 1), [8, 9])]])


def three():
    yield 1
    yield 2
    yield 3


class Iterator:
    def __init__(self):
        self.n = 3

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        return self.n


for _ in range(2):
    for make in (
        lambda: [1, 2], lambda: {"a": 1, "b": 2}, lambda: {"a": 1}.items(), lambda: three(), lambda: "aé€",
        lambda: range(3), lambda: Items(9), lambda: Iterator(), lambda: zip([1, 2], "ab"), lambda: enumerate("xy"),
        lambda: {5}, lambda: map(str, [1]), lambda: reversed(range(1, 10, 3)), lambda: b"ab", lambda: (4, 5),
        lambda: reversed([1, 2]), lambda: 5, lambda: iter([]),
    ):
        print(attempt(loop, make()), end=" ")
    print()

# Ranges of small numbers and of big ones.
for r in (range(10), range(10, 0, -3), range(0), range(5, 5, -1), range(1 << 40, (1 << 40) + 9, 2), range(1 << 80, (1 << 80) + 3)):
    print(list(reversed(r)), r[1:3], r[::-1], r[-3:], r[5:2], r[::3], r[3:1:-1], attempt(subscr, r, 2), attempt(subscr, r, -1))
    print(attempt(subscr, r, 99), attempt(subscr, r, slice(None, None, 0)))

# Fields of named tuples.
P = namedtuple("P", "x y")
Q = namedtuple("Q", "y x")


class Sub(P):
    @property
    def x(self):
        return "own x"


class Asks(P):
    def __getattr__(self, name):
        return f"asked for {name}"

    def __getattribute__(self, name):
        if name == "y":
            return "intercepted"
        return super().__getattribute__(name)


def get_x(o):
    return o.x, o.y


for _ in range(3):
    print([attempt(get_x, o) for o in (P(1, 2), Q(3, 4), Sub(5, 6), Asks(7, 8), Items(1), P(9, 10))])
P.x = property(lambda self: "replaced")
print(get_x(P(1, 2)), get_x(Sub(1, 2)))
del P.x
print(attempt(get_x, P(1, 2)))
P.x = 5
print(get_x(P(1, 2)))
try:
    Q(1, 2).x = 3
except AttributeError as e:
    print(e)

# Equality and hashes of tuples inside tuples, where a class has its own idea of it later.
R = namedtuple("R", "a")
S = namedtuple("S", "a")
table = {(R(1), 1): "found", (R(2), (3, R(4))): "deep"}
for _ in range(2):
    print(table[R(1), 1], table[R(2), (3, R(4))], table.get((R(1), 2)), table.get((S(1), 1)), table.get(((1,), 1)))
    print((R(1), 1) == (R(1), 1), (R(1),) == (R(2),), (R(1), 2) == (R(1),), ((1,),) == (R(1),), (1.0, True) == (1, 1))
R.__eq__ = lambda self, other: NotImplemented if other == () else False
print((R(1), 1) == (R(1), 1), table.get((R(1), 1)), [R(1)] == [R(1)])
R.__eq__ = tuple.__eq__
print((R(1), 1) == (R(1), 1), table.get((R(1), 1)), [R(1)] == [R(1)])
R.__getitem__ = lambda self, i: "own item"
print(R(1)[0], subscr(R(1), 0), R(1).a)
nan = float("nan")
print((nan,) == (nan,), ("a" * 20,) == ("a" * 20,))


# An attribute that is in a slot, and then is something else.
class A:
    def __init__(self, v):
        self.v = v

    def get(self):
        return self.v

    def call(self):
        return self.v(3)


for v in (1, "text", None):
    print(A(v).get())
a = A(5)
print([a.get() for _ in range(3)])
del a.v
print(attempt(a.get))
A.v = "of the class"
print(a.get(), A(6).get())
a.v = 7
print(a.get())
A.v = property(lambda self: "a property")
print(a.get())
del A.v
print(a.get())
a.__dict__["v"] = 8
print(a.get())
a.__dict__ = {"v": 9}
print(a.get())
a.v = lambda n: n + 1
print(a.call(), a.call())
A.v = staticmethod(lambda n: n + 100)
del a.v
print(a.call())


class B(A):
    def __getattribute__(self, name):
        return "everything"


print(B.get(object.__new__(B)))


# Locals that go with their frame: after it, in order, and in the caller's sight.
class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name, sys._getframe(1).f_code.co_name)


def keeps(n):
    first = Noisy(f"first {n}")
    second = [Noisy(f"second {n}")]
    third = (Noisy(f"third {n}"), n)
    return n


def gives():
    inside = Noisy("inside")
    yield 1
    late = Noisy("late")


def runs():
    for i in range(2):
        print("returned", keeps(i))
    for x in gives():
        print("yielded", x)
    print("sum", sum(keeps(i) for i in range(2)))


runs()


def many():
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r = [Noisy(str(i)) for i in range(18)]
    return a.name


print(many())


# Displays of dicts, while they change.
def changes(d, delete, add):
    seen = []
    try:
        for k in d:
            seen.append(k)
            if k == delete:
                del d[delete]
                d[add] = 0
    except RuntimeError as e:
        seen.append(str(e))
    return seen


print(changes({"a": 1, "b": 2, "c": 3}, "b", "z"), changes({1: 1}, 1, 2), changes({1: 1, 1: 2, 2: 3}, 2, 4))
print(changes({1: 1, 2: 2, 3: 3, 4: 4, 5: 5}, 5, 6), {"k": 1, "k": 2}, {True: "t", 1: "one"})

# Iterators that are resumed from Rust.
g = three()
print(sum(g), list(g), sum(three()), max(three()), set(three()), dict(enumerate(three())), list(zip(three(), three())))


def fails():
    yield 1
    raise KeyError("inside")


print(attempt(sum, fails()), attempt(list, fails()), attempt(sorted, fails()))


def reenters():
    yield 1
    yield list(me)


me = reenters()
print(attempt(list, me), attempt(next, me))


def deep(n):
    return sum(deep(n - 1) for _ in range(1)) if n else 0


print(attempt(deep, 5), attempt(deep, 100000))
