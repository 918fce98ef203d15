# Switched on and off within the very first and within the very last round, from a callee.
# expect: native
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


def switch(on):
    mon.set_events(0, E.LINE | E.BRANCH if on else 0)


def loop(n):
    total = 0
    for i in range(n):
        if i == 0 or i == n - 1:
            switch(True)
        total += i % 3
        if i == 0:
            switch(False)
    total += 1
    switch(False)
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
