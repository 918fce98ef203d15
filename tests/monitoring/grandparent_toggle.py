# The callee's callee switches LINE and BRANCH; parent and grandparent see them at their next line.
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


def child(i):
    if i == 2000:
        mon.set_events(0, E.LINE | E.BRANCH)
    if i == 2003:
        mon.set_events(0, 0)
    return i + 1


def parent(i):
    value = child(i)
    if value % 2:
        value += 10
    return value


def grandparent(n):
    total = 0
    for i in range(n):
        value = parent(i)
        if value > 3000:
            total -= value
        else:
            total += value
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = grandparent(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
