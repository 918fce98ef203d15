//! A fake VM, and the comparison "the same before and after optimisation".
//!
//! Two runs agree if they leave through the same exit with the same interpreter state (the snapshot with
//! values put in), the same memory, the same calls in the same order, and the same reference counts after
//! the exit handler took its references. A run that leaves through an exit made by `loops` is continued in
//! the original function at the label whose header the state names, as the interpreter would.

#![allow(dead_code)] // Two test programs, each of which uses a part.

use seriema_jit::ir::eval::{EvalError, Host, eval_from};
use seriema_jit::ir::{Block, BlockKind, ENTRY, ExitId, Func, SnapVal, Ty, text};
use std::collections::BTreeMap;

/// xorshift64*: small, seeded, the same everywhere.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const INT: u64 = 0xfffa << 48;
const BOOL: u64 = 0xfffb << 48;
const POINTER: u64 = 0xfffc << 48;
const TAG: u64 = 0xffff << 48;

/// Memory and counts made up on demand from the address, so that two hosts of one seed agree.
#[derive(Clone, PartialEq, Debug)]
pub struct FakeHost {
    seed: u64,
    memory: BTreeMap<u64, u64>,
    counts: BTreeMap<u64, i64>,
    calls: Vec<(u64, Vec<u64>)>,
}

/// Addresses of the fake objects; `class` is an alias class's number.
pub fn object(class: u64, n: u64) -> u64 {
    0x10_0000 * class + 0x1_0000 * n
}

pub fn pointer(addr: u64) -> u64 {
    POINTER | addr
}

fn mix(x: u64) -> u64 {
    Rng::new(x ^ 0x5bd1_e995).next()
}

impl FakeHost {
    pub fn new(seed: u64) -> FakeHost {
        FakeHost { seed, memory: BTreeMap::new(), counts: BTreeMap::new(), calls: vec![] }
    }
    fn count(&mut self, w: u64, by: i64) {
        if w & TAG == POINTER {
            let start = 1 + (mix(self.seed ^ w) & 1) as i64;
            *self.counts.entry(w).or_insert(start) += by;
        }
    }
    /// Equal counts, written down or not.
    fn settle(&mut self) {
        let words: Vec<u64> = self.counts.keys().copied().collect();
        for w in words {
            let start = 1 + (mix(self.seed ^ w) & 1) as i64;
            if self.counts[&w] == start {
                self.counts.remove(&w);
            }
        }
    }
}

pub fn random_word(rng: &mut Rng) -> u64 {
    match rng.below(4) {
        0 => INT | rng.below(5) as u64,
        1 => BOOL | rng.below(2) as u64,
        2 => random_float(rng),
        _ => POINTER | object(20, rng.below(3) as u64),
    }
}

fn random_float(rng: &mut Rng) -> u64 {
    let pool = [0.0, -0.0, 1.0, -1.5, 1e300, f64::INFINITY, f64::NAN, 5e-324, 3.25];
    rng.pick(&pool).to_bits()
}

fn random_int(rng: &mut Rng) -> i64 {
    let pool = [0, 1, 2, 3, 5, 7, -1, -2, -8, 100, i64::MAX, i64::MAX - 1, i64::MIN, 1 << 47];
    rng.pick(&pool)
}

/// An argument buffer; `class` says which fake objects a pointer parameter may have.
pub fn random_args(func: &Func, rng: &mut Rng, class: u64) -> Vec<u64> {
    let params = func.block(ENTRY).params.clone();
    let one = |rng: &mut Rng, ty| match ty {
        Ty::Int => random_int(rng) as u64,
        Ty::Float => random_float(rng),
        Ty::Bool => rng.below(2) as u64,
        Ty::Word => random_word(rng),
        Ty::Ptr | Ty::None => object(class, rng.below(2) as u64),
    };
    params.iter().map(|&p| one(rng, func.ty(p))).collect()
}

impl Host for FakeHost {
    fn is_int(&self, w: u64) -> bool {
        w & TAG == INT
    }
    fn is_float(&self, w: u64) -> bool {
        w & TAG < INT || w & TAG > POINTER
    }
    fn is_bool(&self, w: u64) -> bool {
        w & TAG == BOOL
    }
    fn is_kind(&self, w: u64, kind: u16) -> bool {
        w & TAG == POINTER && (w >> 16) % 3 == kind as u64
    }
    fn to_int(&self, w: u64) -> i64 {
        (w << 16) as i64 >> 16
    }
    fn to_float(&self, w: u64) -> u64 {
        w
    }
    fn to_bool(&self, w: u64) -> bool {
        w & 1 != 0
    }
    fn to_ptr(&self, w: u64) -> u64 {
        w & !TAG
    }
    fn box_int(&self, i: i64) -> u64 {
        INT | i as u64 & !TAG
    }
    fn box_float(&self, bits: u64) -> u64 {
        if f64::from_bits(bits).is_nan() { f64::NAN.to_bits() } else { bits }
    }
    fn box_bool(&self, b: bool) -> u64 {
        BOOL | b as u64
    }
    fn load(&mut self, addr: u64) -> u64 {
        let made_up = || match addr {
            // The breaker and validity words of the tests.
            0x100 => 0,
            0x108 => 1,
            _ => random_word(&mut Rng::new(mix(self.seed ^ addr))),
        };
        self.memory.get(&addr).copied().unwrap_or_else(made_up)
    }
    fn store(&mut self, addr: u64, value: u64) {
        self.memory.insert(addr, value);
    }
    fn incref(&mut self, w: u64) {
        self.count(w, 1);
    }
    fn decref(&mut self, w: u64) {
        self.count(w, -1);
    }
    fn is_shared(&self, w: u64) -> bool {
        let start = 1 + (mix(self.seed ^ w) & 1) as i64;
        w & TAG != POINTER || self.counts.get(&w).copied().unwrap_or(start) > 1
    }
    /// Writes to all classes, may set the breaker or clear the validity word, may bail.
    fn call(&mut self, index: u64, args: &[u64]) -> u64 {
        self.calls.push((index, args.to_vec()));
        let roll = mix(self.seed ^ (self.calls.len() as u64 * 77));
        if roll.is_multiple_of(8) {
            return 0;
        }
        for class in 1..8 {
            self.memory.insert(object(class, roll & 1) + 8 * (roll >> 4 & 3), INT | roll >> 40);
        }
        for w in (0..3).map(|n| pointer(object(20, n))) {
            self.count(w, (roll >> 8 & 1) as i64 - (roll >> 9 & 1) as i64);
        }
        match roll >> 16 & 15 {
            0 => self.store(0x100, 1),
            1 => self.store(0x108, 0),
            _ => {}
        }
        random_word(&mut Rng::new(roll))
    }
}

/// What is left of a run.
#[derive(PartialEq, Debug)]
pub struct Outcome {
    pub exit: ExitId,
    pub state: Vec<String>,
    pub host: FakeHost,
}

const FUEL: u64 = 4000;

/// Runs from a label, and does the exit handler's part of the counting.
fn run(func: &Func, label: Block, args: &[u64], host: &FakeHost, fuel: u64) -> Result<Outcome, EvalError> {
    let mut buf = vec![0; 512];
    let mut host = host.clone();
    let exit = eval_from(func, label, args, &mut buf, &mut host, fuel)?;
    let snap = &func.snaps[func.exits[exit.index()].snap.index()];
    let refs = snap.refs();
    let mut state = vec![];
    let mut borrowed = vec![];
    let cell = |r| refs.iter().position(|x| *x == r).map_or(0, |k| buf[k]);
    for frame in &snap.frames {
        state.push(format!("frame {} {} {}", frame.code, frame.resume, frame.prev));
        for v in std::iter::once(&frame.func).chain(&frame.slots) {
            state.push(show(v, func, &cell, &mut borrowed));
        }
    }
    borrowed.iter().for_each(|&w| host.incref(w));
    host.settle();
    Ok(Outcome { exit, state, host })
}

fn show(
    v: &SnapVal,
    func: &Func,
    cell: &impl Fn(seriema_jit::ir::Ref) -> u64,
    borrowed: &mut Vec<u64>,
) -> String {
    match v {
        SnapVal::Ref { r, owned } => {
            if !owned && func.ty(*r) == Ty::Word {
                borrowed.push(cell(*r));
            }
            format!("{:#x}", cell(*r))
        }
        SnapVal::Const(c) => {
            borrowed.push(*c);
            format!("{c:#x}")
        }
        SnapVal::Null => "null".into(),
        SnapVal::Virtual { kind, fields } => {
            let fields: Vec<String> = fields.iter().map(|f| show(f, func, cell, borrowed)).collect();
            format!("virtual {kind} {fields:?}")
        }
    }
}

/// Compares one run of the original with one of the optimised function; `Ok(false)` if it says nothing
/// (the original runs for ever).
pub fn same(raw: &Func, new: &Func, args: &[u64], seed: u64) -> Result<bool, String> {
    let host = FakeHost::new(seed);
    let want = match run(raw, ENTRY, args, &host, FUEL) {
        Err(EvalError::Fuel) => return Ok(false),
        other => other.map_err(|e| format!("original: {e}"))?,
    };
    let mut got = run(new, ENTRY, args, &host, FUEL * 3).map_err(|e| format!("optimised: {e}"))?;
    if got.exit.index() >= raw.exits.len() {
        got = resume(raw, got)?;
    }
    if want == got { Ok(true) } else { Err(format!("want {want:#?}\ngot {got:#?}")) }
}

/// Goes on in the original at the header that a new exit left to. By convention of the tests a header's
/// snapshot is one frame with the label's parameters in order.
fn resume(raw: &Func, left: Outcome) -> Result<Outcome, String> {
    let resume: u32 = left.state[0].split(' ').nth(2).and_then(|n| n.parse().ok()).ok_or("no resume")?;
    let header = BlockKind::Label { header: resume };
    let label = raw.blocks.iter().position(|b| b.kind == header).ok_or("no such header")?;
    let number = |s: &String| u64::from_str_radix(s.trim_start_matches("0x"), 16).map_err(|e| e.to_string());
    let args: Vec<u64> = left.state[2..].iter().map(number).collect::<Result<_, _>>()?;
    let mut host = left.host;
    // The handler's references belong to the slots, where the label finds them.
    let words = raw.blocks[label].params.iter().zip(&args).filter(|(p, _)| raw.ty(**p) == Ty::Word);
    words.for_each(|(_, &w)| host.decref(w));
    run(raw, Block(label as u32), &args, &host, FUEL).map_err(|e| format!("after the new exit: {e}"))
}

/// Checks and compares; the error holds both texts.
pub fn assert_same(raw: &Func, new: &Func, what: &str, runs: u64, class: u64) -> usize {
    let fail = |e: String| -> ! { panic!("{what}: {e}\n--- before\n{raw}\n--- after\n{new}") };
    if let Err(e) = seriema_jit::ir::check::check(new) {
        fail(e);
    }
    let mut told = 0;
    for seed in 0..runs {
        let args = random_args(raw, &mut Rng::new(seed + 1), class);
        match same(raw, new, &args, seed) {
            Ok(ran) => told += ran as usize,
            Err(e) => fail(format!("args {args:x?}, seed {seed}: {e}")),
        }
    }
    told
}

/// A text parsed, checked, and printed and parsed again.
pub fn load(source: &str) -> Func {
    let func = text::parse(source).unwrap_or_else(|e| panic!("{e}\n{source}"));
    seriema_jit::ir::check::check(&func).unwrap_or_else(|e| panic!("{e}\n{source}"));
    func
}
