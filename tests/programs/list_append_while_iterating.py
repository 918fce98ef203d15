# Iterating over a list while it grows and shrinks.
def grow(limit):
    items = [1]
    for x in items:
        if len(items) < limit:
            items.append(x + 1)
    return len(items), items[-1], sum(items)


def shrink(n):
    items = list(range(n))
    seen = []
    for x in items:
        seen.append(x)
        items.pop()
    return len(seen), len(items), seen[-1]


def replace(n):
    items = list(range(n))
    total = 0
    for i, x in enumerate(items):
        total += x
        if i + 1 < n:
            items[i + 1] = x + 0.5 if i > n // 2 else x + 1
    return total


print(grow(5000))
print(shrink(5000))
print(replace(4000))
