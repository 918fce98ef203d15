//! Raising and handling: the opcodes' part. Finding handlers is in `unwind`.

use crate::error::{Exc, R};
use crate::machine::Flow;
use crate::object::{Exception, Kind, Kw, Tuple, Type};
use crate::value::Value;
use crate::vm::{RaiseAt, Vm};

/// Sets `__context__`, cutting the chain where it would come back to `e`. A program may have tied the chain
/// into a ring that `e` is not in: a second walker, half as fast, finds out.
pub fn set_context(e: &Value, context: Value) {
    let mut at = context.clone();
    let (mut slow, mut odd) = (context.clone(), false);
    loop {
        let next = at.as_::<Exception>().context.borrow().clone();
        if next.is_none() {
            break;
        }
        if next.is(e) {
            *at.as_::<Exception>().context.borrow_mut() = Value::NONE;
            break;
        }
        at = next;
        if at.is(&slow) {
            break;
        }
        if odd {
            let next = slow.as_::<Exception>().context.borrow().clone();
            slow = next;
        }
        odd = !odd;
    }
    *e.as_::<Exception>().context.borrow_mut() = context;
}

/// exception -> the one handled so far, exception
pub fn push_exc_info(vm: &mut Vm, _arg: u32) -> Flow {
    let e = vm.pop();
    let old = std::mem::replace(&mut vm.handled, e.clone());
    vm.push(old);
    vm.push(e);
    Ok(())
}
pub fn pop_except(vm: &mut Vm, _arg: u32) -> Flow {
    let old = vm.pop();
    drop(std::mem::replace(&mut vm.handled, old));
    Ok(())
}
pub fn check_exc_match(vm: &mut Vm, _arg: u32) -> Flow {
    let class = vm.pop();
    let e = vm.peek(0);
    let classes = class.get::<Tuple>().map_or(std::slice::from_ref(&class), Tuple::as_slice);
    let mut found = false;
    for c in classes {
        if !is_exception_class(c) {
            let message = "catching classes that do not inherit from BaseException is not allowed";
            return Err(vm.raise("TypeError", message).into());
        }
        found |= vm.is_instance(Value::of(&e), c);
    }
    vm.push(Value::bool(found));
    Ok(())
}

/// A class derived from BaseException: that is what gives its instances their layout.
fn is_exception_class(v: &Value) -> bool {
    v.get::<Type>().is_some_and(|t| t.instance.get() == Kind::Exception)
}

pub fn raise_varargs(vm: &mut Vm, n: u32) -> Flow {
    if n == 0 {
        let e = vm.handled_now();
        if e.is_none() {
            return Err(vm.raise("RuntimeError", "No active exception to reraise").into());
        }
        vm.reraising = true;
        return Err(vm.set_pending(e).into());
    }
    let cause = if n == 2 { Some(vm.pop()) } else { None };
    let what = vm.pop();
    let e = exception_of(vm, what, "exceptions must derive from BaseException")?;
    if let Some(c) = cause {
        let c = if c.is_none() {
            c
        } else {
            exception_of(vm, c, "exception causes must derive from BaseException")?
        };
        let x = e.as_::<Exception>();
        *x.cause.borrow_mut() = c;
        x.suppress_context.set(true);
    }
    Err(vm.raise_value(e).into())
}

/// An instance: the object itself or, of a class, a new one.
fn exception_of(vm: &mut Vm, v: Value, error: &str) -> R<Value> {
    if v.is_kind(Kind::Exception) {
        return Ok(v);
    }
    if is_exception_class(&v) {
        if let Some(e) = vm.plain_exception(&v, &[]) {
            return Ok(e);
        }
        return new_exception(vm, &v, &[]);
    }
    Err(vm.raise("TypeError", error))
}
/// Calls an exception class, which must answer an exception.
pub(crate) fn new_exception(vm: &mut Vm, class: &Value, args: &[Value]) -> R<Value> {
    let e = vm.instantiate(class, args, Kw::NONE)?;
    if e.is_kind(Kind::Exception) {
        return Ok(e);
    }
    let (class, got) = (vm.repr_string(class)?, vm.type_of(&e).clone());
    let got = vm.repr_string(&got)?;
    vm.fail(
        "TypeError",
        format!("calling {class} should have returned an instance of BaseException, not {got}"),
    )
}

/// Raises the exception on top again. `arg` > 0: the offset of the original raise lies `arg` below it.
pub fn reraise(vm: &mut Vm, arg: u32) -> Flow {
    let e = vm.pop();
    if !e.is_kind(Kind::Exception) {
        return Err(vm.raise("SystemError", "what is raised again is no exception").into());
    }
    if arg > 0 {
        let at = vm.peek(arg as usize - 1).int();
        vm.reraise_lasti = Some(at as u32 / 2);
    }
    vm.reraising = true;
    vm.set_pending(e);
    // The event names this instruction, which has no caches.
    vm.raise_at = RaiseAt::EndUnit;
    Err(Exc.into())
}

/// exception, classes of `except*` -> the part that does not match, the part that does (None: no such part)
pub fn check_eg_match(vm: &mut Vm, _arg: u32) -> Flow {
    let (classes, e) = (vm.peek(0).to_value(), vm.peek(1).to_value());
    let (matching, rest) = vm.split_for_handler(&e, &classes)?;
    drop(vm.pop());
    drop(vm.pop());
    if !matching.is_none() {
        // The matching part is what the handler handles.
        drop(std::mem::replace(&mut vm.handled, matching.clone()));
    }
    vm.push(rest);
    vm.push(matching);
    Ok(())
}
