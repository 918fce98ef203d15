//! The JIT's settings, in one struct; nothing else reads the environment or the command line.

use std::collections::HashSet;

/// How regions are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Interpreter only.
    Off,
    /// Record and optimise, but run the IR on its reference evaluator: the JIT without machine code.
    Eval,
    #[default]
    On,
}

/// Deliberate trouble, for tests. 0 switches a stress off.
#[derive(Clone, Debug, Default)]
pub struct Stress {
    /// Overrides the hot-loop threshold.
    pub hot: Option<u16>,
    /// Every n-th entry of a region leaves at its first guard.
    pub exit_every: u32,
    /// Every n-th entry of a region invalidates it first.
    pub invalidate_every: u32,
    /// Every n-th compilation fails.
    pub compile_fail: u32,
    /// Every n-th recording is abandoned.
    pub abort_record: u32,
}

/// What to print about each region.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    pub ir: bool,
    pub opt: bool,
    pub clif: bool,
    pub asm: bool,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub mode: Mode,
    /// Iterations of a loop before it is recorded.
    pub hot: u16,
    /// Times an exit is taken before a side segment is recorded there.
    pub hot_exit: u32,
    /// Instructions of one recording.
    pub max_instructions: usize,
    /// Segments (side segments and labels) of one region.
    pub max_blocks: usize,
    /// Inlined calls below the region's frame.
    pub max_inline: usize,
    pub log: bool,
    pub dump: Dump,
    pub stress: Stress,
    /// Optimiser passes left out, by name.
    pub disabled_passes: HashSet<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mode: Mode::On,
            hot: 250,
            hot_exit: 12,
            max_instructions: 1200,
            max_blocks: 80,
            max_inline: 8,
            log: false,
            dump: Dump::default(),
            stress: Stress::default(),
            disabled_passes: HashSet::new(),
        }
    }
}

impl Options {
    /// Parses the value of `--jit`.
    pub fn set_mode(&mut self, s: &str) -> Result<(), String> {
        self.mode = match s {
            "off" => Mode::Off,
            "eval" => Mode::Eval,
            "on" => Mode::On,
            _ => return Err(format!("--jit={s}: expected off, eval or on")),
        };
        Ok(())
    }
    /// Parses the value of `--jit-dump`: a comma-separated list.
    pub fn set_dump(&mut self, s: &str) -> Result<(), String> {
        for part in s.split(',') {
            match part {
                "ir" => self.dump.ir = true,
                "opt" => self.dump.opt = true,
                "clif" => self.dump.clif = true,
                "asm" => self.dump.asm = true,
                _ => return Err(format!("--jit-dump={part}: expected ir, opt, clif or asm")),
            }
        }
        Ok(())
    }
    /// Parses the value of `--jit-stress`: `name=number`, comma-separated.
    pub fn set_stress(&mut self, s: &str) -> Result<(), String> {
        for part in s.split(',') {
            let (name, n) =
                part.split_once('=').ok_or_else(|| format!("--jit-stress={part}: expected name=number"))?;
            let n: u32 = n.parse().map_err(|_| format!("--jit-stress={part}: not a number"))?;
            match name {
                "hot" => self.stress.hot = Some(n.min(u16::MAX as u32) as u16),
                "exit-every" => self.stress.exit_every = n,
                "invalidate-every" => self.stress.invalidate_every = n,
                "compile-fail" => self.stress.compile_fail = n,
                "abort-record" => self.stress.abort_record = n,
                _ => return Err(format!("--jit-stress: unknown stress {name}")),
            }
        }
        Ok(())
    }
    /// The threshold in force.
    pub fn threshold(&self) -> u16 {
        self.stress.hot.unwrap_or(self.hot)
    }
}
