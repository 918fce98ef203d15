//! The interactive prompt: lines are read until they make a statement, which is run in `__main__`.
//!
//! On a terminal, lines are edited by `rustyline`, with a history in `~/.seriema_history`; other input is read
//! line by line, without prompts. What is incomplete is the compiler's to say; a compound statement ends with
//! an empty line, as in CPython.

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use seriema::vm::compile::{ALLOW_INCOMPLETE, DONT_IMPLY_DEDENT, Settings, Source};
use seriema::vm::object::{Kind, Module};
use seriema::{Error, Python};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// Words that begin a statement with a body.
const COMPOUND: &[&str] = &["if", "for", "while", "def", "class", "with", "try", "async", "match", "@"];

/// Where lines come from.
enum Input {
    Terminal(Box<Editor<(), FileHistory>>, Option<PathBuf>),
    Stream(std::io::StdinLock<'static>),
}

/// What reading a line came to.
enum Line {
    Text(String),
    /// Ctrl-C: the statement under way is forgotten.
    Interrupted,
    End,
}

impl Input {
    fn new() -> Result<Input, Error> {
        if !std::io::stdin().is_terminal() {
            return Ok(Input::Stream(std::io::stdin().lock()));
        }
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::with_config(config).map_err(|e| Error::Io(std::io::Error::other(e)))?;
        let file = std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".seriema_history"));
        if let Some(f) = &file {
            // There is none the first time.
            let _ = editor.load_history(f);
        }
        Ok(Input::Terminal(Box::new(editor), file))
    }
    fn read(&mut self, prompt: &str) -> Result<Line, Error> {
        match self {
            Input::Terminal(editor, _) => match editor.readline(prompt) {
                Ok(line) => Ok(Line::Text(line)),
                Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                Err(ReadlineError::Eof) => Ok(Line::End),
                Err(e) => Err(Error::Io(std::io::Error::other(e))),
            },
            Input::Stream(s) => {
                let mut line = String::new();
                let n = s.read_line(&mut line).map_err(Error::Io)?;
                let end = if line.ends_with('\n') { line.len() - 1 } else { line.len() };
                line.truncate(end);
                Ok(if n == 0 { Line::End } else { Line::Text(line) })
            }
        }
    }
}

/// Runs the prompt until the input ends or SystemExit; answers the exit code. `report` shows an uncaught
/// exception, and answers the exit code of SystemExit.
pub fn run(py: &mut Python, mut report: impl FnMut(&mut Python, Error) -> i32) -> i32 {
    let mut input = match Input::new() {
        Ok(i) => i,
        Err(e) => return report(py, e),
    };
    if matches!(input, Input::Terminal(..)) {
        eprintln!("Seriema {} (Python 3.14). Ctrl-D ends.", env!("CARGO_PKG_VERSION"));
    }
    for (name, text) in [("ps1", ">>> "), ("ps2", "... ")] {
        let text = py.str(text);
        py.vm().set_sys_attribute(name, text);
    }
    let mut lines: Vec<String> = vec![];
    let code = loop {
        let prompt = prompt(py, if lines.is_empty() { "ps1" } else { "ps2" });
        match input.read(&prompt) {
            Ok(Line::Text(line)) => lines.push(line),
            Ok(Line::Interrupted) => {
                eprintln!("KeyboardInterrupt");
                lines.clear();
                continue;
            }
            Ok(Line::End) if lines.is_empty() => break 0,
            // What has been read may be a statement without its last empty line.
            Ok(Line::End) => lines.push(String::new()),
            Err(e) => break report(py, e),
        }
        if lines.len() == 1 && lines[0].trim().is_empty() {
            lines.clear();
            continue;
        }
        match statement(py, &lines) {
            Step::More => {}
            Step::Done(Ok(())) => lines.clear(),
            Step::Done(Err(e)) => {
                lines.clear();
                let exit = matches!(&e, Error::Python { class, .. } if class == "SystemExit");
                let code = report(py, e);
                if exit {
                    break code;
                }
            }
        }
        py.flush();
    };
    if let Input::Terminal(editor, Some(file)) = &mut input {
        // A history that cannot be written is no reason to fail.
        let _ = editor.save_history(file);
        eprintln!();
    }
    code
}

fn prompt(py: &mut Python, name: &str) -> String {
    let v = py.vm().sys_attribute(name);
    v.and_then(|v| py.vm().str_string(&v).ok()).unwrap_or_default()
}

enum Step {
    More,
    Done(Result<(), Error>),
}

/// Runs the lines if they make a whole statement.
fn statement(py: &mut Python, lines: &[String]) -> Step {
    let first = lines[0].trim_start();
    let compound = first.starts_with('@')
        || COMPOUND.iter().any(|w| {
            first
                .strip_prefix(w)
                .is_some_and(|rest| rest.starts_with([' ', ':', '\t', '(']) || rest.is_empty())
        });
    let ended = lines.last().is_some_and(|l| l.trim().is_empty());
    let source = lines.join("\n") + "\n";
    let file = py.str("<stdin>");
    let flags = ALLOW_INCOMPLETE | DONT_IMPLY_DEDENT;
    let compiled = py.vm().compile_text(&source, &file, Source::Single, Settings { flags, optimize: 0 });
    let code = match compiled {
        Ok(_) if compound && !ended => return Step::More,
        Ok(code) => code,
        Err(_) => {
            let e = py.take_error();
            let incomplete = matches!(&e, Error::Python { class, .. } if class == "_IncompleteInputError");
            let more = incomplete && !(ended && compound && lines.len() > 1 && !open(&source));
            return if more { Step::More } else { Step::Done(Err(e)) };
        }
    };
    let main = py.vm().main_module();
    debug_assert!(main.is_kind(Kind::Module));
    let globals = main.as_::<Module>().dict.clone();
    let r = py.vm().exec_code(&code, &globals).map(drop);
    Step::Done(r.map_err(|_| py.take_error()))
}

/// Does the text end inside brackets or a long string? (Roughly: quotes are counted, not read.)
fn open(source: &str) -> bool {
    let brackets: i32 = source
        .chars()
        .map(|c| match c {
            '(' | '[' | '{' => 1,
            ')' | ']' | '}' => -1,
            _ => 0,
        })
        .sum();
    brackets > 0 || source.matches("\"\"\"").count() % 2 == 1 || source.matches("'''").count() % 2 == 1
}
