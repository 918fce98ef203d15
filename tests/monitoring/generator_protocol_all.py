# next, send, throw, close and deletion of generators: every event.
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


def two():
    try:
        x = yield 1
        yield x
    except KeyError:
        yield "caught"
    finally:
        done = True


def bare():
    yield 1
    yield 2


def shape():
    g = two()
    next(g)
    g.send(5)
    next(g, None)
    g = two()
    next(g)
    g.throw(KeyError(1))
    g.close()
    g = two()
    next(g)
    del g
    g = bare()
    next(g)
    try:
        g.throw(ValueError)
    except ValueError:
        pass
    try:
        next(g)
    except StopIteration:
        pass
    g = bare()
    next(g)
    g.close()
    try:
        bare().throw(OSError(2))
    except OSError:
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
