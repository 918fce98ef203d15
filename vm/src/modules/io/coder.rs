//! Encoders and decoders of text streams: UTF-8, ASCII and Latin-1 done here, others by their codec's
//! incremental objects.
//!
//! What is wrong with the data is left to the codecs, which know the error handlers.

use super::newline::Newlines;
use crate::error::R;
use crate::object::{Bytes, Kw, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

/// Encodings that need no codec object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Simple {
    Utf8,
    Ascii,
    Latin1,
}

impl Simple {
    /// By one of its usual names.
    pub fn of(name: &str) -> Option<Simple> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        Some(match name.as_str() {
            "utf-8" | "utf8" | "u8" | "cp65001" => Simple::Utf8,
            "ascii" | "us-ascii" | "646" => Simple::Ascii,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" => Simple::Latin1,
            _ => return None,
        })
    }
    pub fn name(self) -> &'static str {
        match self {
            Simple::Utf8 => "utf-8",
            Simple::Ascii => "ascii",
            Simple::Latin1 => "latin-1",
        }
    }
}

/// How a stream's text is coded.
pub enum Codec {
    Simple(Simple),
    /// A `CodecInfo`.
    Info(Value),
}

/// Finds the codec of an encoding; it must be one for text.
pub fn find(vm: &mut Vm, encoding: &str, instead: &str) -> R<Codec> {
    if let Some(s) = Simple::of(encoding) {
        return Ok(Codec::Simple(s));
    }
    if encoding.contains('\0') {
        return vm.fail("ValueError", "embedded null character");
    }
    let codecs = vm.import_module("codecs")?;
    let name = vm.str(encoding);
    let info = vm.call_method(&codecs, "lookup", &[name])?;
    if let Some(is_text) = vm.get_attr_str_opt(&info, "_is_text_encoding")?
        && !vm.truthy(&is_text)?
    {
        let message =
            format!("'{encoding}' is not a text encoding; use {instead} to handle arbitrary codecs");
        return vm.fail("LookupError", message);
    }
    Ok(Codec::Info(info))
}

enum How {
    Simple(Simple),
    Object(Value),
}

impl How {
    fn new(vm: &mut Vm, codec: &Codec, maker: &str, errors: &str) -> R<How> {
        Ok(match codec {
            Codec::Simple(s) => How::Simple(*s),
            Codec::Info(info) => {
                let errors = vm.str(errors);
                let f = vm.get_attr_str(info, maker)?;
                How::Object(vm.call(&f, &[errors], Kw::NONE)?)
            }
        })
    }
    fn object(&self) -> Option<Value> {
        match self {
            How::Object(v) => Some(v.clone()),
            How::Simple(_) => None,
        }
    }
    fn simple(&self) -> Option<Simple> {
        match self {
            How::Simple(s) => Some(*s),
            How::Object(_) => None,
        }
    }
}

pub struct Encoder {
    how: How,
    errors: String,
}

impl Encoder {
    pub fn new(vm: &mut Vm, codec: &Codec, errors: &str) -> R<Encoder> {
        Ok(Encoder { how: How::new(vm, codec, "incrementalencoder", errors)?, errors: errors.to_owned() })
    }
    pub fn object(&self) -> Option<Value> {
        self.how.object()
    }
    /// The bytes of `text` as they stand in the str, if that is what they are encoded as.
    pub fn direct<'a>(&self, text: &'a Str) -> Option<&'a [u8]> {
        match self.how {
            How::Simple(Simple::Utf8) => text.to_str().map(str::as_bytes),
            How::Simple(_) if text.is_ascii() => Some(text.bytes()),
            _ => None,
        }
    }
    pub fn encode(&self, vm: &mut Vm, text: &Value) -> R<Vec<u8>> {
        let s = text.as_::<Str>();
        if let Some(b) = self.direct(s) {
            return Ok(b.to_vec());
        }
        let r = match &self.how {
            How::Simple(Simple::Latin1) if s.code_points().all(|c| c.to_u32() < 256) => {
                return Ok(s.code_points().map(|c| c.to_u32() as u8).collect());
            }
            How::Simple(simple) => vm.encode(text, simple.name(), &self.errors)?,
            How::Object(o) => {
                let o = o.clone();
                vm.call_method(&o, "encode", std::slice::from_ref(text))?
            }
        };
        match r.get::<Bytes>() {
            Some(b) => Ok(b.as_slice().to_vec()),
            None => {
                let message = format!("encoder should return a bytes object, not '{}'", vm.type_name(&r));
                vm.fail("TypeError", message)
            }
        }
    }
}

pub struct Decoder {
    how: How,
    errors: String,
    /// The beginning of a character.
    tail: RefCell<Vec<u8>>,
    pub newlines: Option<Newlines>,
}

impl Decoder {
    pub fn new(vm: &mut Vm, codec: &Codec, errors: &str, newlines: Option<Newlines>) -> R<Decoder> {
        let how = How::new(vm, codec, "incrementaldecoder", errors)?;
        Ok(Decoder { how, errors: errors.to_owned(), tail: RefCell::default(), newlines })
    }
    pub fn object(&self) -> Option<Value> {
        self.how.object()
    }
    pub fn simple(&self) -> Option<Simple> {
        self.how.simple()
    }
    /// The text, in generalised UTF-8, of the next bytes.
    pub fn decode(&self, vm: &mut Vm, input: &[u8], last: bool) -> R<Vec<u8>> {
        let text = match &self.how {
            How::Simple(s) => self.simply(vm, *s, input, last)?,
            How::Object(o) => {
                let o = o.clone();
                let input = vm.bytes(input);
                let r = vm.call_method(&o, "decode", &[input, Value::bool(last)])?;
                match r.get::<Str>() {
                    Some(s) => s.bytes().to_vec(),
                    None => {
                        let message =
                            format!("decoder should return a string result, not '{}'", vm.type_name(&r));
                        return vm.fail("TypeError", message);
                    }
                }
            }
        };
        Ok(match &self.newlines {
            Some(n) => n.feed(text, last),
            None => text,
        })
    }
    fn simply(&self, vm: &mut Vm, simple: Simple, input: &[u8], last: bool) -> R<Vec<u8>> {
        match simple {
            Simple::Latin1 if input.is_ascii() => Ok(input.to_vec()),
            Simple::Latin1 => Ok(input.iter().map(|&b| b as char).collect::<String>().into_bytes()),
            Simple::Ascii if input.is_ascii() => Ok(input.to_vec()),
            Simple::Ascii => self.generally(vm, simple, input),
            Simple::Utf8 => {
                let mut data = std::mem::take(&mut *self.tail.borrow_mut());
                data.extend_from_slice(input);
                let Err(e) = std::str::from_utf8(&data) else { return Ok(data) };
                let whole = if last { data.len() } else { data.len() - unfinished(&data) };
                if e.error_len().is_some() || last {
                    let text = self.generally(vm, simple, &data[..whole])?;
                    self.tail.borrow_mut().extend_from_slice(&data[whole..]);
                    return Ok(text);
                }
                let tail = data.split_off(e.valid_up_to());
                *self.tail.borrow_mut() = tail;
                Ok(data)
            }
        }
    }
    fn generally(&self, vm: &mut Vm, simple: Simple, data: &[u8]) -> R<Vec<u8>> {
        let r = vm.decode(data, simple.name(), &self.errors)?;
        Ok(r.get::<Str>().map_or(vec![], |s| s.bytes().to_vec()))
    }
    pub fn reset(&self, vm: &mut Vm) -> R {
        self.tail.borrow_mut().clear();
        if let Some(n) = &self.newlines {
            n.reset();
        }
        if let How::Object(o) = &self.how {
            let o = o.clone();
            vm.call_method(&o, "reset", &[])?;
        }
        Ok(())
    }
    /// Bytes taken in but not decoded, and flags.
    pub fn state(&self, vm: &mut Vm) -> R<(Vec<u8>, u64)> {
        let (buffer, flags) = match &self.how {
            How::Simple(_) => (self.tail.borrow().clone(), 0),
            How::Object(o) => {
                let o = o.clone();
                let state = vm.call_method(&o, "getstate", &[])?;
                let Some(t) = state.get::<Tuple>() else {
                    return vm.fail("TypeError", "illegal decoder state");
                };
                let [buffer, flags] = t.as_slice() else {
                    return vm.fail("TypeError", "illegal decoder state");
                };
                let Some(b) = buffer.get::<Bytes>() else {
                    let message = format!(
                        "illegal decoder state: the first item should be a bytes object, not '{}'",
                        vm.type_name(buffer)
                    );
                    return vm.fail("TypeError", message);
                };
                (b.as_slice().to_vec(), vm.index(flags)? as u64)
            }
        };
        Ok(match &self.newlines {
            Some(n) => (buffer, flags << 1 | n.pending_cr.get() as u64),
            None => (buffer, flags),
        })
    }
    pub fn set_state(&self, vm: &mut Vm, buffer: &[u8], flags: u64) -> R {
        let flags = match &self.newlines {
            Some(n) => {
                n.pending_cr.set(flags & 1 != 0);
                flags >> 1
            }
            None => flags,
        };
        match &self.how {
            How::Simple(_) => *self.tail.borrow_mut() = buffer.to_vec(),
            How::Object(o) => {
                let o = o.clone();
                let (buffer, flags) = (vm.bytes(buffer), vm.int(flags as i64));
                let state = vm.tuple(vec![buffer, flags]);
                vm.call_method(&o, "setstate", &[state])?;
            }
        }
        Ok(())
    }
}

/// Bytes at the end that begin a UTF-8 character which is not there in full.
fn unfinished(data: &[u8]) -> usize {
    for n in 1..=data.len().min(3) {
        let tail = &data[data.len() - n..];
        if tail[0] >= 0xc0 {
            let cut =
                std::str::from_utf8(tail).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none());
            return if cut { n } else { 0 };
        }
        if tail[0] < 0x80 {
            return 0;
        }
    }
    0
}
