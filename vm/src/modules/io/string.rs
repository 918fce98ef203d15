//! `StringIO`: text in memory.
//!
//! While it is only written to at its end, the text is one growing buffer; for anything else it becomes a
//! vector of code points, which positions count.

use super::base::text_arg;
use super::newline::{Newlines, code_point, count_chars, text_value};
use super::{Class, class, fail_closed, is_exact, size_arg};
use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw, Payload, Str, Tuple};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::CodePoint;
use std::cell::{Cell, RefCell};

enum Text {
    /// Generalised UTF-8 and its number of characters; the position is at the end.
    Growing(Vec<u8>, usize),
    Points(Vec<u32>),
}

pub struct StringIo {
    text: RefCell<Text>,
    at: Cell<usize>,
    open: Cell<bool>,
    ready: Cell<bool>,
    /// What "\n" is written as.
    write_newline: RefCell<String>,
    /// What ends a line when reading.
    line_end: RefCell<String>,
    newlines: RefCell<Option<Newlines>>,
    newline: RefCell<Value>,
}
impl Payload for StringIo {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.newline.borrow());
    }
}

pub static STRING: ClassDef = ClassDef {
    name: "_io.StringIO",
    base: Some(|vm| class(vm, Class::TextBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| {
            let s = StringIo {
                text: RefCell::new(Text::Growing(vec![], 0)),
                at: Cell::new(0),
                open: Cell::new(true),
                ready: Cell::new(false),
                write_newline: RefCell::default(),
                line_end: RefCell::default(),
                newlines: RefCell::new(None),
                newline: RefCell::new(Value::NONE),
            };
            Ok(vm.new_native(&a[0], s))
        }),
        BuiltinDef::kw("__init__", 0, 2, |vm, a, kw| {
            let [initial, newline] =
                vm.bind_args("StringIO", ["initial_value", "newline"], 0, 0, &a[1..], kw)?;
            let newline = newline.unwrap_or_else(|| vm.str("\n"));
            initialise(vm, &a[0], &initial.unwrap_or(Value::NONE), &newline)?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("getvalue", 0, 0, |vm, a, _| {
            let s = this(vm, &a[0])?;
            Ok(whole(vm, s))
        }),
        BuiltinDef::new("tell", 0, 0, |vm, a, _| {
            let at = this(vm, &a[0])?.at.get();
            Ok(vm.int(at as i64))
        }),
        BuiltinDef::new("read", 0, 1, |vm, a, _| {
            let n = size_arg(vm, a.get(1))?;
            let s = this(vm, &a[0])?;
            if s.at.get() == 0
                && n < 0
                && let Text::Growing(b, chars) = &*s.text.borrow()
            {
                s.at.set(*chars);
                return Ok(text_value(vm, b));
            }
            let points = points(s);
            let from = s.at.get().min(points.len());
            let most = points.len() - from;
            let n = if n < 0 { most } else { most.min(n as usize) };
            s.at.set(s.at.get().max(from + n));
            let bytes = encode(&points[from..from + n]);
            drop(points);
            Ok(text_value(vm, &bytes))
        }),
        BuiltinDef::new("readline", 0, 1, |vm, a, _| {
            let n = size_arg(vm, a.get(1))?;
            let s = this(vm, &a[0])?;
            Ok(line(vm, s, n))
        }),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let s = this(vm, &a[0])?;
            let l = if is_exact(vm, &a[0], Class::String) {
                line(vm, s, -1)
            } else {
                let l = vm.call_method(&a[0], "readline", &[])?;
                if !l.is_kind(crate::object::Kind::Str) {
                    let message =
                        format!("readline() should have returned a str object, not '{}'", vm.type_name(&l));
                    return vm.fail("OSError", message);
                }
                l
            };
            if l.get::<Str>().is_some_and(Str::is_empty) { vm.stop_iteration() } else { Ok(l) }
        }),
        BuiltinDef::new("truncate", 0, 1, |vm, a, _| {
            let s = this(vm, &a[0])?;
            let n = match a.get(1).filter(|v| !v.is_none()) {
                Some(_) => size_arg(vm, a.get(1))?,
                None => s.at.get() as i64,
            };
            if n < 0 {
                return vm.fail("ValueError", format!("Negative size value {n}"));
            }
            points(s).truncate(n as usize);
            Ok(vm.int(n))
        }),
        BuiltinDef::new("seek", 1, 2, seek),
        BuiltinDef::new("write", 1, 1, |vm, a, _| {
            let s = this(vm, &a[0])?;
            let text = match a[1].get::<Str>() {
                Some(t) => t,
                None => {
                    let message = format!("string argument expected, got '{}'", vm.type_name(&a[1]));
                    return vm.fail("TypeError", message);
                }
            };
            write(vm, s, text)?;
            Ok(Value::small(text.len() as i64))
        }),
        BuiltinDef::new("close", 0, 0, |vm, a, _| {
            let s = vm.self_::<StringIo>(&a[0])?;
            s.open.set(false);
            drop(s.text.replace(Text::Growing(vec![], 0)));
            Ok(Value::NONE)
        }),
        BuiltinDef::new("readable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("writable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("seekable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("__getstate__", 0, 0, |vm, a, _| {
            let s = this(vm, &a[0])?;
            let (text, newline) = (whole(vm, s), s.newline.borrow().clone());
            let at = vm.int(s.at.get() as i64);
            let dict = vm.get_attr_str(&a[0], "__dict__")?;
            let copy = vm.call_method(&dict, "copy", &[])?;
            Ok(vm.tuple(vec![text, newline, at, copy]))
        }),
        BuiltinDef::new("__setstate__", 1, 1, setstate),
    ],
    getset: &[
        GetSet::get("closed", |vm, v| Ok(Value::bool(!vm.self_::<StringIo>(v)?.open.get()))),
        GetSet::get("line_buffering", |vm, v| this(vm, v).map(|_| Value::FALSE)),
        GetSet::get("newlines", |vm, v| {
            let s = this(vm, v)?;
            let newlines = s.newlines.borrow();
            Ok(newlines.as_ref().map_or(Value::NONE, |n| n.seen(vm)))
        }),
    ],
    doc: Some("Text I/O implementation using an in-memory buffer."),
};

fn this<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a StringIo> {
    let s = vm.self_::<StringIo>(v)?;
    if !s.ready.get() {
        return vm.fail("ValueError", "I/O operation on uninitialized object");
    }
    if !s.open.get() {
        // Without a full stop, as in CPython.
        return vm.fail("ValueError", "I/O operation on closed file");
    }
    Ok(s)
}

fn initialise(vm: &mut Vm, v: &Value, initial: &Value, newline: &Value) -> R {
    let s = vm.self_::<StringIo>(v)?;
    s.ready.set(false);
    let nl = match newline.get::<Str>() {
        Some(n) => Some(n.as_str().to_owned()),
        None if newline.is_none() => None,
        None => {
            let message = format!("newline must be str or None, not {}", vm.type_name(newline));
            return vm.fail("TypeError", message);
        }
    };
    if nl.as_deref().is_some_and(|n| !matches!(n, "" | "\n" | "\r" | "\r\n")) {
        let shown = vm.repr_string(newline)?;
        return vm.fail("ValueError", format!("illegal newline value: {shown}"));
    }
    if !initial.is_none() && initial.get::<Str>().is_none() {
        let message = format!("initial_value must be str or None, not {}", vm.type_name(initial));
        return vm.fail("TypeError", message);
    }
    let universal = nl.as_deref().is_none_or(str::is_empty);
    *s.newlines.borrow_mut() = universal.then(|| Newlines::new(nl.is_none()));
    *s.write_newline.borrow_mut() = match nl.as_deref() {
        Some(n @ ("\r" | "\r\n")) => n.to_owned(),
        _ => String::new(),
    };
    *s.line_end.borrow_mut() = nl.unwrap_or_else(|| "\n".into());
    drop(s.newline.replace(newline.clone()));
    drop(s.text.replace(Text::Growing(vec![], 0)));
    s.at.set(0);
    s.open.set(true);
    s.ready.set(true);
    if let Some(text) = initial.get::<Str>() {
        write(vm, s, text)?;
    }
    s.at.set(0);
    Ok(())
}

fn encode(points: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len());
    for &c in points {
        if c < 0x80 {
            out.push(c as u8);
        } else {
            let c = CodePoint::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER.into());
            out.extend_from_slice(c.encode_wtf8(&mut [0; 4]).as_bytes());
        }
    }
    out
}
fn decode(bytes: &[u8]) -> Vec<u32> {
    if bytes.is_ascii() {
        return bytes.iter().map(|&b| b as u32).collect();
    }
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let (c, n) = code_point(&bytes[at..]);
        out.push(c);
        at += n;
    }
    out
}
fn points(s: &StringIo) -> std::cell::RefMut<'_, Vec<u32>> {
    let mut text = s.text.borrow_mut();
    if let Text::Growing(b, _) = &*text {
        *text = Text::Points(decode(b));
    }
    std::cell::RefMut::map(text, |t| match t {
        Text::Points(p) => p,
        Text::Growing(..) => unreachable!("made points above"),
    })
}
fn whole(vm: &mut Vm, s: &StringIo) -> Value {
    match &*s.text.borrow() {
        Text::Growing(b, _) => text_value(vm, b),
        Text::Points(p) => text_value(vm, &encode(p)),
    }
}

fn write(vm: &mut Vm, s: &StringIo, text: &Str) -> R {
    let mut bytes = std::borrow::Cow::Borrowed(text.bytes());
    if let Some(n) = &*s.newlines.borrow() {
        bytes = n.feed(bytes.into_owned(), true).into();
    }
    let newline = s.write_newline.borrow();
    if !newline.is_empty() && memchr::memchr(b'\n', &bytes).is_some() {
        bytes = replace_newlines(&bytes, newline.as_bytes()).into();
    }
    let chars = if matches!(bytes, std::borrow::Cow::Borrowed(_)) { text.len() } else { count_chars(&bytes) };
    if chars == 0 {
        return Ok(());
    }
    let at = s.at.get();
    if let Text::Growing(b, n) = &mut *s.text.borrow_mut()
        && *n == at
    {
        if b.try_reserve(bytes.len()).is_err() {
            return Err(vm.raise_type("MemoryError", vec![]));
        }
        b.extend_from_slice(&bytes);
        *n += chars;
        s.at.set(at + chars);
        return Ok(());
    }
    let mut points = points(s);
    if at > points.len() {
        if at > isize::MAX as usize / 8 || {
            let more = at - points.len();
            points.try_reserve(more).is_err()
        } {
            drop(points);
            return vm.fail("OverflowError", "new position too large");
        }
        points.resize(at, 0);
    }
    let end = (at + chars).min(points.len());
    points.splice(at..end, decode(&bytes));
    s.at.set(at + chars);
    Ok(())
}

/// Every LF as something else.
pub fn replace_newlines(bytes: &[u8], newline: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    for (i, part) in bytes.split(|&b| b == b'\n').enumerate() {
        if i > 0 {
            out.extend_from_slice(newline);
        }
        out.extend_from_slice(part);
    }
    out
}

fn line(vm: &mut Vm, s: &StringIo, limit: i64) -> Value {
    let line_end = s.line_end.borrow().clone();
    let points = points(s);
    let from = s.at.get();
    if from >= points.len() || limit == 0 {
        return vm.str("");
    }
    let rest = &points[from..];
    let ends = |c: &u32, which: char| *c == which as u32;
    let end = match line_end.as_str() {
        "" => rest.iter().position(|c| ends(c, '\n') || ends(c, '\r')).map(|i| {
            let pair = ends(&rest[i], '\r') && rest.get(i + 1).is_some_and(|c| ends(c, '\n'));
            i + 1 + pair as usize
        }),
        "\r" => rest.iter().position(|c| ends(c, '\r')).map(|i| i + 1),
        "\r\n" => rest.windows(2).position(|w| ends(&w[0], '\r') && ends(&w[1], '\n')).map(|i| i + 2),
        _ => rest.iter().position(|c| ends(c, '\n')).map(|i| i + 1),
    };
    let mut end = end.unwrap_or(rest.len());
    if limit > 0 {
        end = end.min(limit as usize);
    }
    s.at.set(from + end);
    let bytes = encode(&rest[..end]);
    drop(points);
    text_value(vm, &bytes)
}

fn seek(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let to = vm.index(&a[1])?;
    let whence = a.get(2).map_or(Ok(0), |w| vm.index(w))?;
    let s = this(vm, &a[0])?;
    let at = match whence {
        0 if to < 0 => return vm.fail("ValueError", format!("Negative seek position {to}")),
        0 => to as usize,
        1 | 2 if to != 0 => return vm.fail("OSError", "Can't do nonzero cur-relative seeks"),
        1 => s.at.get(),
        2 => match &*s.text.borrow() {
            Text::Growing(_, n) => *n,
            Text::Points(p) => p.len(),
        },
        _ => {
            return vm.fail("ValueError", format!("Invalid whence ({whence}, should be 0, 1 or 2)"));
        }
    };
    s.at.set(at);
    Ok(vm.int(at as i64))
}

fn setstate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let class = vm.type_name(&a[0]);
    let s = vm.self_::<StringIo>(&a[0])?;
    if !s.open.get() {
        return fail_closed(vm);
    }
    let Some([text, newline, at, dict]) = a[1].get::<Tuple>().map(Tuple::as_slice) else {
        let message = format!("{class}.__setstate__ argument should be 4-tuple, got {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    };
    initialise(vm, &a[0], &Value::NONE, newline)?;
    // The text is as it was kept: its line ends are translated already.
    if !text.is_none() {
        let t = text_arg(vm, "initial_value", text)?;
        drop(s.text.replace(Text::Points(decode(t.bytes()))));
    }
    let n = vm.index(at)?;
    if n < 0 {
        return vm.fail("ValueError", "position value cannot be negative");
    }
    s.at.set(n as usize);
    if !dict.is_none() {
        if dict.get::<Dict>().is_none() {
            let message = format!("fourth item of state should be a dict, got a {}", vm.type_name(dict));
            return vm.fail("TypeError", message);
        }
        let own = vm.get_attr_str(&a[0], "__dict__")?;
        vm.call_method(&own, "update", std::slice::from_ref(dict))?;
    }
    Ok(Value::NONE)
}
