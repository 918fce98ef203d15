//! Seriema's Python 3.14: object model, bytecode interpreter, monitoring. Complete without a JIT, which it
//! reaches through [`tier::Tier`] only.

pub mod attr_cache;
pub mod code;
pub mod compile;
pub mod error;
pub mod frame;
pub mod gc;
pub mod import;
pub mod interp;
pub mod layout;
pub mod machine;
pub mod modules;
pub mod monitor;
pub mod object;
pub mod op;
pub mod ops;
pub mod runtime;
pub mod site;
pub mod thread;
pub mod tier;
pub mod traceback;
pub mod types;
pub mod value;
pub mod vm;
pub mod watch;

pub use error::{Exc, R};
pub use value::{Value, Word};
pub use vm::{Options, Vm};
