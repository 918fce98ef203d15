//! `specials!`: the one table of special methods that classes cache, and calling them.

use crate::error::R;
use crate::object::{Builtin, Function, Kind, Kw, Type};
use crate::op::{BinOp, CmpOp};
use crate::value::Value;
use crate::vm::Vm;

macro_rules! specials {
    ($($name:ident $text:literal),* $(,)?) => {
        /// A special method with a place in every class's cache.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Special { $($name),* }
        pub const SPECIAL_NAMES: &[&str] = &[$($text),*];
    };
}

specials! {
    Getattribute "__getattribute__", Getattr "__getattr__", Setattr "__setattr__", Delattr "__delattr__",
    Get "__get__", Set "__set__", Delete "__delete__", SetName "__set_name__",
    New "__new__", Init "__init__", Del "__del__", Call "__call__",
    Repr "__repr__", Str "__str__", Format "__format__", Bytes "__bytes__", Hash "__hash__", Bool "__bool__",
    Len "__len__", LengthHint "__length_hint__", Iter "__iter__", Next "__next__", Reversed "__reversed__",
    Contains "__contains__", GetItem "__getitem__", SetItem "__setitem__", DelItem "__delitem__",
    Missing "__missing__",
    Lt "__lt__", Le "__le__", Eq "__eq__", Ne "__ne__", Gt "__gt__", Ge "__ge__",
    Add "__add__", And "__and__", FloorDivide "__floordiv__", Lshift "__lshift__", MatrixMultiply "__matmul__",
    Multiply "__mul__", Remainder "__mod__", Or "__or__", Power "__pow__", Rshift "__rshift__",
    Subtract "__sub__", TrueDivide "__truediv__", Xor "__xor__",
    RAdd "__radd__", RAnd "__rand__", RFloorDivide "__rfloordiv__", RLshift "__rlshift__",
    RMatrixMultiply "__rmatmul__", RMultiply "__rmul__", RRemainder "__rmod__", ROr "__ror__", RPower "__rpow__",
    RRshift "__rrshift__", RSubtract "__rsub__", RTrueDivide "__rtruediv__", RXor "__rxor__",
    IAdd "__iadd__", IAnd "__iand__", IFloorDivide "__ifloordiv__", ILshift "__ilshift__",
    IMatrixMultiply "__imatmul__", IMultiply "__imul__", IRemainder "__imod__", IOr "__ior__", IPower "__ipow__",
    IRshift "__irshift__", ISubtract "__isub__", ITrueDivide "__itruediv__", IXor "__ixor__",
    Divmod "__divmod__", RDivmod "__rdivmod__",
    Neg "__neg__", Pos "__pos__", Invert "__invert__", Abs "__abs__",
    Int "__int__", Float "__float__", Complex "__complex__", Index "__index__", Round "__round__",
    Trunc "__trunc__", Floor "__floor__", Ceil "__ceil__",
    Enter "__enter__", Exit "__exit__", Aenter "__aenter__", Aexit "__aexit__",
    Await "__await__", Aiter "__aiter__", Anext "__anext__",
    InstanceCheck "__instancecheck__", SubclassCheck "__subclasscheck__", Dir "__dir__", Fspath "__fspath__",
    Buffer "__buffer__", ReleaseBuffer "__release_buffer__",
}

pub const SPECIALS: usize = SPECIAL_NAMES.len();

impl Special {
    const fn at(first: Special, n: u8) -> Special {
        // SAFETY: the three runs of operators and the run of comparisons stand in the order of BinOp and CmpOp.
        unsafe { std::mem::transmute::<u8, Special>(first as u8 + n) }
    }
    pub const fn binary(op: BinOp) -> Special {
        Special::at(Special::Add, op as u8)
    }
    pub const fn reflected(op: BinOp) -> Special {
        Special::at(Special::RAdd, op as u8)
    }
    pub const fn in_place(op: BinOp) -> Special {
        Special::at(Special::IAdd, op as u8)
    }
    pub const fn compare(op: CmpOp) -> Special {
        Special::at(Special::Lt, op as u8)
    }
    pub const fn name(self) -> &'static str {
        SPECIAL_NAMES[self as usize]
    }
}

impl Vm {
    /// The interned name of a special method.
    pub fn special_name(&mut self, which: Special) -> Value {
        self.intern(which.name())
    }
    /// A special method of the object's class, not bound.
    #[inline]
    pub fn special_of(&mut self, v: &Value, which: Special) -> Option<Value> {
        let ty = self.type_of(v).word();
        // SAFETY: the object keeps its class.
        unsafe { ty.cast::<Type>() }.special(self, which)
    }
    pub fn has_special(&mut self, v: &Value, which: Special) -> bool {
        self.special_of(v, which).is_some_and(|m| !m.is_none())
    }
    /// Calls a special method of the object's class; `None`: it has none.
    pub fn call_special(&mut self, v: &Value, which: Special, args: &[Value]) -> R<Option<Value>> {
        match self.special_of(v, which) {
            Some(m) => self.call_unbound(&m, v, args).map(Some),
            None => Ok(None),
        }
    }
    /// Calls what was found in an object's class as a method of the object.
    pub fn call_unbound(&mut self, m: &Value, self_: &Value, args: &[Value]) -> R<Value> {
        if let Some(b) = m.get::<Builtin>()
            && b.is_descriptor()
            && args.len() >= b.def.min as usize
            && (args.len() <= b.def.max as usize || b.def.max == u8::MAX)
            // It may have been taken from a class that is no base.
            && self.is_instance(self_, &b.owner)
        {
            return with_self(self_, args, |all| (b.def.func)(self, all, Kw::NONE));
        }
        if m.is_kind(Kind::Function) || m.get::<Builtin>().is_some_and(Builtin::is_descriptor) {
            return with_self(self_, args, |all| self.call(m, all, Kw::NONE));
        }
        let owner = self.type_of(self_).clone();
        let bound = self.descr_get(m, Some(self_), &owner)?;
        self.call(&bound, args, Kw::NONE)
    }
    /// Is the special method the builtin class's own, not overridden?
    pub fn is_builtin_method(&self, m: &Value, owner: &Value) -> bool {
        m.get::<Builtin>().is_some_and(|b| b.owner.is(owner))
    }
    /// Does the class of an object replace this method of a Python function?
    pub fn overridden(&mut self, v: &Value, which: Special) -> bool {
        self.special_of(v, which).is_some_and(|m| m.get::<Function>().is_some() || !m.is_kind(Kind::Builtin))
    }
}

/// `self` and a few arguments as one slice, without the heap for the usual numbers.
#[inline]
pub fn with_self<T>(self_: &Value, args: &[Value], f: impl FnOnce(&[Value]) -> T) -> T {
    match args {
        [] => f(std::slice::from_ref(self_)),
        [a] => {
            let all = [self_.word(), a.word()];
            // SAFETY: the caller keeps its references until `f` is done; the words are not NULL.
            f(unsafe { Value::slice_of(all.as_ptr(), 2) })
        }
        [a, b] => {
            let all = [self_.word(), a.word(), b.word()];
            // SAFETY: as above.
            f(unsafe { Value::slice_of(all.as_ptr(), 3) })
        }
        _ => {
            let mut all = Vec::with_capacity(1 + args.len());
            all.push(self_.clone());
            all.extend_from_slice(args);
            f(&all)
        }
    }
}
