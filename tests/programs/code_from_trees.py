# Code from syntax trees: the same as from their source; what is wrong with a tree.
import _ast
src='def deco(f): return f\n@deco\n@deco\ndef f(a, /, b=1, *c, d=2, **g):\n    """doc"""\n    x = [i for i in range(a) if i]\n    y = f\'{a!r:>{b}} {x}\'\n    if a: z = 1\n    elif b: z = 2\n    else: z = 3\n    try:\n        for i, j in []: pass\n        else: z += 1\n    except (ValueError, TypeError) as e: raise\n    finally: z -= 1\n    return lambda q: q + z\nclass C(object, metaclass=type):\n    attr: int = 1\n    def m(self): return super().m()\nmatch 1:\n    case 1 | 2: pass\n    case [a, *_]: pass\n    case {\'k\': v}: pass\n    case int(real=3): pass\n    case _: pass\nfrom sys import version as v\nprint(f(3)(1), v is not None, (1,2,3) == (1,2,3), {1:2, **{3:4}}, [*range(3)], 1 < 2 < 3, not 1, -2, b\'x\', 1.5, ...)\n'
t=compile(src,'f','exec',1024)
c=compile(t,'f','exec')
c2=compile(src,'f','exec')
def cmp(a,b):
    if a.co_code!=b.co_code: print('code differs', a.co_name, a.co_firstlineno)
    if a.co_linetable!=b.co_linetable: print('linetable differs', a.co_name, list(a.co_positions())[:0])
    if a.co_consts!=b.co_consts:
        for x,y in zip(a.co_consts,b.co_consts):
            if hasattr(x,'co_code'): cmp(x,y)
            elif x!=y: print('const',x,y)
    if a.co_names!=b.co_names or a.co_varnames!=b.co_varnames or a.co_exceptiontable!=b.co_exceptiontable: print('names differ',a.co_name)
cmp(c,c2)
exec(c,{'__name__':'x'})
def t(f):
    try: print(f())
    except Exception as e: print(type(e).__name__, e)
A=_ast
def loc(n):
    n.lineno=n.end_lineno=1; n.col_offset=n.end_col_offset=0
    for f in n._fields:
        v=getattr(n,f,None)
        if isinstance(v,A.AST): loc(v)
        elif isinstance(v,list): [loc(x) for x in v if isinstance(x,A.AST)]
    return n
t(lambda: eval(compile(loc(A.Expression(A.BinOp(A.Constant(2),A.Add(),A.Constant(40)))),'f','eval')))
t(lambda: compile(A.Module([A.Expr(A.Name('x','y'))],[]),'f','exec'))
t(lambda: compile(loc(A.Module([A.Expr(A.Name('x',A.Store()))],[])),'f','exec'))
t(lambda: compile(loc(A.Module([A.If(A.Constant(1),[])],[])),'f','exec'))
t(lambda: compile(loc(A.Module(A.Constant(1),[])),'f','exec'))
t(lambda: compile(loc(A.Module([A.Constant(1)],[])),'f','exec'))
t(lambda: compile(A.Module([None],[]),'f','exec'))
t(lambda: compile(loc(A.Expression(A.Constant([]))),'f','eval'))
t(lambda: compile(loc(A.Expression(A.BoolOp(A.And(),[]))),'f','eval'))
t(lambda: compile(A.Load(),'f','eval'))
t(lambda: A.Name('a', A.Load(), 3))
t(lambda: A.Name('a', id=3))
t(lambda: sorted(A.FunctionDef('x',A.arguments()).__dict__))
t(lambda: sorted(A.Name('a').__replace__(id='b').__dict__.items(), key=lambda p: p[0]))
t(lambda: A.Name('a').__replace__(foo='b'))
t(lambda: A.Name('a').__reduce__())
t(lambda: compile('a+b*[1,2,"x"]','f','exec',1024))
t(lambda: A.FunctionDef._field_types)
for k in ('stmt','expr_context','arguments','pattern','operator'): print(getattr(A,k).__doc__)
