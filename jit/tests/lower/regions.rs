//! Whole regions: loops, side segments, nested labels, large exits, random graphs of values.

use crate::support::*;
use seriema_jit::ir::{ENTRY, Func, Op, Ref, Ty};
use seriema_jit::lower::{CompileError, Config};

/// `while i < n: total += i; i += 1`
const SUM: &str = "func sum
    b0: label @0 (v0:int, v1:int, v2:int)
        v3 = ilt v0, v1
        guard.true v3 !e0
        v4 = iadd.ovf v2, v0 !e1
        v5 = iconst 1
        v6 = iadd v0, v5
        jump b0(v6, v1, v4) s1
    e0: s0
    e1: s0
    s0: frame code=0 resume=14 prev=12 func=- [v0, v1, v2]
    s1: frame code=0 resume=0 prev=0 func=- [v6, v1, v4]";

#[test]
fn a_million_rounds() {
    let f = parse(SUM);
    let (exit, buf) = run_native(&mut compiler(), &f, &[0, 1_000_000, 0]);
    assert_eq!((exit, buf[0], buf[2]), (0, 1_000_000, 499_999_500_000));
    let start = i64::MAX as u64 - 10;
    let (exit, buf) = run_native(&mut compiler(), &f, &[0, 1_000_000, start]);
    assert_eq!((exit, buf[0], buf[2]), (1, 5, start + 10));
    agree(&mut compiler(), &f, &[0, 1000, 7]);
}

/// Parameters that swap places on the back edge, floats and bools among them.
#[test]
fn parallel_moves() {
    let f = parse(
        "func swap
        b0: label @0 (v0:int, v1:int, v2:float, v3:float, v4:bool, v5:int)
            v6 = iconst 0
            v7 = igt v5, v6
            guard.true v7 !e0
            v8 = bnot v4
            v9 = iconst 1
            v10 = isub v5, v9
            jump b0(v1, v0, v3, v2, v8, v10) s0
        e0: s0
        s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2, v3, v4]",
    );
    for n in 0..4 {
        agree(&mut compiler(), &f, &[1, 2, 1.5f64.to_bits(), (-0.0f64).to_bits(), 1, n]);
    }
}

/// A hot exit continued by a side segment that sees the parent's values and joins the loop again; a side
/// segment of the side segment leaves.
const SIDES: &str = "func sides
    b0: label @0 (v0:int, v1:int, v2:int)
        v3 = ilt v0, v1
        guard.true v3 !e0
        v4 = iconst 3
        v5 = imod v0, v4
        v6 = iconst 0
        v7 = ieq v5, v6
        guard.false v7 !e1
        v8 = iadd.ovf v2, v0 !e2
        v9 = iconst 1
        v10 = iadd v0, v9
        jump b0(v10, v1, v8) s0
    b1: side e1
        v11 = iconst 1000
        v12 = ilt v2, v11
        guard.true v12 !e3
        v13 = iadd v2, v5
        v14 = iconst 2
        v15 = iadd v13, v14
        v16 = iadd v0, v14
        jump b0(v16, v1, v15) s0
    b2: side e3
        v17 = isub v2, v11
        v18 = call2 v19, v19 #1
        guard.done v18 !e4
        v20 = imul v17, v14x
        exit e5
    e0: s0
    e1: s0 -> b1
    e2: s0
    e3: s0 -> b2
    e4: s0
    e5: s1
    s0: frame code=0 resume=14 prev=12 func=- [v0, v1, v2]
    s1: frame code=0 resume=14 prev=12 func=- [v0, v5, v17, v20, v18]";

fn sides() -> Func {
    let text = SIDES
        .replace("v18 = call2", "v19 = wconst 0xffff000000000005\n        v18 = call2")
        .replace("v20 = imul v17, v14x", "v21 = iconst 7\n        v20 = imul v17, v21")
        .replace("func sides\n", "func sides\nhelpers negate, sum_unless_zero, mix\n");
    parse(&text)
}

#[test]
fn side_segments() {
    let f = sides();
    for policy in POLICIES {
        let mut compiler = compiler_with(Config { calls: policy, ..config() });
        assert_eq!(agree(&mut compiler, &f, &[0, 20, 0]), Some(0));
        assert_eq!(agree(&mut compiler, &f, &[0, 10_000, 0]), Some(5));
        assert_eq!(agree(&mut compiler, &f, &[1, 20, i64::MAX as u64]), Some(2));
    }
}

/// `for i in range(n): for j in range(m): total += i * j`, one function, entered at the outer header; the
/// inner loop's end is a side segment that jumps to the outer label.
const NESTED: &str = "func nested
    b0: label @0 (v0:int, v1:int, v2:int, v3:int)
        v4 = ilt v0, v1
        guard.true v4 !e0
        v5 = iconst 0
        jump b1(v0, v1, v2, v3, v5) s0
    b1: label @10 (v6:int, v7:int, v8:int, v9:int, v10:int)
        v11 = ilt v10, v8
        guard.true v11 !e1
        v12 = imul.ovf v6, v10 !e2
        v13 = iadd.ovf v9, v12 !e2
        v14 = iconst 1
        v15 = iadd v10, v14
        jump b1(v6, v7, v8, v13, v15) s1
    b2: side e1
        v16 = iconst 1
        v17 = iadd v6, v16
        jump b0(v17, v7, v8, v9) s1
    e0: s0
    e1: s1 -> b2
    e2: s1
    s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2, v3]
    s1: frame code=0 resume=10 prev=9 func=- [v6, v7, v8, v9, v10]";

#[test]
fn nested_labels() {
    let f = parse(NESTED);
    let mut compiler = compiler();
    for (n, m, total) in [(0, 0, 0), (5, 7, 0), (100, 100, 5), (3, 3, i64::MAX - 4)] {
        agree(&mut compiler, &f, &[0, n, m, total as u64]);
    }
    let (exit, buf) = run_native(&mut compiler, &f, &[0, 1000, 1000, 0]);
    assert_eq!((exit, buf[3]), (0, 499_500 * 499_500));
}

/// A value of the first label is visible behind a jump when the label dominates.
#[test]
fn dominating_values_cross_jumps() {
    let f = parse(
        "func dominate
        b0: label @0 (v0:int, v1:float, v2:int)
            v3 = imul v0, v0
            v4 = fadd v1, v1
            v5 = iconst 0
            jump b1(v5) s0
        b1: label @5 (v6:int)
            v7 = ilt v6, v3
            guard.true v7 !e0
            v8 = iadd v6, v2
            jump b1(v8) s1
        e0: s1
        s0: frame code=0 resume=0 prev=0 func=- []
        s1: frame code=0 resume=0 prev=0 func=- [v0, v3, v4, v6]",
    );
    agree(&mut compiler(), &f, &[9, 2.5f64.to_bits(), 4]);
}

/// 60 values of every type, kept alive over a guard; two exits share the snapshot.
#[test]
fn exits_with_many_values() {
    let types: Vec<Ty> = (0..60).map(|k| [Ty::Int, Ty::Float, Ty::Bool, Ty::Word, Ty::Ptr][k % 5]).collect();
    let (mut f, p) = entry(&types);
    let mut values = vec![];
    for &r in &p {
        values.push(match f.ty(r) {
            Ty::Int => f.push(ENTRY, Op::IAdd, &[r, p[0]], 0, None),
            Ty::Float => f.push(ENTRY, Op::FMul, &[r, p[1]], 0, None),
            Ty::Bool => f.push(ENTRY, Op::BNot, &[r], 0, None),
            _ => r,
        });
    }
    let s = snap(&mut f, &values);
    let (first, second, third) = (f.new_exit(s), f.new_exit(s), f.new_exit(s));
    let cond = f.push(ENTRY, Op::ILt, &[p[0], p[5]], 0, None);
    f.push(ENTRY, Op::GuardTrue, &[cond], 0, Some(first));
    f.push(ENTRY, Op::IAddOvf, &[p[0], p[5]], 0, Some(second));
    f.push(ENTRY, Op::IMulOvf, &[p[0], p[5]], 0, Some(second));
    f.blocks[0].term = seriema_jit::ir::Term::Exit(third);
    let mut args: Vec<u64> = types
        .iter()
        .enumerate()
        .map(|(k, ty)| match ty {
            Ty::Float => (k as f64 / 3.0).to_bits(),
            Ty::Bool => (k / 5 % 2) as u64,
            _ => k as u64 * 1001,
        })
        .collect();
    let mut compiler = compiler();
    assert_eq!(agree(&mut compiler, &f, &args), Some(2));
    args[5] = i64::MAX as u64;
    args[0] = 2;
    assert_eq!(agree(&mut compiler, &f, &args), Some(1));
    args[0] = u64::MAX;
    args[5] = i64::MIN as u64;
    assert_eq!(agree(&mut compiler, &f, &args), Some(0));
}

/// A bool that a guard, an exit and arithmetic use.
#[test]
fn a_bool_with_many_uses() {
    let f = parse(
        "func bools
        b0: label @0 (v0:int, v1:int, v2:bool)
            v3 = ilt v0, v1
            v4 = bnot v3
            v5 = bnot v4
            guard.true v5 !e0
            guard.false v2 !e1
            v6 = btoi v3
            exit e2
        e0: s0
        e1: s0
        e2: s1
        s0: frame code=0 resume=0 prev=0 func=- [v3, v4, v2]
        s1: frame code=0 resume=0 prev=0 func=- [v6, v4, v5]",
    );
    for args in [[1, 2, 0], [2, 1, 0], [1, 2, 1]] {
        agree(&mut compiler(), &f, &args);
    }
}

/// Straight lines of random instructions, all values stored at the end: register pressure and spills.
#[test]
fn random_lines() {
    let mut seed = 88172645463325252u64;
    let mut random = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % n
    };
    let mut compiler = compiler();
    for _ in 0..60 {
        let (mut f, mut ints) = entry(&[Ty::Int; 6]);
        let mut floats: Vec<Ref> = vec![];
        let length = 30 + random(120);
        for _ in 0..length {
            let (a, b) = (ints[random(ints.len())], ints[random(ints.len())]);
            if random(4) == 0 {
                floats.push(f.push(ENTRY, Op::IToF, &[a], 0, None));
                let (x, y) = (floats[random(floats.len())], floats[random(floats.len())]);
                let op = [Op::FAdd, Op::FSub, Op::FMul, Op::FNeg][random(4)];
                floats.push(f.push(ENTRY, op, &[x, y][..op.args().len()], 0, None));
                continue;
            }
            let op = [Op::IAdd, Op::ISub, Op::IMul, Op::IAnd, Op::IXor, Op::IAddOvf, Op::IConst][random(7)];
            match op {
                Op::IConst => ints.push(f.push(ENTRY, op, &[], random(1 << 40) as u64, None)),
                Op::IAddOvf => {
                    let e = exit(&mut f, &ints[ints.len().saturating_sub(20)..]);
                    ints.push(f.push(ENTRY, op, &[a, b], 0, Some(e)))
                }
                op => ints.push(f.push(ENTRY, op, &[a, b], 0, None)),
            }
        }
        let all: Vec<Ref> = ints.iter().chain(&floats).copied().rev().take(70).collect();
        finish(&mut f, ENTRY, &all);
        let args: Vec<u64> = (0..6).map(|k| (random(1 << 50) as u64) << (k * 2)).collect();
        agree(&mut compiler, &f, &args);
    }
}

#[test]
fn errors() {
    let mut small = compiler_with(Config { max_insts: 2, ..config() });
    let refused = small.compile(&parse(SUM), &[]);
    assert!(matches!(refused, Err(CompileError::TooLarge { what: "instructions", .. })), "{refused:?}");
    let mut few = compiler_with(Config { max_exits: 1, ..config() });
    assert!(matches!(few.compile(&parse(SUM), &[]), Err(CompileError::TooLarge { what: "exits", .. })));

    let mut compiler = compiler();
    let mut open = parse(SUM);
    open.blocks[0].term = seriema_jit::ir::Term::Open;
    assert!(matches!(compiler.compile(&open, &[]), Err(CompileError::Malformed(_))));
    assert!(matches!(compiler.compile(&sides(), &[]), Err(CompileError::Malformed(_))), "no helpers given");
    assert!(matches!(compiler.compile(&Func::default(), &[]), Err(CompileError::Malformed(_))));
    // The compiler is none the worse for it.
    agree(&mut compiler, &parse(SUM), &[0, 10, 0]);
}
