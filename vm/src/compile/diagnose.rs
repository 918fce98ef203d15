//! What CPython says about a text that does not parse.

use super::peg::{Parser, Stop};
use super::token::{self as t, Done, Report, Tokens};
use super::{ALLOW_INCOMPLETE, DONT_IMPLY_DEDENT, Source, TYPE_COMMENTS};

/// Stack for the thread that parses: nesting is limited by the parser itself.
const STACK: usize = 256 << 20;

pub struct Diagnosis {
    pub report: Report,
    /// Where the last complete statement began (line, column): what suggestions are looked for in.
    pub last: (u32, i32),
    /// As much of the text was understood: what there is to warn about in it is said all the same.
    pub understood: usize,
}

/// None: nothing wrong was found here.
pub fn diagnose(
    text: &str,
    what: Source,
    flags: u32,
    barry: bool,
    file: Option<String>,
) -> Option<Diagnosis> {
    let work = || run(text, what, flags, barry, file);
    std::thread::scope(|s| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(s, work).ok()?;
        thread.join().ok()?
    })
}

fn run(text: &str, what: Source, flags: u32, barry: bool, file: Option<String>) -> Option<Diagnosis> {
    // A module always ends with a line break.
    let ended = match what {
        Source::Exec if !text.ends_with('\n') => format!("{text}\n"),
        _ => text.to_owned(),
    };
    let tokens = Tokens::new(&ended, flags & TYPE_COMMENTS != 0);
    let single = what == Source::Single;
    let file = file.filter(|_| what == Source::Exec);
    let mut p = Parser::new(tokens, single, flags & DONT_IMPLY_DEDENT == 0, file);
    p.barry = barry;
    let rule = match what {
        Source::Exec => "file",
        Source::Eval => "eval",
        Source::Single => "interactive",
    };
    let mut understood = 0;
    match p.run(rule, false) {
        Ok(Some(_)) => {
            if !single || !more_than_one(&p) {
                return None;
            }
            p.raise_last(
                "SyntaxError",
                "multiple statements found while compiling a single statement".into(),
            );
        }
        first => {
            let n = p.tokens.len().saturating_sub(1);
            understood = p.tokens[..n].iter().map(|t| t.to).max().unwrap_or(0);
            explain(&mut p, rule, flags, first.is_err());
        }
    }
    let last = p.last_statement;
    p.report.map(|report| Diagnosis { report, last, understood })
}

/// After an interactive statement only blanks and comments may come.
fn more_than_one(p: &Parser) -> bool {
    let rest = &p.source.text[p.source.cur..];
    rest.lines().any(|l| {
        let l = l.trim_matches([' ', '\t', '\x0c']);
        !l.is_empty() && !l.starts_with('#')
    })
}

fn explain(p: &mut Parser, rule: &str, flags: u32, stopped: bool) {
    let ended = matches!(p.source.done, Done::End | Done::EndInString);
    if flags & ALLOW_INCOMPLETE != 0 && ended {
        p.report = None;
        p.raise_last("_IncompleteInputError", "incomplete input".into());
        return;
    }
    if stopped {
        if p.source.done == Done::Ok && p.report.as_ref().is_some_and(|r| r.class == "SyntaxError") {
            p.tokenize_rest();
        }
        return;
    }
    let last = p.tokens.len().saturating_sub(1);
    if let Err(Stop) = p.run(rule, true)
        && p.report.is_some()
    {
        if matches!(p.source.done, Done::Ok)
            && !p.source.in_field()
            && p.report.as_ref().is_some_and(|r| !matches!(r.class, "MemoryError"))
        {
            p.tokenize_rest();
        }
        return;
    }
    match p.tokens.get(last).map(|t| t.kind) {
        Some(t::ERROR) if p.source.done == Done::End => {
            if !p.unclosed() {
                p.raise_last("SyntaxError", "unexpected EOF while parsing".into());
            }
        }
        Some(k @ (t::INDENT | t::DEDENT)) => {
            let message = if k == t::INDENT { "unexpected indent" } else { "unexpected unindent" };
            p.raise_last("IndentationError", message.into());
        }
        _ => {
            let old = p.tokens.get(last).is_some_and(|t| p.text_of(t) == "<>");
            let hint = "invalid syntax.  Maybe you meant '!=' instead of '<>'?";
            p.raise_known(last, if old { hint } else { "invalid syntax" });
            p.tokenize_rest();
        }
    }
}
