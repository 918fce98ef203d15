//! The verifier: is a [`Func`] well formed?
//!
//! It finds what a wrong recorder or pass breaks: arity and types by the op table, visibility of every
//! operand (see [`super::dom`]) including those of snapshots at their guards, exits on guards and on
//! nothing else, arguments of jumps against the label's parameters, and the links between exits and side
//! segments. Blocks nothing leads to are not looked at. The error names the place:
//!
//! ```text
//!   b1 v7 = iadd: operand v9 is not visible
//! ```

use super::dom::Dom;
use super::{
    Block, BlockKind, ENTRY, Effect, ExitId, Func, Inst, Op, Place, Ref, SnapId, Term, Ty, ValueDef,
};

type Result = std::result::Result<(), String>;

/// Checks a finished function.
pub fn check(func: &Func) -> Result {
    Checker::new(func)?.run(false)
}

/// Checks a function that is still being recorded: blocks may be open.
pub fn check_recording(func: &Func) -> Result {
    Checker::new(func)?.run(true)
}

struct Checker<'a> {
    func: &'a Func,
    dom: Dom,
}

impl<'a> Checker<'a> {
    /// Indices first: the dominator tree needs them to be sound.
    fn new(func: &'a Func) -> std::result::Result<Checker<'a>, String> {
        let block_ok = |b: Block| b.index() < func.blocks.len();
        for (k, exit) in func.exits.iter().enumerate() {
            if exit.snap.index() >= func.snaps.len() {
                return Err(format!("e{k}: no snapshot {}", exit.snap));
            }
            let Some(side) = exit.side else { continue };
            if !block_ok(side) || func.block(side).kind != (BlockKind::Side { of: ExitId(k as u32) }) {
                return Err(format!("e{k}: {side} is not its side segment"));
            }
        }
        for (b, data) in func.blocks.iter().enumerate() {
            check_lists(func, Block(b as u32))?;
            match &data.term {
                Term::Jump { to, .. } if !block_ok(*to) => {
                    return Err(format!("b{b}: jump to no block {to}"));
                }
                Term::Jump { snap, .. } if snap.index() >= func.snaps.len() => {
                    return Err(format!("b{b}: no snapshot {snap}"));
                }
                Term::Exit(e) if e.index() >= func.exits.len() => return Err(format!("b{b}: no exit {e}")),
                _ => {}
            }
        }
        match func.blocks.first().map(|b| &b.kind) {
            Some(BlockKind::Label { .. }) => Ok(Checker { func, dom: Dom::new(func) }),
            _ => Err("b0 is not a label".into()),
        }
    }

    fn run(&self, allow_open: bool) -> Result {
        self.check_sharing()?;
        for b in (0..self.func.blocks.len() as u32).map(Block) {
            if self.dom.reachable(b) {
                self.check_block(b, allow_open)?;
            }
        }
        Ok(())
    }

    /// An exit with a side segment belongs to one guard: the segment sees that guard's values.
    fn check_sharing(&self) -> Result {
        let mut used = vec![false; self.func.exits.len()];
        for data in &self.func.blocks {
            let guards = data.insts.iter().filter_map(|&r| self.func.inst(r)).filter_map(|i| i.exit);
            let term = match data.term {
                Term::Exit(e) => Some(e),
                _ => None,
            };
            for e in guards.chain(term) {
                let twice = std::mem::replace(&mut used[e.index()], true);
                if twice && self.func.exits[e.index()].side.is_some() {
                    return Err(format!("{e} has a side segment but several guards"));
                }
            }
        }
        Ok(())
    }

    fn check_block(&self, b: Block, allow_open: bool) -> Result {
        let data = self.func.block(b);
        match data.kind {
            BlockKind::Side { .. } if !data.params.is_empty() => {
                return Err(format!("{b}: a side segment has no parameters"));
            }
            BlockKind::Side { of } if self.func.exits[of.index()].side != Some(b) => {
                return Err(format!("{b}: {of} does not lead here"));
            }
            _ => {}
        }
        let mut node = self.dom.first[b.index()];
        for (k, &r) in data.insts.iter().enumerate() {
            let place = || format!("{b} {r} = {}", self.func.inst(r).map_or("?", |i| i.op.name()));
            if k >= self.dom.nodes[node as usize].end {
                node += 1;
            }
            if let Some(inst) = self.func.inst(r) {
                self.check_inst(inst, r, node, k as u32 + 1).map_err(|e| format!("{}: {e}", place()))?;
            }
        }
        self.check_term(b, allow_open).map_err(|e| format!("{b} end: {e}"))
    }

    fn check_inst(&self, inst: &Inst, r: Ref, node: u32, pos: u32) -> Result {
        if self.func.ty(r) != inst.op.result() {
            return Err(format!("result is {}, not {}", self.func.ty(r), inst.op.result()));
        }
        for (&a, &ty) in inst.args().iter().zip(inst.op.args()) {
            self.check_use(a, node, pos)?;
            if self.func.ty(a) != ty {
                return Err(format!("operand {a} is {}, not {ty}", self.func.ty(a)));
            }
        }
        if matches!(inst.op.effect(), Effect::Read) || inst.op.name().starts_with("store.") {
            let place = Place::from_imm(inst.imm);
            if place.to_imm() != inst.imm {
                return Err(format!("{:#x} is no place", inst.imm));
            }
        }
        if inst.op == Op::BConst && inst.imm > 1 {
            return Err("a bool is 0 or 1".into());
        }
        match (inst.op.effect() == Effect::Guard, inst.exit) {
            (true, Some(e)) => self.check_snap(self.func.exits[e.index()].snap, node, pos),
            (true, None) => Err("a guard without exit".into()),
            (false, Some(e)) => Err(format!("an exit {e} on what is no guard")),
            (false, None) => Ok(()),
        }
    }

    fn check_use(&self, r: Ref, node: u32, pos: u32) -> Result {
        if !self.dom.visible(r, node, pos) {
            return Err(format!("operand {r} is not visible"));
        }
        if self.func.ty(r) == Ty::None {
            return Err(format!("operand {r} is no value"));
        }
        Ok(())
    }

    fn check_snap(&self, snap: SnapId, node: u32, pos: u32) -> Result {
        let refs = self.func.snaps[snap.index()].refs();
        refs.iter().try_for_each(|&r| self.check_use(r, node, pos).map_err(|e| format!("{snap}: {e}")))
    }

    fn check_term(&self, b: Block, allow_open: bool) -> Result {
        let (node, pos) = (self.dom.last(b), u32::MAX);
        match &self.func.block(b).term {
            Term::Open if allow_open => Ok(()),
            Term::Open => Err("still open".into()),
            Term::Exit(e) => self.check_snap(self.func.exits[e.index()].snap, node, pos),
            Term::Jump { to, args, snap } => {
                let label = self.func.block(*to);
                if !matches!(label.kind, BlockKind::Label { .. }) {
                    return Err(format!("{to} is not a label"));
                }
                if args.len() != label.params.len() {
                    return Err(format!("{} arguments for {} parameters", args.len(), label.params.len()));
                }
                for (&a, &p) in args.iter().zip(&label.params) {
                    self.check_use(a, node, pos)?;
                    if self.func.ty(a) != self.func.ty(p) {
                        return Err(format!("argument {a} is {}, not {}", self.func.ty(a), self.func.ty(p)));
                    }
                }
                self.check_snap(*snap, node, pos)
            }
        }
    }
}

/// Every value a block lists is defined there, and only there.
fn check_lists(func: &Func, b: Block) -> Result {
    let data = func.block(b);
    for (k, &p) in data.params.iter().enumerate() {
        let want = ValueDef::Param { block: b, index: k as u32 };
        if func.values.get(p.index()).is_none_or(|v| v.0 != want) {
            return Err(format!("{b}: {p} is not its parameter {k}"));
        }
        if func.ty(p) == Ty::None {
            return Err(format!("{b}: parameter {p} without type"));
        }
    }
    for &r in &data.insts {
        let Some((ValueDef::Inst(inst), _)) = func.values.get(r.index()) else {
            return Err(format!("{b}: {r} is not an instruction"));
        };
        if inst.exit.is_some_and(|e| e.index() >= func.exits.len()) {
            return Err(format!("{b} {r}: no such exit"));
        }
    }
    if b == ENTRY {
        // One look at all blocks is enough.
        let mut seen = vec![false; func.values.len()];
        for &r in func.blocks.iter().flat_map(|b| &b.insts) {
            if r.index() < seen.len() && std::mem::replace(&mut seen[r.index()], true) {
                return Err(format!("{r} stands in two places"));
            }
        }
    }
    Ok(())
}
