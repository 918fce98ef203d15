//! Module `_suggestions`: "Did you mean ...?".
//!
//! A candidate's distance is Levenshtein's, a change of case costing half a move; the nearest that is near
//! enough is it. [`Vm::suggestion`] says the same of an exception as module `traceback` does.

use crate::error::R;
use crate::object::{BuiltinDef, Kind, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

const MOVE: usize = 2;
const CASE: usize = 1;
/// Longer names are not compared.
const MAX_LENGTH: usize = 40;
const MAX_CANDIDATES: usize = 750;

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("_generate_suggestions", 2, 2, generate)];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_suggestions", FUNCTIONS))
}

fn generate(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !args[0].is_kind(Kind::List) {
        return vm.fail("TypeError", "candidates must be a list");
    }
    let Some(name) = args[1].get::<Str>() else {
        let message =
            format!("_generate_suggestions() argument 2 must be str, not {}", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    };
    let candidates = vm.to_vec(&args[0])?;
    if !candidates.iter().all(|c| c.is_kind(Kind::Str)) {
        return vm.fail("TypeError", "all elements in 'candidates' must be strings");
    }
    let texts = candidates.iter().map(|c| c.as_::<Str>().as_str());
    Ok(nearest(texts, name.as_str()).map_or(Value::NONE, |i| candidates[i].clone()))
}

fn substitution(a: u8, b: u8) -> usize {
    match () {
        _ if a == b => 0,
        _ if a.eq_ignore_ascii_case(&b) => CASE,
        _ => MOVE,
    }
}

/// Distance between two texts (by bytes); `most + 1` if it is more than `most`.
fn distance<'a>(mut a: &'a [u8], mut b: &'a [u8], most: usize) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * MOVE;
    }
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return most + 1;
    }
    if b.len() < a.len() {
        (a, b) = (b, a);
    }
    if (b.len() - a.len()) * MOVE > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (1..=a.len()).map(|i| i * MOVE).collect();
    let mut result = 0;
    for (i, &y) in b.iter().enumerate() {
        let mut diagonal = i * MOVE;
        result = diagonal;
        let mut least = usize::MAX;
        for (cell, &x) in row.iter_mut().zip(a) {
            let substitute = diagonal + substitution(y, x);
            diagonal = *cell;
            result = substitute.min(result.min(diagonal) + MOVE);
            *cell = result;
            least = least.min(result);
        }
        if least > most {
            return most + 1;
        }
    }
    result
}

/// Index of the candidate nearest to a name.
pub fn nearest<'a>(candidates: impl ExactSizeIterator<Item = &'a str>, name: &str) -> Option<usize> {
    if candidates.len() >= MAX_CANDIDATES {
        return None;
    }
    let (mut best, mut found) = (usize::MAX, None);
    for (i, c) in candidates.enumerate() {
        if c == name {
            continue;
        }
        let most = ((name.len() + c.len() + 3) * MOVE / 6).min(best - 1);
        let d = distance(name.as_bytes(), c.as_bytes(), most);
        if d <= most && d < best {
            (best, found) = (d, Some(i));
            if best == 0 {
                break;
            }
        }
    }
    found
}

impl Vm {
    /// What is said behind an uncaught exception's message: `. Did you mean: 'x'?`; empty if nothing is.
    /// Errors on the way count as "nothing".
    pub fn suggestion(&mut self, e: &Value) -> String {
        let kept = self.pending.take();
        let r = suggestion(self, e).unwrap_or_else(|_| {
            drop(self.take_pending());
            String::new()
        });
        self.pending = kept;
        r
    }
}

fn attribute(vm: &mut Vm, v: &Value, name: &str) -> R<Option<Value>> {
    let key = vm.intern(name);
    Ok(vm.get_attr_opt(v, &key)?.filter(|v| !v.is_none()))
}

fn suggestion(vm: &mut Vm, e: &Value) -> R<String> {
    let is = |vm: &Vm, class: &str| vm.is_instance(e, vm.types.exception(class));
    let (name_error, import_error) = (is(vm, "NameError"), is(vm, "ImportError"));
    if !name_error && !import_error && !is(vm, "AttributeError") {
        return Ok(String::new());
    }
    let field = if import_error { "name_from" } else { "name" };
    let Some(wrong) = attribute(vm, e, field)? else { return Ok(String::new()) };
    let Some(wrong) = wrong.get::<Str>().map(|s| s.as_str().to_owned()) else { return Ok(String::new()) };
    let found = match () {
        _ if name_error => names_in_scope(vm, e, &wrong)?,
        _ if import_error => match attribute(vm, e, "name")? {
            Some(module) => {
                let f = vm.builtin("__import__");
                let module = vm.call(&f, &[module], Kw::NONE)?;
                listed(vm, &module, !wrong.starts_with('_'), &wrong)?
            }
            None => None,
        },
        _ => match attribute(vm, e, "obj")? {
            Some(obj) => {
                let hide = !wrong.starts_with('_') && !is_self(vm, e, &obj)?;
                listed(vm, &obj, hide, &wrong)?
            }
            None => None,
        },
    };
    let mut out = found.as_ref().map_or(String::new(), |f| format!(". Did you mean: '{f}'?"));
    if name_error && let Some(all) = vm.sys_attribute("stdlib_module_names") {
        let key = vm.str(&wrong);
        if vm.contains(&all, &key)? {
            let how = if found.is_some() { " Or did" } else { ". Did" };
            out += &format!("{how} you forget to import '{wrong}'?");
        }
    }
    Ok(out)
}

/// The nearest of what `dir` lists.
fn listed(vm: &mut Vm, obj: &Value, hide: bool, wrong: &str) -> R<Option<String>> {
    let dir = vm.builtin("dir");
    let names = vm.call(&dir, std::slice::from_ref(obj), Kw::NONE)?;
    let mut names: Vec<String> =
        vm.to_vec(&names)?.iter().filter_map(|n| Some(n.get::<Str>()?.as_str().to_owned())).collect();
    names.sort();
    names.retain(|n| !hide || !n.starts_with('_'));
    Ok(nearest(names.iter().map(String::as_str), wrong).map(|i| names[i].clone()))
}

/// The frame where the exception arose.
fn last_frame(vm: &mut Vm, e: &Value) -> R<Option<Value>> {
    let Some(mut tb) = attribute(vm, e, "__traceback__")? else { return Ok(None) };
    while let Some(next) = attribute(vm, &tb, "tb_next")? {
        tb = next;
    }
    attribute(vm, &tb, "tb_frame")
}

/// Is it the `self` of the method that asked?
fn is_self(vm: &mut Vm, e: &Value, obj: &Value) -> R<bool> {
    Ok(local_self(vm, e)?.is_some_and(|s| s.is(obj)))
}
fn local_self(vm: &mut Vm, e: &Value) -> R<Option<Value>> {
    let Some(frame) = last_frame(vm, e)? else { return Ok(None) };
    let Some(locals) = attribute(vm, &frame, "f_locals")? else { return Ok(None) };
    let key = vm.intern("self");
    if vm.contains(&locals, &key)? { Ok(Some(vm.get_item(&locals, &key)?)) } else { Ok(None) }
}

fn names_in_scope(vm: &mut Vm, e: &Value, wrong: &str) -> R<Option<String>> {
    let Some(frame) = last_frame(vm, e)? else { return Ok(None) };
    let mut names = vec![];
    for scope in ["f_locals", "f_globals", "f_builtins"] {
        if let Some(d) = attribute(vm, &frame, scope)? {
            let keys = vm.to_vec(&d)?;
            names.extend(keys.iter().filter_map(|n| Some(n.get::<Str>()?.as_str().to_owned())));
        }
    }
    if let Some(me) = local_self(vm, e)?
        && attribute(vm, &me, wrong)?.is_some()
    {
        return Ok(Some(format!("self.{wrong}")));
    }
    Ok(nearest(names.iter().map(String::as_str), wrong).map(|i| names[i].clone()))
}
