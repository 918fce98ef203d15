# match: literals, sequences, mappings, classes, guards, captures: every event.
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


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


def kind(v):
    match v:
        case 0 | 1:
            return "small"
        case int(n) if n > 5:
            return "big"
        case [a, *rest]:
            return "sequence"
        case {"k": w, **more}:
            return "mapping"
        case Point(0, y=b):
            return "point"
        case str() as s:
            return s
        case None: return "none"
        case _:
            return "other"


def shape():
    for v in (1, 7, 3, [1, 2], {"k": 1}, Point(0, 1), Point(2, 1), "s", None):
        kind(v)


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
