//! `posix`: processes, users, scheduling.

use super::sys::{PathKind, sys};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, List, Tuple};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CString, c_char, c_int};

macro_rules! number {
    ($name:literal, $f:ident) => {
        BuiltinDef::new($name, 0, 0, |vm, _, _| {
            // SAFETY: a query without arguments.
            let n = unsafe { libc::$f() };
            Ok(vm.int(n as i64))
        })
    };
}
macro_rules! set_id {
    ($name:literal, $f:ident, $what:literal) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| {
            let id = vm.id_arg(&a[0], $what)?;
            vm.none(sys!(libc::$f(id)))
        })
    };
}
macro_rules! wait_bool {
    ($name:literal, $f:ident) => {
        BuiltinDef::kw($name, 0, 255, |vm, a, kw| {
            let status = status_arg(vm, $name, a, kw)?;
            Ok(Value::bool(libc::$f(status)))
        })
    };
}
macro_rules! wait_int {
    ($name:literal, $f:ident) => {
        BuiltinDef::kw($name, 0, 255, |vm, a, kw| {
            let status = status_arg(vm, $name, a, kw)?;
            Ok(Value::small(libc::$f(status) as i64))
        })
    };
}

pub(super) static FUNCTIONS: &[BuiltinDef] = &[
    number!("getpid", getpid),
    number!("getppid", getppid),
    number!("getuid", getuid),
    number!("geteuid", geteuid),
    number!("getgid", getgid),
    number!("getegid", getegid),
    number!("getpgrp", getpgrp),
    set_id!("setuid", setuid, "uid"),
    set_id!("seteuid", seteuid, "uid"),
    set_id!("setgid", setgid, "gid"),
    set_id!("setegid", setegid, "gid"),
    wait_bool!("WIFEXITED", WIFEXITED),
    wait_bool!("WIFSIGNALED", WIFSIGNALED),
    wait_bool!("WIFSTOPPED", WIFSTOPPED),
    wait_bool!("WIFCONTINUED", WIFCONTINUED),
    wait_bool!("WCOREDUMP", WCOREDUMP),
    wait_int!("WEXITSTATUS", WEXITSTATUS),
    wait_int!("WTERMSIG", WTERMSIG),
    wait_int!("WSTOPSIG", WSTOPSIG),
    BuiltinDef::kw("waitstatus_to_exitcode", 0, 255, exit_code),
    BuiltinDef::new("getresuid", 0, 0, |vm, _, _| {
        let (mut a, mut b, mut c) = (0, 0, 0);
        vm.ok(sys!(libc::getresuid(&mut a, &mut b, &mut c)))?;
        Ok(vm.tuple([a, b, c].map(|n| Value::small(n as i64)).to_vec()))
    }),
    BuiltinDef::new("getresgid", 0, 0, |vm, _, _| {
        let (mut a, mut b, mut c) = (0, 0, 0);
        vm.ok(sys!(libc::getresgid(&mut a, &mut b, &mut c)))?;
        Ok(vm.tuple([a, b, c].map(|n| Value::small(n as i64)).to_vec()))
    }),
    BuiltinDef::new("setreuid", 2, 2, |vm, a, _| {
        let (r, e) = (vm.id_arg(&a[0], "uid")?, vm.id_arg(&a[1], "uid")?);
        vm.none(sys!(libc::setreuid(r, e)))
    }),
    BuiltinDef::new("setregid", 2, 2, |vm, a, _| {
        let (r, e) = (vm.id_arg(&a[0], "gid")?, vm.id_arg(&a[1], "gid")?);
        vm.none(sys!(libc::setregid(r, e)))
    }),
    BuiltinDef::new("setresuid", 3, 3, |vm, a, _| {
        let (r, e, s) = (vm.id_arg(&a[0], "uid")?, vm.id_arg(&a[1], "uid")?, vm.id_arg(&a[2], "uid")?);
        vm.none(sys!(libc::setresuid(r, e, s)))
    }),
    BuiltinDef::new("setresgid", 3, 3, |vm, a, _| {
        let (r, e, s) = (vm.id_arg(&a[0], "gid")?, vm.id_arg(&a[1], "gid")?, vm.id_arg(&a[2], "gid")?);
        vm.none(sys!(libc::setresgid(r, e, s)))
    }),
    BuiltinDef::new("getgroups", 0, 0, |vm, _, _| {
        let n = vm.ok(sys!(libc::getgroups(0, std::ptr::null_mut())))?;
        let mut groups = vec![0; n as usize];
        vm.ok(sys!(libc::getgroups(n as c_int, groups.as_mut_ptr())))?;
        Ok(vm.list(groups.into_iter().map(|g| Value::small(g as i64)).collect()))
    }),
    BuiltinDef::new("setgroups", 1, 1, |vm, a, _| {
        let mut groups = vec![];
        for g in vm.to_vec(&a[0])? {
            groups.push(vm.id_arg(&g, "gid")?);
        }
        vm.none(sys!(libc::setgroups(groups.len(), groups.as_ptr())))
    }),
    BuiltinDef::new("getgrouplist", 2, 2, |vm, a, _| {
        let name = vm.c_string(&a[0], "embedded null byte")?;
        let group = vm.id_arg(&a[1], "gid")?;
        let (mut groups, mut n) = (vec![0; 1 << 16], 1 << 16);
        vm.ok(sys!(libc::getgrouplist(name.as_ptr(), group, groups.as_mut_ptr(), &mut n)))?;
        groups.truncate(n as usize);
        Ok(vm.list(groups.into_iter().map(|g| Value::small(g as i64)).collect()))
    }),
    BuiltinDef::new("getpgid", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        let n = vm.ok(sys!(libc::getpgid(pid)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("setpgid", 2, 2, |vm, a, _| {
        let (pid, group) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        vm.none(sys!(libc::setpgid(pid, group)))
    }),
    BuiltinDef::new("setpgrp", 0, 0, |vm, _, _| vm.none(sys!(libc::setpgid(0, 0)))),
    BuiltinDef::new("getsid", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        let n = vm.ok(sys!(libc::getsid(pid)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("setsid", 0, 0, |vm, _, _| vm.none(sys!(libc::setsid()))),
    BuiltinDef::new("getlogin", 0, 0, |vm, _, _| {
        // SAFETY: answers null or a C string; under the GIL.
        let name = unsafe {
            let p = libc::getlogin();
            if p.is_null() {
                return Err(vm.os_error(super::sys::errno(), &[]));
            }
            std::ffi::CStr::from_ptr(p).to_bytes().to_vec()
        };
        Ok(vm.fs_decode(&name))
    }),
    BuiltinDef::new("kill", 2, 2, |vm, a, _| {
        let (pid, signal) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        vm.ok(sys!(libc::kill(pid, signal)))?;
        vm.check_signals()?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("killpg", 2, 2, |vm, a, _| {
        let (group, signal) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        vm.ok(sys!(libc::killpg(group, signal)))?;
        vm.check_signals()?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("abort", 0, 0, |_, _, _| std::process::abort()),
    BuiltinDef::kw("_exit", 0, 255, |vm, a, kw| {
        let [status] = vm.bind_args("_exit", ["status"], 0, 1, a, kw)?;
        let status = vm.c_int(&status.unwrap_or(Value::NONE))?;
        // SAFETY: ends the process at once, as asked.
        unsafe { libc::_exit(status) }
    }),
    BuiltinDef::new("fork", 0, 0, fork),
    BuiltinDef::new("forkpty", 0, 0, forkpty),
    BuiltinDef::kw("register_at_fork", 0, 255, register_at_fork),
    BuiltinDef::new("execv", 2, 2, |vm, a, _| {
        let path = vm.path_arg("execv", "path", &a[0], PathKind::Text)?;
        let argv = arguments(vm, "execv", &a[1])?;
        vm.none(sys!(libc::execv(path.text.as_ptr(), pointers(&argv).as_ptr())))
    }),
    BuiltinDef::kw("execve", 0, 255, execve),
    BuiltinDef::kw("posix_spawn", 0, 255, |vm, a, kw| super::spawn::spawn(vm, "posix_spawn", a, kw)),
    BuiltinDef::kw("posix_spawnp", 0, 255, |vm, a, kw| super::spawn::spawn(vm, "posix_spawnp", a, kw)),
    BuiltinDef::kw("system", 0, 255, |vm, a, kw| {
        let [command] = vm.bind_args("system", ["command"], 0, 1, a, kw)?;
        let command = vm.c_string(&command.unwrap_or(Value::NONE), "embedded null byte")?;
        vm.audit("os.system", |vm| vec![vm.bytes(command.to_bytes())])?;
        // SAFETY: a C string.
        let r = vm.allow_threads(|| unsafe { libc::system(command.as_ptr()) });
        Ok(Value::small(r as i64))
    }),
    BuiltinDef::new("wait", 0, 0, |vm, _, _| {
        let (pid, status) = wait_for(vm, -1, 0)?;
        Ok(vm.tuple(vec![pid, status]))
    }),
    BuiltinDef::new("waitpid", 2, 2, |vm, a, _| {
        let (pid, options) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        let (pid, status) = wait_for(vm, pid, options)?;
        Ok(vm.tuple(vec![pid, status]))
    }),
    BuiltinDef::kw("wait3", 0, 255, |vm, a, kw| {
        let [options] = vm.bind_args("wait3", ["options"], 0, 1, a, kw)?;
        let options = vm.c_int(&options.unwrap_or(Value::NONE))?;
        wait4(vm, -1, options)
    }),
    BuiltinDef::kw("wait4", 0, 255, |vm, a, kw| {
        let [pid, options] = vm.bind_args("wait4", ["pid", "options"], 0, 2, a, kw)?;
        let pid = vm.c_int(&pid.unwrap_or(Value::NONE))?;
        let options = vm.c_int(&options.unwrap_or(Value::NONE))?;
        wait4(vm, pid, options)
    }),
    BuiltinDef::new("waitid", 3, 3, waitid),
    BuiltinDef::kw("pidfd_open", 0, 255, |vm, a, kw| {
        let [pid, flags] = vm.bind_args("pidfd_open", ["pid", "flags"], 0, 1, a, kw)?;
        let (pid, flags) = (vm.c_int(&pid.unwrap_or(Value::NONE))?, vm.int_or(&flags, 0)?);
        let fd = vm.ok(sys!(libc::syscall(libc::SYS_pidfd_open, pid, flags)))?;
        Ok(Value::small(fd))
    }),
    BuiltinDef::new("nice", 1, 1, |vm, a, _| {
        let n = vm.c_int(&a[0])?;
        // -1 is an answer too.
        // SAFETY: errno is this thread's.
        unsafe { *libc::__errno_location() = 0 };
        let r = sys!(libc::nice(n));
        let n = match r {
            Err(0) => -1,
            r => vm.ok(r)?,
        };
        Ok(Value::small(n))
    }),
    BuiltinDef::kw("getpriority", 0, 255, |vm, a, kw| {
        let [which, who] = vm.bind_args("getpriority", ["which", "who"], 0, 2, a, kw)?;
        let which = vm.c_int(&which.unwrap_or(Value::NONE))?;
        let who = vm.c_int(&who.unwrap_or(Value::NONE))?;
        // SAFETY: errno is this thread's.
        unsafe { *libc::__errno_location() = 0 };
        let n = match sys!(libc::getpriority(which as _, who as libc::id_t)) {
            Err(0) => -1,
            r => vm.ok(r)?,
        };
        Ok(Value::small(n))
    }),
    BuiltinDef::kw("setpriority", 0, 255, |vm, a, kw| {
        let [which, who, n] = vm.bind_args("setpriority", ["which", "who", "priority"], 0, 3, a, kw)?;
        let which = vm.c_int(&which.unwrap_or(Value::NONE))?;
        let who = vm.c_int(&who.unwrap_or(Value::NONE))?;
        let n = vm.c_int(&n.unwrap_or(Value::NONE))?;
        vm.none(sys!(libc::setpriority(which as _, who as libc::id_t, n)))
    }),
    BuiltinDef::new("sched_yield", 0, 0, |vm, _, _| {
        let r = vm.allow_threads(|| sys!(libc::sched_yield()));
        vm.none(r)
    }),
    BuiltinDef::kw("sched_get_priority_max", 0, 255, |vm, a, kw| {
        let [p] = vm.bind_args("sched_get_priority_max", ["policy"], 0, 1, a, kw)?;
        let p = vm.c_int(&p.unwrap_or(Value::NONE))?;
        let n = vm.ok(sys!(libc::sched_get_priority_max(p)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::kw("sched_get_priority_min", 0, 255, |vm, a, kw| {
        let [p] = vm.bind_args("sched_get_priority_min", ["policy"], 0, 1, a, kw)?;
        let p = vm.c_int(&p.unwrap_or(Value::NONE))?;
        let n = vm.ok(sys!(libc::sched_get_priority_min(p)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("sched_getscheduler", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        let n = vm.ok(sys!(libc::sched_getscheduler(pid)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("sched_setscheduler", 3, 3, |vm, a, _| {
        let (pid, policy, param) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?, sched_param(vm, &a[2])?);
        vm.none(sys!(libc::sched_setscheduler(pid, policy, &param)))
    }),
    BuiltinDef::new("sched_getparam", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        let mut p = libc::sched_param { sched_priority: 0 };
        vm.ok(sys!(libc::sched_getparam(pid, &mut p)))?;
        Ok(vm.struct_seq(&SCHED_PARAM, vec![Value::small(p.sched_priority as i64)]))
    }),
    BuiltinDef::new("sched_setparam", 2, 2, |vm, a, _| {
        let (pid, param) = (vm.c_int(&a[0])?, sched_param(vm, &a[1])?);
        vm.none(sys!(libc::sched_setparam(pid, &param)))
    }),
    BuiltinDef::new("sched_rr_get_interval", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        vm.ok(sys!(libc::sched_rr_get_interval(pid, &mut t)))?;
        Ok(Value::float(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9))
    }),
    BuiltinDef::new("sched_getaffinity", 1, 1, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        // SAFETY: all zeroes is the empty set; the indices lie inside it.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            vm.ok(sys!(libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), &mut set)))?;
            let all = (0..libc::CPU_SETSIZE as usize).filter(|&i| libc::CPU_ISSET(i, &set));
            let all: Vec<Value> = all.map(|i| Value::small(i as i64)).collect();
            let all = vm.list(all);
            let set = vm.types.set.clone();
            vm.call(&set, &[all], Kw::NONE)
        }
    }),
    BuiltinDef::new("sched_setaffinity", 2, 2, |vm, a, _| {
        let pid = vm.c_int(&a[0])?;
        // SAFETY: all zeroes is the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        for cpu in vm.to_vec(&a[1])? {
            let n = vm.c_int(&cpu)?;
            if n < 0 {
                return vm.fail("ValueError", "negative CPU number");
            }
            if n >= libc::CPU_SETSIZE {
                return vm.fail("OverflowError", "CPU number too large");
            }
            // SAFETY: tested.
            unsafe { libc::CPU_SET(n as usize, &mut set) };
        }
        vm.none(sys!(libc::sched_setaffinity(pid, size_of::<libc::cpu_set_t>(), &set)))
    }),
    BuiltinDef::new("cpu_count", 0, 0, |_, _, _| {
        // SAFETY: a query.
        let n = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        Ok(if n > 0 { Value::small(n) } else { Value::NONE })
    }),
    BuiltinDef::new("getloadavg", 0, 0, |vm, _, _| {
        let mut v = [0.0; 3];
        // SAFETY: room for three.
        if unsafe { libc::getloadavg(v.as_mut_ptr(), 3) } != 3 {
            return vm.fail("OSError", "Load averages are unobtainable");
        }
        Ok(vm.tuple(v.map(Value::float).to_vec()))
    }),
    BuiltinDef::new("times", 0, 0, times),
    BuiltinDef::new("uname", 0, 0, uname),
    BuiltinDef::new("unshare", 1, 1, |vm, a, _| {
        let flags = vm.c_int(&a[0])?;
        vm.none(sys!(libc::unshare(flags)))
    }),
];

static TIMES: StructSeq = StructSeq::new(
    "posix.times_result",
    &["user", "system", "children_user", "children_system", "elapsed"],
    5,
);
static UNAME: StructSeq =
    StructSeq::new("posix.uname_result", &["sysname", "nodename", "release", "version", "machine"], 5);
static WAITID: StructSeq =
    StructSeq::new("posix.waitid_result", &["si_pid", "si_uid", "si_signo", "si_status", "si_code"], 5);
pub(super) static SCHED_PARAM: StructSeq = StructSeq::new("posix.sched_param", &["sched_priority"], 1);

pub(super) fn classes(vm: &mut Vm) -> Vec<(&'static str, Value)> {
    vec![
        ("times_result", vm.struct_class(&TIMES)),
        ("uname_result", vm.struct_class(&UNAME)),
        ("waitid_result", vm.struct_class(&WAITID)),
        ("sched_param", vm.struct_class(&SCHED_PARAM)),
    ]
}

fn status_arg(vm: &mut Vm, who: &str, args: &[Value], kw: Kw) -> R<c_int> {
    let [status] = vm.bind_args(who, ["status"], 0, 1, args, kw)?;
    vm.c_int(&status.unwrap_or(Value::NONE))
}
fn exit_code(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let status = status_arg(vm, "waitstatus_to_exitcode", args, kw)?;
    if libc::WIFEXITED(status) {
        return Ok(Value::small(libc::WEXITSTATUS(status) as i64));
    }
    if libc::WIFSIGNALED(status) {
        return Ok(Value::small(-libc::WTERMSIG(status) as i64));
    }
    if libc::WIFSTOPPED(status) {
        let n = libc::WSTOPSIG(status);
        return vm.fail("ValueError", format!("process stopped by delivery of signal {n}"));
    }
    vm.fail("ValueError", format!("invalid wait status: {status}"))
}
pub(super) fn sched_param(vm: &mut Vm, v: &Value) -> R<libc::sched_param> {
    let class = vm.struct_class(&SCHED_PARAM);
    match v.get::<Tuple>() {
        Some(t) if vm.is_instance(v, &class) => {
            let n = vm.c_int(&t.as_slice()[0].clone())?;
            Ok(libc::sched_param { sched_priority: n })
        }
        _ => vm.fail("TypeError", "must have a sched_param object"),
    }
}

// ---- starting programs
/// Pointers to the texts, with a null at the end.
pub(super) fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|t| t.as_ptr()).chain([std::ptr::null()]).collect()
}
pub(super) fn arguments(vm: &mut Vm, who: &str, v: &Value) -> R<Vec<CString>> {
    if v.get::<List>().is_none() && v.get::<Tuple>().is_none() {
        return vm.fail("TypeError", format!("{who}() arg 2 must be a tuple or list"));
    }
    let items = vm.to_vec(v)?;
    if items.is_empty() {
        return vm.fail("ValueError", format!("{who}() arg 2 must not be empty"));
    }
    let mut out = vec![];
    for a in &items {
        out.push(vm.c_string(a, "embedded null byte")?);
    }
    if out[0].is_empty() {
        return vm.fail("ValueError", format!("{who}() arg 2 first element cannot be empty"));
    }
    Ok(out)
}
pub(super) fn environment(vm: &mut Vm, v: &Value) -> R<Vec<CString>> {
    let keys = vm.call_method(v, "keys", &[])?;
    let mut out = vec![];
    for key in vm.to_vec(&keys)? {
        let value = vm.get_item(v, &key)?;
        let key = vm.c_string(&key, "embedded null byte")?.into_bytes();
        let value = vm.c_string(&value, "embedded null byte")?;
        if key.is_empty() || key[1..].contains(&b'=') || key[0] == b'=' {
            return vm.fail("ValueError", "illegal environment variable name");
        }
        let mut entry = key;
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        out.extend(CString::new(entry));
    }
    Ok(out)
}
fn execve(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path, argv, env] = vm.bind_args("execve", ["path", "argv", "env"], 0, 3, args, kw)?;
    let path = vm.path_arg("execve", "path", &path.unwrap_or(Value::NONE), PathKind::OrFd)?;
    let argv = arguments(vm, "execve", &argv.unwrap_or(Value::NONE))?;
    let env = env.unwrap_or(Value::NONE);
    if vm.get_attr_str_opt(&env, "keys")?.is_none() {
        return vm.fail("TypeError", "execve: environment must be a mapping object");
    }
    let env = environment(vm, &env)?;
    let (argv, env) = (pointers(&argv), pointers(&env));
    let r = match path.fd {
        Some(fd) => sys!(libc::fexecve(fd, argv.as_ptr(), env.as_ptr())),
        None => sys!(libc::execve(path.text.as_ptr(), argv.as_ptr(), env.as_ptr())),
    };
    vm.none_path(r, &path)
}

/// What `register_at_fork` was given.
#[derive(Default)]
struct AtFork {
    before: Vec<Value>,
    parent: Vec<Value>,
    child: Vec<Value>,
}
fn register_at_fork(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["before", "after_in_child", "after_in_parent"];
    let [before, child, parent] = vm.bind_args_kwonly("register_at_fork", names, 0, 0, args, kw)?;
    if before.is_none() && child.is_none() && parent.is_none() {
        return vm.fail("TypeError", "At least one argument is required.");
    }
    for (f, name) in [(&before, "before"), (&child, "after_in_child"), (&parent, "after_in_parent")] {
        if let Some(f) = f
            && !vm.is_callable(f)
        {
            return vm.fail("TypeError", format!("'{name}' must be callable, not {}", vm.type_name(f)));
        }
    }
    let state = vm.state::<AtFork>();
    state.before.extend(before);
    state.child.extend(child);
    state.parent.extend(parent);
    Ok(Value::NONE)
}
fn run_hooks(vm: &mut Vm, hooks: Vec<Value>) {
    for f in hooks {
        if vm.call(&f, &[], Kw::NONE).is_err() {
            let e = vm.take_pending();
            vm.unraisable(e, None, &f);
        }
    }
}
/// Before a fork.
pub(crate) fn before_fork(vm: &mut Vm) {
    let mut hooks = vm.state::<AtFork>().before.clone();
    hooks.reverse();
    run_hooks(vm, hooks);
}
/// After a fork, in the process it happened in.
pub(crate) fn after_fork(vm: &mut Vm, in_child: bool) {
    let hooks = if in_child {
        vm.forget_other_threads();
        crate::modules::thread::after_fork(vm);
        crate::modules::signal::after_fork(vm);
        vm.state::<AtFork>().child.clone()
    } else {
        vm.state::<AtFork>().parent.clone()
    };
    run_hooks(vm, hooks);
}
fn fork(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    before_fork(vm);
    // SAFETY: the child has this thread only, which holds the GIL.
    let r = sys!(libc::fork());
    after_fork(vm, r == Ok(0));
    if matches!(r, Ok(1..)) {
        crate::modules::thread::warn_about_fork(vm, "fork")?;
    }
    let pid = vm.ok(r)?;
    Ok(Value::small(pid))
}
fn forkpty(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    before_fork(vm);
    let mut fd = 0;
    let null = std::ptr::null_mut();
    let r = sys!(libc::forkpty(&mut fd, null, std::ptr::null_mut(), std::ptr::null_mut()));
    after_fork(vm, r == Ok(0));
    let pid = vm.ok(r)?;
    Ok(vm.tuple(vec![Value::small(pid), Value::small(fd as i64)]))
}

// ---- waiting
fn wait_for(vm: &mut Vm, pid: c_int, options: c_int) -> R<(Value, Value)> {
    let mut status = 0;
    let r = vm.blocking(|| sys!(libc::waitpid(pid, &mut status, options)))?;
    let pid = vm.ok(r)?;
    Ok((Value::small(pid), Value::small(status as i64)))
}
fn wait4(vm: &mut Vm, pid: c_int, options: c_int) -> R<Value> {
    let mut status = 0;
    // SAFETY: all zeroes is a valid buffer.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let r = vm.blocking(|| sys!(libc::wait4(pid, &mut status, options, &mut usage)))?;
    let pid = vm.ok(r)?;
    let usage = crate::modules::resource::usage_value(vm, &usage);
    Ok(vm.tuple(vec![Value::small(pid), Value::small(status as i64), usage]))
}
fn waitid(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (kind, id, options) = (vm.c_int(&args[0])?, vm.c_long(&args[1])?, vm.c_int(&args[2])?);
    // SAFETY: all zeroes is a valid buffer.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let r = vm.blocking(|| sys!(libc::waitid(kind as _, id as libc::id_t, &mut info, options)))?;
    vm.ok(r)?;
    // SAFETY: waitid fills in the fields of a child's signal.
    let (pid, uid, status) = unsafe { (info.si_pid(), info.si_uid(), info.si_status()) };
    if pid == 0 {
        return Ok(Value::NONE);
    }
    let v = [pid as i64, uid as i64, info.si_signo as i64, status as i64, info.si_code as i64];
    Ok(vm.struct_seq(&WAITID, v.map(Value::small).to_vec()))
}

fn times(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    // SAFETY: all zeroes is a valid buffer.
    let mut t: libc::tms = unsafe { std::mem::zeroed() };
    let elapsed = vm.ok(sys!(libc::times(&mut t)))?;
    // SAFETY: a query.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let v = [t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, elapsed];
    Ok(vm.struct_seq(&TIMES, v.map(|n| Value::float(n as f64 / ticks)).to_vec()))
}
fn uname(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    // SAFETY: all zeroes is a valid buffer.
    let mut u: libc::utsname = unsafe { std::mem::zeroed() };
    vm.ok(sys!(libc::uname(&mut u)))?;
    let fields = [&u.sysname, &u.nodename, &u.release, &u.version, &u.machine];
    let fields = fields
        .iter()
        .map(|f| {
            let b: Vec<u8> = f.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect();
            vm.fs_decode(&b)
        })
        .collect();
    Ok(vm.struct_seq(&UNAME, fields))
}

/// An iterable of signals, for the masks of `posix_spawn`.
pub(crate) fn signal_set(vm: &mut Vm, v: &Value) -> R<libc::sigset_t> {
    // SAFETY: sigemptyset initialises the set; sigaddset refuses what is not a signal.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for s in vm.to_vec(v)? {
            let n = vm.c_long(&s)?;
            if !(1..=64).contains(&n) {
                return vm.fail("ValueError", format!("signal number {n} out of range [1; 64]"));
            }
            libc::sigaddset(&mut set, n as c_int);
        }
        Ok(set)
    }
}

