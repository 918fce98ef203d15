//! Hashes: equal values have equal hashes, across the number types too.

use super::number::{Num, frexp};
use crate::error::{Exc, R};
use crate::object::{Builtin, Dict, Int, Kind, Method, Range, Slice, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// Keyed once a process, so that hostile keys cannot be prepared (SipHash, from the standard library).
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Numbers hash modulo this Mersenne prime, as in CPython.
const BITS: u32 = 61;
const MODULUS: u64 = (1 << BITS) - 1;

/// Hash of a str's bytes; never -1.
pub fn hash_bytes(bytes: &[u8]) -> i64 {
    let mut h = KEY.build_hasher();
    h.write(bytes);
    avoid_minus_one(h.finish() as i64)
}

/// -1 means "error" or "not computed" in this trade.
#[inline(always)]
pub fn avoid_minus_one(h: i64) -> i64 {
    if h == -1 { -2 } else { h }
}

/// Of an object that is equal to itself only.
#[inline(always)]
pub fn hash_address(v: &Value) -> i64 {
    avoid_minus_one((v.word().0 as i64).rotate_right(4))
}

#[inline(always)]
pub fn hash_int(i: i64) -> i64 {
    let h = i.unsigned_abs();
    let h = if h < MODULUS { h } else { h % MODULUS } as i64;
    avoid_minus_one(if i < 0 { -h } else { h })
}

/// The same of an int that fits a word.
#[inline(always)]
pub fn hash_small(i: i64) -> i64 {
    const { assert!(crate::layout::INT_MAX < MODULUS as i64) };
    avoid_minus_one(i)
}

fn hash_big(b: &BigInt) -> i64 {
    let h = (b.magnitude() % MODULUS).to_i64().unwrap_or(0);
    avoid_minus_one(if b.is_negative() { -h } else { h })
}

pub fn hash_float(f: f64) -> i64 {
    if f.is_nan() {
        return 0;
    }
    if f.is_infinite() {
        return if f > 0.0 { 314159 } else { -314159 };
    }
    let (m, mut e) = frexp(f);
    let mut m = m.abs();
    let mut x = 0u64;
    while m != 0.0 {
        x = (x << 28) & MODULUS | x >> (BITS - 28);
        m *= (1u64 << 28) as f64;
        e -= 28;
        let y = m as u64;
        m -= y as f64;
        x += y;
        if x >= MODULUS {
            x -= MODULUS;
        }
    }
    let e = e.rem_euclid(BITS as i32) as u32;
    if e != 0 {
        x = (x << e) & MODULUS | x >> (BITS - e);
    }
    let h = x as i64;
    avoid_minus_one(if f < 0.0 { -h } else { h })
}

/// CPython's tuple hash (xxHash's scheme).
pub fn hash_parts(parts: &[i64]) -> i64 {
    finish_parts(mix_hashes(parts), parts.len())
}
fn finish_parts(acc: u64, n: usize) -> i64 {
    let acc = acc.wrapping_add(n as u64 ^ (P5 ^ 3527539));
    if acc == u64::MAX { 1546275796 } else { acc as i64 }
}
/// A slice's, which leaves the length out.
fn hash_slice(parts: [i64; 3]) -> i64 {
    let acc = mix_hashes(&parts);
    if acc == u64::MAX { 1546275796 } else { acc as i64 }
}
const P5: u64 = 2870177450012600261;
#[inline(always)]
fn mix_hash(acc: u64, h: i64) -> u64 {
    const P1: u64 = 11400714785074694791;
    const P2: u64 = 14029467366897019727;
    acc.wrapping_add((h as u64).wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}
fn mix_hashes(parts: &[i64]) -> u64 {
    parts.iter().fold(P5, |acc, &h| mix_hash(acc, h))
}

impl Vm {
    pub fn hash_builtin(&mut self, v: &Value) -> R<i64> {
        if let Some(s) = v.get::<Str>() {
            return Ok(s.hash());
        }
        match Num::of(v) {
            Some(Num::Int(i)) => return Ok(hash_int(i)),
            Some(Num::Float(f)) => return Ok(hash_float(f)),
            _ => {}
        }
        Ok(match v.kind() {
            // CPython's constant; Ellipsis and NotImplemented have theirs by address.
            None if v.is_none() => 0xfca86420,
            None => hash_int((v.word().0 & 0xffff) as i64 + 0xfc2),
            Some(Kind::Builtin) => {
                let b = v.as_::<Builtin>();
                // The bound object may have no hash: by its address.
                match !b.owner.is_null() && !b.self_.is_null() {
                    true => {
                        hash_int((b.self_.word().0 >> 4) as i64 ^ std::ptr::from_ref(b.def).addr() as i64)
                    }
                    false => hash_int((v.word().0 >> 4) as i64 & i64::MAX),
                }
            }
            Some(Kind::Str) => v.as_::<Str>().hash(),
            Some(Kind::Bytes) => v.as_::<crate::object::Bytes>().hash(),
            Some(Kind::Int) => hash_big(&v.as_::<Int>().value),
            Some(Kind::Tuple) => {
                let t = v.as_::<Tuple>();
                if t.hash.get() != -1 {
                    return Ok(t.hash.get());
                }
                self.guard_native_stack()?;
                let mut acc = P5;
                for x in t.as_slice() {
                    acc = mix_hash(acc, self.hash(x)?);
                }
                let h = finish_parts(acc, t.as_slice().len());
                t.hash.set(h);
                h
            }
            Some(Kind::Slice) => {
                let s = v.as_::<Slice>();
                let parts = [self.hash(&s.start)?, self.hash(&s.stop)?, self.hash(&s.step)?];
                hash_slice(parts)
            }
            Some(Kind::Code) => self.code_hash(v.as_())?,
            Some(Kind::Range) => self.hash_range(v)?,
            Some(Kind::Method) => {
                let m = v.as_::<Method>();
                self.hash(&m.func)? ^ self.hash(&m.self_).unwrap_or(0)
            }
            Some(Kind::Complex) => super::complex::complex_hash(v.as_()),
            Some(Kind::Set) if self.is_frozenset(v) => self.set_hash(v),
            Some(Kind::Set | Kind::List | Kind::Dict | Kind::Namespace) => return Err(self.unhashable(v)),
            Some(Kind::DictView) if self.is_set_view(v) => {
                return Err(self.unhashable(v));
            }
            Some(_) => hash_address(v),
        })
    }
    fn unhashable(&mut self, v: &Value) -> Exc {
        let name = self.type_name(v);
        self.raise("TypeError", format!("unhashable type: '{name}'"))
    }
    /// By what equal ranges have in common: length, first, step.
    fn hash_range(&mut self, v: &Value) -> R<i64> {
        let r = v.as_::<Range>();
        let len = self.range_len(r);
        let none = self.hash(&Value::NONE)?;
        let (mut first, mut step) = (none, none);
        if len > BigInt::ZERO {
            first = self.hash(&r.start)?;
        }
        if len > BigInt::from(1) {
            step = self.hash(&r.step)?;
        }
        Ok(hash_parts(&[hash_big(&len), first, step]))
    }
    /// Dict access whose error for an unhashable key says what the hash was needed for.
    pub(crate) fn dict_get(&mut self, d: &Dict, key: &Value) -> R<Option<Value>> {
        d.get(self, key).map_err(|_| self.explain_key(key))
    }
    pub(crate) fn dict_contains(&mut self, d: &Dict, key: &Value) -> R<bool> {
        d.contains(self, key).map_err(|_| self.explain_key(key))
    }
    pub(crate) fn dict_set(&mut self, d: &Dict, key: &Value, v: Value) -> R {
        d.set(self, key, v).map_err(|_| self.explain_key(key))
    }
    /// Hash of a key, which errors say is meant to be one.
    pub(crate) fn dict_key_hash(&mut self, key: &Value) -> R<i64> {
        self.hash(key).map_err(|_| self.explain_key(key))
    }
    pub(crate) fn dict_remove(&mut self, d: &Dict, key: &Value) -> R<Option<Value>> {
        d.remove(self, key).map_err(|_| self.explain_key(key))
    }
    #[cold]
    fn explain_key(&mut self, key: &Value) -> Exc {
        let first = self.take_pending();
        // The error may have come from a comparison.
        if self.hash(key).is_ok() {
            return self.set_pending(first);
        }
        let e = self.take_pending();
        if !self.is_instance(&e, self.types.exception("TypeError")) {
            return self.set_pending(e);
        }
        let name = self.type_name(key);
        match self.str_string(&e) {
            Ok(why) => self.raise("TypeError", format!("cannot use '{name}' as a dict key ({why})")),
            Err(e) => e,
        }
    }
}
