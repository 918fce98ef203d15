//! Error handlers of codecs: those known by name natively, and the exceptions they get.

use super::Encoding;
use crate::error::{Exc, R};
use crate::object::{Bytes, Str};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8Buf};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handler {
    Strict,
    Ignore,
    Replace,
    Backslash,
    XmlCharRef,
    NameReplace,
    SurrogateEscape,
    SurrogatePass,
}

impl Handler {
    pub const ALL: &'static [(&'static str, Handler)] = &[
        ("strict", Handler::Strict),
        ("ignore", Handler::Ignore),
        ("replace", Handler::Replace),
        ("backslashreplace", Handler::Backslash),
        ("xmlcharrefreplace", Handler::XmlCharRef),
        ("namereplace", Handler::NameReplace),
        ("surrogateescape", Handler::SurrogateEscape),
        ("surrogatepass", Handler::SurrogatePass),
    ];
    pub fn by_name(name: &str) -> Option<Handler> {
        Handler::ALL.iter().find(|(n, _)| *n == name).map(|(_, h)| *h)
    }
}

/// What a handler puts in the place of what could not be encoded.
pub enum Replacement {
    Text(Wtf8Buf),
    Bytes(Vec<u8>),
}

pub fn backslash(c: u32) -> String {
    match c {
        0..=0xff => format!("\\x{c:02x}"),
        0x100..=0xffff => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

/// Encoding errors: the replacement and how many of the characters it stands for. `None`: the handler gives
/// up, the error is raised.
pub fn on_encode(handler: Handler, chars: &[CodePoint], encoding: &str) -> Option<(Replacement, usize)> {
    let text = |s: String| Some((Replacement::Text(s.into()), chars.len()));
    let codes = chars.iter().map(|c| c.to_u32());
    match handler {
        Handler::Strict => None,
        Handler::Ignore => text(String::new()),
        Handler::Replace => text("?".repeat(chars.len())),
        Handler::Backslash => text(codes.map(backslash).collect()),
        Handler::XmlCharRef => text(codes.map(|c| format!("&#{c};")).collect()),
        Handler::NameReplace => text(codes.map(named).collect()),
        Handler::SurrogateEscape => {
            let bytes: Vec<u8> =
                codes.take_while(|c| (0xdc80..=0xdcff).contains(c)).map(|c| (c - 0xdc00) as u8).collect();
            let n = bytes.len();
            (n > 0).then_some((Replacement::Bytes(bytes), n))
        }
        Handler::SurrogatePass => {
            let encoding = Encoding::by_name(encoding)?;
            let mut bytes = vec![];
            let mut n = 0;
            for c in codes.take_while(|c| (0xd800..=0xdfff).contains(c)) {
                encoding.put_surrogate(c as u16, &mut bytes)?;
                n += 1;
            }
            (n > 0).then_some((Replacement::Bytes(bytes), n))
        }
    }
}

fn named(c: u32) -> String {
    match char::from_u32(c).and_then(crate::types::text::chars::name) {
        Some(n) => format!("\\N{{{n}}}"),
        None => backslash(c),
    }
}

/// Decoding errors: the text for the bytes `start..end`, and where to go on.
pub fn on_decode(
    handler: Handler,
    bytes: &[u8],
    start: usize,
    end: usize,
    encoding: &str,
) -> Option<(Wtf8Buf, usize)> {
    let bad = bytes.get(start..end)?;
    match handler {
        Handler::Strict | Handler::XmlCharRef | Handler::NameReplace => None,
        Handler::Ignore => Some((Wtf8Buf::new(), end)),
        Handler::Replace => Some(("\u{fffd}".into(), end)),
        Handler::Backslash => {
            Some((bad.iter().map(|b| format!("\\x{b:02x}")).collect::<String>().into(), end))
        }
        Handler::SurrogateEscape => {
            // At most four bytes at a time, and never an ASCII one.
            let escaped = bad.iter().take(4).take_while(|&&b| b >= 0x80);
            let out: Wtf8Buf = escaped.filter_map(|&b| CodePoint::from_u32(0xdc00 + b as u32)).collect();
            let n = out.len() / 3;
            (n > 0).then_some((out, start + n))
        }
        Handler::SurrogatePass => {
            let (c, n) = Encoding::by_name(encoding)?.get_surrogate(&bytes[start..])?;
            Some((std::iter::once(CodePoint::from(c)).collect(), start + n))
        }
    }
}

impl Vm {
    pub(crate) fn unicode_encode_error(
        &mut self,
        encoding: &str,
        s: &Value,
        start: usize,
        end: usize,
        reason: &str,
    ) -> Value {
        let (encoding, reason) = (self.str(encoding), self.str(reason));
        let args = vec![encoding, s.clone(), Value::small(start as i64), Value::small(end as i64), reason];
        self.make_exception("UnicodeEncodeError", args)
    }
    pub(crate) fn unicode_decode_error(
        &mut self,
        encoding: &str,
        bytes: &[u8],
        start: usize,
        end: usize,
        reason: &str,
    ) -> Value {
        let (encoding, reason, bytes) = (self.str(encoding), self.str(reason), self.bytes(bytes));
        let args = vec![encoding, bytes, Value::small(start as i64), Value::small(end as i64), reason];
        self.make_exception("UnicodeDecodeError", args)
    }

    /// Asks a registered handler. Answers what it returned and the position to go on from, checked against
    /// `len`, which the caller computes after the call.
    pub(crate) fn call_error_handler(
        &mut self,
        errors: &str,
        e: &Value,
        what: &str,
        len: impl FnOnce(&mut Vm) -> R<usize>,
    ) -> R<(Value, usize)> {
        let f = self.codec_error_handler(errors)?;
        let r = self.call(&f, std::slice::from_ref(e), crate::object::Kw::NONE)?;
        let wanted = if what == "encoding" { "(str/bytes, int)" } else { "(str, int)" };
        let parts = r.get::<crate::object::Tuple>().map(|t| t.as_slice());
        let Some([v, at]) = parts else {
            return self.fail("TypeError", format!("{what} error handler must return {wanted} tuple"));
        };
        let text = v.get::<Str>().is_some() || what == "encoding" && v.get::<Bytes>().is_some();
        let Some(n) = Num::int_of(at).filter(|_| text) else {
            return self.fail("TypeError", format!("{what} error handler must return {wanted} tuple"));
        };
        let n = n.clamp_i64();
        let len = len(self)? as i64;
        let at = if n < 0 { n.saturating_add(len) } else { n };
        match usize::try_from(at).ok().filter(|&at| at <= len as usize) {
            Some(at) => Ok((v.clone(), at)),
            None => self.fail("IndexError", format!("position {n} from error handler out of bounds")),
        }
    }

    /// `str()` of a UnicodeError with its five (or four) fields.
    pub(crate) fn unicode_error_text(&mut self, e: &Value) -> R<Option<String>> {
        let of = |vm: &Vm, class: &str| vm.is_instance(e, vm.types.exception(class));
        let translate = of(self, "UnicodeTranslateError");
        let decode = of(self, "UnicodeDecodeError");
        if !translate && !decode && !of(self, "UnicodeEncodeError") {
            return Ok(None);
        }
        let mut field = |name: &str| -> R<Value> {
            let key = self.intern(name);
            Ok(self.get_attr_opt(e, &key)?.unwrap_or(Value::NONE))
        };
        let (object, start, end) = (field("object")?, field("start")?, field("end")?);
        let reason = field("reason")?;
        let encoding = if translate { Value::NONE } else { field("encoding")? };
        if object.is_none() {
            return Ok(Some(String::new()));
        }
        let reason = self.str_string(&reason)?;
        let encoding = if translate { String::new() } else { self.str_string(&encoding)? };
        // Making the texts may have changed the object.
        let key = self.intern("object");
        let object = self.get_attr_opt(e, &key)?.unwrap_or(Value::NONE);
        if object.is_none() || decode != object.get::<Bytes>().is_some() {
            let what = if decode { "bytes" } else { "string" };
            return self.fail("TypeError", format!("UnicodeError 'object' attribute must be a {what}"));
        }
        let int = |v: &Value| Num::int_of(v).map_or(0, Num::clamp_i64);
        let (start, end) = (int(&start), int(&end));
        let front = match translate {
            true => "can't translate".to_owned(),
            false => {
                let verb = if decode { "decode" } else { "encode" };
                format!("'{encoding}' codec can't {verb}")
            }
        };
        let one = usize::try_from(start).ok().filter(|_| end == start.saturating_add(1));
        let what = match (object.get::<Str>(), object.get::<Bytes>()) {
            (Some(s), _) if !decode => {
                one.and_then(|i| s.code_at(i)).map(|c| format!("character '{}'", backslash(c)))
            }
            (_, Some(b)) if decode => {
                one.and_then(|i| b.as_slice().get(i)).map(|b| format!("byte 0x{b:02x}"))
            }
            _ => None,
        };
        Ok(Some(match what {
            Some(what) => format!("{front} {what} in position {start}: {reason}"),
            None => {
                let what = if decode { "bytes" } else { "characters" };
                format!("{front} {what} in position {start}-{}: {reason}", end.saturating_sub(1))
            }
        }))
    }

    pub(crate) fn unknown_error_handler(&mut self, name: &str) -> Exc {
        self.raise("LookupError", format!("unknown error handler name '{name}'"))
    }
}
