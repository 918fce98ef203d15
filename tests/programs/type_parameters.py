# Type parameters of functions and aliases, evaluated when first asked for.
def f[T](x: T) -> T:
    return x

print(f.__type_params__, f(3))

def g[X: int = str, **Q = [int], *Y = tuple[int]]():
    pass

for p in g.__type_params__:
    print(p, type(p), p.__default__, getattr(p, '__bound__', 0), p.has_default(), p.__name__)

def h[T: (int, str)]():
    pass

print(h.__type_params__[0].__constraints__, h.__type_params__[0].evaluate_constraints(1))
TypeVar = type(h.__type_params__[0])

def lazy[T: missing]():
    pass

try:
    lazy.__type_params__[0].__bound__
except NameError as e:
    print(e, e.name)
missing = list
print(lazy.__type_params__[0].__bound__)

type X = list[int]
print(X, X.__value__, X.__name__, X.__type_params__, X.__module__, X | None)
type Z[T] = list[T]
print(Z, Z.__value__, Z[int], Z.__type_params__, Z.__parameters__)
type R = dict[str, R]
print(R.__value__)
try:
    X[int]
except TypeError as e:
    print(e)

V = TypeVar('V', int, str)
print(repr(V), V.__constraints__, V.evaluate_constraints, V.evaluate_constraints(4), V.__module__)
V.note = 5
print(V.note, V.__reduce__(), V.__covariant__, V.__infer_variance__)
print(repr(TypeVar('C', covariant=True)), repr(TypeVar('D', contravariant=True)), repr(TypeVar('E', infer_variance=True)))
for bad in (lambda: TypeVar(), lambda: TypeVar(1), lambda: TypeVar('T', int), lambda: TypeVar('T', covariant=True, contravariant=True)):
    try:
        bad()
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
ParamSpec = type(g.__type_params__[1])
P = ParamSpec('P')
print(P, P.args, P.kwargs, P.args == P.args, P.args != P.args, P.args.__origin__ is P)
f.__type_params__ = (V,)
print(f.__type_params__)
