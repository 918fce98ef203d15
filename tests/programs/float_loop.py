# A hot float loop (leapfrog of a spring) and a sum with exact repr.
def spring(n):
    x = 1.0
    v = 0.0
    energy = 0.0
    dt = 0.01
    for i in range(n):
        v -= x * dt
        x += v * dt
        energy += 0.5 * (v * v + x * x)
    return x, v, energy / n


def harmonic(n):
    total = 0.0
    for i in range(1, n):
        total += 1.0 / i
    return total


print(spring(20000))
print(harmonic(10000))
print("%.6f %g %e" % (harmonic(100), harmonic(100), harmonic(100)))
