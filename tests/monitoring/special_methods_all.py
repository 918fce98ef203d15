# Special methods called by operators and protocols: every event.
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


class V:
    def __init__(self, n):
        self.n = n

    def __add__(self, o):
        return V(self.n + o.n)

    def __eq__(self, o):
        return self.n == o.n

    def __hash__(self):
        return self.n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return i

    def __contains__(self, x):
        return False

    def __getattr__(self, name):
        raise AttributeError(name)

    def __bool__(self):
        return True

    def __format__(self, spec):
        return spec

    def __index__(self):
        return 1


def shape():
    a, b = V(1), V(2)
    a + b
    a == b
    {a: 1}
    len(b)
    a[0]
    3 in a
    getattr(a, "nothing", 0)
    if a:
        pass
    f"{a:x}"
    [5, 6][a]
    list(a)
    try:
        a.missing
    except AttributeError:
        pass
    x, y = V(2)


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
