//! The buffer protocol: looking into the bytes of an object, whatever it is.
//!
//! A native class takes part by [`Payload::buffer`](crate::object::Payload). Nobody keeps a reference into
//! the bytes: they are lent to a closure that runs no Python. What must last is a [`Held`] (bytes that do not
//! change) or a `memoryview`, which acquires its exporter.

pub mod bytearray;
pub mod bytes_of;
pub mod memoryview;
pub mod methods;
pub mod packing;

use crate::error::R;
use crate::object::{Bytes, Native};
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;
use bytearray::ByteArray;
use memoryview::MemoryView;
use std::ops::Deref;

/// The bytes of a native object.
pub trait Buffer {
    /// Lends the bytes. `f` runs no Python.
    fn read(&self, f: &mut dyn FnMut(&[u8]));
    /// Lends the bytes for changing. False, and nothing happens: they are read-only.
    fn write(&self, _f: &mut dyn FnMut(&mut [u8])) -> bool {
        false
    }
    fn readonly(&self) -> bool {
        true
    }
    /// Format of an item (a native single character of `struct`) and its size.
    fn item(&self) -> (char, usize) {
        ('B', 1)
    }
    /// Somebody keeps a view: until as many `release`s the size does not change.
    fn acquire(&self) {}
    fn release(&self) {}
}

/// The bytes of a bytes-like object, good for as long as one likes: of an immutable object the object
/// itself, of any other a copy.
pub enum Held {
    Object(Value),
    Copy(Vec<u8>),
}

impl Deref for Held {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Held::Object(v) => v.get::<Bytes>().map_or(&[], Bytes::as_slice),
            Held::Copy(b) => b,
        }
    }
}

/// The part of an object that exports a buffer.
pub fn exporter(v: &Value) -> Option<&dyn Buffer> {
    v.get::<Native>()?.buffer()
}

/// Lends the bytes of `bytes` or of a native exporter; a memoryview's only if they are contiguous.
pub fn with_bytes<T>(v: &Value, f: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if let Some(b) = v.get::<Bytes>() {
        return Some(f(b.as_slice()));
    }
    let (mut f, mut out) = (Some(f), None);
    let mut once = |b: &[u8]| out = f.take().map(|f| f(b));
    match v.native::<MemoryView>() {
        Some(m) if m.is_contiguous() && !m.is_released() => m.read_contiguous(&mut once),
        Some(_) => return None,
        None => exporter(v)?.read(&mut once),
    }
    out
}

impl Vm {
    /// The bytes of a bytes-like object. `None`: it is not one.
    pub fn bytes_like(&mut self, v: &Value) -> R<Option<Held>> {
        if v.get::<Bytes>().is_some() {
            return Ok(Some(Held::Object(v.clone())));
        }
        if let Some(m) = v.native::<MemoryView>() {
            self.check_view(m)?;
            if m.is_contiguous() && m.base().get::<Bytes>().is_some_and(|b| b.len() == m.nbytes()) {
                return Ok(Some(Held::Object(m.base())));
            }
            return Ok(Some(Held::Copy(m.to_vec())));
        }
        if let Some(b) = with_bytes(v, <[u8]>::to_vec) {
            return Ok(Some(Held::Copy(b)));
        }
        if !v.is_dynamic() || !self.has_special(v, Special::Buffer) {
            return Ok(None);
        }
        let view = self.python_buffer(v, 0)?;
        let bytes = view.native::<MemoryView>().map(MemoryView::to_vec);
        self.release_view(&view)?;
        Ok(bytes.map(Held::Copy))
    }
    pub fn is_bytes_like(&mut self, v: &Value) -> bool {
        v.get::<Bytes>().is_some()
            || exporter(v).is_some()
            || v.native::<MemoryView>().is_some()
            || v.is_dynamic() && self.has_special(v, Special::Buffer)
    }
    /// The same, or TypeError.
    pub fn need_bytes(&mut self, v: &Value) -> R<Held> {
        match self.bytes_like(v)? {
            Some(b) => Ok(b),
            None => {
                let message = format!("a bytes-like object is required, not '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    /// Lends the bytes of a writable object for changing; TypeError if it is not one. `f` runs no Python.
    pub fn with_bytes_mut<T>(&mut self, v: &Value, f: impl FnOnce(&mut [u8]) -> T) -> R<T> {
        let (mut f, mut out) = (Some(f), None);
        let mut once = |b: &mut [u8]| out = f.take().map(|f| f(b));
        let done = match v.native::<MemoryView>() {
            Some(m) => {
                self.check_view(m)?;
                m.is_contiguous() && m.write_contiguous(&mut once)
            }
            None => exporter(v).is_some_and(|b| b.write(&mut once)),
        };
        match out {
            Some(t) if done => Ok(t),
            _ => {
                let message =
                    format!("argument must be read-write bytes-like object, not {}", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    pub fn byte_array(&mut self, bytes: Vec<u8>) -> Value {
        let class = self.bytearray_class();
        self.new_native(&class, ByteArray::new(bytes))
    }
    /// A byte as an int object gives it.
    pub(crate) fn byte_arg(&mut self, v: &Value) -> R<u8> {
        match u8::try_from(self.index_clamped(v)?) {
            Ok(b) => Ok(b),
            Err(_) => self.fail("ValueError", "byte must be in range(0, 256)"),
        }
    }
    /// A class that exports its buffer in Python: the memoryview that its `__buffer__` answers.
    pub(crate) fn python_buffer(&mut self, v: &Value, flags: i64) -> R<Value> {
        let r = self.call_special(v, Special::Buffer, &[Value::small(flags)])?;
        match r {
            Some(view) if view.native::<MemoryView>().is_some() => Ok(view),
            _ => self.fail("TypeError", "__buffer__ returned non-memoryview object"),
        }
    }
}
