//! Module `_sha1`: see `hashes`.

pub use super::hashes::sha1 as init;
