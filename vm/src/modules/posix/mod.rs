//! Module `posix`: the operating system as `os` sees it.

pub(crate) mod constants;
mod fd;
mod fs;
mod process;
mod scandir;
mod spawn;
mod stat;
pub(crate) mod sys;

pub(crate) use process::{after_fork, before_fork, signal_set};

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, c_char};
use sys::sys;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("putenv", 2, 2, putenv),
    BuiltinDef::new("unsetenv", 1, 1, unsetenv),
    BuiltinDef::new("_create_environ", 0, 0, |vm, _, _| environ_of(vm)),
    BuiltinDef::new("strerror", 1, 1, |vm, a, _| {
        let n = vm.c_int(&a[0])?;
        Ok(vm.string(sys::strerror(n)))
    }),
    BuiltinDef::new("umask", 1, 1, |vm, a, _| {
        let mask = vm.c_int(&a[0])?;
        // SAFETY: cannot fail.
        Ok(Value::small(unsafe { libc::umask(mask as libc::mode_t) } as i64))
    }),
    BuiltinDef::new("sysconf", 1, 1, |vm, a, _| {
        let name = constants::conf_name(vm, &a[0], constants::SYSCONF)?;
        // SAFETY: a query.
        let n = vm.ok(constants::conf(|| unsafe { libc::sysconf(name) }))?;
        Ok(vm.int(n))
    }),
    BuiltinDef::new("confstr", 1, 1, |vm, a, _| {
        let name = constants::conf_name(vm, &a[0], constants::CONFSTR)?;
        let mut b = vec![0u8; 4096];
        // SAFETY: a buffer with its size; errno is this thread's.
        let n = unsafe {
            *libc::__errno_location() = 0;
            libc::confstr(name, b.as_mut_ptr().cast(), b.len())
        };
        match n {
            0 if sys::errno() != 0 => Err(vm.os_error(sys::errno(), &[])),
            0 => Ok(Value::NONE),
            n => Ok(vm.fs_decode(&b[..n.min(b.len()) - 1])),
        }
    }),
    BuiltinDef::new("urandom", 1, 1, |vm, a, _| {
        let n = vm.c_long(&a[0])?;
        if n < 0 {
            return vm.fail("ValueError", "negative argument not allowed");
        }
        random(vm, n as usize, 0, true)
    }),
    BuiltinDef::kw("getrandom", 0, 255, |vm, a, kw| {
        let [size, flags] = vm.bind_args("getrandom", ["size", "flags"], 0, 1, a, kw)?;
        let (n, flags) = (vm.c_long(&size.unwrap_or(Value::NONE))?, vm.int_or(&flags, 0)?);
        if n < 0 {
            return Err(vm.os_error(libc::EINVAL, &[]));
        }
        random(vm, n as usize, flags as u32, false)
    }),
    BuiltinDef::new("major", 1, 1, |vm, a, _| {
        let d = vm.c_long(&a[0])?;
        Ok(Value::small(libc::major(d as libc::dev_t) as i64))
    }),
    BuiltinDef::new("minor", 1, 1, |vm, a, _| {
        let d = vm.c_long(&a[0])?;
        Ok(Value::small(libc::minor(d as libc::dev_t) as i64))
    }),
    BuiltinDef::new("makedev", 2, 2, |vm, a, _| {
        let (major, minor) = (vm.c_long(&a[0])?, vm.c_long(&a[1])?);
        Ok(vm.big((libc::makedev(major as u32, minor as u32)).into()))
    }),
    BuiltinDef::new("ctermid", 0, 0, |vm, _, _| Ok(vm.str("/dev/tty"))),
    BuiltinDef::new("_inputhook", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("_is_inputhook_installed", 0, 0, |_, _, _| Ok(Value::FALSE)),
];

/// What `os` asks for to know which functions take descriptors.
const HAVE: &[&str] = &[
    "HAVE_EVENTFD", "HAVE_FACCESSAT", "HAVE_FCHDIR", "HAVE_FCHMOD", "HAVE_FCHMODAT", "HAVE_FCHOWN",
    "HAVE_FCHOWNAT", "HAVE_FEXECVE", "HAVE_FDOPENDIR", "HAVE_FPATHCONF", "HAVE_FSTATAT", "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE", "HAVE_FUTIMENS", "HAVE_FUTIMES", "HAVE_FUTIMESAT", "HAVE_LINKAT", "HAVE_LCHOWN",
    "HAVE_LSTAT", "HAVE_LUTIMES", "HAVE_MEMFD_CREATE", "HAVE_MKDIRAT", "HAVE_MKFIFOAT", "HAVE_MKNODAT",
    "HAVE_OPENAT", "HAVE_READLINKAT", "HAVE_RENAMEAT", "HAVE_SYMLINKAT", "HAVE_UNLINKAT", "HAVE_UTIMENSAT",
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("posix", FUNCTIONS);
    for table in [fs::FUNCTIONS, fd::FUNCTIONS, scandir::FUNCTIONS, process::FUNCTIONS] {
        vm.add_functions(&m, table);
    }
    for &(name, n) in constants::CONSTANTS {
        let n = vm.int(n);
        vm.set_global(&m, name, n);
    }
    for (name, table) in [
        ("sysconf_names", constants::SYSCONF),
        ("confstr_names", constants::CONFSTR),
        ("pathconf_names", constants::PATHCONF),
    ] {
        let d = vm.dict();
        for &(name, n) in table {
            let key = vm.intern(name);
            d.as_::<Dict>().set_str(vm, &key, Value::small(n));
        }
        vm.set_global(&m, name, d);
    }
    let have = HAVE.iter().map(|n| vm.intern(n)).collect();
    let have = vm.list(have);
    vm.set_global(&m, "_have_functions", have);
    let env = environ_of(vm)?;
    vm.set_global(&m, "environ", env);
    let mut classes = process::classes(vm);
    classes.push(("stat_result", vm.struct_class(&stat::STAT)));
    classes.push(("statvfs_result", vm.struct_class(&stat::STATVFS)));
    classes.push(("terminal_size", vm.struct_class(&fd::TERMINAL_SIZE)));
    classes.push(("DirEntry", scandir::entry_class(vm)));
    classes.push(("error", vm.types.exception("OSError").clone()));
    for (name, class) in classes {
        vm.set_global(&m, name, class);
    }
    Ok(m)
}

/// The C library's environment.
pub(super) fn environ_pointer() -> *const *mut c_char {
    unsafe extern "C" {
        static environ: *mut *mut c_char;
    }
    // SAFETY: read under the GIL, under which all changes of ours are made.
    unsafe { environ }
}

/// The environment as a dict of bytes.
fn environ_of(vm: &mut Vm) -> R<Value> {
    let d = vm.dict();
    let mut p = environ_pointer();
    // SAFETY: a null-terminated array of C strings.
    let mut entries: Vec<Vec<u8>> = vec![];
    unsafe {
        while !p.is_null() && !(*p).is_null() {
            entries.push(CStr::from_ptr(*p).to_bytes().to_vec());
            p = p.add(1);
        }
    }
    for e in entries {
        let Some(at) = e.iter().position(|&c| c == b'=') else { continue };
        let (key, value) = (vm.bytes(&e[..at]), vm.bytes(&e[at + 1..]));
        if vm.dict_get(d.as_(), &key)?.is_none() {
            vm.dict_set(d.as_(), &key, value)?;
        }
    }
    Ok(d)
}
fn putenv(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let name = vm.c_string(&args[0], "embedded null byte")?;
    let value = vm.c_string(&args[1], "embedded null byte")?;
    if name.as_bytes().contains(&b'=') {
        return vm.fail("ValueError", "illegal environment variable name");
    }
    vm.none(sys!(libc::setenv(name.as_ptr(), value.as_ptr(), 1)))
}
fn unsetenv(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let name = vm.c_string(&args[0], "embedded null byte")?;
    vm.none(sys!(libc::unsetenv(name.as_ptr())))
}

fn random(vm: &mut Vm, n: usize, flags: u32, all: bool) -> R<Value> {
    let mut b = buffer(vm, n)?;
    let mut done = 0;
    loop {
        let r = vm.blocking(|| sys!(libc::getrandom(b[done..].as_mut_ptr().cast(), n - done, flags)))?;
        done += vm.ok(r)? as usize;
        if !all || done == n {
            break;
        }
    }
    b.truncate(done);
    Ok(vm.byte_vec(b))
}

/// A buffer of a size that the program chose.
pub(crate) fn buffer(vm: &mut Vm, n: usize) -> R<Vec<u8>> {
    let mut b: Vec<u8> = vec![];
    if b.try_reserve_exact(n).is_err() {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    b.resize(n, 0);
    Ok(b)
}

/// Seconds, as an int or float, as a timespec; rounds down.
pub(crate) fn time_spec(vm: &mut Vm, v: &Value) -> R<libc::timespec> {
    if let Some(n) = Num::of(v)
        && v.word().is_float()
    {
        let f = vm.float_of(n)?;
        if f.is_nan() {
            return vm.fail("ValueError", "Invalid value NaN (not a number)");
        }
        let whole = f.floor();
        if !(-9.2e18..9.2e18).contains(&whole) {
            return vm.fail("OverflowError", "timestamp out of range for platform time_t");
        }
        let mut ns = ((f - whole) * 1e9).floor() as i64;
        let mut s = whole as i64;
        if ns >= 1_000_000_000 {
            ns -= 1_000_000_000;
            s += 1;
        }
        return Ok(libc::timespec { tv_sec: s, tv_nsec: ns });
    }
    let s = vm.c_long(v)?;
    Ok(libc::timespec { tv_sec: s, tv_nsec: 0 })
}
/// Nanoseconds as a timespec.
pub(crate) fn nano_spec(vm: &mut Vm, v: &Value) -> R<libc::timespec> {
    let n = vm.c_long(v)?;
    Ok(libc::timespec { tv_sec: n.div_euclid(1_000_000_000), tv_nsec: n.rem_euclid(1_000_000_000) })
}
