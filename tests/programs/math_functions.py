# math: exactness, domains and messages.
import math


def show(text):
    try:
        print(text, "->", eval(text))
    except Exception as e:
        print(text, "->", type(e).__name__, e)


for name in "acos asin atan ceil cos cosh degrees exp exp2 expm1 fabs floor gamma lgamma log log10 log1p log2 sin sqrt tan tanh trunc ulp frexp modf isqrt factorial".split():
    for arg in ("-1", "-1.5", "0.0", "-0.0", "2", "0.5", "math.inf", "-math.inf", "math.nan", "10**400", "'a'"):
        show(f"math.{name}({arg})")
for text in """math.fsum([.1] * 10)
math.fsum([1e100, 1.0, -1e100, 1e-100, 1e50, -1.0, -1e50])
math.fsum([1e308, 1e308])
math.fsum([math.inf, -math.inf])
math.hypot(3, 4)
math.hypot(1e-320, 1e-320)
math.hypot(1e300, 1e300, 1e300)
math.hypot()
math.hypot(math.nan, math.inf)
math.dist([1, 2, 3], (4, 5, 6.5))
math.dist([1], [1, 2])
math.gcd()
math.gcd(12, -18, 27)
math.gcd(2**200, 6**90)
math.gcd(1.5)
math.lcm(4, -6)
math.lcm(0, 5)
math.comb(100, 50)
math.comb(10**30, 3)
math.comb(5, 7)
math.comb(-1, 2)
math.perm(10, 3)
math.perm(6)
math.perm(5, -1)
math.isqrt(10**41)
math.factorial(30)
math.factorial(-1)
math.fmod(-7, 3)
math.fmod(1, 0)
math.remainder(7, 2)
math.remainder(1, 0)
math.pow(-1, 0.5)
math.pow(0, -1)
math.pow(10, 400)
math.pow(math.nan, 0)
math.ldexp(1, 5000)
math.ldexp(0.75, -1074)
math.ldexp(1, 1.0)
math.fma(2, 3, 4)
math.fma(math.inf, 0, 1)
math.fma(1e308, 10, 1)
math.nextafter(1, 2)
math.nextafter(1, 2, steps=10)
math.nextafter(0, -1)
math.nextafter(1, 2, steps=-1)
math.isclose(1, 1 + 1e-10)
math.isclose(1, 2, rel_tol=-1)
math.isclose(0, 1e-12, abs_tol=1e-9)
math.log(10**400, 10)
math.log(8, 2)
math.log(10, 1)
math.log2(2**2000)
math.prod([1, 2, 3.5], start=2)
math.prod([])
math.sumprod([1, 2, 3], [4, 5, 6])
math.sumprod([1e16, 1, -1e16], [1.0, 1.0, 1.0])
math.sumprod([0.1] * 10, [1] * 10)
math.sumprod([10**20, 2], [3, 0.5])
math.sumprod([1], [1, 2])
math.copysign(1, -0.0)
math.atan2(0.0, -0.0)
math.floor(1e300) == int(1e300)""".splitlines():
    show(text)


class F:
    def __float__(self):
        return 2.25

    def __floor__(self):
        return "floor"


class I:
    def __index__(self):
        return 9


print(math.sqrt(F()), math.floor(F()), math.ceil(F()), math.sqrt(I()), math.gcd(I(), 6), math.isqrt(I()))
print(sum(math.gamma(x / 7) for x in range(1, 200)), sum(math.lgamma(-x / 7) for x in range(1, 200) if x % 7))
