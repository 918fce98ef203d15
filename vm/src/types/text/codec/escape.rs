//! The codecs `unicode_escape`, `raw_unicode_escape` and `escape`.

use super::Bad;
use super::handler::backslash;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

pub fn encode_unicode(s: &Wtf8) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for c in s.code_points() {
        match c.to_u32() {
            0x5c => out.extend_from_slice(b"\\\\"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0d => out.extend_from_slice(b"\\r"),
            0x09 => out.extend_from_slice(b"\\t"),
            n @ 0x20..=0x7e => out.push(n as u8),
            n => out.extend_from_slice(backslash(n).as_bytes()),
        }
    }
    out
}

pub fn encode_raw(s: &Wtf8) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for c in s.code_points() {
        match c.to_u32() {
            n @ 0..=0xff => out.push(n as u8),
            n => out.extend_from_slice(backslash(n).as_bytes()),
        }
    }
    out
}

/// Hexadecimal digits from `from` on, at most `n`: their value and the first offset behind them.
fn hex(b: &[u8], from: usize, n: usize) -> (u32, usize) {
    let digits = b[from..].iter().take(n).map_while(|&d| (d as char).to_digit(16));
    let (value, count) = digits.fold((0, 0), |(v, c): (u32, usize), d| (v << 4 | d, c + 1));
    (value, from + count)
}

/// The step of the decoder `unicode_escape`.
pub fn read_unicode(b: &[u8], at: &mut usize, out: &mut Wtf8Buf, last: bool) -> Option<Bad> {
    while let Some(&c) = b.get(*at) {
        if c != b'\\' {
            out.push_char(c as char);
            *at += 1;
            continue;
        }
        let start = *at;
        let Some(&c) = b.get(start + 1) else {
            return last.then(|| Bad::new(start, start + 1, "\\ at end of string"));
        };
        *at = start + 2;
        let (digits, message) = match c {
            b'x' => (2, "truncated \\xXX escape"),
            b'u' => (4, "truncated \\uXXXX escape"),
            b'U' => (8, "truncated \\UXXXXXXXX escape"),
            b'N' => match read_name(b, start, last)? {
                Ok((c, next)) => {
                    out.push_char(c);
                    *at = next;
                    continue;
                }
                Err(None) => {
                    *at = start;
                    return None;
                }
                Err(Some(bad)) => return Some(bad),
            },
            b'0'..=b'7' => {
                let octal = b[start + 1..].iter().take(3).take_while(|d| matches!(d, b'0'..=b'7'));
                let (value, n) =
                    octal.fold((0, 0), |(v, n): (u32, usize), d| (v << 3 | (d - b'0') as u32, n + 1));
                if !last && n < 3 && start + 1 + n == b.len() {
                    *at = start;
                    return None;
                }
                out.extend(char::from_u32(value));
                *at = start + 1 + n;
                continue;
            }
            _ => {
                match c {
                    b'\n' => {}
                    b'\\' | b'\'' | b'"' => out.push_char(c as char),
                    b'b' => out.push_char('\x08'),
                    b'f' => out.push_char('\x0c'),
                    b't' => out.push_char('\t'),
                    b'n' => out.push_char('\n'),
                    b'r' => out.push_char('\r'),
                    b'v' => out.push_char('\x0b'),
                    b'a' => out.push_char('\x07'),
                    _ => {
                        out.push_char('\\');
                        out.push_char(c as char);
                    }
                }
                continue;
            }
        };
        let (value, end) = hex(b, start + 2, digits);
        if end - start - 2 < digits {
            if !last && end == b.len() {
                *at = start;
                return None;
            }
            return Some(Bad::new(start, end, message));
        }
        match CodePoint::from_u32(value) {
            Some(c) => out.push(c),
            None => return Some(Bad::new(start, end, "illegal Unicode character")),
        }
        *at = end;
    }
    None
}

/// `\N{NAME}`. An error without content: more bytes are needed.
fn read_name(b: &[u8], start: usize, last: bool) -> Option<Result<(char, usize), Option<Bad>>> {
    let malformed = "malformed \\N character escape";
    if b.get(start + 2) != Some(&b'{') {
        let more = !last && start + 2 == b.len();
        return Some(Err((!more).then(|| Bad::new(start, start + 2, malformed))));
    }
    let name = &b[start + 3..];
    let Some(n) = name.iter().position(|&c| c == b'}') else {
        return Some(Err(last.then(|| Bad::new(start, b.len(), malformed))));
    };
    let end = start + 4 + n;
    if n == 0 {
        return Some(Err(Some(Bad::new(start, end - 1, malformed))));
    }
    let found = std::str::from_utf8(&name[..n]).ok().and_then(crate::types::text::chars::by_name);
    Some(match found {
        Some(c) => Ok((c, end)),
        None => Err(Some(Bad::new(start, end, "unknown Unicode character name"))),
    })
}

/// The step of the decoder `raw_unicode_escape`.
pub fn read_raw(b: &[u8], at: &mut usize, out: &mut Wtf8Buf, last: bool) -> Option<Bad> {
    while let Some(&c) = b.get(*at) {
        let start = *at;
        let next = b.get(start + 1);
        if c == b'\\' && next.is_none() && !last {
            return None;
        }
        let (digits, message) = match (c, next) {
            (b'\\', Some(b'u')) => (4, "truncated \\uXXXX escape"),
            (b'\\', Some(b'U')) => (8, "truncated \\UXXXXXXXX escape"),
            (b'\\', Some(&second)) => {
                out.push_char('\\');
                out.push_char(second as char);
                *at += 2;
                continue;
            }
            _ => {
                out.push_char(c as char);
                *at += 1;
                continue;
            }
        };
        let (value, end) = hex(b, start + 2, digits);
        if end - start - 2 < digits {
            if !last && end == b.len() {
                return None;
            }
            return Some(Bad::new(start, end, message));
        }
        match CodePoint::from_u32(value) {
            Some(c) => out.push(c),
            None => return Some(Bad::new(start, end, "\\Uxxxxxxxx out of range")),
        }
        *at = end;
    }
    None
}

/// `codecs.escape_encode`: as in the repr of bytes.
pub fn escape_bytes(b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    for &c in b {
        match c {
            b'\\' | b'\'' => out.extend_from_slice(&[b'\\', c]),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b' '..=b'~' => out.push(c),
            c => out.extend_from_slice(format!("\\x{c:02x}").as_bytes()),
        }
    }
    out
}

/// `codecs.escape_decode`. The error is the message of a ValueError.
pub fn unescape_bytes(b: &[u8], errors: &str) -> Result<Vec<u8>, String> {
    let (mut out, mut i) = (Vec::with_capacity(b.len()), 0);
    while let Some(&c) = b.get(i) {
        i += 1;
        if c != b'\\' {
            out.push(c);
            continue;
        }
        let Some(&c) = b.get(i) else { return Err("Trailing \\ in string".into()) };
        i += 1;
        match c {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(c),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let octal = b[i - 1..].iter().take(3).take_while(|d| matches!(d, b'0'..=b'7'));
                let (value, n) =
                    octal.fold((0, 0), |(v, n): (u32, usize), d| (v << 3 | (d - b'0') as u32, n + 1));
                out.push(value as u8);
                i += n - 1;
            }
            b'x' => {
                let (value, end) = hex(b, i, 2);
                if end - i == 2 {
                    out.push(value as u8);
                    i = end;
                    continue;
                }
                match errors {
                    "strict" => return Err(format!("invalid \\x escape at position {}", i - 2)),
                    "replace" => out.push(b'?'),
                    "ignore" => {}
                    other => return Err(format!("decoding error; unknown error handling code: {other}")),
                }
                i = end;
            }
            c => out.extend_from_slice(&[b'\\', c]),
        }
    }
    Ok(out)
}
