//! `CodeState`: what monitoring knows about one code object.
//!
//! Nearly all code objects are never monitored, so the state is one pointer until something is set.

use crate::event::{Event, EventSet};
use crate::tool::{TOOLS, ToolId, ToolMask};

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
    /// Tools whose local set is not empty.
    pub local_tools: ToolMask,
    /// Tools for which an event was active when the code was last brought up to date (M80).
    pub active: [ToolMask; Event::ALL.len()],
    /// The site table: where tools answered DISABLE, in order. Mostly short.
    pub disabled: Vec<(u32, Event, ToolMask)>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            local: [EventSet::empty(); TOOLS],
            local_version: [0; TOOLS],
            local_tools: ToolMask::NONE,
            active: [ToolMask::NONE; Event::ALL.len()],
            disabled: vec![],
        }
    }
}

impl Inner {
    fn find_disabled(&self, offset: u32, event: Event) -> Result<usize, usize> {
        self.disabled.binary_search_by_key(&(offset, event), |&(at, e, _)| (at, e))
    }
    pub fn disable(&mut self, offset: u32, event: Event, tool: ToolId) {
        let n = self.find_disabled(offset, event).unwrap_or_else(|n| {
            self.disabled.insert(n, (offset, event, ToolMask::NONE));
            n
        });
        self.disabled[n].2 = self.disabled[n].2.or(ToolMask::of(tool));
    }
}

impl CodeState {
    /// Tools that hear `event` anywhere in this code.
    #[inline]
    pub fn active(&self, event: Event) -> ToolMask {
        self.inner.as_ref().map_or(ToolMask::NONE, |i| i.active[event.controlling() as usize])
    }
    /// [`active`](CodeState::active) of each event, by its index; None: nothing has ever been set here.
    #[inline]
    pub fn active_tools(&self) -> Option<&[ToolMask; Event::ALL.len()]> {
        self.inner.as_ref().map(|i| &i.active)
    }
    /// All sites where tools answered DISABLE.
    pub fn disabled_sites(&self) -> impl Iterator<Item = (u32, Event, ToolMask)> + '_ {
        self.inner.iter().flat_map(|i| i.disabled.iter().copied())
    }
    /// Are there any?
    #[inline]
    pub fn has_disabled(&self) -> bool {
        self.inner.as_ref().is_some_and(|i| !i.disabled.is_empty())
    }
    /// Tools that answered DISABLE at this site.
    #[inline]
    pub fn disabled(&self, offset: u32, event: Event) -> ToolMask {
        match &self.inner {
            Some(i) if !i.disabled.is_empty() => {
                i.find_disabled(offset, event.controlling()).map_or(ToolMask::NONE, |n| i.disabled[n].2)
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
    #[inline]
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
