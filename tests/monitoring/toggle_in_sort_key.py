# A Python function called from C code (a sort key) switches events while a native loop waits below.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []
rounds = [0]


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def key(x):
    if rounds[0] == 2000 and x == 5:
        mon.set_events(0, E.LINE | E.PY_RETURN)
    return -x


def loop(n):
    items = [3, 5, 1]
    total = 0
    for i in range(n):
        rounds[0] = i
        ordered = sorted(items, key=key)
        total += ordered[0] * i
        if i == 2001:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "sort")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
