//! Seriema's Python 3.14: object model, bytecode interpreter, monitoring. Complete without a JIT, which it
//! reaches through [`tier::Tier`] only.

// `T::new` puts a T on the heap and answers the value that refers to it; tables of function pointers are read
// once, where they stand.
#![allow(clippy::new_ret_no_self, clippy::type_complexity)]

pub mod attr_cache;
pub mod audit;
pub mod code;
pub mod compile;
pub mod error;
pub mod frame;
pub mod gc;
pub mod hearer;
pub mod import;
pub mod interp;
pub mod layout;
pub mod listen;
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
pub mod trace;
pub mod traceback;
pub mod types;
pub mod value;
pub mod vm;
pub mod watch;

pub use error::{Exc, R};
pub use value::{Value, Word};
pub use vm::{Options, Vm};
