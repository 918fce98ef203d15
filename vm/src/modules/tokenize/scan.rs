//! The scanner behind `TokenizerIter`: text to tokens, one at a time.
//!
//! Places are (line from 1, column in characters). An f-string is a stack of modes: its literal text, the
//! expression in braces, and the format behind a colon, which is literal text again.

/// Numbers of module `token`.
pub mod kind {
    pub const END_MARKER: u8 = 0;
    pub const NAME: u8 = 1;
    pub const NUMBER: u8 = 2;
    pub const STRING: u8 = 3;
    pub const NEWLINE: u8 = 4;
    pub const INDENT: u8 = 5;
    pub const DEDENT: u8 = 6;
    pub const OP: u8 = 55;
    pub const FSTRING_START: u8 = 59;
    pub const TSTRING_START: u8 = 62;
    pub const COMMENT: u8 = 65;
    pub const NL: u8 = 66;
    pub const ERROR_TOKEN: u8 = 67;
}
use kind::*;

/// Operators with their exact numbers; longer ones first.
const OPERATORS: [(&str, u8); 48] = [
    ("**=", 46),
    ("//=", 48),
    (">>=", 45),
    ("<<=", 44),
    ("...", 52),
    ("!=", 28),
    ("%=", 40),
    ("&=", 41),
    ("**", 35),
    ("*=", 38),
    ("+=", 36),
    ("-=", 37),
    ("->", 51),
    ("//", 47),
    ("/=", 39),
    (":=", 53),
    ("<<", 33),
    ("<=", 29),
    ("<>", 28),
    ("==", 27),
    (">=", 30),
    (">>", 34),
    ("@=", 50),
    ("^=", 43),
    ("|=", 42),
    ("%", 24),
    ("&", 19),
    ("(", 7),
    (")", 8),
    ("*", 16),
    ("+", 14),
    (",", 12),
    ("-", 15),
    (".", 23),
    ("/", 17),
    (":", 11),
    (";", 13),
    ("<", 20),
    ("=", 22),
    (">", 21),
    ("@", 49),
    ("[", 9),
    ("]", 10),
    ("^", 32),
    ("{", 25),
    ("|", 18),
    ("}", 26),
    ("~", 31),
];

pub type Place = (usize, usize);

pub struct Token {
    pub kind: u8,
    pub from: Place,
    pub to: Place,
    /// Characters of the text.
    pub start: usize,
    pub end: usize,
    /// The physical line is not shown.
    pub no_line: bool,
}

#[derive(Debug)]
pub struct Error {
    pub class: &'static str,
    pub message: String,
    /// Line, and column from 1.
    pub place: Place,
}

struct Literal {
    quote: char,
    triple: bool,
    raw: bool,
    /// The number of its START; MIDDLE and END follow.
    kind: u8,
    at: Place,
    /// One per open brace: depth of parentheses there, and whether its format has begun.
    braces: Vec<(usize, bool)>,
}

impl Literal {
    /// In its text (or in a format), not in an expression.
    fn in_text(&self) -> bool {
        self.braces.last().is_none_or(|(_, format)| *format)
    }
}

pub struct Scan {
    pub text: Vec<char>,
    /// Index of the first character of each line.
    pub lines: Vec<usize>,
    at: usize,
    row: usize,
    /// Columns, counting tabs as 8 and as 1.
    indents: Vec<(usize, usize)>,
    /// DEDENTs (or, positive, an INDENT) to come.
    dedents: usize,
    line_start: bool,
    /// Nothing but white space and comments on this line so far.
    blank: bool,
    open: Vec<(char, Place)>,
    literals: Vec<Literal>,
    extra: bool,
    last_kind: u8,
    finished: bool,
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}
/// Beyond ASCII: letters, digits and marks.
fn is_identifier_char(c: char) -> bool {
    rustpython_unicode::identifier::is_xid_continue(c)
}
fn is_name(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

impl Scan {
    pub fn new(text: Vec<char>, extra: bool) -> Scan {
        let mut lines = vec![0];
        lines.extend(text.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(i, _)| i + 1));
        if lines.len() > 1 && lines.last() == Some(&text.len()) {
            lines.pop();
        }
        Scan {
            text,
            lines,
            at: 0,
            row: 1,
            indents: vec![(0, 0)],
            dedents: 0,
            line_start: true,
            blank: true,
            open: vec![],
            literals: vec![],
            extra,
            last_kind: NEWLINE,
            finished: false,
        }
    }
    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }
    fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }
    fn place(&self) -> Place {
        (self.row, self.at - self.lines.get(self.row - 1).copied().unwrap_or(self.at).min(self.at))
    }
    fn step(&mut self) -> char {
        let c = self.peek(0);
        self.at += 1;
        if c == '\n' {
            self.row += 1;
        }
        c
    }
    /// The lines that a token lies on.
    pub fn line_of(&self, t: &Token) -> String {
        if t.no_line {
            return String::new();
        }
        let Some(&from) = self.lines.get(t.from.0 - 1) else { return String::new() };
        // A token that ends with a newline still shows the line behind it, if it is literal text.
        let to = self.lines.get(t.to.0).copied().unwrap_or(self.text.len());
        self.text[from..to.max(from)].iter().collect()
    }
    /// A line without its end, for errors.
    pub fn row_text(&self, row: usize) -> String {
        let Some(&from) = self.lines.get(row.wrapping_sub(1)) else { return String::new() };
        let to = self.lines.get(row).copied().unwrap_or(self.text.len());
        let line: String = self.text[from..to].iter().collect();
        line.trim_end_matches(['\n', '\r']).to_owned()
    }
    fn error<T>(&self, message: impl Into<String>, place: Place) -> Result<T, Error> {
        Err(Error { class: "SyntaxError", message: message.into(), place })
    }
    /// An error at the character under way.
    fn error_here<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        self.error(message, self.place())
    }
    fn token(&mut self, kind: u8, from: Place, start: usize) -> Option<Token> {
        self.last_kind = kind;
        let to = self.place();
        Some(Token { kind, from, to, start, end: self.at, no_line: false })
    }
    fn op(&self, exact: u8) -> u8 {
        if self.extra { OP } else { exact }
    }

    pub fn next(&mut self) -> Result<Option<Token>, Error> {
        loop {
            if self.finished {
                return Ok(None);
            }
            if self.literals.last().is_some_and(Literal::in_text) {
                if let Some(t) = self.middle()? {
                    return Ok(Some(t));
                }
                continue;
            }
            if let Some(t) = self.step_token()? {
                return Ok(Some(t));
            }
        }
    }

    /// A token, or `None`: white space was passed.
    fn step_token(&mut self) -> Result<Option<Token>, Error> {
        if self.dedents > 0 {
            self.dedents -= 1;
            let p = self.place();
            return Ok(self.token(DEDENT, p, self.at));
        }
        if self.line_start {
            self.line_start = false;
            self.blank = true;
            if self.open.is_empty() && self.literals.is_empty() {
                return self.indentation();
            }
        }
        let (start, from, c) = (self.at, self.place(), self.peek(0));
        if self.at_end() {
            return self.end();
        }
        match c {
            ' ' | '\t' | '\x0c' => {
                self.at += 1;
                Ok(None)
            }
            '#' => {
                while !self.at_end() && !self.newline_here() {
                    self.at += 1;
                }
                Ok(if self.extra { self.token(COMMENT, from, start) } else { None })
            }
            '\n' | '\r' if self.newline_here() => self.newline(),
            '\\' => self.continuation(),
            _ => {
                self.blank = false;
                self.real_token(c, start, from)
            }
        }
    }

    fn newline_here(&self) -> bool {
        self.peek(0) == '\n' || self.peek(0) == '\r' && self.peek(1) == '\n'
    }
    fn newline(&mut self) -> Result<Option<Token>, Error> {
        let (start, from) = (self.at, self.place());
        let significant = self.open.is_empty() && self.literals.is_empty() && !self.blank;
        let width = if self.peek(0) == '\r' { 2 } else { 1 };
        let kind = if significant { NEWLINE } else { NL };
        let to = (from.0, from.1 + width);
        self.at += width;
        self.row += 1;
        self.line_start = true;
        if kind == NL && !self.extra {
            return Ok(None);
        }
        self.last_kind = kind;
        let end = if self.extra { self.at } else { start };
        Ok(Some(Token { kind, from, to, start, end, no_line: false }))
    }
    fn continuation(&mut self) -> Result<Option<Token>, Error> {
        self.at += 1;
        if self.peek(0) == '\r' {
            self.at += 1;
        }
        if self.at_end() || self.peek(0) != '\n' {
            if self.at_end() {
                return self.error("unexpected EOF while parsing", self.place());
            }
            return self.error_here("unexpected character after line continuation character");
        }
        self.step();
        if self.at_end() {
            return self.error("unexpected EOF in multi-line statement", (self.row - 1, 0));
        }
        Ok(None)
    }

    fn indentation(&mut self) -> Result<Option<Token>, Error> {
        let start = self.at;
        let (mut column, mut alt) = (0, 0);
        loop {
            match self.peek(0) {
                ' ' => (column, alt) = (column + 1, alt + 1),
                '\t' => (column, alt) = ((column / 8 + 1) * 8, alt + 1),
                '\x0c' => (column, alt) = (0, 0),
                '\\' if self.peek(1) == '\n' && self.at + 2 < self.text.len() => {
                    self.step();
                }
                _ => break,
            }
            self.step();
        }
        if self.at_end() || self.peek(0) == '#' || self.newline_here() {
            return Ok(None);
        }
        let (top, alt_top) = self.indents.last().copied().unwrap_or((0, 0));
        let tab_error = |s: &Scan| {
            Err(Error {
                class: "TabError",
                message: "inconsistent use of tabs and spaces in indentation".into(),
                place: (s.row, s.row_text(s.row).chars().count() + 1),
            })
        };
        if column == top {
            return if alt == alt_top { Ok(None) } else { tab_error(self) };
        }
        if column > top {
            if alt <= alt_top {
                return tab_error(self);
            }
            self.indents.push((column, alt));
            return Ok(self.token(INDENT, (self.row, 0), start));
        }
        while self.indents.len() > 1 && self.indents.last().is_some_and(|i| column < i.0) {
            self.indents.pop();
            self.dedents += 1;
        }
        let (top, alt_top) = self.indents.last().copied().unwrap_or((0, 0));
        if column != top {
            return Err(Error {
                class: "IndentationError",
                message: "unindent does not match any outer indentation level".into(),
                place: (self.row, self.row_text(self.row).chars().count() + 1),
            });
        }
        if alt != alt_top { tab_error(self) } else { Ok(None) }
    }

    /// The end of the text: the missing newline, the open blocks, the end marker.
    fn end(&mut self) -> Result<Option<Token>, Error> {
        let p = self.place();
        if let Some(l) = self.literals.last() {
            let what = if l.kind == FSTRING_START { 'f' } else { 't' };
            return self.error(format!("{what}-string: expecting '}}'"), p);
        }
        if !self.open.is_empty() {
            let rows = self.lines.len();
            return self.error("unexpected EOF in multi-line statement", (rows, 0));
        }
        if !matches!(self.last_kind, NEWLINE | NL | DEDENT) || self.last_kind == COMMENT {
            let kind = if self.blank { NL } else { NEWLINE };
            let (from, to) = (p, (p.0, p.1 + 1));
            self.last_kind = kind;
            if kind == NEWLINE || self.extra {
                return Ok(Some(Token { kind, from, to, start: self.at, end: self.at, no_line: false }));
            }
        }
        let rows = if self.text.is_empty() { 0 } else { self.lines.len() };
        let place = (rows + 1, 0);
        let kind = if self.indents.len() > 1 {
            self.indents.pop();
            DEDENT
        } else {
            self.finished = true;
            END_MARKER
        };
        Ok(Some(Token { kind, from: place, to: place, start: self.at, end: self.at, no_line: true }))
    }

    fn real_token(&mut self, c: char, start: usize, from: Place) -> Result<Option<Token>, Error> {
        if is_name_start(c) {
            if let Some(t) = self.prefixed_string(start, from)? {
                return Ok(Some(t));
            }
            while is_name(self.peek(0)) && !self.at_end() {
                let c = self.peek(0);
                if !self.extra && !c.is_ascii() && !is_identifier_char(c) {
                    let message = match crate::types::repr::is_printable(c) {
                        true => format!("invalid character '{c}' (U+{:04X})", c as u32),
                        false => format!("invalid non-printable character U+{:04X}", c as u32),
                    };
                    return self.error(message, (self.row, self.place().1 + 1));
                }
                self.at += 1;
            }
            return Ok(self.token(NAME, from, start));
        }
        if c.is_ascii_digit() || c == '.' && self.peek(1).is_ascii_digit() {
            self.number()?;
            return Ok(self.token(NUMBER, from, start));
        }
        if c == '"' || c == '\'' {
            self.string(start, from)?;
            return Ok(self.token(STRING, from, start));
        }
        self.operator(c, start, from)
    }

    /// A string with a prefix; an f-string begins.
    fn prefixed_string(&mut self, start: usize, from: Place) -> Result<Option<Token>, Error> {
        let mut prefix = String::new();
        for i in 0..3 {
            match self.peek(i) {
                c @ ('"' | '\'') => {
                    if !matches!(
                        prefix.as_str(),
                        "r" | "u" | "b" | "f" | "t" | "br" | "rb" | "fr" | "rf" | "tr" | "rt"
                    ) {
                        return Ok(None);
                    }
                    self.at += prefix.len();
                    if !prefix.contains(['f', 't']) {
                        self.string(start, from)?;
                        return Ok(self.token(STRING, from, start));
                    }
                    let triple = self.peek(1) == c && self.peek(2) == c;
                    self.at += if triple { 3 } else { 1 };
                    let kind = if prefix.contains('f') { FSTRING_START } else { TSTRING_START };
                    let raw = prefix.contains('r');
                    self.literals.push(Literal { quote: c, triple, raw, kind, at: from, braces: vec![] });
                    return Ok(self.token(kind, from, start));
                }
                c if c.is_ascii_alphabetic() => prefix.push(c.to_ascii_lowercase()),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn string(&mut self, _start: usize, from: Place) -> Result<(), Error> {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        loop {
            if self.at_end() || !triple && self.newline_here() {
                if let Some(l) = self.literals.last()
                    && l.quote == quote
                    && l.triple == triple
                {
                    let what = if l.kind == FSTRING_START { 'f' } else { 't' };
                    return self.error(format!("{what}-string: expecting '}}'"), (from.0, from.1 + 1));
                }
                let place = (from.0, from.1 + 1);
                let row = if self.at_end() { self.lines.len() } else { self.row };
                return match triple {
                    true => self.error(
                        format!("unterminated triple-quoted string literal (detected at line {row})"),
                        place,
                    ),
                    false => {
                        self.error(format!("unterminated string literal (detected at line {row})"), place)
                    }
                };
            }
            let c = self.step();
            if c == '\\' && !self.at_end() {
                if self.peek(0) == '\r' && self.peek(1) == '\n' {
                    self.at += 1;
                }
                self.step();
            } else if c == quote {
                if !triple {
                    return Ok(());
                }
                if self.peek(0) == quote && self.peek(1) == quote {
                    self.at += 2;
                    return Ok(());
                }
            }
        }
    }

    fn digits(&mut self, radix: u32, what: &str) -> Result<(), Error> {
        loop {
            if self.peek(0) == '_' {
                self.at += 1;
                if !self.peek(0).is_digit(radix) {
                    return self.error_here(format!("invalid {what} literal"));
                }
            }
            if !self.peek(0).is_digit(radix) {
                return Ok(());
            }
            self.at += 1;
        }
    }
    /// What follows a number must not be glued to it, keywords aside.
    fn end_of_number(&mut self, what: &str) -> Result<(), Error> {
        if self.extra || !is_name(self.peek(0)) || self.at_end() {
            return Ok(());
        }
        let rest: String = self.text[self.at..].iter().take(4).collect();
        let keyword = ["and", "else", "for", "if", "in", "is", "not", "or"];
        if keyword.iter().any(|k| rest.starts_with(k)) {
            return Ok(());
        }
        self.error_here(format!("invalid {what} literal"))
    }
    fn number(&mut self) -> Result<(), Error> {
        let radix = match (self.peek(0), self.peek(1).to_ascii_lowercase()) {
            ('0', 'x') => Some((16, "hexadecimal")),
            ('0', 'o') => Some((8, "octal")),
            ('0', 'b') => Some((2, "binary")),
            _ => None,
        };
        if let Some((radix, what)) = radix {
            self.at += 2;
            if self.peek(0) == '_' {
                self.at += 1;
            }
            if !self.peek(0).is_digit(radix) {
                if self.peek(0).is_ascii_digit() {
                    let c = self.peek(0);
                    return self.error(
                        format!("invalid digit '{c}' in {what} literal"),
                        (self.row, self.place().1 + 1),
                    );
                }
                return self.error_here(format!("invalid {what} literal"));
            }
            self.digits(radix, what)?;
            if self.peek(0).is_ascii_digit() {
                let c = self.peek(0);
                return self
                    .error(format!("invalid digit '{c}' in {what} literal"), (self.row, self.place().1 + 1));
            }
            return self.end_of_number(what);
        }
        let (start, from) = (self.at, self.place());
        if self.peek(0) != '.' {
            self.digits(10, "decimal")?;
        }
        let whole: String = self.text[start..self.at].iter().filter(|c| **c != '_').collect();
        let mut float = false;
        if self.peek(0) == '.' {
            self.at += 1;
            float = true;
            if self.peek(0).is_ascii_digit() {
                self.digits(10, "decimal")?;
            }
        }
        if matches!(self.peek(0), 'e' | 'E') {
            let sign = usize::from(matches!(self.peek(1), '+' | '-'));
            if self.peek(1 + sign).is_ascii_digit() {
                self.at += 1 + sign;
                self.digits(10, "decimal")?;
                float = true;
            } else if sign == 1 {
                self.at += 2;
                return self.error_here("invalid decimal literal");
            }
        }
        if matches!(self.peek(0), 'j' | 'J') {
            self.at += 1;
            return self.end_of_number("imaginary");
        }
        if !self.extra
            && !float
            && whole.len() > 1
            && whole.starts_with('0')
            && whole.bytes().any(|b| b != b'0')
        {
            let message = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for \
                           octal integers";
            return self.error(message, (from.0, from.1 + 1));
        }
        self.end_of_number("decimal")
    }

    fn operator(&mut self, c: char, start: usize, from: Place) -> Result<Option<Token>, Error> {
        let depth = self.open.len();
        // At the level of a replacement field: its format, its conversion, its end.
        if let Some(l) = self.literals.last_mut()
            && let Some((level, format)) = l.braces.last_mut()
            && *level == depth
        {
            match c {
                ':' => {
                    *format = true;
                    self.at += 1;
                    return Ok(self.token(self.op(11), from, start));
                }
                '!' if self.text.get(start + 1) != Some(&'=') => {
                    self.at += 1;
                    return Ok(self.token(self.op(54), from, start));
                }
                '}' => {
                    l.braces.pop();
                    self.open.pop();
                    self.at += 1;
                    return Ok(self.token(self.op(26), from, start));
                }
                _ => {}
            }
        }
        let rest: String = self.text[start..].iter().take(3).collect();
        let Some((sign, exact)) = OPERATORS.iter().find(|(o, _)| rest.starts_with(o)) else {
            if !crate::types::repr::is_printable(c) {
                let message = format!("invalid non-printable character U+{:04X}", c as u32);
                return self.error(message, (from.0, from.1 + 1));
            }
            self.at += 1;
            return Ok(self.token(if self.extra { OP } else { ERROR_TOKEN }, from, start));
        };
        self.at += sign.len();
        match c {
            '(' | '[' | '{' => {
                if depth >= 200 {
                    return self.error("too many nested parentheses", (from.0, from.1 + 1));
                }
                self.open.push((c, from));
            }
            ')' | ']' | '}' => self.close(c, from)?,
            _ => {}
        }
        Ok(self.token(self.op(*exact), from, start))
    }

    fn close(&mut self, c: char, from: Place) -> Result<(), Error> {
        let here = (from.0, from.1 + 1);
        let Some((open, at)) = self.open.pop() else {
            return match self.extra {
                true => Ok(()),
                false => self.error(format!("unmatched '{c}'"), here),
            };
        };
        if self.extra || matches!((open, c), ('(', ')') | ('[', ']') | ('{', '}')) {
            return Ok(());
        }
        let line = if at.0 == from.0 { String::new() } else { format!(" on line {}", at.0) };
        let message = format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'{line}");
        self.error(message, here)
    }

    /// Literal text of an f-string, its end, or the brace of a replacement field.
    fn middle(&mut self) -> Result<Option<Token>, Error> {
        let Some(l) = self.literals.last() else { return Ok(None) };
        let (quote, triple, raw, kind, at) = (l.quote, l.triple, l.raw, l.kind, l.at);
        let in_format = !l.braces.is_empty();
        let (start, from) = (self.at, self.place());
        let closes = |s: &Scan| s.peek(0) == quote && (!triple || s.peek(1) == quote && s.peek(2) == quote);
        let letter = if kind == FSTRING_START { 'f' } else { 't' };
        // What stands right here, if no text does.
        if !in_format && closes(self) {
            self.at += if triple { 3 } else { 1 };
            self.literals.pop();
            return Ok(self.token(kind + 2, from, start));
        }
        let opens = |s: &Scan| s.peek(0) == '{' && (in_format || s.peek(1) != '{');
        let after_text = self.last_kind == kind + 1;
        if opens(self) && (!in_format || after_text || self.peek(1) != '{') {
            self.at += 1;
            self.open.push(('{', from));
            let depth = self.open.len();
            if let Some(l) = self.literals.last_mut() {
                l.braces.push((depth, false));
            }
            return Ok(self.token(self.op(25), from, start));
        }
        if in_format && self.peek(0) == '}' && after_text {
            if let Some(l) = self.literals.last_mut() {
                l.braces.pop();
            }
            self.open.pop();
            self.at += 1;
            return Ok(self.token(self.op(26), from, start));
        }
        loop {
            if self.at_end() || !triple && self.newline_here() {
                if in_format && !self.at_end() {
                    let message = format!(
                        "{letter}-string: newlines are not allowed in format specifiers for single quoted \
                         {letter}-strings"
                    );
                    return self.error(message, (self.row, self.place().1 + 1));
                }
                let row = if self.at_end() { self.lines.len() } else { self.row };
                let three = if triple { "triple-quoted " } else { "" };
                let message = format!("unterminated {three}{letter}-string literal (detected at line {row})");
                return self.error(message, (at.0, at.1 + 1));
            }
            let c = self.peek(0);
            if closes(self) {
                if in_format {
                    return self
                        .error(format!("{letter}-string: expecting '}}'"), (self.row, self.place().1 + 1));
                }
                return Ok(self.token(kind + 1, from, start));
            }
            if c == '{' {
                if opens(self) {
                    return Ok(self.token(kind + 1, from, start));
                }
                return self.doubled(kind, from, start);
            }
            if c == '}' {
                if in_format {
                    return Ok(self.token(kind + 1, from, start));
                }
                if self.peek(1) == '}' {
                    return self.doubled(kind, from, start);
                }
                if self.at > start {
                    return Ok(self.token(kind + 1, from, start));
                }
                return self.error(
                    format!("{letter}-string: single '}}' is not allowed"),
                    (self.row, self.place().1 + 1),
                );
            }
            self.step();
            if c == '\\' && !self.at_end() {
                let next = self.peek(0);
                if next == 'N' && !raw && self.peek(1) == '{' && !in_format {
                    while !self.at_end() && self.peek(0) != '}' && self.peek(0) != '\n' {
                        self.step();
                    }
                    if self.peek(0) == '}' {
                        self.step();
                    }
                } else if next != '{' && next != '}' {
                    if next == '\r' && self.peek(1) == '\n' {
                        self.at += 1;
                    }
                    self.step();
                }
            }
        }
    }

    /// Text up to the first of two braces; the second is passed.
    fn doubled(&mut self, kind: u8, from: Place, start: usize) -> Result<Option<Token>, Error> {
        self.at += 1;
        let t = self.token(kind + 1, from, start);
        self.at += 1;
        // The next text begins afresh.
        Ok(t)
    }
}
