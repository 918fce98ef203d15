//! Building containers, unpacking, f-strings.

use crate::machine::Flow;
use crate::object::{Awaitable, Complex, Dict, List, Slice, Step, Str, Tuple};
use crate::value::Value;
use crate::vm::Vm;

pub fn build_list(vm: &mut Vm, n: u32) -> Flow {
    let items = vm.pop_n(n as usize);
    let v = vm.list(items);
    vm.push(v);
    Ok(())
}
pub fn build_tuple(vm: &mut Vm, n: u32) -> Flow {
    let items = vm.pop_n(n as usize);
    let v = vm.tuple(items);
    vm.push(v);
    Ok(())
}
pub fn build_map(vm: &mut Vm, n: u32) -> Flow {
    let items = vm.pop_n(n as usize * 2);
    let d = vm.dict();
    let mut it = items.into_iter();
    while let (Some(k), Some(v)) = (it.next(), it.next()) {
        vm.dict_set(d.as_(), &k, v)?;
    }
    vm.push(d);
    Ok(())
}
pub fn build_set(vm: &mut Vm, n: u32) -> Flow {
    let items = vm.pop_n(n as usize);
    let s = vm.set(&items)?;
    vm.push(s);
    Ok(())
}
pub fn set_add(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let s = list_below(vm, n);
    vm.set_add(s.as_(), &v)?;
    Ok(())
}
pub fn set_update(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let s = list_below(vm, n);
    vm.set_update(&s, &v)?;
    Ok(())
}
pub fn build_slice(vm: &mut Vm, n: u32) -> Flow {
    let mut parts = vm.pop_n(n as usize);
    let step = if n == 3 { parts.pop().unwrap_or(Value::NONE) } else { Value::NONE };
    let (stop, start) = (parts.pop().unwrap_or(Value::NONE), parts.pop().unwrap_or(Value::NONE));
    let v = Slice::new(&vm.types.slice, start, stop, step);
    vm.push(v);
    Ok(())
}
pub fn build_string(vm: &mut Vm, n: u32) -> Flow {
    let parts = vm.pop_n(n as usize);
    let s: rustpython_wtf8::Wtf8Buf = parts.iter().map(|p| p.as_::<Str>().wtf8()).collect();
    let v = vm.wtf8_buf(s);
    vm.push(v);
    Ok(())
}

/// A list on the stack `n` below the value that has just been popped.
fn list_below(vm: &Vm, n: u32) -> Value {
    vm.peek(n as usize - 1).to_value()
}
pub fn list_append(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    list_below(vm, n).as_::<List>().push(v);
    Ok(())
}
pub fn list_extend(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let items = vm.to_vec(&v).map_err(|e| {
        // `[*x]` and `f(*x)` say what they needed.
        let named = vm.pending.as_ref().is_some_and(|p| vm.type_name(p) == "TypeError");
        if named && vm.get_iter(&v).is_err() {
            let name = vm.type_name(&v);
            return vm.raise("TypeError", format!("Value after * must be an iterable, not {name}"));
        }
        e
    })?;
    list_below(vm, n).as_::<List>().with_vec(|l| l.extend(items));
    Ok(())
}
pub fn map_add(vm: &mut Vm, n: u32) -> Flow {
    let (v, k) = (vm.pop(), vm.pop());
    let d = list_below(vm, n);
    vm.dict_set(d.as_(), &k, v)?;
    Ok(())
}
pub fn dict_update(vm: &mut Vm, n: u32) -> Flow {
    let other = vm.pop();
    let d = list_below(vm, n);
    let Some(source) = other.get::<Dict>() else {
        let name = vm.type_name(&other);
        return Err(vm.raise("TypeError", format!("'{name}' object is not a mapping")).into());
    };
    let entries: Vec<_> = source.iter().collect();
    for (k, v) in entries {
        d.as_::<Dict>().set(vm, &k, v)?;
    }
    Ok(())
}
pub fn dict_merge(vm: &mut Vm, n: u32) -> Flow {
    let other = vm.pop();
    let d = list_below(vm, n);
    let Some(source) = other.get::<Dict>() else {
        let name = vm.type_name(&other);
        return Err(vm.raise("TypeError", format!("argument after ** must be a mapping, not {name}")).into());
    };
    let entries: Vec<_> = source.iter().collect();
    for (k, v) in entries {
        if d.as_::<Dict>().get(vm, &k)?.is_some() {
            let k = vm.str_string(&k)?;
            return Err(vm
                .raise("TypeError", format!("got multiple values for keyword argument '{k}'"))
                .into());
        }
        d.as_::<Dict>().set(vm, &k, v)?;
    }
    Ok(())
}

pub fn unpack_sequence(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let n = n as usize;
    let items = unpack(vm, &v)?;
    if items.len() != n {
        let (got, many) = (items.len(), items.len() > n);
        let sized = v.get::<List>().is_some() || v.get::<Tuple>().is_some() || v.get::<Dict>().is_some();
        let message = match (many, sized) {
            (true, true) => format!("too many values to unpack (expected {n}, got {got})"),
            (true, false) => format!("too many values to unpack (expected {n})"),
            (false, _) => format!("not enough values to unpack (expected {n}, got {got})"),
        };
        return Err(vm.raise("ValueError", message).into());
    }
    for item in items.into_iter().rev() {
        vm.push(item);
    }
    super::skip(vm, 1);
    Ok(())
}
pub fn unpack_ex(vm: &mut Vm, arg: u32) -> Flow {
    let (before, after) = (arg as usize & 0xff, arg as usize >> 8);
    let v = vm.pop();
    let mut items = unpack(vm, &v)?;
    if items.len() < before + after {
        let message = format!(
            "not enough values to unpack (expected at least {}, got {})",
            before + after,
            items.len()
        );
        return Err(vm.raise("ValueError", message).into());
    }
    let tail = items.split_off(items.len() - after);
    let middle = items.split_off(before);
    let middle = vm.list(middle);
    for item in tail.into_iter().rev() {
        vm.push(item);
    }
    vm.push(middle);
    for item in items.into_iter().rev() {
        vm.push(item);
    }
    Ok(())
}
fn unpack(vm: &mut Vm, v: &Value) -> crate::error::R<Vec<Value>> {
    if vm.get_iter(v).is_err() {
        drop(vm.take_pending());
        let name = vm.type_name(v);
        return Err(vm.raise("TypeError", format!("cannot unpack non-iterable {name} object")));
    }
    vm.to_vec(v)
}

pub fn binary_slice(vm: &mut Vm, _arg: u32) -> Flow {
    let (stop, start, c) = (vm.pop(), vm.pop(), vm.pop());
    let s = Slice::new(&vm.types.slice, start, stop, Value::NONE);
    let v = vm.get_item(&c, &s)?;
    vm.push(v);
    Ok(())
}
pub fn store_slice(vm: &mut Vm, _arg: u32) -> Flow {
    let (stop, start, c, v) = (vm.pop(), vm.pop(), vm.pop(), vm.pop());
    let s = Slice::new(&vm.types.slice, start, stop, Value::NONE);
    vm.set_item(&c, &s, v)?;
    Ok(())
}
pub fn delete_subscr(vm: &mut Vm, _arg: u32) -> Flow {
    let (index, c) = (vm.pop(), vm.pop());
    vm.del_item(&c, &index)?;
    Ok(())
}

pub fn format_simple(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.pop();
    let s = if v.get::<Str>().is_some() { v } else { vm.str_of(&v)? };
    vm.push(s);
    Ok(())
}
pub fn format_with_spec(vm: &mut Vm, _arg: u32) -> Flow {
    let (spec, v) = (vm.pop(), vm.pop());
    let s = vm.format_value(&v, spec.as_::<Str>().as_str())?;
    let s = vm.string(s);
    vm.push(s);
    Ok(())
}
pub fn convert_value(vm: &mut Vm, how: u32) -> Flow {
    let v = vm.pop();
    let s = match how {
        1 => vm.str_of(&v)?,
        2 => vm.repr(&v)?,
        _ => {
            let text = vm.repr_string(&v)?;
            let ascii: String = text
                .chars()
                .map(|c| match c as u32 {
                    n if c.is_ascii() => (n as u8 as char).to_string(),
                    n @ 0..=0xff => format!("\\x{n:02x}"),
                    n @ 0..=0xffff => format!("\\u{n:04x}"),
                    n => format!("\\U{n:08x}"),
                })
                .collect();
            vm.string(ascii)
        }
    };
    vm.push(s);
    Ok(())
}

/// CALL_INTRINSIC_1's functions, in CPython's numbering.
pub fn call_intrinsic_1(vm: &mut Vm, which: u32) -> Flow {
    match which {
        1 => {
            let v = vm.pop();
            vm.push(Value::NONE);
            vm.display(&v)?;
            Ok(())
        }
        2 => {
            let module = vm.pop();
            vm.push(Value::NONE);
            vm.import_star(&module)?;
            Ok(())
        }
        // A StopIteration that leaves a generator's body.
        3 => {
            let e = vm.pop();
            let e = vm.stop_iteration_error(e);
            vm.push(e);
            Ok(())
        }
        // What an asynchronous generator yields.
        4 => {
            let v = vm.pop();
            let w = Awaitable::new(&vm.types.wrapped_value, Step::Wrapped, v, Value::NONE);
            vm.push(w);
            Ok(())
        }
        5 => {
            let v = vm.pop();
            let r = if v.word().is_int() { v } else { vm.unary_positive(&v)? };
            vm.push(r);
            Ok(())
        }
        6 => {
            let v = vm.pop();
            let items = vm.to_vec(&v)?;
            let t = vm.tuple(items);
            vm.push(t);
            Ok(())
        }
        n => {
            Err(vm.raise("NotImplementedError", format!("CALL_INTRINSIC_1 {n} is not supported yet")).into())
        }
    }
}
/// CALL_INTRINSIC_2's functions, in CPython's numbering.
pub fn call_intrinsic_2(vm: &mut Vm, which: u32) -> Flow {
    match which {
        1 => crate::types::exception_group::prepare_reraise(vm),
        n => {
            Err(vm.raise("NotImplementedError", format!("CALL_INTRINSIC_2 {n} is not supported yet")).into())
        }
    }
}
impl Vm {
    /// `+v`.
    pub fn unary_positive_builtin(&mut self, v: &Value) -> crate::error::R<Value> {
        if v.word().is_float() || super::is_int(v) {
            return Ok(v.clone());
        }
        if v.word().is_bool() {
            return Ok(Value::small((v.word() == crate::value::Word::TRUE) as i64));
        }
        if let Some(c) = v.get::<Complex>() {
            return Ok(self.complex(c.re, c.im));
        }
        let name = self.type_name(v);
        Err(self.raise("TypeError", format!("bad operand type for unary +: '{name}'")))
    }
}
