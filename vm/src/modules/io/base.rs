//! `_IOBase`, `_RawIOBase`, `_BufferedIOBase`, `_TextIOBase`: what streams written in Python inherit.

use super::data::{self, Data};
use super::{Class, check_able, check_closed, class, fail_closed, is_closed, size_arg, unsupported};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;

/// Data of streams that have no class of their own in Rust.
#[derive(Default)]
pub struct IoBase {
    closed: Cell<bool>,
}
impl Payload for IoBase {}

macro_rules! unsupported_row {
    ($name:literal, $max:expr) => {
        BuiltinDef::kw($name, 0, $max, |vm, _, _| unsupported(vm, $name))
    };
}
macro_rules! false_row {
    ($name:literal) => {
        BuiltinDef::new($name, 0, 0, |_, _, _| Ok(Value::FALSE))
    };
}

pub static IO_BASE: ClassDef = ClassDef {
    name: "_io._IOBase",
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], IoBase::default()))),
        BuiltinDef::kw("__init__", 0, u8::MAX, |_, _, _| Ok(Value::NONE)),
        unsupported_row!("seek", 2),
        unsupported_row!("truncate", 1),
        unsupported_row!("fileno", 0),
        BuiltinDef::new("tell", 0, 0, |vm, a, _| {
            vm.call_method(&a[0], "seek", &[Value::small(0), Value::small(1)])
        }),
        BuiltinDef::new("flush", 0, 0, |vm, a, _| {
            if was_closed(&a[0]) {
                return fail_closed(vm);
            }
            Ok(Value::NONE)
        }),
        BuiltinDef::new("close", 0, 0, |vm, a, _| close(vm, &a[0]).map(|()| Value::NONE)),
        false_row!("seekable"),
        false_row!("readable"),
        false_row!("writable"),
        BuiltinDef::new("isatty", 0, 0, |vm, a, _| {
            check_closed(vm, &a[0])?;
            Ok(Value::FALSE)
        }),
        BuiltinDef::kw("_checkClosed", 0, u8::MAX, |vm, a, _| check_closed(vm, &a[0]).map(|()| Value::NONE)),
        BuiltinDef::kw("_checkReadable", 0, u8::MAX, |vm, a, _| {
            check_able(vm, &a[0], "readable").map(|()| Value::TRUE)
        }),
        BuiltinDef::kw("_checkWritable", 0, u8::MAX, |vm, a, _| {
            check_able(vm, &a[0], "writable").map(|()| Value::TRUE)
        }),
        BuiltinDef::kw("_checkSeekable", 0, u8::MAX, |vm, a, _| {
            check_able(vm, &a[0], "seekable").map(|()| Value::TRUE)
        }),
        BuiltinDef::new("__enter__", 0, 0, |vm, a, _| {
            check_closed(vm, &a[0])?;
            Ok(a[0].clone())
        }),
        BuiltinDef::new("__exit__", 0, u8::MAX, |vm, a, _| vm.call_method(&a[0], "close", &[])),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            check_closed(vm, &a[0])?;
            Ok(a[0].clone())
        }),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let line = vm.call_method(&a[0], "readline", &[])?;
            if vm.len_of(&line)? == 0 { vm.stop_iteration() } else { Ok(line) }
        }),
        BuiltinDef::new("readline", 0, 1, readline),
        BuiltinDef::new("readlines", 0, 1, readlines),
        BuiltinDef::new("writelines", 1, 1, writelines),
        BuiltinDef::new("__del__", 0, 0, finalize),
    ],
    getset: &[GetSet::get("closed", |_, v| Ok(Value::bool(was_closed(v))))],
    doc: Some("The abstract base class for all I/O classes."),
    ..ClassDef::DEFAULT
};

pub static RAW_BASE: ClassDef = ClassDef {
    name: "_io._RawIOBase",
    base: Some(|vm| class(vm, Class::IoBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::new("read", 0, 1, raw_read),
        BuiltinDef::new("readall", 0, 0, raw_readall),
        BuiltinDef::kw("readinto", 0, u8::MAX, |vm, _, _| Err(vm.raise_type("NotImplementedError", vec![]))),
        BuiltinDef::kw("write", 0, u8::MAX, |vm, _, _| Err(vm.raise_type("NotImplementedError", vec![]))),
    ],
    doc: Some("Base class for raw binary I/O."),
    ..ClassDef::DEFAULT
};

pub static BUFFERED_BASE: ClassDef = ClassDef {
    name: "_io._BufferedIOBase",
    base: Some(|vm| class(vm, Class::IoBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        unsupported_row!("detach", 0),
        unsupported_row!("read", u8::MAX),
        unsupported_row!("read1", u8::MAX),
        unsupported_row!("write", u8::MAX),
        BuiltinDef::new("readinto", 1, 1, |vm, a, _| readinto(vm, &a[0], &a[1], "readinto", "read")),
        BuiltinDef::new("readinto1", 1, 1, |vm, a, _| readinto(vm, &a[0], &a[1], "readinto1", "read1")),
    ],
    doc: Some("Base class for buffered IO objects."),
    ..ClassDef::DEFAULT
};

pub static TEXT_BASE: ClassDef = ClassDef {
    name: "_io._TextIOBase",
    base: Some(|vm| class(vm, Class::IoBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        unsupported_row!("detach", 0),
        unsupported_row!("read", u8::MAX),
        unsupported_row!("readline", u8::MAX),
        unsupported_row!("write", u8::MAX),
    ],
    getset: &[
        GetSet::get("encoding", |_, _| Ok(Value::NONE)),
        GetSet::get("newlines", |_, _| Ok(Value::NONE)),
        GetSet::get("errors", |_, _| Ok(Value::NONE)),
    ],
    doc: Some("Base class for text I/O."),
};

fn was_closed(v: &Value) -> bool {
    v.native::<IoBase>().is_some_and(|b| b.closed.get())
}

/// `IOBase.close`: flushes, and is closed whether that succeeds or not.
pub fn close(vm: &mut Vm, v: &Value) -> R {
    if was_closed(v) {
        return Ok(());
    }
    let r = vm.call_method(v, "flush", &[]).map(drop);
    if let Some(b) = v.native::<IoBase>() {
        b.closed.set(true);
    }
    r
}

/// `__del__`: closes what is still open.
fn finalize(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    match is_closed(vm, &a[0]) {
        Ok(true) => return Ok(Value::NONE),
        Ok(false) => {}
        Err(_) => {
            // It is not set up, or has lost what it was over.
            drop(vm.take_pending());
            return Ok(Value::NONE);
        }
    }
    // Whoever closes it may warn that the program did not.
    let name = vm.intern("_finalizing");
    if vm.set_attr(&a[0], &name, Value::TRUE).is_err() {
        drop(vm.take_pending());
    }
    if vm.call_method(&a[0], "close", &[]).is_err() {
        let e = vm.take_pending();
        vm.unraisable(e, Some("Exception ignored while finalizing file"), &a[0]);
    }
    Ok(Value::NONE)
}

fn readline(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let limit = size_arg(vm, a.get(1))?;
    let has_peek = vm.get_attr_str_opt(&a[0], "peek")?.is_some();
    let mut line: Vec<u8> = vec![];
    while limit < 0 || (line.len() as i64) < limit {
        let mut n = 1;
        if has_peek {
            let peeked = vm.call_method(&a[0], "peek", &[Value::small(1)])?;
            let Some(b) = peeked.get::<Bytes>() else {
                let message =
                    format!("peek() should have returned a bytes object, not '{}'", vm.type_name(&peeked));
                return vm.fail("OSError", message);
            };
            let bytes = b.as_slice();
            if !bytes.is_empty() {
                let most = if limit < 0 { bytes.len() } else { bytes.len().min(limit as usize - line.len()) };
                n = memchr::memchr(b'\n', &bytes[..most]).map_or(most, |i| i + 1);
            }
        }
        let read = vm.call_method(&a[0], "read", &[Value::small(n as i64)])?;
        let Some(b) = read.get::<Bytes>() else {
            let message =
                format!("read() should have returned a bytes object, not '{}'", vm.type_name(&read));
            return vm.fail("OSError", message);
        };
        if b.is_empty() {
            break;
        }
        line.extend_from_slice(b.as_slice());
        if line.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(vm.byte_vec(line))
}

fn readlines(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let hint = size_arg(vm, a.get(1))?;
    let it = vm.get_iter(&a[0])?;
    let mut lines = vec![];
    let mut length: i64 = 0;
    while let Some(line) = vm.next(&it)? {
        length = length.saturating_add(vm.len_of(&line)? as i64);
        lines.push(line);
        if hint > 0 && length >= hint {
            break;
        }
    }
    Ok(vm.list(lines))
}

fn writelines(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    check_closed(vm, &a[0])?;
    let it = vm.get_iter(&a[1])?;
    while let Some(line) = vm.next(&it)? {
        vm.call_method(&a[0], "write", &[line])?;
    }
    Ok(Value::NONE)
}

fn raw_read(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = match a.get(1) {
        Some(v) => vm.index(v)?,
        None => -1,
    };
    if n < 0 {
        return vm.call_method(&a[0], "readall", &[]);
    }
    let room = data::new_bytearray(vm, n as usize)?;
    let r = vm.call_method(&a[0], "readinto", std::slice::from_ref(&room))?;
    if r.is_none() {
        return Ok(r);
    }
    let got = vm.index(&r)?;
    if got < 0 || got > n {
        return vm.fail("ValueError", format!("readinto returned {got} outside buffer size {n}"));
    }
    let mut bytes = data::bytes_of(vm, &room)?.into_vec();
    bytes.truncate(got as usize);
    Ok(vm.byte_vec(bytes))
}

fn raw_readall(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let mut all: Vec<u8> = vec![];
    let mut first = true;
    loop {
        let data = vm.call_method(&a[0], "read", &[Value::small(super::DEFAULT_BUFFER_SIZE as i64)])?;
        if data.is_none() {
            if first {
                return Ok(data);
            }
            break;
        }
        first = false;
        let Some(b) = data.get::<Bytes>() else { return vm.fail("TypeError", "read() should return bytes") };
        if b.is_empty() {
            break;
        }
        all.extend_from_slice(b.as_slice());
    }
    Ok(vm.byte_vec(all))
}

fn readinto(vm: &mut Vm, stream: &Value, room: &Value, who: &str, reader: &str) -> R<Value> {
    let len = data::writable_len(vm, room, who)?;
    let data = vm.call_method(stream, reader, &[Value::small(len as i64)])?;
    let Some(b) = data.get::<Bytes>() else { return vm.fail("TypeError", "read() should return bytes") };
    if b.len() > len {
        let message = format!("read() returned too much data: {len} bytes requested, {} returned", b.len());
        return vm.fail("ValueError", message);
    }
    data::fill(vm, room, b.as_slice(), who)?;
    Ok(Value::small(b.len() as i64))
}

/// The text of a `str` argument of a method.
pub fn text_arg<'a>(vm: &mut Vm, who: &str, v: &'a Value) -> R<&'a Str> {
    match v.get::<Str>() {
        Some(s) => Ok(s),
        None => {
            let message = format!("{who} argument must be str, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}

/// The bytes to write; a str is refused.
pub fn data_arg<'a>(vm: &mut Vm, v: &'a Value) -> R<Data<'a>> {
    data::bytes_of(vm, v)
}
