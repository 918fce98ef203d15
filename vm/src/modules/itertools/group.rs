//! `groupby` with its groups, and `tee`.

use super::{ITER, Slot, add_class, next_row, payload};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;
use std::cell::{Cell, RefCell};

pub fn add(vm: &mut Vm, module: &Value) {
    add_class::<GroupBy>(vm, module, &GROUPBY);
    add_class::<Grouper>(vm, module, &GROUPER);
    add_class::<Tee>(vm, module, &TEE);
    add_class::<TeeData>(vm, module, &TEE_DATA);
}

// ---- groupby

struct GroupBy {
    it: Value,
    /// None: the item itself.
    key: Value,
    /// Key of the group last answered; key and item last read.
    target: Slot,
    current_key: Slot,
    current: Slot,
    /// Number of the group that may go on.
    group: Cell<u64>,
}
payload!(GroupBy; slots: target, current_key, current; vecs: ; values: it, key);

struct Grouper {
    parent: Value,
    target: Value,
    group: u64,
}
payload!(Grouper; slots: ; vecs: ; values: parent, target);

static GROUPBY: ClassDef = ClassDef {
    name: "itertools.groupby",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let [iterable, key] = vm.bind_args("groupby", ["iterable", "key"], 0, 1, &a[1..], kw)?;
            let it = vm.get_iter(&iterable.unwrap_or(Value::NONE))?;
            let this = GroupBy {
                it,
                key: key.unwrap_or(Value::NONE),
                target: Slot::empty(),
                current_key: Slot::empty(),
                current: Slot::empty(),
                group: Cell::new(0),
            };
            Ok(vm.new_native(&a[0], this))
        }),
        ITER,
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let this = vm.self_::<GroupBy>(&a[0])?;
            // Whatever group there was ends here.
            this.group.set(this.group.get() + 1);
            loop {
                match (this.current_key.get(), this.target.get()) {
                    (None, _) => {}
                    (Some(_), None) => break,
                    (Some(current), Some(target)) => {
                        if !vm.equal(&target, &current)? {
                            break;
                        }
                    }
                }
                if !step(vm, this)? {
                    return vm.stop_iteration();
                }
            }
            let Some(key) = this.current_key.get() else { return vm.stop_iteration() };
            this.target.set(key.clone());
            let group = this.group.get();
            let grouper = new_grouper(vm, &a[0], &key, group);
            Ok(vm.tuple(vec![key, grouper]))
        }),
    ],
    doc: Some(
        "make an iterator that returns consecutive keys and groups from the iterable\n\n  iterable\n    \
         Elements to divide into groups according to the key function.\n  key\n    A function for computing \
         the group category for each element.\n    If the key function is not specified or is None, the \
         element itself\n    is used for grouping.",
    ),
    ..ClassDef::DEFAULT
};

fn new_grouper(vm: &mut Vm, parent: &Value, target: &Value, group: u64) -> Value {
    let class = vm.native_class::<Grouper>(&GROUPER);
    vm.new_native(&class, Grouper { parent: parent.clone(), target: target.clone(), group })
}

/// Reads the next item and its key; false at the end.
fn step(vm: &mut Vm, this: &GroupBy) -> R<bool> {
    let Some(v) = vm.next(&this.it)? else { return Ok(false) };
    let key =
        if this.key.is_none() { v.clone() } else { vm.call(&this.key, std::slice::from_ref(&v), Kw::NONE)? };
    this.current.set(v);
    this.current_key.set(key);
    Ok(true)
}

static GROUPER: ClassDef = ClassDef {
    name: "itertools._grouper",
    methods: &[
        BuiltinDef::new("__new__", 2, 2, |vm, a, _| {
            let Some(parent) = a[1].native::<GroupBy>() else {
                let message =
                    format!("_grouper() argument 1 must be itertools.groupby, not {}", vm.type_name(&a[1]));
                return vm.fail("TypeError", message);
            };
            parent.group.set(parent.group.get() + 1);
            let group = parent.group.get();
            Ok(new_grouper(vm, &a[1], &a[2], group))
        }),
        ITER,
        next_row!(Grouper, |vm: &mut Vm, this: &Grouper| {
            let Some(parent) = this.parent.native::<GroupBy>() else { return Ok(None) };
            if parent.group.get() != this.group {
                return Ok(None);
            }
            if parent.current.is_empty() && !step(vm, parent)? {
                return Ok(None);
            }
            let Some(key) = parent.current_key.get() else { return Ok(None) };
            if !vm.equal(&this.target, &key)? {
                return Ok(None);
            }
            R::Ok(parent.current.take())
        }),
    ],
    ..ClassDef::DEFAULT
};

// ---- tee

/// Items that one of the copies has read and others have yet to.
struct TeeData {
    it: Value,
    values: RefCell<Vec<Value>>,
    /// The data that follows when this is full.
    next: Slot,
    running: Cell<bool>,
}

/// Items in one piece of data.
const TEE_SIZE: usize = 57;

impl Payload for TeeData {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.it);
        self.values.borrow().iter().for_each(&mut *visit);
        self.next.visit(visit);
    }
    fn clear(&self) {
        drop(self.values.take());
        self.next.clear();
    }
}

impl Drop for TeeData {
    /// A long chain is freed piece by piece, not by recursion.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(v) = next {
            // SAFETY: `v` owns a reference, so the header is alive.
            let last = unsafe { (*v.word().header()).count() == 1 };
            next = if last { v.native::<TeeData>().and_then(|d| d.next.take()) } else { None };
        }
    }
}

static TEE_DATA: ClassDef = ClassDef {
    name: "itertools._tee_dataobject",
    methods: &[],
    doc: Some(
        "teedataobject(iterable, values, next, /)\n--\n\nData container common to multiple tee objects.",
    ),
    ..ClassDef::DEFAULT
};

struct Tee {
    data: Slot,
    index: Cell<usize>,
}
payload!(Tee; slots: data; vecs: ; values:; next: next_tee);

static TEE: ClassDef = ClassDef {
    name: "itertools._tee",
    flags: crate::types::native::WEAKREF,
    methods: &[
        BuiltinDef::new("__new__", 1, 1, |vm, a, _| new_tee(vm, &a[1])),
        ITER,
        next_row!(Tee),
        BuiltinDef::new("__copy__", 0, 0, |vm, a, _| copy_tee(vm, &a[0])),
    ],
    doc: Some("Iterator wrapped to make it copyable."),
    ..ClassDef::DEFAULT
};

fn new_data(vm: &mut Vm, it: Value) -> Value {
    let class = vm.native_class::<TeeData>(&TEE_DATA);
    let data = TeeData { it, values: RefCell::default(), next: Slot::empty(), running: Cell::new(false) };
    vm.new_native(&class, data)
}

fn tee_over(vm: &mut Vm, data: Option<Value>, index: usize) -> Value {
    let class = vm.native_class::<Tee>(&TEE);
    let data = data.map_or_else(Slot::empty, Slot::new);
    vm.new_native(&class, Tee { data, index: Cell::new(index) })
}

fn new_tee(vm: &mut Vm, iterable: &Value) -> R<Value> {
    let it = vm.get_iter(iterable)?;
    if it.native::<Tee>().is_some() {
        return copy_tee(vm, &it);
    }
    let data = new_data(vm, it);
    Ok(tee_over(vm, Some(data), 0))
}

fn copy_tee(vm: &mut Vm, v: &Value) -> R<Value> {
    let this = vm.self_::<Tee>(v)?;
    let (data, index) = (this.data.get(), this.index.get());
    Ok(tee_over(vm, data, index))
}

fn next_tee(vm: &mut Vm, this: &Tee) -> R<Option<Value>> {
    let Some(mut value) = this.data.get() else { return Ok(None) };
    let Some(mut data) = value.native::<TeeData>() else { return Ok(None) };
    if this.index.get() >= TEE_SIZE {
        let next = match data.next.get() {
            Some(next) => next,
            None => {
                let next = new_data(vm, data.it.clone());
                data.next.set(next.clone());
                next
            }
        };
        this.data.set(next.clone());
        this.index.set(0);
        value = next;
        match value.native::<TeeData>() {
            Some(d) => data = d,
            None => return Ok(None),
        }
    }
    let i = this.index.get();
    let known = data.values.borrow().get(i).cloned();
    let v = match known {
        Some(v) => v,
        None => {
            if data.running.replace(true) {
                return vm.fail("RuntimeError", "cannot re-enter the tee iterator");
            }
            let next = vm.next(&data.it);
            data.running.set(false);
            let Some(v) = next? else { return Ok(None) };
            data.values.borrow_mut().push(v.clone());
            v
        }
    };
    this.index.set(i + 1);
    Ok(Some(v))
}

/// `tee(iterable, n=2)`: what is a tee already is one of the copies itself.
pub fn tee(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let n = match args.get(1) {
        None => 2,
        Some(v) => match vm.int_argument(v)?.to_i64() {
            Some(n) if n >= 0 => n,
            Some(_) => return vm.fail("ValueError", "n must be >= 0"),
            None => return vm.fail("OverflowError", "Python int too large to convert to C ssize_t"),
        },
    };
    if n == 0 {
        return Ok(vm.tuple(vec![]));
    }
    let first = new_tee(vm, &args[0])?;
    let mut all = vm.new_vec(n as usize)?;
    all.push(first.clone());
    while all.len() < n as usize {
        let copy = copy_tee(vm, &first)?;
        all.push(copy);
    }
    Ok(vm.tuple(all))
}
