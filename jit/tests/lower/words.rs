//! Words, objects, memory, reference counts, guards on the VM's words, helper calls.

use crate::support::*;
use seriema_jit::ir::{Alias, ENTRY, Op, Place, Ty};
use seriema_jit::layout;
use seriema_jit::lower::Compiler;

const KIND: u64 = 200;

/// An object: header word, type, some payload.
fn object(count: u64, kind: u64) -> Box<[u64; 6]> {
    Box::new([count | kind << 48 | 4 << 56, 0x77, 1, 2, 3, 4])
}

fn word(object: &[u64; 6]) -> u64 {
    object.as_ptr() as u64
}

fn int(i: i64) -> u64 {
    (i as u64 & layout::COUNT_MASK) | layout::INT_TAG
}

/// One word of every kind, and those at the borders between kinds (0 is no word, but must be harmless).
fn plain_words() -> Vec<u64> {
    vec![
        0,
        layout::FLOAT_OFFSET,
        layout::FLOAT_OFFSET + f64::NEG_INFINITY.to_bits(),
        layout::FLOAT_OFFSET + layout::CANONICAL_NAN,
        layout::FLOAT_LIMIT - 1,
        layout::NONE,
        layout::FALSE,
        layout::TRUE,
        layout::ELLIPSIS,
        layout::INT_TAG - 1,
        int(0),
        int(-1),
        int(layout::INT_MAX),
        int(layout::INT_MIN),
    ]
}

#[test]
fn tests_of_words() {
    let mut compiler = compiler();
    let objects = [object(1, KIND), object(2, KIND), object(1, 7)];
    let words: Vec<u64> = plain_words().into_iter().chain(objects.iter().map(|o| word(o))).collect();
    for op in [Op::WIsInt, Op::WIsFloat, Op::WIsBool, Op::WIsKind] {
        let f = single(op, KIND, &[None]);
        for &w in &words {
            agree(&mut compiler, &f, &[w]);
            agree(&mut compiler, &single(op, KIND, &[Some(w)]), &[]);
        }
    }
    let f = single(Op::WEq, 0, &[None, None]);
    for &a in &words {
        for &b in &words {
            agree(&mut compiler, &f, &[a, b]);
        }
    }
}

/// The kind test right before its guard is lowered as two branches.
#[test]
fn guards_on_kinds() {
    let mut compiler = compiler();
    let objects = [object(1, KIND), object(1, 7)];
    let words: Vec<u64> = plain_words().into_iter().chain(objects.iter().map(|o| word(o))).collect();
    for guard in [Op::GuardTrue, Op::GuardFalse] {
        for negate in [false, true] {
            for constant in [false, true] {
                for &w in &words {
                    let (mut f, mut args) = entry(&[Ty::Word]);
                    if constant {
                        args[0] = f.push(ENTRY, Op::WConst, &[], w, None);
                    }
                    let mut is = f.push(ENTRY, Op::WIsKind, &[args[0]], KIND, None);
                    if negate {
                        is = f.push(ENTRY, Op::BNot, &[is], 0, None);
                    }
                    let e = exit(&mut f, &[]);
                    f.push(ENTRY, guard, &[is], 0, Some(e));
                    // What is known about the word now is used here.
                    let again = f.push(ENTRY, Op::WIsKind, &[args[0]], KIND, None);
                    finish(&mut f, ENTRY, &[again]);
                    agree(&mut compiler, &f, &[w]);
                }
            }
        }
    }
}

#[test]
fn boxing() {
    let mut compiler = compiler();
    let ints = [0, 1, -1, layout::INT_MAX, layout::INT_MIN, 123_456_789];
    for i in ints {
        agree(&mut compiler, &single(Op::IToW, 0, &[None]), &[i as u64]);
        agree(&mut compiler, &single(Op::WToI, 0, &[None]), &[int(i)]);
    }
    for i in [layout::INT_MAX + 1, layout::INT_MIN - 1, i64::MAX, i64::MIN] {
        assert_eq!(agree(&mut compiler, &single(Op::GuardFits, 0, &[None]), &[i as u64]), Some(0));
    }
    for i in ints {
        assert_eq!(agree(&mut compiler, &single(Op::GuardFits, 0, &[None]), &[i as u64]), Some(1));
    }
    let negative_nan = 0xFFFF_FFFF_FFFF_FFFF;
    for bits in
        [0, 1.5f64.to_bits(), (-0.0f64).to_bits(), f64::INFINITY.to_bits(), negative_nan, 0x7FF0 << 48 | 1]
    {
        agree(&mut compiler, &single(Op::FToW, 0, &[None]), &[bits]);
        let (_, buf) = run_native(&mut compiler, &single(Op::FToW, 0, &[None]), &[bits]);
        assert!((layout::FLOAT_OFFSET..layout::FLOAT_LIMIT).contains(&buf[0]), "{bits:x}");
        agree(&mut compiler, &single(Op::WToF, 0, &[None]), &[buf[0]]);
    }
    for b in [0, 1] {
        agree(&mut compiler, &single(Op::BToW, 0, &[None]), &[b]);
        agree(&mut compiler, &single(Op::WToB, 0, &[None]), &[layout::FALSE + b]);
    }
    agree(&mut compiler, &single(Op::WToP, 0, &[None]), &[0x1234_5678]);
}

/// Runs on two copies of the same memory; result, buffer and memory must be the same.
fn counts(compiler: &mut Compiler, op: Op, w: Option<u64>, count: u64, constant: bool) -> (u64, u64) {
    let o = object(count, KIND);
    let w = w.unwrap_or(word(&o));
    let f = if constant { single(op, 0, &[Some(w)]) } else { single(op, 0, &[None]) };
    let (exit, _) = run_native(compiler, &f, &[w]);
    // Read the way compiled code wrote it.
    // SAFETY: `o` is alive.
    let header = unsafe { std::ptr::read_volatile(o.as_ptr()) };
    assert_eq!(header >> 48, 4 << 8 | KIND, "kind and flags stay");
    (exit, header & layout::COUNT_MASK)
}

#[test]
fn reference_counts() {
    let mut compiler = compiler();
    for constant in [false, true] {
        for w in plain_words() {
            for op in [Op::IncRef, Op::DecRef] {
                assert_eq!(counts(&mut compiler, op, Some(w), 3, constant).1, 3);
            }
            assert_eq!(counts(&mut compiler, Op::GuardShared, Some(w), 1, constant).0, 1);
        }
        assert_eq!(counts(&mut compiler, Op::IncRef, None, 1, constant).1, 2);
        assert_eq!(counts(&mut compiler, Op::DecRef, None, 2, constant).1, 1);
        for (count, exit) in [(1, 0), (2, 1), (1 << 47, 1), (0x1_0000_0001, 1)] {
            assert_eq!(counts(&mut compiler, Op::GuardShared, None, count, constant), (exit, count));
        }
    }
}

/// Every memory instruction on a fake list: `l[i], l.len = l[j], l.len + 1`.
#[test]
fn fake_list() {
    let source = format!(
        "func list
        b0: label @0 (v0:word, v1:int, v2:int)
            v3 = w.iskind v0 #{KIND}
            guard.true v3 !e0
            v4 = w.top v0
            v5 = load.int v4 @list+{len}
            v6 = iult v1, v5
            guard.true v6 !e0
            v7 = load.ptr v4 @list+{items}
            v8 = load.elem v7, v2 @items+0
            store.elem v7, v1, v8 @items+0
            v9 = iadd.ovf v5, v10 !e0
            store.int v4, v9 @list+{len}
            v11 = load.word v4 @immutable+8
            store.word v4, v8 @any+8
            exit e1
        e0: s0
        e1: s1
        s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2]
        s1: frame code=0 resume=0 prev=0 func=- [v4, v5, v8, v11]",
        len = layout::LIST_LEN,
        items = layout::LIST_ITEMS,
    )
    .replace("v9 = iadd", "v10 = iconst 1\n            v9 = iadd");
    let f = parse(&source);
    let run = |i: i64, j: i64, kind: u64, native: bool| {
        let mut items = [int(10), int(20), int(30)];
        let mut list = object(1, kind);
        list[2] = items.as_mut_ptr() as u64;
        list[3] = items.len() as u64;
        let mut buf = [0; CELLS];
        buf[..3].copy_from_slice(&[list.as_mut_ptr() as u64, i as u64, j as u64]);
        let exit = if native {
            let (exit, after) = run_native(&mut compiler(), &f, &buf[..3]);
            buf.copy_from_slice(&after);
            exit
        } else {
            seriema_jit::ir::eval::eval(&f, &mut buf, &mut Machine).expect("to run").0 as u64
        };
        // SAFETY: both arrays are alive; written through their addresses above.
        let memory = unsafe { (std::ptr::read_volatile(&items), std::ptr::read_volatile(&*list)) };
        (exit, buf[1..4].to_vec(), memory.0, memory.1[1], memory.1[3])
    };
    for (i, j, kind) in [(0, 2, KIND), (2, 0, KIND), (3, 0, KIND), (-1, 0, KIND), (0, 0, 7)] {
        assert_eq!(run(i, j, kind, true), run(i, j, kind, false), "{i} {j}");
    }
    assert_eq!(run(1, 2, KIND, true).2, [int(10), int(30), int(30)]);
}

/// Offsets from 0 to beyond 2^31 (the address is never touched: the base makes up for it).
#[test]
fn offsets() {
    let mut compiler = compiler();
    let cell = Box::new(42u64);
    for offset in [0u32, 8, 4096, 0x7FFF_FFF8, 0x8000_0000, 0xFFFF_FFF8] {
        let imm = Place { offset, alias: Alias::Any }.to_imm();
        let base = (&*cell as *const u64 as u64).wrapping_sub(offset as u64);
        assert_eq!(run_native(&mut compiler, &single(Op::LoadInt, imm, &[None]), &[base]).1[0], 42);
        let elem = single(Op::LoadElem, imm, &[None, None]);
        assert_eq!(run_native(&mut compiler, &elem, &[base.wrapping_sub(24), 3]).1[0], 42);
        let elem = single(Op::LoadElem, imm, &[None, Some(-2i64 as u64)]);
        assert_eq!(run_native(&mut compiler, &elem, &[base.wrapping_add(16)]).1[0], 42);
    }
}

#[test]
fn polls() {
    let mut compiler = compiler();
    for value in [0u64, 1, 1 << 63] {
        let flag = Box::new(value);
        let at = &*flag as *const u64 as u64;
        assert_eq!(agree(&mut compiler, &single(Op::Poll, at, &[]), &[]), Some((value == 0) as u64));
        assert_eq!(agree(&mut compiler, &single(Op::GuardValid, at, &[]), &[]), Some((value != 0) as u64));
    }
}

#[test]
fn guards_on_bools_and_results() {
    let mut compiler = compiler();
    for b in [0, 1] {
        assert_eq!(agree(&mut compiler, &single(Op::GuardTrue, 0, &[None]), &[b]), Some(b));
        assert_eq!(agree(&mut compiler, &single(Op::GuardFalse, 0, &[None]), &[b]), Some(1 - b));
        assert_eq!(agree(&mut compiler, &single(Op::GuardTrue, 0, &[Some(b)]), &[]), Some(b));
    }
    for w in [0, 1, 1 << 32, u64::MAX] {
        assert_eq!(agree(&mut compiler, &single(Op::GuardDone, 0, &[None]), &[w]), Some((w != 0) as u64));
    }
}

/// Helpers get the VM and their words; many values live across; floats survive.
#[test]
fn calls() {
    for policy in POLICIES {
        let mut vm = Vm::default();
        let config = seriema_jit::lower::Config { calls: policy, ..config() };
        let mut compiler = Compiler::new(&raw mut vm as *mut u8, config).expect("a compiler");
        let types: Vec<Ty> = (0..24).map(|k| [Ty::Word, Ty::Float, Ty::Int][k % 3]).collect();
        let (mut f, p) = entry(&types);
        let one = f.push(ENTRY, Op::Call1, &[p[0]], 0, None);
        let two = f.push(ENTRY, Op::Call2, &[one, p[3]], 1, None);
        let e = exit(&mut f, &p);
        f.push(ENTRY, Op::GuardDone, &[two], 0, Some(e));
        let three = f.push(ENTRY, Op::Call3, &[p[0], two, one], 2, None);
        let again = f.push(ENTRY, Op::Call3, &[three, three, p[6]], 2, None);
        let all: Vec<_> = p.iter().copied().chain([one, two, three, again]).collect();
        finish(&mut f, ENTRY, &all);
        let mut args: Vec<u64> = (0..24).map(|k| 1000 + k * 17).collect();
        assert_eq!(agree(&mut compiler, &f, &args), Some(1));
        args[3] = (!args[0]).wrapping_neg();
        assert_eq!(agree(&mut compiler, &f, &args), Some(0), "the helper bails");
        drop(compiler);
        assert_eq!(vm.calls, 6);
    }
}

/// A chain of kinds: each failed test goes on in a side segment, with what is known about the word there.
#[test]
fn chains_of_kinds() {
    let objects = [object(3, KIND), object(3, 7), object(3, 8)];
    let words: Vec<u64> = plain_words().into_iter().chain(objects.iter().map(|o| word(o))).collect();
    for (first, second) in [("true", "true"), ("true", "false"), ("false", "true"), ("false", "false")] {
        let f = parse(&format!(
            "func chain
            b0: label @0 (v0:word)
                v1 = w.iskind v0 #{KIND}
                guard.{first} v1 !e0
                incref v0
                exit e1
            b1: side e0
                v2 = w.iskind v0 #7
                guard.{second} v2 !e2
                incref v0
                incref v0
                exit e3
            b2: side e2
                v3 = w.isint v0
                guard.false v3 !e4
                v4 = w.iskind v0 #8
                exit e5
            e0: s0 -> b1
            e1: s0
            e2: s0 -> b2
            e3: s0
            e4: s0
            e5: s1
            s0: frame code=0 resume=0 prev=0 func=- [v0]
            s1: frame code=0 resume=0 prev=0 func=- [v0, v4]"
        ));
        for &w in &words {
            agree(&mut compiler(), &f, &[w]);
        }
    }
}
