//! Sorting: `list.sort` and `sorted`.
//!
//! A stable merge sort over natural runs (the scheme of timsort: runs that ascend or strictly descend, short
//! ones filled up by binary insertion, merged so that the runs' lengths stay balanced; before a merge, what is
//! in place already at both ends is found by binary search). Only positions are moved, the items stay where
//! they are until the end, so that a comparison may fail or do anything. The standard library's sort is no
//! use for comparisons by Python: they can fail, and need not be consistent, at which it would panic.

use crate::error::{Exc, R};
use crate::object::{Kind, Kw, Str};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;
use std::cmp::Ordering;

/// Runs are at least half of this long.
const MIN_RUN: usize = 64;

impl Vm {
    /// Sorts stably, by the keywords `key` and `reverse`. On failure the items come back as they were.
    pub(crate) fn sort(&mut self, mut items: Vec<Value>, kw: Kw, who: &str) -> (Vec<Value>, R) {
        if kw.is_empty() && self.sort_themselves(&mut items) {
            return (items, Ok(()));
        }
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
                    all.push(self.call_with(f, v)?);
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
        if !self.sort_plain(&mut order, keys) {
            Sorter { vm: self, keys, runs: vec![] }.sort(&mut order)?;
        }
        if reverse {
            order.reverse();
        }
        Ok(order)
    }
    /// Sorts items that are all small ints or all strs. False: they are not.
    fn sort_themselves(&mut self, items: &mut [Value]) -> bool {
        let Some(first) = items.first() else { return true };
        if first.word().is_int() {
            let plain = items.iter().all(|v| v.word().is_int());
            if plain {
                items.sort_by_key(|v| v.word().int());
            }
            return plain;
        }
        let plain = items.iter().all(|v| v.word().is_plain(Kind::Str));
        if plain {
            items.sort_by(|a, b| a.as_::<Str>().bytes().cmp(b.as_::<Str>().bytes()));
        }
        plain
    }
    /// Sorts keys that are all small ints, all floats (no NaN) or all strs. False: they are not.
    fn sort_plain(&mut self, order: &mut [usize], keys: &[Value]) -> bool {
        let Some(first) = keys.first() else { return true };
        if first.word().is_int() {
            if !keys.iter().all(|k| k.word().is_int()) {
                return false;
            }
            order.sort_by_key(|&i| keys[i].word().int());
        } else if first.word().is_float() {
            if !keys.iter().all(|k| k.word().is_float() && !k.word().float().is_nan()) {
                return false;
            }
            let at = |i: usize| keys[i].word().float();
            order.sort_by(|&i, &j| at(i).partial_cmp(&at(j)).unwrap_or(Ordering::Equal));
        } else if first.get::<Str>().is_some() {
            if !keys.iter().all(|k| self.type_of(k).is(&self.types.str)) {
                return false;
            }
            order.sort_by(|&i, &j| keys[i].as_::<Str>().bytes().cmp(keys[j].as_::<Str>().bytes()));
        } else {
            return false;
        }
        true
    }
}

struct Sorter<'a> {
    vm: &'a mut Vm,
    keys: &'a [Value],
    /// Sorted runs, from left to right: (start, length).
    runs: Vec<(usize, usize)>,
}

impl Sorter<'_> {
    /// Does item `i` come before item `j`?
    fn less(&mut self, i: usize, j: usize) -> R<bool> {
        self.vm.compare_bool(CmpOp::Lt, &self.keys[i], &self.keys[j])
    }

    fn sort(&mut self, order: &mut [usize]) -> R {
        let n = order.len();
        let shortest = shortest_run(n);
        let mut at = 0;
        while at < n {
            let mut len = self.run_at(&mut order[at..])?;
            if len < shortest {
                let to = shortest.min(n - at);
                self.insert(&mut order[at..at + to], len)?;
                len = to;
            }
            self.runs.push((at, len));
            at += len;
            self.balance(order)?;
        }
        while self.runs.len() > 1 {
            let last = self.runs.len() - 2;
            self.merge_at(order, last)?;
        }
        Ok(())
    }
    /// Length of the run at the beginning; one that descends is turned round.
    fn run_at(&mut self, a: &mut [usize]) -> R<usize> {
        if a.len() < 2 {
            return Ok(a.len());
        }
        let descends = self.less(a[1], a[0])?;
        let mut n = 2;
        while n < a.len() && self.less(a[n], a[n - 1])? == descends {
            n += 1;
        }
        if descends {
            a[..n].reverse();
        }
        Ok(n)
    }
    /// Sorts `a`, whose first `sorted` items are.
    fn insert(&mut self, a: &mut [usize], sorted: usize) -> R {
        for i in sorted..a.len() {
            let at = self.upper(&a[..i], a[i])?;
            a[at..=i].rotate_right(1);
        }
        Ok(())
    }
    /// How many of `a` do not come after item `x`.
    fn upper(&mut self, a: &[usize], x: usize) -> R<usize> {
        let (mut low, mut high) = (0, a.len());
        while low < high {
            let mid = (low + high) / 2;
            if self.less(x, a[mid])? { high = mid } else { low = mid + 1 }
        }
        Ok(low)
    }
    /// How many of `a` come before item `x`.
    fn lower(&mut self, a: &[usize], x: usize) -> R<usize> {
        let (mut low, mut high) = (0, a.len());
        while low < high {
            let mid = (low + high) / 2;
            if self.less(a[mid], x)? { low = mid + 1 } else { high = mid }
        }
        Ok(low)
    }
    /// Merges until each run is longer than the two behind it together.
    fn balance(&mut self, order: &mut [usize]) -> R {
        while self.runs.len() > 1 {
            let n = self.runs.len();
            let len = |k: usize| self.runs[n - k].1;
            let crowded = n > 2 && len(3) <= len(2) + len(1) || n > 3 && len(4) <= len(3) + len(2);
            let at = match () {
                _ if crowded && len(3) < len(1) => n - 3,
                _ if crowded || len(2) <= len(1) => n - 2,
                _ => return Ok(()),
            };
            self.merge_at(order, at)?;
        }
        Ok(())
    }
    fn merge_at(&mut self, order: &mut [usize], at: usize) -> R {
        let ((start, n), (_, m)) = (self.runs[at], self.runs[at + 1]);
        self.runs[at].1 = n + m;
        self.runs.remove(at + 1);
        let (a, b) = order[start..start + n + m].split_at(n);
        // In place already: the beginning of `a` and the end of `b`.
        let from = self.upper(a, b[0])?;
        if from == n {
            return Ok(());
        }
        let to = self.lower(b, a[n - 1])?;
        let (a, b) = (a[from..].to_vec(), b[..to].to_vec());
        let mut merged = Vec::with_capacity(a.len() + b.len());
        let (mut i, mut j) = (0, 0);
        while i < a.len() && j < b.len() {
            if self.less(b[j], a[i])? {
                merged.push(b[j]);
                j += 1;
            } else {
                merged.push(a[i]);
                i += 1;
            }
        }
        merged.extend_from_slice(&a[i..]);
        merged.extend_from_slice(&b[j..]);
        order[start + from..start + n + to].copy_from_slice(&merged);
        Ok(())
    }
}

/// A number of 32 to 64 such that `n` over it is a power of two or a little less.
fn shortest_run(mut n: usize) -> usize {
    let mut odd = 0;
    while n >= MIN_RUN {
        odd |= n & 1;
        n >>= 1;
    }
    n + odd
}
