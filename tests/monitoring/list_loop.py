# A sieve over a list and a loop over its items; events for some rounds of both, comprehension included.
# expect: native-again
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


def on_jump(code, source, destination):
    log.append("JUMP %s %d->%d" % (code.co_name, source, destination))


def sieve(n):
    flags = [True] * n
    flags[0] = False
    flags[1] = False
    for i in range(2, n):
        if i == 2500:
            mon.set_events(0, E.LINE | E.BRANCH)
        if i == 2505:
            mon.set_events(0, 0)
        if flags[i]:
            k = i * i
            while k < n:
                flags[k] = False
                k += i
    count = 0
    for index, flag in enumerate(flags):
        if index == 4000:
            mon.set_events(0, E.BRANCH | E.JUMP)
            small = [x for x in flags[:6] if x]
            count += len(small)
            mon.set_events(0, 0)
        if flag:
            count += 1
    return count


mon.use_tool_id(0, "lists")
mon.register_callback(0, E.LINE, on_line)
mon.register_callback(0, E.BRANCH_LEFT, on_left)
mon.register_callback(0, E.BRANCH_RIGHT, on_right)
mon.register_callback(0, E.JUMP, on_jump)
result = sieve(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
