# Three functions under coverage: lines disabled in one leave the same tool's lines in the others on.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []
silenced = ["hot"]


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    if code.co_name in silenced:
        return mon.DISABLE


def hot(i):
    x = i * 3
    return x % 17


def rare(i):
    return i + 1


def loop(n):
    total = 0
    for i in range(n):
        total += hot(i)
        if i % 1000 == 0:
            total += rare(i)
    return total


mon.use_tool_id(0, "coverage")
mon.register_callback(0, E.LINE, on_line)
mon.set_local_events(0, hot.__code__, E.LINE)
mon.set_local_events(0, rare.__code__, E.LINE)
result = loop(5000)
mon.set_local_events(0, hot.__code__, 0)
mon.set_local_events(0, rare.__code__, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
