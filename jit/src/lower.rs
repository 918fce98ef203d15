//! Lowering: a whole region ([`Func`]) becomes one machine function.
//!
//! ```text
//!   extern "C" fn(buf) -> exit id
//!
//!   entry:   keep buf in a stack slot, load ENTRY's parameters ──> b0
//!   b0(...): one Cranelift block for each IR block, split at guards
//!      guard ──holds──> next part          ──fails──> side segment's block, if the exit has one
//!                                          ──fails──> exit block (cold): buf[i] = value i; return id
//! ```
//!
//! Invariants:
//! - What is emitted depends on the Func, the helpers' addresses and the settings alone: the same Func gives
//!   the same bytes.
//! - A Func that is malformed, too large, or beyond the code memory is a [`CompileError`]; nothing panics
//!   through [`Compiler::compile`], and the compiler is usable after an error.
//! - Cranelift runs at `opt_level=none`: what is emitted here is what runs, in this order. All optimisation
//!   that is not a choice of instructions belongs to the IR passes.
//!
//! `build` walks blocks, guards and exits; `ops` is the table of scalar instructions; `memory` has words,
//! loads, stores and reference counts; `calls` the helpers; `stubs` the register-preserving call stubs.

mod build;
mod calls;
mod memory;
mod ops;
mod stubs;

use crate::code_memory::{Arena, ArenaError, CodeHandle, GRAIN, TRAP_BYTE};
use crate::ir::{Func, Term, check};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{ExternalName, SourceLoc};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context, FinalizedRelocTarget};
use cranelift_frontend::FunctionBuilderContext;
use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use stubs::Stubs;
use target_lexicon::Triple;

/// Address of a runtime function `extern "C" fn(vm: *mut Vm, u64, ...) -> u64` with as many words as the
/// `Call*` instruction that uses it has operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HelperAddr(pub usize);

/// How helpers are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CallPolicy {
    /// Plain calls where only this path suffers from them, else stubs. See `calls`.
    #[default]
    Auto,
    /// Always the C convention: live values that do not fit callee-saved registers are spilled, and as
    /// Cranelift's register allocator does not split around a call, they are in memory on *all* paths.
    Direct,
    /// Always through a stub that preserves every register: the caller keeps its registers, the stub saves
    /// all of them every time.
    Stub,
}

#[derive(Clone, Debug)]
pub struct Config {
    /// Size of the code memory.
    pub arena_bytes: usize,
    /// Regions with more IR instructions, or exits, are refused: compile time is linear in them, and 500
    /// exits are where it starts to hurt (some milliseconds).
    pub max_insts: usize,
    pub max_exits: usize,
    pub calls: CallPolicy,
    /// Have the text of these in [`Compiled`].
    pub dump_clif: bool,
    pub dump_asm: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            arena_bytes: 64 << 20,
            max_insts: 10_000,
            max_exits: 2_000,
            calls: CallPolicy::Auto,
            dump_clif: false,
            dump_asm: false,
        }
    }
}

/// A region's entry: reads its arguments from `buf`, leaves the exit's values there, returns the exit's
/// number. `buf` has room for the larger of both.
pub type Entry = unsafe extern "C" fn(buf: *mut u64) -> u64;

/// A compiled region. Plain data: the code lives until [`Compiler::free`] or the compiler's end.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Calling it requires the code to be alive and `buf` to have the cells that the Func needs.
    pub entry: Entry,
    pub code: CodeHandle,
    /// Bytes of machine code, constants included.
    pub code_size: usize,
    pub clif: Option<String>,
    pub asm: Option<String>,
}

/// Machine code that has no place yet.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineCode {
    pub bytes: Vec<u8>,
    pub align: usize,
    /// Where the function starts: the bytes before it align the hot loop.
    start: usize,
    calls: Vec<CallSite>,
    pub clif: Option<String>,
    pub asm: Option<String>,
}

/// A direct call to be patched once the code has its place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct CallSite {
    kind: Reloc,
    offset: usize,
    target: usize,
    addend: i64,
}

#[derive(Debug)]
pub enum CompileError {
    /// More of something than [`Config`] allows.
    TooLarge {
        what: &'static str,
        count: usize,
        limit: usize,
    },
    /// The Func breaks a rule of the IR.
    Malformed(String),
    /// Cranelift refused.
    Backend(String),
    /// Cranelift, or the lowering, panicked: a bug, but no reason to end the program.
    Panicked,
    Memory(ArenaError),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::TooLarge { what, count, limit } => write!(f, "{count} {what}, limit is {limit}"),
            CompileError::Malformed(s) => write!(f, "malformed IR: {s}"),
            CompileError::Backend(s) => write!(f, "code generator: {s}"),
            CompileError::Panicked => write!(f, "the code generator panicked"),
            CompileError::Memory(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for CompileError {}

impl From<ArenaError> for CompileError {
    fn from(e: ArenaError) -> Self {
        CompileError::Memory(e)
    }
}

type Result<T> = std::result::Result<T, CompileError>;

/// Compiles the regions of one VM and owns their code.
pub struct Compiler {
    isa: Arc<dyn TargetIsa>,
    ctx: Context,
    builder: FunctionBuilderContext,
    arena: Arena,
    stubs: Stubs,
    /// First argument of every helper.
    vm: u64,
    config: Config,
}

/// What a lowering needs besides the Func.
struct Env<'a> {
    vm: u64,
    helpers: &'a [HelperAddr],
    calls: CallPolicy,
    arena: &'a Arena,
    stubs: &'a mut Stubs,
}

impl Compiler {
    /// A compiler for this machine. `vm` is what helpers get as their first argument.
    pub fn new(vm: *mut u8, config: Config) -> Result<Compiler> {
        let isa = cranelift_native::builder().map_err(|e| CompileError::Backend(e.into()))?;
        Compiler::with_isa(isa.finish(flags()?).map_err(backend)?, vm, config)
    }

    /// A compiler for another target: its code can be looked at, not run.
    pub fn for_target(target: Triple, vm: *mut u8, config: Config) -> Result<Compiler> {
        let isa = cranelift_codegen::isa::lookup(target).map_err(backend)?;
        Compiler::with_isa(isa.finish(flags()?).map_err(backend)?, vm, config)
    }

    fn with_isa(isa: Arc<dyn TargetIsa>, vm: *mut u8, config: Config) -> Result<Compiler> {
        Ok(Compiler {
            stubs: Stubs::new(isa.clone(), vm as u64),
            isa,
            ctx: Context::new(),
            builder: FunctionBuilderContext::new(),
            arena: Arena::new(config.arena_bytes)?,
            vm: vm as u64,
            config,
        })
    }

    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Memory of the regions (how much is in use, ...).
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Compiles a region; `helpers[i]` is the address of `func.helpers[i]`.
    pub fn compile(&mut self, func: &Func, helpers: &[HelperAddr]) -> Result<Compiled> {
        let code = self.generate(func, helpers)?;
        self.install(code)
    }

    /// Frees a region's code.
    ///
    /// # Safety
    /// Nothing executes the region or will enter it again.
    pub unsafe fn free(&mut self, compiled: Compiled) -> Result<()> {
        // SAFETY: passed on to the caller.
        Ok(unsafe { self.arena.free(compiled.code) }?)
    }

    /// The first half of [`Compiler::compile`]: machine code without a place.
    pub fn generate(&mut self, func: &Func, helpers: &[HelperAddr]) -> Result<MachineCode> {
        self.check_limits(func)?;
        // A panic leaves half-built state behind: all of it is in `ctx` and `builder`, replaced below.
        let result = catch_unwind(AssertUnwindSafe(|| self.generate_unchecked(func, helpers)));
        match result {
            Ok(Ok(code)) => Ok(code),
            other => {
                self.ctx = Context::new();
                self.builder = FunctionBuilderContext::new();
                other.unwrap_or(Err(CompileError::Panicked))
            }
        }
    }

    /// The second half: gives the code its place.
    pub fn install(&mut self, code: MachineCode) -> Result<Compiled> {
        let handle = self.arena.alloc_with(&code.bytes, code.align, |bytes, at| {
            for site in &code.calls {
                patch_call(bytes, at, site);
            }
        })?;
        let start = handle.ptr.wrapping_add(code.start);
        // SAFETY: the bytes at `start` are a complete function of this signature, made by `generate` for this
        // compiler, whose host ISA they are for (a foreign compiler's entry is never called).
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(start) };
        Ok(Compiled { entry, code: handle, code_size: handle.len, clif: code.clif, asm: code.asm })
    }

    fn check_limits(&self, func: &Func) -> Result<()> {
        let insts: usize = func.blocks.iter().map(|b| b.insts.len()).sum();
        for (what, count, limit) in [
            ("instructions", insts, self.config.max_insts),
            ("exits", func.exits.len(), self.config.max_exits),
        ] {
            if count > limit {
                return Err(CompileError::TooLarge { what, count, limit });
            }
        }
        Ok(())
    }

    fn generate_unchecked(&mut self, func: &Func, helpers: &[HelperAddr]) -> Result<MachineCode> {
        if cfg!(debug_assertions) {
            check::check(func).map_err(CompileError::Malformed)?;
        }
        self.ctx.clear();
        self.ctx.set_disasm(self.config.dump_asm);
        let mut env = Env {
            vm: self.vm,
            helpers,
            calls: self.config.calls,
            arena: &self.arena,
            stubs: &mut self.stubs,
        };
        let symbols = build::build(&*self.isa, &mut self.ctx.func, &mut self.builder, func, &mut env)?;
        let clif = self.config.dump_clif.then(|| self.ctx.func.display().to_string());
        let compiled = self.ctx.compile(&*self.isa, &mut ControlPlane::default());
        compiled.map_err(|e| CompileError::Backend(e.inner.to_string()))?;
        let Some(code) = self.ctx.take_compiled_code() else {
            return Err(CompileError::Backend("no code".into()));
        };
        let asm = self.config.dump_asm.then(|| self.disassemble(&code));
        let start = lead(func, &code);
        let calls = call_sites(&self.ctx, &code, &symbols, start)?;
        let align = (code.buffer.alignment as usize).max(GRAIN);
        let bytes = [&[TRAP_BYTE; GRAIN][..start], code.code_buffer()].concat();
        Ok(MachineCode { bytes, align, start, calls, clif, asm })
    }

    fn disassemble(&self, code: &CompiledCode) -> String {
        let text = self.isa.to_capstone().map_err(|e| e.to_string());
        let text = text.and_then(|cs| code.disassemble(None, &cs).map_err(|e| e.to_string()));
        text.unwrap_or_else(|e| format!("no disassembly: {e}\n"))
    }
}

/// Cranelift's settings, each for a measured reason: above `none` the mid-end copies pure code into every
/// exit; `single_pass` allocation makes loops three times slower; frame pointers let profilers walk through.
fn flags() -> Result<settings::Flags> {
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", "none"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
        ("is_pic", "false"),
        ("unwind_info", "false"),
        ("preserve_frame_pointers", "true"),
        ("enable_alias_analysis", "false"),
    ] {
        flags.set(name, value).map_err(backend)?;
    }
    Ok(settings::Flags::new(flags))
}

fn backend(e: impl fmt::Display) -> CompileError {
    CompileError::Backend(e.to_string())
}

/// The calls to patch, with the addresses that `build` gave numbers to.
fn call_sites(ctx: &Context, code: &CompiledCode, symbols: &[usize], start: usize) -> Result<Vec<CallSite>> {
    let site = |r: &cranelift_codegen::FinalizedMachReloc| {
        let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = r.target else { return None };
        let index = ctx.func.params.user_named_funcs().get(name)?.index;
        let target = *symbols.get(index as usize)?;
        matches!(r.kind, Reloc::X86CallPCRel4 | Reloc::Arm64Call).then_some(CallSite {
            kind: r.kind,
            offset: start + r.offset as usize,
            target,
            addend: r.addend,
        })
    };
    let unknown = |r| CompileError::Backend(format!("unexpected relocation {r:?}"));
    code.buffer.relocs().iter().map(|r| site(r).ok_or_else(|| unknown(r))).collect()
}

/// How far to shift a function so that the header of its first innermost loop comes to lie in the first 16
/// bytes of a cache line. Cranelift does not align loops. An earlier spike gained up to 20 % on a sieve's loop
/// this way; the loops of `tests/lower/bench.rs` show no difference above the noise, so it mostly makes
/// timings independent of what stands before a loop. Steps of 16 keep the alignment of constants.
fn lead(func: &Func, code: &CompiledCode) -> usize {
    let innermost = |b: &usize| {
        let data = &func.blocks[*b];
        matches!(data.term, Term::Jump { to, .. } if to.index() == *b)
    };
    let Some(header) = (0..func.blocks.len()).find(innermost) else { return 0 };
    let inside: HashSet<SourceLoc> = func.blocks[header].insts.iter().map(|&r| location(r)).collect();
    let mut offsets = code.buffer.get_srclocs_sorted().iter().filter(|s| inside.contains(&s.loc));
    let first = offsets.next().map_or(0, |s| s.start as usize);
    (GRAIN - first % GRAIN).next_multiple_of(16) % GRAIN
}

/// Writes the distance from the call to its target. It fits: `build` makes direct calls only where the
/// target is in reach of the whole arena.
fn patch_call(bytes: &mut [u8], at: usize, site: &CallSite) {
    let distance = (site.target as i64 + site.addend) - (at + site.offset) as i64;
    let field = &mut bytes[site.offset..site.offset + 4];
    let word = match site.kind {
        Reloc::Arm64Call => {
            let old = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
            (old & !0x03FF_FFFF) | ((distance >> 2) as u32 & 0x03FF_FFFF)
        }
        _ => distance as u32,
    };
    field.copy_from_slice(&word.to_le_bytes());
}

/// Code is attributed to IR values: the source location of an instruction is its value's number plus one.
fn location(r: crate::ir::Ref) -> SourceLoc {
    SourceLoc::new(r.0.wrapping_add(1))
}
