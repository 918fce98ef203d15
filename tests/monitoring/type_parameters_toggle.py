# Type parameters, aliases, annotations, t-strings, walrus: callbacks that switch events on and off.
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


def generic[T](x: T) -> T:
    return x


class Box[T]:
    x: int = 1
    y: T


type Alias[K] = dict[K, int]


def shape():
    generic(1)
    Box[int]
    Box.__annotations__
    Alias.__value__
    if (n := generic(3)) > 2:
        n = t"{n}"
    a, *b = 1, 2, 3
    def f[U: int](u: U = 1): return u
    f()
    del a
    global G
    G = 1


def hear(tool, event, act=None):
    def callback(code, *args):
        if not ours(code):
            return
        log.append("%d %s %s %s" % (tool, event, code.co_name, " ".join(map(show, args))))
        if act is not None:
            act(code)

    mon.register_callback(tool, getattr(E, event), callback)


def lines_on(code):
    mon.set_local_events(2, code, E.LINE | E.CALL | E.BRANCH)


def lines_off(code):
    mon.set_local_events(2, code, 0)


def unwinding_off(code):
    mon.set_events(5, E.RAISE | E.RERAISE)


def unwinding_on(code):
    mon.set_events(5, E.RAISE | E.RERAISE | E.EXCEPTION_HANDLED | E.PY_UNWIND | E.PY_THROW)


hear(0, "PY_START", lines_on)
hear(0, "PY_RESUME")
hear(0, "PY_RETURN", lines_off)
hear(0, "PY_YIELD")
for name in ("LINE", "CALL", "C_RETURN", "C_RAISE", "BRANCH_LEFT", "BRANCH_RIGHT"):
    hear(2, name)
hear(5, "RAISE", unwinding_on)
for name in ("RERAISE", "PY_UNWIND", "PY_THROW"):
    hear(5, name)
hear(5, "EXCEPTION_HANDLED", unwinding_off)
for tool in (0, 2, 5):
    mon.use_tool_id(tool, "toggles")
mon.set_events(5, E.RAISE | E.RERAISE)
mon.set_events(0, E.PY_START | E.PY_RESUME | E.PY_RETURN | E.PY_YIELD)
shape()
for tool in (0, 5):
    mon.set_events(tool, 0)
print("\n".join(log))
