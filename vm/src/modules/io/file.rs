//! `FileIO`: a descriptor.
//!
//! System calls are made without the GIL and again when a signal interrupts them, once its handler has run.
//! Descriptor 1 may stand for a Rust writer of the embedder's (see [`super::Out`]).

use super::data;
use super::{Class, class, class_name, is_exact, size_arg, unsupported};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use rustix::fd::{BorrowedFd, IntoRawFd};
use rustix::fs::{self, FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use std::cell::Cell;

/// The descriptor of a closed file.
const CLOSED: i32 = -1;
/// Most that one system call is asked for.
const MOST: usize = 0x7fff_f000;

pub struct FileIo {
    pub fd: Cell<i32>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    created: Cell<bool>,
    appending: Cell<bool>,
    /// Known once asked.
    seekable: Cell<Option<bool>>,
    closefd: Cell<bool>,
    finalizing: Cell<bool>,
    blksize: Cell<i64>,
    /// What is written goes to the embedder's writer, if there is one.
    pub standard_output: Cell<bool>,
}
impl Payload for FileIo {}

impl Default for FileIo {
    fn default() -> FileIo {
        FileIo {
            fd: Cell::new(CLOSED),
            readable: Cell::new(false),
            writable: Cell::new(false),
            created: Cell::new(false),
            appending: Cell::new(false),
            seekable: Cell::new(None),
            closefd: Cell::new(true),
            finalizing: Cell::new(false),
            blksize: Cell::new(0),
            standard_output: Cell::new(false),
        }
    }
}

impl FileIo {
    pub fn mode(&self) -> &'static str {
        match (self.created.get(), self.appending.get(), self.readable.get(), self.writable.get()) {
            (true, _, true, _) => "xb+",
            (true, _, false, _) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, false, _) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }
    pub fn blksize(&self) -> i64 {
        self.blksize.get()
    }
}

pub static FILE: ClassDef = ClassDef {
    name: "_io.FileIO",
    base: Some(|vm| class(vm, Class::RawBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], FileIo::default()))),
        BuiltinDef::kw("__init__", 0, 4, init),
        BuiltinDef::new("close", 0, 0, close),
        BuiltinDef::new("read", 0, 1, |vm, a, _| {
            let n = size_arg(vm, a.get(1))?;
            let f = open_file(vm, &a[0])?;
            if !f.readable.get() {
                return unsupported(vm, "File not open for reading");
            }
            if n < 0 {
                return vm.call_method(&a[0], "readall", &[]);
            }
            optional_bytes(vm, |vm| read(vm, &a[0], n as usize))
        }),
        BuiltinDef::new("readall", 0, 0, |vm, a, _| optional_bytes(vm, |vm| readall(vm, &a[0]))),
        BuiltinDef::new("readinto", 1, 1, |vm, a, _| {
            let f = open_file(vm, &a[0])?;
            if !f.readable.get() {
                return unsupported(vm, "File not open for reading");
            }
            let n = data::writable_len(vm, &a[1], "readinto")?;
            match read(vm, &a[0], n)? {
                Some(bytes) => {
                    data::fill(vm, &a[1], &bytes, "readinto")?;
                    Ok(Value::small(bytes.len() as i64))
                }
                None => Ok(Value::NONE),
            }
        }),
        BuiltinDef::new("write", 1, 1, |vm, a, _| {
            let f = open_file(vm, &a[0])?;
            if !f.writable.get() {
                return unsupported(vm, "File not open for writing");
            }
            let bytes = data::bytes_of(vm, &a[1])?;
            Ok(write(vm, &a[0], &bytes)?.map_or(Value::NONE, |n| Value::small(n as i64)))
        }),
        BuiltinDef::new("seek", 1, 2, |vm, a, _| {
            let f = open_file(vm, &a[0])?.fd.get();
            let whence = a.get(2).map_or(Ok(0), |w| vm.index(w))?;
            let offset = vm.index(&a[1])?;
            let n = seek(vm, f, offset, whence)?;
            Ok(vm.int(n))
        }),
        BuiltinDef::new("tell", 0, 0, |vm, a, _| {
            let f = open_file(vm, &a[0])?.fd.get();
            let n = seek(vm, f, 0, 1)?;
            Ok(vm.int(n))
        }),
        BuiltinDef::new("truncate", 0, 1, truncate),
        BuiltinDef::new("fileno", 0, 0, |vm, a, _| Ok(Value::small(open_file(vm, &a[0])?.fd.get() as i64))),
        BuiltinDef::new("isatty", 0, 0, |vm, a, _| {
            let f = open_file(vm, &a[0])?;
            Ok(Value::bool(is_terminal(f)))
        }),
        BuiltinDef::new("_isatty_open_only", 0, 0, |vm, a, _| {
            let f = open_file(vm, &a[0])?;
            Ok(Value::bool(is_terminal(f)))
        }),
        BuiltinDef::new("readable", 0, 0, |vm, a, _| Ok(Value::bool(open_file(vm, &a[0])?.readable.get()))),
        BuiltinDef::new("writable", 0, 0, |vm, a, _| Ok(Value::bool(open_file(vm, &a[0])?.writable.get()))),
        BuiltinDef::new("seekable", 0, 0, |vm, a, _| {
            let f = open_file(vm, &a[0])?;
            Ok(Value::bool(can_seek(f)))
        }),
        BuiltinDef::new("_dealloc_warn", 1, 1, |vm, a, _| {
            warn_unclosed(vm, &a[0], &a[1]);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, repr),
        BuiltinDef::new("__getstate__", 0, 0, super::cannot_pickle),
    ],
    getset: &[
        GetSet::get("closed", |vm, v| Ok(Value::bool(file(vm, v)?.fd.get() == CLOSED))),
        GetSet::get("closefd", |vm, v| Ok(Value::bool(file(vm, v)?.closefd.get()))),
        GetSet::get("mode", |vm, v| {
            let mode = file(vm, v)?.mode();
            Ok(vm.intern(mode))
        }),
        GetSet::new(
            "_blksize",
            |vm, v| Ok(Value::small(file(vm, v)?.blksize.get())),
            |vm, v, x| {
                let n = x.map_or(Ok(0), |x| vm.index(x))?;
                file(vm, v)?.blksize.set(n);
                Ok(())
            },
        ),
        GetSet::new(
            "_finalizing",
            |vm, v| Ok(Value::bool(file(vm, v)?.finalizing.get())),
            |vm, v, x| {
                let on = x.map_or(Ok(false), |x| vm.truthy(x))?;
                file(vm, v)?.finalizing.set(on);
                Ok(())
            },
        ),
    ],
    doc: Some("Open a file."),
};

fn file<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a FileIo> {
    vm.self_::<FileIo>(v)
}
fn open_file<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a FileIo> {
    let f = file(vm, v)?;
    if f.fd.get() == CLOSED {
        return vm.fail("ValueError", "I/O operation on closed file");
    }
    Ok(f)
}

/// A descriptor for a system call.
pub fn descriptor(fd: i32) -> BorrowedFd<'static> {
    // SAFETY: only -1 is not allowed. A number that is not an open descriptor is answered with EBADF.
    unsafe { BorrowedFd::borrow_raw(if fd < 0 { i32::MAX } else { fd }) }
}

/// A system call, again while signals interrupt it and their handlers raise nothing.
fn call<T: Send>(vm: &mut Vm, mut f: impl FnMut() -> Result<T, Errno>) -> R<Result<T, Errno>> {
    loop {
        match vm.allow_threads(&mut f) {
            Err(Errno::INTR) => vm.check_signals()?,
            r => return Ok(r),
        }
    }
}

fn optional_bytes(vm: &mut Vm, f: impl FnOnce(&mut Vm) -> R<Option<Vec<u8>>>) -> R<Value> {
    Ok(match f(vm)? {
        Some(b) => vm.byte_vec(b),
        None => Value::NONE,
    })
}

/// Up to `n` bytes by one system call. `None`: none there yet (the descriptor does not block).
pub fn read(vm: &mut Vm, v: &Value, n: usize) -> R<Option<Vec<u8>>> {
    let f = open_file(vm, v)?;
    if !f.readable.get() {
        return unsupported(vm, "File not open for reading");
    }
    let fd = descriptor(f.fd.get());
    let n = n.min(MOST);
    let mut room = vm.new_bytes(n)?;
    let r = call(vm, || {
        room.clear();
        rustix::io::read(fd, rustix::buffer::spare_capacity(&mut room))
    })?;
    match r {
        Ok(got) => {
            room.truncate(got.min(n));
            if room.capacity() > 4 * room.len() + 64 {
                room.shrink_to_fit();
            }
            Ok(Some(room))
        }
        Err(Errno::AGAIN) => Ok(None),
        Err(e) => vm.fail_os(e, None),
    }
}

/// Everything up to the end.
pub fn readall(vm: &mut Vm, v: &Value) -> R<Option<Vec<u8>>> {
    let f = open_file(vm, v)?;
    let fd = f.fd.get();
    if !f.readable.get() {
        return unsupported(vm, "File not open for reading");
    }
    // One byte more than there seems to be, so that the end is noticed.
    let left = match (fs::fstat(descriptor(fd)), fs::seek(descriptor(fd), SeekFrom::Current(0))) {
        (Ok(s), Ok(at)) if s.st_size > at as i64 => s.st_size as usize - at as usize,
        _ => 0,
    };
    let mut all = vm.new_bytes(left.min(MOST) + 1)?;
    loop {
        if all.capacity() - all.len() < 512 && all.len() > left {
            all.reserve(all.len().max(8192));
        }
        let room = all.capacity() - all.len();
        let room = if room == 0 { 8192 } else { room };
        all.reserve(room);
        let r = call(vm, || rustix::io::read(descriptor(fd), rustix::buffer::spare_capacity(&mut all)))?;
        match r {
            Ok(0) => break,
            Ok(_) => {}
            Err(Errno::AGAIN) if all.is_empty() => return Ok(None),
            Err(Errno::AGAIN) => break,
            Err(e) => return vm.fail_os(e, None),
        }
    }
    Ok(Some(all))
}

/// Writes by one system call; how much. `None`: the descriptor would block.
pub fn write(vm: &mut Vm, v: &Value, bytes: &[u8]) -> R<Option<usize>> {
    let f = open_file(vm, v)?;
    if !f.writable.get() {
        return unsupported(vm, "File not open for writing");
    }
    if f.standard_output.get()
        && let Some(r) = vm.stdout.write(bytes)
    {
        return match r {
            Ok(()) => Ok(Some(bytes.len())),
            Err(e) => Err(vm.raise_io(&e)),
        };
    }
    let fd = descriptor(f.fd.get());
    let bytes = &bytes[..bytes.len().min(MOST)];
    match call(vm, || rustix::io::write(fd, bytes))? {
        Ok(n) => Ok(Some(n)),
        Err(Errno::AGAIN) => Ok(None),
        Err(e) => vm.fail_os(e, None),
    }
}

/// `lseek`.
fn seek(vm: &mut Vm, fd: i32, offset: i64, whence: i64) -> R<i64> {
    let to = match whence {
        0 if offset < 0 => return vm.fail_os(Errno::INVAL, None),
        0 => SeekFrom::Start(offset as u64),
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        3 if offset >= 0 => SeekFrom::Data(offset as u64),
        4 if offset >= 0 => SeekFrom::Hole(offset as u64),
        _ => return vm.fail_os(Errno::INVAL, None),
    };
    match fs::seek(descriptor(fd), to) {
        Ok(n) => Ok(n as i64),
        Err(e) => vm.fail_os(e, None),
    }
}

/// Repositions; the new position.
pub fn seek_to(vm: &mut Vm, v: &Value, offset: i64, whence: i64) -> R<i64> {
    let fd = open_file(vm, v)?.fd.get();
    seek(vm, fd, offset, whence)
}

fn can_seek(f: &FileIo) -> bool {
    f.seekable.get().unwrap_or_else(|| {
        let can = fs::seek(descriptor(f.fd.get()), SeekFrom::Current(0)).is_ok();
        f.seekable.set(Some(can));
        can
    })
}
pub fn is_terminal(f: &FileIo) -> bool {
    rustix::termios::isatty(descriptor(f.fd.get()))
}

fn truncate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let f = open_file(vm, &a[0])?;
    if !f.writable.get() {
        return unsupported(vm, "File not open for writing");
    }
    let fd = f.fd.get();
    let size = match a.get(1).filter(|v| !v.is_none()) {
        Some(v) => v.clone(),
        None => vm.call_method(&a[0], "tell", &[])?,
    };
    let n = vm.index(&size)?;
    let Ok(n) = u64::try_from(n) else { return vm.fail_os(Errno::INVAL, None) };
    match call(vm, || fs::ftruncate(descriptor(fd), n))? {
        Ok(()) => Ok(size),
        Err(e) => vm.fail_os(e, None),
    }
}

struct Parsed {
    flags: OFlags,
    append: bool,
}

fn parse_mode(vm: &mut Vm, f: &FileIo, mode: &str) -> R<Parsed> {
    let (mut main, mut plus) = (None, false);
    let bad = "Must have exactly one of create/read/write/append mode and at most one plus";
    for c in mode.chars() {
        match c {
            'x' | 'r' | 'w' | 'a' if main.is_none() => main = Some(c),
            '+' if !plus => plus = true,
            'b' => {}
            'x' | 'r' | 'w' | 'a' | '+' => return vm.fail("ValueError", bad),
            _ => return vm.fail("ValueError", format!("invalid mode: {mode}")),
        }
    }
    let Some(main) = main else { return vm.fail("ValueError", bad) };
    f.created.set(main == 'x');
    f.appending.set(main == 'a');
    f.readable.set(plus || main == 'r');
    f.writable.set(plus || main != 'r');
    let how = match main {
        'x' => OFlags::EXCL | OFlags::CREATE,
        'w' => OFlags::CREATE | OFlags::TRUNC,
        'a' => OFlags::APPEND | OFlags::CREATE,
        _ => OFlags::empty(),
    };
    let access = match (f.readable.get(), f.writable.get()) {
        (true, true) => OFlags::RDWR,
        (true, false) => OFlags::RDONLY,
        _ => OFlags::WRONLY,
    };
    Ok(Parsed { flags: access | how | OFlags::CLOEXEC, append: main == 'a' })
}

/// The bytes of a path argument: str, bytes or os.PathLike.
pub fn path_bytes(vm: &mut Vm, v: &Value) -> R<Vec<u8>> {
    let v = super::open::fspath(vm, v)?;
    let bytes = match v.get::<Str>() {
        Some(s) => match s.to_str() {
            Some(s) => s.as_bytes().to_vec(),
            // Undecodable bytes of a file name are lone surrogates in its str.
            None => {
                let (utf8, how) = (vm.str("utf-8"), vm.str("surrogateescape"));
                let b = vm.call_method(&v, "encode", &[utf8, how])?;
                data::bytes_of(vm, &b)?.into_vec()
            }
        },
        None => data::bytes_of(vm, &v)?.into_vec(),
    };
    if bytes.contains(&0) {
        return vm.fail("ValueError", "embedded null byte");
    }
    Ok(bytes)
}

fn init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [name, mode, closefd, opener] =
        vm.bind_args("FileIO", ["file", "mode", "closefd", "opener"], 0, 1, &a[1..], kw)?;
    let name = name.unwrap_or(Value::NONE);
    let mode = match &mode {
        None => "r".to_owned(),
        Some(m) => match m.get::<Str>() {
            Some(s) => s.as_str().to_owned(),
            None => {
                let message = format!("FileIO() argument 'mode' must be str, not {}", vm.type_name(m));
                return vm.fail("TypeError", message);
            }
        },
    };
    let closefd = closefd.map_or(Ok(true), |c| vm.truthy(&c))?;
    initialise(vm, &a[0], &name, &mode, closefd, opener.filter(|o| !o.is_none()).as_ref())?;
    Ok(Value::NONE)
}

/// A new `FileIO`.
pub fn new(vm: &mut Vm, name: &Value, mode: &str, closefd: bool, opener: Option<&Value>) -> R<Value> {
    let class = class(vm, Class::File);
    let v = vm.new_native(&class, FileIo::default());
    initialise(vm, &v, name, mode, closefd, opener)?;
    Ok(v)
}

fn initialise(vm: &mut Vm, v: &Value, name: &Value, mode: &str, closefd: bool, opener: Option<&Value>) -> R {
    let f = file(vm, v)?;
    if f.fd.get() != CLOSED {
        // Set up a second time.
        if f.closefd.get() {
            close_descriptor(vm, f)?;
        } else {
            f.fd.set(CLOSED);
        }
    }
    if name.word().is_float() {
        return vm.fail("TypeError", "integer argument expected, got float");
    }
    let given = if super::has_index(vm, name) && !name.is_kind(crate::object::Kind::Str) {
        if name.word().is_bool() {
            warn(vm, "RuntimeWarning", "bool is used as a file descriptor")?;
        }
        let n = vm.index(name)?;
        if n < 0 {
            return vm.fail("ValueError", "negative file descriptor");
        }
        match i32::try_from(n) {
            Ok(n) => Some(n),
            Err(_) => return vm.fail("OverflowError", "Python int too large to convert to C int"),
        }
    } else {
        None
    };
    let path = match given {
        Some(_) => None,
        None => Some(path_bytes(vm, name)?),
    };
    f.seekable.set(None);
    let parsed = parse_mode(vm, f, mode)?;
    f.blksize.set(super::DEFAULT_BUFFER_SIZE as i64);
    match (given, path) {
        (Some(fd), _) => {
            f.closefd.set(closefd);
            f.fd.set(fd);
        }
        (None, path) => {
            if !closefd {
                return vm.fail("ValueError", "Cannot use closefd=False with file name");
            }
            f.closefd.set(true);
            vm.audit("open", |vm| vec![name.clone(), vm.str(mode), Value::small(parsed.flags.bits().into())])?;
            f.fd.set(open_descriptor(vm, name, &path.unwrap_or_default(), parsed.flags, opener)?);
        }
    }
    let r = look_at(vm, v, f, name, parsed.append);
    if r.is_err() && given.is_some() {
        // A descriptor that was not opened here stays open.
        f.fd.set(CLOSED);
    } else if r.is_err() {
        let e = vm.take_pending();
        let closed = close_descriptor(vm, f);
        drop(super::error_of(vm, closed));
        vm.set_pending(e);
    }
    r
}

/// What is to be known of a fresh descriptor: no directory, its block size.
fn look_at(vm: &mut Vm, v: &Value, f: &FileIo, name: &Value, append: bool) -> R {
    match fs::fstat(descriptor(f.fd.get())) {
        Ok(s) if FileType::from_raw_mode(s.st_mode) == FileType::Directory => {
            return vm.fail_os(Errno::ISDIR, Some(name));
        }
        Ok(s) => {
            if s.st_blksize > 1 {
                f.blksize.set(s.st_blksize);
            }
        }
        Err(e @ Errno::BADF) => return vm.fail_os(e, None),
        Err(_) => {}
    }
    let key = vm.intern("name");
    vm.set_attr(v, &key, name.clone())?;
    if append && let Err(e) = fs::seek(descriptor(f.fd.get()), SeekFrom::End(0)) {
        f.seekable.set(Some(false));
        if e != Errno::SPIPE {
            return vm.fail_os(e, None);
        }
    }
    Ok(())
}

fn open_descriptor(vm: &mut Vm, name: &Value, path: &[u8], flags: OFlags, opener: Option<&Value>) -> R<i32> {
    if let Some(o) = opener {
        let r = vm.call(o, &[name.clone(), Value::small(flags.bits() as i64)], Kw::NONE)?;
        if !super::has_index(vm, &r) {
            return vm.fail("TypeError", "expected integer from opener");
        }
        let n = vm.index(&r)?;
        if n < 0 {
            return vm.fail("ValueError", format!("opener returned {n}"));
        }
        let n = n as i32;
        if let Err(e) = rustix::io::fcntl_setfd(descriptor(n), rustix::io::FdFlags::CLOEXEC) {
            return vm.fail_os(e, Some(name));
        }
        return Ok(n);
    }
    match call(vm, || fs::open(path, flags, Mode::from_raw_mode(0o666)))? {
        Ok(fd) => Ok(fd.into_raw_fd()),
        Err(e) => vm.fail_os(e, Some(name)),
    }
}

fn close_descriptor(vm: &mut Vm, f: &FileIo) -> R {
    let fd = f.fd.replace(CLOSED);
    if fd == CLOSED {
        return Ok(());
    }
    // SAFETY: `close` takes any number; the file was the owner of this one.
    let r = vm.allow_threads(|| unsafe { libc::close(fd) });
    if r < 0 {
        let e = std::io::Error::last_os_error();
        return Err(vm.raise_io(&e));
    }
    Ok(())
}

fn close(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let f = file(vm, &a[0])?;
    // What RawIOBase.close does. The exact class has nothing to flush.
    let flushed = if is_exact(vm, &a[0], Class::File) { Ok(()) } else { super::base::close(vm, &a[0]) };
    if !f.closefd.get() {
        f.fd.set(CLOSED);
        return flushed.map(|()| Value::NONE);
    }
    let first = super::error_of(vm, flushed);
    if f.finalizing.get() {
        warn_unclosed(vm, &a[0], &a[0]);
    }
    let r = close_descriptor(vm, f);
    super::chain(vm, first, r).map(|()| Value::NONE)
}

fn repr(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let f = file(vm, &a[0])?;
    let class = class_name(vm, &a[0]);
    if f.fd.get() == CLOSED {
        return Ok(vm.string(format!("<{class} [closed]>")));
    }
    let name = super::shown_attribute(vm, &a[0], "name")?;
    let (mode, closefd) = (f.mode(), if f.closefd.get() { "True" } else { "False" });
    let text = match name {
        Some(n) => format!("<{class} name={n} mode='{mode}' closefd={closefd}>"),
        None => format!("<{class} fd={} mode='{mode}' closefd={closefd}>", f.fd.get()),
    };
    Ok(vm.string(text))
}

/// ResourceWarning for a file that the program did not close.
fn warn_unclosed(vm: &mut Vm, v: &Value, source: &Value) {
    let Some(f) = v.native::<FileIo>() else { return };
    if f.fd.get() == CLOSED || !f.closefd.get() {
        return;
    }
    // Nobody can have asked for such warnings as long as their module is not there.
    let Some(warnings) = loaded_module(vm, "warnings") else { return };
    let r = vm.repr_string(source).and_then(|shown| {
        let warn = vm.get_attr_str(&warnings, "warn")?;
        let message = vm.string(format!("unclosed file {shown}"));
        let category = vm.types.exceptions().find(|(n, _)| *n == "ResourceWarning").map(|(_, c)| c.clone());
        let Some(category) = category else { return Ok(Value::NONE) };
        let names = [vm.intern("source")];
        let kw = Kw { names: &names, values: std::slice::from_ref(source) };
        vm.call(&warn, &[message, category, Value::small(1)], kw)
    });
    if r.is_err() {
        let e = vm.take_pending();
        vm.unraisable(e, None, source);
    }
}

/// A module that has been imported.
pub fn loaded_module(vm: &mut Vm, name: &str) -> Option<Value> {
    vm.imported(name)
}

/// `warnings.warn(message, category)`, two frames up being the caller's.
pub fn warn(vm: &mut Vm, category: &str, message: &str) -> R {
    let Some(category) = vm.types.exceptions().find(|(n, _)| *n == category).map(|(_, c)| c.clone()) else {
        return Ok(());
    };
    let warnings = vm.import_module("warnings")?;
    let warn = vm.get_attr_str(&warnings, "warn")?;
    let message = vm.str(message);
    vm.call(&warn, &[message, category, Value::small(1)], Kw::NONE).map(drop)
}
