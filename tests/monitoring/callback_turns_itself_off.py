# A BRANCH_LEFT callback that turns its own event off (RIGHT stays), then a BRANCH_RIGHT one that turns all off.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
lefts = [0]


def on_left(code, source, destination):
    lefts[0] += 1
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))
    if lefts[0] % 4 == 0:
        mon.set_events(0, E.BRANCH_RIGHT)


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))
    if lefts[0] % 4 == 0:
        mon.set_events(0, 0)


def loop(n):
    total = 0
    for i in range(n):
        if i == 1500 or i == 3500:
            mon.set_events(0, E.BRANCH)
        if i % 2 == 0:
            total += i
        if i % 3 == 0:
            total -= 1
    return total


mon.use_tool_id(0, "branches")
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
