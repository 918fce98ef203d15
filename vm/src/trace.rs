//! `sys.settrace` and `sys.setprofile`: two internal tools of monitoring (rules M160 to M163).
//!
//! Each thread has a trace and a profile function of its own. While any thread has one, the tool's events are
//! set for all; a callback in a thread without a function does nothing. So tracing costs what monitoring
//! costs, and nothing when off.
//!
//! ```text
//!   event            trace function               profile function
//!   PY_START ...     "call", global function      "call"
//!   PY_RETURN ...    "return", frame.f_trace      "return"
//!   LINE, JUMP       "line"                       -
//!   INSTRUCTION      "opcode" (local events)      -
//!   RAISE ...        "exception"                  -
//!   CALL, C_*        -                            "c_call", "c_return", "c_exception"
//! ```

use crate::code::Code;
use crate::error::R;
use crate::frame::Frame;
use crate::monitor::{Callback, EventInfo};
use crate::object::{Exception, FrameObject, Kind, Kw, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use seriema_monitoring::{Event, EventSet, ToolId, Verdict};

/// What tracing knows of one thread.
#[derive(Default)]
pub struct Tracing {
    pub trace: Option<Value>,
    pub profile: Option<Value>,
    /// The event whose callback runs: what may set `f_lineno`.
    pub event: Option<Event>,
    /// The frame it happens in.
    pub event_frame: FrameOrNull,
    /// And its unit there, of an event that a closure is told from a handler of the tail chain.
    pub event_unit: u32,
    /// Where a jump or branch under way goes.
    pub next_unit: usize,
    /// The frame whose `f_lineno` the callback has set; null: none. (Its own frames are monitored code too,
    /// and must not take the jump for theirs.)
    pub jumped: FrameOrNull,
    /// What it handles there, if that has changed.
    pub handled: Option<Value>,
}

/// A frame, or null.
pub struct FrameOrNull(pub *mut Frame);

impl Default for FrameOrNull {
    fn default() -> FrameOrNull {
        FrameOrNull(std::ptr::null_mut())
    }
}

/// Which of a thread's two functions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Trace,
    Profile,
}

impl Which {
    const fn tool(self) -> ToolId {
        match self {
            Which::Trace => ToolId::TRACE,
            Which::Profile => ToolId::PROFILE,
        }
    }
    const fn events(self) -> EventSet {
        let common = EventSet::PY_START
            .union(EventSet::PY_RESUME)
            .union(EventSet::PY_RETURN)
            .union(EventSet::PY_YIELD)
            .union(EventSet::PY_UNWIND)
            .union(EventSet::PY_THROW);
        match self {
            Which::Profile => common.union(EventSet::CALL),
            Which::Trace => common
                .union(EventSet::LINE)
                .union(EventSet::JUMP)
                .union(EventSet::STOP_ITERATION)
                .union(EventSet::RAISE),
        }
    }
}

impl Tracing {
    fn function(&self, which: Which) -> &Option<Value> {
        match which {
            Which::Trace => &self.trace,
            Which::Profile => &self.profile,
        }
    }
    fn replace(&mut self, which: Which, f: Option<Value>) -> Option<Value> {
        match which {
            Which::Trace => std::mem::replace(&mut self.trace, f),
            Which::Profile => std::mem::replace(&mut self.profile, f),
        }
    }
}

impl Vm {
    /// Sets this thread's function.
    pub(crate) fn set_tracing(&mut self, which: Which, f: Option<Value>) {
        let old = self.tracing.replace(which, f);
        self.update_tracing(which);
        drop(old);
    }
    /// Sets the events if any thread has a function, else takes them off.
    fn update_tracing(&mut self, which: Which) {
        let parked = self.threads.parked_tracing().any(|t| t.function(which).is_some());
        let wanted = match parked || self.tracing.function(which).is_some() {
            true => which.events(),
            false => EventSet::empty(),
        };
        let tool = which.tool();
        if !wanted.is_empty() && self.monitor.callback(tool, Event::PyStart).is_none() {
            let (callback, more) = match which {
                Which::Trace => (on_trace as fn(&mut Vm, &EventInfo) -> R<Verdict>, EventSet::INSTRUCTION),
                Which::Profile => (on_profile as _, EventSet::ANCILLARY),
            };
            let callback = Callback::Internal(callback);
            let change = self.monitor.register_unchecked(tool, wanted | more, callback);
            self.apply(change, None);
        }
        let change = self.monitor.set_events_unchecked(tool, wanted);
        self.apply(change, None);
    }
    /// The thread ends.
    pub(crate) fn stop_tracing(&mut self) {
        for which in [Which::Trace, Which::Profile] {
            if self.tracing.function(which).is_some() {
                self.set_tracing(which, None);
            }
        }
    }
    /// `f_trace_opcodes`: INSTRUCTION for the trace function, in this frame's code.
    pub(crate) fn trace_opcodes(&mut self, frame: &Value, on: bool) {
        let v = crate::value::Word(std::ptr::from_ref(frame.as_::<FrameObject>().code()) as u64).to_value();
        let code = v.as_::<Code>();
        let set = if on { EventSet::INSTRUCTION } else { EventSet::empty() };
        let change = self.monitor.set_local_unchecked(ToolId::TRACE, &mut code.monitoring.borrow_mut(), set);
        self.apply(change, Some(code));
    }

    /// Calls a trace function for the current frame. The frame's own function is what the last one answered.
    fn call_trace(&mut self, f: &Value, what: &str, arg: Value) -> R {
        let v = self.frame_object(self.frame);
        let own = v.as_::<FrameObject>().trace.borrow().clone();
        let f = if what == "call" { f.clone() } else { own };
        if f.is_none() {
            return Ok(());
        }
        let what = self.intern(what);
        let r = self.call(&f, &[v.clone(), what, arg], Kw::NONE);
        match r {
            Ok(answer) => {
                if !answer.is_none() {
                    drop(v.as_::<FrameObject>().trace.replace(answer));
                }
                Ok(())
            }
            Err(e) => {
                let pending = self.take_pending();
                self.set_tracing(Which::Trace, None);
                drop(v.as_::<FrameObject>().trace.replace(Value::NONE));
                self.set_pending(pending);
                Err(e)
            }
        }
    }
    fn call_profile(&mut self, f: &Value, what: &str, arg: Value) -> R {
        let v = self.frame_object(self.frame);
        let what = self.intern(what);
        match self.call(f, &[v, what, arg], Kw::NONE) {
            Ok(_) => Ok(()),
            Err(e) => {
                let pending = self.take_pending();
                self.set_tracing(Which::Profile, None);
                self.set_pending(pending);
                Err(e)
            }
        }
    }
    fn frame_flag(&mut self, flag: fn(&FrameObject) -> bool) -> bool {
        let v = self.frame_object(self.frame);
        flag(v.as_())
    }
}

fn on_trace(vm: &mut Vm, info: &EventInfo) -> R<Verdict> {
    let Some(f) = vm.tracing.trace.clone() else { return Ok(Verdict::Continue) };
    let (what, arg) = match info.event {
        Event::PyStart | Event::PyResume | Event::PyThrow => ("call", Value::NONE),
        Event::PyReturn | Event::PyYield => ("return", info.arg(1).clone()),
        Event::PyUnwind => ("return", Value::NONE),
        Event::Line if vm.frame_flag(|f| f.trace_lines.get()) => ("line", Value::NONE),
        Event::Jump if vm.frame_flag(|f| f.trace_lines.get()) => {
            // A jump back within a line is a new round of a loop, which LINE does not tell.
            let unit = |v: &Value| v.word().int() as usize / 2;
            let (from, to) = (unit(info.arg(0)), unit(info.arg(1)));
            let code = info.code.as_::<Code>();
            if to > from || code.line(to) != code.line(from) {
                return Ok(Verdict::Disable);
            }
            ("line", Value::NONE)
        }
        Event::Instruction if vm.frame_flag(|f| f.trace_opcodes.get()) => ("opcode", Value::NONE),
        Event::Raise | Event::StopIteration => {
            let e = info.arg(1).clone();
            let tb = e.get::<Exception>().map_or(Value::NONE, |x| x.traceback.borrow().clone());
            let class = vm.type_of(&e).clone();
            ("exception", vm.tuple(vec![class, e, tb]))
        }
        _ => return Ok(Verdict::Continue),
    };
    vm.call_trace(&f, what, arg).map(|()| Verdict::Continue)
}

fn on_profile(vm: &mut Vm, info: &EventInfo) -> R<Verdict> {
    let Some(f) = vm.tracing.profile.clone() else { return Ok(Verdict::Continue) };
    let (what, arg) = match info.event {
        Event::PyStart | Event::PyResume | Event::PyThrow => ("call", Value::NONE),
        Event::PyReturn | Event::PyYield => ("return", info.arg(1).clone()),
        Event::PyUnwind => ("return", Value::NONE),
        Event::Call | Event::CReturn | Event::CRaise => {
            let what = match info.event {
                Event::Call => "c_call",
                Event::CReturn => "c_return",
                _ => "c_exception",
            };
            let callable = info.arg(1).clone();
            let class = vm.type_of(&callable).clone();
            if class.is(&vm.types.builtin_function) {
                (what, callable)
            } else if class.is(&vm.types.method_descriptor) && !info.arg(2).is(&vm.monitoring_missing) {
                // Shown as the bound method.
                let owner = vm.type_of(info.arg(2)).clone();
                (what, vm.descr_get(&callable, Some(info.arg(2)), &owner)?)
            } else {
                return Ok(Verdict::Continue);
            }
        }
        _ => return Ok(Verdict::Continue),
    };
    vm.call_profile(&f, what, arg).map(|()| Verdict::Continue)
}

// ---- sys

fn set(vm: &mut Vm, which: Which, f: &Value) -> R<Value> {
    let f = (!f.is_none()).then(|| f.clone());
    vm.audit(if which == Which::Trace { "sys.settrace" } else { "sys.setprofile" }, |_| vec![])?;
    vm.set_tracing(which, f);
    if which == Which::Trace && !vm.frame().code.is_null() {
        let v = vm.frame_object(vm.frame);
        if v.as_::<FrameObject>().trace_opcodes.get() {
            vm.trace_opcodes(&v, true);
        }
    }
    Ok(Value::NONE)
}
fn set_all(vm: &mut Vm, which: Which, f: &Value) -> R<Value> {
    let f = (!f.is_none()).then(|| f.clone());
    vm.audit(if which == Which::Trace { "sys.settrace" } else { "sys.setprofile" }, |_| vec![])?;
    let old: Vec<_> = vm.threads.parked_tracing().map(|t| t.replace(which, f.clone())).collect();
    vm.set_tracing(which, f);
    drop(old);
    Ok(Value::NONE)
}
pub fn settrace(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    set(vm, Which::Trace, &a[0])
}
pub fn setprofile(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    set(vm, Which::Profile, &a[0])
}
pub fn settrace_all(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    set_all(vm, Which::Trace, &a[0])
}
pub fn setprofile_all(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    set_all(vm, Which::Profile, &a[0])
}
pub fn gettrace(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    Ok(vm.tracing.trace.clone().unwrap_or(Value::NONE))
}
pub fn getprofile(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    Ok(vm.tracing.profile.clone().unwrap_or(Value::NONE))
}
/// `call_tracing(func, args)`: a call that is traced although a callback runs.
pub fn call_tracing(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    if !a[1].is_kind(Kind::Tuple) {
        let message = format!("call_tracing() argument 2 must be tuple, not {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    }
    let args = a[1].as_::<Tuple>().as_slice().to_vec();
    let (event_frame, event_unit) = (vm.tracing.event_frame.0, vm.tracing.event_unit);
    let saved = (std::mem::take(&mut vm.in_callback), vm.tracing.event.take());
    vm.listening.interrupted += saved.0 as usize;
    let r = vm.call(&a[0], &args, Kw::NONE);
    vm.listening.interrupted -= saved.0 as usize;
    (vm.in_callback, vm.tracing.event) = saved;
    vm.tracing.event_frame.0 = event_frame;
    vm.tracing.event_unit = event_unit;
    r
}
