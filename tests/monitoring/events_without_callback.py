# Events on without a callback do nothing; a callback registered in mid-loop gets them from its next location on.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))


def loop(n):
    total = 0
    for i in range(n):
        if i == 1000:
            mon.set_events(0, E.LINE | E.JUMP)
        if i == 2500:
            mon.register_callback(0, E.LINE, on_line)
        if i == 2501:
            mon.register_callback(0, E.JUMP, on_jump)
        if i == 2503:
            mon.register_callback(0, E.LINE, None)
            mon.register_callback(0, E.JUMP, None)
        if i == 4000:
            mon.set_events(0, 0)
        total += i >> 2
    return total


mon.use_tool_id(0, "late")
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
