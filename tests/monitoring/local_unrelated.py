# Local events on a function that the hot loop does not call: the loop must stay native and silent.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def unrelated(x):
    x += 1
    return x * 2


def callee(x):
    return x ^ 5


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_local_events(0, unrelated.__code__, E.LINE)
        total += callee(i)
    return total


mon.use_tool_id(0, "local")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
result += unrelated(result)
mon.set_local_events(0, unrelated.__code__, 0)
result += unrelated(result)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
