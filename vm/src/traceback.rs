//! Tracebacks as CPython prints an uncaught exception: causes and contexts first, groups as trees in boxes,
//! notes and suggestions behind the message; and what happens to exceptions nobody catches.
//!
//! Python code that runs on the way (a `__str__`, a hook) may fail: that is said in the text, never raised.

use crate::code::Code;
use crate::error::R;
use crate::object::{Exception, Kind, Kw, List, Str, Traceback, Tuple};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;

/// Exceptions of a group that are shown, and groups within groups.
const GROUP_WIDTH: usize = 15;
const GROUP_DEPTH: usize = 10;
/// Longest chain of causes and contexts.
const MAX_CHAIN: usize = 1000;

/// The text under way.
#[derive(Default)]
struct Printer {
    out: String,
    /// Groups around what is being shown.
    depth: usize,
    need_close: bool,
    /// Exceptions that are in the text already.
    seen: Vec<Value>,
    /// `sys.tracebacklimit`
    limit: Option<i64>,
}

impl Printer {
    fn indent(&self) -> String {
        " ".repeat(2 * self.depth)
    }
    /// Adds lines, each behind the bars of the groups it is in.
    fn emit(&mut self, text: &str, margin: char) {
        if self.depth == 0 {
            self.out.push_str(text);
            return;
        }
        let front = format!("{}{margin} ", self.indent());
        for line in text.split_inclusive('\n') {
            self.out.push_str(&front);
            self.out.push_str(line);
        }
    }
    fn frames(&self, tb: &Value, vm: &mut Vm) -> Option<String> {
        if !tb.is_kind(Kind::Traceback) || self.limit.is_some_and(|n| n <= 0) {
            return None;
        }
        let mut text = String::new();
        vm.format_frames(tb.clone(), self.limit, true, &mut text);
        Some(text)
    }
}

enum Link {
    None,
    Cause,
    Context,
}

impl Vm {
    /// The text of `Traceback (most recent call last): ...` for an exception, its causes and contexts first.
    pub fn format_exception(&mut self, e: &Value) -> String {
        let saved = self.save_raising();
        let limit = self.sys_attribute("tracebacklimit").and_then(|v| Num::int_of(&v).map(Num::clamp_i64));
        let mut p = Printer { limit, ..Printer::default() };
        self.format_chain(e, &mut p);
        self.restore_raising(saved);
        p.out
    }

    /// The plainer text for exceptions that nobody can catch: no marks, no chain, no notes.
    pub(crate) fn format_unraisable(&mut self, e: &Value) -> String {
        let saved = self.save_raising();
        let mut out = String::new();
        let tb = e.as_::<Exception>().traceback.borrow().clone();
        if tb.is_kind(Kind::Traceback) {
            out.push_str("Traceback (most recent call last):\n");
            self.format_frames(tb, None, false, &mut out);
        }
        let (class, text) = (self.exception_class(e), self.safe_text(e, "exception", false));
        out += &if text.is_empty() { format!("{class}\n") } else { format!("{class}: {text}\n") };
        self.restore_raising(saved);
        out
    }

    fn format_chain(&mut self, e: &Value, p: &mut Printer) {
        let mut chain = vec![];
        let mut at = e.clone();
        p.seen.push(at.clone());
        while chain.len() < MAX_CHAIN {
            let x = at.as_::<Exception>();
            let (cause, context) = (x.cause.borrow().clone(), x.context.borrow().clone());
            let suppressed = x.suppress_context.get();
            let fresh = |v: &Value| v.is_kind(Kind::Exception) && !p.seen.iter().any(|s| s.is(v));
            let (link, next) = match () {
                _ if fresh(&cause) => (Link::Cause, cause),
                _ if !suppressed && fresh(&context) => (Link::Context, context),
                _ => (Link::None, Value::NONE),
            };
            chain.push((link, at));
            if next.is_none() {
                break;
            }
            p.seen.push(next.clone());
            at = next;
        }
        for (link, e) in chain.into_iter().rev() {
            match link {
                Link::Cause => {
                    p.emit("\nThe above exception was the direct cause of the following exception:\n\n", '|')
                }
                Link::Context => {
                    p.emit("\nDuring handling of the above exception, another exception occurred:\n\n", '|')
                }
                Link::None => {}
            }
            self.format_one(&e, p);
        }
    }

    fn format_one(&mut self, e: &Value, p: &mut Printer) {
        let tb = e.as_::<Exception>().traceback.borrow().clone();
        if !self.is_group(e) {
            if let Some(frames) = p.frames(&tb, self) {
                p.emit("Traceback (most recent call last):\n", '|');
                p.emit(&frames, '|');
            }
            let text = self.exception_only(e);
            p.emit(&text, '|');
            return;
        }
        if p.depth > GROUP_DEPTH {
            p.emit(&format!("... (max_group_depth is {GROUP_DEPTH})\n"), '|');
            return;
        }
        let top = p.depth == 0;
        p.depth += top as usize;
        if let Some(frames) = p.frames(&tb, self) {
            let margin = if top { '+' } else { '|' };
            p.emit("Exception Group Traceback (most recent call last):\n", margin);
            p.emit(&frames, '|');
        }
        let text = self.exception_only(e);
        p.emit(&text, '|');
        let items = self.group_parts(e).1;
        let shown = items.len().min(GROUP_WIDTH + 1);
        p.need_close = false;
        for (i, item) in items[..shown].iter().enumerate() {
            let last = i + 1 == shown;
            if last {
                p.need_close = true;
            }
            let truncated = i >= GROUP_WIDTH;
            let title = if truncated { "...".to_owned() } else { (i + 1).to_string() };
            let corner = if i == 0 { "+-" } else { "  " };
            let line = format!("{}{corner}+---------------- {title} ----------------\n", p.indent());
            p.out.push_str(&line);
            p.depth += 1;
            if truncated {
                let more = items.len() - GROUP_WIDTH;
                let s = if more > 1 { "s" } else { "" };
                p.emit(&format!("and {more} more exception{s}\n"), '|');
            } else {
                self.format_chain(item, p);
            }
            if last && p.need_close {
                let line = format!("{}+------------------------------------\n", p.indent());
                p.out.push_str(&line);
                p.need_close = false;
            }
            p.depth -= 1;
        }
        p.depth -= top as usize;
    }

    /// More than three visits of one line in a row are counted, not shown. A limit leaves the last entries.
    fn format_frames(&mut self, first: Value, limit: Option<i64>, marks: bool, out: &mut String) {
        let mut all = vec![];
        let mut at = first;
        while let Some(t) = at.get::<Traceback>() {
            let next = t.next.borrow().clone();
            all.push(std::mem::replace(&mut at, next));
        }
        if let Some(n) = limit.and_then(|n| usize::try_from(n).ok()) {
            all.drain(..all.len().saturating_sub(n));
        }
        let (mut last, mut repeated) = (None, 0);
        for at in &all {
            let t = at.as_::<Traceback>();
            let key = (t.code.word(), t.line());
            if last == Some(key) {
                repeated += 1;
            } else {
                finish_repeats(out, repeated);
                (last, repeated) = (Some(key), 0);
            }
            if repeated < 3 {
                self.format_frame(t, marks, out);
            }
        }
        finish_repeats(out, repeated);
    }

    /// `str(v)` (or its repr), or what says that this failed.
    fn safe_text(&mut self, v: &Value, what: &str, repr: bool) -> String {
        let r = if repr { self.repr_string(v) } else { self.str_string(v) };
        r.unwrap_or_else(|_| {
            drop(self.take_pending());
            format!("<{what} {}() failed>", if repr { "repr" } else { "str" })
        })
    }
    /// An attribute, if asking for it works.
    fn quiet_attribute(&mut self, v: &Value, name: &str) -> Option<Value> {
        match self.get_attr_str_opt(v, name) {
            Ok(v) => v,
            Err(_) => {
                drop(self.take_pending());
                None
            }
        }
    }

    /// `module.Class`; of builtins and of the script only the class.
    fn exception_class(&mut self, e: &Value) -> String {
        let class = self.type_of(e).clone();
        let name = self.qualname_of(&class);
        match self.quiet_attribute(&class, "__module__") {
            Some(m) => match m.get::<Str>().map(Str::as_str) {
                Some("__main__" | "builtins") => name,
                Some(m) => format!("{m}.{name}"),
                None => format!("<unknown>.{name}"),
            },
            None => name,
        }
    }

    /// `Class: message` and the notes; of a SyntaxError first the place.
    fn exception_only(&mut self, e: &Value) -> String {
        let class = self.exception_class(e);
        let mut out = String::new();
        if self.is_instance(e, self.types.exception("SyntaxError")) {
            self.format_syntax_error(e, &class, &mut out);
        } else {
            let mut text = self.safe_text(e, "exception", false);
            text += &self.suggestion(e);
            out = if text.is_empty() { format!("{class}\n") } else { format!("{class}: {text}\n") };
        }
        let Some(notes) = self.quiet_attribute(e, "__notes__").filter(|n| !n.is_none()) else { return out };
        let items = match (notes.get::<List>(), notes.get::<Tuple>()) {
            (Some(l), _) => l.as_slice().to_vec(),
            (_, Some(t)) => t.as_slice().to_vec(),
            _ => {
                out += &self.safe_text(&notes, "__notes__", true);
                out.push('\n');
                return out;
            }
        };
        for note in items {
            out += &self.safe_text(&note, "note", false);
            out.push('\n');
        }
        out
    }

    fn format_syntax_error(&mut self, e: &Value, class: &str, out: &mut String) {
        let field = |name: &str| self.exception_field(e, name).unwrap_or(Value::NONE);
        let (message, file, line) = (field("msg"), field("filename"), field("lineno"));
        let (text, offset) = (field("text"), field("offset"));
        let (end_line, end_offset) = (field("end_lineno"), field("end_offset"));
        let mut suffix = String::new();
        if !line.is_none() {
            let file = if file.is_none() { "<string>".to_owned() } else { self.safe_text(&file, "", false) };
            let shown = self.safe_text(&line, "", false);
            out.push_str(&format!("  File \"{file}\", line {shown}\n"));
        } else if !file.is_none() {
            suffix = format!(" ({})", self.safe_text(&file, "", false));
        }
        if let Some(text) = text.get::<Str>() {
            let length = text.as_str().chars().count() as i64;
            let whole = text.as_str().trim_end_matches('\n');
            let shown = whole.trim_start_matches([' ', '\n', '\x0c']);
            let whole_length = whole.chars().count() as i64;
            let spaces = whole_length - shown.chars().count() as i64;
            let int = |v: &Value| Num::int_of(v).map(Num::clamp_i64);
            if offset.is_none() {
                out.push_str(&format!("    {shown}\n"));
            } else if let Some(mut from) = int(&offset) {
                let same = line.is(&end_line) || int(&line).is_some() && int(&line) == int(&end_line);
                let mut to = match int(&end_offset) {
                    _ if !same => whole_length + 1,
                    Some(n) if n != 0 => n,
                    _ => from,
                };
                if length > 0 && from > length {
                    from = whole_length + 1;
                }
                if length > 0 && to > length {
                    to = whole_length + 1;
                }
                if from >= to || to < 0 {
                    to = from.saturating_add(1);
                }
                let column = from.saturating_sub(1).saturating_sub(spaces);
                out.push_str(&format!("    {shown}\n"));
                if column >= 0 {
                    let space = |c: char| if c.is_whitespace() { c } else { ' ' };
                    let front: String = shown.chars().take(column as usize).map(space).collect();
                    let n = to.saturating_sub(from).clamp(0, 10_000) as usize;
                    out.push_str(&format!("    {front}{}\n", "^".repeat(n)));
                }
            }
        }
        let message = match self.truthy(&message) {
            Ok(true) => self.safe_text(&message, "exception", false),
            _ => {
                drop(self.pending.take());
                "<no detail available>".to_owned()
            }
        };
        out.push_str(&format!("{class}: {message}{suffix}\n"));
    }

    // ---- what nobody catches

    /// The end of a program by an exception: its exit status. `sys.excepthook` tells of the exception.
    pub fn uncaught(&mut self, e: &Value) -> u8 {
        if self.is_instance(e, self.types.exception("SystemExit")) {
            return self.exit_status(e);
        }
        let parts = vec![self.type_of(e).clone(), e.clone(), e.as_::<Exception>().traceback.borrow().clone()];
        let sys = self.sys_module.clone();
        let names = ["last_type", "last_value", "last_traceback"];
        for (name, v) in names.into_iter().zip(&parts) {
            self.set_global(&sys, name, v.clone());
        }
        self.set_global(&sys, "last_exc", e.clone());
        let Some(hook) = self.sys_attribute("excepthook") else {
            let text = self.format_exception(e);
            self.write_error(&format!("sys.excepthook is missing\n{text}"));
            return 1;
        };
        if self.call(&hook, &parts, Kw::NONE).is_err() {
            let second = self.take_pending();
            if self.is_instance(&second, self.types.exception("SystemExit")) {
                return self.exit_status(&second);
            }
            let (a, b) = (self.format_exception(&second), self.format_exception(e));
            self.write_error(&format!("Error in sys.excepthook:\n{a}\nOriginal exception was:\n{b}"));
        }
        1
    }
    /// A code that is no int is written, and means failure.
    fn exit_status(&mut self, e: &Value) -> u8 {
        let code = self.exception_field(e, "code").unwrap_or(Value::NONE);
        if code.is_none() {
            return 0;
        }
        if let Some(n) = Num::int_of(&code) {
            return n.clamp_i64() as u8;
        }
        let text = self.safe_text(&code, "exception", false);
        self.write_error(&format!("{text}\n"));
        1
    }
    /// Writes to `sys.stderr`, or to descriptor 2 if there is none that works.
    pub(crate) fn write_error(&mut self, text: &str) {
        if let Err(_e) = self.try_write_error(text) {
            drop(self.take_pending());
            use std::io::Write;
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
    fn try_write_error(&mut self, text: &str) -> R {
        let Some(err) = self.sys_attribute("stderr").filter(|e| !e.is_none()) else { return Ok(()) };
        let text = self.str(text);
        self.call_method(&err, "write", &[text])?;
        self.call_method(&err, "flush", &[])?;
        Ok(())
    }

    fn format_frame(&mut self, t: &Traceback, marks: bool, out: &mut String) {
        let code = t.code.as_::<Code>();
        let file = code.filename();
        let file = file.as_::<Str>().as_str();
        let line = t.line();
        let shown = if line < 0 { "None".to_owned() } else { line.to_string() };
        out.push_str(&format!("  File \"{file}\", line {shown}, in {}\n", code.name.as_::<Str>().as_str()));
        let Some(source) = self.source_line(file, line) else { return };
        let stripped = source.trim();
        if stripped.is_empty() {
            return;
        }
        out.push_str(&format!("    {stripped}\n"));
        let indent = source.chars().count() - source.trim_start().chars().count();
        if marks && let Some((start, end)) = code.columns(t.lasti as usize / 2) {
            out.push_str(&carets(&source, indent, start, end));
        }
    }
    /// A line of a file, or of the library in the binary.
    fn source_line(&self, file: &str, line: i32) -> Option<String> {
        let root = crate::import::library::ROOT;
        let bytes = match (std::fs::read(file), file.strip_prefix(root)) {
            (Ok(b), _) => b,
            (Err(_), Some(path)) => (self.options.library?.data)(path.trim_start_matches('/'))?,
            _ => return None,
        };
        let text = String::from_utf8_lossy(&bytes);
        text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?).map(str::to_owned)
    }
}

fn finish_repeats(out: &mut String, repeated: usize) {
    if repeated >= 3 {
        let n = repeated - 2;
        let s = if n == 1 { "" } else { "s" };
        out.push_str(&format!("  [Previous line repeated {n} more time{s}]\n"));
    }
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
