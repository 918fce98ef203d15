//! Moving words between locals, constants and the stack.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;

#[inline(always)]
pub fn nop<M: Machine>(_m: &mut M, _arg: u32) -> Flow {
    Ok(())
}

/// Handled by the drivers: the next unit's argument grows.
#[inline(always)]
pub fn extended_arg<M: Machine>(_m: &mut M, _arg: u32) -> Flow {
    Ok(())
}

/// Handled by the drivers.
#[inline(always)]
pub fn probe<M: Machine>(_m: &mut M, _arg: u32) -> Flow {
    Ok(())
}

/// Raises the error that names an opcode without a body.
#[inline(always)]
pub fn unsupported<M: Machine>(m: &mut M, op: u32) -> Flow {
    m.residual(rt::unsupported_opcode, op)
}

#[inline(always)]
pub fn load_const<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.constant(arg);
    let v = m.own(v);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_small_int<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.small_int(arg as i64);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.local(arg);
    let v = m.own(v);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_fast_borrow<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.borrow_local(arg);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_fast_check<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.local(arg);
    if m.is_null(v) {
        return m.residual(rt::raise_unbound_local, arg);
    }
    let v = m.own(v);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_fast_and_clear<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.local(arg);
    let null = m.null();
    m.set_local(arg, null);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn load_fast_load_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    load_fast(m, arg >> 4)?;
    load_fast(m, arg & 15)
}

#[inline(always)]
pub fn load_fast_borrow_load_fast_borrow<M: Machine>(m: &mut M, arg: u32) -> Flow {
    load_fast_borrow(m, arg >> 4)?;
    load_fast_borrow(m, arg & 15)
}

#[inline(always)]
pub fn store_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let old = m.local(arg);
    m.will_drop(old);
    let v = m.peek(0);
    m.set_local(arg, v);
    m.shrink(1);
    m.drop(old);
    Ok(())
}

#[inline(always)]
pub fn store_fast_load_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    store_fast(m, arg >> 4)?;
    load_fast(m, arg & 15)
}

#[inline(always)]
pub fn store_fast_store_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    store_fast(m, arg >> 4)?;
    store_fast(m, arg & 15)
}

#[inline(always)]
pub fn delete_fast<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let old = m.local(arg);
    if m.is_null(old) {
        return m.residual(rt::raise_unbound_local, arg);
    }
    m.will_drop(old);
    let null = m.null();
    m.set_local(arg, null);
    m.drop(old);
    Ok(())
}

#[inline(always)]
pub fn pop_top<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    m.will_drop(v);
    m.shrink(1);
    m.drop(v);
    Ok(())
}

/// Only a generator's end comes here (STOP_ITERATION); FOR_ITER skips it.
#[inline(always)]
pub fn end_for<M: Machine>(m: &mut M, arg: u32) -> Flow {
    pop_top(m, arg)
}

#[inline(always)]
pub fn push_null<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.null();
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn copy<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(arg as usize - 1);
    let v = m.own(v);
    m.push(v);
    Ok(())
}

#[inline(always)]
pub fn swap<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let (top, other) = (m.peek(0), m.peek(arg as usize - 1));
    m.set(0, other);
    m.set(arg as usize - 1, top);
    Ok(())
}
