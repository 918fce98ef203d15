//! The gate that keeps the tail chain honest: in optimised builds every handler must end in a sibling call,
//! which stable Rust does not promise. If one did not, each bytecode instruction would take native stack, and
//! this program of some ten million instructions would end on a small stack at once.

use seriema::{JitOptions, Mode, Python};

const PROGRAM: &str = "
def inner(x, step=1):
    try:
        if x % 3 == 0:
            raise ValueError(x)
    except ValueError as e:
        x = e.args[0] + step
    return x

def run(n):
    items, table, total, text = [], {}, 0, ''
    for i in range(n):
        total = inner(i) + total * 1
        items.append(total)
        table[i % 10] = (i, total)
        if i & 1 and i != 7 or not total:
            a, b = table[i % 10]
            total -= a - i
        while len(items) > 5:
            items.pop()
        text = f'{i!r}:{total}'[:4]
    return total

print(run(150000))
";

#[test]
fn ten_million_instructions_on_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(|| {
        let options = JitOptions { mode: Mode::Off, ..JitOptions::default() };
        let mut py = Python::builder().jit(options).build().expect("a VM");
        py.exec(PROGRAM, "<gate>").map_err(|e| e.to_string())
    });
    let result = thread.expect("a thread").join().expect("no overflow");
    assert_eq!(result, Ok(()));
}

/// The same machine, watched: PROBE units and the probed bodies chain too.
#[test]
fn probed_instructions_on_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(|| {
        let options = JitOptions { mode: Mode::Off, ..JitOptions::default() };
        let mut py = Python::builder().jit(options).build().expect("a VM");
        let watched = format!(
            "import sys\nm = sys.monitoring\nm.use_tool_id(0, 't')\nm.register_callback(0, m.events.INSTRUCTION, lambda *a: None)\n\
             m.set_events(0, m.events.INSTRUCTION | m.events.LINE)\n{}",
            PROGRAM.replace("150000", "5000")
        );
        py.exec(&watched, "<gate>").map_err(|e| e.to_string())
    });
    let result = thread.expect("a thread").join().expect("no overflow");
    assert_eq!(result, Ok(()));
}
