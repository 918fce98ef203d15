# The iterators' own classes, what they pickle as, length hints, reversed(), generic aliases of builtin classes.
def t(src, **ns):
    try:
        lines = src.strip().split("\n")
        exec("\n".join(lines[:-1]), globals(), ns)
        r = eval(lines[-1], {**globals(), **ns}, ns)
        print(src.replace("\n", " ; "), "=>", repr(r))
    except BaseException as e:
        print(src.replace("\n", " ; "), "!!", type(e).__name__, e)


class S:
    def __init__(self, x): self.x = x
    def __len__(self): return len(self.x)
    def __getitem__(self, i): return self.x[i]
class RV:
    def __reversed__(self): return 'rv'
class NoRV(list):
    __reversed__ = None
class E2(enumerate): pass
def r(it):
    try:
        a = it.__reduce__()
        shown = [x.__name__ if isinstance(x, type) else [type(y).__name__ if "at 0x" in repr(y) else y for y in x]
                 if isinstance(x, tuple) else x for x in a]
        print(type(it).__name__, shown)
    except BaseException as e: print(type(it).__name__, type(e).__name__, e)
for it in [iter([1,2,3].pop, 1), iter([1,2]), iter((1,2)), iter('ab'), iter('é'), iter(b'ab'), iter(range(3)), iter(range(2**70, 2**70+5)), iter({1:2}), iter({1:2}.values()), iter({1:2}.items()), iter({1}), reversed([1,2]), reversed((1,2)), reversed(range(3)), reversed({1:2}), reversed({1:2}.values()), reversed({1:2}.items()), enumerate([1]), enumerate([1], 2**70), zip([1],[2]), zip([1],[2],strict=True), map(abs,[1]), map(abs, [1], strict=True), filter(None,[1]), reversed(S([1,2])), iter(S([1]))]:
    print(type(it).__name__, hasattr(it,'__length_hint__') and it.__length_hint__(), hasattr(it,'__setstate__'), hasattr(it,'__reduce__'))
    r(it)
    l = list(it); print([x if type(x) is not type else x for x in l] if l != [0] else l)
    r(it)
    try: next(it); print('?')
    except StopIteration: print('stop')
    try: print(it.__length_hint__())
    except BaseException as e: print(type(e), e)
t("list(reversed(S([1,2,3])))")
t("reversed(RV())")
t("reversed(NoRV())")
t("reversed({1,2})")
t("reversed(iter([1]))")
t("type(reversed('abc'))")
t("type(reversed([1]))")
t("type(iter(int,0))")
t("type(iter(range(2**70)))")
t("list(zip([1],[1,2],strict=True))")
t("list(zip([1,2],[1],strict=True))")
t("list(map(lambda *a:a,[1,2],[1],[3],strict=True))")
t("list(map(lambda *a:a,[1,2],[1,2],[3],strict=True))")
t("zip(1)")
t("zip([1], 2)")
t("map(abs)")
t("map()")
t("filter(None)")
t("filter(None, 1)")
t("enumerate()")
t("enumerate([], 1, 2)")
t("enumerate([], 'a')")
t("enumerate(iterable=[1], start=5).__next__()")
t("enumerate(start=5)")
t("enumerate([1], foo=5)")
t("list(E2([1,2], 3))")
t("list(enumerate('ab', 2**63-1))")
t("list(enumerate('ab', 2**80))")
t("it=iter([1,2,3])\nit.__setstate__(1)\nlist(it)")
t("it=iter([1,2,3])\nit.__setstate__(10)\nlist(it)")
t("it=iter([1,2,3])\nit.__setstate__(-5)\nlist(it)")
t("it=iter((1,2,3))\nit.__setstate__(2)\nlist(it)")
t("it=iter('abc')\nit.__setstate__(2)\nlist(it)")
t("it=iter('aéc')\nit.__setstate__(2)\nlist(it)")
t("it=iter(b'abc')\nit.__setstate__(2)\nlist(it)")
t("it=iter(range(10))\nit.__setstate__(2)\nlist(it)")
t("it=iter(range(2**70,2**70+5))\nit.__setstate__(2)\nlist(it)")
t("it=reversed([1,2,3])\nit.__setstate__(1)\nlist(it)")
t("it=reversed((1,2,3))\nit.__setstate__(1)\nlist(it)")
t("it=zip([1],[2])\nit.__setstate__(1)\nlist(it)")
t("it=iter([1,2,3])\nit.__setstate__('a')\nlist(it)")
t("it=iter([1,2,3])\nnext(it)\nit.__length_hint__()")
t("it=iter('aéb')\nnext(it)\nnext(it)\n(it.__length_hint__(), it.__reduce__()[1:])")
import operator
class LH:
    def __init__(self, r): self.r = r
    def __iter__(self): return iter([1,2])
    def __length_hint__(self): 
        if isinstance(self.r, Exception): raise self.r
        return self.r
t("operator.length_hint(LH(5))")
t("operator.length_hint(LH(-5))")
t("operator.length_hint(LH('a'))")
t("operator.length_hint(LH(NotImplemented), 7)")
t("list(LH(-1))")
t("list(LH('a'))")
t("list(LH(2**70))")
t("list(LH(TypeError('x')))")
t("list(LH(ValueError('x')))")
t("list(LH(NotImplemented))")
t("tuple(LH(ValueError('x')))")
t("sorted(LH(ValueError('x')))")
class L2(LH):
    def __len__(self): raise ValueError('len')
t("list(L2(1))")
t("tuple(L2(1))")
t("[*L2(1)]")
t("(*L2(1),)")
t("a,b = L2(1)\n(a,b)")
t("list(LH(KeyError('x')))")
t("[].extend(LH(KeyError('x')))")
# exhausted for good
l=[1,2]; it=iter(l); list(it); l.append(3); print(list(it))
d={1:1}; it=iter(d); list(it); d[2]=1; print(list(it))
class Seq:
    n=0
    def __getitem__(self,i):
        if i<self.n: return i
        raise IndexError
s=Seq(); it=iter(s); print(list(it)); s.n=5; print(list(it))
x=[0]
def f(): x[0]+=1; return x[0]
it=iter(f,3); print(list(it)); print(list(it), x)
def g():
    raise StopIteration
print(list(iter(g, 1)))
print(next(iter(g,1), 5))
t("iter(1,2)")
t("iter(1)")
t("next(1)")
t("next([])")
t("sum(iter([]), start=3)")
m = map(lambda a: 1/a, [1,0,2])
print(next(m))
try: next(m)
except ZeroDivisionError as e: print(e)
print(list(m))
class Z2(zip): pass
print(list(Z2([1],[2])), type(Z2()).__name__)
class M2(map):
    def __next__(self): return 'x'
print(next(M2(abs,[1])))
t("enumerate.__class_getitem__(int)")
t("enumerate[int]")
t("list[int]")
t("reversed[int]")
t("map[int]")
t("zip[int]")
t("filter[int]")
t("dict.__class_getitem__((int,str))")
t("type(iter([]))[int]")
t("slice[int]")
t("range[int]")
t("staticmethod[int]")
t("property[int]")
t("type(x for x in [])[int]")
t("{}.keys()[0]")
t("type({}.keys())[int]")
t("type(int.__dict__)[int]")
