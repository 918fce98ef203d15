//! Module `_tracemalloc`: memory is not traced, and asking for it is refused.

use crate::error::R;
use crate::object::BuiltinDef;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("is_tracing", 0, 0, |_, _, _| Ok(Value::FALSE)),
    BuiltinDef::new("start", 0, 1, |vm, _, _| {
        vm.fail("NotImplementedError", "tracemalloc: Seriema does not trace memory")
    }),
    BuiltinDef::new("stop", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("clear_traces", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("reset_peak", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("get_traceback_limit", 0, 0, |_, _, _| Ok(Value::small(1))),
    BuiltinDef::new("get_tracemalloc_memory", 0, 0, |_, _, _| Ok(Value::small(0))),
    BuiltinDef::new("get_traced_memory", 0, 0, |vm, _, _| {
        Ok(vm.tuple(vec![Value::small(0), Value::small(0)]))
    }),
    BuiltinDef::new("_get_object_traceback", 1, 1, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("_get_traces", 0, 0, |vm, _, _| Ok(vm.list(vec![]))),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_tracemalloc", FUNCTIONS))
}
