# A callee, inlined in the hot loop, switches LINE on and off: the callee sees its next line, the caller the rest of its own.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def callee(i):
    if i == 2000:
        mon.set_events(0, E.LINE)
    elif i == 2003:
        mon.set_events(0, 0)
    return i * 3


def loop(n):
    total = 0
    for i in range(n):
        total += callee(i)
        total &= 0xFFFFFF
    return total


mon.use_tool_id(0, "lines")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
