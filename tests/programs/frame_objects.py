import sys
def f(a, b=2):
    c = 3
    fr = sys._getframe()
    print(fr is sys._getframe(), fr.f_lineno, fr.f_code.co_name, sorted(locals()), fr.f_back.f_code.co_name)
    def g():
        return c + a
    print(sorted(locals()))
    return fr
fr = f(1)
fr.clear()
print(dict(fr.f_locals))
def err():
    x = 5
    1/0
def mid():
    y = 6
    err()
try:
    mid()
except ZeroDivisionError as e:
    tb = e.__traceback__
while tb:
    print(tb.tb_lineno, tb.tb_frame.f_code.co_name, tb.tb_frame.f_lineno, tb.tb_lasti, tb.tb_frame.f_lasti, [k for k in tb.tb_frame.f_locals if k in 'xy'])
    last = tb
    tb = tb.tb_next
print(last.tb_frame.f_back.f_code.co_name, last.tb_frame.f_back.f_locals)
last.tb_next = None
try: last.tb_next = last
except ValueError as e: print(e)
try: last.tb_next = 1
except TypeError as e: print(e)
def gen():
    z = 1
    yield sys._getframe()
    z = 2
    yield z
g = gen()
print(g.gi_frame.f_lineno, g.gi_frame.f_lasti, g.gi_frame.f_locals, g.gi_frame.f_back)
fg = next(g)
print(fg is g.gi_frame, fg.f_lineno, fg.f_lasti, fg.f_locals, fg.f_generator is g, fg.f_back)
next(g)
print(fg.f_locals, fg.f_lineno)
try: fg.clear()
except RuntimeError as e: print(e)
list(g)
print(g.gi_frame, fg.f_locals, fg.f_generator, fg.f_lineno)
try: sys._getframe().clear()
except RuntimeError as e: print(e)
try: sys._getframe(100)
except ValueError as e: print(e)
print(sys._getframemodulename(), sys._getframe().f_locals is globals(), locals() is globals())
print([(i, sorted(locals())) for i in range(1)][0][1][:3] == sorted(globals())[:3])
def lc():
    q = 1
    return [locals() for i in range(1)]
print(lc())
def outer():
    v = 1
    def inner():
        nonlocal v
        v += 1
        return sys._getframe().f_locals
    return inner()
print(outer())
def recurse(n):
    if n == 0: raise KeyError(n)
    recurse(n-1)
