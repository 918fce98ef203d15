//! Module `_bisect`: binary search in sorted sequences.

use crate::error::R;
use crate::object::{BuiltinDef, Kw, List};
use crate::op::CmpOp;
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("bisect_left", 0, u8::MAX, |vm, a, kw| {
        let (_, _, at) = search(vm, "bisect_left", a, kw, false, false)?;
        Ok(vm.int(at))
    }),
    BuiltinDef::kw("bisect_right", 0, u8::MAX, |vm, a, kw| {
        let (_, _, at) = search(vm, "bisect_right", a, kw, true, false)?;
        Ok(vm.int(at))
    }),
    BuiltinDef::kw("insort_left", 0, u8::MAX, |vm, a, kw| insort(vm, "insort_left", a, kw, false)),
    BuiltinDef::kw("insort_right", 0, u8::MAX, |vm, a, kw| insort(vm, "insort_right", a, kw, true)),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    Ok(vm.new_module("_bisect", FUNCTIONS))
}

/// Answers the sequence, the item and where it belongs. `insert`: the key function is for the item too.
fn search(
    vm: &mut Vm,
    who: &str,
    args: &[Value],
    kw: Kw,
    right: bool,
    insert: bool,
) -> R<(Value, Value, i64)> {
    let names = ["a", "x", "lo", "hi", "key"];
    if args.len() > 4 {
        let message = format!("{who}() takes at most 4 positional arguments ({} given)", args.len());
        return vm.fail("TypeError", message);
    }
    let [seq, x, lo, hi, key] = vm.bind_args(who, names, 0, 2, args, kw)?;
    let (seq, x) = (seq.unwrap_or(Value::NONE), x.unwrap_or(Value::NONE));
    let mut bound = |v: Option<Value>| match v.filter(|v| !v.is_none()) {
        None => Ok(None),
        Some(v) => match vm.int_argument(&v)?.to_i64() {
            Some(n) => Ok(Some(n)),
            None => vm.fail("OverflowError", "cannot fit 'int' into an index-sized integer"),
        },
    };
    let mut lo = bound(lo)?.unwrap_or(0);
    let hi = bound(hi)?.filter(|&hi| hi != -1);
    let key = key.filter(|k| !k.is_none());
    if lo < 0 {
        return vm.fail("ValueError", "lo must be non-negative");
    }
    let sought = match &key {
        Some(f) if insert => vm.call(f, std::slice::from_ref(&x), Kw::NONE)?,
        _ => x.clone(),
    };
    let mut hi = match hi {
        Some(hi) => hi,
        None => vm.len_of(&seq)? as i64,
    };
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        let item = match seq.get::<List>().filter(|_| vm.type_of(&seq).is(&vm.types.list)) {
            Some(l) => match l.get(middle as usize) {
                Some(v) => v,
                None => return vm.fail("IndexError", "list index out of range"),
            },
            None => {
                let i = vm.int(middle);
                vm.get_item(&seq, &i)?
            }
        };
        let item = match &key {
            Some(f) => vm.call(f, &[item], Kw::NONE)?,
            None => item,
        };
        let left = if right {
            vm.compare_bool(CmpOp::Lt, &sought, &item)?
        } else {
            !vm.compare_bool(CmpOp::Lt, &item, &sought)?
        };
        if left {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    Ok((seq, x, lo))
}

fn insort(vm: &mut Vm, who: &str, args: &[Value], kw: Kw, right: bool) -> R<Value> {
    let (seq, x, at) = search(vm, who, args, kw, right, true)?;
    if let Some(l) = seq.get::<List>()
        && vm.type_of(&seq).is(&vm.types.list)
    {
        l.with_vec(|v| v.insert((at as usize).min(v.len()), x));
        return Ok(Value::NONE);
    }
    let at = vm.int(at);
    vm.call_method(&seq, "insert", &[at, x])?;
    Ok(Value::NONE)
}
