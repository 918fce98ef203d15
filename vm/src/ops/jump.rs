//! Jumps and branches. Events of a jump are fired when it has been done: a callback that raises does so at
//! the destination.

use crate::machine::{Flow, Machine};
use seriema_monitoring::Event;

#[inline(always)]
pub fn jump_forward<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.jump(arg as isize);
    m.event(Event::Jump, 0)
}

/// `arg` counts back from behind the cache unit.
#[inline(always)]
pub fn jump_backward<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.poll()?;
    m.back_edge(1 - arg as isize)?;
    m.event(Event::Jump, 0)
}

/// The JIT gave this loop up, or is off.
#[inline(always)]
pub fn jump_backward_no_jit<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.poll()?;
    m.jump(1 - arg as isize);
    Ok(())
}

#[inline(always)]
pub fn enter_region<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.poll()?;
    m.enter_region(1 - arg as isize)
}

#[inline(always)]
pub fn jump_backward_no_interrupt<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.jump(-(arg as isize));
    Ok(())
}

/// A branch: the condition has been popped.
#[inline(always)]
fn branch<M: Machine>(m: &mut M, taken: bool, arg: u32) -> Flow {
    if taken {
        m.jump(1 + arg as isize);
        return m.event(Event::BranchRight, 0);
    }
    m.jump(1);
    Ok(())
}

#[inline(always)]
pub fn pop_jump_if_false<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    let taken = !m.is_true(v);
    m.shrink(1);
    branch(m, taken, arg)
}

#[inline(always)]
pub fn pop_jump_if_true<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    let taken = m.is_true(v);
    m.shrink(1);
    branch(m, taken, arg)
}

#[inline(always)]
pub fn pop_jump_if_none<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    let taken = m.is_none(v);
    m.will_drop(v);
    m.shrink(1);
    m.drop(v);
    branch(m, taken, arg)
}

#[inline(always)]
pub fn pop_jump_if_not_none<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    let taken = !m.is_none(v);
    m.will_drop(v);
    m.shrink(1);
    m.drop(v);
    branch(m, taken, arg)
}

#[inline(always)]
pub fn not_taken<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    m.event(Event::BranchLeft, 0)
}
