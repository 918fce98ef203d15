def f(n):
    i = 0
    while i < n:
        x = yield i
        if x: print("got", x)
        i += 1
    return 'end'
print(list(f(3)))
g = f(4)
print(next(g), g.send('a'), g.send(None))
for x in g: print(x)
try:
    next(g)
except StopIteration as e: print(repr(e.value))
g=f(1); next(g)
try: next(g)
except StopIteration as e: print(repr(e.value))
def h():
    r = yield from f(2)
    print('r', r)
    yield from [7,8]
    try:
        yield 9
    except ValueError as e:
        print('caught', e)
        yield 10
    finally:
        print('fin')
g = h()
for x in g:
    print(x)
    if x == 9: print(g.throw(ValueError('z')))
def k():
    try:
        yield 1
    finally:
        print('closing')
g = k(); next(g); g.close()
g = k(); next(g); del g
print(sum(x*x for x in range(10)))
def bad():
    yield 1
    raise StopIteration(3)
try:
    list(bad())
except RuntimeError as e: print(repr(e), repr(e.__cause__))
def exc():
    try:
        raise KeyError(1)
    except KeyError:
        yield 1
        try: raise
        except KeyError as e: print('re', repr(e))
    yield 2
import sys
try:
    raise IndexError(5)
except IndexError:
    g = exc(); next(g)
    print(repr(sys.exception()))
try:
    raise TypeError(5)
except TypeError:
    next(g)
    print(repr(sys.exception()))
print(sys.exception())
def rec(n):
    if n: yield from rec(n-1)
    yield n
print(list(rec(50)))
def w():
    g2 = w2
    next(g2)
    yield
w2 = w()
try: next(w2)
except ValueError as e: print(e)
def fib(a=0,b=1):
    while True:
        yield a
        a,b=b,a+b
for i,x in zip(range(10), fib()): print(x,end=' ')
print()
try:
    f(1).send(3)
except TypeError as e: print(e)
def er():
    yield 1
    1/0
for x in er(): print(x)
