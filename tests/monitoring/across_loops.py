# Switched on in the last round of one loop and off in the first rounds of the next one: the loop exits are seen.
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


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))


def loops(n):
    a = 0
    for i in range(n):
        a += i
        if i == n - 1:
            mon.set_events(0, E.LINE | E.BRANCH | E.JUMP)
    else:
        a += 1000
    b = 0
    while b < n:
        b += 1
        if b == 2:
            mon.set_events(0, 0)
        if b == n - 1:
            mon.set_events(0, E.BRANCH)
    else:
        b += 1
    mon.set_events(0, 0)
    return a, b


mon.use_tool_id(0, "all")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
result = loops(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
