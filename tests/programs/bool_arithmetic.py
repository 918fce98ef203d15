# bool as int: sums, indexes, comparisons, bit operators, formatting, in a loop that switches from int to bool.
def run(n):
    total = 0
    flag = 1
    for i in range(n):
        if i == n // 2:
            flag = True
        total += flag
        total += [10, 20][i % 2 == 0]
        total += (i > 5) + (i > 10) * 2
    return total, flag


print(run(5000))
print(True + 1, True & False, True | 2, True ^ True, ~True if False else ~1, -True, True * 2.5, True == 1, True is (1 == 1))
print("%d" % True, str(True), repr(False), f"{True}", f"{True:d}", [True, 1.0, 1].pop() is True, {True: "a"}[1])
print(type(True & True).__name__, type(True & 1).__name__, type(True + True).__name__, type(not 1).__name__)
