//! Module `_io`: the classes of files, from the descriptor to text, and `open`.
//!
//! Three layers, as in CPython: [`file`] (raw descriptors), [`buffered`], [`text`]; [`base`] has the abstract
//! classes that all derive from. A layer talks to an object of exactly the builtin class below it directly,
//! and to any other through its Python methods. No borrow of a stream's state lives across such a call:
//! whoever is called may come back.

pub mod base;
pub mod buffered;
pub mod bytes;
pub mod coder;
pub mod data;
pub mod file;
pub mod newline;
pub mod open;
pub mod out;
pub mod pair;
pub mod print;
pub mod standard;
pub mod string;
pub mod text;
mod text_seek;

pub use out::{Out, Sink};

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Dict, Kw, Type};
use crate::types::native::ClassDef;
use crate::types::number::Num;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

pub const DEFAULT_BUFFER_SIZE: usize = 128 << 10;

/// The classes of this module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    IoBase,
    RawBase,
    BufferedBase,
    TextBase,
    File,
    Bytes,
    BytesBuffer,
    Reader,
    Writer,
    Random,
    Pair,
    Newline,
    String,
    Text,
}

const CLASSES: [(Class, &str, &ClassDef); 14] = [
    (Class::IoBase, "_IOBase", &base::IO_BASE),
    (Class::RawBase, "_RawIOBase", &base::RAW_BASE),
    (Class::BufferedBase, "_BufferedIOBase", &base::BUFFERED_BASE),
    (Class::TextBase, "_TextIOBase", &base::TEXT_BASE),
    (Class::File, "FileIO", &file::FILE),
    (Class::Bytes, "BytesIO", &bytes::BYTES),
    (Class::BytesBuffer, "_BytesIOBuffer", &bytes::BUFFER),
    (Class::Reader, "BufferedReader", &buffered::READER),
    (Class::Writer, "BufferedWriter", &buffered::WRITER),
    (Class::Random, "BufferedRandom", &buffered::RANDOM),
    (Class::Pair, "BufferedRWPair", &pair::PAIR),
    (Class::Newline, "IncrementalNewlineDecoder", &newline::NEWLINE),
    (Class::String, "StringIO", &string::STRING),
    (Class::Text, "TextIOWrapper", &text::TEXT),
];

/// What the module keeps.
#[derive(Default)]
pub struct State {
    classes: Vec<Option<Value>>,
    unsupported: Option<Value>,
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("open", 0, 8, open::open),
    BuiltinDef::kw("open_code", 0, 1, open::open_code),
    BuiltinDef::new("text_encoding", 1, 2, open::text_encoding),
];

/// One of the classes, made when first asked for.
pub fn class(vm: &mut Vm, which: Class) -> Value {
    let at = which as usize;
    let classes = &mut vm.state::<State>().classes;
    classes.resize(CLASSES.len(), None);
    if let Some(c) = &classes[at] {
        return c.clone();
    }
    let c = vm.new_native_class(CLASSES[at].2);
    vm.state::<State>().classes[at] = Some(c.clone());
    c
}

/// `v` is an instance of exactly that class.
pub fn is_exact(vm: &Vm, v: &Value, which: Class) -> bool {
    let made = match which {
        Class::File => v.native::<file::FileIo>().is_some(),
        Class::Text => v.native::<text::TextIo>().is_some(),
        Class::String => v.native::<string::StringIo>().is_some(),
        Class::Bytes => v.native::<bytes::BytesIo>().is_some(),
        Class::Reader | Class::Writer | Class::Random => {
            v.native::<buffered::Buffered>().is_some_and(|b| b.class() == which)
        }
        _ => false,
    };
    // The payload is of one builtin class; what is derived from it is made by a class statement.
    made && !vm.type_of(v).as_::<Type>().is_heap()
}

/// `io.UnsupportedOperation`.
pub fn unsupported_class(vm: &mut Vm) -> R<Value> {
    if let Some(c) = &vm.state::<State>().unsupported {
        return Ok(c.clone());
    }
    let bases = vec![vm.types.exception("OSError").clone(), vm.types.exception("ValueError").clone()];
    let (name, bases, dict) = (vm.str("UnsupportedOperation"), vm.tuple(bases), vm.dict());
    let (key, module) = (vm.intern("__module__"), vm.intern("io"));
    dict.as_::<Dict>().set_str(vm, &key, module);
    let type_ = vm.types.type_.clone();
    let c = vm.call(&type_, &[name, bases, dict], Kw::NONE)?;
    vm.state::<State>().unsupported = Some(c.clone());
    Ok(c)
}
#[cold]
pub fn unsupported<T>(vm: &mut Vm, message: &str) -> R<T> {
    let class = unsupported_class(vm)?;
    let message = vm.str(message);
    let e = vm.call(&class, &[message], Kw::NONE)?;
    Err(vm.raise_value(e))
}

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_io", FUNCTIONS);
    for (which, name, _) in CLASSES {
        let c = class(vm, which);
        vm.set_global(&m, name, c);
    }
    let unsupported = unsupported_class(vm)?;
    vm.set_global(&m, "UnsupportedOperation", unsupported);
    vm.set_global(&m, "DEFAULT_BUFFER_SIZE", Value::small(DEFAULT_BUFFER_SIZE as i64));
    let blocking = vm.types.exceptions().find(|(n, _)| *n == "BlockingIOError").map(|(_, c)| c.clone());
    if let Some(c) = blocking {
        vm.set_global(&m, "BlockingIOError", c);
    }
    Ok(m)
}

// ---- arguments and errors

/// A size that may be None or left out: -1.
pub fn size_arg(vm: &mut Vm, v: Option<&Value>) -> R<i64> {
    match v {
        None => Ok(-1),
        Some(v) if v.is_none() => Ok(-1),
        Some(v) if has_index(vm, v) => vm.index(v),
        Some(v) => {
            let message = format!("argument should be integer or None, not '{}'", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}

/// It is an int or has `__index__`.
pub fn has_index(vm: &mut Vm, v: &Value) -> bool {
    Num::int_of(v).is_some() || vm.has_special(v, Special::Index)
}

#[cold]
pub fn fail_closed<T>(vm: &mut Vm) -> R<T> {
    vm.fail("ValueError", "I/O operation on closed file.")
}

/// The pending exception is of that builtin class.
pub fn pending_is(vm: &mut Vm, class: &str) -> bool {
    let Some((_, class)) = vm.types.exceptions().find(|(n, _)| *n == class) else { return false };
    let class = class.clone();
    let e = vm.take_pending();
    let found = vm.is_instance(&e, &class);
    vm.set_pending(e);
    found
}
/// Two things that both must be tried have been: the second's error comes first, with the first's as its
/// context. `first`: the exception taken from the VM.
pub fn chain(vm: &mut Vm, first: Option<Value>, second: R) -> R {
    match (first, second) {
        (None, r) => r,
        (Some(e), Ok(())) => Err(vm.set_pending(e)),
        (Some(e), Err(Exc)) => {
            let last = vm.take_pending();
            if !last.is(&e) {
                crate::runtime::exc::set_context(&last, e);
            }
            Err(vm.set_pending(last))
        }
    }
}
/// The error of `r`, out of the VM.
pub fn error_of(vm: &mut Vm, r: R) -> Option<Value> {
    r.err().map(|_| vm.take_pending())
}

/// The exception cannot go anywhere; `what` was being done.
pub fn cannot_pickle(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let message = format!("cannot pickle '{}' instances", vm.type_name(&a[0]));
    vm.fail("TypeError", message)
}

/// `closed` as the object says.
pub fn is_closed(vm: &mut Vm, v: &Value) -> R<bool> {
    let c = vm.get_attr_str(v, "closed")?;
    vm.truthy(&c)
}
pub fn check_closed(vm: &mut Vm, v: &Value) -> R {
    if is_closed(vm, v)? { fail_closed(vm) } else { Ok(()) }
}
/// The object's answer to `readable()` and the like must be true.
pub fn check_able(vm: &mut Vm, v: &Value, method: &str) -> R {
    let able = vm.call_method(v, method, &[])?;
    if able.is(&Value::TRUE) || !able.is(&Value::FALSE) && vm.truthy(&able)? {
        return Ok(());
    }
    unsupported(vm, &format!("File or stream is not {method}."))
}
/// Name of a class for `repr`: with its module if it is a builtin one.
pub fn class_name(vm: &Vm, v: &Value) -> String {
    vm.type_of(v).as_::<Type>().name.borrow().to_string()
}
/// `name` of the stream, for `repr`: `None` if it has none.
pub fn shown_attribute(vm: &mut Vm, v: &Value, name: &str) -> R<Option<String>> {
    match vm.get_attr_str_opt(v, name) {
        Ok(Some(n)) => {
            vm.guard_recursion(" while getting the repr of an object")?;
            vm.repr_string(&n).map(Some)
        }
        Ok(None) => Ok(None),
        Err(e) => {
            // A stream that is detached or not set up yet.
            if pending_is(vm, "ValueError") {
                drop(vm.take_pending());
                return Ok(None);
            }
            Err(e)
        }
    }
}
