//! The small objects around coroutines: what `await` iterates over, and the steps of asynchronous
//! generators.

use super::heap::Heap;
use super::{Header, Kind, Object, alloc, free_raw};
use crate::value::{Value, Word};
use std::cell::{Cell, RefCell};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// `coroutine.__await__()`: passes everything on to the coroutine.
    Wrapper,
    /// `agen.asend(value)` and `agen.__anext__()`.
    Asend,
    /// `agen.athrow(exception)`.
    Athrow,
    /// `agen.aclose()`.
    Aclose,
    /// `anext(iterator, default)`.
    Anext,
    /// An item that an asynchronous generator yields, told apart from what its awaits pass out.
    Wrapped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepState {
    Init,
    Iter,
    Closed,
}

#[repr(C)]
pub struct Awaitable {
    h: Header,
    pub step: Step,
    pub state: Cell<StepState>,
    /// The coroutine or generator; what `anext` awaits; the item.
    pub target: Value,
    /// What is sent or thrown, or the default.
    pub arg: RefCell<Value>,
}

impl Awaitable {
    pub fn new(ty: &Value, step: Step, target: Value, arg: Value) -> Value {
        let state = Cell::new(StepState::Init);
        alloc(Awaitable { h: Header::new(Kind::Awaitable, ty), step, state, target, arg: RefCell::new(arg) })
    }
}

// SAFETY: `#[repr(C)]`, header first, a kind of its own.
unsafe impl Object for Awaitable {
    const KIND: Kind = Kind::Awaitable;

    unsafe fn free(p: *mut Self) {
        // SAFETY: as for generators: one reference while it is told about.
        unsafe {
            if (*p).state.get() == StepState::Init
                && matches!((*p).step, Step::Asend | Step::Athrow | Step::Aclose)
                && let Some(g) = (*p).target.get::<super::Generator>()
            {
                let vm = g.code().vm.get();
                if !vm.is_null() {
                    (*p).h.incref();
                    let v = Value::from_word(Word(p as u64));
                    Heap::at_depth_0(p.cast(), || (*vm).warn_step_never_awaited(&v));
                    let w = v.into_word();
                    if !(*w.header()).decref() {
                        return;
                    }
                }
            }
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        }
    }
}
