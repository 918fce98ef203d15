//! The trace optimiser: passes over a whole region, one idea a file.
//!
//! ```text
//!   fold      constants, identities, unboxing what was just boxed
//!   ranges    intervals of ints: overflow checks and range guards that cannot fail
//!   guards    guards that an earlier guard (held or failed) decides
//!   cse       equal pure instructions; equal overflow checks
//!   loads     a read after a read or write of the same place
//!   loops     loop invariants: parameters become values of a preamble, guards and reads move there
//!   refcount  pairs of incref and decref that nobody can see
//!   dce       instructions and label parameters that nobody needs
//!   schedule  loop increments next to the jump
//! ```
//!
//! Invariants of every pass: the result passes [`crate::ir::check`] and behaves as before under
//! [`crate::ir::eval`], with one freedom: `loops` may leave at the loop header where the region as recorded
//! left later in the same iteration, at most re-executing what had no effect. **Exits keep their numbers**;
//! those that `loops` adds come after them, resume at a loop header and are listed in [`Report`]. Exits,
//! snapshots and jumps that nothing needs any more keep an emptied snapshot after `dce`. Blocks may be
//! renumbered; ENTRY stays 0 and every block comes after those that dominate it.
//!
//! Run it on a copy: a region is recorded further on the Func as it was recorded, and optimised anew.

pub mod cse;
pub mod dce;
pub mod fold;
pub mod guards;
pub mod loads;
pub mod loops;
pub mod ranges;
pub mod refcount;
pub mod schedule;
pub mod scope;
pub mod walk;

use crate::ir::{ExitId, Func};
use std::collections::HashSet;

/// What to do, and not.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of passes to leave out.
    pub disabled: HashSet<String>,
    /// Guards (by exit) that stay where they are: their copies in a preamble failed too often.
    pub no_hoist: HashSet<ExitId>,
}

/// What the owner of a region must know about the optimised form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Exits that `loops` added, each with the exit of the guard it was made for. They resume at the loop
    /// header, where no side segment can be attached; when one becomes hot, put the original in
    /// [`Options::no_hoist`] and compile again.
    pub hoisted: Vec<(ExitId, ExitId)>,
}

/// Shared by all passes of one run.
#[derive(Default)]
pub struct Context<'a> {
    pub no_hoist: Option<&'a HashSet<ExitId>>,
    pub report: Report,
}

pub struct Pass {
    pub name: &'static str,
    pub run: fn(&mut Func, &mut Context<'_>),
}

const fn pass(name: &'static str, run: fn(&mut Func, &mut Context<'_>)) -> Pass {
    Pass { name, run }
}

/// The order. What `loops` moves into a preamble dominates the loop, so the passes that live from
/// dominance run again after it.
pub const PASSES: &[Pass] = &[
    pass("fold", fold::run),
    pass("cse", cse::run),
    pass("ranges", ranges::run),
    pass("guards", guards::run),
    pass("loads", loads::run),
    pass("loops", loops::run),
    pass("fold", fold::run),
    pass("cse", cse::run),
    pass("ranges", ranges::run),
    pass("guards", guards::run),
    pass("loads", loads::run),
    pass("refcount", refcount::run),
    pass("dce", dce::run),
    pass("schedule", schedule::run),
];

/// Runs all passes that are not disabled.
pub fn optimise(func: &mut Func, options: &Options) -> Report {
    let mut cx = Context { no_hoist: Some(&options.no_hoist), ..Context::default() };
    for pass in PASSES.iter().filter(|p| !options.disabled.contains(p.name)) {
        (pass.run)(func, &mut cx);
    }
    cx.report
}

/// One pass by name, as the tests use it.
pub fn find(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|p| p.name == name)
}
