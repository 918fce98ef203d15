//! `Tuple`: a length and the items inline.

use super::{Header, Kind, Object, alloc_raw, free_raw, heap, move_words};
use crate::layout::{TUPLE_ITEMS, TUPLE_LEN};
use crate::value::{Value, Word};
use std::cell::Cell;
use std::mem::offset_of;

#[repr(C)]
pub struct Tuple {
    h: Header,
    len: usize,
    /// -1: not computed yet.
    pub hash: Cell<i64>,
    items: [Word; 0],
}

const _: () = assert!(offset_of!(Tuple, len) == TUPLE_LEN && offset_of!(Tuple, items) == TUPLE_ITEMS);

impl Tuple {
    fn size(len: usize) -> usize {
        // A tuple's items exist already, so its size cannot overflow.
        TUPLE_ITEMS + 8 * len
    }
    pub fn new(ty: &Value, items: impl ExactSizeIterator<Item = Value>) -> Value {
        let len = items.len();
        // SAFETY: freshly allocated with room for header, length and `len` items, all written here.
        unsafe {
            let h = Header::new(Kind::Tuple, ty);
            let p = alloc_raw(Tuple::size(len), &h).cast::<Tuple>();
            (&raw mut (*p).h).write(h);
            // The collector may come by while the items are made.
            (&raw mut (*p).len).write(0);
            (&raw mut (*p).hash).write(Cell::new(-1));
            let first = (&raw mut (*p).items).cast::<Word>();
            let mut n = 0;
            for v in items.take(len) {
                first.add(n).write(v.into_word());
                n += 1;
            }
            assert_eq!(n, len, "an ExactSizeIterator that lies");
            (&raw mut (*p).len).write(len);
            Value::from_word(Word(p as u64))
        }
    }
    /// A tuple of `n` words, which move to it (`COPY`: which get new references), if that takes no call: for
    /// handlers.
    ///
    /// # Safety
    /// The words are owned values; `ty` is the plain class.
    #[inline(always)]
    pub unsafe fn try_of<const COPY: bool>(ty: &Value, words: *const Word, n: usize) -> Option<Word> {
        // SAFETY: as in `new`; nothing happens in between.
        unsafe {
            let p = heap::try_alloc(Tuple::size(n), Kind::Tuple, ty.word().0 as *const u8)?.cast::<Tuple>();
            (&raw mut (*p).h).write(Header::new(Kind::Tuple, ty));
            (&raw mut (*p).len).write(n);
            (&raw mut (*p).hash).write(Cell::new(-1));
            move_words::<COPY>(words, (&raw mut (*p).items).cast(), n);
            Some(Word(p as u64))
        }
    }
    /// A tuple of the items of a vector.
    pub fn from_vec(ty: &Value, mut items: Vec<Value>) -> Value {
        // SAFETY: as in `new`; the items move, the vector is left without any.
        unsafe {
            let h = Header::new(Kind::Tuple, ty);
            let len = items.len();
            let p = alloc_raw(Tuple::size(len), &h).cast::<Tuple>();
            (&raw mut (*p).h).write(h);
            (&raw mut (*p).len).write(len);
            (&raw mut (*p).hash).write(Cell::new(-1));
            items.set_len(0);
            std::ptr::copy_nonoverlapping(items.as_ptr(), (&raw mut (*p).items).cast(), len);
            Value::from_word(Word(p as u64))
        }
    }
    /// A tuple of these items, of which there are not too many.
    #[inline]
    pub fn of<const N: usize>(ty: &Value, items: [Value; N]) -> Value {
        // SAFETY: as in `new`; nothing happens in between.
        unsafe {
            let h = Header::new(Kind::Tuple, ty);
            let p = alloc_raw(Tuple::size(N), &h).cast::<Tuple>();
            (&raw mut (*p).h).write(h);
            (&raw mut (*p).len).write(N);
            (&raw mut (*p).hash).write(Cell::new(-1));
            (&raw mut (*p).items).cast::<[Value; N]>().write(items);
            Value::from_word(Word(p as u64))
        }
    }
    /// A tuple of copies of these items.
    pub fn copy_of(ty: &Value, items: &[Value]) -> Value {
        // SAFETY: as in `new`; each item's word gets a reference of its own.
        unsafe {
            let h = Header::new(Kind::Tuple, ty);
            let p = alloc_raw(Tuple::size(items.len()), &h).cast::<Tuple>();
            (&raw mut (*p).h).write(h);
            (&raw mut (*p).len).write(items.len());
            (&raw mut (*p).hash).write(Cell::new(-1));
            let first = (&raw mut (*p).items).cast::<Word>();
            for (i, v) in items.iter().enumerate() {
                first.add(i).write(v.word().incref());
            }
            Value::from_word(Word(p as u64))
        }
    }
    /// If nobody else has the tuple, puts other items in it; the old ones come back.
    #[inline]
    pub fn reuse<const N: usize>(v: &Value, items: [Value; N]) -> Result<[Value; N], [Value; N]> {
        let t = v.as_::<Tuple>();
        if v.ref_count() != 1 || t.len != N || v.is_dynamic() {
            return Err(items);
        }
        t.hash.set(-1);
        // SAFETY: the only reference is the caller's: nobody looks at the items.
        unsafe { Ok((&raw const t.items).cast::<[Value; N]>().cast_mut().replace(items)) }
    }
    /// Another first item, for a tuple that nobody else has; answers the old one.
    ///
    /// # Safety
    /// There is one, and nobody borrows it; the reference to `w` is handed over.
    #[inline(always)]
    pub(crate) unsafe fn replace_first(&self, w: Word) -> Word {
        self.hash.set(-1);
        // SAFETY: the caller's promise.
        unsafe { (&raw const self.items).cast::<Word>().cast_mut().replace(w) }
    }
    #[inline(always)]
    pub fn as_slice(&self) -> &[Value] {
        // SAFETY: `len` items follow, owned by the tuple.
        unsafe { std::slice::from_raw_parts((&raw const self.items).cast(), self.len) }
    }
}

// SAFETY: `#[repr(C)]`, header first.
unsafe impl Object for Tuple {
    const KIND: Kind = Kind::Tuple;

    #[inline]
    unsafe fn free(p: *mut Tuple) {
        // SAFETY: the items and the header are dropped once, then the memory returned.
        unsafe {
            let len = (*p).len;
            let first = (&raw mut (*p).items).cast::<Value>();
            // From the end, as CPython does.
            for i in (0..len).rev() {
                first.add(i).drop_in_place();
            }
            (&raw mut (*p).h).drop_in_place();
            free_raw(p.cast());
        }
    }
}
