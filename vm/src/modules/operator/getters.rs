//! `attrgetter`, `itemgetter`, `methodcaller`.

use crate::error::R;
use crate::modules::itertools::{add_class, payload};
use crate::object::{BuiltinDef, Kw, Str};
use crate::types::native::ClassDef;
use crate::value::Value;
use crate::vm::Vm;

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<AttrGetter>(vm, module, &ATTRGETTER);
    add_class::<ItemGetter>(vm, module, &ITEMGETTER);
    add_class::<MethodCaller>(vm, module, &METHODCALLER);
}

/// `operator.name(args..., k=v...)`.
fn call_text(vm: &mut Vm, v: &Value, args: &[Value], kw: &[(Value, Value)]) -> R<Value> {
    let mut parts = Vec::with_capacity(args.len() + kw.len());
    vm.guard_recursion("while getting the repr of an object")?;
    for v in args {
        parts.push(vm.repr_string(v)?);
    }
    for (k, v) in kw {
        let text = vm.repr_string(v)?;
        parts.push(format!("{}={text}", k.as_::<Str>().as_str()));
    }
    let name = vm.type_name(v);
    let name = name.rsplit('.').next().unwrap_or_default();
    Ok(vm.string(format!("operator.{name}({})", parts.join(", "))))
}

fn reduced(vm: &mut Vm, v: &Value, args: Vec<Value>) -> Value {
    let class = vm.type_of(v).clone();
    let args = vm.tuple(args);
    vm.tuple(vec![class, args])
}

fn one_argument(vm: &mut Vm, name: &str, a: &[Value], kw: Kw) -> R {
    if !kw.is_empty() {
        return vm.fail("TypeError", format!("{name}() takes no keyword arguments"));
    }
    if a.len() != 2 {
        let message = format!("{name} expected 1 argument, got {}", a.len() - 1);
        return vm.fail("TypeError", message);
    }
    Ok(())
}

// ---- itemgetter

struct ItemGetter {
    items: Vec<Value>,
}

impl crate::object::Payload for ItemGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.iter().for_each(visit);
    }
}

static ITEMGETTER: ClassDef = ClassDef {
    name: "operator.itemgetter",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if !kw.is_empty() {
                return vm.fail("TypeError", "itemgetter() takes no keyword arguments");
            }
            if a.len() == 1 {
                return vm.fail("TypeError", "itemgetter expected 1 argument, got 0");
            }
            Ok(vm.new_native(&a[0], ItemGetter { items: a[1..].to_vec() }))
        }),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            one_argument(vm, "itemgetter", a, kw)?;
            let this = vm.self_::<ItemGetter>(&a[0])?;
            if let [item] = &this.items[..] {
                return vm.get_item(&a[1], item);
            }
            let mut found = Vec::with_capacity(this.items.len());
            for item in &this.items {
                found.push(vm.get_item(&a[1], item)?);
            }
            Ok(vm.tuple(found))
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let items = vm.self_::<ItemGetter>(&a[0])?.items.clone();
            call_text(vm, &a[0], &items, &[])
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let items = vm.self_::<ItemGetter>(&a[0])?.items.clone();
            Ok(reduced(vm, &a[0], items))
        }),
    ],
    doc: Some(
        "Return a callable object that fetches the given item(s) from its operand.\nAfter f = itemgetter(2), \
         the call f(r) returns r[2].\nAfter g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])",
    ),
    ..ClassDef::DEFAULT
};

// ---- attrgetter

struct AttrGetter {
    names: Vec<Value>,
    /// Each name cut at its dots, interned.
    paths: Vec<Vec<Value>>,
}

impl crate::object::Payload for AttrGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.names.iter().chain(self.paths.iter().flatten()).for_each(visit);
    }
}

static ATTRGETTER: ClassDef = ClassDef {
    name: "operator.attrgetter",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if !kw.is_empty() {
                return vm.fail("TypeError", "attrgetter() takes no keyword arguments");
            }
            if a.len() == 1 {
                return vm.fail("TypeError", "attrgetter expected 1 argument, got 0");
            }
            let mut paths = Vec::with_capacity(a.len() - 1);
            for name in &a[1..] {
                let Some(s) = name.get::<Str>() else {
                    return vm.fail("TypeError", "attribute name must be a string");
                };
                paths.push(s.as_str().split('.').map(|part| vm.intern(part)).collect());
            }
            Ok(vm.new_native(&a[0], AttrGetter { names: a[1..].to_vec(), paths }))
        }),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            one_argument(vm, "attrgetter", a, kw)?;
            let this = vm.self_::<AttrGetter>(&a[0])?;
            let mut found = Vec::with_capacity(this.paths.len());
            for path in &this.paths {
                let mut v = a[1].clone();
                for name in path {
                    v = vm.get_attr(&v, name)?;
                }
                found.push(v);
            }
            Ok(match found.len() {
                1 => found.remove(0),
                _ => vm.tuple(found),
            })
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let names = vm.self_::<AttrGetter>(&a[0])?.names.clone();
            call_text(vm, &a[0], &names, &[])
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let names = vm.self_::<AttrGetter>(&a[0])?.names.clone();
            Ok(reduced(vm, &a[0], names))
        }),
    ],
    doc: Some(
        "Return a callable object that fetches the given attribute(s) from its operand.\nAfter f = \
         attrgetter('name'), the call f(r) returns r.name.\nAfter g = attrgetter('name', 'date'), the call \
         g(r) returns (r.name, r.date).\nAfter h = attrgetter('name.first', 'name.last'), the call h(r) \
         returns\n(r.name.first, r.name.last).",
    ),
    ..ClassDef::DEFAULT
};

// ---- methodcaller

struct MethodCaller {
    name: Value,
    args: Value,
    kw_names: Value,
    kw_values: Value,
}
payload!(MethodCaller; slots: ; vecs: ; values: name, args, kw_names, kw_values);

impl MethodCaller {
    fn args(&self) -> &[Value] {
        self.args.as_::<crate::object::Tuple>().as_slice()
    }
    fn kw(&self) -> Kw<'_> {
        Kw {
            names: self.kw_names.as_::<crate::object::Tuple>().as_slice(),
            values: self.kw_values.as_::<crate::object::Tuple>().as_slice(),
        }
    }
}

static METHODCALLER: ClassDef = ClassDef {
    name: "operator.methodcaller",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let Some(name) = a.get(1) else {
                let message = "methodcaller needs at least one argument, the method name";
                return vm.fail("TypeError", message);
            };
            let Some(text) = name.get::<Str>() else {
                return vm.fail("TypeError", "method name must be a string");
            };
            let name = vm.intern(text.as_str());
            let args = vm.tuple(a[2..].to_vec());
            let (kw_names, kw_values) = (vm.tuple(kw.names.to_vec()), vm.tuple(kw.values.to_vec()));
            Ok(vm.new_native(&a[0], MethodCaller { name, args, kw_names, kw_values }))
        }),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            one_argument(vm, "methodcaller", a, kw)?;
            let this = vm.self_::<MethodCaller>(&a[0])?;
            let f = vm.get_attr(&a[1], &this.name)?;
            vm.call(&f, this.args(), this.kw())
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<MethodCaller>(&a[0])?;
            let mut all = vec![this.name.clone()];
            all.extend_from_slice(this.args());
            let kw: Vec<(Value, Value)> =
                this.kw().names.iter().cloned().zip(this.kw().values.iter().cloned()).collect();
            call_text(vm, &a[0], &all, &kw)
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let this = vm.self_::<MethodCaller>(&a[0])?;
            if this.kw().is_empty() {
                let mut all = vec![this.name.clone()];
                all.extend_from_slice(this.args());
                return Ok(reduced(vm, &a[0], all));
            }
            // A constructor that knows the keywords.
            let functools = vm.import_module("functools")?;
            let name = vm.intern("partial");
            let partial = vm.get_attr(&functools, &name)?;
            let class = vm.type_of(&a[0]).clone();
            let constructor = vm.call(&partial, &[class, this.name.clone()], this.kw())?;
            Ok(vm.tuple(vec![constructor, this.args.clone()]))
        }),
    ],
    doc: Some(
        "Return a callable object that calls the given method on its operand.\nAfter f = \
         methodcaller('name'), the call f(r) returns r.name().\nAfter g = methodcaller('name', 'date', \
         foo=1), the call g(r) returns\nr.name('date', foo=1).",
    ),
    ..ClassDef::DEFAULT
};
