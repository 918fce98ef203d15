//! `types.GenericAlias`: `list[int]`.

use crate::error::R;
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// `origin[args]` of a generic builtin class.
    pub fn generic_alias(&mut self, origin: &Value, _args: &Value) -> R<Value> {
        let message = format!("generic aliases ({}[...]) are not supported yet", self.repr_string(origin)?);
        self.fail("NotImplementedError", message)
    }
}
