//! The items of arrays: one type code each, stored as the machine stores them.

use crate::error::R;
use crate::object::Str;
use crate::types::buffer::packing;
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use rustpython_wtf8::CodePoint;

/// All type codes.
pub const CODES: &str = "bBuwhHiIlLqQfd";

pub fn size(code: char) -> usize {
    match code {
        'u' | 'w' => 4,
        c => packing::native_size(c).unwrap_or(1),
    }
}
pub fn is_text(code: char) -> bool {
    matches!(code, 'u' | 'w')
}

/// The object for an item. A text item may be no character at all.
pub fn get(vm: &mut Vm, code: char, bytes: &[u8]) -> R<Value> {
    if !is_text(code) {
        return Ok(vm.unpack_item(code, bytes, false));
    }
    let n = bytes.iter().rev().fold(0u32, |n, &b| n << 8 | b as u32);
    match CodePoint::from_u32(n).map(|c| c.to_u32()) {
        Some(c) => Ok(vm.code_point(c)),
        None => {
            vm.fail("ValueError", format!("character U+{n:x} is not in range [U+0000; U+10ffff]"))
        }
    }
}

/// Range of the C type that CPython converts to before it looks at the range of the item, and their names.
fn check(vm: &mut Vm, code: char, n: &BigInt) -> R {
    let message: String = match code {
        'q' if n.to_i64().is_none() => "int too big to convert".into(),
        'Q' if n.sign() == Sign::Minus => "can't convert negative int to unsigned".into(),
        'Q' if n.to_u64().is_none() => "int too big to convert".into(),
        'I' | 'L' if n.sign() == Sign::Minus => "can't convert negative value to unsigned int".into(),
        'I' | 'L' if n.to_u64().is_none() => "Python int too large to convert to C unsigned long".into(),
        'I' if n.to_u32().is_none() => "unsigned int is greater than maximum".into(),
        'q' | 'Q' | 'I' | 'L' => return Ok(()),
        _ => {
            let Some(n) = n.to_i64() else {
                return vm.fail("OverflowError", "Python int too large to convert to C long");
            };
            let short = ("signed short integer", i16::MIN as i64, i16::MAX as i64);
            let int = ("signed integer", i32::MIN as i64, i32::MAX as i64);
            let checks: &[(&str, i64, i64)] = match code {
                'b' => &[short, ("signed char", -128, 127)],
                'B' => &[("unsigned byte integer", 0, 255)],
                'h' => &[short],
                'H' => &[int, ("unsigned short", 0, 0xffff)],
                'i' => &[int],
                _ => &[],
            };
            match checks.iter().find(|(_, low, high)| n < *low || n > *high) {
                None => return Ok(()),
                Some((name, low, _)) if n < *low => format!("{name} is less than minimum"),
                Some((name, ..)) => format!("{name} is greater than maximum"),
            }
        }
    };
    vm.fail("OverflowError", message)
}

/// The bytes of an item; the first `size(code)` count.
pub fn put(vm: &mut Vm, code: char, v: &Value) -> R<[u8; 8]> {
    let mut out = [0; 8];
    match code {
        'f' => out[..4].copy_from_slice(&(vm.real(v)? as f32).to_ne_bytes()),
        'd' => out = vm.real(v)?.to_ne_bytes(),
        'u' | 'w' => {
            let c = match v.get::<Str>() {
                Some(s) if s.len() == 1 => s.code_at(0),
                Some(s) => {
                    let n = s.len();
                    return vm.fail(
                        "TypeError",
                        format!("array item must be a unicode character, not a string of length {n}"),
                    );
                }
                None => {
                    let message =
                        format!("array item must be a unicode character, not {}", vm.type_name(v));
                    return vm.fail("TypeError", message);
                }
            };
            out[..4].copy_from_slice(&c.unwrap_or(0).to_ne_bytes());
        }
        code => {
            let n = match Num::int_of(v) {
                Some(n) => n.big().into_owned(),
                None => vm.int_argument(v)?,
            };
            check(vm, code, &n)?;
            packing::put_int(&n, packing::is_signed(code), &mut out[..size(code)], false);
        }
    }
    Ok(out)
}

/// The numbers of pickled items: which machine format is which of ours, as the 22 formats of `array`'s pickles
/// number them.
///
/// ```text
///  0 B  1 b  2 H le  3 H be  4 h le  5 h be  6 I le .. 9 i be  10 Q le .. 13 q be
///  14 f le  15 f be  16 d le  17 d be  18 utf-16 le  19 be  20 utf-32 le  21 be
/// ```
pub fn machine_format(code: char) -> i64 {
    match (code, size(code)) {
        ('f', _) => 14,
        ('d', _) => 16,
        ('u' | 'w', _) => 20,
        ('B', _) => 0,
        ('b', _) => 1,
        (c, size) => {
            let base = match size {
                2 => 2,
                4 => 6,
                _ => 10,
            };
            base + if packing::is_signed(c) { 2 } else { 0 }
        }
    }
}
/// Code (of a native type), item size and order of bytes of a machine format; `None` for the code: text.
pub fn of_machine_format(format: i64) -> Option<(Option<char>, usize, bool)> {
    let big = format >= 2 && format % 2 == 1;
    Some(match format {
        0 => (Some('B'), 1, false),
        1 => (Some('b'), 1, false),
        2 | 3 => (Some('H'), 2, big),
        4 | 5 => (Some('h'), 2, big),
        6 | 7 => (Some('I'), 4, big),
        8 | 9 => (Some('i'), 4, big),
        10 | 11 => (Some('Q'), 8, big),
        12 | 13 => (Some('q'), 8, big),
        14 | 15 => (Some('f'), 4, big),
        16 | 17 => (Some('d'), 8, big),
        18 | 19 => (None, 2, big),
        20 | 21 => (None, 4, big),
        _ => return None,
    })
}
