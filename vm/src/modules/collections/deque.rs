//! `deque`. No borrow of the items lives across what can run Python: items are compared and dropped outside.
//! `state` counts the changes of length, for the iterators.

use super::deque_iter;
use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kw, Payload, Type, TypeFlags};
use crate::op::CmpOp;
use crate::types::native::{ClassDef, GetSet, SUBCLASS, WEAKREF};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

pub fn add(vm: &mut Vm, module: &Value) {
    let class = add_class::<Deque>(vm, module, &DEQUE);
    vm.set_class_attribute(&class, "__hash__", Value::NONE);
}

#[derive(Default)]
pub struct Deque {
    items: RefCell<VecDeque<Value>>,
    max: Cell<Option<usize>>,
    state: Cell<u64>,
}

impl Payload for Deque {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        let old = self.items.take();
        drop(old);
    }
}

impl Deque {
    pub fn get(&self, i: usize) -> Option<Value> {
        self.items.borrow().get(i).cloned()
    }
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }
    pub fn state(&self) -> u64 {
        self.state.get()
    }
    fn changed(&self) {
        self.state.set(self.state.get() + 1);
    }
    fn items(&self) -> Vec<Value> {
        self.items.borrow().iter().cloned().collect()
    }
    /// Adds at the right; returns what falls out at the left.
    fn push_back(&self, v: Value) -> Option<Value> {
        let mut items = self.items.borrow_mut();
        items.push_back(v);
        self.changed();
        if self.max.get().is_some_and(|max| items.len() > max) { items.pop_front() } else { None }
    }
    fn push_front(&self, v: Value) -> Option<Value> {
        let mut items = self.items.borrow_mut();
        items.push_front(v);
        self.changed();
        if self.max.get().is_some_and(|max| items.len() > max) { items.pop_back() } else { None }
    }
}

fn this<'a>(vm: &mut Vm, a: &'a [Value]) -> R<&'a Deque> {
    vm.self_::<Deque>(&a[0])
}

macro_rules! comparison {
    ($name:literal, $op:ident) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| compare(vm, a, CmpOp::$op))
    };
}

static DEQUE: ClassDef = ClassDef {
    name: "collections.deque",
    flags: SUBCLASS.union(WEAKREF).union(TypeFlags::SEQUENCE),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], Deque::default()))),
        BuiltinDef::kw("__init__", 0, u8::MAX, init),
        BuiltinDef::new("append", 1, 1, |vm, a, _| {
            let old = this(vm, a)?.push_back(a[1].clone());
            drop(old);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("appendleft", 1, 1, |vm, a, _| {
            let old = this(vm, a)?.push_front(a[1].clone());
            drop(old);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("pop", 0, 0, |vm, a, _| {
            let d = this(vm, a)?;
            let v = d.items.borrow_mut().pop_back();
            d.changed();
            match v {
                Some(v) => Ok(v),
                None => vm.fail("IndexError", "pop from an empty deque"),
            }
        }),
        BuiltinDef::new("popleft", 0, 0, |vm, a, _| {
            let d = this(vm, a)?;
            let v = d.items.borrow_mut().pop_front();
            d.changed();
            match v {
                Some(v) => Ok(v),
                None => vm.fail("IndexError", "pop from an empty deque"),
            }
        }),
        BuiltinDef::new("clear", 0, 0, |vm, a, _| {
            let d = this(vm, a)?;
            d.changed();
            let old = d.items.take();
            drop(old);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("extend", 1, 1, |vm, a, _| {
            extend(vm, &a[0], &a[1], false)?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("extendleft", 1, 1, |vm, a, _| {
            extend(vm, &a[0], &a[1], true)?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("count", 1, 1, |vm, a, _| {
            let d = this(vm, a)?;
            let (mut i, mut n, state) = (0, 0, d.state());
            while let Some(v) = d.get(i) {
                n += vm.equal(&v, &a[1])? as i64;
                if d.state() != state {
                    return vm.fail("RuntimeError", "deque mutated during iteration");
                }
                i += 1;
            }
            Ok(vm.int(n))
        }),
        BuiltinDef::new("index", 1, 3, |vm, a, _| {
            let d = this(vm, a)?;
            let len = d.len() as i64;
            let mut bound = |i: usize, absent: i64| match a.get(i) {
                None => Ok(absent),
                Some(v) => {
                    let n = vm.int_argument(v)?;
                    let n = Num::Big(&n).clamp_i64();
                    Ok(if n < 0 { n.saturating_add(len).max(0) } else { n })
                }
            };
            let (start, stop) = (bound(2, 0)?, bound(3, len)?.min(len));
            let state = d.state();
            for i in start..stop {
                let Some(v) = d.get(i as usize) else { break };
                let found = vm.equal(&v, &a[1])?;
                if d.state() != state {
                    return vm.fail("RuntimeError", "deque mutated during iteration");
                }
                if found {
                    return Ok(vm.int(i));
                }
            }
            vm.fail("ValueError", "deque.index(x): x not in deque")
        }),
        BuiltinDef::new("remove", 1, 1, |vm, a, _| {
            let d = this(vm, a)?;
            let (mut i, state) = (0, d.state());
            while let Some(v) = d.get(i) {
                let found = vm.equal(&v, &a[1])?;
                if d.state() != state {
                    return vm.fail("IndexError", "deque mutated during remove().");
                }
                if found {
                    let old = d.items.borrow_mut().remove(i);
                    d.changed();
                    drop(old);
                    return Ok(Value::NONE);
                }
                i += 1;
            }
            vm.fail("ValueError", "deque.remove(x): x not in deque")
        }),
        BuiltinDef::new("insert", 2, 2, |vm, a, _| {
            let d = this(vm, a)?;
            let i = vm.int_argument(&a[1])?;
            let i = Num::Big(&i).clamp_i64();
            let len = d.len() as i64;
            if d.max.get() == Some(len as usize) {
                return vm.fail("IndexError", "deque already at its maximum size");
            }
            let i = if i < 0 { i.saturating_add(len).max(0) } else { i.min(len) };
            d.items.borrow_mut().insert(i as usize, a[2].clone());
            d.changed();
            Ok(Value::NONE)
        }),
        BuiltinDef::new("reverse", 0, 0, |vm, a, _| {
            this(vm, a)?.items.borrow_mut().make_contiguous().reverse();
            Ok(Value::NONE)
        }),
        BuiltinDef::new("rotate", 0, 1, |vm, a, _| {
            let d = this(vm, a)?;
            let n = match a.get(1) {
                Some(v) => match vm.int_argument(v)?.to_i64() {
                    Some(n) => n,
                    None => {
                        return vm.fail("OverflowError", "Python int too large to convert to C ssize_t");
                    }
                },
                None => 1,
            };
            let mut items = d.items.borrow_mut();
            if items.len() > 1 {
                let n = n.rem_euclid(items.len() as i64) as usize;
                items.rotate_right(n);
                d.changed();
            }
            Ok(Value::NONE)
        }),
        BuiltinDef::new("copy", 0, 0, copy),
        BuiltinDef::new("__copy__", 0, 0, copy),
        BuiltinDef::new("__reduce__", 0, 0, reduce),
        BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| {
            this(vm, a)?;
            Ok(deque_iter::backwards(vm, &a[0], 0))
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            this(vm, a)?;
            Ok(deque_iter::forwards(vm, &a[0], 0))
        }),
        BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
            let n = this(vm, a)?.len();
            Ok(vm.int(n as i64))
        }),
        BuiltinDef::new("__contains__", 1, 1, |vm, a, _| {
            let d = this(vm, a)?;
            let (mut i, state) = (0, d.state());
            while let Some(v) = d.get(i) {
                let found = vm.equal(&v, &a[1])?;
                if found {
                    return Ok(Value::TRUE);
                }
                if d.state() != state {
                    return vm.fail("RuntimeError", "deque mutated during iteration");
                }
                i += 1;
            }
            Ok(Value::FALSE)
        }),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
            let i = index(vm, a)?;
            match this(vm, a)?.get(i) {
                Some(v) => Ok(v),
                None => vm.fail("IndexError", "deque index out of range"),
            }
        }),
        BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| {
            let i = index(vm, a)?;
            let new = a[2].clone();
            let old = this(vm, a)?.items.borrow_mut().get_mut(i).map(|slot| std::mem::replace(slot, new));
            match old {
                Some(_) => Ok(Value::NONE),
                None => vm.fail("IndexError", "deque index out of range"),
            }
        }),
        BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| {
            let i = index(vm, a)?;
            let d = this(vm, a)?;
            let old = d.items.borrow_mut().remove(i);
            d.changed();
            match old {
                Some(_) => Ok(Value::NONE),
                None => vm.fail("IndexError", "deque index out of range"),
            }
        }),
        BuiltinDef::new("__add__", 1, 1, |vm, a, _| {
            if a[1].native::<Deque>().is_none() {
                let message =
                    format!("can only concatenate deque (not \"{}\") to deque", vm.type_name(&a[1]));
                return vm.fail("TypeError", message);
            }
            let new = copy(vm, a, Kw::NONE)?;
            extend(vm, &new, &a[1], false)?;
            Ok(new)
        }),
        BuiltinDef::new("__iadd__", 1, 1, |vm, a, _| {
            extend(vm, &a[0], &a[1], false)?;
            Ok(a[0].clone())
        }),
        BuiltinDef::new("__mul__", 1, 1, times),
        BuiltinDef::new("__rmul__", 1, 1, times),
        BuiltinDef::new("__imul__", 1, 1, |vm, a, _| {
            let d = this(vm, a)?;
            let Some(n) = count(vm, &a[1])? else { return Ok(Value::NOT_IMPLEMENTED) };
            let items = repeated(vm, d, n)?;
            d.changed();
            let old = d.items.replace(items);
            drop(old);
            Ok(a[0].clone())
        }),
        comparison!("__lt__", Lt),
        comparison!("__le__", Le),
        comparison!("__eq__", Eq),
        comparison!("__ne__", Ne),
        comparison!("__gt__", Gt),
        comparison!("__ge__", Ge),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let d = this(vm, a)?;
            if !vm.repr_enter(&a[0]) {
                return Ok(vm.str("[...]"));
            }
            let items = vm.list(d.items());
            let text = vm.repr_string(&items);
            vm.repr_leave(&a[0]);
            let text = text?;
            let name = vm.type_of(&a[0]).as_::<Type>().short_name();
            Ok(vm.string(match d.max.get() {
                Some(max) => format!("{name}({text}, maxlen={max})"),
                None => format!("{name}({text})"),
            }))
        }),
        BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
            let n = this(vm, a)?.items.borrow().capacity();
            Ok(vm.int((size_of::<Deque>() + 32 + 8 * n) as i64))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[GetSet::get("maxlen", |vm, v| {
        let max = vm.self_::<Deque>(v)?.max.get();
        Ok(max.map_or(Value::NONE, |n| vm.int(n as i64)))
    })],
    doc: Some("A list-like sequence optimized for data accesses near its endpoints."),
    ..ClassDef::DEFAULT
};

fn init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [iterable, max] = vm.bind_args("deque", ["iterable", "maxlen"], 0, 0, &a[1..], kw)?;
    let max = match max.filter(|m| !m.is_none()) {
        None => None,
        Some(m) => {
            if Num::int_of(&m).is_none() {
                return vm.fail("TypeError", "an integer is required");
            }
            match vm.int_argument(&m)?.to_i64() {
                Some(n) if n >= 0 => Some(n as usize),
                Some(_) => return vm.fail("ValueError", "maxlen must be non-negative"),
                None => return vm.fail("OverflowError", "Python int too large to convert to C ssize_t"),
            }
        }
    };
    let d = this(vm, a)?;
    d.max.set(max);
    d.changed();
    let old = d.items.take();
    drop(old);
    if let Some(iterable) = iterable {
        extend(vm, &a[0], &iterable, false)?;
    }
    Ok(Value::NONE)
}

fn extend(vm: &mut Vm, deque: &Value, iterable: &Value, left: bool) -> R {
    let d = vm.self_::<Deque>(deque)?;
    // Extended by itself: by what it has now.
    let it = match iterable.native::<Deque>() {
        Some(other) if iterable.is(deque) => {
            let items = vm.list(other.items());
            vm.get_iter(&items)?
        }
        _ => vm.get_iter(iterable)?,
    };
    while let Some(v) = vm.next(&it)? {
        let old = if left { d.push_front(v) } else { d.push_back(v) };
        drop(old);
    }
    Ok(())
}

fn index(vm: &mut Vm, a: &[Value]) -> R<usize> {
    let len = this(vm, a)?.len() as i64;
    let i = if a[1].word().is_int() {
        a[1].word().int()
    } else {
        if Num::int_of(&a[1]).is_none() && !vm.has_dunder(&a[1], "__index__") {
            let message = format!("sequence index must be integer, not '{}'", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        }
        match vm.int_argument(&a[1])?.to_i64() {
            Some(i) => i,
            None => {
                let message = format!("cannot fit '{}' into an index-sized integer", vm.type_name(&a[1]));
                return vm.fail("IndexError", message);
            }
        }
    };
    Ok(if i < 0 { i + len } else { i } as usize)
}

fn copy(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let d = this(vm, a)?;
    let class = vm.type_of(&a[0]).clone();
    if vm.class_of::<Deque>().is_some_and(|c| c.is(&class)) {
        let items = RefCell::new(d.items.borrow().clone());
        return Ok(vm.new_native(&class, Deque { items, max: d.max.clone(), state: Cell::new(0) }));
    }
    match d.max.get() {
        Some(max) => {
            let max = vm.int(max as i64);
            vm.call(&class, &[a[0].clone(), max], Kw::NONE)
        }
        None => vm.call(&class, &a[..1], Kw::NONE),
    }
}

fn reduce(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let d = this(vm, a)?;
    let class = vm.type_of(&a[0]).clone();
    let state = match vm.call_dunder(&a[0], "__getstate__", &[])? {
        Some(state) => state,
        None => Value::NONE,
    };
    let it = vm.get_iter(&a[0])?;
    let args = match d.max.get() {
        None => vec![],
        Some(max) => vec![vm.tuple(vec![]), vm.int(max as i64)],
    };
    let args = vm.tuple(args);
    Ok(vm.tuple(vec![class, args, state, it]))
}

/// How often, if it is an int.
fn count(vm: &mut Vm, v: &Value) -> R<Option<usize>> {
    if Num::int_of(v).is_none() && !vm.has_dunder(v, "__index__") {
        return Ok(None);
    }
    match vm.int_argument(v)?.to_i64() {
        Some(n) => Ok(Some(n.max(0) as usize)),
        None => vm.fail("OverflowError", "cannot fit 'int' into an index-sized integer"),
    }
}

/// The items, `n` times, cut to the maximum.
fn repeated(vm: &mut Vm, d: &Deque, n: usize) -> R<VecDeque<Value>> {
    let items = d.items();
    let Some(total) = items.len().checked_mul(n).filter(|&t| t <= isize::MAX as usize / 8) else {
        return Err(vm.raise_type("MemoryError", vec![]));
    };
    let kept = d.max.get().map_or(total, |max| total.min(max));
    let mut all = VecDeque::new();
    if all.try_reserve(kept).is_err() {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    all.extend((total - kept..total).map(|i| items[i % items.len()].clone()));
    Ok(all)
}

fn times(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let d = this(vm, a)?;
    let Some(n) = count(vm, &a[1])? else { return Ok(Value::NOT_IMPLEMENTED) };
    let items = repeated(vm, d, n)?;
    let new = copy(vm, a, Kw::NONE)?;
    if let Some(d) = new.native::<Deque>() {
        let old = d.items.replace(items);
        drop(old);
    }
    Ok(new)
}

fn compare(vm: &mut Vm, a: &[Value], op: CmpOp) -> R<Value> {
    let d = this(vm, a)?;
    let Some(other) = a[1].native::<Deque>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if a[0].is(&a[1]) && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Eq));
    }
    if d.len() != other.len() && matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(op == CmpOp::Ne));
    }
    let (mut i, states) = (0, (d.state(), other.state()));
    while let (Some(x), Some(y)) = (d.get(i), other.get(i)) {
        let same = vm.equal(&x, &y)?;
        if (d.state(), other.state()) != states {
            return vm.fail("RuntimeError", "deque mutated during iteration");
        }
        if !same {
            return match op {
                CmpOp::Eq | CmpOp::Ne => Ok(Value::bool(op == CmpOp::Ne)),
                _ => vm.compare(op, &x, &y),
            };
        }
        i += 1;
    }
    let (x, y) = (vm.int(d.len() as i64), vm.int(other.len() as i64));
    vm.compare(op, &x, &y)
}
