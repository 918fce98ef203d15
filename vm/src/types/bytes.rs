//! `bytes`: operators and methods.

use super::buffer::Held;
use super::item::Bounds;
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Slice};
use crate::value::Value;
use crate::vm::Vm;

/// What `bytes` has besides the methods it shares with `bytearray`.
pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("__bytes__", 0, 0, |vm, a, _| {
        let b = a[0].as_::<Bytes>();
        Ok(if vm.type_of(&a[0]).is(&vm.types.bytes) { a[0].clone() } else { vm.bytes(b.as_slice()) })
    }),
    BuiltinDef::new("__getnewargs__", 0, 0, |vm, a, _| {
        let b = vm.bytes(a[0].as_::<Bytes>().as_slice());
        Ok(vm.tuple(vec![b]))
    }),
    BuiltinDef::new("__mod__", 1, 1, |vm, a, _| vm.percent_bytes(&a[0], &a[1])),
    BuiltinDef::new("__rmod__", 1, 1, |vm, a, _| match a[1].get::<Bytes>() {
        Some(_) => vm.percent_bytes(&a[1], &a[0]),
        None => Ok(Value::NOT_IMPLEMENTED),
    }),
    BuiltinDef::new("__buffer__", 1, 1, |vm, a, _| vm.memory_view(&a[0])),
];

/// `bytes(...)`.
pub fn new_bytes(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    match vm.bytes_source("bytes", args, kw)? {
        Held::Object(v) if vm.type_of(&v).is(&vm.types.bytes) => Ok(v),
        b => Ok(vm.bytes(&b)),
    }
}

/// `repr` of bytes.
pub fn repr_bytes(bytes: &[u8], out: &mut String) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    out.reserve(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b if b as char == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(b as char),
            b => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push(quote);
}

impl Bounds {
    /// The bytes that a slice selects.
    pub(crate) fn of_bytes(self, bytes: &[u8]) -> Vec<u8> {
        match self.step {
            1 => bytes[self.start as usize..self.start as usize + self.count].to_vec(),
            _ => self.indices().map(|i| bytes[i]).collect(),
        }
    }
}

impl Vm {
    pub(crate) fn bytes_item(&mut self, c: &Value, i: &Value) -> R<Value> {
        let bytes = c.as_::<Bytes>().as_slice();
        if let Some(s) = i.get::<Slice>() {
            let b = self.slice_bounds(s, bytes.len())?;
            if b.step == 1 && b.count == bytes.len() && self.type_of(c).is(&self.types.bytes) {
                return Ok(c.clone());
            }
            return Ok(self.byte_vec(b.of_bytes(bytes)));
        }
        match self.position(i, bytes.len(), "byte")? {
            Some(i) => Ok(Value::small(bytes[i] as i64)),
            None => self.fail("IndexError", "index out of range"),
        }
    }

    pub(crate) fn repeat_bytes(&mut self, v: &Value, b: &Bytes, n: usize) -> R<Value> {
        if n == 1 && self.type_of(v).is(&self.types.bytes) {
            return Ok(v.clone());
        }
        let Some(size) = b.len().checked_mul(n).filter(|&s| s <= isize::MAX as usize) else {
            return self.fail("OverflowError", "repeated bytes are too long");
        };
        let mut out = self.new_bytes(size)?;
        if !b.is_empty() {
            for _ in 0..n {
                out.extend_from_slice(b.as_slice());
            }
        }
        Ok(self.byte_vec(out))
    }

    /// An empty vector with room for `n` bytes, or MemoryError.
    pub(crate) fn new_bytes(&mut self, n: usize) -> R<Vec<u8>> {
        let mut v = vec![];
        match v.try_reserve_exact(n) {
            Ok(()) => Ok(v),
            Err(_) => Err(self.raise_type("MemoryError", vec![])),
        }
    }
}
