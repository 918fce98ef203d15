# Asynchronous generators and comprehensions, async with and async for: every event.
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


def hear(event):
    def callback(code, *args):
        if ours(code):
            log.append("%s %s %s" % (event, code.co_name, " ".join(map(show, args))))

    mon.register_callback(0, getattr(E, event), callback)


mon.use_tool_id(0, "all")
for name in NAMES:
    hear(name)
mon.set_events(0, sum(getattr(E, name) for name in NAMES))
shape()
mon.set_events(0, 0)
print("\n".join(log))
