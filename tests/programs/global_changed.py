# A global variable read in a hot loop and changed by a callee in mid-loop, by type and by value.
scale = 1
limit = 10**9


def maybe_change(i):
    global scale
    if i == 2000:
        scale = 3
    elif i == 3000:
        scale = 0.5
    elif i == 4000:
        scale = 2**50


def run(n):
    total = 0
    for i in range(n):
        maybe_change(i)
        total += scale
        if total > limit:
            total -= limit
    return total


print(run(5000))
counter = 0


def increment():
    global counter
    counter += 1


for i in range(5000):
    increment()
    counter += i % 2
print(counter)
