"""The StopIteration that STOP_ITERATION's callbacks get: whatever a callback does to one, the next is as new."""

import sys

mon = sys.monitoring
mon.use_tool_id(3, "stop")
kept = []
way = "look"


def attribute(e):
    e.x = 1


def note(e):
    e.add_note("seen")


def context(e):
    e.__context__ = ValueError("before")


def cause(e):
    e.__cause__ = KeyError("why")


def suppress(e):
    e.__suppress_context__ = True


def traceback(e):
    try:
        raise e
    except StopIteration:
        pass


def value(e):
    e.value = 99


def args(e):
    e.args = (1, 2)


def other_args(e):
    e.args = (7,)


def no_args(e):
    e.args = ()


def keep(e):
    kept.append(e)


def keep_args(e):
    kept.append(e.args)


def keep_value(e):
    kept.append(e.value)


def again(e):
    e.__init__(5, 6)


def state(e):
    e.__setstate__({"y": 2})


def count(e):
    print("   ", sys.getrefcount(e.args) > 1, hash(e.args) == hash(tuple(list(e.args))))


def look(e):
    pass


# (No vars(e): that would make its dict.)
def heard(code, offset, e):
    print(" ", type(e).__name__, e.args, e.value, [getattr(e, name, None) for name in ("x", "y", "__notes__")], e.__context__,
          e.__cause__, e.__suppress_context__, e.__traceback__ is None)
    way(e)


def inner(v):
    return v
    yield


def outer(v):
    return (yield from inner(v))


def run(v):
    try:
        next(outer(v))
    except StopIteration as e:
        print("  result", e.value)


mon.register_callback(3, mon.events.STOP_ITERATION, heard)
mon.set_events(3, mon.events.STOP_ITERATION)
ways = [look, attribute, note, context, cause, suppress, traceback, value, args, other_args, no_args, keep, keep_args,
        keep_value, again, state, count]
for way in ways:
    print(way.__name__)
    run(1)
    run("text")
    way = look
    run(2.5)
    run(None)
    run([3])
    run(StopIteration(4))
    run((8, 9))
    run((10,))
mon.set_events(3, 0)
print(kept)
