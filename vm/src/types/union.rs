//! `typing.Union` (`types.UnionType`): `int | str`.

use super::generic_alias::{GenericAlias, collect_parameters, substitute, type_repr};
use crate::error::R;
use crate::object::{BuiltinDef, Kind, Kw, Payload, Tuple};
use crate::types::native::{ClassDef, GetSet, NO_NEW, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

pub struct Union {
    /// A tuple of two or more, without repetitions.
    pub args: Value,
    /// A tuple, made when first asked for; NULL until then.
    parameters: RefCell<Value>,
}

impl Payload for Union {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.args);
        let p = self.parameters.borrow();
        if !p.is_null() {
            visit(&p);
        }
    }
}

pub static CLASS: ClassDef = ClassDef {
    name: "typing.Union",
    flags: NO_NEW.union(WEAKREF),
    doc: Some("Represent a union type\n\nE.g. for int | str"),
    methods: &[
        BuiltinDef::new("__repr__", 0, 0, repr),
        BuiltinDef::new("__hash__", 0, 0, hash),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| equal(vm, &a[0], &a[1], false)),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| equal(vm, &a[0], &a[1], true)),
        BuiltinDef::new("__or__", 1, 1, or),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, k| or(vm, &[a[1].clone(), a[0].clone()], k)),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
            let params = parameters(vm, &a[0])?;
            let args = vm.self_::<Union>(&a[0])?.args.clone();
            let new = substitute(vm, &a[0], &args, params.as_::<Tuple>().as_slice(), &a[1])?;
            from_args(vm, new)
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| {
            let items = match a[1].get::<Tuple>() {
                Some(t) => t.as_slice().to_vec(),
                None => vec![a[1].clone()],
            };
            from_args(vm, items)
        }),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| {
            let shown = vm.repr_string(&a[0])?;
            vm.fail("TypeError", format!("Cannot subclass {shown}"))
        }),
        BuiltinDef::new("__instancecheck__", 1, 1, |vm, a, _| {
            let members = vm.self_::<Union>(&a[0])?.args.clone();
            check(vm, "isinstance", &a[1], &members)
        }),
        BuiltinDef::new("__subclasscheck__", 1, 1, |vm, a, _| {
            let members = vm.self_::<Union>(&a[0])?.args.clone();
            check(vm, "issubclass", &a[1], &members)
        }),
    ],
    getset: &[
        GetSet::get("__args__", |vm, v| Ok(vm.self_::<Union>(v)?.args.clone())),
        GetSet::get("__parameters__", parameters),
        GetSet::get("__origin__", |vm, _| Ok(vm.native_class::<Union>(&CLASS))),
        GetSet::get("__name__", |vm, _| Ok(vm.intern("Union"))),
        GetSet::get("__qualname__", |vm, _| Ok(vm.intern("Union"))),
        GetSet::get("__module__", |vm, _| Ok(vm.intern("typing"))),
    ],
    ..ClassDef::DEFAULT
};

/// `|` between classes, for the class `type`.
pub static OF_TYPE: &[BuiltinDef] = &[
    BuiltinDef::new("__or__", 1, 1, or),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, k| or(vm, &[a[1].clone(), a[0].clone()], k)),
];

fn check(vm: &mut Vm, how: &str, v: &Value, members: &Value) -> R<Value> {
    let f = vm.builtin(how);
    vm.call(&f, &[v.clone(), members.clone()], Kw::NONE)
}

fn can_be_member(vm: &mut Vm, v: &Value) -> bool {
    if v.is_none() || v.is_kind(Kind::Type) {
        return true;
    }
    v.native::<GenericAlias>().is_some()
        || v.native::<Union>().is_some()
        || vm.type_of(v).as_::<crate::object::Type>().short_name() == "TypeAliasType"
}

/// `a | b` where one of them is a class, an alias or a union.
pub fn or(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !can_be_member(vm, &args[0]) || !can_be_member(vm, &args[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    union_of(vm, args.to_vec())
}

/// Flat, None as its class, each once.
fn union_of(vm: &mut Vm, items: Vec<Value>) -> R<Value> {
    let mut flat = vec![];
    for v in items {
        match v.native::<Union>() {
            Some(u) => flat.extend(u.args.as_::<Tuple>().as_slice().iter().cloned()),
            None if v.is_none() => flat.push(vm.types.none.clone()),
            None => flat.push(v),
        }
    }
    let mut all: Vec<Value> = vec![];
    'next: for v in flat {
        for seen in &all {
            if seen.is(&v) || vm.equal(seen, &v)? {
                continue 'next;
            }
        }
        all.push(v);
    }
    if all.len() == 1
        && let Some(v) = all.pop()
    {
        return Ok(v);
    }
    let args = vm.tuple(all);
    let class = vm.native_class::<Union>(&CLASS);
    Ok(vm.new_native(&class, Union { args, parameters: RefCell::new(Value::NULL) }))
}

impl Vm {
    /// A union of anything: what type variables do for `T | "text"`.
    pub fn union_from(&mut self, items: Vec<Value>) -> R<Value> {
        from_args(self, items)
    }
}

/// `Union[...]`: members that are no types are looked at by `typing`.
fn from_args(vm: &mut Vm, items: Vec<Value>) -> R<Value> {
    if items.is_empty() {
        return vm.fail("TypeError", "Cannot take a Union of no types.");
    }
    let mut checked = vec![];
    for v in items {
        if can_be_member(vm, &v) {
            checked.push(v);
            continue;
        }
        let typing = vm.import_module("typing")?;
        let message = vm.str("Union[arg, ...]: each arg must be a type.");
        checked.push(vm.call_method(&typing, "_type_check", &[v, message])?);
    }
    union_of(vm, checked)
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let members = vm.self_::<Union>(&args[0])?.args.clone();
    let shown = members.as_::<Tuple>().as_slice().iter().map(|v| type_repr(vm, v));
    let shown = shown.collect::<R<Vec<_>>>()?;
    Ok(vm.string(shown.join(" | ")))
}

/// Independent of the order, as that of a frozenset.
fn hash(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let members = vm.self_::<Union>(&args[0])?.args.clone();
    let mut h: i64 = 0x5a17;
    for v in members.as_::<Tuple>().as_slice() {
        let x = vm.hash(v)?;
        h = h.wrapping_add((x ^ (x << 16) ^ 89_869_747).wrapping_mul(3_644_798_167));
    }
    Ok(vm.int(if h == -1 { -2 } else { h }))
}

fn equal(vm: &mut Vm, a: &Value, b: &Value, negate: bool) -> R<Value> {
    let (Some(x), Some(y)) = (a.native::<Union>(), b.native::<Union>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (x, y) = (x.args.as_::<Tuple>().as_slice(), y.args.as_::<Tuple>().as_slice());
    let mut same = x.len() == y.len();
    for v in x {
        if !same {
            break;
        }
        same = false;
        for w in y {
            if v.is(w) || vm.equal(v, w)? {
                same = true;
                break;
            }
        }
    }
    Ok(Value::bool(same != negate))
}

fn parameters(vm: &mut Vm, v: &Value) -> R<Value> {
    let u = vm.self_::<Union>(v)?;
    let known = u.parameters.borrow().clone();
    if !known.is_null() {
        return Ok(known);
    }
    let found = collect_parameters(vm, &u.args)?;
    let t = vm.tuple(found);
    *u.parameters.borrow_mut() = t.clone();
    Ok(t)
}
