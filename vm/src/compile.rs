//! Source to code objects, by `rustpython-compiler`; and running them.

mod diagnose;
mod grammar;
mod literal;
mod mistakes;
mod peg;
mod token;
pub(crate) mod warn;

use crate::code::Code;
use crate::error::{Exc, R};
use crate::object::{Dict, Module, Str};
use crate::value::Value;
use crate::vm::Vm;
use ruff_source_file::SourceLocation;
use rustpython_compiler::codegen::error::CodegenErrorType;
use rustpython_compiler::core::bytecode::CodeFlags;
use rustpython_compiler::{CodeObject, CompileError, CompileOpts, Mode, compile_with_syntax_warning_handler};

/// What the source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A module.
    Exec,
    /// One expression.
    Eval,
    /// One interactive statement: its value is displayed.
    Single,
}

/// How to compile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// `__future__` flags, and flags of `compile()` itself.
    pub flags: u32,
    /// `-O`, `-OO`.
    pub optimize: u8,
}

pub const FUTURE_MASK: u32 = CodeFlags::FUTURE_MASK.bits();
pub const DONT_IMPLY_DEDENT: u32 = 0x200;
pub const ONLY_AST: u32 = 0x400;
pub const IGNORE_COOKIE: u32 = 0x800;
pub const TYPE_COMMENTS: u32 = 0x1000;
pub const ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;
pub const ALLOW_INCOMPLETE: u32 = 0x4000;
pub const OPTIMIZED_AST: u32 = 0x8000 | ONLY_AST;
pub const ALL_FLAGS: u32 = FUTURE_MASK
    | DONT_IMPLY_DEDENT
    | OPTIMIZED_AST
    | IGNORE_COOKIE
    | TYPE_COMMENTS
    | ALLOW_TOP_LEVEL_AWAIT
    | ALLOW_INCOMPLETE;

impl Vm {
    /// Compiles a text. `filename` is what tracebacks say.
    pub fn compile(&mut self, source: &str, filename: &str, what: Source) -> R<Value> {
        let filename = self.intern(filename);
        let settings = Settings { optimize: self.options.optimize, ..Settings::default() };
        self.compile_text(source, &filename, what, settings)
    }

    pub fn compile_text(
        &mut self,
        source: &str,
        filename: &Value,
        what: Source,
        settings: Settings,
    ) -> R<Value> {
        if source.contains('\0') {
            return self.fail("SyntaxError", "source code string cannot contain null bytes");
        }
        let mode = match what {
            Source::Exec => Mode::Exec,
            Source::Eval => Mode::Eval,
            Source::Single => Mode::Single,
        };
        let options = self.compile_options(settings);
        let source = universal_newlines(source);
        let name = filename.get::<Str>().map_or("?", Str::as_str).to_owned();
        let mut warned: Vec<warn::Warning> = vec![];
        let mut keep = |place: SourceLocation, message: String| {
            warned.push(warn::Warning::at(place, message));
            Ok(())
        };
        let mut compiled = compile_with_syntax_warning_handler(&source, mode, &name, options, &mut keep);
        let unchecked = settings.flags & TYPE_COMMENTS != 0 && source.contains("type:");
        if unchecked || is_too_deep(&compiled) || warn::has_deep_indents(source.as_bytes()) {
            let barry = settings.flags & CodeFlags::FUTURE_BARRY_AS_BDFL.bits() != 0;
            if let Some(d) = diagnose::diagnose(&source, what, settings.flags, barry, None) {
                return Err(self.raise_report(&d.report, filename, d.last, &source));
            }
        }
        if is_too_deep(&compiled) {
            let options = self.compile_options(settings);
            warned.clear();
            compiled = deep(&source, mode, &name, options, &mut warned).unwrap_or(compiled);
        }
        if !matches!(compiled, Err(CompileError::Parse(_))) {
            let first = warn::of_tokens(&source);
            self.syntax_warnings(first, filename, &source)?;
            self.syntax_warnings(warned, filename, &source)?;
        }
        match compiled {
            Ok(code) => Code::from_compiled(self, &code, filename),
            Err(e) => Err(self.raise_syntax_error(&source, filename, &e, Some(what), settings)),
        }
    }

    pub(crate) fn compile_options(&mut self, settings: Settings) -> CompileOpts {
        CompileOpts {
            optimize: settings.optimize,
            int_max_str_digits: self.max_str_digits(),
            allow_top_level_await: settings.flags & ALLOW_TOP_LEVEL_AWAIT != 0,
            future_features: CodeFlags::from_bits_truncate(settings.flags & FUTURE_MASK),
            dont_imply_dedent: settings.flags & DONT_IMPLY_DEDENT != 0,
            ..CompileOpts::default()
        }
    }

    /// `what`: how the source was meant; None if there is none (a syntax tree).
    pub(crate) fn raise_syntax_error(
        &mut self,
        source: &str,
        file: &Value,
        e: &CompileError,
        what: Option<Source>,
        with: Settings,
    ) -> Exc {
        if let CompileError::Codegen(c) = e
            && matches!(c.error, CodegenErrorType::RecursionError)
        {
            return self.raise("RecursionError", "maximum recursion depth exceeded during compilation");
        }
        let on_disk = match file.get::<Str>().map(Str::as_str) {
            Some(path) if !path.is_empty() && !path.starts_with('<') => std::fs::read_to_string(path).ok(),
            _ => None,
        };
        if let Some(what) = what {
            let barry = with.flags & CodeFlags::FUTURE_BARRY_AS_BDFL.bits() != 0;
            if let Some(d) = diagnose::diagnose(source, what, with.flags, barry, on_disk.clone()) {
                if matches!(e, CompileError::Parse(_)) {
                    let first = source.get(..d.understood).map(warn::of_tokens).unwrap_or_default();
                    if let Err(e) = self.syntax_warnings(first, file, source) {
                        return e;
                    }
                }
                return self.raise_report(&d.report, file, d.last, source);
            }
        }
        let (line, column) = e.python_location();
        let (end_line, mut end_column) = e.python_end_location().unwrap_or((line, column));
        let message = e.to_string();
        // An import's new name belongs to its place.
        if message == "cannot assign to __debug__"
            && let Some(rest) =
                source.lines().nth(end_line.wrapping_sub(1)).and_then(|l| l.get(end_column - 1..))
            && rest.starts_with(" as __debug__")
        {
            end_column += " as __debug__".len();
        }
        // What the compiler proper finds, after the parser, shows the line only if there is a file to show.
        let text = match e {
            CompileError::Codegen(_) => {
                let on_disk = on_disk.unwrap_or_default();
                on_disk.lines().nth(line.wrapping_sub(1)).map(|t| format!("{t}\n"))
            }
            CompileError::Parse(_) => {
                let text = source.split_inclusive('\n').nth(line.wrapping_sub(1)).unwrap_or("");
                Some(if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") })
            }
        };
        let report = token::Report {
            class: "SyntaxError",
            message,
            line: line as u32,
            column: column as i64,
            end_line: end_line as u32,
            end_column: end_column as i64,
            text,
        };
        self.raise_report(&report, file, (0, 0), source)
    }

    fn raise_report(&mut self, r: &token::Report, file: &Value, last: (u32, i32), source: &str) -> Exc {
        let m = self.str(&r.message);
        if r.class == "MemoryError" {
            return self.raise_type(r.class, vec![m]);
        }
        let text = r.text.as_ref().map_or(Value::NONE, |t| self.str(t));
        let n = Value::small;
        let (line, end_line) = (n(i64::from(r.line)), n(i64::from(r.end_line)));
        let place = vec![file.clone(), line, n(r.column), text, end_line, n(r.end_column)];
        let place = self.tuple(place);
        let e = self.make_exception(r.class, vec![m, place]);
        let source = self.str(source);
        let metadata = self.tuple(vec![n(i64::from(last.0)), n(i64::from(last.1)), source]);
        let key = self.intern("_metadata");
        match self.set_attr(&e, &key, metadata) {
            Ok(()) => self.raise_value(e),
            Err(failed) => failed,
        }
    }

    /// The text of source bytes: by byte-order mark, coding cookie, or UTF-8. `file` is named in errors.
    pub fn decode_source(&mut self, bytes: &[u8], file: &Value) -> R<String> {
        let (bytes, marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => (rest, true),
            None => (bytes, false),
        };
        if bytes.contains(&0) {
            return self.fail("SyntaxError", "source code cannot contain null bytes");
        }
        let cookie = coding_cookie(bytes);
        let encoding = cookie.as_deref().map_or("utf-8".to_owned(), normal_name);
        if marked && encoding != "utf-8" {
            let message = format!("encoding problem: {encoding} with BOM");
            let line = bytes.split(|&b| b == b'\n').next().unwrap_or(b"");
            return self.source_error(&message, Some((line, 1, 0, line.len() as i64)));
        }
        match &*encoding {
            "utf-8" => match std::str::from_utf8(bytes) {
                Ok(s) => Ok(s.to_owned()),
                Err(e) => {
                    let at = e.valid_up_to();
                    let number = bytes[..at].iter().filter(|&&b| b == b'\n').count() as i64 + 1;
                    let start = bytes[..at].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
                    let line = bytes[start..].split(|&b| b == b'\n').next().unwrap_or(b"");
                    let message = format!(
                        "Non-UTF-8 code starting with '\\x{:02x}' on line {number}, but no encoding declared; \
                         see https://peps.python.org/pep-0263/ for details",
                        bytes.get(at).copied().unwrap_or(0)
                    );
                    let column = String::from_utf8_lossy(&bytes[start..at]).chars().count() as i64 + 1;
                    self.source_error(&message, Some((line, number, column, column)))
                }
            },
            "iso-8859-1" => Ok(bytes.iter().map(|&b| b as char).collect()),
            _ => self.decode_by_codec(bytes, &encoding, cookie.as_deref().unwrap_or(""), file),
        }
    }

    fn decode_by_codec(&mut self, bytes: &[u8], name: &str, cookie: &str, file: &Value) -> R<String> {
        let data = self.bytes(bytes);
        let codec = self.str(name);
        let key = self.intern("decode");
        let text = self.get_attr(&data, &key).and_then(|f| self.call(&f, &[codec], crate::object::Kw::NONE));
        let message = match text {
            Ok(v) if v.get::<Str>().is_some() => return Ok(v.as_::<Str>().as_str().to_owned()),
            Ok(_) => format!("encoding problem: {cookie}"),
            Err(_) => {
                let e = self.take_pending();
                if self.is_instance(&e, self.types.exception("LookupError")) {
                    format!("unknown encoding: {cookie}")
                } else {
                    format!("(unicode error) {}", self.str_string(&e)?)
                }
            }
        };
        let m = self.string(message);
        let (line, column) = (Value::small(0), Value::small(-1));
        let place = self.tuple(vec![file.clone(), line, column, Value::NONE]);
        Err(self.raise_type("SyntaxError", vec![m, place]))
    }

    /// `place`: bytes of the line, its number, column and end column.
    fn source_error<T>(&mut self, message: &str, place: Option<(&[u8], i64, i64, i64)>) -> R<T> {
        let m = self.str(message);
        let mut args = vec![m];
        if let Some((line, number, column, end)) = place {
            let text = self.string(String::from_utf8_lossy(line).into_owned());
            let n = Value::small;
            args.push(self.tuple(vec![Value::NONE, n(number), n(column), text, n(number), n(end)]));
        }
        Err(self.raise_type("SyntaxError", args))
    }

    /// Source as `compile`, `exec` and `eval` take it.
    pub fn source_text(&mut self, v: &Value, who: &str, or: &str, filename: &Value, flags: u32) -> R<String> {
        if let Some(s) = v.get::<Str>() {
            if let Some(text) = s.to_str() {
                if text.contains('\0') {
                    return self.fail("SyntaxError", "source code string cannot contain null bytes");
                }
                return Ok(text.to_owned());
            }
            return Err(self.surrogate_error(v));
        }
        let bytes = match v.is_kind(crate::object::Kind::Code) {
            true => None,
            false => self.bytes_like(v)?,
        };
        if let Some(b) = bytes {
            let bytes = b.to_vec();
            if bytes.contains(&0) {
                return self.fail("SyntaxError", "source code string cannot contain null bytes");
            }
            if flags & IGNORE_COOKIE != 0 {
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            return self.decode_source(&bytes, filename);
        }
        self.fail("TypeError", format!("{who} arg 1 must be a string, bytes or {or} object"))
    }

    /// UnicodeEncodeError for a str with a lone surrogate.
    fn surrogate_error(&mut self, v: &Value) -> Exc {
        let s = v.as_::<Str>();
        let at = s.code_points().position(|c| (0xd800..0xe000).contains(&c.to_u32())).unwrap_or(0) as i64;
        let (codec, why) = (self.intern("utf-8"), self.intern("surrogates not allowed"));
        let (from, to) = (Value::small(at), Value::small(at + 1));
        self.raise_type("UnicodeEncodeError", vec![codec, v.clone(), from, to, why])
    }

    /// The module `__main__`, made on first use.
    pub fn main_module(&mut self) -> Value {
        if let Some(m) = self.imported("__main__").filter(|m| m.get::<Module>().is_some()) {
            return m;
        }
        let m = self.module("__main__");
        let (key, b) = (self.intern("__builtins__"), self.imported("builtins").unwrap_or(Value::NONE));
        m.as_::<Module>().dict.as_::<Dict>().set_str(self, &key, b);
        self.set_imported("__main__", m.clone());
        m
    }

    /// Runs a code object with `globals` as both its globals and its names.
    pub fn exec_code(&mut self, code: &Value, globals: &Value) -> R<Value> {
        self.exec_code_in(code, globals, globals, Value::NONE)
    }

    /// Runs a code object. `names`: any mapping. `closure`: a tuple of cells or None.
    pub fn exec_code_in(&mut self, code: &Value, globals: &Value, names: &Value, closure: Value) -> R<Value> {
        let builtins = self.builtins_of(globals);
        let f = self.new_function(code, globals, &builtins, closure);
        self.run_function(&f, vec![], Some(names.clone()))
    }

    /// The builtins that code with these globals sees.
    pub fn builtins_of(&mut self, globals: &Value) -> Value {
        let key = self.intern("__builtins__");
        match globals.get::<Dict>().and_then(|d| d.get_str(&key)) {
            Some(b) if b.get::<Dict>().is_some() => b,
            Some(b) => match (b.get::<Module>(), b.native::<crate::types::descr::MappingProxy>()) {
                (Some(m), _) => m.dict.clone(),
                (_, Some(p)) if p.mapping.borrow().is_kind(crate::object::Kind::Dict) => {
                    p.mapping.borrow().clone()
                }
                _ => self.builtins.clone(),
            },
            None => self.builtins.clone(),
        }
    }
}

fn is_too_deep(compiled: &Result<CodeObject, CompileError>) -> bool {
    let Err(CompileError::Codegen(e)) = compiled else { return false };
    matches!(e.error, CodegenErrorType::RecursionError)
}

/// Compiles deeply nested source, on a stack of its own; None if there is no room for it.
fn deep(
    source: &str,
    mode: Mode,
    name: &str,
    mut options: CompileOpts,
    warned: &mut Vec<warn::Warning>,
) -> Option<Result<CodeObject, CompileError>> {
    options.recursion_limit = DEEP;
    let work = || {
        let mut keep = |place: SourceLocation, message: String| {
            warned.push(warn::Warning::at(place, message));
            Ok(())
        };
        compile_with_syntax_warning_handler(source, mode, name, options, &mut keep)
    };
    std::thread::scope(|s| {
        let thread = std::thread::Builder::new().stack_size(DEEP * STACK_PER_LEVEL).spawn_scoped(s, work);
        thread.ok()?.join().ok()
    })
}

/// Levels of nesting that are compiled, and the stack that one may take.
const DEEP: usize = 20_000;
const STACK_PER_LEVEL: usize = 48 << 10;

/// `\r\n` and `\r` are line ends too.
pub(crate) fn universal_newlines(source: &str) -> std::borrow::Cow<'_, str> {
    if source.contains('\r') {
        source.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        source.into()
    }
}

/// The encoding that a comment in the first two lines names (PEP 263).
fn coding_cookie(bytes: &[u8]) -> Option<String> {
    for line in bytes.split(|&b| b == b'\n').take(2) {
        let text = line.trim_ascii_start();
        if text.is_empty() || text == b"\r" {
            continue;
        }
        if text[0] != b'#' {
            return None;
        }
        let Some(at) = text.windows(6).position(|w| w == b"coding") else { continue };
        let rest = &text[at + 6..];
        let Some(rest) = rest.strip_prefix(b":").or(rest.strip_prefix(b"=")) else { continue };
        let rest = rest.trim_ascii_start();
        let ok = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let n = rest.iter().position(|b| !ok(b)).unwrap_or(rest.len());
        if n > 0 {
            return Some(String::from_utf8_lossy(&rest[..n]).into_owned());
        }
    }
    None
}

/// As the tokenizer normalises the two encodings it knows itself.
fn normal_name(name: &str) -> String {
    let n: String =
        name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    let is = |base: &str| n == base || n.strip_prefix(base).is_some_and(|r| r.starts_with('-'));
    if is("utf-8") {
        "utf-8".into()
    } else if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        "iso-8859-1".into()
    } else {
        name.to_owned()
    }
}
