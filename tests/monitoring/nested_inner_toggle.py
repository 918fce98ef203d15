# Nested loops; LINE and BRANCH go on and off inside the inner one.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def nested(n, m):
    total = 0
    for i in range(n):
        for j in range(m):
            total += i ^ j
            if i == 50 and j == 97:
                mon.set_events(0, E.LINE | E.BRANCH)
            if i == 51 and j == 1:
                mon.set_events(0, 0)
        total -= i
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = nested(100, 100)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
