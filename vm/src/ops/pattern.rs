//! Patterns of `match`.

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

residuals! { get_len; match_keys; match_mapping; match_sequence; match_class; }
