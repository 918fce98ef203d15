//! Sites: where events happen in a code object, and the only writer of its `live` units.
//!
//! A unit of `live` is exactly one of
//!
//! ```text
//!            quicken                     arm                       link
//!   base  ───────────>  quickened ──────────────>  PROBE     base ──────> ENTER_REGION
//!     ^  <───────────       │          disarm        │         ^               │
//!     └──── unquicken ──────┘ <──── (back to base) ──┘         └─── unlink ────┘
//! ```
//!
//! A **site** is one instruction with one local event. A unit is probed when some tool with a callback hears
//! one of its events. Besides, LINE needs to know which instruction ran before (rule M101): where a line start
//! can be reached both from its own line and from another, its predecessors are probed too, as a **trail**:
//! they fire nothing, but leave their number in `Frame::prev_unit`. Compiled code may cover a trail (its exits
//! know the instruction before), never an armed site.

use crate::code::Code;
use crate::frame::Ip;
use crate::op;
use crate::vm::Vm;
use crate::watch::{Dependent, Sites, WatchKey};
use seriema_monitoring::{Event, EventSet, ToolMask};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// When a line start fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineRule {
    /// Whatever ran before.
    Always,
    /// Unless the instruction before has the same line.
    IfLineChanged,
}

/// What the bytecode alone says of one unit.
#[derive(Clone, Copy)]
pub struct Site {
    /// Local events it hosts (LINE and INSTRUCTION included).
    pub events: EventSet,
    pub line: i32,
    /// What a branch event here names as its source (rule M114).
    pub source: u32,
    /// The base opcode.
    pub op: u8,
    /// The event of the instruction itself.
    pub own: Option<Event>,
    pub rule: Option<LineRule>,
    /// A line start where no LINE ever fires: CPython overlays it (rules M76 and M115).
    pub silent: bool,
}

/// The tools for which a unit is armed: what its events' active sets and DISABLE come to. Kept equal to the
/// code's `CodeState` by [`refresh`], which follows every change of that. Eight bytes, which a handler of the tail
/// chain passes on in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Armed {
    /// Where the tail chain goes on behind the probe: a [`First`], or the form.
    pub entry: u16,
    /// The opcode to run behind the probe, with [`ON_PROBED`] if that has to be on the probed machine.
    pub form: u16,
    pub line: ToolMask,
    pub instruction: ToolMask,
    pub own: ToolMask,
    /// What `Frame::overlaid` says of the instruction when it begins, and [`TRAIL`].
    pub noted: u8,
}

/// What a probe does before the instruction begins; numbers behind those of forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum First {
    Nothing = 512,
    /// LINE, whatever ran before.
    Line,
    /// LINE, if another line's instruction ran before.
    LineIfChanged,
    Instruction,
    /// LINE, then INSTRUCTION.
    Both,
}

/// With an opcode: it has an event to fire.
pub const ON_PROBED: u16 = 256;

// Bits of `Frame::overlaid`, about the instruction that the last probe met.
/// It was overlaid by INSTRUCTION or LINE (rule M115).
pub const OVERLAID: u8 = 1;
/// A RESUME that was heard: the LINE after it fires even if it is the same line.
pub const HEARD_RESUME: u8 = 2;
/// Its own event was not heard when INSTRUCTION was told.
pub const TOO_LATE: u8 = 4;
/// Some line start that is heard wants to know whether this instruction ran before it.
const TRAIL: u8 = 128;

impl Armed {
    fn new(site: &Site, line: ToolMask, instruction: ToolMask, own: ToolMask) -> Armed {
        let mut noted = match site.op {
            // Is it instrumented besides its branch event? It is its own source then.
            op::NOT_TAKEN if !instruction.or(line).is_empty() => OVERLAID,
            op::POP_ITER if !instruction.is_empty() => OVERLAID,
            op::RESUME if !own.is_empty() => HEARD_RESUME,
            _ => 0,
        };
        let first = match (line.is_empty(), instruction.is_empty(), site.rule) {
            (true, true, _) => First::Nothing,
            (true, false, _) => First::Instruction,
            (false, true, Some(LineRule::Always)) => First::Line,
            (false, true, _) => First::LineIfChanged,
            (false, false, _) => First::Both,
        };
        if first == First::Instruction && site.own.is_some() && own.is_empty() {
            noted |= TOO_LATE;
        }
        // The plain machine will do for what has no event to fire, unless it has inline caches: the plain forms
        // of those would count or quicken themselves.
        let plain = own.is_empty() && op::caches(site.op) == 0;
        let form = site.op as u16 | if plain { 0 } else { ON_PROBED };
        let entry = if first == First::Nothing && form & ON_PROBED != 0 { form } else { first as u16 };
        Armed { entry, form, line, instruction, own, noted }
    }
    /// For a machine register.
    #[cfg(seriema_tail)]
    #[inline(always)]
    pub fn bits(self) -> u64 {
        // SAFETY: it has eight bytes and no padding.
        unsafe { std::mem::transmute(self) }
    }
    /// # Safety
    /// They come from `bits`.
    #[cfg(seriema_tail)]
    #[inline(always)]
    pub unsafe fn from_bits(bits: u64) -> Armed {
        // SAFETY: the caller's promise.
        unsafe { std::mem::transmute(bits) }
    }
    fn none(site: &Site) -> Armed {
        Armed::new(site, ToolMask::NONE, ToolMask::NONE, ToolMask::NONE)
    }
    fn is_trail(self) -> bool {
        self.noted & TRAIL != 0
    }
    /// On a trail, if `noted` says so.
    fn on_trail(self, noted: u8) -> Armed {
        Armed { noted: self.noted | noted & TRAIL, ..self }
    }
    /// Does anything come before the instruction?
    #[inline(always)]
    pub fn begins_at_once(self) -> bool {
        self.line.or(self.instruction).is_empty()
    }
    /// Do none of its events go to anybody?
    #[inline(always)]
    pub fn is_silent(self) -> bool {
        self.line.or(self.instruction).or(self.own).is_empty()
    }
}

/// What the bytecode alone says.
pub struct StaticSites {
    sites: Box<[Site]>,
    /// The units where instructions start.
    starts: Box<[u32]>,
    /// For `IfLineChanged` line starts: the units that can run just before.
    before: Box<[(u32, Vec<u32>)]>,
    /// RESUME of a plain start: what brings the code up to date.
    pub first_resume: Option<u32>,
    armed: Box<[Cell<Armed>]>,
    /// For each local event, by its index: the numbers of the instructions that are armed for it, or, for LINE,
    /// laid a trail on.
    concerned: [Box<[u32]>; LOCAL_EVENTS],
    /// Events that were active when probes were placed: no others have any.
    placed: Cell<EventSet>,
}

/// The local events have the lowest bits.
const LOCAL_EVENTS: usize = EventSet::LOCAL.bits().trailing_ones() as usize;

impl StaticSites {
    #[inline]
    pub fn at(&self, at: usize) -> &Site {
        &self.sites[at]
    }
    #[inline]
    pub fn armed(&self, at: usize) -> Armed {
        self.armed[at].get()
    }
    /// # Safety
    /// The unit exists.
    #[inline(always)]
    pub unsafe fn at_unchecked(&self, at: usize) -> &Site {
        debug_assert!(at < self.sites.len());
        // SAFETY: the caller's promise.
        unsafe { self.sites.get_unchecked(at) }
    }
    /// # Safety
    /// The unit exists.
    #[inline(always)]
    pub unsafe fn armed_unchecked(&self, at: usize) -> Armed {
        debug_assert!(at < self.armed.len());
        // SAFETY: the caller's promise.
        unsafe { self.armed.get_unchecked(at) }.get()
    }
    /// The same of the unit whose address is one before `ip`, which stands in `code`.
    ///
    /// # Safety
    /// `ip` points into `code.live`, behind its first unit, and the code has these sites.
    #[inline(always)]
    pub unsafe fn armed_before(&self, code: &Code, ip: Ip) -> (usize, Armed) {
        // SAFETY: a code object has as many entries as units.
        unsafe {
            let at = ip.offset_from_unsigned(code.live.as_ptr()) - 1;
            (at, self.armed.get_unchecked(at).get())
        }
    }
    /// The units where LINE can fire.
    pub fn line_starts(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.sites).filter(|(_, s)| s.rule.is_some()).map(|(at, _)| at)
    }
}

impl Code {
    #[inline(always)]
    pub fn sites(&self) -> &StaticSites {
        match self.sites.get() {
            Some(s) => s,
            None => self.new_sites(),
        }
    }
    #[cold]
    fn new_sites(&self) -> &StaticSites {
        self.sites.get_or_init(|| analyse(self))
    }
}

/// Target unit of a jump, if the instruction is one.
pub fn jump_target(code: &Code, at: usize) -> Option<usize> {
    let (o, arg) = (code.base_op(at), code.base_arg(at) as usize);
    let next = at + 1 + op::caches(o);
    match o {
        op::POP_JUMP_IF_FALSE
        | op::POP_JUMP_IF_TRUE
        | op::POP_JUMP_IF_NONE
        | op::POP_JUMP_IF_NOT_NONE
        | op::JUMP_FORWARD => Some(next + arg),
        op::JUMP_BACKWARD | op::JUMP_BACKWARD_NO_INTERRUPT => next.checked_sub(arg),
        // Over the END_FOR, to POP_ITER.
        op::FOR_ITER => Some(next + arg + 1),
        _ => None,
    }
}

fn falls_through(o: u8) -> bool {
    !matches!(
        o,
        op::JUMP_FORWARD
            | op::JUMP_BACKWARD
            | op::JUMP_BACKWARD_NO_INTERRUPT
            | op::RETURN_VALUE
            | op::RAISE_VARARGS
            | op::RERAISE
    )
}

/// Rule M100: never line starts, and skipped when lines of neighbours are compared.
fn transparent(o: u8) -> bool {
    matches!(o, op::END_FOR | op::END_SEND | op::END_ASYNC_FOR | op::RESUME | op::POP_ITER)
}

fn analyse(code: &Code) -> StaticSites {
    let starts: Vec<usize> = code.instructions().collect();
    let first = starts.iter().position(|&at| code.base_op(at) == op::RESUME).unwrap_or(starts.len());
    let mut events = vec![EventSet::empty(); code.base.len()];
    let mut before: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut line_starts: Vec<u32> = vec![];
    let mut last_line = None;
    for (n, &at) in starts.iter().enumerate().skip(first) {
        let o = code.base_op(at);
        if let Some(e) = op::hosted_event(o, code.base_arg(at)) {
            events[at] |= e.set();
        }
        if o != op::RESUME && o != op::END_FOR {
            events[at] |= EventSet::INSTRUCTION;
        }
        if !transparent(o) {
            let line = code.line(at);
            if line >= 0 && last_line != Some(line) {
                line_starts.push(at as u32);
            }
            last_line = Some(line);
        }
        if n > 0 && falls_through(code.base_op(starts[n - 1])) {
            before.entry(at as u32).or_default().push(starts[n - 1] as u32);
        }
        if o == op::SEND {
            // Behind the END_SEND where it goes (rule M100).
            let to = at + 2 + code.base_arg(at) as usize + 1;
            if code.base.get(to).is_some_and(|u| !transparent(*u as u8)) && code.line(to) >= 0 {
                line_starts.push(to as u32);
            }
        }
        if let Some(to) = jump_target(code, at) {
            before.entry(to as u32).or_default().push(at as u32);
            let mut to = to;
            // A jump to the prefix of an instruction starts the line there.
            if o == op::FOR_ITER && code.base.get(to).is_some_and(|u| *u as u8 == op::POP_ITER) {
                to = usize::MAX;
            }
            if to < code.base.len() && !transparent(code.base_op(to)) && code.line(to) >= 0 {
                line_starts.push(to as u32);
            }
        }
    }
    let mut handlers: Vec<usize> =
        (0..code.base.len()).filter_map(|at| code.handler(at).map(|h| h.0)).collect();
    handlers.sort_unstable();
    handlers.dedup();
    line_starts.extend(
        handlers
            .iter()
            .filter(|&&h| code.line(h) >= 0 && code.base_op(h) != op::END_ASYNC_FOR)
            .map(|&h| h as u32),
    );
    let mut sites: Box<[Site]> = (0..code.base.len())
        .map(|at| Site {
            events: events[at],
            line: code.line(at),
            source: at as u32,
            op: code.base_op(at),
            own: None,
            rule: None,
            silent: false,
        })
        .collect();
    for (n, &at) in starts.iter().enumerate().skip(first) {
        sites[at].own = op::hosted_event(sites[at].op, code.base_arg(at));
        match sites[at].op {
            op::NOT_TAKEN if n > 0 => sites[at].source = starts[n - 1] as u32,
            op::FOR_ITER => {
                if let Some(end) = jump_target(code, at).filter(|&e| e < sites.len())
                    && code.base_op(end) == op::POP_ITER
                {
                    sites[end].source = at as u32;
                }
            }
            // The END_SEND that the item would have come through.
            op::END_ASYNC_FOR => {
                sites[at].source = (at as u32 + 1).saturating_sub(code.base_arg(at));
            }
            _ => {}
        }
    }
    for at in line_starts {
        let mine = code.line(at as usize);
        let preds = before.get(&at).map_or(&[][..], |v| v);
        let handler = handlers.binary_search(&(at as usize)).is_ok();
        let same = |p: &u32| code.line(*p as usize) == mine;
        let rule = if handler || preds.iter().any(same) { LineRule::IfLineChanged } else { LineRule::Always };
        // (A RESUME of the same line may let it fire: see `line_changed`.)
        let never = |p: &u32| same(p) && code.base_op(*p as usize) != op::RESUME;
        let site = &mut sites[at as usize];
        if rule == LineRule::IfLineChanged && !handler && preds.iter().all(never) {
            site.silent = true;
            continue;
        }
        site.events |= EventSet::LINE;
        site.rule = Some(rule);
    }
    before.retain(|at, _| sites[*at as usize].rule == Some(LineRule::IfLineChanged));
    let before: Box<[(u32, Vec<u32>)]> = before.into_iter().collect();
    let first_resume = starts.get(first).map(|&at| at as u32);
    let armed = sites.iter().map(|site| Cell::new(Armed::none(site))).collect();
    let trail: HashSet<u32> = before.iter().flat_map(|(_, preds)| preds.iter().copied()).collect();
    let concerned = std::array::from_fn(|index| {
        let is_concerned = |at: usize| {
            let line = index == Event::Line.index() && (sites[at].silent || trail.contains(&(at as u32)));
            line || sites[at].events.bits() & 1 << index != 0
        };
        (0..).zip(&starts).filter(|(_, at)| is_concerned(**at)).map(|(n, _)| n).collect()
    });
    let starts = starts.into_iter().map(|at| at as u32).collect();
    StaticSites { sites, starts, before, first_resume, armed, concerned, placed: Cell::default() }
}

/// The events of unit `at` that some tool hears that is expected to have a callback.
pub fn armed_events(vm: &Vm, code: &Code, at: usize) -> EventSet {
    if code.monitoring.borrow().is_quiet() {
        return EventSet::empty();
    }
    let sites = code.sites();
    heard_events(vm.monitor.expected(), sites.at(at), sites.armed(at))
}
fn heard_events(expected: &Tools, site: &Site, armed: Armed) -> EventSet {
    let mut set = EventSet::empty();
    let mut add = |tools: ToolMask, e: Event| {
        if !tools.and(expected[e.index()]).is_empty() {
            set |= e.set();
        }
    };
    if site.rule.is_some() {
        add(armed.line, Event::Line);
    }
    add(armed.instruction, Event::Instruction);
    if let Some(e) = site.own {
        add(armed.own, e);
    }
    set
}

/// Tools for each event, by its index.
type Tools = [ToolMask; Event::ALL.len()];

/// What a unit is armed for, but for DISABLE.
fn active_at(site: &Site, active: &Tools) -> Armed {
    let instruction = site.events.contains(EventSet::INSTRUCTION);
    Armed::new(
        site,
        if site.rule.is_some() || site.silent { active[Event::Line.index()] } else { ToolMask::NONE },
        if instruction { active[Event::Instruction.index()] } else { ToolMask::NONE },
        site.own.map_or(ToolMask::NONE, |e| active[e.index()]),
    )
}
fn less_disabled(site: &Site, armed: Armed, event: Event, tools: ToolMask) -> Armed {
    let Armed { mut line, mut instruction, mut own, noted, .. } = armed;
    match event {
        Event::Line => line = line.minus(tools),
        Event::Instruction => instruction = instruction.minus(tools),
        e if site.own == Some(e) => own = own.minus(tools),
        _ => {}
    }
    Armed::new(site, line, instruction, own).on_trail(noted)
}

/// Makes `live` what base, sites and callbacks imply, and invalidates the compiled code that covers a site
/// armed thereby. `cause` is asked only if there is such code.
pub fn refresh(vm: &mut Vm, code: &Code, cause: &dyn Fn() -> String) {
    note_changed(vm);
    let sites = code.sites();
    let expected = *vm.monitor.expected();
    let concerned;
    {
        let state = code.monitoring.borrow();
        const NOBODY: &Tools = &[ToolMask::NONE; Event::ALL.len()];
        let active = state.active_tools().unwrap_or(NOBODY);
        let bits = active.iter().rev().fold(0, |bits, tools| bits << 1 | !tools.is_empty() as u32);
        let set = EventSet::from_bits_retain(bits).intersection(EventSet::LOCAL);
        concerned = sites.placed.replace(set) | set;
        for event in concerned.events() {
            for &n in &sites.concerned[event.index()] {
                let at = sites.starts[n as usize] as usize;
                sites.armed[at].set(active_at(&sites.sites[at], active));
            }
        }
        for (offset, event, tools) in state.disabled_sites() {
            let at = offset as usize / 2;
            sites.armed[at].set(less_disabled(sites.at(at), sites.armed(at), event, tools));
        }
        for (at, preds) in &sites.before {
            if !sites.armed(*at as usize).line.and(expected[Event::Line.index()]).is_empty() {
                for &p in preds {
                    sites.armed[p as usize].update(|a| a.on_trail(TRAIL));
                }
            }
        }
    }
    let covered = vm.watch.is_covered(code.id);
    let mut heard = Sites::new();
    let mut probed = false;
    for event in concerned.events() {
        for &n in &sites.concerned[event.index()] {
            let at = sites.starts[n as usize] as usize;
            let armed = sites.armed[at].get();
            let events = heard_events(&expected, &sites.sites[at], armed);
            if covered && !events.is_empty() {
                heard.insert(at as u32, events);
            }
            let wanted = armed.is_trail() || !events.is_empty();
            probed |= wanted;
            place(vm, code, n as usize, wanted);
        }
    }
    code.probed.set(probed);
    if !heard.is_empty() {
        invalidate_covering(vm, code, &heard, cause);
    }
}

/// A closure that is being told of an event has changed what units are armed for.
fn note_changed(vm: &Vm) {
    if vm.in_callback {
        vm.listening.closings.raise();
    }
}

/// [`refresh`] for the one unit where something has been disabled.
pub fn refresh_disabled(vm: &mut Vm, code: &Code, at: usize, cause: &dyn Fn() -> String) {
    let sites = code.sites();
    let Some(site) = sites.sites.get(at) else { return };
    note_changed(vm);
    if site.rule == Some(LineRule::IfLineChanged) {
        // Its trail may go too.
        return refresh(vm, code, cause);
    }
    let mut armed = Armed::none(site);
    {
        let state = code.monitoring.borrow();
        if let Some(active) = state.active_tools() {
            armed = active_at(site, active);
        }
        for event in site.events.events() {
            let disabled = state.disabled(at as u32 * 2, event);
            if !disabled.is_empty() {
                armed = less_disabled(site, armed, event, disabled);
            }
        }
    }
    armed = armed.on_trail(sites.armed(at).noted);
    sites.armed[at].set(armed);
    let wanted = armed.is_trail() || !heard_events(vm.monitor.expected(), site, armed).is_empty();
    if let Ok(n) = sites.starts.binary_search(&(at as u32)) {
        place(vm, code, n, wanted);
    }
}

/// Places or lifts the probe of the code's instruction number `n`.
#[inline(always)]
fn place(vm: &Vm, code: &Code, n: usize, wanted: bool) {
    let at = code.sites().starts[n] as usize;
    match (wanted, code.live[at].get() as u8 == op::PROBE) {
        (true, false) => arm(code, n),
        (false, true) => reset(vm, code, at),
        _ => {}
    }
}

fn invalidate_covering(vm: &mut Vm, code: &Code, armed: &Sites, cause: &dyn Fn() -> String) {
    let hit: Vec<u32> = vm
        .watch
        .dependents(&WatchKey::Sites(code.id))
        .iter()
        .filter_map(|d| match d {
            Dependent::Region(id) if vm.watch.covers(*id, code.id, armed) => Some(*id),
            _ => None,
        })
        .collect();
    for id in hit {
        vm.invalidate_region(id, cause());
    }
}

fn arm(code: &Code, n: usize) {
    let starts = &code.sites().starts;
    let at = starts[n] as usize;
    // A fused unit before this one would run over the probe.
    for &here in starts[..n].iter().rev() {
        let here = here as usize;
        if at - here > op::MOST_FUSED {
            break;
        }
        if op::fused_units(code.live[here].get() as u8) > at - here {
            code.live[here].set(code.base[here]);
        }
    }
    code.live[at].set(code.base[at] & 0xff00 | op::PROBE as u16);
}

/// Back to the base unit.
fn reset(vm: &Vm, code: &Code, at: usize) {
    code.live[at].set(code.base[at]);
    if code.base_op(at) == op::JUMP_BACKWARD {
        code.live[at + 1].set(vm.options.hot);
    }
}

/// Rewrites the unit before `ip` in a quickened form (or back in its base form). Fuses it with what follows,
/// and what precedes with it, where no unit that would be run over is probed.
pub fn quicken(code: &Code, ip: Ip, o: u8) {
    let at = (ip as usize - code.live.as_ptr() as usize) / 2 - 1;
    if code.live[at].get() as u8 == op::PROBE {
        return;
    }
    let o = fuse_ahead(code, at, o);
    put(code, at, o);
    fuse_before(code, at, o);
}

/// Fuses what precedes the unit `at`, which has the form `o` now, with it, where that can be.
pub fn fuse_before(code: &Code, at: usize, o: u8) {
    if at > 0
        && code.start_of(at - 1) == at - 1
        && let Some(f) = fuse_behind(code.live[at - 1].get() as u8, o)
        && !(at > 1 && code.base_op(at - 2) == op::EXTENDED_ARG)
    {
        put(code, at - 1, f);
    }
}

fn put(code: &Code, at: usize, o: u8) {
    code.live[at].set(code.base[at] & 0xff00 | o as u16);
}

/// The fused form of `o` with the instructions behind it, if they fit.
fn fuse_ahead(code: &Code, at: usize, o: u8) -> u8 {
    let next = at + 1 + op::caches(code.base_op(at));
    let is = |at: usize, wanted: u8| code.live.get(at).is_some_and(|u| u.get() as u8 == wanted);
    // A jump, its cache, and the NOT_TAKEN behind.
    let jump =
        (is(next, op::POP_JUMP_IF_FALSE) || is(next, op::POP_JUMP_IF_TRUE)) && is(next + 2, op::NOT_TAKEN);
    match o {
        op::COMPARE_OP_INT if jump => op::COMPARE_INT_JUMP,
        op::COMPARE_OP_FLOAT if jump => op::COMPARE_FLOAT_JUMP,
        op::TO_BOOL_BOOL if jump => op::TO_BOOL_JUMP,
        op::FOR_ITER_RANGE if is(next, op::STORE_FAST) => op::FOR_RANGE_STORE,
        op::BINARY_OP_ADD_INT if is(next, op::STORE_FAST) => op::ADD_INT_STORE,
        o => o,
    }
}

/// The fused form of `before` with the form `o` behind it.
fn fuse_behind(before: u8, o: u8) -> Option<u8> {
    Some(match (before, o) {
        (op::LOAD_FAST_BORROW_LOAD_FAST_BORROW, op::COMPARE_INT_JUMP) => op::LOAD2_COMPARE_INT_JUMP,
        (op::LOAD_FAST_BORROW_LOAD_FAST_BORROW, op::BINARY_OP_ADD_INT) => op::LOAD2_ADD_INT,
        (op::LOAD_FAST_BORROW_LOAD_FAST_BORROW, op::BINARY_OP_MUL_FLOAT) => op::LOAD2_MUL_FLOAT,
        (op::LOAD_FAST_BORROW_LOAD_FAST_BORROW, op::ADD_INT_STORE) => op::LOAD2_ADD_INT_STORE,
        (op::LOAD_SMALL_INT, op::BINARY_OP_ADD_INT) => op::LOAD_SMALL_ADD_INT,
        (op::LOAD_SMALL_INT, op::BINARY_OP_SUB_INT) => op::LOAD_SMALL_SUB_INT,
        (op::LOAD_SMALL_INT, op::ADD_INT_STORE) => op::LOAD_SMALL_ADD_INT_STORE,
        (op::LOAD_SMALL_INT, op::COMPARE_INT_JUMP) => op::LOAD_SMALL_COMPARE_INT_JUMP,
        (op::LOAD_FAST_BORROW, op::BINARY_OP_ADD_FLOAT) => op::LOAD_ADD_FLOAT,
        (op::LOAD_FAST_BORROW, op::BINARY_OP_MUL_FLOAT) => op::LOAD_MUL_FLOAT,
        (op::LOAD_FAST_BORROW, op::BINARY_OP_SUB_FLOAT) => op::LOAD_SUB_FLOAT,
        (op::LOAD_CONST, op::BINARY_OP_MUL_FLOAT) => op::CONST_MUL_FLOAT,
        (op::LOAD_FAST_BORROW, op::LOAD_ATTR_SLOT) => op::LOAD_FAST_ATTR_SLOT,
        _ => return None,
    })
}

/// Quickens a LOAD_GLOBAL that found its cell.
pub fn quicken_global(code: &Code, at: usize, cell: *const crate::object::GlobalCell) {
    if code.live[at].get() as u8 != op::LOAD_GLOBAL {
        return;
    }
    let bits = cell as u64;
    for i in 0..4 {
        code.live[at + 1 + i].set((bits >> (16 * i)) as u16);
    }
    code.live[at].set(code.base[at] & 0xff00 | op::LOAD_GLOBAL_CELL as u16);
}

pub fn unquicken_global(code: &Code, at: usize) {
    if code.live[at].get() as u8 == op::LOAD_GLOBAL_CELL {
        code.live[at].set(code.base[at]);
    }
}

/// The JIT will not compile this loop: its back edge stops counting.
pub fn give_up_loop(code: &Code, at: usize) {
    if code.live[at].get() as u8 == op::JUMP_BACKWARD {
        code.live[at].set(code.base[at] & 0xff00 | op::JUMP_BACKWARD_NO_JIT as u16);
    }
}

/// The back edge counts `n` more iterations before it calls the tier.
pub fn count_again(code: &Code, at: usize, n: u16) {
    if matches!(code.live[at].get() as u8, op::JUMP_BACKWARD | op::JUMP_BACKWARD_NO_JIT) {
        code.live[at].set(code.base[at]);
        code.live[at + 1].set(n);
    }
}

/// Puts an ENTER_REGION at a back edge.
pub fn link(code: &Code, at: usize, region: u32) {
    if code.live[at].get() as u8 == op::PROBE {
        return;
    }
    let mut regions = code.regions.borrow_mut();
    let index = regions.iter().position(|&r| r == region).unwrap_or_else(|| {
        regions.push(region);
        regions.len() - 1
    });
    // The cache unit has 16 bits; a code object with more regions stays interpreted there.
    if let Ok(index) = u16::try_from(index) {
        code.live[at + 1].set(index);
        code.live[at].set(code.base[at] & 0xff00 | op::ENTER_REGION as u16);
    }
}

/// Takes every ENTER_REGION of `region` out of the code; the back edges count from `n` again.
pub fn unlink(code: &Code, region: u32, n: u16) {
    let Some(index) = code.regions.borrow().iter().position(|&r| r == region) else { return };
    for at in code.instructions() {
        if code.live[at].get() as u8 == op::ENTER_REGION && code.live[at + 1].get() as usize == index {
            code.live[at].set(code.base[at]);
            code.live[at + 1].set(n);
        }
    }
}

/// Every frame of `code` on the stack of any thread remembers where it is: the instruction under way becomes
/// "the one before" for the next line start, since no trail was laid for it.
pub fn mark_frames(vm: &Vm, code: &Code) {
    for mut f in vm.all_stacks() {
        // SAFETY: the chain of frames is valid; the bottom frame has no code.
        unsafe {
            while !f.is_null() && !(*f).code.is_null() {
                if std::ptr::eq((*f).code, code) {
                    (*f).prev_unit = (*f).unit() as u32;
                }
                f = (*f).prev;
            }
        }
    }
}
