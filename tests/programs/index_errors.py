# IndexError ends a hot loop; negative indexes; list, tuple, str, and assignment messages.
def walk(items):
    i = 0
    total = 0
    try:
        while True:
            total += items[i]
            i += 1
    except IndexError as error:
        return total, i, str(error)


print(walk(list(range(4000))))
print(walk(tuple(range(4000))))


def backwards(items):
    i = -1
    total = 0
    while True:
        try:
            total += items[i]
        except IndexError:
            return total, i
        i -= 1


print(backwards(list(range(3000))))
for bad in [0, 1, 2, 3]:
    try:
        if bad == 0:
            [1][5] = 2
        elif bad == 1:
            [].pop()
        elif bad == 2:
            "abc"[10]
        else:
            [1].pop(4)
    except IndexError as error:
        print(bad, error)
try:
    key = "x"
    [1][key]
except TypeError as error:
    print(error)
