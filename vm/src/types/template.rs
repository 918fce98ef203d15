//! t-strings: `string.templatelib.Template` and `Interpolation`.

use crate::error::R;
use crate::machine::Flow;
use crate::object::{BuiltinDef, Kind, Kw, Payload, Str, Tuple};
use crate::types::generic_alias;
use crate::types::native::{ClassDef, GetSet};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::Wtf8Buf;
use std::cell::Cell;

pub struct Interpolation {
    value: Value,
    expression: Value,
    /// `"s"`, `"r"`, `"a"` or None.
    conversion: Value,
    format_spec: Value,
}

impl Payload for Interpolation {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for v in self.parts() {
            visit(v);
        }
    }
}

impl Interpolation {
    fn parts(&self) -> [&Value; 4] {
        [&self.value, &self.expression, &self.conversion, &self.format_spec]
    }
}

/// There is one str more than interpolations: they alternate.
pub struct Template {
    strings: Value,
    interpolations: Value,
}

impl Payload for Template {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.strings);
        visit(&self.interpolations);
    }
}

struct TemplateIter {
    template: Value,
    /// Counts strings and interpolations alike.
    next: Cell<usize>,
}

impl Payload for TemplateIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.template);
    }
}

static INTERPOLATION: ClassDef = ClassDef {
    name: "string.templatelib.Interpolation",
    doc: Some("Interpolation object"),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_interpolation),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let parts = vm.self_::<Interpolation>(&a[0])?.parts().map(Value::clone);
            let shown = parts.iter().map(|v| vm.repr_string(v)).collect::<R<Vec<_>>>()?;
            Ok(vm.string(format!("Interpolation({})", shown.join(", "))))
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let parts = vm.self_::<Interpolation>(&a[0])?.parts().map(Value::clone);
            let (class, parts) = (vm.type_of(&a[0]).clone(), vm.tuple(parts.to_vec()));
            Ok(vm.tuple(vec![class, parts]))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, generic_alias::class_getitem),
    ],
    getset: &[
        GetSet::member("value", |vm, v| Ok(vm.self_::<Interpolation>(v)?.value.clone())),
        GetSet::member("expression", |vm, v| Ok(vm.self_::<Interpolation>(v)?.expression.clone())),
        GetSet::member("conversion", |vm, v| Ok(vm.self_::<Interpolation>(v)?.conversion.clone())),
        GetSet::member("format_spec", |vm, v| Ok(vm.self_::<Interpolation>(v)?.format_spec.clone())),
    ],
    ..ClassDef::DEFAULT
};

static TEMPLATE: ClassDef = ClassDef {
    name: "string.templatelib.Template",
    doc: Some("Template object"),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_template),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let t = vm.self_::<Template>(&a[0])?;
            let (s, i) = (vm.repr_string(&t.strings)?, vm.repr_string(&t.interpolations)?);
            Ok(vm.string(format!("Template(strings={s}, interpolations={i})")))
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            vm.self_::<Template>(&a[0])?;
            let class = vm.native_class::<TemplateIter>(&ITER);
            Ok(vm.new_native(&class, TemplateIter { template: a[0].clone(), next: Cell::new(0) }))
        }),
        BuiltinDef::new("__add__", 1, 1, add),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let t = vm.self_::<Template>(&a[0])?;
            let parts = vec![t.strings.clone(), t.interpolations.clone()];
            let library = vm.import_module("string.templatelib")?;
            let f = vm.get_attr_str(&library, "_template_unpickle")?;
            let parts = vm.tuple(parts);
            Ok(vm.tuple(vec![f, parts]))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, generic_alias::class_getitem),
    ],
    getset: &[
        GetSet::member("strings", |vm, v| Ok(vm.self_::<Template>(v)?.strings.clone())),
        GetSet::member("interpolations", |vm, v| Ok(vm.self_::<Template>(v)?.interpolations.clone())),
        GetSet::get("values", |vm, v| {
            let t = vm.self_::<Template>(v)?;
            let values = items(&t.interpolations).iter().filter_map(|i| i.native::<Interpolation>());
            let values = values.map(|i| i.value.clone()).collect();
            Ok(vm.tuple(values))
        }),
    ],
    ..ClassDef::DEFAULT
};

static ITER: ClassDef = ClassDef {
    name: "string.templatelib.TemplateIter",
    flags: crate::types::native::NO_NEW,
    doc: Some("Template iterator object"),
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        // Empty strs are left out.
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let it = vm.self_::<TemplateIter>(&a[0])?;
            let Some(t) = it.template.native::<Template>() else { return vm.stop_iteration() };
            loop {
                let n = it.next.get();
                let all = if n % 2 == 0 { items(&t.strings) } else { items(&t.interpolations) };
                let Some(v) = all.get(n / 2) else { return vm.stop_iteration() };
                it.next.set(n + 1);
                if !v.get::<Str>().is_some_and(Str::is_empty) {
                    return Ok(v.clone());
                }
            }
        }),
    ],
    ..ClassDef::DEFAULT
};

fn items(v: &Value) -> &[Value] {
    v.get::<Tuple>().map_or(&[], |t| t.as_slice())
}

fn interpolation_class(vm: &mut Vm) -> Value {
    let known = vm.class_of::<Interpolation>();
    let class = vm.native_class::<Interpolation>(&INTERPOLATION);
    if known.is_none() {
        let names = ["value", "expression", "conversion", "format_spec"].map(|n| vm.intern(n));
        let names = vm.tuple(names.to_vec());
        vm.set_class_attribute(&class, "__match_args__", names);
    }
    class
}
fn template_class(vm: &mut Vm) -> Value {
    vm.native_class::<Template>(&TEMPLATE)
}

fn new_interpolation(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["value", "expression", "conversion", "format_spec"];
    let [value, expression, conversion, format_spec] =
        vm.bind_args("Interpolation", names, 0, 1, &args[1..], kw)?;
    let conversion = conversion.unwrap_or(Value::NONE);
    for (name, v) in [
        ("expression", &expression),
        ("conversion", &Some(conversion.clone())),
        ("format_spec", &format_spec),
    ] {
        if let Some(v) = v
            && !v.is_kind(Kind::Str)
            && !(name == "conversion" && v.is_none())
        {
            let message = format!("Interpolation() argument '{name}' must be str, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    if let Some(c) = conversion.get::<Str>()
        && !matches!(c.as_str(), "s" | "r" | "a")
    {
        return vm.fail("ValueError", "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'");
    }
    let empty = vm.str("");
    let made = Interpolation {
        value: value.unwrap_or(Value::NONE),
        expression: expression.unwrap_or_else(|| empty.clone()),
        conversion,
        format_spec: format_spec.unwrap_or(empty),
    };
    Ok(vm.new_native(&args[0], made))
}

/// A template of strs and interpolations in any order.
fn build(vm: &mut Vm, parts: impl Iterator<Item = Value>) -> Value {
    let (mut strings, mut interpolations) = (vec![], vec![]);
    let mut text: Option<Value> = None;
    for v in parts {
        let Some(s) = v.get::<Str>() else {
            strings.push(text.take().unwrap_or_else(|| vm.str("")));
            interpolations.push(v);
            continue;
        };
        text = Some(match &text {
            None => v,
            Some(front) => {
                let whole: Wtf8Buf = [front.as_::<Str>().wtf8(), s.wtf8()].into_iter().collect();
                vm.wtf8_buf(whole)
            }
        });
    }
    strings.push(text.unwrap_or_else(|| vm.str("")));
    let (strings, interpolations) = (vm.tuple(strings), vm.tuple(interpolations));
    let class = template_class(vm);
    vm.new_native(&class, Template { strings, interpolations })
}

fn new_template(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if !kw.is_empty() {
        return vm.fail("TypeError", "Template.__new__ only accepts *args arguments");
    }
    for v in &args[1..] {
        if !v.is_kind(Kind::Str) && v.native::<Interpolation>().is_none() {
            let name = vm.type_name(v);
            let message =
                format!("Template.__new__ *args need to be of type 'str' or 'Interpolation', got {name}");
            return vm.fail("TypeError", message);
        }
    }
    Ok(build(vm, args[1..].iter().cloned()))
}

fn add(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (Some(a), Some(b)) = (args[0].native::<Template>(), args[1].native::<Template>()) else {
        let message = format!(
            "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
            vm.type_name(&args[1])
        );
        return vm.fail("TypeError", message);
    };
    let mut parts = vec![];
    for t in [a, b] {
        for (i, s) in items(&t.strings).iter().enumerate() {
            parts.push(s.clone());
            parts.extend(items(&t.interpolations).get(i).cloned());
        }
    }
    Ok(build(vm, parts.into_iter()))
}

/// value, its text and (bit 0) its format -> interpolation. From bit 2: the conversion.
pub fn build_interpolation(vm: &mut Vm, arg: u32) -> Flow {
    let format_spec = if arg & 1 != 0 { vm.pop() } else { vm.str("") };
    let (expression, value) = (vm.pop(), vm.pop());
    let conversion = match arg >> 2 {
        1 => vm.str("s"),
        2 => vm.str("r"),
        3 => vm.str("a"),
        _ => Value::NONE,
    };
    let class = interpolation_class(vm);
    let v = vm.new_native(&class, Interpolation { value, expression, conversion, format_spec });
    vm.push(v);
    Ok(())
}

/// strs, interpolations -> template
pub fn build_template(vm: &mut Vm, _arg: u32) -> Flow {
    let (interpolations, strings) = (vm.pop(), vm.pop());
    let class = template_class(vm);
    let v = vm.new_native(&class, Template { strings, interpolations });
    vm.push(v);
    Ok(())
}
