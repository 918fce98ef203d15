//! Module `_md5`: see `hashes`.

pub use super::hashes::md5 as init;
