//! Items of binary data: the format characters of `struct`, for `_struct` and `memoryview`.

use crate::error::R;
use crate::object::Bytes;
use crate::types::number::Num;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, Sign};

/// Size of an item in native mode (which is also its alignment).
pub fn native_size(code: char) -> Option<usize> {
    Some(match code {
        'F' => 8,
        'D' => 16,
        'l' | 'L' | 'n' | 'N' | 'P' => 8,
        c => return standard_size(c),
    })
}
pub fn native_alignment(code: char) -> usize {
    match code {
        'F' => 4,
        'D' => 8,
        c => native_size(c).unwrap_or(1),
    }
}
/// Size of an item in standard mode.
pub fn standard_size(code: char) -> Option<usize> {
    Some(match code {
        'x' | 'c' | 'b' | 'B' | '?' | 's' | 'p' => 1,
        'h' | 'H' | 'e' => 2,
        'i' | 'I' | 'l' | 'L' | 'f' => 4,
        'q' | 'Q' | 'd' | 'F' => 8,
        'D' => 16,
        _ => return None,
    })
}
pub fn is_signed(code: char) -> bool {
    matches!(code, 'b' | 'h' | 'i' | 'l' | 'q' | 'n')
}
pub fn is_int(code: char) -> bool {
    matches!(code, 'b' | 'B' | 'h' | 'H' | 'i' | 'I' | 'l' | 'L' | 'q' | 'Q' | 'n' | 'N')
}

/// A number of at most 8 bytes, little end first.
fn number(bytes: &[u8], big: bool) -> u64 {
    let fold = |n: u64, b: &u8| n << 8 | *b as u64;
    if big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
}
fn store(out: &mut [u8], n: u64, big: bool) {
    let size = out.len();
    for (i, slot) in out.iter_mut().enumerate() {
        let place = if big { size - 1 - i } else { i };
        *slot = (n >> (8 * place)) as u8;
    }
}

pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (e, m) = ((bits >> 10 & 31) as i32, (bits & 1023) as f64);
    match e {
        0 => sign * m * 2f64.powi(-24),
        31 if m == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN.copysign(sign),
        e => sign * (1024.0 + m) * 2f64.powi(e - 25),
    }
}
/// `None`: too large.
pub fn half_of_f64(f: f64) -> Option<u16> {
    let sign = if f.is_sign_negative() { 0x8000 } else { 0 };
    if f.is_nan() {
        return Some(sign | 0x7e00);
    }
    if f.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let a = f.abs();
    // In units of the last place: 2**-24 for subnormals, 2**(e-10) above.
    let e = crate::types::number::frexp(a).1 - 1;
    let scale = if a < 2f64.powi(-14) { -24 } else { e - 10 };
    let units = crate::types::number::ldexp(a, -scale).round_ties_even() as u32;
    // A carry out of the mantissa moves to the exponent by itself.
    let bits = if scale == -24 { units } else { (((e + 15) as u32) << 10) + units - 1024 };
    (bits < 0x7c00).then_some(sign | bits as u16)
}

impl Vm {
    /// The object for an item. Code and size fit.
    pub(crate) fn unpack_item(&mut self, code: char, bytes: &[u8], big: bool) -> Value {
        match code {
            'c' => self.bytes(bytes),
            '?' => Value::bool(bytes.iter().any(|&b| b != 0)),
            'e' => Value::float(half_to_f64(number(bytes, big) as u16)),
            'f' => Value::float(f32::from_bits(number(bytes, big) as u32) as f64),
            'd' => Value::float(f64::from_bits(number(bytes, big))),
            c if is_signed(c) => {
                let shift = 64 - 8 * bytes.len() as u32;
                self.int((number(bytes, big) << shift) as i64 >> shift)
            }
            _ => {
                let n = number(bytes, big);
                match i64::try_from(n) {
                    Ok(n) => self.int(n),
                    Err(_) => self.big(BigInt::from(n)),
                }
            }
        }
    }
    /// A float through `__float__` or `__index__`.
    pub(crate) fn float_arg(&mut self, v: &Value) -> R<f64> {
        if self.has_special(v, Special::Float) || self.has_special(v, Special::Index) {
            let class = self.types.float.clone();
            let f = self.call(&class, std::slice::from_ref(v), crate::object::Kw::NONE)?;
            return Ok(Num::of(&f).and_then(Num::to_f64).unwrap_or(0.0));
        }
        let message = format!("must be real number, not {}", self.type_name(v));
        self.fail("TypeError", message)
    }
    /// An int for an int code, through `__index__`. `None`: not an int.
    pub(crate) fn packed_int(&mut self, v: &Value) -> R<Option<BigInt>> {
        if let Some(n) = Num::int_of(v) {
            return Ok(Some(n.big().into_owned()));
        }
        if !v.is_dynamic() || !self.has_special(v, Special::Index) {
            return Ok(None);
        }
        let i = self.try_index(v)?;
        Ok(Num::int_of(&i).map(|n| n.big().into_owned()))
    }
}

/// Least and greatest int of a size.
pub fn int_range(signed: bool, size: usize) -> (BigInt, BigInt) {
    let one = BigInt::from(1);
    let bits = 8 * size as u32;
    match signed {
        true => (-(one.clone() << (bits - 1)), (one.clone() << (bits - 1)) - one),
        false => (BigInt::ZERO, (one.clone() << bits) - one),
    }
}
/// Writes an int. False: out of range.
pub fn put_int(n: &BigInt, signed: bool, out: &mut [u8], big: bool) -> bool {
    let (low, high) = int_range(signed, out.len());
    if *n < low || *n > high {
        return false;
    }
    let magnitude = n.magnitude().iter_u64_digits().next().unwrap_or(0);
    store(out, if n.sign() == Sign::Minus { magnitude.wrapping_neg() } else { magnitude }, big);
    true
}
/// Writes a float. False: too large.
pub fn put_float(f: f64, code: char, out: &mut [u8], big: bool) -> bool {
    let bits = match code {
        'd' => f.to_bits(),
        'f' => {
            let short = f as f32;
            if short.is_infinite() && f.is_finite() {
                return false;
            }
            short.to_bits() as u64
        }
        _ => match half_of_f64(f) {
            Some(bits) => bits as u64,
            None => return false,
        },
    };
    store(out, bits, big);
    true
}
/// The one byte for code `c`.
pub fn char_byte(v: &Value) -> Option<u8> {
    match v.get::<Bytes>().map(Bytes::as_slice) {
        Some(&[b]) => Some(b),
        _ => None,
    }
}
