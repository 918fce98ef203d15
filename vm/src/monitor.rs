//! Monitoring, as the VM carries it out: applying changes, probes, and delivery to callbacks.

use crate::code::Code;
use crate::error::R;
use crate::frame::{FLAG_ENTRY, Frame, Ip, NO_PREV};
use crate::listen::RustCallback;
use crate::object::{Flavour, Function, Generator, Kind, Kw, Method, Tuple};
use crate::op;
use crate::site::{self, Armed, LineRule, Site, StaticSites};
use crate::value::{Value, Word};
use crate::vm::{RaiseAt, Vm};
use rustc_hash::FxHashSet;
use seriema_monitoring::{Cause, Change, Delivery, Event, Rules, Scope, ToolId, ToolMask, Verdict};

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
}

/// With the opcode that [`Vm::probe`] answers: it has an event to fire.
pub(crate) const ON_PROBED: u32 = 256;

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
        match change.scope {
            Scope::Nothing => {}
            Scope::ThisCode => {
                if let Some(code) = code {
                    self.update_code(code, &change);
                }
            }
            // Callbacks came or went: the state of the code is the same, its probes may not be.
            Scope::Everywhere | Scope::Callbacks => {
                self.version += 1;
                self.last_change = Some(change);
                for code in self.codes_on_stack() {
                    self.update_code(code.as_::<Code>(), &change);
                }
                self.update_inlined(&change);
            }
        }
    }

    /// Brings one code object up to date, probes and compiled code included.
    pub(crate) fn update_code(&mut self, code: &Code, change: &Change) {
        let update = self.monitor.update(&mut code.monitoring.borrow_mut());
        code.seen.set(self.version);
        let heard = self.monitor.heard_version();
        let probes = update.changed || code.heard_seen.get() != heard && !code.monitoring.borrow().is_quiet();
        code.heard_seen.set(heard);
        if probes {
            site::mark_frames(self, code);
            site::refresh(self, code, &|| describe(change));
        }
    }

    /// Brings the inlined callees of regions up to date: compiled code does not come by their RESUME. Done
    /// now instead of on entry, that makes no difference but to sites disabled before (rule M86), which the
    /// update may forget; where there are such, the regions go instead, and the callee is entered as ever.
    fn update_inlined(&mut self, change: &Change) {
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
                    self.invalidate_region(id, describe(change));
                }
            } else {
                self.update_code(code, change);
            }
        }
    }

    /// The topmost frame of every thread, the running one's first.
    pub(crate) fn all_stacks(&self) -> impl Iterator<Item = *mut Frame> {
        std::iter::once(self.frame).chain(self.threads.parked_frames().map(|(_, f)| f))
    }
    fn codes_on_stack(&self) -> Vec<Value> {
        let mut out: Vec<Value> = vec![];
        let mut seen = FxHashSet::default();
        for mut f in self.all_stacks() {
            // SAFETY: the chain of frames is valid; the bottom frame has no code.
            unsafe {
                while !f.is_null() && !(*f).code.is_null() {
                    if seen.insert((*f).code) {
                        out.push(Value::of(&Word((*f).code as u64)).clone());
                    }
                    f = (*f).prev;
                }
            }
        }
        out
    }
    fn all_codes(&self) -> Vec<Value> {
        self.codes.iter().map(|&p| Value::of(&Word(p as u64)).clone()).collect()
    }

    // ---- probes

    /// The interpreter met a PROBE at the current instruction: fires LINE and INSTRUCTION, and answers the
    /// base opcode, with [`ON_PROBED`] if its body has to run on the probed machine, to fire the rest.
    #[inline(always)]
    pub(crate) fn probe(&mut self) -> R<u32> {
        let f = self.frame();
        let (code, at) = (f.code(), f.unit());
        let (site, armed) = (code.sites().at(at), code.sites().armed(at));
        let (how, form) = (noted(site, armed), base_form(site, armed));
        if !self.in_callback && !armed.line.or(armed.instruction).is_empty() {
            return self.probe_line(at, how);
        }
        f.prev_unit = at as u32;
        f.overlaid = how;
        Ok(form)
    }
    #[inline(always)]
    fn probe_line(&mut self, at: usize, mut how: u32) -> R<u32> {
        let code = self.code_word();
        let sites = Value::of(&code).as_::<Code>().sites();
        let site = sites.at(at);
        let line = sites.armed(at).line;
        if !line.is_empty()
            && let Some(rule) = site.rule
            && self.line_changed(sites, at, self.frame().prev_unit, rule)
        {
            self.fire(Event::Line, line, at, &[Word::from_small(site.line as i64)])?;
            if self.take_jump() {
                // The callback set `f_lineno`: this instruction does not run.
                return Ok(op::NOP as u32);
            }
        }
        let armed = sites.armed(at);
        if !armed.instruction.is_empty() {
            // What INSTRUCTION's callbacks switch on comes too late for this instruction (rule M89).
            if site.own.is_some() && armed.own.is_empty() {
                how |= TOO_LATE;
            }
            self.fire(Event::Instruction, armed.instruction, at, &[offset_word(at)])?;
        }
        let f = self.frame();
        f.prev_unit = at as u32;
        f.overlaid = how;
        Ok(base_form(site, sites.armed(at)))
    }

    #[inline]
    fn line_changed(&self, sites: &StaticSites, at: usize, prev: u32, rule: LineRule) -> bool {
        if rule == LineRule::Always || prev == NO_PREV {
            return true;
        }
        let before = sites.at(prev as usize);
        if before.line != sites.at(at).line {
            return true;
        }
        // A RESUME counts only if PY_START or PY_RESUME is not heard and was not when it ran.
        before.op == op::RESUME
            && (self.frame().overlaid & HEARD_RESUME != 0 || !sites.armed(prev as usize).own.is_empty())
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
            Event::PyStart | Event::PyResume => self.fire_here(event, at, &[offset_word(at)]),
            Event::PyReturn | Event::PyYield => {
                let v = self.peek(0);
                self.fire_here(event, at, &[offset_word(at), v])
            }
            // END_SEND: only for what was entered as a frame (rule M150).
            Event::StopIteration => {
                let native = self.peek(1).to_value();
                if !native.get::<Generator>().is_some_and(|g| g.flavour != Flavour::AsyncGenerator) {
                    return Ok(());
                }
                let v = self.peek(0).to_value();
                let e = self.stop_iteration_of(v)?;
                self.fire_here(event, at, &[offset_word(at), e.word()])
            }
            Event::Jump | Event::BranchLeft | Event::BranchRight => self.fire_jump(event, at, target),
            _ => Ok(()),
        }
    }

    /// The instruction's own event, whose callbacks fail at that very unit.
    fn fire_here(&mut self, event: Event, at: usize, args: &[Word]) -> R {
        let tools = self.frame().code().sites().armed(at).own;
        if tools.is_empty() { Ok(()) } else { self.fire(event, tools, at, args) }
    }
    /// The words of `args` are kept by the caller, or by the frame's stack, which an event like these cannot
    /// change.
    #[inline(always)]
    fn fire(&mut self, event: Event, tools: ToolMask, at: usize, args: &[Word]) -> R {
        let code = self.code_word();
        // SAFETY: as said above.
        let args = unsafe { Value::slice_of(args.as_ptr(), args.len()) };
        let r = self.deliver(event, tools, Value::of(&code), at as u32 * 2, args);
        if r.is_err() {
            self.failed_at(at);
        }
        r
    }
    #[cold]
    fn failed_at(&mut self, at: usize) {
        if !self.failed_after_jump() {
            self.raise_at = RaiseAt::Unit(at as u32);
        }
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
    #[inline(always)]
    pub(crate) fn take_jump(&mut self) -> bool {
        self.tracing.jumped.0 == self.frame && self.take_jump_now()
    }
    #[cold]
    fn take_jump_now(&mut self) -> bool {
        self.tracing.jumped = Default::default();
        let f = self.frame();
        f.ip = f.ip.wrapping_sub(1);
        true
    }

    fn fire_jump(&mut self, event: Event, at: usize, target: Ip) -> R {
        let tools = self.frame().code().sites().armed(at).own;
        if tools.is_empty() {
            return Ok(());
        }
        let word = self.code_word();
        let code = Value::of(&word).as_::<Code>();
        let to = (target as usize - code.live.as_ptr() as usize) / 2;
        let source =
            if self.frame().overlaid & OVERLAID != 0 { at } else { code.sites().at(at).source as usize };
        let args = [offset_word(source), offset_word(to)];
        // SAFETY: numbers.
        let args = unsafe { Value::slice_of(args.as_ptr(), args.len()) };
        // The frame shows the jump as the instruction under way (rule M47).
        let f = self.frame();
        f.ip = f.ip_at(at).wrapping_add(1);
        self.tracing.next_unit = to;
        let r = self.deliver(event, tools, Value::of(&word), at as u32 * 2, args);
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
        let tools = self.frame().code().sites().armed(at).own;
        if tools.is_empty() {
            return Ok(());
        }
        let word = self.code_word();
        let code = Value::of(&word).as_::<Code>();
        let (callable, arg0) = self.call_arguments(code.sites().at(at).op, code.base_arg(at) as usize);
        let c = Value::of(&callable);
        let python = code.sites().at(at).op != op::LOAD_SUPER_ATTR
            && (c.is_kind(Kind::Function)
                || c.get::<Method>().is_some_and(|m| m.func.is_kind(Kind::Function)));
        let heard = (!python).then(|| CallHeard {
            disabled: code.monitoring.borrow().disabled(at as u32 * 2, Event::Call),
            callable: callable.to_value(),
            arg0: arg0.to_value(),
        });
        let args = [offset_word(at), callable, arg0];
        // SAFETY: the stack keeps them: this event cannot change it.
        let args = unsafe { Value::slice_of(args.as_ptr(), args.len()) };
        self.deliver(Event::Call, tools, Value::of(&word), at as u32 * 2, args)?;
        self.call_heard = heard;
        Ok(())
    }

    /// Callable and first argument of the call under way (rules M122, M123).
    /// They are the stack's.
    fn call_arguments(&self, op: u8, n: usize) -> (Word, Word) {
        let missing = self.monitoring_missing.word();
        let or_missing = |w: Word| if w.is_null() { missing } else { w };
        match op {
            op::CALL_FUNCTION_EX => {
                let args = self.peek(1);
                let first =
                    Value::of(&args).get::<Tuple>().and_then(|t| t.as_slice().first().map(Value::word));
                (self.peek(3), first.unwrap_or(missing))
            }
            op::LOAD_SUPER_ATTR => (self.peek(2), if n & 2 != 0 { self.peek(1) } else { missing }),
            o => {
                let top = if o == op::CALL_KW { 1 } else { 0 };
                let self_ = self.peek(top + n);
                let arg0 = match () {
                    _ if !self_.is_null() => self_,
                    _ if n > 0 => or_missing(self.peek(top + n - 1)),
                    _ => missing,
                };
                (self.peek(top + n + 1), arg0)
            }
        }
    }

    /// After a call from a probed instruction: C_RETURN or C_RAISE, to the tools that hear CALL now.
    pub(crate) fn fire_after_call(&mut self, heard: Option<CallHeard>, failed: bool) -> R {
        let Some(h) = heard else { return Ok(()) };
        if self.in_callback {
            return Ok(());
        }
        let v = self.code_word();
        let v = Value::of(&v);
        let at = self.frame().unit();
        let event = if failed { Event::CRaise } else { Event::CReturn };
        let tools = v.as_::<Code>().monitoring.borrow().active(Event::Call).minus(h.disabled);
        if tools.is_empty() {
            return Ok(());
        }
        let args = [Value::small(at as i64 * 2), h.callable, h.arg0];
        self.deliver(event, tools, v, at as u32 * 2, &args)
    }

    /// A non-local event at unit `at`: RAISE, RERAISE, EXCEPTION_HANDLED, PY_UNWIND. On failure the
    /// callback's exception is pending.
    pub(crate) fn fire_global(&mut self, event: Event, at: u32, exception: &Value) -> R {
        let tools = self.monitor.global(event).and(self.monitor.heard(event));
        if tools.is_empty() || self.in_callback {
            return Ok(());
        }
        let code = self.code_word();
        self.deliver(
            event,
            tools,
            Value::of(&code),
            at * 2,
            &[Value::small(at as i64 * 2), exception.clone()],
        )
    }

    /// The code object of the current frame, which keeps it, whatever callbacks do.
    #[inline(always)]
    fn code_word(&self) -> Word {
        Word(self.frame().code as u64)
    }

    // ---- delivery

    /// Calls the callbacks of `tools`, highest first.
    #[inline(never)]
    fn deliver(&mut self, event: Event, tools: ToolMask, code: &Value, offset: u32, args: &[Value]) -> R {
        let mut delivery = Delivery::start(event, tools);
        let Some((tool, callback)) = delivery.next(&self.monitor) else { return Ok(()) };
        if event.other_direction().is_some() && self.is_silent_branch(tool, event, code, args) {
            self.disable(tool, event, code, offset)?;
        } else {
            self.events_fired += 1;
            self.in_callback = true;
            self.tracing.event = Some((event, self.frame));
            let answer = self.call_back(callback, EventInfo { tool, event, code, args });
            self.in_callback = false;
            self.tracing.event = None;
            if self.tracing.handled.is_some() {
                self.restore_handled();
            }
            if answer? == Verdict::Disable {
                self.disable(tool, event, code, offset)?;
            }
        }
        match delivery.rest() {
            ToolMask::NONE => Ok(()),
            rest => self.deliver(event, rest, code, offset, args),
        }
    }
    #[cold]
    fn restore_handled(&mut self) {
        if let Some(handled) = self.tracing.handled.take() {
            drop(std::mem::replace(&mut self.handled, handled));
        }
    }

    /// CPython 3.14's way with callbacks registered for BRANCH (rule M76): where the instruction reported as
    /// the source carries no instrumentation now, the direction is silenced without a call.
    #[inline]
    fn is_silent_branch(&self, tool: ToolId, event: Event, code: &Value, args: &[Value]) -> bool {
        if self.monitor.rules() != Rules::CPython314 || !self.monitor.registered_as_branch(tool, event) {
            return false;
        }
        let armed = code.as_::<Code>().sites().armed(args[0].word().int() as usize / 2);
        armed.line.or(armed.instruction).or(armed.own).is_empty()
    }

    #[inline(always)]
    fn call_back(&mut self, callback: Callback, info: EventInfo) -> R<Verdict> {
        let answer = match callback {
            Callback::Rust(f) => return self.call_listener(&f, &info),
            Callback::Internal(f) => return f(self, &info),
            Callback::Python(f) => match f.kind() {
                Some(Kind::Function) => self.call_hearer(f, None, info)?,
                Some(Kind::Method) if f.as_::<Method>().func.is_kind(Kind::Function) => {
                    let m = f.as_::<Method>();
                    self.call_hearer(m.func.clone(), Some(m.self_.clone()), info)?
                }
                _ => self.call_with_all(&f, None, &info)?,
            },
        };
        Ok(if answer.is(&self.monitoring_disable) { Verdict::Disable } else { Verdict::Continue })
    }
    /// Calls a Python function with an event's arguments, as [`Vm::call`] would: the arguments go to where its
    /// locals are, and it begins behind its RESUME, which would fire nothing in a callback.
    #[inline(always)]
    fn call_hearer(&mut self, f: Value, self_: Option<Value>, info: EventInfo) -> R<Value> {
        let code: *const Code = f.as_::<Function>().code();
        // SAFETY: the function, which this frame and then the callback's own, keeps its code.
        let code = unsafe { &*code };
        // Behind the code object up to three arguments; before it perhaps the object of a method.
        let mut words = [Word::NULL; 5];
        words[1] = info.code.word();
        for (w, a) in words[2..].iter_mut().zip(info.args) {
            *w = a.word();
        }
        let first = match &self_ {
            Some(v) => {
                words[0] = v.word();
                0
            }
            None => 1,
        };
        let n = 2 - first + info.args.len();
        if !code.simple_args || code.argcount as usize != n || code.generator_entry != 0 {
            return self.call_with_all(&f, self_, &info);
        }
        self.guard_native_stack()?;
        // SAFETY: borrowed from `self_` and `info`.
        let all = unsafe { Value::slice_of(words[first..].as_ptr(), n) };
        self.enter_with(f, 0, all, 0, FLAG_ENTRY)?;
        if self.breaker.get() == 0 {
            match code.base[..] {
                [first, _, ..] if first as u8 == op::RESUME => self.frame().ip = &code.live[1],
                [first, second, _, ..]
                    if first as u8 == op::COPY_FREE_VARS
                        && second as u8 == op::RESUME
                        && crate::runtime::func::copy_free_vars(self, first as u32 >> 8).is_ok() =>
                {
                    self.frame().ip = &code.live[2];
                }
                _ => {}
            }
        }
        crate::interp::run(self)
    }

    #[cold]
    #[inline(never)]
    fn call_with_all(&mut self, f: &Value, self_: Option<Value>, info: &EventInfo) -> R<Value> {
        let all: Vec<Value> =
            self_.into_iter().chain([info.code.clone()]).chain(info.args.iter().cloned()).collect();
        self.call(f, &all, Kw::NONE)
    }

    fn disable(&mut self, tool: ToolId, event: Event, code: &Value, offset: u32) -> R {
        let c = code.as_::<Code>();
        let sites = if event.other_direction().is_some() { branch_sites(c, offset / 2) } else { None };
        let result = self.monitor.disable(tool, event, &mut c.monitoring.borrow_mut(), offset, sites);
        match result {
            Ok(change) => {
                // The site table has changed already; only probes follow.
                let cause = || describe(&change);
                site::refresh_disabled(self, c, offset as usize / 2, &cause);
                if let Some((left, right)) = sites {
                    site::refresh_disabled(self, c, left as usize / 2, &cause);
                    site::refresh_disabled(self, c, right as usize / 2, &cause);
                }
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
    code.monitoring.borrow().disabled_sites().next().is_some()
}

fn offset_word(unit: usize) -> Word {
    Word::from_small(unit as i64 * 2)
}

/// What `Frame::overlaid` says of an instruction that begins.
#[inline]
fn noted(site: &Site, armed: Armed) -> u32 {
    match site.op {
        // Is it instrumented besides its branch event? It is its own source then.
        op::NOT_TAKEN if !armed.instruction.or(armed.line).is_empty() => OVERLAID,
        op::POP_ITER if !armed.instruction.is_empty() => OVERLAID,
        op::RESUME if !armed.own.is_empty() => HEARD_RESUME,
        _ => 0,
    }
}

/// The opcode to run behind a probe. On the plain machine if it has no event to fire, unless it has inline
/// caches: the plain forms of those would count or quicken themselves.
#[inline]
fn base_form(site: &Site, armed: Armed) -> u32 {
    if armed.own.is_empty() && op::caches(site.op) == 0 { site.op as u32 } else { site.op as u32 | ON_PROBED }
}

/// The two sites of the branch that the site at `at` belongs to, as offsets: (left, right).
fn branch_sites(code: &Code, at: u32) -> Option<(u32, u32)> {
    let at = at as usize;
    let (left, right) = match code.base_op(at) {
        op::NOT_TAKEN => (at, code.start_of(at.checked_sub(1)?)),
        op::FOR_ITER => (at, site::jump_target(code, at)?),
        op::POP_ITER => {
            let source = code.sites().at(at).source as usize;
            (Some(source).filter(|&s| s != at)?, at)
        }
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
