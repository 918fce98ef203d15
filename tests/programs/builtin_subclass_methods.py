"""Objects of classes derived from builtin ones: inherited special methods, overridden ones, changed ones."""
from collections import namedtuple, defaultdict, OrderedDict, Counter

P = namedtuple('P', 'a b')
nan = float('nan')


class Eq:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        print('eq', self.n, getattr(other, 'n', other))
        return self.n == getattr(other, 'n', other)

    def __hash__(self):
        return 7

    def __lt__(self, other):
        print('lt', self.n, other.n)
        return self.n < other.n


# Lengths of tuples are looked at last, those of lists first.
print((Eq(1),) == (Eq(1), 3), (Eq(1),) != (Eq(1), 3), [Eq(1)] == [Eq(1), 3])
print(P(1, nan) == P(1, nan), (nan,) == (nan,), P(1, nan) == P(nan, 1))
print(P(1, 2) == (1, 2), (1, 2) == P(1, 2), P(1, 2) < P(1, 3), P(2, 1) <= P(1, 3), P(1, 2) != P(1, 2))
print(P(1, 2.0) == P(1.0, 2), P(True, None) == P(1, None), P(10**30, 'x') == P(10**30, 'x'))
print(hash(P(1, 2)) == hash((1, 2)), {P(1, 2): 'p'}[1, 2], {(1, 2): 't'}[P(1, 2)])


class T(tuple):
    pass


class OwnEq(tuple):
    def __eq__(self, other):
        print('OwnEq')
        return True

    __hash__ = tuple.__hash__


class Odd(tuple):
    # Builtin methods in other places.
    __eq__ = tuple.__lt__
    __hash__ = tuple.__len__


# A derived class on the right is asked first, even where it inherits the method.
print((Eq(1),) == T((Eq(2),)), T((Eq(1),)) == (Eq(2),), T((Eq(1),)) == T((Eq(2),)))
print((Eq(1),) < T((Eq(2),)), T((Eq(1),)) < (Eq(2),))
print(OwnEq((1,)) == OwnEq((2,)), (1,) == OwnEq((2,)), OwnEq((1,)) == (2,), {OwnEq((1,)): 1}.get(OwnEq((1,))))
print(Odd((1, 2)) == Odd((1, 3)), Odd((1, 3)) == Odd((1, 2)), hash(Odd((5, 6, 7))))
T.__eq__ = lambda self, other: 'changed'
print(T((1,)) == T((1,)))
del T.__eq__
print(T((1,)) == T((1,)), T((1,)) == T((2,)))
T.__hash__ = lambda self: 99
print(hash(T((1,))))
try:
    OwnEq.__hash__ = None
    hash(OwnEq((1,)))
except TypeError as e:
    print(e)


class Missing(dict):
    def __missing__(self, key):
        return 'missing', key


class Get(dict):
    def __getitem__(self, key):
        return 'got', key

    def __contains__(self, key):
        return key == 'always'

    def __len__(self):
        return 42


class Set(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)


d, m, g, s = defaultdict(list), Missing(a=1), Get(a=1), Set()
d['x'].append(1)
d['x'].append(2)
s['a'] = 3
print(dict(d), m['a'], m['b'], g['a'], 'always' in g, 'a' in g, len(g), s, len(d), 'x' in d, 'y' in d)
try:
    s['none']
except KeyError as e:
    print('KeyError', e)
o = OrderedDict(a=1, b=2)
o['a'] = 5
c = Counter('hello')
c['h'] += 3
print(o, c['z'], c['h'], len(c), list(o))
Missing.__getitem__ = lambda self, key: 'replaced'
print(m['a'])
del Missing.__getitem__
print(m['a'], m['zz'])
try:
    d[[]]
except TypeError as e:
    print(e)


class L(list):
    def __getitem__(self, i):
        return 'item', i


class L2(list):
    pass


print(L([1, 2])[0], L2([1, 2])[1], L2([1, 2, 3])[::-1], type(L2([1])[:]), 2 in L2([1, 2]), len(L2([1, 2])))


# Keys whose comparison changes the dict or the set they are in.
class Meddler:
    target = None

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return 1

    def __eq__(self, other):
        t, Meddler.target = Meddler.target, None
        if t is not None:
            t.clear()
            for i in range(40):
                t.update([i] if isinstance(t, set) else {i: i})
        return isinstance(other, Meddler) and self.n == other.n


table = {Meddler(1): 'a', Meddler(2): 'b'}
Meddler.target = table
print(table.get(Meddler(2)), len(table))
things = {Meddler(1), Meddler(2)}
Meddler.target = things
print(Meddler(2) in things, len(things))
things = {Meddler(1), Meddler(2)}
Meddler.target = things
things.add(Meddler(3))
print(len(things))


class Shrinks:
    def __eq__(self, other):
        del xs[1:]
        return True


xs = [Shrinks(), 2, 3]
ys = [Shrinks(), 2, 3]
print(xs == ys, len(xs))

deep = ()
for _ in range(100000):
    deep = (deep,)
other = ()
for _ in range(100000):
    other = (other,)
try:
    deep == other
except RecursionError:
    print('too deep')
