//! Loop invariants: a loop label is split into a *preamble* and the loop proper.
//!
//! ```text
//!   b0: label (v0:int, v1:word)            b0: label (v0:int, v1:word)      ENTRY, and outer loops' way in
//!       poll !e0            e0: s0             v2 = w.iskind v1 #4
//!       v2 = w.iskind v1 #4                    guard.true v2 !e9            e9: s0, the state at the header
//!       guard.true v2 !e1                      jump b1(v0) s0
//!       ...                        ──────> b1: label (v8:int)               the loop
//!       jump b0(v7, v1) s1                     poll !e0
//!                                              ...
//!                                              jump b1(v7) s1
//! ```
//!
//! A parameter that every inner back edge passes as itself is invariant; the preamble's own parameter takes
//! its place, for the preamble dominates the loop. Pure instructions, guards and reads of the label's own
//! straight line that depend on invariants only move into the preamble. Their guards leave with the state
//! at the header ([`super::Report::hoisted`] lists the new exits).
//!
//! Which back edges are *inner* is a choice, correct in any case: the label's own, and those that keep at
//! least what it keeps. A back edge that changes more is an outer loop's (the region began with the inner
//! one): it enters through the preamble again.
//!
//! What may move:
//! - guards about values, with no side segment (that would be attached in mid-iteration) and not below a
//!   call;
//! - pure instructions that are total, or whose promise (a divisor, a shift count) is plain to see;
//! - reads of immutable memory, or of a class that nothing in the loop writes, if the base is known to be
//!   an object of the right kind in the preamble already: the loop's condition may fail at once.

use super::Context;
use super::walk::{Subst, constant, is_label, new_value, prune};
use crate::ir::dom::Dom;
use crate::ir::{
    Alias, Block, BlockKind, ENTRY, Effect, ExitId, Func, Inst, Op, Place, Ref, SnapId, SnapVal, Snapshot,
    Term, ValueDef,
};
use std::collections::{HashMap, HashSet};

pub fn run(func: &mut Func, cx: &mut Context<'_>) {
    merge_params(func);
    let labels: Vec<Block> =
        (0..func.blocks.len() as u32).map(Block).filter(|&b| is_label(func, b)).collect();
    for label in labels {
        let plan = Loop::find(func, label).and_then(|l| l.plan(cx));
        if let Some(plan) = plan {
            split(func, label, plan, cx);
        }
    }
    merge_params(func);
    prune(func);
}

// ---- parameters that are no phis

/// A parameter to which every jump passes the same visible value, the same constant or itself is that value.
fn merge_params(func: &mut Func) {
    let dom = Dom::new(func);
    let mut changed = true;
    while std::mem::take(&mut changed) {
        let jumps = jumps_by_label(func, &dom);
        let mut subst = Subst::default();
        for (&label, sources) in &jumps {
            let mut drop = vec![];
            for k in 0..func.block(label).params.len() {
                if let Some(value) = single_source(func, &dom, label, sources, k) {
                    subst.set(func.block(label).params[k], value);
                    drop.push(k);
                }
            }
            changed |= !drop.is_empty();
            drop_params(func, label, &drop);
        }
        subst.apply(func);
    }
}

/// The blocks that jump to each label but ENTRY.
fn jumps_by_label(func: &Func, dom: &Dom) -> HashMap<Block, Vec<Block>> {
    let mut out: HashMap<Block, Vec<Block>> = HashMap::new();
    for b in (0..func.blocks.len() as u32).map(Block).filter(|&b| dom.reachable(b)) {
        match func.block(b).term {
            Term::Jump { to, .. } if to != ENTRY => out.entry(to).or_default().push(b),
            _ => {}
        }
    }
    out
}

fn single_source(func: &mut Func, dom: &Dom, label: Block, sources: &[Block], k: usize) -> Option<Ref> {
    let param = func.block(label).params[k];
    let mut found: Option<Ref> = None;
    for &b in sources {
        let Term::Jump { args, .. } = &func.block(b).term else { continue };
        let arg = args[k];
        let same_const = |f: Ref| constant(func, f).is_some() && constant(func, f) == constant(func, arg);
        if arg == param || found.is_some_and(|f| f == arg || same_const(f)) {
            continue;
        }
        if found.replace(arg).is_some() {
            return None;
        }
    }
    let value = found?;
    if dom.visible_at(value, label) {
        return Some(value);
    }
    let copy = Inst { exit: None, ..func.inst(value).filter(|_| constant(func, value).is_some())?.clone() };
    let r = new_value(func, copy.op, &[], copy.imm);
    func.blocks[label.index()].insts.insert(0, r);
    Some(r)
}

/// Removes parameters of a label and the arguments of all jumps to it.
pub fn drop_params(func: &mut Func, label: Block, drop: &[usize]) {
    if drop.is_empty() {
        return;
    }
    let keep = |k: &mut usize| {
        *k += 1;
        !drop.contains(&(*k - 1))
    };
    let mut k = 0;
    func.blocks[label.index()].params.retain(|_| keep(&mut k));
    for data in &mut func.blocks {
        if let Term::Jump { to, args, .. } = &mut data.term
            && *to == label
        {
            let mut k = 0;
            args.retain(|_| keep(&mut k));
        }
    }
    number_params(func, label);
}

fn number_params(func: &mut Func, label: Block) {
    for (k, p) in func.blocks[label.index()].params.iter().enumerate() {
        func.values[p.index()].0 = ValueDef::Param { block: label, index: k as u32 };
    }
}

// ---- finding the loop

struct Loop<'a> {
    func: &'a Func,
    dom: Dom,
    label: Block,
    /// Blocks whose jump is an inner back edge.
    inner: Vec<Block>,
    /// By parameter: invariant.
    invariant: Vec<bool>,
    /// What the loop writes.
    writes: HashSet<Alias>,
    calls: bool,
}

/// What to do with a label.
struct Plan {
    inner: Vec<Block>,
    invariant: Vec<bool>,
    hoist: Vec<Ref>,
    /// The state at the header in terms of the label's parameters.
    header: Snapshot,
}

impl<'a> Loop<'a> {
    fn find(func: &'a Func, label: Block) -> Option<Loop<'a>> {
        let dom = Dom::new(func);
        let head = dom.first[label.index()];
        let jumps = (0..func.blocks.len() as u32).map(Block).filter(|&b| {
            let here = matches!(func.block(b).term, Term::Jump { to, .. } if to == label);
            here && dom.reachable(b) && dom.dominates(head, dom.last(b))
        });
        let back: Vec<Block> = jumps.collect();
        let kept = |b: Block| -> Vec<bool> {
            let Term::Jump { args, .. } = &func.block(b).term else { return vec![] };
            args.iter().zip(&func.block(label).params).map(|(a, p)| a == p).collect()
        };
        let inner: Vec<Block> = if back.contains(&label) {
            let own = kept(label);
            let keeps_own = |b: &Block| own.iter().zip(kept(*b)).all(|(own, kept)| kept || !own);
            back.into_iter().filter(keeps_own).collect()
        } else {
            back
        };
        if inner.is_empty() {
            return None;
        }
        let all = vec![true; func.block(label).params.len()];
        let and = |acc: Vec<bool>, b: &Block| acc.into_iter().zip(kept(*b)).map(|(x, y)| x && y).collect();
        let invariant = inner.iter().fold(all, and);
        let mut found = Loop { func, dom, label, inner, invariant, writes: HashSet::new(), calls: false };
        found.collect_writes();
        Some(found)
    }

    /// Looks at every block between the label and its inner back edges.
    fn collect_writes(&mut self) {
        let mut parents: HashMap<Block, Vec<Block>> = HashMap::new();
        for node in &self.dom.nodes {
            for &s in &node.succs {
                parents.entry(self.dom.nodes[s as usize].block).or_default().push(node.block);
            }
        }
        let mut seen = HashSet::from([self.label]);
        let mut stack = vec![self.label];
        stack.extend(self.inner.iter().filter(|&&b| seen.insert(b)));
        while let Some(b) = stack.pop() {
            for inst in self.func.block(b).insts.iter().filter_map(|&r| self.func.inst(r)) {
                match inst.op {
                    Op::Call1 | Op::Call2 | Op::Call3 => self.calls = true,
                    Op::StoreInt | Op::StoreWord | Op::StoreElem => {
                        self.writes.insert(Place::from_imm(inst.imm).alias);
                    }
                    _ => {}
                }
            }
            if b != self.label {
                stack.extend(parents.get(&b).into_iter().flatten().filter(|&&p| seen.insert(p)));
            }
        }
    }

    fn plan(self, cx: &Context<'_>) -> Option<Plan> {
        let header = self.header_state()?;
        let hoist = self.hoistable(cx);
        let useless = hoist.is_empty() && !self.invariant.contains(&true);
        let Loop { inner, invariant, .. } = self;
        (!useless).then_some(Plan { inner, invariant, hoist, header })
    }

    // ---- the state at the header

    /// The interpreter state at the header in terms of the label's parameters: from a guard at the head of
    /// the label that leaves with it, or from the state of a back edge, read backwards.
    fn header_state(&self) -> Option<Snapshot> {
        let edges: Vec<(&Vec<Ref>, &Snapshot)> = self.inner.iter().filter_map(|&b| self.edge(b)).collect();
        let (_, state) = edges.iter().find(|e| !e.1.frames.is_empty())?;
        let insts = self.func.block(self.label).insts.iter().filter_map(|&r| self.func.inst(r));
        let head = insts.take_while(|i| i.op.effect() != Effect::Write);
        let snaps = head.filter_map(|i| i.exit).map(|e| self.func.exits[e.index()].snap);
        let mut snaps = snaps.map(|s| &self.func.snaps[s.index()]);
        let direct = snaps.find(|s| same_place(s, state) && self.is_header(s)).cloned();
        direct.or_else(|| edges.iter().find_map(|(args, snap)| self.read_back(args, snap)))
    }

    fn edge(&self, b: Block) -> Option<(&Vec<Ref>, &Snapshot)> {
        match &self.func.block(b).term {
            Term::Jump { args, snap, .. } => Some((args, &self.func.snaps[snap.index()])),
            _ => None,
        }
    }

    /// All parameters are part of the header's state, so a snapshot in which one is missing is not it (the
    /// end of the loop may leave to the same instruction, with other values).
    fn is_header(&self, snap: &Snapshot) -> bool {
        let refs = snap.refs();
        let params = &self.func.block(self.label).params;
        refs.iter().all(|&r| self.dom.visible_at(r, self.label)) && params.iter().all(|p| refs.contains(p))
    }

    /// Puts parameters for arguments. Only if there is one way to do it: an argument that is passed twice,
    /// is a constant, or is visible above could stand in a slot without being the parameter there.
    fn read_back(&self, args: &[Ref], snap: &Snapshot) -> Option<Snapshot> {
        let params = &self.func.block(self.label).params;
        let mut names = HashMap::new();
        for (&a, &p) in args.iter().zip(params) {
            let ambiguous = constant(self.func, a).is_some() || a != p && self.dom.visible_at(a, self.label);
            if ambiguous || names.insert(a, p).is_some() {
                return None;
            }
        }
        let mut out = snap.clone();
        let mut ok = args.iter().all(|a| snap.refs().contains(a));
        rename(&mut out, &mut |r| match names.get(r) {
            Some(&p) => *r = p,
            None => ok &= self.dom.visible_at(*r, self.label),
        });
        ok.then_some(out)
    }

    // ---- what can move

    fn hoistable(&self, cx: &Context<'_>) -> Vec<Ref> {
        let mut moved = Moved { known_kind: self.kinds_above(), ..Moved::default() };
        let params = self.func.block(self.label).params.iter().zip(&self.invariant);
        moved.values.extend(params.filter(|p| *p.1).map(|p| *p.0));
        for &r in &self.func.block(self.label).insts {
            let Some(inst) = self.func.inst(r) else { continue };
            let fixed = inst.args().iter().all(|&a| self.is_fixed(&moved, a));
            let can = fixed
                && match inst.op.effect() {
                    Effect::Pure => self.total(&moved, inst),
                    Effect::Read => self.unwritten(inst) && self.safe(&moved, inst),
                    Effect::Guard => !moved.below_call && self.movable_guard(cx, inst),
                    Effect::Write => false,
                };
            moved.below_call |= matches!(inst.op, Op::Call1 | Op::Call2 | Op::Call3);
            if can {
                self.note_facts(&mut moved, inst);
                moved.values.insert(r);
                moved.list.push(r);
            } else {
                moved.below_guard |= inst.op.effect() == Effect::Guard;
            }
        }
        self.drop_lonely_consts(moved.list)
    }

    /// The preamble can compute it: an invariant parameter, moved, or from above.
    fn is_fixed(&self, moved: &Moved, r: Ref) -> bool {
        let own = self.dom.def(r).is_none_or(|d| self.dom.nodes[d.0 as usize].block == self.label);
        moved.values.contains(&r) || !own && self.dom.visible_at(r, self.label)
    }

    /// A constant costs nothing where it is used, and a register through the loop if it is made above; it
    /// moves only with an instruction that needs it.
    fn drop_lonely_consts(&self, list: Vec<Ref>) -> Vec<Ref> {
        let needed: HashSet<Ref> =
            list.iter().filter_map(|&r| self.func.inst(r)).flat_map(|i| i.args().iter().copied()).collect();
        list.into_iter().filter(|r| needed.contains(r) || constant(self.func, *r).is_none()).collect()
    }

    /// Words whose kind a guard above the loop has established.
    fn kinds_above(&self) -> HashSet<Ref> {
        let guards = self.func.blocks.iter().flat_map(|b| &b.insts);
        let above = guards.filter(|&&r| {
            let own = self.dom.def(r).is_none_or(|d| self.dom.nodes[d.0 as usize].block == self.label);
            !own && self.dom.visible_at(r, self.label)
        });
        above.filter_map(|&r| self.func.inst(r)).filter_map(|i| kind_guard(self.func, i)).collect()
    }

    fn total(&self, moved: &Moved, inst: &Inst) -> bool {
        let promised = |ok: fn(i64) -> bool| {
            constant(self.func, inst.args[1]).map_or(!moved.below_guard, |c| ok(c as i64))
        };
        match inst.op {
            Op::IFloorDiv | Op::IMod => promised(|d| d != 0 && d != -1),
            Op::IShl | Op::IShr => promised(|n| (0..64).contains(&n)),
            _ => true,
        }
    }

    fn unwritten(&self, inst: &Inst) -> bool {
        match Place::from_imm(inst.imm).alias {
            Alias::Immutable => true,
            Alias::Any => !self.calls && self.writes.is_empty(),
            alias => !self.calls && !self.writes.contains(&alias) && !self.writes.contains(&Alias::Any),
        }
    }

    /// Whether the address can be read in the preamble.
    fn safe(&self, moved: &Moved, inst: &Inst) -> bool {
        if !moved.below_guard {
            return true;
        }
        let object = self.func.inst(inst.args[0]).is_some_and(|base| match base.op {
            Op::PConst => true,
            Op::WToP => moved.known_kind.contains(&base.args[0]),
            _ => false,
        });
        match inst.op {
            Op::LoadElem => moved.bounded.contains(&inst.args[1]),
            _ => object,
        }
    }

    fn movable_guard(&self, cx: &Context<'_>, inst: &Inst) -> bool {
        let about_values = matches!(
            inst.op,
            Op::GuardTrue | Op::GuardFalse | Op::GuardFits | Op::IAddOvf | Op::ISubOvf | Op::IMulOvf
        );
        let allowed = |e: ExitId| {
            self.func.exits[e.index()].side.is_none() && cx.no_hoist.is_none_or(|stay| !stay.contains(&e))
        };
        about_values && inst.exit.is_some_and(allowed)
    }

    fn note_facts(&self, moved: &mut Moved, inst: &Inst) {
        moved.known_kind.extend(kind_guard(self.func, inst));
        if inst.op == Op::GuardTrue
            && let Some(cond) = self.func.inst(inst.args[0]).filter(|c| c.op == Op::IULt)
        {
            moved.bounded.insert(cond.args[0]);
        }
    }
}

#[derive(Default)]
struct Moved {
    list: Vec<Ref>,
    values: HashSet<Ref>,
    /// Words that the preamble knows to be objects of some kind.
    known_kind: HashSet<Ref>,
    /// Indices that the preamble knows to be in bounds.
    bounded: HashSet<Ref>,
    below_guard: bool,
    below_call: bool,
}

fn kind_guard(func: &Func, inst: &Inst) -> Option<Ref> {
    let cond = (inst.op == Op::GuardTrue).then(|| func.inst(inst.args[0]))??;
    (cond.op == Op::WIsKind).then_some(cond.args[0])
}

/// Whether two states are at the same instruction of the same frames.
fn same_place(a: &Snapshot, b: &Snapshot) -> bool {
    let place = |s: &Snapshot| s.frames.iter().map(|f| (f.code, f.resume, f.slots.len())).collect::<Vec<_>>();
    place(a) == place(b)
}

fn rename(snap: &mut Snapshot, f: &mut impl FnMut(&mut Ref)) {
    for frame in &mut snap.frames {
        let vals: Vec<&mut SnapVal> = std::iter::once(&mut frame.func).chain(&mut frame.slots).collect();
        vals.into_iter().for_each(|v| v.each_ref_mut(f));
    }
}

// ---- splitting

/// The preamble takes the label's number, so that all other jumps enter through it.
fn split(func: &mut Func, label: Block, plan: Plan, cx: &mut Context<'_>) {
    let BlockKind::Label { header } = func.block(label).kind else { return };
    let body = func.new_block(BlockKind::Label { header });
    func.blocks.swap(label.index(), body.index());
    let old = func.block(body).params.clone();
    let new: Vec<Ref> = old.iter().map(|&p| func.new_param(label, func.ty(p))).collect();
    number_params(func, body);
    for &b in &plan.inner {
        // The label's own jump moved with it.
        let b = if b == label { body } else { b };
        if let Term::Jump { to, .. } = &mut func.blocks[b.index()].term {
            *to = body;
        }
    }
    let names: HashMap<Ref, Ref> = old.iter().copied().zip(new.iter().copied()).collect();
    let mut state = plan.header;
    rename(&mut state, &mut |r| *r = names.get(r).copied().unwrap_or(*r));
    let snap = func.new_snap(state);
    func.blocks[label.index()].term = Term::Jump { to: body, args: new.clone(), snap };
    move_up(func, label, body, &plan.hoist, snap, cx);

    let fixed: Vec<usize> = (0..old.len()).filter(|&k| plan.invariant[k]).collect();
    let mut subst = Subst::default();
    fixed.iter().for_each(|&k| subst.set(old[k], new[k]));
    drop_params(func, body, &fixed);
    subst.apply(func);
}

fn move_up(func: &mut Func, label: Block, body: Block, hoist: &[Ref], snap: SnapId, cx: &mut Context<'_>) {
    let moved: HashSet<Ref> = hoist.iter().copied().collect();
    func.blocks[body.index()].insts.retain(|r| !moved.contains(r));
    for &r in hoist {
        let exit = func.inst(r).and_then(|i| i.exit);
        if let Some(old) = exit {
            let new = func.new_exit(snap);
            cx.report.hoisted.push((new, old));
            if let ValueDef::Inst(i) = &mut func.values[r.index()].0 {
                i.exit = Some(new);
            }
        }
    }
    func.blocks[label.index()].insts = hoist.to_vec();
}
