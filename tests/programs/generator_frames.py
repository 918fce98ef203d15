# A generator's frame lies in the generator; what it calls lies on the data stack.
import sys


def many(a, b, c, d=4, e=5, f=6, *, g=7, h=8):
    x = y = z = w = a + b
    return a, b, c, d, e, f, g, h, x, y, z, w


class C:
    def __init__(self, a, b=2):
        self.a, self.b = a, b

    @property
    def both(self):
        t = self.a + self.b
        return t

    def __getitem__(self, i):
        u = i * 2
        return u + self.a

    def __iter__(self):
        yield self.a
        yield from (v * v for v in range(self.b))


def calls():
    yield many(1, 2, 3)
    yield many(1, 2, c=3, h=0)
    yield many(1, 2, 3, 4, 5, 6, g=1)
    yield C(1).both, C(1, b=5)[3], list(C(3, 4))
    yield sorted([3, 1, 2], key=lambda v: -v), max(C(2, 3))
    yield [many(i, i, i)[-1] for i in range(3)]


for v in calls():
    print(v)


def depth(n):
    if n:
        yield from depth(n - 1)
    yield n


print(sum(depth(60)))


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def work(k):
    for i in range(k):
        yield fib(i), (yield i)


def drive(g):
    out, v = [], None
    try:
        while True:
            v = g.send(v if not isinstance(v, tuple) else v[0])
            out.append(v)
    except StopIteration:
        return out


print(drive(work(12)))


# Frames seen from inside, also while an exception is thrown through.
def names():
    f, out = sys._getframe(1), []
    while f and f.f_code.co_name != "<module>":
        out.append(f.f_code.co_name)
        f = f.f_back
    return out


def inner():
    try:
        yield names()
        yield names()
    except KeyError:
        yield names()


def outer():
    yield from inner()


def top(g, how):
    return how(g)


g = outer()
print(top(g, next), top(g, lambda g: g.throw(KeyError)), g.gi_frame.f_back)


class Thrown:
    def __iter__(self):
        return self

    def __next__(self):
        return names()

    def throw(self, *a):
        return names()


def over():
    yield from Thrown()


g = over()
print(top(g, next), top(g, lambda g: g.throw(KeyError)), g.gi_frame.f_back)


# Another code object while it is suspended: it goes on with its own.
def gen():
    a = 1
    yield a
    yield a + 1


def other():
    b, c, d = 7, 8, 9
    yield b
    yield c, d


g = gen()
print(next(g))
gen.__code__ = other.__code__
print(next(g), g.gi_code.co_name, list(gen()))


# Deep recursion through generators.
def endless():
    yield from endless()


try:
    list(endless())
except RecursionError as e:
    print(e)


def endless2(n):
    for v in [*endless2(n + 1)]:
        yield v


try:
    list(endless2(0))
except RecursionError as e:
    print(type(e).__name__)


# The end, with something still held, with a value, inside a handler.
class D:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        print("del", self.n)


def holder(n):
    d = D(n)
    try:
        yield n
    finally:
        print("end", n)
    return n


def chain():
    r = yield from holder(1)
    print("got", r)
    try:
        1 / 0
    except ZeroDivisionError:
        r = yield from holder(2)
        return r, sys.exception()


for v in chain():
    print(v, sys.exception())
try:
    g = chain()
    while True:
        next(g)
except StopIteration as e:
    print(e.value)


def closing(k):
    def inside():
        nonlocal k
        k += 1
        yield k
        yield (lambda: k)()
    return inside


print(list(closing(1)()), [x for x in closing(5)()])


async def co(n):
    if n == 0:
        return []
    return [n] + await co(n - 1)


c = co(5)
try:
    c.send(None)
except StopIteration as e:
    print(e.value)
sys.set_coroutine_origin_tracking_depth(2)
c = co(0)
print(len(c.cr_origin), c.cr_origin[0][2])
c.close()
sys.set_coroutine_origin_tracking_depth(0)


async def twice():
    async def one():
        await Awaited()
    c = one()
    try:
        c.send(None)
        await c
    except RuntimeError as e:
        print(e)
    c.close()


class Awaited:
    def __await__(self):
        yield 1


try:
    twice().send(None)
except StopIteration:
    print("done")
