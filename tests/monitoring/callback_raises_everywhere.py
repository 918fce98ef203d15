# Callbacks of PY_START, PY_RETURN, CALL, C_RETURN, BRANCH and JUMP raise in turn; RAISE and PY_UNWIND tell where it appears.
# expect: native-again
import sys

mon = sys.monitoring
E = mon.events
log = []
target = [""]


def hit(name, text):
    log.append(name + " " + text)
    if target[0] == name:
        target[0] = ""
        raise RuntimeError("raised by " + name)


def on_start(code, offset):
    hit("PY_START", "%s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    hit("PY_RETURN", "%s %d" % (code.co_name, offset))


def on_call(code, offset, callable, arg0):
    hit("CALL", "%s %d %s" % (code.co_name, offset, callable.__name__))


def on_c_return(code, offset, callable, arg0):
    hit("C_RETURN", "%s %d %s" % (code.co_name, offset, callable.__name__))


def on_left(code, source, destination):
    hit("BRANCH_LEFT", "%s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    hit("BRANCH_RIGHT", "%s %d->%d" % (code.co_name, source, destination))


def on_jump(code, source, destination):
    hit("JUMP", "%s %d->%d" % (code.co_name, source, destination))


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, error))


def on_unwind(code, offset, error):
    log.append("PY_UNWIND %s %d %s" % (code.co_name, offset, error))


def callee(x):
    y = abs(x)
    for k in range(2):
        y += k
    if y % 2:
        return y
    return y + 1


def loop(n, code):
    events = ["PY_START", "PY_RETURN", "CALL", "C_RETURN", "BRANCH_LEFT", "BRANCH_RIGHT", "JUMP"]
    total = 0
    for i in range(n):
        if 2000 <= i < 2007:
            target[0] = events[i - 2000]
            log.append("round %d" % i)
            mon.set_events(0, E.RAISE | E.PY_UNWIND)
            mon.set_local_events(0, code, E.PY_START | E.PY_RETURN | E.CALL | E.BRANCH | E.JUMP)
        try:
            total += callee(i)
        except RuntimeError as error:
            log.append("caught %s" % error)
        if i == 2007:
            mon.set_events(0, 0)
            mon.set_local_events(0, code, 0)
    return total


mon.use_tool_id(0, "thrower")
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.C_RETURN, on_c_return)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.PY_UNWIND, on_unwind)
result = loop(5000, callee.__code__)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
