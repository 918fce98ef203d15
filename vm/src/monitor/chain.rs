//! Probes in the handlers of the tail chain: the one event that one closure hears is told from the handler itself, with
//! no function between that would save registers and pass the arguments through memory.

use super::{Told, offset_word, one, two};
use crate::error::{Exc, R};
use crate::op;
use crate::site::TOO_LATE;
use crate::value::Word;
use crate::vm::Vm;
use seriema_monitoring::Event;

/// What `probe_closure` leaves to `probe_rest`: the event, what became of it, what to note of the instruction.
pub(crate) type Rest = (Event, Told, u8);

/// How an instruction goes on that begins with its event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Started {
    /// With the body of this opcode, without events.
    GoOn(u8),
    /// Where the frame shows: that was all, or the frame has been moved.
    Over,
    Failed,
    /// Nothing is done: the event is for the general way.
    Not,
}

impl Vm {
    /// `probe_line` where one of the two is armed and nobody but a closure hears it: that is told without another
    /// function between. None: it is not like that, and nothing is done; or `told` has something to say, and
    /// `probe_rest` goes on.
    ///
    /// # Safety
    /// `at` is a unit of the current frame's code, which has its sites.
    #[inline(always)]
    pub(crate) unsafe fn probe_closure(&mut self, at: usize) -> Option<u16> {
        // SAFETY: the current frame, which stays, keeps its code; the caller's promise.
        let (sites, site, armed) = unsafe {
            let sites = (*self.frame().code).sites.get().unwrap_unchecked();
            (sites, sites.at_unchecked(at), sites.armed_unchecked(at))
        };
        let mut noted = armed.noted;
        if !armed.line.is_empty() {
            let listener = self.lone_closure(Event::Line, armed.line)?;
            if !armed.instruction.is_empty() || !armed.any_line && !self.line_changed(sites, at) {
                return None;
            }
            let line = one(Word::from_small(site.line as i64));
            // SAFETY: it is registered.
            let told =
                unsafe { self.deliver_to_closure(listener, armed.line, Event::Line, at as u32 * 2, line) };
            // SAFETY: as above.
            let now = unsafe { sites.armed_unchecked(at) };
            if told != Told::Quietly || !now.instruction.is_empty() {
                self.told = Some((Event::Line, told, noted));
                return None;
            }
        } else {
            let listener = self.lone_closure(Event::Instruction, armed.instruction)?;
            if site.own.is_some() && armed.own.is_empty() {
                noted |= TOO_LATE;
            }
            let (tools, offset) = (armed.instruction, one(offset_word(at)));
            // SAFETY: it is registered.
            let told = unsafe {
                self.deliver_to_closure(listener, tools, Event::Instruction, at as u32 * 2, offset)
            };
            if told != Told::Quietly {
                self.told = Some((Event::Instruction, told, noted));
                return None;
            }
        }
        let f = self.frame();
        f.prev_unit = at as u32;
        f.overlaid = noted as u32;
        // SAFETY: as above.
        Some(unsafe { sites.armed_unchecked(at) }.form)
    }
    /// `probe_line`, or the rest of it after `probe_closure`.
    pub(crate) fn probe_rest(&mut self, at: usize) -> R<u16> {
        let Some((event, told, noted)) = self.told.take() else { return self.probe_line(at) };
        if told == Told::Failed {
            self.failed_at(at);
            return Err(Exc);
        }
        if event == Event::Line {
            return match self.take_jump() {
                true => Ok(op::NOP as u16),
                false => self.probe_instruction(at, noted),
            };
        }
        Ok(self.begin(at, noted))
    }
    /// Tells a closure, and nobody else, of an event that comes before all else its instruction does (`AT_START`)
    /// and is all that is armed.
    ///
    /// # Safety
    /// As of `probe_closure`; `top` is kept.
    #[inline(always)]
    pub(crate) unsafe fn start_closure(&mut self, at: usize, top: Word) -> Started {
        let frame = self.frame;
        // SAFETY: as there.
        let (code, site, armed) = unsafe {
            let code = &*(*frame).code;
            let sites = code.sites.get().unwrap_unchecked();
            (code, sites.at_unchecked(at), sites.armed_unchecked(at))
        };
        let Some(event) = site.own else { return Started::Not };
        let Some(listener) = self.lone_closure(event, armed.own) else { return Started::Not };
        let resume = site.op == op::RESUME;
        if resume && (self.breaker.get() != 0 || code.seen.get() != self.version) {
            return Started::Not;
        }
        let f = self.frame();
        f.prev_unit = at as u32;
        f.overlaid = armed.noted as u32;
        let args = two(offset_word(at), top);
        // SAFETY: it is registered.
        let told = unsafe { self.deliver_to_closure(listener, armed.own, event, at as u32 * 2, args) };
        match told {
            Told::Quietly if resume => Started::Over,
            Told::Quietly => Started::GoOn(site.op),
            told => self.started(at, told, site.op),
        }
    }
    /// The rest of that where the closure did anything but look: as in `Machine::event`.
    #[cold]
    #[inline(never)]
    fn started(&mut self, at: usize, told: Told, o: u8) -> Started {
        if told == Told::Failed {
            self.failed_at(at);
        }
        match self.take_jump() {
            _ if told == Told::Failed => Started::Failed,
            true => Started::Over,
            false if o == op::RESUME => Started::Over,
            false => Started::GoOn(o),
        }
    }
}
