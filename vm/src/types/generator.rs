//! Methods and attributes of generators, coroutines and asynchronous generators.

use crate::error::R;
use crate::object::{
    Awaitable, BuiltinDef, Flavour, GenState, Generator, Kind, Kw, Step, Str, Traceback, Type,
};
use crate::runtime::exc::new_exception;
use crate::runtime::generator::Sent;
use crate::value::{Value, Word};
use crate::vm::Vm;

pub static GENERATOR: &[BuiltinDef] = &[
    BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
        let r = vm.gen_send(&a[0], Value::NONE)?;
        vm.sent(r)
    }),
    BuiltinDef::new("send", 1, 1, send),
    BuiltinDef::new("throw", 1, 3, throw),
    BuiltinDef::new("close", 0, 0, close),
];

pub static COROUTINE: &[BuiltinDef] = &[
    BuiltinDef::new("__await__", 0, 0, |vm, a, _| {
        Ok(Awaitable::new(&vm.types.coroutine_wrapper, Step::Wrapper, a[0].clone(), Value::NONE))
    }),
    BuiltinDef::new("send", 1, 1, send),
    BuiltinDef::new("throw", 1, 3, throw),
    BuiltinDef::new("close", 0, 0, close),
];

pub static ASYNC_GENERATOR: &[BuiltinDef] = &[
    BuiltinDef::new("__aiter__", 0, 0, |_, a, _| Ok(a[0].clone())),
    BuiltinDef::new("__anext__", 0, 0, |vm, a, _| vm.async_step(&a[0], Step::Asend, Value::NONE)),
    BuiltinDef::new("asend", 1, 1, |vm, a, _| vm.async_step(&a[0], Step::Asend, a[1].clone())),
    BuiltinDef::new("athrow", 1, 3, |vm, a, _| {
        vm.warn_throw(a.len() - 1)?;
        let args = vm.tuple(a[1..].to_vec());
        vm.async_step(&a[0], Step::Athrow, args)
    }),
    BuiltinDef::new("aclose", 0, 0, |vm, a, _| vm.async_step(&a[0], Step::Aclose, Value::NONE)),
];

/// Of what `await` iterates over.
pub static STEP: &[BuiltinDef] = &[
    BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
    BuiltinDef::new("__next__", 0, 0, |vm, a, _| vm.step_send(&a[0], Value::NONE)),
    BuiltinDef::new("send", 1, 1, |vm, a, _| vm.step_send(&a[0], a[1].clone())),
    BuiltinDef::new("throw", 1, 3, |vm, a, _| {
        vm.warn_throw(a.len() - 1)?;
        vm.step_throw(&a[0], &a[1..])
    }),
    BuiltinDef::new("close", 0, 0, |vm, a, _| vm.step_close(&a[0])),
];
pub static AWAIT: &[BuiltinDef] = &[BuiltinDef::new("__await__", 0, 0, |_, a, _| Ok(a[0].clone()))];

fn send(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let r = vm.gen_send(&a[0], a[1].clone())?;
    vm.sent(r)
}
fn close(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    vm.gen_close(&a[0])
}
fn throw(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    vm.warn_throw(a.len() - 1)?;
    let e = vm.thrown(&a[1..])?;
    let r = vm.gen_throw(&a[0], e)?;
    vm.sent(r)
}

impl Vm {
    /// As a method answers: a return is StopIteration.
    pub(crate) fn sent(&mut self, r: Sent) -> R<Value> {
        match r {
            Sent::Yield(v) => Ok(v),
            Sent::Return(v) => Err(self.raise_stop(v)),
        }
    }

    /// More than one argument of `throw` is the old way.
    pub(crate) fn warn_throw(&mut self, args: usize) -> R {
        if args < 2 {
            return Ok(());
        }
        let message =
            "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.";
        self.warn("DeprecationWarning", message, 1)
    }

    /// The exception of `throw(type, value, traceback)`.
    pub(crate) fn thrown(&mut self, a: &[Value]) -> R<Value> {
        let none = Value::NONE;
        let (what, value, tb) = (&a[0], a.get(1).unwrap_or(&none), a.get(2).unwrap_or(&none));
        if !tb.is_none() && !tb.is_kind(Kind::Traceback) {
            return self.fail("TypeError", "throw() third argument must be a traceback object");
        }
        let base = self.types.exception("BaseException").clone();
        let e = if what.get::<Type>().is_some_and(|t| t.is_subtype(&base)) {
            match () {
                _ if value.is_kind(Kind::Exception) && self.is_instance(value, what) => value.clone(),
                _ if value.is_none() => new_exception(self, what, &[])?,
                _ if value.is_kind(Kind::Tuple) => {
                    let args = self.to_vec(value)?;
                    new_exception(self, what, &args)?
                }
                _ => new_exception(self, what, std::slice::from_ref(value))?,
            }
        } else if what.is_kind(Kind::Exception) {
            if !value.is_none() {
                return self.fail("TypeError", "instance exception may not have a separate value");
            }
            what.clone()
        } else {
            let message = format!(
                "exceptions must be classes or instances deriving from BaseException, not {}",
                self.type_name(what)
            );
            return self.fail("TypeError", message);
        };
        if tb.get::<Traceback>().is_some() {
            let name = self.intern("__traceback__");
            self.set_attr(&e, &name, tb.clone())?;
        }
        Ok(e)
    }

    pub(crate) fn generator_special(&mut self, v: &Value, name: &str) -> Option<Value> {
        let g = v.as_::<Generator>();
        let state = g.state.get();
        let prefix = match g.flavour {
            Flavour::Generator => "gi_",
            Flavour::Coroutine => "cr_",
            Flavour::AsyncGenerator => "ag_",
        };
        Some(match name {
            "__name__" => g.name.borrow().clone(),
            "__qualname__" => g.qualname.borrow().clone(),
            "cr_origin" if g.flavour == Flavour::Coroutine => g.origin(),
            _ => match name.strip_prefix(prefix)? {
                "frame" if state == GenState::Done => Value::NONE,
                "frame" => self.generator_frame(v),
                "code" => Word(std::ptr::from_ref(g.code()) as u64).to_value(),
                "running" if g.flavour == Flavour::AsyncGenerator => Value::bool(g.rare().running.get()),
                "running" => Value::bool(state == GenState::Running),
                "suspended" => Value::bool(matches!(state, GenState::Suspended | GenState::Delegating)),
                "yieldfrom" if g.flavour == Flavour::Generator => g.waits_for().unwrap_or(Value::NONE),
                "await" if g.flavour != Flavour::Generator => g.waits_for().unwrap_or(Value::NONE),
                _ => return None,
            },
        })
    }
    pub(crate) fn set_generator_special(&mut self, v: &Value, name: &str, new: Option<&Value>) -> R<bool> {
        let g = v.as_::<Generator>();
        let slot = match name {
            "__name__" => &g.name,
            "__qualname__" => &g.qualname,
            _ => return Ok(false),
        };
        match new {
            Some(s) if s.get::<Str>().is_some() => drop(slot.replace(s.clone())),
            _ => return self.fail("TypeError", format!("{name} must be set to a string object")),
        }
        Ok(true)
    }
}
