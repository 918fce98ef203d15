//! `Set`: the hash table of `set` and `frozenset`, open addressing in CPython's order.
//!
//! Iteration goes along the table, so the order of a printed set follows from hashes, probing and sizes: all
//! three are CPython's (runs of [`LINEAR`] neighbours, then a jump by the perturbed hash; a table at most 3/5
//! full). Slots: key NULL and hash 0 is free; key NULL and hash -1 was used.
//!
//! Comparing keys may run Python, which may change the set: a search compares outside the borrow and starts
//! again when the table has changed meanwhile.

use super::dict::{differ, known_equal};
use super::{Header, Kind, alloc, spare};
use crate::error::R;
use crate::value::{Value, Word, unguarded};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

const MIN_SIZE: usize = 8;
const LINEAR: usize = 9;
const PERTURB_SHIFT: u32 = 5;

struct Entry {
    hash: i64,
    key: Value,
}

impl Entry {
    const FREE: Entry = Entry { hash: 0, key: Value::NULL };
    fn is_free(&self) -> bool {
        self.key.is_null() && self.hash == 0
    }
}

/// The slots; none at all until the first key comes (it counts as a table of [`MIN_SIZE`]).
#[derive(Default)]
struct Table {
    slots: Vec<Entry>,
    /// Slots that are or were used.
    fill: usize,
    used: usize,
    /// Counts every change.
    version: u64,
}

/// The slots a hash visits, in order.
struct Walk {
    mask: usize,
    start: usize,
    perturb: usize,
    at: usize,
    last: usize,
    /// The last slot met that was used before: a new key goes there.
    reusable: Option<usize>,
}

impl Walk {
    #[inline(always)]
    fn new(hash: i64, mask: usize) -> Walk {
        let start = hash as usize & mask;
        Walk { mask, start, perturb: hash as usize, at: start, last: Walk::end(start, mask), reusable: None }
    }
    fn end(start: usize, mask: usize) -> usize {
        if start + LINEAR <= mask { start + LINEAR } else { start }
    }
    #[inline(always)]
    fn next(&mut self) -> usize {
        if self.at > self.last {
            self.perturb >>= PERTURB_SHIFT;
            self.start = self.start.wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb) & self.mask;
            self.at = self.start;
            self.last = Walk::end(self.start, self.mask);
        }
        self.at += 1;
        self.at - 1
    }
}

impl Table {
    fn mask(&self) -> usize {
        self.slots.len().max(MIN_SIZE) - 1
    }
    /// Puts a key known to be absent into the first slot without a key. (No used slot is left to skip.)
    fn insert_clean(&mut self, hash: i64, key: Value) {
        let mut walk = Walk::new(hash, self.mask());
        loop {
            let at = walk.next();
            if self.slots[at].key.is_null() {
                self.slots[at] = Entry { hash, key };
                return;
            }
        }
    }
    /// A table with room for more than `least` keys.
    ///
    /// # Safety
    /// `of` is an object.
    unsafe fn resize(&mut self, least: usize, of: *const u8) {
        let mut size = MIN_SIZE;
        while size <= least {
            size *= 2;
        }
        // SAFETY: as promised.
        let slots = unsafe { Table::fresh(of, size) };
        let mut old = std::mem::replace(&mut self.slots, slots);
        self.fill = self.used;
        self.version += 1;
        for e in old.drain(..) {
            if !e.key.is_null() {
                self.insert_clean(e.hash, e.key);
            }
        }
        // SAFETY: as promised.
        unsafe { spare::give(of, old) };
    }
    /// Free slots.
    ///
    /// # Safety
    /// `of` is an object.
    unsafe fn fresh(of: *const u8, n: usize) -> Vec<Entry> {
        // SAFETY: as promised.
        let mut slots = unsafe { spare::take(of, n) };
        slots.resize_with(n, || Entry::FREE);
        slots
    }
    /// # Safety
    /// `of` is an object.
    unsafe fn add_at(&mut self, at: usize, hash: i64, key: Value, of: *const u8) {
        if self.slots.is_empty() {
            // SAFETY: as promised.
            self.slots = unsafe { Table::fresh(of, MIN_SIZE) };
        }
        if !self.slots[at].is_free() {
            // A slot that was used before.
            self.slots[at] = Entry { hash, key };
            self.used += 1;
            self.version += 1;
            return;
        }
        self.slots[at] = Entry { hash, key };
        self.fill += 1;
        self.used += 1;
        self.version += 1;
        if self.fill * 5 >= self.mask() * 3 {
            let more = if self.used > 50_000 { self.used * 2 } else { self.used * 4 };
            // SAFETY: as promised.
            unsafe { self.resize(more, of) };
        }
    }
}

enum Found {
    At(usize),
    /// Absent; the slot where it would go.
    Free(usize),
}

enum Probe {
    Done(Found),
    /// A key of the same hash, to be compared by Python's rules.
    Ask(usize, Value),
}

/// A set or frozenset; the class tells which.
#[repr(C)]
pub struct Set {
    h: Header,
    table: RefCell<Table>,
    /// Where `pop` goes on looking.
    finger: Cell<usize>,
    /// Hash of a frozenset; -1: not computed yet.
    hash: Cell<i64>,
}

impl Set {
    pub fn new(ty: &Value) -> Value {
        alloc(Set {
            h: Header::new(Kind::Set, ty),
            table: RefCell::default(),
            finger: Cell::new(0),
            hash: Cell::new(-1),
        })
    }
    fn address(&self) -> *const u8 {
        (&raw const *self).cast()
    }
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: a number is copied.
        unsafe { unguarded(&self.table) }.used
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes of the table, for `__sizeof__`.
    pub fn table_size(&self) -> usize {
        match self.table.borrow().mask() + 1 {
            MIN_SIZE => 0,
            n => n * size_of::<Entry>(),
        }
    }

    #[inline]
    fn probe(&self, key: &Value, hash: i64, walk: &mut Walk) -> Probe {
        // SAFETY: nothing changes the table here.
        let t = unsafe { unguarded(&self.table) };
        if t.slots.is_empty() {
            return Probe::Done(Found::Free(hash as usize & (MIN_SIZE - 1)));
        }
        loop {
            let at = walk.next();
            // SAFETY: a walk stays inside the table.
            let e = unsafe { t.slots.get_unchecked(at) };
            if e.key.is_null() {
                if e.hash == 0 {
                    return Probe::Done(Found::Free(walk.reusable.unwrap_or(at)));
                }
                walk.reusable = Some(at);
            } else if e.hash == hash {
                match known_equal(e.key.word(), key.word()) {
                    Some(true) => return Probe::Done(Found::At(at)),
                    Some(false) => {}
                    None => return Probe::Ask(at, e.key.clone()),
                }
            }
        }
    }
    #[inline]
    fn find(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<Found> {
        // SAFETY: nothing changes the table here.
        let t = unsafe { unguarded(&self.table) };
        // Mostly the first slot says enough.
        let at = hash as usize & t.mask();
        if let Some(e) = t.slots.get(at) {
            if e.hash == hash && e.key.is(key) {
                return Ok(Found::At(at));
            }
            if e.is_free() {
                return Ok(Found::Free(at));
            }
        }
        let mut walk = Walk::new(hash, t.mask());
        match self.probe(key, hash, &mut walk) {
            Probe::Done(found) => Ok(found),
            Probe::Ask(at, other) => self.find_asking(vm, key, hash, walk, at, other),
        }
    }
    /// Goes on with a search that met a key to be compared by Python's rules.
    fn find_asking(
        &self,
        vm: &mut Vm,
        key: &Value,
        hash: i64,
        mut walk: Walk,
        mut at: usize,
        mut other: Value,
    ) -> R<Found> {
        let version = |s: &Set| s.table.borrow().version;
        loop {
            let before = version(self);
            let equal = vm.eq(&other, key)?;
            let changed = version(self) != before;
            if equal && !changed {
                return Ok(Found::At(at));
            }
            // It may be the last reference.
            drop(other);
            if changed {
                walk = Walk::new(hash, self.table.borrow().mask());
            }
            match self.probe(key, hash, &mut walk) {
                Probe::Done(found) => return Ok(found),
                Probe::Ask(next, key) => (at, other) = (next, key),
            }
        }
    }

    /// Membership without a call, where identity and hashes settle it. `None`: they do not.
    #[inline(always)]
    pub fn settled(&self, key: Word, hash: i64) -> Option<bool> {
        // SAFETY: nothing changes the table here; a walk stays inside it.
        unsafe {
            let t = unguarded(&self.table);
            if t.used == 0 {
                return Some(false);
            }
            // Mostly the first slot says enough.
            let first = t.slots.get_unchecked(hash as usize & t.mask());
            if first.key.word() == key {
                return Some(true);
            }
            if first.is_free() {
                return Some(false);
            }
            let mut walk = Walk::new(hash, t.mask());
            loop {
                let e = t.slots.get_unchecked(walk.next());
                if e.key.word() == key {
                    return Some(true);
                }
                if e.is_free() {
                    return Some(false);
                }
                if e.hash == hash && !differ(e.key.word(), key) {
                    return None;
                }
            }
        }
    }
    pub fn has(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        Ok(matches!(self.find(vm, key, hash)?, Found::At(_)))
    }
    /// True if the key is new.
    pub fn add(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<bool> {
        match self.find(vm, key, hash)? {
            Found::At(_) => Ok(false),
            Found::Free(at) => {
                // SAFETY: a set is an object, and nothing else runs meanwhile.
                unsafe { (*self.table.as_ptr()).add_at(at, hash, key.clone(), self.address()) };
                Ok(true)
            }
        }
    }
    /// True if the key was there.
    pub fn discard(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        let Found::At(at) = self.find(vm, key, hash)? else { return Ok(false) };
        let old = self.take(at);
        drop(old);
        Ok(true)
    }
    fn take(&self, at: usize) -> Value {
        let mut t = self.table.borrow_mut();
        t.used -= 1;
        t.version += 1;
        let old = std::mem::replace(&mut t.slots[at], Entry { hash: -1, key: Value::NULL });
        old.key
    }
    /// Removes some key.
    pub fn pop(&self) -> Option<Value> {
        let at = {
            let t = self.table.borrow();
            if t.used == 0 {
                return None;
            }
            let n = t.slots.len();
            let from = self.finger.get() & (n - 1);
            (0..n).map(|i| (from + i) & (n - 1)).find(|&i| !t.slots[i].key.is_null())?
        };
        self.finger.set(at + 1);
        Some(self.take(at))
    }
    pub fn clear(&self) {
        let old = {
            let mut t = self.table.borrow_mut();
            let version = t.version + 1;
            std::mem::replace(&mut *t, Table { version, ..Table::default() })
        };
        drop(old);
    }
    /// The first key at or after position `from`, with its position and hash.
    #[inline(always)]
    pub fn next_key(&self, from: usize) -> Option<(usize, Value, i64)> {
        // SAFETY: nothing changes the table here.
        let slots = &unsafe { unguarded(&self.table) }.slots;
        let mut at = from;
        loop {
            let e = slots.get(at)?;
            if !e.key.is_null() {
                return Some((at, e.key.clone(), e.hash));
            }
            at += 1;
        }
    }
    /// The keys with their hashes, in the order of the table.
    pub fn keys(&self) -> Vec<(Value, i64)> {
        let t = self.table.borrow();
        t.slots.iter().filter(|e| !e.key.is_null()).map(|e| (e.key.clone(), e.hash)).collect()
    }
    /// Makes room for `n` more keys, if the table would grow on the way.
    pub fn reserve(&self, n: usize) {
        let mut t = self.table.borrow_mut();
        if (t.fill + n) * 5 >= t.mask() * 3 {
            let least = (t.used + n) * 2;
            // SAFETY: as above.
            unsafe { t.resize(least, self.address()) };
        }
    }
    /// Rids the table of used slots when there are many.
    pub fn tidy(&self) {
        let mut t = self.table.borrow_mut();
        if t.fill - t.used > t.mask() / 4 {
            let least = if t.used > 50_000 { t.used * 2 } else { t.used * 4 };
            // SAFETY: as above.
            unsafe { t.resize(least, self.address()) };
        }
    }
    /// Adds another set's keys. An empty one takes over the other's order where CPython does.
    pub fn merge(&self, vm: &mut Vm, other: &Set) -> R {
        if std::ptr::eq(self, other) || other.is_empty() {
            return Ok(());
        }
        self.reserve(other.len());
        let keys = {
            let mut t = self.table.borrow_mut();
            let o = other.table.borrow();
            if t.fill == 0 && t.mask() == o.mask() && o.fill == o.used {
                t.slots = o.slots.iter().map(|e| Entry { hash: e.hash, key: e.key.clone() }).collect();
                (t.fill, t.used) = (o.used, o.used);
                t.version += 1;
                return Ok(());
            }
            drop(o);
            let keys = other.keys();
            if t.fill == 0 {
                if t.slots.is_empty() {
                    // SAFETY: a set is an object.
                    t.slots = unsafe { Table::fresh(self.address(), MIN_SIZE) };
                }
                (t.fill, t.used) = (keys.len(), keys.len());
                t.version += 1;
                for (key, hash) in keys {
                    t.insert_clean(hash, key);
                }
                return Ok(());
            }
            keys
        };
        for (key, hash) in keys {
            self.add(vm, &key, hash)?;
        }
        Ok(())
    }
    /// Exchanges the contents of two sets.
    pub fn swap(&self, other: &Set) {
        if std::ptr::eq(self, other) {
            return;
        }
        let (mut a, mut b) = (self.table.borrow_mut(), other.table.borrow_mut());
        std::mem::swap(&mut *a, &mut *b);
        let version = a.version.max(b.version) + 1;
        (a.version, b.version) = (version, version);
    }

    /// CPython's hash of a frozenset, the same in any order.
    pub fn frozen_hash(&self) -> i64 {
        if self.hash.get() != -1 {
            return self.hash.get();
        }
        let shuffle = |h: u64| ((h ^ 89869747) ^ (h << 16)).wrapping_mul(3644798167);
        let t = self.table.borrow();
        let keys = t.slots.iter().filter(|e| !e.key.is_null());
        let mut hash = keys.fold(0, |acc, e| acc ^ shuffle(e.hash as u64));
        hash ^= (t.used as u64 + 1).wrapping_mul(1927868237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69069).wrapping_add(907133923);
        if hash == u64::MAX {
            hash = 590923713;
        }
        hash as i64
    }
    /// The hash of one that can no longer change.
    pub fn remember_hash(&self, hash: i64) {
        self.hash.set(hash);
    }
    /// The hash if it is known already.
    pub fn known_hash(&self) -> Option<i64> {
        Some(self.hash.get()).filter(|&h| h != -1)
    }
    /// Shows every key to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for e in &self.table.borrow().slots {
            if !e.key.is_null() {
                visit(&e.key);
            }
        }
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        let Table { mut slots, .. } = self.table.take();
        slots.clear();
        // SAFETY: a set is an object.
        unsafe { spare::give(self.address(), slots) }
    }
}

/// Iterator over a set.
#[repr(C)]
pub struct SetIter {
    h: Header,
    /// NULL once exhausted.
    set: RefCell<Value>,
    at: Cell<usize>,
    /// Size of the set at the start, to notice changes.
    size: Cell<usize>,
    left: Cell<usize>,
}

impl SetIter {
    pub fn new(ty: &Value, set: Value) -> Value {
        let n = set.as_::<Set>().len();
        alloc(SetIter {
            h: Header::new(Kind::SetIter, ty),
            set: RefCell::new(set),
            at: Cell::new(0),
            size: Cell::new(n),
            left: Cell::new(n),
        })
    }
    /// The next key; an error if the set's size has changed.
    #[allow(clippy::result_unit_err)]
    #[inline(always)]
    pub fn advance(&self) -> Result<Option<Value>, ()> {
        // SAFETY: nothing runs before the end of the iteration, where the set is let go.
        let Some(s) = unsafe { unguarded(&self.set) }.get::<Set>() else { return Ok(None) };
        if s.len() != self.size.get() {
            // It stays so: no size is that large.
            self.size.set(usize::MAX);
            return Err(());
        }
        match s.next_key(self.at.get()) {
            Some((i, key, _)) => {
                self.at.set(i + 1);
                self.left.set(self.left.get().saturating_sub(1));
                Ok(Some(key))
            }
            None => {
                self.let_go();
                Ok(None)
            }
        }
    }
    #[cold]
    #[inline(never)]
    fn let_go(&self) {
        drop(self.set.replace(Value::NULL));
    }
    /// How many keys are left, as far as is known.
    pub fn left(&self) -> usize {
        let set = self.set.borrow();
        match set.get::<Set>() {
            Some(s) if s.len() == self.size.get() => self.left.get(),
            _ => 0,
        }
    }
    /// The keys that are left.
    pub fn rest(&self) -> Vec<Value> {
        let set = self.set.borrow().clone();
        let Some(s) = set.get::<Set>() else { return vec![] };
        let mut at = self.at.get();
        std::iter::from_fn(|| {
            let (i, key, _) = s.next_key(at)?;
            at = i + 1;
            Some(key)
        })
        .collect()
    }
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let set = self.set.borrow();
        if !set.is_null() {
            visit(&set);
        }
    }
}
