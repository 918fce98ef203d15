//! Methods of `str`.

use super::iter::dict_iter;
use super::number::Num;
use crate::error::R;
use crate::object::{BuiltinDef, DictPart, Kind, Kw, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("join", 1, 1, join),
    BuiltinDef::kw("split", 0, 2, |vm, a, kw| split_words(vm, a, kw, false)),
    BuiltinDef::kw("rsplit", 0, 2, |vm, a, kw| split_words(vm, a, kw, true)),
    BuiltinDef::kw("splitlines", 0, 1, splitlines),
    BuiltinDef::new("strip", 0, 1, |vm, a, _| strip(vm, a, "strip", true, true)),
    BuiltinDef::new("lstrip", 0, 1, |vm, a, _| strip(vm, a, "lstrip", true, false)),
    BuiltinDef::new("rstrip", 0, 1, |vm, a, _| strip(vm, a, "rstrip", false, true)),
    BuiltinDef::new("startswith", 1, 3, |vm, a, _| affix(vm, a, "startswith", |s, p| s.starts_with(p))),
    BuiltinDef::new("endswith", 1, 3, |vm, a, _| affix(vm, a, "endswith", |s, p| s.ends_with(p))),
    BuiltinDef::new("upper", 0, 0, |vm, a, _| map(vm, a, |s| s.to_uppercase())),
    BuiltinDef::new("lower", 0, 0, |vm, a, _| map(vm, a, |s| s.to_lowercase())),
    BuiltinDef::new("casefold", 0, 0, |vm, a, _| map(vm, a, |s| s.to_lowercase().replace('ß', "ss"))),
    BuiltinDef::new("title", 0, 0, |vm, a, _| map(vm, a, title)),
    BuiltinDef::new("capitalize", 0, 0, |vm, a, _| map(vm, a, capitalize)),
    BuiltinDef::new("swapcase", 0, 0, |vm, a, _| map(vm, a, swapcase)),
    BuiltinDef::kw("replace", 2, 3, replace),
    BuiltinDef::new("find", 1, 3, |vm, a, _| find(vm, a, "find", false).map(or_minus_one)),
    BuiltinDef::new("rfind", 1, 3, |vm, a, _| find(vm, a, "rfind", true).map(or_minus_one)),
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "index", false)),
    BuiltinDef::new("rindex", 1, 3, |vm, a, _| index(vm, a, "rindex", true)),
    BuiltinDef::new("count", 1, 3, count),
    BuiltinDef::new("isdigit", 0, 0, |_, a, _| {
        all(a, |c| c.is_ascii_digit() || !c.is_ascii() && is_digit(c))
    }),
    BuiltinDef::new("isdecimal", 0, 0, |_, a, _| {
        all(a, |c| c.is_ascii_digit() || !c.is_ascii() && is_decimal(c))
    }),
    BuiltinDef::new("isnumeric", 0, 0, |_, a, _| all(a, char::is_numeric)),
    BuiltinDef::new("isalpha", 0, 0, |_, a, _| all(a, char::is_alphabetic)),
    BuiltinDef::new("isalnum", 0, 0, |_, a, _| all(a, char::is_alphanumeric)),
    BuiltinDef::new("isspace", 0, 0, |_, a, _| all(a, is_space)),
    BuiltinDef::new("isascii", 0, 0, |_, a, _| Ok(Value::bool(text(a).is_ascii()))),
    BuiltinDef::new("isprintable", 0, 0, |_, a, _| {
        Ok(Value::bool(text(a).chars().all(super::repr::is_printable)))
    }),
    BuiltinDef::new("isupper", 0, 0, |_, a, _| {
        Ok(Value::bool(cased(text(a), char::is_uppercase, char::is_lowercase)))
    }),
    BuiltinDef::new("islower", 0, 0, |_, a, _| {
        Ok(Value::bool(cased(text(a), char::is_lowercase, char::is_uppercase)))
    }),
    BuiltinDef::new("istitle", 0, 0, |_, a, _| Ok(Value::bool(is_title(text(a))))),
    BuiltinDef::new("isidentifier", 0, 0, |_, a, _| Ok(Value::bool(is_identifier(text(a))))),
    BuiltinDef::new("zfill", 1, 1, zfill),
    BuiltinDef::new("center", 1, 2, |vm, a, _| justify(vm, a, '^')),
    BuiltinDef::new("ljust", 1, 2, |vm, a, _| justify(vm, a, '<')),
    BuiltinDef::new("rjust", 1, 2, |vm, a, _| justify(vm, a, '>')),
    BuiltinDef::new("partition", 1, 1, |vm, a, _| partition(vm, a, "partition", false)),
    BuiltinDef::new("rpartition", 1, 1, |vm, a, _| partition(vm, a, "rpartition", true)),
    BuiltinDef::kw("format", 0, u8::MAX, super::str_format::format),
    BuiltinDef::new("removeprefix", 1, 1, |vm, a, _| {
        let (s, p) = (text(a), str_arg(vm, a, 1, "removeprefix")?);
        Ok(s.strip_prefix(p).map_or_else(|| a[0].clone(), |t| vm.str(t)))
    }),
    BuiltinDef::new("removesuffix", 1, 1, |vm, a, _| {
        let (s, p) = (text(a), str_arg(vm, a, 1, "removesuffix")?);
        Ok(s.strip_suffix(p).map_or_else(|| a[0].clone(), |t| vm.str(t)))
    }),
    BuiltinDef::kw("expandtabs", 0, 1, expandtabs),
    BuiltinDef::new("translate", 1, 1, translate),
    BuiltinDef::kw("encode", 0, 2, |vm, _, _| vm.fail("NotImplementedError", "bytes are not supported yet")),
];

/// What `str.isspace` and `str.split` take for white space.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}
fn is_decimal(c: char) -> bool {
    // Decimal digits come in runs of ten that begin at these code points (the common scripts).
    const ZEROS: &[u32] = &[
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
        0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
    ];
    ZEROS.iter().any(|&z| (z..z + 10).contains(&(c as u32)))
}
fn is_digit(c: char) -> bool {
    is_decimal(c) || matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' | '₀'..='₉' | '①'..='⑨')
}

fn text(args: &[Value]) -> &str {
    args[0].as_::<Str>().as_str()
}
/// Argument `i` (self is 0), which must be a str.
fn str_arg<'a>(vm: &mut Vm, args: &'a [Value], i: usize, who: &str) -> R<&'a str> {
    match args[i].get::<Str>() {
        Some(s) => Ok(s.as_str()),
        None => {
            let message = format!("{who}() argument {i} must be str, not {}", vm.type_name(&args[i]));
            vm.fail("TypeError", message)
        }
    }
}
/// The same without a number, for functions of one argument.
fn only_str_arg<'a>(vm: &mut Vm, args: &'a [Value], who: &str) -> R<&'a str> {
    match args[1].get::<Str>() {
        Some(s) => Ok(s.as_str()),
        None => {
            let message = format!("{who}() argument must be str, not {}", vm.type_name(&args[1]));
            vm.fail("TypeError", message)
        }
    }
}

fn map(vm: &mut Vm, args: &[Value], f: fn(&str) -> String) -> R<Value> {
    Ok(vm.string(f(text(args))))
}
fn all(args: &[Value], test: impl Fn(char) -> bool) -> R<Value> {
    let s = text(args);
    Ok(Value::bool(!s.is_empty() && s.chars().all(test)))
}

fn join(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let items = match vm.to_vec(&args[1]) {
        Ok(items) => items,
        Err(e) if vm.get_iter(&args[1]).is_ok() => return Err(e),
        Err(_) => {
            drop(vm.take_pending());
            return vm.fail("TypeError", "can only join an iterable");
        }
    };
    let separator = text(args);
    let mut size = separator.len().saturating_mul(items.len());
    for (i, v) in items.iter().enumerate() {
        match v.get::<Str>() {
            Some(s) => size = size.saturating_add(s.as_str().len()),
            None => {
                let message = format!("sequence item {i}: expected str instance, {} found", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        }
    }
    if let [one] = items.as_slice() {
        return Ok(one.clone());
    }
    let mut out = vm.new_string(size)?;
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        out.push_str(v.as_::<Str>().as_str());
    }
    Ok(vm.string(out))
}

fn strs(vm: &mut Vm, parts: impl Iterator<Item = impl AsRef<str>>) -> Value {
    let items = parts.map(|p| vm.str(p.as_ref())).collect();
    vm.list(items)
}

fn split_words(vm: &mut Vm, args: &[Value], kw: Kw, from_right: bool) -> R<Value> {
    let who = if from_right { "rsplit" } else { "split" };
    vm.only_keywords(who, kw, &["sep", "maxsplit"])?;
    let max = match args.get(2).or(kw.get("maxsplit")) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let s = text(args);
    let separator = args.get(1).or(kw.get("sep")).filter(|v| !v.is_none());
    let Some(separator) = separator else {
        let parts = if from_right { split_space_right(s, max) } else { split_space(s, max) };
        return Ok(strs(vm, parts.into_iter()));
    };
    let Some(sep) = separator.get::<Str>() else {
        let message = format!("must be str or None, not {}", vm.type_name(separator));
        return vm.fail("TypeError", message);
    };
    let sep = sep.as_str();
    if sep.is_empty() {
        return vm.fail("ValueError", "empty separator");
    }
    let limit = max.saturating_add(1);
    if from_right {
        let mut parts: Vec<&str> = s.rsplitn(limit, sep).collect();
        parts.reverse();
        return Ok(strs(vm, parts.into_iter()));
    }
    Ok(strs(vm, s.splitn(limit, sep)))
}

fn split_space(s: &str, max: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (vec![], s.trim_start_matches(is_space));
    while !rest.is_empty() {
        match rest.find(is_space) {
            Some(end) if parts.len() < max => {
                parts.push(&rest[..end]);
                rest = rest[end..].trim_start_matches(is_space);
            }
            // Out of splits: the rest as it is, its trailing space included.
            Some(_) if parts.len() >= max => {
                parts.push(rest);
                break;
            }
            _ => {
                parts.push(rest);
                break;
            }
        }
    }
    if max == 0 { parts } else { parts.into_iter().filter(|p| !p.is_empty()).collect() }
}
fn split_space_right(s: &str, max: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (vec![], s.trim_end_matches(is_space));
    while !rest.is_empty() {
        match rest.rfind(is_space) {
            Some(at) if parts.len() < max => {
                let width = rest[at..].chars().next().map_or(1, char::len_utf8);
                parts.push(&rest[at + width..]);
                rest = rest[..at].trim_end_matches(is_space);
            }
            _ => {
                parts.push(rest);
                break;
            }
        }
    }
    parts.reverse();
    parts
}

fn splitlines(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("splitlines", kw, &["keepends"])?;
    let keep = match args.get(1).or(kw.get("keepends")) {
        Some(v) => vm.truthy(v)?,
        None => false,
    };
    let ends = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c' | '\x1d' | '\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let (mut lines, mut rest) = (vec![], text(args));
    while !rest.is_empty() {
        let Some(at) = rest.find(ends) else {
            lines.push(rest);
            break;
        };
        let width = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        lines.push(&rest[..if keep { at + width } else { at }]);
        rest = &rest[at + width..];
    }
    Ok(strs(vm, lines.into_iter()))
}

fn strip(vm: &mut Vm, args: &[Value], who: &str, left: bool, right: bool) -> R<Value> {
    let set: Option<Vec<char>> = match args.get(1) {
        Some(v) if v.is_none() => None,
        Some(v) => match v.get::<Str>() {
            Some(s) => Some(s.as_str().chars().collect()),
            None => return vm.fail("TypeError", format!("{who} arg must be None or str")),
        },
        None => None,
    };
    let goes = |c: char| set.as_ref().map_or_else(|| is_space(c), |s| s.contains(&c));
    let whole = text(args);
    let mut s = whole;
    if left {
        s = s.trim_start_matches(goes);
    }
    if right {
        s = s.trim_end_matches(goes);
    }
    Ok(if s.len() == whole.len() { args[0].clone() } else { vm.str(s) })
}

/// The part of the text that optional start and end arguments (`args[2]`, `args[3]`) select, and where it
/// begins; `None`: it begins behind the end.
fn part<'a>(vm: &mut Vm, args: &'a [Value]) -> R<Option<(usize, &'a str)>> {
    let s = args[0].as_::<Str>();
    let len = s.len() as i64;
    let mut place = |i: usize, absent: i64| -> R<i64> {
        match args.get(i) {
            None => Ok(absent),
            Some(v) if v.is_none() => Ok(absent),
            Some(v) => match Num::int_of(v) {
                Some(n) => {
                    let n = n.clamp_i64();
                    Ok(if n < 0 { n.saturating_add(len).max(0) } else { n })
                }
                None => {
                    vm.fail("TypeError", "slice indices must be integers or None or have an __index__ method")
                }
            },
        }
    };
    let (start, end) = (place(2, 0)?, place(3, len)?.min(len));
    if start > len || start > end {
        return Ok(None);
    }
    Ok(Some((start as usize, s.slice(start as usize, end as usize).as_str().unwrap_or(""))))
}

fn affix(vm: &mut Vm, args: &[Value], who: &str, test: fn(&str, &str) -> bool) -> R<Value> {
    let found = part(vm, args)?;
    let check = |p: &str| found.is_some_and(|(_, s)| test(s, p));
    if let Some(p) = args[1].get::<Str>() {
        return Ok(Value::bool(check(p.as_str())));
    }
    let Some(all) = args[1].get::<Tuple>() else {
        let message =
            format!("{who} first arg must be str or a tuple of str, not {}", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    };
    for p in all.as_slice() {
        match p.get::<Str>() {
            Some(p) if check(p.as_str()) => return Ok(Value::TRUE),
            Some(_) => {}
            None => {
                let message = format!("tuple for {who} must only contain str, not {}", vm.type_name(p));
                return vm.fail("TypeError", message);
            }
        }
    }
    Ok(Value::FALSE)
}

fn find(vm: &mut Vm, args: &[Value], who: &str, last: bool) -> R<Option<usize>> {
    let needle = str_arg(vm, args, 1, who)?;
    let Some((start, s)) = part(vm, args)? else { return Ok(None) };
    let at = if last { s.rfind(needle) } else { s.find(needle) };
    let ascii = args[0].as_::<Str>().is_ascii();
    Ok(at.map(|at| start + if ascii { at } else { s[..at].chars().count() }))
}
fn or_minus_one(at: Option<usize>) -> Value {
    Value::small(at.map_or(-1, |i| i as i64))
}
fn index(vm: &mut Vm, args: &[Value], who: &str, last: bool) -> R<Value> {
    match find(vm, args, who, last)? {
        Some(i) => Ok(Value::small(i as i64)),
        None => vm.fail("ValueError", "substring not found"),
    }
}
fn count(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let needle = str_arg(vm, args, 1, "count")?;
    let Some((_, s)) = part(vm, args)? else { return Ok(Value::small(0)) };
    let n = if needle.is_empty() { s.chars().count() + 1 } else { s.matches(needle).count() };
    Ok(Value::small(n as i64))
}

fn replace(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("replace", kw, &["count"])?;
    let (old, new) = (str_arg(vm, args, 1, "replace")?, str_arg(vm, args, 2, "replace")?);
    let n = match args.get(3).or(kw.get("count")) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let s = text(args);
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    let found = if old.is_empty() { s.chars().count() + 1 } else { s.matches(old).count() };
    let grown = s.len().saturating_add(found.min(n).saturating_mul(new.len()));
    vm.new_string(grown)?;
    if found == 0 || n == 0 {
        return Ok(args[0].clone());
    }
    Ok(vm.string(s.replacen(old, new, n)))
}

fn title(s: &str) -> String {
    let (mut out, mut inside) = (String::with_capacity(s.len()), false);
    for c in s.chars() {
        if inside {
            out.extend(c.to_lowercase())
        } else {
            out.extend(c.to_uppercase())
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    out
}
fn capitalize(s: &str) -> String {
    let mut chars = s.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}
fn swapcase(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            c if c.is_uppercase() => out.extend(c.to_lowercase()),
            c if c.is_lowercase() => out.extend(c.to_uppercase()),
            c => out.push(c),
        }
    }
    out
}
fn cased(s: &str, want: fn(char) -> bool, bad: fn(char) -> bool) -> bool {
    s.chars().any(want) && !s.chars().any(bad)
}
fn is_title(s: &str) -> bool {
    let (mut inside, mut any) = (false, false);
    for c in s.chars() {
        if c.is_uppercase() {
            if inside {
                return false;
            }
            (inside, any) = (true, true);
        } else if c.is_lowercase() {
            if !inside {
                return false;
            }
            any = true;
        } else {
            inside = false;
        }
    }
    any
}
fn is_identifier(s: &str) -> bool {
    let mut chars = s.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}

fn zfill(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let width = vm.index_size(&args[1])?.max(0) as usize;
    let s = text(args);
    let (sign, digits) = match s.chars().next() {
        Some('+' | '-') => s.split_at(1),
        _ => ("", s),
    };
    let padded = vm.pad(digits, width.saturating_sub(sign.len()), '0', '>')?;
    Ok(vm.string(format!("{sign}{padded}")))
}

fn justify(vm: &mut Vm, args: &[Value], align: char) -> R<Value> {
    let width = vm.index_size(&args[1])?.max(0) as usize;
    let fill = match args.get(2) {
        None => ' ',
        Some(v) => match v.get::<Str>() {
            Some(s) if s.len() == 1 => s.char_at(0).unwrap_or(' '),
            Some(_) => return vm.fail("TypeError", "The fill character must be exactly one character long"),
            None => {
                let message =
                    format!("The fill character must be a unicode character, not {}", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        },
    };
    let s = args[0].as_::<Str>();
    if width <= s.len() {
        return Ok(args[0].clone());
    }
    if align == '^' {
        // An odd blank goes left when the width is odd, as in CPython.
        let missing = width - s.len();
        let left = missing / 2 + (missing & width & 1);
        let half = vm.pad(s.as_str(), s.len() + left, fill, '>')?;
        let whole = vm.pad(&half, width, fill, '<')?;
        return Ok(vm.string(whole));
    }
    let padded = vm.pad(s.as_str(), width, fill, align)?;
    Ok(vm.string(padded))
}

fn partition(vm: &mut Vm, args: &[Value], who: &str, last: bool) -> R<Value> {
    let sep = only_str_arg(vm, args, who)?;
    if sep.is_empty() {
        return vm.fail("ValueError", "empty separator");
    }
    let s = text(args);
    let found = if last { s.rsplit_once(sep) } else { s.split_once(sep) };
    let (a, b, c) = match found {
        Some((a, c)) => (a, sep, c),
        None if last => ("", "", s),
        None => (s, "", ""),
    };
    let parts = vec![vm.str(a), vm.str(b), vm.str(c)];
    Ok(vm.tuple(parts))
}

fn expandtabs(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("expandtabs", kw, &["tabsize"])?;
    let size = match args.get(1).or(kw.get("tabsize")) {
        Some(v) => vm.index_size(v)?.clamp(0, 1 << 30) as usize,
        None => 8,
    };
    let s = text(args);
    let tabs = s.matches('\t').count();
    let mut out = vm.new_string(s.len().saturating_add(tabs.saturating_mul(size)))?;
    let mut column = 0;
    for c in s.chars() {
        match c {
            '\t' if size > 0 => {
                let n = size - column % size;
                out.extend(std::iter::repeat_n(' ', n));
                column += n;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    Ok(vm.string(out))
}

fn translate(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut out = String::new();
    for c in text(args).chars() {
        let key = Value::small(c as i64);
        match vm.get_item(&args[1], &key) {
            Ok(v) if v.is_none() => {}
            Ok(v) => match (v.get::<Str>(), Num::int_of(&v)) {
                (Some(s), _) => out.push_str(s.as_str()),
                (_, Some(n)) => match u32::try_from(n.clamp_i64()).ok().filter(|&c| c <= 0x10ffff) {
                    Some(c) => out.push(vm.character(c)?),
                    None => return vm.fail("ValueError", "character mapping must be in range(0x110000)"),
                },
                _ => return vm.fail("TypeError", "character mapping must return integer, None or str"),
            },
            Err(_) => {
                let e = vm.take_pending();
                if !vm.is_instance(&e, vm.types.exception("LookupError")) {
                    return Err(vm.set_pending(e));
                }
                out.push(c);
            }
        }
    }
    Ok(vm.string(out))
}

/// `str.maketrans` is called on the class.
pub static CLASS_METHODS: &[BuiltinDef] = &[BuiltinDef::new("maketrans", 1, 3, maketrans)];

fn maketrans(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let d = vm.dict();
    let dict = d.as_::<crate::object::Dict>();
    if let [_, from] = args {
        if !from.is_kind(Kind::Dict) {
            let message = "if you give only one argument to maketrans it must be a dict";
            return vm.fail("TypeError", message);
        }
        let it = dict_iter(vm, from.clone(), DictPart::Items);
        while let Some(pair) = vm.next(&it)? {
            let [k, v] = pair.as_::<Tuple>().as_slice() else { continue };
            let key = match k.get::<Str>() {
                Some(s) if s.len() == 1 => Value::small(s.char_at(0).map_or(0, |c| c as i64)),
                Some(_) => {
                    return vm.fail("ValueError", "string keys in translate table must be of length 1");
                }
                None => k.clone(),
            };
            dict.set(vm, &key, v.clone())?;
        }
        return Ok(d);
    }
    let (x, y) = (str_arg(vm, args, 1, "maketrans")?, str_arg(vm, args, 2, "maketrans")?);
    if x.chars().count() != y.chars().count() {
        return vm.fail("ValueError", "the first two maketrans arguments must have equal length");
    }
    for (a, b) in x.chars().zip(y.chars()) {
        dict.set(vm, &Value::small(a as i64), Value::small(b as i64))?;
    }
    if args.len() > 3 {
        for c in str_arg(vm, args, 3, "maketrans")?.chars() {
            dict.set(vm, &Value::small(c as i64), Value::NONE)?;
        }
    }
    Ok(d)
}
