//! `%` formatting of strs.

use super::number::{Num, int_digits};
use super::specials::Special;
use crate::error::R;
use crate::object::{Bytes, Kind, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;

#[derive(Default)]
struct Flags {
    left: bool,
    sign: bool,
    space: bool,
    alternate: bool,
    zero: bool,
}

/// The arguments: a tuple's items in turn, or one value.
struct Arguments<'a> {
    all: &'a [Value],
    next: usize,
    mapping: Option<&'a Value>,
    /// The value of a key, which the next to take gets; after that there are no others.
    keyed: Option<Option<Value>>,
    /// The template is bytes, as Latin-1.
    bytes: bool,
}

impl Arguments<'_> {
    fn take(&mut self, vm: &mut Vm) -> R<Value> {
        if let Some(one) = &mut self.keyed {
            return match one.take() {
                Some(v) => Ok(v),
                None => vm.fail("TypeError", "not enough arguments for format string"),
            };
        }
        match self.all.get(self.next) {
            Some(v) => {
                self.next += 1;
                Ok(v.clone())
            }
            None => vm.fail("TypeError", "not enough arguments for format string"),
        }
    }
}

const MAX_FIELD: i64 = i32::MAX as i64;

impl Vm {
    pub fn percent_format(&mut self, fmt: &str, args: &Value) -> R<Value> {
        let out = self.percent_text(fmt, args, false)?;
        Ok(self.string(out))
    }
    /// The same for bytes, which go through Latin-1.
    pub(crate) fn percent_bytes(&mut self, fmt: &Value, args: &Value) -> R<Value> {
        let bytes = self.need_bytes(fmt)?;
        let text: String = bytes.iter().map(|&b| b as char).collect();
        let out = self.percent_text(&text, args, true)?;
        let out = out.chars().map(|c| c as u8).collect();
        Ok(if fmt.get::<Bytes>().is_some() { self.byte_vec(out) } else { self.byte_array(out) })
    }
    fn percent_text(&mut self, fmt: &str, args: &Value, bytes: bool) -> R<String> {
        let one = std::slice::from_ref(args);
        let all = args.get::<Tuple>().map_or(one, Tuple::as_slice);
        let text = bytes && (args.is_kind(Kind::Bytes) || super::buffer::exporter(args).is_some());
        let mapping = (!text && self.is_percent_mapping(args)).then_some(args);
        let mut args_left = Arguments { all, next: 0, mapping, keyed: None, bytes };
        let chars: Vec<char> = fmt.chars().collect();
        let mut out = String::with_capacity(fmt.len());
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            i += 1;
            if c != '%' {
                out.push(c);
                continue;
            }
            self.percent_field(&chars, &mut i, &mut args_left, &mut out)?;
        }
        // A mapping or a list may go unused; a tuple or a plain value must not.
        let lenient = args_left.keyed.is_some() || mapping.is_some();
        if args_left.next < all.len() && !lenient {
            return self.fail(
                "TypeError",
                match bytes {
                    true => "not all arguments converted during bytes formatting",
                    false => "not all arguments converted during string formatting",
                },
            );
        }
        Ok(out)
    }

    /// Anything with items, but tuples and text.
    fn is_percent_mapping(&mut self, v: &Value) -> bool {
        if matches!(v.kind(), Some(Kind::Tuple | Kind::Str | Kind::Type)) {
            return false;
        }
        matches!(v.kind(), Some(Kind::Dict | Kind::List | Kind::Range | Kind::Bytes))
            || v.is_dynamic() && self.has_special(v, Special::GetItem)
    }
    fn percent_field(&mut self, chars: &[char], i: &mut usize, args: &mut Arguments, out: &mut String) -> R {
        if chars.get(*i) == Some(&'%') {
            *i += 1;
            out.push('%');
            return Ok(());
        }
        if chars.get(*i) == Some(&'(') {
            let v = self.percent_key(chars, i, args)?;
            args.keyed = Some(Some(v));
        }
        let mut flags = Flags::default();
        while let Some(c) = chars.get(*i) {
            match c {
                '-' => flags.left = true,
                '+' => flags.sign = true,
                ' ' => flags.space = true,
                '#' => flags.alternate = true,
                '0' => flags.zero = true,
                _ => break,
            }
            *i += 1;
        }
        let mut width = self.percent_number(chars, i, args, "width")?.unwrap_or(0);
        if width < 0 {
            flags.left = true;
            width = -width;
        }
        let mut precision = None;
        if chars.get(*i) == Some(&'.') {
            *i += 1;
            precision = Some(self.percent_number(chars, i, args, "precision")?.unwrap_or(0).max(0) as usize);
        }
        while matches!(chars.get(*i), Some('h' | 'l' | 'L')) {
            *i += 1;
        }
        let Some(&code) = chars.get(*i) else { return self.fail("ValueError", "incomplete format") };
        *i += 1;
        let v = args.take(self)?;
        if !"diouxXeEfFgGcrsa".contains(code) && (!args.bytes || code != 'b') {
            let message =
                format!("unsupported format character '{code}' ({:#x}) at index {}", code as u32, *i - 1);
            return self.fail("ValueError", message);
        }
        if args.bytes
            && let Some(text) = self.percent_bytes_value(&v, code, precision)?
        {
            let align = if flags.left { '<' } else { '>' };
            out.push_str(&self.pad(&text, width as usize, ' ', align)?);
            return Ok(());
        }
        let text = self.percent_value(&v, code, &flags, precision, width as usize, args.bytes)?;
        let align = if flags.left { '<' } else { '>' };
        out.push_str(&self.pad(&text, width as usize, ' ', align)?);
        Ok(())
    }

    /// What the codes of bytes alone show, as Latin-1. `None`: the code is one of numbers.
    fn percent_bytes_value(&mut self, v: &Value, code: char, precision: Option<usize>) -> R<Option<String>> {
        let bytes: Vec<u8> = match code {
            's' | 'b' => match self.bytes_like(v)? {
                Some(b) => b.to_vec(),
                None => match self.call_special(v, Special::Bytes, &[])? {
                    Some(b) if b.get::<Bytes>().is_some() => b.as_::<Bytes>().as_slice().to_vec(),
                    _ => {
                        let message = format!(
                            "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
                            self.type_name(v)
                        );
                        return self.fail("TypeError", message);
                    }
                },
            },
            'r' | 'a' => self.ascii_string(v)?.into_bytes(),
            'c' => {
                let index = &self.try_index(v)?;
                if let Some(n) = Num::int_of(index) {
                    match u8::try_from(n.clamp_i64()) {
                        Ok(b) => vec![b],
                        Err(_) => return self.fail("OverflowError", "%c arg not in range(256)"),
                    }
                } else {
                    let b = if v.get::<Str>().is_some() { None } else { self.bytes_like(v)? };
                    match b {
                        Some(b) if b.len() == 1 => b.to_vec(),
                        Some(b) => {
                            let message = format!(
                                "%c requires an integer in range(256) or a single byte, not a bytes object of length {}",
                                b.len()
                            );
                            return self.fail("TypeError", message);
                        }
                        None => {
                            let message = format!(
                                "%c requires an integer in range(256) or a single byte, not {}",
                                self.full_type_name(v)
                            );
                            return self.fail("TypeError", message);
                        }
                    }
                }
            }
            _ => return Ok(None),
        };
        let n = if code == 'c' { bytes.len() } else { precision.unwrap_or(usize::MAX).min(bytes.len()) };
        Ok(Some(bytes[..n].iter().map(|&b| b as char).collect()))
    }

    fn percent_key(&mut self, chars: &[char], i: &mut usize, args: &Arguments) -> R<Value> {
        let Some(mapping) = args.mapping else { return self.fail("TypeError", "format requires a mapping") };
        let start = *i + 1;
        let mut depth = 0;
        for (at, c) in chars.iter().enumerate().skip(*i) {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                *i = at + 1;
                let key: String = chars[start..at].iter().collect();
                let key = match args.bytes {
                    true => self.byte_vec(key.chars().map(|c| c as u8).collect()),
                    false => self.string(key),
                };
                return self.get_item(mapping, &key);
            }
        }
        self.fail("ValueError", "incomplete format key")
    }

    fn percent_number(
        &mut self,
        chars: &[char],
        i: &mut usize,
        args: &mut Arguments,
        what: &str,
    ) -> R<Option<i64>> {
        if chars.get(*i) == Some(&'*') {
            *i += 1;
            let v = args.take(self)?;
            let Some(n) = Num::int_of(&v) else { return self.fail("TypeError", "* wants int") };
            if matches!(n, Num::Big(b) if i64::try_from(b).is_err()) {
                let kind = if what == "width" { "ssize_t" } else { "int" };
                return self.fail("OverflowError", format!("Python int too large to convert to C {kind}"));
            }
            let n = n.clamp_i64();
            if n == i64::MIN {
                return self.fail("OverflowError", format!("{what} too big"));
            }
            if what != "width" && n.abs() > MAX_FIELD {
                return self.fail("OverflowError", "Python int too large to convert to C int");
            }
            return Ok(Some(n));
        }
        let mut n = None;
        while let Some(d) = chars.get(*i).and_then(|c| c.to_digit(10)) {
            *i += 1;
            let next = n.unwrap_or(0) * 10 + d as i64;
            if next > MAX_FIELD {
                return self.fail("ValueError", format!("{what} too big"));
            }
            n = Some(next);
        }
        Ok(n)
    }

    fn percent_value(
        &mut self,
        v: &Value,
        code: char,
        flags: &Flags,
        precision: Option<usize>,
        width: usize,
        bytes: bool,
    ) -> R<String> {
        let cut = |s: String| match precision {
            Some(p) if p < s.chars().count() => s.chars().take(p).collect(),
            _ => s,
        };
        match code {
            's' => Ok(cut(self.str_string(v)?)),
            'r' => Ok(cut(self.repr_string(v)?)),
            'a' => Ok(cut(self.ascii_string(v)?)),
            'c' => self.percent_char(v),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                let n = self.percent_int(v, code)?;
                let n = Num::of(&n).unwrap_or(Num::Int(0));
                let (base, prefix) = match code {
                    'x' => (16, "0x"),
                    'X' => (16, "0X"),
                    'o' => (8, "0o"),
                    _ => (10, ""),
                };
                let digits = if base == 10 { self.decimal(n)? } else { int_digits(n, base) };
                let mut digits = digits.trim_start_matches('-').to_owned();
                if code == 'X' {
                    digits.make_ascii_uppercase();
                }
                if let Some(p) = precision {
                    digits = self.pad(&digits, p, '0', '>')?;
                }
                let prefix = if flags.alternate { prefix } else { "" };
                self.percent_sign(n.is_negative(), prefix, digits, flags, width)
            }
            _ => {
                let f = match self.real(v) {
                    Ok(f) => f,
                    Err(e) if bytes => {
                        if !self.pending_is(&["TypeError"]) {
                            return Err(e);
                        }
                        drop(self.take_pending());
                        let message = format!("float argument required, not {}", self.type_name(v));
                        return self.fail("TypeError", message);
                    }
                    Err(e) => return Err(e),
                };
                let digits = self.float_digits(f.abs(), Some(code), precision, flags.alternate)?;
                self.percent_sign(f.is_sign_negative() && !f.is_nan(), "", digits, flags, width)
            }
        }
    }

    fn percent_sign(
        &mut self,
        negative: bool,
        prefix: &str,
        digits: String,
        flags: &Flags,
        width: usize,
    ) -> R<String> {
        let sign = match () {
            _ if negative => "-",
            _ if flags.sign => "+",
            _ if flags.space => " ",
            _ => "",
        };
        let digits = if flags.zero && !flags.left {
            self.pad(&digits, width.saturating_sub(sign.len() + prefix.len()), '0', '>')?
        } else {
            digits
        };
        Ok(format!("{sign}{prefix}{digits}"))
    }

    /// The int that an int code shows; `%d` takes floats too.
    fn percent_int(&mut self, v: &Value, code: char) -> R<Value> {
        match Num::of(v) {
            Some(Num::Float(f)) if matches!(code, 'd' | 'i' | 'u') => self.int_of_float(f),
            Some(Num::Float(_)) | None => {
                let decimal = matches!(code, 'd' | 'i' | 'u');
                // (Not text, of which int() would make numbers too.)
                if v.is_dynamic() && !v.is_kind(Kind::Str) && !v.is_kind(Kind::Bytes) {
                    let converted = match decimal {
                        true if self.has_special(v, Special::Int) || self.has_special(v, Special::Index) => {
                            let class = self.types.int.clone();
                            self.call(&class, std::slice::from_ref(v), crate::object::Kw::NONE)
                        }
                        true => Ok(v.clone()),
                        false => self.try_index(v),
                    };
                    match converted {
                        Ok(n) if Num::int_of(&n).is_some() => return Ok(n),
                        Err(e) if !self.pending_is(&["TypeError"]) => return Err(e),
                        Err(_) => drop(self.take_pending()),
                        Ok(_) => {}
                    }
                }
                let want = if matches!(code, 'd' | 'i' | 'u') { "a real number" } else { "an integer" };
                let message = format!("%{code} format: {want} is required, not {}", self.type_name(v));
                self.fail("TypeError", message)
            }
            Some(_) => Ok(v.clone()),
        }
    }

    fn percent_char(&mut self, v: &Value) -> R<String> {
        if let Some(s) = v.get::<Str>() {
            if s.len() == 1 {
                return Ok(s.as_str().to_owned());
            }
            let message =
                format!("%c requires an int or a unicode character, not a string of length {}", s.len());
            return self.fail("TypeError", message);
        }
        let v = &self.try_index(v)?;
        let Some(n) = Num::int_of(v) else {
            let message =
                format!("%c requires an int or a unicode character, not {}", self.full_type_name(v));
            return self.fail("TypeError", message);
        };
        match u32::try_from(n.clamp_i64()).ok().filter(|&c| c <= 0x10ffff) {
            Some(c) => Ok(self.character(c)?.to_string()),
            None => self.fail("OverflowError", "%c arg not in range(0x110000)"),
        }
    }
}
