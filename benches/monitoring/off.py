"""What monitoring costs when no event arrives: CPU time of workloads, relative to never having touched it.

    python3 off.py STATE            prints lines "WORKLOAD MILLISECONDS"

STATE: never; switched (all events on, one call, all off); disabled (LINE on and answered DISABLE everywhere); silent (LINE
and PY_START set, no callback). compare.py runs the states in turn, a process each, and divides.
"""

import sys
import time


def int_loop(n):
    t = 0
    for i in range(n):
        if i & 1:
            t += i
        else:
            t -= 1
    return t


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def length(self):
        return self.x * self.x + self.y * self.y


def objects(n):
    t = 0
    for i in range(n):
        t += Point(i, 1).length()
    return t


def numbers(n):
    i = 0
    while i < n:
        yield i
        i += 1


def generators(n):
    t = 0
    for x in numbers(n):
        t += x
    return t


def errors(n):
    t = 0
    for i in range(n):
        try:
            if i & 1:
                raise KeyError
        except KeyError:
            t += 1
    return t


WORKLOADS = [
    (int_loop, 200_000),
    (fib, 18),
    (objects, 20_000),
    (generators, 50_000),
    (errors, 30_000),
]


def prepare(state):
    mon = sys.monitoring
    E = mon.events
    if state == "never":
        return
    mon.use_tool_id(2, "off")
    every = sum(getattr(E, n) for n in dir(E) if n.isupper() and n not in ("NO_EVENTS", "BRANCH"))
    if state == "switched":
        for name in dir(E):
            if name.isupper() and name not in ("NO_EVENTS", "BRANCH"):
                mon.register_callback(2, getattr(E, name), lambda *args: None)
        mon.set_events(2, every)
        for work, n in WORKLOADS:
            work(5)
        mon.set_events(2, 0)
    elif state == "disabled":
        mon.register_callback(2, E.LINE, lambda code, line: mon.DISABLE)
        mon.set_events(2, E.LINE)
        for work, n in WORKLOADS:
            work(5)
    elif state == "silent":
        mon.set_events(2, E.LINE | E.PY_START)
    else:
        raise SystemExit("unknown state " + state)


def main():
    prepare(sys.argv[1])
    clock = time.process_time
    for work, n in WORKLOADS:
        work(n // 2 + 1)
        best = 1e9
        for _ in range(9):
            begin = clock()
            work(n)
            best = min(best, clock() - begin)
        print("%s\t%.4f" % (work.__name__, best * 1e3))


main()
