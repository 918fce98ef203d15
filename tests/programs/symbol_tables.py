# The compiler's scopes.
import _symtable
def show(t, d=0):
    print(' '*d, t.name, t.type, t.lineno, bool(t.nested), sorted(t.symbols.items()), t.varnames)
    for c in t.children: show(c, d+2)
show(_symtable.symtable('''
import os, sys as s
from a import *
x: int = 1
def f(a, *b, c=1, **d) -> int:
    global g
    y = [i for i in a]
    z = {k: v for k, v in d}
    def inner():
        nonlocal y
        return y, os
    class C(object):
        attr = a
        def m(self): return __class__
        u: int
    return lambda q: q + y
def plain(a): return (t for t in a)
class D[T]:
    def m(self, x: T) -> T: super().m()
type A[K] = list[K]
def gen[U: int](x: U): yield x
async def co(): await x
if (n := 10): pass
for i in x: del i
try: pass
except E as e: print(e)
''','f','exec'))
show(_symtable.symtable('[a for a in b]','f','eval'))
