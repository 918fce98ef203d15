//! Type parameters: TypeVar, ParamSpec with its parts, TypeVarTuple.

use super::{Lazy, ask, caller, cannot_subclass, iter_unpacked, name_argument, no_default, type_check};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload, Str, Tuple};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;

#[derive(Clone, Copy, Default)]
struct Variance {
    covariant: bool,
    contravariant: bool,
    infer: bool,
}

impl Variance {
    fn of(vm: &mut Vm, given: [&Option<Value>; 3]) -> R<Variance> {
        let mut on = [false; 3];
        for (flag, v) in on.iter_mut().zip(given) {
            *flag = match v {
                Some(v) => vm.truthy(v)?,
                None => false,
            };
        }
        let [covariant, contravariant, infer] = on;
        if covariant && contravariant {
            return vm.fail("ValueError", "Bivariant types are not supported.");
        }
        if infer && (covariant || contravariant) {
            return vm.fail("ValueError", "Variance cannot be specified with infer_variance.");
        }
        Ok(Variance { covariant, contravariant, infer })
    }
    fn shown(self, name: &Value) -> String {
        let name = name.get::<Str>().map_or("", Str::as_str);
        match () {
            _ if self.infer => name.to_owned(),
            _ if self.covariant => format!("+{name}"),
            _ if self.contravariant => format!("-{name}"),
            _ => format!("~{name}"),
        }
    }
}

pub struct TypeVar {
    name: Value,
    bound: Lazy,
    constraints: Lazy,
    default: Lazy,
    variance: Variance,
}

impl Payload for TypeVar {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.name);
        self.bound.traverse(visit);
        self.constraints.traverse(visit);
        self.default.traverse(visit);
    }
    fn clear(&self) {
        self.bound.clear();
        self.constraints.clear();
        self.default.clear();
    }
}

pub struct ParamSpec {
    name: Value,
    bound: Lazy,
    default: Lazy,
    variance: Variance,
}

impl Payload for ParamSpec {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.name);
        self.bound.traverse(visit);
        self.default.traverse(visit);
    }
    fn clear(&self) {
        self.bound.clear();
        self.default.clear();
    }
}

pub struct TypeVarTuple {
    name: Value,
    default: Lazy,
}

impl Payload for TypeVarTuple {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.name);
        self.default.traverse(visit);
    }
    fn clear(&self) {
        self.default.clear();
    }
}

/// `P.args`, or `P.kwargs`.
pub struct Part<const KEYWORDS: bool>(Value);

impl<const KEYWORDS: bool> Payload for Part<KEYWORDS> {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.0);
    }
}

// ---- what the intrinsics make

pub fn type_var(vm: &mut Vm, name: Value, bound: Option<Value>, constraints: Option<Value>) -> Value {
    let class = vm.native_class::<TypeVar>(&TYPE_VAR);
    let (bound, constraints) = (Lazy::new(None, bound), Lazy::new(None, constraints));
    let variance = Variance { infer: true, ..Variance::default() };
    vm.new_native(&class, TypeVar { name, bound, constraints, default: Lazy::new(None, None), variance })
}
pub fn param_spec(vm: &mut Vm, name: Value) -> Value {
    let class = vm.native_class::<ParamSpec>(&PARAM_SPEC);
    let variance = Variance { infer: true, ..Variance::default() };
    let none = || Lazy::new(None, None);
    vm.new_native(&class, ParamSpec { name, bound: none(), default: none(), variance })
}
pub fn type_var_tuple(vm: &mut Vm, name: Value) -> Value {
    let class = vm.native_class::<TypeVarTuple>(&TYPE_VAR_TUPLE);
    vm.new_native(&class, TypeVarTuple { name, default: Lazy::new(None, None) })
}

/// Of a type parameter, its default.
pub fn default_of(v: &Value) -> Option<&Lazy> {
    v.native::<TypeVar>()
        .map(|t| &t.default)
        .or_else(|| v.native::<ParamSpec>().map(|p| &p.default))
        .or_else(|| v.native::<TypeVarTuple>().map(|t| &t.default))
}

fn lazy_default<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a Lazy> {
    match default_of(v) {
        Some(d) => Ok(d),
        None => {
            let message = format!("type parameter expected, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}
fn default(vm: &mut Vm, v: &Value) -> R<Value> {
    let d = lazy_default(vm, v)?;
    match d.get(vm)? {
        Some(v) => Ok(v),
        None => Ok(no_default(vm)),
    }
}
fn evaluate_default(vm: &mut Vm, v: &Value) -> R<Value> {
    let d = lazy_default(vm, v)?;
    Ok(d.evaluator(vm))
}
fn has_default(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let lazy = lazy_default(vm, &args[0])?.is_lazy();
    let none = no_default(vm);
    Ok(Value::bool(lazy || !default(vm, &args[0])?.is(&none)))
}
fn union(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    vm.union_from(vec![args[0].clone(), args[1].clone()])
}
fn reflected_union(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    vm.union_from(vec![args[1].clone(), args[0].clone()])
}

/// Sets `__module__` of a new type parameter.
fn with_module(vm: &mut Vm, v: Value) -> R<Value> {
    let module = caller(vm);
    vm.set_attr_str(&v, "__module__", module)?;
    Ok(v)
}
fn bound_argument(vm: &mut Vm, v: &Option<Value>) -> R<Option<Value>> {
    match v {
        Some(v) if !v.is_none() => type_check(vm, v, "Bound must be a type.").map(Some),
        _ => Ok(None),
    }
}

// ---- TypeVar

pub static TYPE_VAR: ClassDef = ClassDef {
    name: "typing.TypeVar",
    flags: HAS_DICT.union(WEAKREF),
    doc: Some(
        "Type variable.\n\nThe preferred way to construct a type variable is via the dedicated\nsyntax for generic functions, classes, and type aliases::\n\n    class Sequence[T]:  # T is a TypeVar\n        ...",
    ),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_type_var),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let t = vm.self_::<TypeVar>(&a[0])?;
            let s = t.variance.shown(&t.name);
            Ok(vm.string(s))
        }),
        BuiltinDef::new("__or__", 1, 1, union),
        BuiltinDef::new("__ror__", 1, 1, reflected_union),
        BuiltinDef::new("__typing_subst__", 1, 1, |vm, a, _| ask(vm, "_typevar_subst", a)),
        BuiltinDef::new("__typing_prepare_subst__", 2, 2, prepare),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| Ok(vm.self_::<TypeVar>(&a[0])?.name.clone())),
        BuiltinDef::new("has_default", 0, 0, has_default),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| cannot_subclass(vm, a)),
    ],
    getset: &[
        GetSet::member("__name__", |vm, v| Ok(vm.self_::<TypeVar>(v)?.name.clone())),
        GetSet::member("__covariant__", |vm, v| Ok(Value::bool(vm.self_::<TypeVar>(v)?.variance.covariant))),
        GetSet::member("__contravariant__", |vm, v| {
            Ok(Value::bool(vm.self_::<TypeVar>(v)?.variance.contravariant))
        }),
        GetSet::member("__infer_variance__", |vm, v| Ok(Value::bool(vm.self_::<TypeVar>(v)?.variance.infer))),
        GetSet::get("__bound__", |vm, v| {
            let t = vm.self_::<TypeVar>(v)?;
            Ok(t.bound.get(vm)?.unwrap_or(Value::NONE))
        }),
        GetSet::get("__constraints__", |vm, v| {
            let t = vm.self_::<TypeVar>(v)?;
            match t.constraints.get(vm)? {
                Some(c) => Ok(c),
                None => Ok(vm.tuple(vec![])),
            }
        }),
        GetSet::get("__default__", default),
        GetSet::get("evaluate_bound", |vm, v| {
            let t = vm.self_::<TypeVar>(v)?;
            Ok(t.bound.evaluator(vm))
        }),
        GetSet::get("evaluate_constraints", |vm, v| {
            let t = vm.self_::<TypeVar>(v)?;
            Ok(t.constraints.evaluator(vm))
        }),
        GetSet::get("evaluate_default", evaluate_default),
    ],
    ..ClassDef::DEFAULT
};

fn new_type_var(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (class, args) = (&args[0], &args[1..]);
    let (first, constraints) = args.split_at(args.len().min(1));
    let names = ["name", "bound", "default", "covariant", "contravariant", "infer_variance"];
    let [name, bound, default, co, contra, infer] = vm.bind_args("typevar", names, 0, 1, first, kw)?;
    let name = name_argument(vm, "typevar", &name.unwrap_or(Value::NONE))?;
    let variance = Variance::of(vm, [&co, &contra, &infer])?;
    let bound = bound_argument(vm, &bound)?;
    if constraints.len() == 1 {
        return vm.fail("TypeError", "A single constraint is not allowed");
    }
    if !constraints.is_empty() && bound.is_some() {
        return vm.fail("TypeError", "Constraints cannot be combined with bound=...");
    }
    let constraints = if constraints.is_empty() { None } else { Some(vm.tuple(constraints.to_vec())) };
    let default = default.unwrap_or_else(|| no_default(vm));
    let t = TypeVar {
        name,
        bound: Lazy::new(bound, None),
        constraints: Lazy::new(constraints, None),
        default: Lazy::new(Some(default), None),
        variance,
    };
    let v = vm.new_native(class, t);
    with_module(vm, v)
}

/// A default stands in for a missing last argument.
fn prepare(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let [me, alias, args] = a else { return vm.fail("TypeError", "expected two arguments") };
    let params = vm.get_attr_str(alias, "__parameters__")?;
    let params = vm.to_vec(&params)?;
    let given = vm.to_vec(args)?;
    let index = params.iter().position(|p| p.is(me)).unwrap_or(params.len());
    if index < given.len() {
        return Ok(args.clone());
    }
    let d = default(vm, me)?;
    if index > given.len() || d.is(&no_default(vm)) {
        let shown = vm.str_of(alias)?;
        let shown = vm.str_string(&shown)?;
        return vm.fail("TypeError", format!("Too few arguments for {shown}"));
    }
    let mut all = given;
    all.push(d);
    Ok(vm.tuple(all))
}

// ---- ParamSpec

pub static PARAM_SPEC: ClassDef = ClassDef {
    name: "typing.ParamSpec",
    flags: HAS_DICT.union(WEAKREF),
    doc: Some("Parameter specification variable."),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_param_spec),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let p = vm.self_::<ParamSpec>(&a[0])?;
            let s = p.variance.shown(&p.name);
            Ok(vm.string(s))
        }),
        BuiltinDef::new("__or__", 1, 1, union),
        BuiltinDef::new("__ror__", 1, 1, reflected_union),
        BuiltinDef::new("__typing_subst__", 1, 1, |vm, a, _| ask(vm, "_paramspec_subst", a)),
        BuiltinDef::new("__typing_prepare_subst__", 2, 2, |vm, a, _| ask(vm, "_paramspec_prepare_subst", a)),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| Ok(vm.self_::<ParamSpec>(&a[0])?.name.clone())),
        BuiltinDef::new("has_default", 0, 0, has_default),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| cannot_subclass(vm, a)),
    ],
    getset: &[
        GetSet::member("__name__", |vm, v| Ok(vm.self_::<ParamSpec>(v)?.name.clone())),
        GetSet::member("__covariant__", |vm, v| Ok(Value::bool(vm.self_::<ParamSpec>(v)?.variance.covariant))),
        GetSet::member("__contravariant__", |vm, v| {
            Ok(Value::bool(vm.self_::<ParamSpec>(v)?.variance.contravariant))
        }),
        GetSet::member("__infer_variance__", |vm, v| Ok(Value::bool(vm.self_::<ParamSpec>(v)?.variance.infer))),
        GetSet::get("__bound__", |vm, v| {
            let p = vm.self_::<ParamSpec>(v)?;
            Ok(p.bound.get(vm)?.unwrap_or(Value::NONE))
        }),
        GetSet::get("__default__", default),
        GetSet::get("evaluate_default", evaluate_default),
        GetSet::get("args", |vm, v| {
            let class = vm.native_class::<Part<false>>(&ARGS);
            Ok(vm.new_native(&class, Part::<false>(v.clone())))
        }),
        GetSet::get("kwargs", |vm, v| {
            let class = vm.native_class::<Part<true>>(&KWARGS);
            Ok(vm.new_native(&class, Part::<true>(v.clone())))
        }),
    ],
    ..ClassDef::DEFAULT
};

/// Only the name may be given by position.
fn one_positional(vm: &mut Vm, who: &str, args: &[Value]) -> R {
    if args.len() <= 1 {
        return Ok(());
    }
    let n = args.len();
    vm.fail("TypeError", format!("{who}() takes exactly 1 positional argument ({n} given)"))
}

fn new_param_spec(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (class, args) = (&args[0], &args[1..]);
    one_positional(vm, "paramspec", args)?;
    let names = ["name", "bound", "default", "covariant", "contravariant", "infer_variance"];
    let [name, bound, default, co, contra, infer] = vm.bind_args("paramspec", names, 0, 1, args, kw)?;
    let name = name_argument(vm, "paramspec", &name.unwrap_or(Value::NONE))?;
    let variance = Variance::of(vm, [&co, &contra, &infer])?;
    let bound = bound_argument(vm, &bound)?;
    let default = default.unwrap_or_else(|| no_default(vm));
    let p = ParamSpec { name, bound: Lazy::new(bound, None), default: Lazy::new(Some(default), None), variance };
    let v = vm.new_native(class, p);
    with_module(vm, v)
}

fn part_equal<const K: bool>(a: &[Value], negate: bool) -> Value {
    match (a[0].native::<Part<K>>(), a[1].native::<Part<K>>()) {
        (Some(x), Some(y)) => Value::bool(x.0.is(&y.0) != negate),
        _ => Value::NOT_IMPLEMENTED,
    }
}
fn new_part<const K: bool>(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let who = if K { "paramspeckwargs" } else { "paramspecargs" };
    let [origin] = vm.bind_args(who, ["origin"], 0, 1, &args[1..], kw)?;
    Ok(vm.new_native(&args[0], Part::<K>(origin.unwrap_or(Value::NONE))))
}
fn part_repr<const K: bool>(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let origin = vm.self_::<Part<K>>(&args[0])?.0.clone();
    let shown = match origin.native::<ParamSpec>() {
        Some(p) => p.name.get::<Str>().map_or("", Str::as_str).to_owned(),
        None => vm.repr_string(&origin)?,
    };
    Ok(vm.string(format!("{shown}.{}", if K { "kwargs" } else { "args" })))
}
fn unhashable(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let message = format!("unhashable type: '{}'", vm.type_name(&args[0]));
    vm.fail("TypeError", message)
}

pub static ARGS: ClassDef = ClassDef {
    name: "typing.ParamSpecArgs",
    flags: WEAKREF,
    doc: Some(
        "The args for a ParamSpec object.\n\nGiven a ParamSpec object P, P.args returns an instance of ParamSpecArgs.",
    ),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_part::<false>),
        BuiltinDef::new("__repr__", 0, 0, part_repr::<false>),
        BuiltinDef::new("__eq__", 1, 1, |_, a, _| Ok(part_equal::<false>(a, false))),
        BuiltinDef::new("__ne__", 1, 1, |_, a, _| Ok(part_equal::<false>(a, true))),
        BuiltinDef::new("__hash__", 0, 0, unhashable),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| cannot_subclass(vm, a)),
    ],
    getset: &[GetSet::member("__origin__", |vm, v| Ok(vm.self_::<Part<false>>(v)?.0.clone()))],
    ..ClassDef::DEFAULT
};
pub static KWARGS: ClassDef = ClassDef {
    name: "typing.ParamSpecKwargs",
    flags: WEAKREF,
    doc: Some(
        "The kwargs for a ParamSpec object.\n\nGiven a ParamSpec object P, P.kwargs returns an instance of ParamSpecKwargs.",
    ),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_part::<true>),
        BuiltinDef::new("__repr__", 0, 0, part_repr::<true>),
        BuiltinDef::new("__eq__", 1, 1, |_, a, _| Ok(part_equal::<true>(a, false))),
        BuiltinDef::new("__ne__", 1, 1, |_, a, _| Ok(part_equal::<true>(a, true))),
        BuiltinDef::new("__hash__", 0, 0, unhashable),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| cannot_subclass(vm, a)),
    ],
    getset: &[GetSet::member("__origin__", |vm, v| Ok(vm.self_::<Part<true>>(v)?.0.clone()))],
    ..ClassDef::DEFAULT
};

// ---- TypeVarTuple

pub static TYPE_VAR_TUPLE: ClassDef = ClassDef {
    name: "typing.TypeVarTuple",
    flags: HAS_DICT.union(WEAKREF),
    doc: Some("Type variable tuple."),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, args, kw| {
            let (class, args) = (&args[0], &args[1..]);
            one_positional(vm, "typevartuple", args)?;
            let [name, default] = vm.bind_args("typevartuple", ["name", "default"], 0, 1, args, kw)?;
            let name = name_argument(vm, "typevartuple", &name.unwrap_or(Value::NONE))?;
            let default = default.unwrap_or_else(|| no_default(vm));
            let v = vm.new_native(class, TypeVarTuple { name, default: Lazy::new(Some(default), None) });
            with_module(vm, v)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| Ok(vm.self_::<TypeVarTuple>(&a[0])?.name.clone())),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| iter_unpacked(vm, &a[0])),
        BuiltinDef::new("__typing_subst__", 1, 1, |vm, _, _| {
            vm.fail("TypeError", "Substitution of bare TypeVarTuple is not supported")
        }),
        BuiltinDef::new("__typing_prepare_subst__", 2, 2, |vm, a, _| {
            ask(vm, "_typevartuple_prepare_subst", a)
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| Ok(vm.self_::<TypeVarTuple>(&a[0])?.name.clone())),
        BuiltinDef::new("has_default", 0, 0, has_default),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| cannot_subclass(vm, a)),
    ],
    getset: &[
        GetSet::member("__name__", |vm, v| Ok(vm.self_::<TypeVarTuple>(v)?.name.clone())),
        GetSet::get("__default__", default),
        GetSet::get("evaluate_default", evaluate_default),
    ],
    ..ClassDef::DEFAULT
};

/// The items of a tuple of type parameters.
pub fn items(v: &Value) -> &[Value] {
    v.get::<Tuple>().map_or(&[], |t| t.as_slice())
}
