//! Seriema's tracing JIT.

#[path = "../../vm/src/layout.rs"]
pub mod layout;

pub mod code_memory;
pub mod ir;
pub mod lower;
pub mod opt;
