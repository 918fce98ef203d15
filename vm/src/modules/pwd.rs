//! Module `pwd`.

use crate::error::R;
use crate::object::{BuiltinDef, Kw, Str};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::{CStr, c_char};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("getpwnam", 1, 1, by_name),
    BuiltinDef::new("getpwuid", 1, 1, by_id),
    BuiltinDef::new("getpwall", 0, 0, all),
];

static PASSWD: StructSeq = StructSeq::new(
    "pwd.struct_passwd",
    &["pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell"],
    7,
);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("pwd", FUNCTIONS);
    let class = vm.struct_class(&PASSWD);
    vm.set_global(&m, "struct_passwd", class);
    Ok(m)
}

/// A C string of a record, or None.
pub(crate) fn text(vm: &mut Vm, p: *const c_char) -> Value {
    if p.is_null() {
        return Value::NONE;
    }
    // SAFETY: the records hold C strings.
    let bytes = unsafe { CStr::from_ptr(p) }.to_bytes().to_vec();
    vm.fs_decode(&bytes)
}
fn value(vm: &mut Vm, p: &libc::passwd) -> Value {
    let v = vec![
        text(vm, p.pw_name),
        text(vm, p.pw_passwd),
        Value::small(p.pw_uid as i64),
        Value::small(p.pw_gid as i64),
        text(vm, p.pw_gecos),
        text(vm, p.pw_dir),
        text(vm, p.pw_shell),
    ];
    vm.struct_seq(&PASSWD, v)
}

fn by_name(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if args[0].get::<Str>().is_none() {
        let got = vm.type_name(&args[0]);
        return vm.fail("TypeError", format!("getpwnam() argument must be str, not {got}"));
    }
    let name = vm.c_string(&args[0], "embedded null byte")?;
    // SAFETY: under the GIL, so that the C library's one record is ours for now.
    match unsafe { libc::getpwnam(name.as_ptr()).as_ref() } {
        Some(p) => Ok(value(vm, p)),
        None => {
            let shown = vm.repr(&args[0])?;
            let shown = shown.as_::<Str>().wtf8().to_string_lossy().into_owned();
            let message = vm.string(format!("getpwnam(): name not found: {shown}"));
            Err(vm.raise_type("KeyError", vec![message]))
        }
    }
}
fn by_id(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let missing = |vm: &mut Vm, id: String| -> R<Value> {
        let message = vm.string(format!("getpwuid(): uid not found: {id}"));
        Err(vm.raise_type("KeyError", vec![message]))
    };
    let id = match vm.id_arg(&args[0], "uid") {
        Ok(id) => id,
        Err(e) => {
            let x = vm.take_pending();
            let overflow = vm.types.exception("OverflowError").clone();
            if vm.is_instance(&x, &overflow) {
                let shown = vm.repr(&args[0])?;
                let shown = shown.as_::<Str>().wtf8().to_string_lossy().into_owned();
                return missing(vm, shown);
            }
            vm.set_pending(x);
            return Err(e);
        }
    };
    // SAFETY: as above.
    match unsafe { libc::getpwuid(id).as_ref() } {
        Some(p) => Ok(value(vm, p)),
        None => missing(vm, (id as i32 as i64 & 0xffff_ffff).to_string()),
    }
}
fn all(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let mut out = vec![];
    // SAFETY: as above; each record is read before the next is asked for.
    unsafe {
        libc::setpwent();
        while let Some(p) = libc::getpwent().as_ref() {
            out.push(value(vm, p));
        }
        libc::endpwent();
    }
    Ok(vm.list(out))
}
