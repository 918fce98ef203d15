# Generic aliases and unions of classes.
def t(f):
    try: print(f())
    except Exception as e: print(type(e).__name__, e)
import _types
GA=_types.GenericAlias
t(lambda: list[int].__class__); t(lambda: repr(list[*tuple[int]]))
t(lambda: 1|int); t(lambda: int|1); t(lambda: int|"s")
t(lambda: _types.UnionType()); t(lambda: list[int][int]); t(lambda: (int|str).__module__)
t(lambda: GA(int)); t(lambda: GA(int,1,a=2)); t(lambda: list[int].foo); t(lambda: (int|str).foo)
def sa(): list[int].foo=1
t(sa)
t(lambda: type(iter(list[int]))); t(lambda: (int|None).__args__); t(lambda: [list[None],list[()],list[[int,str]],list[...],list[1],list["a"], tuple[int,...], dict[str,list[int]]])
t(lambda: list[int]==list[int]); t(lambda: hash(list[int])==hash(list[int])); t(lambda: {list[int]:1}[list[int]])
t(lambda: list[int]()); t(lambda: list[int].__origin__); t(lambda: dict[str,int].__args__); t(lambda: list[int].append)
t(lambda: int|str==str|int); t(lambda: hash(int|str)==hash(str|int)); t(lambda: int|int); t(lambda: (int|str)|(str|float)|None)
class C(list[int]): pass
t(lambda: C.__orig_bases__); t(lambda: C.__bases__)
def u():
    class D(int|str): pass
t(u)
t(lambda: type[int]); t(lambda: int[int])
class M(type): pass
t(lambda: M[int]); t(lambda: list[int].__reduce__()); t(lambda: next(iter(tuple[int])).__unpacked__)
t(lambda: C | None); t(lambda: None | int); t(lambda: None|None); t(lambda: list[int]|None)
t(lambda: list[int].__parameters__); t(lambda: GA.__doc__)
