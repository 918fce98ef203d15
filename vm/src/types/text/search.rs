//! Searching, splitting and replacing in runs of bytes, for `str` and `bytes` alike.
//!
//! Text is generalised UTF-8, so a match of well-formed text begins and ends between characters. All results
//! are ranges of byte offsets.

use memchr::memmem;

pub type Span = (usize, usize);

pub fn find(hay: &[u8], needle: &[u8], last: bool) -> Option<usize> {
    match (needle, last) {
        (&[b], false) => memchr::memchr(b, hay),
        (&[b], true) => memchr::memrchr(b, hay),
        (_, false) => memmem::find(hay, needle),
        (_, true) => memmem::rfind(hay, needle),
    }
}

/// Matches that do not overlap, from the left. The needle is not empty.
pub fn matches<'a>(hay: &'a [u8], needle: &'a [u8]) -> Box<dyn Iterator<Item = usize> + 'a> {
    match *needle {
        [b] => Box::new(memchr::memchr_iter(b, hay)),
        _ => Box::new(memmem::find_iter(hay, needle)),
    }
}

pub fn count(hay: &[u8], needle: &[u8]) -> usize {
    match *needle {
        [b] => memchr::memchr_iter(b, hay).count(),
        _ => memmem::find_iter(hay, needle).count(),
    }
}

/// Pieces between separators, at most `max` splits from the left.
pub fn split(hay: &[u8], separator: &[u8], max: usize) -> Vec<Span> {
    let (mut parts, mut from) = (vec![], 0);
    for at in matches(hay, separator).take(max) {
        parts.push((from, at));
        from = at + separator.len();
    }
    parts.push((from, hay.len()));
    parts
}

/// The same from the right.
pub fn rsplit(hay: &[u8], separator: &[u8], max: usize) -> Vec<Span> {
    let (mut parts, mut to) = (vec![], hay.len());
    let mut found = memmem::rfind_iter(hay, separator);
    while parts.len() < max {
        let Some(at) = found.next() else { break };
        parts.push((at + separator.len(), to));
        to = at;
    }
    parts.push((0, to));
    parts.reverse();
    parts
}

/// Words between runs of blanks. `words`: spans of the non-blank runs, in order from the side to split on;
/// `whole`: the span without blanks at both ends. After `max` splits the rest stays as it is, but for the
/// blanks at the side from which the splitting goes.
fn words(runs: impl Iterator<Item = Span>, max: usize, rest: impl Fn(Span) -> Span) -> Vec<Span> {
    let mut parts = vec![];
    for run in runs {
        if parts.len() == max {
            parts.push(rest(run));
            break;
        }
        parts.push(run);
    }
    parts
}

/// Spans of the characters that are not blank. `chars`: (offset, width, blank), from either side.
fn runs(chars: impl Iterator<Item = (usize, usize, bool)>) -> impl Iterator<Item = Span> {
    let mut chars = chars.peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|c| c.2).is_some() {}
        let (at, n, _) = chars.next()?;
        let mut span = (at, at + n);
        while let Some((at, n, _)) = chars.next_if(|c| !c.2) {
            span = (span.0.min(at), span.1.max(at + n));
        }
        Some(span)
    })
}

/// Splits at blanks from the left; `len`: of the whole.
pub fn split_blank(chars: impl Iterator<Item = (usize, usize, bool)>, len: usize, max: usize) -> Vec<Span> {
    words(runs(chars), max, |run| (run.0, len))
}
/// The same from the right: `chars` come in reverse.
pub fn rsplit_blank(chars: impl Iterator<Item = (usize, usize, bool)>, max: usize) -> Vec<Span> {
    let mut parts = words(runs(chars), max, |run| (0, run.1));
    parts.reverse();
    parts
}

/// Lines. `ends(at)`: width of the line end there, 0 for none; `\r\n` is treated here.
pub fn lines(hay: &[u8], keep: bool, ends: impl Fn(usize) -> usize) -> Vec<Span> {
    let (mut parts, mut from, mut at) = (vec![], 0, 0);
    while at < hay.len() {
        let width = match ends(at) {
            0 => {
                at += 1;
                continue;
            }
            _ if hay[at..].starts_with(b"\r\n") => 2,
            n => n,
        };
        parts.push((from, if keep { at + width } else { at }));
        at += width;
        from = at;
    }
    if from < hay.len() {
        parts.push((from, hay.len()));
    }
    parts
}

/// Replacements from the left; `at`: where (already limited); `width`: of what is replaced.
/// `None`: no memory for the result.
pub fn replace(hay: &[u8], at: &[usize], width: usize, new: &[u8]) -> Option<Vec<u8>> {
    let size = (hay.len() - at.len() * width).checked_add(at.len().checked_mul(new.len())?)?;
    let mut out = vec![];
    out.try_reserve_exact(size).ok()?;
    let mut from = 0;
    for &i in at {
        out.extend_from_slice(&hay[from..i]);
        out.extend_from_slice(new);
        from = i + width;
    }
    out.extend_from_slice(&hay[from..]);
    Some(out)
}

/// Tabs as blanks. `None`: no memory for the result.
pub fn expand_tabs(hay: &[u8], tab: usize, counts: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
    let tabs = memchr::memchr_iter(b'\t', hay).count();
    let mut out = vec![];
    out.try_reserve(hay.len()).ok()?;
    if tabs > 0 {
        out.try_reserve(tabs.checked_mul(tab)?.checked_add(hay.len())?).ok()?;
    }
    let mut column = 0;
    for &b in hay {
        match b {
            b'\t' if tab > 0 => {
                let n = tab - column % tab;
                out.resize(out.len() + n, b' ');
                column += n;
            }
            b'\t' => {}
            _ => {
                out.push(b);
                match b {
                    b'\n' | b'\r' => column = 0,
                    _ => column += counts(b) as usize,
                }
            }
        }
    }
    Some(out)
}

/// How many fill characters go left and right of a text of `len` in `width` (`<`, `>` or `^`).
pub fn margins(len: usize, width: usize, align: char) -> (usize, usize) {
    let missing = width.saturating_sub(len);
    match align {
        '<' => (0, missing),
        '>' => (missing, 0),
        // An odd blank goes left when the width is odd, as in CPython.
        _ => {
            let left = missing / 2 + (missing & width & 1);
            (left, missing - left)
        }
    }
}
