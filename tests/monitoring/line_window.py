# LINE for four rounds in the middle of a hot integer loop, switched from the loop itself.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE)
        total += i * 3
        if i == 2003:
            mon.set_events(0, 0)
        total ^= i
    return total


mon.use_tool_id(0, "lines")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
