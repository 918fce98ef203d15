//! Generators, coroutines and asynchronous generators: one struct, told apart by [`Flavour`].
//!
//! Its activation (locals, frame, evaluation stack) lives in the object for good: to resume it is to make that
//! frame the current one, and nothing is copied. Frames of what it calls cannot lie above its own; they go to the
//! data stack, from `room` on.

use super::heap::Heap;
use super::{Header, Kind, Object, alloc_raw, free_raw};
use crate::code::Code;
use crate::frame::{FLAG_GENERATOR, Frame, HEADER_WORDS, Ip};
use crate::object::{Function, Tuple};
use crate::value::{Value, Word, unguarded};
use std::cell::{Cell, OnceCell, RefCell};

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
    /// Its activation, among `words`: current while it runs, else showing where it goes on. Owns function and
    /// names.
    frame: *mut Frame,
    /// Owned: the exception that its body handles; while it runs, the one of the context that resumed it.
    pub handled: Cell<Word>,
    /// While it runs: the running generator below it.
    pub below: Cell<*const Generator>,
    /// While it runs: where the frames of what it calls go.
    pub room: Cell<*mut Word>,
    pub name: RefCell<Value>,
    pub qualname: RefCell<Value>,
    /// Owned: its frame object, or NULL.
    pub frame_object: Cell<Word>,
    rare: OnceCell<Box<Rare>>,
    /// Locals, the frame, its stack. Locals and stack words below the frame's `sp` are owned while suspended; while
    /// it runs, the activation owns them.
    words: [Cell<Word>; 0],
}

/// What only asynchronous generators and coroutines whose origin is tracked need.
#[derive(Default)]
pub struct Rare {
    pub started: Cell<bool>,
    pub closed: Cell<bool>,
    /// An `asend`, `athrow` or `aclose` of it is under way.
    pub running: Cell<bool>,
    pub finalizer: RefCell<Option<Value>>,
    /// Coroutines: where it was made.
    pub origin: RefCell<Option<Value>>,
}

impl Generator {
    /// Makes one that goes on at `ip`. Takes over `func`, `names` and the `given` first locals; the free variables
    /// are the function's, the other locals empty.
    ///
    /// # Safety
    /// `func` is a function, whose code has the `given` locals and `ip`; `names` is a dict or NULL.
    pub unsafe fn new(
        ty: &Value,
        flavour: Flavour,
        func: Word,
        names: Word,
        ip: Ip,
        locals: *const Word,
        given: usize,
    ) -> Value {
        let h = Header::new(Kind::Generator, ty);
        // SAFETY: nothing runs while name and closure are copied; fresh memory with room for the words; a fresh
        // object carries one reference.
        unsafe {
            let function: &Function = func.cast();
            let code: *const Code = function.code();
            let slots = (*code).nlocalsplus as usize;
            let p = alloc_raw(size_of::<Generator>() + 8 * (*code).frame_words(), &h).cast::<Generator>();
            let words = (&raw mut (*p).words).cast::<Word>();
            let frame = words.add(slots).cast::<Frame>();
            p.write(Generator {
                h,
                state: Cell::new(GenState::Created),
                flavour,
                frame,
                handled: Cell::new(Word::NONE),
                below: Cell::new(std::ptr::null()),
                room: Cell::new(std::ptr::null_mut()),
                name: RefCell::new(unguarded(&function.name).clone()),
                qualname: RefCell::new(unguarded(&function.qualname).clone()),
                frame_object: Cell::new(Word::NULL),
                rare: OnceCell::new(),
                words: [],
            });
            for i in 0..given {
                words.add(i).write(*locals.add(i));
            }
            for i in given..slots {
                words.add(i).write(Word::NULL);
            }
            if given < slots && (*code).nfree > 0 {
                let free = words.add(slots - (*code).nfree as usize);
                for (i, cell) in function.closure.as_::<Tuple>().as_slice().iter().enumerate() {
                    free.add(i).write(cell.word().incref());
                }
            }
            frame.write(Frame {
                code,
                func,
                locals: words,
                ip,
                sp: frame.cast::<Word>().add(HEADER_WORDS),
                names,
                link: Word(p as u64),
                flags: FLAG_GENERATOR,
                ..Frame::BARE
            });
            Value::from_word(Word(p as u64))
        }
    }
    /// Its activation, wherever it is in its life.
    #[inline(always)]
    pub fn frame(&self) -> &Frame {
        // SAFETY: part of this object.
        unsafe { &*self.frame }
    }
    #[inline(always)]
    pub fn frame_ptr(&self) -> *mut Frame {
        self.frame
    }
    pub fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }
    /// Where it was made, if that was noted.
    pub fn origin(&self) -> Value {
        self.rare.get().and_then(|r| r.origin.borrow().clone()).unwrap_or(Value::NONE)
    }
    /// Is `rare().closed` set?
    pub fn closed(&self) -> bool {
        self.rare.get().is_some_and(|r| r.closed.get())
    }
    /// A local's word.
    pub fn local(&self, i: usize) -> &Cell<Word> {
        debug_assert!(i < self.code().nlocalsplus as usize);
        // SAFETY: the slot exists.
        unsafe { &*self.words.as_ptr().add(i) }
    }
    /// The words of its stack that are in use.
    fn stack(&self) -> &[Cell<Word>] {
        let f = self.frame();
        // SAFETY: the stack lies behind the frame, up to its `sp`.
        unsafe { std::slice::from_raw_parts(f.stack_base().cast(), f.stack_depth()) }
    }
    fn locals(&self) -> &[Cell<Word>] {
        // SAFETY: so many lie behind the struct.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), self.code().nlocalsplus as usize) }
    }
    #[inline(always)]
    pub fn function(&self) -> &Function {
        self.frame().function()
    }
    #[inline(always)]
    pub fn code(&self) -> &Code {
        self.frame().code()
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
        Some(self.stack().last()?.get().to_value())
    }
    /// Unit of the instruction that it continues with.
    pub fn next_unit(&self) -> usize {
        (self.frame().ip as usize - self.code().live.as_ptr() as usize) / 2
    }
    /// Ends a suspended generator and drops what its locals and stack held.
    pub fn drop_words(&self) {
        if !self.is_suspended() {
            self.state.set(GenState::Done);
            return;
        }
        self.state.set(GenState::Done);
        for w in self.stack().iter().chain(self.locals()) {
            // SAFETY: these words were owned, and are given up once.
            unsafe { w.replace(Word::NULL).decref() };
        }
        // SAFETY: part of this object; the stack is empty now.
        unsafe { (*self.frame).sp = self.frame().stack_base() };
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
                    None if self.is_suspended() => self.local(i).replace(Word::NULL),
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
        let f = self.frame();
        for w in [f.func, f.names, self.handled.get(), self.frame_object.get()] {
            visit(Value::of(&w));
        }
        for v in [&self.name, &self.qualname] {
            visit(&v.borrow());
        }
        if let Some(r) = self.rare.get() {
            r.finalizer.borrow().iter().chain(r.origin.borrow().iter()).for_each(&mut *visit);
        }
        if self.is_suspended() {
            self.stack().iter().chain(self.locals()).for_each(|w| visit(Value::of(&w.get())));
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
            (*p).drop_words();
            drop((*p).swap_handled(Value::NONE));
            let f = (*p).frame;
            (*f).names.decref();
            (*f).func.decref();
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        }
    }
}
