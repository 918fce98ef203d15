# The loop's variable turns from int to float while events are on, and the events show both sides.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def step(x):
    return x + x


def loop(n):
    total = 0
    unit = 1
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.PY_RETURN)
        if i == 2001:
            unit = 0.5
        if i == 2003:
            mon.set_events(0, 0)
        total += step(unit)
    return total


mon.use_tool_id(0, "types")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result %r" % result)
