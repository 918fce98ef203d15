//! Reading: `make_scanner` and `scanstring`.
//!
//! The scanner works on the bytes of the text; positions that Python sees count characters and are computed
//! when one is asked for.

use crate::error::{Exc, R};
use crate::modules::itertools::{Slot, payload};
use crate::object::{BuiltinDef, Dict, Kw, Str};
use crate::types::native::{ClassDef, GetSet};
use crate::types::number::parse_float;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use rustpython_wtf8::{CodePoint, Wtf8Buf};
use std::collections::HashMap;

pub struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
    /// The builtin `float` and `int` do what we can do ourselves.
    own_float: bool,
    own_int: bool,
    memo: Slot,
}
payload!(Scanner; slots: memo; vecs: ; values: object_hook, object_pairs_hook, parse_float, parse_int, parse_constant);

pub static SCANNER: ClassDef = ClassDef {
    name: "_json.Scanner",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [context] = vm.bind_args("make_scanner", ["context"], 0, 1, &a[1..], kw)?;
            let context = context.unwrap_or(Value::NONE);
            let strict = vm.get_attr_str(&context, "strict")?;
            let strict = vm.truthy(&strict)?;
            let float_class = vm.types.float.clone();
            let int_class = vm.types.int.clone();
            let parse_float = vm.get_attr_str(&context, "parse_float")?;
            let parse_int = vm.get_attr_str(&context, "parse_int")?;
            let this = Scanner {
                strict,
                object_hook: vm.get_attr_str(&context, "object_hook")?,
                object_pairs_hook: vm.get_attr_str(&context, "object_pairs_hook")?,
                own_float: parse_float.is(&float_class),
                own_int: parse_int.is(&int_class),
                parse_float,
                parse_int,
                parse_constant: vm.get_attr_str(&context, "parse_constant")?,
                memo: Slot::empty(),
            };
            Ok(vm.new_native(&a[0], this))
        }),
        BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
            let [text, at] = vm.bind_args("scan_once", ["string", "idx"], 0, 2, &a[1..], kw)?;
            let this = vm.self_::<Scanner>(&a[0])?;
            let (text, at) = (text.unwrap_or(Value::NONE), at.unwrap_or(Value::NONE));
            let Some(s) = text.get::<Str>() else {
                let message = format!("first argument must be a string, not {}", vm.type_name(&text));
                return vm.fail("TypeError", message);
            };
            let at = vm.index(&at)?;
            if at < 0 {
                return vm.fail("ValueError", "idx cannot be negative");
            }
            if at as usize >= s.len() {
                return Err(stop(vm, at as usize));
            }
            let mut scan = Scan { s: this, text: &text, b: s.bytes(), str: s, keys: HashMap::new() };
            let (v, end) = scan.value(vm, s.offset(at as usize))?;
            let end = vm.int(scan.position(end) as i64);
            Ok(vm.tuple(vec![v, end]))
        }),
    ],
    getset: &[
        GetSet::get("strict", |vm, v| Ok(Value::bool(vm.self_::<Scanner>(v)?.strict))),
        GetSet::get("object_hook", |vm, v| Ok(vm.self_::<Scanner>(v)?.object_hook.clone())),
        GetSet::get("object_pairs_hook", |vm, v| Ok(vm.self_::<Scanner>(v)?.object_pairs_hook.clone())),
        GetSet::get("parse_float", |vm, v| Ok(vm.self_::<Scanner>(v)?.parse_float.clone())),
        GetSet::get("parse_int", |vm, v| Ok(vm.self_::<Scanner>(v)?.parse_int.clone())),
        GetSet::get("parse_constant", |vm, v| Ok(vm.self_::<Scanner>(v)?.parse_constant.clone())),
    ],
    doc: Some("JSON scanner object"),
    ..ClassDef::DEFAULT
};

/// "No value here", at this character.
fn stop(vm: &mut Vm, at: usize) -> Exc {
    let at = vm.int(at as i64);
    vm.raise_type("StopIteration", vec![at])
}

/// `JSONDecodeError(message, text, at)`.
fn bad(vm: &mut Vm, message: &str, text: &Value, at: usize) -> Exc {
    let made = (|| {
        let decoder = vm.import_module("json.decoder")?;
        let class = vm.get_attr_str(&decoder, "JSONDecodeError")?;
        let (message, at) = (vm.str(message), vm.int(at as i64));
        vm.call(&class, &[message, text.clone(), at], Kw::NONE)
    })();
    match made {
        Ok(e) => vm.raise_value(e),
        Err(e) => e,
    }
}

fn position(s: &Str, offset: usize) -> usize {
    if s.is_ascii() {
        return offset;
    }
    // Every byte that begins a character.
    s.bytes()[..offset.min(s.bytes().len())].iter().filter(|&&b| b & 0xc0 != 0x80).count()
}

/// `scanstring(string, end, strict=True)`: the string whose opening quote is before `end`.
pub fn scan_string(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let Some(s) = a[0].get::<Str>() else {
        let message = format!("first argument must be a string, not {}", vm.type_name(&a[0]));
        return vm.fail("TypeError", message);
    };
    let end = vm.index(&a[1])?;
    let strict = match a.get(2) {
        Some(v) => vm.truthy(v)?,
        None => true,
    };
    if end < 0 || end as usize > s.len() {
        return vm.fail("ValueError", "end is out of bounds");
    }
    match read_string(s, s.offset(end as usize), strict) {
        Ok((text, end)) => {
            let v = match text {
                Text::Plain(from, to) => plain(vm, s, from, to),
                Text::Built(buf) => vm.wtf8_buf(buf),
            };
            let end = vm.int(position(s, end) as i64);
            Ok(vm.tuple(vec![v, end]))
        }
        Err((message, at)) => Err(bad(vm, &message, &a[0], position(s, at))),
    }
}

enum Text {
    /// Without escapes: these bytes of the source.
    Plain(usize, usize),
    Built(Wtf8Buf),
}

fn plain(vm: &mut Vm, s: &Str, from: usize, to: usize) -> Value {
    match std::str::from_utf8(&s.bytes()[from..to]) {
        Ok(t) => vm.str(t),
        Err(_) => super::encode::text(vm, s.bytes()[from..to].to_vec()),
    }
}

/// Reads on from behind the opening quote. Errors: message and offset.
fn read_string(s: &Str, begin: usize, strict: bool) -> Result<(Text, usize), (String, usize)> {
    let b = s.bytes();
    let mut buf: Option<Wtf8Buf> = None;
    let mut i = begin;
    let mut from = begin;
    let unterminated = || ("Unterminated string starting at".to_owned(), begin.wrapping_sub(1));
    loop {
        let Some(&c) = b.get(i) else { return Err(unterminated()) };
        match c {
            b'"' => {
                return Ok(match buf {
                    None => (Text::Plain(from, i), i + 1),
                    Some(mut buf) => {
                        append(&mut buf, &b[from..i]);
                        (Text::Built(buf), i + 1)
                    }
                });
            }
            0..0x20 if strict => return Err(("Invalid control character at".to_owned(), i)),
            b'\\' => {
                let buf = buf.get_or_insert_with(Wtf8Buf::new);
                append(buf, &b[from..i]);
                let Some(&e) = b.get(i + 1) else { return Err(unterminated()) };
                i += 2;
                let simple = match e {
                    b'"' | b'\\' | b'/' => e,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'u' => 0,
                    _ => return Err(("Invalid \\escape: ".to_owned(), i - 2)),
                };
                if e != b'u' {
                    buf.push(CodePoint::from(simple as char));
                } else {
                    let hex = |at: usize| {
                        let digits = b.get(at..at + 4)?;
                        digits.iter().try_fold(0, |n, &d| Some(n << 4 | (d as char).to_digit(16)?))
                    };
                    let Some(mut unit) = hex(i) else {
                        return Err(("Invalid \\uXXXX escape".to_owned(), i - 1));
                    };
                    i += 4;
                    // A high half and a low half make one character.
                    if (0xd800..0xdc00).contains(&unit)
                        && b.get(i..i + 2) == Some(b"\\u")
                        && let Some(low @ 0xdc00..0xe000) = hex(i + 2)
                    {
                        unit = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
                        i += 6;
                    }
                    if let Some(c) = CodePoint::from_u32(unit) {
                        // Two halves from different escapes stay two.
                        buf.push(c);
                    }
                }
                from = i;
            }
            _ => i += 1,
        }
    }
}

fn append(buf: &mut Wtf8Buf, bytes: &[u8]) {
    if let Ok(s) = std::str::from_utf8(bytes) {
        buf.push_str(s);
        return;
    }
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
        if let Some(c) = CodePoint::from_u32(rest.iter().fold(first, |c, b| c << 6 | *b as u32 & 0x3f)) {
            buf.push(c);
        }
        i += n;
    }
}

struct Scan<'a> {
    s: &'a Scanner,
    text: &'a Value,
    str: &'a Str,
    b: &'a [u8],
    /// Keys read so far: each is one object.
    keys: HashMap<Box<[u8]>, Value>,
}

impl Scan<'_> {
    fn position(&self, offset: usize) -> usize {
        position(self.str, offset)
    }
    fn bad(&self, vm: &mut Vm, message: &str, offset: usize) -> Exc {
        let at = self.position(offset);
        bad(vm, message, self.text, at)
    }
    fn skip(&self, mut i: usize) -> usize {
        while matches!(self.b.get(i), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            i += 1;
        }
        i
    }

    fn string(&mut self, vm: &mut Vm, begin: usize) -> R<(Value, usize)> {
        match read_string(self.str, begin, self.s.strict) {
            Ok((Text::Plain(from, to), end)) => Ok((plain(vm, self.str, from, to), end)),
            Ok((Text::Built(buf), end)) => Ok((vm.wtf8_buf(buf), end)),
            Err((message, at)) => Err(self.bad(vm, &message, at)),
        }
    }
    /// A key, the same object for the same text.
    fn key(&mut self, vm: &mut Vm, begin: usize) -> R<(Value, usize)> {
        match read_string(self.str, begin, self.s.strict) {
            Ok((Text::Plain(from, to), end)) => {
                if let Some(v) = self.keys.get(&self.b[from..to]) {
                    return Ok((v.clone(), end));
                }
                let v = plain(vm, self.str, from, to);
                self.keys.insert(self.b[from..to].into(), v.clone());
                Ok((v, end))
            }
            Ok((Text::Built(buf), end)) => Ok((vm.wtf8_buf(buf), end)),
            Err((message, at)) => Err(self.bad(vm, &message, at)),
        }
    }

    fn value(&mut self, vm: &mut Vm, i: usize) -> R<(Value, usize)> {
        let rest = self.b.get(i..).unwrap_or_default();
        let Some(&c) = rest.first() else { return Err(stop(vm, self.position(i))) };
        match c {
            b'"' => return self.string(vm, i + 1),
            b'{' | b'[' => {
                vm.guard_recursion(if c == b'{' {
                    "while decoding a JSON object from a unicode string"
                } else {
                    "while decoding a JSON array from a unicode string"
                })?;
                return if c == b'{' { self.object(vm, i + 1) } else { self.array(vm, i + 1) };
            }
            b'n' if rest.starts_with(b"null") => return Ok((Value::NONE, i + 4)),
            b't' if rest.starts_with(b"true") => return Ok((Value::TRUE, i + 4)),
            b'f' if rest.starts_with(b"false") => return Ok((Value::FALSE, i + 5)),
            b'N' | b'I' | b'-' => {
                for name in ["NaN", "Infinity", "-Infinity"] {
                    if rest.starts_with(name.as_bytes()) {
                        let text = vm.str(name);
                        let v = vm.call(&self.s.parse_constant, &[text], Kw::NONE)?;
                        return Ok((v, i + name.len()));
                    }
                }
            }
            _ => {}
        }
        self.number(vm, i)
    }

    fn number(&mut self, vm: &mut Vm, begin: usize) -> R<(Value, usize)> {
        let digit = |i: usize| self.b.get(i).is_some_and(u8::is_ascii_digit);
        let digits = |mut i: usize| {
            while digit(i) {
                i += 1;
            }
            i
        };
        let mut i = begin;
        if self.b.get(i) == Some(&b'-') {
            i += 1;
        }
        i = match self.b.get(i) {
            Some(b'0') => i + 1,
            Some(b'1'..=b'9') => digits(i),
            _ => return Err(stop(vm, self.position(begin))),
        };
        let mut float = false;
        if self.b.get(i) == Some(&b'.') && digit(i + 1) {
            float = true;
            i = digits(i + 1);
        }
        if let Some(b'e' | b'E') = self.b.get(i) {
            let sign = matches!(self.b.get(i + 1), Some(b'+' | b'-')) as usize;
            if digit(i + 1 + sign) {
                float = true;
                i = digits(i + 1 + sign);
            }
        }
        let text = std::str::from_utf8(&self.b[begin..i]).unwrap_or_default();
        let v = match float {
            true if self.s.own_float => Value::float(parse_float(text).unwrap_or(f64::NAN)),
            false if self.s.own_int && text.len() < 600 => match text.parse::<i64>() {
                Ok(n) => vm.int(n),
                Err(_) => vm.big(text.parse::<BigInt>().unwrap_or_default()),
            },
            _ => {
                let f = if float { &self.s.parse_float } else { &self.s.parse_int };
                let text = vm.str(text);
                vm.call(f, &[text], Kw::NONE)?
            }
        };
        Ok((v, i))
    }

    fn array(&mut self, vm: &mut Vm, i: usize) -> R<(Value, usize)> {
        let mut items = vec![];
        let mut i = self.skip(i);
        if self.b.get(i) != Some(&b']') {
            loop {
                let (v, end) = self.value(vm, i)?;
                items.push(v);
                i = self.skip(end);
                match self.b.get(i) {
                    Some(b']') => break,
                    Some(b',') => {}
                    _ => return Err(self.bad(vm, "Expecting ',' delimiter", i)),
                }
                let comma = i;
                i = self.skip(i + 1);
                if self.b.get(i) == Some(&b']') {
                    return Err(self.bad(vm, "Illegal trailing comma before end of array", comma));
                }
            }
        }
        Ok((vm.list(items), i + 1))
    }

    fn object(&mut self, vm: &mut Vm, i: usize) -> R<(Value, usize)> {
        let pairs_hook = !self.s.object_pairs_hook.is_none();
        let mut pairs = vec![];
        let dict = if pairs_hook { Value::NONE } else { vm.dict() };
        let mut i = self.skip(i);
        if self.b.get(i) != Some(&b'}') {
            loop {
                if self.b.get(i) != Some(&b'"') {
                    let message = "Expecting property name enclosed in double quotes";
                    return Err(self.bad(vm, message, i));
                }
                let (key, end) = self.key(vm, i + 1)?;
                i = self.skip(end);
                if self.b.get(i) != Some(&b':') {
                    return Err(self.bad(vm, "Expecting ':' delimiter", i));
                }
                i = self.skip(i + 1);
                let (v, end) = self.value(vm, i)?;
                match dict.get::<Dict>() {
                    Some(d) => vm.dict_set(d, &key, v)?,
                    None => pairs.push(vm.tuple(vec![key, v])),
                }
                i = self.skip(end);
                match self.b.get(i) {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return Err(self.bad(vm, "Expecting ',' delimiter", i)),
                }
                let comma = i;
                i = self.skip(i + 1);
                if self.b.get(i) == Some(&b'}') {
                    return Err(self.bad(vm, "Illegal trailing comma before end of object", comma));
                }
            }
        }
        let v = if pairs_hook {
            let pairs = vm.list(pairs);
            vm.call(&self.s.object_pairs_hook, &[pairs], Kw::NONE)?
        } else if !self.s.object_hook.is_none() {
            vm.call(&self.s.object_hook, &[dict], Kw::NONE)?
        } else {
            dict
        };
        Ok((v, i + 1))
    }
}
