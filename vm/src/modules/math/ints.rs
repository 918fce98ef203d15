//! The functions of ints: of any size, exact.

use crate::error::R;
use crate::object::Kw;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

fn fold(vm: &mut Vm, args: &[Value], start: u32, f: fn(&BigInt, &BigInt) -> BigInt) -> R<Value> {
    // Small ints first: the usual case makes no big ones.
    let mut total = BigInt::from(start);
    for v in args {
        let n = vm.int_argument(v)?;
        total = f(&total, &n);
    }
    let total = total.abs();
    Ok(vm.big(total))
}

pub fn gcd(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if let [a, b] = args
        && a.word().is_int()
        && b.word().is_int()
    {
        return Ok(vm.int(a.word().int().gcd(&b.word().int())));
    }
    fold(vm, args, 0, |a, b| a.gcd(b))
}

pub fn lcm(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    fold(vm, args, 1, |a, b| if a.is_zero() || b.is_zero() { BigInt::zero() } else { a.lcm(b) })
}

pub fn isqrt(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let n = vm.int_argument(&args[0])?;
    if n.is_negative() {
        return vm.fail("ValueError", "isqrt() argument must be nonnegative");
    }
    Ok(vm.big(n.sqrt()))
}

pub fn factorial(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let n = vm.int_argument(&args[0])?;
    if n.is_negative() {
        return vm.fail("ValueError", "factorial() not defined for negative values");
    }
    let Some(n) = n.to_i64() else {
        let message = format!("factorial() argument should not exceed {}", i64::MAX);
        return vm.fail("OverflowError", message);
    };
    // Beyond this the result would not fit memory.
    if n > 1 << 31 {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    let product = range_product(1, n as u64);
    Ok(vm.big(product.into()))
}

/// The product of `from..=to`, by halves, so that the factors are of like size.
fn range_product(from: u64, to: u64) -> BigUint {
    if from > to {
        return BigUint::one();
    }
    if to - from < 8 {
        let mut small = 1u128;
        let mut all = BigUint::one();
        for i in from..=to {
            match small.checked_mul(i as u128) {
                Some(p) => small = p,
                None => {
                    all *= small;
                    small = i as u128;
                }
            }
        }
        return all * small;
    }
    let middle = from + (to - from) / 2;
    range_product(from, middle) * range_product(middle + 1, to)
}

/// `n`, `k` of `comb` and `perm`, `None` where the result is 0.
fn n_and_k(vm: &mut Vm, n: &Value, k: &Value) -> R<Option<(BigInt, BigInt)>> {
    let (n, k) = (vm.int_argument(n)?, vm.int_argument(k)?);
    if n.is_negative() {
        return vm.fail("ValueError", "n must be a non-negative integer");
    }
    if k.is_negative() {
        return vm.fail("ValueError", "k must be a non-negative integer");
    }
    Ok((k <= n).then_some((n, k)))
}

/// `n * (n-1) * ... * (n-k+1)`, by halves.
fn falling(n: &BigInt, k: u64) -> BigInt {
    match (k, n.to_u64()) {
        (0, _) => BigInt::one(),
        (k, Some(n)) => range_product(n - k + 1, n).into(),
        (1, None) => n.clone(),
        (k, None) => falling(n, k / 2) * falling(&(n - k / 2), k - k / 2),
    }
}

/// C(n, k) by divide and conquer: C(n, k) = C(n, j) * C(n-j, k-j) / C(k, j).
fn binomial(n: &BigInt, k: u64) -> BigInt {
    if k == 0 {
        return BigInt::one();
    }
    if k == 1 {
        return n.clone();
    }
    if k < 16 || k < 1 << 12 && n.bits() < 64 {
        return falling(n, k) / BigInt::from(range_product(1, k));
    }
    let j = k / 2;
    binomial(n, j) * binomial(&(n - j), k - j) / binomial(&BigInt::from(k), j)
}

pub fn comb(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some((n, k)) = n_and_k(vm, &args[0], &args[1])? else { return Ok(Value::small(0)) };
    let k = (&n - &k).min(k);
    let Some(k) = k.to_u64().filter(|&k| k <= i64::MAX as u64) else {
        let message = format!("min(n - k, k) must not exceed {}", i64::MAX);
        return vm.fail("OverflowError", message);
    };
    if k > 1 << 31 {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    Ok(vm.big(binomial(&n, k)))
}

pub fn perm(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let Some(k) = args.get(1).filter(|k| !k.is_none()) else { return factorial(vm, args, kw) };
    let Some((n, k)) = n_and_k(vm, &args[0], k)? else { return Ok(Value::small(0)) };
    let Some(k) = k.to_u64().filter(|&k| k <= i64::MAX as u64) else {
        return vm.fail("OverflowError", format!("k must not exceed {}", i64::MAX));
    };
    if k > 1 << 31 {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    Ok(vm.big(falling(&n, k)))
}
