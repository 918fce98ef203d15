# A callback that calls restart_events and then answers DISABLE: the restart comes first, the DISABLE holds.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []
rare_seen = [0]


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line - code.co_firstlineno))
    if line - code.co_firstlineno == 4:
        rare_seen[0] += 1
        if rare_seen[0] < 4:
            log.append("restart")
            mon.restart_events()
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000 or i == 2001 or i == 2002:
            total += 1000
        total += i
    return total


mon.use_tool_id(0, "coverage")
mon.register_callback(0, E.LINE, on_line)
mon.set_events(0, E.LINE)
result = loop(5000)
result += loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
