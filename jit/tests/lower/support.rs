//! What the tests share: building small functions, running them both ways, a machine for the evaluator.

use seriema_jit::ir::eval::{EvalError, Host, eval};
use seriema_jit::ir::{
    Block, BlockKind, ENTRY, ExitId, Func, Op, Ref, SnapFrame, SnapId, SnapVal, Snapshot, Term, Ty, text,
};
use seriema_jit::layout;
use seriema_jit::lower::{CallPolicy, Compiler, Config, HelperAddr};

/// Cells of every test's buffer.
pub const CELLS: usize = 80;

/// The VM of the tests: counts the calls of its helpers.
#[derive(Default)]
pub struct Vm {
    pub calls: u64,
}

/// `vm` is the counter that the compiler was made with.
pub extern "C" fn negate(vm: *mut Vm, a: u64) -> u64 {
    // SAFETY: the tests' compilers pass the address of a live `Vm` that nobody else uses meanwhile.
    unsafe { (*vm).calls += 1 };
    !a
}

pub extern "C" fn sum_unless_zero(vm: *mut Vm, a: u64, b: u64) -> u64 {
    // SAFETY: as in `negate`.
    unsafe { (*vm).calls += 1 };
    a.wrapping_add(b)
}

pub extern "C" fn mix(vm: *mut Vm, a: u64, b: u64, c: u64) -> u64 {
    // SAFETY: as in `negate`.
    unsafe { (*vm).calls += 1 };
    a.wrapping_mul(3) ^ b.rotate_left(7) ^ c.wrapping_add(11)
}

pub const HELPER_NAMES: [&str; 3] = ["negate", "sum_unless_zero", "mix"];

pub fn helpers() -> [HelperAddr; 3] {
    [
        HelperAddr(negate as *const () as usize),
        HelperAddr(sum_unless_zero as *const () as usize),
        HelperAddr(mix as *const () as usize),
    ]
}

/// The evaluator's machine: real memory, the real layout.
pub struct Machine;

fn is_pointer(w: u64) -> bool {
    w != 0 && w >> 48 == 0
}

fn peek(addr: u64) -> u64 {
    // SAFETY: the tests use addresses of live, aligned words only.
    unsafe { *(addr as *const u64) }
}

fn poke(addr: u64, value: u64) {
    // SAFETY: as in `peek`.
    unsafe { *(addr as *mut u64) = value }
}

impl Host for Machine {
    fn is_int(&self, w: u64) -> bool {
        w >> 48 == 0xFFFF
    }
    fn is_float(&self, w: u64) -> bool {
        (layout::FLOAT_OFFSET..layout::FLOAT_LIMIT).contains(&w)
    }
    fn is_bool(&self, w: u64) -> bool {
        w == layout::TRUE || w == layout::FALSE
    }
    fn is_kind(&self, w: u64, kind: u16) -> bool {
        is_pointer(w) && (peek(w) >> 48) as u16 & layout::TAG_MASK == kind
    }
    fn to_int(&self, w: u64) -> i64 {
        (w as i64) << 16 >> 16
    }
    fn to_float(&self, w: u64) -> u64 {
        w - layout::FLOAT_OFFSET
    }
    fn to_bool(&self, w: u64) -> bool {
        w & 1 != 0
    }
    fn to_ptr(&self, w: u64) -> u64 {
        w
    }
    fn box_int(&self, i: i64) -> u64 {
        (i as u64 & layout::COUNT_MASK) | layout::INT_TAG
    }
    fn box_float(&self, bits: u64) -> u64 {
        let bits = if f64::from_bits(bits).is_nan() { layout::CANONICAL_NAN } else { bits };
        bits + layout::FLOAT_OFFSET
    }
    fn box_bool(&self, b: bool) -> u64 {
        if b { layout::TRUE } else { layout::FALSE }
    }
    fn load(&mut self, addr: u64) -> u64 {
        peek(addr)
    }
    fn store(&mut self, addr: u64, value: u64) {
        poke(addr, value)
    }
    fn incref(&mut self, w: u64) {
        if is_pointer(w) {
            poke(w, peek(w) + 1)
        }
    }
    fn decref(&mut self, w: u64) {
        if is_pointer(w) {
            poke(w, peek(w) - 1)
        }
    }
    fn is_shared(&self, w: u64) -> bool {
        !is_pointer(w) || peek(w) & layout::COUNT_MASK != 1
    }
    fn call(&mut self, index: u64, args: &[u64]) -> u64 {
        let vm = &mut Vm::default();
        match index {
            0 => negate(vm, args[0]),
            1 => sum_unless_zero(vm, args[0], args[1]),
            _ => mix(vm, args[0], args[1], args[2]),
        }
    }
}

/// A function with an entry label and its parameters.
pub fn entry(params: &[Ty]) -> (Func, Vec<Ref>) {
    let mut f = Func { name: "test".into(), helpers: HELPER_NAMES.to_vec(), ..Func::default() };
    f.new_block(BlockKind::Label { header: 0 });
    let params = params.iter().map(|&ty| f.new_param(ENTRY, ty)).collect();
    (f, params)
}

pub fn snap(f: &mut Func, refs: &[Ref]) -> SnapId {
    let slots = refs.iter().map(|&r| SnapVal::Ref { r, owned: false }).collect();
    let frame = SnapFrame { code: 0, resume: 0, prev: 0, func: SnapVal::Null, slots };
    f.new_snap(Snapshot { frames: vec![frame] })
}

pub fn exit(f: &mut Func, refs: &[Ref]) -> ExitId {
    let snap = snap(f, refs);
    f.new_exit(snap)
}

/// Ends a block with an exit that stores `refs`.
pub fn finish(f: &mut Func, block: Block, refs: &[Ref]) -> ExitId {
    let e = exit(f, refs);
    f.blocks[block.index()].term = Term::Exit(e);
    e
}

pub fn parse(source: &str) -> Func {
    text::parse(source).unwrap_or_else(|e| panic!("{e:?}\n{source}"))
}

pub fn config() -> Config {
    Config { arena_bytes: 1 << 20, ..Config::default() }
}

pub fn compiler() -> Compiler {
    compiler_with(config())
}

pub fn compiler_with(config: Config) -> Compiler {
    // The tests that look at the VM make their own compiler.
    Compiler::new(Box::leak(Box::<Vm>::default()) as *mut Vm as *mut u8, config).expect("a compiler")
}

/// Runs compiled code once: exit number and buffer.
pub fn run_native(compiler: &mut Compiler, f: &Func, args: &[u64]) -> (u64, Vec<u64>) {
    let code = compiler.compile(f, &helpers()).unwrap_or_else(|e| panic!("{e}\n{f}"));
    let mut buf = vec![0; CELLS];
    buf[..args.len()].copy_from_slice(args);
    // SAFETY: the code was just made and the buffer is large enough for all tests.
    let exit = unsafe { (code.entry)(buf.as_mut_ptr()) };
    // SAFETY: the only call is over.
    unsafe { compiler.free(code) }.expect("to be freed");
    (exit, buf)
}

/// Runs both ways and compares; skips arguments that break a promise of the IR. Returns the exit.
pub fn agree(compiler: &mut Compiler, f: &Func, args: &[u64]) -> Option<u64> {
    let mut want = vec![0; CELLS];
    want[..args.len()].copy_from_slice(args);
    let exit = match eval(f, &mut want, &mut Machine) {
        Ok(exit) => exit,
        Err(EvalError::Trap(_)) => return None,
        Err(e) => panic!("{e}\n{f}"),
    };
    let (got_exit, mut got) = run_native(compiler, f, args);
    let refs = f.snaps[f.exits[exit.index()].snap.index()].refs();
    for (k, &r) in refs.iter().enumerate() {
        // Which NaN it is nobody can see.
        let nan = |bits: u64| f64::from_bits(bits).is_nan();
        if f.ty(r) == Ty::Float && nan(got[k]) && nan(want[k]) {
            got[k] = want[k];
        }
    }
    assert_eq!(got_exit, exit.0 as u64, "exit with {args:x?} of\n{f}");
    assert_eq!(got[..refs.len()], want[..refs.len()], "values with {args:x?} of\n{f}");
    Some(got_exit)
}

/// A function for one instruction: its operands are parameters, or constants where `consts` says so. It
/// leaves through e0 if the instruction is a guard that fails, through the last exit otherwise.
pub fn single(op: Op, imm: u64, consts: &[Option<u64>]) -> Func {
    let live: Vec<Ty> = op.args().iter().zip(consts).filter(|c| c.1.is_none()).map(|c| *c.0).collect();
    let (mut f, params) = entry(&live);
    let mut next = params.iter().copied();
    let mut args = vec![];
    for (&ty, c) in op.args().iter().zip(consts) {
        args.push(match c {
            Some(c) => f.push(ENTRY, const_op(ty), &[], *c, None),
            None => next.next().expect("a parameter"),
        });
    }
    let out = (op.effect() == seriema_jit::ir::Effect::Guard).then(|| exit(&mut f, &args));
    let r = f.push(ENTRY, op, &args, imm, out);
    let mut values = args;
    if op.result() != Ty::None {
        values.insert(0, r);
    }
    finish(&mut f, ENTRY, &values);
    f
}

pub fn const_op(ty: Ty) -> Op {
    match ty {
        Ty::Int => Op::IConst,
        Ty::Float => Op::FConst,
        Ty::Bool => Op::BConst,
        Ty::Ptr => Op::PConst,
        _ => Op::WConst,
    }
}

/// Every call policy.
pub const POLICIES: [CallPolicy; 3] = [CallPolicy::Auto, CallPolicy::Direct, CallPolicy::Stub];
