//! Guards that an earlier guard decides, along the path: held above, or failed on the way here.
//!
//! ```text
//!   guard.true v3 !e0          v3 = ilt v0, v1
//!   v4 = ige v0, v1
//!   guard.false v4 !e1         deleted: v0 < v1 is known
//!   e0 -> b1: guard.false v3   deleted in the side segment: v3 failed on the way here
//! ```
//!
//! Conditions are SSA values: what is known of one stays true. State is another matter: the validity word
//! may change in a call, and a reference count in any write, so `guard.valid`, `poll` and `guard.shared`
//! are known only until then, and never across a label.

use super::Context;
use super::cse::key;
use super::scope::Scoped;
use super::walk::{Act, Forward, forward};
use crate::ir::{Effect, Func, Op, Ref};

/// A condition: an instruction, so that a second copy of it is known too.
type Cond = (Op, [Ref; 3], u64);

#[derive(Default)]
struct Guards {
    known: Scoped<Cond, bool>,
    /// Guards about operands (fits, done) that held.
    held: Scoped<Cond, ()>,
    /// Guards about state that held, with the time.
    state: Scoped<Cond, u64>,
    /// Time of the last call and the last write of any kind, on this path.
    last: Scoped<Kill, u64>,
    clock: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kill {
    Call,
    Write,
}

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    forward(func, &mut Guards::default());
}

fn calls(op: Op) -> bool {
    matches!(op, Op::Call1 | Op::Call2 | Op::Call3)
}

impl Forward for Guards {
    fn open(&mut self) {
        self.known.open();
        self.held.open();
        self.state.open();
        self.last.open();
    }
    fn close(&mut self) {
        self.known.close();
        self.held.close();
        self.state.close();
        self.last.close();
    }
    fn join(&mut self) {
        self.kill(true);
    }
    fn visit(&mut self, func: &mut Func, r: Ref, _: &mut Vec<Ref>) -> Act {
        let Some(inst) = func.inst(r) else { return Act::Keep };
        match inst.op {
            Op::GuardTrue | Op::GuardFalse => match self.truth(func, inst.args[0]) {
                Some(v) if v == (inst.op == Op::GuardTrue) => Act::Delete,
                Some(_) => Act::Fails,
                None => Act::Keep,
            },
            Op::GuardFits | Op::GuardDone if self.held.get(&key(inst)).is_some() => Act::Delete,
            Op::GuardValid if self.fresh(key(inst), Kill::Call) => Act::Delete,
            Op::Poll | Op::GuardShared if self.fresh(key(inst), Kill::Write) => Act::Delete,
            op => {
                if op.effect() == Effect::Write {
                    self.kill(calls(op));
                }
                Act::Keep
            }
        }
    }
    fn passed(&mut self, func: &Func, guard: Ref) {
        let Some(inst) = func.inst(guard) else { return };
        match inst.op {
            Op::GuardTrue | Op::GuardFalse => self.learn(func, inst.args[0], inst.op == Op::GuardTrue),
            Op::GuardFits | Op::GuardDone => self.held.insert(key(inst), ()),
            Op::GuardValid | Op::Poll | Op::GuardShared => {
                self.clock += 1;
                self.state.insert(key(inst), self.clock);
            }
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

impl Guards {
    fn kill(&mut self, call: bool) {
        self.clock += 1;
        self.last.insert(Kill::Write, self.clock);
        if call {
            self.last.insert(Kill::Call, self.clock);
        }
    }

    /// Whether this guard held since the last kill.
    fn fresh(&self, cond: Cond, kill: Kill) -> bool {
        let killed = self.last.get(&kill).copied().unwrap_or(0);
        self.state.get(&cond).is_some_and(|&at| at > killed)
    }

    fn truth(&self, func: &Func, cond: Ref) -> Option<bool> {
        let inst = func.inst(cond)?;
        match inst.op {
            Op::BConst => Some(inst.imm != 0),
            Op::BNot => self.truth(func, inst.args[0]).map(|v| !v),
            op => {
                let known = self.known.get(&key(inst)).copied();
                // A word is of one kind: one known to be of another is not of this one.
                let other = kind_of(op, inst.imm).is_some_and(|kind| {
                    let found = self.known.get(&(Op::WIsKind, one(inst.args[0]), KIND));
                    found.is_some()
                        && self.known.get(&(Op::WIsKind, one(inst.args[0]), KIND | kind)).is_none()
                });
                known.or(other.then_some(false))
            }
        }
        .or_else(|| self.known.get(&value(cond)).copied())
    }

    /// Notes a condition and what follows from it.
    fn learn(&mut self, func: &Func, cond: Ref, holds: bool) {
        self.known.insert(value(cond), holds);
        let Some(inst) = func.inst(cond) else { return };
        let key = key(inst);
        self.known.insert(key, holds);
        if inst.op == Op::BNot {
            self.learn(func, inst.args[0], !holds);
        }
        if let Some(kind) = kind_of(inst.op, inst.imm).filter(|_| holds) {
            self.known.insert((Op::WIsKind, one(inst.args[0]), KIND), true);
            self.known.insert((Op::WIsKind, one(inst.args[0]), KIND | kind), true);
        }
        let (a, b) = (inst.args[0], inst.args[1]);
        for (op, swapped, implied) in implications(inst.op, holds) {
            let (x, y) = if swapped { (b, a) } else { (a, b) };
            let mut args = [x, y, Ref(u32::MAX)];
            if super::cse::commutes(op) {
                args[..2].sort();
            }
            self.known.insert((op, args, 0), implied);
        }
    }
}

/// Marks the pseudo conditions "has a known kind" (alone) and "has this kind" (with a number): no
/// immediate of `w.iskind` has this bit.
const KIND: u64 = 1 << 32;

fn kind_of(op: Op, imm: u64) -> Option<u64> {
    match op {
        Op::WIsInt => Some(1 << 16),
        Op::WIsFloat => Some(2 << 16),
        Op::WIsBool => Some(3 << 16),
        Op::WIsKind => Some(4 << 16 | imm),
        _ => None,
    }
}

fn one(r: Ref) -> [Ref; 3] {
    [r, Ref(u32::MAX), Ref(u32::MAX)]
}

/// The pseudo condition "this bool", for those that no instruction computes (parameters).
fn value(r: Ref) -> Cond {
    (Op::BConst, one(r), u64::MAX)
}

/// What a comparison's outcome says about other comparisons of the same operands: (op, operands
/// exchanged, outcome). Floats are not ordered in the presence of NaN: `not a < b` says nothing of `a >= b`.
fn implications(op: Op, holds: bool) -> Vec<(Op, bool, bool)> {
    use Op::*;
    let no = !holds;
    match (op, holds) {
        (ILt, _) => both(&[(ILt, IGt, holds), (IGe, ILe, no)], holds, &[(ILe, IGe, true), (IGt, ILt, false)]),
        (IGt, _) => both(&[(IGt, ILt, holds), (ILe, IGe, no)], holds, &[(IGe, ILe, true), (ILt, IGt, false)]),
        (ILe, _) => both(&[(ILe, IGe, holds), (IGt, ILt, no)], no, &[(IGe, ILe, true), (ILt, IGt, false)]),
        (IGe, _) => both(&[(IGe, ILe, holds), (ILt, IGt, no)], no, &[(ILe, IGe, true), (IGt, ILt, false)]),
        (IEq, true) | (INe, false) => {
            let equal = [(ILe, true), (IGe, true), (ILt, false), (IGt, false), (IULt, false)];
            let mut out: Vec<_> = equal.iter().flat_map(|&(op, v)| [(op, false, v), (op, true, v)]).collect();
            out.extend([(IEq, false, true), (INe, false, false)]);
            out
        }
        (IEq, false) | (INe, true) => vec![(IEq, false, false), (INe, false, true)],
        (FLt, _) => vec![(FGt, true, holds)],
        (FGt, _) => vec![(FLt, true, holds)],
        (FLe, _) => vec![(FGe, true, holds)],
        (FGe, _) => vec![(FLe, true, holds)],
        (FEq, _) => vec![(FNe, false, no)],
        (FNe, _) => vec![(FEq, false, no)],
        _ => vec![],
    }
}

/// Equivalent forms (as written and exchanged); where the order is strict also the weaker ones.
fn both(same: &[(Op, Op, bool)], strict: bool, weaker: &[(Op, Op, bool)]) -> Vec<(Op, bool, bool)> {
    let weaker = if strict { weaker } else { &[] };
    let pairs = same.iter().chain(weaker).flat_map(|&(op, swapped, v)| [(op, false, v), (swapped, true, v)]);
    let unequal = [(Op::IEq, false, false), (Op::INe, false, true)];
    pairs.chain(unequal.into_iter().filter(|_| strict)).collect()
}
