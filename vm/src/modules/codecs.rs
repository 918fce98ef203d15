//! Module `_codecs`: the registry of codecs and error handlers, and the codecs written in Rust.

use crate::error::R;
use crate::object::{Builtin, BuiltinDef, Bytes, Kw, Str, Tuple};
use crate::types::number::Num;
use crate::types::text::codec::handler::{self, Handler, Replacement};
use crate::types::text::codec::{Encoding, escape, utf7};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8Buf};
use std::collections::HashMap;

/// The registry of a VM.
#[derive(Default)]
pub struct Codecs {
    search: Vec<Value>,
    /// Normalised name -> what a search function found.
    found: HashMap<String, Value>,
    handlers: HashMap<String, Value>,
    ready: bool,
}

macro_rules! encoders {
    ($($name:literal $encode:literal $encoding:expr;)*) => {
        &[$(
            BuiltinDef::new($encode, 1, 2, |vm, a, _| encode_to(vm, a, $encode, $encoding)),
            BuiltinDef::new($name, 1, 3, |vm, a, _| decode_from(vm, a, $name, $encoding)),
        )*]
    };
}

static NATIVE: &[BuiltinDef] = encoders! {
    "utf_8_decode" "utf_8_encode" Encoding::Utf8;
    "utf_16_le_decode" "utf_16_le_encode" Encoding::Utf16Le;
    "utf_16_be_decode" "utf_16_be_encode" Encoding::Utf16Be;
    "utf_32_le_decode" "utf_32_le_encode" Encoding::Utf32Le;
    "utf_32_be_decode" "utf_32_be_encode" Encoding::Utf32Be;
};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("register", 1, 1, register),
    BuiltinDef::new("unregister", 1, 1, unregister),
    BuiltinDef::new("lookup", 1, 1, |vm, a, _| {
        let name = needed_name(vm, a, "lookup")?;
        vm.codec_lookup(&name)
    }),
    BuiltinDef::kw("encode", 1, 3, |vm, a, kw| transform(vm, a, kw, "encode", 0)),
    BuiltinDef::kw("decode", 1, 3, |vm, a, kw| transform(vm, a, kw, "decode", 1)),
    BuiltinDef::new("register_error", 2, 2, register_error),
    BuiltinDef::new("_unregister_error", 1, 1, unregister_error),
    BuiltinDef::new("lookup_error", 1, 1, |vm, a, _| {
        let name = needed_name(vm, a, "lookup_error")?;
        vm.codec_error_handler(&name)
    }),
    BuiltinDef::new("utf_16_encode", 1, 3, |vm, a, _| {
        ordered(vm, a, "utf_16_encode", [Encoding::Utf16Le, Encoding::Utf16, Encoding::Utf16Be])
    }),
    BuiltinDef::new("utf_32_encode", 1, 3, |vm, a, _| {
        ordered(vm, a, "utf_32_encode", [Encoding::Utf32Le, Encoding::Utf32, Encoding::Utf32Be])
    }),
    BuiltinDef::new("utf_16_decode", 1, 3, |vm, a, _| decode_from(vm, a, "utf_16_decode", Encoding::Utf16)),
    BuiltinDef::new("utf_32_decode", 1, 3, |vm, a, _| decode_from(vm, a, "utf_32_decode", Encoding::Utf32)),
    BuiltinDef::new("utf_16_ex_decode", 1, 4, |vm, a, _| {
        decode_ex(vm, a, "utf_16_ex_decode", Encoding::Utf16)
    }),
    BuiltinDef::new("utf_32_ex_decode", 1, 4, |vm, a, _| {
        decode_ex(vm, a, "utf_32_ex_decode", Encoding::Utf32)
    }),
    BuiltinDef::new("latin_1_encode", 1, 2, |vm, a, _| encode_to(vm, a, "latin_1_encode", Encoding::Latin1)),
    BuiltinDef::new("latin_1_decode", 1, 2, |vm, a, _| {
        decode_from(vm, a, "latin_1_decode", Encoding::Latin1)
    }),
    BuiltinDef::new("ascii_encode", 1, 2, |vm, a, _| encode_to(vm, a, "ascii_encode", Encoding::Ascii)),
    BuiltinDef::new("ascii_decode", 1, 2, |vm, a, _| decode_from(vm, a, "ascii_decode", Encoding::Ascii)),
    BuiltinDef::new("utf_7_encode", 1, 2, |vm, a, _| {
        let s = text_arg(vm, a, "utf_7_encode")?;
        encoded(vm, utf7::encode(s.wtf8()), s.len())
    }),
    BuiltinDef::new("utf_7_decode", 1, 3, |vm, a, _| {
        stepped(vm, a, "utf_7_decode", "utf7", false, utf7::read)
    }),
    BuiltinDef::new("unicode_escape_encode", 1, 2, |vm, a, _| {
        let s = text_arg(vm, a, "unicode_escape_encode")?;
        encoded(vm, escape::encode_unicode(s.wtf8()), s.len())
    }),
    BuiltinDef::new("unicode_escape_decode", 1, 3, |vm, a, _| {
        stepped(vm, a, "unicode_escape_decode", "unicodeescape", true, escape::read_unicode)
    }),
    BuiltinDef::new("raw_unicode_escape_encode", 1, 2, |vm, a, _| {
        let s = text_arg(vm, a, "raw_unicode_escape_encode")?;
        encoded(vm, escape::encode_raw(s.wtf8()), s.len())
    }),
    BuiltinDef::new("raw_unicode_escape_decode", 1, 3, |vm, a, _| {
        stepped(vm, a, "raw_unicode_escape_decode", "rawunicodeescape", true, escape::read_raw)
    }),
    BuiltinDef::new("escape_encode", 1, 2, |vm, a, _| {
        let Some(b) = a[0].get::<Bytes>() else {
            let message = format!("escape_encode() argument 1 must be bytes, not {}", vm.type_name(&a[0]));
            return vm.fail("TypeError", message);
        };
        encoded(vm, escape::escape_bytes(b.as_slice()), b.len())
    }),
    BuiltinDef::new("escape_decode", 1, 2, |vm, a, _| {
        let b = data_arg(vm, a, true)?;
        let errors = errors_arg(vm, a, "escape_decode")?;
        match escape::unescape_bytes(&b, &errors) {
            Ok(out) => encoded(vm, out, b.len()),
            Err(message) => vm.fail("ValueError", message),
        }
    }),
    BuiltinDef::new("charmap_encode", 1, 3, |vm, a, _| {
        let n = text_arg(vm, a, "charmap_encode")?.len();
        let errors = errors_arg(vm, a, "charmap_encode")?;
        let out = match a.get(2).filter(|m| !m.is_none()) {
            Some(map) => vm.charmap_encode(&a[0], &errors, map)?,
            None => vm.encode_native(&a[0], Encoding::Latin1, &errors)?,
        };
        encoded(vm, out, n)
    }),
    BuiltinDef::new("charmap_decode", 1, 3, |vm, a, _| {
        let b = data_arg(vm, a, false)?;
        let errors = errors_arg(vm, a, "charmap_decode")?;
        let (text, n) = match a.get(2).filter(|m| !m.is_none()) {
            Some(map) => vm.charmap_decode(&b, &errors, map)?,
            None => vm.decode_native(&b, Encoding::Latin1, &errors, true)?,
        };
        decoded(vm, text, n)
    }),
    BuiltinDef::new("charmap_build", 1, 1, charmap_build),
    BuiltinDef::new("readbuffer_encode", 1, 2, |vm, a, _| {
        let b = data_arg(vm, a, true)?.to_vec();
        let n = b.len();
        encoded(vm, b, n)
    }),
];

static HANDLERS: &[BuiltinDef] = &[
    BuiltinDef::new("strict_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::Strict)),
    BuiltinDef::new("ignore_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::Ignore)),
    BuiltinDef::new("replace_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::Replace)),
    BuiltinDef::new("backslashreplace_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::Backslash)),
    BuiltinDef::new("xmlcharrefreplace_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::XmlCharRef)),
    BuiltinDef::new("namereplace_errors", 1, 1, |vm, a, _| handle(vm, a, Handler::NameReplace)),
    BuiltinDef::new("surrogateescape", 1, 1, |vm, a, _| handle(vm, a, Handler::SurrogateEscape)),
    BuiltinDef::new("surrogatepass", 1, 1, |vm, a, _| handle(vm, a, Handler::SurrogatePass)),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_codecs", FUNCTIONS);
    vm.add_functions(&m, NATIVE);
    Ok(m)
}

impl Vm {
    fn ready_codecs(&mut self) -> R {
        if !self.codecs.ready {
            self.codecs.ready = true;
            // It registers the search function of the standard library.
            if let Err(e) = self.import_module("encodings") {
                let missing = self
                    .pending
                    .as_ref()
                    .is_some_and(|p| self.is_instance(p, self.types.exception("ImportError")));
                if !missing {
                    return Err(e);
                }
                drop(self.take_pending());
            }
        }
        Ok(())
    }
    /// The registry's entry for an encoding.
    pub(crate) fn codec_lookup(&mut self, encoding: &str) -> R<Value> {
        self.ready_codecs()?;
        // Spaces count as hyphens, letters as small ones.
        let key: String =
            encoding.chars().map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        if let Some(v) = self.codecs.found.get(&key) {
            return Ok(v.clone());
        }
        let search = self.codecs.search.clone();
        let name = self.str(&key);
        for f in &search {
            let v = self.call(f, std::slice::from_ref(&name), Kw::NONE)?;
            if v.is_none() {
                continue;
            }
            if v.get::<Tuple>().is_none_or(|t| t.as_slice().len() != 4) {
                return self.fail("TypeError", "codec search functions must return 4-tuples");
            }
            self.codecs.found.insert(key, v.clone());
            return Ok(v);
        }
        self.fail("LookupError", format!("unknown encoding: {encoding}"))
    }
    pub(crate) fn codec_error_handler(&mut self, name: &str) -> R<Value> {
        if let Some(f) = self.codecs.handlers.get(name) {
            return Ok(f.clone());
        }
        let Some(i) = Handler::ALL.iter().position(|(n, _)| *n == name) else {
            return Err(self.unknown_error_handler(name));
        };
        let ty = self.types.builtin_function.clone();
        let f = Builtin::new(&ty, &HANDLERS[i], Value::NULL, Value::NULL, Value::NULL);
        self.codecs.handlers.insert(name.into(), f.clone());
        Ok(f)
    }
}

fn needed_name(vm: &mut Vm, args: &[Value], who: &str) -> R<String> {
    match args[0].get::<Str>() {
        Some(_) => Ok(vm.codec_name(who, "encoding", Some(&args[0]))?.unwrap_or_default()),
        None => {
            let message = format!("{who}() argument must be str, not {}", vm.type_name(&args[0]));
            vm.fail("TypeError", message)
        }
    }
}

fn register(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !vm.is_callable(&args[0]) {
        return vm.fail("TypeError", "argument must be callable");
    }
    vm.codecs.search.push(args[0].clone());
    Ok(Value::NONE)
}
fn unregister(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if let Some(i) = vm.codecs.search.iter().position(|f| f.is(&args[0])) {
        let gone = (vm.codecs.search.remove(i), std::mem::take(&mut vm.codecs.found));
        drop(gone);
    }
    Ok(Value::NONE)
}
fn register_error(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(name) = args[0].get::<Str>() else {
        let message = format!("register_error() argument 1 must be str, not {}", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    if !vm.is_callable(&args[1]) {
        return vm.fail("TypeError", "handler must be callable");
    }
    let old = vm.codecs.handlers.insert(name.as_str().into(), args[1].clone());
    drop(old);
    Ok(Value::NONE)
}
fn unregister_error(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let name = needed_name(vm, args, "_unregister_error")?;
    if Handler::by_name(&name).is_some() {
        let message = format!("cannot un-register built-in error handler '{name}'");
        return vm.fail("ValueError", message);
    }
    Ok(Value::bool(vm.codecs.handlers.remove(&name).is_some()))
}

/// `codecs.encode` and `codecs.decode`: any codec, text or not.
fn transform(vm: &mut Vm, args: &[Value], kw: Kw, who: &str, which: usize) -> R<Value> {
    vm.only_keywords(who, kw, &["encoding", "errors"])?;
    let encoding = vm.codec_name(who, "encoding", args.get(1).or(kw.get("encoding")))?;
    let errors = vm.codec_name(who, "errors", args.get(2).or(kw.get("errors")))?;
    let encoding = encoding.as_deref().unwrap_or("utf-8");
    let info = vm.codec_lookup(encoding)?;
    vm.call_codec(&info, &args[0], encoding, errors.as_deref(), which)
}

fn text_arg<'a>(vm: &mut Vm, args: &'a [Value], who: &str) -> R<&'a Str> {
    match args[0].get::<Str>() {
        Some(s) => Ok(s),
        None => {
            let message = format!("{who}() argument 1 must be str, not {}", vm.type_name(&args[0]));
            vm.fail("TypeError", message)
        }
    }
}
fn data_arg(vm: &mut Vm, args: &[Value], text_too: bool) -> R<crate::types::buffer::Held> {
    match args[0].get::<Str>() {
        Some(s) if text_too => Ok(crate::types::buffer::Held::Copy(s.bytes().to_vec())),
        _ => vm.need_bytes(&args[0]),
    }
}
fn errors_arg(vm: &mut Vm, args: &[Value], who: &str) -> R<String> {
    match args.get(1).filter(|v| !v.is_none()) {
        None => Ok("strict".into()),
        Some(v) => match v.get::<Str>() {
            Some(s) => Ok(s.as_str().to_owned()),
            None => {
                let message = format!("{who}() argument 2 must be str or None, not {}", vm.type_name(v));
                vm.fail("TypeError", message)
            }
        },
    }
}
fn last_arg(vm: &mut Vm, args: &[Value], default: bool) -> R<bool> {
    args.get(2).map_or(Ok(default), |v| vm.truthy(v))
}
fn encoded(vm: &mut Vm, out: Vec<u8>, n: usize) -> R<Value> {
    let out = vm.byte_vec(out);
    Ok(vm.tuple(vec![out, Value::small(n as i64)]))
}
fn decoded(vm: &mut Vm, text: Wtf8Buf, n: usize) -> R<Value> {
    let text = vm.wtf8_buf(text);
    Ok(vm.tuple(vec![text, Value::small(n as i64)]))
}

fn encode_to(vm: &mut Vm, args: &[Value], who: &str, encoding: Encoding) -> R<Value> {
    let n = text_arg(vm, args, who)?.len();
    let errors = errors_arg(vm, args, who)?;
    let out = vm.encode_native(&args[0], encoding, &errors)?;
    encoded(vm, out, n)
}
/// With the order of bytes as third argument: -1, 0 or 1.
fn ordered(vm: &mut Vm, args: &[Value], who: &str, by_order: [Encoding; 3]) -> R<Value> {
    let order = args.get(2).map_or(Ok(0), |v| vm.c_int(v))?;
    encode_to(vm, &args[..args.len().min(2)], who, by_order[(order.signum() + 1) as usize])
}
fn decode_from(vm: &mut Vm, args: &[Value], who: &str, encoding: Encoding) -> R<Value> {
    let b = data_arg(vm, args, false)?;
    let errors = errors_arg(vm, args, who)?;
    let last = last_arg(vm, args, matches!(encoding, Encoding::Latin1 | Encoding::Ascii))?;
    let (text, n) = vm.decode_native(&b, encoding, &errors, last)?;
    decoded(vm, text, n)
}
/// Answers the order of bytes, too.
fn decode_ex(vm: &mut Vm, args: &[Value], who: &str, encoding: Encoding) -> R<Value> {
    let b = data_arg(vm, args, false)?;
    let errors = errors_arg(vm, args, who)?;
    let order = args.get(2).map_or(Ok(0), |v| vm.c_int(v))?;
    let last = args.get(3).map_or(Ok(false), |v| vm.truthy(v))?;
    let wide = encoding == Encoding::Utf32;
    let (encoding, order) = match order {
        ..0 if wide => (Encoding::Utf32Le, -1),
        ..0 => (Encoding::Utf16Le, -1),
        1.. if wide => (Encoding::Utf32Be, 1),
        1.. => (Encoding::Utf16Be, 1),
        0 => match encoding.order(&b, last) {
            (Encoding::Utf16Le | Encoding::Utf32Le, 1..) => (encoding, -1),
            (Encoding::Utf16Be | Encoding::Utf32Be, 1..) => (encoding, 1),
            _ => (encoding, 0),
        },
    };
    let (text, n) = vm.decode_native(&b, encoding, &errors, last)?;
    let text = vm.wtf8_buf(text);
    Ok(vm.tuple(vec![text, Value::small(n as i64), Value::small(order)]))
}
fn stepped(
    vm: &mut Vm,
    args: &[Value],
    who: &str,
    name: &str,
    text_too: bool,
    step: fn(&[u8], &mut usize, &mut Wtf8Buf, bool) -> Option<crate::types::text::codec::Bad>,
) -> R<Value> {
    let b = data_arg(vm, args, text_too)?;
    let errors = errors_arg(vm, args, who)?;
    let last = last_arg(vm, args, text_too)?;
    let (text, n) = vm.decode_with(&b, name, &errors, &mut |_, b, at, out| Ok(step(b, at, out, last)))?;
    decoded(vm, text, n)
}

/// A table for `charmap_encode` from one for decoding.
fn charmap_build(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(map) = args[0].get::<Str>() else {
        let message = format!("charmap_build() argument must be str, not {}", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    let d = vm.dict();
    for (i, c) in map.code_points().enumerate().take(256) {
        if c.to_u32() != 0xfffe {
            vm.dict_set(d.as_(), &Value::small(c.to_u32() as i64), Value::small(i as i64))?;
        }
    }
    Ok(d)
}

/// A native error handler called with an exception.
fn handle(vm: &mut Vm, args: &[Value], handler: Handler) -> R<Value> {
    let e = &args[0];
    let of = |vm: &Vm, class: &str| vm.is_instance(e, vm.types.exception(class));
    if handler == Handler::Strict {
        if of(vm, "Exception") {
            return Err(vm.raise_value(e.clone()));
        }
        return vm.fail("TypeError", "codec must pass exception instance");
    }
    let (encode, decode) = (of(vm, "UnicodeEncodeError"), of(vm, "UnicodeDecodeError"));
    let translate = of(vm, "UnicodeTranslateError");
    let known = match handler {
        Handler::XmlCharRef | Handler::NameReplace => encode,
        Handler::SurrogateEscape | Handler::SurrogatePass => encode || decode,
        _ => encode || decode || translate,
    };
    if !known {
        let message = format!("don't know how to handle {} in error callback", vm.type_name(e));
        return vm.fail("TypeError", message);
    }
    let mut field = |name: &str| -> R<Value> {
        let key = vm.intern(name);
        vm.get_attr(e, &key)
    };
    let (object, start, end) = (field("object")?, field("start")?, field("end")?);
    let encoding = if translate { Value::NONE } else { field("encoding")? };
    let encoding = encoding.get::<Str>().map_or(String::new(), |s| s.as_str().to_owned());
    let place = |v: &Value| Num::int_of(v).map_or(0, Num::clamp_i64).max(0) as usize;
    let (start, end) = (place(&start), place(&end));
    if decode {
        let Some(b) = object.get::<Bytes>() else {
            return vm.fail("TypeError", "UnicodeError 'object' attribute must be a bytes");
        };
        let len = b.len();
        let start = start.min(len.saturating_sub(1));
        let end = end.clamp(len.min(1), len).max(start);
        return match handler::on_decode(handler, b.as_slice(), start, end, &encoding) {
            Some((text, next)) => decoded(vm, text, next),
            None => Err(vm.raise_value(e.clone())),
        };
    }
    let Some(s) = object.get::<Str>() else {
        return vm.fail("TypeError", "UnicodeError 'object' attribute must be a string");
    };
    let len = s.len();
    let start = start.min(len.saturating_sub(1));
    let end = end.clamp(len.min(1), len).max(start);
    let bad: Vec<CodePoint> = s.slice(start, end).code_points().collect();
    if translate && handler == Handler::Replace {
        let text = bad.iter().map(|_| char::REPLACEMENT_CHARACTER).collect::<String>();
        return decoded(vm, text.into(), end);
    }
    match handler::on_encode(handler, &bad, &encoding) {
        Some((Replacement::Text(t), n)) => decoded(vm, t, start + n),
        Some((Replacement::Bytes(b), n)) if n == bad.len() => encoded(vm, b, start + n),
        _ => Err(vm.raise_value(e.clone())),
    }
}
