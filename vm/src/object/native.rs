//! `Native`: objects of classes written in Rust, with a payload of any Rust type.
//!
//! All of them are of one kind; [`NativeOps`] says of which type the payload is, how to free it and what it
//! holds. Payload fields that change are `Cell`s or `RefCell`s; no borrow lives across a call that can run
//! Python (dropping a value can).

use super::{Header, Kind, Object, Type, alloc_raw, free_raw};
use crate::error::R;
use crate::types::buffer::Buffer;
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::any::TypeId;

/// The next item of an iterator.
pub type NextFn<T> = fn(&mut Vm, &T) -> R<Option<Value>>;

/// An item by its number.
pub type ItemFn<T> = fn(&T, i64) -> Option<Value>;

/// Data of a native class's instances.
pub trait Payload: Sized + 'static {
    /// Of iterators, which are their own `__iter__`: what `__next__` does, without the StopIteration.
    const NEXT: Option<NextFn<Self>> = None;
    /// Of sequences: the item of a number, if it is there and making it runs nothing.
    const ITEM: Option<ItemFn<Self>> = None;
    /// Visits every value it owns, for the cycle collector.
    fn traverse(&self, _visit: &mut dyn FnMut(&Value)) {}
    /// Lets go of the values that can be part of a cycle.
    fn clear(&self) {}
    /// The bytes, if the object exports any.
    fn buffer(&self) -> Option<&dyn Buffer> {
        None
    }
}

/// What is known of a payload's type.
pub struct NativeOps {
    id: TypeId,
    free: unsafe fn(*mut Native),
    traverse: unsafe fn(*const Native, &mut dyn FnMut(&Value)),
    clear: unsafe fn(*const Native),
    buffer: for<'a> unsafe fn(&'a Native) -> Option<&'a dyn Buffer>,
    next: Option<unsafe fn(&mut Vm, *const Native) -> R<Option<Value>>>,
    item: Option<unsafe fn(*const Native, i64) -> Option<Value>>,
}

/// The part that all native objects share.
#[repr(C)]
pub struct Native {
    h: Header,
    ops: &'static NativeOps,
}

#[repr(C)]
struct Full<T> {
    base: Native,
    payload: T,
}

struct OpsOf<T>(std::marker::PhantomData<T>);

impl<T: Payload> OpsOf<T> {
    const OPS: &'static NativeOps = &NativeOps {
        id: TypeId::of::<T>(),
        // SAFETY (all of them): the ops of an object are those of the `Full` it was made as.
        free: |p| unsafe {
            let p = p.cast::<Full<T>>();
            std::ptr::drop_in_place(p);
            free_raw(p.cast());
        },
        traverse: |p, visit| unsafe { (*p.cast::<Full<T>>()).payload.traverse(visit) },
        clear: |p| unsafe { (*p.cast::<Full<T>>()).payload.clear() },
        buffer: |p| unsafe { (*(&raw const *p).cast::<Full<T>>()).payload.buffer() },
        next: if T::NEXT.is_some() { Some(next_of::<T>) } else { None },
        item: if T::ITEM.is_some() { Some(item_of::<T>) } else { None },
    };
}

/// # Safety
/// `n` is a live `Full<T>`. (Not a reference: what is behind a `&Native` does not change, as far as the compiler
/// knows.)
unsafe fn next_of<T: Payload>(vm: &mut Vm, n: *const Native) -> R<Option<Value>> {
    // SAFETY: as promised.
    T::NEXT.map_or(Ok(None), |next| next(vm, unsafe { &(*n.cast::<Full<T>>()).payload }))
}

/// # Safety
/// As for `next_of`.
unsafe fn item_of<T: Payload>(n: *const Native, i: i64) -> Option<Value> {
    // SAFETY: as promised.
    T::ITEM?(unsafe { &(*n.cast::<Full<T>>()).payload }, i)
}

impl Native {
    pub fn new<T: Payload>(ty: &Value, payload: T) -> Value {
        const { assert!(align_of::<T>() <= 8) };
        debug_assert_eq!(ty.as_::<Type>().instance.get(), Kind::Native);
        let h = Header::new(Kind::Native, ty);
        let full = Full { base: Native { h, ops: OpsOf::<T>::OPS }, payload };
        // SAFETY: fresh memory of the right size; a fresh object carries one reference.
        unsafe {
            let p = alloc_raw(size_of::<Full<T>>(), &full.base.h).cast::<Full<T>>();
            p.write(full);
            Value::from_word(Word(p as u64))
        }
    }
    #[inline(always)]
    pub fn payload<T: Payload>(&self) -> Option<&T> {
        if self.ops.id != const { TypeId::of::<T>() } {
            return None;
        }
        // SAFETY: the ids say so.
        Some(unsafe { &(*(self as *const Native).cast::<Full<T>>()).payload })
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: own ops.
        unsafe { (self.ops.traverse)(self, visit) }
    }
    pub fn buffer(&self) -> Option<&dyn Buffer> {
        // SAFETY: own ops.
        unsafe { (self.ops.buffer)(self) }
    }
    pub fn clear(&self) {
        // SAFETY: own ops.
        unsafe { (self.ops.clear)(self) }
    }
}

// SAFETY: `#[repr(C)]`, header first, one kind.
unsafe impl Object for Native {
    const KIND: Kind = Kind::Native;

    unsafe fn free(p: *mut Native) {
        // SAFETY: as promised; own ops.
        unsafe { ((*p).ops.free)(p) }
    }
}

impl Value {
    /// What is known of the payload of a native object whose class is the one written in Rust.
    #[inline(always)]
    fn own_ops(&self) -> Option<(*const Native, &'static NativeOps)> {
        if !self.is_kind(Kind::Native) {
            return None;
        }
        let n = self.word().0 as *const Native;
        // SAFETY: the kind is tested; an object keeps its class.
        unsafe { if (*(*n).h.ty()).is_heap() { None } else { Some((n, (*n).ops)) } }
    }
    /// Is it an iterator with a [`Payload::NEXT`], which no derived class replaces?
    pub(crate) fn is_native_iterator(&self) -> bool {
        self.own_ops().is_some_and(|(_, ops)| ops.next.is_some())
    }
    /// The next item of such an iterator; `None`: it is something else.
    #[inline(always)]
    pub(crate) fn native_next(&self, vm: &mut Vm) -> Option<R<Option<Value>>> {
        let (n, ops) = self.own_ops()?;
        // SAFETY: own ops.
        ops.next.map(|next| unsafe { next(vm, n) })
    }
    /// An item as [`Payload::ITEM`] says.
    #[inline(always)]
    pub(crate) fn native_item(&self, i: i64) -> Option<Value> {
        let (n, ops) = self.own_ops()?;
        // SAFETY: own ops.
        unsafe { ops.item?(n, i) }
    }
    /// The payload, if it is a native object of that type.
    #[inline(always)]
    pub fn native<T: Payload>(&self) -> Option<&T> {
        self.get::<Native>()?.payload()
    }
}
