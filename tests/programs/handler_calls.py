"""What instructions do without leaving their handler: calls of a few builtins, slices and sums of lists, new keys,
functions made, generators that end. Each guard meets what it is for."""

import gc
import sys
from collections import OrderedDict, defaultdict, namedtuple


class Loud:
    """Says when it goes, and runs Python of several kinds meanwhile."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Loud({self.name})"

    def __del__(self):
        inner = (x for x in (1, 2, 3))
        next(inner)
        print(f"<{self.name} goes {sum(x for x in [1, 2])} {sorted([2, 1], key=lambda x: -x)}>", end=" ")


def attempt(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


# ---- list.append, as a method and bound
def fill(l, items):
    for x in items:
        l.append(x)
    return l


def fill_bound(l, items):
    append = l.append
    for x in items:
        append(x)
    return l


class Shouting(list):
    def append(self, x):
        list.append(self, x)
        list.append(self, "!")


for f in (fill, fill_bound):
    for n in (0, 1, 4, 5, 8, 9, 33, 70):
        l = f([], range(n))
        print(l == list(range(n)), len(l), end=" ")
    print(f(Shouting(), [1, 2]), f([0], "ab"), f(Shouting([3]), [4]), attempt(f, (1,), [2]))
    print(f(bytearray(b"x"), [65]), attempt(f, bytearray(), ["a"]))


def no_arguments(l):
    return l.append()


print(attempt(no_arguments, []), [].append(Loud("appended")), len(fill([], [Loud("kept")])))


# ---- dict.get
class Key:
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return f"Key({self.n})"

    def __hash__(self):
        return hash(self.n)

    def __eq__(self, other):
        return self.n == getattr(other, "n", other)


class Missing(dict):
    def __missing__(self, k):
        return "missing"


class Getting(dict):
    def get(self, k, d=None):
        return ("get", k, d)


def get(d, k):
    return d.get(k)


def get_or(d, k, default):
    return d.get(k, default)


def get_bound(d, k, default):
    g = d.get
    return [g(k), g(k, default)]


def get_wrong(d, how):
    return d.get() if how == 0 else d.get(1, 2, 3)


a_global = 1
plain = {1: "one", "ab": "AB", int: "int", 2.0: "two", (1, 2): "pair", None: "none", True: "one again"}
for d in (plain, defaultdict(list, x=1), Missing(x=2), Getting(x=3), OrderedDict(x=4), {}, globals(), [1]):
    for k in (1, "a" + "bc"[:1], int, 2, (1, 2), None, "x", [], Key(1), Key(7), True, "a_global", 1 << 70):
        if d is globals() and isinstance(k, str) and k != "a_global":
            continue
        print(attempt(get, d, k), attempt(get_or, d, k, "other"), attempt(get_bound, d, k, 5), end=" ")
    print(attempt(get_wrong, d, 0), attempt(get_wrong, d, 1))
print({1: 2}.get(3, Loud("default")), {1: Loud("value")}.get(1), {"k": 1}.get("k", Loud("unused")))
pair = ["k" * 3]
print({}.get(pair[0], pair.pop()), {1: 5}.get(1 << 0))
del a_global
print(get(globals(), "a_global"))


# ---- len, isinstance, type, id
def size(x):
    return len(x)


def kind(x):
    return type(x)


def is_a(x, c):
    return isinstance(x, c)


def same_id(x):
    return id(x) == id(x)


class Meta(type):
    def __instancecheck__(cls, x):
        return x == "yes"


class Strange(metaclass=Meta):
    pass


for x in (1, True, None, 2.5, ..., NotImplemented, "s", [1], (), {}, {1}, 1 << 70, int, type, Loud, Strange, print):
    print(kind(x).__name__, attempt(size, x), is_a(x, int), is_a(x, (str, list)), is_a(x, Strange), same_id(x), end=" ")
print(is_a("yes", Strange), attempt(is_a, 1, 5))
print(len([Loud("a"), Loud("b")]), type(Loud("c")).__name__, isinstance(Loud("d"), Loud), id(Loud("e")) > 0)
print(len((Loud("f"),)), len({"k": Loud("g")}), type(Loud) is type, attempt(lambda: len()), attempt(lambda: id(1, 2)))


# ---- slices and sums of lists
def part(c, i, j):
    return c[i:j]


class Index:
    def __init__(self, n, l=None):
        self.n, self.l = n, l

    def __index__(self):
        if self.l is not None:
            self.l.clear()
        return self.n


class Parts(list):
    def __getitem__(self, i):
        return ("parts", i)

    def __setitem__(self, i, v):
        print("set", i, v, end=" ")


class Tuples(tuple):
    pass


bounds = [None, 0, 1, 2, 3, 5, -1, -2, -9, 1 << 80, -(1 << 80), True, Index(1)]
for c in ([1, 2, 3], (1, 2, 3), [], (), "abc", b"abc", Tuples((1, 2, 3)), range(3)):
    print([part(c, i, j) for i in bounds for j in bounds])
print(part(Parts([1]), 0, 1), attempt(part, [1], "a", None), attempt(part, 5, 1, 2), attempt(part, {}, 1, 2))
t = (1, 2, 3)
print(part(t, None, None) is t, part(t, 0, 9) is t, part(t, 1, 1) == (), type(part(Tuples(t), None, None)).__name__)
l = [1, 2, 3]
print(part(l, Index(0, l), 2), l)
print([Loud("h"), Loud("i")][1:], (Loud("j"), Loud("k"))[:1], [Loud("l")][5:], [Loud("m")][None:None])
print(len(part(list(range(100)), 1, 99)), part([[]], 0, 1)[0] is part([[]], 0, 1)[0])


def plus(x, y):
    return x + y


class Adding(list):
    def __add__(self, other):
        return "add"

    def __radd__(self, other):
        return "radd"


for _ in range(2):
    for x, y in (([1], [2]), ([], []), ([1], (2,)), ((1,), (2,)), (Adding([1]), [2]), ([1], Adding([2])), (l, l), ("a", "b")):
        print(attempt(plus, x, y), end=" ")
both = plus(l, l)
both.append(1)
print(l, both, plus([Loud("n")], [Loud("o")]), len(plus(list(range(40)), list(range(40)))))


# ---- slices set
def put(c, i, j, v):
    c[i:j] = v
    return c


for i in bounds:
    for j in bounds[:9]:
        print(put([1, 2, 3], i, j, ["x", "y"]), put([1, 2, 3], i, j, ["x"]), put([1, 2, 3], i, j, []), end=" ")
print()
keep = ["x", "y"]


def put_list(c, i, j, x, y):
    c[i:j] = [x, y]
    return c


def put_name(c, i, j):
    c[i:j] = keep
    return c


l = [1, 2, 3]
print(put_list(l, 0, 2, 7, 8), put_list(l, 1, 3, l[0], l[1]), put_list(l, 0, 1, 5, 6), put_name(l, 0, 2), keep)
print(put(l, None, None, l), put(Parts([1, 2]), 0, 2, [3, 4]), put(bytearray(b"ab"), 0, 1, [67]), attempt(put, (1,), 0, 1, []))
l = [Loud("p"), Loud("q"), 3]
print(put_list(l, 0, 2, 1, 2))
put_list([Loud("r"), Loud("s")], 0, 2, Loud("t"), Loud("u"))
print()


# ---- new keys
def store(d, k, v):
    d[k] = v


def uses_absent():
    return abs(-1)


for keys in (range(40), [f"k{i}" for i in range(40)], [1 << i for i in range(0, 80, 2)], [16 * i for i in range(70)]):
    d = {}
    for i, k in enumerate(keys):
        store(d, k, i)
    for k in list(d)[::3]:
        del d[k]
    for i, k in enumerate(keys):
        store(d, k, -i)
    print(len(d), list(d)[:5], list(d)[-3:], [d[k] for k in keys] == [-i for i in range(len(keys))])
d = {}
for i in range(3):
    store(d, Key(i), i)
    store(d, i, "int")
    store(d, Loud, i)
print(list(d.values()), attempt(store, {}, [], 1), attempt(store, (), 0, 1))
things = [object() for _ in range(50)]
d = {}
for x in things:
    store(d, id(x), x)
print(all(d[id(x)] is x for x in things), d.get(id(d)))
print(uses_absent(), uses_absent(), end=" ")
store(globals(), "abs", lambda x: "shadowed")
print(uses_absent(), end=" ")
del abs
print(uses_absent())
d = {"x": Loud("v")}
store(d, "x", 1)
print(d)


# ---- functions made
def maker(n):
    def inner():
        return n

    n += 1
    return inner, lambda: n, [lambda: i for i in range(2)]


f, g, h = maker(1)
print(f(), g(), [x() for x in h], f.__module__, f.__qualname__, f.__doc__, f.__closure__[0].cell_contents)
code = compile("def f():\n    'doc'\n    def g(): return x\n    return g\nr = f()", "made", "exec")
for ns in ({"__name__": "one", "x": 1}, {"x": 2}, {"__name__": "three", "x": 3}, {"__name__": None, "x": 4}):
    exec(code, ns)
    exec(code, ns)
    print(ns["r"]() if "x" in ns else None, ns["r"].__module__, ns["f"].__doc__, ns["f"]().__module__, end=" ")
print()


def rebind():
    x = Loud("first")

    def show():
        return x

    x = Loud("second")
    print("bound", end=" ")
    x = 3
    print("again", end=" ")
    return show()


print(rebind())
late = [lambda: late_value for _ in range(2)]
del __name__
late = [lambda: 1 for _ in range(2)]
print(late[1].__module__)
__name__ = "__main__"


# ---- lists that become tuples
def spread(l):
    return (*l,)


l = [1, 2]
t = spread(l)
l.append(3)
print(t, spread(l), spread([]) == (), tuple(x for x in l), tuple(x for x in ()) == (), spread(Parts([7])), spread("ab"))
print(tuple(Loud(x) for x in "w"))


# ---- generators and functions that end under Rust
def counting(n, name):
    held = Loud(name)
    for i in range(n):
        yield i
    return held.name


print(set(counting(3, "A")), list(counting(2, "B")), sum(counting(4, "C")), dict(zip(counting(2, "D"), "xy")))
print({x for x in [Loud("E")]} and 1, sorted(set(x.name for x in [Loud("F"), Loud("G")])), any(x for x in [0, 0]))
g = counting(1, "H")
next(g)
try:
    next(g)
except StopIteration as e:
    print("value", e.value)


def handles(n):
    for i in range(n):
        try:
            1 / 0
        except ZeroDivisionError:
            if i == 2:
                return "in handler"
            yield i


def delegates():
    r = yield from handles(5)
    yield r


print(list(handles(5)), list(delegates()), [x for x in handles(5)], list(handles(2)))


def keyed(x):
    held = Loud(x)
    return -x


print(sorted([2, 1, 3], key=keyed), list(map(keyed, [4, 5])))
many = "\n".join(f"    v{i} = Loud({i})" for i in range(70))
ns = {"Loud": Loud}
exec(f"def f(k=0):\n{many}\n    return k\ndef g():\n{many}\n    yield 1\n", ns)
print(ns["f"](), list(map(ns["f"], [1])), list(ns["g"]()), [x for x in ns["g"]()])


def in_loop():
    for x in [Loud("I")]:
        x = None
    print("behind", end=" ")
    for x in (Loud("J"), 1):
        pass
    else:
        print("else", end=" ")
    return x


print(in_loop())


# ---- events of generators whose RETURN_VALUE has its form
def upto(n):
    yield from range(n)
    return n


for _ in range(3):
    list(upto(2))
    [x for x in upto(2)]
returns = []
E = sys.monitoring.events
sys.monitoring.use_tool_id(3, "test")
sys.monitoring.register_callback(3, E.PY_RETURN, lambda c, o, v: returns.append((c.co_name, v)))
sys.monitoring.set_local_events(3, upto.__code__, E.PY_RETURN)
list(upto(2))
[x for x in upto(3)]
sys.monitoring.set_local_events(3, upto.__code__, 0)
list(upto(4))
sys.monitoring.free_tool_id(3)
print(returns)

# ---- truth of dicts and sets
print([bool(x) for x in ({}, {1: 2}, set(), {1}, frozenset(), Missing(), OrderedDict(a=1))], not {}, not {1})

# ---- truth of instances, whose class may change its mind
class Plain:
    pass


class Derived(Plain):
    pass


def truth(x):
    return "yes" if x else "no"


p, d = Plain(), Derived()
p.__bool__ = lambda: False
d.__len__ = lambda: 0
for change in (None, "len", "bool", "none", "gone"):
    if change == "len":
        Plain.__len__ = lambda self: 0
    elif change == "bool":
        Plain.__bool__ = lambda self: True
    elif change == "none":
        Derived.__bool__ = None
    elif change == "gone":
        del Derived.__bool__, Plain.__bool__, Plain.__len__
    print([attempt(truth, x) for _ in range(3) for x in (p, d, None)], not p, end=" ")
print()


# ---- dict comprehensions
def comprehend(pairs):
    return {k: v for k, v in pairs}


d = comprehend((i % 7, i) for i in range(20))
print(d, attempt(comprehend, [([], 1)]), comprehend([(Key(1), "a"), (1, "b"), ("s", "c"), (1.0, "d")]))
print({x: Loud(f"{x}{n}") for n in range(2) for x in "ab"})


# ---- globals set
count = 0
watched = 1


def bump(v):
    global count
    count = v
    return count


def reads():
    t = 0
    for _ in range(50):
        t += watched
    return t


def writes(v):
    global watched
    watched = v


print([bump(i) for i in range(5)], reads(), end=" ")
for v in (2, 3, 3, "x"):
    writes(v)
    print(attempt(reads), end=" ")
bump(Loud("old"))
bump(1)
del count
print(bump(7), count, attempt(bump))
exec(compile("def set_it(v):\n    global it\n    it = v\n", "set", "exec"), first := {})
for v in range(3):
    first["set_it"](v)
print(first["it"])

# ---- tuples as keys
nan = float("nan")
Named = namedtuple("Named", "a b")
keys = [
    (1, 2), (1.0, 2), (True, 2), ("a", "b"), ("a", b"b"), (b"a", b"b"), ((1, 2), (3, (4, 5))), ((1, 2), (3, (4, 6))),
    (((((1,),),),),), (), ((),), (Key(1), 2), (nan,), (1, 2, 3), (1 << 70,), (None, ...), Named(1, 2), (0.0,), (-0.0,),
    ("".join("ab"), "c"), (frozenset("a"),),
]
d = {}
for i, k in enumerate(keys):
    d[k] = i
copies = [
    (1, 2), (2 - 1.0, 2), ("a", "b"), ("".join(["a", ""]), "bc"[:1]), (bytes([97]), bytes([98])), ((1, 2), (3, (4, 5))),
    (((((1,),),),),), (Key(1), 2), (1, Key(2)), (nan,), (1 << 70,), Named(1, 2), (-0.0,), ("ab", "c"),
    ((1, 2), (3, (4, 7))), (1, 2, 3, 4), (frozenset("a"),),
]
print([d.get(k) for k in copies], [k in d for k in copies], [k in set(keys) for k in copies], len(d))
print([k == c for k in keys[:9] for c in copies[:7]], (1, [2]) == (1, [2]), (1, 2) != (1, 2.5), (1,) == (1, Key(1)))


class Counting:
    asked = 0

    def __hash__(self):
        return 1

    def __eq__(self, other):
        Counting.asked += 1
        return NotImplemented


a, b = Counting(), Counting()
print((a, 1) == (b, 1), (a, 1) == (b,), (a, 1) == (a, 1), Counting.asked, {(a, 1): "a"}.get((b, 1)))

# ---- the audit event of id (a hook stays)
seen = []
sys.addaudithook(lambda event, args: seen.append(args) if event == "builtins.id" else None)
for _ in range(3):
    same_id(seen)
print(len(seen), all(a == (id(seen),) for a in seen[:6]))
gc.collect()
