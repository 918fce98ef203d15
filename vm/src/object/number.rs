//! Numbers on the heap beside ints: complex ones, and floats of subclasses (plain floats are unboxed).

use super::{Header, Kind, alloc};
use crate::value::Value;

/// An instance of a subclass of `float`.
#[repr(C)]
pub struct Float {
    h: Header,
    pub value: f64,
}

impl Float {
    pub fn new(ty: &Value, value: f64) -> Value {
        alloc(Float { h: Header::new(Kind::Float, ty), value })
    }
}

#[repr(C)]
pub struct Complex {
    h: Header,
    pub re: f64,
    pub im: f64,
}

impl Complex {
    pub fn new(ty: &Value, re: f64, im: f64) -> Value {
        alloc(Complex { h: Header::new(Kind::Complex, ty), re, im })
    }
}
