//! Module `grp`.

use super::pwd::text;
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Str};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("getgrnam", 0, 255, by_name),
    BuiltinDef::kw("getgrgid", 0, 255, by_id),
    BuiltinDef::new("getgrall", 0, 0, all),
];

static GROUP: StructSeq =
    StructSeq::new("grp.struct_group", &["gr_name", "gr_passwd", "gr_gid", "gr_mem"], 4);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("grp", FUNCTIONS);
    let class = vm.struct_class(&GROUP);
    vm.set_global(&m, "struct_group", class);
    Ok(m)
}

fn value(vm: &mut Vm, g: &libc::group) -> Value {
    let mut members = vec![];
    let mut p = g.gr_mem;
    // SAFETY: a null-terminated array of C strings.
    unsafe {
        while !p.is_null() && !(*p).is_null() {
            members.push(text(vm, *p));
            p = p.add(1);
        }
    }
    let v = vec![text(vm, g.gr_name), text(vm, g.gr_passwd), Value::small(g.gr_gid as i64), vm.list(members)];
    vm.struct_seq(&GROUP, v)
}

fn by_name(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [name] = vm.bind_args("getgrnam", ["name"], 0, 1, args, kw)?;
    let name = name.unwrap_or(Value::NONE);
    if name.get::<Str>().is_none() {
        let got = vm.type_name(&name);
        return vm.fail("TypeError", format!("getgrnam() argument 'name' must be str, not {got}"));
    }
    let text = vm.c_string(&name, "embedded null byte")?;
    // SAFETY: under the GIL, so that the C library's one record is ours for now.
    match unsafe { libc::getgrnam(text.as_ptr()).as_ref() } {
        Some(g) => Ok(value(vm, g)),
        None => {
            let shown = vm.repr(&name)?;
            let shown = shown.as_::<Str>().wtf8().to_string_lossy().into_owned();
            let message = vm.string(format!("getgrnam(): name not found: {shown}"));
            Err(vm.raise_type("KeyError", vec![message]))
        }
    }
}
fn by_id(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [id] = vm.bind_args("getgrgid", ["id"], 0, 1, args, kw)?;
    let id = vm.id_arg(&id.unwrap_or(Value::NONE), "gid")?;
    // SAFETY: as above.
    match unsafe { libc::getgrgid(id).as_ref() } {
        Some(g) => Ok(value(vm, g)),
        None => {
            let message = vm.string(format!("getgrgid(): gid not found: {id}"));
            Err(vm.raise_type("KeyError", vec![message]))
        }
    }
}
fn all(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let mut out = vec![];
    // SAFETY: as above; each record is read before the next is asked for.
    unsafe {
        libc::setgrent();
        while let Some(g) = libc::getgrent().as_ref() {
            out.push(value(vm, g));
        }
        libc::endgrent();
    }
    Ok(vm.list(out))
}
