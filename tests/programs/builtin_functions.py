# min, max, sum, abs, sorted, enumerate, zip, len, isinstance, getattr in hot loops with changing types.
def run(n):
    total = 0
    for i in range(n):
        a = i % 17 - 8
        b = i % 5 if i < n // 2 else i % 5 + 0.5
        total += min(a, b) + max(a, b, 0) + abs(a) + abs(b)
        total += sum([a, b]) + len((a, b))
        if isinstance(b, float):
            total += 1
    return total


print(run(5000))
print(sorted([3, 1, 2]), sorted(["b", "a"]), sorted([2.5, -1, True]), sorted((3, 2), reverse=True))
print(sorted([5, -3, 2, -8], key=abs), min([4, 2, 6]), max("hello"), sum([0.1] * 10), sum([], 5))
print(list(enumerate(["a", "b"], 1)), list(zip([1, 2, 3], "ab")))
print(getattr(1, "nothing", "default"), isinstance(True, int), isinstance("x", (int, str)))
try:
    min([])
except ValueError as error:
    print(error)
try:
    sorted([1, "a"])
except TypeError as error:
    print(error)
try:
    sum(["a"])
except TypeError as error:
    print(error)
try:
    getattr(1, "nothing")
except AttributeError as error:
    print(error)
print(float(3), int("42"), int(3.9), str(None), str(True), repr("x"), int("-7"), float("2.50"))
