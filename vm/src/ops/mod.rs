//! Opcode bodies: the meaning of each opcode, once, over any [`Machine`](crate::machine::Machine).
//!
//! A family a file. The table in [`op`](crate::op) names them. See `machine` for the order inside a body.

pub mod build;
pub mod call;
pub mod exc;
pub mod func;
pub mod generator;
pub mod iter;
pub mod jump;
pub mod name;
pub mod number;
pub mod pattern;
pub mod stack;
pub mod string;
pub mod subscr;

use crate::machine::Machine;

/// Drops two operands and leaves the result in their place.
#[inline(always)]
fn finish2<M: Machine>(m: &mut M, r: M::V) {
    let (y, x) = (m.peek(0), m.peek(1));
    m.set(1, r);
    m.shrink(1);
    m.drop(y);
    m.drop(x);
}
