//! Frame objects and tracebacks.
//!
//! A frame object shows an activation: while that is on the data stack it points there (and the frame owns
//! one reference to the object, so that there is only one), of a generator it asks the generator, and once
//! the activation is over it owns what the locals held.

use super::{GenState, Generator, Header, Kind, alloc};
use crate::code::Code;
use crate::frame::Frame;
use crate::object::Function;
use crate::value::{Value, Word};
use std::cell::{Cell, RefCell};

#[repr(C)]
pub struct FrameObject {
    h: Header,
    /// On the data stack; null for generators and once it is over.
    pub frame: Cell<*mut Frame>,
    /// The generator whose frame it is, borrowed; null once that is finished.
    pub generator: Cell<*const Generator>,
    pub func: Value,
    /// The dict of names of module and class bodies, or NULL.
    pub names: Value,
    /// Slots, once it is over.
    pub locals: RefCell<Vec<Value>>,
    /// Unit of the last instruction, once it is over.
    pub unit: Cell<usize>,
    /// The caller's frame object, once it is over, or None.
    pub back: RefCell<Value>,
    /// What `f_locals` was given beyond the variables: dict or NULL.
    pub extra: RefCell<Value>,
    pub trace: RefCell<Value>,
    pub trace_lines: Cell<bool>,
    pub trace_opcodes: Cell<bool>,
}

impl FrameObject {
    pub fn new(ty: &Value, func: Value, names: Value) -> Value {
        alloc(FrameObject {
            h: Header::new(Kind::FrameObject, ty),
            frame: Cell::new(std::ptr::null_mut()),
            generator: Cell::new(std::ptr::null()),
            func,
            names,
            locals: RefCell::default(),
            unit: Cell::new(0),
            back: RefCell::new(Value::NONE),
            extra: RefCell::new(Value::NULL),
            trace: RefCell::new(Value::NONE),
            trace_lines: Cell::new(true),
            trace_opcodes: Cell::new(false),
        })
    }
    pub fn function(&self) -> &Function {
        self.func.as_()
    }
    /// The generator, while it is not finished.
    pub fn generator(&self) -> Option<&Generator> {
        // SAFETY: a generator takes itself out before it goes.
        unsafe { self.generator.get().as_ref() }
    }
    /// The activation on the data stack, if it is there.
    pub fn running(&self) -> Option<&Frame> {
        if let Some(g) = self.generator() {
            // A frame that is not linked only waits for what it delegates to to be closed.
            let running = g.state.get() == GenState::Running && !g.frame().prev.is_null();
            return running.then(|| g.frame());
        }
        let p = self.frame.get();
        // SAFETY: a frame takes itself out before it is popped.
        unsafe { p.as_ref() }
    }
    /// The code it runs. (A function may have been given another since.)
    pub fn code(&self) -> &Code {
        match self.running() {
            Some(f) => f.code(),
            None => self.function().code(),
        }
    }
    /// The word of a slot; NULL where there is none.
    pub fn slot(&self, i: usize) -> Word {
        if let Some(f) = self.running() {
            return f.local(i);
        }
        match self.generator() {
            Some(g) => g.local(i).get(),
            None => self.locals.borrow().get(i).map_or(Word::NULL, Value::word),
        }
    }
    /// Changes a slot; answers the old value.
    pub fn set_slot(&self, i: usize, v: Value) -> Value {
        if let Some(f) = self.running() {
            // SAFETY: the slot owns its word; ownership changes hands.
            return unsafe { Value::from_word(std::mem::replace(&mut *f.locals.add(i), v.into_word())) };
        }
        match self.generator() {
            // SAFETY: as above.
            Some(g) => unsafe { Value::from_word(g.local(i).replace(v.into_word())) },
            None => match self.locals.borrow_mut().get_mut(i) {
                Some(slot) => std::mem::replace(slot, v),
                None => v,
            },
        }
    }
    /// Unit of the instruction under way, or to continue with.
    pub fn current_unit(&self) -> usize {
        if let Some(f) = self.running() {
            return f.unit();
        }
        self.generator().map_or(self.unit.get(), Generator::next_unit)
    }
    pub fn line(&self) -> i32 {
        let code = self.code();
        let unit = self.current_unit();
        let line = code.line(unit);
        if line >= 0 {
            return line;
        }
        // It ended in code that the compiler added: the line before.
        if self.running().is_none() && self.generator().is_none() {
            return (0..unit).rev().map(|u| code.line(u)).find(|l| *l >= 0).unwrap_or(line);
        }
        if unit == 0 { code.firstlineno } else { line }
    }
}

/// One frame an exception went through; `next` is nearer to where it was raised.
#[repr(C)]
pub struct Traceback {
    h: Header,
    pub code: Value,
    pub frame: Value,
    /// Byte offset of the instruction.
    pub lasti: i64,
    line: Cell<i32>,
    pub next: RefCell<Value>,
}

/// A line that is worked out when somebody asks.
pub const LINE_UNKNOWN: i32 = i32::MIN;

impl Traceback {
    pub fn new(ty: &Value, code: Value, frame: Value, lasti: i64, line: i32, next: Value) -> Value {
        alloc(Traceback {
            h: Header::new(Kind::Traceback, ty),
            code,
            frame,
            lasti,
            line: Cell::new(line),
            next: RefCell::new(next),
        })
    }
    pub fn line(&self) -> i32 {
        if self.line.get() == LINE_UNKNOWN {
            let unit = usize::try_from(self.lasti / 2).unwrap_or(0);
            self.line.set(self.code.as_::<Code>().line(unit));
        }
        self.line.get()
    }
    /// A copy that goes on with another entry.
    pub fn with_next(&self, ty: &Value, next: Value) -> Value {
        Traceback::new(ty, self.code.clone(), self.frame.clone(), self.lasti, self.line.get(), next)
    }
}
