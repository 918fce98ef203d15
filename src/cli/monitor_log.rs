//! `--monitor-log`: every event of the program's own code, a line each; `tests/monitor_log.py` prints the same
//! on another Python, so that the two can be compared with `diff`.
//!
//! ```text
//! PY_START program.py f 0
//! LINE program.py f 12
//! CALL program.py f 20 len list
//! C_RETURN program.py f 20 len list
//! BRANCH_LEFT program.py f 34 40
//! PY_RETURN program.py f 48 int
//! ```
//!
//! That is the event, file and qualified name of the code, offset (LINE: the line), then what the callback
//! gets besides: the class of a value or exception, a callable's name and the class of its first argument
//! (`-` if there is none), the destination of a jump. Code of the library is left out: it is another's.

use seriema::vm::code::Code;
use seriema::vm::monitor::EventInfo;
use seriema::vm::object::{Builtin, Function, Kind, Str, Type};
use seriema::vm::value::Value;
use seriema::vm::vm::Vm;
use seriema_monitoring::{Event, EventSet, ToolId, Verdict};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::rc::Rc;

/// The tool it uses. A program that uses the same finds it taken.
const TOOL: ToolId = ToolId::OPTIMIZER;

/// What is logged.
pub struct Wanted {
    events: EventSet,
    /// Each place once: the callbacks answer DISABLE.
    pub once: bool,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { events: EventSet::LOCAL | EventSet::OTHER | EventSet::ANCILLARY, once: false }
    }
}

impl Wanted {
    /// From names with commas between them.
    pub fn set_events(&mut self, names: &str) -> Result<(), String> {
        self.events = EventSet::empty();
        for name in names.split(',') {
            let event = Event::ALL.iter().find(|e| e.name() == name);
            self.events |= event.ok_or_else(|| format!("no event {name}"))?.set();
        }
        Ok(())
    }
}

pub struct MonitorLog {
    out: Rc<RefCell<BufWriter<Box<dyn Write>>>>,
}

impl MonitorLog {
    /// Begins to listen; `path`: where to, or standard error if empty.
    pub fn start(vm: &mut Vm, path: &str, wanted: Wanted) -> std::io::Result<MonitorLog> {
        let sink: Box<dyn Write> = match path {
            "" => Box::new(std::io::stderr()),
            path => Box::new(File::create(path)?),
        };
        let out = Rc::new(RefCell::new(BufWriter::new(sink)));
        let name = vm.str("monitor-log");
        let _ = vm.monitor.use_tool_id(TOOL, name);
        for event in wanted.events.events() {
            let out = out.clone();
            let once = wanted.once && event.can_disable();
            let callback = move |vm: &mut Vm, info: &EventInfo| {
                if let Some(line) = describe(vm, info) {
                    // A full disk is no business of the program's.
                    let _ = writeln!(out.borrow_mut(), "{line}");
                }
                if once { Verdict::Disable } else { Verdict::Continue }
            };
            let _ = vm.register_rust(TOOL, event as u32, callback);
        }
        let change = vm.monitor.set_events_unchecked(TOOL, wanted.events.controlling());
        vm.apply(change, None);
        Ok(MonitorLog { out })
    }
    /// The program is over.
    pub fn stop(self, vm: &mut Vm) {
        let change = vm.monitor.set_events_unchecked(TOOL, EventSet::empty());
        vm.apply(change, None);
        let _ = self.out.borrow_mut().flush();
    }
}

fn describe(vm: &Vm, info: &EventInfo) -> Option<String> {
    let code = info.code.get::<Code>()?;
    let file = code.filename();
    let file = file.get::<Str>()?.as_str();
    if file.starts_with('<') {
        return None;
    }
    let file = file.rsplit('/').next().unwrap_or(file);
    let name = code.qualname.get::<Str>().map_or("?", Str::as_str);
    let mut line = format!("{} {file} {name}", info.event.name());
    let calls = matches!(info.event, Event::Call | Event::CReturn | Event::CRaise);
    for (i, arg) in info.args().iter().enumerate() {
        line.push(' ');
        match i {
            0 => line.push_str(&arg.word().int().to_string()),
            1 if calls => line.push_str(&callable(vm, arg)),
            2 if arg.is(&vm.monitoring_missing) => line.push('-'),
            _ if matches!(info.event, Event::Jump | Event::BranchLeft | Event::BranchRight) => {
                line.push_str(&arg.word().int().to_string());
            }
            _ => line.push_str(&class(vm, arg)),
        }
    }
    Some(line)
}

fn class(vm: &Vm, v: &Value) -> String {
    vm.type_of(v).as_::<Type>().short_name()
}

/// The name of a function or class; of anything else its class.
fn callable(vm: &Vm, v: &Value) -> String {
    match v.kind() {
        Some(Kind::Function) => {
            let name = v.as_::<Function>().name.borrow().clone();
            name.get::<Str>().map_or("?", Str::as_str).to_owned()
        }
        Some(Kind::Builtin) => v.as_::<Builtin>().def.name.to_owned(),
        Some(Kind::Type) => v.as_::<Type>().short_name(),
        _ => format!("<{}>", class(vm, v)),
    }
}
