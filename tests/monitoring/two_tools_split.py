# Two tools with different events and overlapping windows: tool 0 has LINE, tool 3 has BRANCH.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("0 LINE %s %d" % (code.co_name, line))


def on_left(code, source, destination):
    log.append("3 BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("3 BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE)
        if i == 2001:
            mon.set_events(3, E.BRANCH)
        if i == 2002:
            mon.set_events(0, 0)
        if i == 2003:
            mon.set_events(3, 0)
        total += i % 13
    return total


mon.use_tool_id(0, "lines")
mon.use_tool_id(3, "branches")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(3, E.BRANCH_LEFT, on_left)
mon.register_callback(3, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
mon.free_tool_id(3)
print("\n".join(log))
print("result", result)
