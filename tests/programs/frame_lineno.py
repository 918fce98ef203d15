import sys
E=sys.monitoring.events
def gen():
    yield 1
    x = 5
def inner():
    raise ValueError
def f():
    for i in range(2):
        if i:
            len([])
        g = gen()
    next(g)
    try:
        next(g, 0)
        next(g, 0)
    except ValueError:
        pass
    try:
        inner()
    except ValueError:
        pass
    try:
        g = gen(); next(g); g.throw(KeyError)
    except KeyError: pass
    try:
        try: 1/0
        finally: a=1
    except ZeroDivisionError: pass
    def d(): yield from gen()
    list(d())
    try: len(5)
    except TypeError: pass
    return 1
import types
sys.monitoring.use_tool_id(3,"x")
names = "PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE INSTRUCTION JUMP BRANCH_LEFT BRANCH_RIGHT STOP_ITERATION RAISE EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE C_RETURN C_RAISE".split()
for name in names:
    ev=getattr(E,name)
    got = []
    def cb(*a):
        fr=sys._getframe(1)
        try: fr.f_lineno = 99999
        except Exception as e: got.append((type(e).__name__, str(e)))
        else: got.append("OK")
    sys.monitoring.register_callback(3,ev,cb)
    sys.monitoring.set_events(3,ev if name[:2]!='C_' else E.CALL)
    f()
    sys.monitoring.set_events(3,0)
    sys.monitoring.register_callback(3,ev,None)
    print(name,sorted(set(got)))
fr = sys._getframe()
for v in (1, 1.5, "x", True, None, 10**30):
    try: fr.f_lineno = v
    except Exception as e: print(type(e), e)
try: del fr.f_lineno
except Exception as e: print(type(e), e)
for n in ("f_trace","f_trace_lines","f_trace_opcodes"):
    for v in (1, None, True):
        try: setattr(fr, n, v); print(n, v, getattr(fr,n))
        except Exception as e: print(n, v, type(e), e)
    try: delattr(fr, n); print(n, 'del', getattr(fr,n))
    except Exception as e: print(n, 'del', type(e), e)
def tr(frame, ev, arg):
    for v in (1, 10**30, -5, 0, 1.5, "x", True, None, 99999, 2**31-1,-2**31):
        try: frame.f_lineno = v; print(ev, v, 'ok')
        except Exception as e: print(ev, v, type(e), e)
    try: del frame.f_lineno
    except Exception as e: print(type(e), e)
    if ev != 'call': return tr
    up = frame.f_back
    try: up.f_lineno = up.f_lineno+1
    except Exception as e: print('up', type(e), e)
    return tr
def h():
    return 5
sys.settrace(tr)
h()
sys.settrace(None)


# Jumps: each pair of lines of a function.
import warnings
import zlib
warnings.simplefilter("ignore")


def target(out):
    out.append(1)
    for i in range(2):
        out.append(("for", i))
        if i:
            out.append("odd")
    try:
        out.append("try")
        1 / 0
    except ZeroDivisionError as e:
        out.append(type(e).__name__)
        out.append(sys.exc_info()[0])
    finally:
        out.append("finally")
    with Manager(out) as m:
        out.append(m)
        out.append("body")
    print(
        "call",
        out[-1],
    )
    while len(out) < 20:
        out.append("while")
    out.append("end")


class Manager:
    def __init__(self, out):
        self.out = out

    def __enter__(self):
        self.out.append("enter")
        return 5

    def __exit__(self, *args):
        self.out.append(("exit", args[0]))


first = target.__code__.co_firstlineno
for start in range(first + 2, first + 26, 2):
    for stop in range(first, first + 27):
        done = []

        def jumper(frame, event, arg):
            if frame.f_code is not target.__code__:
                return None
            if event == "line" and frame.f_lineno == start and not done:
                done.append(1)
                frame.f_lineno = stop
                done.append(frame.f_lineno - first)
            return jumper

        out = []
        sys.settrace(jumper)
        try:
            target(out)
            error = None
        except Exception as e:
            error = "%s: %s" % (type(e).__name__, e)
        sys.settrace(None)
        text = "%s" % [out, error, sys.exc_info()[0]]
        print(start - first, stop - first, done[1:], zlib.crc32(text.encode()), error)
