//! `_tuplegetter`: the descriptor behind a field of a named tuple.

use crate::error::R;
use crate::modules::itertools::{Slot, add_class};
use crate::object::{BuiltinDef, Payload, Tuple};
use crate::types::native::{ClassDef, GetSet};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<TupleGetter>(vm, module, &GETTER);
}

pub struct TupleGetter {
    index: i64,
    doc: Slot,
}

impl TupleGetter {
    pub fn index(&self) -> i64 {
        self.index
    }
}

impl Payload for TupleGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.doc.visit(visit);
    }
    fn clear(&self) {
        self.doc.clear();
    }
}

static GETTER: ClassDef = ClassDef {
    name: "collections._tuplegetter",
    methods: &[
        BuiltinDef::new("__new__", 0, u8::MAX, |vm, a, _| {
            if a.len() != 3 {
                let message = format!("_tuplegetter expected 2 arguments, got {}", a.len() - 1);
                return vm.fail("TypeError", message);
            }
            let Some(index) = vm.int_argument(&a[1])?.to_i64() else {
                return vm.fail("OverflowError", "Python int too large to convert to C ssize_t");
            };
            Ok(vm.new_native(&a[0], TupleGetter { index, doc: Slot::new(a[2].clone()) }))
        }),
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            let this = vm.self_::<TupleGetter>(&a[0])?;
            let Some(t) = a[1].get::<Tuple>() else {
                if a[1].is_none() {
                    return Ok(a[0].clone());
                }
                let message = format!(
                    "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                    this.index,
                    vm.type_name(&a[1])
                );
                return vm.fail("TypeError", message);
            };
            match usize::try_from(this.index).ok().and_then(|i| t.as_slice().get(i)) {
                Some(v) => Ok(v.clone()),
                None => vm.fail("IndexError", "tuple index out of range"),
            }
        }),
        BuiltinDef::new("__set__", 2, 2, |vm, _, _| vm.fail("AttributeError", "can't set attribute")),
        BuiltinDef::new("__delete__", 1, 1, |vm, _, _| vm.fail("AttributeError", "can't delete attribute")),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let this = vm.self_::<TupleGetter>(&a[0])?;
            let parts = vec![vm.int(this.index), this.doc.get().unwrap_or(Value::NONE)];
            let (class, parts) = (vm.type_of(&a[0]).clone(), vm.tuple(parts));
            Ok(vm.tuple(vec![class, parts]))
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<TupleGetter>(&a[0])?;
            let doc = vm.repr_string(&this.doc.get().unwrap_or(Value::NONE))?;
            Ok(vm.string(format!("_tuplegetter({}, {doc})", this.index)))
        }),
    ],
    getset: &[GetSet::new("__doc__", get_doc, |vm, v, new| {
        vm.self_::<TupleGetter>(v)?.doc.set(new.cloned().unwrap_or(Value::NONE));
        Ok(())
    })],
    ..ClassDef::DEFAULT
};

fn get_doc(vm: &mut Vm, v: &Value) -> R<Value> {
    Ok(vm.self_::<TupleGetter>(v)?.doc.get().unwrap_or(Value::NONE))
}
