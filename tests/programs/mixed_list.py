# A loop over a list of ints, floats, bools, strings, None and tuples: the type changes from item to item.
def describe(items, rounds):
    counts = {}
    total = 0
    text = ""
    for r in range(rounds):
        for item in items:
            name = type(item).__name__
            counts[name] = counts.get(name, 0) + 1
            if isinstance(item, (int, float)):
                total += item
            elif isinstance(item, str):
                text = item
            elif item is None:
                total -= 1
            else:
                total += len(item)
    return counts, total, text


print(describe([1, 2.5, True, "x", None, (1, 2), [3], 2**50, 2**70, -1], 600))


def double_all(items):
    out = []
    for item in items:
        out.append(item * 2)
    return out


items = [1, 2, 3] * 1000 + [0.5, "ab", [1], (2,), True, 2**62]
print(double_all(items)[2990:])
