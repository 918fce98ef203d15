//! The iterators over a deque, forwards and backwards. A change of the deque ends them with an error.

use super::deque::Deque;
use crate::error::R;
use crate::modules::itertools::{ITER, Slot, add_class, next_row, payload};
use crate::object::BuiltinDef;
use crate::types::native::ClassDef;
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<Forwards>(vm, module, &FORWARDS);
    add_class::<Backwards>(vm, module, &BACKWARDS);
}

macro_rules! iterator {
    ($t:ident, $def:ident, $make:ident, $name:literal, $at:expr) => {
        struct $t {
            deque: Slot,
            index: Cell<usize>,
            left: Cell<usize>,
            state: u64,
        }
        payload!($t; slots: deque; vecs: ; values: );

        static $def: ClassDef = ClassDef {
            name: $name,
            methods: &[
                BuiltinDef::new("__new__", 1, 2, |vm, a, _| {
                    if a[1].native::<Deque>().is_none() {
                        let message = format!(
                            "argument 1 must be collections.deque, not {}",
                            vm.type_name(&a[1])
                        );
                        return vm.fail("TypeError", message);
                    }
                    let n = match a.get(2) {
                        Some(v) => {
                            let n = vm.int_argument(v)?;
                            Num::Big(&n).clamp_i64().max(0) as usize
                        }
                        None => 0,
                    };
                    Ok($make(vm, &a[1], n))
                }),
                ITER,
                next_row!($t, |vm: &mut Vm, this: &$t| -> R<Option<Value>> {
                    let Some(v) = this.deque.get() else { return Ok(None) };
                    let Some(d) = v.native::<Deque>() else { return Ok(None) };
                    if d.state() != this.state {
                        this.left.set(0);
                        return vm.fail("RuntimeError", "deque mutated during iteration");
                    }
                    let i = this.index.get();
                    if this.left.get() == 0 {
                        this.deque.clear();
                        return Ok(None);
                    }
                    this.index.set(i + 1);
                    this.left.set(this.left.get() - 1);
                    let at: fn(usize, usize) -> usize = $at;
                    Ok(d.get(at(i, d.len())))
                }),
                BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
                    let n = vm.self_::<$t>(&a[0])?.left.get();
                    Ok(vm.int(n as i64))
                }),
                BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
                    let this = vm.self_::<$t>(&a[0])?;
                    let deque = match this.deque.get() {
                        Some(d) => d,
                        None => {
                            let class = vm.class_of::<Deque>().unwrap_or(Value::NONE);
                            vm.new_native(&class, Deque::default())
                        }
                    };
                    let n = vm.int(this.index.get() as i64);
                    let (class, args) = (vm.type_of(&a[0]).clone(), vm.tuple(vec![deque, n]));
                    Ok(vm.tuple(vec![class, args]))
                }),
            ],
            ..ClassDef::DEFAULT
        };

        /// An iterator that has passed over `n` items already.
        pub fn $make(vm: &mut Vm, deque: &Value, n: usize) -> Value {
            let class = vm.native_class::<$t>(&$def);
            let (len, state) = deque.native::<Deque>().map_or((0, 0), |d| (d.len(), d.state()));
            let n = n.min(len);
            let (index, left) = (Cell::new(n), Cell::new(len - n));
            vm.new_native(&class, $t { deque: Slot::new(deque.clone()), index, left, state })
        }
    };
}

iterator!(Forwards, FORWARDS, forwards, "collections._deque_iterator", |i, _| i);
iterator!(Backwards, BACKWARDS, backwards, "collections._deque_reverse_iterator", |i, len| len - 1 - i);
