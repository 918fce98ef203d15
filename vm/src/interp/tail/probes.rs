//! Probes of the tail chain.
//!
//! The one event that one closure hears is told from the probe's own handler, with no function between that would save
//! registers and pass the arguments through memory. What a closure can do besides looking raises the flag of
//! [`Closings`](crate::listen::Closings) (see `listen`); so behind a closure that only looked, whatever the handler
//! knew before the call is true yet.
//!
//! A probe goes on at its site's `entry`. The handlers that can stand there have, in place of the registers that are
//! in the frame as well (`fp` and `consts`), the unit of the instruction and its [`Armed`].

use super::*;
use crate::monitor::chain::Rest;
use crate::monitor::is_entered_as_frame;
use crate::object::Builtin;
use crate::ops::{call, iter};
use crate::site::{Armed, First};

fn register(n: u64) -> *mut Word {
    std::ptr::without_provenance_mut(n as usize)
}
/// # Safety
/// The register is a handler's at an `entry`.
unsafe fn armed_in(register: *const Word) -> Armed {
    // SAFETY: as promised.
    unsafe { Armed::from_bits(register.addr() as u64) }
}

/// The opcode on the probed machine, in the general way.
macro_rules! generally {
    ($op:expr, $ip:ident, $sp:ident, $vm:ident, $arg:ident) => {
        probed::<$op>($ip, $sp, std::ptr::null_mut(), std::ptr::null(), $vm, $arg)
    };
}
/// An exception is pending where the frame shows.
macro_rules! fail {
    ($vm:ident) => {
        after_work!($vm, Stop::Raise as u32)
    };
}
/// Behind its own event, which a closure heard that did more than look: the instruction goes on with `body`, or not.
macro_rules! rest_of {
    ($rest:expr, $vm:ident, $body:expr) => {
        match $rest {
            Rest::GoOn => $body,
            Rest::Moved => go_on!($vm),
            Rest::Failed => fail!($vm),
        }
    };
}
/// The plain form of an opcode.
macro_rules! plain {
    ($op:expr, $ip:expr, $sp:expr, $f:expr, $vm:ident, $arg:ident) => {{
        let f = $f;
        let consts = (*(*f).code).consts.as_ptr().cast();
        TABLE[$op as u8 as usize]($ip, $sp, (*f).locals, consts, $vm, $arg)
    }};
}
/// The instruction at unit `at` once what comes before it has been told, where the frame shows.
macro_rules! body {
    ($at:expr, $armed:ident, $vm:ident, $arg:ident) => {{
        let f = (*$vm).frame;
        if $armed.form & ON_PROBED != 0 {
            let (at, armed) = (register($at as u64), register($armed.bits()));
            return TABLE[($armed.form & 511) as usize]((*f).ip, (*f).sp, at, armed, $vm, $arg);
        }
        (*f).begin($at, $armed.noted);
        plain!($armed.form, (*f).ip, (*f).sp, f, $vm, $arg)
    }};
}
/// The same in the form that the general way answers; it has begun.
macro_rules! body_in_form {
    ($form:expr, $vm:ident, $arg:ident) => {{
        let form = $form;
        let f = (*$vm).frame;
        match form {
            FAILED => fail!($vm),
            _ if form & ON_PROBED != 0 => {
                PROBED[form as u8 as usize]((*f).ip, (*f).sp, (*f).locals, std::ptr::null(), $vm, $arg)
            }
            _ => plain!(form, (*f).ip, (*f).sp, f, $vm, $arg),
        }
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

abi! {
    fn probe(ip, sp, _fp, _consts, vm, arg) {
        // SAFETY: the VM and its current frame are live; probes stand in the units of its code, at its sites.
        unsafe {
            let code = &*(*(*vm).frame).code;
            let (at, armed) = code.sites.get().unwrap_unchecked().armed_before(code, ip);
            let (at, bits) = (register(at as u64), register(armed.bits()));
            if (*vm).in_callback {
                return probe_silently(ip, sp, at, bits, vm, arg);
            }
            debug_assert!((armed.entry as usize) < ENTRIES);
            TABLE.get_unchecked(armed.entry as usize)(ip, sp, at, bits, vm, arg)
        }
    }
}
abi! {
    /// Nothing comes before the instruction, and it tells nothing.
    fn probe_nothing(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let (f, armed) = ((*vm).frame, armed_in(armed));
            (*f).begin(at.addr(), armed.noted);
            plain!(armed.form, ip, sp, f, vm, arg)
        }
    }
}
abi! {
    /// In a callback.
    #[cold]
    #[inline(never)]
    fn probe_silently(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let armed = armed_in(armed);
            (*(*vm).frame).begin(at.addr(), armed.noted);
            let form = armed.form;
            show(ip, sp, vm);
            body_in_form!(form, vm, arg)
        }
    }
}
abi! {
    /// LINE, whatever ran before, or INSTRUCTION: the event of this number.
    #[inline(never)]
    fn probe_one<const E: u8>(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let armed_here = armed_in(armed);
            let (event, tools) = match E {
                LINE => (Event::Line, armed_here.line),
                _ => (Event::Instruction, armed_here.instruction),
            };
            let Some(listener) = (*vm).lone_closure(event, tools) else {
                return probe_both(ip, sp, at, armed, vm, arg);
            };
            let f = show(ip, sp, vm);
            let told = match E {
                LINE => (*vm).tell_line(listener, f, at.addr()),
                _ => (*vm).tell_at(listener, f, event, at.addr(), Word::NULL),
            };
            match told {
                Ok(()) => body!((*vm).tracing.event_unit as usize, armed_here, vm, arg),
                Err(answer) => body_in_form!(rest_before(vm, armed_here, answer), vm, arg),
            }
        }
    }
}
const LINE: u8 = Event::Line as u8;
const INSTRUCTION: u8 = Event::Instruction as u8;

abi! {
    /// LINE, if another line's instruction ran before.
    #[inline(never)]
    fn probe_line_if_changed(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let code = &*(*(*vm).frame).code;
            if (*vm).line_changed(code.sites.get().unwrap_unchecked(), at.addr()) {
                return probe_one::<LINE>(ip, sp, at, armed, vm, arg);
            }
            show(ip, sp, vm);
            let armed = armed_in(armed);
            body!(at.addr(), armed, vm, arg)
        }
    }
}
abi! {
    /// LINE or INSTRUCTION or both, in the general way.
    #[inline(never)]
    fn probe_both(ip, sp, at, _armed, vm, arg) {
        show(ip, sp, vm);
        // SAFETY: as in `probe`.
        unsafe { body_in_form!(tell_before(vm, at.addr()), vm, arg) }
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
    /// An instruction that has an event of its own: told from here if a closure alone hears it.
    fn own<const N: u8>(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let f = (*vm).frame;
            let (at, armed) = (at.addr(), armed_in(armed));
            (*f).begin(at, armed.noted);
            let taken = match N {
                op::POP_JUMP_IF_TRUE => (*sp.sub(1)).0 == TRUE,
                op::POP_JUMP_IF_FALSE => (*sp.sub(1)).0 != TRUE,
                op::POP_JUMP_IF_NONE => *sp.sub(1) == Word::NONE,
                _ => true,
            };
            if !taken || armed.own.is_empty() {
                // No event; in a form that has no cache to fill.
                let form = match N {
                    op::JUMP_BACKWARD => op::JUMP_BACKWARD_NO_JIT,
                    op::FOR_ITER if (*sp.sub(1)).is_kind(Kind::RangeIter) => op::FOR_ITER_RANGE,
                    op::FOR_ITER if (*sp.sub(1)).is_kind(Kind::SeqIter) => op::FOR_ITER_SEQ,
                    op::FOR_ITER => return generally!(N, ip, sp, vm, arg),
                    n => n,
                };
                return plain!(form, ip, sp, f, vm, arg);
            }
            let event = op::hosted_event(N, arg).unwrap_unchecked();
            let Some(listener) = (*vm).lone_closure(event, armed.own) else {
                return generally!(N, ip, sp, vm, arg);
            };
            let polls = matches!(N, op::RESUME | op::JUMP_BACKWARD);
            if polls && (*vm).breaker.get() != 0
                || N == op::RESUME && (*(*f).code).seen.get() != (*vm).version
            {
                return generally!(N, ip, sp, vm, arg);
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
                    let consts = (*(*f).code).consts.as_ptr().cast();
                    let mut m = Interp::<false, true>::new(ip, sp, (*f).locals, consts, vm);
                    let next = match (*sp.sub(1)).is_kind(Kind::RangeIter) {
                        true => iter::for_iter_range(&mut m, arg),
                        false => iter::for_iter_seq(&mut m, arg),
                    };
                    if next.is_err() {
                        return generally!(N, ip, sp, vm, arg);
                    }
                    ahead = 1;
                    if m.ip != ip.offset(ahead) {
                        // The end, which has its own event.
                        return finish!(m);
                    }
                    sp = m.sp;
                }
                _ => {}
            }
            show(ip, sp, vm);
            let told = match event.is_jump() {
                true => (*vm).tell_jump(listener, f, event, at, (at as isize + 1 + ahead) as usize),
                // Where the stack is empty the word below it is the frame's own, and the event takes none.
                false => (*vm).tell_at(listener, f, event, at, *sp.sub(1)),
            };
            let over = event.is_jump() || N == op::RESUME;
            if let Err(answer) = told {
                let rest = rest_of_own(vm, event, armed.own, answer);
                return rest_of!(rest, vm, {
                    if over {
                        return go_on!(vm);
                    }
                    plain!(N, (*f).ip, (*f).sp, f, vm, arg)
                });
            }
            if over {
                let mut m = Interp::<false, false>::load(vm);
                m.ip = m.ip.offset(ahead);
                return dispatch!(m);
            }
            plain!(N, (*f).ip, (*f).sp, f, vm, arg)
        }
    }
}
abi! {
    /// END_SEND: STOP_ITERATION.
    fn own_end_send(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`. The stack holds the receiver and what it has returned.
        unsafe {
            let f = (*vm).frame;
            let (at, armed) = (at.addr(), armed_in(armed));
            (*f).begin(at, armed.noted);
            if armed.own.is_empty() || !is_entered_as_frame(*sp.sub(2)) {
                return plain!(op::END_SEND, ip, sp, f, vm, arg);
            }
            if let Some(listener) = (*vm).lone_closure(Event::StopIteration, armed.own)
                && let Some(e) = (*vm).spare_stop_with(*sp.sub(1))
            {
                show(ip, sp, vm);
                let told = (*vm).tell_at(listener, f, Event::StopIteration, at, e.word());
                (*vm).keep_stop(e);
                let rest = match told {
                    Ok(()) => Rest::GoOn,
                    Err(answer) => rest_of_own(vm, Event::StopIteration, armed.own, answer),
                };
                return rest_of!(rest, vm, plain!(op::END_SEND, (*f).ip, (*f).sp, f, vm, arg));
            }
            generally!({ op::END_SEND }, ip, sp, vm, arg)
        }
    }
}
abi! {
    /// CALL, if no callback in Python hears it.
    fn own_call(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`. The stack holds callable, self or NULL, and the arguments.
        unsafe {
            let f = (*vm).frame;
            let (at, armed) = (at.addr(), armed_in(armed));
            (*f).begin(at, armed.noted);
            let n = arg as usize;
            let base = sp.sub(n + 2);
            let kind = (*base).kind();
            if kind == Some(Kind::Method) || !(*vm).is_simple_call(&*(*f).code, armed.own) {
                return generally!({ op::CALL }, ip, sp, vm, arg);
            }
            if let Some(listener) = (*vm).lone_closure(Event::Call, armed.own) {
                show(ip, sp, vm);
                if let Err(answer) = (*vm).tell_call(listener, f, Event::Call, at, base, n) {
                    let rest = rest_of_own(vm, Event::Call, armed.own, answer);
                    return rest_of!(rest, vm, {
                        if kind == Some(Kind::Function) {
                            return plain!(op::CALL_PY_EXACT, (*f).ip, (*f).sp, f, vm, arg);
                        }
                        after_work!(vm, call_told(vm, arg))
                    });
                }
            } else if (*vm).listening.call_is_heard {
                return generally!({ op::CALL }, ip, sp, vm, arg);
            }
            if kind == Some(Kind::Function) {
                return plain!(op::CALL_PY_EXACT, ip, sp, f, vm, arg);
            }
            let (at, armed) = (register(at as u64), register(armed.bits()));
            match (*vm).monitor.heard(Event::CReturn).is_empty() {
                true => own_known(ip, sp, at, armed, vm, arg),
                false => own_end_of_call(ip, sp, at, armed, vm, arg),
            }
        }
    }
}
abi! {
    /// A CALL that has been told, of what is no function in Python, where nobody hears C_RETURN: what the interpreter
    /// does by itself runs nothing that could change that.
    #[inline(never)]
    fn own_known(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `own_call`.
        unsafe {
            let Some(b) = Value::of(&*sp.sub(arg as usize + 2)).get::<Builtin>() else {
                return own_told(ip, sp, at, armed, vm, arg);
            };
            let f = (*vm).frame;
            let consts = (*(*f).code).consts.as_ptr().cast();
            let mut m = Interp::<false, true>::new(ip, sp, (*f).locals, consts, vm);
            if call::call_known(&mut m, b.intrinsic, arg).is_err() {
                return own_told(ip, sp, at, armed, vm, arg);
            }
            finish!(m)
        }
    }
}
abi! {
    /// The same where C_RETURN is heard, and told from here if a closure alone hears it.
    #[inline(never)]
    fn own_end_of_call(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `own_call`.
        unsafe {
            let tools = armed_in(armed).own;
            let n = arg as usize;
            let base = sp.sub(n + 2);
            let f = (*vm).frame;
            if let Some(listener) = (*vm).lone_closure(Event::CReturn, tools)
                && let Some(b) = Value::of(&*base).get::<Builtin>()
                && let Some(r) =
                    call::by_itself(b.intrinsic, arg, #[inline(always)] |which| known::call(vm, base, which, arg))
            {
                show(ip, sp, vm);
                let told = (*vm).tell_call(listener, f, Event::CReturn, at.addr(), base, n);
                if let Err(answer) = told
                    && rest_of_own(vm, Event::CReturn, tools, answer) == Rest::Failed
                {
                    r.decref();
                    return fail!(vm);
                }
                let mut m = Interp::<false, true>::load(vm);
                m.end_call(n + 2, r);
                m.ip = m.ip.add(op::caches(op::CALL));
                return finish!(m);
            }
            own_told(ip, sp, at, armed, vm, arg)
        }
    }
}
abi! {
    /// The same in the general way.
    #[inline(never)]
    fn own_told(ip, sp, _at, _armed, vm, arg) {
        show(ip, sp, vm);
        after_work!(vm, call_told(vm, arg))
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
/// The handler behind the probe of a base opcode that has an event to fire.
pub(super) const fn own_handler<const N: u8>() -> Op {
    match N {
        op::CALL => own_call,
        op::END_SEND => own_end_send,
        _ if begins_with_its_event(N) => own::<N>,
        _ => own_generally::<N>,
    }
}
abi! {
    /// The event of any other instruction.
    fn own_generally<const N: u8>(ip, sp, at, armed, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            (*(*vm).frame).begin(at.addr(), armed_in(armed).noted);
            probed::<N>(ip, sp, at, armed, vm, arg)
        }
    }
}
/// Puts the handlers of what comes before an instruction into the table.
pub(super) const fn with_first(mut table: [Op; ENTRIES]) -> [Op; ENTRIES] {
    table[First::Nothing as usize] = probe_nothing;
    table[First::Line as usize] = probe_one::<LINE>;
    table[First::LineIfChanged as usize] = probe_line_if_changed;
    table[First::Instruction as usize] = probe_one::<INSTRUCTION>;
    table[First::Both as usize] = probe_both;
    table
}
/// Forms, plain and probed, and [`First`].
pub(super) const ENTRIES: usize = First::Both as usize + 1;
