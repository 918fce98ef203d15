//! Module `unicodedata`: what Unicode says of characters, and normal forms.

use crate::error::R;
use crate::object::{BuiltinDef, Payload, Str};
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::types::text::chars;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_unicode::{LookupResult, NormalizeForm, Ucd};
use rustpython_wtf8::CodePoint;

/// A version of the database: `unicodedata.ucd_3_2_0`.
struct OldUcd;
impl Payload for OldUcd {}

macro_rules! functions {
    ($view:expr, $skip:expr) => {
        &[
            BuiltinDef::new("category", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "category")?;
                Ok(vm.str(if newer(c) { "Cn" } else { $view.category(c) }))
            }),
            BuiltinDef::new("bidirectional", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "bidirectional")?;
                let assigned = !newer(c) && $view.category(c) != "Cn";
                Ok(vm.str(if assigned { $view.bidirectional(c) } else { "" }))
            }),
            BuiltinDef::new("combining", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "combining")?;
                Ok(Value::small(if newer(c) { 0 } else { $view.combining(c) as i64 }))
            }),
            BuiltinDef::new("east_asian_width", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "east_asian_width")?;
                Ok(vm.str($view.east_asian_width(c)))
            }),
            BuiltinDef::new("mirrored", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "mirrored")?;
                Ok(Value::small(if newer(c) { 0 } else { $view.mirrored(c) as i64 }))
            }),
            BuiltinDef::new("decomposition", 1, 1, |vm, a, _| {
                let c = character(vm, &a[$skip..], "decomposition")?;
                Ok(vm.string(if newer(c) { String::new() } else { $view.decomposition(c) }))
            }),
            BuiltinDef::new("decimal", 1, 2, |vm, a, _| {
                let c = character(vm, &a[$skip..], "decimal() argument 1")?;
                let v = $view.decimal(c).map(|n| Value::small(n as i64));
                or_default(vm, v, &a[$skip..], "not a decimal")
            }),
            BuiltinDef::new("digit", 1, 2, |vm, a, _| {
                let c = character(vm, &a[$skip..], "digit() argument 1")?;
                let v = $view.digit(c).map(|n| Value::small(n as i64));
                or_default(vm, v, &a[$skip..], "not a digit")
            }),
            BuiltinDef::new("numeric", 1, 2, |vm, a, _| {
                let c = character(vm, &a[$skip..], "numeric() argument 1")?;
                let v = $view.numeric(c).map(Value::float);
                or_default(vm, v, &a[$skip..], "not a numeric character")
            }),
            BuiltinDef::new("name", 1, 2, |vm, a, _| {
                let c = character(vm, &a[$skip..], "name() argument 1")?;
                let known = c.to_char().filter(|&c| $view.membership(c));
                let v = known.and_then(chars::name).map(|n| vm.string(n));
                or_default(vm, v, &a[$skip..], "no such name")
            }),
            BuiltinDef::new("lookup", 1, 1, |vm, a, _| lookup(vm, &a[$skip..], $view)),
            BuiltinDef::new("normalize", 2, 2, |vm, a, _| {
                let (form, s) = form(vm, &a[$skip..], "normalize")?;
                if s.is_ascii() {
                    return Ok(a[$skip + 1].clone());
                }
                Ok(vm.wtf8_buf(rustpython_unicode::normalize(form, s.wtf8())))
            }),
            BuiltinDef::new("is_normalized", 2, 2, |vm, a, _| {
                let (form, s) = form(vm, &a[$skip..], "is_normalized")?;
                Ok(Value::bool(s.is_ascii() || rustpython_unicode::is_normalized(form, s.wtf8())))
            }),
        ]
    };
}

static FUNCTIONS: &[BuiltinDef] = functions!(Ucd::new(true), 0);

static UCD: ClassDef = ClassDef {
    name: "unicodedata.UCD",
    flags: NO_NEW,
    methods: functions!(Ucd::new(false), 1),
    getset: &[GetSet::get("unidata_version", |vm, _| Ok(vm.str("3.2.0")))],
    ..ClassDef::DEFAULT
};

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("unicodedata", FUNCTIONS);
    let version = vm.str("16.0.0");
    vm.set_global(&m, "unidata_version", version);
    let class = vm.native_class::<OldUcd>(&UCD);
    let old = vm.new_native(&class, OldUcd);
    vm.set_global(&m, "UCD", class);
    vm.set_global(&m, "ucd_3_2_0", old);
    Ok(m)
}

fn newer(c: CodePoint) -> bool {
    c.is_char_and(chars::is_newer)
}

/// The argument, one character. `who` names the function, or the argument of one of several.
fn character(vm: &mut Vm, args: &[Value], who: &str) -> R<CodePoint> {
    let who = if who.contains('(') { who.to_owned() } else { format!("{who}() argument") };
    match args[0].get::<Str>().map(|s| (s.len(), s.code_points().next())) {
        Some((1, Some(c))) => Ok(c),
        Some((n, _)) => {
            let who = who.replace("()", "():");
            vm.fail("TypeError", format!("{who} must be a unicode character, not a string of length {n}"))
        }
        None => {
            let message = format!("{who} must be a unicode character, not {}", vm.type_name(&args[0]));
            vm.fail("TypeError", message)
        }
    }
}
fn or_default(vm: &mut Vm, v: Option<Value>, args: &[Value], message: &str) -> R<Value> {
    match v.or_else(|| args.get(1).cloned()) {
        Some(v) => Ok(v),
        None => vm.fail("ValueError", message),
    }
}
fn lookup(vm: &mut Vm, args: &[Value], view: Ucd) -> R<Value> {
    let Some(s) = args[0].get::<Str>() else {
        let message = format!("lookup() argument must be str, not {}", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    match view.lookup(s.as_str()) {
        Some(LookupResult::Character(c)) if !chars::is_newer(c) => Ok(vm.code_point(c as u32)),
        Some(LookupResult::Sequence(s)) => Ok(vm.str(s)),
        _ => {
            let message = vm.string(format!("undefined character name '{}'", s.as_str()));
            Err(vm.raise_type("KeyError", vec![message]))
        }
    }
}
fn form<'a>(vm: &mut Vm, args: &'a [Value], who: &str) -> R<(NormalizeForm, &'a Str)> {
    for (i, v) in args.iter().take(2).enumerate() {
        if v.get::<Str>().is_none() {
            let message = format!("{who}() argument {} must be str, not {}", i + 1, vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    let form = match args[0].as_::<Str>().as_str() {
        "NFC" => NormalizeForm::Nfc,
        "NFD" => NormalizeForm::Nfd,
        "NFKC" => NormalizeForm::Nfkc,
        "NFKD" => NormalizeForm::Nfkd,
        _ => return vm.fail("ValueError", "invalid normalization form"),
    };
    Ok((form, args[1].as_::<Str>()))
}
