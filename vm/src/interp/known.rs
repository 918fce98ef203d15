//! What handlers do by themselves with builtin objects: answers that need no call and run no Python. Each gives
//! `None` where the general way has to decide.

use super::*;
use crate::object::{Builtin, Dict, INTERNED, Route, Set, move_words};

/// The hash of a key that identity tells from most others: a small int, a str that has been hashed, a class.
///
/// # Safety
/// The word lives in its slot.
#[inline(always)]
unsafe fn ready_hash(key: Word) -> Option<i64> {
    if key.is_int() {
        return Some(crate::types::hash::hash_small(key.int()));
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

/// Sets the value of a key; answers the old one, NULL for a new key.
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
        let hash = ready_hash(key)?;
        match d.settled(key, hash)? {
            Some(value) => Some(value.replace(v)),
            None if d.add_within(key, hash, v) => Some(Word::NULL),
            None => None,
        }
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

/// A slice of a list, or of a tuple if it is not empty, with bounds that are ints or None.
///
/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn part(vm: *mut Vm, c: Word, start: Word, stop: Word) -> Option<Word> {
    // SAFETY: kinds tested; the container owns its items.
    unsafe {
        let (items, is_list) = match c.plain_kind()? {
            Kind::List => (c.cast::<List>().as_slice(), true),
            Kind::Tuple => (c.cast::<Tuple>().as_slice(), false),
            _ => return None,
        };
        let from = bound(start, 0, items.len())?;
        let n = bound(stop, items.len(), items.len())?.saturating_sub(from);
        let first = items.as_ptr().cast::<Word>().add(from);
        match is_list {
            true => List::try_of::<true>(&(*vm).types.list, first, n),
            false if n == items.len() => Some(c.incref()),
            false if n == 0 => None,
            false => Tuple::try_of::<true>(&(*vm).types.tuple, first, n),
        }
    }
}

/// Exchanges a slice of a list with the items of a list that nobody else has, as many.
///
/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn exchange_part(c: Word, start: Word, stop: Word, items: Word) -> Option<()> {
    if !c.is_plain(Kind::List) || !items.is_plain(Kind::List) || c == items {
        return None;
    }
    // SAFETY: kinds tested.
    unsafe {
        let (list, other) = (c.cast::<List>(), items.cast::<List>());
        let from = bound(start, 0, list.len())?;
        let n = bound(stop, list.len(), list.len())?.saturating_sub(from);
        if n != other.len() || (*items.header()).count() != 1 {
            return None;
        }
        list.exchange(from, other);
    }
    Some(())
}

/// The tuple of a list that is not empty.
///
/// # Safety
/// The word lives in its slot.
#[inline(always)]
pub unsafe fn tuple_of_list(vm: *mut Vm, list: Word) -> Option<Word> {
    if !list.is_plain(Kind::List) {
        return None;
    }
    // SAFETY: kind tested; the list owns its items, or they move.
    unsafe {
        let (ty, l) = (&(*vm).types.tuple, list.cast::<List>());
        let (items, n) = (l.as_slice().as_ptr().cast(), l.len());
        match (*list.header()).count() {
            _ if n == 0 => None,
            1 => {
                let t = Tuple::try_of::<false>(ty, items, n)?;
                l.forget_items();
                Some(t)
            }
            _ => Tuple::try_of::<true>(ty, items, n),
        }
    }
}

/// A new function of a code object, whose reference moves to it, with the globals of the current frame.
///
/// # Safety
/// The word lives in its slot.
#[inline(always)]
pub unsafe fn new_function(vm: *mut Vm, code: Word) -> Option<Word> {
    if !code.is_kind(Kind::Code) {
        return None;
    }
    // SAFETY: kind tested; the frame's function keeps the globals.
    unsafe {
        let outer = (*(*vm).frame).function();
        let g = outer.globals.word().cast::<Dict>();
        // Else the code has to be bound to its globals.
        let id = code.cast::<Code>().globals_id.get();
        if id == 0 || id != g.id() {
            return None;
        }
        let name = (*vm).name_of_name.word();
        let module = match g.settled(name, ready_hash(name)?)? {
            Some(v) if (*v).is_null() => return None,
            Some(v) => *v,
            None => Word::NONE,
        };
        Function::try_new(&(*vm).types.function, code, outer, module)
    }
}

/// Sets a global variable that is there; answers the old value.
///
/// # Safety
/// `name` is one of the current code's; the reference to `v` is handed over.
#[inline(always)]
pub unsafe fn set_global(vm: *mut Vm, name: u32, v: Word) -> Option<Word> {
    // SAFETY: as promised; the frame keeps its function, that its globals.
    unsafe {
        let f = (*vm).frame;
        let name = (*f).code().names.get_unchecked(name as usize).word();
        (*f).globals().word().cast::<Dict>().set_global(name, ready_hash(name)?, v)
    }
}

/// A bound of a slice of `len` items.
#[inline(always)]
fn bound(w: Word, default: usize, len: usize) -> Option<usize> {
    if w == Word::NONE {
        return Some(default);
    }
    if !w.is_int() {
        return None;
    }
    let i = w.int();
    let i = if i < 0 { i + len as i64 } else { i };
    Some((i.max(0) as usize).min(len))
}

/// The sum of two lists.
///
/// # Safety
/// The words live in their slots.
#[inline(always)]
pub unsafe fn joined(vm: *mut Vm, a: Word, b: Word) -> Option<Word> {
    if !a.is_plain(Kind::List) || !b.is_plain(Kind::List) {
        return None;
    }
    // SAFETY: kinds tested; the lists own their items.
    unsafe {
        let (a, b) = (a.cast::<List>().as_slice(), b.cast::<List>().as_slice());
        let (list, items) = List::try_room(&(*vm).types.list, a.len() + b.len())?;
        move_words::<true>(a.as_ptr().cast(), items, a.len());
        move_words::<true>(b.as_ptr().cast(), items.add(a.len()), b.len());
        Some(list)
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

/// What a call of the builtin is made on: the object that it is bound to, or `self_`.
#[inline(always)]
fn receiver(b: &Builtin, self_: Word) -> Word {
    match b.route {
        Route::Bound if self_.is_null() => b.self_.word(),
        Route::Method => self_,
        _ => Word::NULL,
    }
}

/// The result of a call with `args` arguments (as many as the builtin takes), a new reference.
///
/// # Safety
/// Callable, self and arguments are on the stack, from `base` on.
#[inline(always)]
pub unsafe fn call(vm: *mut Vm, base: *const Word, which: Intrinsic, args: u32) -> Option<Word> {
    // SAFETY: as promised; kinds tested.
    unsafe {
        let (callable, self_, first) = (*base, *base.add(1), *base.add(2));
        if which == Intrinsic::Type {
            let is_type = callable == (*vm).types.type_.word() && self_.is_null();
            return is_type.then(|| (*vm).type_of(Value::of(&first)).word().incref());
        }
        if !callable.is_plain(Kind::Builtin) {
            return None;
        }
        let b: &Builtin = callable.cast();
        if b.intrinsic != which {
            return None;
        }
        let object = receiver(b, self_);
        match which {
            Intrinsic::Len if self_.is_null() => Some(Word::from_small(len(first)? as i64)),
            Intrinsic::IsInstance if self_.is_null() => {
                Some(Word::from_bool(is_instance(vm, first, *base.add(3))?))
            }
            // An audit hook hears of it.
            Intrinsic::Id if self_.is_null() && first.is_ptr() && (*vm).audit_hooks.is_empty() => {
                Word::try_small(first.0 as i64)
            }
            Intrinsic::ListAppend if object.is_plain(Kind::List) => {
                if !object.cast::<List>().try_push(first) {
                    return None;
                }
                // A reference for the list: the stack's is given up with the others.
                first.incref();
                Some(Word::NONE)
            }
            Intrinsic::DictGet if object.is_plain(Kind::Dict) => {
                let found = object.cast::<Dict>().settled(first, ready_hash(first)?)?;
                let default = if args == 2 { *base.add(3) } else { Word::NONE };
                let v = found.map_or(default, |v| *v);
                if v.is_null() { None } else { Some(v.incref()) }
            }
            _ => None,
        }
    }
}
