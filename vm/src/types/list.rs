//! Methods of `list` and `tuple`.

use super::number::Num;
use crate::error::R;
use crate::object::{BuiltinDef, Kw, List, Tuple};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("append", 1, 1, |_, a, _| {
        list(a).push(a[1].clone());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("extend", 1, 1, |vm, a, _| {
        vm.list_extend(&a[0], &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("insert", 2, 2, insert),
    BuiltinDef::new("remove", 1, 1, remove),
    BuiltinDef::new("pop", 0, 1, pop),
    BuiltinDef::new("clear", 0, 0, |_, a, _| {
        let old = list(a).with_vec(std::mem::take);
        List::discard(&a[0], old);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "list.index(x): x not in list")),
    BuiltinDef::new("count", 1, 1, |vm, a, _| count(vm, a)),
    // No positional arguments, which it says in its own words.
    BuiltinDef::kw("sort", 0, u8::MAX, sort_method),
    BuiltinDef::new("reverse", 0, 0, |_, a, _| {
        list(a).with_vec(|l| l.reverse());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__reversed__", 0, 0, |vm, a, _| Ok(vm.list_reversed(&a[0]))),
    BuiltinDef::new("copy", 0, 0, |vm, a, _| Ok(List::copy_of(&vm.types.list, list(a).as_slice()))),
];

pub static TUPLE_METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("index", 1, 3, |vm, a, _| index(vm, a, "tuple.index(x): x not in tuple")),
    BuiltinDef::new("count", 1, 1, |vm, a, _| count(vm, a)),
];

fn list(args: &[Value]) -> &List {
    args[0].as_()
}
/// Item `i` of a list or tuple.
fn item(v: &Value, i: usize) -> Option<Value> {
    match v.get::<List>() {
        Some(l) => l.get(i),
        None => v.get::<Tuple>().and_then(|t| t.as_slice().get(i).cloned()),
    }
}

#[inline]
fn small_or_index(vm: &mut Vm, v: &Value) -> R<i64> {
    if v.word().is_int() { Ok(v.word().int()) } else { vm.index_size(v) }
}

fn insert(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let i = small_or_index(vm, &args[1])?;
    let l = list(args);
    let len = l.len() as i64;
    let at = if i < 0 { i.saturating_add(len).max(0) } else { i.min(len) };
    l.insert(at as usize, args[2].clone());
    Ok(Value::NONE)
}

fn remove(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (l, mut i) = (list(args), 0);
    while let Some(v) = l.get(i) {
        if vm.eq(&v, &args[1])? {
            // The comparison may have shortened the list.
            let old = l.with_vec(|items| if i < items.len() { Some(items.remove(i)) } else { None });
            drop(old);
            return Ok(Value::NONE);
        }
        i += 1;
    }
    vm.fail("ValueError", "list.remove(x): x not in list")
}

fn pop(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let i = match args.get(1) {
        Some(v) => small_or_index(vm, v)?,
        None => -1,
    };
    let l = list(args);
    if l.is_empty() {
        return vm.fail("IndexError", "pop from empty list");
    }
    let i = if i < 0 { i.saturating_add(l.len() as i64) } else { i };
    if i < 0 || i >= l.len() as i64 {
        return vm.fail("IndexError", "pop index out of range");
    }
    Ok(l.remove(i as usize))
}

fn index(vm: &mut Vm, args: &[Value], message: &str) -> R<Value> {
    let len = vm.len_of(&args[0])? as i64;
    let mut place = |i: usize, absent: i64| -> R<i64> {
        let Some(v) = args.get(i) else { return Ok(absent) };
        let v = vm.try_index(v)?;
        let Some(n) = Num::int_of(&v) else {
            return vm.fail("TypeError", "slice indices must be integers or have an __index__ method");
        };
        let n = n.clamp_i64();
        Ok(if n < 0 { n.saturating_add(len).max(0) } else { n })
    };
    let (mut i, stop) = (place(2, 0)?, place(3, i64::MAX)?);
    while i < stop
        && let Some(v) = item(&args[0], i as usize)
    {
        if vm.eq(&v, &args[1])? {
            return Ok(Value::small(i));
        }
        i += 1;
    }
    vm.fail("ValueError", message)
}

fn count(vm: &mut Vm, args: &[Value]) -> R<Value> {
    let (mut i, mut n) = (0, 0);
    while let Some(v) = item(&args[0], i) {
        n += vm.eq(&v, &args[1])? as i64;
        i += 1;
    }
    Ok(Value::small(n))
}

fn sort_method(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if args.len() > 1 {
        return vm.fail("TypeError", "sort() takes no positional arguments");
    }
    let l = list(args);
    // While it is being sorted the list is empty, and must stay so.
    let items = l.with_vec(std::mem::take);
    let (items, r) = vm.sort(items, kw, "sort");
    let meanwhile = l.with_vec(|v| std::mem::replace(v, items));
    r?;
    if !meanwhile.is_empty() {
        return vm.fail("ValueError", "list modified during sort");
    }
    Ok(Value::NONE)
}

impl Vm {
    /// Appends every item of an iterable; those that came before an error stay.
    pub fn list_extend(&mut self, list: &Value, other: &Value) -> R {
        let l = list.as_::<List>();
        let exact = [&self.types.list, &self.types.tuple].iter().any(|t| self.type_of(other).is(t));
        if exact || list.is(other) {
            if !list.is(other)
                && let Some(items) =
                    other.get::<List>().map(List::as_slice).or(other.get::<Tuple>().map(Tuple::as_slice))
            {
                l.extend_copies(items);
                return Ok(());
            }
            let items = self.to_vec(other)?;
            l.with_vec(|v| v.extend(items));
            return Ok(());
        }
        let it = self.get_iter(other)?;
        self.length_hint(other)?;
        while let Some(v) = self.next(&it)? {
            l.push(v);
        }
        Ok(())
    }
}
