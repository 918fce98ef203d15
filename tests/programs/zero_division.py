# ZeroDivisionError inside and outside hot loops, all operators, messages.
def inside(n):
    total = 0
    errors = 0
    for i in range(n):
        try:
            total += 100 // (i % 10)
        except ZeroDivisionError as error:
            errors += 1
            message = str(error)
    return total, errors, message


def outside(n):
    total = 0
    for i in range(n):
        total += 1000 % (n - 1 - i)
    return total


print(inside(5000))
try:
    print(outside(4000))
except ZeroDivisionError as error:
    print("outside:", error)
for a, b in [(1, 0), (1.0, 0), (1, 0.0), (True, False), (2**70, 0)]:
    for op in ["/", "//", "%"]:
        try:
            r = a / b if op == "/" else a // b if op == "//" else a % b
        except ZeroDivisionError as error:
            print(a, op, b, error)
try:
    0 ** -1
except ZeroDivisionError as error:
    print(error)
