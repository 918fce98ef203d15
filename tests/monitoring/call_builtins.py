# CALL, C_RETURN and C_RAISE around builtins, classes, methods and failing calls for a few rounds.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []


def show(value):
    if value is mon.MISSING:
        return "MISSING"
    if isinstance(value, (int, float, str)):
        return repr(value)
    return type(value).__name__


def on_call(code, offset, callable, arg0):
    log.append("CALL %s %d %s %s" % (code.co_name, offset, callable.__name__, show(arg0)))


def on_c_return(code, offset, callable, arg0):
    log.append("C_RETURN %s %d %s %s" % (code.co_name, offset, callable.__name__, show(arg0)))


def on_c_raise(code, offset, callable, arg0):
    log.append("C_RAISE %s %d %s %s" % (code.co_name, offset, callable.__name__, show(arg0)))


def loop(n):
    items = []
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.CALL | E.C_RETURN | E.C_RAISE)
        if i == 2003:
            mon.set_events(0, 0)
        items.append(i)
        if len(items) > 8:
            items.pop()
        total += abs(-i) + int("7") + len(range(i % 5))
        total += max(i, 3) + int()
        try:
            total += int("seven" if i % 2 else "8")
        except ValueError:
            total -= 1
    return total


mon.use_tool_id(0, "calls")
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
mon.register_callback(0, E.C_RAISE, on_c_raise)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
