//! `Type`: a Python class.

use super::{Dict, Header, Kind, alloc};
use crate::value::Value;
use std::cell::{Cell, RefCell};

#[repr(C)]
pub struct Type {
    pub(crate) h: Header,
    pub name: RefCell<Box<str>>,
    /// NULL for `object` only.
    pub base: RefCell<Value>,
    /// The linearised classes, this one first.
    pub mro: RefCell<Vec<Value>>,
    /// A `Dict`.
    pub dict: Value,
    /// What its instances are made of.
    pub instance: Cell<Kind>,
    pub module: RefCell<Value>,
}

impl Type {
    pub fn new(h: Header, name: &str, base: Value, dict: Value, instance: Kind) -> Value {
        let t = alloc(Type {
            h,
            name: RefCell::new(name.into()),
            base: RefCell::new(base.clone()),
            mro: RefCell::new(vec![]),
            dict,
            instance: Cell::new(instance),
            module: RefCell::new(Value::NULL),
        });
        // Single inheritance for now: itself, then the base's order. A type is in its own order, which is a
        // cycle; types live as long as the VM.
        let mut mro = vec![t.clone()];
        if !base.is_null() {
            mro.extend(base.as_::<Type>().mro.borrow().iter().cloned());
        }
        *t.as_::<Type>().mro.borrow_mut() = mro;
        t
    }
    /// Looks a name up along the linearisation.
    pub fn lookup(&self, name: &Value) -> Option<Value> {
        self.mro.borrow().iter().find_map(|t| t.as_::<Type>().dict.as_::<Dict>().get_str(name))
    }
    pub fn is_subtype(&self, other: &Value) -> bool {
        self.mro.borrow().iter().any(|t| t.is(other))
    }
}
