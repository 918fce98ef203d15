//! Names, globals, attributes, imports.

use crate::attr_cache::{AttrCache, instance_key};
use crate::error::{Exc, R};
use crate::machine::Flow;
use crate::object::{Dict, Function, Namespace, Str};
use crate::op;
use crate::site;
use crate::types::descr::Property;
use crate::value::{Value, Word};
use crate::vm::Vm;
use crate::watch::{Dependent, WatchKey};

pub(super) fn name(vm: &Vm, i: u32) -> Value {
    vm.frame().code().names[i as usize].clone()
}
pub(super) fn undefined(vm: &mut Vm, name: &Value) -> Flow {
    let n = name.as_::<Str>().as_str().to_owned();
    Err(vm.raise_name("NameError", &n, format!("name '{n}' is not defined")).into())
}
/// The dict of names of a module body: its own or the globals.
pub(super) fn names(vm: &Vm) -> Value {
    let w = vm.frame().names;
    if w.is_null() { vm.frame().globals().clone() } else { w.to_value() }
}
pub(super) fn global(vm: &mut Vm, name: &Value) -> R<Option<Value>> {
    let globals = vm.frame().globals().clone();
    // A subclass of dict is asked by its own methods: `annotationlib` relies on `__missing__`.
    let found = name_in(vm, &globals, name)?;
    Ok(found.or_else(|| vm.frame().function().builtins.as_::<Dict>().get_str(name)))
}

/// Names of a body may live in any mapping: what is not exactly a dict is asked by its own methods.
fn is_plain_dict(vm: &Vm, d: &Value) -> bool {
    vm.type_of(d).is(&vm.types.dict)
}
/// The name in a body's mapping; only KeyError means that it is not there.
pub(crate) fn name_in(vm: &mut Vm, names: &Value, name: &Value) -> R<Option<Value>> {
    if is_plain_dict(vm, names) {
        return Ok(names.as_::<Dict>().get_str(name));
    }
    match vm.get_item(names, name) {
        Ok(v) => Ok(Some(v)),
        Err(e) => vm.unless_key_error(e).map(|()| None),
    }
}

pub fn load_name(vm: &mut Vm, i: u32) -> Flow {
    let n = name(vm, i);
    let names = names(vm);
    let found = name_in(vm, &names, &n)?;
    let found = match found {
        Some(v) => Some(v),
        None => global(vm, &n)?,
    };
    match found {
        Some(v) => {
            vm.push(v);
            Ok(())
        }
        None => undefined(vm, &n),
    }
}
pub fn store_name(vm: &mut Vm, i: u32) -> Flow {
    let (v, n, d) = (vm.pop(), name(vm, i), names(vm));
    if is_plain_dict(vm, &d) {
        d.as_::<Dict>().set_str(vm, &n, v);
    } else {
        vm.set_item(&d, &n, v)?;
    }
    Ok(())
}
pub fn delete_name(vm: &mut Vm, i: u32) -> Flow {
    let (n, d) = (name(vm, i), names(vm));
    let there = if is_plain_dict(vm, &d) {
        d.as_::<Dict>().remove_str(vm, &n).is_some()
    } else {
        match vm.del_item(&d, &n) {
            Ok(()) => true,
            Err(e) => vm.unless_key_error(e).map(|()| false)?,
        }
    };
    if there { Ok(()) } else { undefined(vm, &n) }
}
pub fn store_global(vm: &mut Vm, i: u32) -> Flow {
    let (v, n) = (vm.pop(), name(vm, i));
    let g = vm.frame().globals().clone();
    g.as_::<Dict>().set_str(vm, &n, v);
    Ok(())
}
pub fn delete_global(vm: &mut Vm, i: u32) -> Flow {
    let (n, g) = (name(vm, i), vm.frame().globals().clone());
    match g.as_::<Dict>().remove_str(vm, &n) {
        Some(_) => Ok(()),
        None => undefined(vm, &n),
    }
}

pub fn load_global(vm: &mut Vm, arg: u32) -> Flow {
    let n = name(vm, arg >> 1);
    let Some(v) = global(vm, &n)? else { return undefined(vm, &n) };
    quicken(vm, &n);
    vm.push(v);
    if arg & 1 != 0 {
        vm.push(Value::NULL);
    }
    super::skip(vm, 4);
    Ok(())
}

/// Where a global is found: its cell, and that the globals do not have it if it is a builtin's.
pub struct GlobalHome {
    pub cell: *const crate::object::GlobalCell,
    pub in_builtins: bool,
}

/// Finds the cell of a global or builtin, if the code runs with one dict of globals.
pub fn global_home(vm: &Vm, n: &Value) -> Option<GlobalHome> {
    let f = vm.frame();
    let (g, b) = (f.globals().as_::<Dict>(), f.function().builtins.as_::<Dict>());
    if f.code().globals_id.get() != g.id() || !b.is_celled() || f.globals().is_dynamic() {
        return None;
    }
    if let Some(cell) = g.cell(n) {
        return Some(GlobalHome { cell, in_builtins: false });
    }
    let cell = b.cell(n)?;
    Some(GlobalHome { cell, in_builtins: true })
}

/// Registers for everything that keeps a cached global true: no such name in the globals if it is a
/// builtin's, one dict of globals. (The cell itself is read at run time by the interpreter.)
pub fn watch_global_home(vm: &mut Vm, n: &Value, home: &GlobalHome, who: Dependent) {
    let (g_id, code_id) = (vm.frame().globals().as_::<Dict>().id(), vm.frame().code().id);
    if home.in_builtins {
        vm.frame().globals().as_::<Dict>().watch_absent();
        vm.watch.watch(WatchKey::Absent(g_id, n.as_::<Str>().as_str().into()), who);
    }
    vm.watch.watch(WatchKey::OneGlobals(code_id), who);
}

/// The interpreter's inline cache: the cell's address. Rewritten when the variable is deleted.
fn quicken(vm: &mut Vm, n: &Value) {
    let at = vm.frame().unit();
    let code: *const crate::code::Code = vm.frame().code();
    if vm.frame().code().live[at].get() as u8 == op::PROBE {
        return;
    }
    let Some(home) = global_home(vm, n) else { return };
    let who = Dependent::Site { code, at: at as u32 };
    watch_global_home(vm, n, &home, who);
    vm.watch.watch(WatchKey::Cell(home.cell as usize | DELETED), who);
    // SAFETY: the code of the current frame.
    site::quicken_global(unsafe { &*code }, at, home.cell);
}

/// Tags a cell's address in a watch key that fires only when the variable is deleted (cells are aligned).
pub const DELETED: usize = 1;

/// `__annotations__` of a body that annotates names: a dict, if there is none.
pub fn setup_annotations(vm: &mut Vm, _arg: u32) -> Flow {
    let (d, key) = (names(vm), vm.intern("__annotations__"));
    if name_in(vm, &d, &key)?.is_none() {
        let fresh = vm.dict();
        vm.set_item(&d, &key, fresh)?;
    }
    Ok(())
}

pub fn load_common_constant(vm: &mut Vm, which: u32) -> Flow {
    let Some(v) = vm.common_constants.get(which as usize) else {
        return Err(vm.raise("SystemError", format!("no common constant {which}")).into());
    };
    let v = v.clone();
    vm.push(v);
    Ok(())
}

/// Inline-cache units of LOAD_ATTR.
const LOAD_ATTR_SKIP: usize = 9;

/// An attribute that a SimpleNamespace itself has: nothing but names with underscores stands before it in the class.
fn namespace_attr(vm: &Vm, owner: Word, name: u32) -> Option<Value> {
    let owner = Value::of(&owner);
    let namespace = owner.get::<Namespace>()?;
    let n = &vm.frame().code().names[name as usize];
    if vm.class_ref(owner).is_heap() || n.as_::<Str>().bytes().starts_with(b"_") {
        return None;
    }
    namespace.dict.as_::<Dict>().get_str(n)
}
pub fn load_attr(vm: &mut Vm, arg: u32) -> Flow {
    if arg & 1 == 0
        && let Some(v) = namespace_attr(vm, vm.peek(0), arg >> 1)
    {
        drop(vm.pop());
        vm.push(v);
        super::skip(vm, LOAD_ATTR_SKIP);
        return Ok(());
    }
    let n = name(vm, arg >> 1);
    let owner = vm.peek(0).to_value();
    if arg & 1 != 0 {
        let (f, self_) = vm.get_method(&owner, &n)?;
        crate::attr_cache::specialise_load(vm, &owner, &n, true);
        drop(vm.pop());
        vm.push(f);
        vm.push(self_.unwrap_or(Value::NULL));
    } else {
        let v = vm.get_attr(&owner, &n)?;
        crate::attr_cache::specialise_load(vm, &owner, &n, false);
        drop(vm.pop());
        vm.push(v);
    }
    super::skip(vm, LOAD_ATTR_SKIP);
    Ok(())
}
/// Enters a property's getter, whose only argument is where the attribute will be.
pub fn load_attr_property(vm: &mut Vm, arg: u32) -> Flow {
    let owner = vm.peek(0);
    // SAFETY: the instruction under way is the quickened one.
    let known = instance_key(owner).and_then(|key| unsafe { AttrCache::find(vm.frame().ip, key) });
    let w = known.map_or(Word::NULL, |way| way.value.get());
    let property = if w.is_null() { None } else { Value::of(&w).native::<Property>() };
    let getter = property.map_or(Value::NULL, |p| p.get.borrow().clone());
    match getter.get::<Function>() {
        Some(f) if f.code().simple_args && f.code().argcount == 1 => {
            vm.enter_in_place(getter, 1, LOAD_ATTR_SKIP as u16, 0)?;
            Ok(())
        }
        _ => load_attr(vm, arg),
    }
}
pub fn store_attr(vm: &mut Vm, i: u32) -> Flow {
    let n = name(vm, i);
    let (owner, v) = (vm.pop(), vm.pop());
    let before = crate::attr_cache::before_store(&owner);
    vm.set_attr(&owner, &n, v)?;
    crate::attr_cache::specialise_store(vm, &owner, &n, before);
    super::skip(vm, 4);
    Ok(())
}
pub fn delete_attr(vm: &mut Vm, i: u32) -> Flow {
    let n = name(vm, i);
    let owner = vm.pop();
    vm.del_attr(&owner, &n)?;
    Ok(())
}

impl Vm {
    /// Swallows a pending KeyError.
    fn unless_key_error(&mut self, e: Exc) -> R {
        let pending = self.take_pending();
        if self.is_instance(&pending, self.types.exception("KeyError")) {
            return Ok(());
        }
        self.set_pending(pending);
        Err(e)
    }
}
