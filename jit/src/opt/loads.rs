//! Redundant loads and store-to-load forwarding, by alias class.
//!
//! ```text
//!   store.word v0, v1 @cell+16
//!   v2 = load.word v0 @cell+16        v1
//!   store.elem v3, v4, v5 @items+0    (another class: nothing changes for cells)
//!   v6 = load.word v0 @cell+16        v1
//!   v7 = call1 v8                     (may write everything but what is immutable)
//! ```
//!
//! Within a class there are three ways to name a place: an absolute address (base is a constant), a field
//! (base and offset) and an element (base, index and offset). A field store leaves fields at other offsets
//! alone, for bases of fields are starts of objects, and an absolute store other addresses; everything else
//! in the class is forgotten. A loaded value is known along the path, and below a label only where its
//! memory is immutable.

use super::Context;
use super::scope::Scoped;
use super::walk::{Act, Forward, constant, forward};
use crate::ir::{Alias, Effect, Func, Inst, Op, Place, Ref, Ty};

/// How a place is named within its class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Name {
    Absolute(u64),
    Field(u32),
    Element,
}

/// What a write forgets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kill {
    /// Everything in the class.
    Class(Alias),
    /// Everything in the class named in this way.
    Absolutes(Alias),
    Fields(Alias),
    Elements(Alias),
    /// One field of all objects, or one address.
    One(Alias, Name),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    alias: Alias,
    base: Ref,
    index: Option<Ref>,
    offset: u32,
    ty: Ty,
}

#[derive(Default)]
struct Loads {
    /// The value at a place, and when that was so.
    known: Scoped<Key, (Ref, u64)>,
    killed: Scoped<Kill, u64>,
    clock: u64,
}

pub fn run(func: &mut Func, _: &mut Context<'_>) {
    forward(func, &mut Loads::default());
}

impl Forward for Loads {
    fn open(&mut self) {
        self.known.open();
        self.killed.open();
    }
    fn close(&mut self) {
        self.known.close();
        self.killed.close();
    }
    fn join(&mut self) {
        self.kill_all();
    }
    fn visit(&mut self, func: &mut Func, r: Ref, _: &mut Vec<Ref>) -> Act {
        let Some(inst) = func.inst(r) else { return Act::Keep };
        match inst.op {
            Op::Call1 | Op::Call2 | Op::Call3 => self.kill_all(),
            Op::StoreInt | Op::StoreWord => self.store(func, inst, None, inst.args[1]),
            Op::StoreElem => self.store(func, inst, Some(inst.args[1]), inst.args[2]),
            op if op.effect() == Effect::Read => {
                let index = (op == Op::LoadElem).then(|| inst.args[1]);
                let key = place_key(inst, index, op.result());
                if let Some(value) = self.lookup(func, key) {
                    return Act::Replace(value);
                }
                self.note(key, r);
            }
            _ => {}
        }
        Act::Keep
    }
}

fn place_key(inst: &Inst, index: Option<Ref>, ty: Ty) -> Key {
    let Place { offset, alias } = Place::from_imm(inst.imm);
    Key { alias, base: inst.args[0], index, offset, ty }
}

fn name(func: &Func, key: &Key) -> Name {
    match (key.index, constant(func, key.base)) {
        (Some(_), _) => Name::Element,
        (None, Some(base)) => Name::Absolute(base.wrapping_add(key.offset as u64)),
        (None, None) => Name::Field(key.offset),
    }
}

impl Loads {
    fn note(&mut self, key: Key, value: Ref) {
        self.clock += 1;
        self.known.insert(key, (value, self.clock));
    }

    fn lookup(&self, func: &Func, key: Key) -> Option<Ref> {
        let &(value, at) = self.known.get(&key)?;
        let name = name(func, &key);
        let kind = match name {
            Name::Absolute(_) => Kill::Absolutes(key.alias),
            Name::Field(_) => Kill::Fields(key.alias),
            Name::Element => Kill::Elements(key.alias),
        };
        let kills = [Kill::Class(key.alias), kind, Kill::One(key.alias, name)];
        kills.iter().all(|k| self.killed.get(k).is_none_or(|&t| t < at)).then_some(value)
    }

    fn kill(&mut self, kill: Kill) {
        self.clock += 1;
        self.killed.insert(kill, self.clock);
    }

    fn kill_all(&mut self) {
        for &alias in Alias::ALL.iter().filter(|&&a| a != Alias::Immutable) {
            self.kill(Kill::Class(alias));
        }
    }

    fn store(&mut self, func: &Func, inst: &Inst, index: Option<Ref>, value: Ref) {
        let key = place_key(inst, index, func.ty(value));
        let (alias, name) = (key.alias, name(func, &key));
        match name {
            _ if alias == Alias::Any => self.kill_all(),
            Name::Absolute(at) if at % 8 == 0 => {
                self.kill(Kill::Fields(alias));
                self.kill(Kill::Elements(alias));
                self.kill(Kill::One(alias, name));
            }
            // Cells are eight bytes: aligned ones are the same or apart.
            Name::Field(offset) if offset % 8 == 0 => {
                self.kill(Kill::Absolutes(alias));
                self.kill(Kill::Elements(alias));
                self.kill(Kill::One(alias, name));
            }
            _ => self.kill(Kill::Class(alias)),
        }
        if alias != Alias::Any {
            // Reads without a class may have read this.
            self.kill(Kill::Class(Alias::Any));
        }
        self.note(key, value);
    }
}
