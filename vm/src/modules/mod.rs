//! The modules made in Rust. All are there from the start; `import` only finds them.

pub mod builtins;
pub mod evaluate;
pub mod io;
pub mod marshal;
pub mod monitoring;
pub mod os_error;
pub mod signal;
pub mod sys;
pub mod time;

use crate::object::{Builtin, BuiltinDef, Dict, Module};
use crate::value::Value;
use crate::vm::Vm;

pub fn init(vm: &mut Vm) {
    builtins::init(vm);
    let sys = sys::init(vm);
    monitoring::init(vm, &sys);
    time::init(vm);
    let _ = marshal::init(vm);
    // Last, so that it lists them all.
    sys::list_modules(vm, &sys);
}

impl Vm {
    /// A new module with these functions, which can be imported.
    pub(crate) fn add_module(&mut self, name: &'static str, functions: &'static [BuiltinDef]) -> Value {
        let module = self.module(name);
        self.add_functions(&module, functions);
        self.modules.insert(name.into(), module.clone());
        module
    }
    /// More functions for a module.
    pub(crate) fn add_functions(&mut self, module: &Value, functions: &'static [BuiltinDef]) {
        let key = self.intern("__name__");
        let name = module.as_::<Module>().dict.as_::<Dict>().get_str(&key).unwrap_or(Value::NONE);
        for def in functions {
            let ty = self.types.builtin_function.clone();
            let f = Builtin::new(&ty, def, module.clone(), Value::NULL, name.clone());
            self.set_global(module, def.name, f);
        }
    }
    /// Sets a name in a module.
    pub(crate) fn set_global(&mut self, module: &Value, name: &str, v: Value) {
        let key = self.intern(name);
        module.as_::<Module>().dict.as_::<Dict>().set_str(self, &key, v);
    }
}
