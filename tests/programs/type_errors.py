# TypeErrors from operators, calls and subscripts, caught in a hot loop, messages printed once.
def add(a, b):
    return a + b


def two(a, b=1):
    return a


def attempt(kind):
    if kind == 0:
        return add(1, "x")
    if kind == 1:
        return add("x", 1)
    if kind == 2:
        return add(None, 1)
    if kind == 3:
        return [1] < 2
    if kind == 4:
        return two()
    if kind == 5:
        return two(1, 2, 3)
    if kind == 6:
        return two(1, c=3)
    if kind == 7:
        five = 5
        return five()
    if kind == 8:
        return len(5)
    if kind == 9:
        nothing = None
        return nothing[0]
    if kind == 10:
        return -"x"
    if kind == 11:
        for x in 5:
            pass
    if kind == 12:
        a, b = 1
    if kind == 13:
        return two(1, a=2)
    return kind


messages = {}
total = 0
for i in range(6000):
    try:
        total += attempt(i % 20)
    except TypeError as error:
        messages[i % 20] = str(error)
        total -= 1
for kind in messages:
    print(kind, messages[kind])
print(total)
