# Three hot loops one after the other in one function; events only in the second one.
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


def loops(n):
    a = 0
    for i in range(n):
        a += i
    b = 0.5
    j = 0
    while j < n:
        if j == 3000:
            mon.set_events(0, E.LINE | E.BRANCH)
        b += j * 0.25
        if j == 3002:
            mon.set_events(0, 0)
        j += 1
    c = []
    for k in range(n):
        c.append(k)
        if k % 2:
            c.pop()
    return a, b, len(c)


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loops(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
