//! Setting `frame.f_lineno`: a callback moves the frame whose event it is told of.
//!
//! The line's instructions are candidates; one fits if the words on the stack there are the lowest of those
//! that are there now, kind by kind. What kinds of words each instruction finds follows from the bytecode
//! alone ([`stacks`]):
//!
//! ```text
//!   for x in a:        iterator of a
//!       with b:        iterator, exit method, its self
//!           f(         iterator, exit method, its self, f, NULL
//! ```

use crate::code::Code;
use crate::error::R;
use crate::frame::{Frame, NO_PREV};
use crate::object::{FrameObject, Kind};
use crate::op;
use crate::value::{self, Value};
use crate::vm::Vm;
use seriema_monitoring::Event;

/// What a word of the stack is. The order breaks ties between candidates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Word {
    Iterator,
    /// The exception handled before, saved by PUSH_EXC_INFO.
    Handled,
    Object,
    Null,
    /// The offset that a RERAISE restores.
    Lasti,
    /// An exception in its handler.
    Raised,
}

type Stack = Vec<Word>;

/// What is on the stack before each instruction; `None` where it cannot be reached.
fn stacks(code: &Code) -> Vec<Option<Stack>> {
    let mut found: Vec<Option<Stack>> = vec![None; code.base.len()];
    let mut work = vec![(0, Stack::new())];
    while let Some((at, stack)) = work.pop() {
        if at >= found.len() || found[at].is_some() {
            continue;
        }
        found[at] = Some(stack.clone());
        if let Some((handler, depth, lasti)) = code.handler(at) {
            let mut s = stack.clone();
            s.truncate(depth);
            if lasti {
                s.push(Word::Lasti);
            }
            s.push(Word::Raised);
            work.push((handler, s));
        }
        let (o, arg) = (code.base_op(at), code.base_arg(at));
        let next = at + 1 + op::caches(o);
        let mut after = stack.clone();
        step(&mut after, o, arg);
        if let Some(to) = crate::site::jump_target(code, at) {
            // A loop that ends leaves its iterator.
            work.push((to, if o == op::FOR_ITER { stack } else { after.clone() }));
        }
        match o {
            op::SEND => {
                work.push((next + arg as usize, after.clone()));
                work.push((next, after));
            }
            op::RETURN_VALUE
            | op::RAISE_VARARGS
            | op::RERAISE
            | op::JUMP_FORWARD
            | op::JUMP_BACKWARD
            | op::JUMP_BACKWARD_NO_INTERRUPT => {}
            _ => work.push((next, after)),
        }
    }
    found
}

fn step(s: &mut Stack, o: u8, arg: u32) {
    use Word::*;
    let n = arg as usize;
    let pushed: &[Word] = match o {
        op::PUSH_NULL | op::LOAD_FAST_AND_CLEAR => &[Null],
        op::LOAD_GLOBAL if arg & 1 != 0 => &[Object, Null],
        op::LOAD_ATTR => {
            s.pop();
            if arg & 1 != 0 { &[Object, Null] } else { &[Object] }
        }
        op::LOAD_SUPER_ATTR => {
            s.truncate(s.len().saturating_sub(3));
            if arg & 1 != 0 { &[Object, Null] } else { &[Object] }
        }
        op::GET_ITER | op::GET_AITER => {
            s.pop();
            &[Iterator]
        }
        op::PUSH_EXC_INFO => {
            s.pop();
            &[Handled, Raised]
        }
        op::CLEANUP_THROW => {
            s.truncate(s.len().saturating_sub(3));
            &[Object, Object]
        }
        op::COPY => {
            let w = s.len().checked_sub(n).and_then(|i| s.get(i)).copied();
            s.push(w.unwrap_or(Object));
            &[]
        }
        op::SWAP => {
            let top = s.len().saturating_sub(1);
            if let Some(other) = s.len().checked_sub(n).filter(|&i| i <= top) {
                s.swap(other, top);
            }
            &[]
        }
        _ => {
            let by = crate::modules::opcode::net_effect(o, arg);
            if by < 0 {
                s.truncate(s.len().saturating_sub(by.unsigned_abs() as usize));
            }
            s.extend((0..by.max(0)).map(|_| Object));
            &[]
        }
    };
    s.extend_from_slice(pushed);
}

/// Can a frame with `from` on its stack go on where `to` is expected?
fn compatible(from: &[Word], to: &[Word]) -> bool {
    from.len() >= to.len()
        && from.iter().zip(to).all(|(f, t)| match t {
            Word::Object => *f != Word::Null,
            Word::Null => true,
            t => f == t,
        })
}

fn refusal(to: &[Word]) -> &'static str {
    match to.last() {
        Some(Word::Handled | Word::Raised) => "can't jump into an 'except' block as there's no exception",
        Some(Word::Lasti) => "can't jump into a re-raising block",
        Some(Word::Iterator) => "can't jump into the body of a for loop",
        _ => "incompatible stacks",
    }
}

impl Vm {
    /// `frame.f_lineno = line`.
    pub(crate) fn move_frame(&mut self, frame: &Value, line: &Value) -> R {
        let f = frame.as_::<FrameObject>();
        if !self.type_of(line).is(&self.types.int) {
            return self.fail("ValueError", "lineno must be an integer");
        }
        const NOT_TRACING: &str = "f_lineno can only be set in a trace function";
        let Some(event) = self.tracing.event else { return self.fail("ValueError", NOT_TRACING) };
        let at = self.tracing.event_frame.0;
        match event {
            Event::Line
            | Event::Jump
            | Event::BranchLeft
            | Event::BranchRight
            | Event::PyResume
            | Event::PyYield => {}
            Event::PyStart => {
                return self.fail("ValueError", "can't jump from the 'call' trace event of a new frame");
            }
            Event::Call | Event::CReturn => return self.fail("ValueError", "can't jump during a call"),
            Event::StopIteration | Event::Reraise => {
                return self.fail("SystemError", "unexpected event type");
            }
            _ => return self.fail("ValueError", "can only jump from a 'line' trace event"),
        }
        // Callers wait in the middle of a call: they cannot be moved.
        if !f.running().is_some_and(|r| std::ptr::eq(r, at)) {
            return self.fail("ValueError", NOT_TRACING);
        }
        let Some(line) = line.word().is_int().then(|| line.word().int()).and_then(|l| i32::try_from(l).ok())
        else {
            return self.fail("ValueError", "lineno out of range");
        };
        let code_value = f.function_code();
        let code = code_value.as_::<Code>();
        if line < code.firstlineno {
            let message = format!("line {line} comes before the current code block");
            return self.fail("ValueError", message);
        }
        let Some(line) = code.instructions().map(|u| code.line(u)).filter(|l| *l >= line).min() else {
            let message = format!("line {line} comes after the current code block");
            return self.fail("ValueError", message);
        };
        let to = self.landing(at, line, event)?;
        self.name_unbound(at)?;
        self.land(at, to.0, &to.1);
        Ok(())
    }

    /// The instruction of `line` to go on with, and the words that are to be dropped, topmost first.
    fn landing(&mut self, frame: *mut Frame, line: i32, event: Event) -> R<(usize, Stack)> {
        // SAFETY: the frame of the event, which is on the stack while its callback runs.
        let f = unsafe { &*frame };
        let code_value = value::Word(f.code as u64).to_value();
        let code = code_value.as_::<Code>();
        let here = match event {
            // The instruction is over: what comes next counts.
            Event::Jump | Event::BranchLeft | Event::BranchRight => self.tracing.next_unit,
            _ => code.start_of(f.unit()),
        };
        let depth = f.stack_depth();
        let stacks = stacks(code);
        let here = code.start_of(here.min(code.base.len() - 1));
        let Some(from) = stacks[here].clone().filter(|s| s.len() == depth) else {
            return self.fail("ValueError", "can't jump from unreachable code");
        };
        let first = code.sites().first_resume.unwrap_or(0) as usize;
        let (mut best, mut why): (Option<(usize, &Stack)>, _) = (None, None);
        // Only where a run of instructions of the line begins.
        let mut last = None;
        for at in code.instructions() {
            if last.replace(code.line(at)) == Some(line) || code.line(at) != line || at < first {
                continue;
            }
            let Some(to) = &stacks[at] else {
                why = why.or(Some("can't jump into unreachable code"));
                continue;
            };
            if !compatible(&from, to) {
                why = why.or(Some(refusal(to)));
            } else if best.is_none_or(|(_, b)| (to.len(), to) > (b.len(), b)) {
                best = Some((at, to));
            }
        }
        match best {
            Some((at, to)) => Ok((at, from[to.len()..].iter().rev().copied().collect())),
            None => self.fail("ValueError", why.unwrap_or("incompatible stacks")),
        }
    }

    /// Variables without a value become None: the code that sets them may be jumped over.
    fn name_unbound(&mut self, frame: *mut Frame) -> R {
        // SAFETY: as in `landing`.
        let f = unsafe { &mut *frame };
        let unbound: Vec<usize> =
            (0..f.code().nlocalsplus as usize).filter(|&i| f.local(i).is_null()).collect();
        if unbound.is_empty() {
            return Ok(());
        }
        let s = if unbound.len() == 1 { "" } else { "s" };
        self.warn("RuntimeWarning", format!("assigning None to {} unbound local{s}", unbound.len()), 0)?;
        for i in unbound {
            if f.local(i).is_null() {
                // SAFETY: the slot exists and owns nothing.
                unsafe { *f.locals.add(i) = value::Word::NONE };
            }
        }
        Ok(())
    }

    fn land(&mut self, frame: *mut Frame, at: usize, dropped: &[Word]) {
        for word in dropped {
            // SAFETY: as in `landing`; the words are there (`landing` compared the depth), their references
            // move out.
            let v = unsafe {
                (*frame).sp = (*frame).sp.sub(1);
                Value::from_word(*(*frame).sp)
            };
            match word {
                // The frame's own again when the callback is over: till then it is the callback's.
                Word::Handled => drop(self.tracing.handled.replace(v)),
                _ => drop(v),
            }
        }
        // SAFETY: as in `landing`.
        let f = unsafe { &mut *frame };
        // Shown as the instruction under way; `take_jump` makes it the one to go on with.
        f.ip = f.ip_at(at).wrapping_add(1);
        f.prev_unit = NO_PREV;
        self.tracing.jumped.0 = frame;
        self.listening.closings.raise();
    }
}

impl FrameObject {
    /// The code that its activation runs.
    fn function_code(&self) -> Value {
        debug_assert!(self.func.is_kind(Kind::Function));
        value::Word(std::ptr::from_ref(self.code()) as u64).to_value()
    }
}
