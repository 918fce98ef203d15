# INSTRUCTION with DISABLE on for the whole run: each instruction reports once, rare ones late; restarted once.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_instruction(code, offset):
    log.append("INSTRUCTION %s %d" % (code.co_name, offset))
    return mon.DISABLE


def loop(n):
    total = 0
    for i in range(n):
        if i == 3000:
            total += 5
            log.append("restart")
            mon.restart_events()
        total += i & 1
    return total


mon.use_tool_id(0, "instructions")
mon.register_callback(0, E.INSTRUCTION, on_instruction)
mon.set_local_events(0, loop.__code__, E.INSTRUCTION)
result = loop(5000)
mon.set_local_events(0, loop.__code__, 0)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
