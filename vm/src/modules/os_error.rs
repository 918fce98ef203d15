//! OSError from error numbers: the class that goes with a number, its message, its file names.

use crate::error::{Exc, R};
use crate::object::Kw;
use crate::value::Value;
use crate::vm::Vm;
use rustix::io::Errno;

/// Which subclass of OSError stands for an error number.
pub fn class_of(errno: i32) -> &'static str {
    match Errno::from_raw_os_error(errno) {
        Errno::AGAIN | Errno::ALREADY | Errno::INPROGRESS => "BlockingIOError",
        Errno::PIPE | Errno::SHUTDOWN => "BrokenPipeError",
        Errno::CHILD => "ChildProcessError",
        Errno::CONNABORTED => "ConnectionAbortedError",
        Errno::CONNREFUSED => "ConnectionRefusedError",
        Errno::CONNRESET => "ConnectionResetError",
        Errno::EXIST => "FileExistsError",
        Errno::NOENT => "FileNotFoundError",
        Errno::ISDIR => "IsADirectoryError",
        Errno::NOTDIR => "NotADirectoryError",
        Errno::INTR => "InterruptedError",
        Errno::ACCESS | Errno::PERM => "PermissionError",
        Errno::SRCH => "ProcessLookupError",
        Errno::TIMEDOUT => "TimeoutError",
        _ => "OSError",
    }
}

/// What the C library calls an error number.
pub fn strerror(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

impl Vm {
    /// Raises the OSError of an error number, with the files it is about.
    #[cold]
    pub fn raise_os(&mut self, errno: i32, filename: Option<&Value>, filename2: Option<&Value>) -> Exc {
        let text = self.string(strerror(errno));
        let mut args = vec![Value::small(errno as i64), text];
        match (filename, filename2) {
            (Some(a), Some(b)) => args.extend([a.clone(), Value::NONE, b.clone()]),
            (Some(a), None) => args.push(a.clone()),
            (None, Some(b)) => args.extend([Value::NONE, Value::NONE, b.clone()]),
            (None, None) => {}
        }
        let name = class_of(errno);
        let class = self.types.exceptions().find(|(n, _)| *n == name).map(|(_, c)| c.clone());
        let class = class.unwrap_or_else(|| self.types.exception("OSError").clone());
        // Called, not made: OSError's constructor sorts its arguments into fields.
        match self.call(&class, &args, Kw::NONE) {
            Ok(e) => self.raise_value(e),
            Err(e) => e,
        }
    }
    /// The same, as the result of anything.
    #[cold]
    pub fn fail_os<T>(&mut self, errno: Errno, filename: Option<&Value>) -> R<T> {
        Err(self.raise_os(errno.raw_os_error(), filename, None))
    }
    /// The OSError of a Rust error.
    #[cold]
    pub fn raise_io(&mut self, e: &std::io::Error) -> Exc {
        match e.raw_os_error() {
            Some(n) => self.raise_os(n, None, None),
            None => self.raise("OSError", e.to_string()),
        }
    }
}
