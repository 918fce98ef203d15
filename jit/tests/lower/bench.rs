//! Measurements behind the choices in `lower`, printed, not checked. Run with
//! `cargo test --release -p seriema-jit --test lower bench -- --ignored --nocapture --test-threads 1`.

use crate::support::*;
use seriema_jit::ir::Func;
use seriema_jit::lower::{Compiler, Config};
use std::time::Instant;

/// Nanoseconds a round, best of nine.
fn time(compiler: &mut Compiler, f: &Func, args: &[u64], rounds: u64) -> f64 {
    let code = compiler.compile(f, &helpers()).expect("code");
    if std::env::args().any(|a| a == "--show-output") {
        println!("{}", code.asm.as_deref().unwrap_or(""));
    }
    let best = (0..9).map(|_| {
        let mut buf = vec![0; CELLS];
        buf[..args.len()].copy_from_slice(args);
        let start = Instant::now();
        // SAFETY: the code is alive, the buffer large enough.
        unsafe { (code.entry)(buf.as_mut_ptr()) };
        start.elapsed().as_secs_f64() * 1e9 / rounds as f64
    });
    best.fold(f64::INFINITY, f64::min)
}

/// A loop over six floats and three ints; `call` stands in the hot line, `side` in a segment taken once in
/// 64 rounds.
fn float_loop(call: &str, side: &str) -> Func {
    parse(&format!(
        "func floats
        helpers negate, sum_unless_zero, mix
        b0: label @0 (v0:int, v1:int, v2:float, v3:float, v4:float, v5:float, v6:float, v7:float, v8:word)
            v10 = ilt v0, v1
            guard.true v10 !e0
            v20 = fadd v2, v3
            v21 = fmul v3, v4
            v22 = fadd v4, v5
            v23 = fmul v5, v6
            v24 = fadd v6, v7
            v25 = fmul v7, v2
            {call}
            v30 = iconst 63
            v31 = iand v0, v30
            v32 = iconst 0
            v33 = ieq v31, v32
            guard.false v33 !e1
            v34 = iconst 1
            v35 = iadd v0, v34
            jump b0(v35, v1, v20, v21, v22, v23, v24, v25, v8) s0
        b1: side e1
            {side}
            v44 = iconst 1
            v45 = iadd v0, v44
            jump b0(v45, v1, v20, v21, v22, v23, v24, v25, v8) s0
        e0: s0
        e1: s0 -> b1
        s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2, v3, v4, v5, v6, v7, v8]"
    ))
}

#[test]
#[ignore = "a measurement"]
fn bench_calls() {
    let n = 20_000_000;
    let args = [0, n, 0, 0, 0, 0, 0, 0, 5];
    for (what, call, side) in [
        ("no call", "", ""),
        ("hot call", "v50 = call2 v8, v8 #1", ""),
        ("side call", "", "v50 = call2 v8, v8 #1"),
    ] {
        for policy in POLICIES {
            let mut compiler = compiler_with(Config { calls: policy, dump_asm: true, ..config() });
            let ns = time(&mut compiler, &float_loop(call, side), &args, n);
            println!("{what:10} {policy:8?} {ns:.2} ns/round");
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn bench_int_loops() {
    let n = 100_000_000;
    for (what, body) in [
        ("sum", "v9 = iadd.ovf v2, v0 !e0"),
        (
            "sum of products",
            "v8 = imul.ovf v0, v0 !e0\n v7 = iconst 65535\n v6 = iand v8, v7\n v9 = iadd.ovf v2, v6 !e0",
        ),
        ("mod 7", "v7 = iconst 7\n v6 = imod v0, v7\n v9 = iadd.ovf v2, v6 !e0"),
        ("mod variable", "v6 = imod v0, v3\n v9 = iadd.ovf v2, v6 !e0"),
    ] {
        let f = parse(&format!(
            "func ints
            b0: label @0 (v0:int, v1:int, v2:int, v3:int)
                v4 = ilt v0, v1
                guard.true v4 !e0
                {body}
                v10 = iconst 1
                v11 = iadd.ovf v0, v10 !e0
                jump b0(v11, v1, v9, v3) s0
            e0: s0
            s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2]"
        ));
        let mut compiler = compiler_with(Config { dump_asm: true, ..config() });
        println!("{what:16} {:.2} ns/round", time(&mut compiler, &f, &[0, n, 0, 7], n));
    }
}

/// Compile time of a line with `guards` guards that keeps 30 values alive.
#[test]
#[ignore = "a measurement"]
fn bench_compile() {
    for guards in [20, 100, 450] {
        let mut text = String::from("func long\nb0: label @0 (");
        text += &(0..30).map(|k| format!("v{k}:int")).collect::<Vec<_>>().join(", ");
        text += ")\n";
        let live = |k: usize| (0..30).map(|j| format!("v{}", k + j)).collect::<Vec<_>>().join(", ");
        let mut snaps = String::new();
        for g in 0..guards {
            text += &format!("v{} = iadd.ovf v{}, v{} !e{g}\n", 30 + g, g, g + 17);
            // Two guards have one snapshot: the older values.
            snaps += &format!("e{g}: s{}\n", g / 2);
        }
        text += &format!("jump b0({}) s0\n{snaps}", live(guards));
        for s in 0..guards.div_ceil(2) {
            text += &format!("s{s}: frame code=0 resume=0 prev=0 func=- [{}]\n", live(2 * s));
        }
        let f = parse(&text);
        let mut compiler = compiler();
        let mut size = 0;
        let best = (0..9).map(|_| {
            let start = Instant::now();
            let code = compiler.compile(&f, &[]).expect("code");
            let us = start.elapsed().as_secs_f64() * 1e6;
            size = code.code_size;
            // SAFETY: it never ran.
            unsafe { compiler.free(code) }.expect("to be freed");
            us
        });
        let best = best.fold(f64::INFINITY, f64::min);
        println!("{guards} guards x 30 live: {best:.0} us, {size} bytes");
    }
}

/// `for i in range(start, n, step): l[i] = x`, as in a sieve.
#[test]
#[ignore = "a measurement"]
fn bench_stores() {
    let f = parse(
        "func stores
        b0: label @0 (v0:int, v1:int, v2:int, v3:ptr, v4:word)
            v5 = ilt v0, v1
            guard.true v5 !e0
            store.elem v3, v0, v4 @items+0
            v6 = iadd.ovf v0, v2 !e0
            jump b0(v6, v1, v2, v3, v4) s0
        e0: s0
        s0: frame code=0 resume=0 prev=0 func=- [v0, v1, v2]",
    );
    let mut items = vec![0u64; 2000];
    let mut compiler = compiler_with(Config { dump_asm: true, ..config() });
    let base = items.as_mut_ptr() as u64;
    let ns: Vec<f64> = (0..2000).map(|_| time(&mut compiler, &f, &[0, 2000, 1, base, 7], 2000)).collect();
    println!("store elem {:.3} ns/round", ns.iter().fold(f64::INFINITY, |a, &b| a.min(b)));
}
