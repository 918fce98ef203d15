# LINE and the BRANCH alias for rounds 2000 to 2003, off, and once more for the last rounds up to the loop's exit.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_branch(code, source, destination):
    log.append("BRANCH %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    evens = 0
    odds = 0
    for i in range(n):
        if i == 2000 or i == n - 2:
            mon.set_events(0, E.LINE | E.BRANCH)
        if i == 2004:
            mon.set_events(0, E.NO_EVENTS)
        if i & 1:
            odds += 1
        else:
            evens += i
    return evens, odds


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH, on_branch)
result = loop(5000)
mon.set_events(0, 0)
print(mon.get_events(0))
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
