//! Module `_locale`.
//!
//! The C library's locale is the process's: it stays "C" unless the program asks for another. Text is UTF-8
//! in any case.

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, CString, c_char};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("setlocale", 1, 2, set_locale),
    BuiltinDef::new("localeconv", 0, 0, convention),
    BuiltinDef::new("nl_langinfo", 1, 1, |vm, a, _| {
        let item = vm.c_int(&a[0])?;
        if !CONSTANTS.iter().any(|(n, v)| *v == item as i64 && !n.starts_with("LC_") && *n != "CHAR_MAX") {
            return vm.fail("ValueError", "unsupported langinfo constant");
        }
        if item == libc::CODESET {
            return Ok(vm.str("UTF-8"));
        }
        // SAFETY: a known item; the text lives until the next call.
        let b = unsafe { CStr::from_ptr(libc::nl_langinfo(item)) }.to_bytes().to_vec();
        Ok(vm.fs_decode(&b))
    }),
    BuiltinDef::new("getencoding", 0, 0, |vm, _, _| Ok(vm.str("UTF-8"))),
    BuiltinDef::new("strcoll", 2, 2, |vm, a, _| {
        let x = text(vm, &a[0], "strcoll", 1)?;
        let y = text(vm, &a[1], "strcoll", 2)?;
        // SAFETY: C strings.
        Ok(Value::small(unsafe { libc::strcoll(x.as_ptr(), y.as_ptr()) } as i64))
    }),
    BuiltinDef::new("strxfrm", 1, 1, |vm, a, _| {
        let x = text(vm, &a[0], "strxfrm", 1)?;
        // SAFETY: asks for the size first.
        let n = unsafe { libc::strxfrm(std::ptr::null_mut(), x.as_ptr(), 0) };
        let mut b = super::posix::buffer(vm, n + 1)?;
        // SAFETY: a buffer with its size.
        unsafe { libc::strxfrm(b.as_mut_ptr().cast(), x.as_ptr(), b.len()) };
        b.truncate(n);
        Ok(vm.fs_decode(&b))
    }),
];

#[derive(Default)]
struct Class(Option<Value>);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_locale", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    let base = vm.types.exception("Exception").clone();
    let error = vm.new_exception_class("locale.Error", &base)?;
    vm.state::<Class>().0 = Some(error.clone());
    vm.set_global(&m, "Error", error);
    Ok(m)
}

fn text(vm: &mut Vm, v: &Value, who: &str, i: usize) -> R<CString> {
    if v.get::<Str>().is_none() {
        let got = vm.type_name(v);
        return vm.fail("TypeError", format!("{who}() argument {i} must be str, not {got}"));
    }
    vm.c_string(v, "embedded null character")
}

fn set_locale(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let category = vm.c_int(&args[0])?;
    let name = match args.get(1).filter(|v| !v.is_none()) {
        Some(v) => Some(vm.c_string(v, "embedded null character")?),
        None => None,
    };
    let p = name.as_ref().map_or(std::ptr::null(), |n| n.as_ptr());
    // SAFETY: a C string or null; under the GIL.
    let r = unsafe { libc::setlocale(category, p) };
    if r.is_null() {
        let what = if name.is_some() { "unsupported locale setting" } else { "locale query failed" };
        let class = vm.state::<Class>().0.clone().unwrap_or_else(|| vm.types.exception("Exception").clone());
        let what = vm.str(what);
        let e = vm.call(&class, &[what], Kw::NONE)?;
        return Err(vm.raise_value(e));
    }
    // SAFETY: a C string.
    let b = unsafe { CStr::from_ptr(r) }.to_bytes().to_vec();
    Ok(vm.fs_decode(&b))
}

fn convention(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    // SAFETY: the C library's structure, read under the GIL.
    let c = unsafe { &*libc::localeconv() };
    let d = vm.dict();
    let grouping = |vm: &mut Vm, p: *const c_char| -> Value {
        // SAFETY: a C string.
        let b = unsafe { CStr::from_ptr(p) }.to_bytes();
        let mut v: Vec<Value> = vec![];
        let end = c_char::MAX as u8;
        v.extend(b.iter().map(|&n| Value::small(n as i64)));
        // A list that does not end in CHAR_MAX repeats its last group.
        if b.last().is_some_and(|&n| n != end) {
            v.push(Value::small(0));
        }
        vm.list(v)
    };
    let texts = [
        ("int_curr_symbol", c.int_curr_symbol),
        ("currency_symbol", c.currency_symbol),
        ("mon_decimal_point", c.mon_decimal_point),
        ("mon_thousands_sep", c.mon_thousands_sep),
    ];
    let mut entries: Vec<(&str, Value)> = vec![];
    let decode = |vm: &mut Vm, p: *const c_char| {
        // SAFETY: a C string.
        let b = unsafe { CStr::from_ptr(p) }.to_bytes().to_vec();
        vm.fs_decode(&b)
    };
    for (name, p) in texts {
        entries.push((name, decode(vm, p)));
    }
    entries.push(("mon_grouping", grouping(vm, c.mon_grouping)));
    entries.push(("positive_sign", decode(vm, c.positive_sign)));
    entries.push(("negative_sign", decode(vm, c.negative_sign)));
    for (name, n) in [
        ("int_frac_digits", c.int_frac_digits),
        ("frac_digits", c.frac_digits),
        ("p_cs_precedes", c.p_cs_precedes),
        ("p_sep_by_space", c.p_sep_by_space),
        ("n_cs_precedes", c.n_cs_precedes),
        ("n_sep_by_space", c.n_sep_by_space),
        ("p_sign_posn", c.p_sign_posn),
        ("n_sign_posn", c.n_sign_posn),
    ] {
        entries.push((name, Value::small(n as i64)));
    }
    entries.push(("decimal_point", decode(vm, c.decimal_point)));
    entries.push(("thousands_sep", decode(vm, c.thousands_sep)));
    entries.push(("grouping", grouping(vm, c.grouping)));
    for (name, v) in entries {
        let key = vm.intern(name);
        d.as_::<Dict>().set_str(vm, &key, v);
    }
    Ok(d)
}

static CONSTANTS: &[(&str, i64)] = &[
    ("ABDAY_1", libc::ABDAY_1 as i64),
    ("ABDAY_2", libc::ABDAY_2 as i64),
    ("ABDAY_3", libc::ABDAY_3 as i64),
    ("ABDAY_4", libc::ABDAY_4 as i64),
    ("ABDAY_5", libc::ABDAY_5 as i64),
    ("ABDAY_6", libc::ABDAY_6 as i64),
    ("ABDAY_7", libc::ABDAY_7 as i64),
    ("ABMON_1", libc::ABMON_1 as i64),
    ("ABMON_10", libc::ABMON_10 as i64),
    ("ABMON_11", libc::ABMON_11 as i64),
    ("ABMON_12", libc::ABMON_12 as i64),
    ("ABMON_2", libc::ABMON_2 as i64),
    ("ABMON_3", libc::ABMON_3 as i64),
    ("ABMON_4", libc::ABMON_4 as i64),
    ("ABMON_5", libc::ABMON_5 as i64),
    ("ABMON_6", libc::ABMON_6 as i64),
    ("ABMON_7", libc::ABMON_7 as i64),
    ("ABMON_8", libc::ABMON_8 as i64),
    ("ABMON_9", libc::ABMON_9 as i64),
    ("ALT_DIGITS", libc::ALT_DIGITS as i64),
    ("AM_STR", libc::AM_STR as i64),
    ("CHAR_MAX", 127),
    ("CODESET", libc::CODESET as i64),
    ("CRNCYSTR", libc::CRNCYSTR as i64),
    ("DAY_1", libc::DAY_1 as i64),
    ("DAY_2", libc::DAY_2 as i64),
    ("DAY_3", libc::DAY_3 as i64),
    ("DAY_4", libc::DAY_4 as i64),
    ("DAY_5", libc::DAY_5 as i64),
    ("DAY_6", libc::DAY_6 as i64),
    ("DAY_7", libc::DAY_7 as i64),
    ("D_FMT", libc::D_FMT as i64),
    ("D_T_FMT", libc::D_T_FMT as i64),
    ("ERA", libc::ERA as i64),
    ("ERA_D_FMT", libc::ERA_D_FMT as i64),
    ("ERA_D_T_FMT", libc::ERA_D_T_FMT as i64),
    ("ERA_T_FMT", libc::ERA_T_FMT as i64),
    ("LC_ALL", libc::LC_ALL as i64),
    ("LC_COLLATE", libc::LC_COLLATE as i64),
    ("LC_CTYPE", libc::LC_CTYPE as i64),
    ("LC_MESSAGES", libc::LC_MESSAGES as i64),
    ("LC_MONETARY", libc::LC_MONETARY as i64),
    ("LC_NUMERIC", libc::LC_NUMERIC as i64),
    ("LC_TIME", libc::LC_TIME as i64),
    ("MON_1", libc::MON_1 as i64),
    ("MON_10", libc::MON_10 as i64),
    ("MON_11", libc::MON_11 as i64),
    ("MON_12", libc::MON_12 as i64),
    ("MON_2", libc::MON_2 as i64),
    ("MON_3", libc::MON_3 as i64),
    ("MON_4", libc::MON_4 as i64),
    ("MON_5", libc::MON_5 as i64),
    ("MON_6", libc::MON_6 as i64),
    ("MON_7", libc::MON_7 as i64),
    ("MON_8", libc::MON_8 as i64),
    ("MON_9", libc::MON_9 as i64),
    ("NOEXPR", libc::NOEXPR as i64),
    ("PM_STR", libc::PM_STR as i64),
    ("RADIXCHAR", libc::RADIXCHAR as i64),
    ("THOUSEP", libc::THOUSEP as i64),
    ("T_FMT", libc::T_FMT as i64),
    ("T_FMT_AMPM", libc::T_FMT_AMPM as i64),
    ("YESEXPR", libc::YESEXPR as i64),
    ("_DATE_FMT", 131180),
];
