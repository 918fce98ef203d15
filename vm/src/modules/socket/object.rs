//! The class `_socket.socket`.
//!
//! A socket with a time limit is non-blocking for the system; the methods wait with `poll`, other threads run
//! meanwhile. What is received goes to memory of our own first: Python objects do not stay put while other
//! threads run.

use super::address::{Addr, parse, show};
use super::{State, message, names};
use crate::error::R;
use crate::modules::posix::sys::{Sys, sys};
use crate::object::{BuiltinDef, Bytes, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, SUBCLASS};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::Cell;
use std::ffi::c_int;
use std::time::{Duration, Instant};

pub struct Socket {
    fd: Cell<c_int>,
    family: Cell<c_int>,
    kind: Cell<c_int>,
    proto: Cell<c_int>,
    /// None: wait for ever; zero: never.
    timeout: Cell<Option<Duration>>,
}
impl Payload for Socket {}
impl Drop for Socket {
    fn drop(&mut self) {
        if self.fd.get() >= 0 {
            let _ = names::close(self.fd.get());
        }
    }
}

pub fn class(vm: &mut Vm) -> Value {
    vm.native_class::<Socket>(&SOCKET)
}
pub fn this<'a>(vm: &mut Vm, a: &'a [Value]) -> R<&'a Socket> {
    vm.self_::<Socket>(&a[0])
}
/// A new socket object for a descriptor.
pub fn from_fd(vm: &mut Vm, fd: c_int, family: c_int, kind: c_int, proto: c_int) -> Value {
    let class = class(vm);
    let v = vm.new_native(&class, Socket::default());
    if let Some(s) = v.native::<Socket>() {
        s.set(vm, fd, family, kind, proto);
    }
    v
}

impl Default for Socket {
    fn default() -> Socket {
        Socket {
            fd: Cell::new(-1),
            family: Cell::new(0),
            kind: Cell::new(0),
            proto: Cell::new(0),
            timeout: Cell::new(None),
        }
    }
}
impl Socket {
    pub fn fd(&self) -> c_int {
        self.fd.get()
    }
    pub fn family(&self) -> c_int {
        self.family.get()
    }
    fn set(&self, vm: &mut Vm, fd: c_int, family: c_int, kind: c_int, proto: c_int) {
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK));
        self.proto.set(proto);
        let default = vm.state::<State>().timeout;
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(Some(Duration::ZERO));
        } else {
            self.timeout.set(default);
            if default.is_some() {
                let _ = block(fd, false);
            }
        }
    }
}

fn block(fd: c_int, on: bool) -> Sys {
    let mut off: c_int = !on as c_int;
    sys!(libc::ioctl(fd, libc::FIONBIO, &raw mut off))
}

/// Seconds of a time limit; None: without.
pub fn timeout_arg(vm: &mut Vm, v: &Value) -> R<Option<Duration>> {
    if v.is_none() {
        return Ok(None);
    }
    if Num::of(v).is_none() && !vm.has_dunder(v, "__float__") && !vm.has_dunder(v, "__index__") {
        let got = vm.type_name(v);
        return vm.fail("TypeError", format!("'{got}' object cannot be interpreted as an integer or float"));
    }
    let Some(d) = crate::modules::time::duration(vm, v)? else {
        return vm.fail("ValueError", "Timeout value out of range");
    };
    Ok(Some(d))
}

fn timed_out<T>(vm: &mut Vm) -> R<T> {
    let text = vm.str("timed out");
    Err(vm.raise_type("TimeoutError", vec![text]))
}
/// Waits until the socket is ready. False: the time is over.
fn wait(vm: &mut Vm, fd: c_int, writing: bool, until: Option<Instant>) -> R<bool> {
    let events = if writing { libc::POLLOUT } else { libc::POLLIN };
    let r = vm.blocking(|| {
        let mut p = libc::pollfd { fd, events, revents: 0 };
        let left = until.map_or(-1, |t| {
            let left = t.saturating_duration_since(Instant::now());
            left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as c_int
        });
        sys!(libc::poll(&raw mut p, 1, left))
    })?;
    Ok(vm.ok(r)? != 0)
}
/// Makes a call that may wait for the socket, up to its time limit (from `until`, if that has begun already).
pub fn transfer(
    vm: &mut Vm,
    s: &Socket,
    writing: bool,
    until: Option<Instant>,
    mut f: impl FnMut() -> Sys,
) -> R<i64> {
    let limited = s.timeout.get().filter(|t| !t.is_zero());
    let until = until.or(limited.map(|t| Instant::now() + t));
    loop {
        if limited.is_some() && !wait(vm, s.fd(), writing, until)? {
            return timed_out(vm);
        }
        match vm.blocking(&mut f)? {
            Err(libc::EAGAIN) if limited.is_some() => continue,
            r => return vm.ok(r),
        }
    }
}

static SOCKET: ClassDef = ClassDef {
    name: "_socket.socket",
    flags: SUBCLASS,
    methods: METHODS,
    getset: &[
        GetSet::member("family", |vm, v| Ok(Value::small(vm.self_::<Socket>(v)?.family() as i64))),
        GetSet::member("type", |vm, v| Ok(Value::small(vm.self_::<Socket>(v)?.kind.get() as i64))),
        GetSet::member("proto", |vm, v| Ok(Value::small(vm.self_::<Socket>(v)?.proto.get() as i64))),
        GetSet::get("timeout", |vm, v| {
            let t = vm.self_::<Socket>(v)?.timeout.get();
            Ok(t.map_or(Value::NONE, |d| Value::float(d.as_secs_f64())))
        }),
    ],
    doc: Some(
        "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, \
         proto=-1, fileno=None) -> socket object\n\nOpen a socket of the given type.",
    ),
    ..ClassDef::DEFAULT
};

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], Socket::default()))),
    BuiltinDef::kw("__init__", 0, u8::MAX, init),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let s = this(vm, a)?;
        Ok(vm.string(format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            s.fd(),
            s.family(),
            s.kind.get(),
            s.proto.get()
        )))
    }),
    BuiltinDef::new("__del__", 0, 0, |vm, a, _| {
        let s = this(vm, a)?;
        if s.fd() < 0 {
            return Ok(Value::NONE);
        }
        if super::super::support::imported(vm, "warnings").is_some() {
            let shown = vm.repr(&a[0])?;
            let text = shown.get::<crate::object::Str>().map(|s| s.wtf8().to_string_lossy().into_owned());
            vm.warn("ResourceWarning", format!("unclosed {}", text.unwrap_or_default()), 1)?;
        }
        let _ = names::close(s.fd.replace(-1));
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_accept", 0, 0, |vm, a, _| {
        let s = this(vm, a)?;
        let mut addr = Addr::empty();
        let fd = s.fd();
        let new = transfer(vm, s, false, None, || {
            addr.len = addr.room();
            let (at, len) = (addr.ptr_mut(), &raw mut addr.len);
            sys!(libc::accept4(fd, at, len, libc::SOCK_CLOEXEC))
        })?;
        let addr = show(vm, &addr)?;
        Ok(vm.tuple(vec![Value::small(new), addr]))
    }),
    BuiltinDef::new("bind", 1, 1, |vm, a, _| {
        let s = this(vm, a)?;
        let addr = parse(vm, "bind", s.family(), &a[1])?;
        let fd = s.fd();
        let r = vm.allow_threads(|| sys!(libc::bind(fd, addr.ptr(), addr.len)));
        vm.none(r)
    }),
    BuiltinDef::new("close", 0, 0, |vm, a, _| {
        let fd = this(vm, a)?.fd.replace(-1);
        if fd >= 0 {
            let r = vm.allow_threads(|| names::close(fd));
            vm.ok(r)?;
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("connect", 1, 1, |vm, a, _| {
        let s = this(vm, a)?;
        let addr = parse(vm, "connect", s.family(), &a[1])?;
        match connect(vm, s, &addr)? {
            Some(0) => Ok(Value::NONE),
            Some(e) => Err(vm.os_error(e, &[])),
            None => timed_out(vm),
        }
    }),
    BuiltinDef::new("connect_ex", 1, 1, |vm, a, _| {
        let s = this(vm, a)?;
        let addr = parse(vm, "connect_ex", s.family(), &a[1])?;
        let e = connect(vm, s, &addr)?.unwrap_or(libc::EWOULDBLOCK);
        Ok(Value::small(e as i64))
    }),
    BuiltinDef::new("detach", 0, 0, |vm, a, _| Ok(Value::small(this(vm, a)?.fd.replace(-1) as i64))),
    BuiltinDef::new("fileno", 0, 0, |vm, a, _| Ok(Value::small(this(vm, a)?.fd() as i64))),
    BuiltinDef::new("getblocking", 0, 0, |vm, a, _| {
        Ok(Value::bool(this(vm, a)?.timeout.get() != Some(Duration::ZERO)))
    }),
    BuiltinDef::new("getpeername", 0, 0, |vm, a, _| {
        let (mut addr, fd) = (Addr::empty(), this(vm, a)?.fd());
        let (at, len) = (addr.ptr_mut(), &raw mut addr.len);
        vm.ok(sys!(libc::getpeername(fd, at, len)))?;
        show(vm, &addr)
    }),
    BuiltinDef::new("getsockname", 0, 0, |vm, a, _| {
        let (mut addr, fd) = (Addr::empty(), this(vm, a)?.fd());
        let (at, len) = (addr.ptr_mut(), &raw mut addr.len);
        vm.ok(sys!(libc::getsockname(fd, at, len)))?;
        show(vm, &addr)
    }),
    BuiltinDef::new("getsockopt", 2, 3, |vm, a, _| {
        let (level, option) = (vm.c_int(&a[1])?, vm.c_int(&a[2])?);
        let size = a.get(3).map_or(Ok(0), |v| vm.c_int(v))?;
        let fd = this(vm, a)?.fd();
        if size == 0 {
            let (mut n, mut len): (c_int, libc::socklen_t) = (0, 4);
            vm.ok(sys!(libc::getsockopt(fd, level, option, (&raw mut n).cast(), &mut len)))?;
            return Ok(Value::small(n as i64));
        }
        if !(1..=1024).contains(&size) {
            return vm.fail("OSError", "getsockopt buflen out of range");
        }
        let (mut b, mut len) = (vec![0u8; size as usize], size as libc::socklen_t);
        vm.ok(sys!(libc::getsockopt(fd, level, option, b.as_mut_ptr().cast(), &mut len)))?;
        b.truncate(len as usize);
        Ok(vm.byte_vec(b))
    }),
    BuiltinDef::new("setsockopt", 3, 4, |vm, a, _| {
        let (level, option) = (vm.c_int(&a[1])?, vm.c_int(&a[2])?);
        let fd = this(vm, a)?.fd();
        if let Some(size) = a.get(4) {
            if !a[3].is_none() {
                return vm.fail("TypeError", "setsockopt() argument 3 must be None when optlen is given");
            }
            let size = vm.c_int(size)? as libc::socklen_t;
            return vm.none(sys!(libc::setsockopt(fd, level, option, std::ptr::null(), size)));
        }
        if Num::int_of(&a[3]).is_some() {
            let n = vm.c_int(&a[3])?;
            return vm.none(sys!(libc::setsockopt(fd, level, option, (&raw const n).cast(), 4)));
        }
        let b = vm.need_bytes(&a[3])?;
        vm.none(sys!(libc::setsockopt(fd, level, option, b.as_ptr().cast(), b.len() as libc::socklen_t)))
    }),
    BuiltinDef::new("gettimeout", 0, 0, |vm, a, _| {
        let t = this(vm, a)?.timeout.get();
        Ok(t.map_or(Value::NONE, |d| Value::float(d.as_secs_f64())))
    }),
    BuiltinDef::new("settimeout", 1, 1, |vm, a, _| {
        let t = timeout_arg(vm, &a[1])?;
        let s = this(vm, a)?;
        s.timeout.set(t);
        vm.none(block(s.fd(), t.is_none()))
    }),
    BuiltinDef::new("setblocking", 1, 1, |vm, a, _| {
        let on = vm.truthy(&a[1])?;
        let s = this(vm, a)?;
        s.timeout.set((!on).then_some(Duration::ZERO));
        vm.none(block(s.fd(), on))
    }),
    BuiltinDef::new("listen", 0, 1, |vm, a, _| {
        let backlog = a.get(1).map_or(Ok(128), |v| vm.c_int(v))?.max(0);
        let fd = this(vm, a)?.fd();
        vm.none(sys!(libc::listen(fd, backlog)))
    }),
    BuiltinDef::new("shutdown", 1, 1, |vm, a, _| {
        let how = vm.c_int(&a[1])?;
        let fd = this(vm, a)?.fd();
        vm.none(sys!(libc::shutdown(fd, how)))
    }),
    BuiltinDef::new("recv", 1, 2, |vm, a, _| {
        let b = receive(vm, a, "recv", false)?.0;
        Ok(vm.byte_vec(b))
    }),
    BuiltinDef::new("recvfrom", 1, 2, |vm, a, _| {
        let (b, addr) = receive(vm, a, "recvfrom", true)?;
        let (b, addr) = (vm.byte_vec(b), show(vm, &addr)?);
        Ok(vm.tuple(vec![b, addr]))
    }),
    BuiltinDef::kw("recv_into", 0, 3, |vm, a, kw| {
        let n = receive_into(vm, a, kw, "recv_into", false)?.0;
        Ok(Value::small(n))
    }),
    BuiltinDef::kw("recvfrom_into", 0, 3, |vm, a, kw| {
        let (n, addr) = receive_into(vm, a, kw, "recvfrom_into", true)?;
        let addr = show(vm, &addr)?;
        Ok(vm.tuple(vec![Value::small(n), addr]))
    }),
    BuiltinDef::new("recvmsg", 1, 3, message::recvmsg),
    BuiltinDef::new("recvmsg_into", 1, 3, message::recvmsg_into),
    BuiltinDef::new("send", 1, 2, |vm, a, _| {
        let flags = a.get(2).map_or(Ok(0), |v| vm.c_int(v))?;
        let b = vm.need_bytes(&a[1])?;
        let s = this(vm, a)?;
        let fd = s.fd();
        let n = transfer(vm, s, true, None, || sys!(libc::send(fd, b.as_ptr().cast(), b.len(), flags)))?;
        Ok(Value::small(n))
    }),
    BuiltinDef::new("sendall", 1, 2, |vm, a, _| {
        let flags = a.get(2).map_or(Ok(0), |v| vm.c_int(v))?;
        let b = vm.need_bytes(&a[1])?;
        let s = this(vm, a)?;
        let until = s.timeout.get().filter(|t| !t.is_zero()).map(|t| Instant::now() + t);
        let (fd, mut rest) = (s.fd(), &b[..]);
        loop {
            let n = transfer(vm, s, true, until, || {
                sys!(libc::send(fd, rest.as_ptr().cast(), rest.len(), flags))
            })?;
            rest = rest.get(n as usize..).unwrap_or(&[]);
            if rest.is_empty() {
                return Ok(Value::NONE);
            }
            // A signal's handler may raise in between.
            vm.check_signals()?;
        }
    }),
    BuiltinDef::new("sendmsg", 1, 4, message::sendmsg),
    BuiltinDef::new("sendto", 2, 3, |vm, a, _| {
        let (flags, to) = match a.get(3) {
            Some(to) => (vm.c_int(&a[2])?, to),
            None => (0, &a[2]),
        };
        let b = vm.need_bytes(&a[1])?;
        let s = this(vm, a)?;
        let to = parse(vm, "sendto", s.family(), to)?;
        let fd = s.fd();
        let n = transfer(vm, s, true, None, || {
            sys!(libc::sendto(fd, b.as_ptr().cast(), b.len(), flags, to.ptr(), to.len))
        })?;
        Ok(Value::small(n))
    }),
];

fn init(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["family", "type", "proto", "fileno"];
    let [family, kind, proto, fileno] = vm.bind_args("socket", names, 0, 0, &args[1..], kw)?;
    let (mut family, mut kind) = (vm.int_or(&family, -1)?, vm.int_or(&kind, -1)?);
    let mut proto = vm.int_or(&proto, -1)?;
    let fd = match fileno.filter(|v| !v.is_none()) {
        None => {
            family = if family == -1 { libc::AF_INET } else { family };
            kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            proto = proto.max(0);
            let r = vm.allow_threads(|| sys!(libc::socket(family, kind | libc::SOCK_CLOEXEC, proto)));
            vm.ok(r)? as c_int
        }
        Some(v) => {
            if v.word().is_float() {
                return vm.fail("TypeError", "integer argument expected, got float");
            }
            let fd = vm.c_int(&v)?;
            if fd < 0 {
                return vm.fail("ValueError", "negative file descriptor");
            }
            let mut addr = Addr::empty();
            let (at, len) = (addr.ptr_mut(), &raw mut addr.len);
            match sys!(libc::getsockname(fd, at, len)) {
                Ok(_) if family == -1 => family = addr.family(),
                Err(e) if family == -1 || e == libc::EBADF || e == libc::ENOTSOCK => {
                    return Err(vm.os_error(e, &[]));
                }
                _ => {}
            }
            let mut option = |what| {
                let (mut n, mut len): (c_int, libc::socklen_t) = (0, 4);
                let to = (&raw mut n).cast();
                vm.ok(sys!(libc::getsockopt(fd, libc::SOL_SOCKET, what, to, &mut len))).map(|_| n)
            };
            if kind == -1 {
                kind = option(libc::SO_TYPE)?;
            }
            if proto == -1 {
                proto = option(libc::SO_PROTOCOL)?;
            }
            fd
        }
    };
    let s = this(vm, args)?;
    if s.fd() >= 0 {
        // Made a second time: the first descriptor would be lost.
        let _ = names::close(s.fd());
    }
    s.set(vm, fd, family, kind, proto);
    Ok(Value::NONE)
}

/// Connects; answers 0 or the error, `None` if the time is over.
fn connect(vm: &mut Vm, s: &Socket, addr: &Addr) -> R<Option<i32>> {
    let fd = s.fd();
    let e = match vm.allow_threads(|| sys!(libc::connect(fd, addr.ptr(), addr.len))) {
        Ok(_) => return Ok(Some(0)),
        Err(e) => e,
    };
    let limited = s.timeout.get().filter(|t| !t.is_zero());
    let goes_on = match e {
        libc::EINTR => {
            vm.check_signals()?;
            s.timeout.get() != Some(Duration::ZERO)
        }
        libc::EINPROGRESS => limited.is_some(),
        _ => false,
    };
    if !goes_on {
        return Ok(Some(e));
    }
    if !wait(vm, fd, true, limited.map(|t| Instant::now() + t))? {
        return Ok(None);
    }
    let (mut n, mut len): (c_int, libc::socklen_t) = (0, 4);
    let to = (&raw mut n).cast();
    vm.ok(sys!(libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, to, &mut len)))?;
    Ok(Some(if n == libc::EISCONN { 0 } else { n }))
}

/// `recv(size[, flags])`.
fn receive(vm: &mut Vm, a: &[Value], who: &str, from: bool) -> R<(Vec<u8>, Addr)> {
    let n = vm.index_size(&a[1])?;
    let flags = a.get(2).map_or(Ok(0), |v| vm.c_int(v))?;
    let Ok(n) = usize::try_from(n) else {
        return vm.fail("ValueError", format!("negative buffersize in {who}"));
    };
    let mut b = vm.new_bytes(n)?;
    b.resize(n, 0);
    let (got, addr) = receive_bytes(vm, a, &mut b, flags, from)?;
    b.truncate(got);
    b.shrink_to_fit();
    Ok((b, addr))
}
fn receive_bytes(vm: &mut Vm, a: &[Value], b: &mut [u8], flags: c_int, from: bool) -> R<(usize, Addr)> {
    let s = this(vm, a)?;
    let (fd, mut addr) = (s.fd(), Addr::empty());
    let n = transfer(vm, s, false, None, || {
        addr.len = addr.room();
        let (at, len) = (addr.ptr_mut(), &raw mut addr.len);
        let (to, room) = (b.as_mut_ptr().cast(), b.len());
        if from {
            sys!(libc::recvfrom(fd, to, room, flags, at, len))
        } else {
            sys!(libc::recv(fd, to, room, flags))
        }
    })?;
    Ok((n as usize, addr))
}
fn receive_into(vm: &mut Vm, a: &[Value], kw: Kw, who: &str, from: bool) -> R<(i64, Addr)> {
    let [buffer, size, flags] = vm.bind_args(who, ["buffer", "nbytes", "flags"], 0, 1, &a[1..], kw)?;
    let buffer = buffer.unwrap_or(Value::NONE);
    let size = size.map_or(Ok(0), |v| vm.index_size(&v))?;
    let flags = vm.int_or(&flags, 0)?;
    let room = if buffer.get::<Bytes>().is_some() {
        return vm.fail(
            "TypeError",
            format!("{who}() argument 1 must be read-write bytes-like object, not bytes"),
        );
    } else {
        vm.with_bytes_mut(&buffer, |b| b.len())?
    };
    let Ok(size) = usize::try_from(size) else {
        return vm.fail("ValueError", format!("negative buffersize in {who}"));
    };
    if size > room {
        return match from {
            true => vm.fail("ValueError", "nbytes is greater than the length of the buffer"),
            false => vm.fail("ValueError", "buffer too small for requested bytes"),
        };
    }
    let n = if size == 0 { room } else { size };
    let mut b = vm.new_bytes(n)?;
    b.resize(n, 0);
    let (got, addr) = receive_bytes(vm, a, &mut b, flags, from)?;
    store(vm, &buffer, &b[..got])?;
    Ok((got as i64, addr))
}
/// Puts bytes at the start of a writable buffer.
pub fn store(vm: &mut Vm, buffer: &Value, b: &[u8]) -> R {
    vm.with_bytes_mut(buffer, |to| {
        let n = b.len().min(to.len());
        to[..n].copy_from_slice(&b[..n]);
    })
}

