//! Inline caches of attribute instructions.
//!
//! A quickened LOAD_ATTR or STORE_ATTR keeps the address of its [`AttrCache`] in its first four cache units.
//! What the cache says holds for objects whose class has the version and whose shape has the id it names: both
//! numbers are never used again, so a stale cache matches nothing.

use crate::code::Code;
use crate::frame::Ip;
use crate::object::{Dict, Instance, Kind, Module, Shape, Type, TypeFlags};
use crate::op;
use crate::types::descr::{GetSetDescr, Member, Property, plain_function};
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::cell::Cell;

/// Misses after which a site stays in its general form.
const PATIENCE: u8 = 16;

pub struct AttrCache {
    /// Version of the object's class (of the object itself, if it is a class).
    pub version: Cell<u32>,
    /// Shape of an instance (of a class: the version of its metaclass).
    pub shape: Cell<u32>,
    pub slot: Cell<u32>,
    misses: Cell<u8>,
    /// Borrowed from the class, which keeps it as long as its version is the same.
    pub value: Cell<Word>,
    /// STORE_ATTR of a new attribute: the shape to go to, else NULL.
    pub next: Cell<*const Shape>,
}

impl AttrCache {
    fn new() -> AttrCache {
        AttrCache {
            version: Cell::new(0),
            shape: Cell::new(0),
            slot: Cell::new(0),
            misses: Cell::new(0),
            value: Cell::new(Word::NULL),
            next: Cell::new(std::ptr::null()),
        }
    }
    /// The cache of the quickened instruction before `ip`.
    ///
    /// # Safety
    /// `ip` is one past the opcode unit of a quickened attribute instruction.
    #[inline(always)]
    pub unsafe fn at<'a>(ip: Ip) -> &'a AttrCache {
        // SAFETY: quickening put the address there; the code owns the cache.
        unsafe { &*ip.cast::<*const AttrCache>().read_unaligned() }
    }
}

/// The site's cache, made on first use; `None`: it has missed too often.
fn cache_of(code: &Code, at: usize) -> Option<&AttrCache> {
    let ip: Ip = &code.live[at + 1];
    // SAFETY: the four units belong to the instruction and hold 0 or the address of a cache.
    let p = unsafe { ip.cast::<*const AttrCache>().read_unaligned() };
    // SAFETY: as above; the code owns its caches.
    let cache = match unsafe { p.as_ref() } {
        Some(c) => c,
        None => {
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
    };
    if cache.misses.get() >= PATIENCE {
        return None;
    }
    cache.misses.set(cache.misses.get() + 1);
    Some(cache)
}

/// The class of an object that can be cached for: its version.
fn version_of(vm: &mut Vm, t: &Type) -> Option<u32> {
    if t.has(TypeFlags::CUSTOM_GET) {
        return None;
    }
    Some(vm.type_version(t)).filter(|v| *v != 0)
}

/// Quickens a LOAD_ATTR that has just loaded `name` of `owner` in its general form, if a form fits.
pub fn specialise_load(vm: &mut Vm, owner: &Value, name: &Value, method: bool) {
    let code: *const Code = vm.frame().code();
    let at = vm.frame().unit();
    // SAFETY: the current frame keeps its code.
    let code = unsafe { &*code };
    if code.live[at].get() as u8 == op::PROBE {
        return;
    }
    let form = load_form(vm, code, at, owner, name, method);
    let o = form.unwrap_or(op::LOAD_ATTR);
    code.live[at].set(code.base[at] & 0xff00 | o as u16);
}

fn load_form(vm: &mut Vm, code: &Code, at: usize, owner: &Value, name: &Value, method: bool) -> Option<u8> {
    let class = vm.class_ref(owner);
    let version = version_of(vm, class)?;
    match owner.kind()? {
        Kind::Instance => {
            let i = owner.as_::<Instance>();
            let found = vm.class_lookup(class, name);
            let slot = match &found {
                Some(d) if d.native::<Member>().is_some() => Some(d.native::<Member>().map(|m| m.slot)?),
                Some(d) if vm.is_data_descriptor(d) => return None,
                _ if i.shape().dict_mode => return None,
                _ => i.shape().slot(name),
            };
            if i.shape_id() == 0 {
                return None;
            }
            match (slot, found) {
                (Some(s), _) if s < i.inline_slots() => {
                    let c = cache_of(code, at)?;
                    c.version.set(version);
                    c.shape.set(i.shape_id());
                    c.slot.set(s);
                    Some(op::LOAD_ATTR_SLOT)
                }
                (None, Some(d)) => {
                    let form = class_form(&d, method)?;
                    let c = cache_of(code, at)?;
                    c.version.set(version);
                    c.shape.set(i.shape_id());
                    c.value.set(d.word());
                    Some(form)
                }
                _ => None,
            }
        }
        Kind::Type => {
            let t = owner.as_::<Type>();
            let of_meta = vm.class_lookup(class, name);
            if of_meta.as_ref().is_some_and(|d| vm.is_data_descriptor(d)) {
                return None;
            }
            let found = vm.class_lookup(t, name)?;
            let d = vm.descr_get(&found, None, owner).ok()?;
            // Only what shows as it is in the class stays alive with it.
            if !d.is(&found) || method {
                return None;
            }
            let own = vm.type_version(t);
            let c = cache_of(code, at)?;
            c.version.set(own);
            c.shape.set(version);
            c.value.set(d.word());
            (own != 0).then_some(op::LOAD_ATTR_CLASS)
        }
        Kind::Module => {
            let d = owner.as_::<Module>().dict.clone();
            let d = d.as_::<Dict>();
            if class.is_heap() || vm.class_lookup(class, name).is_some() || !d.is_celled() {
                return None;
            }
            let cell = d.cell(name)?;
            let c = cache_of(code, at)?;
            c.version.set(d.id() as u32);
            c.shape.set(d.keys_version() as u32);
            c.value.set(Word(cell as u64));
            Some(op::LOAD_ATTR_MODULE)
        }
        // Objects of builtin classes without attributes of their own.
        Kind::Function | Kind::Exception | Kind::Namespace | Kind::Method => None,
        _ if method && owner.extras().is_none() => {
            let d = vm.class_lookup(class, name)?;
            if !plain_function(&d) {
                return None;
            }
            let c = cache_of(code, at)?;
            c.version.set(version);
            c.value.set(d.word());
            Some(op::LOAD_ATTR_METHOD_OF_TYPE)
        }
        _ => None,
    }
}

/// The form that loads a class attribute through an instance which has no such attribute itself.
fn class_form(d: &Value, method: bool) -> Option<u8> {
    if plain_function(d) {
        return method.then_some(op::LOAD_ATTR_METHOD);
    }
    let plain = !d.is_dynamic() && d.native::<GetSetDescr>().is_none() && d.native::<Property>().is_none();
    (plain && !method).then_some(op::LOAD_ATTR_CONST)
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

/// Quickens a STORE_ATTR that has just stored.
pub fn specialise_store(vm: &mut Vm, owner: &Value, name: &Value, before: Option<Before>) {
    let code: *const Code = vm.frame().code();
    let at = vm.frame().unit();
    // SAFETY: the current frame keeps its code.
    let code = unsafe { &*code };
    if code.live[at].get() as u8 == op::PROBE {
        return;
    }
    let ok = store_form(vm, code, at, owner, name, before).is_some();
    let o = if ok { op::STORE_ATTR_SLOT } else { op::STORE_ATTR };
    code.live[at].set(code.base[at] & 0xff00 | o as u16);
}

fn store_form(
    vm: &mut Vm,
    code: &Code,
    at: usize,
    owner: &Value,
    name: &Value,
    before: Option<Before>,
) -> Option<()> {
    let before = before.filter(|b| b.id != 0)?;
    let i = owner.get::<Instance>()?;
    let class = vm.class_ref(owner);
    if class.has(TypeFlags::CUSTOM_SET) {
        return None;
    }
    let version = Some(vm.type_version(class)).filter(|v| *v != 0)?;
    let found = vm.class_lookup(class, name);
    let (slot, next) = match &found {
        Some(d) if d.native::<Member>().is_some() => {
            (d.native::<Member>().map(|m| m.slot)?, std::ptr::null())
        }
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
    let c = cache_of(code, at)?;
    c.version.set(version);
    c.shape.set(before.id);
    c.slot.set(slot);
    c.next.set(next);
    Some(())
}
