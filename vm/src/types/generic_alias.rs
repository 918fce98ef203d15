//! `types.GenericAlias`: `list[int]`; and what it shares with unions, the substitution of parameters.

use crate::error::R;
use crate::object::{BuiltinDef, Kind, Kw, List, Payload, Str, Tuple};
use crate::types::native::{ClassDef, GetSet, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

pub struct GenericAlias {
    pub origin: Value,
    /// A tuple.
    pub args: Value,
    /// `*tuple[int]`.
    pub starred: bool,
    /// A tuple, made when first asked for; NULL until then.
    parameters: RefCell<Value>,
}

impl Payload for GenericAlias {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.origin);
        visit(&self.args);
        let p = self.parameters.borrow();
        if !p.is_null() {
            visit(&p);
        }
    }
}

pub static CLASS: ClassDef = ClassDef {
    name: "types.GenericAlias",
    flags: SUBCLASS.union(WEAKREF),
    doc: Some(
        "Represent a PEP 585 generic type\n\nFor example, for t = list[int], t.__origin__ is list and t.__args__\nis (int,).",
    ),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new),
        BuiltinDef::new("__repr__", 0, 0, repr),
        BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
            let g = vm.self_::<GenericAlias>(&a[0])?;
            let h = vm.hash(&g.origin)? ^ vm.hash(&g.args)?;
            Ok(vm.int(if h == -1 { -2 } else { h }))
        }),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| equal(vm, &a[0], &a[1], false)),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| equal(vm, &a[0], &a[1], true)),
        BuiltinDef::kw("__call__", 0, u8::MAX, call),
        BuiltinDef::new("__getitem__", 1, 1, get_item),
        BuiltinDef::new("__getattribute__", 1, 1, get_attribute),
        BuiltinDef::new("__or__", 1, 1, super::union::or),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, k| super::union::or(vm, &[a[1].clone(), a[0].clone()], k)),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            let class = vm.native_class::<StarOnce>(&STAR_ONCE);
            Ok(vm.new_native(&class, StarOnce(RefCell::new(a[0].clone()))))
        }),
        BuiltinDef::new("__mro_entries__", 1, 1, |vm, a, _| {
            let origin = vm.self_::<GenericAlias>(&a[0])?.origin.clone();
            Ok(vm.tuple(vec![origin]))
        }),
        BuiltinDef::new("__instancecheck__", 1, 1, |vm, _, _| {
            vm.fail("TypeError", "isinstance() argument 2 cannot be a parameterized generic")
        }),
        BuiltinDef::new("__subclasscheck__", 1, 1, |vm, _, _| {
            vm.fail("TypeError", "issubclass() argument 2 cannot be a parameterized generic")
        }),
        BuiltinDef::new("__reduce__", 0, 0, reduce),
        BuiltinDef::new("__dir__", 0, 0, dir),
    ],
    getset: &[
        GetSet::get("__origin__", |vm, v| Ok(vm.self_::<GenericAlias>(v)?.origin.clone())),
        GetSet::get("__args__", |vm, v| Ok(vm.self_::<GenericAlias>(v)?.args.clone())),
        GetSet::get("__parameters__", parameters),
        GetSet::get("__unpacked__", |vm, v| Ok(Value::bool(vm.self_::<GenericAlias>(v)?.starred))),
        GetSet::get("__typing_unpacked_tuple_args__", |vm, v| {
            let g = vm.self_::<GenericAlias>(v)?;
            Ok(if g.starred && g.origin.is(&vm.types.tuple) { g.args.clone() } else { Value::NONE })
        }),
    ],
    ..ClassDef::DEFAULT
};

/// What `iter(alias)` gives: the starred alias, once.
struct StarOnce(RefCell<Value>);

impl Payload for StarOnce {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let v = self.0.borrow();
        if !v.is_null() {
            visit(&v);
        }
    }
}

static STAR_ONCE: ClassDef = ClassDef {
    name: "generic_alias_iterator",
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let alias = vm.self_::<StarOnce>(&a[0])?.0.replace(Value::NULL);
            let Some(g) = alias.native::<GenericAlias>() else { return vm.stop_iteration() };
            let starred = GenericAlias {
                origin: g.origin.clone(),
                args: g.args.clone(),
                starred: true,
                parameters: RefCell::new(Value::NULL),
            };
            let class = vm.native_class::<GenericAlias>(&CLASS);
            Ok(vm.new_native(&class, starred))
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let alias = vm.self_::<StarOnce>(&a[0])?.0.borrow().clone();
            let iter = vm.builtin("iter");
            let arg = if alias.is_null() { vm.tuple(vec![]) } else { alias };
            let args = vm.tuple(vec![arg]);
            Ok(vm.tuple(vec![iter, args]))
        }),
    ],
    ..ClassDef::DEFAULT
};

impl Vm {
    /// `origin[args]`; args that are no tuple are one argument.
    pub fn generic_alias(&mut self, origin: &Value, args: &Value) -> R<Value> {
        let class = self.native_class::<GenericAlias>(&CLASS);
        Ok(make(self, &class, origin, args))
    }
}

fn make(vm: &mut Vm, class: &Value, origin: &Value, args: &Value) -> Value {
    let args = if args.is_kind(Kind::Tuple) { args.clone() } else { vm.tuple(vec![args.clone()]) };
    let parameters = RefCell::new(Value::NULL);
    vm.new_native(class, GenericAlias { origin: origin.clone(), args, starred: false, parameters })
}

/// `__class_getitem__` of a builtin generic class.
pub fn class_getitem(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    vm.generic_alias(&args[0], &args[1])
}

pub static CLASS_GETITEM: &[BuiltinDef] = &[BuiltinDef::class("__class_getitem__", 1, 1, class_getitem)];

fn new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if !kw.is_empty() {
        return vm.fail("TypeError", "GenericAlias() takes no keyword arguments");
    }
    if args.len() != 3 {
        let got = args.len() - 1;
        return vm.fail("TypeError", format!("GenericAlias expected 2 arguments, got {got}"));
    }
    Ok(make(vm, &args[0], &args[1], &args[2]))
}

/// A type as it is written in an annotation.
pub fn type_repr(vm: &mut Vm, v: &Value) -> R<String> {
    if v.is(&Value::ELLIPSIS) {
        return Ok("...".to_owned());
    }
    if v.is(&vm.types.none) {
        return Ok("None".to_owned());
    }
    if v.native::<GenericAlias>().is_none() || v.is_kind(Kind::Type) {
        let has = |vm: &mut Vm, name: &str| {
            let key = vm.intern(name);
            vm.get_attr_opt(v, &key)
        };
        let alias = has(vm, "__origin__")?.is_some() && has(vm, "__args__")?.is_some();
        if !alias
            && let Some(name) = has(vm, "__qualname__")?
            && let Some(module) = has(vm, "__module__")?
            && !module.is_none()
        {
            let (name, module) = (vm.str_string(&name)?, vm.str_string(&module)?);
            return Ok(if module == "builtins" { name } else { format!("{module}.{name}") });
        }
    }
    vm.repr_string(v)
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let g = vm.self_::<GenericAlias>(&args[0])?;
    let mut out = if g.starred { "*".to_owned() } else { String::new() };
    out += &type_repr(vm, &g.origin)?;
    out.push('[');
    let items = g.args.as_::<Tuple>().as_slice().to_vec();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out += ", ";
        }
        match item.get::<List>() {
            // Parameters of a callable.
            Some(l) => {
                let parts = l.as_slice().to_vec().iter().map(|p| type_repr(vm, p)).collect::<R<Vec<_>>>()?;
                out += &format!("[{}]", parts.join(", "));
            }
            None => out += &type_repr(vm, item)?,
        }
    }
    if items.is_empty() {
        out += "()";
    }
    out.push(']');
    Ok(vm.string(out))
}

fn equal(vm: &mut Vm, a: &Value, b: &Value, negate: bool) -> R<Value> {
    let (Some(x), Some(y)) = (a.native::<GenericAlias>(), b.native::<GenericAlias>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let same = x.starred == y.starred && vm.equal(&x.origin, &y.origin)? && vm.equal(&x.args, &y.args)?;
    Ok(Value::bool(same != negate))
}

fn call(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let origin = vm.self_::<GenericAlias>(&args[0])?.origin.clone();
    let obj = vm.call(&origin, &args[1..], kw)?;
    let key = vm.intern("__orig_class__");
    if vm.set_attr(&obj, &key, args[0].clone()).is_err() {
        let e = vm.take_pending();
        let expected = ["AttributeError", "TypeError"];
        if !expected.iter().any(|c| vm.is_instance(&e, vm.types.exception(c))) {
            return Err(vm.set_pending(e));
        }
    }
    Ok(obj)
}

/// Asked of the alias itself; everything else its origin answers.
const OWN: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__bases__",
    "__copy__",
    "__deepcopy__",
];

fn get_attribute(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let origin = vm.self_::<GenericAlias>(&args[0])?.origin.clone();
    let own = args[1].get::<Str>().is_some_and(|s| OWN.contains(&s.as_str()));
    if !own {
        return vm.get_attr(&origin, &args[1]);
    }
    match vm.generic_get_attr(&args[0], &args[1])? {
        Some(v) => Ok(v),
        None => {
            let (class, name) = (vm.type_name(&args[0]), vm.str_string(&args[1])?);
            vm.fail("AttributeError", format!("'{class}' object has no attribute '{name}'"))
        }
    }
}

fn dir(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let origin = vm.self_::<GenericAlias>(&args[0])?.origin.clone();
    let dir = vm.builtin("dir");
    let names = vm.call(&dir, &[origin], Kw::NONE)?;
    let mut all = vm.to_vec(&names)?;
    for name in OWN {
        if !all.iter().any(|v| v.get::<Str>().is_some_and(|s| s.as_str() == *name)) {
            all.push(vm.intern(name));
        }
    }
    Ok(vm.list(all))
}

fn reduce(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let g = vm.self_::<GenericAlias>(&args[0])?;
    let (origin, inner) = (g.origin.clone(), g.args.clone());
    if g.starred {
        let plain = vm.generic_alias(&origin, &inner)?;
        let (next, it) = (vm.builtin("next"), vm.get_iter(&plain)?);
        let args = vm.tuple(vec![it]);
        return Ok(vm.tuple(vec![next, args]));
    }
    let class = vm.type_of(&args[0]).clone();
    let args = vm.tuple(vec![origin, inner]);
    Ok(vm.tuple(vec![class, args]))
}

fn parameters(vm: &mut Vm, v: &Value) -> R<Value> {
    let g = vm.self_::<GenericAlias>(v)?;
    let known = g.parameters.borrow().clone();
    if !known.is_null() {
        return Ok(known);
    }
    let found = collect_parameters(vm, &g.args)?;
    let t = vm.tuple(found);
    *g.parameters.borrow_mut() = t.clone();
    Ok(t)
}

fn attribute(vm: &mut Vm, v: &Value, name: &str) -> R<Option<Value>> {
    let key = vm.intern(name);
    vm.get_attr_opt(v, &key)
}

fn items_of(v: &Value) -> Option<Vec<Value>> {
    match v.get::<Tuple>() {
        Some(t) => Some(t.as_slice().to_vec()),
        None => v.get::<List>().map(|l| l.as_slice().to_vec()),
    }
}

fn add_new(all: &mut Vec<Value>, v: Value) {
    if !all.iter().any(|x| x.is(&v)) {
        all.push(v);
    }
}

/// The type variables in some arguments, in the order of their first appearance.
pub fn collect_parameters(vm: &mut Vm, args: &Value) -> R<Vec<Value>> {
    let mut found = vec![];
    for arg in items_of(args).unwrap_or_default() {
        if arg.is_kind(Kind::Type) {
            continue;
        }
        if items_of(&arg).is_some() {
            for p in collect_parameters(vm, &arg)? {
                add_new(&mut found, p);
            }
        } else if attribute(vm, &arg, "__typing_subst__")?.is_some() {
            add_new(&mut found, arg);
        } else if let Some(inner) = attribute(vm, &arg, "__parameters__")?
            && let Some(t) = inner.get::<Tuple>()
        {
            t.as_slice().iter().for_each(|p| add_new(&mut found, p.clone()));
        }
    }
    Ok(found)
}

/// What stands between the brackets, starred tuples spread out.
fn unpack(vm: &mut Vm, item: &Value) -> R<Vec<Value>> {
    let items = match item.get::<Tuple>() {
        Some(t) => t.as_slice().to_vec(),
        None => vec![item.clone()],
    };
    let mut out = vec![];
    for v in items {
        if !v.is_kind(Kind::Type)
            && let Some(inner) = attribute(vm, &v, "__typing_unpacked_tuple_args__")?
            && let Some(t) = inner.get::<Tuple>()
            && !t.as_slice().last().is_some_and(|l| l.is(&Value::ELLIPSIS))
        {
            out.extend(t.as_slice().iter().cloned());
            continue;
        }
        out.push(v);
    }
    Ok(out)
}

/// The arguments `args` of `whole`, its parameters replaced by what `item` gives.
pub fn substitute(vm: &mut Vm, whole: &Value, args: &Value, params: &[Value], item: &Value) -> R<Vec<Value>> {
    if params.is_empty() {
        let shown = vm.repr_string(whole)?;
        return vm.fail("TypeError", format!("{shown} is not a generic class"));
    }
    let mut given = unpack(vm, item)?;
    for p in params {
        if let Some(prepare) = attribute(vm, p, "__typing_prepare_subst__")?
            && !prepare.is_none()
        {
            let t = vm.tuple(given);
            let r = vm.call(&prepare, &[whole.clone(), t], Kw::NONE)?;
            given = match r.get::<Tuple>() {
                Some(t) => t.as_slice().to_vec(),
                None => vec![r],
            };
        }
    }
    if given.len() != params.len() {
        let shown = vm.repr_string(whole)?;
        let (many, least) = if given.len() > params.len() { ("many", "") } else { ("few", "at least ") };
        let message = format!(
            "Too {many} arguments for {shown}; actual {}, expected {least}{}",
            given.len(),
            params.len()
        );
        return vm.fail("TypeError", message);
    }
    replace(vm, args, params, &given)
}

fn replace(vm: &mut Vm, args: &Value, params: &[Value], given: &[Value]) -> R<Vec<Value>> {
    let mut out = vec![];
    for arg in items_of(args).unwrap_or_default() {
        if arg.is_kind(Kind::Type) {
            out.push(arg);
            continue;
        }
        if items_of(&arg).is_some() {
            let inner = replace(vm, &arg, params, given)?;
            out.push(if arg.is_kind(Kind::Tuple) { vm.tuple(inner) } else { vm.list(inner) });
            continue;
        }
        let unpacked = match attribute(vm, &arg, "__typing_is_unpacked_typevartuple__")? {
            Some(v) => vm.truthy(&v)?,
            None => false,
        };
        let new = match attribute(vm, &arg, "__typing_subst__")? {
            Some(subst) => match params.iter().position(|p| p.is(&arg)) {
                Some(i) => vm.call(&subst, &[given[i].clone()], Kw::NONE)?,
                None => arg.clone(),
            },
            None => replace_inside(vm, &arg, params, given)?,
        };
        match new.get::<Tuple>() {
            Some(t) if unpacked => out.extend(t.as_slice().iter().cloned()),
            None if unpacked => {
                let message = format!(
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    vm.type_name(&arg),
                    vm.type_name(&new)
                );
                return vm.fail("TypeError", message);
            }
            _ => out.push(new),
        }
    }
    Ok(out)
}

/// An argument that has parameters itself: `list[T]` inside `dict[str, list[T]]`.
fn replace_inside(vm: &mut Vm, arg: &Value, params: &[Value], given: &[Value]) -> R<Value> {
    let Some(inner) = attribute(vm, arg, "__parameters__")? else { return Ok(arg.clone()) };
    let inner = match inner.get::<Tuple>() {
        Some(t) if !t.as_slice().is_empty() => t.as_slice().to_vec(),
        _ => return Ok(arg.clone()),
    };
    let mut sub = vec![];
    for p in inner {
        match params.iter().position(|x| x.is(&p)) {
            Some(i) => match given[i].get::<Tuple>() {
                // A type variable tuple, which is iterable, takes several.
                Some(t) if attribute(vm, &p, "__iter__")?.is_some() => {
                    sub.extend(t.as_slice().iter().cloned());
                }
                _ => sub.push(given[i].clone()),
            },
            None => sub.push(p),
        }
    }
    let t = vm.tuple(sub);
    vm.get_item(arg, &t)
}

fn get_item(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let params = parameters(vm, &args[0])?;
    let g = vm.self_::<GenericAlias>(&args[0])?;
    let new = substitute(vm, &args[0], &g.args, params.as_::<Tuple>().as_slice(), &args[1])?;
    let new = vm.tuple(new);
    let alias = GenericAlias {
        origin: g.origin.clone(),
        args: new,
        starred: g.starred,
        parameters: RefCell::new(Value::NULL),
    };
    let class = vm.native_class::<GenericAlias>(&CLASS);
    Ok(vm.new_native(&class, alias))
}

/// Gives the builtin generic classes their `__class_getitem__`, and all classes `|`.
pub fn init(vm: &mut Vm) {
    let t = &vm.types;
    let classes = [
        &t.dict,
        &t.enumerate,
        &t.frozenset,
        &t.list,
        &t.set,
        &t.tuple,
        &t.async_generator,
        &t.coroutine,
        &t.generator,
        t.exception("BaseExceptionGroup"),
    ];
    for c in classes.map(Value::clone) {
        vm.define_methods(&c, CLASS_GETITEM);
    }
    let class = vm.types.type_.clone();
    vm.define_methods(&class, super::union::OF_TYPE);
}
