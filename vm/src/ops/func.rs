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

residuals! { make_function; set_function_attribute; make_cell; copy_free_vars; delete_deref; store_deref; }

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
