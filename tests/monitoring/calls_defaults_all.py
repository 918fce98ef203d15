# Calls with defaults, keywords, stars and methods of every kind: every event.
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
        if ours(code):
            log.append("%s %s %s" % (event, code.co_name, " ".join(map(show, args))))

    mon.register_callback(0, getattr(E, event), callback)


mon.use_tool_id(0, "all")
for name in NAMES:
    hear(name)
mon.set_events(0, sum(getattr(E, name) for name in NAMES))
shape()
mon.set_events(0, 0)
print("\n".join(log))
