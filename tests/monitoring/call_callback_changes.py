# Changes made by callbacks, seen at the same instruction: LINE adds CALL, CALL drops itself (no C_RETURN), CALL adds PY_START.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
step = [0]


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    if step[0] == 0:
        step[0] = 1
        mon.set_events(0, E.LINE | E.CALL)


def on_call(code, offset, callable, arg0):
    log.append("CALL %s %d %s" % (code.co_name, offset, callable.__name__))
    if step[0] == 1 and callable is len:
        step[0] = 2
        mon.set_events(0, E.LINE)
    elif step[0] == 3 and callable is callee:
        step[0] = 4
        mon.set_events(0, E.CALL | E.PY_START | E.PY_RETURN)


def on_c_return(code, offset, callable, arg0):
    log.append("C_RETURN %s %d %s" % (code.co_name, offset, callable.__name__))


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))
    if step[0] == 4:
        step[0] = 5
        mon.set_events(0, 0)


def callee(x):
    return x + 2


def loop(n):
    items = [1, 2, 3]
    total = 0
    for i in range(n):
        total += callee(i)
        total += len(items)
        if i == 1500:
            mon.set_events(0, E.LINE)
        if i == 1503:
            mon.set_events(0, 0)
        if i == 3500:
            step[0] = 3
            mon.set_events(0, E.CALL)
    return total


mon.use_tool_id(0, "changes")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
