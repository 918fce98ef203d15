//! `FrameLocalsProxy`: `f_locals` of a function's frame (PEP 667). Reading and writing go to the variables
//! themselves; other keys are kept in the frame object's own dict.

use crate::code::FAST_HIDDEN;
use crate::error::R;
use crate::object::{BuiltinDef, ClosureCell, Dict, FrameObject, Kind, Kw, Payload};
use crate::op::CmpOp;
use crate::types::native::ClassDef;
use crate::value::Value;
use crate::vm::Vm;

pub struct FrameLocals {
    frame: Value,
}

impl Payload for FrameLocals {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.frame);
    }
}

const FIXED: &str = "cannot remove local variables from FrameLocalsProxy";

static CLASS: ClassDef = ClassDef {
    name: "FrameLocalsProxy",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [_, frame] = a else {
                let message = format!("FrameLocalsProxy expected 1 argument, got {}", a.len() - 1);
                return vm.fail("TypeError", message);
            };
            if !frame.is_kind(Kind::FrameObject) {
                let message = format!("expect frame, not {}", vm.type_name(frame));
                return vm.fail("TypeError", message);
            }
            if !kw.is_empty() {
                return vm.fail("TypeError", "FrameLocalsProxy takes no keyword arguments");
            }
            Ok(vm.new_native(&a[0], FrameLocals { frame: frame.clone() }))
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let d = contents(vm, &a[0])?;
            vm.repr(&d)
        }),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| match find(vm, &a[0], &a[1])? {
            Some(v) => Ok(v),
            None => {
                let key = vm.repr_string(&a[1])?;
                vm.fail("KeyError", format!("local variable '{key}' is not defined"))
            }
        }),
        BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| {
            put(vm, &a[0], &a[1], a[2].clone())?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| match remove(vm, &a[0], &a[1])? {
            Some(_) => Ok(Value::NONE),
            None => Err(vm.raise_type("KeyError", vec![a[1].clone()])),
        }),
        BuiltinDef::new("__contains__", 1, 1, |vm, a, _| Ok(Value::bool(find(vm, &a[0], &a[1])?.is_some()))),
        BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
            let d = contents(vm, &a[0])?;
            Ok(Value::small(d.as_::<Dict>().len() as i64))
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            let names = keys(vm, &a[0])?;
            let l = vm.list(names);
            vm.get_iter(&l)
        }),
        BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| {
            let mut names = keys(vm, &a[0])?;
            names.reverse();
            Ok(vm.list(names))
        }),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Eq)),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Ne)),
        BuiltinDef::new("__or__", 1, 1, |vm, a, _| union(vm, &a[0], &a[1])),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, _| union(vm, &a[1], &a[0])),
        BuiltinDef::new("__ior__", 1, 1, |vm, a, _| {
            if !is_mapping(&a[1]) {
                return Ok(Value::NOT_IMPLEMENTED);
            }
            update(vm, &a[0], &a[1])?;
            Ok(a[0].clone())
        }),
        BuiltinDef::new("update", 1, 1, |vm, a, _| {
            if !is_mapping(&a[1]) {
                let message = "update() argument must be dict or another FrameLocalsProxy";
                return vm.fail("TypeError", message);
            }
            update(vm, &a[0], &a[1])?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("copy", 0, 0, |vm, a, _| contents(vm, &a[0])),
        BuiltinDef::new("keys", 0, 0, |vm, a, _| {
            let names = keys(vm, &a[0])?;
            Ok(vm.list(names))
        }),
        BuiltinDef::new("values", 0, 0, |vm, a, _| {
            let d = contents(vm, &a[0])?;
            let all = d.as_::<Dict>().iter().map(|(_, v)| v).collect();
            Ok(vm.list(all))
        }),
        BuiltinDef::new("items", 0, 0, |vm, a, _| {
            let d = contents(vm, &a[0])?;
            let all: Vec<_> = d.as_::<Dict>().iter().collect();
            let all = all.into_iter().map(|(k, v)| vm.tuple(vec![k, v])).collect();
            Ok(vm.list(all))
        }),
        BuiltinDef::new("get", 1, 2, |vm, a, _| {
            let found = find(vm, &a[0], &a[1])?;
            Ok(found.or_else(|| a.get(2).cloned()).unwrap_or(Value::NONE))
        }),
        BuiltinDef::new("setdefault", 1, 2, |vm, a, _| {
            if let Some(v) = find(vm, &a[0], &a[1])? {
                return Ok(v);
            }
            let v = a.get(2).cloned().unwrap_or(Value::NONE);
            put(vm, &a[0], &a[1], v.clone())?;
            Ok(v)
        }),
        BuiltinDef::new("pop", 1, 2, |vm, a, _| match (remove(vm, &a[0], &a[1])?, a.get(2)) {
            (Some(v), _) => Ok(v),
            (None, Some(v)) => Ok(v.clone()),
            (None, None) => Err(vm.raise_type("KeyError", vec![a[1].clone()])),
        }),
    ],
    flags: crate::object::TypeFlags::MAPPING,
    ..ClassDef::DEFAULT
};

impl Vm {
    /// `f_locals` of a function's frame.
    pub(crate) fn frame_proxy(&mut self, frame: &Value) -> Value {
        let known = self.class_of::<FrameLocals>();
        let class = self.native_class::<FrameLocals>(&CLASS);
        if known.is_none() {
            self.set_class_attribute(&class, "__hash__", Value::NONE);
        }
        self.new_native(&class, FrameLocals { frame: frame.clone() })
    }
}

fn frame<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a FrameObject> {
    Ok(vm.self_::<FrameLocals>(v)?.frame.as_::<FrameObject>())
}
/// The slot of a variable.
fn slot(vm: &mut Vm, f: &FrameObject, key: &Value) -> R<Option<usize>> {
    if !key.is_kind(Kind::Str) {
        vm.hash(key)?;
        return Ok(None);
    }
    let code = f.code();
    for i in 0..code.nlocalsplus as usize {
        let name = code.localsplus[i].clone();
        if code.kinds[i] & FAST_HIDDEN == 0 && (name.is(key) || vm.equal(&name, key)?) {
            return Ok(Some(i));
        }
    }
    Ok(None)
}
fn extra(f: &FrameObject) -> Option<Value> {
    let d = f.extra.borrow().clone();
    if d.is_null() { None } else { Some(d) }
}
fn find(vm: &mut Vm, v: &Value, key: &Value) -> R<Option<Value>> {
    let f = frame(vm, v)?;
    if let Some(i) = slot(vm, f, key)?
        && let Some(v) = vm.variable(f, i)
    {
        return Ok(Some(v));
    }
    match extra(f) {
        Some(d) => d.as_::<Dict>().get(vm, key),
        None => Ok(None),
    }
}
fn put(vm: &mut Vm, v: &Value, key: &Value, new: Value) -> R {
    let f = frame(vm, v)?;
    let Some(i) = slot(vm, f, key)? else {
        let d = match extra(f) {
            Some(d) => d,
            None => {
                let d = vm.dict();
                *f.extra.borrow_mut() = d.clone();
                d
            }
        };
        return d.as_::<Dict>().set(vm, key, new);
    };
    let w = f.slot(i);
    let old = match w.is_kind(Kind::ClosureCell) && f.code().is_cell(i) {
        true => Value::of(&w).as_::<ClosureCell>().set(new),
        false => f.set_slot(i, new),
    };
    drop(old);
    Ok(())
}
/// `None`: there was none. Variables cannot be removed.
fn remove(vm: &mut Vm, v: &Value, key: &Value) -> R<Option<Value>> {
    let f = frame(vm, v)?;
    if slot(vm, f, key)?.is_some() {
        return vm.fail("ValueError", FIXED);
    }
    match extra(f) {
        Some(d) => d.as_::<Dict>().remove(vm, key),
        None => Ok(None),
    }
}
/// As a new dict.
fn contents(vm: &mut Vm, v: &Value) -> R<Value> {
    let f = frame(vm, v)?;
    vm.frame_snapshot(f)
}
fn keys(vm: &mut Vm, v: &Value) -> R<Vec<Value>> {
    let d = contents(vm, v)?;
    vm.to_vec(&d)
}
fn is_mapping(v: &Value) -> bool {
    v.is_kind(Kind::Dict) || v.native::<FrameLocals>().is_some()
}
fn as_dict(vm: &mut Vm, v: &Value) -> R<Value> {
    if v.is_kind(Kind::Dict) { Ok(v.clone()) } else { contents(vm, v) }
}
fn update(vm: &mut Vm, v: &Value, other: &Value) -> R {
    let d = as_dict(vm, other)?;
    for (k, x) in d.as_::<Dict>().iter().collect::<Vec<_>>() {
        put(vm, v, &k, x)?;
    }
    Ok(())
}
fn union(vm: &mut Vm, a: &Value, b: &Value) -> R<Value> {
    if !is_mapping(a) || !is_mapping(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let all = vm.dict();
    for v in [a, b] {
        let d = as_dict(vm, v)?;
        vm.dict_update(&all, Some(&d), Kw::NONE)?;
    }
    Ok(all)
}
fn compare(vm: &mut Vm, a: &[Value], op: CmpOp) -> R<Value> {
    let same = match (a[0].native::<FrameLocals>(), a[1].native::<FrameLocals>()) {
        (Some(x), Some(y)) => x.frame.is(&y.frame),
        _ if a[1].is_kind(Kind::Dict) => {
            let d = contents(vm, &a[0])?;
            vm.equal(&d, &a[1])?
        }
        _ => return Ok(Value::NOT_IMPLEMENTED),
    };
    Ok(Value::bool(same == (op == CmpOp::Eq)))
}
