//! `CodeState`: what monitoring knows about one code object.
//!
//! Nearly all code objects are never monitored, so the state is one pointer until something is set.

use crate::event::{Event, EventSet};
use crate::tool::{TOOLS, ToolId, ToolMask};
use std::collections::HashMap;

#[derive(Default, Clone, Debug)]
pub struct CodeState {
    pub(crate) version: u64,
    inner: Option<Box<Inner>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Inner {
    /// What `set_local_events` stored, with the tool's validity version then (M9, M10).
    pub local: [EventSet; TOOLS],
    pub local_version: [u64; TOOLS],
    /// Tools for which an event was active when the code was last brought up to date (M80).
    pub active: [ToolMask; Event::ALL.len()],
    /// The site table: where tools answered DISABLE.
    pub disabled: HashMap<(u32, Event), ToolMask>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            local: [EventSet::empty(); TOOLS],
            local_version: [0; TOOLS],
            active: [ToolMask::NONE; Event::ALL.len()],
            disabled: HashMap::new(),
        }
    }
}

impl CodeState {
    /// Tools that hear `event` anywhere in this code.
    pub fn active(&self, event: Event) -> ToolMask {
        self.inner.as_ref().map_or(ToolMask::NONE, |i| i.active[event.controlling() as usize])
    }
    /// Tools that answered DISABLE at this site.
    pub fn disabled(&self, offset: u32, event: Event) -> ToolMask {
        match &self.inner {
            Some(i) if !i.disabled.is_empty() => {
                i.disabled.get(&(offset, event.controlling())).copied().unwrap_or_default()
            }
            _ => ToolMask::NONE,
        }
    }
    /// Tools that hear `event` at this site: the active ones less those that disabled it.
    pub fn armed(&self, offset: u32, event: Event) -> ToolMask {
        let active = self.active(event);
        if active.is_empty() { active } else { active.minus(self.disabled(offset, event)) }
    }
    /// No local event is active: the code has no probes.
    pub fn is_quiet(&self) -> bool {
        self.inner.as_ref().is_none_or(|i| i.active.iter().all(|m| m.is_empty()))
    }
    pub(crate) fn inner(&self) -> Option<&Inner> {
        self.inner.as_deref()
    }
    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        self.inner.get_or_insert_default()
    }
    pub(crate) fn local(&self, tool: ToolId) -> EventSet {
        self.inner.as_ref().map_or(EventSet::empty(), |i| i.local[tool.index()])
    }
}
