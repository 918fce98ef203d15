//! Descriptors: computed attributes, `__slots__` members, property, classmethod, staticmethod, super; and
//! `mappingproxy`, the view of a class's dict.

use crate::error::R;
use crate::object::{
    Builtin, BuiltinDef, Dict, Extras, Function, Instance, Kind, Kw, Method, Native, Payload, Str, Type,
    TypeFlags,
};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS};
use crate::types::specials::Special;
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

/// A computed attribute in a class's dict.
pub struct GetSetDescr {
    pub def: &'static GetSet,
    pub owner: Value,
}
impl Payload for GetSetDescr {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.owner);
    }
}
static GETSET: ClassDef = ClassDef {
    name: "getset_descriptor",
    methods: &[
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            let d = vm.self_::<GetSetDescr>(&a[0])?;
            if a[1].is_none() { Ok(a[0].clone()) } else { d.get(vm, &a[1]) }
        }),
        BuiltinDef::new("__set__", 2, 2, |vm, a, _| {
            let d = vm.self_::<GetSetDescr>(&a[0])?;
            d.set(vm, &a[1], Some(&a[2])).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__delete__", 1, 1, |vm, a, _| {
            let d = vm.self_::<GetSetDescr>(&a[0])?;
            d.set(vm, &a[1], None).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let d = vm.self_::<GetSetDescr>(&a[0])?;
            let owner = d.owner.as_::<Type>().name.borrow().clone();
            Ok(vm.string(format!("<attribute '{}' of '{owner}' objects>", d.def.name)))
        }),
    ],
    getset: &[
        GetSet::get("__name__", |vm, v| Ok(vm.intern(vm_getset(v).def.name))),
        GetSet::get("__qualname__", |vm, v| {
            let d = vm_getset(v);
            let owner = d.owner.as_::<Type>().short_name();
            Ok(vm.string(format!("{owner}.{}", d.def.name)))
        }),
        GetSet::get("__objclass__", |_, v| Ok(vm_getset(v).owner.clone())),
        GetSet::get("__doc__", |_, _| Ok(Value::NONE)),
    ],
    flags: crate::types::native::NO_NEW,
    ..ClassDef::DEFAULT
};
fn vm_getset(v: &Value) -> &GetSetDescr {
    v.native().expect("a computed attribute of its own class")
}

impl GetSetDescr {
    pub fn new(vm: &mut Vm, owner: &Value, def: &'static GetSet) -> Value {
        // The class of these descriptors has some itself.
        let class = match vm.class_of::<GetSetDescr>() {
            Some(c) => c,
            None => {
                let base = vm.types.object.clone();
                let dict = vm.dict();
                let h = crate::object::Header::new(Kind::Type, &vm.types.type_);
                let c = Type::new(h, GETSET.name, base, dict, Kind::Native);
                vm.adopt_class(&c);
                vm.native_classes.insert(std::any::TypeId::of::<GetSetDescr>(), c.clone());
                vm.fill_class(&c, &GETSET);
                c
            }
        };
        Native::new(&class, GetSetDescr { def, owner: owner.clone() })
    }
    fn check(&self, vm: &mut Vm, obj: &Value) -> R {
        if vm.is_instance(obj, &self.owner) {
            return Ok(());
        }
        let owner = self.owner.as_::<Type>().name.borrow().clone();
        let message = format!(
            "descriptor '{}' for '{owner}' objects doesn't apply to a '{}' object",
            self.def.name,
            vm.type_name(obj)
        );
        vm.fail("TypeError", message)
    }
    pub fn get(&self, vm: &mut Vm, obj: &Value) -> R<Value> {
        self.check(vm, obj)?;
        (self.def.get)(vm, obj)
    }
    pub fn set(&self, vm: &mut Vm, obj: &Value, v: Option<&Value>) -> R {
        self.check(vm, obj)?;
        match self.def.set {
            Some(set) => set(vm, obj, v),
            None => {
                let owner = self.owner.as_::<Type>().name.borrow().clone();
                let message = format!("attribute '{}' of '{owner}' objects is not writable", self.def.name);
                vm.fail("AttributeError", message)
            }
        }
    }
}

/// A name of `__slots__`.
pub struct Member {
    pub name: Value,
    pub owner: Value,
    pub slot: u32,
}
impl Payload for Member {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.owner);
    }
}
static MEMBER: ClassDef = ClassDef {
    name: "member_descriptor",
    methods: &[
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            if a[1].is_none() {
                return Ok(a[0].clone());
            }
            let m = vm.self_::<Member>(&a[0])?;
            m.get(vm, &a[1])
        }),
        BuiltinDef::new("__set__", 2, 2, |vm, a, _| {
            let m = vm.self_::<Member>(&a[0])?;
            m.set(vm, &a[1], Some(&a[2])).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__delete__", 1, 1, |vm, a, _| {
            let m = vm.self_::<Member>(&a[0])?;
            m.set(vm, &a[1], None).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let m = vm.self_::<Member>(&a[0])?;
            let (n, owner) = (m.name.clone(), m.owner.as_::<Type>().name.borrow().clone());
            Ok(vm.string(format!("<member '{}' of '{owner}' objects>", n.as_::<Str>().as_str())))
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let m = vm.self_::<Member>(&a[0])?;
            let (owner, name) = (m.owner.clone(), m.name.clone());
            let getattr = vm.builtin("getattr");
            let args = vm.tuple(vec![owner, name]);
            Ok(vm.tuple(vec![getattr, args]))
        }),
    ],
    getset: &[
        GetSet::get("__name__", |vm, v| Ok(vm.self_::<Member>(v)?.name.clone())),
        GetSet::get("__objclass__", |vm, v| Ok(vm.self_::<Member>(v)?.owner.clone())),
        GetSet::get("__qualname__", |vm, v| {
            let m = vm.self_::<Member>(v)?;
            let n = format!("{}.{}", m.owner.as_::<Type>().short_name(), m.name.as_::<Str>().as_str());
            Ok(vm.string(n))
        }),
        GetSet::get("__doc__", |_, _| Ok(Value::NONE)),
    ],
    flags: crate::types::native::NO_NEW,
    ..ClassDef::DEFAULT
};

impl Member {
    pub fn new(vm: &mut Vm, owner: &Value, name: &Value, slot: u32) -> Value {
        let class = vm.native_class::<Member>(&MEMBER);
        Native::new(&class, Member { name: name.clone(), owner: owner.clone(), slot })
    }
    fn cell<'a>(&self, vm: &mut Vm, obj: &'a Value) -> R<Slot<'a>> {
        if !vm.is_instance(obj, &self.owner) {
            let (n, owner) =
                (self.name.as_::<Str>().as_str().to_owned(), self.owner.as_::<Type>().name.borrow().clone());
            let message = format!(
                "descriptor '{n}' for '{owner}' objects doesn't apply to a '{}' object",
                vm.type_name(obj)
            );
            return vm.fail("TypeError", message);
        }
        if let Some(i) = obj.get::<Instance>() {
            return Ok(Slot::Instance(i));
        }
        match obj.extras() {
            Some(e) => Ok(Slot::Extras(e)),
            None => vm.fail("SystemError", "an object without room for __slots__"),
        }
    }
    pub fn get(&self, vm: &mut Vm, obj: &Value) -> R<Value> {
        let w = match self.cell(vm, obj)? {
            Slot::Instance(i) => i.slot(self.slot),
            Slot::Extras(e) => e.slots.get(self.slot as usize).map_or(Word::NULL, Cell::get),
        };
        if w.is_null() {
            return Err(vm.no_attribute(obj, &self.name));
        }
        Ok(w.to_value())
    }
    pub fn set(&self, vm: &mut Vm, obj: &Value, v: Option<&Value>) -> R {
        let new = v.cloned().unwrap_or(Value::NULL);
        let old = match self.cell(vm, obj)? {
            Slot::Instance(i) => i.set_slot(self.slot, new),
            Slot::Extras(e) => match e.slots.get(self.slot as usize) {
                // SAFETY: ownership of the words changes hands.
                Some(c) => unsafe { Value::from_word(c.replace(new.into_word())) },
                None => Value::NULL,
            },
        };
        if v.is_none() && old.is_null() {
            return Err(vm.no_attribute(obj, &self.name));
        }
        drop(old);
        Ok(())
    }
}
enum Slot<'a> {
    Instance(&'a Instance),
    Extras(&'a Extras),
}

pub struct Property {
    pub get: RefCell<Value>,
    pub set: RefCell<Value>,
    pub del: RefCell<Value>,
    doc: RefCell<Value>,
    /// The doc is the getter's.
    getter_doc: Cell<bool>,
    name: RefCell<Value>,
}
impl Payload for Property {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for f in [&self.get, &self.set, &self.del, &self.doc, &self.name] {
            visit(&f.borrow());
        }
    }
    fn clear(&self) {
        for f in [&self.get, &self.set, &self.del, &self.doc] {
            drop(f.replace(Value::NONE));
        }
    }
}
static PROPERTY: ClassDef = ClassDef {
    name: "property",
    flags: SUBCLASS,
    doc: Some("Property attribute."),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |_, a, _| {
            let none = || RefCell::new(Value::NONE);
            let p = Property {
                get: none(),
                set: none(),
                del: none(),
                doc: none(),
                getter_doc: Cell::new(false),
                name: RefCell::new(Value::NONE),
            };
            Ok(Native::new(&a[0], p))
        }),
        BuiltinDef::kw("__init__", 0, 4, |vm, a, kw| {
            let [get, set, del, doc] =
                vm.bind_args("property", ["fget", "fset", "fdel", "doc"], 0, 0, &a[1..], kw)?;
            let p = vm.self_::<Property>(&a[0])?;
            let or_none = |v: Option<Value>| v.unwrap_or(Value::NONE);
            *p.get.borrow_mut() = or_none(get);
            *p.set.borrow_mut() = or_none(set);
            *p.del.borrow_mut() = or_none(del);
            let given = doc.filter(|d| !d.is_none());
            p.getter_doc.set(given.is_none());
            let getter = p.get.borrow().clone();
            let doc = match given {
                Some(d) => d,
                None if getter.is_none() => Value::NONE,
                None => vm.get_attr_str_opt(&getter, "__doc__")?.unwrap_or(Value::NONE),
            };
            // A subclass keeps its doc in the instance's dict.
            let exact = vm.type_of(&a[0]).clone();
            if !exact.is(&vm.native_class::<Property>(&PROPERTY)) && !doc.is_none() {
                let key = vm.intern("__doc__");
                if let Some(d) = vm.make_own_dict(&a[0]) {
                    d.as_::<Dict>().set_str(vm, &key, doc.clone());
                }
            }
            *p.doc.borrow_mut() = doc;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("getter", 1, 1, |vm, a, _| property_copy(vm, &a[0], 0, &a[1])),
        BuiltinDef::new("setter", 1, 1, |vm, a, _| property_copy(vm, &a[0], 1, &a[1])),
        BuiltinDef::new("deleter", 1, 1, |vm, a, _| property_copy(vm, &a[0], 2, &a[1])),
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            if a[1].is_none() {
                return Ok(a[0].clone());
            }
            let p = vm.self_::<Property>(&a[0])?;
            p.read(vm, &a[1])
        }),
        BuiltinDef::new("__set__", 2, 2, |vm, a, _| {
            let p = vm.self_::<Property>(&a[0])?;
            p.write(vm, &a[1], Some(&a[2])).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__delete__", 1, 1, |vm, a, _| {
            let p = vm.self_::<Property>(&a[0])?;
            p.write(vm, &a[1], None).map(|()| Value::NONE)
        }),
        BuiltinDef::new("__set_name__", 2, 2, |vm, a, _| {
            let p = vm.self_::<Property>(&a[0])?;
            drop(p.name.replace(a[2].clone()));
            Ok(Value::NONE)
        }),
    ],
    getset: &[
        GetSet::member("fget", |vm, v| Ok(vm.self_::<Property>(v)?.get.borrow().clone())),
        GetSet::member("fset", |vm, v| Ok(vm.self_::<Property>(v)?.set.borrow().clone())),
        GetSet::member("fdel", |vm, v| Ok(vm.self_::<Property>(v)?.del.borrow().clone())),
        GetSet::new(
            "__doc__",
            |vm, v| Ok(vm.self_::<Property>(v)?.doc.borrow().clone()),
            |vm, v, d| {
                let p = vm.self_::<Property>(v)?;
                drop(p.doc.replace(d.cloned().unwrap_or(Value::NONE)));
                Ok(())
            },
        ),
        GetSet::new(
            "__name__",
            |vm, v| {
                let p = vm.self_::<Property>(v)?;
                let (n, getter) = (p.name.borrow().clone(), p.get.borrow().clone());
                if !n.is_none() {
                    return Ok(n);
                }
                let found = if getter.is_none() { None } else { vm.get_attr_str_opt(&getter, "__name__")? };
                match found {
                    Some(n) => Ok(n),
                    None => vm.fail("AttributeError", "'property' object has no attribute '__name__'"),
                }
            },
            |vm, v, n| {
                let p = vm.self_::<Property>(v)?;
                drop(p.name.replace(n.cloned().unwrap_or(Value::NONE)));
                Ok(())
            },
        ),
        GetSet::get("__isabstractmethod__", |vm, v| {
            let p = vm.self_::<Property>(v)?;
            let parts = [p.get.borrow().clone(), p.set.borrow().clone(), p.del.borrow().clone()];
            for f in parts {
                if is_abstract(vm, &f)? {
                    return Ok(Value::TRUE);
                }
            }
            Ok(Value::FALSE)
        }),
    ],
    ..ClassDef::DEFAULT
};

/// `f.__isabstractmethod__`, false if there is none.
fn is_abstract(vm: &mut Vm, f: &Value) -> R<bool> {
    match vm.get_attr_str_opt(f, "__isabstractmethod__")? {
        Some(v) => vm.truthy(&v),
        None => Ok(false),
    }
}

fn property_copy(vm: &mut Vm, v: &Value, which: usize, f: &Value) -> R<Value> {
    let p = vm.self_::<Property>(v)?;
    let mut parts = [p.get.borrow().clone(), p.set.borrow().clone(), p.del.borrow().clone(), Value::NONE];
    if !p.getter_doc.get() {
        parts[3] = p.doc.borrow().clone();
    }
    let name = p.name.borrow().clone();
    parts[which] = f.clone();
    let class = vm.type_of(v).clone();
    let new = vm.call(&class, &parts, Kw::NONE)?;
    if let Some(q) = new.native::<Property>() {
        *q.name.borrow_mut() = name;
    }
    Ok(new)
}

impl Property {
    pub fn read(&self, vm: &mut Vm, obj: &Value) -> R<Value> {
        let f = self.get.borrow().clone();
        if f.is_none() {
            return self.refuse(vm, obj, "getter");
        }
        vm.call(&f, std::slice::from_ref(obj), Kw::NONE)
    }
    pub fn write(&self, vm: &mut Vm, obj: &Value, v: Option<&Value>) -> R {
        let f = if v.is_some() { self.set.borrow().clone() } else { self.del.borrow().clone() };
        if f.is_none() {
            return self.refuse(vm, obj, if v.is_some() { "setter" } else { "deleter" });
        }
        match v {
            Some(v) => vm.call(&f, &[obj.clone(), v.clone()], Kw::NONE)?,
            None => vm.call(&f, std::slice::from_ref(obj), Kw::NONE)?,
        };
        Ok(())
    }
    fn refuse<T>(&self, vm: &mut Vm, obj: &Value, what: &str) -> R<T> {
        let class = vm.type_of(obj).clone();
        let class = vm.qualname_of(&class);
        let name = self.name.borrow().clone();
        let getter = self.get.borrow().clone();
        let name = match name.is_none() && !getter.is_none() {
            true => vm.get_attr_str_opt(&getter, "__name__")?.unwrap_or(Value::NONE),
            false => name,
        };
        let message = if name.is_none() {
            format!("property of '{class}' object has no {what}")
        } else {
            format!("property {} of '{class}' object has no {what}", vm.repr_string(&name)?)
        };
        vm.fail("AttributeError", message)
    }
}

macro_rules! wrapper {
    ($name:ident, $def:ident, $text:literal, $get:expr) => {
        pub struct $name {
            pub func: RefCell<Value>,
        }
        impl Payload for $name {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                visit(&self.func.borrow());
            }
            fn clear(&self) {
                drop(self.func.replace(Value::NONE));
            }
        }
        impl $name {
            pub fn new(vm: &mut Vm, func: Value) -> Value {
                let class = vm.native_class::<$name>(&$def);
                Native::new(&class, $name { func: RefCell::new(func) })
            }
        }
        static $def: ClassDef = ClassDef {
            name: $text,
            flags: SUBCLASS.union(HAS_DICT).union(TypeFlags::WEAKREF),
            methods: &[
                BuiltinDef::kw("__new__", 0, u8::MAX, |_, a, _| {
                    Ok(Native::new(&a[0], $name { func: RefCell::new(Value::NONE) }))
                }),
                BuiltinDef::new("__init__", 1, 1, |vm, a, _| {
                    let w = vm.self_::<$name>(&a[0])?;
                    drop(w.func.replace(a[1].clone()));
                    copy_attributes(vm, &a[0], &a[1])
                }),
                BuiltinDef::new("__get__", 1, 2, $get),
                BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
                    let f = vm.self_::<$name>(&a[0])?.func.borrow().clone();
                    let f = vm.repr_string(&f)?;
                    Ok(vm.string(format!(concat!("<", $text, "({})>"), f)))
                }),
                BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
                    let f = vm.self_::<$name>(&a[0])?.func.borrow().clone();
                    if $text == "classmethod" {
                        return vm.fail("TypeError", "'classmethod' object is not callable");
                    }
                    vm.call(&f, &a[1..], kw)
                }),
                BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
            ],
            getset: &[
                GetSet::get("__func__", |vm, v| Ok(vm.self_::<$name>(v)?.func.borrow().clone())),
                GetSet::get("__wrapped__", |vm, v| Ok(vm.self_::<$name>(v)?.func.borrow().clone())),
                GetSet::get("__isabstractmethod__", |vm, v| {
                    let f = vm.self_::<$name>(v)?.func.borrow().clone();
                    is_abstract(vm, &f).map(Value::bool)
                }),
                GetSet::new(
                    "__annotations__",
                    |vm, v| wrapped_attribute(vm, v, "__annotations__"),
                    |vm, v, x| set_wrapped_attribute(vm, v, "__annotations__", x),
                ),
                GetSet::new(
                    "__annotate__",
                    |vm, v| wrapped_attribute(vm, v, "__annotate__"),
                    |vm, v, x| set_wrapped_attribute(vm, v, "__annotate__", x),
                ),
            ],
            ..ClassDef::DEFAULT
        };
    };
}

wrapper!(ClassMethod, CLASS_METHOD, "classmethod", |vm, a, _| {
    let owner = match a.get(2) {
        Some(o) if !o.is_none() => o.clone(),
        _ => vm.type_of(&a[1]).clone(),
    };
    let f = vm.self_::<ClassMethod>(&a[0])?.func.borrow().clone();
    vm.bind_class_method(&f, &owner)
});
wrapper!(StaticMethod, STATIC_METHOD, "staticmethod", |vm, a, _| {
    Ok(vm.self_::<StaticMethod>(&a[0])?.func.borrow().clone())
});

/// An attribute that a wrapper takes over from its function when first asked for it.
fn wrapped_attribute(vm: &mut Vm, v: &Value, name: &str) -> R<Value> {
    let key = vm.intern(name);
    if let Some(d) = vm.own_dict(v)
        && let Some(x) = d.as_::<Dict>().get_str(&key)
    {
        return Ok(x);
    }
    let wrapped = vm.intern("__wrapped__");
    let f = vm.get_attr(v, &wrapped)?;
    let x = vm.get_attr(&f, &key)?;
    if let Some(d) = vm.make_own_dict(v) {
        d.as_::<Dict>().set_str(vm, &key, x.clone());
    }
    Ok(x)
}
fn set_wrapped_attribute(vm: &mut Vm, v: &Value, name: &str, x: Option<&Value>) -> R {
    let key = vm.intern(name);
    let Some(d) = vm.make_own_dict(v) else { return Ok(()) };
    match x {
        Some(x) => d.as_::<Dict>().set_str(vm, &key, x.clone()),
        None => {
            if d.as_::<Dict>().remove_str(vm, &key).is_none() {
                return vm.fail("AttributeError", name);
            }
        }
    }
    Ok(())
}

/// What a wrapper takes over from the function it wraps.
fn copy_attributes(vm: &mut Vm, wrapper: &Value, f: &Value) -> R<Value> {
    for name in ["__module__", "__name__", "__qualname__", "__doc__"] {
        if let Some(v) = vm.get_attr_str_opt(f, name)?
            && let Some(d) = vm.make_own_dict(wrapper)
        {
            let key = vm.intern(name);
            d.as_::<Dict>().set_str(vm, &key, v);
        }
    }
    if let Some(own) = vm.own_dict(f) {
        let entries: Vec<_> = own.as_::<Dict>().iter().collect();
        if let Some(d) = vm.make_own_dict(wrapper) {
            for (k, v) in entries {
                d.as_::<Dict>().set(vm, &k, v)?;
            }
        }
    }
    Ok(Value::NONE)
}

/// `super(type, obj)`.
pub struct Super {
    pub class: RefCell<Value>,
    pub obj: RefCell<Value>,
    /// The class whose linearisation is searched.
    pub start: RefCell<Value>,
}
impl Payload for Super {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for f in [&self.class, &self.obj, &self.start] {
            visit(&f.borrow());
        }
    }
}
static SUPER: ClassDef = ClassDef {
    name: "super",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |_, a, _| {
            let none = || RefCell::new(Value::NONE);
            Ok(Native::new(&a[0], Super { class: none(), obj: none(), start: none() }))
        }),
        BuiltinDef::new("__init__", 0, 2, super_init),
        BuiltinDef::new("__getattribute__", 1, 1, |vm, a, _| {
            let s = vm.self_::<Super>(&a[0])?;
            match s.look_up(vm, &a[1])? {
                Some(v) => Ok(v),
                None => match vm.generic_get_attr(&a[0], &a[1])? {
                    Some(v) => Ok(v),
                    None => Err(vm.no_attribute(&a[0], &a[1])),
                },
            }
        }),
        BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
            let s = vm.self_::<Super>(&a[0])?;
            if a[1].is_none() || !s.obj.borrow().is_none() {
                return Ok(a[0].clone());
            }
            let class = s.class.borrow().clone();
            let ty = vm.type_of(&a[0]).clone();
            vm.call(&ty, &[class, a[1].clone()], Kw::NONE)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let s = vm.self_::<Super>(&a[0])?;
            let name = |v: &Value| v.get::<Type>().map_or("NULL".to_owned(), Type::short_name);
            let (class, start) = (name(&s.class.borrow()), s.start.borrow().clone());
            Ok(vm.string(match start.is_none() {
                true => format!("<super: <class '{class}'>, NULL>"),
                false => format!("<super: <class '{class}'>, <{} object>>", name(&start)),
            }))
        }),
    ],
    getset: &[
        GetSet::get("__thisclass__", |vm, v| Ok(vm.self_::<Super>(v)?.class.borrow().clone())),
        GetSet::get("__self__", |vm, v| Ok(vm.self_::<Super>(v)?.obj.borrow().clone())),
        GetSet::get("__self_class__", |vm, v| Ok(vm.self_::<Super>(v)?.start.borrow().clone())),
    ],
    ..ClassDef::DEFAULT
};

fn super_init(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (class, obj) = match a.len() {
        1 => super_of_frame(vm)?,
        _ => (a[1].clone(), a.get(2).cloned().unwrap_or(Value::NONE)),
    };
    if !class.is_kind(Kind::Type) {
        let message = format!("super() argument 1 must be a type, not {}", vm.type_name(&class));
        return vm.fail("TypeError", message);
    }
    let start = if obj.is_none() { Value::NONE } else { super_check(vm, &class, &obj)? };
    let s = vm.self_::<Super>(&a[0])?;
    *s.class.borrow_mut() = class;
    *s.obj.borrow_mut() = obj;
    *s.start.borrow_mut() = start;
    Ok(Value::NONE)
}

/// The class whose linearisation `super(class, obj)` searches.
pub fn super_check(vm: &mut Vm, class: &Value, obj: &Value) -> R<Value> {
    if let Some(t) = obj.get::<Type>()
        && t.is_subtype(class)
    {
        return Ok(obj.clone());
    }
    let ty = vm.type_of(obj).clone();
    if ty.as_::<Type>().is_subtype(class) {
        return Ok(ty);
    }
    if let Some(c) = vm.get_attr_str_opt(obj, "__class__")?
        && !c.is(&ty)
        && c.get::<Type>().is_some_and(|t| t.is_subtype(class))
    {
        return Ok(c);
    }
    let what = if obj.is_kind(Kind::Type) { "type" } else { "instance of" };
    let (name, of) = match obj.get::<Type>() {
        Some(t) => (t.short_name(), "type"),
        None => (ty.as_::<Type>().short_name(), what),
    };
    let message = format!(
        "super(type, obj): obj ({of} {name}) is not an instance or subtype of type ({}).",
        class.as_::<Type>().short_name()
    );
    vm.fail("TypeError", message)
}

/// `super()` without arguments: the class from the cell `__class__`, the object from the first argument.
fn super_of_frame(vm: &mut Vm) -> R<(Value, Value)> {
    let f = vm.frame();
    if f.code.is_null() {
        return vm.fail("RuntimeError", "super(): no current frame");
    }
    let code = f.code();
    if code.argcount == 0 {
        return vm.fail("RuntimeError", "super(): no arguments");
    }
    let opt = |w: Word| if w.is_null() { None } else { Some(w.to_value()) };
    let mut first = opt(f.local(0));
    if code.is_cell(0) {
        first =
            first.and_then(|c| c.get::<crate::object::ClosureCell>().map_or(Some(c.clone()), |c| c.get()));
    }
    let Some(first) = first else { return vm.fail("RuntimeError", "super(): arg[0] deleted") };
    for i in 0..code.localsplus.len() {
        if code.is_free(i) && code.localsplus[i].as_::<Str>().as_str() == "__class__" {
            let cell = opt(f.local(i));
            let Some(cell) = cell.as_ref().and_then(Value::get::<crate::object::ClosureCell>) else {
                return vm.fail("RuntimeError", "super(): bad __class__ cell");
            };
            return match cell.get() {
                Some(c) => Ok((c, first)),
                None => vm.fail("RuntimeError", "super(): empty __class__ cell"),
            };
        }
    }
    vm.fail("RuntimeError", "super(): __class__ cell not found")
}

impl Super {
    fn look_up(&self, vm: &mut Vm, name: &Value) -> R<Option<Value>> {
        let (class, obj, start) =
            (self.class.borrow().clone(), self.obj.borrow().clone(), self.start.borrow().clone());
        if start.is_none() || name.get::<Str>().is_some_and(|s| s.as_str() == "__class__") {
            return Ok(None);
        }
        vm.super_attribute(&class, &obj, &start, name)
    }
}

impl Vm {
    /// The attribute that `super(class, obj)` shows, searching `start`'s linearisation behind `class`.
    pub fn super_attribute(
        &mut self,
        class: &Value,
        obj: &Value,
        start: &Value,
        name: &Value,
    ) -> R<Option<Value>> {
        let mro = start.as_::<Type>().mro.borrow().clone();
        let after = mro.iter().skip_while(|t| !t.is(class)).skip(1);
        for t in after {
            if let Some(v) = t.as_::<Type>().dict.as_::<Dict>().get_str(name) {
                let through = if obj.is(start) { None } else { Some(obj) };
                return self.descr_get(&v, through, start).map(Some);
            }
        }
        Ok(None)
    }
    pub(crate) fn bind_class_method(&mut self, f: &Value, owner: &Value) -> R<Value> {
        match f.kind() {
            Some(Kind::Function) => Ok(Method::new(&self.types.method, f.clone(), owner.clone())),
            Some(Kind::Builtin) if f.as_::<Builtin>().is_descriptor() => {
                let b = f.as_::<Builtin>();
                Ok(Builtin::new(
                    &self.types.builtin_function,
                    b.def,
                    owner.clone(),
                    b.owner.clone(),
                    Value::NULL,
                ))
            }
            _ => Ok(Method::new(&self.types.method, f.clone(), owner.clone())),
        }
    }
    /// A property, for `builtins`.
    pub(crate) fn descriptor_classes(&mut self) -> Vec<(&'static str, Value)> {
        vec![
            ("property", self.native_class::<Property>(&PROPERTY)),
            ("classmethod", self.native_class::<ClassMethod>(&CLASS_METHOD)),
            ("staticmethod", self.native_class::<StaticMethod>(&STATIC_METHOD)),
            ("super", self.native_class::<Super>(&SUPER)),
        ]
    }
    /// The class `mappingproxy`.
    pub fn mapping_proxy_class(&mut self) -> Value {
        self.native_class::<MappingProxy>(&MAPPING_PROXY)
    }
    pub fn mapping_proxy(&mut self, mapping: Value) -> Value {
        let class = self.mapping_proxy_class();
        Native::new(&class, MappingProxy { mapping: RefCell::new(mapping) })
    }
}

/// A read-only view of a mapping.
pub struct MappingProxy {
    pub mapping: RefCell<Value>,
}
impl Payload for MappingProxy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.mapping.borrow());
    }
}
fn mapping(vm: &mut Vm, v: &Value) -> R<Value> {
    Ok(vm.self_::<MappingProxy>(v)?.mapping.borrow().clone())
}
macro_rules! forward {
    ($name:literal, $min:literal, $max:literal) => {
        BuiltinDef::new($name, $min, $max, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            vm.call_method(&m, $name, &a[1..])
        })
    };
}
static MAPPING_PROXY: ClassDef = ClassDef {
    name: "mappingproxy",
    flags: TypeFlags::MAPPING,
    methods: &[
        BuiltinDef::new("__new__", 1, 1, |vm, a, _| {
            let sequence = matches!(a[1].kind(), Some(Kind::List | Kind::Tuple));
            if sequence || !vm.has_special(&a[1], Special::GetItem) {
                let message =
                    format!("mappingproxy() argument must be a mapping, not {}", vm.type_name(&a[1]));
                return vm.fail("TypeError", message);
            }
            Ok(vm.mapping_proxy(a[1].clone()))
        }),
        BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            let n = vm.len_of(&m)?;
            Ok(vm.int(n as i64))
        }),
        BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            vm.get_item(&m, &a[1])
        }),
        BuiltinDef::new("__contains__", 1, 1, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            vm.contains(&m, &a[1]).map(Value::bool)
        }),
        BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            vm.get_iter(&m)
        }),
        BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            vm.str_of(&m)
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            let s = vm.repr_string(&m)?;
            Ok(vm.string(format!("mappingproxy({s})")))
        }),
        BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            let h = vm.hash(&m)?;
            Ok(vm.int(h))
        }),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            let other = match a[1].native::<MappingProxy>() {
                Some(p) => p.mapping.borrow().clone(),
                None => a[1].clone(),
            };
            vm.compare(crate::op::CmpOp::Eq, &m, &other)
        }),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| {
            let m = mapping(vm, &a[0])?;
            let other = match a[1].native::<MappingProxy>() {
                Some(p) => p.mapping.borrow().clone(),
                None => a[1].clone(),
            };
            vm.compare(crate::op::CmpOp::Ne, &m, &other)
        }),
        BuiltinDef::new("__or__", 1, 1, |vm, a, _| proxy_or(vm, &a[0], &a[1])),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, _| proxy_or(vm, &a[1], &a[0])),
        BuiltinDef::new("__ior__", 1, 1, |vm, a, _| {
            let message = format!(
                "'|=' is not supported by mappingproxy; use '|' instead{}",
                if a.is_empty() { "." } else { "" }
            );
            vm.fail("TypeError", message)
        }),
        forward!("get", 1, 2),
        forward!("keys", 0, 0),
        forward!("values", 0, 0),
        forward!("items", 0, 0),
        forward!("copy", 0, 0),
        forward!("__reversed__", 0, 0),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    ..ClassDef::DEFAULT
};
fn proxy_or(vm: &mut Vm, a: &Value, b: &Value) -> R<Value> {
    let inner = |v: &Value| v.native::<MappingProxy>().map_or(v.clone(), |p| p.mapping.borrow().clone());
    let (a, b) = (inner(a), inner(b));
    vm.binary_op(crate::op::BinOp::Or, false, &a, &b)
}

/// Is it the class `super`?
pub fn is_super(vm: &mut Vm, v: &Value) -> bool {
    v.is(&vm.native_class::<Super>(&SUPER))
}

/// Is it a function whose binding is known without calling `__get__`?
pub fn plain_function(v: &Value) -> bool {
    v.get::<Function>().is_some() || v.get::<Builtin>().is_some_and(Builtin::is_descriptor)
}
