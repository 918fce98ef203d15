//! Rust callbacks: what is registered, and how it goes away.
//!
//! The owner of a registration may let go of it at any moment: on another thread, or inside the very event. So
//! letting go only leaves a [`Closing`] in the VM's [`Closings`] and sets a flag that keeps the callback from
//! being called again. The VM carries closings out when a Rust callback is over, and the embedding facade
//! before it runs anything. A callback is known by its ticket, which is never used again: a registration that
//! has been replaced meanwhile takes nothing away.
//!
//! A closure that alone hears an event is called without counting its owners: whatever replaces it meanwhile only
//! retires it, and it goes when no closure runs. The flag of the [`Closings`] says that too; so one test before the
//! call and one behind it find out whether anything but looking is to be done.

use crate::error::{Exc, R};
use crate::monitor::{Args, Callback, EventInfo};
use crate::value::{Value, Word};
use crate::vm::Vm;
use seriema_monitoring::{
    Change, Event, EventSet, MonitorError, Rules, ToolId, ToolMask, USER_TOOLS, Verdict,
};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A registered closure.
pub struct Listener {
    ticket: u64,
    alive: Arc<AtomicBool>,
    /// Gets the code object and the event's arguments, borrowed, in registers.
    f: Box<dyn Fn(&mut Vm, Word, Word, Word, Word) -> Answer>,
}

pub type RustCallback = Rc<Listener>;

/// How hearing of an event ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Continue,
    Disable,
    /// The closure panicked: an exception is pending.
    Failed,
}

impl Answer {
    pub(crate) fn verdict(self) -> R<Verdict> {
        match self {
            Answer::Continue => Ok(Verdict::Continue),
            Answer::Disable => Ok(Verdict::Disable),
            Answer::Failed => Err(Exc),
        }
    }
}

impl Listener {
    /// Calls the closure, unless its owner has let go of it.
    ///
    /// # Safety
    /// The words are those of a code object and of the arguments of the event that the VM is firing; somebody
    /// keeps them.
    pub(crate) unsafe fn hear(&self, vm: &mut Vm, code: Word, args: Args) -> Answer {
        match self.alive.load(Ordering::Relaxed) {
            // SAFETY: as promised.
            true => unsafe { self.hear_alive(vm, code, args) },
            false => Answer::Continue,
        }
    }
    /// The same where no [`Closings`] are waiting.
    ///
    /// # Safety
    /// As of `hear`.
    #[inline(always)]
    pub(crate) unsafe fn hear_alive(&self, vm: &mut Vm, code: Word, [a, b, c]: Args) -> Answer {
        (self.f)(vm, code, a, b, c)
    }
}

/// The owner's end of a registration.
#[derive(Clone, Debug)]
pub struct Ticket {
    number: u64,
    alive: Arc<AtomicBool>,
}

/// What is to be taken away.
#[derive(Debug)]
pub enum Closing {
    /// The callback with this ticket for these events, and these events of the tool's global set.
    Callback { tool: ToolId, events: EventSet, ticket: Ticket, global: EventSet },
    /// A tool id that was taken with this ticket: its callbacks, its events, and the id.
    Tool { tool: ToolId, ticket: u64 },
}

/// Closings that have yet to be carried out.
#[derive(Clone, Default, Debug)]
pub struct Closings(Arc<(AtomicBool, Mutex<Vec<Closing>>)>);

impl Closings {
    pub fn add(&self, closing: Closing) {
        if let Closing::Callback { ticket, .. } = &closing {
            ticket.alive.store(false, Ordering::Relaxed);
        }
        self.list().push(closing);
        self.raise();
    }
    /// Something is to be done before the next closure is called, or behind this one.
    pub(crate) fn raise(&self) {
        self.0.0.store(true, Ordering::Release);
    }
    fn list(&self) -> MutexGuard<'_, Vec<Closing>> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
    #[inline(always)]
    pub(crate) fn are_waiting(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }
    fn take(&self) -> Vec<Closing> {
        self.0.0.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.list())
    }
}

/// A closure that hears an event for exactly these tools, one: most events that closures hear go to one. No tool,
/// no closure.
#[derive(Default)]
pub(crate) struct Lone {
    pub tools: ToolMask,
    pub listener: Option<RustCallback>,
}

/// What the VM knows of its embedder's listeners.
#[derive(Default)]
pub struct Listening {
    pub closings: Closings,
    /// By the event's index; follows every change of callbacks.
    pub(crate) lone: [Lone; Event::ALL.len()],
    /// Has any tool a callback for CALL itself?
    pub(crate) call_is_heard: bool,
    /// Those replaced, which may be running.
    retired: Vec<RustCallback>,
    /// Callbacks, of all threads, in which `sys.call_tracing` runs.
    pub(crate) interrupted: usize,
    tickets: u64,
    /// Tool ids that the embedder took: ticket, and the name it gave.
    tools: [Option<(u64, Value)>; USER_TOOLS],
    /// What the first callback that panicked said, for the embedder who runs the program.
    pub panic: Option<Box<dyn std::any::Any + Send>>,
}

impl Listening {
    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

impl Vm {
    /// Registers a closure for one event, given by its bit number (BRANCH included).
    ///
    /// A panic in it does not pass through the interpreter: it becomes an exception of the program, and is kept
    /// for whoever runs it.
    pub fn register_rust(
        &mut self,
        tool: ToolId,
        bit: u32,
        f: impl Fn(&mut Vm, &EventInfo) -> Verdict + 'static,
    ) -> Result<Ticket, MonitorError> {
        let ticket = Ticket { number: self.listening.ticket(), alive: Arc::new(AtomicBool::new(true)) };
        let f = move |vm: &mut Vm, event: Event, code: Word, args: Args| {
            let call = || f(vm, &EventInfo { tool, event, code: Value::of(&code), words: &args });
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)) {
                Ok(Verdict::Continue) => Answer::Continue,
                Ok(Verdict::Disable) => Answer::Disable,
                Err(payload) => vm.callback_panicked(event, payload),
            }
        };
        let f: Box<dyn Fn(&mut Vm, Word, Word, Word, Word) -> Answer> = match Event::from_bit(bit) {
            Some(event) => Box::new(move |vm, code, a, b, c| f(vm, event, code, [a, b, c])),
            // BRANCH is two events.
            None => Box::new(move |vm, code, a, b, c| match vm.tracing.event {
                Some(event) => f(vm, event, code, [a, b, c]),
                None => Answer::Continue,
            }),
        };
        let listener = Listener { ticket: ticket.number, alive: ticket.alive.clone(), f };
        let listener = Rc::new(listener);
        let (old, change) =
            self.monitor.register_callback(tool.index() as i32, 1 << bit, Some(Callback::Rust(listener)))?;
        self.apply(change, None);
        drop(old);
        Ok(ticket)
    }
    /// Takes a tool id for the embedder; the answer is what [`Closing::Tool`] wants.
    pub fn take_tool(&mut self, tool: ToolId, name: &str) -> Result<u64, MonitorError> {
        if tool.index() >= USER_TOOLS {
            return Err(MonitorError::InvalidTool(tool.index() as i32));
        }
        let name = self.str(name);
        self.monitor.use_tool_id(tool, name.clone())?;
        let ticket = self.listening.ticket();
        self.listening.tools[tool.index()] = Some((ticket, name));
        Ok(ticket)
    }

    #[cold]
    fn callback_panicked(&mut self, event: Event, payload: Box<dyn std::any::Any + Send>) -> Answer {
        self.listening.panic.get_or_insert(payload);
        self.raise("SystemError", format!("the callback for {event} panicked"));
        Answer::Failed
    }

    /// Callbacks for these events came or went.
    pub(crate) fn note_lone(&mut self, events: EventSet) {
        for event in events.events() {
            let closure = |tool: &ToolId| match self.monitor.callback(*tool, event) {
                Some(Callback::Rust(_)) => {
                    // CPython's way with BRANCH is for the general path.
                    self.monitor.rules() == Rules::Specification
                        || !self.monitor.registered_as_branch(*tool, event)
                }
                _ => false,
            };
            let tool = self.monitor.heard(event).tools().find(closure);
            let callback = tool.and_then(|t| self.monitor.callback(t, event));
            let lone = match (tool, callback) {
                (Some(t), Some(Callback::Rust(l))) => Lone { tools: t.into(), listener: Some(l.clone()) },
                _ => Lone::default(),
            };
            let old = std::mem::replace(&mut self.listening.lone[event.index()], lone);
            if let Some(listener) = old.listener {
                self.listening.retired.push(listener);
                self.listening.closings.raise();
            }
        }
        if events.contains(EventSet::CALL) {
            let hears_calls = |t: ToolId| self.monitor.callback(t, Event::Call).is_some();
            self.listening.call_is_heard = ToolMask::ALL.tools().any(hears_calls);
        }
    }
    /// Lets retired closures go, if none can be running.
    pub(crate) fn drop_retired(&mut self) {
        if !self.in_callback && self.listening.interrupted == 0 && !self.threads.any_in_callback() {
            // What they own may come back here.
            drop(std::mem::take(&mut self.listening.retired));
        }
    }

    /// Carries out what owners of registrations have left.
    #[cold]
    pub fn carry_out_closings(&mut self) {
        for closing in self.listening.closings.take() {
            match closing {
                Closing::Callback { tool, events, ticket, global } => {
                    self.unregister_rust(tool, events, ticket.number);
                    self.take_from_global(tool, global);
                }
                Closing::Tool { tool, ticket } => self.give_back_tool(tool, ticket),
            }
        }
        self.drop_retired();
    }
    fn unregister_rust(&mut self, tool: ToolId, events: EventSet, ticket: u64) {
        for event in events.events() {
            let mine =
                matches!(self.monitor.callback(tool, event), Some(Callback::Rust(l)) if l.ticket == ticket);
            if mine {
                let bit = event.set().bits() as i32;
                if let Ok((old, change)) = self.monitor.register_callback(tool.index() as i32, bit, None) {
                    self.apply(change, None);
                    drop(old);
                }
            }
        }
    }
    fn take_from_global(&mut self, tool: ToolId, events: EventSet) {
        let Ok(set) = self.monitor.get_events(tool.index() as i32) else { return };
        let change: Change = self.monitor.set_events_unchecked(tool, set.difference(events));
        self.apply(change, None);
    }
    fn give_back_tool(&mut self, tool: ToolId, ticket: u64) {
        let Some((_, name)) = self.listening.tools[tool.index()].take_if(|(t, _)| *t == ticket) else {
            return;
        };
        // The program may have freed the id, and somebody else taken it.
        if self.monitor.get_tool(tool).is_some_and(|n| n.is(&name)) {
            // What is registered may own anything: it goes when the state is consistent again.
            let callbacks: Vec<_> =
                Event::ALL.iter().filter_map(|&e| self.monitor.callback(tool, e).cloned()).collect();
            let change = self.monitor.clear_tool_id(tool);
            self.apply(change, None);
            let change = self.monitor.free_tool_id(tool);
            self.apply(change, None);
            drop(callbacks);
        }
    }
}
