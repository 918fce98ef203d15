//! Module `_random`: the Mersenne Twister (MT19937, Matsumoto & Nishimura 2002), seeded as CPython does.

use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kw, Payload, Tuple};
use crate::types::native::{ClassDef, SUBCLASS};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, ToPrimitive};
use std::cell::RefCell;
use std::io::Read;

static FUNCTIONS: &[BuiltinDef] = &[];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_random", FUNCTIONS);
    add_class::<Random>(vm, &module, &RANDOM);
    Ok(module)
}

const N: usize = 624;
const M: usize = 397;

struct Twister {
    state: [u32; N],
    index: usize,
}

impl Twister {
    fn seed(&mut self, seed: u32) {
        self.state[0] = seed;
        for i in 1..N {
            let p = self.state[i - 1];
            self.state[i] = (p ^ p >> 30).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        self.index = N;
    }
    fn seed_by(&mut self, key: &[u32]) {
        self.seed(19_650_218);
        let s = &mut self.state;
        let mut i = 1;
        for j in 0..N.max(key.len()) {
            let j = j % key.len();
            let p = s[i - 1];
            let mixed = s[i] ^ (p ^ p >> 30).wrapping_mul(1_664_525);
            s[i] = mixed.wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            if i == N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        for _ in 1..N {
            let p = s[i - 1];
            s[i] = (s[i] ^ (p ^ p >> 30).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        s[0] = 0x8000_0000;
    }
    fn next(&mut self) -> u32 {
        if self.index >= N {
            let s = &mut self.state;
            for i in 0..N {
                let y = s[i] & 0x8000_0000 | s[(i + 1) % N] & 0x7fff_ffff;
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                s[i] = s[(i + M) % N] ^ y >> 1 ^ odd;
            }
            self.index = 0;
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }
}

struct Random(RefCell<Twister>);
impl Payload for Random {}

static RANDOM: ClassDef = ClassDef {
    name: "_random.Random",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let base = vm.class_of::<Random>();
            if base.is_some_and(|b| b.is(&a[0])) && !kw.is_empty() {
                return vm.fail("TypeError", "Random() takes no keyword arguments");
            }
            let this = vm.new_native(&a[0], Random(RefCell::new(Twister { state: [0; N], index: N })));
            seed(vm, &this, a.get(1))?;
            Ok(this)
        }),
        BuiltinDef::new("seed", 0, 1, |vm, a, _| {
            seed(vm, &a[0], a.get(1))?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("random", 0, 0, |vm, a, _| {
            let mut t = vm.self_::<Random>(&a[0])?.0.borrow_mut();
            let (high, low) = ((t.next() >> 5) as f64, (t.next() >> 6) as f64);
            Ok(Value::float((high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)))
        }),
        BuiltinDef::new("getrandbits", 1, 1, random_bits),
        BuiltinDef::new("getstate", 0, 0, |vm, a, _| {
            let mut parts = Vec::with_capacity(N + 1);
            {
                let t = vm.self_::<Random>(&a[0])?.0.borrow();
                parts.extend(t.state.iter().map(|&w| Value::small(w as i64)));
                parts.push(Value::small(t.index as i64));
            }
            Ok(vm.tuple(parts))
        }),
        BuiltinDef::new("setstate", 1, 1, set_state),
    ],
    doc: Some("Random() -> create a random number generator with its own internal state."),
    ..ClassDef::DEFAULT
};

fn seed(vm: &mut Vm, this: &Value, v: Option<&Value>) -> R {
    let key = match v.filter(|v| !v.is_none()) {
        None => system_random(),
        Some(v) => {
            let n = match Num::int_of(v) {
                Some(n) => n.big().abs(),
                None => BigInt::from(vm.hash(v)? as u64),
            };
            let digits = n.magnitude().to_u32_digits();
            if digits.is_empty() { vec![0] } else { digits }
        }
    };
    vm.self_::<Random>(this)?.0.borrow_mut().seed_by(&key);
    Ok(())
}

/// Words from the operating system's generator.
fn system_random() -> Vec<u32> {
    let mut bytes = [0u8; 4 * N];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
    if read.is_ok() {
        return bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect();
    }
    // The standard library's hash keys come from it too.
    use std::hash::{BuildHasher, RandomState};
    (0..N).map(|i| RandomState::new().hash_one(i) as u32).collect()
}

fn random_bits(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let k = vm.int_argument(&a[1])?;
    if k.is_negative() {
        return vm.fail("ValueError", "Cannot convert negative int");
    }
    let Some(k) = k.to_u64().filter(|&k| k <= i32::MAX as u64) else {
        return vm.fail("OverflowError", "Python int too large to convert to C int");
    };
    let r = vm.self_::<Random>(&a[0])?;
    if k == 0 {
        return Ok(Value::small(0));
    }
    if k <= 32 {
        let bits = r.0.borrow_mut().next() >> (32 - k);
        return Ok(vm.int(bits as i64));
    }
    let words = k.div_ceil(32);
    let mut digits = Vec::with_capacity(words as usize);
    {
        let mut t = r.0.borrow_mut();
        for i in 0..words {
            let left = k - 32 * i;
            let w = t.next();
            digits.push(if left < 32 { w >> (32 - left) } else { w });
        }
    }
    let n = BigInt::from_biguint(Sign::Plus, BigUint::new(digits));
    Ok(vm.big(n))
}

fn set_state(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let Some(t) = a[1].get::<Tuple>() else {
        return vm.fail("TypeError", "state vector must be a tuple");
    };
    let items = t.as_slice();
    if items.len() != N + 1 {
        return vm.fail("ValueError", "state vector is the wrong size");
    }
    let mut state = [0; N];
    for (slot, v) in state.iter_mut().zip(items) {
        let n = vm.int_argument(v)?;
        if n.is_negative() {
            return vm.fail("OverflowError", "can't convert negative value to unsigned int");
        }
        match n.to_u64() {
            Some(w) => *slot = w as u32,
            None => return vm.fail("OverflowError", "Python int too large to convert to C unsigned long"),
        }
    }
    let index = vm.int_argument(&items[N])?;
    let Some(index) = index.to_usize().filter(|&i| i <= N) else {
        return vm.fail("ValueError", "invalid state");
    };
    *vm.self_::<Random>(&a[0])?.0.borrow_mut() = Twister { state, index };
    Ok(Value::NONE)
}
