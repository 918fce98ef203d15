//! Inline caches of attribute instructions.
//!
//! A quickened LOAD_ATTR or STORE_ATTR keeps the address of its [`AttrCache`] in its first four cache units.
//! A cache knows a few kinds of objects (polymorphic inline caches: Hoelzle, Chambers & Ungar 1991), told apart
//! by a key made of the version of their class and their shape: numbers that are never used again, so a stale
//! entry matches nothing. What a cache says of a key is of one form, that of the quickened opcode.

use crate::code::Code;
use crate::frame::Ip;
use crate::modules::collections::TupleGetter;
use crate::object::{Dict, Function, Instance, Kind, Module, Shape, Type, TypeFlags};
use crate::op;
use crate::types::descr::{ClassMethod, GetSetDescr, Member, Property, StaticMethod, plain_function};
use crate::types::specials::Special;
use crate::value::{Value, Word, unguarded};
use crate::vm::Vm;
use std::cell::Cell;

/// Kinds of objects that one site remembers.
const WAYS: usize = 4;
/// Misses with every way taken after which a site stays in its general form for a while, and how long.
const PATIENCE: u16 = 32;
const PAUSE: u16 = 1 << 13;
/// Key of an unused way. No class has that version.
const UNUSED: u64 = u64::MAX;

/// What is known of objects with one key.
pub struct Way {
    pub key: Cell<u64>,
    /// The number of the slot, or a word borrowed from the class, which keeps it as long as its version is the
    /// same.
    pub value: Cell<Word>,
    /// STORE_ATTR of a new attribute: the shape to go to, else NULL.
    pub next: Cell<*const Shape>,
}

pub struct AttrCache {
    ways: [Way; WAYS],
    /// The specialised opcode that the ways are for.
    form: Cell<u8>,
    /// The way to fill in next.
    next: Cell<u8>,
    misses: Cell<u16>,
}

#[inline(always)]
fn join(version: u32, shape: u32) -> u64 {
    (version as u64) << 32 | shape as u64
}
/// Key of an instance whose attributes are in slots, or of a class.
#[inline(always)]
pub fn key_of(owner: Word) -> Option<u64> {
    if owner.is_kind(Kind::Instance) {
        return instance_key(owner);
    }
    // SAFETY: kind tested; an object keeps its class.
    owner
        .is_kind(Kind::Type)
        .then(|| unsafe { join(owner.cast::<Type>().version.get(), (*(*owner.header()).ty()).version.get()) })
}
#[inline(always)]
pub fn instance_key(owner: Word) -> Option<u64> {
    // SAFETY: as above.
    owner.is_kind(Kind::Instance).then(|| unsafe {
        join((*(*owner.header()).ty()).version.get(), owner.cast::<Instance>().shape_id())
    })
}
/// Key of an object for what its class has, if it has no attributes of its own.
#[inline(always)]
pub fn plain_key(owner: Word) -> Option<u64> {
    if !owner.is_ptr() {
        return None;
    }
    // SAFETY: an object keeps its class.
    unsafe {
        let extras = Value::of(&owner).extras();
        if extras.is_some_and(|e| !unguarded(&e.dict).is_null()) {
            return None;
        }
        Some(join((*(*owner.header()).ty()).version.get(), 0))
    }
}
/// Key of an object that is a tuple, but not a plain one, for the data descriptors of its class.
#[inline(always)]
pub fn field_key(owner: Word) -> Option<u64> {
    // SAFETY: kind tested; an object keeps its class.
    owner.is_kind(Kind::Tuple).then(|| unsafe { join((*(*owner.header()).ty()).version.get(), 0) })
}
/// Key of a module: its dict, and the set of keys in it.
#[inline(always)]
pub fn module_key(owner: Word) -> Option<u64> {
    // SAFETY: kind tested; a module's dict is a dict.
    owner.is_kind(Kind::Module).then(|| unsafe {
        let d = owner.cast::<Module>().dict.word().cast::<Dict>();
        join(d.id() as u32, d.keys_version() as u32)
    })
}

impl AttrCache {
    fn new() -> AttrCache {
        let way = |_| Way {
            key: Cell::new(UNUSED),
            value: Cell::new(Word::NULL),
            next: Cell::new(std::ptr::null()),
        };
        AttrCache {
            ways: std::array::from_fn(way),
            form: Cell::new(0),
            next: Cell::new(0),
            misses: Cell::new(0),
        }
    }
    /// What the quickened instruction before `ip` knows of objects with this key.
    ///
    /// # Safety
    /// `ip` is one past the opcode unit of a quickened attribute instruction.
    #[inline(always)]
    pub unsafe fn find<'a>(ip: Ip, key: u64) -> Option<&'a Way> {
        // SAFETY: quickening put the address there; the code owns the cache.
        let cache = unsafe { &*ip.cast::<*const AttrCache>().read_unaligned() };
        cache.ways.iter().find(|w| w.key.get() == key)
    }
    /// Remembers `value` for objects with this key.
    fn learn(&self, found: &Found) {
        // What another form knew means something else.
        if self.form.replace(found.form) != found.form {
            self.ways.iter().for_each(|w| w.key.set(UNUSED));
            self.misses.set(self.misses.get() + (self.next.replace(0) != 0) as u16);
        }
        let n = self.next.get() as usize;
        self.next.set(n as u8 + 1);
        let way = &self.ways[n % WAYS];
        self.misses.set(self.misses.get() + (n >= WAYS) as u16);
        if n + 1 == 2 * WAYS {
            self.next.set(WAYS as u8);
        }
        way.key.set(found.key);
        way.value.set(found.value);
        way.next.set(found.next);
    }
    /// May the site be specialised? One that has missed too often pauses.
    fn is_patient(&self) -> bool {
        let m = self.misses.get();
        if m >= PATIENCE {
            self.misses.set(if m == PATIENCE + PAUSE { 0 } else { m + 1 });
        }
        m < PATIENCE
    }
}

/// The site's cache, made on first use.
fn cache_of(code: &Code, at: usize) -> &AttrCache {
    let ip: Ip = &code.live[at + 1];
    // SAFETY: the four units belong to the instruction and hold 0 or the address of a cache.
    let p = unsafe { ip.cast::<*const AttrCache>().read_unaligned() };
    // SAFETY: as above; the code owns its caches.
    if let Some(c) = unsafe { p.as_ref() } {
        return c;
    }
    let c = Box::new(AttrCache::new());
    let p: *const AttrCache = &*c;
    code.attr_caches.borrow_mut().push(c);
    let bits = p as u64;
    for i in 0..4 {
        code.live[at + 1 + i].set((bits >> (16 * i)) as u16);
    }
    // SAFETY: just boxed; the code owns it.
    unsafe { &*p }
}

/// How an instruction can be specialised.
struct Found {
    form: u8,
    key: u64,
    value: Word,
    next: *const Shape,
}
impl Found {
    fn new(form: u8, key: u64, value: Word) -> Option<Found> {
        // A class whose version is 0 has used all numbers up.
        (key >> 32 != 0).then_some(Found { form, key, value, next: std::ptr::null() })
    }
}

/// Quickens the instruction under way in the current frame, if it can be specialised; its general form else.
fn specialise(vm: &mut Vm, general: u8, how: impl FnOnce(&mut Vm) -> Option<Found>) {
    let code: *const Code = vm.frame().code();
    let at = vm.frame().unit();
    // SAFETY: the current frame keeps its code.
    let code = unsafe { &*code };
    if code.live[at].get() as u8 == op::PROBE {
        return;
    }
    let cache = cache_of(code, at);
    let mut form = general;
    if cache.is_patient() {
        match how(vm) {
            Some(found) => {
                cache.learn(&found);
                form = found.form;
            }
            None => cache.misses.set(cache.misses.get() + 1),
        }
    }
    code.live[at].set(code.base[at] & 0xff00 | form as u16);
    crate::site::fuse_before(code, at, form);
}

/// After a LOAD_ATTR that has just loaded `name` of `owner` in its general form.
pub fn specialise_load(vm: &mut Vm, owner: &Value, name: &Value, method: bool) {
    specialise(vm, op::LOAD_ATTR, |vm| load_form(vm, owner, name, method));
}

/// Does nothing stand between an object and what its class and slots have? (`__getattr__` is asked only after
/// them.)
fn is_transparent(vm: &mut Vm, class: &Type) -> bool {
    if !class.has(TypeFlags::CUSTOM_GET) {
        return true;
    }
    let object = vm.types.object.clone();
    class.special(vm, Special::Getattribute).is_some_and(|m| vm.is_builtin_method(&m, &object))
}

fn load_form(vm: &mut Vm, owner: &Value, name: &Value, method: bool) -> Option<Found> {
    let class = vm.class_ref(owner);
    if !is_transparent(vm, class) || vm.type_version(class) == 0 {
        return None;
    }
    match owner.kind()? {
        Kind::Instance => {
            let i = owner.as_::<Instance>();
            if i.shape_id() == 0 {
                return None;
            }
            let key = instance_key(owner.word())?;
            let found = vm.class_lookup(class, name);
            let slot = match &found {
                Some(d) if d.native::<Member>().is_some() => Some(d.native::<Member>()?.slot),
                Some(d) if d.native::<Property>().is_some() => {
                    return property_form(vm, d)
                        .filter(|_| !method)
                        .and_then(|f| Found::new(f, key, d.word()));
                }
                Some(d) if vm.is_data_descriptor(d) => return None,
                _ => i.shape().slot(name),
            };
            match (slot, found) {
                (Some(s), _) if s < i.inline_slots() => Found::new(op::LOAD_ATTR_SLOT, key, Word(s as u64)),
                (None, Some(d)) => Found::new(class_form(&d, method)?, key, d.word()),
                _ => None,
            }
        }
        Kind::Type => {
            let of_meta = vm.class_lookup(class, name);
            if of_meta.as_ref().is_some_and(|d| vm.is_data_descriptor(d)) {
                return None;
            }
            let t = owner.as_::<Type>();
            let found = vm.class_lookup(t, name)?;
            vm.type_version(t);
            let form = match wrapper_form(&found, method) {
                Some(form) => form,
                None => {
                    // Only what shows as it is in the class stays alive with it.
                    let d = vm.descr_get(&found, None, owner).ok()?;
                    d.is(&found).then_some(op::LOAD_ATTR_CLASS)?
                }
            };
            Found::new(form, key_of(owner.word())?, found.word())
        }
        Kind::Module => {
            let d = owner.as_::<Module>().dict.clone();
            let d = d.as_::<Dict>();
            if class.is_heap() || vm.class_lookup(class, name).is_some() || !d.is_celled() {
                return None;
            }
            let cell = d.cell(name)?;
            Found::new(op::LOAD_ATTR_MODULE, module_key(owner.word())?, Word(cell as u64))
        }
        Kind::Tuple if !method => {
            let d = vm.class_lookup(class, name).filter(|d| !vm.class_ref(d).is_heap())?;
            let index = d.native::<TupleGetter>()?.index();
            Found::new(op::LOAD_ATTR_FIELD, field_key(owner.word())?, Word(u64::try_from(index).ok()?))
        }
        // They have dicts of their own.
        Kind::Function | Kind::Exception | Kind::Namespace | Kind::Method => None,
        _ if method => {
            let d = vm.class_lookup(class, name).filter(plain_function)?;
            Found::new(op::LOAD_ATTR_METHOD_OF_TYPE, plain_key(owner.word())?, d.word())
        }
        _ => None,
    }
}

/// The form that loads a class attribute through an instance which has no such attribute itself.
fn class_form(d: &Value, method: bool) -> Option<u8> {
    if plain_function(d) {
        return method.then_some(op::LOAD_ATTR_METHOD);
    }
    if let Some(form) = wrapper_form(d, method) {
        return Some(form);
    }
    let plain = !d.is_dynamic() && d.native::<GetSetDescr>().is_none();
    plain.then_some(op::LOAD_ATTR_CONST)
}
/// The form for a staticmethod, or for a call of a classmethod.
fn wrapper_form(d: &Value, method: bool) -> Option<u8> {
    if d.native::<StaticMethod>().is_some() {
        return Some(op::LOAD_ATTR_STATIC);
    }
    let f = d.native::<ClassMethod>()?.func.borrow();
    (method && f.is_kind(Kind::Function)).then_some(op::LOAD_ATTR_CLASS_METHOD)
}
/// The form for a property whose getter can be entered in place.
fn property_form(vm: &Vm, d: &Value) -> Option<u8> {
    let getter = d.native::<Property>()?.get.borrow();
    let code = getter.get::<Function>()?.code();
    (!vm.class_ref(d).is_heap() && code.simple_args && code.argcount == 1).then_some(op::LOAD_ATTR_PROPERTY)
}

/// The state of an instance before STORE_ATTR in its general form, for [`specialise_store`].
pub struct Before {
    shape: *const Shape,
    id: u32,
}
pub fn before_store(owner: &Value) -> Option<Before> {
    let i = owner.get::<Instance>()?;
    Some(Before { shape: i.shape_ptr(), id: i.shape_id() })
}

/// After a STORE_ATTR that has just stored in its general form.
pub fn specialise_store(vm: &mut Vm, owner: &Value, name: &Value, before: Option<Before>) {
    specialise(vm, op::STORE_ATTR, |vm| store_form(vm, owner, name, before));
}

fn store_form(vm: &mut Vm, owner: &Value, name: &Value, before: Option<Before>) -> Option<Found> {
    let before = before.filter(|b| b.id != 0)?;
    let i = owner.get::<Instance>()?;
    let class = vm.class_ref(owner);
    if class.has(TypeFlags::CUSTOM_SET) {
        return None;
    }
    let version = vm.type_version(class);
    let found = vm.class_lookup(class, name);
    let (slot, next) = match &found {
        Some(d) if d.native::<Member>().is_some() => (d.native::<Member>()?.slot, std::ptr::null()),
        Some(d) if vm.is_data_descriptor(d) => return None,
        _ => {
            let slot = i.shape().slot(name)?;
            let grown = !std::ptr::eq(before.shape, i.shape_ptr());
            (slot, if grown { i.shape_ptr() } else { std::ptr::null() })
        }
    };
    if slot >= i.inline_slots() {
        return None;
    }
    let found = Found::new(op::STORE_ATTR_SLOT, join(version, before.id), Word(slot as u64))?;
    Some(Found { next, ..found })
}
