# Local events on the inlined callee's code only: the loop itself stays silent.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def callee(x):
    if x & 1:
        return x * 3 + 1
    return x // 2


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_local_events(0, callee.__code__, E.LINE | E.PY_START | E.PY_RETURN)
        total += callee(i)
        if i == 2003:
            mon.set_local_events(0, callee.__code__, E.PY_RETURN)
        if i == 2006:
            mon.set_local_events(0, callee.__code__, 0)
    return total


mon.use_tool_id(0, "local")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
