//! `recvmsg`, `recvmsg_into` and `sendmsg`: several buffers at once, and control data (descriptors, say).
//!
//! Control data is a row of records: length (header included), level, type, bytes; padded to 8.

use super::address::{Addr, parse, show};
use super::object::{store, this, transfer};
use crate::error::R;
use crate::modules::posix::sys::sys;
use crate::object::Kw;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::c_int;

/// Size of the header of a record.
pub const HEADER: usize = 16;

pub fn align(n: usize) -> usize {
    n.next_multiple_of(8)
}

/// A `msghdr` over these pieces of memory, which must outlive its use.
fn header(addr: Option<&Addr>, pieces: &mut [libc::iovec], control: &mut [u64], size: usize) -> libc::msghdr {
    // SAFETY: all zeroes is a valid structure.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    if let Some(a) = addr {
        (m.msg_name, m.msg_namelen) = (a.ptr().cast_mut().cast(), a.len);
    }
    (m.msg_iov, m.msg_iovlen) = (pieces.as_mut_ptr(), pieces.len() as _);
    if size > 0 {
        (m.msg_control, m.msg_controllen) = (control.as_mut_ptr().cast(), size as _);
    }
    m
}

struct Received {
    bytes: usize,
    control: Value,
    flags: c_int,
    addr: Value,
}
fn receive(vm: &mut Vm, a: &[Value], buffers: &mut [Vec<u8>], who: &str) -> R<Received> {
    let size = a.get(2).map_or(Ok(0), |v| vm.index_size(v))?;
    let flags = a.get(3).map_or(Ok(0), |v| vm.c_int(v))?;
    let Some(size) = usize::try_from(size).ok().filter(|&n| n <= i32::MAX as usize) else {
        return vm.fail("ValueError", format!("invalid ancillary data buffer length in {who}"));
    };
    let mut pieces: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: b.len() })
        .collect();
    // Words, so that the records are aligned.
    let mut control = vec![0u64; size.div_ceil(8)];
    let mut addr = Addr::empty();
    let s = this(vm, a)?;
    let fd = s.fd();
    let (mut used, mut answered) = (0, 0);
    let n = transfer(vm, s, false, None, || {
        addr.len = addr.room();
        let at = addr.ptr_mut();
        let mut m = header(Some(&addr), &mut pieces, &mut control, size);
        m.msg_name = at.cast();
        let r = sys!(libc::recvmsg(fd, &mut m, flags | libc::MSG_CMSG_CLOEXEC));
        (addr.len, used, answered) = (m.msg_namelen, m.msg_controllen as usize, m.msg_flags);
        r
    })?;
    let control: Vec<u8> = control.iter().flat_map(|w| w.to_ne_bytes()).take(used).collect();
    let control = records(vm, &control);
    let addr = show(vm, &addr)?;
    Ok(Received { bytes: n as usize, control, flags: answered & !libc::MSG_CMSG_CLOEXEC, addr })
}
/// The records of control data as tuples.
fn records(vm: &mut Vm, b: &[u8]) -> Value {
    let mut out = vec![];
    let mut at = 0;
    while let Some(head) = b.get(at..at + HEADER) {
        let mut len = [0; 8];
        len.copy_from_slice(&head[..8]);
        let len = usize::from_ne_bytes(len);
        let int = |i: usize| i32::from_ne_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        if len < HEADER {
            break;
        }
        let data = &b[at + HEADER..(at.saturating_add(len)).clamp(at + HEADER, b.len())];
        let data = vm.bytes(data);
        out.push(vm.tuple(vec![Value::small(int(8) as i64), Value::small(int(12) as i64), data]));
        at = at.saturating_add(align(len));
    }
    vm.list(out)
}

pub fn recvmsg(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = vm.index_size(&a[1])?;
    let Ok(n) = usize::try_from(n) else {
        return vm.fail("ValueError", "negative buffer size in recvmsg()");
    };
    let mut b = vm.new_bytes(n)?;
    b.resize(n, 0);
    let mut buffers = [b];
    let r = receive(vm, a, &mut buffers, "recvmsg()")?;
    let [mut b] = buffers;
    b.truncate(r.bytes);
    let b = vm.byte_vec(b);
    Ok(vm.tuple(vec![b, r.control, Value::small(r.flags as i64), r.addr]))
}

pub fn recvmsg_into(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let objects = match vm.to_vec(&a[1]) {
        Ok(v) => v,
        Err(_) => {
            drop(vm.take_pending());
            return vm.fail("TypeError", "recvmsg_into() argument 1 must be an iterable");
        }
    };
    let mut buffers = vec![];
    for v in &objects {
        let n = vm.with_bytes_mut(v, |b| b.len())?;
        let mut b = vm.new_bytes(n)?;
        b.resize(n, 0);
        buffers.push(b);
    }
    let r = receive(vm, a, &mut buffers, "recvmsg_into()")?;
    let mut left = r.bytes;
    for (v, b) in objects.iter().zip(&buffers) {
        let n = left.min(b.len());
        store(vm, v, &b[..n])?;
        left -= n;
    }
    let n = Value::small(r.bytes as i64);
    Ok(vm.tuple(vec![n, r.control, Value::small(r.flags as i64), r.addr]))
}

/// The bytes of a row of records.
fn control_bytes(vm: &mut Vm, v: &Value) -> R<Vec<u8>> {
    let mut out = vec![];
    for record in vm.to_vec(v)? {
        let parts = vm.to_vec(&record)?;
        let [level, kind, data] = parts.as_slice() else {
            return vm.fail("TypeError", "sendmsg() ancillary data items must be 3-tuples");
        };
        let (level, kind, data) = (vm.c_int(level)?, vm.c_int(kind)?, vm.need_bytes(data)?);
        out.extend_from_slice(&(HEADER + data.len()).to_ne_bytes());
        out.extend_from_slice(&level.to_ne_bytes());
        out.extend_from_slice(&kind.to_ne_bytes());
        out.extend_from_slice(&data);
        out.resize(align(out.len()), 0);
    }
    Ok(out)
}

pub fn sendmsg(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let objects = match vm.to_vec(&a[1]) {
        Ok(v) => v,
        Err(_) => {
            drop(vm.take_pending());
            return vm.fail("TypeError", "sendmsg() argument 1 must be an iterable");
        }
    };
    let mut buffers = vec![];
    for v in &objects {
        buffers.push(vm.need_bytes(v)?);
    }
    let control = match a.get(2).filter(|v| !v.is_none()) {
        Some(v) => control_bytes(vm, v)?,
        None => vec![],
    };
    let flags = a.get(3).map_or(Ok(0), |v| vm.c_int(v))?;
    let s = this(vm, a)?;
    let addr = match a.get(4).filter(|v| !v.is_none()) {
        Some(v) => Some(parse(vm, "sendmsg", s.family(), v)?),
        None => None,
    };
    let mut pieces: Vec<libc::iovec> = buffers
        .iter()
        .map(|b| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() })
        .collect();
    let mut words: Vec<u64> = control
        .chunks(8)
        .map(|c| {
            let mut w = [0; 8];
            w[..c.len()].copy_from_slice(c);
            u64::from_ne_bytes(w)
        })
        .collect();
    let fd = s.fd();
    let n = transfer(vm, s, true, None, || {
        let m = header(addr.as_ref(), &mut pieces, &mut words, control.len());
        sys!(libc::sendmsg(fd, &m, flags))
    })?;
    Ok(Value::small(n))
}
