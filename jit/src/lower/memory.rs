//! Words, objects and memory: boxing, kind tests, loads and stores, reference counts.
//!
//! All numbers come from [`crate::layout`]. A word is only followed where it is a pointer:
//!
//! ```text
//!   w.iskind w, K:   w - 1 <u 2^48 - 1 ──no──> false
//!                        │yes
//!                    byte [w + 6] == K
//! ```

use super::Result;
use super::build::{Lower, TRUSTED, malformed};
use crate::ir::{ExitId, Inst, Op, Place, Ref};
use crate::layout;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, Value, types};

/// Pointers are the words from 1 to this one, exclusive.
const POINTER_END: u64 = layout::FLOAT_OFFSET;

impl Lower<'_, '_> {
    /// Instructions on words that depend on their operands alone.
    pub fn word_op(&mut self, inst: &Inst) -> Result<Value> {
        if inst.op == Op::WIsKind {
            return self.is_kind(inst.args[0], inst.imm as u16);
        }
        let x = self.value(inst.args[0])?;
        Ok(match inst.op {
            Op::WIsInt => self.compare(IntCC::UnsignedGreaterThanOrEqual, x, layout::INT_TAG),
            Op::WIsFloat => {
                let bits = self.sub_offset(x);
                let limit = layout::FLOAT_LIMIT - layout::FLOAT_OFFSET;
                self.compare(IntCC::UnsignedLessThan, bits, limit)
            }
            Op::WIsBool => {
                // False and True differ in the lowest bit only.
                let either = self.b.ins().bor_imm_s(x, 1);
                self.compare(IntCC::Equal, either, layout::TRUE)
            }
            Op::WEq => {
                let y = self.value(inst.args[1])?;
                self.b.ins().icmp(IntCC::Equal, x, y)
            }
            Op::WToI => self.sign_extend(x),
            Op::WToF => {
                let bits = self.sub_offset(x);
                self.b.ins().bitcast(types::F64, MemFlagsData::new(), bits)
            }
            Op::WToB => {
                let bit = self.b.ins().band_imm_s(x, 1);
                self.b.ins().ireduce(types::I8, bit)
            }
            Op::WToP => x,
            // An int that fits has its sign in all the bits that the tag sets: no mask is needed.
            Op::IToW => {
                let tag = self.word(layout::INT_TAG);
                self.b.ins().bor(x, tag)
            }
            Op::FToW => self.box_float(x),
            Op::BToW => {
                let bit = self.b.ins().uextend(types::I64, x);
                let no = self.word(layout::FALSE);
                self.b.ins().bor(bit, no)
            }
            op => return Err(malformed(format_args!("no lowering of {}", op.name()))),
        })
    }

    fn word(&mut self, w: u64) -> Value {
        self.b.ins().iconst(types::I64, w as i64)
    }

    fn compare(&mut self, cc: IntCC, x: Value, w: u64) -> Value {
        let w = self.word(w);
        self.b.ins().icmp(cc, x, w)
    }

    fn sub_offset(&mut self, x: Value) -> Value {
        let offset = self.word(layout::FLOAT_OFFSET);
        self.b.ins().isub(x, offset)
    }

    /// The low 48 bits as a signed number.
    fn sign_extend(&mut self, x: Value) -> Value {
        let shift = (64 - layout::INT_BITS) as i64;
        let high = self.b.ins().ishl_imm_u(x, shift);
        self.b.ins().sshr_imm_u(high, shift)
    }

    /// A NaN with another payload could look like a word of another kind.
    fn box_float(&mut self, x: Value) -> Value {
        let bits = self.b.ins().bitcast(types::I64, MemFlagsData::new(), x);
        let nan = self.word(layout::CANONICAL_NAN);
        let number = self.b.ins().fcmp(FloatCC::Ordered, x, x);
        let bits = self.b.ins().select(number, bits, nan);
        let offset = self.word(layout::FLOAT_OFFSET);
        self.b.ins().iadd(bits, offset)
    }

    // ---- pointers

    /// Is the word a pointer? `None`: has to be tested.
    fn known_pointer(&self, w: Ref) -> Option<bool> {
        match self.inst_of(w).map(|i| (i.op, i.imm)) {
            Some((Op::WConst, imm)) => Some((1..POINTER_END).contains(&imm)),
            Some((Op::IToW | Op::FToW | Op::BToW, _)) => Some(false),
            _ => self.facts.get(&w).copied(),
        }
    }

    /// Not 0, and nothing in the upper 16 bits: one comparison, as 0 - 1 wraps to the largest word.
    fn is_pointer(&mut self, x: Value) -> Value {
        let before = self.b.ins().iadd_imm_s(x, -1);
        self.compare(IntCC::UnsignedLessThan, before, POINTER_END - 1)
    }

    fn kind_is(&mut self, object: Value, kind: u16) -> Value {
        let half = self.b.ins().load(types::I16, TRUSTED, object, layout::HEADER_KIND as i32);
        let tag = self.b.ins().band_imm_s(half, layout::TAG_MASK as i64);
        self.b.ins().icmp_imm_u(IntCC::Equal, tag, kind as i64)
    }

    /// The kind test as a bool.
    fn is_kind(&mut self, w: Ref, kind: u16) -> Result<Value> {
        let x = self.value(w)?;
        match self.known_pointer(w) {
            Some(true) => return Ok(self.kind_is(x, kind)),
            Some(false) => return Ok(self.b.ins().iconst(types::I8, 0)),
            None => {}
        }
        let (object, done) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, types::I8);
        let no = self.b.ins().iconst(types::I8, 0);
        let pointer = self.is_pointer(x);
        self.b.ins().brif(pointer, object, &[], done, &[BlockArg::Value(no)]);
        self.continue_in(object);
        let same = self.kind_is(x, kind);
        self.b.ins().jump(done, &[BlockArg::Value(same)]);
        self.continue_in(done);
        Ok(result)
    }

    /// The kind test and the guard on it in one: leaves unless the answer is `pass`.
    pub fn guard_kind(&mut self, w: Ref, kind: u16, pass: bool, exit: ExitId) -> Result<()> {
        let x = self.value(w)?;
        let fact = (!pass).then_some((w, true));
        match self.known_pointer(w) {
            Some(false) => {
                let no = self.b.ins().iconst(types::I8, 0);
                return self.guard(no, pass, exit, None);
            }
            Some(true) => {}
            None if pass => {
                let pointer = self.is_pointer(x);
                self.guard(pointer, true, exit, None)?;
            }
            None => {
                let (object, next) = (self.b.create_block(), self.b.create_block());
                let pointer = self.is_pointer(x);
                self.b.ins().brif(pointer, object, &[], next, &[]);
                self.continue_in(object);
                let same = self.kind_is(x, kind);
                let out = self.exit(exit, fact)?;
                self.b.ins().brif(same, out, &[], next, &[]);
                self.continue_in(next);
                return Ok(());
            }
        }
        let same = self.kind_is(x, kind);
        self.guard(same, pass, exit, fact)?;
        if pass {
            self.facts.insert(w, true);
        }
        Ok(())
    }

    // ---- guards that look at memory or bits

    pub fn special_guard(&mut self, inst: &Inst) -> Result<()> {
        let exit = self.exit_of(inst)?;
        match inst.op {
            Op::GuardShared => self.guard_shared(inst.args[0], exit),
            Op::Poll | Op::GuardValid => {
                let address = self.word(inst.imm);
                let flags = self.b.ins().load(types::I64, TRUSTED, address, 0);
                self.guard(flags, inst.op == Op::GuardValid, exit, None)
            }
            Op::GuardDone => {
                let x = self.value(inst.args[0])?;
                self.guard(x, true, exit, None)
            }
            Op::GuardFits => {
                let x = self.value(inst.args[0])?;
                let same = self.sign_extend(x);
                let fits = self.b.ins().icmp(IntCC::Equal, same, x);
                self.guard(fits, true, exit, None)
            }
            op => Err(malformed(format_args!("no lowering of {}", op.name()))),
        }
    }

    /// Leaves when the word is a pointer and its object's count is 1.
    fn guard_shared(&mut self, w: Ref, exit: ExitId) -> Result<()> {
        self.if_pointer(w, |lower, object| {
            let header = lower.b.ins().load(types::I64, TRUSTED, object, layout::HEADER_COUNT as i32);
            let count = lower.b.ins().ishl_imm_u(header, layout::COUNT_SHIFT as i64);
            let last = lower.compare(IntCC::Equal, count, 1 << layout::COUNT_SHIFT);
            lower.guard(last, false, exit, None)
        })
    }

    /// Adds to the reference count of the object, if the word is a pointer.
    pub fn count(&mut self, w: Ref, delta: i64) -> Result<()> {
        self.if_pointer(w, |lower, object| {
            let offset = layout::HEADER_COUNT as i32;
            let header = lower.b.ins().load(types::I64, TRUSTED, object, offset);
            let header = lower.b.ins().iadd_imm_s(header, delta);
            lower.b.ins().store(TRUSTED, header, object, offset);
            Ok(())
        })
    }

    /// Does `then` with the object's address where the word is a pointer.
    fn if_pointer(&mut self, w: Ref, then: impl FnOnce(&mut Self, Value) -> Result<()>) -> Result<()> {
        let x = self.value(w)?;
        match self.known_pointer(w) {
            Some(false) => return Ok(()),
            Some(true) => return then(self, x),
            None => {}
        }
        let (object, done) = (self.b.create_block(), self.b.create_block());
        let pointer = self.is_pointer(x);
        self.b.ins().brif(pointer, object, &[], done, &[]);
        self.continue_in(object);
        then(self, x)?;
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
        Ok(())
    }

    // ---- loads and stores

    pub fn load(&mut self, inst: &Inst) -> Result<Value> {
        let (address, offset) = self.address(inst, inst.op == Op::LoadElem)?;
        Ok(self.b.ins().load(types::I64, TRUSTED, address, offset))
    }

    pub fn store(&mut self, inst: &Inst) -> Result<()> {
        let elem = inst.op == Op::StoreElem;
        let (address, offset) = self.address(inst, elem)?;
        let value = self.value(inst.args[if elem { 2 } else { 1 }])?;
        self.b.ins().store(TRUSTED, value, address, offset);
        Ok(())
    }

    /// Base and displacement, in the form that the instruction selection folds into one operand.
    fn address(&mut self, inst: &Inst, elem: bool) -> Result<(Value, i32)> {
        let mut base = self.value(inst.args[0])?;
        if elem {
            let index = self.value(inst.args[1])?;
            let index = self.b.ins().ishl_imm_u(index, 3);
            base = self.b.ins().iadd(base, index);
        }
        let offset = Place::from_imm(inst.imm).offset;
        match i32::try_from(offset) {
            Ok(offset) => Ok((base, offset)),
            Err(_) => Ok((self.b.ins().iadd_imm_u(base, offset as i64), 0)),
        }
    }
}
