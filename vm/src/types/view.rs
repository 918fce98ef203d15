//! Views of dicts: what they have in common with sets; iteration over dicts.

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Changed, Dict, DictIter, DictPart, DictView, Kind, Set, Tuple};
use crate::op::{BinOp, CmpOp};
use crate::value::Value;
use crate::vm::Vm;

/// Of all three.
pub static VIEW: &[BuiltinDef] = &[
    BuiltinDef::new("__len__", 0, 0, |_, a, _| Ok(Value::small(view(a).len() as i64))),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| Ok(vm.view_iter(&a[0], false))),
    BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| Ok(vm.view_iter(&a[0], true))),
];

/// Of keys and items.
pub static SET_LIKE: &[BuiltinDef] = &[
    BuiltinDef::new("__contains__", 1, 1, |vm, a, _| vm.view_contains(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::new("isdisjoint", 1, 1, |vm, a, _| {
        let (mut few, mut many) = (a[1].clone(), a[0].clone());
        if a[0].is(&a[1]) {
            return Ok(Value::bool(view(a).is_empty()));
        }
        // The shorter of two sets is gone through.
        let sized = few.is_kind(Kind::Set) || vm.is_set_view(&few);
        if sized && vm.len_of(&few)? > view(a).len() {
            std::mem::swap(&mut few, &mut many);
        }
        let it = vm.get_iter(&few)?;
        while let Some(v) = vm.next(&it)? {
            if vm.contains(&many, &v)? {
                return Ok(Value::FALSE);
            }
        }
        Ok(Value::TRUE)
    }),
    BuiltinDef::new("__and__", 1, 1, |vm, a, _| operator(vm, BinOp::And, &a[0], &a[1])),
    BuiltinDef::new("__or__", 1, 1, |vm, a, _| operator(vm, BinOp::Or, &a[0], &a[1])),
    BuiltinDef::new("__sub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[0], &a[1])),
    BuiltinDef::new("__xor__", 1, 1, |vm, a, _| operator(vm, BinOp::Xor, &a[0], &a[1])),
    BuiltinDef::new("__rand__", 1, 1, |vm, a, _| operator(vm, BinOp::And, &a[1], &a[0])),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, _| operator(vm, BinOp::Or, &a[1], &a[0])),
    BuiltinDef::new("__rsub__", 1, 1, |vm, a, _| operator(vm, BinOp::Subtract, &a[1], &a[0])),
    BuiltinDef::new("__rxor__", 1, 1, |vm, a, _| operator(vm, BinOp::Xor, &a[1], &a[0])),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Eq, a)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Ne, a)),
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Lt, a)),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Le, a)),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Gt, a)),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| comparison(vm, CmpOp::Ge, a)),
];

pub static ITERATOR: &[BuiltinDef] = &[
    BuiltinDef::new("__length_hint__", 0, 0, |_, a, _| {
        Ok(Value::small(a[0].as_::<DictIter>().left() as i64))
    }),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
        let ty = vm.type_of(&a[0]).clone();
        let copy = a[0].as_::<DictIter>().copy(&ty);
        let items = vm.to_vec(&copy)?;
        let items = vm.list(items);
        vm.iter_reduced(items)
    }),
];

fn view(args: &[Value]) -> &DictView {
    args[0].as_()
}
fn operator(vm: &mut Vm, op: BinOp, a: &Value, b: &Value) -> R<Value> {
    Ok(vm.view_op(op, a, b)?.unwrap_or(Value::NOT_IMPLEMENTED))
}
fn comparison(vm: &mut Vm, op: CmpOp, a: &[Value]) -> R<Value> {
    Ok(vm.view_compare(op, &a[0], &a[1])?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}

impl Vm {
    /// A view that is like a set: of keys or items.
    pub(crate) fn is_set_view(&self, v: &Value) -> bool {
        v.get::<DictView>().is_some_and(|w| w.part != DictPart::Values)
    }
    pub(crate) fn dict_view(&mut self, d: &Value, part: DictPart) -> Value {
        let t = &self.types;
        let ty = match part {
            DictPart::Keys => &t.dict_keys,
            DictPart::Values => &t.dict_values,
            DictPart::Items => &t.dict_items,
        };
        DictView::new(ty, d.clone(), part)
    }
    /// Iterator over a dict's entries as they are now.
    pub(crate) fn dict_iter(&mut self, d: &Value, part: DictPart, reverse: bool) -> Value {
        let t = &self.types;
        let ty = match (part, reverse) {
            (DictPart::Keys, false) => &t.dict_iterator,
            (DictPart::Values, false) => &t.dict_valueiterator,
            (DictPart::Items, false) => &t.dict_itemiterator,
            (DictPart::Keys, true) => &t.dict_reversekeyiterator,
            (DictPart::Values, true) => &t.dict_reversevalueiterator,
            (DictPart::Items, true) => &t.dict_reverseitemiterator,
        };
        DictIter::new(ty, d.clone(), part, reverse)
    }
    pub(crate) fn view_iter(&mut self, v: &Value, reverse: bool) -> Value {
        let w = v.as_::<DictView>();
        self.dict_iter(&w.dict, w.part, reverse)
    }
    pub(crate) fn dict_next(&mut self, it: &DictIter) -> R<Option<Value>> {
        match it.advance() {
            Ok(Some((k, v))) => Ok(Some(match it.part {
                DictPart::Keys => k.to_value(),
                DictPart::Values => v.to_value(),
                DictPart::Items => self.pair(&it.result, k.to_value(), v.to_value()),
            })),
            Ok(None) => Ok(None),
            Err(change) => Err(self.dict_changed(change)),
        }
    }
    #[cold]
    fn dict_changed(&mut self, change: Changed) -> Exc {
        let message = match change {
            Changed::Size => "dictionary changed size during iteration",
            Changed::Keys => "dictionary keys changed during iteration",
        };
        self.raise("RuntimeError", message)
    }
    /// `item in view`, for keys and items.
    pub(crate) fn view_contains(&mut self, v: &Value, item: &Value) -> R<bool> {
        let w = v.as_::<DictView>();
        if w.part == DictPart::Keys {
            return Ok(self.dict_get(w.dict.as_(), item)?.is_some());
        }
        let Some([k, x]) = item.get::<Tuple>().map(Tuple::as_slice) else { return Ok(false) };
        match w.dict.as_::<Dict>().get(self, k)? {
            Some(found) => self.eq(&found, x),
            None => Ok(false),
        }
    }

    /// An operator with a view on one side at least; `None`: none with a view like a set.
    pub(crate) fn view_op(&mut self, op: BinOp, a: &Value, b: &Value) -> R<Option<Value>> {
        if !self.is_set_view(a) && !self.is_set_view(b) {
            return Ok(None);
        }
        if op == BinOp::And {
            return self.view_intersection(a, b).map(Some);
        }
        if !matches!(op, BinOp::Or | BinOp::Subtract | BinOp::Xor) {
            return Ok(None);
        }
        let r = Set::new(&self.types.set);
        self.set_update(&r, a)?;
        match op {
            BinOp::Or => self.set_update(&r, b)?,
            BinOp::Subtract => self.set_subtract(&r, b)?,
            _ => self.set_toggle(&r, b)?,
        }
        Ok(Some(r))
    }
    fn view_intersection(&mut self, a: &Value, b: &Value) -> R<Value> {
        let (mut v, mut other) = if self.is_set_view(a) { (a, b) } else { (b, a) };
        let n = v.as_::<DictView>().len();
        // A set that is the larger one looks the items up itself.
        if self.type_of(other).is(&self.types.set) && n <= other.as_::<Set>().len() {
            return self.set_intersection(other, v);
        }
        if other.get::<DictView>().is_some_and(|o| o.len() > n) && self.is_set_view(other) {
            (v, other) = (other, v);
        }
        let r = Set::new(&self.types.set);
        let it = self.get_iter(other)?;
        while let Some(item) = self.next(&it)? {
            if self.view_contains(v, &item)? {
                self.set_add(r.as_(), &item)?;
            }
        }
        Ok(r)
    }
    /// `None`: not both are like sets.
    pub(crate) fn view_compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Option<bool>> {
        let set_like = |vm: &Vm, v: &Value| v.is_kind(Kind::Set) || vm.is_set_view(v);
        if !set_like(self, a) || !set_like(self, b) {
            return Ok(None);
        }
        let (n, m) = (self.len_of(a)?, self.len_of(b)?);
        Ok(Some(match op {
            CmpOp::Eq => n == m && self.all_within(a, b)?,
            CmpOp::Ne => !(n == m && self.all_within(a, b)?),
            CmpOp::Lt => n < m && self.all_within(a, b)?,
            CmpOp::Le => n <= m && self.all_within(a, b)?,
            CmpOp::Gt => n > m && self.all_within(b, a)?,
            CmpOp::Ge => n >= m && self.all_within(b, a)?,
        }))
    }
    /// Every item of `a` is in `b`.
    fn all_within(&mut self, a: &Value, b: &Value) -> R<bool> {
        let it = self.get_iter(a)?;
        while let Some(v) = self.next(&it)? {
            if !self.contains(b, &v)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
