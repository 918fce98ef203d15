//! Numbers: one view of small ints, big ints, bools and floats, and arithmetic by CPython's rules.
//!
//! Results of int arithmetic go through [`Vm::int`] and [`Vm::big`], which keep one form for each value.

use crate::error::R;
use crate::object::{Complex, Float, Int, Kind};
use crate::op::BinOp;
use crate::value::{Value, Word};
use crate::vm::Vm;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{FromPrimitive, One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Ints with fewer bits have the small form.
const SMALL_BITS: u64 = crate::layout::INT_BITS as u64;

/// A number seen through whatever carries it. `Int` is what fits the small form (and bools).
#[derive(Clone, Copy)]
pub enum Num<'a> {
    Int(i64),
    Big(&'a BigInt),
    Float(f64),
}

/// Longest int that shifts and powers may make, in bits: beyond it memory would run out.
const MAX_BITS: u64 = 1 << 35;

impl<'a> Num<'a> {
    #[inline]
    pub fn of(v: &'a Value) -> Option<Num<'a>> {
        match v.word() {
            w if w.is_int() => Some(Num::Int(w.int())),
            w if w.is_float() => Some(Num::Float(w.float())),
            w if w.is_bool() => Some(Num::Int((w == Word::TRUE) as i64)),
            w => match w.kind()? {
                // Instances of subclasses are on the heap whatever their value.
                Kind::Int => {
                    let big = &v.as_::<Int>().value;
                    Some(if big.bits() < SMALL_BITS { Num::Int(big.to_i64()?) } else { Num::Big(big) })
                }
                Kind::Float => Some(Num::Float(v.as_::<Float>().value)),
                _ => None,
            },
        }
    }
    /// As `of`, for ints and bools only.
    #[inline]
    pub fn int_of(v: &'a Value) -> Option<Num<'a>> {
        Num::of(v).filter(|n| !matches!(n, Num::Float(_)))
    }
    /// The int as a big one. (Not for floats.)
    pub fn big(self) -> Cow<'a, BigInt> {
        match self {
            Num::Int(i) => Cow::Owned(BigInt::from(i)),
            Num::Big(b) => Cow::Borrowed(b),
            Num::Float(_) => Cow::Owned(BigInt::zero()),
        }
    }
    pub fn is_zero(self) -> bool {
        match self {
            Num::Int(i) => i == 0,
            Num::Big(b) => b.is_zero(),
            Num::Float(f) => f == 0.0,
        }
    }
    pub fn is_negative(self) -> bool {
        match self {
            Num::Int(i) => i < 0,
            Num::Big(b) => b.is_negative(),
            Num::Float(f) => f < 0.0,
        }
    }
    /// The nearest float; `None` beyond their range.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Num::Int(i) => Some(i as f64),
            Num::Big(b) => b.to_f64().filter(|f| f.is_finite()),
            Num::Float(f) => Some(f),
        }
    }
    /// Clamped to 64 bits. (Not for floats.)
    pub fn clamp_i64(self) -> i64 {
        match self {
            Num::Int(i) => i,
            Num::Big(b) => b.to_i64().unwrap_or(if b.is_negative() { i64::MIN } else { i64::MAX }),
            Num::Float(_) => 0,
        }
    }
    fn bits(self) -> u64 {
        match self {
            Num::Int(i) => 64 - i.unsigned_abs().leading_zeros() as u64,
            Num::Big(b) => b.bits(),
            Num::Float(_) => 0,
        }
    }

    /// Exact comparison; `None` if a NaN is involved.
    pub fn compare(self, other: Num) -> Option<Ordering> {
        use Num::*;
        match (self, other) {
            (Int(a), Int(b)) => Some(a.cmp(&b)),
            (Float(a), Float(b)) => a.partial_cmp(&b),
            // A small int has an exact float.
            (Int(a), Float(b)) => (a as f64).partial_cmp(&b),
            (Float(a), Int(b)) => a.partial_cmp(&(b as f64)),
            (Big(a), Float(b)) => big_float_cmp(a, b),
            (Float(a), Big(b)) => big_float_cmp(b, a).map(Ordering::reverse),
            (a, b) => Some(a.big().as_ref().cmp(b.big().as_ref())),
        }
    }
}

fn big_float_cmp(a: &BigInt, f: f64) -> Option<Ordering> {
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let floor = BigInt::from_f64(f.floor()).unwrap_or_default();
    Some(a.cmp(&floor).then(if f > f.floor() { Ordering::Less } else { Ordering::Equal }))
}

impl Vm {
    /// A float of a number, or OverflowError.
    pub(crate) fn float_of(&mut self, n: Num) -> R<f64> {
        match n.to_f64() {
            Some(f) => Ok(f),
            None => self.fail("OverflowError", "int too large to convert to float"),
        }
    }

    /// An operator on two numbers; `None`: not defined for them.
    pub(crate) fn number_op(&mut self, op: BinOp, a: Num, b: Num) -> R<Option<Value>> {
        if matches!(a, Num::Float(_)) || matches!(b, Num::Float(_)) {
            use BinOp::*;
            if !matches!(op, Add | Subtract | Multiply | TrueDivide | FloorDivide | Remainder | Power) {
                return Ok(None);
            }
            let (x, y) = (self.float_of(a)?, self.float_of(b)?);
            return self.float_op(op, x, y).map(Some);
        }
        self.int_op(op, a, b)
    }

    fn float_op(&mut self, op: BinOp, x: f64, y: f64) -> R<Value> {
        Ok(Value::float(match op {
            BinOp::Add => x + y,
            BinOp::Subtract => x - y,
            BinOp::Multiply => x * y,
            BinOp::Power => return self.float_pow(x, y),
            _ if y == 0.0 => return self.fail("ZeroDivisionError", "division by zero"),
            BinOp::TrueDivide => x / y,
            BinOp::FloorDivide => float_divmod(x, y).0,
            _ => float_divmod(x, y).1,
        }))
    }

    fn float_pow(&mut self, x: f64, y: f64) -> R<Value> {
        if x == 0.0 && y < 0.0 && y.is_finite() {
            return self.fail("ZeroDivisionError", "zero to a negative power");
        }
        if x < 0.0 && x.is_finite() && y.is_finite() && y != y.floor() {
            return self.complex_power((x, 0.0), (y, 0.0));
        }
        let r = x.powf(y);
        if r.is_infinite() && x.is_finite() && y.is_finite() {
            let message = self.str("Numerical result out of range");
            return Err(self.raise_type("OverflowError", vec![Value::small(34), message]));
        }
        Ok(Value::float(r))
    }

    fn int_op(&mut self, op: BinOp, a: Num, b: Num) -> R<Option<Value>> {
        use BinOp::*;
        if let (Num::Int(x), Num::Int(y)) = (a, b) {
            // 48 bits each (or a bool): sums cannot overflow 64, products can.
            match op {
                Add => return Ok(Some(self.int(x + y))),
                Subtract => return Ok(Some(self.int(x - y))),
                Multiply => {
                    if let Some(p) = x.checked_mul(y) {
                        return Ok(Some(self.int(p)));
                    }
                }
                And => return Ok(Some(self.int(x & y))),
                Or => return Ok(Some(self.int(x | y))),
                Xor => return Ok(Some(self.int(x ^ y))),
                FloorDivide if y != 0 => return Ok(Some(self.int(Integer::div_floor(&x, &y)))),
                Remainder if y != 0 => return Ok(Some(self.int(Integer::mod_floor(&x, &y)))),
                _ => {}
            }
        }
        let r = match op {
            Lshift | Rshift => return self.shift(op, a, b).map(Some),
            Power => return self.int_pow(a, b).map(Some),
            MatrixMultiply => return Ok(None),
            FloorDivide | Remainder | TrueDivide if b.is_zero() => {
                return self.fail("ZeroDivisionError", "division by zero");
            }
            TrueDivide => return self.int_true_divide(a, b).map(|f| Some(Value::float(f))),
            Add => a.big().as_ref() + b.big().as_ref(),
            Subtract => a.big().as_ref() - b.big().as_ref(),
            Multiply => a.big().as_ref() * b.big().as_ref(),
            And => a.big().as_ref() & b.big().as_ref(),
            Or => a.big().as_ref() | b.big().as_ref(),
            Xor => a.big().as_ref() ^ b.big().as_ref(),
            FloorDivide => a.big().div_floor(b.big().as_ref()),
            Remainder => a.big().mod_floor(b.big().as_ref()),
        };
        Ok(Some(self.big(r)))
    }

    fn shift(&mut self, op: BinOp, a: Num, b: Num) -> R<Value> {
        if b.is_negative() {
            return self.fail("ValueError", "negative shift count");
        }
        if a.is_zero() {
            return Ok(Value::small(0));
        }
        let all_out = Value::small(if a.is_negative() { -1 } else { 0 });
        let Num::Int(n) = b else {
            if op == BinOp::Rshift {
                return Ok(all_out);
            }
            // CPython runs out of memory before it runs out of bits to count with.
            return match b.big().to_i64() {
                Some(_) => Err(self.raise_type("MemoryError", vec![])),
                None => self.fail("OverflowError", "too many digits in integer"),
            };
        };
        let n = n as u64;
        if op == BinOp::Rshift {
            return Ok(match a {
                _ if n >= a.bits() => all_out,
                Num::Int(i) => self.int(i >> n.min(63)),
                _ => self.big(a.big().as_ref() >> n),
            });
        }
        let bits = n.saturating_add(a.bits());
        match a {
            Num::Int(i) if bits < 63 => Ok(self.int(i << n)),
            _ if bits > MAX_BITS => Err(self.raise_type("MemoryError", vec![])),
            _ => Ok(self.big(a.big().as_ref() << n)),
        }
    }

    fn int_pow(&mut self, a: Num, b: Num) -> R<Value> {
        if b.is_negative() {
            let (x, y) = (self.float_of(a)?, self.float_of(b)?);
            return self.float_pow(x, y);
        }
        let Num::Int(n) = b else {
            return match a {
                Num::Int(i @ (0 | 1)) => Ok(Value::small(i)),
                Num::Int(-1) => Ok(Value::small(if b.big().is_even() { 1 } else { -1 })),
                _ => Err(self.raise_type("MemoryError", vec![])),
            };
        };
        if let Num::Int(i) = a {
            if i.abs() <= 1 {
                return Ok(Value::small(match i {
                    -1 if n % 2 == 0 => 1,
                    0 if n == 0 => 1,
                    i => i,
                }));
            }
            if let Some(p) = u32::try_from(n).ok().and_then(|n| i.checked_pow(n)) {
                return Ok(self.int(p));
            }
        }
        match u32::try_from(n) {
            Ok(e) if a.bits().saturating_mul(n as u64) <= MAX_BITS => {
                let r = a.big().pow(e);
                Ok(self.big(r))
            }
            _ => Err(self.raise_type("MemoryError", vec![])),
        }
    }

    /// `pow(a, b, m)` of ints.
    pub(crate) fn int_pow_mod(&mut self, a: Num, b: Num, m: Num) -> R<Value> {
        if m.is_zero() {
            return self.fail("ValueError", "pow() 3rd argument cannot be 0");
        }
        let (mut base, mut exponent, modulus) = (a.big().into_owned(), b.big().into_owned(), m.big());
        if exponent.is_negative() {
            let Some(inverse) = base.mod_floor(&modulus.abs()).modinv(&modulus.abs()) else {
                return self.fail("ValueError", "base is not invertible for the given modulus");
            };
            (base, exponent) = (inverse, -exponent);
        }
        // `modpow` gives the result the sign of the modulus, as Python does.
        Ok(if modulus.abs().is_one() { Value::small(0) } else { self.big(base.modpow(&exponent, &modulus)) })
    }

    /// Correctly rounded quotient of ints of any size (after CPython's `long_true_divide`).
    fn int_true_divide(&mut self, a: Num, b: Num) -> R<f64> {
        const EXACT: i64 = 1 << 53;
        if let (Num::Int(x), Num::Int(y)) = (a, b)
            && x.abs() <= EXACT
            && y.abs() <= EXACT
        {
            return Ok(x as f64 / y as f64);
        }
        if a.is_zero() {
            return Ok(if b.is_negative() { -0.0 } else { 0.0 });
        }
        let negative = a.is_negative() != b.is_negative();
        let sign = |f: f64| if negative { -f } else { f };
        let (x, y) = (a.big().abs(), b.big().abs());
        let diff = x.bits() as i64 - y.bits() as i64;
        let too_large = "integer division result too large for a float";
        if diff > 1025 {
            return self.fail("OverflowError", too_large);
        }
        if diff < -1076 {
            return Ok(sign(0.0));
        }
        // The quotient gets two or three bits more than a mantissa; what is lost below makes it odd.
        let shift = diff.max(-1021) - 53 - 2;
        let mut inexact = false;
        let scaled = if shift <= 0 {
            x << (-shift) as u64
        } else {
            inexact = x.trailing_zeros().unwrap_or(0) < shift as u64;
            x >> shift as u64
        };
        let (quotient, rest) = scaled.div_rem(&y);
        inexact |= !rest.is_zero();
        let bits = quotient.bits() as i64;
        let mut q = quotient.to_u64().unwrap_or(u64::MAX);
        let extra = bits.max(-1021 - shift) - 53;
        let mask = 1u64 << (extra - 1);
        q |= inexact as u64;
        if q & mask != 0 && q & (3 * mask - 1) != 0 {
            q += mask;
        }
        q &= !(2 * mask - 1);
        let r = ldexp(q as f64, shift as i32);
        if r.is_infinite() {
            return self.fail("OverflowError", too_large);
        }
        Ok(sign(r))
    }

    /// `divmod` of numbers.
    pub(crate) fn number_divmod(&mut self, a: Num, b: Num) -> R<(Value, Value)> {
        if b.is_zero() {
            return self.fail("ZeroDivisionError", "division by zero");
        }
        if matches!(a, Num::Float(_)) || matches!(b, Num::Float(_)) {
            let (x, y) = (self.float_of(a)?, self.float_of(b)?);
            let (q, r) = float_divmod(x, y);
            return Ok((Value::float(q), Value::float(r)));
        }
        if let (Num::Int(x), Num::Int(y)) = (a, b) {
            let (q, r) = Integer::div_mod_floor(&x, &y);
            return Ok((self.int(q), self.int(r)));
        }
        let (q, r) = a.big().div_mod_floor(b.big().as_ref());
        Ok((self.big(q), self.big(r)))
    }

    /// An index or count: an int, clamped to 64 bits.
    pub(crate) fn index_clamped(&mut self, v: &Value) -> R<i64> {
        let v = &self.try_index(v)?;
        match Num::int_of(v) {
            Some(n) => Ok(n.clamp_i64()),
            None => {
                let message = format!("'{}' object cannot be interpreted as an integer", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    /// An int that must fit 64 bits, as CPython converts to C integers.
    pub fn index(&mut self, v: &Value) -> R<i64> {
        let v = &self.try_index(v)?;
        self.index_clamped(v)?;
        match Num::int_of(v) {
            Some(Num::Big(b)) => match b.to_i64() {
                Some(i) => Ok(i),
                None => self.fail("OverflowError", "Python int too large to convert to C int"),
            },
            Some(n) => Ok(n.clamp_i64()),
            None => Ok(0),
        }
    }
    /// A size: must fit an index.
    pub(crate) fn index_size(&mut self, v: &Value) -> R<i64> {
        let v = &self.try_index(v)?;
        self.index_clamped(v)?;
        match Num::int_of(v) {
            Some(Num::Big(b)) if b.to_i64().is_none() => {
                self.fail("OverflowError", "cannot fit 'int' into an index-sized integer")
            }
            Some(n) => Ok(n.clamp_i64()),
            None => Ok(0),
        }
    }

    pub fn negate_builtin(&mut self, v: &Value) -> R<Value> {
        match Num::of(v) {
            Some(Num::Float(f)) => Ok(Value::float(-f)),
            Some(Num::Int(i)) => Ok(self.int(-i)),
            Some(Num::Big(b)) => Ok(self.big(-b)),
            None if v.is_kind(Kind::Complex) => {
                let c = v.as_::<Complex>();
                Ok(self.complex(-c.re, -c.im))
            }
            None => {
                let message = format!("bad operand type for unary -: '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    pub fn invert_builtin(&mut self, v: &Value) -> R<Value> {
        if v.word().is_bool() {
            let message = "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This \
                           returns the bitwise inversion of the underlying int object and is usually not what you \
                           expect from the negation of a bool object. Use the 'not' operator for boolean negation \
                           or ~int(x) for the bitwise inversion of the underlying int.";
            self.warn("DeprecationWarning", message, 1)?;
        }
        match Num::int_of(v) {
            Some(Num::Int(i)) => Ok(self.int(!i)),
            Some(n) => {
                let r = !n.big().into_owned();
                Ok(self.big(r))
            }
            None => {
                let message = format!("bad operand type for unary ~: '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }

    /// The int of a float, cut towards zero.
    pub(crate) fn int_of_float(&mut self, f: f64) -> R<Value> {
        // Well inside 64 bits, where the conversion truncates exactly. (No NaN is.)
        if f.abs() < (1u64 << 62) as f64 {
            return Ok(self.int(f as i64));
        }
        match BigInt::from_f64(f.trunc()) {
            Some(b) => Ok(self.big(b)),
            None if f.is_nan() => self.fail("ValueError", "cannot convert float NaN to integer"),
            None => self.fail("OverflowError", "cannot convert float infinity to integer"),
        }
    }
}

/// Quotient and remainder by Python's rules; `y` is not 0.
pub fn float_divmod(x: f64, y: f64) -> (f64, f64) {
    let mut rest = x % y;
    let mut div = (x - rest) / y;
    if rest != 0.0 {
        if (y < 0.0) != (rest < 0.0) {
            rest += y;
            div -= 1.0;
        }
    } else {
        rest = 0f64.copysign(y);
    }
    let floor = if div != 0.0 {
        let f = div.floor();
        if div - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(x / y)
    };
    (floor, rest)
}

/// `m * 2**e`, in two steps so that the power itself stays in range.
pub fn ldexp(m: f64, e: i32) -> f64 {
    let half = e / 2;
    m * 2f64.powi(half) * 2f64.powi(e - half)
}

/// `f == m * 2**e` with 0.5 <= |m| < 1 (f finite).
pub fn frexp(f: f64) -> (f64, i32) {
    if f == 0.0 || !f.is_finite() {
        return (f, 0);
    }
    let bits = f.to_bits();
    match (bits >> 52 & 0x7ff) as i32 {
        // Subnormal: make it normal first.
        0 => {
            let (m, e) = frexp(f * 2f64.powi(64));
            (m, e - 64)
        }
        e => (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), e - 1022),
    }
}

/// Why a text is no int.
pub enum BadInt {
    Literal,
    /// More digits than the limit allows.
    TooLong(usize),
}

/// An int literal as `int()` reads it. `base` 0 goes by the prefix.
pub fn parse_int(text: &str, mut base: u32, limit: usize) -> Result<BigInt, BadInt> {
    let text = text.trim_matches(super::string::is_space);
    let (negative, mut digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 0,
    };
    let mut prefixed = false;
    if prefix != 0 && (base == 0 || base == prefix) {
        base = prefix;
        digits = &digits[2..];
        prefixed = true;
    } else if base == 0 {
        // "012" is refused, "00" is not.
        if digits.starts_with('0') && digits.bytes().any(|b| b != b'0' && b != b'_') {
            return Err(BadInt::Literal);
        }
        base = 10;
    }
    if prefixed && digits.starts_with('_') {
        digits = &digits[1..];
    }
    let bytes = digits.as_bytes();
    let bad = bytes.is_empty()
        || bytes[0] == b'_'
        || bytes[bytes.len() - 1] == b'_'
        || digits.contains("__")
        || !digits.chars().all(|c| c == '_' || c.is_digit(base));
    if bad {
        return Err(BadInt::Literal);
    }
    let clean: Vec<u8> = bytes.iter().copied().filter(|&b| b != b'_').collect();
    if !base.is_power_of_two() && limit > 0 && clean.len() > limit {
        return Err(BadInt::TooLong(clean.len()));
    }
    let value = BigInt::parse_bytes(&clean, base).ok_or(BadInt::Literal)?;
    Ok(if negative { -value } else { value })
}

/// A float literal as `float()` reads it.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches(super::string::is_space);
    let b = text.as_bytes();
    for (i, _) in b.iter().enumerate().filter(|&(_, &c)| c == b'_') {
        let digit = |j: Option<usize>| j.and_then(|j| b.get(j)).is_some_and(u8::is_ascii_digit);
        if !digit(i.checked_sub(1)) || !digit(Some(i + 1)) {
            return None;
        }
    }
    if b.contains(&b'_') { text.replace('_', "").parse().ok() } else { text.parse().ok() }
}

/// `repr` of a float: the shortest digits that read back the same.
pub fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let (sign, digits, exponent) = shortest(f);
    let point = exponent + 1;
    let n = digits.len() as i32;
    let body = if !(-4..16).contains(&exponent) {
        exponent_form(&digits, exponent)
    } else if point <= 0 {
        format!("0.{}{digits}", "0".repeat(-point as usize))
    } else if point >= n {
        format!("{digits}{}.0", "0".repeat((point - n) as usize))
    } else {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    };
    format!("{sign}{body}")
}

/// Sign, shortest digits, decimal exponent of the first digit.
fn shortest(f: f64) -> (&'static str, String, i32) {
    let f_abs = f.abs();
    let mut text = format!("{f_abs:e}");
    // Of two shortest texts equally near, CPython takes the even one. Such ties need this many digits; plain
    // rounding to as many decides them.
    let decimals = text.find('e').unwrap_or(0).saturating_sub(2);
    if decimals >= 14 {
        let rounded = format!("{f_abs:.decimals$e}");
        if rounded.parse() == Ok(f_abs) {
            text = rounded;
        }
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if f.is_sign_negative() { "-" } else { "" };
    (sign, mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// `d.ddde+XX` of digits.
pub fn exponent_form(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{dot}{rest}e{sign}{:02}", exponent.abs())
}

/// Digits of an int in base 2, 8, 10 or 16, with its sign.
pub fn int_digits(n: Num, base: u32) -> String {
    match n {
        Num::Int(i) if base == 10 => i.to_string(),
        n => n.big().to_str_radix(base),
    }
}

/// Bits of the magnitude.
pub fn bit_length(n: Num) -> u64 {
    n.bits()
}

/// Numerator and denominator of a finite float.
pub fn float_ratio(f: f64) -> (BigInt, BigInt) {
    let (mut m, mut e) = frexp(f);
    while m != m.floor() {
        m *= 2.0;
        e -= 1;
    }
    let numerator = BigInt::from_f64(m).unwrap_or_default();
    if numerator.sign() == Sign::NoSign {
        return (numerator, BigInt::one());
    }
    if e >= 0 { (numerator << e as u64, BigInt::one()) } else { (numerator, BigInt::one() << (-e) as u64) }
}
