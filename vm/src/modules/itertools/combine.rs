//! The combinatoric iterators: `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps its pools and the indices of the last answer; `None` for indices: nothing answered yet.

use super::{ITER, add_class, next_row};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, NextFn, Payload};
use crate::types::native::{ClassDef, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;
use std::cell::{Cell, RefCell};

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<Product>(vm, module, &PRODUCT);
    add_class::<Permutations>(vm, module, &PERMUTATIONS);
    add_class::<Combinations>(vm, module, &COMBINATIONS);
    add_class::<Repeating>(vm, module, &REPEATING);
}

// ---- product

struct Product {
    pools: Vec<Vec<Value>>,
    indices: RefCell<Vec<usize>>,
    started: Cell<bool>,
    stopped: Cell<bool>,
    /// How often the pools are gone through.
    repeat: usize,
}

impl Payload for Product {
    const NEXT: Option<NextFn<Product>> = Some(|vm, this| Ok(next_product(vm, this)));
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.pools.iter().flatten().for_each(visit);
    }
    fn clear(&self) {}
}

static PRODUCT: ClassDef = ClassDef {
    name: "itertools.product",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new_product),
        ITER,
        next_row!(Product),
    ],
    doc: Some(
        "Cartesian product of input iterables.  Equivalent to nested for-loops.\n\nFor example, product(A, B) \
         returns the same as:  ((x,y) for x in A for y in B).\nThe leftmost iterators are in the outermost \
         for-loop, so the output tuples\ncycle in a manner similar to an odometer (with the rightmost \
         element changing\non every iteration).\n\nTo compute the product of an iterable with itself, specify \
         the number\nof repetitions with the optional repeat keyword argument. For example,\nproduct(A, \
         repeat=4) means the same as product(A, A, A, A).\n\nproduct('ab', range(3)) --> ('a',0) ('a',1) \
         ('a',2) ('b',0) ('b',1) ('b',2)\nproduct((0,1), (0,1), (0,1)) --> (0,0,0) (0,0,1) (0,1,0) (0,1,1) \
         (1,0,0) ...",
    ),
    ..ClassDef::DEFAULT
};

fn new_product(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    if let Some((name, _)) = kw.iter().find(|(name, _)| *name != "repeat") {
        return vm.fail("TypeError", format!("product() got an unexpected keyword argument '{name}'"));
    }
    let repeat = match kw.get("repeat") {
        None => 1,
        Some(v) => match vm.int_argument(v)?.to_i64() {
            Some(n) if n >= 0 => n as usize,
            Some(_) => return vm.fail("ValueError", "repeat argument cannot be negative"),
            None => return vm.fail("OverflowError", "Python int too large to convert to C ssize_t"),
        },
    };
    let mut pools = Vec::with_capacity(a.len() - 1);
    if repeat > 0 {
        for v in &a[1..] {
            pools.push(vm.to_vec(v)?);
        }
    }
    let n = match pools.len().checked_mul(repeat) {
        Some(n) if n <= isize::MAX as usize / 8 => n,
        _ => return vm.fail("OverflowError", "repeat argument too large"),
    };
    let mut indices = Vec::new();
    if indices.try_reserve_exact(n).is_err() {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    indices.resize(n, 0);
    let stopped = Cell::new(pools.iter().any(Vec::is_empty));
    let indices = RefCell::new(indices);
    Ok(vm.new_native(&a[0], Product { pools, indices, started: Cell::new(false), stopped, repeat }))
}

fn next_product(vm: &mut Vm, this: &Product) -> Option<Value> {
    if this.stopped.get() {
        return None;
    }
    let mut indices = this.indices.borrow_mut();
    let n = this.pools.len();
    debug_assert!(n == 0 || indices.len() == n * this.repeat);
    if this.started.replace(true) {
        let mut turned = true;
        for i in (0..indices.len()).rev() {
            indices[i] += 1;
            if indices[i] < this.pools[i % n].len() {
                turned = false;
                break;
            }
            indices[i] = 0;
        }
        if turned {
            this.stopped.set(true);
            return None;
        }
    }
    let items = indices.iter().enumerate().map(|(i, &at)| this.pools[i % n][at].clone()).collect();
    Some(vm.tuple(items))
}

// ---- combinations and permutations

struct Combinations {
    pool: Vec<Value>,
    indices: RefCell<Vec<usize>>,
    started: Cell<bool>,
    stopped: Cell<bool>,
}
/// `combinations_with_replacement`.
struct Repeating(Combinations);

impl Payload for Combinations {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.pool.iter().for_each(visit);
    }
    fn clear(&self) {}
}
impl Payload for Repeating {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit);
    }
    fn clear(&self) {}
}

/// The pool and r of a constructor's arguments.
fn pool_and_r(vm: &mut Vm, name: &str, a: &[Value], kw: Kw) -> R<(Vec<Value>, usize)> {
    let [iterable, r] = vm.bind_args(name, ["iterable", "r"], 0, 2, &a[1..], kw)?;
    let r = vm.int_argument(&r.unwrap_or(Value::NONE))?;
    let pool = vm.to_vec(&iterable.unwrap_or(Value::NONE))?;
    match r.to_i64() {
        Some(r) if r >= 0 => Ok((pool, r as usize)),
        Some(_) => vm.fail("ValueError", "r must be non-negative"),
        None => vm.fail("OverflowError", "Python int too large to convert to C ssize_t"),
    }
}

static COMBINATIONS: ClassDef = ClassDef {
    name: "itertools.combinations",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let (pool, r) = pool_and_r(vm, "combinations", a, kw)?;
            let stopped = Cell::new(r > pool.len());
            let indices = RefCell::new(if r > pool.len() { vec![] } else { (0..r).collect() });
            Ok(vm.new_native(&a[0], Combinations { pool, indices, started: Cell::new(false), stopped }))
        }),
        ITER,
        next_row!(Combinations, |vm: &mut Vm, this: &Combinations| {
            let n = this.pool.len();
            R::Ok(next_combination(vm, this, |indices| {
                let r = indices.len();
                // The rightmost index that is not at its end.
                let Some(i) = (0..r).rev().find(|&i| indices[i] != i + n - r) else { return false };
                indices[i] += 1;
                for j in i + 1..r {
                    indices[j] = indices[j - 1] + 1;
                }
                true
            }))
        }),
    ],
    doc: Some(
        "Return successive r-length combinations of elements in the iterable.\n\ncombinations(range(4), 3) --> \
         (0,1,2), (0,1,3), (0,2,3), (1,2,3)",
    ),
    ..ClassDef::DEFAULT
};

static REPEATING: ClassDef = ClassDef {
    name: "itertools.combinations_with_replacement",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let (pool, r) = pool_and_r(vm, "combinations_with_replacement", a, kw)?;
            let stopped = Cell::new(pool.is_empty() && r > 0);
            let mut indices = Vec::new();
            if !stopped.get() {
                if indices.try_reserve_exact(r).is_err() {
                    return Err(vm.raise_type("MemoryError", vec![]));
                }
                indices.resize(r, 0);
            }
            let indices = RefCell::new(indices);
            let inner = Combinations { pool, indices, started: Cell::new(false), stopped };
            Ok(vm.new_native(&a[0], Repeating(inner)))
        }),
        ITER,
        next_row!(Repeating, |vm: &mut Vm, this: &Repeating| {
            let last = this.0.pool.len().wrapping_sub(1);
            R::Ok(next_combination(vm, &this.0, |indices| {
                let Some(i) = indices.iter().rposition(|&at| at != last) else { return false };
                let next = indices[i] + 1;
                indices[i..].fill(next);
                true
            }))
        }),
    ],
    doc: Some(
        "Return successive r-length combinations of elements in the iterable allowing individual elements to \
         have successive repeats.\n\ncombinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), \
         ('A','C'), ('B','B'), ('B','C'), ('C','C')",
    ),
    ..ClassDef::DEFAULT
};

/// The next answer: `advance` moves the indices on, or says that there are no more.
fn next_combination(
    vm: &mut Vm,
    this: &Combinations,
    advance: impl FnOnce(&mut [usize]) -> bool,
) -> Option<Value> {
    if this.stopped.get() {
        return None;
    }
    let mut indices = this.indices.borrow_mut();
    if this.started.replace(true) && !advance(&mut indices) {
        this.stopped.set(true);
        return None;
    }
    let items = indices.iter().map(|&i| this.pool[i].clone()).collect();
    Some(vm.tuple(items))
}

struct Permutations {
    pool: Vec<Value>,
    r: usize,
    /// All of the pool's indices (the first r are the answer), and how often each place may still turn.
    state: RefCell<(Vec<usize>, Vec<usize>)>,
    started: Cell<bool>,
    stopped: Cell<bool>,
}

impl Payload for Permutations {
    const NEXT: Option<NextFn<Permutations>> = Some(|vm, this| Ok(next_permutation(vm, this)));
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.pool.iter().for_each(visit);
    }
    fn clear(&self) {}
}

static PERMUTATIONS: ClassDef = ClassDef {
    name: "itertools.permutations",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [iterable, r] = vm.bind_args("permutations", ["iterable", "r"], 0, 1, &a[1..], kw)?;
            let pool = vm.to_vec(&iterable.unwrap_or(Value::NONE))?;
            let n = pool.len();
            let r = match r.filter(|r| !r.is_none()) {
                None => n,
                Some(v) => {
                    if crate::types::number::Num::int_of(&v).is_none() {
                        return vm.fail("TypeError", "Expected int as r");
                    }
                    match vm.int_argument(&v)?.to_i64() {
                        Some(r) if r >= 0 => r as usize,
                        Some(_) => return vm.fail("ValueError", "r must be non-negative"),
                        None => {
                            let message = "Python int too large to convert to C ssize_t";
                            return vm.fail("OverflowError", message);
                        }
                    }
                }
            };
            let stopped = Cell::new(r > n);
            let cycles = if r > n { vec![] } else { (0..r).map(|i| n - i).collect() };
            let state = RefCell::new(((0..n).collect(), cycles));
            Ok(vm.new_native(&a[0], Permutations { pool, r, state, started: Cell::new(false), stopped }))
        }),
        ITER,
        next_row!(Permutations),
    ],
    doc: Some(
        "Return successive r-length permutations of elements in the iterable.\n\npermutations(range(3), 2) --> \
         (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)",
    ),
    ..ClassDef::DEFAULT
};

fn next_permutation(vm: &mut Vm, this: &Permutations) -> Option<Value> {
    if this.stopped.get() {
        return None;
    }
    let mut state = this.state.borrow_mut();
    let (indices, cycles) = &mut *state;
    if this.started.replace(true) {
        let n = indices.len();
        let mut turned = true;
        for i in (0..this.r).rev() {
            cycles[i] -= 1;
            if cycles[i] > 0 {
                indices.swap(i, n - cycles[i]);
                turned = false;
                break;
            }
            indices[i..].rotate_left(1);
            cycles[i] = n - i;
        }
        if turned {
            this.stopped.set(true);
            return None;
        }
    }
    let items = indices[..this.r].iter().map(|&i| this.pool[i].clone()).collect();
    Some(vm.tuple(items))
}
