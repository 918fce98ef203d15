//! Writing: `make_encoder`, and the quoting of strings.
//!
//! The text is built as bytes of generalised UTF-8: whatever goes in came out of a str or is ASCII.

use crate::error::R;
use crate::modules::itertools::payload;
use crate::object::{BuiltinDef, Dict, Kind, Kw, List, Str, Tuple};
use crate::types::native::{ClassDef, GetSet};
use crate::types::number::{Num, float_repr, int_digits};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::Wtf8Buf;

pub struct Encoder {
    /// A dict of the containers under way, or None: no test for cycles.
    markers: Value,
    default: Value,
    encoder: Value,
    indent: Value,
    key_separator: Value,
    item_separator: Value,
    sort_keys: bool,
    skip_keys: bool,
    allow_nan: bool,
    /// How strings are quoted: by ourselves, ASCII only or not; or by `encoder`.
    quoting: Quoting,
}
payload!(Encoder; slots: ; vecs: ; values: markers, default, encoder, indent, key_separator, item_separator);

#[derive(Clone, Copy, PartialEq)]
enum Quoting {
    Ascii,
    Unicode,
    Call,
}

pub static ENCODER: ClassDef = ClassDef {
    name: "_json.Encoder",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_encoder),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            let names = ["obj", "_current_indent_level"];
            let [obj, level] = vm.bind_args("make_encoder", names, 0, 2, &a[1..], kw)?;
            let this = vm.self_::<Encoder>(&a[0])?;
            let level = vm.index(&level.unwrap_or(Value::NONE))?.max(0) as usize;
            let mut w = Writer { e: this, out: vec![], newline: None };
            if let Some(s) = this.indent.get::<Str>() {
                w.newline = Some(s.bytes().to_vec());
            }
            w.value(vm, &obj.unwrap_or(Value::NONE), level)?;
            let text = text(vm, w.out);
            Ok(vm.tuple(vec![text]))
        }),
    ],
    getset: &[
        GetSet::get("markers", |vm, v| Ok(vm.self_::<Encoder>(v)?.markers.clone())),
        GetSet::get("default", |vm, v| Ok(vm.self_::<Encoder>(v)?.default.clone())),
        GetSet::get("encoder", |vm, v| Ok(vm.self_::<Encoder>(v)?.encoder.clone())),
        GetSet::get("indent", |vm, v| Ok(vm.self_::<Encoder>(v)?.indent.clone())),
        GetSet::get("key_separator", |vm, v| Ok(vm.self_::<Encoder>(v)?.key_separator.clone())),
        GetSet::get("item_separator", |vm, v| Ok(vm.self_::<Encoder>(v)?.item_separator.clone())),
        GetSet::get("sort_keys", |vm, v| Ok(Value::bool(vm.self_::<Encoder>(v)?.sort_keys))),
        GetSet::get("skipkeys", |vm, v| Ok(Value::bool(vm.self_::<Encoder>(v)?.skip_keys))),
    ],
    doc: Some(
        "Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
    ),
    ..ClassDef::DEFAULT
};

fn new_encoder(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = [
        "markers",
        "default",
        "encoder",
        "indent",
        "key_separator",
        "item_separator",
        "sort_keys",
        "skipkeys",
        "allow_nan",
    ];
    let all = vm.bind_args("make_encoder", names, 0, 9, &a[1..], kw)?;
    let [markers, default, encoder, indent, key, item, sort, skip, nan] =
        all.map(|v| v.unwrap_or(Value::NONE));
    if !markers.is_none() && !markers.is_kind(Kind::Dict) {
        let message =
            format!("make_encoder() argument 1 must be dict or None, not {}", vm.type_name(&markers));
        return vm.fail("TypeError", message);
    }
    for (i, v) in [(5, &key), (6, &item)] {
        if !v.is_kind(Kind::Str) {
            let message = format!("make_encoder() argument {i} must be str, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    let (sort_keys, skip_keys, allow_nan) = (vm.truthy(&sort)?, vm.truthy(&skip)?, vm.truthy(&nan)?);
    let own = |vm: &mut Vm, name: &str| -> R<bool> {
        let module = vm.import_module("_json")?;
        Ok(vm.get_attr_str(&module, name)?.is(&encoder))
    };
    let quoting = if own(vm, "encode_basestring_ascii")? {
        Quoting::Ascii
    } else if own(vm, "encode_basestring")? {
        Quoting::Unicode
    } else {
        Quoting::Call
    };
    let this = Encoder {
        markers,
        default,
        encoder,
        indent,
        key_separator: key,
        item_separator: item,
        sort_keys,
        skip_keys,
        allow_nan,
        quoting,
    };
    Ok(vm.new_native(&a[0], this))
}

/// The str of bytes that are generalised UTF-8.
pub fn text(vm: &mut Vm, out: Vec<u8>) -> Value {
    match String::from_utf8(out) {
        Ok(s) => vm.string(s),
        Err(e) => {
            // Lone surrogates.
            let mut buf = Wtf8Buf::new();
            let bytes = e.into_bytes();
            let mut i = 0;
            while i < bytes.len() {
                let b = bytes[i];
                let (n, first) = match b {
                    0..0x80 => (1, b as u32),
                    0xc0..0xe0 => (2, b as u32 & 0x1f),
                    0xe0..0xf0 => (3, b as u32 & 0xf),
                    _ => (4, b as u32 & 7),
                };
                let rest = bytes.get(i + 1..i + n).unwrap_or_default();
                let c = rest.iter().fold(first, |c, b| c << 6 | *b as u32 & 0x3f);
                if let Some(c) = rustpython_wtf8::CodePoint::from_u32(c) {
                    buf.push(c);
                }
                i += n;
            }
            vm.wtf8_buf(buf)
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn write_escape(unit: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    out.extend((0..4).rev().map(|i| HEX[(unit >> (4 * i) & 15) as usize]));
}

/// A string in quotes.
pub fn write_string(s: &Str, ascii: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = s.bytes();
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\' && (b < 0x7f || !ascii);
    let mut from = 0;
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if plain(b) {
            i += 1;
            continue;
        }
        out.extend_from_slice(&bytes[from..i]);
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..0x80 => write_escape(b as u32, out),
            _ => {
                let (n, first) = match b {
                    0..0xe0 => (2, b as u32 & 0x1f),
                    0xe0..0xf0 => (3, b as u32 & 0xf),
                    _ => (4, b as u32 & 7),
                };
                let rest = bytes.get(i + 1..i + n).unwrap_or_default();
                let c = rest.iter().fold(first, |c, b| c << 6 | *b as u32 & 0x3f);
                if c >= 0x10000 {
                    let c = c - 0x10000;
                    write_escape(0xd800 | c >> 10, out);
                    write_escape(0xdc00 | c & 0x3ff, out);
                } else {
                    write_escape(c, out);
                }
                i += n - 1;
            }
        }
        i += 1;
        from = i;
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

struct Writer<'a> {
    e: &'a Encoder,
    out: Vec<u8>,
    /// The indent of one level, if lines are to be broken.
    newline: Option<Vec<u8>>,
}

impl Writer<'_> {
    fn value(&mut self, vm: &mut Vm, v: &Value, level: usize) -> R {
        if v.is_none() {
            self.out.extend_from_slice(b"null");
        } else if v.is(&Value::TRUE) {
            self.out.extend_from_slice(b"true");
        } else if v.is(&Value::FALSE) {
            self.out.extend_from_slice(b"false");
        } else if v.is_kind(Kind::Str) {
            self.string(vm, v)?;
        } else if let Some(n) = number(v) {
            self.number(vm, n)?;
        } else if v.is_kind(Kind::List) || v.is_kind(Kind::Tuple) {
            vm.guard_recursion("while encoding a JSON object")?;
            self.list(vm, v, level)?;
        } else if v.is_kind(Kind::Dict) {
            vm.guard_recursion("while encoding a JSON object")?;
            self.dict(vm, v, level)?;
        } else {
            let id = self.enter(vm, v)?;
            vm.guard_recursion("while encoding a JSON object")?;
            let new = vm.call(&self.e.default, std::slice::from_ref(v), Kw::NONE)?;
            self.value(vm, &new, level).inspect_err(|_| note(vm, v, "object"))?;
            self.leave(vm, id)?;
        }
        Ok(())
    }

    fn number(&mut self, vm: &mut Vm, n: Num) -> R {
        let text = match n {
            Num::Float(f) => self.float(vm, f)?,
            Num::Int(i) => i.to_string(),
            n => {
                let digits = int_digits(n, 10);
                let limit = vm.max_str_digits();
                if limit > 0 && digits.len() > limit { vm.decimal(n)? } else { digits }
            }
        };
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn float(&mut self, vm: &mut Vm, f: f64) -> R<String> {
        if f.is_finite() {
            return Ok(float_repr(f));
        }
        let text = match f {
            f if f.is_nan() => "NaN",
            f if f > 0.0 => "Infinity",
            _ => "-Infinity",
        };
        if !self.e.allow_nan {
            let message = format!("Out of range float values are not JSON compliant: {}", float_repr(f));
            return vm.fail("ValueError", message);
        }
        Ok(text.to_owned())
    }

    fn string(&mut self, vm: &mut Vm, v: &Value) -> R {
        match (self.e.quoting, v.get::<Str>()) {
            (Quoting::Call, _) | (_, None) => {
                let quoted = vm.call(&self.e.encoder, std::slice::from_ref(v), Kw::NONE)?;
                let Some(s) = quoted.get::<Str>() else {
                    let message = format!("encoder() must return a string, not {}", vm.type_name(&quoted));
                    return vm.fail("TypeError", message);
                };
                self.out.extend_from_slice(s.bytes());
            }
            (quoting, Some(s)) => write_string(s, quoting == Quoting::Ascii, &mut self.out),
        }
        Ok(())
    }

    /// Notes that a container is under way.
    fn enter(&mut self, vm: &mut Vm, v: &Value) -> R<Option<Value>> {
        let Some(markers) = self.e.markers.get::<Dict>() else { return Ok(None) };
        let id = vm.big(v.word().0.into());
        if vm.dict_get(markers, &id)?.is_some() {
            return vm.fail("ValueError", "Circular reference detected");
        }
        vm.dict_set(markers, &id, v.clone())?;
        Ok(Some(id))
    }
    fn leave(&mut self, vm: &mut Vm, id: Option<Value>) -> R {
        if let (Some(id), Some(markers)) = (id, self.e.markers.get::<Dict>()) {
            let old = vm.dict_remove(markers, &id)?;
            drop(old);
        }
        Ok(())
    }

    fn break_line(&mut self, level: usize) {
        if let Some(indent) = &self.newline {
            self.out.push(b'\n');
            for _ in 0..level {
                self.out.extend_from_slice(indent);
            }
        }
    }

    fn list(&mut self, vm: &mut Vm, v: &Value, level: usize) -> R {
        let item = |i: usize| match v.get::<List>() {
            Some(l) => l.get(i),
            None => v.get::<Tuple>().and_then(|t| t.as_slice().get(i).cloned()),
        };
        if item(0).is_none() {
            self.out.extend_from_slice(b"[]");
            return Ok(());
        }
        let id = self.enter(vm, v)?;
        self.out.push(b'[');
        let mut i = 0;
        while let Some(x) = item(i) {
            if i > 0 {
                self.out.extend_from_slice(self.e.item_separator.as_::<Str>().bytes());
            }
            self.break_line(level + 1);
            let result = self.value(vm, &x, level + 1);
            result.inspect_err(|_| note(vm, v, &format!("item {i}")))?;
            i += 1;
        }
        self.break_line(level);
        self.out.push(b']');
        self.leave(vm, id)
    }

    fn dict(&mut self, vm: &mut Vm, v: &Value, level: usize) -> R {
        let d = v.as_::<Dict>();
        if d.is_empty() {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        let id = self.enter(vm, v)?;
        let exact = vm.type_of(v).is(&vm.types.dict);
        let mut items: Vec<(Value, Value)> = if exact {
            d.iter().collect()
        } else {
            // A subclass may show other items.
            let view = vm.call_method(v, "items", &[])?;
            let mut items = vec![];
            for pair in vm.to_vec(&view)? {
                match pair.get::<Tuple>().map(Tuple::as_slice) {
                    Some([k, v]) => items.push((k.clone(), v.clone())),
                    _ => return vm.fail("ValueError", "items must return 2-tuples"),
                }
            }
            items
        };
        if self.e.sort_keys {
            let pairs: Vec<Value> = items.drain(..).map(|(k, v)| vm.tuple(vec![k, v])).collect();
            let (sorted, result) = vm.sort(pairs, Kw::NONE, "sort");
            result?;
            for pair in &sorted {
                if let [k, v] = pair.as_::<Tuple>().as_slice() {
                    items.push((k.clone(), v.clone()));
                }
            }
        }
        self.out.push(b'{');
        let mut first = true;
        for (k, x) in items {
            let mark = self.out.len();
            if !first {
                self.out.extend_from_slice(self.e.item_separator.as_::<Str>().bytes());
            }
            self.break_line(level + 1);
            if !self.key(vm, &k)? {
                self.out.truncate(mark);
                continue;
            }
            first = false;
            self.out.extend_from_slice(self.e.key_separator.as_::<Str>().bytes());
            if let Err(e) = self.value(vm, &x, level + 1) {
                let pending = vm.take_pending();
                let shown = vm.repr_string(&k);
                vm.set_pending(pending);
                if let Ok(shown) = shown {
                    note(vm, v, &format!("item {shown}"));
                }
                return Err(e);
            }
        }
        if !first {
            self.break_line(level);
        }
        self.out.push(b'}');
        self.leave(vm, id)
    }

    /// The key of a member; false: to be skipped.
    fn key(&mut self, vm: &mut Vm, k: &Value) -> R<bool> {
        if k.is_kind(Kind::Str) {
            self.string(vm, k)?;
            return Ok(true);
        }
        let text = match k {
            k if k.is_none() => "null".to_owned(),
            k if k.is(&Value::TRUE) => "true".to_owned(),
            k if k.is(&Value::FALSE) => "false".to_owned(),
            k => match number(k) {
                Some(Num::Float(f)) => self.float(vm, f)?,
                Some(n) => vm.decimal(n)?,
                None if self.e.skip_keys => return Ok(false),
                None => {
                    let message =
                        format!("keys must be str, int, float, bool or None, not {}", vm.type_name(k));
                    return vm.fail("TypeError", message);
                }
            },
        };
        let text = vm.string(text);
        self.string(vm, &text)?;
        Ok(true)
    }
}

fn number(v: &Value) -> Option<Num<'_>> {
    Num::of(v)
}

/// Says in a note of the pending exception where in the data it happened.
fn note(vm: &mut Vm, container: &Value, what: &str) {
    let pending = vm.take_pending();
    let name = vm.type_name(container);
    let text = if what == "object" {
        format!("when serializing {name} object")
    } else {
        format!("when serializing {name} {what}")
    };
    let text = vm.string(text);
    let added = vm.call_method(&pending, "add_note", &[text]);
    if added.is_err() {
        drop(vm.take_pending());
    }
    vm.set_pending(pending);
}
