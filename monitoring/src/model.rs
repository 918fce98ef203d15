//! The rules once more, as slowly and plainly as possible: the reference that `Monitor` is tested against.
//!
//! All state is sets of tuples of small numbers. There are no versions, masks or site tables:
//!
//! ```text
//!   Monitor keeps                        Model keeps
//!   versions, compared at an update      the codes whose next update starts afresh; the local sets now void
//!   active tools, less the disabled      armed: every (code, offset, event, tool) that would be delivered
//!   a Change for the owner to apply      the stack, and brings the codes on it up to date itself
//! ```
//!
//! Nothing here uses the rest of the crate but [`Rules`]: an event is its bit number, a set of events is an
//! integer as Python programs write it, and an error is its message.

use crate::Rules;
use std::collections::{BTreeMap, BTreeSet};

pub type Tool = i32;
/// A bit number: 0 is PY_START, 17 is C_RAISE.
pub type Event = u32;
/// An index into the code objects that the model was made with.
pub type Code = usize;
pub type Offset = u32;
/// Callbacks and tool names are numbers.
pub type Thing = u32;

const CALL: Event = 4;
const BRANCH_LEFT: Event = 8;
const BRANCH_RIGHT: Event = 9;
const C_RETURN: Event = 16;
const C_RAISE: Event = 17;
const BRANCH: Event = 18;
const NAMES: [&str; 18] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
];

/// M22: the eleven from PY_START to STOP_ITERATION.
pub fn is_local(event: Event) -> bool {
    event <= 10
}

/// M24: where C_RETURN and C_RAISE go, CALL goes.
pub fn controlling(event: Event) -> Event {
    if event == C_RETURN || event == C_RAISE { CALL } else { event }
}

/// What a code object consists of, as far as monitoring is concerned.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// Where which local event happens.
    pub events: BTreeSet<(Offset, Event)>,
    /// Offsets of the two directions of each branch: (left, right).
    pub branches: Vec<(Offset, Offset)>,
}

impl Sites {
    /// The branch that one of its directions belongs to.
    pub fn branch(&self, offset: Offset, event: Event) -> Option<(Offset, Offset)> {
        self.branches.iter().copied().find(|&(left, right)| {
            (event == BRANCH_LEFT && offset == left) || (event == BRANCH_RIGHT && offset == right)
        })
    }
}

/// The tools that one event at one place is still to be told.
#[derive(Debug)]
pub struct Round {
    pub event: Event,
    pub left: BTreeSet<Tool>,
}

#[derive(Debug)]
pub struct Model {
    rules: Rules,
    sites: Vec<Sites>,
    names: BTreeMap<Tool, Thing>,
    callbacks: BTreeMap<(Tool, Event), Thing>,
    /// Callbacks that were registered for BRANCH.
    for_branch: BTreeSet<(Tool, Event)>,
    global: BTreeSet<(Tool, Event)>,
    local: BTreeSet<(Code, Tool, Event)>,
    /// Local sets that go at the code's next update (M10).
    void: BTreeSet<(Code, Tool)>,
    /// Codes that start afresh at their next update (M82).
    restarted: BTreeSet<Code>,
    /// The union of global and local sets when the code was last brought up to date (M80).
    active: BTreeSet<(Code, Tool, Event)>,
    armed: BTreeSet<(Code, Offset, Event, Tool)>,
    stack: Vec<Code>,
}

/// M25, M30: the events of a set once BRANCH is expanded and the C bits are dropped.
fn stored(set: i64) -> BTreeSet<Event> {
    let mut events: BTreeSet<Event> = (0..32).filter(|bit| set & (1 << bit) != 0).collect();
    events.remove(&C_RETURN);
    events.remove(&C_RAISE);
    if events.remove(&BRANCH) {
        events.extend([BRANCH_LEFT, BRANCH_RIGHT]);
    }
    events
}

fn number(events: impl IntoIterator<Item = Event>) -> u32 {
    events.into_iter().map(|event| 1 << event).sum()
}

/// M5
fn check_tool(tool: Tool) -> Result<(), String> {
    if (0..=5).contains(&tool) {
        Ok(())
    } else {
        Err(format!("invalid tool {tool} (must be between 0 and 5)"))
    }
}

/// M30: C_RETURN or C_RAISE take all three of CALL, C_RETURN, C_RAISE.
fn check_c_events(set: i32) -> Result<(), String> {
    let has = |event: Event| set >> event & 1 == 1;
    if (has(C_RETURN) || has(C_RAISE)) && !(has(CALL) && has(C_RETURN) && has(C_RAISE)) {
        return Err("cannot set C_RETURN or C_RAISE events independently".into());
    }
    Ok(())
}

impl Model {
    pub fn new(rules: Rules, sites: Vec<Sites>) -> Model {
        Model {
            rules,
            sites,
            names: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            for_branch: BTreeSet::new(),
            global: BTreeSet::new(),
            local: BTreeSet::new(),
            void: BTreeSet::new(),
            restarted: BTreeSet::new(),
            active: BTreeSet::new(),
            armed: BTreeSet::new(),
            stack: vec![],
        }
    }

    // ---- tools

    /// M6
    pub fn use_tool_id(&mut self, tool: Tool, name: Thing) -> Result<(), String> {
        check_tool(tool)?;
        if self.names.contains_key(&tool) {
            return Err(format!("tool {tool} is already in use"));
        }
        self.names.insert(tool, name);
        Ok(())
    }

    /// M7
    pub fn get_tool(&self, tool: Tool) -> Result<Option<Thing>, String> {
        check_tool(tool)?;
        Ok(self.names.get(&tool).copied())
    }

    /// M8, M9, M10
    pub fn clear_tool_id(&mut self, tool: Tool) -> Result<(), String> {
        check_tool(tool)?;
        if !self.names.contains_key(&tool) {
            return Ok(());
        }
        self.callbacks.retain(|&(t, _), _| t != tool);
        self.for_branch.retain(|&(t, _)| t != tool);
        self.global.retain(|&(t, _)| t != tool);
        for code in 0..self.sites.len() {
            self.void.insert((code, tool));
        }
        self.update_stack();
        Ok(())
    }

    /// M9; by the specification (section 21) events and callbacks stay.
    pub fn free_tool_id(&mut self, tool: Tool) -> Result<(), String> {
        check_tool(tool)?;
        if self.rules == Rules::CPython314 {
            self.clear_tool_id(tool)?;
        }
        self.names.remove(&tool);
        Ok(())
    }

    fn check_in_use(&self, tool: Tool) -> Result<(), String> {
        if self.names.contains_key(&tool) { Ok(()) } else { Err(format!("tool {tool} is not in use")) }
    }

    // ---- events

    /// M30, M37
    pub fn set_events(&mut self, tool: Tool, set: i32) -> Result<(), String> {
        check_tool(tool)?;
        if !(0..1 << 19).contains(&set) {
            return Err(format!("invalid event set 0x{set:x}"));
        }
        check_c_events(set)?;
        self.check_in_use(tool)?;
        self.set_events_unchecked(tool, set);
        Ok(())
    }

    /// What the internal tools do (M160).
    pub fn set_events_unchecked(&mut self, tool: Tool, set: i32) {
        self.global.retain(|&(t, _)| t != tool);
        for event in stored(set as i64) {
            self.global.insert((tool, event));
        }
        self.update_stack();
    }

    /// M8, M31
    pub fn get_events(&self, tool: Tool) -> Result<u32, String> {
        check_tool(tool)?;
        Ok(number(self.global.iter().filter(|&&(t, _)| t == tool).map(|&(_, event)| event)))
    }

    /// M32, M37, M84
    pub fn set_local_events(&mut self, tool: Tool, code: Code, set: i32) -> Result<(), String> {
        check_tool(tool)?;
        check_c_events(set)?;
        let events = stored(set as u32 as i64);
        if events.iter().any(|&event| !is_local(event)) {
            return Err(format!("invalid local event set 0x{:x}", number(events)));
        }
        self.check_in_use(tool)?;
        // What is set now holds, whatever became void before.
        self.void.remove(&(code, tool));
        let old: BTreeSet<Event> = self
            .local
            .iter()
            .filter(|&&(c, t, _)| (c, t) == (code, tool))
            .map(|&(_, _, event)| event)
            .collect();
        if old != events {
            self.local.retain(|&(c, t, _)| (c, t) != (code, tool));
            for event in events {
                self.local.insert((code, tool, event));
            }
            self.update(code);
        }
        Ok(())
    }

    /// M8, M10, M33
    pub fn get_local_events(&self, tool: Tool, code: Code) -> Result<u32, String> {
        check_tool(tool)?;
        Ok(number(self.local.iter().filter(|&&(c, t, _)| (c, t) == (code, tool)).map(|&(_, _, event)| event)))
    }

    /// M77
    pub fn restart_events(&mut self) {
        for code in 0..self.sites.len() {
            self.restarted.insert(code);
        }
        self.update_stack();
    }

    /// M13: (event, bits of the tools)
    pub fn all_events(&self) -> Vec<(Event, u32)> {
        let mut tools: BTreeMap<Event, u32> = BTreeMap::new();
        for &(tool, event) in &self.global {
            *tools.entry(event).or_default() |= 1 << tool;
        }
        tools.into_iter().collect()
    }

    // ---- callbacks

    /// M40 to M42
    pub fn register_callback(
        &mut self,
        tool: Tool,
        event: i32,
        callback: Option<Thing>,
    ) -> Result<Option<Thing>, String> {
        check_tool(tool)?;
        let bits: Vec<Event> = (0..32).filter(|bit| event as u32 & (1 << bit) != 0).collect();
        let [bit] = bits[..] else {
            return Err("The callback can only be set for one event at a time".into());
        };
        if bit > BRANCH {
            return Err(format!("invalid event {event}"));
        }
        let slots = if bit == BRANCH { vec![BRANCH_LEFT, BRANCH_RIGHT] } else { vec![bit] };
        let old = self.callbacks.get(&(tool, slots[0])).copied();
        for slot in slots {
            self.callbacks.remove(&(tool, slot));
            self.for_branch.remove(&(tool, slot));
            if let Some(callback) = callback {
                self.callbacks.insert((tool, slot), callback);
                if bit == BRANCH {
                    self.for_branch.insert((tool, slot));
                }
            }
        }
        Ok(old)
    }

    pub fn callback(&self, tool: Tool, event: Event) -> Option<Thing> {
        self.callbacks.get(&(tool, event)).copied()
    }

    pub fn callbacks(&self) -> impl Iterator<Item = (Tool, Event, Thing)> + '_ {
        self.callbacks.iter().map(|(&(tool, event), &callback)| (tool, event, callback))
    }

    // ---- code objects

    /// A frame of the code is entered or resumed (M83).
    pub fn enter(&mut self, code: Code) {
        self.stack.push(code);
        self.update(code);
    }

    /// The topmost frame is left or suspended.
    pub fn leave(&mut self) -> Option<Code> {
        self.stack.pop()
    }

    pub fn stack(&self) -> &[Code] {
        &self.stack
    }

    pub fn sites(&self, code: Code) -> &Sites {
        &self.sites[code]
    }

    /// M83
    fn update_stack(&mut self) {
        for code in self.stack.clone() {
            self.update(code);
        }
    }

    /// M82
    fn update(&mut self, code: Code) {
        let void = &self.void;
        self.local.retain(|&(c, tool, _)| c != code || !void.contains(&(code, tool)));
        self.void.retain(|&(c, _)| c != code);
        // M35: the union.
        let mut wanted: BTreeSet<(Tool, Event)> = BTreeSet::new();
        wanted.extend(self.global.iter().copied().filter(|&(_, event)| is_local(event)));
        wanted
            .extend(self.local.iter().filter(|&&(c, _, _)| c == code).map(|&(_, tool, event)| (tool, event)));
        let mut was: BTreeSet<(Tool, Event)> = self
            .active
            .iter()
            .filter(|&&(c, _, _)| c == code)
            .map(|&(_, tool, event)| (tool, event))
            .collect();
        if self.restarted.remove(&code) {
            // Everything is removed and added again.
            self.armed.retain(|&(c, _, _, _)| c != code);
            was.clear();
        }
        for &(tool, event) in was.difference(&wanted) {
            self.armed.retain(|&(c, _, e, t)| (c, e, t) != (code, event, tool));
        }
        for &(tool, event) in wanted.difference(&was) {
            for &(offset, e) in &self.sites[code].events {
                if e == event {
                    self.armed.insert((code, offset, event, tool));
                }
            }
        }
        self.active.retain(|&(c, _, _)| c != code);
        self.active.extend(wanted.iter().map(|&(tool, event)| (code, tool, event)));
    }

    /// Every (code, offset, event, tool) that would be delivered, in this order; CALL stands for C_RETURN and
    /// C_RAISE too.
    pub fn armed(&self) -> impl Iterator<Item = (Code, Offset, Event, Tool)> + '_ {
        self.armed.iter().copied()
    }

    /// Every (code, tool, event) that is active.
    pub fn active(&self) -> impl Iterator<Item = (Code, Tool, Event)> + '_ {
        self.active.iter().copied()
    }

    // ---- delivery

    /// M51: who is told is settled when the event starts.
    pub fn start(&self, event: Event, code: Code, offset: Offset) -> Round {
        let place = (code, offset, controlling(event));
        let left = if is_local(controlling(event)) {
            self.armed
                .iter()
                .filter(|&&(c, o, e, _)| (c, o, e) == place)
                .map(|&(_, _, _, tool)| tool)
                .collect()
        } else {
            self.global.iter().filter(|&&(_, e)| e == event).map(|&(tool, _)| tool).collect()
        };
        Round { event, left }
    }

    /// M50, M51: highest tool first; the callback is looked up now.
    pub fn next(&self, round: &mut Round) -> Option<(Tool, Thing)> {
        while let Some(tool) = round.left.pop_last() {
            if let Some(callback) = self.callback(tool, round.event) {
                return Some((tool, callback));
            }
        }
        None
    }

    /// A callback answered DISABLE (M70, M71, M75; section 21 for BRANCH).
    pub fn disable(&mut self, tool: Tool, event: Event, code: Code, offset: Offset) -> Result<(), String> {
        if !is_local(event) {
            self.callbacks.remove(&(tool, event));
            return Err(format!("Cannot disable {} events. Callback removed.", NAMES[event as usize]));
        }
        self.armed.remove(&(code, offset, event, tool));
        if self.rules == Rules::Specification
            && self.for_branch.contains(&(tool, event))
            && let Some((left, right)) = self.sites[code].branch(offset, event)
        {
            self.armed.remove(&(code, left, BRANCH_LEFT, tool));
            self.armed.remove(&(code, right, BRANCH_RIGHT, tool));
        }
        Ok(())
    }
}
