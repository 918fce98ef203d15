//! `open`, `open_code`, `text_encoding`.

use super::text::{self, Settings};
use super::{Class, DEFAULT_BUFFER_SIZE, buffered, file};
use crate::error::R;
use crate::object::{Kind, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

/// The path that a str, bytes or os.PathLike object stands for.
pub fn fspath(vm: &mut Vm, v: &Value) -> R<Value> {
    if v.is_kind(Kind::Str) || v.is_kind(Kind::Bytes) {
        return Ok(v.clone());
    }
    let class = vm.type_of(v).clone();
    let found = match vm.get_attr_str_opt(&class, "__fspath__")? {
        Some(_) => vm.call_method(v, "__fspath__", &[])?,
        None => {
            let message = format!("expected str, bytes or os.PathLike object, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    };
    if found.is_kind(Kind::Str) || found.is_kind(Kind::Bytes) {
        return Ok(found);
    }
    let message = format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        vm.type_name(v),
        vm.type_name(&found)
    );
    vm.fail("TypeError", message)
}

fn text_arg(vm: &mut Vm, who: &str, name: &str, v: Option<&Value>) -> R<Option<String>> {
    match v {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => match v.get::<Str>() {
            Some(s) if s.as_str().contains('\0') => vm.fail("ValueError", "embedded null character"),
            Some(s) => Ok(Some(s.as_str().to_owned())),
            None => {
                let message =
                    format!("{who}() argument '{name}' must be str or None, not {}", vm.type_name(v));
                vm.fail("TypeError", message)
            }
        },
    }
}

#[derive(Default)]
struct Parsed {
    main: Option<char>,
    plus: bool,
    text: bool,
    binary: bool,
}

fn parse(vm: &mut Vm, mode: &str) -> R<Parsed> {
    let mut p = Parsed::default();
    let mut mains = 0;
    let mut seen = String::new();
    for c in mode.chars() {
        match c {
            _ if seen.contains(c) => return vm.fail("ValueError", format!("invalid mode: '{mode}'")),
            'x' | 'r' | 'w' | 'a' => {
                mains += 1;
                p.main = Some(c);
            }
            '+' => p.plus = true,
            't' => p.text = true,
            'b' => p.binary = true,
            _ => return vm.fail("ValueError", format!("invalid mode: '{mode}'")),
        }
        seen.push(c);
    }
    if p.text && p.binary {
        return vm.fail("ValueError", "can't have text and binary mode at once");
    }
    if mains != 1 {
        return vm.fail("ValueError", "must have exactly one of create/read/write/append mode");
    }
    Ok(p)
}

pub fn open(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = ["file", "mode", "buffering", "encoding", "errors", "newline", "closefd", "opener"];
    let [path, mode, buffering, encoding, errors, newline, closefd, opener] =
        vm.bind_args("open", names, 0, 1, a, kw)?;
    let path = path.unwrap_or(Value::NONE);
    let mode = match &mode {
        None => "r".to_owned(),
        Some(m) => match m.get::<Str>() {
            Some(s) => s.as_str().to_owned(),
            None => {
                let message = format!("open() argument 'mode' must be str, not {}", vm.type_name(m));
                return vm.fail("TypeError", message);
            }
        },
    };
    let mut buffering = buffering.map_or(Ok(-1), |n| vm.index(&n))?;
    let encoding = text_arg(vm, "open", "encoding", encoding.as_ref())?;
    let errors = text_arg(vm, "open", "errors", errors.as_ref())?;
    let has_newline = text_arg(vm, "open", "newline", newline.as_ref())?.is_some();
    let closefd = closefd.map_or(Ok(true), |v| vm.truthy(&v))?;
    let path = if super::has_index(vm, &path) { path } else { fspath(vm, &path)? };
    let p = parse(vm, &mode)?;
    if p.binary {
        let given =
            [(encoding.is_some(), "n encoding"), (errors.is_some(), "n errors"), (has_newline, " newline")];
        if let Some((_, what)) = given.iter().find(|g| g.0) {
            return vm.fail("ValueError", format!("binary mode doesn't take a{what} argument"));
        }
        if buffering == 1 {
            let message = "line buffering (buffering=1) isn't supported in binary mode, the default buffer \
                           size will be used";
            file::warn(vm, "RuntimeWarning", message)?;
            buffering = -1;
        }
    }
    let raw_mode: String = p.main.into_iter().chain(p.plus.then_some('+')).collect();
    let raw = file::new(vm, &path, &raw_mode, closefd, opener.filter(|o| !o.is_none()).as_ref())?;
    let mut result = raw.clone();
    let r = layers(vm, &mut result, &raw, &p, &mode, buffering, encoding, errors, newline.as_ref());
    if let Err(e) = r {
        let error = vm.take_pending();
        let closed = vm.call_method(&result, "close", &[]).map(drop);
        drop(super::error_of(vm, closed));
        vm.set_pending(error);
        return Err(e);
    }
    Ok(result)
}

/// Puts the layers asked for over a raw file. `result`: what there is so far.
#[allow(clippy::too_many_arguments)]
fn layers(
    vm: &mut Vm,
    result: &mut Value,
    raw: &Value,
    p: &Parsed,
    mode: &str,
    buffering: i64,
    encoding: Option<String>,
    errors: Option<String>,
    newline: Option<&Value>,
) -> R {
    let f = vm.self_::<file::FileIo>(raw)?;
    let terminal = buffering < 0 && file::is_terminal(f);
    let line_buffering = buffering == 1 || terminal;
    let size = match buffering {
        n if n < -1 => return vm.fail("ValueError", "invalid buffering size"),
        -1 | 1 => f.blksize().clamp(DEFAULT_BUFFER_SIZE as i64, 8 << 20),
        n => n,
    };
    if size == 0 {
        if !p.binary {
            return vm.fail("ValueError", "can't have unbuffered text I/O");
        }
        return Ok(());
    }
    let which = match (p.plus, p.main) {
        (true, _) => Class::Random,
        (_, Some('r')) => Class::Reader,
        _ => Class::Writer,
    };
    *result = buffered::new(vm, which, raw, size)?;
    if p.binary {
        return Ok(());
    }
    let settings = Settings { encoding, errors, newline, line_buffering, write_through: false };
    *result = text::new(vm, result, settings)?;
    let (key, mode) = (vm.intern("mode"), vm.str(mode));
    vm.set_attr(result, &key, mode)
}

pub fn open_code(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("open_code", ["path"], 0, 1, a, kw)?;
    let path = path.unwrap_or(Value::NONE);
    if !path.is_kind(Kind::Str) {
        let message = format!("open_code() argument 'path' must be str, not {}", vm.type_name(&path));
        return vm.fail("TypeError", message);
    }
    let mode = vm.str("rb");
    open(vm, &[path, mode], Kw::NONE)
}

pub fn text_encoding(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    if a[0].is_none() { Ok(vm.intern("locale")) } else { Ok(a[0].clone()) }
}
