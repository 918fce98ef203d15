//! f-strings.

use crate::machine::{Flow, Machine};
use crate::runtime as rt;

#[inline(always)]
pub fn format_simple<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::format_simple, arg)
}

#[inline(always)]
pub fn format_with_spec<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::format_with_spec, arg)
}

#[inline(always)]
pub fn convert_value<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::convert_value, arg)
}
