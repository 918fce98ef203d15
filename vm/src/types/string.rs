//! Methods of `str`.
//!
//! Results are of class `str` exactly, whatever subclass the receiver is of.

use super::number::Num;
use super::text::chars::{self, is_blank, is_line_end};
use super::text::search::{self, Span};
use crate::error::R;
use crate::object::{BuiltinDef, DictPart, Kind, Kw, List, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

pub use super::text::chars::is_space;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
        // What CPython's would take: one to four bytes a character, by the widest.
        let s = this(a);
        let widest = if s.is_ascii() { 0 } else { s.code_points().map(|c| c.to_u32()).max().unwrap_or(0) };
        let (head, each) = match widest {
            0 => (40, 1),
            1..0x100 => (56, 1),
            0x100..0x10000 => (56, 2),
            _ => (56, 4),
        };
        Ok(vm.int(head + each * (s.len() as i64 + 1)))
    }),
    BuiltinDef::new("join", 1, 1, join),
    BuiltinDef::kw("split", 0, 2, |vm, a, kw| split(vm, a, kw, "split", false)),
    BuiltinDef::kw("rsplit", 0, 2, |vm, a, kw| split(vm, a, kw, "rsplit", true)),
    BuiltinDef::kw("splitlines", 0, 1, splitlines),
    BuiltinDef::new("strip", 0, 1, |vm, a, _| strip(vm, a, "strip", true, true)),
    BuiltinDef::new("lstrip", 0, 1, |vm, a, _| strip(vm, a, "lstrip", true, false)),
    BuiltinDef::new("rstrip", 0, 1, |vm, a, _| strip(vm, a, "rstrip", false, true)),
    BuiltinDef::new("startswith", 1, 3, |vm, a, _| affix(vm, a, "startswith", <[u8]>::starts_with)),
    BuiltinDef::new("endswith", 1, 3, |vm, a, _| affix(vm, a, "endswith", <[u8]>::ends_with)),
    BuiltinDef::new("upper", 0, 0, |vm, a, _| map(vm, a, Some(u8::to_ascii_uppercase), chars::upper)),
    BuiltinDef::new("lower", 0, 0, |vm, a, _| map(vm, a, Some(u8::to_ascii_lowercase), chars::lower)),
    BuiltinDef::new("casefold", 0, 0, |vm, a, _| map(vm, a, Some(u8::to_ascii_lowercase), chars::fold)),
    BuiltinDef::new("title", 0, 0, |vm, a, _| map(vm, a, None, chars::title)),
    BuiltinDef::new("capitalize", 0, 0, |vm, a, _| map(vm, a, None, chars::capitalize)),
    BuiltinDef::new("swapcase", 0, 0, |vm, a, _| map(vm, a, None, chars::swap)),
    BuiltinDef::kw("replace", 2, 3, replace),
    BuiltinDef::new("find", 1, 3, |vm, a, _| find(vm, a, "find", false).map(or_minus_one)),
    BuiltinDef::new("rfind", 1, 3, |vm, a, _| find(vm, a, "rfind", true).map(or_minus_one)),
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "index", false)),
    BuiltinDef::new("rindex", 1, 3, |vm, a, _| index(vm, a, "rindex", true)),
    BuiltinDef::new("count", 1, 3, count),
    BuiltinDef::new("isdigit", 0, 0, |_, a, _| all(a, chars::is_digit)),
    BuiltinDef::new("isdecimal", 0, 0, |_, a, _| all(a, chars::is_decimal)),
    BuiltinDef::new("isnumeric", 0, 0, |_, a, _| all(a, chars::is_numeric)),
    BuiltinDef::new("isalpha", 0, 0, |_, a, _| all(a, chars::is_alpha)),
    BuiltinDef::new("isalnum", 0, 0, |_, a, _| all(a, chars::is_alnum)),
    BuiltinDef::new("isspace", 0, 0, |_, a, _| all(a, is_space)),
    BuiltinDef::new("isascii", 0, 0, |_, a, _| Ok(Value::bool(this(a).is_ascii()))),
    BuiltinDef::new("isprintable", 0, 0, |_, a, _| {
        Ok(Value::bool(this(a).code_points().all(|c| c.is_char_and(chars::is_printable))))
    }),
    BuiltinDef::new("isupper", 0, 0, |_, a, _| {
        Ok(Value::bool(cased(a, chars::is_upper, |c| chars::is_lower(c) || chars::is_title(c))))
    }),
    BuiltinDef::new("islower", 0, 0, |_, a, _| {
        Ok(Value::bool(cased(a, chars::is_lower, |c| chars::is_upper(c) || chars::is_title(c))))
    }),
    BuiltinDef::new("istitle", 0, 0, |_, a, _| Ok(Value::bool(is_title(this(a))))),
    BuiltinDef::new("isidentifier", 0, 0, |_, a, _| Ok(Value::bool(is_identifier(this(a))))),
    BuiltinDef::new("zfill", 1, 1, zfill),
    BuiltinDef::new("center", 1, 2, |vm, a, _| justify(vm, a, '^')),
    BuiltinDef::new("ljust", 1, 2, |vm, a, _| justify(vm, a, '<')),
    BuiltinDef::new("rjust", 1, 2, |vm, a, _| justify(vm, a, '>')),
    BuiltinDef::new("partition", 1, 1, |vm, a, _| partition(vm, a, false)),
    BuiltinDef::new("rpartition", 1, 1, |vm, a, _| partition(vm, a, true)),
    BuiltinDef::kw("format", 0, u8::MAX, super::str_format::format),
    BuiltinDef::new("format_map", 1, 1, super::str_format::format_map),
    BuiltinDef::new("removeprefix", 1, 1, |vm, a, _| {
        let p = only_str_arg(vm, a, "removeprefix")?.wtf8();
        let rest = this(a).wtf8().strip_prefix(p);
        Ok(match rest {
            Some(t) => vm.wtf8(t),
            None => exact(vm, &a[0]),
        })
    }),
    BuiltinDef::new("removesuffix", 1, 1, |vm, a, _| {
        let p = only_str_arg(vm, a, "removesuffix")?.wtf8();
        let rest = this(a).wtf8().strip_suffix(p);
        Ok(match rest {
            Some(t) => vm.wtf8(t),
            None => exact(vm, &a[0]),
        })
    }),
    BuiltinDef::kw("expandtabs", 0, 1, expandtabs),
    BuiltinDef::new("translate", 1, 1, translate),
    BuiltinDef::kw("encode", 0, 2, encode),
];

/// The receiver.
fn this(args: &[Value]) -> &Str {
    args[0].as_::<Str>()
}
/// Argument `i` (self is 0), which must be a str.
fn str_arg<'a>(vm: &mut Vm, args: &'a [Value], i: usize, who: &str) -> R<&'a Str> {
    match args[i].get::<Str>() {
        Some(s) => Ok(s),
        None => {
            let message = format!("{who}() argument {i} must be str, not {}", vm.type_name(&args[i]));
            vm.fail("TypeError", message)
        }
    }
}
/// The same without a number, for functions of one argument.
fn only_str_arg<'a>(vm: &mut Vm, args: &'a [Value], who: &str) -> R<&'a Str> {
    match args[1].get::<Str>() {
        Some(s) => Ok(s),
        None => {
            let message = format!("{who}() argument must be str, not {}", vm.type_name(&args[1]));
            vm.fail("TypeError", message)
        }
    }
}
/// A str as it is, but for subclasses, of which a plain copy is made.
pub fn exact(vm: &mut Vm, s: &Value) -> Value {
    if vm.type_of(s).is(&vm.types.str) { s.clone() } else { s.as_::<Str>().with_class(&vm.types.str) }
}
/// A part of the receiver.
fn part(vm: &mut Vm, s: &Value, (from, to): Span) -> Value {
    let text = s.as_::<Str>().wtf8();
    if to - from == text.len() { exact(vm, s) } else { vm.wtf8(&text[from..to]) }
}
fn parts(vm: &mut Vm, s: &Value, spans: Vec<Span>) -> Value {
    let mut items = List::room(&vm.types.list, spans.len());
    items.extend(spans.into_iter().map(|span| part(vm, s, span)));
    vm.list(items)
}
/// Offset, width, and whether it is blank, of each character.
fn blanks(s: &Str) -> impl DoubleEndedIterator<Item = (usize, usize, bool)> + '_ {
    s.wtf8().code_point_indices().map(|(i, c)| (i, c.len_wtf8(), is_blank(c)))
}
fn map(vm: &mut Vm, args: &[Value], ascii: Option<fn(&u8) -> u8>, f: fn(&Wtf8) -> Wtf8Buf) -> R<Value> {
    let s = this(args);
    if let Some(ascii) = ascii.filter(|_| s.is_ascii()) {
        return Ok(match s.bytes() {
            [] => vm.str(""),
            [b] => vm.latin1_char(ascii(b)),
            _ => s.map_ascii(&vm.types.str, ascii),
        });
    }
    Ok(vm.wtf8_buf(f(s.wtf8())))
}
fn all(args: &[Value], test: impl Fn(char) -> bool) -> R<Value> {
    let s = this(args);
    Ok(Value::bool(!s.is_empty() && s.code_points().all(|c| c.is_char_and(&test))))
}

fn join(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let owned;
    let items = match args[1].word().plain_kind() {
        // Nothing runs that could change it.
        Some(Kind::List) => args[1].as_::<List>().as_slice(),
        Some(Kind::Tuple) => args[1].as_::<Tuple>().as_slice(),
        _ => match vm.to_vec(&args[1]) {
            Ok(items) => {
                owned = items;
                owned.as_slice()
            }
            Err(e) if vm.get_iter(&args[1]).is_ok() => return Err(e),
            Err(_) => {
                drop(vm.take_pending());
                return vm.fail("TypeError", "can only join an iterable");
            }
        },
    };
    if let Some((i, v)) = items.iter().enumerate().find(|(_, v)| !v.is_kind(Kind::Str)) {
        let message = format!("sequence item {i}: expected str instance, {} found", vm.type_name(v));
        return vm.fail("TypeError", message);
    }
    match items {
        [] => return Ok(vm.str("")),
        [one] => return Ok(exact(vm, one)),
        _ => {}
    }
    let Some(v) = Str::join(&vm.types.str, items, Some(this(args))) else {
        return Err(vm.raise_type("MemoryError", vec![]));
    };
    // One character has one object.
    Ok(if v.as_::<Str>().bytes().len() < 2 { vm.wtf8(v.as_::<Str>().wtf8()) } else { v })
}

fn split(vm: &mut Vm, args: &[Value], kw: Kw, who: &str, from_right: bool) -> R<Value> {
    vm.only_keywords(who, kw, &["sep", "maxsplit"])?;
    let max = match args.get(2).or(kw.get("maxsplit")) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let s = this(args);
    let separator = args.get(1).or(kw.get("sep")).filter(|v| !v.is_none());
    let spans = match separator.map(|v| v.get::<Str>().ok_or(v)) {
        None if from_right => search::rsplit_blank(blanks(s).rev(), max),
        None if s.is_ascii() => {
            let chars = s.bytes().iter().enumerate().map(|(i, b)| (i, 1, is_space(*b as char)));
            search::split_blank(chars, s.bytes().len(), max)
        }
        None => search::split_blank(blanks(s), s.bytes().len(), max),
        Some(Ok(sep)) if sep.is_empty() => return vm.fail("ValueError", "empty separator"),
        Some(Ok(sep)) if from_right => search::rsplit(s.bytes(), sep.bytes(), max),
        Some(Ok(sep)) => search::split(s.bytes(), sep.bytes(), max),
        Some(Err(v)) => {
            let message = format!("must be str or None, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    };
    Ok(parts(vm, &args[0], spans))
}

fn splitlines(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("splitlines", kw, &["keepends"])?;
    let keep = match args.get(1).or(kw.get("keepends")) {
        Some(v) => vm.truthy(v)?,
        None => false,
    };
    let s = this(args);
    let spans = search::lines(s.bytes(), keep, |at| match s.bytes()[at] {
        b @ 0..=0x7f => is_line_end(b as char) as usize,
        // First bytes of the ends of line that are not ASCII.
        0xc2 | 0xe2 => match s.at_offset(at) {
            Some((c, next)) if char::from_u32(c).is_some_and(is_line_end) => next - at,
            _ => 0,
        },
        _ => 0,
    });
    Ok(parts(vm, &args[0], spans))
}

fn strip(vm: &mut Vm, args: &[Value], who: &str, left: bool, right: bool) -> R<Value> {
    let set: Option<Vec<CodePoint>> = match args.get(1) {
        Some(v) if v.is_none() => None,
        Some(v) => match v.get::<Str>() {
            Some(s) => Some(s.code_points().collect()),
            None => return vm.fail("TypeError", format!("{who} arg must be None or str")),
        },
        None => None,
    };
    let goes = |c: &CodePoint| set.as_ref().map_or_else(|| is_blank(*c), |s| s.contains(c));
    let text = this(args).wtf8();
    let (mut from, mut to) = (0, text.len());
    if left {
        from = text.code_point_indices().find(|(_, c)| !goes(c)).map_or(to, |(i, _)| i);
    }
    if right {
        let last = text[from..].code_point_indices().rev().find(|(_, c)| !goes(c));
        to = last.map_or(from, |(i, c)| from + i + c.len_wtf8());
    }
    Ok(part(vm, &args[0], (from, to)))
}

/// The part of `len` items that optional start and end arguments (`args[2]`, `args[3]`) select; `None`: it
/// begins behind the end.
pub fn selected(vm: &mut Vm, args: &[Value], len: usize) -> R<Option<Span>> {
    let len = len as i64;
    let mut place = |i: usize, absent: i64| -> R<i64> {
        match args.get(i) {
            None => Ok(absent),
            Some(v) if v.is_none() => Ok(absent),
            Some(v) => {
                let n = vm.slice_index(v)?;
                Ok(if n < 0 { n.saturating_add(len).max(0) } else { n })
            }
        }
    };
    let (start, end) = (place(2, 0)?, place(3, len)?.min(len));
    Ok((start <= end).then_some((start as usize, end as usize)))
}
/// The same as byte offsets into the receiver.
fn selected_text(vm: &mut Vm, args: &[Value]) -> R<Option<Span>> {
    if args.len() <= 2 {
        return Ok(Some((0, this(args).bytes().len())));
    }
    let span = selected(vm, args, this(args).len())?;
    Ok(span.map(|(from, to)| (this(args).offset(from), this(args).offset(to))))
}

fn affix(vm: &mut Vm, args: &[Value], who: &str, test: fn(&[u8], &[u8]) -> bool) -> R<Value> {
    let found = selected_text(vm, args)?.map(|(from, to)| &this(args).bytes()[from..to]);
    let check = |p: &Str| found.is_some_and(|s| test(s, p.bytes()));
    if let Some(p) = args[1].get::<Str>() {
        return Ok(Value::bool(check(p)));
    }
    let Some(all) = args[1].get::<Tuple>() else {
        let message =
            format!("{who} first arg must be str or a tuple of str, not {}", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    };
    for p in all.as_slice() {
        match p.get::<Str>() {
            Some(p) if check(p) => return Ok(Value::TRUE),
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
    let Some((from, to)) = selected_text(vm, args)? else { return Ok(None) };
    let s = this(args);
    let at = search::find(&s.bytes()[from..to], needle.bytes(), last);
    Ok(at.map(|at| if s.is_ascii() { from + at } else { s.chars_before(from + at) }))
}
pub fn or_minus_one(at: Option<usize>) -> Value {
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
    let Some((from, to)) = selected_text(vm, args)? else { return Ok(Value::small(0)) };
    let s = this(args);
    let n = match needle.is_empty() {
        true => s.chars_before(to) - s.chars_before(from) + 1,
        false => search::count(&s.bytes()[from..to], needle.bytes()),
    };
    Ok(Value::small(n as i64))
}

fn replace(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("replace", kw, &["count"])?;
    let (old, new) = (str_arg(vm, args, 1, "replace")?, str_arg(vm, args, 2, "replace")?);
    let n = match args.get(3).or(kw.get("count")) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let s = this(args);
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    if !old.is_empty() && search::find(s.bytes(), old.bytes(), false).is_none() {
        return Ok(exact(vm, &args[0]));
    }
    if let ([from], [to]) = (old.bytes(), new.bytes())
        && s.is_ascii()
        && n == usize::MAX
    {
        let text: Vec<u8> = s.bytes().iter().map(|b| if b == from { *to } else { *b }).collect();
        return Ok(vm.ascii(text));
    }
    let at: Vec<usize> = match old.is_empty() {
        true => {
            let all = s.wtf8().code_point_indices().map(|(i, _)| i);
            all.chain([s.bytes().len()]).take(n).collect()
        }
        false => search::matches(s.bytes(), old.bytes()).take(n).collect(),
    };
    if at.is_empty() {
        return Ok(exact(vm, &args[0]));
    }
    let (text, new) = (s.wtf8(), new.wtf8());
    let size = at.len().checked_mul(new.len()).and_then(|n| n.checked_add(text.len()));
    let mut out = vm.new_text(size.unwrap_or(usize::MAX) - at.len() * old.bytes().len())?;
    let mut from = 0;
    for i in at {
        out.push_wtf8(&text[from..i]);
        out.push_wtf8(new);
        from = i + old.bytes().len();
    }
    out.push_wtf8(&text[from..]);
    Ok(vm.wtf8_buf(out))
}

fn cased(args: &[Value], want: fn(char) -> bool, bad: fn(char) -> bool) -> bool {
    let mut any = false;
    for c in this(args).code_points().filter_map(CodePoint::to_char) {
        if bad(c) {
            return false;
        }
        any |= want(c);
    }
    any
}
fn is_title(s: &Str) -> bool {
    let (mut inside, mut any) = (false, false);
    for c in s.code_points() {
        if c.is_char_and(|c| chars::is_upper(c) || chars::is_title(c)) {
            if inside {
                return false;
            }
            (inside, any) = (true, true);
        } else if c.is_char_and(chars::is_lower) {
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
pub(crate) fn is_identifier(s: &Str) -> bool {
    let mut all = s.code_points();
    all.next().is_some_and(|c| c.is_char_and(|c| c == '_' || chars::is_xid_start(c)))
        && all.all(|c| c.is_char_and(chars::is_xid_continue))
}

fn zfill(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let width = vm.size_arg(&args[1])?.max(0) as usize;
    let s = this(args);
    if width <= s.len() {
        return Ok(exact(vm, &args[0]));
    }
    let signed = matches!(s.bytes().first(), Some(b'+' | b'-')) as usize;
    let mut out = vm.new_text(s.bytes().len().saturating_add(width - s.len()))?;
    out.push_wtf8(&s.wtf8()[..signed]);
    out.extend(std::iter::repeat_n('0', width - s.len()));
    out.push_wtf8(&s.wtf8()[signed..]);
    Ok(vm.wtf8_buf(out))
}

fn justify(vm: &mut Vm, args: &[Value], align: char) -> R<Value> {
    let width = vm.size_arg(&args[1])?.max(0) as usize;
    let fill = match args.get(2) {
        None => ' '.into(),
        Some(v) => match v.get::<Str>().map(|s| (s.len(), s.code_points().next())) {
            Some((1, Some(c))) => c,
            Some(_) => return vm.fail("TypeError", "The fill character must be exactly one character long"),
            None => {
                let message =
                    format!("The fill character must be a unicode character, not {}", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        },
    };
    let s = this(args);
    if width <= s.len() {
        return Ok(exact(vm, &args[0]));
    }
    let (left, right) = search::margins(s.len(), width, align);
    let fills = (width - s.len()).saturating_mul(fill.len_wtf8());
    let mut out = vm.new_text(s.bytes().len().saturating_add(fills))?;
    out.extend(std::iter::repeat_n(fill, left));
    out.push_wtf8(s.wtf8());
    out.extend(std::iter::repeat_n(fill, right));
    Ok(vm.wtf8_buf(out))
}

fn partition(vm: &mut Vm, args: &[Value], last: bool) -> R<Value> {
    let Some(sep) = args[1].get::<Str>() else {
        let message = format!("must be str, not {}", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    };
    if sep.is_empty() {
        return vm.fail("ValueError", "empty separator");
    }
    let s = this(args);
    let len = s.bytes().len();
    let empty = vm.str("");
    let items = match search::find(s.bytes(), sep.bytes(), last) {
        Some(at) => vec![
            part(vm, &args[0], (0, at)),
            exact(vm, &args[1]),
            part(vm, &args[0], (at + sep.bytes().len(), len)),
        ],
        None if last => vec![empty.clone(), empty, exact(vm, &args[0])],
        None => vec![exact(vm, &args[0]), empty.clone(), empty],
    };
    Ok(vm.tuple(items))
}

fn expandtabs(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("expandtabs", kw, &["tabsize"])?;
    let size = match args.get(1).or(kw.get("tabsize")) {
        Some(v) => vm.c_int(v)?.max(0) as usize,
        None => 8,
    };
    let s = this(args);
    let tabs = s.bytes().iter().filter(|&&b| b == b'\t').count();
    let mut out = vm.new_text(s.bytes().len().saturating_add(tabs.saturating_mul(size)))?;
    let mut column = 0;
    for c in s.code_points() {
        match c.to_char() {
            Some('\t') if size > 0 => {
                let n = size - column % size;
                out.extend(std::iter::repeat_n(' ', n));
                column += n;
            }
            Some('\t') => {}
            Some('\n' | '\r') => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    Ok(vm.wtf8_buf(out))
}

fn translate(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut out = Wtf8Buf::new();
    for c in this(args).code_points() {
        match vm.translation(&args[1], c.to_u32())? {
            Some(v) if v.is_none() => {}
            Some(v) => match (v.get::<Str>(), Num::int_of(&v)) {
                (Some(s), _) => out.push_wtf8(s.wtf8()),
                (_, Some(n)) => match u32::try_from(n.clamp_i64()).ok().and_then(CodePoint::from_u32) {
                    Some(c) => out.push(c),
                    None => return vm.fail("ValueError", "character mapping must be in range(0x110000)"),
                },
                _ => return vm.fail("TypeError", "character mapping must return integer, None or str"),
            },
            None => out.push(c),
        }
    }
    Ok(vm.wtf8_buf(out))
}

impl Vm {
    /// What a table (of `str.translate` or a charmap codec) has for a code; `None`: LookupError.
    pub(crate) fn translation(&mut self, table: &Value, code: u32) -> R<Option<Value>> {
        match self.get_item(table, &Value::small(code as i64)) {
            Ok(v) => Ok(Some(v)),
            Err(_) => {
                let e = self.take_pending();
                if self.is_instance(&e, self.types.exception("LookupError")) {
                    return Ok(None);
                }
                Err(self.set_pending(e))
            }
        }
    }
    /// A size as an argument of a builtin method.
    pub(crate) fn size_arg(&mut self, v: &Value) -> R<i64> {
        match Num::int_of(v) {
            Some(Num::Big(b)) if i64::try_from(b).is_err() => {
                self.fail("OverflowError", "Python int too large to convert to C ssize_t")
            }
            _ => self.index_size(v),
        }
    }
    /// A C int as an argument of a builtin method.
    pub(crate) fn c_int(&mut self, v: &Value) -> R<i32> {
        match i32::try_from(self.index_clamped(v)?) {
            Ok(i) => Ok(i),
            Err(_) => self.fail("OverflowError", "Python int too large to convert to C int"),
        }
    }
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
        let it = vm.dict_iter(from, DictPart::Items, false);
        while let Some(pair) = vm.next(&it)? {
            let [k, v] = pair.as_::<Tuple>().as_slice() else { continue };
            let key = match k.get::<Str>() {
                Some(s) if s.len() == 1 => Value::small(s.code_at(0).unwrap_or(0) as i64),
                Some(_) => {
                    return vm.fail("ValueError", "string keys in translatetable must be of length 1");
                }
                None if Num::int_of(k).is_some() => k.clone(),
                None => return vm.fail("TypeError", "keys in translate table mustbe strings or integers"),
            };
            dict.set(vm, &key, v.clone())?;
        }
        return Ok(d);
    }
    let Some(x) = args[1].get::<Str>() else {
        let message = "first maketrans argument must be a string if there is a second argument";
        return vm.fail("TypeError", message);
    };
    let y = str_arg(vm, args, 2, "maketrans")?;
    if x.len() != y.len() {
        return vm.fail("ValueError", "the first two maketrans arguments must have equal length");
    }
    let code = |c: CodePoint| Value::small(c.to_u32() as i64);
    for (a, b) in x.code_points().zip(y.code_points()) {
        dict.set(vm, &code(a), code(b))?;
    }
    if args.len() > 3 {
        for c in str_arg(vm, args, 3, "maketrans")?.code_points() {
            dict.set(vm, &code(c), Value::NONE)?;
        }
    }
    Ok(d)
}

fn encode(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("encode", kw, &["encoding", "errors"])?;
    let encoding = vm.codec_name("encode", "encoding", args.get(1).or(kw.get("encoding")))?;
    let errors = vm.codec_name("encode", "errors", args.get(2).or(kw.get("errors")))?;
    vm.encode(&args[0], encoding.as_deref().unwrap_or("utf-8"), errors.as_deref().unwrap_or("strict"))
}
