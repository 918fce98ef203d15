//! Module `_weakref`: weak references and proxies.
//!
//! The VM keeps, by the address of each object that has some, the list of its weak references; a flag in the
//! object's header says that there is an entry, so that freeing other objects costs nothing. When the object
//! goes (or the collector finds it unreachable) the references are emptied first, then their callbacks run,
//! the newest first.

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw, Native, Payload, TypeFlags, header_flags};
use crate::op::{BinOp, CmpOp};
use crate::types::native::{ClassDef, GetSet, NO_NEW, SUBCLASS};
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

/// A weak reference; its target's address is 0 once the target is gone.
pub struct WeakRef {
    target: Cell<u64>,
    callback: RefCell<Value>,
    hash: Cell<Option<i64>>,
    /// For taking itself out of the VM's list; classes know when the VM is gone.
    vm: *mut Vm,
}

impl Payload for WeakRef {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.callback.borrow());
    }
    fn clear(&self) {
        drop(self.callback.replace(Value::NONE));
    }
}

impl WeakRef {
    /// The object, if it lives.
    pub fn get(&self) -> Option<Value> {
        match self.target.get() {
            0 => None,
            // SAFETY: the reference is emptied before its target is freed, whose count may be 0 by then.
            p => unsafe { (*Word(p).header()).count() > 0 }.then(|| Word(p).to_value()),
        }
    }
}

impl Drop for WeakRef {
    fn drop(&mut self) {
        let target = self.target.get();
        if target == 0 {
            return;
        }
        let this: *const WeakRef = self;
        // SAFETY: a VM that goes empties every weak reference first.
        unsafe {
            if let Some(list) = (*self.vm).weakrefs.get_mut(&target) {
                list.retain(|r| Value::of(r).native::<WeakRef>().is_none_or(|w| !std::ptr::eq(w, this)));
                if list.is_empty() {
                    (*self.vm).weakrefs.remove(&target);
                    (*(target as *mut crate::object::Header)).set_flag(header_flags::WEAKLY_REFERENCED, false);
                }
            }
        }
    }
}

static REF: ClassDef = ClassDef {
    name: "weakref.ReferenceType",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 1, u8::MAX, |vm, a, kw| {
            if a.len() > 3 {
                let message = format!("__new__ expected at most 2 arguments, got {}", a.len() - 1);
                return vm.fail("TypeError", message);
            }
            let exact = vm.class_of::<WeakRef>();
            if !kw.is_empty() && exact.is_some_and(|c| c.is(&a[0])) {
                return vm.fail("TypeError", "weakref() takes no keyword arguments");
            }
            let callback = a.get(2).cloned().unwrap_or(Value::NONE);
            vm.weak_ref(&a[0], &a[1], callback)
        }),
        BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, _| match a.len() {
            2 | 3 => Ok(Value::NONE),
            n => vm.fail("TypeError", format!("__init__ expected 1 or 2 arguments, got {}", n - 1)),
        }),
        BuiltinDef::new("__call__", 0, 0, |vm, a, _| Ok(vm.self_::<WeakRef>(&a[0])?.get().unwrap_or(Value::NONE))),
        BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
            let r = vm.self_::<WeakRef>(&a[0])?;
            let h = match (r.hash.get(), r.get()) {
                (Some(h), _) => h,
                (None, Some(v)) => {
                    let h = vm.hash(&v)?;
                    r.hash.set(Some(h));
                    h
                }
                (None, None) => return vm.fail("TypeError", "weak object has gone away"),
            };
            Ok(vm.int(h))
        }),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Eq)),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Ne)),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let at = a[0].word().0;
            let text = match vm.self_::<WeakRef>(&a[0])?.get() {
                None => format!("<weakref at {at:#x}; dead>"),
                Some(v) => {
                    let name = match vm.get_attr_str_opt(&v, "__name__")? {
                        Some(n) if n.is_kind(crate::object::Kind::Str) => format!(" ({})", vm.str_string(&n)?),
                        _ => String::new(),
                    };
                    format!("<weakref at {at:#x}; to '{}' at {:#x}{name}>", vm.type_name(&v), v.word().0)
                }
            };
            Ok(vm.string(text))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[GetSet::get("__callback__", |vm, v| Ok(vm.self_::<WeakRef>(v)?.callback.borrow().clone()))],
    ..ClassDef::DEFAULT
};

fn compare(vm: &mut Vm, a: &[Value], op: CmpOp) -> R<Value> {
    let (Some(x), Some(y)) = (a[0].native::<WeakRef>(), a[1].native::<WeakRef>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    match (x.get(), y.get()) {
        (Some(x), Some(y)) => vm.compare(op, &x, &y),
        _ => Ok(Value::bool(a[0].is(&a[1]) == (op == CmpOp::Eq))),
    }
}

impl Vm {
    pub fn weak_ref_class(&mut self) -> Value {
        self.native_class::<WeakRef>(&REF)
    }
    /// A weak reference of a class to an object; without a callback, the one that there is already.
    pub fn weak_ref(&mut self, class: &Value, target: &Value, callback: Value) -> R<Value> {
        self.check_weakly_referenceable(target)?;
        let address = target.word().0;
        let exact = self.weak_ref_class();
        if callback.is_none()
            && class.is(&exact)
            && let Some(list) = self.weakrefs.get(&address)
        {
            for r in list {
                let v = Value::of(r);
                if v.ref_count() > 0 && self.type_of(v).is(&exact) && v.native::<WeakRef>().is_some_and(|w| w.callback.borrow().is_none())
                {
                    return Ok(v.clone());
                }
            }
        }
        Ok(self.new_weak_ref(class, target, callback))
    }
    fn new_weak_ref(&mut self, class: &Value, target: &Value, callback: Value) -> Value {
        let address = target.word().0;
        let vm: *mut Vm = self;
        let payload = WeakRef {
            target: Cell::new(address),
            callback: RefCell::new(callback),
            hash: Cell::new(None),
            vm,
        };
        let r = Native::new(class, payload);
        self.weakrefs.entry(address).or_default().push(r.word());
        // SAFETY: the value keeps its object.
        unsafe { (*target.word().header()).set_flag(header_flags::WEAKLY_REFERENCED, true) };
        r
    }
    fn check_weakly_referenceable(&mut self, v: &Value) -> R {
        if v.word().is_ptr() && self.class_ref(v).has(TypeFlags::WEAKREF) {
            return Ok(());
        }
        let message = format!("cannot create weak reference to '{}' object", self.type_name(v));
        self.fail("TypeError", message)
    }
    /// The weak references to an object, oldest first.
    pub(crate) fn weakrefs_of(&self, v: &Value) -> Vec<Value> {
        let living = |w: &&Word| Value::of(w).ref_count() > 0;
        let list = self.weakrefs.get(&v.word().0);
        list.map_or(vec![], |l| l.iter().filter(living).map(|w| w.to_value()).collect())
    }
    /// Empties the weak references to an object that goes; their callbacks are for the caller to run.
    pub(crate) fn empty_weakrefs(&mut self, address: u64) -> Vec<(Value, Value)> {
        let list = self.weakrefs.remove(&address).unwrap_or_default();
        let mut callbacks = vec![];
        for w in list.into_iter().rev() {
            let r = Value::of(&w);
            let Some(weak) = r.native::<WeakRef>() else { continue };
            weak.target.set(0);
            let f = weak.callback.replace(Value::NONE);
            // A reference that is being freed itself is not told.
            // SAFETY: the list holds live objects.
            if !f.is_none() && unsafe { (*w.header()).count() } > 0 {
                callbacks.push((w.to_value(), f));
            }
        }
        callbacks
    }
    /// Runs callbacks of weak references.
    pub(crate) fn run_weakref_callbacks(&mut self, callbacks: Vec<(Value, Value)>) {
        for (r, f) in callbacks {
            let saved = self.save_raising();
            if self.call(&f, std::slice::from_ref(&r), Kw::NONE).is_err() {
                let e = self.take_pending();
                self.unraisable(e, Some("Exception ignored while calling weakref callback"), &f);
            }
            self.restore_raising(saved);
        }
    }
}

/// A proxy behaves as its target.
struct Proxy(Value);
struct CallableProxy;
impl Payload for Proxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.0);
    }
}
impl Payload for CallableProxy {}

fn target(vm: &mut Vm, v: &Value) -> R<Value> {
    let Some(p) = v.native::<Proxy>() else { return Ok(v.clone()) };
    match p.0.native::<WeakRef>().and_then(WeakRef::get) {
        Some(v) => Ok(v),
        None => vm.fail("ReferenceError", "weakly-referenced object no longer exists"),
    }
}

macro_rules! binary {
    ($name:literal $reflected:literal $in_place:literal $op:ident) => {
        [
            BuiltinDef::new($name, 1, 1, |vm, a, _| binary(vm, BinOp::$op, false, &a[0], &a[1])),
            BuiltinDef::new($reflected, 1, 1, |vm, a, _| binary(vm, BinOp::$op, false, &a[1], &a[0])),
            BuiltinDef::new($in_place, 1, 1, |vm, a, _| binary(vm, BinOp::$op, true, &a[0], &a[1])),
        ]
    };
}
fn binary(vm: &mut Vm, op: BinOp, in_place: bool, a: &Value, b: &Value) -> R<Value> {
    let (a, b) = (target(vm, a)?, target(vm, b)?);
    vm.binary_op(op, in_place, &a, &b)
}
static OPERATORS: &[[BuiltinDef; 3]] = &[
    binary!("__add__" "__radd__" "__iadd__" Add),
    binary!("__and__" "__rand__" "__iand__" And),
    binary!("__floordiv__" "__rfloordiv__" "__ifloordiv__" FloorDivide),
    binary!("__lshift__" "__rlshift__" "__ilshift__" Lshift),
    binary!("__matmul__" "__rmatmul__" "__imatmul__" MatrixMultiply),
    binary!("__mul__" "__rmul__" "__imul__" Multiply),
    binary!("__mod__" "__rmod__" "__imod__" Remainder),
    binary!("__or__" "__ror__" "__ior__" Or),
    binary!("__pow__" "__rpow__" "__ipow__" Power),
    binary!("__rshift__" "__rrshift__" "__irshift__" Rshift),
    binary!("__sub__" "__rsub__" "__isub__" Subtract),
    binary!("__truediv__" "__rtruediv__" "__itruediv__" TrueDivide),
    binary!("__xor__" "__rxor__" "__ixor__" Xor),
];
macro_rules! comparisons {
    ($($name:literal $op:ident)*) => {
        &[$(BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let (a, b) = (target(vm, &a[0])?, target(vm, &a[1])?);
            vm.compare(CmpOp::$op, &a, &b)
        }),)*]
    };
}
static COMPARISONS: &[BuiltinDef] =
    comparisons!("__lt__" Lt "__le__" Le "__eq__" Eq "__ne__" Ne "__gt__" Gt "__ge__" Ge);
macro_rules! forwarded {
    ($($name:literal)*) => {
        &[$(BuiltinDef::new($name, 0, u8::MAX, |vm, a, _| {
            let v = target(vm, &a[0])?;
            vm.call_method(&v, $name, &a[1..])
        }),)*]
    };
}
static FORWARDED: &[BuiltinDef] = forwarded!("__divmod__" "__rdivmod__" "__bytes__" "__reversed__");

static PROXY_METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("__getattribute__", 1, 1, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.get_attr(&v, &a[1])
    }),
    BuiltinDef::new("__setattr__", 2, 2, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.set_attr(&v, &a[1], a[2].clone()).map(|()| Value::NONE)
    }),
    BuiltinDef::new("__delattr__", 1, 1, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.del_attr(&v, &a[1]).map(|()| Value::NONE)
    }),
    BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.str_of(&v)
    }),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let at = a[0].word().0;
        let v = a[0].native::<Proxy>().and_then(|p| p.0.native::<WeakRef>()).and_then(WeakRef::get);
        let text = match v {
            Some(v) => format!("<weakproxy at {at:#x}; to '{}' at {:#x}>", vm.type_name(&v), v.word().0),
            None => format!("<weakproxy at {at:#x}; dead>"),
        };
        Ok(vm.string(text))
    }),
    BuiltinDef::new("__bool__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.truthy(&v).map(Value::bool)
    }),
    BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        let n = vm.len_of(&v)?;
        Ok(vm.int(n as i64))
    }),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.get_iter(&v)
    }),
    BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        match vm.next(&v)? {
            Some(v) => Ok(v),
            None => vm.stop_iteration(),
        }
    }),
    BuiltinDef::new("__contains__", 1, 1, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.contains(&v, &a[1]).map(Value::bool)
    }),
    BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.get_item(&v, &a[1])
    }),
    BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.set_item(&v, &a[1], a[2].clone()).map(|()| Value::NONE)
    }),
    BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.del_item(&v, &a[1]).map(|()| Value::NONE)
    }),
    BuiltinDef::new("__neg__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.negate(&v)
    }),
    BuiltinDef::new("__pos__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.unary_positive(&v)
    }),
    BuiltinDef::new("__invert__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.invert(&v)
    }),
    BuiltinDef::new("__abs__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.absolute(&v)
    }),
    BuiltinDef::new("__int__", 0, 0, |vm, a, _| convert(vm, &a[0], "int")),
    BuiltinDef::new("__float__", 0, 0, |vm, a, _| convert(vm, &a[0], "float")),
    BuiltinDef::new("__index__", 0, 0, |vm, a, _| {
        let v = target(vm, &a[0])?;
        vm.call_method(&v, "__index__", &[])
    }),
];
fn convert(vm: &mut Vm, v: &Value, to: &str) -> R<Value> {
    let v = target(vm, v)?;
    let class = vm.builtin(to);
    vm.call(&class, &[v], Kw::NONE)
}
static PROXY: ClassDef = ClassDef { name: "weakref.ProxyType", flags: NO_NEW, methods: PROXY_METHODS, ..ClassDef::DEFAULT };
static CALLABLE: ClassDef = ClassDef {
    name: "weakref.CallableProxyType",
    flags: NO_NEW,
    methods: &[BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
        let f = target(vm, &a[0])?;
        vm.call(&f, &a[1..], kw)
    })],
    ..ClassDef::DEFAULT
};

fn proxy_classes(vm: &mut Vm) -> (Value, Value) {
    if let (Some(p), Some(c)) = (vm.class_of::<Proxy>(), vm.class_of::<CallableProxy>()) {
        return (p, c);
    }
    let p = vm.native_class::<Proxy>(&PROXY);
    let c = vm.native_class::<CallableProxy>(&CALLABLE);
    for class in [&p, &c] {
        if class.is(&c) {
            vm.define_methods(class, PROXY_METHODS);
        }
        for rows in OPERATORS {
            vm.define_methods(class, rows);
        }
        vm.define_methods(class, COMPARISONS);
        vm.define_methods(class, FORWARDED);
        vm.set_class_attribute(class, "__hash__", Value::NONE);
    }
    (p, c)
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("getweakrefcount", 1, 1, |vm, a, _| Ok(Value::small(vm.weakrefs_of(&a[0]).len() as i64))),
    BuiltinDef::new("getweakrefs", 1, 1, |vm, a, _| {
        let all = vm.weakrefs_of(&a[0]);
        Ok(vm.list(all))
    }),
    BuiltinDef::new("_remove_dead_weakref", 2, 2, |vm, a, _| {
        let Some(d) = a[0].get::<Dict>() else { return vm.fail("TypeError", "expected a dict") };
        let dead = match d.get(vm, &a[1])? {
            Some(r) => r.native::<WeakRef>().is_some_and(|w| w.get().is_none()),
            None => false,
        };
        if dead {
            drop(d.remove(vm, &a[1])?);
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("proxy", 1, 2, |vm, a, _| {
        let class = vm.weak_ref_class();
        let callback = a.get(1).cloned().unwrap_or(Value::NONE);
        let (plain, callable) = proxy_classes(vm);
        let class_of_proxy = if vm.is_callable(&a[0]) { callable } else { plain };
        vm.check_weakly_referenceable(&a[0])?;
        // The callback gets the proxy, which the reference cannot know: it gets the reference.
        let r = vm.new_weak_ref(&class, &a[0], callback);
        Ok(Native::new(&class_of_proxy, Proxy(r)))
    }),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_weakref", FUNCTIONS);
    let class = vm.weak_ref_class();
    vm.set_global(&m, "ref", class.clone());
    vm.set_global(&m, "ReferenceType", class);
    let (p, c) = proxy_classes(vm);
    vm.set_global(&m, "ProxyType", p);
    vm.set_global(&m, "CallableProxyType", c);
    Ok(m)
}
