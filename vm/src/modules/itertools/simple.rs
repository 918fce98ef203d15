//! Iterators over one iterator: `accumulate`, `compress`, `cycle`, `dropwhile`, `filterfalse`, `islice`,
//! `pairwise`, `batched`, `starmap`, `takewhile`; and those over none: `count`, `repeat`.

use super::{ITER, Slot, add_class, next_row, payload};
use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::op::BinOp;
use crate::types::native::{ClassDef, SUBCLASS};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;
use std::cell::{Cell, RefCell};

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<Accumulate>(vm, module, &ACCUMULATE);
    add_class::<Batched>(vm, module, &BATCHED);
    add_class::<Compress>(vm, module, &COMPRESS);
    add_class::<Count>(vm, module, &COUNT);
    add_class::<Cycle>(vm, module, &CYCLE);
    add_class::<DropWhile>(vm, module, &DROPWHILE);
    add_class::<FilterFalse>(vm, module, &FILTERFALSE);
    add_class::<Islice>(vm, module, &ISLICE);
    add_class::<Pairwise>(vm, module, &PAIRWISE);
    add_class::<Repeat>(vm, module, &REPEAT);
    add_class::<Starmap>(vm, module, &STARMAP);
    add_class::<TakeWhile>(vm, module, &TAKEWHILE);
}

/// Calls with one argument.
fn call1(vm: &mut Vm, f: &Value, v: &Value) -> R<Value> {
    vm.call(f, std::slice::from_ref(v), Kw::NONE)
}

// ---- accumulate

struct Accumulate {
    it: Value,
    /// None: addition.
    func: Value,
    /// The given first total, until it is answered.
    initial: Slot,
    total: Slot,
}
payload!(Accumulate; slots: initial, total; vecs: ; values: it, func; next: next_accumulate);

static ACCUMULATE: ClassDef = ClassDef {
    name: "itertools.accumulate",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let names = ["iterable", "func", "initial"];
            if a.len() > 3 {
                let message =
                    format!("accumulate() takes at most 2 positional arguments ({} given)", a.len() - 1);
                return vm.fail("TypeError", message);
            }
            let [iterable, func, initial] = vm.bind_args("accumulate", names, 0, 1, &a[1..], kw)?;
            let it = vm.get_iter(&iterable.unwrap_or(Value::NONE))?;
            let initial = match initial.filter(|v| !v.is_none()) {
                Some(v) => Slot::new(v),
                None => Slot::empty(),
            };
            let func = func.unwrap_or(Value::NONE);
            Ok(vm.new_native(&a[0], Accumulate { it, func, initial, total: Slot::empty() }))
        }),
        ITER,
        next_row!(Accumulate),
    ],
    doc: Some("Return series of accumulated sums (or other binary function results)."),
    ..ClassDef::DEFAULT
};

fn next_accumulate(vm: &mut Vm, this: &Accumulate) -> R<Option<Value>> {
    if let Some(first) = this.initial.take() {
        this.total.set(first.clone());
        return Ok(Some(first));
    }
    let Some(v) = vm.next(&this.it)? else { return Ok(None) };
    let total = match this.total.get() {
        None => v,
        Some(t) if this.func.is_none() => vm.binary_op(BinOp::Add, false, &t, &v)?,
        Some(t) => vm.call(&this.func, &[t, v], Kw::NONE)?,
    };
    this.total.set(total.clone());
    Ok(Some(total))
}

// ---- batched

struct Batched {
    it: Slot,
    size: usize,
    strict: bool,
}
payload!(Batched; slots: it; vecs: ; values:; next: next_batched);

static BATCHED: ClassDef = ClassDef {
    name: "itertools.batched",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            if a.len() > 3 {
                let message =
                    format!("batched() takes at most 2 positional arguments ({} given)", a.len() - 1);
                return vm.fail("TypeError", message);
            }
            let names = ["iterable", "n", "strict"];
            let [iterable, n, strict] = vm.bind_args("batched", names, 0, 2, &a[1..], kw)?;
            let n = n.unwrap_or(Value::NONE);
            let n = vm.int_argument(&n)?;
            let Some(n) = n.to_i64() else {
                return vm.fail("OverflowError", "Python int too large to convert to C ssize_t");
            };
            let strict = match strict {
                Some(v) => vm.truthy(&v)?,
                None => false,
            };
            if n < 1 {
                return vm.fail("ValueError", "n must be at least one");
            }
            let it = vm.get_iter(&iterable.unwrap_or(Value::NONE))?;
            Ok(vm.new_native(&a[0], Batched { it: Slot::new(it), size: n as usize, strict }))
        }),
        ITER,
        next_row!(Batched),
    ],
    doc: Some(
        "Batch data into tuples of length n. The last batch may be shorter than n.\n\nLoops over the input \
         iterable and accumulates data into tuples\nup to size n.  The input is consumed lazily, just enough \
         to\nfill a batch.  The result is yielded as soon as a batch is full\nor when the input iterable is \
         exhausted.\n\n    >>> for batch in batched('ABCDEFG', 3):\n    ...     print(batch)\n    ...\n    \
         ('A', 'B', 'C')\n    ('D', 'E', 'F')\n    ('G',)\n\nIf \"strict\" is True, raises a ValueError if \
         the final batch is shorter\nthan n.",
    ),
    ..ClassDef::DEFAULT
};

fn next_batched(vm: &mut Vm, this: &Batched) -> R<Option<Value>> {
    let Some(it) = this.it.get() else { return Ok(None) };
    // A huge size is no reason to ask for as much memory.
    let mut items = Vec::with_capacity(this.size.min(64));
    while items.len() < this.size {
        match vm.next(&it) {
            Ok(Some(v)) => items.push(v),
            Ok(None) => {
                this.it.clear();
                if items.is_empty() {
                    return Ok(None);
                }
                if this.strict {
                    return vm.fail("ValueError", "batched(): incomplete batch");
                }
                break;
            }
            Err(e) => {
                this.it.clear();
                return Err(e);
            }
        }
    }
    Ok(Some(vm.tuple(items)))
}

// ---- compress

struct Compress {
    data: Value,
    selectors: Value,
}
payload!(Compress; slots: ; vecs: ; values: data, selectors);

static COMPRESS: ClassDef = ClassDef {
    name: "itertools.compress",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [data, selectors] = vm.bind_args("compress", ["data", "selectors"], 0, 2, &a[1..], kw)?;
            let data = vm.get_iter(&data.unwrap_or(Value::NONE))?;
            let selectors = vm.get_iter(&selectors.unwrap_or(Value::NONE))?;
            Ok(vm.new_native(&a[0], Compress { data, selectors }))
        }),
        ITER,
        next_row!(Compress, |vm: &mut Vm, this: &Compress| {
            loop {
                let Some(v) = vm.next(&this.data)? else { return Ok(None) };
                let Some(s) = vm.next(&this.selectors)? else { return Ok(None) };
                if vm.truthy(&s)? {
                    return R::Ok(Some(v));
                }
            }
        }),
    ],
    doc: Some(
        "Return data elements corresponding to true selector elements.\n\nForms a shorter iterator from \
         selected data elements using the selectors to\nchoose the data elements.",
    ),
    ..ClassDef::DEFAULT
};

// ---- count

struct Count {
    /// While both fit: the next value and the step.
    small: Cell<Option<(i64, i64)>>,
    next: Slot,
    step: Slot,
}
payload!(Count; slots: next, step; vecs: ; values:; next: next_count);

static COUNT: ClassDef = ClassDef {
    name: "itertools.count",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [start, step] = vm.bind_args("count", ["start", "step"], 0, 0, &a[1..], kw)?;
            let (start, step) = (start.unwrap_or(Value::small(0)), step.unwrap_or(Value::small(1)));
            for v in [&start, &step] {
                if Num::of(v).is_none() && !is_number(vm, v) {
                    return vm.fail("TypeError", "a number is required");
                }
            }
            let this = if start.word().is_int() && step.word().is_int() {
                Count {
                    small: Cell::new(Some((start.word().int(), step.word().int()))),
                    next: Slot::empty(),
                    step: Slot::empty(),
                }
            } else {
                Count { small: Cell::new(None), next: Slot::new(start), step: Slot::new(step) }
            };
            Ok(vm.new_native(&a[0], this))
        }),
        ITER,
        next_row!(Count),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<Count>(&a[0])?;
            let name = short_name(vm, &a[0]);
            let (next, step) = match this.small.get() {
                Some((next, step)) => (vm.int(next), vm.int(step)),
                None => (this.next.get().unwrap_or(Value::NONE), this.step.get().unwrap_or(Value::NONE)),
            };
            let one = step.word().is_int() && step.word().int() == 1;
            let mut text = format!("{name}({}", vm.repr_string(&next)?);
            if !one {
                text.push_str(", ");
                text.push_str(&vm.repr_string(&step)?);
            }
            text.push(')');
            Ok(vm.string(text))
        }),
    ],
    doc: Some(
        "Return a count object whose .__next__() method returns consecutive values.\n\nEquivalent to:\n    \
         def count(firstval=0, step=1):\n        x = firstval\n        while 1:\n            yield x\n        \
         \u{20}   x += step",
    ),
    ..ClassDef::DEFAULT
};

fn is_number(vm: &mut Vm, v: &Value) -> bool {
    ["__float__", "__index__", "__int__", "__complex__"].into_iter().any(|name| vm.has_dunder(v, name))
}

/// The class name after the last dot.
pub(super) fn short_name(vm: &mut Vm, v: &Value) -> String {
    let name = vm.type_name(v);
    name.rsplit('.').next().unwrap_or_default().to_owned()
}

fn next_count(vm: &mut Vm, this: &Count) -> R<Option<Value>> {
    if let Some((next, step)) = this.small.get() {
        let v = vm.int(next);
        match next.checked_add(step) {
            Some(n) => this.small.set(Some((n, step))),
            None => {
                let step = vm.int(step);
                let next = vm.binary_op(BinOp::Add, false, &v, &step)?;
                this.small.set(None);
                this.next.set(next);
                this.step.set(step);
            }
        }
        return Ok(Some(v));
    }
    let (Some(v), Some(step)) = (this.next.get(), this.step.get()) else { return Ok(None) };
    let next = vm.binary_op(BinOp::Add, false, &v, &step)?;
    this.next.set(next);
    Ok(Some(v))
}

// ---- cycle

struct Cycle {
    it: Slot,
    saved: RefCell<Vec<Value>>,
    index: Cell<usize>,
}
payload!(Cycle; slots: it; vecs: saved; values: ; next: next_cycle);

fn next_cycle(vm: &mut Vm, this: &Cycle) -> R<Option<Value>> {
            if let Some(it) = this.it.get() {
                if let Some(v) = vm.next(&it)? {
                    this.saved.borrow_mut().push(v.clone());
                    return Ok(Some(v));
                }
                this.it.clear();
            }
            let saved = this.saved.borrow();
            let i = this.index.get();
            let Some(v) = saved.get(i) else { return Ok(None) };
            this.index.set(if i + 1 == saved.len() { 0 } else { i + 1 });
            Ok(Some(v.clone()))
}

static CYCLE: ClassDef = ClassDef {
    name: "itertools.cycle",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 1, 1, |vm, a, kw| {
            vm.no_keywords::<Cycle>(&a[0], "cycle", kw)?;
            let it = Slot::new(vm.get_iter(&a[1])?);
            Ok(vm.new_native(&a[0], Cycle { it, saved: RefCell::default(), index: Cell::new(0) }))
        }),
        ITER,
        next_row!(Cycle),
    ],
    doc: Some(
        "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.",
    ),
    ..ClassDef::DEFAULT
};

// ---- dropwhile, takewhile, filterfalse, starmap

/// A function and an iterator: `f` of the class `$name`, with `flag` for where it stands.
macro_rules! function_and_iterator {
    ($t:ident, $def:ident, $name:literal, $next:ident, $doc:expr) => {
        struct $t {
            func: Value,
            it: Value,
            /// Some have no use for it.
            #[allow(dead_code)]
            flag: Cell<bool>,
        }
        payload!($t; slots: ; vecs: ; values: func, it; next: $next);

        static $def: ClassDef = ClassDef {
            name: concat!("itertools.", $name),
            flags: SUBCLASS,
            methods: &[
                BuiltinDef::kw("__new__", 2, 2, |vm, a, kw| {
                    vm.no_keywords::<$t>(&a[0], $name, kw)?;
                    let it = vm.get_iter(&a[2])?;
                    Ok(vm.new_native(&a[0], $t { func: a[1].clone(), it, flag: Cell::new(false) }))
                }),
                ITER,
                next_row!($t),
            ],
            doc: Some($doc),
            ..ClassDef::DEFAULT
        };
    };
}

function_and_iterator!(
    DropWhile,
    DROPWHILE,
    "dropwhile",
    next_drop_while,
    "Drop items from the iterable while predicate(item) is true.\n\nAfterwards, return every element until \
     the iterable is exhausted."
);
function_and_iterator!(
    TakeWhile,
    TAKEWHILE,
    "takewhile",
    next_take_while,
    "Return successive entries from an iterable as long as the predicate evaluates to true for each entry."
);
function_and_iterator!(
    FilterFalse,
    FILTERFALSE,
    "filterfalse",
    next_filter_false,
    "Return those items of iterable for which function(item) is false.\n\nIf function is None, return the \
     items that are false."
);
function_and_iterator!(
    Starmap,
    STARMAP,
    "starmap",
    next_starmap,
    "Return an iterator whose values are returned from the function evaluated with an argument tuple taken \
     from the given sequence."
);

fn next_drop_while(vm: &mut Vm, this: &DropWhile) -> R<Option<Value>> {
    loop {
        let Some(v) = vm.next(&this.it)? else { return Ok(None) };
        if this.flag.get() {
            return Ok(Some(v));
        }
        let r = call1(vm, &this.func, &v)?;
        if !vm.truthy(&r)? {
            this.flag.set(true);
            return Ok(Some(v));
        }
    }
}

fn next_take_while(vm: &mut Vm, this: &TakeWhile) -> R<Option<Value>> {
    if this.flag.get() {
        return Ok(None);
    }
    let Some(v) = vm.next(&this.it)? else { return Ok(None) };
    let r = call1(vm, &this.func, &v)?;
    if vm.truthy(&r)? {
        return Ok(Some(v));
    }
    this.flag.set(true);
    Ok(None)
}

fn next_filter_false(vm: &mut Vm, this: &FilterFalse) -> R<Option<Value>> {
    while let Some(v) = vm.next(&this.it)? {
        let found = if this.func.is_none() || this.func.is(&vm.types.bool) {
            vm.truthy(&v)?
        } else {
            let r = call1(vm, &this.func, &v)?;
            vm.truthy(&r)?
        };
        if !found {
            return Ok(Some(v));
        }
    }
    Ok(None)
}

fn next_starmap(vm: &mut Vm, this: &Starmap) -> R<Option<Value>> {
    let Some(v) = vm.next(&this.it)? else { return Ok(None) };
    if let Some(t) = v.get::<crate::object::Tuple>() {
        return vm.call(&this.func, t.as_slice(), Kw::NONE).map(Some);
    }
    let args = vm.to_vec(&v)?;
    vm.call(&this.func, &args, Kw::NONE).map(Some)
}

// ---- islice

struct Islice {
    it: Slot,
    /// Index of the next item to answer, and how many items have been taken.
    next: Cell<i64>,
    taken: Cell<i64>,
    /// -1: none.
    stop: i64,
    step: i64,
}
payload!(Islice; slots: it; vecs: ; values:; next: next_islice);

static ISLICE: ClassDef = ClassDef {
    name: "itertools.islice",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 2, 4, |vm, a, kw| {
            vm.no_keywords::<Islice>(&a[0], "islice", kw)?;
            let mut bound = |v: &Value, absent: i64, message: &str| {
                if v.is_none() {
                    return Ok(absent);
                }
                match vm.int_argument(v).map(|n| n.to_i64()) {
                    Ok(Some(n)) if n >= 0 => Ok(n),
                    other => {
                        if other.is_err() {
                            drop(vm.take_pending());
                        }
                        vm.fail("ValueError", message)
                    }
                }
            };
            let indices = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
            let (start, stop) = if a.len() == 3 {
                let message = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
                (0, bound(&a[2], -1, message)?)
            } else {
                let stop = bound(
                    &a[3],
                    -1,
                    "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
                )?;
                (bound(&a[2], 0, indices)?, stop)
            };
            let step = match a.get(4) {
                Some(v) => bound(v, 1, "Step for islice() must be a positive integer or None.")?,
                None => 1,
            };
            if step < 1 {
                return vm.fail("ValueError", "Step for islice() must be a positive integer or None.");
            }
            let it = Slot::new(vm.get_iter(&a[1])?);
            Ok(vm.new_native(&a[0], Islice { it, next: Cell::new(start), taken: Cell::new(0), stop, step }))
        }),
        ITER,
        next_row!(Islice),
    ],
    doc: Some(
        "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice \
         object\n\nReturn an iterator whose next() method returns selected values from an\niterable.  If \
         start is specified, will skip all preceding elements;\notherwise, start defaults to zero.  Step \
         defaults to one.  If\nspecified as another value, step determines how many values are\nskipped \
         between successive calls.  Works like a slice() on a list\nbut returns an iterator.",
    ),
    ..ClassDef::DEFAULT
};

fn next_islice(vm: &mut Vm, this: &Islice) -> R<Option<Value>> {
    let Some(it) = this.it.get() else { return Ok(None) };
    while this.taken.get() < this.next.get() {
        if vm.next(&it)?.is_none() {
            this.it.clear();
            return Ok(None);
        }
        this.taken.set(this.taken.get() + 1);
    }
    if this.stop != -1 && this.taken.get() >= this.stop {
        this.it.clear();
        return Ok(None);
    }
    let Some(v) = vm.next(&it)? else {
        this.it.clear();
        return Ok(None);
    };
    this.taken.set(this.taken.get() + 1);
    let limit = if this.stop == -1 { i64::MAX } else { this.stop };
    this.next.set(this.next.get().saturating_add(this.step).min(limit));
    Ok(Some(v))
}

// ---- pairwise

struct Pairwise {
    it: Slot,
    old: Slot,
}
payload!(Pairwise; slots: it, old; vecs: ; values:; next: next_pairwise);

static PAIRWISE: ClassDef = ClassDef {
    name: "itertools.pairwise",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 1, 1, |vm, a, kw| {
            vm.no_keywords::<Pairwise>(&a[0], "pairwise", kw)?;
            let it = Slot::new(vm.get_iter(&a[1])?);
            Ok(vm.new_native(&a[0], Pairwise { it, old: Slot::empty() }))
        }),
        ITER,
        next_row!(Pairwise),
    ],
    doc: Some(
        "Return an iterator of overlapping pairs taken from the input iterator.\n\n    s -> (s0,s1), (s1,s2), \
         (s2, s3), ...",
    ),
    ..ClassDef::DEFAULT
};

fn next_pairwise(vm: &mut Vm, this: &Pairwise) -> R<Option<Value>> {
    let Some(mut it) = this.it.get() else {
        this.old.clear();
        return Ok(None);
    };
    let old = match this.old.get() {
        Some(old) => old,
        None => {
            let first = vm.next(&it);
            let Ok(Some(first)) = first else {
                this.it.clear();
                return first;
            };
            this.old.set(first.clone());
            // The iterator may have asked this one, to its end.
            match this.it.get() {
                Some(now) => it = now,
                None => {
                    this.old.clear();
                    return Ok(None);
                }
            }
            first
        }
    };
    let next = vm.next(&it);
    let Ok(Some(new)) = next else {
        this.it.clear();
        this.old.clear();
        return next;
    };
    this.old.set(new.clone());
    Ok(Some(vm.tuple(vec![old, new])))
}

// ---- repeat

struct Repeat {
    item: Value,
    /// -1: for ever.
    left: Cell<i64>,
}
payload!(Repeat; slots: ; vecs: ; values: item; next: next_repeat);

fn next_repeat(_: &mut Vm, this: &Repeat) -> R<Option<Value>> {
            match this.left.get() {
                0 => return Ok(None),
                n if n > 0 => this.left.set(n - 1),
                _ => {}
            }
            Ok(Some(this.item.clone()))
}

static REPEAT: ClassDef = ClassDef {
    name: "itertools.repeat",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [item, times] = vm.bind_args("repeat", ["object", "times"], 0, 1, &a[1..], kw)?;
            let left = match times {
                Some(v) => match vm.int_argument(&v)?.to_i64() {
                    Some(n) => n.max(0),
                    None => {
                        return vm.fail("OverflowError", "Python int too large to convert to C ssize_t");
                    }
                },
                None => -1,
            };
            let item = item.unwrap_or(Value::NONE);
            Ok(vm.new_native(&a[0], Repeat { item, left: Cell::new(left) }))
        }),
        ITER,
        next_row!(Repeat),
        BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| match vm.self_::<Repeat>(&a[0])?.left.get() {
            -1 => vm.fail("TypeError", "len() of unsized object"),
            n => Ok(vm.int(n)),
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let this = vm.self_::<Repeat>(&a[0])?;
            let name = short_name(vm, &a[0]);
            let item = vm.repr_string(&this.item)?;
            let text = match this.left.get() {
                -1 => format!("{name}({item})"),
                n => format!("{name}({item}, {n})"),
            };
            Ok(vm.string(text))
        }),
    ],
    doc: Some(
        "repeat(object [,times]) -> create an iterator which returns the object\nfor the specified number of \
         times.  If not specified, returns the object\nendlessly.",
    ),
    ..ClassDef::DEFAULT
};
