//! Module `_functools`.

mod keys;
mod lru;
mod partial;

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] =
    &[BuiltinDef::kw("reduce", 2, 3, reduce), BuiltinDef::kw("cmp_to_key", 0, u8::MAX, keys::cmp_to_key)];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_functools", FUNCTIONS);
    partial::add(vm, &module);
    lru::add(vm, &module);
    Ok(module)
}

fn reduce(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("reduce", kw, &["initial"])?;
    if args.len() == 3 && !kw.is_empty() {
        let message = "argument for reduce() given by name ('initial') and position (3)";
        return vm.fail("TypeError", message);
    }
    let it = match vm.get_iter(&args[1]) {
        Ok(it) => it,
        Err(e) => {
            vm.unless(e, "TypeError")?;
            return vm.fail("TypeError", "reduce() arg 2 must support iteration");
        }
    };
    let mut total = match args.get(2).or(kw.get("initial")) {
        Some(v) => v.clone(),
        None => match vm.next(&it)? {
            Some(v) => v,
            None => return vm.fail("TypeError", "reduce() of empty iterable with no initial value"),
        },
    };
    while let Some(v) = vm.next(&it)? {
        total = vm.call(&args[0], &[total, v], Kw::NONE)?;
    }
    Ok(total)
}
