//! Module `_contextvars`. A context refers to a dict from variables to values that is copied before it is
//! written to, if another context may refer to it too: copying a context costs nothing.
//!
//! Each thread has its current context, made when first needed.

use crate::error::R;
use crate::modules::itertools::{Slot, add_class, payload};
use crate::object::{BuiltinDef, Dict, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;
use std::collections::HashMap;

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("copy_context", 0, 0, |vm, _, _| {
    let current = current(vm);
    Ok(copy(vm, &current))
})];

#[derive(Default)]
struct State {
    /// By thread.
    current: HashMap<u64, Value>,
    missing: Option<Value>,
}

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_contextvars", FUNCTIONS);
    add_class::<Var>(vm, &module, &VAR);
    let class = add_class::<Context>(vm, &module, &CONTEXT);
    vm.set_class_attribute(&class, "__hash__", Value::NONE);
    let class = add_class::<Token>(vm, &module, &TOKEN);
    vm.set_class_attribute(&class, "__hash__", Value::NONE);
    let missing_class = vm.native_class::<Missing>(&MISSING);
    let missing = vm.new_native(&missing_class, Missing);
    vm.set_class_attribute(&class, "MISSING", missing.clone());
    vm.state::<State>().missing = Some(missing);
    Ok(module)
}

// ---- contexts

struct Context {
    /// The dict.
    vars: Slot,
    /// Another context may refer to the dict.
    shared: Cell<bool>,
    /// The context that was current when this was entered; none while it is not entered.
    previous: Slot,
    entered: Cell<bool>,
}
payload!(Context; slots: vars, previous; vecs: ; values: );

fn new_context(vm: &mut Vm, vars: Value, shared: bool) -> Value {
    let class = vm.native_class::<Context>(&CONTEXT);
    let this = Context {
        vars: Slot::new(vars),
        shared: Cell::new(shared),
        previous: Slot::empty(),
        entered: Cell::new(false),
    };
    vm.new_native(&class, this)
}

/// The context of the running thread.
fn current(vm: &mut Vm) -> Value {
    let id = vm.threads.current;
    if let Some(c) = vm.state::<State>().current.get(&id) {
        return c.clone();
    }
    let vars = vm.dict();
    let context = new_context(vm, vars, false);
    if let Some(c) = context.native::<Context>() {
        c.entered.set(true);
    }
    set_current(vm, context.clone());
    context
}

fn set_current(vm: &mut Vm, context: Value) {
    let id = vm.threads.current;
    let mut gone = vec![];
    if vm.state::<State>().current.len() > 2 * vm.threads.count() + 16 {
        // Those of threads that have ended.
        let mut alive: Vec<u64> = vm.threads.parked_frames().map(|(id, _)| id).collect();
        alive.push(id);
        let all = &mut vm.state::<State>().current;
        let ended: Vec<u64> = all.keys().copied().filter(|k| !alive.contains(k)).collect();
        gone.extend(ended.iter().filter_map(|k| all.remove(k)));
    }
    let old = vm.state::<State>().current.insert(id, context);
    drop((old, gone));
}

fn copy(vm: &mut Vm, context: &Value) -> Value {
    let vars = match context.native::<Context>() {
        Some(c) => {
            c.shared.set(true);
            c.vars.get()
        }
        None => None,
    };
    let vars = vars.unwrap_or_else(|| vm.dict());
    new_context(vm, vars, true)
}

/// What the current context has for a variable.
fn lookup(vm: &mut Vm, var: &Value) -> R<Option<Value>> {
    let context = current(vm);
    lookup_in(vm, &context, var)
}
fn lookup_in(vm: &mut Vm, context: &Value, var: &Value) -> R<Option<Value>> {
    let Some(vars) = context.native::<Context>().and_then(|c| c.vars.get()) else { return Ok(None) };
    match vars.get::<Dict>() {
        Some(d) => vm.dict_get(d, var),
        None => Ok(None),
    }
}
/// Sets or removes a variable in the current context.
fn store(vm: &mut Vm, var: &Value, v: Option<Value>) -> R {
    let context = current(vm);
    let Some(c) = context.native::<Context>() else { return Ok(()) };
    let mut vars = c.vars.get().unwrap_or(Value::NONE);
    if c.shared.get() {
        let own = vm.dict();
        vm.dict_update(&own, Some(&vars), Kw::NONE)?;
        c.vars.set(own.clone());
        c.shared.set(false);
        vars = own;
    }
    let Some(d) = vars.get::<Dict>() else { return Ok(()) };
    match v {
        Some(v) => vm.dict_set(d, var, v),
        None => {
            let old = vm.dict_remove(d, var)?;
            drop(old);
            Ok(())
        }
    }
}

fn key(vm: &mut Vm, v: &Value) -> R {
    if v.native::<Var>().is_some() {
        return Ok(());
    }
    let message = format!("a ContextVar key was expected, got {}", vm.repr_string(v)?);
    vm.fail("TypeError", message)
}

/// A snapshot that later changes do not touch.
fn vars_of(vm: &mut Vm, v: &Value) -> R<Value> {
    let c = vm.self_::<Context>(v)?;
    c.shared.set(true);
    let vars = c.vars.get();
    Ok(vars.unwrap_or_else(|| vm.dict()))
}

static CONTEXT: ClassDef = ClassDef {
    name: "_contextvars.Context",
    flags: crate::types::native::WEAKREF,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if a.len() > 1 || !kw.is_empty() {
                return vm.fail("TypeError", "Context() does not accept any arguments");
            }
            let vars = vm.dict();
            Ok(new_context(vm, vars, false))
        }),
        BuiltinDef::kw("run", 0, u8::MAX, run),
        BuiltinDef::new("copy", 0, 0, |vm, a, _| {
            vm.self_::<Context>(&a[0])?;
            Ok(copy(vm, &a[0]))
        }),
        BuiltinDef::new("get", 1, 2, |vm, a, _| {
            key(vm, &a[1])?;
            let found = lookup_in(vm, &a[0], &a[1])?;
            Ok(found.or_else(|| a.get(2).cloned()).unwrap_or(Value::NONE))
        }),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
            key(vm, &a[1])?;
            match lookup_in(vm, &a[0], &a[1])? {
                Some(v) => Ok(v),
                None => Err(vm.raise_type("KeyError", vec![a[1].clone()])),
            }
        }),
        BuiltinDef::new("__contains__", 1, 1, |vm, a, _| {
            key(vm, &a[1])?;
            Ok(Value::bool(lookup_in(vm, &a[0], &a[1])?.is_some()))
        }),
        BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
            let vars = vars_of(vm, &a[0])?;
            let n = vm.len_of(&vars)?;
            Ok(vm.int(n as i64))
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            let vars = vars_of(vm, &a[0])?;
            vm.get_iter(&vars)
        }),
        BuiltinDef::new("keys", 0, 0, |vm, a, _| view(vm, a, "keys")),
        BuiltinDef::new("values", 0, 0, |vm, a, _| view(vm, a, "values")),
        BuiltinDef::new("items", 0, 0, |vm, a, _| view(vm, a, "items")),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| match equal(vm, a)? {
            Some(answer) => Ok(Value::bool(answer)),
            None => Ok(Value::NOT_IMPLEMENTED),
        }),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| match equal(vm, a)? {
            Some(answer) => Ok(Value::bool(!answer)),
            None => Ok(Value::NOT_IMPLEMENTED),
        }),
    ],
    ..ClassDef::DEFAULT
};

fn view(vm: &mut Vm, a: &[Value], name: &str) -> R<Value> {
    let vars = vars_of(vm, &a[0])?;
    let view = vm.call_method(&vars, name, &[])?;
    vm.get_iter(&view)
}

fn equal(vm: &mut Vm, a: &[Value]) -> R<Option<bool>> {
    if a[1].native::<Context>().is_none() {
        return Ok(None);
    }
    let (x, y) = (vars_of(vm, &a[0])?, vars_of(vm, &a[1])?);
    vm.equal(&x, &y).map(Some)
}

fn run(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let Some(f) = a.get(1) else {
        return vm.fail("TypeError", "run() missing 1 required positional argument");
    };
    let this = vm.self_::<Context>(&a[0])?;
    if this.entered.get() {
        let message = format!("cannot enter context: {} is already entered", vm.repr_string(&a[0])?);
        return vm.fail("RuntimeError", message);
    }
    let previous = current(vm);
    this.previous.set(previous);
    this.entered.set(true);
    set_current(vm, a[0].clone());
    let r = vm.call(f, &a[2..], kw);
    this.entered.set(false);
    if let Some(previous) = this.previous.take() {
        set_current(vm, previous);
    }
    r
}

// ---- variables

struct Var {
    name: Value,
    /// NULL: none.
    default: Slot,
}
payload!(Var; slots: default; vecs: ; values: name);

static VAR: ClassDef = ClassDef {
    name: "_contextvars.ContextVar",
    flags: crate::types::native::WEAKREF,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let given = a.len() - 1;
            if given + kw.names.len() > 2 {
                let message =
                    format!("ContextVar() takes at most 2 arguments ({} given)", given + kw.names.len());
                return vm.fail("TypeError", message);
            }
            if given > 1 {
                let message = format!("ContextVar() takes at most 1 positional argument ({given} given)");
                return vm.fail("TypeError", message);
            }
            if given == 0 {
                let message = "ContextVar() takes exactly 1 positional argument (0 given)";
                return vm.fail("TypeError", message);
            }
            vm.only_keywords("ContextVar", kw, &["default"])?;
            if a[1].get::<Str>().is_none() {
                return vm.fail("TypeError", "context variable name must be a str");
            }
            let default = kw.get("default").map_or_else(Slot::empty, |v| Slot::new(v.clone()));
            Ok(vm.new_native(&a[0], Var { name: a[1].clone(), default }))
        }),
        BuiltinDef::new("get", 0, 1, |vm, a, _| {
            let this = vm.self_::<Var>(&a[0])?;
            if let Some(v) = lookup(vm, &a[0])? {
                return Ok(v);
            }
            match a.get(1).cloned().or_else(|| this.default.get()) {
                Some(v) => Ok(v),
                None => Err(vm.raise_type("LookupError", vec![a[0].clone()])),
            }
        }),
        BuiltinDef::new("set", 1, 1, |vm, a, _| {
            vm.self_::<Var>(&a[0])?;
            let context = current(vm);
            let old = lookup(vm, &a[0])?.map_or_else(Slot::empty, Slot::new);
            store(vm, &a[0], Some(a[1].clone()))?;
            let class = vm.native_class::<Token>(&TOKEN);
            Ok(vm.new_native(&class, Token { var: a[0].clone(), context, old, used: Cell::new(false) }))
        }),
        BuiltinDef::new("reset", 1, 1, |vm, a, _| {
            vm.self_::<Var>(&a[0])?;
            reset(vm, &a[0], &a[1])?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<Var>(&a[0])?;
            let mut text = format!("<ContextVar name={}", vm.repr_string(&this.name)?);
            if let Some(v) = this.default.get() {
                text.push_str(" default=");
                text.push_str(&vm.repr_string(&v)?);
            }
            text.push_str(&format!(" at {:#x}>", a[0].word().0));
            Ok(vm.string(text))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[GetSet::get("name", |vm, v| Ok(vm.self_::<Var>(v)?.name.clone()))],
    ..ClassDef::DEFAULT
};

// ---- tokens

struct Token {
    var: Value,
    context: Value,
    /// Value before; none: there was none.
    old: Slot,
    used: Cell<bool>,
}
payload!(Token; slots: old; vecs: ; values: var, context);

static TOKEN: ClassDef = ClassDef {
    name: "_contextvars.Token",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, _, _| {
            vm.fail("RuntimeError", "Tokens can only be created by ContextVars")
        }),
        BuiltinDef::new("__enter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__exit__", 3, 3, |vm, a, _| {
            let var = vm.self_::<Token>(&a[0])?.var.clone();
            reset(vm, &var, &a[0])?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<Token>(&a[0])?;
            let used = if this.used.get() { " used" } else { "" };
            let var = vm.repr_string(&this.var)?;
            Ok(vm.string(format!("<Token{used} var={var} at {:#x}>", a[0].word().0)))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[
        GetSet::get("var", |vm, v| Ok(vm.self_::<Token>(v)?.var.clone())),
        GetSet::get("old_value", |vm, v| match vm.self_::<Token>(v)?.old.get() {
            Some(old) => Ok(old),
            None => Ok(vm.state::<State>().missing.clone().unwrap_or(Value::NONE)),
        }),
    ],
    ..ClassDef::DEFAULT
};

fn reset(vm: &mut Vm, var: &Value, token: &Value) -> R {
    let Some(t) = token.native::<Token>() else {
        let message = format!("expected an instance of Token, got {}", vm.repr_string(token)?);
        return vm.fail("TypeError", message);
    };
    if t.used.get() {
        let message = format!("{} has already been used once", vm.repr_string(token)?);
        return vm.fail("RuntimeError", message);
    }
    if !t.var.is(var) {
        let message = format!("{} was created by a different ContextVar", vm.repr_string(token)?);
        return vm.fail("ValueError", message);
    }
    let context = current(vm);
    if !t.context.is(&context) {
        let message = format!("{} was created in a different Context", vm.repr_string(token)?);
        return vm.fail("ValueError", message);
    }
    t.used.set(true);
    store(vm, var, t.old.get())
}

/// `Token.MISSING`.
struct Missing;
impl Payload for Missing {}

static MISSING: ClassDef = ClassDef {
    name: "_contextvars.Token.MISSING",
    flags: crate::types::native::NO_NEW,
    methods: &[BuiltinDef::new("__repr__", 0, 0, |vm, _, _| Ok(vm.str("<Token.MISSING>")))],
    ..ClassDef::DEFAULT
};
