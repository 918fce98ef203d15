//! `Machine`: what an opcode body may do.
//!
//! A body in [`ops`](crate::ops) is written once, over this trait. [`Interp`](crate::interp::Interp) carries
//! the primitives out; with `PROBED` it also fires monitoring events; the JIT's recorder carries them out
//! *and* writes them down. A primitive that answers a question (`ints`, `is_true`, `list_index` ...) gives a
//! concrete answer, and the recorder emits the guard for it.
//!
//! The order in a body: **look, guard, compute, then change**. All questions and all calls that can say
//! "bail" come before the first change of the stack, a local or the heap, because a FAST handler that bails
//! starts the instruction again in its SLOW twin, and a failed guard of compiled code starts it again in the
//! interpreter.
//!
//! Ownership: what `peek` and `local` return is borrowed from its slot. `own` makes a new reference, `drop`
//! gives one up. `push`, `set` and `set_local` take ownership and drop nothing.

use crate::error::Exc;
use crate::object::{Flavour, Intrinsic, Kind};
use crate::op::{BinOp, CmpOp};
use crate::value::Word;
use crate::vm::Vm;
use seriema_monitoring::Event;

/// Why a body stopped early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// An exception is pending (FAST: bail, repeat in the SLOW twin).
    Raise,
    /// The entry frame returned: the result is in the VM.
    Exit,
    /// A callback set `f_lineno`: the frame goes on elsewhere, the rest of the instruction does not run.
    Jump,
}

impl From<Exc> for Stop {
    fn from(_: Exc) -> Stop {
        Stop::Raise
    }
}

pub type Flow<T = ()> = Result<T, Stop>;

/// A runtime function behind an opcode, on borrowed operands; answers a new reference.
pub struct Helper {
    pub name: &'static str,
    pub run: fn(&mut Vm, u32, &[Word]) -> crate::error::R<Word>,
    /// For compiled code: the part of it that runs no Python, looks at no frame, and either finishes or
    /// answers NULL with nothing done. `None`: compiled code leaves before it.
    pub leaf: Option<Leaf>,
}

/// See [`Helper::leaf`].
pub type Leaf = fn(&mut Vm, u32, &[Word]) -> Word;

/// A runtime function that does a whole instruction on the frame's own stack; may change frames.
pub type Residual = fn(&mut Vm, u32) -> Flow;

/// What FOR_ITER met.
pub enum Next<V> {
    Item(V),
    Done,
    /// Not an iterator the machine knows.
    Other,
}

/// Arithmetic on two unboxed floats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
}

/// Arithmetic on two ints that fit a machine word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntOp {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    FloorDiv,
    Mod,
}

impl IntOp {
    #[inline(always)]
    pub fn of(op: BinOp) -> Option<IntOp> {
        Some(match op {
            BinOp::Add => IntOp::Add,
            BinOp::Subtract => IntOp::Sub,
            BinOp::Multiply => IntOp::Mul,
            BinOp::And => IntOp::And,
            BinOp::Or => IntOp::Or,
            BinOp::Xor => IntOp::Xor,
            BinOp::Lshift => IntOp::Shl,
            BinOp::Rshift => IntOp::Shr,
            BinOp::FloorDivide => IntOp::FloorDiv,
            BinOp::Remainder => IntOp::Mod,
            _ => return None,
        })
    }
    /// The result in 64 bits; `None` where it does not fit or Python raises. Division by -1 is left to the
    /// general path too: it is the one that can overflow.
    #[inline(always)]
    pub fn eval(self, a: i64, b: i64) -> Option<i64> {
        match self {
            IntOp::Add => a.checked_add(b),
            IntOp::Sub => a.checked_sub(b),
            IntOp::Mul => a.checked_mul(b),
            IntOp::And => Some(a & b),
            IntOp::Or => Some(a | b),
            IntOp::Xor => Some(a ^ b),
            IntOp::Shl if (0..64).contains(&b) && (a << b) >> b == a => Some(a << b),
            IntOp::Shr if (0..64).contains(&b) => Some(a >> b),
            IntOp::FloorDiv if b != 0 && b != -1 => Some(floor_div(a, b)),
            IntOp::Mod if b != 0 && b != -1 => Some(a - floor_div(a, b) * b),
            _ => None,
        }
    }
}

#[inline(always)]
fn floor_div(a: i64, b: i64) -> i64 {
    let q = a / b;
    if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
}

impl FloatOp {
    #[inline(always)]
    pub fn of(op: BinOp) -> Option<FloatOp> {
        Some(match op {
            BinOp::Add => FloatOp::Add,
            BinOp::Subtract => FloatOp::Sub,
            BinOp::Multiply => FloatOp::Mul,
            BinOp::TrueDivide => FloatOp::Div,
            _ => return None,
        })
    }
}

impl CmpOp {
    #[inline(always)]
    pub fn eval<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            CmpOp::Lt => a < b,
            CmpOp::Le => a <= b,
            CmpOp::Eq => a == b,
            CmpOp::Ne => a != b,
            CmpOp::Gt => a > b,
            CmpOp::Ge => a >= b,
        }
    }
}

pub trait Machine: Sized {
    type V: Copy;
    /// Monitoring events are fired: false makes `event` and its arguments vanish.
    const PROBED: bool;

    // ---- slots
    fn peek(&mut self, depth: usize) -> Self::V;
    fn push(&mut self, v: Self::V);
    fn set(&mut self, depth: usize, v: Self::V);
    /// Forgets `n` words from the top; their references have been given up or moved.
    fn shrink(&mut self, n: usize);
    fn local(&mut self, i: u32) -> Self::V;
    fn set_local(&mut self, i: u32, v: Self::V);
    /// A local pushed without a reference of its own where the machine can prove that it need not
    /// (LOAD_FAST_BORROW); the interpreter counts (measured: a borrow tag costs more than it saves).
    fn borrow_local(&mut self, i: u32) -> Self::V;
    fn constant(&mut self, i: u32) -> Self::V;

    // ---- references
    fn own(&mut self, v: Self::V) -> Self::V;
    fn drop(&mut self, v: Self::V);
    /// Says, before the first change, that a reference to `v` will be dropped by this instruction: the
    /// recorder guards that no finaliser can run.
    fn will_drop(&mut self, v: Self::V);
    fn null(&mut self) -> Self::V;
    fn none(&mut self) -> Self::V;
    fn bool(&mut self, b: bool) -> Self::V;
    fn small_int(&mut self, i: i64) -> Self::V;

    // ---- control
    /// Continues `units` behind the first unit after the opcode (caches included in the count).
    fn jump(&mut self, units: isize);
    /// Answers the breaker: signals, thread switch. Before anything else in an instruction.
    fn poll(&mut self) -> Flow;
    /// Has this code seen the present monitoring state?
    fn is_current(&mut self) -> bool;
    /// Takes a back edge (`jump` to its header) and counts the iteration; a hot one may enter the JIT.
    fn back_edge(&mut self, units: isize) -> Flow;
    /// Takes a back edge whose header has a region.
    fn enter_region(&mut self, units: isize) -> Flow;
    /// Rewrites this instruction's live unit, in a fused form of `op` where its neighbours allow. A FAST
    /// handler bails, so that the SLOW twin does it. Only the plain interpreter quickens.
    fn quicken(&mut self, op: u8) -> Flow;
    /// The same, unless `v` is one of these kinds; no question to be recorded.
    fn quicken_unless(&mut self, op: u8, v: Self::V, kinds: &[Kind]) -> Flow {
        let _ = (op, v, kinds);
        Ok(())
    }
    /// The live unit `ahead` units behind the first unit after the opcode, where it can be fused with.
    fn live_unit(&mut self, ahead: usize) -> u16;

    // ---- questions
    fn is_null(&mut self, v: Self::V) -> bool;
    fn is_none(&mut self, v: Self::V) -> bool;
    fn ints(&mut self, a: Self::V, b: Self::V) -> bool;
    fn floats(&mut self, a: Self::V, b: Self::V) -> bool;
    fn is_float(&mut self, v: Self::V) -> bool;
    /// One float and one int (exact as a float).
    fn float_and_int(&mut self, a: Self::V, b: Self::V) -> bool;
    fn is_kind(&mut self, v: Self::V, kind: Kind) -> bool;
    /// A bool value (True or False).
    fn is_bool(&mut self, v: Self::V) -> bool;
    /// Truth of a value that is a bool.
    fn is_true(&mut self, v: Self::V) -> bool;
    fn is_same(&mut self, a: Self::V, b: Self::V) -> bool;

    // ---- computing
    fn int_op(&mut self, op: IntOp, a: Self::V, b: Self::V) -> Option<Self::V>;
    fn float_op(&mut self, op: FloatOp, a: Self::V, b: Self::V) -> Option<Self::V>;
    fn int_cmp(&mut self, op: CmpOp, a: Self::V, b: Self::V) -> Self::V;
    fn float_cmp(&mut self, op: CmpOp, a: Self::V, b: Self::V) -> Self::V;
    fn not(&mut self, v: Self::V) -> Self::V;
    fn to_float(&mut self, v: Self::V) -> Self::V;
    /// Truth as a bool value, where it needs no call.
    fn truth(&mut self, v: Self::V) -> Option<Self::V>;
    /// Identity as a bool value.
    fn same(&mut self, a: Self::V, b: Self::V) -> Self::V;

    // ---- objects
    /// `list[int]` in bounds: a new reference to the item.
    fn list_item(&mut self, list: Self::V, index: Self::V) -> Option<Self::V>;
    /// `list[int] = v` in bounds; takes over `v` and drops the old item.
    fn set_list_item(&mut self, list: Self::V, index: Self::V, v: Self::V) -> bool;
    /// Advances an iterator over a range or list.
    fn iter_next(&mut self, iter: Self::V) -> Next<Self::V>;
    /// An iterator over a range or list, made without a call. Takes nothing over.
    fn make_iter(&mut self, v: Self::V) -> Option<Self::V>;
    // From here to `enter_with_defaults` the interpreter's only: the recorder answers that it cannot.
    /// Equality of two strs (`op` EQ or NE) as a bool value.
    fn text_cmp(&mut self, op: CmpOp, a: Self::V, b: Self::V) -> Option<Self::V>;
    /// The value of a key in a dict, a new reference.
    fn dict_item(&mut self, dict: Self::V, key: Self::V) -> Option<Self::V>;
    /// Sets the value of a key of a dict; takes over `v`, answers the old value (NULL for a new key).
    fn set_dict_item(&mut self, dict: Self::V, key: Self::V, v: Self::V) -> Option<Self::V>;
    /// The bound method in callable position becomes function and self. False: it is something else.
    fn expand_method(&mut self, args: u32) -> bool;
    /// The call on the stack, if it is this one and nothing but a few words has to be looked at: the result is put
    /// in its place. `args` are as many as the callable takes.
    fn call_intrinsic(&mut self, which: Intrinsic, args: u32) -> bool;
    /// Membership in a set or dict as a bool value.
    fn contains(&mut self, container: Self::V, item: Self::V) -> Option<Self::V>;
    /// A slice of a list or tuple, a new reference.
    fn part(&mut self, c: Self::V, start: Self::V, stop: Self::V) -> Option<Self::V> {
        let _ = (c, start, stop);
        None
    }
    /// Exchanges the items of a slice of a list with those of another list that nobody else has, as many.
    fn exchange_part(&mut self, c: Self::V, start: Self::V, stop: Self::V, items: Self::V) -> bool {
        let _ = (c, start, stop, items);
        false
    }
    /// The sum of two lists, a new reference.
    fn joined(&mut self, a: Self::V, b: Self::V) -> Option<Self::V> {
        let _ = (a, b);
        None
    }
    /// The tuple's item at the int `index`, a new reference; `None`: something else.
    fn tuple_item(&mut self, tuple: Self::V, index: Self::V) -> Option<Self::V>;
    /// Replaces the tuple or list on top by its `n` items, which get new references; the sequence itself is not
    /// dropped. False: it is something else.
    fn unpack(&mut self, seq: Self::V, n: usize) -> bool;
    /// Hands `v` to the list, if it has room.
    fn append(&mut self, list: Self::V, v: Self::V) -> bool;
    /// FOR_ITER (with its argument) on a suspended generator: its frame becomes the current one. False: it is
    /// something else, or there is no room.
    fn resume_in_loop(&mut self, generator: Self::V, arg: u32) -> bool;
    /// The same of SEND, of generators and coroutines.
    fn resume_by_send(&mut self, arg: u32) -> bool;
    /// What GET_AWAITABLE (a coroutine that nobody awaits) or GET_YIELD_FROM_ITER (a generator) leaves as it is.
    fn is_generator(&mut self, v: Self::V, flavour: Flavour) -> bool;
    /// A function that `make_generator` knows.
    fn is_generator_function(&mut self, f: Self::V) -> bool;
    /// The call of a generator function whose arguments fit: makes the generator without a frame.
    fn make_generator(&mut self, args: u32) -> bool;
    /// YIELD_VALUE: the caller's frame becomes the current one. False: Rust called.
    fn suspend(&mut self, arg: u32) -> bool;
    /// Enters the `__getitem__` of the instance below the top, if that is a Python function that takes just these
    /// arguments.
    fn enter_getitem(&mut self) -> Flow<bool>;
    /// As `enter_function`, where defaults complete the arguments. False: they do not.
    fn enter_with_defaults(&mut self, args: u32, skip: u16) -> bool;
    // The next seven go by the instruction's inline cache; `None`: it does not fit this object.
    /// An attribute of an instance, a new reference.
    fn attr_slot(&mut self, owner: Self::V) -> Option<Self::V>;
    /// What an instance's class has, a new reference.
    fn attr_of_class(&mut self, owner: Self::V) -> Option<Self::V>;
    /// The same of any object without attributes of its own.
    fn method_of_type(&mut self, owner: Self::V) -> Option<Self::V>;
    /// `attr_slot` for the instruction behind this one.
    fn attr_slot_ahead(&mut self, owner: Self::V) -> Option<Self::V> {
        let _ = owner;
        None
    }
    /// A field of a named tuple, a new reference.
    fn tuple_field(&mut self, owner: Self::V) -> Option<Self::V> {
        let _ = owner;
        None
    }
    /// An attribute of a class, a new reference.
    fn class_attr(&mut self, owner: Self::V) -> Option<Self::V>;
    /// The function of a staticmethod in a class or an instance's class, a new reference.
    fn static_method(&mut self, owner: Self::V) -> Option<Self::V>;
    /// The function of a classmethod and the class to call it with, new references.
    fn class_method(&mut self, owner: Self::V) -> Option<(Self::V, Self::V)>;
    /// A variable of a module, a new reference.
    fn module_attr(&mut self, owner: Self::V) -> Option<Self::V>;
    /// Sets an instance's attribute, takes over `v`, answers what was there (NULL for a new one).
    fn set_attr_slot(&mut self, owner: Self::V, v: Self::V) -> Option<Self::V>;
    /// The value of a global or builtin variable, a new reference; `None`: not found or not cacheable.
    fn global(&mut self, name: u32) -> Option<Self::V>;
    /// Sets a global variable that is there and that nothing relies on; takes over `v`, answers what was there.
    fn set_global(&mut self, name: u32, v: Self::V) -> Option<Self::V> {
        let _ = (name, v);
        None
    }
    /// The content of the closure cell in a local slot, borrowed; `None` when unbound.
    fn cell_value(&mut self, slot: u32) -> Option<Self::V>;
    /// Sets it; takes over `v`, answers what was there (NULL if it was unbound).
    fn set_cell_value(&mut self, slot: u32, v: Self::V) -> Option<Self::V> {
        let _ = (slot, v);
        None
    }
    /// Value of a quickened LOAD_GLOBAL's cell, a new reference.
    fn cached_global(&mut self) -> Self::V;

    // ---- calls
    fn call(&mut self, helper: &'static Helper, arg: u32, operands: &[Self::V]) -> Flow<Self::V>;
    /// Does the rest of the instruction in the runtime.
    fn residual(&mut self, run: Residual, arg: u32) -> Flow;
    /// Calls the Python function at `args + 1` below the top in place, if it takes exactly these arguments.
    /// True: the frame is entered, this instruction is over.
    fn enter_function(&mut self, args: u32, skip: u16) -> Flow<bool>;
    /// Replaces the top `n` words by a list of them, where the machine can without a call. False: nothing is done.
    fn make_list(&mut self, _n: u32) -> bool {
        false
    }
    /// The same for a tuple, of at least one.
    fn make_tuple(&mut self, _n: u32) -> bool {
        false
    }
    /// Hands a new function its closure. False: these are no cells.
    fn init_closure(&mut self, _function: Self::V, _cells: Self::V) -> bool {
        false
    }
    /// Carries out a call of a builtin that the machine knows by itself.
    fn call_known(&mut self, args: u32) -> Flow<bool>;
    /// Leaves the frame with the value on top of the stack.
    fn leave_function(&mut self) -> Flow;
    /// The same, of the frame of a generator.
    fn leave_generator(&mut self) -> Flow {
        self.leave_function()
    }
    /// A new function replaces the code on top of the stack, where the machine can without a call.
    fn make_function(&mut self) -> bool {
        false
    }
    /// The tuple of a list replaces it on top of the stack.
    fn tuple_of_list(&mut self) -> bool {
        false
    }

    // ---- monitoring (nothing unless PROBED)
    /// A local event of this instruction; `target` is the destination unit of jumps and branches.
    fn event(&mut self, event: Event, target: Target) -> Flow;
}

/// Where a jump or branch goes, relative to the first unit after the opcode.
pub type Target = isize;
