//! Properties and case mappings of characters, as Unicode 16 has them.
//!
//! The tables of the crates are newer: what later versions added is unassigned here.

use rustpython_unicode::{case, classify, identifier};
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

/// What `str.isspace` and `str.split` take for white space.
pub fn is_space(c: char) -> bool {
    match c {
        '\0'..='\x7f' => matches!(c, ' ' | '\t'..='\r' | '\x1c'..='\x1f'),
        c => c.is_whitespace(),
    }
}
pub fn is_blank(c: CodePoint) -> bool {
    c.is_char_and(is_space)
}
/// The ends of lines for `str.splitlines`.
pub fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

macro_rules! predicates {
    ($($name:ident = $test:path;)*) => { $(
        pub fn $name(c: char) -> bool {
            $test(c) && !is_newer(c)
        }
    )* };
}
predicates! {
    is_alpha = classify::is_alpha;
    is_alnum = alnum;
    is_decimal = classify::is_decimal;
    is_digit = classify::is_digit;
    is_numeric = classify::is_numeric;
    is_printable = classify::is_printable;
    is_lower = case::is_lowercase;
    is_upper = case::is_uppercase;
    is_title = case::is_titlecase;
    is_cased = case::is_cased;
    is_xid_start = identifier::is_start;
    is_xid_continue = identifier::is_xid_continue;
}

fn alnum(c: char) -> bool {
    classify::is_alpha(c) || classify::is_numeric(c)
}

/// Assigned only after Unicode 16.
pub fn is_newer(c: char) -> bool {
    let c = c as u32;
    c >= NEWER[0].0
        && NEWER
            .binary_search_by(|&(a, b)| {
                if b < c {
                    std::cmp::Ordering::Less
                } else if a > c {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
}

/// First and last of the runs of code points that later versions added.
#[rustfmt::skip]
static NEWER: &[(u32, u32)] = &[
    (0x0558, 0x0558), (0x058b, 0x058c), (0x05c8, 0x05c9), (0x0b53, 0x0b54), (0x0c5c, 0x0c5c),
    (0x0cdc, 0x0cdc), (0x1acf, 0x1af0), (0x208f, 0x208f), (0x209d, 0x209f), (0x20c1, 0x20c4),
    (0x2b96, 0x2b96), (0x2e60, 0x2e63), (0xa7ce, 0xa7cf), (0xa7d2, 0xa7d2), (0xa7d4, 0xa7d4),
    (0xa7dd, 0xa7dd), (0xa7e2, 0xa7e2), (0xa7f1, 0xa7f1), (0xab6c, 0xab6d), (0xfbc3, 0xfbd2),
    (0xfd90, 0xfd91), (0xfdc8, 0xfdce), (0x107bb, 0x107bf), (0x10940, 0x10959), (0x10ec5, 0x10ec7),
    (0x10ec9, 0x10eee), (0x10ef0, 0x10efb), (0x11b0a, 0x11b0a), (0x11b60, 0x11b67), (0x11db0, 0x11ddb),
    (0x11de0, 0x11de9), (0x11df0, 0x11df1), (0x1246f, 0x1246f), (0x12475, 0x1247f), (0x12550, 0x12686),
    (0x16ea0, 0x16eb8), (0x16ebb, 0x16ed3), (0x16ff2, 0x16ff6), (0x187f8, 0x187ff), (0x18cd6, 0x18cda),
    (0x18d09, 0x18d20), (0x18d80, 0x18df2), (0x18e00, 0x19191), (0x191a0, 0x191d2), (0x1b123, 0x1b128),
    (0x1b168, 0x1b168), (0x1ccfa, 0x1ccfc), (0x1ceba, 0x1ced0), (0x1ced2, 0x1ced4), (0x1cedd, 0x1cefd),
    (0x1d127, 0x1d128), (0x1d1eb, 0x1d1ff), (0x1d250, 0x1d281), (0x1d6a6, 0x1d6a6), (0x1db00, 0x1db1c),
    (0x1df1f, 0x1df24), (0x1df2b, 0x1df81), (0x1df90, 0x1df96), (0x1dfcd, 0x1dfff), (0x1e6c0, 0x1e6de),
    (0x1e6e0, 0x1e6f5), (0x1e6fe, 0x1e6ff), (0x1f1ae, 0x1f1ae), (0x1f6d8, 0x1f6d9), (0x1f777, 0x1f77a),
    (0x1f7da, 0x1f7db), (0x1f7f1, 0x1f7ff), (0x1f8d0, 0x1f8d8), (0x1fa54, 0x1fa57), (0x1fa8a, 0x1fa8e),
    (0x1fac8, 0x1fac8), (0x1facc, 0x1facd), (0x1fadd, 0x1fadd), (0x1faea, 0x1faeb), (0x1faef, 0x1faef),
    (0x1faf9, 0x1fafa), (0x1fbfa, 0x1fbfa), (0x2b73a, 0x2b73f), (0x2b81e, 0x2b81e), (0x2cea2, 0x2cead),
    (0x323b0, 0x33479), (0x3d000, 0x3fc3f),
];

pub fn lower(s: &Wtf8) -> Wtf8Buf {
    s.to_lowercase()
}
pub fn upper(s: &Wtf8) -> Wtf8Buf {
    s.to_uppercase()
}
pub fn title(s: &Wtf8) -> Wtf8Buf {
    case::title_wtf8(s)
}
pub fn capitalize(s: &Wtf8) -> Wtf8Buf {
    case::capitalize_wtf8(s)
}
pub fn swap(s: &Wtf8) -> Wtf8Buf {
    case::swapcase_wtf8(s)
}
pub fn fold(s: &Wtf8) -> Wtf8Buf {
    case::casefold_wtf8(s)
}

/// Value of a decimal digit of any script.
pub fn decimal_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    if !is_decimal(c) {
        return None;
    }
    rustpython_unicode::data::Ucd::new(true).decimal(c.into()).map(|n| n as u32)
}

pub fn name(c: char) -> Option<String> {
    if is_newer(c) { None } else { rustpython_unicode::character_name(c) }
}
/// The one character of a name, as `\N{...}` takes it.
pub fn by_name(name: &str) -> Option<char> {
    rustpython_unicode::lookup_character(name).filter(|&c| !is_newer(c))
}
