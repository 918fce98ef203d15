//! Objects on the heap: header, kinds, allocation and freeing.
//!
//! Every object is a `#[repr(C)]` struct that begins with a [`Header`]. Its *kind* (a byte) says which Rust
//! struct it is, its *type* which Python class. Fields that change are `Cell`s: objects are shared, one
//! thread at a time runs (GIL), and no borrow of a field lives across a call that can run Python.

// `T::new` puts a T on the heap and answers the value that refers to it.
#![allow(clippy::new_ret_no_self)]

mod awaitable;
mod bytes;
mod dict;
mod frame_object;
mod func;
pub mod generator;
pub mod heap;
mod instance;
mod list;
mod misc;
mod native;
mod number;
mod set;
mod spare;
mod string;
pub mod traverse;
mod tuple;
mod ty;
mod view;

pub use awaitable::{Awaitable, Step, StepState};
pub use bytes::Bytes;
pub use dict::{Dict, GlobalCell, known_equal};
pub use frame_object::{FrameObject, LINE_UNKNOWN, Traceback};
pub use func::{
    Binding, Builtin, BuiltinDef, BuiltinFn, ClosureCell, Function, Intrinsic, Kw, Method, Route,
};
pub use generator::{Flavour, GenState, Generator};
pub use instance::{Extras, Instance, Shape};
pub use list::{List, append_copies, move_words};
pub use misc::{
    DictPart, EnumZip, Exception, Int, Lazy, Module, Namespace, Plain, Range, RangeIter, SeqIter, Slice,
};
pub use native::{ItemFn, Native, NativeOps, NextFn, Payload};
pub use number::{Complex, Float};
pub use set::{Set, SetIter};
pub use string::Str;
pub use tuple::Tuple;
pub use ty::{Type, TypeFlags, header_flags};
pub use view::{Changed, DictIter, DictView};

use crate::code::Code;
use crate::layout::*;
use crate::value::Value;

macro_rules! kinds {
    ($($name:ident $trivial:literal),* $(,)?) => {
        /// Which Rust struct an object is. The byte at `HEADER_KIND`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum Kind { $($name),* }

        impl Kind {
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];
            /// Freeing one runs no Python, whatever it holds.
            #[inline]
            pub const fn trivial_drop(self) -> bool { match self { $(Kind::$name => $trivial),* } }
        }

        /// Frees an object whose count has reached zero.
        ///
        /// # Safety
        /// Nothing refers to the object any more.
        #[cold]
        #[inline(never)]
        pub unsafe fn dealloc(h: *mut Header) {
            // SAFETY: the kind names the struct the object was allocated as.
            unsafe {
                if (*h).flags() & BEFORE_FREEING != 0 {
                    return dealloc_special(h);
                }
                match (*h).kind() {
                    $(Kind::$name => dealloc_as::<$name>(h),)*
                }
            }
        }
        /// The same of an object that needs attention before.
        unsafe fn dealloc_special(h: *mut Header) {
            // SAFETY: as above.
            unsafe {
                let Some(heap) = heap::Heap::enter(h) else { return };
                if crate::types::object::before_freeing(h) {
                    match (*h).kind() {
                        $(Kind::$name => <$name>::free(h.cast()),)*
                    }
                }
                heap::Heap::leave(heap);
            }
        }
    };
}

/// A function of its own for each kind, for `dealloc` to end in.
///
/// # Safety
/// As of `dealloc`; the object is a `T`.
#[inline(never)]
unsafe fn dealloc_as<T: Object>(h: *mut Header) {
    // SAFETY: the promise is passed on.
    unsafe {
        if !T::KIND.nests() {
            return T::free(h.cast());
        }
        let Some(heap) = heap::Heap::enter(h) else { return };
        T::free(h.cast());
        heap::Heap::leave(heap);
    }
}

kinds! {
    Int true, Str true, Bytes true, Tuple false, List false, Dict false, Range true, RangeIter true, SeqIter false,
    EnumZip false, Slice false, Function false, Builtin false, Method false, Code false, Module false,
    Type false, ClosureCell false, Exception false, Traceback false, Namespace false, Plain false,
    Set false, SetIter false, DictView false, DictIter false, Float true, Complex true,
    Generator false, Awaitable false, Instance false, Native false,
    FrameObject false,
}

/// Kind and dynamic flag of an object together: what compiled code guards on. Only a plain object of a kind
/// behaves as the builtin class of that kind does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Tag(pub u16);

impl Tag {
    /// Bits of the header's second 16-bit half that matter: the kind, and the lowest flag.
    pub const MASK: u16 = TAG_MASK;
    #[inline(always)]
    pub const fn plain(kind: Kind) -> Tag {
        Tag(kind as u16)
    }
    pub const LIST: Tag = Tag::plain(Kind::List);
    pub const RANGE: Tag = Tag::plain(Kind::Range);
    pub const RANGE_ITER: Tag = Tag::plain(Kind::RangeIter);
    pub const SEQ_ITER: Tag = Tag::plain(Kind::SeqIter);
    pub const CLOSURE_CELL: Tag = Tag::plain(Kind::ClosureCell);
}
const _: () = assert!(header_flags::DYNAMIC == 1);

/// The first two words of every object (see `layout`).
#[repr(C)]
pub struct Header {
    word0: u64,
    ty: *const Type,
}

const _: () = assert!(size_of::<Header>() == HEADER_SIZE);

impl Header {
    /// A header with one reference. The object holds a reference to its type.
    #[inline(always)]
    pub fn new(kind: Kind, ty: &Value) -> Header {
        let ty = ty.clone().into_word().0 as *const Type;
        // SAFETY: a header's type is a `Type`, which the header now owns a reference to.
        let flags = unsafe { (*ty).instance_flags.get() };
        Header { word0: 1 | (kind as u64) << 48 | (flags as u64) << 56, ty }
    }
    /// Is it an object of this class that has one owner and nothing has been noted of?
    #[inline(always)]
    pub(crate) fn is_as_new(&self, kind: Kind, ty: &Value) -> bool {
        let new = Header::new(kind, ty);
        self.word0 == new.word0 && self.ty == new.ty
    }
    #[inline(always)]
    pub fn flags(&self) -> u8 {
        (self.word0 >> 56) as u8
    }
    pub fn set_flag(&mut self, flag: u8, on: bool) {
        let bit = (flag as u64) << 56;
        self.word0 = if on { self.word0 | bit } else { self.word0 & !bit };
    }
    /// For the first type object, whose type is itself: patched later.
    pub fn orphan(kind: Kind) -> Header {
        Header { word0: 1 | (kind as u64) << 48, ty: std::ptr::null() }
    }
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        // SAFETY: the byte was written from a `Kind` and is never changed.
        unsafe { std::mem::transmute::<u8, Kind>((self.word0 >> 48) as u8) }
    }
    #[inline(always)]
    pub fn is_kind(&self, kind: Kind) -> bool {
        (self.word0 >> 48) as u8 == kind as u8
    }
    #[inline(always)]
    pub fn tag(&self) -> Tag {
        Tag((self.word0 >> 48) as u16 & Tag::MASK)
    }
    #[inline(always)]
    pub fn count(&self) -> u64 {
        self.word0 & COUNT_MASK
    }
    /// # Safety
    /// The caller stores the new reference somewhere.
    #[inline(always)]
    pub unsafe fn incref(&mut self) {
        self.word0 += 1;
    }
    /// True when the last reference is gone.
    ///
    /// # Safety
    /// The caller owned a reference.
    #[inline(always)]
    pub unsafe fn decref(&mut self) -> bool {
        debug_assert!(self.count() > 0, "reference count below zero");
        self.word0 -= 1;
        self.word0 << COUNT_SHIFT == 0
    }
    /// Gives up a reference that is not the last one. False: it is, and stays.
    ///
    /// # Safety
    /// The caller owned a reference.
    #[inline(always)]
    pub unsafe fn decref_shared(&mut self) -> bool {
        let word = self.word0 - 1;
        if word << COUNT_SHIFT == 0 {
            return false;
        }
        self.word0 = word;
        true
    }
    #[inline(always)]
    pub fn ty(&self) -> *const Type {
        self.ty
    }
    /// Changes the class of an object (`__class__ = ...`, and the first types at start-up).
    pub fn set_ty(&mut self, ty: &Value) {
        let old = self.ty;
        self.ty = ty.clone().into_word().0 as *const Type;
        let of_class = header_flags::DYNAMIC | header_flags::FINALIZER;
        self.set_flag(of_class, false);
        self.set_flag(ty.as_::<Type>().instance_flags.get() & of_class, true);
        if !old.is_null() {
            // SAFETY: the header owned a reference to its type.
            drop(unsafe { Value::from_word(crate::value::Word(old as u64)) });
        }
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        if !self.ty.is_null() {
            // SAFETY: the header owned a reference to its type.
            drop(unsafe { Value::from_word(crate::value::Word(self.ty as u64)) });
        }
    }
}

/// A struct that begins with a [`Header`].
///
/// # Safety
/// `#[repr(C)]`, header first, and `KIND` is used for no other struct.
pub unsafe trait Object: Sized {
    const KIND: Kind;

    /// Drops the payload and returns the memory.
    ///
    /// # Safety
    /// As for [`dealloc`].
    #[inline]
    unsafe fn free(p: *mut Self) {
        // SAFETY: objects come from `alloc` (those of varying size have their own).
        unsafe {
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        }
    }
}

macro_rules! objects {
    ($($name:ident),* $(,)?) => { $(
        // SAFETY: each is `#[repr(C)]` with its header first; one kind each.
        unsafe impl Object for $name { const KIND: Kind = Kind::$name; }
    )* };
}

objects!(
    Int,
    Str,
    Bytes,
    List,
    Dict,
    Range,
    RangeIter,
    SeqIter,
    EnumZip,
    Slice,
    Function,
    Builtin,
    Method,
    Code,
    Module,
    Type,
    ClosureCell,
    Exception,
    Traceback,
    FrameObject,
    Namespace,
    Plain,
    Set,
    SetIter,
    DictView,
    DictIter,
    Float,
    Complex,
);

/// Puts an object on the heap. (Inlined, so that it is made where it stays: copied from the stack in wide pieces, it
/// would wait for its narrow stores.)
#[inline(always)]
pub fn alloc<T: Object>(object: T) -> Value {
    const { assert!(align_of::<T>() <= 8) };
    // SAFETY: an object begins with its header; a fresh one carries one reference.
    unsafe {
        let p = alloc_raw(size_of::<T>(), &*(&raw const object).cast()).cast::<T>();
        p.write(object);
        Value::from_word(crate::value::Word(p as u64))
    }
}

/// `alloc`, if that takes no call: for handlers. The class is a builtin one; what is not taken is not dropped.
#[inline(always)]
pub fn try_alloc<T: Object>(ty: &Value, make: impl FnOnce(Header) -> T) -> Option<crate::value::Word> {
    const { assert!(align_of::<T>() <= 8) };
    // SAFETY: as in `alloc`; a class is an object.
    unsafe {
        let p = heap::try_alloc(size_of::<T>(), T::KIND, ty.word().0 as *const u8)?.cast::<T>();
        p.write(make(Header::new(T::KIND, ty)));
        Some(crate::value::Word(p as u64))
    }
}

/// A str that is the one object for its text. (A flag in the header, beside those of `header_flags`.)
pub const INTERNED: u8 = 32;

/// Flags of objects that need attention before they are freed.
const BEFORE_FREEING: u8 = header_flags::EXTRAS | header_flags::WEAKLY_REFERENCED | header_flags::FINALIZER;

/// Memory for an object of `size` bytes with this header: before it a word for its [`Extras`] if its class
/// wants them.
///
/// # Safety
/// The caller writes the object before anything else is allocated.
#[inline(always)]
pub unsafe fn alloc_raw(size: usize, h: &Header) -> *mut u8 {
    let extras = h.flags() & header_flags::EXTRAS != 0;
    // SAFETY: the promise is passed on. The class of an object with extras is alive.
    unsafe {
        let p = heap::alloc(size, h, extras);
        if extras {
            let e = Box::new(Extras::new((*h.ty).slots.get()));
            p.cast::<*mut Extras>().sub(1).write(Box::into_raw(e));
        }
        p
    }
}
/// # Safety
/// `p` is from `alloc_raw`; its content is dropped, its extras too.
#[inline(always)]
pub unsafe fn free_raw(p: *mut u8) {
    // SAFETY: as promised.
    unsafe { heap::free(p) }
}

impl Kind {
    /// Freeing one can free others in turn, to any depth.
    #[inline(always)]
    fn nests(self) -> bool {
        !self.trivial_drop() && self != Kind::Code
    }
}

impl Value {
    /// Flags of the object's header; 0 for unboxed values.
    #[inline(always)]
    pub fn flags(&self) -> u8 {
        let w = self.word();
        // SAFETY: a value keeps its object.
        if w.is_ptr() { unsafe { (*w.header()).flags() } } else { 0 }
    }
    /// Special methods are looked up on its class.
    #[inline(always)]
    pub fn is_dynamic(&self) -> bool {
        self.flags() & header_flags::DYNAMIC != 0
    }
    /// Attributes and `__slots__` of an instance of a subclass of a builtin class.
    #[inline(always)]
    pub fn extras(&self) -> Option<&Extras> {
        if self.flags() & header_flags::EXTRAS == 0 {
            return None;
        }
        // SAFETY: the flag says that the word before the object points at its extras, which live as long.
        unsafe { (*(self.word().0 as *const *const Extras).sub(1)).as_ref() }
    }
}
