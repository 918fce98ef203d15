//! Module `_sysconfig`.

use crate::error::R;
use crate::object::BuiltinDef;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("config_vars", 0, 0, |vm, _, _| {
    let d = vm.dict();
    for name in ["Py_GIL_DISABLED", "Py_DEBUG"] {
        let key = vm.intern(name);
        crate::modules::support::set(vm, &d, &key, Value::small(0))?;
    }
    Ok(d)
})];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_sysconfig", FUNCTIONS))
}
