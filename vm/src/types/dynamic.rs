//! Operators and protocols: what runs for `a + b`, `len(x)`, `for`, `==` ...
//!
//! An object is *dynamic* when its class may have special methods of its own: instances of Python classes,
//! of native classes, of subclasses of builtin ones (a flag in the header says so). For those the special
//! method of the class is called, by the rules of the data model; everything else goes straight to the
//! `*_builtin` functions, which the special methods of the builtin classes are made of too.

use crate::error::{Exc, R};
use crate::object::{
    Builtin, BuiltinDef, BuiltinFn, Bytes, Kind, Kw, List, Native, Payload, Str, Tag, Tuple, Type,
};
use crate::op::{BinOp, CmpOp};
use crate::types::native::ClassDef;
use crate::types::number::Num;
use crate::types::specials::{Special, with_self};
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

/// Lengths tell most strs apart.
#[inline]
fn compare_texts(op: CmpOp, a: &Str, b: &Str) -> bool {
    match op {
        CmpOp::Eq => a.bytes() == b.bytes(),
        CmpOp::Ne => a.bytes() != b.bytes(),
        _ => op.eval(a.bytes(), b.bytes()),
    }
}

/// What classes remember of themselves, a bit each (`Type::kept`).
const KEPT: [Special; 4] = [Special::Eq, Special::Hash, Special::GetItem, Special::Iter];
const _: () = {
    let mut bits = 0u32;
    let mut i = 0;
    while i < KEPT.len() {
        let bit = 1 << (KEPT[i] as u32 % 32);
        assert!(bits & bit == 0, "each has its own");
        bits |= bit;
        i += 1;
    }
};

impl Vm {
    // ---- binary operators
    #[inline]
    pub fn binary_op(&mut self, op: BinOp, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        if op == BinOp::Add && a.word().is_plain(Kind::Str) && b.word().is_plain(Kind::Str) {
            return self.concat_texts(inplace, a, b);
        }
        // Classes have one operator: `int | str`.
        let classes = op == BinOp::Or && (a.is_kind(Kind::Type) || b.is_kind(Kind::Type));
        if !a.is_dynamic() && !b.is_dynamic() && !classes {
            return self.binary_builtin(op, inplace, a, b);
        }
        self.binary_dynamic(op, inplace, a, b)
    }

    fn binary_dynamic(&mut self, op: BinOp, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        if inplace
            && let Some(m) = self.special_of(a, Special::in_place(op))
            && !m.is_none()
        {
            let r = self.call_unbound(&m, a, std::slice::from_ref(b))?;
            if !r.is(&Value::NOT_IMPLEMENTED) {
                return Ok(r);
            }
        }
        let r = self.binary_protocol(Special::binary(op), Special::reflected(op), a, b)?;
        if let Some(v) = r {
            return Ok(v);
        }
        if matches!(op, BinOp::Add | BinOp::Multiply)
            && let Some(v) = self.sequence_op(op, a, b)?
        {
            return Ok(v);
        }
        Err(self.unsupported(op, inplace, a, b))
    }

    /// `__op__` of the one, `__rop__` of the other; a subclass's reflected method goes first. `None`: neither
    /// knows the other.
    pub fn binary_protocol(
        &mut self,
        op: Special,
        reflected: Special,
        a: &Value,
        b: &Value,
    ) -> R<Option<Value>> {
        let (ta, tb) = (self.type_of(a).clone(), self.type_of(b).clone());
        let left = self.special_of(a, op).filter(|m| !defers(op, m));
        let mut right =
            if ta.is(&tb) { None } else { self.special_of(b, reflected).filter(|m| !defers(op, m)) };
        if let Some(r) = &right
            && tb.as_::<Type>().is_subtype(&ta)
            && self.special_of(a, reflected).is_none_or(|m| !m.is(r))
        {
            let v = self.call_unbound(&right.take().unwrap_or(Value::NONE), b, std::slice::from_ref(a))?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(Some(v));
            }
        }
        if let Some(m) = left.filter(|m| !m.is_none()) {
            let v = self.call_unbound(&m, a, std::slice::from_ref(b))?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(Some(v));
            }
        }
        if let Some(m) = right.filter(|m| !m.is_none()) {
            let v = self.call_unbound(&m, b, std::slice::from_ref(a))?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(Some(v));
            }
        }
        Ok(None)
    }

    /// Sequences come last in `+` and `*`: they take no part in the protocol of numbers.
    fn sequence_op(&mut self, op: BinOp, a: &Value, b: &Value) -> R<Option<Value>> {
        let method = if op == BinOp::Add { Special::Add } else { Special::Multiply };
        if let Some(m) = self.special_of(a, method).filter(|m| defers(method, m)) {
            let v = self.call_unbound(&m, a, std::slice::from_ref(b))?;
            return Ok(Some(v).filter(|v| !v.is(&Value::NOT_IMPLEMENTED)));
        }
        if op == BinOp::Multiply
            && let Some(m) = self.special_of(b, method).filter(|m| defers(method, m))
        {
            let v = self.call_unbound(&m, b, std::slice::from_ref(a))?;
            return Ok(Some(v).filter(|v| !v.is(&Value::NOT_IMPLEMENTED)));
        }
        Ok(None)
    }

    // ---- comparison
    #[inline]
    pub fn compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        if !a.is_dynamic() && !b.is_dynamic() {
            if let (Some(x), Some(y)) = (a.get::<Str>(), b.get::<Str>()) {
                return Ok(Value::bool(compare_texts(op, x, y)));
            }
            if let (Some(x), Some(y)) = (a.get::<Tuple>(), b.get::<Tuple>()) {
                return self.compare_tuples(op, x, y).map(Value::bool);
            }
            if let (Some(x), Some(y)) = (a.get::<List>(), b.get::<List>()) {
                return self.compare_lists(op, x, y).map(Value::bool);
            }
            return self.compare_builtin(op, a, b);
        }
        if self.compares_as_tuple(op, a, b) {
            return self.compare_tuples(op, a.as_(), b.as_()).map(Value::bool);
        }
        self.compare_dynamic(op, a, b)
    }
    /// Two objects of the same class derived from `tuple` that has tuple's own comparison.
    fn compares_as_tuple(&mut self, op: CmpOp, a: &Value, b: &Value) -> bool {
        a.is_kind(Kind::Tuple)
            && b.is_kind(Kind::Tuple)
            && self.type_of(a).is(self.type_of(b))
            && self.keeps(a, Special::compare(op))
    }
    pub fn compare_bool(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<bool> {
        let (x, y) = (a.word(), b.word());
        if x.is_int() && y.is_int() {
            return Ok(op.eval(x.int(), y.int()));
        }
        if x.is_bool() && y.is_bool() {
            return Ok(op.eval(x == Word::TRUE, y == Word::TRUE));
        }
        if !a.is_dynamic() && !b.is_dynamic() {
            if let (Some(x), Some(y)) = (a.get::<Str>(), b.get::<Str>()) {
                return Ok(compare_texts(op, x, y));
            }
            return self.compare_bool_builtin(op, a, b);
        }
        if self.compares_as_tuple(op, a, b) {
            return self.compare_tuples(op, a.as_(), b.as_());
        }
        let v = self.compare_dynamic(op, a, b)?;
        self.truthy(&v)
    }
    /// As containers compare: identity first.
    #[inline]
    pub fn eq(&mut self, a: &Value, b: &Value) -> R<bool> {
        if a.is(b) {
            return Ok(true);
        }
        let (x, y) = (a.word(), b.word());
        if x.is_int() && y.is_int() || x.is_bool() && y.is_bool() {
            return Ok(false);
        }
        self.equals(a, b)
    }
    /// The same of two that are not identical.
    fn equals(&mut self, a: &Value, b: &Value) -> R<bool> {
        if let (Some(t), Some(u)) = (a.word().tag(), b.word().tag())
            && t == u
        {
            if t == Tag::plain(Kind::Str) {
                return Ok(a.as_::<Str>().bytes() == b.as_::<Str>().bytes());
            }
            if t == Tag::plain(Kind::Tuple) {
                return self.tuples_equal(a.as_(), b.as_());
            }
            if t == Tag::LIST {
                return self.compare_lists(CmpOp::Eq, a.as_(), b.as_());
            }
            if t == Tag::plain(Kind::Bytes) {
                return Ok(a.as_::<Bytes>().as_slice() == b.as_::<Bytes>().as_slice());
            }
        } else if a.word().is_float() && b.word().is_float() {
            return Ok(a.word().float() == b.word().float());
        }
        self.compare_bool(CmpOp::Eq, a, b)
    }
    pub fn equal(&mut self, a: &Value, b: &Value) -> R<bool> {
        self.eq(a, b)
    }

    fn compare_dynamic(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        if matches!(op, CmpOp::Eq | CmpOp::Ne) && self.compares_by_identity(a) && self.compares_by_identity(b)
        {
            return Ok(Value::bool(a.is(b) == (op == CmpOp::Eq)));
        }
        self.guard_recursion("in comparison")?;
        let swapped = match op {
            CmpOp::Lt => CmpOp::Gt,
            CmpOp::Le => CmpOp::Ge,
            CmpOp::Gt => CmpOp::Lt,
            CmpOp::Ge => CmpOp::Le,
            same => same,
        };
        let (ta, tb) = (self.type_of(a).clone(), self.type_of(b).clone());
        let mut reflected_done = false;
        if !ta.is(&tb)
            && tb.as_::<Type>().is_subtype(&ta)
            && let Some(m) = self.special_of(b, Special::compare(swapped))
        {
            reflected_done = true;
            let v = self.call_comparison(&m, b, a)?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(v);
            }
        }
        if let Some(m) = self.special_of(a, Special::compare(op)) {
            let v = self.call_comparison(&m, a, b)?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(v);
            }
        }
        if !reflected_done && let Some(m) = self.special_of(b, Special::compare(swapped)) {
            let v = self.call_comparison(&m, b, a)?;
            if !v.is(&Value::NOT_IMPLEMENTED) {
                return Ok(v);
            }
        }
        match op {
            CmpOp::Eq => Ok(Value::bool(a.is(b))),
            CmpOp::Ne => Ok(Value::bool(!a.is(b))),
            _ => {
                let (x, y) = (self.type_name(a), self.type_name(b));
                let message = format!("'{}' not supported between instances of '{x}' and '{y}'", op.symbol());
                self.fail("TypeError", message)
            }
        }
    }
    /// An instance that has `==` and `!=` from `object`.
    fn compares_by_identity(&mut self, v: &Value) -> bool {
        v.is_kind(Kind::Instance) && self.has_own(v, Special::Eq) && self.has_own(v, Special::Ne)
    }
    /// The special method of an instance is that of `object`.
    fn has_own(&mut self, v: &Value, which: Special) -> bool {
        let (class, object) = (self.type_of(v).word(), self.types.object.word());
        // SAFETY: the object keeps its class, the VM the class `object`.
        let (class, object) = unsafe { (class.cast::<Type>(), object.cast::<Type>()) };
        class.special_word(self, which) == object.special_word(self, which)
    }
    /// Has the class of an object of a builtin kind left this special method as the builtin class has it?
    #[inline]
    pub(crate) fn keeps(&mut self, v: &Value, which: Special) -> bool {
        let t = &self.types;
        let builtin = match v.kind() {
            Some(Kind::Tuple) => &t.tuple,
            Some(Kind::Dict) => &t.dict,
            Some(Kind::List) => &t.list,
            Some(Kind::Str) => &t.str,
            Some(Kind::Int) => &t.int,
            _ => return false,
        };
        // SAFETY: the object keeps its class, the VM the builtin ones.
        let (class, builtin) =
            unsafe { (self.type_of(v).word().cast::<Type>(), builtin.word().cast::<Type>()) };
        let bit = 1 << (which as u32 % 32);
        let ((version, bits), now) = (class.kept.get(), class.version.get());
        if KEPT.contains(&which) && version == now && bits & bit != 0 && now != 0 {
            return true;
        }
        self.find_kept(class, builtin, which, bit)
    }
    #[inline(never)]
    fn find_kept(&mut self, class: &Type, builtin: &Type, which: Special, bit: u32) -> bool {
        let own = builtin.special_word(self, which);
        if own.is_null() || class.special_word(self, which) != own {
            return false;
        }
        if KEPT.contains(&which) {
            let version = self.type_version(class);
            let (old, bits) = class.kept.get();
            class.kept.set((version, if old == version { bits | bit } else { bit }));
        }
        true
    }
    /// The Rust function of a special method that an object's own class, written in Rust, has; if it takes `n`
    /// arguments.
    #[inline]
    fn own_row(&mut self, v: &Value, which: Special, n: u8) -> Option<BuiltinFn> {
        let class = self.type_of(v).word();
        // SAFETY: the object keeps its class, and that what is in it.
        let m = unsafe { class.cast::<Type>() }.special_word(self, which);
        let b = Value::of(&m).get::<Builtin>()?;
        (b.is_descriptor() && b.owner.word() == class && b.def.min <= n && n <= b.def.max)
            .then_some(b.def.func)
    }
    /// Calls anything with one argument.
    #[inline]
    pub(crate) fn call_with(&mut self, f: &Value, arg: &Value) -> R<Value> {
        let args = std::slice::from_ref(arg);
        match f.get::<Builtin>().and_then(|b| crate::runtime::call::direct(self, b, args)) {
            Some(r) => r,
            None => self.call(f, args, Kw::NONE),
        }
    }
    fn call_comparison(&mut self, m: &Value, a: &Value, b: &Value) -> R<Value> {
        if m.is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        if m.is_kind(Kind::Native) || m.is_kind(Kind::Instance) {
            // A descriptor that fails counts as none.
            let class = self.type_of(a).clone();
            return match self.descr_get(m, Some(a), &class) {
                Ok(f) => self.call(&f, std::slice::from_ref(b), Kw::NONE),
                Err(_) => {
                    drop(self.take_pending());
                    Ok(Value::NOT_IMPLEMENTED)
                }
            };
        }
        self.call_unbound(m, a, std::slice::from_ref(b))
    }
    /// A builtin class's comparison method.
    pub(crate) fn compare_row(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        Ok(self.rich_compare(op, a, b)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
    }

    // ---- truth, size, hash
    #[inline]
    pub fn truthy(&mut self, v: &Value) -> R<bool> {
        let w = v.word();
        if w.is_bool() {
            return Ok(w == Word::TRUE);
        }
        if w.is_int() {
            return Ok(w.int() != 0);
        }
        if v.is_dynamic() { self.truthy_dynamic(v) } else { self.truthy_builtin(v) }
    }
    fn truthy_dynamic(&mut self, v: &Value) -> R<bool> {
        if let Some(m) = self.special_of(v, Special::Bool) {
            if m.is_none() {
                let message = format!("'{}' cannot be interpreted as a boolean", self.type_name(v));
                return self.fail("TypeError", message);
            }
            let r = self.call_unbound(&m, v, &[])?;
            if !r.word().is_bool() {
                let message = format!("__bool__ should return bool, returned {}", self.type_name(&r));
                return self.fail("TypeError", message);
            }
            return Ok(r.is(&Value::TRUE));
        }
        match self.special_of(v, Special::Len) {
            Some(_) => Ok(self.len_of(v)? > 0),
            None => Ok(true),
        }
    }
    #[inline]
    pub fn len_of(&mut self, v: &Value) -> R<usize> {
        if !v.is_dynamic() || self.keeps(v, Special::Len) {
            return self.len_builtin(v);
        }
        let Some(r) = self.call_special(v, Special::Len, &[])? else {
            let message = format!("object of type '{}' has no len()", self.type_name(v));
            return self.fail("TypeError", message);
        };
        if Num::int_of(&r).is_none() && !self.has_special(&r, Special::Index) {
            let message = format!("'{}' object cannot be interpreted as an integer", self.type_name(&r));
            return self.fail("TypeError", message);
        }
        let n = self.int_argument(&r)?;
        if n.sign() == num_bigint::Sign::Minus {
            return self.fail("ValueError", "__len__() should return >= 0");
        }
        match i64::try_from(&n) {
            Ok(n) => Ok(n as usize),
            Err(_) => self.fail("OverflowError", "cannot fit 'int' into an index-sized integer"),
        }
    }
    #[inline]
    pub fn hash(&mut self, v: &Value) -> R<i64> {
        if v.word().is_plain(Kind::Str) {
            return Ok(v.as_::<Str>().hash());
        }
        if v.word().is_int() {
            return Ok(super::hash::hash_small(v.word().int()));
        }
        if v.word().is_plain(Kind::Tuple) {
            let known = v.as_::<Tuple>().hash.get();
            if known != -1 {
                return Ok(known);
            }
        }
        // A class hashes by its address, unless its metaclass says otherwise.
        if v.is_kind(Kind::Type) && self.type_of(v).is(&self.types.type_) {
            return Ok(super::hash::hash_address(v));
        }
        self.hash_of(v)
    }
    fn hash_of(&mut self, v: &Value) -> R<i64> {
        if !v.is_dynamic() {
            return self.hash_builtin(v);
        }
        // The builtin class's own: no int is made of it.
        if v.is_kind(Kind::Instance) && self.has_own(v, Special::Hash) || self.keeps(v, Special::Hash) {
            return self.hash_builtin(v);
        }
        match self.special_of(v, Special::Hash) {
            Some(m) if !m.is_none() => {
                let r = self.call_unbound(&m, v, &[])?;
                match Num::int_of(&r) {
                    Some(Num::Int(i)) => Ok(if i == -1 { -2 } else { i }),
                    Some(_) => match self.hash_of_int(&r) {
                        -1 => Ok(-2),
                        h => Ok(h),
                    },
                    None => self.fail("TypeError", "__hash__ method should return an integer"),
                }
            }
            _ => {
                let name = self.type_name(v);
                self.fail("TypeError", format!("unhashable type: '{name}'"))
            }
        }
    }
    /// A big int that a `__hash__` returned: as it is if it fits 64 bits, else its own hash.
    fn hash_of_int(&mut self, v: &Value) -> i64 {
        use num_traits::ToPrimitive;
        let big = Num::int_of(v).map(|n| n.big().into_owned()).unwrap_or_default();
        match big.to_i64() {
            Some(i) => i,
            None => self.hash_builtin(v).unwrap_or(0),
        }
    }

    // ---- text
    pub(crate) fn dynamic_repr(&mut self, v: &Value) -> R<Value> {
        self.guard_recursion("while getting the repr of an object")?;
        let Some(r) = self.call_special(v, Special::Repr, &[])? else { return self.object_repr(v) };
        if !r.is_kind(Kind::Str) {
            let message = format!("__repr__ returned non-string (type {})", self.type_name(&r));
            return self.fail("TypeError", message);
        }
        Ok(r)
    }
    pub(crate) fn dynamic_str(&mut self, v: &Value) -> R<Value> {
        self.guard_recursion("while getting the str of an object")?;
        let Some(r) = self.call_special(v, Special::Str, &[])? else { return self.dynamic_repr(v) };
        if !r.is_kind(Kind::Str) {
            let message = format!("__str__ returned non-string (type {})", self.type_name(&r));
            return self.fail("TypeError", message);
        }
        Ok(r)
    }
    /// `<module.Class object at 0x...>`.
    pub(crate) fn object_repr(&mut self, v: &Value) -> R<Value> {
        let class = self.type_of(v).clone();
        let name = self.full_name(&class);
        Ok(self.string(format!("<{name} object at {:#x}>", v.word().0)))
    }
    /// `module.qualname` of a class; builtins without module.
    pub fn full_name(&mut self, class: &Value) -> String {
        let q = self.qualname_of(class);
        match self.class_module(class) {
            Some(m) if m != "builtins" => format!("{m}.{q}"),
            _ => q,
        }
    }
    /// `__module__` of a class, if it is a str.
    pub(crate) fn class_module(&mut self, class: &Value) -> Option<String> {
        let t = class.as_::<Type>();
        if !t.is_heap() {
            let n = t.name.borrow();
            return Some(n.rsplit_once('.').map_or("builtins", |(m, _)| m).to_owned());
        }
        let key = self.intern("__module__");
        let m = t.dict.as_::<crate::object::Dict>().get_str(&key)?;
        m.get::<Str>().map(|s| s.as_str().to_owned())
    }
    /// `format(v, spec)`, without a specification `format(v)`.
    pub fn format_object(&mut self, v: &Value, spec: Option<&Value>) -> R<Value> {
        if !v.is_dynamic() && self.formats_itself(v) {
            return match spec.and_then(|s| s.get::<Str>()).filter(|s| !s.is_empty()) {
                None => self.str_of(v),
                Some(s) => {
                    let text = self.format_builtin(v, s.as_str())?;
                    Ok(self.string(text))
                }
            };
        }
        let spec = spec.cloned().unwrap_or_else(|| self.intern(""));
        let Some(r) = self.call_special(v, Special::Format, &[spec])? else { return self.str_of(v) };
        if !r.is_kind(Kind::Str) {
            let message = format!("__format__ must return a str, not {}", self.type_name(&r));
            return self.fail("TypeError", message);
        }
        Ok(r)
    }
    /// Numbers and strs have their own `__format__`; so have the classes that others add.
    fn formats_itself(&mut self, v: &Value) -> bool {
        let object = self.types.object.clone();
        Num::of(v).is_some()
            || v.is_kind(Kind::Str)
            || v.is_kind(Kind::Complex)
            || self.special_of(v, Special::Format).is_none_or(|m| self.is_builtin_method(&m, &object))
    }

    // ---- iteration
    #[inline]
    pub fn get_iter(&mut self, v: &Value) -> R<Value> {
        if !v.is_dynamic() {
            return self.get_iter_builtin(v);
        }
        match self.special_of(v, Special::Iter) {
            Some(m) if m.is_none() => {
                let message = format!("'{}' object is not iterable", self.type_name(v));
                self.fail("TypeError", message)
            }
            // An iterator written in Rust.
            Some(_) if v.is_native_iterator() => Ok(v.clone()),
            Some(m) => {
                let it = self.call_unbound(&m, v, &[])?;
                if it.is_dynamic() && !self.has_special(&it, Special::Next)
                    || !it.is_dynamic() && self.special_of(&it, Special::Next).is_none()
                {
                    let message = format!("iter() returned non-iterator of type '{}'", self.type_name(&it));
                    return self.fail("TypeError", message);
                }
                Ok(it)
            }
            None if self.has_special(v, Special::GetItem) && !v.is_kind(Kind::Dict) => {
                let class = self.native_class::<SequenceIter>(&SEQUENCE_ITER);
                Ok(Native::new(&class, SequenceIter { seq: RefCell::new(v.clone()), index: Cell::new(0) }))
            }
            None => {
                let message = format!("'{}' object is not iterable", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    /// The next item; `None` at the end, without an exception.
    #[inline]
    pub fn next(&mut self, it: &Value) -> R<Option<Value>> {
        if !it.is_dynamic() {
            return self.next_builtin(it);
        }
        if let Some(next) = it.native_next(self) {
            return next;
        }
        self.next_dynamic(it)
    }
    fn next_dynamic(&mut self, it: &Value) -> R<Option<Value>> {
        let Some(m) = self.special_of(it, Special::Next).filter(|m| !m.is_none()) else {
            let message = format!("'{}' object is not an iterator", self.type_name(it));
            return self.fail("TypeError", message);
        };
        match self.call_unbound(&m, it, &[]) {
            Ok(v) => Ok(Some(v)),
            Err(e) if !m.is_kind(Kind::Builtin) && self.hears_raise() => {
                let pending = self.pending.clone();
                let end = self.end_of_iteration(e)?;
                self.stop_seen = pending;
                Ok(end)
            }
            Err(e) => self.end_of_iteration(e),
        }
    }
    /// A pending StopIteration is the end of an iterator; anything else stays an error.
    pub fn end_of_iteration(&mut self, e: Exc) -> R<Option<Value>> {
        let pending = self.take_pending();
        if self.is_instance(&pending, self.types.exception("StopIteration")) {
            return Ok(None);
        }
        self.set_pending(pending);
        Err(e)
    }
    #[inline]
    pub fn contains(&mut self, container: &Value, item: &Value) -> R<bool> {
        match container.word().plain_kind() {
            Some(Kind::Dict) => return self.dict_contains(container.as_(), item),
            Some(Kind::Set) => return self.set_contains(container.as_(), item),
            _ => {}
        }
        if !container.is_dynamic() || self.keeps(container, Special::Contains) {
            return self.contains_builtin(container, item);
        }
        match self.special_of(container, Special::Contains) {
            Some(m) if m.is_none() => {
                let message = format!("'{}' object is not a container", self.type_name(container));
                self.fail("TypeError", message)
            }
            Some(m) => {
                let r = self.call_unbound(&m, container, std::slice::from_ref(item))?;
                self.truthy(&r)
            }
            None => self.contains_by_iteration(container, item),
        }
    }

    // ---- items
    #[inline]
    pub fn get_item(&mut self, c: &Value, i: &Value) -> R<Value> {
        if i.word().is_int()
            && c.word().is_plain(Kind::Str)
            && let Some(b) = c.as_::<Str>().ascii_at(i.word().int())
        {
            return Ok(self.latin1_char(b));
        }
        if !c.is_dynamic() && !c.is_kind(Kind::Type) {
            return self.get_item_builtin(c, i);
        }
        self.get_item_dynamic(c, i)
    }
    fn get_item_dynamic(&mut self, c: &Value, i: &Value) -> R<Value> {
        if c.is_kind(Kind::Native) {
            if i.word().is_int()
                && let Some(v) = c.native_item(i.word().int())
            {
                return Ok(v);
            }
            if let Some(f) = self.own_row(c, Special::GetItem, 1) {
                return with_self(c, std::slice::from_ref(i), |all| f(self, all, Kw::NONE));
            }
        }
        if self.keeps(c, Special::GetItem) {
            return self.get_item_builtin(c, i);
        }
        if let Some(r) = self.call_special(c, Special::GetItem, std::slice::from_ref(i))? {
            return Ok(r);
        }
        if let Some(t) = c.get::<Type>() {
            if c.is(&self.types.type_) {
                return self.generic_alias(c, i);
            }
            if let Some(f) = self.get_attr_str_opt(c, "__class_getitem__")? {
                return self.call(&f, std::slice::from_ref(i), Kw::NONE);
            }
            let message = format!("type '{}' is not subscriptable", t.name.borrow());
            return self.fail("TypeError", message);
        }
        let message = format!("'{}' object is not subscriptable", self.type_name(c));
        self.fail("TypeError", message)
    }
    #[inline]
    pub fn set_item(&mut self, c: &Value, i: &Value, v: Value) -> R<()> {
        if !c.is_dynamic() {
            return self.set_item_builtin(c, i, v);
        }
        self.set_item_dynamic(c, i, v)
    }
    fn set_item_dynamic(&mut self, c: &Value, i: &Value, v: Value) -> R<()> {
        if c.is_kind(Kind::Native)
            && let Some(f) = self.own_row(c, Special::SetItem, 2)
        {
            let all = [c.word(), i.word(), v.word()];
            // SAFETY: the caller keeps the references until the call is over.
            return f(self, unsafe { Value::slice_of(all.as_ptr(), 3) }, Kw::NONE).map(drop);
        }
        if c.is_kind(Kind::Dict) && self.keeps(c, Special::SetItem) {
            return self.set_item_builtin(c, i, v);
        }
        if self.call_special(c, Special::SetItem, &[i.clone(), v])?.is_none() {
            let message = format!("'{}' object does not support item assignment", self.type_name(c));
            return self.fail("TypeError", message);
        }
        Ok(())
    }
    #[inline]
    pub fn del_item(&mut self, c: &Value, i: &Value) -> R<()> {
        if !c.is_dynamic() {
            return self.del_item_builtin(c, i);
        }
        if self.call_special(c, Special::DelItem, std::slice::from_ref(i))?.is_none() {
            let message = format!("'{}' object does not support item deletion", self.type_name(c));
            return self.fail("TypeError", message);
        }
        Ok(())
    }

    // ---- unary operators, conversions
    fn unary(&mut self, v: &Value, which: Special, symbol: &str) -> R<Value> {
        match self.call_special(v, which, &[])? {
            Some(r) => Ok(r),
            None => {
                let message = format!("bad operand type for {symbol}: '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
    pub fn negate(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic() { self.unary(v, Special::Neg, "unary -") } else { self.negate_builtin(v) }
    }
    pub fn invert(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic() { self.unary(v, Special::Invert, "unary ~") } else { self.invert_builtin(v) }
    }
    pub fn unary_positive(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic() { self.unary(v, Special::Pos, "unary +") } else { self.unary_positive_builtin(v) }
    }
    pub(crate) fn absolute(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic() { self.unary(v, Special::Abs, "abs()") } else { self.absolute_builtin(v) }
    }
    /// The int that an object stands for as an index; other objects come back as they are.
    pub fn try_index(&mut self, v: &Value) -> R<Value> {
        if !v.is_dynamic() || v.is_kind(Kind::Int) {
            return Ok(v.clone());
        }
        match self.call_special(v, Special::Index, &[])? {
            Some(r) if Num::int_of(&r).is_some() => Ok(r),
            Some(r) => {
                let message = format!("__index__ returned non-int (type {})", self.type_name(&r));
                self.fail("TypeError", message)
            }
            None => Ok(v.clone()),
        }
    }
    /// An int for an index, which must fit 64 bits. `what` is not used in the message, which is CPython's.
    pub fn index_i64(&mut self, v: &Value, _what: &str) -> R<i64> {
        self.index_size(v)
    }
    /// A function or class of `builtins`.
    pub fn builtin(&mut self, name: &str) -> Value {
        let key = self.intern(name);
        let b = self.builtins.clone();
        b.as_::<crate::object::Dict>().get_str(&key).unwrap_or(Value::NONE)
    }
}

/// A sequence's own `+` or `*`, which waits until the other operand has been asked.
fn defers(op: Special, m: &Value) -> bool {
    if !matches!(op, Special::Add | Special::Multiply) {
        return false;
    }
    let Some(owner) = m.get::<Builtin>().and_then(|b| b.owner.get::<Type>()) else { return false };
    matches!(owner.instance.get(), Kind::Str | Kind::List | Kind::Tuple | Kind::Bytes)
}

/// `iter()` of an object that has only `__getitem__`.
struct SequenceIter {
    /// NULL at the end.
    seq: RefCell<Value>,
    index: Cell<i64>,
}
impl Payload for SequenceIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.seq.borrow());
    }
}
static SEQUENCE_ITER: ClassDef = ClassDef {
    name: "iterator",
    flags: crate::types::native::NO_NEW,
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let it = vm.self_::<SequenceIter>(&a[0])?;
            let seq = it.seq.borrow().clone();
            if seq.is_null() {
                return vm.stop_iteration();
            }
            let i = it.index.get();
            let at = vm.int(i);
            match vm.get_item(&seq, &at) {
                Ok(v) => {
                    it.index.set(i + 1);
                    Ok(v)
                }
                Err(e) => {
                    let pending = vm.take_pending();
                    let over = ["IndexError", "StopIteration"]
                        .iter()
                        .any(|c| vm.is_instance(&pending, vm.types.exception(c)));
                    if !over {
                        vm.set_pending(pending);
                        return Err(e);
                    }
                    drop(it.seq.replace(Value::NULL));
                    vm.stop_iteration()
                }
            }
        }),
        BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
            let it = vm.self_::<SequenceIter>(&a[0])?;
            let (seq, i) = (it.seq.borrow().clone(), it.index.get());
            if seq.is_null() {
                return Ok(Value::small(0));
            }
            if !vm.has_special(&seq, Special::Len) {
                return Ok(Value::NOT_IMPLEMENTED);
            }
            let left = vm.len_of(&seq)? as i64 - i;
            Ok(vm.int(left.max(0)))
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let it = vm.self_::<SequenceIter>(&a[0])?;
            let (seq, i) = (it.seq.borrow().clone(), it.index.get());
            if seq.is_null() {
                let empty = vm.tuple(vec![]);
                return vm.iter_reduced(empty);
            }
            let iter = vm.builtin("iter");
            let (args, i) = (vm.tuple(vec![seq]), vm.int(i));
            Ok(vm.tuple(vec![iter, args, i]))
        }),
        BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
            let i = crate::types::iterators::state(vm, &a[1])?;
            let it = vm.self_::<SequenceIter>(&a[0])?;
            it.index.set(i.max(0));
            Ok(Value::NONE)
        }),
    ],
    ..ClassDef::DEFAULT
};
