//! What `object` and `type` have; the attributes of functions, code, modules and the like; freeing.

use crate::error::R;
use crate::object::heap::Heap;
use crate::object::{
    BuiltinDef, Dict, Exception, Header, Instance, Kind, Kw, Module, Str, Tuple, Type, TypeFlags,
    header_flags,
};
use crate::op::{BinOp, CmpOp};
use crate::types::native::GetSet;
use crate::types::specials::Special;
use crate::value::{Value, Word};
use crate::vm::Vm;

/// Setting and deleting, of `object` and of `type`: which of them it is follows from the object.
static SETTERS: &[BuiltinDef] = &[
    BuiltinDef::new("__setattr__", 2, 2, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        let name = vm.interned(&a[1]);
        vm.plain_set_attr(&a[0], &name, Some(a[2].clone()))?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__delattr__", 1, 1, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        let name = vm.interned(&a[1]);
        vm.plain_set_attr(&a[0], &name, None)?;
        Ok(Value::NONE)
    }),
];

static OBJECT: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| vm.object_new(a, kw)),
    BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| vm.object_init(a, kw)),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| match a[0].kind() {
        Some(Kind::Instance | Kind::Native | Kind::Plain) => vm.object_repr(&a[0]),
        _ if a[0].is_dynamic() => vm.object_repr(&a[0]),
        _ => vm.repr_builtin(&a[0]),
    }),
    BuiltinDef::new("__str__", 0, 0, |vm, a, _| vm.repr(&a[0])),
    BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
        let h = (a[0].word().0 as i64).rotate_right(4);
        Ok(vm.int(if h == -1 { -2 } else { h }))
    }),
    BuiltinDef::new("__eq__", 1, 1, |_, a, _| {
        Ok(if a[0].is(&a[1]) { Value::TRUE } else { Value::NOT_IMPLEMENTED })
    }),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| {
        let Some(m) = vm.special_of(&a[0], Special::Eq) else { return Ok(Value::NOT_IMPLEMENTED) };
        let r = vm.call_unbound(&m, &a[0], &a[1..])?;
        if r.is(&Value::NOT_IMPLEMENTED) {
            return Ok(r);
        }
        Ok(Value::bool(!vm.truthy(&r)?))
    }),
    BuiltinDef::new("__lt__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__le__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__gt__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__ge__", 1, 1, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__format__", 1, 1, |vm, a, _| {
        let Some(spec) = a[1].get::<Str>() else {
            let message = format!("__format__() argument must be str, not {}", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        };
        if !spec.is_empty() {
            let message = format!("unsupported format string passed to {}.__format__", vm.type_name(&a[0]));
            return vm.fail("TypeError", message);
        }
        vm.str_of(&a[0])
    }),
    BuiltinDef::new("__getattribute__", 1, 1, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        let name = vm.interned(&a[1]);
        match vm.generic_get_attr(&a[0], &name)? {
            Some(v) => Ok(v),
            None => Err(vm.no_attribute(&a[0], &name)),
        }
    }),
    BuiltinDef::class("__init_subclass__", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::class("__subclasshook__", 0, u8::MAX, |_, _, _| Ok(Value::NOT_IMPLEMENTED)),
    BuiltinDef::new("__dir__", 0, 0, |vm, a, _| {
        let d = vm.dict();
        if let Some(own) = vm.own_dict_now(&a[0]) {
            vm.dict_merge_into(&d, &own)?;
        }
        if let Some(c) = vm.get_attr_str_opt(&a[0], "__class__")?
            && c.is_kind(Kind::Type)
        {
            vm.merge_class_dict(&d, &c)?;
        }
        let names = vm.to_vec(&d)?;
        Ok(vm.list(names))
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |_, _, _| Ok(Value::small(48))),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| vm.reduce(&a[0], 0)),
    BuiltinDef::new("__reduce_ex__", 1, 1, |vm, a, _| {
        let protocol = vm.index(&a[1])?;
        let object = vm.types.object.clone();
        let key = vm.intern("__reduce__");
        let found = vm.class_ref(&a[0]).lookup(&key);
        if let Some(m) = found
            && !vm.is_builtin_method(&m, &object)
        {
            return vm.call_unbound(&m, &a[0], &[]);
        }
        vm.reduce(&a[0], protocol)
    }),
    BuiltinDef::new("__getstate__", 0, 0, |vm, a, _| vm.object_state(&a[0])),
];

static OBJECT_ATTRIBUTES: &[GetSet] = &[GetSet::new(
    "__class__",
    |vm, v| Ok(vm.type_of(v).clone()),
    |vm, v, class| {
        let Some(class) = class else { return vm.fail("TypeError", "can't delete __class__ attribute") };
        vm.set_class(v, class)
    },
)];

static TYPE: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| vm.new_class(a, kw)),
    BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, _| match a.len() {
        2 | 4 => Ok(Value::NONE),
        _ => vm.fail("TypeError", "type.__init__() takes 1 or 3 arguments"),
    }),
    BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| {
        let t = a[0].as_::<Type>();
        if !t.is_heap()
            && t.instance.get() != Kind::Native
            && let Some(c) = vm.constructor_of(&a[0])
        {
            return vm.construct(&a[0], c, &a[1..], kw);
        }
        vm.make_instance(&a[0], &a[1..], kw)
    }),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let name = vm.full_name(&a[0]);
        Ok(vm.string(format!("<class '{name}'>")))
    }),
    BuiltinDef::new("__getattribute__", 1, 1, |vm, a, _| {
        attribute_name(vm, &a[1])?;
        let name = vm.interned(&a[1]);
        match vm.plain_get_attr(&a[0], &name)? {
            Some(v) => Ok(v),
            None => Err(vm.no_attribute(&a[0], &name)),
        }
    }),
    BuiltinDef::new("mro", 0, 0, |vm, a, _| {
        let mro = vm.linearise(&a[0])?;
        Ok(vm.list(mro))
    }),
    BuiltinDef::new("__subclasses__", 0, 0, |vm, a, _| {
        let all = a[0].as_::<Type>().subclasses();
        Ok(vm.list(all))
    }),
    BuiltinDef::new("__instancecheck__", 1, 1, |vm, a, _| {
        vm.plain_is_instance(&a[1], &a[0]).map(Value::bool)
    }),
    BuiltinDef::new("__subclasscheck__", 1, 1, |vm, a, _| {
        vm.plain_is_subclass(&a[1], &a[0]).map(Value::bool)
    }),
    BuiltinDef::class("__prepare__", 0, u8::MAX, |vm, _, _| Ok(vm.dict())).with_keywords(),
    BuiltinDef::new("__dir__", 0, 0, |vm, a, _| {
        let d = vm.dict();
        vm.merge_class_dict(&d, &a[0])?;
        let names = vm.to_vec(&d)?;
        Ok(vm.list(names))
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |_, _, _| Ok(Value::small(1000))),
];

static TYPE_ATTRIBUTES: &[GetSet] = &[
    GetSet::new(
        "__name__",
        |vm, v| {
            let n = v.as_::<Type>().short_name();
            Ok(vm.str(&n))
        },
        |vm, v, n| {
            let n = checked_name(vm, v, n, "__name__")?;
            *v.as_::<Type>().name.borrow_mut() = n.as_::<Str>().as_str().into();
            Ok(())
        },
    ),
    GetSet::new(
        "__qualname__",
        |vm, v| {
            let n = vm.qualname_of(v);
            Ok(vm.string(n))
        },
        |vm, v, n| {
            let n = checked_name(vm, v, n, "__qualname__")?;
            drop(v.as_::<Type>().qualname.replace(n));
            Ok(())
        },
    ),
    GetSet::new(
        "__module__",
        |vm, v| {
            let t = v.as_::<Type>();
            if t.is_heap() {
                return match class_dict_get(vm, v, "__module__") {
                    Some(m) => Ok(m),
                    None => vm.fail("AttributeError", "__module__"),
                };
            }
            let m = vm.class_module(v).unwrap_or_default();
            Ok(vm.intern(&m))
        },
        |vm, v, m| {
            undeletable(vm, v, "__module__", m)?;
            class_dict_set(vm, v, "__module__", m)?;
            // It is of that module now: the line in the old one means nothing.
            if class_dict_get(vm, v, "__firstlineno__").is_some() {
                class_dict_set(vm, v, "__firstlineno__", None)?;
            }
            Ok(())
        },
    ),
    GetSet::new(
        "__bases__",
        |_, v| Ok(v.as_::<Type>().bases.borrow().clone()),
        |vm, v, b| {
            undeletable(vm, v, "__bases__", b)?;
            vm.set_bases(v, b)
        },
    ),
    GetSet::get("__base__", |_, v| {
        let b = v.as_::<Type>().base.borrow().clone();
        Ok(if b.is_null() { Value::NONE } else { b })
    }),
    GetSet::get("__mro__", |vm, v| {
        let mro = v.as_::<Type>().mro.borrow().clone();
        Ok(vm.tuple(mro))
    }),
    GetSet::get("__dict__", |vm, v| {
        let d = v.as_::<Type>().dict.clone();
        Ok(vm.mapping_proxy(d))
    }),
    GetSet::new(
        "__doc__",
        |vm, v| match class_dict_get(vm, v, "__doc__") {
            Some(d) if d.is_dynamic() => vm.descr_get(&d, None, v),
            Some(d) => Ok(d),
            None => Ok(Value::NONE),
        },
        |vm, v, d| {
            let t = v.as_::<Type>();
            if !t.is_heap() || d.is_none() {
                let verb = if d.is_none() { "delete" } else { "set" };
                let message =
                    format!("cannot {verb} '__doc__' attribute of immutable type '{}'", t.short_name());
                return vm.fail("TypeError", message);
            }
            class_dict_set(vm, v, "__doc__", d)
        },
    ),
    GetSet::new(
        "__abstractmethods__",
        |vm, v| match class_dict_get(vm, v, "__abstractmethods__") {
            Some(s) if !v.is(&vm.types.type_) => Ok(s),
            _ => {
                let name = vm.intern("__abstractmethods__");
                Err(vm.attribute_error(v, &name, "__abstractmethods__".to_owned()))
            }
        },
        |vm, v, s| {
            let on = match s {
                Some(s) => vm.truthy(s)?,
                None => false,
            };
            class_dict_set(vm, v, "__abstractmethods__", s)?;
            v.as_::<Type>().set_flag(TypeFlags::ABSTRACT, on);
            Ok(())
        },
    ),
    GetSet::new(
        "__type_params__",
        |vm, v| match class_dict_get(vm, v, "__type_params__") {
            Some(p) if !v.is(&vm.types.type_) => Ok(p),
            _ => Ok(vm.tuple(vec![])),
        },
        |vm, v, p| {
            undeletable(vm, v, "__type_params__", p)?;
            class_dict_set(vm, v, "__type_params__", p)
        },
    ),
    GetSet::new(
        "__annotations__",
        |vm, v| vm.class_annotations(v),
        |vm, v, a| {
            for key in ["__annotations__", "__annotations_cache__"] {
                if class_dict_get(vm, v, key).is_some() {
                    class_dict_set(vm, v, key, None)?;
                }
            }
            class_dict_set(vm, v, if a.is_some() { "__annotations_cache__" } else { "__annotate_func__" }, a)
        },
    ),
    GetSet::new(
        "__annotate__",
        |vm, v| {
            if !v.as_::<Type>().is_heap() {
                let name = v.as_::<Type>().short_name();
                return vm
                    .fail("AttributeError", format!("type object '{name}' has no attribute '__annotate__'"));
            }
            for key in ["__annotate_func__", "__annotate__"] {
                if let Some(f) = class_dict_get(vm, v, key) {
                    return if f.is_dynamic() || f.is_kind(Kind::Function) { Ok(f) } else { Ok(Value::NONE) };
                }
            }
            Ok(Value::NONE)
        },
        |vm, v, f| {
            if f.is_none() {
                return vm.fail("TypeError", "cannot delete __annotate__ attribute");
            }
            class_dict_set(vm, v, "__annotate_func__", f)
        },
    ),
    GetSet::get("__text_signature__", |vm, v| {
        let t = v.as_::<Type>();
        let known = if t.is_heap() { None } else { super::docs::class_signature(&t.name.borrow()) };
        Ok(known.map_or(Value::NONE, |s| vm.str(s)))
    }),
    GetSet::get("__flags__", |_, v| {
        let t = v.as_::<Type>();
        let bit = |f: TypeFlags, n: u32| (t.has(f) as i64) << n;
        // Py_TPFLAGS_*: what programs look at.
        let immutable = (!t.is_heap() as i64) << 8;
        // The classes of CPython's extension modules are heap types, with few exceptions.
        const STATIC: &[&str] = &["types.", "weakref.", "_contextvars.", "collections.OrderedDict"];
        let name = t.name.borrow();
        let of_module = name.contains('.') && !STATIC.iter().any(|s| name.starts_with(s));
        Ok(Value::small(
            (i64::from(t.is_heap() || of_module) << 9)
                | bit(TypeFlags::BASE, 10)
                | bit(TypeFlags::ABSTRACT, 20)
                | bit(TypeFlags::SEQUENCE, 5)
                | bit(TypeFlags::MAPPING, 6)
                | bit(TypeFlags::MATCH_SELF, 22)
                | immutable
                | 1 << 12
                | 1 << 14,
        ))
    }),
    GetSet::get("__basicsize__", |_, v| {
        let t = v.as_::<Type>();
        let head = if t.instance.get() == Kind::Int { 24 } else { 16 };
        Ok(Value::small(head + 8 * t.slots.get() as i64))
    }),
    GetSet::get("__itemsize__", |_, v| {
        Ok(Value::small(match v.as_::<Type>().instance.get() {
            Kind::Tuple => 8,
            Kind::Int => 4,
            Kind::Bytes => 1,
            _ => 0,
        }))
    }),
    GetSet::get("__dictoffset__", |_, v| {
        Ok(Value::small(if v.as_::<Type>().has(TypeFlags::DICT) { -1 } else { 0 }))
    }),
    GetSet::get("__weakrefoffset__", |_, v| {
        Ok(Value::small(if v.as_::<Type>().has(TypeFlags::WEAKREF) { -8 } else { 0 }))
    }),
];

fn class_dict_get(vm: &mut Vm, class: &Value, name: &str) -> Option<Value> {
    let key = vm.intern(name);
    class.as_::<Type>().dict.as_::<Dict>().get_str(&key)
}
fn class_dict_set(vm: &mut Vm, class: &Value, name: &str, v: Option<&Value>) -> R {
    let key = vm.intern(name);
    let t = class.as_::<Type>();
    if !t.is_heap() {
        let class = t.name.borrow().to_string();
        return vm.fail("TypeError", format!("cannot set '{name}' attribute of immutable type '{class}'"));
    }
    match v {
        Some(v) => t.dict.as_::<Dict>().set_str(vm, &key, v.clone()),
        None => {
            if t.dict.as_::<Dict>().remove_str(vm, &key).is_none() {
                return vm.fail("AttributeError", name);
            }
        }
    }
    t.modified();
    Ok(())
}
/// Attributes that a class must have.
fn undeletable(vm: &mut Vm, class: &Value, what: &str, v: Option<&Value>) -> R {
    match v {
        Some(_) => Ok(()),
        None => {
            let name = class.as_::<Type>().short_name();
            vm.fail("TypeError", format!("cannot delete '{what}' attribute of immutable type '{name}'"))
        }
    }
}
fn checked_name(vm: &mut Vm, class: &Value, n: Option<&Value>, what: &str) -> R<Value> {
    let name = class.as_::<Type>().short_name();
    let Some(n) = n else {
        return vm.fail("TypeError", format!("cannot delete '{what}' attribute of immutable type '{name}'"));
    };
    if !class.as_::<Type>().is_heap() {
        return vm.fail("TypeError", format!("cannot set '{what}' attribute of immutable type '{name}'"));
    }
    if !n.is_kind(Kind::Str) {
        let message = format!("can only assign string to {name}.{what}, not '{}'", vm.type_name(n));
        return vm.fail("TypeError", message);
    }
    if n.as_::<Str>().bytes().contains(&0) {
        return vm.fail("ValueError", "type name must not contain null characters");
    }
    vm.utf8_of(n)?;
    Ok(n.clone())
}
fn attribute_name(vm: &mut Vm, v: &Value) -> R {
    if v.is_kind(Kind::Str) {
        return Ok(());
    }
    let message = format!("attribute name must be string, not '{}'", vm.type_name(v));
    vm.fail("TypeError", message)
}

macro_rules! computed {
    ($name:ident: $($read:literal)*; $($write:literal)*) => {
        pub static $name: &[GetSet] = &[
            $(GetSet::get($read, |vm, v| vm.computed(v, $read)),)*
            $(GetSet::new($write, |vm, v| vm.computed(v, $write), |vm, v, x| vm.set_computed(v, $write, x)),)*
        ];
    };
}
computed!(FUNCTION: "__globals__" "__builtins__" "__closure__";
    "__name__" "__qualname__" "__code__" "__defaults__" "__kwdefaults__" "__doc__" "__module__" "__annotate__"
    "__annotations__" "__type_params__" "__dict__");
computed!(BUILTIN: "__name__" "__qualname__" "__self__" "__objclass__" "__module__" "__doc__" "__text_signature__";);
computed!(METHOD: "__func__" "__self__";);
computed!(CODE: "co_name" "co_qualname" "co_filename" "co_firstlineno" "co_argcount" "co_posonlyargcount"
    "co_kwonlyargcount" "co_flags" "co_stacksize" "co_nlocals" "co_varnames" "co_cellvars" "co_freevars" "co_names"
    "co_consts" "co_code" "_co_code_adaptive" "co_linetable" "co_lnotab" "co_exceptiontable";);
computed!(GENERATOR: "gi_frame" "gi_running" "gi_code" "gi_yieldfrom" "gi_suspended"; "__name__" "__qualname__");
computed!(COROUTINE: "cr_frame" "cr_running" "cr_code" "cr_await" "cr_suspended" "cr_origin";
    "__name__" "__qualname__");
computed!(ASYNC_GENERATOR: "ag_frame" "ag_running" "ag_code" "ag_await" "ag_suspended"; "__name__" "__qualname__");
computed!(MODULE: "__dict__";);
computed!(RANGE: "start" "stop" "step";);
computed!(INT: "real" "imag" "numerator" "denominator";);
computed!(FLOAT: "real" "imag";);
computed!(CELL: ; "cell_contents");
computed!(TRACEBACK: "tb_frame" "tb_lineno" "tb_lasti"; "tb_next");
computed!(FRAME: "f_back" "f_code" "f_globals" "f_builtins" "f_lasti" "f_locals" "f_generator";
    "f_lineno" "f_trace" "f_trace_lines" "f_trace_opcodes");
computed!(EXCEPTION: ; "args" "__cause__" "__context__" "__traceback__" "__suppress_context__" "__dict__");

/// Comparison rows of the builtin classes that have an order, and of those that have only equality.
pub static ORDER: &[BuiltinDef] = &[
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Lt, &a[0], &a[1])),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Le, &a[0], &a[1])),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Gt, &a[0], &a[1])),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Ge, &a[0], &a[1])),
];
pub static EQUALITY: &[BuiltinDef] = &[
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Eq, &a[0], &a[1])),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| vm.compare_row(CmpOp::Ne, &a[0], &a[1])),
];
pub static HASH: &[BuiltinDef] = &[BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
    let h = vm.hash_builtin(&a[0])?;
    Ok(vm.int(h))
})];
pub static REPR: &[BuiltinDef] = &[BuiltinDef::new("__repr__", 0, 0, |vm, a, _| vm.repr_builtin(&a[0]))];
/// Functions are descriptors.
pub static BINDS: &[BuiltinDef] = &[BuiltinDef::new("__get__", 1, 2, |vm, a, _| {
    let owner = match a.get(2) {
        Some(o) if !o.is_none() => o.clone(),
        _ if a[1].is_none() => return vm.fail("TypeError", "__get__(None, None) is invalid"),
        _ => vm.type_of(&a[1]).clone(),
    };
    let through = if a[1].is_none() { None } else { Some(&a[1]) };
    vm.descr_get(&a[0], through, &owner)
})];
/// `str(x)` is another text than `repr(x)`.
pub static STR: &[BuiltinDef] = &[BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
    let s = vm.str_string_builtin(&a[0])?;
    Ok(vm.string(s))
})];
pub static FORMAT: &[BuiltinDef] = &[BuiltinDef::new("__format__", 1, 1, |vm, a, _| {
    let Some(spec) = a[1].get::<Str>() else {
        let message = format!("__format__() argument must be str, not {}", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    };
    let spec = spec.as_str().to_owned();
    let s = vm.format_builtin(&a[0], &spec)?;
    Ok(vm.string(s))
})];
/// `+`, `*` and their in-place forms of sequences.
pub static CONCAT: &[BuiltinDef] = &[
    BuiltinDef::new("__add__", 1, 1, |vm, a, _| vm.binary_builtin(BinOp::Add, false, &a[0], &a[1])),
    BuiltinDef::new("__mul__", 1, 1, |vm, a, _| {
        let n = vm.try_index(&a[1])?;
        vm.binary_builtin(BinOp::Multiply, false, &a[0], &n)
    }),
    BuiltinDef::new("__rmul__", 1, 1, |vm, a, _| {
        let n = vm.try_index(&a[1])?;
        vm.binary_builtin(BinOp::Multiply, false, &a[0], &n)
    }),
];
static CONCAT_IN_PLACE: &[BuiltinDef] = &[
    BuiltinDef::new("__iadd__", 1, 1, |vm, a, _| vm.binary_builtin(BinOp::Add, true, &a[0], &a[1])),
    BuiltinDef::new("__imul__", 1, 1, |vm, a, _| {
        let n = vm.try_index(&a[1])?;
        vm.binary_builtin(BinOp::Multiply, true, &a[0], &n)
    }),
];
static STR_MOD: &[BuiltinDef] =
    &[BuiltinDef::new("__mod__", 1, 1, |vm, a, _| vm.binary_builtin(BinOp::Remainder, false, &a[0], &a[1]))];
static VIEW: &[GetSet] = &[GetSet::get("mapping", |vm, v| {
    let dict = v.as_::<crate::object::DictView>().dict.clone();
    Ok(vm.mapping_proxy(dict))
})];
static DICT_OR: &[BuiltinDef] = &[
    BuiltinDef::new("__or__", 1, 1, |vm, a, _| dict_or(vm, &a[0], &a[1], false)),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, _| dict_or(vm, &a[1], &a[0], false)),
    BuiltinDef::new("__ior__", 1, 1, |vm, a, _| {
        vm.dict_update(&a[0], Some(&a[1]), Kw::NONE)?;
        Ok(a[0].clone())
    }),
];
fn dict_or(vm: &mut Vm, a: &Value, b: &Value, inplace: bool) -> R<Value> {
    if !a.is_kind(Kind::Dict) || !b.is_kind(Kind::Dict) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    vm.binary_builtin(BinOp::Or, inplace, a, b)
}
static LIST_INIT: &[BuiltinDef] = &[BuiltinDef::kw("__init__", 0, 1, |vm, a, kw| {
    let (class, list) = (vm.type_of(&a[0]).clone(), vm.types.list.clone());
    if !kw.is_empty() && !vm.overrides(&class, &list, "__new__") {
        return vm.fail("TypeError", "list() takes no keyword arguments");
    }
    let items = a.get(1).map_or(Ok(vec![]), |v| vm.to_vec_hinted(v))?;
    let old = a[0].as_::<crate::object::List>().with_vec(|l| std::mem::replace(l, items));
    drop(old);
    Ok(Value::NONE)
})];
static DICT_INIT: &[BuiltinDef] = &[BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
    if a.len() > 2 {
        return vm.fail("TypeError", format!("dict expected at most 1 argument, got {}", a.len() - 1));
    }
    vm.dict_update(&a[0], a.get(1), kw)?;
    Ok(Value::NONE)
})];
/// Every class made at start-up gets to know its VM.
pub fn adopt_all(vm: &mut Vm) {
    for t in all_classes(vm) {
        vm.adopt_class(&t);
    }
}
fn all_classes(vm: &Vm) -> Vec<Value> {
    // Everything derives from object.
    let mut out = vec![vm.types.object.clone()];
    let mut at = 0;
    while at < out.len() {
        let more = out[at].as_::<Type>().subclasses();
        out.extend(more);
        at += 1;
    }
    out
}

/// Rows and flags of the builtin classes.
pub fn init(vm: &mut Vm) {
    let t = |f: fn(&crate::types::Types) -> &Value, vm: &Vm| f(&vm.types).clone();
    let rows: &[(fn(&crate::types::Types) -> &Value, &[&'static [BuiltinDef]], &'static [GetSet])] = &[
        (|t| &t.object, &[OBJECT, SETTERS], OBJECT_ATTRIBUTES),
        (|t| &t.type_, &[TYPE, SETTERS], TYPE_ATTRIBUTES),
        (|t| &t.int, &[ORDER, EQUALITY, HASH, REPR, FORMAT], INT),
        (|t| &t.float, &[ORDER, EQUALITY, HASH, REPR, FORMAT], FLOAT),
        (|t| &t.complex, &[FORMAT], super::complex::ATTRIBUTES),
        (|t| &t.bool, &[super::scalar::LOGIC], &[]),
        (|t| &t.str, &[ORDER, EQUALITY, HASH, REPR, STR, FORMAT, CONCAT, STR_MOD], &[]),
        (|t| &t.bytes, &[ORDER, EQUALITY, HASH, REPR, CONCAT], &[]),
        (|t| &t.list, &[ORDER, EQUALITY, REPR, CONCAT, CONCAT_IN_PLACE, LIST_INIT], &[]),
        (|t| &t.tuple, &[ORDER, EQUALITY, HASH, REPR, CONCAT], &[]),
        (|t| &t.dict, &[EQUALITY, REPR, DICT_OR, DICT_INIT], &[]),
        (|t| &t.dict_keys, &[], VIEW),
        (|t| &t.dict_values, &[], VIEW),
        (|t| &t.dict_items, &[], VIEW),
        (|t| &t.range, &[EQUALITY, HASH, REPR], RANGE),
        (|t| &t.slice, &[ORDER, EQUALITY, HASH, REPR], RANGE),
        (|t| &t.none, &[HASH, REPR], &[]),
        (|t| &t.ellipsis, &[HASH, REPR], &[]),
        (|t| &t.not_implemented, &[HASH, REPR], &[]),
        (|t| &t.function, &[REPR, BINDS], FUNCTION),
        (|t| &t.builtin_function, &[REPR, EQUALITY, HASH], BUILTIN),
        (|t| &t.method_descriptor, &[REPR, BINDS], BUILTIN),
        (|t| &t.slot_wrapper, &[REPR, BINDS, super::scalar::CALL], BUILTIN),
        (|t| &t.method_wrapper, &[REPR, EQUALITY, HASH, super::scalar::CALL], BUILTIN),
        (|t| &t.method, &[REPR, EQUALITY, HASH], METHOD),
        (|t| &t.code, &[REPR, EQUALITY, HASH], CODE),
        (|t| &t.module, &[REPR, MODULE_ROWS], MODULE),
        (|t| &t.namespace, &[REPR, EQUALITY], MODULE),
        (|t| &t.cell, &[REPR], CELL),
        (|t| &t.traceback, &[], TRACEBACK),
        (|t| &t.frame, &[REPR], FRAME),
        (|t| &t.generator, &[REPR], GENERATOR),
        (|t| &t.coroutine, &[REPR], COROUTINE),
        (|t| &t.async_generator, &[REPR], ASYNC_GENERATOR),
        (|t| t.exception("BaseException"), &[REPR, STR, EXCEPTION_ROWS], EXCEPTION),
    ];
    for (class, tables, getset) in rows {
        let c = t(*class, vm);
        for table in *tables {
            vm.define_methods(&c, table);
        }
        vm.define_getset(&c, getset);
    }
    for f in [|t| &t.list, |t: &crate::types::Types| &t.dict] as [fn(&crate::types::Types) -> &Value; 2] {
        let c = t(f, vm);
        vm.set_class_attribute(&c, "__hash__", Value::NONE);
    }
    let set = vm.types.set.clone();
    vm.set_class_attribute(&set, "__hash__", Value::NONE);
    let object = vm.types.object.clone();
    for (name, slot) in [("__new__", 0), ("__init__", 1)] {
        let key = vm.intern(name);
        let f = object.as_::<Type>().dict.as_::<Dict>().get_str(&key).unwrap_or(Value::NONE);
        if slot == 0 { vm.types.object_new = f } else { vm.types.object_init = f }
    }
    init_flags(vm);
    for t in all_classes(vm) {
        let constructs = vm.constructor_of(&t).is_some() || t.as_::<Type>().instance.get() == Kind::Exception;
        if constructs && !t.is(&object) && !t.is(&vm.types.type_) {
            let ty = vm.types.builtin_function.clone();
            let f = crate::object::Builtin::new(
                &ty,
                &super::class::CONSTRUCT,
                t.clone(),
                Value::NULL,
                Value::NULL,
            );
            vm.set_class_attribute(&t, "__new__", f);
        }
    }
    for t in vm.types.exceptions.values().cloned().collect::<Vec<_>>() {
        let c = t.as_::<Type>();
        c.flags.set(c.flags.get() | TypeFlags::BASE | TypeFlags::DICT);
    }
}

fn init_flags(vm: &mut Vm) {
    use TypeFlags as F;
    let t = &vm.types;
    let flags: &[(&Value, F)] = &[
        (&t.object, F::BASE),
        (&t.type_, F::BASE | F::WEAKREF),
        (&t.int, F::BASE | F::MATCH_SELF),
        (&t.float, F::BASE | F::MATCH_SELF),
        (&t.complex, F::BASE),
        (&t.bool, F::MATCH_SELF),
        (&t.str, F::BASE | F::MATCH_SELF),
        (&t.bytes, F::BASE | F::MATCH_SELF),
        (&t.list, F::BASE | F::SEQUENCE | F::MATCH_SELF),
        (&t.tuple, F::BASE | F::SEQUENCE | F::MATCH_SELF),
        (&t.dict, F::BASE | F::MAPPING | F::MATCH_SELF),
        (&t.set, F::BASE | F::WEAKREF | F::MATCH_SELF),
        (&t.frozenset, F::BASE | F::WEAKREF | F::MATCH_SELF),
        (&t.range, F::SEQUENCE),
        (&t.module, F::BASE | F::DICT | F::WEAKREF),
        (&t.namespace, F::BASE | F::DICT),
        (&t.function, F::DICT | F::WEAKREF),
        (&t.method, F::WEAKREF),
        (&t.builtin_function, F::WEAKREF),
        (&t.code, F::WEAKREF),
        (&t.generator, F::WEAKREF),
        (&t.coroutine, F::WEAKREF),
        (&t.async_generator, F::WEAKREF),
        (&t.enumerate, F::BASE),
        (&t.zip, F::BASE),
        (&t.map, F::BASE),
        (&t.filter, F::BASE),
        (&t.reversed, F::BASE),
    ];
    for (c, f) in flags {
        let t = c.as_::<Type>();
        t.flags.set(t.flags.get() | *f);
    }
}

static MODULE_ROWS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| {
        let d = vm.globals_dict();
        Ok(Module::new(&a[0], d))
    }),
    BuiltinDef::kw("__init__", 0, 2, |vm, a, kw| {
        let [name, doc] = vm.bind_args("module", ["name", "doc"], 0, 1, &a[1..], kw)?;
        let name = name.unwrap_or(Value::NONE);
        if !name.is_kind(Kind::Str) {
            let message = format!("module() argument 'name' must be str, not {}", vm.type_name(&name));
            return vm.fail("TypeError", message);
        }
        let all = [
            ("__name__", name),
            ("__doc__", doc.unwrap_or(Value::NONE)),
            ("__package__", Value::NONE),
            ("__loader__", Value::NONE),
            ("__spec__", Value::NONE),
        ];
        for (key, v) in all {
            let key = vm.intern(key);
            a[0].as_::<Module>().dict.as_::<Dict>().set_str(vm, &key, v);
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__dir__", 0, 0, |vm, a, _| {
        let d = a[0].as_::<Module>().dict.clone();
        let key = vm.intern("__dir__");
        if let Some(f) = d.as_::<Dict>().get_str(&key) {
            return vm.call(&f, &[], Kw::NONE);
        }
        let names = vm.to_vec(&d)?;
        Ok(vm.list(names))
    }),
];

static EXCEPTION_ROWS: &[BuiltinDef] = &[
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let (class, args) = (vm.type_of(&a[0]).clone(), a[0].as_::<Exception>().args.borrow().clone());
        let mut parts = vec![class, args];
        parts.extend(vm.own_dict(&a[0]).filter(|d| !d.as_::<Dict>().is_empty()));
        Ok(vm.tuple(parts))
    }),
    BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
        if a[1].is_none() {
            return Ok(Value::NONE);
        }
        if !a[1].is_kind(Kind::Dict) {
            return vm.fail("TypeError", "state is not a dictionary");
        }
        for (k, v) in a[1].as_::<Dict>().iter().collect::<Vec<_>>() {
            vm.set_attr(&a[0], &k, v)?;
        }
        Ok(Value::NONE)
    }),
];

impl Vm {
    fn computed(&mut self, v: &Value, name: &'static str) -> R<Value> {
        match self.special(v, name)? {
            Some(x) => Ok(x),
            None => {
                let name = self.intern(name);
                Err(self.no_attribute(v, &name))
            }
        }
    }
    fn set_computed(&mut self, v: &Value, name: &'static str, x: Option<&Value>) -> R {
        if self.set_special(v, name, x)? {
            return Ok(());
        }
        let message = format!("attribute '{name}' of '{}' objects is not writable", self.type_name(v));
        self.fail("AttributeError", message)
    }

    /// `obj.__class__ = class`.
    fn set_class(&mut self, v: &Value, class: &Value) -> R {
        if !class.is_kind(Kind::Type) {
            let message = format!("__class__ must be set to a class, not '{}' object", self.type_name(class));
            return self.fail("TypeError", message);
        }
        self.audit("object.__setattr__", |vm| vec![v.clone(), vm.intern("__class__"), class.clone()])?;
        let (old, new) = (self.type_of(v).clone(), class.as_::<Type>());
        let o = old.as_::<Type>();
        let module = v.is_kind(Kind::Module) && new.instance.get() == Kind::Module;
        if !module && (!o.is_heap() || !new.is_heap()) {
            return self.fail(
                "TypeError",
                "__class__ assignment only supported for mutable types or ModuleType subclasses",
            );
        }
        let layout = TypeFlags::DICT | TypeFlags::WEAKREF;
        let same = o.instance.get() == new.instance.get()
            && o.slots.get() == new.slots.get()
            && (o.flags.get() & layout) == (new.flags.get() & layout)
            && o.instance_flags.get() & header_flags::EXTRAS
                == new.instance_flags.get() & header_flags::EXTRAS;
        if !same && !module {
            let message = format!(
                "__class__ assignment: '{}' object layout differs from '{}'",
                new.short_name(),
                o.short_name()
            );
            return self.fail("TypeError", message);
        }
        if let Some(i) = v.get::<Instance>() {
            i.change_class(self, class);
        }
        // SAFETY: the value keeps its object; nobody holds a borrow of its header.
        unsafe { (*v.word().header()).set_ty(class) };
        Ok(())
    }

    fn set_bases(&mut self, class: &Value, bases: Option<&Value>) -> R {
        let t = class.as_::<Type>();
        let name = t.short_name();
        let Some(bases) = bases.filter(|b| b.is_kind(Kind::Tuple)) else {
            return self.fail("TypeError", format!("can only assign tuple to {name}.__bases__"));
        };
        if !t.is_heap() {
            return self
                .fail("TypeError", format!("cannot set '__bases__' attribute of immutable type '{name}'"));
        }
        let list = bases.as_::<Tuple>().as_slice().to_vec();
        if list.is_empty() {
            let message = format!("can only assign non-empty tuple to {name}.__bases__, not ()");
            return self.fail("TypeError", message);
        }
        for b in &list {
            if !b.is_kind(Kind::Type) {
                let message =
                    format!("{name}.__bases__ must be tuple of classes, not '{}'", self.type_name(b));
                return self.fail("TypeError", message);
            }
            if b.as_::<Type>().is_subtype(class) {
                return self.fail("TypeError", "a __bases__ item causes an inheritance cycle");
            }
        }
        let base = self.best_base(&list)?;
        let old_base = t.base.borrow().clone();
        let layout = |b: &Value| {
            let b = b.as_::<Type>();
            let kind = if b.instance.get() == Kind::Plain { Kind::Instance } else { b.instance.get() };
            (kind, b.slots.get())
        };
        if layout(&base) != layout(&old_base) {
            let message = format!(
                "__bases__ assignment: '{}' object layout differs from '{}'",
                base.as_::<Type>().short_name(),
                old_base.as_::<Type>().short_name()
            );
            return self.fail("TypeError", message);
        }
        let old = t.bases.replace(bases.clone());
        let mro = self.linearise(class);
        let mro = match mro {
            Ok(m) => m,
            Err(e) => {
                *t.bases.borrow_mut() = old;
                return Err(e);
            }
        };
        for b in old.as_::<Tuple>().as_slice() {
            b.as_::<Type>().remove_subclass(t);
        }
        for b in &list {
            b.as_::<Type>().add_subclass(class);
        }
        drop(t.base.replace(base));
        drop(t.mro.replace(mro));
        t.modified();
        for sub in t.subclasses() {
            self.set_mro(&sub)?;
        }
        self.refresh_flags(t);
        Ok(())
    }

    fn class_annotations(&mut self, class: &Value) -> R<Value> {
        for key in ["__annotations__", "__annotations_cache__"] {
            if let Some(a) = class_dict_get(self, class, key) {
                return Ok(a);
            }
        }
        if !class.as_::<Type>().is_heap() {
            let name = class.as_::<Type>().short_name();
            return self
                .fail("AttributeError", format!("type object '{name}' has no attribute '__annotations__'"));
        }
        let f = class_dict_get(self, class, "__annotate_func__")
            .or_else(|| class_dict_get(self, class, "__annotate__"));
        let a = match f {
            Some(f) if !f.is_none() => {
                let f = self.descr_get(&f, None, class)?;
                self.call(&f, &[Value::small(1)], Kw::NONE)?
            }
            _ => self.dict(),
        };
        class_dict_set(self, class, "__annotations_cache__", Some(&a))?;
        Ok(a)
    }

    /// The object's attributes as a dict, without making it lasting.
    fn own_dict_now(&mut self, v: &Value) -> Option<Value> {
        if let Some(i) = v.get::<Instance>()
            && i.dict_value().is_none()
        {
            let d = self.dict();
            let names = i.shape().names().to_vec();
            for n in names {
                if let Some(x) = i.get(&n) {
                    d.as_::<Dict>().set_str(self, &n, x);
                }
            }
            return Some(d);
        }
        self.own_dict(v)
    }
    fn merge_class_dict(&mut self, into: &Value, class: &Value) -> R {
        let mro = class.as_::<Type>().mro.borrow().clone();
        for c in mro.iter().rev() {
            let d = c.as_::<Type>().dict.clone();
            self.dict_merge_into(into, &d)?;
        }
        Ok(())
    }

    /// `isinstance` by class only.
    pub fn plain_is_instance(&mut self, v: &Value, class: &Value) -> R<bool> {
        if self.type_of(v).as_::<Type>().is_subtype(class) {
            return Ok(true);
        }
        if !v.is_dynamic() {
            return Ok(false);
        }
        let ty = self.type_of(v).clone();
        Ok(match self.get_attr_str_opt(v, "__class__")? {
            Some(c) if !c.is(&ty) => c.get::<Type>().is_some_and(|t| t.is_subtype(class)),
            _ => false,
        })
    }
    pub fn plain_is_subclass(&mut self, sub: &Value, class: &Value) -> R<bool> {
        if let Some(t) = sub.get::<Type>() {
            return Ok(t.is_subtype(class));
        }
        let Some(bases) = self.get_attr_str_opt(sub, "__bases__")? else {
            return self.fail("TypeError", "issubclass() arg 1 must be a class");
        };
        let Some(t) = bases.get::<Tuple>() else {
            return self.fail("TypeError", "issubclass() arg 1 must be a class");
        };
        for b in t.as_slice().to_vec() {
            if self.plain_is_subclass(&b, class)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `object.__getstate__`: the attributes, and those of `__slots__`.
    fn object_state(&mut self, v: &Value) -> R<Value> {
        let dict = self.own_dict_now(v).filter(|d| !d.as_::<Dict>().is_empty());
        let slots = self.dict();
        if self.class_ref(v).slots.get() > 0 {
            for n in &self.slot_names(v)? {
                if let Some(x) = self.get_attr_opt(v, n)? {
                    slots.as_::<Dict>().set_str(self, n, x);
                }
            }
        }
        let dict = match dict {
            // Made just now.
            Some(d) if d.ref_count() == 1 => d,
            Some(d) => {
                let copy = self.dict();
                self.dict_merge_into(&copy, &d)?;
                copy
            }
            None => Value::NONE,
        };
        match slots.as_::<Dict>().is_empty() {
            true => Ok(dict),
            false => Ok(self.tuple(vec![dict, slots])),
        }
    }
    fn slot_names(&mut self, v: &Value) -> R<Vec<Value>> {
        let mut names = vec![];
        for c in self.class_ref(v).mro.borrow().iter() {
            let d = c.as_::<Type>().dict.clone();
            for (k, x) in d.as_::<Dict>().iter() {
                if x.native::<super::descr::Member>().is_some() {
                    names.push(k);
                }
            }
        }
        Ok(names)
    }
    /// `object.__reduce_ex__`: through `copyreg`, as CPython does.
    fn reduce(&mut self, v: &Value, protocol: i64) -> R<Value> {
        let copyreg = self.import_module("copyreg")?;
        let protocol_value = self.int(protocol);
        if protocol < 2 {
            return self.call_method(&copyreg, "_reduce_ex", &[v.clone(), protocol_value]);
        }
        let class = self.get_attr_str(v, "__class__")?;
        let data =
            matches!(v.kind(), Some(Kind::Instance | Kind::Native | Kind::Plain | Kind::List | Kind::Dict))
                || v.is_dynamic()
                || self.has_dunder(v, "__getnewargs__");
        if !data || v.is_kind(Kind::Module) {
            let message = format!("cannot pickle '{}' object", self.type_name(v));
            return self.fail("TypeError", message);
        }
        let native = self.class_ref(v).mro.borrow().iter().any(|c| {
            let t = c.as_::<Type>();
            t.instance.get() == Kind::Native && !t.is_heap()
        });
        let (mut args, mut kwargs) = (vec![], None);
        let mut has_args = false;
        if let Some(r) = self.call_dunder(v, "__getnewargs_ex__", &[])? {
            let Some([a, k]) = r.get::<Tuple>().map(Tuple::as_slice) else {
                let message =
                    format!("__getnewargs_ex__ should return a tuple, not '{}'", self.type_name(&r));
                return self.fail("TypeError", message);
            };
            args = self.to_vec(a)?;
            kwargs = Some(k.clone());
            has_args = true;
        } else if let Some(r) = self.call_dunder(v, "__getnewargs__", &[])? {
            if !r.is_kind(Kind::Tuple) {
                let message = format!("__getnewargs__ should return a tuple, not '{}'", self.type_name(&r));
                return self.fail("TypeError", message);
            }
            args = self.to_vec(&r)?;
            has_args = true;
        }
        let key = self.intern("__getstate__");
        let object = self.types.object.clone();
        let own_state = self.class_ref(v).lookup(&key).is_some_and(|m| !self.is_builtin_method(&m, &object));
        if native && !has_args && !own_state {
            let message = format!("cannot pickle '{}' object", self.type_name(v));
            return self.fail("TypeError", message);
        }
        let state = self.call_method(v, "__getstate__", &[])?;
        let (f, call_args) = match kwargs {
            Some(k) if k.get::<Dict>().is_some_and(|d| !d.is_empty()) => {
                let f = self.get_attr_str(&copyreg, "__newobj_ex__")?;
                let args = self.tuple(args);
                (f, self.tuple(vec![class, args, k]))
            }
            _ => {
                let f = self.get_attr_str(&copyreg, "__newobj__")?;
                args.insert(0, class);
                (f, self.tuple(args))
            }
        };
        let items = if v.is_kind(Kind::List) { self.get_iter(v)? } else { Value::NONE };
        let pairs = match v.is_kind(Kind::Dict) {
            true => {
                let all = self.call_method(v, "items", &[])?;
                self.get_iter(&all)?
            }
            false => Value::NONE,
        };
        Ok(self.tuple(vec![f, call_args, state, items, pairs]))
    }

    /// The oldest weak reference to an object.
    pub(crate) fn first_weakref(&mut self, v: &Value) -> Option<Value> {
        self.weakrefs_of(v).into_iter().next()
    }
}

/// Runs the finaliser, lets go of weak references and extras. False: the object lives on.
///
/// # Safety
/// `h` is an object whose count has just become zero.
#[cold]
pub unsafe fn before_freeing(h: *mut Header) -> bool {
    // SAFETY: the object is intact; its class is alive and knows the VM, if there still is one.
    unsafe {
        let flags = (*h).flags();
        let class = &*(*h).ty();
        let vm = class.vm.get();
        if flags & header_flags::FINALIZER != 0 && flags & header_flags::FINALIZED == 0 && !vm.is_null() {
            (*h).set_flag(header_flags::FINALIZED, true);
            // The call below holds a reference, as any caller does.
            (*h).incref();
            let v = Value::from_word(Word(h as u64));
            Heap::at_depth_0(h, || (*vm).run_finalizer(&v));
            std::mem::forget(v);
            if !(*h).decref() {
                return false;
            }
        }
        if flags & header_flags::WEAKLY_REFERENCED != 0 && !vm.is_null() {
            let callbacks = (*vm).empty_weakrefs(h as u64);
            if !callbacks.is_empty() {
                Heap::at_depth_0(h, || (*vm).run_weakref_callbacks(callbacks));
            }
        }
        if flags & header_flags::EXTRAS != 0 {
            let slot = h.cast::<*mut crate::object::Extras>().sub(1);
            let e = std::mem::replace(&mut *slot, std::ptr::null_mut());
            if !e.is_null() {
                drop(Box::from_raw(e));
            }
        }
        true
    }
}

impl Vm {
    /// Calls `__del__`; its exception is shown and forgotten, the pending one kept.
    pub(crate) fn run_finalizer(&mut self, v: &Value) {
        let saved = self.save_raising();
        if let Err(_e) = self.call_special(v, Special::Del, &[]) {
            let e = self.take_pending();
            let f = self.special_of(v, Special::Del).unwrap_or(Value::NONE);
            self.unraisable(e, Some("Exception ignored while calling deallocator"), &f);
        }
        self.restore_raising(saved);
    }
}
