# An accumulator that turns from int to float in the middle of a hot loop, and a value that goes back.
def accumulate(n, when):
    total = 0
    for i in range(n):
        if i == when:
            total += 0.5
        total += i
    return total


def alternate(n):
    x = 1
    for i in range(n):
        if i % 1000 == 999:
            x = x * 1.0
        elif i % 1000 == 499:
            x = int(x)
        x += i % 3
    return x


def add(a, b):
    return a + b


print(accumulate(5000, 2500), accumulate(5000, 9999), accumulate(5000, 0), accumulate(5000, 4999))
print(alternate(5000))
total = 0
for i in range(4000):
    total = add(total, i if i < 3000 else i / 2)
print(total)
print(2**53 + 1.0, 2**53 + 1 == 2**53 + 1.0, 1 == 1.0, 10**400 > 1e308, int(1e20), int(-2.7), int(2.5))
