//! Module `_blake2`: see `hashes`.

pub use super::hashes::blake2 as init;
