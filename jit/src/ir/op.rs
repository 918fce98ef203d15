//! `ir_ops!`: the one table of the trace IR's instructions.
//!
//! Everything that is known about an instruction stands in its row: the name in dumps, the types of its
//! operands and result, and what it may do ([`Effect`]). The printer, the parser, the verifier, the
//! reference evaluator and the optimiser's passes ask the table; the lowering has one arm a row.
//!
//! An operand or result type is one letter in the table:
//!
//! ```text
//! i  Int    a 64-bit integer            w  Word  a NaN-boxed value (never "no value")
//! f  Float  a double                    p  Ptr   a machine address
//! b  Bool   0 or 1                      -  none
//! ```

use std::fmt;

/// Type of an SSA value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Ty {
    /// No result.
    None,
    Int,
    Float,
    Bool,
    Word,
    Ptr,
}

impl Ty {
    pub const fn from_letter(c: u8) -> Ty {
        match c {
            b'i' => Ty::Int,
            b'f' => Ty::Float,
            b'b' => Ty::Bool,
            b'w' => Ty::Word,
            b'p' => Ty::Ptr,
            _ => Ty::None,
        }
    }
    pub fn name(self) -> &'static str {
        match self {
            Ty::None => "none",
            Ty::Int => "int",
            Ty::Float => "float",
            Ty::Bool => "bool",
            Ty::Word => "word",
            Ty::Ptr => "ptr",
        }
    }
    pub fn parse(s: &str) -> Option<Ty> {
        [Ty::None, Ty::Int, Ty::Float, Ty::Bool, Ty::Word, Ty::Ptr].into_iter().find(|t| t.name() == s)
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an instruction may do besides computing its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Depends on its operands and immediate only: may be merged, moved after its operands, deleted.
    Pure,
    /// Leaves through its exit when its condition does not hold. A second one that the first implies may
    /// be deleted; never moved before an effect or another guard.
    Guard,
    /// Reads memory (its alias class is part of the immediate): may be merged with an earlier read or
    /// write of the same place, deleted when unused.
    Read,
    /// Writes memory, counts references or calls out: stays, in order.
    Write,
}

macro_rules! ir_ops {
    ($( $(#[$doc:meta])* $name:ident $text:literal ($($arg:literal),*) $res:literal $effect:ident; )*) => {
        /// Opcode of an IR instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum Op { $( $(#[$doc])* $name, )* }

        impl Op {
            pub const ALL: &'static [Op] = &[$(Op::$name),*];
            pub fn name(self) -> &'static str { match self { $(Op::$name => $text,)* } }
            pub fn args(self) -> &'static [Ty] {
                match self { $(Op::$name => const { &[$(Ty::from_letter($arg)),*] },)* }
            }
            pub fn result(self) -> Ty { match self { $(Op::$name => const { Ty::from_letter($res) },)* } }
            pub fn effect(self) -> Effect { match self { $(Op::$name => Effect::$effect,)* } }
        }
    };
}

ir_ops! {
    // ---- constants: the value is the immediate (for floats its bits, for bools 0 or 1)
    IConst "iconst" () b'i' Pure;
    FConst "fconst" () b'f' Pure;
    BConst "bconst" () b'b' Pure;
    /// A word; where it is a pointer the region holds a reference to the object as long as it lives.
    WConst "wconst" () b'w' Pure;
    /// An address of the VM (never moved while the region lives).
    PConst "pconst" () b'p' Pure;

    // ---- integers: 64 bits, two's complement
    /// Wrapping; used where the range is known.
    IAdd "iadd" (b'i', b'i') b'i' Pure;
    ISub "isub" (b'i', b'i') b'i' Pure;
    IMul "imul" (b'i', b'i') b'i' Pure;
    IAnd "iand" (b'i', b'i') b'i' Pure;
    IOr "ior" (b'i', b'i') b'i' Pure;
    IXor "ixor" (b'i', b'i') b'i' Pure;
    /// Shift left; the recorder has guarded 0 <= count < 64 and that no bit is lost.
    IShl "ishl" (b'i', b'i') b'i' Pure;
    /// Arithmetic shift right; 0 <= count < 64 is guarded.
    IShr "ishr" (b'i', b'i') b'i' Pure;
    /// Python's `//`: rounds to minus infinity; divisor neither 0 nor -1 (guarded).
    IFloorDiv "ifloordiv" (b'i', b'i') b'i' Pure;
    /// Python's `%`: sign of the divisor; divisor neither 0 nor -1 (guarded).
    IMod "imod" (b'i', b'i') b'i' Pure;
    ILt "ilt" (b'i', b'i') b'b' Pure;
    ILe "ile" (b'i', b'i') b'b' Pure;
    IGt "igt" (b'i', b'i') b'b' Pure;
    IGe "ige" (b'i', b'i') b'b' Pure;
    IEq "ieq" (b'i', b'i') b'b' Pure;
    INe "ine" (b'i', b'i') b'b' Pure;
    /// Unsigned less-than: one comparison for `0 <= index < length`.
    IULt "iult" (b'i', b'i') b'b' Pure;
    /// Sum; exits when it overflows 64 bits.
    IAddOvf "iadd.ovf" (b'i', b'i') b'i' Guard;
    ISubOvf "isub.ovf" (b'i', b'i') b'i' Guard;
    IMulOvf "imul.ovf" (b'i', b'i') b'i' Guard;

    // ---- floats
    FAdd "fadd" (b'f', b'f') b'f' Pure;
    FSub "fsub" (b'f', b'f') b'f' Pure;
    FMul "fmul" (b'f', b'f') b'f' Pure;
    /// The recorder has guarded that the divisor is not 0.
    FDiv "fdiv" (b'f', b'f') b'f' Pure;
    FNeg "fneg" (b'f') b'f' Pure;
    /// IEEE comparisons: false with a NaN (FNe: true).
    FLt "flt" (b'f', b'f') b'b' Pure;
    FLe "fle" (b'f', b'f') b'b' Pure;
    FGt "fgt" (b'f', b'f') b'b' Pure;
    FGe "fge" (b'f', b'f') b'b' Pure;
    FEq "feq" (b'f', b'f') b'b' Pure;
    FNe "fne" (b'f', b'f') b'b' Pure;
    /// Nearest double. Exact only up to 2^53: the recorder guards the range where Python would differ.
    IToF "itof" (b'i') b'f' Pure;

    // ---- bools
    BNot "bnot" (b'b') b'b' Pure;
    BToI "btoi" (b'b') b'i' Pure;

    // ---- words: what kind of value, and its unboxed content
    WIsInt "w.isint" (b'w') b'b' Pure;
    WIsFloat "w.isfloat" (b'w') b'b' Pure;
    /// True or False.
    WIsBool "w.isbool" (b'w') b'b' Pure;
    /// A pointer to an object whose header kind (a byte) is the immediate.
    WIsKind "w.iskind" (b'w') b'b' Pure;
    /// The identical word.
    WEq "w.eq" (b'w', b'w') b'b' Pure;
    /// Content of a word known to be a small int, a float, a bool.
    WToI "w.toi" (b'w') b'i' Pure;
    WToF "w.tof" (b'w') b'f' Pure;
    WToB "w.tob" (b'w') b'b' Pure;
    /// Address of the object a word points at.
    WToP "w.top" (b'w') b'p' Pure;
    /// Exits unless the int fits a word's 48 bits.
    GuardFits "guard.fits" (b'i') b'-' Guard;
    /// Boxes: the int is known to fit; a float's NaN is made canonical.
    IToW "itow" (b'i') b'w' Pure;
    FToW "ftow" (b'f') b'w' Pure;
    BToW "btow" (b'b') b'w' Pure;

    // ---- guards
    GuardTrue "guard.true" (b'b') b'-' Guard;
    GuardFalse "guard.false" (b'b') b'-' Guard;
    /// Exits when the breaker word of the VM (address: immediate) is not 0.
    Poll "poll" () b'-' Guard;
    /// Exits when the region's validity word (address: immediate) is 0. Follows whatever may run Python.
    GuardValid "guard.valid" () b'-' Guard;
    /// Exits when this is the only reference to the object (a word that is no pointer always passes):
    /// dropping it could run a finaliser, which is the interpreter's work.
    GuardShared "guard.shared" (b'w') b'-' Guard;

    // ---- memory: immediate = byte offset | alias class << 32 (see `Place`)
    LoadInt "load.int" (b'p') b'i' Read;
    LoadPtr "load.ptr" (b'p') b'p' Read;
    LoadWord "load.word" (b'p') b'w' Read;
    /// `base[index]` of 8-byte words.
    LoadElem "load.elem" (b'p', b'i') b'w' Read;
    StoreInt "store.int" (b'p', b'i') b'-' Write;
    StoreWord "store.word" (b'p', b'w') b'-' Write;
    StoreElem "store.elem" (b'p', b'i', b'w') b'-' Write;

    // ---- reference counts (a word that is no pointer is left alone)
    IncRef "incref" (b'w') b'-' Write;
    /// Not the last reference (see GuardShared).
    DecRef "decref" (b'w') b'-' Write;

    // ---- calls of runtime functions: immediate = index of the helper (`Func::helpers` names them). Leaf:
    // they run no Python, and answer 0 ("bail", checked by GuardDone) with no effect done when they
    // cannot finish.
    Call1 "call1" (b'w') b'w' Write;
    Call2 "call2" (b'w', b'w') b'w' Write;
    Call3 "call3" (b'w', b'w', b'w') b'w' Write;
    /// Exits when the result of a call is 0: the interpreter repeats the instruction.
    GuardDone "guard.done" (b'w') b'-' Guard;
}

/// Classes of memory that never overlap: a write to one leaves loads of the others valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Alias {
    /// Anything (a call's effect).
    Any = 0,
    ListHeader = 1,
    ListItems = 2,
    TupleItems = 3,
    SeqIter = 4,
    GlobalCell = 5,
    ClosureCell = 6,
    RangeIter = 7,
    /// Written once, before compiled code can see it.
    Immutable = 8,
}

impl Alias {
    pub const ALL: &'static [Alias] = &[
        Alias::Any,
        Alias::ListHeader,
        Alias::ListItems,
        Alias::TupleItems,
        Alias::SeqIter,
        Alias::GlobalCell,
        Alias::ClosureCell,
        Alias::RangeIter,
        Alias::Immutable,
    ];
    pub fn name(self) -> &'static str {
        match self {
            Alias::Any => "any",
            Alias::ListHeader => "list",
            Alias::ListItems => "items",
            Alias::TupleItems => "tuple",
            Alias::SeqIter => "seqiter",
            Alias::GlobalCell => "global",
            Alias::ClosureCell => "cell",
            Alias::RangeIter => "rangeiter",
            Alias::Immutable => "immutable",
        }
    }
}

/// A memory operand's immediate, decoded: byte offset from the base (for `*.elem` from element `index`)
/// and alias class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub offset: u32,
    pub alias: Alias,
}

impl Place {
    pub fn to_imm(self) -> u64 {
        self.offset as u64 | (self.alias as u64) << 32
    }
    pub fn from_imm(imm: u64) -> Place {
        let alias = Alias::ALL.get((imm >> 32) as usize).copied().unwrap_or(Alias::Any);
        Place { offset: imm as u32, alias }
    }
}
