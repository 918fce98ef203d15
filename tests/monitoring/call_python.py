# CALL of Python functions: positional, keyword, default and missing arguments, lambdas, methods of strings.
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


def on_start(code, offset):
    log.append("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %s" % (code.co_name, offset, show(value)))


def nothing():
    pass


def scale(x, factor=2):
    return x * factor


twice = lambda x: scale(x) + scale(x, factor=3)


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.CALL | E.PY_START | E.PY_RETURN)
        nothing()
        total += twice(i)
        total += scale(x=i)
        total += len("a,b".split(","))
        if i == 2001:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "calls")
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
