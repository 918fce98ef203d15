//! Bytes-like arguments: reading them, filling them.

use crate::error::R;
use crate::object::{Bytes, Dict, Kind, Kw, Slice};
use crate::value::Value;
use crate::vm::Vm;
use std::ops::Deref;

/// The bytes of an argument.
pub enum Data<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Deref for Data<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Data::Borrowed(b) => b,
            Data::Owned(v) => v,
        }
    }
}

impl Data<'_> {
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Data::Borrowed(b) => b.to_vec(),
            Data::Owned(v) => v,
        }
    }
}

fn builtin(vm: &mut Vm, name: &str) -> R<Value> {
    let key = vm.intern(name);
    match vm.builtins.as_::<Dict>().get_str(&key) {
        Some(v) => Ok(v),
        None => vm.fail("NotImplementedError", format!("{name} is not supported yet")),
    }
}

/// A view of all bytes of a bytes-like object, one item a byte.
fn view(vm: &mut Vm, v: &Value, message: &str) -> R<Value> {
    let class = builtin(vm, "memoryview")?;
    let whole = match vm.call(&class, std::slice::from_ref(v), Kw::NONE) {
        Ok(m) => m,
        Err(e) if super::pending_is(vm, "TypeError") => {
            drop(vm.take_pending());
            let _ = e;
            return vm.fail("TypeError", message);
        }
        Err(e) => return Err(e),
    };
    let b = vm.str("B");
    vm.call_method(&whole, "cast", &[b])
}

/// The bytes of any bytes-like object.
pub fn bytes_of<'a>(vm: &mut Vm, v: &'a Value) -> R<Data<'a>> {
    if let Some(b) = v.get::<Bytes>() {
        return Ok(Data::Borrowed(b.as_slice()));
    }
    let message = format!("a bytes-like object is required, not '{}'", vm.type_name(v));
    if v.is_kind(Kind::Str) || !v.word().is_ptr() {
        return vm.fail("TypeError", message);
    }
    let view = view(vm, v, &message)?;
    let bytes = vm.call_method(&view, "tobytes", &[])?;
    vm.call_method(&view, "release", &[])?;
    match bytes.get::<Bytes>() {
        Some(b) => Ok(Data::Owned(b.as_slice().to_vec())),
        None => vm.fail("TypeError", message),
    }
}

fn writable_view(vm: &mut Vm, v: &Value, who: &str) -> R<Value> {
    let message = format!("{who}() argument must be read-write bytes-like object, not {}", vm.type_name(v));
    let view = view(vm, v, &message)?;
    let readonly = vm.get_attr_str(&view, "readonly")?;
    if vm.truthy(&readonly)? {
        return vm.fail("TypeError", message);
    }
    Ok(view)
}

/// How many bytes a writable bytes-like argument has.
pub fn writable_len(vm: &mut Vm, v: &Value, who: &str) -> R<usize> {
    let view = writable_view(vm, v, who)?;
    let n = vm.len_of(&view)?;
    vm.call_method(&view, "release", &[])?;
    Ok(n)
}

/// Writes `bytes` to the front of a writable bytes-like object.
pub fn fill(vm: &mut Vm, v: &Value, bytes: &[u8], who: &str) -> R {
    if bytes.is_empty() {
        return Ok(());
    }
    let view = writable_view(vm, v, who)?;
    if vm.len_of(&view)? < bytes.len() {
        return vm.fail("ValueError", "the buffer has become too small");
    }
    let slice = Slice::new(&vm.types.slice, Value::small(0), Value::small(bytes.len() as i64), Value::NONE);
    let bytes = vm.bytes(bytes);
    vm.set_item(&view, &slice, bytes)?;
    vm.call_method(&view, "release", &[])?;
    Ok(())
}

/// `bytearray(n)`.
pub fn new_bytearray(vm: &mut Vm, n: usize) -> R<Value> {
    let class = builtin(vm, "bytearray")?;
    vm.call(&class, &[Value::small(n as i64)], Kw::NONE)
}
/// `memoryview(v)`.
pub fn new_view(vm: &mut Vm, v: &Value) -> R<Value> {
    let class = builtin(vm, "memoryview")?;
    vm.call(&class, std::slice::from_ref(v), Kw::NONE)
}
