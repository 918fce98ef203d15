# OverflowError: float powers and conversions of huge ints.
def powers(n):
    errors = 0
    x = 1.5
    for i in range(n):
        try:
            x = x**1.5
        except OverflowError as error:
            errors += 1
            message = str(error)
            x = 1.5
    return x, errors, message


print(powers(5000))
for value in [10**400, -(10**400)]:
    try:
        float(value)
    except OverflowError as error:
        print(error)
try:
    10**400 / 3.0
except OverflowError as error:
    print(error)
try:
    int(float("inf"))
except OverflowError as error:
    print(error)
try:
    int(float("nan"))
except ValueError as error:
    print(error)
print(10**400 // 10**399, 10**400 / 10**399)
