//! The methods that `bytes` and `bytearray` share.
//!
//! They answer an object of the plain class of the receiver. Arguments are taken first, since that may run
//! Python; then the receiver's bytes are lent to plain Rust.

use super::{Held, with_bytes};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, List, Tuple};
use crate::types::number::Num;
use crate::types::string::{or_minus_one, selected};
use crate::types::text::search::{self, Span};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] =
    &[
        BuiltinDef::new("capitalize", 0, 0, |vm, a, _| {
            let mut first = true;
            map(vm, a, move |b| {
                if std::mem::take(&mut first) { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() }
            })
        }),
        BuiltinDef::new("title", 0, 0, |vm, a, _| {
            let mut inside = false;
            map(vm, a, move |b| {
                let now = if inside { b.to_ascii_lowercase() } else { b.to_ascii_uppercase() };
                inside = b.is_ascii_alphabetic();
                now
            })
        }),
        BuiltinDef::new("swapcase", 0, 0, |vm, a, _| {
            map(vm, a, |b| if b.is_ascii_alphabetic() { b ^ 0x20 } else { b })
        }),
        BuiltinDef::new("upper", 0, 0, |vm, a, _| map(vm, a, |b| b.to_ascii_uppercase())),
        BuiltinDef::new("lower", 0, 0, |vm, a, _| map(vm, a, |b| b.to_ascii_lowercase())),
        BuiltinDef::new("isalnum", 0, 0, |_, a, _| all(a, u8::is_ascii_alphanumeric)),
        BuiltinDef::new("isalpha", 0, 0, |_, a, _| all(a, u8::is_ascii_alphabetic)),
        BuiltinDef::new("isdigit", 0, 0, |_, a, _| all(a, u8::is_ascii_digit)),
        BuiltinDef::new("isspace", 0, 0, |_, a, _| all(a, |b| is_space(*b))),
        BuiltinDef::new("isascii", 0, 0, |_, a, _| Ok(Value::bool(this(a, |b| b.is_ascii())))),
        BuiltinDef::new("islower", 0, 0, |_, a, _| cased(a, u8::is_ascii_lowercase, u8::is_ascii_uppercase)),
        BuiltinDef::new("isupper", 0, 0, |_, a, _| cased(a, u8::is_ascii_uppercase, u8::is_ascii_lowercase)),
        BuiltinDef::new("istitle", 0, 0, |_, a, _| Ok(Value::bool(this(a, is_title)))),
        BuiltinDef::new("find", 1, 3, |vm, a, _| fixed(a, || find(vm, a, false).map(or_minus_one))),
        BuiltinDef::new("rfind", 1, 3, |vm, a, _| fixed(a, || find(vm, a, true).map(or_minus_one))),
        BuiltinDef::new("index", 1, 3, |vm, a, _| fixed(a, || index(vm, a, false))),
        BuiltinDef::new("rindex", 1, 3, |vm, a, _| fixed(a, || index(vm, a, true))),
        BuiltinDef::new("count", 1, 3, |vm, a, kw| fixed(a, || count(vm, a, kw))),
        BuiltinDef::new("startswith", 1, 3, |vm, a, _| affix(vm, a, "startswith", <[u8]>::starts_with)),
        BuiltinDef::new("endswith", 1, 3, |vm, a, _| affix(vm, a, "endswith", <[u8]>::ends_with)),
        BuiltinDef::new("removeprefix", 1, 1, |vm, a, _| {
            let p = vm.need_bytes(&a[1])?;
            let span = this(a, |b| (if b.starts_with(&p) { p.len() } else { 0 }, b.len()));
            Ok(part(vm, &a[0], span))
        }),
        BuiltinDef::new("removesuffix", 1, 1, |vm, a, _| {
            let p = vm.need_bytes(&a[1])?;
            let span = this(a, |b| (0, b.len() - if b.ends_with(&p) { p.len() } else { 0 }));
            Ok(part(vm, &a[0], span))
        }),
        BuiltinDef::new("strip", 0, 1, |vm, a, _| strip(vm, a, true, true)),
        BuiltinDef::new("lstrip", 0, 1, |vm, a, _| strip(vm, a, true, false)),
        BuiltinDef::new("rstrip", 0, 1, |vm, a, _| strip(vm, a, false, true)),
        BuiltinDef::kw("split", 0, 2, |vm, a, kw| fixed(a, || split(vm, a, kw, "split", false))),
        BuiltinDef::kw("rsplit", 0, 2, |vm, a, kw| fixed(a, || split(vm, a, kw, "rsplit", true))),
        BuiltinDef::kw("splitlines", 0, 1, splitlines),
        BuiltinDef::new("partition", 1, 1, |vm, a, _| partition(vm, a, false)),
        BuiltinDef::new("rpartition", 1, 1, |vm, a, _| partition(vm, a, true)),
        BuiltinDef::new("replace", 2, 3, replace),
        BuiltinDef::new("join", 1, 1, join),
        BuiltinDef::new("center", 1, 2, |vm, a, _| justify(vm, a, "center", '^')),
        BuiltinDef::new("ljust", 1, 2, |vm, a, _| justify(vm, a, "ljust", '<')),
        BuiltinDef::new("rjust", 1, 2, |vm, a, _| justify(vm, a, "rjust", '>')),
        BuiltinDef::new("zfill", 1, 1, zfill),
        BuiltinDef::kw("expandtabs", 0, 1, expandtabs),
        BuiltinDef::kw("translate", 1, 2, translate),
        BuiltinDef::kw("hex", 0, 2, |vm, a, kw| {
            let b = this(a, <[u8]>::to_vec);
            fixed(a, || vm.hex_text(&b, &a[1..], kw))
        }),
        BuiltinDef::kw("decode", 0, 2, decode),
        BuiltinDef::static_("maketrans", 2, 2, maketrans),
        BuiltinDef::class("fromhex", 1, 1, fromhex),
    ];

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

/// Lends the receiver's bytes.
fn this<T>(args: &[Value], f: impl FnOnce(&[u8]) -> T) -> T {
    // The receiver was checked to be of the class.
    let mut f = Some(f);
    let r = with_bytes(&args[0], |b| f.take().map(|f| f(b)));
    match (r, f) {
        (Some(Some(t)), _) => t,
        (_, Some(f)) => f(&[]),
        _ => unreachable!("the closure runs once"),
    }
}
/// New bytes of the receiver's plain class.
fn make(vm: &mut Vm, like: &Value, bytes: Vec<u8>) -> Value {
    if like.get::<Bytes>().is_some() { vm.byte_vec(bytes) } else { vm.byte_array(bytes) }
}
fn part(vm: &mut Vm, v: &Value, (from, to): Span) -> Value {
    if vm.type_of(v).is(&vm.types.bytes) && to - from == v.as_::<Bytes>().len() {
        return v.clone();
    }
    let bytes = with_bytes(v, |b| b.get(from..to).unwrap_or(&[]).to_vec()).unwrap_or_default();
    make(vm, v, bytes)
}
fn parts(vm: &mut Vm, v: &Value, spans: Vec<Span>) -> Value {
    let items = spans.into_iter().map(|s| part(vm, v, s)).collect();
    vm.list(items)
}
fn no_memory<T>(vm: &mut Vm, made: Option<T>) -> R<T> {
    made.ok_or_else(|| vm.raise_type("MemoryError", vec![]))
}

fn map(vm: &mut Vm, args: &[Value], f: impl FnMut(u8) -> u8) -> R<Value> {
    let out = this(args, |b| b.iter().copied().map(f).collect());
    Ok(make(vm, &args[0], out))
}
fn all(args: &[Value], test: fn(&u8) -> bool) -> R<Value> {
    Ok(Value::bool(this(args, |b| !b.is_empty() && b.iter().all(test))))
}
fn cased(args: &[Value], want: fn(&u8) -> bool, bad: fn(&u8) -> bool) -> R<Value> {
    Ok(Value::bool(this(args, |b| b.iter().any(want) && !b.iter().any(bad))))
}
fn is_title(bytes: &[u8]) -> bool {
    let (mut inside, mut any) = (false, false);
    for b in bytes {
        if b.is_ascii_uppercase() && inside || b.is_ascii_lowercase() && !inside {
            return false;
        }
        inside = b.is_ascii_alphabetic();
        any |= inside;
    }
    any
}

/// What is searched for: bytes or one byte.
fn needle(vm: &mut Vm, v: &Value) -> R<Held> {
    if let Some(b) = vm.bytes_like(v)? {
        return Ok(b);
    }
    if Num::int_of(v).is_none() && !vm.has_special(v, crate::types::specials::Special::Index) {
        let message = format!("argument should be integer or bytes-like object, not '{}'", vm.type_name(v));
        return vm.fail("TypeError", message);
    }
    Ok(Held::Copy(vec![vm.byte_arg(v)?]))
}
fn find(vm: &mut Vm, args: &[Value], last: bool) -> R<Option<usize>> {
    let needle = needle(vm, &args[1])?;
    let span = selected(vm, args, this(args, |b| b.len()))?;
    let Some((from, to)) = span else { return Ok(None) };
    let at = this(args, |b| search::find(b.get(from..to)?, &needle, last));
    Ok(at.map(|at| from + at))
}
fn index(vm: &mut Vm, args: &[Value], last: bool) -> R<Value> {
    match find(vm, args, last)? {
        Some(i) => Ok(Value::small(i as i64)),
        None => vm.fail("ValueError", "subsection not found"),
    }
}
fn count(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let needle = needle(vm, &args[1])?;
    let span = selected(vm, args, this(args, |b| b.len()))?;
    let Some((from, to)) = span else { return Ok(Value::small(0)) };
    let n = if needle.is_empty() {
        to - from + 1
    } else {
        this(args, |b| search::count(b.get(from..to).unwrap_or(&[]), &needle))
    };
    Ok(Value::small(n as i64))
}
fn affix(vm: &mut Vm, args: &[Value], who: &str, test: fn(&[u8], &[u8]) -> bool) -> R<Value> {
    let span = selected(vm, args, this(args, |b| b.len()))?;
    let check = |p: &[u8]| match span {
        Some((from, to)) => this(args, |b| b.get(from..to).is_some_and(|b| test(b, p))),
        None => false,
    };
    if let Some(all) = args[1].get::<Tuple>() {
        for p in all.as_slice() {
            let p = vm.need_bytes(p)?;
            if check(&p) {
                return Ok(Value::TRUE);
            }
        }
        return Ok(Value::FALSE);
    }
    match vm.bytes_like(&args[1])? {
        Some(p) => Ok(Value::bool(check(&p))),
        None => {
            let message =
                format!("{who} first arg must be bytes or a tuple of bytes, not {}", vm.type_name(&args[1]));
            vm.fail("TypeError", message)
        }
    }
}

fn strip(vm: &mut Vm, args: &[Value], left: bool, right: bool) -> R<Value> {
    let set = match args.get(1).filter(|v| !v.is_none()) {
        Some(v) => Some(vm.need_bytes(v)?),
        None => None,
    };
    let goes = |b: &u8| set.as_ref().map_or_else(|| is_space(*b), |s| s.contains(b));
    let span = this(args, |b| {
        let from = if left { b.iter().position(|b| !goes(b)).unwrap_or(b.len()) } else { 0 };
        let to = if right { b.iter().rposition(|b| !goes(b)).map_or(from, |i| i + 1) } else { b.len() };
        (from, to.max(from))
    });
    Ok(part(vm, &args[0], span))
}

fn split(vm: &mut Vm, args: &[Value], kw: Kw, who: &str, from_right: bool) -> R<Value> {
    vm.only_keywords(who, kw, &["sep", "maxsplit"])?;
    let max = match args.get(2).or(kw.get("maxsplit")) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let separator = match args.get(1).or(kw.get("sep")).filter(|v| !v.is_none()) {
        Some(v) => Some(vm.need_bytes(v)?),
        None => None,
    };
    if separator.as_ref().is_some_and(|s| s.is_empty()) {
        return vm.fail("ValueError", "empty separator");
    }
    let spans = this(args, |b| {
        let blanks = || b.iter().enumerate().map(|(i, b)| (i, 1, is_space(*b)));
        match &separator {
            None if from_right => search::rsplit_blank(blanks().rev(), max),
            None => search::split_blank(blanks(), b.len(), max),
            Some(sep) if from_right => search::rsplit(b, sep, max),
            Some(sep) => search::split(b, sep, max),
        }
    });
    Ok(parts(vm, &args[0], spans))
}

fn splitlines(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("splitlines", kw, &["keepends"])?;
    let keep = match args.get(1).or(kw.get("keepends")) {
        Some(v) => vm.truthy(v)?,
        None => false,
    };
    let spans = this(args, |b| search::lines(b, keep, |at| matches!(b[at], b'\n' | b'\r') as usize));
    Ok(parts(vm, &args[0], spans))
}

fn partition(vm: &mut Vm, args: &[Value], last: bool) -> R<Value> {
    let sep = vm.need_bytes(&args[1])?;
    if sep.is_empty() {
        return vm.fail("ValueError", "empty separator");
    }
    let (len, at) = this(args, |b| (b.len(), search::find(b, &sep, last)));
    let spans = match at {
        Some(at) => [(0, at), (at, at + sep.len()), (at + sep.len(), len)],
        None if last => [(0, 0), (0, 0), (0, len)],
        None => [(0, len), (0, 0), (0, 0)],
    };
    let items = spans.into_iter().map(|s| part(vm, &args[0], s)).collect();
    Ok(vm.tuple(items))
}

fn replace(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (old, new) = (vm.need_bytes(&args[1])?, vm.need_bytes(&args[2])?);
    let n = args.get(3).map_or(Ok(-1), |v| vm.index_size(v))?;
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    let out = this(args, |b| {
        let at: Vec<usize> = match old.is_empty() {
            true => (0..=b.len()).take(n).collect(),
            false => search::matches(b, &old).take(n).collect(),
        };
        if at.is_empty() { Some(None) } else { search::replace(b, &at, old.len(), &new).map(Some) }
    });
    match no_memory(vm, out)? {
        Some(out) => Ok(make(vm, &args[0], out)),
        None => {
            let len = this(args, |b| b.len());
            Ok(part(vm, &args[0], (0, len)))
        }
    }
}

/// Runs a method whose arguments may run Python: meanwhile its object cannot change its size.
pub(super) fn fixed(a: &[Value], f: impl FnOnce() -> R<Value>) -> R<Value> {
    let buffer = super::exporter(&a[0]);
    if let Some(b) = buffer {
        b.acquire();
    }
    let r = f();
    if let Some(b) = buffer {
        b.release();
    }
    r
}

fn join(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(it) = vm.iter_or_none(&args[1])? else {
        return vm.fail("TypeError", "can only join an iterable");
    };
    let items = vm.to_vec(&it)?;
    if let [one] = items.as_slice()
        && vm.type_of(one).is(&vm.types.bytes)
        && args[0].get::<Bytes>().is_some()
    {
        return Ok(one.clone());
    }
    let separator = this(args, <[u8]>::to_vec);
    let mut out = vec![];
    for (i, v) in items.iter().enumerate() {
        let Some(b) = vm.bytes_like(v)? else {
            let message =
                format!("sequence item {i}: expected a bytes-like object, {} found", vm.type_name(v));
            return vm.fail("TypeError", message);
        };
        let more = separator.len() + b.len();
        // What a list's items ran may have changed it.
        if args[1].get::<List>().is_some_and(|l| l.len() != items.len()) {
            return vm.fail("RuntimeError", "sequence changed size during iteration");
        }
        no_memory(vm, out.try_reserve(more).ok())?;
        if i > 0 {
            out.extend_from_slice(&separator);
        }
        out.extend_from_slice(&b);
    }
    Ok(make(vm, &args[0], out))
}

fn justify(vm: &mut Vm, args: &[Value], who: &str, align: char) -> R<Value> {
    let width = vm.size_arg(&args[1])?.max(0) as usize;
    let fill = match args.get(2) {
        None => b' ',
        Some(v) => {
            let name = vm.type_name(v);
            let bytes = match v.get::<Bytes>().is_some() || v.native::<super::ByteArray>().is_some() {
                true => vm.bytes_like(v)?,
                false => None,
            };
            match bytes.as_deref() {
                Some(&[b]) => b,
                Some(b) => {
                    let message = format!(
                        "{who}(): argument 2 must be a byte string of length 1, not a {name} object of length {}",
                        b.len()
                    );
                    return vm.fail("TypeError", message);
                }
                None => {
                    let message = format!("{who}() argument 2 must be a byte string of length 1, not {name}");
                    return vm.fail("TypeError", message);
                }
            }
        }
    };
    let len = this(args, |b| b.len());
    if width <= len {
        return Ok(part(vm, &args[0], (0, len)));
    }
    let (left, _) = search::margins(len, width, align);
    let mut out = vm.new_bytes(width)?;
    out.resize(left, fill);
    this(args, |b| out.extend_from_slice(b));
    out.resize(width, fill);
    Ok(make(vm, &args[0], out))
}
fn zfill(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let width = vm.size_arg(&args[1])?.max(0) as usize;
    let len = this(args, |b| b.len());
    if width <= len {
        return Ok(part(vm, &args[0], (0, len)));
    }
    let mut out = vm.new_bytes(width)?;
    this(args, |b| {
        let signed = matches!(b.first(), Some(b'+' | b'-')) as usize;
        out.extend_from_slice(&b[..signed]);
        out.resize(signed + width - len, b'0');
        out.extend_from_slice(&b[signed..]);
    });
    Ok(make(vm, &args[0], out))
}
fn expandtabs(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("expandtabs", kw, &["tabsize"])?;
    let size = match args.get(1).or(kw.get("tabsize")) {
        Some(v) => vm.c_int(v)?.max(0) as usize,
        None => 8,
    };
    let out = this(args, |b| search::expand_tabs(b, size, |_| true));
    let out = no_memory(vm, out)?;
    Ok(make(vm, &args[0], out))
}

fn translate(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("translate", kw, &["delete"])?;
    let table = if args[1].is_none() { None } else { Some(vm.need_bytes(&args[1])?) };
    if table.as_ref().is_some_and(|t| t.len() != 256) {
        return vm.fail("ValueError", "translation table must be 256 characters long");
    }
    let delete = match args.get(2).or(kw.get("delete")) {
        Some(v) => Some(vm.need_bytes(v)?),
        None => None,
    };
    let mut gone = [false; 256];
    for &b in delete.iter().flat_map(|d| d.iter()) {
        gone[b as usize] = true;
    }
    let out = this(args, |b| {
        let kept = b.iter().filter(|b| !gone[**b as usize]);
        kept.map(|&b| table.as_ref().map_or(b, |t| t[b as usize])).collect()
    });
    Ok(make(vm, &args[0], out))
}
fn maketrans(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (from, to) = (vm.need_bytes(&args[0])?, vm.need_bytes(&args[1])?);
    if from.len() != to.len() {
        return vm.fail("ValueError", "maketrans arguments must have same length");
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (a, b) in from.iter().zip(to.iter()) {
        table[*a as usize] = *b;
    }
    Ok(vm.byte_vec(table))
}
fn fromhex(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let bytes = vm.bytes_from_hex(&args[1])?;
    let v = vm.byte_vec(bytes);
    if args[0].is(&vm.types.bytes) {
        return Ok(v);
    }
    vm.call(&args[0], &[v], Kw::NONE)
}
fn decode(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("decode", kw, &["encoding", "errors"])?;
    let encoding = vm.codec_name("decode", "encoding", args.get(1).or(kw.get("encoding")))?;
    let errors = vm.codec_name("decode", "errors", args.get(2).or(kw.get("errors")))?;
    let bytes = vm.need_bytes(&args[0])?;
    vm.decode(&bytes, encoding.as_deref().unwrap_or("utf-8"), errors.as_deref().unwrap_or("strict"))
}
