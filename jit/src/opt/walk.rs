//! The walk that forward passes share: every instruction once, below what dominates it.
//!
//! A [`Forward`] pass says for each instruction what becomes of it ([`Act`]); the walk applies
//! replacements to later operands at once, and at the end to jumps and snapshots, cuts blocks where a guard
//! always fails, and drops what became unreachable.
//!
//! ```text
//!   node b0.0 ── open, visit..., guard held: passed(g) ──> node b0.1
//!                                guard failed: failed(g) ─> node b1 (side segment)
//!   several ways meet: join()
//! ```
//!
//! Replacing a value everywhere is sound: the replacement is visible wherever the value was, for it is
//! visible at the value's definition.

use crate::ir::dom::{Dom, Enter};
use crate::ir::text::each_mention;
use crate::ir::{Block, BlockKind, ExitId, Func, Op, Ref, Term, Ty, ValueDef};

/// What becomes of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Keep,
    /// It has no result, or none that is used: a guard that cannot fail.
    Delete,
    /// Another value, visible here, is equal to its result.
    Replace(Ref),
    /// A guard that always fails.
    Fails,
}

pub trait Forward {
    /// A node of the dominator tree begins; what is learned now is forgotten at the matching `close`.
    fn open(&mut self) {}
    fn close(&mut self) {}
    /// Several ways meet: only what dominates is known, nothing about the state of the world.
    fn join(&mut self) {}
    /// May change the instruction in place, and put new ones (from [`new_value`]) in front of it.
    fn visit(&mut self, func: &mut Func, r: Ref, before: &mut Vec<Ref>) -> Act;
    /// The guard held, here and below.
    fn passed(&mut self, _func: &Func, _guard: Ref) {}
    /// This is the side segment of the guard.
    fn failed(&mut self, _func: &Func, _guard: Ref) {}
}

/// A new instruction that stands nowhere yet.
pub fn new_value(func: &mut Func, op: Op, args: &[Ref], imm: u64) -> Ref {
    let r = Ref(func.values.len() as u32);
    let mut all = [Ref(u32::MAX); 3];
    all[..args.len()].copy_from_slice(args);
    let inst = crate::ir::Inst { op, args: all, imm, exit: None };
    func.values.push((ValueDef::Inst(inst), op.result()));
    r
}

/// The constant behind a value.
pub fn constant(func: &Func, r: Ref) -> Option<u64> {
    let inst = func.inst(r)?;
    matches!(inst.op, Op::IConst | Op::FConst | Op::BConst | Op::WConst | Op::PConst).then_some(inst.imm)
}

/// Turns an instruction into a constant of its type.
pub fn make_const(func: &mut Func, r: Ref, imm: u64) {
    let op = match func.ty(r) {
        Ty::Int => Op::IConst,
        Ty::Float => Op::FConst,
        Ty::Bool => Op::BConst,
        Ty::Word => Op::WConst,
        Ty::Ptr => Op::PConst,
        Ty::None => return,
    };
    let inst = crate::ir::Inst { op, args: [Ref(u32::MAX); 3], imm, exit: None };
    func.values[r.index()].0 = ValueDef::Inst(inst);
}

/// Which value stands for which; chains are followed.
#[derive(Default)]
pub struct Subst {
    to: Vec<Ref>,
    any: bool,
}

impl Subst {
    pub fn set(&mut self, from: Ref, to: Ref) {
        for k in self.to.len()..=from.index() {
            self.to.push(Ref(k as u32));
        }
        self.to[from.index()] = to;
        self.any = true;
    }
    pub fn get(&self, mut r: Ref) -> Ref {
        while let Some(&to) = self.to.get(r.index()).filter(|&&to| to != r) {
            r = to;
        }
        r
    }
    pub fn apply(&self, func: &mut Func) {
        if self.any {
            each_mention(func, |r| *r = self.get(*r));
        }
    }
}

/// What was decided about the guard at the end of a node.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Open,
    NeverFails,
    NeverPasses,
}

struct Walk<'a> {
    func: &'a mut Func,
    dom: Dom,
    subst: Subst,
    /// The new instruction list of each node.
    out: Vec<Vec<Ref>>,
    fate: Vec<Fate>,
    /// By node: the exit of a guard in it that always fails.
    cuts: Vec<Option<ExitId>>,
}

/// Runs a pass over the function.
pub fn forward(func: &mut Func, pass: &mut impl Forward) {
    let dom = Dom::new(func);
    let n = dom.nodes.len();
    let (out, fate) = (vec![vec![]; n], vec![Fate::Open; n]);
    let mut walk = Walk { func, dom, subst: Subst::default(), out, fate, cuts: vec![None; n] };
    walk.run(pass);
    walk.finish();
}

impl Walk<'_> {
    fn run(&mut self, pass: &mut impl Forward) {
        let mut stack = vec![(0u32, false)];
        while let Some((n, done)) = stack.pop() {
            if done {
                pass.close();
                continue;
            }
            pass.open();
            stack.push((n, true));
            self.enter(pass, n);
            self.node(pass, n);
            let kids = self.dom.nodes[n as usize].kids.iter().rev();
            stack.extend(kids.filter(|&&k| self.leads_to(n, k)).map(|&k| (k, false)));
        }
    }

    /// Whether a child in the tree can still be reached.
    fn leads_to(&self, n: u32, kid: u32) -> bool {
        match (self.fate[n as usize], self.dom.nodes[kid as usize].enter) {
            (Fate::NeverFails, Enter::Failed(_)) | (Fate::NeverPasses, Enter::Passed(_)) => false,
            // Labels below a block that now ends early are walked in vain, at worst.
            _ => true,
        }
    }

    fn enter(&mut self, pass: &mut impl Forward, n: u32) {
        match self.dom.nodes[n as usize].enter {
            Enter::Join => pass.join(),
            // A guard that was deleted says nothing new.
            Enter::Passed(g) if self.fate[n as usize - 1] == Fate::Open => pass.passed(self.func, g),
            Enter::Failed(g) => pass.failed(self.func, g),
            Enter::Passed(_) | Enter::Flow => {}
        }
    }

    fn node(&mut self, pass: &mut impl Forward, n: u32) {
        let node = &self.dom.nodes[n as usize];
        let (block, range) = (node.block, node.start..node.end);
        // A node that ends with a guard of two ways: `passed` is told below it, and not in its side.
        let forks = node.succs.len() > 1;
        let end = range.end;
        for k in range {
            let r = self.func.block(block).insts[k];
            self.substitute(r);
            let mut before = vec![];
            let act = pass.visit(self.func, r, &mut before);
            self.out[n as usize].append(&mut before);
            let last = forks && k + 1 == end;
            match act {
                Act::Keep => {
                    self.out[n as usize].push(r);
                    if self.func.inst(r).is_some_and(|i| i.exit.is_some()) && !last {
                        pass.passed(self.func, r);
                    } else if last && self.func.inst(r).is_some_and(|i| i.exit.is_none()) {
                        // Changed into what cannot fail.
                        self.fate[n as usize] = Fate::NeverFails;
                    }
                }
                Act::Delete | Act::Replace(_) => {
                    if let Act::Replace(to) = act {
                        self.subst.set(r, to);
                    }
                    if last {
                        self.fate[n as usize] = Fate::NeverFails;
                    }
                }
                Act::Fails => {
                    self.fate[n as usize] = Fate::NeverPasses;
                    self.cuts[n as usize] = self.func.inst(r).and_then(|i| i.exit);
                    return;
                }
            }
        }
    }

    fn substitute(&mut self, r: Ref) {
        if let ValueDef::Inst(inst) = &mut self.func.values[r.index()].0 {
            inst.args_mut().iter_mut().for_each(|a| *a = self.subst.get(*a));
        }
    }

    fn finish(self) {
        let Walk { func, dom, subst, mut out, cuts, .. } = self;
        for b in (0..func.blocks.len() as u32).map(Block) {
            let mut insts = vec![];
            for n in dom.first[b.index()]..=dom.last(b) {
                insts.append(&mut out[n as usize]);
                if let Some(exit) = cuts[n as usize] {
                    func.blocks[b.index()].term = Term::Exit(exit);
                    break;
                }
            }
            func.blocks[b.index()].insts = insts;
        }
        subst.apply(func);
        prune(func);
    }
}

/// Joins a block that always leaves to the side segment it leaves to, removes unreachable blocks and brings
/// the others in an order in which each comes after those that dominate it.
pub fn prune(func: &mut Func) {
    unlink(func);
    let mut b = 0;
    while b < func.blocks.len() {
        let next = match func.blocks[b].term {
            Term::Exit(e) => func.exits[e.index()].side.map(|side| (e, side)),
            _ => None,
        };
        let Some((e, side)) = next else {
            b += 1;
            continue;
        };
        func.exits[e.index()].side = None;
        let tail = std::mem::take(&mut func.blocks[side.index()].insts);
        let term = std::mem::replace(&mut func.blocks[side.index()].term, Term::Exit(e));
        func.blocks[b].insts.extend(tail);
        func.blocks[b].term = term;
    }
    let order = Dom::new(func).order();
    if order.len() < func.blocks.len() || order.iter().enumerate().any(|(k, b)| b.index() != k) {
        reorder(func, &order);
        unlink(func);
    }
}

/// Side segments of exits that no guard uses are not reached any more.
fn unlink(func: &mut Func) {
    let mut used = vec![false; func.exits.len()];
    for data in &func.blocks {
        let guards = data.insts.iter().filter_map(|&r| func.inst(r)?.exit);
        let term = if let Term::Exit(e) = data.term { Some(e) } else { None };
        guards.chain(term).for_each(|e| used[e.index()] = true);
    }
    for (exit, _) in func.exits.iter_mut().zip(used).filter(|(_, used)| !used) {
        exit.side = None;
    }
}

/// Keeps the blocks in `order`, in that order.
pub fn reorder(func: &mut Func, order: &[Block]) {
    let mut names = vec![None; func.blocks.len()];
    order.iter().enumerate().for_each(|(k, b)| names[b.index()] = Some(Block(k as u32)));
    let mut old: Vec<_> = std::mem::take(&mut func.blocks).into_iter().map(Some).collect();
    func.blocks = order.iter().filter_map(|b| old[b.index()].take()).collect();
    for data in &mut func.blocks {
        if let Term::Jump { to, .. } = &mut data.term {
            *to = names[to.index()].unwrap_or(*to);
        }
    }
    for exit in &mut func.exits {
        exit.side = exit.side.and_then(|b| names[b.index()]);
    }
    for (def, _) in &mut func.values {
        if let ValueDef::Param { block, .. } = def {
            *block = names.get(block.index()).copied().flatten().unwrap_or(*block);
        }
    }
}

/// Whether a block may be jumped to.
pub fn is_label(func: &Func, b: Block) -> bool {
    matches!(func.block(b).kind, BlockKind::Label { .. })
}
