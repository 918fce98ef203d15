# The keys of one hot lookup turn from int to str to tuple to float.
def fill(keys):
    table = {}
    for i, key in enumerate(keys):
        table[key] = i
    hits = 0
    for key in keys:
        hits += table[key]
    return len(table), hits


keys = [i for i in range(1500)]
keys += ["k%d" % i for i in range(1500)]
keys += [(i, i + 1) for i in range(1500)]
keys += [i + 0.0 for i in range(1500)]
keys += [2**64 + i for i in range(500)]
print(fill(keys))
