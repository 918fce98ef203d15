# A float loop (Newton's square roots) watched for three rounds: values unchanged, while branches seen.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def on_left(code, source, destination):
    log.append("BRANCH_LEFT %s %d->%d" % (code.co_name, source, destination))


def on_right(code, source, destination):
    log.append("BRANCH_RIGHT %s %d->%d" % (code.co_name, source, destination))


def on_return(code, offset, value):
    log.append("PY_RETURN %s %d %r" % (code.co_name, offset, value))


def root(x):
    guess = x * 0.5 + 0.5
    while abs(guess * guess - x) > 1e-9:
        guess = (guess + x / guess) * 0.5
    return guess


def loop(n):
    total = 0.0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE | E.BRANCH | E.PY_RETURN)
        total += root(i / 64.0)
        if i == 2002:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "floats")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.PY_RETURN, on_return)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result %r" % result)
