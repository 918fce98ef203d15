//! `sys.monitoring` from Rust: closures for events, in typed structs, with guards that take them away.
//!
//! [`Python::monitoring`](crate::Python::monitoring) gives a [`Monitoring`], which does what Python's functions
//! do; a closure gets one too, so it may change whatever it likes from inside an event.
//!
//! ```
//! use seriema::events::{self, Verdict};
//! use seriema::monitoring::ToolId;
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! let mut py = seriema::Python::builder().build()?;
//! let tool = py.monitoring().take_tool(ToolId::PROFILER, "doc")?;
//! let calls = Arc::new(AtomicU64::new(0));
//! let seen = calls.clone();
//! let guard = py.monitoring().watch(&tool, events::PyStart, move |_, start| {
//!     if start.code.name() == "f" {
//!         seen.fetch_add(1, Ordering::Relaxed);
//!     }
//!     Verdict::Continue
//! })?;
//! py.exec("def f(): pass\nfor i in range(3): f()", "<doc>")?;
//! drop(guard);
//! py.exec("f()", "<doc>")?;
//! assert_eq!(calls.load(Ordering::Relaxed), 3);
//! # Ok::<(), seriema::Error>(())
//! ```
//!
//! **Events** are the types of [`typed`](seriema_monitoring::typed), reexported here: `events::Line`,
//! `events::PyStart` and so on. What a closure receives follows from the event's shape in the one table of
//! events: [`At`], [`AtValue`], [`AtCall`], [`AtException`], [`AtLine`], [`AtJump`].
//!
//! **Guards** ([`Tool`], [`Registration`]) may be dropped anywhere, inside their own event and on other threads
//! too. From then on the closure is not called; it is itself dropped, and the interpreter's sites are cleared,
//! as soon as the interpreter runs or ends an event.
//!
//! **Threads**: Python's threads are threads of the operating system, one at a time; closures are called on
//! the thread where the event is, so they are `Send`.
//!
//! **A closure that panics** does not unwind the interpreter: the program sees a SystemError, and the panic goes
//! on where the embedder called [`Python`](crate::Python), whatever the program did with the exception.

pub use seriema_monitoring::typed::*;
pub use seriema_monitoring::{Event, EventSet, MonitorError, ToolId, TypedEvent, Verdict};

use seriema_monitoring::shape;
use seriema_vm::code::Code;
use seriema_vm::listen::{Closing, Closings, Ticket};
use seriema_vm::monitor::EventInfo;
use seriema_vm::object::{Function, Method, Str};
use seriema_vm::value::Value;
use seriema_vm::vm::Vm;

type Result<T> = std::result::Result<T, MonitorError>;

/// A code object, seen from outside.
///
/// ```
/// use seriema::events::{CodeRef, code_of};
/// let mut py = seriema::Python::builder().build()?;
/// py.exec("def f(x):\n    if x:\n        return 1\n    return 2", "doc.py")?;
/// let f = py.global("f").unwrap();
/// let code = code_of(&f).unwrap();
/// let code = CodeRef::of(&code).unwrap();
/// assert_eq!((code.name(), code.filename(), code.first_line()), ("f", "doc.py".to_owned(), 1));
/// assert_eq!(code.lines(), [2, 3, 4]);
/// # Ok::<(), seriema::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct CodeRef<'a> {
    value: &'a Value,
}

impl<'a> CodeRef<'a> {
    /// Of a code object: [`code_of`] gives that of a function.
    pub fn of(value: &'a Value) -> Option<CodeRef<'a>> {
        value.get::<Code>().map(|_| CodeRef { value })
    }
    /// The Python object.
    pub fn value(self) -> &'a Value {
        self.value
    }
    fn code(self) -> &'a Code {
        self.value.as_()
    }
    /// A number that no other code object of this interpreter ever has.
    pub fn id(self) -> u64 {
        self.code().id
    }
    /// `co_name`
    pub fn name(self) -> &'a str {
        self.code().name.get::<Str>().map_or("", Str::as_str)
    }
    /// `co_qualname`
    pub fn qualname(self) -> &'a str {
        self.code().qualname.get::<Str>().map_or("", Str::as_str)
    }
    /// `co_filename`
    pub fn filename(self) -> String {
        self.code().filename().get::<Str>().map_or("", Str::as_str).to_owned()
    }
    /// `co_firstlineno`
    pub fn first_line(self) -> u32 {
        self.code().firstlineno.try_into().unwrap_or(0)
    }
    /// The line of the instruction at this offset of `co_code`.
    pub fn line_at(self, offset: u32) -> Option<u32> {
        self.code().line(offset as usize / 2).try_into().ok()
    }
    /// The lines on which [`Line`] can happen, in order.
    pub fn lines(self) -> Vec<u32> {
        let starts = self.code().sites().line_starts();
        let mut lines: Vec<u32> = starts.filter_map(|at| self.line_at(at * 2)).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
    /// The code objects of the functions, classes and so on that are written inside this one.
    pub fn inner(self) -> impl Iterator<Item = CodeRef<'a>> {
        self.code().consts.iter().filter(|c| c.get::<Code>().is_some()).map(|value| CodeRef { value })
    }
}

/// The code object that `value` is, or that of the function or method that it is.
pub fn code_of(value: &Value) -> Option<Value> {
    if value.get::<Code>().is_some() {
        return Some(value.clone());
    }
    match value.get::<Method>() {
        Some(m) => code_of(&m.func),
        None => value.get::<Function>().map(Function::code_value),
    }
}

impl std::fmt::Debug for CodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<code {}, {}:{}>", self.qualname(), self.filename(), self.first_line())
    }
}

/// What a closure receives of an event of this shape.
pub trait Arguments {
    /// The struct.
    type Args<'a>;
    /// Reads it from what the interpreter passes.
    fn read<'a>(vm: &Vm, info: &EventInfo<'a>) -> Self::Args<'a>;
}

macro_rules! arguments {
    ($($(#[$doc:meta])* $Args:ident $Shape:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = |$vm:ident, $info:ident| $read:expr,)*
    })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $Args<'a> {
            /// For closures that serve several events.
            pub event: Event,
            /// Where it happens.
            pub code: CodeRef<'a>,
            $($(#[$field_doc])* pub $field: $type,)*
        }
        impl Arguments for shape::$Shape {
            type Args<'a> = $Args<'a>;
            #[inline]
            fn read<'a>(vm: &Vm, info: &EventInfo<'a>) -> $Args<'a> {
                let _ = vm;
                $Args {
                    event: info.event,
                    code: CodeRef { value: info.code },
                    $($field: (|$vm: &Vm, $info: &EventInfo<'a>| $read)(vm, info),)*
                }
            }
        }
    )* };
}

#[inline(always)]
fn number(v: &Value) -> u32 {
    v.word().int() as u32
}

arguments! {
    /// PY_START, PY_RESUME, INSTRUCTION.
    At Location {
        /// Of the instruction, in bytes of `co_code`.
        offset: u32 = |_vm, info| number(info.arg(0)),
    }
    /// PY_RETURN, PY_YIELD.
    AtValue LocationValue {
        /// Of the instruction, in bytes of `co_code`.
        offset: u32 = |_vm, info| number(info.arg(0)),
        /// What is returned or yielded.
        value: &'a Value = |_vm, info| info.arg(1),
    }
    /// CALL, C_RETURN, C_RAISE.
    AtCall Call {
        /// Of the instruction, in bytes of `co_code`.
        offset: u32 = |_vm, info| number(info.arg(0)),
        /// What is called.
        callable: &'a Value = |_vm, info| info.arg(1),
        /// The first argument; None where Python gets `MISSING`.
        arg0: Option<&'a Value> = |vm, info| Some(info.arg(2)).filter(|v| !v.is(&vm.monitoring_missing)),
    }
    /// RAISE, RERAISE, EXCEPTION_HANDLED, PY_UNWIND, PY_THROW, STOP_ITERATION.
    AtException Exception {
        /// Of the instruction, in bytes of `co_code`.
        offset: u32 = |_vm, info| number(info.arg(0)),
        /// The exception under way.
        exception: &'a Value = |_vm, info| info.arg(1),
    }
    /// LINE.
    AtLine Line {
        /// The line that is about to run.
        line: u32 = |_vm, info| number(info.arg(0)),
    }
    /// JUMP, BRANCH_LEFT, BRANCH_RIGHT, BRANCH.
    AtJump Jump {
        /// Of the jump or branch, in bytes of `co_code`.
        offset: u32 = |_vm, info| number(info.arg(0)),
        /// Where it goes, likewise.
        destination: u32 = |_vm, info| number(info.arg(1)),
    }
}

/// What the closure of an event receives.
pub type ArgsOf<'a, E> = <<E as TypedEvent>::Shape as Arguments>::Args<'a>;

/// The monitoring of one interpreter. From [`Python::monitoring`](crate::Python::monitoring), or in an event.
pub struct Monitoring<'py> {
    vm: &'py mut Vm,
}

impl<'py> Monitoring<'py> {
    #[inline(always)]
    pub(crate) fn new(vm: &'py mut Vm) -> Self {
        Monitoring { vm }
    }

    /// `use_tool_id`: takes a tool id, until the guard is dropped.
    ///
    /// ```
    /// use seriema::events::{MonitorError, ToolId};
    /// let mut py = seriema::Python::builder().build()?;
    /// let tool = py.monitoring().take_tool(ToolId::COVERAGE, "mine")?;
    /// let again = py.monitoring().take_tool(ToolId::COVERAGE, "theirs");
    /// assert_eq!(again.unwrap_err(), MonitorError::InUse(1));
    /// drop(tool);
    /// assert_eq!(py.monitoring().tool_name(ToolId::COVERAGE), None);
    /// # Ok::<(), seriema::Error>(())
    /// ```
    pub fn take_tool(&mut self, id: ToolId, name: &str) -> Result<Tool> {
        let ticket = self.vm.take_tool(id, name)?;
        Ok(Tool { id, ticket, closings: self.vm.listening.closings.clone() })
    }
    /// `get_tool`: who has this id.
    pub fn tool_name(&self, id: ToolId) -> Option<String> {
        self.vm.monitor.get_tool(id).and_then(|n| n.get::<Str>()).map(|s| s.as_str().to_owned())
    }

    /// `register_callback`: calls `f` for every `event` that is set for the tool, until the guard is dropped.
    /// The tool id may be one that the program took.
    ///
    /// ```
    /// use seriema::events::{self, EventSet, ToolId, Verdict};
    /// let mut py = seriema::Python::builder().build()?;
    /// let tool = py.monitoring().take_tool(ToolId::DEBUGGER, "doc")?;
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let _guard = py.monitoring().on(&tool, events::Call, move |_, call| {
    ///     let _ = tx.send(call.arg0.is_none());
    ///     Verdict::Disable // of this site
    /// })?;
    /// py.monitoring().set_events(&tool, EventSet::CALL)?;
    /// py.exec("for i in range(5): abs(i); list()", "<doc>")?;
    /// py.monitoring().set_events(&tool, EventSet::empty())?;
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [false, false, true]); // range(5), abs(i), list()
    /// # Ok::<(), seriema::Error>(())
    /// ```
    pub fn on<E>(
        &mut self,
        tool: impl Into<ToolId>,
        event: E,
        f: impl for<'a> Fn(&mut Monitoring<'_>, ArgsOf<'a, E>) -> Verdict + Send + 'static,
    ) -> Result<Registration>
    where
        E: TypedEvent,
        E::Shape: Arguments,
    {
        let tool = tool.into();
        let ticket = self.vm.register_rust(tool, E::BIT, move |vm, info| {
            let args = E::Shape::read(vm, info);
            f(&mut Monitoring { vm }, args)
        })?;
        let closings = self.vm.listening.closings.clone();
        Ok(Registration { tool, events: event.events(), global: EventSet::empty(), ticket, closings })
    }
    /// [`on`](Monitoring::on), and sets the event in the tool's global set as well: for C_RETURN and C_RAISE
    /// that is CALL. The guard takes both away.
    pub fn watch<E>(
        &mut self,
        tool: impl Into<ToolId>,
        event: E,
        f: impl for<'a> Fn(&mut Monitoring<'_>, ArgsOf<'a, E>) -> Verdict + Send + 'static,
    ) -> Result<Registration>
    where
        E: TypedEvent,
        E::Shape: Arguments,
    {
        let tool = tool.into();
        let wanted = event.events().controlling();
        let set = self.events(tool)?;
        self.set_events(tool, set | wanted)?;
        let mut registration = self.on(tool, event, f)?;
        registration.global = wanted.difference(set);
        Ok(registration)
    }

    /// `set_events`: the events that the tool hears everywhere.
    pub fn set_events(&mut self, tool: impl Into<ToolId>, events: EventSet) -> Result<()> {
        let change = self.vm.monitor.set_events(tool.into().index() as i32, events.bits() as i32)?;
        self.vm.apply(change, None);
        Ok(())
    }
    /// `get_events`
    pub fn events(&self, tool: impl Into<ToolId>) -> Result<EventSet> {
        self.vm.monitor.get_events(tool.into().index() as i32)
    }
    /// `set_local_events`: the events that the tool hears in this code object besides.
    ///
    /// ```
    /// use seriema::events::{self, CodeRef, EventSet, MonitorError, ToolId, Verdict, code_of};
    /// let mut py = seriema::Python::builder().build()?;
    /// py.exec("def f():\n    pass\ndef g():\n    pass", "<doc>")?;
    /// let f = py.global("f").unwrap();
    /// let code = code_of(&f).unwrap();
    /// let code = CodeRef::of(&code).unwrap();
    /// let tool = py.monitoring().take_tool(ToolId::COVERAGE, "doc")?;
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let _guard = py.monitoring().on(&tool, events::Line, move |_, at| {
    ///     let _ = tx.send(at.line);
    ///     Verdict::Continue
    /// })?;
    /// py.monitoring().set_local_events(&tool, code, EventSet::LINE)?;
    /// py.exec("f(); g()", "<doc>")?;
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [2]);
    /// let refused = py.monitoring().set_local_events(&tool, code, EventSet::RAISE);
    /// assert_eq!(refused, Err(MonitorError::InvalidLocalEventSet(2048)));
    /// # Ok::<(), seriema::Error>(())
    /// ```
    pub fn set_local_events(
        &mut self,
        tool: impl Into<ToolId>,
        code: CodeRef,
        events: EventSet,
    ) -> Result<()> {
        let code = code.code();
        let change = self.vm.monitor.set_local_events(
            tool.into().index() as i32,
            &mut code.monitoring.borrow_mut(),
            events.bits() as i32,
        )?;
        self.vm.apply(change, Some(code));
        Ok(())
    }
    /// `get_local_events`
    pub fn local_events(&self, tool: impl Into<ToolId>, code: CodeRef) -> Result<EventSet> {
        self.vm.monitor.get_local_events(tool.into().index() as i32, &code.code().monitoring.borrow())
    }
    /// `restart_events`: everything that callbacks have disabled comes back, for all tools.
    pub fn restart_events(&mut self) {
        let change = self.vm.monitor.restart_events();
        self.vm.apply(change, None);
    }

    /// The name of a value's class, for closures that report what they see.
    pub fn class_name(&self, v: &Value) -> String {
        self.vm.type_name(v)
    }
}

/// A tool id that is ours. Dropped, it takes its callbacks, its events (global and local) and the id away.
#[derive(Debug)]
#[must_use = "dropping it frees the tool"]
pub struct Tool {
    id: ToolId,
    ticket: u64,
    closings: Closings,
}

impl Tool {
    pub fn id(&self) -> ToolId {
        self.id
    }
}

impl From<&Tool> for ToolId {
    fn from(tool: &Tool) -> ToolId {
        tool.id
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        self.closings.add(Closing::Tool { tool: self.id, ticket: self.ticket });
    }
}

/// A registered closure. Dropped, it takes the closure away, if it is still the registered one; and the events
/// that [`watch`](Monitoring::watch) has set.
#[derive(Debug)]
#[must_use = "dropping it unregisters the closure"]
pub struct Registration {
    tool: ToolId,
    events: EventSet,
    global: EventSet,
    ticket: Ticket,
    closings: Closings,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.closings.add(Closing::Callback {
            tool: self.tool,
            events: self.events,
            ticket: self.ticket.clone(),
            global: self.global,
        });
    }
}
