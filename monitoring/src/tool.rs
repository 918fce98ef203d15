//! Tools: their ids, and sets of them.
//!
//! ```text
//! id    0 DEBUGGER   1 COVERAGE   2 PROFILER   3   4   5 OPTIMIZER  |  6 PROFILE   7 TRACE
//!       programs may use these                                     |  sys.setprofile, sys.settrace
//! ```
//!
//! Invariant: a [`ToolId`] is below 8, so a [`ToolMask`] is a byte and an id always indexes.

use std::fmt;

/// How many tools there are, the internal ones included.
pub const TOOLS: usize = 8;
/// How many of them programs may use.
pub const USER_TOOLS: usize = 6;

/// A tool, one of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolId(u8);

impl ToolId {
    /// `sys.monitoring.DEBUGGER_ID`
    pub const DEBUGGER: ToolId = ToolId(0);
    /// `sys.monitoring.COVERAGE_ID`
    pub const COVERAGE: ToolId = ToolId(1);
    /// `sys.monitoring.PROFILER_ID`
    pub const PROFILER: ToolId = ToolId(2);
    /// `sys.monitoring.OPTIMIZER_ID`
    pub const OPTIMIZER: ToolId = ToolId(5);
    /// The last id that programs may use.
    pub const LAST_USER: ToolId = ToolId(5);
    /// The internal tool behind `sys.setprofile`.
    pub const PROFILE: ToolId = ToolId(6);
    /// The internal tool behind `sys.settrace`: the highest id, called first.
    pub const TRACE: ToolId = ToolId(7);

    /// The tool with this number, internal ones included.
    #[inline]
    pub const fn new(id: usize) -> Option<ToolId> {
        if id < TOOLS { Some(ToolId(id as u8)) } else { None }
    }

    /// All ids, in order.
    pub fn all() -> impl Iterator<Item = ToolId> {
        (0..TOOLS as u8).map(ToolId)
    }

    /// The number, as an index below [`TOOLS`].
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ToolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of tools; bit n is tool n.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ToolMask(pub u8);

impl ToolMask {
    /// No tool.
    pub const NONE: ToolMask = ToolMask(0);
    /// Every tool.
    pub const ALL: ToolMask = ToolMask(u8::MAX);

    /// Union.
    #[inline]
    pub const fn or(self, other: ToolMask) -> ToolMask {
        ToolMask(self.0 | other.0)
    }

    /// Intersection.
    #[inline]
    pub const fn and(self, other: ToolMask) -> ToolMask {
        ToolMask(self.0 & other.0)
    }

    /// Difference.
    #[inline]
    pub const fn minus(self, other: ToolMask) -> ToolMask {
        ToolMask(self.0 & !other.0)
    }

    /// One tool.
    #[inline]
    pub const fn of(tool: ToolId) -> ToolMask {
        ToolMask(1 << tool.0)
    }

    /// The bits, as `_all_events` shows them.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// No tool in it?
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Is the tool in it?
    #[inline]
    pub const fn contains(self, tool: ToolId) -> bool {
        self.0 & 1 << tool.0 != 0
    }

    /// The highest tool, which is the first to be called.
    #[inline]
    pub const fn highest(self) -> Option<ToolId> {
        match self.0.checked_ilog2() {
            Some(bit) => Some(ToolId(bit as u8)),
            None => None,
        }
    }

    /// The tools in the order they are called: highest id first.
    pub fn tools(mut self) -> impl Iterator<Item = ToolId> {
        std::iter::from_fn(move || {
            let tool = self.highest()?;
            self = self.minus(ToolMask::of(tool));
            Some(tool)
        })
    }
}

impl fmt::Debug for ToolMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tools().map(|tool| tool.0)).finish()
    }
}

impl From<ToolId> for ToolMask {
    fn from(tool: ToolId) -> ToolMask {
        ToolMask::of(tool)
    }
}
