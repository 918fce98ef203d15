# Floor division, modulo, shifts and masks with negative operands, hot.
def table():
    rows = []
    for a in [-7, -1, 0, 1, 7, -(2**40), 2**40, -(2**70), 2**70]:
        for b in [-5, -2, -1, 1, 2, 5, 2**33, -(2**66)]:
            rows.append((a // b, a % b))
    return rows


def hot(n):
    total = 0
    for i in range(-n, n, 3):
        total += i // 7 + i % 7 - i // -7 + i % -7
        total += (i >> 3) + (i & 0xFF) + (i | 1) + (i ^ 0x55) + ~i
        total += i << 2
    return total


for row in table():
    print(row)
print(hot(6000))
print(-1 >> 100, 1 << 70, (-1) << 65, -(2**65) >> 3, 5 & -(2**65), -3 | 2**65, True << 3, True + True)
