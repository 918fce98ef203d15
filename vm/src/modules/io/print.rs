//! `print` and `input`.

use super::text::{self, TextIo};
use super::{error_of, file};
use crate::error::R;
use crate::object::{Kind, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

/// Where text goes.
struct Target<'a> {
    file: &'a Value,
    direct: Option<&'a TextIo>,
}

impl Target<'_> {
    fn write(&self, vm: &mut Vm, text: &Value) -> R {
        match self.direct {
            Some(t) => text::write(vm, t, text),
            None => vm.call_method(self.file, "write", std::slice::from_ref(text)).map(drop),
        }
    }
}

pub fn print(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (mut sep, mut end, mut file, mut flush) = (None, None, None, None);
    for (name, v) in kw.iter() {
        match name {
            "sep" => sep = Some(v),
            "end" => end = Some(v),
            "file" => file = Some(v),
            "flush" => flush = Some(v),
            _ => {
                let message = format!("print() got an unexpected keyword argument '{name}'");
                return vm.fail("TypeError", message);
            }
        }
    }
    let flush = flush.map_or(Ok(false), |v| vm.truthy(v))?;
    let file = match file.filter(|f| !f.is_none()) {
        Some(f) => f.clone(),
        None => match vm.sys_attribute("stdout") {
            // There is none, as in a program without a console: nothing to do.
            Some(f) if f.is_none() => return Ok(Value::NONE),
            Some(f) => f,
            None => return vm.fail("RuntimeError", "lost sys.stdout"),
        },
    };
    for (name, v) in [("sep", sep), ("end", end)] {
        if let Some(v) = v.filter(|v| !v.is_none() && !v.is_kind(Kind::Str)) {
            let message = format!("{name} must be None or a string, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    let sep = sep.filter(|v| !v.is_none()).cloned().unwrap_or_else(|| vm.str(" "));
    let end = end.filter(|v| !v.is_none()).cloned().unwrap_or_else(|| vm.str("\n"));
    let direct = text::direct(vm, &file)?;
    let mut target = Target { file: &file, direct };
    for (i, v) in args.iter().enumerate() {
        if i > 0 {
            target.write(vm, &sep)?;
        }
        if v.is_kind(Kind::Str) && vm.type_of(v).is(&vm.types.str) {
            target.write(vm, v)?;
        } else {
            let s = vm.str_of(v)?;
            // Making the text can have run Python, which can have closed the file.
            if direct.is_some() && v.word().is_ptr() {
                target.direct = text::direct(vm, &file)?;
            }
            target.write(vm, &s)?;
        }
    }
    target.write(vm, &end)?;
    if flush {
        vm.call_method(&file, "flush", &[])?;
    }
    Ok(Value::NONE)
}

/// A standard stream, which must be there.
fn stream(vm: &mut Vm, name: &str) -> R<Value> {
    match vm.sys_attribute(name).filter(|v| !v.is_none()) {
        Some(v) => Ok(v),
        None => vm.fail("RuntimeError", format!("lost sys.{name}")),
    }
}

/// The stream is over that descriptor, and it is a terminal.
fn is_console(vm: &mut Vm, stream: &Value, fd: i64) -> bool {
    let r = vm.call_method(stream, "fileno", &[]).and_then(|n| vm.index(&n));
    match r {
        Ok(n) => n == fd && rustix::termios::isatty(file::descriptor(n as i32)),
        Err(_) => {
            drop(vm.take_pending());
            false
        }
    }
}

pub fn input(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (stdin, stdout, stderr) = (stream(vm, "stdin")?, stream(vm, "stdout")?, stream(vm, "stderr")?);
    let r = vm.call_method(&stderr, "flush", &[]).map(drop);
    drop(error_of(vm, r));
    // On a terminal the prompt is written by line-editing libraries if there are any; without them all goes
    // the same way.
    let console = is_console(vm, &stdin, 0) && is_console(vm, &stdout, 1);
    if let Some(prompt) = a.first() {
        let prompt = vm.str_of(prompt)?;
        vm.call_method(&stdout, "write", &[prompt])?;
    }
    let r = vm.call_method(&stdout, "flush", &[]).map(drop);
    if console {
        r?;
    } else {
        drop(error_of(vm, r));
    }
    let line = vm.call_method(&stdin, "readline", &[])?;
    let Some(s) = line.get::<Str>() else {
        return vm.fail("TypeError", "object.readline() returned non-string");
    };
    if s.is_empty() {
        return vm.fail("EOFError", "EOF when reading a line");
    }
    if s.bytes().last() == Some(&b'\n') {
        let text = s.slice(0, s.len() - 1).to_owned();
        return Ok(vm.wtf8_buf(text));
    }
    Ok(line)
}
