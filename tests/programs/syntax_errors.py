# What is said about source that does not parse, and where.


def show(source, mode="exec", flags=0):
    try:
        compile(source, "<text>", mode, flags, True)
        print(repr(source[:40]), "is fine")
    except SyntaxError as e:
        place = (e.lineno, e.offset, e.end_lineno, e.end_offset)
        print(f"{source[:60]!r}: {type(e).__name__}: {e.msg} {place} {e.text!r}"[:400])


for text in """
a b|x = (1 2)|f(a b)|[1, 2 3]|{1: 2 3}|print 1|exec "x"|print(a b)|if x = 3: pass|f() = 1|f() += 1|a + 1 = 2
None = 1|(a, 1) = 2|[a, f()] = 2|del f()|del (a, 1)|for 1 in x: pass|for f() in x: pass|with a as f(): pass
x: int: int|(a, b): int|[a]: int|a.b: int = 1|f(x for x in y, 1)|f(1, x for x in y)|f(a=1, 2)|f(**a, 2)|f(**a, *b)
f(a=)|f(1=2)|f(True=1)|f(a.b=1)|f(a=x for x in y)|f(*a=1)|f(**a=1)|{1:}|{1: *a}|{1, 2: 3}|{1: 2, 3}|{**a for a in b}
[*a for a in b]|[a, b for a in c]|(*a)|(**a)|*a|x = *a|lambda *: 1|lambda a=1, b: 1|lambda (a): 1|def f(a=1, b): pass
def f(a, /, b, /): pass|def f(/, a): pass|def f(*): pass|def f(*, **a): pass|def f(**a, b): pass|def f(a, *, *b): pass
def f((a, b)): pass|def f(a=): pass|def f(*a=1): pass|def f(**a=1): pass|def f(*a, b, /): pass|def f: pass|def f()
class A|class A(: pass|while 1|for x in y|with x|try|if 1|else: pass|x = 1 if 2|x = 1 if 2 else pass|pass if 1 else 2
import a from b|import|from a import|from a import b,|from a import (b, c|import a as b.c|from a import b as 1|from . import *, a
a = 1 +|a = (1 +|a = [1, 2|a = {1: 2|a = )|a = (1]|'abc|\"\"\"abc|b'\u00e9'|'a' b'b'|u'a' ub'a'|'\\x1'|'\\N{nothing}'|b'\\x1'
0777|0b12|0o8|0x|1_|1__0|1e|1.5a|1a|0_7|a$b|a?b|\u20ac = 1|a \\ b|1 <> 2|a := 1|(a.b := 1)|(1 := 2)|not 1 + not 2
raise a from|return = 1|assert|global|nonlocal|del|del x +|a, = |@|@a|async x|await|yield = 1|x = yield = 1
f'{'|f'{a'|f'{}'|f'{ }'|f'{!r}'|f'{a!}'|f'{a!x}'|f'{a! r}'|f'{a b}'|f'{a:{b}'|f'}'|f'{a)}'|f'{lambda x: 1}'|f'{a=!}'
f'{*}'|f'{a:{b:{c:{d}}}}'|f'{'a'|f'abc|f'''abc|t'{}'|t'a' 'b'|'a' t'b'|f'{a[}'|type A[] = 1|def f[](): pass
class A[*T: int]: pass|def f[**P: int](): pass|type A = |match x|match x:|try: pass|except: pass|elif x: pass
""".strip().replace("\n", "|").split("|"):
    show(text)

for text in [
    "if 1:\npass\n",
    "def f():\nreturn\n",
    "class A:\n",
    "for x in y:\n\nz",
    "while 1:\n# only this\n",
    "try:\n    pass\nx = 1\n",
    "try:\n    pass\nexcept A:\npass\n",
    "try:\n    pass\nexcept A:\n    pass\nexcept* B:\n    pass\n",
    "try:\n    pass\nexcept A, B as e:\n    pass\n",
    "try:\n    pass\nexcept* :\n    pass\n",
    "try:\n    pass\nfinally:\nx\n",
    "with a as b:\nx\n",
    "match x:\ncase 1: pass\n",
    "match x:\n    case 1:\n    pass\n",
    "match x:\n    case a.b as _: pass\n",
    "match x:\n    case a as b.c: pass\n",
    "match x:\n    case A(a=1, 2): pass\n",
    "match x:\n    case 1 + 2: pass\n",
    "match x:\n    case 1j + 2j: pass\n",
    "if a:\n    pass\nelse:\n    pass\nelif b:\n    pass\n",
    "  x = 1\n",
    "x = 1\n  y = 2\n",
    "if 1:\n    x\n  y\n",
    "if 1:\n        x\n\ty\n",
    "if 1:\n\tx\n        y\n",
    "a = (1,\n  2\nb = 3\n",
    "a = [1,\n  2)\n",
    "x = '''a\nb\n",
    "x = 'a\nb'\n",
    "x = 'a\\'\n",
    "x = f'''a{\nb\n'''\n",
    "x = (\n  a\n  b\n)\n",
    "def f(a,\n      b=1,\n      c):\n    pass\n",
    "foo(a,\n    b for b in c,\n    d)\n",
    "äöü = ß ß\n",
    "f('äöü', x y)\n",
    "x = 'äöü' 'é\\xz'\n",
    "\n\n\nx = = 1\n\n",
    "x = 1; y = = 2\n",
    "if x:\n  a = (\n",
    "\\\n",
    "x = \\",
]:
    show(text)

for text in ["1 +", "x = 1", "", "   ", "a b", "(", "f(x", "1; 2", "lambda", "'a", "x\n+", "yield 1", "  1", "1\n\n"]:
    show(text, "eval")
for text in ["1 +\n", "x = 1; y\n", "", "\n", "a b\n", "(\n", "if 1:\n    x\n", "if 1:\n    x", "x\ny\n", "x # c\n", "x\n# c\n"]:
    show(text, "single")
# Half of something, for an interactive prompt.
for text in ["(", "if 1:", "if 1:\n  x", "'''a", "'a", "a b", "x = \\", "for x in", "def f(", "f'{", "1 +", "]"]:
    show(text, "single", 0x200 | 0x4000)

# What the grammar allows and the compiler does not.
for text in """
return|yield|await x|async def f(): yield from x|break|continue|nonlocal x|def f(): nonlocal x|def f(a, a): pass
def f(a): global a|def f(): a = 1; global a|def f(): print(a); global a|class A: nonlocal a|async def f(): yield; return 1
[(x := 1) for x in y]|[1 for x in (y := z)]|class A: [(a := 1) for x in y]|def f(): [(yield) for x in y]|from a import *
def f(): from a import *|from __future__ import nothing|x; from __future__ import division|a, *b, *c = d|*a = b|__debug__ = 1
def f(__debug__): pass|f(a=1, a=2)|f(__debug__=1)|x: (yield)|def f() -> (yield): pass|type A = (yield)|class A[T, T]: pass
try: pass\nexcept: pass\nexcept A: pass|while 1:\n try: pass\n except* A: break|async with a: pass|async for a in b: pass
match x:\n case a: pass\n case b: pass|match x:\n case a | b: pass|match x:\n case [*a, *b]: pass|match x:\n case A(a=1, a=2): pass
match x:\n case {1: a, 1: b}: pass|match x:\n case [a, a]: pass|def f[T](): nonlocal T|lambda: (yield)|from __future__ import braces
""".strip().replace("\n", "|").split("|"):
    show(text.replace("\\n", "\n"))
