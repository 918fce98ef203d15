//! Module `_operator`: the operators as functions, and the callables that fetch attributes and items.

mod getters;

use crate::error::R;
use crate::object::{BuiltinDef, Kw, List, Str};
use crate::op::{BinOp, CmpOp};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;

macro_rules! binary {
    ($name:literal, $op:ident, $inplace:literal) => {
        BuiltinDef::new($name, 2, 2, |vm, a, _| vm.binary_op(BinOp::$op, $inplace, &a[0], &a[1]))
    };
}
macro_rules! comparison {
    ($name:literal, $op:ident) => {
        BuiltinDef::new($name, 2, 2, |vm, a, _| vm.compare(CmpOp::$op, &a[0], &a[1]))
    };
}

static FUNCTIONS: &[BuiltinDef] = &[
    comparison!("lt", Lt),
    comparison!("le", Le),
    comparison!("eq", Eq),
    comparison!("ne", Ne),
    comparison!("ge", Ge),
    comparison!("gt", Gt),
    binary!("add", Add, false),
    binary!("sub", Subtract, false),
    binary!("mul", Multiply, false),
    binary!("matmul", MatrixMultiply, false),
    binary!("floordiv", FloorDivide, false),
    binary!("truediv", TrueDivide, false),
    binary!("mod", Remainder, false),
    binary!("lshift", Lshift, false),
    binary!("rshift", Rshift, false),
    binary!("and_", And, false),
    binary!("xor", Xor, false),
    binary!("or_", Or, false),
    binary!("pow", Power, false),
    binary!("iadd", Add, true),
    binary!("isub", Subtract, true),
    binary!("imul", Multiply, true),
    binary!("imatmul", MatrixMultiply, true),
    binary!("ifloordiv", FloorDivide, true),
    binary!("itruediv", TrueDivide, true),
    binary!("imod", Remainder, true),
    binary!("ilshift", Lshift, true),
    binary!("irshift", Rshift, true),
    binary!("iand", And, true),
    binary!("ixor", Xor, true),
    binary!("ior", Or, true),
    binary!("ipow", Power, true),
    BuiltinDef::new("abs", 1, 1, |vm, a, _| vm.absolute(&a[0])),
    BuiltinDef::new("neg", 1, 1, |vm, a, _| vm.negate(&a[0])),
    BuiltinDef::new("pos", 1, 1, |vm, a, _| vm.unary_positive(&a[0])),
    BuiltinDef::new("inv", 1, 1, |vm, a, _| vm.invert(&a[0])),
    BuiltinDef::new("invert", 1, 1, |vm, a, _| vm.invert(&a[0])),
    BuiltinDef::new("not_", 1, 1, |vm, a, _| Ok(Value::bool(!vm.truthy(&a[0])?))),
    BuiltinDef::new("truth", 1, 1, |vm, a, _| Ok(Value::bool(vm.truthy(&a[0])?))),
    BuiltinDef::new("is_", 2, 2, |_, a, _| Ok(Value::bool(a[0].is(&a[1])))),
    BuiltinDef::new("is_not", 2, 2, |_, a, _| Ok(Value::bool(!a[0].is(&a[1])))),
    BuiltinDef::new("is_none", 1, 1, |_, a, _| Ok(Value::bool(a[0].is_none()))),
    BuiltinDef::new("is_not_none", 1, 1, |_, a, _| Ok(Value::bool(!a[0].is_none()))),
    BuiltinDef::new("index", 1, 1, |vm, a, _| {
        let n = vm.int_argument(&a[0])?;
        Ok(vm.big(n))
    }),
    BuiltinDef::new("concat", 2, 2, |vm, a, _| concat(vm, a, false)),
    BuiltinDef::new("iconcat", 2, 2, |vm, a, _| concat(vm, a, true)),
    BuiltinDef::new("contains", 2, 2, |vm, a, _| Ok(Value::bool(vm.contains(&a[0], &a[1])?))),
    BuiltinDef::new("countOf", 2, 2, |vm, a, _| {
        let it = vm.get_iter(&a[0])?;
        let mut n = 0;
        while let Some(v) = vm.next(&it)? {
            n += vm.equal(&v, &a[1])? as i64;
        }
        Ok(vm.int(n))
    }),
    BuiltinDef::new("indexOf", 2, 2, |vm, a, _| {
        let it = vm.get_iter(&a[0])?;
        let mut n = 0;
        while let Some(v) = vm.next(&it)? {
            if vm.equal(&v, &a[1])? {
                return Ok(vm.int(n));
            }
            n += 1;
        }
        vm.fail("ValueError", "sequence.index(x): x not in sequence")
    }),
    BuiltinDef::new("getitem", 2, 2, |vm, a, _| vm.get_item(&a[0], &a[1])),
    BuiltinDef::new("setitem", 3, 3, |vm, a, _| {
        vm.set_item(&a[0], &a[1], a[2].clone())?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("delitem", 2, 2, |vm, a, _| {
        vm.del_item(&a[0], &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("length_hint", 1, 2, |vm, a, _| {
        let default = match a.get(1) {
            None => 0,
            Some(v) if Num::int_of(v).is_some() => vm.int_argument(v)?.to_i64().unwrap_or(i64::MAX),
            Some(v) => {
                let message = format!("'{}' object cannot be interpreted as an integer", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        };
        let n = vm.length_hint_of(&a[0], default)?;
        Ok(vm.int(n))
    }),
    BuiltinDef::kw("call", 1, u8::MAX, |vm, a, kw| vm.call(&a[0], &a[1..], kw)),
    BuiltinDef::new("_compare_digest", 2, 2, compare_digest),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_operator", FUNCTIONS);
    getters::add(vm, &module);
    Ok(module)
}

impl Vm {
    /// How many items `v` has, or says that it will have, or `default`.
    pub(crate) fn length_hint_of(&mut self, v: &Value, default: i64) -> R<i64> {
        if self.has_dunder(v, "__len__") {
            match self.len_of(v) {
                Ok(n) => return Ok(n as i64),
                Err(e) => self.unless(e, "TypeError")?,
            }
        }
        let hint = match self.call_dunder(v, "__length_hint__", &[]) {
            Ok(Some(hint)) => hint,
            Ok(None) => return Ok(default),
            Err(e) => {
                self.unless(e, "TypeError")?;
                return Ok(default);
            }
        };
        if hint.is(&Value::NOT_IMPLEMENTED) {
            return Ok(default);
        }
        let Some(n) = Num::int_of(&hint) else {
            let message = format!("__length_hint__ must be an integer, not {}", self.type_name(&hint));
            return self.fail("TypeError", message);
        };
        if n.is_negative() {
            return self.fail("ValueError", "__length_hint__() should return >= 0");
        }
        match n.big().to_i64() {
            Some(n) => Ok(n),
            None => self.fail("OverflowError", "Python int too large to convert to C ssize_t"),
        }
    }
    /// Swallows the pending exception if it is of that class.
    pub(crate) fn unless(&mut self, e: crate::error::Exc, class: &str) -> R {
        let pending = self.take_pending();
        let class = self.types.exception(class).clone();
        if self.is_instance(&pending, &class) {
            return Ok(());
        }
        self.set_pending(pending);
        Err(e)
    }
}

fn concat(vm: &mut Vm, a: &[Value], inplace: bool) -> R<Value> {
    if let Some(l) = a[0].get::<List>()
        && inplace
        && vm.type_of(&a[0]).is(&vm.types.list)
        && let Some(other) = a[1].get::<List>()
    {
        let items = other.as_slice().to_vec();
        l.with_vec(|v| v.extend(items));
        return Ok(a[0].clone());
    }
    for v in a {
        if !vm.has_dunder(v, "__getitem__") {
            let message = format!("'{}' object can't be concatenated", vm.type_name(&a[0]));
            return vm.fail("TypeError", message);
        }
    }
    vm.binary_op(BinOp::Add, inplace, &a[0], &a[1])
}

/// Equality in a time that does not depend on where two texts differ.
fn compare_digest(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let equal = |x: &[u8], y: &[u8]| {
        let differs = x.iter().zip(y.iter().chain(std::iter::repeat(&0))).fold(0, |d, (a, b)| d | (a ^ b));
        x.len() == y.len() && std::hint::black_box(differs) == 0
    };
    if let (Some(x), Some(y)) = (a[0].get::<Str>(), a[1].get::<Str>()) {
        if !x.is_ascii() || !y.is_ascii() {
            let message = "comparing strings with non-ASCII characters is not supported";
            return vm.fail("TypeError", message);
        }
        return Ok(Value::bool(equal(x.as_str().as_bytes(), y.as_str().as_bytes())));
    }
    let (x, y) = (vm.type_name(&a[0]), vm.type_name(&a[1]));
    let message = format!("unsupported operand types(s) or combination of types: '{x}' and '{y}'");
    vm.fail("TypeError", message)
}
