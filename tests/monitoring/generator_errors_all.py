# Exceptions that leave generators: every event.
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
