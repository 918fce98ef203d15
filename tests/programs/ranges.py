# range with negative bounds and steps, empty, huge bounds, indexing, length, membership, repr.
def total(r):
    s = 0
    count = 0
    for i in r:
        s += i
        count += 1
    return s, count


print(total(range(5000)))
print(total(range(5000, 0, -1)))
print(total(range(-5000, 5000, 7)))
print(total(range(5000, -5000, -7)))
print(total(range(5, 5)), total(range(5, 0)), total(range(0, 5, -1)))
big = 2**63
print(total(range(big - 2000, big + 2000)))
print(total(range(2**100, 2**100 + 30000, 10)))
print(total(range(-(2**47) - 2000, -(2**47) + 2000)))
print(total(range(2**48, 2**48 - 4000, -1)))
print(len(range(10)), len(range(0, 10, 3)), len(range(10, 0, -3)), range(3, 9, 2)[1], range(10)[-1])
print(5 in range(10), 5 in range(0, 10, 2), 10 in range(10), range(2, 20, 3), range(7))
try:
    range(1, 2, 0)
except ValueError as error:
    print(error)
try:
    range(10)[10]
except IndexError as error:
    print(error)
i = -1
for i in range(3):
    pass
print(i)
for i in range(0):
    pass
print(i)
print(list(range(5))[::-1], list(range(-3, 3)))
