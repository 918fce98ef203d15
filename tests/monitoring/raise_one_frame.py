# RAISE and EXCEPTION_HANDLED of an exception raised and caught inside the hot loop.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s %s" % (code.co_name, offset, type(error).__name__, error))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, type(error).__name__))


def on_reraise(code, offset, error):
    log.append("RERAISE %s %d %s" % (code.co_name, offset, type(error).__name__))


def loop(n):
    caught = 0
    total = 0
    items = [1, 2, 3]
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.RAISE | E.EXCEPTION_HANDLED | E.RERAISE)
        if i == 2006:
            mon.set_events(0, 0)
        try:
            total += 10 // (i % 2)
            total += items[i % 5]
        except ZeroDivisionError:
            caught += 1
        except IndexError as error:
            caught += len(str(error))
    return total, caught


mon.use_tool_id(0, "errors")
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
mon.register_callback(0, E.RERAISE, on_reraise)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
