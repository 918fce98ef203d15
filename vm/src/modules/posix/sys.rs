//! What the modules of the operating system share: paths, descriptors, numbers and errors of system calls.

use crate::error::{Exc, R};
use crate::object::{Bytes, Dict, Kw, Str};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8Buf};
use std::ffi::{CStr, CString, c_int};

/// Outcome of a system call: its value, or errno.
pub(crate) type Sys = Result<i64, i32>;

/// Runs a system call; -1 means errno.
macro_rules! sys {
    ($e:expr) => {{
        // SAFETY: a system call whose pointers are to live memory of the length told; what it refuses it
        // reports.
        #[allow(unused_unsafe)]
        let r = unsafe { $e } as i64;
        if r == -1 { Err($crate::modules::posix::sys::errno()) } else { Ok(r) }
    }};
}
pub(crate) use sys;

pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}
pub(crate) fn strerror(errno: i32) -> String {
    // SAFETY: the C library answers a text that lives until the next call of this thread.
    let text = unsafe { libc::strerror(errno) };
    if text.is_null() {
        return format!("Unknown error {errno}");
    }
    // SAFETY: a NUL-terminated text.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A path argument: text, or a descriptor.
pub(crate) struct Path {
    pub text: CString,
    pub fd: Option<c_int>,
    /// As errors name it.
    pub original: Value,
    pub is_bytes: bool,
}

/// What a path argument may be beside text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    Text,
    OrFd,
    OrFdOrNone,
}

impl Vm {
    /// Text of file names: UTF-8, other bytes as lone surrogates.
    pub(crate) fn fs_decode(&mut self, mut bytes: &[u8]) -> Value {
        if let Ok(s) = std::str::from_utf8(bytes) {
            return self.str(s);
        }
        let mut out = Wtf8Buf::new();
        while !bytes.is_empty() {
            match std::str::from_utf8(bytes) {
                Ok(s) => {
                    out.push_str(s);
                    break;
                }
                Err(e) => {
                    let good = e.valid_up_to();
                    out.push_str(std::str::from_utf8(&bytes[..good]).unwrap_or_default());
                    if let Some(c) = CodePoint::from_u32(0xdc00 + bytes[good] as u32) {
                        out.push(c);
                    }
                    bytes = &bytes[good + 1..];
                }
            }
        }
        self.wtf8_buf(out)
    }
    /// The bytes of a text in file names.
    pub(crate) fn fs_encode(&mut self, s: &Str) -> R<Vec<u8>> {
        if let Some(t) = s.to_str() {
            return Ok(t.as_bytes().to_vec());
        }
        let mut out = vec![];
        for (i, c) in s.code_points().enumerate() {
            match (c.to_char(), c.to_u32()) {
                (Some(c), _) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                (None, n @ 0xdc80..=0xdcff) => out.push((n - 0xdc00) as u8),
                (None, n) => {
                    let message = format!(
                        "'utf-8' codec can't encode character '\\u{n:04x}' in position {i}: surrogates not allowed"
                    );
                    return self.fail("UnicodeEncodeError", message);
                }
            }
        }
        Ok(out)
    }
    /// `os.fspath`.
    pub(crate) fn fspath(&mut self, v: &Value) -> R<Value> {
        if v.get::<Str>().is_some() || v.get::<Bytes>().is_some() {
            return Ok(v.clone());
        }
        let class = self.type_of(v).clone();
        let name = self.type_name(v);
        let Some(method) = self.get_attr_str_opt(&class, "__fspath__")? else {
            let message = format!("expected str, bytes or os.PathLike object, not {name}");
            return self.fail("TypeError", message);
        };
        let r = self.call(&method, std::slice::from_ref(v), Kw::NONE)?;
        if r.get::<Str>().is_some() || r.get::<Bytes>().is_some() {
            return Ok(r);
        }
        let got = self.type_name(&r);
        self.fail("TypeError", format!("expected {name}.__fspath__() to return str or bytes, not {got}"))
    }
    /// The path argument `name` of function `who`.
    pub(crate) fn path_arg(&mut self, who: &str, name: &str, v: &Value, kind: PathKind) -> R<Path> {
        let may_fd = matches!(kind, PathKind::OrFd | PathKind::OrFdOrNone);
        let may_none = matches!(kind, PathKind::OrFdOrNone);
        if may_none && v.is_none() {
            return Ok(Path { text: c".".into(), fd: None, original: Value::NULL, is_bytes: false });
        }
        let text = match v.get::<Bytes>() {
            Some(_) => v.clone(),
            None if v.get::<Str>().is_some() => v.clone(),
            None => {
                let class = self.type_of(v).clone();
                if self.get_attr_str_opt(&class, "__fspath__")?.is_some() {
                    self.fspath(v)?
                } else if may_fd && self.get_attr_str_opt(&class, "__index__")?.is_some() {
                    let fd = self.c_int(v)?;
                    return Ok(Path { text: c"".into(), fd: Some(fd), original: v.clone(), is_bytes: false });
                } else {
                    let what = match kind {
                        PathKind::Text => "string, bytes or os.PathLike",
                        PathKind::OrFd => "string, bytes, os.PathLike or integer",
                        PathKind::OrFdOrNone => "string, bytes, os.PathLike, integer or None",
                    };
                    let got = self.type_name(v);
                    return self.fail("TypeError", format!("{who}: {name} should be {what}, not {got}"));
                }
            }
        };
        let (bytes, is_bytes) = match text.get::<Bytes>() {
            Some(b) => (b.as_slice().to_vec(), true),
            None => (self.fs_encode(text.as_::<Str>())?, false),
        };
        match CString::new(bytes) {
            Ok(text) => Ok(Path { text, fd: None, original: v.clone(), is_bytes }),
            Err(_) => self.fail("ValueError", format!("{who}: embedded null character in {name}")),
        }
    }
    /// A name of a file in the type of the path it belongs to.
    pub(crate) fn fs_name(&mut self, bytes: &[u8], as_bytes: bool) -> Value {
        if as_bytes { self.bytes(bytes) } else { self.fs_decode(bytes) }
    }
    /// A C string of str or bytes.
    pub(crate) fn c_string(&mut self, v: &Value, null: &str) -> R<CString> {
        let path = self.fspath(v)?;
        let bytes = match path.get::<Bytes>() {
            Some(b) => b.as_slice().to_vec(),
            None => self.fs_encode(path.as_::<Str>())?,
        };
        match CString::new(bytes) {
            Ok(s) => Ok(s),
            Err(_) => self.fail("ValueError", null),
        }
    }

    /// Arguments of which only the first `most` may be given by position.
    pub(crate) fn bind_args_kwonly<const N: usize>(
        &mut self,
        who: &str,
        names: [&str; N],
        most: usize,
        required: usize,
        args: &[Value],
        kw: Kw,
    ) -> R<[Option<Value>; N]> {
        if args.len() > most {
            let given = args.len();
            if most == 0 {
                return self.fail("TypeError", format!("{who}() takes no positional arguments"));
            }
            let how = if required >= most { "exactly" } else { "at most" };
            let s = if most == 1 { "" } else { "s" };
            return self.fail(
                "TypeError",
                format!("{who}() takes {how} {most} positional argument{s} ({given} given)"),
            );
        }
        self.bind_args(who, names, 0, required, args, kw)
    }

    // ---- numbers
    pub(crate) fn c_long(&mut self, v: &Value) -> R<i64> {
        match self.index_or_big(v)? {
            Some(n) => Ok(n),
            None => self.fail("OverflowError", "Python int too large to convert to C long"),
        }
    }
    /// An index as 64 bits; `None`: it is larger.
    fn index_or_big(&mut self, v: &Value) -> R<Option<i64>> {
        if v.word().is_int() {
            return Ok(Some(v.word().int()));
        }
        match self.index(v) {
            Ok(n) => Ok(Some(n)),
            Err(e) => {
                let overflow = self.types.exception("OverflowError").clone();
                let x = self.take_pending();
                if self.is_instance(&x, &overflow) {
                    return Ok(None);
                }
                self.set_pending(x);
                Err(e)
            }
        }
    }
    /// A number as a float.
    pub(crate) fn float_argument(&mut self, v: &Value) -> R<f64> {
        if let Some(n) = Num::of(v) {
            return self.float_of(n);
        }
        let class = self.type_of(v).clone();
        if let Some(m) = self.get_attr_str_opt(&class, "__float__")? {
            let f = self.call(&m, std::slice::from_ref(v), Kw::NONE)?;
            if let Some(n) = Num::of(&f) {
                return self.float_of(n);
            }
        }
        if self.get_attr_str_opt(&class, "__index__")?.is_some() {
            return Ok(self.c_long(v)? as f64);
        }
        let got = self.type_name(v);
        self.fail("TypeError", format!("'{got}' object cannot be interpreted as an integer or float"))
    }
    /// An exception class of a module: `module.Name`.
    pub(crate) fn new_exception_class(&mut self, name: &str, base: &Value) -> R<Value> {
        let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
        let d = self.dict();
        let (key, module) = (self.intern("__module__"), self.intern(module));
        d.as_::<Dict>().set_str(self, &key, module);
        let (name, bases) = (self.intern(short), self.tuple(vec![base.clone()]));
        let meta = self.types.type_.clone();
        self.call(&meta, &[name, bases, d], Kw::NONE)
    }
    pub(crate) fn int_or(&mut self, v: &Option<Value>, default: c_int) -> R<c_int> {
        match v {
            Some(v) => self.c_int(v),
            None => Ok(default),
        }
    }
    pub(crate) fn bool_or(&mut self, v: &Option<Value>, default: bool) -> R<bool> {
        match v {
            Some(v) => self.truthy(v),
            None => Ok(default),
        }
    }
    /// A user or group id; -1 means "as it is".
    pub(crate) fn id_arg(&mut self, v: &Value, what: &str) -> R<u32> {
        let Some(n) = self.index_or_big(v)? else {
            return self.fail("OverflowError", format!("{what} is greater than maximum"));
        };
        match n {
            -1 => Ok(u32::MAX),
            n if n < 0 => self.fail("OverflowError", format!("{what} is less than minimum")),
            n => match u32::try_from(n) {
                Ok(n) => Ok(n),
                Err(_) => self.fail("OverflowError", format!("{what} is greater than maximum")),
            },
        }
    }
    /// `dir_fd=`.
    pub(crate) fn dir_fd(&mut self, v: &Option<Value>) -> R<c_int> {
        match v {
            None => Ok(libc::AT_FDCWD),
            Some(v) if v.is_none() => Ok(libc::AT_FDCWD),
            Some(v) => {
                let class = self.type_of(v).clone();
                if self.get_attr_str_opt(&class, "__index__")?.is_none() {
                    let got = self.type_name(v);
                    return self.fail("TypeError", format!("argument should be integer or None, not {got}"));
                }
                self.c_int(v)
            }
        }
    }
    /// A descriptor: an int, or an object with `fileno()`.
    pub(crate) fn fd_arg(&mut self, v: &Value) -> R<c_int> {
        let fd = if crate::runtime::is_int(v) {
            self.c_int(v)?
        } else {
            let Some(method) = self.get_attr_str_opt(v, "fileno")? else {
                return self.fail("TypeError", "argument must be an int, or have a fileno() method.");
            };
            let n = self.call(&method, &[], Kw::NONE)?;
            if !crate::runtime::is_int(&n) {
                return self.fail("TypeError", "fileno() returned a non-integer");
            }
            self.c_int(&n)?
        };
        if fd < 0 {
            return self
                .fail("ValueError", format!("file descriptor cannot be a negative integer ({fd})"));
        }
        Ok(fd)
    }

    // ---- errors
    /// Raises the OSError of an errno.
    #[cold]
    pub(crate) fn os_error(&mut self, errno: i32, files: &[&Value]) -> Exc {
        let name = |i: usize| files.get(i).filter(|v| !v.is_null()).copied();
        self.raise_os(errno, name(0), name(1))
    }
    pub(crate) fn ok(&mut self, r: Sys) -> R<i64> {
        r.map_err(|e| self.os_error(e, &[]))
    }
    pub(crate) fn ok_path(&mut self, r: Sys, path: &Path) -> R<i64> {
        r.map_err(|e| self.os_error(e, &[&path.original]))
    }
    pub(crate) fn none(&mut self, r: Sys) -> R<Value> {
        self.ok(r)?;
        Ok(Value::NONE)
    }
    pub(crate) fn none_path(&mut self, r: Sys, path: &Path) -> R<Value> {
        self.ok_path(r, path)?;
        Ok(Value::NONE)
    }
    pub(crate) fn none_paths(&mut self, r: Sys, a: &Path, b: &Path) -> R<Value> {
        match r {
            Ok(_) => Ok(Value::NONE),
            Err(e) => Err(self.os_error(e, &[&a.original, &b.original])),
        }
    }
    /// A system call that may wait: other threads run meanwhile; after a signal, its handlers run and the
    /// call is made again.
    pub fn blocking(&mut self, mut f: impl FnMut() -> Sys) -> R<Sys> {
        loop {
            match self.allow_threads(&mut f) {
                Err(libc::EINTR) => self.check_signals()?,
                r => return Ok(r),
            }
        }
    }
}
