//! Binary operators: numbers first, then sequences, then the error each pair deserves.

use super::number::Num;
use crate::error::{Exc, R};
use crate::object::{Bytes, Dict, Kind, List, Str, Tuple, append_copies};
use crate::op::BinOp;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::Wtf8Buf;

impl Vm {
    pub fn binary_builtin(&mut self, op: BinOp, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        if let (Some(x), Some(y)) = (Num::of(a), Num::of(b)) {
            if a.word().is_bool() && b.word().is_bool() && matches!(op, BinOp::And | BinOp::Or | BinOp::Xor) {
                let (x, y) = (a.is(&Value::TRUE), b.is(&Value::TRUE));
                return Ok(Value::bool(match op {
                    BinOp::And => x & y,
                    BinOp::Or => x | y,
                    _ => x ^ y,
                }));
            }
            if let Some(v) = self.number_op(op, x, y)? {
                return Ok(v);
            }
        }
        if (a.is_kind(Kind::Complex) || b.is_kind(Kind::Complex))
            && let Some(v) = self.complex_op(op, a, b)?
        {
            return Ok(v);
        }
        if (a.is_kind(Kind::DictView) || b.is_kind(Kind::DictView))
            && let Some(v) = self.view_op(op, a, b)?
        {
            return Ok(v);
        }
        if a.is_kind(Kind::Set) {
            let r = if inplace { self.set_inplace(op, a, b)? } else { self.set_op(op, a, b)? };
            if let Some(v) = r {
                return Ok(v);
            }
        }
        match op {
            BinOp::Add => self.concat(inplace, a, b),
            BinOp::Multiply => self.repeat_either(inplace, a, b),
            BinOp::Remainder if a.is_kind(Kind::Bytes) => self.percent_bytes(a, b),
            BinOp::Remainder if a.is_kind(Kind::Str) => self.percent_format(a.as_::<Str>().as_str(), b),
            BinOp::Or if inplace && a.is_kind(Kind::Dict) => {
                self.dict_update(a, Some(b), crate::object::Kw::NONE)?;
                Ok(a.clone())
            }
            BinOp::Or if a.is_kind(Kind::Dict) && b.is_kind(Kind::Dict) => {
                let target = self.dict();
                self.dict_merge_into(&target, a)?;
                self.dict_update(&target, Some(b), crate::object::Kw::NONE)?;
                Ok(target)
            }
            _ => Err(self.unsupported(op, inplace, a, b)),
        }
    }

    pub(crate) fn unsupported(&mut self, op: BinOp, inplace: bool, a: &Value, b: &Value) -> Exc {
        let symbol = match (op, inplace) {
            (BinOp::Power, true) => "**=".to_owned(),
            (op, true) => format!("{}=", op.symbol()),
            (op, false) => op.symbol().to_owned(),
        };
        let (a, b) = (self.type_name(a), self.type_name(b));
        self.raise("TypeError", format!("unsupported operand type(s) for {symbol}: '{a}' and '{b}'"))
    }

    /// Every entry of dict `from` into dict `into`.
    pub(crate) fn dict_merge_into(&mut self, into: &Value, from: &Value) -> R {
        // Comparing keys may run Python, which may change the source.
        let (from, into) = (from.as_::<Dict>(), into.as_::<Dict>());
        let (len, mut at) = (from.len(), 0);
        while let Some((i, k, v, hash)) = from.next_hashed(at) {
            at = i + 1;
            into.set_hashed(self, &k, hash, v)?;
            if from.len() != len {
                return self.fail("RuntimeError", "dict mutated during update");
            }
        }
        Ok(())
    }

    /// `a + b` of two strs.
    pub(crate) fn concat_texts(&mut self, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        let (x, y) = (a.as_::<Str>(), b.as_::<Str>());
        // An empty operand adds nothing.
        if y.is_empty() {
            return Ok(self.exact_str(a));
        }
        if x.is_empty() {
            return Ok(self.exact_str(b));
        }
        match Str::concat(&self.types.str, x, y, inplace) {
            Some(v) => Ok(v),
            None => Err(self.raise_type("MemoryError", vec![])),
        }
    }
    fn concat(&mut self, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        match a.kind() {
            Some(Kind::Str) => {
                if !b.is_kind(Kind::Str) {
                    return Err(self.bad_concat("str", b));
                }
                self.concat_texts(inplace, a, b)
            }
            Some(Kind::Bytes) => self.concat_bytes(a, b),
            Some(Kind::List) if inplace => {
                self.list_extend(a, b)?;
                Ok(a.clone())
            }
            Some(Kind::List) => {
                let Some(y) = b.get::<List>() else { return Err(self.bad_concat("list", b)) };
                let x = a.as_::<List>();
                let n = x.len().saturating_add(y.len());
                let mut items = match n {
                    0..=64 => List::room(&self.types.list, n),
                    _ => self.new_vec(n)?,
                };
                append_copies(&mut items, x.as_slice());
                append_copies(&mut items, y.as_slice());
                Ok(self.list(items))
            }
            Some(Kind::Tuple) => {
                let Some(y) = b.get::<Tuple>() else { return Err(self.bad_concat("tuple", b)) };
                let items = [a.as_::<Tuple>().as_slice(), y.as_slice()].concat();
                Ok(self.tuple(items))
            }
            _ => Err(self.unsupported(BinOp::Add, inplace, a, b)),
        }
    }
    fn bad_concat(&mut self, what: &str, b: &Value) -> Exc {
        let b = self.type_name(b);
        self.raise("TypeError", format!("can only concatenate {what} (not \"{b}\") to {what}"))
    }

    fn repeat_either(&mut self, inplace: bool, a: &Value, b: &Value) -> R<Value> {
        let sequence =
            |v: &Value| matches!(v.kind(), Some(Kind::Str | Kind::Bytes | Kind::List | Kind::Tuple));
        let (seq, times) = match () {
            _ if sequence(a) => (a, b),
            _ if sequence(b) => (b, a),
            _ => return Err(self.unsupported(BinOp::Multiply, inplace, a, b)),
        };
        if Num::int_of(times).is_none() {
            let message = format!("can't multiply sequence by non-int of type '{}'", self.type_name(times));
            return self.fail("TypeError", message);
        }
        let n = self.index_size(times)?.max(0) as usize;
        self.repeat(seq, n, inplace && seq.is(a))
    }

    fn repeat(&mut self, seq: &Value, n: usize, inplace: bool) -> R<Value> {
        if let Some(s) = seq.get::<Str>() {
            let text = s.wtf8();
            if n == 1 || text.is_empty() {
                return Ok(self.exact_str(seq));
            }
            if s.len().checked_mul(n).is_none_or(|n| n > isize::MAX as usize) {
                return self.fail("OverflowError", "repeated string is too long");
            }
            let Some(size) = text.len().checked_mul(n).filter(|&s| s <= isize::MAX as usize) else {
                return Err(self.raise_type("MemoryError", vec![]));
            };
            let mut out = self.new_text(size)?;
            for _ in 0..n {
                out.push_wtf8(text);
            }
            return Ok(self.wtf8_buf(out));
        }
        if let Some(b) = seq.get::<Bytes>() {
            return self.repeat_bytes(seq, b, n);
        }
        let items = match (seq.get::<List>(), seq.get::<Tuple>()) {
            (Some(l), _) => l.as_slice(),
            (_, Some(t)) => t.as_slice(),
            _ => &[],
        };
        if n == 1 && self.type_of(seq).is(&self.types.tuple) {
            return Ok(seq.clone());
        }
        let Some(size) = items.len().checked_mul(n) else {
            return Err(self.raise_type("MemoryError", vec![]));
        };
        let mut out = match size {
            0..=64 => List::room(&self.types.list, size),
            _ => self.new_vec(size)?,
        };
        match items {
            [] => {}
            [one] => out.resize(size, one.clone()),
            _ => (0..n).for_each(|_| append_copies(&mut out, items)),
        }
        if let (true, Some(l)) = (inplace, seq.get::<List>()) {
            let old = l.with_vec(|v| std::mem::replace(v, out));
            drop(old);
            return Ok(seq.clone());
        }
        Ok(if seq.is_kind(Kind::List) { self.list(out) } else { self.tuple(out) })
    }

    /// An empty vector with room for `n` values, or MemoryError.
    pub(crate) fn new_vec(&mut self, n: usize) -> R<Vec<Value>> {
        let mut v = vec![];
        match v.try_reserve_exact(n) {
            Ok(()) => Ok(v),
            Err(_) => Err(self.raise_type("MemoryError", vec![])),
        }
    }
    /// The same for text with lone surrogates.
    pub(crate) fn new_text(&mut self, n: usize) -> R<Wtf8Buf> {
        self.new_string(n).map(Wtf8Buf::from)
    }
    /// An empty string with room for `n` bytes, or MemoryError.
    pub(crate) fn new_string(&mut self, n: usize) -> R<String> {
        let mut s = String::new();
        match s.try_reserve_exact(n) {
            Ok(()) => Ok(s),
            Err(_) => Err(self.raise_type("MemoryError", vec![])),
        }
    }
}
