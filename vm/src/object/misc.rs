//! The smaller object structs.

use super::{Header, Kind, alloc, try_alloc};
use crate::layout::*;
use crate::value::{Value, Word};
use num_bigint::BigInt;
use std::cell::{Cell, RefCell};
use std::mem::offset_of;

/// An int beyond 48 bits.
#[repr(C)]
pub struct Int {
    h: Header,
    pub value: BigInt,
}

impl Int {
    pub fn new(ty: &Value, value: BigInt) -> Value {
        alloc(Int { h: Header::new(Kind::Int, ty), value })
    }
}

/// `range(start, stop, step)` with bounds of any size.
#[repr(C)]
pub struct Range {
    h: Header,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

impl Range {
    pub fn new(ty: &Value, start: Value, stop: Value, step: Value) -> Value {
        alloc(Range { h: Header::new(Kind::Range, ty), start, stop, step })
    }
}

/// Iterator over a range whose values all fit 64 bits.
#[repr(C)]
pub struct RangeIter {
    h: Header,
    pub next: Cell<i64>,
    /// How many values are left.
    pub left: Cell<i64>,
    pub step: Cell<i64>,
}

const _: () =
    assert!(offset_of!(RangeIter, next) == RANGE_ITER_NEXT && offset_of!(RangeIter, left) == RANGE_ITER_LEFT);
const _: () = assert!(offset_of!(RangeIter, step) == RANGE_ITER_STEP);

impl RangeIter {
    /// An iterator over a range of small ints with step 1, if that takes no call.
    #[inline(always)]
    pub fn try_new(ty: &Value, r: &Range) -> Option<Word> {
        let (start, stop) = (r.start.word(), r.stop.word());
        if !start.is_int() || !stop.is_int() || r.step.word() != Word::from_small(1) {
            return None;
        }
        let left = (stop.int() - start.int()).max(0);
        let next = start.int();
        try_alloc(ty, |h| RangeIter { h, next: Cell::new(next), left: Cell::new(left), step: Cell::new(1) })
    }
    pub fn new(ty: &Value, next: i64, left: i64, step: i64) -> Value {
        let h = Header::new(Kind::RangeIter, ty);
        alloc(RangeIter { h, next: Cell::new(next), left: Cell::new(left), step: Cell::new(step) })
    }
}

/// Iterator over anything indexable from 0: list, tuple, str; and over a dict's entries (`what`).
#[repr(C)]
pub struct SeqIter {
    h: Header,
    /// NULL once exhausted.
    pub seq: RefCell<Value>,
    pub index: Cell<usize>,
    /// For dicts: what is yielded; and the size seen at the start, to notice changes.
    pub what: Cell<DictPart>,
    pub size: Cell<usize>,
}

/// What a dict iterator or view shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DictPart {
    Keys,
    Values,
    Items,
}

impl SeqIter {
    /// An iterator over a list or tuple, if that takes no call.
    #[inline(always)]
    pub fn try_new(ty: &Value, seq: &Value) -> Option<Word> {
        try_alloc(ty, |h| SeqIter {
            h,
            seq: RefCell::new(seq.clone()),
            index: Cell::new(0),
            what: Cell::new(DictPart::Values),
            size: Cell::new(0),
        })
    }
    pub fn new(ty: &Value, seq: Value, what: DictPart, size: usize) -> Value {
        let h = Header::new(Kind::SeqIter, ty);
        alloc(SeqIter {
            h,
            seq: RefCell::new(seq),
            index: Cell::new(0),
            what: Cell::new(what),
            size: Cell::new(size),
        })
    }
    /// The end: the sequence goes.
    #[cold]
    #[inline(never)]
    pub fn let_go(&self) {
        drop(self.seq.replace(Value::NULL));
    }
}

/// The iterators `enumerate`, `zip`, `map`, `filter`, `reversed`: other iterators and a counter.
#[repr(C)]
pub struct EnumZip {
    h: Header,
    pub which: Lazy,
    pub iters: Vec<Value>,
    pub func: Value,
    pub count: Cell<i64>,
    /// The tuple that `enumerate` and `zip` gave out first, for the next time if nobody keeps it; NULL before.
    pub result: RefCell<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lazy {
    Enumerate,
    Zip,
    Map,
    Filter,
    Reversed,
}

impl EnumZip {
    pub fn new(ty: &Value, which: Lazy, iters: Vec<Value>, func: Value, count: i64) -> Value {
        let (count, result) = (Cell::new(count), RefCell::new(Value::NULL));
        alloc(EnumZip { h: Header::new(Kind::EnumZip, ty), which, iters, func, count, result })
    }
}

#[repr(C)]
pub struct Slice {
    h: Header,
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

impl Slice {
    pub fn new(ty: &Value, start: Value, stop: Value, step: Value) -> Value {
        alloc(Slice { h: Header::new(Kind::Slice, ty), start, stop, step })
    }
}

#[repr(C)]
pub struct Module {
    h: Header,
    pub dict: Value,
}

impl Module {
    pub fn new(ty: &Value, dict: Value) -> Value {
        alloc(Module { h: Header::new(Kind::Module, ty), dict })
    }
}

/// An object with nothing but attributes (`types.SimpleNamespace`).
#[repr(C)]
pub struct Namespace {
    h: Header,
    pub dict: Value,
}

impl Namespace {
    pub fn new(ty: &Value, dict: Value) -> Value {
        alloc(Namespace { h: Header::new(Kind::Namespace, ty), dict })
    }
}

/// An instance without state: `object()`.
#[repr(C)]
pub struct Plain {
    h: Header,
}

impl Plain {
    pub fn new(ty: &Value) -> Value {
        alloc(Plain { h: Header::new(Kind::Plain, ty) })
    }
}

/// An exception instance.
#[repr(C)]
pub struct Exception {
    h: Header,
    pub args: RefCell<Value>,
    /// None or an exception.
    pub cause: RefCell<Value>,
    pub context: RefCell<Value>,
    pub suppress_context: Cell<bool>,
    /// None or a traceback.
    pub traceback: RefCell<Value>,
    /// Attributes of particular exceptions (`name` of NameError, `value` of StopIteration ...); NULL if none.
    pub dict: RefCell<Value>,
    /// What its class keeps beside the arguments (see `types::exception`).
    pub fields: RefCell<Vec<Value>>,
}

impl Exception {
    pub fn new(ty: &Value, args: Value) -> Value {
        Exception::with_fields(ty, args, vec![])
    }
    #[inline]
    pub fn with_fields(ty: &Value, args: Value, fields: Vec<Value>) -> Value {
        alloc(Exception {
            h: Header::new(Kind::Exception, ty),
            args: RefCell::new(args),
            cause: RefCell::new(Value::NONE),
            context: RefCell::new(Value::NONE),
            suppress_context: Cell::new(false),
            traceback: RefCell::new(Value::NONE),
            dict: RefCell::new(Value::NULL),
            fields: RefCell::new(fields),
        })
    }
}
