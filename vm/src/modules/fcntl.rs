//! Module `fcntl`.

use super::posix::sys::sys;
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{c_int, c_long};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("fcntl", 2, 3, fcntl),
    BuiltinDef::new("ioctl", 2, 4, ioctl),
    BuiltinDef::new("flock", 2, 2, |vm, a, _| {
        let (fd, operation) = (vm.fd_arg(&a[0])?, vm.c_int(&a[1])?);
        let r = vm.blocking(|| sys!(libc::flock(fd, operation)))?;
        vm.none(r)
    }),
    BuiltinDef::new("lockf", 2, 5, lockf),
];

/// Most bytes that an argument may have.
const BUFFER: usize = 1024;

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("fcntl", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    Ok(m)
}

/// The third argument: a number, or bytes in a buffer of their own.
enum Argument {
    Number(c_long),
    Buffer(Vec<u8>, usize),
}
fn argument(vm: &mut Vm, who: &str, v: Option<&Value>) -> R<Argument> {
    let Some(v) = v else { return Ok(Argument::Number(0)) };
    if crate::runtime::is_int(v) || v.word().is_bool() {
        return Ok(Argument::Number(vm.c_long(v)?));
    }
    let bytes = match v.get::<Str>() {
        Some(s) => s.bytes().to_vec(),
        None => vm.need_bytes(v)?.to_vec(),
    };
    if bytes.len() > BUFFER {
        return vm.fail("ValueError", format!("{who} argument 3 is too long"));
    }
    let n = bytes.len();
    let mut buffer = bytes;
    // Room for a system that writes more than it was given.
    buffer.resize(BUFFER + 64, 0);
    Ok(Argument::Buffer(buffer, n))
}

fn fcntl(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, command) = (vm.fd_arg(&args[0])?, vm.c_int(&args[1])?);
    match argument(vm, "fcntl", args.get(2))? {
        Argument::Number(n) => {
            let r = vm.blocking(|| sys!(libc::fcntl(fd, command, n)))?;
            let n = vm.ok(r)?;
            Ok(Value::small(n))
        }
        Argument::Buffer(mut b, n) => {
            let r = vm.blocking(|| sys!(libc::fcntl(fd, command, b.as_mut_ptr())))?;
            vm.ok(r)?;
            Ok(vm.bytes(&b[..n]))
        }
    }
}
fn ioctl(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, request) = (vm.fd_arg(&args[0])?, vm.c_long(&args[1])? as u32);
    match argument(vm, "ioctl", args.get(2))? {
        Argument::Number(n) => {
            let r = vm.allow_threads(|| sys!(libc::ioctl(fd, request as _, n)));
            let n = vm.ok(r)?;
            Ok(Value::small(n))
        }
        Argument::Buffer(mut b, n) => {
            let r = vm.allow_threads(|| sys!(libc::ioctl(fd, request as _, b.as_mut_ptr())));
            let answer = vm.ok(r)?;
            let mutate = match args.get(3) {
                Some(v) => vm.truthy(v)?,
                None => true,
            };
            let whole = &args[2];
            if mutate && whole.get::<Bytes>().is_none() && whole.get::<Str>().is_none() {
                // A writable buffer is changed in place.
                let new = vm.bytes(&b[..n]);
                let slice = crate::object::Slice::new(&vm.types.slice, Value::NONE, Value::NONE, Value::NONE);
                vm.set_item(whole, &slice, new)?;
                return Ok(Value::small(answer));
            }
            Ok(vm.bytes(&b[..n]))
        }
    }
}
fn lockf(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, code) = (vm.fd_arg(&args[0])?, vm.c_int(&args[1])?);
    // SAFETY: all zeroes is a valid structure.
    let mut l: libc::flock = unsafe { std::mem::zeroed() };
    l.l_type = match code {
        libc::LOCK_UN => libc::F_UNLCK as _,
        c if c & libc::LOCK_SH != 0 => libc::F_RDLCK as _,
        c if c & libc::LOCK_EX != 0 => libc::F_WRLCK as _,
        _ => return vm.fail("ValueError", "unrecognized lockf argument"),
    };
    if let Some(n) = args.get(2) {
        l.l_len = vm.c_long(n)?;
    }
    if let Some(n) = args.get(3) {
        l.l_start = vm.c_long(n)?;
    }
    l.l_whence = vm.int_or(&args.get(4).cloned(), 0)? as _;
    let command: c_int = if code & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
    let r = vm.blocking(|| sys!(libc::fcntl(fd, command, &raw const l)))?;
    vm.none(r)
}

static CONSTANTS: &[(&str, i64)] = &[
    ("DN_ACCESS", 1),
    ("DN_ATTRIB", 32),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_MODIFY", 2),
    ("DN_MULTISHOT", 2147483648),
    ("DN_RENAME", 16),
    ("FASYNC", 8192),
    ("FD_CLOEXEC", libc::FD_CLOEXEC as i64),
    ("FICLONE", libc::FICLONE as i64),
    ("FICLONERANGE", libc::FICLONERANGE as i64),
    ("F_ADD_SEALS", libc::F_ADD_SEALS as i64),
    ("F_DUPFD", libc::F_DUPFD as i64),
    ("F_DUPFD_CLOEXEC", libc::F_DUPFD_CLOEXEC as i64),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_GETFD", libc::F_GETFD as i64),
    ("F_GETFL", libc::F_GETFL as i64),
    ("F_GETLEASE", libc::F_GETLEASE as i64),
    ("F_GETLK", libc::F_GETLK as i64),
    ("F_GETLK64", 5),
    ("F_GETOWN", libc::F_GETOWN as i64),
    ("F_GETOWN_EX", 16),
    ("F_GETPIPE_SZ", libc::F_GETPIPE_SZ as i64),
    ("F_GETSIG", 11),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035),
    ("F_GET_SEALS", libc::F_GET_SEALS as i64),
    ("F_NOTIFY", libc::F_NOTIFY as i64),
    ("F_OFD_GETLK", libc::F_OFD_GETLK as i64),
    ("F_OFD_SETLK", libc::F_OFD_SETLK as i64),
    ("F_OFD_SETLKW", libc::F_OFD_SETLKW as i64),
    ("F_OWNER_PGRP", 2),
    ("F_OWNER_PID", 1),
    ("F_OWNER_TID", 0),
    ("F_RDLCK", libc::F_RDLCK as i64),
    ("F_SEAL_FUTURE_WRITE", libc::F_SEAL_FUTURE_WRITE as i64),
    ("F_SEAL_GROW", libc::F_SEAL_GROW as i64),
    ("F_SEAL_SEAL", libc::F_SEAL_SEAL as i64),
    ("F_SEAL_SHRINK", libc::F_SEAL_SHRINK as i64),
    ("F_SEAL_WRITE", libc::F_SEAL_WRITE as i64),
    ("F_SETFD", libc::F_SETFD as i64),
    ("F_SETFL", libc::F_SETFL as i64),
    ("F_SETLEASE", libc::F_SETLEASE as i64),
    ("F_SETLK", libc::F_SETLK as i64),
    ("F_SETLK64", 6),
    ("F_SETLKW", libc::F_SETLKW as i64),
    ("F_SETLKW64", 7),
    ("F_SETOWN", libc::F_SETOWN as i64),
    ("F_SETOWN_EX", 15),
    ("F_SETPIPE_SZ", libc::F_SETPIPE_SZ as i64),
    ("F_SETSIG", 10),
    ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036),
    ("F_SHLCK", 8),
    ("F_UNLCK", libc::F_UNLCK as i64),
    ("F_WRLCK", libc::F_WRLCK as i64),
    ("LOCK_EX", libc::LOCK_EX as i64),
    ("LOCK_MAND", 32),
    ("LOCK_NB", libc::LOCK_NB as i64),
    ("LOCK_READ", 64),
    ("LOCK_RW", 192),
    ("LOCK_SH", libc::LOCK_SH as i64),
    ("LOCK_UN", libc::LOCK_UN as i64),
    ("LOCK_WRITE", 128),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_SHORT", 2),
];
