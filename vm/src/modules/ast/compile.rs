//! Between source, trees and code objects: what `compile` does with syntax trees.

use super::{build, read};
use crate::code::Code;
use crate::compile::{Settings, Source, warn};
use crate::error::R;
use crate::object::Str;
use crate::value::Value;
use crate::vm::Vm;
use ruff_source_file::SourceFileBuilder;
use rustpython_compiler::codegen::compile::compile_top_with_syntax_warning_handler;
use rustpython_compiler::{CompileError, Mode, ast, parser};

/// CPython's parser gives up on deeper nesting.
const MAX_NESTING: usize = 6000;

fn mode_of(mode: &str) -> Mode {
    match mode {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    }
}

fn source_of(mode: &str) -> Source {
    match mode {
        "eval" => Source::Eval,
        "single" => Source::Single,
        _ => Source::Exec,
    }
}

/// The parser's tree of a text, with the errors that the compiler gives.
pub fn parse(source: &str, filename: &str, mode: &str) -> Result<ast::Mod, CompileError> {
    let file = SourceFileBuilder::new(filename, source).finish();
    rustpython_compiler::pre_parse_source_error(&file)?;
    let what = if mode == "eval" { parser::Mode::Expression } else { parser::Mode::Module };
    let parsed = parser::parse(source, parser::ParseOptions::from(what))
        .map_err(|e| CompileError::from_ruff_parse_error(e, &file, mode_of(mode)))?;
    rustpython_compiler::too_deeply_nested_error(parsed.syntax(), &file, MAX_NESTING)?;
    let tree = parsed.into_syntax();
    match rustpython_compiler::unsupported_grammar_error(&tree, &file) {
        Some(e) => Err(e),
        None => Ok(tree),
    }
}

impl Vm {
    /// `compile(source, filename, mode, PyCF_ONLY_AST)`; the mode is exec, eval or single.
    pub fn parse_to_tree(&mut self, source: &str, filename: &Value, mode: &str, with: Settings) -> R<Value> {
        let source = crate::compile::universal_newlines(source);
        let name = filename.get::<Str>().map_or("?", Str::as_str).to_owned();
        match parse(&source, &name, mode) {
            Ok(tree) => {
                let first = warn::of_tokens(&source);
                self.syntax_warnings(first, filename, &source)?;
                build::tree(self, &source, &name, &tree, mode == "single")
            }
            Err(e) => Err(self.raise_syntax_error(&source, filename, &e, Some(source_of(mode)), with)),
        }
    }
    /// `compile(tree, filename, mode)`.
    pub fn compile_tree(&mut self, tree: &Value, filename: &Value, mode: &str, with: Settings) -> R<Value> {
        let name = filename.get::<Str>().map_or("?", Str::as_str).to_owned();
        let (tree, file) = read::tree(self, tree, &name, mode)?;
        let options = self.compile_options(with);
        let mut warned = vec![];
        let mut keep = |place, message| {
            warned.push(warn::Warning::at(place, message));
            Ok(())
        };
        let compiled =
            compile_top_with_syntax_warning_handler(tree, file, mode_of(mode), options, Some(&mut keep));
        self.syntax_warnings(warned, filename, "")?;
        match compiled {
            Ok(code) => Code::from_compiled(self, &code, filename),
            Err(e) => Err(self.raise_syntax_error("", filename, &CompileError::Codegen(e), None, with)),
        }
    }
    /// A tree is validated, as `compile` does it before it hands a tree back.
    pub fn check_tree(&mut self, tree: &Value, mode: &str) -> R {
        read::tree(self, tree, "?", mode).map(drop)
    }
}
