//! Module `_ast`: the classes of syntax trees, trees from source and code from trees.
//!
//! `grammar` is the table; `build` turns the parser's tree into Python objects, `read` does the reverse (and
//! validates), so that `compile` takes trees.

mod build;
mod compile;
mod grammar;
mod read;

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kind, Kw, List, Str, Tuple, Type};
use crate::value::Value;
use crate::vm::Vm;
use grammar::{Count, PLACE, Row};
use std::collections::HashMap;
use std::rc::Rc;

pub const ONLY_AST: i64 = 1024;
pub const OPTIMIZED_AST: i64 = 33792;

/// A node class.
pub struct NodeClass {
    pub class: Value,
    /// Interned names.
    pub fields: Vec<Value>,
    pub row: Option<Row>,
    /// Its nodes carry their place.
    pub place: bool,
}

/// All of them.
pub struct Classes {
    pub by_name: HashMap<&'static str, NodeClass>,
    /// By the address of the class.
    names: HashMap<u64, &'static str>,
    /// Interned names of the place.
    pub place: [Value; 4],
    /// Nodes without fields, of which there is one each.
    singletons: std::cell::RefCell<HashMap<&'static str, Value>>,
}

impl Classes {
    /// The class of the grammar that a value is an instance of.
    pub fn name_of(&self, vm: &Vm, v: &Value) -> Option<&'static str> {
        let class = vm.type_of(v).as_::<Type>();
        let mro = class.mro.borrow();
        mro.iter().find_map(|t| self.names.get(&t.word().0).copied())
    }
}

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__init__", 0, u8::MAX, init_node),
    BuiltinDef::new("__reduce__", 0, 0, reduce),
    BuiltinDef::kw("__replace__", 0, u8::MAX, replace),
    BuiltinDef::new("__repr__", 0, 0, repr),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_ast", &[]);
    for (name, v) in [
        ("PyCF_ALLOW_TOP_LEVEL_AWAIT", 8192),
        ("PyCF_ONLY_AST", ONLY_AST),
        ("PyCF_TYPE_COMMENTS", 4096),
        ("PyCF_OPTIMIZED_AST", OPTIMIZED_AST),
    ] {
        vm.set_global(&m, name, Value::small(v));
    }
    let classes = vm.node_classes()?;
    for (name, c) in &classes.by_name {
        vm.set_global(&m, name, c.class.clone());
    }
    Ok(m)
}

impl Vm {
    /// The node classes, made when first needed.
    pub(crate) fn node_classes(&mut self) -> R<Rc<Classes>> {
        if let Some(c) = self.state::<Option<Rc<Classes>>>() {
            return Ok(c.clone());
        }
        let c = Rc::new(make_classes(self)?);
        *self.state::<Option<Rc<Classes>>>() = Some(c.clone());
        Ok(c)
    }
    /// Is it a node of a syntax tree?
    pub(crate) fn is_node(&mut self, v: &Value) -> R<bool> {
        // Without `_ast` there is no node.
        if self.state::<Option<Rc<Classes>>>().is_none() {
            return Ok(false);
        }
        let classes = self.node_classes()?;
        Ok(self.is_instance(v, &classes.by_name["AST"].class))
    }
}

fn names_tuple(vm: &mut Vm, names: &[&str]) -> Value {
    let items = names.iter().map(|n| vm.intern(n)).collect();
    vm.tuple(items)
}

fn new_class(
    vm: &mut Vm,
    name: &str,
    base: &Value,
    doc: Option<&str>,
    entries: Vec<(&str, Value)>,
) -> R<Value> {
    let d = vm.dict();
    let module = vm.intern("ast");
    let doc = doc.map_or(Value::NONE, |t| vm.str(t));
    for (key, v) in entries.into_iter().chain([("__module__", module), ("__doc__", doc)]) {
        let key = vm.intern(key);
        crate::modules::support::set(vm, &d, &key, v)?;
    }
    let (name, bases, class) = (vm.str(name), vm.tuple(vec![base.clone()]), vm.types.type_.clone());
    vm.call(&class, &[name, bases, d], Kw::NONE)
}

fn make_classes(vm: &mut Vm) -> R<Classes> {
    let object = vm.types.object.clone();
    let empty = vm.tuple(vec![]);
    let base_entries =
        vec![("_fields", empty.clone()), ("__match_args__", empty.clone()), ("_attributes", empty.clone())];
    let base = new_class(vm, "AST", &object, None, base_entries)?;
    vm.define_methods(&base, METHODS);
    let mut by_name: HashMap<&'static str, NodeClass> = HashMap::new();
    by_name.insert("AST", NodeClass { class: base.clone(), fields: vec![], row: None, place: false });
    let mut order = vec![];
    for row in grammar::rows() {
        let parent = row.sum.map_or(&base, |s| &by_name[s].class).clone();
        let names: Vec<&str> = row.fields.iter().map(|f| f.name).collect();
        let fields = names_tuple(vm, &names);
        let mut entries = vec![("_fields", fields.clone()), ("__match_args__", fields.clone())];
        if row.sum.is_none() {
            let attributes = if row.place { names_tuple(vm, &PLACE) } else { empty.clone() };
            entries.push(("_attributes", attributes));
            if row.place {
                entries.push(("end_lineno", Value::NONE));
                entries.push(("end_col_offset", Value::NONE));
            }
        }
        for f in row.fields.iter().filter(|f| f.count == Count::Optional) {
            entries.push((f.name, Value::NONE));
        }
        let doc = row.doc.clone();
        let class = new_class(vm, row.name, &parent, Some(&doc), entries)?;
        let place = row.place || row.sum.is_some_and(|s| by_name[s].place);
        let fields = fields.as_::<Tuple>().as_slice().to_vec();
        order.push(row.name);
        by_name.insert(row.name, NodeClass { class, fields, row: Some(row), place });
    }
    // The types of the fields, now that all classes are there.
    for name in &order {
        let c = &by_name[name];
        let Some(row) = &c.row else { continue };
        let is_sum = row.sum.is_none() && row.fields.is_empty();
        if is_sum {
            continue;
        }
        let d = vm.dict();
        for (f, key) in row.fields.iter().zip(&c.fields) {
            let one = match f.of {
                "identifier" | "string" => vm.types.str.clone(),
                "int" => vm.types.int.clone(),
                "constant" => vm.types.object.clone(),
                of => by_name[of].class.clone(),
            };
            let of = match f.count {
                Count::One => one,
                Count::Optional => vm.union_from(vec![one, Value::NONE])?,
                Count::Many => {
                    let list = vm.types.list.clone();
                    vm.generic_alias(&list, &one)?
                }
            };
            crate::modules::support::set(vm, &d, key, of)?;
        }
        for attribute in ["_field_types", "__annotations__"] {
            let key = vm.intern(attribute);
            vm.set_attr(&c.class, &key, d.clone())?;
        }
    }
    let names = by_name.iter().map(|(n, c)| (c.class.word().0, *n)).collect();
    let place = PLACE.map(|n| vm.intern(n));
    Ok(Classes { by_name, names, place, singletons: Default::default() })
}

/// The tuple `_fields` (or `_attributes`) of a node's class.
fn class_names(vm: &mut Vm, class: &Value, what: &str) -> R<Vec<Value>> {
    let key = vm.intern(what);
    match vm.get_attr_opt(class, &key)? {
        Some(v) => vm.to_vec(&v),
        None => Ok(vec![]),
    }
}

fn text(v: &Value) -> String {
    v.get::<Str>().map_or("?".to_owned(), |s| s.as_str().to_owned())
}

/// The name of a class as its warnings have it.
fn class_name(vm: &mut Vm, class: &Value) -> R<String> {
    let own = class.as_::<Type>().short_name();
    let base = vm.node_classes()?.by_name["AST"].class.clone();
    Ok(if class.is(&base) { "ast.AST".to_owned() } else { own })
}

fn init_node(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (node, given) = (&args[0], &args[1..]);
    let class = vm.type_of(node).clone();
    let fields = class_names(vm, &class, "_fields")?;
    if given.len() > fields.len() {
        let s = if fields.len() == 1 { "" } else { "s" };
        let name = class.as_::<Type>().short_name();
        let message = format!("{name} constructor takes at most {} positional argument{s}", fields.len());
        return vm.fail("TypeError", message);
    }
    let mut missing: Vec<Value> = fields[given.len()..].to_vec();
    for (name, v) in fields.iter().zip(given) {
        vm.set_attr(node, name, v.clone())?;
    }
    let mut attributes = None;
    for (name, v) in kw.names.iter().zip(kw.values) {
        let n = text(name);
        if let Some(i) = fields.iter().position(|f| text(f) == n) {
            if i < given.len() {
                let class = class.as_::<Type>().short_name();
                return vm.fail("TypeError", format!("{class} got multiple values for argument '{n}'"));
            }
            missing.retain(|f| text(f) != n);
        } else {
            if attributes.is_none() {
                attributes = Some(class_names(vm, &class, "_attributes")?);
            }
            if !attributes.iter().flatten().any(|a| text(a) == n) {
                let class = class_name(vm, &class)?;
                let message = format!(
                    "{class}.__init__ got an unexpected keyword argument '{n}'. Support for arbitrary keyword \
                     arguments is deprecated and will be removed in Python 3.15."
                );
                vm.warn("DeprecationWarning", message, 1)?;
            }
        }
        let key = vm.intern(&n);
        vm.set_attr(node, &key, v.clone())?;
    }
    fill_missing(vm, node, &class, &missing)?;
    Ok(Value::NONE)
}

/// Defaults of the fields that nobody gave: empty lists, Load; the others are missed.
fn fill_missing(vm: &mut Vm, node: &Value, class: &Value, missing: &[Value]) -> R {
    if missing.is_empty() {
        return Ok(());
    }
    let classes = vm.node_classes()?;
    let key = vm.intern("_field_types");
    let Some(types) = vm.get_attr_opt(class, &key)? else { return Ok(()) };
    for name in missing {
        let Some(of) = crate::modules::support::get(vm, &types, name)? else {
            let (c, n) = (class_name(vm, class)?, text(name));
            let message = format!(
                "Field '{n}' is missing from {c}._field_types. This will become an error in Python 3.15."
            );
            vm.warn("DeprecationWarning", message, 1)?;
            continue;
        };
        if of.native::<crate::types::union::Union>().is_some() {
            // Optional: the class attribute is None.
            continue;
        }
        if of.native::<crate::types::generic_alias::GenericAlias>().is_some() {
            let empty = vm.list(vec![]);
            vm.set_attr(node, name, empty)?;
        } else if of.is(&classes.by_name["expr_context"].class) {
            let load = singleton(vm, &classes, "Load")?;
            vm.set_attr(node, name, load)?;
        } else {
            let (c, n) = (class_name(vm, class)?, text(name));
            let message = format!(
                "{c}.__init__ missing 1 required positional argument: '{n}'. This will become an error in \
                 Python 3.15."
            );
            vm.warn("DeprecationWarning", message, 1)?;
        }
    }
    Ok(())
}

/// The one node of a class without fields.
pub(crate) fn singleton(vm: &mut Vm, classes: &Classes, name: &'static str) -> R<Value> {
    if let Some(v) = classes.singletons.borrow().get(name) {
        return Ok(v.clone());
    }
    let v = vm.call(&classes.by_name[name].class, &[], Kw::NONE)?;
    classes.singletons.borrow_mut().insert(name, v.clone());
    Ok(v)
}

fn own_dict(vm: &mut Vm, node: &Value) -> R<Value> {
    let key = vm.intern("__dict__");
    vm.get_attr(node, &key)
}

/// class, placeholders for the positional arguments, state.
fn reduce(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (class, d) = (vm.type_of(&args[0]).clone(), own_dict(vm, &args[0])?);
    let fields = class_names(vm, &class, "_fields")?;
    let entries = vm.call_method(&d, "copy", &[])?;
    // Fields up to the first that is absent go by position, as None, and come right with the state.
    let mut positional = vec![];
    for f in &fields {
        match crate::modules::support::get(vm, &d, f)? {
            Some(_) => positional.push(Value::NONE),
            None => break,
        }
    }
    let positional = vm.tuple(positional);
    Ok(vm.tuple(vec![class, positional, entries]))
}

fn replace(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let node = &args[0];
    if args.len() > 1 {
        return vm.fail("TypeError", "__replace__() takes no positional arguments");
    }
    let class = vm.type_of(node).clone();
    let name = class.as_::<Type>().short_name();
    let mut known = class_names(vm, &class, "_fields")?;
    let fields = known.len();
    known.extend(class_names(vm, &class, "_attributes")?);
    let d = own_dict(vm, node)?;
    for n in kw.names {
        let in_dict = crate::modules::support::get(vm, &d, n)?.is_some();
        if !in_dict && !known.iter().any(|k| text(k) == text(n)) {
            let message = format!("{name}.__replace__ got an unexpected keyword argument '{}'.", text(n));
            return vm.fail("TypeError", message);
        }
    }
    // Required fields that neither the node nor the caller has.
    let mut missing = vec![];
    for f in &known[..fields] {
        let given = kw.names.iter().any(|n| text(n) == text(f));
        if !given && vm.get_attr_opt(node, f)?.is_none() {
            missing.push(format!("'{}'", text(f)));
        }
    }
    if !missing.is_empty() {
        let s = if missing.len() == 1 { "" } else { "s" };
        missing.sort();
        let message = format!(
            "{name}.__replace__ missing {} keyword argument{s}: {}.",
            missing.len(),
            missing.join(", ")
        );
        return vm.fail("TypeError", message);
    }
    let (mut names, mut values) = (vec![], vec![]);
    for (k, v) in d.as_::<Dict>().iter().collect::<Vec<_>>() {
        if !kw.names.iter().any(|n| text(n) == text(&k)) {
            names.push(k);
            values.push(v);
        }
    }
    names.extend(kw.names.iter().cloned());
    values.extend(kw.values.iter().cloned());
    vm.call(&class, &[], Kw { names: &names, values: &values })
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let s = node_repr(vm, &args[0], 3)?;
    Ok(vm.string(s))
}

fn node_repr(vm: &mut Vm, node: &Value, depth: u32) -> R<String> {
    let class = vm.type_of(node).clone();
    let name = class_name(vm, &class)?;
    if depth == 0 {
        return Ok(format!("{name}(...)"));
    }
    let mut parts = vec![];
    for f in class_names(vm, &class, "_fields")? {
        let v = vm.get_attr(node, &f)?;
        let shown = match () {
            _ if v.is_kind(Kind::List) => list_repr(vm, v.as_::<List>().as_slice(), depth - 1)?,
            _ if vm.is_node(&v)? => node_repr(vm, &v, depth - 1)?,
            _ => vm.repr_string(&v)?,
        };
        parts.push(format!("{}={shown}", text(&f)));
    }
    Ok(format!("{name}({})", parts.join(", ")))
}

/// The first and the last of the items.
fn list_repr(vm: &mut Vm, items: &[Value], depth: u32) -> R<String> {
    let mut one = |v: &Value| match vm.is_node(v)? {
        true => node_repr(vm, v, depth),
        false => vm.repr_string(v),
    };
    let mut parts = vec![];
    match items {
        [] => {}
        [a] => parts.push(one(a)?),
        [a, b] => parts.extend([one(a)?, one(b)?]),
        [a, .., b] => parts.extend([one(a)?, "...".to_owned(), one(b)?]),
    }
    Ok(format!("[{}]", parts.join(", ")))
}
