# Shift counts that change in the loop, results beyond 64 bits, and negative counts caught.
def shifts(n):
    total = 0
    for i in range(n):
        total ^= 1 << (i % 80)
        total += (2**77 + i) >> (i % 90)
    return total


def negative(n):
    errors = 0
    value = 0
    for i in range(n):
        try:
            value += 1 << (5 - i % 8)
        except ValueError as error:
            errors += 1
            message = str(error)
    return value, errors, message


print(shifts(3000))
print(negative(4000))
