//! Instructions on objects that no machine knows by itself. Once an instruction has met one it takes a form that
//! comes straight here, without asking first for all that it is not; and it goes back to its base form when it
//! meets something that is known.

use super::call::quicken;
use super::{
    binary_op_again, compare_op_again, contains_op_again, for_iter_again, next_in_loop, store_subscr_again,
};
use crate::machine::Flow;
use crate::object::{Kind, known_equal};
use crate::op::{self, BinOp, CmpOp, NB_INPLACE, NB_SUBSCR};
use crate::value::{Value, Word};
use crate::vm::Vm;

/// An int in the word, or a float.
#[inline(always)]
fn is_number(w: Word) -> bool {
    w.is_int() || w.is_float()
}

/// The two operands on top of the stack, below first.
#[inline(always)]
fn operands(vm: &Vm) -> (Word, Word) {
    (vm.peek(1), vm.peek(0))
}

/// Replaces the two operands by the result and goes on behind the caches.
#[inline(always)]
fn finish2(vm: &mut Vm, r: Word, caches: usize) {
    let (x, y) = operands(vm);
    let f = vm.frame();
    f.ip = f.ip.wrapping_add(caches);
    // SAFETY: the operands are on the stack, whose references are given up; the frame shows that they are gone.
    unsafe {
        f.sp = f.sp.sub(1);
        *f.sp.sub(1) = r;
        y.decref();
        x.decref();
    }
}

pub fn binary_op_objects(vm: &mut Vm, arg: u32) -> Flow {
    let (x, y) = operands(vm);
    let (a, b) = (Value::of(&x), Value::of(&y));
    let r = if arg >= NB_SUBSCR {
        // These have forms of their own.
        let known = match x.plain_kind() {
            Some(Kind::List | Kind::Tuple) => y.is_int(),
            Some(Kind::Dict) => true,
            _ => false,
        };
        if known {
            quicken(vm, op::BINARY_OP);
            return binary_op_again(vm, arg);
        }
        if x.is_kind(Kind::Instance) && vm.enter_getitem()? {
            return Ok(());
        }
        vm.get_item(a, b)?
    } else {
        if is_number(x) && is_number(y) {
            quicken(vm, op::BINARY_OP);
            return binary_op_again(vm, arg);
        }
        if arg == BinOp::Add as u32 && x.is_plain(Kind::List) && y.is_plain(Kind::List) {
            quicken(vm, op::BINARY_OP_ADD_LISTS);
        }
        vm.binary_op(BinOp::of(arg), arg >= NB_INPLACE, a, b)?
    };
    finish2(vm, r.into_word(), op::caches(op::BINARY_OP));
    Ok(())
}

/// `==` and `!=` of two tuples, where that needs no Python.
fn tuples_equal(op: CmpOp, x: Word, y: Word) -> Option<bool> {
    let asked = matches!(op, CmpOp::Eq | CmpOp::Ne) && x.is_plain(Kind::Tuple) && y.is_plain(Kind::Tuple);
    if !asked {
        return None;
    }
    Some(known_equal(x, y)? == (op == CmpOp::Eq))
}

pub fn compare_op_objects(vm: &mut Vm, arg: u32) -> Flow {
    let (x, y) = operands(vm);
    if is_number(x) && is_number(y) || x.is_plain(Kind::Str) && y.is_plain(Kind::Str) {
        quicken(vm, op::COMPARE_OP);
        return compare_op_again(vm, arg);
    }
    let r = match tuples_equal(CmpOp::of(arg), x, y) {
        Some(r) => Word::from_bool(r),
        None => (super::COMPARE_OP.run)(vm, arg, &[x, y])?,
    };
    finish2(vm, r, op::caches(op::COMPARE_OP));
    Ok(())
}

pub fn contains_op_objects(vm: &mut Vm, arg: u32) -> Flow {
    let (item, container) = operands(vm);
    let known = match container.plain_kind() {
        Some(Kind::Dict | Kind::Set) => !item.is_ptr() || item.is_plain(Kind::Str),
        _ => false,
    };
    if known {
        quicken(vm, op::CONTAINS_OP);
        return contains_op_again(vm, arg);
    }
    let r = (super::CONTAINS_OP.run)(vm, arg, &[item, container])?;
    finish2(vm, r, op::caches(op::CONTAINS_OP));
    Ok(())
}

pub fn store_subscr_object(vm: &mut Vm, arg: u32) -> Flow {
    let (v, c, i) = (vm.peek(2), vm.peek(1), vm.peek(0));
    if c.is_plain(Kind::List) || c.is_plain(Kind::Dict) {
        quicken(vm, op::STORE_SUBSCR);
        return store_subscr_again(vm, arg);
    }
    vm.set_item(Value::of(&c), Value::of(&i), Value::of(&v).clone())?;
    let f = vm.frame();
    f.ip = f.ip.wrapping_add(op::caches(op::STORE_SUBSCR));
    // SAFETY: as in `finish2`.
    unsafe {
        f.sp = f.sp.sub(3);
        v.decref();
        c.decref();
        i.decref();
    }
    Ok(())
}

pub fn for_iter_object(vm: &mut Vm, arg: u32) -> Flow {
    let it = vm.peek(0);
    if let Some(Kind::RangeIter | Kind::SeqIter | Kind::Generator) = it.plain_kind() {
        quicken(vm, op::FOR_ITER);
        return for_iter_again(vm, arg);
    }
    let v = next_in_loop(vm, Value::of(&it))?;
    let f = vm.frame();
    // At the end: over the body and the END_FOR behind it.
    let skip = op::caches(op::FOR_ITER) + if v.is_null() { arg as usize + 1 } else { 0 };
    f.ip = f.ip.wrapping_add(skip);
    if !v.is_null() {
        // SAFETY: the stack has room for what the instruction leaves.
        unsafe {
            *f.sp = v;
            f.sp = f.sp.add(1);
        }
    }
    Ok(())
}

pub fn binary_slice_object(vm: &mut Vm, arg: u32) -> Flow {
    if let Some(Kind::List | Kind::Tuple) = vm.peek(2).plain_kind() {
        quicken(vm, op::BINARY_SLICE);
    }
    super::binary_slice(vm, arg)
}
