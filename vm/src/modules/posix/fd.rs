//! `posix`: descriptors.

use super::sys::{PathKind, sys};
use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::c_int;

pub(super) static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("open", 0, 255, open),
    BuiltinDef::kw("close", 0, 255, close),
    BuiltinDef::new("closerange", 2, 2, closerange),
    BuiltinDef::new("read", 2, 2, read),
    BuiltinDef::new("write", 2, 2, write),
    BuiltinDef::new("pread", 3, 3, pread),
    BuiltinDef::new("pwrite", 3, 3, pwrite),
    BuiltinDef::new("writev", 2, 2, writev),
    BuiltinDef::new("lseek", 3, 3, lseek),
    BuiltinDef::new("dup", 1, 1, dup),
    BuiltinDef::kw("dup2", 0, 255, dup2),
    BuiltinDef::new("pipe", 0, 0, |vm, _, _| pipe(vm, libc::O_CLOEXEC)),
    BuiltinDef::new("pipe2", 1, 1, |vm, a, _| {
        let flags = vm.c_int(&a[0])?;
        pipe(vm, flags)
    }),
    BuiltinDef::kw("fsync", 0, 255, |vm, a, kw| one_fd(vm, "fsync", a, kw, |fd| sys!(libc::fsync(fd)))),
    BuiltinDef::kw("fdatasync", 0, 255, |vm, a, kw| {
        one_fd(vm, "fdatasync", a, kw, |fd| sys!(libc::fdatasync(fd)))
    }),
    BuiltinDef::new("sync", 0, 0, |vm, _, _| {
        // SAFETY: no arguments.
        vm.allow_threads(|| unsafe { libc::sync() });
        Ok(Value::NONE)
    }),
    BuiltinDef::new("ftruncate", 2, 2, |vm, a, _| {
        let (fd, n) = (vm.c_int(&a[0])?, vm.c_long(&a[1])?);
        let r = vm.blocking(|| sys!(libc::ftruncate(fd, n)))?;
        vm.none(r)
    }),
    BuiltinDef::new("isatty", 1, 1, |vm, a, _| {
        let fd = vm.c_int(&a[0])?;
        // SAFETY: a query.
        Ok(Value::bool(unsafe { libc::isatty(fd) } == 1))
    }),
    BuiltinDef::new("ttyname", 1, 1, ttyname),
    BuiltinDef::new("get_inheritable", 1, 1, get_inheritable),
    BuiltinDef::new("set_inheritable", 2, 2, set_inheritable),
    BuiltinDef::new("get_blocking", 1, 1, get_blocking),
    BuiltinDef::new("set_blocking", 2, 2, set_blocking),
    BuiltinDef::new("get_terminal_size", 0, 1, get_terminal_size),
    BuiltinDef::kw("sendfile", 0, 255, sendfile),
    BuiltinDef::kw("copy_file_range", 0, 255, copy_file_range),
    BuiltinDef::kw("splice", 0, 255, splice),
    BuiltinDef::kw("memfd_create", 0, 255, memfd_create),
    BuiltinDef::kw("eventfd", 0, 255, eventfd),
    BuiltinDef::new("eventfd_read", 1, 1, eventfd_read),
    BuiltinDef::new("eventfd_write", 2, 2, eventfd_write),
    BuiltinDef::new("lockf", 3, 3, |vm, a, _| {
        let (fd, cmd, n) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?, vm.c_long(&a[2])?);
        let r = vm.blocking(|| sys!(libc::lockf(fd, cmd, n)))?;
        vm.none(r)
    }),
    BuiltinDef::new("posix_fallocate", 3, 3, |vm, a, _| {
        let (fd, at, n) = (vm.c_int(&a[0])?, vm.c_long(&a[1])?, vm.c_long(&a[2])?);
        // SAFETY: plain call; it answers the error itself.
        let e = vm.allow_threads(|| unsafe { libc::posix_fallocate(fd, at, n) });
        vm.none(if e == 0 { Ok(0) } else { Err(e) })
    }),
    BuiltinDef::new("posix_fadvise", 4, 4, |vm, a, _| {
        let (fd, at, n) = (vm.c_int(&a[0])?, vm.c_long(&a[1])?, vm.c_long(&a[2])?);
        let advice = vm.c_int(&a[3])?;
        // SAFETY: plain call; it answers the error itself.
        let e = unsafe { libc::posix_fadvise(fd, at, n, advice) };
        vm.none(if e == 0 { Ok(0) } else { Err(e) })
    }),
    BuiltinDef::new("openpty", 0, 0, openpty),
    BuiltinDef::new("tcgetpgrp", 1, 1, |vm, a, _| {
        let fd = vm.c_int(&a[0])?;
        let n = vm.ok(sys!(libc::tcgetpgrp(fd)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("tcsetpgrp", 2, 2, |vm, a, _| {
        let (fd, group) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        vm.none(sys!(libc::tcsetpgrp(fd, group)))
    }),
    BuiltinDef::kw("device_encoding", 0, 255, |vm, a, kw| {
        let [fd] = vm.bind_args("device_encoding", ["fd"], 0, 1, a, kw)?;
        let fd = vm.c_int(&fd.unwrap_or(Value::NONE))?;
        // SAFETY: a query.
        let terminal = unsafe { libc::isatty(fd) } == 1;
        Ok(if terminal { vm.intern("UTF-8") } else { Value::NONE })
    }),
];

pub(super) static TERMINAL_SIZE: StructSeq = StructSeq::new("os.terminal_size", &["columns", "lines"], 2);

fn need(v: Option<Value>) -> Value {
    v.unwrap_or(Value::NONE)
}
fn one_fd(vm: &mut Vm, who: &str, args: &[Value], kw: Kw, f: fn(c_int) -> super::sys::Sys) -> R<Value> {
    let [fd] = vm.bind_args(who, ["fd"], 0, 1, args, kw)?;
    let fd = vm.fd_arg(&need(fd))?;
    let r = vm.blocking(|| f(fd))?;
    vm.none(r)
}

fn open(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "flags", "mode", "dir_fd"];
    let [path, flags, mode, dir_fd] = vm.bind_args_kwonly("open", names, 3, 2, args, kw)?;
    let path = vm.path_arg("open", "path", &need(path), PathKind::Text)?;
    let flags = vm.c_int(&need(flags))? | libc::O_CLOEXEC;
    let (mode, dir_fd) = (vm.int_or(&mode, 0o777)?, vm.dir_fd(&dir_fd)?);
    vm.audit("open", |_| vec![path.original.clone(), Value::NONE, Value::small(flags.into())])?;
    let r = vm.blocking(|| sys!(libc::openat(dir_fd, path.text.as_ptr(), flags, mode)))?;
    let fd = vm.ok_path(r, &path)?;
    Ok(Value::small(fd))
}
fn close(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd] = vm.bind_args("close", ["fd"], 0, 1, args, kw)?;
    let fd = vm.c_int(&need(fd))?;
    // Not repeated after a signal: the descriptor is gone.
    let r = vm.allow_threads(|| sys!(libc::close(fd)));
    vm.none(if r == Err(libc::EINTR) { Ok(0) } else { r })
}
fn closerange(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (low, high) = (vm.c_int(&args[0])?.max(0), vm.c_int(&args[1])?);
    vm.allow_threads(|| {
        if low < high && sys!(libc::syscall(libc::SYS_close_range, low, high - 1, 0)).is_err() {
            for fd in low..high {
                let _ = sys!(libc::close(fd));
            }
        }
    });
    Ok(Value::NONE)
}

fn buffer_size(vm: &mut Vm, v: &Value) -> R<usize> {
    let n = vm.c_long(v)?;
    if n < 0 {
        return Err(vm.os_error(libc::EINVAL, &[]));
    }
    // What one call transfers at most.
    Ok((n as usize).min(0x7fff_f000))
}
fn finish_read(vm: &mut Vm, mut buffer: Vec<u8>, r: super::sys::Sys) -> R<Value> {
    let n = vm.ok(r)? as usize;
    buffer.truncate(n);
    Ok(vm.byte_vec(buffer))
}
fn read(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let n = buffer_size(vm, &args[1])?;
    let mut buffer = super::buffer(vm, n)?;
    let r = vm.blocking(|| sys!(libc::read(fd, buffer.as_mut_ptr().cast(), n)))?;
    finish_read(vm, buffer, r)
}
fn pread(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let (n, at) = (buffer_size(vm, &args[1])?, vm.c_long(&args[2])?);
    let mut buffer = super::buffer(vm, n)?;
    let r = vm.blocking(|| sys!(libc::pread(fd, buffer.as_mut_ptr().cast(), n, at)))?;
    finish_read(vm, buffer, r)
}
fn write(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let data = vm.need_bytes(&args[1])?;
    let n = data.len().min(0x7fff_f000);
    let r = vm.blocking(|| sys!(libc::write(fd, data.as_ptr().cast(), n)))?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn pwrite(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let (data, at) = (vm.need_bytes(&args[1])?, vm.c_long(&args[2])?);
    let n = data.len().min(0x7fff_f000);
    let r = vm.blocking(|| sys!(libc::pwrite(fd, data.as_ptr().cast(), n, at)))?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn writev(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let mut data = vec![];
    for b in vm.to_vec(&args[1])? {
        data.push(vm.need_bytes(&b)?);
    }
    let parts: Vec<libc::iovec> = data
        .iter()
        .map(|b| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() })
        .collect();
    let r = vm.blocking(|| sys!(libc::writev(fd, parts.as_ptr(), parts.len() as c_int)))?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn lseek(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, at, how) = (vm.c_int(&args[0])?, vm.c_long(&args[1])?, vm.c_int(&args[2])?);
    let n = vm.ok(sys!(libc::lseek(fd, at, how)))?;
    Ok(vm.int(n))
}
fn dup(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let n = vm.ok(sys!(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0)))?;
    Ok(Value::small(n))
}
fn dup2(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [a, b, inheritable] = vm.bind_args("dup2", ["fd", "fd2", "inheritable"], 0, 2, args, kw)?;
    let (a, b) = (vm.c_int(&need(a))?, vm.c_int(&need(b))?);
    if a < 0 || b < 0 {
        return Err(vm.os_error(libc::EBADF, &[]));
    }
    let inheritable = vm.bool_or(&inheritable, true)?;
    let r = vm.allow_threads(|| {
        if inheritable || a == b { sys!(libc::dup2(a, b)) } else { sys!(libc::dup3(a, b, libc::O_CLOEXEC)) }
    });
    let n = vm.ok(r)?;
    Ok(Value::small(n))
}
fn pair(vm: &mut Vm, a: c_int, b: c_int) -> Value {
    vm.tuple(vec![Value::small(a as i64), Value::small(b as i64)])
}
fn pipe(vm: &mut Vm, flags: c_int) -> R<Value> {
    let mut fds = [0; 2];
    vm.ok(sys!(libc::pipe2(fds.as_mut_ptr(), flags)))?;
    Ok(pair(vm, fds[0], fds[1]))
}
fn openpty(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let (mut a, mut b) = (0, 0);
    let null = std::ptr::null_mut();
    vm.ok(sys!(libc::openpty(&mut a, &mut b, null, std::ptr::null_mut(), std::ptr::null_mut())))?;
    for fd in [a, b] {
        vm.ok(sys!(libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC)))?;
    }
    Ok(pair(vm, a, b))
}
fn ttyname(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let mut buffer = vec![0u8; 256];
    // SAFETY: a buffer with its size; it answers the error itself.
    let e = unsafe { libc::ttyname_r(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    if e != 0 {
        return Err(vm.os_error(e, &[]));
    }
    let n = buffer.iter().position(|&c| c == 0).unwrap_or(0);
    Ok(vm.fs_decode(&buffer[..n]))
}
fn get_inheritable(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let flags = vm.ok(sys!(libc::fcntl(fd, libc::F_GETFD)))?;
    Ok(Value::bool(flags as c_int & libc::FD_CLOEXEC == 0))
}
fn set_inheritable(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, on) = (vm.c_int(&args[0])?, vm.c_int(&args[1])? != 0);
    let flags = vm.ok(sys!(libc::fcntl(fd, libc::F_GETFD)))? as c_int;
    let flags = if on { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
    vm.none(sys!(libc::fcntl(fd, libc::F_SETFD, flags)))
}
fn get_blocking(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let flags = vm.ok(sys!(libc::fcntl(fd, libc::F_GETFL)))?;
    Ok(Value::bool(flags as c_int & libc::O_NONBLOCK == 0))
}
fn set_blocking(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, on) = (vm.c_int(&args[0])?, vm.truthy(&args[1])?);
    let flags = vm.ok(sys!(libc::fcntl(fd, libc::F_GETFL)))? as c_int;
    let flags = if on { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
    vm.none(sys!(libc::fcntl(fd, libc::F_SETFL, flags)))
}
fn get_terminal_size(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.int_or(&args.first().cloned(), 1)?;
    // SAFETY: all zeroes is a valid buffer.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    vm.ok(sys!(libc::ioctl(fd, libc::TIOCGWINSZ, &mut size)))?;
    let v = vec![Value::small(size.ws_col as i64), Value::small(size.ws_row as i64)];
    Ok(vm.struct_seq(&TERMINAL_SIZE, v))
}

fn sendfile(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["out_fd", "in_fd", "offset", "count"];
    let [out, source, offset, count] = vm.bind_args("sendfile", names, 0, 4, args, kw)?;
    let (out, source) = (vm.c_int(&need(out))?, vm.c_int(&need(source))?);
    let offset = need(offset);
    let mut at = if offset.is_none() { 0 } else { vm.c_long(&offset)? };
    let n = vm.c_long(&need(count))? as usize;
    let r = vm.blocking(|| {
        let p = if offset.is_none() { std::ptr::null_mut() } else { &raw mut at };
        sys!(libc::sendfile(out, source, p, n))
    })?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn optional_offset(vm: &mut Vm, v: &Option<Value>) -> R<Option<i64>> {
    match v {
        Some(v) if !v.is_none() => Ok(Some(vm.c_long(v)?)),
        _ => Ok(None),
    }
}
fn pointer(v: &mut Option<i64>) -> *mut i64 {
    v.as_mut().map_or(std::ptr::null_mut(), |v| v)
}
fn copy_file_range(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["src", "dst", "count", "offset_src", "offset_dst"];
    let [src, dst, count, a, b] = vm.bind_args("copy_file_range", names, 0, 3, args, kw)?;
    let (src, dst, n) = (vm.c_int(&need(src))?, vm.c_int(&need(dst))?, vm.c_long(&need(count))?);
    if n < 0 {
        return vm.fail("ValueError", "negative value for 'count' not allowed");
    }
    let (mut a, mut b) = (optional_offset(vm, &a)?, optional_offset(vm, &b)?);
    let r = vm.blocking(|| {
        sys!(libc::copy_file_range(src, pointer(&mut a), dst, pointer(&mut b), n as usize, 0))
    })?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn splice(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["src", "dst", "count", "offset_src", "offset_dst", "flags"];
    let [src, dst, count, a, b, flags] = vm.bind_args("splice", names, 0, 3, args, kw)?;
    let (src, dst, n) = (vm.c_int(&need(src))?, vm.c_int(&need(dst))?, vm.c_long(&need(count))?);
    if n < 0 {
        return vm.fail("ValueError", "negative value for 'count' not allowed");
    }
    let (mut a, mut b) = (optional_offset(vm, &a)?, optional_offset(vm, &b)?);
    let flags = vm.int_or(&flags, 0)? as u32;
    let r = vm
        .blocking(|| sys!(libc::splice(src, pointer(&mut a), dst, pointer(&mut b), n as usize, flags)))?;
    let n = vm.ok(r)?;
    Ok(vm.int(n))
}
fn memfd_create(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [name, flags] = vm.bind_args("memfd_create", ["name", "flags"], 0, 1, args, kw)?;
    let name = vm.c_string(&need(name), "embedded null byte")?;
    let flags = vm.int_or(&flags, libc::MFD_CLOEXEC as c_int)? as u32;
    let n = vm.ok(sys!(libc::memfd_create(name.as_ptr(), flags)))?;
    Ok(Value::small(n))
}
fn eventfd(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [start, flags] = vm.bind_args("eventfd", ["initval", "flags"], 0, 1, args, kw)?;
    let (start, flags) = (vm.c_long(&need(start))? as u32, vm.int_or(&flags, libc::EFD_CLOEXEC)?);
    let n = vm.ok(sys!(libc::eventfd(start, flags)))?;
    Ok(Value::small(n))
}
fn eventfd_read(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.c_int(&args[0])?;
    let mut n = 0u64;
    let r = vm.blocking(|| sys!(libc::eventfd_read(fd, &mut n)))?;
    vm.ok(r)?;
    Ok(vm.big(n.into()))
}
fn eventfd_write(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, n) = (vm.c_int(&args[0])?, vm.c_long(&args[1])? as u64);
    let r = vm.blocking(|| sys!(libc::eventfd_write(fd, n)))?;
    vm.none(r)
}
