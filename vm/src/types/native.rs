//! Classes written in Rust: [`ClassDef`] says what a class has, [`Vm::native_class`] makes it.

use crate::error::R;
use crate::object::{
    Builtin, BuiltinDef, Dict, Header, Kind, Native, Payload, Type, TypeFlags, header_flags,
};
use crate::types::descr::{ClassMethod, GetSetDescr, StaticMethod};
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;
use std::any::{Any, TypeId};

/// A computed attribute of a builtin class.
pub struct GetSet {
    pub name: &'static str,
    pub get: fn(&mut Vm, &Value) -> R<Value>,
    /// `None` as the value: delete.
    pub set: Option<fn(&mut Vm, &Value, Option<&Value>) -> R>,
}

impl GetSet {
    pub const fn get(name: &'static str, get: fn(&mut Vm, &Value) -> R<Value>) -> GetSet {
        GetSet { name, get, set: None }
    }
    /// What CPython has as a read-only member: setting it fails with another message.
    pub const fn member(name: &'static str, get: fn(&mut Vm, &Value) -> R<Value>) -> GetSet {
        GetSet { name, get, set: Some(|vm, _, _| vm.fail("AttributeError", "readonly attribute")) }
    }
    pub const fn new(
        name: &'static str,
        get: fn(&mut Vm, &Value) -> R<Value>,
        set: fn(&mut Vm, &Value, Option<&Value>) -> R,
    ) -> GetSet {
        GetSet { name, get, set: Some(set) }
    }
}

/// What a class written in Rust has.
pub struct ClassDef {
    /// With the module: `collections.deque`; without one it is in `builtins`.
    pub name: &'static str,
    /// Finds the base class; `None`: `object`.
    pub base: Option<fn(&mut Vm) -> Value>,
    pub flags: ClassFlags,
    /// Dunder rows included.
    pub methods: &'static [BuiltinDef],
    pub getset: &'static [GetSet],
    pub doc: Option<&'static str>,
}

impl ClassDef {
    pub const DEFAULT: ClassDef = ClassDef {
        name: "object",
        base: None,
        flags: ClassFlags::empty(),
        methods: &[],
        getset: &[],
        doc: None,
    };
}

/// Flags of a [`ClassDef`].
pub type ClassFlags = TypeFlags;
/// Python classes may derive from it.
pub const SUBCLASS: ClassFlags = TypeFlags::BASE;
/// Its instances can be weakly referenced.
pub const WEAKREF: ClassFlags = TypeFlags::WEAKREF;
/// Its instances have a `__dict__`.
pub const HAS_DICT: ClassFlags = TypeFlags::DICT;
/// Calling it raises TypeError.
pub const NO_NEW: ClassFlags = TypeFlags::NO_NEW;

impl Vm {
    /// The class of the native objects with payload `T`, made on first use.
    pub fn native_class<T: Payload>(&mut self, def: &'static ClassDef) -> Value {
        if let Some(c) = self.native_classes.get(&TypeId::of::<T>()) {
            return c.clone();
        }
        // Known before it is filled: its own table may need it.
        let c = self.bare_native_class(def);
        self.native_classes.insert(TypeId::of::<T>(), c.clone());
        if def.flags.contains(HAS_DICT) {
            self.define_getset(&c, super::class::DICT_ATTRIBUTE);
        }
        self.fill_class(&c, def);
        c
    }
    /// The class of payload `T`, if it has been made.
    pub fn class_of<T: Payload>(&self) -> Option<Value> {
        self.native_classes.get(&TypeId::of::<T>()).cloned()
    }
    /// A new class by its definition. Its instances are natives, unless its base has other ones.
    pub fn new_native_class(&mut self, def: &'static ClassDef) -> Value {
        let c = self.bare_native_class(def);
        self.fill_class(&c, def);
        c
    }
    fn bare_native_class(&mut self, def: &'static ClassDef) -> Value {
        let base = match def.base {
            Some(f) => f(self),
            None => self.types.object.clone(),
        };
        let kind = match base.as_::<Type>().instance.get() {
            Kind::Plain => Kind::Native,
            k => k,
        };
        let dict = self.dict();
        let t = Type::new(Header::new(Kind::Type, &self.types.type_), def.name, base.clone(), dict, kind);
        self.adopt_class(&t);
        let class = t.as_::<Type>();
        class.flags.set(class.flags.get() | def.flags);
        let b = base.as_::<Type>();
        class.slots.set(b.slots.get());
        if def.flags.contains(HAS_DICT) || b.instance_flags.get() & header_flags::EXTRAS != 0 {
            class.instance_flags.set(class.instance_flags.get() | header_flags::EXTRAS);
        }
        t
    }
    /// Gives a class its methods, computed attributes and doc.
    pub fn fill_class(&mut self, t: &Value, def: &'static ClassDef) {
        let base = t.as_::<Type>().base.borrow().clone();
        if def.flags.contains(HAS_DICT) && !base.get::<Type>().is_some_and(|b| b.has(HAS_DICT)) {
            self.define_getset(t, super::class::DICT_ATTRIBUTE);
        }
        self.define_methods(t, def.methods);
        let based = t.as_::<Type>().base.borrow().clone();
        if def.flags.contains(HAS_DICT) && !based.get::<Type>().is_some_and(|b| b.has(HAS_DICT)) {
            self.define_getset(t, super::class::DICT_ATTRIBUTE);
        }
        self.define_getset(t, def.getset);
        // A class whose instances have docs of their own shows those.
        if !def.getset.iter().any(|g| g.name == "__doc__") {
            let doc = def.doc.map_or(Value::NONE, |d| self.str(d));
            self.set_class_attribute(t, "__doc__", doc);
        }
    }
    /// What every class needs to know of its VM.
    pub(crate) fn adopt_class(&mut self, t: &Value) {
        let vm: *mut Vm = self;
        let class = t.as_::<Type>();
        class.vm.set(vm);
        let base = class.base.borrow().clone();
        if class.bases.borrow().is_null() {
            let bases = if base.is_null() { vec![] } else { vec![base] };
            let bases = self.tuple(bases);
            *class.bases.borrow_mut() = bases;
        }
    }
    pub fn define_getset(&mut self, class: &Value, table: &'static [GetSet]) {
        for def in table {
            let d = GetSetDescr::new(self, class, def);
            self.set_class_attribute(class, def.name, d);
        }
    }
    /// Sets a name in a class's dict, from Rust.
    pub fn set_class_attribute(&mut self, class: &Value, name: &str, v: Value) {
        let key = self.intern(name);
        let t = class.as_::<Type>();
        t.dict.as_::<Dict>().set_str(self, &key, v);
        t.modified();
        self.note_class_attribute(t, name);
    }
    /// Flags that follow from having an attribute of this name.
    pub(crate) fn note_class_attribute(&mut self, t: &Type, name: &str) {
        const MATTER: [&str; 5] =
            ["__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__del__"];
        if MATTER.contains(&name) {
            self.refresh_flags(t);
        }
    }
    /// Finds out anew, for a class and those below it, whether attributes are looked up in an unusual way.
    pub(crate) fn refresh_flags(&mut self, t: &Type) {
        let object = self.types.object.clone();
        let of_object =
            |vm: &mut Vm, s: Special| t.special(vm, s).is_none_or(|m| vm.is_builtin_method(&m, &object));
        // That of `type` and of modules is what `plain_get_attr` does for them.
        let plain_get = |vm: &mut Vm| {
            let m = t.special(vm, Special::Getattribute);
            let owner = m.as_ref().and_then(|m| m.get::<Builtin>()).map(|b| b.owner.clone());
            owner.is_some_and(|o| (o.is(&vm.types.type_) || o.is(&vm.types.module)) && t.is_subtype(&o))
        };
        let getattr = t.special(self, Special::Getattr).is_some();
        let get = getattr || !of_object(self, Special::Getattribute) && !plain_get(self);
        let set = !of_object(self, Special::Setattr) || !of_object(self, Special::Delattr);
        let del = t.special(self, Special::Del).is_some();
        t.set_flag(TypeFlags::CUSTOM_GET, get);
        t.set_flag(TypeFlags::CUSTOM_SET, set);
        t.set_flag(TypeFlags::FINALIZER, del);
        if del {
            t.instance_flags.set(t.instance_flags.get() | header_flags::FINALIZER);
        }
        for sub in t.subclasses() {
            self.refresh_flags(sub.as_());
        }
    }

    /// A new object of a native class (or a Python class derived from one).
    pub fn new_native<T: Payload>(&mut self, class: &Value, payload: T) -> Value {
        Native::new(class, payload)
    }
    /// The payload of a method's `self`.
    pub fn self_<'a, T: Payload>(&mut self, v: &'a Value) -> R<&'a T> {
        match v.native::<T>() {
            Some(t) => Ok(t),
            None => {
                let want = self.class_of::<T>().map_or("?".to_owned(), |c| c.as_::<Type>().short_name());
                let message =
                    format!("descriptor requires a '{want}' object but received a '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    /// State of a module: one value per Rust type, made with `Default` when first asked for.
    pub fn state<T: Default + 'static>(&mut self) -> &mut T {
        let slot =
            self.states.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default() as Box<dyn Any>);
        slot.downcast_mut::<T>().expect("keyed by its type")
    }
    /// A StopIteration to end a `__next__` with.
    #[cold]
    pub fn stop_iteration<T>(&mut self) -> R<T> {
        Err(self.raise_type("StopIteration", vec![]))
    }

    /// Puts the rows of a table into a class as methods.
    pub(crate) fn define_methods(&mut self, class: &Value, table: &'static [BuiltinDef]) {
        for def in table {
            let ty = self.types.method_descriptor.clone();
            let v = match def.kind {
                _ if def.name == "__new__" => {
                    let ty = self.types.builtin_function.clone();
                    Builtin::new(&ty, def, class.clone(), Value::NULL, Value::NULL)
                }
                crate::object::Binding::Method => {
                    let ty = if is_slot(def.name) { self.types.slot_wrapper.clone() } else { ty };
                    Builtin::new(&ty, def, Value::NULL, class.clone(), Value::NULL)
                }
                crate::object::Binding::Class => {
                    let f = Builtin::new(&ty, def, Value::NULL, class.clone(), Value::NULL);
                    ClassMethod::new(self, f)
                }
                crate::object::Binding::Static => {
                    let ty = self.types.builtin_function.clone();
                    let f = Builtin::new(&ty, def, Value::NULL, Value::NULL, Value::NULL);
                    StaticMethod::new(self, f)
                }
            };
            self.set_class_attribute(class, def.name, v);
        }
    }

    /// Arguments by position and name. `names`: the parameters, the first `positional` of them not to be
    /// given by name, the first `required` of them needed.
    pub fn bind_args<const N: usize>(
        &mut self,
        who: &str,
        names: [&str; N],
        positional: usize,
        required: usize,
        args: &[Value],
        kw: crate::object::Kw,
    ) -> R<[Option<Value>; N]> {
        let mut out = [const { None }; N];
        if args.len() + kw.names.len() > N {
            let given = args.len() + kw.names.len();
            let at_most = if required == N { "exactly" } else { "at most" };
            let s = if N == 1 { "" } else { "s" };
            let kind = if kw.is_empty() && positional == N { "positional " } else { "" };
            return self
                .fail("TypeError", format!("{who}() takes {at_most} {N} {kind}argument{s} ({given} given)"));
        }
        for (slot, v) in out.iter_mut().zip(args) {
            *slot = Some(v.clone());
        }
        for (name, v) in kw.iter() {
            match names.iter().skip(positional).position(|n| *n == name).map(|i| i + positional) {
                Some(i) if out[i].is_some() => {
                    return self.fail(
                        "TypeError",
                        format!("argument for {who}() given by name ('{name}') and position ({})", i + 1),
                    );
                }
                Some(i) => out[i] = Some(v.clone()),
                None => {
                    return self
                        .fail("TypeError", format!("{who}() got an unexpected keyword argument '{name}'"));
                }
            }
        }
        if let Some(i) = out[..required].iter().position(Option::is_none) {
            let message = match i < positional {
                true => format!(
                    "{who}() takes at least {required} positional argument{} ({} given)",
                    if required == 1 { "" } else { "s" },
                    args.len()
                ),
                false => format!("{who}() missing required argument '{}' (pos {})", names[i], i + 1),
            };
            return self.fail("TypeError", message);
        }
        Ok(out)
    }
}

/// Names that CPython serves from a type slot: their descriptors are `wrapper_descriptor`s.
pub(crate) fn is_slot(name: &str) -> bool {
    const OTHERS: &[&str] = &["__init__", "__new__"];
    const METHODS: &[&str] = &[
        "__format__",
        "__bytes__",
        "__reversed__",
        "__missing__",
        "__round__",
        "__trunc__",
        "__floor__",
        "__ceil__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__length_hint__",
        "__complex__",
        "__instancecheck__",
        "__subclasscheck__",
        "__dir__",
        "__set_name__",
        "__fspath__",
    ];
    OTHERS.contains(&name) || super::specials::SPECIAL_NAMES.contains(&name) && !METHODS.contains(&name)
}
