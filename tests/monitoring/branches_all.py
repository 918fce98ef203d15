# Branches: if, while, ternary, and/or, chains, is None, assert: every event.
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
    n = None
    for i in range(3):
        if i == 0:
            x = 1
        elif i == 1:
            x = 2
        else:
            x = 3
        y = 1 if i else 2
        z = i and x or y
        w = 0 < i < 2
        if n is None:
            n = i
        if n is not None and not z: x = 4
    while n < 3:
        n += 1
        if n == 2:
            continue
    else:
        n = 0
    while True:
        break
    assert x, "no"
    try:
        assert not x
    except AssertionError:
        pass
    try:
        assert not x, "message"
    except AssertionError:
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
