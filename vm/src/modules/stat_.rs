//! Module `_stat`.

use crate::error::R;
use crate::object::{BuiltinDef, Kw};
use crate::value::Value;
use crate::vm::Vm;

macro_rules! is_kind {
    ($name:literal, $kind:expr) => {
        BuiltinDef::new($name, 1, 1, |vm, a, _| Ok(Value::bool(mode(vm, &a[0])? & libc::S_IFMT == $kind)))
    };
}

static FUNCTIONS: &[BuiltinDef] = &[
    is_kind!("S_ISDIR", libc::S_IFDIR),
    is_kind!("S_ISCHR", libc::S_IFCHR),
    is_kind!("S_ISBLK", libc::S_IFBLK),
    is_kind!("S_ISREG", libc::S_IFREG),
    is_kind!("S_ISFIFO", libc::S_IFIFO),
    is_kind!("S_ISLNK", libc::S_IFLNK),
    is_kind!("S_ISSOCK", libc::S_IFSOCK),
    BuiltinDef::new("S_ISDOOR", 1, 1, nothing),
    BuiltinDef::new("S_ISPORT", 1, 1, nothing),
    BuiltinDef::new("S_ISWHT", 1, 1, nothing),
    BuiltinDef::new("S_IMODE", 1, 1, |vm, a, _| Ok(Value::small((mode(vm, &a[0])? & 0o7777) as i64))),
    BuiltinDef::new("S_IFMT", 1, 1, |vm, a, _| Ok(Value::small((mode(vm, &a[0])? & libc::S_IFMT) as i64))),
    BuiltinDef::new("filemode", 1, 1, file_mode),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_stat", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    Ok(m)
}

fn mode(vm: &mut Vm, v: &Value) -> R<u32> {
    let n = vm.c_long(v)?;
    match u32::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) if n < 0 => vm.fail("OverflowError", "can't convert negative value to unsigned int"),
        Err(_) => vm.fail("OverflowError", "mode out of range"),
    }
}
fn nothing(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    mode(vm, &args[0])?;
    Ok(Value::FALSE)
}
fn file_mode(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let m = mode(vm, &args[0])?;
    let kind = match m & libc::S_IFMT {
        libc::S_IFREG => '-',
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '?',
    };
    let mut s = String::from(kind);
    for (shift, special, mark) in [(6, libc::S_ISUID, 's'), (3, libc::S_ISGID, 's'), (0, libc::S_ISVTX, 't')] {
        let bits = m >> shift;
        s.push(if bits & 4 != 0 { 'r' } else { '-' });
        s.push(if bits & 2 != 0 { 'w' } else { '-' });
        s.push(match (m & special != 0, bits & 1 != 0) {
            (true, true) => mark,
            (true, false) => mark.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    Ok(vm.string(s))
}

static CONSTANTS: &[(&str, i64)] = &[
    ("SF_APPEND", 262144),
    ("SF_ARCHIVED", 65536),
    ("SF_DATALESS", 1073741824),
    ("SF_FIRMLINK", 8388608),
    ("SF_IMMUTABLE", 131072),
    ("SF_NOUNLINK", 1048576),
    ("SF_SETTABLE", 4294901760),
    ("SF_SNAPSHOT", 2097152),
    ("ST_ATIME", 7),
    ("ST_CTIME", 9),
    ("ST_DEV", 2),
    ("ST_GID", 5),
    ("ST_INO", 1),
    ("ST_MODE", 0),
    ("ST_MTIME", 8),
    ("ST_NLINK", 3),
    ("ST_SIZE", 6),
    ("ST_UID", 4),
    ("S_ENFMT", 1024),
    ("S_IEXEC", libc::S_IEXEC as i64),
    ("S_IFBLK", libc::S_IFBLK as i64),
    ("S_IFCHR", libc::S_IFCHR as i64),
    ("S_IFDIR", libc::S_IFDIR as i64),
    ("S_IFDOOR", 0),
    ("S_IFIFO", libc::S_IFIFO as i64),
    ("S_IFLNK", libc::S_IFLNK as i64),
    ("S_IFPORT", 0),
    ("S_IFREG", libc::S_IFREG as i64),
    ("S_IFSOCK", libc::S_IFSOCK as i64),
    ("S_IFWHT", 0),
    ("S_IREAD", libc::S_IREAD as i64),
    ("S_IRGRP", libc::S_IRGRP as i64),
    ("S_IROTH", libc::S_IROTH as i64),
    ("S_IRUSR", libc::S_IRUSR as i64),
    ("S_IRWXG", libc::S_IRWXG as i64),
    ("S_IRWXO", libc::S_IRWXO as i64),
    ("S_IRWXU", libc::S_IRWXU as i64),
    ("S_ISGID", libc::S_ISGID as i64),
    ("S_ISUID", libc::S_ISUID as i64),
    ("S_ISVTX", libc::S_ISVTX as i64),
    ("S_IWGRP", libc::S_IWGRP as i64),
    ("S_IWOTH", libc::S_IWOTH as i64),
    ("S_IWRITE", libc::S_IWRITE as i64),
    ("S_IWUSR", libc::S_IWUSR as i64),
    ("S_IXGRP", libc::S_IXGRP as i64),
    ("S_IXOTH", libc::S_IXOTH as i64),
    ("S_IXUSR", libc::S_IXUSR as i64),
    ("UF_APPEND", 4),
    ("UF_COMPRESSED", 32),
    ("UF_DATAVAULT", 128),
    ("UF_HIDDEN", 32768),
    ("UF_IMMUTABLE", 2),
    ("UF_NODUMP", 1),
    ("UF_NOUNLINK", 16),
    ("UF_OPAQUE", 8),
    ("UF_SETTABLE", 65535),
    ("UF_TRACKED", 64),
];
