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
            Kind::Tuple | Kind::List => {
                self.guard_comparison()?;
                self.compare_sequences(op, a, b).map(Some)
            }
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
                self.compare_sequences(op, &x, &y).map(Some)
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

    fn guard_comparison(&mut self) -> R {
        self.guard_recursion("in comparison")
    }
    /// RecursionError, saying at what, when little native stack is left.
    pub(crate) fn guard_recursion(&mut self, what: &str) -> R {
        if self.guard_native_stack().is_ok() {
            return Ok(());
        }
        drop(self.take_pending());
        self.fail("RecursionError", format!("maximum recursion depth exceeded {what}"))
    }

    /// Lists or tuples: the first pair that differs decides. They may change while their items compare.
    fn compare_sequences(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<bool> {
        let equality = matches!(op, CmpOp::Eq | CmpOp::Ne);
        if equality && sequence_len(a) != sequence_len(b) {
            return Ok(op == CmpOp::Ne);
        }
        if let (Some(x), Some(y)) = (a.get::<Tuple>(), b.get::<Tuple>()) {
            for (x, y) in x.as_slice().iter().zip(y.as_slice()) {
                if !self.eq(x, y)? {
                    return self.first_difference(op, x, y);
                }
            }
            return Ok(holds(op, sequence_len(a).cmp(&sequence_len(b))));
        }
        let mut i = 0;
        while let (Some(x), Some(y)) = (sequence_item(a, i), sequence_item(b, i)) {
            if !self.eq(&x, &y)? {
                return self.first_difference(op, &x, &y);
            }
            i += 1;
        }
        Ok(holds(op, sequence_len(a).cmp(&sequence_len(b))))
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

fn sequence_len(v: &Value) -> usize {
    match (v.get::<List>(), v.get::<Tuple>()) {
        (Some(l), _) => l.len(),
        (_, Some(t)) => t.as_slice().len(),
        _ => 0,
    }
}
fn sequence_item(v: &Value, i: usize) -> Option<Value> {
    match (v.get::<List>(), v.get::<Tuple>()) {
        (Some(l), _) => l.get(i),
        (_, Some(t)) => t.as_slice().get(i).cloned(),
        _ => None,
    }
}
