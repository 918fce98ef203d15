d={1:'a',2:'b',3:'c'}
k,v,i=d.keys(),d.values(),d.items()
print(k,v,i,len(k),len(v),len(i))
print(type(iter(k)).__name__,type(iter(v)).__name__,type(iter(i)).__name__,type(iter(d)).__name__)
print(type(reversed(k)).__name__,type(reversed(v)).__name__,type(reversed(i)).__name__,type(reversed(d)).__name__)
print(list(reversed(d)),list(reversed(v)),list(reversed(i)))
print(k|[5], k&[1,9], k-[1], k^[1,7], [1,2]&k if False else '')
print(len(i&[(1,"a")]), len(i|{(9,9)}), len(i-[(1,"a"),(2,"z")]), len(i^[(1,"a")]))
print({1,5}|k, {1,5}&k, {1,5}-k, {1,5}^k)
print(k=={1,2,3}, k<={1,2,3,4}, k<{1,2,3}, k>{1}, k>=k, k!={1}, {1,2,3}==k, {1}<k)
print(k.isdisjoint([7]), k.isdisjoint([1]), i.isdisjoint([(1,'a')]), k.isdisjoint(k), {}.keys().isdisjoint({}.keys()))
print(1 in k, 'a' in v, (1,'a') in i, (1,'b') in i, 1 in i)
try: hash(k)
except TypeError as e: print(e)
try:
    for x in d: d[x+10]=1
except RuntimeError as e: print(e)
d={0:0}
try:
    for x in d: del d[x]; d[x+1]=1
except RuntimeError as e: print(e)
it=iter({1:1,2:2}); print(it.__length_hint__(), next(it), it.__length_hint__(), it.__reduce__())
class D(dict):
    def __missing__(self,k): return k*2
d=D(a=1); print(d['a'],d['b'],d, type(d.copy()).__name__, type(d|{}).__name__, D.fromkeys([1]).__class__.__name__)
class L(list): pass
l=L([3,1,2]); print(l, l+[1], type(l+l).__name__, type(l[:]).__name__, sorted(l), l==[3,1,2], l*2)
class S(set): pass
s=S([1,2]); print(s, s|{3}, type(s|s).__name__, type(s.copy()).__name__, s=={1,2}, repr(S()))
class F(frozenset): pass
print(F([1]), F([1])=={1}, hash(F([1]))==hash(frozenset([1])), type(F([1])|{2}).__name__)
class I(int):
    def __repr__(self): return f'I({int(self)})'
x=I(5); print(x, x+1, type(x+1).__name__, I(2**60), -x, abs(I(-3)), x==5, hash(x), [10,20,30,40,50,60][x], I.from_bytes(b'a'), I(3)<<I(2), 1<<I(4))
class Fl(float): pass
f=Fl(1.5); print(f, f+1, type(f+1).__name__, f==1.5, hash(f)==hash(1.5), f.is_integer(), f.hex(), round(f), Fl.fromhex('0x1p1'), Fl.from_number(2), type(Fl.from_number(2)).__name__, int(f), f*f, -f, +f, abs(f), f.real, f.as_integer_ratio(), f//1, divmod(f,1), bool(f), float(f), type(float(f)).__name__)
class C(complex): pass
c=C(1,2); print(c, c+1, type(c*c).__name__, c==1+2j, c.real, c.imag, abs(c), hash(c)==hash(1+2j), -c, C.from_number(3), type(C.from_number(3)).__name__)
class T(tuple): pass
t=T([1,2]); print(t, t+(3,), type(t+t).__name__, t==(1,2), hash(t)==hash((1,2)), t[0], type(t[:]).__name__)
print(isinstance(True,int), issubclass(bool,(str,int)), isinstance([], (int,(str,list))))
class M(type):
    def __instancecheck__(c,o): return o==42
    def __subclasscheck__(c,o): return o is int
class A(metaclass=M): pass
print(isinstance(42,A), isinstance(43,A), issubclass(int,A), issubclass(str,A), isinstance(A.__new__(A),A))
class R:
    def __round__(self,n=None): return ('r',n)
    def __divmod__(self,o): return 'dm'
    def __rdivmod__(self,o): return 'rdm'
    def __pow__(self,o,m=None): return ('pow',o,m)
    def __rpow__(self,o,m=None): return ('rpow',o,m)
    def __index__(self): return 5
    def __complex__(self): return 3j
print(round(R()), round(R(),2), divmod(R(),1), divmod(1,R()), pow(R(),2), pow(R(),2,3), pow(2,R()), hex(R()), bin(R()), complex(R()), [0]*R(), (1,2,3,4,5,6)[R()], range(R()), 'a'*R())
print(round(1234.5678,2), round(-0.5), round(2.5), round(1e22,-3), round(15,-1), round(25,-1), round(-15,-1), round(5e15+0.5), round(123456789.0,-5), round(True), type(round(True)).__name__)
print((255).to_bytes(2), (255).to_bytes(2,'little'), (-1).to_bytes(2,signed=True), (-128).to_bytes(1,signed=True), (0).to_bytes(0), int.from_bytes([1,2]), int.from_bytes(b'\xff\xfe','little',signed=True), int.from_bytes(b''))
print(sum([0.1]*10,0.1j), sum([1,2.5,3]), sum([1e100,1.0,-1e100]), sum([True,2]), sum((x for x in range(5)), 10), sum([[1],[2]],[]))
for a in [(128,1),(-129,1)]:
    try: print(a[0].to_bytes(a[1],signed=True))
    except OverflowError as e: print(e)
