//! Common subexpressions: an instruction that an equal one dominates gets its value.
//!
//! ```text
//!   v3 = iadd v0, v1
//!   v4 = iadd.ovf v1, v0 !e0        v4 is v3? no: v3 wraps
//!   v5 = iadd v1, v0                v5 is v3
//!   v6 = iadd.ovf v0, v1 !e1        v6 is v4: the same check held already
//! ```
//!
//! Pure instructions and the three overflow checks are numbered; operands of commutative ones in order of
//! age. Reads are the matter of `loads`, guards without result that of `guards`.

use super::Context;
use super::scope::Scoped;
use super::walk::{Act, Forward, forward};
use crate::ir::{Effect, Func, Inst, Op, Ref};

type Key = (Op, [Ref; 3], u64);

#[derive(Default)]
struct Cse {
    known: Scoped<Key, Ref>,
}

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    forward(func, &mut Cse::default());
}

/// Whether the operands may be exchanged.
pub fn commutes(op: Op) -> bool {
    use Op::*;
    matches!(
        op,
        IAdd | IMul | IAnd | IOr | IXor | IEq | INe | IAddOvf | IMulOvf | FAdd | FMul | FEq | FNe | WEq
    )
}

/// What two equal instructions have in common.
pub fn key(inst: &Inst) -> Key {
    let mut args = [Ref(u32::MAX); 3];
    args[..inst.args().len()].copy_from_slice(inst.args());
    if commutes(inst.op) {
        args[..2].sort();
    }
    (inst.op, args, inst.imm)
}

fn overflow(op: Op) -> bool {
    matches!(op, Op::IAddOvf | Op::ISubOvf | Op::IMulOvf)
}

/// The wrapping form of an overflow check.
pub fn wrapping(op: Op) -> Option<Op> {
    match op {
        Op::IAddOvf => Some(Op::IAdd),
        Op::ISubOvf => Some(Op::ISub),
        Op::IMulOvf => Some(Op::IMul),
        _ => None,
    }
}

impl Forward for Cse {
    fn open(&mut self) {
        self.known.open();
    }
    fn close(&mut self) {
        self.known.close();
    }
    fn visit(&mut self, func: &mut Func, r: Ref, _: &mut Vec<Ref>) -> Act {
        let Some(inst) = func.inst(r) else { return Act::Keep };
        if inst.op.effect() != Effect::Pure && !overflow(inst.op) {
            return Act::Keep;
        }
        let key = key(inst);
        if let Some(&earlier) = self.known.get(&key) {
            return Act::Replace(earlier);
        }
        if !overflow(inst.op) {
            self.known.insert(key, r);
        }
        Act::Keep
    }
    /// Only where it held is there a result.
    fn passed(&mut self, func: &Func, guard: Ref) {
        let Some(inst) = func.inst(guard) else { return };
        let mut key = key(inst);
        if let Some(op) = wrapping(inst.op) {
            self.known.insert(key, guard);
            key.0 = op;
            self.known.insert(key, guard);
        }
    }
}
