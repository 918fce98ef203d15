//! UTF-8, UTF-16, UTF-32, Latin-1 and ASCII, one character or one run at a time.

use super::{Bad, Encoding, push};
use rustpython_wtf8::{CodePoint, Wtf8Buf};

impl Encoding {
    /// Puts a character. False: this encoding has none for it.
    pub fn put(self, c: CodePoint, out: &mut Vec<u8>) -> bool {
        let n = c.to_u32();
        match (self, c.to_char()) {
            (Encoding::Latin1, _) if n < 0x100 => out.push(n as u8),
            (Encoding::Ascii, _) if n < 0x80 => out.push(n as u8),
            (Encoding::Latin1 | Encoding::Ascii, _) | (_, None) => return false,
            (Encoding::Utf8, Some(c)) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            (Encoding::Utf32Be, _) => out.extend_from_slice(&n.to_be_bytes()),
            (Encoding::Utf32 | Encoding::Utf32Le, _) => out.extend_from_slice(&n.to_le_bytes()),
            (_, Some(c)) => {
                for &unit in c.encode_utf16(&mut [0; 2]).iter() {
                    self.put_unit(unit, out);
                }
            }
        }
        true
    }
    fn put_unit(self, unit: u16, out: &mut Vec<u8>) {
        let big = self == Encoding::Utf16Be;
        out.extend_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
    }
    /// A surrogate as if it were a character. (Not in Latin-1 and ASCII.)
    pub fn put_surrogate(self, c: u16, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Encoding::Utf8 => out.extend_from_slice(&[
                0xe0 | (c >> 12) as u8,
                0x80 | (c >> 6 & 0x3f) as u8,
                0x80 | (c & 0x3f) as u8,
            ]),
            Encoding::Utf16 | Encoding::Utf16Le | Encoding::Utf16Be => self.put_unit(c, out),
            Encoding::Utf32Be => out.extend_from_slice(&(c as u32).to_be_bytes()),
            Encoding::Utf32 | Encoding::Utf32Le => out.extend_from_slice(&(c as u32).to_le_bytes()),
            Encoding::Latin1 | Encoding::Ascii => return None,
        }
        Some(())
    }
    /// The surrogate that begins the bytes, and how many it takes.
    pub fn get_surrogate(self, b: &[u8]) -> Option<(u16, usize)> {
        let (c, n) = match (self, b) {
            (Encoding::Utf8, &[0xed, x @ 0xa0..=0xbf, y @ 0x80..=0xbf, ..]) => {
                (0xd000 | (x as u32 & 0x3f) << 6 | (y as u32 & 0x3f), 3)
            }
            (Encoding::Utf16 | Encoding::Utf16Le, &[x, y, ..]) => (u16::from_le_bytes([x, y]) as u32, 2),
            (Encoding::Utf16Be, &[x, y, ..]) => (u16::from_be_bytes([x, y]) as u32, 2),
            (Encoding::Utf32 | Encoding::Utf32Le, &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]), 4),
            (Encoding::Utf32Be, &[a, b, c, d, ..]) => (u32::from_be_bytes([a, b, c, d]), 4),
            _ => return None,
        };
        (0xd800..0xe000).contains(&c).then_some((c as u16, n))
    }
    /// The byte order mark that an encoder writes.
    pub fn mark(self) -> Option<&'static [u8]> {
        match self {
            Encoding::Utf16 => Some(b"\xff\xfe"),
            Encoding::Utf32 => Some(b"\xff\xfe\0\0"),
            _ => None,
        }
    }
    /// The codec with its order of bytes made out, and the length of the mark that told it. Itself: more
    /// bytes are needed.
    pub fn order(self, b: &[u8], last: bool) -> (Encoding, usize) {
        match self {
            Encoding::Utf16 => match b {
                [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
                [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
                [] | [_] if !last => (self, 0),
                _ => (Encoding::Utf16Le, 0),
            },
            Encoding::Utf32 => match b {
                [0xff, 0xfe, 0, 0, ..] => (Encoding::Utf32Le, 4),
                [0, 0, 0xfe, 0xff, ..] => (Encoding::Utf32Be, 4),
                _ if b.len() < 4 && !last => (self, 0),
                _ => (Encoding::Utf32Le, 0),
            },
            _ => (self, 0),
        }
    }
    /// The step of the decoder.
    pub fn read(self, b: &[u8], at: &mut usize, out: &mut Wtf8Buf, last: bool) -> Option<Bad> {
        match self {
            Encoding::Utf8 => read_utf8(b, at, out, last),
            Encoding::Latin1 => {
                out.extend(b[*at..].iter().map(|&b| char::from(b)));
                *at = b.len();
                None
            }
            Encoding::Ascii => {
                let run = b[*at..].iter().take_while(|b| b.is_ascii()).count();
                out.extend(b[*at..*at + run].iter().map(|&b| char::from(b)));
                *at += run;
                (*at < b.len()).then(|| Bad::new(*at, *at + 1, "ordinal not in range(128)"))
            }
            Encoding::Utf16 | Encoding::Utf16Le => read_utf16(b, at, out, last, u16::from_le_bytes),
            Encoding::Utf16Be => read_utf16(b, at, out, last, u16::from_be_bytes),
            Encoding::Utf32 | Encoding::Utf32Le => read_utf32(b, at, out, last, u32::from_le_bytes),
            Encoding::Utf32Be => read_utf32(b, at, out, last, u32::from_be_bytes),
        }
    }
}

fn read_utf8(b: &[u8], at: &mut usize, out: &mut Wtf8Buf, last: bool) -> Option<Bad> {
    let rest = &b[*at..];
    let e = match std::str::from_utf8(rest) {
        Ok(s) => {
            push(out, s);
            *at = b.len();
            return None;
        }
        Err(e) => e,
    };
    if let Ok(s) = std::str::from_utf8(&rest[..e.valid_up_to()]) {
        push(out, s);
    }
    *at += e.valid_up_to();
    match e.error_len() {
        None if !last => None,
        None => Some(Bad::new(*at, b.len(), "unexpected end of data")),
        Some(1) if !matches!(b[*at], 0xc2..=0xf4) => Some(Bad::new(*at, *at + 1, "invalid start byte")),
        Some(n) => Some(Bad::new(*at, *at + n, "invalid continuation byte")),
    }
}

fn read_utf16(
    b: &[u8],
    at: &mut usize,
    out: &mut Wtf8Buf,
    last: bool,
    unit: fn([u8; 2]) -> u16,
) -> Option<Bad> {
    let get = |i: usize| b.get(i..i + 2).map(|u| unit([u[0], u[1]]));
    while let Some(u) = get(*at) {
        let i = *at;
        match u {
            0xd800..=0xdbff => match get(i + 2) {
                Some(low @ 0xdc00..=0xdfff) => {
                    let c = 0x10000 + ((u as u32 & 0x3ff) << 10 | (low as u32 & 0x3ff));
                    out.extend(char::from_u32(c));
                    *at += 4;
                }
                Some(_) => return Some(Bad::new(i, i + 2, "illegal UTF-16 surrogate")),
                None if !last => return None,
                None => return Some(Bad::new(i, b.len(), "unexpected end of data")),
            },
            0xdc00..=0xdfff => return Some(Bad::new(i, i + 2, "illegal encoding")),
            _ => {
                out.push(CodePoint::from(u));
                *at += 2;
            }
        }
    }
    (last && *at < b.len()).then(|| Bad::new(*at, b.len(), "truncated data"))
}

fn read_utf32(
    b: &[u8],
    at: &mut usize,
    out: &mut Wtf8Buf,
    last: bool,
    unit: fn([u8; 4]) -> u32,
) -> Option<Bad> {
    while let Some(&[w, x, y, z]) = b.get(*at..*at + 4) {
        let i = *at;
        match (char::from_u32(unit([w, x, y, z])), unit([w, x, y, z])) {
            (Some(c), _) => out.push_char(c),
            (_, 0xd800..=0xdfff) => {
                return Some(Bad::new(i, i + 4, "code point in surrogate code point range(0xd800, 0xe000)"));
            }
            _ => return Some(Bad::new(i, i + 4, "code point not in range(0x110000)")),
        }
        *at += 4;
    }
    (last && *at < b.len()).then(|| Bad::new(*at, b.len(), "truncated data"))
}
