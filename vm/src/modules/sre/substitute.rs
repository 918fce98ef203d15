//! `sub`, `subn`, `expand` and the templates they fill in.

use super::subject::{Pieces, Subject};
use super::{Match, Pattern, Search};
use crate::error::R;
use crate::object::{Kind, Kw, Payload, Str};
use crate::types::native::{ClassDef, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;

/// A replacement text: literal text, then groups with the text behind each.
pub struct Template {
    literal: Value,
    parts: Box<[(usize, Value)]>,
}

impl Payload for Template {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.literal);
        self.parts.iter().for_each(|(_, v)| visit(v));
    }
}

pub static TEMPLATE: ClassDef = ClassDef { name: "_sre.SRE_Template", flags: NO_NEW, ..ClassDef::DEFAULT };

/// `template(pattern, [text, group, text, group, text])`.
pub fn template(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let items = vm.to_vec(&args[1])?;
    let groups = match args[0].native::<Pattern>() {
        Some(p) => p.groups,
        None => return vm.fail("TypeError", "template() argument 1 must be a compiled pattern"),
    };
    if items.len() % 2 == 0 {
        return vm.fail("TypeError", "invalid template");
    }
    let mut parts = vec![];
    for pair in items[1..].chunks(2) {
        match usize::try_from(vm.index_i64(&pair[0], "group")?) {
            Ok(n) if n <= groups => parts.push((n, pair[1].clone())),
            _ => return vm.fail("TypeError", "invalid template"),
        }
    }
    let class = vm.native_class::<Template>(&TEMPLATE);
    Ok(vm.new_native(&class, Template { literal: items[0].clone(), parts: parts.into() }))
}

/// The compiled template of a text with backslashes, by `re`, which remembers them.
fn compiled(vm: &mut Vm, pattern: &Value, text: &Value) -> R<Value> {
    let re = vm.import_module("re")?;
    vm.call_method(&re, "_compile_template", &[pattern.clone(), text.clone()])
}

type Groups<'a> = &'a dyn Fn(usize) -> Option<(usize, usize)>;

fn fill(vm: &mut Vm, t: &Template, subject: &Subject, group: Groups, out: &mut Pieces) -> R {
    let mut good = out.push_value(&t.literal);
    for (n, text) in &t.parts {
        if let Some((a, b)) = group(*n) {
            out.push(subject, a, b);
        }
        good &= out.push_value(text);
    }
    if good { Ok(()) } else { vm.fail("TypeError", "template and subject are of different types") }
}

pub fn expand(vm: &mut Vm, pattern: &Value, subject: &Subject, text: &Value, group: Groups) -> R<Value> {
    let t = compiled(vm, pattern, text)?;
    let Some(t) = t.native::<Template>() else {
        return vm.fail("TypeError", "re._compile_template() did not return a template");
    };
    let mut out = Pieces::new(subject.is_bytes);
    fill(vm, t, subject, group, &mut out)?;
    Ok(out.finish(vm))
}

enum With {
    Text(Value),
    /// A [`Template`].
    Template(Value),
    Call(Value),
}

fn replacement(vm: &mut Vm, pattern: &Value, v: &Value) -> R<With> {
    if vm.is_callable(v) {
        return Ok(With::Call(v.clone()));
    }
    let backslash = match (v.get::<Str>(), v.get::<crate::object::Bytes>()) {
        (Some(s), _) => s.bytes().contains(&b'\\'),
        (_, Some(b)) => b.as_slice().contains(&b'\\'),
        _ => true,
    };
    if !backslash {
        return Ok(With::Text(v.clone()));
    }
    let t = compiled(vm, pattern, v)?;
    match t.native::<Template>() {
        Some(x) if x.parts.is_empty() => Ok(With::Text(x.literal.clone())),
        Some(_) => Ok(With::Template(t)),
        None => vm.fail("TypeError", "re._compile_template() did not return a template"),
    }
}

pub fn sub(vm: &mut Vm, args: &[Value], kw: Kw, count_too: bool) -> R<Value> {
    let name = if count_too { "subn" } else { "sub" };
    let [with, string, count] = vm.bind_args(name, ["repl", "string", "count"], 0, 2, &args[1..], kw)?;
    let most = match &count {
        Some(v) => vm.index_i64(v, "count")?,
        None => 0,
    };
    let pattern = &args[0];
    let with = replacement(vm, pattern, &with.unwrap_or(Value::NONE))?;
    let mut s = Search::new(vm, pattern, &string.unwrap_or(Value::NONE), None, None)?;
    let mut out = Pieces::new(s.subject.is_bytes);
    let (mut last, mut n) = (0, 0);
    while (most == 0 || n < most) && s.find(true, false) {
        let (a, b) = s.group(0).unwrap_or((0, 0));
        out.push(&s.subject, last, a);
        match &with {
            With::Text(t) => {
                if !out.push_value(t) {
                    return wrong_piece(vm, t, s.subject.is_bytes);
                }
            }
            With::Template(t) => {
                if let Some(t) = t.native::<Template>() {
                    fill(vm, t, &s.subject, &|g| s.group(g), &mut out)?;
                }
            }
            With::Call(f) => {
                let m = Match::make(vm, &s);
                let r = vm.call(f, &[m], Kw::NONE)?;
                if !r.is_none() && !out.push_value(&r) {
                    return wrong_piece(vm, &r, s.subject.is_bytes);
                }
            }
        }
        s.step();
        (last, n) = (b, n + 1);
    }
    let text = if n == 0 {
        s.subject.slice(vm, 0, s.subject.len)
    } else {
        out.push(&s.subject, last, s.subject.len);
        out.finish(vm)
    };
    if count_too { Ok(vm.tuple(vec![text, Value::small(n)])) } else { Ok(text) }
}

fn wrong_piece<T>(vm: &mut Vm, v: &Value, is_bytes: bool) -> R<T> {
    let class = vm.type_name(v);
    let expected = if is_bytes { "a bytes-like object" } else { "str instance" };
    debug_assert!(!(is_bytes && v.is_kind(Kind::Str)) || class == "str" || !class.is_empty());
    vm.fail("TypeError", format!("sequence item 0: expected {expected}, {class} found"))
}
