//! Generators, coroutines and asynchronous generators: one struct, told apart by [`Flavour`].
//!
//! A suspended one owns its words (locals, then the evaluation stack) on the heap; while it runs they are on
//! the data stack, and the words here are void. It owns its function all the time, so that its frame need
//! not.

use super::heap::Heap;
use super::{Header, Kind, Object, alloc_raw, free_raw};
use crate::code::Code;
use crate::frame::{Frame, Ip};
use crate::object::Function;
use crate::value::{Value, Word};
use std::cell::{Cell, RefCell};

/// Which of the three it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Flavour {
    Generator,
    Coroutine,
    AsyncGenerator,
}

impl Flavour {
    /// As messages name it.
    pub fn noun(self) -> &'static str {
        match self {
            Flavour::Generator => "generator",
            Flavour::Coroutine => "coroutine",
            Flavour::AsyncGenerator => "async generator",
        }
    }
}

/// Where a generator is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum GenState {
    Created,
    Suspended,
    /// Suspended in `yield from` or `await`: what it waits for is on top of its stack.
    Delegating,
    Running,
    Done,
}

#[repr(C)]
pub struct Generator {
    h: Header,
    pub state: Cell<GenState>,
    pub flavour: Flavour,
    /// Words of the evaluation stack among `words`.
    pub depth: Cell<u32>,
    /// Number of `words`.
    len: u32,
    /// One past the instruction that suspended it.
    pub ip: Cell<Ip>,
    /// Owned.
    pub func: Word,
    /// Owned: the exception that its body handles; while it runs, the one of the context that resumed it.
    pub handled: Cell<Word>,
    /// While it runs: the running generator below it.
    pub below: Cell<*const Generator>,
    /// While it runs.
    pub frame: Cell<*mut Frame>,
    /// Owned: dict of names, or NULL.
    pub names: Word,
    pub name: RefCell<Value>,
    pub qualname: RefCell<Value>,
    /// Owned: its frame object, or NULL.
    pub frame_object: Cell<Word>,
    /// Coroutines: where it was made, or None.
    pub origin: RefCell<Value>,
    /// Asynchronous generators.
    pub hooks: AsyncState,
    /// Locals, then the stack: `nlocalsplus + stacksize` slots; those below the depth are owned while
    /// suspended.
    words: [Cell<Word>; 0],
}

/// What only asynchronous generators need.
#[derive(Default)]
pub struct AsyncState {
    pub started: Cell<bool>,
    pub closed: Cell<bool>,
    /// An `asend`, `athrow` or `aclose` of it is under way.
    pub running: Cell<bool>,
    pub finalizer: RefCell<Option<Value>>,
}

impl Generator {
    /// Takes over `func`, `names` and the `locals`.
    ///
    /// # Safety
    /// `locals` are as many as the function's code has.
    pub unsafe fn new(
        ty: &Value,
        flavour: Flavour,
        func: Value,
        locals: *const Word,
        ip: Ip,
        names: Word,
    ) -> Value {
        let f = func.as_::<Function>();
        let (slots, len) =
            (f.code().nlocalsplus as usize, (f.code().nlocalsplus + f.code().stacksize) as usize);
        let (name, qualname) = (f.name.borrow().clone(), f.qualname.borrow().clone());
        let generator = Generator {
            h: Header::new(Kind::Generator, ty),
            state: Cell::new(GenState::Created),
            flavour,
            depth: Cell::new(0),
            len: len as u32,
            ip: Cell::new(ip),
            func: func.into_word(),
            handled: Cell::new(Word::NONE),
            below: Cell::new(std::ptr::null()),
            frame: Cell::new(std::ptr::null_mut()),
            names,
            name: RefCell::new(name),
            qualname: RefCell::new(qualname),
            frame_object: Cell::new(Word::NULL),
            origin: RefCell::new(Value::NONE),
            hooks: AsyncState::default(),
            words: [],
        };
        // SAFETY: fresh memory with room for the words, all written here; a fresh object carries one reference.
        unsafe {
            let p = alloc_raw(size_of::<Generator>() + 8 * len, &generator.h).cast::<Generator>();
            p.write(generator);
            let words = (&raw mut (*p).words).cast::<Word>();
            for i in 0..len {
                words.add(i).write(if i < slots { *locals.add(i) } else { Word::NULL });
            }
            Value::from_word(Word(p as u64))
        }
    }
    #[inline(always)]
    pub fn words(&self) -> &[Cell<Word>] {
        // SAFETY: so many follow the struct.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), self.len as usize) }
    }
    #[inline(always)]
    pub fn function(&self) -> &Function {
        // SAFETY: the generator owns its function.
        unsafe { self.func.cast() }
    }
    #[inline(always)]
    pub fn code(&self) -> &Code {
        self.function().code()
    }
    #[inline(always)]
    pub fn is_suspended(&self) -> bool {
        matches!(self.state.get(), GenState::Created | GenState::Suspended | GenState::Delegating)
    }
    /// Suspended where nothing in its body can notice that it is closed, nor anybody else (see `Vm::gen_close`).
    fn ends_silently(&self) -> bool {
        let (code, at) = (self.code(), self.next_unit());
        let vm = code.vm.get();
        // SAFETY: the VM outlives what its code runs.
        self.state.get() == GenState::Suspended
            && self.flavour == Flavour::Generator
            && code.base_op(at) == crate::op::RESUME
            && code.base_arg(at) & 4 != 0
            && unsafe { vm.as_ref() }.is_some_and(|vm| !vm.hears_unwind())
    }
    /// What it waits for in `yield from` or `await`.
    pub fn waits_for(&self) -> Option<Value> {
        if self.state.get() != GenState::Delegating {
            return None;
        }
        let top = self.code().nlocalsplus as usize + (self.depth.get() as usize).checked_sub(1)?;
        Some(self.words()[top].get().to_value())
    }
    /// Unit of the instruction that it continues with.
    pub fn next_unit(&self) -> usize {
        (self.ip.get() as usize - self.code().live.as_ptr() as usize) / 2
    }
    /// Takes the words of a suspended generator out of it, for the caller to drop, and ends it.
    pub fn take_words(&self) -> Vec<Value> {
        let owned = if self.is_suspended() {
            self.code().nlocalsplus as usize + self.depth.get() as usize
        } else {
            0
        };
        self.state.set(GenState::Done);
        self.depth.set(0);
        // SAFETY: these words were owned, and are given away once.
        self.words()[..owned].iter().map(|w| unsafe { Value::from_word(w.replace(Word::NULL)) }).collect()
    }
    /// The frame object, if somebody keeps it, takes the locals over; the generator is finished, or about to.
    pub fn part_from_object(&self) {
        let w = self.frame_object.replace(Word::NULL);
        if w.is_null() {
            return;
        }
        // SAFETY: the generator owned a reference.
        let v = unsafe { Value::from_word(w) };
        let f = v.as_::<super::FrameObject>();
        // SAFETY: an object that is referred to.
        if unsafe { (*w.header()).count() } > 1 {
            f.unit.set(f.current_unit());
            let slots = self.code().nlocalsplus as usize;
            let take = |i: usize| {
                let w = match f.running() {
                    // SAFETY: the slot's word moves.
                    Some(r) => unsafe { std::mem::replace(&mut *r.locals.add(i), Word::NULL) },
                    None if self.is_suspended() => self.words()[i].replace(Word::NULL),
                    None => Word::NULL,
                };
                // SAFETY: as above.
                unsafe { Value::from_word(w) }
            };
            *f.locals.borrow_mut() = (0..slots).map(take).collect();
        }
        f.generator.set(std::ptr::null());
    }
    /// Shows every value it owns to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for w in [self.func, self.names, self.handled.get(), self.frame_object.get()] {
            visit(Value::of(&w));
        }
        for v in [&self.name, &self.qualname, &self.origin] {
            visit(&v.borrow());
        }
        if let Some(f) = &*self.hooks.finalizer.borrow() {
            visit(f);
        }
        if self.is_suspended() {
            let owned = self.code().nlocalsplus as usize + self.depth.get() as usize;
            self.words()[..owned].iter().for_each(|w| visit(Value::of(&w.get())));
        }
    }
    /// The exception its body handles while it is suspended.
    #[inline(always)]
    pub fn swap_handled(&self, v: Value) -> Value {
        // SAFETY: the slot owns its word; ownership changes hands.
        unsafe { Value::from_word(self.handled.replace(v.into_word())) }
    }
}

// SAFETY: `#[repr(C)]`, header first, a kind of its own.
unsafe impl Object for Generator {
    const KIND: Kind = Kind::Generator;

    unsafe fn free(p: *mut Self) {
        // SAFETY: nobody refers to it; while the finaliser runs it has one reference, and lives on if there
        // are more afterwards.
        unsafe {
            if (*p).is_suspended() && (*p).state.get() != GenState::Created && !(*p).ends_silently()
                || (*p).flavour != Flavour::Generator && (*p).state.get() == GenState::Created
            {
                let vm = (*p).code().vm.get();
                if !vm.is_null() {
                    (*p).h.incref();
                    let v = Value::from_word(Word(p as u64));
                    Heap::at_depth_0(p.cast(), || (*vm).finalize_generator(&v));
                    let w = v.into_word();
                    if !(*w.header()).decref() {
                        return;
                    }
                }
            }
            (*p).part_from_object();
            drop((*p).take_words());
            drop((*p).swap_handled(Value::NONE));
            (*p).names.decref();
            (*p).func.decref();
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        }
    }
}
