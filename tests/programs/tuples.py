# Tuples: building, unpacking, swapping, nesting, comparing, as return values in hot loops.
def minmax(items):
    low = high = items[0]
    for x in items:
        low, high = (x, high) if x < low else (low, x) if x > high else (low, high)
    return low, high


def fib_pair(n):
    a, b = 0, 1
    for i in range(n):
        a, b = b, a + b
    return a, b


def rotate(n):
    t = (1, 2, 3)
    for i in range(n):
        a, b, c = t
        t = (b, c, a + 1 if i % 1000 == 0 else a)
    return t


print(minmax([i * 7919 % 5003 for i in range(5000)]))
print(fib_pair(300))
print(rotate(5000))
total = 0
for i, (a, b) in enumerate(zip(range(3000), range(3000, 0, -1))):
    total += i * (a - b)
print(total)
print((1,) + (2, 3), (0,) * 3, (1, 2) == (1, 2), (1, (2, 3))[1][0], (), (1,), len((1, 2)), (3, 1)[::-1])
