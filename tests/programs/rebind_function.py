# A global function called (and inlined) in a hot loop is rebound in mid-loop, by the loop and by a callee.
def step(x):
    return x + 1


def other(x):
    return x + 100


def run(n):
    global step
    total = 0
    for i in range(n):
        total = step(total)
        if i == n // 2:
            step = other
    return total


def swap_back(i):
    global step
    if i == 3000:
        step = lambda x: x - 1
    return i


def run_again(n):
    total = 0
    for i in range(n):
        swap_back(i)
        total = step(total)
    return total


print(run(5000))
print(run_again(5000))


def rebind_each(n):
    global step
    total = 0
    for i in range(n):
        step = other if i % 2 else abs
        total += step(i)
    return total


print(rebind_each(3000))
