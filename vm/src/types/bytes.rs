//! `bytes`: operators and methods.

use super::item::Bounds;
use super::number::Num;
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Slice};
use crate::value::Value;
use crate::vm::Vm;
use memchr::memmem;

pub static METHODS: &[BuiltinDef] = &[BuiltinDef::new("join", 1, 1, join)];

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

    pub(crate) fn concat_bytes(&mut self, a: &Value, b: &Value) -> R<Value> {
        let Some(y) = b.get::<Bytes>() else {
            let message = format!("can't concat {} to {}", self.type_name(b), self.type_name(a));
            return self.fail("TypeError", message);
        };
        let x = a.as_::<Bytes>();
        let mut out = self.new_bytes(x.len().saturating_add(y.len()))?;
        out.extend_from_slice(x.as_slice());
        out.extend_from_slice(y.as_slice());
        Ok(self.byte_vec(out))
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

    pub(crate) fn bytes_contain(&mut self, c: &Value, item: &Value) -> R<bool> {
        let bytes = c.as_::<Bytes>().as_slice();
        if let Some(n) = Num::int_of(item) {
            return match u8::try_from(n.clamp_i64()) {
                Ok(b) => Ok(memchr::memchr(b, bytes).is_some()),
                Err(_) => self.fail("ValueError", "byte must be in range(0, 256)"),
            };
        }
        match item.get::<Bytes>() {
            Some(b) => Ok(memmem::find(bytes, b.as_slice()).is_some()),
            None => {
                let message = format!("a bytes-like object is required, not '{}'", self.type_name(item));
                self.fail("TypeError", message)
            }
        }
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

fn join(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let items = vm.to_vec(&args[1])?;
    let separator = args[0].as_::<Bytes>().as_slice();
    let mut out = vec![];
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        match v.get::<Bytes>() {
            Some(b) => out.extend_from_slice(b.as_slice()),
            None => {
                let message =
                    format!("sequence item {i}: expected a bytes-like object, {} found", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        }
    }
    Ok(vm.byte_vec(out))
}
