//! The format mini-language (`format`, f-strings) and its shared parts.

use super::number::{Num, exponent_form, float_repr, int_digits};
use crate::error::R;
use crate::object::{Kind, Str};
use crate::value::Value;
use crate::vm::Vm;

/// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`
#[derive(Clone, Debug)]
pub struct Spec {
    pub fill: char,
    /// One of `<>=^`.
    pub align: Option<char>,
    pub sign: Option<char>,
    pub no_negative_zero: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: usize,
    pub grouping: Option<char>,
    pub precision: Option<usize>,
    /// Separator in the digits behind the point.
    pub fraction_grouping: Option<char>,
    pub kind: Option<char>,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            fill: ' ',
            align: None,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            zero: false,
            width: 0,
            grouping: None,
            precision: None,
            fraction_grouping: None,
            kind: None,
        }
    }
}

/// A float has no more decimals than this; further ones are zeros.
const MAX_DECIMALS: usize = 1100;
/// Digits asked for beyond this do not fit memory.
const MAX_FIELD: usize = i32::MAX as usize;

fn number(chars: &mut std::iter::Peekable<std::str::Chars>) -> Result<Option<usize>, String> {
    let mut n: Option<usize> = None;
    while let Some(d) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let next = n.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(d as usize));
        match next.filter(|&n| n <= MAX_FIELD) {
            Some(v) => n = Some(v),
            None => return Err("Too many decimal digits in format string".into()),
        }
    }
    Ok(n)
}

/// A separator of groups.
fn separator(chars: &mut std::iter::Peekable<std::str::Chars>) -> Result<Option<char>, String> {
    let first = chars.next_if(|c| matches!(c, ',' | '_'));
    match first.and_then(|_| chars.next_if(|c| matches!(c, ',' | '_'))) {
        Some(second) if first == Some(second) => Err(format!("Cannot specify '{second}' with '{second}'.")),
        Some(_) => Err("Cannot specify both ',' and '_'.".into()),
        None => Ok(first),
    }
}

impl Spec {
    fn parse(text: &str, class: &str) -> Result<Spec, String> {
        let mut spec = Spec::default();
        let all: Vec<char> = text.chars().collect();
        let is_align = |c: &char| matches!(c, '<' | '>' | '=' | '^');
        let mut skip = 0;
        if all.get(1).is_some_and(is_align) {
            (spec.fill, spec.align, skip) = (all[0], Some(all[1]), 2);
        } else if all.first().is_some_and(is_align) {
            (spec.align, skip) = (Some(all[0]), 1);
        }
        let rest: String = all[skip..].iter().collect();
        let mut chars = rest.chars().peekable();
        spec.sign = chars.next_if(|c| matches!(c, '+' | '-' | ' '));
        spec.no_negative_zero = chars.next_if_eq(&'z').is_some();
        spec.alternate = chars.next_if_eq(&'#').is_some();
        // A zero before the width fills with zeros behind the sign, unless told otherwise.
        if skip < 2 && chars.peek() == Some(&'0') {
            spec.zero = true;
            spec.fill = '0';
            chars.next();
        }
        spec.width = number(&mut chars)?.unwrap_or(0);
        spec.grouping = separator(&mut chars)?;
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = number(&mut chars)?;
            spec.fraction_grouping = separator(&mut chars)?;
            if spec.precision.is_none() && spec.fraction_grouping.is_none() {
                return Err("Format specifier missing precision".into());
            }
        }
        spec.kind = chars.next();
        if chars.next().is_some() {
            return Err(format!("Invalid format specifier '{text}' for object of type '{class}'"));
        }
        Ok(spec)
    }
}

impl Vm {
    pub fn format_builtin(&mut self, v: &Value, spec: &str) -> R<String> {
        if spec.is_empty() {
            return self.str_string(v);
        }
        let class = self.type_name(v);
        let n = Num::of(v);
        if let Some(c) = v.get::<crate::object::Complex>() {
            return self.format_complex(c.re, c.im, spec);
        }
        if n.is_none() && !v.is_kind(Kind::Str) {
            return self.fail("TypeError", format!("unsupported format string passed to {class}.__format__"));
        }
        let spec = match Spec::parse(spec, &class) {
            Ok(s) => s,
            Err(message) => return self.fail("ValueError", message),
        };
        match n {
            None => self.format_text(v.as_::<Str>().as_str(), &spec),
            Some(Num::Float(f)) => self.format_float(f, &spec),
            Some(n) => self.format_int(n, &spec, &class),
        }
    }

    fn unknown_code<T>(&mut self, code: char, class: &str) -> R<T> {
        let shown =
            if (' '..='~').contains(&code) { code.to_string() } else { format!("\\x{:x}", code as u32) };
        self.fail("ValueError", format!("Unknown format code '{shown}' for object of type '{class}'"))
    }

    fn format_text(&mut self, text: &str, spec: &Spec) -> R<String> {
        if let Some(k) = spec.kind.filter(|&k| k != 's') {
            return self.unknown_code(k, "str");
        }
        if let Some(sign) = spec.sign {
            let what = if sign == ' ' { "Space" } else { "Sign" };
            return self.fail("ValueError", format!("{what} not allowed in string format specifier"));
        }
        if spec.no_negative_zero {
            return self
                .fail("ValueError", "Negative zero coercion (z) not allowed in string format specifier");
        }
        if spec.alternate {
            return self.fail("ValueError", "Alternate form (#) not allowed in string format specifier");
        }
        if let Some(g) = spec.grouping {
            return self.fail("ValueError", format!("Cannot specify '{g}' with 's'."));
        }
        if spec.align == Some('=') {
            return self.fail("ValueError", "'=' alignment not allowed in string format specifier");
        }
        let cut: String = match spec.precision {
            Some(p) => text.chars().take(p).collect(),
            None => text.to_owned(),
        };
        self.pad(&cut, spec.width, spec.fill, spec.align.unwrap_or('<'))
    }

    /// Pads to a width. `=` is for numbers and treated there.
    pub(crate) fn pad(&mut self, text: &str, width: usize, fill: char, align: char) -> R<String> {
        let len = text.chars().count();
        if len >= width {
            return Ok(text.to_owned());
        }
        let missing = width - len;
        let left = match align {
            '<' => 0,
            '^' => missing / 2,
            _ => missing,
        };
        let mut out = self.new_string(text.len().saturating_add(missing.saturating_mul(fill.len_utf8())))?;
        out.extend(std::iter::repeat_n(fill, left));
        out.push_str(text);
        out.extend(std::iter::repeat_n(fill, missing - left));
        Ok(out)
    }

    fn format_int(&mut self, n: Num, spec: &Spec, class: &str) -> R<String> {
        let kind = spec.kind.unwrap_or('d');
        if matches!(kind, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') {
            let f = self.float_of(n)?;
            return self.format_float(f, spec);
        }
        if let Some(g) = spec.grouping
            && !matches!(kind, 'd' | 'n' | 'b' | 'o' | 'x' | 'X' | 'c')
        {
            return self.fail("ValueError", format!("Cannot specify '{g}' with '{kind}'."));
        }
        let (base, prefix) = match kind {
            'd' | 'n' => (10, ""),
            'b' => (2, "0b"),
            'o' => (8, "0o"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            'c' => (10, ""),
            k => return self.unknown_code(k, class),
        };
        if spec.precision.is_some() {
            return self.fail("ValueError", "Precision not allowed in integer format specifier");
        }
        if spec.no_negative_zero {
            return self
                .fail("ValueError", "Negative zero coercion (z) not allowed in integer format specifier");
        }
        if let Some(g) = spec.grouping
            && (matches!(kind, 'n' | 'c') || g == ',' && base != 10)
        {
            return self.fail("ValueError", format!("Cannot specify '{g}' with '{kind}'."));
        }
        if kind == 'c' {
            if spec.sign.is_some() {
                return self.fail("ValueError", "Sign not allowed with integer format specifier 'c'");
            }
            if spec.alternate {
                return self
                    .fail("ValueError", "Alternate form (#) not allowed with integer format specifier 'c'");
            }
            if matches!(n, Num::Big(b) if i64::try_from(b).is_err()) {
                return self.fail("OverflowError", "Python int too large to convert to C long");
            }
            let c = u32::try_from(n.clamp_i64()).ok().filter(|&c| c <= 0x10ffff);
            let Some(c) = c else { return self.fail("OverflowError", "%c arg not in range(0x110000)") };
            let c = self.character(c)?;
            return self.pad(&c.to_string(), spec.width, spec.fill, spec.align.unwrap_or('<'));
        }
        let digits = if base == 10 { self.decimal(n)? } else { int_digits(n, base) };
        let mut digits = digits.trim_start_matches('-').to_owned();
        if kind == 'X' {
            digits.make_ascii_uppercase();
        }
        let prefix = if spec.alternate { prefix } else { "" };
        self.assemble(n.is_negative(), prefix, &digits, "", spec, if base == 10 { 3 } else { 4 })
    }

    /// A char of a code point; lone surrogates cannot be represented yet.
    pub(crate) fn character(&mut self, c: u32) -> R<char> {
        match char::from_u32(c) {
            Some(c) => Ok(c),
            None => self.fail("NotImplementedError", "lone surrogates are not supported yet"),
        }
    }

    fn format_float(&mut self, f: f64, spec: &Spec) -> R<String> {
        let kind = spec.kind;
        if let Some(k) = kind
            && !matches!(k, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%')
        {
            return self.unknown_code(k, "float");
        }
        if let Some(g) = spec.grouping.or(spec.fraction_grouping)
            && kind == Some('n')
        {
            return self.fail("ValueError", format!("Cannot specify '{g}' with 'n'."));
        }
        let percent = kind == Some('%');
        let shown = if percent { f * 100.0 } else { f };
        let text = self.float_digits(shown.abs(), kind, spec.precision, spec.alternate)?;
        self.shape_float(f, &text, percent, spec)
    }

    /// Sign, grouping and padding for the digits of a float.
    fn shape_float(&mut self, f: f64, text: &str, percent: bool, spec: &Spec) -> R<String> {
        let mut negative = f.is_sign_negative() && !f.is_nan();
        if spec.no_negative_zero && !text.chars().any(|c| matches!(c, '1'..='9')) && f.is_finite() {
            negative = false;
        }
        let cut = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (whole, mut rest) =
            if f.is_finite() { (&text[..cut], text[cut..].to_owned()) } else { (text, String::new()) };
        if let Some(g) = spec.fraction_grouping
            && let Some(digits) = rest.strip_prefix('.')
        {
            let n = digits.bytes().take_while(u8::is_ascii_digit).count();
            let groups: Vec<&str> =
                digits.as_bytes()[..n].chunks(3).filter_map(|c| std::str::from_utf8(c).ok()).collect();
            rest = format!(".{}{}", groups.join(g.encode_utf8(&mut [0; 4])), &digits[n..]);
        }
        if percent {
            rest.push('%');
        }
        self.assemble(negative, "", whole, &rest, spec, 3)
    }

    /// `format` of a complex number: both parts as floats, padded together.
    pub(crate) fn format_complex(&mut self, re: f64, im: f64, spec: &str) -> R<String> {
        let spec = match Spec::parse(spec, "complex") {
            Ok(s) => s,
            Err(message) => return self.fail("ValueError", message),
        };
        if let Some(k) = spec.kind
            && !matches!(k, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n')
        {
            return self.unknown_code(k, "complex");
        }
        if spec.zero {
            return self.fail("ValueError", "Zero padding is not allowed in complex format specifier");
        }
        if spec.align == Some('=') {
            return self.fail("ValueError", "'=' alignment flag is not allowed in complex format specifier");
        }
        let part = Spec { width: 0, align: None, fill: ' ', ..spec.clone() };
        let shape = |vm: &mut Vm, f: f64, part: &Spec| -> R<String> {
            let kind = part.kind.or(part.precision.map(|_| 'g'));
            let mut digits = vm.float_digits(f.abs(), kind, part.precision, part.alternate)?;
            if kind.is_none() && digits.ends_with(".0") {
                digits.truncate(digits.len() - if part.alternate { 1 } else { 2 });
            }
            vm.shape_float(f, &digits, false, part)
        };
        let alone = spec.kind.is_none() && re == 0.0 && re.is_sign_positive();
        let mut text = match alone {
            true => shape(self, im, &part)?,
            false => {
                let re = shape(self, re, &part)?;
                re + &shape(self, im, &Spec { sign: Some('+'), ..part })?
            }
        };
        text.push('j');
        if spec.kind.is_none() && !alone {
            text = format!("({text})");
        }
        self.pad(&text, spec.width, spec.fill, spec.align.unwrap_or('>'))
    }

    /// Digits of a float that is not negative, in one of the styles `e f g` (`None`: as `str`, or `g` that
    /// always shows a decimal point or exponent).
    pub(crate) fn float_digits(
        &mut self,
        f: f64,
        kind: Option<char>,
        precision: Option<usize>,
        alternate: bool,
    ) -> R<String> {
        let upper = kind.is_some_and(|k| k.is_ascii_uppercase());
        let mut s = match kind.map(|k| k.to_ascii_lowercase()) {
            _ if f.is_nan() => "nan".to_owned(),
            _ if f.is_infinite() => "inf".to_owned(),
            None if precision.is_none() => {
                let s = float_repr(f);
                if alternate && !s.contains('.') { s.replacen('e', ".e", 1) } else { s }
            }
            None => general(f, precision.unwrap_or(6), alternate, true),
            Some('e') => {
                let s = exponent(f, precision.unwrap_or(6).min(MAX_DECIMALS));
                if alternate && !s.contains('.') { s.replacen('e', ".e", 1) } else { s }
            }
            Some('g' | 'n') => general(f, precision.unwrap_or(6), alternate, false),
            _ => {
                let p = precision.unwrap_or(6);
                let mut s = format!("{f:.*}", p.min(MAX_DECIMALS));
                if p > MAX_DECIMALS {
                    let mut long = self.new_string(s.len() + p)?;
                    long.push_str(&s);
                    long.extend(std::iter::repeat_n('0', p - MAX_DECIMALS));
                    s = long;
                }
                if alternate && p == 0 {
                    s.push('.');
                }
                s
            }
        };
        if upper {
            s.make_ascii_uppercase();
        }
        Ok(s)
    }

    /// Sign, prefix, grouped digits and what follows them, padded.
    fn assemble(
        &mut self,
        negative: bool,
        prefix: &str,
        digits: &str,
        rest: &str,
        spec: &Spec,
        group: usize,
    ) -> R<String> {
        let sign = match spec.sign {
            _ if negative => "-",
            Some('+') => "+",
            Some(' ') => " ",
            _ => "",
        };
        let align = spec.align.unwrap_or(if spec.zero { '=' } else { '>' });
        let numeric = digits.starts_with(|c: char| c.is_ascii_hexdigit())
            && !digits.starts_with(['i', 'n'])
            && digits != "inf"
            && digits != "nan";
        let fixed = sign.len() + prefix.len() + rest.len();
        let mut body = match spec.grouping {
            Some(g) if numeric => {
                // Zeros that fill up to the width are grouped too.
                let least =
                    if spec.fill == '0' && align == '=' { spec.width.saturating_sub(fixed) } else { 0 };
                self.new_string(least.saturating_mul(2))?;
                group_digits(digits, g, group, least)
            }
            _ => digits.to_owned(),
        };
        body.push_str(rest);
        if align == '=' {
            let width = spec.width.saturating_sub(sign.len() + prefix.len());
            let padded = self.pad(&body, width, spec.fill, '>')?;
            return Ok(format!("{sign}{prefix}{padded}"));
        }
        self.pad(&format!("{sign}{prefix}{body}"), spec.width, spec.fill, align)
    }
}

/// Separators every `group` digits; zeros in front until the text has `least` characters.
fn group_digits(digits: &str, separator: char, group: usize, least: usize) -> String {
    let mut reversed = String::new();
    let mut n = 0;
    let mut digits = digits.chars().rev();
    loop {
        let d = match digits.next() {
            Some(d) => d,
            None if reversed.len() < least => '0',
            None => break,
        };
        if n > 0 && n % group == 0 {
            reversed.push(separator);
        }
        reversed.push(d);
        n += 1;
    }
    reversed.chars().rev().collect()
}

/// `d.dddde+XX` with so many decimals.
fn exponent(f: f64, precision: usize) -> String {
    let text = format!("{f:.precision$e}");
    let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
    let e: i32 = e.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs())
}

/// Style `g`: so many significant digits, trailing zeros dropped. `dot`: shows `.0` rather than nothing.
fn general(f: f64, precision: usize, alternate: bool, dot: bool) -> String {
    let p = precision.clamp(1, MAX_DECIMALS);
    let text = format!("{f:.*e}", p - 1);
    let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
    let e: i32 = e.parse().unwrap_or(0);
    let limit = p as i32 - dot as i32;
    let scientific = e < -4 || e + 1 > limit.max(if dot { 0 } else { 1 });
    let mut digits = mantissa.replace('.', "");
    if !alternate {
        let kept = digits.trim_end_matches('0').len().max(1);
        digits.truncate(kept);
    }
    if scientific {
        let s = exponent_form(&digits, e);
        return if alternate && digits.len() == 1 { s.replacen('e', ".e", 1) } else { s };
    }
    let s = if e < 0 {
        format!("0.{}{digits}", "0".repeat((-e - 1) as usize))
    } else if digits.len() <= e as usize + 1 {
        let zeros = "0".repeat(e as usize + 1 - digits.len());
        format!("{digits}{zeros}{}", if alternate { "." } else { "" })
    } else {
        format!("{}.{}", &digits[..e as usize + 1], &digits[e as usize + 1..])
    };
    if dot && !s.contains('.') { s + ".0" } else { s }
}
