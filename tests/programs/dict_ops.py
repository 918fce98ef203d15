# Counting, lookups, missing keys, overwriting and iteration order of dicts in hot loops.
def count(n):
    counts = {}
    for i in range(n):
        key = i * i % 97
        counts[key] = counts.get(key, 0) + 1
    return counts


counts = count(5000)
print(len(counts), counts[0], counts[1])
print(list(counts.items())[:6])
total = 0
for key, value in counts.items():
    total += key * value
print(total, sum(counts.values()), max(counts.keys()))

memo = {}


def fib(n):
    if n in memo:
        return memo[n]
    if n < 2:
        return n
    memo[n] = fib(n - 1) + fib(n - 2)
    return memo[n]


print(fib(150))
mixed = {1: "int", 2.5: "float", "a": "str", None: "none", (1, 2): "tuple", True: "bool"}
print(mixed, mixed[1.0], 1 in mixed, 0 in mixed)
hits = 0
for i in range(5000):
    if i % 10 in mixed:
        hits += 1
print(hits)
try:
    for key in counts:
        counts[key + 1000] = 0
except RuntimeError as error:
    print(error)
try:
    mixed[[1]] = 2
except TypeError as error:
    print(error)
