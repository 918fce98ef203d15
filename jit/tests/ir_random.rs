//! Random functions: every pass alone, and all of them, must leave the behaviour as it was.

#[path = "ir/support.rs"]
mod support;

use seriema_jit::ir::{
    Alias, Block, BlockKind, ExitId, Func, Op, Place, Ref, SnapFrame, SnapId, SnapVal, Snapshot, Term, Ty,
    check, text,
};
use seriema_jit::opt::{self, Options};
use support::{Rng, assert_same, object, pointer};

/// The one class that pointer parameters point into; constant addresses reach all of them.
const CLASS: Alias = Alias::ListItems;

struct Gen {
    rng: Rng,
    func: Func,
    unit: u32,
    /// What this function is mostly made of, so that rare rules meet their operands.
    taste: usize,
    labels: Vec<Block>,
    /// Guards that get a side segment, with what is visible there and the references held.
    todo: Vec<(ExitId, Scope, usize)>,
}

#[derive(Clone, Default)]
struct Scope {
    vals: Vec<Ref>,
    owned: Vec<Ref>,
    /// Constant addresses and masked indices, to be used again.
    bases: Vec<(u64, Ref)>,
    indices: Vec<Ref>,
    /// The label at the root.
    label: usize,
}

fn generate(seed: u64) -> Func {
    let (rng, taste) = (Rng::new(seed), seed as usize % 4);
    let mut g = Gen { rng, func: Func::default(), unit: 100, taste, labels: vec![], todo: vec![] };
    for header in 0..1 + g.rng.below(3) as u32 {
        let block = g.func.new_block(BlockKind::Label { header });
        g.labels.push(block);
        let tys = [Ty::Int, Ty::Int, Ty::Int, Ty::Float, Ty::Word, Ty::Word, Ty::Ptr, Ty::Ptr, Ty::Bool];
        for ty in tys {
            if header == 0 || g.rng.chance(70) || ty == Ty::Int {
                g.func.new_param(block, ty);
            }
        }
    }
    for k in 0..g.labels.len() {
        let block = g.labels[k];
        let vals = g.func.block(block).params.clone();
        g.label_head(block, Scope { vals, label: k, ..Scope::default() });
    }
    while let Some((exit, scope, depth)) = g.todo.pop() {
        let block = g.func.new_block(BlockKind::Side { of: exit });
        g.func.exits[exit.index()].side = Some(block);
        g.body(block, scope, depth);
    }
    g.func
}

impl Gen {
    fn push(&mut self, b: Block, s: &mut Scope, op: Op, args: &[Ref], imm: u64) -> Ref {
        let exit = (op.effect() == seriema_jit::ir::Effect::Guard).then(|| self.exit(s));
        let before = s.clone();
        let r = self.func.push(b, op, args, imm, exit);
        if let Some(exit) = exit
            && before.label < 10
            && self.rng.chance(18)
        {
            self.todo.push((exit, before, self.func.blocks.len()));
        }
        if op.result() != Ty::None {
            s.vals.push(r);
        }
        r
    }

    fn snap(&mut self, resume: u32, slots: Vec<SnapVal>) -> SnapId {
        let frame = SnapFrame { code: 0, resume, prev: 0, func: SnapVal::Null, slots };
        self.func.new_snap(Snapshot { frames: vec![frame] })
    }

    fn exit(&mut self, s: &Scope) -> ExitId {
        let mut slots: Vec<SnapVal> = s.owned.iter().map(|&r| SnapVal::Ref { r, owned: true }).collect();
        for _ in 0..self.rng.below(4) {
            let r = self.rng.pick(&s.vals);
            slots.push(SnapVal::Ref { r, owned: false });
        }
        // The newest values: what a pass has just got wrong shows.
        slots.extend(s.vals.iter().rev().take(5).map(|&r| SnapVal::Ref { r, owned: false }));
        self.unit += 1;
        let snap = self.snap(self.unit, slots);
        self.func.new_exit(snap)
    }

    fn val(&mut self, b: Block, s: &mut Scope, ty: Ty) -> Ref {
        let mut fit: Vec<Ref> = s.vals.iter().copied().filter(|&r| self.func.ty(r) == ty).collect();
        // Recent values make longer chains.
        let from = if self.rng.chance(50) { fit.len().saturating_sub(4) } else { 0 };
        fit.drain(..from);
        if !fit.is_empty() && self.rng.chance(75) {
            return self.rng.pick(&fit);
        }
        let (op, imm) = match ty {
            Ty::Int => {
                (Op::IConst, self.rng.pick(&[0, 1, 2, 3, 4, 8, -1, -2, i64::MAX, i64::MIN, 1 << 47]) as u64)
            }
            Ty::Float => (Op::FConst, self.rng.pick(&[0.0, -0.0, 1.0, 2.0, 0.5, 3.0, f64::NAN]).to_bits()),
            Ty::Bool => (Op::BConst, self.rng.below(2) as u64),
            Ty::Word => (Op::WConst, pointer(object(20, self.rng.below(3) as u64))),
            Ty::Ptr | Ty::None => (Op::PConst, object(CLASS as u64, self.rng.below(2) as u64)),
        };
        self.push(b, s, op, &[], imm)
    }

    /// A loop header: its poll with the header's state, and mostly a counter that ends.
    fn label_head(&mut self, b: Block, mut s: Scope) {
        let BlockKind::Label { header } = self.func.block(b).kind else { return };
        if self.rng.chance(80) {
            let slots = s.vals.iter().map(|&r| SnapVal::Ref { r, owned: false }).collect();
            let snap = self.snap(header, slots);
            let exit = self.func.new_exit(snap);
            self.func.push(b, Op::Poll, &[], 0x100, Some(exit));
        }
        let (i, n) = (s.vals[0], s.vals[1]);
        let test = self.push(b, &mut s, Op::ILt, &[i, n], 0);
        self.push(b, &mut s, Op::GuardTrue, &[test], 0);
        self.body(b, s, 0);
    }

    fn body(&mut self, b: Block, mut s: Scope, depth: usize) {
        for _ in 0..2 + self.rng.below(14) {
            self.one(b, &mut s);
        }
        for x in std::mem::take(&mut s.owned) {
            self.push(b, &mut s, Op::DecRef, &[x], 0);
        }
        let term = if depth > 12 || self.rng.chance(25) {
            let exit = self.exit(&s);
            let snap = self.func.exits[exit.index()].snap;
            let all = s.vals.iter().map(|&r| SnapVal::Ref { r, owned: false });
            self.func.snaps[snap.index()].frames[0].slots.extend(all);
            Term::Exit(exit)
        } else {
            let mut to = self.labels[s.label];
            if self.rng.chance(30) {
                to = self.rng.pick(&self.labels.clone());
            }
            self.jump(b, &mut s, to)
        };
        self.func.blocks[b.index()].term = term;
    }

    fn jump(&mut self, b: Block, s: &mut Scope, to: Block) -> Term {
        let params = self.func.block(to).params.clone();
        let mut args = vec![];
        for (k, &p) in params.iter().enumerate() {
            let visible = s.vals.contains(&p);
            let arg = if visible && k == 0 && self.rng.chance(90) {
                let one = self.push(b, s, Op::IConst, &[], 1);
                self.push(b, s, Op::IAddOvf, &[p, one], 0)
            } else if visible && (k == 1 || self.rng.chance(60)) {
                p
            } else {
                self.val(b, s, self.func.ty(p))
            };
            args.push(arg);
        }
        let BlockKind::Label { header } = self.func.block(to).kind else { return Term::Open };
        let snap = self.snap(header, args.iter().map(|&r| SnapVal::Ref { r, owned: false }).collect());
        Term::Jump { to, args, snap }
    }

    fn one(&mut self, b: Block, s: &mut Scope) {
        if self.rng.chance(50) {
            match self.taste {
                1 => return self.memory(b, s),
                2 => return self.word(b, s),
                3 => return self.pure(b, s),
                _ => {}
            }
        }
        match self.rng.below(20) {
            0..8 => self.pure(b, s),
            8..11 => self.guard(b, s),
            11..15 => self.memory(b, s),
            15 | 16 => self.word(b, s),
            17 | 18 => self.count(b, s),
            _ => {
                let w = self.val(b, s, Ty::Word);
                let r = self.push(b, s, Op::Call1, &[w], 0);
                self.push(b, s, Op::GuardDone, &[r], 0);
                self.push(b, s, Op::GuardValid, &[], 0x108);
            }
        }
    }

    fn pure(&mut self, b: Block, s: &mut Scope) {
        use Op::*;
        let ints = [
            IAdd, ISub, IMul, IAnd, IOr, IXor, IShl, IShr, IFloorDiv, IMod, ILt, ILe, IGt, IGe, IEq, INe,
            IULt,
        ];
        let floats = [FAdd, FSub, FMul, FDiv, FNeg, FLt, FLe, FGt, FGe, FEq, FNe];
        let other = [IToF, BNot, BToI, IConst, FConst];
        let op = match self.rng.below(10) {
            0..6 => self.rng.pick(&ints),
            6..9 => self.rng.pick(&floats),
            _ => self.rng.pick(&other),
        };
        let mut args: Vec<Ref> = op.args().iter().map(|&ty| self.val(b, s, ty)).collect();
        let imm = if op == IConst { self.rng.below(9) as u64 } else { 0 };
        match op {
            IShl | IShr => {
                let k = self.rng.below(64) as u64;
                args[1] = self.push(b, s, IConst, &[], k);
            }
            IFloorDiv | IMod if self.rng.chance(50) => {
                let c = self.rng.pick(&[1i64, 2, 4, 8, 3, 10, -3, -8, i64::MAX]);
                args[1] = self.push(b, s, IConst, &[], c as u64);
            }
            IFloorDiv | IMod => {
                for bad in [0i64, -1] {
                    let c = self.push(b, s, IConst, &[], bad as u64);
                    let ok = self.push(b, s, INe, &[args[1], c], 0);
                    self.push(b, s, GuardTrue, &[ok], 0);
                }
            }
            _ => {}
        }
        self.push(b, s, op, &args, imm);
    }

    fn guard(&mut self, b: Block, s: &mut Scope) {
        use Op::*;
        let op = self.rng.pick(&[
            GuardTrue,
            GuardFalse,
            GuardTrue,
            GuardFits,
            IAddOvf,
            ISubOvf,
            IMulOvf,
            Poll,
            GuardShared,
        ]);
        let args: Vec<Ref> = op.args().iter().map(|&ty| self.val(b, s, ty)).collect();
        self.push(b, s, op, &args, if op == Poll { 0x100 } else { 0 });
    }

    fn memory(&mut self, b: Block, s: &mut Scope) {
        use Op::*;
        let op =
            self.rng.pick(&[LoadWord, LoadWord, LoadInt, LoadElem, LoadElem, StoreWord, StoreElem, StoreInt]);
        // Constant addresses reach the other classes.
        let other = self.rng.chance(30);
        let others = [Alias::GlobalCell, Alias::TupleItems, Alias::Immutable, Alias::Any];
        let alias = if other { self.rng.pick(&others) } else { CLASS };
        let store = matches!(op, StoreWord | StoreElem | StoreInt);
        let alias = if store && alias == Alias::Immutable { Alias::GlobalCell } else { alias };
        let home = if alias == Alias::Any { CLASS } else { alias };
        let base = if alias == CLASS && self.rng.chance(70) {
            self.val(b, s, Ty::Ptr)
        } else {
            let n = self.rng.below(2) as u64;
            self.address(b, s, object(home as u64, n))
        };
        let offset = 8 * self.rng.below(2) as u32;
        let mut args = vec![base];
        if matches!(op, LoadElem | StoreElem) {
            if s.indices.is_empty() || self.rng.chance(15) {
                let (i, mask) = (self.val(b, s, Ty::Int), self.push(b, s, IConst, &[], 1));
                let index = self.push(b, s, IAnd, &[i, mask], 0);
                s.indices.push(index);
            }
            args.push(self.rng.pick(&s.indices));
        }
        if store {
            args.push(self.val(b, s, if op == StoreInt { Ty::Int } else { Ty::Word }));
        }
        self.push(b, s, op, &args, Place { offset, alias }.to_imm());
    }

    fn address(&mut self, b: Block, s: &mut Scope, at: u64) -> Ref {
        if let Some(&(_, r)) = s.bases.iter().find(|x| x.0 == at) {
            return r;
        }
        let r = self.push(b, s, Op::PConst, &[], at);
        s.vals.retain(|v| *v != r);
        s.bases.push((at, r));
        r
    }

    /// Boxing and unboxing under their guards.
    fn word(&mut self, b: Block, s: &mut Scope) {
        use Op::*;
        let w = self.val(b, s, Ty::Word);
        match self.rng.below(6) {
            0 => {
                let i = self.val(b, s, Ty::Int);
                self.push(b, s, GuardFits, &[i], 0);
                self.push(b, s, IToW, &[i], 0);
            }
            1 => {
                let f = self.val(b, s, Ty::Float);
                self.push(b, s, FToW, &[f], 0);
            }
            2 => {
                let x = self.val(b, s, Ty::Bool);
                self.push(b, s, BToW, &[x], 0);
            }
            3 => {
                let v = self.val(b, s, Ty::Word);
                self.push(b, s, WEq, &[w, v], 0);
            }
            _ => {
                let tests =
                    [(WIsInt, Some(WToI)), (WIsFloat, Some(WToF)), (WIsBool, Some(WToB)), (WIsKind, None)];
                let (test, open) = self.rng.pick(&tests);
                let kind = if test == WIsKind { self.rng.below(3) as u64 } else { 0 };
                let ok = self.push(b, s, test, &[w], kind);
                self.push(b, s, GuardTrue, &[ok], 0);
                if let Some(open) = open {
                    self.push(b, s, open, &[w], 0);
                }
            }
        }
    }

    fn count(&mut self, b: Block, s: &mut Scope) {
        if !s.owned.is_empty() && self.rng.chance(60) {
            let k = self.rng.below(s.owned.len());
            let x = s.owned.swap_remove(k);
            self.push(b, s, Op::DecRef, &[x], 0);
        } else {
            let x = self.val(b, s, Ty::Word);
            self.push(b, s, Op::IncRef, &[x], 0);
            s.owned.push(x);
        }
    }
}

const SEEDS: u64 = 2000;

fn run_pass(name: &str) -> usize {
    let mut told = 0;
    for seed in 0..SEEDS {
        let raw = generate(seed);
        let mut new = raw.clone();
        (opt::find(name).expect("a pass").run)(&mut new, &mut Default::default());
        told += assert_same(&raw, &new, &format!("{name}, seed {seed}"), 3, CLASS as u64);
    }
    told
}

#[test]
fn generated_functions_are_valid_and_round_trip() {
    for seed in 0..SEEDS {
        let raw = generate(seed);
        check::check(&raw).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{raw}"));
        let raw = text::renumber(&raw);
        assert_eq!(text::parse(&raw.to_string()).as_ref(), Ok(&raw), "seed {seed}");
    }
}

#[test]
fn every_pass_keeps_the_behaviour() {
    let mut names: Vec<&str> = opt::PASSES.iter().map(|p| p.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        // Most runs must end, or the comparison says nothing.
        let told = run_pass(name);
        assert!(told > SEEDS as usize, "{name}: only {told} runs ended");
    }
}

#[test]
fn all_passes_together_keep_the_behaviour() {
    let (mut before, mut after, mut hoisted) = (0, 0, 0);
    let size = |f: &Func| f.blocks.iter().map(|b| b.insts.len()).sum::<usize>();
    for seed in 0..2 * SEEDS {
        let raw = generate(seed);
        let mut new = raw.clone();
        let report = opt::optimise(&mut new, &Options::default());
        assert_same(&raw, &new, &format!("all, seed {seed}"), 4, CLASS as u64);
        let canonical = text::renumber(&new);
        assert_eq!(text::parse(&canonical.to_string()).as_ref(), Ok(&canonical), "seed {seed}");
        before += size(&raw);
        after += size(&new);
        hoisted += report.hoisted.len();
    }
    // The optimiser did something.
    assert!(after * 4 < before * 3, "{before} -> {after}");
    assert!(hoisted > 100, "{hoisted}");
}

/// A region of the largest size allowed: 8,000 instructions, 500 snapshots of 40 slots.
#[test]
fn large_regions_take_time_in_proportion() {
    let small = optimise_large(1000);
    let large = optimise_large(8000);
    // Eight times the size; the rest is room for a busy machine.
    assert!(large < small * 60 + std::time::Duration::from_millis(200), "{small:?} -> {large:?}");
}

fn optimise_large(insts: usize) -> std::time::Duration {
    let mut f = Func::default();
    let b = f.new_block(BlockKind::Label { header: 0 });
    let mut vals: Vec<Ref> = (0..40).map(|_| f.new_param(b, Ty::Int)).collect();
    let word = f.new_param(b, Ty::Word);
    let snap = |f: &mut Func, vals: &[Ref], resume| {
        let mut slots: Vec<SnapVal> = vals.iter().map(|&r| SnapVal::Ref { r, owned: false }).collect();
        slots.push(SnapVal::Ref { r: word, owned: true });
        let frame = SnapFrame { code: 0, resume, prev: 0, func: SnapVal::Null, slots };
        f.new_snap(Snapshot { frames: vec![frame] })
    };
    let (mut block, mut rng) = (b, Rng::new(7));
    while f.values.len() < insts {
        let resume = f.values.len() as u32;
        let s = snap(&mut f, &vals, resume);
        f.push(block, Op::IncRef, &[word], 0, None);
        for _ in 0..4 {
            let (x, y, k) = (rng.pick(&vals), rng.pick(&vals), rng.below(40));
            let exit = f.new_exit(s);
            vals[k] = f.push(block, Op::IAddOvf, &[x, y], 0, Some(exit));
            // About a new value, so that no guard decides another.
            let less = f.push(block, Op::ILt, &[vals[(k + 1) % 40], vals[k]], 0, None);
            let exit = f.new_exit(s);
            f.push(block, Op::GuardTrue, &[less], 0, Some(exit));
        }
        f.push(block, Op::DecRef, &[word], 0, None);
        if rng.chance(20) {
            let exit = f.new_exit(s);
            let less = f.push(block, Op::ILt, &[vals[0], vals[1]], 0, None);
            f.push(block, Op::GuardTrue, &[less], 0, Some(exit));
            let side = f.new_block(BlockKind::Side { of: exit });
            f.exits[exit.index()].side = Some(side);
            let leave = f.new_exit(s);
            f.blocks[block.index()].term = Term::Exit(leave);
            block = side;
        }
    }
    let args: Vec<Ref> = vals.iter().copied().chain([word]).collect();
    let s = snap(&mut f, &vals, 0);
    f.blocks[block.index()].term = Term::Jump { to: b, args, snap: s };
    let start = std::time::Instant::now();
    opt::optimise(&mut f, &Options::default());
    let time = start.elapsed();
    let left: usize = f.blocks.iter().map(|b| b.insts.len()).sum();
    println!("{insts} instructions: {time:?}, {left} left");
    assert!(left * 2 > insts);
    assert_eq!(check::check(&f), Ok(()));
    time
}
