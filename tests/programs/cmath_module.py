"""Module cmath: values on and off the cuts, special values, errors."""
import cmath

inf, nan = float("inf"), float("nan")
points = [0j, -0.0 - 0j, 1, -1, 2 + 0j, complex(-2, -0.0), 1j, -1j, 0.5 + 0.25j, -3 + 4j, 1e-200 + 1e-200j, 1e300 - 1e300j, 1e-310j]
functions = "acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh phase polar".split()


def short(z):
    if isinstance(z, tuple):
        return tuple(float(f"{x:.12g}") for x in z)
    if isinstance(z, complex):
        return complex(float(f"{z.real:.12g}"), float(f"{z.imag:.12g}"))
    return float(f"{z:.12g}")


for name in functions:
    out = []
    for z in points:
        try:
            out.append(short(getattr(cmath, name)(z)))
        except Exception as e:
            out.append(f"{type(e).__name__}: {e}")
    print(name, *out)
for z in (complex(inf, 0), complex(-inf, 0.0), complex(inf, nan), complex(nan, 0.0), complex(0.0, inf)):
    for name in ("exp", "sqrt", "log", "cosh", "tanh"):
        try:
            print(name, z, getattr(cmath, name)(z))
        except Exception as e:
            print(name, z, type(e).__name__, e)
print(cmath.log(8, 2), cmath.rect(2, 0), cmath.rect(inf, 0.0), cmath.rect(-1, -0.0))
print(cmath.isclose(1 + 1e-10j, 1), cmath.isclose(1, 2, abs_tol=2), cmath.isnan(nan * 1j), cmath.isinf(inf * 1j), cmath.isfinite(1j))
print(cmath.infj, cmath.nanj, cmath.pi, cmath.tau)


class C:
    def __complex__(self):
        return 4 + 0j


print(cmath.sqrt(C()), cmath.sqrt(True))
for bad in ("1", None, [], 10**400):
    try:
        print(cmath.sqrt(bad))
    except Exception as e:
        print(type(e).__name__, e)
