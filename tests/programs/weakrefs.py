# Weak references: calls, callbacks and their order, equality, hash, proxies.
import _weakref as weakref


class C:
    def __init__(self, n):
        self.n = n

    def __eq__(self, o):
        return isinstance(o, C) and self.n == o.n

    def __hash__(self):
        return hash(self.n)

    def __add__(self, o):
        return self.n + o

    def __len__(self):
        return self.n


c = C(3)
r = weakref.ref(c)
print(r() is c, weakref.ref(c) is r, weakref.getweakrefcount(c), r == weakref.ref(C(3)), hash(r) == hash(3))
a = weakref.ref(c, lambda w: print("first", w() is None))
b = weakref.ref(c, lambda w: print("second", w is b))
p = weakref.proxy(c)
print(p.n, p + 4, len(p), 7 if p else 8, weakref.getweakrefcount(c))
p.n = 5
print(c.n)
del c
print(r(), a(), hash(r))
try:
    p.n
except ReferenceError as e:
    print(e)
try:
    weakref.ref(3)
except TypeError as e:
    print(e)


class R(weakref.ref):
    def __init__(self, o, cb=None, *, tag):
        super().__init__(o, cb)
        self.tag = tag

    def __new__(cls, o, cb=None, *, tag):
        return super().__new__(cls, o, cb)


c = C(1)
x, y = R(c, tag="t"), R(c, tag="u")
print(x.tag, y.tag, x() is c, x == y, x is y)


class Slotted:
    __slots__ = ("a", "__weakref__")


s = Slotted()
w = weakref.ref(s)
print(w() is s)
del s
print(w())


class D:
    def __del__(self):
        print("del", v() is self)


d = D()
v = weakref.ref(d, lambda w: print("callback"))
del d
f = lambda: 1
w = weakref.ref(f)
print(w()(), weakref.ref(C)() is C)
del f
print(w())
