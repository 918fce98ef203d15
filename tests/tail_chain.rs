//! The gate that keeps the tail chain honest: in optimised builds every handler must end in a sibling call,
//! which stable Rust does not promise. If one did not, each bytecode instruction would take native stack, and
//! this program of some ten million instructions would end on a small stack at once.

use std::process::Command;

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

/// Runs a program on the interpreter alone with a native stack of 512 KiB.
fn run(source: &str) -> String {
    // The gate is meant for the release build: `SERIEMA_TEST_BIN` names it.
    let command =
        std::env::var("SERIEMA_TEST_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_seriema").to_owned());
    let out = Command::new(command)
        .args(["--stack-kib=512", "--jit=off", "-c", source])
        .output()
        .expect("it starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn ten_million_instructions_on_a_small_stack() {
    assert_eq!(run(PROGRAM), "11249975000\n");
}

/// The same machine, watched: PROBE units and the probed bodies chain too.
#[test]
fn probed_instructions_on_a_small_stack() {
    let watched = format!(
        "import sys\nm = sys.monitoring\nm.use_tool_id(0, 't')\nm.register_callback(0, m.events.INSTRUCTION, lambda *a: None)\n\
         m.set_events(0, m.events.INSTRUCTION | m.events.LINE)\n{}",
        PROGRAM.replace("150000", "5000")
    );
    run(&watched);
}
