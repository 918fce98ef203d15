//! The cycle collector: trial deletion by reference counts, as CPython does it.
//!
//! Reference counting frees everything but cycles. A collection subtracts, for every container, the
//! references that containers hold from the counts of what they refer to. What is left above zero is
//! referred to from elsewhere (the data stack, Rust, an atom) and alive, with all that it reaches; the rest
//! is garbage:
//!
//! 1. Weak references to it are emptied; the callbacks of references that live on run.
//! 2. Finalisers run, once per object; suspended generators are closed.
//! 3. What the finalisers have made reachable again is spared.
//! 4. What can close a cycle is cleared; counting does the rest.
//!
//! While the tables of a collection exist nothing is allocated from the heap or freed, so no Python runs.
//! Collections happen where the interpreter polls the breaker word, and on `gc.collect()`: at both no object
//! is borrowed.

use crate::object::heap::{self, HeapHandle};
use crate::object::traverse::{clear, contents, orphan, traverse};
use crate::object::{Dict, GenState, Generator, Header, Kind, Kw, List, Type, header_flags};
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::collections::HashSet;

/// `gc.DEBUG_*`
pub const DEBUG_STATS: i64 = 1;
pub const DEBUG_COLLECTABLE: i64 = 2;
pub const DEBUG_UNCOLLECTABLE: i64 = 4;
pub const DEBUG_SAVEALL: i64 = 32;

/// In an object's header: `gc.freeze()` has put it out of the collector's sight.
const FROZEN: u8 = 64;

/// What `gc.get_stats()` tells of a generation.
#[derive(Clone, Copy, Default)]
pub struct Stats {
    pub collections: usize,
    pub collected: usize,
    pub uncollectable: usize,
}

/// State of the collector and of module `gc`.
pub struct Gc {
    pub enabled: bool,
    pub thresholds: [i64; 3],
    pub debug: i64,
    pub stats: [Stats; 3],
    /// Containers after the last collection.
    pub base: usize,
    /// Lists, made with the module; NULL until then.
    pub garbage: Value,
    pub callbacks: Value,
    collecting: bool,
}

impl Default for Gc {
    fn default() -> Gc {
        Gc {
            enabled: true,
            thresholds: [2000, 10, 10],
            debug: 0,
            stats: Default::default(),
            base: 0,
            garbage: Value::NULL,
            callbacks: Value::NULL,
            collecting: false,
        }
    }
}

/// An entry of the tables: 0: not looked at; else the references left, plus one, and the mark.
const REACHED: u32 = 1 << 31;
const COUNT: u32 = REACHED - 1;

/// The objects that only refer to each other. The tables are gone when it returns.
///
/// `all`: every object counts, not only containers. `only`: look at these alone, to each of which one
/// reference is held by the caller.
fn unreachable(heap: &HeapHandle, all: bool, only: Option<&[Value]>) -> Vec<*mut Header> {
    heap.make_tables(all);
    let candidates = |f: &mut dyn FnMut(*mut Header)| match only {
        Some(values) => values.iter().for_each(|v| f(v.word().header())),
        None => heap.walk(all, f),
    };
    // SAFETY: objects of the heap; nothing is allocated or freed until the tables go.
    unsafe {
        let held = only.is_some() as u64;
        candidates(&mut |h| {
            if (*h).flags() & FROZEN == 0
                && let Some(e) = heap::entry(h)
            {
                *e = ((*h).count() - held + 1).min(COUNT as u64) as u32;
            }
        });
        let mut look = |v: &Value| {
            if v.word().is_ptr()
                && let Some(e) = heap::entry(v.word().header())
                && *e != 0
            {
                debug_assert!(*e > 1, "{v:?} is shown more often than it is referred to");
                // More references than are counted: it stays.
                *e = if *e > 1 && *e < COUNT { *e - 1 } else { COUNT };
            }
        };
        candidates(&mut |h| {
            if heap::entry(h).is_some_and(|e| *e != 0) {
                traverse(h, &mut look)
            }
        });
        let mut found: Vec<*mut Header> = vec![];
        candidates(&mut |h| {
            if let Some(e) = heap::entry(h)
                && *e != 0
                && *e & COUNT != 1
                && *e & REACHED == 0
            {
                *e |= REACHED;
                found.push(h);
                while let Some(h) = found.pop() {
                    traverse(h, &mut |v| {
                        if v.word().is_ptr()
                            && let Some(e) = heap::entry(v.word().header())
                            && *e != 0
                            && *e & REACHED == 0
                        {
                            *e |= REACHED;
                            found.push(v.word().header());
                        }
                    });
                }
            }
        });
        candidates(&mut |h| {
            if heap::entry(h).is_some_and(|e| *e != 0 && *e & REACHED == 0) {
                found.push(h);
            }
        });
        heap.drop_tables();
        found
    }
}

fn values(found: Vec<*mut Header>) -> Vec<Value> {
    found.into_iter().map(|h| Word(h as u64).to_value()).collect()
}

/// When the VM is gone: frees what only refers to itself, classes included.
pub(crate) fn last_collection(heap: &HeapHandle) {
    let garbage = values(unreachable(heap, true, None));
    for v in &garbage {
        if let Some(t) = v.get::<Type>() {
            t.let_go();
        }
    }
    for v in &garbage {
        clear(v, std::ptr::null_mut());
    }
    for v in &garbage {
        // SAFETY: the VM is gone, nobody asks for classes.
        unsafe {
            if v.word().0 == (*v.word().header()).ty() as u64 {
                orphan(v);
            }
        }
    }
    for v in garbage {
        drop(v);
    }
}

impl Vm {
    /// Objects of this VM that are alive.
    pub fn live_objects(&self) -> usize {
        self.heap.objects()
    }

    /// Looks for garbage if it is time. At polls.
    #[cold]
    pub(crate) fn collect_if_due(&mut self) {
        if self.gc.enabled && self.gc.thresholds[0] > 0 && !self.gc.collecting {
            self.collect(2);
        }
    }
    /// When the next collection is due follows from the settings and the number of containers.
    pub(crate) fn set_gc_trigger(&mut self) {
        let first = self.gc.thresholds[0];
        let trigger = match self.gc.enabled && first > 0 {
            true => self.gc.base + (first as usize).max(self.gc.base / 3),
            false => usize::MAX,
        };
        self.heap.set_trigger(trigger, &self.breaker);
    }

    /// A collection; answers how many objects were unreachable. `generation` is for the statistics.
    pub fn collect(&mut self, generation: usize) -> usize {
        if self.gc.collecting {
            return 0;
        }
        self.gc.collecting = true;
        let saved = self.save_raising();
        self.tell_callbacks("start", generation, 0);
        let found = self.collect_now();
        let stats = &mut self.gc.stats[generation.min(2)];
        stats.collections += 1;
        stats.collected += found;
        self.tell_callbacks("stop", generation, found);
        self.restore_raising(saved);
        self.gc.collecting = false;
        self.gc.base = self.heap.containers();
        self.set_gc_trigger();
        found
    }

    fn collect_now(&mut self) -> usize {
        let found = unreachable(&self.heap, false, None);
        if found.is_empty() {
            return 0;
        }
        let mut garbage = values(found);
        if self.finish(&garbage) {
            // Python has run: some may be reachable again.
            let lost: HashSet<u64> =
                unreachable(&self.heap, false, Some(&garbage)).into_iter().map(|h| h as u64).collect();
            let spared: Vec<Value>;
            (garbage, spared) = garbage.into_iter().partition(|v| lost.contains(&v.word().0));
            drop(spared);
        }
        let n = garbage.len();
        if self.gc.debug & DEBUG_SAVEALL != 0 {
            if let Some(l) = self.gc.garbage.get::<List>() {
                garbage.drain(..).for_each(|v| l.push(v));
            }
            return n;
        }
        for v in &garbage {
            if v.flags() & header_flags::WEAKLY_REFERENCED != 0 {
                // Made by a finaliser; their callbacks, if they have any, are part of the garbage.
                drop(self.empty_weakrefs(v.word().0));
            }
            if let Some(t) = v.get::<Type>() {
                t.modified();
            }
        }
        let vm: *mut Vm = self;
        for v in &garbage {
            clear(v, vm);
        }
        for v in garbage {
            drop(v);
        }
        n
    }

    /// Runs callbacks of weak references and finalisers. False: there were none.
    fn finish(&mut self, garbage: &[Value]) -> bool {
        let mut ran = false;
        let mut callbacks = vec![];
        for v in garbage {
            if v.flags() & header_flags::WEAKLY_REFERENCED != 0 {
                callbacks.extend(self.empty_weakrefs(v.word().0));
            }
        }
        if !callbacks.is_empty() {
            let dying: HashSet<u64> = garbage.iter().map(|v| v.word().0).collect();
            callbacks.retain(|(r, _)| !dying.contains(&r.word().0));
            ran = true;
            self.run_weakref_callbacks(callbacks);
        }
        for v in garbage {
            let flags = v.flags();
            if flags & header_flags::FINALIZED != 0 {
                continue;
            }
            let generator = v.get::<Generator>().is_some_and(needs_closing);
            if flags & header_flags::FINALIZER == 0 && !generator {
                continue;
            }
            ran = true;
            // SAFETY: the value keeps its object.
            unsafe { (*v.word().header()).set_flag(header_flags::FINALIZED, true) };
            if generator {
                self.finalize_generator(v);
            } else {
                self.run_finalizer(v);
            }
        }
        ran
    }

    fn tell_callbacks(&mut self, phase: &str, generation: usize, collected: usize) {
        let Some(all) = self.gc.callbacks.get::<List>().filter(|l| !l.is_empty()) else { return };
        let all = all.as_slice().to_vec();
        let info = self.dict();
        for (key, n) in [("generation", generation), ("collected", collected), ("uncollectable", 0)] {
            let key = self.intern(key);
            info.as_::<Dict>().set_str(self, &key, Value::small(n as i64));
        }
        let phase = self.str(phase);
        for f in all {
            if self.call(&f, &[phase.clone(), info.clone()], Kw::NONE).is_err() {
                let e = self.take_pending();
                self.unraisable(e, Some("Exception ignored while calling GC callback"), &f);
            }
        }
    }

    /// Every container, but those being freed.
    pub(crate) fn containers(&mut self) -> Vec<Value> {
        let mut found = vec![];
        self.heap.walk(false, &mut |h| {
            // SAFETY: an object of the heap.
            if unsafe { (*h).flags() } & FROZEN == 0 {
                found.push(h)
            }
        });
        values(found)
    }
    /// Containers that refer to one of `targets`.
    pub(crate) fn referrers(&mut self, targets: &[Value]) -> Vec<Value> {
        let mut found = vec![];
        self.heap.walk(false, &mut |h| {
            let mut refers = false;
            // SAFETY: an object of the heap.
            unsafe { traverse(h, &mut |v| refers |= targets.iter().any(|t| v.word().is_ptr() && t.is(v))) };
            if refers {
                found.push(h);
            }
        });
        values(found)
    }
    /// What an object refers to.
    pub(crate) fn referents(&mut self, v: &Value) -> Vec<Value> {
        let mut all = vec![];
        if is_tracked(v) {
            // SAFETY: the value keeps its object; copying references frees nothing.
            unsafe {
                let of_class = |t: &Type| t.is_heap();
                if Value::of(&Word((*v.word().header()).ty() as u64)).get::<Type>().is_some_and(of_class) {
                    traverse(v.word().header(), &mut |x| all.push(x.word()));
                } else {
                    contents(v.word().header(), &mut |x| all.push(x.word()));
                }
            }
        }
        all.into_iter().filter(|w| !w.is_null()).map(Word::to_value).collect()
    }

    /// `gc.freeze` and `gc.unfreeze`.
    pub(crate) fn freeze(&mut self, on: bool) {
        // SAFETY: objects of the heap.
        self.heap.walk(false, &mut |h| unsafe { (*h).set_flag(FROZEN, on) });
    }
    pub(crate) fn frozen(&mut self) -> usize {
        let mut n = 0;
        // SAFETY: objects of the heap.
        self.heap.walk(false, &mut |h| n += unsafe { (*h).flags() & FROZEN != 0 } as usize);
        n
    }

    /// The program is over: modules go, finalisers run while there still is something to run them with.
    pub(crate) fn end_modules(&mut self) {
        self.gc.thresholds[0] = 0;
        let all = std::mem::replace(&mut self.sys_modules, Value::NONE);
        let names: Vec<(Value, Value)> = all.get::<Dict>().map_or(vec![], |d| d.iter().collect());
        let is_base = |m: &Value, vm: &Vm| {
            let dict = m.get::<crate::object::Module>().map(|m| &m.dict);
            m.is(&vm.sys_module) || dict.is_some_and(|d| d.is(&vm.builtins))
        };
        let (base, rest): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, m)| is_base(m, self));
        if let Some(d) = all.get::<Dict>() {
            d.clear(self);
        }
        drop(all);
        for pair in rest {
            drop(pair);
        }
        self.collect(2);
        (self.importlib, self.own_import) = (None, Value::NONE);
        self.collect(2);
        for (_, m) in base {
            if let Some(m) = m.get::<crate::object::Module>() {
                m.dict.as_::<Dict>().clear(self);
            }
        }
        self.collect(2);
    }

    /// The VM goes: objects that somebody keeps must not ask for it.
    pub(crate) fn part_from_objects(&mut self) {
        let all: Vec<u64> = self.weakrefs.keys().copied().collect();
        for address in all {
            drop(self.empty_weakrefs(address));
        }
        // SAFETY: objects of the heap, whose kind is tested.
        self.heap.walk(true, &mut |h| unsafe {
            match (*h).kind() {
                Kind::Type => (*h.cast::<Type>()).vm.set(std::ptr::null_mut()),
                Kind::Code => (*h.cast::<crate::code::Code>()).vm.set(std::ptr::null_mut()),
                _ => {}
            }
        });
        self.codes.clear();
    }
}

pub(crate) fn is_tracked(v: &Value) -> bool {
    v.word().is_ptr() && heap::is_container(v.word().header())
}

fn needs_closing(g: &Generator) -> bool {
    g.is_suspended() && g.state.get() != GenState::Created
        || g.flavour != crate::object::generator::Flavour::Generator && g.state.get() == GenState::Created
}
