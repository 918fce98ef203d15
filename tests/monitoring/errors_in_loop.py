# Wrong monitoring calls caught in the hot loop change nothing: unused id, bad sets, id in use.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def wrong(i):
    try:
        if i == 1000:
            mon.set_events(1, E.LINE)
        elif i == 2000:
            mon.set_events(0, -1)
        elif i == 2500:
            mon.set_events(0, E.C_RETURN)
        elif i == 3000:
            mon.use_tool_id(0, "again")
        elif i == 3500:
            mon.set_events(9, 0)
        elif i == 4000:
            mon.set_local_events(0, wrong, E.LINE)
        elif i == 4500:
            mon.register_callback(0, E.LINE | E.CALL, on_line)
    except ValueError as error:
        log.append("ValueError %s" % error)
    except TypeError as error:
        log.append("TypeError %s" % error)
    return i


def loop(n):
    total = 0
    for i in range(n):
        if i % 500 == 0:
            total += wrong(i)
        else:
            total += 1
    return total


mon.use_tool_id(0, "lines")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
log.append("events %d" % mon.get_events(0))
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
