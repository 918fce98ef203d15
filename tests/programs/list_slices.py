"""Slices of lists and tuples read, assigned and deleted; buffers that change hands; order of freeing."""


class D:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        print('del', self.n)


def ds(n):
    return [D(i) for i in range(n)]


x = ds(3)
del x
t = tuple(ds(3))
del t
x = ds(4)
x[1:3] = []
print('--')
x.clear()
print('--')
x = ds(4)
x[:] = [1, 2, 3, 4]
print('--')
x = ds(4)
x[:] = tuple('abcd')
print('--')
x = ds(4)
del x[::2]
print('--')
x = ds(4)
x[::2] = [1, 2]
print('--')
del x

a = list(range(10))
for bounds in [(None, None, None), (2, 5, None), (-3, None, None), (8, 2, None), (None, None, -1), (7, 2, -2),
               (-1, -20, -3), (100, None, None), (-100, 3, 2), (None, 0, -1), (5, 5, 1), (3, None, 10**20),
               (-10**30, 10**30, 3), (None, None, -10**20), (True, False, None), (True, 7, True)]:
    s = slice(*bounds)
    print(bounds, a[s], tuple(a)[s], 'abcdefghij'[s], len(range(10)[s]))
    b = a[:]
    del b[s]
    print(b)
for k in range(10):
    b = a[:]
    b[:k + 1] = b[k::-1]
    print(b)
b = a[:]
b[2:4] = b
print(b)
b = a[:]
keep = b[5:8]
b[0:3] = keep
keep.append(1)
print(b, keep)
b[1:1] = (x for x in 'xy')
print(b)
b[5:2] = [0]
print(b)
for bad in (lambda: a[::0], lambda: a['x':], lambda: a[1.5:], lambda: b.__setitem__(slice(0, 9, 2), [1]),
            lambda: b.__setitem__(slice(0, 2), 5)):
    try:
        bad()
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)


class I:
    def __init__(self, n, do=None):
        self.n, self.do = n, do

    def __index__(self):
        if self.do:
            self.do()
        return self.n


c = list(range(6))
print(c[I(1):I(4)], c[I(1, c.clear):I(4)], c)
c = list(range(6))
c[I(0, lambda: c.append(9)):I(2)] = ['a', 'b']
print(c)


class L(list):
    def __setitem__(self, i, v):
        print('set', i, v)


e = L([1, 2, 3])
e[0:2] = [7, 8]
print(e)

# Growing and shrinking through every size of buffer.
f = []
for i in range(200):
    f.append(i)
    f.insert(i // 2, -i)
print(sum(f), len(f), f[:5], f[-5:])
while f:
    f.pop(len(f) // 2)
    f.pop(0)
print(f)
for n in list(range(70)):
    g = [0] * n
    g += [1] * n
    h = g + g[:n]
    assert h.count(0) == 2 * n and h.count(1) == n and len(h) == 3 * n
for i in (-100, -1, 0, 1, 100):
    h = [1, 2, 3]
    h.insert(i, 0)
    print(h, end=' ')
print()
for i in (3, -4):
    try:
        [1, 2, 3].pop(i)
    except IndexError as e:
        print(e)
s = set()
for i in range(300):
    s.add(i % 77)
    s.add(str(i))
d = {}
for i in range(300):
    d[i % 50] = i
    if i % 3 == 0:
        del d[i % 50]
print(len(s), len(d), list(d)[:8])
