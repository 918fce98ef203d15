"""Compares what monitoring costs on two interpreters, and with and without.

    python3 compare.py events    OURS THEIRS [ROUNDS]    nanoseconds per event (events.py)
    python3 compare.py closures  BENCH THEIRS [ROUNDS]   nanoseconds per event of a closure in Rust (../monitoring.rs)
    python3 compare.py switching OURS THEIRS [ROUNDS]    microseconds per change (switching.py)
    python3 compare.py off       OURS [ROUNDS]           relative times without events (off.py)
    python3 compare.py count     OURS                    instructions executed without events (off.py, valgrind)

OURS and THEIRS are command lines, BENCH is the program that `cargo bench --no-run --bench monitoring` names. The processes take turns, ROUNDS of each (5); medians are shown, as a table in Markdown.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATES = ("never", "switched", "disabled", "silent")


def median(values):
    return sorted(values)[len(values) // 2]


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def measure(command, script, *args):
    """Runs a script once: {the words before the last column: the number in it}."""
    rows = (line.rsplit("\t", 1) for line in output([*shlex.split(command), str(HERE / script), *args]))
    return {name: float(value) for name, value in rows}


def rounds_of(commands, script, rounds):
    """Medians of each command's rows, the commands taking turns."""
    seen = [[] for _ in commands]
    for _ in range(rounds):
        for results, (command, *args) in zip(seen, commands):
            results.append(measure(command, script, *args))
    return [{name: median([r[name] for r in results]) for name in results[0]} for results in seen]


def names_of(command):
    """The events that a benchmark measures."""
    return list(dict.fromkeys(line.split("\t")[0] for line in output([*command, "0.01"])))


def events(ours, theirs, rounds):
    print("| event | None: ours | CPython | | counting: ours | CPython | |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in names_of([*shlex.split(ours), str(HERE / "events.py")]):
        # Event by event, so that a machine that changes its speed does so for both.
        mine, other = rounds_of([(ours, name), (theirs, name)], "events.py", rounds)
        cells = []
        for kind in ("none", "count"):
            a, b = mine[f"{name}\t{kind}"], other[f"{name}\t{kind}"]
            cells += ["%.0f" % a, "%.0f" % b, "%.2f" % (a / b)]
        print("| %s | %s |" % (name, " | ".join(cells)), flush=True)


def closures(bench, theirs, rounds):
    ours = shlex.split(bench)
    print("| event | closure | CPython: None | | CPython: counting | |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in names_of(ours):
        mine, other = [], []
        for _ in range(rounds):
            mine += [float(line.split("\t")[2]) for line in output([*ours, name])]
            other.append(measure(theirs, "events.py", name))
        a = median(mine)
        none, count = (median([r[f"{name}\t{kind}"] for r in other]) for kind in ("none", "count"))
        print("| %s | %.1f | %.0f | %.2f | %.0f | %.2f |" % (name, a, none, a / none, count, a / count), flush=True)


def switching(ours, theirs, rounds):
    mine, other = rounds_of([(ours,), (theirs,)], "switching.py", rounds)
    print("| change | ours, us | CPython, us | |")
    print("|---|---:|---:|---:|")
    for name, a in mine.items():
        print("| %s | %.3f | %.3f | %.2f |" % (name, a, other[name], a / other[name]))


def off(ours, rounds):
    results = rounds_of([(ours, state) for state in STATES], "off.py", rounds)
    table(results)


def table(results):
    print("| workload | %s |" % " | ".join(STATES[1:]))
    print("|---|%s" % ("---:|" * (len(STATES) - 1)))
    for name, base in results[0].items():
        print("| %s | %s |" % (name, " | ".join("%.3f" % (r[name] / base) for r in results[1:])))


COUNTED = '''
import sys
sys.argv = ["off.py", sys.argv[1], sys.argv[2], sys.argv[3]]
source = open(%r).read().replace("\\nmain()\\n", "\\n")
exec(compile(source, "off.py", "exec"))
prepare(sys.argv[1])
work, n = next(w for w in WORKLOADS if w[0].__name__ == sys.argv[2])
for _ in range(3 if n == 18 else 1):
    work(n // 4)
for _ in range(int(sys.argv[3])):
    work(n // 4)
'''


def count(ours):
    """Instructions of one more turn of a workload: the difference of two runs under callgrind."""

    def instructions(*args):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
            f.write(COUNTED % str(HERE / "off.py"))
            f.flush()
            command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *shlex.split(ours), f.name]
            done = subprocess.run([*command, *args], capture_output=True, text=True, check=True)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))

    names = [line.split("\t")[0] for line in measure(ours, "off.py", "never")]
    results = []
    for state in STATES:
        results.append({n: instructions(state, n, "4") - instructions(state, n, "1") for n in names})
        print(state, results[-1], file=sys.stderr)
    table(results)


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    what, *args = sys.argv[1:]
    rounds = int(args.pop()) if args[-1].isdigit() else 5
    if what == "count":
        count(*args)
    else:
        {"events": events, "closures": closures, "switching": switching, "off": off}[what](*args, rounds)


main()
