//! Methods of `dict`.

use crate::error::R;
use crate::object::{BuiltinDef, Dict, DictPart, Kw, Set};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("get", 1, 2, |vm, a, _| {
        let found = vm.dict_get(dict(a), &a[1])?;
        Ok(found.unwrap_or_else(|| a.get(2).cloned().unwrap_or(Value::NONE)))
    }),
    BuiltinDef::new("keys", 0, 0, |vm, a, _| Ok(vm.dict_view(&a[0], DictPart::Keys))),
    BuiltinDef::new("values", 0, 0, |vm, a, _| Ok(vm.dict_view(&a[0], DictPart::Values))),
    BuiltinDef::new("items", 0, 0, |vm, a, _| Ok(vm.dict_view(&a[0], DictPart::Items))),
    BuiltinDef::new("pop", 1, 2, |vm, a, _| {
        // An empty dict does not even hash the key.
        let found = if dict(a).is_empty() { None } else { vm.dict_remove(dict(a), &a[1])? };
        match (found, a.get(2)) {
            (Some(v), _) => Ok(v),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => Err(vm.raise_with("KeyError", a[1].clone())),
        }
    }),
    BuiltinDef::new("popitem", 0, 0, popitem),
    BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| Ok(vm.dict_iter(&a[0], DictPart::Keys, true))),
    BuiltinDef::new("setdefault", 1, 2, |vm, a, _| {
        // The key is hashed and looked for once.
        let hash = vm.dict_key_hash(&a[1])?;
        if let Some(v) = dict(a).get_hashed(vm, &a[1], hash)? {
            return Ok(v);
        }
        let v = a.get(2).cloned().unwrap_or(Value::NONE);
        dict(a).add_hashed(vm, &a[1], hash, v.clone());
        Ok(v)
    }),
    BuiltinDef::kw("update", 0, 1, |vm, a, kw| {
        vm.dict_update(&a[0], a.get(1), kw)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("clear", 0, 0, |vm, a, _| {
        dict(a).clear(vm);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("copy", 0, 0, |vm, a, _| {
        let d = vm.dict();
        vm.dict_merge_into(&d, &a[0])?;
        Ok(d)
    }),
];

/// Called on the class.
pub static CLASS_METHODS: &[BuiltinDef] = &[BuiltinDef::new("fromkeys", 1, 2, fromkeys)];

fn dict(args: &[Value]) -> &Dict {
    args[0].as_()
}

fn popitem(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some((k, v)) = dict(args).pop_last(vm) else {
        let message = vm.str("popitem(): dictionary is empty");
        return Err(vm.raise_type("KeyError", vec![message]));
    };
    Ok(vm.tuple(vec![k, v]))
}

fn fromkeys(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let v = args.get(2).cloned().unwrap_or(Value::NONE);
    let exact = args[0].is(&vm.types.dict);
    let d = if exact { vm.dict() } else { vm.call(&args[0], &[], Kw::NONE)? };
    if exact {
        let class = vm.type_of(&args[1]);
        let hashed = match (args[1].get::<Set>(), args[1].get::<Dict>()) {
            (Some(s), _) if class.is(&vm.types.set) || class.is(&vm.types.frozenset) => Some(s.keys()),
            (_, Some(d)) if class.is(&vm.types.dict) => Some(d.keys_hashed()),
            _ => None,
        };
        if let Some(keys) = hashed {
            for (k, hash) in keys {
                d.as_::<Dict>().set_hashed(vm, &k, hash, v.clone())?;
            }
            return Ok(d);
        }
    }
    let it = vm.get_iter(&args[1])?;
    while let Some(k) = vm.next(&it)? {
        if exact {
            vm.dict_set(d.as_(), &k, v.clone())?;
        } else {
            vm.set_item(&d, &k, v.clone())?;
        }
    }
    Ok(d)
}
