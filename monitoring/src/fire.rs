//! Delivery of one event at one site: order of the tools, and what a callback's answer does.

use crate::change::{Cause, Change, Scope};
use crate::code::CodeState;
use crate::event::{Event, EventSet, Group};
use crate::state::{Monitor, Rules};
use crate::tool::{ToolId, ToolMask};

/// A callback's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Continue,
    /// No more of this event at this site, for this tool.
    Disable,
}

/// DISABLE was answered to an event that has no site (M71). The callback is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CannotDisable(pub Event, pub Change);

impl std::fmt::Display for CannotDisable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cannot disable {} events. Callback removed.", self.0.name())
    }
}

/// One event on its way through the tools. The tools are fixed when it starts; each callback is looked up
/// when its turn comes (M50, M51). Holds no borrow, so callbacks may do what they like with the monitor.
pub struct Delivery {
    event: Event,
    left: ToolMask,
}

impl Delivery {
    #[inline]
    pub fn start(event: Event, tools: ToolMask) -> Delivery {
        Delivery { event, left: tools }
    }
    /// The tools that are still to come.
    #[inline]
    pub fn rest(&self) -> ToolMask {
        self.left
    }
    /// The next tool that has a callback now.
    #[inline]
    pub fn next<'m, C: Clone, N: Clone>(&mut self, monitor: &'m Monitor<C, N>) -> Option<(ToolId, &'m C)> {
        while let Some(tool) = self.left.highest() {
            self.left = self.left.minus(ToolMask::of(tool));
            if let Some(c) = monitor.callback(tool, self.event) {
                return Some((tool, c));
            }
        }
        None
    }
}

impl<C: Clone, N: Clone> Monitor<C, N> {
    /// Carries out DISABLE. `sites` are the two directions of a branch, for a callback registered for BRANCH
    /// under the specification's rules, and otherwise unused: (left site, right site).
    pub fn disable(
        &mut self,
        tool: ToolId,
        event: Event,
        code: &mut CodeState,
        offset: u32,
        sites: Option<(u32, u32)>,
    ) -> Result<Change, CannotDisable> {
        if event.group() != Group::Local {
            let change = self.drop_callback(tool, event);
            return Err(CannotDisable(event, change));
        }
        let mut places = [Some((offset, event)), None];
        if let Some((left, right)) = sites
            && self.rules() == Rules::Specification
            && self.registered_as_branch(tool, event)
        {
            places = [Some((left, Event::BranchLeft)), Some((right, Event::BranchRight))];
        }
        let inner = code.inner_mut();
        let mut silenced = EventSet::empty();
        for (offset, event) in places.into_iter().flatten() {
            // A tool whose event is off, perhaps since this very callback, has nothing to disable here; when
            // the event comes on again, it does so everywhere (M86).
            if inner.active[event.index()].contains(tool) {
                inner.disable(offset, event, tool);
                silenced |= event.set();
            }
        }
        Ok(Change::new(Scope::ThisCode, Cause::Disable, Some(tool), silenced))
    }
}
