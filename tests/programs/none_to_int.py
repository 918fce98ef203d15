# A variable that is None for half of the loop and an int afterwards.
def best(items):
    found = None
    changes = 0
    for item in items:
        if item % 7 != 0:
            continue
        if found is None or item > found:
            found = item
            changes += 1
    return found, changes


items = [i * 7919 % 6007 * 7 + 1 for i in range(3000)]
items += [i * 7919 % 6007 for i in range(3000)]
print(best(items))
print(best([1, 2, 3]))
print(best([]))


def lookup(n):
    table = {}
    for i in range(0, n, 3):
        table[i] = i * i
    total = 0
    missing = 0
    for i in range(n):
        value = table.get(i)
        if value is None:
            missing += 1
        else:
            total += value
    return total, missing


print(lookup(5000))
