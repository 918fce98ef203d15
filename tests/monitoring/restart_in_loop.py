# Every location disabled, restart_events from the loop at rounds 1000, 2000, 3000 and 4999.
# expect: native-again
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


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i == 1000 or i == 2000 or i == 3000 or i == n - 1:
            log.append("restart %d" % i)
            mon.restart_events()
        total += i % 11
    return total


mon.use_tool_id(0, "coverage")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.set_events(0, E.LINE | E.BRANCH_LEFT | E.BRANCH_RIGHT)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
