//! The tail chain.

use super::*;
use crate::site::ON_PROBED;

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

abi! {
    fn fast<const N: u8>(ip, sp, fp, consts, vm, arg) {
        let mut m = Interp::<false, true> { ip, sp, fp, consts, vm };
        if N == op::EXTENDED_ARG {
            return dispatch!(m, arg);
        }
        if exec(&mut m, N, arg).is_err() {
            // SAFETY: nothing has happened yet: the twin starts with the original registers.
            return unsafe { slow::<N>(ip, sp, fp, consts, vm, arg) };
        }
        dispatch!(m)
    }
}
/// The registers after work done outside the chain. A handler whose frame holds a variable that something
/// points at cannot end in a sibling call; so whatever may call works in a function of its own, which
/// leaves the registers in the VM, and the handler itself has none but argument registers.
#[derive(Clone, Copy)]
pub struct Registers {
    ip: Ip,
    sp: *mut Word,
    fp: *mut Word,
    consts: *const Word,
}

impl Default for Registers {
    fn default() -> Self {
        let null = std::ptr::null_mut();
        Registers { ip: std::ptr::null(), sp: null, fp: null, consts: null }
    }
}

/// How work outside the chain ended: `Stop` as a number, or this.
const GO_ON: u32 = Stop::Jump as u32;

fn save<const P: bool>(m: &Interp<P, false>, vm: *mut Vm) {
    // SAFETY: the VM is live.
    unsafe { (*vm).registers = Registers { ip: m.ip, sp: m.sp, fp: m.fp, consts: m.consts } };
}

/// One instruction, on the machine that may call.
#[cold]
#[inline(never)]
fn work<const N: u8, const P: bool>(
    ip: Ip,
    sp: *mut Word,
    fp: *mut Word,
    consts: *const Word,
    vm: *mut Vm,
    arg: u32,
) -> u32 {
    let mut m = Interp::<P, false> { ip, sp, fp, consts, vm };
    let r = exec(&mut m, N, arg);
    save(&m, vm);
    match r {
        Ok(()) | Err(Stop::Jump) => GO_ON,
        Err(stop) => stop as u32,
    }
}

/// Unwinds from a failed instruction.
#[cold]
#[inline(never)]
fn unwind(ip: Ip, sp: *mut Word, vm: *mut Vm) -> bool {
    // SAFETY: the VM and its current frame are live.
    unsafe {
        let f = (*vm).frame;
        (*f).ip = ip;
        (*f).sp = sp;
        if !(*vm).unwind() {
            return false;
        }
    }
    save(&Interp::<false, false>::load(vm), vm);
    true
}

/// Leaves the registers of the current frame in the VM.
#[inline(always)]
fn save_current(vm: *mut Vm) {
    // SAFETY: the VM and its current frame are live.
    unsafe {
        let f = (*vm).frame;
        let (ip, sp, fp) = ((*f).ip, (*f).sp, (*f).locals);
        (*vm).registers = Registers { ip, sp, fp, consts: (*(*f).code).consts.as_ptr().cast() };
    }
}

/// Fires LINE and INSTRUCTION at the unit; answers what `Vm::probe` does.
#[inline(never)]
fn fire_probe(ip: Ip, sp: *mut Word, vm: *mut Vm, at: usize) -> u16 {
    // SAFETY: as in `unwind`.
    let r = unsafe {
        let f = (*vm).frame;
        (*f).ip = ip;
        (*f).sp = sp;
        (*vm).probe_line(at)
    };
    save_current(vm);
    r.unwrap_or(FAILED)
}
/// Of `fire_probe`: a callback failed.
const FAILED: u16 = u16::MAX;

/// Goes on with the registers that work left in the VM.
macro_rules! go_on {
    ($vm:ident) => {{
        // SAFETY: the VM is live; `save` wrote the registers.
        let Registers { ip, sp, fp, consts } = unsafe { (*$vm).registers };
        let m = Interp::<false, false> { ip, sp, fp, consts, vm: $vm };
        dispatch!(m)
    }};
}
macro_rules! after_work {
    ($vm:ident, $code:ident) => {{
        if $code == GO_ON {
            return go_on!($vm);
        }
        // SAFETY: as in `go_on`.
        unsafe {
            let Registers { ip, sp, fp, consts } = (*$vm).registers;
            stopped(ip, sp, fp, consts, $vm, $code)
        }
    }};
}

abi! {
    #[cold]
    #[inline(never)]
    fn slow<const N: u8>(ip, sp, fp, consts, vm, arg) {
        let code = work::<N, false>(ip, sp, fp, consts, vm, arg);
        after_work!(vm, code)
    }
}
abi! {
    #[cold]
    #[inline(never)]
    fn probed<const N: u8>(ip, sp, fp, consts, vm, arg) {
        if N == op::EXTENDED_ARG {
            let m = Interp::<true, false> { ip, sp, fp, consts, vm };
            return dispatch!(m, arg);
        }
        let code = work::<N, true>(ip, sp, fp, consts, vm, arg);
        after_work!(vm, code)
    }
}
abi! {
    /// An instruction that ended in `Stop`: leaves the interpreter or unwinds.
    #[cold]
    #[inline(never)]
    fn stopped(ip, sp, _fp, _consts, vm, arg) {
        if arg == Stop::Exit as u32 || !unwind(ip, sp, vm) {
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
            let Some(sites) = code.sites.get() else { return probe_line(ip, sp, fp, consts, vm, arg) };
            let (at, armed) = sites.armed_before(code, ip);
            if !(*vm).in_callback && !armed.line.or(armed.instruction).is_empty() {
                return probe_line(ip, sp, fp, consts, vm, arg);
            }
            (*f).prev_unit = at;
            (*f).overlaid = armed.noted as u32;
            behind_probe!(armed.form, ip, sp, fp, consts, vm, arg)
        }
    }
}
abi! {
    /// A probe that LINE or INSTRUCTION is armed for.
    #[inline(never)]
    fn probe_line(ip, sp, _fp, _consts, vm, arg) {
        // SAFETY: as above, and as in `go_on`.
        unsafe {
            let at = ip.offset_from_unsigned((*(*(*vm).frame).code).live.as_ptr()) - 1;
            let form = fire_probe(ip, sp, vm, at);
            let Registers { ip, sp, fp, consts } = (*vm).registers;
            if form == FAILED {
                return stopped(ip, sp, fp, consts, vm, Stop::Raise as u32);
            }
            behind_probe!(form, ip, sp, fp, consts, vm, arg)
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
fn refuse(ip: Ip, vm: *mut Vm) {
    // SAFETY: `ip` is one past a unit of the code; the VM is live.
    unsafe {
        (*(*vm).frame).ip = ip;
        let _ = crate::runtime::unsupported_opcode(&mut *vm, (*ip.sub(1)).get() as u8 as u32);
    }
}
abi! {
    #[cold]
    #[inline(never)]
    fn unknown(ip, sp, fp, consts, vm, _arg) {
        refuse(ip, vm);
        // SAFETY: the registers are those at the failing instruction.
        unsafe { stopped(ip, sp, fp, consts, vm, Stop::Raise as u32) }
    }
}

pub fn run(vm: *mut Vm) {
    let m = Interp::<false, false>::load(vm);
    dispatch!(m)
}
