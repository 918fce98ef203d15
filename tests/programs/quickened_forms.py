# Sites that have taken a specialised form meet what the form does not fit.
import gc


def many(site, *objects):
    out = []
    for _ in range(3):
        for o in objects:
            try:
                out.append(site(o))
            except Exception as e:
                out.append(f"{type(e).__name__}: {e}")
    return out


# ---- attributes: more kinds of objects at one site than a cache knows
classes = []
for k in range(7):
    class C:
        def __init__(self, n, k=k):
            for i in range(k):
                setattr(self, f"pad{i}", i)
            self.x = (k, n)
        shared = f"class {k}"
        def m(self, k=k):
            return k, self.x
        @property
        def p(self):
            return self.x[0] + 100
        @staticmethod
        def s(*a):
            return len(a)
        @classmethod
        def c(cls, *a):
            return cls.__name__, len(a)
    classes.append(C)
objects = [c(i) for i, c in enumerate(classes)]
print(many(lambda o: o.x, *objects))
print(many(lambda o: o.m(), *objects))
print(many(lambda o: o.p, *objects))
print(many(lambda o: o.s(1), *objects, *classes))
print(many(lambda o: o.c(1, 2), *objects, *classes))
print(many(lambda o: o.shared, *objects, *classes))


# ---- what a class has changes under a cached site
def get(o):
    return o.attr


def call(o):
    return o.meth()


class D:
    attr = "class"
    def meth(self):
        return "method"


d = D()
steps = [many(get, d, d), many(call, d, d)]
d.attr = "instance"
d.meth = lambda: "own"
steps += [many(get, d), many(call, d)]
D.attr = property(lambda self: "property")
steps += [many(get, d)]
D.attr.__init__(lambda self: "another getter")
steps += [many(get, d)]
del D.attr, d.meth
steps += [many(get, d), many(call, d)]
D.meth = staticmethod(lambda: "static")
steps += [many(call, d)]
D.__dict__["meth"].__init__(lambda: "another static")
steps += [many(call, d)]
D.meth = classmethod(lambda cls: cls.__name__)
steps += [many(call, d)]
del d.attr
steps += [many(get, d)]
D.__getattr__ = lambda self, name: f"asked for {name}"
steps += [many(get, d)]
d.__dict__["attr"] = "in the dict"
steps += [many(get, d)]
d.__class__ = type("E", (), {"attr": property(lambda self: "E")})
steps += [many(get, d)]
for s in steps:
    print(s)


# ---- the same of stores
class S:
    __slots__ = ("a",)


class T:
    pass


class U:
    a = property(lambda self: self.b, lambda self, v: setattr(self, "b", -v))


def store(o):
    o.a = 5
    return o.a


print(many(store, T(), S(), T(), U(), 3, T()))


# ---- calls: another callable, other defaults, other parameters
def f(a, b=2, c=3):
    return a, b, c


def callsite(f):
    return f(1)


def kwsite(f):
    return f(1, c=7)


class K:
    def __init__(self, a, b=5, c=6):
        self.r = a, b, c
    def __repr__(self):
        return f"K{self.r}"
    def bound(self, a, c=0):
        return a, c, self.r


callables = [f, K, len, abs, K(9).bound, lambda a: a, lambda *a, **k: (a, k), str, type, print, lambda: 0]
print(many(callsite, *callables))
print(many(kwsite, *callables, lambda a, /, c: (a, c), lambda c, /, **k: (c, k), lambda a, *, c, d=4: (a, c, d)))
f.__defaults__ = ("x",)
print(many(callsite, f))
f.__defaults__ = ("y", "z")
print(many(callsite, f), many(kwsite, f))
f.__defaults__ = None
f.__code__ = (lambda a, b=0: a).__code__
print(many(callsite, f))


# ---- unpacking, subscripts
def two(v):
    a, b = v
    return a, b


print(many(two, (1, 2), [3, 4], "ab", (1,), [1, 2, 3], {5: 0, 6: 0}, iter([7, 8]), 9))


def item(pair):
    c, i = pair
    return c[i]


class Missing(dict):
    def __missing__(self, key):
        return "missing", key


containers = [([1, 2], -1), ((3, 4), 1), ({"k": 5}, "k"), ({1: 6}, True), ({1: 7}, 1.0), ([8], slice(None)),
              ((9, 10), slice(0, 1)), ("text", -2), ([1], 1), ((1,), 5), ({}, "none"), (Missing(), 0), ({}, [])]
print(many(item, *containers))


class Index:
    def __init__(self, victim):
        self.victim = victim
    def __index__(self):
        self.victim.clear()
        return 1


victim = [1, 2, 3]
print(victim[Index(victim):], victim)
victim = [1, 2, 3]
print(victim[:Index(victim)], victim)


# ---- keys that are equal but of other types
class Text(str):
    def __hash__(self):
        return hash("key")
    def __eq__(self, other):
        return True


table = {1: "int", "key": "str", (1, 2): "tuple"}
print(table[1.0], table[True], table[(1.0, 2)], table[Text("?")], table.get(b"key"))
unhashable = (1, [])
print(many(lambda t: hash(t) == hash((1, 2)), (1, 2), unhashable, (1.0, 2)))


# ---- generators: left, resumed, dropped in loops that know them
log = []


def gen(n, careful):
    if careful:
        try:
            for i in range(n):
                yield i
        finally:
            log.append("closed")
    else:
        for i in range(n):
            yield i


def first(it):
    for v in it:
        return v
    return "empty"


def delegate(it):
    r = yield from it
    yield "then", r


print(many(first, gen(3, False), gen(3, True), [5], (), gen(0, True), iter("s"), {4: 0}, delegate(gen(0, False))))
print(log)
print(list(delegate(gen(2, True))), list(delegate([1, 2])), list(delegate("ab")))
print([any(x > 1 for x in gen(5, c)) for c in (False, True)], log)


def nested(n):
    if n:
        yield n
        yield from nested(n - 1)
        yield -n


print(list(nested(4)))
g = gen(3, False)
next(g)
try:
    g.send("x"), g.throw(KeyError("in"))
except KeyError as e:
    print("thrown", e)
print(first(g))
gc.collect()
