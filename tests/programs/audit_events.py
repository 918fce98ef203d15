# Audit events: sys.audit, hooks, and what the runtime reports by itself.
import os
import sys
import time

listening = False


def hook(event, args):
    if listening:
        if event == "import":
            args = args[:2]
        elif event == "exec":
            args = args[0].co_filename
        elif event == "os.listdir" and args[0] != "/dev":
            return
        print(event, args)


sys.addaudithook(hook)


class A:
    def __repr__(self):
        return "<A>"


def f():
    pass


a = A()
listening = True
sys.audit("x.y", 1, 2)
compile("1", "f", "exec")
exec("1")
eval("2 + 2")
exec(compile("1", "f", "eval"))
open(os.devnull).close()
with open(os.devnull, "w"):
    pass
os.close(os.open(os.devnull, os.O_RDONLY))
sys.settrace(None)
sys.setprofile(None)
sys.monitoring.register_callback(0, 1, None)
sys.monitoring.register_callback(0, 1, max)
try:
    sys.monitoring.register_callback(0, 3, None)
except ValueError as e:
    print(e)
try:
    sys.monitoring.register_callback(9, 1, None)
except ValueError as e:
    print(e)
a.__class__ = A
time.sleep(0)
os.listdir(os.devnull[:4]) and None
try:
    os.remove("/nonexistent")
except OSError:
    pass
try:
    import no_such_module
except ImportError as e:
    print(e)
listening = False


def shown(event, args):
    if event.startswith("object."):
        print(event, type(args[0]).__name__, args[1], len(args))


sys.addaudithook(shown)
f.__code__
f.__code__ = f.__code__
f.__defaults__ = (1,)
f.__defaults__ = None
f.__kwdefaults__ = {}
del f.__kwdefaults__
f.__name__


def refuses(event, args):
    if event == "x.z":
        raise KeyError(args)
    if event == "sys.addaudithook":
        raise RuntimeError("no more")
    if event == "sys.monitoring.register_callback":
        raise ValueError("not you")


sys.addaudithook(refuses)
try:
    sys.audit("x.z", 5)
except KeyError as e:
    print(repr(e))
sys.addaudithook(print)
sys.audit("nobody prints")
try:
    sys.monitoring.register_callback(0, 1, min)
except ValueError as e:
    print(e)
for args in ((), (1,), ("a", "b")):
    try:
        sys.audit(*args)
    except TypeError as e:
        print(e)
for args in ((), (1, 2)):
    try:
        sys.addaudithook(*args)
    except TypeError as e:
        print(e)
