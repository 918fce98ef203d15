//! Exceptions: the handlers' own opcodes. Finding a handler is `unwind`'s work.

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

residuals! { push_exc_info; pop_except; check_exc_match; check_eg_match; raise_varargs; with_except_start; load_special; reraise; }
