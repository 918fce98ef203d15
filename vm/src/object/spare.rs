//! Buffers of lists, dicts and sets, kept for the next one.
//!
//! Most containers are small and short-lived, so a heap keeps a few of their freed buffers by size. A buffer
//! is what a `Vec` of that size and alignment 8 allocates: vectors and containers hand theirs to each other.

use super::heap::heap_of;
use std::alloc::Layout;

/// Sizes are multiples of this many bytes.
const STEP: usize = 32;
const SIZES: usize = 17;
/// Buffers kept of a size.
const MOST: u32 = 64;

#[derive(Clone, Copy)]
struct Room {
    /// Each free buffer begins with the address of the next.
    first: *mut u8,
    count: u32,
}

pub(super) struct Spare([Room; SIZES]);

impl Spare {
    pub(super) const NONE: Spare = Spare([Room { first: std::ptr::null_mut(), count: 0 }; SIZES]);
}

impl Drop for Spare {
    fn drop(&mut self) {
        for (i, room) in self.0.iter().enumerate() {
            let mut p = room.first;
            while !p.is_null() {
                // SAFETY: a free buffer of this size holds the address of the next.
                unsafe {
                    let next = p.cast::<*mut u8>().read();
                    std::alloc::dealloc(p, Layout::from_size_align_unchecked(i * STEP, 8));
                    p = next;
                }
            }
        }
    }
}

/// An empty vector with room for exactly `capacity` items.
///
/// # Safety
/// `object` is an object; the thread holds its VM.
#[inline]
pub(super) unsafe fn take<T>(object: *const u8, capacity: usize) -> Vec<T> {
    const { assert!(align_of::<T>() == 8 && size_of::<T>() > 0) };
    let bytes = capacity.wrapping_mul(size_of::<T>());
    if bytes.is_multiple_of(STEP) && bytes / STEP < SIZES {
        // SAFETY: the object's heap lives. A free buffer was allocated with this very layout.
        unsafe {
            let room = &mut (*heap_of(object)).spare.0[bytes / STEP];
            let p = room.first;
            if !p.is_null() {
                room.first = p.cast::<*mut u8>().read();
                room.count -= 1;
                return Vec::from_raw_parts(p.cast(), 0, capacity);
            }
        }
    }
    Vec::with_capacity(capacity)
}

/// A buffer for `capacity` words, if there is one to be had without a call.
///
/// # Safety
/// As of `take`.
#[inline(always)]
pub(super) unsafe fn try_take(object: *const u8, capacity: usize) -> Option<*mut u8> {
    let bytes = capacity * 8;
    if !bytes.is_multiple_of(STEP) || bytes / STEP >= SIZES {
        return None;
    }
    // SAFETY: as in `take`.
    unsafe {
        let room = (*heap_of(object)).spare.0.get_unchecked_mut(bytes / STEP);
        let p = room.first;
        if p.is_null() {
            return None;
        }
        room.first = p.cast::<*mut u8>().read();
        room.count -= 1;
        Some(p)
    }
}

/// May one more buffer for `capacity` words be kept, which is of a size that is?
///
/// # Safety
/// As of `take`.
#[inline(always)]
pub(super) unsafe fn has_place(object: *const u8, capacity: usize) -> bool {
    // SAFETY: as in `take`.
    unsafe { (*heap_of(object)).spare.0.get_unchecked(capacity * 8 / STEP) }.count < MOST
}

/// Undoes `try_take`, or keeps a buffer that has a place.
///
/// # Safety
/// `p` is a buffer of nobody's for `capacity` words, a size that is kept.
#[inline(always)]
pub(super) unsafe fn put_back(object: *const u8, p: *mut u8, capacity: usize) {
    // SAFETY: as promised.
    unsafe {
        let room = (*heap_of(object)).spare.0.get_unchecked_mut(capacity * 8 / STEP);
        p.cast::<*mut u8>().write(room.first);
        room.first = p;
        room.count += 1;
    }
}

/// Keeps the buffer of a vector whose items are gone, or frees it.
///
/// # Safety
/// As for `take`.
#[inline]
pub(super) unsafe fn give<T>(object: *const u8, v: Vec<T>) {
    debug_assert!(v.is_empty());
    let bytes = v.capacity().wrapping_mul(size_of::<T>());
    if bytes == 0 {
        return;
    }
    if align_of::<T>() == 8 && bytes.is_multiple_of(STEP) && bytes / STEP < SIZES {
        // SAFETY: as in `take`.
        let room = unsafe { &mut (*heap_of(object)).spare.0[bytes / STEP] };
        if room.count < MOST {
            let mut v = std::mem::ManuallyDrop::new(v);
            let p = v.as_mut_ptr().cast::<u8>();
            // SAFETY: the buffer is ours now and holds an address.
            unsafe { p.cast::<*mut u8>().write(room.first) };
            room.first = p;
            room.count += 1;
            return;
        }
    }
    drop(v);
}

/// Capacity of a list's buffer for `n` items: small ones come in sizes that are kept.
#[inline(always)]
pub(super) fn rounded(n: usize) -> usize {
    match n {
        0 => 0,
        1..=64 => n.next_power_of_two().max(4),
        _ => n,
    }
}
