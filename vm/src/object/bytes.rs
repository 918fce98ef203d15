//! `Bytes`: an immutable run of bytes with a cached hash.

use super::{Header, Kind, alloc};
use crate::value::Value;
use std::cell::Cell;

#[repr(C)]
pub struct Bytes {
    h: Header,
    /// -1: not computed yet.
    hash: Cell<i64>,
    bytes: Box<[u8]>,
}

impl Bytes {
    pub fn new(ty: &Value, bytes: impl Into<Box<[u8]>>) -> Value {
        alloc(Bytes { h: Header::new(Kind::Bytes, ty), hash: Cell::new(-1), bytes: bytes.into() })
    }
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    pub fn hash(&self) -> i64 {
        let h = self.hash.get();
        if h != -1 {
            return h;
        }
        let h = crate::types::hash::hash_bytes(&self.bytes);
        self.hash.set(h);
        h
    }
}
