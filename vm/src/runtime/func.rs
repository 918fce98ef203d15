//! Functions, cells, closures.

use crate::code::Code;
use crate::machine::Flow;
use crate::object::{ClosureCell, Dict, Function, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;

pub fn make_function(vm: &mut Vm, _arg: u32) -> Flow {
    let code = vm.pop();
    let (globals, builtins) = (vm.frame().globals().clone(), vm.frame().function().builtins.clone());
    let f = vm.new_function(&code, &globals, &builtins, Value::NONE);
    if let Some(module) = globals.as_::<Dict>().get_str(&vm.name_of_name) {
        *f.as_::<Function>().module.borrow_mut() = module;
    }
    vm.push(f);
    Ok(())
}

impl Vm {
    pub fn new_function(&mut self, code: &Value, globals: &Value, builtins: &Value, closure: Value) -> Value {
        self.bind_globals(code.as_::<Code>(), globals);
        Function::new(&self.types.function, code, globals, builtins, closure)
    }
}

pub fn set_function_attribute(vm: &mut Vm, which: u32) -> Flow {
    let f = vm.pop();
    let v = vm.pop();
    let func = f.as_::<Function>();
    // The defaults of a generic function come as arguments: only now it is known what they are.
    let fits = match which {
        1 | 8 => v.get::<Tuple>().is_some(),
        2 => v.get::<Dict>().is_some(),
        _ => true,
    };
    if !fits {
        return Err(vm.raise("SystemError", format!("function attribute {which} is of a wrong type")).into());
    }
    match which {
        1 => *func.defaults.borrow_mut() = v,
        2 => *func.kwdefaults.borrow_mut() = v,
        // Annotations are evaluated on demand by this function.
        16 => *func.annotate.borrow_mut() = v,
        8 => {
            // SAFETY: MAKE_FUNCTION has just made it: nobody else has seen it.
            unsafe { Function::init_closure(f.word(), v) };
        }
        n => return Err(vm.raise("NotImplementedError", format!("function attribute {n}")).into()),
    }
    vm.push(f);
    Ok(())
}

pub fn make_cell(vm: &mut Vm, slot: u32) -> Flow {
    // SAFETY: the slot exists; what it held moves into the cell.
    let v = unsafe { Value::from_word(vm.frame().local(slot as usize)) };
    let cell = ClosureCell::new(&vm.types.cell, v);
    // SAFETY: as above.
    unsafe { *vm.frame().locals.add(slot as usize) = cell.into_word() };
    Ok(())
}
pub fn copy_free_vars(vm: &mut Vm, n: u32) -> Flow {
    let f = vm.frame();
    let closure = f.function().closure.clone();
    let first = f.code().nlocalsplus as usize - n as usize;
    let cells = closure.get::<Tuple>().map(Tuple::as_slice).unwrap_or_default();
    if cells.len() != n as usize || !cells.iter().all(|c| c.get::<ClosureCell>().is_some()) {
        return Err(vm.raise("SystemError", format!("{n} cells expected in the closure")).into());
    }
    for (i, cell) in cells.iter().enumerate() {
        // SAFETY: the free variables are the last slots, empty until now.
        unsafe { *vm.frame().locals.add(first + i) = cell.clone().into_word() };
    }
    Ok(())
}
fn cell(vm: &Vm, slot: u32) -> Value {
    vm.frame().local(slot as usize).to_value()
}
pub fn store_deref(vm: &mut Vm, slot: u32) -> Flow {
    let v = vm.pop();
    drop(cell(vm, slot).as_::<ClosureCell>().set(v));
    Ok(())
}
pub fn delete_deref(vm: &mut Vm, slot: u32) -> Flow {
    let old = cell(vm, slot).as_::<ClosureCell>().set(Value::NULL);
    if old.is_null() { raise_unbound_cell(vm, slot) } else { Ok(()) }
}

fn slot_name(vm: &Vm, slot: u32) -> String {
    vm.frame().code().localsplus[slot as usize].as_::<Str>().as_str().to_owned()
}
pub fn raise_unbound_local(vm: &mut Vm, slot: u32) -> Flow {
    let name = slot_name(vm, slot);
    let message = format!("cannot access local variable '{name}' where it is not associated with a value");
    Err(vm.raise("UnboundLocalError", message).into())
}
pub fn raise_unbound_cell(vm: &mut Vm, slot: u32) -> Flow {
    let name = slot_name(vm, slot);
    if vm.frame().code().is_free(slot as usize) {
        let message = format!(
            "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
        );
        return Err(vm.raise_name("NameError", &name, message).into());
    }
    raise_unbound_local(vm, slot)
}

impl Vm {
    /// A NameError with its `name` attribute.
    pub fn raise_name(&mut self, class: &str, name: &str, message: String) -> crate::error::Exc {
        let m = self.string(message);
        let e = self.make_exception(class, vec![m]);
        let v = self.intern(name);
        self.set_exception_field(&e, "name", v);
        self.raise_value(e)
    }
}
