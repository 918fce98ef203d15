# Cycles: weak references, finalisers, resurrection, module gc.
import gc, _weakref as weakref
gc.collect()
a = []; a.append(a); del a
print(gc.collect())
class A:
    def __del__(self): print("del", self.name)
a = A(); a.name = "a"; a.me = a
r = weakref.ref(a, lambda r: print("callback"))
del a
print(r() is None)
print(gc.collect() > 0, r())
b = A(); b.name = "b"; c = A(); c.name = "c"; b.c = c; c.b = b
del b, c
gc.collect()
# resurrection
keep = []
class R:
    def __del__(self): keep.append(self); print("resurrect")
x = R(); x.me = x; del x
print(gc.collect()); print(len(keep), keep[0].me is keep[0], gc.is_finalized(keep[0]))
keep[0].me = None
keep.clear()
gc.collect()
def f():
    try:
        yield 1
    finally:
        print("closed")
def mk():
    g = f(); next(g)
    l = [g]; 
    def h(): return l, h
    l.append(h)
mk()
gc.collect()
class T: pass
T.me = T
w = weakref.ref(T)
del T
gc.collect()
print(w())
n = 0
class C:
    def __init__(self): self.me = self
    def __del__(self):
        global n; n += 1
for i in range(20000): C()
print(n > 10000)
gc.collect()
print(n)
try:
    raise ValueError
except ValueError as e:
    e.__context__ = None
    z = e
    ee = weakref.ref(e) if 0 else None
del z
print(gc.get_threshold(), gc.isenabled(), gc.get_count()[1:], gc.garbage, gc.get_debug())
print(gc.is_tracked([]), gc.is_tracked(1), gc.is_tracked("a"), gc.is_tracked({}), gc.is_tracked(C))
l = [1]; d = {"l": l}
print([x is d for x in gc.get_referrers(l) if isinstance(x, dict) and x is not globals()])
print(gc.get_referents([1, "a", l]))
