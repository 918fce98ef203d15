//! The functions of `builtins` about numbers: `sum`, `round`, `divmod`, `pow`, `hex` and the like; and
//! `isinstance`, `issubclass`.

use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Complex, Kind, Kw, Str, Tuple, Type};
use crate::op::BinOp;
use crate::types::number::{Num, int_digits};
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

pub static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("isinstance", 2, 2, |vm, a, _| vm.isinstance(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::new("issubclass", 2, 2, |vm, a, _| vm.issubclass(&a[0], &a[1]).map(Value::bool)),
    BuiltinDef::kw("sum", 0, u8::MAX, sum),
    BuiltinDef::kw("round", 0, u8::MAX, round),
    BuiltinDef::new("divmod", 2, 2, |vm, a, _| vm.divmod(&a[0], &a[1])),
    BuiltinDef::kw("pow", 0, u8::MAX, pow),
    BuiltinDef::new("ord", 1, 1, ord),
    BuiltinDef::new("hex", 1, 1, |vm, a, _| in_base(vm, &a[0], 16, "0x")),
    BuiltinDef::new("oct", 1, 1, |vm, a, _| in_base(vm, &a[0], 8, "0o")),
    BuiltinDef::new("bin", 1, 1, |vm, a, _| in_base(vm, &a[0], 2, "0b")),
];

impl Vm {
    /// `isinstance(v, class)`: `class` may be a tuple, or have its own `__instancecheck__`.
    pub fn isinstance(&mut self, v: &Value, class: &Value) -> R<bool> {
        let ty = self.type_of(v);
        if ty.is(class) {
            return Ok(true);
        }
        if class.is_kind(Kind::Type) && self.type_of(class).is(&self.types.type_) {
            return self.plain_is_instance(v, class);
        }
        if let Some(all) = class.get::<Tuple>() {
            self.guard_recursion("in __instancecheck__")?;
            for c in all.as_slice() {
                if self.isinstance(v, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(m) = self.special_of(class, Special::InstanceCheck) {
            self.guard_recursion("in __instancecheck__")?;
            let r = self.call_unbound(&m, class, std::slice::from_ref(v))?;
            return self.truthy(&r);
        }
        if self.get_attr_str_opt(class, "__bases__")?.is_none_or(|b| !b.is_kind(Kind::Tuple)) {
            return self.fail("TypeError", "isinstance() arg 2 must be a type, a tuple of types, or a union");
        }
        match self.get_attr_str_opt(v, "__class__")? {
            Some(c) => self.derives_from(&c, class),
            None => Ok(false),
        }
    }
    pub fn issubclass(&mut self, sub: &Value, class: &Value) -> R<bool> {
        if class.is_kind(Kind::Type) && self.type_of(class).is(&self.types.type_) {
            return if sub.is(class) { Ok(true) } else { self.plain_is_subclass(sub, class) };
        }
        if let Some(all) = class.get::<Tuple>() {
            self.guard_recursion("in __subclasscheck__")?;
            for c in all.as_slice() {
                if self.issubclass(sub, c)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if let Some(m) = self.special_of(class, Special::SubclassCheck) {
            self.guard_recursion("in __subclasscheck__")?;
            let r = self.call_unbound(&m, class, std::slice::from_ref(sub))?;
            return self.truthy(&r);
        }
        if !sub.is_kind(Kind::Type)
            && self.get_attr_str_opt(sub, "__bases__")?.is_none_or(|b| !b.is_kind(Kind::Tuple))
        {
            return self.fail("TypeError", "issubclass() arg 1 must be a class");
        }
        if self.get_attr_str_opt(class, "__bases__")?.is_none_or(|b| !b.is_kind(Kind::Tuple)) {
            return self
                .fail("TypeError", "issubclass() arg 2 must be a class, a tuple of classes, or a union");
        }
        self.derives_from(sub, class)
    }
    /// By `__bases__`, of objects that only look like classes.
    fn derives_from(&mut self, sub: &Value, class: &Value) -> R<bool> {
        if sub.is(class) {
            return Ok(true);
        }
        if let (Some(t), true) = (sub.get::<Type>(), class.is_kind(Kind::Type)) {
            return Ok(t.is_subtype(class));
        }
        self.guard_recursion("in __subclasscheck__")?;
        let bases = self.get_attr_str_opt(sub, "__bases__")?;
        let Some(bases) = bases.as_ref().and_then(|b| b.get::<Tuple>()) else { return Ok(false) };
        for b in bases.as_slice() {
            if self.derives_from(b, class)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `divmod(a, b)`.
    pub fn divmod(&mut self, a: &Value, b: &Value) -> R<Value> {
        if !a.is_dynamic()
            && !b.is_dynamic()
            && let (Some(x), Some(y)) = (Num::of(a), Num::of(b))
        {
            let (q, r) = self.number_divmod(x, y)?;
            return Ok(Tuple::of(&self.types.tuple, [q, r]));
        }
        if let Some(r) = self.binary_protocol(Special::Divmod, Special::RDivmod, a, b)? {
            return Ok(r);
        }
        let (a, b) = (self.type_name(a), self.type_name(b));
        self.fail("TypeError", format!("unsupported operand type(s) for divmod(): '{a}' and '{b}'"))
    }
    /// `pow(a, b, m)`.
    pub fn power_modulo(&mut self, a: &Value, b: &Value, m: &Value) -> R<Value> {
        let dynamic = [a, b, m].iter().any(|v| v.is_dynamic());
        if !dynamic {
            if let (Some(x), Some(y), Some(z)) = (Num::int_of(a), Num::int_of(b), Num::int_of(m)) {
                return self.int_pow_mod(x, y, z);
            }
            let number = |v: &Value| Num::of(v).is_some() || v.is_kind(Kind::Complex);
            let complex = [a, b, m].iter().any(|v| v.is_kind(Kind::Complex));
            if number(a) && number(b) && number(m) {
                return match complex {
                    true => self.fail("ValueError", "complex modulo"),
                    false => self.fail(
                        "TypeError",
                        "pow() 3rd argument not allowed unless all arguments are integers",
                    ),
                };
            }
        } else {
            let (left, right) = (self.type_of(a).clone(), self.type_of(b).clone());
            let derived = !left.is(&right) && right.as_::<Type>().is_subtype(&left);
            if derived
                && let Some(r) = self.call_special(b, Special::RPower, &[a.clone(), m.clone()])?
                && !r.is(&Value::NOT_IMPLEMENTED)
            {
                return Ok(r);
            }
            if let Some(r) = self.call_special(a, Special::Power, &[b.clone(), m.clone()])?
                && !r.is(&Value::NOT_IMPLEMENTED)
            {
                return Ok(r);
            }
            if !left.is(&right)
                && !derived
                && let Some(r) = self.call_special(b, Special::RPower, &[a.clone(), m.clone()])?
                && !r.is(&Value::NOT_IMPLEMENTED)
            {
                return Ok(r);
            }
        }
        let (a, b, m) = (self.type_name(a), self.type_name(b), self.type_name(m));
        self.fail("TypeError", format!("unsupported operand type(s) for ** or pow(): '{a}', '{b}', '{m}'"))
    }
}

/// A sum of floats with the rounding errors kept apart (Neumaier).
#[derive(Clone, Copy)]
struct FloatSum {
    sum: f64,
    lost: f64,
}

impl FloatSum {
    fn new(sum: f64) -> FloatSum {
        FloatSum { sum, lost: 0.0 }
    }
    fn add(&mut self, x: f64) {
        let t = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - t) + x } else { (x - t) + self.sum };
        self.sum = t;
    }
    fn value(self) -> f64 {
        if self.lost != 0.0 && self.lost.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

fn sum(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let n = args.len();
    if n == 0 {
        return vm.fail("TypeError", "sum() takes at least 1 positional argument (0 given)");
    }
    if n + kw.names.len() > 2 {
        let n = n + kw.names.len();
        return vm.fail("TypeError", format!("sum() takes at most 2 arguments ({n} given)"));
    }
    vm.only_keywords("sum", kw, &["start"])?;
    let mut total = args.get(1).or(kw.get("start")).cloned().unwrap_or(Value::small(0));
    let joined = match total.kind() {
        Some(Kind::Str) => Some(("strings", "''")),
        Some(Kind::Bytes) => Some(("bytes", "b''")),
        _ if total.native::<crate::types::buffer::bytearray::ByteArray>().is_some() => {
            Some(("bytearray", "b''"))
        }
        _ => None,
    };
    if let Some((what, how)) = joined {
        return vm.fail("TypeError", format!("sum() can't sum {what} [use {how}.join(seq) instead]"));
    }
    let it = vm.get_iter(&args[0])?;
    while let Some(mut v) = vm.next(&it)? {
        if total.word().is_int() && v.word().is_int() {
            total = vm.int(total.word().int() + v.word().int());
            continue;
        }
        // Plain floats, then plain complex numbers, add up with the errors kept; anything else ends that.
        if total.word().is_float() {
            let mut s = FloatSum::new(total.word().float());
            let mut other = None;
            loop {
                match Num::of(&v) {
                    Some(n) if !v.is_dynamic() => s.add(vm.float_of(n)?),
                    _ => {
                        other = Some(v);
                        break;
                    }
                }
                match vm.next(&it)? {
                    Some(next) => v = next,
                    None => break,
                }
            }
            total = Value::float(s.value());
            match other {
                Some(o) => v = o,
                None => break,
            }
        } else if let (Some(c), false) = (total.get::<Complex>(), total.is_dynamic()) {
            let (mut re, mut im) = (FloatSum::new(c.re), FloatSum::new(c.im));
            let mut other = None;
            loop {
                match (v.get::<Complex>(), Num::of(&v)) {
                    _ if v.is_dynamic() => other = Some(v.clone()),
                    (Some(x), _) => {
                        re.add(x.re);
                        im.add(x.im);
                    }
                    (_, Some(n)) => re.add(vm.float_of(n)?),
                    _ => other = Some(v.clone()),
                }
                if other.is_some() {
                    break;
                }
                match vm.next(&it)? {
                    Some(next) => v = next,
                    None => break,
                }
            }
            total = vm.complex(re.value(), im.value());
            match other {
                Some(o) => v = o,
                None => break,
            }
        }
        total = vm.binary_op(BinOp::Add, false, &total, &v)?;
    }
    Ok(total)
}

fn round(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if let ([v], true) = (args, kw.is_empty())
        && v.word().is_float()
    {
        return vm.int_of_float(v.word().float().round_ties_even());
    }
    let [v, digits] = vm.bind_args("round", ["number", "ndigits"], 0, 1, args, kw)?;
    let (Some(v), digits) = (v, digits.filter(|d| !d.is_none())) else { return Ok(Value::NONE) };
    let rest: Vec<Value> = digits.into_iter().collect();
    match vm.call_special(&v, Special::Round, &rest)? {
        Some(r) => Ok(r),
        None => {
            let message = format!("type {} doesn't define __round__ method", vm.type_name(&v));
            vm.fail("TypeError", message)
        }
    }
}

fn pow(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [a, b, m] = vm.bind_args("pow", ["base", "exp", "mod"], 0, 2, args, kw)?;
    let (Some(a), Some(b)) = (a, b) else { return Ok(Value::NONE) };
    match m.filter(|m| !m.is_none()) {
        Some(m) => vm.power_modulo(&a, &b, &m),
        None => vm.binary_op(BinOp::Power, false, &a, &b),
    }
}

fn ord(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (n, first) = match (args[0].get::<Str>(), args[0].get::<Bytes>()) {
        (Some(s), _) => (s.len(), s.code_at(0)),
        (_, Some(b)) => (b.as_slice().len(), b.as_slice().first().map(|&b| b as u32)),
        _ if args[0].native::<crate::types::buffer::bytearray::ByteArray>().is_some() => {
            let b = vm.need_bytes(&args[0])?;
            (b.len(), b.first().map(|&b| b as u32))
        }
        _ => {
            let message = format!("ord() expected string of length 1, but {} found", vm.type_name(&args[0]));
            return vm.fail("TypeError", message);
        }
    };
    match (n, first) {
        (1, Some(c)) => Ok(Value::small(c as i64)),
        _ => vm.fail("TypeError", format!("ord() expected a character, but string of length {n} found")),
    }
}

fn in_base(vm: &mut Vm, v: &Value, base: u32, prefix: &str) -> R<Value> {
    let v = &vm.try_index(v)?;
    vm.index_clamped(v)?;
    let n = Num::of(v).unwrap_or(Num::Int(0));
    let digits = int_digits(n, base);
    let sign = if n.is_negative() { "-" } else { "" };
    Ok(vm.string(format!("{sign}{prefix}{}", digits.trim_start_matches('-'))))
}
