# INSTRUCTION for three rounds of a loop with a call; every offset executed, in order.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_instruction(code, offset):
    log.append("INSTRUCTION %s %d" % (code.co_name, offset))


def callee(x):
    return x + 1


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.INSTRUCTION)
        total += callee(i)
        if i == 2002:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "instructions")
mon.register_callback(0, E.INSTRUCTION, on_instruction)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
