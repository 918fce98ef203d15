#!/usr/bin/env python3
"""Runs files of CPython's own test suite with Seriema, one process each, and writes a scoreboard.

    tests/cpython_suite.py BINARY LIB [--write FILE] [--timeout S] [--jobs N] [NAME...]

BINARY: the seriema command. LIB: a CPython 3.14 Lib folder with its `test` package (not part of this
repository). NAME: test files without `test_`; by default those on the language and the builtin types.
Everything else of the library comes from the binary. A file that crashes, hangs or panics counts no case as
passed and is marked.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

LANGUAGE = """grammar generators coroutines asyncgen exceptions except_star exception_group with patma class
descr super scope named_expressions listcomps genexps list dict tuple set range slice str int long float complex
bool bytes fstring format functools itertools operator math compare contains call unpack builtin""".split()

# Modules of CPython's own C tests that a file imports without asking whether they are there. Here they have
# functions that skip the test which calls them: the named ones, or any.
ABSENT = {"class": ("_testinternalcapi", ["has_inline_values"]), "bytes": ("_testlimitedcapi", [])}
STUB = '''"""Stands for a module that tests CPython's C API."""
import unittest

def __getattr__(name):
    if name.startswith("__") or NAMES and name not in NAMES:
        raise AttributeError(name)
    def need(*args, **kwargs):
        raise unittest.SkipTest("tests CPython's C API")
    return need
'''

RAN = re.compile(rb"^Ran (\d+) tests? in", re.M)
OUTCOME = re.compile(rb"^(?:OK|FAILED)(?: \((.*)\))?\s*$", re.M)


def run(binary, root, name, timeout):
    """(cases, failed, skipped, note) of one file."""
    command = [*binary.split(), "-m", "unittest", f"test.test_{name}"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as stubs:
        if name in ABSENT:
            module, functions = ABSENT[name]
            with open(os.path.join(stubs, module + ".py"), "w") as f:
                f.write(f"{STUB}\nNAMES = {functions}\n")
        path = root + os.pathsep + stubs
        env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            r = subprocess.run(command, env=env, cwd=folder, timeout=timeout, capture_output=True,
                               stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as e:
            return 0, 0, 0, "timeout", e.stderr or b""
    log = r.stderr + r.stdout
    ran, outcome = RAN.search(log), OUTCOME.findall(log)
    if r.returncode < 0 or b"panicked at" in log:
        return 0, 0, 0, f"crash ({r.returncode})", log
    if not ran or not outcome:
        return 0, 0, 0, "no result", log
    counts = dict(re.findall(r"([a-z ]+)=(\d+)", outcome[-1].decode()))
    counts = {k.strip(): int(v) for k, v in counts.items()}
    failed = counts.get("failures", 0) + counts.get("errors", 0) + counts.get("unexpected successes", 0)
    cases = int(ran[1])
    # An import that fails counts as one failed case of an unknown number.
    note = "does not load" if b"unittest.loader._FailedTest" in log else ""
    return cases, min(failed, cases), counts.get("skipped", 0), note, log


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("lib")
    parser.add_argument("names", nargs="*", default=LANGUAGE)
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--logs", metavar="FOLDER")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        os.symlink(os.path.join(os.path.abspath(a.lib), "test"), os.path.join(root, "test"))
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            results = list(pool.map(lambda n: run(a.binary, root, n, a.timeout), a.names))
    lines = ["| file | passed | failed | skipped | |", "|---|---:|---:|---:|---|"]
    total = [0, 0, 0]
    for name, (cases, failed, skipped, note, log) in zip(a.names, results):
        passed = cases - failed - skipped
        total = [total[0] + passed, total[1] + failed, total[2] + skipped]
        lines.append(f"| test_{name} | {passed} | {failed} | {skipped} | {note} |")
        if a.logs:
            os.makedirs(a.logs, exist_ok=True)
            with open(os.path.join(a.logs, name + ".log"), "wb") as f:
                f.write(log)
    share = 100 * total[0] / max(1, total[0] + total[1])
    lines.append(f"| **all** | **{total[0]}** | **{total[1]}** | **{total[2]}** | {share:.1f}% of the cases run |")
    text = "\n".join(lines) + "\n"
    print(text)
    if a.write:
        with open(a.write, "w") as f:
            f.write("# CPython 3.14's own tests\n\nWritten by `tests/cpython_suite.py`; JIT and options as in its "
                    "first argument.\n\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
