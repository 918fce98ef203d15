"""Prints every monitoring event of a program, a line each, as `seriema --monitor-log` does.

    python3.14 tests/monitor_log.py [-o FILE] [-e EVENTS] [--once] PROGRAM [ARG...]

Events go to FILE, or to standard error; EVENTS are names with commas between them, all if left out; with --once the
callbacks answer DISABLE, where they may.

So `diff` shows where two implementations of sys.monitoring differ:

    seriema --monitor-log=ours.log program.py; python3.14 tests/monitor_log.py -o theirs.log program.py
    diff ours.log theirs.log

A line has the event, file and qualified name of the code, the offset (LINE: the line), then what the callback gets
besides: the class of a value or exception, a callable's name and the class of its first argument (- if there is
none), the destination of a jump. Code of the standard library is left out.
"""

import os
import sys
import types

TOOL = sys.monitoring.OPTIMIZER_ID
LIBRARY = os.path.dirname(os.__file__) + os.sep
NAMED = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
         types.ClassMethodDescriptorType, types.MethodWrapperType)
JUMPS = ("JUMP", "BRANCH_LEFT", "BRANCH_RIGHT")
WITHOUT_PLACE = ("RAISE", "EXCEPTION_HANDLED", "PY_UNWIND", "PY_THROW", "RERAISE", "C_RETURN", "C_RAISE")


def callable_name(f):
    if type(f) in NAMED:
        return f.__name__
    if isinstance(f, type):
        return type.__dict__["__name__"].__get__(f)
    return "<%s>" % type(f).__name__


def listener(event, out, once):
    write = out.write
    missing = sys.monitoring.MISSING
    answer = sys.monitoring.DISABLE if once and event not in WITHOUT_PLACE else None

    def on_event(code, offset, *args):
        file = code.co_filename
        if file.startswith("<") or file.startswith(LIBRARY) or file == __file__:
            return answer
        parts = [event, file.rsplit("/", 1)[-1], code.co_qualname, str(offset)]
        if event in JUMPS:
            parts.append(str(args[0]))
        elif len(args) == 2:
            parts.append(callable_name(args[0]))
            parts.append("-" if args[1] is missing else type(args[1]).__name__)
        elif args:
            parts.append(type(args[0]).__name__)
        write(" ".join(parts) + "\n")
        return answer

    return on_event


def main():
    arguments = sys.argv[1:]
    out = sys.stderr
    if arguments[:1] == ["-o"]:
        out = open(arguments[1], "w")
        del arguments[:2]
    names = None
    if arguments[:1] == ["-e"]:
        names = arguments[1].split(",")
        del arguments[:2]
    once = arguments[:1] == ["--once"]
    del arguments[:once]
    if not arguments:
        sys.exit(__doc__)
    sys.argv = arguments
    path = os.path.abspath(arguments[0])
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    with open(path, "rb") as f:
        code = compile(f.read(), path, "exec", dont_inherit=True)
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    events = sys.monitoring.events
    sys.monitoring.use_tool_id(TOOL, "monitor-log")
    wanted = 0
    for name, bit in vars(events).items():
        if name not in ("BRANCH", "NO_EVENTS") and (names is None or name in names):
            sys.monitoring.register_callback(TOOL, bit, listener(name, out, once))
            wanted |= events.CALL if name in ("C_RETURN", "C_RAISE") else bit
    try:
        sys.monitoring.set_events(TOOL, wanted)
        try:
            exec(code, module.__dict__)
        finally:
            sys.monitoring.set_events(TOOL, 0)
    finally:
        out.flush()


if __name__ == "__main__":
    main()
