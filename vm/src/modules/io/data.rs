//! Bytes-like arguments: reading them, filling them.

use crate::error::R;
use crate::object::Bytes;
use crate::types::buffer::Held;
use crate::value::Value;
use crate::vm::Vm;
use std::ops::Deref;

/// The bytes of an argument.
pub enum Data<'a> {
    Borrowed(&'a [u8]),
    Held(Held),
}

impl Deref for Data<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Data::Borrowed(b) => b,
            Data::Held(v) => v,
        }
    }
}

impl Data<'_> {
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Data::Held(Held::Copy(v)) => v,
            other => other.to_vec(),
        }
    }
}

/// The bytes of any bytes-like object.
pub fn bytes_of<'a>(vm: &mut Vm, v: &'a Value) -> R<Data<'a>> {
    match v.get::<Bytes>() {
        Some(b) => Ok(Data::Borrowed(b.as_slice())),
        None => vm.need_bytes(v).map(Data::Held),
    }
}

fn lend<T>(vm: &mut Vm, v: &Value, who: &str, f: impl FnOnce(&mut [u8]) -> T) -> R<T> {
    match vm.with_bytes_mut(v, f) {
        Err(e) if super::pending_is(vm, "TypeError") => {
            let _ = e;
            drop(vm.take_pending());
            let message =
                format!("{who}() argument must be read-write bytes-like object, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
        r => r,
    }
}

/// How many bytes a writable bytes-like argument has.
pub fn writable_len(vm: &mut Vm, v: &Value, who: &str) -> R<usize> {
    lend(vm, v, who, |b| b.len())
}

/// Writes `bytes` to the front of a writable bytes-like object.
pub fn fill(vm: &mut Vm, v: &Value, bytes: &[u8], who: &str) -> R {
    let fits = lend(vm, v, who, |b| match b.get_mut(..bytes.len()) {
        Some(part) => {
            part.copy_from_slice(bytes);
            true
        }
        None => false,
    })?;
    // Reading can have run Python, which can have made it shorter.
    if fits { Ok(()) } else { vm.fail("ValueError", "the buffer has become too small") }
}

/// `bytearray(n)`.
pub fn new_bytearray(vm: &mut Vm, n: usize) -> R<Value> {
    let mut bytes = vm.new_bytes(n)?;
    bytes.resize(n, 0);
    Ok(vm.byte_array(bytes))
}
/// `memoryview(v)`.
pub fn new_view(vm: &mut Vm, v: &Value) -> R<Value> {
    vm.memory_view(v)
}
