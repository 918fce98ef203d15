//! Module `_heapq`: heaps in lists, smallest or largest first.
//!
//! Comparing runs Python, which may change the list: each step reads it anew, and a change of length ends the
//! operation with an error, as in CPython.

use crate::error::R;
use crate::object::{BuiltinDef, List};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("heappush", 2, 2, |vm, a, _| push(vm, "heappush", a, false)),
    BuiltinDef::new("heappush_max", 2, 2, |vm, a, _| push(vm, "heappush_max", a, true)),
    BuiltinDef::new("heappop", 1, 1, |vm, a, _| pop(vm, "heappop() argument", a, false)),
    BuiltinDef::new("heappop_max", 1, 1, |vm, a, _| pop(vm, "heappop_max() argument", a, true)),
    BuiltinDef::new("heapreplace", 2, 2, |vm, a, _| replace(vm, "heapreplace", a, false)),
    BuiltinDef::new("heapreplace_max", 2, 2, |vm, a, _| replace(vm, "heapreplace_max", a, true)),
    BuiltinDef::new("heappushpop", 2, 2, |vm, a, _| push_pop(vm, "heappushpop", a, false)),
    BuiltinDef::new("heappushpop_max", 2, 2, |vm, a, _| push_pop(vm, "heappushpop_max", a, true)),
    BuiltinDef::new("heapify", 1, 1, |vm, a, _| heapify(vm, "heapify() argument", a, false)),
    BuiltinDef::new("heapify_max", 1, 1, |vm, a, _| heapify(vm, "heapify_max() argument", a, true)),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_heapq", FUNCTIONS);
    let about = vm.str("Heap queues\n\n[explanation by François Pinard]\n");
    vm.set_global(&module, "__about__", about);
    Ok(module)
}

fn heap<'a>(vm: &mut Vm, who: &str, v: &'a Value) -> R<&'a List> {
    match v.get::<List>() {
        Some(l) => Ok(l),
        None => {
            let message = format!("{who} must be list, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}

/// `a` belongs above `b`.
fn above(vm: &mut Vm, a: &Value, b: &Value, max: bool) -> R<bool> {
    if a.word().is_int() && b.word().is_int() {
        let (x, y) = (a.word().int(), b.word().int());
        return Ok(if max { y < x } else { x < y });
    }
    if max { vm.compare_bool(CmpOp::Lt, b, a) } else { vm.compare_bool(CmpOp::Lt, a, b) }
}

fn changed<T>(vm: &mut Vm) -> R<T> {
    vm.fail("RuntimeError", "list changed size during iteration")
}

fn swap(heap: &List, i: usize, j: usize) {
    if let (Some(a), Some(b)) = (heap.get(i), heap.get(j)) {
        // What is replaced is alive elsewhere in the list: nothing is freed.
        let old = (heap.set(i, b), heap.set(j, a));
        drop(old);
    }
}

/// Moves the item at `at` up to its place, not above `start`.
fn sift_down(vm: &mut Vm, heap: &List, start: usize, mut at: usize, max: bool) -> R {
    let size = heap.len();
    if at >= size {
        return vm.fail("IndexError", "index out of range");
    }
    while at > start {
        let parent = (at - 1) / 2;
        let (Some(new), Some(old)) = (heap.get(at), heap.get(parent)) else { return changed(vm) };
        let higher = above(vm, &new, &old, max)?;
        if heap.len() != size {
            return changed(vm);
        }
        if !higher {
            break;
        }
        swap(heap, at, parent);
        at = parent;
    }
    Ok(())
}

/// Moves the item at `at` down to the leaves, always to the better child, and up again from there.
fn sift_up(vm: &mut Vm, heap: &List, mut at: usize, max: bool) -> R {
    let (size, start) = (heap.len(), at);
    if at >= size {
        return vm.fail("IndexError", "index out of range");
    }
    while at < size / 2 {
        let mut child = 2 * at + 1;
        if child + 1 < size {
            let (Some(left), Some(right)) = (heap.get(child), heap.get(child + 1)) else {
                return changed(vm);
            };
            let left_first = above(vm, &left, &right, max)?;
            if heap.len() != size {
                return changed(vm);
            }
            if !left_first {
                child += 1;
            }
        }
        swap(heap, at, child);
        at = child;
    }
    sift_down(vm, heap, start, at, max)
}

fn push(vm: &mut Vm, who: &str, a: &[Value], max: bool) -> R<Value> {
    let heap = heap(vm, &format!("{who}() argument 1"), &a[0])?;
    heap.push(a[1].clone());
    sift_down(vm, heap, 0, heap.len() - 1, max)?;
    Ok(Value::NONE)
}

fn pop(vm: &mut Vm, who: &str, a: &[Value], max: bool) -> R<Value> {
    let heap = heap(vm, who, &a[0])?;
    let Some(last) = heap.with_vec(Vec::pop) else {
        return vm.fail("IndexError", "index out of range");
    };
    if heap.is_empty() {
        return Ok(last);
    }
    let first = heap.set(0, last).unwrap_or(Value::NONE);
    sift_up(vm, heap, 0, max)?;
    Ok(first)
}

fn replace(vm: &mut Vm, who: &str, a: &[Value], max: bool) -> R<Value> {
    let heap = heap(vm, &format!("{who}() argument 1"), &a[0])?;
    let Some(first) = heap.set(0, a[1].clone()) else {
        return vm.fail("IndexError", "index out of range");
    };
    sift_up(vm, heap, 0, max)?;
    Ok(first)
}

fn push_pop(vm: &mut Vm, who: &str, a: &[Value], max: bool) -> R<Value> {
    let heap = heap(vm, &format!("{who}() argument 1"), &a[0])?;
    let Some(top) = heap.get(0) else { return Ok(a[1].clone()) };
    if !above(vm, &top, &a[1], max)? {
        return Ok(a[1].clone());
    }
    let Some(first) = heap.set(0, a[1].clone()) else {
        return vm.fail("IndexError", "index out of range");
    };
    sift_up(vm, heap, 0, max)?;
    Ok(first)
}

fn heapify(vm: &mut Vm, who: &str, a: &[Value], max: bool) -> R<Value> {
    let heap = heap(vm, who, &a[0])?;
    for i in (0..heap.len() / 2).rev() {
        sift_up(vm, heap, i, max)?;
    }
    Ok(Value::NONE)
}
