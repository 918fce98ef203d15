//! The builtins that compile and run code, and those that show names: `compile`, `exec`, `eval`, `globals`,
//! `locals`, `vars`, `dir`, `__import__`.

use crate::code::Code;
use crate::compile::{ALL_FLAGS, FUTURE_MASK, ONLY_AST, Settings, Source};
use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kind, Kw, Module, Str, Tuple, Type};
use crate::value::Value;
use crate::vm::Vm;

pub static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("compile", 0, 6, compile),
    BuiltinDef::kw("exec", 1, 3, exec),
    BuiltinDef::kw("eval", 1, 3, eval),
    BuiltinDef::new("globals", 0, 0, |vm, _, _| Ok(vm.current_globals())),
    BuiltinDef::new("locals", 0, 0, |vm, _, _| vm.current_locals()),
    BuiltinDef::new("vars", 0, 1, |vm, a, _| {
        let Some(v) = a.first() else { return vm.current_locals() };
        let name = vm.intern("__dict__");
        match vm.get_attr_opt(v, &name)? {
            Some(d) => Ok(d),
            None => vm.fail("TypeError", "vars() argument must have __dict__ attribute"),
        }
    }),
    BuiltinDef::new("dir", 0, 1, |vm, a, _| {
        let names = match a.first() {
            Some(v) => vm.dir_of(v)?,
            None => {
                let locals = vm.current_locals()?;
                let keys = vm.intern("keys");
                let keys = vm.get_attr(&locals, &keys)?;
                let keys = vm.call(&keys, &[], Kw::NONE)?;
                vm.to_vec(&keys)?
            }
        };
        let (sorted, r) = vm.sort(names, Kw::NONE, "sort");
        r?;
        Ok(vm.list(sorted))
    }),
];

fn type_of_argument(vm: &Vm, v: &Value) -> String {
    if v.is_none() { "None".to_owned() } else { vm.type_name(v) }
}

/// A file name: str, bytes, or what has `__fspath__`; as a str.
pub fn file_name(vm: &mut Vm, v: &Value) -> R<Value> {
    if v.is_kind(Kind::Str) {
        return Ok(v.clone());
    }
    if let Some(b) = v.get::<crate::object::Bytes>() {
        return Ok(decode_path(vm, b.as_slice()));
    }
    let key = vm.intern("__fspath__");
    let found = vm.type_of(v).as_::<Type>().lookup(&key);
    if let Some(f) = found {
        let path = vm.call(&f, std::slice::from_ref(v), Kw::NONE)?;
        if path.is_kind(Kind::Str) {
            return Ok(path);
        }
        if let Some(b) = path.get::<crate::object::Bytes>() {
            return Ok(decode_path(vm, b.as_slice()));
        }
    }
    let message = format!("expected str, bytes or os.PathLike object, not {}", vm.type_name(v));
    vm.fail("TypeError", message)
}

/// Bytes of a path: UTF-8, other bytes as lone surrogates (`surrogateescape`).
pub fn decode_path(vm: &mut Vm, bytes: &[u8]) -> Value {
    let mut out = rustpython_wtf8::Wtf8Buf::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for &b in chunk.invalid() {
            if let Some(c) = rustpython_wtf8::CodePoint::from_u32(0xdc00 + u32::from(b)) {
                out.push(c);
            }
        }
    }
    vm.wtf8_buf(out)
}

const NAMES: [&str; 7] =
    ["source", "filename", "mode", "flags", "dont_inherit", "optimize", "_feature_version"];

fn compile(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("compile", kw, &NAMES)?;
    let mut given: [Option<Value>; 7] = Default::default();
    for (i, name) in NAMES.iter().enumerate() {
        given[i] = match (args.get(i), kw.get(name)) {
            (Some(_), Some(_)) => {
                let message =
                    format!("argument for compile() given by name ('{name}') and position ({})", i + 1);
                return vm.fail("TypeError", message);
            }
            (Some(v), None) | (None, Some(v)) => Some(v.clone()),
            (None, None) if i < 3 => {
                let message = format!("compile() missing required argument '{name}' (pos {})", i + 1);
                return vm.fail("TypeError", message);
            }
            _ => None,
        };
    }
    let [Some(source), Some(filename), Some(mode), flags, dont_inherit, optimize, _] = given else {
        return vm.fail("TypeError", "compile() missing required argument");
    };
    let filename = file_name(vm, &filename)?;
    let Some(mode) = mode.get::<Str>().map(|s| s.as_str().to_owned()) else {
        let message = format!("compile() argument 'mode' must be str, not {}", type_of_argument(vm, &mode));
        return vm.fail("TypeError", message);
    };
    let flags = match flags {
        Some(v) => vm.index(&v)?,
        None => 0,
    };
    let optimize = match optimize {
        Some(v) => vm.index(&v)?,
        None => -1,
    };
    let inherit = match dont_inherit {
        Some(v) => !vm.truthy(&v)?,
        None => true,
    };
    let Some(mut flags) = u32::try_from(flags).ok().filter(|f| f & !ALL_FLAGS == 0) else {
        return vm.fail("ValueError", "compile(): unrecognised flags");
    };
    let Some(optimize) = Some(optimize).filter(|o| (-1..=2).contains(o)) else {
        return vm.fail("ValueError", "compile(): invalid optimize value");
    };
    let what = match &*mode {
        "exec" => Source::Exec,
        "eval" => Source::Eval,
        "single" => Source::Single,
        "func_type" if flags & ONLY_AST == 0 => {
            return vm.fail("ValueError", "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
        }
        "func_type" => return vm.fail("NotImplementedError", "compile() mode 'func_type'"),
        _ if flags & ONLY_AST != 0 => {
            let message = "compile() mode must be 'exec', 'eval', 'single' or 'func_type'";
            return vm.fail("ValueError", message);
        }
        _ => return vm.fail("ValueError", "compile() mode must be 'exec', 'eval' or 'single'"),
    };
    if inherit {
        flags |= vm.inherited_flags();
    }
    if vm.is_node(&source)? {
        if flags & ONLY_AST != 0 {
            vm.check_tree(&source, &mode)?;
            return Ok(source);
        }
        let optimize = if optimize < 0 { vm.options.optimize } else { optimize as u8 };
        return vm.compile_tree(&source, &filename, &mode, Settings { flags, optimize });
    }
    let text = vm.source_text(&source, "compile()", "AST", &filename, flags)?;
    vm.audit("compile", |vm| vec![vm.bytes(text.as_bytes()), filename.clone()])?;
    let optimize = if optimize < 0 { vm.options.optimize } else { optimize as u8 };
    if flags & ONLY_AST != 0 {
        return vm.parse_to_tree(&text, &filename, &mode, Settings { flags, optimize });
    }
    vm.compile_text(&text, &filename, what, Settings { flags, optimize })
}

/// (globals, locals) of `exec` and `eval`, completed.
fn scopes(vm: &mut Vm, args: &[Value], kw: Kw, who: &str) -> R<(Value, Value)> {
    let get = |i: usize, name: &str| args.get(i).or(kw.get(name)).filter(|v| !v.is_none()).cloned();
    let (globals, locals) = (get(1, "globals"), get(2, "locals"));
    if let Some(l) = &locals
        && !vm.is_mapping(l)
    {
        let message = if who == "eval" {
            "locals must be a mapping".to_owned()
        } else {
            format!("locals must be a mapping or None, not {}", vm.type_name(l))
        };
        return vm.fail("TypeError", message);
    }
    if let Some(g) = &globals
        && !g.is_kind(Kind::Dict)
    {
        let message = match who {
            "eval" if vm.is_mapping(g) => {
                "globals must be a real dict; try eval(code, {}, mapping)".to_owned()
            }
            "eval" => "globals must be a dict".to_owned(),
            _ => format!("{who}() globals must be a dict, not {}", vm.type_name(g)),
        };
        return vm.fail("TypeError", message);
    }
    let (globals, locals) = match (globals, locals) {
        (Some(g), Some(l)) => (g, l),
        (Some(g), None) => (g.clone(), g),
        (None, Some(l)) => (vm.current_globals(), l),
        (None, None) => (vm.current_globals(), vm.current_locals()?),
    };
    let key = vm.intern("__builtins__");
    if globals.as_::<Dict>().get_str(&key).is_none() {
        let b = if vm.frame().code.is_null() {
            vm.builtins.clone()
        } else {
            vm.frame().function().builtins.clone()
        };
        globals.as_::<Dict>().set_str(vm, &key, b);
    }
    Ok((globals, locals))
}

fn exec(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("exec", kw, &["globals", "locals", "closure"])?;
    let (globals, locals) = scopes(vm, args, kw, "exec")?;
    let closure = kw.get("closure").filter(|v| !v.is_none()).cloned();
    if let Some(code) = args[0].get::<Code>() {
        let free = code.nfree as usize;
        let closure = match closure {
            None if free > 0 => {
                let message = format!("code object requires a closure of exactly length {free}");
                return vm.fail("TypeError", message);
            }
            None => Value::NONE,
            Some(_) if free == 0 => {
                return vm.fail("TypeError", "cannot use a closure with this code object");
            }
            Some(c) => {
                let cells = c.get::<Tuple>().map(Tuple::as_slice);
                let fits =
                    cells.is_some_and(|t| t.len() == free && t.iter().all(|v| v.is_kind(Kind::ClosureCell)));
                if !fits {
                    let message = format!("code object requires a closure of exactly length {free}");
                    return vm.fail("TypeError", message);
                }
                c
            }
        };
        vm.audit("exec", |_| vec![args[0].clone()])?;
        vm.exec_code_in(&args[0], &globals, &locals, closure)?;
        return Ok(Value::NONE);
    }
    if closure.is_some() {
        return vm.fail("TypeError", "closure can only be used when source is a code object");
    }
    run_text(vm, &args[0], "exec()", Source::Exec, &globals, &locals)?;
    Ok(Value::NONE)
}

fn eval(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("eval", kw, &["globals", "locals"])?;
    let (globals, locals) = scopes(vm, args, kw, "eval")?;
    if let Some(code) = args[0].get::<Code>() {
        if code.nfree > 0 {
            return vm.fail("TypeError", "code object passed to eval() may not contain free variables");
        }
        vm.audit("exec", |_| vec![args[0].clone()])?;
        return vm.exec_code_in(&args[0], &globals, &locals, Value::NONE);
    }
    run_text(vm, &args[0], "eval()", Source::Eval, &globals, &locals)
}

fn run_text(vm: &mut Vm, v: &Value, who: &str, what: Source, globals: &Value, names: &Value) -> R<Value> {
    let filename = vm.intern("<string>");
    let flags = vm.inherited_flags();
    let text = vm.source_text(v, who, "code", &filename, flags)?;
    vm.audit("compile", |vm| vec![vm.bytes(text.as_bytes()), filename.clone()])?;
    let text = if what == Source::Eval { text.trim_start_matches([' ', '\t']) } else { &text };
    let settings = Settings { flags, optimize: vm.options.optimize };
    let code = vm.compile_text(text, &filename, what, settings)?;
    vm.audit("exec", |_| vec![code.clone()])?;
    vm.exec_code_in(&code, globals, names, Value::NONE)
}

impl Vm {
    /// The globals of the running code; outside of any Python frame those of `__main__`.
    pub fn current_globals(&mut self) -> Value {
        if self.frame().code.is_null() {
            return self.main_module().as_::<Module>().dict.clone();
        }
        self.frame().globals().clone()
    }

    /// What `locals()` answers: the names of a module or class body, or a new dict of a function's variables.
    pub fn current_locals(&mut self) -> R<Value> {
        if self.frame().code.is_null() {
            return Ok(self.current_globals());
        }
        self.locals_here()
    }

    /// The `__future__` flags of the running code.
    fn inherited_flags(&self) -> u32 {
        if self.frame().code.is_null() { 0 } else { self.frame().code().flags & FUTURE_MASK }
    }

    pub(crate) fn is_mapping(&mut self, v: &Value) -> bool {
        let key = self.intern("__getitem__");
        v.is_kind(Kind::Dict) || self.type_of(v).as_::<Type>().lookup(&key).is_some()
    }

    /// `dir(v)`, not sorted.
    fn dir_of(&mut self, v: &Value) -> R<Vec<Value>> {
        let key = self.intern("__dir__");
        let found = self.type_of(v).as_::<Type>().lookup(&key);
        // By the class only: an attribute of that name of the object itself (or of a class) does not count.
        if let Some(f) = found {
            let names = self.call_unbound(&f, v, &[])?;
            return self.to_vec(&names);
        }
        self.default_dir(v)
    }

    /// What `object.__dir__`, `type.__dir__` and a module's answer.
    pub fn default_dir(&mut self, v: &Value) -> R<Vec<Value>> {
        let all = self.dict();
        let names = all.as_::<Dict>();
        if let Some(t) = v.get::<Type>() {
            self.names_of_class(t, names);
        } else {
            let key = self.intern("__dict__");
            if let Some(d) = self.get_attr_opt(v, &key)? {
                match d.get::<Dict>() {
                    Some(d) => {
                        for (name, _) in d.iter() {
                            names.set(self, &name, Value::NONE)?;
                        }
                    }
                    None if v.is_kind(Kind::Module) => {
                        let (kind, got) = (self.type_name(v), self.type_name(&d));
                        let message = format!("{kind}.__dict__ is not a dictionary, it is {got}");
                        return self.fail("TypeError", message);
                    }
                    None => {}
                }
            }
            if !v.is_kind(Kind::Module) {
                let class = self.type_of(v).clone();
                self.names_of_class(class.as_(), names);
            } else {
                let key = self.intern("__dir__");
                let own = v.as_::<Module>().dict.as_::<Dict>().get_str(&key);
                if let Some(f) = own {
                    let found = self.call(&f, &[], Kw::NONE)?;
                    return self.to_vec(&found);
                }
            }
        }
        Ok(names.iter().map(|(k, _)| k).collect())
    }
    fn names_of_class(&mut self, t: &Type, names: &Dict) {
        let mro = t.mro.borrow().clone();
        for class in &mro {
            for (name, _) in class.as_::<Type>().dict.as_::<Dict>().iter() {
                if name.is_kind(Kind::Str) {
                    names.set_str(self, &name, Value::NONE);
                }
            }
        }
    }
}
