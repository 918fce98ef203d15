//! Sums without rounding errors: `fsum` (Shewchuk), `hypot` and `dist` (with a corrected square root),
//! `sumprod` (triple length arithmetic).

use crate::error::R;
use crate::object::Kw;
use crate::op::BinOp;
use crate::types::number::frexp;
use crate::value::Value;
use crate::vm::Vm;

/// A sum or product and what its rounding lost.
#[derive(Clone, Copy)]
struct Double {
    hi: f64,
    lo: f64,
}

/// For |a| >= |b|.
fn fast_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    Double { hi, lo: (a - hi) + b }
}
fn sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    let part = hi - a;
    Double { hi, lo: (a - (hi - part)) + (b - part) }
}
fn product(a: f64, b: f64) -> Double {
    let hi = a * b;
    Double { hi, lo: a.mul_add(b, -hi) }
}

/// The exact sum of the items, rounded once: `partials` do not overlap, smallest first.
pub fn fsum(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let it = vm.get_iter(&args[0])?;
    let mut partials: Vec<f64> = vec![];
    let (mut specials, mut infinities) = (0.0f64, 0.0f64);
    while let Some(v) = vm.next(&it)? {
        let mut x = vm.real(&v)?;
        let given = x;
        let mut kept = 0;
        for j in 0..partials.len() {
            let mut y = partials[j];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let d = fast_sum_exact(x, y);
            if d.lo != 0.0 {
                partials[kept] = d.lo;
                kept += 1;
            }
            x = d.hi;
        }
        partials.truncate(kept);
        if x == 0.0 {
            continue;
        }
        if x.is_finite() {
            partials.push(x);
            continue;
        }
        // Out of range on the way, or an infinity or NaN came in.
        if given.is_finite() {
            return vm.fail("OverflowError", "intermediate overflow in fsum");
        }
        if given.is_infinite() {
            infinities += given;
        }
        specials += given;
        partials.clear();
    }
    if specials != 0.0 {
        if infinities.is_nan() {
            return vm.fail("ValueError", "-inf + inf in fsum");
        }
        return Ok(Value::float(specials));
    }
    let Some(mut hi) = partials.pop() else { return Ok(Value::float(0.0)) };
    let mut lo = 0.0;
    while let Some(y) = partials.pop() {
        let d = fast_sum_exact(hi, y);
        (hi, lo) = (d.hi, d.lo);
        if lo != 0.0 {
            break;
        }
    }
    // Half-even across more than one partial: what lies below decides a tie.
    if let Some(&next) = partials.last()
        && (lo < 0.0 && next < 0.0 || lo > 0.0 && next > 0.0)
    {
        let y = lo * 2.0;
        let x = hi + y;
        if y == x - hi {
            hi = x;
        }
    }
    Ok(Value::float(hi))
}

fn fast_sum_exact(x: f64, y: f64) -> Double {
    let hi = x + y;
    Double { hi, lo: y - (hi - x) }
}

/// The length of a vector of magnitudes.
fn norm(vec: &mut [f64], max: f64, nan: bool) -> f64 {
    if max.is_infinite() {
        return max;
    }
    if nan {
        return f64::NAN;
    }
    if max == 0.0 || vec.len() <= 1 {
        return max;
    }
    let (_, e) = frexp(max);
    if e < -1023 {
        // The scale would overflow: out of the subnormals first.
        for x in vec.iter_mut() {
            *x /= f64::MIN_POSITIVE;
        }
        return f64::MIN_POSITIVE * norm(vec, max / f64::MIN_POSITIVE, nan);
    }
    let scale = super::libm::ldexp(1.0, -e);
    let (mut total, mut low1, mut low2) = (1.0, 0.0, 0.0);
    for x in vec.iter() {
        let x = x * scale;
        let p = product(x, x);
        let s = fast_sum(total, p.hi);
        total = s.hi;
        low1 += p.lo;
        low2 += s.lo;
    }
    let mut h = (total - 1.0 + (low1 + low2)).sqrt();
    let p = product(-h, h);
    let s = fast_sum(total, p.hi);
    total = s.hi;
    low1 += p.lo;
    low2 += s.lo;
    let rest = total - 1.0 + (low1 + low2);
    h += rest / (2.0 * h);
    h / scale
}

fn norm_of(vec: &mut [f64]) -> Value {
    let (mut max, mut nan) = (0.0f64, false);
    for x in vec.iter_mut() {
        *x = x.abs();
        nan |= x.is_nan();
        if *x > max {
            max = *x;
        }
    }
    Value::float(norm(vec, max, nan))
}

pub fn hypot(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut vec = Vec::with_capacity(args.len());
    for v in args {
        vec.push(vm.real(v)?);
    }
    Ok(norm_of(&mut vec))
}

pub fn dist(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (p, q) = (vm.to_vec(&args[0])?, vm.to_vec(&args[1])?);
    if p.len() != q.len() {
        return vm.fail("ValueError", "both points must have the same number of dimensions");
    }
    let mut vec = Vec::with_capacity(p.len());
    for (a, b) in p.iter().zip(&q) {
        vec.push(vm.real(a)? - vm.real(b)?);
    }
    Ok(norm_of(&mut vec))
}

/// A running sum of products, three floats long.
#[derive(Clone, Copy)]
struct Triple {
    hi: f64,
    lo: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(&mut self, x: f64, y: f64) {
        let p = product(x, y);
        let s = sum(self.hi, p.hi);
        let r1 = sum(self.lo, p.lo);
        let r2 = sum(r1.hi, s.lo);
        *self = Triple { hi: s.hi, lo: r2.hi, tiny: self.tiny + r1.lo + r2.lo };
    }
    fn value(&self) -> f64 {
        let last = sum(self.lo, self.hi);
        self.tiny + last.lo + last.hi
    }
}

/// Ints exactly, floats in triple length, anything else by its own operators; in this order, each as far as
/// the items allow.
pub fn sumprod(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (p, q) = (vm.get_iter(&args[0])?, vm.get_iter(&args[1])?);
    let mut total = Value::small(0);
    let (mut ints, mut int_total) = (true, 0i64);
    let (mut floats, mut any_float) = (true, false);
    let mut float_total = Triple { hi: 0.0, lo: 0.0, tiny: 0.0 };
    loop {
        let (a, b) = (vm.next(&p)?, vm.next(&q)?);
        let pair = match (a, b) {
            (Some(a), Some(b)) => Some((a, b)),
            (None, None) => None,
            _ => return vm.fail("ValueError", "Inputs are not the same length"),
        };
        if ints {
            let step = pair.as_ref().and_then(|(a, b)| {
                let (x, y) = (exact_int(a)?, exact_int(b)?);
                int_total.checked_add(x.checked_mul(y)?)
            });
            if let Some(t) = step {
                int_total = t;
                continue;
            }
            ints = pair.as_ref().is_some_and(|(a, b)| exact_int(a).is_some() && exact_int(b).is_some());
            let n = vm.int(std::mem::take(&mut int_total));
            total = vm.binary_op(BinOp::Add, false, &total, &n)?;
        }
        if floats {
            let step = pair.as_ref().and_then(|(a, b)| match (a.word().is_float(), b.word().is_float()) {
                (true, true) => Some((a.word().float(), b.word().float())),
                (true, false) => Some((a.word().float(), exact_int(b)? as f64)),
                (false, true) => Some((exact_int(a)? as f64, b.word().float())),
                _ => None,
            });
            if let Some((x, y)) = step {
                let mut next = float_total;
                next.add_product(x, y);
                if next.value().is_finite() {
                    float_total = next;
                    any_float = true;
                    continue;
                }
            }
            if any_float {
                let f = Value::float(float_total.value());
                total = vm.binary_op(BinOp::Add, false, &total, &f)?;
                float_total = Triple { hi: 0.0, lo: 0.0, tiny: 0.0 };
                any_float = false;
            }
            floats = pair.as_ref().is_some_and(|(a, b)| a.word().is_float() || b.word().is_float());
        }
        let Some((a, b)) = pair else { return Ok(total) };
        let term = vm.binary_op(BinOp::Multiply, false, &a, &b)?;
        total = vm.binary_op(BinOp::Add, false, &total, &term)?;
    }
}

fn exact_int(v: &Value) -> Option<i64> {
    v.word().is_int().then(|| v.word().int())
}
