//! Nothing leaks: small programs run again and again in one process, and after a collection there are as many
//! objects as before. And a VM that goes takes its objects with it.

use seriema::Python;

const SCRIPTS: &[&str] = &[
    "x = [1, 2, [3]]",
    "x = []; x.append(x)",
    "x = {}; x['me'] = x",
    "x = {1, 2, 3}; y = frozenset(x)",
    "def f(): return f\nf()",
    "def f():\n    x = 1\n    def g(): return g, x\n    return g\nf()",
    "class A: pass\na = A(); a.me = a",
    "class A:\n    def __init__(self, n): self.n = n\nxs = [A(i) for i in range(100)]",
    "class A:\n    __slots__ = ('x', 'y')\na = A(); a.x = a",
    "class A: pass\nclass B(A): pass\nA.b = B",
    "class A(list): pass\na = A(); a.append(a); a.x = a",
    "class A(dict): pass\na = A(); a['x'] = a",
    "class A(int): pass\na = A(5); a.x = a",
    "class A(Exception): pass\ntry:\n    raise A(1)\nexcept A as e:\n    x = e",
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    x = e; e.x = e",
    "try:\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        {}['k']\nexcept KeyError as e:\n    x = e",
    "def f():\n    try:\n        g()\n    except NameError as e:\n        return e\nx = f()",
    "def f():\n    yield 1\n    yield 2\ng = f(); next(g)",
    "def f():\n    me = yield\n    yield me\ng = f(); next(g); g.send(g)",
    "def f():\n    try:\n        yield 1\n    finally:\n        pass\ng = f(); next(g)",
    "x = list(i * i for i in range(10))",
    "x = map(str, [1, 2]); next(x)",
    "x = zip([1], [2]); y = enumerate(x)",
    "x = iter([1, 2, 3]); next(x)",
    "x = {'a': 1}.items(); y = iter(x); next(y)",
    "x = reversed([1, 2])",
    "x = [1, 2].append",
    "class A:\n    def m(self): return 1\na = A(); a.f = a.m",
    "class A:\n    @property\n    def p(self): return self\n    @classmethod\n    def c(cls): return cls\n    @staticmethod\n    def s(): pass\nA().p; A.c()",
    "class A:\n    def __del__(self): pass\na = A(); a.me = a",
    "kept = []\nclass A:\n    def __del__(self): kept.append(self)\na = A(); a.me = a; del a",
    "class M(type):\n    def __call__(cls, *a): return super().__call__()\nclass A(metaclass=M): pass\nA(1)",
    "class A:\n    def __set_name__(self, owner, name): self.owner = owner\nclass B:\n    a = A()",
    "class A:\n    def __init_subclass__(cls): cls.up = A\nclass B(A): pass",
    "x = lambda: x\nx()",
    "x = slice([1], [2])",
    "x = 10 ** 50; y = x + 1",
    "x = 'abc' * 100; y = x.split('b')",
    "x = b'abc' * 100",
    "x = 1 + 2j",
    "async def f(): return 1\nc = f(); c.close()",
    "async def f():\n    yield 1\na = f()",
    "def f(*a, k=1, **kw): return a, kw\nx = f(1, 2, k=3, z=4)\nf.x = f",
    "def f(x=[]): x.append(f)\nf()",
    "exec('def g(): return g', {})",
    "x = eval('[lambda: 1]')",
    "x = compile('a = 1', 'f', 'exec')",
    "import _weakref\nclass A: pass\na = A(); r = _weakref.ref(a); a.r = r",
    "import _weakref\nclass A: pass\na = A(); a.me = a; r = _weakref.ref(a, print); del r; del a",
    "match {'a': [1, 2]}:\n    case {'a': [x, y]}: pass",
    "with open('/dev/null') as f: x = f.read()",
    "x = type('A', (list,), {'f': lambda self: x})()",
    "x = list[int] | None",
    "def f(n): return n if n == 0 else f(n - 1)\nf(50)",
    "def f():\n    for i in range(600): x = [i]\n    return x\nf()",
    "x = sorted([3, 1, 2], key=lambda v: -v)",
    "global_names = [f'{i}' for i in range(50)]",
    "class A:\n    def __getattr__(self, n): raise AttributeError(n)\ntry: A().x\nexcept AttributeError as e: x = e",
];

fn objects(py: &mut Python) -> usize {
    py.vm().collect(2);
    py.vm().collect(2);
    py.vm().live_objects()
}

#[test]
fn scripts_leave_nothing_behind() {
    let mut py = Python::builder().build().expect("a VM");
    let mut leaks = vec![];
    for (i, script) in SCRIPTS.iter().enumerate() {
        let mut run = || {
            if let Err(e) = py.exec(script, "<leak>") {
                panic!("script {i}: {e}\n{script}");
            }
            objects(&mut py)
        };
        run();
        let before = run();
        run();
        let after = run();
        if after > before {
            leaks.push(format!("{before} -> {after} objects by script {i}:\n{script}\n"));
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn values_outlive_their_machine() {
    let mut py = Python::builder().build().expect("a VM");
    let script = "class A(list): pass\ndef f():\n    yield 1\na = A(); a.append(f()); a.x = a; next(a[0])";
    py.exec(script, "<values>").expect("it runs");
    let kept = ["a", "A", "f", "[a, {}, 'text', 10 ** 30]"].map(|s| py.eval(s, "<values>").expect("a value"));
    drop(py);
    drop(kept);
}
