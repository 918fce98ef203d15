# try, except, else and finally, nested and re-raised: every event.
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


def returns():
    try:
        return 1
    finally:
        x = 2


def fails():
    try:
        raise KeyError(1)
    except KeyError as e:
        raise ValueError(2) from e
    finally:
        x = 3


def shape():
    returns()
    try:
        fails()
    except ValueError:
        pass
    else:
        x = 1
    try:
        pass
    except KeyError:
        x = 2
    else:
        x = 3
    finally:
        x = 4
    try:
        try:
            1 / 0
        except ZeroDivisionError:
            raise
    except (KeyError, ZeroDivisionError) as e:
        x = e
    for i in range(2):
        try:
            if i:
                break
            continue
        finally:
            x = i


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
