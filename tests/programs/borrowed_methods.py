"""Special methods of a builtin class in a class that does not derive from it: errors, never more."""
import collections
import itertools


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


def make(base, **ns):
    return type("A", (base,), ns)()


attempt(len, make(int, __len__=str.__len__))
attempt(hash, make(dict, __hash__=str.__hash__))
attempt(iter, make(int, __iter__=list.__iter__))
attempt(lambda: list(make(object, __iter__=collections.deque.__iter__)))
attempt(repr, make(int, __repr__=list.__repr__))
attempt(lambda: make(int, __add__=str.__add__) + "a")
attempt(lambda: make(int, __eq__=str.__eq__) == 1)
attempt(next, make(object, __next__=itertools.count.__next__))
attempt(lambda: make(object, __call__=type.__call__)())
attempt(lambda: make(object, __getattribute__=type.__getattribute__).x)
attempt(lambda: setattr(make(object, __setattr__=type.__setattr__), "a", 1))
attempt(bool, make(object, __bool__=int.__bool__))
attempt(abs, make(object, __abs__=float.__abs__))
attempt(int, make(object, __int__=float.__int__))
attempt(lambda: range(5)[make(object, __index__=int.__index__)])
attempt(str, make(object, __str__=ValueError.__str__))
attempt(lambda: make(object, __or__=set.__or__) | set())
attempt(lambda: make(object, __lt__=str.__lt__) < 1)
