"""What one event costs, per event type: nanoseconds of CPU time, on any interpreter with sys.monitoring.

    python3 events.py [SCALE] [EVENT]       prints lines "EVENT CALLBACK NANOSECONDS"

A workload runs alternately without events and with one event set and a Python callback, which returns None ("none") or
counts ("count"). The cost is the median of the differences, divided by the number of events, which the counting callback
has counted. compare.py runs this on two interpreters; ../monitoring.rs uses the workloads with closures in Rust.
"""

import sys
import time


def lines(n):
    for i in range(n):
        a = i
        b = a
        c = b
        a = c
        b = a
    return a


def callee(x):
    return x


def calls(n):
    f = callee
    for i in range(n):
        f(i)


def builtin_calls(n):
    f = len
    s = "abc"
    for i in range(n):
        f(s)


def failing_builtin_calls(n):
    f = int
    for i in range(n):
        try:
            f("x")
        except ValueError:
            pass


def numbers(n):
    i = 0
    while i < n:
        yield i
        i += 1


def generator(n):
    for x in numbers(n):
        pass


def branches(n):
    k = 0
    for i in range(n):
        if i & 1:
            k += 1
        if i & 2:
            k -= 1
    return k


def raiser(i):
    raise KeyError


def exceptions(n):
    for i in range(n):
        try:
            raiser(i)
        except KeyError:
            pass


def reraises(n):
    for i in range(n):
        try:
            try:
                raiser(i)
            finally:
                pass
        except KeyError:
            pass


def one():
    return 1
    yield


def delegating(n):
    for i in range(n):
        yield from one()


def delegation(n):
    for x in delegating(n):
        pass


def catcher():
    while True:
        try:
            yield 1
        except KeyError:
            pass


def throws(n):
    g = catcher()
    next(g)
    throw = g.throw
    for i in range(n):
        throw(KeyError)
    g.close()


# name, event whose callback is called, event that is set, arguments of the callback, workload, rounds
WORKLOADS = [
    ("LINE", "LINE", "LINE", 2, lines, 15000),
    ("INSTRUCTION", "INSTRUCTION", "INSTRUCTION", 2, lines, 6000),
    ("PY_START", "PY_START", "PY_START", 2, calls, 60000),
    ("PY_RETURN", "PY_RETURN", "PY_RETURN", 3, calls, 60000),
    ("PY_YIELD", "PY_YIELD", "PY_YIELD", 3, generator, 60000),
    ("PY_RESUME", "PY_RESUME", "PY_RESUME", 2, generator, 60000),
    ("CALL (Python)", "CALL", "CALL", 4, calls, 50000),
    ("CALL (builtin)", "CALL", "CALL", 4, builtin_calls, 50000),
    ("C_RETURN", "C_RETURN", "CALL", 4, builtin_calls, 50000),
    ("C_RAISE", "C_RAISE", "CALL", 4, failing_builtin_calls, 10000),
    ("JUMP", "JUMP", "JUMP", 3, branches, 60000),
    ("BRANCH_LEFT", "BRANCH_LEFT", "BRANCH_LEFT", 3, branches, 40000),
    ("BRANCH_RIGHT", "BRANCH_RIGHT", "BRANCH_RIGHT", 3, branches, 60000),
    ("STOP_ITERATION", "STOP_ITERATION", "STOP_ITERATION", 3, delegation, 20000),
    ("RAISE", "RAISE", "RAISE", 3, exceptions, 15000),
    ("EXCEPTION_HANDLED", "EXCEPTION_HANDLED", "EXCEPTION_HANDLED", 3, exceptions, 20000),
    ("PY_UNWIND", "PY_UNWIND", "PY_UNWIND", 3, exceptions, 20000),
    ("RERAISE", "RERAISE", "RERAISE", 3, reraises, 15000),
    ("PY_THROW", "PY_THROW", "PY_THROW", 3, throws, 20000),
]
PAIRS = 7


def returns_none(arity):
    if arity == 2:
        return lambda code, a: None
    if arity == 3:
        return lambda code, a, b: None
    return lambda code, a, b, c: None


def counts(arity, cell):
    def two(code, a):
        cell[0] += 1

    def three(code, a, b):
        cell[0] += 1

    def four(code, a, b, c):
        cell[0] += 1

    return (two, three, four)[arity - 2]


def bits(name):
    events = sys.monitoring.events
    # CALL is what C_RETURN and C_RAISE go with.
    return getattr(events, name)


def median(values):
    return sorted(values)[len(values) // 2]


def cost(name, callback, shown, work, n, events):
    """Seconds per round that the event adds."""
    mon = sys.monitoring
    clock = time.process_time
    heard, event = bits(name), bits(shown)
    mon.register_callback(2, heard, callback)
    work(n // 10)
    differences = []
    for _ in range(PAIRS):
        begin = clock()
        work(n)
        middle = clock()
        mon.set_events(2, event)
        start = clock()
        work(n)
        end = clock()
        mon.set_events(2, 0)
        differences.append((end - start) - (middle - begin))
    mon.register_callback(2, heard, None)
    return median(differences) / events * 1e9


def main():
    mon = sys.monitoring
    wanted = sys.argv[1:]
    scale = float(wanted.pop(0)) if wanted and wanted[0][0].isdigit() else 1
    mon.use_tool_id(2, "events")
    for name, heard, event, arity, work, n in WORKLOADS:
        if wanted and name not in wanted:
            continue
        n = int(n * scale)
        cell = [0]
        mon.register_callback(2, bits(heard), counts(arity, cell))
        mon.set_events(2, bits(event))
        work(n)
        mon.set_events(2, 0)
        events = cell[0]
        for kind, callback in (("none", returns_none(arity)), ("count", counts(arity, cell))):
            print("%s\t%s\t%.1f" % (name, kind, cost(heard, callback, event, work, n, events)))


if __name__ == "__main__":
    main()
