# All local events on in all rounds, never disabled: callbacks count into a dict, the counts are printed.
import sys

mon = sys.monitoring
E = mon.events
counts = {}


def count(key):
    counts[key] = counts.get(key, 0) + 1


def on_line(code, line):
    count("LINE %s %d" % (code.co_name, line))


def on_start(code, offset):
    count("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    count("PY_RETURN %s %d" % (code.co_name, offset))


def on_left(code, source, destination):
    count("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    count("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def on_jump(code, source, destination):
    count("JUMP %s %d->%d" % (code.co_name, source, destination))


def on_call(code, offset, callable, arg0):
    count("CALL %s %d %s" % (code.co_name, offset, callable.__name__))


def on_c_return(code, offset, callable, arg0):
    count("C_RETURN %s %d %s" % (code.co_name, offset, callable.__name__))


def callee(x):
    if x % 4 == 1:
        return abs(x)
    return 1


def loop(n):
    total = 0
    for i in range(n):
        for k in range(3):
            total += callee(i + k)
    return total


mon.use_tool_id(0, "counter")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
mon.set_events(0, E.LINE | E.PY_START | E.PY_RETURN | E.BRANCH | E.JUMP | E.CALL)
result = loop(2000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(["%s: %d" % (key, counts[key]) for key in counts]))
print("result", result)
