# Counters in closures, two closures over one cell, loops that create functions, late binding.
def counter(start):
    count = start

    def step(by=1):
        nonlocal count
        count += by
        return count

    def read():
        return count

    return step, read


step, read = counter(10)
for i in range(5000):
    step()
    if i % 1000 == 0:
        step(by=0.5)
print(read())
functions = []
for i in range(5):
    functions.append(lambda x: x + i)
print([f(10) for f in functions])
functions = []
for i in range(5):
    functions.append(lambda x, i=i: x + i)
print([f(10) for f in functions])


def compose(f, g):
    return lambda x: f(g(x))


h = compose(lambda x: x * 2, lambda x: x + 1)
total = 0
for i in range(4000):
    total += h(i)
print(total)


def make_adder(n):
    def adder(x):
        return x + n

    return adder


total = 0
adders = [make_adder(k) for k in [1, 2.5, 2**60]]
for i in range(3000):
    total = adders[i % 3](total)
print(total)
