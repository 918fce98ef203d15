"""Developer script: records what a reference interpreter prints for every program of a folder.

    python3 tests/monitoring/record.py python3.14                    # both folders
    python3 tests/monitoring/record.py --check "python3.14 -X dev"   # compare, change nothing
    python3 tests/monitoring/record.py python3.14 NAME...            # only these programs

The first argument that is not an option is the interpreter's command line, split like a shell's. It must be CPython
3.14. tests/monitoring/NAME.py gives NAME.log; tests/programs/NAME.py gives NAME.out and, if anything was written to
stderr, NAME.err. Each program runs twice, and must write the same both times; a program of tests/monitoring must
succeed and be silent on stderr. The working directory is the program's folder and its name is given without a folder;
the folder's path is taken out of the tracebacks, so that they say File "NAME.py". tests/corpus.rs runs our own binary
in the same way.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
# Folder -> suffix of the file that holds the recorded stdout.
FOLDERS = {"monitoring": ".log", "programs": ".out"}
TIMEOUT_SECONDS = 60


def run(command, program):
    """Runs `program` in its own folder; returns (exit code, stdout, stderr), the outputs as bytes."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONHASHSEED"] = "0"
    environment["NO_COLOR"] = "1"
    done = subprocess.run(
        command + [program.name],
        cwd=program.parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
    )
    # CPython 3.14 makes the script's path absolute; the recorded files must not tell where the checkout was.
    here = ('"%s/' % program.parent).encode()
    return done.returncode, done.stdout, done.stderr.replace(here, b'"')


def expectations(program, outcome):
    """The recorded files of a program: path -> contents, None where there must be no file."""
    _, stdout, stderr = outcome
    suffix = FOLDERS[program.parent.name]
    files = {program.with_suffix(suffix): stdout}
    if program.parent.name == "programs":
        files[program.with_suffix(".err")] = stderr or None
    return files


def complaints(program, first, second):
    """What is wrong with the two outcomes of one program, as a list of sentences."""
    found = []
    if first != second:
        found.append("differs from run to run")
    code, stdout, stderr = first
    if program.parent.name == "monitoring" and (code != 0 or stderr):
        found.append("failed: exit code %d\n%s" % (code, stderr.decode("utf-8", "replace")))
    if program.parent.name == "programs" and code != (1 if stderr else 0):
        found.append("exit code %d does not fit its stderr" % code)
    if str(TESTS.parent).encode() in stdout + stderr:
        found.append("prints the checkout's path")
    return found


def main(arguments):
    check = "--check" in arguments
    arguments = [a for a in arguments if a != "--check"]
    if not arguments:
        sys.exit(__doc__)
    command = shlex.split(arguments[0])
    names = set(arguments[1:])
    version = subprocess.run(command + ["-V"], capture_output=True, text=True).stdout.strip()
    if not version.startswith("Python 3.14."):
        sys.exit("the reference must be CPython 3.14, not %r" % version)

    programs = [p for f in FOLDERS for p in sorted((TESTS / f).glob("*.py")) if p.name != "record.py"]
    if names:
        programs = [p for p in programs if p.stem in names]
    failures = 0
    for program in programs:
        first = run(command, program)
        found = complaints(program, first, run(command, program))
        for path, contents in expectations(program, first).items():
            if check:
                recorded = path.read_bytes() if path.exists() else None
                if recorded != contents:
                    found.append("%s is not what this interpreter writes" % path.name)
            elif not found:
                if contents is None:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(contents)
        for sentence in found:
            print("%s: %s" % (program.relative_to(TESTS), sentence))
        failures += bool(found)
    print("%d programs, %d failed (%s)" % (len(programs), failures, version))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
