# JUMP events of for and while loops and of if/else joins for some rounds; then DISABLE makes each report once.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
state = {"disable": False}


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))
    if state["disable"]:
        return mon.DISABLE


def loop(n):
    total = 0
    i = 0
    while i < n:
        if i == 2000:
            mon.set_events(0, E.JUMP)
        elif i == 2004:
            mon.set_events(0, 0)
        elif i == 4000:
            state["disable"] = True
            mon.set_events(0, E.JUMP)
        if i % 2:
            total += 1
        else:
            total += 2
        for k in range(3):
            total += k
            if k == 1:
                continue
            total -= 1
        i += 1
    return total


mon.use_tool_id(0, "jumps")
mon.register_callback(0, E.JUMP, on_jump)
result = loop(5000)
mon.set_events(0, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
