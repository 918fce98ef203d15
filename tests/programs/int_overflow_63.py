# Values that pass 2**63 and 2**64 in the middle of a hot loop, and come back.
def climb(n):
    x = 2**62
    highest = x
    for i in range(n):
        if i < n // 2:
            x += 2**51
        else:
            x -= 2**51
        if x > highest:
            highest = x
    return x, highest


def multiply(n):
    x = 3
    out = []
    for i in range(n):
        x = x * 31 + i
        if x > 2**200:
            x = x % 1000003
            out.append(x)
    return x, len(out), out[:5]


def minimum():
    x = -(2**63)
    return [x, -x, x - 1, x + 1, abs(x), x // -1, x * -1, x % 10, x >> 1, x ^ -1]


print(climb(10000))
print(multiply(5000))
print(minimum())
print(2**63 - 1 + 1, (2**63 - 1) * (2**63 - 1), -(2**63) - 1)
