print({1,2,3}, {5,3,1,99,1000}, set(), frozenset([3,1,2]))
s=set(range(0,1000,37)); print(s)
s={10**6*i%977 for i in range(50)}; print(s)
t=set(range(30)); t-=set(range(5,28)); print(t, t.pop(), t.pop(), t)
print({1,2}|{3}, {1,2}&{2,3}, {1,2}-{2}, {1,2}^{2,3})
print({1}<{1,2}, {1}<={1}, {2}>{1}, {1}=={1.0}, {1}!={2}, {True}=={1})
try: {1} < 3
except TypeError as e: print(e)
try: {1} | [3]
except TypeError as e: print(e)
try: {[]}
except TypeError as e: print(e)
try: [] in {1}
except TypeError as e: print(e)
print({1} in {frozenset([1])}, hash(frozenset([1,2,3])), hash(frozenset()), hash(frozenset(range(100))))
s={1,2,3}
try:
    for x in s: s.add(x+10)
except RuntimeError as e: print(e)
try: set().pop()
except KeyError as e: print(repr(e))
try: {1}.remove(5)
except KeyError as e: print(repr(e))
a={1,2,3,4}; a|={7,8}; a&={1,2,7}; a^={1,100}; print(a)
print({1,2,3}.union([4],(5,)), {1,2,3}.intersection([1,2],[2]), {1,2,3}.difference([1],[2]), {1,2}.isdisjoint([3]), {1,2}.issubset([1,2,3]), {1,2}.issuperset([1]))
a={*range(5), *[10,20]}; print(a, len(a), bool(a), bool(set()))
f=frozenset([1]); print(f.copy() is f, frozenset(f) is f)
x=frozenset({1}) | {2}; print(x, {2}|frozenset({1}))
print(sorted({'a','b'}), {1.5, 2.5, -1, -2}, {None}, {i*i for i in range(-20,20)})
print(set({1:2,3:4}), {(1,2),(3,4)}, {-1,-2,-3})
s=set(); 
for i in range(100): s.add(i*7%101)
for i in range(0,100,3): s.discard(i)
for i in range(200,300): s.add(i)
print(s)
print([s.pop() for _ in range(20)])
try: set(1,2)
except TypeError as e: print(e)
try: set(1)
except TypeError as e: print(e)
try: frozenset().add(1)
except AttributeError as e: print(e)
print(3 in {1,2} , 2 in {1,2,"x"})
import sys
d={1,2}
d.update([3],{4:5}); print(d)
d.symmetric_difference_update([1,9]); print(d)
d.intersection_update([9,3]); print(d)
d.difference_update(d); print(d)
