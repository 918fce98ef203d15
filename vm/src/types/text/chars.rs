//! Properties and case mappings of characters, as Unicode 16 has them.
//!
//! The tables of the crates are newer: what Unicode 17 added is unassigned here.

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

/// Assigned by Unicode 17 only.
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

/// First and last of the runs of code points that Unicode 17 added.
static NEWER: &[(u32, u32)] = &[(0x088f, 0x088f)];

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
