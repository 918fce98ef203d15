//! `partial` and the `Placeholder` for arguments to be given later.

use crate::error::R;
use crate::modules::itertools::{Slot, add_class};
use crate::object::Tuple;
use crate::object::{BuiltinDef, Dict, Kind, Kw, Method, Payload, Str};
use crate::types::native::WEAKREF;
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;

struct PlaceholderType;
impl Payload for PlaceholderType {}

static PLACEHOLDER: ClassDef = ClassDef {
    name: "functools._PlaceholderType",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if a.len() > 1 || !kw.is_empty() {
                return vm.fail("TypeError", "_PlaceholderType takes no arguments");
            }
            Ok(placeholder(vm))
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, _, _| Ok(vm.intern("Placeholder"))),
        BuiltinDef::new("__reduce__", 0, 0, |vm, _, _| Ok(vm.intern("Placeholder"))),
    ],
    doc: Some("The type of the Placeholder singleton.\n\nUsed as a placeholder for partial arguments."),
    ..ClassDef::DEFAULT
};

/// The one placeholder.
#[derive(Default)]
struct State {
    placeholder: Option<Value>,
}

fn placeholder(vm: &mut Vm) -> Value {
    if let Some(v) = &vm.state::<State>().placeholder {
        return v.clone();
    }
    let class = vm.native_class::<PlaceholderType>(&PLACEHOLDER);
    let v = vm.new_native(&class, PlaceholderType);
    vm.state::<State>().placeholder = Some(v.clone());
    v
}

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<PlaceholderType>(vm, module, &PLACEHOLDER);
    let p = placeholder(vm);
    vm.set_global(module, "Placeholder", p);
    add_class::<Partial>(vm, module, &PARTIAL);
}

struct Partial {
    func: Slot,
    /// A tuple.
    args: Slot,
    /// A dict with str keys.
    kw: Slot,
    /// Placeholders among the arguments.
    holes: Cell<usize>,
}

impl Payload for Partial {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.func.visit(visit);
        self.args.visit(visit);
        self.kw.visit(visit);
    }
    fn clear(&self) {
        self.func.clear();
        self.args.clear();
        self.kw.clear();
    }
}

impl Partial {
    fn func(&self) -> Value {
        self.func.get().unwrap_or(Value::NONE)
    }
    fn args(&self) -> Vec<Value> {
        self.args.get().and_then(|t| t.get::<Tuple>().map(|t| t.as_slice().to_vec())).unwrap_or_default()
    }
    fn keywords(&self) -> Vec<(Value, Value)> {
        self.kw.get().and_then(|d| d.get::<Dict>().map(|d| d.iter().collect())).unwrap_or_default()
    }
}

static PARTIAL: ClassDef = ClassDef {
    name: "functools.partial",
    flags: SUBCLASS.union(HAS_DICT).union(WEAKREF),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_partial),
        BuiltinDef::kw("__call__", 0, u8::MAX, call_partial),
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            if a[1].is_none() {
                return Ok(a[0].clone());
            }
            let ty = vm.types.method.clone();
            Ok(Method::new(&ty, a[0].clone(), a[1].clone()))
        }),
        BuiltinDef::new("__repr__", 0, 0, repr_partial),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let this = vm.self_::<Partial>(&a[0])?;
            let class = vm.type_of(&a[0]).clone();
            let func = this.func();
            let args = this.args.get().unwrap_or(Value::NONE);
            let kw = this.kw.get().unwrap_or(Value::NONE);
            let name = vm.intern("__dict__");
            let dict = match vm.get_attr_opt(&a[0], &name)? {
                Some(d) if d.get::<Dict>().is_some_and(|d| !d.is_empty()) => d,
                _ => Value::NONE,
            };
            let constructor_args = vm.tuple(vec![func.clone()]);
            let state = vm.tuple(vec![func, args, kw, dict]);
            Ok(vm.tuple(vec![class, constructor_args, state]))
        }),
        BuiltinDef::new("__setstate__", 1, 1, set_state),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[
        GetSet::get("func", |vm, v| Ok(vm.self_::<Partial>(v)?.func())),
        GetSet::get("args", |vm, v| Ok(vm.self_::<Partial>(v)?.args.get().unwrap_or(Value::NONE))),
        GetSet::get("keywords", |vm, v| Ok(vm.self_::<Partial>(v)?.kw.get().unwrap_or(Value::NONE))),
    ],
    doc: Some("Create a new function with partial application of the given arguments\nand keywords."),
    ..ClassDef::DEFAULT
};

fn new_partial(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let Some(func) = a.get(1) else {
        return vm.fail("TypeError", "type 'partial' takes at least one argument");
    };
    if !vm.is_callable(func) {
        return vm.fail("TypeError", "the first argument must be callable");
    }
    let hole = placeholder(vm);
    let mut given = a[2..].to_vec();
    if given.last().is_some_and(|v| v.is(&hole)) {
        return vm.fail("TypeError", "trailing Placeholders are not allowed");
    }
    if kw.values.iter().any(|v| v.is(&hole)) {
        return vm.fail("TypeError", "Placeholder cannot be passed as a keyword argument");
    }
    let (mut func, mut args, keywords) = (func.clone(), vec![], vm.dict());
    // A partial of a partial is one, unless the inner one has attributes.
    if func.native::<Partial>().is_some() && !has_attributes(vm, &func)? {
        let outer = func.clone();
        let inner = vm.self_::<Partial>(&outer)?;
        func = inner.func();
        let mut rest = given.into_iter();
        for v in inner.args() {
            args.push(if v.is(&hole) { rest.next().unwrap_or(v) } else { v });
        }
        given = rest.collect();
        for (k, v) in inner.keywords() {
            keywords.as_::<Dict>().set(vm, &k, v)?;
        }
    }
    args.append(&mut given);
    for (k, v) in kw.names.iter().zip(kw.values) {
        keywords.as_::<Dict>().set(vm, k, v.clone())?;
    }
    let holes = args.iter().filter(|v| v.is(&hole)).count();
    let args = vm.tuple(args);
    let this = Partial {
        func: Slot::new(func),
        args: Slot::new(args),
        kw: Slot::new(keywords),
        holes: Cell::new(holes),
    };
    Ok(vm.new_native(&a[0], this))
}

fn has_attributes(vm: &mut Vm, v: &Value) -> R<bool> {
    let name = vm.intern("__dict__");
    let dict = vm.get_attr_opt(v, &name)?;
    Ok(dict.is_some_and(|d| d.get::<Dict>().is_some_and(|d| !d.is_empty())))
}

fn call_partial(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let this = vm.self_::<Partial>(&a[0])?;
    let (func, given) = (this.func(), &a[1..]);
    let mut args = this.args();
    let holes = this.holes.get();
    if holes > 0 {
        if given.len() < holes {
            let message = format!(
                "missing positional arguments in 'partial' call; expected at least {holes}, got {}",
                given.len()
            );
            return vm.fail("TypeError", message);
        }
        let hole = placeholder(vm);
        let mut next = given.iter();
        for v in args.iter_mut().filter(|v| v.is(&hole)) {
            if let Some(g) = next.next() {
                *v = g.clone();
            }
        }
    }
    args.extend_from_slice(&given[holes..]);
    let keywords = this.kw.get();
    let own = keywords.as_ref().and_then(|d| d.get::<Dict>());
    if own.is_none_or(Dict::is_empty) {
        return vm.call(&func, &args, kw);
    }
    let (mut names, mut values) = (vec![], vec![]);
    for (k, v) in this.keywords() {
        let Some(name) = k.get::<Str>() else { return vm.fail("TypeError", "keywords must be strings") };
        values.push(kw.get(name.as_str()).cloned().unwrap_or(v));
        names.push(k);
    }
    for (k, v) in kw.names.iter().zip(kw.values) {
        let text = k.as_::<Str>().as_str();
        if !names.iter().any(|n| n.as_::<Str>().as_str() == text) {
            names.push(k.clone());
            values.push(v.clone());
        }
    }
    vm.call(&func, &args, Kw { names: &names, values: &values })
}

fn repr_partial(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let this = vm.self_::<Partial>(&a[0])?;
    if !vm.repr_enter(&a[0]) {
        return Ok(vm.str("..."));
    }
    let text = partial_text(vm, &a[0], this);
    vm.repr_leave(&a[0]);
    let text = text?;
    Ok(vm.string(text))
}

fn partial_text(vm: &mut Vm, v: &Value, this: &Partial) -> R<String> {
    let class = vm.type_of(v).clone();
    let mut text = vm.full_name(&class);
    text.push('(');
    // Showing them may change the object: all from before.
    let (func, args, keywords) = (this.func(), this.args(), this.keywords());
    text.push_str(&vm.repr_string(&func)?);
    for v in args {
        text.push_str(", ");
        text.push_str(&vm.repr_string(&v)?);
    }
    for (k, v) in keywords {
        text.push_str(", ");
        text.push_str(&vm.str_string(&k)?);
        text.push('=');
        text.push_str(&vm.repr_string(&v)?);
    }
    text.push(')');
    Ok(text)
}

fn set_state(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let this = vm.self_::<Partial>(&a[0])?;
    let parts = match a[1].get::<Tuple>().map(|t| t.as_slice()) {
        Some([f, args, kw, dict])
            if vm.is_callable(f) && args.is_kind(Kind::Tuple) && (kw.is_none() || kw.is_kind(Kind::Dict)) =>
        {
            (f.clone(), args.clone(), kw.clone(), dict.clone())
        }
        _ => return vm.fail("TypeError", "invalid partial state"),
    };
    let (func, args, kw, dict) = parts;
    let hole = placeholder(vm);
    let items = args.as_::<Tuple>().as_slice();
    if items.last().is_some_and(|v| v.is(&hole)) {
        return vm.fail("TypeError", "trailing Placeholders are not allowed");
    }
    let holes = items.iter().filter(|v| v.is(&hole)).count();
    // Plain copies of what is of a derived class.
    let args = if args.is_dynamic() { vm.tuple(items.to_vec()) } else { args };
    let kw = match kw.get::<Dict>() {
        Some(_) if !kw.is_dynamic() => kw,
        from => {
            let copy = vm.dict();
            let all: Vec<(Value, Value)> = from.map(|d| d.iter().collect()).unwrap_or_default();
            for (k, v) in all {
                copy.as_::<Dict>().set(vm, &k, v)?;
            }
            copy
        }
    };
    this.func.set(func);
    this.args.set(args);
    this.kw.set(kw);
    this.holes.set(holes);
    let dict = if dict.is_none() { vm.dict() } else { dict };
    let name = vm.intern("__dict__");
    vm.set_attr(&a[0], &name, dict)?;
    Ok(Value::NONE)
}
