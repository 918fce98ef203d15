//! One test per rule of the project's rule book, named after it; messages to the letter.
//!
//! [`Bench`] is the smallest possible owner of code objects: it applies changes to the codes on its stack, as
//! rules M83 and M84 ask, and brings others up to date when they are entered.

use seriema_monitoring::{
    CannotDisable, Cause, Change, CodeState, Delivery, Event, EventSet, Group, Monitor, MonitorError, Rules,
    Scope, Shape, TOOLS, ToolId, ToolMask, USER_TOOLS,
};

const BOTH: [Rules; 2] = [Rules::Specification, Rules::CPython314];

const PY_START: i32 = 1;
const CALL: i32 = 1 << 4;
const LINE: i32 = 1 << 5;
const INSTRUCTION: i32 = 1 << 6;
const JUMP: i32 = 1 << 7;
const LEFT: i32 = 1 << 8;
const RIGHT: i32 = 1 << 9;
const RAISE: i32 = 1 << 11;
const C_RETURN: i32 = 1 << 16;
const C_RAISE: i32 = 1 << 17;
const BRANCH: i32 = 1 << 18;

struct Bench {
    m: Monitor<&'static str, &'static str>,
    codes: [CodeState; 3],
    stack: Vec<usize>,
}

fn id(tool: i32) -> ToolId {
    ToolId::new(tool as usize).unwrap()
}

fn text<T>(result: Result<T, MonitorError>) -> String {
    result.err().map_or("no error".into(), |e| e.to_string())
}

fn next(delivery: &mut Delivery, m: &Monitor<&'static str, &'static str>) -> Option<(ToolId, &'static str)> {
    delivery.next(m).map(|(tool, f)| (tool, *f))
}

impl Bench {
    /// Tools 0, 1 and 2 are in use.
    fn new(rules: Rules) -> Bench {
        let mut m = Monitor::new(rules);
        for tool in 0..3 {
            m.use_tool_id(id(tool), "name").unwrap();
        }
        Bench { m, codes: Default::default(), stack: vec![] }
    }
    fn apply(&mut self, change: Change, code: Option<usize>) {
        let concerned = match change.scope {
            Scope::Nothing | Scope::Callbacks => vec![],
            Scope::ThisCode => vec![code.unwrap()],
            Scope::Everywhere => self.stack.clone(),
        };
        for code in concerned {
            let _ = self.m.update(&mut self.codes[code]);
        }
    }
    fn set(&mut self, tool: i32, set: i32) {
        let change = self.m.set_events(tool, set).unwrap();
        self.apply(change, None);
    }
    fn set_local(&mut self, tool: i32, code: usize, set: i32) {
        let change = self.m.set_local_events(tool, &mut self.codes[code], set).unwrap();
        self.apply(change, Some(code));
    }
    fn local(&self, tool: i32, code: usize) -> u32 {
        self.m.get_local_events(tool, &self.codes[code]).unwrap().bits()
    }
    fn events(&self, tool: i32) -> u32 {
        self.m.get_events(tool).unwrap().bits()
    }
    fn clear(&mut self, tool: i32) {
        let change = self.m.clear_tool_id(id(tool));
        self.apply(change, None);
    }
    fn free(&mut self, tool: i32) {
        let change = self.m.free_tool_id(id(tool));
        self.apply(change, None);
    }
    fn restart(&mut self) {
        let change = self.m.restart_events();
        self.apply(change, None);
    }
    fn register(&mut self, tool: i32, event: i32, f: Option<&'static str>) -> Option<&'static str> {
        let (old, change) = self.m.register_callback(tool, event, f).unwrap();
        assert_eq!(change.cause, Cause::Register);
        assert!(matches!(change.scope, Scope::Callbacks | Scope::Nothing));
        self.apply(change, None);
        old
    }
    fn callback(&self, tool: i32, event: Event) -> Option<&'static str> {
        self.m.callback(id(tool), event).copied()
    }
    fn enter(&mut self, code: usize) {
        self.stack.push(code);
        if !self.m.is_current(&self.codes[code]) {
            let _ = self.m.update(&mut self.codes[code]);
        }
    }
    fn leave(&mut self) {
        self.stack.pop();
    }
    fn visit(&mut self, code: usize) {
        self.enter(code);
        self.leave();
    }
    fn disable(&mut self, tool: i32, event: Event, code: usize, offset: u32) {
        self.disable_at(tool, event, code, offset, None);
    }
    /// What it silenced.
    fn disable_at(
        &mut self,
        tool: i32,
        event: Event,
        code: usize,
        offset: u32,
        sites: Option<(u32, u32)>,
    ) -> EventSet {
        let change = self.m.disable(id(tool), event, &mut self.codes[code], offset, sites).unwrap();
        // The owner need not update the code, only look at it again.
        assert_eq!((change.scope, change.cause), (Scope::ThisCode, Cause::Disable));
        assert_eq!(change.tool, Some(id(tool)));
        change.events
    }
    /// Tools that hear the event there, in order of delivery.
    fn armed(&self, code: usize, offset: u32, event: Event) -> Vec<usize> {
        self.codes[code].armed(offset, event).tools().map(ToolId::index).collect()
    }
}

// ---- 1, tool ids

#[test]
fn m5_tool_ids_out_of_range() {
    for n in [-1, 6, 7, i32::MIN, i32::MAX] {
        let message = format!("invalid tool {n} (must be between 0 and 5)");
        let mut b = Bench::new(Rules::Specification);
        assert_eq!(text(Monitor::<(), ()>::tool(n)), message);
        // Before every other check.
        assert_eq!(text(b.m.set_events(n, -1)), message);
        assert_eq!(text(b.m.get_events(n)), message);
        assert_eq!(text(b.m.set_local_events(n, &mut b.codes[0], -1)), message);
        assert_eq!(text(b.m.get_local_events(n, &b.codes[0])), message);
        assert_eq!(text(b.m.register_callback(n, 0, None)), message);
    }
    for n in 0..=5 {
        assert_eq!(Monitor::<(), ()>::tool(n), Ok(id(n)));
    }
    assert_eq!((USER_TOOLS, TOOLS), (6, 8));
}

#[test]
fn m6_m7_a_tool_is_used_once_and_keeps_its_name() {
    let mut m: Monitor<(), String> = Monitor::new(Rules::Specification);
    assert_eq!(m.get_tool(id(4)), None);
    m.use_tool_id(id(4), String::new()).unwrap();
    assert_eq!(m.get_tool(id(4)), Some(&String::new()));
    assert_eq!(text(m.use_tool_id(id(4), "b".into())), "tool 4 is already in use");
    assert_eq!(m.get_tool(id(4)), Some(&String::new()));
    let _ = m.free_tool_id(id(4));
    assert_eq!(m.get_tool(id(4)), None);
    m.use_tool_id(id(4), "b".into()).unwrap();
}

#[test]
fn m8_an_id_that_is_not_in_use() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        assert_eq!(text(b.m.set_events(5, 0)), "tool 5 is not in use");
        assert_eq!(text(b.m.set_local_events(5, &mut b.codes[0], 0)), "tool 5 is not in use");
        assert_eq!((b.events(5), b.local(5, 0)), (0, 0));
        assert_eq!(b.register(5, LINE, Some("early")), None);
        for change in [b.m.clear_tool_id(id(5)), b.m.free_tool_id(id(5))] {
            assert_eq!(change.scope, Scope::Nothing);
        }
        b.m.use_tool_id(id(5), "five").unwrap();
        assert_eq!(b.callback(5, Event::Line), Some("early"));
    }
}

#[test]
fn m9_clear_drops_callbacks_and_events_but_not_the_name() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.register(1, LINE, Some("line"));
        b.register(1, BRANCH, Some("branch"));
        b.set(1, LINE | RAISE);
        b.set_local(1, 0, JUMP);
        b.enter(0);
        b.clear(1);
        assert_eq!(b.m.get_tool(id(1)), Some(&"name"));
        assert_eq!((b.events(1), b.local(1, 0)), (0, 0));
        assert!(b.codes[0].is_quiet() && b.m.global(Event::Raise).is_empty());
        for event in Event::ALL {
            assert_eq!(b.callback(1, *event), None);
            assert!(b.m.heard(*event).is_empty());
        }
        b.set(1, LINE);
    }
}

#[test]
fn m9_free_clears_under_cpython_314() {
    let mut b = Bench::new(Rules::CPython314);
    b.register(1, LINE, Some("line"));
    b.enter(0);
    b.set(1, LINE | RAISE);
    b.set_local(1, 0, JUMP);
    b.free(1);
    assert_eq!(b.m.get_tool(id(1)), None);
    assert_eq!((b.events(1), b.local(1, 0), b.callback(1, Event::Line)), (0, 0, None));
    assert!(b.codes[0].is_quiet());
    b.m.use_tool_id(id(1), "again").unwrap();
    b.visit(0);
    assert!(b.codes[0].is_quiet());
}

#[test]
fn section_21_free_leaves_everything_under_the_specification() {
    let mut b = Bench::new(Rules::Specification);
    b.register(1, LINE, Some("line"));
    b.set(1, LINE | RAISE);
    b.set_local(1, 0, JUMP);
    b.enter(0);
    b.disable(1, Event::Line, 0, 6);
    let change = b.m.free_tool_id(id(1));
    assert_eq!((change.scope, change.cause), (Scope::Nothing, Cause::Free));
    assert_eq!(b.m.get_tool(id(1)), None);
    // The events are active, and get_events tells what is.
    assert_eq!((b.events(1), b.local(1, 0)), ((LINE | RAISE) as u32, JUMP as u32));
    assert_eq!(b.callback(1, Event::Line), Some("line"));
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    assert_eq!(b.armed(0, 4, Event::Jump), [1]);
    assert!(b.armed(0, 6, Event::Line).is_empty());
    assert_eq!(text(b.m.set_events(1, 0)), "tool 1 is not in use");
    // Not in use: clear does nothing (M8).
    b.clear(1);
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    b.m.use_tool_id(id(1), "again").unwrap();
    b.set(1, 0);
    assert!(b.armed(0, 4, Event::Line).is_empty());
}

#[test]
fn m10_local_events_go_when_the_code_is_next_entered() {
    type Leave = fn(&mut Bench);
    let ways: [(Rules, Leave); 3] = [
        (Rules::Specification, |b| b.clear(1)),
        (Rules::CPython314, |b| b.clear(1)),
        (Rules::CPython314, |b| b.free(1)),
    ];
    for (rules, leave) in ways {
        let mut b = Bench::new(rules);
        b.set_local(1, 0, LINE);
        b.visit(0);
        leave(&mut b);
        assert_eq!(b.local(1, 0), LINE as u32);
        b.visit(0);
        assert_eq!(b.local(1, 0), 0);
        assert!(b.codes[0].is_quiet());
    }
}

#[test]
fn m10_they_do_not_come_back_with_the_id() {
    let mut b = Bench::new(Rules::CPython314);
    b.set_local(1, 0, LINE);
    b.visit(0);
    b.free(1);
    b.m.use_tool_id(id(1), "again").unwrap();
    assert_eq!(b.local(1, 0), LINE as u32);
    b.visit(0);
    assert_eq!(b.local(1, 0), 0);
    assert!(b.codes[0].is_quiet());
}

#[test]
fn m10_m37_setting_the_void_set_again_keeps_it() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.set_local(1, 0, LINE);
        b.visit(0);
        b.disable(1, Event::Line, 0, 4);
        b.clear(1);
        b.set_local(1, 0, LINE);
        b.visit(0);
        assert_eq!(b.local(1, 0), LINE as u32);
        assert_eq!(b.armed(0, 8, Event::Line), [1]);
        // No update saw it off (M86).
        assert!(b.armed(0, 4, Event::Line).is_empty());
    }
}

#[test]
fn m11_other_tools_stay() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        for tool in [0, 2] {
            b.register(tool, LINE, Some("line"));
            b.set(tool, LINE);
            b.set_local(tool, 0, CALL);
        }
        b.enter(0);
        b.clear(2);
        b.free(2);
        assert_eq!((b.events(0), b.local(0, 0)), (LINE as u32, CALL as u32));
        assert_eq!(b.callback(0, Event::Line), Some("line"));
        assert_eq!(b.armed(0, 4, Event::Line), [0]);
    }
}

#[test]
fn m12_delivery_stops_in_the_running_frame() {
    let ways: [fn(&mut Bench); 4] = [
        |b| b.set(1, 0),
        |b| b.clear(1),
        |b| b.free(1),
        |b| {
            b.register(1, LINE, None);
        },
    ];
    for stop in ways {
        let mut b = Bench::new(Rules::CPython314);
        b.register(1, LINE, Some("line"));
        b.set(1, LINE);
        b.enter(0);
        stop(&mut b);
        let mut delivery = Delivery::start(Event::Line, b.codes[0].armed(4, Event::Line));
        assert_eq!(next(&mut delivery, &b.m), None);
    }
}

#[test]
fn m13_all_events() {
    let mut b = Bench::new(Rules::Specification);
    b.set(0, LINE | CALL | C_RETURN | C_RAISE);
    b.set(2, BRANCH | LINE | RAISE);
    b.set_local(1, 0, JUMP);
    let _ = b.m.set_events_unchecked(ToolId::TRACE, EventSet::LINE);
    let all: Vec<(&str, u8)> = b.m.all_events().map(|(event, tools)| (event.name(), tools.bits())).collect();
    let expected = [("CALL", 1), ("LINE", 128 | 5), ("BRANCH_LEFT", 4), ("BRANCH_RIGHT", 4), ("RAISE", 4)];
    assert_eq!(all, expected);
}

// ---- 2, events

#[test]
fn m20_names_and_bits() {
    let expected = [
        ("PY_START", 1),
        ("PY_RESUME", 2),
        ("PY_RETURN", 4),
        ("PY_YIELD", 8),
        ("CALL", 16),
        ("LINE", 32),
        ("INSTRUCTION", 64),
        ("JUMP", 128),
        ("BRANCH_LEFT", 256),
        ("BRANCH_RIGHT", 512),
        ("STOP_ITERATION", 1024),
        ("RAISE", 2048),
        ("EXCEPTION_HANDLED", 4096),
        ("PY_UNWIND", 8192),
        ("PY_THROW", 16384),
        ("RERAISE", 32768),
        ("C_RETURN", 65536),
        ("C_RAISE", 131072),
    ];
    let table: Vec<(&str, u32)> = Event::ALL.iter().map(|event| (event.name(), event.set().bits())).collect();
    assert_eq!(table, expected);
    for (index, event) in Event::ALL.iter().enumerate() {
        assert_eq!(event.index(), index);
        assert_eq!(Event::from_bit(index as u32), Some(*event));
    }
    assert_eq!((Event::from_bit(18), EventSet::BITS), (None, 19));
}

#[test]
fn m22_m23_m24_groups() {
    assert_eq!(EventSet::LOCAL.bits(), 0x7ff);
    assert_eq!(EventSet::OTHER.bits(), 0xf800);
    assert_eq!(EventSet::ANCILLARY.bits(), 0x30000);
    for event in Event::ALL {
        let group = match event.index() {
            0..=10 => Group::Local,
            11..=15 => Group::Other,
            _ => Group::Ancillary,
        };
        assert_eq!(event.group(), group);
        assert_eq!(event.can_disable(), group == Group::Local);
        assert_eq!(event.controlling(), if group == Group::Ancillary { Event::Call } else { *event });
    }
}

#[test]
fn m24_c_events_go_where_call_goes() {
    for set in [CALL, CALL | C_RETURN | C_RAISE] {
        let mut b = Bench::new(Rules::Specification);
        b.set(1, set);
        b.set(2, LINE);
        b.enter(0);
        assert_eq!(b.events(1), CALL as u32);
        for event in [Event::Call, Event::CReturn, Event::CRaise] {
            assert_eq!(b.armed(0, 4, event), [1]);
        }
    }
}

#[test]
fn m25_branch_is_stored_as_both_directions() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, BRANCH);
    b.set_local(2, 0, BRANCH | LINE);
    assert_eq!((b.events(1), b.local(2, 0)), (768, 768 | 32));
}

// ---- 3, setting events

#[test]
fn m30_checks_of_set_events_in_order() {
    let mut m: Monitor<(), ()> = Monitor::new(Rules::Specification);
    let mut error = |tool, set| text(m.set_events(tool, set));
    assert_eq!(error(6, -1), "invalid tool 6 (must be between 0 and 5)");
    assert_eq!(error(0, -1), "invalid event set 0xffffffff");
    assert_eq!(error(0, i32::MIN), "invalid event set 0x80000000");
    assert_eq!(error(0, 1 << 19), "invalid event set 0x80000");
    assert_eq!(error(0, 1 << 19 | C_RETURN), "invalid event set 0x90000");
    let independent = "cannot set C_RETURN or C_RAISE events independently";
    for set in [C_RETURN, C_RAISE, C_RETURN | C_RAISE, CALL | C_RETURN, CALL | C_RAISE] {
        assert_eq!(error(0, set), independent);
    }
    assert_eq!(error(0, CALL | C_RETURN | C_RAISE), "tool 0 is not in use");
    assert_eq!(error(0, 0), "tool 0 is not in use");
}

#[test]
fn m30_the_whole_set_is_replaced() {
    let mut b = Bench::new(Rules::Specification);
    b.enter(0);
    b.set(1, LINE | CALL);
    b.set(1, CALL | JUMP);
    assert_eq!(b.events(1), (CALL | JUMP) as u32);
    assert!(b.armed(0, 4, Event::Line).is_empty());
    assert_eq!(b.armed(0, 4, Event::Jump), [1]);
}

#[test]
fn m31_get_events_gives_what_was_stored() {
    let mut b = Bench::new(Rules::Specification);
    for (set, stored) in [(CALL | C_RETURN | C_RAISE, 16), (BRANCH, 768), ((1 << 19) - 1, 65535), (0, 0)] {
        b.set(1, set);
        assert_eq!(b.events(1), stored);
    }
}

#[test]
fn m32_checks_of_set_local_events_in_order() {
    let mut m: Monitor<(), ()> = Monitor::new(Rules::Specification);
    let mut code = CodeState::default();
    let mut error = |tool, set| text(m.set_local_events(tool, &mut code, set));
    assert_eq!(error(-1, C_RETURN), "invalid tool -1 (must be between 0 and 5)");
    assert_eq!(error(0, C_RETURN | RAISE), "cannot set C_RETURN or C_RAISE events independently");
    assert_eq!(error(0, -1), "invalid local event set 0xfff8ffff");
    assert_eq!(error(0, (1 << 19) - 1), "invalid local event set 0xffff");
    assert_eq!(error(0, 1 << 11), "invalid local event set 0x800");
    assert_eq!(error(0, 1 << 19), "invalid local event set 0x80000");
    assert_eq!(error(0, i32::MIN), "invalid local event set 0x80000000");
    assert_eq!(error(0, BRANCH | RAISE), "invalid local event set 0xb00");
    assert_eq!(error(0, 0x7ff | BRANCH | C_RETURN | C_RAISE), "tool 0 is not in use");
}

#[test]
fn m33_get_local_events_gives_the_local_set_only() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    b.set_local(1, 0, CALL | C_RETURN | C_RAISE);
    assert_eq!((b.local(1, 0), b.local(1, 1), b.local(0, 0)), (16, 0, 0));
}

#[test]
fn m34_a_failed_call_changes_nothing() {
    let mut b = Bench::new(Rules::Specification);
    b.register(1, LINE, Some("line"));
    b.set(1, LINE);
    b.set_local(1, 0, CALL);
    let version = b.m.version();
    for set in [-1, C_RETURN, 1 << 19] {
        b.m.set_events(1, set).unwrap_err();
        b.m.set_local_events(1, &mut b.codes[0], set).unwrap_err();
    }
    b.m.set_local_events(1, &mut b.codes[0], RAISE).unwrap_err();
    b.m.register_callback(1, LINE | CALL, Some("two")).unwrap_err();
    b.m.use_tool_id(id(1), "other").unwrap_err();
    assert_eq!((b.events(1), b.local(1, 0), b.m.version()), (LINE as u32, CALL as u32, version));
    assert_eq!((b.callback(1, Event::Line), b.m.get_tool(id(1))), (Some("line"), Some(&"name")));
}

#[test]
fn m35_global_and_local_sets_add_up() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    b.set_local(1, 0, CALL);
    b.enter(0);
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    assert_eq!(b.armed(0, 4, Event::Call), [1]);
    b.set(1, 0);
    assert_eq!(b.armed(0, 4, Event::Call), [1]);
    b.set(1, CALL);
    b.set_local(1, 0, 0);
    assert_eq!(b.armed(0, 4, Event::Call), [1]);
}

#[test]
fn m36_local_events_belong_to_one_code() {
    let mut b = Bench::new(Rules::Specification);
    b.set_local(1, 0, LINE);
    b.visit(0);
    b.visit(1);
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    assert!(b.codes[1].is_quiet());
}

#[test]
fn m37_the_same_set_again_is_nothing() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE | BRANCH);
    b.set_local(1, 0, LINE | CALL);
    b.enter(0);
    b.disable(1, Event::Line, 0, 4);
    let version = b.m.version();
    assert_eq!(b.m.set_events(1, LINE | LEFT | RIGHT).unwrap().scope, Scope::Nothing);
    assert_eq!(b.m.set_local_events(1, &mut b.codes[0], LINE | CALL).unwrap().scope, Scope::Nothing);
    assert_eq!(b.m.version(), version);
    assert!(b.armed(0, 4, Event::Line).is_empty());
}

// ---- 4, callbacks

#[test]
fn m40_checks_of_register_callback_in_order() {
    let mut m: Monitor<(), ()> = Monitor::new(Rules::Specification);
    let mut error = |tool, event| text(m.register_callback(tool, event, None).map(|_| ()));
    assert_eq!(error(9, 3), "invalid tool 9 (must be between 0 and 5)");
    for event in [0, 3, -1, 1 << 30 | 1] {
        assert_eq!(error(0, event), "The callback can only be set for one event at a time");
    }
    assert_eq!(error(0, 1 << 19), "invalid event 524288");
    assert_eq!(error(0, 1 << 30), "invalid event 1073741824");
    assert_eq!(error(0, i32::MIN), "invalid event -2147483648");
    for bit in 0..19 {
        assert_eq!(error(0, 1 << bit), "no error");
    }
}

#[test]
fn m41_the_previous_callback_is_returned() {
    let mut b = Bench::new(Rules::Specification);
    assert_eq!(b.register(1, LINE, Some("a")), None);
    assert_eq!(b.register(1, LINE, Some("b")), Some("a"));
    assert_eq!(b.register(1, LINE, None), Some("b"));
    assert_eq!(b.register(1, LINE, None), None);
    assert_eq!(b.register(2, C_RAISE, Some("c")), None);
    assert_eq!(b.callback(2, Event::CRaise), Some("c"));
    assert_eq!(b.callback(1, Event::CRaise), None);
}

#[test]
fn m42_branch_fills_both_slots() {
    let mut b = Bench::new(Rules::Specification);
    assert_eq!(b.register(1, LEFT, Some("left")), None);
    assert_eq!(b.register(1, RIGHT, Some("right")), None);
    assert_eq!(b.register(1, BRANCH, Some("both")), Some("left"));
    assert_eq!(
        (b.callback(1, Event::BranchLeft), b.callback(1, Event::BranchRight)),
        (Some("both"), Some("both"))
    );
    assert_eq!(b.register(1, RIGHT, Some("new")), Some("both"));
    assert_eq!(
        (b.callback(1, Event::BranchLeft), b.callback(1, Event::BranchRight)),
        (Some("both"), Some("new"))
    );
    assert_eq!(b.register(1, BRANCH, None), Some("both"));
    assert_eq!((b.callback(1, Event::BranchLeft), b.callback(1, Event::BranchRight)), (None, None));
}

#[test]
fn m42_the_change_names_both_directions() {
    let mut b = Bench::new(Rules::Specification);
    let (_, change) = b.m.register_callback(1, BRANCH, Some("both")).unwrap();
    assert_eq!(change.events, EventSet::BRANCH_LEFT | EventSet::BRANCH_RIGHT);
    assert_eq!(change.tool, Some(id(1)));
}

#[test]
fn m43_the_checks_of_an_event_can_be_made_before_the_change() {
    assert_eq!(Monitor::<(), ()>::one_event(BRANCH), Ok(()));
    assert_eq!(text(Monitor::<(), ()>::one_event(3)), "The callback can only be set for one event at a time");
    assert_eq!(text(Monitor::<(), ()>::one_event(1 << 20)), "invalid event 1048576");
}

#[test]
fn m44_without_a_callback_or_without_the_event_nobody_is_called() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    b.register(2, LINE, Some("two"));
    b.enter(0);
    let armed = b.codes[0].armed(4, Event::Line);
    assert_eq!(armed, ToolMask::of(id(1)));
    assert!(armed.and(b.m.heard(Event::Line)).is_empty());
    assert_eq!(next(&mut Delivery::start(Event::Line, armed), &b.m), None);
}

#[test]
fn m44_a_callback_that_went_is_expected_back_until_it_is_forgotten() {
    let mut b = Bench::new(Rules::Specification);
    let scope = |b: &mut Bench, f| b.m.register_callback(1, LINE, f).unwrap().1.scope;
    assert_eq!(scope(&mut b, Some("line")), Scope::Callbacks);
    let version = b.m.expected_version();
    assert_eq!(scope(&mut b, None), Scope::Nothing);
    assert_eq!((b.m.heard(Event::Line).bits(), b.m.expected()[Event::Line.index()].bits()), (0, 0b10));
    assert!(b.m.is_stale());
    assert_eq!(scope(&mut b, Some("line")), Scope::Nothing);
    assert_eq!((b.m.forget_unheard(), b.m.is_stale(), b.m.expected_version()), (None, false, version));
    b.register(1, LINE, None);
    let change = b.m.forget_unheard().unwrap();
    assert_eq!((change.scope, change.events), (Scope::Callbacks, EventSet::LINE));
    assert!(b.m.expected()[Event::Line.index()].is_empty() && b.m.expected_version() > version);
    b.register(1, LINE, Some("line"));
    b.clear(1);
    assert!(b.m.expected()[Event::Line.index()].is_empty() && !b.m.is_stale());
}

#[test]
fn m44_a_c_return_callback_alone_makes_call_heard() {
    let mut b = Bench::new(Rules::Specification);
    for (event, tool) in [(C_RETURN, 0), (C_RAISE, 1), (CALL, 2)] {
        b.register(tool, event, Some("c"));
    }
    assert_eq!(b.m.heard(Event::Call).bits(), 0b111);
    assert_eq!((b.m.heard(Event::CReturn).bits(), b.m.heard(Event::CRaise).bits()), (0b001, 0b010));
    b.register(0, C_RETURN, None);
    assert_eq!(b.m.heard(Event::Call).bits(), 0b110);
}

#[test]
fn m45_arguments() {
    use Event::*;
    for event in Event::ALL {
        let shape = match event {
            PyStart | PyResume | Instruction => Shape::Location,
            PyReturn | PyYield => Shape::LocationValue,
            Call | CReturn | CRaise => Shape::Call,
            Raise | Reraise | ExceptionHandled | PyUnwind | PyThrow | StopIteration => Shape::Exception,
            Line => Shape::Line,
            Jump | BranchLeft | BranchRight => Shape::Jump,
        };
        assert_eq!(event.shape(), shape);
    }
    let arity = [PyStart, PyReturn, Call, Raise, Line, Jump].map(|event| event.shape().arity());
    assert_eq!(arity, [2, 3, 4, 3, 2, 3]);
}

// ---- 5, delivery

/// Three tools with LINE, running in code 0; and the delivery at one site, started.
fn three_tools() -> (Bench, Delivery) {
    let mut b = Bench::new(Rules::CPython314);
    for (tool, f) in [(0, "zero"), (1, "one"), (2, "two")] {
        b.register(tool, LINE, Some(f));
        b.set(tool, LINE);
    }
    b.enter(0);
    let delivery = Delivery::start(Event::Line, b.codes[0].armed(4, Event::Line));
    (b, delivery)
}

#[test]
fn m50_m51_highest_tool_first() {
    let (b, mut d) = three_tools();
    let order: Vec<(usize, &str)> =
        std::iter::from_fn(|| next(&mut d, &b.m)).map(|(tool, f)| (tool.index(), f)).collect();
    assert_eq!(order, [(2, "two"), (1, "one"), (0, "zero")]);
}

#[test]
fn m51_the_tools_are_fixed_at_the_start() {
    let (mut b, mut d) = three_tools();
    b.set(0, 0);
    b.set(1, 0);
    assert_eq!(next(&mut d, &b.m), Some((id(2), "two")));
    // Tool 2 switches the others off: too late. Tool 1 is switched on by none of this.
    assert_eq!(next(&mut d, &b.m), Some((id(1), "one")));
    assert_eq!(next(&mut d, &b.m), Some((id(0), "zero")));
    assert_eq!(next(&mut d, &b.m), None);

    let mut d = Delivery::start(Event::Line, b.codes[0].armed(4, Event::Line));
    b.set(1, LINE);
    assert_eq!(next(&mut d, &b.m), Some((id(2), "two")));
    assert_eq!(next(&mut d, &b.m), None);
}

#[test]
fn m51_callbacks_are_looked_up_one_by_one() {
    let (mut b, mut d) = three_tools();
    assert_eq!(next(&mut d, &b.m), Some((id(2), "two")));
    b.free(1);
    b.register(0, LINE, Some("replaced"));
    assert_eq!(next(&mut d, &b.m), Some((id(0), "replaced")));

    let (mut b, mut d) = three_tools();
    b.register(1, LINE, None);
    assert_eq!(next(&mut d, &b.m), Some((id(2), "two")));
    b.clear(0);
    assert_eq!(next(&mut d, &b.m), None);
}

// ---- 6, DISABLE and restart

#[test]
fn m70_disable_is_for_one_tool_event_code_and_offset() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        for tool in [0, 1] {
            b.set(tool, LINE | INSTRUCTION);
        }
        b.enter(0);
        b.enter(1);
        assert_eq!(b.disable_at(1, Event::Line, 0, 4, None), EventSet::LINE);
        assert_eq!(b.armed(0, 4, Event::Line), [0]);
        assert_eq!(b.armed(0, 4, Event::Instruction), [1, 0]);
        assert_eq!(b.armed(0, 6, Event::Line), [1, 0]);
        assert_eq!(b.armed(1, 4, Event::Line), [1, 0]);
        // "This does not change which events are set."
        assert_eq!(b.events(1), (LINE | INSTRUCTION) as u32);
        assert_eq!(b.codes[0].active(Event::Line).bits(), 0b11);
    }
}

#[test]
fn m71_events_that_cannot_be_disabled() {
    use Event::*;
    for rules in BOTH {
        for event in [Raise, Reraise, ExceptionHandled, PyUnwind, PyThrow, CReturn, CRaise] {
            let mut b = Bench::new(rules);
            let bit = event.set().bits() as i32;
            for tool in [1, 2] {
                b.register(tool, bit, Some("f"));
                b.register(tool, LINE, Some("line"));
                b.set(tool, CALL | C_RETURN | C_RAISE | event.set().with_ancillaries().bits() as i32);
            }
            b.enter(0);
            let set = b.events(1);
            let CannotDisable(which, change) =
                b.m.disable(id(1), event, &mut b.codes[0], 4, None).expect_err("cannot be disabled");
            let message = format!("Cannot disable {} events. Callback removed.", event.name());
            assert_eq!(CannotDisable(which, change).to_string(), message);
            assert_eq!((which, change.scope, change.events), (event, Scope::Nothing, event.set()));
            assert_eq!((b.callback(1, event), b.callback(2, event)), (None, Some("f")));
            assert_eq!(b.callback(1, Line), Some("line"));
            assert_eq!((b.m.heard(event).bits(), b.events(1)), (0b100, set));
            // CALL is not disabled either.
            assert_eq!(b.armed(0, 4, Call), [2, 1]);
        }
    }
}

#[test]
fn m71_the_message() {
    let mut b = Bench::new(Rules::Specification);
    let error = b.m.disable(id(1), Event::CReturn, &mut b.codes[0], 4, None).unwrap_err();
    assert_eq!(error.to_string(), "Cannot disable C_RETURN events. Callback removed.");
}

#[test]
fn m72_m74_each_instruction_is_a_site_of_its_own() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE | PY_START | 2);
    b.enter(0);
    b.disable(1, Event::Line, 0, 4);
    b.disable(1, Event::PyResume, 0, 20);
    assert_eq!(b.armed(0, 30, Event::Line), [1]);
    assert_eq!(b.armed(0, 40, Event::PyResume), [1]);
    assert_eq!(b.armed(0, 20, Event::PyStart), [1]);
}

#[test]
fn m73_disable_on_call_stops_the_c_events_there() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.set(1, CALL);
        b.set(2, CALL);
        b.enter(0);
        let before = b.codes[0].disabled(4, Event::Call);
        b.disable(1, Event::Call, 0, 4);
        for event in [Event::Call, Event::CReturn, Event::CRaise] {
            assert_eq!(b.armed(0, 4, event), [2]);
            assert_eq!(b.armed(0, 8, event), [2, 1]);
        }
        // For the call under way: the active tools, less those that had disabled it before.
        assert_eq!(b.codes[0].active(Event::CReturn).minus(before).bits(), 0b110);
    }
}

#[test]
fn m75_directions_are_disabled_independently() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.register(1, LEFT, Some("left"));
        b.register(1, RIGHT, Some("right"));
        b.set(1, BRANCH);
        b.enter(0);
        b.disable_at(1, Event::BranchLeft, 0, 8, Some((8, 20)));
        assert!(b.armed(0, 8, Event::BranchLeft).is_empty());
        assert_eq!(b.armed(0, 20, Event::BranchRight), [1]);
        b.disable_at(1, Event::BranchRight, 0, 20, Some((8, 20)));
        assert!(b.armed(0, 20, Event::BranchRight).is_empty());
    }
}

#[test]
fn m76_disable_from_branch_is_for_one_direction_under_cpython_314() {
    let mut b = Bench::new(Rules::CPython314);
    b.register(1, BRANCH, Some("branch"));
    b.set(1, BRANCH);
    b.enter(0);
    let silenced = b.disable_at(1, Event::BranchRight, 0, 20, Some((8, 20)));
    assert_eq!(silenced, EventSet::BRANCH_RIGHT);
    assert!(b.armed(0, 20, Event::BranchRight).is_empty());
    assert_eq!(b.armed(0, 8, Event::BranchLeft), [1]);
}

#[test]
fn m77_restart_brings_everything_back_in_running_frames() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.set(1, LINE);
        b.set_local(2, 0, CALL);
        b.enter(0);
        b.visit(1);
        b.disable(1, Event::Line, 0, 4);
        b.disable(2, Event::Call, 0, 4);
        b.disable(1, Event::Line, 1, 4);
        let change = b.m.restart_events();
        assert_eq!((change.scope, change.cause, change.tool), (Scope::Everywhere, Cause::Restart, None));
        b.apply(change, None);
        assert_eq!((b.armed(0, 4, Event::Line), b.armed(0, 4, Event::Call)), (vec![1], vec![2]));
        // Code 1 is not on the stack: when it is entered.
        assert!(b.armed(1, 4, Event::Line).is_empty());
        b.visit(1);
        assert_eq!(b.armed(1, 4, Event::Line), [1]);
    }
}

#[test]
fn m77_a_disable_after_the_restart_holds() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    b.enter(0);
    b.restart();
    b.disable(1, Event::Line, 0, 4);
    b.visit(0);
    b.set(2, CALL);
    assert!(b.armed(0, 4, Event::Line).is_empty());
}

#[test]
fn m78_what_does_not_bring_a_disabled_location_back() {
    let ways: [fn(&mut Bench); 8] = [
        |b| {
            b.register(1, LINE, Some("new"));
        },
        |b| b.set(1, LINE),
        |b| b.set(1, LINE | CALL),
        |b| {
            b.set(1, LINE | CALL);
            b.set(1, LINE);
        },
        |b| b.set_local(1, 0, JUMP),
        |b| b.set(2, CALL),
        |b| b.free(2),
        // Nor does another tool coming to the very event (section 20 is not imitated).
        |b| b.set(2, LINE),
    ];
    for way in ways {
        for rules in BOTH {
            let mut b = Bench::new(rules);
            b.register(1, LINE, Some("line"));
            b.set(1, LINE);
            b.enter(0);
            b.disable(1, Event::Line, 0, 4);
            way(&mut b);
            b.visit(0);
            assert!(!b.armed(0, 4, Event::Line).contains(&1));
        }
    }
}

// ---- 7, when changes take effect

#[test]
fn m82_an_update_touches_only_what_changed() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    assert!(b.m.update(&mut b.codes[0]).changed);
    assert!(!b.m.update(&mut b.codes[0]).changed);
    b.disable(1, Event::Line, 0, 4);
    b.set(2, LINE | CALL);
    b.set(1, LINE | CALL);
    assert!(b.m.update(&mut b.codes[0]).changed);
    assert_eq!(b.armed(0, 4, Event::Line), [2]);
    assert_eq!(b.armed(0, 4, Event::Call), [2, 1]);
    // An event without a site concerns no code object.
    b.set(1, LINE | CALL | RAISE);
    assert!(!b.m.is_current(&b.codes[0]));
    assert!(!b.m.update(&mut b.codes[0]).changed);
    assert!(b.m.is_current(&b.codes[0]));
}

#[test]
fn m82_a_restart_removes_and_adds_everything() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    let _ = b.m.update(&mut b.codes[0]);
    b.disable(1, Event::Line, 0, 4);
    let _ = b.m.restart_events();
    assert!(b.m.update(&mut b.codes[0]).changed);
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
}

#[test]
fn m83_global_changes_reach_running_code_at_once_and_other_code_when_entered() {
    let mut b = Bench::new(Rules::Specification);
    b.enter(0);
    b.visit(1);
    let change = b.m.set_events(1, LINE).unwrap();
    assert_eq!((change.scope, change.events), (Scope::Everywhere, EventSet::LINE));
    b.apply(change, None);
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    assert!(b.armed(1, 4, Event::Line).is_empty() && !b.m.is_current(&b.codes[1]));
    b.enter(1);
    assert_eq!(b.armed(1, 4, Event::Line), [1]);
}

#[test]
fn m84_local_changes_reach_their_code_at_once() {
    let mut b = Bench::new(Rules::Specification);
    b.enter(1);
    let change = b.m.set_local_events(1, &mut b.codes[0], LINE).unwrap();
    assert_eq!((change.scope, change.events), (Scope::ThisCode, EventSet::LINE));
    b.apply(change, Some(0));
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
    // Global changes that it had not heard of come with it.
    b.set(2, CALL);
    assert!(b.armed(0, 4, Event::Call).is_empty());
    b.set_local(1, 0, LINE | JUMP);
    assert_eq!(b.armed(0, 4, Event::Call), [2]);
}

#[test]
fn m84_clear_refreshes_like_set_events() {
    let mut b = Bench::new(Rules::CPython314);
    b.set_local(1, 0, LINE);
    b.set_local(2, 1, LINE);
    b.enter(0);
    b.enter(1);
    let change = b.m.clear_tool_id(id(1));
    assert_eq!((change.scope, change.cause), (Scope::Everywhere, Cause::Clear));
    b.apply(change, None);
    assert!(b.armed(0, 4, Event::Line).is_empty());
    let change = b.m.free_tool_id(id(2));
    assert_eq!((change.scope, change.cause), (Scope::Everywhere, Cause::Free));
    b.apply(change, None);
    assert!(b.armed(1, 4, Event::Line).is_empty());
}

/// LINE of tool 1 disabled at 4 in code 0, which is not running.
fn disabled_line(rules: Rules) -> Bench {
    let mut b = Bench::new(rules);
    b.set(1, LINE);
    b.visit(0);
    b.disable(1, Event::Line, 0, 4);
    b
}

#[test]
fn m86_off_and_on_without_an_update_leaves_disabled_lines_disabled() {
    for rules in BOTH {
        let mut b = disabled_line(rules);
        b.set(1, 0);
        b.set(1, LINE);
        b.visit(0);
        assert!(b.armed(0, 4, Event::Line).is_empty());
        assert_eq!(b.armed(0, 8, Event::Line), [1]);
    }
}

#[test]
fn m86_even_through_free_and_use() {
    for rules in BOTH {
        let mut b = disabled_line(rules);
        b.free(1);
        b.m.use_tool_id(id(1), "again").unwrap();
        b.set(1, LINE);
        b.visit(0);
        assert!(b.armed(0, 4, Event::Line).is_empty());
        assert_eq!(b.armed(0, 8, Event::Line), [1]);
    }
}

#[test]
fn m86_with_an_update_in_between_they_are_back() {
    for rules in BOTH {
        let mut b = disabled_line(rules);
        b.set(1, 0);
        b.visit(0);
        b.set(1, LINE);
        b.visit(0);
        assert_eq!(b.armed(0, 4, Event::Line), [1]);

        // On the stack: every change updates.
        let mut b = disabled_line(rules);
        b.enter(0);
        b.set(1, 0);
        b.set(1, LINE);
        assert_eq!(b.armed(0, 4, Event::Line), [1]);
    }
}

#[test]
fn m86_local_off_and_on_always_re_enables() {
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.set_local(1, 0, LINE);
        b.disable(1, Event::Line, 0, 4);
        b.set_local(1, 0, 0);
        b.set_local(1, 0, LINE);
        assert_eq!(b.armed(0, 4, Event::Line), [1]);
    }
}

#[test]
fn m86_a_disable_that_comes_after_the_event_went_off_is_forgotten() {
    // The callback sets its own events to 0 and then returns DISABLE.
    for rules in BOTH {
        let mut b = Bench::new(rules);
        b.set(1, LINE);
        b.enter(0);
        b.set(1, 0);
        let silenced = b.disable_at(1, Event::Line, 0, 4, None);
        assert_eq!(silenced, EventSet::empty());
        b.set(1, LINE);
        assert_eq!(b.armed(0, 4, Event::Line), [1]);
    }
}

#[test]
fn m87_moving_an_event_between_global_and_local_re_enables_nothing() {
    for rules in BOTH {
        let mut b = disabled_line(rules);
        b.enter(0);
        b.set_local(1, 0, LINE);
        b.set(1, 0);
        assert_eq!(b.armed(0, 8, Event::Line), [1]);
        assert!(b.armed(0, 4, Event::Line).is_empty());
        b.set(1, LINE);
        b.set_local(1, 0, 0);
        assert_eq!(b.armed(0, 8, Event::Line), [1]);
        assert!(b.armed(0, 4, Event::Line).is_empty());
    }
}

#[test]
fn m88_events_count_without_a_callback() {
    let mut b = Bench::new(Rules::Specification);
    b.set(1, LINE);
    b.enter(0);
    assert!(b.m.heard(Event::Line).is_empty());
    assert_eq!(b.armed(0, 4, Event::Line), [1]);
}

// ---- 17, internal tools

#[test]
fn m160_m161_m163_internal_tools() {
    let mut b = Bench::new(Rules::CPython314);
    for (tool, bits) in [(ToolId::PROFILE, 64), (ToolId::TRACE, 128)] {
        let change = b.m.set_events_unchecked(tool, EventSet::LINE);
        b.apply(change, None);
        assert_eq!(ToolMask::of(tool).bits(), bits);
    }
    b.set(1, LINE);
    b.enter(0);
    assert_eq!(b.armed(0, 4, Event::Line), [7, 6, 1]);
    b.clear(1);
    b.restart();
    assert_eq!(b.armed(0, 4, Event::Line), [7, 6]);
    // Programs cannot name them.
    assert!([6, 7].iter().all(|n| Monitor::<(), ()>::tool(*n).is_err()));
}

// ---- 20, tools are independent here

#[test]
fn m170_m171_a_second_tool_takes_nothing_and_brings_nothing_back() {
    let mut b = Bench::new(Rules::CPython314);
    b.set(1, INSTRUCTION | LINE);
    b.enter(0);
    b.disable(1, Event::Line, 0, 4);
    b.set(2, INSTRUCTION | LINE);
    assert_eq!(b.armed(0, 4, Event::Instruction), [2, 1]);
    assert_eq!(b.armed(0, 4, Event::Line), [2]);
    b.set(2, 0);
    assert_eq!(b.armed(0, 4, Event::Instruction), [1]);
    assert!(b.armed(0, 4, Event::Line).is_empty());
}

// ---- 21, the specification against 3.14

#[test]
fn section_21_disable_from_branch_silences_both_directions_and_nothing_else() {
    for (event, offset) in [(Event::BranchLeft, 8), (Event::BranchRight, 20)] {
        let mut b = Bench::new(Rules::Specification);
        for tool in [1, 2] {
            b.register(tool, BRANCH, Some("branch"));
            b.set(tool, BRANCH | INSTRUCTION);
        }
        b.enter(0);
        b.enter(1);
        let silenced = b.disable_at(1, event, 0, offset, Some((8, 20)));
        assert_eq!(silenced, EventSet::BRANCH_LEFT | EventSet::BRANCH_RIGHT);
        assert_eq!(b.armed(0, 8, Event::BranchLeft), [2]);
        assert_eq!(b.armed(0, 20, Event::BranchRight), [2]);
        // Neither another branch, nor what may happen at the same offsets, nor another code.
        for (code, at, event) in [
            (0, 30, Event::BranchLeft),
            (0, 40, Event::BranchRight),
            (0, 20, Event::BranchLeft),
            (0, 8, Event::BranchRight),
            (0, 8, Event::Instruction),
            (0, 20, Event::Instruction),
            (1, 8, Event::BranchLeft),
            (1, 20, Event::BranchRight),
        ] {
            assert_eq!(b.armed(code, at, event), [2, 1]);
        }
        assert_eq!(b.events(1), (LEFT | RIGHT | INSTRUCTION) as u32);
        b.restart();
        assert_eq!(b.armed(0, 8, Event::BranchLeft), [2, 1]);
        assert_eq!(b.armed(0, 20, Event::BranchRight), [2, 1]);
    }
}

#[test]
fn section_21_only_callbacks_registered_for_branch_do_that() {
    let mut b = Bench::new(Rules::Specification);
    b.register(1, BRANCH, Some("branch"));
    b.register(1, LEFT, Some("left"));
    b.set(1, BRANCH);
    b.enter(0);
    b.disable_at(1, Event::BranchLeft, 0, 8, Some((8, 20)));
    assert!(b.armed(0, 8, Event::BranchLeft).is_empty());
    assert_eq!(b.armed(0, 20, Event::BranchRight), [1]);
}

#[test]
fn section_21_a_direction_that_is_not_monitored_is_not_disabled_for_later() {
    let mut b = Bench::new(Rules::Specification);
    b.register(1, BRANCH, Some("branch"));
    b.set(1, RIGHT);
    b.enter(0);
    let silenced = b.disable_at(1, Event::BranchRight, 0, 20, Some((8, 20)));
    assert_eq!(silenced, EventSet::BRANCH_RIGHT);
    b.set(1, BRANCH);
    assert_eq!(b.armed(0, 8, Event::BranchLeft), [1]);
    assert!(b.armed(0, 20, Event::BranchRight).is_empty());
}

#[test]
fn section_21_what_counts_is_the_registration_when_disable_is_answered() {
    let ways: [fn(&mut Bench); 3] = [
        |b| {
            b.register(1, BRANCH, None);
        },
        |b| {
            b.register(1, LEFT, Some("left"));
        },
        |b| {
            b.clear(1);
            b.set(1, BRANCH);
        },
    ];
    for way in ways {
        let mut b = Bench::new(Rules::Specification);
        b.register(1, BRANCH, Some("branch"));
        b.set(1, BRANCH);
        b.enter(0);
        way(&mut b);
        assert_eq!(b.disable_at(1, Event::BranchLeft, 0, 8, Some((8, 20))), EventSet::BRANCH_LEFT);
        assert_eq!(b.armed(0, 20, Event::BranchRight), [1]);
    }
}
