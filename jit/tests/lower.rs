//! Tests of the lowering and the code memory: compiled code against the reference evaluator.
//!
//! ```text
//!   Func ──compile──> exit, buffer ─┐
//!     └────eval─────> exit, buffer ─┴─ equal
//! ```

#[path = "lower/bench.rs"]
mod bench;
#[path = "lower/code.rs"]
mod code;
#[path = "lower/ops.rs"]
mod ops;
#[path = "lower/regions.rs"]
mod regions;
#[path = "lower/support.rs"]
mod support;
#[path = "lower/words.rs"]
mod words;
