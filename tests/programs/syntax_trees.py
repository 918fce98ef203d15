# Trees that compile() makes of source: classes, fields, places.
import _ast
def dump(n, d=0):
    if isinstance(n, _ast.AST):
        a=[str(getattr(n,x)) for x in n._attributes]
        print(' '*d + type(n).__name__, ','.join(a))
        for f in n._fields:
            v=getattr(n,f)
            if isinstance(v,(list,_ast.AST)):
                print(' '*(d+1)+f); dump(v,d+2)
            else: print(' '*(d+1)+f, repr(v))
    elif isinstance(n, list):
        for x in n: dump(x,d)
        if not n: print(' '*d+'[]')
    else: print(' '*d+repr(n))
src = r'''
@dec
@dec2(a)
async def f(a, /, b: int = 1, *c, d=2, e, **g) -> x:
    """doc"""
    return await (yield a)
@dec
class C[T: int, *Ts, **P](B, metaclass=M, **kw): x: int = 1; (y): str
def g(): yield from x
f(i for i in x); f((i for i in x), 2); f(*a, **b, k=1); f(i for i in y if i)
a = b = c, *d = (1, 2)
a += 1; del a, b[0], (c.d)
x[1:2, ::3, ...] = [a async for a in b if c if d]
for i, j in z:
    break
else: continue
while 1: pass
if a: pass
elif b: pass
elif c: pass
else: pass
with a as b, c: pass
with (a as b, c as d,): pass
async def q():
    async with a: pass
    async for x in y: pass
raise A from B
try: pass
except A as e: pass
except (B, C): pass
except: pass
else: pass
finally: pass
try: pass
except* A: pass
import a.b as c, d
from ..x import (y as z, w)
from . import *
global aa, bb
assert x, 'm'
lambda a, *b, c=1: a
lambda: 0
1 + 2j * -3.5 ** ~x if not y else z or w and v
{**a, 'b': 1, 2: {1, 2}}; {x: y for x in z}; {x for x in y}
a < b <= c is not d not in e
'abc' "def" f'x{a!r:>{w}}y{{z}}' 'end'
f'{x=}' f"{x = !r:>5}" f'{x=:5}'; f''; f'{a}{b}'; f"""
{ a
 }"""
u'uni' ; b'by' b'tes'; 'é' + é.é
t'{x + 1!r:y}z'
(a := 5)
print(*a, sep='')
type X[T = int] = list[T]
match x:
    case 1 | -2 | 3+4j: pass
    case None | True: pass
    case [a, *_, b] if a: pass
    case {'k': v, **rest}: pass
    case P(1, x=2, y=Q()): pass
    case (1 as z) | _: pass
    case a.b: pass
    case "s" "t": pass
    case *a, b: pass
    case _: pass
((a)) ; (a, b); (a,); a, ; ()
0xff, 1_000, 123456789012345678901234567890, 0o17, 1e10
x.y.z[0](1)(2).w
a if b else (c if d else e)
'\ud800'
'\N{EM DASH}' if 0 else 'a\
b'
not a
(yield)
'''
dump(compile(src,'f','exec',1024))
dump(compile('a+b','f','eval',1024)); dump(compile('a;b','f','single',1024))
