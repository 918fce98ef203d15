//! `posix`: the file system by names.

use super::stat::stat_value;
use super::sys::{Path, PathKind, Sys, sys};
use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, c_int};

pub(super) static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("stat", 0, 255, stat),
    BuiltinDef::kw("lstat", 0, 255, lstat),
    BuiltinDef::kw("fstat", 0, 255, fstat),
    BuiltinDef::kw("mkdir", 0, 255, mkdir),
    BuiltinDef::kw("rmdir", 0, 255, |vm, a, kw| unlink_at(vm, "rmdir", libc::AT_REMOVEDIR, a, kw)),
    BuiltinDef::kw("unlink", 0, 255, |vm, a, kw| unlink_at(vm, "unlink", 0, a, kw)),
    BuiltinDef::kw("remove", 0, 255, |vm, a, kw| unlink_at(vm, "remove", 0, a, kw)),
    BuiltinDef::kw("rename", 0, 255, |vm, a, kw| rename(vm, "rename", a, kw)),
    BuiltinDef::kw("replace", 0, 255, |vm, a, kw| rename(vm, "replace", a, kw)),
    BuiltinDef::kw("link", 0, 255, link),
    BuiltinDef::kw("symlink", 0, 255, symlink),
    BuiltinDef::kw("readlink", 0, 255, readlink),
    BuiltinDef::kw("chmod", 0, 255, chmod),
    BuiltinDef::kw("chown", 0, 255, chown),
    BuiltinDef::kw("lchown", 0, 255, lchown),
    BuiltinDef::kw("fchmod", 0, 255, fchmod),
    BuiltinDef::kw("fchown", 0, 255, fchown),
    BuiltinDef::kw("utime", 0, 255, utime),
    BuiltinDef::kw("truncate", 0, 255, truncate),
    BuiltinDef::kw("access", 0, 255, access),
    BuiltinDef::kw("chdir", 0, 255, chdir),
    BuiltinDef::kw("fchdir", 0, 255, fchdir),
    BuiltinDef::kw("chroot", 0, 255, chroot),
    BuiltinDef::new("getcwd", 0, 0, |vm, _, _| cwd(vm, false)),
    BuiltinDef::new("getcwdb", 0, 0, |vm, _, _| cwd(vm, true)),
    BuiltinDef::kw("mkfifo", 0, 255, mkfifo),
    BuiltinDef::kw("mknod", 0, 255, mknod),
    BuiltinDef::kw("statvfs", 0, 255, statvfs),
    BuiltinDef::new("fstatvfs", 1, 1, statvfs),
    BuiltinDef::kw("pathconf", 2, 2, pathconf),
    BuiltinDef::new("fpathconf", 2, 2, pathconf),
    BuiltinDef::kw("getxattr", 0, 255, getxattr),
    BuiltinDef::kw("setxattr", 0, 255, setxattr),
    BuiltinDef::kw("removexattr", 0, 255, removexattr),
    BuiltinDef::kw("listxattr", 0, 255, listxattr),
    BuiltinDef::kw("_path_normpath", 0, 255, normpath),
    BuiltinDef::kw("_path_splitroot_ex", 0, 255, splitroot),
    BuiltinDef::kw("fspath", 0, 255, fspath),
];

fn need(v: Option<Value>) -> Value {
    v.unwrap_or(Value::NONE)
}

/// AT_SYMLINK_NOFOLLOW unless links are to be followed.
fn follow(b: bool) -> c_int {
    if b { 0 } else { libc::AT_SYMLINK_NOFOLLOW }
}

/// Refuses combinations that make no sense.
fn check_fd(vm: &mut Vm, who: &str, path: &Path, dir_fd: c_int, follows: bool) -> R {
    if path.fd.is_some() && dir_fd != libc::AT_FDCWD {
        return vm.fail("ValueError", format!("{who}: can't specify dir_fd without matching path"));
    }
    if path.fd.is_some() && !follows {
        return vm.fail("ValueError", format!("{who}: cannot use fd and follow_symlinks together"));
    }
    Ok(())
}

pub(super) fn stat_at(path: &CStr, dir_fd: c_int, flags: c_int) -> Result<libc::stat, i32> {
    // SAFETY: all zeroes is a valid stat buffer.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    sys!(libc::fstatat(dir_fd, path.as_ptr(), &mut st, flags))?;
    Ok(st)
}
pub(super) fn stat_fd(fd: c_int) -> Result<libc::stat, i32> {
    // SAFETY: all zeroes is a valid stat buffer.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    sys!(libc::fstat(fd, &mut st))?;
    Ok(st)
}

fn stat(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, dir_fd, follows] =
        vm.bind_args_kwonly("stat", ["path", "dir_fd", "follow_symlinks"], 1, 1, args, kw)?;
    let path = vm.path_arg("stat", "path", &need(path), PathKind::OrFd)?;
    let (dir_fd, follows) = (vm.dir_fd(&dir_fd)?, vm.bool_or(&follows, true)?);
    check_fd(vm, "stat", &path, dir_fd, follows)?;
    let r = match path.fd {
        Some(fd) => vm.allow_threads(|| stat_fd(fd)),
        None => vm.allow_threads(|| stat_at(&path.text, dir_fd, follow(follows))),
    };
    match r {
        Ok(st) => Ok(stat_value(vm, &st)),
        Err(e) => Err(vm.os_error(e, &[&path.original])),
    }
}
fn lstat(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, dir_fd] = vm.bind_args_kwonly("lstat", ["path", "dir_fd"], 1, 1, args, kw)?;
    let path = vm.path_arg("lstat", "path", &need(path), PathKind::Text)?;
    let dir_fd = vm.dir_fd(&dir_fd)?;
    match stat_at(&path.text, dir_fd, libc::AT_SYMLINK_NOFOLLOW) {
        Ok(st) => Ok(stat_value(vm, &st)),
        Err(e) => Err(vm.os_error(e, &[&path.original])),
    }
}
fn fstat(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd] = vm.bind_args("fstat", ["fd"], 0, 1, args, kw)?;
    let fd = vm.c_int(&need(fd))?;
    match stat_fd(fd) {
        Ok(st) => Ok(stat_value(vm, &st)),
        Err(e) => Err(vm.os_error(e, &[])),
    }
}

fn mkdir(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, mode, dir_fd] = vm.bind_args_kwonly("mkdir", ["path", "mode", "dir_fd"], 2, 1, args, kw)?;
    let path = vm.path_arg("mkdir", "path", &need(path), PathKind::Text)?;
    let (mode, dir_fd) = (vm.int_or(&mode, 0o777)?, vm.dir_fd(&dir_fd)?);
    let r = sys!(libc::mkdirat(dir_fd, path.text.as_ptr(), mode as libc::mode_t));
    vm.none_path(r, &path)
}
fn unlink_at(vm: &mut Vm, who: &str, flags: c_int, args: &[Value], kw: Kw) -> R<Value> {
    let [path, dir_fd] = vm.bind_args_kwonly(who, ["path", "dir_fd"], 1, 1, args, kw)?;
    let path = vm.path_arg(who, "path", &need(path), PathKind::Text)?;
    let given = dir_fd.clone().filter(|d| !d.is_none()).unwrap_or(Value::small(-1));
    let dir_fd = vm.dir_fd(&dir_fd)?;
    let event = if flags == 0 { "os.remove" } else { "os.rmdir" };
    vm.audit(event, |_| vec![path.original.clone(), given])?;
    let r = vm.allow_threads(|| sys!(libc::unlinkat(dir_fd, path.text.as_ptr(), flags)));
    vm.none_path(r, &path)
}
fn rename(vm: &mut Vm, who: &str, args: &[Value], kw: Kw) -> R<Value> {
    let [src, dst, src_fd, dst_fd] =
        vm.bind_args_kwonly(who, ["src", "dst", "src_dir_fd", "dst_dir_fd"], 2, 2, args, kw)?;
    let src = vm.path_arg(who, "src", &need(src), PathKind::Text)?;
    let dst = vm.path_arg(who, "dst", &need(dst), PathKind::Text)?;
    let (src_fd, dst_fd) = (vm.dir_fd(&src_fd)?, vm.dir_fd(&dst_fd)?);
    let r = vm
        .allow_threads(|| sys!(libc::renameat(src_fd, src.text.as_ptr(), dst_fd, dst.text.as_ptr())));
    vm.none_paths(r, &src, &dst)
}
fn link(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["src", "dst", "src_dir_fd", "dst_dir_fd", "follow_symlinks"];
    let [src, dst, src_fd, dst_fd, follows] = vm.bind_args_kwonly("link", names, 2, 2, args, kw)?;
    let src = vm.path_arg("link", "src", &need(src), PathKind::Text)?;
    let dst = vm.path_arg("link", "dst", &need(dst), PathKind::Text)?;
    let (src_fd, dst_fd) = (vm.dir_fd(&src_fd)?, vm.dir_fd(&dst_fd)?);
    // Asked for by name only: what link() does with a symbolic link by default is the system's choice.
    let flags = match follows {
        Some(f) if vm.truthy(&f)? => libc::AT_SYMLINK_FOLLOW,
        _ => 0,
    };
    let r = sys!(libc::linkat(src_fd, src.text.as_ptr(), dst_fd, dst.text.as_ptr(), flags));
    vm.none_paths(r, &src, &dst)
}
fn symlink(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["src", "dst", "target_is_directory", "dir_fd"];
    let [src, dst, _, dir_fd] = vm.bind_args_kwonly("symlink", names, 3, 2, args, kw)?;
    let src = vm.path_arg("symlink", "src", &need(src), PathKind::Text)?;
    let dst = vm.path_arg("symlink", "dst", &need(dst), PathKind::Text)?;
    let dir_fd = vm.dir_fd(&dir_fd)?;
    let r = sys!(libc::symlinkat(src.text.as_ptr(), dir_fd, dst.text.as_ptr()));
    vm.none_paths(r, &src, &dst)
}
fn readlink(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, dir_fd] = vm.bind_args_kwonly("readlink", ["path", "dir_fd"], 1, 1, args, kw)?;
    let path = vm.path_arg("readlink", "path", &need(path), PathKind::Text)?;
    let dir_fd = vm.dir_fd(&dir_fd)?;
    let mut buffer = vec![0u8; libc::PATH_MAX as usize + 1];
    let r = sys!(libc::readlinkat(dir_fd, path.text.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()));
    let n = vm.ok_path(r, &path)? as usize;
    Ok(vm.fs_name(&buffer[..n], path.is_bytes))
}
fn chmod(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "mode", "dir_fd", "follow_symlinks"];
    let [path, mode, dir_fd, follows] = vm.bind_args_kwonly("chmod", names, 2, 2, args, kw)?;
    let path = vm.path_arg("chmod", "path", &need(path), PathKind::OrFd)?;
    let mode = vm.c_int(&need(mode))? as libc::mode_t;
    let (dir_fd, follows) = (vm.dir_fd(&dir_fd)?, vm.bool_or(&follows, true)?);
    let r = match path.fd {
        Some(fd) => sys!(libc::fchmod(fd, mode)),
        None => sys!(libc::fchmodat(dir_fd, path.text.as_ptr(), mode, follow(follows))),
    };
    if !follows && r == Err(libc::EOPNOTSUPP) {
        return vm.fail("NotImplementedError", "chmod: follow_symlinks unavailable on this platform");
    }
    vm.none_path(r, &path)
}
fn chown(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "uid", "gid", "dir_fd", "follow_symlinks"];
    let [path, uid, gid, dir_fd, follows] = vm.bind_args_kwonly("chown", names, 3, 3, args, kw)?;
    let path = vm.path_arg("chown", "path", &need(path), PathKind::OrFd)?;
    let (uid, gid) = (vm.id_arg(&need(uid), "uid")?, vm.id_arg(&need(gid), "gid")?);
    let (dir_fd, follows) = (vm.dir_fd(&dir_fd)?, vm.bool_or(&follows, true)?);
    check_fd(vm, "chown", &path, dir_fd, follows)?;
    let r = match path.fd {
        Some(fd) => sys!(libc::fchown(fd, uid, gid)),
        None => sys!(libc::fchownat(dir_fd, path.text.as_ptr(), uid, gid, follow(follows))),
    };
    vm.none_path(r, &path)
}
fn lchown(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, uid, gid] = vm.bind_args("lchown", ["path", "uid", "gid"], 0, 3, args, kw)?;
    let path = vm.path_arg("lchown", "path", &need(path), PathKind::Text)?;
    let (uid, gid) = (vm.id_arg(&need(uid), "uid")?, vm.id_arg(&need(gid), "gid")?);
    let r = sys!(libc::lchown(path.text.as_ptr(), uid, gid));
    vm.none_path(r, &path)
}
fn fchmod(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd, mode] = vm.bind_args("fchmod", ["fd", "mode"], 0, 2, args, kw)?;
    let (fd, mode) = (vm.c_int(&need(fd))?, vm.c_int(&need(mode))?);
    vm.none(sys!(libc::fchmod(fd, mode as libc::mode_t)))
}
fn fchown(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd, uid, gid] = vm.bind_args("fchown", ["fd", "uid", "gid"], 0, 3, args, kw)?;
    let fd = vm.c_int(&need(fd))?;
    let (uid, gid) = (vm.id_arg(&need(uid), "uid")?, vm.id_arg(&need(gid), "gid")?);
    vm.none(sys!(libc::fchown(fd, uid, gid)))
}

fn utime(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "times", "ns", "dir_fd", "follow_symlinks"];
    let [path, times, ns, dir_fd, follows] = vm.bind_args_kwonly("utime", names, 2, 1, args, kw)?;
    let path = vm.path_arg("utime", "path", &need(path), PathKind::OrFd)?;
    let (dir_fd, follows) = (vm.dir_fd(&dir_fd)?, vm.bool_or(&follows, true)?);
    check_fd(vm, "utime", &path, dir_fd, follows)?;
    let times = times.filter(|t| !t.is_none());
    if times.is_some() && ns.is_some() {
        return vm.fail("ValueError", "utime: you may specify either 'times' or 'ns' but not both");
    }
    let pair = |vm: &mut Vm, v: &Value, what: &str| -> R<[Value; 2]> {
        if let Some(t) = v.get::<crate::object::Tuple>()
            && let [a, b] = t.as_slice()
        {
            return Ok([a.clone(), b.clone()]);
        }
        vm.fail("TypeError", format!("utime: '{what}' must be {}", match what {
            "ns" => "a tuple of two ints",
            _ => "either a tuple of two ints or None",
        }))
    };
    let specs = match (times, ns) {
        (Some(t), _) => {
            let [a, b] = pair(vm, &t, "times")?;
            [super::time_spec(vm, &a)?, super::time_spec(vm, &b)?]
        }
        (None, Some(n)) => {
            let [a, b] = pair(vm, &n, "ns")?;
            [super::nano_spec(vm, &a)?, super::nano_spec(vm, &b)?]
        }
        (None, None) => [libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW }; 2],
    };
    let r = match path.fd {
        Some(fd) => sys!(libc::futimens(fd, specs.as_ptr())),
        None => sys!(libc::utimensat(dir_fd, path.text.as_ptr(), specs.as_ptr(), follow(follows))),
    };
    vm.none_path(r, &path)
}
fn truncate(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, length] = vm.bind_args("truncate", ["path", "length"], 0, 2, args, kw)?;
    let path = vm.path_arg("truncate", "path", &need(path), PathKind::OrFd)?;
    let length = vm.c_long(&need(length))?;
    let r = match path.fd {
        Some(fd) => sys!(libc::ftruncate(fd, length)),
        None => sys!(libc::truncate(path.text.as_ptr(), length)),
    };
    vm.none_path(r, &path)
}
fn access(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "mode", "dir_fd", "effective_ids", "follow_symlinks"];
    let [path, mode, dir_fd, effective, follows] = vm.bind_args_kwonly("access", names, 2, 2, args, kw)?;
    let path = vm.path_arg("access", "path", &need(path), PathKind::Text)?;
    let (mode, dir_fd) = (vm.c_int(&need(mode))?, vm.dir_fd(&dir_fd)?);
    let mut flags = follow(vm.bool_or(&follows, true)?);
    if vm.bool_or(&effective, false)? {
        flags |= libc::AT_EACCESS;
    }
    Ok(Value::bool(sys!(libc::faccessat(dir_fd, path.text.as_ptr(), mode, flags)).is_ok()))
}

fn chdir(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("chdir", ["path"], 0, 1, args, kw)?;
    let path = vm.path_arg("chdir", "path", &need(path), PathKind::OrFd)?;
    let r = match path.fd {
        Some(fd) => sys!(libc::fchdir(fd)),
        None => sys!(libc::chdir(path.text.as_ptr())),
    };
    vm.none_path(r, &path)
}
fn fchdir(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd] = vm.bind_args("fchdir", ["fd"], 0, 1, args, kw)?;
    let fd = vm.fd_arg(&need(fd))?;
    vm.none(sys!(libc::fchdir(fd)))
}
fn chroot(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("chroot", ["path"], 0, 1, args, kw)?;
    let path = vm.path_arg("chroot", "path", &need(path), PathKind::Text)?;
    let r = sys!(libc::chroot(path.text.as_ptr()));
    vm.none_path(r, &path)
}
fn cwd(vm: &mut Vm, as_bytes: bool) -> R<Value> {
    use std::os::unix::ffi::OsStrExt;
    match std::env::current_dir() {
        Ok(p) => Ok(vm.fs_name(p.as_os_str().as_bytes(), as_bytes)),
        Err(e) => Err(vm.os_error(e.raw_os_error().unwrap_or(0), &[])),
    }
}
fn mkfifo(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, mode, dir_fd] = vm.bind_args_kwonly("mkfifo", ["path", "mode", "dir_fd"], 2, 1, args, kw)?;
    let path = vm.path_arg("mkfifo", "path", &need(path), PathKind::Text)?;
    let (mode, dir_fd) = (vm.int_or(&mode, 0o666)?, vm.dir_fd(&dir_fd)?);
    vm.none_path(sys!(libc::mkfifoat(dir_fd, path.text.as_ptr(), mode as libc::mode_t)), &path)
}
fn mknod(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "mode", "device", "dir_fd"];
    let [path, mode, device, dir_fd] = vm.bind_args_kwonly("mknod", names, 3, 1, args, kw)?;
    let path = vm.path_arg("mknod", "path", &need(path), PathKind::Text)?;
    let (mode, dir_fd) = (vm.int_or(&mode, 0o600)?, vm.dir_fd(&dir_fd)?);
    let device = match device {
        Some(d) => vm.c_long(&d)? as libc::dev_t,
        None => 0,
    };
    vm.none_path(sys!(libc::mknodat(dir_fd, path.text.as_ptr(), mode as libc::mode_t, device)), &path)
}

fn statvfs(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("statvfs", ["path"], 0, 1, args, kw)?;
    let path = vm.path_arg("statvfs", "path", &need(path), PathKind::OrFd)?;
    // SAFETY: all zeroes is a valid buffer.
    let mut st: libc::statvfs = unsafe { std::mem::zeroed() };
    let r = match path.fd {
        Some(fd) => sys!(libc::fstatvfs(fd, &mut st)),
        None => sys!(libc::statvfs(path.text.as_ptr(), &mut st)),
    };
    vm.ok_path(r, &path)?;
    Ok(super::stat::statvfs_value(vm, &st))
}
fn pathconf(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, name] = vm.bind_args("pathconf", ["path", "name"], 0, 2, args, kw)?;
    let path = vm.path_arg("pathconf", "path", &need(path), PathKind::OrFd)?;
    let name = super::constants::conf_name(vm, &need(name), super::constants::PATHCONF)?;
    let r = super::constants::conf(|| match path.fd {
        // SAFETY: plain queries.
        Some(fd) => unsafe { libc::fpathconf(fd, name) },
        None => unsafe { libc::pathconf(path.text.as_ptr(), name) },
    });
    let n = vm.ok_path(r, &path)?;
    Ok(vm.int(n))
}

// ---- extended attributes
fn xattr_path(vm: &mut Vm, who: &str, path: Option<Value>, follows: &Option<Value>) -> R<(Path, bool)> {
    let path = vm.path_arg(who, "path", &need(path), PathKind::OrFdOrNone)?;
    let follows = vm.bool_or(follows, true)?;
    check_fd(vm, who, &path, libc::AT_FDCWD, follows)?;
    Ok((path, follows))
}
/// Calls with growing buffers until the answer fits.
fn grow(mut call: impl FnMut(&mut [u8]) -> Sys) -> Result<Vec<u8>, i32> {
    let mut size = 256;
    loop {
        let mut buffer = vec![0u8; size];
        match call(&mut buffer) {
            Ok(n) => {
                buffer.truncate(n as usize);
                return Ok(buffer);
            }
            Err(libc::ERANGE) if size < 1 << 16 => size *= 16,
            Err(e) => return Err(e),
        }
    }
}
fn getxattr(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "attribute", "follow_symlinks"];
    let [path, name, follows] = vm.bind_args_kwonly("getxattr", names, 2, 2, args, kw)?;
    let (path, follows) = xattr_path(vm, "getxattr", path, &follows)?;
    let name = vm.path_arg("getxattr", "attribute", &need(name), PathKind::Text)?.text;
    let r = grow(|b| {
        let (p, n, size) = (path.text.as_ptr(), name.as_ptr(), b.len());
        let b = b.as_mut_ptr().cast();
        match path.fd {
            Some(fd) => sys!(libc::fgetxattr(fd, n, b, size)),
            None if follows => sys!(libc::getxattr(p, n, b, size)),
            None => sys!(libc::lgetxattr(p, n, b, size)),
        }
    });
    match r {
        Ok(b) => Ok(vm.byte_vec(b)),
        Err(e) => Err(vm.os_error(e, &[&path.original])),
    }
}
fn setxattr(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "attribute", "value", "flags", "follow_symlinks"];
    let [path, name, value, flags, follows] = vm.bind_args_kwonly("setxattr", names, 4, 3, args, kw)?;
    let (path, follows) = xattr_path(vm, "setxattr", path, &follows)?;
    let name = vm.path_arg("setxattr", "attribute", &need(name), PathKind::Text)?.text;
    let (value, flags) = (vm.need_bytes(&need(value))?, vm.int_or(&flags, 0)?);
    let (p, n, v, size) = (path.text.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len());
    let r = match path.fd {
        Some(fd) => sys!(libc::fsetxattr(fd, n, v, size, flags)),
        None if follows => sys!(libc::setxattr(p, n, v, size, flags)),
        None => sys!(libc::lsetxattr(p, n, v, size, flags)),
    };
    vm.none_path(r, &path)
}
fn removexattr(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["path", "attribute", "follow_symlinks"];
    let [path, name, follows] = vm.bind_args_kwonly("removexattr", names, 2, 2, args, kw)?;
    let (path, follows) = xattr_path(vm, "removexattr", path, &follows)?;
    let name = vm.path_arg("removexattr", "attribute", &need(name), PathKind::Text)?.text;
    let (p, n) = (path.text.as_ptr(), name.as_ptr());
    let r = match path.fd {
        Some(fd) => sys!(libc::fremovexattr(fd, n)),
        None if follows => sys!(libc::removexattr(p, n)),
        None => sys!(libc::lremovexattr(p, n)),
    };
    vm.none_path(r, &path)
}
fn listxattr(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, follows] = vm.bind_args_kwonly("listxattr", ["path", "follow_symlinks"], 1, 0, args, kw)?;
    let (path, follows) = xattr_path(vm, "listxattr", path, &follows)?;
    let r = grow(|b| {
        let (p, size) = (path.text.as_ptr(), b.len());
        let b = b.as_mut_ptr().cast();
        match path.fd {
            Some(fd) => sys!(libc::flistxattr(fd, b, size)),
            None if follows => sys!(libc::listxattr(p, b, size)),
            None => sys!(libc::llistxattr(p, b, size)),
        }
    });
    match r {
        Ok(b) => {
            let names = b.split(|&c| c == 0).filter(|n| !n.is_empty());
            let names = names.map(|n| vm.fs_decode(n)).collect();
            Ok(vm.list(names))
        }
        Err(e) => Err(vm.os_error(e, &[&path.original])),
    }
}

// ---- names only
fn fspath(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("fspath", ["path"], 0, 1, args, kw)?;
    vm.fspath(&need(path))
}

/// Bytes of a path that may hold NULs.
fn path_bytes(vm: &mut Vm, who: &str, v: &Value) -> R<(Vec<u8>, bool)> {
    if let Some(b) = v.get::<crate::object::Bytes>() {
        return Ok((b.as_slice().to_vec(), true));
    }
    match v.get::<crate::object::Str>() {
        // WTF-8 as it is: only '/' and '.' matter.
        Some(s) => Ok((s.bytes().to_vec(), false)),
        None => {
            let p = vm.path_arg(who, "path", v, PathKind::Text)?;
            let v = vm.fspath(&p.original)?;
            path_bytes(vm, who, &v)
        }
    }
}
fn name_value(vm: &mut Vm, bytes: Vec<u8>, as_bytes: bool) -> Value {
    if as_bytes {
        return vm.byte_vec(bytes);
    }
    match rustpython_wtf8::Wtf8Buf::from_bytes(bytes) {
        Ok(s) => vm.wtf8_buf(s),
        Err(b) => vm.fs_decode(&b),
    }
}
/// Length of the slashes that begin an absolute path: one, or exactly two.
fn root_len(p: &[u8]) -> usize {
    match p.iter().take_while(|&&c| c == b'/').count() {
        0 => 0,
        2 => 2,
        _ => 1,
    }
}
fn normpath(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("_path_normpath", ["path"], 0, 1, args, kw)?;
    let (p, as_bytes) = path_bytes(vm, "_path_normpath", &need(path))?;
    let root = root_len(&p);
    let mut parts: Vec<&[u8]> = vec![];
    for part in p.split(|&c| c == b'/') {
        match part {
            b"" | b"." => {}
            b".." if root > 0 && parts.is_empty() => {}
            b".." if parts.last().is_some_and(|l| *l != b"..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let mut out = vec![b'/'; root];
    out.extend(parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    Ok(name_value(vm, out, as_bytes))
}
fn splitroot(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("_path_splitroot_ex", ["path"], 0, 1, args, kw)?;
    let (p, as_bytes) = path_bytes(vm, "_path_splitroot_ex", &need(path))?;
    let (root, tail) = p.split_at(root_len(&p).min(p.len()));
    let (drive, root) = (name_value(vm, vec![], as_bytes), name_value(vm, root.to_vec(), as_bytes));
    let tail = name_value(vm, tail.to_vec(), as_bytes);
    Ok(vm.tuple(vec![drive, root, tail]))
}
