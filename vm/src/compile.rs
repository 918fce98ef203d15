//! Source to code objects, by `rustpython-compiler`; and running them.

use crate::code::Code;
use crate::error::{Exc, R};
use crate::object::{Dict, Module};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_compiler::{CompileError, CompileOpts, Mode};

/// What the source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A module.
    Exec,
    /// One expression.
    Eval,
}

impl Vm {
    pub fn compile(&mut self, source: &str, filename: &str, what: Source) -> R<Value> {
        let mode = match what {
            Source::Exec => Mode::Exec,
            Source::Eval => Mode::Eval,
        };
        match rustpython_compiler::compile(source, mode, filename, CompileOpts::default()) {
            Ok(code) => Code::from_compiled(self, &code),
            Err(e) => Err(self.raise_syntax_error(source, &e)),
        }
    }

    fn raise_syntax_error(&mut self, source: &str, e: &CompileError) -> Exc {
        let (line, column) = e.python_location();
        let (end_line, end_column) = e.python_end_location().unwrap_or((line, column));
        let text = source.lines().nth(line.saturating_sub(1)).unwrap_or("");
        let message = e.to_string();
        let class = if message.contains("indent") { "IndentationError" } else { "SyntaxError" };
        let (m, file, text) =
            (self.string(message), self.str(e.source_path()), self.string(format!("{text}\n")));
        let int = |n: usize| Value::small(n as i64);
        let place = self.tuple(vec![file, int(line), int(column), text, int(end_line), int(end_column)]);
        self.raise_type(class, vec![m, place])
    }

    /// The module `__main__`, made on first use.
    pub fn main_module(&mut self) -> Value {
        if let Some(m) = self.modules.get("__main__") {
            return m.clone();
        }
        let m = self.module("__main__");
        let (key, b) = (self.intern("__builtins__"), self.modules["builtins"].clone());
        m.as_::<Module>().dict.as_::<Dict>().set_str(self, &key, b);
        self.modules.insert("__main__".into(), m.clone());
        m
    }

    /// Runs a code object with `globals` as both its globals and its names.
    pub fn exec_code(&mut self, code: &Value, globals: &Value) -> R<Value> {
        let builtins = self.builtins.clone();
        let f = self.new_function(code, globals, &builtins, Value::NONE);
        self.run_function(&f, vec![], Some(globals.clone()))
    }
}
