//! Reads `grammar.txt` into tables, once.
//!
//! A rule is `name flags: alternatives`; each alternative stands on a line of its own behind `|`, or several
//! without actions on the rule's line. Flags: `memo` (one result for both passes), `left` (left-recursive),
//! `quiet` (without the rules for mistakes). `'x'` a token, `"x"` a soft keyword, `X` a kind of token, `x` a
//! rule, `a=` a label, `[x]` or `x?` optional, `x*`, `x+`, `s.x+` joined by s, `&x` and `!x` look ahead, `~` no
//! other alternative, `&&'x'` must follow. Behind `=>` the action: a kind of node, `$a`, `err PLACE "..."`,
//! `indent "..."`, `fn name`.

use super::mistakes;
use super::peg::{Kind, Labels, N, Parsed, Parser};
use super::token as t;
use std::collections::HashMap;
use std::sync::OnceLock;

pub enum Item {
    Token(t::Kind),
    Soft(&'static str),
    AnySoft,
    Forced(t::Kind, &'static str),
    Rule(u16),
    Group(Vec<Alternative>),
    Maybe(Box<Item>),
    Many { inner: Box<Item>, least: usize },
    Joined { by: Box<Item>, inner: Box<Item> },
    And(Box<Item>),
    Not(Box<Item>),
    Cut,
}

/// Where an error is shown.
pub enum Place {
    /// The token read last.
    Last,
    /// The token that comes next.
    Next,
    /// From the beginning of one to as far as was read.
    From(u8),
    /// From the beginning of one to the end of another.
    Range(u8, u8),
}

pub enum Action {
    /// The only item, or a sequence of all.
    Pass,
    Make(Kind),
    Label(u8),
    Raise {
        indentation: bool,
        place: Place,
        message: &'static str,
    },
    Call(for<'a> fn(&mut Parser<'a>, &Labels, usize, Vec<N>) -> Parsed),
}

pub struct Alternative {
    pub items: Vec<(Option<u8>, Item)>,
    pub action: Action,
    /// Only in the second pass.
    pub mistake: bool,
}

pub struct Rule {
    pub alternatives: Vec<Alternative>,
    pub memo: bool,
    pub left: bool,
    pub quiet: bool,
}

pub struct Grammar {
    pub rules: Vec<Rule>,
    names: HashMap<&'static str, u16>,
}

impl Grammar {
    pub fn find(&self, name: &str) -> Option<u16> {
        self.names.get(name).copied()
    }
}

static TEXT: &str = include_str!("grammar.txt");

pub fn grammar() -> &'static Grammar {
    static TABLE: OnceLock<Grammar> = OnceLock::new();
    TABLE.get_or_init(|| read(TEXT))
}

fn read(text: &'static str) -> Grammar {
    let mut bodies: Vec<(&'static str, Vec<&'static str>)> = vec![];
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("    | ") {
            if let Some((_, body)) = bodies.last_mut() {
                body.push(rest);
            }
        } else if let Some((head, rest)) = line.split_once(':') {
            let rest = rest.trim();
            bodies.push((head, if rest.is_empty() { vec![] } else { vec![rest] }));
        }
    }
    let name = |head: &'static str| head.split(' ').next().unwrap_or(head);
    let names: HashMap<_, _> = bodies.iter().enumerate().map(|(i, (h, _))| (name(h), i as u16)).collect();
    let rules = bodies.iter().map(|(head, lines)| {
        let flag = |f: &str| head.split(' ').skip(1).any(|w| w == f);
        let mut alternatives = vec![];
        for line in lines {
            let (items, action) = match line.split_once(" => ") {
                Some((items, action)) => (items, action_of(action)),
                None => (*line, Action::Pass),
            };
            let mut reader = Reader { rest: items, names: &names };
            let mut found = reader.alternatives();
            assert!(reader.rest.trim().is_empty(), "grammar: {line}");
            if let Some(last) = found.last_mut() {
                last.action = action;
            }
            alternatives.append(&mut found);
        }
        Rule { alternatives, memo: flag("memo") || flag("left"), left: flag("left"), quiet: flag("quiet") }
    });
    Grammar { rules: rules.collect(), names }
}

fn action_of(text: &'static str) -> Action {
    let text = text.trim();
    if let Some(name) = text.strip_prefix('$') {
        return Action::Label(name.as_bytes()[0]);
    }
    if let Some(name) = text.strip_prefix("fn ") {
        let f = mistakes::FUNCTIONS.iter().find(|f| f.0 == name);
        return f.map_or_else(|| panic!("grammar: function {name}"), |f| Action::Call(f.1));
    }
    let (indentation, rest) = match (text.strip_prefix("err "), text.strip_prefix("indent ")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Action::Make(Kind::parse(text).unwrap_or_else(|| panic!("grammar: kind {text}"))),
    };
    let (place, message) = rest.split_once(['"']).unwrap_or(("", rest));
    let message = message.strip_suffix('"').unwrap_or(message);
    let bytes = place.trim().as_bytes();
    let place = match bytes {
        b"" | b"last" => Place::Last,
        b"next" => Place::Next,
        [b'>', a] => Place::From(*a),
        [a] => Place::Range(*a, *a),
        [a, b'-', b] => Place::Range(*a, *b),
        _ => panic!("grammar: place {rest}"),
    };
    Action::Raise { indentation, place, message }
}

struct Reader<'g> {
    rest: &'static str,
    names: &'g HashMap<&'static str, u16>,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start();
        self.rest.bytes().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn alternatives(&mut self) -> Vec<Alternative> {
        let mut all = vec![];
        loop {
            let mut items = vec![];
            let mut mistake = false;
            while !matches!(self.peek(), None | Some(b'|' | b')' | b']')) {
                let mut name = None;
                let b = self.rest.as_bytes();
                if b.len() > 1 && b[0].is_ascii_lowercase() && b[1] == b'=' {
                    name = Some(b[0]);
                    self.rest = &self.rest[2..];
                }
                mistake |= self.rest.starts_with("invalid_");
                items.push((name, self.item()));
            }
            all.push(Alternative { items, action: Action::Pass, mistake });
            if !self.eat("|") {
                return all;
            }
        }
    }

    fn item(&mut self) -> Item {
        self.peek();
        if self.eat("~") {
            return Item::Cut;
        }
        if self.eat("&&") {
            return match self.atom() {
                Item::Token(k) => Item::Forced(k, t::WORDS[(k - t::WORD) as usize]),
                other => other,
            };
        }
        if self.eat("&") {
            return Item::And(Box::new(self.atom()));
        }
        if self.eat("!") {
            return Item::Not(Box::new(self.atom()));
        }
        let inner = self.atom();
        if self.eat("?") {
            return Item::Maybe(Box::new(inner));
        }
        if self.eat("*") {
            return Item::Many { inner: Box::new(inner), least: 0 };
        }
        if self.eat("+") {
            return Item::Many { inner: Box::new(inner), least: 1 };
        }
        if self.eat(".") {
            let (by, inner) = (Box::new(inner), Box::new(self.atom()));
            assert!(self.eat("+"), "grammar: + at {}", self.rest);
            return Item::Joined { by, inner };
        }
        inner
    }

    fn atom(&mut self) -> Item {
        self.peek();
        if self.eat("(") {
            let inner = self.alternatives();
            assert!(self.eat(")"), "grammar: ) at {}", self.rest);
            return Item::Group(inner);
        }
        if self.eat("[") {
            let inner = self.alternatives();
            assert!(self.eat("]"), "grammar: ] at {}", self.rest);
            return Item::Maybe(Box::new(Item::Group(inner)));
        }
        for (quote, soft) in [('\'', false), ('"', true)] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).unwrap_or((rest, ""));
                self.rest = rest;
                return match t::word(text) {
                    Some(k) if !soft => Item::Token(k),
                    _ => Item::Soft(text),
                };
            }
        }
        let n = self.rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_'));
        let (name, rest) = self.rest.split_at(n.unwrap_or(self.rest.len()));
        self.rest = rest;
        let kind = match name {
            "ENDMARKER" => t::END,
            "NAME" => t::NAME,
            "NUMBER" => t::NUMBER,
            "STRING" => t::STRING,
            "NEWLINE" => t::NEWLINE,
            "INDENT" => t::INDENT,
            "DEDENT" => t::DEDENT,
            "FSTRING_START" => t::FSTRING_START,
            "FSTRING_MIDDLE" => t::FSTRING_MIDDLE,
            "FSTRING_END" => t::FSTRING_END,
            "TSTRING_START" => t::TSTRING_START,
            "TSTRING_MIDDLE" => t::TSTRING_MIDDLE,
            "TSTRING_END" => t::TSTRING_END,
            "TYPE_COMMENT" => t::TYPE_COMMENT,
            "SOFT_KEYWORD" => return Item::AnySoft,
            _ => match self.names.get(name) {
                Some(r) => return Item::Rule(*r),
                None => panic!("grammar: no rule {name:?} before {}", self.rest),
            },
        };
        Item::Token(kind)
    }
}
