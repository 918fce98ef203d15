//! Iteration, truth, length, membership.
//!
//! A dict's views and its iterators are both [`SeqIter`]s; the class tells which, and a view never advances.

use super::number::Num;
use crate::error::R;
use crate::object::{
    Bytes, Complex, Dict, DictPart, DictView, EnumZip, Flavour, Generator, Kind, Kw, Lazy, List, Range,
    RangeIter, SeqIter, Set, Str, Tuple, append_copies,
};
use crate::op::BinOp;
use crate::value::{Value, unguarded};
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use std::cell::RefCell;

impl Vm {
    pub fn truthy_builtin(&mut self, v: &Value) -> R<bool> {
        if let Some(n) = Num::of(v) {
            return Ok(!n.is_zero());
        }
        Ok(match v.kind() {
            None if v.is(&Value::NOT_IMPLEMENTED) => {
                return self.fail("TypeError", "NotImplemented should not be used in a boolean context");
            }
            None => !v.is_none(),
            Some(Kind::Str) => !v.as_::<Str>().is_empty(),
            Some(Kind::Bytes) => !v.as_::<Bytes>().is_empty(),
            Some(Kind::List) => !v.as_::<List>().is_empty(),
            Some(Kind::Tuple) => !v.as_::<Tuple>().as_slice().is_empty(),
            Some(Kind::Dict) => !v.as_::<Dict>().is_empty(),
            Some(Kind::Complex) => {
                let c = v.as_::<Complex>();
                (c.re, c.im) != (0.0, 0.0)
            }
            Some(Kind::Set) => !v.as_::<Set>().is_empty(),
            Some(Kind::Range) => self.range_len(v.as_::<Range>()).is_positive(),
            Some(Kind::DictView) => !v.as_::<DictView>().is_empty(),
            _ => true,
        })
    }

    pub fn len_builtin(&mut self, v: &Value) -> R<usize> {
        Ok(match v.kind() {
            Some(Kind::Str) => v.as_::<Str>().len(),
            Some(Kind::Bytes) => v.as_::<Bytes>().len(),
            Some(Kind::List) => v.as_::<List>().len(),
            Some(Kind::Tuple) => v.as_::<Tuple>().as_slice().len(),
            Some(Kind::Dict) => v.as_::<Dict>().len(),
            Some(Kind::Set) => v.as_::<Set>().len(),
            Some(Kind::Range) => match self.range_len(v.as_::<Range>()).to_isize() {
                Some(n) => n as usize,
                None => return self.fail("OverflowError", "Python int too large to convert to C ssize_t"),
            },
            _ => match self.view_of(v) {
                Some((d, _)) => d.as_::<Dict>().len(),
                None => {
                    let message = format!("object of type '{}' has no len()", self.type_name(v));
                    return self.fail("TypeError", message);
                }
            },
        })
    }

    /// The dict behind a view, and what the view shows.
    pub(crate) fn view_of(&self, v: &Value) -> Option<(Value, DictPart)> {
        let view = v.get::<DictView>()?;
        Some((view.dict.clone(), view.part))
    }

    pub fn range_len(&self, r: &Range) -> BigInt {
        range_len(Num::of(&r.start), Num::of(&r.stop), Num::of(&r.step))
    }

    pub fn get_iter_builtin(&mut self, v: &Value) -> R<Value> {
        let t = &self.types;
        Ok(match v.kind() {
            Some(Kind::List) => SeqIter::new(&t.list_iterator, v.clone(), DictPart::Values, 0),
            Some(Kind::Tuple) => SeqIter::new(&t.tuple_iterator, v.clone(), DictPart::Values, 0),
            Some(Kind::Str) => {
                let t = if v.as_::<Str>().is_ascii() { &t.str_ascii_iterator } else { &t.str_iterator };
                SeqIter::new(t, v.clone(), DictPart::Values, 0)
            }
            Some(Kind::Bytes) => SeqIter::new(&t.bytes_iterator, v.clone(), DictPart::Values, 0),
            Some(Kind::Dict) => self.dict_iter(v, DictPart::Keys, false),
            Some(Kind::DictView) => self.view_iter(v, false),
            Some(Kind::Range) => self.range_iter(v),
            Some(Kind::Set) => self.set_iter(v),
            Some(Kind::RangeIter | Kind::EnumZip | Kind::SetIter) => v.clone(),
            Some(Kind::Awaitable) => v.clone(),
            Some(Kind::Generator) if v.as_::<Generator>().flavour == Flavour::Generator => v.clone(),
            Some(Kind::SeqIter | Kind::DictIter) => v.clone(),
            _ => {
                let message = format!("'{}' object is not iterable", self.type_name(v));
                return self.fail("TypeError", message);
            }
        })
    }

    /// An iterator from the end; `None`: the numbers are too big for the short way.
    pub(crate) fn small_range_reversed(&self, r: &Range) -> Option<Value> {
        let (a, b, s) = (r.start.word(), r.stop.word(), r.step.word());
        if !(a.is_int() && b.is_int() && s.is_int()) {
            return None;
        }
        let n = small_range_len(a.int(), b.int(), s.int());
        let last = a.int().checked_add((n - 1).checked_mul(s.int())?)?;
        Some(RangeIter::new(&self.types.range_iterator, last, n, -s.int()))
    }
    fn range_iter(&mut self, v: &Value) -> Value {
        let r = v.as_::<Range>();
        if let (Some(Num::Int(a)), Some(Num::Int(b)), Some(Num::Int(s))) =
            (Num::of(&r.start), Num::of(&r.stop), Num::of(&r.step))
        {
            return RangeIter::new(&self.types.range_iterator, a, small_range_len(a, b, s), s);
        }
        let n = self.range_len(r);
        let big = |v: &Value| Num::int_of(v).map(|n| n.big().into_owned()).unwrap_or_default();
        let (start, step) = (big(&r.start), big(&r.step));
        // The value one past the last is computed too.
        let end = &start + &step * &n;
        match (start.to_i64(), step.to_i64(), n.to_i64(), end.to_i64()) {
            (Some(a), Some(s), Some(n), Some(_)) => RangeIter::new(&self.types.range_iterator, a, n, s),
            _ => {
                // A lazy iterator over the range itself, which counts upwards (see `next_of_range`).
                let base = self.list(vec![Value::small(0)]);
                let parts = vec![v.clone(), base];
                EnumZip::new(&self.types.longrange_iterator, Lazy::Reversed, parts, Value::NONE, 0)
            }
        }
    }

    /// The next item; `None` at the end, without an exception.
    #[inline]
    pub fn next_builtin(&mut self, it: &Value) -> R<Option<Value>> {
        match it.kind() {
            Some(Kind::RangeIter) => self.next_of_small_range(it.as_()),
            Some(Kind::SeqIter) => self.next_of_sequence(it.as_()),
            Some(Kind::DictIter) => self.dict_next(it.as_()),
            Some(Kind::SetIter) => self.set_next(it.as_()),
            Some(Kind::EnumZip) => {
                let z = it.as_::<EnumZip>();
                match z.which {
                    Lazy::Enumerate => self.next_of_enumerate(z),
                    Lazy::Zip if z.iters.len() == 2 && z.count.get() != 1 => self.next_of_two(z),
                    Lazy::Map if z.iters.len() == 1 => self.next_of_map(z),
                    Lazy::Reversed if z.iters[0].is_kind(Kind::List) => Ok(next_of_reversed(z)),
                    _ => self.next_of_lazy(z),
                }
            }
            Some(Kind::Generator) if it.as_::<Generator>().flavour == Flavour::Generator => {
                self.next_of_generator(it)
            }
            _ => self.next_of_other(it),
        }
    }
    fn next_of_small_range(&mut self, r: &RangeIter) -> R<Option<Value>> {
        let (next, left) = (r.next.get(), r.left.get());
        if left <= 0 {
            return Ok(None);
        }
        r.left.set(left - 1);
        r.next.set(next.wrapping_add(r.step.get()));
        Ok(Some(self.int(next)))
    }
    fn next_of_other(&mut self, it: &Value) -> R<Option<Value>> {
        match it.kind() {
            Some(Kind::Awaitable) => match self.step_send(it, Value::NONE) {
                Ok(v) => Ok(Some(v)),
                Err(e) => {
                    let pending = self.take_pending();
                    if self.is_instance(&pending, self.types.exception("StopIteration")) {
                        return Ok(None);
                    }
                    self.set_pending(pending);
                    Err(e)
                }
            },
            _ => {
                let message = format!("'{}' object is not an iterator", self.type_name(it));
                self.fail("TypeError", message)
            }
        }
    }

    pub(crate) fn next_of_sequence(&mut self, it: &SeqIter) -> R<Option<Value>> {
        // SAFETY: nothing runs before the end of the iteration, where the sequence is let go.
        let seq = unsafe { unguarded(&it.seq) };
        let i = it.index.get();
        if let Some(l) = seq.get::<List>()
            && let Some(v) = l.as_slice().get(i)
        {
            it.index.set(i + 1);
            return Ok(Some(v.clone()));
        }
        let found = match seq.kind() {
            Some(Kind::Tuple) => seq.as_::<Tuple>().as_slice().get(i).map(|v| (v.clone(), i + 1)),
            Some(Kind::Bytes) => {
                seq.as_::<Bytes>().as_slice().get(i).map(|&b| (Value::small(b as i64), i + 1))
            }
            // For strs the index counts bytes.
            Some(Kind::Str) => match seq.as_::<Str>().bytes().get(i) {
                Some(&b) if b.is_ascii() => Some((self.latin1_char(b), i + 1)),
                _ => seq.as_::<Str>().at_offset(i).map(|(c, next)| (self.code_point(c), next)),
            },
            _ => None,
        };
        match found {
            Some((v, next)) => {
                it.index.set(next);
                Ok(Some(v))
            }
            None => {
                it.let_go();
                Ok(None)
            }
        }
    }

    /// `next` of an iterator over a list or tuple, or of another; such a nest of them cannot be deep.
    #[inline(always)]
    fn next_inside(&mut self, it: &Value) -> R<Option<Value>> {
        if let Some(i) = it.get::<SeqIter>() {
            // SAFETY: a value is copied; nothing runs.
            let seq = unsafe { unguarded(&i.seq) };
            let items = match seq.kind() {
                Some(Kind::List) => seq.as_::<List>().as_slice(),
                Some(Kind::Tuple) => seq.as_::<Tuple>().as_slice(),
                _ => &[],
            };
            if let Some(v) = items.get(i.index.get()) {
                i.index.set(i.index.get() + 1);
                return Ok(Some(v.clone()));
            }
        }
        self.guard_recursion("while calling a Python object")?;
        self.next(it)
    }
    fn next_of_enumerate(&mut self, it: &EnumZip) -> R<Option<Value>> {
        let Some(v) = self.next_inside(&it.iters[0])? else { return Ok(None) };
        let n = self.enumerate_position(it)?;
        it.count.set(it.count.get() + 1);
        Ok(Some(self.pair(&it.result, n, v)))
    }
    fn next_of_two(&mut self, it: &EnumZip) -> R<Option<Value>> {
        let Some(a) = self.next_inside(&it.iters[0])? else { return Ok(None) };
        let Some(b) = self.next_inside(&it.iters[1])? else { return Ok(None) };
        Ok(Some(self.pair(&it.result, a, b)))
    }
    fn next_of_map(&mut self, it: &EnumZip) -> R<Option<Value>> {
        match self.next_inside(&it.iters[0])? {
            Some(v) => self.call_with(&it.func, &v).map(Some),
            None => Ok(None),
        }
    }
    /// `enumerate`, `zip` of two, `map` over one iterator and `reversed` of a list have functions of their own.
    fn next_of_lazy(&mut self, it: &EnumZip) -> R<Option<Value>> {
        self.guard_recursion("while calling a Python object")?;
        match it.which {
            Lazy::Enumerate => self.next_of_enumerate(it),
            Lazy::Zip => Ok(self.next_of_each(it, "zip")?.map(|items| self.tuple(items))),
            Lazy::Map => match self.next_of_each(it, "map")? {
                Some(items) => self.call(&it.func, &items, Kw::NONE).map(Some),
                None => Ok(None),
            },
            Lazy::Filter if it.count.get() != 0 => self.next_of_callable(it),
            Lazy::Filter => {
                while let Some(v) = self.next(&it.iters[0])? {
                    let keep = match it.func.is_none() {
                        true => self.truthy(&v)?,
                        false => {
                            let r = self.call_with(&it.func, &v)?;
                            self.truthy(&r)?
                        }
                    };
                    if keep {
                        return Ok(Some(v));
                    }
                }
                Ok(None)
            }
            Lazy::Reversed if it.iters[0].is_kind(Kind::Range) => self.next_of_range(it),
            Lazy::Reversed => {
                let i = it.count.get();
                if i < 0 {
                    return Ok(None);
                }
                let found = match it.iters[0].kind() {
                    _ if it.iters[0].is_dynamic() => return self.next_backwards(it),
                    Some(Kind::Tuple) => it.iters[0].as_::<Tuple>().as_slice().get(i as usize).cloned(),
                    Some(Kind::Bytes) => {
                        let b = it.iters[0].as_::<Bytes>().as_slice().get(i as usize);
                        b.map(|&b| Value::small(b as i64))
                    }
                    Some(Kind::Str) => {
                        let c = it.iters[0].as_::<Str>().code_at(i as usize);
                        c.map(|c| self.code_point(c))
                    }
                    _ => return self.next_backwards(it),
                };
                it.count.set(if found.is_some() { i - 1 } else { -1 });
                Ok(found)
            }
        }
    }

    /// A tuple of two: the one in `kept` if nobody else has it.
    #[inline]
    pub(crate) fn pair(&self, kept: &RefCell<Value>, a: Value, b: Value) -> Value {
        // SAFETY: the reference is not used once anything can run.
        let first = unsafe { unguarded(kept) };
        if first.is_null() {
            let t = Tuple::of(&self.types.tuple, [a, b]);
            *kept.borrow_mut() = t.clone();
            return t;
        }
        match Tuple::reuse(first, [a, b]) {
            Ok(old) => {
                let t = first.clone();
                drop(old);
                t
            }
            Err(items) => Tuple::of(&self.types.tuple, items),
        }
    }

    /// Position of an iterator over a range beyond 64 bits: `count` on top of what `__setstate__` set, which is
    /// in a list of one item.
    pub(crate) fn long_position(&mut self, it: &EnumZip) -> R<BigInt> {
        let base = it.iters[1].get::<List>().and_then(|l| l.get(0)).unwrap_or(Value::small(0));
        Ok(self.int_argument(&base)? + it.count.get())
    }
    /// Over a range beyond 64 bits.
    fn next_of_range(&mut self, it: &EnumZip) -> R<Option<Value>> {
        let i = self.long_position(it)?;
        let r = it.iters[0].as_::<Range>();
        if i >= self.range_len(r) {
            return Ok(None);
        }
        it.count.set(it.count.get() + 1);
        let i = self.big(i);
        let offset = self.binary_op(BinOp::Multiply, false, &r.step, &i)?;
        self.binary_op(BinOp::Add, false, &r.start, &offset).map(Some)
    }

    /// `iter(callable, sentinel)`: a filter with a count, 1 while it lasts and -1 afterwards; the sentinel
    /// stands in the place of the iterator.
    fn next_of_callable(&mut self, it: &EnumZip) -> R<Option<Value>> {
        if it.count.get() < 0 {
            return Ok(None);
        }
        let v = match self.call(&it.func, &[], Kw::NONE) {
            Ok(v) => v,
            Err(e) => return self.stop_iteration_ends(it, e),
        };
        // It may have come to its end while the callable ran.
        if it.count.get() < 0 {
            return Ok(None);
        }
        if self.eq(&v, &it.iters[0])? {
            it.count.set(-1);
            return Ok(None);
        }
        Ok(Some(v))
    }

    /// `reversed` of any sequence: by `__getitem__`.
    fn next_backwards(&mut self, it: &EnumZip) -> R<Option<Value>> {
        let i = self.int(it.count.get());
        match self.get_item(&it.iters[0], &i) {
            Ok(v) => {
                it.count.set(it.count.get() - 1);
                Ok(Some(v))
            }
            Err(e) => {
                let pending = self.take_pending();
                let over = ["IndexError", "StopIteration"]
                    .iter()
                    .any(|c| self.is_instance(&pending, self.types.exception(c)));
                if over {
                    it.count.set(-1);
                    return Ok(None);
                }
                self.set_pending(pending);
                Err(e)
            }
        }
    }

    /// A callable that raises StopIteration ends its iterator.
    fn stop_iteration_ends(&mut self, it: &EnumZip, e: crate::error::Exc) -> R<Option<Value>> {
        let pending = self.take_pending();
        let stop = self.is_instance(&pending, self.types.exception("StopIteration"));
        if stop {
            it.count.set(-1);
            return Ok(None);
        }
        self.set_pending(pending);
        Err(e)
    }

    /// One item of each iterator; a count of 1 asks that they end together.
    fn next_of_each(&mut self, it: &EnumZip, who: &str) -> R<Option<Vec<Value>>> {
        let strict = it.count.get() == 1;
        let mut items = Vec::with_capacity(it.iters.len());
        for (i, x) in it.iters.iter().enumerate() {
            match self.next(x)? {
                Some(v) => items.push(v),
                None if strict && i > 0 => return Err(self.uneven(who, i, "shorter")),
                None if strict => {
                    for (j, y) in it.iters.iter().enumerate().skip(1) {
                        if self.next(y)?.is_some() {
                            return Err(self.uneven(who, j, "longer"));
                        }
                    }
                    return Ok(None);
                }
                None => return Ok(None),
            }
        }
        Ok(if items.is_empty() { None } else { Some(items) })
    }
    fn uneven(&mut self, who: &str, i: usize, how: &str) -> crate::error::Exc {
        let others = if i == 1 { "argument 1".to_owned() } else { format!("arguments 1-{i}") };
        self.raise("ValueError", format!("{who}() argument {} is {how} than {others}", i + 1))
    }

    fn copies(&self, items: &[Value]) -> Vec<Value> {
        let mut v = List::room(&self.types.list, items.len());
        append_copies(&mut v, items);
        v
    }
    /// All items of an iterable.
    pub fn to_vec(&mut self, iterable: &Value) -> R<Vec<Value>> {
        match iterable.kind() {
            _ if iterable.is_dynamic() => {}
            Some(Kind::List) => return Ok(self.copies(iterable.as_::<List>().as_slice())),
            Some(Kind::Tuple) => return Ok(self.copies(iterable.as_::<Tuple>().as_slice())),
            _ => {}
        }
        let it = self.get_iter(iterable)?;
        if let Some(r) = it.get::<RangeIter>() {
            return self.rest_of_range(r);
        }
        let mut items = List::room(&self.types.list, 8);
        while let Some(v) = self.next(&it)? {
            if items.len() == items.capacity() && items.try_reserve(1).is_err() {
                return Err(self.raise_type("MemoryError", vec![]));
            }
            items.push(v);
        }
        Ok(items)
    }

    fn rest_of_range(&mut self, r: &RangeIter) -> R<Vec<Value>> {
        let (mut next, step, n) = (r.next.get(), r.step.get(), r.left.get().max(0));
        let mut items = match n {
            0..=8 => List::room(&self.types.list, n as usize),
            n => self.new_vec(n as usize)?,
        };
        for _ in 0..n {
            items.push(self.int(next));
            next = next.wrapping_add(step);
        }
        r.next.set(next);
        r.left.set(0);
        Ok(items)
    }

    pub fn contains_builtin(&mut self, container: &Value, item: &Value) -> R<bool> {
        match container.kind() {
            Some(Kind::Set) => self.set_contains(container.as_(), item),
            Some(Kind::Dict) => self.dict_contains(container.as_(), item),
            Some(Kind::Str) => self.str_contains(container.as_(), item),
            Some(Kind::List) => self.list_contains(container.as_(), item),
            Some(Kind::Tuple) => self.tuple_contains(container.as_(), item),
            Some(Kind::Bytes) => self.bytes_contain(container, item),
            // (A derived class may have an equality of its own.)
            Some(Kind::Range) if Num::int_of(item).is_some() && !item.is_dynamic() => {
                Ok(self.range_index(container, item).is_some())
            }
            _ => self.contains_by_iteration(container, item),
        }
    }

    fn str_contains(&mut self, s: &Str, item: &Value) -> R<bool> {
        let Some(needle) = item.get::<Str>() else {
            let message =
                format!("'in <string>' requires string as left operand, not {}", self.type_name(item));
            return self.fail("TypeError", message);
        };
        Ok(super::text::search::find(s.bytes(), needle.bytes(), false).is_some())
    }
    fn list_contains(&mut self, list: &List, item: &Value) -> R<bool> {
        let mut i = 0;
        while let Some(v) = list.as_slice().get(i) {
            if v.is(item) {
                return Ok(true);
            }
            // The list may change while its items compare.
            let v = v.clone();
            if self.eq(&v, item)? {
                return Ok(true);
            }
            i += 1;
        }
        Ok(false)
    }
    fn tuple_contains(&mut self, t: &Tuple, item: &Value) -> R<bool> {
        for v in t.as_slice() {
            if self.eq(v, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn contains_by_iteration(&mut self, container: &Value, item: &Value) -> R<bool> {
        if self.is_set_view(container) {
            return self.view_contains(container, item);
        }
        let Ok(it) = self.get_iter(container) else {
            let e = self.take_pending();
            if !self.is_instance(&e, self.types.exception("TypeError")) {
                return Err(self.set_pending(e));
            }
            let message =
                format!("argument of type '{}' is not a container or iterable", self.type_name(container));
            return self.fail("TypeError", message);
        };
        while let Some(v) = self.next(&it)? {
            if self.eq(&v, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Position of an int in a range.
    pub(crate) fn range_index(&self, range: &Value, item: &Value) -> Option<BigInt> {
        let r = range.as_::<Range>();
        let (x, start, step) =
            (Num::int_of(item)?.big(), Num::int_of(&r.start)?.big(), Num::int_of(&r.step)?.big());
        let offset = x.as_ref() - start.as_ref();
        let (q, rest) = num_integer::Integer::div_mod_floor(&offset, step.as_ref());
        (rest == BigInt::ZERO && !q.is_negative() && q < self.range_len(r)).then_some(q)
    }
}

/// Of a list, whatever `__getitem__` its class has.
fn next_of_reversed(it: &EnumZip) -> Option<Value> {
    let i = it.count.get();
    if i < 0 {
        return None;
    }
    let found = it.iters[0].as_::<List>().get(i as usize);
    it.count.set(if found.is_some() { i - 1 } else { -1 });
    found
}

pub(crate) fn small_range_len(start: i64, stop: i64, step: i64) -> i64 {
    match step {
        s if s > 0 && start < stop => (stop - start - 1) / s + 1,
        s if s < 0 && start > stop => (start - stop - 1) / -s + 1,
        _ => 0,
    }
}

fn range_len(start: Option<Num>, stop: Option<Num>, step: Option<Num>) -> BigInt {
    let (Some(a), Some(b), Some(s)) = (start, stop, step) else { return BigInt::ZERO };
    if let (Num::Int(a), Num::Int(b), Num::Int(s)) = (a, b, s) {
        return BigInt::from(small_range_len(a, b, s));
    }
    let (a, b, s) = (a.big(), b.big(), s.big());
    let span = if s.is_positive() { b.as_ref() - a.as_ref() } else { a.as_ref() - b.as_ref() };
    if span.is_positive() { (span - 1) / s.abs() + 1 } else { BigInt::ZERO }
}
