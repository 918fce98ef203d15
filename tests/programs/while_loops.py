# Hot while loops: Collatz lengths, gcd, digit sums, while/else.
def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def digits(n):
    total = 0
    while n > 0:
        total += n % 10
        n //= 10
    else:
        total += 1000
    return total


best = (0, 0)
for i in range(1, 1500):
    steps = collatz(i)
    if steps > best[1]:
        best = (i, steps)
print(best)
print(sum([gcd(i, 360) for i in range(2000)]))
print(sum([digits(i * i) for i in range(1000)]))
