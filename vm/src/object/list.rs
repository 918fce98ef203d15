//! `List`: a growable array of values, with a layout that compiled code reads and writes.

use super::{Header, Kind, alloc, heap, spare};
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
    /// A list of these items.
    pub fn copy_of(ty: &Value, items: &[Value]) -> Value {
        let mut v = List::room(ty, items.len());
        append_copies(&mut v, items);
        List::new(ty, v)
    }
    /// A list of `n` words, which move to it (`COPY`: which get new references), if that takes no call: for
    /// handlers.
    ///
    /// # Safety
    /// The words are owned values; `ty` is the plain class.
    #[inline(always)]
    pub unsafe fn try_of<const COPY: bool>(ty: &Value, words: *const Word, n: usize) -> Option<Word> {
        // SAFETY: there is room for the words.
        unsafe {
            let (list, items) = List::try_room(ty, n)?;
            move_words::<COPY>(words, items, n);
            Some(list)
        }
    }
    /// The same list with its items still to be written, at the address beside it.
    ///
    /// # Safety
    /// `ty` is the plain class. Nothing may run until the items are written.
    #[inline(always)]
    pub unsafe fn try_room(ty: &Value, n: usize) -> Option<(Word, *mut Word)> {
        let at = ty.word().0 as *const u8;
        // SAFETY: a class is an object, and whoever holds it holds the VM. The cell and the buffer are this list's
        // alone.
        unsafe {
            let cap = spare::rounded(n);
            let items = match n {
                0 => std::ptr::dangling_mut::<Word>(),
                _ => spare::try_take(at, cap)?.cast(),
            };
            let Some(p) = heap::try_alloc(size_of::<List>(), Kind::List, at) else {
                if n > 0 {
                    spare::put_back(at, items.cast(), cap);
                }
                return None;
            };
            p.cast::<List>().write(List {
                h: Header::new(Kind::List, ty),
                items: Cell::new(items),
                len: Cell::new(n),
                cap: Cell::new(cap),
            });
            Some((Word(p as u64), items))
        }
    }
    /// An empty vector for `n` items of a list to be. `ty`: any object of the VM.
    #[inline]
    pub fn room(ty: &Value, n: usize) -> Vec<Value> {
        // SAFETY: a class is an object, and whoever holds it holds the VM.
        unsafe { spare::take(ty.word().0 as *const u8, spare::rounded(n)) }
    }
    /// Frees a vector, whose buffer may be kept for a list.
    pub fn discard(ty: &Value, mut v: Vec<Value>) {
        // From the end, as CPython does.
        while let Some(x) = v.pop() {
            drop(x);
        }
        // SAFETY: as in `room`.
        unsafe { spare::give(ty.word().0 as *const u8, v) }
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
    /// Takes over the word, if that takes no call: for handlers.
    ///
    /// # Safety
    /// The word is owned.
    #[inline(always)]
    pub unsafe fn try_push(&self, v: Word) -> bool {
        let n = self.len.get();
        // SAFETY: a list is an object.
        if n >= self.cap.get() && !unsafe { self.try_grow() } {
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
            self.push_growing(v);
        }
    }
    #[cold]
    fn push_growing(&self, v: Value) {
        let n = self.len.get();
        if n >= 32 {
            return self.with_vec(|items| items.push(v));
        }
        self.move_to(n + 1);
        // SAFETY: there is room now.
        unsafe { self.items.get().add(n).write(v.into_word()) };
        self.len.set(n + 1);
    }
    /// Moves the items, which fill a small buffer, to one of twice the size, if both are of those kept.
    ///
    /// # Safety
    /// The list is one of a VM's.
    #[inline(always)]
    unsafe fn try_grow(&self) -> bool {
        let (n, at) = (self.cap.get(), &raw const *self as *const u8);
        let more = spare::rounded(n + 1);
        if n >= 32 || n != 0 && spare::rounded(n) != n {
            return false;
        }
        // SAFETY: a list is an object; the buffers are of the sizes they are asked for with.
        unsafe {
            if n > 0 && !spare::has_place(at, n) {
                return false;
            }
            let Some(items) = spare::try_take(at, more) else { return false };
            move_words::<false>(self.items.get(), items.cast(), n);
            if n > 0 {
                spare::put_back(at, self.items.get().cast(), n);
            }
            self.items.set(items.cast());
        }
        self.cap.set(more);
        true
    }
    /// Moves the items to a buffer with room for `n`, which they do not exceed.
    fn move_to(&self, n: usize) {
        let len = self.len.get();
        assert!(len <= n);
        let at = &raw const *self as *const u8;
        // SAFETY: a list is an object. The items move to the new buffer, the old one is left without any.
        unsafe {
            let mut items = std::mem::ManuallyDrop::new(spare::take::<Value>(at, spare::rounded(n)));
            let old = Vec::<Value>::from_raw_parts(self.items.get().cast(), 0, self.cap.get());
            std::ptr::copy_nonoverlapping(old.as_ptr(), items.as_mut_ptr(), len);
            self.items.set(items.as_mut_ptr().cast());
            self.cap.set(items.capacity());
            spare::give(at, old);
        }
    }
    /// Appends copies of items, which are not this list's own.
    pub fn extend_copies(&self, items: &[Value]) {
        let need = self.len() + items.len();
        if need > self.cap.get() && need <= 64 {
            self.move_to(need);
        }
        self.with_vec(|v| {
            v.reserve(items.len());
            append_copies(v, items);
        });
    }
    /// Takes item `i` out, which is there.
    pub fn remove(&self, i: usize) -> Value {
        let n = self.len.get();
        assert!(i < n);
        // SAFETY: in bounds; the items behind move up.
        unsafe {
            let p = self.items.get().add(i);
            let old = Value::from_word(*p);
            std::ptr::copy(p.add(1), p, n - i - 1);
            self.len.set(n - 1);
            old
        }
    }
    /// Puts an item at position `i`, which is not behind the end.
    pub fn insert(&self, i: usize, v: Value) {
        let n = self.len.get();
        assert!(i <= n);
        if n == self.cap.get() {
            return self.with_vec(|items| items.insert(i, v));
        }
        // SAFETY: there is room; the items behind move down.
        unsafe {
            let p = self.items.get().add(i);
            std::ptr::copy(p, p.add(1), n - i);
            p.write(v.into_word());
        }
        self.len.set(n + 1);
    }
    /// Exchanges the items from `from` on with all of another list. For handlers: without a call.
    ///
    /// # Safety
    /// There are as many; the lists are two.
    #[inline(always)]
    pub unsafe fn exchange(&self, from: usize, other: &List) {
        for i in 0..other.len() {
            // SAFETY: in bounds of two buffers.
            unsafe {
                let (a, b) = (self.items.get().add(from + i), other.items.get().add(i));
                let w = *a;
                a.write_volatile(*b);
                b.write_volatile(w);
            }
        }
    }
    /// Empties the list, whose items have moved elsewhere.
    #[inline(always)]
    pub fn forget_items(&self) {
        self.len.set(0);
    }
}

/// Moves words to fresh memory; `COPY`: makes new references for them. For handlers: without a call.
///
/// # Safety
/// There are `n` words at `from` and room for them at `to`.
#[inline(always)]
pub unsafe fn move_words<const COPY: bool>(from: *const Word, to: *mut Word, n: usize) {
    for i in 0..n {
        // SAFETY: as promised.
        unsafe {
            let w = *from.add(i);
            // Volatile, or it would become a call of memcpy.
            to.add(i).write_volatile(if COPY { w.incref() } else { w });
        }
    }
}

/// Appends copies of values; there is room.
pub fn append_copies(v: &mut Vec<Value>, items: &[Value]) {
    let n = v.len();
    assert!(items.len() <= v.capacity() - n);
    for x in items {
        x.word().incref();
    }
    // SAFETY: there is room, and each copy has a reference of its own.
    unsafe {
        std::ptr::copy_nonoverlapping(items.as_ptr(), v.as_mut_ptr().add(n), items.len());
        v.set_len(n + items.len());
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if self.cap.get() == 0 {
            return;
        }
        let n = self.len.replace(0);
        let items = self.items.get().cast::<Value>();
        // SAFETY: the items are dropped once, while the list is empty; then the buffer is nobody's. What runs
        // meanwhile has no way to this list.
        unsafe {
            // From the end, as CPython does.
            for i in (0..n).rev() {
                items.add(i).drop_in_place();
            }
            spare::give((&raw const *self).cast(), Vec::from_raw_parts(items, 0, self.cap.get()));
        }
    }
}
