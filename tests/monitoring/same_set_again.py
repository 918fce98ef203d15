# Setting the identical set re-enables nothing; adding another event leaves disabled lines disabled; off and on brings them back.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    return mon.DISABLE


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i == 1000:
            log.append("same set")
            mon.set_events(0, E.LINE)
        if i == 2000:
            log.append("another event")
            mon.set_events(0, E.LINE | E.BRANCH_LEFT)
        if i == 3000:
            log.append("without LINE")
            mon.set_events(0, E.BRANCH_LEFT)
        if i == 4000:
            log.append("LINE again")
            mon.set_events(0, E.LINE | E.BRANCH_LEFT)
        total += i % 6
    return total


mon.use_tool_id(0, "sets")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.set_events(0, E.LINE)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
