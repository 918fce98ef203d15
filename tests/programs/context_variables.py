# _contextvars and _abc.
import _contextvars as cv
import _abc

v = cv.ContextVar("v")
w = cv.ContextVar("w", default=3)


def show(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, str(e).split(" at ")[0])


show(v.get)
print(v.get(7), w.get(), v.name)
token = v.set(1)
ctx = cv.copy_context()
print(len(ctx), v in ctx, w in ctx, ctx[v], ctx.get(w), list(ctx) == [v], list(ctx.values()))


def inside():
    v.set(9)
    w.set(8)
    return v.get(), w.get()


print(ctx.run(inside), v.get(), w.get(), ctx[v], ctx[w])
show(ctx.run, ctx.run, inside)
print(token.old_value is cv.Token.MISSING, cv.Token.MISSING, token.var is v)
show(w.reset, token)
show(ctx.run, v.reset, token)
v.reset(token)
show(v.get)
show(v.reset, token)
show(v.reset, 1)
show(cv.Token)
show(cv.ContextVar, 1)
show(cv.ContextVar)
show(ctx.__getitem__, 1)
print(cv.Context() == cv.Context(), ctx == ctx.copy(), ctx == 1)
with v.set(5):
    print(v.get())
print(v.get("gone"))
show(ctx.run, lambda: 1 / 0)


class Meta(type):
    def __new__(m, name, bases, ns):
        cls = super().__new__(m, name, bases, ns)
        _abc._abc_init(cls)
        return cls

    def register(cls, sub):
        return _abc._abc_register(cls, sub)

    def __instancecheck__(cls, o):
        return _abc._abc_instancecheck(cls, o)

    def __subclasscheck__(cls, c):
        return _abc._abc_subclasscheck(cls, c)


def abstract(f):
    f.__isabstractmethod__ = True
    return f


class Base(metaclass=Meta):
    @abstract
    def area(self): ...

    @abstract
    def name(self): ...


class Half(Base):
    def area(self):
        return 1


class Full(Half):
    def name(self):
        return "full"


print(sorted(Base.__abstractmethods__), sorted(Half.__abstractmethods__), sorted(Full.__abstractmethods__))
show(Base)
show(Half)
print(Full().area(), isinstance(Full(), Base), isinstance(3, Base))
before = _abc.get_cache_token()
Base.register(int)
print(isinstance(3, Base), issubclass(bool, Base), isinstance("s", Base), _abc.get_cache_token() - before)


class Hooked(metaclass=Meta):
    @classmethod
    def __subclasshook__(cls, c):
        return True if hasattr(c, "quack") else NotImplemented


class Duck:
    def quack(self): ...


print(isinstance(Duck(), Hooked), issubclass(int, Hooked))
show(Half.register, Base)
show(Base.register, 1)
