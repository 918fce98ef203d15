# Aliased lists: a write through one name is seen through the other, in the loop and in inlined calls.
def bump(items, i):
    items[i % len(items)] += 1
    return items


def run(n):
    a = [0] * 7
    b = a
    c = [a, b, a[:]]
    for i in range(n):
        bump(b, i)
        c[i % 3][0] += 10
        if a is not b:
            return "lost"
    return a, c[2], a is c[0], a == b


print(run(5000))
rows = [[0] * 3] * 3
rows[0][1] = 5
print(rows)
x = [1, 2]
x += [3]
y = x
y = y + [4]
print(x, y)


def default(value, items=[]):
    items.append(value)
    return items


for i in range(2000):
    last = default(i)
print(len(last), last[-1], last is default(0))
