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
