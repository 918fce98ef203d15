//! Structure sequences: tuples with named fields, such as `os.stat_result`.
//!
//! ```text
//!  named fields:   a b c | x y      n_sequence_fields = visible (what the tuple shows)
//!                  visible | hidden  n_fields = all; a field without a name is in the tuple only
//! ```
//!
//! The hidden values are a second tuple, in the one slot that the objects have beside their items.

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw, Str, Tuple, Type, header_flags};
use crate::types::native::{ClassDef, GetSet};
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The definition of a structure sequence.
pub struct StructSeq {
    pub class: ClassDef,
    /// In order; "": without a name.
    pub fields: &'static [&'static str],
    /// How many of them the tuple shows.
    pub visible: usize,
    getset: OnceLock<Box<[GetSet]>>,
}

impl StructSeq {
    pub const fn new(name: &'static str, fields: &'static [&'static str], visible: usize) -> StructSeq {
        let class =
            ClassDef { name, base: Some(|vm| vm.types.tuple.clone()), methods: METHODS, ..ClassDef::DEFAULT };
        StructSeq { class, fields, visible, getset: OnceLock::new() }
    }
    /// It cannot be made by calling it.
    pub const fn closed(mut self) -> StructSeq {
        self.class.flags = crate::types::native::NO_NEW;
        self
    }
    fn named(&self) -> impl Iterator<Item = (usize, &'static str)> {
        self.fields.iter().copied().enumerate().filter(|(_, n)| !n.is_empty())
    }
    fn short(&self) -> &'static str {
        self.class.name.rsplit('.').next().unwrap_or(self.class.name)
    }
}

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 1, 2, new),
    BuiltinDef::new("__repr__", 0, 0, repr),
    BuiltinDef::new("__reduce__", 0, 0, reduce),
    BuiltinDef::kw("__replace__", 0, 0, replace),
];

/// The classes made so far.
#[derive(Default)]
struct Classes {
    by_def: HashMap<usize, Value>,
    /// By the address of the class.
    defs: HashMap<u64, &'static StructSeq>,
}

fn field<const I: usize>(vm: &mut Vm, v: &Value) -> R<Value> {
    Ok(item(vm, v, I))
}
type Get = fn(&mut Vm, &Value) -> R<Value>;
macro_rules! getters { ($($i:literal)*) => { [$(field::<$i> as Get),*] }; }
static GETTERS: [Get; 32] =
    getters!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

/// Value of a field, shown or hidden.
fn item(_vm: &mut Vm, v: &Value, i: usize) -> Value {
    let Some(t) = v.get::<Tuple>() else { return Value::NONE };
    let shown = t.as_slice();
    if let Some(x) = shown.get(i) {
        return x.clone();
    }
    let w = v.extras().and_then(|x| x.slots.first()).map_or(Word::NULL, |s| s.get());
    if w.is_null() {
        return Value::NONE;
    }
    let hidden = Value::of(&w).as_::<Tuple>().as_slice();
    hidden.get(i - shown.len()).cloned().unwrap_or(Value::NONE)
}

impl Vm {
    /// The class of a structure sequence.
    pub fn struct_class(&mut self, def: &'static StructSeq) -> Value {
        let key = &raw const *def as usize;
        if let Some(c) = self.state::<Classes>().by_def.get(&key) {
            return c.clone();
        }
        let class = self.new_native_class(&def.class);
        let t = class.as_::<Type>();
        t.slots.set(1);
        t.instance_flags.set(t.instance_flags.get() | header_flags::EXTRAS | header_flags::DYNAMIC);
        let getset = def.getset.get_or_init(|| {
            def.named().map(|(i, name)| GetSet { name, get: GETTERS[i], set: None }).collect()
        });
        self.define_getset(&class, getset);
        let unnamed = def.fields.iter().filter(|f| f.is_empty()).count();
        for (name, n) in [
            ("n_fields", def.fields.len()),
            ("n_sequence_fields", def.visible),
            ("n_unnamed_fields", unnamed),
        ] {
            self.set_class_attribute(&class, name, Value::small(n as i64));
        }
        let names: Vec<Value> =
            def.fields[..def.visible].iter().filter(|n| !n.is_empty()).map(|n| self.intern(n)).collect();
        let names = self.tuple(names);
        self.set_class_attribute(&class, "__match_args__", names);
        let classes = self.state::<Classes>();
        classes.by_def.insert(key, class.clone());
        classes.defs.insert(class.word().0, def);
        class
    }
    /// A structure sequence with these fields, hidden ones included.
    pub fn struct_seq(&mut self, def: &'static StructSeq, mut values: Vec<Value>) -> Value {
        let class = self.struct_class(def);
        values.resize(def.fields.len(), Value::NONE);
        let rest = values.split_off(def.visible);
        let hidden = if rest.is_empty() { None } else { Some(self.tuple(rest)) };
        let v = Tuple::new(&class, values.into_iter());
        if let (Some(h), Some(x)) = (hidden, v.extras()) {
            x.slots[0].set(h.into_word());
        }
        v
    }
    fn struct_def(&mut self, class: &Value) -> R<&'static StructSeq> {
        match self.state::<Classes>().defs.get(&class.word().0) {
            Some(d) => Ok(d),
            None => self.fail("TypeError", "not a structure sequence"),
        }
    }
}

fn new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let def = vm.struct_def(&args[0])?;
    let [seq, dict] = vm.bind_args(def.short(), ["sequence", "dict"], 0, 1, &args[1..], kw)?;
    let name = def.class.name;
    let mut values = match vm.to_vec(&seq.unwrap_or(Value::NONE)) {
        Ok(v) => v,
        Err(e) => {
            let raised = vm.take_pending();
            if !vm.is_instance(&raised, &vm.types.exception("TypeError").clone()) {
                vm.set_pending(raised);
                return Err(e);
            }
            return vm.fail("TypeError", "constructor requires a sequence");
        }
    };
    let (n, min, max) = (values.len(), def.visible, def.fields.len());
    if n < min || n > max {
        let (how, bound) = match () {
            _ if min == max => ("a", min),
            _ if n < min => ("an at least", min),
            _ => ("an at most", max),
        };
        return vm.fail("TypeError", format!("{name}() takes {how} {bound}-sequence ({n}-sequence given)"));
    }
    let dict = dict.filter(|d| !d.is_none());
    let mut used = 0;
    if let Some(d) = &dict {
        let Some(d) = d.get::<Dict>() else {
            return vm.fail("TypeError", format!("{name}() takes a dict as second arg, if any"));
        };
        for f in &def.fields[n..] {
            let key = vm.intern(f);
            let found = d.get_str(&key);
            used += found.is_some() as usize;
            values.push(found.unwrap_or(Value::NULL));
        }
        if d.len() > used {
            return vm.fail("TypeError", format!("{name}() got duplicate or unexpected field name(s)"));
        }
    }
    values.resize(max, Value::NULL);
    for i in 0..max {
        if values[i].is_null() {
            // The precise times of a stat result default to the whole seconds.
            let from_shown = name == "os.stat_result" && (10..13).contains(&i);
            values[i] = if from_shown { values[i - 3].clone() } else { Value::NONE };
        }
    }
    Ok(vm.struct_seq(def, values))
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let class = vm.type_of(&args[0]).clone();
    let def = vm.struct_def(&class)?;
    let mut text = format!("{}(", def.class.name);
    // As in CPython the names are those of the named fields in order, whatever field is shown.
    let names: Vec<&str> = def.named().map(|(_, n)| n).take(def.visible).collect();
    for (i, name) in names.iter().enumerate() {
        let v = item(vm, &args[0], i);
        let shown = vm.repr(&v)?;
        if i > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&shown.as_::<Str>().wtf8().to_string_lossy());
    }
    text.push(')');
    Ok(vm.string(text))
}

/// The hidden fields by name.
fn hidden_dict(vm: &mut Vm, def: &StructSeq, v: &Value) -> Value {
    let d = vm.dict();
    for (i, name) in def.fields.iter().enumerate().skip(def.visible) {
        let (key, x) = (vm.intern(name), item(vm, v, i));
        d.as_::<Dict>().set_str(vm, &key, x);
    }
    d
}

fn reduce(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let class = vm.type_of(&args[0]).clone();
    let def = vm.struct_def(&class)?;
    let shown = args[0].get::<Tuple>().map(|t| t.as_slice().to_vec()).unwrap_or_default();
    let (shown, d) = (vm.tuple(shown), hidden_dict(vm, def, &args[0]));
    let inner = vm.tuple(vec![shown, d]);
    Ok(vm.tuple(vec![class, inner]))
}

fn replace(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let class = vm.type_of(&args[0]).clone();
    let def = vm.struct_def(&class)?;
    if def.fields.iter().any(|f| f.is_empty()) {
        let name = def.class.name;
        return vm.fail(
            "TypeError",
            format!("__replace__() is not supported for {name} because it has unnamed field(s)"),
        );
    }
    let mut values: Vec<Value> = (0..def.fields.len()).map(|i| item(vm, &args[0], i)).collect();
    for (name, v) in kw.iter() {
        match def.fields.iter().position(|f| *f == name) {
            Some(i) => values[i] = v.clone(),
            None => return vm.fail("TypeError", format!("Got unexpected field name(s): ['{name}']")),
        }
    }
    Ok(vm.struct_seq(def, values))
}
