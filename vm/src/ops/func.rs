//! Functions and closures.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;

macro_rules! residuals {
    ($($name:ident;)*) => { $(
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! { make_cell; copy_free_vars; delete_deref; }

#[inline(always)]
pub fn make_function<M: Machine>(m: &mut M, arg: u32) -> Flow {
    if m.make_function() {
        return Ok(());
    }
    m.residual(rt::make_function, arg)
}

#[inline(always)]
pub fn store_deref<M: Machine>(m: &mut M, slot: u32) -> Flow {
    let v = m.peek(0);
    if let Some(old) = m.set_cell_value(slot, v) {
        m.shrink(1);
        m.drop(old);
        return Ok(());
    }
    m.residual(rt::store_deref, slot)
}

#[inline(always)]
pub fn load_deref<M: Machine>(m: &mut M, arg: u32) -> Flow {
    match m.cell_value(arg) {
        Some(v) => {
            let v = m.own(v);
            m.push(v);
            Ok(())
        }
        None => m.residual(rt::raise_unbound_cell, arg),
    }
}

/// What `set_function_attribute` sets: the closure.
const CLOSURE: u32 = 8;

#[inline(always)]
pub fn set_function_attribute<M: Machine>(m: &mut M, which: u32) -> Flow {
    let (f, v) = (m.peek(0), m.peek(1));
    if which == CLOSURE && m.init_closure(f, v) {
        m.set(1, f);
        m.shrink(1);
        return Ok(());
    }
    m.residual(rt::set_function_attribute, which)
}
