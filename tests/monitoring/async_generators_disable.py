# Asynchronous generators and comprehensions, async with and async for: two tools that answer DISABLE, and restart_events.
import sys

mon = sys.monitoring
E = mon.events
log = []
NAMES = (
    "PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE INSTRUCTION JUMP BRANCH_LEFT BRANCH_RIGHT STOP_ITERATION RAISE "
    "EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE C_RETURN C_RAISE"
).split()


def show(v):
    if v is mon.MISSING:
        return "-"
    if v is None or isinstance(v, (int, str)):
        return repr(v)
    if isinstance(v, BaseException):
        return type(v).__name__
    return getattr(v, "__name__", None) or "<%s>" % type(v).__name__


def ours(code):
    return code.co_filename == __file__ or code.co_filename[0] not in "/<" or code.co_filename == "<string>"


class Await:
    def __await__(self):
        yield 1


class Manager:
    async def __aenter__(self):
        await Await()
        return self

    async def __aexit__(self, *args):
        return True


async def numbers(n):
    for i in range(n):
        await Await()
        yield i


async def main():
    async for i in numbers(2):
        pass
    else:
        i = 5
    x = [j async for j in numbers(1)]
    async with Manager() as m:
        raise KeyError
    g = numbers(3)
    await g.__anext__()
    await g.aclose()
    return x


def shape():
    c = main()
    try:
        while True:
            c.send(None)
    except StopIteration:
        pass


def hear(tool, event):
    def callback(code, *args):
        if not ours(code):
            return mon.DISABLE
        log.append("%d %s %s %s" % (tool, event, code.co_name, " ".join(map(show, args))))
        # Every third location goes on.
        return mon.DISABLE if len(log) % 3 else None

    mon.register_callback(tool, getattr(E, event), callback)


SETS = {1: "PY_START PY_RESUME LINE BRANCH_LEFT", 3: "CALL PY_RETURN PY_YIELD JUMP BRANCH_RIGHT"}
for tool, names in SETS.items():
    mon.use_tool_id(tool, "disables")
    for name in names.split():
        hear(tool, name)
    mon.set_events(tool, sum(getattr(E, name) for name in names.split()))
shape()
log.append("again")
shape()
log.append("restart")
mon.restart_events()
shape()
log.append("one tool only, without some events")
mon.set_events(3, 0)
mon.set_events(1, E.LINE | E.PY_START | E.PY_RESUME)
shape()
mon.set_events(1, 0)
print("\n".join(log))
