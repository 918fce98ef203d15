class P:
    k = 5
    def __init__(self, x, y=3):
        self.x = x; self.y = y
    def get(self, d=10):
        return self.x + self.y + d + self.k
class Q(P):
    __slots__ = ()
    def __init__(self, x):
        self.x = x; self.y = 1; self.z = 2
class S:
    __slots__ = ("a", "b")
    def __init__(self, a): self.a = a; self.b = a
def run(n):
    t = 0
    for i in range(n):
        p = P(i) if i % 3 else Q(i)
        t += p.get() + p.get(1) + p.x
        p.x = t
        if i == 50: P.k = 7
        if i == 70: P.x2 = property(lambda s: 1); t += p.x2
        s = S(i); t += s.a + s.b
        l = []; l.append(i); t += l[0]
        if i == 80:
            p.x = 9
            del p.x
            try: t += p.x
            except AttributeError as e: print(e)
        if i == 90:
            P.__getattr__ = lambda s, n: 1000
            t += p.nope
            del P.__getattr__
    return t
print(run(200))
import time
def m(n):
    f = 0
    for i in range(n):
        f = time.time
    return f
m(100)
class Bad:
    def __init__(self): return 3
def b():
    for i in range(3):
        try: Bad()
        except TypeError as e: print(e)
b()
class E: 
    def __init__(self, a): raise ValueError(a)
def e():
    for i in range(3):
        try: E(i)
        except ValueError as x: print(x)
e()
class D:
    pass
def dd():
    out = []
    for i in range(5):
        d = D(); d.a = i; d.__dict__['b'] = 2; d.c = 3
        out.append((d.a, d.b, d.c, d.__dict__))
    print(out)
dd()
