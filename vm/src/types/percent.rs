//! `%` formatting of strs.

use super::number::{Num, int_digits};
use crate::error::R;
use crate::object::{Dict, Kind, Str, Tuple};
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
}

impl Arguments<'_> {
    fn take(&mut self, vm: &mut Vm) -> R<Value> {
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
        let one = std::slice::from_ref(args);
        let all = args.get::<Tuple>().map_or(one, Tuple::as_slice);
        let mapping = (args.kind() == Some(Kind::Dict)).then_some(args);
        let mut args_left = Arguments { all, next: 0, mapping };
        let chars: Vec<char> = fmt.chars().collect();
        let mut out = String::with_capacity(fmt.len());
        let (mut i, mut keyed) = (0, false);
        while let Some(&c) = chars.get(i) {
            i += 1;
            if c != '%' {
                out.push(c);
                continue;
            }
            self.percent_field(&chars, &mut i, &mut args_left, &mut keyed, &mut out)?;
        }
        // A mapping or a list may go unused; a tuple or a plain value must not.
        let lenient = keyed || matches!(args.kind(), Some(Kind::Dict | Kind::List | Kind::Range));
        if args_left.next < all.len() && !lenient {
            return self.fail("TypeError", "not all arguments converted during string formatting");
        }
        Ok(self.string(out))
    }

    fn percent_field(
        &mut self,
        chars: &[char],
        i: &mut usize,
        args: &mut Arguments,
        keyed: &mut bool,
        out: &mut String,
    ) -> R {
        let mut keyed_value = None;
        if chars.get(*i) == Some(&'(') {
            keyed_value = Some(self.percent_key(chars, i, args)?);
            *keyed = true;
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
        if code == '%' {
            out.push('%');
            return Ok(());
        }
        if !"diouxXeEfFgGcrsa".contains(code) {
            let message =
                format!("unsupported format character '{code}' ({:#x}) at index {}", code as u32, *i - 1);
            return self.fail("ValueError", message);
        }
        let v = match keyed_value {
            Some(v) => v,
            None => args.take(self)?,
        };
        let text = self.percent_value(&v, code, &flags, precision, width as usize)?;
        let align = if flags.left { '<' } else { '>' };
        out.push_str(&self.pad(&text, width as usize, ' ', align)?);
        Ok(())
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
                let key = self.string(key);
                let found = mapping.as_::<Dict>().get(self, &key)?;
                return found.ok_or_else(|| self.raise_type("KeyError", vec![key]));
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
            let n = n.clamp_i64();
            if n.abs() > MAX_FIELD {
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
                let Some(n) = Num::of(v) else {
                    let message = format!("must be real number, not {}", self.type_name(v));
                    return self.fail("TypeError", message);
                };
                let f = self.float_of(n)?;
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
        let Some(n) = Num::int_of(v) else {
            let message = format!("%c requires an int or a unicode character, not {}", self.type_name(v));
            return self.fail("TypeError", message);
        };
        match u32::try_from(n.clamp_i64()).ok().filter(|&c| c <= 0x10ffff) {
            Some(c) => Ok(self.character(c)?.to_string()),
            None => self.fail("OverflowError", "%c arg not in range(0x110000)"),
        }
    }
}
