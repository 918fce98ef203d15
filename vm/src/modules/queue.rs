//! Module `_queue`: `SimpleQueue`.

use super::thread::RawLock;
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An unbounded queue. Each waiting `get` has a lock of its own, held until something is put.
struct SimpleQueue {
    items: RefCell<VecDeque<Value>>,
    waiting: RefCell<VecDeque<Arc<RawLock>>>,
}
impl Payload for SimpleQueue {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.items.borrow().iter().for_each(visit);
    }
    fn clear(&self) {
        let old = std::mem::take(&mut *self.items.borrow_mut());
        drop(old);
    }
}

static QUEUE: ClassDef = ClassDef {
    name: "_queue.SimpleQueue",
    flags: SUBCLASS.union(WEAKREF),
    methods: &[
        BuiltinDef::new("__new__", 0, 0, |vm, a, _| {
            let q = SimpleQueue { items: RefCell::default(), waiting: RefCell::default() };
            Ok(vm.new_native(&a[0], q))
        }),
        BuiltinDef::kw("put", 0, 255, |vm, a, kw| {
            let [item, ..] = vm.bind_args("put", ["item", "block", "timeout"], 0, 1, &a[1..], kw)?;
            put(vm, &a[0], item)
        }),
        BuiltinDef::kw("put_nowait", 0, 255, |vm, a, kw| {
            let [item] = vm.bind_args("put_nowait", ["item"], 0, 1, &a[1..], kw)?;
            put(vm, &a[0], item)
        }),
        BuiltinDef::kw("get", 0, 255, |vm, a, kw| {
            let [block, timeout] = vm.bind_args("get", ["block", "timeout"], 0, 0, &a[1..], kw)?;
            if !vm.bool_or(&block, true)? {
                return get(vm, &a[0], None);
            }
            let until = match timeout.filter(|t| !t.is_none()) {
                None => None,
                Some(t) => {
                    let s = vm.float_argument(&t)?;
                    if s < 0.0 {
                        return vm.fail("ValueError", "'timeout' must be a non-negative number");
                    }
                    match Duration::try_from_secs_f64(s).ok().filter(|d| d.as_secs() < 9223372036) {
                        Some(d) => Some(Instant::now() + d),
                        None => return vm.fail("OverflowError", "timeout value is too large"),
                    }
                }
            };
            get(vm, &a[0], Some(until))
        }),
        BuiltinDef::new("get_nowait", 0, 0, |vm, a, _| get(vm, &a[0], None)),
        BuiltinDef::new("empty", 0, 0, |vm, a, _| {
            Ok(Value::bool(vm.self_::<SimpleQueue>(&a[0])?.items.borrow().is_empty()))
        }),
        BuiltinDef::new("qsize", 0, 0, |vm, a, _| {
            Ok(Value::small(vm.self_::<SimpleQueue>(&a[0])?.items.borrow().len() as i64))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    ..ClassDef::DEFAULT
};

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_queue", &[]);
    let class = vm.native_class::<SimpleQueue>(&QUEUE);
    vm.set_global(&m, "SimpleQueue", class);
    let error = empty_error(vm)?;
    vm.set_global(&m, "Empty", error);
    Ok(m)
}
/// `queue.Empty`.
fn empty_error(vm: &mut Vm) -> R<Value> {
    #[derive(Default)]
    struct Class(Option<Value>);
    if let Some(c) = &vm.state::<Class>().0 {
        return Ok(c.clone());
    }
    let base = vm.types.exception("Exception").clone();
    let c = vm.new_exception_class("_queue.Empty", &base)?;
    vm.state::<Class>().0 = Some(c.clone());
    Ok(c)
}

fn put(vm: &mut Vm, q: &Value, item: Option<Value>) -> R<Value> {
    let q = vm.self_::<SimpleQueue>(q)?;
    q.items.borrow_mut().push_back(item.unwrap_or(Value::NONE));
    let next = q.waiting.borrow_mut().pop_front();
    if let Some(lock) = next {
        lock.release();
    }
    Ok(Value::NONE)
}
fn get(vm: &mut Vm, this: &Value, until: Option<Option<Instant>>) -> R<Value> {
    let q = vm.self_::<SimpleQueue>(this)?;
    loop {
        let item = q.items.borrow_mut().pop_front();
        if let Some(v) = item {
            return Ok(v);
        }
        let Some(until) = until else { break };
        let lock = Arc::new(RawLock::default());
        lock.try_acquire();
        q.waiting.borrow_mut().push_back(lock.clone());
        let r = vm.acquire(&lock, Some(until));
        q.waiting.borrow_mut().retain(|l| !Arc::ptr_eq(l, &lock));
        if !r? && q.items.borrow().is_empty() {
            break;
        }
    }
    let class = empty_error(vm)?;
    let e = vm.call(&class, &[], Kw::NONE)?;
    Err(vm.raise_value(e))
}
