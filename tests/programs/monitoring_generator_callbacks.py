# Callbacks during events in generators' frames, whose own stacks are small: with methods, defaults, generator
# functions and functions of the wrong arity as callbacks.
import sys

mon = sys.monitoring
E = mon.events
mon.use_tool_id(0, "t")
log = []


class Listener:
    def on_two(self, code, a):
        log.append((code.co_name, a))

    def on_three(self, code, a, b):
        x, y, z = a, b, code.co_name
        log.append((z, x, y))


def numbers(n):
    i = 0
    while i < n:
        yield i
        i += 1


async def coroutine():
    return [x async for x in agen()]


async def agen():
    yield 1
    yield 2


def run():
    for x in numbers(3):
        pass
    try:
        coroutine().send(None)
    except StopIteration as e:
        log.append(e.value)


listener = Listener()
for name in "PY_START PY_RESUME LINE".split():
    mon.register_callback(0, getattr(E, name), listener.on_two)
for name in "PY_YIELD PY_RETURN BRANCH_LEFT JUMP".split():
    mon.register_callback(0, getattr(E, name), listener.on_three)
mon.set_events(0, E.PY_START | E.PY_RESUME | E.LINE | E.PY_YIELD | E.PY_RETURN | E.BRANCH_LEFT | E.JUMP)
run()
mon.set_events(0, 0)
for line in log:
    print(*line if isinstance(line, list) else [str(v).split(" at ")[0] for v in line])


def generator(code, offset):
    print("never runs")
    yield


def defaults(code, offset, more=(1, 2)):
    print("defaults", code.co_name, more)


def varargs(*args):
    print("varargs", args[0].co_name, len(args))


def wrong(code):
    pass


for callback in (generator, defaults, varargs, wrong):
    mon.register_callback(0, E.PY_START, callback)
    mon.set_local_events(0, numbers.__code__, E.PY_START)
    try:
        print(list(numbers(2)))
    except TypeError as e:
        print(e)
    mon.set_local_events(0, numbers.__code__, 0)


def deep(code, offset):
    def go(n):
        return n and go(n - 1) + 1
    print("deep", go(200))


mon.register_callback(0, E.PY_YIELD, None)
mon.register_callback(0, E.PY_RESUME, deep)
mon.set_local_events(0, numbers.__code__, E.PY_RESUME)
print(list(numbers(2)))
mon.set_events(0, 0)
