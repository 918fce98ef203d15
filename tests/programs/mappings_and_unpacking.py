# Mappings of any kind in dicts and calls, unpacking, slices, and what each says when it cannot.
def t(src, **ns):
    try:
        lines = src.strip().split("\n")
        exec("\n".join(lines[:-1]), globals(), ns)
        r = eval(lines[-1], {**globals(), **ns}, ns)
        print(src.replace("\n", " ; "), "=>", repr(r))
    except BaseException as e:
        print(src.replace("\n", " ; "), "!!", type(e).__name__, e)


class M:
    def __init__(self, d): self.d = d
    def keys(self): return self.d.keys()
    def __getitem__(self, k): return self.d[k]
class BadK:
    def keys(self): return 5
    def __getitem__(self, k): return 1
class NoGet:
    def keys(self): return ['a']
class DK(dict):
    def keys(self): return ['z']
    def __getitem__(self, k): return 'got'+k
class DG(dict):
    def __getitem__(self, k): return 'got'
class DI(dict):
    def __iter__(self): return iter(['it'])
    def __getitem__(self, k): return 'got'+str(k)
def f(*a, **k): return a, k
t("dict(M({'a':1}))")
t("d={}\nd.update(M({'a':1}))\nd")
t("d={}\nd.update(M({'a':1}), b=2)\nd")
t("f(**M({'a':1}))")
t("{**M({'a':1})}")
t("dict(BadK())")
t("f(**BadK())")
t("{**BadK()}")
t("dict(NoGet())")
t("f(**NoGet())")
t("{**NoGet()}")
t("dict(5)")
t("dict([5])")
t("dict([(1,)])")
t("dict([(1,2,3)])")
t("dict(['ab', 'cd'])")
t("dict([1,2], a=3)")
t("dict(1,2)")
t("{}.update(1,2)")
t("{}.update(5)")
t("{}.update([[]])")
t("f(**5)")
t("f(**[1])")
t("f(**None)")
t("{**5}")
t("{**[1]}")
t("f(**{1:2})")
t("f(**{'a':1}, **{'a':2})")
t("f(a=1, **{'a':2})")
t("f(a=1, **M({'a':2}))")
t("f(**{'a':1}, **M({1:2}))")
t("f(**DK(a=1))")
t("dict(DK(a=1))")
t("{**DK(a=1)}")
t("dict(DG(a=1))")
t("{**DG(a=1)}")
t("f(**DG(a=1))")
t("dict(DI(a=1))")
t("d=DG(a=1)\nd.copy()")
t("{}|DK(a=1)")
t("DK(a=1)|{}")
t("d={}\nd|=M({'a':1})\nd")
t("d={}\nd|=[(1,2)]\nd")
t("d={}\nd|=5\nd")
t("{}|[(1,2)]")
t("{}.__or__([(1,2)])")
t("{}.__ior__([(1,2)])")
t("{}.__ror__({1:2})")
t("[].__ror__")
t("type({}|{})")
t("type(DG()|DG())")
t("{1:2}.keys().mapping")
t("{1:2}.items().mapping[1]")
t("type({1:2}.values().mapping)")
t("{}.keys() == {}.keys()")
t("dict.fromkeys('ab')")
t("dict.fromkeys([1,2], [])")
t("DG.fromkeys('ab')")
t("dict.fromkeys(5)")
t("dict.fromkeys()")
t("dict.fromkeys([[]])")
t("{}.popitem()")
t("{1:2}.popitem()")
t("{}.pop()")
t("{}.pop(1)")
t("{}.pop(1,2)")
t("{1:1}.pop([])")
t("{}.pop([])")
t("{}.get([])")
t("{}.setdefault([])")
t("{}[[]]")
t("{[]:1}")
t("[] in {}")
t("{1}|{[]}")
t("hash({})")
t("{} < {}")
t("{1:2} == {1:2.0}")
t("{1:2} == 5")
t("{}.__eq__(5)")
t("{}.__lt__({})")
t("{}.__contains__(1)")
t("{1:2}.__getitem__(5)")
t("{}.__class_getitem__(int)")
t("dict.__init__({}, 1, 2)")
t("dict.__new__()")
t("dict.__new__(int)")
t("repr({1:{}})")
t("dict(a=1)|dict(b=2)")
t("{}.get()")
t("{}.get(1,2,3)")
t("{}.keys(1)")
t("{}.items(a=1)")
t("{}.copy(1)")
t("len({}.keys() , 1)")
t("sorted({1:2,3:4}.items() - [(1,2)])")
class SK(str):
    def __hash__(self): return hash('a')
    def __eq__(self, o): return str(o) in ('a', 'b')
t("{'a':1}[SK('b')]")
t("{SK('b'):1}.get('a')")
t("{SK('b'):1}['a']")
t("d={SK('x'):1}\nd['a']=2\nd")
t("'a' in {SK('q'):1}")
t("{'a':1}.get(SK('zz'))")
class EQ:
    def __init__(self, n): self.n=n
    def __hash__(self): return 1
    def __eq__(self, o):
        raise ValueError('eq')
t("d={EQ(1):1}\nd[EQ(2)]")
t("d={1:1}\nd[EQ(2)]")
t("{1:EQ(1)}=={1:2}")
class Ms(dict):
    def __missing__(self, k): return 'miss'+k
t("Ms()['a']")
t("Ms().get('a')")
t("d=Ms()\ndict.__getitem__(d,'a')")
# unpack
def u(n, x):
    if n==0: 
        () = x; return ()
    if n==2: 
        a,b = x; return a,b
    if n==3: 
        a,b,c = x; return a,b,c
    if n=='s1':
        a,*b = x; return a,b
    if n=='s2':
        a,*b,c = x; return a,b,c
    if n=='s3':
        a,b,*c,d = x; return a,b,c,d
    if n=='s0':
        *a, = x; return a
for n in [0,2,3,'s0','s1','s2','s3']:
    for x in ['', 'a', 'ab', 'abcd', [1,2], (1,), {1:2,3:4}, 5, None, range(1), iter([1,2,3]), range(4), {1}, iter([])]:
        t("u(n,x)", n=n, x=x)
class It:
    def __iter__(self): raise KeyError('k')
class It2:
    def __iter__(self): return 5
class It3:
    __iter__ = None
class It4:
    def __getitem__(self, i):
        if i<2: return i
        raise IndexError
class It5:
    def __iter__(self):
        yield 1
        raise ZeroDivisionError('z')
for x in [It(), It2(), It3(), It4(), It5()]:
    for s in ["u(2,x)","u('s1',x)","[*x]","{*x}","(*x,)","f(*x)","list(x)","x in x","1 in x","max(x)","set(x)","[].extend(x)", "dict(x)", "'%s' % (x,) and 1", "a=[]\na+=x", "a=[]\na[:]=x"]:
        t(s.replace("a=[]\na+=x", "a=[]\na.__iadd__(x)").replace("a=[]\na[:]=x","a=[]\na.__setitem__(slice(None), x)"), x=x)
def aug(x):
    a=[0]
    try: a+=x
    except Exception as e: print(type(e).__name__, e)
    return a
for x in [It(), It2(), It3(), It4(), It5(), 5, 'ab', {1:2}]: t("aug(x)",x=x)
def ext(x):
    a=[0]
    try: a.extend(x)
    except Exception as e: print(type(e).__name__, e)
    return a
for x in [It5(), 5]: t("ext(x)",x=x)
t("f(*5)")
t("f(*None)")
t("f(1,*5)")
t("[*5]")
t("{*5}")
t("(*5,)")
t("print(*5)")
t("len(*5)")
class I:
    def __init__(self, n): self.n=n
    def __index__(self): return self.n
L = [0,1,2,3,4,5]
for s in ["L[I(1)]","L[I(1):I(3)]","L[I(-2):]","L[::I(2)]","L[1.0]","L['a']","L[1.0:]","L[:'a']","L[::0]","L[2**70]","L[2**70:]","L[-2**70:2**70]","L[::2**70]","L[::-2**70]","L[I('a')]", "L[None]", "L[99]","L[-99]","tuple(L)[I(1)]","tuple(L)[1.0]","tuple(L)[I(1):I(3)]","tuple(L)[99]","'abc'[I(1)]","'abc'[99]","b'abc'[99]","b'abc'[I(1)]","range(5)[I(1)]","range(5)[1.0]","range(5)[99]","range(5)[I(1):I(3)]","L.index(I(3))","L.index(3,I(1),I(5))","L.index(3,I(4))","L.index(3,-2)","L.index(3,0,-2)","L.index(3,1.0)","tuple(L).index(3,I(1))","L.index(2**70)","L.index(1,2**70)","L.index(1,-2**70, 2**70)", "L.insert(1.0, 2)","L.insert('a',2)","L.pop(1.0)","L.pop('a')","L.pop(99)","[].pop()","L*I(2)","I(2)*L","L*1.0","L*'a'","L*None","'a'*I(2)","L+5","L+(1,)","(1,)+[1]","()*2**70","[1]*2**62","[1]*2**70","[1]*-5",  "L.__add__(5)", "L.__rmul__(2)","L.count(I(1))","L.remove(99)","().index(1)","[].index(1)","L.sort(1)","L.sort(foo=1)","[1,'a'].sort()","L.copy(1)","L.reverse(1)","L.append()","L.append(1,2)","L.extend(1)","L.insert(1)","L.clear(1)","list(1)","list(1,2)","list(a=1)","tuple(1)","tuple(1,2)","tuple(a=1)","list.__new__(tuple)","tuple.__new__(list)","tuple.__new__(5)","tuple.__new__()","list.append(5,1)","list.append()","tuple.count(5,1)", "[1,2]<[1,'a']","[1]<(1,)","(1,)<[1]","[1].__lt__((1,))","[1].__lt__([2])","().__eq__([])","(1,2).__hash__()==hash((1,2))","hash(([],))","[].__hash__","del_slice()","L[0:0:0]"]:
    t(s, L=list(L), I=I)
def dl(s):
    l = list(range(10))
    exec(s, {'l':l,'I':I,'It4':It4,'It5':It5})
    return l
for s in ["del l[::2]","del l[::-2]","del l[5:1:-1]","del l[1:1]","del l[I(2)]","del l[99]","del l['a']","del l[1.0]","del l[1.0:]","l[2:4]=It4()","l[::2]='abcde'","l[::2]='abc'","l[::-3]=[1]","l[5:2]='xyz'","l[:]=l","l[::-1]=l","l[1:3]=5","l[::2]=5","l[2:]=It5()","l[I(1):I(2)]=()","l[99]=1","l['a']=1","l[1.0]=1","l[None]=1","l[2**70]=1","l[::0]=[]","del l[::0]","l[3:3]=iter([7,8])","l[-99:99]=range(2)","l[::2**70]=[5]","l[2::-1]=()", "del l[2**70:]", "l[5:3:1]=[1]","l[5:3:2]=[]","l[5:3:2]=[1]"]: t("dl(s)", s=s)
def mut():
    l=[3,1,2]
    def key(x): l.append(9); return x
    try: l.sort(key=key)
    finally: print(l)
t("mut()")
def mut2():
    l=[3,1,2]
    class C:
        def __init__(s,x): s.x=x
        def __lt__(s,o): l.clear(); return s.x<o.x
    l[:] = map(C,l)
    l.sort()
    return len(l)
t("mut2()")
class T(tuple):
    def __new__(cls, *a): return super().__new__(cls, a)
t("T(1,2)")
t("type(T(1,2)+(3,))")
t("type(T(1,2)[:])")
t("type(tuple(T(1)))")
t("T(1,2)==(1,2)")
t("hash(T(1,2))==hash((1,2))")
t("(1,2)==T(1,2)")
class TL(list):
    def __init__(self, *a): super().__init__(a)
    def __eq__(self, o): return 'eq'
    def __len__(self): return 99
    def __iter__(self): return iter('iter')
t("TL(1,2)")
t("[1,2]==TL(1,2)")
t("[]+TL(1,2)")
t("[*TL(1,2)]")
t("list(TL(1,2))")
t("tuple(TL(1,2))")
t("a,b,c,d=TL(1)\na")
t("len(TL())")
t("l=[]\nl.extend(TL(1,2))\nl")
t("l=[]\nl+=TL(1,2)\nl")
t("l=[1]\nl[:]=TL(1,2)\nl")
t("sorted(TL(3,2))")
t("(lambda *a:a)(*TL(1,2))")
t("[1]==[1.0]")
t("[float('nan')]==[1]")
t("x=float('nan')\n[x]==[x]")
t("x=float('nan')\nx in [x]")
t("x=float('nan')\n[x].index(x)")
t("x=float('nan')\n(x,)<(x,)")
t("l=[]\nl.append(l)\nl==l")
t("l=[]\nl.append(l)\nrepr(l)")
t("l=[]\nt_=(l,)\nl.append(t_)\nrepr(t_)")
