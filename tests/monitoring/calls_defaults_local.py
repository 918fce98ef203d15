# Calls with defaults, keywords, stars and methods of every kind: local events of each function.
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


def plain(a, b=2, *rest, c=3, **more):
    return a, b, rest, c, more


class Thing:
    def method(self, x):
        return x

    @classmethod
    def made(cls, x):
        return x

    @staticmethod
    def free(x):
        return x

    def __call__(self, x):
        return x


def shape():
    plain(1)
    plain(1, 2, 3)
    plain(1, c=4, d=5)
    plain(*(1, 2), **{"c": 9})
    t = Thing()
    t.method(1)
    Thing.made(2)
    t.made(3)
    Thing.free(4)
    t(5)
    m = t.method
    m(6)
    Thing.method(t, 7)
    try:
        plain()
    except TypeError:
        pass
    try:
        t = 5
        t()
    except TypeError:
        pass


def hear(event):
    def callback(code, *args):
        log.append("%s %s %s" % (event, code.co_name, " ".join(map(show, args))))

    mon.register_callback(4, getattr(E, event), callback)


mon.use_tool_id(4, "local")
LOCAL = NAMES[:11]
for name in LOCAL:
    hear(name)
functions = [f for f in list(globals().values()) if hasattr(f, "__code__") and f not in (show, ours, hear)]
for n, f in enumerate(functions):
    # All local events for some, lines and calls for the others.
    chosen = LOCAL if n % 2 else ["PY_START", "PY_RESUME", "LINE", "CALL", "PY_YIELD"]
    mon.set_local_events(4, f.__code__, sum(getattr(E, name) for name in chosen))
shape()
for f in functions:
    mon.set_local_events(4, f.__code__, 0)
shape()
print("\n".join(log))
