# PY_START and PY_RETURN with DISABLE on an inlined callee with two returns; a second callee appears late.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))
    return mon.DISABLE


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))
    return mon.DISABLE


def two_ways(x):
    if x == 3210:
        return 0
    return x + 1


def late(x):
    return two_ways(x) * 2


def loop(n):
    total = 0
    for i in range(n):
        total += two_ways(i)
        if i >= 4000:
            total += late(i)
    return total


mon.use_tool_id(2, "profiler")
mon.register_callback(2, E.PY_START, on_start)
mon.register_callback(2, E.PY_RETURN, on_return)
mon.set_events(2, E.PY_START | E.PY_RETURN)
result = loop(5000)
mon.set_events(2, 0)
mon.free_tool_id(2)
print("\n".join(log))
print("result", result)
