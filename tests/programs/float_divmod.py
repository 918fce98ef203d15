# Floor division and modulo of floats and mixed operands with all signs, hot and not.
def table():
    rows = []
    for a in [7.5, -7.5, 0.0, -0.0, 1e300, 3]:
        for b in [2.0, -2.0, 0.3, -0.3, 1e-300, 2]:
            rows.append((a // b, a % b, a / b))
    return rows


def hot(n):
    total = 0.0
    for i in range(1, n):
        x = i * 0.37 - 500
        total += x // 1.5 + x % 1.5 - x // -1.5 + x % -1.5
        total += i / 3 + i // 2.0 + 7.5 % i
    return total


for row in table():
    print(row)
print(hot(6000))
for op in ["/", "//", "%"]:
    try:
        if op == "/":
            1.0 / 0
        elif op == "//":
            1.0 // 0
        else:
            1.0 % 0
    except ZeroDivisionError as error:
        print(op, error)
