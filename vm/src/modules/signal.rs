//! Module `_signal`, and signals in general.
//!
//! The handler that the system calls only notes the signal and raises a bit of the breaker word; the Python
//! handler runs at the next poll of the main thread, or when a waiting call was interrupted (PEP 475).
//!
//! Signals belong to the process: the VM that installed a handler last is the one that hears them.

use crate::error::R;
use crate::modules::posix::signal_set;
use crate::modules::posix::sys::sys;
use crate::object::{BuiltinDef, Kw};
use crate::thread::{BREAK_SIGNAL, Breaker};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, c_int};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering::SeqCst};

/// One more than the largest signal.
const NSIG: usize = 65;
const SIG_DFL: i64 = 0;
const SIG_IGN: i64 = 1;

/// Signals that have come since the main thread last looked.
static CAME: [AtomicBool; NSIG] = [const { AtomicBool::new(false) }; NSIG];
static PENDING: AtomicBool = AtomicBool::new(false);
static BREAKER: AtomicPtr<Breaker> = AtomicPtr::new(std::ptr::null_mut());
/// System handlers that are at work: the VM does not go meanwhile.
static AT_WORK: AtomicU32 = AtomicU32::new(0);
/// Where each signal's number is written, or -1.
static WAKEUP: AtomicI32 = AtomicI32::new(-1);
/// Why the last write there failed, or 0.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);

/// The Python handlers of a VM.
pub(crate) struct Handlers {
    /// By signal: a callable, SIG_DFL, SIG_IGN, or None for one that is not Python's.
    by_signal: Vec<Value>,
    default_int: Value,
    warn_on_full: bool,
}
impl Default for Handlers {
    fn default() -> Handlers {
        let mut by_signal = vec![Value::NONE; NSIG];
        for (n, slot) in by_signal.iter_mut().enumerate().skip(1) {
            // SAFETY: a query; zeroes are a valid buffer.
            let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
            if sys!(libc::sigaction(n as c_int, std::ptr::null(), &mut now)).is_ok() {
                match now.sa_sigaction {
                    libc::SIG_DFL => *slot = Value::small(SIG_DFL),
                    libc::SIG_IGN => *slot = Value::small(SIG_IGN),
                    _ => {}
                }
            }
        }
        Handlers { by_signal, default_int: Value::NONE, warn_on_full: true }
    }
}

extern "C" fn on_signal(signal: c_int) {
    // SAFETY: errno is this thread's.
    let saved = unsafe { *libc::__errno_location() };
    note(signal);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = saved };
}
/// What a system handler may do: atomics and write().
fn note(signal: c_int) {
    if let Some(flag) = CAME.get(signal as usize) {
        flag.store(true, SeqCst);
    }
    PENDING.store(true, SeqCst);
    AT_WORK.fetch_add(1, SeqCst);
    let breaker = BREAKER.load(SeqCst);
    if !breaker.is_null() {
        // SAFETY: a VM that goes nulls the pointer and then waits for AT_WORK to be 0.
        unsafe { (*breaker).raise(BREAK_SIGNAL) };
    }
    AT_WORK.fetch_sub(1, SeqCst);
    let fd = WAKEUP.load(SeqCst);
    if fd >= 0 {
        let byte = signal as u8;
        if let Err(e) = sys!(libc::write(fd, (&raw const byte).cast(), 1)) {
            WAKEUP_ERROR.store(e, SeqCst);
        }
    }
}

/// A signal has come and its Python handler has not run yet.
pub(crate) fn is_pending() -> bool {
    PENDING.load(SeqCst)
}
/// The VM ends: it hears no more signals.
pub(crate) fn forget(vm: &mut Vm) {
    let own: *const Breaker = &vm.breaker;
    if BREAKER.compare_exchange(own.cast_mut(), std::ptr::null_mut(), SeqCst, SeqCst).is_ok() {
        WAKEUP.store(-1, SeqCst);
        while AT_WORK.load(SeqCst) != 0 {
            std::hint::spin_loop();
        }
    }
}
/// In the child of a fork: signals that came before are the parent's.
pub(crate) fn after_fork(_vm: &mut Vm) {
    PENDING.store(false, SeqCst);
    CAME.iter().for_each(|f| f.store(false, SeqCst));
}

/// For a thread of the process that runs no Python: signals go to the others.
pub fn leave_to_other_threads() {
    // SAFETY: a full set, for this thread.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
}

/// What the command does at its start: Ctrl-C raises KeyboardInterrupt; broken pipes are errors.
pub fn install(vm: &mut Vm) {
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: ignoring a signal.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let handlers = vm.state::<Handlers>();
    let at = libc::SIGINT as usize;
    if handlers.by_signal[at].is(&Value::small(SIG_DFL)) {
        let f = default_int(vm);
        vm.state::<Handlers>().by_signal[at] = f;
        let _ = set_system_handler(vm, libc::SIGINT, on_signal as *const () as usize);
    }
}

fn set_system_handler(vm: &mut Vm, signal: c_int, handler: usize) -> Result<i64, i32> {
    BREAKER.store((&raw const vm.breaker).cast_mut(), SeqCst);
    // SAFETY: our handler does only what a handler may; without SA_RESTART, so that waiting calls end.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigemptyset(&mut action.sa_mask);
        action.sa_flags = libc::SA_ONSTACK;
        sys!(libc::sigaction(signal, &action, std::ptr::null_mut()))
    }
}

impl Vm {
    /// Runs the Python handlers of the signals that have come, in the main thread.
    pub fn check_signals(&mut self) -> R {
        if !PENDING.load(SeqCst) || !self.threads.is_main() {
            return Ok(());
        }
        PENDING.store(false, SeqCst);
        let failed = WAKEUP_ERROR.swap(0, SeqCst);
        if failed != 0 && self.state::<Handlers>().warn_on_full {
            let e = self.os_error(failed, &[]);
            let _ = e;
            let e = self.take_pending();
            self.unraisable(e, Some("Exception ignored when trying to write to the signal wakeup fd"), &Value::NONE);
        }
        for (n, flag) in CAME.iter().enumerate() {
            if !flag.swap(false, SeqCst) {
                continue;
            }
            let handler = self.state::<Handlers>().by_signal[n].clone();
            if handler.is_none() || handler.word().is_int() {
                if n == libc::SIGINT as usize && handler.is_none() {
                    return Err(self.raise_type("KeyboardInterrupt", vec![]));
                }
                continue;
            }
            let frame = Value::NONE;
            if let Err(e) = self.call(&handler, &[Value::small(n as i64), frame], Kw::NONE) {
                // The others wait for the next poll.
                if CAME.iter().any(|f| f.load(SeqCst)) {
                    PENDING.store(true, SeqCst);
                    self.breaker.raise(BREAK_SIGNAL);
                }
                return Err(e);
            }
        }
        Ok(())
    }
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("default_int_handler", 2, 2, |vm, _, _| Err(vm.raise_type("KeyboardInterrupt", vec![]))),
    BuiltinDef::new("signal", 2, 2, signal),
    BuiltinDef::new("getsignal", 1, 1, |vm, a, _| {
        let n = signal_number(vm, &a[0])?;
        Ok(vm.state::<Handlers>().by_signal[n as usize].clone())
    }),
    BuiltinDef::new("strsignal", 1, 1, |vm, a, _| {
        let n = signal_number(vm, &a[0])?;
        // SAFETY: answers a text or null.
        let text = unsafe { libc::strsignal(n) };
        if text.is_null() {
            return Ok(Value::NONE);
        }
        // SAFETY: a C string.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        Ok(if text.starts_with("Unknown signal") { Value::NONE } else { vm.string(text) })
    }),
    BuiltinDef::new("raise_signal", 1, 1, |vm, a, _| {
        let n = vm.c_int(&a[0])?;
        vm.ok(sys!(libc::raise(n)))?;
        vm.check_signals()?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("alarm", 1, 1, |vm, a, _| {
        let n = vm.c_int(&a[0])?;
        // SAFETY: cannot fail.
        Ok(Value::small(unsafe { libc::alarm(n as u32) } as i64))
    }),
    BuiltinDef::new("pause", 0, 0, |vm, _, _| {
        let _ = vm.allow_threads(|| sys!(libc::pause()));
        vm.check_signals()?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("siginterrupt", 2, 2, |vm, a, _| {
        let (n, on) = (signal_number(vm, &a[0])?, vm.truthy(&a[1])?);
        // SAFETY: zeroes are a valid buffer, filled by the first call.
        let r = unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            sys!(libc::sigaction(n, std::ptr::null(), &mut now)).and_then(|_| {
                now.sa_flags = if on { now.sa_flags & !libc::SA_RESTART } else { now.sa_flags | libc::SA_RESTART };
                sys!(libc::sigaction(n, &now, std::ptr::null_mut()))
            })
        };
        vm.none(r)
    }),
    BuiltinDef::new("setitimer", 2, 3, setitimer),
    BuiltinDef::new("getitimer", 1, 1, |vm, a, _| {
        let which = vm.c_int(&a[0])?;
        let mut now = NO_TIME;
        let r = sys!(libc::getitimer(which as _, &mut now));
        timer_ok(vm, r)?;
        Ok(timer_value(vm, &now))
    }),
    BuiltinDef::kw("set_wakeup_fd", 0, 255, set_wakeup_fd),
    BuiltinDef::new("pthread_sigmask", 2, 2, |vm, a, _| {
        let (how, set) = (vm.c_int(&a[0])?, signal_set(vm, &a[1])?);
        // SAFETY: zeroes are a valid set.
        let mut old: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: sets of ours; it answers the error itself.
        let e = unsafe { libc::pthread_sigmask(how, &set, &mut old) };
        if e != 0 {
            return Err(vm.os_error(e, &[]));
        }
        vm.check_signals()?;
        set_value(vm, &old)
    }),
    BuiltinDef::new("pthread_kill", 2, 2, |vm, a, _| {
        let (thread, n) = (vm.c_long(&a[0])?, vm.c_int(&a[1])?);
        if !crate::modules::thread::is_live(vm, thread as u64) {
            return Err(vm.os_error(libc::ESRCH, &[]));
        }
        // SAFETY: the thread is one of ours that has not ended.
        let e = unsafe { libc::pthread_kill(thread as libc::pthread_t, n) };
        if e != 0 {
            return Err(vm.os_error(e, &[]));
        }
        vm.check_signals()?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("pidfd_send_signal", 2, 4, |vm, a, _| {
        let (fd, n) = (vm.c_int(&a[0])?, vm.c_int(&a[1])?);
        let flags = vm.int_or(&a.get(3).cloned(), 0)?;
        if a.get(2).is_some_and(|v| !v.is_none()) {
            return vm.fail("TypeError", "siginfo must be None");
        }
        vm.none(sys!(libc::syscall(libc::SYS_pidfd_send_signal, fd, n, std::ptr::null::<u8>(), flags)))
    }),
    BuiltinDef::new("sigpending", 0, 0, |vm, _, _| {
        // SAFETY: zeroes are a valid set.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        vm.ok(sys!(libc::sigpending(&mut set)))?;
        set_value(vm, &set)
    }),
    BuiltinDef::new("valid_signals", 0, 0, |vm, _, _| {
        // SAFETY: zeroes are a valid set.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        vm.ok(sys!(libc::sigfillset(&mut set)))?;
        set_value(vm, &set)
    }),
    BuiltinDef::new("sigwait", 1, 1, |vm, a, _| {
        let set = signal_set(vm, &a[0])?;
        let mut n = 0;
        let r = vm.blocking(|| {
            // SAFETY: a set of ours; it answers the error itself.
            match unsafe { libc::sigwait(&set, &mut n) } {
                0 => Ok(0),
                e => Err(e),
            }
        })?;
        vm.ok(r)?;
        Ok(Value::small(n as i64))
    }),
    BuiltinDef::new("sigwaitinfo", 1, 1, |vm, a, _| {
        let set = signal_set(vm, &a[0])?;
        // SAFETY: zeroes are a valid buffer.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let r = vm.blocking(|| sys!(libc::sigwaitinfo(&set, &mut info)))?;
        vm.ok(r)?;
        Ok(info_value(vm, &info))
    }),
    BuiltinDef::new("sigtimedwait", 2, 2, |vm, a, _| {
        let set = signal_set(vm, &a[0])?;
        let limit = crate::modules::time::duration(vm, &a[1])?;
        let Some(limit) = limit else {
            return vm.fail("ValueError", "timeout must be non-negative");
        };
        let end = std::time::Instant::now() + limit;
        // SAFETY: zeroes are a valid buffer.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let r = vm.blocking(|| {
            let left = end.saturating_duration_since(std::time::Instant::now());
            let left = libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos() as i64 };
            sys!(libc::sigtimedwait(&set, &mut info, &left))
        })?;
        if r == Err(libc::EAGAIN) {
            return Ok(Value::NONE);
        }
        vm.ok(r)?;
        Ok(info_value(vm, &info))
    }),
];

static SIGINFO: StructSeq = StructSeq::new(
    "signal.struct_siginfo",
    &["si_signo", "si_code", "si_errno", "si_pid", "si_uid", "si_status", "si_band"],
    7,
);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_signal", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    let info = vm.struct_class(&SIGINFO);
    vm.set_global(&m, "struct_siginfo", info);
    let error = itimer_error(vm)?;
    vm.set_global(&m, "ItimerError", error);
    let f = default_int(vm);
    vm.set_global(&m, "default_int_handler", f);
    Ok(m)
}

/// `signal.ItimerError`.
fn itimer_error(vm: &mut Vm) -> R<Value> {
    #[derive(Default)]
    struct Class(Option<Value>);
    if let Some(c) = &vm.state::<Class>().0 {
        return Ok(c.clone());
    }
    let base = vm.types.exception("OSError").clone();
    let c = vm.new_exception_class("signal.itimer_error", &base)?;
    vm.state::<Class>().0 = Some(c.clone());
    Ok(c)
}
/// The one function object of the default handler of SIGINT.
fn default_int(vm: &mut Vm) -> Value {
    let f = vm.state::<Handlers>().default_int.clone();
    if !f.is_none() {
        return f;
    }
    let module = vm.intern("_signal");
    let ty = vm.types.builtin_function.clone();
    let f = crate::object::Builtin::new(&ty, &FUNCTIONS[0], Value::NULL, Value::NULL, module);
    vm.state::<Handlers>().default_int = f.clone();
    f
}

fn signal_number(vm: &mut Vm, v: &Value) -> R<c_int> {
    let n = vm.c_int(v)?;
    if n < 1 || n as usize >= NSIG {
        return vm.fail("ValueError", "signal number out of range");
    }
    Ok(n)
}

fn signal(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let n = vm.c_int(&args[0])?;
    if !vm.threads.is_main() {
        return vm.fail("ValueError", "signal only works in main thread of the main interpreter");
    }
    let n = signal_number(vm, &Value::small(n as i64))?;
    let (handler, system) = match &args[1] {
        v if vm.is_callable(v) => (v.clone(), on_signal as *const () as usize),
        v if crate::runtime::is_int(v) => match vm.index(v)? {
            SIG_DFL => (Value::small(SIG_DFL), libc::SIG_DFL),
            SIG_IGN => (Value::small(SIG_IGN), libc::SIG_IGN),
            _ => return bad_handler(vm),
        },
        _ => return bad_handler(vm),
    };
    vm.check_signals()?;
    let r = set_system_handler(vm, n, system);
    vm.ok(r)?;
    Ok(std::mem::replace(&mut vm.state::<Handlers>().by_signal[n as usize], handler))
}
fn bad_handler(vm: &mut Vm) -> R<Value> {
    vm.fail("TypeError", "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
}

/// `_thread.interrupt_main`: as if the signal had come.
pub(crate) fn simulate(vm: &mut Vm, v: &Value) -> R<Value> {
    let n = signal_number(vm, v)?;
    let handler = vm.state::<Handlers>().by_signal[n as usize].clone();
    if !handler.word().is_int() {
        BREAKER.store((&raw const vm.breaker).cast_mut(), SeqCst);
        note(n);
    }
    Ok(Value::NONE)
}

fn set_wakeup_fd(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [fd, warn] = vm.bind_args_kwonly("set_wakeup_fd", ["fd", "warn_on_full_buffer"], 1, 1, args, kw)?;
    let fd = vm.c_int(&fd.unwrap_or(Value::NONE))?;
    let warn = vm.bool_or(&warn, true)?;
    if !vm.threads.is_main() {
        return vm.fail("ValueError", "set_wakeup_fd only works in main thread of the main interpreter");
    }
    if fd != -1 {
        let flags = vm.ok(sys!(libc::fcntl(fd, libc::F_GETFL)))?;
        if flags as c_int & libc::O_NONBLOCK == 0 {
            return vm.fail("ValueError", format!("the fd {fd} must be in non-blocking mode"));
        }
    }
    vm.state::<Handlers>().warn_on_full = warn;
    Ok(Value::small(WAKEUP.swap(fd, SeqCst) as i64))
}

// ---- timers
const NO_TIME: libc::itimerval = libc::itimerval {
    it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
    it_value: libc::timeval { tv_sec: 0, tv_usec: 0 },
};
fn timer_ok(vm: &mut Vm, r: Result<i64, i32>) -> R {
    let Err(e) = r else { return Ok(()) };
    let class = itimer_error(vm)?;
    let text = vm.string(crate::modules::posix::sys::strerror(e));
    let x = vm.call(&class, &[Value::small(e as i64), text], Kw::NONE)?;
    Err(vm.raise_value(x))
}
fn timer_value(vm: &mut Vm, t: &libc::itimerval) -> Value {
    let seconds = |t: &libc::timeval| Value::float(t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    vm.tuple(vec![seconds(&t.it_value), seconds(&t.it_interval)])
}
fn setitimer(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let which = vm.c_int(&args[0])?;
    let mut new = NO_TIME;
    for (slot, v) in [(&mut new.it_value, args.get(1)), (&mut new.it_interval, args.get(2))] {
        if let Some(v) = v {
            let t = crate::modules::posix::time_spec(vm, v)?;
            // Rounded up: a time that is not 0 must not become it.
            let micros = (t.tv_nsec + 999) / 1000;
            slot.tv_sec = t.tv_sec + micros / 1_000_000;
            slot.tv_usec = micros % 1_000_000;
        }
    }
    let mut old = NO_TIME;
    let r = sys!(libc::setitimer(which as _, &new, &mut old));
    timer_ok(vm, r)?;
    Ok(timer_value(vm, &old))
}

// ---- sets
fn set_value(vm: &mut Vm, set: &libc::sigset_t) -> R<Value> {
    let mut all = vec![];
    for n in 1..NSIG as c_int {
        // SAFETY: an initialised set; 0 or -1 for what it does not hold.
        if unsafe { libc::sigismember(set, n) } == 1 {
            all.push(Value::small(n as i64));
        }
    }
    let (all, class) = (vm.list(all), vm.types.set.clone());
    vm.call(&class, &[all], Kw::NONE)
}
fn info_value(vm: &mut Vm, i: &libc::siginfo_t) -> Value {
    // SAFETY: fields of a union of plain numbers.
    let (pid, uid, status) = unsafe { (i.si_pid(), i.si_uid(), i.si_status()) };
    let v = [i.si_signo as i64, i.si_code as i64, i.si_errno as i64, pid as i64, uid as i64, status as i64, 0];
    vm.struct_seq(&SIGINFO, v.map(Value::small).to_vec())
}

static CONSTANTS: &[(&str, i64)] = &[
    ("ITIMER_PROF", libc::ITIMER_PROF as i64),
    ("ITIMER_REAL", libc::ITIMER_REAL as i64),
    ("ITIMER_VIRTUAL", libc::ITIMER_VIRTUAL as i64),
    ("NSIG", 65),
    ("SIGABRT", libc::SIGABRT as i64),
    ("SIGALRM", libc::SIGALRM as i64),
    ("SIGBUS", libc::SIGBUS as i64),
    ("SIGCHLD", libc::SIGCHLD as i64),
    ("SIGCLD", 17),
    ("SIGCONT", libc::SIGCONT as i64),
    ("SIGFPE", libc::SIGFPE as i64),
    ("SIGHUP", libc::SIGHUP as i64),
    ("SIGILL", libc::SIGILL as i64),
    ("SIGINT", libc::SIGINT as i64),
    ("SIGIO", libc::SIGIO as i64),
    ("SIGIOT", libc::SIGIOT as i64),
    ("SIGKILL", libc::SIGKILL as i64),
    ("SIGPIPE", libc::SIGPIPE as i64),
    ("SIGPOLL", libc::SIGPOLL as i64),
    ("SIGPROF", libc::SIGPROF as i64),
    ("SIGPWR", libc::SIGPWR as i64),
    ("SIGQUIT", libc::SIGQUIT as i64),
    ("SIGRTMAX", 64),
    ("SIGRTMIN", 34),
    ("SIGSEGV", libc::SIGSEGV as i64),
    ("SIGSTKFLT", libc::SIGSTKFLT as i64),
    ("SIGSTOP", libc::SIGSTOP as i64),
    ("SIGSYS", libc::SIGSYS as i64),
    ("SIGTERM", libc::SIGTERM as i64),
    ("SIGTRAP", libc::SIGTRAP as i64),
    ("SIGTSTP", libc::SIGTSTP as i64),
    ("SIGTTIN", libc::SIGTTIN as i64),
    ("SIGTTOU", libc::SIGTTOU as i64),
    ("SIGURG", libc::SIGURG as i64),
    ("SIGUSR1", libc::SIGUSR1 as i64),
    ("SIGUSR2", libc::SIGUSR2 as i64),
    ("SIGVTALRM", libc::SIGVTALRM as i64),
    ("SIGWINCH", libc::SIGWINCH as i64),
    ("SIGXCPU", libc::SIGXCPU as i64),
    ("SIGXFSZ", libc::SIGXFSZ as i64),
    ("SIG_BLOCK", libc::SIG_BLOCK as i64),
    ("SIG_DFL", libc::SIG_DFL as i64),
    ("SIG_IGN", libc::SIG_IGN as i64),
    ("SIG_SETMASK", libc::SIG_SETMASK as i64),
    ("SIG_UNBLOCK", libc::SIG_UNBLOCK as i64),
];
