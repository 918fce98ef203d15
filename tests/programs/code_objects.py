# Attributes and methods of code objects.
def f(a, /, b, *args, c=1, **kw):
    x = [i for i in a if i]
    def g():
        return x, a
    for q in b:
        if q:
            print(q)
    while c:
        c -= 1
    return g

code = f.__code__
for name in """co_argcount co_branches co_cellvars co_code co_exceptiontable co_firstlineno co_flags co_freevars
        co_kwonlyargcount co_lines co_linetable co_name co_names co_nlocals co_positions co_posonlyargcount
        co_qualname co_stacksize co_varnames""".split():
    v = getattr(code, name)
    print(name, list(v()) if callable(v) else v)
print(code == code.replace(), hash(code) == hash(code.replace()), code.replace(co_name="x").co_name)
print(code == code.replace(co_name="x"), code == code.replace(co_filename="x"), code != code.replace(), code == 1)
for changes in [dict(co_nlocals=3), dict(foo=1), dict(co_code=3), dict(co_names=(1,)), dict(co_argcount=-1),
                dict(co_filename=3), dict(co_code=b"abc"), dict(co_varnames=("a",))]:
    try:
        code.replace(**changes)
    except Exception as e:
        print(type(e).__name__, e)
def one(): return 1
def same(): return 1
same = same.__code__.replace(co_name="one", co_firstlineno=one.__code__.co_firstlineno)
print(same == one.__code__, same == one.__code__.replace(co_consts=(1.0,)))
one.__code__ = one.__code__.replace(co_name="two", co_qualname="mod.two")
print(one(), one.__code__.co_name, one.__code__.co_qualname, one.__name__)
print([code._varname_from_oparg(i) for i in range(4)])
