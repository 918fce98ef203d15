# Sorting: runs, stability, keys, failures and changes half-way.
seed = 7
def rnd(n):
    global seed
    seed = (seed * 1103515245 + 12345) % 2**31
    return (seed >> 8) % n

for n in (0, 1, 2, 3, 5, 31, 64, 100, 333):
    for kind in range(5):
        a = [rnd(n // 2 + 1) for _ in range(n)]
        if kind == 1: a = sorted(a)
        if kind == 2: a = sorted(a)[::-1]
        if kind == 3: a = sorted(a) + a
        pairs = [(v, i) for i, v in enumerate(a)]
        for reverse in (False, True):
            plain = sorted(pairs, key=lambda p: p[0], reverse=reverse)
            objects = sorted(pairs, key=lambda p: [p[0]], reverse=reverse)
            assert plain == objects
            for x, y in zip(plain, plain[1:]):
                assert (x[0] > y[0] if reverse else x[0] < y[0]) or x[0] == y[0] and x[1] < y[1]
print(sorted([3, 1.5, True, -2]), sorted("hello"), sorted([2**70, 1, -2**70]), sorted([[2], [1, 5], [1]]))
print(sorted(["b", "a", "\ud800", "\U0001f600", "\uffff"]) == ["a", "b", "\ud800", "\uffff", "\U0001f600"])
l = [3, 1, 2]
def spoil(x):
    l.append(9)
    return x
try: l.sort(key=spoil)
except ValueError as e: print(e, l)
l = [3, 1, "a", 2]
try: l.sort()
except TypeError as e: print(e, len(l))
try: [1].sort(1)
except TypeError as e: print(e)
try: [1].sort(foo=1)
except TypeError as e: print(e)
