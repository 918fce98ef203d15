# Three tools on PY_START/PY_RETURN/LINE of an inlined callee; the highest switches the lowest off inside a delivery.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
seen = [0]


def start_0(code, offset):
    log.append("0 PY_START %s %d" % (code.co_name, offset))


def start_2(code, offset):
    log.append("2 PY_START %s %d" % (code.co_name, offset))


def start_5(code, offset):
    log.append("5 PY_START %s %d" % (code.co_name, offset))
    seen[0] += 1
    if seen[0] == 2:
        mon.set_events(0, 0)
    if seen[0] == 3:
        mon.register_callback(2, E.PY_START, None)
    if seen[0] == 5:
        mon.set_events(5, 0)
        mon.set_events(2, 0)


def return_2(code, offset, value):
    log.append("2 PY_RETURN %s %d %r" % (code.co_name, offset, value))


def line_0(code, line):
    log.append("0 LINE %s %d" % (code.co_name, line))


def callee(x):
    y = x * 2
    return y + 1


def loop(n):
    total = 0
    for i in range(n):
        if i == 2500:
            mon.set_events(0, E.PY_START | E.LINE)
            mon.set_events(2, E.PY_START | E.PY_RETURN)
            mon.set_events(5, E.PY_START)
        total += callee(i)
    return total


mon.use_tool_id(0, "zero")
mon.use_tool_id(2, "two")
mon.use_tool_id(5, "five")
mon.register_callback(0, E.PY_START, start_0)
mon.register_callback(2, E.PY_START, start_2)
mon.register_callback(5, E.PY_START, start_5)
mon.register_callback(2, E.PY_RETURN, return_2)
mon.register_callback(0, E.LINE, line_0)
result = loop(5000)
for tool in [0, 2, 5]:
    log.append("%s %d" % (mon.get_tool(tool), mon.get_events(tool)))
    mon.free_tool_id(tool)
print("\n".join(log))
print("result", result)
