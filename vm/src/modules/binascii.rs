//! Module `binascii`: base 64, hexadecimal, quoted-printable, uu, and checksums.

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Kw, Str};
use crate::types::buffer::Held;
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;

#[derive(Default)]
struct State {
    error: Option<Value>,
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("a2b_base64", 1, 1, from_base64),
    BuiltinDef::kw("b2a_base64", 1, 1, to_base64),
    BuiltinDef::new("a2b_hex", 1, 1, from_hex),
    BuiltinDef::new("unhexlify", 1, 1, from_hex),
    BuiltinDef::kw("b2a_hex", 1, 3, to_hex),
    BuiltinDef::kw("hexlify", 1, 3, to_hex),
    BuiltinDef::new("crc32", 1, 2, crc32),
    BuiltinDef::new("crc_hqx", 2, 2, crc_hqx),
    BuiltinDef::new("a2b_uu", 1, 1, from_uu),
    BuiltinDef::kw("b2a_uu", 1, 1, to_uu),
    BuiltinDef::kw("a2b_qp", 1, 2, from_quoted),
    BuiltinDef::kw("b2a_qp", 1, 4, to_quoted),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("binascii", FUNCTIONS);
    for (name, base) in [("Error", "ValueError"), ("Incomplete", "Exception")] {
        let base = vm.types.exception(base).clone();
        let bases = vm.tuple(vec![base]);
        let (ns, text, key, module) = (vm.dict(), vm.str(name), vm.intern("__module__"), vm.str("binascii"));
        vm.dict_set(ns.as_(), &key, module)?;
        let meta = vm.types.type_.clone();
        let class = vm.call(&meta, &[text, bases, ns], Kw::NONE)?;
        if name == "Error" {
            vm.state::<State>().error = Some(class.clone());
        }
        vm.set_global(&m, name, class);
    }
    Ok(m)
}

fn error(vm: &mut Vm, message: &str) -> Exc {
    let text = vm.str(message);
    match vm.state::<State>().error.clone() {
        Some(class) => match vm.call(&class, &[text], Kw::NONE) {
            Ok(e) => vm.raise_value(e),
            Err(e) => e,
        },
        None => vm.raise("ValueError", message),
    }
}
fn fail<T>(vm: &mut Vm, message: &str) -> R<T> {
    Err(error(vm, message))
}

/// Bytes, or text of ASCII.
fn ascii_arg(vm: &mut Vm, v: &Value) -> R<Held> {
    if let Some(s) = v.get::<Str>() {
        return match s.is_ascii() {
            true => Ok(Held::Copy(s.bytes().to_vec())),
            false => vm.fail("ValueError", "string argument should contain only ASCII characters"),
        };
    }
    match vm.bytes_like(v)? {
        Some(b) => Ok(b),
        None => {
            let message = format!(
                "argument should be bytes, buffer or ASCII string, not '{}'",
                vm.type_name(v)
            );
            vm.fail("TypeError", message)
        }
    }
}
fn flag(vm: &mut Vm, kw: Kw, name: &str, default: bool) -> R<bool> {
    kw.get(name).map_or(Ok(default), |v| vm.truthy(v))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("b2a_base64", kw, &["newline"])?;
    let newline = flag(vm, kw, "newline", true)?;
    let bytes = vm.need_bytes(&args[0])?;
    let mut out = vm.new_bytes(bytes.len() / 3 * 4 + 5)?;
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | b as u32) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i > chunk.len() { b'=' } else { digit });
        }
    }
    if newline {
        out.push(b'\n');
    }
    Ok(vm.byte_vec(out))
}

fn from_base64(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("a2b_base64", kw, &["strict_mode"])?;
    let strict = flag(vm, kw, "strict_mode", false)?;
    let bytes = ascii_arg(vm, &args[0])?;
    let mut table = [64u8; 256];
    for (i, &d) in DIGITS.iter().enumerate() {
        table[d as usize] = i as u8;
    }
    let mut out = vec![];
    let (mut place, mut left, mut pads, mut padded) = (0u32, 0u8, 0u32, false);
    if strict && bytes.first() == Some(&b'=') {
        return fail(vm, "Leading padding not allowed");
    }
    for (i, &b) in bytes.iter().enumerate() {
        if b == b'=' {
            padded = true;
            pads += 1;
            if place >= 2 && place + pads >= 4 {
                // A full quad: the rest is ignored, or an error.
                if strict && i + 1 < bytes.len() {
                    return fail(vm, "Excess data after padding");
                }
                return Ok(vm.byte_vec(out));
            }
            if strict && place == 0 {
                return fail(vm, "Excess padding not allowed");
            }
            if strict && place == 1 {
                break;
            }
            continue;
        }
        let d = table[b as usize];
        if d >= 64 {
            if strict {
                return fail(vm, "Only base64 data is allowed");
            }
            continue;
        }
        if strict && padded {
            return fail(vm, "Discontinuous padding not allowed");
        }
        pads = 0;
        match place {
            0 => left = d,
            1 => {
                out.push(left << 2 | d >> 4);
                left = d & 15;
            }
            2 => {
                out.push(left << 4 | d >> 2);
                left = d & 3;
            }
            _ => {
                out.push(left << 6 | d);
                left = 0;
            }
        }
        place = (place + 1) % 4;
    }
    match place {
        0 => Ok(vm.byte_vec(out)),
        1 => {
            let n = out.len() / 3 * 4 + 1;
            let message = format!(
                "Invalid base64-encoded string: number of data characters ({n}) cannot be 1 more than a multiple of 4"
            );
            fail(vm, &message)
        }
        _ => fail(vm, "Incorrect padding"),
    }
}

fn to_hex(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let bytes = vm.need_bytes(&args[0])?;
    let text = vm.hex_text(&bytes, &args[1..], kw)?;
    let text = text.as_::<Str>().bytes().to_vec();
    Ok(vm.byte_vec(text))
}
fn from_hex(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let bytes = ascii_arg(vm, &args[0])?;
    if bytes.len() % 2 != 0 {
        return fail(vm, "Odd-length string");
    }
    let digits: Option<Vec<u8>> = bytes.iter().map(|&b| (b as char).to_digit(16).map(|d| d as u8)).collect();
    match digits {
        Some(d) => Ok(vm.byte_vec(d.chunks(2).map(|p| p[0] << 4 | p[1]).collect())),
        None => fail(vm, "Non-hexadecimal digit found"),
    }
}

fn unsigned(vm: &mut Vm, v: Option<&Value>) -> R<u32> {
    let Some(v) = v else { return Ok(0) };
    vm.index_clamped(v)?;
    Ok(match Num::int_of(v) {
        Some(Num::Big(b)) => b.iter_u32_digits().next().unwrap_or(0),
        Some(n) => n.clamp_i64() as u32,
        None => 0,
    })
}
fn crc32(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let bytes = vm.need_bytes(&args[0])?;
    let start = unsigned(vm, args.get(1))?;
    Ok(Value::small(crc(&bytes, start) as i64))
}
/// CRC-32 as zip and gzip have it.
pub fn crc(bytes: &[u8], start: u32) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let (mut c, mut k) = (i as u32, 0);
            while k < 8 {
                c = if c & 1 == 1 { 0xedb8_8320 ^ c >> 1 } else { c >> 1 };
                k += 1;
            }
            table[i] = c;
            i += 1;
        }
        table
    };
    !bytes.iter().fold(!start, |c, &b| TABLE[((c ^ b as u32) & 255) as usize] ^ c >> 8)
}
fn crc_hqx(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let bytes = vm.need_bytes(&args[0])?;
    let mut c = unsigned(vm, args.get(1))? & 0xffff;
    for &b in bytes.iter() {
        c ^= (b as u32) << 8;
        for _ in 0..8 {
            c = if c & 0x8000 != 0 { c << 1 ^ 0x1021 } else { c << 1 } & 0xffff;
        }
    }
    Ok(Value::small(c as i64))
}

fn from_uu(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let bytes = ascii_arg(vm, &args[0])?;
    let Some((&first, rest)) = bytes.split_first() else { return Ok(vm.bytes(&[])) };
    let len = (first.wrapping_sub(b' ') & 63) as usize;
    let (mut out, mut buffer, mut bits) = (vec![], 0u32, 0);
    let mut rest = rest.iter();
    while out.len() < len {
        let d = match rest.next() {
            None | Some(b'\n' | b'\r') => 0,
            Some(&b) if !(b' '..=b' ' + 64).contains(&b) => return fail(vm, "Illegal char"),
            Some(&b) => (b - b' ') as u32 & 63,
        };
        buffer = buffer << 6 | d;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    if rest.any(|&b| !matches!(b, b' ' | b'`' | b'\n' | b'\r')) {
        return fail(vm, "Trailing garbage");
    }
    Ok(vm.byte_vec(out))
}
fn to_uu(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("b2a_uu", kw, &["backtick"])?;
    let zero = if flag(vm, kw, "backtick", false)? { b'`' } else { b' ' };
    let bytes = vm.need_bytes(&args[0])?;
    if bytes.len() > 45 {
        return fail(vm, "At most 45 bytes at once");
    }
    let shown = |n: u32| if n == 0 { zero } else { n as u8 + b' ' };
    let mut out = vec![shown(bytes.len() as u32)];
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | b as u32) << (8 * (3 - chunk.len()));
        out.extend((0..4).map(|i| shown(n >> (18 - 6 * i) & 63)));
    }
    out.push(b'\n');
    Ok(vm.byte_vec(out))
}

fn from_quoted(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("a2b_qp", kw, &["header"])?;
    let header = match args.get(1).or(kw.get("header")) {
        Some(v) => vm.truthy(v)?,
        None => false,
    };
    let bytes = ascii_arg(vm, &args[0])?;
    let digit = |i: usize| bytes.get(i).and_then(|&b| (b as char).to_digit(16)).map(|d| d as u8);
    let (mut out, mut i) = (vec![], 0);
    while let Some(&b) = bytes.get(i) {
        i += 1;
        match b {
            b'=' => match bytes.get(i) {
                None => break,
                Some(b'\n' | b'\r') => {
                    // A soft line end.
                    match memchr::memchr(b'\n', &bytes[i..]) {
                        Some(n) => i += n + 1,
                        None => break,
                    }
                }
                Some(b'=') => {
                    out.push(b'=');
                    i += 1;
                }
                Some(_) => match (digit(i), digit(i + 1)) {
                    (Some(high), Some(low)) => {
                        out.push(high << 4 | low);
                        i += 2;
                    }
                    _ => out.push(b'='),
                },
            },
            b'_' if header => out.push(b' '),
            b => out.push(b),
        }
    }
    Ok(vm.byte_vec(out))
}
fn to_quoted(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    const NAMES: [&str; 3] = ["quotetabs", "istext", "header"];
    vm.only_keywords("b2a_qp", kw, &NAMES)?;
    let mut set = [false, true, false];
    for (i, name) in NAMES.iter().enumerate() {
        if let Some(v) = args.get(i + 1).or(kw.get(name)) {
            set[i] = vm.truthy(v)?;
        }
    }
    let [tabs, text, header] = set;
    let bytes = vm.need_bytes(&args[0])?;
    let crlf = memchr::memchr(b'\n', &bytes).is_some_and(|i| i > 0 && bytes[i - 1] == b'\r');
    let (mut out, mut line) = (vec![], 0);
    let soft = |out: &mut Vec<u8>| out.extend_from_slice(if crlf { b"=\r\n" } else { b"=\n" });
    for (i, &b) in bytes.iter().enumerate() {
        let next = bytes.get(i + 1).copied();
        if text && (b == b'\n' || b == b'\r' && next == Some(b'\n')) {
            if b == b'\n' {
                if crlf {
                    out.push(b'\r');
                }
                out.push(b'\n');
                line = 0;
            }
            continue;
        }
        let blank_at_end = matches!(b, b' ' | b'\t')
            && (next.is_none() || text && (next == Some(b'\n') || bytes[i + 1..].starts_with(b"\r\n")));
        let quoted = b > 126
            || b == b'='
            || header && b == b'_'
            || b == b'.' && line == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0))
            || !text && matches!(b, b'\r' | b'\n')
            || blank_at_end
            || b < 33 && !matches!(b, b'\r' | b'\n' | b'\t' | b' ')
            || b < 33 && (tabs || !matches!(b, b'\t' | b' ')) && !(header && b == b' ');
        let width = if quoted { 3 } else { 1 };
        let last = next.is_none() || text && matches!(next, Some(b'\n'));
        if line + width > if last { 76 } else { 75 } {
            soft(&mut out);
            line = 0;
        }
        line += width;
        match (quoted, b) {
            (true, b) => out.extend_from_slice(format!("={b:02X}").as_bytes()),
            (_, b' ') if header => out.push(b'_'),
            (_, b) => out.push(b),
        }
    }
    Ok(vm.byte_vec(out))
}
