//! The engine: when to record, compile, enter, leave and invalidate.
//!
//! ```text
//!                hot back edge            closed                      compiled
//!   interpreter ───────────────> record ─────────> commit ──────────────────────> linked (ENTER_REGION)
//!        ^                          │ abort: wait, longer each time                  │        │
//!        │                          v                                         enter, │        │ invalidate
//!        └───────────────── <── exit (frames rebuilt; hot: record a side segment) <──┘        v
//!                                                                                     unlinked, retired
//! ```

use crate::exit;
use crate::host::{LEAVES, Real};
use crate::ir::eval::eval;
use crate::ir::{ExitId, Func, check};
use crate::lower::{Compiler, Config, HelperAddr};
use crate::opt;
use crate::options::{Mode, Options};
use crate::record::{Abort, Start, Trace, record};
use crate::region::{ExitState, Region};
use crate::stats::Stats;
use seriema_vm::code::Code;
use seriema_vm::runtime::HELPERS;
use seriema_vm::site;
use seriema_vm::tier::Tier;
use seriema_vm::vm::Vm;
use seriema_vm::watch::{Dependent, WatchKey};
use std::cell::Cell;
use std::collections::HashMap;
use std::time::Instant;

/// Back-off of a loop or exit: doubled with each failure, up to this many doublings.
const MAX_BACKOFF: u32 = 6;
/// A loop whose recordings failed so often for lasting reasons stays interpreted.
const GIVE_UP: u32 = 4;

/// What is remembered about a loop, by code id and back edge.
#[derive(Default)]
struct Loop {
    failures: u32,
    invalidated: u32,
}

pub struct Engine {
    options: Options,
    compiler: Option<Compiler>,
    regions: HashMap<u32, Region>,
    next_region: u32,
    loops: HashMap<(u64, u32), Loop>,
    pub stats: Stats,
    buf: Vec<u64>,
    /// Polled at instruction boundaries under the exit stress; boxed, as its address is in compiled code.
    stress: Box<[Cell<u64>; STRESS_WORDS]>,
}

/// Instruction boundaries that the exit stress can tell apart.
const STRESS_WORDS: usize = 61;

impl Engine {
    /// A tier for `vm`. Fails where this machine has no code generator; `eval` always works.
    pub fn new(vm: &mut Vm, options: Options) -> Result<Engine, String> {
        let compiler = match options.mode {
            Mode::On => {
                let config =
                    Config { dump_clif: options.dump.clif, dump_asm: options.dump.asm, ..Config::default() };
                let vm: *mut Vm = vm;
                Some(Compiler::new(vm.cast(), config).map_err(|e| e.to_string())?)
            }
            _ => None,
        };
        Ok(Engine {
            options,
            compiler,
            regions: HashMap::new(),
            next_region: 1,
            loops: HashMap::new(),
            stats: Stats::default(),
            buf: vec![],
            stress: Box::new([const { Cell::new(0) }; STRESS_WORDS]),
        })
    }

    /// Prints one line about a trace if asked to.
    fn log(&mut self, line: impl FnOnce() -> String) {
        if self.options.log {
            eprintln!("[jit] {}", line());
        }
    }

    fn stressed(n: u32, count: u64) -> bool {
        n != 0 && count.is_multiple_of(n as u64)
    }

    // ---- a new region

    fn record_region(&mut self, vm: &mut Vm, at: u32) {
        let code_value = vm.frame().function().code_value();
        let code: &Code = code_value.as_();
        let place =
            format!("{}:{}", seriema_vm::runtime::text(&code.qualname).unwrap_or("?"), vm.frame().line());
        let mut trace = Trace::default();
        trace.func.name = place.clone();
        if self.options.stress.exit_every != 0 {
            trace.stress = self.stress.iter().map(|c| c.as_ptr() as u64).collect();
        }
        trace.func.helpers = HELPERS.iter().map(|h| h.name).collect();
        let aborts: u64 = self.stats.aborts.values().sum();
        let result = if Self::stressed(self.options.stress.abort_record, aborts + self.stats.regions + 1) {
            Err(Abort::Stress)
        } else {
            record(vm, &mut trace, &self.options, Start::Header)
        };
        match result {
            Ok(()) => self.commit(vm, code, at, trace),
            Err(why) => self.recording_failed(code, at, &place, why),
        }
    }

    fn recording_failed(&mut self, code: &Code, at: u32, place: &str, why: Abort) {
        Stats::count(&mut self.stats.aborts, &why.name());
        self.log(|| format!("abort {place}: {}", why.name()));
        let l = self.loops.entry((code.id, at)).or_default();
        l.failures += !why.passing() as u32;
        if l.failures >= GIVE_UP {
            site::give_up_loop(code, at as usize);
            return;
        }
        let wait = (self.options.threshold() as u32 + 1) << (l.failures + 1).min(MAX_BACKOFF);
        site::count_again(code, at as usize, wait.min(u16::MAX as u32) as u16);
    }

    fn commit(&mut self, vm: &mut Vm, code: &Code, at: u32, trace: Trace) {
        let id = self.next_region;
        self.next_region += 1;
        let mut region = Region::new(id, trace);
        if !self.compile(&mut region) {
            self.recording_failed(code, at, &region.place(), Abort::Stress);
            return;
        }
        Self::register(vm, &region);
        self.stats.regions += 1;
        let place = region.place();
        self.log(|| format!("region {id} {place}: {}", summary(&region.func)));
        link_all(&region);
        self.regions.insert(id, region);
    }

    /// Optimises and compiles what was recorded. False: the old form stays.
    fn compile(&mut self, region: &mut Region) -> bool {
        let begin = Instant::now();
        region.hold_constants();
        region.options.disabled = self.options.disabled_passes.clone();
        let mut func = region.trace.func.clone();
        if cfg!(debug_assertions)
            && let Err(e) = check::check(&func)
        {
            panic!("recorder: {e}\n{func}");
        }
        if self.options.dump.ir {
            eprintln!("-- ir\n{func}");
        }
        let report = opt::optimise(&mut func, &region.options);
        if cfg!(debug_assertions)
            && let Err(e) = check::check(&func)
        {
            panic!("optimiser: {e}\n{func}");
        }
        if self.options.dump.opt {
            eprintln!("-- opt\n{func}");
        }
        self.stats.compiles += 1;
        if Self::stressed(self.options.stress.compile_fail, self.stats.compiles) {
            return false;
        }
        if let Some(compiler) = &mut self.compiler {
            let helpers: Vec<HelperAddr> = LEAVES.iter().map(|a| HelperAddr(*a)).collect();
            match compiler.compile(&func, &helpers) {
                Ok(c) => {
                    if let Some(old) = region.compiled.take() {
                        // SAFETY: nobody is inside: regions run no Python, and this one is not running.
                        let freed = unsafe { compiler.free(old) };
                        debug_assert!(freed.is_ok(), "{freed:?}");
                    }
                    self.stats.code_bytes += c.code_size as u64;
                    for (what, text) in [("clif", &c.clif), ("asm", &c.asm)] {
                        if let Some(text) = text {
                            eprintln!("-- {what} {}\n{text}", func.name);
                        }
                    }
                    region.compiled = Some(c);
                }
                Err(e) => {
                    Stats::count(&mut self.stats.aborts, &format!("compile: {e}"));
                    return false;
                }
            }
        }
        region.hoisted = report.hoisted.iter().copied().collect();
        region.func = func;
        region.exits.resize(region.func.exits.len().max(region.trace.func.exits.len()), ExitState::default());
        region.measure();
        self.stats.compile_us += begin.elapsed().as_micros() as u64;
        true
    }

    /// Registers all that the region relies on.
    fn register(vm: &mut Vm, region: &Region) {
        let who = Dependent::Region(region.id);
        for key in &region.trace.assumptions {
            if let WatchKey::Cell(p) = key
                && p & seriema_vm::runtime::name::DELETED == 0
            {
                // SAFETY: the variable exists: its deletion would have fired the watch.
                unsafe { (*(*p as *const seriema_vm::object::GlobalCell)).watched.set(true) };
            }
            vm.watch.watch(key.clone(), who);
        }
        for (index, units) in &region.trace.covered {
            let code: &Code = region.trace.codes[*index as usize].as_();
            vm.watch.cover(region.id, code.id, units.clone(), *index > 0);
        }
    }

    // ---- running

    /// Moves the frame's values into the buffer. False: they are not what the region was made for.
    fn unpack(&mut self, vm: &mut Vm, region: &Region) -> bool {
        let frame = vm.frame();
        let nlocals = frame.code().nlocalsplus as usize;
        let contract = region.contract();
        if frame.stack_depth() + nlocals != contract.len() {
            return false;
        }
        // SAFETY: locals and stack words of the current frame.
        let slot = |i: usize| unsafe {
            if i < nlocals { *frame.locals.add(i) } else { *frame.stack_base().add(i - nlocals) }
        };
        if !contract.iter().enumerate().all(|(i, t)| t.fits_word(slot(i))) {
            return false;
        }
        self.buf.clear();
        for (i, t) in contract.iter().enumerate() {
            t.unpack(slot(i), &mut self.buf);
        }
        self.buf.resize(region.cells.max(self.buf.len()), 0);
        true
    }

    /// Runs the code; answers the exit.
    fn execute(&mut self, vm: &mut Vm, region: &Region) -> ExitId {
        match &region.compiled {
            // SAFETY: the region owns its code; the buffer has the cells it needs; the contract holds.
            Some(c) => ExitId(unsafe { (c.entry)(self.buf.as_mut_ptr()) } as u32),
            None => {
                let mut host = Real { vm };
                match eval(&region.func, &mut self.buf, &mut host) {
                    Ok(e) => e,
                    Err(e) => panic!("evaluator: {e}\n{}", region.func),
                }
            }
        }
    }

    fn run_region(&mut self, vm: &mut Vm, id: u32) {
        let Some(mut region) = self.regions.remove(&id) else { return };
        self.stats.enters += 1;
        if Self::stressed(self.options.stress.invalidate_every, self.stats.enters) {
            self.regions.insert(id, region);
            vm.invalidated.push((id, "stress".to_owned()));
            return;
        }
        let frame = vm.frame();
        // SAFETY: pointer arithmetic on the data stack only.
        let room = (vm.stack_limit as usize).saturating_sub(frame.free() as usize) / 8;
        if vm.depth_left < region.depth || room < region.stack_words + frame.code().stacksize as usize {
            self.regions.insert(id, region);
            return;
        }
        if !self.unpack(vm, &region) {
            self.stats.refused += 1;
            self.refused(vm, &mut region);
            self.regions.insert(id, region);
            return;
        }
        // A forced exit: at one of the instruction boundaries, another each time.
        let forced = Self::stressed(self.options.stress.exit_every, self.stats.enters);
        let word = self.stats.enters as usize % STRESS_WORDS;
        self.stress[word].set(forced as u64);
        let e = self.execute(vm, &region);
        self.stress[word].set(0);
        self.stats.exits += 1;
        let snap = &region.func.snaps[region.func.exits[e.index()].snap.index()];
        exit::restore(vm, &region.func, snap, &region.trace.codes, &self.buf);
        self.after_exit(vm, &mut region, e);
        self.regions.insert(id, region);
    }

    /// The values at the header no longer have the types the region was made for.
    fn refused(&mut self, vm: &mut Vm, region: &mut Region) {
        let state = &mut region.exits[0];
        state.failed += 1;
        if state.failed > 50 {
            vm.invalidated.push((region.id, "types changed".to_owned()));
        }
    }

    fn after_exit(&mut self, vm: &mut Vm, region: &mut Region, e: ExitId) {
        if region.trace.polls.contains(&e) {
            return;
        }
        let state = &mut region.exits[e.index()];
        state.taken += 1;
        let bar = self.options.hot_exit << state.failed.min(8);
        if state.taken < bar {
            return;
        }
        state.taken = 0;
        state.failed += 1;
        if let Some(original) = region.hoisted.get(&e) {
            // A guard in the preamble that fails too often goes back to where it was recorded.
            region.options.no_hoist.insert(*original);
            self.compile(region);
            return;
        }
        if e.index() < region.trace.func.exits.len()
            && region.trace.func.blocks.len() < self.options.max_blocks
        {
            self.extend(vm, region, e);
        }
    }

    /// Records what happens after exit `e` as a side segment, and compiles the region anew.
    fn extend(&mut self, vm: &mut Vm, region: &mut Region, e: ExitId) {
        let snap = region.trace.func.snaps[region.trace.func.exits[e.index()].snap.index()].clone();
        let place = region.place();
        let id = region.id;
        let blocks = region.trace.func.blocks.len();
        match record(vm, &mut region.trace, &self.options, Start::Exit { of: e, snap: &snap }) {
            Ok(()) => {
                self.stats.side_traces += 1;
                Self::register(vm, region);
                let compiled = self.compile(region);
                self.log(|| {
                    format!("side  {id} {place} {e}: compiled {compiled}, {}", summary(&region.func))
                });
                if !compiled {
                    region.trace.func.exits[e.index()].side = None;
                }
                debug_assert!(region.trace.func.blocks.len() > blocks);
            }
            Err(why) => {
                Stats::count(&mut self.stats.aborts, &format!("side: {}", why.name()));
                self.log(|| format!("abort {place} {e}: {}", why.name()));
            }
        }
    }

    // ---- invalidation

    fn drain_invalidated(&mut self, vm: &mut Vm) {
        for (id, cause) in std::mem::take(&mut vm.invalidated) {
            let Some(region) = self.regions.remove(&id) else { continue };
            Stats::count(&mut self.stats.invalidations, &cause);
            let place = region.place();
            self.log(|| format!("invalidate {id} {place}: {cause}"));
            let code = region.code();
            let header = region.header();
            let l = self.loops.entry((code.id, header)).or_default();
            l.invalidated += 1;
            // A loop that is invalidated again and again waits longer.
            let wait = (self.options.threshold() as u32 + 1) << (l.invalidated / 8).min(MAX_BACKOFF);
            site::unlink(code, id, (wait - 1).min(u16::MAX as u32) as u16);
            vm.watch.forget_region(id);
            if let (Some(c), Some(compiler)) = (region.compiled.clone(), &mut self.compiler) {
                // SAFETY: as above.
                let freed = unsafe { compiler.free(c) };
                debug_assert!(freed.is_ok(), "{freed:?}");
            }
        }
    }
}

/// Puts ENTER_REGION at every back edge to the region's header.
fn link_all(region: &Region) {
    let code = region.code();
    // The instruction before the header is part of the state (a LINE event may depend on it).
    let line = code.line(region.trace.labels[0].1.prev as usize);
    for at in code.instructions() {
        if code.base_op(at) == seriema_vm::op::JUMP_BACKWARD
            && site::jump_target(code, at) == Some(region.header() as usize)
            && code.line(at) == line
        {
            site::link(code, at, region.id);
        }
    }
}

fn summary(f: &Func) -> String {
    let insts: usize = f.blocks.iter().map(|b| b.insts.len()).sum();
    format!("{} blocks, {insts} instructions, {} exits", f.blocks.len(), f.exits.len())
}

impl Tier for Engine {
    fn hot(&mut self, vm: &mut Vm, at: u32) {
        self.drain_invalidated(vm);
        vm.frame().prev_unit = at;
        self.record_region(vm, at);
        self.drain_invalidated(vm);
    }
    fn enter(&mut self, vm: &mut Vm, region: u32) {
        self.drain_invalidated(vm);
        self.run_region(vm, region);
        self.drain_invalidated(vm);
    }
    fn invalidate(&mut self, vm: &mut Vm) {
        self.drain_invalidated(vm);
    }
    fn stats(&self) -> String {
        self.stats.json()
    }
}
