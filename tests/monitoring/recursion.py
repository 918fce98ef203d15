# A recursive function that switches events at some depth: all its frames below see LINE and PY_RETURN afterwards.
# expect: interpreted
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


def depth(k, switch):
    if k == 0:
        return 0
    if k == 3 and switch:
        mon.set_events(0, E.LINE | E.PY_START | E.PY_RETURN)
    below = depth(k - 1, switch)
    return below + k


def loop(n):
    total = 0
    for i in range(n):
        total += depth(6, i == 2000)
        if i == 2001:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
