import sys
async def c(x):
    return x+1
async def d():
    a = await c(1)
    b = await c(a)
    return a, b
def run(co):
    try:
        while True:
            v = co.send(None)
            print('yielded', v)
    except StopIteration as e:
        return e.value
print(run(d()))
async def ag(n):
    try:
        for i in range(n):
            r = yield i
            if r: print('sent', r)
            await c(i)
    finally:
        print('ag done')
async def use():
    async for x in ag(3): print(x)
    else: print('else')
    print([x async for x in ag(2)])
    print({x: y async for x in ag(2) for y in [1,2]})
    g = ag(5)
    print(await g.asend(None), await g.asend('s'))
    print(await anext(g, 'def'))
    try:
        print(await g.athrow(KeyError('k')))
    except KeyError as e: print(repr(e))
    print(await anext(g, 'def'))
    g = ag(3)
    await anext(g)
    await g.aclose()
    try:
        await g.asend(None)
    except StopAsyncIteration as e: print(repr(e))
    return sum([x async for x in (y async for y in ag(3))])
print(run(use()))
try:
    c0 = c(1); run(c0); run(c0)
except RuntimeError as e: print(e)
co = d()
print(co.cr_running, co.cr_await, co.cr_suspended, co.__name__, co.__qualname__)
co.close()
async def bad(): await 1
try: run(bad())
except TypeError as e: print(e)
async def bad2():
    async for x in 1: pass
try: run(bad2())
except TypeError as e: print(e)
async def bad3():
    async with 1: pass
try: run(bad3())
except TypeError as e: print(e)
try:
    with 1: pass
except TypeError as e: print(e)
def f(x):
    match x:
        case 0: return 'zero'
        case [a, b, *rest]: return ('seq', a, b, rest)
        case {'k': v, **o}: return ('map', v, o)
        case str(s): return ('str', s)
        case int(n) if n > 5: return ('int', n)
        case float(): return 'fl'
        case None | True: return 'none'
        case _: return 'other'
for x in (0, [1,2,3], (1,2), {'k':1,'z':2}, 'abc', 7, 3, 1.5, None, True, {}, [1], range(3)): print(f(x))
try:
    raise ExceptionGroup('eg', [ValueError(1), TypeError(2), ExceptionGroup('in', [KeyError(3), ValueError(4)])])
except* ValueError as e:
    print('ve', e.exceptions, e.message)
except* (TypeError, KeyError) as e:
    print('te', e.exceptions)
try:
    try:
        raise ExceptionGroup('eg', [ValueError(1), TypeError(2)])
    except* ValueError as e:
        raise IndexError(9)
except ExceptionGroup as e:
    print(repr(e), e.exceptions)
try:
    try:
        raise KeyError(1)
    except* KeyError as e:
        print(repr(e))
        raise
except BaseException as e: print(repr(e))
try:
    try:
        raise KeyError(1)
    except* ValueError as e:
        print(repr(e))
except BaseException as e: print(repr(e))
eg = ExceptionGroup('eg', [ValueError(1), TypeError(2)])
print(str(eg), eg.split(ValueError), eg.subgroup(lambda e: isinstance(e, TypeError)))
print(BaseExceptionGroup('x', [KeyboardInterrupt()]), type(BaseExceptionGroup('x', [ValueError()])))
for a in ((1,[]),('x',[]),('x',[1]),('x',1),('x',[KeyboardInterrupt()])):
    try: ExceptionGroup(*a)
    except Exception as e: print(repr(e))
print(ExceptionGroup.__mro__)
