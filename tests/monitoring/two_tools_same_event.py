# Two tools share LINE and BRANCH events: the higher id is called first; they join and leave at different rounds.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def line_of_1(code, line):
    log.append("1 LINE %s %d" % (code.co_name, line))


def line_of_4(code, line):
    log.append("4 LINE %s %d" % (code.co_name, line))


def left_of_1(code, source, destination):
    log.append("1 BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def left_of_4(code, source, destination):
    log.append("4 BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def right_of_4(code, source, destination):
    log.append("4 BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(1, E.LINE | E.BRANCH_LEFT)
        if i == 2001:
            mon.set_events(4, E.LINE | E.BRANCH_LEFT | E.BRANCH_RIGHT)
        if i == 2003:
            mon.set_events(1, E.BRANCH_LEFT)
        if i == 2004:
            mon.set_events(4, 0)
        if i == 2005:
            mon.set_events(1, 0)
        total += i % 7
    return total


mon.use_tool_id(1, "one")
mon.use_tool_id(4, "four")
mon.register_callback(1, E.LINE, line_of_1)
mon.register_callback(4, E.LINE, line_of_4)
mon.register_callback(1, E.BRANCH_LEFT, left_of_1)
mon.register_callback(4, E.BRANCH_LEFT, left_of_4)
mon.register_callback(4, E.BRANCH_RIGHT, right_of_4)
result = loop(5000)
mon.free_tool_id(1)
mon.free_tool_id(4)
print("\n".join(log))
print("result", result)
