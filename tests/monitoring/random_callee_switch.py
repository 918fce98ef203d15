# Pseudo-random switching (seed 4242): switched by a callee's callee, calmed by the callee.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []
seed = [4242]
answer_disable = [False]


def random(limit):
    seed[0] = (seed[0] * 75 + 74) % 65537
    return seed[0] % limit


def record(text):
    log.append(text)
    if answer_disable[0]:
        return mon.DISABLE


def on_line(code, line):
    return record("LINE %s %d" % (code.co_name, line - code.co_firstlineno))


def on_start(code, offset):
    return record("PY_START %s %d" % (code.co_name, offset))


def on_return(code, offset, value):
    return record("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def on_left(code, source, destination):
    return record("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    return record("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def on_jump(code, source, destination):
    return record("JUMP %s %d->%d" % (code.co_name, source, destination))


def on_call(code, offset, callable, arg0):
    return record("CALL %s %d %s" % (code.co_name, offset, callable.__name__))


def on_raise(code, offset, error):
    log.append("RAISE %s %d %s" % (code.co_name, offset, error))


def on_handled(code, offset, error):
    log.append("EXCEPTION_HANDLED %s %d %s" % (code.co_name, offset, error))


LOCAL = [E.LINE, E.PY_START, E.PY_RETURN, E.BRANCH_LEFT, E.BRANCH_RIGHT, E.JUMP, E.CALL]


def change(i, codes):
    events = 0
    for event in LOCAL:
        if random(3) == 0:
            events |= event
    action = random(4)
    answer_disable[0] = action == 2
    log.append("round %d events %d action %d" % (i, events, action))
    if action == 0:
        mon.set_local_events(0, codes[random(len(codes))], events)
    elif action == 3:
        mon.restart_events()
        mon.set_events(0, events)
    else:
        mon.set_events(0, events | E.RAISE | E.EXCEPTION_HANDLED)


def calm(codes):
    mon.set_events(0, 0)
    for code in codes:
        mon.set_local_events(0, code, 0)


def switch(i, codes):
    if i % 409 == 408:
        change(i, codes)
    return i % 10


def step(i, codes):
    value = switch(i, codes)
    if i % 409 == 3:
        calm(codes)
    return value * 2


def run(n):
    codes = [run.__code__, step.__code__, switch.__code__]
    total = 0
    for i in range(n):
        total += step(i, codes)
        total = total if total < 1000 else total - 997
    calm(codes)
    return total


mon.use_tool_id(0, "random")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.PY_START, on_start)
mon.register_callback(0, E.PY_RETURN, on_return)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
mon.register_callback(0, E.CALL, on_call)
mon.register_callback(0, E.RAISE, on_raise)
mon.register_callback(0, E.EXCEPTION_HANDLED, on_handled)
result = run(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result %r" % result)
