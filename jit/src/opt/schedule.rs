//! Loop increments last.
//!
//! ```text
//!   v4 = iadd v0, v3         v5 = fmul ...
//!   v5 = fmul ...        =>  v4 = iadd v0, v3
//!   jump b1(v4, v5)          jump b1(v4, v5)
//! ```
//!
//! A pure instruction that only the block's jump needs moves next to it: the parameter it replaces dies
//! before, and both can have one register. What snapshots name stays, for an exit may need it earlier.

use super::Context;
use crate::ir::{Block, Effect, Func, Ref, Term};

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    let mut uses = vec![0u32; func.values.len()];
    let insts = func.blocks.iter().flat_map(|b| &b.insts);
    insts.filter_map(|&r| func.inst(r)).flat_map(|i| i.args()).for_each(|a| uses[a.index()] += 1);
    func.snaps.iter().flat_map(|s| s.refs()).for_each(|r| uses[r.index()] += 1);
    // Another block's jump is a use as well: a side segment below may pass the value on.
    let mut passed = vec![0u32; func.values.len()];
    for data in &func.blocks {
        if let Term::Jump { args, .. } = &data.term {
            args.iter().for_each(|a| passed[a.index()] += 1);
        }
    }
    for b in (0..func.blocks.len() as u32).map(Block) {
        let Term::Jump { args, .. } = &func.block(b).term else { continue };
        let last = |r: &Ref| {
            let pure = func.inst(*r).is_some_and(|i| i.op.effect() == Effect::Pure && !i.args().is_empty());
            let own = args.iter().filter(|a| *a == r).count() as u32;
            pure && uses[r.index()] == 0 && own > 0 && passed[r.index()] == own
        };
        let (end, mut insts): (Vec<Ref>, Vec<Ref>) = func.block(b).insts.iter().partition(|r| last(r));
        insts.extend(end);
        func.blocks[b.index()].insts = insts;
    }
}
