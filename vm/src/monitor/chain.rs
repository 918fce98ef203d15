//! What the probes of the tail chain ask for: events told to one closure, from the handler itself.
//!
//! A closure that only looked leaves everything as it was. Where it did more, `rest_before` or `rest_of_own` goes on as
//! the general way would.

use super::{Args, CallHeard, has_disabled, offset_word, one, two};
use crate::code::Code;
use crate::error::{Exc, R};
use crate::frame::Frame;
use crate::listen::{Answer, Listener};
use crate::machine::Flow;
use crate::op;
use crate::runtime;
use crate::site::{Armed, OVERLAID};
use crate::value::Word;
use crate::vm::Vm;
use seriema_monitoring::{Event, ToolMask};

/// How an instruction goes on behind its own event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// With what it does besides telling the event, on the registers of the frame.
    GoOn,
    /// Not at all: the frame goes on where it shows.
    Moved,
    Failed,
}

impl Vm {
    /// # Safety
    /// As of `tell`.
    #[inline(always)]
    unsafe fn tell_here(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        event: Event,
        at: usize,
        args: Args,
    ) -> Result<(), Answer> {
        self.tracing.event_unit = at as u32;
        // SAFETY: the caller's promise.
        unsafe { self.tell(listener, frame, event, args) }
    }
    /// # Safety
    /// As of `tell`; `at` is a unit of the current frame's code, which has its sites.
    #[inline(always)]
    pub(crate) unsafe fn tell_line(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        at: usize,
    ) -> Result<(), Answer> {
        // SAFETY: the caller's promise.
        unsafe {
            let line = (*(*frame).code).sites.get().unwrap_unchecked().at_unchecked(at).line;
            self.tell_here(listener, frame, Event::Line, at, one(Word::from_small(line as i64)))
        }
    }
    /// The rest of a probe that told LINE or INSTRUCTION.
    pub(crate) fn rest_before(&mut self, armed: Armed, answer: Answer) -> R<u16> {
        let at = self.tracing.event_unit as usize;
        let (event, tools) = match armed.line.is_empty() {
            true => (Event::Instruction, armed.instruction),
            false => (Event::Line, armed.line),
        };
        if self.heard_by_closure(answer, tools, event, at as u32 * 2).is_err() {
            self.failed_at(at);
            return Err(Exc);
        }
        match event {
            Event::Line if self.take_jump() => Ok(op::NOP as u16),
            Event::Line => self.probe_instruction(at, armed.noted),
            _ => Ok(self.begin(at, armed.noted)),
        }
    }
    /// An event that takes an offset, or that and the topmost word.
    ///
    /// # Safety
    /// As of `tell`.
    #[inline(always)]
    pub(crate) unsafe fn tell_at(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        event: Event,
        at: usize,
        top: Word,
    ) -> Result<(), Answer> {
        // SAFETY: the caller's promise.
        unsafe { self.tell_here(listener, frame, event, at, two(offset_word(at), top)) }
    }
    /// A jump or a branch that goes to unit `to`; the frame shows it as the instruction under way (rule M47).
    ///
    /// # Safety
    /// As of `tell_line`; POP_ITER, whose BRANCH_RIGHT has another source, comes by the general way.
    #[inline(always)]
    pub(crate) unsafe fn tell_jump(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        event: Event,
        at: usize,
        to: usize,
    ) -> Result<(), Answer> {
        self.tracing.next_unit = to;
        // SAFETY: the caller's promise.
        unsafe {
            let source = match (*frame).overlaid & OVERLAID as u32 {
                0 if event != Event::BranchLeft => at,
                0 => (*(*frame).code).sites.get().unwrap_unchecked().at_unchecked(at).source as usize,
                _ => at,
            };
            self.tell_here(listener, frame, event, at, two(offset_word(source), offset_word(to)))
        }
    }
    /// CALL or C_RETURN of a call whose words begin at `base`.
    ///
    /// # Safety
    /// As of `tell` and `call_words`.
    #[inline(always)]
    pub(crate) unsafe fn tell_call(
        &mut self,
        listener: *const Listener,
        frame: *mut Frame,
        event: Event,
        at: usize,
        base: *const Word,
        args: usize,
    ) -> Result<(), Answer> {
        // SAFETY: the caller's promise.
        unsafe {
            let (callable, arg0) = self.call_words(base, args);
            self.tell_here(listener, frame, event, at, [offset_word(at), callable, arg0])
        }
    }
    /// The rest of an instruction's own event, as in `Machine::event`.
    pub(crate) fn rest_of_own(&mut self, event: Event, tools: ToolMask, answer: Answer) -> Rest {
        let at = self.tracing.event_unit as usize;
        let told = self.heard_by_closure(answer, tools, event, at as u32 * 2);
        let failed = match event.is_jump() {
            true => self.after_jump(told, self.tracing.next_unit).is_err(),
            false => told.inspect_err(|_| self.failed_at(at)).is_err(),
        };
        match self.take_jump() {
            _ if failed => Rest::Failed,
            true => Rest::Moved,
            false => Rest::GoOn,
        }
    }
    /// Has nothing been disabled in this code, and do probes stand only where somebody hears? CALL needs no more than
    /// the tools then.
    #[inline(always)]
    pub(crate) fn is_simple_call(&self, code: &Code, tools: ToolMask) -> bool {
        !tools.is_empty() && !self.monitor.is_stale() && !has_disabled(code)
    }
    /// CALL of what is no function in Python, once it has been told; C_RETURN or C_RAISE behind it.
    pub(crate) fn call_told(&mut self, args: u32) -> Flow {
        self.call_heard = Some(CallHeard { disabled: ToolMask::NONE });
        runtime::call::call_probed(self, args)
    }
}
