# One call site, called function changing between Python functions, builtins, lambdas and classes.
def square(x):
    return x * x


def run(n):
    operations = [square, abs, lambda x: -x, int, float, str, bool]
    total = 0
    text = 0
    for i in range(n):
        value = operations[i % 7 if i > n // 2 else 0](i)
        if isinstance(value, str):
            text += len(value)
        else:
            total += value
    return total, text


print(run(6000))


def apply(f, x):
    return f(x)


total = 0
for i in range(4000):
    total += apply(square if i < 2000 else abs, i - 3000)
print(total)
