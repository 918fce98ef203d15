//! Generators and coroutines.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;
use seriema_monitoring::Event;

macro_rules! residuals {
    ($($name:ident;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! { return_generator; get_yield_from_iter; cleanup_throw; get_awaitable; get_aiter; get_anext; }

#[inline(always)]
pub fn send<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if !M::PROBED && m.resume_by_send(arg) {
        return Ok(());
    }
    m.residual(rt::send, arg)
}

#[inline(always)]
pub fn yield_value<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.event(Event::PyYield, 0)?;
    if !M::PROBED && m.suspend(arg) {
        return Ok(());
    }
    m.residual(rt::yield_value, arg)
}

#[inline(always)]
pub fn end_send<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.event(Event::StopIteration, 0)?;
    m.residual(rt::end_send, arg)
}

#[inline(always)]
pub fn end_async_for<M: Machine>(m: &mut M, arg: u32) -> Flow {
    // Told even if it turns out to be another exception that goes on.
    m.event(Event::BranchRight, 0)?;
    m.residual(rt::end_async_for, arg)
}
