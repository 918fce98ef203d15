//! Addresses of sockets: between what Python writes and what the system reads.
//!
//! An address is put together byte by byte, so that nothing here depends on the layout that Rust gives
//! structures.

use super::names;
use crate::error::R;
use crate::modules::posix::sys::sys;
use crate::object::{Bytes, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::c_int;

/// An address as the system has it.
#[repr(C, align(8))]
#[derive(Clone)]
pub struct Addr {
    bytes: [u8; 128],
    pub len: libc::socklen_t,
}

/// Most bytes in the name of a local socket.
const UNIX_PATH: usize = 108;

impl Addr {
    pub fn empty() -> Addr {
        Addr { bytes: [0; 128], len: 128 }
    }
    fn from(family: c_int, rest: &[u8]) -> Addr {
        let mut a = Addr::empty();
        a.bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        a.bytes[2..2 + rest.len()].copy_from_slice(rest);
        a.len = 2 + rest.len() as libc::socklen_t;
        a
    }
    pub fn ptr(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }
    pub fn ptr_mut(&mut self) -> *mut libc::sockaddr {
        self.bytes.as_mut_ptr().cast()
    }
    pub fn room(&self) -> libc::socklen_t {
        self.bytes.len() as libc::socklen_t
    }
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..(self.len as usize).min(self.bytes.len())]
    }
    pub fn family(&self) -> c_int {
        u16::from_ne_bytes([self.bytes[0], self.bytes[1]]) as c_int
    }
    /// An address from bytes of the C library.
    pub fn of_bytes(b: &[u8]) -> Addr {
        let mut a = Addr::empty();
        let n = b.len().min(a.bytes.len());
        a.bytes[..n].copy_from_slice(&b[..n]);
        a.len = n as libc::socklen_t;
        a
    }
    fn u16_be(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]])
    }
    fn word(&self, at: usize) -> [u8; 4] {
        let mut w = [0; 4];
        w.copy_from_slice(&self.bytes[at..at + 4]);
        w
    }
    /// The host as numbers.
    pub fn host(&self) -> String {
        let family = self.family();
        let at = if family == libc::AF_INET { 4 } else { 8 };
        ntop(family, &self.bytes[at..at + 16]).unwrap_or_default()
    }
    pub fn ipv4(host: [u8; 4], port: u16) -> Addr {
        let mut rest = [0; 14];
        rest[..2].copy_from_slice(&port.to_be_bytes());
        rest[2..6].copy_from_slice(&host);
        Addr::from(libc::AF_INET, &rest)
    }
    pub fn with_port(mut self, port: u16) -> Addr {
        self.bytes[2..4].copy_from_slice(&port.to_be_bytes());
        self
    }
}

// SAFETY: <arpa/inet.h>, with these signatures.
unsafe extern "C" {
    fn inet_ntop(
        family: c_int,
        from: *const libc::c_void,
        to: *mut std::ffi::c_char,
        room: libc::socklen_t,
    ) -> *const std::ffi::c_char;
    fn inet_pton(family: c_int, text: *const std::ffi::c_char, to: *mut libc::c_void) -> c_int;
}

/// `inet_ntop`.
pub fn ntop(family: c_int, packed: &[u8]) -> Result<String, i32> {
    let mut out = [0u8; 64];
    let (at, to, n) = (packed.as_ptr().cast(), out.as_mut_ptr().cast(), out.len() as libc::socklen_t);
    // SAFETY: the address has the bytes of its family (the callers look), the text its room.
    let r = unsafe { inet_ntop(family, at, to, n) };
    if r.is_null() {
        return Err(crate::modules::posix::sys::errno());
    }
    let end = out.iter().position(|&b| b == 0).unwrap_or(out.len());
    Ok(String::from_utf8_lossy(&out[..end]).into_owned())
}

fn not_tuple<T>(vm: &mut Vm, who: &str, family: &str, v: &Value) -> R<T> {
    let message = format!("{who}(): {family} address must be tuple, not {}", vm.type_name(v));
    vm.fail("TypeError", message)
}
fn port(vm: &mut Vm, who: &str, v: &Value) -> R<u16> {
    let n = vm.index_clamped(v)?;
    match u16::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => vm.fail("OverflowError", format!("{who}(): port must be 0-65535.")),
    }
}

/// The system's form of an address of a family. `who`: the method that it is for.
pub fn parse(vm: &mut Vm, who: &str, family: c_int, v: &Value) -> R<Addr> {
    let items = v.get::<Tuple>().map(|t| t.as_slice().to_vec());
    match family {
        libc::AF_UNIX => {
            let path = match v.get::<Str>() {
                Some(s) => vm.fs_encode(s)?,
                None => match vm.bytes_like(v)? {
                    Some(b) => b.to_vec(),
                    None => {
                        let message = format!("a bytes-like object is required, not '{}'", vm.type_name(v));
                        return vm.fail("TypeError", message);
                    }
                },
            };
            // A name that begins with NUL is in the kernel's own space and needs no end.
            let hidden = path.first() == Some(&0);
            if path.len() > UNIX_PATH || !hidden && path.len() >= UNIX_PATH {
                return vm.fail("OSError", "AF_UNIX path too long");
            }
            let mut rest = path;
            if !hidden {
                rest.push(0);
            }
            Ok(Addr::from(family, &rest))
        }
        libc::AF_INET => {
            let Some(items) = items else { return not_tuple(vm, who, "AF_INET", v) };
            let [host, p] = items.as_slice() else {
                return vm.fail("TypeError", "AF_INET address must be a pair (host, port)");
            };
            let host = names::host_bytes(vm, host)?;
            let addr = names::resolve(vm, &host, family)?;
            Ok(addr.with_port(port(vm, who, p)?))
        }
        libc::AF_INET6 => {
            let Some(items) = items else { return not_tuple(vm, who, "AF_INET6", v) };
            if !(2..=4).contains(&items.len()) {
                return vm.fail(
                    "TypeError",
                    "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])",
                );
            }
            let host = names::host_bytes(vm, &items[0])?;
            let mut addr = names::resolve(vm, &host, family)?.with_port(port(vm, who, &items[1])?);
            if let Some(flow) = items.get(2) {
                let n = vm.index_clamped(flow)?;
                if !(0..=0xfffff).contains(&n) {
                    return vm.fail("OverflowError", format!("{who}(): flowinfo must be 0-1048575."));
                }
                addr.bytes[4..8].copy_from_slice(&(n as u32).to_be_bytes());
            }
            if let Some(scope) = items.get(3) {
                let n = vm.index_clamped(scope)?;
                addr.bytes[24..28].copy_from_slice(&(n as u32).to_ne_bytes());
            }
            addr.len = 28;
            Ok(addr)
        }
        libc::AF_NETLINK => {
            let Some(items) = items else { return not_tuple(vm, who, "AF_NETLINK", v) };
            let [pid, groups] = items.as_slice() else {
                return vm.fail("TypeError", "AF_NETLINK address must be a pair (pid, groups)");
            };
            let mut rest = [0; 10];
            rest[2..6].copy_from_slice(&(vm.index(pid)? as u32).to_ne_bytes());
            rest[6..].copy_from_slice(&(vm.index(groups)? as u32).to_ne_bytes());
            Ok(Addr::from(family, &rest))
        }
        libc::AF_VSOCK => {
            let Some(items) = items else { return not_tuple(vm, who, "AF_VSOCK", v) };
            let [cid, p] = items.as_slice() else {
                return vm.fail("TypeError", "AF_VSOCK address must be a pair (CID, port)");
            };
            let mut rest = [0; 14];
            rest[2..6].copy_from_slice(&(vm.index(p)? as u32).to_ne_bytes());
            rest[6..10].copy_from_slice(&(vm.index(cid)? as u32).to_ne_bytes());
            Ok(Addr::from(family, &rest))
        }
        _ => vm.fail("OSError", format!("{who}(): bad family")),
    }
}

/// Python's form of an address.
pub fn show(vm: &mut Vm, a: &Addr) -> R<Value> {
    if a.len == 0 {
        return Ok(Value::NONE);
    }
    let number = |w: [u8; 4]| Value::small(u32::from_ne_bytes(w) as i64);
    Ok(match a.family() {
        libc::AF_UNIX => {
            let path = &a.bytes()[2..];
            match path.first() {
                Some(0) => vm.bytes(path),
                _ => {
                    let end = path.iter().position(|&b| b == 0).unwrap_or(path.len());
                    vm.fs_decode(&path[..end])
                }
            }
        }
        libc::AF_INET => {
            let parts = vec![vm.string(a.host()), Value::small(a.u16_be(2) as i64)];
            vm.tuple(parts)
        }
        libc::AF_INET6 => {
            let flow = Value::small(u32::from_be_bytes(a.word(4)) as i64 & 0xfffff);
            let parts = vec![vm.string(a.host()), Value::small(a.u16_be(2) as i64), flow, number(a.word(24))];
            vm.tuple(parts)
        }
        libc::AF_NETLINK => vm.tuple(vec![number(a.word(4)), number(a.word(8))]),
        libc::AF_VSOCK => vm.tuple(vec![number(a.word(8)), number(a.word(4))]),
        family => {
            let rest = vm.bytes(a.bytes().get(2..).unwrap_or(&[]));
            vm.tuple(vec![Value::small(family as i64), rest])
        }
    })
}

/// `inet_pton`.
pub fn pton(family: c_int, text: &std::ffi::CStr) -> Option<Vec<u8>> {
    let mut out = [0u8; 16];
    match sys!(inet_pton(family, text.as_ptr(), out.as_mut_ptr().cast())) {
        Ok(1) => Some(out[..if family == libc::AF_INET { 4 } else { 16 }].to_vec()),
        _ => None,
    }
}

/// The bytes of an argument that must be bytes.
pub fn packed(v: &Value) -> Option<&[u8]> {
    v.get::<Bytes>().map(Bytes::as_slice)
}
