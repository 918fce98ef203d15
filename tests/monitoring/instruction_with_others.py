# INSTRUCTION together with LINE, BRANCH, JUMP and CALL: order at one instruction and the changed branch sources.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_instruction(code, offset):
    log.append("INSTRUCTION %s %d" % (code.co_name, offset))


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))


def on_call(code, offset, callable, arg0):
    log.append("CALL %s %d %s" % (code.co_name, offset, callable.__name__))


def on_c_return(code, offset, callable, arg0):
    log.append("C_RETURN %s %d %s" % (code.co_name, offset, callable.__name__))


def work(i):
    total = 0
    for k in range(2):
        if k:
            total += abs(i)
        else:
            total -= 1
    return total


def loop(n, code):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_local_events(
                0, code, E.INSTRUCTION | E.LINE | E.BRANCH_LEFT | E.BRANCH_RIGHT | E.JUMP | E.CALL
            )
        if i == 2002:
            mon.set_local_events(0, code, E.INSTRUCTION | E.BRANCH_LEFT | E.BRANCH_RIGHT)
        if i == 2003:
            mon.set_local_events(0, code, 0)
        total += work(i)
    return total


mon.use_tool_id(0, "everything")
mon.register_callback(0, E.INSTRUCTION, on_instruction)
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
result = loop(5000, work.__code__)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
