# BRANCH_LEFT answers DISABLE, BRANCH_RIGHT does not but is on in a window only; the left ones do not come back.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))
    return mon.DISABLE


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_local_events(0, loop.__code__, E.BRANCH_LEFT | E.BRANCH_RIGHT)
        if i == 2004:
            mon.set_local_events(0, loop.__code__, E.BRANCH_LEFT)
        if i & 1:
            total += i
        while total > 100000:
            total -= 99999
    return total


mon.use_tool_id(0, "branches")
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.set_local_events(0, loop.__code__, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
