# A LINE callback that raises; the loop catches it and goes on; the tool stays as it was.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
armed = [0]


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    if armed[0] and code.co_name == "callee":
        armed[0] -= 1
        raise ValueError("from the callback")


def callee(x):
    x += 1
    return x * 2


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            armed[0] = 2
            mon.set_events(0, E.LINE)
        try:
            total += callee(i)
        except ValueError as error:
            log.append("caught %s" % error)
            total -= 1
        if i == 2003:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "thrower")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
log.append("events %d" % mon.get_events(0))
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
