//! `TypeAliasType`, and the class `Generic`.

use super::params::items;
use super::{Lazy, ask, caller, check_params, iter_unpacked, name_argument, unpack_tuples};
use crate::error::R;
use crate::object::{BuiltinDef, Function, Kind, Kw, Payload, Type};
use crate::types::native::{ClassDef, GetSet, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;

pub struct TypeAlias {
    name: Value,
    /// A tuple.
    params: Value,
    value: Lazy,
    /// NULL: that of the function which evaluates it.
    module: Value,
}

impl Payload for TypeAlias {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.name);
        visit(&self.params);
        self.value.traverse(visit);
        if !self.module.is_null() {
            visit(&self.module);
        }
    }
    fn clear(&self) {
        self.value.clear();
    }
}

pub static TYPE_ALIAS: ClassDef = ClassDef {
    name: "typing.TypeAliasType",
    flags: WEAKREF,
    doc: Some("Type alias."),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| Ok(vm.self_::<TypeAlias>(&a[0])?.name.clone())),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| Ok(vm.self_::<TypeAlias>(&a[0])?.name.clone())),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| iter_unpacked(vm, &a[0])),
        BuiltinDef::new("__or__", 1, 1, |vm, a, _| vm.union_from(a.to_vec())),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, _| vm.union_from(vec![a[1].clone(), a[0].clone()])),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
            if items(&vm.self_::<TypeAlias>(&a[0])?.params).is_empty() {
                return vm.fail("TypeError", "Only generic type aliases are subscriptable");
            }
            vm.generic_alias(&a[0], &a[1])
        }),
    ],
    getset: &[
        GetSet::member("__name__", |vm, v| Ok(vm.self_::<TypeAlias>(v)?.name.clone())),
        GetSet::get("__type_params__", |vm, v| Ok(vm.self_::<TypeAlias>(v)?.params.clone())),
        GetSet::get("__parameters__", |vm, v| {
            let params = vm.self_::<TypeAlias>(v)?.params.clone();
            unpack_tuples(vm, &params)
        }),
        GetSet::get("__value__", |vm, v| {
            let a = vm.self_::<TypeAlias>(v)?;
            Ok(a.value.get(vm)?.unwrap_or(Value::NONE))
        }),
        GetSet::get("evaluate_value", |vm, v| {
            let a = vm.self_::<TypeAlias>(v)?;
            Ok(a.value.evaluator(vm))
        }),
        GetSet::get("__module__", |vm, v| {
            let a = vm.self_::<TypeAlias>(v)?;
            if !a.module.is_null() {
                return Ok(a.module.clone());
            }
            let f = a.value.evaluate.borrow().clone();
            Ok(f.get::<Function>().map_or(Value::NONE, |f| f.module.borrow().clone()))
        }),
    ],
    ..ClassDef::DEFAULT
};

fn new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (class, args) = (&args[0], &args[1..]);
    if args.len() > 2 {
        let n = args.len();
        let message = format!("typealias() takes exactly 2 positional arguments ({n} given)");
        return vm.fail("TypeError", message);
    }
    let [name, value, params] =
        vm.bind_args("typealias", ["name", "value", "type_params"], 0, 2, args, kw)?;
    let name = name_argument(vm, "typealias", &name.unwrap_or(Value::NONE))?;
    let params = match params {
        Some(p) => {
            check_params(vm, &p)?;
            p
        }
        None => vm.tuple(vec![]),
    };
    let module = caller(vm);
    Ok(vm.new_native(class, TypeAlias { name, params, value: Lazy::new(value, None), module }))
}

/// What a `type` statement makes of (name, parameters or None, function that evaluates the value).
pub fn from_statement(vm: &mut Vm, parts: &Value) -> R<Value> {
    let [name, params, evaluate] = items(parts) else {
        return vm.fail("SystemError", "a type alias needs a name, parameters and a value");
    };
    let params = if params.is_kind(Kind::Tuple) { params.clone() } else { vm.tuple(vec![]) };
    let class = vm.native_class::<TypeAlias>(&TYPE_ALIAS);
    let value = Lazy::new(None, Some(evaluate.clone()));
    Ok(vm.new_native(&class, TypeAlias { name: name.clone(), params, value, module: Value::NULL }))
}

// ---- Generic

/// Stands for the class in the VM's table; its instances are plain objects.
pub struct Generic;
impl Payload for Generic {}

static GENERIC: ClassDef = ClassDef {
    name: "typing.Generic",
    flags: SUBCLASS,
    doc: Some(
        "Abstract base class for generic types.\n\nOn Python 3.12 and newer, generic classes implicitly inherit from\nGeneric when they declare a parameter list after the class's name::\n\n    class Mapping[KT, VT]:\n        def __getitem__(self, key: KT) -> VT:\n            ...\n            # Etc.",
    ),
    methods: &[
        BuiltinDef {
            kind: crate::object::Binding::Class,
            ..BuiltinDef::kw("__class_getitem__", 0, u8::MAX, |vm, a, kw| {
                typing_method(vm, "_generic_class_getitem", a, kw)
            })
        },
        BuiltinDef {
            kind: crate::object::Binding::Class,
            ..BuiltinDef::kw("__init_subclass__", 0, u8::MAX, |vm, a, kw| {
                typing_method(vm, "_generic_init_subclass", a, kw)
            })
        },
    ],
    ..ClassDef::DEFAULT
};

fn typing_method(vm: &mut Vm, name: &str, args: &[Value], kw: Kw) -> R<Value> {
    if kw.is_empty() {
        return ask(vm, name, args);
    }
    let typing = vm.import_module("typing")?;
    let f = vm.get_attr_str(&typing, name)?;
    vm.call(&f, args, kw)
}

/// The class `Generic`.
pub fn generic(vm: &mut Vm) -> Value {
    let known = vm.class_of::<Generic>();
    let class = vm.native_class::<Generic>(&GENERIC);
    if known.is_none() {
        class.as_::<Type>().instance.set(Kind::Plain);
    }
    class
}
