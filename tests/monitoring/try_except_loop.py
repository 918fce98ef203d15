# A hot loop whose body is try/except/else/finally, an exception every third round; LINE, BRANCH and errors for six rounds.
# expect: native
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


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, type(error).__name__))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, type(error).__name__))


def loop(n):
    table = {0: 1, 1: 2}
    total = 0
    finals = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.BRANCH | E.RAISE | E.EXCEPTION_HANDLED)
        elif i == 2006:
            mon.set_events(0, 0)
        try:
            value = table[i % 3]
        except IndexError:
            total += 1000
        except KeyError:
            total += 1
            if i % 2:
                continue
        else:
            total += value
        finally:
            finals += 1
        total += 1
    return total, finals


mon.use_tool_id(0, "errors")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
