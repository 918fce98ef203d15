//! `Dict`: a compact table that keeps insertion order.
//!
//! ```text
//! indices: [-1, 1, -1, 0, -2 ...]   power of two; -1 free, -2 was used
//! entries: [(hash, key, value), ...]  in insertion order; key NULL: deleted
//! ```
//!
//! The dicts of global variables are **celled**: each entry's value lives in a [`GlobalCell`] with a fixed
//! address, so that a quickened LOAD_GLOBAL reads it with one load and compiled code can treat it as a
//! constant *watched* until the next write (after PyPy's celldict). Every read and write of a dict goes
//! through this file, so nobody else sees the difference.
//!
//! Comparing keys may run Python, which may change the dict: a search compares outside the borrow and starts
//! again when the table has changed meanwhile.

use super::{Bytes, Header, INTERNED, Kind, Str, Tuple, alloc, spare};
use crate::error::R;
use crate::value::{Value, Word, unguarded};
use crate::vm::Vm;
use crate::watch::WatchKey;
use std::cell::{Cell, RefCell};

/// Home of one global variable.
pub struct GlobalCell {
    /// NULL once the variable was deleted.
    pub value: Cell<Word>,
    /// Something relies on the value: a write fires the watch.
    pub watched: Cell<bool>,
    /// A watched value was written: it is a variable, not a constant.
    pub unstable: Cell<bool>,
}

struct Entry {
    hash: i64,
    key: Value,
    /// The value, or (celled) the address of its cell.
    value: Word,
}

/// A power of two of small numbers, or none. (Two to a word: buffers of words are kept, see `spare`.)
#[derive(Default)]
struct Indices(Vec<u64>);

impl Indices {
    /// # Safety
    /// `at` is an object.
    unsafe fn new(at: *const u8, n: usize) -> Indices {
        // SAFETY: as promised.
        let mut words = unsafe { spare::take(at, n / 2) };
        words.resize(n / 2, u64::MAX);
        Indices(words)
    }
}
impl std::ops::Deref for Indices {
    type Target = [i32];
    #[inline(always)]
    fn deref(&self) -> &[i32] {
        // SAFETY: two to a word.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 2) }
    }
}
impl std::ops::DerefMut for Indices {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [i32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 2) }
    }
}
const _: () = assert!(FREE == -1);

#[derive(Default)]
struct Table {
    indices: Indices,
    entries: Vec<Entry>,
    /// Counts every change of the set of keys.
    version: u64,
}

#[repr(C)]
pub struct Dict {
    h: Header,
    table: RefCell<Table>,
    used: Cell<usize>,
    celled: Cell<bool>,
    /// Names looked up here in vain are being relied on (see `WatchKey::Absent`).
    absent_watched: Cell<bool>,
    /// Distinguishes celled dicts for ever, unlike an address.
    id: Cell<u64>,
}

const FREE: i32 = -1;
const DUMMY: i32 = -2;

enum Probe {
    Hit(usize),
    Miss,
    /// Entry with the same hash whose key must be compared by Python's rules.
    Ask(usize, Value),
}

/// A place in the sequence of slots that a hash visits.
struct Seek {
    at: usize,
    step: usize,
}
impl Seek {
    /// Hashes that are addresses differ above the lowest bits; small ints still keep their order and places of
    /// their own.
    #[inline(always)]
    fn spread(hash: i64) -> usize {
        let h = hash as usize;
        h.wrapping_add(h >> 4).wrapping_add(h >> 7)
    }
    #[inline(always)]
    fn new(hash: i64) -> Seek {
        Seek { at: Seek::spread(hash), step: 0 }
    }
    /// Triangular numbers visit every slot of a power-of-two table.
    #[inline(always)]
    fn next(&mut self, mask: usize) -> usize {
        let at = self.at & mask;
        self.step += 1;
        self.at = at + self.step;
        at
    }
}

impl Table {
    /// What the first slot of a hash says, if that is enough: the very key, or that there is none.
    #[inline(always)]
    fn first_probe(&self, key: Word, hash: i64) -> Option<Option<usize>> {
        let at = Seek::spread(hash) & self.indices.len().checked_sub(1)?;
        // SAFETY: as in `probe`.
        match unsafe { *self.indices.get_unchecked(at) } {
            FREE => Some(None),
            // SAFETY: as in `probe`.
            i if i >= 0 && unsafe { self.entries.get_unchecked(i as usize) }.key.word() == key => {
                Some(Some(i as usize))
            }
            _ => None,
        }
    }
    /// Searches from where `seek` stands, which goes on over calls.
    #[inline]
    fn probe(&self, key: Word, hash: i64, seek: &mut Seek) -> Probe {
        let mask = match self.indices.len() {
            0 => return Probe::Miss,
            n => n - 1,
        };
        loop {
            let at = seek.next(mask);
            // SAFETY: the mask keeps `at` in the table, and an index in the table is that of an entry.
            let i = unsafe { *self.indices.get_unchecked(at) };
            if i >= 0 {
                // SAFETY: as above.
                let e = unsafe { self.entries.get_unchecked(i as usize) };
                let k = e.key.word();
                if k == key {
                    return Probe::Hit(i as usize);
                }
                if e.hash == hash {
                    match known_equal(k, key) {
                        Some(true) => return Probe::Hit(i as usize),
                        Some(false) => {}
                        None => return Probe::Ask(i as usize, e.key.clone()),
                    }
                }
            } else if i == FREE {
                return Probe::Miss;
            }
            if seek.step > mask + 1 {
                return Probe::Miss;
            }
        }
    }
    #[inline(always)]
    fn place(&mut self, hash: i64, index: i32) {
        let mask = self.indices.len() - 1;
        let mut seek = Seek::new(hash);
        loop {
            let at = seek.next(mask);
            // SAFETY: the mask keeps `at` in the table, which is not full.
            let slot = unsafe { self.indices.get_unchecked_mut(at) };
            if *slot < 0 {
                *slot = index;
                return;
            }
        }
    }
    /// Drops the deleted entries and sizes the index for `used` entries and as many again.
    ///
    /// # Safety
    /// `at` is an object.
    unsafe fn rebuild(&mut self, used: usize, at: *const u8) {
        if self.entries.len() >= used {
            self.entries.retain(|e| !e.key.is_null());
        }
        let size = (used * 3).max(8).next_power_of_two();
        // SAFETY: as promised.
        let mut old = unsafe { std::mem::replace(&mut self.indices, Indices::new(at, size)) };
        old.0.clear();
        // SAFETY: as promised.
        unsafe { spare::give(at, old.0) };
        for i in 0..self.entries.len() {
            self.place(self.entries[i].hash, i as i32);
        }
    }
    /// Makes room for one more entry.
    ///
    /// # Safety
    /// `at` is an object.
    #[cold]
    unsafe fn grow(&mut self, at: *const u8) {
        let n = self.entries.len();
        if n >= 64 {
            return self.entries.reserve(1);
        }
        // SAFETY: as promised; the entries move to the new buffer.
        unsafe {
            let mut entries = spare::take(at, if n == 0 { 4 } else { n * 2 });
            entries.append(&mut self.entries);
            spare::give(at, std::mem::replace(&mut self.entries, entries));
        }
    }
    fn slot_of(&self, index: usize) -> usize {
        let mask = self.indices.len() - 1;
        let hash = self.entries[index].hash;
        let mut seek = Seek::new(hash);
        loop {
            let at = seek.next(mask);
            if self.indices[at] == index as i32 {
                return at;
            }
        }
    }
}

impl Dict {
    pub fn new(ty: &Value) -> Value {
        alloc(Dict {
            h: Header::new(Kind::Dict, ty),
            table: RefCell::default(),
            used: Cell::new(0),
            celled: Cell::new(false),
            absent_watched: Cell::new(false),
            id: Cell::new(0),
        })
    }
    /// For the first dicts, made before the class `dict`.
    pub fn orphan() -> Value {
        alloc(Dict {
            h: Header::orphan(Kind::Dict),
            table: RefCell::default(),
            used: Cell::new(0),
            celled: Cell::new(false),
            absent_watched: Cell::new(false),
            id: Cell::new(0),
        })
    }
    /// Makes room for `n` entries in a dict that never had any.
    pub fn make_room(&self, n: usize) {
        // SAFETY: nothing else runs here. A dict is an object.
        unsafe {
            let t = &mut *self.table.as_ptr();
            if n == 0 || !t.indices.is_empty() {
                return;
            }
            let at = self.header_mut().cast();
            // As large as adding them one by one makes it.
            t.indices = Indices::new(at, (n * 3).div_ceil(2).max(8).next_power_of_two());
            t.entries = spare::take(at, spare::rounded(n));
        }
    }
    pub fn len(&self) -> usize {
        self.used.get()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Changes whenever a key is added or removed.
    pub fn keys_version(&self) -> u64 {
        // SAFETY: a number is copied.
        unsafe { unguarded(&self.table) }.version
    }
    pub fn id(&self) -> u64 {
        self.id.get()
    }

    #[inline]
    fn read(&self, w: Word) -> Value {
        self.content(w).to_value()
    }
    /// The value's word, of an entry's word.
    #[inline(always)]
    fn content(&self, w: Word) -> Word {
        if self.celled.get() {
            // SAFETY: a celled dict's entries hold addresses of cells it owns.
            unsafe { (*(w.0 as *const GlobalCell)).value.get() }
        } else {
            w
        }
    }

    /// Makes this a dict of global variables.
    pub fn make_celled(&self, id: u64) {
        if self.celled.replace(true) {
            return;
        }
        self.id.set(id);
        for e in &mut self.table.borrow_mut().entries {
            if !e.key.is_null() {
                e.value = new_cell(e.value);
            }
        }
    }
    pub fn is_celled(&self) -> bool {
        self.celled.get()
    }
    /// The cell of a global variable. The address stays valid while the variable exists.
    pub fn cell(&self, name: &Value) -> Option<*const GlobalCell> {
        debug_assert!(self.celled.get());
        let i = self.find_str(name)?;
        Some(self.table.borrow().entries[i].value.0 as *const GlobalCell)
    }
    /// From now on adding a key fires `WatchKey::Absent`.
    pub fn watch_absent(&self) {
        self.absent_watched.set(true);
    }

    fn find_str(&self, name: &Value) -> Option<usize> {
        let hash = name.as_::<Str>().hash();
        let mut seek = Seek::new(hash);
        // SAFETY: nothing changes the table here.
        let t = unsafe { unguarded(&self.table) };
        loop {
            match t.probe(name.word(), hash, &mut seek) {
                Probe::Hit(i) => return Some(i),
                Probe::Miss => return None,
                // A key of another class that hashes like this name: only its own __eq__ could make them
                // equal, and name look-ups do not ask it. (They see strs of derived classes by their text.)
                Probe::Ask(i, other) => {
                    if let (Some(a), Some(b)) = (other.get::<Str>(), name.get::<Str>())
                        && a.bytes() == b.bytes()
                    {
                        return Some(i);
                    }
                }
            }
        }
    }
    /// The entry of a key, found without a call, where identity and hashes settle it. `None`: they do not.
    #[inline(always)]
    fn settled_entry(&self, key: Word, hash: i64) -> Option<Option<*const Entry>> {
        // SAFETY: nothing changes the table here; the index holds positions of entries.
        unsafe {
            let t = unguarded(&self.table);
            let n = t.indices.len();
            if n == 0 {
                return Some(None);
            }
            let mut seek = Seek::new(hash);
            while seek.step <= n {
                let at = seek.next(n - 1);
                let i = *t.indices.get_unchecked(at);
                if i == FREE {
                    return Some(None);
                }
                if i >= 0 {
                    let e = t.entries.get_unchecked(i as usize);
                    if e.key.word() == key {
                        return Some(Some(e));
                    }
                    if e.hash == hash && !differ(e.key.word(), key) {
                        return None;
                    }
                }
            }
        }
        None
    }
    /// Where the value of a key lies, of `settled_entry`. The address is good until the dict changes; it is written
    /// to only if the dict is not celled.
    #[inline(always)]
    pub fn settled(&self, key: Word, hash: i64) -> Option<Option<*mut Word>> {
        let found = self.settled_entry(key, hash)?;
        // SAFETY: the entry is good, and so is the cell in it.
        Some(found.map(|e| unsafe {
            match self.celled.get() {
                true => (*((*e).value.0 as *const GlobalCell)).value.as_ptr(),
                false => (&raw const (*e).value).cast_mut(),
            }
        }))
    }
    /// Writes a global variable that is there and that nothing relies on, without a call; answers the old value.
    /// The reference to `v` is handed over.
    #[inline(always)]
    pub fn set_global(&self, name: Word, hash: i64, v: Word) -> Option<Word> {
        if !self.celled.get() {
            return None;
        }
        let e = self.settled_entry(name, hash)??;
        // SAFETY: the entry of a celled dict holds the address of a cell it owns.
        let cell = unsafe { &*((*e).value.0 as *const GlobalCell) };
        if cell.watched.get() { None } else { Some(cell.value.replace(v)) }
    }
    /// Look-up by a str, which runs no Python.
    pub fn get_str(&self, name: &Value) -> Option<Value> {
        let i = self.find_str(name)?;
        Some(self.value_at(i))
    }

    #[inline]
    fn find(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<Option<usize>> {
        // SAFETY: nothing changes the table during the call.
        let t = unsafe { unguarded(&self.table) };
        if let Some(found) = t.first_probe(key.word(), hash) {
            return Ok(found);
        }
        let mut seek = Seek::new(hash);
        match t.probe(key.word(), hash, &mut seek) {
            Probe::Hit(i) => Ok(Some(i)),
            Probe::Miss => Ok(None),
            Probe::Ask(i, other) => self.find_asking(vm, key, hash, seek, i, other),
        }
    }
    /// Goes on with a search that met a key to be compared by Python's rules.
    fn find_asking(
        &self,
        vm: &mut Vm,
        key: &Value,
        hash: i64,
        mut seek: Seek,
        mut i: usize,
        mut other: Value,
    ) -> R<Option<usize>> {
        loop {
            let version = self.keys_version();
            let equal = vm.eq(&other, key)?;
            if self.keys_version() != version {
                seek = Seek::new(hash);
            } else if equal {
                return Ok(Some(i));
            }
            drop(other);
            // SAFETY: as in `find`.
            match unsafe { unguarded(&self.table) }.probe(key.word(), hash, &mut seek) {
                Probe::Hit(i) => return Ok(Some(i)),
                Probe::Miss => return Ok(None),
                Probe::Ask(at, key) => (i, other) = (at, key),
            }
        }
    }
    /// The value of entry `i`.
    #[inline(always)]
    fn value_at(&self, i: usize) -> Value {
        // SAFETY: a value is copied.
        self.read(unsafe { unguarded(&self.table) }.entries[i].value)
    }
    pub fn get(&self, vm: &mut Vm, key: &Value) -> R<Option<Value>> {
        let hash = vm.hash(key)?;
        let found = self.find(vm, key, hash)?;
        Ok(found.map(|i| self.value_at(i)))
    }

    pub fn contains(&self, vm: &mut Vm, key: &Value) -> R<bool> {
        let hash = vm.hash(key)?;
        Ok(self.find(vm, key, hash)?.is_some())
    }

    /// Sets a key; what it held before is dropped at the end, when the dict is whole again.
    pub fn set(&self, vm: &mut Vm, key: &Value, value: Value) -> R<()> {
        let hash = vm.hash(key)?;
        match self.find(vm, key, hash)? {
            Some(i) => self.replace(vm, i, value),
            None => self.add(Some(vm), hash, key, value),
        }
        Ok(())
    }
    pub fn set_str(&self, vm: &mut Vm, name: &Value, value: Value) {
        match self.find_str(name) {
            Some(i) => self.replace(vm, i, value),
            None => self.add(Some(vm), name.as_::<Str>().hash(), name, value),
        }
    }
    /// For start-up: a new key in a dict nobody watches.
    pub fn init_str(&self, name: &Value, value: Value) {
        debug_assert!(self.find_str(name).is_none() && !self.celled.get());
        self.add(None, name.as_::<Str>().hash(), name, value);
    }

    fn replace(&self, vm: &mut Vm, i: usize, value: Value) {
        let old = if self.celled.get() {
            let cell = self.table.borrow().entries[i].value.0 as *const GlobalCell;
            // SAFETY: the dict owns its cells.
            let (old, watched) =
                unsafe { ((*cell).value.replace(value.into_word()), (*cell).watched.take()) };
            if watched {
                // SAFETY: as above.
                unsafe { (*cell).unstable.set(true) };
                vm.fire_watch(WatchKey::Cell(cell as usize));
            }
            old
        } else {
            std::mem::replace(&mut self.table.borrow_mut().entries[i].value, value.into_word())
        };
        // SAFETY: the table owned the old value.
        drop(unsafe { Value::from_word(old) });
    }

    fn add(&self, vm: Option<&mut Vm>, hash: i64, key: &Value, value: Value) {
        let mut value = value.into_word();
        if self.celled.get() {
            value = new_cell(value);
        }
        {
            // SAFETY: nothing else runs in this block. A dict is an object.
            let t = unsafe { &mut *self.table.as_ptr() };
            // SAFETY: as above.
            unsafe {
                if (t.entries.len() + 1) * 3 > t.indices.len() * 2 {
                    t.rebuild(self.used.get() + 1, self.header_mut().cast());
                }
                if t.entries.len() == t.entries.capacity() {
                    t.grow(self.header_mut().cast());
                }
            }
            let index = t.entries.len() as i32;
            t.entries.push(Entry { hash, key: key.clone(), value });
            t.place(hash, index);
            t.version += 1;
            self.used.set(self.used.get() + 1);
        }
        if self.absent_watched.get()
            && let (Some(vm), Some(name)) = (vm, key.get::<Str>())
        {
            vm.fire_watch(WatchKey::Absent(self.id.get(), name.as_str().into()));
        }
    }

    /// Adds a key that is not there, if there is room. `key` gets a new reference, that to `value` is handed over.
    ///
    /// # Safety
    /// The dict is not celled; key and value are live.
    #[inline(always)]
    pub unsafe fn add_within(&self, key: Word, hash: i64, value: Word) -> bool {
        // SAFETY: nothing else runs here; the entry lies within the capacity, its slot in the index.
        unsafe {
            let t = &mut *self.table.as_ptr();
            let n = t.entries.len();
            if n == t.entries.capacity() || (n + 1) * 3 > t.indices.len() * 2 {
                return false;
            }
            let entry = t.entries.as_mut_ptr().add(n);
            (&raw mut (*entry).hash).write(hash);
            (&raw mut (*entry).key).write(Value::from_word(key.incref()));
            (&raw mut (*entry).value).write(value);
            t.entries.set_len(n + 1);
            t.place(hash, n as i32);
            t.version += 1;
        }
        self.used.set(self.used.get() + 1);
        true
    }

    /// Removes a key and returns its value.
    pub fn remove(&self, vm: &mut Vm, key: &Value) -> R<Option<Value>> {
        let hash = vm.hash(key)?;
        let found = self.find(vm, key, hash)?;
        Ok(found.map(|i| self.remove_at(vm, i)))
    }
    pub fn remove_str(&self, vm: &mut Vm, name: &Value) -> Option<Value> {
        let i = self.find_str(name)?;
        Some(self.remove_at(vm, i))
    }
    fn remove_at(&self, vm: &mut Vm, i: usize) -> Value {
        let (key, w) = {
            let mut t = self.table.borrow_mut();
            let slot = t.slot_of(i);
            t.indices[slot] = DUMMY;
            t.version += 1;
            let e = &mut t.entries[i];
            (std::mem::replace(&mut e.key, Value::NULL), std::mem::replace(&mut e.value, Word::NULL))
        };
        self.used.set(self.used.get() - 1);
        let value = self.release(vm, w);
        drop(key);
        value
    }
    /// The value of an entry that is gone.
    fn release(&self, vm: &mut Vm, w: Word) -> Value {
        if self.celled.get() {
            let cell = w.0 as *mut GlobalCell;
            // Whoever holds the address relies on it only while the watch has not fired.
            vm.fire_watch(WatchKey::Cell(cell as usize));
            vm.fire_watch(WatchKey::Cell(cell as usize | crate::runtime::name::DELETED));
            // SAFETY: the dict owned the cell and its content.
            unsafe { Value::from_word(Box::from_raw(cell).value.get()) }
        } else {
            // SAFETY: the table owned the value.
            unsafe { Value::from_word(w) }
        }
    }
    pub fn clear(&self, vm: &mut Vm) {
        let old = {
            let mut t = self.table.borrow_mut();
            self.used.set(0);
            let version = t.version + 1;
            std::mem::replace(&mut *t, Table { version, ..Table::default() })
        };
        for e in old.entries {
            if !e.key.is_null() {
                drop(self.release(vm, e.value));
            }
        }
    }
    /// Removes the newest entry.
    pub fn pop_last(&self, vm: &mut Vm) -> Option<(Value, Value)> {
        let (i, key, _) = self.last_entry(usize::MAX)?;
        let value = self.remove_at(vm, i);
        // What is behind it has been deleted too: nothing is left to skip next time.
        self.table.borrow_mut().entries.truncate(i);
        Some((key, value))
    }
    /// The last entry before position `to`, with its position.
    pub fn last_entry(&self, to: usize) -> Option<(usize, Value, Value)> {
        let (i, k, v) = self.entry_before(to)?;
        Some((i, k.to_value(), v.to_value()))
    }
    /// The same, borrowed: good until anything runs.
    pub fn entry_before(&self, to: usize) -> Option<(usize, Word, Word)> {
        // SAFETY: words are copied.
        let entries = &unsafe { unguarded(&self.table) }.entries;
        let i = entries[..to.min(entries.len())].iter().rposition(|e| !e.key.is_null())?;
        Some((i, entries[i].key.word(), self.content(entries[i].value)))
    }
    /// Positions that entries have or had: all are below this.
    pub fn positions(&self) -> usize {
        self.table.borrow().entries.len()
    }
    /// The first entry at or after position `from`, with its position.
    pub fn next_entry(&self, from: usize) -> Option<(usize, Value, Value)> {
        let (i, k, v) = self.entry_from(from)?;
        Some((i, k.to_value(), v.to_value()))
    }
    /// The same, borrowed: good until anything runs.
    #[inline(always)]
    pub fn entry_from(&self, from: usize) -> Option<(usize, Word, Word)> {
        // SAFETY: words are copied.
        let entries = &unsafe { unguarded(&self.table) }.entries;
        let mut i = from;
        loop {
            let e = entries.get(i)?;
            if !e.key.is_null() {
                return Some((i, e.key.word(), self.content(e.value)));
            }
            i += 1;
        }
    }
    pub fn iter(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (i, k, v) = self.next_entry(at)?;
            at = i + 1;
            Some((k, v))
        })
    }
    /// The keys with their hashes.
    pub fn keys_hashed(&self) -> Vec<(Value, i64)> {
        let t = self.table.borrow();
        t.entries.iter().filter(|e| !e.key.is_null()).map(|e| (e.key.clone(), e.hash)).collect()
    }
    /// As `next_entry`, with the hash of the key.
    pub fn next_hashed(&self, from: usize) -> Option<(usize, Value, Value, i64)> {
        let (i, k, v) = self.next_entry(from)?;
        let hash = self.table.borrow().entries[i].hash;
        Some((i, k, v, hash))
    }
    /// As `set`, for a key whose hash is known.
    pub fn set_hashed(&self, vm: &mut Vm, key: &Value, hash: i64, value: Value) -> R<()> {
        match self.find(vm, key, hash)? {
            Some(i) => self.replace(vm, i, value),
            None => self.add(Some(vm), hash, key, value),
        }
        Ok(())
    }
    /// Adds a key that has just been looked for in vain.
    pub fn add_hashed(&self, vm: &mut Vm, key: &Value, hash: i64, value: Value) {
        self.add(Some(vm), hash, key, value);
    }
    /// As `get`, for a key whose hash is known.
    pub fn get_hashed(&self, vm: &mut Vm, key: &Value, hash: i64) -> R<Option<Value>> {
        let found = self.find(vm, key, hash)?;
        Ok(found.map(|i| self.value_at(i)))
    }
    /// Shows every key and value to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for e in self.table.borrow().entries.iter().filter(|e| !e.key.is_null()) {
            visit(&e.key);
            let w = match self.celled.get() {
                // SAFETY: a celled dict's entries hold addresses of cells it owns.
                true => unsafe { (*(e.value.0 as *const GlobalCell)).value.get() },
                false => e.value,
            };
            visit(Value::of(&w));
        }
    }
    /// As `clear`, once the VM is gone.
    pub(super) fn clear_without_vm(&self) {
        self.used.set(0);
        let old = self.table.take();
        self.drop_table(old);
    }
    fn drop_table(&self, mut old: Table) {
        let celled = self.celled.get();
        let n = old.entries.len();
        // SAFETY: the table owned its keys, values and cells: each is given up once.
        unsafe {
            old.entries.set_len(0);
            let first = old.entries.as_ptr();
            for i in 0..n {
                let (key, value) = ((*first.add(i)).key.word(), (*first.add(i)).value);
                if key.is_null() {
                    continue;
                }
                match celled {
                    true => Box::from_raw(value.0 as *mut GlobalCell).value.get().decref(),
                    false => value.decref(),
                }
                key.decref();
            }
        }
        old.indices.0.clear();
        let at = self.header_mut().cast::<u8>();
        // SAFETY: a dict is an object.
        unsafe {
            spare::give(at, old.entries);
            spare::give(at, old.indices.0);
        }
    }
    pub(super) fn header_mut(&self) -> *mut Header {
        &raw const self.h as *mut Header
    }
    /// Gives a dict made by `orphan` its class.
    pub fn adopt(&self, ty: &Value) {
        // SAFETY: start-up; nobody reads the header meanwhile.
        unsafe { (*self.header_mut()).set_ty(ty) }
    }
}

/// Are two words that are not identical known to be different keys?
#[inline(always)]
pub(super) fn differ(a: Word, b: Word) -> bool {
    // SAFETY: kinds tested; the table and the caller keep the objects.
    let interned = |w: Word| w.is_plain(Kind::Str) && unsafe { (*w.header()).flags() & INTERNED != 0 };
    a.is_int() && b.is_int() || interned(a) && interned(b)
}

/// Are two keys, or tuples, equal? `None`: it takes Python's rules to say. (A key of a class derived from str may have
/// its own idea.)
#[inline]
pub fn known_equal(a: Word, b: Word) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    if a.is_int() && b.is_int() {
        return Some(false);
    }
    // SAFETY: kinds tested; the table and the caller keep them.
    unsafe {
        match (a.plain_kind()?, b.plain_kind()?) {
            (Kind::Str, Kind::Str) => Some(a.cast::<Str>().bytes() == b.cast::<Str>().bytes()),
            (Kind::Bytes, Kind::Bytes) => Some(a.cast::<Bytes>().as_slice() == b.cast::<Bytes>().as_slice()),
            (Kind::Tuple, Kind::Tuple) => known_tuples(a.cast(), b.cast(), NESTED),
            _ => None,
        }
    }
}
/// Tuples inside tuples that `known_equal` looks into.
const NESTED: u32 = 3;

/// The same of tuples. Of different lengths they differ, but their items are compared before that.
fn known_tuples(a: &Tuple, b: &Tuple, nested: u32) -> Option<bool> {
    let (a, b) = (a.as_slice(), b.as_slice());
    if a.len() != b.len() || nested == 0 {
        return None;
    }
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x.word(), y.word());
        let equal = match x.is_plain(Kind::Tuple) && y.is_plain(Kind::Tuple) && x != y {
            // SAFETY: kinds tested; the tuples keep their items.
            true => known_tuples(unsafe { x.cast() }, unsafe { y.cast() }, nested - 1)?,
            false => known_equal(x, y)?,
        };
        if !equal {
            return Some(false);
        }
    }
    Some(true)
}

fn new_cell(value: Word) -> Word {
    Word(Box::into_raw(Box::new(GlobalCell {
        value: Cell::new(value),
        watched: Cell::new(false),
        unstable: Cell::new(false),
    })) as u64)
}

impl Drop for Dict {
    fn drop(&mut self) {
        let table = self.table.get_mut();
        if table.entries.capacity() > 0 {
            let old = std::mem::take(table);
            self.drop_table(old);
        }
    }
}
