# Branch coverage: both directions disabled separately, rare directions report late and only once.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))
    return mon.DISABLE


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i % 1000 == 999:
            total += 1
        if i < 4000:
            total += 2
        if i >= 2500 and i % 2 == 0 or i == 17:
            total += 3
    return total


mon.use_tool_id(1, "branches")
mon.register_callback(1, E.BRANCH_LEFT, on_left)
mon.register_callback(1, E.BRANCH_RIGHT, on_right)
mon.set_events(1, E.BRANCH_LEFT | E.BRANCH_RIGHT)
result = loop(5000)
mon.set_events(1, 0)
mon.free_tool_id(1)
print("\n".join(log))
print("result", result)
