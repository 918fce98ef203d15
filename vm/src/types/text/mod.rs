//! Text: what `str` shares with `bytes`, and the larger parts of `str`.

pub mod chars;
pub mod codec;
pub mod search;
