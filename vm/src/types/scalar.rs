//! Methods of numbers, ranges, slices, exceptions and code objects; the special methods that classes show.

use super::number::{Num, bit_length, float_ratio, frexp, parse_float};
use crate::error::R;
use crate::object::{BuiltinDef, Dict, Exception, Kind, Kw, List, Slice, Str};
use crate::op::BinOp;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

pub static INT: &[BuiltinDef] = &[
    BuiltinDef::new("bit_length", 0, 0, |_, a, _| Ok(Value::small(bit_length(num(a)) as i64))),
    BuiltinDef::new("bit_count", 0, 0, |_, a, _| {
        let n: u64 = num(a).big().magnitude().iter_u64_digits().map(|d| d.count_ones() as u64).sum();
        Ok(Value::small(n as i64))
    }),
    BuiltinDef::new("conjugate", 0, 0, |vm, a, _| Ok(vm.plain_number(&a[0]))),
    BuiltinDef::new("is_integer", 0, 0, |_, _, _| Ok(Value::TRUE)),
    BuiltinDef::new("as_integer_ratio", 0, 0, |vm, a, _| {
        let n = vm.plain_number(&a[0]);
        Ok(vm.tuple(vec![n, Value::small(1)]))
    }),
];

pub static FLOAT: &[BuiltinDef] = &[
    BuiltinDef::class("__getformat__", 1, 1, |vm, a, _| {
        if a[1].get::<Str>().is_none() {
            let message = format!("__getformat__() argument must be str, not {}", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        }
        let known = a[1].get::<Str>().is_some_and(|s| matches!(s.as_str(), "double" | "float"));
        if !known {
            return vm.fail("ValueError", "__getformat__() argument 1 must be 'double' or 'float'");
        }
        let order = if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" };
        Ok(vm.str(order))
    }),
    BuiltinDef::new("is_integer", 0, 0, |_, a, _| {
        let f = float(a);
        Ok(Value::bool(f.is_finite() && f == f.floor()))
    }),
    BuiltinDef::new("conjugate", 0, 0, |vm, a, _| Ok(vm.plain_number(&a[0]))),
    BuiltinDef::new("hex", 0, 0, |vm, a, _| Ok(vm.string(hex(float(a))))),
    BuiltinDef::new("as_integer_ratio", 0, 0, |vm, a, _| {
        let f = float(a);
        if f.is_nan() {
            return vm.fail("ValueError", "cannot convert NaN to integer ratio");
        }
        if f.is_infinite() {
            return vm.fail("OverflowError", "cannot convert Infinity to integer ratio");
        }
        let (n, d) = float_ratio(f);
        let parts = vec![vm.big(n), vm.big(d)];
        Ok(vm.tuple(parts))
    }),
];
pub static FLOAT_CLASS: &[BuiltinDef] = &[BuiltinDef::new("fromhex", 1, 1, |vm, a, kw| {
    let f = fromhex(vm, a, kw)?;
    if a[0].is(&vm.types.float) { Ok(f) } else { vm.call(&a[0], &[f], Kw::NONE) }
})];

/// Of bool: two of them make one, whatever int's own do.
pub static LOGIC: &[BuiltinDef] = &[
    BuiltinDef::new("__and__", 1, 1, |vm, a, _| logic(vm, a, BinOp::And)),
    BuiltinDef::new("__rand__", 1, 1, |vm, a, _| logic(vm, a, BinOp::And)),
    BuiltinDef::new("__or__", 1, 1, |vm, a, _| logic(vm, a, BinOp::Or)),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, _| logic(vm, a, BinOp::Or)),
    BuiltinDef::new("__xor__", 1, 1, |vm, a, _| logic(vm, a, BinOp::Xor)),
    BuiltinDef::new("__rxor__", 1, 1, |vm, a, _| logic(vm, a, BinOp::Xor)),
    BuiltinDef::new("__invert__", 0, 0, |vm, a, _| vm.invert_builtin(&a[0])),
];
fn logic(vm: &mut Vm, a: &[Value], op: BinOp) -> R<Value> {
    if Num::int_of(&a[1]).is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    vm.binary_builtin(op, false, &a[0], &a[1])
}

/// Arithmetic by name. The other operand may be no number: NotImplemented.
pub static NUMBER: &[BuiltinDef] = &[
    BuiltinDef::new("__add__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Add, false)),
    BuiltinDef::new("__radd__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Add, true)),
    BuiltinDef::new("__sub__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Subtract, false)),
    BuiltinDef::new("__rsub__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Subtract, true)),
    BuiltinDef::new("__mul__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Multiply, false)),
    BuiltinDef::new("__rmul__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Multiply, true)),
    BuiltinDef::new("__truediv__", 1, 1, |vm, a, _| operator(vm, a, BinOp::TrueDivide, false)),
    BuiltinDef::new("__rtruediv__", 1, 1, |vm, a, _| operator(vm, a, BinOp::TrueDivide, true)),
    BuiltinDef::new("__floordiv__", 1, 1, |vm, a, _| operator(vm, a, BinOp::FloorDivide, false)),
    BuiltinDef::new("__rfloordiv__", 1, 1, |vm, a, _| operator(vm, a, BinOp::FloorDivide, true)),
    BuiltinDef::new("__mod__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Remainder, false)),
    BuiltinDef::new("__rmod__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Remainder, true)),
    BuiltinDef::new("__pow__", 1, 2, |vm, a, _| operator(vm, a, BinOp::Power, false)),
    BuiltinDef::new("__rpow__", 1, 2, |vm, a, _| operator(vm, a, BinOp::Power, true)),
    BuiltinDef::new("__divmod__", 1, 1, |vm, a, _| divmod_row(vm, &a[0], &a[1])),
    BuiltinDef::new("__rdivmod__", 1, 1, |vm, a, _| divmod_row(vm, &a[1], &a[0])),
    BuiltinDef::new("__neg__", 0, 0, |vm, a, _| vm.negate_builtin(&a[0])),
    BuiltinDef::new("__pos__", 0, 0, |vm, a, _| plain(vm, &a[0])),
    BuiltinDef::new("__abs__", 0, 0, |vm, a, _| vm.absolute_builtin(&a[0])),
    BuiltinDef::new("__bool__", 0, 0, |vm, a, _| vm.truthy_builtin(&a[0]).map(Value::bool)),
    BuiltinDef::new("__float__", 0, 0, |vm, a, _| {
        let f = vm.float_of(num(a))?;
        Ok(Value::float(f))
    }),
    BuiltinDef::new("__int__", 0, 0, |vm, a, _| whole(vm, a)),
    BuiltinDef::new("__trunc__", 0, 0, |vm, a, _| whole(vm, a)),
];
/// Of ints only.
pub static INT_OPERATORS: &[BuiltinDef] = &[
    BuiltinDef::new("__and__", 1, 1, |vm, a, _| operator(vm, a, BinOp::And, false)),
    BuiltinDef::new("__rand__", 1, 1, |vm, a, _| operator(vm, a, BinOp::And, true)),
    BuiltinDef::new("__or__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Or, false)),
    BuiltinDef::new("__ror__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Or, true)),
    BuiltinDef::new("__xor__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Xor, false)),
    BuiltinDef::new("__rxor__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Xor, true)),
    BuiltinDef::new("__lshift__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Lshift, false)),
    BuiltinDef::new("__rlshift__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Lshift, true)),
    BuiltinDef::new("__rshift__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Rshift, false)),
    BuiltinDef::new("__rrshift__", 1, 1, |vm, a, _| operator(vm, a, BinOp::Rshift, true)),
    BuiltinDef::new("__invert__", 0, 0, |vm, a, _| vm.invert_builtin(&a[0])),
    BuiltinDef::new("__index__", 0, 0, |vm, a, _| plain(vm, &a[0])),
    BuiltinDef::new("__floor__", 0, 0, |vm, a, _| plain(vm, &a[0])),
    BuiltinDef::new("__ceil__", 0, 0, |vm, a, _| plain(vm, &a[0])),
    BuiltinDef::new("__getnewargs__", 0, 0, |vm, a, _| {
        let n = plain(vm, &a[0])?;
        Ok(vm.tuple(vec![n]))
    }),
];

pub static RANGE: &[BuiltinDef] = &[
    BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| vm.reversed(&a[0])),
    BuiltinDef::new("index", 1, 1, |vm, a, _| {
        if Num::int_of(&a[1]).is_none() {
            return match position(vm, &a[0], &a[1])? {
                Some(i) => Ok(Value::small(i)),
                None => vm.fail("ValueError", "sequence.index(x): x not in sequence"),
            };
        }
        match vm.range_index(&a[0], &a[1]) {
            Some(i) => Ok(vm.big(i)),
            None => vm.fail("ValueError", "range.index(x): x not in range"),
        }
    }),
    BuiltinDef::new("count", 1, 1, |vm, a, _| {
        if Num::int_of(&a[1]).is_some() {
            return Ok(Value::small(vm.contains(&a[0], &a[1])? as i64));
        }
        let it = vm.get_iter(&a[0])?;
        let mut n = 0;
        while let Some(v) = vm.next(&it)? {
            n += vm.eq(&v, &a[1])? as i64;
        }
        Ok(Value::small(n))
    }),
];

pub static SLICE: &[BuiltinDef] = &[BuiltinDef::new("indices", 1, 1, |vm, a, _| {
    let n = vm.int_argument(&a[1])?;
    if n.sign() == num_bigint::Sign::Minus {
        return vm.fail("ValueError", "length should not be negative");
    }
    let parts = vm.long_indices(a[0].as_::<Slice>(), &n)?.map(|n| vm.big(n));
    Ok(vm.tuple(parts.to_vec()))
})];

/// Of ranges and slices, which are their three bounds.
pub static BOUNDS: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
    let bounds = match a[0].get::<Slice>() {
        Some(s) => vec![s.start.clone(), s.stop.clone(), s.step.clone()],
        None => {
            let r = a[0].as_::<crate::object::Range>();
            vec![r.start.clone(), r.stop.clone(), r.step.clone()]
        }
    };
    let (class, args) = (vm.type_of(&a[0]).clone(), vm.tuple(bounds));
    Ok(vm.tuple(vec![class, args]))
})];
/// Of the constants that pickle by name.
pub static NAMED: &[BuiltinDef] = &[BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| vm.repr(&a[0]))];
pub static TRUTH: &[BuiltinDef] =
    &[BuiltinDef::new("__bool__", 0, 0, |vm, a, _| vm.truthy_builtin(&a[0]).map(Value::bool))];
/// Of strs and tuples: what `__new__` of a derived class gets when one is copied.
pub static NEW_ARGS: &[BuiltinDef] = &[BuiltinDef::new("__getnewargs__", 0, 0, |vm, a, _| {
    let plain = match a[0].get::<crate::object::Tuple>() {
        Some(t) => vm.tuple(t.as_slice().to_vec()),
        None => {
            let class = vm.types.str.clone();
            a[0].as_::<Str>().with_class(&class)
        }
    };
    Ok(vm.tuple(vec![plain]))
})];

pub static EXCEPTION: &[BuiltinDef] = &[
    BuiltinDef::new("with_traceback", 1, 1, |vm, a, _| {
        let name = vm.intern("__traceback__");
        vm.set_attr(&a[0], &name, a[1].clone())?;
        Ok(a[0].clone())
    }),
    BuiltinDef::new("add_note", 1, 1, add_note),
];

pub static LEN: &[BuiltinDef] = &[BuiltinDef::new("__len__", 0, 0, |vm, a, _| {
    let n = vm.len_builtin(&a[0])?;
    Ok(vm.int(n as i64))
})];
pub static ITER: &[BuiltinDef] = &[BuiltinDef::new("__iter__", 0, 0, |vm, a, _| vm.get_iter_builtin(&a[0]))];
pub static NEXT: &[BuiltinDef] =
    &[BuiltinDef::new("__next__", 0, 0, |vm, a, _| match vm.next_builtin(&a[0])? {
        Some(v) => Ok(v),
        None => Err(vm.raise_type("StopIteration", vec![])),
    })];
pub static CONTAINS: &[BuiltinDef] =
    &[BuiltinDef::new("__contains__", 1, 1, |vm, a, _| vm.contains_builtin(&a[0], &a[1]).map(Value::bool))];
pub static GET_ITEM: &[BuiltinDef] =
    &[BuiltinDef::new("__getitem__", 1, 1, |vm, a, _| vm.get_item_builtin(&a[0], &a[1]))];
pub static SET_ITEM: &[BuiltinDef] = &[
    BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| {
        vm.set_item_builtin(&a[0], &a[1], a[2].clone())?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| {
        vm.del_item_builtin(&a[0], &a[1])?;
        Ok(Value::NONE)
    }),
];
pub static CALL: &[BuiltinDef] =
    &[BuiltinDef::kw("__call__", 0, u8::MAX, |vm, a, kw| vm.call(&a[0], &a[1..], kw))];

fn num(args: &[Value]) -> Num<'_> {
    Num::of(&args[0]).unwrap_or(Num::Int(0))
}
fn float(args: &[Value]) -> f64 {
    match Num::of(&args[0]) {
        Some(Num::Float(f)) => f,
        _ => 0.0,
    }
}

/// An int or float of the builtin class itself.
fn plain(vm: &mut Vm, v: &Value) -> R<Value> {
    Ok(match Num::of(v) {
        Some(Num::Int(i)) => vm.int(i),
        Some(Num::Big(b)) => vm.big(b.clone()),
        Some(Num::Float(f)) => Value::float(f),
        None => v.clone(),
    })
}
fn whole(vm: &mut Vm, a: &[Value]) -> R<Value> {
    match num(a) {
        Num::Float(f) => vm.int_of_float(f),
        _ => plain(vm, &a[0]),
    }
}

/// An arithmetic method; `swapped`: the reflected one.
fn operator(vm: &mut Vm, args: &[Value], op: BinOp, swapped: bool) -> R<Value> {
    if let Some(m) = args.get(2)
        && !m.is_none()
    {
        let (Some(a), Some(b), Some(m)) = (Num::int_of(&args[0]), Num::int_of(&args[1]), Num::int_of(m))
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        return if swapped { vm.int_pow_mod(b, a, m) } else { vm.int_pow_mod(a, b, m) };
    }
    // An int leaves mixed arithmetic to the float.
    let known = Num::int_of(&args[0]).is_none() || Num::int_of(&args[1]).is_some();
    match (Num::of(&args[0]), Num::of(&args[1])) {
        (Some(a), Some(b)) if known => {
            let r = if swapped { vm.number_op(op, b, a)? } else { vm.number_op(op, a, b)? };
            Ok(r.unwrap_or(Value::NOT_IMPLEMENTED))
        }
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}
fn divmod_row(vm: &mut Vm, a: &Value, b: &Value) -> R<Value> {
    match (Num::of(a), Num::of(b)) {
        (Some(x), Some(y)) => {
            let (q, r) = vm.number_divmod(x, y)?;
            Ok(vm.tuple(vec![q, r]))
        }
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

impl Vm {
    /// `abs(v)`.
    pub(crate) fn absolute_builtin(&mut self, v: &Value) -> R<Value> {
        match Num::of(v) {
            Some(Num::Float(f)) => Ok(Value::float(f.abs())),
            Some(n) if n.is_negative() => self.negate(v),
            Some(_) => self.unary_positive(v),
            None if v.is_kind(Kind::Complex) => self.complex_abs(v),
            None => {
                let message = format!("bad operand type for abs(): '{}'", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
}

fn position(vm: &mut Vm, iterable: &Value, item: &Value) -> R<Option<i64>> {
    let it = vm.get_iter(iterable)?;
    let mut i = 0;
    while let Some(v) = vm.next(&it)? {
        if vm.eq(&v, item)? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

fn add_note(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if !args[1].is_kind(Kind::Str) {
        let message = format!("add_note() argument must be str, not {}", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    }
    let key = vm.intern("__notes__");
    let notes = args[0].as_::<Exception>().dict.borrow().get::<Dict>().and_then(|d| d.get_str(&key));
    match notes {
        Some(l) if l.is_kind(Kind::List) => l.as_::<List>().push(args[1].clone()),
        Some(_) => return vm.fail("TypeError", "Cannot add note: __notes__ is not a list"),
        None => {
            let l = vm.list(vec![args[1].clone()]);
            vm.set_attr(&args[0], &key, l)?;
        }
    }
    Ok(Value::NONE)
}

fn hex(f: f64) -> String {
    if !f.is_finite() {
        return super::number::float_repr(f);
    }
    let sign = if f.is_sign_negative() { "-" } else { "" };
    if f == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = f.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (_, e) = frexp(f);
    match bits >> 52 & 0x7ff {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", e - 1),
    }
}

fn fromhex(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(s) = args[1].get::<Str>() else {
        return vm.fail("TypeError", "bad argument type for built-in operation");
    };
    let bad = "invalid hexadecimal floating-point string";
    let text = s.as_str().trim_matches(super::string::is_space).to_ascii_lowercase();
    let (negative, body) = match text.strip_prefix('-') {
        Some(t) => (true, t),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if matches!(body, "inf" | "infinity" | "nan") {
        let f = parse_float(body).unwrap_or(0.0);
        return Ok(Value::float(if negative { -f } else { f }));
    }
    let body = body.strip_prefix("0x").unwrap_or(body);
    let (mantissa, exponent) = match body.split_once('p') {
        Some((m, e)) => (m, e.parse::<i64>().ok()),
        None => (body, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let (Some(exponent), Some(m)) = (exponent, BigInt::parse_bytes(digits.as_bytes(), 16)) else {
        return vm.fail("ValueError", bad);
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return vm.fail("ValueError", bad);
    }
    if m == BigInt::ZERO {
        return Ok(Value::float(if negative { -0.0 } else { 0.0 }));
    }
    // A quotient of ints, which rounds correctly.
    let e = exponent.saturating_sub(4 * fraction.len() as i64);
    let top = e.saturating_add(m.bits() as i64);
    let f = if top < -1100 {
        0.0
    } else if top > 1100 {
        f64::INFINITY
    } else if e >= 0 {
        (m << e as u64).to_f64().unwrap_or(f64::INFINITY)
    } else {
        let (a, b) = (vm.big(m), vm.big(BigInt::from(1) << (-e) as u64));
        let q = vm.binary_op(BinOp::TrueDivide, false, &a, &b)?;
        q.word().float()
    };
    if f.is_infinite() {
        return vm.fail("OverflowError", "hexadecimal value too large to represent as a float");
    }
    Ok(Value::float(if negative { -f } else { f }))
}
