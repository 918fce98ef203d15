//! Module `_socket`: sockets of the Internet, of this machine (`AF_UNIX`) and of Linux's kernel.
//!
//! `object` is the class, `message` its methods for control data, `address` and `names` convert and look up.

mod address;
mod constants;
mod message;
mod names;
mod object;

use crate::error::{Exc, R};
use crate::modules::posix::sys::sys;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::c_int;
use std::time::Duration;

/// The exception classes of the module.
#[derive(Clone)]
struct Errors {
    gai: Value,
    host: Value,
}

#[derive(Default)]
struct State {
    errors: Option<Errors>,
    /// Time limit of new sockets.
    timeout: Option<Duration>,
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("close", 1, 1, |vm, a, _| {
        let fd = vm.c_int(&a[0])?;
        let r = vm.allow_threads(|| names::close(fd));
        vm.none(r)
    }),
    BuiltinDef::new("dup", 1, 1, |vm, a, _| {
        let fd = vm.c_int(&a[0])?;
        let new = vm.ok(sys!(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0)))?;
        Ok(Value::small(new))
    }),
    BuiltinDef::new("socketpair", 0, 3, |vm, a, _| {
        let arg = |i: usize| a.get(i).filter(|v| !v.is_none()).cloned();
        let family = vm.int_or(&arg(0), libc::AF_UNIX)?;
        let kind = vm.int_or(&arg(1), libc::SOCK_STREAM)?;
        let proto = vm.int_or(&arg(2), 0)?;
        let mut fds: [c_int; 2] = [-1; 2];
        let kind = kind | libc::SOCK_CLOEXEC;
        vm.ok(sys!(libc::socketpair(family, kind, proto, fds.as_mut_ptr())))?;
        let pair = fds.map(|fd| object::from_fd(vm, fd, family, kind, proto)).to_vec();
        Ok(vm.tuple(pair))
    }),
    BuiltinDef::new("getdefaulttimeout", 0, 0, |vm, _, _| {
        let t = vm.state::<State>().timeout;
        Ok(t.map_or(Value::NONE, |d| Value::float(d.as_secs_f64())))
    }),
    BuiltinDef::new("setdefaulttimeout", 1, 1, |vm, a, _| {
        let t = object::timeout_arg(vm, &a[0])?;
        vm.state::<State>().timeout = t;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("CMSG_LEN", 1, 1, |vm, a, _| control_size(vm, "CMSG_LEN", &a[0], false)),
    BuiltinDef::new("CMSG_SPACE", 1, 1, |vm, a, _| control_size(vm, "CMSG_SPACE", &a[0], true)),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_socket", FUNCTIONS);
    vm.add_functions(&m, names::FUNCTIONS);
    for &(name, n) in constants::CONSTANTS {
        let n = vm.int(n);
        vm.set_global(&m, name, n);
    }
    vm.set_global(&m, "has_ipv6", Value::TRUE);
    let class = object::class(vm);
    vm.set_global(&m, "socket", class.clone());
    vm.set_global(&m, "SocketType", class);
    let errors = errors(vm);
    let os_error = vm.types.exception("OSError").clone();
    let timeout = vm.types.exceptions().find(|(n, _)| *n == "TimeoutError").map(|(_, c)| c.clone());
    vm.set_global(&m, "error", os_error);
    vm.set_global(&m, "gaierror", errors.gai);
    vm.set_global(&m, "herror", errors.host);
    vm.set_global(&m, "timeout", timeout.unwrap_or(Value::NONE));
    let doc = vm.str("Implementation module for socket operations.\n\nSee the socket module for documentation.");
    vm.set_global(&m, "__doc__", doc);
    Ok(m)
}

fn errors(vm: &mut Vm) -> Errors {
    if let Some(e) = vm.state::<State>().errors.clone() {
        return e;
    }
    let base = vm.types.exception("OSError").clone();
    let mut class = |name| vm.new_exception_class(name, &base).unwrap_or_else(|_| {
        drop(vm.take_pending());
        base.clone()
    });
    let e = Errors { gai: class("socket.gaierror"), host: class("socket.herror") };
    vm.state::<State>().errors = Some(e.clone());
    e
}

/// Raises an exception of a class.
fn raise_class(vm: &mut Vm, class: &Value, args: Vec<Value>) -> Exc {
    match vm.call(class, &args, Kw::NONE) {
        Ok(e) => vm.raise_value(e),
        Err(e) => e,
    }
}

fn control_size(vm: &mut Vm, who: &str, v: &Value, padded: bool) -> R<Value> {
    let n = vm.index_size(v)?;
    if !(0..=i32::MAX as i64).contains(&n) {
        return vm.fail("OverflowError", format!("{who}() argument out of range"));
    }
    let n = message::HEADER + n as usize;
    Ok(Value::small(if padded { message::align(n) } else { n } as i64))
}
