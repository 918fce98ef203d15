//! The machine-level facts that compiled code and the interpreter share: how a word is encoded and where
//! the fields of the objects lie. Nothing else may spell these numbers out.
//!
//! **NaN-boxing.** A [`Word`](crate::value::Word) is 64 bits:
//!
//! ```text
//! 0x0000_pppp_pppp_pppp   pointer to an object (0: no value, "NULL" on the stack)
//! 0x0001_.... .. 0xFFFD   float: its bits + 2^48 (NaNs are canonical, so the sum never passes 0xFFFD)
//! 0xFFFE_0000_0000_00nn   constant: None, False, True, Ellipsis, NotImplemented
//! 0xFFFF_iiii_iiii_iiii   int of 48 bits, two's complement
//! ```

/// Added to a float's bits to make its word.
pub const FLOAT_OFFSET: u64 = 1 << 48;
/// The lowest word above all floats. `w - FLOAT_OFFSET < FLOAT_LIMIT - FLOAT_OFFSET` says "is a float".
pub const FLOAT_LIMIT: u64 = 0xFFFE << 48;
/// Tag of the constants.
pub const CONST_TAG: u64 = 0xFFFE << 48;
/// Tag of small ints: a word is an int exactly when it is `>= INT_TAG`.
pub const INT_TAG: u64 = 0xFFFF << 48;
/// Bits of a small int.
pub const INT_BITS: u32 = 48;
pub const INT_MIN: i64 = -(1 << 47);
pub const INT_MAX: i64 = (1 << 47) - 1;
/// The one NaN that is stored in a word (a quiet NaN, sign clear, no payload).
pub const CANONICAL_NAN: u64 = 0x7FF8 << 48;

pub const NULL: u64 = 0;
pub const NONE: u64 = CONST_TAG;
/// `TRUE` is `FALSE + 1`: the low bit is the truth value.
pub const FALSE: u64 = CONST_TAG | 2;
pub const TRUE: u64 = CONST_TAG | 3;
pub const ELLIPSIS: u64 = CONST_TAG | 4;
pub const NOT_IMPLEMENTED: u64 = CONST_TAG | 6;

/// Object header: word 0 is `count | kind << 48 | flags << 56`, word 1 the type.
/// Counting is plain 64-bit addition of 1; 48 bits of count cannot overflow (every reference takes a word
/// of memory somewhere).
pub const HEADER_COUNT: usize = 0;
pub const HEADER_KIND: usize = 6;
/// Bits of the 16-bit half at `HEADER_KIND` that say how an object behaves: the kind, and the dynamic flag.
pub const TAG_MASK: u16 = 0x1ff;
pub const HEADER_TYPE: usize = 8;
pub const HEADER_SIZE: usize = 16;
/// Bits of the count in word 0: `word0 << COUNT_SHIFT == 0` says "no reference left".
pub const COUNT_SHIFT: u32 = 16;
pub const COUNT_MASK: u64 = (1 << 48) - 1;

/// list: pointer to the items, length, capacity.
pub const LIST_ITEMS: usize = HEADER_SIZE;
pub const LIST_LEN: usize = HEADER_SIZE + 8;
/// tuple: length, then the items inline.
pub const TUPLE_LEN: usize = HEADER_SIZE;
pub const TUPLE_ITEMS: usize = HEADER_SIZE + 16;
/// list/tuple iterator: the sequence (0 once exhausted), next index.
pub const SEQ_ITER_SEQ: usize = HEADER_SIZE;
pub const SEQ_ITER_INDEX: usize = HEADER_SIZE + 8;
/// range iterator: next value, how many are left, step; all i64.
pub const RANGE_ITER_NEXT: usize = HEADER_SIZE;
pub const RANGE_ITER_LEFT: usize = HEADER_SIZE + 8;
pub const RANGE_ITER_STEP: usize = HEADER_SIZE + 16;
