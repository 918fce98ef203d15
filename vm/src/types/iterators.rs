//! What the builtin iterators have besides `__iter__` and `__next__`: their length as far as it is known, and
//! what they pickle and copy as.
//!
//! An iterator that came to its end stays there: nothing here brings it back.

use super::number::Num;
use super::specials::Special;
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, EnumZip, Kind, Lazy, List, Range, RangeIter, SeqIter, Str, Tuple};
use crate::op::BinOp;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::Signed;

/// Of iterators over lists, tuples, strs and bytes.
pub static SEQUENCE: &[BuiltinDef] = &[
    BuiltinDef::new("__length_hint__", 0, 0, |_, a, _| Ok(Value::small(left(a[0].as_()) as i64))),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let it = a[0].as_::<SeqIter>();
        let seq = it.seq.borrow().clone();
        if seq.is_null() {
            let t = &vm.types;
            let class = vm.type_of(&a[0]);
            let empty = match () {
                _ if class.is(&t.list_iterator) => vm.list(vec![]),
                _ if class.is(&t.str_iterator) || class.is(&t.str_ascii_iterator) => vm.str(""),
                _ => vm.tuple(vec![]),
            };
            return vm.iter_reduced(empty);
        }
        let at = match seq.get::<Str>() {
            Some(s) => characters(&s.bytes()[..it.index.get().min(s.bytes().len())]),
            None => it.index.get(),
        };
        let iter = vm.builtin("iter");
        let args = vm.tuple(vec![seq]);
        Ok(vm.tuple(vec![iter, args, Value::small(at as i64)]))
    }),
    BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
        let i = state(vm, &a[1])?;
        let it = a[0].as_::<SeqIter>();
        let seq = it.seq.borrow().clone();
        // A list's iterator takes a place before the start for its end.
        let i = if i < 0 && seq.is_kind(Kind::List) { usize::MAX } else { i.max(0) as usize };
        let at = match seq.kind() {
            Some(Kind::Str) => {
                let s = seq.as_::<Str>();
                let mut at = 0;
                for _ in 0..i {
                    match s.at_offset(at) {
                        Some((_, next)) => at = next,
                        None => break,
                    }
                }
                at
            }
            Some(_) => i.min(length(&seq)),
            None => return Ok(Value::NONE),
        };
        it.index.set(at);
        Ok(Value::NONE)
    }),
];

/// Of iterators over ranges.
pub static RANGE: &[BuiltinDef] =
    &[
        BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
            Ok(vm.int(a[0].as_::<RangeIter>().left.get().max(0)))
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let it = a[0].as_::<RangeIter>();
            let (start, step) = (BigInt::from(it.next.get()), BigInt::from(it.step.get()));
            let stop = &start + &step * it.left.get().max(0);
            let (start, stop, step) = (vm.big(start), vm.big(stop), vm.big(step));
            let r = Range::new(&vm.types.range, start, stop, step);
            reduced_range(vm, r)
        }),
        BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
            let it = a[0].as_::<RangeIter>();
            let i = state(vm, &a[1])?.clamp(0, it.left.get().max(0));
            it.next.set(it.next.get().wrapping_add(it.step.get().wrapping_mul(i)));
            it.left.set(it.left.get() - i);
            Ok(Value::NONE)
        }),
    ];

/// Of iterators over ranges beyond 64 bits: the range and a position.
pub static LONG_RANGE: &[BuiltinDef] = &[
    BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
        let it = a[0].as_::<EnumZip>();
        let n = vm.range_len(it.iters[0].as_()) - vm.long_position(it)?;
        Ok(vm.big(if n.is_negative() { BigInt::ZERO } else { n }))
    }),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let it = a[0].as_::<EnumZip>();
        let r = it.iters[0].as_::<Range>();
        let i = vm.long_position(it)?;
        let i = vm.big(i);
        let n = vm.range_len(r);
        let n = vm.big(n);
        let offset = vm.binary_op(BinOp::Multiply, false, &r.step, &i)?;
        let start = vm.binary_op(BinOp::Add, false, &r.start, &offset)?;
        let whole = vm.binary_op(BinOp::Multiply, false, &r.step, &n)?;
        let stop = vm.binary_op(BinOp::Add, false, &r.start, &whole)?;
        let rest = Range::new(&vm.types.range, start, stop, r.step.clone());
        reduced_range(vm, rest)
    }),
    BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
        let it = a[0].as_::<EnumZip>();
        let n = vm.range_len(it.iters[0].as_());
        let Some(i) = Num::int_of(&a[1]).map(|i| i.big().into_owned()) else {
            let message = format!("state must be an int, not {}", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        };
        let i = vm.big(i.clamp(BigInt::ZERO, n.max(BigInt::ZERO)));
        if let Some(l) = it.iters[1].get::<List>() {
            drop(l.set(0, i));
        }
        it.count.set(0);
        Ok(Value::NONE)
    }),
];

/// Of `reversed` and of a list's own.
pub static REVERSED: &[BuiltinDef] = &[
    BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
        let it = a[0].as_::<EnumZip>();
        let n = it.count.get() + 1;
        if n <= 0 {
            return Ok(Value::small(0));
        }
        let len = vm.len_of(&it.iters[0])? as i64;
        Ok(vm.int(if len < n { 0 } else { n }))
    }),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let it = a[0].as_::<EnumZip>();
        let of_list = vm.type_of(&a[0]).is(&vm.types.list_reverseiterator);
        let class = if of_list { vm.types.reversed.clone() } else { vm.type_of(&a[0]).clone() };
        let i = it.count.get();
        if i < 0 {
            let empty = if of_list { vm.list(vec![]) } else { vm.tuple(vec![]) };
            let args = vm.tuple(vec![empty]);
            return Ok(vm.tuple(vec![class, args]));
        }
        let args = vm.tuple(vec![it.iters[0].clone()]);
        let i = vm.int(i);
        Ok(vm.tuple(vec![class, args, i]))
    }),
    BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
        let i = state(vm, &a[1])?;
        let it = a[0].as_::<EnumZip>();
        if it.count.get() >= 0 {
            let len = vm.len_of(&it.iters[0])? as i64;
            it.count.set(i.clamp(-1, len - 1));
        }
        Ok(Value::NONE)
    }),
];

/// Of `enumerate`.
pub static ENUMERATE: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
    let it = a[0].as_::<EnumZip>();
    let n = vm.enumerate_position(it)?;
    let class = vm.type_of(&a[0]).clone();
    let args = vm.tuple(vec![it.iters[0].clone(), n]);
    Ok(vm.tuple(vec![class, args]))
})];

/// Of `zip`, `map` and `filter`.
pub static LAZY: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
    let it = a[0].as_::<EnumZip>();
    let class = vm.type_of(&a[0]).clone();
    let mut args = if it.which == Lazy::Zip { vec![] } else { vec![it.func.clone()] };
    args.extend_from_slice(&it.iters);
    let args = vm.tuple(args);
    let mut parts = vec![class, args];
    if it.which != Lazy::Filter && it.count.get() == 1 {
        parts.push(Value::TRUE);
    }
    Ok(vm.tuple(parts))
})];
/// Of `zip` and `map`: whether the iterators must end together.
pub static STRICT: &[BuiltinDef] = &[BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
    let strict = vm.truthy(&a[1])?;
    a[0].as_::<EnumZip>().count.set(strict as i64);
    Ok(Value::NONE)
})];

/// Of `iter(callable, sentinel)`.
pub static CALLABLE: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
    let it = a[0].as_::<EnumZip>();
    if it.count.get() < 0 {
        let empty = vm.tuple(vec![]);
        return vm.iter_reduced(empty);
    }
    let iter = vm.builtin("iter");
    let args = vm.tuple(vec![it.func.clone(), it.iters[0].clone()]);
    Ok(vm.tuple(vec![iter, args]))
})];

fn reduced_range(vm: &mut Vm, r: Value) -> R<Value> {
    let iter = vm.builtin("iter");
    let args = vm.tuple(vec![r]);
    Ok(vm.tuple(vec![iter, args, Value::NONE]))
}

/// The int that `__setstate__` got.
pub(crate) fn state(vm: &mut Vm, v: &Value) -> R<i64> {
    match Num::int_of(v) {
        Some(n) => match n {
            Num::Int(i) => Ok(i),
            _ => vm.fail("OverflowError", "Python int too large to convert to C ssize_t"),
        },
        None => vm.fail("TypeError", "an integer is required"),
    }
}

/// Characters of WTF-8 text.
fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&b| b & 0xc0 != 0x80).count()
}
fn length(seq: &Value) -> usize {
    match seq.kind() {
        Some(Kind::List) => seq.as_::<List>().len(),
        Some(Kind::Tuple) => seq.as_::<Tuple>().as_slice().len(),
        Some(Kind::Bytes) => seq.as_::<Bytes>().len(),
        _ => 0,
    }
}
fn left(it: &SeqIter) -> usize {
    let (seq, i) = (it.seq.borrow(), it.index.get());
    match seq.get::<Str>() {
        Some(s) => s.bytes().get(i..).map_or(0, characters),
        None if seq.is_null() => 0,
        None => length(&seq).saturating_sub(i),
    }
}

impl Vm {
    /// The number that `enumerate` gives out next: a start of any size and a count from there.
    #[inline]
    pub(crate) fn enumerate_position(&mut self, it: &EnumZip) -> R<Value> {
        let n = self.int(it.count.get());
        match it.func.is_none() {
            true => Ok(n),
            false => self.binary_op(BinOp::Add, false, &it.func, &n),
        }
    }

    /// `operator.length_hint`: `None` if the object does not say. Sequences are told before they are built.
    pub fn length_hint(&mut self, v: &Value) -> R<Option<usize>> {
        if !v.is_dynamic() {
            return Ok(None);
        }
        if self.has_special(v, Special::Len) {
            match self.len_of(v) {
                Ok(n) => return Ok(Some(n)),
                Err(e) => self.only_type_error(e)?,
            }
        }
        let Some(m) = self.special_of(v, Special::LengthHint).filter(|m| !m.is_none()) else {
            return Ok(None);
        };
        let r = match self.call_unbound(&m, v, &[]) {
            Ok(r) => r,
            Err(e) => {
                self.only_type_error(e)?;
                return Ok(None);
            }
        };
        if r.is(&Value::NOT_IMPLEMENTED) {
            return Ok(None);
        }
        match Num::int_of(&r) {
            Some(Num::Int(n)) if n >= 0 => Ok(Some(n as usize)),
            Some(Num::Big(_)) => self.fail("OverflowError", "Python int too large to convert to C ssize_t"),
            Some(_) => self.fail("ValueError", "__length_hint__() should return >= 0"),
            None => {
                let message = format!("__length_hint__ must be an integer, not {}", self.type_name(&r));
                self.fail("TypeError", message)
            }
        }
    }
    /// Swallows a pending TypeError.
    pub(crate) fn only_type_error(&mut self, e: crate::error::Exc) -> R {
        let pending = self.take_pending();
        if self.is_instance(&pending, self.types.exception("TypeError")) {
            return Ok(());
        }
        self.set_pending(pending);
        Err(e)
    }
    /// All items of an iterable that may say how many they will be, as `list` and `sorted` take them.
    pub fn to_vec_hinted(&mut self, iterable: &Value) -> R<Vec<Value>> {
        if !iterable.is_dynamic() {
            return self.to_vec(iterable);
        }
        let it = self.get_iter(iterable)?;
        self.length_hint(iterable)?;
        let mut items = vec![];
        while let Some(v) = self.next(&it)? {
            if items.len() == items.capacity() && items.try_reserve(1).is_err() {
                return Err(self.raise_type("MemoryError", vec![]));
            }
            items.push(v);
        }
        Ok(items)
    }
}
