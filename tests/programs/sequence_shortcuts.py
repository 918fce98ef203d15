# Shorter ways through sequences, sets and dicts: what they must not change.
import array
import itertools

print(list(itertools.repeat(7, 3)), next(itertools.repeat(1, 0), "end"), list(zip("ab", itertools.repeat(0))))
print(list(itertools.islice(itertools.cycle([1, 2]), 5)), list(itertools.product("ab", [1, 2])), list(itertools.permutations([1, 2, 3], 2)))
print(list(itertools.takewhile(abs, [1, 2, 0, 3])), list(itertools.dropwhile(abs, [1, 0, 3])), list(itertools.starmap(pow, [(2, 3), (3, 2)])))


class Repeat(itertools.repeat):
    def __next__(self):
        return "own"


print(list(itertools.islice(Repeat(1, 2), 3)), next(Repeat(1, 2)))


# Items of arrays: every type code, both ends, and nothing.
for code, items in (("b", [-128, 127]), ("B", [0, 255]), ("h", [-(2**15), 1]), ("H", [0, 2**16 - 1]), ("i", [-(2**31), 5]),
                    ("I", [0, 2**32 - 1]), ("l", [-(2**63), 7]), ("L", [0, 2**64 - 1]), ("q", [2**47, -(2**47) - 1]),
                    ("Q", [2**63, 1]), ("f", [0.5, -1.25]), ("d", [0.1, 1e300]), ("w", ["a", "\U0001f600"])):
    a = array.array(code, items)
    print(code, a[0], a[1], a[-1], a[-2], a[True])
    for i in (2, -3, 2**70, 1.5):
        try:
            a[i]
        except (IndexError, TypeError) as e:
            print(type(e).__name__, e, end="; ")
    print()
a = array.array("d", [1.0])
a[0] = 2.5
a[-1] += 1
try:
    a[1] = 2.5
except IndexError as e:
    print(e)
print(a)
b = bytearray(b"abc")
print(b[0], b[-1], b[True])
for i in (3, -4, "x"):
    try:
        b[i]
    except (IndexError, TypeError) as e:
        print(e)


# Sorting: stable, of one kind or not, and while somebody looks.
print(sorted([3, -1, 2]), sorted(["b", "a", "é", ""]), sorted([2, 1.5, True]), sorted([True, False, 1, 0]), sorted([]))
x = [1, True, 1.0, 0, False]
x.sort()
print(x, [type(v).__name__ for v in x])


class Low(int):
    def __lt__(self, other):
        return int(self) > int(other)


print(sorted([Low(1), Low(3), Low(2)]), sorted([(1, "b"), (1, "a"), (0, "c")]), sorted([(True, 2), (False, 3)]))
try:
    sorted([1, "a"])
except TypeError as e:
    print(e)
print(sorted("cab", key=ord), sorted([3, -4], key=abs), list(map(str, [1, 20])), list(map(abs, [-1, True])), min("b", "a", key=ord))
try:
    list(map(len, [1]))
except TypeError as e:
    print(e)
try:
    list(map(input.__class__.__call__, [1]))
except TypeError as e:
    print(type(e).__name__)

# Growing and repeating.
x = [1, 2]
x.extend(x)
x.extend((3,))
x += x
x += [9] * 60
print(len(x), x[:12], x[-1])
y = []
for i in range(70):
    y.extend([i, i + 1])
print(len(y), y[::23])
z = [0] * 3
z *= 2
w = [[]] * 3
w[0].append(1)
print(z, w, [1, 2] * 2, (1, 2) * 2, [] * 5, [1] * -1, (1,) * 1, [None] * 70 == [None] * 70, 3 * [7])
v = [1, 2, 3]
v *= 0
print(v, [1, 2, 3, 4][1:3], [1, 2, 3][5:], [1, 2, 3][::-1], [1, 2, 3][2:0:-1])

# Text.
print("aXbX".replace("X", "-"), "aXbX".replace("X", "-", 1), "éXX".replace("X", "y"), "abc".replace("x", "y") is not None, "aa".replace("a", ""), "".replace("", "x"), "ab".replace("", "-"), "aaa".replace("aa", "b"))
print(" a  b\t\x1cc \n".split(), "a\x85b\xa0c".split(), "a b c".split(maxsplit=1), " a b ".split(None, 1), "".split(), "  ".split(), "\u3000é x".split())
for n, length in ((0, 0), (0, 1), (255, 1), (256, 2), (2**40, 8), (2**47 - 1, 6), (2**64, 9)):
    print(n.to_bytes(length), n.to_bytes(length, "little"), end=" ")
print(True.to_bytes(2, "big"), (127).to_bytes(1, signed=True), (-1).to_bytes(2, signed=True))
for n, length, kw in ((256, 1, {}), (1, 0, {}), (-1, 1, {}), (128, 1, {"signed": True}), (2**47, 5, {})):
    try:
        print(n.to_bytes(length, **kw))
    except OverflowError as e:
        print(e)
print(f"{7}{-12}{True}{2.5}{None}", f"{10**20}", str(0), str(-9), repr(5))


# Keys: the same object is found by dicts whatever it hashes to, by sets only with the same hash.
class Changing:
    hash = 1

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        print("compared")
        return self is other


k = Changing()
s, d = {k}, {k: "v"}
print(k in s, d[k])
k.hash = 9
print(k in s, k in d)
k.hash = 2
print(k in s, k in d)
print({1: "a"}[True], {1.0, 1, True}, {"a": 1}.get("b"), {-1, -2}, {-1: 1, -2: 2}[-2])
big = {i * 8 for i in range(20)}
big.discard(8)
print(8 in big, 16 in big, len(big), sorted(big)[:4])
t = {i * 8: i for i in range(20)}
del t[0]
print(t.get(0), t[8], t.get(160), len(t))
