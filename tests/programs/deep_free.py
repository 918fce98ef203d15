# Freeing what is nested deeply takes no native stack.
def deep_list(n):
    x = []
    for i in range(n):
        x = [x]
    return x
N = 100000
x = deep_list(1000000); del x
print("list")
x = ()
for i in range(N): x = (x, i)
del x
print("tuple")
x = {}
for i in range(N): x = {"k": x}
del x
print("dict")
class Node:
    __slots__ = ("next",)
class Node2:
    def __init__(self, n): self.next = n
x = None
for i in range(N):
    x = Node2(x)
del x
x = None
for i in range(N):
    n = Node(); n.next = x; x = n
del n, x
print("nodes")
e = None
for i in range(20000):
    f = ValueError(i); f.__context__ = e; e = f
del e, f
print("exceptions")
def gen(x):
    yield x
g = None
for i in range(20000):
    g = gen(g); next(g)
del g
print("generators")
count = 0
class D:
    def __init__(self, n): self.n = n
    def __del__(self):
        global count; count += 1
d = None
for i in range(20000): d = D(d)
del d
print(count)
class L(list): pass
x = L()
for i in range(20000):
    y = L(); y.append(x); x = y
del x, y
print("sub")
