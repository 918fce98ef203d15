//! Exits: from the values that compiled code left in the buffer to frames of the interpreter.
//!
//! Total: every exit's snapshot describes every slot of every frame. Compiled code has stored raw values
//! only; boxing, references and objects that existed only in the trace are made here.
//!
//! ```text
//!   snapshot                              data stack afterwards
//!   frame 0: slots ...          ──>       the region's frame, all slots written
//!   frame 1: func, slots ...    ──>       a new frame above it; frame 0's `ip` stands at the call
//! ```

use crate::ir::{Func, Ref, SnapFrame, SnapVal, Snapshot, Ty};
use seriema_vm::code::Code;
use seriema_vm::frame::{Frame, HEADER_WORDS};
use seriema_vm::object::{Kind, Range, RangeIter};
use seriema_vm::value::{Value, Word};
use seriema_vm::vm::Vm;

/// The values an exit left, by SSA value.
struct Values<'a> {
    func: &'a Func,
    refs: Vec<Ref>,
    buf: &'a [u64],
}

impl Values<'_> {
    fn raw(&self, r: Ref) -> u64 {
        let i = self.refs.iter().position(|x| *x == r).expect("every value of a snapshot is in its list");
        self.buf[i]
    }
    fn int(&self, v: &SnapVal) -> i64 {
        match v {
            SnapVal::Ref { r, .. } => self.raw(*r) as i64,
            SnapVal::Const(w) => Word(*w).int(),
            _ => 0,
        }
    }
    /// The word of a slot, with a reference that the slot will own.
    fn word(&self, vm: &mut Vm, v: &SnapVal) -> Word {
        match v {
            SnapVal::Null => Word::NULL,
            SnapVal::Const(w) => Word(*w).incref(),
            SnapVal::Ref { r, owned } => {
                let raw = self.raw(*r);
                match self.func.ty(*r) {
                    Ty::Int => vm.int(raw as i64).into_word(),
                    Ty::Float => Word::from_float(f64::from_bits(raw)),
                    Ty::Bool => Word::from_bool(raw != 0),
                    _ if *owned => Word(raw),
                    _ => Word(raw).incref(),
                }
            }
            SnapVal::Virtual { kind, fields } => self.materialise(vm, *kind, fields),
        }
    }
    fn materialise(&self, vm: &mut Vm, kind: u8, fields: &[SnapVal]) -> Word {
        let [a, b, c] = [0, 1, 2].map(|i| self.int(&fields[i]));
        if kind == Kind::RangeIter as u8 {
            let ty = vm.types.range_iterator.clone();
            return RangeIter::new(&ty, a, b, c).into_word();
        }
        let [a, b, c] = [a, b, c].map(|i| vm.int(i));
        let ty = vm.types.range.clone();
        Range::new(&ty, a, b, c).into_word()
    }
}

/// Rebuilds the interpreter's frames. The VM's current frame is the one the region was entered in.
pub fn restore(vm: &mut Vm, func: &Func, snap: &Snapshot, codes: &[Value], buf: &[u64]) {
    let values = Values { func, refs: snap.refs(), buf };
    // Borrowed references are taken before owned ones can be given away: nothing is dropped here, so the
    // order among slots does not matter.
    for (i, f) in snap.frames.iter().enumerate() {
        if i > 0 {
            push_inlined(vm, &values, f, &snap.frames[i - 1], codes);
        }
        write_slots(vm, &values, f);
    }
    let last = snap.frames.last().expect("a snapshot has the region's frame");
    let frame = vm.frame();
    frame.ip = frame.ip_at(last.resume as usize);
    (frame.prev_unit, frame.overlaid) = (last.prev, 0);
}

/// Writes locals and stack of the current frame and sets its stack pointer.
fn write_slots(vm: &mut Vm, values: &Values, f: &SnapFrame) {
    let nlocals = vm.frame().code().nlocalsplus as usize;
    for (i, v) in f.slots.iter().enumerate() {
        let w = values.word(vm, v);
        let frame = vm.frame();
        // SAFETY: the snapshot has this frame's locals and no more stack words than its code needs. What
        // the slots held belongs to the region, or is garbage of a new frame.
        unsafe {
            let slot = if i < nlocals { frame.locals.add(i) } else { frame.stack_base().add(i - nlocals) };
            *slot = w;
        }
    }
    let frame = vm.frame();
    // SAFETY: as above.
    frame.sp = unsafe { frame.stack_base().add(f.slots.len() - nlocals) };
}

/// Makes the frame of an inlined call above the current one, which stands at the call.
fn push_inlined(vm: &mut Vm, values: &Values, f: &SnapFrame, caller: &SnapFrame, codes: &[Value]) {
    let func = values.word(vm, &f.func);
    let code: &Code = codes[f.code as usize].as_();
    let frame = vm.frame();
    frame.ip = frame.ip_at(caller.prev as usize).wrapping_add(1);
    frame.prev_unit = caller.prev;
    // SAFETY: the region's entry made sure of room for its deepest frames.
    unsafe {
        let first = frame.free();
        let new = first.add(code.nlocalsplus as usize).cast::<Frame>();
        new.write(Frame {
            prev: vm.frame,
            code,
            func,
            locals: first,
            ip: code.live.as_ptr(),
            sp: new.cast::<Word>().add(HEADER_WORDS),
            names: Word::NULL,
            link: Word::NULL,
            flags: 0,
            ret_skip: (caller.resume - caller.prev - 1) as u16,
            end_skip: 0,
            prev_unit: f.prev,
            overlaid: 0,
        });
        vm.frame = new;
        vm.depth_left -= 1;
    }
}
