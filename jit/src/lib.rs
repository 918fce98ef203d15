//! Seriema's tracing JIT: from hot loops to machine code and back. See the modules, in this order: `record`,
//! `ir`, `opt`, `lower`, `exit`, `engine`.

pub use seriema_vm::layout;

pub mod code_memory;
pub mod engine;
pub mod exit;
mod host;
pub mod ir;
pub mod lower;
pub mod opt;
pub mod options;
pub mod record;
pub mod region;
pub mod stats;
