# A LINE callback switches BRANCH on after some lines, then everything off, from inside the callback.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    if len(log) == 5:
        mon.set_events(0, E.LINE | E.BRANCH)
    if len(log) > 25:
        mon.set_events(0, 0)


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    total = 0
    for i in range(n):
        if i % 5 == 0:
            total += 3
        if i == 2500:
            mon.set_events(0, E.LINE)
        total += 1
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
