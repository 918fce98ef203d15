//! The trace IR: one [`Func`] holds a whole region.
//!
//! A region is a graph of *trace segments*. Each is one [`Block`]: a line of instructions without joins,
//! closed by a [`Term`]. Blocks are of two kinds:
//!
//! - A **label** stands at a loop header of the bytecode. It has parameters (phis), one for each unboxed
//!   value the interpreter state is made of there, and is entered by jumps.
//! - A **side segment** hangs on one exit: when the guard fails, control goes to the segment instead of
//!   the interpreter. It has no parameters; it sees every value its parent had defined at the guard.
//!
//! ```text
//!   entry ──jump──> label b0(i:int, n:int, total:int)        <──────────────┐
//!                      v3 = ilt i, n                                        │
//!                      guard.true v3  !e0          (e0 -> interpreter)      │
//!                      v4 = iadd.ovf total, i  !e1 (e1 -> segment b1, hot)  │
//!                      ...                                                  │
//!                      jump b0(v6, n, v4) ──────────────────────────────────┘
//! ```
//!
//! Values are SSA ([`Ref`]); dominance follows the tree "label or parent of a side segment", so a value of
//! the root label is visible in all its side segments, but not across a jump to another label.
//!
//! Every guard has an [`Exit`], every exit a [`Snapshot`]: the complete interpreter state, every frame and
//! slot, at an instruction boundary.
//!
//! This module and `opt` know nothing of the VM: kinds are bytes, words and addresses are numbers,
//! helpers are indices.

pub mod check;
pub mod dom;
pub mod eval;
pub mod op;
pub mod text;

pub use op::{Alias, Effect, Op, Place, Ty};

use std::fmt;

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            pub fn index(self) -> usize { self.0 as usize }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "{}"), self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
    };
}

index_type!(
    /// An SSA value: index into [`Func::values`].
    Ref "v");
index_type!(
    /// Index into [`Func::blocks`].
    Block "b");
index_type!(
    /// Index into [`Func::exits`].
    ExitId "e");
index_type!(
    /// Index into [`Func::snaps`].
    SnapId "s");

/// Where an SSA value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueDef {
    /// Parameter `index` of a label.
    Param {
        block: Block,
        index: u32,
    },
    Inst(Inst),
}

/// One instruction. `args` beyond the arity of `op` are unused (`Ref(u32::MAX)`).
#[derive(Clone, Debug, PartialEq)]
pub struct Inst {
    pub op: Op,
    pub args: [Ref; 3],
    pub imm: u64,
    /// For guards: where to leave.
    pub exit: Option<ExitId>,
}

impl Inst {
    pub fn args(&self) -> &[Ref] {
        &self.args[..self.op.args().len()]
    }
    pub fn args_mut(&mut self) -> &mut [Ref] {
        let n = self.op.args().len();
        &mut self.args[..n]
    }
}

/// The end of a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Still being recorded.
    Open,
    /// To a label. `snap` is the interpreter state at that label with the arguments' values: it is what
    /// conversions on this edge leave with.
    Jump { to: Block, args: Vec<Ref>, snap: SnapId },
    /// Back to the interpreter, always.
    Exit(ExitId),
}

#[derive(Clone, Debug, PartialEq)]
pub enum BlockKind {
    /// `header` is the bytecode unit of the loop header (for dumps; state is in `Func::labels` of the region).
    Label { header: u32 },
    /// Continues where the exit's guard failed.
    Side { of: ExitId },
}

#[derive(Clone, Debug, PartialEq)]
pub struct BlockData {
    pub kind: BlockKind,
    /// Parameters (labels only), values with `ValueDef::Param`.
    pub params: Vec<Ref>,
    /// In order. Instructions without result are values of type `None`.
    pub insts: Vec<Ref>,
    pub term: Term,
}

/// One value of the interpreter state.
#[derive(Clone, Debug, PartialEq)]
pub enum SnapVal {
    /// An SSA value. `owned`: the segment holds a reference of its own that passes to the slot; otherwise
    /// the exit handler takes a new one. Meaningless for unboxed values.
    Ref { r: Ref, owned: bool },
    /// A constant word; the exit handler takes a reference.
    Const(u64),
    /// "No value": an unbound local, a NULL on the stack.
    Null,
    /// An object that exists only here, to be made by the exit handler: kind byte and fields.
    Virtual { kind: u8, fields: Vec<SnapVal> },
}

/// One frame, outermost first.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapFrame {
    /// Index into the region's list of code objects (0: the frame the region was entered in).
    pub code: u32,
    /// Unit at which the interpreter goes on (inner frames: where the call returns to).
    pub resume: u32,
    /// The unit of the instruction executed before `resume` in this frame (LINE events compare with it).
    pub prev: u32,
    /// The function object of an inlined frame.
    pub func: SnapVal,
    /// Locals, cells and free variables, then the evaluation stack.
    pub slots: Vec<SnapVal>,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Snapshot {
    pub frames: Vec<SnapFrame>,
}

/// A way out of a guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Exit {
    pub snap: SnapId,
    /// The segment that continues here, once one was recorded.
    pub side: Option<Block>,
}

/// A region's code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Func {
    pub name: String,
    pub values: Vec<(ValueDef, Ty)>,
    pub blocks: Vec<BlockData>,
    pub exits: Vec<Exit>,
    pub snaps: Vec<Snapshot>,
    /// Names of the helpers that `Call*` uses by index.
    pub helpers: Vec<&'static str>,
}

/// Entry: block 0 is a label; its arguments are read from the argument buffer, one 8-byte cell each, in
/// order (an int, a float's bits, 0/1, a word, an address). At an exit the values its snapshot names are
/// written to the same buffer in the order of [`Snapshot::refs`], and the exit's number is the result.
pub const ENTRY: Block = Block(0);

impl Func {
    pub fn def(&self, r: Ref) -> &ValueDef {
        &self.values[r.index()].0
    }
    pub fn ty(&self, r: Ref) -> Ty {
        self.values[r.index()].1
    }
    /// The instruction behind a value, if it is none of a label's parameters.
    pub fn inst(&self, r: Ref) -> Option<&Inst> {
        match self.def(r) {
            ValueDef::Inst(i) => Some(i),
            ValueDef::Param { .. } => None,
        }
    }
    pub fn block(&self, b: Block) -> &BlockData {
        &self.blocks[b.index()]
    }
    pub fn new_block(&mut self, kind: BlockKind) -> Block {
        self.blocks.push(BlockData { kind, params: vec![], insts: vec![], term: Term::Open });
        Block(self.blocks.len() as u32 - 1)
    }
    pub fn new_param(&mut self, block: Block, ty: Ty) -> Ref {
        let r = Ref(self.values.len() as u32);
        let index = self.blocks[block.index()].params.len() as u32;
        self.values.push((ValueDef::Param { block, index }, ty));
        self.blocks[block.index()].params.push(r);
        r
    }
    /// Appends an instruction to a block.
    pub fn push(&mut self, block: Block, op: Op, args: &[Ref], imm: u64, exit: Option<ExitId>) -> Ref {
        debug_assert_eq!(args.len(), op.args().len(), "{}", op.name());
        let mut a = [Ref(u32::MAX); 3];
        a[..args.len()].copy_from_slice(args);
        let r = Ref(self.values.len() as u32);
        self.values.push((ValueDef::Inst(Inst { op, args: a, imm, exit }), op.result()));
        self.blocks[block.index()].insts.push(r);
        r
    }
    pub fn new_snap(&mut self, snap: Snapshot) -> SnapId {
        self.snaps.push(snap);
        SnapId(self.snaps.len() as u32 - 1)
    }
    pub fn new_exit(&mut self, snap: SnapId) -> ExitId {
        self.exits.push(Exit { snap, side: None });
        ExitId(self.exits.len() as u32 - 1)
    }
}

impl SnapVal {
    /// Calls `f` with every SSA value inside, in order.
    pub fn each_ref(&self, f: &mut impl FnMut(Ref)) {
        match self {
            SnapVal::Ref { r, .. } => f(*r),
            SnapVal::Virtual { fields, .. } => fields.iter().for_each(|v| v.each_ref(f)),
            SnapVal::Const(_) | SnapVal::Null => {}
        }
    }
    pub fn each_ref_mut(&mut self, f: &mut impl FnMut(&mut Ref)) {
        match self {
            SnapVal::Ref { r, .. } => f(r),
            SnapVal::Virtual { fields, .. } => fields.iter_mut().for_each(|v| v.each_ref_mut(f)),
            SnapVal::Const(_) | SnapVal::Null => {}
        }
    }
}

impl Snapshot {
    /// The SSA values that the exit must write to the buffer: each once, in the order of first mention.
    /// Lowering, evaluator and exit handler all number the buffer cells by this list.
    pub fn refs(&self) -> Vec<Ref> {
        let mut out = vec![];
        for frame in &self.frames {
            for v in std::iter::once(&frame.func).chain(&frame.slots) {
                v.each_ref(&mut |r| {
                    if !out.contains(&r) {
                        out.push(r)
                    }
                });
            }
        }
        out
    }
}
