//! `sys.stdin`, `sys.stdout`, `sys.stderr`: making them, and flushing them at the end.

use super::text::{self, Settings};
use super::{Class, buffered, file};
use crate::error::R;
use crate::value::Value;
use crate::vm::Vm;
use std::io::Write;

/// How the streams are to be set up: from the command line and the environment.
#[derive(Clone, Debug, Default)]
pub struct StreamOptions {
    /// `-u`, PYTHONUNBUFFERED.
    pub unbuffered: bool,
    /// PYTHONIOENCODING: the encoding and the error handler.
    pub encoding: Option<String>,
    pub errors: Option<String>,
}

impl StreamOptions {
    /// As the environment says.
    pub fn from_environment() -> StreamOptions {
        let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let io = get("PYTHONIOENCODING").unwrap_or_default();
        let (encoding, errors) = io.split_once(':').unwrap_or((&io, ""));
        let some = |s: &str| if s.is_empty() { None } else { Some(s.to_owned()) };
        StreamOptions {
            unbuffered: get("PYTHONUNBUFFERED").is_some(),
            encoding: some(encoding),
            errors: some(errors),
        }
    }
}

fn make(vm: &mut Vm, fd: i32, name: &str, options: &StreamOptions) -> R<Value> {
    if rustix::io::fcntl_getfd(file::descriptor(fd)).is_err() {
        // The process was started without it.
        return Ok(Value::NONE);
    }
    let writing = fd != 0;
    let mode = if writing { "w" } else { "r" };
    let raw = file::new(vm, &Value::small(fd as i64), mode, false, None)?;
    let f = vm.self_::<file::FileIo>(&raw)?;
    f.standard_output.set(fd == 1);
    let terminal = file::is_terminal(f);
    let (key, shown) = (vm.intern("name"), vm.str(name));
    vm.set_attr(&raw, &key, shown)?;
    let unbuffered = options.unbuffered && writing;
    let buffer = match (unbuffered, writing) {
        (true, _) => raw.clone(),
        (_, true) => buffered::new(vm, Class::Writer, &raw, super::DEFAULT_BUFFER_SIZE as i64)?,
        (_, false) => buffered::new(vm, Class::Reader, &raw, super::DEFAULT_BUFFER_SIZE as i64)?,
    };
    let posix =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    let lenient = posix.is_none_or(|l| matches!(l.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8"));
    let errors = match (&options.errors, fd) {
        (_, 2) => "backslashreplace",
        (Some(e), _) => e,
        (None, _) if lenient && options.encoding.is_none() => "surrogateescape",
        _ => "strict",
    };
    let newline = vm.str("\n");
    let settings = Settings {
        encoding: Some(options.encoding.clone().unwrap_or_else(|| "utf-8".into())),
        errors: Some(errors.to_owned()),
        newline: if writing { Some(&newline) } else { None },
        line_buffering: !unbuffered && (terminal || fd == 2),
        write_through: unbuffered,
    };
    let stream = text::new(vm, &buffer, settings)?;
    let (key, mode) = (vm.intern("mode"), vm.str(mode));
    vm.set_attr(&stream, &key, mode)?;
    Ok(stream)
}

/// Gives `sys` its streams. What is wrong with them is told on descriptor 2.
pub fn start(vm: &mut Vm) {
    let options = vm.options.streams.clone();
    if init(vm, &options).is_err() {
        let e = vm.take_pending();
        let shown = vm.format_exception(&e);
        let _ = write!(std::io::stderr(), "can't initialize sys standard streams\n{shown}");
    }
}
fn init(vm: &mut Vm, options: &StreamOptions) -> R {
    let sys = vm.sys_module.clone();
    for (fd, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        let v = make(vm, fd as i32, &format!("<{name}>"), options)?;
        vm.set_global(&sys, name, v.clone());
        vm.set_global(&sys, &format!("__{name}__"), v);
    }
    Ok(())
}

impl Vm {
    /// Flushes `sys.stdout` and `sys.stderr`, as at the end of a program. False: not everything could be
    /// written (the program's exit status is then 120).
    pub fn flush_streams(&mut self) -> bool {
        self.try_flush_streams(true)
    }
    fn try_flush_streams(&mut self, tell: bool) -> bool {
        let mut ok = true;
        for name in ["stdout", "stderr"] {
            let Some(stream) = self.sys_attribute(name).filter(|v| !v.is_none()) else { continue };
            let closed = super::is_closed(self, &stream);
            match closed {
                Ok(true) => continue,
                Ok(false) => {}
                Err(_) => drop(self.take_pending()),
            }
            if self.call_method(&stream, "flush", &[]).is_err() {
                let e = self.take_pending();
                ok = false;
                if tell && name == "stdout" {
                    self.tell_of_lost_output(&e);
                }
            }
        }
        ok
    }
    fn tell_of_lost_output(&mut self, e: &Value) {
        let shown = self.format_exception(e);
        let _ = write!(std::io::stderr(), "Exception ignored while flushing sys.stdout:\n{shown}");
    }
    /// The VM ends. What cannot be written now has been told of, if anybody wanted to know.
    pub(crate) fn end_streams(&mut self) {
        self.try_flush_streams(false);
    }
}
