# A little of everything, for the event log; sample.log was written by tests/monitor_log.py.


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True


class Derived(Manager):
    def __enter__(self):
        return super().__enter__()


def numbers(n):
    for i in range(n):
        yield i
    return n


def outer():
    total = yield from numbers(2)
    return total


async def waits():
    return await passes()


async def passes():
    return 1


def main(flag=None):
    total = sum(outer())
    squares = [x * x for x in (1, 2) if x > 1]
    with Derived() as m:
        raise KeyError(total)
    try:
        int("x")
    except ValueError as e:
        total = len(str(e)) > 3 and squares
    finally:
        flag = not flag
    try:
        waits().send(None)
    except StopIteration:
        pass
    g = numbers(3)
    next(g)
    try:
        g.throw(OSError)
    except OSError:
        pass
    while flag:
        flag = None
    return max(*squares, key=lambda v: v, default=0)


try:
    main()
except TypeError:
    main.missing = 1
