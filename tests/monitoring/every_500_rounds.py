# On for two rounds every 500 rounds, with another event set each time; the loop becomes native again in between.
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


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def callee(x):
    return x % 10


def loop(n):
    sets = [E.LINE, E.BRANCH, E.JUMP, E.PY_RETURN, E.LINE | E.JUMP, E.BRANCH_RIGHT]
    total = 0
    for i in range(n):
        if i % 500 == 400:
            events = sets[i // 500 % 6]
            log.append("round %d set %d" % (i, events))
            mon.set_events(0, events)
        total += callee(i)
        if i % 500 == 401:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "all")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
