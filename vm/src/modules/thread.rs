//! Module `_thread`: threads, locks, thread-local data. The GIL itself is in `crate::thread`.
//!
//! Locks are futexes, so that a signal ends a wait: its handler runs, then the wait goes on (PEP 475).

use crate::error::R;
use crate::modules::posix::sys::{Sys, sys};
use crate::object::{BuiltinDef, Kw, Payload};
use crate::thread::{VmPtr, run_thread};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak as ArcWeak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait, in seconds: what 64 bits of nanoseconds hold.
const TIMEOUT_MAX: f64 = 9223372036.0;
/// Stack of a thread, in bytes; pages are committed when touched.
const STACK: usize = 8 << 20;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("get_ident", 0, 0, |vm, _, _| Ok(vm.big(ident().into()))),
    BuiltinDef::new("get_native_id", 0, 0, |_, _, _| {
        // SAFETY: a query.
        Ok(Value::small(unsafe { libc::gettid() } as i64))
    }),
    BuiltinDef::new("_get_main_thread_ident", 0, 0, |vm, _, _| {
        let n = vm.state::<Threads>().main_ident;
        Ok(vm.big(n.into()))
    }),
    BuiltinDef::new("_is_main_interpreter", 0, 0, |_, _, _| Ok(Value::TRUE)),
    BuiltinDef::new("daemon_threads_allowed", 0, 0, |_, _, _| Ok(Value::TRUE)),
    BuiltinDef::new("allocate_lock", 0, 0, allocate),
    BuiltinDef::new("allocate", 0, 0, allocate),
    BuiltinDef::new("start_new_thread", 2, 3, start_new),
    BuiltinDef::new("start_new", 2, 3, start_new),
    BuiltinDef::kw("start_joinable_thread", 0, 255, start_joinable),
    BuiltinDef::new("_make_thread_handle", 1, 1, |vm, a, _| {
        let id = vm.c_long(&a[0])? as u64;
        let h = Arc::new(Handle::default());
        h.ident.store(id, SeqCst);
        h.state.store(RUNNING, SeqCst);
        vm.state::<Threads>().handles.push(Arc::downgrade(&h));
        let class = vm.native_class::<ThreadHandle>(&HANDLE);
        Ok(vm.new_native(&class, ThreadHandle(h)))
    }),
    BuiltinDef::new("_shutdown", 0, 0, |vm, _, _| shutdown(vm)),
    BuiltinDef::new("_count", 0, 0, |vm, _, _| Ok(Value::small(vm.threads.count() as i64 - 1))),
    BuiltinDef::new("exit", 0, 0, |vm, _, _| Err(vm.raise_type("SystemExit", vec![]))),
    BuiltinDef::new("exit_thread", 0, 0, |vm, _, _| Err(vm.raise_type("SystemExit", vec![]))),
    BuiltinDef::new("interrupt_main", 0, 1, |vm, a, _| {
        let n = a.first().cloned().unwrap_or(Value::small(libc::SIGINT as i64));
        crate::modules::signal::simulate(vm, &n)
    }),
    BuiltinDef::new("stack_size", 0, 1, stack_size),
    BuiltinDef::kw("set_name", 0, 255, |vm, a, kw| {
        let [name] = vm.bind_args("set_name", ["name"], 0, 1, a, kw)?;
        let mut name = vm.c_string(&name.unwrap_or(Value::NONE), "embedded null byte")?.into_bytes();
        name.truncate(15);
        name.push(0);
        // SAFETY: a C string of at most 16 bytes.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_get_name", 0, 0, |vm, _, _| {
        let mut name = [0u8; 16];
        // SAFETY: room for 16 bytes.
        unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
        let n = name.iter().position(|&c| c == 0).unwrap_or(16);
        Ok(vm.fs_decode(&name[..n]))
    }),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_thread", FUNCTIONS);
    vm.state::<Threads>();
    let lock = vm.native_class::<Lock>(&LOCK);
    let values = [
        ("lock", lock.clone()),
        ("LockType", lock),
        ("RLock", vm.native_class::<RLock>(&RLOCK)),
        ("_local", vm.native_class::<Local>(&LOCAL)),
        ("_ThreadHandle", vm.native_class::<ThreadHandle>(&HANDLE)),
        ("error", vm.types.exception("RuntimeError").clone()),
        ("TIMEOUT_MAX", Value::float(TIMEOUT_MAX)),
        ("_NAME_MAXLEN", Value::small(15)),
    ];
    for (name, v) in values {
        vm.set_global(&m, name, v);
    }
    Ok(m)
}

/// What the module knows of the VM's threads.
struct Threads {
    main_ident: u64,
    stack_size: usize,
    /// Threads that have been started or that have a handle.
    handles: Vec<ArcWeak<Handle>>,
    /// Those that the end of the program waits for.
    not_daemon: Vec<Arc<Handle>>,
    locals: Vec<Weak<Locals>>,
}
impl Default for Threads {
    fn default() -> Threads {
        Threads { main_ident: ident(), stack_size: 0, handles: vec![], not_daemon: vec![], locals: vec![] }
    }
}

fn ident() -> u64 {
    // SAFETY: a query.
    unsafe { libc::pthread_self() as u64 }
}

// ---- waiting
/// Waits while the word is `value`; `until`: no longer than that. Err(EINTR): a signal came.
fn futex_wait(word: &AtomicU32, value: u32, until: Option<Instant>) -> Sys {
    let limit = match until {
        None => None,
        Some(t) => {
            let left = t.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(libc::ETIMEDOUT);
            }
            Some(libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos() as i64 })
        }
    };
    let limit = limit.as_ref().map_or(std::ptr::null(), |t| &raw const *t);
    let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    match sys!(libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, limit)) {
        Err(libc::EAGAIN) => Ok(0),
        r => r,
    }
}
fn futex_wake(word: &AtomicU32, n: i32) {
    let _ = sys!(libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, n));
}

/// A lock that any thread may release: 0 free, 1 held, 2 held and perhaps waited for.
#[derive(Default)]
pub(crate) struct RawLock(AtomicU32);

impl RawLock {
    pub fn try_acquire(&self) -> bool {
        self.0.compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }
    pub fn is_held(&self) -> bool {
        self.0.load(SeqCst) != 0
    }
    /// False: was not held.
    pub fn release(&self) -> bool {
        match self.0.swap(0, SeqCst) {
            0 => return false,
            2 => futex_wake(&self.0, 1),
            _ => {}
        }
        true
    }
    fn reset(&self) {
        self.0.store(0, SeqCst);
    }
    fn wait(&self, until: Option<Instant>) -> Sys {
        while self.0.swap(2, SeqCst) != 0 {
            futex_wait(&self.0, 2, until)?;
        }
        Ok(0)
    }
}
impl Vm {
    /// Acquires a lock, while other threads run and signals are heard. False: the time was up.
    pub(crate) fn acquire(&mut self, lock: &Arc<RawLock>, until: Option<Option<Instant>>) -> R<bool> {
        if lock.try_acquire() {
            return Ok(true);
        }
        let Some(until) = until else { return Ok(false) };
        let lock = lock.clone();
        Ok(self.blocking(|| lock.wait(until))?.is_ok())
    }
}

/// When a wait is to end: `None`: do not wait; `Some(None)`: never.
pub(crate) type Until = Option<Option<Instant>>;

/// Arguments `blocking` and `timeout` of a lock.
fn lock_args(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Until> {
    let [blocking, timeout] = vm.bind_args("acquire", ["blocking", "timeout"], 0, 0, &args[1..], kw)?;
    let blocking = vm.bool_or(&blocking, true)?;
    let seconds = match timeout {
        Some(t) => Some(vm.float_argument(&t)?),
        None => None,
    };
    match seconds {
        None | Some(-1.0) => Ok(if blocking { Some(None) } else { None }),
        Some(_) if !blocking => vm.fail("ValueError", "can't specify a timeout for a non-blocking call"),
        Some(s) if s.is_nan() => vm.fail("ValueError", "Invalid value NaN (not a number)"),
        Some(s) if s < 0.0 => vm.fail("ValueError", "timeout value must be a non-negative number"),
        Some(s) if s > TIMEOUT_MAX => vm.fail("OverflowError", "timeout value is too large"),
        Some(0.0) => Ok(None),
        Some(s) => Ok(Some(Some(Instant::now() + Duration::from_secs_f64(s)))),
    }
}

// ---- lock
struct Lock(Arc<RawLock>);
impl Payload for Lock {}

static LOCK: ClassDef = ClassDef {
    name: "_thread.lock",
    flags: WEAKREF,
    methods: &[
        BuiltinDef::new("__new__", 0, 0, |vm, a, _| Ok(vm.new_native(&a[0], Lock(Arc::default())))),
        BuiltinDef::kw("acquire", 0, 255, lock_acquire),
        BuiltinDef::kw("acquire_lock", 0, 255, lock_acquire),
        BuiltinDef::new("release", 0, 0, lock_release),
        BuiltinDef::new("release_lock", 0, 0, lock_release),
        BuiltinDef::new("locked", 0, 0, lock_locked),
        BuiltinDef::new("locked_lock", 0, 0, lock_locked),
        BuiltinDef::new("__enter__", 0, 0, lock_acquire),
        BuiltinDef::new("__exit__", 0, u8::MAX, |vm, a, _| lock_release(vm, &a[..1], Kw::NONE)),
        BuiltinDef::new("_at_fork_reinit", 0, 0, |vm, a, _| {
            vm.self_::<Lock>(&a[0])?.0.reset();
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let held = if vm.self_::<Lock>(&a[0])?.0.is_held() { "locked" } else { "unlocked" };
            Ok(vm.string(format!("<{held} _thread.lock object at {:#x}>", a[0].word().0)))
        }),
    ],
    ..ClassDef::DEFAULT
};

fn allocate(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let class = vm.native_class::<Lock>(&LOCK);
    Ok(vm.new_native(&class, Lock(Arc::default())))
}
fn lock_acquire(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let until = lock_args(vm, args, kw)?;
    let lock = vm.self_::<Lock>(&args[0])?.0.clone();
    Ok(Value::bool(vm.acquire(&lock, until)?))
}
fn lock_release(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !vm.self_::<Lock>(&args[0])?.0.release() {
        return vm.fail("RuntimeError", "release unlocked lock");
    }
    Ok(Value::NONE)
}
fn lock_locked(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    Ok(Value::bool(vm.self_::<Lock>(&args[0])?.0.is_held()))
}

// ---- RLock
struct RLock {
    lock: Arc<RawLock>,
    /// Identity of the owning thread, or 0.
    owner: Cell<u64>,
    count: Cell<u64>,
}
impl Payload for RLock {}
impl RLock {
    fn is_owned(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == ident()
    }
}

static RLOCK: ClassDef = ClassDef {
    name: "_thread.RLock",
    flags: SUBCLASS.union(WEAKREF),
    methods: &[
        BuiltinDef::kw("__new__", 0, 255, |vm, a, _| {
            Ok(vm.new_native(&a[0], RLock { lock: Arc::default(), owner: Cell::new(0), count: Cell::new(0) }))
        }),
        BuiltinDef::kw("acquire", 0, 255, rlock_acquire),
        BuiltinDef::new("release", 0, 0, rlock_release),
        BuiltinDef::new("__enter__", 0, 0, rlock_acquire),
        BuiltinDef::new("__exit__", 0, u8::MAX, |vm, a, _| rlock_release(vm, &a[..1], Kw::NONE)),
        BuiltinDef::new("locked", 0, 0, |vm, a, _| {
            Ok(Value::bool(vm.self_::<RLock>(&a[0])?.lock.is_held()))
        }),
        BuiltinDef::new("_is_owned", 0, 0, |vm, a, _| Ok(Value::bool(vm.self_::<RLock>(&a[0])?.is_owned()))),
        BuiltinDef::new("_recursion_count", 0, 0, |vm, a, _| {
            let l = vm.self_::<RLock>(&a[0])?;
            Ok(Value::small(if l.is_owned() { l.count.get() as i64 } else { 0 }))
        }),
        BuiltinDef::new("_release_save", 0, 0, |vm, a, _| {
            let l = vm.self_::<RLock>(&a[0])?;
            if l.count.get() == 0 {
                return vm.fail("RuntimeError", "cannot release un-acquired lock");
            }
            let (count, owner) = (l.count.replace(0), l.owner.replace(0));
            l.lock.release();
            let owner = vm.big(owner.into());
            Ok(vm.tuple(vec![Value::small(count as i64), owner]))
        }),
        BuiltinDef::new("_acquire_restore", 1, 1, |vm, a, _| {
            let l = vm.self_::<RLock>(&a[0])?;
            let state = vm.to_vec(&a[1])?;
            let [count, owner] = &state[..] else {
                return vm.fail("TypeError", "_acquire_restore() argument must be a pair");
            };
            let (count, owner) = (vm.c_long(count)? as u64, vm.c_long(owner)? as u64);
            let lock = l.lock.clone();
            vm.acquire(&lock, Some(None))?;
            l.count.set(count);
            l.owner.set(owner);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("_at_fork_reinit", 0, 0, |vm, a, _| {
            let l = vm.self_::<RLock>(&a[0])?;
            l.lock.reset();
            l.count.set(0);
            l.owner.set(0);
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let l = vm.self_::<RLock>(&a[0])?;
            let held = if l.count.get() > 0 { "locked" } else { "unlocked" };
            let (owner, count) = (l.owner.get(), l.count.get());
            let name = vm.type_name(&a[0]);
            let name = if name.contains('.') { name } else { format!("_thread.{name}") };
            let at = a[0].word().0;
            Ok(vm.string(format!("<{held} {name} object owner={owner} count={count} at {at:#x}>")))
        }),
    ],
    ..ClassDef::DEFAULT
};

fn rlock_acquire(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let until = lock_args(vm, args, kw)?;
    let l = vm.self_::<RLock>(&args[0])?;
    if l.is_owned() {
        l.count.set(l.count.get() + 1);
        return Ok(Value::TRUE);
    }
    let lock = l.lock.clone();
    if !vm.acquire(&lock, until)? {
        return Ok(Value::FALSE);
    }
    l.owner.set(ident());
    l.count.set(1);
    Ok(Value::TRUE)
}
fn rlock_release(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let l = vm.self_::<RLock>(&args[0])?;
    if !l.is_owned() {
        return vm.fail("RuntimeError", "cannot release un-acquired lock");
    }
    l.count.set(l.count.get() - 1);
    if l.count.get() == 0 {
        l.owner.set(0);
        l.lock.release();
    }
    Ok(Value::NONE)
}

// ---- handles and starting
const NOT_STARTED: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;

/// A thread as others see it.
#[derive(Default)]
struct Handle {
    /// NOT_STARTED, RUNNING, DONE.
    state: AtomicU32,
    ident: AtomicU64,
    os: Mutex<Option<JoinHandle<()>>>,
}
impl Handle {
    fn set_done(&self) {
        self.state.store(DONE, SeqCst);
        futex_wake(&self.state, i32::MAX);
    }
    fn is_done(&self) -> bool {
        self.state.load(SeqCst) == DONE
    }
    fn wait(&self, until: Option<Instant>) -> Sys {
        loop {
            match self.state.load(SeqCst) {
                DONE => return Ok(0),
                s => futex_wait(&self.state, s, until)?,
            };
        }
    }
    /// The system's thread ends too.
    fn reap(&self) {
        let os = self.os.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(os) = os {
            let _ = os.join();
        }
    }
}

struct ThreadHandle(Arc<Handle>);
impl Payload for ThreadHandle {}

static HANDLE: ClassDef = ClassDef {
    name: "_thread._ThreadHandle",
    methods: &[
        BuiltinDef::new("__new__", 0, 0, |vm, a, _| Ok(vm.new_native(&a[0], ThreadHandle(Arc::default())))),
        BuiltinDef::kw("join", 0, 255, join),
        BuiltinDef::new("is_done", 0, 0, |vm, a, _| Ok(Value::bool(vm.self_::<ThreadHandle>(&a[0])?.0.is_done()))),
        BuiltinDef::new("_set_done", 0, 0, |vm, a, _| {
            let h = vm.self_::<ThreadHandle>(&a[0])?.0.clone();
            if h.state.load(SeqCst) == NOT_STARTED {
                return vm.fail("RuntimeError", "thread not started");
            }
            h.set_done();
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let n = vm.self_::<ThreadHandle>(&a[0])?.0.ident.load(SeqCst);
            Ok(vm.string(format!("<_ThreadHandle object: ident={n}>")))
        }),
    ],
    getset: &[GetSet::get("ident", |vm, v| {
        let n = vm.self_::<ThreadHandle>(v)?.0.ident.load(SeqCst);
        Ok(vm.big(n.into()))
    })],
    ..ClassDef::DEFAULT
};

fn join(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [timeout] = vm.bind_args("join", ["timeout"], 0, 0, &args[1..], kw)?;
    let until = match timeout.filter(|t| !t.is_none()) {
        None => None,
        Some(t) => {
            let s = vm.float_argument(&t)?;
            if s.is_nan() {
                return vm.fail("ValueError", "Invalid value NaN (not a number)");
            }
            if s > TIMEOUT_MAX {
                return vm.fail("OverflowError", "timestamp out of range for C PyTime_t");
            }
            // Below zero: without limit.
            if s < 0.0 { None } else { Some(Instant::now() + Duration::from_secs_f64(s)) }
        }
    };
    let h = vm.self_::<ThreadHandle>(&args[0])?.0.clone();
    match h.state.load(SeqCst) {
        NOT_STARTED => return vm.fail("RuntimeError", "thread not started"),
        RUNNING if h.ident.load(SeqCst) == ident() => {
            return vm.fail("RuntimeError", "Cannot join current thread");
        }
        _ => {}
    }
    if vm.blocking(|| h.wait(until))?.is_ok() {
        vm.allow_threads(|| h.reap());
    }
    Ok(Value::NONE)
}

/// Values on their way to the thread that will own them.
struct Parcel {
    func: Value,
    args: Vec<Value>,
    names: Vec<Value>,
    values: Vec<Value>,
}
// SAFETY: opened only by a thread that holds the GIL.
unsafe impl Send for Parcel {}

fn start(vm: &mut Vm, parcel: Parcel, handle: Arc<Handle>, report: bool) -> R {
    let size = STACK + vm.state::<Threads>().stack_size;
    let id = vm.new_thread_state();
    let (pointer, gil, h) = (VmPtr(vm), vm.threads.gil(), handle.clone());
    handle.state.store(RUNNING, SeqCst);
    let os = std::thread::Builder::new().stack_size(size).spawn(move || {
        h.ident.store(ident(), SeqCst);
        let done = h.clone();
        // SAFETY: the state is ours; the VM gives the GIL only while it lives.
        unsafe { run_thread(pointer, id, &gil, move |vm| run(vm, parcel, report, &done)) };
    });
    match os {
        Ok(os) => {
            *handle.os.lock().unwrap_or_else(PoisonError::into_inner) = Some(os);
            while handle.ident.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            let threads = vm.state::<Threads>();
            threads.handles.retain(|h| h.strong_count() > 0);
            threads.handles.push(Arc::downgrade(&handle));
            Ok(())
        }
        Err(_) => {
            vm.forget_thread_state(id);
            handle.state.store(NOT_STARTED, SeqCst);
            vm.fail("RuntimeError", "can't start new thread")
        }
    }
}
/// The life of a Python thread.
fn run(vm: &mut Vm, parcel: Parcel, report: bool, handle: &Arc<Handle>) {
    let Parcel { func, args, names, values } = parcel;
    let kw = Kw { names: &names, values: &values };
    if vm.call(&func, &args, kw).is_err() {
        let e = vm.take_pending();
        let exit = vm.types.exception("SystemExit").clone();
        if !vm.is_instance(&e, &exit) && report {
            vm.unraisable(e, Some("Exception ignored in thread started by"), &func);
        } else {
            drop(e);
        }
    }
    drop((func, args, names, values));
    // What was local to this thread goes.
    let current = vm.threads.current;
    let threads = vm.state::<Threads>();
    threads.locals.retain(|l| l.strong_count() > 0);
    let locals: Vec<Rc<Locals>> = threads.locals.iter().filter_map(Weak::upgrade).collect();
    for l in locals {
        let old = l.dicts.borrow_mut().remove(&current);
        drop(old);
    }
    vm.state::<Threads>().not_daemon.retain(|h| !Arc::ptr_eq(h, handle));
    handle.set_done();
}

fn start_new(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !vm.is_callable(&args[0]) {
        return vm.fail("TypeError", "first arg must be callable");
    }
    let Some(tuple) = args[1].get::<crate::object::Tuple>() else {
        return vm.fail("TypeError", "2nd arg must be a tuple");
    };
    let (mut names, mut values) = (vec![], vec![]);
    if let Some(d) = args.get(2) {
        let Some(d) = d.get::<crate::object::Dict>() else {
            return vm.fail("TypeError", "optional 3rd arg must be a dictionary");
        };
        for (k, v) in d.iter() {
            if k.get::<crate::object::Str>().is_none() {
                return vm.fail("TypeError", "keywords must be strings");
            }
            names.push(k);
            values.push(v);
        }
    }
    let parcel = Parcel { func: args[0].clone(), args: tuple.as_slice().to_vec(), names, values };
    let handle = Arc::new(Handle::default());
    start(vm, parcel, handle.clone(), true)?;
    Ok(vm.big(handle.ident.load(SeqCst).into()))
}
fn start_joinable(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [func, handle, daemon] =
        vm.bind_args("start_joinable_thread", ["function", "handle", "daemon"], 0, 1, args, kw)?;
    let func = func.unwrap_or(Value::NONE);
    if !vm.is_callable(&func) {
        return vm.fail("TypeError", "thread function must be callable");
    }
    let handle = match handle.filter(|h| !h.is_none()) {
        Some(h) if h.native::<ThreadHandle>().is_none() => {
            return vm.fail("TypeError", "'handle' must be a _ThreadHandle");
        }
        Some(h) => h,
        None => {
            let class = vm.native_class::<ThreadHandle>(&HANDLE);
            vm.new_native(&class, ThreadHandle(Arc::default()))
        }
    };
    let daemon = vm.bool_or(&daemon, true)?;
    let h = vm.self_::<ThreadHandle>(&handle)?.0.clone();
    if h.state.load(SeqCst) != NOT_STARTED {
        return vm.fail("RuntimeError", "thread already started");
    }
    if !daemon {
        vm.state::<Threads>().not_daemon.push(h.clone());
    }
    let parcel = Parcel { func, args: vec![], names: vec![], values: vec![] };
    if let Err(e) = start(vm, parcel, h.clone(), true) {
        vm.state::<Threads>().not_daemon.retain(|x| !Arc::ptr_eq(x, &h));
        return Err(e);
    }
    Ok(handle)
}
/// Waits for the threads that are not daemons.
fn shutdown(vm: &mut Vm) -> R<Value> {
    while let Some(h) = vm.state::<Threads>().not_daemon.first().cloned() {
        if h.ident.load(SeqCst) != ident() && vm.blocking(|| h.wait(None))?.is_ok() {
            vm.allow_threads(|| h.reap());
        }
        vm.state::<Threads>().not_daemon.retain(|x| !Arc::ptr_eq(x, &h));
    }
    Ok(Value::NONE)
}
fn stack_size(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let new = match args.first() {
        Some(v) => Some(vm.c_long(v)?),
        None => None,
    };
    let old = vm.state::<Threads>().stack_size;
    match new {
        Some(n) if n < 0 => return vm.fail("ValueError", "size must be 0 or a positive value"),
        Some(n) if n != 0 && n < 0x8000 || n > 1 << 40 => {
            return vm.fail("ValueError", format!("size not valid: {n} bytes"));
        }
        Some(n) => vm.state::<Threads>().stack_size = n as usize,
        None => {}
    }
    Ok(Value::small(old as i64))
}

/// The end of a program: waits for its threads, then makes the calls registered with `atexit`.
pub fn finish(vm: &mut Vm) {
    let waited = match vm.imported("threading") {
        Some(threading) => vm.call_method(&threading, "_shutdown", &[]),
        None => shutdown(vm),
    };
    if waited.is_err() {
        let e = vm.take_pending();
        vm.unraisable(e, Some("Exception ignored on threading shutdown"), &Value::NONE);
    }
    crate::modules::atexit::run(vm);
}

/// The thread with this identity has not ended.
pub(crate) fn is_live(vm: &mut Vm, id: u64) -> bool {
    let threads = vm.state::<Threads>();
    id == ident()
        || id == threads.main_ident
        || threads.handles.iter().filter_map(ArcWeak::upgrade).any(|h| {
            h.ident.load(SeqCst) == id && h.state.load(SeqCst) == RUNNING
        })
}
/// In the child of a fork: the other threads have ended.
pub(crate) fn after_fork(vm: &mut Vm) {
    let threads = vm.state::<Threads>();
    threads.main_ident = ident();
    threads.not_daemon.clear();
    for h in threads.handles.iter().filter_map(ArcWeak::upgrade) {
        if h.ident.load(SeqCst) != ident() {
            h.set_done();
            std::mem::forget(h.os.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}
/// DeprecationWarning of a fork in a program with threads.
pub(crate) fn warn_about_fork(vm: &mut Vm, name: &str) -> R {
    if vm.threads.count() == 1 {
        return Ok(());
    }
    // SAFETY: a query.
    let pid = unsafe { libc::getpid() };
    let message = format!(
        "This process (pid={pid}) is multi-threaded, use of {name}() may lead to deadlocks in the child."
    );
    vm.warn("DeprecationWarning", message, 1)
}

// ---- thread-local data
/// The dicts of a `_local`, by thread.
#[derive(Default)]
struct Locals {
    dicts: RefCell<HashMap<u64, Value>>,
}

struct Local {
    locals: Rc<Locals>,
    args: Vec<Value>,
    names: Vec<Value>,
    values: Vec<Value>,
}
impl Payload for Local {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.args.iter().chain(&self.values).for_each(&mut *visit);
        self.locals.dicts.borrow().values().for_each(visit);
    }
    fn clear(&self) {
        let old = std::mem::take(&mut *self.locals.dicts.borrow_mut());
        drop(old);
    }
}

static LOCAL: ClassDef = ClassDef {
    name: "_thread._local",
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, 255, local_new),
        BuiltinDef::new("__getattribute__", 1, 1, |vm, a, _| {
            select_dict(vm, &a[0])?;
            match vm.generic_get_attr(&a[0], &a[1])? {
                Some(v) => Ok(v),
                None => Err(vm.no_attribute(&a[0], &a[1])),
            }
        }),
        BuiltinDef::new("__setattr__", 2, 2, |vm, a, _| {
            refuse_dict(vm, a)?;
            select_dict(vm, &a[0])?;
            vm.plain_set_attr(&a[0], &a[1], Some(a[2].clone()))?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__delattr__", 1, 1, |vm, a, _| {
            refuse_dict(vm, a)?;
            select_dict(vm, &a[0])?;
            vm.plain_set_attr(&a[0], &a[1], None)?;
            Ok(Value::NONE)
        }),
    ],
    getset: &[GetSet::get("__dict__", |vm, v| {
        select_dict(vm, v)?;
        Ok(v.extras().map_or(Value::NONE, |x| x.dict.borrow().clone()))
    })],
    ..ClassDef::DEFAULT
};

fn local_new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if args.len() > 1 || !kw.is_empty() {
        let init = vm.get_attr_str(&args[0], "__init__")?;
        let object = vm.types.object.clone();
        if init.is(&vm.get_attr_str(&object, "__init__")?) {
            return vm.fail("TypeError", "Initialization arguments are not supported");
        }
    }
    let locals = Rc::new(Locals::default());
    let dict = vm.dict();
    // The creating thread's `__init__` is called by who called the class.
    locals.dicts.borrow_mut().insert(vm.threads.current, dict);
    vm.state::<Threads>().locals.push(Rc::downgrade(&locals));
    let (names, values) = (kw.names.to_vec(), kw.values.to_vec());
    Ok(vm.new_native(&args[0], Local { locals, args: args[1..].to_vec(), names, values }))
}
fn refuse_dict(vm: &mut Vm, args: &[Value]) -> R {
    if args[1].get::<crate::object::Str>().is_some_and(|s| s.to_str() == Some("__dict__")) {
        let name = vm.type_name(&args[0]);
        return vm.fail("AttributeError", format!("'{name}' object attribute '__dict__' is read-only"));
    }
    Ok(())
}
fn set_dict(v: &Value, d: Value) {
    if let Some(x) = v.extras() {
        let old = x.dict.replace(d);
        drop(old);
    }
}
/// Makes this thread's dict the object's dict.
fn select_dict(vm: &mut Vm, v: &Value) -> R {
    let l = vm.self_::<Local>(v)?;
    let current = vm.threads.current;
    let known = l.locals.dicts.borrow().get(&current).cloned();
    if let Some(d) = known {
        set_dict(v, d);
        return Ok(());
    }
    let d = vm.dict();
    l.locals.dicts.borrow_mut().insert(current, d.clone());
    set_dict(v, d.clone());
    let class = vm.type_of(v).clone();
    let init = vm.get_attr_str(&class, "__init__")?;
    let args: Vec<Value> = std::iter::once(v.clone()).chain(l.args.iter().cloned()).collect();
    if let Err(e) = vm.call(&init, &args, Kw { names: &l.names, values: &l.values }) {
        // Tried again at the next access.
        let old = l.locals.dicts.borrow_mut().remove(&current);
        drop(old);
        return Err(e);
    }
    set_dict(v, d);
    Ok(())
}
