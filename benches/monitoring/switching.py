"""What switching events costs, with 2,000 live code objects: microseconds of CPU time for one turn.

    python3 switching.py            prints lines "WHAT MICROSECONDS"

"called": the functions have run since the program began, so that there is something to bring up to date when they run
again; the turns marked "and call" run them all, and the cost of running them is subtracted.
"""

import sys
import time

FUNCTIONS = 2000
PAIRS = 9


def make():
    source = []
    for i in range(FUNCTIONS):
        source.append("def f%d(x):\n    y = x + %d\n    if y & 1:\n        y += 1\n    return y\n" % (i, i))
    names = {}
    exec("".join(source), names)
    return [names["f%d" % i] for i in range(FUNCTIONS)]


def median(values):
    return sorted(values)[len(values) // 2]


def turn(f, times):
    clock = time.process_time
    values = []
    for _ in range(PAIRS):
        begin = clock()
        for _ in range(times):
            f()
        values.append((clock() - begin) / times)
    return median(values) * 1e6


def main():
    mon = sys.monitoring
    E = mon.events
    functions = make()

    def call_all():
        for f in functions:
            f(1)

    for _ in range(5):
        call_all()
    plain = turn(call_all, 5)
    mon.use_tool_id(2, "switching")
    mon.register_callback(2, E.LINE, lambda code, line: None)
    mon.register_callback(2, E.PY_START, lambda code, offset: mon.DISABLE)
    one = functions[0].__code__

    def show(what, microseconds):
        print("%s\t%.3f" % (what, microseconds))

    def on_off():
        mon.set_events(2, E.LINE)
        mon.set_events(2, 0)

    show("set_events on and off", turn(on_off, 2000))

    def on_off_call():
        mon.set_events(2, E.LINE)
        mon.set_events(2, 0)
        call_all()

    show("set_events on and off, and call", turn(on_off_call, 5) - plain)

    def on_call_off_call():
        mon.set_events(2, E.PY_START)
        call_all()
        mon.set_events(2, 0)
        call_all()

    show("set_events on, call, off, call (DISABLE)", turn(on_call_off_call, 3) - 2 * plain)

    def local():
        mon.set_local_events(2, one, E.LINE)
        mon.set_local_events(2, one, 0)

    show("set_local_events on and off, one code object", turn(local, 1000))

    def all_local():
        for f in functions:
            mon.set_local_events(2, f.__code__, E.LINE)
        for f in functions:
            mon.set_local_events(2, f.__code__, 0)

    show("set_local_events on and off, every code object", turn(all_local, 1))

    mon.set_events(2, E.PY_START)
    call_all()
    show("restart_events", turn(mon.restart_events, 2000))

    def restart_call():
        mon.restart_events()
        call_all()

    show("restart_events, and call (all disabled again)", turn(restart_call, 5) - plain)
    mon.set_events(2, 0)

    def register():
        mon.register_callback(2, E.INSTRUCTION, print)
        mon.register_callback(2, E.INSTRUCTION, None)

    show("register_callback and unregister, event not set", turn(register, 200))
    mon.set_events(2, E.LINE)
    call_all_quietly = mon.register_callback(2, E.LINE, None)
    call_all()

    def register_set():
        mon.register_callback(2, E.LINE, call_all_quietly)
        mon.register_callback(2, E.LINE, None)

    show("register_callback and unregister, event set", turn(register_set, 5))
    mon.set_events(2, 0)


main()
