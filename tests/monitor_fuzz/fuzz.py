"""Developers' differential fuzzing of sys.monitoring: random programs with random tool activity.

    python3 fuzz.py make SEED                     prints the program of a seed
    python3 fuzz.py run OURS THEIRS FIRST LAST    runs both command lines on those seeds, tells of differences
    python3 fuzz.py record THEIRS FIRST LAST      writes recorded.txt: a seed and a checksum of its log in each line
    python3 fuzz.py check OURS                    runs the recorded seeds

Each program defines a few random functions, generators, coroutines and classes, switches events of up to three tools on
and off between and within calls of them, and prints the events. THEIRS must be CPython 3.14. What CPython does by
accident is kept out: every code object is called once before the events, no site gets warm, two tools never have
INSTRUCTION or share an event, PY_START and PY_RESUME are on wherever LINE is (see the README's table of differences).
"""

import random
import shlex
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent

PRELUDE = '''\
import sys
mon = sys.monitoring
E = mon.events
log = []
budget = [4000]
NAMES = ("PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE INSTRUCTION JUMP BRANCH_LEFT BRANCH_RIGHT STOP_ITERATION RAISE "
         "EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE C_RETURN C_RAISE").split()


class Stop(Exception):
    pass


def show(v):
    if v is mon.MISSING:
        return "-"
    if isinstance(v, (int, str, type(None))):
        return repr(v)
    if isinstance(v, BaseException):
        return "%s%r" % (type(v).__name__, tuple(map(show, v.args)))
    if isinstance(v, type):
        return v.__name__
    return getattr(v, "__name__", None) or type(v).__name__


def hear(tool, event, act=None):
    """Registers a callback; `act`: {nth call: what it does then}."""
    count = [0]
    act = act or {}

    def callback(code, *args):
        if code.co_filename != __file__ or code.co_name == "<module>":
            return None
        count[0] += 1
        log.append("%d %s %s %s" % (tool, event, code.co_name, " ".join(map(show, args))))
        if len(log) > budget[0]:
            return None
        what = act.get(count[0])
        if what is not None:
            log.append("  " + what[0])
            return what[1]()
        return None

    mon.register_callback(tool, getattr(E, event), callback)


def disable():
    return mon.DISABLE


def fail():
    raise Stop


def switch(tool, events):
    return lambda: mon.set_events(tool, events)


def local(tool, f, events):
    return lambda: mon.set_local_events(tool, f.__code__, events)


class Manager:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return self.swallow


class Iter:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        self.n -= 1
        if self.n < 0:
            raise StopIteration
        return self.n


class Await:
    def __init__(self, n):
        self.n = n

    def __await__(self):
        for i in range(self.n):
            yield i
        return self.n


def drive(c):
    """Runs a coroutine or generator to its end."""
    try:
        while True:
            c.send(None)
    except StopIteration as e:
        return e.value


def attempt(f, *args):
    try:
        r = f(*args)
        if hasattr(r, "send"):
            r = drive(r)
        log.append("= %s" % show(r))
    except Exception as e:
        log.append("! %s" % show(e))


'''

LOCAL = "PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE INSTRUCTION JUMP BRANCH STOP_ITERATION".split()
OTHER = "RAISE EXCEPTION_HANDLED PY_UNWIND PY_THROW RERAISE".split()


class Program:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.out = []
        self.functions = []  # (name, parameters, kind)

    def chance(self, p):
        return self.random.random() < p

    def pick(self, *options):
        return self.random.choice(options)

    def line(self, depth, text):
        self.out.append("    " * depth + text)

    def expression(self, depth=2):
        r = self.random
        if depth == 0:
            return self.pick("a", "b", "a", str(r.randrange(5)), "None", "True")
        e = lambda: self.expression(depth - 1)
        choices = [
            lambda: "(%s + 1 if isinstance(%s, int) else %s)" % (("a",) * 2 + (e(),)),
            lambda: "(%s and %s)" % (e(), e()),
            lambda: "(%s or %s)" % (e(), e()),
            lambda: "(not %s)" % e(),
            lambda: "len([%s, %s])" % (e(), e()),
            lambda: "[x for x in range(%d) if x != %s]" % (r.randrange(4), e()),
            lambda: "sum(x for x in range(%d))" % r.randrange(4),
            lambda: "max(%s is None, 1)" % e(),
            lambda: "{%d: %s}" % (r.randrange(3), e()),
            lambda: "(%s, %s)" % (e(), e()),
            lambda: "(lambda v: v)(%s)" % e(),
            lambda: "str(%d)" % r.randrange(9),
            lambda: "f'{%d}'" % r.randrange(9),
            lambda: e(),
            lambda: e(),
        ]
        plain = [f for f in self.functions if f[2] == "plain"]
        if plain:
            name, parameters, _ = r.choice(plain)
            arguments = [e() for _ in range(parameters)]
            choices.append(lambda: "%s(%s)" % (name, ", ".join(arguments)))
            choices.append(lambda: "%s(*(%s,))" % (name, ", ".join(arguments)) if arguments else "%s()" % name)
        generators = [f for f in self.functions if f[2] == "generator"]
        if generators:
            name, parameters, _ = r.choice(generators)
            choices.append(lambda: "list(%s(%s))" % (name, ", ".join(e() for _ in range(parameters))))
        return r.choice(choices)()

    def body(self, depth, budget, kind, loop=False):
        n = self.random.randrange(1, 4)
        for _ in range(n):
            self.statement(depth, budget, kind, loop)

    def statement(self, depth, budget, kind, loop):
        r = self.random
        e = self.expression
        simple = [
            lambda: self.line(depth, "a = %s" % e()),
            lambda: self.line(depth, "b = %s" % e()),
            lambda: self.line(depth, "%s" % e()),
            lambda: self.line(depth, "pass"),
            lambda: self.line(depth, "a, b = b, a"),
            lambda: self.line(depth, "assert %s, 'no'" % e(1)) if self.chance(0.5) else self.line(depth, "a = (\n%sb,\n%s%s,\n%s)" % ("    " * (depth + 1), "    " * (depth + 1), e(1), "    " * depth)),
            lambda: self.line(depth, "if %s: a = %s" % (e(1), e(1))),
        ]
        if self.chance(0.12):
            simple.append(lambda: self.line(depth, "raise %s" % self.pick("KeyError(1)", "ValueError", "TypeError('t') from None")))
        if self.chance(0.2):
            simple.append(lambda: self.line(depth, "return %s" % e(1) if kind != "asyncgen" else "return"))
        if loop:
            simple.append(lambda: self.line(depth, "if %s: %s" % (e(1), self.pick("break", "continue"))))
        if kind in ("generator", "asyncgen"):
            simple += [lambda: self.line(depth, "%syield %s" % (self.pick("", "b = "), e(1)))] * 3
        if kind == "generator":
            others = [f for f in self.functions if f[2] == "generator"]
            if others:
                name, parameters, _ = r.choice(others)
                arguments = ", ".join(e(1) for _ in range(parameters))
                simple.append(lambda: self.line(depth, "b = yield from %s(%s)" % (name, arguments)))
            simple.append(lambda: self.line(depth, "yield from range(%d)" % r.randrange(3)))
        if kind in ("coroutine", "asyncgen"):
            simple += [lambda: self.line(depth, "b = await Await(%d)" % r.randrange(3))] * 2
            others = [f for f in self.functions if f[2] == "coroutine"]
            if others:
                name, parameters, _ = r.choice(others)
                arguments = ", ".join(e(1) for _ in range(parameters))
                simple.append(lambda: self.line(depth, "a = await %s(%s)" % (name, arguments)))
        if budget <= 0 or self.chance(0.45):
            return r.choice(simple)()

        def block(header, **more):
            self.line(depth, header)
            self.body(depth + 1, budget - 1, kind, more.get("loop", loop))

        def if_():
            block("if %s:" % e())
            if self.chance(0.5):
                block("elif %s:" % e(1))
            if self.chance(0.5):
                block("else:")

        def for_():
            # A generator expression here would be the fourth kind of warm site.
            over = self.pick("range(%d)" % r.randrange(4), "(1, %s)" % e(1), "Iter(%d)" % r.randrange(3), "[b, %s]" % e(1))
            block("for a in %s:" % over, loop=True)
            if self.chance(0.3):
                block("else:")

        def while_():
            name = "n%d" % len(self.out)
            self.line(depth, "%s = 0" % name)
            self.line(depth, "while %s < %d:" % (name, r.randrange(1, 4)))
            self.line(depth + 1, "%s += 1" % name)
            self.body(depth + 1, budget - 1, kind, True)

        def try_():
            self.line(depth, "try:")
            self.body(depth + 1, budget - 1, kind, loop)
            if self.chance(0.4):
                self.line(depth + 1, "raise KeyError(2)")
            shape = r.randrange(4)
            if shape < 3:
                block("except %s:" % self.pick("KeyError", "(ValueError, TypeError)", "Exception as e"))
                if self.chance(0.3):
                    self.line(depth + 1, self.pick("raise", "raise ValueError(3)"))
                if self.chance(0.3):
                    block("except Exception:")
                if self.chance(0.3):
                    block("else:")
            if shape > 1:
                block("finally:")

        def except_star():
            self.line(depth, "try:")
            self.body(depth + 1, budget - 1, kind, False)
            self.line(depth + 1, "raise ExceptionGroup('g', [KeyError(1), ValueError(2)])")
            self.line(depth, "except* %s:" % self.pick("KeyError", "ValueError"))
            self.line(depth + 1, "a = %s" % e())
            if self.chance(0.7):
                self.line(depth, "except* Exception:")
                self.line(depth + 1, "b = 1")

        def with_():
            block("with Manager(%s)%s:" % (self.pick("True", "False"), self.pick("", " as a")))
            if self.chance(0.3):
                self.line(depth + 1, "raise ValueError(4)")

        def match_():
            self.line(depth, "match %s:" % e(1))
            for pattern in r.sample(["0", "1 | 2", "[x, *_]", "{0: y}", "int(z) if z > 1", "str()", "None"], 3):
                block("case %s:" % pattern)
            if self.chance(0.5):
                block("case _:")

        def class_():
            self.line(depth, "class C:")
            self.line(depth + 1, "x = %s" % e(1))
            self.line(depth + 1, "def m(self, v): return %s" % self.pick("v", "self", "super().__repr__ and v"))
            self.line(depth, "b = C().m(%s)" % e(1))

        def async_for():
            others = [f for f in self.functions if f[2] == "asyncgen"]
            if not others:
                return with_()
            name, parameters, _ = r.choice(others)
            block("async for a in %s(%s):" % (name, ", ".join(e(1) for _ in range(parameters))), loop=True)

        blocks = [if_, if_, for_, for_, while_, try_, try_, with_, match_, class_]
        if kind in ("coroutine", "asyncgen"):
            blocks += [async_for] * 2
        if kind == "plain":
            blocks.append(except_star)
        r.choice(blocks)()

    def function(self, number):
        kind = self.pick("plain", "plain", "plain", "generator", "generator", "coroutine", "asyncgen")
        parameters = self.random.randrange(3)
        name = "%s%d" % (kind[0] if kind != "asyncgen" else "ag", number)
        if kind == "coroutine":
            name = "co%d" % number
        word = "async def" if kind in ("coroutine", "asyncgen") else "def"
        self.line(0, "%s %s(%s):" % (word, name, ", ".join("ab"[:parameters])))
        for v in "ab"[parameters:]:
            self.line(1, "%s = %d" % (v, self.random.randrange(4)))
        self.body(1, 3, kind)
        if kind in ("generator", "asyncgen"):
            self.line(1, "yield a")
        if kind != "asyncgen":
            self.line(1, "return %s" % self.pick("a", "b", "None", "1"))
        self.line(0, "")
        self.line(0, "")
        self.functions.append((name, parameters, kind))

    def events(self, pool):
        """A random set of these events, as an expression; LINE never without PY_START and PY_RESUME."""
        chosen = [e for e in pool if self.chance(0.5)]
        if "LINE" in chosen:
            chosen += [e for e in ("PY_START", "PY_RESUME") if e in pool and e not in chosen]
        return " | ".join("E." + e for e in chosen) or "0"

    def activity(self):
        r = self.random
        tools = r.sample(range(6), r.randrange(1, 4))
        # Each tool has events of its own.
        pools = {t: [] for t in tools}
        for e in LOCAL + OTHER:
            pools[r.choice(tools)].append(e)
        line = next(t for t in tools if "LINE" in pools[t])
        for t in tools:
            pools[t] = [e for e in pools[t] if e not in ("PY_START", "PY_RESUME", "LINE")]
        pools[line] += ["LINE", "PY_START", "PY_RESUME"]
        plain = [f[0] for f in self.functions]
        for t in tools:
            self.line(0, "mon.use_tool_id(%d, 'fuzz')" % t)
            for e in pools[t]:
                for name in ("BRANCH_LEFT", "BRANCH_RIGHT") if e == "BRANCH" else (e,):
                    acts = {}
                    for _ in range(r.randrange(3)):
                        what = r.randrange(6)
                        at = r.randrange(1, 12)
                        if what < 2 and e in LOCAL and not (e in ("PY_START", "PY_RESUME")):
                            acts[at] = "('disable', disable)"
                        elif what == 2:
                            acts[at] = "('fail', fail)"
                        elif what == 3:
                            other = r.choice(tools)
                            acts[at] = "('set', switch(%d, %s))" % (other, self.events(pools[other]))
                        elif what == 4:
                            other = r.choice(tools)
                            pool = [e for e in pools[other] if e in LOCAL]
                            acts[at] = "('local', local(%d, %s, %s))" % (other, r.choice(plain), self.events(pool))
                        elif what == 5:
                            acts[at] = "('restart', mon.restart_events)"
                    text = ", ".join("%d: %s" % (k, v) for k, v in sorted(acts.items()))
                    self.line(0, "hear(%d, %r, {%s})" % (t, name, text))
                if e == "CALL":
                    self.line(0, "hear(%d, 'C_RETURN')" % t)
                    self.line(0, "hear(%d, 'C_RAISE')" % t)
        for _ in range(r.randrange(3, 9)):
            t = r.choice(tools)
            what = r.randrange(10)
            if what < 5:
                self.line(0, "mon.set_events(%d, %s)" % (t, self.events(pools[t])))
            elif what < 7:
                pool = [e for e in pools[t] if e in LOCAL]
                self.line(0, "mon.set_local_events(%d, %s.__code__, %s)" % (t, r.choice(plain), self.events(pool)))
            elif what == 7:
                self.line(0, "mon.restart_events()")
            name, parameters, kind = r.choice(self.functions)
            arguments = "".join(", " + self.pick("0", "1", "None", "[1, 2]", "'s'") for _ in range(parameters))
            if kind == "asyncgen":
                self.line(0, "async def consume():")
                self.line(1, "async for v in %s(%s):" % (name, arguments[2:]))
                self.line(2, "log.append('item ' + show(v))")
                self.line(0, "attempt(consume)")
            elif kind == "generator" and self.chance(0.4):
                self.line(0, "g = %s(%s)" % (name, arguments[2:]))
                for _ in range(r.randrange(1, 4)):
                    self.line(0, "attempt(%s)" % self.pick("next, g, 0", "g.throw, KeyError(5)", "g.close", "g.send, None"))
                self.line(0, "del g")
            else:
                self.line(0, "attempt(%s%s)" % (name, arguments))
        for t in tools:
            self.line(0, "mon.set_events(%d, 0)" % t)
        self.line(0, "print('\\n'.join(log[:budget[0]]))")

    def text(self):
        for n in range(self.random.randrange(2, 6)):
            self.function(n)
        self.activity()
        return PRELUDE + "\n".join(self.out) + "\n"


def make(seed):
    return Program(seed).text()


def output(command, path):
    try:
        r = subprocess.run(shlex.split(command) + [path], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return b"(timeout)"
    return r.stdout + (b"(exit %d)\n" % r.returncode if r.returncode else b"")


def checksum(text):
    return "%08x %d" % (zlib.crc32(text), text.count(b"\n"))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "make":
        print(make(int(sys.argv[2])), end="")
        return 0
    if sys.argv[1] == "check":
        rows = [row.split(" ", 1) for row in HERE.joinpath("recorded.txt").read_text().splitlines()]
        bad = []
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "program.py"))
            for seed, expected in rows:
                Path(path).write_text(make(int(seed)))
                if checksum(output(sys.argv[2], path)) != expected:
                    bad.append(seed)
        print("%d seeds, %d differ %s" % (len(rows), len(bad), " ".join(bad)))
        return 1 if bad else 0
    record = sys.argv[1] == "record"
    commands = sys.argv[2:-2]
    first, last = map(int, sys.argv[-2:])
    bad, rows = 0, []
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "program.py"))
        for seed in range(first, last + 1):
            Path(path).write_text(make(seed))
            outputs = [output(c, path) for c in commands]
            if record:
                rows.append("%d %s" % (seed, checksum(outputs[0])))
            elif outputs[0] != outputs[1]:
                bad += 1
                ours, theirs = (o.decode("utf-8", "replace").split("\n") for o in outputs)
                n = next((i for i, (x, y) in enumerate(zip(ours, theirs)) if x != y), min(len(ours), len(theirs)))
                print("seed %d differs in line %d of %d" % (seed, n + 1, len(theirs)))
                for mark, lines in (("-", ours), ("+", theirs)):
                    print("\n".join("  %s %s" % (mark, line) for line in lines[max(0, n - 3):n + 3]))
    if record:
        HERE.joinpath("recorded.txt").write_text("\n".join(rows) + "\n")
    else:
        print("%d seeds, %d differ" % (last - first + 1, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
