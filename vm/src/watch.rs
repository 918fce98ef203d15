//! Assumptions: one registry for everything that quickened or compiled code relies on.
//!
//! A dependent registers for a [`WatchKey`]; whoever is about to make the fact untrue *fires* the key, which
//! hands back all its dependents, once. There is one mechanism for globals, code and monitoring alike (after
//! PyPy's `quasiimmut`).
//!
//! ```text
//! clear --watch(key, dependent)--> watched --fire(key)--> fired: dependents handed out, key clear again
//! ```

use crate::code::Code;
use rustc_hash::FxHashMap;
use seriema_monitoring::EventSet;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A fact that something may rely on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum WatchKey {
    /// The global variable whose cell has this address keeps its value.
    Cell(usize),
    /// The dict of globals with this id has no such name (so it is found in builtins).
    Absent(u64, Box<str>),
    /// The code object with this id runs with one dict of globals only.
    OneGlobals(u64),
    /// The code object with this id: its sites; the region registers for those it covers.
    Sites(u64),
}

/// Who relies on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dependent {
    /// A quickened LOAD_GLOBAL: unit `at` of the code.
    Site { code: *const Code, at: u32 },
    /// A region of the JIT (or a recording, which has a number of its own).
    Region(u32),
}

/// Sites by unit: the events that would be fired there on the paths meant. (A conditional jump that is not taken
/// does not fire its BRANCH_RIGHT, so a region may run past it while that is armed.)
pub type Sites = BTreeMap<u32, EventSet>;

#[derive(Default)]
pub struct Watch {
    map: FxHashMap<WatchKey, Vec<Dependent>>,
    /// By address of the code: the keys that its sites registered for, so that a code object goes without a search
    /// of everything.
    of_code: FxHashMap<usize, Vec<WatchKey>>,
    /// (region, code id) -> the sites of that code which the region covers.
    covered: HashMap<(u32, u64), Sites>,
    /// (region, code id) where the code is inlined, so that its RESUME is not run.
    inlined: HashSet<(u32, u64)>,
}

impl Watch {
    pub fn watch(&mut self, key: WatchKey, who: Dependent) {
        if let Dependent::Site { code, .. } = who {
            let keys = self.of_code.entry(code.addr()).or_default();
            if !keys.contains(&key) {
                keys.push(key.clone());
            }
        }
        let list = self.map.entry(key).or_default();
        if !list.contains(&who) {
            list.push(who);
        }
    }
    /// Forgets the sites of a code object that is freed.
    pub fn forget_code(&mut self, gone: *const Code) {
        for key in self.of_code.remove(&gone.addr()).unwrap_or_default() {
            if let Some(list) = self.map.get_mut(&key) {
                list.retain(|d| !matches!(d, Dependent::Site { code, .. } if *code == gone));
                if list.is_empty() {
                    self.map.remove(&key);
                }
            }
        }
    }
    /// Takes the dependents of a key out of the registry.
    #[must_use]
    pub fn fire(&mut self, key: &WatchKey) -> Vec<Dependent> {
        self.map.remove(key).unwrap_or_default()
    }
    /// Looks without firing: monitoring changes concern some dependents of a code's sites only.
    pub fn dependents(&self, key: &WatchKey) -> &[Dependent] {
        self.map.get(key).map_or(&[], |v| v)
    }
    /// Does some region cover sites of the code object?
    pub fn is_covered(&self, code: u64) -> bool {
        !self.covered.is_empty() && !self.dependents(&WatchKey::Sites(code)).is_empty()
    }
    /// Declares which sites of a code object a region covers, and whether the code is inlined there.
    pub fn cover(&mut self, region: u32, code: u64, sites: Sites, inlined: bool) {
        if inlined {
            self.inlined.insert((region, code));
        }
        self.watch(WatchKey::Sites(code), Dependent::Region(region));
        self.covered.insert((region, code), sites);
    }
    /// Does the region cover one of these sites?
    pub fn covers(&self, region: u32, code: u64, sites: &Sites) -> bool {
        let Some(covered) = self.covered.get(&(region, code)) else { return false };
        sites.iter().any(|(at, events)| covered.get(at).is_some_and(|c| c.intersects(*events)))
    }
    /// Regions that inline a code object.
    pub fn regions_inlining(&self, code: u64) -> Vec<u32> {
        self.inlined.iter().filter(|k| k.1 == code).map(|k| k.0).collect()
    }
    /// A region is gone.
    pub fn forget_region(&mut self, region: u32) {
        self.forget(|d| *d == Dependent::Region(region));
        self.covered.retain(|(r, _), _| *r != region);
        self.inlined.retain(|(r, _)| *r != region);
    }
    /// Code objects that some region inlines.
    pub fn inlined_codes(&self) -> HashSet<u64> {
        self.inlined.iter().map(|k| k.1).collect()
    }
    /// Forgets a dependent everywhere.
    fn forget(&mut self, gone: impl Fn(&Dependent) -> bool) {
        self.map.retain(|_, list| {
            list.retain(|d| !gone(d));
            !list.is_empty()
        });
    }
}
