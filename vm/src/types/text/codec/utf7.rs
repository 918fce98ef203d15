//! UTF-7.

use super::Bad;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

/// Characters that may stand for themselves. The optional ones do unless asked otherwise.
fn direct(c: u32) -> bool {
    match char::from_u32(c) {
        Some(c) if c.is_ascii_alphanumeric() => true,
        Some(c) => "'(),-./:? \t\n\r!\"#$%&*;<=>@[]^_`{|}\0".contains(c),
        None => false,
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(b: u8) -> Option<u32> {
    DIGITS.iter().position(|&d| d == b).map(|i| i as u32)
}

pub fn encode(s: &Wtf8) -> Vec<u8> {
    let mut out = vec![];
    let (mut shifted, mut bits, mut buffer) = (false, 0u32, 0u32);
    for c in s.code_points() {
        let n = c.to_u32();
        if shifted && direct(n) {
            if bits > 0 {
                out.push(DIGITS[(buffer << (6 - bits) & 0x3f) as usize]);
            }
            (shifted, bits, buffer) = (false, 0, 0);
            // A digit or a minus would be taken for a part of the run.
            if digit(n as u8).is_some() || n == b'-' as u32 {
                out.push(b'-');
            }
            out.push(n as u8);
            continue;
        }
        if !shifted {
            if n == b'+' as u32 {
                out.extend_from_slice(b"+-");
                continue;
            }
            if direct(n) {
                out.push(n as u8);
                continue;
            }
            out.push(b'+');
            shifted = true;
        }
        let mut units = [0; 2];
        let units: &[u16] = match c.to_char() {
            Some(c) => c.encode_utf16(&mut units),
            None => {
                units[0] = n as u16;
                &units[..1]
            }
        };
        for &u in units {
            buffer = buffer << 16 | u as u32;
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push(DIGITS[(buffer >> bits & 0x3f) as usize]);
            }
            buffer &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        out.push(DIGITS[(buffer << (6 - bits) & 0x3f) as usize]);
    }
    if shifted {
        out.push(b'-');
    }
    out
}

/// The step of the decoder. A shifted run that is not complete is left unread if more may come.
pub fn read(b: &[u8], at: &mut usize, out: &mut Wtf8Buf, last: bool) -> Option<Bad> {
    while let Some(&c) = b.get(*at) {
        if c != b'+' {
            if !c.is_ascii() {
                *at += 1;
                return Some(Bad::new(*at - 1, *at, "unexpected special character"));
            }
            out.push_char(c as char);
            *at += 1;
            continue;
        }
        let start = *at;
        if b.get(start + 1) == Some(&b'-') {
            out.push_char('+');
            *at += 2;
            continue;
        }
        match b.get(start + 1) {
            None if !last => return None,
            Some(&d) if digit(d).is_none() => {
                *at += 1;
                return Some(Bad::new(start, start + 2, "ill-formed sequence"));
            }
            _ => {}
        }
        let mut run = Run { bits: 0, buffer: 0, high: None, text: Wtf8Buf::new() };
        let mut i = start + 1;
        while let Some(d) = b.get(i).and_then(|&d| digit(d)) {
            run.add(d);
            i += 1;
        }
        let Some(&end) = b.get(i) else {
            if !last {
                return None;
            }
            out.push_wtf8(&run.finish());
            *at = i;
            let clean = run.bits < 6 && run.buffer & ((1 << run.bits) - 1) == 0 && run.high.is_none();
            if clean && i > start + 1 {
                // CPython wants the run to be closed.
                return Some(Bad::new(start, i, "unterminated shift sequence"));
            }
            return Some(Bad::new(start, i, "unterminated shift sequence"));
        };
        out.push_wtf8(&run.finish());
        if run.bits >= 6 {
            *at = i + 1;
            return Some(Bad::new(start, i + 1, "partial character in base64 sequence"));
        }
        if run.bits > 0 && run.buffer & ((1 << run.bits) - 1) != 0 {
            *at = i + 1;
            return Some(Bad::new(start, i + 1, "non-zero padding bits in base64 sequence"));
        }
        if !end.is_ascii() {
            *at = i + 1;
            return Some(Bad::new(start, i + 1, "unexpected special character"));
        }
        *at = i + (end == b'-') as usize;
    }
    None
}

struct Run {
    bits: u32,
    buffer: u32,
    high: Option<u16>,
    text: Wtf8Buf,
}

impl Run {
    fn add(&mut self, d: u32) {
        self.buffer = self.buffer << 6 | d;
        self.bits += 6;
        if self.bits < 16 {
            return;
        }
        self.bits -= 16;
        let unit = (self.buffer >> self.bits) as u16;
        self.buffer &= (1 << self.bits) - 1;
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                let c = 0x10000 + ((high as u32 & 0x3ff) << 10 | (unit as u32 & 0x3ff));
                self.text.extend(char::from_u32(c));
                return;
            }
            self.text.push(CodePoint::from(high));
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => self.text.push(CodePoint::from(unit)),
        }
    }
    fn finish(&mut self) -> Wtf8Buf {
        if let Some(high) = self.high.take() {
            self.text.push(CodePoint::from(high));
        }
        std::mem::take(&mut self.text)
    }
}
