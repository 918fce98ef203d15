# Many local variables live over a hot loop, so that exits must restore them all.
def run(n):
    a = 1
    b = 2.5
    c = "s"
    d = [0]
    e = None
    f = (1, 2)
    g = 2**50
    h = True
    i = j = k = l = 0
    for m in range(n):
        i += a
        j += i & 3
        k -= j % 5
        l ^= k
        if m == n - 100:
            b += 1
            e = c
        if m % 1000 == 999:
            d.append((i, j, k, l))
            a, g = g % 7, g + a
            h = not h
        b = b * 0.999 + a
    return a, b, c, d, e, f, g, h, i, j, k, l, m


print(run(5000))
