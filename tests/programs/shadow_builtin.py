# A builtin shadowed by a global in mid-loop, and uncovered again.
def shorter(x):
    return 1


def shadow(i):
    global len
    if i == 2000:
        len = shorter
    elif i == 4000:
        del len


def run(n):
    items = [1, 2, 3, 4]
    total = 0
    for i in range(n):
        total += len(items)
        shadow(i)
    return total


print(run(5000))
abs = lambda x: x * 2
total = 0
for i in range(3000):
    total += abs(-1)
    if i == 1500:
        del abs
print(total)
