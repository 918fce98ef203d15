//! The runtime behind the opcodes: what the bodies call. Compiled code shares these functions.
//!
//! [`Helper`]s work on borrowed operands; [`Residual`](crate::machine::Residual)s do a whole instruction on
//! the frame's stack and leave `frame.ip` behind the instruction's caches.

pub mod asynchronous;
pub mod build;
pub mod call;
pub mod class;
pub mod exc;
pub mod func;
pub mod generator;
pub mod name;
pub mod objects;
pub mod pattern;
pub mod unraisable;
pub mod unwind;
pub mod with;

pub use crate::import::{import_from, import_name};
pub use crate::types::template::{build_interpolation, build_template};
pub use asynchronous::*;
pub use build::*;
pub use call::*;
pub use class::*;
pub use exc::*;
pub use func::*;
pub use generator::*;
pub use name::*;
pub use objects::*;
pub use pattern::*;
pub use with::*;

use crate::error::R;
use crate::interp::Interp;
use crate::machine::{Flow, Helper};
use crate::object::{Int, Kind, List, Str};
use crate::op::{self, BinOp, CmpOp, NB_INPLACE, NB_SUBSCR};
use crate::ops;
use crate::value::{Value, Word};
use crate::vm::Vm;

/// Continues behind `n` inline-cache units.
fn skip(vm: &mut Vm, n: usize) {
    let f = vm.frame();
    f.ip = f.ip.wrapping_add(n);
}

fn word(v: R<Value>) -> R<Word> {
    v.map(Value::into_word)
}

pub static BINARY_OP: Helper = Helper {
    name: "binary_op",
    run: |vm, arg, v| {
        let (a, b) = (Value::of(&v[0]), Value::of(&v[1]));
        word(if arg >= NB_SUBSCR {
            vm.get_item(a, b)
        } else {
            vm.binary_op(BinOp::of(arg), arg >= NB_INPLACE, a, b)
        })
    },
    leaf: Some(binary_op_leaf),
};

/// Numbers and strs only: their operations run no Python and look at no frame. (An error bails too.)
fn binary_op_leaf(vm: &mut Vm, arg: u32, v: &[Word]) -> Word {
    let plain = |w: Word| !w.is_ptr() || w.is_plain(Kind::Int) || w.is_plain(Kind::Str);
    let indexable = |w: Word| w.is_plain(Kind::List) || w.is_plain(Kind::Tuple) || w.is_plain(Kind::Str);
    let (a, b) = (Value::of(&v[0]), Value::of(&v[1]));
    let r = match () {
        _ if arg >= NB_SUBSCR
            && (indexable(v[0]) && v[1].is_int() || v[0].is_plain(Kind::Dict) && plain(v[1])) =>
        {
            vm.get_item(a, b)
        }
        // `%` on a str formats: calls str() of anything.
        _ if arg < NB_SUBSCR
            && plain(v[0])
            && plain(v[1])
            && !(v[0].is_plain(Kind::Str) && arg % 13 == 6) =>
        {
            vm.binary_op(BinOp::of(arg), arg >= NB_INPLACE, a, b)
        }
        _ => return Word::NULL,
    };
    finish_leaf(vm, r)
}

/// An error of a leaf is forgotten: the interpreter repeats the instruction and raises it properly.
fn finish_leaf(vm: &mut Vm, r: R<Value>) -> Word {
    match r {
        Ok(v) => v.into_word(),
        Err(_) => {
            drop(vm.take_pending());
            Word::NULL
        }
    }
}

pub static COMPARE_OP: Helper = Helper {
    name: "compare_op",
    run: |vm, arg, v| {
        let r = vm.compare(CmpOp::of(arg), Value::of(&v[0]), Value::of(&v[1]))?;
        // Bit 4 asks for a bool: the truth of whatever came out.
        if arg & 16 != 0 && !r.word().is_bool() {
            Ok(Word::from_bool(vm.truthy(&r)?))
        } else {
            Ok(r.into_word())
        }
    },
    leaf: Some(|vm, arg, v| {
        let plain = |w: Word| !w.is_ptr() || w.is_plain(Kind::Int) || w.is_plain(Kind::Str);
        if !plain(v[0]) || !plain(v[1]) {
            return Word::NULL;
        }
        let r = vm.compare(CmpOp::of(arg), Value::of(&v[0]), Value::of(&v[1]));
        finish_leaf(vm, r)
    }),
};

pub static TO_BOOL: Helper = Helper {
    name: "to_bool",
    run: |vm, _, v| Ok(Word::from_bool(vm.truthy(Value::of(&v[0]))?)),
    leaf: Some(|vm, _, v| match v[0].plain_kind() {
        None if v[0].is_ptr() => Word::NULL,
        None | Some(Kind::Int | Kind::Dict | Kind::Range) => {
            let r = vm.truthy(Value::of(&v[0])).map(Value::bool);
            finish_leaf(vm, r)
        }
        _ => Word::NULL,
    }),
};

pub static NEGATE: Helper = Helper {
    name: "negate",
    run: |vm, _, v| word(vm.negate(Value::of(&v[0]))),
    leaf: Some(|vm, _, v| {
        if v[0].is_ptr() && !v[0].is_plain(Kind::Int) {
            return Word::NULL;
        }
        let r = vm.negate(Value::of(&v[0]));
        finish_leaf(vm, r)
    }),
};
pub static INVERT: Helper =
    Helper { name: "invert", run: |vm, _, v| word(vm.invert(Value::of(&v[0]))), leaf: None };
pub static GET_ITER: Helper =
    Helper { name: "get_iter", run: |vm, _, v| word(vm.get_iter(Value::of(&v[0]))), leaf: None };

/// NULL at the end.
pub static FOR_ITER: Helper = Helper {
    name: "for_iter",
    run: |vm, _, v| {
        let it = Value::of(&v[0]);
        // These run no Python.
        let next = match v[0].plain_kind() {
            Some(Kind::DictIter) => vm.dict_next(it.as_()),
            Some(Kind::SeqIter) => vm.next_of_sequence(it.as_()),
            Some(Kind::SetIter) => vm.set_next(it.as_()),
            _ => return next_in_loop(vm, it),
        };
        Ok(next?.map_or(Word::NULL, Value::into_word))
    },
    leaf: None,
};

/// What FOR_ITER does with an iterator that may run Python. NULL at the end.
fn next_in_loop(vm: &mut Vm, it: &Value) -> R<Word> {
    if it.word().is_plain(Kind::Generator) && vm.type_of(it).is(&vm.types.generator) {
        let it = it.clone();
        return match vm.gen_send(&it, Value::NONE)? {
            Sent::Yield(v) => Ok(v.into_word()),
            Sent::Return(v) if v.is_none() => Ok(Word::NULL),
            Sent::Return(v) => vm.fire_stop(v).map(|()| Word::NULL),
        };
    }
    if vm.stop_seen.is_some() {
        vm.stop_seen = None;
    }
    match vm.next(it)? {
        Some(v) => Ok(v.into_word()),
        None => match vm.stop_seen.take() {
            // A StopIteration that Python code raised is an event (rule M151).
            Some(e) => vm.fire_swallowed(&e).map(|()| Word::NULL),
            None => Ok(Word::NULL),
        },
    }
}

pub static STORE_SUBSCR: Helper = Helper {
    name: "store_subscr",
    run: |vm, _, v| {
        vm.set_item(Value::of(&v[1]), Value::of(&v[2]), Value::of(&v[0]).clone())?;
        Ok(Word::NONE)
    },
    leaf: None,
};

pub static CONTAINS_OP: Helper = Helper {
    name: "contains_op",
    run: |vm, arg, v| {
        let found = vm.contains(Value::of(&v[1]), Value::of(&v[0]))?;
        Ok(Word::from_bool(found != (arg == 1)))
    },
    leaf: Some(|vm, arg, v| {
        let plain = |w: Word| !w.is_ptr() || w.is_plain(Kind::Int) || w.is_plain(Kind::Str);
        let known = v[1].is_plain(Kind::Dict)
            || v[1].is_plain(Kind::Range)
            || v[1].is_plain(Kind::Str) && v[0].is_plain(Kind::Str);
        if !plain(v[0]) || !known {
            return Word::NULL;
        }
        let r = vm.contains(Value::of(&v[1]), Value::of(&v[0])).map(|found| Value::bool(found != (arg == 1)));
        finish_leaf(vm, r)
    }),
};

/// `list.append` as compiled code calls it.
pub static LIST_APPEND: Helper = Helper {
    name: "list_append",
    run: |_, _, v| {
        Value::of(&v[0]).as_::<List>().push(v[1].to_value());
        Ok(Word::NONE)
    },
    leaf: Some(|_, _, v| {
        Value::of(&v[0]).as_::<List>().push(v[1].to_value());
        Word::NONE
    }),
};

/// Every helper that compiled code may call, by its index.
pub static HELPERS: &[&Helper] = &[
    &BINARY_OP,
    &COMPARE_OP,
    &TO_BOOL,
    &NEGATE,
    &INVERT,
    &GET_ITER,
    &FOR_ITER,
    &STORE_SUBSCR,
    &CONTAINS_OP,
    &LIST_APPEND,
];

/// Repeats an instruction in its general form, after a specialised one met the wrong types.
fn again(vm: &mut Vm, body: fn(&mut Interp<false, false>, u32) -> Flow, arg: u32) -> Flow {
    let mut m = Interp::<false, false>::load(vm);
    let r = body(&mut m, arg);
    m.sync();
    r
}
pub fn binary_op_again(vm: &mut Vm, arg: u32) -> Flow {
    again(vm, ops::number::binary_op, arg)
}
pub fn for_iter_again(vm: &mut Vm, arg: u32) -> Flow {
    again(vm, ops::iter::for_iter, arg)
}
pub fn compare_op_again(vm: &mut Vm, arg: u32) -> Flow {
    again(vm, ops::number::compare_op, arg)
}
pub fn contains_op_again(vm: &mut Vm, arg: u32) -> Flow {
    again(vm, ops::subscr::contains_op, arg)
}
pub fn store_subscr_again(vm: &mut Vm, arg: u32) -> Flow {
    again(vm, ops::subscr::store_subscr, arg)
}

pub fn unsupported_opcode(vm: &mut Vm, number: u32) -> Flow {
    Err(vm
        .raise("NotImplementedError", format!("opcode {} is not supported yet", op::name(number as u8)))
        .into())
}

/// RESUME in code that has not seen the present monitoring state: brings it up to date and starts the
/// instruction again, which may be probed now.
pub fn bring_up_to_date(vm: &mut Vm, _arg: u32) -> Flow {
    // Nothing is delivered inside a callback; what runs there stays as it is (rule M83).
    if vm.in_callback {
        return Ok(());
    }
    let code = vm.frame().function().code_value();
    if let Some(change) = vm.last_change {
        vm.update_code(code.as_(), &change);
    }
    code.as_::<crate::code::Code>().seen.set(vm.version);
    let f = vm.frame();
    f.ip = f.ip.wrapping_sub(1);
    Ok(())
}

/// Big ints used as numbers by the leaf functions.
pub fn is_int(v: &Value) -> bool {
    v.word().is_int() || v.get::<Int>().is_some()
}

/// A str's text, or None.
pub fn text(v: &Value) -> Option<&str> {
    v.get::<Str>().map(Str::as_str)
}
