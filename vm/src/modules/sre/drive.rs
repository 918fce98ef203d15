//! The subject of a search as the engine reads it, with positions that are character indices.
//!
//! Text of one byte a character (ASCII strs, bytes) is read in place. Other strs are spread out to 32 bits
//! a character once per search (and the last one is remembered), so that every position is found at once.
//!
//! The engine moves through memory by a cursor whose pointer only its own drives can change; the two here
//! go by the engine's byte drive, four steps at a time for the wide one.

use rustpython_sre_engine::{Request, State, StrDrive, StringCursor};

/// One byte a character.
#[derive(Clone, Copy)]
pub struct Narrow<'a>(pub &'a [u8]);

type Step = &'static [u8];

impl StrDrive for Narrow<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn create_cursor(&self, n: usize) -> StringCursor {
        self.0.create_cursor(n)
    }
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.0.create_cursor(n);
    }
    /// Steps only: nobody uses the character, and behind the last one there is none to read.
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        <Step as StrDrive>::skip(cursor, 1);
        0
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        <Step as StrDrive>::peek(cursor)
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        <Step as StrDrive>::skip(cursor, n);
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        <Step as StrDrive>::back_advance(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        <Step as StrDrive>::back_peek(cursor)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        <Step as StrDrive>::back_skip(cursor, n);
    }
}

/// Four bytes a character, the lowest first. The length is a multiple of four.
#[derive(Clone, Copy)]
pub struct Wide<'a>(pub &'a [u8]);

/// Moves the pointer by `n` characters; the position follows.
#[inline]
fn forward(cursor: &mut StringCursor, n: usize) {
    let position = cursor.position;
    <Step as StrDrive>::skip(cursor, 4 * n);
    cursor.position = position + n;
}
#[inline]
fn backward(cursor: &mut StringCursor, n: usize) {
    let position = cursor.position;
    // The byte drive counts its position down in bytes: give it room.
    cursor.position = 4 * n;
    <Step as StrDrive>::back_skip(cursor, 4 * n);
    cursor.position = position - n;
}

impl StrDrive for Wide<'_> {
    fn count(&self) -> usize {
        self.0.len() / 4
    }
    fn create_cursor(&self, n: usize) -> StringCursor {
        let mut cursor = self.0.create_cursor(4 * n);
        cursor.position = n;
        cursor
    }
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.create_cursor(n);
    }
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        forward(cursor, 1);
        0
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        let mut c = *cursor;
        let mut value = 0;
        for shift in [0, 8, 16, 24] {
            value |= <Step as StrDrive>::peek(&c) << shift;
            <Step as StrDrive>::skip(&mut c, 1);
        }
        value
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        forward(cursor, n);
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        backward(cursor, 1);
        Self::peek(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        let mut c = *cursor;
        backward(&mut c, 1);
        Self::peek(&c)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        backward(cursor, n);
    }
}

/// What to look for, and how.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub code: &'a [u32],
    pub start: usize,
    pub end: usize,
    /// Anywhere from `start`; else only there.
    pub search: bool,
    /// The match must reach `end`.
    pub whole: bool,
    /// An empty match at `start` does not count.
    pub must_advance: bool,
}

fn run_on<S: StrDrive>(string: S, look: Look, state: &mut State) -> bool {
    let mut request = Request::new(string, look.start, look.end, look.code, look.whole);
    if look.start > request.end {
        return false;
    }
    request.must_advance = look.must_advance;
    state.reset(&request, request.start);
    if look.search { state.search(request) } else { state.py_match(&request) }
}

pub fn run(data: &[u8], wide: bool, look: Look, state: &mut State) -> bool {
    if wide { run_on(Wide(data), look, state) } else { run_on(Narrow(data), look, state) }
}
