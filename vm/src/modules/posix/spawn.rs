//! `posix.posix_spawn`.

use super::process::{arguments, environment, pointers, sched_param, signal_set};
use super::sys::PathKind;
use crate::error::R;
use crate::object::{Kw, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CString, c_int};

const OPEN: i64 = 0;
const CLOSE: i64 = 1;
const DUP2: i64 = 2;
const CLOSEFROM: i64 = 3;

/// The C structures of a spawn, which must be destroyed.
struct Attributes {
    attr: libc::posix_spawnattr_t,
    actions: libc::posix_spawn_file_actions_t,
    /// Texts that the actions point at.
    paths: Vec<CString>,
}
impl Attributes {
    fn new() -> Box<Attributes> {
        // SAFETY: the init functions make plain memory into valid structures; they cannot fail in the C
        // libraries that we run on.
        unsafe {
            let mut a = Box::new(Attributes { attr: std::mem::zeroed(), actions: std::mem::zeroed(), paths: vec![] });
            libc::posix_spawnattr_init(&mut a.attr);
            libc::posix_spawn_file_actions_init(&mut a.actions);
            a
        }
    }
}
impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: both were initialised.
        unsafe {
            libc::posix_spawnattr_destroy(&mut self.attr);
            libc::posix_spawn_file_actions_destroy(&mut self.actions);
        }
    }
}

pub(super) fn spawn(vm: &mut Vm, who: &str, args: &[Value], kw: Kw) -> R<Value> {
    let names = [
        "path", "argv", "env", "file_actions", "setpgroup", "resetids", "setsid", "setsigmask", "setsigdef",
        "scheduler",
    ];
    let [path, argv, env, actions, group, reset, session, mask, default, scheduler] =
        vm.bind_args_kwonly(who, names, 3, 3, args, kw)?;
    let path = vm.path_arg(who, "path", &path.unwrap_or(Value::NONE), PathKind::Text)?;
    let argv = arguments(vm, who, &argv.unwrap_or(Value::NONE))?;
    let env = env.filter(|e| !e.is_none());
    let env = match &env {
        Some(e) if vm.get_attr_str_opt(e, "keys")?.is_none() => {
            return vm.fail("TypeError", format!("{who}: environment must be a mapping object or None"));
        }
        Some(e) => Some(environment(vm, e)?),
        None => None,
    };
    let mut a = Attributes::new();
    let mut flags: c_int = 0;
    if let Some(list) = actions.filter(|l| !l.is_none()) {
        file_actions(vm, &mut a, &list)?;
    }
    // SAFETY (the calls below): the structures are initialised.
    if let Some(g) = group.filter(|g| !g.is_none()) {
        let g = vm.c_int(&g)?;
        unsafe { libc::posix_spawnattr_setpgroup(&mut a.attr, g) };
        flags |= libc::POSIX_SPAWN_SETPGROUP as c_int;
    }
    if vm.bool_or(&reset, false)? {
        flags |= libc::POSIX_SPAWN_RESETIDS as c_int;
    }
    if vm.bool_or(&session, false)? {
        flags |= libc::POSIX_SPAWN_SETSID as c_int;
    }
    if let Some(m) = mask {
        let set = signal_set(vm, &m)?;
        unsafe { libc::posix_spawnattr_setsigmask(&mut a.attr, &set) };
        flags |= libc::POSIX_SPAWN_SETSIGMASK as c_int;
    }
    if let Some(d) = default {
        let set = signal_set(vm, &d)?;
        unsafe { libc::posix_spawnattr_setsigdefault(&mut a.attr, &set) };
        flags |= libc::POSIX_SPAWN_SETSIGDEF as c_int;
    }
    if let Some(s) = scheduler.filter(|s| !s.is_none()) {
        let Some([policy, param]) = s.get::<Tuple>().and_then(|t| <&[Value; 2]>::try_from(t.as_slice()).ok())
        else {
            return vm.fail("TypeError", "A scheduler tuple must have two elements");
        };
        if !policy.is_none() {
            let policy = vm.c_int(policy)?;
            unsafe { libc::posix_spawnattr_setschedpolicy(&mut a.attr, policy) };
            flags |= libc::POSIX_SPAWN_SETSCHEDULER as c_int;
        }
        let param = sched_param(vm, param)?;
        unsafe { libc::posix_spawnattr_setschedparam(&mut a.attr, &param) };
        flags |= libc::POSIX_SPAWN_SETSCHEDPARAM as c_int;
    }
    unsafe { libc::posix_spawnattr_setflags(&mut a.attr, flags as _) };
    let argv = pointers(&argv);
    let envp = env.as_deref().map(pointers);
    let mut pid = 0;
    // SAFETY: all pointers are to live structures; a null-terminated argument list.
    let e = unsafe {
        let f = if who == "posix_spawnp" { libc::posix_spawnp } else { libc::posix_spawn };
        let env = match &envp {
            Some(e) => e.as_ptr().cast(),
            None => super::environ_pointer(),
        };
        f(&mut pid, path.text.as_ptr(), &a.actions, &a.attr, argv.as_ptr().cast(), env)
    };
    if e != 0 {
        return Err(vm.os_error(e, &[&path.original]));
    }
    Ok(Value::small(pid as i64))
}

fn file_actions(vm: &mut Vm, a: &mut Attributes, list: &Value) -> R {
    for action in vm.to_vec(list)? {
        let parts = action.get::<Tuple>().map(|t| t.as_slice().to_vec()).unwrap_or_default();
        let Some(tag) = parts.first() else {
            return vm.fail("TypeError", "Each file_actions element must be a non-empty tuple");
        };
        let tag = vm.c_long(tag)?;
        // SAFETY (the calls below): initialised structures; the texts live as long as they do.
        let e = match (tag, &parts[1..]) {
            (OPEN, [fd, path, flags, mode]) => {
                let (fd, flags, mode) = (vm.c_int(fd)?, vm.c_int(flags)?, vm.c_int(mode)?);
                let path = vm.path_arg("posix_spawn", "path", path, PathKind::Text)?.text;
                let p = path.as_ptr();
                a.paths.push(path);
                unsafe { libc::posix_spawn_file_actions_addopen(&mut a.actions, fd, p, flags, mode as _) }
            }
            (CLOSE, [fd]) => {
                let fd = vm.c_int(fd)?;
                unsafe { libc::posix_spawn_file_actions_addclose(&mut a.actions, fd) }
            }
            (DUP2, [from, to]) => {
                let (from, to) = (vm.c_int(from)?, vm.c_int(to)?);
                unsafe { libc::posix_spawn_file_actions_adddup2(&mut a.actions, from, to) }
            }
            (CLOSEFROM, [fd]) => {
                let fd = vm.c_int(fd)?;
                unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&mut a.actions, fd) }
            }
            (OPEN..=CLOSEFROM, _) => {
                return vm.fail("TypeError", "A file_actions element has the wrong number of items");
            }
            _ => return vm.fail("TypeError", "Unknown file_actions identifier"),
        };
        if e != 0 {
            return Err(vm.os_error(e, &[]));
        }
    }
    Ok(())
}
