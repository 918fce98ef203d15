# exec, eval, compile, and functions made by them: every event.
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


def shape():
    space = {}
    exec("x = 1\ny = [i for i in range(x)]", space)
    eval("x + 1", space)
    exec("def f(a):\n    return a\nf(2)\n", space)
    space["f"](3)
    code = compile("z = 1\nz = 2\n", "made", "exec")
    exec(code, space)
    try:
        exec("1 / 0", space)
    except ZeroDivisionError:
        pass
    try:
        eval("(")
    except SyntaxError:
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
