//! Methods of `list` and `tuple`; sorting.

use super::number::Num;
use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Kind, Kw, List, Str, Tuple};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;
use std::cmp::Ordering;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("append", 1, 1, |_, a, _| {
        list(a).push(a[1].clone());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("extend", 1, 1, |vm, a, _| {
        let items = vm.to_vec(&a[1])?;
        list(a).with_vec(|l| l.extend(items));
        Ok(Value::NONE)
    }),
    BuiltinDef::new("insert", 2, 2, insert),
    BuiltinDef::new("remove", 1, 1, remove),
    BuiltinDef::new("pop", 0, 1, pop),
    BuiltinDef::new("clear", 0, 0, |_, a, _| {
        let old = list(a).with_vec(std::mem::take);
        drop(old);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "list.index(x): x not in list")),
    BuiltinDef::new("count", 1, 1, |vm, a, _| count(vm, a)),
    // No positional arguments, which it says in its own words.
    BuiltinDef::kw("sort", 0, u8::MAX, sort_method),
    BuiltinDef::new("reverse", 0, 0, |_, a, _| {
        list(a).with_vec(|l| l.reverse());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("copy", 0, 0, |vm, a, _| {
        let items = list(a).as_slice().to_vec();
        Ok(vm.list(items))
    }),
];

pub static TUPLE_METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "tuple.index(x): x not in tuple")),
    BuiltinDef::new("count", 1, 1, |vm, a, _| count(vm, a)),
];

fn list(args: &[Value]) -> &List {
    args[0].as_()
}
/// Item `i` of a list or tuple.
fn item(v: &Value, i: usize) -> Option<Value> {
    match v.get::<List>() {
        Some(l) => l.get(i),
        None => v.get::<Tuple>().and_then(|t| t.as_slice().get(i).cloned()),
    }
}

fn insert(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let i = vm.index_size(&args[1])?;
    let l = list(args);
    let len = l.len() as i64;
    let at = if i < 0 { i.saturating_add(len).max(0) } else { i.min(len) };
    l.with_vec(|v| v.insert(at as usize, args[2].clone()));
    Ok(Value::NONE)
}

fn remove(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (l, mut i) = (list(args), 0);
    while let Some(v) = l.get(i) {
        if vm.eq(&v, &args[1])? {
            // The comparison may have shortened the list.
            let old = l.with_vec(|items| if i < items.len() { Some(items.remove(i)) } else { None });
            drop(old);
            return Ok(Value::NONE);
        }
        i += 1;
    }
    vm.fail("ValueError", "list.remove(x): x not in list")
}

fn pop(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let i = match args.get(1) {
        Some(v) => vm.index_size(v)?,
        None => -1,
    };
    let l = list(args);
    if l.is_empty() {
        return vm.fail("IndexError", "pop from empty list");
    }
    let i = if i < 0 { i.saturating_add(l.len() as i64) } else { i };
    if i < 0 || i >= l.len() as i64 {
        return vm.fail("IndexError", "pop index out of range");
    }
    Ok(l.with_vec(|v| v.remove(i as usize)))
}

fn index(vm: &mut Vm, args: &[Value], message: &str) -> R<Value> {
    let len = vm.len_of(&args[0])? as i64;
    let mut place = |i: usize, absent: i64| -> R<i64> {
        let Some(v) = args.get(i) else { return Ok(absent) };
        let Some(n) = Num::int_of(v) else {
            return vm.fail("TypeError", "slice indices must be integers or have an __index__ method");
        };
        let n = n.clamp_i64();
        Ok(if n < 0 { n.saturating_add(len).max(0) } else { n })
    };
    let (mut i, stop) = (place(2, 0)?, place(3, i64::MAX)?);
    while i < stop
        && let Some(v) = item(&args[0], i as usize)
    {
        if vm.eq(&v, &args[1])? {
            return Ok(Value::small(i));
        }
        i += 1;
    }
    vm.fail("ValueError", message)
}

fn count(vm: &mut Vm, args: &[Value]) -> R<Value> {
    let (mut i, mut n) = (0, 0);
    while let Some(v) = item(&args[0], i) {
        n += vm.eq(&v, &args[1])? as i64;
        i += 1;
    }
    Ok(Value::small(n))
}

fn sort_method(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if args.len() > 1 {
        return vm.fail("TypeError", "sort() takes no positional arguments");
    }
    let l = list(args);
    // While it is being sorted the list is empty, and must stay so.
    let items = l.with_vec(std::mem::take);
    let (items, r) = vm.sort(items, kw, "sort");
    let meanwhile = l.with_vec(|v| std::mem::replace(v, items));
    r?;
    if !meanwhile.is_empty() {
        return vm.fail("ValueError", "list modified during sort");
    }
    Ok(Value::NONE)
}

impl Vm {
    /// Sorts stably, by the keywords `key` and `reverse`. On failure the items come back unsorted.
    pub(crate) fn sort(&mut self, mut items: Vec<Value>, kw: Kw, who: &str) -> (Vec<Value>, R) {
        match self.sorted_order(&items, kw, who) {
            Ok(order) => {
                let mut slots: Vec<Option<Value>> = items.drain(..).map(Some).collect();
                let sorted = order.into_iter().filter_map(|i| slots[i].take()).collect();
                (sorted, Ok(()))
            }
            Err(Exc) => (items, Err(Exc)),
        }
    }

    fn sorted_order(&mut self, items: &[Value], kw: Kw, who: &str) -> R<Vec<usize>> {
        self.only_keywords(who, kw, &["key", "reverse"])?;
        let reverse = match kw.get("reverse") {
            Some(v) => self.truthy(v)?,
            None => false,
        };
        let computed;
        let keys = match kw.get("key").filter(|k| !k.is_none()) {
            Some(f) => {
                let mut all = Vec::with_capacity(items.len());
                for v in items {
                    all.push(self.call(f, std::slice::from_ref(v), Kw::NONE)?);
                }
                computed = all;
                computed.as_slice()
            }
            None => items,
        };
        // Reversed before and after, so that equal items keep their order.
        let mut order: Vec<usize> = (0..items.len()).collect();
        if reverse {
            order.reverse();
        }
        if !sort_plain(&mut order, keys) {
            order = self.merge_sort(order, keys)?;
        }
        if reverse {
            order.reverse();
        }
        Ok(order)
    }

    /// Bottom-up merge sort over natural runs. The standard library's sort is no use here: comparisons can
    /// fail, and need not be consistent, at which it would panic.
    fn merge_sort(&mut self, order: Vec<usize>, keys: &[Value]) -> R<Vec<usize>> {
        let mut runs: Vec<Vec<usize>> = vec![];
        for i in order {
            if let Some(run) = runs.last_mut()
                && let Some(&last) = run.last()
                && !self.compare_bool(CmpOp::Lt, &keys[i], &keys[last])?
            {
                run.push(i);
                continue;
            }
            runs.push(vec![i]);
        }
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
            let mut it = runs.into_iter();
            while let Some(a) = it.next() {
                merged.push(match it.next() {
                    Some(b) => self.merge(a, b, keys)?,
                    None => a,
                });
            }
            runs = merged;
        }
        Ok(runs.pop().unwrap_or_default())
    }
    fn merge(&mut self, a: Vec<usize>, b: Vec<usize>, keys: &[Value]) -> R<Vec<usize>> {
        let mut out = Vec::with_capacity(a.len() + b.len());
        let (mut i, mut j) = (0, 0);
        while i < a.len() && j < b.len() {
            if self.compare_bool(CmpOp::Lt, &keys[b[j]], &keys[a[i]])? {
                out.push(b[j]);
                j += 1;
            } else {
                out.push(a[i]);
                i += 1;
            }
        }
        out.extend_from_slice(&a[i..]);
        out.extend_from_slice(&b[j..]);
        Ok(out)
    }
}

/// Sorts keys that are all small ints, all floats (no NaN) or all strs. False: they are not.
fn sort_plain(order: &mut [usize], keys: &[Value]) -> bool {
    if keys.iter().all(|k| k.word().is_int()) {
        order.sort_by_key(|&i| keys[i].word().int());
    } else if keys.iter().all(|k| k.word().is_float() && !k.word().float().is_nan()) {
        order.sort_by(|&i, &j| {
            keys[i].word().float().partial_cmp(&keys[j].word().float()).unwrap_or(Ordering::Equal)
        });
    } else if keys.iter().all(|k| k.is_kind(Kind::Str)) {
        order.sort_by(|&i, &j| keys[i].as_::<Str>().bytes().cmp(keys[j].as_::<Str>().bytes()));
    } else {
        return false;
    }
    true
}
