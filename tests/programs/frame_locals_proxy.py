# f_locals of a function's frame writes through to the variables (PEP 667).
import sys

def t(f):
    try:
        print(repr(f()))
    except BaseException as e:
        print(type(e).__name__, e)
def f(a, b=2):
    c = 3
    def inner(): return c
    fr = sys._getframe(); p = fr.f_locals; F = type(p)
    fr = None
    print(F, F.__module__)
    p2 = p
    t(lambda: p['a'])
    t(lambda: p['c'])
    t(lambda: p['zz'])
    t(lambda: p[5])
    t(lambda: 'a' in p)
    t(lambda: 'zz' in p)
    t(lambda: [] in p)
    p['a'] = 10; p['c'] = 30; p['new'] = 7; p[5] = 6
    print(a, c, inner(), 'new' in p, p['new'], p[5])
    t(lambda: p.pop('a'))
    t(lambda: p.pop('new'))
    t(lambda: p.pop('new'))
    t(lambda: p.pop('new', 8))
    t(lambda: p.__delitem__('a'))
    t(lambda: p.__delitem__('zz'))
    t(lambda: p.__delitem__(5))
    t(lambda: p.keys())
    t(lambda: type(p.items()))
    t(lambda: p.values()[:2])
    t(lambda: len(p))
    t(lambda: type(iter(p)))
    t(lambda: list(reversed(p)))
    t(lambda: p.get('a'))
    t(lambda: p.get('q', 1))
    t(lambda: p.setdefault('a', 3))
    t(lambda: p.setdefault('nn', 3))
    t(lambda: p.update({'b': 20}, ))
    t(lambda: p.update(b=30))
    t(lambda: p.update())
    t(lambda: p.update([('b', 40)])); print(b)
    t(lambda: type(p.copy()))
    t(lambda: type(p | {}))
    t(lambda: type({} | p))
    t(lambda: p | 5)
    t(lambda: p == p2)
    t(lambda: p == 5)
    t(lambda: p == dict(p))
    t(lambda: hash(p))
    t(lambda: p.clear())
    t(lambda: p.popitem())
    t(lambda: F())
    t(lambda: F(5)); 
    def z(): p.__ior__({'b': 50}); return b
    t(z)
    t(lambda: p == locals()); 
    x = locals(); x['a'] = 99; print(a, locals() is x)
f(1)
def g(q): 
    fr = sys._getframe()
    return fr
fr = g(3); print(fr.f_locals['q']); fr.f_locals['q'] = 4; print(fr.f_locals['q'])
def h(x):
    y = x; fr = sys._getframe(); del y; 
    print('y' in fr.f_locals, len(fr.f_locals)); fr.f_locals['y'] = 5; print(y); fr = 0
h(1)
def gen():
    x = 1
    yield
    print(x)
i = gen(); next(i); i.gi_frame.f_locals['x'] = 77; list(i)
