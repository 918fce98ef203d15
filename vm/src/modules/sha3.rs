//! Module `_sha3`: see `hashes`.

pub use super::hashes::sha3 as init;
