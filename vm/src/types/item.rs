//! Subscripts: reading, writing and deleting items and slices.

use super::iter::small_range_len;
use super::number::Num;
use crate::error::{Exc, R};
use crate::object::{Kind, List, Range, Slice, Str, Tuple, Type, append_copies};
use crate::op::BinOp;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::Signed;

/// A slice applied to a length: `count` items from `start` in steps of `step`. `stop` for empty ones.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    pub count: usize,
}

impl Bounds {
    pub(crate) fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.count as i64).map(move |i| (self.start + i * self.step) as usize)
    }
}

/// The slice of bounds that are small ints or None.
#[inline]
fn plain_bounds([start, stop, step]: [&Value; 3], len: usize) -> Option<Bounds> {
    let plain = |v: &Value| v.is_none() || v.word().is_int();
    if !plain(start) || !plain(stop) || !plain(step) {
        return None;
    }
    let len = len as i64;
    let place = |v: &Value, absent: i64, lowest: i64, highest: i64| {
        if v.is_none() {
            return absent;
        }
        let i = v.word().int();
        if i < 0 { (i + len).max(lowest) } else { i.min(highest) }
    };
    let step = if step.is_none() { 1 } else { step.word().int() };
    let (start, stop, count) = if step > 0 {
        let (start, stop) = (place(start, 0, 0, len), place(stop, len, 0, len));
        (start, stop, stop - start)
    } else if step < 0 {
        let (start, stop) = (place(start, len - 1, -1, len - 1), place(stop, -1, -1, len - 1));
        (start, stop, start - stop)
    } else {
        return None;
    };
    let count = match step {
        _ if count <= 0 => 0,
        1 | -1 => count,
        _ => (count - 1) / step.abs() + 1,
    };
    Some(Bounds { start, stop, step, count: count as usize })
}

impl Vm {
    pub(crate) fn slice_bounds(&mut self, s: &Slice, len: usize) -> R<Bounds> {
        self.slice_bounds_of([&s.start, &s.stop, &s.step], len)
    }
    /// The same of start, stop and step.
    pub(crate) fn slice_bounds_of(&mut self, [start, stop, step]: [&Value; 3], len: usize) -> R<Bounds> {
        if let Some(b) = plain_bounds([start, stop, step], len) {
            return Ok(b);
        }
        let len = len as i64;
        let step = match step.is_none() {
            true => 1,
            false => self.slice_index(step)?.clamp(-i64::MAX, i64::MAX),
        };
        if step == 0 {
            return self.fail("ValueError", "slice step cannot be zero");
        }
        let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let mut place = |v: &Value, absent: i64| -> R<i64> {
            if v.is_none() {
                return Ok(absent);
            }
            let i = self.slice_index(v)?;
            let i = if i < 0 { i.saturating_add(len) } else { i };
            Ok(i.clamp(lowest, highest))
        };
        let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
        let start = place(start, first)?;
        let stop = place(stop, last)?;
        let count = match step {
            s if s > 0 && start < stop => (stop - start - 1) / s + 1,
            s if s < 0 && start > stop => (start - stop - 1) / -s + 1,
            _ => 0,
        };
        Ok(Bounds { start, stop, step, count: count as usize })
    }
    /// A slice applied to a length of any size: start, stop and step.
    pub(crate) fn long_indices(&mut self, s: &Slice, len: &BigInt) -> R<[BigInt; 3]> {
        let mut part = |v: &Value| -> R<Option<BigInt>> {
            if v.is_none() {
                return Ok(None);
            }
            let v = &self.try_index(v)?;
            match Num::int_of(v) {
                Some(n) => Ok(Some(n.big().into_owned())),
                None => self
                    .fail("TypeError", "slice indices must be integers or None or have an __index__ method"),
            }
        };
        let step = part(&s.step)?.unwrap_or_else(|| BigInt::from(1));
        let (start, stop) = (part(&s.start)?, part(&s.stop)?);
        if step == BigInt::ZERO {
            return self.fail("ValueError", "slice step cannot be zero");
        }
        let back = step.is_negative();
        let (lowest, highest) = if back { (BigInt::from(-1), len - 1) } else { (BigInt::ZERO, len.clone()) };
        let place = |v: Option<BigInt>, absent: &BigInt| match v {
            None => absent.clone(),
            Some(i) => {
                let i = if i.is_negative() { i + len } else { i };
                if i < lowest {
                    lowest.clone()
                } else if i > highest {
                    highest.clone()
                } else {
                    i
                }
            }
        };
        let (first, last) = if back { (&highest, &lowest) } else { (&lowest, &highest) };
        Ok([place(start, first), place(stop, last), step])
    }
    #[inline]
    pub(crate) fn slice_index(&mut self, v: &Value) -> R<i64> {
        if v.word().is_int() {
            return Ok(v.word().int());
        }
        let v = &self.try_index(v)?;
        match Num::int_of(v) {
            Some(n) => Ok(n.clamp_i64()),
            None => {
                self.fail("TypeError", "slice indices must be integers or None or have an __index__ method")
            }
        }
    }

    /// Index into `len` items; `None`: out of range.
    pub(crate) fn position(&mut self, i: &Value, len: usize, what: &str) -> R<Option<usize>> {
        let i = &self.try_index(i)?;
        let n = match Num::int_of(i) {
            Some(Num::Big(b)) if b.bits() > 63 => {
                return self.fail("IndexError", "cannot fit 'int' into an index-sized integer");
            }
            Some(n) => n.clamp_i64(),
            None => return Err(self.bad_index(i, what)),
        };
        let n = if n < 0 { n + len as i64 } else { n };
        Ok(usize::try_from(n).ok().filter(|&n| n < len))
    }
    fn bad_index(&mut self, i: &Value, what: &str) -> Exc {
        let got = self.type_name(i);
        let message = match what {
            "string" => format!("string indices must be integers, not '{got}'"),
            _ => format!("{what} indices must be integers or slices, not {got}"),
        };
        self.raise("TypeError", message)
    }

    /// `c[start:stop]` of a plain list, tuple or str without making the slice; `None`: something else.
    pub(crate) fn get_part(&mut self, c: &Value, start: &Value, stop: &Value) -> R<Option<Value>> {
        let bounds = [start, stop, &Value::NONE];
        Ok(match c.word().plain_kind() {
            Some(Kind::List) => {
                let b = match plain_bounds(bounds, c.as_::<List>().len()) {
                    Some(b) => b,
                    None => {
                        // An `__index__` may change the list.
                        self.slice_bounds_of(bounds, 0)?;
                        self.slice_bounds_of(bounds, c.as_::<List>().len())?
                    }
                };
                let items = &c.as_::<List>().as_slice()[b.start as usize..][..b.count];
                Some(List::copy_of(&self.types.list, items))
            }
            Some(Kind::Tuple) => {
                let items = c.as_::<Tuple>().as_slice();
                let b = self.slice_bounds_of(bounds, items.len())?;
                if b.count == items.len() {
                    return Ok(Some(c.clone()));
                }
                if b.count == 0 {
                    return Ok(Some(self.tuple(vec![])));
                }
                let part = &items[b.start as usize..][..b.count];
                Some(match part {
                    [] => self.tuple(vec![]),
                    part => Tuple::copy_of(&self.types.tuple, part),
                })
            }
            Some(Kind::Str) => {
                let s = c.as_::<Str>();
                let b = self.slice_bounds_of(bounds, s.len())?;
                if b.count == s.len() {
                    return Ok(Some(c.clone()));
                }
                let from = b.start as usize;
                Some(self.wtf8(s.slice(from, from + b.count)))
            }
            _ => None,
        })
    }
    pub fn get_item_builtin(&mut self, c: &Value, i: &Value) -> R<Value> {
        match c.kind() {
            Some(Kind::List) => {
                let list = c.as_::<List>();
                if let Some(s) = i.get::<Slice>() {
                    let b = self.slice_bounds(s, list.len())?;
                    let mut items = List::room(&self.types.list, b.count);
                    take(list.as_slice(), b, &mut items);
                    return Ok(self.list(items));
                }
                match self.position(i, list.len(), "list")?.and_then(|i| list.get(i)) {
                    Some(v) => Ok(v),
                    None => self.fail("IndexError", "list index out of range"),
                }
            }
            Some(Kind::Tuple) => {
                let items = c.as_::<Tuple>().as_slice();
                if let Some(s) = i.get::<Slice>() {
                    let b = self.slice_bounds(s, items.len())?;
                    if b.count == items.len() && b.step == 1 && !c.is_dynamic() {
                        return Ok(c.clone());
                    }
                    let mut part = Vec::with_capacity(b.count);
                    take(items, b, &mut part);
                    return Ok(self.tuple(part));
                }
                match self.position(i, items.len(), "tuple")? {
                    Some(i) => Ok(items[i].clone()),
                    None => self.fail("IndexError", "tuple index out of range"),
                }
            }
            Some(Kind::Str) => self.str_item(c, i),
            Some(Kind::Bytes) => self.bytes_item(c, i),
            Some(Kind::Dict) => match self.dict_get(c.as_(), i)? {
                Some(v) => Ok(v),
                None if c.is_dynamic() && self.has_special(c, crate::types::specials::Special::Missing) => {
                    let m =
                        self.special_of(c, crate::types::specials::Special::Missing).unwrap_or(Value::NONE);
                    self.call_unbound(&m, c, std::slice::from_ref(i))
                }
                None => Err(self.raise_with("KeyError", i.clone())),
            },
            Some(Kind::Range) => self.range_item(c, i),
            Some(Kind::Type) => {
                let message = format!("type '{}' is not subscriptable", c.as_::<Type>().name.borrow());
                self.fail("TypeError", message)
            }
            _ => {
                let message = format!("'{}' object is not subscriptable", self.type_name(c));
                self.fail("TypeError", message)
            }
        }
    }

    /// A str of the class `str` itself.
    pub(crate) fn exact_str(&mut self, v: &Value) -> Value {
        if self.type_of(v).is(&self.types.str) {
            return v.clone();
        }
        let class = self.types.str.clone();
        v.as_::<Str>().with_class(&class)
    }
    fn str_item(&mut self, c: &Value, i: &Value) -> R<Value> {
        let s = c.as_::<Str>();
        if let Some(slice) = i.get::<Slice>() {
            let b = self.slice_bounds(slice, s.len())?;
            if b.step == 1 {
                if b.count == s.len() {
                    return Ok(self.exact_str(c));
                }
                return Ok(self.wtf8(s.slice(b.start.max(0) as usize, b.start.max(0) as usize + b.count)));
            }
            if s.is_ascii() {
                let bytes = s.bytes();
                let text: String = b.indices().map(|i| bytes[i] as char).collect();
                return Ok(self.string(text));
            }
            let chars: Vec<_> = s.code_points().collect();
            let text = b.indices().map(|i| chars[i]).collect();
            return Ok(self.wtf8_buf(text));
        }
        match self.position(i, s.len(), "string")?.and_then(|i| s.code_at(i)) {
            Some(c) => Ok(self.code_point(c)),
            None => self.fail("IndexError", "string index out of range"),
        }
    }

    fn range_item(&mut self, c: &Value, i: &Value) -> R<Value> {
        let r = c.as_::<Range>();
        if let Some(v) = self.small_range_item(r, i) {
            return v;
        }
        let len = self.range_len(r);
        if let Some(s) = i.get::<Slice>() {
            let [start, stop, step] = self.long_indices(s, &len)?;
            let (start, stop) = (self.range_at(r, start)?, self.range_at(r, stop)?);
            let step = self.big(step);
            let step = self.binary_op(BinOp::Multiply, false, &r.step, &step)?;
            return Ok(Range::new(&self.types.range, start, stop, step));
        }
        let i = &self.try_index(i)?;
        let Some(n) = Num::int_of(i) else { return Err(self.bad_index(i, "range")) };
        let mut n = n.big().into_owned();
        if n.is_negative() {
            n += &len;
        }
        if n.is_negative() || n >= len {
            return self.fail("IndexError", "range object index out of range");
        }
        let n = self.big(n);
        let offset = self.binary_op(BinOp::Multiply, false, &r.step, &n)?;
        self.binary_op(BinOp::Add, false, &r.start, &offset)
    }
    /// The same where all numbers are small, as they mostly are.
    fn small_range_item(&mut self, r: &Range, i: &Value) -> Option<R<Value>> {
        let (start, stop, step) = (r.start.word(), r.stop.word(), r.step.word());
        if !(start.is_int() && stop.is_int() && step.is_int()) {
            return None;
        }
        let len = small_range_len(start.int(), stop.int(), step.int());
        // Neither product nor sum of two words of 48 bits and a length leaves 128 bits.
        let at = |i: i64| i64::try_from(start.int() as i128 + step.int() as i128 * i as i128).ok();
        if let Some(s) = i.get::<Slice>() {
            let b = plain_bounds([&s.start, &s.stop, &s.step], usize::try_from(len).ok()?)?;
            let (start, stop) = (at(b.start)?, at(b.stop)?);
            let step = b.step.checked_mul(step.int())?;
            let (start, stop, step) = (self.int(start), self.int(stop), self.int(step));
            return Some(Ok(Range::new(&self.types.range, start, stop, step)));
        }
        if !i.word().is_int() {
            return None;
        }
        let n = i.word().int();
        let n = if n < 0 { n + len } else { n };
        match (0..len).contains(&n) {
            true => Some(Ok(self.int(at(n)?))),
            false => None,
        }
    }
    fn range_at(&mut self, r: &Range, i: BigInt) -> R<Value> {
        let i = self.big(i);
        let offset = self.binary_op(BinOp::Multiply, false, &r.step, &i)?;
        self.binary_op(BinOp::Add, false, &r.start, &offset)
    }

    pub fn set_item_builtin(&mut self, c: &Value, i: &Value, v: Value) -> R<()> {
        match c.kind() {
            Some(Kind::List) => {
                let list = c.as_::<List>();
                if let Some(s) = i.get::<Slice>() {
                    return self.set_slice(list, s, &v);
                }
                match self.position(i, list.len(), "list")?.and_then(|i| list.set(i, v)) {
                    Some(old) => {
                        drop(old);
                        Ok(())
                    }
                    None => self.fail("IndexError", "list assignment index out of range"),
                }
            }
            Some(Kind::Dict) => self.dict_set(c.as_(), i, v),
            _ => {
                let message = format!("'{}' object does not support item assignment", self.type_name(c));
                self.fail("TypeError", message)
            }
        }
    }

    /// `list[start:stop] = v`.
    pub(crate) fn set_part(&mut self, c: &Value, start: Value, stop: Value, v: Value) -> R {
        let s = Slice::new(&self.types.slice, start, stop, Value::NONE);
        self.set_item(c, &s, v)
    }
    fn set_slice(&mut self, list: &List, s: &Slice, v: &Value) -> R {
        let Ok(mut items) = self.to_vec(v) else {
            let e = self.take_pending();
            let not_iterable =
                self.is_instance(&e, self.types.exception("TypeError")) && self.get_iter(v).is_err();
            if !not_iterable {
                return Err(self.set_pending(e));
            }
            drop(self.take_pending());
            return self.fail("TypeError", "must assign iterable to extended slice");
        };
        // Only now: making the items may have changed the list.
        let b = self.slice_bounds(s, list.len())?;
        if b.step == 1 {
            let class = self.types.list.clone();
            let from = b.start as usize;
            if items.len() == b.count {
                let old = list.with_vec(|l| {
                    l[from..from + b.count].swap_with_slice(&mut items);
                    items
                });
                List::discard(&class, old);
                return Ok(());
            }
            let old: Vec<Value> = list.with_vec(|l| l.splice(from..from + b.count, items).collect());
            List::discard(&class, old);
            return Ok(());
        }
        if items.len() != b.count {
            let message = format!(
                "attempt to assign sequence of size {} to extended slice of size {}",
                items.len(),
                b.count
            );
            return self.fail("ValueError", message);
        }
        let old: Vec<Option<Value>> = b.indices().zip(items).map(|(i, v)| list.set(i, v)).collect();
        drop(old);
        Ok(())
    }

    pub fn del_item_builtin(&mut self, c: &Value, i: &Value) -> R<()> {
        match c.kind() {
            Some(Kind::List) => {
                let list = c.as_::<List>();
                if let Some(s) = i.get::<Slice>() {
                    let b = self.slice_bounds(s, list.len())?;
                    let old = list.with_vec(|l| remove(l, b));
                    match b.step {
                        1 => List::discard(c, old),
                        _ => drop(old),
                    }
                    return Ok(());
                }
                match self.position(i, list.len(), "list")? {
                    Some(i) => {
                        let old = list.remove(i);
                        drop(old);
                        Ok(())
                    }
                    None => self.fail("IndexError", "list assignment index out of range"),
                }
            }
            Some(Kind::Dict) => match self.dict_remove(c.as_(), i)? {
                Some(old) => {
                    drop(old);
                    Ok(())
                }
                None => Err(self.raise_with("KeyError", i.clone())),
            },
            kind => {
                let sequence = matches!(kind, Some(Kind::Tuple | Kind::Str | Kind::Range));
                let not = if sequence { "doesn't" } else { "does not" };
                let message = format!("'{}' object {not} support item deletion", self.type_name(c));
                self.fail("TypeError", message)
            }
        }
    }
}

/// Appends copies of the items of a slice.
fn take(items: &[Value], b: Bounds, to: &mut Vec<Value>) {
    if b.count == 0 {
        return;
    }
    let from = b.start as usize;
    match b.step {
        1 => append_copies(to, &items[from..from + b.count]),
        -1 => to.extend(items[from + 1 - b.count..=from].iter().rev().cloned()),
        _ => to.extend(b.indices().map(|i| items[i].clone())),
    }
}

/// Takes the items of a slice out of a vector.
fn remove(items: &mut Vec<Value>, b: Bounds) -> Vec<Value> {
    if b.count == 0 {
        return vec![];
    }
    if b.step == 1 {
        let from = b.start as usize;
        return items.drain(from..from + b.count).collect();
    }
    let mut gone = vec![];
    let mut kept = Vec::with_capacity(items.len() - b.count);
    let (low, step) =
        if b.step > 0 { (b.start, b.step) } else { (b.start + (b.count as i64 - 1) * b.step, -b.step) };
    let high = low + (b.count as i64 - 1) * step;
    for (i, v) in std::mem::take(items).into_iter().enumerate() {
        let i = i as i64;
        if i >= low && i <= high && (i - low) % step == 0 { gone.push(v) } else { kept.push(v) }
    }
    *items = kept;
    gone
}
