//! Importing: what IMPORT_NAME, IMPORT_FROM and `import *` do, and the start of `importlib`.
//!
//! The machinery itself is CPython's own `importlib._bootstrap` and `_bootstrap_external`, from the library
//! in the binary. Here are the parts that CPython has in C: the fast path for what `sys.modules` has already,
//! relative names, what `from` and `*` do with a module, and the errors' texts. Without a library only the
//! modules written in Rust can be imported.

pub mod library;
mod start;

pub use library::Library;

use crate::error::{Exc, R};
use crate::machine::Flow;
use crate::object::{BuiltinDef, Dict, Exception, Kind, Kw, Module, Str, Traceback, Tuple};
use crate::value::Value;
use crate::vm::Vm;

/// `__import__`.
pub static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::kw("__import__", 0, 5, |vm, args, kw| {
    const NAMES: [&str; 5] = ["name", "globals", "locals", "fromlist", "level"];
    vm.only_keywords("__import__", kw, &NAMES)?;
    if let Some(i) = (0..args.len()).find(|&i| kw.get(NAMES[i]).is_some()) {
        let name = NAMES[i];
        let message = format!("argument for __import__() given by name ('{name}') and position ({})", i + 1);
        return vm.fail("TypeError", message);
    }
    let get = |i: usize| args.get(i).or(kw.get(NAMES[i])).cloned();
    let Some(name) = get(0) else {
        return vm.fail("TypeError", "__import__() missing required argument 'name' (pos 1)");
    };
    let level = match get(4) {
        Some(v) => vm.index(&v)?,
        None => 0,
    };
    let (globals, from) = (get(1).unwrap_or(Value::NONE), get(3).unwrap_or(Value::NONE));
    vm.import(&name, &globals, &from, level)
})];

fn name_of_code(vm: &Vm, i: u32) -> Value {
    vm.frame().code().names[i as usize].clone()
}

pub fn import_name(vm: &mut Vm, i: u32) -> Flow {
    let name = name_of_code(vm, i);
    let (from, level) = (vm.pop(), vm.pop());
    let (globals, builtins) = (vm.frame().globals().clone(), vm.frame().function().builtins.clone());
    let key = vm.intern("__import__");
    let Some(f) = builtins.get::<Dict>().and_then(|d| d.get_str(&key)) else {
        return Err(vm.raise("ImportError", "__import__ not found").into());
    };
    let module = if vm.own_import.is(&f) {
        let level = vm.index(&level)?;
        vm.import(&name, &globals, &from, level)?
    } else {
        let locals = vm.frame().names;
        let locals = if locals.is_null() { Value::NONE } else { locals.to_value() };
        vm.call(&f, &[name, globals, locals, from, level], Kw::NONE)?
    };
    vm.push(module);
    Ok(())
}

pub fn import_from(vm: &mut Vm, i: u32) -> Flow {
    let name = name_of_code(vm, i);
    let module = vm.peek(0).to_value();
    let v = vm.import_from_module(&module, &name)?;
    vm.push(v);
    Ok(())
}

fn text(v: &Value) -> Option<&str> {
    v.get::<Str>().map(Str::as_str)
}

impl Vm {
    /// The module of that name, imported if need be: of `a.b` it is `b`.
    pub fn import_module(&mut self, name: &str) -> R<Value> {
        let name = self.intern(name);
        self.load(&name)
    }

    /// `__import__(name, globals, None, from, level)`.
    pub fn import(&mut self, name: &Value, globals: &Value, from: &Value, level: i64) -> R<Value> {
        if !name.is_kind(Kind::Str) {
            return self.fail("TypeError", "module name must be a string");
        }
        if level < 0 {
            return self.fail("ValueError", "level must be >= 0");
        }
        let absolute = if level > 0 {
            self.resolve_name(name, globals, level)?
        } else {
            if name.as_::<Str>().is_empty() {
                return self.fail("ValueError", "Empty module name");
            }
            name.clone()
        };
        let module = self.load(&absolute)?;
        if !from.is_none() && self.truthy(from)? {
            return self.handle_from_list(&module, from);
        }
        let given = name.as_::<Str>().as_str().to_owned();
        if level > 0 && given.is_empty() {
            return Ok(module);
        }
        let Some(dot) = given.find('.') else { return Ok(module) };
        if level == 0 {
            let front = self.intern(&given[..dot]);
            return self.load(&front);
        }
        let whole = absolute.as_::<Str>().as_str().to_owned();
        let front = &whole[..whole.len() - (given.len() - dot)];
        match self.find_imported(front)? {
            Some(m) => Ok(m),
            None => self.fail("KeyError", format!("'{front}' not in sys.modules as expected")),
        }
    }

    /// The entry of `sys.modules`, whatever a program made of that.
    fn find_imported(&mut self, name: &str) -> R<Option<Value>> {
        let key = self.intern(name);
        let modules = self.sys_modules.clone();
        match modules.get::<Dict>() {
            Some(d) => Ok(d.get_str(&key)),
            None => Ok(None),
        }
    }

    /// The module with this absolute name.
    fn load(&mut self, name: &Value) -> R<Value> {
        let found = self.sys_modules.clone().get::<Dict>().and_then(|d| d.get_str(name));
        if let Some(m) = found.filter(|m| !m.is_none()) {
            self.wait_for_initialization(&m, name)?;
            return Ok(m);
        }
        let Some(importlib) = self.importlib.clone() else { return self.load_native(name) };
        self.audit("import", |vm| {
            let lists =
                ["path", "meta_path", "path_hooks"].map(|n| vm.sys_attribute(n).unwrap_or(Value::NONE));
            [name.clone(), Value::NONE].into_iter().chain(lists).collect()
        })?;
        let load = self.intern("_find_and_load");
        let import = self.intern("_gcd_import");
        let (load, import) = (self.get_attr(&importlib, &load)?, self.get_attr(&importlib, &import)?);
        match self.call(&load, &[name.clone(), import], Kw::NONE) {
            Ok(m) => Ok(m),
            Err(e) => {
                self.remove_importlib_frames();
                Err(e)
            }
        }
    }

    /// Without a library: the modules written in Rust.
    fn load_native(&mut self, name: &Value) -> R<Value> {
        let n = name.as_::<Str>().as_str().to_owned();
        if let Some(m) = self.make_native_module(&n)? {
            self.set_imported(&n, m.clone());
            return Ok(m);
        }
        let message = match n.rsplit_once('.') {
            Some((parent, _)) if self.imported(parent).is_some() => {
                format!("No module named '{n}'; '{parent}' is not a package")
            }
            _ => format!("No module named '{n}'"),
        };
        Err(self.import_error("ModuleNotFoundError", message, name, None, None))
    }

    /// Another thread may be in the middle of importing it.
    fn wait_for_initialization(&mut self, module: &Value, name: &Value) -> R {
        let Some(importlib) = self.importlib.clone() else { return Ok(()) };
        if self.is_initializing(module)? {
            let key = self.intern("_lock_unlock_module");
            let f = self.get_attr(&importlib, &key)?;
            self.call(&f, std::slice::from_ref(name), Kw::NONE)?;
        }
        Ok(())
    }
    fn spec_of(&mut self, module: &Value) -> R<Option<Value>> {
        let key = self.intern("__spec__");
        let spec = match module.get::<Module>() {
            Some(m) => m.dict.as_::<Dict>().get_str(&key),
            None => self.get_attr_opt(module, &key)?,
        };
        Ok(spec.filter(|s| !s.is_none()))
    }
    pub fn is_initializing(&mut self, module: &Value) -> R<bool> {
        let Some(spec) = self.spec_of(module)? else { return Ok(false) };
        let key = self.intern("_initializing");
        match self.get_attr_opt(&spec, &key)? {
            Some(v) => self.truthy(&v),
            None => Ok(false),
        }
    }

    fn handle_from_list(&mut self, module: &Value, from: &Value) -> R<Value> {
        let (Some(importlib), path) = (self.importlib.clone(), self.intern("__path__")) else {
            return Ok(module.clone());
        };
        if self.get_attr_opt(module, &path)?.is_none() {
            return Ok(module.clone());
        }
        let (handle, import) = (self.intern("_handle_fromlist"), self.intern("_gcd_import"));
        let (handle, import) = (self.get_attr(&importlib, &handle)?, self.get_attr(&importlib, &import)?);
        match self.call(&handle, &[module.clone(), from.clone(), import], Kw::NONE) {
            Ok(m) => Ok(m),
            Err(e) => {
                self.remove_importlib_frames();
                Err(e)
            }
        }
    }

    /// The absolute name of a relative one.
    fn resolve_name(&mut self, name: &Value, globals: &Value, level: i64) -> R<Value> {
        let Some(g) = globals.get::<Dict>() else {
            return self.fail("KeyError", "'__name__' not in globals");
        };
        let mut get = |key: &str| {
            let key = self.intern(key);
            g.get_str(&key).filter(|v| !v.is_none())
        };
        let (package, spec) = (get("__package__"), get("__spec__"));
        let (own_name, is_package) = (get("__name__"), get("__path__").is_some());
        let parent = self.intern("parent");
        let package = match (package, spec) {
            (Some(p), _) if !p.is_kind(Kind::Str) => {
                return self.fail("TypeError", "package must be a string");
            }
            (Some(p), _) => p,
            (None, Some(spec)) => {
                let p = self.get_attr(&spec, &parent)?;
                if !p.is_kind(Kind::Str) {
                    return self.fail("TypeError", "__spec__.parent must be a string");
                }
                p
            }
            (None, None) => {
                let Some(n) = own_name else {
                    return self.fail("KeyError", "'__name__' not in globals");
                };
                let Some(n) = text(&n).map(str::to_owned) else {
                    return self.fail("TypeError", "__name__ must be a string");
                };
                let n = if is_package { &n } else { n.rsplit_once('.').map_or("", |(p, _)| p) };
                self.str(n)
            }
        };
        let package = text(&package).unwrap_or("").to_owned();
        if package.is_empty() {
            return self.fail("ImportError", "attempted relative import with no known parent package");
        }
        let mut base = &*package;
        for _ in 1..level {
            match base.rsplit_once('.') {
                Some((front, _)) => base = front,
                None => {
                    return self.fail("ImportError", "attempted relative import beyond top-level package");
                }
            }
        }
        let tail = name.as_::<Str>().as_str();
        let whole = if tail.is_empty() { base.to_owned() } else { format!("{base}.{tail}") };
        Ok(self.intern(&whole))
    }

    /// `from module import name`.
    pub fn import_from_module(&mut self, module: &Value, name: &Value) -> R<Value> {
        if let Some(v) = self.get_attr_opt_quiet(module, name)? {
            return Ok(v);
        }
        let key = self.intern("__name__");
        let package = self.get_attr_opt(module, &key)?.filter(|n| n.is_kind(Kind::Str));
        if let Some(p) = &package {
            let whole = format!("{}.{}", p.as_::<Str>().as_str(), name.as_::<Str>().as_str());
            if let Some(m) = self.find_imported(&whole)? {
                return Ok(m);
            }
        }
        Err(self.cannot_import(module, package, name))
    }
    /// Attribute or none, where AttributeError is none too.
    fn get_attr_opt_quiet(&mut self, v: &Value, name: &Value) -> R<Option<Value>> {
        match self.get_attr_opt(v, name) {
            Err(e) => {
                let pending = self.take_pending();
                if self.is_instance(&pending, self.types.exception("AttributeError")) {
                    return Ok(None);
                }
                self.set_pending(pending);
                Err(e)
            }
            found => found,
        }
    }

    /// The file that a module's spec says it came from.
    fn file_origin(&mut self, spec: &Value) -> R<Option<Value>> {
        let (has, origin) = (self.intern("has_location"), self.intern("origin"));
        match self.get_attr_opt(spec, &has)? {
            Some(v) if self.truthy(&v)? => {
                Ok(self.get_attr_opt(spec, &origin)?.filter(|o| o.is_kind(Kind::Str)))
            }
            _ => Ok(None),
        }
    }

    fn cannot_import(&mut self, module: &Value, package: Option<Value>, name: &Value) -> Exc {
        match self.cannot_import_message(module, package.as_ref(), name) {
            Ok((message, origin)) => {
                let package = package.unwrap_or_else(|| self.str("<unknown module name>"));
                self.import_error("ImportError", message, &package, origin.as_ref(), Some(name))
            }
            Err(e) => e,
        }
    }
    fn cannot_import_message(
        &mut self,
        module: &Value,
        package: Option<&Value>,
        name: &Value,
    ) -> R<(String, Option<Value>)> {
        let shown = match package {
            Some(p) => self.repr_string(p)?,
            None => "'<unknown module name>'".to_owned(),
        };
        let n = self.repr_string(name)?;
        let spec = self.spec_of(module)?;
        let mut origin = match &spec {
            Some(s) => self.file_origin(s)?,
            None => None,
        };
        if origin.is_none()
            && let Some(m) = module.get::<Module>()
        {
            let key = self.intern("__file__");
            origin = m.dict.as_::<Dict>().get_str(&key).filter(|f| f.is_kind(Kind::Str));
        }
        let Some(file) = origin.as_ref().and_then(text).map(str::to_owned) else {
            return Ok((format!("cannot import name {n} from {shown} (unknown location)"), None));
        };
        let shadowing = self.is_shadowing(&file);
        let stdlib = shadowing && package.and_then(text).is_some_and(|p| self.is_stdlib_name(p));
        let starting = self.is_initializing(module)?;
        let message = if stdlib {
            format!(
                "cannot import name {n} from {shown} (consider renaming '{file}' since it has the same name as \
                 the standard library module named {shown} and prevents importing that standard library module)"
            )
        } else if starting && shadowing {
            format!(
                "cannot import name {n} from {shown} (consider renaming '{file}' if it has the same name as a \
                 library you intended to import)"
            )
        } else if starting {
            format!(
                "cannot import name {n} from partially initialized module {shown} (most likely due to a \
                 circular import) ({file})"
            )
        } else {
            format!("cannot import name {n} from {shown} ({file})")
        };
        Ok((message, origin))
    }
    /// Does the file lie in the script's folder, before the library?
    pub fn is_shadowing(&mut self, file: &str) -> bool {
        let folder =
            file.strip_suffix("/__init__.py").unwrap_or(file).rsplit_once('/').map_or("", |(f, _)| f);
        let Some(first) = self.options.script_folder.as_deref() else { return false };
        let cwd = std::env::current_dir().map(|d| d.to_string_lossy().into_owned()).unwrap_or_default();
        !self.options.safe_path && folder == if first.is_empty() { &cwd } else { first }
    }
    pub fn is_stdlib_name(&mut self, name: &str) -> bool {
        let Some(names) = self.sys_attribute("stdlib_module_names") else { return false };
        let name = self.intern(name);
        names.is_kind(Kind::Set) && self.contains(&names, &name).unwrap_or(false)
    }

    /// ImportError with its attributes.
    pub fn import_error(
        &mut self,
        class: &str,
        message: String,
        name: &Value,
        path: Option<&Value>,
        from: Option<&Value>,
    ) -> Exc {
        let m = self.string(message);
        let e = self.make_exception(class, vec![m]);
        let fields = [("name", Some(name)), ("path", path), ("name_from", from)];
        for (key, v) in fields {
            if let Some(v) = v {
                let key = self.intern(key);
                if let Err(exc) = self.set_attr(&e, &key, v.clone()) {
                    return exc;
                }
            }
        }
        self.raise_value(e)
    }

    /// `from module import *` into the names of the running body.
    pub fn import_star(&mut self, module: &Value) -> R {
        let (all, dict, own) = (self.intern("__all__"), self.intern("__dict__"), self.intern("__name__"));
        let (names, listed) = match self.get_attr_opt_quiet(module, &all)? {
            Some(names) => (names, true),
            None => match self.get_attr_opt(module, &dict)? {
                Some(d) => {
                    let keys = self.intern("keys");
                    let keys = self.get_attr(&d, &keys)?;
                    (self.call(&keys, &[], Kw::NONE)?, false)
                }
                None => {
                    let message = "from-import-* object has no __dict__ and no __all__";
                    return self.fail("ImportError", message);
                }
            },
        };
        let target = self.current_locals()?;
        for name in self.to_vec(&names)? {
            if !name.is_kind(Kind::Str) {
                let module_name = self.get_attr(module, &own)?;
                let (m, class) = (self.str_string(&module_name)?, self.type_name(&name));
                let message = if listed {
                    format!("Item in {m}.__all__ must be str, not {class}")
                } else {
                    format!("Key in {m}.__dict__ must be str, not {class}")
                };
                return self.fail("TypeError", message);
            }
            if !listed && name.as_::<Str>().as_str().starts_with('_') {
                continue;
            }
            let v = self.get_attr(module, &name)?;
            self.set_item(&target, &name, v)?;
        }
        Ok(())
    }

    /// Takes importlib's frames out of the pending exception's traceback: all of an ImportError's, of others
    /// the runs that lead to the imported module's own code.
    fn remove_importlib_frames(&mut self) {
        let e = self.take_pending();
        let always = self.is_instance(&e, self.types.exception("ImportError"));
        let tb = e.get::<Exception>().map(|x| x.traceback.borrow().clone());
        if let Some(tb) = tb.filter(|t| t.is_kind(Kind::Traceback)) {
            let kept = trimmed(&tb, always);
            let mut next = Value::NONE;
            for t in kept.into_iter().rev() {
                next = t.as_::<Traceback>().with_next(&self.types.traceback, next);
            }
            *e.as_::<Exception>().traceback.borrow_mut() = next;
        }
        self.set_pending(e);
    }
}

/// The entries of a traceback that are to stay.
fn trimmed(tb: &Value, always: bool) -> Vec<Value> {
    let (mut kept, mut chunk): (Vec<Value>, Option<usize>) = (vec![], None);
    let mut at = tb.clone();
    while let Some(t) = at.get::<Traceback>() {
        let code = t.code.as_::<crate::code::Code>();
        let file = code.filename();
        let file = text(&file).unwrap_or("");
        let inside =
            matches!(file, "<frozen importlib._bootstrap>" | "<frozen importlib._bootstrap_external>");
        let start = match (inside, chunk) {
            (true, None) => kept.len(),
            (true, Some(start)) => start,
            (false, _) => 0,
        };
        chunk = inside.then_some(start);
        if inside && (always || text(&code.name) == Some("_call_with_frames_removed")) {
            kept.truncate(start);
        } else {
            kept.push(at.clone());
        }
        let next = t.next.borrow().clone();
        at = next;
    }
    kept
}

/// The names of a tuple or list, as Rust strings.
pub fn strings(v: &Value) -> Vec<String> {
    v.get::<Tuple>()
        .map(|t| t.as_slice().iter().filter_map(|v| text(v).map(str::to_owned)).collect())
        .unwrap_or_default()
}
