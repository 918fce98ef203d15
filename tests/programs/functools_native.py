# _functools, _operator, _collections: what the Python modules of the same names are made of.
import _functools as f
import _operator as op
import _collections as c


def show(text):
    try:
        print(text, "->", eval(text))
    except Exception as e:
        print(text, "->", type(e).__name__, e)


def args(*a, **k):
    return a, k


P = f.Placeholder
p = f.partial(args, 1, x=2)
q = f.partial(p, 3, y=4)
h = f.partial(args, P, 2, P, 4)
for text in """p(5, x=6)
q()
q.args, q.keywords, q.func is args
h(1, 3, 5)
h(1)
f.partial(h, 9)(8)
f.partial(args, P)
f.partial(args, x=P)
f.partial()
f.partial(3)
f.partial(int, '11')(base=2)
repr(f.partial(int, 5, x=P and 1))
P
f.reduce(op.add, [1, 2, 3])
f.reduce(op.add, [], 5)
f.reduce(op.add, [1], initial=5)
f.reduce(op.add, [])
f.reduce(op.add, 3)
sorted([3, 1, 2], key=f.cmp_to_key(lambda a, b: b - a))
f.cmp_to_key(lambda a, b: 0)(1) == 2
hash(f.cmp_to_key(lambda a, b: 0)(1))
op.itemgetter(1)([1, 2]), op.itemgetter(0, -1)('abc')
op.itemgetter()
op.itemgetter(5)([1])
op.attrgetter('real')(5), op.attrgetter('real.imag', 'imag')(5)
op.attrgetter(1)
op.methodcaller('split', ',', maxsplit=1)('a,b,c')
op.itemgetter(1, 'a'), op.attrgetter('a.b'), op.methodcaller('m', 1, x=2)
op.length_hint([1, 2]), op.length_hint(1, 7)
op.countOf([1, 2, 1], 1), op.indexOf('abc', 'c')
op.indexOf('abc', 'd')
op.concat([1], [2]), op.concat('a', 'b')
op.concat(1, 2)
op.index(True), op.is_none(None), op.is_not_none(None)
op.index(1.5)
op.call(args, 1, k=2)
op._compare_digest('abc', 'abc'), op._compare_digest('abc', 'abd')""".splitlines():
    show(text)


class M:
    meth = f.partial(args, "bound")


print(M().meth(1)[0][0], M().meth(1)[0][2])

Info = lambda *a: a


def count(x, y=0):
    calls.append(x)
    return x * 2


calls = []
lru = f._lru_cache_wrapper(count, 2, False, Info)
print([lru(x) for x in (1, 2, 1, 3, 2, 1)], calls, lru.cache_info())
lru.cache_clear()
print(lru.cache_info(), lru(1, y=2), lru(y=2, x=1), lru.cache_info())
typed = f._lru_cache_wrapper(count, None, True, Info)
print(typed(1), typed(1.0), typed(True), typed(1), typed.cache_info())
none = f._lru_cache_wrapper(count, 0, False, Info)
print(none(1), none(1), none.cache_info())
try:
    lru([])
except TypeError as e:
    print(e)
show("f._lru_cache_wrapper(1, 2, False, Info)")
show("f._lru_cache_wrapper(count, 'x', False, Info)")

d = c.deque([1, 2, 3])
dm = c.deque([1, 2, 3], 3)
for text in """dm.append(4), dm, dm.maxlen
dm.appendleft(0), dm
d.extend([4, 5]), d.extendleft([0, -1]), d
d.rotate(2), d, d.rotate(-3), d
d.pop(), d.popleft(), d
d.index(3), d.count(1), 4 in d, len(d), d[0], d[-1]
d.insert(2, 'x'), d.remove('x'), d
d.remove(99)
d.index(99)
d[50]
d['a']
c.deque().pop()
c.deque().popleft()
dm.insert(0, 1)
c.deque(1)
c.deque([], -1)
c.deque([], 'a')
c.deque([1], maxlen=None) == c.deque([1])
d + [1]
c.deque([1]) + c.deque([2]), c.deque([1, 2]) * 2, 2 * c.deque('a')
c.deque([1, 2]) < c.deque([1, 3]), c.deque([1]) == [1]
hash(d)
c.deque([1, 2], 5), c.deque(maxlen=2)
list(iter(c.deque([1, 2]))), c.deque([1, 2]).copy()
c._tuplegetter(1, 'doc'), c._tuplegetter(1, 'd').__get__((7, 8)), c._tuplegetter(5, 'd').__get__((7, 8))
c.defaultdict(1)
c.defaultdict(int, {1: 2}, a=3), c.defaultdict(None, [(1, 2)])
c.defaultdict(None)[3]
c.defaultdict(list)['x']
c.defaultdict(int, a=1) | {'b': 2}, {'b': 2} | c.defaultdict(int, a=1)
c.defaultdict(int, a=1).copy(), c.defaultdict(int).default_factory""".splitlines():
    show(text)
for it in (iter(d),):
    next(it)
    d.append(1)
    try:
        next(it)
    except RuntimeError as e:
        print(e)
loop = c.deque()
loop.append(loop)
print(loop)
counts = {}
c._count_elements(counts, "abracadabra")
print(counts)


class D(c.defaultdict):
    def __missing__(self, key):
        return key * 2


dd = c.defaultdict(list)
dd["a"].append(1)
print(dd, isinstance(dd, dict), D(int)["x"], dd.get("zz"))
