//! The StopIteration that STOP_ITERATION tells: made for the event, as nothing is raised. It is kept for the next one if
//! nobody else keeps it, and nothing about it shows that it has been seen.

use crate::error::R;
use crate::object::{Exception, Kind, Tuple};
use crate::value::{Value, Word};
use crate::vm::Vm;

impl Vm {
    /// The StopIteration that carries `value`.
    pub(super) fn stop_told(&mut self, value: Word) -> R<Value> {
        match self.spare_stop_with(value) {
            Some(e) => Ok(e),
            None => self.stop_iteration_of(value.to_value()),
        }
    }
    /// The same if one is there, and the value is one that goes into its arguments as it is.
    #[inline(always)]
    pub(crate) fn spare_stop_with(&mut self, value: Word) -> Option<Value> {
        if value == Word::NONE || matches!(value.kind(), Some(Kind::Tuple | Kind::Exception)) {
            return None;
        }
        let e = self.spare_stop.take()?;
        // SAFETY: it is what `keep_stop` has kept, whose two places for the value hold None.
        unsafe {
            let x: &Exception = e.word().cast();
            let args: &Tuple = (*x.args.as_ptr()).word().cast();
            args.replace_first(value.incref());
            (&mut *x.fields.as_ptr())[0] = Value::from_word(value.incref());
        }
        Some(e)
    }
    /// The event is over.
    #[inline(never)]
    pub(crate) fn keep_stop(&mut self, e: Value) {
        let Some(x) = e.get::<Exception>() else { return };
        // SAFETY: nobody borrows from it; where there is another owner, nothing changes.
        unsafe {
            let class = self.types.exception("StopIteration");
            let as_new = (*e.word().header()).is_as_new(Kind::Exception, class)
                && (*x.cause.as_ptr()).is_none()
                && (*x.context.as_ptr()).is_none()
                && (*x.traceback.as_ptr()).is_none()
                && (*x.dict.as_ptr()).is_null()
                && !x.suppress_context.get()
                && (&*x.fields.as_ptr()).len() == 1;
            let args = &*x.args.as_ptr();
            if !as_new
                || self.spare_stop.is_some()
                || !(args.word().is_ptr()
                    && (*args.word().header()).is_as_new(Kind::Tuple, &self.types.tuple))
                || args.as_::<Tuple>().as_slice().len() != 1
            {
                return;
            }
            let told = args.as_::<Tuple>().replace_first(Word::NONE);
            let value = std::mem::replace(&mut (&mut *x.fields.as_ptr())[0], Value::NONE);
            self.spare_stop = Some(e);
            told.decref();
            drop(value);
        }
    }
}
