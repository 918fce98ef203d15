//! Monitoring, as the VM carries it out: applying changes, probes, and delivery to callbacks.

#[cfg(seriema_tail)]
pub(crate) mod chain;
mod stop;

use crate::code::Code;
use crate::error::{Exc, R};
use crate::frame::{Frame, Ip, NO_PREV};
use crate::hearer::Hearer;
use crate::listen::{Answer, Listener, RustCallback};
use crate::object::{Flavour, Generator, Kind, Kw, Method, Tuple};
use crate::op;
use crate::site::{self, HEARD_RESUME, LineRule, OVERLAID, StaticSites, TOO_LATE};
use crate::value::{Value, Word, unguarded};
use crate::vm::{RaiseAt, Vm};
use rustc_hash::FxHashSet;
use seriema_monitoring::{Cause, Change, Delivery, Event, Rules, Scope, ToolId, ToolMask, Verdict};
use std::rc::Rc;

/// What an embedder's callback is told. Offsets count bytes of `co_code`.
pub struct EventInfo<'a> {
    pub tool: ToolId,
    pub event: Event,
    /// A `Code` object.
    pub code: &'a Value,
    /// As many as the event has; NULL behind those.
    pub(crate) words: &'a Args,
}

impl<'a> EventInfo<'a> {
    /// The arguments a Python callback gets behind the code object.
    pub fn args(&self) -> &'a [Value] {
        // SAFETY: whoever fires the event keeps them.
        unsafe { Value::slice_of(self.words.as_ptr(), self.event.arguments()) }
    }
    /// One of them, which the event has.
    #[inline(always)]
    pub fn arg(&self, i: usize) -> &'a Value {
        debug_assert!(i < self.event.arguments());
        Value::of(&self.words[i])
    }
}

/// Who is called.
#[derive(Clone)]
pub enum Callback {
    /// A Python function or a method of one.
    Function(Rc<Hearer>),
    /// Any other callable.
    Python(Value),
    Rust(RustCallback),
    /// The VM's own: `sys.settrace`, `sys.setprofile`.
    Internal(fn(&mut Vm, &EventInfo) -> R<Verdict>),
}

impl Callback {
    pub fn of(callable: Value) -> Callback {
        match Hearer::new(&callable) {
            Some(h) => Callback::Function(Rc::new(h)),
            None => Callback::Python(callable),
        }
    }
    /// The Python object that is called.
    pub fn callable(&self) -> Option<&Value> {
        match self {
            Callback::Function(h) => Some(&h.callable),
            Callback::Python(v) => Some(v),
            Callback::Rust(_) | Callback::Internal(_) => None,
        }
    }
}

/// An event's arguments behind the code object, as many as its shape says; the first is a number.
pub(crate) type Args = [Word; 3];

fn one(a: Word) -> Args {
    [a, Word::NULL, Word::NULL]
}
fn two(a: Word, b: Word) -> Args {
    [a, b, Word::NULL]
}

/// State of a CALL event that its C_RETURN or C_RAISE needs.
#[derive(Clone, Copy)]
pub(crate) struct CallHeard {
    /// Tools that had the site disabled before the CALL.
    disabled: ToolMask,
}

/// So many events that nobody heard, and probes are no longer left where a callback used to hear them.
const UNHEARD: u32 = 64;

impl Vm {
    // ---- changes

    /// Applies a change to whatever it concerns (rules M83, M84).
    pub fn apply(&mut self, change: Change, code: Option<&Code>) {
        match change.cause {
            Cause::Register => {
                self.unheard = 0;
                self.note_lone(change.events);
            }
            Cause::Clear | Cause::Free => self.note_lone(change.events),
            _ => {}
        }
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
        let expected = self.monitor.expected_version();
        let probes =
            update.changed || code.expected_seen.get() != expected && !code.monitoring.borrow().is_quiet();
        code.expected_seen.set(expected);
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
    /// base opcode, with [`ON_PROBED`](site::ON_PROBED) if its body has to run on the probed machine, to fire
    /// the rest.
    pub(crate) fn probe(&mut self) -> R<u16> {
        let f = self.frame();
        let at = f.unit();
        let armed = f.code().sites().armed(at);
        if self.in_callback || armed.begins_at_once() {
            f.begin(at, armed.noted);
            return Ok(armed.form);
        }
        self.probe_line(at)
    }
    /// The same of an instruction that LINE or INSTRUCTION is armed for.
    #[inline(always)]
    pub(crate) fn probe_line(&mut self, at: usize) -> R<u16> {
        // SAFETY: the current frame, which stays, keeps its code.
        let sites = unsafe { &*self.frame().code }.sites();
        let armed = sites.armed(at);
        let noted = armed.noted;
        if !armed.line.is_empty() && self.line_changed(sites, at) {
            let line = Word::from_small(sites.at(at).line as i64);
            self.fire(Event::Line, armed.line, at, one(line))?;
            if self.take_jump() {
                // The callback set `f_lineno`: this instruction does not run.
                return Ok(op::NOP as u16);
            }
        }
        self.probe_instruction(at, noted)
    }
    /// The rest of it, once LINE is told.
    fn probe_instruction(&mut self, at: usize, mut noted: u8) -> R<u16> {
        // SAFETY: as above.
        let sites = unsafe { &*self.frame().code }.sites();
        let armed = sites.armed(at);
        if !armed.instruction.is_empty() {
            // What INSTRUCTION's callbacks switch on comes too late for this instruction (rule M89).
            if sites.at(at).own.is_some() && armed.own.is_empty() {
                noted |= TOO_LATE;
            }
            self.fire(Event::Instruction, armed.instruction, at, one(offset_word(at)))?;
        }
        Ok(self.begin(at, noted))
    }

    /// The instruction begins now.
    #[inline(always)]
    fn begin(&mut self, at: usize, noted: u8) -> u16 {
        let f = self.frame();
        f.begin(at, noted);
        f.code().sites().armed(at).form
    }

    /// At a line start: has it to be told?
    #[inline(always)]
    pub(crate) fn line_changed(&self, sites: &StaticSites, at: usize) -> bool {
        let prev = self.frame().prev_unit;
        match sites.at(at).rule {
            None => return false,
            Some(LineRule::IfLineChanged) if prev != NO_PREV => {}
            Some(_) => return true,
        }
        let before = sites.at(prev as usize);
        if before.line != sites.at(at).line {
            return true;
        }
        // A RESUME counts only if PY_START or PY_RESUME is not heard and was not when it ran.
        before.op == op::RESUME
            && (self.frame().overlaid & HEARD_RESUME as u32 != 0
                || !sites.armed(prev as usize).own.is_empty())
    }

    /// A local event of the instruction under way (whose unit the probe left in `prev_unit`). `target` is
    /// where a jump or branch went.
    #[inline(always)]
    pub(crate) fn fire_local(&mut self, event: Event, target: Ip) -> R {
        let at = self.frame().prev_unit as usize;
        if self.frame().overlaid & TOO_LATE as u32 != 0 {
            self.call_heard = None;
            return Ok(());
        }
        if event == Event::Call {
            return self.fire_call(at);
        }
        if self.in_callback {
            return Ok(());
        }
        let tools = self.frame().code().sites().armed(at).own;
        if tools.is_empty() {
            return Ok(());
        }
        match event {
            Event::PyStart | Event::PyResume => self.fire(event, tools, at, one(offset_word(at))),
            Event::PyReturn | Event::PyYield => {
                let v = self.peek(0);
                self.fire(event, tools, at, two(offset_word(at), v))
            }
            // END_SEND: only for what was entered as a frame (rule M150).
            Event::StopIteration => {
                if !is_entered_as_frame(self.peek(1)) {
                    return Ok(());
                }
                let e = self.stop_told(self.peek(0))?;
                let r = self.fire(event, tools, at, two(offset_word(at), e.word()));
                self.keep_stop(e);
                r
            }
            Event::Jump | Event::BranchLeft | Event::BranchRight => self.fire_jump(event, tools, at, target),
            _ => Ok(()),
        }
    }

    /// The words of `args` are kept by the caller, or by the frame's stack, which an event like these cannot
    /// change.
    #[inline(always)]
    fn fire(&mut self, event: Event, tools: ToolMask, at: usize, args: Args) -> R {
        let r = self.deliver(event, tools, at as u32 * 2, args);
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

    #[inline]
    fn fire_jump(&mut self, event: Event, tools: ToolMask, at: usize, target: Ip) -> R {
        let word = self.code_word();
        let code = Value::of(&word).as_::<Code>();
        let to = (target as usize - code.live.as_ptr() as usize) / 2;
        let source = if self.frame().overlaid & OVERLAID as u32 != 0 {
            at
        } else {
            code.sites().at(at).source as usize
        };
        // The frame shows the jump as the instruction under way (rule M47).
        let f = self.frame();
        f.ip = f.ip_at(at).wrapping_add(1);
        self.tracing.next_unit = to;
        let r = self.deliver(event, tools, at as u32 * 2, two(offset_word(source), offset_word(to)));
        self.after_jump(r, to)
    }
    /// The jump to `to` has been told: the frame goes on there, unless a callback has moved it or failed.
    fn after_jump(&mut self, told: R, to: usize) -> R {
        let there = self.frame().ip_at(to);
        match told {
            Ok(()) if self.tracing.jumped.0 == self.frame => {}
            Ok(()) => self.frame().ip = there,
            Err(Exc) if self.failed_after_jump() => {}
            Err(Exc) => {
                // As if the destination had failed: its handlers apply.
                self.frame().ip = there.wrapping_add(1);
                self.raise_at = RaiseAt::Unit(to as u32);
            }
        }
        told
    }

    fn fire_call(&mut self, at: usize) -> R {
        self.call_heard = None;
        if self.in_callback {
            return Ok(());
        }
        // SAFETY: the current frame, which stays, keeps its code.
        let code = unsafe { &*self.frame().code };
        let sites = code.sites();
        let tools = sites.armed(at).own;
        if tools.is_empty() {
            return Ok(());
        }
        let o = sites.at(at).op;
        let (callable, arg0) = self.call_arguments(o, code.base_arg(at) as usize);
        let c = Value::of(&callable);
        let python = o != op::LOAD_SUPER_ATTR
            && (c.is_kind(Kind::Function)
                || c.get::<Method>().is_some_and(|m| m.func.is_kind(Kind::Function)));
        let heard = match python {
            false => {
                Some(CallHeard { disabled: code.monitoring.borrow().disabled(at as u32 * 2, Event::Call) })
            }
            // CPython's instrumented form calls functions as it calls builtins: what they raise arises at the
            // instruction. Nobody is told when they return.
            true if o == op::CALL_FUNCTION_EX => Some(CallHeard { disabled: ToolMask::ALL }),
            true => None,
        };
        // The stack keeps them: this event cannot change it.
        self.deliver(Event::Call, tools, at as u32 * 2, [offset_word(at), callable, arg0])?;
        self.call_heard = heard;
        Ok(())
    }

    /// Callable and first argument of the call under way (rules M122, M123).
    /// They are the stack's.
    #[inline(always)]
    fn call_arguments(&self, op: u8, n: usize) -> (Word, Word) {
        let missing = self.monitoring_missing.word();
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
                // SAFETY: the words of the call are the topmost ones.
                unsafe { self.call_words(self.frame().sp.sub(top + n + 2), n) }
            }
        }
    }
    /// Callable and first argument of a call whose words begin at `base`.
    ///
    /// # Safety
    /// They are on the current frame's stack: callable, self or NULL, `args` arguments.
    #[inline(always)]
    unsafe fn call_words(&self, base: *const Word, args: usize) -> (Word, Word) {
        // SAFETY: the caller's promise.
        unsafe {
            let first = match *base.add(1) {
                self_ if !self_.is_null() => self_,
                _ if args > 0 => *base.add(2),
                _ => Word::NULL,
            };
            (*base, if first.is_null() { self.monitoring_missing.word() } else { first })
        }
    }

    /// After a call from a probed instruction, whose words are on the stack yet: C_RETURN or C_RAISE, to the
    /// tools that hear CALL now.
    #[inline(always)]
    pub(crate) fn fire_after_call(&mut self, heard: CallHeard, failed: bool) -> R {
        let event = end_of_call(failed);
        if self.in_callback || self.monitor.heard(event).is_empty() {
            return Ok(());
        }
        let f = self.frame();
        let (at, code) = (f.unit(), f.code());
        let (callable, arg0) = self.call_arguments(code.base_op(at), code.base_arg(at) as usize);
        self.fire_call_end(heard, event, callable, arg0)
    }
    /// The same of a CALL whose words begin at `base`.
    ///
    /// # Safety
    /// As of `call_words`.
    #[inline(always)]
    pub(crate) unsafe fn fire_after_direct_call(
        &mut self,
        heard: CallHeard,
        failed: bool,
        base: *const Word,
        args: usize,
    ) -> R {
        let event = end_of_call(failed);
        if self.in_callback || self.monitor.heard(event).is_empty() {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let (callable, arg0) = unsafe { self.call_words(base, args) };
        self.fire_call_end(heard, event, callable, arg0)
    }
    #[inline(never)]
    fn fire_call_end(&mut self, heard: CallHeard, event: Event, callable: Word, arg0: Word) -> R {
        let f = self.frame();
        // SAFETY: nobody changes it while this looks.
        let tools = unsafe { unguarded(&f.code().monitoring) }.active(Event::Call).minus(heard.disabled);
        if tools.is_empty() {
            return Ok(());
        }
        let at = f.unit();
        self.deliver(event, tools, at as u32 * 2, [offset_word(at), callable, arg0])
    }

    /// A non-local event at unit `at`: RAISE, RERAISE, EXCEPTION_HANDLED, PY_UNWIND. On failure the
    /// callback's exception is pending.
    pub(crate) fn fire_global(&mut self, event: Event, at: u32, exception: &Value) -> R {
        let tools = self.monitor.global(event).and(self.monitor.heard(event));
        if tools.is_empty() || self.in_callback {
            return Ok(());
        }
        self.deliver(event, tools, at * 2, two(offset_word(at as usize), exception.word()))
    }

    /// The code object of the current frame, which keeps it, whatever callbacks do.
    #[inline(always)]
    fn code_word(&self) -> Word {
        Word(self.frame().code as u64)
    }

    // ---- delivery

    /// Calls the callbacks of `tools`, one at least, highest first, with the current frame's code object and `args`,
    /// which somebody keeps.
    #[inline(always)]
    fn deliver(&mut self, event: Event, tools: ToolMask, offset: u32, args: Args) -> R {
        // SAFETY: somebody hears the event; the closure has just been found.
        match unsafe { self.lone_closure(event, tools) } {
            Some(listener) => match unsafe { self.tell(listener, self.frame, event, args) } {
                Ok(()) => Ok(()),
                Err(answer) => self.heard_by_closure(answer, tools, event, offset),
            },
            None => self.deliver_to_all(event, tools, offset, args[0], args[1], args[2]),
        }
    }
    /// The closure, if there is one for this event and nobody else, and nothing is to be done first.
    ///
    /// # Safety
    /// There is a tool.
    #[inline(always)]
    pub(crate) unsafe fn lone_closure(&self, event: Event, tools: ToolMask) -> Option<*const Listener> {
        debug_assert!(!tools.is_empty());
        let lone = &self.listening.lone[event.index()];
        if lone.tools != tools || self.listening.closings.are_waiting() {
            return None;
        }
        // SAFETY: where there are tools, there is a closure.
        Some(unsafe { Rc::as_ptr(lone.listener.as_ref().unwrap_unchecked()) })
    }
    /// Tells the closure. An error: it did anything but look, and `heard_by_closure` goes on.
    ///
    /// Nothing here lets anybody have the address of a local variable: handlers of the tail chain do this too.
    ///
    /// # Safety
    /// The listener is what `lone_closure` has found; since then, nothing has happened. The frame is the current one.
    #[inline(always)]
    unsafe fn tell(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        event: Event,
        args: Args,
    ) -> Result<(), Answer> {
        self.events_fired += 1;
        self.in_callback = true;
        self.tracing.event = Some(event);
        self.tracing.event_frame.0 = frame;
        // SAFETY: what is registered is in an `Rc`, and retired when it is replaced. The frame keeps the code, the
        // caller the arguments.
        let answer = unsafe { (*listener).hear_alive(self, Word((*frame).code as u64), args) };
        if answer != Answer::Continue || self.listening.closings.are_waiting() {
            return Err(answer);
        }
        self.in_callback = false;
        self.tracing.event = None;
        Ok(())
    }
    /// The rest of `tell` where the closure did anything but look; the frame may have been moved (`take_jump`).
    #[cold]
    #[inline(never)]
    fn heard_by_closure(&mut self, answer: Answer, tools: ToolMask, event: Event, offset: u32) -> R {
        self.carry_out_closings();
        self.in_callback = false;
        self.tracing.event = None;
        self.drop_retired();
        self.restore_handled();
        match (answer.verdict()?, tools.highest()) {
            (Verdict::Disable, Some(tool)) => self.disable(tool, event, offset),
            _ => Ok(()),
        }
    }
    #[inline(never)]
    fn deliver_to_all(&mut self, event: Event, tools: ToolMask, offset: u32, a: Word, b: Word, c: Word) -> R {
        let args = [a, b, c];
        let mut delivery = Delivery::start(event, tools);
        let Some((tool, callback)) = delivery.next(&self.monitor) else {
            self.heard_by_nobody();
            return Ok(());
        };
        let hearer = match callback {
            Callback::Function(h) => Rc::as_ptr(h),
            _ => std::ptr::null(),
        };
        let verdict = if self.monitor.registered_as_branch(tool, event) && self.is_silent_branch(a) {
            Verdict::Disable
        } else {
            self.events_fired += 1;
            self.in_callback = true;
            self.tracing.event = Some(event);
            self.tracing.event_frame.0 = self.frame;
            // SAFETY: it is registered; the caller keeps the arguments.
            let answer =
                if !hearer.is_null() && unsafe { self.enter_hearer(hearer, &args[..event.arguments()]) } {
                    crate::interp::run(self).map(|v| self.verdict(v))
                } else {
                    self.call_back(tool, event, args)
                };
            self.in_callback = false;
            self.tracing.event = None;
            if self.tracing.handled.is_some() {
                self.restore_handled();
            }
            answer?
        };
        if verdict == Verdict::Disable {
            self.disable(tool, event, offset)?;
        }
        match delivery.rest() {
            ToolMask::NONE => Ok(()),
            rest => self.deliver_to_all(event, rest, offset, a, b, c),
        }
    }
    #[cold]
    fn restore_handled(&mut self) {
        if let Some(handled) = self.tracing.handled.take() {
            drop(std::mem::replace(&mut self.handled, handled));
        }
    }
    #[inline(always)]
    fn verdict(&self, answer: Value) -> Verdict {
        if answer.is(&self.monitoring_disable) { Verdict::Disable } else { Verdict::Continue }
    }
    /// Probes stay for a while when a callback is taken away: it may come back.
    #[cold]
    fn heard_by_nobody(&mut self) {
        if !self.monitor.is_stale() {
            return;
        }
        self.unheard += 1;
        if self.unheard >= UNHEARD {
            self.unheard = 0;
            if let Some(change) = self.monitor.forget_unheard() {
                self.apply(change, None);
            }
        }
    }

    /// CPython 3.14's way with callbacks registered for BRANCH (rule M76): where the instruction reported as
    /// the source carries no instrumentation now, the direction is silenced without a call.
    #[inline(never)]
    fn is_silent_branch(&self, source: Word) -> bool {
        self.monitor.rules() == Rules::CPython314
            && self.frame().code().sites().armed(source.int() as usize / 2).is_silent()
    }

    /// Calls a callback of any kind, in the general way.
    #[inline(never)]
    fn call_back(&mut self, tool: ToolId, event: Event, args: Args) -> R<Verdict> {
        let Some(callback) = self.monitor.callback(tool, event).cloned() else {
            return Ok(Verdict::Continue);
        };
        let word = self.code_word();
        let code = Value::of(&word);
        let info = EventInfo { tool, event, code, words: &args };
        match &callback {
            Callback::Rust(listener) => {
                // SAFETY: the caller keeps the arguments, the frame its code.
                let answer = unsafe { listener.hear(self, word, args) };
                if self.listening.closings.are_waiting() {
                    self.carry_out_closings();
                }
                answer.verdict()
            }
            Callback::Internal(f) => f(self, &info),
            Callback::Function(_) | Callback::Python(_) => {
                let Some(f) = callback.callable() else { return Ok(Verdict::Continue) };
                let all: Vec<Value> = std::iter::once(code).chain(info.args()).cloned().collect();
                let answer = self.call(f, &all, Kw::NONE)?;
                Ok(self.verdict(answer))
            }
        }
    }

    fn disable(&mut self, tool: ToolId, event: Event, offset: u32) -> R {
        let code = self.code_word();
        let c = Value::of(&code).as_::<Code>();
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
#[inline(always)]
fn has_disabled(code: &Code) -> bool {
    // SAFETY: nobody changes it while this looks.
    unsafe { unguarded(&code.monitoring) }.has_disabled()
}

/// Is it a generator or coroutine, which runs in a frame that the receiving one's instruction enters?
#[inline(always)]
pub(crate) fn is_entered_as_frame(receiver: Word) -> bool {
    Value::of(&receiver).get::<Generator>().is_some_and(|g| g.flavour != Flavour::AsyncGenerator)
}

fn end_of_call(failed: bool) -> Event {
    if failed { Event::CRaise } else { Event::CReturn }
}

fn offset_word(unit: usize) -> Word {
    Word::from_small(unit as i64 * 2)
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
