//! Errors that nobody can catch: of destructors and of generators that are closed when they go.

use crate::value::Value;
use crate::vm::{RaiseAt, Vm};

/// The state of an exception in flight, put aside while something else runs in its midst.
pub(crate) struct Raising {
    pending: Option<Value>,
    raise_at: RaiseAt,
    reraising: bool,
    reraise_lasti: Option<u32>,
    result: Option<crate::error::R<Value>>,
    yielded: bool,
}

impl Vm {
    pub(crate) fn save_raising(&mut self) -> Raising {
        Raising {
            pending: self.pending.take(),
            raise_at: std::mem::replace(&mut self.raise_at, RaiseAt::EndUnit),
            reraising: std::mem::take(&mut self.reraising),
            reraise_lasti: self.reraise_lasti.take(),
            result: self.result.take(),
            yielded: std::mem::take(&mut self.yielded),
        }
    }
    pub(crate) fn restore_raising(&mut self, saved: Raising) {
        self.pending = saved.pending;
        self.raise_at = saved.raise_at;
        self.reraising = saved.reraising;
        self.reraise_lasti = saved.reraise_lasti;
        self.result = saved.result;
        self.yielded = saved.yielded;
    }

    /// Hands an exception to `sys.unraisablehook`, or prints it. `message`: what was going on; `object`: in
    /// what.
    pub(crate) fn unraisable(&mut self, e: Value, message: Option<&str>, object: &Value) {
        let text = self.format_exception(&e);
        let shown = self.repr_string(object).unwrap_or_else(|_| {
            drop(self.take_pending());
            "<object repr() failed>".to_owned()
        });
        eprint!("{} {shown}:\n{text}", message.unwrap_or("Exception ignored in:").trim_end());
    }
}
