//! Module `math`.
//!
//! What the C library has is asked of the C library, so that the last bit is CPython's; the rest follows the
//! published algorithms named at each function. A function that answers NaN or infinity for an ordinary
//! argument has left its domain or its range (`checked`).

mod exact;
pub mod gamma;
mod ints;
pub mod libm;

use crate::error::R;
use crate::object::{BuiltinDef, Kw, Type};
use crate::op::BinOp;
use crate::types::number::{Num, float_repr, frexp};
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// A function of one float: what it computes, whether it can overflow, and what its domain is.
macro_rules! function {
    ($name:literal, $f:expr) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let x = vm.real(&a[0])?;
            checked(vm, x, ($f)(x), false, "")
        })
    };
    ($name:literal, $f:expr, overflows) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let x = vm.real(&a[0])?;
            checked(vm, x, ($f)(x), true, "")
        })
    };
    ($name:literal, $f:expr, $domain:literal) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let x = vm.real(&a[0])?;
            checked(vm, x, ($f)(x), false, $domain)
        })
    };
}

static FUNCTIONS: &[BuiltinDef] = &[
    function!("acos", f64::acos, "a number in range from -1 up to 1, got "),
    function!("acosh", libm::acosh, "argument value not less than 1, got "),
    function!("asin", f64::asin, "a number in range from -1 up to 1, got "),
    function!("asinh", libm::asinh),
    function!("atan", f64::atan),
    function!("atanh", libm::atanh, "a number between -1 and 1, got "),
    function!("cbrt", libm::cbrt),
    function!("cos", f64::cos, "a finite input, got "),
    function!("cosh", f64::cosh, overflows),
    function!("erf", libm::erf),
    function!("erfc", libm::erfc),
    function!("exp", f64::exp, overflows),
    function!("exp2", f64::exp2, overflows),
    function!("expm1", f64::exp_m1, overflows),
    function!("fabs", f64::abs),
    function!("log1p", log1p, "argument value > -1, got "),
    function!("sin", f64::sin, "a finite input, got "),
    function!("sinh", f64::sinh, overflows),
    function!("sqrt", f64::sqrt, "a nonnegative input, got "),
    function!("tan", f64::tan, "a finite input, got "),
    function!("tanh", f64::tanh),
    BuiltinDef::new("gamma", 1, 1, |vm, a, _| gamma_function(vm, &a[0], gamma::gamma)),
    BuiltinDef::new("lgamma", 1, 1, |vm, a, _| gamma_function(vm, &a[0], gamma::lgamma)),
    BuiltinDef::new("degrees", 1, 1, |vm, a, _| {
        let x = vm.real(&a[0])?;
        Ok(Value::float(x * (180.0 / std::f64::consts::PI)))
    }),
    BuiltinDef::new("radians", 1, 1, |vm, a, _| {
        let x = vm.real(&a[0])?;
        Ok(Value::float(x * (std::f64::consts::PI / 180.0)))
    }),
    BuiltinDef::new("atan2", 2, 2, |vm, a, _| {
        let (y, x) = (vm.real(&a[0])?, vm.real(&a[1])?);
        Ok(Value::float(y.atan2(x)))
    }),
    BuiltinDef::new("copysign", 2, 2, |vm, a, _| {
        let (x, y) = (vm.real(&a[0])?, vm.real(&a[1])?);
        Ok(Value::float(x.copysign(y)))
    }),
    BuiltinDef::new("remainder", 2, 2, |vm, a, _| {
        let (x, y) = (vm.real(&a[0])?, vm.real(&a[1])?);
        let r = libm::remainder(x, y);
        if r.is_nan() && !x.is_nan() && !y.is_nan() {
            return domain_error(vm);
        }
        Ok(Value::float(r))
    }),
    BuiltinDef::new("fmod", 2, 2, |vm, a, _| {
        let (x, y) = (vm.real(&a[0])?, vm.real(&a[1])?);
        if y.is_infinite() && x.is_finite() {
            return Ok(Value::float(x));
        }
        let r = x % y;
        if r.is_nan() && !x.is_nan() && !y.is_nan() {
            return domain_error(vm);
        }
        Ok(Value::float(r))
    }),
    BuiltinDef::new("pow", 2, 2, |vm, a, _| {
        let (x, y) = (vm.real(&a[0])?, vm.real(&a[1])?);
        let r = x.powf(y);
        if x.is_finite() && y.is_finite() {
            if r.is_nan() || r.is_infinite() && x == 0.0 {
                return domain_error(vm);
            }
            if r.is_infinite() {
                return range_error(vm);
            }
        }
        Ok(Value::float(r))
    }),
    BuiltinDef::new("fma", 3, 3, |vm, a, _| {
        let (x, y, z) = (vm.real(&a[0])?, vm.real(&a[1])?, vm.real(&a[2])?);
        let r = x.mul_add(y, z);
        if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
            return vm.fail("ValueError", "invalid operation in fma");
        }
        if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
            return vm.fail("OverflowError", "overflow in fma");
        }
        Ok(Value::float(r))
    }),
    BuiltinDef::new("frexp", 1, 1, |vm, a, _| {
        let (m, e) = frexp(vm.real(&a[0])?);
        Ok(vm.tuple(vec![Value::float(m), Value::small(e as i64)]))
    }),
    BuiltinDef::new("ldexp", 2, 2, ldexp),
    BuiltinDef::new("modf", 1, 1, |vm, a, _| {
        let x = vm.real(&a[0])?;
        let (fraction, whole) = match x {
            x if x.is_infinite() => (0f64.copysign(x), x),
            x if x.is_nan() => (x, x),
            x => ((x - x.trunc()).copysign(x), x.trunc()),
        };
        Ok(vm.tuple(vec![Value::float(fraction), Value::float(whole)]))
    }),
    BuiltinDef::new("log", 1, 2, |vm, a, _| {
        let numerator = logarithm(vm, &a[0], f64::ln)?;
        let Some(base) = a.get(1) else { return Ok(Value::float(numerator)) };
        let denominator = logarithm(vm, base, f64::ln)?;
        if denominator == 0.0 {
            return vm.fail("ZeroDivisionError", "division by zero");
        }
        Ok(Value::float(numerator / denominator))
    }),
    BuiltinDef::new("log2", 1, 1, |vm, a, _| logarithm(vm, &a[0], f64::log2).map(Value::float)),
    BuiltinDef::new("log10", 1, 1, |vm, a, _| logarithm(vm, &a[0], f64::log10).map(Value::float)),
    BuiltinDef::new("isfinite", 1, 1, |vm, a, _| Ok(Value::bool(vm.real(&a[0])?.is_finite()))),
    BuiltinDef::new("isinf", 1, 1, |vm, a, _| Ok(Value::bool(vm.real(&a[0])?.is_infinite()))),
    BuiltinDef::new("isnan", 1, 1, |vm, a, _| Ok(Value::bool(vm.real(&a[0])?.is_nan()))),
    BuiltinDef::kw("isclose", 0, u8::MAX, is_close),
    BuiltinDef::kw("nextafter", 2, 2, next_after),
    BuiltinDef::new("ulp", 1, 1, |vm, a, _| {
        let x = vm.real(&a[0])?.abs();
        if !x.is_finite() {
            return Ok(Value::float(x));
        }
        let up = x.next_up();
        // The largest float has no neighbour above.
        Ok(Value::float(if up.is_infinite() { x - x.next_down() } else { up - x }))
    }),
    BuiltinDef::new("floor", 1, 1, |vm, a, _| rounded(vm, &a[0], "__floor__", f64::floor)),
    BuiltinDef::new("ceil", 1, 1, |vm, a, _| rounded(vm, &a[0], "__ceil__", f64::ceil)),
    BuiltinDef::new("trunc", 1, 1, |vm, a, _| {
        if a[0].word().is_float() {
            return vm.int_of_float(a[0].word().float());
        }
        if let Some(n) = Num::int_of(&a[0])
            && !vm.has_dunder(&a[0], "__trunc__")
        {
            let n = n.big().into_owned();
            return Ok(vm.big(n));
        }
        match vm.call_dunder(&a[0], "__trunc__", &[])? {
            Some(v) => Ok(v),
            None => {
                let message = format!("type {} doesn't define __trunc__ method", vm.type_name(&a[0]));
                vm.fail("TypeError", message)
            }
        }
    }),
    BuiltinDef::new("fsum", 1, 1, exact::fsum),
    BuiltinDef::new("hypot", 0, u8::MAX, exact::hypot),
    BuiltinDef::new("dist", 2, 2, exact::dist),
    BuiltinDef::new("sumprod", 2, 2, exact::sumprod),
    BuiltinDef::kw("prod", 1, 1, prod),
    BuiltinDef::new("gcd", 0, u8::MAX, ints::gcd),
    BuiltinDef::new("lcm", 0, u8::MAX, ints::lcm),
    BuiltinDef::new("isqrt", 1, 1, ints::isqrt),
    BuiltinDef::new("factorial", 1, 1, ints::factorial),
    BuiltinDef::new("comb", 2, 2, ints::comb),
    BuiltinDef::new("perm", 1, 2, ints::perm),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("math", FUNCTIONS);
    let doc = vm.str("This module provides access to the mathematical functions\ndefined by the C standard.");
    vm.set_global(&module, "__doc__", doc);
    let constants = [
        ("pi", std::f64::consts::PI),
        ("e", std::f64::consts::E),
        ("tau", std::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ];
    for (name, v) in constants {
        vm.set_global(&module, name, Value::float(v));
    }
    Ok(module)
}

impl Vm {
    /// The class of `v` has this special method.
    pub(crate) fn has_dunder(&mut self, v: &Value, name: &str) -> bool {
        let name = self.intern(name);
        self.type_of(v).as_::<Type>().lookup(&name).is_some()
    }
    /// Calls a special method, found in the class of `v`, if there is one.
    pub(crate) fn call_dunder(&mut self, v: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        let name = self.intern(name);
        let Some(f) = self.type_of(v).as_::<Type>().lookup(&name) else { return Ok(None) };
        self.call_unbound(&f, v, args).map(Some)
    }
    /// The float a number stands for: floats, ints, and what has `__float__` or `__index__`.
    pub(crate) fn real(&mut self, v: &Value) -> R<f64> {
        if v.word().is_float() {
            return Ok(v.word().float());
        }
        if let Some(n) = Num::of(v) {
            return self.float_of(n);
        }
        if let Some(r) = self.call_dunder(v, "__float__", &[])? {
            return match Num::of(&r) {
                Some(Num::Float(f)) => Ok(f),
                _ => {
                    let (of, is) = (self.type_name(v), self.type_name(&r));
                    self.fail("TypeError", format!("{of}.__float__() must return a float, not {is}"))
                }
            };
        }
        if let Some(r) = self.call_dunder(v, "__index__", &[])? {
            let n = self.int_argument(&r)?;
            return self.float_of(Num::Big(&n));
        }
        let message = format!("must be real number, not {}", self.type_name(v));
        self.fail("TypeError", message)
    }
    /// The int a value stands for: ints and what has `__index__`.
    pub(crate) fn int_argument(&mut self, v: &Value) -> R<BigInt> {
        if let Some(n) = Num::int_of(v) {
            return Ok(n.big().into_owned());
        }
        if !v.word().is_float()
            && let Some(r) = self.call_dunder(v, "__index__", &[])?
        {
            if let Some(n) = Num::int_of(&r) {
                return Ok(n.big().into_owned());
            }
            let (of, is) = (self.type_name(v), self.type_name(&r));
            return self.fail("TypeError", format!("{of}.__index__() must return an int, not {is}"));
        }
        let message = format!("'{}' object cannot be interpreted as an integer", self.type_name(v));
        self.fail("TypeError", message)
    }
}

fn domain_error<T>(vm: &mut Vm) -> R<T> {
    vm.fail("ValueError", "math domain error")
}
fn range_error<T>(vm: &mut Vm) -> R<T> {
    vm.fail("OverflowError", "math range error")
}

/// `r`, unless it shows that `x` was out of the domain or the result out of range.
fn checked(vm: &mut Vm, x: f64, r: f64, overflows: bool, domain: &str) -> R<Value> {
    if r.is_finite() || x.is_nan() || r.is_infinite() && x.is_infinite() {
        return Ok(Value::float(r));
    }
    if r.is_infinite() && overflows {
        return range_error(vm);
    }
    if domain.is_empty() {
        return domain_error(vm);
    }
    let message = format!("expected {domain}{}", float_repr(x));
    vm.fail("ValueError", message)
}

fn log1p(x: f64) -> f64 {
    // Keeps the sign of a zero, as some C libraries do not.
    if x == 0.0 { x } else { x.ln_1p() }
}

fn gamma_function(vm: &mut Vm, v: &Value, f: fn(f64) -> Result<f64, gamma::Bad>) -> R<Value> {
    let x = vm.real(v)?;
    match f(x) {
        Ok(r) => Ok(Value::float(r)),
        Err(gamma::Bad::Range) => range_error(vm),
        Err(gamma::Bad::Domain) => {
            let message = format!("expected a noninteger or positive integer, got {}", float_repr(x));
            vm.fail("ValueError", message)
        }
    }
}

/// A logarithm, of ints of any size too.
fn logarithm(vm: &mut Vm, v: &Value, log: fn(f64) -> f64) -> R<f64> {
    if !v.word().is_float()
        && let Some(n) = Num::int_of(v)
    {
        if n.is_zero() || n.is_negative() {
            return vm.fail("ValueError", "expected a positive input");
        }
        return Ok(match n.to_f64() {
            Some(x) => log(x),
            None => {
                // v is about m * 2**e.
                let n = n.big();
                let e = n.bits();
                let shifted: BigInt = n.as_ref() >> (e - 64);
                let (m, extra) = frexp(shifted.to_f64().unwrap_or(1.0));
                log(2.0).mul_add((e - 64) as f64 + extra as f64, log(m))
            }
        });
    }
    let x = vm.real(v)?;
    if x.is_nan() || x > 0.0 {
        return Ok(log(x));
    }
    let message = format!("expected a positive input, got {}", float_repr(x));
    vm.fail("ValueError", message)
}

fn ldexp(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let x = vm.real(&args[0])?;
    let Some(e) = Num::int_of(&args[1]) else {
        return vm.fail("TypeError", "Expected an int as second argument to ldexp.");
    };
    let e = e.clamp_i64();
    if x == 0.0 || !x.is_finite() {
        return Ok(Value::float(x));
    }
    if e > i32::MAX as i64 {
        return range_error(vm);
    }
    if e < i32::MIN as i64 {
        return Ok(Value::float(0f64.copysign(x)));
    }
    let r = libm::ldexp(x, e as i32);
    if r.is_infinite() { range_error(vm) } else { Ok(Value::float(r)) }
}

fn rounded(vm: &mut Vm, v: &Value, name: &str, f: fn(f64) -> f64) -> R<Value> {
    if v.word().is_float() {
        return vm.int_of_float(f(v.word().float()));
    }
    if v.word().is_int() {
        return Ok(v.clone());
    }
    if let Some(r) = vm.call_dunder(v, name, &[])? {
        return Ok(r);
    }
    if let Some(n) = Num::int_of(v) {
        let n = n.big().into_owned();
        return Ok(vm.big(n));
    }
    let x = vm.real(v)?;
    vm.int_of_float(f(x))
}

fn is_close(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["a", "b", "rel_tol", "abs_tol"];
    let [a, b, rel, abs] = vm.bind_args("isclose", names, 0, 2, args, kw)?;
    if args.len() > 2 {
        let message = format!("isclose() takes exactly 2 positional arguments ({} given)", args.len());
        return vm.fail("TypeError", message);
    }
    let (a, b) = (vm.real(&a.unwrap_or(Value::NONE))?, vm.real(&b.unwrap_or(Value::NONE))?);
    let rel = match rel {
        Some(v) => vm.real(&v)?,
        None => 1e-9,
    };
    let abs = match abs {
        Some(v) => vm.real(&v)?,
        None => 0.0,
    };
    if rel < 0.0 || abs < 0.0 {
        return vm.fail("ValueError", "tolerances must be non-negative");
    }
    if a == b {
        return Ok(Value::TRUE);
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(Value::FALSE);
    }
    let diff = (b - a).abs();
    Ok(Value::bool(diff <= (rel * b).abs() || diff <= (rel * a).abs() || diff <= abs))
}

/// `steps` floats from x towards y: on the number line, floats are ints by their bits.
fn next_after(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("nextafter", kw, &["steps"])?;
    let (x, y) = (vm.real(&args[0])?, vm.real(&args[1])?);
    let steps = match kw.get("steps").filter(|s| !s.is_none()) {
        None => 1,
        Some(s) => {
            let n = vm.int_argument(s)?;
            if n.is_negative() {
                return vm.fail("ValueError", "steps must be a non-negative integer");
            }
            n.to_u64().unwrap_or(u64::MAX)
        }
    };
    if steps == 0 || x.is_nan() {
        return Ok(Value::float(x));
    }
    if y.is_nan() || x == y {
        return Ok(Value::float(y));
    }
    let line = |f: f64| {
        let magnitude = (f.to_bits() & i64::MAX as u64) as i64;
        if f.is_sign_negative() { -magnitude } else { magnitude }
    };
    let (from, to) = (line(x) as i128, line(y) as i128);
    if steps as i128 >= (to - from).abs() {
        // A single step keeps the side of zero that it comes from, as in C.
        let one = kw.get("steps").is_none_or(Value::is_none);
        return Ok(Value::float(if one && y == 0.0 { y.copysign(x) } else { y }));
    }
    let at = if to > from { from + steps as i128 } else { from - steps as i128 } as i64;
    let r = f64::from_bits(at.unsigned_abs());
    let negative = at < 0 || at == 0 && x < 0.0;
    Ok(Value::float(if negative { -r } else { r }))
}

fn prod(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("prod", kw, &["start"])?;
    let mut product = kw.get("start").cloned().unwrap_or(Value::small(1));
    let it = vm.get_iter(&args[0])?;
    while let Some(v) = vm.next(&it)? {
        product = vm.binary_op(BinOp::Multiply, false, &product, &v)?;
    }
    Ok(product)
}
