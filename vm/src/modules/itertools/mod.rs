//! Module `itertools`: lazy iterators over other iterators.
//!
//! Every class keeps what it owns in [`Slot`]s, emptied at the end of the iteration; no borrow lives across a
//! call that can run Python, so an iterator that is entered again while it works sees a whole state.

mod combine;
mod group;
mod merge;
mod simple;

use crate::error::R;
use crate::object::{BuiltinDef, Payload};
use crate::types::native::ClassDef;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

/// A place for a value, or for none.
pub(crate) struct Slot(RefCell<Value>);

impl Slot {
    pub fn new(v: Value) -> Slot {
        Slot(RefCell::new(v))
    }
    pub fn empty() -> Slot {
        Slot::new(Value::NULL)
    }
    #[inline]
    pub fn get(&self) -> Option<Value> {
        let v = self.0.borrow();
        if v.is_null() { None } else { Some(v.clone()) }
    }
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_null()
    }
    /// The old value is dropped when the new one is in its place.
    #[inline]
    pub fn set(&self, v: Value) {
        drop(self.0.replace(v));
    }
    pub fn take(&self) -> Option<Value> {
        let v = self.0.replace(Value::NULL);
        if v.is_null() { None } else { Some(v) }
    }
    pub fn clear(&self) {
        drop(self.take());
    }
    pub fn visit(&self, visit: &mut dyn FnMut(&Value)) {
        let v = self.0.borrow();
        if !v.is_null() {
            visit(&v);
        }
    }
}

/// `impl Payload` for a struct: `slots` are its `Slot`s, `vecs` its `RefCell<Vec<Value>>`s, `values` plain
/// values that it never changes.
macro_rules! payload {
    ($t:ty; slots: $($slot:ident),*; vecs: $($vec:ident),*; values: $($value:ident),* $(; next: $next:expr)?) => {
        impl crate::object::Payload for $t {
            $(const NEXT: Option<crate::object::NextFn<Self>> = Some($next);)?
            fn traverse(&self, visit: &mut dyn FnMut(&crate::value::Value)) {
                $(self.$slot.visit(visit);)*
                $(self.$vec.borrow().iter().for_each(|v| visit(v));)*
                $(visit(&self.$value);)*
                let _ = visit;
            }
            fn clear(&self) {
                $(self.$slot.clear();)*
                $(drop(self.$vec.take());)*
            }
        }
    };
}
pub(crate) use payload;

/// The row `__next__` of an iterator class, which does what `Payload::NEXT` says, or
/// `$next(vm, &payload) -> R<Option<Value>>`.
macro_rules! next_row {
    ($t:ty) => {
        crate::modules::itertools::next_row!($t, |vm: &mut crate::vm::Vm, this: &$t| {
            <$t as crate::object::Payload>::NEXT.map_or(Ok(None), |next| next(vm, this))
        })
    };
    ($t:ty, $next:expr) => {
        crate::object::BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let this = vm.self_::<$t>(&a[0])?;
            match $next(vm, this)? {
                Some(v) => Ok(v),
                None => vm.stop_iteration(),
            }
        })
    };
}
pub(crate) use next_row;

pub(crate) const ITER: BuiltinDef = BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone()));

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("tee", 1, 2, group::tee)];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("itertools", FUNCTIONS);
    simple::add(vm, &module);
    merge::add(vm, &module);
    combine::add(vm, &module);
    group::add(vm, &module);
    Ok(module)
}

/// Makes a class and puts it into the module under its own name.
pub(crate) fn add_class<T: Payload + 'static>(vm: &mut Vm, module: &Value, def: &'static ClassDef) -> Value {
    let class = vm.native_class::<T>(def);
    let name = def.name.rsplit('.').next().unwrap_or(def.name);
    vm.set_global(module, name, class.clone());
    class
}
