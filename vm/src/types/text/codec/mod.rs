//! Codecs of text: the drivers that every codec shares, and those of Unicode, Latin-1 and ASCII.
//!
//! A decoder is a *step*: it reads on until the end or an error, and the driver asks the error handler. An
//! encoder is a function that puts one character, or says that it cannot.

pub mod charmap;
pub mod escape;
pub mod handler;
pub mod utf;
pub mod utf7;

use crate::error::R;
use crate::object::{Bytes, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use handler::{Handler, Replacement};
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};
use std::borrow::Cow;

/// The codecs that need no registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark, native order without one.
    Utf16,
    Utf16Le,
    Utf16Be,
    Utf32,
    Utf32Le,
    Utf32Be,
    Latin1,
    Ascii,
}

impl Encoding {
    pub fn by_name(name: &str) -> Option<Encoding> {
        let lower: String =
            name.chars().map(|c| if c == '_' || c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        Some(match lower.as_str() {
            "utf-8" | "utf8" | "u8" | "cp65001" => Encoding::Utf8,
            "utf-16" | "utf16" => Encoding::Utf16,
            "utf-16-le" | "utf-16le" => Encoding::Utf16Le,
            "utf-16-be" | "utf-16be" => Encoding::Utf16Be,
            "utf-32" | "utf32" => Encoding::Utf32,
            "utf-32-le" | "utf-32le" => Encoding::Utf32Le,
            "utf-32-be" | "utf-32be" => Encoding::Utf32Be,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => Encoding::Latin1,
            "ascii" | "us-ascii" => Encoding::Ascii,
            _ => return None,
        })
    }
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf16Le => "utf-16-le",
            Encoding::Utf16Be => "utf-16-be",
            Encoding::Utf32 => "utf-32",
            Encoding::Utf32Le => "utf-32-le",
            Encoding::Utf32Be => "utf-32-be",
            Encoding::Latin1 => "latin-1",
            Encoding::Ascii => "ascii",
        }
    }
}

/// What a decoder could not read.
pub struct Bad {
    pub start: usize,
    pub end: usize,
    pub reason: Cow<'static, str>,
}

impl Bad {
    pub fn new(start: usize, end: usize, reason: &'static str) -> Bad {
        Bad { start, end, reason: Cow::Borrowed(reason) }
    }
}

/// Reads from the position on. `None`: all is read, or (when more may come) all but an incomplete end.
pub type Step<'a> = &'a mut dyn FnMut(&mut Vm, &[u8], &mut usize, &mut Wtf8Buf) -> R<Option<Bad>>;
/// Puts a character. False: the encoding has none for it.
pub type Put<'a> = &'a mut dyn FnMut(&mut Vm, CodePoint, &mut Vec<u8>) -> R<bool>;

impl Vm {
    /// Drives a decoder to the end; answers the text and how many bytes were read.
    pub(crate) fn decode_with(
        &mut self,
        bytes: &[u8],
        name: &str,
        errors: &str,
        step: Step,
    ) -> R<(Wtf8Buf, usize)> {
        let mut input = Cow::Borrowed(bytes);
        let (mut at, mut out) = (0, Wtf8Buf::new());
        let mut exception = None;
        while let Some(bad) = step(self, &input, &mut at, &mut out)? {
            let native = Handler::by_name(errors);
            if let Some(h) = native
                && let Some((text, next)) = handler::on_decode(h, &input, bad.start, bad.end, name)
            {
                out.push_wtf8(&text);
                at = next;
                continue;
            }
            let e = match exception.take() {
                None => self.unicode_decode_error(name, &input, bad.start, bad.end, &bad.reason),
                Some(e) => {
                    let reason = self.str(&bad.reason);
                    let fields =
                        [("start", Value::small(bad.start as i64)), ("end", Value::small(bad.end as i64))];
                    for (field, v) in fields.into_iter().chain([("reason", reason)]) {
                        let key = self.intern(field);
                        self.set_attr(&e, &key, v)?;
                    }
                    e
                }
            };
            if native.is_some_and(|h| !matches!(h, Handler::NameReplace | Handler::XmlCharRef)) {
                return Err(self.raise_value(e));
            }
            let mut replaced = None;
            let (v, next) = self.call_error_handler(errors, &e, "decoding", |vm| {
                let key = vm.intern("object");
                let object = vm.get_attr(&e, &key)?;
                let Some(b) = object.get::<Bytes>() else {
                    return vm.fail("TypeError", "exception attribute object must be bytes");
                };
                replaced = Some(b.as_slice().to_vec());
                Ok(b.len())
            })?;
            if let Some(b) = replaced.filter(|b| **b != *input) {
                input = Cow::Owned(b);
            }
            out.push_wtf8(v.as_::<Str>().wtf8());
            at = next;
            exception = Some(e);
        }
        Ok((out, at))
    }

    /// Drives an encoder. `single`: a run of bad characters is not reported as one error.
    pub(crate) fn encode_with(
        &mut self,
        s: &Value,
        name: &str,
        reason: &str,
        errors: &str,
        single: bool,
        put: Put,
    ) -> R<Vec<u8>> {
        let text = s.as_::<Str>();
        let mut out = self.new_bytes(text.bytes().len())?;
        let (mut at, mut i) = (0, 0);
        let mut exception: Option<Value> = None;
        while let Some((code, next)) = text.at_offset(at) {
            let c = CodePoint::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER.into());
            if put(self, c, &mut out)? {
                (at, i) = (next, i + 1);
                continue;
            }
            // The run of characters that cannot be encoded.
            let mut bad = vec![c];
            if !single {
                let mark = out.len();
                for c in text.wtf8()[next..].code_points() {
                    if put(self, c, &mut out)? {
                        out.truncate(mark);
                        break;
                    }
                    bad.push(c);
                }
            }
            let native = Handler::by_name(errors);
            let mut start = i;
            let mut replaced = native.and_then(|h| handler::on_encode(h, &bad, name));
            if let Some((Replacement::Bytes(b), n)) = &replaced
                && *n < bad.len()
            {
                // Only a part could be escaped: the rest is an error of its own.
                out.extend_from_slice(b);
                start += n;
                replaced = None;
            }
            let end = i + bad.len();
            let (what, next) = match replaced {
                Some((what, n)) => (what, i + n),
                None => {
                    let e = match exception.take() {
                        Some(e) => {
                            for (field, v) in [("start", start), ("end", end)] {
                                let key = self.intern(field);
                                self.set_attr(&e, &key, Value::small(v as i64))?;
                            }
                            e
                        }
                        None => self.unicode_encode_error(name, s, start, end, reason),
                    };
                    if native.is_some() {
                        return Err(self.raise_value(e));
                    }
                    let len = text.len();
                    let (v, next) = self.call_error_handler(errors, &e, "encoding", |_| Ok(len))?;
                    exception = Some(e);
                    let what = match v.get::<Bytes>() {
                        Some(b) => Replacement::Bytes(b.as_slice().to_vec()),
                        None => Replacement::Text(v.as_::<Str>().wtf8().to_owned()),
                    };
                    (what, next)
                }
            };
            match what {
                Replacement::Bytes(b) => out.extend_from_slice(&b),
                Replacement::Text(t) => {
                    for c in t.code_points() {
                        if !put(self, c, &mut out)? {
                            let e = self.unicode_encode_error(name, s, i, end, reason);
                            return Err(self.raise_value(e));
                        }
                    }
                }
            }
            (at, i) = (text.offset(next), next);
        }
        Ok(out)
    }

    /// Encodes with one of the codecs above. `marked`: with the name that error messages show.
    pub(crate) fn encode_native(&mut self, s: &Value, encoding: Encoding, errors: &str) -> R<Vec<u8>> {
        let text = s.as_::<Str>();
        match encoding {
            Encoding::Utf8 if text.to_str().is_some() => return Ok(text.bytes().to_vec()),
            Encoding::Ascii | Encoding::Latin1 if text.is_ascii() => return Ok(text.bytes().to_vec()),
            _ => {}
        }
        let (reason, single) = match encoding {
            Encoding::Latin1 => ("ordinal not in range(256)", false),
            Encoding::Ascii => ("ordinal not in range(128)", false),
            Encoding::Utf8 => ("surrogates not allowed", false),
            _ => ("surrogates not allowed", true),
        };
        let mut out = self.encode_with(s, encoding.name(), reason, errors, single, &mut |_, c, out| {
            Ok(encoding.put(c, out))
        })?;
        if let Some(mark) = encoding.mark() {
            out.splice(0..0, mark.iter().copied());
        }
        Ok(out)
    }

    /// Decodes with one of the codecs above; answers how many bytes were read, too.
    pub(crate) fn decode_native(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        errors: &str,
        last: bool,
    ) -> R<(Wtf8Buf, usize)> {
        if encoding == Encoding::Latin1 {
            return Ok((bytes.iter().map(|&b| CodePoint::from(b)).collect(), bytes.len()));
        }
        if matches!(encoding, Encoding::Utf8 | Encoding::Ascii) && bytes.is_ascii() {
            let text = String::from_utf8_lossy(bytes).into_owned();
            return Ok((text.into(), bytes.len()));
        }
        let (order, skip) = encoding.order(bytes, last);
        if order == encoding && matches!(encoding, Encoding::Utf16 | Encoding::Utf32) {
            // Too little to tell the order.
            return Ok((Wtf8Buf::new(), 0));
        }
        let mut start = skip;
        self.decode_with(bytes, order.name(), errors, &mut |_, b, at, out| {
            *at += std::mem::take(&mut start);
            Ok(order.read(b, at, out, last))
        })
    }

    /// `str.encode`.
    pub fn encode(&mut self, s: &Value, encoding: &str, errors: &str) -> R<Value> {
        if let Some(e) = Encoding::by_name(encoding) {
            let out = self.encode_native(s, e, errors)?;
            return Ok(self.byte_vec(out));
        }
        let v = self.call_text_codec(s, encoding, errors, 0)?;
        if v.get::<Bytes>().is_some() {
            return Ok(v);
        }
        let message = format!(
            "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to \
             arbitrary types",
            self.type_name(&v)
        );
        self.fail("TypeError", message)
    }

    /// `bytes.decode`.
    pub fn decode(&mut self, bytes: &[u8], encoding: &str, errors: &str) -> R<Value> {
        if let Some(e) = Encoding::by_name(encoding) {
            let (text, _) = self.decode_native(bytes, e, errors, true)?;
            return Ok(self.wtf8_buf(text));
        }
        let input = self.bytes(bytes);
        let v = self.call_text_codec(&input, encoding, errors, 1)?;
        if v.get::<Str>().is_some() {
            return Ok(v);
        }
        let message = format!(
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary \
             types",
            self.type_name(&v)
        );
        self.fail("TypeError", message)
    }

    /// A codec of the registry, which must be one of text. `which`: 0 encodes, 1 decodes.
    fn call_text_codec(&mut self, v: &Value, encoding: &str, errors: &str, which: usize) -> R<Value> {
        let info = self.codec_lookup(encoding)?;
        let key = self.intern("_is_text_encoding");
        let text = match self.get_attr_opt(&info, &key)? {
            Some(t) => self.truthy(&t)?,
            None => true,
        };
        if !text {
            let verb = ["encode", "decode"][which];
            let message = format!(
                "'{encoding}' is not a text encoding; use codecs.{verb}() to handle arbitrary codecs"
            );
            return self.fail("LookupError", message);
        }
        self.call_codec(&info, v, encoding, Some(errors), which)
    }

    /// Calls the encoder or decoder of a registry entry and takes the first item of what it answers.
    pub(crate) fn call_codec(
        &mut self,
        info: &Value,
        v: &Value,
        encoding: &str,
        errors: Option<&str>,
        which: usize,
    ) -> R<Value> {
        let f = self.get_item(info, &Value::small(which as i64))?;
        let mut args = vec![v.clone()];
        if let Some(errors) = errors {
            args.push(self.str(errors));
        }
        let kind = ["encod", "decod"][which];
        let r = match self.call(&f, &args, crate::object::Kw::NONE) {
            Ok(r) => r,
            Err(_) => {
                let e = self.take_pending();
                self.codec_note(&e, &format!("{kind}ing with '{encoding}' codec failed"));
                return Err(self.set_pending(e));
            }
        };
        match r.get::<Tuple>().map(|t| t.as_slice()) {
            Some([v, _]) => Ok(v.clone()),
            _ => self.fail("TypeError", format!("{kind}er must return a tuple (object, integer)")),
        }
    }
    fn codec_note(&mut self, e: &Value, note: &str) {
        let note = self.str(note);
        let key = self.intern("add_note");
        let f = self.get_attr(e, &key);
        if f.and_then(|f| self.call(&f, &[note], crate::object::Kw::NONE)).is_err() {
            drop(self.take_pending());
        }
    }

    /// An optional argument that names an encoding or an error handler.
    pub(crate) fn codec_name(&mut self, who: &str, what: &str, v: Option<&Value>) -> R<Option<String>> {
        let Some(v) = v else { return Ok(None) };
        match v.get::<Str>() {
            Some(s) if s.bytes().contains(&0) => self.fail("ValueError", "embedded null character"),
            Some(s) => match s.to_str() {
                Some(s) => Ok(Some(s.to_owned())),
                None => {
                    let at = s.code_points().position(|c| c.to_char().is_none()).unwrap_or(0);
                    let e = self.unicode_encode_error("utf-8", v, at, at + 1, "surrogates not allowed");
                    Err(self.raise_value(e))
                }
            },
            None => {
                let message = format!("{who}() argument '{what}' must be str, not {}", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
}

/// Appends text that is known to be well formed.
pub fn push(out: &mut Wtf8Buf, text: &str) {
    out.push_wtf8(Wtf8::new(text));
}
