//! Regions: a loop's recorded segments, its compiled form, and what it relies on.

use crate::ir::{ExitId, Func, SnapVal};
use crate::lower::Compiled;
use crate::opt;
use crate::record::{SlotType, Trace};
use seriema_vm::code::Code;
use seriema_vm::frame::HEADER_WORDS;
use seriema_vm::value::Value;
use std::collections::HashMap;

/// What is known of an exit at run time.
#[derive(Default, Clone, Copy)]
pub struct ExitState {
    pub taken: u32,
    /// Recordings from here that were abandoned; each makes the next try wait longer.
    pub failed: u32,
}

pub struct Region {
    pub id: u32,
    /// As recorded, unoptimised: grows with every segment.
    pub trace: Trace,
    /// What runs.
    pub func: Func,
    pub compiled: Option<Compiled>,
    pub exits: Vec<ExitState>,
    pub hoisted: HashMap<ExitId, ExitId>,
    pub options: opt::Options,
    /// Cells that arguments or exit values need.
    pub cells: usize,
    /// Words and frames of the data stack that inlined calls need when an exit rebuilds them.
    pub stack_words: usize,
    pub depth: u32,
    pub valid: bool,
}

impl Region {
    pub fn new(id: u32, trace: Trace) -> Region {
        Region {
            id,
            trace,
            func: Func::default(),
            compiled: None,
            exits: vec![],
            hoisted: HashMap::new(),
            options: opt::Options::default(),
            cells: 0,
            stack_words: 0,
            depth: 0,
            valid: true,
        }
    }
    pub fn code(&self) -> &Code {
        self.trace.codes[0].as_()
    }
    pub fn header(&self) -> u32 {
        self.trace.labels[0].1.header
    }
    /// What the frame's slots must be to enter.
    pub fn contract(&self) -> &[SlotType] {
        &self.trace.labels[0].1.slots
    }
    /// Where it is, for logs: function, line.
    pub fn place(&self) -> String {
        let code = self.code();
        let name = seriema_vm::runtime::text(&code.qualname).unwrap_or("?").to_owned();
        format!("{name}:{}", code.line(self.header() as usize))
    }
    /// Measures what entering needs.
    pub fn measure(&mut self) {
        let mut cells = self.func.blocks.first().map_or(0, |b| b.params.len());
        for snap in &self.func.snaps {
            cells = cells.max(snap.refs().len());
            let mut words = 0;
            for f in snap.frames.iter().skip(1) {
                let code: &Code = self.trace.codes[f.code as usize].as_();
                words += code.nlocalsplus as usize + HEADER_WORDS + code.stacksize as usize;
            }
            self.stack_words = self.stack_words.max(words);
            self.depth = self.depth.max(snap.frames.len() as u32 - snap.frames.len().min(1) as u32);
        }
        self.cells = cells;
    }
    /// Objects that the trace's snapshots name as constants must live as long as the region.
    pub fn hold_constants(&mut self) {
        let mut found = vec![];
        for snap in &self.trace.func.snaps {
            for f in &snap.frames {
                for v in std::iter::once(&f.func).chain(&f.slots) {
                    if let SnapVal::Const(w) = v {
                        found.push(*w);
                    }
                }
            }
        }
        for w in found {
            let w = seriema_vm::value::Word(w);
            if w.is_ptr() && !self.trace.held.iter().any(|v| v.word() == w) {
                self.trace.held.push(Value::of(&w).clone());
            }
        }
    }
}
