//! From IR blocks to Cranelift blocks: order, guards, exits, jumps.
//!
//! Blocks are lowered as they are discovered from ENTRY, so that every value is lowered before what it
//! dominates. SSA is carried over directly: a label's parameters are block parameters, everything else is
//! the value itself, wherever it is visible.
//!
//! ```text
//!   discovered by      lowered with
//!   jump               no facts (several ways lead there)
//!   guard with side    the facts of the parent at the guard, and that the guard failed
//! ```
//!
//! Two choices keep the hot path free of what only exits need. Constants are made anew at each use; and
//! the buffer's address, which only exits use, is in a stack slot, not in a register.

use super::{CompileError, Env, Result, location};
use crate::ir::{Block, ENTRY, ExitId, Func, Inst, Op, Ref, SnapId, Term, Ty, ValueDef};
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, InstBuilder, MemFlagsData, Signature, StackSlot, StackSlotData, StackSlotKind,
    Type, Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::collections::{BTreeMap, HashMap};

/// Memory that is mapped and aligned, as compiled code only touches live objects, the buffer and the VM.
pub(super) const TRUSTED: MemFlagsData = MemFlagsData::trusted();

/// Snapshots with at most this many values are stored in each exit's own block.
const SMALL_SNAPSHOT: usize = 3;

/// Values of words known to be pointers (true) or known not to be.
pub(super) type Facts = BTreeMap<Ref, bool>;

pub(super) struct Lower<'a, 'b> {
    pub b: FunctionBuilder<'b>,
    pub func: &'a Func,
    pub env: &'a mut Env<'b>,
    pub facts: Facts,
    /// Addresses of directly called functions; their index is the symbol's name.
    pub symbols: Vec<usize>,
    pub imports: HashMap<super::calls::Import, ir::FuncRef>,
    pub result_slot: Option<StackSlot>,
    /// Is the block being lowered one where a plain call hurts nobody else?
    pub plain_calls: bool,
    values: Vec<Option<Value>>,
    uses: Vec<u32>,
    blocks: Vec<Option<ir::Block>>,
    exits: Vec<Option<ir::Block>>,
    /// Exits that need a block, in the order they were met.
    left: Vec<ExitId>,
    todo: Vec<(Block, Facts)>,
    buf: StackSlot,
}

/// Builds `out` from `func`; the result names the symbols that `out` calls.
pub(super) fn build<'b>(
    isa: &dyn TargetIsa,
    out: &'b mut ir::Function,
    ctx: &'b mut FunctionBuilderContext,
    func: &Func,
    env: &mut Env<'b>,
) -> Result<Vec<usize>> {
    out.signature = Signature::new(CallConv::triple_default(isa.triple()));
    out.signature.params.push(AbiParam::new(types::I64));
    out.signature.returns.push(AbiParam::new(types::I64));
    let mut b = FunctionBuilder::new(out, ctx);
    let buf = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3));
    let mut lower = Lower {
        b,
        func,
        env,
        facts: Facts::new(),
        symbols: vec![],
        imports: HashMap::new(),
        result_slot: None,
        plain_calls: true,
        values: vec![None; func.values.len()],
        uses: count_uses(func),
        blocks: vec![None; func.blocks.len()],
        exits: vec![None; func.exits.len()],
        left: vec![],
        todo: vec![],
        buf,
    };
    lower.entry()?;
    while let Some((block, facts)) = lower.todo.pop() {
        lower.facts = facts;
        lower.block(block)?;
    }
    lower.emit_exits()?;
    lower.b.seal_all_blocks();
    let symbols = lower.symbols;
    lower.b.finalize(isa.frontend_config());
    Ok(symbols)
}

/// How often each value is mentioned, by instructions, jumps and snapshots.
fn count_uses(func: &Func) -> Vec<u32> {
    let mut uses = vec![0; func.values.len()];
    let mut count = |r: Ref| {
        if let Some(n) = uses.get_mut(r.index()) {
            *n += 1;
        }
    };
    for block in &func.blocks {
        block.insts.iter().filter_map(|&r| func.inst(r)).flat_map(Inst::args).for_each(|&a| count(a));
        if let Term::Jump { args, .. } = &block.term {
            args.iter().for_each(|&a| count(a));
        }
    }
    func.snaps.iter().flat_map(|s| s.refs()).for_each(count);
    uses
}

/// The register class of a type.
fn clif_type(ty: Ty) -> Result<Type> {
    match ty {
        Ty::Int | Ty::Word | Ty::Ptr => Ok(types::I64),
        Ty::Float => Ok(types::F64),
        Ty::Bool => Ok(types::I8),
        Ty::None => Err(CompileError::Malformed("a value without type".into())),
    }
}

pub(super) fn malformed(what: impl std::fmt::Display) -> CompileError {
    CompileError::Malformed(what.to_string())
}

impl Lower<'_, '_> {
    // ---- values

    /// The value of `r` at this point; constants are made on the spot.
    pub fn value(&mut self, r: Ref) -> Result<Value> {
        if let Some(&Inst { op, imm, .. }) = self.inst_of(r)
            && let Some(v) = self.constant(op, imm)
        {
            return Ok(v);
        }
        let value = self.values.get(r.index()).copied().flatten();
        value.ok_or_else(|| malformed(format_args!("{r} is used where it is not defined")))
    }

    pub fn inst_of(&self, r: Ref) -> Option<&Inst> {
        match self.func.values.get(r.index()) {
            Some((ValueDef::Inst(inst), _)) => Some(inst),
            _ => None,
        }
    }

    fn constant(&mut self, op: Op, imm: u64) -> Option<Value> {
        Some(match op {
            Op::IConst | Op::WConst | Op::PConst => self.b.ins().iconst(types::I64, imm as i64),
            Op::BConst => self.b.ins().iconst(types::I8, (imm & 1) as i64),
            Op::FConst => self.b.ins().f64const(f64::from_bits(imm)),
            _ => return None,
        })
    }

    /// The number behind `r`, if it is a constant int.
    pub fn const_int(&self, r: Ref) -> Option<i64> {
        self.inst_of(r).filter(|i| i.op == Op::IConst).map(|i| i.imm as i64)
    }

    fn define(&mut self, r: Ref, value: Value) {
        self.values[r.index()] = Some(value);
    }

    // ---- blocks

    /// Loads ENTRY's parameters. It is a block of its own, as ENTRY may be jumped to.
    fn entry(&mut self) -> Result<()> {
        let entry = self.b.create_block();
        self.b.append_block_params_for_function_params(entry);
        self.b.switch_to_block(entry);
        let buf = self.b.block_params(entry)[0];
        self.b.ins().stack_store(types::I64, buf, self.buf, 0);
        let Some(data) = self.func.blocks.first() else { return Err(malformed("no blocks")) };
        let mut args = vec![];
        for (k, &p) in data.params.iter().enumerate() {
            let offset = cell(k)?;
            args.push(self.b.ins().load(clif_type(self.func.ty(p))?, TRUSTED, buf, offset));
        }
        self.jump(ENTRY, &args)
    }

    fn jump(&mut self, to: Block, args: &[Value]) -> Result<()> {
        let target = self.label(to)?;
        let args: Vec<BlockArg> = args.iter().map(|&v| BlockArg::Value(v)).collect();
        self.b.ins().jump(target, &args);
        Ok(())
    }

    /// The Cranelift block of a label, made when it is first jumped to.
    fn label(&mut self, label: Block) -> Result<ir::Block> {
        let func = self.func;
        match self.blocks.get(label.index()) {
            None => return Err(malformed(format_args!("no block {label}"))),
            Some(Some(block)) => return Ok(*block),
            Some(None) => {}
        }
        let block = self.b.create_block();
        for &p in &func.block(label).params {
            let value = self.b.append_block_param(block, clif_type(func.ty(p))?);
            self.define(p, value);
        }
        self.blocks[label.index()] = Some(block);
        self.todo.push((label, Facts::new()));
        Ok(block)
    }

    fn block(&mut self, block: Block) -> Result<()> {
        let func = self.func;
        let data = func.block(block);
        let Some(target) = self.blocks[block.index()] else { return Err(malformed("a lost block")) };
        self.b.switch_to_block(target);
        self.plain_calls = super::calls::plain_calls_in(func, block);
        let mut insts = data.insts.iter().copied().peekable();
        while let Some(r) = insts.next() {
            self.b.set_srcloc(location(r));
            let Some(inst) = func.inst(r) else { return Err(malformed(format_args!("{r} in {block}"))) };
            // A kind test just before its only user, a guard, is two branches instead of a bool.
            if let Some(guard) = insts.peek().and_then(|&next| self.fusible_guard(r, inst, next)) {
                self.guard_kind(inst.args[0], inst.imm as u16, guard.0, guard.1)?;
                insts.next();
                continue;
            }
            if let Some(value) = self.instruction(r, inst)? {
                self.define(r, value);
            }
        }
        self.terminator(block, &data.term)
    }

    /// Lowers one instruction; its value, if it has one (constants get theirs where they are used).
    fn instruction(&mut self, r: Ref, inst: &Inst) -> Result<Option<Value>> {
        match inst.op {
            Op::IConst | Op::FConst | Op::BConst | Op::WConst | Op::PConst => Ok(None),
            Op::IAddOvf | Op::ISubOvf | Op::IMulOvf => self.overflow_op(r, inst).map(Some),
            Op::GuardTrue => self.guard_ref(inst, true).map(|()| None),
            Op::GuardFalse => self.guard_ref(inst, false).map(|()| None),
            Op::GuardFits | Op::Poll | Op::GuardValid | Op::GuardShared | Op::GuardDone => {
                self.special_guard(inst).map(|()| None)
            }
            Op::Call1 | Op::Call2 | Op::Call3 => self.call(inst).map(Some),
            Op::LoadInt | Op::LoadPtr | Op::LoadWord | Op::LoadElem => self.load(inst).map(Some),
            Op::StoreInt | Op::StoreWord | Op::StoreElem => self.store(inst).map(|()| None),
            Op::IncRef => self.count(inst.args[0], 1).map(|()| None),
            Op::DecRef => self.count(inst.args[0], -1).map(|()| None),
            _ if is_word_op(inst.op) => self.word_op(inst).map(Some),
            _ => self.scalar(inst).map(Some),
        }
    }

    fn terminator(&mut self, block: Block, term: &Term) -> Result<()> {
        self.b.set_srcloc(ir::SourceLoc::default());
        match term {
            Term::Open => Err(malformed(format_args!("{block} is still open"))),
            Term::Exit(e) => {
                let target = self.exit(*e, None)?;
                self.b.ins().jump(target, &[]);
                Ok(())
            }
            Term::Jump { to, args, .. } => {
                let values = args.iter().map(|&a| self.value(a)).collect::<Result<Vec<_>>>()?;
                self.jump(*to, &values)
            }
        }
    }

    // ---- guards

    /// Starts a new part of the current block.
    pub fn continue_in(&mut self, block: ir::Block) {
        self.b.switch_to_block(block);
    }

    /// Leaves through `exit` unless `cond` is `pass`. `fact` holds on the way out.
    pub fn guard(&mut self, cond: Value, pass: bool, exit: ExitId, fact: Option<(Ref, bool)>) -> Result<()> {
        let next = self.b.create_block();
        let out = self.exit(exit, fact)?;
        let (yes, no) = if pass { (next, out) } else { (out, next) };
        self.b.ins().brif(cond, yes, &[], no, &[]);
        self.continue_in(next);
        Ok(())
    }

    pub fn exit_of(&self, inst: &Inst) -> Result<ExitId> {
        inst.exit.ok_or_else(|| malformed(format_args!("{} without exit", inst.op.name())))
    }

    /// `guard.true`, `guard.false`: negations are folded into the branch, and what the test says about a
    /// word is remembered.
    fn guard_ref(&mut self, inst: &Inst, mut pass: bool) -> Result<()> {
        let exit = self.exit_of(inst)?;
        let mut cond = inst.args[0];
        while let Some(not) = self.inst_of(cond).filter(|i| i.op == Op::BNot) {
            cond = not.args[0];
            pass = !pass;
        }
        let value = self.value(cond)?;
        let fact = self.pointer_fact(cond);
        self.guard(value, pass, exit, fact.filter(|_| !pass))?;
        if pass {
            self.facts.extend(fact);
        }
        Ok(())
    }

    /// What a true test says about its word.
    fn pointer_fact(&self, cond: Ref) -> Option<(Ref, bool)> {
        let inst = self.inst_of(cond)?;
        match inst.op {
            Op::WIsKind => Some((inst.args[0], true)),
            Op::WIsInt | Op::WIsFloat | Op::WIsBool => Some((inst.args[0], false)),
            _ => None,
        }
    }

    /// If `r` is a kind test and the next instruction a guard on it, its only user: (pass, exit).
    fn fusible_guard(&self, r: Ref, inst: &Inst, next: Ref) -> Option<(bool, ExitId)> {
        let guard = self.inst_of(next)?;
        let pass = match guard.op {
            Op::GuardTrue => true,
            Op::GuardFalse => false,
            _ => return None,
        };
        let fits = inst.op == Op::WIsKind && guard.args[0] == r && self.uses[r.index()] == 1;
        fits.then_some((pass, guard.exit?))
    }

    // ---- exits

    /// The block to go to when a guard fails. Side segments inherit the facts, and `fact`.
    pub fn exit(&mut self, e: ExitId, fact: Option<(Ref, bool)>) -> Result<ir::Block> {
        let Some(exit) = self.func.exits.get(e.index()) else {
            return Err(malformed(format_args!("no exit {e}")));
        };
        if let Some(block) = self.exits[e.index()] {
            return Ok(block);
        }
        let block = self.b.create_block();
        self.exits[e.index()] = Some(block);
        let Some(side) = exit.side else {
            self.b.set_cold_block(block);
            self.left.push(e);
            return Ok(block);
        };
        match self.blocks.get_mut(side.index()) {
            Some(slot @ None) => *slot = Some(block),
            _ => return Err(malformed(format_args!("{side} is not the side segment of {e} alone"))),
        }
        let mut facts = self.facts.clone();
        facts.extend(fact);
        self.todo.push((side, facts));
        Ok(block)
    }

    /// The exits' blocks, last of all: every value they store has been lowered by now. Exits of one snapshot
    /// differ only in their number and share the stores.
    fn emit_exits(&mut self) -> Result<()> {
        let func = self.func;
        self.b.set_srcloc(ir::SourceLoc::default());
        let mut users: BTreeMap<SnapId, Vec<ExitId>> = BTreeMap::new();
        for e in std::mem::take(&mut self.left) {
            users.entry(func.exits[e.index()].snap).or_default().push(e);
        }
        for (snap, exits) in users {
            let Some(snapshot) = func.snaps.get(snap.index()) else {
                return Err(malformed(format_args!("no snapshot {snap}")));
            };
            let refs = snapshot.refs();
            let shared = exits.len() > 1 && refs.len() > SMALL_SNAPSHOT;
            let common = shared.then(|| self.b.create_block());
            for e in exits {
                if let Some(block) = self.exits[e.index()] {
                    self.b.switch_to_block(block);
                }
                let id = self.b.ins().iconst(types::I64, e.0 as i64);
                match common {
                    Some(common) => drop(self.b.ins().jump(common, &[BlockArg::Value(id)])),
                    None => self.leave(&refs, id)?,
                }
            }
            if let Some(common) = common {
                // Coldness is not inherited from the blocks that lead here.
                self.b.set_cold_block(common);
                let id = self.b.append_block_param(common, types::I64);
                self.b.switch_to_block(common);
                self.leave(&refs, id)?;
            }
        }
        Ok(())
    }

    /// Stores the snapshot's values, raw, and returns `id`.
    fn leave(&mut self, refs: &[Ref], id: Value) -> Result<()> {
        let buf = self.b.ins().stack_load(types::I64, types::I64, self.buf, 0);
        for (k, &r) in refs.iter().enumerate() {
            let value = match self.inst_of(r) {
                // Bits through an integer register: no need for a constant in memory.
                Some(&Inst { op: Op::FConst, imm, .. }) => self.b.ins().iconst(types::I64, imm as i64),
                _ => self.value(r)?,
            };
            let value = match self.b.func.dfg.value_type(value) {
                types::I8 => self.b.ins().uextend(types::I64, value),
                _ => value,
            };
            self.b.ins().store(TRUSTED, value, buf, cell(k)?);
        }
        self.b.ins().return_(&[id]);
        Ok(())
    }
}

/// Byte offset of a buffer cell.
fn cell(k: usize) -> Result<i32> {
    i32::try_from(k * 8).map_err(|_| malformed("too many values"))
}

/// Instructions on words, lowered in `memory`.
fn is_word_op(op: Op) -> bool {
    use Op::*;
    matches!(op, WIsInt | WIsFloat | WIsBool | WIsKind | WEq | WToI | WToF | WToB | WToP | IToW | FToW | BToW)
}
