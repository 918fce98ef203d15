//! The functions of module `builtins`. (The classes are made in `types`.)

use crate::error::R;
use crate::object::{BuiltinDef, EnumZip, Kind, Kw, Lazy, Module, Str, Type};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("print", 0, u8::MAX, super::io::print::print),
    BuiltinDef::new("len", 1, 1, |vm, a, _| {
        let n = vm.len_of(&a[0])?;
        Ok(vm.int(n as i64))
    }),
    BuiltinDef::new("repr", 1, 1, |vm, a, _| vm.repr(&a[0])),
    BuiltinDef::new("ascii", 1, 1, |vm, a, _| {
        let shown = vm.repr(&a[0])?;
        if shown.as_::<Str>().is_ascii() {
            return Ok(shown);
        }
        let s = vm.ascii_text(&shown);
        Ok(vm.string(s))
    }),
    BuiltinDef::kw("breakpoint", 0, u8::MAX, super::sys::breakpoint),
    BuiltinDef::new("abs", 1, 1, |vm, a, _| vm.absolute(&a[0])),
    BuiltinDef::kw("min", 1, u8::MAX, |vm, a, kw| extreme(vm, a, kw, "min", CmpOp::Lt)),
    BuiltinDef::kw("max", 1, u8::MAX, |vm, a, kw| extreme(vm, a, kw, "max", CmpOp::Gt)),
    BuiltinDef::kw("sorted", 0, u8::MAX, |vm, a, kw| {
        if a.len() != 1 {
            return vm.fail("TypeError", format!("sorted expected 1 argument, got {}", a.len()));
        }
        let items = vm.to_vec_hinted(&a[0])?;
        let (items, r) = vm.sort(items, kw, "sort");
        r?;
        Ok(vm.list(items))
    }),
    BuiltinDef::new("any", 1, 1, |vm, a, _| first_with(vm, &a[0], true).map(Value::bool)),
    BuiltinDef::new("all", 1, 1, |vm, a, _| first_with(vm, &a[0], false).map(|found| Value::bool(!found))),
    BuiltinDef::new("chr", 1, 1, |vm, a, _| {
        let n = vm.index_clamped(&a[0])?;
        match u32::try_from(n).ok().filter(|&c| c <= 0x10ffff) {
            Some(c) => Ok(vm.code_point(c)),
            None => vm.fail("ValueError", "chr() arg not in range(0x110000)"),
        }
    }),
    BuiltinDef::new("id", 1, 1, |vm, a, _| {
        let id = vm.big(BigInt::from(a[0].word().0));
        vm.audit("builtins.id", |_| vec![id.clone()])?;
        Ok(id)
    }),
    BuiltinDef::new("hash", 1, 1, |vm, a, _| {
        let h = vm.hash(&a[0])?;
        Ok(vm.int(h))
    }),
    BuiltinDef::new("getattr", 2, 3, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        match (vm.get_attr_opt(&a[0], &a[1]), a.get(2)) {
            (Ok(Some(v)), _) => Ok(v),
            (Ok(None), Some(default)) => Ok(default.clone()),
            (Ok(None), None) => vm.get_attr(&a[0], &a[1]),
            (Err(e), Some(default)) => unless_attribute_error(vm, e).map(|()| default.clone()),
            (Err(e), None) => Err(e),
        }
    }),
    BuiltinDef::new("setattr", 3, 3, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        vm.set_attr(&a[0], &a[1], a[2].clone())?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("hasattr", 2, 2, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        match vm.get_attr_opt(&a[0], &a[1]) {
            Ok(found) => Ok(Value::bool(found.is_some())),
            Err(e) => unless_attribute_error(vm, e).map(|()| Value::FALSE),
        }
    }),
    BuiltinDef::new("delattr", 2, 2, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        vm.del_attr(&a[0], &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::kw("__build_class__", 0, u8::MAX, |vm, a, kw| vm.build_class(a, kw)),
    BuiltinDef::new("callable", 1, 1, |vm, a, _| Ok(Value::bool(vm.is_callable(&a[0])))),
    BuiltinDef::new("iter", 1, 2, |vm, a, _| match a {
        [f, sentinel] => {
            if !vm.is_callable(f) {
                return vm.fail("TypeError", "iter(v, w): v must be callable");
            }
            // See `next_of_callable`.
            Ok(EnumZip::new(&vm.types.callable_iterator, Lazy::Filter, vec![sentinel.clone()], f.clone(), 1))
        }
        _ => vm.get_iter(&a[0]),
    }),
    BuiltinDef::new("next", 1, 2, next),
    BuiltinDef::new("aiter", 1, 1, crate::runtime::asynchronous::aiter),
    BuiltinDef::new("anext", 1, 2, crate::runtime::asynchronous::anext),
    BuiltinDef::new("format", 1, 2, |vm, a, _| {
        if let Some(v) = a.get(1)
            && !v.is_kind(Kind::Str)
        {
            let message = format!("format() argument 2 must be str, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
        vm.format_object(&a[0], a.get(1))
    }),
    BuiltinDef::new("input", 0, 1, super::io::print::input),
    BuiltinDef::kw("open", 0, 8, super::io::open::open),
    BuiltinDef::new("exit", 0, 1, exit),
    BuiltinDef::new("quit", 0, 1, exit),
];

pub fn init(vm: &mut Vm) {
    let module = vm.add_module("builtins", FUNCTIONS);
    vm.add_functions(&module, super::arithmetic::FUNCTIONS);
    vm.add_functions(&module, super::evaluate::FUNCTIONS);
    vm.add_functions(&module, crate::import::FUNCTIONS);
    let key = vm.intern("__import__");
    vm.own_import =
        module.as_::<Module>().dict.as_::<crate::object::Dict>().get_str(&key).unwrap_or(Value::NONE);
    let t = &vm.types;
    let classes = [
        &t.object,
        &t.type_,
        &t.int,
        &t.bool,
        &t.float,
        &t.str,
        &t.tuple,
        &t.list,
        &t.dict,
        &t.range,
        &t.slice,
        &t.complex,
        &t.bytes,
        &t.set,
        &t.frozenset,
        &t.enumerate,
        &t.zip,
        &t.map,
        &t.filter,
        &t.reversed,
    ];
    let mut names: Vec<(String, Value)> =
        classes.iter().map(|c| (c.as_::<Type>().name.borrow().to_string(), (*c).clone())).collect();
    let mut exceptions: Vec<(String, Value)> =
        t.exceptions().map(|(name, class)| (name.to_owned(), class.clone())).collect();
    exceptions.sort_by(|a, b| a.0.cmp(&b.0));
    names.extend(exceptions);
    for alias in ["IOError", "EnvironmentError"] {
        names.push((alias.to_owned(), t.exception("OSError").clone()));
    }
    names.push(("Ellipsis".into(), Value::ELLIPSIS));
    names.push(("NotImplemented".into(), Value::NOT_IMPLEMENTED));
    names.push(("__debug__".into(), Value::TRUE));
    let bytes = [("bytearray", vm.bytearray_class()), ("memoryview", vm.memoryview_class())];
    for (name, v) in bytes {
        vm.set_global(&module, name, v);
    }
    for (name, v) in vm.descriptor_classes() {
        vm.set_global(&module, name, v);
    }
    for (name, v) in names {
        vm.set_global(&module, &name, v);
    }
    vm.builtins = module.as_::<Module>().dict.clone();
    crate::types::docs::init(vm);
}

impl Vm {
    pub fn is_callable(&mut self, v: &Value) -> bool {
        matches!(v.kind(), Some(Kind::Function | Kind::Builtin | Kind::Method | Kind::Type))
            || v.is_dynamic() && self.special_of(v, crate::types::specials::Special::Call).is_some()
    }
}

fn exit(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let code = args.first().cloned().unwrap_or(Value::NONE);
    Err(vm.raise_type("SystemExit", vec![code]))
}

fn attribute_name(vm: &mut Vm, v: &Value) -> R {
    if v.is_kind(Kind::Str) {
        return Ok(());
    }
    let message = format!("attribute name must be string, not '{}'", vm.type_name(v));
    vm.fail("TypeError", message)
}
/// Swallows a pending AttributeError.
fn unless_attribute_error(vm: &mut Vm, e: crate::error::Exc) -> R {
    let pending = vm.take_pending();
    if vm.is_instance(&pending, vm.types.exception("AttributeError")) {
        return Ok(());
    }
    vm.set_pending(pending);
    Err(e)
}

/// `min` and `max`: the first item that none beats.
fn extreme(vm: &mut Vm, args: &[Value], kw: Kw, who: &str, op: CmpOp) -> R<Value> {
    vm.only_keywords(who, kw, &["key", "default"])?;
    let key = kw.get("key").filter(|k| !k.is_none());
    // What is compared of the best item, and the item if that is another.
    let mut best: Option<(Value, Option<Value>)> = None;
    let mut consider = |vm: &mut Vm, v: Value| -> R {
        let (k, v) = match key {
            Some(f) => (vm.call_with(f, &v)?, Some(v)),
            None => (v, None),
        };
        let better = match &best {
            Some((b, _)) if k.word().is_int() && b.word().is_int() => op.eval(k.word().int(), b.word().int()),
            Some((b, _)) => vm.compare_bool(op, &k, b)?,
            None => true,
        };
        if better {
            best = Some((k, v));
        }
        Ok(())
    };
    match args {
        [one] => {
            let it = vm.get_iter(one)?;
            while let Some(v) = vm.next(&it)? {
                consider(vm, v)?;
            }
        }
        _ if kw.get("default").is_some() => {
            let message = format!("Cannot specify a default for {who}() with multiple positional arguments");
            return vm.fail("TypeError", message);
        }
        many => {
            for v in many {
                consider(vm, v.clone())?;
            }
        }
    }
    match (best, kw.get("default")) {
        (Some((k, v)), _) => Ok(v.unwrap_or(k)),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => vm.fail("ValueError", format!("{who}() iterable argument is empty")),
    }
}

/// There is an item of that truth value.
fn first_with(vm: &mut Vm, iterable: &Value, truth: bool) -> R<bool> {
    let it = vm.get_iter(iterable)?;
    while let Some(v) = vm.next(&it)? {
        if vm.truthy(&v)? == truth {
            return Ok(true);
        }
    }
    Ok(false)
}

fn next(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    // A generator that ends says with what it returned.
    if a.len() == 1 && vm.type_of(&a[0]).is(&vm.types.generator) {
        let r = vm.gen_send(&a[0], Value::NONE)?;
        return vm.sent(r);
    }
    match (vm.next(&a[0])?, a.get(1)) {
        (Some(v), _) => Ok(v),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(vm.raise_type("StopIteration", vec![])),
    }
}
