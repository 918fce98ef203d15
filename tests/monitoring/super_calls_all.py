# super() in its forms: every event.
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


class A:
    x = 1

    def m(self, v):
        return v

    @classmethod
    def c(cls):
        return cls


class B(A):
    def m(self, v):
        return super().m(v)

    def two(self, v):
        s = super(B, self)
        return s.m(v)

    def written_out(self):
        return super(B, self).m(3), super(B, self).x

    @classmethod
    def c(cls):
        return super().c()

    def fails(self):
        return super().nothing


def shape():
    b = B()
    b.m(1)
    b.two(2)
    b.written_out()
    B.c()
    try:
        b.fails()
    except AttributeError:
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
