"""Attribute hooks that come and go with class attributes and bases; bound builtins; constructors with keywords."""
import array
import itertools
import sys


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


class A:
    pass


class B(A):
    pass


class C(B):
    pass


c = C()
c.x = 1
A.__getattr__ = lambda self, name: "A " + name
print(c.x, c.y)
B.__getattribute__ = lambda self, name: "B " + name
print(c.x, c.y)
del B.__getattribute__
print(c.x, c.y)
del A.__getattr__
attempt(lambda: c.y)


class Other:
    def __getattr__(self, name):
        return "other " + name


class D(A):
    pass


class E(D):
    pass


e = E()
D.__bases__ = (Other,)
print(e.z)
D.__bases__ = (A,)
attempt(lambda: e.z)

l = []
print(l.append == l.append, l.append == [].append, l.append == l.pop, l.__add__ == l.__add__, {l.append: 1}[l.append])
attempt(lambda: (1).__pow__())
attempt(lambda: (1).__add__())
attempt(lambda: l.append())


class Tagged:
    def __init__(self, *args, tag=None):
        self.tag = tag


for base, args in [(float, (2.5,)), (tuple, ([1, 2],)), (frozenset, ([1],)), (itertools.chain, ([1], [2])), (array.array, ("b", [1]))]:
    class Sub(Tagged, base):
        pass

    class Bare(base):
        pass

    v = Sub(*args, tag="t")
    print(list(v) if base is not float else float(v), v.tag)
    attempt(lambda: Bare(*args, tag=1))
attempt(int.__new__, bool, 0)
print(True.__and__(True), True.__or__(1), True.__xor__(True), type(sys.version_info), sys.version_info[:2], sys.flags.optimize)
print(range(-2**70, 2**70)[2**69::2**68], slice(None, None, -2**65).indices(2**66), list(range(2**65, 2**65 + 3)))


class Deco:
    @classmethod
    def f(cls) -> int: ...
    @staticmethod
    def g(x: str): ...


print(Deco.__dict__["f"].__annotations__, Deco.__dict__["g"].__annotations__)
attempt(lambda: 1 << 2**62)
attempt(lambda: 1 << 2**64)
attempt(type, "a\udc00", (), {})
ring = ValueError()
ring.__context__ = ring
try:
    try:
        raise ring
    except ValueError:
        raise KeyError
except KeyError as k:
    print(k.__context__ is ring, ring.__context__ is ring)
