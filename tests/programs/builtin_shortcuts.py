# Shorter ways through the builtin types: each has conditions, and what fails them behaves as ever.
import array
import itertools
from collections import deque


# Exceptions: classes with a __new__ or __init__ of their own, or of a builtin class that has one.
class Plain(Exception):
    pass


class WithInit(Exception):
    def __init__(self, a, b=2):
        super().__init__(a)
        self.b = b


class WithNew(Exception):
    def __new__(cls, *args):
        e = super().__new__(cls, "new", *args)
        e.seen = args
        return e


class Mixed(KeyError, AttributeError):
    pass


for make in (
    lambda: Plain("x", 1),
    lambda: WithInit(1),
    lambda: WithNew(5),
    lambda: Mixed("k", name="n"),
    lambda: OSError(2, "gone", "file"),
    lambda: StopIteration(7),
    lambda: Plain(k=1),
    lambda: ValueError(k=1),
    lambda: ExceptionGroup("g", [ValueError(1)]),
    lambda: ImportError("m", name="n"),
):
    try:
        raise make()
    except Exception as e:
        print(type(e).__name__, e.args, getattr(e, "b", None), getattr(e, "seen", None), getattr(e, "name", None))
try:
    raise WithInit
except TypeError as e:
    print(e)


class Odd(Exception):
    def __new__(cls):
        return 5


try:
    raise Odd
except TypeError as e:
    print(e)
for bad in (int, 5, (ValueError, 5)):
    try:
        try:
            raise ValueError
        except bad:
            pass
    except TypeError as e:
        print(e)


# Iteration while the container changes.
d = {1: 1, 2: 2}
try:
    for k in d:
        d[k + 10] = 1
except RuntimeError as e:
    print(e)
d = {1: 1, 2: 2, 3: 3}
try:
    for k in d:
        del d[k]
        d[k + 10] = 1
except RuntimeError as e:
    print(e)
s = {1, 2}
try:
    for k in s:
        s.add(k + 10)
except RuntimeError as e:
    print(e)
it = iter({1: 2}.items())
kept = [x for x in it]
print(kept, list(it), list(reversed({1: 2, 3: 4}.items())))
x = [1, 2, 3]
for v in reversed(x):
    print(v, end=" ")
    x.pop()
print(x)


class Backwards(list):
    def __getitem__(self, i):
        return ("item", i)

    def __len__(self):
        return 2


print(list(reversed(Backwards([7, 8, 9]))), list(Backwards([7, 8])))
print([c for c in "aé\u20ac\U0001f600z"], [c for c in "\ud800a"])
print(list(range(2**62, 2**62 + 30, 10)), list(range(-(2**47) - 1, -(2**47) + 2)), list(range(5, 0, -2)))
r = iter(range(5))
next(r)
print(list(r), list(r))


# Native iterators: derived classes have a __next__ of their own.
class Chained(itertools.chain):
    def __next__(self):
        return ("own", super().__next__())


print(list(Chained([1], [2])), list(itertools.chain([1], (2,), "ab")))
print(list(itertools.islice(itertools.chain.from_iterable([[1, 2], [3]]), 1, 3)))


def broken():
    yield 1
    raise KeyError("inside")


try:
    print(list(itertools.chain(broken(), [2])))
except KeyError as e:
    print("KeyError", e)
c = itertools.chain([1])
print(iter(c) is c, next(c), next(c, "end"))
try:
    next(c)
except StopIteration as e:
    print("stop", e.args)
print(list(zip(itertools.count(3), itertools.pairwise("abcd"))), list(itertools.accumulate([1, 2, 3])))
print(list(itertools.zip_longest("ab", [1], fillvalue=0)))


# Items of arrays and deques, and of classes derived from them.
class Array(array.array):
    def __getitem__(self, i):
        return "own"

    def __setitem__(self, i, v):
        print("set", i, v)


a = array.array("d", [1.0, 2.0])
b = Array("d", [1.0, 2.0])
b[0] = 5
a[0] = 5
a[-1] += 1
print(a[0], a[-1], b[0], list(b))
for i, v in ((2, 1.0), ("x", 1.0), (0, "x")):
    try:
        a[i] = v
    except Exception as e:
        print(type(e).__name__, e)
q = deque([1, 2, 3])
q[1] = 7
print(q[-1], q[1], q)
try:
    q[9]
except IndexError as e:
    print(e)


# Numbers from text and back.
for t in ("12", "-7", "+3", " 5 ", "1_000", "\u0664\u0662", "999999999999999999", "9999999999999999999", "0" * 20 + "1"):
    print(repr(t), int(t))
for t in ("", "-", "+", "1 2", "0x1", "--1", "1.5"):
    try:
        print(int(t))
    except ValueError as e:
        print(e)
for f in (5.5, -5.5, 1e18, -1e19, 4.6e18, 1e300, float("inf"), float("nan")):
    try:
        print(int(f), round(f))
    except (ValueError, OverflowError) as e:
        print(type(e).__name__, e)
print(round(2.5), round(3.5), round(-0.5), round(1234.567, 1), divmod(-7, 2), divmod(7, -2), divmod(True, 2))


class Int(int):
    def __int__(self):
        return 42

    def __str__(self):
        return "text"


class Text(str):
    def __int__(self):
        return 43

    def __str__(self):
        return "other"


print(int(Int(1)), int(Text("12")), str(Int(1)), str(Text("x")), float("1_0.5"), float(" 2 "), float("\u0663"))
print("ABC".lower(), "a".upper(), "".lower(), "ÀB".lower(), "x" * 40 == ("X" * 40).lower())
print("-".join(["a", "b"]), "".join(["", ""]) == "", "".join(["", "a"]), "ab".join(("x" * 20, "y", "é")), "\ud83d".join(["", "\ude00"]) == "\U0001f600")
try:
    ",".join(["a", 1])
except TypeError as e:
    print(e)
print("abc"[-1], "abc"[-3], "aé"[1], "aé"[-2])
for s, i in (("abc", 3), ("abc", -4), ("", 0), ("é", 1)):
    try:
        s[i]
    except IndexError as e:
        print(e)


# Smallest and largest: the first of equals, by key or not, and what a comparison answers.
class Key:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        print("lt", self.n, other.n)
        return self.n < other.n

    def __gt__(self, other):
        print("gt", self.n, other.n)
        return self.n > other.n


print(min(Key(3), Key(1), Key(1)).n, max([Key(3), Key(1), Key(5)]).n)
print(min(1, True), max(1, 1.0), min(3, 2, 1, key=lambda v: -v), max([], default=4), min("b", "a"))
for args, kw in (((1, 2), {"default": 3}), (([],), {}), ((1, "a"), {})):
    try:
        print(max(*args, **kw))
    except (TypeError, ValueError) as e:
        print(e)
print(sum([2**46, 2**46, 2**46, 2**47]), sum([1, 2.5, 3]), sum([True, 2]), sum([[1], [2]], []))
try:
    sum([b"a"], bytearray())
except TypeError as e:
    print(e)


# Equality: identity first, derived classes, changes on the way.
nan = float("nan")
print([nan] == [nan], (nan,) == (nan,), [1, 2] == [1, 3], (1, 2) < (1, 3), (1,) != (1, 2), [1] < [1, 0])


class Clears:
    def __eq__(self, other):
        left.clear()
        return True


left = [Clears(), 1]
right = [0, 1]
print(left == right)
left = [Clears(), 1]
print(1 in left, left)


class Equal(tuple):
    def __eq__(self, other):
        return "never"


print(Equal((1,)) == (1,), (1,) == Equal((1,)))


class Meta(type):
    def __hash__(cls):
        print("hash of", cls.__name__)
        return 1

    def __eq__(cls, other):
        return True


class Hashed(metaclass=Meta):
    pass


print(int in {int, str}, Hashed in {1: 2}, bool in {int})
print({1: "a", True: "b"}, {"a": 1, **{"b": 2}}, len({1, True, 1.0}))
try:
    {[]: 1}
except TypeError as e:
    print(e)
try:
    {1, []}
except TypeError as e:
    print(e)


class Tuples(list):
    def __iter__(self):
        return iter("own")


print(tuple(Tuples([1])), tuple([1, 2]), tuple([]), list(Tuples([1])), "".join(Tuples([1])))
