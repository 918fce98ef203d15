# A callee sets local events on its caller's and grandcaller's code, which are waiting below it.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def child(i):
    if i == 1500:
        mon.set_local_events(0, grandparent.__code__, E.LINE)
    if i == 1502:
        mon.set_local_events(0, parent.__code__, E.LINE | E.PY_RETURN)
    if i == 1504:
        mon.set_local_events(0, grandparent.__code__, 0)
    if i == 1506:
        mon.set_local_events(0, parent.__code__, 0)
    return i & 15


def parent(i):
    x = child(i)
    return x + 1


def grandparent(n):
    total = 0
    for i in range(n):
        x = parent(i)
        total += x
    return total


mon.use_tool_id(0, "local")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_RETURN, on_return)
result = grandparent(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
