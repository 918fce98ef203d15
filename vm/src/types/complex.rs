//! `complex`: arithmetic by the rules of C (Annex G), text form, construction.
//!
//! A real operand stays real: `1 + z` leaves the sign of z's imaginary part alone.

use super::hash::{avoid_minus_one, hash_float};
use super::number::{Num, float_repr, parse_float};
use crate::error::R;
use crate::object::{BuiltinDef, Complex, Kind, Kw, Str};
use crate::op::{BinOp, CmpOp};
use crate::types::native::GetSet;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

/// A complex number, or a real one (no imaginary part at all).
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub re: f64,
    pub im: Option<f64>,
}

type C = (f64, f64);

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("conjugate", 0, 0, |vm, a, _| {
        let (re, im) = complex(a);
        Ok(vm.complex(re, -im))
    }),
    BuiltinDef::new("__complex__", 0, 0, |vm, a, _| {
        if vm.type_of(&a[0]).is(&vm.types.complex) {
            return Ok(a[0].clone());
        }
        let (re, im) = complex(a);
        Ok(vm.complex(re, im))
    }),
    BuiltinDef::new("__getnewargs__", 0, 0, |vm, a, _| {
        let (re, im) = complex(a);
        Ok(vm.tuple(vec![Value::float(re), Value::float(im)]))
    }),
    BuiltinDef::new("__add__", 1, 1, |vm, a, _| operator(vm, BinOp::Add, &a[0], &a[1])),
    BuiltinDef::new("__sub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[0], &a[1])),
    BuiltinDef::new("__mul__", 1, 1, |vm, a, _| operator(vm, BinOp::Multiply, &a[0], &a[1])),
    BuiltinDef::new("__truediv__", 1, 1, |vm, a, _| operator(vm, BinOp::TrueDivide, &a[0], &a[1])),
    BuiltinDef::new("__radd__", 1, 1, |vm, a, _| operator(vm, BinOp::Add, &a[1], &a[0])),
    BuiltinDef::new("__rsub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[1], &a[0])),
    BuiltinDef::new("__rmul__", 1, 1, |vm, a, _| operator(vm, BinOp::Multiply, &a[1], &a[0])),
    BuiltinDef::new("__rtruediv__", 1, 1, |vm, a, _| operator(vm, BinOp::TrueDivide, &a[1], &a[0])),
    BuiltinDef::new("__pow__", 1, 2, |vm, a, _| {
        no_modulus(vm, a)?;
        operator(vm, BinOp::Power, &a[0], &a[1])
    }),
    BuiltinDef::new("__rpow__", 1, 2, |vm, a, _| {
        no_modulus(vm, a)?;
        operator(vm, BinOp::Power, &a[1], &a[0])
    }),
    BuiltinDef::new("__neg__", 0, 0, |vm, a, _| {
        let (re, im) = complex(a);
        Ok(vm.complex(-re, -im))
    }),
    BuiltinDef::new("__pos__", 0, 0, |vm, a, _| {
        let (re, im) = complex(a);
        Ok(vm.complex(re, im))
    }),
    BuiltinDef::new("__abs__", 0, 0, |vm, a, _| vm.complex_abs(&a[0])),
    BuiltinDef::new("__bool__", 0, 0, |_, a, _| Ok(Value::bool(complex(a) != (0.0, 0.0)))),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let (re, im) = complex(a);
        Ok(vm.string(complex_repr(re, im)))
    }),
    BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
        let h = complex_hash(a[0].as_());
        Ok(vm.int(h))
    }),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Eq, a)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Ne, a)),
    BuiltinDef::new("__lt__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__le__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__gt__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__ge__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
];

pub static ATTRIBUTES: &[GetSet] = &[
    GetSet::get("real", |_, v| Ok(Value::float(v.as_::<Complex>().re))),
    GetSet::get("imag", |_, v| Ok(Value::float(v.as_::<Complex>().im))),
];

/// `complex.from_number`.
pub static CLASS_METHODS: &[BuiltinDef] = &[BuiltinDef::new("from_number", 1, 1, |vm, a, _| {
    let exact = a[0].is(&vm.types.complex);
    if exact && vm.type_of(&a[1]).is(&a[0]) {
        return Ok(a[1].clone());
    }
    let v = vm.complex_converted(&a[1])?;
    let Some(p) = vm.complex_parts(&v)? else {
        let message = format!("must be real number, not {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    };
    let c = vm.complex(p.re, p.im.unwrap_or(0.0));
    if exact { Ok(c) } else { vm.call(&a[0], &[c], Kw::NONE) }
})];

fn complex(args: &[Value]) -> C {
    let c = args[0].as_::<Complex>();
    (c.re, c.im)
}
fn operator(vm: &mut Vm, op: BinOp, a: &Value, b: &Value) -> R<Value> {
    Ok(vm.complex_op(op, a, b)?.unwrap_or(Value::NOT_IMPLEMENTED))
}
fn comparison(vm: &mut Vm, op: CmpOp, a: &[Value]) -> R<Value> {
    Ok(vm.complex_compare(op, &a[0], &a[1])?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}
fn no_modulus(vm: &mut Vm, args: &[Value]) -> R {
    if args.get(2).is_some_and(|m| !m.is_none()) {
        return vm.fail("ValueError", "complex modulo");
    }
    Ok(())
}

pub fn complex_hash(c: &Complex) -> i64 {
    avoid_minus_one(hash_float(c.re).wrapping_add(hash_float(c.im).wrapping_mul(1000003)))
}

/// `(1+2j)`, `1j`, `(-0-1j)`.
pub fn complex_repr(re: f64, im: f64) -> String {
    let short = |f: f64| {
        let s = float_repr(f);
        s.strip_suffix(".0").map_or(s.clone(), str::to_owned)
    };
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", short(im));
    }
    let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
    format!("({}{sign}{}j)", short(re), short(im))
}

/// A text as `complex()` reads it.
pub fn parse_complex(text: &str) -> Option<C> {
    let text = text.trim_matches(super::string::is_space);
    let text = match text.strip_prefix('(') {
        Some(t) => t.strip_suffix(')')?.trim_matches(super::string::is_space),
        None => text,
    };
    if text.contains(super::string::is_space) {
        return None;
    }
    let Some(body) = text.strip_suffix(['j', 'J']) else { return Some((parse_float(text)?, 0.0)) };
    // The sign that begins the imaginary part: not at the start, not of an exponent.
    let bytes = body.as_bytes();
    let split = (1..bytes.len())
        .rev()
        .find(|&i| matches!(bytes[i], b'+' | b'-') && !matches!(bytes[i - 1], b'e' | b'E'));
    let (re, im) = body.split_at(split.unwrap_or(0));
    let im = match im {
        "" | "+" => 1.0,
        "-" => -1.0,
        im => parse_float(im)?,
    };
    // A sign in front of a sign: parse_float refuses it.
    Some((if re.is_empty() { 0.0 } else { parse_float(re)? }, im))
}

fn product((a, b): C, (c, d): C) -> C {
    let r = (a * c - b * d, a * d + b * c);
    if !(r.0.is_nan() && r.1.is_nan()) {
        return r;
    }
    // An infinite factor, or an overflow on the way, makes the product infinite: put factors of 0 and 1 in
    // the place of the infinities and see in which direction it points.
    let unit = |f: f64| if f.is_infinite() { 1f64.copysign(f) } else { 0f64.copysign(f) };
    let known = |f: f64| if f.is_nan() { 0f64.copysign(f) } else { f };
    let (mut x, mut y) = ((a, b), (c, d));
    let mut infinite = false;
    if a.is_infinite() || b.is_infinite() {
        (x, y) = ((unit(x.0), unit(x.1)), (known(y.0), known(y.1)));
        infinite = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (x, y) = ((known(x.0), known(x.1)), (unit(y.0), unit(y.1)));
        infinite = true;
    }
    if !infinite && [a * c, b * d, a * d, b * c].iter().any(|f| f.is_infinite()) {
        (x, y) = ((known(x.0), known(x.1)), (known(y.0), known(y.1)));
        infinite = true;
    }
    if !infinite {
        return r;
    }
    (f64::INFINITY * (x.0 * y.0 - x.1 * y.1), f64::INFINITY * (x.0 * y.1 + x.1 * y.0))
}

/// Quotient; the divisor is not 0.
fn quotient(a: Parts, (c, d): C) -> C {
    let (x, y) = (a.re, a.im.unwrap_or(0.0));
    let real = a.im.is_none();
    // Smith's method: by the larger part of the divisor.
    let r = if c.abs() >= d.abs() {
        let ratio = d / c;
        let denominator = c + d * ratio;
        if real {
            (x / denominator, -x * ratio / denominator)
        } else {
            ((x + y * ratio) / denominator, (y - x * ratio) / denominator)
        }
    } else if d.abs() >= c.abs() {
        let ratio = c / d;
        let denominator = c * ratio + d;
        if real {
            (x * ratio / denominator, -x / denominator)
        } else {
            ((x * ratio + y) / denominator, (y * ratio - x) / denominator)
        }
    } else {
        (f64::NAN, f64::NAN)
    };
    if !(r.0.is_nan() && r.1.is_nan()) {
        return r;
    }
    let unit = |f: f64| if f.is_infinite() { 1f64.copysign(f) } else { 0f64.copysign(f) };
    if (x.is_infinite() || y.is_infinite()) && c.is_finite() && d.is_finite() {
        let (u, v) = (unit(x), unit(y));
        return match real {
            true => (f64::INFINITY * (u * c), f64::INFINITY * (-u * d)),
            false => (f64::INFINITY * (u * c + v * d), f64::INFINITY * (v * c - u * d)),
        };
    }
    if (c.is_infinite() || d.is_infinite()) && x.is_finite() && y.is_finite() {
        let (u, v) = (unit(c), unit(d));
        return match real {
            true => (0.0 * (x * u), 0.0 * (-x * v)),
            false => (0.0 * (x * u + y * v), 0.0 * (y * u - x * v)),
        };
    }
    r
}

/// `z ** n` by squaring.
fn power_int(mut z: C, mut n: u32) -> C {
    let mut r = (1.0, 0.0);
    while n != 0 {
        if n & 1 != 0 {
            r = product(r, z);
        }
        n >>= 1;
        z = product(z, z);
    }
    r
}

/// `a ** b`; `None`: it has no value.
fn power(a: C, b: C) -> Option<C> {
    if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= 100.0 {
        let n = b.0 as i32;
        let p = power_int(a, n.unsigned_abs());
        return match n {
            n if n > 0 => Some(p),
            _ => (p != (0.0, 0.0)).then(|| quotient(Parts { re: 1.0, im: Some(0.0) }, p)),
        };
    }
    if b == (0.0, 0.0) {
        return Some((1.0, 0.0));
    }
    if a == (0.0, 0.0) {
        return (b.1 == 0.0 && (b.0 >= 0.0 || b.0.is_nan())).then_some((0.0, 0.0));
    }
    let size = a.0.hypot(a.1);
    let angle = a.1.atan2(a.0);
    let (mut len, mut phase) = (size.powf(b.0), angle * b.0);
    if b.1 != 0.0 {
        len *= (-angle * b.1).exp();
        phase += b.1 * size.ln();
    }
    // The cosine of an infinite angle is an error.
    (!phase.is_infinite()).then(|| (len * phase.cos(), len * phase.sin()))
}

impl Vm {
    pub fn complex(&mut self, re: f64, im: f64) -> Value {
        Complex::new(&self.types.complex, re, im)
    }
    /// A number seen as complex; `None`: it is none.
    pub(crate) fn complex_parts(&mut self, v: &Value) -> R<Option<Parts>> {
        if let Some(c) = v.get::<Complex>() {
            return Ok(Some(Parts { re: c.re, im: Some(c.im) }));
        }
        match Num::of(v) {
            Some(n) => Ok(Some(Parts { re: self.float_of(n)?, im: None })),
            None => Ok(None),
        }
    }

    /// An operator with a complex operand; `None`: not defined for these.
    pub(crate) fn complex_op(&mut self, op: BinOp, a: &Value, b: &Value) -> R<Option<Value>> {
        use BinOp::*;
        if !matches!(op, Add | Subtract | Multiply | TrueDivide | Power) {
            return Ok(None);
        }
        if !a.is_kind(Kind::Complex) && Num::of(a).is_none()
            || !b.is_kind(Kind::Complex) && Num::of(b).is_none()
        {
            return Ok(None);
        }
        let (Some(x), Some(y)) = (self.complex_parts(a)?, self.complex_parts(b)?) else { return Ok(None) };
        let whole = |p: Parts| (p.re, p.im.unwrap_or(0.0));
        let (re, im) = match op {
            Add => match (x.im, y.im) {
                (Some(p), Some(q)) => (x.re + y.re, p + q),
                (p, q) => (x.re + y.re, p.or(q).unwrap_or(0.0)),
            },
            Subtract => match (x.im, y.im) {
                (Some(p), Some(q)) => (x.re - y.re, p - q),
                (None, Some(q)) => (x.re - y.re, -q),
                (p, None) => (x.re - y.re, p.unwrap_or(0.0)),
            },
            Multiply => match (x.im, y.im) {
                (Some(p), None) => (x.re * y.re, p * y.re),
                (None, Some(q)) => (x.re * y.re, x.re * q),
                _ => product(whole(x), whole(y)),
            },
            TrueDivide => {
                if whole(y) == (0.0, 0.0) {
                    return self.fail("ZeroDivisionError", "division by zero");
                }
                match (x.im, y.im) {
                    (Some(p), None) => (x.re / y.re, p / y.re),
                    _ => quotient(x, whole(y)),
                }
            }
            _ => return self.complex_power(whole(x), whole(y)).map(Some),
        };
        Ok(Some(self.complex(re, im)))
    }
    pub(crate) fn complex_power(&mut self, a: C, b: C) -> R<Value> {
        match power(a, b) {
            None => self.fail("ZeroDivisionError", "zero to a negative or complex power"),
            Some((re, im)) if re.is_infinite() || im.is_infinite() => {
                self.fail("OverflowError", "complex exponentiation")
            }
            Some((re, im)) => Ok(self.complex(re, im)),
        }
    }
    /// `None`: not defined for these.
    pub(crate) fn complex_compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Option<bool>> {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(None);
        }
        let (c, other) = if a.is_kind(Kind::Complex) { (a, b) } else { (b, a) };
        let c = c.as_::<Complex>();
        let equal = match (other.get::<Complex>(), Num::of(other)) {
            (Some(d), _) => c.re == d.re && c.im == d.im,
            (_, Some(n)) => c.im == 0.0 && Num::Float(c.re).compare(n).is_some_and(std::cmp::Ordering::is_eq),
            _ => return Ok(None),
        };
        Ok(Some(equal == (op == CmpOp::Eq)))
    }
    pub(crate) fn complex_abs(&mut self, v: &Value) -> R<Value> {
        let c = v.as_::<Complex>();
        let r = c.re.hypot(c.im);
        if r.is_infinite() && c.re.is_finite() && c.im.is_finite() {
            return self.fail("OverflowError", "absolute value too large");
        }
        Ok(Value::float(r))
    }

    /// What `__complex__`, `__float__` or `__index__` make of an object; itself, if it has none of them.
    fn complex_converted(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic()
            && !v.is_kind(Kind::Complex)
            && let Some(r) = self.call_special(v, Special::Complex, &[])?
        {
            if !r.is_kind(Kind::Complex) {
                let message = format!(
                    "{}.__complex__() must return a complex, not {}",
                    self.type_name(v),
                    self.type_name(&r)
                );
                return self.fail("TypeError", message);
            }
            return Ok(r);
        }
        self.real_converted(v)
    }
    /// The complex number an argument stands for.
    pub(crate) fn complex_argument(&mut self, v: &Value) -> R<(f64, f64)> {
        let v = self.complex_converted(v)?;
        match self.complex_parts(&v)? {
            Some(p) => Ok((p.re, p.im.unwrap_or(0.0))),
            None => {
                let message = format!("must be real number, not {}", self.type_name(&v));
                self.fail("TypeError", message)
            }
        }
    }
    /// What `__float__` or `__index__` make of an object; itself, if it has neither.
    pub(crate) fn real_converted(&mut self, v: &Value) -> R<Value> {
        if !v.is_dynamic() || v.is_kind(Kind::Complex) || v.is_kind(Kind::Float) {
            return Ok(v.clone());
        }
        if let Some(r) = self.call_special(v, Special::Float, &[])? {
            if !matches!(Num::of(&r), Some(Num::Float(_))) {
                let message = format!(
                    "{}.__float__() must return a float, not {}",
                    self.type_name(v),
                    self.type_name(&r)
                );
                return self.fail("TypeError", message);
            }
            return Ok(r);
        }
        self.try_index(v)
    }

    /// `complex(real, imag)`, not of text.
    fn complex_part(&mut self, v: &Value, name: &str) -> R<Parts> {
        if let Some(p) = self.complex_parts(v)? {
            return Ok(p);
        }
        let message = format!("complex() argument '{name}' must be a real number, not {}", self.type_name(v));
        self.fail("TypeError", message)
    }
}

/// `complex(real=0, imag=0)`, `class` being it or a subclass.
pub fn new_complex(vm: &mut Vm, class: &Value, args: &[Value], kw: Kw) -> R<Value> {
    if args.len() + kw.names.len() > 2 {
        let n = args.len() + kw.names.len();
        return vm.fail("TypeError", format!("complex() takes at most 2 arguments ({n} given)"));
    }
    vm.only_keywords("complex", kw, &["real", "imag"])?;
    let (re, im) = (args.first().or(kw.get("real")), args.get(1).or(kw.get("imag")));
    let exact = class.is(&vm.types.complex);
    if let (Some(v), None) = (re, im) {
        if exact && vm.type_of(v).is(class) {
            return Ok(v.clone());
        }
        if let Some(s) = v.get::<Str>() {
            return match s.to_str().and_then(parse_complex) {
                Some((re, im)) => Ok(Complex::new(class, re, im)),
                None => vm.fail("ValueError", "complex() arg is a malformed string"),
            };
        }
        let v = vm.complex_converted(v)?;
        let Some(p) = vm.complex_parts(&v)? else {
            let message =
                format!("complex() argument must be a string or a number, not {}", vm.type_name(&v));
            return vm.fail("TypeError", message);
        };
        return Ok(Complex::new(class, p.re, p.im.unwrap_or(0.0)));
    }
    let real = match re {
        Some(v) => {
            let v = if v.is_kind(Kind::Str) { v.clone() } else { vm.complex_converted(v)? };
            vm.complex_part(&v, "real")?
        }
        None => Parts { re: 0.0, im: None },
    };
    for (part, name) in [(re, "real"), (im, "imag")] {
        if part.is_some_and(|v| v.is_kind(Kind::Complex)) {
            let message = format!("complex() argument '{name}' must be a real number, not complex");
            vm.warn("DeprecationWarning", message, 1)?;
        }
    }
    let imag = match im {
        Some(v) => {
            let v = vm.real_converted(v)?;
            vm.complex_part(&v, "imag")?
        }
        None => Parts { re: 0.0, im: None },
    };
    // Complex arguments: real + imag * 1j, each part by its own rule.
    let re = imag.im.map_or(real.re, |q| real.re - q);
    let im = real.im.map_or(imag.re, |p| imag.re + p);
    Ok(Complex::new(class, re, im))
}
