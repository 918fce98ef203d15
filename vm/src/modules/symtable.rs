//! Module `_symtable`: the compiler's scopes as objects.

use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_compiler::Mode;
use rustpython_compiler::codegen::symboltable::{CompilerScope, SymbolTable};

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("symtable", 3, 3, symtable)];

/// Where the scope of a symbol begins in its flags.
const SCOPE_OFFSET: i64 = 12;
const DEF_BOUND: i64 = 134;
const DEF_FREE_CLASS: i64 = 64;

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_symtable", FUNCTIONS);
    vm.native_class::<Entry>(&ENTRY);
    for (name, v) in [
        ("USE", 16),
        ("DEF_GLOBAL", 1),
        ("DEF_LOCAL", 2),
        ("DEF_PARAM", 4),
        ("DEF_NONLOCAL", 8),
        ("DEF_FREE_CLASS", DEF_FREE_CLASS),
        ("DEF_IMPORT", 128),
        ("DEF_ANNOT", 256),
        ("DEF_COMP_ITER", 512),
        ("DEF_TYPE_PARAM", 1024),
        ("DEF_COMP_CELL", 2048),
        ("DEF_BOUND", DEF_BOUND),
        ("TYPE_FUNCTION", 0),
        ("TYPE_CLASS", 1),
        ("TYPE_MODULE", 2),
        ("TYPE_ANNOTATION", 3),
        ("TYPE_TYPE_ALIAS", 4),
        ("TYPE_TYPE_PARAMETERS", 5),
        ("TYPE_TYPE_VARIABLE", 6),
        ("LOCAL", 1),
        ("GLOBAL_EXPLICIT", 2),
        ("GLOBAL_IMPLICIT", 3),
        ("FREE", 4),
        ("CELL", 5),
        ("SCOPE_OFF", SCOPE_OFFSET),
        ("SCOPE_MASK", 15),
    ] {
        vm.set_global(&m, name, Value::small(v));
    }
    Ok(m)
}

struct Entry {
    id: i64,
    name: Value,
    symbols: Value,
    varnames: Value,
    children: Value,
    kind: i64,
    nested: bool,
    line: i64,
}

impl Payload for Entry {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        [&self.name, &self.symbols, &self.varnames, &self.children].into_iter().for_each(visit);
    }
}

static ENTRY: ClassDef = ClassDef {
    name: "symtable entry",
    flags: NO_NEW,
    methods: &[BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let e = vm.self_::<Entry>(&a[0])?;
        let name = e.name.get::<Str>().map_or("", Str::as_str);
        let text = format!("<symtable entry {name}({}), line {}>", e.id, e.line);
        Ok(vm.string(text))
    })],
    getset: &[
        GetSet::get("id", |vm, v| Ok(Value::small(vm.self_::<Entry>(v)?.id))),
        GetSet::get("name", |vm, v| Ok(vm.self_::<Entry>(v)?.name.clone())),
        GetSet::get("symbols", |vm, v| Ok(vm.self_::<Entry>(v)?.symbols.clone())),
        GetSet::get("varnames", |vm, v| Ok(vm.self_::<Entry>(v)?.varnames.clone())),
        GetSet::get("children", |vm, v| Ok(vm.self_::<Entry>(v)?.children.clone())),
        GetSet::get("type", |vm, v| Ok(Value::small(vm.self_::<Entry>(v)?.kind))),
        GetSet::get("nested", |vm, v| Ok(Value::small(vm.self_::<Entry>(v)?.nested.into()))),
        GetSet::get("lineno", |vm, v| Ok(Value::small(vm.self_::<Entry>(v)?.line))),
    ],
    ..ClassDef::DEFAULT
};

fn symtable(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let source = match (args[0].get::<Str>(), args[0].get::<Bytes>()) {
        (Some(s), _) => s.as_str().to_owned(),
        (_, Some(b)) => String::from_utf8_lossy(b.as_slice()).into_owned(),
        _ => return vm.fail("TypeError", "symtable() arg 1 must be a string or bytes"),
    };
    let filename = args[1].get::<Str>().map_or("<string>".to_owned(), |s| s.as_str().to_owned());
    let mode = args[2].get::<Str>().map_or("", Str::as_str).to_owned();
    if !matches!(mode.as_str(), "exec" | "eval" | "single") {
        return vm.fail("ValueError", "symtable() arg 3 must be 'exec' or 'eval' or 'single'");
    }
    let mode = match mode.as_str() {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    match rustpython_compiler::compile_symtable(&source, mode, &filename) {
        Ok(t) => entry(vm, &t),
        Err(e) => {
            let file = vm.str(&filename);
            Err(vm.raise_syntax_error(&source, &file, &e, Some(crate::compile::Source::Exec), crate::compile::Settings::default()))
        }
    }
}

fn entry(vm: &mut Vm, t: &SymbolTable) -> R<Value> {
    let symbols = vm.dict();
    for (name, s) in &t.symbols {
        let key = vm.intern(name.as_str());
        let mut flags = i64::from(s.flags.bits()) | i64::from(s.scope.as_i32()) << SCOPE_OFFSET;
        // Said of names that the class binds itself.
        if flags & DEF_BOUND == 0 {
            flags &= !DEF_FREE_CLASS;
        }
        crate::modules::support::set(vm, &symbols, &key, Value::small(flags))?;
    }
    let varnames = t.varnames.iter().map(|n| vm.intern(n.as_str())).collect();
    let varnames = vm.list(varnames);
    let mut scopes: Vec<&SymbolTable> = t.sub_tables.iter().collect();
    if let Some(a) = &t.annotation_block {
        // Where its first annotation stands.
        let at = scopes.iter().position(|s| s.line_number > a.line_number).unwrap_or(scopes.len());
        scopes.insert(at, a);
    }
    let mut children = vec![];
    for sub in scopes {
        children.push(entry(vm, sub)?);
    }
    let children = vm.list(children);
    let kind = match t.typ {
        CompilerScope::Module => 2,
        CompilerScope::Class => 1,
        CompilerScope::Annotation => 3,
        CompilerScope::TypeAlias => 4,
        CompilerScope::TypeParams => 5,
        CompilerScope::TypeVariable => 6,
        _ => 0,
    };
    let name = vm.intern(t.name.as_str());
    let line = if kind == 2 { 0 } else { i64::from(t.line_number) };
    let id = vm.next_id() as i64;
    let payload = Entry { id, name, symbols, varnames, children, kind, nested: t.is_nested, line };
    let class = vm.native_class::<Entry>(&ENTRY);
    Ok(vm.new_native(&class, payload))
}
