# CALL on for the whole run with DISABLE: one report for each call instruction, late ones included.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_call(code, offset, callable, arg0):
    log.append("CALL %s %d %s" % (code.co_name, offset, callable.__name__))
    return mon.DISABLE


def double(x):
    return x + x


def rare(x):
    return abs(x - 4000)


def loop(n):
    items = []
    total = 0
    for i in range(n):
        total += double(i)
        if i % 100 == 0:
            items.append(i)
        if i == 3000:
            total += rare(i)
        if i > 4990:
            total += len(items)
    return total


mon.use_tool_id(2, "profiler")
mon.register_callback(2, E.CALL, on_call)
mon.set_events(2, E.CALL)
result = loop(5000)
mon.set_events(2, 0)
mon.free_tool_id(2)
print("\n".join(log))
print("result", result)
