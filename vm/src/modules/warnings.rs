//! Module `_warnings`, and [`Vm::warn`] for native code.
//!
//! The rules are those of `warnings.warn_explicit`. What a program can replace is asked for when it is
//! needed: `warnings.filters`, `defaultaction`, `onceregistry` and the context variable, once `warnings` is
//! imported; until then this module's own.

use crate::error::R;
use crate::frame::Frame;
use crate::object::{BuiltinDef, Dict, Kind, Kw, List, Str, Tuple, Type};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;
use std::rc::Rc;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("warn", 0, u8::MAX, warn).sig(
        "($module, /, message, category=None, stacklevel=1, source=None, *,\n     skip_file_prefixes=())",
    ),
    BuiltinDef::kw("warn_explicit", 0, u8::MAX, warn_explicit),
    BuiltinDef::new("_filters_mutated_lock_held", 0, 0, |vm, _, _| {
        state(vm).borrow_mut().version += 1;
        Ok(Value::NONE)
    }),
    // One thread at a time runs, and none is switched to in here.
    BuiltinDef::new("_acquire_lock", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("_release_lock", 0, 0, |_, _, _| Ok(Value::NONE)),
];

struct State {
    /// Counts changes of the filters: registries made before are stale.
    version: i64,
    filters: Value,
    once: Value,
    context: Value,
}

impl Default for State {
    fn default() -> State {
        State { version: 1, filters: Value::NONE, once: Value::NONE, context: Value::NONE }
    }
}

fn state(vm: &mut Vm) -> Rc<RefCell<State>> {
    let s = vm.state::<Option<Rc<RefCell<State>>>>().get_or_insert_default().clone();
    if s.borrow().filters.is_none() {
        let (filters, once) = (default_filters(vm), vm.dict());
        let mut x = s.borrow_mut();
        (x.filters, x.once) = (filters, once);
    }
    s
}

fn default_filters(vm: &mut Vm) -> Value {
    let row = |vm: &mut Vm, action: &str, class: &str, module: Value| {
        let (a, c) = (vm.intern(action), vm.types.exception(class).clone());
        vm.tuple(vec![a, Value::NONE, c, module, Value::small(0)])
    };
    let main = vm.intern("__main__");
    let mut rows = vec![row(vm, "default", "DeprecationWarning", main)];
    for class in ["DeprecationWarning", "PendingDeprecationWarning", "ImportWarning", "ResourceWarning"] {
        rows.push(row(vm, "ignore", class, Value::NONE));
    }
    vm.list(rows)
}

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_warnings", FUNCTIONS);
    let s = state(vm);
    let (filters, once) = (s.borrow().filters.clone(), s.borrow().once.clone());
    vm.set_global(&m, "filters", filters);
    vm.set_global(&m, "_onceregistry", once);
    let default = vm.intern("default");
    vm.set_global(&m, "_defaultaction", default);
    // Context variables come with a module of their own.
    let Some(variables) = vm.make_native_module("_contextvars")? else { return Ok(m) };
    vm.set_imported("_contextvars", variables.clone());
    let name = vm.str("_warnings_context");
    let context = vm.call_method(&variables, "ContextVar", &[name])?;
    s.borrow_mut().context = context.clone();
    vm.set_global(&m, "_warnings_context", context);
    Ok(m)
}

/// Something of module `warnings`, if that has been imported.
fn attribute(vm: &mut Vm, name: &str) -> R<Option<Value>> {
    match crate::modules::support::imported(vm, "warnings") {
        Some(m) => {
            let key = vm.intern(name);
            vm.get_attr_opt(&m, &key)
        }
        None => Ok(None),
    }
}

impl Vm {
    /// Issues a warning from native code. `stacklevel` 1 is the Python code that called it.
    pub fn warn(&mut self, class: &str, text: impl AsRef<str>, stacklevel: i64) -> R {
        let (category, message) = (self.types.exception(class).clone(), self.str(text.as_ref()));
        let place = find_place(self, stacklevel, &[])?;
        issue(self, &message, &category, &place, &Value::NONE)
    }
    /// Issues a warning about a place in a file, as the compiler does.
    pub fn warn_at(&mut self, class: &str, text: &str, filename: &Value, line: i64) -> R {
        let (category, message) = (self.types.exception(class).clone(), self.str(text));
        let module = default_module(self, filename);
        let place = Place { filename: filename.clone(), line, module, registry: Value::NONE };
        issue(self, &message, &category, &place, &Value::NONE)
    }
}

/// Where a warning is said to come from.
struct Place {
    filename: Value,
    line: i64,
    module: Value,
    /// A dict or None.
    registry: Value,
}

fn text_of(v: &Value) -> String {
    v.get::<Str>().map_or(String::new(), |s| s.as_str().to_owned())
}

fn is_internal(file: &str) -> bool {
    file.contains("importlib") && file.contains("_bootstrap")
}

/// The Python frames there are, innermost first.
fn frames(vm: &Vm) -> Vec<*mut Frame> {
    let (mut out, mut f) = (vec![], vm.frame);
    // SAFETY: the chain of frames ends at the base frame, which has no code.
    unsafe {
        while !f.is_null() {
            if !(*f).code.is_null() {
                out.push(f);
            }
            f = (*f).prev;
        }
    }
    out
}

fn find_place(vm: &mut Vm, level: i64, skip: &[String]) -> R<Place> {
    let all = frames(vm);
    let file = |f: &*mut Frame| {
        // SAFETY: `frames` gives live frames; no Python runs while they are looked at.
        text_of(&unsafe { (**f).code() }.filename.borrow())
    };
    let level = usize::try_from(level.max(1)).unwrap_or(1);
    let found = match all.first() {
        Some(first) if !is_internal(&file(first)) => {
            let mut left = level - 1;
            let mut found = Some(first);
            let mut rest = all[1..].iter();
            while left > 0 && found.is_some() {
                found = rest.find(|f| {
                    let name = file(f);
                    !is_internal(&name) && !skip.iter().any(|p| name.starts_with(p.as_str()))
                });
                left -= 1;
            }
            found
        }
        _ => all.get(level - 1),
    };
    let (filename, line, globals) = match found {
        Some(&f) => {
            // SAFETY: as above.
            let f = unsafe { &*f };
            (f.code().filename.borrow().clone(), f.line() as i64, f.globals().clone())
        }
        None => {
            let sys = vm.import_module("sys")?;
            let key = vm.intern("__dict__");
            (vm.str("<sys>"), 0, vm.get_attr(&sys, &key)?)
        }
    };
    let key = vm.intern("__name__");
    let module = crate::modules::support::get(vm, &globals, &key)?.filter(|m| m.is_kind(Kind::Str));
    let module = module.unwrap_or_else(|| vm.str("<string>"));
    let key = vm.intern("__warningregistry__");
    let registry = match crate::modules::support::get(vm, &globals, &key)? {
        Some(r) => r,
        None => {
            let d = vm.dict();
            crate::modules::support::set(vm, &globals, &key, d.clone())?;
            d
        }
    };
    Ok(Place { filename, line, module, registry })
}

fn warn(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["message", "category", "stacklevel", "source", "skip_file_prefixes"];
    if args.len() > 4 {
        let message = format!("warn() takes at most 4 positional arguments ({} given)", args.len());
        return vm.fail("TypeError", message);
    }
    let [message, category, level, source, skip] = vm.bind_args("warn", names, 0, 1, args, kw)?;
    let message = message.unwrap_or(Value::NONE);
    let category = category_of(vm, &message, category)?;
    let mut level = match &level {
        Some(v) => vm.index_i64(v, "stacklevel")?,
        None => 1,
    };
    let mut prefixes = vec![];
    if let Some(skip) = &skip {
        let Some(t) = skip.get::<Tuple>() else {
            let message =
                format!("warn() argument 'skip_file_prefixes' must be tuple, not {}", vm.type_name(skip));
            return vm.fail("TypeError", message);
        };
        for p in t.as_slice() {
            if !p.is_kind(Kind::Str) {
                let message = format!("Found non-str '{}' in skip_file_prefixes.", vm.type_name(p));
                return vm.fail("TypeError", message);
            }
            prefixes.push(text_of(p));
        }
        if !prefixes.is_empty() {
            level = level.max(2);
        }
    }
    let place = find_place(vm, level, &prefixes)?;
    issue(vm, &message, &category, &place, &source.unwrap_or(Value::NONE))?;
    Ok(Value::NONE)
}

fn is_warning(vm: &Vm, v: &Value) -> bool {
    vm.is_instance(v, vm.types.exception("Warning"))
}

fn category_of(vm: &mut Vm, message: &Value, category: Option<Value>) -> R<Value> {
    if is_warning(vm, message) {
        return Ok(vm.type_of(message).clone());
    }
    let Some(c) = category.filter(|c| !c.is_none()) else {
        return Ok(vm.types.exception("UserWarning").clone());
    };
    let base = vm.types.exception("Warning").clone();
    if c.get::<Type>().is_some_and(|t| t.is_subtype(&base)) {
        return Ok(c);
    }
    let shown = match c.get::<Type>() {
        Some(t) => format!("class '{}'", t.short_name()),
        None => format!("'{}'", vm.type_name(&c)),
    };
    vm.fail("TypeError", format!("category must be a Warning subclass, not {shown}"))
}

/// The module that a file's warnings are said to be of when nobody says.
fn default_module(vm: &mut Vm, filename: &Value) -> Value {
    let name = text_of(filename);
    match name.get(name.len().wrapping_sub(3)..) {
        _ if name.is_empty() => vm.str("<unknown>"),
        Some(end) if end.eq_ignore_ascii_case(".py") => vm.str(&name[..name.len() - 3]),
        _ => filename.clone(),
    }
}

fn warn_explicit(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names =
        ["message", "category", "filename", "lineno", "module", "registry", "module_globals", "source"];
    let [message, category, filename, line, module, registry, globals, source] =
        vm.bind_args("warn_explicit", names, 0, 4, args, kw)?;
    let none = || Value::NONE;
    let (message, filename) = (message.unwrap_or_else(none), filename.unwrap_or_else(none));
    let category = if is_warning(vm, &message) {
        vm.type_of(&message).clone()
    } else {
        category_of(vm, &message, category)?
    };
    let line = vm.index_i64(&line.unwrap_or_else(none), "lineno")?;
    if !filename.is_kind(Kind::Str) {
        let message =
            format!("warn_explicit() argument 'filename' must be str, not {}", vm.type_name(&filename));
        return vm.fail("TypeError", message);
    }
    if let Some(g) = globals.filter(|g| !g.is_none())
        && !g.is_kind(Kind::Dict)
    {
        let message = format!("module_globals must be a dict, not '{}'", vm.type_name(&g));
        return vm.fail("TypeError", message);
    }
    let module = match module {
        Some(m) if !m.is_none() => m,
        _ => default_module(vm, &filename),
    };
    let registry = registry.unwrap_or_else(none);
    if !registry.is_none() && !registry.is_kind(Kind::Dict) {
        let message = format!("'registry' must be a dict or None, not '{}'", vm.type_name(&registry));
        return vm.fail("TypeError", message);
    }
    let place = Place { filename, line, module, registry };
    issue(vm, &message, &category, &place, &source.unwrap_or_else(none))?;
    Ok(Value::NONE)
}

/// Has this been said before? With `set`, it has from now on.
fn already(vm: &mut Vm, registry: &Value, key: &Value, set: bool) -> R<bool> {
    let version = state(vm).borrow().version;
    let version_key = vm.intern("version");
    let seen = crate::modules::support::get(vm, registry, &version_key)?;
    if !seen.is_some_and(|v| v.is(&Value::small(version))) {
        registry.as_::<Dict>().clear(vm);
        crate::modules::support::set(vm, registry, &version_key, Value::small(version))?;
    } else if let Some(v) = crate::modules::support::get(vm, registry, key)?
        && vm.truthy(&v)?
    {
        return Ok(true);
    }
    if set {
        crate::modules::support::set(vm, registry, key, Value::TRUE)?;
    }
    Ok(false)
}

fn matches(vm: &mut Vm, what: &Value, text: &Value) -> R<bool> {
    if what.is_none() {
        return Ok(true);
    }
    // The filters there are from the start hold plain names.
    if what.is_kind(Kind::Str) {
        return vm.equal(what, text);
    }
    let r = vm.call_method(what, "match", std::slice::from_ref(text))?;
    vm.truthy(&r)
}

/// The filters in force: of the context, if one is set, else the common list.
fn filters(vm: &mut Vm) -> R<Vec<Value>> {
    let variable = state(vm).borrow().context.clone();
    let mut lists = vec![];
    if !variable.is_none() {
        let context = vm.call_method(&variable, "get", &[Value::NONE])?;
        if !context.is_none() {
            let key = vm.intern("_filters");
            lists.push(vm.get_attr(&context, &key)?);
        }
    }
    let common = match attribute(vm, "filters")? {
        Some(f) => f,
        None => state(vm).borrow().filters.clone(),
    };
    lists.push(common);
    let mut all = vec![];
    for l in lists {
        match l.get::<List>() {
            Some(l) => all.extend(l.as_slice().to_vec()),
            None => return vm.fail("ValueError", "_warnings.filters must be a list"),
        }
    }
    Ok(all)
}

fn is_subclass(vm: &mut Vm, class: &Value, of: &Value) -> R<bool> {
    let f = vm.builtin("issubclass");
    let r = vm.call(&f, &[class.clone(), of.clone()], Kw::NONE)?;
    vm.truthy(&r)
}

/// What is to be done, and by which filter.
fn action(vm: &mut Vm, category: &Value, text: &Value, place: &Place) -> R<(String, Value)> {
    for (i, item) in filters(vm)?.into_iter().enumerate() {
        let fields = match item.get::<Tuple>() {
            Some(t) if t.as_slice().len() == 5 => t.as_slice().to_vec(),
            _ => {
                return vm.fail("ValueError", format!("warnings.filters item {i} isn't a 5-tuple"));
            }
        };
        let line = vm.index_i64(&fields[4], "lineno")?;
        if !fields[0].is_kind(Kind::Str) {
            let message = format!("action must be a string, not '{}'", vm.type_name(&fields[0]));
            return vm.fail("TypeError", message);
        }
        if is_subclass(vm, category, &fields[2])?
            && (line == 0 || line == place.line)
            && matches(vm, &fields[1], text)?
            && matches(vm, &fields[3], &place.module)?
        {
            return Ok((text_of(&fields[0]), item));
        }
    }
    let default = match attribute(vm, "defaultaction")? {
        Some(d) => text_of(&d),
        None => "default".to_owned(),
    };
    Ok((default, Value::NONE))
}

fn issue(vm: &mut Vm, message: &Value, category: &Value, place: &Place, source: &Value) -> R {
    let (text, instance) = if is_warning(vm, message) {
        (vm.str_of(message)?, message.clone())
    } else {
        (message.clone(), vm.call(category, std::slice::from_ref(message), Kw::NONE)?)
    };
    let key = vm.tuple(vec![text.clone(), category.clone(), Value::small(place.line)]);
    let registry = &place.registry;
    if registry.is_kind(Kind::Dict) && already(vm, registry, &key, false)? {
        return Ok(());
    }
    let (action, item) = action(vm, category, &text, place)?;
    let remember = |vm: &mut Vm| match registry.is_kind(Kind::Dict) {
        true => crate::modules::support::set(vm, registry, &key, Value::TRUE),
        false => Ok(()),
    };
    match action.as_str() {
        "error" => return Err(vm.raise_value(instance)),
        "ignore" => return Ok(()),
        "always" | "all" => {}
        "once" => {
            remember(vm)?;
            let once = match attribute(vm, "onceregistry")? {
                Some(r) => r,
                None => state(vm).borrow().once.clone(),
            };
            let key = vm.tuple(vec![text.clone(), category.clone(), Value::small(0)]);
            if once.is_kind(Kind::Dict) && already(vm, &once, &key, true)? {
                return Ok(());
            }
        }
        "module" => {
            remember(vm)?;
            let key = vm.tuple(vec![text.clone(), category.clone(), Value::small(0)]);
            if registry.is_kind(Kind::Dict) && already(vm, registry, &key, true)? {
                return Ok(());
            }
        }
        "default" => remember(vm)?,
        _ => {
            let (a, i) = (vm.str(&action), vm.repr_string(&item)?);
            let a = vm.repr_string(&a)?;
            return vm.fail("RuntimeError", format!("Unrecognized action ({a}) in warnings.filters:\n {i}"));
        }
    }
    show(vm, &instance, category, &text, place, source)
}

fn show(vm: &mut Vm, instance: &Value, category: &Value, text: &Value, place: &Place, source: &Value) -> R {
    // A warning about a lost resource shows where it came from, which takes the Python side.
    if !source.is_none() && crate::modules::support::imported(vm, "warnings").is_none() {
        vm.import_module("warnings")?;
    }
    let Some(show) = attribute(vm, "_showwarnmsg")? else {
        return show_plainly(vm, category, text, place);
    };
    let Some(class) = attribute(vm, "WarningMessage")? else {
        return vm.fail("RuntimeError", "unable to get warnings.WarningMessage");
    };
    let none = Value::NONE;
    let args = [
        instance.clone(),
        category.clone(),
        place.filename.clone(),
        Value::small(place.line),
        none.clone(),
        none,
        source.clone(),
    ];
    let message = vm.call(&class, &args, Kw::NONE)?;
    vm.call(&show, &[message], Kw::NONE)?;
    Ok(())
}

/// Before `warnings` is imported: two lines to standard error.
fn show_plainly(vm: &mut Vm, category: &Value, text: &Value, place: &Place) -> R {
    let Some(stream) = vm.sys_attribute("stderr").filter(|s| !s.is_none()) else { return Ok(()) };
    let (file, class) = (text_of(&place.filename), category.as_::<Type>().short_name());
    let shown = vm.str_of(text)?;
    let mut out = format!("{file}:{}: {class}: {}\n", place.line, text_of(&shown));
    let line = usize::try_from(place.line).ok().filter(|n| *n > 0);
    if let Some(line) = line
        && let Ok(source) = std::fs::read_to_string(&file)
        && let Some(line) = source.lines().nth(line - 1)
        && !line.trim().is_empty()
    {
        out += &format!("  {}\n", line.trim());
    }
    let out = vm.string(out);
    vm.call_method(&stream, "write", &[out])?;
    Ok(())
}
