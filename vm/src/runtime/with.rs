//! `with`: LOAD_SPECIAL and WITH_EXCEPT_START.

use crate::error::R;
use crate::machine::Flow;
use crate::object::{Exception, Kw};
use crate::types::descr::plain_function;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

/// LOAD_SPECIAL's methods, and whether they are of the asynchronous protocol.
const SPECIAL: [(Special, bool); 4] =
    [(Special::Enter, false), (Special::Exit, false), (Special::Aenter, true), (Special::Aexit, true)];

/// owner -> method, self or NULL
pub fn load_special(vm: &mut Vm, which: u32) -> Flow {
    let owner = vm.peek(0).to_value();
    let Some(&(special, asynchronous)) = SPECIAL.get(which as usize) else {
        return Err(vm.raise("SystemError", format!("LOAD_SPECIAL {which}")).into());
    };
    if let Some(f) = vm.special_of(&owner, special)
        && plain_function(&f)
    {
        // The object becomes the method's.
        drop(owner);
        let owner = vm.pop();
        vm.push(f);
        vm.push(owner);
        return Ok(());
    }
    let name = special.name();
    let Some((f, self_)) = vm.method_of_class(&owner, name)? else {
        let class = vm.full_type_name(&owner);
        let (kind, other, pair) = match asynchronous {
            false => ("context manager", "asynchronous context manager", ["__aenter__", "__aexit__"]),
            true => ("asynchronous context manager", "context manager", ["__enter__", "__exit__"]),
        };
        // Where the exit is there, the enter is what is missing.
        let exit = SPECIAL.get(which as usize | 1).map_or(name, |(s, _)| s.name());
        let half = which & 1 != 0 || vm.method_of_class(&owner, exit)?.is_some();
        let missed = if half { format!(" (missed {name} method)") } else { String::new() };
        let mut message = format!("'{class}' object does not support the {kind} protocol{missed}");
        let mut both = true;
        for n in pair {
            both &= vm.method_of_class(&owner, n)?.is_some();
        }
        if both {
            let with = if asynchronous { "with" } else { "async with" };
            message += &format!(" but it supports the {other} protocol. Did you mean to use '{with}'?");
        }
        return Err(vm.raise("TypeError", message).into());
    };
    drop(vm.pop());
    vm.push(f);
    vm.push(self_.unwrap_or(Value::NULL));
    Ok(())
}

/// exit, self or NULL, offset, handled before, exception -> the same and what exit answered
pub fn with_except_start(vm: &mut Vm, _arg: u32) -> Flow {
    let e = vm.peek(0).to_value();
    let (f, self_) = (vm.peek(4).to_value(), vm.peek(3));
    let class = vm.type_of(&e).clone();
    let tb = e.get::<Exception>().map_or(Value::NONE, |x| x.traceback.borrow().clone());
    let mut args = vec![];
    if !self_.is_null() {
        args.push(self_.to_value());
    }
    args.extend([class, e, tb]);
    let r = vm.call(&f, &args, Kw::NONE)?;
    vm.push(r);
    Ok(())
}

impl Vm {
    /// A method looked up on the class, as special methods are: the function, and the object to pass first
    /// if it is not bound already.
    pub(crate) fn method_of_class(&mut self, obj: &Value, name: &str) -> R<Option<(Value, Option<Value>)>> {
        let name = self.intern(name);
        let found = self.type_of(obj).as_::<crate::object::Type>().lookup(&name);
        match found {
            Some(f) if plain_function(&f) => Ok(Some((f, Some(obj.clone())))),
            Some(f) => {
                let class = self.type_of(obj).clone();
                Ok(Some((self.descr_get(&f, Some(obj), &class)?, None)))
            }
            None => Ok(None),
        }
    }
    /// `module.Class`, of builtins only the name.
    pub(crate) fn full_type_name(&mut self, v: &Value) -> String {
        let class = self.type_of(v).clone();
        match self.class_module(&class) {
            Some(m) if m != "__main__" => self.full_name(&class),
            _ => self.qualname_of(&class),
        }
    }
}
