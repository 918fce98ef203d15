//! Module `_string`: how `string.Formatter` takes templates apart.

use crate::error::R;
use crate::object::{BuiltinDef, Kw, Str};
use crate::types::str_format::pieces;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("formatter_parser", 1, 1, parser),
    BuiltinDef::new("formatter_field_name_split", 1, 1, name_split),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_string", FUNCTIONS))
}

fn template<'a>(vm: &mut Vm, args: &'a [Value]) -> R<&'a str> {
    match args[0].get::<Str>() {
        Some(s) => Ok(s.as_str()),
        None => {
            let message = format!("expected str, got {}", vm.type_name(&args[0]));
            vm.fail("TypeError", message)
        }
    }
}

/// Iterates over (literal text, field name, format spec, conversion).
fn parser(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    template(vm, args)?;
    let mut items = vec![];
    for piece in pieces(vm, args[0].as_::<Str>().wtf8())? {
        let literal = vm.wtf8_buf(piece.literal);
        items.push(match piece.field {
            None => vm.tuple(vec![literal, Value::NONE, Value::NONE, Value::NONE]),
            Some(f) => {
                let (name, spec) = (vm.wtf8_buf(f.name), vm.wtf8_buf(f.spec));
                let conversion = f.conversion.map_or(Value::NONE, |c| vm.code_point(c.to_u32()));
                vm.tuple(vec![literal, name, spec, conversion])
            }
        });
    }
    let items = vm.list(items);
    vm.get_iter(&items)
}

/// The first part of a field name, and an iterator over (is attribute, name or index).
fn name_split(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let name = template(vm, args)?.to_owned();
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (first, mut rest) = name.split_at(end);
    let first = key(vm, first);
    let mut items = vec![];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return vm.fail("ValueError", "Empty attribute in format string");
            }
            let text = vm.str(&after[..end]);
            items.push(vm.tuple(vec![Value::TRUE, text]));
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = after.find(']') else {
                return vm.fail("ValueError", "Missing ']' in format string");
            };
            if end == 0 {
                return vm.fail("ValueError", "Empty attribute in format string");
            }
            let index = key(vm, &after[..end]);
            items.push(vm.tuple(vec![Value::FALSE, index]));
            rest = &after[end + 1..];
        } else {
            return vm.fail("ValueError", "Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    let items = vm.list(items);
    let rest = vm.get_iter(&items)?;
    Ok(vm.tuple(vec![first, rest]))
}
/// A number if it is one.
fn key(vm: &mut Vm, text: &str) -> Value {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(n) if digits => vm.int(n),
        _ => vm.str(text),
    }
}
