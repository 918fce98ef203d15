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
mod func;
pub mod generator;
mod list;
mod misc;
mod number;
mod set;
mod string;
mod tuple;
mod ty;

pub use awaitable::{Awaitable, Step, StepState};
pub use bytes::Bytes;
pub use dict::{Dict, GlobalCell};
pub use func::{Builtin, BuiltinDef, BuiltinFn, ClosureCell, Function, Kw, Method};
pub use generator::{Flavour, GenState, Generator};
pub use list::List;
pub use misc::{
    DictPart, EnumZip, Exception, Int, Lazy, Module, Namespace, Plain, Range, RangeIter, SeqIter, Slice,
    Traceback,
};
pub use number::{Complex, Float};
pub use set::{Set, SetIter};
pub use string::Str;
pub use tuple::Tuple;
pub use ty::Type;

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
            pub fn trivial_drop(self) -> bool { match self { $(Kind::$name => $trivial),* } }
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
                match (*h).kind() {
                    $(Kind::$name => <$name>::free(h.cast()),)*
                }
            }
        }
    };
}

kinds! {
    Int true, Str true, Bytes true, Tuple false, List false, Dict false, Range true, RangeIter true, SeqIter false,
    EnumZip false, Slice false, Function false, Builtin false, Method false, Code false, Module false,
    Type false, ClosureCell false, Exception false, Traceback false, Namespace false, Plain false,
    Set false, SetIter false, Float true, Complex true,
    Generator false, Awaitable false,
}

/// The first two words of every object (see `layout`).
#[repr(C)]
pub struct Header {
    word0: u64,
    ty: *const Type,
}

const _: () = assert!(size_of::<Header>() == HEADER_SIZE);

impl Header {
    /// A header with one reference. The object holds a reference to its type.
    pub fn new(kind: Kind, ty: &Value) -> Header {
        Header { word0: 1 | (kind as u64) << 48, ty: ty.clone().into_word().0 as *const Type }
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
    #[inline(always)]
    pub fn ty(&self) -> *const Type {
        self.ty
    }
    /// Changes the class of an object (`__class__ = ...`, and the first types at start-up).
    pub fn set_ty(&mut self, ty: &Value) {
        let old = self.ty;
        self.ty = ty.clone().into_word().0 as *const Type;
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
    unsafe fn free(p: *mut Self) {
        // SAFETY: objects come from `alloc`, which boxes them (Tuple, of varying size, has its own).
        drop(unsafe { Box::from_raw(p) })
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
    Namespace,
    Plain,
    Set,
    SetIter,
    Float,
    Complex,
);

/// Puts an object on the heap.
pub fn alloc<T: Object>(object: T) -> Value {
    let p = Box::into_raw(Box::new(object));
    // SAFETY: a fresh object carries one reference.
    unsafe { Value::from_word(crate::value::Word(p as u64)) }
}
