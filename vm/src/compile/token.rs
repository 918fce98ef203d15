//! The tokens of a text that did not parse, as CPython's tokenizer cuts them, with its errors.
//!
//! Only `diagnose` uses this, after the parser has failed: what matters is where each token lies, in which
//! order errors show, and how far the tokenizer had read (`cur`, `line`, `line_end`), since messages show that.
//! Lines count from 1, columns in bytes from 0 (-1: the token has no place in the line).

use rustpython_unicode::identifier;

/// Kinds that are not an operator or a keyword; those have the index of their text in `WORDS` added to `WORD`.
pub type Kind = u8;
pub const END: Kind = 0;
pub const NAME: Kind = 1;
pub const NUMBER: Kind = 2;
pub const STRING: Kind = 3;
pub const NEWLINE: Kind = 4;
pub const INDENT: Kind = 5;
pub const DEDENT: Kind = 6;
pub const FSTRING_START: Kind = 7;
pub const FSTRING_MIDDLE: Kind = 8;
pub const FSTRING_END: Kind = 9;
pub const TSTRING_START: Kind = 10;
pub const TSTRING_MIDDLE: Kind = 11;
pub const TSTRING_END: Kind = 12;
pub const TYPE_COMMENT: Kind = 13;
pub const ERROR: Kind = 14;
/// A character that starts no token.
pub const OTHER: Kind = 15;
pub const WORD: Kind = 20;

pub const WORDS: &[&str] = &[
    "(", ")", "[", "]", ":", ",", ";", "+", "-", "*", "/", "|", "&", "<", ">", "=", ".", "%", "{", "}", "==",
    "!=", "<=", ">=", "~", "^", "<<", ">>", "**", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=",
    ">>=", "**=", "//", "//=", "@", "@=", "->", "...", ":=", "!", "<>", "False", "None", "True", "and", "as",
    "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
    "pass", "raise", "return", "try", "while", "with", "yield",
];

const MAX_PARENTHESES: usize = 200;
const MAX_INDENTS: usize = 100;
const MAX_STRINGS: usize = 150;
const MAX_FIELDS: i32 = 2;

/// The kind of an operator or a keyword.
pub fn word(text: &str) -> Option<Kind> {
    WORDS.iter().position(|w| *w == text).map(|i| WORD + i as Kind)
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Number of open brackets behind it.
    pub level: u32,
    pub line: u32,
    pub column: i32,
    pub end_line: u32,
    pub end_column: i32,
    /// Its text: bytes of the source.
    pub from: usize,
    pub to: usize,
}

/// Why the tokenizer stopped, when it has no message of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    Ok,
    End,
    EndInString,
    Dedent,
    Tabs,
    TooDeep,
    Continuation,
    /// It said so itself: `Tokens::error`.
    Message,
}

/// A message with its place: columns count characters from 1, as `SyntaxError` has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub class: &'static str,
    pub message: String,
    pub line: u32,
    pub column: i64,
    pub end_line: u32,
    pub end_column: i64,
    pub text: Option<String>,
}

/// A string with replacement fields that is open.
struct Field {
    kind: u8,
    quote: u8,
    size: usize,
    raw: bool,
    /// Reading text, not an expression.
    in_text: bool,
    depth: i32,
    start_depth: i32,
    in_spec: bool,
    start: usize,
    first_line: u32,
    line_start: usize,
}

pub struct Tokens<'a> {
    s: &'a [u8],
    pub text: &'a str,
    pub cur: usize,
    pub line_start: usize,
    pub line: u32,
    /// End of the line read last, its line break included.
    pub line_end: usize,
    /// Start of that line, or of the first line of the token that goes on in it.
    pub buffer: usize,
    start: Option<usize>,
    first_line: u32,
    first_line_start: usize,
    pub done: Done,
    pub error: Option<Report>,
    /// Brackets: character, line, column.
    pub open: Vec<(u8, u32, usize)>,
    indents: Vec<(usize, usize)>,
    pending: i32,
    line_begins: bool,
    fields: Vec<Field>,
    type_comments: bool,
}

fn starts_name(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || c >= 128
}

fn continues_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 128
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str, type_comments: bool) -> Tokens<'a> {
        Tokens {
            s: text.as_bytes(),
            text,
            cur: 0,
            line_start: 0,
            line: 0,
            line_end: 0,
            buffer: 0,
            start: None,
            first_line: 0,
            first_line_start: 0,
            done: Done::Ok,
            error: None,
            open: vec![],
            indents: vec![(0, 0)],
            pending: 0,
            line_begins: true,
            fields: vec![],
            type_comments,
        }
    }

    /// The dedents that end of input asks for, when an interactive statement ends with it.
    pub fn close_indents(&mut self) {
        self.pending = -(self.indents.len() as i32 - 1);
        self.indents.truncate(1);
    }

    pub fn is_indented(&self) -> bool {
        self.indents.len() > 1
    }

    /// The next byte; None at the end.
    fn next_byte(&mut self) -> Option<u8> {
        if self.cur == self.line_end {
            if self.done != Done::Ok {
                return None;
            }
            if self.line_end >= self.s.len() {
                self.done = Done::End;
                return None;
            }
            if self.start.is_none() {
                self.buffer = self.cur;
            }
            self.line_start = self.cur;
            self.line += 1;
            let rest = &self.s[self.cur..];
            self.line_end = rest.iter().position(|&b| b == b'\n').map_or(self.s.len(), |n| self.cur + n + 1);
        }
        let c = self.s[self.cur];
        self.cur += 1;
        Some(c)
    }

    fn back(&mut self, c: Option<u8>) {
        if c.is_some() {
            self.cur -= 1;
        }
    }

    fn chars(&self, from: usize, to: usize) -> usize {
        String::from_utf8_lossy(&self.s[from.min(to)..to]).chars().count()
    }

    /// An error with a message, at the last byte read.
    fn fail(&mut self, message: impl Into<String>) -> Kind {
        self.fail_at(self.cur - self.line_start, self.cur - self.line_start, message)
    }

    /// From one column to another, in bytes from 1.
    fn fail_at(&mut self, column: usize, end_column: usize, message: impl Into<String>) -> Kind {
        self.done = Done::Message;
        let count = |n: usize| self.chars(self.line_start, self.line_start + n) as i64;
        let (column, end_column) = (count(column), count(end_column));
        let rest = &self.s[self.line_start..];
        let n = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        self.error = Some(Report {
            class: "SyntaxError",
            message: message.into(),
            line: self.line,
            column,
            end_line: self.line,
            end_column,
            text: Some(String::from_utf8_lossy(&rest[..n]).into_owned()),
        });
        ERROR
    }

    fn stop(&mut self, why: Done) -> Kind {
        self.done = why;
        if why != Done::Continuation {
            self.cur = self.line_end;
        }
        ERROR
    }

    pub fn next(&mut self) -> Token {
        let mut span = (None, None);
        let in_text = self.fields.last().is_some_and(|f| f.in_text);
        let kind = if in_text { self.string_part(&mut span) } else { self.plain(&mut span) };
        let literal = matches!(kind, STRING | FSTRING_MIDDLE | TSTRING_MIDDLE);
        let (mut column, mut end_column) = (-1, -1);
        let (from, to) = (span.0.unwrap_or(0), span.1.unwrap_or(0));
        if let (Some(a), Some(b)) = span {
            let begin = if literal { self.first_line_start } else { self.line_start };
            column = a as i32 - begin as i32;
            end_column = b as i32 - self.line_start as i32;
        }
        let line = if literal { self.first_line } else { self.line };
        let level = self.open.len() as u32;
        Token { kind, level, line, column, end_line: self.line, end_column, from, to }
    }

    fn plain(&mut self, span: &mut (Option<usize>, Option<usize>)) -> Kind {
        loop {
            self.start = None;
            let mut blank = false;
            if self.line_begins {
                self.line_begins = false;
                match self.indentation(&mut blank) {
                    Ok(()) => {}
                    Err(k) => return k,
                }
            }
            self.start = Some(self.cur);
            if self.pending != 0 {
                self.start = None;
                if self.pending < 0 {
                    self.pending += 1;
                    return DEDENT;
                }
                self.pending -= 1;
                return INDENT;
            }
            self.start = None;
            let c = self.next_byte();
            self.back(c);
            match self.token(blank, span) {
                Some(k) => return k,
                None => continue,
            }
        }
    }

    fn indentation(&mut self, blank: &mut bool) -> Result<(), Kind> {
        let (mut column, mut other) = (0, 0);
        let mut continued = None;
        let mut c;
        loop {
            c = self.next_byte();
            match c {
                Some(b' ') => (column, other) = (column + 1, other + 1),
                Some(b'\t') => (column, other) = ((column / 8 + 1) * 8, other + 1),
                Some(0x0c) => (column, other) = (0, 0),
                Some(b'\\') => {
                    continued.get_or_insert(column);
                    if !self.continuation() {
                        return Err(ERROR);
                    }
                }
                _ => break,
            }
        }
        self.back(c);
        if matches!(c, Some(b'#' | b'\n')) {
            *blank = true;
        }
        if *blank || !self.open.is_empty() {
            return Ok(());
        }
        if let Some(first) = continued {
            (column, other) = (first, first);
        }
        let (top, top_other) = *self.indents.last().unwrap_or(&(0, 0));
        if column == top {
            if other != top_other {
                return Err(self.stop(Done::Tabs));
            }
        } else if column > top {
            if self.indents.len() >= MAX_INDENTS {
                return Err(self.stop(Done::TooDeep));
            }
            if other <= top_other {
                return Err(self.stop(Done::Tabs));
            }
            self.pending += 1;
            self.indents.push((column, other));
        } else {
            while self.indents.len() > 1 && column < self.indents[self.indents.len() - 1].0 {
                self.pending -= 1;
                self.indents.pop();
            }
            let (top, top_other) = self.indents[self.indents.len() - 1];
            if column != top {
                return Err(self.stop(Done::Dedent));
            }
            if other != top_other {
                return Err(self.stop(Done::Tabs));
            }
        }
        Ok(())
    }

    /// After a backslash: a line break must follow, and something behind it.
    fn continuation(&mut self) -> bool {
        let c = self.next_byte();
        if c != Some(b'\n') {
            self.done = Done::Continuation;
            return false;
        }
        let c = self.next_byte();
        if c.is_none() {
            self.done = Done::End;
            self.cur = self.line_end;
            return false;
        }
        self.back(c);
        true
    }

    /// None: the line was blank, start again.
    fn token(&mut self, blank: bool, span: &mut (Option<usize>, Option<usize>)) -> Option<Kind> {
        loop {
            self.start = None;
            let mut c = self.next_byte();
            while matches!(c, Some(b' ' | b'\t' | 0x0c)) {
                c = self.next_byte();
            }
            self.start = c.map(|_| self.cur - 1);
            if c == Some(b'#') {
                let from = self.cur - 1;
                while c.is_some() && c != Some(b'\n') {
                    c = self.next_byte();
                }
                let to = self.cur - usize::from(c.is_some());
                if self.type_comments
                    && let Some(at) = type_comment(&self.text[from..to])
                {
                    self.back(c);
                    *span = (Some(from + at), Some(to));
                    return Some(TYPE_COMMENT);
                }
            }
            let Some(b) = c else {
                let ended = self.open.is_empty() && self.done == Done::End;
                return Some(if ended { END } else { ERROR });
            };
            let kind = if starts_name(b) {
                self.name(b)
            } else if b == b'\n' {
                self.line_begins = true;
                if blank || !self.open.is_empty() {
                    return None;
                }
                *span = (self.start, Some(self.cur));
                return Some(NEWLINE);
            } else if b == b'.'
                && self.s.get(self.cur).is_some_and(u8::is_ascii_digit)
                && self.cur < self.line_end
            {
                let c = self.next_byte();
                self.fraction(c)
            } else if b.is_ascii_digit() {
                self.number(b)
            } else if b == b'\'' || b == b'"' {
                self.string(b)
            } else if b == b'\\' {
                if !self.continuation() {
                    return Some(ERROR);
                }
                continue;
            } else {
                self.operator(b)
            };
            if kind != ERROR {
                *span = (self.start, Some(self.cur));
            }
            return Some(kind);
        }
    }

    fn name(&mut self, first: u8) -> Kind {
        let (mut saw_b, mut saw_u, mut saw_r, mut saw_f, mut saw_t) = (false, false, false, false, false);
        let mut c = Some(first);
        loop {
            match c {
                Some(b'b' | b'B') if !saw_b => saw_b = true,
                Some(b'u' | b'U') if !saw_u => saw_u = true,
                Some(b'r' | b'R') if !saw_r => saw_r = true,
                Some(b'f' | b'F') if !saw_f => saw_f = true,
                Some(b't' | b'T') if !saw_t => saw_t = true,
                _ => break,
            }
            c = self.next_byte();
            if let Some(q @ (b'\'' | b'"')) = c {
                let pairs = [
                    (saw_u && saw_b, "u", "b"),
                    (saw_u && saw_r, "u", "r"),
                    (saw_u && saw_f, "u", "f"),
                    (saw_u && saw_t, "u", "t"),
                    (saw_b && saw_f, "b", "f"),
                    (saw_b && saw_t, "b", "t"),
                    (saw_f && saw_t, "f", "t"),
                ];
                if let Some((_, one, two)) = pairs.iter().find(|p| p.0) {
                    let from = self.start.unwrap_or(0) + 1 - self.line_start;
                    let to = self.cur - self.line_start;
                    let message = format!("'{one}' and '{two}' prefixes are incompatible");
                    return self.fail_at(from, to, message);
                }
                if saw_f || saw_t {
                    return self.open_string(q, saw_r, saw_t);
                }
                return self.string(q);
            }
        }
        let mut ascii = true;
        while let Some(b) = c
            && continues_name(b)
        {
            ascii &= b < 128;
            c = self.next_byte();
        }
        self.back(c);
        let from = self.start.unwrap_or(0);
        if !ascii && !self.check_name(from) {
            return ERROR;
        }
        word(&self.text[from..self.cur]).unwrap_or(NAME)
    }

    /// An identifier with characters beyond ASCII: each one must be allowed.
    fn check_name(&mut self, from: usize) -> bool {
        let text = &self.text[from..self.cur];
        let bad = text.char_indices().find(|&(i, c)| {
            !(c == '_' || if i == 0 { identifier::is_start(c) } else { identifier::is_xid_continue(c) })
        });
        let Some((at, c)) = bad else { return true };
        self.cur = from + at + c.len_utf8();
        let code = c as u32;
        if crate::types::repr::is_printable(c) {
            self.fail(format!("invalid character '{c}' (U+{code:04X})"));
        } else {
            self.fail(format!("invalid non-printable character U+{code:04X}"));
        }
        false
    }

    /// What may follow a number: not a name, but for some keywords.
    fn number_ends(&mut self, c: Option<u8>, what: &str) -> bool {
        let Some(b) = c else { return true };
        let rest = &self.s[self.cur..self.line_end];
        let goes_on = |tail: &[u8]| {
            rest.strip_prefix(tail).is_some_and(|r| !r.first().is_some_and(|&b| continues_name(b)))
        };
        let keyword = match b {
            b'a' => goes_on(b"nd"),
            b'e' => goes_on(b"lse"),
            b'f' => goes_on(b"or"),
            b'i' => rest.first().is_some_and(|n| matches!(n, b'f' | b'n' | b's')),
            b'o' => goes_on(b"r"),
            b'n' => goes_on(b"ot"),
            _ => false,
        };
        if !keyword && b < 128 && continues_name(b) {
            self.back(c);
            self.fail(format!("invalid {what} literal"));
            return false;
        }
        true
    }

    fn digits(&mut self) -> Result<Option<u8>, Kind> {
        loop {
            let mut c = self.next_byte();
            while c.is_some_and(|b| b.is_ascii_digit()) {
                c = self.next_byte();
            }
            if c != Some(b'_') {
                return Ok(c);
            }
            let c = self.next_byte();
            if !c.is_some_and(|b| b.is_ascii_digit()) {
                self.back(c);
                return Err(self.fail("invalid decimal literal"));
            }
        }
    }

    fn end_number(&mut self, c: Option<u8>, what: &str) -> Kind {
        if !self.number_ends(c, what) {
            return ERROR;
        }
        self.back(c);
        NUMBER
    }

    fn number(&mut self, first: u8) -> Kind {
        if first != b'0' {
            return match self.digits() {
                Ok(c) => self.after_digits(c),
                Err(k) => k,
            };
        }
        let c = self.next_byte();
        match c {
            Some(b'x' | b'X') => self.radix(16, "hexadecimal"),
            Some(b'o' | b'O') => self.radix(8, "octal"),
            Some(b'b' | b'B') => self.radix(2, "binary"),
            _ => self.zeros(c),
        }
    }

    fn radix(&mut self, radix: u32, what: &str) -> Kind {
        let is = |b: u8| (b as char).is_digit(radix);
        let mut c = self.next_byte();
        loop {
            if c == Some(b'_') {
                c = self.next_byte();
            }
            match c {
                Some(b) if is(b) => {}
                Some(b) if b.is_ascii_digit() => {
                    return self.fail(format!("invalid digit '{}' in {what} literal", b as char));
                }
                _ => {
                    self.back(c);
                    return self.fail(format!("invalid {what} literal"));
                }
            }
            while c.is_some_and(is) {
                c = self.next_byte();
            }
            if c != Some(b'_') {
                break;
            }
        }
        if let Some(b) = c
            && b.is_ascii_digit()
        {
            return self.fail(format!("invalid digit '{}' in {what} literal", b as char));
        }
        self.end_number(c, what)
    }

    /// A number that starts with 0 and has no letter behind it.
    fn zeros(&mut self, mut c: Option<u8>) -> Kind {
        loop {
            if c == Some(b'_') {
                c = self.next_byte();
                if !c.is_some_and(|b| b.is_ascii_digit()) {
                    self.back(c);
                    return self.fail("invalid decimal literal");
                }
            }
            if c != Some(b'0') {
                break;
            }
            c = self.next_byte();
        }
        let zeros_end = self.cur;
        let mut nonzero = false;
        if c.is_some_and(|b| b.is_ascii_digit()) {
            nonzero = true;
            c = match self.digits() {
                Ok(c) => c,
                Err(k) => return k,
            };
        }
        match c {
            Some(b'.' | b'e' | b'E' | b'j' | b'J') => self.after_digits(c),
            _ if nonzero => {
                self.back(c);
                let from = self.start.unwrap_or(0) + 1 - self.line_start;
                let to = zeros_end - self.line_start;
                let message = "leading zeros in decimal integer literals are not permitted; \
                               use an 0o prefix for octal integers";
                self.fail_at(from, to, message)
            }
            _ => self.end_number(c, "decimal"),
        }
    }

    fn after_digits(&mut self, c: Option<u8>) -> Kind {
        if c == Some(b'.') {
            let c = self.next_byte();
            return self.fraction(c);
        }
        self.exponent(c)
    }

    fn fraction(&mut self, mut c: Option<u8>) -> Kind {
        if c.is_some_and(|b| b.is_ascii_digit()) {
            c = match self.digits() {
                Ok(c) => c,
                Err(k) => return k,
            };
        }
        self.exponent(c)
    }

    fn exponent(&mut self, mut c: Option<u8>) -> Kind {
        if let Some(b'e' | b'E') = c {
            let e = c;
            c = self.next_byte();
            if let Some(b'+' | b'-') = c {
                c = self.next_byte();
                if !c.is_some_and(|b| b.is_ascii_digit()) {
                    self.back(c);
                    return self.fail("invalid decimal literal");
                }
            } else if !c.is_some_and(|b| b.is_ascii_digit()) {
                self.back(c);
                return self.end_number(e, "decimal");
            }
            c = match self.digits() {
                Ok(c) => c,
                Err(k) => return k,
            };
        }
        if let Some(b'j' | b'J') = c {
            let c = self.next_byte();
            return self.end_number(c, "imaginary");
        }
        self.end_number(c, "decimal")
    }

    fn string(&mut self, quote: u8) -> Kind {
        let (mut size, mut seen) = (1, 0);
        let mut escaped_quote = false;
        self.first_line = self.line;
        self.first_line_start = self.line_start;
        let mut c = self.next_byte();
        if c == Some(quote) {
            c = self.next_byte();
            if c == Some(quote) {
                size = 3;
            } else {
                seen = 1;
            }
        }
        if c != Some(quote) {
            self.back(c);
        }
        while seen != size {
            let c = self.next_byte();
            if c.is_none() || size == 1 && c == Some(b'\n') {
                return self.unterminated(c, size, quote, escaped_quote);
            }
            if c == Some(quote) {
                seen += 1;
            } else {
                seen = 0;
                if c == Some(b'\\') && self.next_byte() == Some(quote) {
                    escaped_quote = true;
                }
            }
        }
        STRING
    }

    fn unterminated(&mut self, c: Option<u8>, size: usize, quote: u8, escaped_quote: bool) -> Kind {
        self.cur = self.start.unwrap_or(0) + 1;
        self.line_start = self.first_line_start;
        let detected = std::mem::replace(&mut self.line, self.first_line);
        if let Some(f) = self.fields.last()
            && f.quote == quote
            && f.size == size
        {
            let kind = f.kind as char;
            return self.fail(format!("{kind}-string: expecting '}}'"));
        }
        let hint = if escaped_quote && size == 1 { "; perhaps you escaped the end quote?" } else { "" };
        let what = if size == 3 { "triple-quoted string" } else { "string" };
        self.fail(format!("unterminated {what} literal (detected at line {detected}){hint}"));
        if c.is_none() {
            self.done = Done::EndInString;
        }
        ERROR
    }

    fn open_string(&mut self, quote: u8, raw: bool, template: bool) -> Kind {
        self.first_line = self.line;
        self.first_line_start = self.line_start;
        let mut size = 1;
        let second = self.next_byte();
        if second == Some(quote) {
            let third = self.next_byte();
            if third == Some(quote) {
                size = 3;
            } else {
                self.back(third);
                self.back(second);
            }
        } else {
            self.back(second);
        }
        if self.fields.len() + 1 >= MAX_STRINGS {
            return self.fail("too many nested f-strings or t-strings");
        }
        self.fields.push(Field {
            kind: if template { b't' } else { b'f' },
            quote,
            size,
            raw,
            in_text: true,
            depth: 0,
            start_depth: -1,
            in_spec: false,
            start: self.start.unwrap_or(0),
            first_line: self.line,
            line_start: self.line_start,
        });
        if template { TSTRING_START } else { FSTRING_START }
    }

    fn too_deep(&mut self, kind: u8) -> Kind {
        self.fail(format!("{}-string: expressions nested too deeply", kind as char))
    }

    /// A piece of a string with fields, or its end.
    fn string_part(&mut self, span: &mut (Option<usize>, Option<usize>)) -> Kind {
        let Some(top) = self.fields.len().checked_sub(1) else { return ERROR };
        let Field { kind, quote, size, raw, .. } = self.fields[top];
        let middle = if kind == b't' { TSTRING_MIDDLE } else { FSTRING_MIDDLE };
        let end = if kind == b't' { TSTRING_END } else { FSTRING_END };
        self.start = Some(self.cur);
        self.first_line = self.line;
        let c = self.next_byte();
        if c == Some(b'{') {
            let peek = self.next_byte();
            self.back(peek);
            self.back(c);
            if peek != Some(b'{') {
                self.fields[top].start_depth += 1;
                if self.fields[top].start_depth > MAX_FIELDS {
                    return self.too_deep(kind);
                }
                self.fields[top].in_text = false;
                return self.plain(span);
            }
        } else {
            self.back(c);
        }
        let rest = &self.s[self.cur..self.line_end];
        if rest.len() >= size && rest[..size].iter().all(|&b| b == quote) {
            self.cur += size;
            *span = (self.start, Some(self.cur));
            self.fields.pop();
            return end;
        }
        self.first_line_start = self.line_start;
        let mut named = false;
        let mut seen = 0;
        while seen != size {
            let c = self.next_byte();
            let in_spec = self.fields[top].in_spec && self.fields[top].start_depth >= 0;
            let Some(b) = c.filter(|&b| size == 3 || b != b'\n') else {
                if in_spec && c == Some(b'\n') {
                    let k = kind as char;
                    return self.fail(format!(
                        "{k}-string: newlines are not allowed in format specifiers for single quoted {k}-strings"
                    ));
                }
                let f = &self.fields[top];
                self.cur = f.start + 1;
                self.line_start = f.line_start;
                let detected = std::mem::replace(&mut self.line, f.first_line);
                let k = kind as char;
                let what = if size == 3 { "triple-quoted " } else { "" };
                self.fail(format!("unterminated {what}{k}-string literal (detected at line {detected})"));
                if c.is_none() {
                    self.done = Done::EndInString;
                }
                return ERROR;
            };
            if b == quote {
                seen += 1;
                continue;
            }
            seen = 0;
            match b {
                b'{' => {
                    let peek = self.next_byte();
                    if peek != Some(b'{') || in_spec {
                        self.back(peek);
                        self.back(c);
                        self.fields[top].start_depth += 1;
                        if self.fields[top].start_depth > MAX_FIELDS {
                            return self.too_deep(kind);
                        }
                        self.fields[top].in_text = false;
                        *span = (self.start, Some(self.cur));
                    } else {
                        *span = (self.start, Some(self.cur - 1));
                    }
                    return middle;
                }
                b'}' => {
                    if named {
                        *span = (self.start, Some(self.cur));
                        return middle;
                    }
                    let peek = self.next_byte();
                    if peek == Some(b'}') && !in_spec && self.fields[top].depth == 0 {
                        *span = (self.start, Some(self.cur - 1));
                    } else {
                        self.back(peek);
                        self.back(c);
                        self.fields[top].in_text = false;
                        *span = (self.start, Some(self.cur));
                    }
                    return middle;
                }
                b'\\' => {
                    let peek = self.next_byte();
                    if let Some(b'{' | b'}') = peek {
                        self.back(peek);
                    } else if !raw && peek == Some(b'N') {
                        let peek = self.next_byte();
                        if peek == Some(b'{') {
                            named = true;
                        } else {
                            self.back(peek);
                        }
                    }
                }
                _ => {}
            }
        }
        self.cur -= size;
        *span = (self.start, Some(self.cur));
        middle
    }

    fn operator(&mut self, c: u8) -> Kind {
        if let Some(f) = self.fields.last_mut()
            && c == b':'
            && f.depth - 1 == f.start_depth
            && f.start_depth >= 0
        {
            f.in_text = true;
            f.in_spec = true;
            return word(":").unwrap_or(OTHER);
        }
        for n in [3, 2] {
            let end = self.cur - 1 + n;
            if end <= self.line_end
                && let Some(text) = self.text.get(self.cur - 1..end)
                && let Some(k) = word(text)
            {
                self.cur = end;
                if n == 2 {
                    self.look_behind();
                }
                return k;
            }
        }
        self.look_behind();
        let text = [c];
        let found = std::str::from_utf8(&text).ok().and_then(word);
        match c {
            b'(' | b'[' | b'{' => {
                if self.open.len() >= MAX_PARENTHESES {
                    return self.fail("too many nested parentheses");
                }
                let column = self.start.unwrap_or(0) - self.line_start;
                self.open.push((c, self.line, column));
                if let Some(f) = self.fields.last_mut() {
                    f.depth += 1;
                }
            }
            b')' | b']' | b'}' => {
                if let Some(e) = self.close(c) {
                    return e;
                }
            }
            _ => {}
        }
        if !(32..127).contains(&c) {
            return self.fail(format!("invalid non-printable character U+{c:04X}"));
        }
        found.unwrap_or(OTHER)
    }

    /// The byte behind an operator is read too: that there is none may matter.
    fn look_behind(&mut self) {
        let c = self.next_byte();
        self.back(c);
    }

    /// In an expression inside of a string.
    pub fn in_field(&self) -> bool {
        !self.fields.is_empty()
    }

    /// A closing bracket; Some: an error.
    fn close(&mut self, c: u8) -> Option<Kind> {
        let show = c as char;
        if let Some(f) = self.fields.last()
            && f.depth == 0
            && c == b'}'
        {
            let k = f.kind as char;
            return Some(self.fail(format!("{k}-string: single '}}' is not allowed")));
        }
        let Some((opening, line, _)) = self.open.pop() else {
            return Some(self.fail(format!("unmatched '{show}'")));
        };
        let fits = matches!((opening, c), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
        if !fits {
            if let Some(f) = self.fields.last()
                && opening == b'{'
                && f.depth - 1 == f.start_depth
            {
                let k = f.kind as char;
                return Some(self.fail(format!("{k}-string: unmatched '{show}'")));
            }
            let opening = opening as char;
            let mut message =
                format!("closing parenthesis '{show}' does not match opening parenthesis '{opening}'");
            if line != self.line {
                message += &format!(" on line {line}");
            }
            return Some(self.fail(message));
        }
        if let Some(f) = self.fields.last_mut() {
            f.depth -= 1;
            if f.depth < 0 {
                let k = f.kind as char;
                return Some(self.fail(format!("{k}-string: unmatched '{show}'")));
            }
            if c == b'}' && f.depth == f.start_depth {
                f.start_depth -= 1;
                f.in_text = true;
                f.in_spec = false;
            }
        }
        None
    }
}

/// Where the type begins in a comment `# type: T`; None also for `# type: ignore`.
fn type_comment(comment: &str) -> Option<usize> {
    let rest = comment.strip_prefix('#')?.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix("type: ")?.trim_start_matches([' ', '\t']);
    let ignored = rest
        .strip_prefix("ignore")
        .is_some_and(|after| !after.bytes().next().is_some_and(|b| b >= 128 || b.is_ascii_alphanumeric()));
    (!ignored).then_some(comment.len() - rest.len())
}
