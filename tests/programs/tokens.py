# The tokenizer, errors included.
import _tokenize
def run(src):
    ls=iter(src.splitlines(True))
    out=[]
    try:
        for t in _tokenize.TokenizerIter(ls.__next__, extra_tokens=True):
            out.append(t)
            print(t)
    except SyntaxError as e:
        print(type(e).__name__, e.args)
src='''def f(a, *b):
    # comment
    if a: # c
        return f"x{a!r:>{b}}y{{z}}" + """q
r"""

    x = (1,

       2) ; y = \\
   3
# end
class é: pass
'''
for s in (src,"x = 1","if 1:\n  x\n","","#c","f'''a\n{b}\nc''' t'{x}'\n"," x\n","(\n","x = (1,\n 2\n\n","'abc\n","'''abc\n","x = $\n","if 1:\n    x\n  y\n","0x\n", "a\n\n\n", "a\n  # c\nb","x\r\ny\r\n", "\\\n", "f'{x'\n", "a)\n", "1_\n", "f'{a:{{}}}'\n","a = 'x\\\ny'\n", "\tif x:\n\t\ty\n","f'{x!r:{y}} {{}}'","rb'x' Rb'y' F'{a=}'","1if 2else 3\n","0777\n","1e5 1.5j .5 1_000\n","a!=b;c->d:=e\n","f'{a:\n}'\n","f'''{a:\n}'''\n","x = 5 \\\n + 6\n","(]\n","def f():\n  pass\n # c\n  x\n","€\n","x=\x07\n","f'a}'\n","'\\N{DASH}' f'\\N{DASH}{x}'\n","if x:\n  y\n\n\nz", "é = 'é'; x\n", "f'{lambda x: 1}'\n", "f'{(lambda x: 1)}'\n", "f'{a:%Y-%m}'\n", "0b12\n", "0_7\n", "1__0\n","1.e\n","1e+\n","async def x(): await y\n", "'''a\nb''' + x\n", "f'x\n", "f'''x\n"):
    print('----',repr(s)); run(s)
