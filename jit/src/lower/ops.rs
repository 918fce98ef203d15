//! The scalar instructions: ints, floats, bools, and the int operations that leave on overflow.
//!
//! ```text
//!   i // 10   ->  s = i >> 63;  ((umulhi(i ^ s, M) >> k) ^ s)      no division
//!   i +! 1    ->  r = i + 1;  leave if r < i                       no overflow flag
//! ```

use super::Result;
use super::build::{Lower, malformed};
use crate::ir::{Inst, Op, Ref};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lower<'_, '_> {
    /// Instructions that depend on their operands alone.
    pub fn scalar(&mut self, inst: &Inst) -> Result<Value> {
        if let (Op::IFloorDiv | Op::IMod, [a, b]) = (inst.op, inst.args()) {
            return self.floor_division(inst.op, *a, *b);
        }
        let [x, y] = self.operands(inst)?;
        let ins = self.b.ins();
        Ok(match inst.op {
            Op::IAdd => ins.iadd(x, y),
            Op::ISub => ins.isub(x, y),
            Op::IMul => ins.imul(x, y),
            Op::IAnd => ins.band(x, y),
            Op::IOr => ins.bor(x, y),
            Op::IXor => ins.bxor(x, y),
            Op::IShl => ins.ishl(x, y),
            Op::IShr => ins.sshr(x, y),
            Op::ILt => ins.icmp(IntCC::SignedLessThan, x, y),
            Op::ILe => ins.icmp(IntCC::SignedLessThanOrEqual, x, y),
            Op::IGt => ins.icmp(IntCC::SignedGreaterThan, x, y),
            Op::IGe => ins.icmp(IntCC::SignedGreaterThanOrEqual, x, y),
            Op::IEq => ins.icmp(IntCC::Equal, x, y),
            Op::INe => ins.icmp(IntCC::NotEqual, x, y),
            Op::IULt => ins.icmp(IntCC::UnsignedLessThan, x, y),
            Op::FAdd => ins.fadd(x, y),
            Op::FSub => ins.fsub(x, y),
            Op::FMul => ins.fmul(x, y),
            Op::FDiv => ins.fdiv(x, y),
            Op::FNeg => ins.fneg(x),
            Op::FLt => ins.fcmp(FloatCC::LessThan, x, y),
            Op::FLe => ins.fcmp(FloatCC::LessThanOrEqual, x, y),
            Op::FGt => ins.fcmp(FloatCC::GreaterThan, x, y),
            Op::FGe => ins.fcmp(FloatCC::GreaterThanOrEqual, x, y),
            Op::FEq => ins.fcmp(FloatCC::Equal, x, y),
            Op::FNe => ins.fcmp(FloatCC::NotEqual, x, y),
            Op::IToF => ins.fcvt_from_sint(types::F64, x),
            Op::BNot => ins.bxor_imm_u(x, 1),
            Op::BToI => ins.uextend(types::I64, x),
            op => return Err(malformed(format_args!("no lowering of {}", op.name()))),
        })
    }

    /// The first two operands; where there is only one, it stands for both.
    fn operands(&mut self, inst: &Inst) -> Result<[Value; 2]> {
        match *inst.args() {
            [a] => self.value(a).map(|x| [x; 2]),
            [a, b] => Ok([self.value(a)?, self.value(b)?]),
            _ => Err(malformed(format_args!("operands of {}", inst.op.name()))),
        }
    }

    /// Python's `//` and `%`. The divisor is neither 0 nor -1, so that no machine division can trap.
    fn floor_division(&mut self, op: Op, a: Ref, b: Ref) -> Result<Value> {
        let x = self.value(a)?;
        match self.const_int(b) {
            Some(d) if d > 0 && d & (d - 1) == 0 => Ok(match op {
                Op::IFloorDiv => self.b.ins().sshr_imm_u(x, d.trailing_zeros() as i64),
                _ => self.b.ins().band_imm_s(x, d - 1),
            }),
            Some(d) if d > 2 => {
                let q = self.floor_by_constant(x, d);
                if op == Op::IFloorDiv {
                    return Ok(q);
                }
                let product = self.b.ins().imul_imm_s(q, d);
                Ok(self.b.ins().isub(x, product))
            }
            _ => {
                let y = self.value(b)?;
                Ok(self.floor_by_variable(op, x, y))
            }
        }
    }

    /// `floor(x / d)` for a constant `d > 2` that is no power of two.
    ///
    /// `u = x ^ (x >> 63)` (x, or ~x where x is negative) is below 2^63, and `floor(x / d)` is `u / d` with
    /// the same bits flipped back. With `2^(l-1) < d < 2^l` and `m = ceil(2^(63+l) / d) < 2^64`, the product
    /// `u * m >> (63 + l)` is exact for all such u: m exceeds the true quotient by less than `2^l / d`
    /// (Granlund and Montgomery 1994, theorem 4.2 with N = 63).
    fn floor_by_constant(&mut self, x: Value, d: i64) -> Value {
        let l = 64 - (d as u64 - 1).leading_zeros();
        let m = (1u128 << (63 + l)).div_ceil(d as u128) as u64;
        let sign = self.b.ins().sshr_imm_u(x, 63);
        let u = self.b.ins().bxor(x, sign);
        let m = self.b.ins().iconst(types::I64, m as i64);
        let high = self.b.ins().umulhi(u, m);
        let q = self.b.ins().ushr_imm_u(high, (l - 1) as i64);
        self.b.ins().bxor(q, sign)
    }

    /// The machine rounds to 0: where there is a remainder whose sign is not the divisor's, the floor is one
    /// less and the remainder one divisor more.
    fn floor_by_variable(&mut self, op: Op, x: Value, y: Value) -> Value {
        let q = self.b.ins().sdiv(x, y);
        let product = self.b.ins().imul(q, y);
        let r = self.b.ins().isub(x, product);
        let signs = self.b.ins().bxor(r, y);
        let differ = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
        let some = self.b.ins().icmp_imm_s(IntCC::NotEqual, r, 0);
        let fix = self.b.ins().band(differ, some);
        if op == Op::IFloorDiv {
            let one = self.b.ins().uextend(types::I64, fix);
            return self.b.ins().isub(q, one);
        }
        let up = self.b.ins().iadd(r, y);
        self.b.ins().select(fix, up, r)
    }

    /// `iadd.ovf`, `isub.ovf`, `imul.ovf`. Adding a constant overflows exactly when the sum moved the wrong
    /// way: a compare and branch, where the overflow flag would take a `setcc` and a test.
    pub fn overflow_op(&mut self, r: Ref, inst: &Inst) -> Result<Value> {
        let exit = self.exit_of(inst)?;
        let (mut a, mut b) = (inst.args[0], inst.args[1]);
        if inst.op == Op::IAddOvf && self.const_int(a).is_some() {
            std::mem::swap(&mut a, &mut b);
        }
        let (x, y) = (self.value(a)?, self.value(b)?);
        let constant = self.const_int(b).filter(|_| inst.op != Op::IMulOvf);
        let (value, overflow) = match (inst.op, constant) {
            (Op::IMulOvf, _) => self.b.ins().smul_overflow(x, y),
            (Op::IAddOvf, None) => self.b.ins().sadd_overflow(x, y),
            (Op::ISubOvf, None) => self.b.ins().ssub_overflow(x, y),
            (op, Some(c)) => {
                let add = op == Op::IAddOvf;
                let value = if add { self.b.ins().iadd(x, y) } else { self.b.ins().isub(x, y) };
                let wrong = if add == (c >= 0) { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
                (value, self.b.ins().icmp(wrong, value, x))
            }
            (op, None) => return Err(malformed(format_args!("{r} = {}", op.name()))),
        };
        self.guard(overflow, false, exit, None)?;
        Ok(value)
    }
}
