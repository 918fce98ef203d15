# compile(), exec() and eval(): sources, scopes, arguments.
print(eval("1+2"), eval(b"3*4"), eval("  \t5"))
g = {}
exec("x = 1\ndef f(): return x\ny = f()", g)
print(sorted(k for k in g if k != "__builtins__"), g["y"], "__builtins__" in g)

def h():
    a = 1
    b = 2
    def k():
        return b
    print(locals() == {"a": 1, "b": 2, "k": k})
    exec("c = a + b")
    print(eval("a + b"), "c" in locals())
    return k

k = h()

class Names:
    def __init__(self):
        self.log = []
    def __getitem__(self, name):
        self.log.append(name)
        if name == "there":
            return 7
        raise KeyError(name)
    def __setitem__(self, name, value):
        self.log.append((name, value))
    def __delitem__(self, name):
        self.log.append("del " + name)

names = Names()
exec("a = there + len('xy')\ndel b", {}, names)
print(names.log)
for args in [("x",), ("x", "f", "bad"), ("x", 1, "exec"), ("x", "f", 3), ("x", "f", "exec", 1 << 3),
             ("x", "f", "exec", 0, 0, 5), (1, "f", "exec")]:
    try:
        compile(*args)
    except Exception as e:
        print(type(e).__name__, e)
for args in [("x", 1), ("x", {}, 1), (1,), (k.__code__,)]:
    for run in (eval, exec):
        try:
            run(*args)
        except Exception as e:
            print(run.__name__, type(e).__name__, e)
exec(compile("1+1\n", "f", "single"))
exec("a=1\r\nb=2\rc=3")
print(a, b, c)
print(compile(b"# coding: latin-1\nx = '\xe9'", "f", "exec").co_consts)
for source in [b"x = '\xe9'", b"\xef\xbb\xbfx=1", b"\xef\xbb\xbf# coding: latin-1\n", b"\n\n\nx = '\xe9'", b"a\0",
               "a\0"]:
    try:
        print(compile(source, "f", "exec").co_names)
    except SyntaxError as e:
        print(type(e).__name__, e.args)
print(compile("from __future__ import annotations", "f", "exec").co_flags & 0x1000000 != 0)
print(eval(compile("x", "f", "eval"), {"x": 3}))
print(compile("assert 0", "f", "exec", optimize=1).co_code == compile("", "f", "exec").co_code)
try:
    exec("del x", {})
except NameError as e:
    print(e)
