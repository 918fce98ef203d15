# Branches of while, if, and/or, ternaries, chained comparisons, is None and in, for three rounds.
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
    total = 0
    last = None
    names = {1: "one", 2: "two"}
    i = 0
    while i < n:
        if i == 2000:
            mon.set_events(0, E.BRANCH_LEFT | E.BRANCH_RIGHT)
        if i == 2003:
            mon.set_events(0, 0)
        if last is None:
            total += 1
        if last is not None and last % 2 == 0 or i % 3 == 0:
            total += 2
        total += 3 if i % 2 else 4
        if 1990 < i < 2002:
            total += 5
        if i % 4 in names:
            total += len(names[i % 4])
        if not total:
            total = 1
        value = i % 2 and total or i
        total += value & 1
        last = None if i % 5 == 0 else i
        i += 1
    return total


mon.use_tool_id(0, "branches")
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
