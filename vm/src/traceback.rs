//! Tracebacks as CPython prints an uncaught exception.

use crate::code::Code;
use crate::object::{Exception, Kind, Str, Traceback};
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// The text of `Traceback (most recent call last): ...` for an exception, its causes and contexts first.
    pub fn format_exception(&mut self, e: &Value) -> String {
        let mut out = String::new();
        let mut seen = vec![];
        self.format_chain(e, &mut out, &mut seen);
        out
    }

    fn format_chain(&mut self, e: &Value, out: &mut String, seen: &mut Vec<Value>) {
        if seen.iter().any(|s| s.is(e)) || seen.len() > 100 {
            return;
        }
        seen.push(e.clone());
        let x = e.as_::<Exception>();
        let (cause, context) = (x.cause.borrow().clone(), x.context.borrow().clone());
        if cause.is_kind(Kind::Exception) {
            self.format_chain(&cause, out, seen);
            out.push_str("\nThe above exception was the direct cause of the following exception:\n\n");
        } else if context.is_kind(Kind::Exception) && !x.suppress_context.get() {
            self.format_chain(&context, out, seen);
            out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n");
        }
        let tb = x.traceback.borrow().clone();
        if tb.is_kind(Kind::Traceback) {
            out.push_str("Traceback (most recent call last):\n");
            self.format_frames(tb, out);
        }
        self.format_syntax_place(e, out);
        let line = self.exception_line(e);
        out.push_str(&line);
    }

    /// More than three visits of one line in a row are counted, not shown.
    fn format_frames(&self, first: Value, out: &mut String) {
        let (mut last, mut repeated) = (None, 0);
        let mut at = first;
        while let Some(t) = at.get::<Traceback>() {
            let key = (t.code.word(), t.line.get());
            if last == Some(key) {
                repeated += 1;
            } else {
                finish_repeats(out, repeated);
                (last, repeated) = (Some(key), 0);
            }
            if repeated < 3 {
                format_frame(t, out);
            }
            let next = t.next.borrow().clone();
            at = next;
        }
        finish_repeats(out, repeated);
    }

    /// `Class: message` and the notes' place.
    fn exception_line(&mut self, e: &Value) -> String {
        let class = self.type_name(e);
        let text = match self.syntax_place(e) {
            Some((message, ..)) => message,
            None => self.str_string(e).unwrap_or_else(|_| {
                drop(self.take_pending());
                "<exception str() failed>".to_owned()
            }),
        };
        if text.is_empty() { format!("{class}\n") } else { format!("{class}: {text}\n") }
    }

    /// Of a SyntaxError: message, file, line, column, text.
    fn syntax_place(&self, e: &Value) -> Option<(String, String, i64, i64, String)> {
        if !self.is_instance(e, self.types.exception("SyntaxError")) {
            return None;
        }
        let args = e.as_::<Exception>().args.borrow().clone();
        let args = args.get::<crate::object::Tuple>()?.as_slice().to_vec();
        let place = args.get(1)?.get::<crate::object::Tuple>()?.as_slice().to_vec();
        let text = |v: &Value| v.get::<Str>().map(|s| s.as_str().to_owned());
        Some((
            text(args.first()?)?,
            text(place.first()?)?,
            place.get(1)?.word().int(),
            place.get(2)?.word().int(),
            text(place.get(3)?)?,
        ))
    }
    fn format_syntax_place(&mut self, e: &Value, out: &mut String) {
        let Some((_, file, line, column, text)) = self.syntax_place(e) else { return };
        out.push_str(&format!("  File \"{file}\", line {line}\n"));
        let shown = text.trim_end();
        let stripped = shown.trim_start();
        if stripped.is_empty() {
            return;
        }
        let indent = (shown.chars().count() - stripped.chars().count()) as i64;
        let caret = (column - 1 - indent).max(0) as usize;
        out.push_str(&format!("    {stripped}\n    {}^\n", " ".repeat(caret)));
    }
}

fn finish_repeats(out: &mut String, repeated: usize) {
    if repeated >= 3 {
        let n = repeated - 2;
        let s = if n == 1 { "" } else { "s" };
        out.push_str(&format!("  [Previous line repeated {n} more time{s}]\n"));
    }
}

fn format_frame(t: &Traceback, out: &mut String) {
    let code = t.code.as_::<Code>();
    let file = code.filename();
    let file = file.as_::<Str>().as_str();
    let line = t.line.get();
    out.push_str(&format!("  File \"{file}\", line {line}, in {}\n", code.name.as_::<Str>().as_str()));
    let Some(source) = source_line(file, line) else { return };
    let stripped = source.trim();
    if stripped.is_empty() {
        return;
    }
    out.push_str(&format!("    {stripped}\n"));
    let indent = source.chars().count() - source.trim_start().chars().count();
    if let Some((start, end)) = code.columns(t.lasti as usize / 2) {
        out.push_str(&carets(&source, indent, start, end));
    }
}

fn source_line(file: &str, line: i32) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?).map(str::to_owned)
}

/// The marker line under a source line, unless it would underline all of it.
fn carets(source: &str, indent: usize, start: usize, end: usize) -> String {
    let text: Vec<char> = source.chars().collect();
    let at = |byte: usize| source.get(..byte).map_or(text.len(), |s| s.chars().count());
    let (start, end) = (at(start), at(end.min(source.len())));
    if start < indent || end <= start {
        return String::new();
    }
    let segment: String = text[start..end].iter().collect();
    let whole = start == indent && end >= source.trim_end().chars().count();
    if is_plain_call(source.trim(), start - indent, end - indent) {
        return String::new();
    }
    match anchors(&segment) {
        Some((a, b)) => {
            let marks: String = (0..end - start).map(|i| if i >= a && i < b { '^' } else { '~' }).collect();
            format!("    {}{marks}\n", " ".repeat(start - indent))
        }
        None if whole => String::new(),
        None => format!("    {}{}\n", " ".repeat(start - indent), "^".repeat(end - start)),
    }
}

/// `return f(...)` or `x = f(...)`, the call being what is marked: the line says it all.
fn is_plain_call(line: &str, start: usize, end: usize) -> bool {
    use ruff_text_size::Ranged;
    use rustpython_compiler::ast::{Expr, Stmt};
    let Ok(parsed) = rustpython_compiler::parser::parse_module(&format!("def f():\n {line}")) else {
        return false;
    };
    let [Stmt::FunctionDef(f)] = parsed.syntax().body.as_slice() else { return false };
    let call = match f.body.as_slice() {
        [Stmt::Return(r)] => match r.value.as_deref() {
            Some(Expr::Call(c)) if matches!(*c.func, Expr::Name(_)) => c,
            _ => return false,
        },
        [Stmt::Assign(a)] => match &*a.value {
            Expr::Call(c) => c,
            _ => return false,
        },
        _ => return false,
    };
    let column = |offset: usize| line[..offset - "def f():\n ".len()].chars().count();
    column(call.start().to_usize()) == start && column(call.end().to_usize()) == end
}

/// What to point at inside an expression: the operator of a binary operation, the brackets of a subscript or
/// call. Found by parsing the segment, as CPython does.
fn anchors(segment: &str) -> Option<(usize, usize)> {
    use ruff_text_size::Ranged;
    use rustpython_compiler::ast::{Expr, Stmt};
    let parsed = rustpython_compiler::parser::parse_module(segment).ok()?;
    let [Stmt::Expr(statement)] = parsed.syntax().body.as_slice() else { return None };
    let chars = |byte: usize| segment[..byte].chars().count();
    match &*statement.value {
        Expr::BinOp(b) => {
            let (from, to) = (b.left.end().to_usize(), b.right.start().to_usize());
            let between = segment.get(from..to)?;
            let skip = between.find(|c: char| !c.is_whitespace() && c != ')')?;
            let operator = &between[skip..];
            let width = if operator.len() > 1
                && !operator[1..2].contains(char::is_whitespace)
                && operator.as_bytes()[1] != b'('
            {
                2
            } else {
                1
            };
            let a = chars(from + skip);
            Some((a, a + width))
        }
        Expr::Subscript(s) => Some((chars(s.value.end().to_usize()), chars(segment.len()))),
        Expr::Call(c) => Some((chars(c.func.end().to_usize()), chars(segment.len()))),
        _ => None,
    }
}
