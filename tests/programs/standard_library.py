# A walk through the standard library: what programs import first.
import json, re, dataclasses, collections, enum, functools, itertools, os, tempfile, subprocess, threading, contextlib, typing, datetime, random, string, textwrap, pathlib, pickle, copy, inspect, traceback, queue, argparse, struct, math, statistics
@dataclasses.dataclass(order=True)
class P:
    x: int
    y: float = 2.0
    tags: list = dataclasses.field(default_factory=list)
print(P(1), P(1) < P(2), dataclasses.asdict(P(3)), dataclasses.replace(P(1), y=3))
class C(enum.Enum):
    A = 1; B = 2
class F(enum.Flag):
    X = 1; Y = 2
print(C.A, C(2), list(C), F.X | F.Y, C['B'].name)
print(json.dumps({"a": [1, 2.5, None, True], "b": {"c": "é"}}, indent=1, sort_keys=True), json.loads('{"x": [1, 2, {"y": null}]}'))
print(re.findall(r"(\w+)@(\w+)", "me@here you@there"), re.sub(r"\d+", lambda m: str(int(m[0]) * 2), "a1b22"))
print(collections.Counter("abracadabra").most_common(2), collections.namedtuple("N", "a b")(1, 2), collections.OrderedDict(a=1), collections.defaultdict(list))
@functools.lru_cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80), fib.cache_info(), list(itertools.islice(itertools.count(3, 2), 4)))
with tempfile.TemporaryDirectory() as d:
    p = pathlib.Path(d) / "f.txt"
    p.write_text("hello\nworld\n")
    print(p.read_text().split(), sorted(os.listdir(d)), p.stat().st_size)
print(subprocess.run(["echo", "hi"], capture_output=True, text=True).stdout)
r = []
ts = [threading.Thread(target=lambda i=i: r.append(i)) for i in range(4)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(r))
@contextlib.contextmanager
def cm():
    print("in"); yield 5; print("out")
with cm() as v: print(v)
print(pickle.loads(pickle.dumps({"a": (1, [2, {3}]), "p": P(4)})), copy.deepcopy([P(1), {"k": [1]}]))
print(inspect.signature(fib), inspect.getsource(cm).splitlines()[0])
random.seed(42); print(random.random(), random.randint(1, 100), random.sample(range(50), 4), random.gauss(0, 1))
print(textwrap.fill("the quick brown fox jumps over the lazy dog", 20))
print(datetime.date(2024, 2, 29) + datetime.timedelta(days=366), datetime.datetime(2020, 1, 2, 3, 4, 5).isoformat())
print(struct.pack("<IhB", 1, -2, 3), statistics.mean([1, 2, 3.5]), math.comb(10, 3))
def f():
    try: 1/0
    except ZeroDivisionError: return traceback.format_exc().splitlines()[-1]
print(f())
import logging, decimal, fractions
print(decimal.Decimal("1.1") + 1, fractions.Fraction(1, 3) * 2)
match {"k": [1, 2, 3]}:
    case {"k": [a, *rest]}: print(a, rest)
class Sh(typing.Protocol):
    def area(self) -> float: ...
print(typing.get_type_hints(P), typing.Optional[int], list[int], int | str)
