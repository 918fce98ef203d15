//! Constant folding, algebraic identities and strength reduction: what one instruction and the definitions
//! of its operands tell.
//!
//! ```text
//!   iadd 2, 3        5                   fadd x, -0.0    x      (but not fadd x, 0.0: -0.0 + 0.0 is 0.0)
//!   imul x, 8        ishl x, 3           fmul x, 1.0     x      (but not fmul x, 0.0: inf, NaN, sign)
//!   ifloordiv x, 4   ishr x, 2           fdiv x, 4.0     fmul x, 0.25   (exact reciprocals only)
//!   w.toi (itow x)   x                   ieq x, x        true   (but not feq x, x: NaN)
//! ```
//!
//! The value of an instruction with constant operands comes from [`fold_pure`], the same function that
//! evaluates it. Constants go to the right of commutative operators, so that the rules need one side only.

use super::Context;
use super::cse::{commutes, wrapping};
use super::walk::{Act, Forward, constant, forward, make_const, new_value};
use crate::ir::eval::{FITS, checked, fold_pure};
use crate::ir::{Func, Inst, Op, Ref, ValueDef};

struct Fold;

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    forward(func, &mut Fold);
}

impl Forward for Fold {
    fn visit(&mut self, func: &mut Func, r: Ref, before: &mut Vec<Ref>) -> Act {
        // A rewritten instruction may match another rule; each rewriting simplifies, so few rounds do.
        for _ in 0..4 {
            let Some(inst) = func.inst(r).cloned() else { break };
            match rewrite(func, &inst, before) {
                Rule::None => break,
                Rule::Const(imm) => {
                    make_const(func, r, imm);
                    break;
                }
                Rule::Same(to) => return Act::Replace(to),
                Rule::Guard(act) => return act,
                Rule::Become(new) => func.values[r.index()].0 = ValueDef::Inst(new),
            }
        }
        Act::Keep
    }
}

enum Rule {
    None,
    Const(u64),
    /// An operand, or what an operand was made of.
    Same(Ref),
    /// A cheaper instruction with the same result.
    Become(Inst),
    Guard(Act),
}

fn inst(op: Op, args: &[Ref], exit: Option<crate::ir::ExitId>) -> Rule {
    let mut all = [Ref(u32::MAX); 3];
    all[..args.len()].copy_from_slice(args);
    Rule::Become(Inst { op, args: all, imm: 0, exit })
}

fn rewrite(func: &mut Func, i: &Inst, before: &mut Vec<Ref>) -> Rule {
    let consts: Vec<Option<u64>> = i.args().iter().map(|&a| constant(func, a)).collect();
    if !consts.is_empty()
        && let Some(args) = consts.iter().copied().collect::<Option<Vec<u64>>>()
        && let Some(value) = fold_pure(i.op, &args)
    {
        return Rule::Const(value);
    }
    if commutes(i.op) && consts[0].is_some() && consts[1].is_none() {
        let mut i = i.clone();
        i.args.swap(0, 1);
        return Rule::Become(i);
    }
    use Op::*;
    match i.op {
        IAdd | ISub | IMul | IAnd | IOr | IXor | IShl | IShr | IFloorDiv | IMod => {
            arithmetic(func, i, consts[1].map(|c| c as i64), before)
        }
        IAddOvf | ISubOvf | IMulOvf => overflow(i, &consts),
        ILt | ILe | IGt | IGe | IEq | INe | IULt if i.args[0] == i.args[1] => {
            Rule::Const(fold_pure(i.op, &[0, 0]).unwrap_or(0))
        }
        FAdd | FSub | FMul | FDiv => float(func, i, consts[1], before),
        FNeg | BNot | BToI => unary(func, i),
        WIsInt | WIsFloat | WIsBool | WIsKind | WToI | WToF | WToB => unbox(func, i),
        IToW | FToW | BToW => rebox(func, i),
        WEq => identity(func, i),
        GuardTrue | GuardFalse | GuardFits | GuardShared => guard(func, i, consts[0]),
        _ => Rule::None,
    }
}

fn new_int(func: &mut Func, before: &mut Vec<Ref>, value: i64) -> Ref {
    let r = new_value(func, Op::IConst, &[], value as u64);
    before.push(r);
    r
}

/// Wrapping and total integer operators with a constant (or the same value) on the right.
fn arithmetic(func: &mut Func, i: &Inst, c: Option<i64>, before: &mut Vec<Ref>) -> Rule {
    use Op::*;
    let (x, same) = (i.args[0], i.args[0] == i.args[1]);
    match (i.op, c) {
        (ISub | IXor, _) if same => Rule::Const(0),
        (IAnd | IOr, _) if same => Rule::Same(x),
        (IAdd | ISub | IOr | IXor | IShl | IShr, Some(0)) => Rule::Same(x),
        (IMul | IFloorDiv, Some(1)) | (IAnd, Some(-1)) => Rule::Same(x),
        (IMul | IAnd, Some(0)) | (IMod, Some(1)) => Rule::Const(0),
        (IOr, Some(-1)) => Rule::Const(u64::MAX),
        (ISub, Some(c)) => {
            let minus = new_int(func, before, c.wrapping_neg());
            inst(IAdd, &[x, minus], None)
        }
        (IAdd, Some(c)) => reassociate(func, x, c, before),
        // Exact for negative x as well: an arithmetic shift rounds to minus infinity, as // does, and
        // x & (2**k - 1) is what % leaves.
        (IMul | IFloorDiv, Some(c)) if c > 1 && c.count_ones() == 1 => {
            let k = new_int(func, before, c.trailing_zeros() as i64);
            inst(if i.op == IMul { IShl } else { IShr }, &[x, k], None)
        }
        (IMod, Some(c)) if c > 1 && c.count_ones() == 1 => {
            let mask = new_int(func, before, c - 1);
            inst(IAnd, &[x, mask], None)
        }
        _ => Rule::None,
    }
}

/// `(y + c) + d` is `y + (c + d)` where both wrap.
fn reassociate(func: &mut Func, x: Ref, d: i64, before: &mut Vec<Ref>) -> Rule {
    let Some((y, c)) = func.inst(x).filter(|i| i.op == Op::IAdd).map(|i| (i.args[0], i.args[1])) else {
        return Rule::None;
    };
    let Some(c) = constant(func, c) else { return Rule::None };
    let sum = new_int(func, before, (c as i64).wrapping_add(d));
    inst(Op::IAdd, &[y, sum], None)
}

fn overflow(i: &Inst, consts: &[Option<u64>]) -> Rule {
    let c = consts[1].map(|c| c as i64);
    if let (Some(a), Some(b)) = (consts[0], c) {
        // An overflow that is certain stays a guard that fails.
        return checked(i.op, a as i64, b).map_or(Rule::None, |v| Rule::Const(v as u64));
    }
    match (i.op, c) {
        (Op::IAddOvf | Op::ISubOvf, Some(0)) | (Op::IMulOvf, Some(1)) => Rule::Same(i.args[0]),
        (Op::IMulOvf, Some(0)) => Rule::Const(0),
        (Op::ISubOvf, _) if i.args[0] == i.args[1] => Rule::Const(0),
        _ => Rule::None,
    }
}

/// Floats: only what is exact for every operand, signed zeros, infinities and NaN included.
fn float(func: &mut Func, i: &Inst, c: Option<u64>, before: &mut Vec<Ref>) -> Rule {
    let Some(c) = c.map(f64::from_bits) else { return Rule::None };
    let zero = |negative: bool| c == 0.0 && c.is_sign_negative() == negative;
    match i.op {
        Op::FMul | Op::FDiv if c == 1.0 => Rule::Same(i.args[0]),
        Op::FAdd if zero(true) => Rule::Same(i.args[0]),
        Op::FSub if zero(false) => Rule::Same(i.args[0]),
        Op::FDiv if exact_reciprocal(c) => {
            let r = new_value(func, Op::FConst, &[], (1.0 / c).to_bits());
            before.push(r);
            inst(Op::FMul, &[i.args[0], r], None)
        }
        _ => Rule::None,
    }
}

/// A power of two whose reciprocal is a normal number: quotient and product are the same real number,
/// rounded once.
fn exact_reciprocal(c: f64) -> bool {
    c.is_normal() && (1.0 / c).is_normal() && c.to_bits() << 12 == 0
}

fn unary(func: &Func, i: &Inst) -> Rule {
    use Op::*;
    let Some(inner) = func.inst(i.args[0]) else { return Rule::None };
    let (a, b) = (inner.args[0], inner.args[1]);
    match (i.op, inner.op) {
        (FNeg, FNeg) | (BNot, BNot) => Rule::Same(a),
        (BNot, ILt) => inst(IGe, &[a, b], None),
        (BNot, IGe) => inst(ILt, &[a, b], None),
        (BNot, IGt) => inst(ILe, &[a, b], None),
        (BNot, ILe) => inst(IGt, &[a, b], None),
        (BNot, IEq) => inst(INe, &[a, b], None),
        (BNot, INe) => inst(IEq, &[a, b], None),
        // Of the float comparisons only these two are each other's opposite: with NaN, < and >= both fail.
        (BNot, FEq) => inst(FNe, &[a, b], None),
        (BNot, FNe) => inst(FEq, &[a, b], None),
        _ => Rule::None,
    }
}

/// Questions about a word that was boxed here.
fn unbox(func: &Func, i: &Inst) -> Rule {
    use Op::*;
    let Some(boxed) = func.inst(i.args[0]) else { return Rule::None };
    match (i.op, boxed.op) {
        (WToI, IToW) | (WToF, FToW) | (WToB, BToW) => Rule::Same(boxed.args[0]),
        (WIsInt, IToW) | (WIsFloat, FToW) | (WIsBool, BToW) => Rule::Const(1),
        (WIsInt | WIsFloat | WIsBool | WIsKind, IToW | FToW | BToW) => Rule::Const(0),
        _ => Rule::None,
    }
}

/// Boxing what was just unboxed: unboxed kinds have one word for each value.
fn rebox(func: &Func, i: &Inst) -> Rule {
    use Op::*;
    match func.inst(i.args[0]).map(|b| (i.op, b.op, b.args[0])) {
        Some((IToW, WToI, w)) | Some((FToW, WToF, w)) | Some((BToW, WToB, w)) => Rule::Same(w),
        _ => Rule::None,
    }
}

fn identity(func: &Func, i: &Inst) -> Rule {
    if i.args[0] == i.args[1] {
        return Rule::Const(1);
    }
    match (func.inst(i.args[0]), func.inst(i.args[1])) {
        (Some(a), Some(b)) if a.op == Op::IToW && b.op == Op::IToW => {
            inst(Op::IEq, &[a.args[0], b.args[0]], None)
        }
        _ => Rule::None,
    }
}

fn guard(func: &Func, i: &Inst, c: Option<u64>) -> Rule {
    let inner = func.inst(i.args[0]);
    let decided = |holds: bool| Rule::Guard(if holds { Act::Delete } else { Act::Fails });
    match (i.op, inner.map(|x| x.op), c) {
        (Op::GuardTrue, _, Some(c)) => decided(c != 0),
        (Op::GuardFalse, _, Some(c)) => decided(c == 0),
        (Op::GuardFits, _, Some(c)) => decided(FITS.contains(&(c as i64))),
        (Op::GuardFits, Some(Op::WToI | Op::BToI), _) => decided(true),
        (Op::GuardShared, Some(Op::IToW | Op::FToW | Op::BToW), _) => decided(true),
        (Op::GuardTrue | Op::GuardFalse, Some(Op::BNot), _) => {
            let opposite = if i.op == Op::GuardTrue { Op::GuardFalse } else { Op::GuardTrue };
            inst(opposite, &[inner.map_or(i.args[0], |x| x.args[0])], i.exit)
        }
        _ => Rule::None,
    }
}

/// Replaces an overflow check by its wrapping form; `ranges` found that it cannot fail.
pub fn cannot_overflow(func: &mut Func, r: Ref) {
    if let ValueDef::Inst(i) = &mut func.values[r.index()].0
        && let Some(op) = wrapping(i.op)
    {
        i.op = op;
        i.exit = None;
    }
}
