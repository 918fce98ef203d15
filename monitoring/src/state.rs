//! `Monitor`: tools, global sets, callbacks and versions; the functions of `sys.monitoring`.

use crate::change::{Cause, Change, Scope, Update};
use crate::code::CodeState;
use crate::event::{Event, EventSet};
use crate::tool::{TOOLS, ToolId, ToolMask, USER_TOOLS};
use std::fmt;

/// Which text rules where the specification and CPython 3.14 differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// `free_tool_id` leaves events and callbacks; DISABLE from BRANCH silences the branch both ways.
    Specification,
    /// CPython 3.14.
    CPython314,
}

/// A refused call. Nothing has changed. `Display` is CPython's message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MonitorError {
    InvalidTool(i32),
    InUse(u8),
    NotInUse(u8),
    InvalidEventSet(u32),
    InvalidLocalEventSet(u32),
    Independent,
    OneEvent,
    InvalidEvent(i32),
}

impl fmt::Display for MonitorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MonitorError::InvalidTool(n) => write!(f, "invalid tool {n} (must be between 0 and 5)"),
            MonitorError::InUse(n) => write!(f, "tool {n} is already in use"),
            MonitorError::NotInUse(n) => write!(f, "tool {n} is not in use"),
            MonitorError::InvalidEventSet(s) => write!(f, "invalid event set 0x{s:x}"),
            MonitorError::InvalidLocalEventSet(s) => write!(f, "invalid local event set 0x{s:x}"),
            MonitorError::Independent => f.write_str("cannot set C_RETURN or C_RAISE events independently"),
            MonitorError::OneEvent => f.write_str("The callback can only be set for one event at a time"),
            MonitorError::InvalidEvent(n) => write!(f, "invalid event {n}"),
        }
    }
}

impl std::error::Error for MonitorError {}

type Result<T> = std::result::Result<T, MonitorError>;

/// The local events have the lowest bits.
const LOCAL_EVENTS: usize = EventSet::LOCAL.bits().trailing_ones() as usize;
const _: () = assert!(EventSet::LOCAL.bits() == (1 << LOCAL_EVENTS) - 1);

struct Tool<C, N> {
    name: Option<N>,
    events: EventSet,
    callbacks: [Option<C>; Event::ALL.len()],
    /// Slots filled by registering for BRANCH.
    as_branch: EventSet,
    /// Local events stored before this version are void (M9).
    local_valid_since: u64,
}

pub struct Monitor<C, N> {
    tools: [Tool<C, N>; TOOLS],
    rules: Rules,
    /// Counts global changes.
    version: u64,
    /// `version` of the last `restart_events`.
    restart: u64,
    /// Tools that have an event in their global set, an event each.
    global: [ToolMask; Event::ALL.len()],
    /// Tools with a callback, an event each (CALL: for any of its three).
    heard: [ToolMask; Event::ALL.len()],
    /// Those, and tools that had one before: it may well come back, so probes are left where they are until
    /// [`forget_unheard`](Monitor::forget_unheard).
    expected: [ToolMask; Event::ALL.len()],
    /// Counts changes of `expected`.
    expected_version: u64,
    /// Has `expected` been more than `heard` since the two were last made equal?
    stale: bool,
}

impl<C: Clone, N: Clone> Monitor<C, N> {
    pub fn new(rules: Rules) -> Self {
        Monitor {
            tools: std::array::from_fn(|_| Tool {
                name: None,
                events: EventSet::empty(),
                callbacks: std::array::from_fn(|_| None),
                as_branch: EventSet::empty(),
                local_valid_since: 0,
            }),
            rules,
            version: 1,
            restart: 0,
            global: [ToolMask::NONE; Event::ALL.len()],
            heard: [ToolMask::NONE; Event::ALL.len()],
            expected: [ToolMask::NONE; Event::ALL.len()],
            expected_version: 1,
            stale: false,
        }
    }
    #[inline]
    pub fn rules(&self) -> Rules {
        self.rules
    }
    /// Code objects of another version are brought up to date when entered or resumed.
    #[inline]
    pub fn version(&self) -> u64 {
        self.version
    }
    /// A user's tool id (M5).
    pub fn tool(id: i32) -> Result<ToolId> {
        match usize::try_from(id).ok().filter(|&n| n < USER_TOOLS).and_then(ToolId::new) {
            Some(t) => Ok(t),
            None => Err(MonitorError::InvalidTool(id)),
        }
    }
    #[inline]
    fn at(&self, t: ToolId) -> &Tool<C, N> {
        &self.tools[t.index()]
    }
    fn at_mut(&mut self, t: ToolId) -> &mut Tool<C, N> {
        &mut self.tools[t.index()]
    }
    fn in_use(&self, t: ToolId) -> Result<()> {
        if self.at(t).name.is_some() { Ok(()) } else { Err(MonitorError::NotInUse(t.index() as u8)) }
    }

    pub fn use_tool_id(&mut self, tool: ToolId, name: N) -> Result<()> {
        if self.at(tool).name.is_some() {
            return Err(MonitorError::InUse(tool.index() as u8));
        }
        self.at_mut(tool).name = Some(name);
        Ok(())
    }
    pub fn get_tool(&self, tool: ToolId) -> Option<&N> {
        self.at(tool).name.as_ref()
    }
    /// Drops the tool's events and callbacks; the id stays in use (M9).
    pub fn clear_tool_id(&mut self, tool: ToolId) -> Change {
        if self.at(tool).name.is_none() {
            return Change::new(Scope::Nothing, Cause::Clear, Some(tool), EventSet::empty());
        }
        self.version += 1;
        let version = self.version;
        self.put_global(tool, EventSet::empty());
        let t = self.at_mut(tool);
        t.callbacks = std::array::from_fn(|_| None);
        t.as_branch = EventSet::empty();
        t.local_valid_since = version;
        for e in Event::ALL {
            self.note_heard(tool, *e);
        }
        let _ = self.forget_unheard();
        Change::new(Scope::Everywhere, Cause::Clear, Some(tool), EventSet::all())
    }
    pub fn free_tool_id(&mut self, tool: ToolId) -> Change {
        let change = match self.rules {
            Rules::CPython314 => Change { cause: Cause::Free, ..self.clear_tool_id(tool) },
            Rules::Specification => Change::new(Scope::Nothing, Cause::Free, Some(tool), EventSet::empty()),
        };
        self.at_mut(tool).name = None;
        change
    }

    /// Checks a set as given to `set_events` (M30) and returns what to store.
    fn global_set(bits: i32) -> Result<EventSet> {
        if !(0..1 << EventSet::BITS).contains(&bits) {
            return Err(MonitorError::InvalidEventSet(bits as u32));
        }
        let s = EventSet::from_bits_retain(bits as u32);
        Self::check_ancillary(s)?;
        Ok(s.stored())
    }
    fn check_ancillary(s: EventSet) -> Result<()> {
        let all = EventSet::CALL.union(EventSet::ANCILLARY);
        if s.intersects(EventSet::ANCILLARY) && !s.contains(all) {
            return Err(MonitorError::Independent);
        }
        Ok(())
    }
    pub fn set_events(&mut self, tool: i32, bits: i32) -> Result<Change> {
        let tool = Self::tool(tool)?;
        let set = Self::global_set(bits)?;
        self.in_use(tool)?;
        Ok(self.set_events_unchecked(tool, set))
    }
    /// Also for the internal tools.
    pub fn set_events_unchecked(&mut self, tool: ToolId, set: EventSet) -> Change {
        let old = self.put_global(tool, set);
        if old == set {
            return Change::new(Scope::Nothing, Cause::SetEvents, Some(tool), EventSet::empty());
        }
        self.version += 1;
        Change::new(Scope::Everywhere, Cause::SetEvents, Some(tool), old ^ set)
    }
    fn put_global(&mut self, tool: ToolId, set: EventSet) -> EventSet {
        let old = std::mem::replace(&mut self.at_mut(tool).events, set);
        for e in (old ^ set).events() {
            let mask = &mut self.global[e.index()];
            *mask = ToolMask(mask.bits() ^ ToolMask::of(tool).bits());
        }
        old
    }
    pub fn get_events(&self, tool: i32) -> Result<EventSet> {
        let tool = Self::tool(tool)?;
        Ok(self.at(tool).events)
    }
    pub fn set_local_events(&mut self, tool: i32, code: &mut CodeState, bits: i32) -> Result<Change> {
        let tool = Self::tool(tool)?;
        let s = EventSet::from_bits_retain(bits as u32);
        Self::check_ancillary(s)?;
        let set = s.stored();
        if set.bits() >= 1 << 11 {
            return Err(MonitorError::InvalidLocalEventSet(set.bits()));
        }
        self.in_use(tool)?;
        Ok(self.set_local_unchecked(tool, code, set))
    }
    /// Also for the internal tools.
    pub fn set_local_unchecked(&mut self, tool: ToolId, code: &mut CodeState, set: EventSet) -> Change {
        let valid_since = self.at(tool).local_valid_since;
        let inner = code.inner_mut();
        let old = std::mem::replace(&mut inner.local[tool.index()], set);
        inner.local_version[tool.index()] = valid_since;
        inner.local_tools = match set.is_empty() {
            true => inner.local_tools.minus(ToolMask::of(tool)),
            false => inner.local_tools.or(ToolMask::of(tool)),
        };
        if old == set {
            return Change::new(Scope::Nothing, Cause::SetLocalEvents, Some(tool), EventSet::empty());
        }
        Change::new(Scope::ThisCode, Cause::SetLocalEvents, Some(tool), old ^ set)
    }
    pub fn get_local_events(&self, tool: i32, code: &CodeState) -> Result<EventSet> {
        let tool = Self::tool(tool)?;
        Ok(code.local(tool))
    }
    /// Everything disabled comes back, for all tools (M77).
    pub fn restart_events(&mut self) -> Change {
        self.version += 1;
        self.restart = self.version;
        Change::new(Scope::Everywhere, Cause::Restart, None, EventSet::LOCAL)
    }

    /// Registers or (None) unregisters; returns the previous callback (M40 to M42).
    pub fn register_callback(
        &mut self,
        tool: i32,
        event: i32,
        func: Option<C>,
    ) -> Result<(Option<C>, Change)> {
        let tool = Self::tool(tool)?;
        Self::one_event(event)?;
        Ok(self.register_one(tool, event, func))
    }
    /// The same, after [`one_event`](Monitor::one_event).
    pub fn register_one(&mut self, tool: ToolId, event: i32, func: Option<C>) -> (Option<C>, Change) {
        let (old, events) = match Event::from_bit(event.trailing_zeros()) {
            Some(e) => (self.put(tool, e, func, false), e.set()),
            None => {
                self.put(tool, Event::BranchRight, func.clone(), true);
                let left = self.put(tool, Event::BranchLeft, func, true);
                (left, EventSet::BRANCH_LEFT | EventSet::BRANCH_RIGHT)
            }
        };
        let scope = self.note_all_heard(tool, events);
        (old, Change::new(scope, Cause::Register, Some(tool), events))
    }
    /// The callback of an internal tool for these events.
    pub fn register_unchecked(&mut self, tool: ToolId, events: EventSet, func: C) -> Change {
        for e in events.events() {
            self.put(tool, e, Some(func.clone()), false);
        }
        let scope = self.note_all_heard(tool, events);
        Change::new(scope, Cause::Register, Some(tool), events)
    }
    /// The check of `register_callback`'s event, for callers that must do something between check and
    /// change (audit events).
    pub fn one_event(event: i32) -> Result<()> {
        if event.count_ones() != 1 {
            return Err(MonitorError::OneEvent);
        }
        if event.trailing_zeros() >= EventSet::BITS {
            return Err(MonitorError::InvalidEvent(event));
        }
        Ok(())
    }
    fn put(&mut self, tool: ToolId, e: Event, func: Option<C>, as_branch: bool) -> Option<C> {
        let t = self.at_mut(tool);
        t.as_branch.set(e.set(), as_branch && func.is_some());
        std::mem::replace(&mut t.callbacks[e as usize], func)
    }
    pub(crate) fn drop_callback(&mut self, tool: ToolId, e: Event) -> Change {
        self.put(tool, e, None, false);
        let scope = self.note_all_heard(tool, e.set());
        Change::new(scope, Cause::Register, Some(tool), e.set())
    }
    /// Was the callback registered for BRANCH, not for this direction?
    #[inline]
    pub fn registered_as_branch(&self, tool: ToolId, e: Event) -> bool {
        self.at(tool).as_branch.contains(e.set())
    }
    #[inline]
    pub fn callback(&self, tool: ToolId, event: Event) -> Option<&C> {
        self.at(tool).callbacks[event as usize].as_ref()
    }
    /// Does it make a difference to probes that these callbacks of the tool came or went?
    fn note_all_heard(&mut self, tool: ToolId, events: EventSet) -> Scope {
        let mut grown = false;
        for e in events.events() {
            grown |= self.note_heard(tool, e);
        }
        if !grown {
            return Scope::Nothing;
        }
        self.expected_version += 1;
        Scope::Callbacks
    }
    /// True: the tool was not expected to have a callback.
    fn note_heard(&mut self, tool: ToolId, event: Event) -> bool {
        let callbacks = &self.at(tool).callbacks;
        let has = |e: Event| callbacks[e as usize].is_some();
        let own = has(event);
        if event.controlling() != Event::Call {
            return self.note(tool, event, own);
        }
        let call = [Event::Call, Event::CReturn, Event::CRaise].into_iter().any(has);
        // Both are noted.
        self.note(tool, event, own) | self.note(tool, Event::Call, call)
    }
    fn note(&mut self, tool: ToolId, event: Event, has: bool) -> bool {
        let (heard, expected) = (&mut self.heard[event as usize], &mut self.expected[event as usize]);
        let tool = ToolMask::of(tool);
        *heard = if has { heard.or(tool) } else { heard.minus(tool) };
        let grown = !heard.minus(*expected).is_empty();
        *expected = expected.or(*heard);
        self.stale |= *expected != *heard;
        grown
    }
    /// Nobody answers where probes are: no longer expects tools that have no callback. None: it is not that.
    pub fn forget_unheard(&mut self) -> Option<Change> {
        self.stale = false;
        if self.expected == self.heard {
            return None;
        }
        let gone = |e: &&Event| self.expected[e.index()] != self.heard[e.index()];
        let events = Event::ALL.iter().filter(gone).fold(EventSet::empty(), |set, e| set | e.set());
        self.expected = self.heard;
        self.expected_version += 1;
        Some(Change::new(Scope::Callbacks, Cause::Register, None, events))
    }
    /// May [`forget_unheard`](Monitor::forget_unheard) change anything?
    #[inline]
    pub fn is_stale(&self) -> bool {
        self.stale
    }
    /// Counts the changes of [`expected`](Monitor::expected).
    #[inline]
    pub fn expected_version(&self) -> u64 {
        self.expected_version
    }
    /// Tools for which a probe for an event is worth placing, by the event's index.
    #[inline]
    pub fn expected(&self) -> &[ToolMask; Event::ALL.len()] {
        &self.expected
    }
    /// Tools that would call somebody for `event`.
    #[inline]
    pub fn heard(&self, event: Event) -> ToolMask {
        self.heard[event as usize]
    }
    /// Tools that have the event in their global set.
    #[inline]
    pub fn global(&self, event: Event) -> ToolMask {
        self.global[event.index()]
    }
    /// `_all_events()`: (event, mask of tools) of the global sets, in event order (M13).
    pub fn all_events(&self) -> impl Iterator<Item = (Event, ToolMask)> + '_ {
        Event::ALL.iter().map(|e| (*e, self.global(*e))).filter(|(_, m)| !m.is_empty())
    }

    /// Brings a code object up to date (M82).
    pub fn update(&self, code: &mut CodeState) -> Update {
        let restarted = self.restart > code.version;
        code.version = self.version;
        if code.inner().is_none() && self.global[..LOCAL_EVENTS].iter().all(|m| m.is_empty()) {
            return Update::default();
        }
        let inner = code.inner_mut();
        let mut wanted = self.global;
        wanted[LOCAL_EVENTS..].fill(ToolMask::NONE);
        for t in inner.local_tools.tools() {
            let valid_since = self.at(t).local_valid_since;
            if inner.local_version[t.index()] < valid_since {
                inner.local[t.index()] = EventSet::empty();
                inner.local_version[t.index()] = valid_since;
                inner.local_tools = inner.local_tools.minus(ToolMask::of(t));
            }
            for e in inner.local[t.index()].events() {
                wanted[e.index()] = wanted[e.index()].or(ToolMask::of(t));
            }
        }
        let mut update = Update::default();
        if wanted != inner.active {
            update.changed = true;
            // What leaves and comes back later starts afresh.
            let active = std::mem::replace(&mut inner.active, wanted);
            inner.disabled.retain_mut(|(_, e, tools)| {
                *tools = tools.and(active[e.index()]).and(wanted[e.index()]);
                !tools.is_empty()
            });
        }
        if restarted && !inner.disabled.is_empty() {
            update.changed = true;
            inner.disabled.clear();
        }
        update
    }
    pub fn is_current(&self, code: &CodeState) -> bool {
        code.version == self.version
    }
}
