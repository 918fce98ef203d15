# In mid-loop: events off, callback off, id freed; taken again under another name and switched on again.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("%s LINE %s %d" % (mon.get_tool(0), code.co_name, line))


def take(name):
    mon.use_tool_id(0, name)
    mon.register_callback(0, E.LINE, on_line)
    mon.set_events(0, E.LINE)


def leave():
    mon.set_events(0, 0)
    mon.register_callback(0, E.LINE, None)
    mon.free_tool_id(0)


def loop(n):
    total = 0
    for i in range(n):
        if i == 1700 or i == 3400:
            take("tool%d" % i)
        if i == 1702 or i == 3402:
            leave()
        total += i * i % 17
    return total


result = loop(5000)
log.append("tool %r" % mon.get_tool(0))
print("\n".join(log))
print("result", result)
