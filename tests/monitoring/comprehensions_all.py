# Comprehensions and generator expressions, nested and filtered: every event.
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


def shape():
    a = [x for x in range(3) if x % 2]
    b = {x: y for x in range(2) for y in "a"}
    c = {x for x in (1, 1)}
    d = [[y for y in range(x)] for x in range(2)]
    e = sum(x for x in range(3))
    f = [
        x
        for x in range(2)
        if x
    ]
    g = (lambda: [x + a[0] for x in a])()
    try:
        h = [1 // x for x in (1, 0)]
    except ZeroDivisionError:
        pass
    return list(x for x in a)


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
