//! Module `atexit`.

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("register", 1, u8::MAX, |vm, a, kw| {
        if !vm.is_callable(&a[0]) {
            return vm.fail("TypeError", "the first argument must be callable");
        }
        let call = Call {
            func: a[0].clone(),
            args: a[1..].to_vec(),
            names: kw.names.to_vec(),
            values: kw.values.to_vec(),
        };
        vm.state::<Calls>().0.push(call);
        Ok(a[0].clone())
    }),
    BuiltinDef::new("unregister", 1, 1, |vm, a, _| {
        let mut i = 0;
        while let Some(f) = vm.state::<Calls>().0.get(i).map(|c| c.func.clone()) {
            if !vm.equal(&f, &a[0])? {
                i += 1;
                continue;
            }
            // The comparison may have changed the list.
            let calls = &mut vm.state::<Calls>().0;
            if calls.get(i).is_some_and(|c| c.func.is(&f)) {
                let old = calls.remove(i);
                drop(old);
            }
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_clear", 0, 0, |vm, _, _| {
        let old = std::mem::take(&mut vm.state::<Calls>().0);
        drop(old);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_ncallbacks", 0, 0, |vm, _, _| Ok(Value::small(vm.state::<Calls>().0.len() as i64))),
    BuiltinDef::new("_run_exitfuncs", 0, 0, |vm, _, _| {
        run(vm);
        Ok(Value::NONE)
    }),
];

/// A registered call.
struct Call {
    func: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    values: Vec<Value>,
}
#[derive(Default)]
struct Calls(Vec<Call>);

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("atexit", FUNCTIONS))
}

/// Makes the registered calls, the last one first. At the end of the program.
pub fn run(vm: &mut Vm) {
    while let Some(c) = vm.state::<Calls>().0.pop() {
        if vm.call(&c.func, &c.args, Kw { names: &c.names, values: &c.values }).is_err() {
            let e = vm.take_pending();
            vm.unraisable(e, Some("Exception ignored in atexit callback"), &c.func);
        }
    }
}
