# Every event of generators: loops, yield from, send, throw, close and deletion; exhaustion with and without a value.
import sys

mon = sys.monitoring
E = mon.events
log = []


def show(value):
    return type(value).__name__ if isinstance(value, BaseException) or hasattr(value, "send") or callable(value) or type(value) is object else repr(value)


def hear(name):
    def callback(code, *rest):
        log.append("%s %s %s" % (name, code.co_name, " ".join([show(r) for r in rest])))

    mon.register_callback(0, getattr(E, name), callback)


def count(n):
    for i in range(n):
        yield i
    return n


def plain():
    yield 1
    yield 2


def guarded():
    try:
        yield "a"
        yield "b"
    except ValueError:
        yield "c"
    finally:
        n = 0


def outer(inner):
    result = yield from inner
    yield result


def failing():
    yield 1
    raise KeyError("x")


def stopping():
    yield 1
    raise StopIteration


def one_line(): yield 1; yield 2


def loops():
    for x in plain():
        pass
    for x in count(1):
        pass
    for x in one_line():
        pass
    return list(outer(count(2)))


def sending():
    g = outer(guarded())
    next(g)
    g.send(None)
    g.throw(ValueError)
    try:
        next(g)
        next(g)
    except StopIteration:
        pass


def closing():
    g = plain()
    next(g)
    g.close()
    g = outer(guarded())
    next(g)
    g.close()
    g = guarded()
    next(g)
    del g
    g = plain()
    g.close()
    g = plain()
    try:
        g.throw(KeyError)
    except KeyError:
        pass
    try:
        g.throw(KeyError)
    except KeyError:
        pass


def errors():
    try:
        for x in failing():
            pass
    except KeyError:
        pass
    try:
        for x in outer(failing()):
            pass
    except KeyError:
        pass
    try:
        for x in stopping():
            pass
    except RuntimeError:
        pass


def delegated_error():
    g = outer(guarded())
    next(g)
    try:
        g.throw(OSError)
    except OSError:
        pass


names = (
    "PY_START PY_RESUME PY_RETURN PY_YIELD PY_THROW PY_UNWIND RAISE RERAISE EXCEPTION_HANDLED STOP_ITERATION LINE "
    "INSTRUCTION JUMP BRANCH_LEFT BRANCH_RIGHT CALL C_RETURN C_RAISE"
).split()
mon.use_tool_id(0, "generators")
for name in names:
    hear(name)
base = E.BRANCH_LEFT | E.PY_START | E.PY_RESUME | E.PY_RETURN | E.PY_YIELD
raising = E.PY_THROW | E.RAISE | E.RERAISE | E.EXCEPTION_HANDLED | E.STOP_ITERATION
sets = [
    base,
    base | raising,
    base | raising | E.PY_UNWIND,
    # With PY_RESUME: CPython's LINE after a throw() depends on whether the RESUME there has run before.
    E.LINE | E.RAISE | E.BRANCH_LEFT | E.PY_RESUME,
    E.LINE | E.BRANCH | E.JUMP | E.STOP_ITERATION | E.PY_RESUME,
    E.INSTRUCTION | E.BRANCH,
    E.BRANCH_LEFT | E.CALL | E.C_RETURN | E.C_RAISE | E.RAISE | E.PY_UNWIND,
]
for n in range(len(sets)):
    for f in [loops, sending, closing, errors, delegated_error]:
        log.append("--- %d %s" % (n, f.__name__))
        mon.set_events(0, sets[n])
        f()
        mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
