//! Module `gc`: the cycle collector's controls.
//!
//! Every collection looks at all containers; the generations are there for programs that name them.

use crate::error::R;
use crate::gc::{
    DEBUG_COLLECTABLE, DEBUG_SAVEALL, DEBUG_STATS, DEBUG_UNCOLLECTABLE, is_tracked,
};
use crate::object::{BuiltinDef, Dict, header_flags};
use crate::value::Value;
use crate::vm::Vm;

fn generation(vm: &mut Vm, v: &Value) -> R<usize> {
    match vm.index_i64(v, "generation")? {
        g @ 0..=2 => Ok(g as usize),
        _ => vm.fail("ValueError", "invalid generation"),
    }
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("collect", 0, 1, |vm, a, kw| {
        let [g] = vm.bind_args("collect", ["generation"], 0, 0, a, kw)?;
        let g = match g {
            Some(g) => generation(vm, &g)?,
            None => 2,
        };
        Ok(Value::small(vm.collect(g) as i64))
    }),
    BuiltinDef::new("enable", 0, 0, |vm, _, _| {
        vm.gc.enabled = true;
        vm.set_gc_trigger();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("disable", 0, 0, |vm, _, _| {
        vm.gc.enabled = false;
        vm.set_gc_trigger();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("isenabled", 0, 0, |vm, _, _| Ok(Value::bool(vm.gc.enabled))),
    BuiltinDef::new("get_threshold", 0, 0, |vm, _, _| {
        let t = vm.gc.thresholds;
        let t = t.map(|n| vm.int(n)).to_vec();
        Ok(vm.tuple(t))
    }),
    BuiltinDef::new("set_threshold", 1, 3, |vm, a, _| {
        let mut t = vm.gc.thresholds;
        for (slot, v) in t.iter_mut().zip(a) {
            *slot = match vm.index_i64(v, "threshold")? {
                n if i32::try_from(n).is_ok() => n,
                n if n > 0 => return vm.fail("OverflowError", "signed integer is greater than maximum"),
                _ => return vm.fail("OverflowError", "signed integer is less than minimum"),
            };
        }
        vm.gc.thresholds = t;
        vm.set_gc_trigger();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("get_count", 0, 0, |vm, _, _| {
        let young = vm.heap.containers().saturating_sub(vm.gc.base) as i64;
        let t = [young, 0, 0].map(Value::small).to_vec();
        Ok(vm.tuple(t))
    }),
    BuiltinDef::new("get_stats", 0, 0, |vm, _, _| {
        let mut all = vec![];
        for s in vm.gc.stats {
            let d = vm.dict();
            let rows =
                [("collections", s.collections), ("collected", s.collected), ("uncollectable", s.uncollectable)];
            for (key, n) in rows {
                let key = vm.intern(key);
                d.as_::<Dict>().set_str(vm, &key, Value::small(n as i64));
            }
            all.push(d);
        }
        Ok(vm.list(all))
    }),
    BuiltinDef::kw("get_objects", 0, 1, |vm, a, kw| {
        let [g] = vm.bind_args("get_objects", ["generation"], 0, 0, a, kw)?;
        if let Some(g) = g.filter(|g| !g.is_none()) {
            match vm.index_i64(&g, "generation")? {
                0..=2 => {}
                n if n > 2 => {
                    return vm.fail("ValueError", "generation must be less than the number of available generations (3)");
                }
                _ => return vm.fail("ValueError", "generation cannot be negative"),
            }
        }
        let all = vm.containers();
        Ok(vm.list(all))
    }),
    BuiltinDef::new("get_referrers", 0, u8::MAX, |vm, a, _| {
        let all = vm.referrers(a);
        Ok(vm.list(all))
    }),
    BuiltinDef::new("get_referents", 0, u8::MAX, |vm, a, _| {
        let mut all = vec![];
        for v in a {
            all.extend(vm.referents(v));
        }
        Ok(vm.list(all))
    }),
    BuiltinDef::new("is_tracked", 1, 1, |_, a, _| Ok(Value::bool(is_tracked(&a[0])))),
    BuiltinDef::new("is_finalized", 1, 1, |_, a, _| {
        Ok(Value::bool(a[0].flags() & header_flags::FINALIZED != 0))
    }),
    BuiltinDef::new("freeze", 0, 0, |vm, _, _| {
        vm.freeze(true);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("unfreeze", 0, 0, |vm, _, _| {
        vm.freeze(false);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("get_freeze_count", 0, 0, |vm, _, _| Ok(Value::small(vm.frozen() as i64))),
    BuiltinDef::new("set_debug", 1, 1, |vm, a, _| {
        vm.gc.debug = vm.index_i64(&a[0], "flags")?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("get_debug", 0, 0, |vm, _, _| {
        let flags = vm.gc.debug;
        Ok(vm.int(flags))
    }),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("gc", FUNCTIONS);
    if vm.gc.garbage.is_null() {
        (vm.gc.garbage, vm.gc.callbacks) = (vm.list(vec![]), vm.list(vec![]));
    }
    let (garbage, callbacks) = (vm.gc.garbage.clone(), vm.gc.callbacks.clone());
    vm.set_global(&m, "garbage", garbage);
    vm.set_global(&m, "callbacks", callbacks);
    let leak = DEBUG_COLLECTABLE | DEBUG_UNCOLLECTABLE | DEBUG_SAVEALL;
    for (name, n) in [
        ("DEBUG_STATS", DEBUG_STATS),
        ("DEBUG_COLLECTABLE", DEBUG_COLLECTABLE),
        ("DEBUG_UNCOLLECTABLE", DEBUG_UNCOLLECTABLE),
        ("DEBUG_SAVEALL", DEBUG_SAVEALL),
        ("DEBUG_LEAK", leak),
    ] {
        vm.set_global(&m, name, Value::small(n));
    }
    Ok(m)
}
