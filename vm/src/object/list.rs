//! `List`: a growable array of values, with a layout that compiled code reads and writes.

use super::{Header, Kind, alloc};
use crate::layout::{LIST_ITEMS, LIST_LEN};
use crate::value::{Value, Word};
use std::cell::Cell;
use std::mem::offset_of;

#[repr(C)]
pub struct List {
    h: Header,
    items: Cell<*mut Word>,
    len: Cell<usize>,
    cap: Cell<usize>,
}

const _: () = assert!(offset_of!(List, items) == LIST_ITEMS && offset_of!(List, len) == LIST_LEN);

impl List {
    pub fn new(ty: &Value, items: Vec<Value>) -> Value {
        let mut items = std::mem::ManuallyDrop::new(items);
        alloc(List {
            h: Header::new(Kind::List, ty),
            items: Cell::new(items.as_mut_ptr().cast()),
            len: Cell::new(items.len()),
            cap: Cell::new(items.capacity()),
        })
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len.get()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The items, borrowed. Not to be held across anything that can change the list.
    #[inline(always)]
    pub fn as_slice(&self) -> &[Value] {
        // SAFETY: the first `len` items are values owned by the list.
        unsafe { std::slice::from_raw_parts(self.items.get().cast(), self.len.get()) }
    }
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Value> {
        self.as_slice().get(i).cloned()
    }
    /// Replaces an item and returns the old one, which the caller drops once it is done with the list.
    #[inline(always)]
    pub fn set(&self, i: usize, v: Value) -> Option<Value> {
        if i >= self.len() {
            return None;
        }
        // SAFETY: `i` is in bounds; ownership of both words changes hands.
        unsafe {
            let p = self.items.get().add(i);
            let old = Value::from_word(*p);
            *p = v.into_word();
            Some(old)
        }
    }
    /// Hands the vector to `f` and takes it back: for everything that changes the length.
    pub fn with_vec<R>(&self, f: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        // SAFETY: pointer, length and capacity came from a Vec; while `f` has it the list reads as empty.
        let mut v =
            unsafe { Vec::from_raw_parts(self.items.get().cast::<Value>(), self.len.get(), self.cap.get()) };
        self.len.set(0);
        let r = f(&mut v);
        let mut v = std::mem::ManuallyDrop::new(v);
        self.items.set(v.as_mut_ptr().cast());
        self.cap.set(v.capacity());
        self.len.set(v.len());
        r
    }
    /// Takes over the word, if there is room.
    ///
    /// # Safety
    /// The word is owned.
    #[inline(always)]
    pub unsafe fn push_within(&self, v: Word) -> bool {
        let n = self.len.get();
        if n >= self.cap.get() {
            return false;
        }
        // SAFETY: within the capacity.
        unsafe { *self.items.get().add(n) = v };
        self.len.set(n + 1);
        true
    }
    #[inline(always)]
    pub fn push(&self, v: Value) {
        let n = self.len.get();
        if n < self.cap.get() {
            // SAFETY: within the capacity.
            unsafe { *self.items.get().add(n) = v.into_word() };
            self.len.set(n + 1);
        } else {
            self.with_vec(|items| items.push(v));
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let items = self.with_vec(std::mem::take);
        drop(items);
    }
}
