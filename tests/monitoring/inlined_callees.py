# Where an exception from a property, an __init__ or a __getitem__ arises in the caller: sites that have met
# something else first.
import sys

mon = sys.monitoring
E = mon.events
T = 3
mon.use_tool_id(T, "inlined")


class Slot:
    def __init__(self):
        self.attr = 1


class Getter:
    fine = True
    @property
    def attr(self):
        if self.fine:
            return 2
        raise KeyError("getter")


class Init:
    def __init__(self, x):
        raise KeyError("init")


class Item:
    fine = True
    def __getitem__(self, i):
        if self.fine:
            return 3
        raise KeyError("item")


def load(o):
    try:
        return o.attr
    except KeyError as e:
        return e.args


def make(c):
    try:
        return c(1)
    except KeyError as e:
        return e.args


def item(c):
    try:
        return c[0]
    except KeyError as e:
        return e.args


def through(o):
    return o.attr, 1


SITES = {load.__code__, make.__code__, item.__code__, through.__code__, Getter.attr.fget.__code__,
         Init.__init__.__code__, Item.__getitem__.__code__}


def show(name):
    def callback(code, offset, e):
        if code in SITES:
            print(name, code.co_name, offset, type(e).__name__)
    return callback


def main():
    for _ in range(4):
        load(Slot()), make(str), item([1])
    for _ in range(4):
        load(Getter()), item(Item()), through(Getter())
    Getter.fine = Item.fine = False
    for _ in range(5):
        print(load(Getter()), make(Init), item(Item()))
    for _ in range(4):
        through(Slot())
    for _ in range(3):
        try:
            through(Getter())
        except KeyError:
            print("left")


for event in ("RAISE", "RERAISE", "PY_UNWIND", "EXCEPTION_HANDLED"):
    mon.register_callback(T, getattr(E, event), show(event))
mon.set_events(T, E.RAISE | E.RERAISE | E.PY_UNWIND | E.EXCEPTION_HANDLED)
main()
mon.set_events(T, 0)
mon.free_tool_id(T)
