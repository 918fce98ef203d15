//! Equality and order.
//!
//! [`Vm::eq`] is what containers use: identity comes first. [`Vm::compare`] is the operator, for which a NaN
//! differs from itself.

use super::number::Num;
use crate::error::R;
use crate::object::{
    Builtin, Bytes, Dict, Exception, Kind, List, Method, Namespace, Range, Slice, Str, Tuple,
};
use crate::op::CmpOp;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;
use std::cmp::Ordering;

fn holds(op: CmpOp, o: Ordering) -> bool {
    match op {
        CmpOp::Lt => o.is_lt(),
        CmpOp::Le => o.is_le(),
        CmpOp::Eq => o.is_eq(),
        CmpOp::Ne => o.is_ne(),
        CmpOp::Gt => o.is_gt(),
        CmpOp::Ge => o.is_ge(),
    }
}

impl Vm {
    pub fn eq_builtin(&mut self, a: &Value, b: &Value) -> R<bool> {
        if a.is(b) {
            return Ok(true);
        }
        Ok(self.rich_compare(CmpOp::Eq, a, b)?.unwrap_or(false))
    }

    pub fn compare_builtin(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        self.compare_bool_builtin(op, a, b).map(Value::bool)
    }

    pub fn compare_bool_builtin(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<bool> {
        match (self.rich_compare(op, a, b)?, op) {
            (Some(answer), _) => Ok(answer),
            (None, CmpOp::Eq) => Ok(a.is(b)),
            (None, CmpOp::Ne) => Ok(!a.is(b)),
            (None, _) => {
                let (x, y) = (self.type_name(a), self.type_name(b));
                let message = format!("'{}' not supported between instances of '{x}' and '{y}'", op.symbol());
                self.fail("TypeError", message)
            }
        }
    }

    /// `None`: the classes do not know each other.
    pub(crate) fn rich_compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Option<bool>> {
        if a.word().is_int() && b.word().is_int() {
            return Ok(Some(op.eval(a.word().int(), b.word().int())));
        }
        // Every comparison with None but those two.
        if a.is_none() || b.is_none() {
            return Ok((a.is(b) && matches!(op, CmpOp::Eq | CmpOp::Ne)).then_some(op == CmpOp::Eq));
        }
        if a.is_kind(Kind::Complex) || b.is_kind(Kind::Complex) {
            return self.complex_compare(op, a, b);
        }
        if let Some(x) = Num::of(a) {
            let Some(y) = Num::of(b) else { return Ok(None) };
            return Ok(Some(match x.compare(y) {
                Some(o) => holds(op, o),
                None => op == CmpOp::Ne,
            }));
        }
        if self.is_set_view(a) || self.is_set_view(b) {
            self.guard_comparison()?;
            return self.view_compare(op, a, b);
        }
        let (Some(kind), Some(other)) = (a.kind(), b.kind()) else { return Ok(None) };
        if kind != other {
            return Ok(None);
        }
        let equality = matches!(op, CmpOp::Eq | CmpOp::Ne);
        match kind {
            Kind::ClosureCell => {
                let r = super::function::compare_cells(self, op, &[a.clone(), b.clone()])?;
                self.truthy(&r).map(Some)
            }
            Kind::Str => Ok(Some(holds(op, a.as_::<Str>().bytes().cmp(b.as_::<Str>().bytes())))),
            Kind::Bytes => Ok(Some(holds(op, a.as_::<Bytes>().as_slice().cmp(b.as_::<Bytes>().as_slice())))),
            Kind::Tuple => self.compare_tuples(op, a.as_(), b.as_()).map(Some),
            Kind::List => self.compare_lists(op, a.as_(), b.as_()).map(Some),
            Kind::Set => {
                self.guard_comparison()?;
                self.set_compare(op, a, b)
            }
            Kind::Slice => {
                let parts = |v: &Value| {
                    let s = v.as_::<Slice>();
                    vec![s.start.clone(), s.stop.clone(), s.step.clone()]
                };
                let (x, y) = (self.tuple(parts(a)), self.tuple(parts(b)));
                self.compare_tuples(op, x.as_(), y.as_()).map(Some)
            }
            _ if !equality => Ok(None),
            Kind::Dict => {
                self.guard_comparison()?;
                Ok(Some(self.dicts_equal(a, b)? == (op == CmpOp::Eq)))
            }
            Kind::Namespace => {
                self.guard_comparison()?;
                let (x, y) = (a.as_::<Namespace>().dict.clone(), b.as_::<Namespace>().dict.clone());
                Ok(Some(self.dicts_equal(&x, &y)? == (op == CmpOp::Eq)))
            }
            Kind::Code => Ok(Some(crate::code::equal(a.as_(), b.as_()) == (op == CmpOp::Eq))),
            Kind::Range => Ok(Some(self.ranges_equal(a, b)? == (op == CmpOp::Eq))),
            Kind::Builtin => {
                let (x, y) = (a.as_::<Builtin>(), b.as_::<Builtin>());
                let bound = !x.owner.is_null() && !x.self_.is_null();
                let same = std::ptr::eq(x.def, y.def) && bound && x.self_.is(&y.self_);
                Ok(Some((same || a.is(b)) == (op == CmpOp::Eq)))
            }
            Kind::Method => {
                let (x, y) = (a.as_::<Method>(), b.as_::<Method>());
                Ok(Some((x.func.is(&y.func) && x.self_.is(&y.self_)) == (op == CmpOp::Eq)))
            }
            _ => Ok(None),
        }
    }

    #[inline]
    fn guard_comparison(&mut self) -> R {
        self.guard_recursion("in comparison")
    }
    /// RecursionError, saying at what, when little native stack is left.
    #[inline]
    pub(crate) fn guard_recursion(&mut self, what: &str) -> R {
        if self.guard_native_stack().is_ok() {
            return Ok(());
        }
        self.too_deep(what)
    }
    #[cold]
    fn too_deep(&mut self, what: &str) -> R {
        drop(self.take_pending());
        self.fail("RecursionError", format!("maximum recursion depth exceeded {what}"))
    }

    /// Lists: the first pair that differs decides. They may change while their items compare.
    pub(crate) fn compare_lists(&mut self, op: CmpOp, a: &List, b: &List) -> R<bool> {
        self.guard_comparison()?;
        if matches!(op, CmpOp::Eq | CmpOp::Ne) && a.len() != b.len() {
            return Ok(op == CmpOp::Ne);
        }
        let mut i = 0;
        while let (Some(x), Some(y)) = (a.as_slice().get(i), b.as_slice().get(i)) {
            if x.is(y) {
                i += 1;
                continue;
            }
            let (x, y) = (x.clone(), y.clone());
            if !self.eq(&x, &y)? {
                return self.first_difference(op, &x, &y);
            }
            i += 1;
        }
        Ok(holds(op, a.len().cmp(&b.len())))
    }
    /// The same of tuples, which stay as they are. (Lengths come last even for `==`, as in CPython.)
    pub(crate) fn compare_tuples(&mut self, op: CmpOp, a: &Tuple, b: &Tuple) -> R<bool> {
        if op == CmpOp::Eq {
            return self.tuples_equal(a, b);
        }
        self.guard_comparison()?;
        let (a, b) = (a.as_slice(), b.as_slice());
        for i in 0..a.len().min(b.len()) {
            if !self.eq(&a[i], &b[i])? {
                return self.first_difference(op, &a[i], &b[i]);
            }
        }
        Ok(holds(op, a.len().cmp(&b.len())))
    }
    pub(crate) fn tuples_equal(&mut self, a: &Tuple, b: &Tuple) -> R<bool> {
        self.guard_comparison()?;
        let (a, b) = (a.as_slice(), b.as_slice());
        if a.len() != b.len() {
            // The first pair that differs decides, with CPython's calls of `__eq__`.
            for (x, y) in a.iter().zip(b) {
                if !self.eq(x, y)? {
                    break;
                }
            }
            return Ok(false);
        }
        for (x, y) in a.iter().zip(b) {
            if x.is(y) {
                continue;
            }
            let (v, w) = (x.word(), y.word());
            if v.is_int() && w.is_int() {
                return Ok(false);
            }
            // Of one class that compares as tuples do.
            let same = v.is_kind(Kind::Tuple)
                && w.is_kind(Kind::Tuple)
                && (!x.is_dynamic() && !y.is_dynamic()
                    || self.type_of(x).is(self.type_of(y)) && self.keeps(x, Special::Eq));
            let equal = match same {
                true => self.tuples_equal(x.as_(), y.as_())?,
                false => self.eq(x, y)?,
            };
            if !equal {
                return Ok(false);
            }
        }
        Ok(true)
    }
    fn first_difference(&mut self, op: CmpOp, x: &Value, y: &Value) -> R<bool> {
        match op {
            CmpOp::Eq => Ok(false),
            CmpOp::Ne => Ok(true),
            _ => self.compare_bool(op, x, y),
        }
    }

    fn dicts_equal(&mut self, a: &Value, b: &Value) -> R<bool> {
        let (x, y) = (a.as_::<Dict>(), b.as_::<Dict>());
        if x.len() != y.len() {
            return Ok(false);
        }
        let entries: Vec<_> = x.iter().collect();
        for (k, v) in entries {
            match y.get(self, &k)? {
                Some(w) if self.eq(&v, &w)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn ranges_equal(&mut self, a: &Value, b: &Value) -> R<bool> {
        let (x, y) = (a.as_::<Range>(), b.as_::<Range>());
        let (n, m) = (self.range_len(x), self.range_len(y));
        if n != m {
            return Ok(false);
        }
        if n == num_bigint::BigInt::ZERO {
            return Ok(true);
        }
        Ok(self.eq(&x.start, &y.start)? && (n == num_bigint::BigInt::from(1) || self.eq(&x.step, &y.step)?))
    }

    /// The builtin exceptions compare by identity; tests of `args` go through tuples.
    pub(crate) fn exception_args(&self, e: &Value) -> Vec<Value> {
        let args = e.as_::<Exception>().args.borrow().clone();
        args.get::<Tuple>().map_or(vec![], |t| t.as_slice().to_vec())
    }
}
