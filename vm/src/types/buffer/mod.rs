//! The buffer protocol: looking into the bytes of an object, whatever it is.

use crate::error::R;
use crate::object::Bytes;
use crate::value::Value;
use crate::vm::Vm;
use std::ops::Deref;

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

impl Vm {
    /// `None`: not a bytes-like object.
    pub fn bytes_like(&mut self, v: &Value) -> R<Option<Held>> {
        Ok(v.get::<Bytes>().map(|_| Held::Object(v.clone())))
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
}
