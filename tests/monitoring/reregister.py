# register_callback(None), another callback and the old one again in mid-loop while LINE stays on.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def first(code, line):
    log.append("first %s %d" % (code.co_name, line))


def second(code, line):
    log.append("second %s %d" % (code.co_name, line))


def loop(n):
    total = 0
    for i in range(n):
        if i == 1500:
            mon.register_callback(0, E.LINE, first)
        if i == 1502:
            old = mon.register_callback(0, E.LINE, second)
            log.append("old is first: %s" % (old is first))
        if i == 1504:
            old = mon.register_callback(0, E.LINE, None)
            log.append("old is second: %s" % (old is second))
        if i == 3500:
            old = mon.register_callback(0, E.LINE, first)
            log.append("old: %r" % old)
        if i == 3501:
            mon.register_callback(0, E.LINE, None)
        total += i
    return total


mon.use_tool_id(0, "lines")
mon.set_events(0, E.LINE)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
