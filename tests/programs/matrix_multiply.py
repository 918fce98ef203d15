# Matrix product with lists of lists: ints, then floats, then one huge int in the middle.
def multiply(a, b):
    n = len(a)
    out = []
    for i in range(n):
        line = []
        for j in range(n):
            total = 0
            for k in range(n):
                total += a[i][k] * b[k][j]
            line.append(total)
        out.append(line)
    return out


def make(n, start, step):
    return [[start + step * (i * n + j) for j in range(n)] for i in range(n)]


a = make(18, 1, 1)
b = make(18, -5, 2)
c = multiply(a, b)
print(c[0][0], c[17][17], sum([sum(r) for r in c]))
c = multiply(a, make(18, 0.5, 0.25))
print(c[0][0], c[17][17], sum([sum(r) for r in c]))
b[9][9] = 2**62
c = multiply(a, b)
print(c[0][9], c[17][9], c[9][9], c[9][8])
