# Sums and products that pass 2**47 and 2**48 in the middle of a hot loop, both signs.
def grow(start, step, n):
    x = start
    for i in range(n):
        x += step
    return x


def grow_twice(n):
    x = 1
    log = []
    for i in range(n):
        x = x + x if i < 60 else x - i
        if i % 10 == 5 and i < 100:
            log.append(x)
    return x, log


def edges():
    seen = []
    for base in [2**46, 2**47, 2**48, 2**49]:
        for delta in [-2, -1, 0, 1, 2]:
            x = base + delta
            seen.append((x, -x, x - base, x * 2, x // 2, x == base, x > base))
    return seen


print(grow(2**47 - 2500, 1, 5000))
print(grow(-(2**47) + 2500, -1, 5000))
print(grow(2**48 - 1000, 7, 5000))
print(grow(0, 2**36, 5000))
print(grow_twice(5000))
for row in edges():
    print(row)
