//! The unwinder: takes a pending exception to its handler, through as many frames as it needs, and fires
//! RAISE, RERAISE, EXCEPTION_HANDLED and PY_UNWIND on the way (rules M130 to M134).

use crate::code::Code;
use crate::frame::{FLAG_ENTRY, FLAG_INIT, NO_PREV};
use crate::object::{Exception, LINE_UNKNOWN, Traceback};
use crate::op;
use crate::value::{Value, Word};
use crate::vm::{RaiseAt, Vm};
use seriema_monitoring::Event;

impl Vm {
    /// The current frame's instruction (one past which `frame.ip` stands) raised the pending exception.
    /// True: the current frame continues in a handler. False: an entry frame was left, its result is set.
    pub(crate) fn unwind(&mut self) -> bool {
        loop {
            let code_value = Value::of(&Word(self.frame().code as u64)).clone();
            let code: &Code = code_value.as_();
            let unit = code.start_of(self.frame().unit());
            // The instruction before the handler, for its LINE.
            let mut before = unit as u32;
            let at = match std::mem::replace(&mut self.raise_at, RaiseAt::EndUnit) {
                RaiseAt::EndUnit => code.end_unit(unit) as u32,
                RaiseAt::Unit(u) => u,
                RaiseAt::Thrown(u) => {
                    // Nothing of it has run: the RESUME there suppresses no LINE.
                    before = NO_PREV;
                    u.saturating_sub(1)
                }
            };
            let reraising = std::mem::take(&mut self.reraising);
            let lasti = self.reraise_lasti.take();
            if let Some(u) = lasti {
                // The frame shows where the exception arose first.
                let f = self.frame();
                f.ip = f.ip_at(u as usize).wrapping_add(1);
            }
            let mut e = self.take_pending();
            if !reraising {
                self.add_traceback(&e, unit);
            }
            let event = if reraising { Event::Reraise } else { Event::Raise };
            if self.fire_global(event, at, &e).is_err() {
                e = self.take_pending();
            }
            let mut at = at;
            match self.enter_handler(unit, before, lasti.map_or(unit, |u| u as usize), e.clone()) {
                Ok(()) => return true,
                Err(None) => {}
                Err(Some((replaced, handler))) => (e, at) = (replaced, handler.saturating_sub(1)),
            }
            // What is on the stack goes before the event is told.
            while self.frame().stack_depth() > 0 {
                drop(self.pop());
            }
            if self.fire_global(Event::PyUnwind, at, &e).is_err() {
                e = self.take_pending();
            }
            if self.frame().flags & FLAG_ENTRY != 0 {
                self.pending = Some(e);
                self.leave_entry_frame(Err(crate::error::Exc));
                return false;
            }
            let made = self.frame().flags & FLAG_INIT != 0;
            self.pop_frame();
            self.pending = Some(e);
            let f = self.frame();
            let unit = f.code().start_of(f.unit());
            // In the caller it arises one unit before the calling instruction. The others, whose frames are only
            // entered in place here, behave as if they called Rust (rules M133, M180, cold).
            let called = !matches!(f.code().base_op(unit), op::FOR_ITER | op::LOAD_ATTR | op::BINARY_OP);
            if called && !made {
                self.raise_at = RaiseAt::Unit((unit as u32).saturating_sub(1));
            }
        }
    }

    /// Goes to the handler of `unit`, if there is one. After a failing EXCEPTION_HANDLED callback the new
    /// exception is looked up as if the unit before the handler had raised it, mostly with the same handler
    /// (M59). Without a handler: the exception that replaced `e`, and the handler it was to have.
    fn enter_handler(
        &mut self,
        mut unit: usize,
        before: u32,
        lasti: usize,
        mut e: Value,
    ) -> Result<(), Option<(Value, u32)>> {
        let mut failed = None;
        loop {
            let Some((target, depth, push_lasti)) = self.frame().code().handler(unit) else {
                return Err(failed.map(|handler| (e, handler)));
            };
            while self.frame().stack_depth() > depth {
                drop(self.pop());
            }
            if push_lasti {
                self.push(Value::small(lasti as i64 * 2));
            }
            self.push(e.clone());
            let f = self.frame();
            f.ip = f.ip_at(target);
            f.prev_unit = before;
            if self.fire_global(Event::ExceptionHandled, target as u32, &e).is_ok() {
                // A change of events in the callback takes the wrong instruction for the one before.
                self.frame().prev_unit = before;
                return Ok(());
            }
            e = self.take_pending();
            unit = target.saturating_sub(1);
            failed = Some(target as u32);
        }
    }

    pub(crate) fn add_traceback(&mut self, e: &Value, unit: usize) {
        let f = self.frame();
        let code = Value::of(&Word(f.code as u64)).clone();
        let x = e.as_::<Exception>();
        let next = x.traceback.borrow().clone();
        let frame = self.frame_object(self.frame);
        let tb = Traceback::new(&self.types.traceback, code, frame, unit as i64 * 2, LINE_UNKNOWN, next);
        *x.traceback.borrow_mut() = tb;
    }
}
