//! Probes of the tail chain.
//!
//! The one event that one closure hears is told from the probe's own handler, with no function between that would save
//! registers and pass the arguments through memory. What a closure can do besides looking raises the flag of
//! [`Closings`](crate::listen::Closings) (see `listen`); so behind a closure that only looked, whatever the handler
//! knew before the call is true yet.

use super::*;
use crate::monitor::chain::Rest;
use crate::ops::iter;
use crate::site::{Armed, First};

/// Runs the base instruction in the form that the site says: on the probed machine if it has an event to fire.
macro_rules! body {
    ($form:expr, $($register:ident),*) => { TABLE[($form & 511) as usize]($($register),*) };
}
/// The same with the registers that the frame shows.
macro_rules! load_body {
    ($form:expr, $vm:ident, $arg:ident) => {{
        let Interp { ip, sp, fp, consts, .. } = Interp::<false, false>::load($vm);
        body!($form, ip, sp, fp, consts, $vm, $arg)
    }};
}
/// The same once LINE and INSTRUCTION have been told in the general way.
macro_rules! body_unless_failed {
    ($form:expr, $vm:ident, $arg:ident) => {{
        let form = $form;
        if form == FAILED {
            let (consts, code) = (std::ptr::null(), Stop::Raise as u32);
            return after_work!($vm, consts, code);
        }
        load_body!(form, $vm, $arg)
    }};
}
/// For a form: a callback failed.
const FAILED: u16 = u16::MAX;

/// Tells LINE and INSTRUCTION in the general way.
#[inline(never)]
fn tell_before(vm: *mut Vm, at: usize) -> u16 {
    // SAFETY: the VM is live, and its current frame at a probe.
    unsafe { (*vm).probe_line(at) }.unwrap_or(FAILED)
}
/// What is left behind a closure that did more than look.
#[cold]
#[inline(never)]
fn rest_before(vm: *mut Vm, armed: Armed, answer: Answer) -> u16 {
    // SAFETY: as above.
    unsafe { (*vm).rest_before(armed, answer) }.unwrap_or(FAILED)
}
#[cold]
#[inline(never)]
fn rest_of_own(vm: *mut Vm, event: Event, tools: ToolMask, answer: Answer) -> Rest {
    // SAFETY: as above.
    unsafe { (*vm).rest_of_own(event, tools, answer) }
}

/// In the place of a register that is in the frame as well.
fn register(n: u64) -> *mut Word {
    std::ptr::without_provenance_mut(n as usize)
}

abi! {
    fn probe(ip, sp, fp, consts, vm, arg) {
        // SAFETY: the VM and its current frame are live; probes stand in the units of its code, at its sites.
        unsafe {
            let f = (*vm).frame;
            let code = &*(*f).code;
            let (at, armed) = code.sites.get().unwrap_unchecked().armed_before(code, ip);
            if armed.first == First::Nothing || (*vm).in_callback {
                (*f).begin(at, armed.noted);
                return body!(armed.form, ip, sp, fp, consts, vm, arg);
            }
            let tell: Op = match armed.first {
                First::Line => probe_line,
                First::LineIfChanged => probe_line_if_changed,
                First::Instruction => probe_instruction,
                First::Nothing | First::Both => probe_both,
            };
            tell(ip, sp, register(at as u64), register(armed.bits()), vm, arg)
        }
    }
}
abi! {
    /// LINE, at unit `at`, whatever ran before.
    #[inline(never)]
    fn probe_line(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let armed_here = Armed::from_bits(armed.addr() as u64);
            let Some(listener) = (*vm).lone_closure(Event::Line, armed_here.line) else {
                return probe_both(ip, sp, at, armed, vm, arg);
            };
            show(ip, sp, vm);
            match (*vm).tell_line(listener, at.addr()) {
                Ok(()) => {
                    (*(*vm).frame).begin((*vm).tracing.event_unit as usize, armed_here.noted);
                    load_body!(armed_here.form, vm, arg)
                }
                Err(answer) => body_unless_failed!(rest_before(vm, armed_here, answer), vm, arg),
            }
        }
    }
}
abi! {
    /// LINE, at unit `at`, if another line's instruction ran before.
    #[inline(never)]
    fn probe_line_if_changed(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let code = &*(*(*vm).frame).code;
            if (*vm).line_changed(code.sites.get().unwrap_unchecked(), at.addr()) {
                return probe_line(ip, sp, at, armed, vm, arg);
            }
            let armed = Armed::from_bits(armed.addr() as u64);
            (*(*vm).frame).begin(at.addr(), armed.noted);
            show(ip, sp, vm);
            load_body!(armed.form, vm, arg)
        }
    }
}
abi! {
    /// INSTRUCTION, at unit `at`.
    #[inline(never)]
    fn probe_instruction(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let armed_here = Armed::from_bits(armed.addr() as u64);
            let Some(listener) = (*vm).lone_closure(Event::Instruction, armed_here.instruction) else {
                return probe_both(ip, sp, at, armed, vm, arg);
            };
            show(ip, sp, vm);
            match (*vm).tell_instruction(listener, at.addr()) {
                Ok(()) => {
                    (*(*vm).frame).begin((*vm).tracing.event_unit as usize, armed_here.noted);
                    load_body!(armed_here.form, vm, arg)
                }
                Err(answer) => body_unless_failed!(rest_before(vm, armed_here, answer), vm, arg),
            }
        }
    }
}
abi! {
    /// LINE or INSTRUCTION or both, at unit `at`, in the general way.
    #[inline(never)]
    fn probe_both(ip, sp, at, _armed, vm, arg) {
        show(ip, sp, vm);
        // SAFETY: as in `probe`.
        unsafe { body_unless_failed!(tell_before(vm, at.addr()), vm, arg) }
    }
}

/// Does the instruction tell its own event before it does anything else, or can the handler do what comes before?
const fn begins_with_its_event(op: u8) -> bool {
    matches!(
        op,
        op::RESUME
            | op::RETURN_VALUE
            | op::YIELD_VALUE
            | op::NOT_TAKEN
            | op::JUMP_FORWARD
            | op::JUMP_BACKWARD
            | op::POP_JUMP_IF_TRUE
            | op::POP_JUMP_IF_FALSE
            | op::POP_JUMP_IF_NONE
            | op::FOR_ITER
    )
}

abi! {
    /// An instruction on the probed machine, if a closure alone hears its event, and it can be told from here.
    fn own<const N: u8>(ip, sp, fp, consts, vm, arg) {
        // SAFETY: the probe has found this instruction at `prev_unit`, a site.
        unsafe {
            let f = (*vm).frame;
            let code = &*(*f).code;
            let at = (*f).prev_unit as usize;
            let sites = code.sites.get().unwrap_unchecked();
            let tools = sites.armed_unchecked(at).own;
            if tools.is_empty() || (*vm).in_callback {
                return unheard::<N>(ip, sp, fp, consts, vm, arg);
            }
            let taken = match N {
                op::POP_JUMP_IF_TRUE => (*sp.sub(1)).0 == TRUE,
                op::POP_JUMP_IF_FALSE => (*sp.sub(1)).0 != TRUE,
                op::POP_JUMP_IF_NONE => *sp.sub(1) == Word::NONE,
                _ => true,
            };
            if !taken {
                // No event, no cache to fill.
                return TABLE[N as usize](ip, sp, fp, consts, vm, arg);
            }
            let event = op::hosted_event(N, arg).unwrap_unchecked();
            let Some(listener) = (*vm).lone_closure(event, tools) else {
                return probed::<N>(ip, sp, fp, consts, vm, arg);
            };
            let late = (*f).overlaid & TOO_LATE as u32 != 0;
            let polls = matches!(N, op::RESUME | op::JUMP_BACKWARD);
            if late || polls && (*vm).breaker.get() != 0 || N == op::RESUME && code.seen.get() != (*vm).version {
                return probed::<N>(ip, sp, fp, consts, vm, arg);
            }
            // Units to go on at, from behind the opcode.
            let (mut sp, mut ahead) = (sp, 0);
            match N {
                op::JUMP_FORWARD => ahead = arg as isize,
                op::JUMP_BACKWARD => ahead = 1 - arg as isize,
                op::POP_JUMP_IF_TRUE | op::POP_JUMP_IF_FALSE | op::POP_JUMP_IF_NONE => {
                    sp = sp.sub(1);
                    ahead = 1 + arg as isize;
                }
                op::FOR_ITER => {
                    let mut m = Interp::<false, true>::new(ip, sp, fp, consts, vm);
                    let next = match (*sp.sub(1)).is_kind(Kind::RangeIter) {
                        true => iter::for_iter_range(&mut m, arg),
                        false => iter::for_iter_seq(&mut m, arg),
                    };
                    if next.is_err() {
                        return probed::<N>(ip, sp, fp, consts, vm, arg);
                    }
                    ahead = 1;
                    if m.ip != ip.offset(ahead) {
                        // The end, which has its own event.
                        if m.dying {
                            return bury(m.ip, m.sp, m.fp, m.consts, m.vm, 0);
                        }
                        return dispatch!(m);
                    }
                    sp = m.sp;
                }
                _ => {}
            }
            show(ip, sp, vm);
            let told = match event.is_jump() {
                true => (*vm).tell_jump(listener, event, sites, at, (at as isize + 1 + ahead) as usize),
                // Where the stack is empty the word below it is the frame's own, and the event takes none.
                false => (*vm).tell_at(listener, event, at, *sp.sub(1)),
            };
            if let Err(answer) = told {
                return match rest_of_own(vm, event, tools, answer) {
                    Rest::GoOn if event.is_jump() || N == op::RESUME => go_on!(vm),
                    Rest::GoOn => load_body!(N as u16, vm, arg),
                    Rest::Moved => go_on!(vm),
                    Rest::Failed => {
                        let code = Stop::Raise as u32;
                        after_work!(vm, consts, code)
                    }
                };
            }
            if event.is_jump() || N == op::RESUME {
                let mut m = Interp::<false, false>::load(vm);
                m.ip = m.ip.offset(ahead);
                return dispatch!(m);
            }
            load_body!(N as u16, vm, arg)
        }
    }
}
abi! {
    /// An instruction that has no event to fire after all: in a form that fills no caches.
    fn unheard<const N: u8>(ip, sp, fp, consts, vm, arg) {
        // SAFETY: as in `own`.
        unsafe {
            let form = match N {
                op::JUMP_BACKWARD => op::JUMP_BACKWARD_NO_JIT,
                op::FOR_ITER if (*sp.sub(1)).is_kind(Kind::RangeIter) => op::FOR_ITER_RANGE,
                op::FOR_ITER if (*sp.sub(1)).is_kind(Kind::SeqIter) => op::FOR_ITER_SEQ,
                op::FOR_ITER => return probed::<N>(ip, sp, fp, consts, vm, arg),
                n => n,
            };
            TABLE[form as usize](ip, sp, fp, consts, vm, arg)
        }
    }
}
abi! {
    /// CALL on the probed machine, if no callback in Python hears it.
    fn own_call(ip, sp, fp, consts, vm, arg) {
        // SAFETY: as in `own`. The stack holds callable, self or NULL, and the arguments.
        unsafe {
            let f = (*vm).frame;
            let code = &*(*f).code;
            let at = (*f).prev_unit as usize;
            let tools = code.sites.get().unwrap_unchecked().armed_unchecked(at).own;
            let n = arg as usize;
            let callable = *sp.sub(n + 2);
            if (*vm).in_callback
                || (*f).overlaid & TOO_LATE as u32 != 0
                || callable.is_kind(Kind::Method)
                || !(*vm).is_simple_call(code, tools)
            {
                return probed::<{ op::CALL }>(ip, sp, fp, consts, vm, arg);
            }
            show(ip, sp, vm);
            if let Some(listener) = (*vm).lone_closure(Event::Call, tools) {
                let first = match () {
                    _ if !(*sp.sub(n + 1)).is_null() => *sp.sub(n + 1),
                    _ if n > 0 => *sp.sub(n),
                    _ => Word::NULL,
                };
                if let Err(answer) = (*vm).tell_call(listener, at, callable, first) {
                    match rest_of_own(vm, Event::Call, tools, answer) {
                        Rest::GoOn => {}
                        Rest::Moved => return go_on!(vm),
                        Rest::Failed => {
                            let code = Stop::Raise as u32;
                            return after_work!(vm, consts, code);
                        }
                    }
                }
            } else if (*vm).listening.call_is_heard {
                return probed::<{ op::CALL }>(ip, sp, fp, consts, vm, arg);
            }
            let m = Interp::<false, false>::load(vm);
            if (*m.sp.sub(n + 2)).is_kind(Kind::Function) {
                return TABLE[op::CALL_PY_EXACT as usize](m.ip, m.sp, m.fp, m.consts, vm, arg);
            }
            let code = call_told(vm, arg);
            after_work!(vm, consts, code)
        }
    }
}
/// Calls what is no function in Python, once CALL has been told.
#[inline(never)]
fn call_told(vm: *mut Vm, arg: u32) -> u32 {
    // SAFETY: the VM is live, the call's words on the stack.
    match unsafe { (*vm).call_told(arg) } {
        Ok(()) => GO_ON,
        Err(stop) => stop as u32,
    }
}

pub(super) const PROBE: Op = probe;
/// What runs a base opcode on the probed machine.
pub(super) const fn on_probed<const N: u8>() -> Op {
    match N {
        op::CALL => own_call,
        _ if begins_with_its_event(N) => own::<N>,
        _ => probed::<N>,
    }
}
