//! Module `cmath`.
//!
//! The inverse functions follow W. Kahan, "Branch cuts for complex elementary functions": each is put together
//! from square roots so that signed zeros decide the side of a cut. What the arguments that are not finite give
//! is Annex G of C99, so it is asked of the C library.

use crate::error::R;
use crate::modules::math::libm;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;
use std::f64::consts::{E, LN_2, LN_10, PI};

type C = (f64, f64);

/// How a function fails.
enum Bad {
    Domain,
    Range,
}

/// A complex number as C passes it: two floats, in the registers that a structure of two floats has.
#[repr(C)]
#[derive(Clone, Copy)]
struct CComplex(f64, f64);

macro_rules! c_functions {
    ($($name:ident)*) => {
        // SAFETY: C99's <complex.h>: pure functions, defined for every argument.
        unsafe extern "C" {
            $(safe fn $name(z: CComplex) -> CComplex;)*
        }
    };
}
c_functions! { cacosh casinh catanh ccosh csinh ctanh cexp csqrt cacos }

fn library(f: extern "C" fn(CComplex) -> CComplex, z: C) -> C {
    let r = f(CComplex(z.0, z.1));
    (r.0, r.1)
}
/// The C library's answer if `z` is not finite.
macro_rules! special {
    ($f:ident, $z:expr) => {
        if !finite($z) {
            return Ok(library($f, $z));
        }
    };
}

macro_rules! function {
    ($name:literal, $f:expr) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let z = vm.complex_argument(&a[0])?;
            answer(vm, ($f)(z))
        })
    };
}

static FUNCTIONS: &[BuiltinDef] = &[
    function!("acos", acos),
    function!("acosh", acosh),
    function!("asin", |z| asinh(times_i(z)).map(over_i)),
    function!("asinh", asinh),
    function!("atan", |z| atanh(times_i(z)).map(over_i)),
    function!("atanh", atanh),
    function!("cos", |z| cosh(times_i(z))),
    function!("cosh", cosh),
    function!("exp", exp),
    function!("log10", |z| log(z).map(|(re, im)| (re / LN_10, im / LN_10))),
    function!("sin", |z| sinh(times_i(z)).map(over_i)),
    function!("sinh", sinh),
    function!("sqrt", sqrt),
    function!("tan", |z| tanh(times_i(z)).map(over_i)),
    function!("tanh", tanh),
    BuiltinDef::new("log", 1, 2, |vm, a, _| {
        let z = vm.complex_argument(&a[0])?;
        let Some(base) = a.get(1) else { return answer(vm, log(z)) };
        let base = vm.complex_argument(base)?;
        let (Ok(z), Ok(base)) = (log(z), log(base)) else { return answer(vm, Err(Bad::Domain)) };
        if base == (0.0, 0.0) {
            return answer(vm, Err(Bad::Domain));
        }
        let (z, base) = (vm.complex(z.0, z.1), vm.complex(base.0, base.1));
        vm.binary_op(crate::op::BinOp::TrueDivide, false, &z, &base)
    }),
    BuiltinDef::new("phase", 1, 1, |vm, a, _| {
        let (re, im) = vm.complex_argument(&a[0])?;
        Ok(Value::float(im.atan2(re)))
    }),
    BuiltinDef::new("polar", 1, 1, |vm, a, _| {
        let z = vm.complex_argument(&a[0])?;
        let r = z.0.hypot(z.1);
        if r.is_infinite() && finite(z) {
            return range_error(vm);
        }
        Ok(vm.tuple(vec![Value::float(r), Value::float(z.1.atan2(z.0))]))
    }),
    BuiltinDef::new("rect", 2, 2, |vm, a, _| {
        let (r, phi) = (vm.real(&a[0])?, vm.real(&a[1])?);
        answer(vm, rect(r, phi))
    }),
    BuiltinDef::new("isfinite", 1, 1, |vm, a, _| Ok(Value::bool(finite(vm.complex_argument(&a[0])?)))),
    BuiltinDef::new("isinf", 1, 1, |vm, a, _| {
        let z = vm.complex_argument(&a[0])?;
        Ok(Value::bool(z.0.is_infinite() || z.1.is_infinite()))
    }),
    BuiltinDef::new("isnan", 1, 1, |vm, a, _| {
        let z = vm.complex_argument(&a[0])?;
        Ok(Value::bool(z.0.is_nan() || z.1.is_nan()))
    }),
    BuiltinDef::kw("isclose", 0, u8::MAX, is_close),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("cmath", FUNCTIONS);
    let doc = vm.str(
        "This module provides access to mathematical functions for complex\nnumbers.",
    );
    vm.set_global(&m, "__doc__", doc);
    for (name, x) in
        [("pi", PI), ("e", E), ("tau", 2.0 * PI), ("inf", f64::INFINITY), ("nan", f64::NAN)]
    {
        vm.set_global(&m, name, Value::float(x));
    }
    for (name, im) in [("infj", f64::INFINITY), ("nanj", f64::NAN)] {
        let z = vm.complex(0.0, im);
        vm.set_global(&m, name, z);
    }
    Ok(m)
}

fn range_error<T>(vm: &mut Vm) -> R<T> {
    vm.fail("OverflowError", "math range error")
}
fn answer(vm: &mut Vm, r: Result<C, Bad>) -> R<Value> {
    match r {
        Ok((re, im)) => Ok(vm.complex(re, im)),
        Err(Bad::Domain) => vm.fail("ValueError", "math domain error"),
        Err(Bad::Range) => range_error(vm),
    }
}

/// From here on `hypot` could overflow.
const LARGE: f64 = f64::MAX / 4.0;

fn finite(z: C) -> bool {
    z.0.is_finite() && z.1.is_finite()
}
fn times_i((re, im): C) -> C {
    (-im, re)
}
fn over_i((re, im): C) -> C {
    (im, -re)
}
fn large((re, im): C) -> bool {
    re.abs() > LARGE || im.abs() > LARGE
}
/// log(2 |z|) without overflow.
fn log_twice((re, im): C) -> f64 {
    (re / 2.0).hypot(im / 2.0).ln() + 2.0 * LN_2
}
fn in_range(z: C) -> Result<C, Bad> {
    if z.0.is_infinite() || z.1.is_infinite() { Err(Bad::Range) } else { Ok(z) }
}

fn root((re, im): C) -> C {
    if re == 0.0 && im == 0.0 {
        return (0.0, im);
    }
    let (x, y) = (re.abs(), im.abs());
    // s = sqrt((x + |z|) / 2), scaled so that nothing overflows or loses bits.
    let s = if x < f64::MIN_POSITIVE && y < f64::MIN_POSITIVE {
        let x = libm::ldexp(x, 53);
        libm::ldexp((x + x.hypot(libm::ldexp(y, 53))).sqrt(), -27)
    } else {
        let x = x / 8.0;
        2.0 * (x + x.hypot(y / 8.0)).sqrt()
    };
    let d = y / (2.0 * s);
    if re >= 0.0 { (s, d.copysign(im)) } else { (d, s.copysign(im)) }
}
fn sqrt(z: C) -> Result<C, Bad> {
    special!(csqrt, z);
    Ok(root(z))
}

fn acos(z: C) -> Result<C, Bad> {
    special!(cacos, z);
    let (re, im) = z;
    if large(z) {
        let l = log_twice(z);
        let l = if re < 0.0 { -l.copysign(im) } else { l.copysign(-im) };
        return Ok((im.abs().atan2(re), l));
    }
    let (a, b) = (root((1.0 - re, -im)), root((1.0 + re, im)));
    Ok((2.0 * a.0.atan2(b.0), libm::asinh(b.0 * a.1 - b.1 * a.0)))
}
fn acosh(z: C) -> Result<C, Bad> {
    special!(cacosh, z);
    let (re, im) = z;
    if large(z) {
        return Ok((log_twice(z), im.atan2(re)));
    }
    let (a, b) = (root((re - 1.0, im)), root((re + 1.0, im)));
    Ok((libm::asinh(a.0 * b.0 + a.1 * b.1), 2.0 * a.1.atan2(b.0)))
}
fn asinh(z: C) -> Result<C, Bad> {
    special!(casinh, z);
    let (re, im) = z;
    if large(z) {
        let l = log_twice(z);
        let l = if im >= 0.0 { l.copysign(re) } else { -l.copysign(-re) };
        return Ok((l, im.atan2(re.abs())));
    }
    let (a, b) = (root((1.0 + im, -re)), root((1.0 - im, re)));
    Ok((libm::asinh(a.0 * b.1 - b.0 * a.1), im.atan2(a.0 * b.0 - a.1 * b.1)))
}
fn atanh(z: C) -> Result<C, Bad> {
    special!(catanh, z);
    // The function is odd.
    if z.0.is_sign_negative() {
        return atanh((-z.0, -z.1)).map(|(re, im)| (-re, -im));
    }
    let (re, im) = z;
    let y = im.abs();
    if re > LARGE.sqrt() || y > LARGE.sqrt() {
        let h = (re / 2.0).hypot(im / 2.0);
        // Only the sign of the imaginary part is left of it.
        return Ok((re / 4.0 / h / h, -(PI / 2.0).copysign(-im)));
    }
    if re == 1.0 && y < f64::MIN_POSITIVE.sqrt() {
        if y == 0.0 {
            return Err(Bad::Domain);
        }
        return Ok((-(y.sqrt() / y.hypot(2.0).sqrt()).ln(), (2f64.atan2(-y) / 2.0).copysign(im)));
    }
    let one = 1.0 - re;
    Ok((
        (4.0 * re / (one * one + y * y)).ln_1p() / 4.0,
        -(-2.0 * im).atan2(one * (1.0 + re) - y * y) / 2.0,
    ))
}

/// From here on exp(x) overflows while the product with a cosine may not.
fn steep(x: f64) -> bool {
    x > LARGE.ln()
}
fn cosh(z: C) -> Result<C, Bad> {
    let (re, im) = z;
    if im.is_infinite() && !re.is_nan() {
        return Err(Bad::Domain);
    }
    special!(ccosh, z);
    if steep(re.abs()) {
        let x = re - 1f64.copysign(re);
        return in_range((im.cos() * x.cosh() * E, im.sin() * x.sinh() * E));
    }
    in_range((im.cos() * re.cosh(), im.sin() * re.sinh()))
}
fn sinh(z: C) -> Result<C, Bad> {
    let (re, im) = z;
    if im.is_infinite() && !re.is_nan() {
        return Err(Bad::Domain);
    }
    special!(csinh, z);
    if steep(re.abs()) {
        let x = re - 1f64.copysign(re);
        return in_range((im.cos() * x.sinh() * E, im.sin() * x.cosh() * E));
    }
    in_range((im.cos() * re.sinh(), im.sin() * re.cosh()))
}
fn tanh(z: C) -> Result<C, Bad> {
    let (re, im) = z;
    if im.is_infinite() && re.is_finite() {
        return Err(Bad::Domain);
    }
    special!(ctanh, z);
    if steep(re.abs()) {
        return Ok((1f64.copysign(re), 4.0 * im.sin() * im.cos() * (-2.0 * re.abs()).exp()));
    }
    let (x, y, c) = (re.tanh(), im.tan(), 1.0 / re.cosh());
    let d = 1.0 + x * y * (x * y);
    Ok((x * (1.0 + y * y) / d, y / d * c * c))
}
fn exp(z: C) -> Result<C, Bad> {
    let (re, im) = z;
    if im.is_infinite() && (re.is_finite() || re == f64::INFINITY) {
        return Err(Bad::Domain);
    }
    special!(cexp, z);
    if steep(re) {
        let l = (re - 1.0).exp();
        return in_range((l * im.cos() * E, l * im.sin() * E));
    }
    let l = re.exp();
    in_range((l * im.cos(), l * im.sin()))
}

fn log(z: C) -> Result<C, Bad> {
    let (re, im) = z;
    let (x, y) = (re.abs(), im.abs());
    let length = if !finite(z) {
        match x.is_infinite() || y.is_infinite() {
            true => f64::INFINITY,
            false => f64::NAN,
        }
    } else if large(z) {
        (x / 2.0).hypot(y / 2.0).ln() + LN_2
    } else if x < f64::MIN_POSITIVE && y < f64::MIN_POSITIVE {
        if x == 0.0 && y == 0.0 {
            return Err(Bad::Domain);
        }
        libm::ldexp(x, 53).hypot(libm::ldexp(y, 53)).ln() - 53.0 * LN_2
    } else {
        let h = x.hypot(y);
        if (0.71..=1.73).contains(&h) {
            // Near the unit circle: log1p of |z|**2 - 1.
            let (most, least) = (x.max(y), x.min(y));
            ((most - 1.0) * (most + 1.0) + least * least).ln_1p() / 2.0
        } else {
            h.ln()
        }
    };
    Ok((length, im.atan2(re)))
}

fn rect(r: f64, phi: f64) -> Result<C, Bad> {
    if r.is_finite() && phi.is_finite() {
        // r * sin(phi) could lose the sign of a zero.
        return Ok(if phi == 0.0 { (r, r * phi) } else { (r * phi.cos(), r * phi.sin()) });
    }
    if phi.is_infinite() && r != 0.0 && !r.is_nan() {
        return Err(Bad::Domain);
    }
    Ok(if r == 0.0 {
        (0.0, 0.0)
    } else if phi == 0.0 {
        // Here r is infinite or NaN.
        (r, if r.is_nan() { 0.0 } else { 0f64.copysign(phi) * 1f64.copysign(r) })
    } else if r.is_infinite() && phi.is_finite() {
        let (c, s) = (phi.cos(), phi.sin());
        (r.copysign(c * r.signum()), r.copysign(s * r.signum()))
    } else if r.is_infinite() {
        (f64::INFINITY, f64::NAN)
    } else {
        (f64::NAN, f64::NAN)
    })
}

fn is_close(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["a", "b", "rel_tol", "abs_tol"];
    let [a, b, rel, abs] = vm.bind_args_kwonly("isclose", names, 2, 2, args, kw)?;
    let a = vm.complex_argument(&a.unwrap_or(Value::NONE))?;
    let b = vm.complex_argument(&b.unwrap_or(Value::NONE))?;
    let rel = rel.map_or(Ok(1e-9), |v| vm.real(&v))?;
    let abs = abs.map_or(Ok(0.0), |v| vm.real(&v))?;
    if rel < 0.0 || abs < 0.0 {
        return vm.fail("ValueError", "tolerances must be non-negative");
    }
    if a == b {
        return Ok(Value::TRUE);
    }
    if [a.0, a.1, b.0, b.1].iter().any(|x| x.is_infinite()) {
        return Ok(Value::FALSE);
    }
    let difference = (a.0 - b.0).hypot(a.1 - b.1);
    let close = |z: C| difference <= rel * z.0.hypot(z.1);
    Ok(Value::bool(close(a) || close(b) || difference <= abs))
}
