# List comprehensions: nested, with conditions, over strings and dicts, hot, with outer variables.
def run(n):
    total = 0
    for i in range(n):
        row = [x * i for x in range(8) if x % 2 == i % 2]
        total += sum(row)
    return total


print(run(3000))
print([(x, y) for x in range(4) for y in range(x) if (x + y) % 2])
print([[i * j for j in range(4)] for i in range(4)])
big = [x * x % 13 for x in range(5000)]
print(sum(big), len([x for x in big if x == 3]))
x = "outer"
squares = [x for x in range(3)]
print(x, squares)
k = 3
print([k * v for v in [1, 2.5, 2**62, True]])
print(["%s=%d" % (key, value) for key, value in {"a": 1, "b": 2}.items()])
