//! Actions of `grammar.txt` that are more than a message: targets that cannot be assigned, calls, literals.

use super::peg::{Kind, Labels, N, Node, Parsed, Parser, Stop, label};
use super::{literal, token as t};

pub type Function = for<'a> fn(&mut Parser<'a>, &Labels, usize, Vec<N>) -> Parsed;

pub static FUNCTIONS: &[(&str, Function)] = &[
    ("statement", statement),
    ("real_number", real_number),
    ("imaginary_number", imaginary_number),
    ("not_equal", not_equal),
    ("middle", middle),
    ("conversion", conversion),
    ("string", string),
    ("strings", strings),
    ("comprehension", comprehension),
    ("unparenthesized", unparenthesized),
    ("unparenthesized_in_call", unparenthesized_in_call),
    ("unparenthesized_last", unparenthesized_last),
    ("arguments", arguments),
    ("legacy", legacy),
    ("inside_string", inside_string),
    ("missing_comma", missing_comma),
    ("annotated_target", annotated_target),
    ("assign_target", assign_target),
    ("for_target", for_target),
    ("delete_target", delete_target),
    ("comprehension_tuple", comprehension_tuple),
    ("default_order", default_order),
    ("positional_patterns", positional_patterns),
    ("dict_key", dict_key),
    ("mixed", mixed),
    ("mixed_after", mixed_after),
    ("bound_tuple", bound_tuple),
    ("bound_spec", bound_spec),
];

fn fail(p: &mut Parser, message: impl Into<String>, a: &Node, b: &Node) -> Parsed {
    p.raise_range("SyntaxError", message.into(), a, b);
    Err(Stop)
}

fn a_of(labels: &Labels) -> Option<&N> {
    label(labels, b'a')
}

fn statement(p: &mut Parser, _: &Labels, start: usize, mut kids: Vec<N>) -> Parsed {
    let node = kids.pop();
    let at = p.tokens.get(start).map_or((0, 0), |t| (t.line, t.column));
    if at.0 >= p.last_statement.0 {
        p.last_statement = at;
    }
    Ok(node)
}

fn real_number(p: &mut Parser, l: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    let text = p.text_of(&p.tokens[a.token]);
    if text.ends_with(['j', 'J']) {
        return fail(p, "real number required in complex literal", &a.clone(), &a.clone());
    }
    Ok(Some(p.node(Kind::Literal, start, kids)))
}

fn imaginary_number(p: &mut Parser, l: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    let text = p.text_of(&p.tokens[a.token]);
    if !text.ends_with(['j', 'J']) {
        return fail(p, "imaginary number required in complex literal", &a.clone(), &a.clone());
    }
    Ok(Some(p.node(Kind::Literal, start, kids)))
}

fn not_equal(p: &mut Parser, l: &Labels, _: usize, mut kids: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    let old = p.text_of(&p.tokens[a.token]) == "<>";
    if p.barry {
        if !old {
            p.raise_last("SyntaxError", "with Barry as BDFL, use '<>' instead of '!='".into());
            return Err(Stop);
        }
        return Ok(kids.pop());
    }
    Ok(if old { None } else { kids.pop() })
}

/// Text of a string with fields: its escapes must be right, unless it is raw.
fn middle(p: &mut Parser, l: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    // The string that it belongs to.
    let mut depth = 0;
    let mut raw = false;
    for token in p.tokens[..a.token].iter().rev() {
        match token.kind {
            t::FSTRING_END | t::TSTRING_END => depth += 1,
            t::FSTRING_START | t::TSTRING_START if depth == 0 => {
                raw = p.text_of(token).contains(['r', 'R']);
                break;
            }
            t::FSTRING_START | t::TSTRING_START => depth -= 1,
            _ => {}
        }
    }
    let text = p.text_of(&p.tokens[a.token]);
    if !raw && let Some(message) = literal::unicode_error(text) {
        p.raise_last("SyntaxError", message);
        return Err(Stop);
    }
    Ok(Some(p.node(Kind::Literal, start, kids)))
}

fn conversion(p: &mut Parser, l: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b').cloned()) else { return Ok(None) };
    let template = p.tokens[..start].iter().rev().find_map(|t| match t.kind {
        t::TSTRING_START => Some('t'),
        t::FSTRING_START => Some('f'),
        _ => None,
    });
    let k = template.unwrap_or('f');
    if a.end != b.start {
        let message = format!("{k}-string: conversion type must come right after the exclamation mark");
        return fail(p, message, &a, &b);
    }
    let text = p.text_of(&p.tokens[b.token]);
    if !matches!(text, "s" | "r" | "a") {
        let message = format!("{k}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
        return fail(p, message, &b, &b);
    }
    Ok(Some(p.node(Kind::Seq, start, kids)))
}

fn string(p: &mut Parser, l: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    let text = p.text_of(&p.tokens[a.token]);
    let quote = text.find(['"', '\'']).unwrap_or(0);
    let (prefix, rest) = text.split_at(quote);
    let size = if rest.len() >= 6 && (rest.starts_with("\"\"\"") || rest.starts_with("'''")) { 3 } else { 1 };
    let body = rest.get(size..rest.len().saturating_sub(size)).unwrap_or("");
    let is = |c: char| prefix.chars().any(|p| p.eq_ignore_ascii_case(&c));
    let bytes = is('b');
    if bytes && !body.is_ascii() {
        return fail(p, "bytes can only contain ASCII literal characters", &a, &a);
    }
    let message = match (is('r'), bytes) {
        (true, _) => None,
        (false, true) => literal::bytes_error(body),
        (false, false) => literal::unicode_error(body),
    };
    if let Some(message) = message {
        p.raise_last("SyntaxError", message);
        return Err(Stop);
    }
    Ok(Some(p.node(if bytes { Kind::Bytes } else { Kind::Literal }, start, kids)))
}

fn strings(p: &mut Parser, l: &Labels, start: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    let bytes = a.kids.iter().filter(|k| k.kind == Kind::Bytes).count();
    if bytes > 0 && bytes < a.kids.len() {
        p.raise_last("SyntaxError", "cannot mix bytes and nonbytes literals".into());
        return Err(Stop);
    }
    let fields = a.kids.iter().any(|k| k.kind == Kind::FString);
    Ok(Some(p.node(if fields { Kind::FString } else { Kind::Literal }, start, vec![])))
}

/// Kids: target, iterable, conditions.
fn comprehension(p: &mut Parser, l: &Labels, start: usize, _: Vec<N>) -> Parsed {
    let mut kids: Vec<N> = [b'a', b'b'].iter().filter_map(|&n| label(l, n).cloned()).collect();
    if let Some(conditions) = label(l, b'c') {
        kids.extend(conditions.kids.iter().filter_map(|c| c.kids.get(1).cloned()));
    }
    Ok(Some(p.node(Kind::Comprehension, start, kids)))
}

/// The last part of the last `for` clause.
fn last_of(clauses: &Node) -> Option<N> {
    clauses.kids.last()?.kids.last().cloned()
}

const PARENTHESIZE: &str = "Generator expression must be parenthesized";

fn unparenthesized(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    match (a_of(l), label(l, b'b').and_then(|b| last_of(b))) {
        (Some(a), Some(b)) => fail(p, PARENTHESIZE, &a.clone(), &b),
        _ => Ok(None),
    }
}

/// The arguments of a call, in order, `*` and keywords included.
fn flatten(node: &N, out: &mut Vec<N>) {
    match node.kind {
        Kind::Seq => node.kids.iter().for_each(|k| flatten(k, out)),
        Kind::Token => {}
        _ => out.push(node.clone()),
    }
}

fn unparenthesized_in_call(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l), label(l, b'b').and_then(|b| last_of(b))) else { return Ok(None) };
    let mut all = vec![];
    flatten(a, &mut all);
    all.retain(|n| !matches!(n.kind, Kind::Keyword | Kind::DoubleStarred));
    match all.last() {
        Some(last) if all.len() > 1 => fail(p, PARENTHESIZE, last, &b),
        _ => Ok(None),
    }
}

fn unparenthesized_last(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let target = label(l, b'b').and_then(|b| b.kids.last()?.kids.first().cloned());
    match (a_of(l), target) {
        (Some(a), Some(b)) => fail(p, PARENTHESIZE, &a.clone(), &b),
        _ => Ok(None),
    }
}

fn arguments(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    let mut all = vec![];
    flatten(a, &mut all);
    let unpacking = all.iter().any(|n| n.kind == Kind::DoubleStarred);
    let tail = if unpacking { " unpacking" } else { "" };
    p.raise_last("SyntaxError", format!("positional argument follows keyword argument{tail}"));
    Err(Stop)
}

fn is_legacy(p: &Parser, a: &Node) -> bool {
    a.kind == Kind::Name && matches!(p.text_of(&p.tokens[a.token]), "print" | "exec")
}

fn legacy(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b').cloned()) else { return Ok(None) };
    if !is_legacy(p, &a) {
        return Ok(None);
    }
    let name = p.text_of(&p.tokens[a.token]);
    fail(p, format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?"), &a, &b)
}

fn missing_comma(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b').cloned()) else { return Ok(None) };
    if is_legacy(p, &a) || p.mark == 0 || p.tokens[p.mark - 1].level == 0 {
        return Ok(None);
    }
    fail(p, "invalid syntax. Perhaps you forgot a comma?", &a, &b)
}

fn inside_string(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    let (first, last) = (a.kids.first().unwrap_or(&a), a.kids.last().unwrap_or(&a));
    fail(p, "invalid syntax. Is this intended to be part of the string?", first, last)
}

fn annotated_target(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    let what = if a.kind == Kind::List { "list" } else { "tuple" };
    fail(p, format!("only single target (not {what}) can be annotated"), &a, &a)
}

#[derive(Clone, Copy, PartialEq)]
enum Targets {
    Assign,
    Delete,
    For,
}

/// The part of a target that cannot be one.
fn invalid_target(e: &N, what: Targets) -> Option<N> {
    match e.kind {
        Kind::List | Kind::Tuple => {
            let mut parts = vec![];
            e.kids.iter().for_each(|k| flatten(k, &mut parts));
            parts.iter().find_map(|k| invalid_target(k, what))
        }
        Kind::Starred if what == Targets::Delete => Some(e.clone()),
        Kind::Starred => e.kids.last().and_then(|k| {
            let mut parts = vec![];
            flatten(k, &mut parts);
            parts.first().and_then(|k| invalid_target(k, what))
        }),
        Kind::Compare if what == Targets::For => {
            // `for a in b` is read as a comparison.
            let pair = e.kids.get(1)?.kids.first()?;
            let operator = pair.kids.first()?;
            if operator.kind == Kind::Token && pair.kids.len() == 2 && operator.end.1 - operator.start.1 == 2
            {
                return e.kids.first().and_then(|left| invalid_target(left, what));
            }
            None
        }
        Kind::Name | Kind::Subscript | Kind::Attribute => None,
        _ => Some(e.clone()),
    }
}

fn target(p: &mut Parser, l: &Labels, what: Targets) -> Parsed {
    let Some(bad) = a_of(l).and_then(|a| invalid_target(a, what)) else { return Ok(None) };
    let verb = if what == Targets::Delete { "delete" } else { "assign to" };
    let message = p.in_words(&format!("cannot {verb} %n"), &bad);
    fail(p, message, &bad, &bad)
}

fn assign_target(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    target(p, l, Targets::Assign)
}

fn for_target(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    target(p, l, Targets::For)
}

fn delete_target(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    target(p, l, Targets::Delete)
}

fn comprehension_tuple(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b')) else { return Ok(None) };
    let mut all = vec![];
    flatten(b, &mut all);
    let Some(last) = all.last().cloned() else { return Ok(None) };
    fail(p, "did you forget parentheses around the comprehension target?", &a, &last)
}

fn default_order(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    // Without the comma behind it.
    let a = a.kids.first().cloned().unwrap_or(a);
    fail(p, "parameter without a default follows parameter with a default", &a, &a)
}

fn positional_patterns(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l).cloned() else { return Ok(None) };
    let (first, last) = (a.kids.first().unwrap_or(&a), a.kids.last().unwrap_or(&a));
    fail(p, "positional patterns follow keyword patterns", first, last)
}

fn dict_key(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let Some(a) = a_of(l) else { return Ok(None) };
    let message = "':' expected after dictionary key".to_owned();
    p.raise("SyntaxError", message, (a.start.0, i64::from(a.end.1)), (a.end.0, 0));
    Err(Stop)
}

const MIXED: &str = "cannot mix t-string literals with string or bytes literals";

fn mixed(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b').cloned()) else { return Ok(None) };
    fail(p, MIXED, &a, &b)
}

fn mixed_after(p: &mut Parser, _: &Labels, start: usize, kids: Vec<N>) -> Parsed {
    let whole = p.node(Kind::Seq, start, kids);
    fail(p, MIXED, &whole, &whole)
}

fn bound(p: &mut Parser, l: &Labels, what: &str) -> Parsed {
    let (Some(a), Some(b)) = (a_of(l).cloned(), label(l, b'b')) else { return Ok(None) };
    let kind = if b.kind == Kind::Tuple { "constraints" } else { "bound" };
    p.raise_from("SyntaxError", format!("cannot use {kind} with {what}"), &a);
    Err(Stop)
}

fn bound_tuple(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    bound(p, l, "TypeVarTuple")
}

fn bound_spec(p: &mut Parser, l: &Labels, _: usize, _: Vec<N>) -> Parsed {
    bound(p, l, "ParamSpec")
}
