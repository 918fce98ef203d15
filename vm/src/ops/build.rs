//! Building and taking apart containers.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;

macro_rules! residuals {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<M: Machine>(m: &mut M, arg: u32) -> Flow {
            m.residual(rt::$name, arg)
        }
    )* };
}

residuals! {
    build_list;
    build_tuple;
    build_map;
    build_set;
    build_slice;
    build_string;
    call_intrinsic_1;
    call_intrinsic_2;
    dict_merge;
    dict_update;
    list_extend;
    map_add;
    set_add;
    set_update;
    unpack_ex;
    unpack_sequence;
    list_append;
}
