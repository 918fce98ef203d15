# An exception through three frames into a handler in the loop: RAISE in each, PY_UNWIND of each, LINE in between.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, error))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, error))


def on_unwind(code, offset, error):
    log.append("PY_UNWIND %s %d %s" % (code.co_name, offset, error))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def inner(x):
    if x % 4 == 0:
        raise ValueError("bad %d" % x)
    return x


def middle(x):
    return inner(x) + 1


def outer(x):
    y = middle(x)
    return y * 2


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.RAISE | E.EXCEPTION_HANDLED | E.PY_UNWIND | E.PY_RETURN)
        if i == 2002:
            mon.set_events(0, E.RAISE | E.PY_UNWIND)
        if i == 2009:
            mon.set_events(0, 0)
        try:
            total += outer(i)
        except ValueError:
            total -= 1
    return total


mon.use_tool_id(0, "errors")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
mon.register_callback(0, E.PY_UNWIND, on_unwind)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
