# Local LINE and BRANCH events on the loop's code only: the callee stays silent.
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


def callee(x):
    if x > 100:
        return x - 100
    return x


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_local_events(0, loop.__code__, E.LINE | E.BRANCH_LEFT | E.BRANCH_RIGHT)
        total += callee(i)
        if i == 2003:
            mon.set_local_events(0, loop.__code__, 0)
    return total


mon.use_tool_id(0, "local")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
log.append("local %d" % mon.get_local_events(0, loop.__code__))
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
