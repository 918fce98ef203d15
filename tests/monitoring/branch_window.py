# BRANCH_LEFT and BRANCH_RIGHT for rounds 2000 to 2003 of a loop with if/elif/else.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    low = 0
    middle = 0
    high = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.BRANCH_LEFT | E.BRANCH_RIGHT)
        elif i == 2004:
            mon.set_events(0, 0)
        rest = i % 3
        if rest == 0:
            low += i
        elif rest == 1:
            middle += i
        else:
            high += i
    return low, middle, high


mon.use_tool_id(0, "branches")
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
