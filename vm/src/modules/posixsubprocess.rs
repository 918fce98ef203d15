//! Module `_posixsubprocess`: `fork_exec`.
//!
//! Between fork and exec the child makes system calls only (its memory is a copy in which other threads may
//! have held locks), unless there is a `preexec_fn`, which is Python.

use super::posix::sys::{PathKind, Sys, errno, sys};
use super::posix::{after_fork, before_fork};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CString, c_char, c_int};

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("fork_exec", 22, 22, fork_exec)];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_posixsubprocess", FUNCTIONS))
}

/// All that the child needs, made before the fork.
struct Plan {
    argv: Vec<*const c_char>,
    env: Option<Vec<*const c_char>>,
    programs: Vec<CString>,
    cwd: Option<CString>,
    close_fds: bool,
    /// Sorted.
    keep: Vec<c_int>,
    /// stdin, stdout, stderr: this process's end and the child's.
    parent: [c_int; 3],
    child: [c_int; 3],
    errpipe: [c_int; 2],
    restore_signals: bool,
    new_session: bool,
    group: c_int,
    gid: Option<u32>,
    groups: Option<Vec<u32>>,
    uid: Option<u32>,
    umask: c_int,
}

fn texts(vm: &mut Vm, v: &Value) -> R<Vec<CString>> {
    let mut out = vec![];
    for a in vm.to_vec(v)? {
        out.push(vm.c_string(&a, "embedded null byte")?);
    }
    Ok(out)
}
fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|t| t.as_ptr()).chain([std::ptr::null()]).collect()
}

fn fork_exec(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let argv = texts(vm, &a[0])?;
    let programs = texts(vm, &a[1])?;
    let close_fds = vm.truthy(&a[2])?;
    let Some(keep) = a[3].get::<Tuple>() else {
        return vm.fail("TypeError", "fork_exec() argument 4 must be tuple");
    };
    let mut fds: Vec<c_int> = vec![];
    for v in keep.as_slice() {
        let fd = vm.c_int(v)?;
        if fd < 0 || fds.last().is_some_and(|&l| l >= fd) {
            return vm.fail("ValueError", "bad value(s) in fds_to_keep");
        }
        fds.push(fd);
    }
    let cwd = match &a[4] {
        v if v.is_none() => None,
        v => Some(vm.path_arg("fork_exec", "cwd", v, PathKind::Text)?.text),
    };
    let env = if a[5].is_none() { None } else { Some(texts(vm, &a[5])?) };
    let mut n = [0; 8];
    for (slot, v) in n.iter_mut().zip(&a[6..14]) {
        *slot = vm.c_int(v)?;
    }
    let [p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write] = n;
    if close_fds && errpipe_write < 3 {
        return vm.fail("ValueError", "errpipe_write must be >= 3");
    }
    let id = |vm: &mut Vm, v: &Value, what: &str| -> R<Option<u32>> {
        if v.is_none() { Ok(None) } else { vm.id_arg(v, what).map(Some) }
    };
    let groups = if a[18].is_none() {
        None
    } else {
        let mut out = vec![];
        for g in vm.to_vec(&a[18])? {
            out.push(vm.id_arg(&g, "gid")?);
        }
        Some(out)
    };
    let preexec = a[21].clone();
    let plan = Plan {
        argv: pointers(&argv),
        env: env.as_deref().map(pointers),
        programs,
        cwd,
        close_fds,
        keep: fds,
        parent: [p2cwrite, c2pread, errread],
        child: [p2cread, c2pwrite, errwrite],
        errpipe: [errpipe_read, errpipe_write],
        restore_signals: vm.truthy(&a[14])?,
        new_session: vm.truthy(&a[15])?,
        group: vm.c_int(&a[16])?,
        gid: id(vm, &a[17], "gid")?,
        groups,
        uid: id(vm, &a[19], "uid")?,
        umask: vm.c_int(&a[20])?,
    };
    let hooks = !preexec.is_none();
    if hooks {
        before_fork(vm);
    }
    // SAFETY: the child makes system calls only, or runs Python with the one thread it has.
    let r = sys!(libc::fork());
    if r == Ok(0) {
        if hooks {
            after_fork(vm, true);
        }
        let mut message = vec![];
        let at = child(&plan, || {
            if hooks && vm.call(&preexec, &[], Kw::NONE).is_err() {
                drop(vm.take_pending());
                return false;
            }
            true
        });
        let failed: &[u8] = match at {
            Stage::Preexec => b"SubprocessError:0:Exception occurred in preexec_fn.",
            Stage::Failed(errno, what) => {
                message.extend_from_slice(b"OSError:");
                message.extend_from_slice(format!("{errno:x}:{what}").as_bytes());
                &message
            }
        };
        let _ = sys!(libc::write(errpipe_write, failed.as_ptr().cast(), failed.len()));
        // SAFETY: the child ends here.
        unsafe { libc::_exit(255) }
    }
    if hooks {
        after_fork(vm, false);
    }
    let pid = vm.ok(r)?;
    Ok(Value::small(pid))
}

/// Where the child came to grief.
enum Stage {
    Preexec,
    Failed(i32, &'static str),
}

/// The child: does not come back if the program starts.
fn child(p: &Plan, preexec: impl FnOnce() -> bool) -> Stage {
    if let Err((e, what)) = prepare(p) { return Stage::Failed(e, what) }
    if !preexec() {
        return Stage::Preexec;
    }
    if p.close_fds {
        close_others(&p.keep);
    }
    let mut saved = libc::ENOENT;
    for program in &p.programs {
        // SAFETY: C strings and null-terminated arrays of them.
        unsafe {
            match &p.env {
                Some(env) => libc::execve(program.as_ptr(), p.argv.as_ptr(), env.as_ptr()),
                None => libc::execv(program.as_ptr(), p.argv.as_ptr()),
            }
        };
        let e = errno();
        if e != libc::ENOENT && e != libc::ENOTDIR || saved == libc::ENOENT {
            saved = e;
        }
    }
    Stage::Failed(saved, "")
}

type Step = Result<(), (i32, &'static str)>;

fn prepare(p: &Plan) -> Step {
    let step = |r: Sys| r.map_err(|e| (e, "noexec"));
    for fd in &p.keep {
        if *fd != p.errpipe[1] {
            step(sys!(libc::fcntl(*fd, libc::F_SETFD, 0)))?;
        }
    }
    // This process's ends of the pipes are not the child's business.
    for fd in p.parent {
        if fd >= 0 {
            step(sys!(libc::close(fd)))?;
        }
    }
    if p.errpipe[0] >= 0 {
        step(sys!(libc::close(p.errpipe[0])))?;
    }
    let mut child = p.child;
    // An end that stands where another is to go moves out of the way.
    for (i, end) in child.iter_mut().enumerate().skip(1) {
        while *end >= 0 && (*end as usize) < i {
            *end = step(sys!(libc::dup(*end)))? as c_int;
        }
    }
    for (i, &fd) in child.iter().enumerate() {
        let to = i as c_int;
        if fd == to {
            step(sys!(libc::fcntl(fd, libc::F_SETFD, 0)))?;
        } else if fd >= 0 {
            step(sys!(libc::dup2(fd, to)))?;
        }
    }
    if let Some(cwd) = &p.cwd {
        sys!(libc::chdir(cwd.as_ptr())).map_err(|e| (e, "noexec:chdir"))?;
    }
    if p.umask >= 0 {
        // SAFETY: cannot fail.
        unsafe { libc::umask(p.umask as libc::mode_t) };
    }
    if p.restore_signals {
        for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
            // SAFETY: the default action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
    if p.new_session {
        step(sys!(libc::setsid()))?;
    }
    if p.group >= 0 {
        step(sys!(libc::setpgid(0, p.group)))?;
    }
    if let Some(g) = &p.groups {
        step(sys!(libc::setgroups(g.len(), g.as_ptr())))?;
    }
    if let Some(g) = p.gid {
        step(sys!(libc::setregid(g, g)))?;
    }
    if let Some(u) = p.uid {
        step(sys!(libc::setreuid(u, u)))?;
    }
    Ok(())
}

/// Closes all descriptors from 3 but those to keep.
fn close_others(keep: &[c_int]) {
    let close = |from: c_int, to: c_int| {
        if from > to {
            return;
        }
        if sys!(libc::syscall(libc::SYS_close_range, from, to, 0)).is_err() {
            for fd in from..=to.min(1 << 16) {
                let _ = sys!(libc::close(fd));
            }
        }
    };
    let mut from = 3;
    for &fd in keep.iter().filter(|&&fd| fd >= 3) {
        close(from, fd - 1);
        from = fd + 1;
    }
    close(from, c_int::MAX);
}
