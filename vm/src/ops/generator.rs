//! Generators and coroutines.

use crate::machine::{Flow, Machine};
use crate::object::Flavour;
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

residuals! { return_generator; cleanup_throw; get_aiter; get_anext; }

#[inline(always)]
pub fn get_yield_from_iter<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    if m.is_generator(v, Flavour::Generator) { Ok(()) } else { m.residual(rt::get_yield_from_iter, arg) }
}

#[inline(always)]
pub fn get_awaitable<M: Machine>(m: &mut M, arg: u32) -> Flow {
    let v = m.peek(0);
    if m.is_generator(v, Flavour::Coroutine) { Ok(()) } else { m.residual(rt::get_awaitable, arg) }
}

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
    if m.suspend(arg) {
        return Ok(());
    }
    m.residual(rt::yield_value, arg)
}

#[inline(always)]
pub fn end_send<M: Machine>(m: &mut M, _arg: u32) -> Flow {
    m.event(Event::StopIteration, 0)?;
    let (v, receiver) = (m.peek(0), m.peek(1));
    m.will_drop(receiver);
    m.shrink(1);
    m.set(0, v);
    m.drop(receiver);
    Ok(())
}

#[inline(always)]
pub fn end_async_for<M: Machine>(m: &mut M, arg: u32) -> Flow {
    // Told even if it turns out to be another exception that goes on.
    m.event(Event::BranchRight, 0)?;
    m.residual(rt::end_async_for, arg)
}
