# nan, inf, -0.0, denormals, comparisons with them, repr of many sizes.
inf = float("inf")
nan = float("nan")
values = [0.0, -0.0, 1.0, -1.5, 1e16, 1e15, 123456789012345680.0, 1e22, 1e-5, 0.0001, 5e-324, 1.7976931348623157e308]
values += [inf, -inf, nan, 0.1, 1 / 3, 100.0, 1e100, 2.5e-10, 9007199254740993.0]
for v in values:
    print(repr(v), str(-v), v == v, v < 1, v > 1, v * 0, v + 1)
print(inf - inf, inf * 0, inf + 1, -inf < inf, nan != nan, nan < 1, nan > 1, 0.0 == -0.0)
print(max(1.0, nan), max(nan, 1.0), min(-0.0, 0.0), min(0.0, -0.0), abs(-0.0), abs(-inf))
print([nan][0] in [nan], nan in [1.0, 2])


def hot(n):
    zeros = 0
    negative = 0.0
    for i in range(n):
        x = (i - n // 2) * 0.0
        if x == 0.0:
            zeros += 1
        if str(x) == "-0.0":
            negative += 1
    return zeros, negative


print(hot(3000))


def diverge(n):
    x = 1.5
    steps = 0
    for i in range(n):
        x = x * x
        if x == inf:
            steps += 1
            x = inf - x
        if x != x:
            x = 1.0 + i / n
    return x, steps


print(diverge(5000))
