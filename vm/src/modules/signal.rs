//! Module `_signal`.

use crate::error::R;
use crate::vm::Vm;

/// A signal has come and its Python handler has not run yet.
pub(crate) fn is_pending() -> bool {
    false
}
/// The VM ends: it hears no more signals.
pub(crate) fn forget(_vm: &mut Vm) {}

impl Vm {
    /// Runs the Python handlers of the signals that have come, in the main thread.
    pub fn check_signals(&mut self) -> R {
        Ok(())
    }
}
