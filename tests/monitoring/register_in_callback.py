# A LINE callback that replaces itself, and a PY_START callback that registers another event's callback.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def line_a(code, line):
    log.append("a %s %d" % (code.co_name, line))
    mon.register_callback(0, E.LINE, line_b)


def line_b(code, line):
    log.append("b %s %d" % (code.co_name, line))
    mon.register_callback(0, E.LINE, line_a)


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))
    mon.register_callback(0, E.PY_RETURN, on_return)


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))
    mon.register_callback(0, E.PY_RETURN, None)


def callee(x):
    x += 5
    return x


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.PY_START | E.PY_RETURN)
        total += callee(i)
        if i == 2003:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "chameleon")
mon.register_callback(0, E.LINE, line_a)
mon.register_callback(0, E.PY_START, on_start)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
