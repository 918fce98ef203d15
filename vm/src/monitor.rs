//! Monitoring, as the VM carries it out: applying changes, probes, and delivery to callbacks.

use crate::code::Code;
use crate::error::R;
use crate::frame::{Frame, Ip, NO_PREV};
use crate::listen::RustCallback;
use crate::object::{Flavour, Generator, Kind, Kw, Method, Tuple};
use crate::op;
use crate::site::{self, LineRule};
use crate::value::{Value, Word};
use crate::vm::{RaiseAt, Vm};
use seriema_monitoring::{Cause, Change, Delivery, Event, EventSet, Rules, Scope, ToolId, ToolMask, Verdict};

/// What an embedder's callback is told. Offsets count bytes of `co_code`.
pub struct EventInfo<'a> {
    pub tool: ToolId,
    pub event: Event,
    /// A `Code` object.
    pub code: &'a Value,
    /// The arguments a Python callback gets behind the code object.
    pub args: &'a [Value],
}

/// Who is called.
#[derive(Clone)]
pub enum Callback {
    Python(Value),
    Rust(RustCallback),
    /// The VM's own: `sys.settrace`, `sys.setprofile`.
    Internal(fn(&mut Vm, &EventInfo) -> R<Verdict>),
}

/// State of a CALL event that its C_RETURN or C_RAISE needs.
pub(crate) struct CallHeard {
    /// Tools that had the site disabled before the CALL.
    disabled: ToolMask,
    callable: Value,
    arg0: Value,
    /// A Python function: no C event follows.
    python: bool,
}

// Bits of `Frame::overlaid`, about the instruction that the last probe met.
/// It was overlaid by INSTRUCTION or LINE (rule M115).
const OVERLAID: u32 = 1;
/// A RESUME that was heard: the LINE after it fires even if it is the same line.
const HEARD_RESUME: u32 = 2;
/// Its own event was not heard when INSTRUCTION was told.
const TOO_LATE: u32 = 4;

impl Vm {
    // ---- changes

    /// Applies a change to whatever it concerns (rules M83, M84).
    pub fn apply(&mut self, change: Change, code: Option<&Code>) {
        self.version = self.monitor.version();
        let cause = || describe(&change);
        match change.scope {
            Scope::Nothing => {}
            Scope::ThisCode => {
                if let Some(code) = code {
                    self.update_code(code, &cause());
                }
            }
            Scope::Everywhere => {
                self.last_change = cause();
                for code in self.codes_on_stack() {
                    self.update_code(code.as_::<Code>(), &cause());
                }
                self.update_inlined(&cause());
            }
            Scope::Callbacks => {
                for code in self.all_codes() {
                    site::mark_frames(self, code.as_::<Code>());
                    site::refresh(self, code.as_::<Code>(), &cause());
                }
            }
        }
    }

    /// Brings one code object up to date, probes and compiled code included.
    pub(crate) fn update_code(&mut self, code: &Code, cause: &str) {
        let _ = self.monitor.update(&mut code.monitoring.borrow_mut());
        code.seen.set(self.version);
        site::mark_frames(self, code);
        site::refresh(self, code, cause);
    }

    /// Brings the inlined callees of regions up to date: compiled code does not come by their RESUME. Done
    /// now instead of on entry, that makes no difference but to sites disabled before (rule M86), which the
    /// update may forget; where there are such, the regions go instead, and the callee is entered as ever.
    fn update_inlined(&mut self, cause: &str) {
        let inlined = self.watch.inlined_codes();
        if inlined.is_empty() {
            return;
        }
        for v in self.all_codes() {
            let code = v.as_::<Code>();
            if code.seen.get() == self.version || !inlined.contains(&code.id) {
                continue;
            }
            let mut trial = code.monitoring.borrow().clone();
            if self.monitor.update(&mut trial).changed && has_disabled(code) {
                for id in self.watch.regions_inlining(code.id) {
                    self.invalidate_region(id, cause.to_owned());
                }
            } else {
                self.update_code(code, cause);
            }
        }
    }

    fn codes_on_stack(&self) -> Vec<Value> {
        let mut out: Vec<Value> = vec![];
        let mut f: *mut Frame = self.frame;
        // SAFETY: the chain of frames is valid; the bottom frame has no code.
        unsafe {
            while !f.is_null() && !(*f).code.is_null() {
                let code = Value::of(&Word((*f).code as u64)).clone();
                if !out.iter().any(|c| c.is(&code)) {
                    out.push(code);
                }
                f = (*f).prev;
            }
        }
        out
    }
    fn all_codes(&self) -> Vec<Value> {
        self.codes.iter().map(|&p| Value::of(&Word(p as u64)).clone()).collect()
    }

    // ---- probes

    /// The interpreter met a PROBE at the current instruction: fires LINE and INSTRUCTION, and answers the
    /// base opcode, whose body fires the rest.
    pub(crate) fn probe(&mut self) -> R<u8> {
        let (at, prev) = (self.frame().unit(), self.frame().prev_unit);
        let code = self.current_code();
        let code: &Code = code.as_();
        let base = code.base_op(at);
        let hears = |at: usize, e: Event| !code.monitoring.borrow().armed(at as u32 * 2, e).is_empty();
        let mut how = if is_overlaid(code, at) { OVERLAID } else { 0 };
        let own = op::hosted_event(base, code.base_arg(at));
        if base == op::RESUME && own.is_some_and(|e| hears(at, e)) {
            how |= HEARD_RESUME;
        }
        if !self.in_callback {
            if let Some(rule) = code.sites().line_rule(at as u32)
                && self.line_changed(code, at, prev, rule)
            {
                let line = Value::small(code.line(at) as i64);
                self.fire_here(Event::Line, at, &[line])?;
                if self.take_jump() {
                    // The callback set `f_lineno`: this instruction does not run.
                    return Ok(op::NOP);
                }
            }
            if code.sites().events_at(at).contains(EventSet::INSTRUCTION) && hears(at, Event::Instruction) {
                // What INSTRUCTION's callbacks switch on comes too late for this instruction (rule M89).
                if own.is_some_and(|e| !hears(at, e)) {
                    how |= TOO_LATE;
                }
                self.fire_here(Event::Instruction, at, &[Value::small(at as i64 * 2)])?;
            }
        }
        let f = self.frame();
        f.prev_unit = at as u32;
        f.overlaid = how;
        Ok(base)
    }

    fn line_changed(&self, code: &Code, at: usize, prev: u32, rule: LineRule) -> bool {
        match rule {
            LineRule::Always => true,
            LineRule::IfLineChanged => {
                if prev == NO_PREV || code.line(prev as usize) != code.line(at) {
                    return true;
                }
                if code.base_op(prev as usize) != op::RESUME {
                    return false;
                }
                // It counts only if PY_START or PY_RESUME is not heard and was not when it ran.
                let state = code.monitoring.borrow();
                let heard = |e| !state.armed(prev * 2, e).is_empty();
                self.frame().overlaid & HEARD_RESUME != 0
                    || heard(if code.base_arg(prev as usize) & 3 == 0 {
                        Event::PyStart
                    } else {
                        Event::PyResume
                    })
            }
        }
    }

    /// A local event of the instruction under way (whose unit the probe left in `prev_unit`). `target` is
    /// where a jump or branch went.
    pub(crate) fn fire_local(&mut self, event: Event, target: Ip) -> R {
        let at = self.frame().prev_unit as usize;
        if self.frame().overlaid & TOO_LATE != 0 {
            self.call_heard = None;
            return Ok(());
        }
        if event == Event::Call {
            return self.fire_call(at);
        }
        if self.in_callback {
            return Ok(());
        }
        match event {
            Event::PyStart | Event::PyResume => self.fire_here(event, at, &[Value::small(at as i64 * 2)]),
            Event::PyReturn | Event::PyYield => {
                let v = self.peek(0).to_value();
                self.fire_here(event, at, &[Value::small(at as i64 * 2), v])
            }
            // END_SEND: only for what was entered as a frame (rule M150).
            Event::StopIteration => {
                let native = self.peek(1).to_value();
                if !native.get::<Generator>().is_some_and(|g| g.flavour != Flavour::AsyncGenerator) {
                    return Ok(());
                }
                let v = self.peek(0).to_value();
                let e = self.stop_iteration_of(v)?;
                self.fire_here(event, at, &[Value::small(at as i64 * 2), e])
            }
            Event::Jump | Event::BranchLeft | Event::BranchRight => self.fire_jump(event, at, target),
            _ => Ok(()),
        }
    }

    /// An event of the instruction at `at`, whose callbacks fail at that very unit.
    fn fire_here(&mut self, event: Event, at: usize, args: &[Value]) -> R {
        let code = self.current_code();
        let tools = code.as_::<Code>().monitoring.borrow().armed(at as u32 * 2, event);
        if tools.is_empty() {
            return Ok(());
        }
        self.deliver(event, tools, &code, at as u32 * 2, args).inspect_err(|_| {
            if !self.failed_after_jump() {
                self.raise_at = RaiseAt::Unit(at as u32);
            }
        })
    }
    /// A callback moved the frame and failed all the same: as if the place it moved to had failed.
    fn failed_after_jump(&mut self) -> bool {
        if self.tracing.jumped.0 != self.frame {
            return false;
        }
        self.tracing.jumped = Default::default();
        self.raise_at = RaiseAt::Unit(self.frame().unit() as u32);
        true
    }
    /// Has a callback set `f_lineno` of the current frame? Its `ip` is where to go on then.
    pub(crate) fn take_jump(&mut self) -> bool {
        if self.tracing.jumped.0 != self.frame {
            return false;
        }
        self.tracing.jumped = Default::default();
        let f = self.frame();
        f.ip = f.ip.wrapping_sub(1);
        true
    }

    fn fire_jump(&mut self, event: Event, at: usize, target: Ip) -> R {
        let v = self.current_code();
        let code = v.as_::<Code>();
        let offset = at as u32 * 2;
        let tools = code.monitoring.borrow().armed(offset, event);
        if tools.is_empty() {
            return Ok(());
        }
        let to = (target as usize - code.live.as_ptr() as usize) / 2;
        let source = if self.frame().overlaid & OVERLAID != 0 { at } else { branch_source(code, at) };
        let args = [Value::small(source as i64 * 2), Value::small(to as i64 * 2)];
        // The frame shows the jump as the instruction under way (rule M47).
        let f = self.frame();
        f.ip = f.ip_at(at).wrapping_add(1);
        self.tracing.next_unit = to;
        let r = self.deliver(event, tools, &v, offset, &args);
        if r.is_ok() && self.tracing.jumped.0 != self.frame {
            self.frame().ip = target;
        }
        r.inspect_err(|_| {
            if self.failed_after_jump() {
                return;
            }
            // As if the destination had failed: its handlers apply.
            self.frame().ip = self.frame().ip_at(to).wrapping_add(1);
            self.raise_at = RaiseAt::Unit(to as u32);
        })
    }

    fn fire_call(&mut self, at: usize) -> R {
        self.call_heard = None;
        if self.in_callback {
            return Ok(());
        }
        let v = self.current_code();
        let offset = at as u32 * 2;
        let (tools, disabled) = {
            let state = v.as_::<Code>().monitoring.borrow();
            (state.armed(offset, Event::Call), state.disabled(offset, Event::Call))
        };
        if tools.is_empty() {
            return Ok(());
        }
        let (callable, arg0) = self.call_arguments(v.as_::<Code>(), at);
        let python = v.as_::<Code>().base_op(at) != op::LOAD_SUPER_ATTR
            && (callable.is_kind(Kind::Function)
                || callable.get::<Method>().is_some_and(|m| m.func.is_kind(Kind::Function)));
        let args = [Value::small(offset as i64), callable.clone(), arg0.clone()];
        let heard = CallHeard { disabled, callable, arg0, python };
        self.deliver(Event::Call, tools, &v, offset, &args)?;
        self.call_heard = Some(heard);
        Ok(())
    }

    /// Callable and first argument of the call under way (rules M122, M123).
    fn call_arguments(&self, code: &Code, at: usize) -> (Value, Value) {
        let n = code.base_arg(at) as usize;
        let missing = || self.monitoring_missing.clone();
        let or_missing = |w: Word| if w.is_null() { missing() } else { w.to_value() };
        match code.base_op(at) {
            op::CALL_FUNCTION_EX => {
                let args = self.peek(1);
                let first = Value::of(&args).get::<Tuple>().and_then(|t| t.as_slice().first().cloned());
                (self.peek(3).to_value(), first.unwrap_or_else(missing))
            }
            op::LOAD_SUPER_ATTR => {
                let arg0 = if n & 2 != 0 { self.peek(1).to_value() } else { missing() };
                (self.peek(2).to_value(), arg0)
            }
            o => {
                let top = if o == op::CALL_KW { 1 } else { 0 };
                let self_ = self.peek(top + n);
                let arg0 = match () {
                    _ if !self_.is_null() => self_.to_value(),
                    _ if n > 0 => or_missing(self.peek(top + n - 1)),
                    _ => missing(),
                };
                (self.peek(top + n + 1).to_value(), arg0)
            }
        }
    }

    /// After a call from a probed instruction: C_RETURN or C_RAISE, to the tools that hear CALL now.
    pub(crate) fn fire_after_call(&mut self, heard: Option<CallHeard>, failed: bool) -> R {
        let Some(h) = heard else { return Ok(()) };
        if h.python || self.in_callback {
            return Ok(());
        }
        let v = self.current_code();
        let at = self.frame().unit();
        let event = if failed { Event::CRaise } else { Event::CReturn };
        let tools = v.as_::<Code>().monitoring.borrow().active(Event::Call).minus(h.disabled);
        if tools.is_empty() {
            return Ok(());
        }
        let args = [Value::small(at as i64 * 2), h.callable, h.arg0];
        self.deliver(event, tools, &v, at as u32 * 2, &args)
    }

    /// A non-local event at unit `at`: RAISE, RERAISE, EXCEPTION_HANDLED, PY_UNWIND. On failure the
    /// callback's exception is pending.
    pub(crate) fn fire_global(&mut self, event: Event, at: u32, exception: &Value) -> R {
        let tools = self.monitor.global(event).and(self.monitor.heard(event));
        if tools.is_empty() || self.in_callback {
            return Ok(());
        }
        let code = self.current_code();
        self.deliver(event, tools, &code, at * 2, &[Value::small(at as i64 * 2), exception.clone()])
    }

    fn current_code(&self) -> Value {
        Value::of(&Word(self.frame().code as u64)).clone()
    }

    // ---- delivery

    /// Calls the callbacks of `tools`, highest first.
    fn deliver(&mut self, event: Event, tools: ToolMask, code: &Value, offset: u32, args: &[Value]) -> R {
        let mut delivery = Delivery::start(event, tools);
        while let Some((tool, callback)) = delivery.next(&self.monitor) {
            if event.other_direction().is_some() && self.is_silent_branch(tool, event, code.as_(), args) {
                self.disable(tool, event, code, offset)?;
                continue;
            }
            self.events_fired += 1;
            self.in_callback = true;
            self.tracing.event = Some((event, self.frame));
            let answer = self.call_back(&callback, EventInfo { tool, event, code, args });
            self.in_callback = false;
            self.tracing.event = None;
            if let Some(handled) = self.tracing.handled.take() {
                drop(std::mem::replace(&mut self.handled, handled));
            }
            if answer? == Verdict::Disable {
                self.disable(tool, event, code, offset)?;
            }
        }
        Ok(())
    }

    /// CPython 3.14's way with callbacks registered for BRANCH (rule M76): where the instruction reported as
    /// the source carries no instrumentation now, the direction is silenced without a call.
    fn is_silent_branch(&self, tool: ToolId, event: Event, code: &Code, args: &[Value]) -> bool {
        if self.monitor.rules() != Rules::CPython314 || !self.monitor.registered_as_branch(tool, event) {
            return false;
        }
        let offset = args[0].word().int() as u32;
        let state = code.monitoring.borrow();
        let sites = code.sites();
        let mut events = sites.events_at(offset as usize / 2);
        if sites.is_silent_line(offset / 2) {
            events |= EventSet::LINE;
        }
        events.events().all(|e| state.armed(offset, e).is_empty())
    }

    fn call_back(&mut self, callback: &Callback, info: EventInfo) -> R<Verdict> {
        match callback {
            Callback::Rust(f) => self.call_listener(f, &info),
            Callback::Internal(f) => f(self, &info),
            Callback::Python(f) => {
                let mut all = Vec::with_capacity(1 + info.args.len());
                all.push(info.code.clone());
                all.extend_from_slice(info.args);
                let answer = self.call(f, &all, Kw::NONE)?;
                Ok(if answer.is(&self.monitoring_disable) { Verdict::Disable } else { Verdict::Continue })
            }
        }
    }

    fn disable(&mut self, tool: ToolId, event: Event, code: &Value, offset: u32) -> R {
        let c = code.as_::<Code>();
        let sites = branch_sites(c, offset / 2);
        let result = self.monitor.disable(tool, event, &mut c.monitoring.borrow_mut(), offset, sites);
        match result {
            Ok(change) => {
                // The site table has changed already; only probes and compiled code follow.
                site::refresh(self, c, &describe(&change));
                Ok(())
            }
            Err(cannot) => {
                let message = cannot.to_string();
                self.apply(cannot.1, None);
                Err(self.raise("ValueError", message))
            }
        }
    }
}

/// Has some tool answered DISABLE somewhere in this code?
fn has_disabled(code: &Code) -> bool {
    let state = code.monitoring.borrow();
    let sites = code.sites();
    code.instructions()
        .any(|at| sites.events_at(at).events().any(|e| !state.disabled(at as u32 * 2, e).is_empty()))
}

/// Is the NOT_TAKEN or POP_ITER at `at` instrumented besides its branch event? It is its own source then.
fn is_overlaid(code: &Code, at: usize) -> bool {
    let armed = |event| !code.monitoring.borrow().armed(at as u32 * 2, event).is_empty();
    match code.base_op(at) {
        op::NOT_TAKEN => {
            armed(Event::Instruction)
                || (code.sites().events_at(at).contains(EventSet::LINE)
                    || code.sites().is_silent_line(at as u32))
                    && armed(Event::Line)
        }
        op::POP_ITER => armed(Event::Instruction),
        _ => false,
    }
}

/// The instruction a branch event names as its source (rule M114).
fn branch_source(code: &Code, at: usize) -> usize {
    match code.base_op(at) {
        op::NOT_TAKEN if at > 0 => code.start_of(at - 1),
        op::POP_ITER => for_iter_of(code, at).unwrap_or(at),
        // The END_SEND that the item would have come through.
        op::END_ASYNC_FOR => (at + 1).saturating_sub(code.base_arg(at) as usize),
        _ => at,
    }
}

/// The FOR_ITER whose loop ends at this POP_ITER.
fn for_iter_of(code: &Code, pop_iter: usize) -> Option<usize> {
    code.instructions()
        .find(|&at| code.base_op(at) == op::FOR_ITER && site::jump_target(code, at) == Some(pop_iter))
}

/// The two sites of the branch that the site at `at` belongs to, as offsets: (left, right).
fn branch_sites(code: &Code, at: u32) -> Option<(u32, u32)> {
    let at = at as usize;
    let (left, right) = match code.base_op(at) {
        op::NOT_TAKEN => (at, code.start_of(at.checked_sub(1)?)),
        op::FOR_ITER => (at, site::jump_target(code, at)?),
        op::POP_ITER => (for_iter_of(code, at)?, at),
        op::END_ASYNC_FOR => ((at + 2).checked_sub(code.base_arg(at) as usize)?, at),
        op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_TRUE | op::POP_JUMP_IF_NONE | op::POP_JUMP_IF_NOT_NONE => {
            (code.end_unit(at) + 1, at)
        }
        _ => return None,
    };
    Some((left as u32 * 2, right as u32 * 2))
}

fn describe(change: &Change) -> String {
    let what = match change.cause {
        Cause::SetEvents => "set_events",
        Cause::SetLocalEvents => "set_local_events",
        Cause::Restart => "restart_events",
        Cause::Register => "register_callback",
        Cause::Clear => "clear_tool_id",
        Cause::Free => "free_tool_id",
        Cause::Disable => "DISABLE",
    };
    let names: Vec<&str> = change.events.events().map(Event::name).collect();
    match change.tool {
        Some(t) => format!("{what} tool {} {}", t.index(), names.join("|")),
        None => format!("{what} {}", names.join("|")),
    }
}
