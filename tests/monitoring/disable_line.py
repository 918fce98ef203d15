# A coverage tool: LINE on for the whole run, every callback answers DISABLE. Late lines still report once.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    return mon.DISABLE


def callee(x):
    if x == 4500:
        return -1
    return x


def loop(n):
    total = 0
    for i in range(n):
        if i == 3000:
            total += 7
        total += callee(i)
        if i > 4990:
            total -= 1
    return total


mon.use_tool_id(1, "coverage")
mon.register_callback(1, E.LINE, on_line)
mon.set_events(1, E.LINE)
result = loop(5000)
mon.set_events(1, 0)
mon.free_tool_id(1)
print("\n".join(log))
print("result", result)
