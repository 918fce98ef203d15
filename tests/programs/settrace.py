# sys.settrace and sys.setprofile: events of every kind, per-frame functions, threads, failures.
import sys
import threading


def show(frame, event, arg):
    if event == "exception":
        arg = (arg[0].__name__, str(arg[1]))
    elif event in ("c_call", "c_return", "c_exception"):
        arg = arg.__name__
    elif hasattr(arg, "send") or callable(arg):
        arg = type(arg).__name__
    return "%s:%d %s %r" % (frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, event, arg)


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        print("T", show(frame, event, arg))
        return tracer


def profiler(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        print("P", show(frame, event, arg))


def gen():
    try:
        x = yield 1
        yield x
    finally:
        pass


def plain():
    yield 1
    yield 2
    return 3


def delegate():
    r = yield from plain()
    return r


class C:
    a = 1

    def __init__(self, n):
        self.n = n

    __repr__ = lambda self: "<C>"

    @property
    def p(self): return self.n

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True


def fails():
    raise ValueError("no")


def body():
    g = gen()
    next(g)
    g.send(5)
    g.close()
    for i in delegate(): pass
    try:
        fails()
    except ValueError:
        pass
    c = C(3)
    c.p
    with c:
        1 / 0
    x = [i for i in range(3) if i]
    i = 0
    while i < 3: i += 1
    try:
        len(5)
    except TypeError:
        pass
    sorted([3, 1], key=lambda v: -v)
    class D(C): pass
    D(1)
    g = plain(); next(g)
    try:
        g.throw(KeyError("k"))
    except KeyError:
        pass
    print("x" if x else "y")
    return max(1, 2)


for name, setter in (("settrace", sys.settrace), ("setprofile", sys.setprofile)):
    print("-----", name)
    setter(tracer if setter is sys.settrace else profiler)
    body()
    setter(None)

print("----- both")
sys.settrace(tracer)
sys.setprofile(profiler)
fails_caught = None
try:
    fails()
except ValueError:
    pass
print(sys.gettrace() is tracer, sys.getprofile() is profiler)
print([(k, v) for k, v in sys.monitoring._all_events().items()])
print([sys.monitoring.get_tool(n) for n in range(6)])
sys.settrace(None)
sys.setprofile(None)
print(sys.gettrace(), sys.getprofile(), sys.monitoring._all_events())

print("----- f_trace, f_trace_lines, f_trace_opcodes")


def local(frame, event, arg):
    print("L", show(frame, event, arg))
    if event == "line" and frame.f_lineno - frame.f_code.co_firstlineno == 2:
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
    return local


def three():
    a = 1
    b = 2
    c = a + b
    return c


sys.settrace(lambda frame, event, arg: local if frame.f_code is three.__code__ else None)
three()
sys.settrace(None)
three()


def sets_own():
    sys._getframe().f_trace = local
    sys.settrace(lambda *a: None)
    a = 1
    sys._getframe().f_trace = None
    b = 2
    del sys._getframe().f_trace
    sys.settrace(None)


sets_own()

print("----- failures")


def bad(when):
    def trace(frame, event, arg):
        if event == when:
            raise RuntimeError(when)
        return trace
    return trace


def victim():
    try:
        raise ValueError(1)
    except ValueError:
        pass
    return 2


for when in ("call", "line", "return", "exception"):
    sys.settrace(bad(when))
    try:
        victim()
    except RuntimeError as e:
        tb = e.__traceback__
        lines = []
        while tb:
            lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno))
            tb = tb.tb_next
        print(when, repr(e), repr(e.__context__), lines[1:], sys.gettrace())
    sys.settrace(None)


def bad_profile(frame, event, arg):
    if event == "c_call":
        raise RuntimeError(event)


sys.setprofile(bad_profile)
try:
    len([])
except RuntimeError as e:
    print(repr(e), sys.getprofile())
sys.setprofile(None)
for f in (sys.settrace, sys.setprofile, sys.gettrace, sys.call_tracing):
    for args in ((), (1, 2, 3)):
        try:
            f(*args)
        except TypeError as e:
            print(e)

print("----- threads")
seen = []


def thread_trace(frame, event, arg):
    if frame.f_code.co_name == "work":
        seen.append((threading.current_thread() is threading.main_thread(), event))
        return thread_trace


def work():
    return 1


threading.settrace(thread_trace)
t = threading.Thread(target=work)
t.start()
t.join()
work()
threading.settrace(None)
print(seen, threading.gettrace(), sys.gettrace())
seen.clear()
ready, go = threading.Event(), threading.Event()


def waiting():
    ready.set()
    go.wait()
    work()


t = threading.Thread(target=waiting)
t.start()
ready.wait()
threading.settrace_all_threads(thread_trace)
go.set()
t.join()
work()
threading.settrace_all_threads(None)
print(sorted(seen), sys.gettrace())
sys.settrace(tracer)
print(sys.call_tracing(max, (1, 2)))
sys.settrace(None)
