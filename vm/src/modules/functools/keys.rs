//! `cmp_to_key`: objects that compare by an old-style comparison function.

use crate::error::R;
use crate::modules::itertools::{Slot, payload};
use crate::object::{BuiltinDef, Kw};
use crate::op::CmpOp;
use crate::types::native::{ClassDef, GetSet};
use crate::value::Value;
use crate::vm::Vm;

/// `K` itself (no object yet) and its instances.
struct Key {
    cmp: Value,
    object: Slot,
}
payload!(Key; slots: object; vecs: ; values: cmp);

macro_rules! comparison {
    ($name:literal, $op:ident) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| compare(vm, a, CmpOp::$op))
    };
}

static KEY: ClassDef = ClassDef {
    name: "functools.KeyWrapper",
    flags: crate::types::native::NO_NEW,
    methods: &[
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            let [object] = vm.bind_args("K", ["obj"], 0, 1, &a[1..], kw)?;
            let cmp = vm.self_::<Key>(&a[0])?.cmp.clone();
            Ok(new_key(vm, cmp, object.map_or_else(Slot::empty, Slot::new)))
        }),
        comparison!("__lt__", Lt),
        comparison!("__le__", Le),
        comparison!("__eq__", Eq),
        comparison!("__ne__", Ne),
        comparison!("__gt__", Gt),
        comparison!("__ge__", Ge),
    ],
    getset: &[GetSet::new(
        "obj",
        |vm, v| Ok(vm.self_::<Key>(v)?.object.get().unwrap_or(Value::NONE)),
        |vm, v, new| {
            let this = vm.self_::<Key>(v)?;
            match new {
                Some(new) => this.object.set(new.clone()),
                None => this.object.clear(),
            }
            Ok(())
        },
    )],
    ..ClassDef::DEFAULT
};

fn new_key(vm: &mut Vm, cmp: Value, object: Slot) -> Value {
    let fresh = vm.class_of::<Key>().is_none();
    let class = vm.native_class::<Key>(&KEY);
    if fresh {
        vm.set_class_attribute(&class, "__hash__", Value::NONE);
    }
    vm.new_native(&class, Key { cmp, object })
}

fn compare(vm: &mut Vm, a: &[Value], op: CmpOp) -> R<Value> {
    let this = vm.self_::<Key>(&a[0])?;
    let Some(other) = a[1].native::<Key>() else {
        return vm.fail("TypeError", "other argument must be K instance");
    };
    let (Some(x), Some(y)) = (this.object.get(), other.object.get()) else {
        return vm.fail("AttributeError", "object");
    };
    let answer = vm.call(&this.cmp, &[x, y], Kw::NONE)?;
    vm.compare(op, &answer, &Value::small(0))
}

pub fn cmp_to_key(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [cmp] = vm.bind_args("cmp_to_key", ["mycmp"], 0, 1, args, kw)?;
    Ok(new_key(vm, cmp.unwrap_or(Value::NONE), Slot::empty()))
}
