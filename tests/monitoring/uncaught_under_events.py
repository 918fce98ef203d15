# The exception leaves the monitored loop and its caller; handled at module level, events off from the handler.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, error))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, error))


def on_unwind(code, offset, error):
    log.append("PY_UNWIND %s %d %s" % (code.co_name, offset, error))


def loop(items, n):
    total = 0
    for i in range(n):
        if i == 4998:
            mon.set_events(0, E.LINE | E.RAISE | E.EXCEPTION_HANDLED | E.PY_UNWIND)
        total += items[i]
    return total


def run(n):
    items = [1] * n
    total = loop(items, n - 10)
    total += loop(items, n + 1)
    return total


mon.use_tool_id(0, "errors")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
mon.register_callback(0, E.PY_UNWIND, on_unwind)
result = 0
try:
    result = run(5000)
except IndexError as error:
    mon.set_events(0, 0)
    result = str(error)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
