//! Which method tables belong to which class, and the two helpers every file here uses.

use super::{bytes, complex, dict, function, generator, int, iterators, list, scalar, set, string, view};
use crate::error::R;
use crate::object::{Builtin, BuiltinDef};
use crate::value::Value;
use crate::vm::Vm;

/// Name in the dict of `sys` under which the limit on digits of int texts is kept.
pub const MAX_STR_DIGITS: &str = "_int_max_str_digits";

type Tables = Vec<&'static [BuiltinDef]>;

/// Fills the dicts of the classes.
pub fn fill(vm: &mut Vm) {
    use super::object::REPR;
    use scalar::{CALL, CONTAINS, GET_ITEM, ITER, LEN, NEXT, SET_ITEM};
    let t = &vm.types;
    let methods: Vec<(&Value, Tables)> = vec![
        (&t.int, vec![scalar::INT, scalar::NUMBER, scalar::INT_OPERATORS, int::INT]),
        (&t.float, vec![scalar::FLOAT, scalar::NUMBER, int::FLOAT]),
        (&t.str, vec![string::METHODS, scalar::NEW_ARGS, LEN, ITER, CONTAINS, GET_ITEM]),
        (&t.bytes, vec![bytes::METHODS, super::buffer::methods::METHODS, LEN, ITER, CONTAINS, GET_ITEM]),
        (&t.list, vec![list::METHODS, LEN, ITER, CONTAINS, GET_ITEM, SET_ITEM]),
        (&t.tuple, vec![list::TUPLE_METHODS, scalar::NEW_ARGS, LEN, ITER, CONTAINS, GET_ITEM]),
        (&t.dict, vec![dict::METHODS, LEN, ITER, CONTAINS, GET_ITEM, SET_ITEM]),
        (&t.range, vec![scalar::RANGE, scalar::BOUNDS, scalar::TRUTH, LEN, ITER, CONTAINS, GET_ITEM]),
        (&t.slice, vec![scalar::SLICE, scalar::BOUNDS]),
        (&t.ellipsis, vec![scalar::NAMED]),
        (&t.not_implemented, vec![scalar::NAMED, scalar::TRUTH]),
        (&t.none, vec![scalar::TRUTH]),
        (&t.dict_keys, vec![view::VIEW, view::SET_LIKE, REPR]),
        (&t.dict_values, vec![view::VIEW, REPR]),
        (&t.dict_items, vec![view::VIEW, view::SET_LIKE, REPR]),
        (&t.range_iterator, vec![iterators::RANGE, ITER, NEXT]),
        (&t.list_iterator, vec![iterators::SEQUENCE, ITER, NEXT]),
        (&t.tuple_iterator, vec![iterators::SEQUENCE, ITER, NEXT]),
        (&t.str_iterator, vec![iterators::SEQUENCE, ITER, NEXT]),
        (&t.str_ascii_iterator, vec![iterators::SEQUENCE, ITER, NEXT]),
        (&t.bytes_iterator, vec![iterators::SEQUENCE, ITER, NEXT]),
        (&t.dict_iterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.dict_valueiterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.dict_itemiterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.dict_reversekeyiterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.dict_reversevalueiterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.dict_reverseitemiterator, vec![view::ITERATOR, ITER, NEXT]),
        (&t.complex, vec![complex::METHODS, REPR]),
        (&t.set, vec![set::COMMON, set::SET, REPR]),
        (&t.frozenset, vec![set::COMMON, set::FROZENSET, REPR]),
        (&t.set_iterator, vec![set::ITERATOR, ITER, NEXT]),
        (&t.enumerate, vec![iterators::ENUMERATE, ITER, NEXT]),
        (&t.zip, vec![iterators::LAZY, iterators::STRICT, ITER, NEXT]),
        (&t.map, vec![iterators::LAZY, iterators::STRICT, ITER, NEXT]),
        (&t.filter, vec![iterators::LAZY, ITER, NEXT]),
        (&t.reversed, vec![iterators::REVERSED, ITER, NEXT]),
        (&t.list_reverseiterator, vec![iterators::REVERSED, ITER, NEXT]),
        (&t.longrange_iterator, vec![iterators::LONG_RANGE, ITER, NEXT]),
        (&t.callable_iterator, vec![iterators::CALLABLE, ITER, NEXT]),
        (&t.function, vec![CALL, function::FUNCTION]),
        (&t.builtin_function, vec![CALL, function::BUILTIN]),
        (&t.method_descriptor, vec![CALL, function::DESCRIPTOR]),
        (&t.method, vec![CALL, function::METHOD]),
        (&t.slot_wrapper, vec![function::DESCRIPTOR]),
        (&t.method_wrapper, vec![function::BUILTIN]),
        (&t.cell, vec![function::CELL]),
        (&t.namespace, vec![function::NAMESPACE]),
        (&t.code, vec![crate::code::METHODS]),
        (&t.generator, vec![generator::GENERATOR, ITER]),
        (&t.frame, vec![super::frame::METHODS]),
        (&t.traceback, vec![super::frame::TRACEBACK_METHODS]),
        (&t.async_generator, vec![generator::ASYNC_GENERATOR]),
        (&t.coroutine_wrapper, vec![generator::STEP]),
        (&t.asend, vec![generator::STEP, generator::AWAIT]),
        (&t.athrow, vec![generator::STEP, generator::AWAIT]),
        (&t.anext_awaitable, vec![generator::STEP, generator::AWAIT]),
        (&t.coroutine, vec![generator::COROUTINE]),
        (t.exception("BaseException"), vec![scalar::EXCEPTION]),
        (t.exception("BaseExceptionGroup"), vec![super::exception_group::METHODS]),
    ];
    let methods: Vec<(Value, Tables)> = methods.into_iter().map(|(c, t)| (c.clone(), t)).collect();
    let class_methods: Vec<(Value, &'static [BuiltinDef])> = vec![
        (t.str.clone(), string::CLASS_METHODS),
        (t.dict.clone(), dict::CLASS_METHODS),
        (t.float.clone(), scalar::FLOAT_CLASS),
        (t.float.clone(), int::FLOAT_CLASS),
        (t.int.clone(), int::INT_CLASS),
        (t.complex.clone(), complex::CLASS_METHODS),
    ];
    for (class, tables) in methods {
        for table in tables {
            vm.define_methods(&class, table);
        }
    }
    for (class, table) in class_methods {
        for def in table {
            let ty = vm.types.method_descriptor.clone();
            let f = Builtin::new(&ty, def, Value::NULL, class.clone(), Value::NULL);
            let c = super::descr::ClassMethod::new(vm, f);
            vm.set_class_attribute(&class, def.name, c);
        }
    }
}

impl Vm {
    /// Raises an exception of a builtin class, as the result of anything.
    #[cold]
    pub(crate) fn fail<T>(&mut self, class: &str, message: impl AsRef<str>) -> R<T> {
        Err(self.raise(class, message))
    }
}
