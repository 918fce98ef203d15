//! The JIT as a whole: what compiled code relies on, and what lets it be.

use std::process::Command;

struct Run {
    stdout: String,
    stderr: String,
}

/// Runs Python source with options of the command.
fn run(options: &[&str], source: &str) -> Run {
    let command =
        std::env::var("SERIEMA_TEST_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_seriema").to_owned());
    let out = Command::new(command)
        .args(options)
        .args(["--stats=json", "-c", source])
        .output()
        .expect("the command starts");
    let text = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
    let run = Run { stdout: text(out.stdout), stderr: text(out.stderr) };
    assert!(out.status.success(), "{}\n{}", run.stdout, run.stderr);
    run
}

impl Run {
    /// A number of the statistics; 0 if it is not there.
    fn stat(&self, key: &str) -> u64 {
        let stats = self.stderr.lines().last().unwrap_or("");
        let at = stats.find(&format!("\"{key}\":")).map(|i| i + key.len() + 3);
        let digits = at.map_or("", |i| stats[i..].split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
        digits.parse().unwrap_or(0)
    }
    /// The stats' object of that name, as text.
    fn map(&self, key: &str) -> &str {
        let stats = self.stderr.lines().last().unwrap_or("");
        match stats.find(&format!("\"{key}\":{{")) {
            Some(i) => &stats[i..i + stats[i..].find('}').unwrap_or(0)],
            None => "",
        }
    }
    /// The machine code dumped for regions whose name begins with `name`.
    fn machine_code(&self, name: &str) -> Vec<&str> {
        let parts = self.stderr.split("-- asm ").skip(1);
        parts
            .filter(|p| p.starts_with(name))
            .map(|p| p.split("\n{\"").next().unwrap_or(p).trim_end())
            .collect()
    }
}

const LOOP: &str = "
import sys
m = sys.monitoring
E = m.events
def loop(n):
    total = 0
    for i in range(n):
        total += i ^ 3
    return total
def cold():
    return 1
";

/// Nothing in compiled code reads monitoring state: with the events cleared, the very same code comes back.
#[test]
fn machine_code_is_the_same_before_and_after_monitoring() {
    let source = format!(
        "{LOOP}
print(loop(3000))
m.use_tool_id(0, 't')
count = 0
def on_line(code, line):
    global count
    count += 1
m.register_callback(0, E.LINE, on_line)
m.set_events(0, E.LINE)
loop(10)
m.set_events(0, 0)
seen = count
print(loop(3000), count == seen)
"
    );
    let r = run(&["--jit-dump=asm"], &source);
    assert_eq!(r.stdout, "4498500\n4498500 True\n".replace("4498500", r.stdout.lines().next().unwrap_or("")));
    let code = r.machine_code("loop:");
    assert_eq!(code.len(), 2, "compiled before and after\n{}", r.stderr);
    assert_eq!(code[0], code[1]);
    assert!(r.map("invalidations").contains("set_events"), "{}", r.stderr);
}

/// A region depends on the sites it covers, not on the code object, far less on the program.
#[test]
fn events_elsewhere_leave_a_region_alone() {
    let source = format!(
        "{LOOP}
loop(3000)
m.use_tool_id(0, 't')
m.register_callback(0, E.LINE, lambda *a: None)
m.set_local_events(0, cold.__code__, E.LINE)
cold()
print(loop(3000) > 0)
"
    );
    let r = run(&[], &source);
    assert_eq!((r.stat("regions"), r.map("invalidations")), (1, "\"invalidations\":{"), "{}", r.stderr);
    assert!(r.stat("enters") >= 2, "{}", r.stderr);
}

/// A line that is armed for ever beside a hot loop does not keep the loop from being native.
#[test]
fn an_armed_cold_line_leaves_the_loop_native() {
    let source = "
import sys
m = sys.monitoring
E = m.events
def loop(n):
    total = 0
    for i in range(n):
        if i < 0:
            total = -1
        total += i
    return total
m.use_tool_id(0, 't')
lines = []
def on_line(code, line):
    lines.append(line)
    return m.DISABLE
m.register_callback(0, E.LINE, on_line)
m.set_local_events(0, loop.__code__, E.LINE)
print(loop(5000), sorted(lines))
";
    let r = run(&[], source);
    assert_eq!(r.stdout, "12497500 [6, 7, 7, 8, 10, 11]\n");
    assert!(r.stat("regions") >= 1 && r.stat("enters") >= 1, "{}", r.stderr);
}

/// Setting events without a callback costs nothing: no probe, no invalidation.
#[test]
fn events_without_a_callback_leave_a_region_alone() {
    let source = format!(
        "{LOOP}\nloop(3000)\nm.use_tool_id(0, 't')\nm.set_events(0, E.LINE | E.CALL)\nprint(loop(3000) > 0)\n"
    );
    let r = run(&[], &source);
    assert_eq!((r.stat("regions"), r.map("invalidations")), (1, "\"invalidations\":{"), "{}", r.stderr);
}

/// An inlined function is an assumption about a global variable.
#[test]
fn rebinding_an_inlined_function_invalidates() {
    let source = "
def f(x):
    return x + 1
def loop(n):
    total = 0
    for i in range(n):
        total += f(i)
    return total
print(loop(2000))
old = f
def f(x):
    return x + 2
print(loop(2000))
";
    let r = run(&[], source);
    assert_eq!(r.stdout, "2001000\n2003000\n");
    assert!(r.map("invalidations").contains("Cell"), "{}", r.stderr);
    assert_eq!(r.stat("regions"), 2, "{}", r.stderr);
}

/// A name that is added to the globals hides the builtin that compiled code relied on.
#[test]
fn shadowing_a_builtin_invalidates() {
    let source = "
def loop(items, n):
    total = 0
    for i in range(n):
        total += len(items)
    return total
print(loop([1, 2], 2000))
def len(x):
    return 10
print(loop([1, 2], 2000))
";
    let r = run(&[], source);
    assert_eq!(r.stdout, "4000\n20000\n");
    assert!(r.map("invalidations").contains("Absent"), "{}", r.stderr);
}

/// A failed compilation, or an abandoned recording, costs speed only.
#[test]
fn compile_failures_and_aborted_recordings_are_harmless() {
    let source = format!("{LOOP}\nprint(sum([loop(600) for _ in range(9)]))\n");
    let expected = run(&["--jit=off"], &source).stdout;
    for stress in ["compile-fail=1", "compile-fail=2", "abort-record=1", "abort-record=2"] {
        let r = run(&[&format!("--jit-stress=hot=1,{stress}")], &source);
        assert_eq!(r.stdout, expected, "{stress}");
    }
}

/// Every optimiser pass is switchable and none is needed for the result.
#[test]
fn every_pass_can_be_left_out() {
    let source = format!("{LOOP}\nprint(loop(3000))\n");
    let expected = run(&["--jit=off"], &source).stdout;
    for pass in seriema::jit::opt::PASSES {
        let r = run(&[&format!("--jit-without={}", pass.name)], &source);
        assert_eq!(r.stdout, expected, "without {}", pass.name);
        assert_eq!(r.stat("regions"), 1, "without {}", pass.name);
    }
}
