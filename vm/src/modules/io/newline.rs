//! `IncrementalNewlineDecoder`, and the translation of line ends that it and the text streams do.

use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload, Str, Tuple};
use crate::types::native::{ClassDef, GetSet, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};
use std::cell::{Cell, RefCell};

const LF: u8 = 1;
const CR: u8 = 2;
const CRLF: u8 = 4;

/// Line ends as they go by.
#[derive(Default, Debug)]
pub struct Newlines {
    translate: bool,
    /// A CR ended the last part: the next may begin with its LF.
    pub pending_cr: Cell<bool>,
    seen: Cell<u8>,
}

impl Newlines {
    pub fn new(translate: bool) -> Newlines {
        Newlines { translate, ..Newlines::default() }
    }
    pub fn reset(&self) {
        self.seen.set(0);
        self.pending_cr.set(false);
    }
    pub fn translates(&self) -> bool {
        self.translate
    }
    /// The next part of the text.
    pub fn feed(&self, mut text: Vec<u8>, last: bool) -> Vec<u8> {
        if self.pending_cr.get() && (!text.is_empty() || last) {
            text.insert(0, b'\r');
            self.pending_cr.set(false);
        }
        if !last && text.last() == Some(&b'\r') {
            text.pop();
            self.pending_cr.set(true);
        }
        if memchr::memchr(b'\r', &text).is_none() {
            if self.seen.get() & LF == 0 && memchr::memchr(b'\n', &text).is_some() {
                self.seen.set(self.seen.get() | LF);
            }
            return text;
        }
        let mut seen = self.seen.get();
        let mut out = Vec::with_capacity(if self.translate { text.len() } else { 0 });
        let mut from = 0;
        while let Some(i) = memchr::memchr2(b'\r', b'\n', &text[from..]) {
            let at = from + i;
            let end = match (text[at], text.get(at + 1)) {
                (b'\n', _) => {
                    seen |= LF;
                    at + 1
                }
                (_, Some(b'\n')) => {
                    seen |= CRLF;
                    at + 2
                }
                _ => {
                    seen |= CR;
                    at + 1
                }
            };
            if self.translate {
                out.extend_from_slice(&text[from..at]);
                out.push(b'\n');
            }
            from = end;
        }
        self.seen.set(seen);
        if !self.translate {
            return text;
        }
        out.extend_from_slice(&text[from..]);
        out
    }
    /// `newlines`: None, a str or a tuple of those seen.
    pub fn seen(&self, vm: &mut Vm) -> Value {
        let kinds = [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")];
        let mut found: Vec<Value> =
            kinds.iter().filter(|(bit, _)| self.seen.get() & bit != 0).map(|(_, s)| vm.str(s)).collect();
        match found.len() {
            0 => Value::NONE,
            1 => found.remove(0),
            _ => vm.tuple(found),
        }
    }
}

/// A `str` of generalised UTF-8.
pub fn text_value(vm: &mut Vm, bytes: &[u8]) -> Value {
    if let Ok(s) = std::str::from_utf8(bytes) {
        return vm.str(s);
    }
    if let Some(s) = Wtf8::from_bytes(bytes) {
        return vm.wtf8(s);
    }
    // Halves of pairs side by side, which stay two characters.
    let mut out = Wtf8Buf::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (c, n) = code_point(&bytes[at..]);
        out.push(CodePoint::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER.into()));
        at += n;
    }
    vm.wtf8_buf(out)
}
/// The first code point of generalised UTF-8 and its length in bytes.
pub fn code_point(bytes: &[u8]) -> (u32, usize) {
    let first = bytes[0];
    let n = match first {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    let lead = if n == 1 { first as u32 } else { first as u32 & (0x7f >> n) };
    let tail = bytes.get(1..n).unwrap_or_default();
    (tail.iter().fold(lead, |c, &b| c << 6 | (b & 0x3f) as u32), n.min(bytes.len()))
}
/// Characters of generalised UTF-8.
pub fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| (b as i8) >= -0x40).count()
}
/// Byte offset behind `n` characters (or the end).
pub fn skip_chars(bytes: &[u8], n: usize) -> usize {
    if n >= bytes.len() {
        return bytes.len();
    }
    if bytes[..n].is_ascii() && bytes.get(n).is_none_or(|b| (*b as i8) >= -0x40) {
        return n;
    }
    let mut starts = bytes.iter().enumerate().filter(|(_, b)| (**b as i8) >= -0x40).map(|(i, _)| i);
    starts.nth(n).unwrap_or(bytes.len())
}

/// The Python object.
pub struct NewlineDecoder {
    decoder: RefCell<Value>,
    newlines: RefCell<Option<Newlines>>,
}
impl Payload for NewlineDecoder {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.decoder.borrow());
    }
    fn clear(&self) {
        drop(self.decoder.replace(Value::NONE));
    }
}

pub static NEWLINE: ClassDef = ClassDef {
    name: "_io.IncrementalNewlineDecoder",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| {
            let d = NewlineDecoder { decoder: RefCell::new(Value::NONE), newlines: RefCell::new(None) };
            Ok(vm.new_native(&a[0], d))
        }),
        BuiltinDef::kw("__init__", 0, 3, init),
        BuiltinDef::kw("decode", 0, 2, decode),
        BuiltinDef::new("getstate", 0, 0, getstate),
        BuiltinDef::new("setstate", 1, 1, setstate),
        BuiltinDef::new("reset", 0, 0, |vm, a, _| {
            let d = this(vm, &a[0])?;
            if let Some(n) = &*d.newlines.borrow() {
                n.reset();
            }
            let inner = d.decoder.borrow().clone();
            if inner.is_none() { Ok(Value::NONE) } else { vm.call_method(&inner, "reset", &[]) }
        }),
    ],
    getset: &[GetSet::get("newlines", |vm, v| {
        let d = this(vm, v)?;
        let newlines = d.newlines.borrow();
        Ok(newlines.as_ref().map_or(Value::NONE, |n| n.seen(vm)))
    })],
    doc: Some("Codec used when reading a file in universal newlines mode."),
    ..ClassDef::DEFAULT
};

fn this<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a NewlineDecoder> {
    let d = vm.self_::<NewlineDecoder>(v)?;
    if d.newlines.borrow().is_none() {
        return vm.fail("ValueError", "IncrementalNewlineDecoder.__init__() not called");
    }
    Ok(d)
}

fn init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = ["decoder", "translate", "errors"];
    let [decoder, translate, _] = vm.bind_args("IncrementalNewlineDecoder", names, 0, 2, &a[1..], kw)?;
    let translate = vm.truthy(&translate.unwrap_or(Value::NONE))?;
    let d = vm.self_::<NewlineDecoder>(&a[0])?;
    drop(d.decoder.replace(decoder.unwrap_or(Value::NONE)));
    *d.newlines.borrow_mut() = Some(Newlines::new(translate));
    Ok(Value::NONE)
}

fn decode(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [input, last] = vm.bind_args("decode", ["input", "final"], 0, 1, &a[1..], kw)?;
    let last = last.map_or(Ok(false), |l| vm.truthy(&l))?;
    let input = input.unwrap_or(Value::NONE);
    let d = this(vm, &a[0])?;
    let inner = d.decoder.borrow().clone();
    let text =
        if inner.is_none() { input } else { vm.call_method(&inner, "decode", &[input, Value::bool(last)])? };
    let Some(s) = text.get::<Str>() else {
        let message = format!("decoder should return a string result, not '{}'", vm.type_name(&text));
        return vm.fail("TypeError", message);
    };
    let bytes = s.bytes().to_vec();
    let out = match &*d.newlines.borrow() {
        Some(n) => n.feed(bytes, last),
        None => bytes,
    };
    Ok(text_value(vm, &out))
}

fn getstate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let d = this(vm, &a[0])?;
    let inner = d.decoder.borrow().clone();
    let (buffer, flag) = if inner.is_none() {
        (vm.bytes(b""), 0)
    } else {
        let state = vm.call_method(&inner, "getstate", &[])?;
        match state.get::<Tuple>().map(Tuple::as_slice) {
            Some([buffer, flag]) => (buffer.clone(), vm.index(flag)?),
            _ => return vm.fail("TypeError", "illegal decoder state"),
        }
    };
    let cr = d.newlines.borrow().as_ref().is_some_and(|n| n.pending_cr.get());
    let flag = vm.int(flag << 1 | cr as i64);
    Ok(vm.tuple(vec![buffer, flag]))
}

fn setstate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let d = this(vm, &a[0])?;
    let Some(t) = a[1].get::<Tuple>() else {
        return vm.fail("TypeError", "state argument must be a tuple");
    };
    let [buffer, flag] = t.as_slice() else { return vm.fail("TypeError", "illegal decoder state") };
    let flag = vm.index(flag)?;
    if let Some(n) = &*d.newlines.borrow() {
        n.pending_cr.set(flag & 1 != 0);
    }
    let inner = d.decoder.borrow().clone();
    if inner.is_none() {
        return Ok(Value::NONE);
    }
    let flag = vm.int(flag >> 1);
    let state = vm.tuple(vec![buffer.clone(), flag]);
    vm.call_method(&inner, "setstate", &[state])
}
