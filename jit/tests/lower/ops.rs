//! Every scalar instruction, on edge values, with operands in registers and as constants.

use crate::support::*;
use seriema_jit::ir::{Op, Ty};

const INTS: [i64; 22] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    -7,
    10,
    -10,
    62,
    63,
    1000,
    i32::MAX as i64,
    i32::MIN as i64,
    (1 << 47) - 1,
    1 << 47,
    -(1 << 47),
    -(1 << 47) - 1,
    i64::MAX,
    i64::MIN + 1,
    i64::MIN,
];

fn floats() -> Vec<u64> {
    let special = [0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001, 1, 0x8000_0000_0000_0001];
    let plain = [0.0, -0.0, 1.0, -1.0, 0.5, 1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    plain.iter().map(|x: &f64| x.to_bits()).chain(special).collect()
}

fn values(ty: Ty) -> Vec<u64> {
    match ty {
        Ty::Int => INTS.iter().map(|&i| i as u64).collect(),
        Ty::Float => floats(),
        Ty::Bool => vec![0, 1],
        _ => vec![],
    }
}

/// Instructions on ints, floats and bools only.
fn scalar_ops() -> impl Iterator<Item = Op> {
    let scalar = |ty: &Ty| matches!(ty, Ty::Int | Ty::Float | Ty::Bool);
    Op::ALL.iter().copied().filter(move |op| {
        !op.args().is_empty() && op.args().iter().all(scalar) && !matches!(op, Op::IToW | Op::FToW | Op::BToW)
    })
}

/// All operands in registers: one compilation an op, all pairs of values.
#[test]
fn registers() {
    let mut compiler = compiler();
    for op in scalar_ops() {
        let f = single(op, 0, &[None; 3]);
        let mut ran = 0;
        for &a in &values(op.args()[0]) {
            for &b in op.args().get(1).map_or(vec![0], |&ty| values(ty)).iter() {
                let args = [a, b];
                ran += agree(&mut compiler, &f, &args[..op.args().len()]).is_some() as u32;
            }
        }
        assert!(ran > 0, "{} never ran", op.name());
    }
}

/// What the tests in `words` take care of.
const OTHERS: &[Op] = &[
    Op::WIsInt,
    Op::WIsFloat,
    Op::WIsBool,
    Op::WIsKind,
    Op::WEq,
    Op::WToI,
    Op::WToF,
    Op::WToB,
    Op::WToP,
    Op::IToW,
    Op::FToW,
    Op::BToW,
    Op::Poll,
    Op::GuardValid,
    Op::GuardShared,
    Op::LoadInt,
    Op::LoadPtr,
    Op::LoadWord,
    Op::LoadElem,
    Op::StoreInt,
    Op::StoreWord,
    Op::StoreElem,
    Op::IncRef,
    Op::DecRef,
    Op::Call1,
    Op::Call2,
    Op::Call3,
    Op::GuardDone,
];

#[test]
fn no_op_is_forgotten() {
    let constants = [Op::IConst, Op::FConst, Op::BConst, Op::WConst, Op::PConst];
    for op in Op::ALL {
        let here = scalar_ops().any(|s| s == *op) || constants.contains(op);
        assert!(here || OTHERS.contains(op), "{} has no test", op.name());
    }
}

/// One operand a constant: the instruction selection takes other forms.
#[test]
fn constants() {
    let mut compiler = compiler();
    for op in scalar_ops().filter(|op| op.args().len() == 2) {
        let (left, right) = (values(op.args()[0]), values(op.args()[1]));
        for &c in &right {
            let f = single(op, 0, &[None, Some(c)]);
            for &a in &left {
                agree(&mut compiler, &f, &[a]);
            }
        }
        for &c in left.iter().step_by(3) {
            let f = single(op, 0, &[Some(c), None]);
            for &b in &right {
                agree(&mut compiler, &f, &[b]);
            }
        }
    }
}

/// Floor division without a division instruction: divisors around powers of two, dividends around multiples.
#[test]
fn division_by_constants() {
    let mut compiler = compiler();
    let powers = (1..63).flat_map(|k| [(1i64 << k) - 1, 1 << k, (1 << k) + 1]);
    let divisors = powers.chain([3, 5, 6, 7, 9, 10, 11, 12, 25, 60, 97, 1000, 1_000_003, i64::MAX, -3, -8]);
    for d in divisors.filter(|d| !matches!(d, 0 | -1)) {
        for op in [Op::IFloorDiv, Op::IMod] {
            let f = single(op, 0, &[None, Some(d as u64)]);
            let multiples = [1, -1, 5, -5, i64::MAX / d, i64::MIN / d].map(|k: i64| k.wrapping_mul(d));
            let around = multiples.iter().flat_map(|&m| [m, m.wrapping_sub(1), m.wrapping_add(1)]);
            for x in around.chain(INTS) {
                agree(&mut compiler, &f, &[x as u64]).expect("a value");
            }
        }
    }
}

/// The exit of an overflow has the operands; whatever passes has the sum.
#[test]
fn overflow_exits() {
    let mut compiler = compiler();
    for (op, a, b, exit) in [
        (Op::IAddOvf, i64::MAX, 1, 0),
        (Op::IAddOvf, i64::MAX, 0, 1),
        (Op::IAddOvf, i64::MIN, -1, 0),
        (Op::ISubOvf, i64::MIN, 1, 0),
        (Op::ISubOvf, 0, i64::MIN, 0),
        (Op::ISubOvf, -1, i64::MIN, 1),
        (Op::IMulOvf, i64::MIN, -1, 0),
        (Op::IMulOvf, 1 << 32, 1 << 31, 0),
        (Op::IMulOvf, -(1 << 32), 1 << 31, 1),
    ] {
        let both = [a as u64, b as u64];
        assert_eq!(agree(&mut compiler, &single(op, 0, &[None, None]), &both), Some(exit));
        assert_eq!(agree(&mut compiler, &single(op, 0, &[None, Some(both[1])]), &both[..1]), Some(exit));
        assert_eq!(agree(&mut compiler, &single(op, 0, &[Some(both[0]), None]), &both[1..]), Some(exit));
    }
}

/// Constants of every type reach the exit's cells.
#[test]
fn constants_in_exits() {
    let (mut f, _) = entry(&[]);
    let cells = [
        (Op::IConst, i64::MIN as u64),
        (Op::FConst, (-0.0f64).to_bits()),
        (Op::BConst, 1),
        (Op::WConst, 0xFFFE_0000_0000_0003),
        (Op::PConst, 0x1234_5678),
    ];
    let refs: Vec<_> =
        cells.iter().map(|&(op, imm)| f.push(seriema_jit::ir::ENTRY, op, &[], imm, None)).collect();
    finish(&mut f, seriema_jit::ir::ENTRY, &refs);
    let (_, buf) = run_native(&mut compiler(), &f, &[]);
    assert_eq!(buf[..5], cells.map(|c| c.1));
}
