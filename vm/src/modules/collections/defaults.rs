//! `defaultdict`: a dict whose instances have one hidden slot, for the factory.

use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kind, Kw, Payload, Type, header_flags};
use crate::types::native::{ClassDef, GetSet, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;

/// Stands for the class where classes are found by the type of their payload; its instances are dicts.
struct DefaultDict;
impl Payload for DefaultDict {}

static DEFAULTDICT: ClassDef = ClassDef {
    name: "collections.defaultdict",
    base: Some(|vm| vm.types.dict.clone()),
    flags: SUBCLASS.union(WEAKREF),
    methods: &[
        BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
            let mut rest = &a[1..];
            if let Some((factory, others)) = rest.split_first() {
                if !factory.is_none() && !vm.is_callable(factory) {
                    return vm.fail("TypeError", "first argument must be callable or None");
                }
                set_factory(vm, &a[0], factory.clone())?;
                rest = others;
            }
            if rest.len() > 1 {
                let message = format!("dict expected at most 1 argument, got {}", rest.len());
                return vm.fail("TypeError", message);
            }
            vm.dict_update(&a[0], rest.first(), kw)?;
            Ok(Value::NONE)
        }),
        BuiltinDef::new("__missing__", 1, 1, |vm, a, _| {
            let factory = factory(vm, &a[0])?;
            if factory.is_none() {
                return Err(vm.raise_type("KeyError", vec![a[1].clone()]));
            }
            let v = vm.call(&factory, &[], Kw::NONE)?;
            vm.set_item(&a[0], &a[1], v.clone())?;
            Ok(v)
        }),
        BuiltinDef::new("copy", 0, 0, copy),
        BuiltinDef::new("__copy__", 0, 0, copy),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let factory = factory(vm, &a[0])?;
            let args = vm.tuple(if factory.is_none() { vec![] } else { vec![factory] });
            let items = vm.call_method(&a[0], "items", &[])?;
            let items = vm.get_iter(&items)?;
            let class = vm.type_of(&a[0]).clone();
            Ok(vm.tuple(vec![class, args, Value::NONE, Value::NONE, items]))
        }),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let factory = factory(vm, &a[0])?;
            let shown = if vm.repr_enter(&factory) {
                let text = vm.repr_string(&factory);
                vm.repr_leave(&factory);
                text?
            } else {
                "...".to_owned()
            };
            let dict = vm.types.dict.clone();
            let f = vm.get_attr_str(&dict, "__repr__")?;
            let base = vm.call(&f, &a[..1], Kw::NONE)?;
            let base = vm.str_string(&base)?;
            let name = vm.type_of(&a[0]).as_::<Type>().short_name();
            Ok(vm.string(format!("{name}({shown}, {base})")))
        }),
        BuiltinDef::new("__or__", 1, 1, |vm, a, _| {
            if !a[1].is_kind(Kind::Dict) {
                return Ok(Value::NOT_IMPLEMENTED);
            }
            let new = copy(vm, &a[..1], Kw::NONE)?;
            vm.dict_update(&new, Some(&a[1]), Kw::NONE)?;
            Ok(new)
        }),
        BuiltinDef::new("__ror__", 1, 1, |vm, a, _| {
            if !a[1].is_kind(Kind::Dict) {
                return Ok(Value::NOT_IMPLEMENTED);
            }
            let (factory, class) = (factory(vm, &a[0])?, vm.type_of(&a[0]).clone());
            let new = vm.call(&class, &[factory, a[1].clone()], Kw::NONE)?;
            vm.dict_update(&new, Some(&a[0]), Kw::NONE)?;
            Ok(new)
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[GetSet::new("default_factory", factory, |vm, v, new| {
        set_factory(vm, v, new.cloned().unwrap_or(Value::NONE))
    })],
    doc: Some(
        "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is \
         called without arguments to produce\na new value when a key is not present, in __getitem__ only.\nA \
         defaultdict compares equal to a dict with the same items.\nAll remaining arguments are treated the \
         same as if they were\npassed to the dict constructor, including keyword arguments.\n",
    ),
};

pub fn add(vm: &mut Vm, module: &Value) {
    let class = add_class::<DefaultDict>(vm, module, &DEFAULTDICT);
    let t = class.as_::<Type>();
    t.slots.set(t.slots.get() + 1);
    t.instance_flags.set(t.instance_flags.get() | header_flags::EXTRAS | header_flags::DYNAMIC);
}

/// The hidden slot: the first, since a dict has none.
fn factory(vm: &mut Vm, v: &Value) -> R<Value> {
    match slot(vm, v)?.get() {
        w if w.is_null() => Ok(Value::NONE),
        w => Ok(w.to_value()),
    }
}
fn set_factory(vm: &mut Vm, v: &Value, factory: Value) -> R {
    let old = slot(vm, v)?.replace(factory.into_word());
    // SAFETY: the slot owned what it held.
    drop(unsafe { Value::from_word(old) });
    Ok(())
}
fn slot<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a std::cell::Cell<crate::value::Word>> {
    let class = vm.class_of::<DefaultDict>();
    if class.is_some_and(|c| vm.is_instance(v, &c))
        && let Some(slot) = v.extras().and_then(|e| e.slots.first())
    {
        return Ok(slot);
    }
    let message = format!(
        "descriptor requires a 'collections.defaultdict' object but received a '{}'",
        vm.type_name(v)
    );
    vm.fail("TypeError", message)
}

fn copy(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (factory, class) = (factory(vm, &a[0])?, vm.type_of(&a[0]).clone());
    vm.call(&class, &[factory, a[0].clone()], Kw::NONE)
}
