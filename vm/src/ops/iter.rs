//! Iteration.

use crate::machine::{Flow, Machine, Next};
use crate::object::Kind;
use crate::op;
use crate::runtime as rt;
use seriema_monitoring::Event;

#[inline(always)]
pub fn get_iter<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    let v = m.peek(0);
    if let Some(it) = m.make_iter(v) {
        m.set(0, it);
        m.drop(v);
        return Ok(());
    }
    let it = m.call(&rt::GET_ITER, 0, &[v])?;
    m.set(0, it);
    m.drop(v);
    Ok(())
}

/// The end of the loop: over the body and the END_FOR behind it, to POP_ITER.
#[inline(always)]
fn exhausted<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.jump(1 + arg as isize + 1);
    Ok(())
}

#[inline(always)]
fn item<M: Machine>(m: &mut M, v: M::V) -> Flow {
    m.push(v);
    m.jump(1);
    m.event(Event::BranchLeft, 0)
}

#[inline(always)]
pub fn for_iter<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let it = m.peek(0);
    if m.is_kind(it, Kind::RangeIter) {
        m.quicken(op::FOR_ITER_RANGE)?;
    } else if m.is_kind(it, Kind::SeqIter) {
        m.quicken(op::FOR_ITER_SEQ)?;
    } else if !M::PROBED && m.is_kind(it, Kind::Generator) {
        m.quicken(op::FOR_ITER_GENERATOR)?;
        return m.residual(rt::for_iter_generator, arg);
    }
    any_next(m, it, arg)
}

#[inline(always)]
pub fn for_iter_generator<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let it = m.peek(0);
    if m.is_kind(it, Kind::Generator) {
        if m.resume_in_loop(it, arg) {
            return Ok(());
        }
        return m.residual(rt::for_iter_generator, arg);
    }
    m.quicken(op::FOR_ITER)?;
    m.residual(rt::for_iter_again, arg)
}

#[inline(always)]
fn any_next<M: Machine>(m: &mut M, it: M::V, arg: u32) -> Flow {
    match m.iter_next(it) {
        Next::Item(v) => item(m, v),
        Next::Done => exhausted(m, arg),
        Next::Other => {
            m.quicken_unless(op::FOR_ITER_OBJECT, it, &[Kind::SeqIter, Kind::RangeIter])?;
            let v = m.call(&rt::FOR_ITER, 0, &[it])?;
            // The helper answers NULL at the end.
            if m.is_null(v) { exhausted(m, arg) } else { item(m, v) }
        }
    }
}

/// Over an iterator that no machine knows, the last time: straight to the runtime.
#[inline(always)]
pub fn for_iter_object<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::for_iter_object, arg)
}

#[inline(always)]
pub fn for_iter_range<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let it = m.peek(0);
    if m.is_kind(it, Kind::RangeIter) {
        match m.iter_next(it) {
            Next::Item(v) => return item(m, v),
            Next::Done => return exhausted(m, arg),
            Next::Other => {}
        }
    }
    m.quicken(op::FOR_ITER)?;
    m.residual(rt::for_iter_again, arg)
}

/// Over a list, tuple, str or dict.
#[inline(always)]
pub fn for_iter_seq<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let it = m.peek(0);
    if m.is_kind(it, Kind::SeqIter) {
        return any_next(m, it, arg);
    }
    m.quicken(op::FOR_ITER)?;
    m.residual(rt::for_iter_again, arg)
}

/// FOR_ITER over a range, STORE_FAST.
#[inline(always)]
pub fn for_range_store<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let it = m.peek(0);
    if m.is_kind(it, Kind::RangeIter) {
        match m.iter_next(it) {
            Next::Item(v) => {
                let slot = (m.live_unit(1) >> 8) as u32;
                let old = m.local(slot);
                m.set_local(slot, v);
                m.jump(2);
                m.drop(old);
                return Ok(());
            }
            Next::Done => return exhausted(m, arg),
            Next::Other => {}
        }
    }
    m.quicken(op::FOR_ITER)?;
    m.residual(rt::for_iter_again, arg)
}

#[inline(always)]
pub fn pop_iter<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if !M::PROBED {
        return super::stack::pop_top(m, arg);
    }
    // The event is told before the iterator goes.
    let v = m.peek(0);
    m.shrink(1);
    let r = m.event(Event::BranchRight, 0);
    m.drop(v);
    r
}
