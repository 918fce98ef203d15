# DISABLE from RAISE and EXCEPTION_HANDLED callbacks is an error: the callback goes, the ValueError appears instead.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, type(error).__name__))
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.register_callback(0, E.RAISE, on_raise)
            mon.set_events(0, E.RAISE)
        try:
            total += 6 // (i % 4)
        except ZeroDivisionError:
            total += 1
        except ValueError as error:
            log.append("caught %s" % error)
            log.append("events %d" % mon.get_events(0))
            log.append("callback %r" % mon.register_callback(0, E.RAISE, None))
        if i == 2010:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "errors")
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
