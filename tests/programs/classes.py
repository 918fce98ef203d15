class A:
    x = 1
    def __init__(self, a, b=2):
        self.a = a
        self.b = b
    def m(self):
        return self.a + self.b
    @property
    def p(self):
        "doc"
        return self.a * 10
    @p.setter
    def p(self, v):
        self.a = v
    @classmethod
    def c(cls, z):
        return cls, z
    @staticmethod
    def s(z):
        return z
    def __repr__(self):
        return f"A({self.a})"
a = A(1)
print(a, a.m(), a.p, A.c(3), a.c(4), A.s(5), a.s(6), A.x, a.x)
a.p = 7
print(a.a, a.__dict__)
class B(A):
    def __init__(self, *args):
        super().__init__(*args)
        self.extra = "e"
    def m(self):
        return super().m() + 100
b = B(5, 6)
print(b, b.m(), b.extra, isinstance(b, A), issubclass(B, A), B.__mro__, B.__name__, B.__qualname__, B.__module__)
class V:
    def __init__(self, v): self.v = v
    def __add__(self, o): return V(self.v + (o.v if isinstance(o, V) else o))
    __radd__ = __add__
    def __eq__(self, o): return isinstance(o, V) and o.v == self.v
    def __hash__(self): return hash(self.v)
    def __len__(self): return self.v
    def __getitem__(self, i):
        if i > 3: raise IndexError
        return i * self.v
    def __call__(self, *a, **k): return a, k
    def __contains__(self, x): return x == 42
    def __lt__(self, o): return self.v < o.v
    def __bool__(self): return self.v != 0
    def __getattr__(self, n): return "dyn " + n
    def __iter__(self): return iter([1,2,3])
    def __neg__(self): return V(-self.v)
    def __str__(self): return "V!"
    def __format__(self, s): return "fmt" + s
v = V(3)
print((v + 4).v, (4 + v).v, v == V(3), v != V(4), {v: 1}[V(3)], len(v), v[2], v(1, k=2), 42 in v, 1 in v, sorted([V(3), V(1)])[0].v, bool(V(0)), v.foo, list(v), (-v).v, str(v), f"{v:x}")
class Meta(type):
    def __new__(m, name, bases, ns, **kw):
        ns['added'] = kw
        return super().__new__(m, name, bases, ns)
    def __init__(cls, *a, **k): super().__init__(*a)
    def __call__(cls, *a):
        print("calling", cls, a)
        return super().__call__(*a)
class M(metaclass=Meta, kk=1):
    def __init__(self, q): self.q = q
print(M.added, M(9).q, type(M))
class L(list):
    def __init__(self, *a):
        super().__init__(a)
        self.tag = 't'
l = L(1,2,3)
l.append(4)
print(l, len(l), l.tag, l == [1,2,3,4], l[1:], type(l[1:]), l + [1])
class D(dict):
    def __missing__(self, k): return k * 2
print(D(a=1)['zz'] if 0 else D(a=1))
class I(int):
    def __add__(self, o): return I(int(self) + o + 1000)
print(I(5) + 1, I(5) * 2, I(7) == 7, hash(I(7)) == hash(7), [10,20,30][I(1)])
class S:
    __slots__ = ('a', 'b')
s = S(); s.a = 1
print(s.a, hasattr(s, 'b'))
try: s.zz = 1
except AttributeError as e: print(e)
class X(Exception):
    def __init__(self, code, msg):
        super().__init__(msg); self.code = code
try: raise X(3, "boom")
except X as e: print(repr(e), e.code, e.args, str(e))
class Desc:
    def __set_name__(self, o, n): self.n = n
    def __get__(self, o, t=None): return (self.n, o is None)
    def __set__(self, o, v): print("set", v)
class H:
    d = Desc()
h = H(); print(h.d, H.d); h.d = 4
class Base:
    subs = []
    def __init_subclass__(cls, /, flag=None, **kw):
        super().__init_subclass__(**kw); Base.subs.append((cls.__name__, flag))
class Sub(Base, flag=7): pass
print(Base.subs)
class P(A, V): pass
print([c.__name__ for c in P.__mro__])
try:
    class Q(A, object, B): pass
except TypeError as e: print(e)
def f():
    class G:
        y = 3
        def __del__(self): print("del", self.y)
    G(); g = G(); g.y = 8; del g
f()
class C2:
    def __class_getitem__(cls, k): return (cls.__name__, k)
print(C2[int])
print(A.__dict__['x'], 'm' in A.__dict__, A.m.__qualname__)
