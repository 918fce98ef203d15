//! Module `select`: `select`, `poll`, `epoll`.

use super::posix::sys::{Sys, sys};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::time::{Duration, Instant};

static FUNCTIONS: &[BuiltinDef] =
    &[BuiltinDef::new("select", 3, 4, select), BuiltinDef::new("poll", 0, 0, new_poll)];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("select", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    let error = vm.types.exception("OSError").clone();
    vm.set_global(&m, "error", error);
    let class = vm.native_class::<Epoll>(&EPOLL);
    vm.set_global(&m, "epoll", class);
    Ok(m)
}

/// Milliseconds left until a time, rounded up; -1: for ever.
fn left(until: Option<Instant>) -> c_int {
    match until {
        None => -1,
        Some(t) => {
            let d = t.saturating_duration_since(Instant::now());
            d.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as c_int
        }
    }
}
/// A time limit in seconds (`scale` 1) or milliseconds (1000); None and what is below zero: without.
fn limit(vm: &mut Vm, v: Option<&Value>, scale: f64) -> R<Option<Instant>> {
    let Some(v) = v.filter(|v| !v.is_none()) else { return Ok(None) };
    let f = vm.float_argument(v)?;
    if f.is_nan() {
        return vm.fail("ValueError", "Invalid value NaN (not a number)");
    }
    if f < 0.0 {
        return Ok(None);
    }
    match Duration::try_from_secs_f64(f / scale).ok().filter(|d| d.as_millis() <= i32::MAX as u128) {
        Some(d) => Ok(Some(Instant::now() + d)),
        None => vm.fail("OverflowError", "timeout is too large"),
    }
}
fn poll_fds(vm: &mut Vm, fds: &mut [libc::pollfd], until: Option<Instant>) -> R<Sys> {
    vm.blocking(|| sys!(libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, left(until))))
}

// ---- select, by way of poll: no limit on the numbers of descriptors
fn select(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let until = match args.get(3).filter(|v| !v.is_none()) {
        None => None,
        Some(v) => {
            let Some(d) = super::time::duration(vm, v)? else {
                return vm.fail("ValueError", "timeout must be non-negative");
            };
            Some(Instant::now() + d)
        }
    };
    const WANT: [i16; 3] = [libc::POLLIN, libc::POLLOUT, libc::POLLPRI];
    // What poll answers for what select calls ready.
    const READY: [i16; 3] =
        [libc::POLLIN | libc::POLLHUP | libc::POLLERR, libc::POLLOUT | libc::POLLERR, libc::POLLPRI];
    let mut fds = vec![];
    let mut objects: Vec<(usize, Value)> = vec![];
    for (i, list) in args[..3].iter().enumerate() {
        let items = match vm.to_vec(list) {
            Ok(v) => v,
            Err(_) => {
                drop(vm.take_pending());
                return vm.fail("TypeError", "arguments 1-3 must be sequences");
            }
        };
        for v in items {
            let fd = vm.fd_arg(&v)?;
            if fd >= 1024 {
                return vm.fail("ValueError", "filedescriptor out of range in select()");
            }
            fds.push(libc::pollfd { fd, events: WANT[i], revents: 0 });
            objects.push((i, v));
        }
    }
    let r = poll_fds(vm, &mut fds, until)?;
    vm.ok(r)?;
    let mut out = [vec![], vec![], vec![]];
    for (f, (i, v)) in fds.iter().zip(objects) {
        if f.revents & libc::POLLNVAL != 0 {
            return Err(vm.os_error(libc::EBADF, &[]));
        }
        if f.revents & READY[i] != 0 {
            out[i].push(v);
        }
    }
    let lists = out.map(|l| vm.list(l));
    Ok(vm.tuple(lists.to_vec()))
}

// ---- poll
struct Poll {
    fds: RefCell<Vec<libc::pollfd>>,
    running: Cell<bool>,
}
impl Payload for Poll {}

static POLL: ClassDef = ClassDef {
    name: "select.poll",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("register", 1, 2, |vm, a, _| {
            let fd = vm.fd_arg(&a[1])?;
            let events = event_mask(vm, a.get(2))?;
            let p = vm.self_::<Poll>(&a[0])?;
            let mut fds = p.fds.borrow_mut();
            match fds.iter_mut().find(|f| f.fd == fd) {
                Some(f) => f.events = events,
                None => fds.push(libc::pollfd { fd, events, revents: 0 }),
            }
            Ok(Value::NONE)
        }),
        BuiltinDef::new("modify", 2, 2, |vm, a, _| {
            let fd = vm.fd_arg(&a[1])?;
            let events = event_mask(vm, a.get(2))?;
            let p = vm.self_::<Poll>(&a[0])?;
            if let Some(f) = p.fds.borrow_mut().iter_mut().find(|f| f.fd == fd) {
                f.events = events;
                return Ok(Value::NONE);
            }
            Err(vm.os_error(libc::ENOENT, &[]))
        }),
        BuiltinDef::new("unregister", 1, 1, |vm, a, _| {
            let fd = vm.fd_arg(&a[1])?;
            let p = vm.self_::<Poll>(&a[0])?;
            let before = p.fds.borrow().len();
            p.fds.borrow_mut().retain(|f| f.fd != fd);
            if p.fds.borrow().len() == before {
                return Err(vm.raise_type("KeyError", vec![Value::small(fd as i64)]));
            }
            Ok(Value::NONE)
        }),
        BuiltinDef::new("poll", 0, 1, |vm, a, _| {
            let until = limit(vm, a.get(1), 1000.0)?;
            let p = vm.self_::<Poll>(&a[0])?;
            if p.running.replace(true) {
                return vm.fail("RuntimeError", "concurrent poll() invocation");
            }
            let mut fds = p.fds.borrow().clone();
            let r = poll_fds(vm, &mut fds, until);
            p.running.set(false);
            vm.ok(r?)?;
            let ready: Vec<Value> = fds
                .iter()
                .filter(|f| f.revents != 0)
                .map(|f| {
                    let pair = [f.fd as i64, f.revents as u16 as i64].map(Value::small);
                    vm.tuple(pair.to_vec())
                })
                .collect();
            Ok(vm.list(ready))
        }),
    ],
    ..ClassDef::DEFAULT
};

fn new_poll(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let class = vm.native_class::<Poll>(&POLL);
    Ok(vm.new_native(&class, Poll { fds: RefCell::default(), running: Cell::new(false) }))
}
fn event_mask(vm: &mut Vm, v: Option<&Value>) -> R<i16> {
    let Some(v) = v else { return Ok(libc::POLLIN | libc::POLLPRI | libc::POLLOUT) };
    let n = vm.c_long(v)?;
    if n < 0 {
        return vm.fail("ValueError", "value must be positive");
    }
    match u16::try_from(n) {
        Ok(n) => Ok(n as i16),
        Err(_) => vm.fail("OverflowError", "Python int too large for C unsigned short"),
    }
}

// ---- epoll
struct Epoll(Cell<c_int>);
impl Payload for Epoll {}
impl Drop for Epoll {
    fn drop(&mut self) {
        if self.0.get() >= 0 {
            let _ = sys!(libc::close(self.0.get()));
        }
    }
}

static EPOLL: ClassDef = ClassDef {
    name: "select.epoll",
    methods: &[
        BuiltinDef::kw("__new__", 0, 255, |vm, a, kw| {
            let [size, flags] = vm.bind_args("epoll", ["sizehint", "flags"], 0, 0, &a[1..], kw)?;
            let (size, flags) = (vm.int_or(&size, -1)?, vm.int_or(&flags, 0)?);
            if size < -1 || size == 0 {
                return vm.fail("ValueError", "negative sizehint");
            }
            if flags & !libc::EPOLL_CLOEXEC != 0 {
                return Err(vm.os_error(libc::EINVAL, &[]));
            }
            let fd = vm.ok(sys!(libc::epoll_create1(libc::EPOLL_CLOEXEC)))?;
            Ok(vm.new_native(&a[0], Epoll(Cell::new(fd as c_int))))
        }),
        BuiltinDef::class("fromfd", 1, 1, |vm, a, _| {
            let fd = vm.c_int(&a[1])?;
            Ok(vm.new_native(&a[0], Epoll(Cell::new(fd))))
        }),
        BuiltinDef::new("close", 0, 0, close),
        BuiltinDef::new("fileno", 0, 0, |vm, a, _| Ok(Value::small(epoll_fd(vm, &a[0])? as i64))),
        BuiltinDef::new("__enter__", 0, 0, |vm, a, _| {
            epoll_fd(vm, &a[0])?;
            Ok(a[0].clone())
        }),
        BuiltinDef::new("__exit__", 0, u8::MAX, close),
        BuiltinDef::kw("register", 0, 255, |vm, a, kw| {
            let [fd, mask] = vm.bind_args("register", ["fd", "eventmask"], 0, 1, &a[1..], kw)?;
            let mask = vm.int_or(&mask, libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT)?;
            control(vm, &a[0], libc::EPOLL_CTL_ADD, fd, mask)
        }),
        BuiltinDef::kw("modify", 0, 255, |vm, a, kw| {
            let [fd, mask] = vm.bind_args("modify", ["fd", "eventmask"], 0, 2, &a[1..], kw)?;
            let mask = vm.c_long(&mask.unwrap_or(Value::NONE))? as u32 as c_int;
            control(vm, &a[0], libc::EPOLL_CTL_MOD, fd, mask)
        }),
        BuiltinDef::kw("unregister", 0, 255, |vm, a, kw| {
            let [fd] = vm.bind_args("unregister", ["fd"], 0, 1, &a[1..], kw)?;
            control(vm, &a[0], libc::EPOLL_CTL_DEL, fd, 0)
        }),
        BuiltinDef::kw("poll", 0, 255, |vm, a, kw| {
            let [timeout, max] = vm.bind_args("poll", ["timeout", "maxevents"], 0, 0, &a[1..], kw)?;
            let until = limit(vm, timeout.as_ref(), 1.0)?;
            let max = match vm.int_or(&max, -1)? {
                -1 => 1023,
                n if n < 1 => {
                    return vm.fail("ValueError", format!("maxevents must be greater than 0, got {n}"));
                }
                n => n.min(1 << 16),
            };
            let fd = epoll_fd(vm, &a[0])?;
            let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; max as usize];
            let r = vm.blocking(|| sys!(libc::epoll_wait(fd, events.as_mut_ptr(), max, left(until))))?;
            let n = vm.ok(r)? as usize;
            let ready: Vec<Value> = events[..n]
                .iter()
                .map(|e| {
                    let (fd, events) = (e.u64, e.events);
                    vm.tuple(vec![Value::small(fd as i64), Value::small(events as i64)])
                })
                .collect();
            Ok(vm.list(ready))
        }),
    ],
    getset: &[GetSet::get("closed", |vm, v| Ok(Value::bool(vm.self_::<Epoll>(v)?.0.get() < 0)))],
    ..ClassDef::DEFAULT
};

fn epoll_fd(vm: &mut Vm, v: &Value) -> R<c_int> {
    let fd = vm.self_::<Epoll>(v)?.0.get();
    if fd < 0 {
        return vm.fail("ValueError", "I/O operation on closed epoll object");
    }
    Ok(fd)
}
fn close(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.self_::<Epoll>(&args[0])?.0.replace(-1);
    if fd >= 0 {
        vm.ok(sys!(libc::close(fd)))?;
    }
    Ok(Value::NONE)
}
fn control(vm: &mut Vm, v: &Value, what: c_int, fd: Option<Value>, mask: c_int) -> R<Value> {
    let epoll = epoll_fd(vm, v)?;
    let fd = vm.fd_arg(&fd.unwrap_or(Value::NONE))?;
    let mut e = libc::epoll_event { events: mask as u32, u64: fd as u64 };
    vm.none(sys!(libc::epoll_ctl(epoll, what, fd, &mut e)))
}

static CONSTANTS: &[(&str, i64)] = &[
    ("EPOLLERR", libc::EPOLLERR as i64),
    ("EPOLLET", libc::EPOLLET as i64),
    ("EPOLLEXCLUSIVE", libc::EPOLLEXCLUSIVE as i64),
    ("EPOLLHUP", libc::EPOLLHUP as i64),
    ("EPOLLIN", libc::EPOLLIN as i64),
    ("EPOLLMSG", libc::EPOLLMSG as i64),
    ("EPOLLONESHOT", libc::EPOLLONESHOT as i64),
    ("EPOLLOUT", libc::EPOLLOUT as i64),
    ("EPOLLPRI", libc::EPOLLPRI as i64),
    ("EPOLLRDBAND", libc::EPOLLRDBAND as i64),
    ("EPOLLRDHUP", libc::EPOLLRDHUP as i64),
    ("EPOLLRDNORM", libc::EPOLLRDNORM as i64),
    ("EPOLLWAKEUP", libc::EPOLLWAKEUP as i64),
    ("EPOLLWRBAND", libc::EPOLLWRBAND as i64),
    ("EPOLLWRNORM", libc::EPOLLWRNORM as i64),
    ("EPOLL_CLOEXEC", libc::EPOLL_CLOEXEC as i64),
    ("PIPE_BUF", libc::PIPE_BUF as i64),
    ("POLLERR", libc::POLLERR as i64),
    ("POLLHUP", libc::POLLHUP as i64),
    ("POLLIN", libc::POLLIN as i64),
    ("POLLMSG", 1024),
    ("POLLNVAL", libc::POLLNVAL as i64),
    ("POLLOUT", libc::POLLOUT as i64),
    ("POLLPRI", libc::POLLPRI as i64),
    ("POLLRDBAND", libc::POLLRDBAND as i64),
    ("POLLRDHUP", libc::POLLRDHUP as i64),
    ("POLLRDNORM", libc::POLLRDNORM as i64),
    ("POLLWRBAND", libc::POLLWRBAND as i64),
    ("POLLWRNORM", libc::POLLWRNORM as i64),
];
