//! Names of hosts, services, protocols and interfaces: what the C library looks up.

use super::address::{Addr, ntop, packed, pton, show};
use crate::error::{Exc, R};
use crate::modules::posix::sys::{Sys, errno, sys};
use crate::object::{BuiltinDef, Bytes, Kw, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, CString, c_char, c_int};

pub static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("getaddrinfo", 0, u8::MAX, getaddrinfo),
    BuiltinDef::new("getnameinfo", 2, 2, getnameinfo),
    BuiltinDef::new("gethostname", 0, 0, |vm, _, _| {
        let mut name = [0u8; 256];
        vm.ok(sys!(libc::gethostname(name.as_mut_ptr().cast(), name.len())))?;
        let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
        Ok(vm.fs_decode(&name[..end]))
    }),
    BuiltinDef::new("sethostname", 1, 1, |vm, a, _| {
        let name = match a[0].get::<Str>() {
            Some(s) => vm.fs_encode(s)?,
            None => vm.need_bytes(&a[0])?.to_vec(),
        };
        vm.none(sys!(libc::sethostname(name.as_ptr().cast(), name.len())))
    }),
    BuiltinDef::new("gethostbyname", 1, 1, |vm, a, _| {
        let host = host_bytes(vm, &a[0])?;
        let addr = resolve(vm, &host, libc::AF_INET)?;
        Ok(vm.string(addr.host()))
    }),
    BuiltinDef::new("gethostbyname_ex", 1, 1, |vm, a, _| {
        let host = host_bytes(vm, &a[0])?;
        // A wrong name is told as the look-up of addresses tells it.
        resolve(vm, &host, libc::AF_INET)?;
        let name = c_text(vm, host)?;
        host_entry(vm, || {
            // SAFETY: a C string; the answer is read before the next call.
            let h = unsafe { libc_gethostbyname(name.as_ptr()) };
            // SAFETY: as the C library answered it.
            unsafe { read_host(h) }
        })
    }),
    BuiltinDef::new("gethostbyaddr", 1, 1, |vm, a, _| {
        let host = host_bytes(vm, &a[0])?;
        let addr = resolve(vm, &host, libc::AF_UNSPEC)?;
        let family = addr.family();
        let bytes = if family == libc::AF_INET { &addr.bytes()[4..8] } else { &addr.bytes()[8..24] };
        host_entry(vm, || {
            let (at, n) = (bytes.as_ptr().cast(), bytes.len() as libc::socklen_t);
            // SAFETY: the bytes of an address; the answer is read before the next call.
            let h = unsafe { libc_gethostbyaddr(at, n, family) };
            // SAFETY: as the C library answered it.
            unsafe { read_host(h) }
        })
    }),
    BuiltinDef::new("getservbyname", 1, 2, |vm, a, _| {
        let (name, proto) = (c_text_arg(vm, "getservbyname", &a[0])?, proto_arg(vm, "getservbyname", a.get(1))?);
        let proto = proto.as_ref().map_or(std::ptr::null(), |p| p.as_ptr());
        // SAFETY: C strings; the answer is read at once.
        let entry = unsafe { libc::getservbyname(name.as_ptr(), proto).as_ref() };
        match entry {
            Some(s) => Ok(Value::small(u16::from_be(s.s_port as u16) as i64)),
            None => vm.fail("OSError", "service/proto not found"),
        }
    }),
    BuiltinDef::new("getservbyport", 1, 2, |vm, a, _| {
        let n = vm.index_clamped(&a[0])?;
        let proto = proto_arg(vm, "getservbyport", a.get(1))?;
        let Ok(port) = u16::try_from(n) else {
            return vm.fail("OverflowError", "getservbyport: port must be 0-65535.");
        };
        let proto = proto.as_ref().map_or(std::ptr::null(), |p| p.as_ptr());
        // SAFETY: a C string; the answer is read at once.
        let entry = unsafe { getservbyport(port.to_be() as c_int, proto).as_ref() };
        match entry {
            // SAFETY: the name of a service is a C string.
            Some(s) => Ok(c_str(vm, unsafe { CStr::from_ptr(s.s_name) })),
            None => vm.fail("OSError", "port/proto not found"),
        }
    }),
    BuiltinDef::new("getprotobyname", 1, 1, |vm, a, _| {
        let name = c_text_arg(vm, "getprotobyname", &a[0])?;
        // SAFETY: a C string; the answer is read at once.
        match unsafe { libc::getprotobyname(name.as_ptr()).as_ref() } {
            Some(p) => Ok(Value::small(p.p_proto as i64)),
            None => vm.fail("OSError", "protocol not found"),
        }
    }),
    BuiltinDef::new("if_nametoindex", 1, 1, |vm, a, _| {
        let name = vm.c_string(&a[0], "embedded null byte")?;
        // SAFETY: a C string.
        match unsafe { libc::if_nametoindex(name.as_ptr()) } {
            0 => vm.fail("OSError", "no interface with this name"),
            n => Ok(Value::small(n as i64)),
        }
    }),
    BuiltinDef::new("if_indextoname", 1, 1, |vm, a, _| {
        let n = vm.index(&a[0])?;
        let Ok(n) = u32::try_from(n) else {
            let what = if n < 0 { "can't convert negative value to unsigned int" } else { "Python int too large to convert to C int" };
            return vm.fail("OverflowError", what);
        };
        let mut name = [0 as c_char; libc::IF_NAMESIZE + 1];
        // SAFETY: room for a name.
        if unsafe { libc::if_indextoname(n, name.as_mut_ptr()) }.is_null() {
            return Err(vm.os_error(errno(), &[]));
        }
        // SAFETY: the C library wrote a C string.
        Ok(c_str(vm, unsafe { CStr::from_ptr(name.as_ptr()) }))
    }),
    BuiltinDef::new("if_nameindex", 0, 0, |vm, _, _| {
        // SAFETY: the answer is a table that ends with a zero and is given back below.
        let table = unsafe { libc::if_nameindex() };
        if table.is_null() {
            return Err(vm.os_error(errno(), &[]));
        }
        let mut rows = vec![];
        let mut at = table;
        loop {
            // SAFETY: up to the zero that ends the table.
            let (index, name) = unsafe { ((*at).if_index, (*at).if_name) };
            if index == 0 || name.is_null() {
                break;
            }
            // SAFETY: a C string; the next entry.
            rows.push((index, unsafe { CStr::from_ptr(name) }.to_owned()));
            at = at.wrapping_add(1);
        }
        // SAFETY: from `if_nameindex`, not used any more.
        unsafe { libc::if_freenameindex(table) };
        let pairs = rows
            .into_iter()
            .map(|(n, name)| {
                let name = c_str(vm, &name);
                vm.tuple(vec![Value::small(n as i64), name])
            })
            .collect();
        Ok(vm.list(pairs))
    }),
    BuiltinDef::new("inet_aton", 1, 1, |vm, a, _| {
        let text = c_text_arg(vm, "inet_aton", &a[0])?;
        let mut out = libc::in_addr { s_addr: 0 };
        // SAFETY: a C string and room for an address.
        match unsafe { inet_aton(text.as_ptr(), &mut out) } {
            0 => vm.fail("OSError", "illegal IP address string passed to inet_aton"),
            _ => Ok(vm.bytes(&out.s_addr.to_ne_bytes())),
        }
    }),
    BuiltinDef::new("inet_ntoa", 1, 1, |vm, a, _| {
        let b = vm.need_bytes(&a[0])?;
        if b.len() != 4 {
            return vm.fail("OSError", "packed IP wrong length for inet_ntoa");
        }
        match ntop(libc::AF_INET, &b) {
            Ok(s) => Ok(vm.string(s)),
            Err(e) => Err(vm.os_error(e, &[])),
        }
    }),
    BuiltinDef::new("inet_pton", 2, 2, |vm, a, _| {
        let family = vm.c_int(&a[0])?;
        let text = c_text_arg(vm, "inet_pton", &a[1])?;
        if family != libc::AF_INET && family != libc::AF_INET6 {
            return Err(vm.os_error(libc::EAFNOSUPPORT, &[]));
        }
        match pton(family, &text) {
            Some(b) => Ok(vm.bytes(&b)),
            None => vm.fail("OSError", "illegal IP address string passed to inet_pton"),
        }
    }),
    BuiltinDef::new("inet_ntop", 2, 2, |vm, a, _| {
        let family = vm.c_int(&a[0])?;
        let b = vm.need_bytes(&a[1])?;
        let want = match family {
            libc::AF_INET => 4,
            libc::AF_INET6 => 16,
            n => return vm.fail("ValueError", format!("unknown address family {n}")),
        };
        if b.len() != want {
            return vm.fail("ValueError", "invalid length of packed IP address string");
        }
        match ntop(family, &b) {
            Ok(s) => Ok(vm.string(s)),
            Err(e) => Err(vm.os_error(e, &[])),
        }
    }),
    BuiltinDef::new("htons", 1, 1, |vm, a, _| swap16(vm, &a[0])),
    BuiltinDef::new("ntohs", 1, 1, |vm, a, _| swap16(vm, &a[0])),
    BuiltinDef::new("htonl", 1, 1, |vm, a, _| swap32(vm, &a[0])),
    BuiltinDef::new("ntohl", 1, 1, |vm, a, _| swap32(vm, &a[0])),
];

// SAFETY: <arpa/inet.h> and <netdb.h>, which the crate leaves out on some systems.
unsafe extern "C" {
    fn inet_aton(text: *const c_char, out: *mut libc::in_addr) -> c_int;
    fn getservbyport(port: c_int, proto: *const c_char) -> *mut libc::servent;
    #[link_name = "gethostbyname"]
    fn libc_gethostbyname(name: *const c_char) -> *mut libc::hostent;
    #[link_name = "gethostbyaddr"]
    fn libc_gethostbyaddr(
        addr: *const libc::c_void,
        len: libc::socklen_t,
        family: c_int,
    ) -> *mut libc::hostent;
    fn hstrerror(e: c_int) -> *const c_char;
    fn __h_errno_location() -> *mut c_int;
}

fn c_str(vm: &mut Vm, s: &CStr) -> Value {
    vm.fs_decode(s.to_bytes())
}
fn c_text(vm: &mut Vm, b: Vec<u8>) -> R<CString> {
    match CString::new(b) {
        Ok(s) => Ok(s),
        Err(_) => vm.fail("ValueError", "embedded null character"),
    }
}
fn c_text_arg(vm: &mut Vm, who: &str, v: &Value) -> R<CString> {
    match v.get::<Str>() {
        Some(s) => {
            let b = s.wtf8().to_string_lossy().as_bytes().to_vec();
            c_text(vm, b)
        }
        None => {
            let message = format!("{who}() argument 1 must be str, not {}", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}
fn proto_arg(vm: &mut Vm, who: &str, v: Option<&Value>) -> R<Option<CString>> {
    v.map(|v| c_text_arg(vm, who, v)).transpose()
}
fn swap16(vm: &mut Vm, v: &Value) -> R<Value> {
    let n = unsigned(vm, v, 16)?;
    Ok(Value::small((n as u16).to_be() as i64))
}
fn swap32(vm: &mut Vm, v: &Value) -> R<Value> {
    let n = unsigned(vm, v, 32)?;
    Ok(Value::small(n.to_be() as i64))
}
fn unsigned(vm: &mut Vm, v: &Value, bits: u32) -> R<u32> {
    let n = vm.int_argument(v)?;
    if n.sign() == num_bigint::Sign::Minus {
        return vm.fail("ValueError", "Cannot convert negative int");
    }
    match u32::try_from(&n).ok().filter(|n| *n as u64 >> bits == 0) {
        Some(n) => Ok(n),
        None => vm.fail("OverflowError", format!("Python int too large for C uint{bits}_t")),
    }
}

/// The bytes of the name of a host: ASCII as it is, other text in IDNA.
pub fn host_bytes(vm: &mut Vm, v: &Value) -> R<Vec<u8>> {
    if let Some(s) = v.get::<Str>() {
        if let Some(t) = s.to_str().filter(|t| t.is_ascii()) {
            if t.contains('\0') {
                return vm.fail("TypeError", "host name must not contain null character");
            }
            return Ok(t.as_bytes().to_vec());
        }
        let encoded = vm.encode(v, "idna", "strict")?;
        return Ok(encoded.get::<Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default());
    }
    let is_bytes = v.get::<Bytes>().is_some() || v.native::<crate::types::buffer::bytearray::ByteArray>().is_some();
    if is_bytes {
        let b = vm.need_bytes(v)?.to_vec();
        if b.contains(&0) {
            return vm.fail("TypeError", "host name must not contain null character");
        }
        return Ok(b);
    }
    let message = format!("str, bytes or bytearray expected, not {}", vm.type_name(v));
    vm.fail("TypeError", message)
}

/// Raises `socket.gaierror`.
fn gai_error(vm: &mut Vm, code: c_int) -> Exc {
    if code == libc::EAI_SYSTEM {
        return vm.os_error(errno(), &[]);
    }
    // SAFETY: the C library answers a constant text.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    let text = c_str(vm, text);
    let class = super::errors(vm).gai;
    super::raise_class(vm, &class, vec![Value::small(code as i64), text])
}

/// One row of what `getaddrinfo` answers.
struct Found {
    family: c_int,
    kind: c_int,
    proto: c_int,
    name: Option<CString>,
    addr: Addr,
}

fn look_up(
    vm: &mut Vm,
    host: Option<&CStr>,
    port: Option<&CStr>,
    [family, kind, proto, flags]: [c_int; 4],
) -> R<Vec<Found>> {
    // SAFETY: all zeroes is a valid structure.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    (hints.ai_family, hints.ai_socktype, hints.ai_protocol, hints.ai_flags) = (family, kind, proto, flags);
    let text = |s: Option<&CStr>| s.map_or(std::ptr::null(), CStr::as_ptr).addr();
    let (host, port) = (text(host), text(port));
    let r = vm.allow_threads(|| {
        let mut list: *mut libc::addrinfo = std::ptr::null_mut();
        let (host, port) = (std::ptr::with_exposed_provenance(host), std::ptr::with_exposed_provenance(port));
        // SAFETY: C strings (or none) that live as long as the call.
        let e = unsafe { libc::getaddrinfo(host, port, &hints, &mut list) };
        if e != 0 {
            return Err(e);
        }
        let mut found = vec![];
        let mut at = list;
        // SAFETY: a list that the C library made; its addresses have their lengths, its names are C strings.
        while let Some(row) = unsafe { at.as_ref() } {
            // SAFETY: as above.
            let (bytes, name) = unsafe {
                let name = row.ai_canonname;
                (
                    std::slice::from_raw_parts(row.ai_addr.cast::<u8>(), row.ai_addrlen as usize),
                    (!name.is_null()).then(|| CStr::from_ptr(name).to_owned()),
                )
            };
            let addr = Addr::of_bytes(bytes);
            found.push(Found {
                family: row.ai_family,
                kind: row.ai_socktype,
                proto: row.ai_protocol,
                name,
                addr,
            });
            at = row.ai_next;
        }
        // SAFETY: the list from above, not used any more.
        unsafe { libc::freeaddrinfo(list) };
        Ok(found)
    });
    r.map_err(|e| gai_error(vm, e))
}

/// An address of a host, without port.
pub fn resolve(vm: &mut Vm, host: &[u8], family: c_int) -> R<Addr> {
    if host == b"<broadcast>" || host == b"255.255.255.255" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return vm.fail("OSError", "address family mismatched");
        }
        return Ok(Addr::ipv4([255; 4], 0));
    }
    let name = c_text(vm, host.to_vec())?;
    let found = match host.is_empty() {
        true => look_up(vm, None, Some(c"0"), [family, libc::SOCK_DGRAM, 0, libc::AI_PASSIVE])?,
        false => {
            if let Some(b) = pton(libc::AF_INET, &name).filter(|_| family != libc::AF_INET6) {
                return Ok(Addr::ipv4([b[0], b[1], b[2], b[3]], 0));
            }
            look_up(vm, Some(&name), None, [family, 0, 0, 0])?
        }
    };
    if host.is_empty() && found.len() > 1 {
        return vm.fail("OSError", "wildcard resolved to multiple address");
    }
    match found.into_iter().next() {
        Some(f) => Ok(f.addr),
        None => Err(gai_error(vm, libc::EAI_NONAME)),
    }
}

fn getaddrinfo(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["host", "port", "family", "type", "proto", "flags"];
    let [host, port, family, kind, proto, flags] = vm.bind_args("getaddrinfo", names, 0, 2, args, kw)?;
    let (host, port) = (host.unwrap_or(Value::NONE), port.unwrap_or(Value::NONE));
    let hints = [
        vm.int_or(&family, libc::AF_UNSPEC)?,
        vm.int_or(&kind, 0)?,
        vm.int_or(&proto, 0)?,
        vm.int_or(&flags, 0)?,
    ];
    let host = match () {
        _ if host.is_none() => None,
        _ if host.get::<Str>().is_some() || host.get::<Bytes>().is_some() => {
            let b = host_bytes(vm, &host)?;
            Some(c_text(vm, b)?)
        }
        _ => return vm.fail("TypeError", "getaddrinfo() argument 1 must be string or None"),
    };
    let port = match () {
        _ if port.is_none() => None,
        _ if crate::runtime::is_int(&port) || port.word().is_bool() => {
            let n = vm.c_long(&port)?;
            Some(c_text(vm, n.to_string().into_bytes())?)
        }
        _ => match (port.get::<Str>(), packed(&port)) {
            (Some(s), _) => {
                let b = vm.fs_encode(s)?;
                Some(c_text(vm, b)?)
            }
            (_, Some(b)) => Some(c_text(vm, b.to_vec())?),
            _ => return vm.fail("OSError", "Int or String expected"),
        },
    };
    let rows = look_up(vm, host.as_deref(), port.as_deref(), hints)?;
    let mut out = vec![];
    for f in rows {
        let name = match &f.name {
            Some(n) => c_str(vm, n),
            None => vm.str(""),
        };
        let addr = show(vm, &f.addr)?;
        let numbers = [f.family, f.kind, f.proto].map(|n| Value::small(n as i64));
        let [family, kind, proto] = numbers;
        out.push(vm.tuple(vec![family, kind, proto, name, addr]));
    }
    Ok(vm.list(out))
}

fn getnameinfo(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let flags = vm.c_int(&args[1])?;
    let Some(t) = args[0].get::<Tuple>() else {
        return vm.fail("TypeError", "getnameinfo() argument 1 must be a tuple");
    };
    let items = t.as_slice().to_vec();
    if !(2..=4).contains(&items.len()) {
        return vm.fail("TypeError", "getnameinfo(): illegal sockaddr argument");
    }
    let host = host_bytes(vm, &items[0])?;
    let port = vm.c_int(&items[1])?;
    let flow = items.get(2).map_or(Ok(0), |v| vm.index_clamped(v))?;
    if !(0..=0xfffff).contains(&flow) {
        return vm.fail("OverflowError", "getnameinfo(): flowinfo must be 0-1048575.");
    }
    let (host, service) = (c_text(vm, host)?, c_text(vm, port.to_string().into_bytes())?);
    let hints = [libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST];
    let found = look_up(vm, Some(&host), Some(&service), hints)?;
    let [one] = found.as_slice() else {
        return vm.fail("OSError", "sockaddr resolved to multiple addresses");
    };
    if one.family == libc::AF_INET && items.len() != 2 {
        return vm.fail("OSError", "IPv4 sockaddr must be 2 tuple");
    }
    let addr = one.addr.clone();
    let (mut name, mut serv) = ([0u8; 1025], [0u8; 64]);
    let r = vm.allow_threads(|| {
        let (n, s) = (name.as_mut_ptr().cast(), serv.as_mut_ptr().cast());
        // SAFETY: an address with its length and room for two texts.
        unsafe { libc::getnameinfo(addr.ptr(), addr.len, n, 1025, s, 64, flags) }
    });
    if r != 0 {
        return Err(gai_error(vm, r));
    }
    let mut text = |b: &[u8]| {
        let end = b.iter().position(|&b| b == 0).unwrap_or(b.len());
        vm.fs_decode(&b[..end])
    };
    let parts = vec![text(&name), text(&serv)];
    Ok(vm.tuple(parts))
}

/// Name, other names and addresses of a host.
type Host = (CString, Vec<CString>, Vec<String>);

/// # Safety
/// What `gethostbyname` or `gethostbyaddr` answered last.
unsafe fn read_host(h: *const libc::hostent) -> Option<Host> {
    // SAFETY: as promised; lists end with a null pointer, addresses have the length told.
    unsafe {
        let h = h.as_ref()?;
        let list = |mut at: *mut *mut c_char| {
            let mut out = vec![];
            while !at.is_null() && !(*at).is_null() {
                out.push(*at);
                at = at.add(1);
            }
            out
        };
        let aliases = list(h.h_aliases).into_iter().map(|p| CStr::from_ptr(p).to_owned()).collect();
        let addresses = list(h.h_addr_list)
            .into_iter()
            .filter_map(|p| {
                let mut bytes = [0; 16];
                let n = (h.h_length as usize).min(16);
                bytes[..n].copy_from_slice(std::slice::from_raw_parts(p.cast::<u8>(), n));
                ntop(h.h_addrtype, &bytes).ok()
            })
            .collect();
        Some((CStr::from_ptr(h.h_name).to_owned(), aliases, addresses))
    }
}
fn host_entry(vm: &mut Vm, f: impl FnOnce() -> Option<Host>) -> R<Value> {
    let Some((name, aliases, addresses)) = f() else {
        // SAFETY: the error of this thread, and a constant text for it.
        let (code, text) = unsafe {
            let code = *__h_errno_location();
            (code, CStr::from_ptr(hstrerror(code)))
        };
        let text = c_str(vm, text);
        let class = super::errors(vm).host;
        return Err(super::raise_class(vm, &class, vec![Value::small(code as i64), text]));
    };
    let name = c_str(vm, &name);
    let aliases = aliases.iter().map(|a| c_str(vm, a)).collect();
    let addresses = addresses.into_iter().map(|a| vm.string(a)).collect();
    let parts = vec![name, vm.list(aliases), vm.list(addresses)];
    Ok(vm.tuple(parts))
}

/// Closes a descriptor by its number.
pub fn close(fd: c_int) -> Sys {
    match sys!(libc::close(fd)) {
        // The other side is gone: there is nothing to close.
        Err(libc::ECONNRESET) => Ok(0),
        r => r,
    }
}
