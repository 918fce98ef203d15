//! Making bytes: what `bytes()` and `bytearray()` take, `fromhex`, `hex`.

use super::Held;
use crate::error::R;
use crate::object::{Kw, Str};
use crate::types::number::Num;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// The content for `bytes(source, encoding, errors)`. `who`: the class.
    pub(crate) fn bytes_source(&mut self, who: &str, args: &[Value], kw: Kw) -> R<Held> {
        self.only_keywords(who, kw, &["source", "encoding", "errors"])?;
        if args.len() > 3 {
            let message = format!("{who}() takes at most 3 arguments ({} given)", args.len());
            return self.fail("TypeError", message);
        }
        let source = args.first().or(kw.get("source"));
        let encoding = self.codec_name(who, "encoding", args.get(1).or(kw.get("encoding")))?;
        let errors = self.codec_name(who, "errors", args.get(2).or(kw.get("errors")))?;
        let without = |what: &str| format!("{what} without a string argument");
        let Some(v) = source else {
            return match (encoding, errors) {
                (Some(_), _) => self.fail("TypeError", without("encoding")),
                (_, Some(_)) => self.fail("TypeError", without("errors")),
                _ => Ok(Held::Copy(vec![])),
            };
        };
        // A str may know its bytes itself.
        let own_bytes = who == "bytes" && v.is_dynamic() && self.special_of(v, Special::Bytes).is_some();
        if v.is_kind(crate::object::Kind::Str) && !(own_bytes && encoding.is_none() && errors.is_none()) {
            let Some(encoding) = encoding else {
                return self.fail("TypeError", "string argument without an encoding");
            };
            return Ok(Held::Object(self.encode(v, &encoding, errors.as_deref().unwrap_or("strict"))?));
        }
        match (encoding, errors) {
            (Some(_), _) => return self.fail("TypeError", without("encoding")),
            (_, Some(_)) => return self.fail("TypeError", without("errors")),
            _ => {}
        }
        if own_bytes && !self.has_special(v, Special::Bytes) {
            let message = format!("cannot convert '{}' object to bytes", self.type_name(v));
            return self.fail("TypeError", message);
        }
        if own_bytes {
            let Some(r) = self.call_special(v, Special::Bytes, &[])? else { return Ok(Held::Copy(vec![])) };
            if r.get::<crate::object::Bytes>().is_none() {
                let message = format!("__bytes__ returned non-bytes (type {})", self.type_name(&r));
                return self.fail("TypeError", message);
            }
            return Ok(Held::Object(r));
        }
        self.bytes_from(who, v)
    }

    /// Bytes of an int (so many zeros), a buffer or an iterable of ints.
    fn bytes_from(&mut self, who: &str, v: &Value) -> R<Held> {
        let number = Num::int_of(v).is_some()
            || v.is_dynamic() && !self.is_bytes_like(v) && self.has_special(v, Special::Index);
        if number {
            let n = self.index_size(v)?;
            let Ok(n) = usize::try_from(n) else { return self.fail("ValueError", "negative count") };
            let mut zeros = self.new_bytes(n)?;
            zeros.resize(n, 0);
            return Ok(Held::Copy(zeros));
        }
        if let Some(b) = self.bytes_like(v)? {
            return Ok(b);
        }
        let Some(it) = self.iter_or_none(v)? else {
            let message = format!("cannot convert '{}' object to {who}", self.type_name(v));
            return self.fail("TypeError", message);
        };
        let range =
            if who == "bytes" { "bytes must be in range(0, 256)" } else { "byte must be in range(0, 256)" };
        self.collect_bytes(&it, range).map(Held::Copy)
    }

    /// An iterator; `None`: the object is not iterable.
    pub(crate) fn iter_or_none(&mut self, v: &Value) -> R<Option<Value>> {
        match self.get_iter(v) {
            Ok(it) => Ok(Some(it)),
            Err(_) => {
                let e = self.take_pending();
                let iterable = self.has_special(v, Special::Iter) || self.has_special(v, Special::GetItem);
                if iterable || !self.is_instance(&e, self.types.exception("TypeError")) {
                    return Err(self.set_pending(e));
                }
                Ok(None)
            }
        }
    }
    pub(crate) fn collect_bytes(&mut self, it: &Value, range: &str) -> R<Vec<u8>> {
        let mut out = vec![];
        while let Some(v) = self.next(it)? {
            match u8::try_from(self.index_clamped(&v)?) {
                Ok(b) => out.push(b),
                Err(_) => return self.fail("ValueError", range),
            }
        }
        Ok(out)
    }

    /// `fromhex`.
    pub(crate) fn bytes_from_hex(&mut self, v: &Value) -> R<Vec<u8>> {
        let text = match v.get::<Str>() {
            // Positions count characters; what is not ASCII is an error anyway.
            Some(s) => s.code_points().map(|c| u8::try_from(c.to_u32()).unwrap_or(0xff)).collect(),
            None => match self.bytes_like(v)? {
                Some(b) => b.to_vec(),
                None => {
                    let message =
                        format!("fromhex() argument must be str or bytes-like, not {}", self.type_name(v));
                    return self.fail("TypeError", message);
                }
            },
        };
        let digit = |i: usize| text.get(i).and_then(|&b| (b as char).to_digit(16)).map(|d| d as u8);
        let (mut out, mut i) = (Vec::with_capacity(text.len() / 2), 0);
        while i < text.len() {
            if matches!(text[i], b' ' | b'\t'..=b'\r') {
                i += 1;
                continue;
            }
            match (digit(i), digit(i + 1)) {
                (Some(high), Some(low)) => out.push(high << 4 | low),
                (Some(_), None) if i + 1 >= text.len() => {
                    let message = "fromhex() arg must contain an even number of hexadecimal digits";
                    return self.fail("ValueError", message);
                }
                (high, _) => {
                    let at = i + high.is_some() as usize;
                    let message = format!("non-hexadecimal number found in fromhex() arg at position {at}");
                    return self.fail("ValueError", message);
                }
            }
            i += 2;
        }
        Ok(out)
    }

    /// `hex(sep, bytes_per_sep)`; the arguments begin behind self.
    pub(crate) fn hex_text(&mut self, bytes: &[u8], args: &[Value], kw: Kw) -> R<Value> {
        self.only_keywords("hex", kw, &["sep", "bytes_per_sep"])?;
        let separator = match args.first().or(kw.get("sep")) {
            None => None,
            Some(v) => {
                let len = self.len_of(v)?;
                let text = match v.get::<Str>() {
                    Some(s) => s.bytes().to_vec(),
                    None => match self.bytes_like(v)? {
                        Some(b) => b.to_vec(),
                        None => return self.fail("TypeError", "sep must be str or bytes."),
                    },
                };
                if len != 1 {
                    return self.fail("ValueError", "sep must be length 1.");
                }
                match text.as_slice() {
                    [b] if b.is_ascii() => Some(*b as char),
                    _ => return self.fail("ValueError", "sep must be ASCII."),
                }
            }
        };
        let group = match args.get(1).or(kw.get("bytes_per_sep")) {
            Some(v) => self.c_int(v)? as i64,
            None => 1,
        };
        let mut out = self.new_string(bytes.len().saturating_mul(3))?;
        let n = group.unsigned_abs() as usize;
        for (i, b) in bytes.iter().enumerate() {
            let edge = if group < 0 { i } else { bytes.len() - i };
            if let Some(c) = separator.filter(|_| n > 0 && i > 0 && edge % n == 0) {
                out.push(c);
            }
            for d in [b >> 4, b & 15] {
                out.push(char::from_digit(d as u32, 16).unwrap_or('0'));
            }
        }
        Ok(self.string(out))
    }
}
