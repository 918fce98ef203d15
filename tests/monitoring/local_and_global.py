# The union of local and global sets: moving an event from global to local keeps it on and re-enables nothing.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))
    return mon.DISABLE


def loop(n):
    code = loop.__code__
    total = 0
    for i in range(n):
        total += i % 9
        if i == 2000:
            log.append("local on")
            mon.set_local_events(0, code, E.LINE)
        if i == 2500:
            log.append("global off")
            mon.set_events(0, 0)
        if i == 3000:
            log.append("sets %d %d" % (mon.get_events(0), mon.get_local_events(0, code)))
        if i == 3500:
            log.append("local off and on")
            mon.set_local_events(0, code, 0)
            mon.set_local_events(0, code, E.LINE)
        if i == 4000:
            log.append("local off")
            mon.set_local_events(0, code, 0)
    return total


mon.use_tool_id(0, "sets")
mon.register_callback(0, E.LINE, on_line)
mon.set_events(0, E.LINE)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
