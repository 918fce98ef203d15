//! What functions, methods, cells and namespaces are made from by name (`types.FunctionType(...)` and the
//! like), how they bind, and what they pickle as.

use crate::code::Code;
use crate::error::R;
use crate::object::{
    Builtin, BuiltinDef, ClosureCell, Dict, Function, Kind, Kw, Method, Namespace, Str, Tuple, Type,
};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;

pub static FUNCTION: &[BuiltinDef] =
    &[BuiltinDef::kw("__new__", 0, u8::MAX, new_function), BuiltinDef::new("__get__", 1, 2, get)];
pub static METHOD: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, new_method),
    BuiltinDef::new("__get__", 1, 2, |_, a, _| Ok(a[0].clone())),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let m = a[0].as_::<Method>();
        let name = vm.get_attr_str(&m.func, "__name__")?;
        by_getattr(vm, &m.self_, name)
    }),
];
/// Of builtin functions and bound builtin methods.
pub static BUILTIN: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
    let b = a[0].as_::<Builtin>();
    let name = vm.intern(b.def.name);
    match b.self_.is_null() || b.self_.is_kind(Kind::Module) {
        true => Ok(name),
        false => by_getattr(vm, &b.self_, name),
    }
})];
/// Of builtin methods as they stand in their classes.
pub static DESCRIPTOR: &[BuiltinDef] = &[
    BuiltinDef::new("__get__", 1, 2, get),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let b = a[0].as_::<Builtin>();
        let name = vm.intern(b.def.name);
        by_getattr(vm, &b.owner, name)
    }),
];
pub static CELL: &[BuiltinDef] = &[
    BuiltinDef::new("__new__", 0, u8::MAX, |vm, a, _| {
        if a.len() > 2 {
            return vm.fail("TypeError", format!("cell expected at most 1 argument, got {}", a.len() - 1));
        }
        Ok(ClosureCell::new(&vm.types.cell, a.get(1).cloned().unwrap_or(Value::NULL)))
    }),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Eq, a)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Ne, a)),
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Lt, a)),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Le, a)),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Gt, a)),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| compare_cells(vm, CmpOp::Ge, a)),
];
pub static NAMESPACE: &[BuiltinDef] = &[
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let class = vm.type_of(&a[0]).clone();
        let (args, dict) = (vm.tuple(vec![]), a[0].as_::<Namespace>().dict.clone());
        Ok(vm.tuple(vec![class, args, dict]))
    }),
    BuiltinDef::kw("__replace__", 0, 0, |vm, a, kw| {
        let class = vm.type_of(&a[0]).clone();
        let new = vm.call(&class, &[], Kw::NONE)?;
        if let Some(n) = new.get::<Namespace>() {
            let (from, into) = (a[0].as_::<Namespace>().dict.clone(), n.dict.clone());
            vm.dict_merge_into(&into, &from)?;
            for (k, v) in kw.names.iter().zip(kw.values) {
                into.as_::<Dict>().set_str(vm, k, v.clone());
            }
        }
        Ok(new)
    }),
];

/// `(getattr, (object, name))`.
fn by_getattr(vm: &mut Vm, obj: &Value, name: Value) -> R<Value> {
    let getattr = vm.builtin("getattr");
    let args = vm.tuple(vec![obj.clone(), name]);
    Ok(vm.tuple(vec![getattr, args]))
}

/// `f.__get__(object, class)`.
fn get(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let owner = a.get(2).filter(|o| !o.is_none());
    if a[1].is_none() {
        // None is an object too, if its class is the one that is asked for.
        let of_none = owner.is_some_and(|o| o.is(&vm.types.none));
        if owner.is_none() {
            return vm.fail("TypeError", "__get__(None, None) is invalid");
        }
        if !of_none {
            return Ok(a[0].clone());
        }
    }
    if let Some(b) = a[0].get::<Builtin>()
        && let Some(t) = b.owner.get::<Type>()
        && !vm.is_instance(&a[1], &b.owner)
    {
        let (name, owner) = (b.def.name, t.name.borrow().clone());
        let message = format!(
            "descriptor '{name}' for '{owner}' objects doesn't apply to a '{}' object",
            vm.type_name(&a[1])
        );
        return vm.fail("TypeError", message);
    }
    let owner = owner.cloned().unwrap_or_else(|| vm.type_of(&a[1]).clone());
    vm.descr_get(&a[0], Some(&a[1]), &owner)
}

fn new_method(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    if !kw.is_empty() {
        return vm.fail("TypeError", "method() takes no keyword arguments");
    }
    let [_, f, self_] = a else {
        return vm.fail("TypeError", format!("method expected 2 arguments, got {}", a.len() - 1));
    };
    if !vm.is_callable(f) {
        return vm.fail("TypeError", "first argument must be callable");
    }
    if self_.is_none() {
        return vm.fail("TypeError", "instance must not be None");
    }
    Ok(Method::new(&vm.types.method, f.clone(), self_.clone()))
}

fn new_function(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = ["code", "globals", "name", "argdefs", "closure", "kwdefaults"];
    let [code, globals, name, defaults, closure, kwdefaults] =
        vm.bind_args("function", names, 0, 2, &a[1..], kw)?;
    let or_none = |v: Option<Value>| v.unwrap_or(Value::NONE);
    let (code, globals) = (or_none(code), or_none(globals));
    let Some(c) = code.get::<Code>() else {
        let message = format!("function() argument 'code' must be code, not {}", vm.type_name(&code));
        return vm.fail("TypeError", message);
    };
    if !globals.is_kind(Kind::Dict) {
        let message = format!("function() argument 'globals' must be dict, not {}", vm.type_name(&globals));
        return vm.fail("TypeError", message);
    }
    let (name, defaults, closure, kwdefaults) =
        (or_none(name), or_none(defaults), or_none(closure), or_none(kwdefaults));
    if !name.is_none() && !name.is_kind(Kind::Str) {
        return vm.fail("TypeError", "arg 3 (name) must be None or string");
    }
    if !defaults.is_none() && !defaults.is_kind(Kind::Tuple) {
        return vm.fail("TypeError", "arg 4 (defaults) must be None or tuple");
    }
    let free = c.nfree as usize;
    if !closure.is_kind(Kind::Tuple) && (free > 0 || !closure.is_none()) {
        let or = if free > 0 { "" } else { "None or " };
        return vm.fail("TypeError", format!("arg 5 (closure) must be {or}tuple"));
    }
    if !kwdefaults.is_none() && !kwdefaults.is_kind(Kind::Dict) {
        return vm.fail("TypeError", "arg 6 (kwdefaults) must be None or dict");
    }
    let cells = closure.get::<Tuple>().map_or(&[][..], Tuple::as_slice);
    if cells.len() != free {
        let name = c.name.as_::<Str>().as_str().to_owned();
        let message = format!("{name} requires closure of length {free}, not {}", cells.len());
        return vm.fail("ValueError", message);
    }
    if let Some(x) = cells.iter().find(|x| !x.is_kind(Kind::ClosureCell)) {
        let message = format!("arg 5 (closure) expected cell, found {}", vm.type_name(x));
        return vm.fail("TypeError", message);
    }
    let key = vm.intern("__builtins__");
    let builtins = match globals.as_::<Dict>().get_str(&key) {
        Some(b) if b.is_kind(Kind::Dict) => b,
        Some(b) if b.is_kind(Kind::Module) => b.as_::<crate::object::Module>().dict.clone(),
        _ => vm.builtins.clone(),
    };
    let closure = if free == 0 { Value::NONE } else { closure };
    let f = vm.new_function(&code, &globals, &builtins, closure);
    let new = f.as_::<Function>();
    if !name.is_none() {
        *new.name.borrow_mut() = name;
    }
    *new.defaults.borrow_mut() = defaults;
    *new.kwdefaults.borrow_mut() = kwdefaults;
    let key = vm.intern("__name__");
    if let Some(module) = globals.as_::<Dict>().get_str(&key) {
        *new.module.borrow_mut() = module;
    }
    Ok(f)
}

/// By what is in them; an empty one comes first.
pub(crate) fn compare_cells(vm: &mut Vm, op: CmpOp, a: &[Value]) -> R<Value> {
    let (Some(x), Some(y)) = (a[0].get::<ClosureCell>(), a[1].get::<ClosureCell>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    match (x.get(), y.get()) {
        (Some(x), Some(y)) => vm.compare(op, &x, &y),
        (x, y) => {
            let (x, y) = (Value::bool(x.is_some()), Value::bool(y.is_some()));
            vm.compare(op, &x, &y)
        }
    }
}

impl Vm {
    /// `f.__annotations__`: made by the annotate function when first asked for.
    pub(crate) fn function_annotations(&mut self, f: &Function) -> R<Value> {
        let known = f.annotations.borrow().clone();
        if !known.is_null() {
            return Ok(known);
        }
        let annotate = f.annotate.borrow().clone();
        let made = if annotate.is_none() {
            self.dict()
        } else {
            let made = self.call(&annotate, &[Value::small(1)], Kw::NONE)?;
            if !made.is_kind(Kind::Dict) {
                let message = format!("__annotate__ returned non-dict of type '{}'", self.type_name(&made));
                return self.fail("TypeError", message);
            }
            made
        };
        let old = f.annotations.replace(made.clone());
        drop(old);
        Ok(made)
    }
    /// Sets or deletes `__annotations__`, `__annotate__` or `__type_params__`.
    pub(crate) fn set_function_annotation(&mut self, f: &Function, name: &str, v: Option<&Value>) -> R {
        let given = v.cloned().unwrap_or(Value::NONE);
        let old = match name {
            "__annotations__" => {
                if !given.is_none() && !given.is_kind(Kind::Dict) {
                    return self.fail("TypeError", "__annotations__ must be set to a dict object");
                }
                let new = if given.is_none() { Value::NULL } else { given };
                let old = f.annotations.replace(new);
                drop(f.annotate.replace(Value::NONE));
                old
            }
            "__annotate__" => {
                if v.is_none() {
                    return self.fail("TypeError", "__annotate__ cannot be deleted");
                }
                if given.is_none() {
                    f.annotate.replace(given)
                } else if self.is_callable(&given) {
                    drop(f.annotations.replace(Value::NULL));
                    f.annotate.replace(given)
                } else {
                    return self.fail("TypeError", "__annotate__ must be callable or None");
                }
            }
            _ => {
                if !given.is_kind(Kind::Tuple) {
                    return self.fail("TypeError", "__type_params__ must be set to a tuple");
                }
                f.type_params.replace(given)
            }
        };
        drop(old);
        Ok(())
    }
}
