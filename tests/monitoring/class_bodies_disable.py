# Class bodies, decorators, metaclasses, __init_subclass__ and properties: two tools that answer DISABLE, and restart_events.
import sys

mon = sys.monitoring
E = mon.events
log = []
NAMES = (
    "PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE INSTRUCTION JUMP BRANCH_LEFT BRANCH_RIGHT STOP_ITERATION RAISE "
    "EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE C_RETURN C_RAISE"
).split()


def show(v):
    if v is mon.MISSING:
        return "-"
    if v is None or isinstance(v, (int, str)):
        return repr(v)
    if isinstance(v, BaseException):
        return type(v).__name__
    return getattr(v, "__name__", None) or "<%s>" % type(v).__name__


def ours(code):
    return code.co_filename == __file__ or code.co_filename[0] not in "/<" or code.co_filename == "<string>"


def decorate(x):
    return x


class Meta(type):
    def __new__(meta, name, bases, space, **more):
        return super().__new__(meta, name, bases, space)


def shape():
    @decorate
    class A(metaclass=Meta, option=1):
        x = [i for i in range(2)]

        @decorate
        @decorate
        def m(self): return self.y

        @property
        def p(self):
            return 1

        def __init_subclass__(cls):
            cls.y = 2

    class B(A):
        def __init__(self, y):
            self.y = y

        def __set_name__(self, owner, name):
            pass

    class C:
        b = B(1)
    B(3).m()
    B(4).p
    return C


def hear(tool, event):
    def callback(code, *args):
        if not ours(code):
            return mon.DISABLE
        log.append("%d %s %s %s" % (tool, event, code.co_name, " ".join(map(show, args))))
        # Every third location goes on.
        return mon.DISABLE if len(log) % 3 else None

    mon.register_callback(tool, getattr(E, event), callback)


SETS = {1: "PY_START PY_RESUME LINE BRANCH_LEFT", 3: "CALL PY_RETURN PY_YIELD JUMP BRANCH_RIGHT"}
for tool, names in SETS.items():
    mon.use_tool_id(tool, "disables")
    for name in names.split():
        hear(tool, name)
    mon.set_events(tool, sum(getattr(E, name) for name in names.split()))
shape()
log.append("again")
shape()
log.append("restart")
mon.restart_events()
shape()
log.append("one tool only, without some events")
mon.set_events(3, 0)
mon.set_events(1, E.LINE | E.PY_START | E.PY_RESUME)
shape()
mon.set_events(1, 0)
print("\n".join(log))
