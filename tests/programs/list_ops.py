# List indexing, slicing, append, pop, negative indexes and item assignment in hot loops.
def rotate(items, rounds):
    for r in range(rounds):
        first = items[0]
        for i in range(len(items) - 1):
            items[i] = items[i + 1]
        items[-1] = first
    return items


def stack(n):
    s = []
    total = 0
    for i in range(n):
        s.append(i)
        if i % 3 == 2:
            total += s.pop() - s.pop()
        if i % 100 == 99:
            total += s[-1] + s[len(s) // 2]
    return len(s), total


def bubble(items):
    n = len(items)
    for i in range(n):
        for j in range(n - 1 - i):
            if items[j] > items[j + 1]:
                items[j], items[j + 1] = items[j + 1], items[j]
    return items


print(rotate(list(range(50)), 60)[:12])
print(stack(5000))
print(bubble([i * 37 % 101 for i in range(101)])[:20])
a = list(range(20))
print(a[2:5], a[-3:], a[:3], a[::5], a[::-4], a[5:2], a[100:], a[-100:2])
print([1, 2] + [3], [0] * 4, [1, 2] == [1, 2], [1, 2] < [1, 3], [] < [0], 3 in a, 30 in a)
