//! `Change`: the only value through which monitored state alters.

use crate::event::EventSet;
use crate::tool::ToolId;

/// Which code objects must be brought up to date at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Nothing observable changed.
    Nothing,
    /// Every code object with a frame on some stack; all others when next entered or resumed (M83).
    Everywhere,
    /// The one code object of the call, wherever it runs (M84).
    ThisCode,
    /// Callbacks came, or have been gone for long: what is armed is unchanged, but probes are placed only where a
    /// callback is expected to hear them.
    Callbacks,
}

/// What was done, for logs and statistics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    SetEvents,
    SetLocalEvents,
    Restart,
    Register,
    Clear,
    Free,
    Disable,
}

/// A change that the owner of the code objects has to apply.
#[must_use = "a change takes effect only when it is applied"]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    pub scope: Scope,
    pub cause: Cause,
    pub tool: Option<ToolId>,
    pub events: EventSet,
}

impl Change {
    pub(crate) fn new(scope: Scope, cause: Cause, tool: Option<ToolId>, events: EventSet) -> Change {
        Change { scope, cause, tool, events }
    }
}

/// What bringing a code object up to date did.
#[must_use = "probes may have to be placed or lifted"]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Update {
    /// Some site may be armed for other tools than before.
    pub changed: bool,
}
