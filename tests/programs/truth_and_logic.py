# Truth of every type, and/or values, not, chained comparisons, ternaries in hot loops.
values = [0, 1, -1, 0.0, 0.5, "", "x", None, True, False, [], [0], (), (0,), {}, {1: 2}, 2**70, float("nan")]


def truths(rounds):
    count = 0
    for r in range(rounds):
        for v in values:
            if v:
                count += 1
            if not v:
                count += 100
    return count


print(truths(200))
print([v or "default" for v in values])
print([v and "chosen" for v in values][:-1])


def chained(n):
    count = 0
    for i in range(n):
        if 10 < i % 100 <= 50 != i % 60:
            count += 1
        if 0 <= i < n and not i % 7 or i == 3:
            count += 2
        count += 1 if i % 2 else 0 if i % 3 else 5
    return count


print(chained(5000))
print(1 < 2 < 3, 1 < 3 < 2, 3 > 2 >= 2, 1 == 1.0 == True, None is None, (1, 2) < (1, 3), "a" != "b")
