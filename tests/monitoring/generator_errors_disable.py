# Exceptions that leave generators: two tools that answer DISABLE, and restart_events.
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


def raises():
    yield 1
    raise KeyError(1)


def stops():
    yield 1
    raise StopIteration(2)


def ignores():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def shape():
    g = raises()
    next(g)
    try:
        next(g)
    except KeyError:
        pass
    g = stops()
    next(g)
    try:
        next(g)
    except RuntimeError:
        pass
    g = ignores()
    next(g)
    try:
        g.close()
    except RuntimeError:
        pass
    try:
        g = raises()
        g.send(1)
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
