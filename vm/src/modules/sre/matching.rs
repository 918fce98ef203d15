//! `re.Match`.

use super::subject::Subject;
use super::{Pattern, Search, group_number, names_of, substitute};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload, Tuple};
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;

pub struct Match {
    pub pattern: Value,
    pub subject: Subject,
    pos: usize,
    endpos: usize,
    /// Span of each group, the whole match first.
    spans: Box<[Option<(usize, usize)>]>,
    lastindex: Option<usize>,
}

impl Payload for Match {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.pattern);
        visit(&self.subject.value);
    }
}

pub static MATCH: ClassDef = ClassDef {
    name: "re.Match",
    flags: NO_NEW,
    doc: Some(
        "The result of re.match() and re.search().\nMatch objects always have a boolean value of True.",
    ),
    methods: &[
        BuiltinDef::new("group", 0, u8::MAX, group),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| part(vm, &a[0], &a[1])),
        BuiltinDef::kw("groups", 0, 1, groups),
        BuiltinDef::kw("groupdict", 0, 1, group_dict),
        BuiltinDef::new("start", 0, 1, |vm, a, _| Ok(span(vm, a)?.0)),
        BuiltinDef::new("end", 0, 1, |vm, a, _| Ok(span(vm, a)?.1)),
        BuiltinDef::new("span", 0, 1, |vm, a, _| {
            let (s, e) = span(vm, a)?;
            Ok(vm.tuple(vec![s, e]))
        }),
        BuiltinDef::kw("expand", 0, 1, expand),
        BuiltinDef::new("__copy__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__deepcopy__", 1, 1, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__repr__", 0, 0, repr),
        BuiltinDef::class("__class_getitem__", 1, 1, crate::types::generic_alias::class_getitem),
    ],
    getset: &[
        GetSet::get("string", |vm, v| Ok(vm.self_::<Match>(v)?.subject.value.clone())),
        GetSet::get("re", |vm, v| Ok(vm.self_::<Match>(v)?.pattern.clone())),
        GetSet::get("pos", |vm, v| Ok(Value::small(vm.self_::<Match>(v)?.pos as i64))),
        GetSet::get("endpos", |vm, v| Ok(Value::small(vm.self_::<Match>(v)?.endpos as i64))),
        GetSet::get("lastindex", |vm, v| {
            Ok(vm.self_::<Match>(v)?.lastindex.map_or(Value::NONE, |i| Value::small(i as i64)))
        }),
        GetSet::get("lastgroup", last_group),
        GetSet::get("regs", |vm, v| {
            let spans = vm.self_::<Match>(v)?.spans.clone();
            let all = spans.iter().map(|s| {
                let (a, b) = ends(*s);
                vm.tuple(vec![a, b])
            });
            let all = all.collect();
            Ok(vm.tuple(all))
        }),
    ],
    ..ClassDef::DEFAULT
};

impl Match {
    /// Of the match that a search has just found.
    pub fn make(vm: &mut Vm, s: &Search) -> Value {
        let groups = s.pattern.native::<Pattern>().map_or(0, |p| p.groups);
        let spans = (0..=groups).map(|g| s.group(g)).collect();
        let last = s.state.marks.last_index();
        let payload = Match {
            pattern: s.pattern.clone(),
            subject: s.subject.clone(),
            pos: s.pos,
            endpos: s.end,
            spans,
            lastindex: usize::try_from(last).ok().filter(|&n| n > 0),
        };
        let class = vm.native_class::<Match>(&MATCH);
        vm.new_native(&class, payload)
    }
    pub fn span(&self, n: usize) -> Option<(usize, usize)> {
        self.spans.get(n).copied().flatten()
    }
    fn text(&self, vm: &mut Vm, n: usize) -> Option<Value> {
        let (a, b) = self.span(n)?;
        Some(self.subject.slice(vm, a, b))
    }
}

fn ends(span: Option<(usize, usize)>) -> (Value, Value) {
    match span {
        Some((a, b)) => (Value::small(a as i64), Value::small(b as i64)),
        None => (Value::small(-1), Value::small(-1)),
    }
}

fn part(vm: &mut Vm, m: &Value, which: &Value) -> R<Value> {
    let x = vm.self_::<Match>(m)?;
    let n = group_number(vm, &x.pattern, which)?;
    Ok(x.text(vm, n).unwrap_or(Value::NONE))
}

fn group(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    match args.len() {
        1 => part(vm, &args[0], &Value::small(0)),
        2 => part(vm, &args[0], &args[1]),
        _ => {
            let parts = args[1..].iter().map(|g| part(vm, &args[0], g)).collect::<R<Vec<_>>>()?;
            Ok(vm.tuple(parts))
        }
    }
}

fn groups(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [default] = vm.bind_args("groups", ["default"], 0, 0, &args[1..], kw)?;
    let default = default.unwrap_or(Value::NONE);
    let m = vm.self_::<Match>(&args[0])?;
    let all = (1..m.spans.len()).map(|n| m.text(vm, n).unwrap_or_else(|| default.clone())).collect();
    Ok(vm.tuple(all))
}

fn group_dict(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [default] = vm.bind_args("groupdict", ["default"], 0, 0, &args[1..], kw)?;
    let default = default.unwrap_or(Value::NONE);
    let m = vm.self_::<Match>(&args[0])?;
    let d = vm.dict();
    for (name, number) in names_of(vm, &m.pattern)? {
        let n = vm.index_i64(&number, "group")?;
        let v = usize::try_from(n).ok().and_then(|n| m.text(vm, n)).unwrap_or_else(|| default.clone());
        crate::modules::support::set(vm, &d, &name, v)?;
    }
    Ok(d)
}

fn span(vm: &mut Vm, args: &[Value]) -> R<(Value, Value)> {
    let m = vm.self_::<Match>(&args[0])?;
    let n = match args.get(1) {
        Some(g) => group_number(vm, &m.pattern, g)?,
        None => 0,
    };
    Ok(ends(m.span(n)))
}

fn last_group(vm: &mut Vm, v: &Value) -> R<Value> {
    let m = vm.self_::<Match>(v)?;
    let names = vm.self_::<Pattern>(&m.pattern)?.indexgroup.clone();
    let name = m.lastindex.and_then(|i| names.as_::<Tuple>().as_slice().get(i).cloned());
    Ok(name.unwrap_or(Value::NONE))
}

fn expand(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [template] = vm.bind_args("expand", ["template"], 0, 1, &args[1..], kw)?;
    let m = vm.self_::<Match>(&args[0])?;
    substitute::expand(vm, &m.pattern, &m.subject, &template.unwrap_or(Value::NONE), &|n| m.span(n))
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let m = vm.self_::<Match>(&args[0])?;
    let text = m.text(vm, 0).unwrap_or(Value::NONE);
    let shown: String = vm.repr_string(&text)?.chars().take(50).collect();
    let (a, b) = m.span(0).unwrap_or((0, 0));
    Ok(vm.string(format!("<re.Match object; span=({a}, {b}), match={shown}>")))
}
