//! Module `_imp`: what importlib asks of the interpreter; and the library in the binary.

use crate::code::Code;
use crate::error::R;
use crate::import::library::{ROOT, frozen_names, frozen_path};
use crate::object::{BuiltinDef, Bytes, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

/// What `.pyc` files begin with; the last two bytes are CR LF. Of CPython 3.14: the bytecode is the same.
const MAGIC: i64 = 3627 | 0x0d << 16 | 0x0a << 24;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("acquire_lock", 0, 0, |vm, _, _| {
        vm.import_lock += 1;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("release_lock", 0, 0, |vm, _, _| match vm.import_lock {
        0 => vm.fail("RuntimeError", "not holding the import lock"),
        n => {
            vm.import_lock = n - 1;
            Ok(Value::NONE)
        }
    }),
    BuiltinDef::new("lock_held", 0, 0, |vm, _, _| Ok(Value::bool(vm.import_lock > 0))),
    BuiltinDef::new("is_builtin", 1, 1, |vm, a, _| {
        let name = text(vm, &a[0], "is_builtin")?;
        // -1: there, but it cannot be made again.
        Ok(Value::small(match &*name {
            "sys" | "builtins" => -1,
            _ => vm.is_native_module(&name) as i64,
        }))
    }),
    BuiltinDef::new("create_builtin", 1, 1, create_builtin),
    BuiltinDef::new("exec_builtin", 1, 1, |_, _, _| Ok(Value::small(0))),
    BuiltinDef::new("create_dynamic", 1, 2, |vm, _, _| {
        vm.fail("ImportError", "extension modules are not supported")
    }),
    BuiltinDef::new("exec_dynamic", 1, 1, |vm, _, _| {
        vm.fail("ImportError", "extension modules are not supported")
    }),
    BuiltinDef::new("extension_suffixes", 0, 0, |vm, _, _| Ok(vm.list(vec![]))),
    BuiltinDef::new("is_frozen", 1, 1, |vm, a, _| {
        let name = text(vm, &a[0], "is_frozen")?;
        Ok(Value::bool(frozen(vm, &name).is_some()))
    }),
    BuiltinDef::new("is_frozen_package", 1, 1, |vm, a, _| {
        let name = text(vm, &a[0], "is_frozen_package")?;
        match frozen(vm, &name) {
            Some(path) => Ok(Value::bool(path.ends_with("/__init__.py"))),
            None => no_frozen(vm, &name),
        }
    }),
    BuiltinDef::kw("find_frozen", 1, 1, find_frozen),
    BuiltinDef::new("get_frozen_object", 1, 2, |vm, a, _| {
        let name = text(vm, &a[0], "get_frozen_object")?;
        if let Some(data) = a.get(1).and_then(Value::get::<Bytes>) {
            let bytes = data.as_slice().to_vec();
            return vm.unmarshal(&bytes, true, false).map(|(v, _)| v);
        }
        match vm.frozen_code(&name)? {
            Some(code) => Ok(code),
            None => no_frozen(vm, &name),
        }
    }),
    BuiltinDef::new("init_frozen", 1, 1, |vm, a, _| {
        let name = text(vm, &a[0], "init_frozen")?;
        let Some(code) = vm.frozen_code(&name)? else { return Ok(Value::NONE) };
        let module = vm.module(&name);
        vm.set_imported(&name, module.clone());
        let globals = module.as_::<crate::object::Module>().dict.clone();
        vm.exec_code(&code, &globals)?;
        Ok(module)
    }),
    BuiltinDef::new("_frozen_module_names", 0, 0, |vm, _, _| {
        let outside = vm.options.lib_dir.is_some();
        let names: Vec<Value> = frozen_names(outside).map(|n| vm.intern(n)).collect();
        Ok(vm.list(names))
    }),
    BuiltinDef::new("_override_frozen_modules_for_tests", 1, 1, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("_override_multi_interp_extensions_check", 1, 1, |_, _, _| Ok(Value::small(0))),
    BuiltinDef::new("_fix_co_filename", 2, 2, |vm, a, _| {
        if a[0].get::<Code>().is_none() {
            let message = format!("_fix_co_filename() argument 1 must be code, not {}", vm.type_name(&a[0]));
            return vm.fail("TypeError", message);
        }
        text(vm, &a[1], "_fix_co_filename")?;
        fix_filename(a[0].as_(), &a[1]);
        Ok(Value::NONE)
    }),
    BuiltinDef::kw("source_hash", 0, 2, source_hash),
    // ---- the library in the binary
    BuiltinDef::new("_library_has", 1, 1, |vm, a, _| {
        let path = text(vm, &a[0], "_library_has")?;
        let library = vm.options.library;
        Ok(Value::bool(library.is_some_and(|l| (l.has)(&path))))
    }),
    BuiltinDef::new("_library_code", 1, 1, |vm, a, _| {
        let path = text(vm, &a[0], "_library_code")?;
        Ok(vm.library_code(&path)?.unwrap_or(Value::NONE))
    }),
    BuiltinDef::new("_library_data", 1, 1, |vm, a, _| {
        let path = text(vm, &a[0], "_library_data")?;
        match vm.options.library.and_then(|l| (l.data)(&path)) {
            Some(data) => Ok(vm.byte_vec(data)),
            None => Ok(Value::NONE),
        }
    }),
    BuiltinDef::new("_library_list", 1, 1, library_list),
    BuiltinDef::new("_frozen_path", 1, 1, |vm, a, _| {
        let name = text(vm, &a[0], "_frozen_path")?;
        match frozen(vm, &name) {
            Some(path) => Ok(vm.str(path)),
            None => Ok(Value::NONE),
        }
    }),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_imp", FUNCTIONS);
    let root = vm.intern(ROOT);
    vm.set_global(&m, "_library_root", root);
    let check = vm.intern("default");
    vm.set_global(&m, "check_hash_based_pycs", check);
    vm.set_global(&m, "pyc_magic_number_token", Value::small(MAGIC));
    Ok(m)
}

fn text(vm: &mut Vm, v: &Value, who: &str) -> R<String> {
    match v.get::<Str>() {
        Some(s) => Ok(s.as_str().to_owned()),
        None => {
            let message = format!("{who}() argument must be str, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}

/// Where a frozen module's code is.
fn frozen(vm: &Vm, name: &str) -> Option<&'static str> {
    let path = frozen_path(name, vm.options.lib_dir.is_some())?;
    vm.options.library.filter(|l| (l.has)(path)).map(|_| path)
}
fn no_frozen<T>(vm: &mut Vm, name: &str) -> R<T> {
    let n = vm.intern(name);
    Err(vm.import_error("ImportError", format!("No such frozen object named {name}"), &n, None, None))
}

fn create_builtin(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let key = vm.intern("name");
    let name = vm.get_attr(&args[0], &key)?;
    let name = text(vm, &name, "create_builtin")?;
    // These two are there once and for all.
    if matches!(&*name, "sys" | "builtins")
        && let Some(m) = vm.imported(&name)
    {
        return Ok(m);
    }
    Ok(vm.make_native_module(&name)?.unwrap_or(Value::NONE))
}

/// (data or None, is it a package, original name), or None.
fn find_frozen(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("find_frozen", kw, &["withdata"])?;
    let name = text(vm, &args[0], "find_frozen")?;
    let Some(path) = frozen(vm, &name) else { return Ok(Value::NONE) };
    let data = match kw.get("withdata") {
        Some(v) if vm.truthy(v)? => match vm.options.library.and_then(|l| (l.code)(path)) {
            Some(code) => vm.bytes(code),
            None => Value::NONE,
        },
        _ => Value::NONE,
    };
    let original = match &*name {
        "_frozen_importlib" => "importlib._bootstrap",
        "_frozen_importlib_external" => "importlib._bootstrap_external",
        n => n,
    };
    let original = vm.intern(original);
    Ok(vm.tuple(vec![data, Value::bool(path.ends_with("/__init__.py")), original]))
}

/// The names in a folder of the library.
fn library_list(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let folder = text(vm, &args[0], "_library_list")?;
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let paths = vm.options.library.map_or(vec![], |l| (l.paths)(&prefix));
    let mut names: Vec<&str> =
        paths.iter().filter_map(|p| p[prefix.len()..].split('/').next()).filter(|n| !n.is_empty()).collect();
    names.dedup();
    let names: Vec<Value> = names.into_iter().map(|n| vm.str(n)).collect();
    Ok(vm.list(names))
}

/// Gives a code object and those inside it another file name, where they have the same one.
fn fix_filename(code: &Code, name: &Value) {
    let old = code.filename();
    code.set_filename(&old, name);
}

fn source_hash(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("source_hash", kw, &["key", "source"])?;
    let (Some(key), Some(source)) = (args.first().or(kw.get("key")), args.get(1).or(kw.get("source"))) else {
        return vm.fail("TypeError", "source_hash() missing required argument 'source' (pos 2)");
    };
    let key = vm.index(key)? as u64;
    let Some(source) = source.get::<Bytes>() else {
        return vm.fail("TypeError", "a bytes-like object is required");
    };
    let h = siphash13(key, 0, source.as_slice());
    Ok(vm.bytes(&h.to_le_bytes()))
}

/// SipHash with one compression and three finalisation rounds.
fn siphash13(k0: u64, k1: u64, data: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[2] = v[2].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[1]);
        v[0] = v[0].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].rotate_left(32);
    };
    let chunks = data.chunks_exact(8);
    let mut last = (data.len() as u64) << 56;
    for (i, &b) in chunks.remainder().iter().enumerate() {
        last |= u64::from(b) << (8 * i);
    }
    for c in chunks {
        let m = u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]);
        v[3] ^= m;
        round(&mut v);
        v[0] ^= m;
    }
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}
