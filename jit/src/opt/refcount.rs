//! Pairs of incref and decref of the same value that nobody can see between them.
//!
//! ```text
//!   incref v1                            (gone)
//!   guard.true v3 !e0    s0: [own v1]    guard.true v3 !e0   s0: [v1]: the exit handler counts
//!   decref v1                            (gone)
//! ```
//!
//! In the way are: calls, `guard.shared` of anything (another value may be the same object), a decref that
//! stays, and a guard whose snapshot does not own the value or which has a side segment (that one has its
//! own decref). Pairs are looked for within a block. A snapshot that the window shares with other guards
//! is copied before it is changed.

use super::Context;
use crate::ir::{Block, ExitId, Func, Op, Ref, SnapId, SnapVal, Snapshot};
use std::collections::{HashMap, HashSet};

/// A reference that was taken and not dropped yet.
struct Pending {
    at: Ref,
    /// Exits since then; each owns the value once more for this pair.
    exits: Vec<ExitId>,
}

/// The copy of a snapshot in which one slot does not own a value any more: guards that shared a snapshot
/// and lose the same references share one again.
type Copies = HashMap<(SnapId, Ref), SnapId>;

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    let shared = shared_exits(func);
    let mut copies = Copies::new();
    for b in (0..func.blocks.len() as u32).map(Block) {
        let removed = pairs(func, b, &shared, &mut copies);
        func.blocks[b.index()].insts.retain(|r| !removed.contains(r));
    }
}

/// Exits of several guards: the others are not in the window.
fn shared_exits(func: &Func) -> HashSet<ExitId> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    for &r in func.blocks.iter().flat_map(|b| &b.insts) {
        if let Some(e) = func.inst(r).and_then(|i| i.exit)
            && !seen.insert(e)
        {
            shared.insert(e);
        }
    }
    shared
}

fn pairs(func: &mut Func, b: Block, shared: &HashSet<ExitId>, copies: &mut Copies) -> HashSet<Ref> {
    let mut removed = HashSet::new();
    let mut pending: HashMap<Ref, Vec<Pending>> = HashMap::new();
    for k in 0..func.block(b).insts.len() {
        let r = func.block(b).insts[k];
        let Some(inst) = func.inst(r) else { continue };
        let x = inst.args[0];
        match (inst.op, inst.exit) {
            (Op::IncRef, _) => pending.entry(x).or_default().push(Pending { at: r, exits: vec![] }),
            (Op::DecRef, _) => match pending.get_mut(&x).and_then(|p| p.pop()) {
                Some(pair) => {
                    removed.extend([pair.at, r]);
                    pair.exits.iter().for_each(|&e| disown_at(func, copies, e, x));
                }
                None => pending.clear(),
            },
            (Op::Call1 | Op::Call2 | Op::Call3 | Op::GuardShared, _) => pending.clear(),
            (_, Some(e)) => through_guard(func, &mut pending, e, shared.contains(&e)),
            _ => {}
        }
    }
    removed
}

/// Keeps what can be adjusted at this exit.
fn through_guard(func: &Func, pending: &mut HashMap<Ref, Vec<Pending>>, e: ExitId, shared: bool) {
    let exit = &func.exits[e.index()];
    if shared || exit.side.is_some() {
        pending.clear();
        return;
    }
    if pending.is_empty() {
        return;
    }
    let owned = owned_counts(&func.snaps[exit.snap.index()]);
    // Each of the pairs may go, so each needs a slot of its own.
    pending.retain(|r, list| !list.is_empty() && owned.get(r).copied().unwrap_or(0) >= list.len());
    pending.values_mut().flatten().for_each(|p| p.exits.push(e));
}

fn owned_counts(snap: &Snapshot) -> HashMap<Ref, usize> {
    let mut counts = HashMap::new();
    fn count(v: &SnapVal, counts: &mut HashMap<Ref, usize>) {
        match v {
            SnapVal::Ref { r, owned: true } => *counts.entry(*r).or_default() += 1,
            SnapVal::Virtual { fields, .. } => fields.iter().for_each(|v| count(v, counts)),
            _ => {}
        }
    }
    for frame in &snap.frames {
        std::iter::once(&frame.func).chain(&frame.slots).for_each(|v| count(v, &mut counts));
    }
    counts
}

/// One slot of the exit that owned the value takes a reference itself from now on.
fn disown_at(func: &mut Func, copies: &mut Copies, e: ExitId, r: Ref) {
    let old = func.exits[e.index()].snap;
    if let Some(&copy) = copies.get(&(old, r)) {
        func.exits[e.index()].snap = copy;
        return;
    }
    let mut snap = func.snaps[old.index()].clone();
    fn disown(v: &mut SnapVal, want: Ref) -> bool {
        match v {
            SnapVal::Ref { r, owned } if *owned && *r == want => {
                *owned = false;
                true
            }
            SnapVal::Virtual { fields, .. } => fields.iter_mut().any(|v| disown(v, want)),
            _ => false,
        }
    }
    let vals = snap.frames.iter_mut().flat_map(|f| std::iter::once(&mut f.func).chain(&mut f.slots));
    vals.into_iter().any(|v| disown(v, r));
    // Another exit may use the same snapshot outside of the window.
    let copy = func.new_snap(snap);
    func.exits[e.index()].snap = copy;
    copies.insert((old, r), copy);
}
