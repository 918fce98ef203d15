"""Module array: items, slices, errors, buffers, pickles."""
import array
import copy
import pickle
from collections.abc import MutableSequence

A = array.array


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


for code in "bBhHiIlLqQfdw":
    for v in (-1, 255, 2**31, 2**64, 1.5, "a"):
        attempt(A, code, [v])
attempt(A)
attempt(A, "x")
attempt(A, "i", b"abc")
attempt(A, "i", "abc")
a = A("i", range(6))
a.extend([7, 8])
a.insert(1, 100)
del a[::3]
a[1:2] = A("i", [50, 60])
print(a, a[-1], a[::2], a.pop(), a.index(50), a.count(60), 60 in a, len(a), a.itemsize, a.typecode)
attempt(lambda: a["x"])
attempt(lambda: a[99])
attempt(a.append, "x")
attempt(a.remove, 77)
attempt(a.extend, A("b"))
a.byteswap()
a.reverse()
print(a, a.tobytes(), a * 2, a + a, a == a[:], a < A("d", [0.5]))
for protocol in range(5):
    b = pickle.loads(pickle.dumps(a, protocol))
    print(b == a, type(b), pickle.loads(pickle.dumps(A("w", "é\U0001f600"), protocol)))
it = iter(a)
next(it)
print(list(pickle.loads(pickle.dumps(it))), copy.copy(a) == a, copy.deepcopy(a) is a)
m = memoryview(A("d", [1.5, 2.5]))
print(m.format, m.itemsize, m.tolist(), m[1])
with memoryview(a) as m:
    m[0] = 9
    attempt(a.append, 1)
a.append(1)
print(a, bytes(A("H", [1, 2])), isinstance(a, MutableSequence), A("w", "ab").tounicode())


class Named(A):
    def __init__(self, code, items, name=""):
        self.name = name


n = Named("b", [1, 2], name="x")
print(n, n.name, type(n[:]))
