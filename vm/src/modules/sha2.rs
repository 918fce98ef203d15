//! Module `_sha2`: see `hashes`.

pub use super::hashes::sha2 as init;
