//! `Code`: a code object.
//!
//! `base` are CPython 3.14's own units, immutable: what `co_code`, `dis` and the recorder read. `live` are what
//! the interpreter runs: each unit is exactly one of its base unit, a quickened form of it, PROBE, or
//! ENTER_REGION; its inline-cache units hold counters and pointers. Only [`site`](crate::site) writes opcodes
//! into `live`.

mod attributes;
mod effect;
mod parts;
mod verify;

pub use attributes::{METHODS, equal};
pub use parts::{Parts, complex_constant, complex_parts, units};

use crate::object::Header;
use crate::op;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_compiler::core::bytecode::CodeFlags;
use seriema_monitoring::CodeState;
use std::cell::{Cell, OnceCell, RefCell};

pub const CO_VARARGS: u32 = 0x4;
pub const CO_VARKEYWORDS: u32 = 0x8;
pub const CO_GENERATOR: u32 = 0x20;
pub const CO_COROUTINE: u32 = 0x80;
/// A generator that may be awaited (`types.coroutine`).
pub const CO_ITERABLE_COROUTINE: u32 = 0x100;
pub const CO_ASYNC_GENERATOR: u32 = 0x200;

/// Of an inlined comprehension.
pub const FAST_HIDDEN: u8 = 0x10;
pub const FAST_LOCAL: u8 = 0x20;
pub const FAST_CELL: u8 = 0x40;
pub const FAST_FREE: u8 = 0x80;

#[repr(C)]
pub struct Code {
    h: Header,
    pub live: Box<[Cell<u16>]>,
    pub base: Box<[u16]>,
    pub consts: Box<[Value]>,
    /// Interned strs.
    pub names: Box<[Value]>,
    /// Slots before the frame header: arguments, locals, cells, free variables.
    pub nlocalsplus: u32,
    pub stacksize: u32,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub nfree: u32,
    pub flags: u32,
    /// Plain positional parameters only: a call can bind its arguments in place.
    pub simple_args: bool,
    /// One past RETURN_GENERATOR, where a generator of such a function begins if nothing but COPY_FREE_VARS stands
    /// before that: a call can make the generator without a frame. 0: it cannot.
    pub generator_entry: u8,
    pub localsplus: Box<[Value]>,
    pub kinds: Box<[u8]>,
    /// importlib may change it (`_imp._fix_co_filename`).
    pub(crate) filename: RefCell<Value>,
    pub name: Value,
    pub qualname: Value,
    pub firstlineno: i32,
    pub linetable: Box<[u8]>,
    pub exceptiontable: Box<[u8]>,
    /// Never used again for another code object of this VM.
    pub id: u64,
    /// Id of the only dict of globals this code has run with; 0: none yet, `u64::MAX`: several.
    pub globals_id: Cell<u64>,
    pub monitoring: RefCell<CodeState>,
    /// Some unit of `live` is a PROBE.
    pub(crate) probed: Cell<bool>,
    /// What the VM's `resume_key` was when this code was last found up to date.
    pub(crate) seen: Cell<u64>,
    /// The monitor's `expected_version` for which the probes were placed.
    pub(crate) expected_seen: Cell<u64>,
    lines: OnceCell<Box<[i32]>>,
    starts: OnceCell<Box<[u32]>>,
    /// What the site table derives from the bytecode, made when first needed.
    pub(crate) sites: OnceCell<crate::site::StaticSites>,
    /// Regions by number, indexed by the cache unit of an ENTER_REGION.
    pub regions: RefCell<Vec<u32>>,
    /// Inline caches of attribute instructions: each site's units hold the address of its own.
    #[allow(clippy::vec_box)] // Boxed: their addresses stand in the code.
    pub(crate) attr_caches: RefCell<Vec<Box<crate::attr_cache::AttrCache>>>,
    /// Owner, for freeing: unregisters itself from the VM's list of code objects. NULL once the VM is gone.
    pub(crate) vm: Cell<*mut Vm>,
}

impl Code {
    /// Starts of the instructions (EXTENDED_ARG prefixes count as instructions).
    pub fn instructions(&self) -> impl Iterator<Item = usize> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            let here = at;
            at += 1 + op::caches(*self.base.get(here)? as u8);
            Some(here)
        })
    }
    pub fn filename(&self) -> Value {
        self.filename.borrow().clone()
    }
    /// Changes the file name here and in the code objects inside, where it is `old`.
    pub(crate) fn set_filename(&self, old: &Value, new: &Value) {
        if !self.filename().is(old) && !attributes::same_constant(&self.filename(), old) {
            return;
        }
        drop(self.filename.replace(new.clone()));
        for inner in self.consts.iter().filter_map(|c| c.get::<Code>()) {
            inner.set_filename(old, new);
        }
    }
    pub fn has_docstring(&self) -> bool {
        self.flags & CodeFlags::HAS_DOCSTRING.bits() != 0
    }
    pub fn base_op(&self, at: usize) -> u8 {
        self.base[at] as u8
    }
    /// Full argument of the instruction at `at`, prefixes included.
    #[inline]
    pub fn base_arg(&self, at: usize) -> u32 {
        let arg = (self.base[at] >> 8) as u32;
        match at > 0 && self.base[at - 1] as u8 == op::EXTENDED_ARG {
            true => self.prefixed_arg(at, arg),
            false => arg,
        }
    }
    #[inline(never)]
    fn prefixed_arg(&self, at: usize, mut arg: u32) -> u32 {
        let (mut i, mut shift) = (at, 8);
        while i > 0
            && self.base[i - 1] as u8 == op::EXTENDED_ARG
            && self.start_of(i - 1) == i - 1
            && shift < 32
        {
            arg |= ((self.base[i - 1] >> 8) as u32) << shift;
            shift += 8;
            i -= 1;
        }
        arg
    }
    /// Unit of the instruction that unit `at` belongs to (itself or one of its caches).
    pub fn start_of(&self, at: usize) -> usize {
        let starts = self.starts.get_or_init(|| {
            let mut s: Box<[u32]> = vec![0; self.base.len()].into();
            for i in self.instructions() {
                let end = (i + op::caches(self.base[i] as u8)).min(s.len() - 1);
                s[i..=end].fill(i as u32);
            }
            s
        });
        starts.get(at).map_or(at, |&s| s as usize)
    }
    /// Last inline-cache unit of the instruction at `at`.
    pub fn end_unit(&self, at: usize) -> usize {
        at + op::caches(self.base[at] as u8)
    }
    /// Line of a unit; -1 where the table gives none.
    pub fn line(&self, at: usize) -> i32 {
        let lines = self.lines.get_or_init(|| {
            let mut out = Vec::with_capacity(self.base.len());
            for (units, line) in LineTable::new(&self.linetable, self.firstlineno) {
                out.extend(std::iter::repeat_n(line.unwrap_or(-1), units));
            }
            out.resize(self.base.len(), -1);
            out.into()
        });
        lines.get(at).copied().unwrap_or(-1)
    }
    /// Columns (bytes, from 0) of a unit's source, where it lies on one line.
    pub fn columns(&self, at: usize) -> Option<(usize, usize)> {
        let mut unit = 0;
        let mut bytes = &self.linetable[..];
        while let Some((&first, mut rest)) = bytes.split_first() {
            let (kind, units) = (first >> 3 & 15, (first & 7) as usize + 1);
            unit += units;
            if at < unit {
                return match kind {
                    15 | 13 => None,
                    14 => {
                        LineTable::svarint(&mut rest);
                        let lines = LineTable::uvarint(&mut rest);
                        let start = LineTable::uvarint(&mut rest) as usize;
                        let end = LineTable::uvarint(&mut rest) as usize;
                        if lines == 0 { Some((start.checked_sub(1)?, end.checked_sub(1)?)) } else { None }
                    }
                    10..=12 => Some((*rest.first()? as usize, *rest.get(1)? as usize)),
                    _ => {
                        let second = *rest.first()?;
                        let start = (kind as usize) << 3 | (second >> 4) as usize;
                        Some((start, start + (second & 15) as usize))
                    }
                };
            }
            let next = bytes[1..].iter().position(|b| b & 0x80 != 0).map_or(bytes.len(), |i| i + 1);
            bytes = &bytes[next..];
        }
        None
    }
    /// Handler of an exception at unit `at`: (target unit, stack depth, push the unit's offset).
    pub fn handler(&self, at: usize) -> Option<(usize, usize, bool)> {
        let mut t = self.exceptiontable.iter().copied().peekable();
        while t.peek().is_some() {
            let start = varint(&mut t);
            let length = varint(&mut t);
            let target = varint(&mut t);
            let dl = varint(&mut t);
            if (start..start + length).contains(&at) {
                return Some((target, dl >> 1, dl & 1 != 0));
            }
        }
        None
    }
    pub fn is_cell(&self, slot: usize) -> bool {
        self.kinds[slot] & (FAST_CELL | FAST_FREE) != 0
    }
    pub fn is_free(&self, slot: usize) -> bool {
        self.kinds[slot] & FAST_FREE != 0
    }
    /// Words a call needs on the data stack beyond its arguments.
    #[inline(always)]
    pub fn frame_words(&self) -> usize {
        self.nlocalsplus as usize + crate::frame::HEADER_WORDS + self.stacksize as usize
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if self.vm.get().is_null() {
            return;
        }
        // SAFETY: a VM that goes takes its address out of the code objects that are left.
        let vm = unsafe { &mut *self.vm.get() };
        vm.codes.remove(&(self as *const Code as usize));
        vm.forget_code(self);
    }
}

/// Big-endian 6-bit groups of the exception table.
fn varint(t: &mut impl Iterator<Item = u8>) -> usize {
    let mut v = 0usize;
    for b in t.by_ref() {
        v = v << 6 | (b & 63) as usize;
        if b & 64 == 0 {
            break;
        }
    }
    v
}

/// The location table: yields (units, line) runs.
pub struct LineTable<'a> {
    bytes: &'a [u8],
    line: i32,
}

impl<'a> LineTable<'a> {
    pub fn new(bytes: &'a [u8], first: i32) -> Self {
        LineTable { bytes, line: first }
    }
    fn uvarint(bytes: &mut &[u8]) -> u32 {
        let (mut v, mut shift) = (0u32, 0);
        while let Some((&b, rest)) = bytes.split_first() {
            *bytes = rest;
            v |= ((b & 63) as u32).wrapping_shl(shift);
            shift += 6;
            if b & 64 == 0 {
                break;
            }
        }
        v
    }
    fn svarint(bytes: &mut &[u8]) -> i32 {
        let v = Self::uvarint(bytes);
        if v & 1 != 0 { -((v >> 1) as i32) } else { (v >> 1) as i32 }
    }
}

impl Iterator for LineTable<'_> {
    type Item = (usize, Option<i32>);
    fn next(&mut self) -> Option<Self::Item> {
        let (&first, mut rest) = self.bytes.split_first()?;
        let (kind, units) = (first >> 3 & 15, (first & 7) as usize + 1);
        // Entries after the first byte have their top bit clear: skip to the next start for the payload.
        let delta = match kind {
            15 => None,
            13 | 14 => Some(Self::svarint(&mut rest)),
            10..=12 => Some(kind as i32 - 10),
            _ => Some(0),
        };
        self.line = self.line.wrapping_add(delta.unwrap_or(0));
        let next = self.bytes[1..].iter().position(|b| b & 0x80 != 0).map_or(self.bytes.len(), |i| i + 1);
        self.bytes = &self.bytes[next..];
        Some((units, delta.map(|_| self.line)))
    }
}
