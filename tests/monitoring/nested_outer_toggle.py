# Nested loops with a short inner one; events go on and off in the outer one, so whole inner loops are seen.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))


def nested(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.JUMP)
        for j in range(i % 5):
            if j == 3:
                break
            if j == i % 3:
                continue
            total += j
        else:
            total += 100
        if i == 2005:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "both")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.JUMP, on_jump)
result = nested(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
