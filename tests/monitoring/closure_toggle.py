# The switch is a closure's cell read by an inlined inner function; nonlocal counters change under events.
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


def make(first, last):
    count = 0

    def bump(step):
        nonlocal count
        count += step
        if count == first:
            mon.set_events(0, E.LINE | E.PY_START | E.PY_RETURN)
        elif count == last:
            mon.set_events(0, 0)
        return count

    return bump


def loop(n):
    bump = make(2000, 2003)
    total = 0
    for i in range(n):
        total += bump(1)
    return total


mon.use_tool_id(0, "closure")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
