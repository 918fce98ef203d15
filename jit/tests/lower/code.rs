//! Code memory, dumps, determinism, and other targets.

use crate::support::*;
use seriema_jit::code_memory::{Arena, ArenaError, CodeHandle, GRAIN};
use seriema_jit::ir::{ENTRY, Func, Op, Ty};
use seriema_jit::lower::{CompileError, Config};

fn constant(n: u64) -> Func {
    let (mut f, _) = entry(&[]);
    let r = f.push(ENTRY, Op::IConst, &[], n, None);
    finish(&mut f, ENTRY, &[r]);
    f
}

fn bytes(code: &CodeHandle) -> &[u8] {
    // SAFETY: the tests look at live blocks only.
    unsafe { std::slice::from_raw_parts(code.ptr, code.len) }
}

#[test]
fn packing_and_alignment() {
    let mut arena = Arena::new(1 << 16).expect("an arena");
    let blocks: Vec<_> = (1..40).map(|n| arena.alloc(&vec![n as u8; n * 7], 16).expect("memory")).collect();
    for (k, block) in blocks.iter().enumerate() {
        assert_eq!(bytes(block), vec![k as u8 + 1; (k + 1) * 7]);
        assert_eq!(block.ptr as usize % GRAIN, 0);
    }
    assert_eq!(arena.used(), blocks.iter().map(|b| b.len.next_multiple_of(GRAIN)).sum::<usize>());
    assert_eq!(arena.alloc(&[0; 10], 4096).expect("memory").ptr as usize % 4096, 0);
    assert!(matches!(arena.alloc(&[0], 3), Err(ArenaError::Align(3))));
    assert!(matches!(arena.alloc(&[0], 8192), Err(ArenaError::Align(8192))));
}

#[test]
fn full_and_free() {
    let mut arena = Arena::new(1).expect("an arena");
    let size = arena.size();
    assert!(matches!(arena.alloc(&vec![0; size + 1], 1), Err(ArenaError::Full { .. })));
    let blocks: Vec<_> = (0..size / GRAIN).map(|_| arena.alloc(&[1; GRAIN], 1).expect("memory")).collect();
    assert!(matches!(arena.alloc(&[0], 1), Err(ArenaError::Full { free: 0, .. })));
    // Every second one, then the rest: neighbours must join again.
    for block in blocks.iter().step_by(2).chain(blocks.iter().skip(1).step_by(2)) {
        // SAFETY: nothing runs these bytes.
        unsafe { arena.free(*block) }.expect("to be freed");
        // SAFETY: as above.
        assert!(matches!(unsafe { arena.free(*block) }, Err(ArenaError::NotAllocated)));
    }
    let all = arena.alloc(&vec![2; size], 1).expect("all of it");
    assert_eq!((all.ptr, arena.used()), (blocks[0].ptr, size));
}

#[test]
fn an_arena_beyond_the_address_space() {
    assert!(matches!(Arena::new(usize::MAX), Err(ArenaError::Full { .. })));
    assert!(matches!(Arena::new(1 << 60), Err(ArenaError::Map(_))));
}

/// The tiny code cache: compiling fails, and works again once something was freed.
#[test]
fn tiny_code_cache() {
    let mut compiler = compiler_with(Config { arena_bytes: 1, ..config() });
    let mut compiled = vec![];
    let error = loop {
        match compiler.compile(&constant(compiled.len() as u64), &[]) {
            Ok(code) => compiled.push(code),
            Err(e) => break e,
        }
    };
    assert!(matches!(error, CompileError::Memory(ArenaError::Full { .. })), "{error}");
    for (k, code) in compiled.iter().enumerate() {
        let mut buf = [0];
        // SAFETY: all of them are alive, and one cell is enough.
        unsafe { (code.entry)(buf.as_mut_ptr()) };
        assert_eq!(buf[0], k as u64);
    }
    // SAFETY: none of them runs.
    unsafe { compiler.free(compiled.swap_remove(3)) }.expect("to be freed");
    compiler.compile(&constant(99), &[]).expect("room again");
}

/// The same addresses, a thousand times over.
#[test]
fn reuse() {
    let mut compiler = compiler_with(Config { arena_bytes: 4096, ..config() });
    let mut addresses = std::collections::HashSet::new();
    for n in 0..1000 {
        let code = compiler.compile(&constant(n), &[]).expect("memory");
        let mut buf = [0];
        // SAFETY: alive, and one cell is enough.
        unsafe { (code.entry)(buf.as_mut_ptr()) };
        assert_eq!(buf[0], n);
        addresses.insert(code.code.ptr);
        // SAFETY: it does not run any more.
        unsafe { compiler.free(code) }.expect("to be freed");
    }
    assert_eq!((addresses.len(), compiler.arena().used()), (1, 0));
}

#[test]
fn determinism() {
    for policy in POLICIES {
        let mut one = compiler_with(Config { calls: policy, ..config() });
        let f = call_in_loop();
        let first = one.generate(&f, &helpers()).expect("code");
        one.generate(&constant(5), &[]).expect("code");
        assert_eq!(one.generate(&f, &helpers()).expect("code"), first);
    }
}

fn call_in_loop() -> Func {
    let (mut f, p) = entry(&[Ty::Word, Ty::Int]);
    let r = f.push(ENTRY, Op::Call1, &[p[0]], 0, None);
    let e = exit(&mut f, &p);
    let again = f.push(ENTRY, Op::IAddOvf, &[p[1], p[1]], 0, Some(e));
    let s = snap(&mut f, &[r, again]);
    f.blocks[0].term = seriema_jit::ir::Term::Jump { to: ENTRY, args: vec![r, again], snap: s };
    f
}

/// Direct calls reach the test program's own functions from the arena.
#[test]
fn helpers_are_near() {
    let compiler = compiler();
    assert!(helpers().iter().all(|h| compiler.arena().reaches(h.0)));
}

#[test]
fn dumps() {
    let mut compiler = compiler_with(Config { dump_clif: true, dump_asm: true, ..config() });
    let code = compiler.compile(&constant(77), &[]).expect("code");
    assert!(code.clif.is_some_and(|s| s.contains("iconst.i64 77")));
    assert!(code.asm.is_some_and(|s| s.contains("ret")));
}

/// No arithmetic between compare and branch, and cold exits behind the loop.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_tight_loop() {
    let mut compiler = compiler_with(Config { dump_asm: true, ..config() });
    let f = parse(
        "func count
        b0: label @0 (v0:int, v1:int)
            v2 = ilt v0, v1
            guard.true v2 !e0
            v3 = iconst 1
            v4 = iadd.ovf v0, v3 !e0
            jump b0(v4, v1) s1
        e0: s0
        s0: frame code=0 resume=0 prev=0 func=- [v0, v1]
        s1: frame code=0 resume=0 prev=0 func=- [v4, v1]",
    );
    let asm = compiler.compile(&f, &[]).expect("code").asm.expect("a dump");
    assert!(!asm.contains("  set"), "compare and branch are one:\n{asm}");
    let line = |s: &str| asm.lines().position(|l| l.contains(s)).expect(s);
    assert!(line("jmp") < line("ret"), "the exit is behind the loop:\n{asm}");
}

/// Whatever stands before a small loop, it lies in one cache line.
#[test]
#[cfg(target_arch = "x86_64")]
fn loops_are_aligned() {
    for params in 0..12 {
        let types = vec![Ty::Int; 2 + params];
        let (mut f, p) = entry(&types);
        let e = exit(&mut f, &p[..2]);
        let less = f.push(ENTRY, Op::ILt, &p[..2], 0, None);
        f.push(ENTRY, Op::GuardTrue, &[less], 0, Some(e));
        let one = f.push(ENTRY, Op::IConst, &[], 1, None);
        let next = f.push(ENTRY, Op::IAdd, &[p[0], one], 0, None);
        let s = snap(&mut f, &[]);
        let args = [&[next], &p[1..]].concat();
        f.blocks[0].term = seriema_jit::ir::Term::Jump { to: ENTRY, args, snap: s };
        let mut compiler = compiler_with(Config { dump_asm: true, ..config() });
        let code = compiler.compile(&f, &[]).expect("code");
        let asm = code.asm.as_deref().expect("a dump");
        // The only jump back names the header.
        let jump = asm.lines().find_map(|l| l.trim().strip_prefix("jmp 0x")).expect("a loop");
        let header = code.entry as usize + usize::from_str_radix(jump, 16).expect("an offset");
        assert!(header % GRAIN < 16, "{params} parameters: header at {header:x}\n{asm}");
    }
}

/// A compiler can be handed to another thread.
#[test]
fn compilers_are_send() {
    let mut compiler = compiler();
    let code = std::thread::spawn(move || compiler.compile(&constant(1), &[]).map(|c| c.code_size));
    assert!(code.join().expect("no panic").expect("code") > 0);
}
