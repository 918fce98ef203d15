# When finalisers run: at once, in cycles, at the end of the program; what they may do.
import gc
import _weakref


class D:
    def __init__(self, name, *held):
        self.name = name
        self.held = held

    def __del__(self):
        print("del", self.name)


d = D("plain")
del d
d = D("outer", D("inner"))
del d

# Weak references are emptied and callbacks run first, then finalisers.
class Looks(D):
    def __del__(self):
        print("looks", plain() is self, told())


x = Looks("x")
x.me = x
plain = _weakref.ref(x)
told = _weakref.ref(x, lambda r: print("told", r() is None))
del x
print(gc.collect() > 0)
print(plain(), told())

# A reference that is garbage itself is not told.
x = D("quiet")
x.me = x
x.ref = _weakref.ref(x, lambda r: print("not reached"))
del x
gc.collect()

# One that comes back brings its friends back; its finaliser does not run again.
back = []


class Back(D):
    def __del__(self):
        print("back", self.name)
        back.append(self)


x = Back("one", ["friend"])
x.me = x
del x
gc.collect()
print([b.name for b in back], back[0].held[0], gc.is_finalized(back[0]))
print(gc.collect())
back[0].me = None
back.clear()

# Finalisers that raise, allocate, collect.
class Busy:
    def __init__(self):
        self.me = self

    def __del__(self):
        for i in range(100):
            [i]
        print("busy", gc.collect())


b = Busy()
del b
gc.collect()

# Generators and coroutines in cycles are closed.
def gen(held):
    try:
        held.append((yield))
    finally:
        print("closed")


held = []
g = gen(held)
next(g)
held.append(g)
del g, held
gc.collect()


# A class and its instances go together.
def make():
    class Local:
        def __del__(self):
            print("local", type(self).__name__)

    Local.one = Local()
    return _weakref.ref(Local)


r = make()
gc.collect()
print(r())

# Statistics and callbacks.
def note(phase, info):
    print(phase, sorted(info))


gc.callbacks.append(note)
gc.collect()
gc.callbacks.remove(note)
gc.disable()
print(gc.isenabled())
gc.enable()
gc.set_threshold(500, 5)
print(gc.get_threshold(), len(gc.get_stats()), sorted(gc.get_stats()[0]))
gc.set_debug(gc.DEBUG_SAVEALL)
l = []
l.append(l)
del l
gc.collect()
print([type(v).__name__ for v in gc.garbage if type(v) is list])
gc.set_debug(0)
gc.garbage.clear()
try:
    gc.collect(7)
except ValueError as e:
    print(e)
end = D("at the end")
