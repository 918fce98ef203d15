//! What handlers do by themselves with builtin objects: answers that need no call and run no Python. Each gives
//! `None` where the general way has to decide.

use super::*;
use crate::object::{Builtin, Dict, INTERNED, Set};

/// The hash of a key that identity tells from most others: a small int, a str that has been hashed, a class.
///
/// # Safety
/// The word lives in its slot.
#[inline(always)]
unsafe fn ready_hash(key: Word) -> Option<i64> {
    if key.is_int() {
        return Some(crate::types::hash::hash_int(key.int()));
    }
    // SAFETY: kinds tested.
    unsafe {
        match key.plain_kind()? {
            Kind::Str => key.cast::<Str>().ready_hash(),
            // Its metaclass is `type`: by address.
            Kind::Type => Some(crate::types::hash::hash_address(Value::of(&key))),
            _ => None,
        }
    }
}

/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn dict_item(dict: Word, key: Word) -> Option<Word> {
    // SAFETY: kind tested.
    unsafe {
        if !dict.is_plain(Kind::Dict) {
            return None;
        }
        let w = *dict.cast::<Dict>().settled(key, ready_hash(key)?)??;
        if w.is_null() { None } else { Some(w.incref()) }
    }
}

/// Replaces the value of a key that is there; answers the old one.
///
/// # Safety
/// The words live in their slots; the reference to `v` is handed over.
#[inline(always)]
pub unsafe fn set_dict_item(dict: Word, key: Word, v: Word) -> Option<Word> {
    // SAFETY: kind tested; only the value changes.
    unsafe {
        if !dict.is_plain(Kind::Dict) {
            return None;
        }
        let d = dict.cast::<Dict>();
        if d.is_celled() {
            return None;
        }
        Some(d.settled(key, ready_hash(key)?)??.replace(v))
    }
}

/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn contains(container: Word, item: Word) -> Option<bool> {
    // SAFETY: kinds tested.
    unsafe {
        match container.plain_kind()? {
            Kind::Dict => Some(container.cast::<Dict>().settled(item, ready_hash(item)?)?.is_some()),
            Kind::Set => container.cast::<Set>().settled(item, ready_hash(item)?),
            _ => None,
        }
    }
}

/// Are two strs equal?
///
/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn texts_equal(a: Word, b: Word) -> Option<bool> {
    // SAFETY: kinds tested.
    unsafe {
        if !a.is_plain(Kind::Str) || !b.is_plain(Kind::Str) {
            return None;
        }
        if a == b {
            return Some(true);
        }
        if (*a.header()).flags() & (*b.header()).flags() & INTERNED != 0 {
            return Some(false);
        }
        let (x, y) = (a.cast::<Str>(), b.cast::<Str>());
        if x.len() != y.len() {
            return Some(false);
        }
        // Longer ones are left to memcmp.
        match (x.short(), y.short()) {
            (Some(x), Some(y)) => Some(x == y),
            _ => None,
        }
    }
}

/// # Safety
/// The word lives in its slot.
#[inline(always)]
unsafe fn len(v: Word) -> Option<usize> {
    // SAFETY: kinds tested.
    unsafe {
        Some(match v.plain_kind()? {
            Kind::List => v.cast::<List>().len(),
            Kind::Tuple => v.cast::<Tuple>().as_slice().len(),
            Kind::Str => v.cast::<Str>().len(),
            Kind::Dict => v.cast::<Dict>().len(),
            Kind::Set => v.cast::<Set>().len(),
            _ => return None,
        })
    }
}

/// # Safety
/// The words live in their slots.
#[inline(always)]
unsafe fn is_instance(vm: *mut Vm, v: Word, class: Word) -> Option<bool> {
    // SAFETY: kinds tested; classes are kept by their objects.
    unsafe {
        if !v.is_ptr() || !class.is_plain(Kind::Type) {
            return None;
        }
        let own = (*v.header()).ty();
        if own as u64 == class.0 {
            return Some(true);
        }
        // A metaclass may have an idea of its own; a `__class__` that lies can only make a no a yes.
        if (*class.header()).ty() as u64 != (*vm).types.type_.word().0 {
            return None;
        }
        if unguarded(&(*own).mro).iter().any(|c| c.word() == class) {
            return Some(true);
        }
        if (*v.header()).flags() & crate::object::header_flags::DYNAMIC != 0 { None } else { Some(false) }
    }
}

/// Are there references to this object beyond the stack's? Giving up the last one may run Python, which the
/// general way is for.
///
/// # Safety
/// The word lives in its slot.
#[inline(always)]
unsafe fn is_kept(w: Word) -> bool {
    // SAFETY: a pointer word points at an object.
    !w.is_ptr() || unsafe { (*w.header()).count() } > 1
}

/// The result of a call, a new reference.
///
/// # Safety
/// Callable, self and arguments are on the stack, from `base` on.
#[inline(always)]
pub unsafe fn call(vm: *mut Vm, base: *const Word, which: Intrinsic) -> Option<Word> {
    // SAFETY: as promised; kinds tested.
    unsafe {
        let (callable, self_, first) = (*base, *base.add(1), *base.add(2));
        if which == Intrinsic::Type {
            // Unboxed values have few classes: the general way.
            let fits = callable == (*vm).types.type_.word() && self_.is_null() && callable != first;
            if !fits || !first.is_ptr() || !is_kept(first) {
                return None;
            }
            return Some(Word((*first.header()).ty() as u64).incref());
        }
        if !callable.is_plain(Kind::Builtin)
            || callable.cast::<Builtin>().intrinsic != which
            || !is_kept(callable)
            || callable == first
        {
            return None;
        }
        match which {
            Intrinsic::Len if self_.is_null() && is_kept(first) => Some(Word::from_small(len(first)? as i64)),
            Intrinsic::IsInstance if self_.is_null() && is_kept(first) => {
                let class = *base.add(3);
                if !is_kept(class) || class == first || class == callable {
                    return None;
                }
                Some(Word::from_bool(is_instance(vm, first, class)?))
            }
            Intrinsic::ListAppend if self_.is_plain(Kind::List) && is_kept(self_) => {
                // A reference for the list: the stack's is given up with the others.
                if !self_.cast::<List>().push_within(first) {
                    return None;
                }
                first.incref();
                Some(Word::NONE)
            }
            _ => None,
        }
    }
}
