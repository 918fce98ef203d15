//! `Str`: text with its length in characters and a cached hash.
//!
//! Text is UTF-8 with an ASCII flag; lone surrogates are not representable yet and refused where they would
//! arise. All access is by the methods here, so the encoding can grow to WTF-8 without its users noticing.

use super::{Header, Kind, alloc};
use crate::value::Value;
use std::cell::Cell;

#[repr(C)]
pub struct Str {
    h: Header,
    /// -1: not computed yet.
    hash: Cell<i64>,
    chars: usize,
    text: Box<str>,
}

impl Str {
    pub fn new(ty: &Value, text: impl Into<Box<str>>) -> Value {
        let text = text.into();
        let chars = if text.is_ascii() { text.len() } else { text.chars().count() };
        alloc(Str { h: Header::new(Kind::Str, ty), hash: Cell::new(-1), chars, text })
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// Length in characters.
    pub fn len(&self) -> usize {
        self.chars
    }
    pub fn is_empty(&self) -> bool {
        self.chars == 0
    }
    pub fn is_ascii(&self) -> bool {
        self.chars == self.text.len()
    }
    pub fn char_at(&self, i: usize) -> Option<char> {
        if self.is_ascii() {
            self.text.as_bytes().get(i).map(|&b| b as char)
        } else {
            self.text.chars().nth(i)
        }
    }
    /// Characters `from..to`.
    pub fn slice(&self, from: usize, to: usize) -> &str {
        if from >= to {
            return "";
        }
        if self.is_ascii() {
            return self.text.get(from..to.min(self.chars)).unwrap_or("");
        }
        let at = |n: usize| self.text.char_indices().nth(n).map_or(self.text.len(), |(i, _)| i);
        &self.text[at(from)..at(to)]
    }
    pub fn hash(&self) -> i64 {
        let h = self.hash.get();
        if h != -1 {
            return h;
        }
        let h = crate::types::hash::hash_bytes(self.text.as_bytes());
        self.hash.set(h);
        h
    }
}
