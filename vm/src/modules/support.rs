//! Small things that several native modules need.

use crate::error::R;
use crate::object::{Dict, Kind, List};
use crate::value::Value;
use crate::vm::Vm;

/// `d[key]` of a dict, if it is there.
pub fn get(vm: &mut Vm, d: &Value, key: &Value) -> R<Option<Value>> {
    match d.get::<Dict>() {
        Some(d) => d.get(vm, key),
        None => {
            let message = format!("expected dict, not {}", vm.type_name(d));
            vm.fail("TypeError", message)
        }
    }
}

/// `d[key] = v` of a dict.
pub fn set(vm: &mut Vm, d: &Value, key: &Value, v: Value) -> R {
    match d.get::<Dict>() {
        Some(d) => d.set(vm, key, v),
        None => {
            let message = format!("expected dict, not {}", vm.type_name(d));
            vm.fail("TypeError", message)
        }
    }
}

/// The items of a list or tuple; nothing else has any.
pub fn items(v: &Value) -> Vec<Value> {
    match v.get::<List>() {
        Some(l) => l.as_slice().to_vec(),
        None => v.get::<crate::object::Tuple>().map_or(vec![], |t| t.as_slice().to_vec()),
    }
}

/// A module that has been imported.
pub fn imported(vm: &mut Vm, name: &str) -> Option<Value> {
    let modules = vm.sys_attribute("modules")?;
    let key = vm.intern(name);
    modules.get::<Dict>()?.get_str(&key).filter(|m| m.is_kind(Kind::Module))
}

/// The real and imaginary part of a complex number.
pub fn complex_parts(vm: &mut Vm, v: &Value) -> Option<(f64, f64)> {
    crate::code::complex_parts(vm, v)
}
