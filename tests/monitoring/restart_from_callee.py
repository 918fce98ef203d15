# restart_events from a callee two calls below the loop, all lines disabled before and again after.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    return mon.DISABLE


def restarter(i):
    if i == 2500:
        mon.restart_events()
        log.append("restarted")
    return i & 3


def middle(i):
    value = restarter(i)
    return value + 1


def loop(n):
    total = 0
    for i in range(n):
        value = middle(i)
        total += value
    return total


mon.use_tool_id(0, "coverage")
mon.register_callback(0, E.LINE, on_line)
mon.set_events(0, E.LINE)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
