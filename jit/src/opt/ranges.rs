//! Intervals of ints along the path: overflow checks that cannot overflow, comparisons and range guards
//! whose outcome is known.
//!
//! ```text
//!   v3 = ilt v0, v1
//!   guard.true v3 !e0          v0 < v1 <= MAX, so v0 <= MAX - 1
//!   v5 = iadd.ovf v0, v4 !e1   (v4 = 1) becomes v5 = iadd v0, v4
//! ```
//!
//! Every int has an interval from its definition (a mask, a remainder, an unboxed word's 48 bits); guards
//! that held, or failed on the way into a side segment, narrow it below them. Parameters of labels start
//! with everything.

use super::Context;
use super::fold::cannot_overflow;
use super::scope::Scoped;
use super::walk::{Act, Forward, forward, make_const};
use crate::ir::eval::{FITS, fold_pure};
use crate::ir::{Func, Inst, Op, Ref, Ty};

/// Inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    lo: i64,
    hi: i64,
}

const FULL: Range = Range { lo: i64::MIN, hi: i64::MAX };

#[derive(Default)]
struct Ranges {
    known: Scoped<Ref, Range>,
}

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    forward(func, &mut Ranges::default());
}

impl Forward for Ranges {
    fn open(&mut self) {
        self.known.open();
    }
    fn close(&mut self) {
        self.known.close();
    }
    fn visit(&mut self, func: &mut Func, r: Ref, _: &mut Vec<Ref>) -> Act {
        let Some(inst) = func.inst(r).cloned() else { return Act::Keep };
        let args: Vec<Range> = inst.args().iter().map(|&a| self.get(a)).collect();
        match inst.op {
            Op::GuardFits if inside(args[0], FITS) => return Act::Delete,
            Op::GuardFits => return Act::Keep,
            Op::IAddOvf | Op::ISubOvf | Op::IMulOvf => {
                let (range, exact) = arithmetic(inst.op, args[0], args[1]);
                self.known.insert(r, range);
                if exact {
                    cannot_overflow(func, r);
                }
                return Act::Keep;
            }
            _ => {}
        }
        if let Some(outcome) = compare(inst.op, &args) {
            make_const(func, r, outcome as u64);
        } else if inst.op == Op::IMod && keeps(args[0], args[1]) {
            return Act::Replace(inst.args[0]);
        } else if inst.op.result() == Ty::Int {
            self.known.insert(r, result(&inst, &args));
        }
        Act::Keep
    }
    fn passed(&mut self, func: &Func, guard: Ref) {
        let Some(inst) = func.inst(guard) else { return };
        match inst.op {
            Op::GuardTrue | Op::GuardFalse => self.learn(func, inst.args[0], inst.op == Op::GuardTrue),
            Op::GuardFits => self.narrow(inst.args[0], *FITS.start(), *FITS.end()),
            _ => {}
        }
    }
    fn failed(&mut self, func: &Func, guard: Ref) {
        let Some(inst) = func.inst(guard) else { return };
        if matches!(inst.op, Op::GuardTrue | Op::GuardFalse) {
            self.learn(func, inst.args[0], inst.op == Op::GuardFalse);
        }
    }
}

impl Ranges {
    fn get(&self, r: Ref) -> Range {
        self.known.get(&r).copied().unwrap_or(FULL)
    }

    /// An empty interval (code that cannot run) is left alone.
    fn narrow(&mut self, r: Ref, lo: i64, hi: i64) {
        let old = self.get(r);
        let new = Range { lo: old.lo.max(lo), hi: old.hi.min(hi) };
        if new.lo <= new.hi && new != old {
            self.known.insert(r, new);
        }
    }

    fn learn(&mut self, func: &Func, cond: Ref, holds: bool) {
        let Some(inst) = func.inst(cond) else { return };
        let (a, b) = (inst.args[0], inst.args[1]);
        match (inst.op, holds) {
            (Op::BNot, _) => self.learn(func, a, !holds),
            (Op::ILt, true) | (Op::IGe, false) => self.less(a, b),
            (Op::IGt, true) | (Op::ILe, false) => self.less(b, a),
            (Op::ILe, true) | (Op::IGt, false) => self.at_most(a, b),
            (Op::IGe, true) | (Op::ILt, false) => self.at_most(b, a),
            (Op::IEq, true) | (Op::INe, false) => {
                let (x, y) = (self.get(a), self.get(b));
                self.narrow(a, y.lo, y.hi);
                self.narrow(b, x.lo, x.hi);
            }
            // a <u b with b not negative: 0 <= a < b.
            (Op::IULt, true) if self.get(b).lo >= 0 => {
                self.narrow(a, 0, self.get(b).hi.saturating_sub(1));
                self.narrow(b, self.get(a).lo.saturating_add(1), i64::MAX);
            }
            _ => {}
        }
    }

    fn less(&mut self, a: Ref, b: Ref) {
        let (x, y) = (self.get(a), self.get(b));
        self.narrow(a, i64::MIN, y.hi.saturating_sub(1));
        self.narrow(b, x.lo.saturating_add(1), i64::MAX);
    }

    fn at_most(&mut self, a: Ref, b: Ref) {
        let (x, y) = (self.get(a), self.get(b));
        self.narrow(a, i64::MIN, y.hi);
        self.narrow(b, x.lo, i64::MAX);
    }
}

fn inside(r: Range, within: std::ops::RangeInclusive<i64>) -> bool {
    within.contains(&r.lo) && within.contains(&r.hi)
}

/// `x % c` is `x` for `0 <= x < c`.
fn keeps(x: Range, c: Range) -> bool {
    x.lo >= 0 && x.hi < c.lo
}

/// The interval of a sum, difference or product, and whether it cannot have overflowed.
fn arithmetic(op: Op, a: Range, b: Range) -> (Range, bool) {
    let f = |x: i64, y: i64| match op {
        Op::IAdd | Op::IAddOvf => x as i128 + y as i128,
        Op::ISub | Op::ISubOvf => x as i128 - y as i128,
        _ => x as i128 * y as i128,
    };
    let corners = [f(a.lo, b.lo), f(a.lo, b.hi), f(a.hi, b.lo), f(a.hi, b.hi)];
    let (lo, hi) = corners.iter().fold((i128::MAX, i128::MIN), |(lo, hi), &c| (lo.min(c), hi.max(c)));
    let (min, max) = (i64::MIN as i128, i64::MAX as i128);
    let range = Range { lo: lo.clamp(min, max) as i64, hi: hi.clamp(min, max) as i64 };
    (range, lo >= min && hi <= max)
}

/// The interval of an int instruction that wraps or cannot leave its range.
fn result(inst: &Inst, args: &[Range]) -> Range {
    let exact = |r: (Range, bool)| if r.1 { r.0 } else { FULL };
    match inst.op {
        Op::IConst => Range { lo: inst.imm as i64, hi: inst.imm as i64 },
        Op::BToI => Range { lo: 0, hi: 1 },
        Op::WToI => Range { lo: *FITS.start(), hi: *FITS.end() },
        Op::IAdd | Op::ISub | Op::IMul => exact(arithmetic(inst.op, args[0], args[1])),
        // A mask that is not negative bounds the result, whatever the other operand is.
        Op::IAnd => match args.iter().filter(|r| r.lo >= 0).map(|r| r.hi).min() {
            Some(hi) => Range { lo: 0, hi },
            None => FULL,
        },
        Op::IMod if args[1].lo > 0 => Range { lo: 0, hi: args[1].hi - 1 },
        Op::IFloorDiv if args[1].lo > 0 => Range { lo: args[0].lo.min(0), hi: args[0].hi.max(0) },
        Op::IShr => Range { lo: args[0].lo.min(0), hi: args[0].hi.max(0) },
        _ => FULL,
    }
}

/// The outcome of a comparison that the intervals decide.
fn compare(op: Op, args: &[Range]) -> Option<bool> {
    use Op::*;
    if !matches!(op, ILt | ILe | IGt | IGe | IEq | INe | IULt) {
        return None;
    }
    let (a, b) = (args[0], args[1]);
    let ask = |x: i64, y: i64| fold_pure(op, &[x as u64, y as u64]).is_some_and(|v| v != 0);
    match op {
        IEq | INe if a.hi < b.lo || b.hi < a.lo => Some(op == INe),
        IEq | INe => None,
        IULt if a.lo < 0 || b.lo < 0 => None,
        // Monotonous in both operands: two opposite corners that agree decide.
        _ => Some(ask(a.lo, b.hi)).filter(|&v| v == ask(a.hi, b.lo)),
    }
}
