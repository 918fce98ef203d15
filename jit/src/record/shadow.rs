//! What a slot is in the trace, and what a label demands of it.

use crate::ir::{Func, Ref, SnapVal, Ty};
use seriema_vm::object::{Kind, RangeIter, Tag};
use seriema_vm::value::Word;

/// What stands for a word of the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shadow {
    Null,
    /// A constant of the trace; nobody holds a reference for the slot.
    Const(Word),
    /// An SSA value. `owned`: a word whose reference is the slot's own; false: borrowed from a local below.
    Ref {
        r: Ref,
        owned: bool,
    },
    /// A range iterator that exists only in the trace. Immutable: advancing makes another.
    RangeIter {
        next: Ref,
        left: Ref,
        step: Ref,
    },
    /// A range object that exists only in the trace.
    Range {
        start: Ref,
        stop: Ref,
        step: Ref,
    },
}

impl Shadow {
    pub fn from_snap(v: &SnapVal) -> Shadow {
        match v {
            SnapVal::Null => Shadow::Null,
            SnapVal::Const(w) => Shadow::Const(Word(*w)),
            SnapVal::Ref { r, owned } => Shadow::Ref { r: *r, owned: *owned },
            SnapVal::Virtual { kind, fields } => {
                let f = |i: usize| match fields.get(i) {
                    Some(SnapVal::Ref { r, .. }) => *r,
                    _ => Ref(u32::MAX),
                };
                if *kind == Kind::RangeIter as u8 {
                    Shadow::RangeIter { next: f(0), left: f(1), step: f(2) }
                } else {
                    Shadow::Range { start: f(0), stop: f(1), step: f(2) }
                }
            }
        }
    }
    pub fn to_snap(self) -> SnapVal {
        let field = |r| SnapVal::Ref { r, owned: false };
        match self {
            Shadow::Null => SnapVal::Null,
            Shadow::Const(w) => SnapVal::Const(w.0),
            Shadow::Ref { r, owned } => SnapVal::Ref { r, owned },
            Shadow::RangeIter { next, left, step } => SnapVal::Virtual {
                kind: Kind::RangeIter as u8,
                fields: [next, left, step].map(field).to_vec(),
            },
            Shadow::Range { start, stop, step } => {
                SnapVal::Virtual { kind: Kind::Range as u8, fields: [start, stop, step].map(field).to_vec() }
            }
        }
    }
    pub fn is_owned(&self) -> bool {
        matches!(self, Shadow::Ref { owned: true, .. })
    }
    /// Could the slot hold this word? (Debug check.)
    pub fn may_be(self, w: Word, func: &Func) -> bool {
        match self {
            Shadow::Null => w.is_null(),
            Shadow::Const(c) => w == c,
            Shadow::Ref { r, .. } => match func.ty(r) {
                Ty::Int => w.is_int() || w.is_kind(Kind::Int),
                Ty::Float => w.is_float(),
                Ty::Bool => w.is_bool(),
                _ => !w.is_null(),
            },
            Shadow::RangeIter { .. } => w.is_kind(Kind::RangeIter),
            Shadow::Range { .. } => w.is_kind(Kind::Range),
        }
    }
}

/// The form of a slot at a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotType {
    Null,
    /// Always this unboxed constant (None and the like).
    Const(Word),
    Int,
    Float,
    Bool,
    /// An object of this kind, its reference owned by the slot.
    Kind(Tag),
    /// An iterator over a range that nobody else refers to, taken apart.
    RangeIter,
}

impl SlotType {
    /// From the word that is there when a region begins.
    pub fn observe(w: Word) -> SlotType {
        match w.tag() {
            // SAFETY: the kind is tested; the frame owns the iterator.
            Some(Tag::RANGE_ITER) if unsafe { (*w.header()).count() } == 1 => SlotType::RangeIter,
            Some(k) => SlotType::Kind(k),
            None if w.is_null() => SlotType::Null,
            None if w.is_int() => SlotType::Int,
            None if w.is_float() => SlotType::Float,
            None if w.is_bool() => SlotType::Bool,
            None => SlotType::Const(w),
        }
    }
    /// From a slot in the middle of a trace.
    pub fn observe_in_trace(w: Word, s: &Shadow) -> SlotType {
        match s {
            Shadow::RangeIter { .. } => SlotType::RangeIter,
            _ => match w.tag() {
                Some(k) => SlotType::Kind(k),
                None => SlotType::observe(w),
            },
        }
    }
    /// Can a slot of a trace go on in this form? Guards may still be needed to be sure.
    pub fn accepts(&self, w: Word, s: &Shadow) -> bool {
        let boxed = !matches!(s, Shadow::RangeIter { .. } | Shadow::Range { .. });
        match self {
            SlotType::RangeIter => matches!(s, Shadow::RangeIter { .. }),
            SlotType::Kind(k) => boxed && w.has_tag(*k),
            SlotType::Const(c) => *s == Shadow::Const(*c),
            other => boxed && SlotType::observe(w) == *other,
        }
    }
    /// Makes the parameters for the slot.
    pub fn params(&self, new: &mut impl FnMut(Ty) -> Ref) -> Shadow {
        let owned = |r| Shadow::Ref { r, owned: true };
        match self {
            SlotType::Null => Shadow::Null,
            SlotType::Const(w) => Shadow::Const(*w),
            SlotType::Int => owned(new(Ty::Int)),
            SlotType::Float => owned(new(Ty::Float)),
            SlotType::Bool => owned(new(Ty::Bool)),
            SlotType::Kind(_) => owned(new(Ty::Word)),
            SlotType::RangeIter => {
                Shadow::RangeIter { next: new(Ty::Int), left: new(Ty::Int), step: new(Ty::Int) }
            }
        }
    }
    /// Takes the word of a frame slot apart into the argument buffer: the region owns it from now on. False:
    /// the word does not have this form, and nothing was changed.
    pub fn fits_word(&self, w: Word) -> bool {
        match self {
            SlotType::Kind(k) => w.has_tag(*k),
            // An int that has outgrown 48 bits is still an int of the trace.
            SlotType::Int => w.is_int() || wide_int(w).is_some(),
            other => SlotType::observe(w) == *other,
        }
    }
    pub fn unpack(&self, w: Word, buf: &mut Vec<u64>) {
        match self {
            SlotType::Null | SlotType::Const(_) => {}
            SlotType::Int if w.is_int() => buf.push(w.int() as u64),
            SlotType::Int => {
                buf.push(wide_int(w).unwrap_or(0) as u64);
                // SAFETY: the frame gave its reference to the region, which keeps the number only.
                unsafe { w.decref() };
            }
            SlotType::Float => buf.push(w.float().to_bits()),
            SlotType::Bool => buf.push((w == Word::TRUE) as u64),
            SlotType::Kind(_) => buf.push(w.0),
            SlotType::RangeIter => {
                // SAFETY: the kind was tested; the frame's reference was the only one.
                unsafe {
                    let it = w.cast::<RangeIter>();
                    buf.extend([it.next.get() as u64, it.left.get() as u64, it.step.get() as u64]);
                    w.decref();
                }
            }
        }
    }
}

/// An int on the heap that fits 64 bits.
fn wide_int(w: Word) -> Option<i64> {
    // SAFETY: the frame owns the object.
    let i = unsafe { w.downcast::<seriema_vm::object::Int>() }?;
    i64::try_from(&i.value).ok()
}

/// The state of the frame at a loop header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelState {
    pub header: u32,
    /// The instruction executed before: a back edge. Labels are shared among back edges of one line.
    pub prev: u32,
    /// Locals, cells, free variables, then the stack.
    pub slots: Vec<SlotType>,
}
