//! `BufferedRWPair`: a reader and a writer as one stream.

use super::{Class, buffered, chain, check_able, class, error_of};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;

#[derive(Default)]
pub struct Pair {
    /// The reader and the writer, once set up.
    both: RefCell<Option<(Value, Value)>>,
}
impl Payload for Pair {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some((r, w)) = &*self.both.borrow() {
            visit(r);
            visit(w);
        }
    }
    fn clear(&self) {
        drop(self.both.take());
    }
}

fn both(vm: &mut Vm, v: &Value) -> R<(Value, Value)> {
    let p = vm.self_::<Pair>(v)?;
    let both = p.both.borrow().clone();
    match both {
        Some(b) => Ok(b),
        None => vm.fail("ValueError", "I/O operation on uninitialized object"),
    }
}

macro_rules! forward {
    ($name:literal, $max:literal, $which:tt) => {
        BuiltinDef::new($name, 0, $max, |vm, a, _| {
            let to = both(vm, &a[0])?.$which;
            vm.call_method(&to, $name, &a[1..])
        })
    };
}

pub static PAIR: ClassDef = ClassDef {
    name: "_io.BufferedRWPair",
    base: Some(|vm| class(vm, Class::BufferedBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], Pair::default()))),
        BuiltinDef::new("__init__", 2, 3, |vm, a, _: Kw| {
            let size = a.get(3).map_or(Ok(super::DEFAULT_BUFFER_SIZE as i64), |n| vm.index(n))?;
            check_able(vm, &a[1], "readable")?;
            check_able(vm, &a[2], "writable")?;
            let reader = buffered::new(vm, Class::Reader, &a[1], size)?;
            let writer = buffered::new(vm, Class::Writer, &a[2], size)?;
            let p = vm.self_::<Pair>(&a[0])?;
            drop(p.both.replace(Some((reader, writer))));
            Ok(Value::NONE)
        }),
        forward!("read", 1, 0),
        forward!("peek", 1, 0),
        forward!("read1", 1, 0),
        forward!("readinto", 1, 0),
        forward!("readinto1", 1, 0),
        forward!("write", 1, 1),
        forward!("flush", 0, 1),
        forward!("readable", 0, 0),
        forward!("writable", 0, 1),
        BuiltinDef::new("close", 0, 0, |vm, a, _| {
            let (reader, writer) = both(vm, &a[0])?;
            let r = vm.call_method(&writer, "close", &[]).map(drop);
            let first = error_of(vm, r);
            let r = vm.call_method(&reader, "close", &[]).map(drop);
            chain(vm, first, r).map(|()| Value::NONE)
        }),
        BuiltinDef::new("isatty", 0, 0, |vm, a, _| {
            let (reader, writer) = both(vm, &a[0])?;
            let r = vm.call_method(&writer, "isatty", &[])?;
            if vm.truthy(&r)? { Ok(r) } else { vm.call_method(&reader, "isatty", &[]) }
        }),
    ],
    getset: &[GetSet::get("closed", |vm, v| {
        let writer = both(vm, v)?.1;
        vm.get_attr_str(&writer, "closed")
    })],
    doc: Some("A buffered reader and writer object together."),
};
