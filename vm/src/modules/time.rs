//! Module `time`.
//!
//! Clocks by what the standard library offers: monotonic times count from the first look at the clock.

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

/// An instant has no number of its own, only distances.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("time", 0, 0, |_, _, _| seconds(wall())),
    BuiltinDef::new("perf_counter", 0, 0, |_, _, _| seconds(monotonic())),
    BuiltinDef::new("monotonic", 0, 0, |_, _, _| seconds(monotonic())),
    BuiltinDef::new("process_time", 0, 0, |_, _, _| seconds(process())),
    BuiltinDef::new("time_ns", 0, 0, |vm, _, _| nanoseconds(vm, wall())),
    BuiltinDef::new("perf_counter_ns", 0, 0, |vm, _, _| nanoseconds(vm, monotonic())),
    BuiltinDef::new("monotonic_ns", 0, 0, |vm, _, _| nanoseconds(vm, monotonic())),
    BuiltinDef::new("process_time_ns", 0, 0, |vm, _, _| nanoseconds(vm, process())),
    BuiltinDef::new("sleep", 1, 1, sleep),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    LazyLock::force(&ORIGIN);
    Ok(vm.new_module("time", FUNCTIONS))
}

fn wall() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
fn monotonic() -> Duration {
    ORIGIN.elapsed()
}
/// Time on a processor, of all threads.
fn process() -> Duration {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.try_into().unwrap_or(0), t.tv_nsec.try_into().unwrap_or(0))
}

fn seconds(d: Duration) -> R<Value> {
    Ok(Value::float(d.as_secs_f64()))
}
fn nanoseconds(vm: &mut Vm, d: Duration) -> R<Value> {
    Ok(vm.int(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)))
}

fn sleep(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(n) = Num::of(&args[0]) else {
        let message =
            format!("'{}' object cannot be interpreted as an integer or float", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    let f = vm.float_of(n)?;
    if f.is_nan() {
        return vm.fail("ValueError", "Invalid value NaN (not a number)");
    }
    if f < 0.0 {
        return vm.fail("ValueError", "sleep length must be non-negative");
    }
    // CPython's time is 64 bits of nanoseconds.
    match Duration::try_from_secs_f64(f).ok().filter(|d| d.as_nanos() < i64::MAX as u128) {
        Some(d) => std::thread::sleep(d),
        None => return vm.fail("OverflowError", "timestamp out of range for C PyTime_t"),
    }
    Ok(Value::NONE)
}
