//! What the builtin exceptions keep beside their arguments: `errno`, `name`, `lineno` and so on.
//!
//! The values are in `Exception::fields`, in the order of [`FIELDS`]; NULL (or nothing that far) is "not set" and
//! reads as None. They are members of their class: an instance's dict never holds them.

use crate::error::R;
use crate::modules::os_error;
use crate::object::{BuiltinDef, Dict, Exception, Kind, Kw, Str, Tuple, Type};
use crate::types::native::GetSet;
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;

/// Class -> names of its fields. Groups have two as well, set by `exception_group`.
const FIELDS: &[(&str, &[&str])] = &[
    ("StopIteration", &["value"]),
    ("SystemExit", &["code"]),
    ("OSError", &["errno", "strerror", "filename", "filename2", "characters_written"]),
    ("ImportError", &["msg", "name", "path", "name_from"]),
    ("NameError", &["name"]),
    ("AttributeError", &["name", "obj"]),
    (
        "SyntaxError",
        &[
            "msg",
            "filename",
            "lineno",
            "offset",
            "text",
            "end_lineno",
            "end_offset",
            "print_file_and_line",
            "_metadata",
        ],
    ),
    ("UnicodeEncodeError", UNICODE),
    ("UnicodeDecodeError", UNICODE),
    ("UnicodeTranslateError", UNICODE),
];
/// The errors of translating have no encoding.
const UNICODE: &[&str] = &["object", "start", "end", "reason", "encoding"];

// Places of fields.
const FILENAME: usize = 2;
const WRITTEN: usize = 4;

/// The methods and fields of a class.
type ClassRow = (&'static str, &'static [BuiltinDef], &'static [GetSet]);

const fn member<const I: usize>(name: &'static str) -> GetSet {
    GetSet::new(
        name,
        |_, e| Ok(field(e, I)),
        |_, e, v| {
            drop(put(e, I, v.cloned()));
            Ok(())
        },
    )
}
/// An index.
const fn size_member<const I: usize>(name: &'static str) -> GetSet {
    GetSet::new(
        name,
        |_, e| Ok(field(e, I)),
        |vm, e, v| {
            let Some(v) = v else { return vm.fail("TypeError", "can't delete numeric/char attribute") };
            if Num::int_of(v).is_none() {
                return vm.fail("TypeError", "an integer is required");
            }
            drop(put(e, I, Some(v.clone())));
            Ok(())
        },
    )
}

const CLASSES: &[ClassRow] = &[
    (
        "BaseException",
        &[
            BuiltinDef::kw("__init__", 0, u8::MAX, base_init),
            BuiltinDef::new("__str__", 0, 0, |vm, a, _| base_str(vm, &a[0])),
        ],
        &[],
    ),
    (
        "StopIteration",
        &[BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
            base_init(vm, a, kw)?;
            set_fields(&a[0], vec![a.get(1).cloned().unwrap_or(Value::NONE)]);
            Ok(Value::NONE)
        })],
        &[member::<0>("value")],
    ),
    (
        "SystemExit",
        &[BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
            base_init(vm, a, kw)?;
            fill(vm, &a[0]);
            Ok(Value::NONE)
        })],
        &[member::<0>("code")],
    ),
    (
        "ImportError",
        &[
            BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
                let names = ["name", "path", "name_from"];
                let given = vm.bind_args("ImportError", names, 0, 0, &[], kw)?;
                base_init(vm, a, Kw::NONE)?;
                let mut fields = vec![if a.len() == 2 { a[1].clone() } else { Value::NULL }];
                fields.extend(given.into_iter().map(|v| v.unwrap_or(Value::NULL)));
                set_fields(&a[0], fields);
                Ok(Value::NONE)
            }),
            BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
                let m = field(&a[0], 0);
                if vm.type_of(&m).is(&vm.types.str) { Ok(m) } else { base_str(vm, &a[0]) }
            }),
            BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
                let names = ["name", "path", "name_from"];
                let set: Vec<_> = (1..4).map(|i| (names[i - 1], field(&a[0], i))).collect();
                reduce(vm, &a[0], set.into_iter().filter(|(_, v)| !v.is_none()).collect())
            }),
        ],
        &[member::<0>("msg"), member::<1>("name"), member::<2>("path"), member::<3>("name_from")],
    ),
    (
        "NameError",
        &[BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
            let [name] = keywords(vm, "NameError", ["name"], kw)?;
            base_init(vm, a, Kw::NONE)?;
            set_fields(&a[0], vec![name]);
            Ok(Value::NONE)
        })],
        &[member::<0>("name")],
    ),
    (
        "AttributeError",
        &[
            BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
                let [name, obj] = keywords(vm, "AttributeError", ["name", "obj"], kw)?;
                base_init(vm, a, Kw::NONE)?;
                set_fields(&a[0], vec![name, obj]);
                Ok(Value::NONE)
            }),
            // `obj` may not be picklable: it is left out.
            BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
                let args = a[0].as_::<Exception>().args.borrow().clone();
                let mut state = vec![("name", field(&a[0], 0)), ("args", args)];
                state.retain(|(_, v)| !v.is_none());
                reduce(vm, &a[0], state)
            }),
            BuiltinDef::new("__getstate__", 0, 0, |vm, a, _| {
                let args = a[0].as_::<Exception>().args.borrow().clone();
                let mut state = vec![("name", field(&a[0], 0)), ("args", args)];
                state.retain(|(_, v)| !v.is_none());
                state_of(vm, &a[0], state)
            }),
        ],
        &[member::<0>("name"), member::<1>("obj")],
    ),
    (
        "KeyError",
        &[BuiltinDef::new("__str__", 0, 0, |vm, a, _| match vm.exception_args(&a[0]).as_slice() {
            // The key as it is: an empty message would say nothing.
            [key] => vm.repr(key),
            _ => base_str(vm, &a[0]),
        })],
        &[],
    ),
    (
        "OSError",
        &[
            BuiltinDef::kw("__init__", 0, u8::MAX, os_init),
            BuiltinDef::new("__str__", 0, 0, os_str),
            BuiltinDef::new("__reduce__", 0, 0, os_reduce),
        ],
        &[
            member::<0>("errno"),
            member::<1>("strerror"),
            member::<2>("filename"),
            member::<3>("filename2"),
            GetSet::new(
                "characters_written",
                |vm, e| match field(e, WRITTEN) {
                    v if v.is_none() => vm.fail("AttributeError", "characters_written"),
                    v => Ok(v),
                },
                |vm, e, v| {
                    let v = match v {
                        None if field(e, WRITTEN).is_none() => {
                            return vm.fail("AttributeError", "characters_written");
                        }
                        None => None,
                        Some(v) => {
                            let n = vm.index_size(v)?;
                            Some(vm.int(n))
                        }
                    };
                    drop(put(e, WRITTEN, v));
                    Ok(())
                },
            ),
        ],
    ),
    (
        "SyntaxError",
        &[BuiltinDef::kw("__init__", 0, u8::MAX, syntax_init), BuiltinDef::new("__str__", 0, 0, syntax_str)],
        &[
            member::<0>("msg"),
            member::<1>("filename"),
            member::<2>("lineno"),
            member::<3>("offset"),
            member::<4>("text"),
            member::<5>("end_lineno"),
            member::<6>("end_offset"),
            member::<7>("print_file_and_line"),
            member::<8>("_metadata"),
        ],
    ),
    ("UnicodeEncodeError", UNICODE_ROWS, UNICODE_MEMBERS),
    ("UnicodeDecodeError", UNICODE_ROWS, UNICODE_MEMBERS),
    ("UnicodeTranslateError", UNICODE_ROWS, TRANSLATE_MEMBERS),
    (
        "BaseExceptionGroup",
        &[
            BuiltinDef::kw("__init__", 0, u8::MAX, base_init),
            BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
                let (message, items) = vm.group_parts(&a[0]);
                let s = if items.len() == 1 { "" } else { "s" };
                let message = vm.str_string(&message)?;
                Ok(vm.string(format!("{message} ({} sub-exception{s})", items.len())))
            }),
        ],
        &[
            GetSet::member("message", |_, e| Ok(field(e, 0))),
            GetSet::member("exceptions", |_, e| Ok(field(e, 1))),
        ],
    ),
];
const UNICODE_ROWS: &[BuiltinDef] = &[
    BuiltinDef::kw("__init__", 0, u8::MAX, unicode_init),
    BuiltinDef::new("__str__", 0, 0, |vm, a, _| {
        let object = field(&a[0], 0);
        let decode = vm.is_instance(&a[0], vm.types.exception("UnicodeDecodeError"));
        let (kind, what) = if decode { (Kind::Bytes, "bytes") } else { (Kind::Str, "string") };
        if !object.is_none() && !object.is_kind(kind) {
            return vm.fail("TypeError", format!("UnicodeError 'object' attribute must be a {what}"));
        }
        match vm.unicode_error_text(&a[0])? {
            Some(text) => Ok(vm.string(text)),
            None => base_str(vm, &a[0]),
        }
    }),
];
const UNICODE_MEMBERS: &[GetSet] = &[
    member::<0>("object"),
    size_member::<1>("start"),
    size_member::<2>("end"),
    member::<3>("reason"),
    member::<4>("encoding"),
];
const TRANSLATE_MEMBERS: &[GetSet] =
    &[member::<0>("object"), size_member::<1>("start"), size_member::<2>("end"), member::<3>("reason")];
static ROWS: &[ClassRow] = CLASSES;

/// Gives the exception classes their rows.
pub fn init(vm: &mut Vm) {
    for (name, methods, members) in ROWS {
        let class = vm.types.exception(name).clone();
        vm.define_methods(&class, methods);
        vm.define_getset(&class, members);
    }
}

// ---- fields

fn field(e: &Value, i: usize) -> Value {
    let Some(x) = e.get::<Exception>() else { return Value::NONE };
    match x.fields.borrow().get(i) {
        Some(v) if !v.is_null() => v.clone(),
        _ => Value::NONE,
    }
}
/// Sets a field (`None`: to "not set"); answers what was there.
fn put(e: &Value, i: usize, v: Option<Value>) -> Option<Value> {
    let mut fields = e.get::<Exception>()?.fields.borrow_mut();
    while fields.len() <= i {
        fields.push(Value::NULL);
    }
    Some(std::mem::replace(&mut fields[i], v.unwrap_or(Value::NULL)))
}
fn set_fields(e: &Value, new: Vec<Value>) {
    let old = e.get::<Exception>().map(|x| x.fields.replace(new));
    drop(old);
}

impl Vm {
    /// A StopIteration with these arguments (a tuple).
    pub(crate) fn stop_iteration_with(&self, args: Value) -> Value {
        let value = args.as_::<Tuple>().as_slice().first().cloned().unwrap_or(Value::NONE);
        Exception::with_fields(self.types.exception("StopIteration"), args, vec![value])
    }
    /// A field of one of the classes that have some; `None`: it has no such field.
    pub fn exception_field(&self, e: &Value, name: &str) -> Option<Value> {
        self.field_place(e, name).map(|i| field(e, i))
    }
    /// Sets a field from Rust.
    pub fn set_exception_field(&mut self, e: &Value, name: &str, v: Value) {
        if let Some(i) = self.field_place(e, name) {
            drop(put(e, i, Some(v)));
        }
    }
    fn field_place(&self, e: &Value, name: &str) -> Option<usize> {
        FIELDS.iter().find_map(|(class, names)| {
            let i = names.iter().position(|n| *n == name)?;
            self.is_instance(e, self.types.exception(class)).then_some(i)
        })
    }
    /// An exception made in Rust gets the fields that its arguments say.
    pub(crate) fn fill_exception(&mut self, e: &Value) {
        fill(self, e);
    }
}

/// What `__init__` makes of the arguments, for exceptions that Rust makes.
fn fill(vm: &mut Vm, e: &Value) {
    let args = vm.exception_args(e);
    let is = |vm: &Vm, class: &str| vm.is_instance(e, vm.types.exception(class));
    let first = args.first().cloned().unwrap_or(Value::NONE);
    match () {
        _ if is(vm, "StopIteration") => set_fields(e, vec![first]),
        _ if is(vm, "SystemExit") => {
            let code = if args.len() > 1 { e.as_::<Exception>().args.borrow().clone() } else { first };
            set_fields(e, vec![code]);
        }
        _ if is(vm, "ImportError") && args.len() == 1 => set_fields(e, vec![first]),
        _ if is(vm, "OSError") && args.len() >= 2 => {
            let parsed = os_parts(&args);
            os_fill(vm, e, &args, parsed);
        }
        _ if is(vm, "SyntaxError") && !args.is_empty() => {
            let mut fields = vec![first];
            if let Some(place) = args.get(1).and_then(Value::get::<Tuple>) {
                fields.extend(place.as_slice().iter().take(6).cloned());
            }
            set_fields(e, fields);
        }
        _ if is(vm, "UnicodeTranslateError") && args.len() == 4 => set_fields(e, args),
        _ if is(vm, "UnicodeError") && args.len() == 5 => {
            let mut fields = args;
            fields.rotate_left(1);
            set_fields(e, fields);
        }
        _ => {}
    }
}

// ---- BaseException

fn base_init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    if !a[0].is_kind(Kind::Exception) {
        let message = format!("an exception is required, not {}", vm.type_name(&a[0]));
        return vm.fail("TypeError", message);
    }
    if !kw.is_empty() {
        let name = vm.type_of(&a[0]).as_::<Type>().short_name();
        return vm.fail("TypeError", format!("{name}() takes no keyword arguments"));
    }
    let e = a[0].as_::<Exception>();
    // `__new__` has them already, as a rule.
    let same = |t: &Tuple| {
        t.as_slice().len() == a.len() - 1 && t.as_slice().iter().zip(&a[1..]).all(|(x, y)| x.is(y))
    };
    if !e.args.borrow().get::<Tuple>().is_some_and(same) {
        let args = vm.tuple(a[1..].to_vec());
        drop(e.args.replace(args));
    }
    Ok(Value::NONE)
}
fn base_str(vm: &mut Vm, e: &Value) -> R<Value> {
    match vm.exception_args(e).as_slice() {
        [] => Ok(vm.str("")),
        [one] => vm.str_of(one),
        _ => {
            let args = e.as_::<Exception>().args.borrow().clone();
            vm.repr(&args)
        }
    }
}
/// Keywords that set fields.
fn keywords<const N: usize>(vm: &mut Vm, who: &str, names: [&str; N], kw: Kw) -> R<[Value; N]> {
    if kw.names.len() > N {
        let (n, s) = (kw.names.len(), if N == 1 { "" } else { "s" });
        let message = format!("{who}() takes at most {N} keyword argument{s} ({n} given)");
        return vm.fail("TypeError", message);
    }
    let given = vm.bind_args(who, names, 0, 0, &[], kw)?;
    Ok(given.map(|v| v.unwrap_or(Value::NULL)))
}

/// The instance's dict with more in it, or None if there is nothing.
fn state_of(vm: &mut Vm, e: &Value, more: Vec<(&str, Value)>) -> R<Value> {
    let own = vm.own_dict(e).filter(|d| !d.as_::<Dict>().is_empty());
    if more.is_empty() {
        return Ok(own.unwrap_or(Value::NONE));
    }
    let state = vm.dict();
    if let Some(own) = own {
        vm.dict_merge_into(&state, &own)?;
    }
    for (name, v) in more {
        let key = vm.intern(name);
        state.as_::<Dict>().set_str(vm, &key, v);
    }
    Ok(state)
}
fn reduce(vm: &mut Vm, e: &Value, more: Vec<(&str, Value)>) -> R<Value> {
    let state = state_of(vm, e, more)?;
    let mut parts = vec![vm.type_of(e).clone(), e.as_::<Exception>().args.borrow().clone()];
    if !state.is_none() {
        parts.push(state);
    }
    Ok(vm.tuple(parts))
}

// ---- OSError

/// errno, strerror, filename, filename2 of two to five arguments.
fn os_parts(args: &[Value]) -> [Value; 4] {
    if !(2..=5).contains(&args.len()) {
        return [const { Value::NULL }; 4];
    }
    let at = |i: usize| args.get(i).cloned().unwrap_or(Value::NULL);
    [at(0), at(1), at(2), at(4)]
}
/// Sets arguments and fields. A file's name is no argument.
fn os_fill(vm: &mut Vm, e: &Value, args: &[Value], [errno, strerror, filename, filename2]: [Value; 4]) {
    let mut fields = vec![errno, strerror, Value::NULL, Value::NULL, Value::NULL];
    let mut kept = args;
    if !filename.is_null() && !filename.is_none() {
        let blocking = vm.type_of(e).is(vm.types.exception("BlockingIOError"));
        if blocking && Num::int_of(&filename).is_some() {
            fields[WRITTEN] = filename;
        } else {
            fields[FILENAME] = filename;
            if !filename2.is_null() && !filename2.is_none() {
                fields[FILENAME + 1] = filename2;
            }
            kept = &args[..2];
        }
    }
    set_fields(e, fields);
    let kept = vm.tuple(kept.to_vec());
    drop(e.as_::<Exception>().args.replace(kept));
}

/// Is everything left to `__init__`? Yes, if a subclass has that but no `__new__` of its own.
fn os_uses_init(vm: &mut Vm, class: &Value) -> bool {
    let own = vm.types.exception("OSError").clone();
    let differs = |vm: &mut Vm, name: &str| {
        let key = vm.intern(name);
        let (a, b) = (class.as_::<Type>().lookup(&key), own.as_::<Type>().lookup(&key));
        !matches!((a, b), (Some(a), Some(b)) if a.is(&b))
    };
    let builtin_new = {
        let key = vm.intern("__new__");
        class.as_::<Type>().lookup(&key).is_some_and(|f| f.is_kind(Kind::Builtin))
    };
    differs(vm, "__init__") && builtin_new
}

impl Vm {
    /// `OSError.__new__`: the class that goes with the number.
    pub(crate) fn new_os_error(&mut self, class: &Value, args: &[Value], kw: Kw) -> R<Value> {
        if os_uses_init(self, class) {
            let none = self.tuple(vec![]);
            return Ok(Exception::new(class, none));
        }
        if !kw.is_empty() {
            let name = class.as_::<Type>().short_name();
            return self.fail("TypeError", format!("{name}() takes no keyword arguments"));
        }
        let parts = os_parts(args);
        let mut class = class.clone();
        if class.is(self.types.exception("OSError"))
            && let Some(n) = Num::int_of(&parts[0])
            && let Ok(n) = i32::try_from(n.clamp_i64())
        {
            class = self.types.exception(os_error::class_of(n)).clone();
        }
        let none = self.tuple(vec![]);
        let e = Exception::new(&class, none);
        os_fill(self, &e, args, parts);
        Ok(e)
    }
}

fn os_init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let class = vm.type_of(&a[0]).clone();
    if !os_uses_init(vm, &class) {
        // Done by `__new__`.
        return Ok(Value::NONE);
    }
    base_init(vm, a, kw)?;
    let parts = os_parts(&a[1..]);
    os_fill(vm, &a[0], &a[1..], parts);
    Ok(Value::NONE)
}
fn os_str(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let unset = |i: usize| a[0].as_::<Exception>().fields.borrow().get(i).is_none_or(Value::is_null);
    let (errno, text) = (field(&a[0], 0), field(&a[0], 1));
    if unset(FILENAME) && (unset(0) || unset(1)) {
        return base_str(vm, &a[0]);
    }
    let mut s = format!("[Errno {}] {}", vm.str_string(&errno)?, vm.str_string(&text)?);
    if !unset(FILENAME) {
        s += &format!(": {}", vm.repr_string(&field(&a[0], FILENAME))?);
        if !unset(FILENAME + 1) {
            s += &format!(" -> {}", vm.repr_string(&field(&a[0], FILENAME + 1))?);
        }
    }
    Ok(vm.string(s))
}
fn os_reduce(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let mut args = vm.exception_args(&a[0]);
    let (file, file2) = (field(&a[0], FILENAME), field(&a[0], FILENAME + 1));
    if args.len() == 2 && !file.is_none() {
        args.push(file);
        if !file2.is_none() {
            args.extend([Value::NONE, file2]);
        }
    }
    let args = vm.tuple(args);
    let mut parts = vec![vm.type_of(&a[0]).clone(), args];
    parts.extend(vm.own_dict(&a[0]).filter(|d| !d.as_::<Dict>().is_empty()));
    Ok(vm.tuple(parts))
}

// ---- SyntaxError

fn syntax_init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    base_init(vm, a, kw)?;
    let args = &a[1..];
    let Some(message) = args.first() else { return Ok(Value::NONE) };
    let mut fields = vec![message.clone()];
    if let [_, place] = args {
        let place = vm.to_vec(place)?;
        let n = place.len();
        if n < 4 {
            return vm.fail("TypeError", format!("function takes at least 4 arguments ({n} given)"));
        }
        if n > 7 {
            return vm.fail("TypeError", format!("function takes at most 7 arguments ({n} given)"));
        }
        if n == 5 {
            return vm.fail("TypeError", "end_offset must be provided when end_lineno is provided");
        }
        fields.extend(place.iter().take(6).cloned());
        if let Some(metadata) = place.get(6) {
            fields.extend([Value::NULL, metadata.clone()]);
        }
    }
    set_fields(&a[0], fields);
    Ok(Value::NONE)
}
fn syntax_str(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (message, file, line) = (field(&a[0], 0), field(&a[0], 1), field(&a[0], 2));
    let message = vm.str_string(&message)?;
    let file = file.get::<Str>().map(|f| f.as_str().rsplit('/').next().unwrap_or("").to_owned());
    let line = match vm.type_of(&line).is(&vm.types.int) {
        true => Num::int_of(&line).map(Num::clamp_i64),
        false => None,
    };
    Ok(match (file, line) {
        (Some(f), Some(l)) => vm.string(format!("{message} ({f}, line {l})")),
        (Some(f), None) => vm.string(format!("{message} ({f})")),
        (None, Some(l)) => vm.string(format!("{message} (line {l})")),
        (None, None) => vm.string(message),
    })
}

// ---- UnicodeError

fn unicode_init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    base_init(vm, a, kw)?;
    let translate = vm.is_instance(&a[0], vm.types.exception("UnicodeTranslateError"));
    let decode = vm.is_instance(&a[0], vm.types.exception("UnicodeDecodeError"));
    let mut args = a[1..].to_vec();
    let wanted = if translate { 4 } else { 5 };
    if args.len() != wanted {
        let message = format!("function takes exactly {wanted} arguments ({} given)", args.len());
        return vm.fail("TypeError", message);
    }
    let object = wanted - 4;
    for i in 0..wanted {
        if i == object + 1 || i == object + 2 {
            let n = vm.index_size(&args[i])?;
            args[i] = vm.int(n);
        } else if i == object && decode {
            if !args[i].is_kind(Kind::Bytes) {
                let class = vm.types.bytes.clone();
                if args[i].is_kind(Kind::Str) || Num::int_of(&args[i]).is_some() {
                    let name = vm.type_name(&args[i]);
                    return vm.fail("TypeError", format!("a bytes-like object is required, not '{name}'"));
                }
                args[i] = vm.call(&class, &[args[i].clone()], Kw::NONE)?;
            }
        } else if !args[i].is_kind(Kind::Str) {
            let message = format!("argument {} must be str, not {}", i + 1, vm.type_name(&args[i]));
            return vm.fail("TypeError", message);
        }
    }
    if !translate {
        args.rotate_left(1);
    }
    set_fields(&a[0], args);
    Ok(Value::NONE)
}
