//! Words and values: the two views of a Python value.
//!
//! A [`Word`] is a NaN-boxed 64-bit word (see [`layout`](crate::layout)), `Copy`, with no ownership of its
//! own: the form in frame slots and opcode bodies, where the stack-effect table says who owns what. A
//! [`Value`] owns one reference (`Clone` counts up, `Drop` counts down): the form in runtime code. Both have
//! the same representation, so a slice of stack words is a slice of values for a builtin function.

use crate::layout::*;
use crate::object::{Header, Kind, Object, Tag};

/// An unowned NaN-boxed word.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Word(pub u64);

impl Word {
    pub const NULL: Word = Word(NULL);
    pub const NONE: Word = Word(NONE);
    pub const TRUE: Word = Word(TRUE);
    pub const FALSE: Word = Word(FALSE);
    pub const NOT_IMPLEMENTED: Word = Word(NOT_IMPLEMENTED);

    #[inline(always)]
    pub const fn is_null(self) -> bool {
        self.0 == NULL
    }
    #[inline(always)]
    pub const fn is_int(self) -> bool {
        self.0 >= INT_TAG
    }
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.0.wrapping_sub(FLOAT_OFFSET) < FLOAT_LIMIT - FLOAT_OFFSET
    }
    #[inline(always)]
    pub const fn is_bool(self) -> bool {
        self.0 | 1 == TRUE
    }
    /// An object on the heap (not NULL).
    #[inline(always)]
    pub const fn is_ptr(self) -> bool {
        self.0.wrapping_sub(1) < FLOAT_OFFSET - 1
    }
    /// Content of a small int.
    #[inline(always)]
    pub const fn int(self) -> i64 {
        ((self.0 << 16) as i64) >> 16
    }
    #[inline(always)]
    pub fn float(self) -> f64 {
        f64::from_bits(self.0.wrapping_sub(FLOAT_OFFSET))
    }
    /// The word of an int that fits 48 bits.
    #[inline(always)]
    pub const fn from_small(i: i64) -> Word {
        debug_assert!(i >= INT_MIN && i <= INT_MAX);
        Word(i as u64 & !INT_TAG | INT_TAG)
    }
    #[inline(always)]
    pub const fn try_small(i: i64) -> Option<Word> {
        if i >= INT_MIN && i <= INT_MAX { Some(Word::from_small(i)) } else { None }
    }
    #[inline(always)]
    pub fn from_float(f: f64) -> Word {
        let bits = f.to_bits();
        // Hardware makes NaNs that fit; only foreign ones (from struct, say) can pass the limit.
        if bits >= FLOAT_LIMIT - FLOAT_OFFSET {
            Word(CANONICAL_NAN + FLOAT_OFFSET)
        } else {
            Word(bits + FLOAT_OFFSET)
        }
    }
    #[inline(always)]
    pub const fn from_bool(b: bool) -> Word {
        Word(FALSE | b as u64)
    }
    #[inline(always)]
    pub fn header(self) -> *mut Header {
        debug_assert!(self.is_ptr());
        self.0 as *mut Header
    }
    /// Kind of the object, if it is one.
    #[inline(always)]
    pub fn kind(self) -> Option<Kind> {
        // SAFETY: a pointer word points at a live object as long as its owner keeps it.
        if self.is_ptr() { Some(unsafe { (*self.header()).kind() }) } else { None }
    }
    #[inline(always)]
    pub fn is_kind(self, kind: Kind) -> bool {
        // SAFETY: as in `kind`.
        self.is_ptr() && unsafe { (*self.header()).is_kind(kind) }
    }
    /// Is it an object of this kind whose class has no special methods of its own?
    #[inline(always)]
    pub fn is_plain(self, kind: Kind) -> bool {
        // SAFETY: as in `kind`.
        self.is_ptr() && unsafe { (*self.header()).tag() } == Tag::plain(kind)
    }
    /// Kind of a plain object.
    #[inline(always)]
    pub fn plain_kind(self) -> Option<Kind> {
        // SAFETY: as in `kind`.
        match self.kind() {
            Some(k) if unsafe { (*self.header()).tag() } == Tag::plain(k) => Some(k),
            _ => None,
        }
    }
    #[inline(always)]
    pub fn tag(self) -> Option<Tag> {
        // SAFETY: as in `kind`.
        if self.is_ptr() { Some(unsafe { (*self.header()).tag() }) } else { None }
    }
    #[inline(always)]
    pub fn has_tag(self, tag: Tag) -> bool {
        self.tag() == Some(tag)
    }
    /// Takes a new reference.
    #[inline(always)]
    pub fn incref(self) -> Word {
        if self.is_ptr() {
            // SAFETY: as in `kind`.
            unsafe { (*self.header()).incref() }
        }
        self
    }
    /// Gives up a reference; frees the object when it was the last.
    ///
    /// # Safety
    /// The caller owned a reference and no longer uses it.
    #[inline(always)]
    pub unsafe fn decref(self) {
        if self.is_ptr() {
            // SAFETY: the caller's reference keeps the object alive until here.
            unsafe {
                if (*self.header()).decref() {
                    crate::object::dealloc(self.header());
                }
            }
        }
    }
    /// A new owned value of the same object.
    #[inline(always)]
    pub fn to_value(self) -> Value {
        Value(self.incref())
    }
    /// The object's payload, for code that knows its kind.
    ///
    /// # Safety
    /// The word points at a live `T`, which outlives `'a`.
    #[inline(always)]
    pub unsafe fn cast<'a, T: Object>(self) -> &'a T {
        debug_assert!(self.is_kind(T::KIND), "{:?} is no {:?}", self.kind(), T::KIND);
        // SAFETY: the caller's promise.
        unsafe { &*(self.0 as *const T) }
    }
    /// The payload if the word points at a `T`.
    ///
    /// # Safety
    /// The object outlives `'a`.
    #[inline(always)]
    pub unsafe fn downcast<'a, T: Object>(self) -> Option<&'a T> {
        // SAFETY: the kind was tested.
        if self.is_kind(T::KIND) { Some(unsafe { self.cast() }) } else { None }
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            w if w.is_null() => f.write_str("NULL"),
            w if w.is_int() => write!(f, "int {}", w.int()),
            w if w.is_float() => write!(f, "float {:?}", w.float()),
            w if w.is_ptr() => write!(f, "{:?}@{:x}", w.kind(), w.0),
            w => write!(f, "const {:x}", w.0 & 0xff),
        }
    }
}

/// An owned Python value. Never NULL (an absent value is an `Option`), except in the items of objects whose
/// documentation says so.
#[repr(transparent)]
pub struct Value(Word);

impl Value {
    pub const NONE: Value = Value(Word::NONE);
    pub const TRUE: Value = Value(Word::TRUE);
    pub const FALSE: Value = Value(Word::FALSE);
    pub const ELLIPSIS: Value = Value(Word(ELLIPSIS));
    pub const NOT_IMPLEMENTED: Value = Value(Word(NOT_IMPLEMENTED));
    /// "No value", for slots only.
    pub const NULL: Value = Value(Word::NULL);

    #[inline(always)]
    pub fn word(&self) -> Word {
        self.0
    }
    /// Gives the reference to the caller.
    #[inline(always)]
    pub fn into_word(self) -> Word {
        let w = self.0;
        std::mem::forget(self);
        w
    }
    /// Takes over a reference that the word carries.
    ///
    /// # Safety
    /// The caller owned a reference to the object (trivially so for unboxed words).
    #[inline(always)]
    pub unsafe fn from_word(w: Word) -> Value {
        Value(w)
    }
    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        Value(Word::from_bool(b))
    }
    #[inline(always)]
    pub fn float(f: f64) -> Value {
        Value(Word::from_float(f))
    }
    /// An int known to fit 48 bits (lengths, indices, offsets).
    #[inline(always)]
    pub fn small(i: i64) -> Value {
        Value(Word::from_small(i))
    }
    #[inline(always)]
    /// References to the object; 0: unboxed.
    pub fn ref_count(&self) -> u64 {
        if !self.0.is_ptr() {
            return 0;
        }
        // SAFETY: a pointer word refers to a live object.
        unsafe { (*self.0.header()).count() }
    }
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        self.0 == Word::NONE
    }
    #[inline(always)]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }
    /// The identical object (equal unboxed numbers are identical).
    #[inline(always)]
    pub fn is(&self, other: &Value) -> bool {
        self.0 == other.0
    }
    #[inline(always)]
    pub fn kind(&self) -> Option<Kind> {
        self.0.kind()
    }
    #[inline(always)]
    pub fn is_kind(&self, kind: Kind) -> bool {
        self.0.is_kind(kind)
    }
    #[inline(always)]
    pub fn get<T: Object>(&self) -> Option<&T> {
        // SAFETY: `self` owns a reference, so the object outlives the borrow.
        unsafe { self.0.downcast() }
    }
    /// The payload of a value whose kind is known.
    #[inline(always)]
    #[track_caller]
    pub fn as_<T: Object>(&self) -> &T {
        self.get().unwrap_or_else(|| panic!("{:?} is no {:?}", self.0, T::KIND))
    }
    /// Words of a stack or an argument list seen as values, without counting.
    ///
    /// # Safety
    /// Every word holds a reference that outlives `'a` and none is NULL.
    #[inline(always)]
    pub unsafe fn slice_of<'a>(words: *const Word, len: usize) -> &'a [Value] {
        // SAFETY: same representation; the caller's promise.
        unsafe { std::slice::from_raw_parts(words.cast(), len) }
    }
    /// A word seen as a value, without counting.
    #[inline(always)]
    pub fn of(w: &Word) -> &Value {
        // SAFETY: same representation; a word on its own is borrowed from whoever owns the reference, for
        // no longer than the borrow of the word.
        unsafe { &*(w as *const Word).cast() }
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        self.0.to_value()
    }
}

impl Drop for Value {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the value owned a reference.
        unsafe { self.0.decref() }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a cell holds, without the guard: its drop glue is a call that takes an address, which a handler of the
/// tail chain must not make.
///
/// # Safety
/// Nothing changes the cell while the reference lives.
#[inline(always)]
pub unsafe fn unguarded<T>(cell: &std::cell::RefCell<T>) -> &T {
    // SAFETY: the caller's promise.
    unsafe { &*cell.as_ptr() }
}
