# try/finally, bare raise and raise from in callees: RERAISE and the hidden handlers, with LINE, for some rounds.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, error))


def on_reraise(code, offset, error):
    log.append("RERAISE %s %d %s" % (code.co_name, offset, error))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, error))


def on_unwind(code, offset, error):
    log.append("PY_UNWIND %s %d %s" % (code.co_name, offset, error))


counts = [0, 0]


def cleanup(x):
    try:
        if x % 3 == 0:
            raise KeyError(x)
        return x
    finally:
        counts[0] += 1


def again(x):
    try:
        return cleanup(x)
    except KeyError:
        counts[1] += 1
        raise


def translate(x):
    try:
        return again(x)
    except KeyError as error:
        raise RuntimeError("translated") from error


def loop(n):
    total = 0
    for i in range(n):
        if i == 2001:
            mon.set_events(0, E.LINE | E.RAISE | E.RERAISE | E.EXCEPTION_HANDLED | E.PY_UNWIND)
        if i == 2003:
            mon.set_events(0, E.RERAISE)
        if i == 2005:
            mon.set_events(0, 0)
        try:
            total += translate(i)
        except RuntimeError as error:
            total += len(str(error))
        else:
            total += 1
    return total, counts


mon.use_tool_id(0, "errors")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.RERAISE, on_reraise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
mon.register_callback(0, E.PY_UNWIND, on_unwind)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
