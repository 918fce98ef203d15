//! Frames: activations on one data stack.
//!
//! ```text
//!  caller's stack ... callable self arg0 arg1 | local2 .. cells | Frame | stack words ...
//!                               ^ locals of the callee            ^ header  ^ stack base
//! ```
//!
//! The arguments stay where the caller pushed them and become the callee's first locals. A Python-to-Python
//! call is a few stores; nothing recurses in Rust. Only a generator's frame is elsewhere, in the generator: what
//! it calls gets its arguments moved to the data stack (`free`).

use crate::code::Code;
use crate::object::{Function, Generator, GlobalCell};
use crate::value::{Value, Word};
use std::cell::Cell;

/// Unit pointer into `Code::live`.
pub type Ip = *const Cell<u16>;

/// The interpreter was entered from Rust here: returning from this frame leaves it.
pub const FLAG_ENTRY: u32 = 1;
/// The activation of a generator, which `link` names and which it is part of.
pub const FLAG_GENERATOR: u32 = 2;
/// A frame object refers to this frame: `link` names it (not for generators, which keep their own).
pub const FLAG_OBJECT: u32 = 4;
/// A generator entered by SEND: its return value is pushed too.
pub const FLAG_SEND: u32 = 8;
/// An `__init__` whose caller already has the instance where the result goes.
pub const FLAG_INIT: u32 = 16;
/// Monitoring's "previous instruction" when there is none in this frame.
pub const NO_PREV: u32 = u32::MAX;

#[repr(C)]
pub struct Frame {
    pub prev: *mut Frame,
    pub code: *const Code,
    /// Owned reference to the function.
    pub func: Word,
    pub locals: *mut Word,
    /// While another frame or a helper runs: one past the opcode unit of the instruction under way.
    pub ip: Ip,
    /// Likewise the top of this frame's stack. A frame that called another: where the result goes.
    pub sp: *mut Word,
    /// Owned: the dict of names of module and class bodies; NULL in functions.
    pub names: Word,
    /// The generator of FLAG_GENERATOR (borrowed), the frame object of FLAG_OBJECT (owned), or NULL.
    pub link: Word,
    pub flags: u32,
    /// Units to skip behind the caller's `ip` when this frame returns (a generator: when it yields).
    pub ret_skip: u16,
    /// Units to skip there when a generator returns; `u16::MAX`: too many, to be worked out.
    pub end_skip: u16,
    /// The instruction executed before the one about to run, where monitoring needs to know (see `site`).
    pub prev_unit: u32,
    /// What monitoring noted of the instruction under way when it began (bits in `monitor`).
    pub overlaid: u32,
}

pub const HEADER_WORDS: usize = size_of::<Frame>() / 8;

impl Frame {
    /// What frames have in common when they are entered: the fields that say which one it is are to be filled in.
    pub const BARE: Frame = Frame {
        prev: std::ptr::null_mut(),
        code: std::ptr::null(),
        func: Word::NULL,
        locals: std::ptr::null_mut(),
        ip: std::ptr::null(),
        sp: std::ptr::null_mut(),
        names: Word::NULL,
        link: Word::NULL,
        flags: 0,
        ret_skip: 0,
        end_skip: 0,
        prev_unit: NO_PREV,
        overlaid: 0,
    };
    #[inline(always)]
    pub fn code(&self) -> &Code {
        // SAFETY: the function that the frame owns keeps its code alive.
        unsafe { &*self.code }
    }
    #[inline(always)]
    pub fn function(&self) -> &Function {
        // SAFETY: every frame owns its function.
        unsafe { self.func.cast() }
    }
    /// Where the frame of what this one calls goes, if its arguments are not on the stack yet: the free part of the
    /// data stack. Needs `sp` up to date.
    #[inline(always)]
    pub fn free(&self) -> *mut Word {
        match self.flags & FLAG_GENERATOR {
            0 => self.sp,
            // SAFETY: the flag says what `link` is; who runs a generator keeps it.
            _ => unsafe { self.link.cast::<Generator>() }.room.get(),
        }
    }
    pub fn globals(&self) -> &Value {
        &self.function().globals
    }
    #[inline(always)]
    pub fn stack_base(&self) -> *mut Word {
        // SAFETY: the header lies on the data stack, with the stack words right behind it.
        unsafe { (self as *const Frame as *mut Word).add(HEADER_WORDS) }
    }
    #[inline(always)]
    pub fn stack_depth(&self) -> usize {
        (self.sp as usize - self.stack_base() as usize) / 8
    }
    /// Unit of the instruction under way.
    #[inline(always)]
    pub fn unit(&self) -> usize {
        (self.ip as usize - self.code().live.as_ptr() as usize) / 2 - 1
    }
    /// The instruction at this unit begins, of which monitoring noted that.
    #[inline(always)]
    pub fn begin(&mut self, at: usize, noted: u8) {
        self.prev_unit = at as u32;
        self.overlaid = noted as u32;
    }
    pub fn line(&self) -> i32 {
        self.code().line(self.unit())
    }
    pub fn local(&self, i: usize) -> Word {
        debug_assert!(i < self.code().nlocalsplus as usize);
        // SAFETY: the slot exists.
        unsafe { *self.locals.add(i) }
    }
    /// Address of the code's unit `at` in `live`.
    pub fn ip_at(&self, at: usize) -> Ip {
        &self.code().live[at]
    }
}

/// The data stack: one reservation, never moved, so words on it can be borrowed.
pub struct DataStack {
    memory: Vec<u64>,
}

impl DataStack {
    /// `words` are reserved; the system commits pages when they are first touched.
    pub fn new(words: usize) -> DataStack {
        DataStack { memory: Vec::with_capacity(words) }
    }
    pub fn base(&mut self) -> *mut Word {
        self.memory.as_mut_ptr().cast()
    }
    pub fn limit(&mut self) -> *mut Word {
        // SAFETY: one past the reservation.
        unsafe { self.base().add(self.memory.capacity()) }
    }
}

/// The pointer a quickened LOAD_GLOBAL keeps in its four cache units.
///
/// # Safety
/// `ip` points at a LOAD_GLOBAL_CELL's first cache unit.
#[inline(always)]
pub unsafe fn cached_cell<'a>(ip: Ip) -> &'a GlobalCell {
    // SAFETY: the caller's promise; the cell lives as long as the unit is quickened (its watch un-quickens).
    unsafe { &*ip.cast::<*const GlobalCell>().read_unaligned() }
}
