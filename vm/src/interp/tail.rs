//! The tail chain.

use super::*;
use crate::listen::Answer;
use crate::site::ON_PROBED;
use seriema_monitoring::ToolMask;

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

/// The same behind a FAST body, which may have given last references up.
macro_rules! finish {
    ($m:ident) => {{
        if $m.dying {
            // SAFETY: the registers are those behind the instruction.
            return unsafe { bury($m.ip, $m.sp, $m.fp, $m.consts, $m.vm, 0) };
        }
        dispatch!($m)
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
        finish!(m)
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

/// Makes the frame show the registers; answers the frame.
#[inline(always)]
fn show(ip: Ip, sp: *mut Word, vm: *mut Vm) -> *mut Frame {
    // SAFETY: the VM and its current frame are live.
    unsafe {
        let f = (*vm).frame;
        (*f).ip = ip;
        (*f).sp = sp;
        f
    }
}

/// Unwinds from an instruction that failed where the frame shows.
#[cold]
#[inline(never)]
fn unwind(vm: *mut Vm) -> bool {
    // SAFETY: the VM is live.
    unsafe { (*vm).unwind() }
}

/// Goes on as work outside the chain has ended.
macro_rules! after_work {
    ($vm:ident, $code:expr) => {{
        let code = $code;
        if code == GO_ON {
            return go_on!($vm);
        }
        let null = std::ptr::null_mut();
        // SAFETY: only `vm` and the code matter there.
        unsafe { stopped(std::ptr::null(), null, null, std::ptr::null(), $vm, code) }
    }};
}

abi! {
    #[cold]
    #[inline(never)]
    fn slow<const N: u8>(ip, sp, _fp, _consts, vm, arg) {
        show(ip, sp, vm);
        after_work!(vm, work::<N, false>(vm, arg))
    }
}
abi! {
    #[cold]
    #[inline(never)]
    fn probed<const N: u8>(ip, sp, _fp, _consts, vm, arg) {
        show(ip, sp, vm);
        after_work!(vm, work::<N, true>(vm, arg))
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
        /// What a unit goes to by its opcode, and what a probe goes on at (`Armed::entry`).
        static TABLE: [Op; probes::ENTRIES] = {
            let mut t: [Op; probes::ENTRIES] = [unknown as Op; probes::ENTRIES];
            $(t[$num] = fast::<$num>;)*
            t[op::PROBE as usize] = probes::PROBE;
            t[LEAVE as usize] = leave;
            $(t[ON_PROBED as usize + $num] = probes::own_handler::<$num>();)*
            probes::with_first(t)
        };
        static PROBED: [Op; 256] = {
            let mut t: [Op; 256] = [unknown as Op; 256];
            $(t[$num] = probed::<$num>;)*
            t
        };
    };
}
crate::opcodes!(tables);

// The macros above bring their own `unsafe`.
#[allow(unused_unsafe)]
mod probes;

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
    fn unknown(ip, sp, _fp, _consts, vm, _arg) {
        show(ip, sp, vm);
        refuse(vm);
        after_work!(vm, Stop::Raise as u32)
    }
}

pub fn run(vm: *mut Vm) {
    let m = Interp::<false, false>::load(vm);
    dispatch!(m)
}
