//! The tail chain.

use super::*;
use crate::monitor::chain::Started;
use crate::site::{AT_START, ON_PROBED};

macro_rules! abi {
    ($($item:tt)*) => { #[cfg(target_arch = "x86_64")] sysv!{$($item)*} #[cfg(not(target_arch = "x86_64"))] c!{$($item)*} };
}
macro_rules! sysv {
    ($(#[$m:meta])* fn $name:ident $(<const $n:ident: u8>)? ($ip:ident, $sp:ident, $fp:ident, $consts:ident, $vm:ident, $arg:ident) $body:block) => {
        $(#[$m])*
        unsafe extern "sysv64" fn $name $(<const $n: u8>)? ($ip: Ip, $sp: *mut Word, $fp: *mut Word, $consts: *const Word, $vm: *mut Vm, $arg: u32) $body
    };
    (type $op:ident) => { type $op = unsafe extern "sysv64" fn(Ip, *mut Word, *mut Word, *const Word, *mut Vm, u32); };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! c {
    ($(#[$m:meta])* fn $name:ident $(<const $n:ident: u8>)? ($ip:ident, $sp:ident, $fp:ident, $consts:ident, $vm:ident, $arg:ident) $body:block) => {
        $(#[$m])*
        unsafe extern "C" fn $name $(<const $n: u8>)? ($ip: Ip, $sp: *mut Word, $fp: *mut Word, $consts: *const Word, $vm: *mut Vm, $arg: u32) $body
    };
    (type $op:ident) => { type $op = unsafe extern "C" fn(Ip, *mut Word, *mut Word, *const Word, *mut Vm, u32); };
}

abi! { type Op }

/// Continues with the next unit, as a sibling call.
macro_rules! dispatch {
    ($m:ident, $prefix:expr) => {{
        // SAFETY: as in the loop driver: `ip` stays inside the code.
        unsafe {
            let unit = (*$m.ip).get();
            let handler = TABLE[(unit & 0xff) as usize];
            handler($m.ip.add(1), $m.sp, $m.fp, $m.consts, $m.vm, $prefix << 8 | (unit >> 8) as u32)
        }
    }};
    ($m:ident) => {{
        // SAFETY: as above.
        unsafe {
            let unit = (*$m.ip).get();
            let handler = TABLE[(unit & 0xff) as usize];
            handler($m.ip.add(1), $m.sp, $m.fp, $m.consts, $m.vm, (unit >> 8) as u32)
        }
    }};
}

/// Goes on where the current frame shows.
macro_rules! go_on {
    ($vm:ident) => {{
        let m = Interp::<false, false>::load($vm);
        dispatch!(m)
    }};
}
abi! {
    fn fast<const N: u8>(ip, sp, fp, consts, vm, arg) {
        let mut m = Interp::<false, true>::new(ip, sp, fp, consts, vm);
        if N == op::EXTENDED_ARG {
            return dispatch!(m, arg);
        }
        if exec(&mut m, N, arg).is_err() {
            // SAFETY: nothing has happened yet: the twin starts with the original registers.
            return unsafe { slow::<N>(ip, sp, fp, consts, vm, arg) };
        }
        if m.dying {
            // SAFETY: the registers are those behind the instruction.
            return unsafe { bury(m.ip, m.sp, m.fp, m.consts, m.vm, 0) };
        }
        dispatch!(m)
    }
}
abi! {
    /// Goes on once the objects have gone whose last references the handler before gave up.
    #[cold]
    #[inline(never)]
    fn bury(ip, sp, _fp, _consts, vm, _arg) {
        if ip == leave_chain() {
            return Dying::bury_leaving(vm);
        }
        show(ip, sp, vm);
        // SAFETY: the VM is live; the handler gave up a reference to an object.
        unsafe {
            match (*vm).dying.lone() {
                Some(w) if (*w.header()).decref() => crate::object::dealloc(w.header()),
                Some(_) => {}
                None => Dying::bury(vm),
            }
        }
        go_on!(vm)
    }
}
/// How work outside the chain ended: `Stop` as a number, or this.
const GO_ON: u32 = Stop::Jump as u32;

/// One instruction, on the machine that may call. A handler whose frame holds a variable that something points
/// at cannot end in a sibling call; so whatever may call works in a function of its own, and the registers go
/// there and back in the Python frame.
#[inline(never)]
fn work<const N: u8, const P: bool>(vm: *mut Vm, arg: u32) -> u32 {
    let mut m = Interp::<P, false>::load(vm);
    let r = exec(&mut m, N, arg);
    // On exit the frame is that of a Rust caller, maybe of no code.
    if r == Err(Stop::Exit) {
        return Stop::Exit as u32;
    }
    m.sync();
    match r {
        Ok(()) => GO_ON,
        Err(stop) => stop as u32,
    }
}

/// Makes the frame show the registers.
#[inline(always)]
fn show(ip: Ip, sp: *mut Word, vm: *mut Vm) {
    // SAFETY: the VM and its current frame are live.
    unsafe {
        let f = (*vm).frame;
        (*f).ip = ip;
        (*f).sp = sp;
    }
}

/// Unwinds from an instruction that failed where the frame shows.
#[cold]
#[inline(never)]
fn unwind(vm: *mut Vm) -> bool {
    // SAFETY: the VM is live.
    unsafe { (*vm).unwind() }
}

/// Fires LINE and INSTRUCTION at the unit; answers what `Vm::probe` does.
#[inline(never)]
fn fire_probe(vm: *mut Vm, at: usize) -> u16 {
    // SAFETY: as in `unwind`.
    unsafe { (*vm).probe_line(at) }.unwrap_or(FAILED)
}
/// The same, or the rest of it after a closure.
#[inline(never)]
fn fire_rest(vm: *mut Vm, at: usize) -> u16 {
    // SAFETY: as in `unwind`.
    unsafe { (*vm).probe_rest(at) }.unwrap_or(FAILED)
}
/// Of `fire_probe`: a callback failed.
const FAILED: u16 = u16::MAX;

macro_rules! after_work {
    ($vm:ident, $consts:ident, $code:ident) => {{
        if $code == GO_ON {
            return go_on!($vm);
        }
        // SAFETY: only `vm` and the code matter there.
        unsafe { stopped(std::ptr::null(), std::ptr::null_mut(), std::ptr::null_mut(), $consts, $vm, $code) }
    }};
}

abi! {
    #[cold]
    #[inline(never)]
    fn slow<const N: u8>(ip, sp, _fp, consts, vm, arg) {
        show(ip, sp, vm);
        let code = work::<N, false>(vm, arg);
        after_work!(vm, consts, code)
    }
}
abi! {
    #[cold]
    #[inline(never)]
    fn probed<const N: u8>(ip, sp, fp, consts, vm, arg) {
        if N == op::EXTENDED_ARG {
            let m = Interp::<true, false>::new(ip, sp, fp, consts, vm);
            return dispatch!(m, arg);
        }
        show(ip, sp, vm);
        let code = work::<N, true>(vm, arg);
        after_work!(vm, consts, code)
    }
}
abi! {
    /// An instruction that ended in `Stop`: leaves the interpreter or unwinds.
    #[cold]
    #[inline(never)]
    fn stopped(_ip, _sp, _fp, _consts, vm, arg) {
        if arg == Stop::Exit as u32 || !unwind(vm) {
            return;
        }
        go_on!(vm)
    }
}
/// Runs the base instruction behind a probe: on the probed machine if it has an event to fire.
macro_rules! behind_probe {
    ($form:expr, $($register:ident),*) => {{
        let form = $form;
        let table = if form & ON_PROBED == 0 { &TABLE } else { &PROBED_TABLE };
        table[(form & 0xff) as usize]($($register),*)
    }};
}
abi! {
    fn probe(ip, sp, fp, consts, vm, arg) {
        // SAFETY: the VM and its current frame are live; probes stand in the units of its code, at its sites.
        unsafe {
            let f = (*vm).frame;
            let code = &*(*f).code;
            let sites = code.sites.get().unwrap_unchecked();
            let (at, armed) = sites.armed_before(code, ip);
            if !(*vm).in_callback {
                let closures = (*vm).listening.any_lone;
                if !armed.line.or(armed.instruction).is_empty() {
                    return match closures {
                        true => probe_line(ip, sp, unit_as_pointer(at), consts, vm, arg),
                        false => probe_plain(ip, sp, unit_as_pointer(at), consts, vm, arg),
                    };
                }
                if armed.form & AT_START != 0 && closures {
                    return probe_start(ip, sp, unit_as_pointer(at), consts, vm, arg);
                }
            }
            (*f).prev_unit = at;
            (*f).overlaid = armed.noted as u32;
            behind_probe!(armed.form, ip, sp, fp, consts, vm, arg)
        }
    }
}
/// In the place of a register that is in the frame as well.
#[inline(always)]
fn unit_as_pointer(at: u32) -> *mut Word {
    std::ptr::without_provenance_mut(at as usize)
}
abi! {
    /// A probe that LINE or INSTRUCTION is armed for, at unit `at`.
    #[inline(never)]
    fn probe_line(ip, sp, at, consts, vm, arg) {
        show(ip, sp, vm);
        // SAFETY: as above.
        let told = unsafe { (*vm).probe_closure(at.addr()) };
        let Some(form) = told else {
            // SAFETY: as above.
            return unsafe { probe_other(ip, sp, at, consts, vm, arg) };
        };
        let Interp { ip, sp, fp, consts, .. } = Interp::<false, false>::load(vm);
        // SAFETY: the base opcode of this unit.
        unsafe { behind_probe!(form, ip, sp, fp, consts, vm, arg) }
    }
}
/// Goes on with the form that firing LINE and INSTRUCTION answered.
macro_rules! after_probe {
    ($form:expr, $consts:ident, $vm:ident, $arg:ident) => {{
        let form = $form;
        if form == FAILED {
            let code = Stop::Raise as u32;
            return after_work!($vm, $consts, code);
        }
        let Interp { ip, sp, fp, consts, .. } = Interp::<false, false>::load($vm);
        // SAFETY: the base opcode of this unit.
        unsafe { behind_probe!(form, ip, sp, fp, consts, $vm, $arg) }
    }};
}
abi! {
    /// The same where there are no closures.
    #[inline(never)]
    fn probe_plain(ip, sp, at, consts, vm, arg) {
        show(ip, sp, vm);
        after_probe!(fire_probe(vm, at.addr()), consts, vm, arg)
    }
}
abi! {
    /// The same in the general way, or after a closure that did more than look.
    #[inline(never)]
    fn probe_other(_ip, _sp, at, consts, vm, arg) {
        after_probe!(fire_rest(vm, at.addr()), consts, vm, arg)
    }
}
abi! {
    /// A probe, at unit `at`, whose instruction begins with its event, and nothing else is armed.
    #[inline(never)]
    fn probe_start(ip, sp, at, consts, vm, arg) {
        show(ip, sp, vm);
        // SAFETY: as above. Where the stack is empty the word below it is the frame's own, and the event takes none.
        let told = unsafe { (*vm).start_closure(at.addr(), *sp.sub(1)) };
        match told {
            Started::GoOn(base) => {
                let Interp { ip, sp, fp, consts, .. } = Interp::<false, false>::load(vm);
                // SAFETY: the base opcode of this unit.
                unsafe { TABLE[base as usize](ip, sp, fp, consts, vm, arg) }
            }
            Started::Over => go_on!(vm),
            Started::Failed => {
                let code = Stop::Raise as u32;
                after_work!(vm, consts, code)
            }
            // SAFETY: as above.
            Started::Not => unsafe { probe_own(ip, sp, at, consts, vm, arg) },
        }
    }
}
abi! {
    /// The same in the general way.
    #[inline(never)]
    fn probe_own(_ip, _sp, at, _consts, vm, arg) {
        // SAFETY: as in `probe`.
        unsafe {
            let f = (*vm).frame;
            let armed = (*(*f).code).sites().armed_unchecked(at.addr());
            (*f).prev_unit = at.addr() as u32;
            (*f).overlaid = armed.noted as u32;
            let Interp { ip, sp, fp, consts, .. } = Interp::<false, false>::load(vm);
            behind_probe!(armed.form, ip, sp, fp, consts, vm, arg)
        }
    }
}

/// Stands in no code object: where a frame entered from Rust goes on when it returns.
const LEAVE: u8 = 253;
static LEAVE_UNIT: u16 = LEAVE as u16;
pub(super) fn leave_chain() -> Ip {
    (&raw const LEAVE_UNIT).cast()
}
abi! {
    fn leave(_ip, _sp, _fp, _consts, _vm, _arg) {}
}

macro_rules! tables {
    ($($num:literal $name:ident $module:ident :: $body:ident $caches:literal ($($effect:tt)*) [$($event:ident)?];)*) => {
        static TABLE: [Op; 256] = {
            let mut t: [Op; 256] = [unknown as Op; 256];
            $(t[$num] = fast::<$num>;)*
            t[op::PROBE as usize] = probe;
            t[LEAVE as usize] = leave;
            t
        };
        static PROBED_TABLE: [Op; 256] = {
            let mut t: [Op; 256] = [unknown as Op; 256];
            $(t[$num] = probed::<$num>;)*
            t
        };
    };
}
crate::opcodes!(tables);

#[cold]
#[inline(never)]
fn refuse(vm: *mut Vm) {
    // SAFETY: the current frame shows one past a unit of its code; the VM is live.
    unsafe {
        let ip = (*(*vm).frame).ip;
        let _ = crate::runtime::unsupported_opcode(&mut *vm, (*ip.sub(1)).get() as u8 as u32);
    }
}
abi! {
    #[cold]
    #[inline(never)]
    fn unknown(ip, sp, _fp, consts, vm, _arg) {
        show(ip, sp, vm);
        refuse(vm);
        let code = Stop::Raise as u32;
        after_work!(vm, consts, code)
    }
}

pub fn run(vm: *mut Vm) {
    let m = Interp::<false, false>::load(vm);
    dispatch!(m)
}
