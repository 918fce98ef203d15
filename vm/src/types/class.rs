//! Making classes: `__build_class__`, `type.__new__`, linearisation; and calling them.

use crate::error::{Exc, R};
use crate::object::{
    Builtin, BuiltinDef, ClosureCell, Dict, Header, Instance, Kind, Kw, List, Plain, Str, Tuple, Type,
    TypeFlags, header_flags,
};
use crate::types::descr::{ClassMethod, Member, StaticMethod};
use crate::types::native::GetSet;
use crate::types::specials::{Special, with_self};
use crate::value::Value;
use crate::vm::Vm;

/// `__dict__` of instances of Python classes.
pub(crate) static DICT_ATTRIBUTE: &[GetSet] = &[GetSet::new(
    "__dict__",
    |vm, v| match vm.make_own_dict(v) {
        Some(d) => Ok(d),
        None if v.is_kind(Kind::Type) => {
            let d = v.as_::<Type>().dict.clone();
            Ok(vm.mapping_proxy(d))
        }
        None => vm.fail("AttributeError", "This object has no __dict__"),
    },
    |vm, v, d| {
        // Deleted: the next one asked for is empty.
        let fresh = vm.dict();
        let d = d.unwrap_or(&fresh);
        if v.is_kind(Kind::Type) || v.is_kind(Kind::Module) {
            return vm.fail("AttributeError", "attribute '__dict__' of this object is not writable");
        }
        if !d.is_kind(Kind::Dict) {
            let message = format!("__dict__ must be set to a dictionary, not a '{}'", vm.type_name(d));
            return vm.fail("TypeError", message);
        }
        if let Some(i) = v.get::<Instance>() {
            i.set_dict(vm, d.clone());
        } else if let Some(e) = v.get::<crate::object::Exception>() {
            drop(e.dict.replace(d.clone()));
        } else if let Some(e) = v.extras() {
            drop(e.dict.replace(d.clone()));
        }
        Ok(())
    },
)];
static WEAKREF_ATTRIBUTE: &[GetSet] =
    &[GetSet::get("__weakref__", |vm, v| vm.first_weakref(v).map_or(Ok(Value::NONE), Ok))];

/// What `__slots__` asks for.
#[derive(Default)]
struct Slots {
    names: Vec<Value>,
    dict: bool,
    weakref: bool,
}

impl Vm {
    /// `__build_class__(func, name, *bases, metaclass=..., **keywords)`.
    pub fn build_class(&mut self, args: &[Value], kw: Kw) -> R<Value> {
        let [func, name, given @ ..] = args else {
            return self.fail("TypeError", "__build_class__: not enough arguments");
        };
        if !func.is_kind(Kind::Function) {
            return self.fail("TypeError", "__build_class__: func must be a function");
        }
        if !name.is_kind(Kind::Str) {
            return self.fail("TypeError", "__build_class__: name is not a string");
        }
        let bases = self.resolve_bases(given)?;
        let replaced = bases.len() != given.len() || bases.iter().zip(given).any(|(a, b)| !a.is(b));
        let original = self.tuple(given.to_vec());
        let bases_tuple = if replaced { self.tuple(bases.clone()) } else { original.clone() };
        let (mut names, mut values, mut meta) = (vec![], vec![], None);
        for (n, v) in kw.names.iter().zip(kw.values) {
            if n.as_::<Str>().as_str() == "metaclass" {
                meta = Some(v.clone());
            } else {
                names.push(n.clone());
                values.push(v.clone());
            }
        }
        let rest = Kw { names: &names, values: &values };
        let mut meta = match meta {
            Some(m) => m,
            None => bases.first().map_or(self.types.type_.clone(), |b| self.type_of(b).clone()),
        };
        if meta.is_kind(Kind::Type) {
            meta = self.metaclass(&meta, &bases)?;
        }
        let ns = match self.get_attr_str_opt(&meta, "__prepare__")? {
            Some(p) => self.call(&p, &[name.clone(), bases_tuple.clone()], rest)?,
            None => self.dict(),
        };
        if !ns.is_kind(Kind::Dict) && !self.has_special(&ns, Special::GetItem) {
            let who = meta.get::<Type>().map_or("<metaclass>".to_owned(), Type::short_name);
            let message = format!("{who}.__prepare__() must return a mapping, not {}", self.type_name(&ns));
            return self.fail("TypeError", message);
        }
        let cell = self.run_function(func, vec![], Some(ns.clone()))?;
        if replaced {
            let key = self.intern("__orig_bases__");
            self.set_item(&ns, &key, original)?;
        }
        let class = self.call(&meta, &[name.clone(), bases_tuple, ns], rest)?;
        if let Some(c) = cell.get::<ClosureCell>()
            && class.is_kind(Kind::Type)
        {
            let n = self.str_string(name)?;
            match c.get() {
                None => {
                    let shown = self.repr_string(&class)?;
                    let message = format!(
                        "__class__ not set defining '{n}' as {shown}. Was __classcell__ propagated to type.__new__?"
                    );
                    return self.fail("RuntimeError", message);
                }
                Some(other) if !other.is(&class) => {
                    let (a, b) = (self.repr_string(&other)?, self.repr_string(&class)?);
                    return self.fail("TypeError", format!("__class__ set to {a} defining '{n}' as {b}"));
                }
                _ => {}
            }
        }
        Ok(class)
    }

    /// Bases with `__mro_entries__` give others in their place (PEP 560).
    pub(crate) fn resolve_bases(&mut self, given: &[Value]) -> R<Vec<Value>> {
        let mut bases = vec![];
        for b in given {
            if b.is_kind(Kind::Type) {
                bases.push(b.clone());
                continue;
            }
            match self.get_attr_str_opt(b, "__mro_entries__")? {
                Some(f) => {
                    let all = self.tuple(given.to_vec());
                    let entries = self.call(&f, &[all], Kw::NONE)?;
                    let Some(t) = entries.get::<Tuple>() else {
                        return self.fail("TypeError", "__mro_entries__ must return a tuple");
                    };
                    bases.extend_from_slice(t.as_slice());
                }
                None => bases.push(b.clone()),
            }
        }
        Ok(bases)
    }

    /// The most derived of the metaclasses.
    pub(crate) fn metaclass(&mut self, meta: &Value, bases: &[Value]) -> R<Value> {
        let mut winner = meta.clone();
        for b in bases {
            let m = self.type_of(b).clone();
            if winner.as_::<Type>().is_subtype(&m) {
                continue;
            }
            if m.as_::<Type>().is_subtype(&winner) {
                winner = m;
                continue;
            }
            return self.fail(
                "TypeError",
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the \
                 metaclasses of all its bases",
            );
        }
        Ok(winner)
    }

    /// `type.__new__(meta, name, bases, namespace, **keywords)`.
    pub fn new_class(&mut self, args: &[Value], kw: Kw) -> R<Value> {
        let [meta, name, bases, ns] = args else {
            return self.fail("TypeError", "type.__new__() takes exactly 3 arguments");
        };
        for (i, (v, kind, what)) in
            [(name, Kind::Str, "str"), (bases, Kind::Tuple, "tuple"), (ns, Kind::Dict, "dict")]
                .into_iter()
                .enumerate()
        {
            if !v.is_kind(kind) {
                let message =
                    format!("type.__new__() argument {} must be {what}, not {}", i + 1, self.type_name(v));
                return self.fail("TypeError", message);
            }
        }
        let given = bases.as_::<Tuple>().as_slice();
        for b in given {
            if !b.is_kind(Kind::Type) {
                if self.get_attr_str_opt(b, "__mro_entries__")?.is_some() {
                    return self.fail(
                        "TypeError",
                        "type() doesn't support MRO entry resolution; use types.new_class()",
                    );
                }
                return self.fail("TypeError", "bases must be types");
            }
        }
        let winner = self.metaclass(meta, given)?;
        if !winner.is(meta) {
            let new = self.intern("__new__");
            let (a, b) = (winner.as_::<Type>().lookup(&new), meta.as_::<Type>().lookup(&new));
            if let (Some(a), Some(b)) = (a, b)
                && !a.is(&b)
            {
                let f = self.descr_get(&a, None, &winner)?;
                return self.call(&f, &[winner, name.clone(), bases.clone(), ns.clone()], kw);
            }
        }
        let object = [self.types.object.clone()];
        let base_list: &[Value] = if given.is_empty() { &object } else { given };
        let base = self.best_base(base_list)?;
        let class = self.make_class(&winner, name, base_list, &base, ns)?;
        self.set_names(&class)?;
        self.init_subclass(&class, kw)?;
        Ok(class)
    }

    /// The base whose layout the instances have.
    pub(crate) fn best_base(&mut self, bases: &[Value]) -> R<Value> {
        let mut best: Option<(Value, Value)> = None;
        for b in bases {
            let t = b.as_::<Type>();
            if !t.is_heap() && !t.has(TypeFlags::BASE) {
                let message = format!("type '{}' is not an acceptable base type", t.name.borrow());
                return self.fail("TypeError", message);
            }
            let solid = solid_base(b);
            match &best {
                None => best = Some((b.clone(), solid)),
                Some((_, winner)) if winner.as_::<Type>().is_subtype(&solid) => {}
                Some((_, winner)) if solid.as_::<Type>().is_subtype(winner) => {
                    best = Some((b.clone(), solid))
                }
                Some(_) => {
                    return self.fail("TypeError", "multiple bases have instance lay-out conflict");
                }
            }
        }
        Ok(best.map_or(self.types.object.clone(), |b| b.0))
    }

    /// UnicodeEncodeError for text that UTF-8 has not.
    pub(crate) fn utf8_of(&mut self, v: &Value) -> R {
        match v.get::<Str>().is_none_or(|s| s.to_str().is_some()) {
            true => Ok(()),
            false => self.encode(v, "utf-8", "strict").map(drop),
        }
    }
    fn make_class(
        &mut self,
        meta: &Value,
        name: &Value,
        bases: &[Value],
        base: &Value,
        ns: &Value,
    ) -> R<Value> {
        let text = name.as_::<Str>().as_str().to_owned();
        if text.contains('\0') {
            return self.fail("ValueError", "type name must not contain null characters");
        }
        self.utf8_of(name)?;
        let key = self.intern("__doc__");
        if let Some(doc) = ns.get::<Dict>().and_then(|d| d.get_str(&key)).filter(|d| d.is_kind(Kind::Str)) {
            self.utf8_of(&doc)?;
        }
        let b = base.as_::<Type>();
        let kind = match b.instance.get() {
            Kind::Plain => Kind::Instance,
            k => k,
        };
        let slots = self.slots_of(ns, base, bases, &text)?;
        let dict = self.dict();
        // A derived class may have an order of its own.
        let plain = self.dict();
        self.mapping_into(&plain, ns, super::construct::Repeated::Replace)?;
        let entries: Vec<_> = plain.as_::<Dict>().iter().collect();
        for (k, v) in entries {
            dict.as_::<Dict>().set(self, &k, v)?;
        }
        let class = Type::new(Header::new(Kind::Type, meta), &text, base.clone(), dict.clone(), kind);
        let t = class.as_::<Type>();
        let tuple = self.tuple(bases.to_vec());
        *t.bases.borrow_mut() = tuple;
        self.adopt_class(&class);
        for other in bases {
            other.as_::<Type>().add_subclass(&class);
        }
        let inherited = TypeFlags::DICT | TypeFlags::WEAKREF | TypeFlags::MATCH_SELF;
        let mut flags = TypeFlags::HEAP | TypeFlags::BASE | b.flags.get() & inherited;
        for other in bases {
            let f = other.as_::<Type>().flags.get();
            if !flags.intersects(TypeFlags::SEQUENCE | TypeFlags::MAPPING) {
                flags |= f & (TypeFlags::SEQUENCE | TypeFlags::MAPPING);
            }
            flags |= f & (TypeFlags::DICT | TypeFlags::WEAKREF);
        }
        let had = flags;
        if slots.dict && kind != Kind::Type {
            flags |= TypeFlags::DICT;
        }
        if slots.weakref {
            flags |= TypeFlags::WEAKREF;
        }
        t.flags.set(flags);
        t.slots.set(b.slots.get() + slots.names.len() as u32);
        let mut hf = header_flags::DYNAMIC;
        let own_room = matches!(kind, Kind::Instance | Kind::Type);
        if !own_room && (flags.contains(TypeFlags::DICT) || t.slots.get() > 0) {
            hf |= header_flags::EXTRAS;
        }
        t.instance_flags.set(hf);
        self.prepare_class_dict(&class, name)?;
        for (i, n) in slots.names.iter().enumerate() {
            let m = Member::new(self, &class, n, b.slots.get() + i as u32);
            dict.as_::<Dict>().set_str(self, n, m);
        }
        // (The class's body may have its own of that name.)
        for (flag, table) in [(TypeFlags::DICT, DICT_ATTRIBUTE), (TypeFlags::WEAKREF, WEAKREF_ATTRIBUTE)] {
            let key = self.intern(table[0].name);
            if flags.contains(flag) && !had.contains(flag) && dict.as_::<Dict>().get_str(&key).is_none() {
                self.define_getset(&class, table);
            }
        }
        self.set_mro(&class)?;
        self.refresh_flags(t);
        Ok(class)
    }

    fn slots_of(&mut self, ns: &Value, base: &Value, bases: &[Value], class: &str) -> R<Slots> {
        let key = self.intern("__slots__");
        let has = |f: TypeFlags| bases.iter().any(|b| b.as_::<Type>().has(f));
        let Some(given) = ns.as_::<Dict>().get_str(&key) else {
            return Ok(Slots { names: vec![], dict: true, weakref: true });
        };
        let items = if given.is_kind(Kind::Str) { vec![given] } else { self.to_vec(&given)? };
        let mut slots = Slots::default();
        let b = base.as_::<Type>();
        let variable = matches!(b.instance.get(), Kind::Int | Kind::Tuple | Kind::Bytes | Kind::Type);
        for v in items {
            let Some(s) = v.get::<Str>() else {
                let message = format!("__slots__ items must be strings, not '{}'", self.type_name(&v));
                return self.fail("TypeError", message);
            };
            let text = s.as_str();
            match text {
                "__dict__" if slots.dict || has(TypeFlags::DICT) => {
                    return self.fail("TypeError", "__dict__ slot disallowed: we already got one");
                }
                "__dict__" => slots.dict = true,
                "__weakref__" if slots.weakref || has(TypeFlags::WEAKREF) => {
                    return self.fail("TypeError", "__weakref__ slot disallowed: we already got one");
                }
                "__weakref__" => slots.weakref = true,
                _ if variable => {
                    let message =
                        format!("nonempty __slots__ not supported for subtype of '{}'", b.name.borrow());
                    return self.fail("TypeError", message);
                }
                _ if !crate::types::string::is_identifier(s) => {
                    return self.fail("TypeError", "__slots__ must be identifiers");
                }
                _ => {
                    let mangled = mangle(class, text);
                    let name = self.intern(&mangled);
                    if ns.as_::<Dict>().get_str(&name).is_some() {
                        let message = format!("'{mangled}' in __slots__ conflicts with class variable");
                        if !matches!(mangled.as_str(), "__qualname__" | "__classcell__" | "__classdictcell__")
                        {
                            return self.fail("ValueError", message);
                        }
                    }
                    slots.names.push(name);
                }
            }
        }
        // In the order of their names, as CPython lays them out.
        slots.names.sort_by(|a, b| a.as_::<Str>().as_str().cmp(b.as_::<Str>().as_str()));
        slots.names.dedup_by(|a, b| a.is(b));
        Ok(slots)
    }

    /// What `type.__new__` adds to and changes in the class's dict.
    fn prepare_class_dict(&mut self, class: &Value, name: &Value) -> R {
        let t = class.as_::<Type>();
        let d = t.dict.as_::<Dict>();
        let key = self.intern("__qualname__");
        let qualname = match d.remove_str(self, &key) {
            Some(q) if q.is_kind(Kind::Str) => q,
            Some(q) => {
                let message = format!("type __qualname__ must be a str, not {}", self.type_name(&q));
                return self.fail("TypeError", message);
            }
            None => name.clone(),
        };
        *t.qualname.borrow_mut() = qualname;
        let key = self.intern("__module__");
        if d.get_str(&key).is_none() {
            let module = self.caller_module();
            if let Some(m) = module {
                d.set_str(self, &key, m);
            }
        }
        let key = self.intern("__doc__");
        if d.get_str(&key).is_none() {
            d.set_str(self, &key, Value::NONE);
        }
        let key = self.intern("__new__");
        if let Some(f) = d.get_str(&key)
            && f.is_kind(Kind::Function)
        {
            let s = StaticMethod::new(self, f);
            d.set_str(self, &key, s);
        }
        for n in ["__init_subclass__", "__class_getitem__"] {
            let key = self.intern(n);
            if let Some(f) = d.get_str(&key)
                && f.is_kind(Kind::Function)
            {
                let c = ClassMethod::new(self, f);
                d.set_str(self, &key, c);
            }
        }
        let (eq, hash) = (self.intern("__eq__"), self.intern("__hash__"));
        if d.get_str(&eq).is_some() && d.get_str(&hash).is_none() {
            d.set_str(self, &hash, Value::NONE);
        }
        for n in ["__classcell__", "__classdictcell__"] {
            let key = self.intern(n);
            let Some(cell) = d.remove_str(self, &key) else { continue };
            let Some(c) = cell.get::<ClosureCell>() else {
                let message =
                    format!("type.__new__() {n} must be a nonlocal cell, not {}", self.repr_type(&cell)?);
                return self.fail("TypeError", message);
            };
            let v = if n == "__classcell__" { class.clone() } else { t.dict.clone() };
            drop(c.set(v));
        }
        Ok(())
    }
    fn repr_type(&mut self, v: &Value) -> R<String> {
        let ty = self.type_of(v).clone();
        self.repr_string(&ty)
    }
    /// `__name__` of the globals of the running frame.
    fn caller_module(&mut self) -> Option<Value> {
        if self.frame().code.is_null() {
            return None;
        }
        let key = self.intern("__name__");
        let g = self.frame().globals().clone();
        g.as_::<Dict>().get_str(&key)
    }

    /// Computes and sets the linearisation, by the metaclass's `mro()` if it has its own.
    pub(crate) fn set_mro(&mut self, class: &Value) -> R {
        let t = class.as_::<Type>();
        let meta = self.type_of(class).clone();
        let key = self.intern("mro");
        let f = meta.as_::<Type>().lookup(&key);
        let mro = match f {
            Some(f) if f.is_kind(Kind::Function) => {
                let r = self.call_unbound(&f, class, &[])?;
                let mro = self.to_vec(&r)?;
                for c in &mro {
                    if !c.is_kind(Kind::Type) {
                        let message = format!("mro() returned a non-class ('{}')", self.type_name(c));
                        return self.fail("TypeError", message);
                    }
                }
                mro
            }
            _ => self.linearise(class)?,
        };
        let old = t.mro.replace(mro);
        t.modified();
        drop(old);
        Ok(())
    }
    /// C3 (Barrett et al. 1996).
    pub(crate) fn linearise(&mut self, class: &Value) -> R<Vec<Value>> {
        let bases = class.as_::<Type>().bases.borrow().as_::<Tuple>().as_slice().to_vec();
        for (i, b) in bases.iter().enumerate() {
            if bases[..i].iter().any(|x| x.is(b)) {
                let message = format!("duplicate base class {}", b.as_::<Type>().short_name());
                return self.fail("TypeError", message);
            }
        }
        let mut lists: Vec<Vec<Value>> = bases.iter().map(|b| b.as_::<Type>().mro.borrow().clone()).collect();
        lists.push(bases.clone());
        let mut out = vec![class.clone()];
        loop {
            lists.retain(|l| !l.is_empty());
            if lists.is_empty() {
                return Ok(out);
            }
            let in_tail = |c: &Value| lists.iter().any(|l| l[1..].iter().any(|x| x.is(c)));
            let Some(next) = lists.iter().map(|l| l[0].clone()).find(|c| !in_tail(c)) else {
                let names: Vec<String> = {
                    let mut seen: Vec<Value> = vec![];
                    for l in &lists {
                        if !seen.iter().any(|x| x.is(&l[0])) {
                            seen.push(l[0].clone());
                        }
                    }
                    seen.iter().map(|b| b.as_::<Type>().short_name()).collect()
                };
                let message = format!(
                    "Cannot create a consistent method resolution order (MRO) for bases {}",
                    names.join(", ")
                );
                return self.fail("TypeError", message);
            };
            for l in &mut lists {
                if l[0].is(&next) {
                    l.remove(0);
                }
            }
            out.push(next);
        }
    }

    /// Tells descriptors their names.
    fn set_names(&mut self, class: &Value) -> R {
        let entries: Vec<_> = class.as_::<Type>().dict.as_::<Dict>().iter().collect();
        for (k, v) in entries {
            if v.flags() & header_flags::DYNAMIC == 0 {
                continue;
            }
            let Some(m) = self.special_of(&v, Special::SetName) else { continue };
            if self.call_unbound(&m, &v, &[class.clone(), k.clone()]).is_err() {
                let e = self.take_pending();
                let (kind, key) = (self.type_name(&v), self.repr_string(&k)?);
                let note = format!(
                    "Error calling __set_name__ on '{kind}' instance {key} in '{}'",
                    class.as_::<Type>().short_name()
                );
                let note = self.string(note);
                self.call_method(&e, "add_note", &[note])?;
                return Err(self.set_pending(e));
            }
        }
        Ok(())
    }
    fn init_subclass(&mut self, class: &Value, kw: Kw) -> R {
        let name = self.intern("__init_subclass__");
        if let Some(f) = self.super_attribute(class, class, class, &name)? {
            self.call(&f, &[], kw)?;
        }
        Ok(())
    }

    // ---- calling a class

    /// `type.__call__`: makes and initialises an instance.
    pub fn instantiate(&mut self, class: &Value, args: &[Value], kw: Kw) -> R<Value> {
        let t = class.as_::<Type>();
        // A class keeps its metaclass while nothing runs.
        if self.type_of(class).as_::<Type>().is_heap() {
            let meta = self.type_of(class).clone();
            let own = self.types.type_.clone();
            if let Some(m) = meta.as_::<Type>().special(self, Special::Call)
                && !self.is_builtin_method(&m, &own)
            {
                return match m.is_kind(Kind::Function) {
                    true => with_self(class, args, |all| self.call(&m, all, kw)),
                    false => {
                        let bound = self.descr_get(&m, Some(class), &meta)?;
                        self.call(&bound, args, kw)
                    }
                };
            }
        }
        if !t.is_heap()
            && !matches!(t.instance.get(), Kind::Native | Kind::Exception)
            && let Some(c) = self.constructor_of(class)
        {
            return self.construct(class, c, args, kw);
        }
        self.make_instance(class, args, kw)
    }

    /// The general way: `__new__`, then `__init__`.
    pub(crate) fn make_instance(&mut self, class: &Value, args: &[Value], kw: Kw) -> R<Value> {
        let t = class.as_::<Type>();
        self.guard_native_stack()?;
        if t.has(TypeFlags::NO_NEW) {
            let message = format!("cannot create '{}' instances", t.name.borrow());
            return self.fail("TypeError", message);
        }
        if kw.is_empty()
            && t.instance.get() == Kind::Exception
            && let Some(e) = self.plain_exception(class, args)
        {
            return Ok(e);
        }
        let new = t.special(self, Special::New);
        let object_new = self.types.object_new.clone();
        let obj = match &new {
            Some(n) if n.is(&object_new) && t.instance.get() == Kind::Instance => {
                self.check_object_arguments(class, args, kw, true)?;
                self.new_instance(class)?
            }
            Some(n) if n.get::<Builtin>().is_some_and(|b| b.self_.is_kind(Kind::Type)) => {
                with_self(class, args, |all| self.call(n, all, kw))?
            }
            Some(n) => {
                let f = self.descr_get(n, None, class)?;
                with_self(class, args, |all| self.call(&f, all, kw))?
            }
            None => {
                let message = format!("cannot create '{}' instances", t.name.borrow());
                return self.fail("TypeError", message);
            }
        };
        if !self.is_instance(&obj, class) {
            return Ok(obj);
        }
        self.initialise(&obj, args, kw)?;
        Ok(obj)
    }
    /// An exception of a class that makes its instances as BaseException does; `None`: it does not.
    pub(crate) fn plain_exception(&mut self, class: &Value, args: &[Value]) -> Option<Value> {
        let t = class.as_::<Type>();
        let (new, init) = (t.special_word(self, Special::New), t.special_word(self, Special::Init));
        let (new, init) = (Value::of(&new).get::<Builtin>()?, Value::of(&init).get::<Builtin>()?);
        if !std::ptr::eq(new.def, &CONSTRUCT)
            || !init.owner.is(self.types.exception("BaseException"))
            || t.flags.get().intersects(TypeFlags::ABSTRACT | TypeFlags::NO_NEW)
            || self.type_of(class).as_::<Type>().is_heap()
            // (OSError has an `__init__` of its own, but a class derived from it may have taken another.)
            || t.is_heap() && t.is_subtype(self.types.exception("OSError"))
            || t.is_subtype(self.types.exception("BaseExceptionGroup"))
        {
            return None;
        }
        let args = match args {
            [] => self.tuple(vec![]),
            args => Tuple::copy_of(&self.types.tuple, args),
        };
        Some(crate::object::Exception::new(class, args))
    }
    fn initialise(&mut self, obj: &Value, args: &[Value], kw: Kw) -> R {
        let Some(init) = self.special_of(obj, Special::Init) else { return Ok(()) };
        if init.is(&self.types.object_init) {
            let class = self.type_of(obj).clone();
            return self.check_object_arguments(&class, args, kw, false);
        }
        let r = if super::descr::plain_function(&init) {
            with_self(obj, args, |all| self.call(&init, all, kw))?
        } else {
            let owner = self.type_of(obj).clone();
            let bound = self.descr_get(&init, Some(obj), &owner)?;
            self.call(&bound, args, kw)?
        };
        if !r.is_none() {
            let message = format!("__init__() should return None, not '{}'", self.type_name(&r));
            return self.fail("TypeError", message);
        }
        Ok(())
    }
    /// An instance of a Python class, without attributes.
    pub fn new_instance(&mut self, class: &Value) -> R<Value> {
        let t = class.as_::<Type>();
        if t.has(TypeFlags::ABSTRACT) {
            return Err(self.abstract_class(class));
        }
        Ok(match t.instance.get() {
            Kind::Instance => Instance::new(class, self),
            _ => Plain::new(class),
        })
    }
    #[cold]
    fn abstract_class(&mut self, class: &Value) -> Exc {
        let names = match self.get_attr_str(class, "__abstractmethods__").and_then(|v| self.to_vec(&v)) {
            Ok(n) => n,
            Err(e) => return e,
        };
        let mut names: Vec<String> =
            names.iter().filter_map(|n| n.get::<Str>().map(|s| format!("'{}'", s.as_str()))).collect();
        names.sort();
        let s = if names.len() == 1 { "" } else { "s" };
        let message = format!(
            "Can't instantiate abstract class {} without an implementation for abstract method{s} {}",
            class.as_::<Type>().short_name(),
            names.join(", ")
        );
        self.raise("TypeError", message)
    }
    /// `object`'s `__new__` and `__init__` take no arguments, unless the other one is overridden.
    fn check_object_arguments(&mut self, class: &Value, args: &[Value], kw: Kw, new: bool) -> R {
        if args.is_empty() && kw.is_empty() {
            return Ok(());
        }
        let t = class.as_::<Type>();
        let own_new = !t.special(self, Special::New).is_some_and(|n| n.is(&self.types.object_new));
        let own_init = !t.special(self, Special::Init).is_some_and(|n| n.is(&self.types.object_init));
        let name = t.short_name();
        if new {
            if own_new {
                return self.fail(
                    "TypeError",
                    "object.__new__() takes exactly one argument (the type to instantiate)",
                );
            }
            if !own_init {
                return self.fail("TypeError", format!("{name}() takes no arguments"));
            }
        } else {
            if own_init {
                return self.fail(
                    "TypeError",
                    "object.__init__() takes exactly one argument (the instance to initialize)",
                );
            }
            if !own_new {
                let message =
                    format!("{name}.__init__() takes exactly one argument (the instance to initialize)");
                return self.fail("TypeError", message);
            }
        }
        Ok(())
    }
    pub(crate) fn object_init(&mut self, args: &[Value], kw: Kw) -> R<Value> {
        let class = self.type_of(&args[0]).clone();
        self.check_object_arguments(&class, &args[1..], kw, false)?;
        Ok(Value::NONE)
    }
    pub(crate) fn object_new(&mut self, args: &[Value], kw: Kw) -> R<Value> {
        let class = &args[0];
        let t = class.as_::<Type>();
        self.check_object_arguments(class, &args[1..], kw, true)?;
        match t.instance.get() {
            Kind::Instance | Kind::Plain => self.new_instance(class),
            _ => {
                let base = t.mro.borrow().iter().find(|c| !c.as_::<Type>().is_heap()).cloned();
                let base = base.map_or("object".to_owned(), |b| b.as_::<Type>().name.borrow().to_string());
                let message =
                    format!("object.__new__({0}) is not safe, use {base}.__new__()", t.short_name());
                self.fail("TypeError", message)
            }
        }
    }

    /// `__qualname__` of a class, as errors show it.
    pub fn qualname_of(&mut self, class: &Value) -> String {
        let t = class.as_::<Type>();
        match t.qualname.borrow().get::<Str>() {
            Some(s) => s.as_str().to_owned(),
            None => t.short_name(),
        }
    }

    /// A value of a builtin class as an instance of a class derived from it.
    pub fn as_subclass(&mut self, v: &Value, class: &Value) -> R<Value> {
        match v.kind() {
            None if v.word().is_int() || v.word().is_bool() => {
                let i = if v.word().is_int() { v.word().int() } else { v.is(&Value::TRUE) as i64 };
                Ok(crate::object::Int::new(class, i.into()))
            }
            None if v.word().is_float() => Ok(crate::object::Float::new(class, v.word().float())),
            Some(Kind::EnumZip) => {
                let z = v.as_::<crate::object::EnumZip>();
                let (iters, func) = (z.iters.clone(), z.func.clone());
                Ok(crate::object::EnumZip::new(class, z.which, iters, func, z.count.get()))
            }
            Some(Kind::Namespace) => {
                let d = v.as_::<crate::object::Namespace>().dict.clone();
                Ok(crate::object::Namespace::new(class, d))
            }
            Some(Kind::Complex) => {
                let c = v.as_::<crate::object::Complex>();
                Ok(crate::object::Complex::new(class, c.re, c.im))
            }
            Some(Kind::Set) => {
                let s = crate::object::Set::new(class);
                s.as_::<crate::object::Set>().merge(self, v.as_())?;
                Ok(s)
            }
            Some(Kind::Int) => {
                Ok(crate::object::Int::new(class, v.as_::<crate::object::Int>().value.clone()))
            }
            Some(Kind::Str) => Ok(v.as_::<Str>().with_class(class)),
            Some(Kind::Bytes) => {
                let bytes = v.as_::<crate::object::Bytes>().as_slice();
                Ok(crate::object::Bytes::new(class, bytes))
            }
            Some(Kind::Tuple) => Ok(Tuple::new(class, v.as_::<Tuple>().as_slice().to_vec().into_iter())),
            Some(Kind::List) => Ok(List::new(class, v.as_::<List>().as_slice().to_vec())),
            Some(Kind::Dict) => {
                let d = Dict::new(class);
                self.dict_merge_into(&d, v)?;
                Ok(d)
            }
            Some(Kind::Exception) => {
                let args = v.as_::<crate::object::Exception>().args.borrow().clone();
                Ok(crate::object::Exception::new(class, args))
            }
            _ => {
                let message = format!(
                    "instances of '{}', a subclass of '{}', are not supported",
                    class.as_::<Type>().short_name(),
                    self.type_name(v)
                );
                self.fail("NotImplementedError", message)
            }
        }
    }
}

/// The nearest class up the line of `base` that gives instances their layout.
fn solid_base(class: &Value) -> Value {
    let t = class.as_::<Type>();
    let base = t.base.borrow().clone();
    let Some(b) = base.get::<Type>() else { return class.clone() };
    let own = if t.is_heap() {
        t.slots.get() > b.slots.get()
    } else {
        t.instance.get() != b.instance.get() || t.instance.get() == Kind::Native
    };
    if own { class.clone() } else { solid_base(&base) }
}

/// A private name of a class body (`__x` becomes `_Class__x`).
pub fn mangle(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    if name.starts_with("__") && !name.ends_with("__") && !name.contains('.') && !class.is_empty() {
        return format!("_{class}{name}");
    }
    name.to_owned()
}

/// The builtin `__new__` of classes whose instances `construct` makes.
pub static CONSTRUCT: BuiltinDef = BuiltinDef::kw("__new__", 0, u8::MAX, |vm, args, kw| {
    let Some(t) = args[0].get::<Type>() else {
        return vm.fail("TypeError", "__new__(X): X is not a type object");
    };
    let base = t.mro.borrow().iter().find(|c| !c.as_::<Type>().is_heap()).cloned();
    let Some(base) = base else { return vm.fail("TypeError", "a class without a builtin base") };
    if t.has(TypeFlags::ABSTRACT) {
        return Err(vm.abstract_class(&args[0]));
    }
    vm.construct_as(&base, &args[0], &args[1..], kw)
});
