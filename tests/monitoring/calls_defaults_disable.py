# Calls with defaults, keywords, stars and methods of every kind: two tools that answer DISABLE, and restart_events.
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
