//! Errors inside the VM.
//!
//! A Python exception in flight is stored in the VM ([`Vm::pending`](crate::vm::Vm)); [`Exc`] is the proof, of
//! size zero, that one is there. So a result is a plain branch in opcode bodies.

/// An exception is pending in the VM. (In a FAST handler: "bail", nothing has happened yet.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exc;

pub type R<T = ()> = Result<T, Exc>;
