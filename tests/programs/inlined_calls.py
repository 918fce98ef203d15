# Calls three deep, with defaults, keywords and *args, all hot.
def base(a, b=2, c=3):
    return a + b * c


def middle(x, *rest):
    return base(x, c=x % 5) + len(rest)


def top(x, y=1, z=0):
    return middle(x, y, z) - middle(y) + z


def run(n):
    total = 0
    for i in range(n):
        total += top(i) + top(i, 2) + top(i, z=i % 3) + top(x=i, y=i)
        total %= 1000003
    return total


print(run(3000))


def sum_all(*numbers):
    total = 0
    for x in numbers:
        total += x
    return total


print(sum_all(), sum_all(1), sum_all(1, 2.5, 3))
total = 0
for i in range(2000):
    total += sum_all(i, 1, i % 2)
    total += sum_all(*[i, 2])
print(total)
