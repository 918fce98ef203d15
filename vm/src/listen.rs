//! Rust callbacks: what is registered, and how it goes away.
//!
//! The owner of a registration may let go of it at any moment: on another thread, or inside the very event. So
//! letting go only leaves a [`Closing`] in the VM's [`Closings`] and sets a flag that keeps the callback from
//! being called again. The VM carries closings out when a Rust callback is over, and the embedding facade
//! before it runs anything. A callback is known by its ticket, which is never used again: a registration that
//! has been replaced meanwhile takes nothing away.

use crate::monitor::{Callback, EventInfo};
use crate::value::Value;
use crate::vm::Vm;
use seriema_monitoring::{Change, Event, EventSet, MonitorError, ToolId, USER_TOOLS, Verdict};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A registered closure.
pub struct Listener<F: ?Sized> {
    ticket: u64,
    alive: Arc<AtomicBool>,
    f: F,
}

pub type RustCallback = Rc<Listener<dyn Fn(&mut Vm, &EventInfo) -> Verdict>>;

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
        self.0.0.store(true, Ordering::Release);
    }
    fn list(&self) -> MutexGuard<'_, Vec<Closing>> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn are_waiting(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }
    fn take(&self) -> Vec<Closing> {
        self.0.0.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.list())
    }
}

/// What the VM knows of its embedder's listeners.
#[derive(Default)]
pub struct Listening {
    pub closings: Closings,
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
    pub fn register_rust(
        &mut self,
        tool: ToolId,
        bit: u32,
        f: impl Fn(&mut Vm, &EventInfo) -> Verdict + 'static,
    ) -> Result<Ticket, MonitorError> {
        let ticket = Ticket { number: self.listening.ticket(), alive: Arc::new(AtomicBool::new(true)) };
        let listener: RustCallback =
            Rc::new(Listener { ticket: ticket.number, alive: ticket.alive.clone(), f });
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

    /// Runs a Rust callback. A panic does not pass through the interpreter: it becomes an exception of the
    /// program, and is kept for whoever runs it.
    pub(crate) fn call_listener(
        &mut self,
        listener: &RustCallback,
        info: &EventInfo,
    ) -> crate::error::R<Verdict> {
        let mut verdict = Ok(Verdict::Continue);
        if listener.alive.load(Ordering::Relaxed) {
            let call = std::panic::AssertUnwindSafe(|| (listener.f)(self, info));
            verdict = match std::panic::catch_unwind(call) {
                Ok(v) => Ok(v),
                Err(payload) => Err(self.callback_panicked(info.event, payload)),
            };
        }
        if self.listening.closings.are_waiting() {
            self.carry_out_closings();
        }
        verdict
    }
    #[cold]
    fn callback_panicked(
        &mut self,
        event: Event,
        payload: Box<dyn std::any::Any + Send>,
    ) -> crate::error::Exc {
        self.listening.panic.get_or_insert(payload);
        self.raise("SystemError", format!("the callback for {event} panicked"))
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
