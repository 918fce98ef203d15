# The hot loop stands in the module itself and works on globals.
# expect: interpreted
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


mon.use_tool_id(0, "module")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
total = 0
for i in range(5000):
    if i == 2000:
        mon.set_events(0, E.LINE | E.BRANCH)
    if i == 2003:
        mon.set_events(0, 0)
    total += i
    if total % 2:
        total += 1
mon.free_tool_id(0)
print("\n".join(log))
print("result", total)
