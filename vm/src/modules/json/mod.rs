//! Module `_json`: what makes `json` fast: reading and writing of the text.

mod encode;
mod scan;

use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Str};
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("encode_basestring", 1, 1, |vm, a, _| quoted(vm, &a[0], false)),
    BuiltinDef::new("encode_basestring_ascii", 1, 1, |vm, a, _| quoted(vm, &a[0], true)),
    BuiltinDef::new("scanstring", 2, 3, scan::scan_string),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_json", FUNCTIONS);
    let doc = vm.str("json speedups\n");
    vm.set_global(&module, "__doc__", doc);
    let class = add_class::<scan::Scanner>(vm, &module, &scan::SCANNER);
    vm.set_global(&module, "make_scanner", class);
    let class = add_class::<encode::Encoder>(vm, &module, &encode::ENCODER);
    vm.set_global(&module, "make_encoder", class);
    Ok(module)
}

fn quoted(vm: &mut Vm, v: &Value, ascii: bool) -> R<Value> {
    let Some(s) = v.get::<Str>() else {
        let message = format!("first argument must be a string, not {}", vm.type_name(v));
        return vm.fail("TypeError", message);
    };
    let mut out = Vec::with_capacity(s.bytes().len() + 2);
    encode::write_string(s, ascii, &mut out);
    Ok(encode::text(vm, out))
}
