//! `Str`: text as WTF-8, with its length in characters, a cached hash and a lazy index.
//!
//! Lone surrogates are ordinary characters here, two halves of a pair stay two characters: the bytes are
//! *generalised* UTF-8, in which the order of bytes is the order of code points and a substring search may
//! go by bytes. Short text lies in the object itself, longer text in a box. Text made by `+` may share a
//! buffer with what it was made from: the longer one sees more of it, and only the one that ends where the
//! used part ends may write behind it. So a loop of `s += x` costs what it appends, whoever else holds `s`.

use super::{Header, Kind, alloc};
use crate::value::Value;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::rc::Rc;

/// Longest text kept inside the object.
const INLINE: usize = 22;
/// Characters from one entry of the index to the next.
const STRIDE: usize = 64;
/// Sums at least this long get room to grow.
const GROWING: usize = 256;

/// A buffer with a used front part, which never changes, and room behind it.
struct Growing {
    /// Never reallocated: its pointer stays as long as the buffer lives.
    room: UnsafeCell<Vec<u8>>,
    used: Cell<usize>,
}

enum Text {
    Inline(u8, [u8; INLINE]),
    Boxed(Box<[u8]>),
    /// The front part of a buffer, of this length.
    Shared(Rc<Growing>, usize),
}

/// What few strs need.
#[derive(Default)]
struct Rare {
    /// Byte offset of every 64th character.
    index: OnceCell<Box<[usize]>>,
    /// The text with its surrogates replaced, for those who need a `str`.
    lossy: OnceCell<Box<str>>,
}

#[repr(C)]
pub struct Str {
    h: Header,
    /// -1: not computed yet.
    hash: Cell<i64>,
    chars: usize,
    text: Text,
    /// No lone surrogates: the text is UTF-8.
    utf8: bool,
    rare: OnceCell<Box<Rare>>,
}

/// What is known of a text before it becomes a `Str`.
#[derive(Clone, Copy)]
struct Facts {
    chars: usize,
    utf8: bool,
}

fn facts(text: &Wtf8) -> Facts {
    let bytes = text.as_bytes();
    if bytes.is_ascii() {
        return Facts { chars: bytes.len(), utf8: true };
    }
    let utf8 = memchr::memchr_iter(0xed, bytes).all(|i| bytes.get(i + 1).is_none_or(|&b| b < 0xa0));
    Facts { chars: count(bytes), utf8 }
}
/// Characters in generalised UTF-8: every byte that does not continue one begins one.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| (b as i8) >= -0x40).count()
}

impl Str {
    pub fn new(ty: &Value, text: &str) -> Value {
        Str::from_wtf8(ty, Wtf8::new(text))
    }
    pub fn from_string(ty: &Value, text: String) -> Value {
        Str::from_buf(ty, text.into())
    }
    pub fn from_wtf8(ty: &Value, text: &Wtf8) -> Value {
        let bytes = text.as_bytes();
        match bytes.len() <= INLINE {
            true => Str::short_of(ty, facts(text), bytes),
            false => Str::make(ty, facts(text), Text::Boxed(bytes.into())),
        }
    }
    pub fn from_buf(ty: &Value, text: Wtf8Buf) -> Value {
        let known = facts(&text);
        match text.as_bytes().len() <= INLINE {
            true => Str::short_of(ty, known, text.as_bytes()),
            false => Str::make(ty, known, Text::Boxed(text.into_bytes().into())),
        }
    }
    fn short_of(ty: &Value, known: Facts, bytes: &[u8]) -> Value {
        Str::make_short(ty, known, bytes.len(), |room| room[..bytes.len()].copy_from_slice(bytes))
    }
    /// A text of `len` bytes that lies in the object, where `fill` writes it: copied there from the stack in wide
    /// pieces, it would wait for its narrow stores.
    #[inline(always)]
    fn make_short(ty: &Value, known: Facts, len: usize, fill: impl FnOnce(&mut [u8; INLINE])) -> Value {
        let v = Str::make(ty, known, Text::Inline(len as u8, [0; INLINE]));
        // SAFETY: nobody else has seen the object.
        if let Text::Inline(_, room) = unsafe { &mut (*v.word().header().cast::<Str>()).text } {
            fill(room);
        }
        v
    }
    /// The same text as an object of another class.
    pub fn with_class(&self, ty: &Value) -> Value {
        let text = match &self.text {
            Text::Inline(n, b) => Text::Inline(*n, *b),
            Text::Boxed(b) => Text::Boxed(b.clone()),
            Text::Shared(b, n) => Text::Shared(b.clone(), *n),
        };
        let v = Str::make(ty, Facts { chars: self.chars, utf8: self.utf8 }, text);
        v.as_::<Str>().hash.set(self.hash.get());
        v
    }
    #[inline(always)]
    fn make(ty: &Value, known: Facts, text: Text) -> Value {
        alloc(Str {
            h: Header::new(Kind::Str, ty),
            hash: Cell::new(-1),
            chars: known.chars,
            text,
            utf8: known.utf8,
            rare: OnceCell::new(),
        })
    }
    /// `a + b`. `None`: no memory for it.
    /// `growing`: more is likely to be added (`+=`).
    pub fn concat(ty: &Value, a: &Str, b: &Str, growing: bool) -> Option<Value> {
        let (x, y) = (a.bytes(), b.bytes());
        let len = x.len().checked_add(y.len())?;
        let known = Facts { chars: a.chars + b.chars, utf8: a.utf8 && b.utf8 };
        if len <= INLINE {
            return Some(Str::make_short(ty, known, len, |room| {
                room[..x.len()].copy_from_slice(x);
                room[x.len()..len].copy_from_slice(y);
            }));
        }
        if let Text::Shared(buffer, _) = &a.text
            && buffer.append(x.len(), y)
        {
            return Some(Str::make(ty, known, Text::Shared(buffer.clone(), len)));
        }
        let grows = len >= GROWING && x.len() >= y.len() && (growing || matches!(a.text, Text::Shared(..)));
        let mut out = vec![];
        let room = if grows { len.checked_add(len / 2)? } else { len };
        out.try_reserve_exact(room).ok()?;
        out.extend_from_slice(x);
        out.extend_from_slice(y);
        let text = match grows {
            true => Text::Shared(Rc::new(Growing { room: UnsafeCell::new(out), used: Cell::new(len) }), len),
            false => Text::Boxed(out.into()),
        };
        Some(Str::make(ty, known, text))
    }
    /// All the parts, one behind the other, with a separator between them. `None`: no memory for it.
    pub fn join(ty: &Value, parts: &[Value], separator: Option<&Str>) -> Option<Value> {
        let mut known = Facts { chars: 0, utf8: true };
        let mut len = 0usize;
        if let Some(s) = separator {
            let n = parts.len().saturating_sub(1);
            len = s.bytes().len().checked_mul(n)?;
            known = Facts { chars: s.chars * n, utf8: s.utf8 || n == 0 };
        }
        for p in parts {
            let s = p.as_::<Str>();
            len = len.checked_add(s.bytes().len())?;
            known = Facts { chars: known.chars + s.chars, utf8: known.utf8 && s.utf8 };
        }
        let between = separator.map_or(&[][..], Str::bytes);
        if len <= INLINE {
            return Some(Str::make_short(ty, known, len, |room| {
                let mut at = 0;
                let mut put = |b: &[u8]| {
                    room[at..at + b.len()].copy_from_slice(b);
                    at += b.len();
                };
                for (i, p) in parts.iter().enumerate() {
                    if i > 0 {
                        put(between);
                    }
                    put(p.as_::<Str>().bytes());
                }
            }));
        }
        let mut out = vec![];
        out.try_reserve_exact(len).ok()?;
        for (i, p) in parts.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(between);
            }
            out.extend_from_slice(p.as_::<Str>().bytes());
        }
        Some(Str::make(ty, known, Text::Boxed(out.into())))
    }
    /// What `f` makes of each byte of a text that is ASCII, as the result is.
    pub fn map_ascii(&self, ty: &Value, f: fn(&u8) -> u8) -> Value {
        let bytes = self.bytes();
        debug_assert!(bytes.is_ascii());
        let known = Facts { chars: bytes.len(), utf8: true };
        match bytes.len() <= INLINE {
            true => Str::make_short(ty, known, bytes.len(), |room| {
                room.iter_mut().zip(bytes).for_each(|(to, b)| *to = f(b));
            }),
            false => Str::make(ty, known, Text::Boxed(bytes.iter().map(f).collect())),
        }
    }
    /// An int in decimal.
    pub fn decimal(ty: &Value, i: i64) -> Value {
        let (mut digits, mut at) = ([0; INLINE], INLINE);
        let mut left = i.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if i < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        let n = INLINE - at;
        Str::make_short(ty, Facts { chars: n, utf8: true }, n, |room| {
            room.iter_mut().zip(&digits[at..]).for_each(|(to, digit)| *to = *digit);
        })
    }
    /// The text in generalised UTF-8.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.text {
            Text::Inline(n, room) => &room[..*n as usize],
            Text::Boxed(b) => b,
            Text::Shared(buffer, len) => buffer.front(*len),
        }
    }
    /// The text, if it lies in the object.
    #[inline(always)]
    pub fn short(&self) -> Option<&[u8; INLINE]> {
        match &self.text {
            // What is behind the text is zero.
            Text::Inline(_, room) => Some(room),
            _ => None,
        }
    }
    #[inline]
    pub fn wtf8(&self) -> &Wtf8 {
        // SAFETY: every constructor took well-formed text, or the sum of two such.
        unsafe { Wtf8::from_bytes_unchecked(self.bytes()) }
    }
    /// The text as a Rust `str`: `None` if it has lone surrogates.
    #[inline]
    pub fn to_str(&self) -> Option<&str> {
        // SAFETY: without surrogates, generalised UTF-8 is UTF-8.
        self.utf8.then(|| unsafe { std::str::from_utf8_unchecked(self.bytes()) })
    }
    /// For names and messages: lone surrogates show as U+FFFD.
    pub fn as_str(&self) -> &str {
        match self.to_str() {
            Some(s) => s,
            None => self.rare().lossy.get_or_init(|| self.wtf8().to_string_lossy().into()),
        }
    }
    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Default::default)
    }
    /// Length in characters.
    #[inline]
    pub fn len(&self) -> usize {
        self.chars
    }
    pub fn is_empty(&self) -> bool {
        self.chars == 0
    }
    #[inline]
    pub fn is_ascii(&self) -> bool {
        self.chars == self.bytes().len()
    }
    /// Byte offset of character `i` (the length of the bytes at or beyond the end).
    pub fn offset(&self, i: usize) -> usize {
        let bytes = self.bytes();
        if i >= self.chars {
            return bytes.len();
        }
        if self.is_ascii() {
            return i;
        }
        let (mut at, mut left) = (0, i);
        if i >= 2 * STRIDE {
            let index = self.rare().index.get_or_init(|| make_index(bytes));
            at = index.get(i / STRIDE).copied().unwrap_or(0);
            left = i % STRIDE;
        }
        while left > 0 {
            at += width(bytes[at]);
            left -= 1;
        }
        at
    }
    /// How many characters begin before a byte offset.
    pub fn chars_before(&self, at: usize) -> usize {
        if self.is_ascii() {
            return at;
        }
        let bytes = &self.bytes()[..at];
        match at < 4 * STRIDE {
            true => count(bytes),
            false => {
                let index = self.rare().index.get_or_init(|| make_index(self.bytes()));
                let i = index.partition_point(|&start| start <= at) - 1;
                i * STRIDE + count(&bytes[index[i]..])
            }
        }
    }
    /// The character that begins at a byte offset, and where the next begins.
    pub fn at_offset(&self, at: usize) -> Option<(u32, usize)> {
        let bytes = self.bytes();
        let first = *bytes.get(at)?;
        let n = width(first);
        let tail = bytes.get(at + 1..at + n)?;
        let lead = if n == 1 { first as u32 } else { first as u32 & (0x7f >> n) };
        Some((tail.iter().fold(lead, |c, &b| c << 6 | (b & 0x3f) as u32), at + n))
    }
    /// Character `i`, from the end if that is negative, of a text that is all ASCII.
    #[inline(always)]
    pub fn ascii_at(&self, i: i64) -> Option<u8> {
        let bytes = self.bytes();
        if bytes.len() != self.chars {
            return None;
        }
        let i = if i < 0 { i + bytes.len() as i64 } else { i };
        bytes.get(usize::try_from(i).ok()?).copied()
    }
    /// Code point `i`.
    pub fn code_at(&self, i: usize) -> Option<u32> {
        if i >= self.chars { None } else { self.at_offset(self.offset(i)).map(|(c, _)| c) }
    }
    /// Character `i`; a lone surrogate as U+FFFD.
    pub fn char_at(&self, i: usize) -> Option<char> {
        self.code_at(i).map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
    pub fn code_points(&self) -> impl DoubleEndedIterator<Item = CodePoint> + '_ {
        self.wtf8().code_points()
    }
    /// Characters `from..to`.
    pub fn slice(&self, from: usize, to: usize) -> &Wtf8 {
        let (from, to) = (self.offset(from), self.offset(to));
        if from >= to { Wtf8::new("") } else { &self.wtf8()[from..to] }
    }
    /// The hash, if it has been computed.
    #[inline(always)]
    pub fn ready_hash(&self) -> Option<i64> {
        Some(self.hash.get()).filter(|h| *h != -1)
    }
    #[inline]
    pub fn hash(&self) -> i64 {
        let h = self.hash.get();
        if h != -1 {
            return h;
        }
        let h = crate::types::hash::hash_bytes(self.bytes());
        self.hash.set(h);
        h
    }
}

impl Growing {
    fn front(&self, len: usize) -> &[u8] {
        debug_assert!(len <= self.used.get());
        // SAFETY: the first `used` bytes are written, never change and never move.
        unsafe { std::slice::from_raw_parts((*self.room.get()).as_ptr(), len) }
    }
    /// Writes behind the first `len` bytes, if those are all that is used and there is room.
    fn append(&self, len: usize, more: &[u8]) -> bool {
        // SAFETY: no reference to the vector outlives this block, and the capacity is not changed.
        let (start, capacity) = unsafe { ((*self.room.get()).as_mut_ptr(), (*self.room.get()).capacity()) };
        if self.used.get() != len || capacity - len < more.len() {
            return false;
        }
        // SAFETY: the place is inside the capacity, nobody looks behind `used`, and so `more`, even if it is
        // text of this same buffer, lies in front of it.
        unsafe { std::ptr::copy_nonoverlapping(more.as_ptr(), start.add(len), more.len()) };
        self.used.set(len + more.len());
        true
    }
}

/// Bytes of the character that begins with this byte.
fn width(first: u8) -> usize {
    match first {
        0..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

fn make_index(bytes: &[u8]) -> Box<[usize]> {
    let mut index = Vec::with_capacity(bytes.len() / STRIDE + 1);
    let mut n = 0;
    for (i, &b) in bytes.iter().enumerate() {
        if (b as i8) >= -0x40 {
            if n % STRIDE == 0 {
                index.push(i);
            }
            n += 1;
        }
    }
    index.into()
}
