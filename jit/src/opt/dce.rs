//! Dead code: instructions and label parameters that nothing needs.
//!
//! ```text
//!   v4 = itow v3                  only in s7, and e7 has a side segment: dead
//!   v5 = load.word v0 @cell+16    unused: dead (a read has no effect)
//!   b2: label (v6:int, v7:int)    v7 only passed on to itself: dropped, with its arguments
//! ```
//!
//! Needed are the operands of guards and writes, and of snapshots that something leaves with: those of
//! exits with a guard and without a side segment. All other snapshots (of jumps too, which is why this pass
//! comes late) are emptied, for they would name values that are gone.

use super::Context;
use super::loops::drop_params;
use super::walk::{is_label, prune};
use crate::ir::{Block, ENTRY, Effect, Func, Ref, Term, ValueDef};

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    prune(func);
    let snaps = live_snaps(func);
    let live = Liveness::new(func, &snaps);
    for (snap, _) in func.snaps.iter_mut().zip(&snaps).filter(|(_, live)| !**live) {
        snap.frames.clear();
    }
    for b in (0..func.blocks.len() as u32).map(Block) {
        let mut insts = std::mem::take(&mut func.blocks[b.index()].insts);
        insts.retain(|r| live.0[r.index()]);
        func.blocks[b.index()].insts = insts;
        // ENTRY's parameters are the argument buffer's layout.
        if b != ENTRY && is_label(func, b) {
            let params = func.block(b).params.iter().enumerate();
            let dead: Vec<usize> = params.filter(|(_, p)| !live.0[p.index()]).map(|(k, _)| k).collect();
            drop_params(func, b, &dead);
        }
    }
}

/// By snapshot: whether an exit leaves with it.
fn live_snaps(func: &Func) -> Vec<bool> {
    let mut live = vec![false; func.snaps.len()];
    for data in &func.blocks {
        let guards = data.insts.iter().filter_map(|&r| func.inst(r)?.exit);
        let term = if let Term::Exit(e) = data.term { Some(e) } else { None };
        for e in guards.chain(term) {
            let exit = &func.exits[e.index()];
            live[exit.snap.index()] |= exit.side.is_none();
        }
    }
    live
}

/// By value: whether it is needed.
struct Liveness(Vec<bool>);

impl Liveness {
    fn new(func: &Func, snaps: &[bool]) -> Liveness {
        // The arguments that become each parameter.
        let mut sources: Vec<Vec<Ref>> = vec![vec![]; func.values.len()];
        for data in &func.blocks {
            if let Term::Jump { to, args, .. } = &data.term {
                for (&p, &a) in func.block(*to).params.iter().zip(args) {
                    sources[p.index()].push(a);
                }
            }
        }
        let mut work: Vec<Ref> = func.block(ENTRY).params.clone();
        for data in &func.blocks {
            let stays = |r: &&Ref| {
                func.inst(**r).is_some_and(|i| matches!(i.op.effect(), Effect::Guard | Effect::Write))
            };
            work.extend(data.insts.iter().filter(stays));
        }
        for (snap, _) in func.snaps.iter().zip(snaps).filter(|s| *s.1) {
            work.extend(snap.refs());
        }
        let mut live = vec![false; func.values.len()];
        while let Some(r) = work.pop() {
            if std::mem::replace(&mut live[r.index()], true) {
                continue;
            }
            match func.def(r) {
                ValueDef::Inst(inst) => work.extend(inst.args()),
                ValueDef::Param { .. } => work.extend(&sources[r.index()]),
            }
        }
        Liveness(live)
    }
}
