//! The reference evaluator: what a [`Func`] means, instruction by instruction.
//!
//! It is the oracle of the optimiser and the lowering, and the `eval` tier. What pure scalar instructions
//! compute is said once, in [`fold_pure`]: the folder asks the same function. What depends on the VM
//! (boxing, memory, counts, helpers) is asked of a [`Host`].
//!
//! ```text
//!   let exit = eval(&func, &mut buffer, &mut host)?;   // arguments in, exit values out, same buffer
//! ```
//!
//! A Func that breaks a promise of the op table (division by an unguarded 0, a shift by 64) is an
//! [`EvalError::Trap`], never a silent number: a pass that moves an instruction above its guard shows.

use super::{Block, ENTRY, ExitId, Func, Inst, Op, Place, Ref, Term};
use std::fmt;

/// The parts of the VM that IR instructions ask for.
pub trait Host {
    fn is_int(&self, w: u64) -> bool;
    fn is_float(&self, w: u64) -> bool;
    fn is_bool(&self, w: u64) -> bool;
    /// A pointer to an object with this header kind.
    fn is_kind(&self, w: u64, kind: u16) -> bool;
    fn to_int(&self, w: u64) -> i64;
    /// The float's bits.
    fn to_float(&self, w: u64) -> u64;
    fn to_bool(&self, w: u64) -> bool;
    fn to_ptr(&self, w: u64) -> u64;
    fn box_int(&self, i: i64) -> u64;
    fn box_float(&self, bits: u64) -> u64;
    fn box_bool(&self, b: bool) -> u64;
    fn load(&mut self, addr: u64) -> u64;
    fn store(&mut self, addr: u64, value: u64);
    fn incref(&mut self, w: u64);
    fn decref(&mut self, w: u64);
    /// No pointer, or more than one reference.
    fn is_shared(&self, w: u64) -> bool;
    /// Helper `index` of `Func::helpers`; 0 is "bail".
    fn call(&mut self, index: u64, args: &[u64]) -> u64;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// Too many instructions: probably a loop without end.
    Fuel,
    /// Ran into a block that is still being recorded.
    Open(Block),
    /// A pure instruction with operands that its guards should have excluded.
    Trap(Ref),
    /// More exit values, or arguments, than the buffer has cells.
    Buffer,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalError::Fuel => write!(f, "out of fuel"),
            EvalError::Open(b) => write!(f, "{b} has no end yet"),
            EvalError::Trap(r) => write!(f, "{r} has operands it must not have"),
            EvalError::Buffer => write!(f, "the argument buffer is too small"),
        }
    }
}

impl std::error::Error for EvalError {}

/// Ints that fit a word: 48 bits, two's complement.
pub const FITS: std::ops::RangeInclusive<i64> = -(1 << 47)..=(1 << 47) - 1;

/// Instructions before [`eval`] gives up.
const FUEL: u64 = 1 << 32;

/// Runs `func` with arguments from `buf` until it leaves; the values of the exit's snapshot
/// ([`super::Snapshot::refs`]) are in `buf` then.
pub fn eval(func: &Func, buf: &mut [u64], host: &mut impl Host) -> Result<ExitId, EvalError> {
    let args: Vec<u64> = buf.get(..func.block(ENTRY).params.len()).ok_or(EvalError::Buffer)?.to_vec();
    eval_from(func, ENTRY, &args, buf, host, FUEL)
}

/// Like [`eval`], entering at any label.
pub fn eval_from(
    func: &Func,
    label: Block,
    args: &[u64],
    buf: &mut [u64],
    host: &mut impl Host,
    mut fuel: u64,
) -> Result<ExitId, EvalError> {
    let mut env = vec![0u64; func.values.len()];
    let mut block = label;
    for (&p, &a) in func.block(label).params.iter().zip(args) {
        env[p.index()] = a;
    }
    loop {
        let exit = match run_block(func, block, &mut env, host, &mut fuel)? {
            Some(exit) => exit,
            None => match &func.block(block).term {
                Term::Open => return Err(EvalError::Open(block)),
                Term::Exit(e) => *e,
                Term::Jump { to, args, .. } => {
                    // All at once: an argument may be another parameter of the same label.
                    let values: Vec<u64> = args.iter().map(|a| env[a.index()]).collect();
                    for (&p, v) in func.block(*to).params.iter().zip(values) {
                        env[p.index()] = v;
                    }
                    block = *to;
                    continue;
                }
            },
        };
        match func.exits[exit.index()].side {
            Some(side) => block = side,
            None => return leave(func, exit, &env, buf),
        }
    }
}

fn leave(func: &Func, exit: ExitId, env: &[u64], buf: &mut [u64]) -> Result<ExitId, EvalError> {
    let refs = func.snaps[func.exits[exit.index()].snap.index()].refs();
    for (k, r) in refs.iter().enumerate() {
        *buf.get_mut(k).ok_or(EvalError::Buffer)? = env[r.index()];
    }
    Ok(exit)
}

/// The exit of the first guard that fails, if one does.
fn run_block(
    func: &Func,
    block: Block,
    env: &mut [u64],
    host: &mut impl Host,
    fuel: &mut u64,
) -> Result<Option<ExitId>, EvalError> {
    let data = func.block(block);
    *fuel = fuel.checked_sub(data.insts.len() as u64 + 1).ok_or(EvalError::Fuel)?;
    for &r in &data.insts {
        let Some(inst) = func.inst(r) else { continue };
        let mut args = [0u64; 3];
        for (a, r) in args.iter_mut().zip(inst.args()) {
            *a = env[r.index()];
        }
        match step(inst, &args[..inst.args().len()], host) {
            Step::Value(v) => env[r.index()] = v,
            Step::Leave => return Ok(inst.exit),
            Step::Trap => return Err(EvalError::Trap(r)),
        }
    }
    Ok(None)
}

enum Step {
    Value(u64),
    Leave,
    Trap,
}

fn step(inst: &Inst, args: &[u64], host: &mut impl Host) -> Step {
    if let Some(fits) = passes(inst, args, host) {
        return if fits { Step::Value(0) } else { Step::Leave };
    }
    match inst.op {
        Op::IConst | Op::FConst | Op::BConst | Op::WConst | Op::PConst => Step::Value(inst.imm),
        Op::IAddOvf | Op::ISubOvf | Op::IMulOvf => {
            checked(inst.op, args[0] as i64, args[1] as i64).map_or(Step::Leave, |v| Step::Value(v as u64))
        }
        op => match word_op(inst, args, host).or_else(|| effect(inst, args, host)) {
            Some(v) => Step::Value(v),
            None => fold_pure(op, args).map_or(Step::Trap, Step::Value),
        },
    }
}

/// The condition of a guard without result.
fn passes(inst: &Inst, args: &[u64], host: &mut impl Host) -> Option<bool> {
    Some(match inst.op {
        Op::GuardTrue => args[0] != 0,
        Op::GuardFalse => args[0] == 0,
        Op::GuardFits => FITS.contains(&(args[0] as i64)),
        Op::Poll => host.load(inst.imm) == 0,
        Op::GuardValid => host.load(inst.imm) != 0,
        Op::GuardShared => host.is_shared(args[0]),
        Op::GuardDone => args[0] != 0,
        _ => return None,
    })
}

fn word_op(inst: &Inst, args: &[u64], host: &mut impl Host) -> Option<u64> {
    let a = args.first().copied().unwrap_or(0);
    Some(match inst.op {
        Op::WIsInt => host.is_int(a) as u64,
        Op::WIsFloat => host.is_float(a) as u64,
        Op::WIsBool => host.is_bool(a) as u64,
        Op::WIsKind => host.is_kind(a, inst.imm as u16) as u64,
        Op::WToI => host.to_int(a) as u64,
        Op::WToF => host.to_float(a),
        Op::WToB => host.to_bool(a) as u64,
        Op::WToP => host.to_ptr(a),
        Op::IToW => host.box_int(a as i64),
        Op::FToW => host.box_float(a),
        Op::BToW => host.box_bool(a != 0),
        _ => return None,
    })
}

fn effect(inst: &Inst, args: &[u64], host: &mut impl Host) -> Option<u64> {
    let addr = |index: u64| {
        let offset = Place::from_imm(inst.imm).offset as u64;
        args[0].wrapping_add(index.wrapping_mul(8)).wrapping_add(offset)
    };
    match inst.op {
        Op::LoadInt | Op::LoadPtr | Op::LoadWord => return Some(host.load(addr(0))),
        Op::LoadElem => return Some(host.load(addr(args[1]))),
        Op::StoreInt | Op::StoreWord => host.store(addr(0), args[1]),
        Op::StoreElem => host.store(addr(args[1]), args[2]),
        Op::IncRef => host.incref(args[0]),
        Op::DecRef => host.decref(args[0]),
        Op::Call1 | Op::Call2 | Op::Call3 => return Some(host.call(inst.imm, args)),
        _ => return None,
    }
    Some(0)
}

/// The three instructions that leave on overflow.
pub fn checked(op: Op, a: i64, b: i64) -> Option<i64> {
    match op {
        Op::IAddOvf => a.checked_add(b),
        Op::ISubOvf => a.checked_sub(b),
        Op::IMulOvf => a.checked_mul(b),
        _ => None,
    }
}

/// The result of a pure instruction on scalars (ints, float bits, bools); `None` for instructions that ask
/// the VM, and for operands the instruction must not have.
pub fn fold_pure(op: Op, args: &[u64]) -> Option<u64> {
    let int = |k: usize| args[k] as i64;
    let num = |k: usize| f64::from_bits(args[k]);
    Some(match op {
        Op::IAdd | Op::ISub | Op::IMul | Op::IAnd | Op::IOr | Op::IXor => {
            fold_bits(op, int(0), int(1)) as u64
        }
        Op::IShl => ((0..64).contains(&int(1)).then(|| int(0) << int(1))?) as u64,
        Op::IShr => ((0..64).contains(&int(1)).then(|| int(0) >> int(1))?) as u64,
        Op::IFloorDiv => floor_div(int(0), int(1))?.0 as u64,
        Op::IMod => floor_div(int(0), int(1))?.1 as u64,
        Op::ILt => (int(0) < int(1)) as u64,
        Op::ILe => (int(0) <= int(1)) as u64,
        Op::IGt => (int(0) > int(1)) as u64,
        Op::IGe => (int(0) >= int(1)) as u64,
        Op::IEq | Op::WEq => (args[0] == args[1]) as u64,
        Op::INe => (args[0] != args[1]) as u64,
        Op::IULt => (args[0] < args[1]) as u64,
        Op::FAdd => float(num(0) + num(1)),
        Op::FSub => float(num(0) - num(1)),
        Op::FMul => float(num(0) * num(1)),
        Op::FDiv => float(num(0) / num(1)),
        Op::FNeg => float(-num(0)),
        Op::FLt => (num(0) < num(1)) as u64,
        Op::FLe => (num(0) <= num(1)) as u64,
        Op::FGt => (num(0) > num(1)) as u64,
        Op::FGe => (num(0) >= num(1)) as u64,
        Op::FEq => (num(0) == num(1)) as u64,
        Op::FNe => (num(0) != num(1)) as u64,
        Op::IToF => float(int(0) as f64),
        Op::BNot => (args[0] == 0) as u64,
        Op::BToI => args[0],
        _ => return None,
    })
}

fn fold_bits(op: Op, a: i64, b: i64) -> i64 {
    match op {
        Op::IAdd => a.wrapping_add(b),
        Op::ISub => a.wrapping_sub(b),
        Op::IMul => a.wrapping_mul(b),
        Op::IAnd => a & b,
        Op::IOr => a | b,
        _ => a ^ b,
    }
}

/// A float's bits; which NaN it is nobody can see (boxing makes it canonical), so there is only one.
fn float(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Python's quotient (rounded to minus infinity) and remainder (sign of the divisor).
fn floor_div(a: i64, b: i64) -> Option<(i64, i64)> {
    if b == 0 || b == -1 {
        return None;
    }
    let (q, r) = (a / b, a % b);
    Some(if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) })
}
