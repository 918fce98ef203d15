//! `set` and `frozenset`: methods, operators, iteration.
//!
//! Both are of kind `Set`; what a method does to either goes by the class. Operators want sets on both sides
//! and answer with the left one's builtin class; the methods take any iterable.

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Dict, Kw, Set, SetIter};
use crate::op::{BinOp, CmpOp};
use crate::value::Value;
use crate::vm::Vm;

/// Of both classes.
pub static COMMON: &[BuiltinDef] = &[
    BuiltinDef::new("copy", 0, 0, |vm, a, _| {
        if vm.type_of(&a[0]).is(&vm.types.frozenset) {
            return Ok(a[0].clone());
        }
        vm.set_copy(&a[0])
    }),
    BuiltinDef::new("difference", 0, u8::MAX, |vm, a, _| {
        let [_, first, rest @ ..] = a else { return vm.set_copy(&a[0]) };
        let r = vm.set_difference(&a[0], first)?;
        for other in rest {
            vm.set_subtract(&r, other)?;
        }
        Ok(r)
    }),
    BuiltinDef::new("intersection", 0, u8::MAX, |vm, a, _| {
        if a.len() == 1 {
            return vm.set_copy(&a[0]);
        }
        let mut r = a[0].clone();
        for other in &a[1..] {
            r = vm.set_intersection(&r, other)?;
        }
        Ok(r)
    }),
    BuiltinDef::new("isdisjoint", 1, 1, |vm, a, _| vm.set_disjoint(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::new("issubset", 1, 1, |vm, a, _| vm.set_subset(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::new("issuperset", 1, 1, |vm, a, _| vm.set_superset(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::new("symmetric_difference", 1, 1, |vm, a, _| vm.set_symmetric(&a[0], &a[1])),
    BuiltinDef::new("union", 0, u8::MAX, |vm, a, _| {
        let r = vm.set_copy(&a[0])?;
        for other in &a[1..] {
            vm.set_update(&r, other)?;
        }
        Ok(r)
    }),
    BuiltinDef::new("__len__", 0, 0, |_, a, _| Ok(Value::small(set(a).len() as i64))),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| Ok(vm.set_iter(&a[0]))),
    BuiltinDef::new("__contains__", 1, 1, |vm, a, _| vm.set_contains(set(a), &a[1]).map(Value::bool)),
    BuiltinDef::new("__or__", 1, 1, |vm, a, _| operator(vm, BinOp::Or, &a[0], &a[1])),
    BuiltinDef::new("__and__", 1, 1, |vm, a, _| operator(vm, BinOp::And, &a[0], &a[1])),
    BuiltinDef::new("__sub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[0], &a[1])),
    BuiltinDef::new("__xor__", 1, 1, |vm, a, _| operator(vm, BinOp::Xor, &a[0], &a[1])),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, _| operator(vm, BinOp::Or, &a[1], &a[0])),
    BuiltinDef::new("__rand__", 1, 1, |vm, a, _| operator(vm, BinOp::And, &a[1], &a[0])),
    BuiltinDef::new("__rsub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[1], &a[0])),
    BuiltinDef::new("__rxor__", 1, 1, |vm, a, _| operator(vm, BinOp::Xor, &a[1], &a[0])),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Eq, a)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Ne, a)),
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Lt, a)),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Le, a)),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Gt, a)),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Ge, a)),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let items = vm.list(set(a).keys().into_iter().map(|(k, _)| k).collect());
        let args = vm.tuple(vec![items]);
        let state = vm.call_method(&a[0], "__getstate__", &[])?;
        let class = vm.type_of(&a[0]).clone();
        Ok(vm.tuple(vec![class, args, state]))
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |_, a, _| Ok(Value::small(200 + set(a).table_size() as i64))),
];

/// Of `set` alone.
pub static SET: &[BuiltinDef] = &[
    BuiltinDef::new("add", 1, 1, |vm, a, _| {
        vm.set_add(set(a), &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("clear", 0, 0, |_, a, _| {
        set(a).clear();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("discard", 1, 1, |vm, a, _| {
        let hash = vm.set_lookup_hash(&a[1])?;
        set(a).discard(vm, &a[1], hash)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("remove", 1, 1, |vm, a, _| {
        let hash = vm.set_lookup_hash(&a[1])?;
        if !set(a).discard(vm, &a[1], hash)? {
            return Err(vm.raise_type("KeyError", vec![a[1].clone()]));
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("pop", 0, 0, |vm, a, _| match set(a).pop() {
        Some(v) => Ok(v),
        None => {
            let message = vm.str("pop from an empty set");
            Err(vm.raise_type("KeyError", vec![message]))
        }
    }),
    BuiltinDef::new("update", 0, u8::MAX, |vm, a, _| {
        for other in &a[1..] {
            vm.set_update(&a[0], other)?;
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("difference_update", 0, u8::MAX, |vm, a, _| {
        for other in &a[1..] {
            vm.set_subtract(&a[0], other)?;
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("intersection_update", 0, u8::MAX, |vm, a, _| {
        let mut r = a[0].clone();
        for other in &a[1..] {
            r = vm.set_intersection(&r, other)?;
        }
        set(a).swap(r.as_());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("symmetric_difference_update", 1, 1, |vm, a, _| {
        vm.set_toggle(&a[0], &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__ior__", 1, 1, |vm, a, _| inplace(vm, BinOp::Or, a)),
    BuiltinDef::new("__iand__", 1, 1, |vm, a, _| inplace(vm, BinOp::And, a)),
    BuiltinDef::new("__isub__", 1, 1, |vm, a, _| inplace(vm, BinOp::Subtract, a)),
    BuiltinDef::new("__ixor__", 1, 1, |vm, a, _| inplace(vm, BinOp::Xor, a)),
    BuiltinDef::kw("__init__", 0, u8::MAX, init),
];

/// Of `frozenset` alone.
pub static FROZENSET: &[BuiltinDef] = &[BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
    let h = vm.set_hash(&a[0]);
    Ok(vm.int(h))
})];

pub static ITERATOR: &[BuiltinDef] = &[
    BuiltinDef::new("__length_hint__", 0, 0, |_, a, _| Ok(Value::small(a[0].as_::<SetIter>().left() as i64))),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let items = a[0].as_::<SetIter>().rest();
        let items = vm.list(items);
        vm.iter_reduced(items)
    }),
];

fn set(args: &[Value]) -> &Set {
    args[0].as_()
}

fn operator(vm: &mut Vm, op: BinOp, a: &Value, b: &Value) -> R<Value> {
    Ok(vm.set_op(op, a, b)?.unwrap_or(Value::NOT_IMPLEMENTED))
}
fn inplace(vm: &mut Vm, op: BinOp, a: &[Value]) -> R<Value> {
    Ok(vm.set_inplace(op, &a[0], &a[1])?.unwrap_or(Value::NOT_IMPLEMENTED))
}
fn comparison(vm: &mut Vm, op: CmpOp, a: &[Value]) -> R<Value> {
    Ok(vm.set_compare(op, &a[0], &a[1])?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}

fn init(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if !kw.is_empty() {
        return vm.fail("TypeError", "set() takes no keyword arguments");
    }
    if args.len() > 2 {
        return vm.fail("TypeError", format!("set expected at most 1 argument, got {}", args.len() - 1));
    }
    set(args).clear();
    if let Some(items) = args.get(1) {
        vm.set_update(&args[0], items)?;
    }
    Ok(Value::NONE)
}

/// `frozenset(items)`, `class` being it or a subclass.
pub fn new_frozenset(vm: &mut Vm, class: &Value, args: &[Value]) -> R<Value> {
    let Some(items) = args.first() else { return Ok(Set::new(class)) };
    if class.is(&vm.types.frozenset) && vm.type_of(items).is(class) {
        return Ok(items.clone());
    }
    let s = Set::new(class);
    vm.set_update(&s, items)?;
    Ok(s)
}

impl Vm {
    /// A set of these keys.
    pub fn set(&mut self, items: &[Value]) -> R<Value> {
        let s = Set::new(&self.types.set);
        for v in items {
            self.set_add(s.as_(), v)?;
        }
        Ok(s)
    }
    pub fn frozenset(&mut self, items: &[Value]) -> R<Value> {
        let s = Set::new(&self.types.frozenset);
        for v in items {
            self.set_add(s.as_(), v)?;
        }
        Ok(s)
    }
    pub(crate) fn is_frozenset(&self, v: &Value) -> bool {
        self.is_instance(v, &self.types.frozenset)
    }
    /// `set` or `frozenset`, for results of operations on `v`.
    fn base_of_set(&self, v: &Value) -> Value {
        if self.is_frozenset(v) { self.types.frozenset.clone() } else { self.types.set.clone() }
    }

    /// Hash of a key to be; the error says what for.
    fn set_key_hash(&mut self, key: &Value) -> R<i64> {
        self.hash(key).map_err(|e| self.explain_element(key, e))
    }
    #[cold]
    fn explain_element(&mut self, key: &Value, e: Exc) -> Exc {
        let pending = self.take_pending();
        if !self.type_of(&pending).is(self.types.exception("TypeError")) {
            self.set_pending(pending);
            return e;
        }
        let name = self.type_name(key);
        match self.str_string(&pending) {
            Ok(why) => self.raise("TypeError", format!("cannot use '{name}' as a set element ({why})")),
            Err(e) => e,
        }
    }
    /// Hash of a key looked for: a set is looked for as the frozenset it equals.
    fn set_lookup_hash(&mut self, key: &Value) -> R<i64> {
        match self.set_key_hash(key) {
            Ok(h) => Ok(h),
            Err(e) => {
                let Some(s) = key.get::<Set>() else { return Err(e) };
                let pending = self.take_pending();
                if !self.is_instance(&pending, self.types.exception("TypeError")) {
                    return Err(self.set_pending(pending));
                }
                Ok(s.frozen_hash())
            }
        }
    }
    pub fn set_contains(&mut self, s: &Set, key: &Value) -> R<bool> {
        let hash = self.set_lookup_hash(key)?;
        s.has(self, key, hash)
    }
    /// True if the key is new.
    pub fn set_add(&mut self, s: &Set, key: &Value) -> R<bool> {
        let hash = self.set_key_hash(key)?;
        s.add(self, key, hash)
    }
    /// `s.discard(key)`: true if it was there.
    pub fn set_discard(&mut self, s: &Set, key: &Value) -> R<bool> {
        let hash = self.set_key_hash(key)?;
        s.discard(self, key, hash)
    }
    pub(crate) fn set_hash(&mut self, v: &Value) -> i64 {
        let s = v.as_::<Set>();
        let h = s.frozen_hash();
        if self.is_frozenset(v) {
            s.remember_hash(h);
        }
        h
    }
    pub(crate) fn set_iter(&mut self, v: &Value) -> Value {
        SetIter::new(&self.types.set_iterator, v.clone())
    }
    /// The next key; `None` at the end.
    pub(crate) fn set_next(&mut self, it: &SetIter) -> R<Option<Value>> {
        match it.advance() {
            Ok(v) => Ok(v),
            Err(()) => self.fail("RuntimeError", "Set changed size during iteration"),
        }
    }

    /// Every key of `other` into the set `s`.
    pub fn set_update(&mut self, s: &Value, other: &Value) -> R {
        let into = s.as_::<Set>();
        if let Some(o) = other.get::<Set>() {
            return into.merge(self, o);
        }
        if self.type_of(other).is(&self.types.dict) {
            let d = other.as_::<Dict>();
            into.reserve(d.len());
            for (k, hash) in d.keys_hashed() {
                into.add(self, &k, hash)?;
            }
            return Ok(());
        }
        let it = self.get_iter(other)?;
        while let Some(k) = self.next(&it)? {
            self.set_add(into, &k)?;
        }
        Ok(())
    }
    /// A set or frozenset with the same keys.
    pub fn set_copy(&mut self, v: &Value) -> R<Value> {
        let r = Set::new(&self.base_of_set(v));
        r.as_::<Set>().merge(self, v.as_())?;
        Ok(r)
    }

    fn set_difference(&mut self, a: &Value, b: &Value) -> R<Value> {
        let s = a.as_::<Set>();
        let size = match (b.get::<Set>(), b.get::<Dict>()) {
            (Some(o), _) => o.len(),
            (_, Some(d)) => d.len(),
            _ => usize::MAX,
        };
        // Much smaller than this set: quicker to copy and take out.
        if size == usize::MAX || s.len() >> 2 > size {
            let r = self.set_copy(a)?;
            self.set_subtract(&r, b)?;
            return Ok(r);
        }
        let r = Set::new(&self.base_of_set(a));
        for (key, hash) in s.keys() {
            let found = match b.get::<Set>() {
                Some(o) => o.has(self, &key, hash)?,
                None => b.as_::<Dict>().get_hashed(self, &key, hash)?.is_some(),
            };
            if !found {
                r.as_::<Set>().add(self, &key, hash)?;
            }
        }
        Ok(r)
    }
    pub(crate) fn set_intersection(&mut self, a: &Value, b: &Value) -> R<Value> {
        if a.is(b) {
            return self.set_copy(a);
        }
        let r = Set::new(&self.base_of_set(a));
        let into = r.as_::<Set>();
        let s = a.as_::<Set>();
        if let Some(o) = b.get::<Set>() {
            let (few, many) = if o.len() > s.len() { (s, o) } else { (o, s) };
            for (key, hash) in few.keys() {
                if many.has(self, &key, hash)? {
                    into.add(self, &key, hash)?;
                }
            }
            return Ok(r);
        }
        let it = self.get_iter(b)?;
        while let Some(key) = self.next(&it)? {
            let hash = self.hash(&key)?;
            if s.has(self, &key, hash)? {
                into.add(self, &key, hash)?;
            }
        }
        Ok(r)
    }
    fn set_symmetric(&mut self, a: &Value, b: &Value) -> R<Value> {
        let r = Set::new(&self.base_of_set(a));
        self.set_update(&r, b)?;
        self.set_toggle(&r, a)?;
        Ok(r)
    }
    /// `s -= other`, an iterable.
    pub(crate) fn set_subtract(&mut self, s: &Value, other: &Value) -> R {
        let from = s.as_::<Set>();
        if s.is(other) {
            from.clear();
            return Ok(());
        }
        if let Some(o) = other.get::<Set>() {
            // What is common to both is enough, when the other is much larger.
            let common =
                if o.len() >> 3 > from.len() { self.set_intersection(s, other)? } else { other.clone() };
            for (key, hash) in common.as_::<Set>().keys() {
                from.discard(self, &key, hash)?;
            }
        } else if self.type_of(other).is(&self.types.dict) {
            for (key, hash) in other.as_::<Dict>().keys_hashed() {
                from.discard(self, &key, hash)?;
            }
        } else {
            let it = self.get_iter(other)?;
            while let Some(key) = self.next(&it)? {
                self.set_discard(from, &key)?;
            }
        }
        from.tidy();
        Ok(())
    }
    /// `s ^= other`, an iterable.
    pub(crate) fn set_toggle(&mut self, s: &Value, other: &Value) -> R {
        let into = s.as_::<Set>();
        if s.is(other) {
            into.clear();
            return Ok(());
        }
        let keys = match (other.get::<Set>(), other.get::<Dict>()) {
            (Some(o), _) => o.keys(),
            (_, Some(d)) if self.type_of(other).is(&self.types.dict) => d.keys_hashed(),
            _ => {
                let o = Set::new(&self.types.set);
                self.set_update(&o, other)?;
                o.as_::<Set>().keys()
            }
        };
        for (key, hash) in keys {
            if !into.discard(self, &key, hash)? {
                into.add(self, &key, hash)?;
            }
        }
        Ok(())
    }

    fn set_disjoint(&mut self, a: &Value, b: &Value) -> R<bool> {
        let s = a.as_::<Set>();
        if a.is(b) {
            return Ok(s.is_empty());
        }
        if let Some(o) = b.get::<Set>() {
            let (few, many) = if o.len() > s.len() { (s, o) } else { (o, s) };
            for (key, hash) in few.keys() {
                if many.has(self, &key, hash)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let it = self.get_iter(b)?;
        while let Some(key) = self.next(&it)? {
            let hash = self.set_key_hash(&key)?;
            if s.has(self, &key, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
    fn set_subset(&mut self, a: &Value, b: &Value) -> R<bool> {
        let s = a.as_::<Set>();
        let Some(o) = b.get::<Set>() else {
            let common = self.set_intersection(a, b)?;
            return Ok(common.as_::<Set>().len() == s.len());
        };
        if s.len() > o.len() {
            return Ok(false);
        }
        let mut at = 0;
        while let Some((i, key, hash)) = s.next_key(at) {
            if !o.has(self, &key, hash)? {
                return Ok(false);
            }
            at = i + 1;
        }
        Ok(true)
    }
    fn set_superset(&mut self, a: &Value, b: &Value) -> R<bool> {
        if b.get::<Set>().is_some() {
            return self.set_subset(b, a);
        }
        let it = self.get_iter(b)?;
        while let Some(key) = self.next(&it)? {
            let hash = self.set_key_hash(&key)?;
            if !a.as_::<Set>().has(self, &key, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `|`, `&`, `-`, `^` of two sets; `None`: not both are.
    pub(crate) fn set_op(&mut self, op: BinOp, a: &Value, b: &Value) -> R<Option<Value>> {
        if a.get::<Set>().is_none() || b.get::<Set>().is_none() {
            return Ok(None);
        }
        Ok(Some(match op {
            BinOp::Or => {
                let r = self.set_copy(a)?;
                self.set_update(&r, b)?;
                r
            }
            BinOp::And => self.set_intersection(a, b)?,
            BinOp::Subtract => self.set_difference(a, b)?,
            BinOp::Xor => self.set_symmetric(a, b)?,
            _ => return Ok(None),
        }))
    }
    /// The same in place, for a `set` on the left.
    pub(crate) fn set_inplace(&mut self, op: BinOp, a: &Value, b: &Value) -> R<Option<Value>> {
        if a.get::<Set>().is_none() || b.get::<Set>().is_none() || self.is_frozenset(a) {
            return self.set_op(op, a, b);
        }
        match op {
            BinOp::Or => self.set_update(a, b)?,
            BinOp::And => {
                let r = self.set_intersection(a, b)?;
                a.as_::<Set>().swap(r.as_());
            }
            BinOp::Subtract => self.set_subtract(a, b)?,
            BinOp::Xor => self.set_toggle(a, b)?,
            _ => return Ok(None),
        }
        Ok(Some(a.clone()))
    }
    pub(crate) fn set_compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Option<bool>> {
        let (Some(x), Some(y)) = (a.get::<Set>(), b.get::<Set>()) else { return Ok(None) };
        Ok(Some(match op {
            CmpOp::Eq => self.sets_equal(a, b)?,
            CmpOp::Ne => !self.sets_equal(a, b)?,
            CmpOp::Le => self.set_subset(a, b)?,
            CmpOp::Ge => self.set_subset(b, a)?,
            CmpOp::Lt => x.len() < y.len() && self.set_subset(a, b)?,
            CmpOp::Gt => x.len() > y.len() && self.set_subset(b, a)?,
        }))
    }
    fn sets_equal(&mut self, a: &Value, b: &Value) -> R<bool> {
        let (x, y) = (a.as_::<Set>(), b.as_::<Set>());
        if x.len() != y.len() {
            return Ok(false);
        }
        if let (Some(h), Some(k)) = (x.known_hash(), y.known_hash())
            && h != k
        {
            return Ok(false);
        }
        self.set_subset(a, b)
    }

    /// `(iter, (items,))`: what iterators over sets and dicts pickle as.
    pub(crate) fn iter_reduced(&mut self, items: Value) -> R<Value> {
        let name = self.intern("iter");
        let iter = self.builtins.as_::<Dict>().get_str(&name).unwrap_or(Value::NONE);
        let args = self.tuple(vec![items]);
        Ok(self.tuple(vec![iter, args]))
    }
}
