//! The wrapper that `functools.lru_cache` makes: a table of its own, so that each key is hashed once a call.
//!
//! Entries lie in a vector. A free list apart, each is in the chain of its hash (`table` has the heads) and in
//! the circle of recency, whose knot is entry 0. Comparing keys and dropping values run Python, so no borrow
//! lives across either and what was found is tested again afterwards.

use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kind, Kw, Method, Payload};
use crate::types::native::{ClassDef, HAS_DICT, WEAKREF};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<Lru>(vm, module, &LRU);
}

/// Python's hashes are good enough as they are, but for their high bits.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0 ^ b as u64).wrapping_mul(0x100_0000_01b3);
        }
    }
    fn write_i64(&mut self, i: i64) {
        self.0 = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

struct Entry {
    hash: i64,
    /// NULL: the knot, or free.
    key: Value,
    result: Value,
    /// Next of the same hash; 0: none.
    chain: u32,
    older: u32,
    newer: u32,
}

#[derive(Default)]
struct Cache {
    table: HashMap<i64, u32, BuildHasherDefault<Mixed>>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    len: usize,
    /// Changes with every removal, so that a search knows that its place may be gone.
    version: u64,
}

impl Cache {
    fn push_newest(&mut self, i: u32) {
        let newest = self.entries[0].older;
        self.entries[i as usize].older = newest;
        self.entries[i as usize].newer = 0;
        self.entries[newest as usize].newer = i;
        self.entries[0].older = i;
    }
    fn unlink(&mut self, i: u32) {
        let (older, newer) = (self.entries[i as usize].older, self.entries[i as usize].newer);
        self.entries[older as usize].newer = newer;
        self.entries[newer as usize].older = older;
    }
    fn insert(&mut self, hash: i64, key: Value, result: Value) {
        if self.entries.is_empty() {
            let knot = Entry { hash: 0, key: Value::NULL, result: Value::NULL, chain: 0, older: 0, newer: 0 };
            self.entries.push(knot);
        }
        let head = self.table.get(&hash).copied().unwrap_or(0);
        let entry = Entry { hash, key, result, chain: head, older: 0, newer: 0 };
        let i = match self.free.pop() {
            Some(i) => {
                self.entries[i as usize] = entry;
                i
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        self.table.insert(hash, i);
        self.push_newest(i);
        self.len += 1;
    }
    /// Takes the oldest entry out; its values are for the caller to drop.
    fn remove_oldest(&mut self) -> Option<(Value, Value)> {
        let i = self.entries.first()?.newer;
        if i == 0 {
            return None;
        }
        self.unlink(i);
        let (hash, next) = (self.entries[i as usize].hash, self.entries[i as usize].chain);
        let head = self.table.get(&hash).copied().unwrap_or(0);
        if head != i {
            let mut at = head;
            while self.entries[at as usize].chain != i {
                at = self.entries[at as usize].chain;
            }
            self.entries[at as usize].chain = next;
        } else if next != 0 {
            self.table.insert(hash, next);
        } else {
            self.table.remove(&hash);
        }
        self.free.push(i);
        self.len -= 1;
        self.version += 1;
        let e = &mut self.entries[i as usize];
        Some((std::mem::replace(&mut e.key, Value::NULL), std::mem::replace(&mut e.result, Value::NULL)))
    }
}

struct Lru {
    func: Value,
    /// `None`: no limit.
    max: Option<usize>,
    typed: bool,
    info: Value,
    /// Separates the positional arguments of a key from the named ones.
    mark: Value,
    hits: Cell<i64>,
    misses: Cell<i64>,
    cache: RefCell<Cache>,
}

impl Payload for Lru {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        [&self.func, &self.info, &self.mark].into_iter().for_each(&mut *visit);
        for e in self.cache.borrow().entries.iter().filter(|e| !e.key.is_null()) {
            visit(&e.key);
            visit(&e.result);
        }
    }
    fn clear(&self) {
        let old = self.cache.take();
        drop(old);
    }
}

static LRU: ClassDef = ClassDef {
    name: "functools._lru_cache_wrapper",
    flags: HAS_DICT.union(WEAKREF),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_lru),
        BuiltinDef::kw("__call__", 0, u8::MAX, call_lru),
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            if a[1].is_none() {
                return Ok(a[0].clone());
            }
            let ty = vm.types.method.clone();
            Ok(Method::new(&ty, a[0].clone(), a[1].clone()))
        }),
        BuiltinDef::new("cache_info", 0, 0, |vm, a, _| {
            let this = vm.self_::<Lru>(&a[0])?;
            let max = match this.max {
                Some(n) => vm.int(n as i64),
                None => Value::NONE,
            };
            let len = this.cache.borrow().len as i64;
            let args = [vm.int(this.hits.get()), vm.int(this.misses.get()), max, vm.int(len)];
            vm.call(&this.info, &args, Kw::NONE)
        }),
        BuiltinDef::new("cache_clear", 0, 0, |vm, a, _| {
            let this = vm.self_::<Lru>(&a[0])?;
            this.hits.set(0);
            this.misses.set(0);
            let version = this.cache.borrow().version + 1;
            let old = this.cache.replace(Cache { version, ..Cache::default() });
            drop(old);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let name = vm.intern("__qualname__");
            vm.get_attr(&a[0], &name)
        }),
        BuiltinDef::new("__copy__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__deepcopy__", 1, 1, |_, a, _| Ok(a[0].clone())),
    ],
    doc: Some(
        "Create a cached callable that wraps another function.\n\nuser_function:      the function being \
         cached\n\nmaxsize:  0         for no caching\n          None      for unlimited cache size\n          \
         n         for a bounded cache\n\ntyped:    False     cache f(3) and f(3.0) as identical calls\n          \
         True      cache f(3) and f(3.0) as distinct calls\n\ncache_info_type:    namedtuple class with the \
         fields:\n                        hits misses currsize maxsize",
    ),
    ..ClassDef::DEFAULT
};

fn new_lru(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = ["user_function", "maxsize", "typed", "cache_info_type"];
    let [func, max, typed, info] = vm.bind_args("lru_cache", names, 0, 4, &a[1..], kw)?;
    let (func, max) = (func.unwrap_or(Value::NONE), max.unwrap_or(Value::NONE));
    if !vm.is_callable(&func) {
        return vm.fail("TypeError", "the first argument must be callable");
    }
    let max = if max.is_none() {
        None
    } else if Num::int_of(&max).is_some() || vm.has_dunder(&max, "__index__") {
        let n = vm.int_argument(&max)?;
        Some(Num::Big(&n).clamp_i64().max(0) as usize)
    } else {
        return vm.fail("TypeError", "maxsize should be integer or None");
    };
    let typed = vm.truthy(&typed.unwrap_or(Value::FALSE))?;
    let object = vm.types.object.clone();
    let mark = vm.call(&object, &[], Kw::NONE)?;
    let this = Lru {
        func,
        max,
        typed,
        info: info.unwrap_or(Value::NONE),
        mark,
        hits: Cell::new(0),
        misses: Cell::new(0),
        cache: RefCell::default(),
    };
    Ok(vm.new_native(&a[0], this))
}

fn make_key(vm: &mut Vm, this: &Lru, args: &[Value], kw: Kw) -> Value {
    if let [v] = args
        && kw.is_empty()
        && !this.typed
        && (v.word().is_int() || v.is_kind(Kind::Str) && vm.type_of(v).is(&vm.types.str))
    {
        return v.clone();
    }
    let mut parts = args.to_vec();
    if !kw.is_empty() {
        parts.push(this.mark.clone());
        for (name, v) in kw.names.iter().zip(kw.values) {
            parts.extend([name.clone(), v.clone()]);
        }
    }
    if this.typed {
        for v in args.iter().chain(kw.values) {
            parts.push(vm.type_of(v).clone());
        }
    }
    vm.tuple(parts)
}

/// The result kept for a key; it becomes the newest.
fn find(vm: &mut Vm, this: &Lru, hash: i64, key: &Value) -> R<Option<Value>> {
    'again: loop {
        let (version, mut i) = {
            let c = this.cache.borrow();
            (c.version, c.table.get(&hash).copied().unwrap_or(0))
        };
        while i != 0 {
            let candidate = this.cache.borrow().entries[i as usize].key.clone();
            let equal = candidate.is(key) || vm.equal(&candidate, key)?;
            let mut c = this.cache.borrow_mut();
            if c.version != version {
                continue 'again;
            }
            if equal {
                if this.max.is_some() && c.entries[0].older != i {
                    c.unlink(i);
                    c.push_newest(i);
                }
                return Ok(Some(c.entries[i as usize].result.clone()));
            }
            i = c.entries[i as usize].chain;
        }
        return Ok(None);
    }
}

fn call_lru(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let this = vm.self_::<Lru>(&a[0])?;
    let args = &a[1..];
    if this.max == Some(0) {
        this.misses.set(this.misses.get() + 1);
        return vm.call(&this.func, args, kw);
    }
    let key = make_key(vm, this, args, kw);
    let hash = vm.hash(&key)?;
    if let Some(found) = find(vm, this, hash, &key)? {
        this.hits.set(this.hits.get() + 1);
        return Ok(found);
    }
    this.misses.set(this.misses.get() + 1);
    let result = vm.call(&this.func, args, kw)?;
    // The function may have called this with the same arguments.
    if find(vm, this, hash, &key)?.is_some() {
        return Ok(result);
    }
    let mut c = this.cache.borrow_mut();
    let old = match this.max {
        Some(max) if c.len >= max => c.remove_oldest(),
        _ => None,
    };
    c.insert(hash, key, result.clone());
    drop(c);
    drop(old);
    Ok(result)
}
