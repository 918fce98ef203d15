//! Module `_typing`: type variables, type aliases, `Generic`; and the intrinsics behind `def f[T]`,
//! `class C[T]` and `type X[T] = ...`.
//!
//! Bounds, constraints, defaults and values are evaluated when first asked for ([`Lazy`]). What is written in
//! Python is asked of module `typing`.

mod alias;
mod params;

pub use alias::{Generic, TypeAlias};
pub use params::{ParamSpec, TypeVar, TypeVarTuple};

use crate::error::R;
use crate::machine::Flow;
use crate::object::{BuiltinDef, Dict, Function, Kind, Kw, Payload, Str, Tuple, Type};
use crate::types::generic_alias::type_repr;
use crate::types::native::{ClassDef, NO_NEW};
use crate::types::union::{self, Union};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("_idfunc", 1, 1, |_, a, _| Ok(a[0].clone()))];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_typing", FUNCTIONS);
    let doc = vm.str("Primitives and accelerators for the typing module.\n");
    vm.set_global(&m, "__doc__", doc);
    let classes = [
        ("TypeVar", vm.native_class::<TypeVar>(&params::TYPE_VAR)),
        ("ParamSpec", vm.native_class::<ParamSpec>(&params::PARAM_SPEC)),
        ("ParamSpecArgs", vm.native_class::<params::Part<false>>(&params::ARGS)),
        ("ParamSpecKwargs", vm.native_class::<params::Part<true>>(&params::KWARGS)),
        ("TypeVarTuple", vm.native_class::<TypeVarTuple>(&params::TYPE_VAR_TUPLE)),
        ("TypeAliasType", vm.native_class::<TypeAlias>(&alias::TYPE_ALIAS)),
        ("Union", vm.native_class::<Union>(&union::CLASS)),
        ("Generic", alias::generic(vm)),
        ("NoDefault", no_default(vm)),
    ];
    for (name, v) in classes {
        vm.set_global(&m, name, v);
    }
    Ok(m)
}

// ---- NoDefault

struct NoDefault;
impl Payload for NoDefault {}

static NO_DEFAULT: ClassDef = ClassDef {
    name: "NoDefaultType",
    doc: Some("The type of the NoDefault singleton."),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| match a.len() == 1 && kw.is_empty() {
            true => Ok(no_default(vm)),
            false => vm.fail("TypeError", "NoDefaultType takes no arguments"),
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, _, _| Ok(vm.str("typing.NoDefault"))),
        BuiltinDef::new("__reduce__", 0, 0, |vm, _, _| Ok(vm.str("NoDefault"))),
    ],
    ..ClassDef::DEFAULT
};

#[derive(Default)]
struct State {
    no_default: Option<Value>,
}

/// `typing.NoDefault`.
pub fn no_default(vm: &mut Vm) -> Value {
    if let Some(v) = &vm.state::<State>().no_default {
        return v.clone();
    }
    let class = vm.native_class::<NoDefault>(&NO_DEFAULT);
    let v = vm.new_native(&class, NoDefault);
    vm.state::<State>().no_default = Some(v.clone());
    v
}

// ---- what is evaluated late

/// A value, or the function that gives it; NULL: there is none.
pub struct Lazy {
    value: RefCell<Value>,
    evaluate: RefCell<Value>,
}

impl Lazy {
    fn new(value: Option<Value>, evaluate: Option<Value>) -> Lazy {
        let cell = |v: Option<Value>| RefCell::new(v.unwrap_or(Value::NULL));
        Lazy { value: cell(value), evaluate: cell(evaluate) }
    }
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for cell in [&self.value, &self.evaluate] {
            let v = cell.borrow();
            if !v.is_null() {
                visit(&v);
            }
        }
    }
    fn clear(&self) {
        drop(self.value.replace(Value::NULL));
        drop(self.evaluate.replace(Value::NULL));
    }
    /// The value; None if there is none.
    fn get(&self, vm: &mut Vm) -> R<Option<Value>> {
        let known = self.value.borrow().clone();
        if !known.is_null() {
            return Ok(Some(known));
        }
        let f = self.evaluate.borrow().clone();
        if f.is_null() {
            return Ok(None);
        }
        let v = vm.call(&f, &[Value::small(1)], Kw::NONE)?;
        drop(self.value.replace(v.clone()));
        Ok(Some(v))
    }
    /// `evaluate_...`: a function of the format, or None.
    fn evaluator(&self, vm: &mut Vm) -> Value {
        let f = self.evaluate.borrow().clone();
        if !f.is_null() {
            return f;
        }
        let v = self.value.borrow().clone();
        if v.is_null() {
            return Value::NONE;
        }
        let class = vm.native_class::<Constant>(&CONSTANT);
        vm.new_native(&class, Constant(v))
    }
    fn is_lazy(&self) -> bool {
        !self.evaluate.borrow().is_null()
    }
}

/// What evaluates to a value that is known already.
struct Constant(Value);
impl Payload for Constant {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.0);
    }
}

static CONSTANT: ClassDef = ClassDef {
    name: "_typing._ConstEvaluator",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let v = vm.self_::<Constant>(&a[0])?.0.clone();
            let shown = vm.repr_string(&v)?;
            Ok(vm.string(format!("<constevaluator {shown}>")))
        }),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            if !kw.is_empty() {
                return vm.fail("TypeError", "constevaluator.__call__() takes no keyword arguments");
            }
            if a.len() != 2 {
                let given = a.len() - 1;
                let message = format!("constevaluator.__call__() takes exactly 1 argument ({given} given)");
                return vm.fail("TypeError", message);
            }
            let v = vm.self_::<Constant>(&a[0])?.0.clone();
            // 4: as text.
            if vm.index_size(&a[1])? != 4 {
                return Ok(v);
            }
            let text = match v.get::<Tuple>() {
                Some(t) => {
                    let parts = t.as_slice().to_vec();
                    let parts = parts.iter().map(|p| type_repr(vm, p)).collect::<R<Vec<_>>>()?;
                    format!("({})", parts.join(", "))
                }
                None => type_repr(vm, &v)?,
            };
            Ok(vm.string(text))
        }),
    ],
    ..ClassDef::DEFAULT
};

// ---- helpers

/// Calls a function of module `typing`.
fn ask(vm: &mut Vm, name: &str, args: &[Value]) -> R<Value> {
    let typing = vm.import_module("typing")?;
    let f = vm.get_attr_str(&typing, name)?;
    vm.call(&f, args, Kw::NONE)
}

fn type_check(vm: &mut Vm, v: &Value, message: &str) -> R<Value> {
    if v.is_none() {
        return Ok(vm.types.none.clone());
    }
    let message = vm.str(message);
    ask(vm, "_type_check", &[v.clone(), message])
}

/// `__module__` of the Python function that is running.
fn caller(vm: &mut Vm) -> Value {
    if vm.frame().code.is_null() {
        return Value::NONE;
    }
    let module = vm.frame().function().module.borrow().clone();
    if !module.is_none() {
        return module;
    }
    let key = vm.intern("__name__");
    vm.frame().globals().get::<Dict>().and_then(|d| d.get_str(&key)).unwrap_or(Value::NONE)
}

fn name_argument(vm: &mut Vm, who: &str, v: &Value) -> R<Value> {
    if v.get::<Str>().is_some() {
        return Ok(v.clone());
    }
    let message = format!("{who}() argument 'name' must be str, not {}", vm.type_name(v));
    vm.fail("TypeError", message)
}

/// `typing.Unpack[v]`.
fn unpacked(vm: &mut Vm, v: &Value) -> R<Value> {
    let typing = vm.import_module("typing")?;
    let unpack = vm.get_attr_str(&typing, "Unpack")?;
    vm.get_item(&unpack, v)
}

/// An iterator over `Unpack[v]` alone.
fn iter_unpacked(vm: &mut Vm, v: &Value) -> R<Value> {
    let u = unpacked(vm, v)?;
    let t = vm.tuple(vec![u]);
    vm.get_iter(&t)
}

/// Type parameters with every TypeVarTuple unpacked.
fn unpack_tuples(vm: &mut Vm, params: &Value) -> R<Value> {
    let mut items = params.get::<Tuple>().map_or(vec![], |t| t.as_slice().to_vec());
    for v in &mut items {
        if v.native::<TypeVarTuple>().is_some() {
            *v = unpacked(vm, v)?;
        }
    }
    Ok(vm.tuple(items))
}

/// A class of the module: subclasses are told apart by nothing but the class.
fn cannot_subclass(vm: &mut Vm, args: &[Value]) -> R<Value> {
    let name = vm.type_of(&args[0]).as_::<Type>().short_name();
    vm.fail("TypeError", format!("Cannot subclass an instance of {name}"))
}

// ---- intrinsics

/// CALL_INTRINSIC_1: the name of a type parameter, or what its text says -> the object.
pub fn intrinsic_1(vm: &mut Vm, which: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let r = match which {
        7 => params::type_var(vm, v, None, None),
        8 => params::param_spec(vm, v),
        9 => params::type_var_tuple(vm, v),
        10 => {
            let generic = alias::generic(vm);
            let params = unpack_tuples(vm, &v)?;
            ask(vm, "_GenericAlias", &[generic, params])?
        }
        _ => alias::from_statement(vm, &v)?,
    };
    drop(vm.pop());
    vm.push(r);
    Ok(())
}

/// CALL_INTRINSIC_2: two operands -> one.
pub fn intrinsic_2(vm: &mut Vm, which: u32) -> Flow {
    let (b, a) = (vm.peek(0).to_value(), vm.peek(1).to_value());
    let r = match which {
        2 => params::type_var(vm, a, Some(b), None),
        3 => params::type_var(vm, a, None, Some(b)),
        4 => {
            if let Some(f) = a.get::<Function>() {
                drop(f.type_params.replace(b));
            }
            a
        }
        _ => {
            if let Some(d) = params::default_of(&a) {
                drop(d.evaluate.replace(b));
            }
            a
        }
    };
    drop(vm.pop());
    drop(vm.pop());
    vm.push(r);
    Ok(())
}

/// Checks `type_params` of an alias.
fn check_params(vm: &mut Vm, params: &Value) -> R {
    if !params.is_kind(Kind::Tuple) {
        return vm.fail("TypeError", "type_params must be a tuple");
    }
    let mut defaults = false;
    for p in params.as_::<Tuple>().as_slice().to_vec() {
        let Some(d) = params::default_of(&p) else {
            let shown = vm.repr_string(&p)?;
            return vm.fail("TypeError", format!("Expected a type param, got {shown}"));
        };
        let none = no_default(vm);
        let has = d.is_lazy() || d.get(vm)?.is_some_and(|v| !v.is(&none));
        if !has && defaults {
            let shown = vm.repr_string(&p)?;
            let message = format!("non-default type parameter '{shown}' follows default type parameter");
            return vm.fail("TypeError", message);
        }
        defaults |= has;
    }
    Ok(())
}
