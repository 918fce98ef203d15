//! Attributes: look-up, setting, deleting.
//!
//! CPython's order for an instance: data descriptors of the class, the instance's own attributes, then
//! anything else the class and its bases have, bound. What a class and its bases have is cached by the
//! class's version in [`MethodCache`].

use crate::error::{Exc, R};
use crate::object::{
    Builtin, Dict, Exception, Function, Instance, Kind, Kw, Method, Module, Namespace, Str, Type, TypeFlags,
    header_flags,
};
use crate::types::descr::{ClassMethod, GetSetDescr, Member, Property, StaticMethod};
use crate::types::specials::Special;
use crate::value::{Value, Word};
use crate::vm::Vm;

fn name_of(name: &Value) -> &str {
    name.get::<Str>().map_or("", Str::as_str)
}

/// What classes have by name, for classes that have not changed since (their version is never reused).
pub struct MethodCache {
    entries: Box<[Entry]>,
    next_version: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    version: u32,
    name: Word,
    /// Borrowed from the class; NULL: not there.
    found: Word,
}

const CACHE_SIZE: usize = 4096;

impl Default for MethodCache {
    fn default() -> MethodCache {
        let empty = Entry { version: 0, name: Word::NULL, found: Word::NULL };
        MethodCache { entries: vec![empty; CACHE_SIZE].into(), next_version: 1 }
    }
}

impl MethodCache {
    fn slot(version: u32, name: Word) -> usize {
        (version as usize).wrapping_mul(31) ^ (name.0 >> 4) as usize & (CACHE_SIZE - 1)
    }
}

impl Vm {
    /// The class's version, given now if it has none; 0: the numbers are used up.
    pub fn type_version(&mut self, t: &Type) -> u32 {
        if t.version.get() == 0 && self.method_cache.next_version != u32::MAX {
            t.version.set(self.method_cache.next_version);
            self.method_cache.next_version += 1;
        }
        t.version.get()
    }
    /// What a class or its bases have under an interned name, as it stands there.
    #[inline]
    pub fn class_lookup(&mut self, t: &Type, name: &Value) -> Option<Value> {
        let version = t.version.get();
        let e = &self.method_cache.entries[MethodCache::slot(version, name.word()) & (CACHE_SIZE - 1)];
        if e.version == version && version != 0 && e.name == name.word() {
            return if e.found.is_null() { None } else { Some(e.found.to_value()) };
        }
        let found = t.lookup(name);
        let version = self.type_version(t);
        if version != 0 {
            let at = MethodCache::slot(version, name.word()) & (CACHE_SIZE - 1);
            let word = found.as_ref().map_or(Word::NULL, Value::word);
            self.method_cache.entries[at] = Entry { version, name: name.word(), found: word };
        }
        found
    }
    /// The one object for an attribute's name.
    #[inline]
    pub fn interned(&mut self, name: &Value) -> Value {
        if name.flags() & crate::object::INTERNED != 0 {
            return name.clone();
        }
        match name.get::<Str>().and_then(Str::to_str) {
            Some(s) => {
                let s = s.to_owned();
                self.intern(&s)
            }
            None => name.clone(),
        }
    }

    pub fn get_attr_str(&mut self, obj: &Value, name: &str) -> R<Value> {
        let name = self.intern(name);
        self.get_attr(obj, &name)
    }
    pub fn get_attr_str_opt(&mut self, obj: &Value, name: &str) -> R<Option<Value>> {
        let name = self.intern(name);
        self.get_attr_opt(obj, &name)
    }
    pub fn set_attr_str(&mut self, obj: &Value, name: &str, v: Value) -> R {
        let name = self.intern(name);
        self.set_attr(obj, &name, v)
    }
    /// `obj.name(args)`.
    pub fn call_method(&mut self, obj: &Value, name: &str, args: &[Value]) -> R<Value> {
        let name = self.intern(name);
        let (f, self_) = self.get_method(obj, &name)?;
        match self_ {
            Some(s) => super::specials::with_self(&s, args, |all| self.call(&f, all, Kw::NONE)),
            None => self.call(&f, args, Kw::NONE),
        }
    }

    pub fn get_attr(&mut self, obj: &Value, name: &Value) -> R<Value> {
        let name = &self.interned(name);
        let class = self.class_ref(obj);
        if class.has(TypeFlags::CUSTOM_GET) {
            return self.custom_get_attr(obj, name);
        }
        match self.plain_get_attr(obj, name)? {
            Some(v) => Ok(v),
            None => Err(self.no_attribute(obj, name)),
        }
    }

    /// `None` if there is none; no exception is left for that.
    pub fn get_attr_opt(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        let name = &self.interned(name);
        let class = self.class_ref(obj);
        let r = if class.has(TypeFlags::CUSTOM_GET) {
            self.custom_get_attr(obj, name).map(Some)
        } else {
            self.plain_get_attr(obj, name)
        };
        match r {
            Ok(found) => Ok(found),
            Err(e) => {
                let pending = self.take_pending();
                if self.is_instance(&pending, self.types.exception("AttributeError")) {
                    return Ok(None);
                }
                self.set_pending(pending);
                Err(e)
            }
        }
    }

    /// The object's class, borrowed for as long as the object keeps it.
    #[inline(always)]
    pub fn class_ref<'a>(&self, obj: &'a Value) -> &'a Type {
        let w = self.type_of(obj).word();
        // SAFETY: the object keeps its class; the VM keeps those of unboxed values.
        unsafe { w.cast::<Type>() }
    }

    /// `__getattribute__` of Python code, then `__getattr__`.
    fn custom_get_attr(&mut self, obj: &Value, name: &Value) -> R<Value> {
        let first = self.special_of(obj, Special::Getattribute);
        let object = self.types.object.clone();
        let r = match first {
            Some(m) if !self.is_builtin_method(&m, &object) => {
                self.call_unbound(&m, obj, std::slice::from_ref(name))
            }
            _ => match self.plain_get_attr(obj, name) {
                Ok(Some(v)) => return Ok(v),
                Ok(None) => match self.special_of(obj, Special::Getattr) {
                    Some(m) => return self.call_unbound(&m, obj, std::slice::from_ref(name)),
                    None => return Err(self.no_attribute(obj, name)),
                },
                Err(e) => Err(e),
            },
        };
        let Err(e) = r else { return r };
        let Some(m) = self.special_of(obj, Special::Getattr) else { return Err(e) };
        let pending = self.take_pending();
        if !self.is_instance(&pending, self.types.exception("AttributeError")) {
            return Err(self.set_pending(pending));
        }
        drop(pending);
        self.call_unbound(&m, obj, std::slice::from_ref(name))
    }

    /// As `object.__getattribute__`, `type.__getattribute__` or a module's.
    pub fn plain_get_attr(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        match obj.kind() {
            Some(Kind::Type) => self.type_get_attr(obj, name),
            Some(Kind::Module) => self.module_get_attr(obj, name),
            _ => self.generic_get_attr(obj, name),
        }
    }

    pub fn generic_get_attr(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        let found = self.class_lookup(self.class_ref(obj), name);
        if let Some(d) = &found
            && self.is_data_descriptor(d)
        {
            // One that can be set but not read leaves it to the object to answer.
            if !self.only_sets(d) || self.own_attribute(obj, name).is_none() {
                let owner = self.type_of(obj).clone();
                return self.descr_get(d, Some(obj), &owner).map(Some);
            }
        }
        if let Some(v) = self.own_attribute(obj, name) {
            return Ok(Some(v));
        }
        match found {
            Some(d) => {
                let owner = self.type_of(obj).clone();
                self.descr_get(&d, Some(obj), &owner).map(Some)
            }
            // A bound method shows its function's attributes.
            None => match obj.get::<Method>() {
                Some(m) => {
                    let f = m.func.clone();
                    self.get_attr_opt(&f, name)
                }
                None => Ok(None),
            },
        }
    }

    fn type_get_attr(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        let meta = self.type_of(obj).clone();
        let of_meta = self.class_lookup(meta.as_(), name);
        if let Some(d) = &of_meta
            && self.is_data_descriptor(d)
            && (!self.only_sets(d) || self.class_lookup(obj.as_(), name).is_none())
        {
            return self.descr_get(d, Some(obj), &meta).map(Some);
        }
        if let Some(d) = self.class_lookup(obj.as_(), name) {
            return self.descr_get(&d, None, obj).map(Some);
        }
        match of_meta {
            Some(d) => self.descr_get(&d, Some(obj), &meta).map(Some),
            None => Ok(None),
        }
    }

    /// A data descriptor of Python code without `__get__`.
    fn only_sets(&mut self, d: &Value) -> bool {
        d.is_dynamic() && self.special_of(d, Special::Get).is_none()
    }
    fn module_get_attr(&mut self, obj: &Value, name: &Value) -> R<Option<Value>> {
        if let Some(v) = self.generic_get_attr(obj, name)? {
            return Ok(Some(v));
        }
        let key = self.intern("__getattr__");
        let f = obj.as_::<Module>().dict.as_::<Dict>().get_str(&key);
        match f {
            Some(f) => self.call(&f, std::slice::from_ref(name), Kw::NONE).map(Some),
            None => Ok(None),
        }
    }

    /// Does it come before the instance's own attributes?
    #[inline]
    pub fn is_data_descriptor(&mut self, d: &Value) -> bool {
        match d.kind() {
            Some(Kind::Native) => {
                d.native::<GetSetDescr>().is_some()
                    || d.native::<Member>().is_some()
                    || d.native::<Property>().is_some()
                    || self.has_special(d, Special::Set)
                    || self.has_special(d, Special::Delete)
            }
            Some(_) if d.flags() & header_flags::DYNAMIC != 0 => {
                self.special_of(d, Special::Set).is_some() || self.special_of(d, Special::Delete).is_some()
            }
            _ => false,
        }
    }

    /// A class attribute seen through an instance (or, without one, through the class).
    pub fn descr_get(&mut self, d: &Value, obj: Option<&Value>, owner: &Value) -> R<Value> {
        match d.kind() {
            Some(Kind::Function) => Ok(match obj {
                Some(o) => Method::new(&self.types.method, d.clone(), o.clone()),
                None => d.clone(),
            }),
            Some(Kind::Builtin) => {
                let b = d.as_::<Builtin>();
                Ok(match obj {
                    Some(o) if b.is_descriptor() => {
                        let ty = match self.type_of(d).is(&self.types.slot_wrapper) {
                            true => self.types.method_wrapper.clone(),
                            false => self.types.builtin_function.clone(),
                        };
                        Builtin::new(&ty, b.def, o.clone(), b.owner.clone(), Value::NULL)
                    }
                    _ => d.clone(),
                })
            }
            Some(Kind::Native) if d.flags() & header_flags::EXTRAS == 0 || !self.class_ref(d).is_heap() => {
                if let Some(g) = d.native::<GetSetDescr>() {
                    return match obj {
                        Some(o) => g.get(self, o),
                        None => Ok(d.clone()),
                    };
                }
                if let Some(m) = d.native::<Member>() {
                    return match obj {
                        Some(o) => m.get(self, o),
                        None => Ok(d.clone()),
                    };
                }
                if let Some(p) = d.native::<Property>() {
                    if self.class_ref(d).is_heap() {
                        return self.descr_get_slow(d, obj, owner);
                    }
                    return match obj {
                        Some(o) => p.read(self, o),
                        None => Ok(d.clone()),
                    };
                }
                if let Some(s) = d.native::<StaticMethod>() {
                    return Ok(s.func.borrow().clone());
                }
                if let Some(c) = d.native::<ClassMethod>() {
                    let f = c.func.borrow().clone();
                    return self.bind_class_method(&f, owner);
                }
                self.descr_get_slow(d, obj, owner)
            }
            Some(_) if d.flags() & header_flags::DYNAMIC != 0 => self.descr_get_slow(d, obj, owner),
            _ => Ok(d.clone()),
        }
    }
    fn descr_get_slow(&mut self, d: &Value, obj: Option<&Value>, owner: &Value) -> R<Value> {
        match self.special_of(d, Special::Get) {
            Some(m) if !m.is_none() => {
                let obj = obj.cloned().unwrap_or(Value::NONE);
                self.call_unbound(&m, d, &[obj, owner.clone()])
            }
            _ => Ok(d.clone()),
        }
    }

    /// For a method call: the function and the object to pass first, without making a bound method.
    pub fn get_method(&mut self, obj: &Value, name: &Value) -> R<(Value, Option<Value>)> {
        let name = &self.interned(name);
        let class = self.class_ref(obj);
        let plain = !matches!(obj.kind(), Some(Kind::Module | Kind::Type));
        if plain && !class.has(TypeFlags::CUSTOM_GET) {
            let found = self.class_lookup(class, name);
            if let Some(f) = found
                && super::descr::plain_function(&f)
                && self.own_attribute(obj, name).is_none()
            {
                return Ok((f, Some(obj.clone())));
            }
        }
        Ok((self.get_attr(obj, name)?, None))
    }

    /// What the object itself has under an interned name.
    #[inline]
    pub(crate) fn own_attribute(&self, obj: &Value, name: &Value) -> Option<Value> {
        if let Some(i) = obj.get::<Instance>() {
            return i.get(name);
        }
        let dict = self.own_dict(obj)?;
        dict.as_::<Dict>().get_str(name)
    }
    /// The object's own dict, if it has one by now.
    pub(crate) fn own_dict(&self, obj: &Value) -> Option<Value> {
        let d = match obj.kind()? {
            Kind::Instance => return obj.as_::<Instance>().dict_value(),
            Kind::Module => obj.as_::<Module>().dict.clone(),
            Kind::Namespace => obj.as_::<Namespace>().dict.clone(),
            Kind::Function => obj.as_::<Function>().dict.borrow().clone(),
            Kind::Exception => obj.as_::<Exception>().dict.borrow().clone(),
            _ => obj.extras()?.dict.borrow().clone(),
        };
        if d.is_null() { None } else { Some(d) }
    }
    /// The same, made if need be; `None` for objects that can have none.
    pub(crate) fn make_own_dict(&mut self, obj: &Value) -> Option<Value> {
        if let Some(d) = self.own_dict(obj) {
            return Some(d);
        }
        match obj.kind()? {
            Kind::Instance if self.class_ref(obj).has(TypeFlags::DICT) => {
                return Some(obj.as_::<Instance>().make_dict(self));
            }
            Kind::Instance => return None,
            _ => {}
        }
        let fresh = self.dict();
        match obj.kind()? {
            Kind::Function => *obj.as_::<Function>().dict.borrow_mut() = fresh.clone(),
            Kind::Exception => *obj.as_::<Exception>().dict.borrow_mut() = fresh.clone(),
            _ if self.class_ref(obj).has(TypeFlags::DICT) => *obj.extras()?.dict.borrow_mut() = fresh.clone(),
            _ => return None,
        }
        Some(fresh)
    }

    #[cold]
    pub fn no_attribute(&mut self, obj: &Value, name: &Value) -> Exc {
        let n = name_of(name).to_owned();
        let message = match obj.kind() {
            Some(Kind::Module) => {
                let key = self.intern("__name__");
                let module = obj.as_::<Module>().dict.as_::<Dict>().get_str(&key);
                let module = module.as_ref().map_or("?", |m| name_of(m)).to_owned();
                format!("module '{module}' has no attribute '{n}'")
            }
            Some(Kind::Type) => {
                format!("type object '{}' has no attribute '{n}'", obj.as_::<Type>().name.borrow())
            }
            Some(Kind::Method) => {
                let f = obj.as_::<Method>().func.clone();
                return self.no_attribute(&f, name);
            }
            _ => format!("'{}' object has no attribute '{n}'", self.type_name(obj)),
        };
        self.attribute_error(obj, name, message)
    }
    /// AttributeError with its `name` and `obj`.
    pub(crate) fn attribute_error(&mut self, obj: &Value, name: &Value, message: String) -> Exc {
        let m = self.string(message);
        let e = self.make_exception("AttributeError", vec![m]);
        self.set_exception_field(&e, "name", name.clone());
        self.set_exception_field(&e, "obj", obj.clone());
        self.raise_value(e)
    }

    pub fn set_attr(&mut self, obj: &Value, name: &Value, v: Value) -> R<()> {
        let name = &self.interned(name);
        if self.class_ref(obj).has(TypeFlags::CUSTOM_SET)
            && let Some(m) = self.special_of(obj, Special::Setattr)
        {
            return self.call_unbound(&m, obj, &[name.clone(), v]).map(drop);
        }
        self.plain_set_attr(obj, name, Some(v))
    }
    pub fn del_attr(&mut self, obj: &Value, name: &Value) -> R<()> {
        let name = &self.interned(name);
        if self.class_ref(obj).has(TypeFlags::CUSTOM_SET)
            && let Some(m) = self.special_of(obj, Special::Delattr)
        {
            return self.call_unbound(&m, obj, std::slice::from_ref(name)).map(drop);
        }
        self.plain_set_attr(obj, name, None)
    }

    /// As `object.__setattr__` (or `__delattr__`, without a value), and `type`'s for classes.
    pub fn plain_set_attr(&mut self, obj: &Value, name: &Value, v: Option<Value>) -> R<()> {
        let found = self.class_lookup(self.class_ref(obj), name);
        if obj.is_kind(Kind::Type) {
            return self.type_set_attr(obj, name, v, found);
        }
        if let Some(d) = &found {
            if let Some(p) = d.native::<Property>()
                && !self.class_ref(d).is_heap()
            {
                return p.write(self, obj, v.as_ref());
            }
            if let Some(m) = d.native::<Member>() {
                return m.set(self, obj, v.as_ref());
            }
            if let Some(g) = d.native::<GetSetDescr>() {
                return g.set(self, obj, v.as_ref());
            }
            if self.set_through(d, obj, v.as_ref())? {
                return Ok(());
            }
        }
        if let Some(i) = obj.get::<Instance>()
            && self.class_ref(obj).has(TypeFlags::DICT)
        {
            return match v {
                Some(v) => {
                    i.set(self, name, v);
                    Ok(())
                }
                None => match i.delete(self, name) {
                    Some(old) => {
                        drop(old);
                        Ok(())
                    }
                    None => Err(self.no_attribute(obj, name)),
                },
            };
        }
        match (self.make_own_dict(obj), v) {
            (Some(d), Some(v)) => {
                d.as_::<Dict>().set_str(self, name, v);
                Ok(())
            }
            (Some(d), None) => match d.as_::<Dict>().remove_str(self, name) {
                Some(old) => {
                    drop(old);
                    Ok(())
                }
                None => Err(self.no_attribute(obj, name)),
            },
            (None, _) => Err(self.not_settable(obj, name, found)),
        }
    }

    /// Sets or deletes through a descriptor's `__set__` or `__delete__`. False: it has neither.
    fn set_through(&mut self, d: &Value, obj: &Value, v: Option<&Value>) -> R<bool> {
        if d.flags() & header_flags::DYNAMIC == 0 {
            return Ok(false);
        }
        let (which, other) =
            if v.is_some() { (Special::Set, Special::Delete) } else { (Special::Delete, Special::Set) };
        match self.special_of(d, which) {
            Some(m) => {
                let mut args = vec![obj.clone()];
                args.extend(v.cloned());
                self.call_unbound(&m, d, &args)?;
                Ok(true)
            }
            None if self.special_of(d, other).is_some() => {
                let message = which.name().to_owned();
                self.fail("AttributeError", message)
            }
            None => Ok(false),
        }
    }

    fn type_set_attr(&mut self, obj: &Value, name: &Value, v: Option<Value>, found: Option<Value>) -> R<()> {
        let t = obj.as_::<Type>();
        let n = name_of(name).to_owned();
        if !t.has(TypeFlags::HEAP) && !t.has(TypeFlags::MUTABLE) {
            let class = t.name.borrow().to_string();
            return self.fail("TypeError", format!("cannot set '{n}' attribute of immutable type '{class}'"));
        }
        if let Some(d) = &found {
            if let Some(g) = d.native::<GetSetDescr>() {
                return g.set(self, obj, v.as_ref());
            }
            if self.set_through(d, obj, v.as_ref())? {
                return Ok(());
            }
        }
        let old = match v {
            Some(v) => {
                t.modified();
                t.dict.as_::<Dict>().set_str(self, name, v);
                None
            }
            None => {
                let Some(old) = t.dict.as_::<Dict>().remove_str(self, name) else {
                    return Err(self.no_attribute(obj, name));
                };
                Some(old)
            }
        };
        t.modified();
        self.note_class_attribute(t, &n);
        drop(old);
        Ok(())
    }

    fn not_settable(&mut self, obj: &Value, name: &Value, found: Option<Value>) -> Exc {
        let (class, n) = (self.type_name(obj), name_of(name).to_owned());
        let message = match found {
            Some(_) => format!("'{class}' object attribute '{n}' is read-only"),
            None => {
                format!("'{class}' object has no attribute '{n}' and no __dict__ for setting new attributes")
            }
        };
        self.attribute_error(obj, name, message)
    }
}
