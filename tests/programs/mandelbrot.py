# A small Mandelbrot picture: float arithmetic, inner loop with break, strings.
def row(y, width, limit):
    line = ""
    for px in range(width):
        cr = px * 3.0 / width - 2.0
        ci = y
        zr = 0.0
        zi = 0.0
        for i in range(limit):
            zr2 = zr * zr
            zi2 = zi * zi
            if zr2 + zi2 > 4.0:
                break
            zi = 2.0 * zr * zi + ci
            zr = zr2 - zi2 + cr
        else:
            i = limit
        line += " .:-=+*#%@"[i * 9 // limit]
    return line


for k in range(21):
    print(row(k / 10 - 1.0, 60, 50))
