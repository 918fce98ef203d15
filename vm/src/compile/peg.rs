//! A parser driven by the rules in `grammar.txt`: ordered choice, as CPython's own, so that it fails where
//! CPython's fails and the rules for common mistakes (`invalid_...`) see what CPython's see.
//!
//! It runs only for a text that the compiler's parser has refused. First without the rules for mistakes, which
//! finds how far the text makes sense; then with them. Rules are memoised, so the time is linear in the text.

use super::grammar::{self, Action, Alternative, Grammar, Item, Place};
use super::token::{self as t, Done, Report, Token, Tokens};
use std::collections::HashMap;
use std::rc::Rc;

/// What a piece of the text is, as far as messages and targets care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Seq,
    Token,
    Name,
    Attribute,
    Subscript,
    Starred,
    List,
    Tuple,
    Lambda,
    Call,
    Operation,
    Generator,
    Yield,
    Await,
    ListComp,
    SetComp,
    DictComp,
    Dict,
    Set,
    FString,
    TString,
    Bytes,
    Literal,
    Ellipsis,
    None,
    True,
    False,
    Compare,
    IfExp,
    Named,
    Keyword,
    DoubleStarred,
    Comprehension,
}

impl Kind {
    pub fn parse(name: &str) -> Option<Kind> {
        use Kind::*;
        let all = [
            Seq,
            Token,
            Name,
            Attribute,
            Subscript,
            Starred,
            List,
            Tuple,
            Lambda,
            Call,
            Operation,
            Generator,
            Yield,
            Await,
            ListComp,
            SetComp,
            DictComp,
            Dict,
            Set,
            FString,
            TString,
            Bytes,
            Literal,
            Ellipsis,
            None,
            True,
            False,
            Compare,
            IfExp,
            Named,
            Keyword,
            DoubleStarred,
            Comprehension,
        ];
        all.into_iter().find(|k| format!("{k:?}") == name)
    }

    /// What messages call it.
    fn in_words(self) -> &'static str {
        match self {
            Kind::Attribute => "attribute",
            Kind::Subscript => "subscript",
            Kind::Starred => "starred",
            Kind::Name => "name",
            Kind::List => "list",
            Kind::Tuple => "tuple",
            Kind::Lambda => "lambda",
            Kind::Call => "function call",
            Kind::Generator => "generator expression",
            Kind::Yield => "yield expression",
            Kind::Await => "await expression",
            Kind::ListComp => "list comprehension",
            Kind::SetComp => "set comprehension",
            Kind::DictComp => "dict comprehension",
            Kind::Dict => "dict literal",
            Kind::Set => "set display",
            Kind::FString => "f-string expression",
            Kind::TString => "t-string expression",
            Kind::Literal | Kind::Bytes => "literal",
            Kind::Ellipsis => "ellipsis",
            Kind::None => "None",
            Kind::True => "True",
            Kind::False => "False",
            Kind::Compare => "comparison",
            Kind::IfExp => "conditional expression",
            Kind::Named => "named expression",
            _ => "expression",
        }
    }
}

#[derive(Debug)]
pub struct Node {
    pub kind: Kind,
    pub start: (u32, i32),
    pub end: (u32, i32),
    pub kids: Vec<N>,
    /// Its first token.
    pub token: usize,
}

pub type N = Rc<Node>;

/// An error has been said: nothing more is parsed.
#[derive(Debug)]
pub struct Stop;

pub type Parsed = Result<Option<N>, Stop>;

/// What the labels of an alternative stand for.
pub type Labels = Vec<(u8, N)>;

pub struct Parser<'a> {
    grammar: &'static Grammar,
    pub tokens: Vec<Token>,
    pub source: Tokens<'a>,
    pub mark: usize,
    mistakes: bool,
    memo: HashMap<(u16, usize, bool), (Option<N>, usize)>,
    level: usize,
    pub report: Option<Report>,
    /// The text is one interactive statement, which end of input ends.
    single: bool,
    imply_dedent: bool,
    begun: bool,
    /// The text of the file, which messages show in preference.
    pub file: Option<String>,
    /// The statement that was complete last: line, column.
    pub last_statement: (u32, i32),
    /// `<>` is the operator, by a `__future__` import.
    pub barry: bool,
}

/// Nested calls of rules that CPython's parser allows.
const MAX_LEVEL: usize = 6000;

pub fn label(labels: &Labels, name: u8) -> Option<&N> {
    labels.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
}

impl<'a> Parser<'a> {
    pub fn new(source: Tokens<'a>, single: bool, imply_dedent: bool, file: Option<String>) -> Parser<'a> {
        Parser {
            grammar: grammar::grammar(),
            tokens: vec![],
            source,
            mark: 0,
            mistakes: false,
            memo: HashMap::new(),
            level: 0,
            report: None,
            single,
            imply_dedent,
            begun: false,
            file,
            last_statement: (0, 0),
            barry: false,
        }
    }

    /// Parses from the beginning by a rule. `mistakes`: with the rules for mistakes.
    pub fn run(&mut self, rule: &str, mistakes: bool) -> Parsed {
        self.mark = 0;
        self.mistakes = mistakes;
        self.memo.clear();
        self.level = 0;
        match self.grammar.find(rule) {
            Some(r) => self.rule(r),
            None => Ok(None),
        }
    }

    fn fill(&mut self) -> Result<(), Stop> {
        let mut token = self.source.next();
        if self.single && token.kind == t::END && self.begun {
            token.kind = t::NEWLINE;
            self.begun = false;
            if self.source.is_indented() && self.imply_dedent {
                self.source.close_indents();
            }
        } else {
            self.begun = true;
        }
        self.tokens.push(token);
        if token.kind == t::ERROR {
            self.tokenizer_error();
            return Err(Stop);
        }
        Ok(())
    }

    pub fn token(&mut self, at: usize) -> Result<Token, Stop> {
        while at >= self.tokens.len() {
            if self.tokens.last().is_some_and(|t| t.kind == t::ERROR) {
                return Err(Stop);
            }
            self.fill()?;
        }
        Ok(self.tokens[at])
    }

    pub fn text_of(&self, token: &Token) -> &'a str {
        self.source.text.get(token.from..token.to).unwrap_or("")
    }

    fn tokenizer_error(&mut self) {
        let (class, message, column) = match self.source.done {
            Done::Message | Done::EndInString => {
                self.report = self.source.error.clone();
                return;
            }
            Done::End | Done::Ok => {
                if !self.unclosed() {
                    self.raise_last("SyntaxError", "unexpected EOF while parsing".into());
                }
                return;
            }
            Done::Dedent => {
                let message = "unindent does not match any outer indentation level";
                return self.raise_last("IndentationError", message.into());
            }
            Done::Tabs => ("TabError", "inconsistent use of tabs and spaces in indentation", None),
            Done::TooDeep => ("IndentationError", "too many levels of indentation", None),
            Done::Continuation => {
                let column = self.source.cur as i64 - self.source.buffer as i64 - 1;
                ("SyntaxError", "unexpected character after line continuation character", Some(column))
            }
        };
        let line = self.source.line;
        self.raise(class, message.into(), (line, column.unwrap_or(0) + 1), (line, 0));
    }

    /// "'(' was never closed", if a bracket is open.
    pub fn unclosed(&mut self) -> bool {
        let Some(&(c, line, column)) = self.source.open.last() else { return false };
        let message = format!("'{}' was never closed", c as char);
        self.raise("SyntaxError", message, (line, column as i64 + 1), (line, 0));
        true
    }

    /// At the token that was read last.
    pub fn raise_last(&mut self, class: &'static str, message: String) {
        let at = self.tokens.len() - 1;
        self.raise_token(class, message, at);
    }

    pub fn raise_token(&mut self, class: &'static str, message: String, at: usize) {
        let Some(token) = self.tokens.get(at).copied() else { return };
        let column = if token.column == -1 {
            self.source.cur as i64 - self.source.line_start as i64
        } else {
            i64::from(token.column) + 1
        };
        let end = if token.end_column == -1 { -1 } else { i64::from(token.end_column) + 1 };
        self.raise(class, message, (token.line, column), (token.end_line, end));
    }

    /// At a token, whatever place it has.
    pub fn raise_known(&mut self, at: usize, message: &str) {
        if let Some(t) = self.tokens.get(at).copied() {
            let start = (t.line, i64::from(t.column) + 1);
            self.raise("SyntaxError", message.into(), start, (t.end_line, i64::from(t.end_column) + 1));
        }
    }

    /// Fills in the kind of a node (`%n`).
    pub fn in_words(&self, message: &str, node: &Node) -> String {
        message.replace("%n", node.kind.in_words())
    }

    /// Columns here count bytes from 1, and may be 0 or -1 for none.
    pub fn raise(&mut self, class: &'static str, message: String, start: (u32, i64), end: (u32, i64)) {
        if self.report.is_some() {
            return;
        }
        let s = &self.source;
        let from_file = self
            .file
            .as_ref()
            .and_then(|f| f.split_inclusive('\n').nth((start.0 as usize).wrapping_sub(1)).map(str::to_owned));
        let text = match from_file {
            Some(text) => text,
            None if s.line <= start.0 && s.line_end > s.line_start => {
                s.text[s.line_start..s.line_end].to_owned()
            }
            None => s.text.split('\n').nth((start.0 as usize).wrapping_sub(1)).unwrap_or("").to_owned(),
        };
        let count = |n: i64| {
            if n <= 0 {
                return n;
            }
            let n = (n as usize).min(text.len() + 1);
            String::from_utf8_lossy(&text.as_bytes()[..n - 1]).chars().count() as i64 + 1
        };
        self.report = Some(Report {
            class,
            message,
            line: start.0,
            column: count(start.1),
            end_line: end.0,
            end_column: count(end.1),
            text: Some(text.clone()),
        });
    }

    fn deeper(&mut self) -> Result<(), Stop> {
        self.level += 1;
        if self.level < MAX_LEVEL {
            return Ok(());
        }
        self.report = Some(Report {
            class: "MemoryError",
            message: "Parser stack overflowed - Python source too complex to parse".into(),
            ..Report::default()
        });
        Err(Stop)
    }

    fn rule(&mut self, r: u16) -> Parsed {
        let grammar = self.grammar;
        let rule = &grammar.rules[r as usize];
        let key = (r, self.mark, self.mistakes && !rule.memo);
        if let Some((node, end)) = self.memo.get(&key) {
            let (node, end) = (node.clone(), *end);
            if node.is_some() {
                self.mark = end;
            }
            return Ok(node);
        }
        self.deeper()?;
        let start = self.mark;
        let node = if rule.left {
            let mut best: (Option<N>, usize) = (None, start);
            loop {
                self.memo.insert(key, best.clone());
                self.mark = start;
                let node = self.choose(&rule.alternatives)?;
                if node.is_none() || self.mark <= best.1 {
                    break;
                }
                best = (node, self.mark);
            }
            self.mark = best.1;
            best.0
        } else if rule.quiet {
            let before = std::mem::replace(&mut self.mistakes, false);
            let node = self.choose(&rule.alternatives);
            self.mistakes = before;
            node?
        } else {
            self.choose(&rule.alternatives)?
        };
        self.level -= 1;
        self.memo.insert(key, (node.clone(), self.mark));
        Ok(node)
    }

    fn choose(&mut self, alternatives: &'static [Alternative]) -> Parsed {
        let start = self.mark;
        for a in alternatives {
            if a.mistake && !self.mistakes {
                continue;
            }
            let mut cut = false;
            let node = self.alternative(a, &mut cut)?;
            if node.is_some() {
                return Ok(node);
            }
            self.mark = start;
            if cut {
                break;
            }
        }
        Ok(None)
    }

    fn alternative(&mut self, a: &'static Alternative, cut: &mut bool) -> Parsed {
        let start = self.mark;
        let mut labels: Labels = vec![];
        let mut kids: Vec<N> = vec![];
        for (name, item) in &a.items {
            if matches!(item, Item::Cut) {
                *cut = true;
                continue;
            }
            let Some(node) = self.item(item)? else { return Ok(None) };
            if matches!(item, Item::And(_) | Item::Not(_)) {
                continue;
            }
            let missing = matches!(item, Item::Maybe(_)) && node.kind == Kind::Seq && node.kids.is_empty();
            if let Some(name) = name
                && !missing
            {
                labels.push((*name, node.clone()));
            }
            kids.push(node);
        }
        match &a.action {
            Action::Pass if kids.len() == 1 => Ok(kids.pop()),
            Action::Pass => Ok(Some(self.node(Kind::Seq, start, kids))),
            Action::Make(kind) => Ok(Some(self.node(*kind, start, kids))),
            Action::Label(name) => Ok(label(&labels, *name).cloned()),
            Action::Raise { indentation, place, message } => {
                let class = if *indentation { "IndentationError" } else { "SyntaxError" };
                let message = self.complete(message, &labels);
                self.raise_at(class, place, message, &labels)?;
                if self.report.is_some() { Err(Stop) } else { Ok(None) }
            }
            Action::Call(f) => f(self, &labels, start, kids),
        }
    }

    /// Fills in what a message leaves open: `%n` the kind of `a` in words, `%l` its line, `%t` its text, `%k` the
    /// letter of the string with fields.
    fn complete(&self, message: &str, labels: &Labels) -> String {
        if !message.contains('%') {
            return message.to_owned();
        }
        let mut out = message.to_owned();
        if let Some(a) = label(labels, b'a') {
            out = out.replace("%n", a.kind.in_words()).replace("%l", &a.start.0.to_string());
            if let Some(token) = self.tokens.get(a.token) {
                out = out.replace("%t", self.text_of(token));
            }
        }
        let template =
            self.tokens[..self.mark.min(self.tokens.len())].iter().rev().find_map(|t| match t.kind {
                t::TSTRING_START => Some("t"),
                t::FSTRING_START => Some("f"),
                _ => None,
            });
        out.replace("%k", template.unwrap_or("f"))
    }

    fn raise_at(
        &mut self,
        class: &'static str,
        place: &Place,
        message: String,
        labels: &Labels,
    ) -> Result<(), Stop> {
        let get = |n: u8| label(labels, n).cloned();
        match *place {
            Place::Last => self.raise_last(class, message),
            Place::Next => {
                self.token(self.mark)?;
                self.raise_token(class, message, self.mark);
            }
            Place::From(a) => {
                if let Some(a) = get(a) {
                    self.raise_from(class, message, &a);
                }
            }
            Place::Range(a, b) => {
                if let (Some(a), Some(b)) = (get(a), get(b)) {
                    self.raise_range(class, message, &a, &b);
                }
            }
        }
        Ok(())
    }

    /// From the beginning of a node to as far as was read.
    pub fn raise_from(&mut self, class: &'static str, message: String, a: &Node) {
        let now = self.source.cur as i64 - self.source.line_start as i64;
        let line = self.source.line;
        self.raise(class, message, (a.start.0, i64::from(a.start.1) + 1), (line, now));
    }

    pub fn raise_range(&mut self, class: &'static str, message: String, a: &Node, b: &Node) {
        let start = (a.start.0, i64::from(a.start.1) + 1);
        self.raise(class, message, start, (b.end.0, i64::from(b.end.1) + 1));
    }

    pub fn node(&self, kind: Kind, start: usize, kids: Vec<N>) -> N {
        let first = self.tokens.get(start).map_or((0, 0), |t| (t.line, t.column));
        // The last token that has a text ends it.
        let used = &self.tokens[..self.mark.min(self.tokens.len())];
        let last = used.iter().rev().find(|t| !matches!(t.kind, t::NEWLINE | t::INDENT | t::DEDENT | t::END));
        let end = last.map_or(first, |t| (t.end_line, t.end_column));
        Rc::new(Node { kind, start: first, end, kids, token: start })
    }

    fn accept(&mut self) -> N {
        self.mark += 1;
        let token = &self.tokens[self.mark - 1];
        let kind = if token.kind == t::NAME { Kind::Name } else { Kind::Token };
        let (start, end) = ((token.line, token.column), (token.end_line, token.end_column));
        Rc::new(Node { kind, start, end, kids: vec![], token: self.mark - 1 })
    }

    fn item(&mut self, item: &'static Item) -> Parsed {
        match item {
            Item::Token(kind) => {
                let found = self.token(self.mark)?;
                Ok((found.kind == *kind).then(|| self.accept()))
            }
            Item::Soft(text) => {
                let found = self.token(self.mark)?;
                Ok((found.kind == t::NAME && self.text_of(&found) == *text).then(|| self.accept()))
            }
            Item::AnySoft => {
                let found = self.token(self.mark)?;
                let soft = matches!(self.text_of(&found), "_" | "case" | "match" | "type");
                Ok((found.kind == t::NAME && soft).then(|| self.accept()))
            }
            Item::Forced(kind, text) => {
                let found = self.token(self.mark)?;
                if found.kind == *kind {
                    return Ok(Some(self.accept()));
                }
                if !self.mistakes {
                    return Ok(None);
                }
                self.raise_token("SyntaxError", format!("expected '{text}'"), self.mark);
                Err(Stop)
            }
            Item::Rule(r) => self.rule(*r),
            Item::Group(alternatives) => {
                let start = self.mark;
                self.deeper()?;
                let node = self.choose(alternatives)?;
                self.level -= 1;
                if node.is_none() {
                    self.mark = start;
                }
                Ok(node)
            }
            Item::Maybe(inner) => {
                let start = self.mark;
                match self.item(inner)? {
                    Some(n) => Ok(Some(n)),
                    None => {
                        self.mark = start;
                        Ok(Some(self.nothing()))
                    }
                }
            }
            Item::Many { inner, least } => {
                let start = self.mark;
                let mut kids = vec![];
                self.deeper()?;
                loop {
                    let here = self.mark;
                    match self.item(inner)? {
                        Some(n) if self.mark > here => kids.push(n),
                        _ => {
                            self.mark = here;
                            break;
                        }
                    }
                }
                self.level -= 1;
                if kids.len() < *least {
                    self.mark = start;
                    return Ok(None);
                }
                Ok(Some(self.node(Kind::Seq, start, kids)))
            }
            Item::Joined { by, inner } => {
                let start = self.mark;
                self.deeper()?;
                let first = self.item(inner)?;
                self.level -= 1;
                let Some(first) = first else {
                    self.mark = start;
                    return Ok(None);
                };
                let mut kids = vec![first];
                loop {
                    let here = self.mark;
                    if self.item(by)?.is_some()
                        && let Some(n) = self.item(inner)?
                    {
                        kids.push(n);
                    } else {
                        self.mark = here;
                        break;
                    }
                }
                Ok(Some(self.node(Kind::Seq, start, kids)))
            }
            Item::And(inner) | Item::Not(inner) => {
                let start = self.mark;
                let found = self.item(inner)?.is_some();
                self.mark = start;
                let wanted = matches!(item, Item::And(_));
                Ok((found == wanted).then(|| self.nothing()))
            }
            Item::Cut => Ok(Some(self.nothing())),
        }
    }

    fn nothing(&self) -> N {
        Rc::new(Node { kind: Kind::Seq, start: (0, 0), end: (0, 0), kids: vec![], token: self.mark })
    }

    /// Reads on to the end: an error of the tokenizer there wins over what the parser found.
    pub fn tokenize_rest(&mut self) {
        let line = self.tokens.last().map_or(0, |t| t.line);
        if self.tokens.last().is_some_and(|t| t.kind == t::ERROR) {
            return;
        }
        loop {
            let token = self.source.next();
            match token.kind {
                t::ERROR => {
                    if matches!(self.source.done, Done::Message | Done::EndInString) {
                        self.report = self.source.error.clone();
                    } else if let Some(&(_, open, _)) = self.source.open.last()
                        && line > open
                    {
                        self.report = None;
                        self.unclosed();
                    }
                    return;
                }
                t::END => return,
                _ => {}
            }
        }
    }
}
