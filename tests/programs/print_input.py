# print and input through sys.stdin and sys.stdout as they are.
import sys
import _io as io


class File:
    def __init__(self):
        self.calls = []

    def write(self, text):
        self.calls.append(text)

    def flush(self):
        self.calls.append("<flush>")


f = File()
print("a", 1, None, sep="-", end="!", file=f)
print(file=f, flush=True)
print("x", "y", sep=None, end=None, file=f)
print(f.calls)
for f in (lambda: print(sep=1), lambda: print(end=b""), lambda: print(file=3), lambda: print(wrong=1)):
    try:
        f()
    except (TypeError, AttributeError) as e:
        print(type(e).__name__, e)
out = sys.stdout
sys.stdout = io.StringIO()
print("caught", [1])
text = sys.stdout.getvalue()
sys.stdout = None
print("nowhere")
sys.stdout = out
print(repr(text))
sys.stdin = io.StringIO("first\nsecond")
sys.stdout = io.StringIO()
got = [input(), input("prompt> ")]
text = sys.stdout.getvalue()
sys.stdout = out
print(got, repr(text))
try:
    input()
except EOFError as e:
    print(type(e).__name__, e)
sys.stdin = None
try:
    input()
except RuntimeError as e:
    print(e)


class Odd:
    def __str__(self):
        print("inside", end=" ")
        return "odd"


print(Odd(), Odd())
closed = io.TextIOWrapper(io.BytesIO())
closed.close()
try:
    print("x", file=closed)
except ValueError as e:
    print(e)
print("end", file=sys.__stdout__)
