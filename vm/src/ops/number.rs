//! Arithmetic, comparison, truth.

use super::finish2;
use crate::machine::{FloatOp, Flow, IntOp, Machine};
use crate::object::Kind;
use crate::op::{self, BinOp, CmpOp, NB_SUBSCR};
use crate::runtime as rt;

/// As `finish2` for operands that are unboxed numbers: nothing to drop.
#[inline(always)]
fn finish2_unboxed<M: Machine>(m: &mut M, r: M::V, caches: isize) {
    m.shrink(1);
    m.set(0, r);
    m.jump(caches);
}

#[inline(always)]
pub fn binary_op<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if arg >= NB_SUBSCR {
        return super::subscr::binary_subscr(m, arg);
    }
    let operator = BinOp::of(arg);
    if m.ints(x, y) {
        match operator {
            BinOp::Add => m.quicken(op::BINARY_OP_ADD_INT)?,
            BinOp::Subtract => m.quicken(op::BINARY_OP_SUB_INT)?,
            BinOp::Multiply => m.quicken(op::BINARY_OP_MUL_INT)?,
            BinOp::And | BinOp::Or | BinOp::Xor | BinOp::FloorDivide | BinOp::Remainder | BinOp::Rshift => {
                m.quicken(op::BINARY_OP_INT)?;
            }
            _ => {}
        }
        if let Some(o) = IntOp::of(operator)
            && let Some(r) = m.int_op(o, x, y)
        {
            finish2_unboxed(m, r, 5);
            return Ok(());
        }
        if operator == BinOp::TrueDivide {
            let (a, b) = (m.to_float(x), m.to_float(y));
            if let Some(r) = m.float_op(FloatOp::Div, a, b) {
                finish2_unboxed(m, r, 5);
                return Ok(());
            }
        }
    } else if let Some(o) = FloatOp::of(operator) {
        if m.floats(x, y) {
            match operator {
                BinOp::Add => m.quicken(op::BINARY_OP_ADD_FLOAT)?,
                BinOp::Subtract => m.quicken(op::BINARY_OP_SUB_FLOAT)?,
                BinOp::Multiply => m.quicken(op::BINARY_OP_MUL_FLOAT)?,
                _ => {}
            }
            if let Some(r) = m.float_op(o, x, y) {
                finish2_unboxed(m, r, 5);
                return Ok(());
            }
        } else if m.float_and_int(x, y) {
            let (a, b) = (m.to_float(x), m.to_float(y));
            if let Some(r) = m.float_op(o, a, b) {
                finish2_unboxed(m, r, 5);
                return Ok(());
            }
        }
    }
    m.quicken(op::BINARY_OP_OBJECTS)?;
    let r = m.call(&rt::BINARY_OP, arg, &[x, y])?;
    m.jump(5);
    finish2(m, r);
    Ok(())
}

/// Of objects that no machine knows, the last time: straight to the runtime.
#[inline(always)]
pub fn binary_op_objects<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::binary_op_objects, arg)
}
/// Of two lists to be joined, the last time.
#[inline(always)]
pub fn add_lists<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if let Some(r) = m.joined(x, y) {
        m.jump(5);
        finish2(m, r);
        return Ok(());
    }
    if !m.is_kind(x, Kind::List) || !m.is_kind(y, Kind::List) {
        m.quicken(op::BINARY_OP_OBJECTS)?;
    }
    m.residual(rt::binary_op_objects, arg)
}
/// The same.
#[inline(always)]
pub fn compare_op_objects<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::compare_op_objects, arg)
}

macro_rules! int_forms {
    ($($name:ident $op:expr;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            let (y, x) = (m.peek(0), m.peek(1));
            if m.ints(x, y) && let Some(r) = m.int_op($op, x, y) {
                finish2_unboxed(m, r, 5);
                return Ok(());
            }
            unquicken_binary(m, arg)
        }
    )* };
}
int_forms! { add_int IntOp::Add; sub_int IntOp::Sub; mul_int IntOp::Mul; }

/// The other operators on ints.
#[inline(always)]
pub fn binary_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.ints(x, y)
        && let Some(o) = IntOp::of(BinOp::of(arg))
        && let Some(r) = m.int_op(o, x, y)
    {
        finish2_unboxed(m, r, 5);
        return Ok(());
    }
    unquicken_binary(m, arg)
}

// The second operand is loaded after the first has been tested: with both at hand LLVM joins the tests
// without a branch, which is dearer (measured: benches/generic_bodies.rs).
macro_rules! float_forms {
    ($($name:ident $op:expr;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            let x = m.peek(1);
            if m.is_float(x) {
                let y = m.peek(0);
                if m.is_float(y) && let Some(r) = m.float_op($op, x, y) {
                    finish2_unboxed(m, r, 5);
                    return Ok(());
                }
            }
            unquicken_binary(m, arg)
        }
    )* };
}
float_forms! { add_float FloatOp::Add; sub_float FloatOp::Sub; mul_float FloatOp::Mul; }

/// A specialised form met other types: the general form, which may specialise again.
#[inline(always)]
fn unquicken_binary<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.quicken(op::BINARY_OP)?;
    m.residual(rt::binary_op_again, arg)
}

#[inline(always)]
pub fn compare_op<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    let cmp = CmpOp::of(arg);
    if m.ints(x, y) {
        m.quicken(op::COMPARE_OP_INT)?;
        let r = m.int_cmp(cmp, x, y);
        finish2_unboxed(m, r, 1);
        return Ok(());
    }
    if m.floats(x, y) {
        m.quicken(op::COMPARE_OP_FLOAT)?;
        let r = m.float_cmp(cmp, x, y);
        finish2_unboxed(m, r, 1);
        return Ok(());
    }
    if m.float_and_int(x, y) {
        let (a, b) = (m.to_float(x), m.to_float(y));
        let r = m.float_cmp(cmp, a, b);
        finish2_unboxed(m, r, 1);
        return Ok(());
    }
    if let Some(r) = m.text_cmp(cmp, x, y) {
        m.jump(1);
        finish2(m, r);
        return Ok(());
    }
    m.quicken(op::COMPARE_OP_OBJECTS)?;
    let r = m.call(&rt::COMPARE_OP, arg, &[x, y])?;
    m.jump(1);
    finish2(m, r);
    Ok(())
}

#[inline(always)]
pub fn compare_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.ints(x, y) {
        let r = m.int_cmp(CmpOp::of(arg), x, y);
        finish2_unboxed(m, r, 1);
        return Ok(());
    }
    m.quicken(op::COMPARE_OP)?;
    compare_op(m, arg)
}

#[inline(always)]
pub fn compare_float<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.floats(x, y) {
        let r = m.float_cmp(CmpOp::of(arg), x, y);
        finish2_unboxed(m, r, 1);
        return Ok(());
    }
    m.quicken(op::COMPARE_OP)?;
    compare_op(m, arg)
}

/// Goes where the conditional jump at `at` units behind the opcode sends truth value `truth`.
#[inline(always)]
fn fused_jump<M: Machine>(m: &mut M, at: isize, truth: bool) {
    let unit = m.live_unit(at as usize);
    let taken = truth == (unit as u8 == op::POP_JUMP_IF_TRUE);
    // Not taken: over the jump, its cache and the NOT_TAKEN behind it.
    m.jump(if taken { at + 2 + (unit >> 8) as isize } else { at + 3 });
}

#[inline(always)]
pub fn compare_int_jump<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.ints(x, y) {
        let r = m.int_cmp(CmpOp::of(arg), x, y);
        let truth = m.is_true(r);
        m.shrink(2);
        fused_jump(m, 1, truth);
        return Ok(());
    }
    m.quicken(op::COMPARE_OP)?;
    compare_op(m, arg)
}

#[inline(always)]
pub fn compare_float_jump<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.floats(x, y) {
        let r = m.float_cmp(CmpOp::of(arg), x, y);
        let truth = m.is_true(r);
        m.shrink(2);
        fused_jump(m, 1, truth);
        return Ok(());
    }
    m.quicken(op::COMPARE_OP)?;
    compare_op(m, arg)
}

/// LOAD_FAST_BORROW_LOAD_FAST_BORROW, COMPARE_OP on ints, POP_JUMP_IF.
#[inline(always)]
pub fn load2_compare_int_jump<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.local(arg >> 4), m.local(arg & 15));
    if m.ints(x, y) {
        let cmp = m.live_unit(0) >> 8;
        let r = m.int_cmp(CmpOp::of(cmp as u32), x, y);
        let truth = m.is_true(r);
        fused_jump(m, 2, truth);
        return Ok(());
    }
    super::stack::load_fast_borrow_load_fast_borrow(m, arg)
}

/// LOAD_FAST_BORROW_LOAD_FAST_BORROW, BINARY_OP + on ints.
#[inline(always)]
pub fn load2_add_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.local(arg >> 4), m.local(arg & 15));
    if m.ints(x, y)
        && let Some(r) = m.int_op(IntOp::Add, x, y)
    {
        m.push(r);
        m.jump(6);
        return Ok(());
    }
    super::stack::load_fast_borrow_load_fast_borrow(m, arg)
}

/// LOAD_FAST_BORROW_LOAD_FAST_BORROW, BINARY_OP * on floats.
#[inline(always)]
pub fn load2_mul_float<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.local(arg >> 4), m.local(arg & 15));
    if m.floats(x, y)
        && let Some(r) = m.float_op(FloatOp::Mul, x, y)
    {
        m.push(r);
        m.jump(6);
        return Ok(());
    }
    super::stack::load_fast_borrow_load_fast_borrow(m, arg)
}

/// BINARY_OP + on ints, STORE_FAST over an unboxed value.
#[inline(always)]
pub fn add_int_store<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    if m.ints(x, y)
        && let Some(r) = m.int_op(IntOp::Add, x, y)
    {
        let slot = (m.live_unit(5) >> 8) as u32;
        let old = m.local(slot);
        m.set_local(slot, r);
        m.shrink(2);
        m.jump(6);
        m.drop(old);
        return Ok(());
    }
    unquicken_binary(m, arg)
}

/// LOAD_FAST_BORROW_LOAD_FAST_BORROW, BINARY_OP + on ints, STORE_FAST over an unboxed value.
#[inline(always)]
pub fn load2_add_int_store<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.local(arg >> 4), m.local(arg & 15));
    if m.ints(x, y)
        && let Some(r) = m.int_op(IntOp::Add, x, y)
    {
        store_behind(m, r);
        return Ok(());
    }
    super::stack::load_fast_borrow_load_fast_borrow(m, arg)
}

/// The STORE_FAST at the end of a load, BINARY_OP, STORE_FAST.
#[inline(always)]
fn store_behind<M: Machine>(m: &mut M, r: M::V) {
    let slot = (m.live_unit(6) >> 8) as u32;
    let old = m.local(slot);
    m.set_local(slot, r);
    m.jump(7);
    m.drop(old);
}

macro_rules! small_int_forms {
    ($($(#[$doc:meta])* $name:ident $op:expr;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            let (x, y) = (m.peek(0), m.small_int(arg as i64));
            if m.ints(x, y) && let Some(r) = m.int_op($op, x, y) {
                m.set(0, r);
                m.jump(6);
                return Ok(());
            }
            super::stack::load_small_int(m, arg)
        }
    )* };
}
small_int_forms! {
    /// LOAD_SMALL_INT, BINARY_OP + on ints.
    load_small_add_int IntOp::Add;
    /// LOAD_SMALL_INT, BINARY_OP - on ints.
    load_small_sub_int IntOp::Sub;
}

/// LOAD_SMALL_INT, BINARY_OP + on ints, STORE_FAST.
#[inline(always)]
pub fn load_small_add_int_store<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.peek(0), m.small_int(arg as i64));
    if m.ints(x, y)
        && let Some(r) = m.int_op(IntOp::Add, x, y)
    {
        m.shrink(1);
        store_behind(m, r);
        return Ok(());
    }
    super::stack::load_small_int(m, arg)
}

/// LOAD_SMALL_INT, COMPARE_OP on ints, POP_JUMP_IF.
#[inline(always)]
pub fn load_small_compare_int_jump<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (x, y) = (m.peek(0), m.small_int(arg as i64));
    if m.ints(x, y) {
        let cmp = m.live_unit(0) >> 8;
        let r = m.int_cmp(CmpOp::of(cmp as u32), x, y);
        let truth = m.is_true(r);
        m.shrink(1);
        fused_jump(m, 2, truth);
        return Ok(());
    }
    super::stack::load_small_int(m, arg)
}

macro_rules! load_float_forms {
    ($($(#[$doc:meta])* $name:ident $load:ident $op:expr, $plain:ident;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            let (x, y) = (m.peek(0), m.$load(arg));
            if m.floats(x, y) && let Some(r) = m.float_op($op, x, y) {
                m.set(0, r);
                m.jump(6);
                return Ok(());
            }
            super::stack::$plain(m, arg)
        }
    )* };
}
load_float_forms! {
    /// LOAD_FAST_BORROW, BINARY_OP + on floats.
    load_add_float local FloatOp::Add, load_fast_borrow;
    /// LOAD_FAST_BORROW, BINARY_OP - on floats.
    load_sub_float local FloatOp::Sub, load_fast_borrow;
    /// LOAD_FAST_BORROW, BINARY_OP * on floats.
    load_mul_float local FloatOp::Mul, load_fast_borrow;
    /// LOAD_CONST, BINARY_OP * on floats.
    const_mul_float constant FloatOp::Mul, load_const;
}

#[inline(always)]
pub fn to_bool<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    if let Some(r) = m.truth(v) {
        if m.is_bool(v) {
            m.quicken(op::TO_BOOL_BOOL)?;
        }
        m.will_drop(v);
        m.set(0, r);
        m.jump(3);
        m.drop(v);
        return Ok(());
    }
    let r = m.call(&rt::TO_BOOL, 0, &[v])?;
    m.set(0, r);
    m.jump(3);
    m.drop(v);
    Ok(())
}

#[inline(always)]
pub fn to_bool_bool<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    if m.is_bool(v) {
        m.jump(3);
        return Ok(());
    }
    m.quicken(op::TO_BOOL)?;
    to_bool(m, arg)
}

#[inline(always)]
pub fn to_bool_jump<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    if m.is_bool(v) {
        let truth = m.is_true(v);
        m.shrink(1);
        fused_jump(m, 3, truth);
        return Ok(());
    }
    m.quicken(op::TO_BOOL)?;
    to_bool(m, arg)
}

#[inline(always)]
pub fn unary_not<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    let r = m.not(v);
    m.set(0, r);
    Ok(())
}

#[inline(always)]
pub fn unary_negative<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    let zero = m.small_int(0);
    if m.ints(v, zero)
        && let Some(r) = m.int_op(IntOp::Sub, zero, v)
    {
        m.set(0, r);
        return Ok(());
    }
    let r = m.call(&rt::NEGATE, 0, &[v])?;
    m.set(0, r);
    m.drop(v);
    Ok(())
}

#[inline(always)]
pub fn unary_invert<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    let ones = m.small_int(-1);
    if m.ints(v, ones)
        && let Some(r) = m.int_op(IntOp::Xor, v, ones)
    {
        m.set(0, r);
        return Ok(());
    }
    let r = m.call(&rt::INVERT, 0, &[v])?;
    m.set(0, r);
    m.drop(v);
    Ok(())
}

#[inline(always)]
pub fn is_op<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (y, x) = (m.peek(0), m.peek(1));
    m.will_drop(y);
    m.will_drop(x);
    let mut r = m.same(x, y);
    if arg != 0 {
        r = m.not(r);
    }
    finish2(m, r);
    Ok(())
}
