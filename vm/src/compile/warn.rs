//! SyntaxWarnings: those of the tokens (escapes, numbers that run into a keyword) are found here, the others by
//! the compiler. All are issued through the module `warnings`, the tokens' first; a filter that says `error`
//! turns one into a SyntaxError.

use super::token::{self as t, Report, Tokens};
use crate::error::R;
use crate::value::Value;
use crate::vm::Vm;
use ruff_source_file::SourceLocation;
use ruff_text_size::Ranged;
use rustpython_compiler::ast::visitor::{Visitor, walk_expr, walk_stmt};
use rustpython_compiler::{ast, parser};

/// A warning, and the error it may become (without a class: the place is known, the text is not).
pub struct Warning {
    pub line: u32,
    pub message: String,
    pub error: Report,
}

/// The compiler says where something begins, not where it ends.
const UNKNOWN: i64 = i64::MIN;

/// Where that ends of which a warning of the compiler gives the beginning: line, column from 1.
fn end_of(source: &str, report: &Report) -> (u32, i64) {
    struct Finder<'s> {
        source: &'s str,
        at: usize,
        message: &'s str,
        found: Option<usize>,
    }
    impl<'a> Visitor<'a> for Finder<'_> {
        fn visit_stmt(&mut self, s: &'a ast::Stmt) {
            let fits = self.message.ends_with("'finally' block") || self.message.starts_with("assertion");
            if fits && s.range().start().to_usize() == self.at && !s.is_expr_stmt() {
                self.found = Some(s.range().end().to_usize());
            }
            walk_stmt(self, s);
        }
        fn visit_expr(&mut self, e: &'a ast::Expr) {
            let part = match e {
                ast::Expr::Compare(_) if self.message.starts_with("\"is") => Some(e.range()),
                ast::Expr::Call(c) if self.message.contains("callable") => Some(c.func.range()),
                ast::Expr::Subscript(s) if self.message.contains("missed") => Some(s.value.range()),
                _ => None,
            };
            if let Some(r) = part
                && r.start().to_usize() == self.at
            {
                self.found = Some(r.end().to_usize());
            }
            walk_expr(self, e);
        }
    }
    let nothing = (report.line, report.column);
    let line = source.split_inclusive('\n').take((report.line as usize).saturating_sub(1));
    let begin: usize = line.map(str::len).sum();
    let column = usize::try_from(report.column - 1).unwrap_or(0);
    let Ok(tree) = parser::parse(source, parser::ParseOptions::from(parser::Mode::Module)) else {
        return nothing;
    };
    // The compiler counts bytes here.
    let mut f = Finder { source, at: begin + column, message: &report.message, found: None };
    match tree.syntax() {
        ast::Mod::Module(m) => f.visit_body(&m.body),
        ast::Mod::Expression(e) => f.visit_expr(&e.body),
    }
    let Some(before) = f.found.and_then(|n| f.source.get(..n)) else { return nothing };
    let begin = before.rfind('\n').map_or(0, |n| n + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count() as u32 + 1;
    (line, before[begin..].chars().count() as i64 + 1)
}

impl Warning {
    /// What the compiler warns about.
    pub fn at(place: SourceLocation, message: String) -> Warning {
        let (line, column) = (place.line.get() as u32, place.character_offset.get() as i64);
        let error = Report {
            class: "SyntaxError",
            message: message.clone(),
            line,
            column,
            end_line: line,
            end_column: UNKNOWN,
            text: None,
        };
        Warning { line, message, error }
    }
}

const KEYWORDS: [&[u8]; 8] = [b"and", b"else", b"for", b"if", b"in", b"is", b"or", b"not"];

/// Whether a text may hold something to warn about: a quick look that errs on this side.
fn is_suspicious(s: &[u8]) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut i = 0;
    while i < s.len() {
        let b = s[i];
        if b == b'\\' {
            let next = s.get(i + 1).copied().unwrap_or(0);
            if !b"\n\\'\"abfnrtvxuUN01237".contains(&next) {
                return true;
            }
            // An octal escape may be too large, and bytes have fewer escapes.
            if b"uUN4567".contains(&next) || next.is_ascii_digit() {
                return true;
            }
            i += 2;
        } else if b.is_ascii_digit() {
            let from = i;
            while i < s.len() && (word(s[i]) || s[i] == b'.') {
                i += 1;
            }
            if KEYWORDS.iter().any(|k| s[from..i].ends_with(k)) {
                return true;
            }
        } else if word(b) {
            while i < s.len() && word(s[i]) {
                i += 1;
            }
        } else {
            i += 1;
        }
    }
    false
}

/// Whether some line is indented so far that it may be too many levels.
pub fn has_deep_indents(s: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', s).any(|i| {
        let rest = &s[i + 1..];
        rest.len() > 100 && rest[..100].iter().all(|b| matches!(b, b' ' | b'\t'))
    })
}

/// The first escape in `body` that means nothing: its place and its text without the backslash.
fn bad_escape(body: &str, bytes: bool) -> Option<(usize, &str)> {
    let b = body.as_bytes();
    let mut i = 0;
    while let Some(n) = memchr::memchr(b'\\', &b[i..]) {
        let at = i + n;
        let c = *b.get(at + 1)?;
        match c {
            b'4'..=b'7'
                if b.get(at + 2..at + 4).is_some_and(|d| d.iter().all(|d| (b'0'..=b'7').contains(d))) =>
            {
                return Some((at, &body[at + 1..at + 4]));
            }
            b'\n' | b'\\' | b'\'' | b'"' | b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'x' => {}
            b'0'..=b'7' => {}
            b'u' | b'U' | b'N' if !bytes => {}
            // Of a character beyond ASCII nothing is said.
            128.. => {}
            _ => return Some((at, &body[at + 1..at + 2])),
        }
        i = at + 2;
    }
    None
}

fn escape_message(escape: &str) -> String {
    let octal = if escape.len() == 3 && escape.as_bytes()[0].is_ascii_digit() { "octal " } else { "" };
    format!(
        "\"\\{escape}\" is an invalid {octal}escape sequence. Such sequences will not work in the future. \
         Did you mean \"\\\\{escape}\"? A raw string is also an option."
    )
}

/// What the tokens of a text that has parsed give reason to warn about.
pub fn of_tokens(text: &str) -> Vec<Warning> {
    let mut out = vec![];
    if !is_suspicious(text.as_bytes()) {
        return out;
    }
    let mut tokens = Tokens::new(text, false);
    // Of the strings with fields that are open: whether they are raw.
    let mut raw: Vec<bool> = vec![];
    loop {
        let token = tokens.next();
        let s = text.get(token.from..token.to).unwrap_or("");
        let mut warn = |at: usize, length: i64, message: String| {
            let line = token.line + s[..at].bytes().filter(|&b| b == b'\n').count() as u32;
            let begin = text[..token.from + at].rfind('\n').map_or(0, |n| n + 1);
            let column = text[begin..token.from + at].chars().count() as i64 + i64::from(length > 0);
            let error = Report {
                class: "SyntaxError",
                message: message.replace("Such sequences will not work in the future. ", ""),
                line,
                column,
                end_line: line,
                end_column: column + length,
                text: None,
            };
            out.push(Warning { line, message, error });
        };
        match token.kind {
            t::END | t::ERROR => return out,
            t::STRING if s.contains('\\') => {
                let quote = s.find(['"', '\'']).unwrap_or(0);
                let has = |c: char| s[..quote].chars().any(|p| p.eq_ignore_ascii_case(&c));
                if !has('r')
                    && let Some((at, escape)) = bad_escape(&s[quote..], has('b'))
                {
                    warn(quote + at, 2, escape_message(escape));
                }
            }
            t::FSTRING_START | t::TSTRING_START => raw.push(s.contains(['r', 'R'])),
            t::FSTRING_END | t::TSTRING_END => drop(raw.pop()),
            t::FSTRING_MIDDLE | t::TSTRING_MIDDLE if s.contains('\\') && raw.last() == Some(&false) => {
                // A brace behind a backslash may be the token's end.
                let b = text.as_bytes();
                let mut i = token.from;
                while i < token.to {
                    if b[i] == b'\\' {
                        if let Some(b'{' | b'}') = b.get(i + 1) {
                            warn(i - token.from, 2, escape_message(&text[i + 1..i + 2]));
                        }
                        i += 1;
                    }
                    i += 1;
                }
                if let Some((at, escape)) = bad_escape(s, false)
                    && !matches!(escape, "{" | "}")
                {
                    warn(at, 2, escape_message(escape));
                }
            }
            t::NUMBER => {
                let next = text.as_bytes().get(token.to).copied().unwrap_or(0);
                if next.is_ascii_alphabetic() {
                    let lower = s.to_ascii_lowercase();
                    let kind = match lower.as_bytes() {
                        [b'0', b'x', ..] => "hexadecimal",
                        [b'0', b'o', ..] => "octal",
                        [b'0', b'b', ..] => "binary",
                        [.., b'j'] => "imaginary",
                        _ => "decimal",
                    };
                    warn(s.len(), 0, format!("invalid {kind} literal"));
                }
            }
            _ => {}
        }
    }
}

impl Vm {
    /// Issues warnings of a file.
    pub(crate) fn syntax_warnings(&mut self, all: Vec<Warning>, file: &Value, source: &str) -> R {
        for w in all {
            if self.warn_at("SyntaxWarning", &w.message, file, i64::from(w.line)).is_ok() {
                continue;
            }
            let e = self.take_pending();
            if !self.is_instance(&e, self.types.exception("SyntaxWarning")) {
                return Err(self.set_pending(e));
            }
            let mut error = w.error;
            if error.end_column == UNKNOWN {
                (error.end_line, error.end_column) = end_of(source, &error);
            }
            if error.text.is_none() {
                let line = source.split_inclusive('\n').nth((error.line as usize).wrapping_sub(1));
                error.text = line.map(str::to_owned);
            }
            return Err(self.raise_report(&error, file, (0, 0), source));
        }
        Ok(())
    }
}
