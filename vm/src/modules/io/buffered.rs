//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`: a buffer before a raw stream.
//!
//! What has been read ahead and what waits to be written are two buffers, of which a `BufferedRandom` uses
//! one at a time. A buffer is taken out of the object while its bytes are given to the raw stream, and what
//! is left of it comes back in front of what has been added meanwhile.

use super::data;
use super::{
    Class, chain, check_able, class, class_name, error_of, file, is_closed, is_exact, pending_is, size_arg,
    unsupported,
};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, Payload};
use crate::types::native::{ClassDef, ClassFlags, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    New,
    Ready,
    Detached,
}

pub struct Buffered {
    /// The builtin class that it is an instance of, perhaps by way of a derived one.
    class: Class,
    raw: RefCell<Value>,
    stage: Cell<Stage>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    size: Cell<usize>,
    /// Read ahead; the first `at` bytes have been handed out.
    ahead: RefCell<Vec<u8>>,
    at: Cell<usize>,
    /// To be written.
    waiting: RefCell<Vec<u8>>,
    /// Position of the raw stream, if known.
    raw_at: Cell<Option<i64>>,
    finalizing: Cell<bool>,
    /// The thread that is inside; 0: none.
    owner: Cell<u64>,
}

impl Payload for Buffered {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.raw.borrow());
    }
    fn clear(&self) {
        drop(self.raw.replace(Value::NONE));
    }
}

impl Buffered {
    fn new(class: Class) -> Buffered {
        Buffered {
            class,
            raw: RefCell::new(Value::NONE),
            stage: Cell::new(Stage::New),
            readable: Cell::new(false),
            writable: Cell::new(false),
            size: Cell::new(super::DEFAULT_BUFFER_SIZE),
            ahead: RefCell::default(),
            at: Cell::new(0),
            waiting: RefCell::default(),
            raw_at: Cell::new(None),
            finalizing: Cell::new(false),
            owner: Cell::new(0),
        }
    }
    /// Bytes read ahead that nobody has had yet.
    fn have(&self) -> usize {
        self.ahead.borrow().len().saturating_sub(self.at.get())
    }
    /// Up to `n` of them.
    fn take(&self, n: usize) -> Vec<u8> {
        let ahead = self.ahead.borrow();
        let at = self.at.get().min(ahead.len());
        let end = at + n.min(ahead.len() - at);
        self.at.set(end);
        ahead[at..end].to_vec()
    }
    fn forget_ahead(&self) {
        self.ahead.borrow_mut().clear();
        self.at.set(0);
    }
    fn moved(&self, by: usize) {
        self.raw_at.set(self.raw_at.get().map(|p| p + by as i64));
    }
    pub fn class(&self) -> Class {
        self.class
    }
    pub fn raw(&self) -> Value {
        self.raw.borrow().clone()
    }
}

const FLAGS: ClassFlags = SUBCLASS.union(WEAKREF).union(HAS_DICT);
macro_rules! new {
    ($class:expr) => {
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], Buffered::new($class))))
    };
}

macro_rules! delegate {
    ($name:literal) => {
        BuiltinDef::new($name, 0, 0, |vm, a, _| {
            let raw = ready(vm, &a[0])?.raw();
            vm.call_method(&raw, $name, &[])
        })
    };
}
const DETACH: BuiltinDef = BuiltinDef::new("detach", 0, 0, detach);
const CLOSE: BuiltinDef = BuiltinDef::new("close", 0, 0, close);
const SEEKABLE: BuiltinDef = delegate!("seekable");
const FILENO: BuiltinDef = delegate!("fileno");
const ISATTY: BuiltinDef = delegate!("isatty");
const READABLE: BuiltinDef = delegate!("readable");
const WRITABLE: BuiltinDef = delegate!("writable");
const WARN: BuiltinDef = BuiltinDef::new("_dealloc_warn", 1, 1, |vm, a, _| {
    let raw = ready(vm, &a[0])?.raw();
    if vm.call_method(&raw, "_dealloc_warn", &[a[1].clone()]).is_err() {
        drop(vm.take_pending());
    }
    Ok(Value::NONE)
});
const REPR: BuiltinDef = BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
    let class = class_name(vm, &a[0]);
    let name = super::shown_attribute(vm, &a[0], "name")?;
    Ok(vm.string(name.map_or(format!("<{class}>"), |n| format!("<{class} name={n}>"))))
});
const GETSTATE: BuiltinDef = BuiltinDef::new("__getstate__", 0, 0, super::cannot_pickle);
const SEEK: BuiltinDef = BuiltinDef::new("seek", 1, 2, seek);
const TELL: BuiltinDef = BuiltinDef::new("tell", 0, 0, tell);
const TRUNCATE: BuiltinDef = BuiltinDef::new("truncate", 0, 1, truncate);
const FLUSH: BuiltinDef = BuiltinDef::new("flush", 0, 0, |vm, a, _| {
    open(vm, &a[0], "flush of closed file")?;
    locked(vm, &a[0], flush_and_rewind)?;
    Ok(Value::NONE)
});
const READ: BuiltinDef = BuiltinDef::new("read", 0, 1, read);
const READ1: BuiltinDef = BuiltinDef::new("read1", 0, 1, read1);
const PEEK: BuiltinDef = BuiltinDef::new("peek", 0, 1, peek);
const READINTO: BuiltinDef = BuiltinDef::new("readinto", 1, 1, |vm, a, _| readinto(vm, a, "readinto"));
const READINTO1: BuiltinDef = BuiltinDef::new("readinto1", 1, 1, |vm, a, _| readinto(vm, a, "readinto1"));
const READLINE: BuiltinDef = BuiltinDef::new("readline", 0, 1, |vm, a, _| {
    let limit = size_arg(vm, a.get(1))?;
    let line = readline(vm, &a[0], limit)?;
    Ok(vm.byte_vec(line))
});
const NEXT: BuiltinDef = BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
    let b = ready(vm, &a[0])?;
    if !is_exact(vm, &a[0], b.class) {
        let line = vm.call_method(&a[0], "readline", &[])?;
        if !line.is_kind(crate::object::Kind::Bytes) {
            let message =
                format!("readline() should have returned a bytes object, not '{}'", vm.type_name(&line));
            return vm.fail("OSError", message);
        }
        return if vm.len_of(&line)? == 0 { vm.stop_iteration() } else { Ok(line) };
    }
    let line = readline(vm, &a[0], -1)?;
    if line.is_empty() { vm.stop_iteration() } else { Ok(vm.byte_vec(line)) }
});
const WRITE: BuiltinDef = BuiltinDef::new("write", 1, 1, |vm, a, _| {
    let bytes = data::bytes_of(vm, &a[1])?;
    let n = write(vm, &a[0], &bytes)?;
    Ok(Value::small(n as i64))
});

static GETSET: &[GetSet] = &[
    GetSet::get("raw", |vm, v| Ok(ready(vm, v)?.raw())),
    GetSet::get("closed", |vm, v| {
        let raw = ready(vm, v)?.raw();
        vm.get_attr_str(&raw, "closed")
    }),
    GetSet::get("name", |vm, v| {
        let raw = ready(vm, v)?.raw();
        vm.get_attr_str(&raw, "name")
    }),
    GetSet::get("mode", |vm, v| {
        let raw = ready(vm, v)?.raw();
        vm.get_attr_str(&raw, "mode")
    }),
    GetSet::new(
        "_finalizing",
        |vm, v| Ok(Value::bool(this(vm, v)?.finalizing.get())),
        |vm, v, x| {
            let on = x.map_or(Ok(false), |x| vm.truthy(x))?;
            this(vm, v)?.finalizing.set(on);
            Ok(())
        },
    ),
];

pub static READER: ClassDef = ClassDef {
    name: "_io.BufferedReader",
    base: Some(|vm| class(vm, Class::BufferedBase)),
    flags: FLAGS,
    methods: &[
        new!(Class::Reader),
        BuiltinDef::kw("__init__", 0, 2, |vm, a, kw| init(vm, a, kw, "BufferedReader", true, false)),
        DETACH,
        BuiltinDef::new("flush", 0, 0, |vm, a, _| {
            let raw = ready(vm, &a[0])?.raw();
            vm.call_method(&raw, "flush", &[])
        }),
        CLOSE,
        SEEKABLE,
        FILENO,
        ISATTY,
        READABLE,
        WARN,
        REPR,
        GETSTATE,
        SEEK,
        TELL,
        TRUNCATE,
        READ,
        READ1,
        PEEK,
        READINTO,
        READINTO1,
        READLINE,
        NEXT,
    ],
    getset: GETSET,
    doc: Some("Create a new buffered reader using the given readable raw IO object."),
};
pub static WRITER: ClassDef = ClassDef {
    name: "_io.BufferedWriter",
    base: Some(|vm| class(vm, Class::BufferedBase)),
    flags: FLAGS,
    methods: &[
        new!(Class::Writer),
        BuiltinDef::kw("__init__", 0, 2, |vm, a, kw| init(vm, a, kw, "BufferedWriter", false, true)),
        DETACH,
        FLUSH,
        CLOSE,
        SEEKABLE,
        FILENO,
        ISATTY,
        WRITABLE,
        WARN,
        REPR,
        GETSTATE,
        SEEK,
        TELL,
        TRUNCATE,
        WRITE,
    ],
    getset: GETSET,
    doc: Some("A buffer for a writeable sequential RawIO object."),
};
pub static RANDOM: ClassDef = ClassDef {
    name: "_io.BufferedRandom",
    base: Some(|vm| class(vm, Class::BufferedBase)),
    flags: FLAGS,
    methods: &[
        new!(Class::Random),
        BuiltinDef::kw("__init__", 0, 2, |vm, a, kw| init(vm, a, kw, "BufferedRandom", true, true)),
        DETACH,
        FLUSH,
        CLOSE,
        SEEKABLE,
        FILENO,
        ISATTY,
        READABLE,
        WRITABLE,
        WARN,
        REPR,
        GETSTATE,
        SEEK,
        TELL,
        TRUNCATE,
        READ,
        READ1,
        PEEK,
        READINTO,
        READINTO1,
        READLINE,
        NEXT,
        WRITE,
    ],
    getset: GETSET,
    doc: Some("A buffered interface to random access streams."),
};

fn this<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a Buffered> {
    match v.native::<Buffered>() {
        Some(b) => Ok(b),
        None => {
            let message = format!(
                "descriptor requires a '_io._BufferedIOBase' object but received a '{}'",
                vm.type_name(v)
            );
            vm.fail("TypeError", message)
        }
    }
}
fn ready<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a Buffered> {
    let b = this(vm, v)?;
    match b.stage.get() {
        Stage::Ready => Ok(b),
        Stage::New => vm.fail("ValueError", "I/O operation on uninitialized object"),
        Stage::Detached => vm.fail("ValueError", "raw stream has been detached"),
    }
}
/// Ready and not closed.
fn open<'a>(vm: &mut Vm, v: &'a Value, message: &str) -> R<&'a Buffered> {
    let b = ready(vm, v)?;
    if raw_is_closed(vm, b)? && b.have() == 0 {
        return vm.fail("ValueError", message);
    }
    Ok(b)
}
fn raw_is_closed(vm: &mut Vm, b: &Buffered) -> R<bool> {
    let raw = b.raw();
    if is_exact(vm, &raw, Class::File) {
        return Ok(raw.native::<file::FileIo>().is_some_and(|f| f.fd.get() < 0));
    }
    is_closed(vm, &raw)
}

/// One thread at a time is inside, and it comes in once only.
fn locked<T>(vm: &mut Vm, v: &Value, f: impl FnOnce(&mut Vm, &Buffered) -> R<T>) -> R<T> {
    let b = ready(vm, v)?;
    let me = vm.threads.current + 1;
    while b.owner.get() != 0 {
        if b.owner.get() == me {
            let shown = vm.repr_string(v)?;
            return vm.fail("RuntimeError", format!("reentrant call inside {shown}"));
        }
        vm.allow_threads(|| std::thread::sleep(Duration::from_micros(200)));
        vm.check_signals()?;
    }
    b.owner.set(me);
    let r = f(vm, b);
    b.owner.set(0);
    r
}

fn init(vm: &mut Vm, a: &[Value], kw: Kw, who: &str, readable: bool, writable: bool) -> R<Value> {
    let [raw, size] = vm.bind_args(who, ["raw", "buffer_size"], 0, 1, &a[1..], kw)?;
    let raw = raw.unwrap_or(Value::NONE);
    let size = match size {
        Some(n) => vm.index(&n)?,
        None => super::DEFAULT_BUFFER_SIZE as i64,
    };
    initialise(vm, &a[0], &raw, size, readable, writable)?;
    Ok(Value::NONE)
}

fn initialise(vm: &mut Vm, v: &Value, raw: &Value, size: i64, readable: bool, writable: bool) -> R {
    let b = this(vm, v)?;
    b.stage.set(Stage::New);
    if readable && writable {
        check_able(vm, raw, "seekable")?;
    }
    if readable {
        check_able(vm, raw, "readable")?;
    }
    if writable {
        check_able(vm, raw, "writable")?;
    }
    if size <= 0 {
        return vm.fail("ValueError", "buffer size must be strictly positive");
    }
    if size as u64 > 1 << 40 {
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    let old = b.raw.replace(raw.clone());
    b.size.set(size as usize);
    b.readable.set(readable);
    b.writable.set(writable);
    b.forget_ahead();
    b.waiting.borrow_mut().clear();
    b.raw_at.set(None);
    b.stage.set(Stage::Ready);
    drop(old);
    // Where the raw stream is; it may not know.
    if raw_tell(vm, b).is_err() {
        if !pending_is(vm, "Exception") {
            return Err(crate::error::Exc);
        }
        drop(vm.take_pending());
    }
    Ok(())
}

/// A new buffered stream.
pub fn new(vm: &mut Vm, which: Class, raw: &Value, size: i64) -> R<Value> {
    let class = class(vm, which);
    let v = vm.new_native(&class, Buffered::new(which));
    initialise(vm, &v, raw, size, which != Class::Writer, which != Class::Reader)?;
    Ok(v)
}

// ---- the raw stream

/// Calls again what a signal interrupted.
fn persist<T>(vm: &mut Vm, mut f: impl FnMut(&mut Vm) -> R<T>) -> R<T> {
    loop {
        match f(vm) {
            Err(e) if pending_is(vm, "InterruptedError") => {
                let _ = e;
                drop(vm.take_pending());
                vm.check_signals()?;
            }
            r => return r,
        }
    }
}

/// `None`: nothing there yet.
fn raw_read(vm: &mut Vm, b: &Buffered, n: usize) -> R<Option<Vec<u8>>> {
    let raw = b.raw();
    if is_exact(vm, &raw, Class::File) {
        let got = file::read(vm, &raw, n)?;
        if let Some(bytes) = &got {
            b.moved(bytes.len());
        }
        return Ok(got);
    }
    let room = data::new_bytearray(vm, n)?;
    let view = data::new_view(vm, &room)?;
    let r = persist(vm, |vm| vm.call_method(&raw, "readinto", std::slice::from_ref(&view)))?;
    if r.is_none() {
        return Ok(None);
    }
    let got = match vm.index(&r) {
        Ok(n) => n,
        Err(_) => {
            // The error is the cause of one that says what it is about.
            let cause = vm.take_pending();
            let _ = vm.raise("OSError", "raw readinto() failed");
            let e = vm.take_pending();
            let key = vm.intern("__cause__");
            vm.set_attr(&e, &key, cause)?;
            return Err(vm.set_pending(e));
        }
    };
    if got < 0 || got as usize > n {
        let message =
            format!("raw readinto() returned invalid length {got} (should have been between 0 and {n})");
        return vm.fail("OSError", message);
    }
    drop(view);
    let mut bytes = data::bytes_of(vm, &room)?.into_vec();
    bytes.truncate(got as usize);
    b.moved(bytes.len());
    Ok(Some(bytes))
}

/// `None`: it would block.
fn raw_write(vm: &mut Vm, b: &Buffered, bytes: &[u8]) -> R<Option<usize>> {
    let raw = b.raw();
    let n = if is_exact(vm, &raw, Class::File) {
        match file::write(vm, &raw, bytes)? {
            Some(n) => n,
            None => return Ok(None),
        }
    } else {
        let copy = vm.bytes(bytes);
        let view = data::new_view(vm, &copy)?;
        let r = persist(vm, |vm| vm.call_method(&raw, "write", std::slice::from_ref(&view)))?;
        if r.is_none() {
            return Ok(None);
        }
        let n = vm.index(&r)?;
        if n < 0 || n as usize > bytes.len() {
            let message = format!(
                "raw write() returned invalid length {n} (should have been between 0 and {})",
                bytes.len()
            );
            return vm.fail("OSError", message);
        }
        n as usize
    };
    b.moved(n);
    Ok(Some(n))
}

fn position(vm: &mut Vm, b: &Buffered, r: &Value) -> R<i64> {
    let n = vm.index(r)?;
    if n < 0 {
        return vm.fail("OSError", format!("Raw stream returned invalid position {n}"));
    }
    b.raw_at.set(Some(n));
    Ok(n)
}
fn raw_tell(vm: &mut Vm, b: &Buffered) -> R<i64> {
    let raw = b.raw();
    b.raw_at.set(None);
    if is_exact(vm, &raw, Class::File) {
        let n = file::seek_to(vm, &raw, 0, 1)?;
        b.raw_at.set(Some(n));
        return Ok(n);
    }
    let r = vm.call_method(&raw, "tell", &[])?;
    position(vm, b, &r)
}
fn raw_known(vm: &mut Vm, b: &Buffered) -> R<i64> {
    match b.raw_at.get() {
        Some(n) => Ok(n),
        None => raw_tell(vm, b),
    }
}
fn raw_seek(vm: &mut Vm, b: &Buffered, to: i64, whence: i64) -> R<i64> {
    let raw = b.raw();
    b.raw_at.set(None);
    if is_exact(vm, &raw, Class::File) {
        let n = file::seek_to(vm, &raw, to, whence)?;
        b.raw_at.set(Some(n));
        return Ok(n);
    }
    let to = vm.int(to);
    let r = vm.call_method(&raw, "seek", &[to, Value::small(whence)])?;
    position(vm, b, &r)
}

// ---- writing

#[cold]
fn would_block<T>(vm: &mut Vm, b: &Buffered, written: usize) -> R<T> {
    let text = vm.str("write could not complete without blocking");
    // Only a system call has an error number to tell.
    let raw = b.raw();
    let again =
        if is_exact(vm, &raw, Class::File) { rustix::io::Errno::AGAIN.raw_os_error() as i64 } else { 0 };
    let class = vm.types.exceptions().find(|(n, _)| *n == "BlockingIOError").map(|(_, c)| c.clone());
    let class = class.unwrap_or_else(|| vm.types.exception("OSError").clone());
    let e = vm.call(&class, &[Value::small(again), text, Value::small(written as i64)], Kw::NONE)?;
    Err(vm.raise_value(e))
}

/// Gives everything that waits to the raw stream.
fn flush(vm: &mut Vm, b: &Buffered) -> R {
    loop {
        let bytes = std::mem::take(&mut *b.waiting.borrow_mut());
        if bytes.is_empty() {
            // Keep the allocation.
            *b.waiting.borrow_mut() = bytes;
            return Ok(());
        }
        let r = raw_write(vm, b, &bytes);
        let done = r.as_ref().map_or(0, |n| n.unwrap_or(0));
        {
            let mut waiting = b.waiting.borrow_mut();
            let mut bytes = bytes;
            bytes.drain(..done);
            bytes.append(&mut waiting);
            *waiting = bytes;
        }
        if r?.is_none() {
            return would_block(vm, b, 0);
        }
        // A raw stream that takes nothing keeps us here: let signals through.
        vm.check_signals()?;
    }
}

/// Nothing waits and nothing is read ahead: the raw stream is where the program thinks it is.
fn flush_and_rewind(vm: &mut Vm, b: &Buffered) -> R {
    if b.writable.get() {
        flush(vm, b)?;
    }
    if b.readable.get() {
        let have = b.have();
        if have > 0 {
            raw_seek(vm, b, -(have as i64), 1)?;
        }
        b.forget_ahead();
    }
    Ok(())
}

/// Writes; answers the length.
pub fn write(vm: &mut Vm, v: &Value, bytes: &[u8]) -> R<usize> {
    let b = ready(vm, v)?;
    if raw_is_closed(vm, b)? {
        return vm.fail("ValueError", "write to closed file");
    }
    if b.owner.get() == 0 && b.ahead.borrow().is_empty() {
        let mut waiting = b.waiting.borrow_mut();
        if waiting.len() + bytes.len() <= b.size.get() {
            waiting.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
    }
    locked(vm, v, |vm, b| {
        if b.readable.get() && !b.ahead.borrow().is_empty() {
            // The raw stream has read ahead of where the program writes.
            let have = b.have();
            if have > 0 {
                raw_seek(vm, b, -(have as i64), 1)?;
            }
            b.forget_ahead();
        }
        let size = b.size.get();
        if b.waiting.borrow().len() + bytes.len() <= size {
            b.waiting.borrow_mut().extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        if let Err(e) = flush(vm, b) {
            if !pending_is(vm, "BlockingIOError") {
                return Err(e);
            }
            let room = size.saturating_sub(b.waiting.borrow().len());
            let error = vm.take_pending();
            let fits = bytes.len().min(room);
            b.waiting.borrow_mut().extend_from_slice(&bytes[..fits]);
            if fits == bytes.len() {
                return Ok(fits);
            }
            drop(error);
            return would_block(vm, b, fits);
        }
        let mut rest = bytes;
        while rest.len() > size {
            match raw_write(vm, b, rest)? {
                Some(n) => rest = &rest[n..],
                None => {
                    // Keep what fits.
                    let fits = rest.len().min(size);
                    b.waiting.borrow_mut().extend_from_slice(&rest[..fits]);
                    if fits == rest.len() {
                        return Ok(bytes.len());
                    }
                    return would_block(vm, b, bytes.len() - rest.len() + fits);
                }
            }
            vm.check_signals()?;
        }
        b.waiting.borrow_mut().extend_from_slice(rest);
        Ok(bytes.len())
    })
}

// ---- reading

/// Reads one buffer more behind what is there. `None`: nothing there yet.
fn fill(vm: &mut Vm, b: &Buffered) -> R<Option<usize>> {
    let Some(bytes) = raw_read(vm, b, b.size.get())? else { return Ok(None) };
    let n = bytes.len();
    let at = b.at.get();
    let mut ahead = b.ahead.borrow_mut();
    if at >= ahead.len() {
        *ahead = bytes;
        b.at.set(0);
    } else {
        ahead.drain(..at);
        ahead.extend_from_slice(&bytes);
        b.at.set(0);
    }
    Ok(Some(n))
}

fn read(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = size_arg(vm, a.get(1))?;
    if n < -1 {
        return vm.fail("ValueError", "read length must be non-negative or -1");
    }
    let b = open(vm, &a[0], "read of closed file")?;
    if n >= 0 && b.owner.get() == 0 && b.have() >= n as usize {
        let bytes = b.take(n as usize);
        return Ok(vm.byte_vec(bytes));
    }
    if n == -1 {
        return locked(vm, &a[0], read_all);
    }
    let r = locked(vm, &a[0], |vm, b| read_exactly(vm, b, n as usize))?;
    Ok(r.map_or(Value::NONE, |bytes| vm.byte_vec(bytes)))
}

fn read_all(vm: &mut Vm, b: &Buffered) -> R<Value> {
    let mut all = b.take(usize::MAX);
    b.forget_ahead();
    if b.writable.get() {
        flush_and_rewind(vm, b)?;
    }
    let raw = b.raw();
    if is_exact(vm, &raw, Class::File) {
        let rest = file::readall(vm, &raw)?;
        let Some(rest) = rest else {
            return Ok(if all.is_empty() { Value::NONE } else { vm.byte_vec(all) });
        };
        b.moved(rest.len());
        if all.is_empty() {
            all = rest;
        } else {
            all.extend_from_slice(&rest);
        }
        return Ok(vm.byte_vec(all));
    }
    if let Some(f) = vm.get_attr_str_opt(&raw, "readall")? {
        let rest = vm.call(&f, &[], Kw::NONE)?;
        if rest.is_none() {
            return Ok(if all.is_empty() { Value::NONE } else { vm.byte_vec(all) });
        }
        let Some(r) = rest.get::<Bytes>() else {
            return vm.fail("TypeError", "readall() should return bytes");
        };
        b.raw_at.set(None);
        all.extend_from_slice(r.as_slice());
        return Ok(vm.byte_vec(all));
    }
    let mut first = all.is_empty();
    loop {
        let data = persist(vm, |vm| vm.call_method(&raw, "read", &[]))?;
        if data.is_none() {
            return Ok(if first { Value::NONE } else { vm.byte_vec(all) });
        }
        let Some(r) = data.get::<Bytes>() else { return vm.fail("TypeError", "read() should return bytes") };
        if r.is_empty() {
            return Ok(vm.byte_vec(all));
        }
        first = false;
        b.moved(r.len());
        all.extend_from_slice(r.as_slice());
    }
}

/// `n` bytes; fewer at the end or when no more are there yet. `None`: none yet.
fn read_exactly(vm: &mut Vm, b: &Buffered, n: usize) -> R<Option<Vec<u8>>> {
    let mut out = b.take(n);
    if out.len() == n {
        return Ok(Some(out));
    }
    if b.writable.get() {
        flush_and_rewind(vm, b)?;
    }
    b.forget_ahead();
    let size = b.size.get();
    while n - out.len() >= size {
        let whole = (n - out.len()) / size * size;
        match raw_read(vm, b, whole)? {
            Some(bytes) if bytes.is_empty() => return Ok(Some(out)),
            Some(bytes) if out.is_empty() => out = bytes,
            Some(bytes) => out.extend_from_slice(&bytes),
            None => return Ok(if out.is_empty() { None } else { Some(out) }),
        }
    }
    while out.len() < n {
        match fill(vm, b)? {
            Some(0) => break,
            Some(_) => out.extend_from_slice(&b.take(n - out.len())),
            None if out.is_empty() => return Ok(None),
            None => break,
        }
    }
    Ok(Some(out))
}

fn read1(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = match a.get(1) {
        Some(v) => vm.index(v)?,
        None => -1,
    };
    open(vm, &a[0], "read of closed file")?;
    let bytes = read_once(vm, &a[0], n)?;
    Ok(vm.byte_vec(bytes))
}
/// What is there, or by at most one read.
pub fn read_once(vm: &mut Vm, v: &Value, n: i64) -> R<Vec<u8>> {
    let b = ready(vm, v)?;
    let n = if n < 0 { b.size.get() } else { n as usize };
    if n == 0 {
        return Ok(vec![]);
    }
    locked(vm, v, |vm, b| {
        if b.have() > 0 {
            return Ok(b.take(n));
        }
        if b.writable.get() {
            flush_and_rewind(vm, b)?;
        }
        b.forget_ahead();
        Ok(raw_read(vm, b, n)?.unwrap_or_default())
    })
}

fn peek(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    if let Some(n) = a.get(1) {
        vm.index(n)?;
    }
    open(vm, &a[0], "peek of closed file")?;
    let bytes = locked(vm, &a[0], |vm, b| {
        if b.have() == 0 {
            if b.writable.get() {
                flush_and_rewind(vm, b)?;
            }
            b.forget_ahead();
            fill(vm, b)?;
        }
        let at = b.at.get();
        Ok(b.ahead.borrow().get(at..).unwrap_or_default().to_vec())
    })?;
    Ok(vm.byte_vec(bytes))
}

fn readinto(vm: &mut Vm, a: &[Value], who: &str) -> R<Value> {
    open(vm, &a[0], &format!("{who} of closed file"))?;
    let n = data::writable_len(vm, &a[1], who)?;
    let bytes = match who {
        "readinto1" => Some(read_once(vm, &a[0], n as i64)?),
        _ => locked(vm, &a[0], |vm, b| read_exactly(vm, b, n))?,
    };
    let Some(bytes) = bytes else { return Ok(Value::NONE) };
    data::fill(vm, &a[1], &bytes, who)?;
    Ok(Value::small(bytes.len() as i64))
}

/// A line, the newline included; at most `limit` bytes unless that is negative.
pub fn readline(vm: &mut Vm, v: &Value, limit: i64) -> R<Vec<u8>> {
    let b = open(vm, v, "readline of closed file")?;
    let most = if limit < 0 { usize::MAX } else { limit as usize };
    let line = |b: &Buffered, most: usize| -> Option<Vec<u8>> {
        let ahead = b.ahead.borrow();
        let rest = ahead.get(b.at.get()..).unwrap_or_default();
        let part = &rest[..rest.len().min(most)];
        let end = match memchr::memchr(b'\n', part) {
            Some(i) => i + 1,
            None if part.len() == most => most,
            None => return None,
        };
        b.at.set(b.at.get() + end);
        Some(part[..end].to_vec())
    };
    if b.owner.get() == 0
        && let Some(l) = line(b, most)
    {
        return Ok(l);
    }
    locked(vm, v, |vm, b| {
        if let Some(l) = line(b, most) {
            return Ok(l);
        }
        let mut out = b.take(usize::MAX);
        if b.writable.get() {
            flush_and_rewind(vm, b)?;
        }
        b.forget_ahead();
        while out.len() < most {
            if fill(vm, b)?.unwrap_or(0) == 0 {
                break;
            }
            match line(b, most - out.len()) {
                Some(l) => {
                    out.extend_from_slice(&l);
                    break;
                }
                None => out.extend_from_slice(&b.take(usize::MAX)),
            }
        }
        Ok(out)
    })
}

// ---- positions

fn tell(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let b = ready(vm, &a[0])?;
    let at = raw_tell(vm, b)? - b.have() as i64 + b.waiting.borrow().len() as i64;
    Ok(vm.int(at.max(0)))
}

fn seek(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let whence = match a.get(2) {
        Some(w) => vm.index(w)?,
        None => 0,
    };
    if !(0..=4).contains(&whence) {
        return vm.fail("ValueError", format!("whence value {whence} unsupported"));
    }
    let b = ready(vm, &a[0])?;
    if raw_is_closed(vm, b)? {
        return vm.fail("ValueError", "seek of closed file");
    }
    let raw = b.raw();
    check_able(vm, &raw, "seekable")?;
    let target = vm.index(&a[1])?;
    if whence <= 1 && b.readable.get() && b.have() > 0 {
        // Within what has been read ahead, nothing needs to move.
        let current = raw_known(vm, b)?;
        let have = b.have() as i64;
        let by = if whence == 0 { target.saturating_sub(current - have) } else { target };
        if by >= -(b.at.get() as i64) && by <= have {
            b.at.set((b.at.get() as i64 + by) as usize);
            return Ok(vm.int(current - have + by));
        }
    }
    let n = locked(vm, &a[0], |vm, b| {
        if b.writable.get() {
            flush(vm, b)?;
        }
        let to = if whence == 1 { target - b.have() as i64 } else { target };
        let n = raw_seek(vm, b, to, whence)?;
        b.forget_ahead();
        Ok(n)
    })?;
    Ok(vm.int(n))
}

fn truncate(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let b = ready(vm, &a[0])?;
    if raw_is_closed(vm, b)? {
        return vm.fail("ValueError", "truncate of closed file");
    }
    if !b.writable.get() {
        return unsupported(vm, "truncate");
    }
    locked(vm, &a[0], |vm, b| {
        flush_and_rewind(vm, b)?;
        let raw = b.raw();
        let r = vm.call_method(&raw, "truncate", &[a.get(1).cloned().unwrap_or(Value::NONE)])?;
        // A raw stream may move.
        if raw_tell(vm, b).is_err() {
            drop(vm.take_pending());
        }
        Ok(r)
    })
}

// ---- the end

fn detach(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    ready(vm, &a[0])?;
    vm.call_method(&a[0], "flush", &[])?;
    let b = ready(vm, &a[0])?;
    let raw = b.raw.replace(Value::NONE);
    b.stage.set(Stage::Detached);
    Ok(raw)
}

fn close(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let b = ready(vm, &a[0])?;
    if raw_is_closed(vm, b)? {
        return Ok(Value::NONE);
    }
    if b.finalizing.get() {
        let raw = b.raw();
        if vm.call_method(&raw, "_dealloc_warn", std::slice::from_ref(&a[0])).is_err() {
            drop(vm.take_pending());
        }
    }
    let r = vm.call_method(&a[0], "flush", &[]).map(drop);
    let first = error_of(vm, r);
    let raw = b.raw();
    let r = vm.call_method(&raw, "close", &[]).map(drop);
    let r = chain(vm, first, r);
    // What could not be written is lost.
    b.forget_ahead();
    drop(std::mem::take(&mut *b.waiting.borrow_mut()));
    r.map(|()| Value::NONE)
}
