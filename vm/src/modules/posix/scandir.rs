//! `posix`: `listdir`, `scandir` and `DirEntry`.

use super::fs::stat_at;
use super::stat::stat_value;
use super::sys::{Path, PathKind, sys};
use crate::error::R;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_int};

pub(super) static FUNCTIONS: &[BuiltinDef] =
    &[BuiltinDef::kw("listdir", 0, 255, listdir), BuiltinDef::kw("scandir", 0, 255, scandir)];

/// An open directory.
struct Dir {
    stream: *mut libc::DIR,
    /// Came from the caller as a descriptor: to be rewound at the end.
    borrowed: bool,
}

/// A name in a directory.
struct Found {
    name: Vec<u8>,
    inode: u64,
    kind: u8,
}

impl Dir {
    fn open(path: &Path) -> Result<Dir, i32> {
        let stream = match path.fd {
            Some(fd) => {
                let copy = sys!(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0))? as c_int;
                // SAFETY: the stream takes over our own copy of the descriptor.
                let d = unsafe { libc::fdopendir(copy) };
                if d.is_null() {
                    let e = super::sys::errno();
                    let _ = sys!(libc::close(copy));
                    return Err(e);
                }
                d
            }
            // SAFETY: a C string.
            None => unsafe { libc::opendir(path.text.as_ptr()) },
        };
        if stream.is_null() { Err(super::sys::errno()) } else { Ok(Dir { stream, borrowed: path.fd.is_some() }) }
    }
    /// The next name but "." and "..".
    fn next(&mut self) -> Result<Option<Found>, i32> {
        loop {
            // SAFETY: the stream is open; the entry lives until the next read of this stream.
            unsafe {
                *libc::__errno_location() = 0;
                let e = libc::readdir(self.stream);
                if e.is_null() {
                    return match super::sys::errno() {
                        0 => Ok(None),
                        e => Err(e),
                    };
                }
                let name = CStr::from_ptr((*e).d_name.as_ptr()).to_bytes();
                if name != b"." && name != b".." {
                    let name = name.to_vec();
                    return Ok(Some(Found { name, inode: (*e).d_ino, kind: (*e).d_type }));
                }
            }
        }
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: the stream is ours and closed once.
        unsafe {
            if self.borrowed {
                libc::rewinddir(self.stream);
            }
            libc::closedir(self.stream);
        }
    }
}

fn listdir(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("listdir", ["path"], 0, 0, args, kw)?;
    let given = path.unwrap_or(Value::NONE);
    let path = vm.path_arg("listdir", "path", &given, PathKind::OrFdOrNone)?;
    vm.audit("os.listdir", |_| vec![given])?;
    let names = vm.allow_threads(|| {
        let mut dir = Dir::open(&path)?;
        let mut names = vec![];
        while let Some(f) = dir.next()? {
            names.push(f.name);
        }
        Ok(names)
    });
    match names {
        Ok(names) => {
            let names = names.iter().map(|n| vm.fs_name(n, path.is_bytes)).collect();
            Ok(vm.list(names))
        }
        Err(e) => Err(vm.os_error(e, &[&path.original])),
    }
}

/// `os.scandir()`'s iterator.
struct ScandirIterator {
    dir: RefCell<Option<Dir>>,
    path: Path,
}
impl Payload for ScandirIterator {}

static ITERATOR: ClassDef = ClassDef {
    name: "posix.ScandirIterator",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, next_entry),
        BuiltinDef::new("__enter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__exit__", 0, u8::MAX, close),
        BuiltinDef::new("close", 0, 0, close),
    ],
    ..ClassDef::DEFAULT
};

fn scandir(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [path] = vm.bind_args("scandir", ["path"], 0, 0, args, kw)?;
    let path = vm.path_arg("scandir", "path", &path.unwrap_or(Value::NONE), PathKind::OrFdOrNone)?;
    let dir = vm.allow_threads(|| Dir::open(&path));
    let dir = match dir {
        Ok(d) => d,
        Err(e) => return Err(vm.os_error(e, &[&path.original])),
    };
    let class = vm.native_class::<ScandirIterator>(&ITERATOR);
    Ok(vm.new_native(&class, ScandirIterator { dir: RefCell::new(Some(dir)), path }))
}
fn close(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let it = vm.self_::<ScandirIterator>(&args[0])?;
    drop(it.dir.borrow_mut().take());
    Ok(Value::NONE)
}
fn next_entry(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let it = vm.self_::<ScandirIterator>(&args[0])?;
    let Some(mut dir) = it.dir.borrow_mut().take() else { return vm.stop_iteration() };
    let found = match dir.next() {
        Ok(Some(f)) => f,
        Ok(None) => return vm.stop_iteration(),
        Err(e) => return Err(vm.os_error(e, &[&it.path.original])),
    };
    *it.dir.borrow_mut() = Some(dir);
    let path = &it.path;
    let mut full = match path.fd {
        Some(_) => vec![],
        None => path.text.as_bytes().to_vec(),
    };
    if full.last().is_some_and(|&c| c != b'/') {
        full.push(b'/');
    }
    if path.original.is_null() {
        full.clear();
        full.extend_from_slice(b"./");
    }
    full.extend_from_slice(&found.name);
    let (name, shown) = (vm.fs_name(&found.name, path.is_bytes), vm.fs_name(&full, path.is_bytes));
    let Ok(text) = CString::new(full) else { return vm.stop_iteration() };
    let entry = DirEntry {
        name,
        path: shown,
        text,
        dir_fd: path.fd.unwrap_or(libc::AT_FDCWD),
        inode: found.inode,
        kind: Cell::new(found.kind),
        stat: RefCell::new(Value::NULL),
        lstat: RefCell::new(Value::NULL),
    };
    let class = vm.native_class::<DirEntry>(&ENTRY);
    Ok(vm.new_native(&class, entry))
}

/// `os.DirEntry`.
struct DirEntry {
    name: Value,
    path: Value,
    text: CString,
    dir_fd: c_int,
    inode: u64,
    kind: Cell<u8>,
    /// What `stat` found, or NULL.
    stat: RefCell<Value>,
    lstat: RefCell<Value>,
}
impl Payload for DirEntry {}

static ENTRY: ClassDef = ClassDef {
    name: "posix.DirEntry",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::kw("is_dir", 0, 255, |vm, a, kw| is_kind(vm, "is_dir", libc::DT_DIR, libc::S_IFDIR, a, kw)),
        BuiltinDef::kw("is_file", 0, 255, |vm, a, kw| {
            is_kind(vm, "is_file", libc::DT_REG, libc::S_IFREG, a, kw)
        }),
        BuiltinDef::new("is_symlink", 0, 0, |vm, a, _| {
            let e = vm.self_::<DirEntry>(&a[0])?;
            if e.kind.get() == libc::DT_UNKNOWN {
                return match stat_at(&e.text, e.dir_fd, libc::AT_SYMLINK_NOFOLLOW) {
                    Ok(st) => Ok(Value::bool(st.st_mode & libc::S_IFMT == libc::S_IFLNK)),
                    Err(libc::ENOENT) => Ok(Value::FALSE),
                    Err(n) => Err(vm.os_error(n, &[&e.path])),
                };
            }
            Ok(Value::bool(e.kind.get() == libc::DT_LNK))
        }),
        BuiltinDef::new("is_junction", 0, 0, |_, _, _| Ok(Value::FALSE)),
        BuiltinDef::kw("stat", 0, 255, entry_stat),
        BuiltinDef::new("inode", 0, 0, |vm, a, _| {
            let n = vm.self_::<DirEntry>(&a[0])?.inode;
            Ok(vm.big(n.into()))
        }),
        BuiltinDef::new("__fspath__", 0, 0, |vm, a, _| Ok(vm.self_::<DirEntry>(&a[0])?.path.clone())),
        BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
            let name = vm.self_::<DirEntry>(&a[0])?.name.clone();
            let name = vm.repr(&name)?;
            let text = name.as_::<crate::object::Str>().wtf8().to_string_lossy().into_owned();
            Ok(vm.string(format!("<DirEntry {text}>")))
        }),
        BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    ],
    getset: &[
        GetSet::get("name", |vm, v| Ok(vm.self_::<DirEntry>(v)?.name.clone())),
        GetSet::get("path", |vm, v| Ok(vm.self_::<DirEntry>(v)?.path.clone())),
    ],
    ..ClassDef::DEFAULT
};

pub(super) fn entry_class(vm: &mut Vm) -> Value {
    vm.native_class::<DirEntry>(&ENTRY)
}

fn is_kind(vm: &mut Vm, who: &str, kind: u8, mode: libc::mode_t, args: &[Value], kw: Kw) -> R<Value> {
    let [follows] = vm.bind_args_kwonly(who, ["follow_symlinks"], 0, 0, &args[1..], kw)?;
    let follows = vm.bool_or(&follows, true)?;
    let e = vm.self_::<DirEntry>(&args[0])?;
    let known = e.kind.get();
    let is_link = known == libc::DT_LNK;
    if known != libc::DT_UNKNOWN && !(is_link && follows) {
        return Ok(Value::bool(known == kind));
    }
    let flags = if follows { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    match stat_at(&e.text, e.dir_fd, flags) {
        Ok(st) => Ok(Value::bool(st.st_mode & libc::S_IFMT == mode)),
        Err(libc::ENOENT) => Ok(Value::FALSE),
        Err(n) => Err(vm.os_error(n, &[&e.path])),
    }
}
fn entry_stat(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [follows] = vm.bind_args_kwonly("stat", ["follow_symlinks"], 0, 0, &args[1..], kw)?;
    let follows = vm.bool_or(&follows, true)?;
    let e = vm.self_::<DirEntry>(&args[0])?;
    // What is known not to be a link needs one look only.
    let same = e.kind.get() != libc::DT_LNK && e.kind.get() != libc::DT_UNKNOWN;
    let slot = if follows || same { &e.stat } else { &e.lstat };
    let seen = slot.borrow().clone();
    if !seen.is_null() {
        return Ok(seen);
    }
    let flags = if follows { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    match stat_at(&e.text, e.dir_fd, flags) {
        Ok(st) => {
            let v = stat_value(vm, &st);
            *slot.borrow_mut() = v.clone();
            Ok(v)
        }
        Err(n) => Err(vm.os_error(n, &[&e.path])),
    }
}

