//! What one event costs with a closure in Rust: nanoseconds and, under callgrind, instructions.
//!
//! `cargo bench --ignore-rust-version --bench monitoring [-- SCALE] [EVENT] [off]` prints lines "EVENT closure NANOSECONDS EVENTS";
//! with `off` it never sets the event, so that callgrind's counts of two runs can be subtracted. The
//! workloads are those of `monitoring/events.py`, on the interpreter. A workload runs alternately without the event and
//! with it; the cost is the median of the differences, divided by the number of events, which the closure counts.

use seriema::events::{self, EventSet, Registration, ToolId, Verdict};
use seriema::{JitOptions, Mode, Python, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const SOURCE: &str = include_str!("monitoring/events.py");
const PAIRS: usize = 7;

/// A closure for the event of that name, which counts.
fn listen(py: &mut Python, name: &str, count: &Arc<AtomicU64>) -> Registration {
    let count = count.clone();
    macro_rules! by_name {
        ($($name:literal $event:ident;)*) => {
            match name {
                $($name => py.monitoring().on(ToolId::PROFILER, events::$event, move |_, _| {
                    // One thread counts: no need to lock the bus.
                    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    Verdict::Continue
                }),)*
                _ => panic!("no event {name}"),
            }
        };
    }
    let registration = by_name! {
        "LINE" Line; "INSTRUCTION" Instruction; "PY_START" PyStart; "PY_RESUME" PyResume; "PY_RETURN" PyReturn;
        "PY_YIELD" PyYield; "CALL" Call; "C_RETURN" CReturn; "C_RAISE" CRaise; "JUMP" Jump;
        "BRANCH_LEFT" BranchLeft; "BRANCH_RIGHT" BranchRight; "STOP_ITERATION" StopIteration; "RAISE" Raise;
        "EXCEPTION_HANDLED" ExceptionHandled; "PY_UNWIND" PyUnwind; "RERAISE" Reraise; "PY_THROW" PyThrow;
    };
    registration.expect("the tool and the event exist")
}

fn seconds(py: &mut Python, work: &Value, rounds: &Value) -> f64 {
    let start = Instant::now();
    py.call(work, std::slice::from_ref(rounds)).expect("the workload runs");
    start.elapsed().as_secs_f64()
}

fn main() {
    let scale: f64 = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(1.0);
    let wanted = std::env::args().skip(1).find(|a| a.starts_with(char::is_uppercase));
    let off = std::env::args().any(|a| a == "off");
    let jit = JitOptions { mode: Mode::Off, ..JitOptions::default() };
    let mut py = Python::builder().jit(jit).build().expect("an interpreter");
    let definitions = SOURCE.split("if __name__").next().expect("a first part");
    py.exec(definitions, "events.py").expect("the workloads");
    py.exec("rows = [(n, h, bits(e), w, r) for n, h, e, _, w, r in WORKLOADS]", "events.py").expect("rows");
    let number = |py: &mut Python, expression: &str| {
        let v = py.eval(expression, "events.py").expect("a number");
        py.to_i64(&v).expect("a small int")
    };
    let text = |py: &mut Python, expression: &str| {
        let v = py.eval(expression, "events.py").expect("a str");
        py.to_string(&v).expect("a str")
    };
    for i in 0..number(&mut py, "len(rows)") {
        let (name, heard) =
            (text(&mut py, &format!("rows[{i}][0]")), text(&mut py, &format!("rows[{i}][1]")));
        if wanted.as_ref().is_some_and(|w| *w != name) {
            continue;
        }
        let bits = number(&mut py, &format!("rows[{i}][2]"));
        let rounds = (number(&mut py, &format!("rows[{i}][4]")) as f64 * scale) as i64;
        let work = py.eval(&format!("rows[{i}][3]"), "events.py").expect("a function");
        let rounds = py.int(rounds);
        let event = if off { EventSet::empty() } else { EventSet::from_bits_truncate(bits as u32) };
        let count = Arc::new(AtomicU64::new(0));
        let _tool = py.monitoring().take_tool(ToolId::PROFILER, "bench").expect("a free tool");
        let _registration = listen(&mut py, &heard, &count);
        let mut differences: Vec<f64> = (0..PAIRS)
            .map(|_| {
                let without = seconds(&mut py, &work, &rounds);
                py.monitoring().set_events(ToolId::PROFILER, event).expect("an event");
                let with = seconds(&mut py, &work, &rounds);
                py.monitoring().set_events(ToolId::PROFILER, EventSet::empty()).expect("no event");
                with - without
            })
            .collect();
        differences.sort_by(f64::total_cmp);
        let events = count.load(Ordering::Relaxed) as f64 / PAIRS as f64;
        println!("{name}\tclosure\t{:.1}\t{events} events", differences[PAIRS / 2] / events * 1e9);
    }
}
