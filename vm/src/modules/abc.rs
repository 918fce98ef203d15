//! Module `_abc`: abstract base classes, with the registry and the caches of each.
//!
//! The data of an abstract class is its attribute `_abc_impl`. Answers are cached by class; the negative ones
//! are good until any class is registered anywhere, which `counter` counts. Classes are referred to weakly;
//! the references to those that are gone are cleared away when a table grows.

use crate::error::R;
use crate::modules::weakref::WeakRef;
use crate::object::{BuiltinDef, Dict, Kind, Kw, Payload, Type, TypeFlags};
use crate::types::native::{ClassDef, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("get_cache_token", 0, 0, |vm, _, _| {
        let n = vm.state::<State>().counter;
        Ok(vm.int(n as i64))
    }),
    BuiltinDef::new("_abc_init", 1, 1, abc_init),
    BuiltinDef::new("_abc_register", 2, 2, register),
    BuiltinDef::new("_abc_instancecheck", 2, 2, instance_check),
    BuiltinDef::new("_abc_subclasscheck", 2, 2, subclass_check),
    BuiltinDef::new("_get_dump", 1, 1, |vm, a, _| {
        let data = data_of(vm, &a[0])?;
        let Some(d) = data.native::<Data>() else { return Ok(Value::NONE) };
        let sets = [
            d.registry.borrow().clone(),
            d.cache.borrow().values().cloned().collect(),
            d.negative.borrow().values().cloned().collect(),
        ];
        let mut parts = vec![];
        for references in sets {
            let list = vm.list(references);
            let set = vm.get_attr_builtin("set")?;
            parts.push(vm.call(&set, &[list], Kw::NONE)?);
        }
        parts.push(vm.int(d.negative_version.get() as i64));
        Ok(vm.tuple(parts))
    }),
    BuiltinDef::new("_reset_registry", 1, 1, |vm, a, _| {
        let data = data_of(vm, &a[0])?;
        let old = data.native::<Data>().map(|d| d.registry.take());
        drop(old);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_reset_caches", 1, 1, |vm, a, _| {
        let data = data_of(vm, &a[0])?;
        let old = data.native::<Data>().map(|d| (d.cache.take(), d.negative.take()));
        drop(old);
        Ok(Value::NONE)
    }),
];

#[derive(Default)]
struct State {
    counter: u64,
}

/// Weak references to classes, by the address of the class.
type Classes = RefCell<HashMap<u64, Value>>;

#[derive(Default)]
struct Data {
    /// Weak references, in the order of registration.
    registry: RefCell<Vec<Value>>,
    cache: Classes,
    negative: Classes,
    /// Counter when `negative` was begun.
    negative_version: Cell<u64>,
}

impl Payload for Data {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.registry.borrow().iter().for_each(&mut *visit);
        for classes in [&self.cache, &self.negative] {
            classes.borrow().values().for_each(&mut *visit);
        }
    }
    fn clear(&self) {
        let old = (self.registry.take(), self.cache.take(), self.negative.take());
        drop(old);
    }
}

static DATA: ClassDef = ClassDef {
    name: "_abc._abc_data",
    flags: NO_NEW,
    doc: Some("Internal state held by ABC machinery."),
    ..ClassDef::DEFAULT
};

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_abc", FUNCTIONS);
    let doc = vm.str("Module contains faster C implementation of abc.ABCMeta");
    vm.set_global(&module, "__doc__", doc);
    Ok(module)
}

fn alive(reference: &Value) -> Option<Value> {
    reference.native::<WeakRef>().and_then(WeakRef::get)
}
/// A reference to another class that had the same address is dead.
fn has(classes: &Classes, class: &Value) -> bool {
    let reference = classes.borrow().get(&class.word().0).cloned();
    reference.is_some_and(|r| alive(&r).is_some())
}
fn insert(vm: &mut Vm, classes: &Classes, class: &Value) -> R {
    let kind = vm.weak_ref_class();
    let reference = vm.weak_ref(&kind, class, Value::NONE)?;
    let full = {
        let c = classes.borrow();
        c.len() == c.capacity()
    };
    let mut gone = vec![];
    if full {
        let dead = |r: &Value| r.native::<WeakRef>().is_some_and(|w| w.get().is_none());
        let mut c = classes.borrow_mut();
        let keys: Vec<u64> = c.iter().filter(|(_, r)| dead(r)).map(|(k, _)| *k).collect();
        gone.extend(keys.iter().filter_map(|k| c.remove(k)));
    }
    let old = classes.borrow_mut().insert(class.word().0, reference);
    drop((old, gone));
    Ok(())
}

/// A flag of a class and of those below it.
fn set_below(class: &Type, flags: TypeFlags) {
    // What a builtin class is has been said where it is defined: a str is no sequence for patterns.
    if !class.is_heap() {
        return;
    }
    for flag in [TypeFlags::SEQUENCE, TypeFlags::MAPPING] {
        class.set_flag(flag, flags.contains(flag));
    }
    for sub in class.subclasses() {
        set_below(sub.as_(), flags);
    }
}

fn data_of(vm: &mut Vm, class: &Value) -> R<Value> {
    let name = vm.intern("_abc_impl");
    let data = vm.get_attr(class, &name)?;
    if data.native::<Data>().is_none() {
        return vm.fail("TypeError", "_abc_impl is set to a wrong type");
    }
    Ok(data)
}

/// `__isabstractmethod__` of a member of a class, true.
fn is_abstract(vm: &mut Vm, v: &Value) -> R<bool> {
    let name = vm.intern("__isabstractmethod__");
    match vm.get_attr_opt(v, &name)? {
        Some(flag) => vm.truthy(&flag),
        None => Ok(false),
    }
}

/// The bits of `__abc_tpflags__`.
const SEQUENCE_BIT: i64 = 1 << 5;
const MAPPING_BIT: i64 = 1 << 6;

fn abc_init(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let class = &a[0];
    let Some(t) = class.get::<Type>() else {
        return vm.fail("TypeError", "_abc_init() argument must be a class");
    };
    let members: Vec<(Value, Value)> = t.dict.as_::<Dict>().iter().collect();
    let mut names: Vec<Value> = vec![];
    for (name, v) in members {
        if is_abstract(vm, &v)? {
            names.push(name);
        }
    }
    let abstracts = vm.intern("__abstractmethods__");
    let bases = vm.get_attr_str(class, "__bases__")?;
    for base in vm.to_vec(&bases)? {
        let Some(inherited) = vm.get_attr_opt(&base, &abstracts)? else { continue };
        for name in vm.to_vec(&inherited)? {
            if let Some(v) = vm.get_attr_opt(class, &name)?
                && is_abstract(vm, &v)?
            {
                names.push(name);
            }
        }
    }
    let names = vm.list(names);
    let frozenset = vm.get_attr_builtin("frozenset")?;
    let names = vm.call(&frozenset, &[names], Kw::NONE)?;
    vm.set_attr(class, &abstracts, names)?;
    // `__abc_tpflags__`: instances match sequence or mapping patterns.
    let key = vm.intern("__abc_tpflags__");
    if let Some(v) = t.dict.as_::<Dict>().get_str(&key)
        && v.word().is_int()
    {
        let both = TypeFlags::SEQUENCE | TypeFlags::MAPPING;
        let asked = match v.word().int() & (SEQUENCE_BIT | MAPPING_BIT) {
            SEQUENCE_BIT => TypeFlags::SEQUENCE,
            MAPPING_BIT => TypeFlags::MAPPING,
            0 => t.flags.get() & both,
            _ => {
                let message = "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING";
                return vm.fail("TypeError", message);
            }
        };
        set_below(t, asked);
        vm.del_attr(class, &key)?;
    }
    let data_class = vm.native_class::<Data>(&DATA);
    let data = Data { negative_version: Cell::new(vm.state::<State>().counter), ..Data::default() };
    let data = vm.new_native(&data_class, data);
    let name = vm.intern("_abc_impl");
    vm.set_attr(class, &name, data)?;
    Ok(Value::NONE)
}

fn register(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (class, sub) = (&a[0], &a[1]);
    if !sub.is_kind(Kind::Type) {
        return vm.fail("TypeError", "Can only register classes");
    }
    if is_subclass(vm, sub, class)? {
        return Ok(sub.clone());
    }
    if is_subclass(vm, class, sub)? {
        return vm.fail("RuntimeError", "Refusing to create an inheritance cycle");
    }
    let data = data_of(vm, class)?;
    let kind = vm.weak_ref_class();
    let reference = vm.weak_ref(&kind, sub, Value::NONE)?;
    if let Some(d) = data.native::<Data>() {
        d.registry.borrow_mut().push(reference);
    }
    vm.state::<State>().counter += 1;
    if let (Some(t), Some(s)) = (class.get::<Type>(), sub.get::<Type>()) {
        let flags = t.flags.get() & (TypeFlags::SEQUENCE | TypeFlags::MAPPING);
        if !flags.is_empty() {
            set_below(s, flags);
        }
    }
    Ok(sub.clone())
}

/// `issubclass`, hooks included.
fn is_subclass(vm: &mut Vm, sub: &Value, class: &Value) -> R<bool> {
    let f = vm.get_attr_builtin("issubclass")?;
    let r = vm.call(&f, &[sub.clone(), class.clone()], Kw::NONE)?;
    vm.truthy(&r)
}

fn instance_check(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (class, instance) = (&a[0], &a[1]);
    let data = data_of(vm, class)?;
    let Some(d) = data.native::<Data>() else { return Ok(Value::FALSE) };
    let name = vm.intern("__class__");
    let sub = vm.get_attr(instance, &name)?;
    if has(&d.cache, &sub) {
        return Ok(Value::TRUE);
    }
    let own = vm.type_of(instance).clone();
    if own.is(&sub) {
        if d.negative_version.get() == vm.state::<State>().counter && has(&d.negative, &sub) {
            return Ok(Value::FALSE);
        }
        return vm.call_method(class, "__subclasscheck__", &[sub]);
    }
    let first = vm.call_method(class, "__subclasscheck__", &[sub])?;
    if vm.truthy(&first)? {
        return Ok(first);
    }
    vm.call_method(class, "__subclasscheck__", &[own])
}

fn subclass_check(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (class, sub) = (&a[0], &a[1]);
    if !sub.is_kind(Kind::Type) {
        return vm.fail("TypeError", "issubclass() arg 1 must be a class");
    }
    let data = data_of(vm, class)?;
    let Some(d) = data.native::<Data>() else { return Ok(Value::FALSE) };
    if has(&d.cache, sub) {
        return Ok(Value::TRUE);
    }
    let counter = vm.state::<State>().counter;
    if d.negative_version.get() < counter {
        d.negative_version.set(counter);
        let old = d.negative.take();
        drop(old);
    } else if has(&d.negative, sub) {
        return Ok(Value::FALSE);
    }
    let answer = find(vm, class, sub, d)?;
    insert(vm, if answer { &d.cache } else { &d.negative }, sub)?;
    Ok(Value::bool(answer))
}

/// The question itself: the hook, the order of bases, the registry, the subclasses.
fn find(vm: &mut Vm, class: &Value, sub: &Value, d: &Data) -> R<bool> {
    let hook = vm.call_method(class, "__subclasshook__", std::slice::from_ref(sub))?;
    if hook.is(&Value::TRUE) || hook.is(&Value::FALSE) {
        return Ok(hook.is(&Value::TRUE));
    }
    if !hook.is(&Value::NOT_IMPLEMENTED) {
        let message = "__subclasshook__ must return either False, True, or NotImplemented";
        return vm.fail("AssertionError", message);
    }
    if sub.get::<Type>().is_some_and(|t| t.is_subtype(class)) {
        return Ok(true);
    }
    let registered = d.registry.borrow().clone();
    for r in registered.iter().filter_map(alive) {
        if is_subclass(vm, sub, &r)? {
            return Ok(true);
        }
    }
    let below = vm.call_method(class, "__subclasses__", &[])?;
    if !below.is_kind(Kind::List) {
        return vm.fail("TypeError", "__subclasses__() must return a list");
    }
    for s in vm.to_vec(&below)? {
        if is_subclass(vm, sub, &s)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Vm {
    /// A name of module `builtins`.
    pub(crate) fn get_attr_builtin(&mut self, name: &str) -> R<Value> {
        let key = self.intern(name);
        match self.builtins.get::<Dict>().and_then(|d| d.get_str(&key)) {
            Some(v) => Ok(v),
            None => self.fail("NameError", format!("name '{name}' is not defined")),
        }
    }
}
