# PY_START and PY_RETURN windows that begin inside a callee: its return is seen, its start was not.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def switch(i):
    if i == 2000:
        mon.set_events(0, E.PY_START | E.PY_RETURN)
    if i == 2002:
        mon.set_events(0, E.PY_START)
    if i == 2004:
        mon.set_events(0, 0)


def callee(i):
    switch(i)
    return i * 7 % 5


def loop(n):
    total = 0
    for i in range(n):
        total += callee(i)
        if i == 4999:
            mon.set_events(0, E.PY_RETURN)
    return total


mon.use_tool_id(0, "profiler")
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
