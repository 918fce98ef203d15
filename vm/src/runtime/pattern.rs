//! `match`: what the patterns ask.

use crate::error::R;
use crate::machine::Flow;
use crate::object::{Dict, Kind, Kw, Str, Tuple, Type, TypeFlags};
use crate::value::Value;
use crate::vm::Vm;

pub fn get_len(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let n = vm.len_of(&v)?;
    vm.push(Value::small(n as i64));
    Ok(())
}
pub fn match_sequence(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let yes = vm.is_pattern_sequence(&v);
    vm.push(Value::bool(yes));
    Ok(())
}
pub fn match_mapping(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let yes = vm.is_pattern_mapping(&v);
    vm.push(Value::bool(yes));
    Ok(())
}

/// subject, keys -> the same and a tuple of the values, or None
pub fn match_keys(vm: &mut Vm, _arg: u32) -> Flow {
    let (keys, subject) = (vm.peek(0).to_value(), vm.peek(1).to_value());
    let r = values_of(vm, &subject, keys.as_::<Tuple>().as_slice())?;
    vm.push(r);
    Ok(())
}

fn values_of(vm: &mut Vm, subject: &Value, keys: &[Value]) -> R<Value> {
    let seen = vm.dict();
    let mut values = Vec::with_capacity(keys.len());
    let plain = vm.type_of(subject).is(&vm.types.dict);
    let name = vm.intern("get");
    // What `get` answers for a missing key.
    let dummy = crate::object::Plain::new(&vm.types.object);
    for k in keys {
        if seen.as_::<Dict>().get(vm, k)?.is_some() {
            let k = vm.repr_string(k)?;
            return vm.fail("ValueError", format!("mapping pattern checks duplicate key ({k})"));
        }
        seen.as_::<Dict>().set(vm, k, Value::NONE)?;
        let v = if plain {
            subject.as_::<Dict>().get(vm, k)?
        } else {
            let get = vm.get_attr(subject, &name)?;
            let v = vm.call(&get, &[k.clone(), dummy.clone()], Kw::NONE)?;
            if v.is(&dummy) { None } else { Some(v) }
        };
        match v {
            Some(v) => values.push(v),
            None => return Ok(Value::NONE),
        }
    }
    Ok(vm.tuple(values))
}

/// subject, class, names -> tuple of attributes, or None
pub fn match_class(vm: &mut Vm, positional: u32) -> Flow {
    let (names, class, subject) = (vm.peek(0).to_value(), vm.peek(1).to_value(), vm.peek(2).to_value());
    let r = attributes_of(vm, &subject, &class, positional as usize, names.as_::<Tuple>().as_slice())?;
    for _ in 0..3 {
        drop(vm.pop());
    }
    vm.push(r);
    Ok(())
}

fn attributes_of(
    vm: &mut Vm,
    subject: &Value,
    class: &Value,
    positional: usize,
    names: &[Value],
) -> R<Value> {
    let Some(t) = class.get::<Type>() else {
        return vm.fail("TypeError", "called match pattern must be a class");
    };
    if !vm.isinstance(subject, class)? {
        return Ok(Value::NONE);
    }
    let class_name = t.name.borrow().rsplit('.').next().unwrap_or_default().to_owned();
    let mut seen: Vec<String> = vec![];
    let mut values = vec![];
    if positional > 0 {
        let key = vm.intern("__match_args__");
        let found = vm.get_attr_opt(class, &key)?;
        let (args, whole) = match found {
            Some(v) if v.is_kind(Kind::Tuple) => (v.as_::<Tuple>().as_slice().to_vec(), false),
            Some(v) => {
                let message =
                    format!("{class_name}.__match_args__ must be a tuple (got {})", vm.type_name(&v));
                return vm.fail("TypeError", message);
            }
            None => (vec![], vm.matches_whole(t)),
        };
        let allowed = if whole { 1 } else { args.len() };
        if allowed < positional {
            let s = if allowed == 1 { "" } else { "s" };
            let message =
                format!("{class_name}() accepts {allowed} positional sub-pattern{s} ({positional} given)");
            return vm.fail("TypeError", message);
        }
        if whole {
            values.push(subject.clone());
        } else {
            for name in &args[..positional] {
                let Some(text) = name.get::<Str>() else {
                    let message =
                        format!("__match_args__ elements must be strings (got {})", vm.type_name(name));
                    return vm.fail("TypeError", message);
                };
                let text = text.as_str().to_owned();
                match attribute(vm, subject, &class_name, name, text, &mut seen)? {
                    Some(v) => values.push(v),
                    None => return Ok(Value::NONE),
                }
            }
        }
    }
    for name in names {
        let text = name.get::<Str>().map_or("", |s| s.as_str()).to_owned();
        match attribute(vm, subject, &class_name, name, text, &mut seen)? {
            Some(v) => values.push(v),
            None => return Ok(Value::NONE),
        }
    }
    Ok(vm.tuple(values))
}

fn attribute(
    vm: &mut Vm,
    subject: &Value,
    class_name: &str,
    name: &Value,
    text: String,
    seen: &mut Vec<String>,
) -> R<Option<Value>> {
    if seen.contains(&text) {
        let message = format!("{class_name}() got multiple sub-patterns for attribute '{text}'");
        return vm.fail("TypeError", message);
    }
    seen.push(text);
    vm.get_attr_opt(subject, name)
}

impl Vm {
    pub(crate) fn is_pattern_sequence(&self, v: &Value) -> bool {
        self.type_of(v).as_::<Type>().has(TypeFlags::SEQUENCE)
    }
    pub(crate) fn is_pattern_mapping(&self, v: &Value) -> bool {
        self.type_of(v).as_::<Type>().has(TypeFlags::MAPPING)
    }
    /// Does the one positional sub-pattern of a class pattern stand for the subject itself?
    fn matches_whole(&self, t: &Type) -> bool {
        t.mro.borrow().iter().any(|t| t.as_::<Type>().has(TypeFlags::MATCH_SELF))
    }
}
