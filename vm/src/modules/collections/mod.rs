//! Module `_collections`: `deque`, `defaultdict`, and what `collections.py` asks for besides. (Its
//! `OrderedDict` is the one written in Python.)

mod defaults;
mod deque;
mod deque_iter;
mod getter;

pub use getter::TupleGetter;

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw};
use crate::op::BinOp;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("_count_elements", 2, 2, count_elements)];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_collections", FUNCTIONS);
    deque::add(vm, &module);
    deque_iter::add(vm, &module);
    defaults::add(vm, &module);
    getter::add(vm, &module);
    Ok(module)
}

/// Objects whose repr is being made: what contains itself shows as `...`.
#[derive(Default)]
struct Showing(Vec<u64>);

impl Vm {
    /// False: its repr is being made already. Otherwise [`repr_leave`](Vm::repr_leave) has to follow.
    pub(crate) fn repr_enter(&mut self, v: &Value) -> bool {
        let word = v.word().0;
        let showing = &mut self.state::<Showing>().0;
        if showing.contains(&word) {
            return false;
        }
        showing.push(word);
        true
    }
    pub(crate) fn repr_leave(&mut self, v: &Value) {
        let word = v.word().0;
        let showing = &mut self.state::<Showing>().0;
        if let Some(i) = showing.iter().rposition(|&w| w == word) {
            showing.remove(i);
        }
    }
}

/// Counts the items of an iterable in a mapping.
fn count_elements(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let it = vm.get_iter(&args[1])?;
    let one = Value::small(1);
    // A dict, and a subclass that leaves these methods alone, is written to directly.
    let plain = args[0].get::<Dict>().is_some() && {
        let class = vm.type_of(&args[0]).clone();
        let dict = vm.types.dict.clone();
        ["get", "__setitem__"].into_iter().all(|name| {
            let name = vm.intern(name);
            let lookup = |c: &Value| c.as_::<crate::object::Type>().lookup(&name);
            matches!((lookup(&class), lookup(&dict)), (Some(a), Some(b)) if a.is(&b))
        })
    };
    while let Some(key) = vm.next(&it)? {
        if plain {
            let d = args[0].as_::<Dict>();
            let n = match vm.dict_get(d, &key)? {
                Some(n) => vm.binary_op(BinOp::Add, false, &n, &one)?,
                None => one.clone(),
            };
            vm.dict_set(d, &key, n)?;
        } else {
            let n = vm.call_method(&args[0], "get", &[key.clone(), Value::small(0)])?;
            let n = vm.binary_op(BinOp::Add, false, &n, &one)?;
            vm.set_item(&args[0], &key, n)?;
        }
    }
    Ok(Value::NONE)
}
