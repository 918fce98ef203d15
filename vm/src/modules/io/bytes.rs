//! `BytesIO`: bytes in memory.

use super::data::{bytes_of, fill, writable_len};
use super::{Class, class, fail_closed, is_exact, size_arg};
use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw, Payload, Tuple};
use crate::types::buffer::Buffer;
use crate::types::native::{ClassDef, GetSet, HAS_DICT, NO_NEW, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

#[derive(Default)]
pub struct BytesIo {
    pub bytes: RefCell<Vec<u8>>,
    at: Cell<usize>,
    closed: Cell<bool>,
    /// Views of the bytes that exist: the bytes must not move.
    pub exports: Cell<usize>,
}
impl Payload for BytesIo {}

/// What `getbuffer()` gives a view of.
pub struct BytesIoBuffer {
    pub stream: Value,
}
impl Payload for BytesIoBuffer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.stream);
    }
    fn buffer(&self) -> Option<&dyn Buffer> {
        Some(self)
    }
}
impl BytesIoBuffer {
    fn add_exports(&self, by: isize) {
        if let Some(b) = self.stream.native::<BytesIo>() {
            b.exports.set(b.exports.get().saturating_add_signed(by));
        }
    }
}
impl Buffer for BytesIoBuffer {
    fn read(&self, f: &mut dyn FnMut(&[u8])) {
        if let Some(b) = self.stream.native::<BytesIo>() {
            f(&b.bytes.borrow());
        }
    }
    fn write(&self, f: &mut dyn FnMut(&mut [u8])) -> bool {
        let Some(b) = self.stream.native::<BytesIo>() else { return false };
        f(&mut b.bytes.borrow_mut());
        true
    }
    fn readonly(&self) -> bool {
        false
    }
    fn acquire(&self) {
        self.add_exports(1);
    }
    fn release(&self) {
        self.add_exports(-1);
    }
}

pub static BUFFER: ClassDef = ClassDef { name: "_io._BytesIOBuffer", flags: NO_NEW, ..ClassDef::DEFAULT };

pub static BYTES: ClassDef = ClassDef {
    name: "_io.BytesIO",
    base: Some(|vm| class(vm, Class::BufferedBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], BytesIo::default()))),
        BuiltinDef::kw("__init__", 0, 1, |vm, a, kw| {
            let [initial] = vm.bind_args("BytesIO", ["initial_bytes"], 0, 0, &a[1..], kw)?;
            let b = vm.self_::<BytesIo>(&a[0])?;
            check_exports(vm, b)?;
            let bytes = match initial.filter(|v| !v.is_none()) {
                Some(v) => bytes_of(vm, &v)?.into_vec(),
                None => vec![],
            };
            *b.bytes.borrow_mut() = bytes;
            b.at.set(0);
            b.closed.set(false);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("readable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("writable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("seekable", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::TRUE)),
        BuiltinDef::new("isatty", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::FALSE)),
        BuiltinDef::new("flush", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| Value::NONE)),
        BuiltinDef::new("getvalue", 0, 0, |vm, a, _| {
            let b = this(vm, &a[0])?;
            let bytes = b.bytes.borrow();
            Ok(vm.bytes(&bytes))
        }),
        BuiltinDef::new("getbuffer", 0, 0, |vm, a, _| {
            this(vm, &a[0])?;
            let class = class(vm, Class::BytesBuffer);
            let exporter = vm.new_native(&class, BytesIoBuffer { stream: a[0].clone() });
            super::data::new_view(vm, &exporter)
        }),
        BuiltinDef::new("tell", 0, 0, |vm, a, _| {
            let at = this(vm, &a[0])?.at.get();
            Ok(vm.int(at as i64))
        }),
        BuiltinDef::new("read", 0, 1, read),
        BuiltinDef::new("read1", 0, 1, read),
        BuiltinDef::new("readline", 0, 1, |vm, a, _| {
            let n = size_arg(vm, a.get(1))?;
            let b = this(vm, &a[0])?;
            let line = line(b, n);
            Ok(vm.byte_vec(line))
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| this(vm, &a[0]).map(|_| a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let b = this(vm, &a[0])?;
            if !is_exact(vm, &a[0], Class::Bytes) {
                let line = vm.call_method(&a[0], "readline", &[])?;
                return if vm.len_of(&line)? == 0 { vm.stop_iteration() } else { Ok(line) };
            }
            let line = line(b, -1);
            if line.is_empty() { vm.stop_iteration() } else { Ok(vm.byte_vec(line)) }
        }),
        BuiltinDef::new("readlines", 0, 1, |vm, a, _| {
            let most = size_arg(vm, a.get(1))?;
            let b = this(vm, &a[0])?;
            let (mut lines, mut size) = (vec![], 0);
            loop {
                let l = line(b, -1);
                if l.is_empty() {
                    break;
                }
                size += l.len() as i64;
                lines.push(vm.byte_vec(l));
                if most > 0 && size >= most {
                    break;
                }
            }
            Ok(vm.list(lines))
        }),
        BuiltinDef::new("readinto", 1, 1, |vm, a, _| {
            let n = writable_len(vm, &a[1], "readinto")?;
            let b = this(vm, &a[0])?;
            let bytes = take(b, n as i64);
            fill(vm, &a[1], &bytes, "readinto")?;
            Ok(Value::small(bytes.len() as i64))
        }),
        BuiltinDef::new("write", 1, 1, |vm, a, _| {
            let n = write(vm, &a[0], &a[1])?;
            Ok(vm.int(n as i64))
        }),
        BuiltinDef::new("writelines", 1, 1, |vm, a, _| {
            this(vm, &a[0])?;
            let it = vm.get_iter(&a[1])?;
            while let Some(v) = vm.next(&it)? {
                write(vm, &a[0], &v)?;
            }
            Ok(Value::NONE)
        }),
        BuiltinDef::new("seek", 1, 2, |vm, a, _| {
            let to = vm.index(&a[1])?;
            let whence = a.get(2).map_or(Ok(0), |w| vm.index(w))?;
            let b = this(vm, &a[0])?;
            let from = match whence {
                0 if to < 0 => return vm.fail("ValueError", format!("negative seek value {to}")),
                0 => 0,
                1 => b.at.get() as i64,
                2 => b.bytes.borrow().len() as i64,
                _ => {
                    let message = format!("invalid whence ({whence}, should be 0, 1 or 2)");
                    return vm.fail("ValueError", message);
                }
            };
            let Some(at) = from.checked_add(to) else {
                return vm.fail("OverflowError", "new position too large");
            };
            b.at.set(at.max(0) as usize);
            Ok(vm.int(at.max(0)))
        }),
        BuiltinDef::new("truncate", 0, 1, |vm, a, _| {
            let b = this(vm, &a[0])?;
            check_exports(vm, b)?;
            let n = match a.get(1).filter(|v| !v.is_none()) {
                Some(_) => size_arg(vm, a.get(1))?,
                None => b.at.get() as i64,
            };
            if n < 0 {
                return vm.fail("ValueError", format!("negative size value {n}"));
            }
            b.bytes.borrow_mut().truncate(n as usize);
            Ok(vm.int(n))
        }),
        BuiltinDef::new("close", 0, 0, |vm, a, _| {
            let b = vm.self_::<BytesIo>(&a[0])?;
            check_exports(vm, b)?;
            b.closed.set(true);
            drop(b.bytes.take());
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__getstate__", 0, 0, |vm, a, _| {
            let b = this(vm, &a[0])?;
            let bytes = vm.bytes(&b.bytes.borrow());
            let at = vm.int(b.at.get() as i64);
            let dict = vm.get_attr_str(&a[0], "__dict__")?;
            let copy = vm.call_method(&dict, "copy", &[])?;
            Ok(vm.tuple(vec![bytes, at, copy]))
        }),
        BuiltinDef::new("__setstate__", 1, 1, setstate),
        BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
            let n = vm.self_::<BytesIo>(&a[0])?.bytes.borrow().len();
            Ok(vm.int(n as i64 + 96))
        }),
    ],
    getset: &[GetSet::get("closed", |vm, v| Ok(Value::bool(vm.self_::<BytesIo>(v)?.closed.get())))],
    doc: Some("Buffered I/O implementation using an in-memory bytes buffer."),
};

fn this<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a BytesIo> {
    let b = vm.self_::<BytesIo>(v)?;
    if b.closed.get() { fail_closed(vm) } else { Ok(b) }
}
fn check_exports(vm: &mut Vm, b: &BytesIo) -> R {
    if b.exports.get() > 0 {
        return vm.fail("BufferError", "Existing exports of data: object cannot be re-sized");
    }
    Ok(())
}

fn take(b: &BytesIo, n: i64) -> Vec<u8> {
    let bytes = b.bytes.borrow();
    let from = b.at.get().min(bytes.len());
    let most = bytes.len() - from;
    let n = if n < 0 { most } else { most.min(n as usize) };
    if n > 0 {
        b.at.set(from + n);
    }
    bytes[from..from + n].to_vec()
}
fn line(b: &BytesIo, limit: i64) -> Vec<u8> {
    let n = {
        let bytes = b.bytes.borrow();
        let rest = bytes.get(b.at.get()..).unwrap_or_default();
        let rest = if limit < 0 { rest } else { &rest[..rest.len().min(limit as usize)] };
        memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1)
    };
    take(b, n as i64)
}

fn read(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = size_arg(vm, a.get(1))?;
    let b = this(vm, &a[0])?;
    let bytes = take(b, n);
    Ok(vm.byte_vec(bytes))
}

fn write(vm: &mut Vm, v: &Value, data: &Value) -> R<usize> {
    let b = this(vm, v)?;
    check_exports(vm, b)?;
    let data = bytes_of(vm, data)?;
    // Reading the argument can have run Python.
    let b = this(vm, v)?;
    if data.is_empty() {
        return Ok(0);
    }
    let at = b.at.get();
    let mut bytes = b.bytes.borrow_mut();
    let end = at.saturating_add(data.len());
    if end > bytes.len() {
        let more = end - bytes.len();
        if end > isize::MAX as usize || bytes.try_reserve(more).is_err() {
            drop(bytes);
            return Err(vm.raise_type("MemoryError", vec![]));
        }
        if at == bytes.len() {
            bytes.extend_from_slice(&data);
        } else {
            bytes.resize(end, 0);
            bytes[at..end].copy_from_slice(&data);
        }
    } else {
        bytes[at..end].copy_from_slice(&data);
    }
    b.at.set(end);
    Ok(data.len())
}

fn setstate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let b = vm.self_::<BytesIo>(&a[0])?;
    check_exports(vm, b)?;
    let Some([bytes, at, dict]) = a[1].get::<Tuple>().map(Tuple::as_slice) else {
        let class = vm.type_name(&a[0]);
        let message = format!("{class}.__setstate__ argument should be 3-tuple, got {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    };
    let bytes = bytes_of(vm, bytes)?.into_vec();
    if !super::has_index(vm, at) {
        let message = format!("second item of state must be an integer, not {}", vm.type_name(at));
        return vm.fail("TypeError", message);
    }
    let n = vm.index(at)?;
    if n < 0 {
        return vm.fail("ValueError", "position value cannot be negative");
    }
    *b.bytes.borrow_mut() = bytes;
    b.at.set(n as usize);
    b.closed.set(false);
    if !dict.is_none() {
        if dict.get::<Dict>().is_none() {
            let message = format!("third item of state should be a dict, got a {}", vm.type_name(dict));
            return vm.fail("TypeError", message);
        }
        let own = vm.get_attr_str(&a[0], "__dict__")?;
        vm.call_method(&own, "update", std::slice::from_ref(dict))?;
    }
    Ok(Value::NONE)
}
