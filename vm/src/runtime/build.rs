//! Building containers, unpacking, f-strings.

use crate::machine::Flow;
use crate::object::{Awaitable, Complex, Dict, List, Slice, Step, Str, Tuple};
use crate::types::construct::Repeated;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

pub fn build_list(vm: &mut Vm, n: u32) -> Flow {
    let n = n as usize;
    let mut items = List::room(&vm.types.list, n);
    // SAFETY: the references on the stack move to the vector, which has room.
    unsafe {
        let first = vm.frame().sp.sub(n);
        std::ptr::copy_nonoverlapping(first.cast::<Value>(), items.as_mut_ptr(), n);
        items.set_len(n);
        vm.frame().sp = first;
    }
    let v = vm.list(items);
    vm.push(v);
    Ok(())
}
pub fn build_tuple(vm: &mut Vm, n: u32) -> Flow {
    if n == 0 {
        let v = vm.tuple(vec![]);
        vm.push(v);
        return Ok(());
    }
    let n = n as usize;
    // SAFETY: the references on the stack move to the tuple.
    let v = unsafe {
        let first = vm.frame().sp.sub(n);
        let v = Tuple::new(&vm.types.tuple, (0..n).map(|i| Value::from_word(*first.add(i))));
        vm.frame().sp = first;
        v
    };
    vm.push(v);
    Ok(())
}
pub fn build_map(vm: &mut Vm, n: u32) -> Flow {
    let d = vm.dict();
    d.as_::<Dict>().make_room(n as usize);
    let n = n as usize * 2;
    // SAFETY: keys and values are on the stack until they are dropped below; nested frames go above them.
    let items = unsafe { Value::slice_of(vm.frame().sp.sub(n), n) };
    for entry in items.chunks_exact(2) {
        vm.dict_set(d.as_(), &entry[0], entry[1].clone())?;
    }
    for _ in 0..n {
        drop(vm.pop());
    }
    vm.push(d);
    Ok(())
}
pub fn build_set(vm: &mut Vm, n: u32) -> Flow {
    let n = n as usize;
    // SAFETY: as in `build_map`.
    let items = unsafe { Value::slice_of(vm.frame().sp.sub(n), n) };
    let s = vm.set(items)?;
    for _ in 0..n {
        drop(vm.pop());
    }
    vm.push(s);
    Ok(())
}
pub fn set_add(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    // Not always one that is being built: `__conditional_annotations__` is a name that a program may set.
    let target = vm.peek(n as usize - 1);
    let target = Value::of(&target);
    let Some(s) = target.get::<crate::object::Set>().filter(|_| vm.type_of(target).is(&vm.types.set)) else {
        return Err(vm.raise("SystemError", "SET_ADD: not a set").into());
    };
    vm.set_add(s, &v)?;
    Ok(())
}
pub fn set_update(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let s = list_below(vm, n);
    vm.set_update(&s, &v)?;
    Ok(())
}
pub fn build_slice(vm: &mut Vm, n: u32) -> Flow {
    let step = if n == 3 { vm.pop() } else { Value::NONE };
    let (stop, start) = (vm.pop(), vm.pop());
    let v = Slice::new(&vm.types.slice, start, stop, step);
    vm.push(v);
    Ok(())
}
pub fn build_string(vm: &mut Vm, n: u32) -> Flow {
    let n = n as usize;
    // SAFETY: the strs are on the stack until they are popped.
    let parts = unsafe { Value::slice_of(vm.frame().sp.sub(n), n) };
    let Some(v) = Str::join(&vm.types.str, parts, None) else {
        return Err(vm.raise_type("MemoryError", vec![]).into());
    };
    // One character has one object.
    let v = if v.as_::<Str>().bytes().len() < 2 { vm.wtf8(v.as_::<Str>().wtf8()) } else { v };
    for _ in 0..n {
        drop(vm.pop());
    }
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
    let list = list_below(vm, n);
    if vm.list_extend(&list, &v).is_err() {
        let e = vm.take_pending();
        // `[*x]` and `f(*x)` say what they needed.
        if vm.is_instance(&e, vm.types.exception("TypeError")) && !vm.may_iterate(&v) {
            let name = vm.type_name(&v);
            return Err(vm
                .raise("TypeError", format!("Value after * must be an iterable, not {name}"))
                .into());
        }
        return Err(vm.set_pending(e).into());
    }
    Ok(())
}
pub fn map_add(vm: &mut Vm, n: u32) -> Flow {
    let (v, k) = (vm.pop(), vm.pop());
    // The stack keeps it.
    let d = vm.peek(n as usize - 1);
    vm.dict_set(Value::of(&d).as_(), &k, v)?;
    Ok(())
}
pub fn dict_update(vm: &mut Vm, n: u32) -> Flow {
    let other = vm.pop();
    let d = list_below(vm, n);
    if vm.mapping_into(&d, &other, Repeated::Replace).is_err() {
        let e = vm.take_pending();
        if vm.is_instance(&e, vm.types.exception("AttributeError")) {
            let name = vm.type_name(&other);
            return Err(vm.raise("TypeError", format!("'{name}' object is not a mapping")).into());
        }
        return Err(vm.set_pending(e).into());
    }
    Ok(())
}
/// The keywords of a call; the function is named by what goes wrong.
pub fn dict_merge(vm: &mut Vm, n: u32) -> Flow {
    let other = vm.pop();
    let d = list_below(vm, n);
    if vm.mapping_into(&d, &other, Repeated::KeyError).is_ok() {
        return Ok(());
    }
    let e = vm.take_pending();
    let callable = vm.peek(n as usize + 2).to_value();
    if vm.is_instance(&e, vm.types.exception("AttributeError")) {
        let (f, name) = (vm.function_text(&callable)?, vm.type_name(&other));
        let message = format!("{f} argument after ** must be a mapping, not {name}");
        return Err(vm.raise("TypeError", message).into());
    }
    if vm.is_instance(&e, vm.types.exception("KeyError")) {
        let args = e.as_::<crate::object::Exception>().args.borrow().clone();
        if let Some([key]) = args.get::<Tuple>().map(Tuple::as_slice) {
            let f = vm.function_text(&callable)?;
            let message = match key.is_kind(crate::object::Kind::Str) {
                true => format!("{f} got multiple values for keyword argument '{}'", vm.str_string(key)?),
                false => format!("{f} keywords must be strings"),
            };
            return Err(vm.raise("TypeError", message).into());
        }
    }
    Err(vm.set_pending(e).into())
}

pub fn unpack_sequence(vm: &mut Vm, n: u32) -> Flow {
    let v = vm.pop();
    let n = n as usize;
    // Of a list, tuple or dict the number is known; of others one more is asked for.
    let t = &vm.types;
    let sized = [&t.list, &t.tuple, &t.dict].iter().any(|c| vm.type_of(&v).is(c));
    let items = if sized && !v.is_kind(crate::object::Kind::Dict) {
        vm.to_vec(&v)?
    } else {
        let it = unpack_iter(vm, &v)?;
        let mut items = Vec::with_capacity(n);
        while items.len() <= n
            && let Some(x) = vm.next(&it)?
        {
            items.push(x);
        }
        items
    };
    if items.len() != n {
        let many = items.len() > n;
        let got = if sized { vm.len_of(&v)? } else { items.len() };
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
    let it = unpack_iter(vm, &v)?;
    let mut items = vm.to_vec(&it)?;
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
fn unpack_iter(vm: &mut Vm, v: &Value) -> crate::error::R<Value> {
    match vm.get_iter(v) {
        Ok(it) => Ok(it),
        Err(_) => {
            let e = vm.take_pending();
            if vm.is_instance(&e, vm.types.exception("TypeError")) && !vm.may_iterate(v) {
                let name = vm.type_name(v);
                return Err(vm.raise("TypeError", format!("cannot unpack non-iterable {name} object")));
            }
            Err(vm.set_pending(e))
        }
    }
}

/// A dict and a key, where subclasses of dict and their `__missing__` do not come.
pub fn subscr_dict(vm: &mut Vm, arg: u32) -> Flow {
    let (key, d) = (vm.peek(0), vm.peek(1));
    if let Some(v) = vm.dict_get(Value::of(&d).as_(), Value::of(&key))? {
        vm.poke(1, v.into_word());
        drop(vm.pop());
        // SAFETY: the stack owned the dict, whose word has been replaced.
        unsafe { d.decref() };
        super::skip(vm, 5);
        return Ok(());
    }
    super::binary_op_again(vm, arg)
}

pub fn binary_slice(vm: &mut Vm, _arg: u32) -> Flow {
    let (stop, start, c) = (vm.pop(), vm.pop(), vm.pop());
    if let Some(part) = vm.get_part(&c, &start, &stop)? {
        vm.push(part);
        return Ok(());
    }
    let s = Slice::new(&vm.types.slice, start, stop, Value::NONE);
    let v = vm.get_item(&c, &s)?;
    vm.push(v);
    Ok(())
}
pub fn store_slice(vm: &mut Vm, _arg: u32) -> Flow {
    let (stop, start, c, v) = (vm.pop(), vm.pop(), vm.pop(), vm.pop());
    vm.set_part(&c, start, stop, v)?;
    Ok(())
}
pub fn delete_subscr(vm: &mut Vm, _arg: u32) -> Flow {
    let (index, c) = (vm.pop(), vm.pop());
    vm.del_item(&c, &index)?;
    Ok(())
}

pub fn format_simple(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.pop();
    let s = match v.word() {
        w if w.is_plain(crate::object::Kind::Str) => v,
        w if w.is_int() => vm.str_of(&v)?,
        _ => vm.format_object(&v, None)?,
    };
    vm.push(s);
    Ok(())
}
pub fn format_with_spec(vm: &mut Vm, _arg: u32) -> Flow {
    let (spec, v) = (vm.pop(), vm.pop());
    let s = vm.format_object(&v, Some(&spec))?;
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
        7..=11 => crate::modules::typing::intrinsic_1(vm, which),
        n => {
            Err(vm.raise("NotImplementedError", format!("CALL_INTRINSIC_1 {n} is not supported yet")).into())
        }
    }
}
/// CALL_INTRINSIC_2's functions, in CPython's numbering.
pub fn call_intrinsic_2(vm: &mut Vm, which: u32) -> Flow {
    match which {
        1 => crate::types::exception_group::prepare_reraise(vm),
        2..=5 => crate::modules::typing::intrinsic_2(vm, which),
        n => {
            Err(vm.raise("NotImplementedError", format!("CALL_INTRINSIC_2 {n} is not supported yet")).into())
        }
    }
}
impl Vm {
    /// Has its class `__iter__` (be it None) or items by number? What an error says of others is that they
    /// are not iterable.
    pub(crate) fn may_iterate(&mut self, v: &Value) -> bool {
        self.special_of(v, Special::Iter).is_some()
            || self.has_special(v, Special::GetItem) && !v.is_kind(crate::object::Kind::Dict)
    }
    /// A callable as messages about its arguments name it: `module.qualname()`.
    pub(crate) fn function_text(&mut self, f: &Value) -> crate::error::R<String> {
        let Some(q) = self.get_attr_str_opt(f, "__qualname__")? else {
            return self.str_string(f);
        };
        let q = self.str_string(&q)?;
        let module = self.get_attr_str_opt(f, "__module__")?.filter(|m| !m.is_none());
        let module = module.as_ref().and_then(|m| m.get::<Str>()).map(|m| m.as_str().to_owned());
        Ok(match module.as_deref() {
            None | Some("builtins") => format!("{q}()"),
            Some(m) => format!("{m}.{q}()"),
        })
    }

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
