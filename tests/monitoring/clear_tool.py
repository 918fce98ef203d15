# In mid-loop: events off, then clear_tool_id drops the callbacks, the id stays taken; registered anew later.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def start():
    log.append("old: %r" % mon.register_callback(0, E.LINE, on_line))
    mon.set_events(0, E.LINE)


def stop():
    mon.set_events(0, 0)
    mon.clear_tool_id(0)
    log.append("tool %s events %d" % (mon.get_tool(0), mon.get_events(0)))


def loop(n):
    total = 0
    for i in range(n):
        if i == 1500 or i == 3500:
            start()
        if i == 1502 or i == 3502:
            stop()
        total += i % 19
    return total


mon.use_tool_id(0, "cleared")
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
