//! `Type`: a Python class.
//!
//! What is looked up along the linearisation is cached three ways: special methods in the class itself
//! (`special`), other names in the VM's method cache keyed by `version`, and instances' layout in `shape`.
//! [`Type::modified`] is the one place that makes all of them forget; it reaches the subclasses too.

use super::{Dict, Header, Kind, Shape, Str, alloc};
use crate::types::specials::{SPECIALS, Special};
use crate::value::{Value, Word, unguarded};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

bitflags::bitflags! {
    /// What is known of a class.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct TypeFlags: u32 {
        /// Made by a `class` statement or `type()`: its attributes can be set.
        const HEAP = 1;
        /// May be a base.
        const BASE = 1 << 1;
        /// Instances have a `__dict__`.
        const DICT = 1 << 2;
        /// Instances can be weakly referenced.
        const WEAKREF = 1 << 3;
        /// Instances match sequence patterns.
        const SEQUENCE = 1 << 4;
        /// Instances match mapping patterns.
        const MAPPING = 1 << 5;
        /// Some class of its linearisation has `__del__`.
        const FINALIZER = 1 << 6;
        /// `__getattribute__` or `__getattr__` of Python code.
        const CUSTOM_GET = 1 << 7;
        /// `__setattr__` or `__delattr__` of Python code.
        const CUSTOM_SET = 1 << 8;
        /// Abstract methods are left (`__abstractmethods__` is not empty).
        const ABSTRACT = 1 << 9;
        /// Instances cannot be made by calling it.
        const NO_NEW = 1 << 10;
        /// A builtin class whose attributes may be set all the same.
        const MUTABLE = 1 << 11;
        /// `self` of a class pattern's one positional sub-pattern is the subject itself (int, str ...).
        const MATCH_SELF = 1 << 12;
    }
}

/// Flags in an object's header, given by its class when it is made.
pub mod header_flags {
    /// Special methods are looked up on the class.
    pub const DYNAMIC: u8 = 1;
    /// A word before the object points at its [`Extras`](super::super::Extras).
    pub const EXTRAS: u8 = 2;
    /// Weak references to it exist.
    pub const WEAKLY_REFERENCED: u8 = 4;
    /// `__del__` has run.
    pub const FINALIZED: u8 = 8;
    /// Freeing must look at the class for `__del__`.
    pub const FINALIZER: u8 = 16;
}

#[repr(C)]
pub struct Type {
    pub(crate) h: Header,
    /// Unique number of this state of the class; 0: none given yet. Inline caches compare it.
    pub version: Cell<u32>,
    pub flags: Cell<TypeFlags>,
    /// Header flags of new instances.
    pub instance_flags: Cell<u8>,
    /// What its instances are made of.
    pub instance: Cell<Kind>,
    /// Words of `__slots__` in an instance, those of the bases included.
    pub slots: Cell<u32>,
    pub vm: Cell<*mut Vm>,
    /// `module.name` for builtin classes of modules, else the plain name.
    pub name: RefCell<Box<str>>,
    pub qualname: RefCell<Value>,
    /// NULL for `object` only.
    pub base: RefCell<Value>,
    /// A tuple.
    pub bases: RefCell<Value>,
    /// The linearised classes, this one first.
    pub mro: RefCell<Vec<Value>>,
    /// A `Dict`.
    pub dict: Value,
    /// Layout of a fresh instance; NULL until the first one.
    pub shape: Cell<*const Shape>,
    special: RefCell<Option<Box<[Cell<Word>; SPECIALS]>>>,
    /// Special methods that are known to be those of the builtin class (see `Vm::keeps`), as bits, for that
    /// version.
    pub(crate) kept: Cell<(u32, u32)>,
    /// Addresses of the direct subclasses, which take themselves out when freed.
    subclasses: RefCell<Vec<*const Type>>,
}

/// In the cache of special methods: looked for, not there.
const ABSENT: Word = Word::FALSE;

impl Type {
    pub fn new(h: Header, name: &str, base: Value, dict: Value, instance: Kind) -> Value {
        let (mut flags, mut instance_flags) = (TypeFlags::empty(), 0);
        if matches!(instance, Kind::Native | Kind::Instance) {
            instance_flags |= header_flags::DYNAMIC;
        }
        if let Some(b) = base.get::<Type>() {
            flags |= b.flags.get() & (TypeFlags::SEQUENCE | TypeFlags::MAPPING | TypeFlags::MATCH_SELF);
            flags |= b.flags.get() & TypeFlags::FINALIZER;
            instance_flags |= b.instance_flags.get() & (header_flags::DYNAMIC | header_flags::FINALIZER);
        }
        let t = alloc(Type {
            h,
            version: Cell::new(0),
            flags: Cell::new(flags),
            instance_flags: Cell::new(instance_flags),
            instance: Cell::new(instance),
            slots: Cell::new(0),
            vm: Cell::new(std::ptr::null_mut()),
            name: RefCell::new(name.into()),
            qualname: RefCell::new(Value::NULL),
            base: RefCell::new(base.clone()),
            bases: RefCell::new(Value::NULL),
            mro: RefCell::new(vec![]),
            dict,
            shape: Cell::new(std::ptr::null()),
            special: RefCell::new(None),
            kept: Cell::new((0, 0)),
            subclasses: RefCell::new(vec![]),
        });
        // The order of single inheritance; classes with several bases set theirs afterwards. A class is in
        // its own order, which is a cycle for the collector.
        let mut mro = vec![t.clone()];
        if let Some(b) = base.get::<Type>() {
            mro.extend(b.mro.borrow().iter().cloned());
            b.subclasses.borrow_mut().push(t.as_::<Type>());
        }
        *t.as_::<Type>().mro.borrow_mut() = mro;
        t
    }

    pub fn has(&self, flag: TypeFlags) -> bool {
        self.flags.get().contains(flag)
    }
    pub fn set_flag(&self, flag: TypeFlags, on: bool) {
        let mut f = self.flags.get();
        f.set(flag, on);
        self.flags.set(f);
    }
    pub fn is_heap(&self) -> bool {
        self.has(TypeFlags::HEAP)
    }
    /// Name without the module.
    pub fn short_name(&self) -> String {
        let n = self.name.borrow();
        if self.is_heap() { n.to_string() } else { n.rsplit('.').next().unwrap_or(&n).to_owned() }
    }

    /// Looks a name up along the linearisation.
    pub fn lookup(&self, name: &Value) -> Option<Value> {
        self.mro.borrow().iter().find_map(|t| t.as_::<Type>().dict.as_::<Dict>().get_str(name))
    }
    #[inline]
    pub fn is_subtype(&self, other: &Value) -> bool {
        // SAFETY: words are compared, nothing else runs.
        std::ptr::eq(self, other.word().0 as *const Type)
            || unsafe { unguarded(&self.mro) }.iter().any(|t| t.is(other))
    }

    /// A special method, as it stands in the class that has it.
    #[inline]
    pub fn special(&self, vm: &mut Vm, which: Special) -> Option<Value> {
        let w = self.special_word(vm, which);
        if w.is_null() { None } else { Some(w.to_value()) }
    }
    /// As `special`, borrowed from the class: good until anything runs. NULL if there is none.
    #[inline]
    pub fn special_word(&self, vm: &mut Vm, which: Special) -> Word {
        // SAFETY: a word is copied.
        if let Some(cache) = unsafe { unguarded(&self.special) } {
            let w = cache[which as usize].get();
            if w == ABSENT {
                return Word::NULL;
            }
            if !w.is_null() {
                return w;
            }
        }
        self.find_special(vm, which).map_or(Word::NULL, |m| m.word())
    }
    /// Is it known that instances have no such method? (False: maybe they do.)
    #[inline(always)]
    pub fn lacks(&self, which: Special) -> bool {
        // SAFETY: a word is copied.
        unsafe { unguarded(&self.special) }
            .as_ref()
            .is_some_and(|cache| cache[which as usize].get() == ABSENT)
    }
    #[cold]
    fn find_special(&self, vm: &mut Vm, which: Special) -> Option<Value> {
        let name = vm.special_name(which);
        let found = self.lookup(&name);
        let mut cache = self.special.borrow_mut();
        let cache = cache.get_or_insert_with(|| Box::new([const { Cell::new(Word::NULL) }; SPECIALS]));
        // Borrowed: the class that has it is told before it changes, and tells us.
        cache[which as usize].set(found.as_ref().map_or(ABSENT, Value::word));
        found
    }

    /// The class's dict or bases are about to change or have changed: caches forget.
    pub fn modified(&self) {
        self.version.set(0);
        if let Some(cache) = &*self.special.borrow() {
            cache.iter().for_each(|c| c.set(Word::NULL));
        }
        for &sub in &*self.subclasses.borrow() {
            // SAFETY: a class takes itself out of its bases' lists before it is freed.
            unsafe { (*sub).modified() };
        }
    }
    pub fn add_subclass(&self, sub: &Value) {
        let p: *const Type = sub.as_::<Type>();
        let mut all = self.subclasses.borrow_mut();
        if !all.contains(&p) {
            all.push(p);
        }
    }
    pub fn remove_subclass(&self, sub: *const Type) {
        self.subclasses.borrow_mut().retain(|p| *p != sub);
    }
    pub fn subclasses(&self) -> Vec<Value> {
        // SAFETY: as in `modified`. A class with no reference left is about to be freed.
        let living = |p: &&*const Type| unsafe { (**p).as_ref() }.is_some_and(|t| t.h.count() > 0);
        self.subclasses.borrow().iter().filter(living).map(|p| Word(*p as u64).to_value()).collect()
    }
    pub(super) fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for v in [&self.qualname, &self.base, &self.bases] {
            visit(&v.borrow());
        }
        self.mro.borrow().iter().for_each(&mut *visit);
        visit(&self.dict);
        // SAFETY: a class owns its shapes.
        if let Some(s) = unsafe { self.shape.get().as_ref() } {
            s.traverse(visit);
        }
    }
    /// An unreachable class lets go of its linearisation, in which it is itself.
    pub(super) fn clear(&self) {
        self.modified();
        let old = self.mro.take();
        drop(old);
    }
    /// As `clear` once the VM is gone: the bases too.
    pub(crate) fn let_go(&self) {
        self.leave_bases();
        for slot in [&self.bases, &self.base, &self.qualname] {
            drop(slot.replace(Value::NULL));
        }
    }
    fn leave_bases(&self) {
        for b in self.bases.borrow().get::<super::Tuple>().map_or(&[][..], |t| t.as_slice()) {
            b.as_::<Type>().remove_subclass(self);
        }
        if let Some(b) = self.base.borrow().get::<Type>() {
            b.remove_subclass(self);
        }
    }
    /// The `name` as a str, for errors.
    pub fn name_value(&self) -> Value {
        self.qualname.borrow().get::<Str>().map_or(Value::NONE, |_| self.qualname.borrow().clone())
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        self.leave_bases();
        let shape = self.shape.replace(std::ptr::null());
        if !shape.is_null() {
            // SAFETY: a class owns the tree of its shapes; no instance is left, each keeps its class.
            drop(unsafe { Box::from_raw(shape.cast_mut()) });
        }
    }
}
