//! Threads: the GIL, the state of each thread, the breaker word.
//!
//! One thread at a time runs a VM: the one that holds its GIL. What belongs to a thread (its frames and data
//! stack, the exceptions under way, ...) lies in the VM's own fields while the thread runs, where the
//! interpreter and compiled code find it without an indirection; giving the GIL up swaps it out into
//! `Threads::parked`, taking the GIL swaps it in again.
//!
//! ```text
//!  thread A: run .. poll: SWITCH set? -> park(A), release ......................... take, unpark(A) .. run
//!  thread B: ................. take waits, sets SWITCH ... take, unpark(B) .. run .. poll: ...
//! ```
//!
//! The switch happens at polls of the breaker word (a waiter sets its bit after the switch interval) and
//! around blocking calls ([`Vm::allow_threads`]). A VM with one thread never touches the lock.

use crate::error::R;
use crate::frame::{DataStack, Frame};
use crate::value::{Value, Word};
use crate::vm::{RaiseAt, Vm};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The word that the interpreter polls at back edges and calls; not 0: somebody wants its attention. Other
/// threads and signal handlers set bits.
#[derive(Default)]
#[repr(transparent)]
pub struct Breaker(AtomicU64);

impl Breaker {
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    /// Sets bits. Safe in a signal handler.
    pub fn raise(&self, bits: u64) {
        self.0.fetch_or(bits, Ordering::SeqCst);
    }
    pub fn take(&self) -> u64 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// Bits of the breaker word: an interrupt from the embedder, ...
pub const BREAK_INTERRUPT: u64 = 1;
/// ... another thread waits for the GIL, ...
pub const BREAK_SWITCH: u64 = 2;
/// ... a signal has come, ...
pub const BREAK_SIGNAL: u64 = 4;
/// There are so many containers that the cycle collector should look for garbage.
pub const BREAK_COLLECT: u64 = 8;

/// The lock. Shared with threads that wait for it, which may outlive the VM.
pub struct Gil {
    state: Mutex<GilState>,
    /// The lock has become free.
    free: Condvar,
    /// Another thread has taken it.
    taken: Condvar,
}

struct GilState {
    held: bool,
    waiting: usize,
    /// Counts the takings.
    switches: u64,
    interval: Duration,
    /// The VM's breaker; null once the VM has ended. Threads that want to run then wait for ever.
    breaker: *const Breaker,
}

// SAFETY: the pointer is used under the lock only, and nulled before the VM goes.
unsafe impl Send for GilState {}

impl Gil {
    fn new() -> Arc<Gil> {
        let state = GilState {
            held: true,
            waiting: 0,
            switches: 1,
            interval: Duration::from_millis(5),
            breaker: std::ptr::null(),
        };
        Arc::new(Gil { state: Mutex::new(state), free: Condvar::new(), taken: Condvar::new() })
    }
    fn lock(&self) -> MutexGuard<'_, GilState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn take(&self) {
        let mut s = self.lock();
        s.waiting += 1;
        loop {
            if s.breaker.is_null() {
                // The VM has ended: what this thread would do next can no longer be done.
                drop(s);
                loop {
                    std::thread::park();
                }
            }
            if !s.held {
                break;
            }
            let (seen, interval) = (s.switches, s.interval);
            s = self.free.wait_timeout(s, interval).unwrap_or_else(PoisonError::into_inner).0;
            if s.held && s.switches == seen && !s.breaker.is_null() {
                // SAFETY: not null: the VM lives.
                unsafe { (*s.breaker).raise(BREAK_SWITCH) };
            }
        }
        s.waiting -= 1;
        s.held = true;
        s.switches += 1;
        drop(s);
        self.taken.notify_all();
    }
    fn release(&self) {
        self.lock().held = false;
        self.free.notify_one();
    }
    /// Lets a waiting thread have it; without one, keeps it.
    fn yield_to_waiter(&self) -> bool {
        let mut s = self.lock();
        if s.waiting == 0 {
            return false;
        }
        s.held = false;
        let seen = s.switches;
        self.free.notify_one();
        while s.switches == seen && s.waiting > 0 {
            s = self.taken.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }
}

/// What belongs to one thread, while another runs.
pub(crate) struct ThreadState {
    id: u64,
    frame: *mut Frame,
    stack_limit: *mut Word,
    depth_left: u32,
    pending: Option<Value>,
    handled: Value,
    running: *const crate::object::Generator,
    raise_at: RaiseAt,
    reraising: bool,
    reraise_lasti: Option<u32>,
    stop_seen: Option<Value>,
    native_stack_limit: usize,
    result: Option<R<Value>>,
    in_callback: bool,
    pub(crate) tracing: crate::trace::Tracing,
    call_heard: Option<crate::monitor::CallHeard>,
    stack: DataStack,
}

/// The threads of a VM.
pub struct Threads {
    gil: Arc<Gil>,
    /// The thread that runs, and the one the VM was made by.
    pub current: u64,
    pub main: u64,
    next: u64,
    parked: HashMap<u64, ThreadState>,
    /// How many there are, this one included.
    count: usize,
}

impl Default for Threads {
    fn default() -> Threads {
        Threads { gil: Gil::new(), current: 1, main: 1, next: 1, parked: HashMap::new(), count: 1 }
    }
}

impl Threads {
    pub fn count(&self) -> usize {
        self.count
    }
    pub fn is_main(&self) -> bool {
        self.current == self.main
    }
    /// The topmost frames of the threads that do not run now.
    pub fn parked_frames(&self) -> impl Iterator<Item = (u64, *mut Frame)> {
        self.parked.values().map(|t| (t.id, t.frame))
    }
    /// Does one of the threads that do not run now wait inside a callback?
    pub(crate) fn any_in_callback(&self) -> bool {
        self.parked.values().any(|t| t.in_callback)
    }
    /// The other threads' trace and profile functions.
    pub(crate) fn parked_tracing(&mut self) -> impl Iterator<Item = &mut crate::trace::Tracing> {
        self.parked.values_mut().map(|t| &mut t.tracing)
    }
    pub fn switch_interval(&self) -> Duration {
        self.gil.lock().interval
    }
    pub fn set_switch_interval(&self, interval: Duration) {
        self.gil.lock().interval = interval;
    }
    /// The VM has reached its address.
    pub(crate) fn start(&self, breaker: &Breaker) {
        self.gil.lock().breaker = breaker;
    }
    /// The VM ends: threads that still wait never run again, and what they own stays where it is.
    pub(crate) fn end(&mut self) {
        self.gil.lock().breaker = std::ptr::null();
        self.gil.free.notify_all();
        for (_, t) in self.parked.drain() {
            std::mem::forget(t);
        }
    }
}

/// A VM on its way to another thread, which touches it only while it holds the GIL.
pub(crate) struct VmPtr(pub *mut Vm);
// SAFETY: as said above.
unsafe impl Send for VmPtr {}

impl Vm {
    /// Runs `f`, which waits for the world outside and touches no object, while other threads run Python.
    pub fn allow_threads<T>(&mut self, f: impl FnOnce() -> T) -> T {
        if self.threads.count == 1 {
            return f();
        }
        let vm: *mut Vm = self;
        let (id, gil) = (self.threads.current, self.threads.gil.clone());
        // SAFETY: the VM outlives its threads' use of it; in between, only `f` runs here.
        unsafe {
            park(vm);
            gil.release();
            let r = f();
            gil.take();
            unpark(vm, id);
            r
        }
    }

    /// Lets another thread run, if one waits.
    pub(crate) fn switch_threads(&mut self) {
        let vm: *mut Vm = self;
        let (id, gil) = (self.threads.current, self.threads.gil.clone());
        // SAFETY: as in `allow_threads`.
        unsafe {
            park(vm);
            if gil.yield_to_waiter() {
                gil.take();
            }
            unpark(vm, id);
        }
    }

    /// Makes the state of a thread about to start; answers its number.
    pub(crate) fn new_thread_state(&mut self) -> u64 {
        self.threads.next += 1;
        self.threads.count += 1;
        let id = self.threads.next;
        let mut stack = DataStack::new(self.options.stack_words);
        let state = ThreadState {
            id,
            frame: crate::vm::base_frame(&mut stack),
            stack_limit: stack.limit(),
            depth_left: self.options.recursion_limit,
            pending: None,
            handled: Value::NONE,
            running: std::ptr::null(),
            raise_at: RaiseAt::EndUnit,
            reraising: false,
            reraise_lasti: None,
            stop_seen: None,
            native_stack_limit: 0,
            result: None,
            in_callback: false,
            tracing: Default::default(),
            call_heard: None,
            stack,
        };
        self.threads.parked.insert(id, state);
        id
    }
    /// The thread could not be started.
    pub(crate) fn forget_thread_state(&mut self, id: u64) {
        self.threads.parked.remove(&id);
        self.threads.count -= 1;
    }
    /// After a fork: the other threads are not in this process. What they own stays where it is.
    pub(crate) fn forget_other_threads(&mut self) {
        for (_, t) in self.threads.parked.drain() {
            std::mem::forget(t);
        }
        let interval = Duration::from_millis(5);
        self.threads.gil = Gil::new();
        self.threads.gil.lock().interval = interval;
        let breaker: *const Breaker = &self.breaker;
        self.threads.gil.lock().breaker = breaker;
        self.threads.count = 1;
        self.threads.main = self.threads.current;
    }
}

/// The life of a thread: waits for the GIL, runs `body`, gives its state up.
///
/// # Safety
/// `vm` points at the VM whose `new_thread_state` answered `id`; nobody else uses `id`.
pub(crate) unsafe fn run_thread(vm: VmPtr, id: u64, gil: &Gil, body: impl FnOnce(&mut Vm)) {
    let vm = vm.0;
    // SAFETY: with the GIL this thread alone uses the VM; a VM that has ended gives no GIL.
    unsafe {
        gil.take();
        unpark(vm, id);
        body(&mut *vm);
        (*vm).stop_tracing();
        park(vm);
        let state = (*vm).threads.parked.remove(&id);
        (*vm).threads.count -= 1;
        drop(state);
        gil.release();
    }
}

impl Threads {
    pub(crate) fn gil(&self) -> Arc<Gil> {
        self.gil.clone()
    }
}

/// Swaps the running thread's state out.
///
/// # Safety
/// The caller holds the GIL and will not touch the VM before `unpark`.
#[inline(never)]
unsafe fn park(vm: *mut Vm) {
    // SAFETY: the caller's promise.
    let vm = unsafe { &mut *vm };
    let id = vm.threads.current;
    let state = ThreadState {
        id,
        frame: vm.frame,
        stack_limit: vm.stack_limit,
        depth_left: vm.depth_left,
        pending: vm.pending.take(),
        handled: std::mem::replace(&mut vm.handled, Value::NONE),
        running: std::mem::replace(&mut vm.running, std::ptr::null()),
        raise_at: vm.raise_at,
        reraising: vm.reraising,
        reraise_lasti: vm.reraise_lasti,
        stop_seen: vm.stop_seen.take(),
        native_stack_limit: vm.native_stack_limit,
        result: vm.result.take(),
        in_callback: vm.in_callback,
        tracing: std::mem::take(&mut vm.tracing),
        call_heard: vm.call_heard.take(),
        stack: std::mem::replace(&mut vm.stack, DataStack::new(0)),
    };
    vm.threads.parked.insert(id, state);
}

/// Swaps a thread's state in.
///
/// # Safety
/// The caller holds the GIL, is thread `id`, and its state is parked.
#[inline(never)]
unsafe fn unpark(vm: *mut Vm, id: u64) {
    // SAFETY: the caller's promise.
    let vm = unsafe { &mut *vm };
    let Some(t) = vm.threads.parked.remove(&id) else { return };
    vm.frame = t.frame;
    vm.stack_limit = t.stack_limit;
    vm.depth_left = t.depth_left;
    vm.pending = t.pending;
    vm.handled = t.handled;
    vm.running = t.running;
    vm.raise_at = t.raise_at;
    vm.reraising = t.reraising;
    vm.reraise_lasti = t.reraise_lasti;
    vm.stop_seen = t.stop_seen;
    vm.native_stack_limit = t.native_stack_limit;
    vm.result = t.result;
    vm.in_callback = t.in_callback;
    vm.tracing = t.tracing;
    vm.call_heard = t.call_heard;
    vm.stack = t.stack;
    vm.threads.current = id;
    if vm.threads.is_main() && crate::modules::signal::is_pending() {
        vm.breaker.raise(BREAK_SIGNAL);
    }
}
