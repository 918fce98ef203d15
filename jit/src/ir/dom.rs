//! Which definitions are visible where: dominance over the pieces of blocks.
//!
//! A side segment leaves its parent in the middle, so blocks are cut after each guard that has one; the
//! pieces ([`Node`]) form an ordinary flow graph, and dominance among them is exactly visibility:
//!
//! ```text
//!   b0:  v1 = ...                  node 0 ──passed──> node 1 ──jump──> ...
//!        guard.true v1 !e0           └────failed────> node 2 (b1)
//!        v2 = ...                  b1 sees v1, not v2
//! ```
//!
//! Everything is entered through ENTRY, so what ENTRY defines before its first guard with a side segment
//! is visible everywhere. The result of a guard (`iadd.ovf`) exists only where it passed: it counts as
//! defined at the start of the piece below.

use super::{Block, ENTRY, Func, Ref, Term};

const NONE: u32 = u32::MAX;

/// How control enters a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enter {
    /// The start of the function, or several ways meet: nothing is known but what dominates.
    Join,
    /// Below a guard that held.
    Passed(Ref),
    /// The side segment of a guard that did not hold.
    Failed(Ref),
    /// From one place only, without a condition.
    Flow,
}

/// A piece of a block: its instructions `start..end`.
#[derive(Clone, Debug)]
pub struct Node {
    pub block: Block,
    pub start: usize,
    pub end: usize,
    pub enter: Enter,
    /// Children in the dominator tree.
    pub kids: Vec<u32>,
    pub succs: Vec<u32>,
    idom: u32,
    /// Interval in a walk of the dominator tree; (1, 0) where unreachable.
    span: (u32, u32),
}

/// The dominator tree of a function's nodes, and where each value is defined.
pub struct Dom {
    pub nodes: Vec<Node>,
    /// First node of each block.
    pub first: Vec<u32>,
    /// (node, position); parameters have position 0, instruction `k` of a block position `k + 1`.
    defs: Vec<(u32, u32)>,
}

impl Dom {
    pub fn new(func: &Func) -> Dom {
        let mut dom = Dom { nodes: vec![], first: vec![], defs: vec![(NONE, 0); func.values.len()] };
        for b in 0..func.blocks.len() {
            dom.split(func, Block(b as u32));
        }
        dom.connect(func);
        let order = dom.reverse_postorder();
        dom.dominators(&order);
        dom.number();
        dom
    }

    /// Cuts a block into nodes and notes its definitions.
    fn split(&mut self, func: &Func, block: Block) {
        let data = func.block(block);
        self.first.push(self.nodes.len() as u32);
        for &p in &data.params {
            self.defs[p.index()] = (self.nodes.len() as u32, 0);
        }
        let mut start = 0;
        for (k, &r) in data.insts.iter().enumerate() {
            let side = func.inst(r).and_then(|i| i.exit).and_then(|e| func.exits[e.index()].side);
            if side.is_some() {
                self.push_node(block, start, k + 1);
                start = k + 1;
            }
            self.defs[r.index()] = (self.nodes.len() as u32, k as u32 + 1);
        }
        self.push_node(block, start, data.insts.len());
    }

    fn push_node(&mut self, block: Block, start: usize, end: usize) {
        let (kids, succs) = (vec![], vec![]);
        self.nodes.push(Node {
            block,
            start,
            end,
            enter: Enter::Flow,
            kids,
            succs,
            idom: NONE,
            span: (1, 0),
        });
    }

    fn connect(&mut self, func: &Func) {
        let mut preds = vec![0; self.nodes.len()];
        // The function's own entry is one way into ENTRY.
        preds[0] = 1;
        let mut link = |nodes: &mut Vec<Node>, from: usize, to: u32, how: Enter| {
            nodes[from].succs.push(to);
            preds[to as usize] += 1;
            let join = preds[to as usize] > 1;
            nodes[to as usize].enter = if join { Enter::Join } else { how };
        };
        for n in 0..self.nodes.len() {
            let Node { block, end, .. } = self.nodes[n];
            let data = func.block(block);
            let last = self.nodes.get(n + 1).is_none_or(|next| next.block != block);
            if !last {
                let guard = data.insts[end - 1];
                link(&mut self.nodes, n, n as u32 + 1, Enter::Passed(guard));
                let exit = func.inst(guard).and_then(|i| i.exit);
                if let Some(side) = exit.and_then(|e| func.exits[e.index()].side) {
                    link(&mut self.nodes, n, self.first[side.index()], Enter::Failed(guard));
                }
                continue;
            }
            let to = match &data.term {
                Term::Jump { to, .. } => Some(*to),
                Term::Exit(e) => func.exits[e.index()].side,
                Term::Open => None,
            };
            if let Some(to) = to {
                link(&mut self.nodes, n, self.first[to.index()], Enter::Flow);
            }
        }
        self.nodes[0].enter = Enter::Join;
    }

    fn reverse_postorder(&self) -> Vec<u32> {
        let mut seen = vec![false; self.nodes.len()];
        let mut order = vec![];
        let mut stack = vec![(0u32, 0usize)];
        seen[0] = true;
        while let Some((n, k)) = stack.pop() {
            let Some(&s) = self.nodes[n as usize].succs.get(k) else {
                order.push(n);
                continue;
            };
            stack.push((n, k + 1));
            if !std::mem::replace(&mut seen[s as usize], true) {
                stack.push((s, 0));
            }
        }
        order.reverse();
        order
    }

    /// Cooper, Harvey and Kennedy's iteration: two rounds nearly always, for loops here are reducible.
    fn dominators(&mut self, order: &[u32]) {
        let mut rank = vec![NONE; self.nodes.len()];
        order.iter().enumerate().for_each(|(k, &n)| rank[n as usize] = k as u32);
        let mut preds = vec![vec![]; self.nodes.len()];
        for &n in order {
            for &s in &self.nodes[n as usize].succs {
                preds[s as usize].push(n);
            }
        }
        self.nodes[0].idom = 0;
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for &n in &order[1..] {
                let mut idom = NONE;
                for &p in &preds[n as usize] {
                    if self.nodes[p as usize].idom == NONE {
                        continue;
                    }
                    idom = if idom == NONE { p } else { self.meet(&rank, idom, p) };
                }
                changed |= self.nodes[n as usize].idom != idom;
                self.nodes[n as usize].idom = idom;
            }
        }
        for &n in &order[1..] {
            let idom = self.nodes[n as usize].idom as usize;
            self.nodes[idom].kids.push(n);
        }
    }

    fn meet(&self, rank: &[u32], mut a: u32, mut b: u32) -> u32 {
        while a != b {
            if rank[a as usize] > rank[b as usize] {
                a = self.nodes[a as usize].idom;
            } else {
                b = self.nodes[b as usize].idom;
            }
        }
        a
    }

    /// Numbers the tree so that "dominates" is a comparison of intervals.
    fn number(&mut self) {
        let mut clock = 0;
        let mut stack = vec![(0u32, false)];
        while let Some((n, done)) = stack.pop() {
            if done {
                self.nodes[n as usize].span.1 = clock;
                continue;
            }
            clock += 1;
            self.nodes[n as usize].span.0 = clock;
            stack.push((n, true));
            stack.extend(self.nodes[n as usize].kids.iter().map(|&k| (k, false)));
        }
    }

    pub fn reachable(&self, block: Block) -> bool {
        let (from, to) = self.nodes[self.first[block.index()] as usize].span;
        from <= to
    }

    /// Whether every way to `b` leads through `a`.
    pub fn dominates(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.nodes[a as usize].span, self.nodes[b as usize].span);
        a.0 <= b.0 && b.0 <= a.1
    }

    /// The node and position of a value's definition, unless it stands in no block.
    pub fn def(&self, r: Ref) -> Option<(u32, u32)> {
        self.defs.get(r.index()).copied().filter(|d| d.0 != NONE)
    }

    /// Whether `r` may be used at the start of a block.
    pub fn visible_at(&self, r: Ref, block: Block) -> bool {
        self.visible(r, self.first[block.index()], 0)
    }

    /// Whether `r` may be used by the instruction at `pos` (as in definitions: `k + 1`) of `node`.
    pub fn visible(&self, r: Ref, node: u32, pos: u32) -> bool {
        let Some((def, at)) = self.def(r) else { return false };
        if def == node { at < pos || at == 0 } else { self.dominates(def, node) }
    }

    /// The last node of a block: where its terminator stands.
    pub fn last(&self, block: Block) -> u32 {
        self.first.get(block.index() + 1).copied().unwrap_or(self.nodes.len() as u32) - 1
    }

    /// The reachable blocks, each after those that dominate it; unchanged if they are so already.
    pub fn order(&self) -> Vec<Block> {
        let all = (0..self.first.len() as u32).map(Block);
        let plain: Vec<Block> = all.filter(|&b| self.reachable(b)).collect();
        let above = |b: Block| self.nodes[self.nodes[self.first[b.index()] as usize].idom as usize].block;
        if plain.iter().all(|&b| b == ENTRY || above(b) < b) {
            return plain;
        }
        let mut seen = vec![false; self.first.len()];
        let mut order = vec![];
        let mut stack = vec![ENTRY];
        while let Some(b) = stack.pop() {
            if std::mem::replace(&mut seen[b.index()], true) {
                continue;
            }
            order.push(b);
            let nodes = self.first[b.index()]..=self.last(b);
            let next = nodes.flat_map(|n| &self.nodes[n as usize].succs);
            let blocks: Vec<Block> =
                next.map(|&n| self.nodes[n as usize].block).filter(|&t| t != b).collect();
            stack.extend(blocks.into_iter().rev());
        }
        order
    }
}
