//! The opcodes of class bodies, and `super()`.

use super::name::{global, name, name_in, names, undefined};
use crate::machine::Flow;
use crate::monitor::CallHeard;
use crate::object::{ClosureCell, Dict, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

pub fn load_build_class(vm: &mut Vm, _arg: u32) -> Flow {
    let key = vm.intern("__build_class__");
    let b = vm.frame().function().builtins.clone();
    match b.as_::<Dict>().get_str(&key) {
        Some(f) => {
            vm.push(f);
            Ok(())
        }
        None => Err(vm.raise("NameError", "__build_class__ not found").into()),
    }
}
pub fn load_locals(vm: &mut Vm, _arg: u32) -> Flow {
    if vm.frame().names.is_null() {
        return Err(vm.raise("SystemError", "no locals").into());
    }
    let d = names(vm);
    vm.push(d);
    Ok(())
}
/// dict -> value: from the dict or, failing that, from the cell in a slot.
pub fn load_from_dict_or_deref(vm: &mut Vm, slot: u32) -> Flow {
    let d = vm.peek(0).to_value();
    let n = vm.frame().code().localsplus[slot as usize].clone();
    let v = match name_in(vm, &d, &n)? {
        Some(v) => v,
        None => {
            let cell = vm.frame().local(slot as usize).to_value();
            match cell.get::<ClosureCell>().and_then(ClosureCell::get) {
                Some(v) => v,
                None => return super::raise_unbound_cell(vm, slot),
            }
        }
    };
    drop(vm.pop());
    vm.push(v);
    Ok(())
}
pub fn load_from_dict_or_globals(vm: &mut Vm, i: u32) -> Flow {
    let d = vm.peek(0).to_value();
    let n = name(vm, i);
    let found = match name_in(vm, &d, &n)? {
        Some(v) => Some(v),
        None => global(vm, &n)?,
    };
    let Some(v) = found else { return undefined(vm, &n) };
    drop(vm.pop());
    vm.push(v);
    Ok(())
}

/// `super`, class, object -> attribute (or function and object for a method call). Bit 1 of the argument: two
/// arguments were written out.
pub fn load_super_attr(vm: &mut Vm, arg: u32) -> Flow {
    super_attr(vm, arg, None)
}
/// With CALL monitored, the object that `super()` makes is made in fact.
pub fn load_super_attr_probed(vm: &mut Vm, arg: u32) -> Flow {
    let heard = vm.call_heard.take();
    super_attr(vm, arg, heard)
}
fn super_attr(vm: &mut Vm, arg: u32, heard: Option<CallHeard>) -> Flow {
    let n = name(vm, arg >> 2);
    let (f, class, obj) = (vm.peek(2).to_value(), vm.peek(1).to_value(), vm.peek(0).to_value());
    let is_super = crate::types::descr::is_super(vm, &f);
    let (mut v, mut self_) = (Value::NULL, Value::NULL);
    if heard.is_none() && is_super && class.get::<crate::object::Type>().is_some() {
        let start = crate::types::descr::super_check(vm, &class, &obj)?;
        let found = if n.as_::<Str>().bytes() == b"__class__" {
            None
        } else if arg & 1 != 0 && !obj.is(&start) {
            // A method call: no bound method is made.
            match vm.super_lookup(&class, &start, &n) {
                Some(d) if crate::types::descr::plain_function(&d) => {
                    self_ = obj.clone();
                    Some(d)
                }
                Some(d) => Some(vm.descr_get(&d, Some(&obj), &start)?),
                None => None,
            }
        } else {
            vm.super_attribute(&class, &obj, &start, &n)?
        };
        v = found.unwrap_or(Value::NULL);
    }
    if v.is_null() {
        let args: &[Value] = if arg & 2 != 0 { &[class, obj] } else { &[] };
        let s = vm.call(&f, args, Kw::NONE);
        let s = vm.after_call(s, heard)?;
        v = vm.get_attr(&s, &n)?;
        self_ = Value::NULL;
    }
    for _ in 0..3 {
        drop(vm.pop());
    }
    vm.push(v);
    if arg & 1 != 0 {
        vm.push(self_);
    }
    super::skip(vm, 1);
    Ok(())
}

impl Vm {
    /// What stands behind `class` in `start`'s linearisation.
    pub(crate) fn super_lookup(&mut self, class: &Value, start: &Value, name: &Value) -> Option<Value> {
        let t = start.as_::<crate::object::Type>();
        let mro = t.mro.borrow();
        let mut after = mro.iter().skip_while(|c| !c.is(class)).skip(1);
        after.find_map(|c| c.as_::<crate::object::Type>().dict.as_::<Dict>().get_str(name))
    }
}
