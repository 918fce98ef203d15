# Powers: int, negative exponent to float, modular powers by hand, three-digit results.
def power_mod(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent:
        if exponent & 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent >>= 1
    return result


total = 0
for i in range(1, 2000):
    total += power_mod(i, 65537, 999983)
print(total)
print([2**k for k in [0, 1, 10, 47, 48, 63, 64, 100]])
print(2**-1, (-2) ** 3, (-2) ** -2, 0**0, 10**-3)
squares = 0
for i in range(3000):
    squares += i**2 - i**1
print(squares)
print(7**77)
