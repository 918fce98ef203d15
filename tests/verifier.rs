//! Bytecode from the program: what the verifier lets through runs without harm, whatever it is. Code objects are
//! changed at random (seeded, so a failure can be had again) and run; each one is refused or ends somehow.

use seriema::Python;

/// Changes one of the code objects in a module's code `N` times, beginning with seed `FIRST`, and runs what is
/// accepted.
const SCRIPT: &str = r#"
import marshal, sys, types

# A loop may go on for ever now: its jumps are counted.
jumps = 0
def jump(*where):
    global jumps
    jumps += 1
    if jumps > 500:
        raise TimeoutError
monitoring = sys.monitoring
monitoring.use_tool_id(4, "limit")
monitoring.register_callback(4, monitoring.events.JUMP, jump)

SOURCE = '''
def f(a, b=1, *c, d=2, **e):
    x = [i * 2 for i in range(a) if i]
    y = {k: v for k, v in zip("ab", x)}
    try:
        z = a // b
    except ZeroDivisionError as err:
        z = str(err)
    finally:
        w = 1
    with Manager(a) as q:
        z = f"{q!r:>{w}}{z}"
    for i in x:
        if i > 2: continue
        while w < 3: w += 1
    def g():
        nonlocal w
        w += 1
        return w, x
    g()
    match x:
        case [1, *r]: z = r
        case {"a": 1}: z = 2
        case int(real=1): z = 3
    return x, y, z, w, f, same(*x, **e), same(a=1)
def gen(n):
    for i in range(n):
        try:
            r = yield i
        except ValueError:
            yield -1
    yield from range(3)
    return 5
async def co(x):
    async with x as y:
        async for k in y:
            await k
class C:
    v: int = 1
    def m(self): return super().__init__(), __class__
class Manager:
    def __init__(self, *a): pass
    def __enter__(self): return self
    def __exit__(self, *a): return False
def same(*a, **k): return a, k
'''

state = FIRST
def random(n):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % n

def codes(c):
    yield c
    for k in c.co_consts:
        if isinstance(k, types.CodeType):
            yield from codes(k)

def changed(c):
    kw = {}
    what = random(12)
    if what < 9:
        b = bytearray(c.co_code)
        for _ in range(1 + random(3)):
            i = random(len(b))
            b[i] = (b[i] ^ 1 << random(8), random(256), b[random(len(b))], random(8))[random(4)]
        kw["co_code"] = bytes(b)
    elif what == 9 and c.co_exceptiontable:
        t = bytearray(c.co_exceptiontable)
        t[random(len(t))] ^= 1 << random(6)
        kw["co_exceptiontable"] = bytes(t)
    elif what == 10:
        kw["co_stacksize"] = max(0, c.co_stacksize - 1 - random(3))
    else:
        kw["co_flags"] = c.co_flags ^ 1 << random(10)
    return c.replace(**kw)

def with_change(c, victim, counter):
    counter[0] += 1
    mine = counter[0] == victim
    consts = tuple(with_change(k, victim, counter) if isinstance(k, types.CodeType) else k for k in c.co_consts)
    c = c.replace(co_consts=consts)
    return changed(c) if mine else c

def run(code):
    global jumps
    jumps, names = 0, {}
    monitoring.set_events(4, monitoring.events.JUMP)
    try:
        exec(code, names)
    except BaseException:
        pass
    for name, args in ("f", (3,)), ("f", (3, 0)), ("gen", (3,)), ("C", ()), ("co", (1,)):
        try:
            v = names[name](*args)
            if name == "gen":
                for _, x in zip(range(20), v):
                    pass
            elif name == "C":
                v.m()
            elif name == "co":
                v.send(None)
        except BaseException:
            pass
    monitoring.set_events(4, 0)

base = compile(SOURCE, "<verifier>", "exec")
count = sum(1 for _ in codes(base))
refused = ran = 0
for _ in range(N):
    try:
        code = with_change(base, random(count), [-1])
        code = marshal.loads(marshal.dumps(code))
    except (ValueError, SystemError, OverflowError):
        refused += 1
        continue
    ran += 1
    run(code)
"#;

#[test]
fn changed_code_is_refused_or_harmless() {
    let mut py = Python::builder().build().expect("a VM");
    let script = SCRIPT.replace("FIRST", "20260731").replace("(N)", "(400)");
    py.exec(&script, "<verifier>").expect("it runs");
    let refused = py.eval("refused > 100 and ran > 50", "<verifier>").expect("a value");
    assert!(py.vm().truthy(&refused).is_ok_and(|yes| yes), "most changes should be refused, some not");
}

#[test]
fn what_is_wrong_is_named() {
    let mut py = Python::builder().build().expect("a VM");
    let script = r#"
def f(a):
    for i in a:
        try:
            b = i + 1
        except ValueError:
            return [x for x in a]
    return a
c = f.__code__
import dis
def why(**kw):
    try:
        c.replace(**kw)
    except ValueError as e:
        return str(e)
def code(*pairs):
    return bytes(b for op, arg in pairs for b in (dis.opmap[op], arg))
answers = [
    why(co_stacksize=0),
    why(co_code=code(("LOAD_CONST", 9), ("RETURN_VALUE", 0)), co_exceptiontable=b""),
    why(co_code=code(("POP_TOP", 0)), co_exceptiontable=b""),
    why(co_code=code(("LOAD_SMALL_INT", 1)), co_exceptiontable=b""),
    why(co_code=code(("PUSH_NULL", 0), ("RETURN_VALUE", 0)), co_exceptiontable=b""),
    why(co_code=code(("LOAD_FAST", 1), ("RETURN_VALUE", 0)), co_exceptiontable=b""),
    why(co_code=code(("LOAD_FAST", 77), ("RETURN_VALUE", 0)), co_exceptiontable=b""),
    why(co_code=code(("JUMP_FORWARD", 9)), co_exceptiontable=b""),
    why(co_code=code(("JUMP_BACKWARD_NO_INTERRUPT", 1)), co_exceptiontable=b""),
    why(co_code=code(("YIELD_VALUE", 0)), co_exceptiontable=b""),
    why(co_code=b"\0\0", co_exceptiontable=b""),
    why(co_exceptiontable=b"\x80\x7f\1\1"),
]
text = "\n".join(map(str, answers))
"#;
    py.exec(script, "<verifier>").expect("it runs");
    let text = py.eval("text", "<verifier>").expect("a value");
    let text = py.vm().str_string(&text).expect("a str");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12, "{text}");
    assert!(lines.iter().all(|l| l.starts_with("code: ")), "{text}");
    assert!(lines[3].ends_with("the code ends behind it"), "{text}");
    assert!(lines[4].contains("may be NULL"), "{text}");
    assert!(lines[5].ends_with("variable 1 may have no value"), "{text}");
}
