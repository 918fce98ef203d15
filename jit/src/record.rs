//! The recorder: runs the program on [`Machine`] and writes down what it does.
//!
//! It carries every primitive out on the real frames (through the plain interpreter's own primitives), so the
//! program advances while it is recorded, and mirrors the frames in **shadow** slots that say which SSA value
//! each word is. A primitive that answers a question emits the guard for the answer it gave.
//!
//! ```text
//!   loop header ──> label: a parameter for each unboxed piece of the frame's state
//!      │ bodies run over Recorder: guards, arithmetic, loads ...
//!      ▼
//!   loop header again, same kinds of values  ──> jump to the label: the trace is closed
//!   another loop's header                    ──> a new label, recording goes on
//!   armed site, other region, unsupported    ──> aborted, with a named reason
//! ```
//!
//! Invariants: a body that stops has changed nothing, so the interpreter can repeat the instruction; one that
//! comes to its end has done all of it, even if it cannot be recorded (`abort` is set). All guards of an instruction come before its first effect on the heap; they leave with the
//! snapshot of the instruction's start.

mod machine;
mod shadow;

pub use shadow::{LabelState, Shadow, SlotType};

use crate::ir::{Alias, Block, BlockKind, Func, Op, Place, Ref, SnapFrame, SnapId, Snapshot, Term, Ty};
use crate::options::Options;
use seriema_monitoring::EventSet;
use seriema_vm::code::Code;
use seriema_vm::frame::{Frame, HEADER_WORDS};
use seriema_vm::interp::{Interp, exec};
use seriema_vm::machine::Machine;
use seriema_vm::object::Tag;
use seriema_vm::op;
use seriema_vm::value::{Value, Word};
use seriema_vm::vm::Vm;
use seriema_vm::watch::{Sites, WatchKey};
use std::collections::{BTreeMap, HashMap};

/// Why a recording was abandoned. The name is a counter in the statistics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Abort {
    /// A site with an event armed.
    ArmedSite,
    /// A loop that has a region of its own.
    OtherRegion,
    /// An instruction that compiled code leaves to the interpreter.
    Instruction(u8),
    /// Operands that it leaves to this runtime function.
    Residual(&'static str),
    /// More instructions than a trace may have.
    TooLong,
    /// Calls nested too deep, or recursion.
    TooDeep,
    /// The recorded loop's frame returned.
    LeftFrame,
    /// A loop inside an inlined function.
    LoopInCallee,
    /// Kinds of values that differ from round to round.
    TypeUnstable,
    /// A guard behind an effect of the same instruction.
    LateGuard,
    /// A number that does not fit a machine word.
    BigInt,
    /// An object that exists only in the trace would have to be shared.
    SharedVirtual,
    /// Two objects let go by one instruction.
    TwoDrops,
    /// Something raised.
    Raised,
    TooManyBlocks,
    /// The stress mode asked for it.
    Stress,
}

impl Abort {
    pub fn name(self) -> String {
        match self {
            Abort::Instruction(o) => format!("Instruction {}", op::name(o)),
            Abort::Residual(what) => format!("Residual {what}"),
            other => format!("{other:?}"),
        }
    }
    /// Worth another try once monitoring has changed.
    pub fn passing(self) -> bool {
        matches!(self, Abort::ArmedSite | Abort::Stress | Abort::OtherRegion)
    }
}

/// A value while recording: the word it is now, and what stands for it in the trace.
#[derive(Clone, Copy, Debug)]
pub struct V {
    pub w: Word,
    pub s: Shadow,
}

/// What is known of a word-typed SSA value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// Unboxed content.
    Unboxed(Ref),
    None,
    Kind(Tag),
}

/// Class of a value, as guards establish it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Int,
    Float,
    Bool,
    None,
    OtherConst,
    Kind(Tag),
}

impl Class {
    fn of(w: Word) -> Class {
        match w.tag() {
            Some(k) => Class::Kind(k),
            None if w.is_int() => Class::Int,
            None if w.is_float() => Class::Float,
            None if w.is_bool() => Class::Bool,
            None if w == Word::NONE => Class::None,
            None => Class::OtherConst,
        }
    }
}

pub(crate) struct ShadowFrame {
    /// Index into `Trace::codes`.
    code: u32,
    /// The function, of inlined frames.
    func: Shadow,
    slots: Vec<Shadow>,
    /// Unit of the instruction executed last (the call, while a callee runs).
    prev: u32,
    /// Where the frame goes on when its callee returns.
    resume: u32,
}

/// What a region's recordings build up, over all its segments.
#[derive(Default)]
pub struct Trace {
    pub func: Func,
    /// Code objects by index; 0 is the region's own.
    pub codes: Vec<Value>,
    /// Objects that constants of the trace point at.
    pub held: Vec<Value>,
    pub labels: Vec<(Block, LabelState)>,
    /// Sites covered, per index of `codes`.
    pub covered: BTreeMap<u32, Sites>,
    /// Facts relied on besides sites.
    pub assumptions: Vec<WatchKey>,
    /// Exits that must reach the interpreter: its attention is wanted there.
    pub polls: Vec<crate::ir::ExitId>,
    /// Addresses polled at instruction boundaries in turn, under the exit stress; else empty.
    pub stress: Vec<u64>,
}

/// How far a trace had got, to take back what an abandoned recording added.
struct Mark {
    values: usize,
    blocks: usize,
    exits: usize,
    snaps: usize,
    labels: usize,
}

pub struct Recorder<'a> {
    trace: &'a mut Trace,
    interp: Interp<false, false>,
    block: Block,
    frames: Vec<ShadowFrame>,
    known: HashMap<Ref, Known>,
    options: &'a Options,
    /// Base of the interpreter's breaker word, for polls.
    breaker: u64,
    // ---- the instruction under way
    opcode: u8,
    start: Option<Snapshot>,
    start_snap: Option<SnapId>,
    /// It has changed the heap: no more guards.
    effect: bool,
    /// References to give up at its end.
    drops: Vec<Ref>,
    guarded: Vec<Ref>,
    back_edge: Option<u32>,
    abort: Option<Abort>,
}

/// Where recording begins.
pub enum Start<'s> {
    /// At the loop header the current frame stands at: a new region.
    Header,
    /// Where a guard failed: the frames have just been rebuilt from this snapshot.
    Exit { of: crate::ir::ExitId, snap: &'s Snapshot },
}

/// Records one segment. The interpreter has advanced to where the recording ended.
pub fn record(vm: &mut Vm, trace: &mut Trace, options: &Options, start: Start) -> Result<(), Abort> {
    let mark = Mark {
        values: trace.func.values.len(),
        blocks: trace.func.blocks.len(),
        exits: trace.func.exits.len(),
        snaps: trace.func.snaps.len(),
        labels: trace.labels.len(),
    };
    let breaker = &raw const vm.breaker as u64;
    let interp = Interp::load(vm);
    let mut r = Recorder {
        trace,
        interp,
        block: Block(0),
        frames: vec![],
        known: HashMap::new(),
        options,
        breaker,
        opcode: 0,
        start: None,
        start_snap: None,
        effect: false,
        drops: vec![],
        guarded: vec![],
        back_edge: None,
        abort: None,
    };
    let result = match start {
        Start::Header => r.begin_at_header(),
        Start::Exit { of, snap } => r.begin_at_exit(of, snap),
    };
    let result = result.and_then(|()| r.run());
    r.interp.sync();
    if result.is_err() {
        trace.take_back(&mark);
    }
    result
}

impl Trace {
    fn take_back(&mut self, m: &Mark) {
        self.func.values.truncate(m.values);
        self.func.blocks.truncate(m.blocks);
        self.func.exits.truncate(m.exits);
        self.func.snaps.truncate(m.snaps);
        self.labels.truncate(m.labels);
        for e in &mut self.func.exits {
            if e.side.is_some_and(|b| b.index() >= m.blocks) {
                e.side = None;
            }
        }
    }
    fn code_index(&mut self, code: *const Code) -> u32 {
        let at = self.codes.iter().position(|c| c.word().0 == code as u64);
        at.unwrap_or_else(|| {
            self.codes.push(Value::of(&Word(code as u64)).clone());
            self.codes.len() - 1
        }) as u32
    }
}

impl Recorder<'_> {
    fn vm(&mut self) -> &mut Vm {
        // SAFETY: the VM outlives the recording, which is the only one to use it.
        unsafe { &mut *self.interp.vm }
    }
    fn frame(&mut self) -> &mut Frame {
        self.vm().frame()
    }
    fn top(&mut self) -> &mut ShadowFrame {
        self.frames.last_mut().expect("a frame is being recorded")
    }
    fn code(&mut self) -> &'static Code {
        // SAFETY: `Trace::codes` keeps every code object of the trace alive, beyond the recording.
        unsafe { &*(self.frame().code) }
    }
    /// Unit that `interp.ip` points at.
    fn unit(&mut self) -> u32 {
        let base = self.code().live.as_ptr() as usize;
        ((self.interp.ip as usize - base) / 2) as u32
    }

    // ---- beginning

    fn begin_at_header(&mut self) -> Result<(), Abort> {
        let code: *const Code = self.code();
        let index = self.trace.code_index(code);
        let depth = self.frame().stack_depth();
        let nlocals = self.code().nlocalsplus as usize;
        let mut slots = vec![];
        for i in 0..nlocals + depth {
            slots.push(SlotType::observe(self.word_at(i, nlocals)));
        }
        let header = self.unit();
        let prev = self.frame().prev_unit;
        let state = LabelState { header, prev, slots };
        self.frames.push(ShadowFrame { code: index, func: Shadow::Null, slots: vec![], prev, resume: 0 });
        self.open_label(state);
        Ok(())
    }

    /// The `i`-th slot of the current frame: locals, then stack.
    fn word_at(&mut self, i: usize, nlocals: usize) -> Word {
        let f = self.frame();
        // SAFETY: the caller counts the slots the frame has.
        unsafe { if i < nlocals { *f.locals.add(i) } else { *f.stack_base().add(i - nlocals) } }
    }

    fn begin_at_exit(&mut self, of: crate::ir::ExitId, snap: &Snapshot) -> Result<(), Abort> {
        let block = self.trace.func.new_block(BlockKind::Side { of });
        self.trace.func.exits[of.index()].side = Some(block);
        self.block = block;
        for (i, f) in snap.frames.iter().enumerate() {
            let slots = f.slots.iter().map(Shadow::from_snap).collect();
            let func = if i == 0 { Shadow::Null } else { Shadow::from_snap(&f.func) };
            self.frames.push(ShadowFrame { code: f.code, func, slots, prev: f.prev, resume: f.resume });
        }
        Ok(())
    }

    /// Begins a block for `state`, with a parameter for each unboxed piece, and goes on in it.
    fn open_label(&mut self, state: LabelState) {
        let block = self.trace.func.new_block(BlockKind::Label { header: state.header });
        let mut slots = vec![];
        for t in &state.slots {
            let s = t.params(&mut |ty| self.trace.func.new_param(block, ty));
            if let (Shadow::Ref { r, .. }, SlotType::Kind(k)) = (s, t) {
                self.known.insert(r, Known::Kind(*k));
            }
            slots.push(s);
        }
        let header = state.header;
        self.top().slots = slots;
        self.trace.labels.push((block, state));
        self.block = block;
        // The breaker is polled at the header, where its exit also tells the optimiser the header's state.
        self.begin_instruction(header);
        let address = self.breaker;
        self.poll_at(address);
    }

    /// A guard that nothing wants the interpreter's attention.
    fn poll_at(&mut self, address: u64) {
        let poll = self.guard(Op::Poll, &[], address);
        let exit = self.trace.func.inst(poll).and_then(|i| i.exit);
        self.trace.polls.extend(exit);
    }

    // ---- the loop

    fn run(&mut self) -> Result<(), Abort> {
        for _ in 0..self.options.max_instructions {
            if self.step()? {
                return Ok(());
            }
        }
        Err(Abort::TooLong)
    }

    /// Records one instruction. True: the trace is closed.
    fn step(&mut self) -> Result<bool, Abort> {
        let code = self.code();
        let first = self.unit();
        let mut at = first as usize;
        let mut arg = 0;
        loop {
            self.check_site(code, at)?;
            arg = arg << 8 | (code.base[at] >> 8) as u32;
            if code.base[at] as u8 != op::EXTENDED_ARG {
                break;
            }
            at += 1;
        }
        let opcode = code.base[at] as u8;
        self.opcode = opcode;
        self.begin_instruction(first);
        if !self.trace.stress.is_empty() {
            let address = self.trace.stress[self.trace.polls.len() % self.trace.stress.len()];
            self.poll_at(address);
        }
        let saved = (self.interp.ip, self.interp.sp);
        self.interp.ip = self.frame().ip_at(at).wrapping_add(1);
        let depth = self.frames.len();
        let result = exec(self, opcode, arg);
        if result.is_err() {
            // Nothing has changed: the interpreter repeats the instruction.
            (self.interp.ip, self.interp.sp) = saved;
            return Err(self.abort.take().unwrap_or(Abort::Raised));
        }
        if let Some(why) = self.abort.take() {
            // Carried out, but not fit to be recorded: the interpreter goes on behind it.
            return Err(why);
        }
        self.end_instruction(at as u32, depth);
        self.check_slots();
        match self.back_edge.take() {
            Some(header) => self.at_header(header),
            None => Ok(false),
        }
    }

    /// Compiled code covers quiet sites only.
    fn check_site(&mut self, code: &Code, at: usize) -> Result<(), Abort> {
        let fired = code.sites().at(at).events.difference(self.not_fired(code, at));
        if seriema_vm::site::armed_events(self.vm(), code, at).intersects(fired) {
            return Err(Abort::ArmedSite);
        }
        if code.live[at].get() as u8 == op::ENTER_REGION && self.frames.len() > 1 {
            return Err(Abort::OtherRegion);
        }
        let index = self.top().code;
        *self.trace.covered.entry(index).or_default().entry(at as u32).or_default() |= fired;
        Ok(())
    }

    /// The branch event that the instruction at `at` hosts but, going the way it will go, does not fire. The
    /// other way leaves the trace, for the interpreter, which fires it.
    fn not_fired(&mut self, code: &Code, at: usize) -> EventSet {
        let top = |r: &mut Self| r.interp.peek(0);
        let taken = match code.base_op(at) {
            op::POP_JUMP_IF_TRUE => top(self) == Word::TRUE,
            op::POP_JUMP_IF_FALSE => top(self) != Word::TRUE,
            op::POP_JUMP_IF_NONE => top(self) == Word::NONE,
            op::POP_JUMP_IF_NOT_NONE => top(self) != Word::NONE,
            op::FOR_ITER => {
                let iter = top(self);
                // SAFETY: the iterator lives in its stack slot.
                let range = unsafe { iter.downcast::<seriema_vm::object::RangeIter>() };
                let done = range.is_some_and(|r| r.left.get() <= 0);
                return if done { EventSet::BRANCH_LEFT } else { EventSet::empty() };
            }
            _ => return EventSet::empty(),
        };
        if taken { EventSet::empty() } else { EventSet::BRANCH_RIGHT }
    }

    fn begin_instruction(&mut self, first: u32) {
        self.start_snap = None;
        self.effect = false;
        self.drops.clear();
        self.guarded.clear();
        self.top().resume = first;
        self.start = Some(self.snapshot());
    }

    fn end_instruction(&mut self, at: u32, depth: usize) {
        for r in std::mem::take(&mut self.drops) {
            self.emit(Op::DecRef, &[r], 0);
        }
        // A call left its number in the caller's frame; a return leaves the callee's frame behind.
        if self.frames.len() == depth {
            self.top().prev = at;
        }
        // The frame itself knows too: the recording may end before the next instruction.
        let prev = self.top().prev;
        let frame = self.frame();
        (frame.prev_unit, frame.overlaid) = (prev, 0);
    }

    /// The state as a snapshot: `resume` of the top frame is set.
    fn snapshot(&self) -> Snapshot {
        let frame = |f: &ShadowFrame| SnapFrame {
            code: f.code,
            resume: f.resume,
            prev: f.prev,
            func: f.func.to_snap(),
            slots: f.slots.iter().map(|s| s.to_snap()).collect(),
        };
        Snapshot { frames: self.frames.iter().map(frame).collect() }
    }

    /// Debug builds: the shadow slots mirror the frame's.
    fn check_slots(&mut self) {
        if !cfg!(debug_assertions) {
            return;
        }
        let (sp, fp) = (self.interp.sp as usize, self.interp.fp as usize);
        let nlocals = self.code().nlocalsplus as usize;
        let depth = (sp - fp) / 8 - nlocals - HEADER_WORDS;
        assert_eq!(self.top().slots.len(), nlocals + depth, "recorder's slots");
        for i in 0..nlocals + depth {
            let w = self.word_at(i, nlocals);
            let s = self.top().slots[i];
            assert!(s.may_be(w, &self.trace.func), "slot {i}: {w:?} as {s:?}");
        }
    }

    // ---- loop headers

    /// A back edge has been taken in the recorded frame to `header`.
    fn at_header(&mut self, header: u32) -> Result<bool, Abort> {
        if self.frames.len() > 1 {
            return Err(Abort::LoopInCallee);
        }
        self.begin_instruction(header);
        let labels: Vec<usize> =
            (0..self.trace.labels.len()).filter(|&i| self.trace.labels[i].1.header == header).collect();
        for &i in &labels {
            if self.fits(i) {
                self.jump_to_label(i)?;
                return Ok(true);
            }
        }
        if labels.len() >= 4 {
            return Err(Abort::TypeUnstable);
        }
        if self.trace.func.blocks.len() >= self.options.max_blocks {
            return Err(Abort::TooManyBlocks);
        }
        self.continue_in_new_label(header)?;
        Ok(false)
    }

    /// Could the state go on at this label, as the words are now?
    fn fits(&mut self, label: usize) -> bool {
        let nlocals = self.code().nlocalsplus as usize;
        let n = self.top().slots.len();
        let (code, prev) = (self.code(), self.top().prev);
        let state = &self.trace.labels[label].1;
        if state.slots.len() != n || code.line(state.prev as usize) != code.line(prev as usize) {
            return false;
        }
        (0..n).all(|i| {
            let (w, s) = (self.word_at(i, nlocals), self.top().slots[i]);
            self.trace.labels[label].1.slots[i].accepts(w, &s)
        })
    }

    fn jump_to_label(&mut self, label: usize) -> Result<(), Abort> {
        let (block, state) = (self.trace.labels[label].0, self.trace.labels[label].1.slots.clone());
        let args = self.jump_args(&state)?;
        let snap = self.start_snapshot();
        self.trace.func.blocks[self.block.index()].term = Term::Jump { to: block, args, snap };
        Ok(())
    }

    fn continue_in_new_label(&mut self, header: u32) -> Result<(), Abort> {
        let nlocals = self.code().nlocalsplus as usize;
        let n = self.top().slots.len();
        let mut slots = vec![];
        for i in 0..n {
            let (w, s) = (self.word_at(i, nlocals), self.top().slots[i]);
            slots.push(SlotType::observe_in_trace(w, &s));
        }
        let args = self.jump_args(&slots)?;
        let snap = self.start_snapshot();
        let from = self.block;
        self.known.clear();
        let prev = self.top().prev;
        self.open_label(LabelState { header, prev, slots });
        let to = self.block;
        self.trace.func.blocks[from.index()].term = Term::Jump { to, args, snap };
        Ok(())
    }

    /// The values of the state in the label's form; the label owns a reference to each object.
    fn jump_args(&mut self, types: &[SlotType]) -> Result<Vec<Ref>, Abort> {
        let nlocals = self.code().nlocalsplus as usize;
        let mut args = vec![];
        let mut owned = vec![];
        for (i, t) in types.iter().enumerate() {
            let v = V { w: self.word_at(i, nlocals), s: self.top().slots[i] };
            match t {
                SlotType::Null | SlotType::Const(_) => {}
                SlotType::Int | SlotType::Float | SlotType::Bool => args.push(self.unboxed(v)),
                SlotType::Kind(_) => {
                    self.class_of(v);
                    let r = self.boxed(v);
                    if !v.s.is_owned() {
                        owned.push(r);
                    }
                    args.push(r);
                }
                SlotType::RangeIter => match v.s {
                    Shadow::RangeIter { next, left, step } => args.extend([next, left, step]),
                    _ => return Err(Abort::SharedVirtual),
                },
            }
            if let Some(why) = self.abort.take() {
                return Err(why);
            }
        }
        for r in owned {
            self.emit(Op::IncRef, &[r], 0);
        }
        Ok(args)
    }

    // ---- emitting

    fn emit(&mut self, op: Op, args: &[Ref], imm: u64) -> Ref {
        self.trace.func.push(self.block, op, args, imm, None)
    }
    fn start_snapshot(&mut self) -> SnapId {
        if let Some(id) = self.start_snap {
            return id;
        }
        let snap = self.start.clone().expect("inside an instruction");
        let id = self.trace.func.new_snap(snap);
        self.start_snap = Some(id);
        id
    }
    /// Emits a guarding instruction, which leaves at the start of this bytecode instruction.
    fn guard(&mut self, op: Op, args: &[Ref], imm: u64) -> Ref {
        if self.effect {
            self.abort.get_or_insert(Abort::LateGuard);
        }
        let snap = self.start_snapshot();
        let exit = self.trace.func.new_exit(snap);
        self.trace.func.push(self.block, op, args, imm, Some(exit))
    }
    fn guard_that(&mut self, condition: Ref, holds: bool) {
        self.guard(if holds { Op::GuardTrue } else { Op::GuardFalse }, &[condition], 0);
    }
    fn load(&mut self, op: Op, args: &[Ref], offset: usize, alias: Alias) -> Ref {
        self.emit(op, args, Place { offset: offset as u32, alias }.to_imm())
    }
    fn store(&mut self, op: Op, args: &[Ref], offset: usize, alias: Alias) {
        self.effect = true;
        self.emit(op, args, Place { offset: offset as u32, alias }.to_imm());
    }
    fn iconst(&mut self, i: i64) -> Ref {
        self.emit(Op::IConst, &[], i as u64)
    }

    /// The word as an SSA value; constants that are objects are held by the region.
    fn word_const(&mut self, w: Word) -> Ref {
        if w.is_ptr() && !self.trace.held.iter().any(|v| v.word() == w) {
            self.trace.held.push(w.to_value());
        }
        self.emit(Op::WConst, &[], w.0)
    }

    /// Establishes by guards what class a value has, and answers it.
    fn class_of(&mut self, v: V) -> Class {
        match v.s {
            Shadow::Const(w) => Class::of(w),
            Shadow::Null => Class::OtherConst,
            Shadow::RangeIter { .. } => Class::Kind(Tag::RANGE_ITER),
            Shadow::Range { .. } => Class::Kind(Tag::RANGE),
            Shadow::Ref { r, .. } => match self.trace.func.ty(r) {
                Ty::Int => Class::Int,
                Ty::Float => Class::Float,
                Ty::Bool => Class::Bool,
                _ => self.class_of_word(r, v.w),
            },
        }
    }
    fn class_of_word(&mut self, r: Ref, w: Word) -> Class {
        match self.known.get(&r) {
            Some(Known::None) => return Class::None,
            Some(Known::Kind(k)) => return Class::Kind(*k),
            Some(Known::Unboxed(u)) => {
                return match self.trace.func.ty(*u) {
                    Ty::Int => Class::Int,
                    Ty::Float => Class::Float,
                    _ => Class::Bool,
                };
            }
            None => {}
        }
        let class = Class::of(w);
        let (test, unbox) = match class {
            Class::Int => (Op::WIsInt, Op::WToI),
            Class::Float => (Op::WIsFloat, Op::WToF),
            Class::Bool => (Op::WIsBool, Op::WToB),
            Class::None | Class::OtherConst => {
                let c = self.emit(Op::WConst, &[], w.0);
                let same = self.emit(Op::WEq, &[r, c], 0);
                self.guard_that(same, true);
                self.known.insert(r, Known::None);
                return class;
            }
            Class::Kind(k) => {
                let is = self.emit(Op::WIsKind, &[r], k.0 as u64);
                self.guard_that(is, true);
                self.known.insert(r, Known::Kind(k));
                return class;
            }
        };
        let is = self.emit(test, &[r], 0);
        self.guard_that(is, true);
        let u = self.emit(unbox, &[r], 0);
        self.known.insert(r, Known::Unboxed(u));
        class
    }

    /// The unboxed content of a value that is an int, float or bool.
    fn unboxed(&mut self, v: V) -> Ref {
        match v.s {
            Shadow::Const(w) if w.is_int() => self.iconst(w.int()),
            Shadow::Const(w) if w.is_float() => self.emit(Op::FConst, &[], w.float().to_bits()),
            Shadow::Const(w) => self.emit(Op::BConst, &[], (w == Word::TRUE) as u64),
            Shadow::Ref { r, .. } if self.trace.func.ty(r) != Ty::Word => r,
            Shadow::Ref { r, .. } => {
                self.class_of(v);
                match self.known.get(&r) {
                    Some(Known::Unboxed(u)) => *u,
                    _ => {
                        self.abort.get_or_insert(Abort::TypeUnstable);
                        r
                    }
                }
            }
            _ => {
                self.abort.get_or_insert(Abort::TypeUnstable);
                self.iconst(0)
            }
        }
    }
    /// The value as a word (no reference is taken).
    fn boxed(&mut self, v: V) -> Ref {
        match v.s {
            Shadow::Const(w) => self.word_const(w),
            Shadow::Ref { r, .. } => match self.trace.func.ty(r) {
                Ty::Int => {
                    self.guard(Op::GuardFits, &[r], 0);
                    self.emit(Op::IToW, &[r], 0)
                }
                Ty::Float => self.emit(Op::FToW, &[r], 0),
                Ty::Bool => self.emit(Op::BToW, &[r], 0),
                _ => r,
            },
            _ => {
                self.abort.get_or_insert(Abort::SharedVirtual);
                self.iconst(0)
            }
        }
    }
    fn address(&mut self, v: V) -> Ref {
        let w = self.boxed(v);
        self.emit(Op::WToP, &[w], 0)
    }
    /// A fresh value of an unboxed type or, of `Word` type, with a reference of its own.
    fn value(&self, w: Word, r: Ref) -> V {
        V { w, s: Shadow::Ref { r, owned: true } }
    }

    /// A word just loaded, of which the trace holds no reference yet: unboxed if it is a number, else owned.
    fn loaded(&mut self, w: Word, r: Ref) -> V {
        match self.class_of_word(r, w) {
            Class::Int | Class::Float | Class::Bool => {
                let Some(Known::Unboxed(u)) = self.known.get(&r).copied() else { return self.value(w, r) };
                self.value(w, u)
            }
            Class::None | Class::OtherConst => V { w, s: Shadow::Const(w) },
            Class::Kind(_) => {
                self.effect = true;
                self.emit(Op::IncRef, &[r], 0);
                self.value(w, r)
            }
        }
    }
}
