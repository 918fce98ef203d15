//! Methods of `int` and `float` that make other things of a number: bytes, rounded numbers, numbers of a class.

use super::number::{Num, float_ratio};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Float, Kind, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive};

pub static INT: &[BuiltinDef] = &[
    BuiltinDef::kw("to_bytes", 0, 2, to_bytes),
    BuiltinDef::new("__round__", 0, 1, |vm, a, _| {
        let digits = match a.get(1).filter(|d| !d.is_none()) {
            Some(d) => vm.index_clamped(d)?,
            None => 0,
        };
        let n = Num::of(&a[0]).unwrap_or(Num::Int(0));
        if digits >= 0 {
            return Ok(vm.plain_number(&a[0]));
        }
        round_int(vm, n, digits.unsigned_abs())
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |_, a, _| {
        let bits = Num::of(&a[0]).map_or(0, super::number::bit_length);
        Ok(Value::small(24 + 4 * bits.div_ceil(30).max(1) as i64))
    }),
];
pub static INT_CLASS: &[BuiltinDef] = &[BuiltinDef::kw("from_bytes", 0, 2, from_bytes)];

pub static FLOAT: &[BuiltinDef] = &[
    BuiltinDef::new("__round__", 0, 1, |vm, a, _| {
        let f = float(a);
        match a.get(1).filter(|d| !d.is_none()) {
            None => vm.int_of_float(f.round_ties_even()),
            Some(d) => {
                let d = vm.index_clamped(d)?;
                match round_float(f, d) {
                    r if r.is_infinite() && f.is_finite() => {
                        vm.fail("OverflowError", "rounded value too large to represent")
                    }
                    r => Ok(Value::float(r)),
                }
            }
        }
    }),
    BuiltinDef::new("__floor__", 0, 0, |vm, a, _| vm.int_of_float(float(a).floor())),
    BuiltinDef::new("__ceil__", 0, 0, |vm, a, _| vm.int_of_float(float(a).ceil())),
    BuiltinDef::new("__getnewargs__", 0, 0, |vm, a, _| {
        let f = Value::float(float(a));
        Ok(vm.tuple(vec![f]))
    }),
];
/// `float.from_number`.
pub static FLOAT_CLASS: &[BuiltinDef] = &[BuiltinDef::new("from_number", 1, 1, |vm, a, _| {
    if vm.type_of(&a[1]).is(&vm.types.float) && a[0].is(&vm.types.float) {
        return Ok(a[1].clone());
    }
    let v = vm.real_converted(&a[1])?;
    let Some(n) = Num::of(&v) else {
        let message = format!("must be real number, not {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    };
    let f = Value::float(vm.float_of(n)?);
    if a[0].is(&vm.types.float) { Ok(f) } else { vm.call(&a[0], &[f], Kw::NONE) }
})];

/// The number a float's row is called on.
fn float(args: &[Value]) -> f64 {
    match args[0].get::<Float>() {
        Some(f) => f.value,
        None => args[0].word().float(),
    }
}

impl Vm {
    /// An int or float as an object of the builtin class itself.
    pub(crate) fn plain_number(&mut self, v: &Value) -> Value {
        match Num::of(v) {
            Some(Num::Int(i)) => self.int(i),
            Some(Num::Big(b)) => self.big(b.clone()),
            Some(Num::Float(f)) => Value::float(f),
            None => v.clone(),
        }
    }
    fn byte_order(&mut self, v: Option<&Value>) -> R<bool> {
        let Some(v) = v else { return Ok(true) };
        match v.get::<Str>().map(|s| s.bytes()) {
            Some(b"big") => Ok(true),
            Some(b"little") => Ok(false),
            Some(_) => self.fail("ValueError", "byteorder must be either 'little' or 'big'"),
            None => {
                let message = format!("byteorder must be str, not {}", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
}

fn to_bytes(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("to_bytes", kw, &["length", "byteorder", "signed"])?;
    let length = match args.get(1).or(kw.get("length")) {
        Some(n) => vm.index_size(n)?,
        None => 1,
    };
    let big = vm.byte_order(args.get(2).or(kw.get("byteorder")))?;
    let signed = kw.get("signed").map_or(Ok(false), |v| vm.truthy(v))?;
    let Ok(length) = usize::try_from(length) else {
        return vm.fail("ValueError", "length argument must be non-negative");
    };
    if let Some(Num::Int(i @ 0..)) = Num::of(&args[0])
        && length <= 8
        && !signed
        && (length == 8 || i >> (8 * length) == 0)
    {
        return Ok(match big {
            true => vm.bytes(&i.to_be_bytes()[8 - length..]),
            false => vm.bytes(&i.to_le_bytes()[..length]),
        });
    }
    let n = Num::of(&args[0]).unwrap_or(Num::Int(0)).big().into_owned();
    if n.is_negative() && !signed {
        return vm.fail("OverflowError", "can't convert negative int to unsigned");
    }
    // Bits that the number needs, its sign included.
    let bits = match n.is_negative() {
        true => (-(&n + 1u32)).bits() + 1,
        false => n.bits() + signed as u64,
    };
    if bits.div_ceil(8) > length as u64 && (n.sign() != Sign::NoSign) {
        return vm.fail("OverflowError", "int too big to convert");
    }
    if length > isize::MAX as usize - 64 {
        return vm.fail("OverflowError", "byte string is too large");
    }
    let mut bytes = n.to_signed_bytes_le();
    if bytes.try_reserve(length).is_err() {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    bytes.resize(length.max(bytes.len()), if n.is_negative() { 0xff } else { 0 });
    bytes.truncate(length);
    if big {
        bytes.reverse();
    }
    Ok(vm.bytes(&bytes))
}

fn from_bytes(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("from_bytes", kw, &["bytes", "byteorder", "signed"])?;
    let Some(source) = args.get(1).or(kw.get("bytes")) else {
        return vm.fail("TypeError", "from_bytes() missing required argument 'bytes' (pos 1)");
    };
    let big = vm.byte_order(args.get(2).or(kw.get("byteorder")))?;
    let signed = kw.get("signed").map_or(Ok(false), |v| vm.truthy(v))?;
    let data = match source.get::<Bytes>() {
        Some(_) => source.clone(),
        None if source.is_kind(Kind::Str) || Num::of(source).is_some() => {
            let message = format!("cannot convert '{}' object to bytes", vm.type_name(source));
            return vm.fail("TypeError", message);
        }
        None => match vm.call_special(source, super::specials::Special::Bytes, &[])? {
            Some(b) if b.get::<Bytes>().is_none() => {
                let message = format!("__bytes__ returned non-bytes (type {})", vm.type_name(&b));
                return vm.fail("TypeError", message);
            }
            Some(b) => b,
            None => {
                let mut bytes = vec![];
                for v in vm.to_vec(source)? {
                    match u8::try_from(vm.index_clamped(&v)?) {
                        Ok(b) => bytes.push(b),
                        Err(_) => return vm.fail("ValueError", "bytes must be in range(0, 256)"),
                    }
                }
                vm.bytes(&bytes)
            }
        },
    };
    let bytes = data.get::<Bytes>().map_or(&[][..], |b| b.as_slice());
    let n = match (signed, big) {
        (true, true) => BigInt::from_signed_bytes_be(bytes),
        (true, false) => BigInt::from_signed_bytes_le(bytes),
        (false, true) => BigInt::from_bytes_be(Sign::Plus, bytes),
        (false, false) => BigInt::from_bytes_le(Sign::Plus, bytes),
    };
    let n = vm.big(n);
    if args[0].is(&vm.types.int) { Ok(n) } else { vm.call(&args[0], &[n], Kw::NONE) }
}

/// Rounds the exact value to `digits` decimals, ties to even.
pub fn round_float(f: f64, digits: i64) -> f64 {
    if !f.is_finite() || f == 0.0 || digits > 323 {
        return f;
    }
    let zero = 0f64.copysign(f);
    if digits < -308 {
        return zero;
    }
    if digits >= 0 {
        return format!("{f:.*}", digits as usize).parse().unwrap_or(f);
    }
    // Of an int so large that it may have a fraction nowhere: exact, in ints.
    let (n, d) = float_ratio(f);
    let place = BigInt::from(10).pow(digits.unsigned_abs() as u32) * d;
    let rounded = half_even(&n, &place) * BigInt::from(10).pow(digits.unsigned_abs() as u32);
    match rounded.to_f64() {
        Some(0.0) | None => zero,
        Some(r) => r,
    }
}

/// `n / d` rounded to the nearest int, ties to even.
fn half_even(n: &BigInt, d: &BigInt) -> BigInt {
    let (q, rest) = n.div_mod_floor(d);
    let twice: BigInt = rest * 2;
    if &twice > d || &twice == d && q.is_odd() { q + 1 } else { q }
}

fn round_int(vm: &mut Vm, n: Num, digits: u64) -> R<Value> {
    let n = n.big();
    // More places than the int has: 0.
    if digits as f64 > n.bits() as f64 * std::f64::consts::LOG10_2 + 1.0 {
        return Ok(Value::small(0));
    }
    let place = BigInt::from(10).pow(digits as u32);
    Ok(vm.big(half_even(&n, &place) * place))
}
