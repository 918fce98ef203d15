//! Python functions as callbacks: what calling one takes, worked out when it is registered.
//!
//! The arguments of an event go to where the function's locals are, and it begins behind its RESUME, which would
//! fire nothing in a callback.

use crate::code::Code;
use crate::frame::{FLAG_ENTRY, Frame, HEADER_WORDS, Ip};
use crate::object::{ClosureCell, Function, Method, Tuple};
use crate::op;
use crate::value::{Value, Word};
use crate::vm::Vm;

/// A function, or a bound method of one, that is called in place if the event has the arguments it takes.
pub struct Hearer {
    pub callable: Value,
    // The words are the callable's.
    function: Word,
    /// The object of a method, or NULL.
    self_: Word,
    /// The function's code then: with another, it is called as anything is.
    code: *const Code,
    entry: Ip,
    /// Cells of its closure that `entry` takes for copied.
    cells: usize,
    /// Arguments of an event behind the code object: one to three.
    takes: usize,
}

impl Hearer {
    /// `None`: it is something else.
    pub fn new(callable: &Value) -> Option<Hearer> {
        let (function, self_) = match callable.get::<Method>() {
            Some(m) => (m.func.word(), m.self_.word()),
            None => (callable.word(), Word::NULL),
        };
        let f = Value::of(&function).get::<Function>()?;
        let code = f.code();
        let takes = (code.argcount as usize).checked_sub(1 + !self_.is_null() as usize)?;
        if !code.simple_args || code.generator_entry != 0 || !(1..=3).contains(&takes) {
            return None;
        }
        let closure = f.closure.get::<Tuple>().map(Tuple::as_slice).unwrap_or_default();
        let is_resume = |at: usize| code.base.get(at).is_some_and(|unit| *unit as u8 == op::RESUME);
        let (entry, cells) = match code.base.first().map(|unit| (*unit as u8, (*unit >> 8) as usize)) {
            Some((op::RESUME, _)) => (1, 0),
            Some((op::COPY_FREE_VARS, n))
                if is_resume(1)
                    && closure.len() == n
                    && closure.iter().all(|c| c.get::<ClosureCell>().is_some()) =>
            {
                (2, n)
            }
            _ => (0, 0),
        };
        let entry: Ip = code.live.get(entry)?;
        Some(Hearer { callable: callable.clone(), function, self_, code, entry, cells, takes })
    }
}

impl Vm {
    /// Makes the hearer's frame the current one, with the code object of the one that was and an event's further
    /// arguments. False: it is to be called as anything is; nothing has been done.
    ///
    /// # Safety
    /// The hearer is registered, or kept; the arguments are live values, the first a number; the frame's `sp` is
    /// up to date.
    #[inline(always)]
    pub(crate) unsafe fn enter_hearer(&mut self, h: *const Hearer, args: &[Word]) -> bool {
        let marker = 0u8;
        // SAFETY: the callable keeps the function, that its code (which is never freed when it gets another). The
        // frame lies on the free part of the data stack, below the limit, which is tested.
        unsafe {
            let h = &*h;
            let f: &Function = h.function.cast();
            let code = &*h.code;
            let caller = self.frame;
            let first = (*caller).free();
            let frame = first.add(code.nlocalsplus as usize).cast::<Frame>();
            let stack = frame.cast::<Word>().add(HEADER_WORDS);
            if f.code.get().0 != h.code as u64
                || h.takes != args.len()
                || self.breaker.get() != 0
                || self.depth_left == 0
                || stack.add(code.stacksize as usize) > self.stack_limit
                || self.native_stack_limit == 0
                || (&raw const marker as usize) < self.native_stack_limit
            {
                return false;
            }
            self.depth_left -= 1;
            let mut slot = first;
            if !h.self_.is_null() {
                *slot = h.self_.incref();
                slot = slot.add(1);
            }
            *slot = Word((*caller).code as u64).incref();
            *slot.add(1) = args[0];
            if h.takes > 1 {
                *slot.add(2) = args[1].incref();
            }
            if h.takes > 2 {
                *slot.add(3) = args[2].incref();
            }
            slot = slot.add(1 + h.takes);
            let cells = frame.cast::<Word>().sub(h.cells);
            while slot < cells {
                // Volatile, or it would become a call of memset, which is dear for so few.
                slot.write_volatile(Word::NULL);
                slot = slot.add(1);
            }
            if h.cells != 0 {
                let closure: &Tuple = f.closure.word().cast();
                for cell in closure.as_slice() {
                    *slot = cell.word().incref();
                    slot = slot.add(1);
                }
            }
            frame.write(Frame {
                prev: caller,
                code,
                func: h.function.incref(),
                locals: first,
                ip: h.entry,
                sp: stack,
                flags: FLAG_ENTRY,
                ..Frame::BARE
            });
            self.frame = frame;
        }
        true
    }
}
