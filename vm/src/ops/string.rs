//! f-strings and t-strings.

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

#[inline(always)]
pub fn build_template<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::build_template, arg)
}

#[inline(always)]
pub fn build_interpolation<M: Machine>(m: &mut M, arg: u32) -> Flow {
    m.residual(rt::build_interpolation, arg)
}
