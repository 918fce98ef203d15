//! Module `faulthandler`: tracebacks on request.
//!
//! Faults of the machine itself are not caught: `enable()` is remembered, nothing more. What a program asks
//! for (`dump_traceback`, `register`) works.

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("enable", 0, 255, |vm, _, _| {
        vm.state::<State>().enabled = true;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("disable", 0, 0, |vm, _, _| {
        Ok(Value::bool(std::mem::take(&mut vm.state::<State>().enabled)))
    }),
    BuiltinDef::new("is_enabled", 0, 0, |vm, _, _| Ok(Value::bool(vm.state::<State>().enabled))),
    BuiltinDef::kw("dump_traceback", 0, 255, dump),
    BuiltinDef::kw("dump_traceback_later", 0, 255, later),
    BuiltinDef::new("cancel_dump_traceback_later", 0, 0, |vm, _, _| {
        drop(vm.state::<State>().later.take());
        Ok(Value::NONE)
    }),
    BuiltinDef::kw("register", 0, 255, |vm, _, _| {
        vm.fail("NotImplementedError", "faulthandler.register() is not supported")
    }),
    BuiltinDef::new("unregister", 1, 1, |_, _, _| Ok(Value::FALSE)),
];

#[derive(Default)]
struct State {
    enabled: bool,
    /// Dropping it stops the watchdog.
    later: Option<std::sync::mpsc::Sender<()>>,
}

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("faulthandler", FUNCTIONS))
}

/// The descriptor of a `file` argument; stderr without one.
fn descriptor(vm: &mut Vm, v: Option<Value>) -> R<i32> {
    match v.filter(|v| !v.is_none()) {
        Some(v) => vm.fd_arg(&v),
        None => Ok(2),
    }
}
fn dump(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [file, _all, _max] =
        vm.bind_args("dump_traceback", ["file", "all_threads", "max_threads"], 0, 0, args, kw)?;
    let fd = descriptor(vm, file)?;
    let mut text = String::from("Stack (most recent call first):\n");
    let mut frame = vm.frame as *const crate::frame::Frame;
    // SAFETY: the frames of the running thread; the bottom one has no code.
    unsafe {
        while !frame.is_null() && !(*frame).code.is_null() {
            let f = &*frame;
            let code = f.code();
            let (file, name) = (text_of(&code.filename.borrow()), text_of(&code.name));
            text.push_str(&format!("  File \"{file}\", line {} in {name}\n", f.line()));
            frame = f.prev;
        }
    }
    let _ = super::posix::sys::sys!(libc::write(fd, text.as_ptr().cast(), text.len()));
    Ok(Value::NONE)
}
fn text_of(v: &Value) -> String {
    v.get::<crate::object::Str>().map(|s| s.wtf8().to_string_lossy().into_owned()).unwrap_or_default()
}

/// A watchdog that says that the time is up, and ends the process if asked to. (The stacks belong to
/// threads that run: it does not show them.)
fn later(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [timeout, repeat, file, exit] =
        vm.bind_args("dump_traceback_later", ["timeout", "repeat", "file", "exit"], 0, 1, args, kw)?;
    let limit = super::time::duration(vm, &timeout.unwrap_or(Value::NONE))?.filter(|d| !d.is_zero());
    let Some(limit) = limit else {
        return vm.fail("ValueError", "timeout must be greater than 0");
    };
    let (repeat, exit) = (vm.bool_or(&repeat, false)?, vm.bool_or(&exit, false)?);
    let fd = descriptor(vm, file)?;
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::Builder::new().spawn(move || {
        loop {
            if receiver.recv_timeout(limit) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            let s = limit.as_secs();
            let (h, m, s, us) = (s / 3600, s / 60 % 60, s % 60, limit.subsec_micros());
            let fraction = if us == 0 { String::new() } else { format!(".{us:06}") };
            let text = format!("Timeout ({h}:{m:02}:{s:02}{fraction})!\n");
            let _ = super::posix::sys::sys!(libc::write(fd, text.as_ptr().cast(), text.len()));
            if exit {
                // SAFETY: ends the process, as asked.
                unsafe { libc::_exit(1) };
            }
            if !repeat {
                return;
            }
        }
    });
    if watchdog.is_err() {
        return vm.fail("RuntimeError", "unable to start watchdog thread");
    }
    vm.state::<State>().later = Some(sender);
    Ok(Value::NONE)
}
