//! Seriema: a Python 3.14 virtual machine that stays fast while it is being watched.
//!
//! ```
//! let mut py = seriema::Python::builder().build().unwrap();
//! py.exec("def double(x): return x * 2", "<example>").unwrap();
//! let v = py.eval("double(21)", "<example>").unwrap();
//! assert_eq!(py.to_i64(&v), Some(42));
//! ```
//!
//! [`events`]: watching a program with closures.
//!
//! The parts: [`vm`] (objects, interpreter), [`monitoring`] (`sys.monitoring` as a state machine), [`jit`]
//! (recorder, trace IR, Cranelift).

pub use seriema_jit as jit;
pub use seriema_monitoring as monitoring;
pub use seriema_vm as vm;

pub use seriema_jit::options::{Mode, Options as JitOptions};
pub use seriema_vm::value::Value;

pub mod events;

use seriema_monitoring::MonitorError;
use seriema_vm::code::Code;
use seriema_vm::compile::Source;
use seriema_vm::error::R;
use seriema_vm::import::Library;
use seriema_vm::object::{Dict, Kw, List, Module, Str};
use seriema_vm::vm::{Options, Vm};
use std::fmt;
use std::path::Path;

/// What went wrong, for the embedder.
#[derive(Debug)]
pub enum Error {
    /// An uncaught Python exception: class, message, and the traceback as CPython prints it.
    Python { class: String, message: String, traceback: String, value: Value },
    /// A source file that cannot be read.
    Io(std::io::Error),
    /// This machine has no code generator for the JIT.
    Jit(String),
    /// A refused call of [`events`].
    Monitoring(MonitorError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Python { class, message, .. } if message.is_empty() => f.write_str(class),
            Error::Python { class, message, .. } => write!(f, "{class}: {message}"),
            Error::Io(e) => e.fmt(f),
            Error::Jit(e) => write!(f, "no JIT: {e}"),
            Error::Monitoring(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<MonitorError> for Error {
    fn from(e: MonitorError) -> Error {
        Error::Monitoring(e)
    }
}

/// The Python part of the standard library, which is in this binary.
pub const LIBRARY: Library = Library {
    has: seriema_stdlib::has,
    code: seriema_stdlib::code,
    data: seriema_stdlib::data,
    paths: |prefix| seriema_stdlib::paths(prefix).collect(),
};

/// Off until what `site` imports works.
const SITE: bool = false;

/// Settings of an interpreter to be.
#[derive(Default)]
pub struct Builder {
    vm: Options,
    jit: JitOptions,
}

impl Builder {
    pub fn jit(mut self, options: JitOptions) -> Builder {
        self.jit = options;
        self
    }
    /// `sys.argv`.
    pub fn argv(mut self, argv: Vec<String>) -> Builder {
        self.vm.argv = argv;
        self
    }
    /// Uses a Lib folder instead of the library in the binary.
    pub fn lib_dir(mut self, folder: impl Into<String>) -> Builder {
        self.vm.lib_dir = Some(folder.into());
        self
    }
    /// All settings of the machine itself.
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Builder {
        change(&mut self.vm);
        self
    }
    /// Python frames before RecursionError (1000).
    pub fn recursion_limit(mut self, frames: u32) -> Builder {
        self.vm.recursion_limit = frames;
        self
    }
    /// How the standard streams are set up; the default looks at nothing outside.
    pub fn streams(mut self, options: seriema_vm::modules::io::standard::StreamOptions) -> Builder {
        self.vm.streams = options;
        self
    }
    /// CPython 3.14's rules where they differ from the specification of sys.monitoring.
    pub fn monitoring_as_cpython_3_14(mut self, on: bool) -> Builder {
        self.vm.monitoring_314 = on;
        self
    }
    pub fn build(mut self) -> Result<Python, Error> {
        self.vm.hot = self.jit.threshold();
        self.vm.library = Some(LIBRARY);
        let mut vm = Vm::new(self.vm);
        if self.jit.mode != Mode::Off {
            let engine = jit::engine::Engine::new(&mut vm, self.jit).map_err(Error::Jit)?;
            vm.tier = Some(Box::new(engine));
        }
        let mut py = Python { vm };
        py.vm.start_import().map_err(|_| py.error())?;
        if !py.vm.options.warn_options.is_empty() {
            // Its filters hold from the program's compilation on.
            py.vm.import_module("warnings").map_err(|_| py.error())?;
        }
        if SITE && !py.vm.options.no_site {
            py.vm.import_module("site").map_err(|_| py.error())?;
        }
        Ok(py)
    }
}

/// An interpreter. Several may live in one process; dropping one frees all it owns.
pub struct Python {
    vm: Box<Vm>,
}

impl Python {
    pub fn builder() -> Builder {
        Builder::default()
    }
    /// The machine itself, for what the facade does not offer.
    pub fn vm(&mut self) -> &mut Vm {
        self.vm.carry_out_closings();
        &mut self.vm
    }

    fn error(&mut self) -> Error {
        let value = self.vm.take_pending();
        let traceback = self.vm.format_exception(&value);
        let class = self.vm.type_name(&value);
        let message = match self.vm.str_string(&value) {
            Ok(m) => m,
            Err(_) => {
                drop(self.vm.take_pending());
                String::new()
            }
        };
        Error::Python { class, message, traceback, value }
    }

    /// The pending exception as an error: after a call of the machine itself has failed.
    pub fn take_error(&mut self) -> Error {
        self.error()
    }

    /// Runs something in the machine: guards dropped before have taken effect, and the panic of a callback goes
    /// on here.
    fn enter<T>(&mut self, f: impl FnOnce(&mut Vm) -> R<T>) -> Result<T, Error> {
        self.vm.carry_out_closings();
        let result = f(&mut self.vm);
        if let Some(panic) = self.vm.listening.panic.take() {
            if result.is_err() {
                drop(self.vm.take_pending());
            }
            std::panic::resume_unwind(panic);
        }
        result.map_err(|_| self.error())
    }
    fn run(&mut self, source: &str, filename: &str, what: Source) -> Result<Value, Error> {
        let code = self.enter(|vm| vm.compile(source, filename, what))?;
        self.run_compiled(&code)
    }
    /// Compiles a program without running it: the answer is a code object.
    pub fn compile(&mut self, source: &str, filename: &str) -> Result<Value, Error> {
        self.enter(|vm| vm.compile(source, filename, Source::Exec))
    }
    /// Runs a code object in `__main__`.
    pub fn run_compiled(&mut self, code: &Value) -> Result<Value, Error> {
        self.enter(|vm| {
            if code.get::<Code>().is_none() {
                return Err(vm.raise("TypeError", "run_compiled() wants a code object"));
            }
            let globals = vm.main_module().as_::<Module>().dict.clone();
            vm.exec_code(code, &globals)
        })
    }
    /// Runs statements in `__main__`. `filename` is what tracebacks say.
    pub fn exec(&mut self, source: &str, filename: &str) -> Result<(), Error> {
        self.run(source, filename, Source::Exec).map(drop)
    }
    /// Runs the code of `-c`.
    pub fn run_code(&mut self, source: &str) -> Result<(), Error> {
        self.enter(|vm| vm.set_main_loader(None))?;
        self.exec(source, "<string>")
    }
    /// Evaluates an expression in `__main__`.
    pub fn eval(&mut self, source: &str, filename: &str) -> Result<Value, Error> {
        self.run(source, filename, Source::Eval)
    }
    /// Puts an entry in front of `sys.path`, unless the settings say that it is not to be there.
    pub fn prepend_path(&mut self, entry: &str) {
        if self.vm.options.safe_path || self.vm.options.isolated {
            return;
        }
        self.vm.options.script_folder = Some(entry.to_owned());
        let entry = self.vm.str(entry);
        if let Some(path) = self.vm.sys_attribute("path")
            && let Some(path) = path.get::<List>()
        {
            path.with_vec(|v| v.insert(0, entry));
        }
    }
    /// Runs a module as `__main__` (`-m`).
    pub fn run_module(&mut self, name: &str) -> Result<(), Error> {
        self.run_by_runpy(name, true)
    }
    /// Runs the `__main__` of a folder or zip file.
    pub fn run_folder(&mut self, path: &str) -> Result<(), Error> {
        self.prepend_path(path);
        self.run_by_runpy("__main__", false)
    }
    fn run_by_runpy(&mut self, name: &str, alter_argv: bool) -> Result<(), Error> {
        self.enter(|vm| {
            vm.main_module();
            let (name, alter) = (vm.str(name), Value::bool(alter_argv));
            let runpy = vm.import_module("runpy")?;
            let key = vm.intern("_run_module_as_main");
            let run = vm.get_attr(&runpy, &key)?;
            vm.call(&run, &[name, alter], Kw::NONE).map(drop)
        })
    }
    /// Runs a file as `__main__`.
    pub fn run_file(&mut self, path: &Path) -> Result<(), Error> {
        let code = self.load_file(path)?;
        self.run_compiled(&code).map(drop)
    }
    /// Compiles a file that is to be `__main__`; [`run_compiled`](Python::run_compiled) runs it.
    pub fn load_file(&mut self, path: &Path) -> Result<Value, Error> {
        let source = std::fs::read(path).map_err(Error::Io)?;
        let name = path.to_string_lossy().into_owned();
        self.enter(|vm| {
            let file = vm.str(&name);
            let source = vm.decode_source(&source, &file)?;
            let main = vm.main_module();
            vm.set_main_loader(Some(&file))?;
            let key = vm.intern("__file__");
            main.as_::<Module>().dict.as_::<Dict>().set_str(vm, &key, file);
            vm.compile(&source, &name, Source::Exec)
        })
    }
    /// Runs source bytes as `__main__`.
    pub fn run_source(&mut self, source: &[u8], name: &str) -> Result<(), Error> {
        let source = self.enter(|vm| {
            let file = vm.str(name);
            let source = vm.decode_source(source, &file)?;
            vm.set_main_loader(None)?;
            Ok(source)
        })?;
        self.exec(&source, name)
    }
    /// Calls a Python object.
    pub fn call(&mut self, f: &Value, args: &[Value]) -> Result<Value, Error> {
        self.enter(|vm| vm.call(f, args, Kw::NONE))
    }
    /// A global variable of `__main__`.
    pub fn global(&mut self, name: &str) -> Option<Value> {
        let main = self.vm.main_module();
        let key = self.vm.intern(name);
        main.as_::<Module>().dict.as_::<Dict>().get_str(&key)
    }
    pub fn set_global(&mut self, name: &str, value: Value) {
        let main = self.vm.main_module();
        let key = self.vm.intern(name);
        main.as_::<Module>().dict.as_::<Dict>().set_str(&mut self.vm, &key, value);
    }

    // ---- values both ways
    pub fn int(&mut self, i: i64) -> Value {
        self.vm.int(i)
    }
    pub fn float(&mut self, f: f64) -> Value {
        Value::float(f)
    }
    pub fn str(&mut self, s: &str) -> Value {
        self.vm.str(s)
    }
    pub fn to_i64(&self, v: &Value) -> Option<i64> {
        match v.get::<seriema_vm::object::Int>() {
            Some(big) => i64::try_from(&big.value).ok(),
            None => v.word().is_int().then(|| v.word().int()),
        }
    }
    pub fn to_f64(&self, v: &Value) -> Option<f64> {
        v.word().is_float().then(|| v.word().float())
    }
    pub fn to_string(&self, v: &Value) -> Option<String> {
        v.get::<Str>().map(|s| s.as_str().to_owned())
    }

    // ---- monitoring
    /// What `sys.monitoring` is to Python: tools, closures for events, sets of events.
    pub fn monitoring(&mut self) -> events::Monitoring<'_> {
        self.vm.carry_out_closings();
        events::Monitoring::new(&mut self.vm)
    }
    /// Sends what goes to descriptor 1 through `sys.stdout` to a Rust writer from now on.
    pub fn redirect_stdout(&mut self, sink: Box<dyn std::io::Write>) {
        self.vm.flush_streams();
        self.vm.stdout = seriema_vm::modules::io::Out::to(sink);
    }
    /// Flushes `sys.stdout` and `sys.stderr`. False: not everything could be written, which has been told on
    /// standard error.
    pub fn flush(&mut self) -> bool {
        self.vm.flush_streams()
    }
    /// Counters as one JSON object.
    pub fn stats_json(&self) -> String {
        let tier = self.vm.tier.as_ref().map_or(String::new(), |t| t.stats());
        let comma = if tier.is_empty() { "" } else { "," };
        format!("{{{tier}{comma}\"events_fired\":{}}}", self.vm.events_fired)
    }
}
