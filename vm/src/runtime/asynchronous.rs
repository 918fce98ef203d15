//! `await`, `async for`, asynchronous generators.

use super::generator::Sent;
use crate::code::CO_ITERABLE_COROUTINE;
use crate::error::R;
use crate::machine::Flow;
use crate::object::{Awaitable, Exception, Flavour, GenState, Generator, Kind, Kw, Step, StepState, Tuple};
use crate::value::Value;
use crate::vm::Vm;

/// What `sys` can set.
#[derive(Default)]
pub struct AsyncHooks {
    /// Called with an asynchronous generator when it is first iterated, or None.
    pub first: Option<Value>,
    /// Called with one that goes while it is suspended.
    pub finalizer: Option<Value>,
    pub origin_depth: usize,
}

// ---- the opcodes

pub fn get_awaitable(vm: &mut Vm, why: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let it = match vm.awaitable_iter(&v) {
        Ok(it) => it,
        Err(e) => {
            let method = if why == 1 { "__aenter__" } else { "__aexit__" };
            if (why == 1 || why == 2) && vm.method_of_class(&v, "__await__")?.is_none() {
                let e = vm.take_pending();
                drop(e);
                let message = format!(
                    "'async with' received an object from {method} that does not implement __await__: {}",
                    vm.type_name(&v)
                );
                return Err(vm.raise("TypeError", message).into());
            }
            return Err(e.into());
        }
    };
    if let Some(g) = it.get::<Generator>()
        && g.flavour == Flavour::Coroutine
        && g.waits_for().is_some()
    {
        return Err(vm.raise("RuntimeError", "coroutine is being awaited already").into());
    }
    drop(vm.pop());
    vm.push(it);
    Ok(())
}

pub fn get_aiter(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.peek(0).to_value();
    let Some(it) = vm.call_of_class(&v, "__aiter__", &[])? else {
        let message =
            format!("'async for' requires an object with __aiter__ method, got {}", vm.type_name(&v));
        return Err(vm.raise("TypeError", message).into());
    };
    if vm.method_of_class(&it, "__anext__")?.is_none() {
        let message = format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            vm.type_name(&it)
        );
        return Err(vm.raise("TypeError", message).into());
    }
    drop(vm.pop());
    vm.push(it);
    Ok(())
}

/// iterator -> iterator, awaitable of its next item
pub fn get_anext(vm: &mut Vm, _arg: u32) -> Flow {
    let it = vm.peek(0).to_value();
    if it.get::<Generator>().is_some_and(|g| g.flavour == Flavour::AsyncGenerator) {
        let step = vm.async_step(&it, Step::Asend, Value::NONE)?;
        vm.push(step);
        return Ok(());
    }
    let Some(next) = vm.call_of_class(&it, "__anext__", &[])? else {
        let message =
            format!("'async for' requires an iterator with __anext__ method, got {}", vm.type_name(&it));
        return Err(vm.raise("TypeError", message).into());
    };
    match vm.awaitable_iter(&next) {
        Ok(a) => vm.push(a),
        Err(_) => {
            let cause = vm.take_pending();
            let name = vm.type_name(&next);
            let m = vm.string(format!("'async for' received an invalid object from __anext__: {name}"));
            let e = vm.make_exception("TypeError", vec![m]);
            let x = e.as_::<Exception>();
            *x.cause.borrow_mut() = cause.clone();
            *x.context.borrow_mut() = cause;
            x.suppress_context.set(true);
            return Err(vm.set_pending(e).into());
        }
    }
    Ok(())
}

/// iterator, exception -> nothing, at the end; anything else is raised on.
pub fn end_async_for(vm: &mut Vm, _arg: u32) -> Flow {
    let e = vm.peek(0).to_value();
    if vm.is_instance(&e, vm.types.exception("StopAsyncIteration")) {
        drop(vm.pop());
        drop(vm.pop());
        return Ok(());
    }
    drop(vm.pop());
    vm.reraising = true;
    Err(vm.set_pending(e).into())
}

impl Vm {
    /// Calls a special method, looked up on the class; `None`: it has none.
    pub(crate) fn call_of_class(&mut self, obj: &Value, name: &str, args: &[Value]) -> R<Option<Value>> {
        let Some((f, self_)) = self.method_of_class(obj, name)? else { return Ok(None) };
        let all: Vec<Value> = self_.into_iter().chain(args.iter().cloned()).collect();
        self.call(&f, &all, Kw::NONE).map(Some)
    }

    /// The iterator that `await v` runs.
    pub(crate) fn awaitable_iter(&mut self, v: &Value) -> R<Value> {
        let native = |v: &Value| {
            v.get::<Generator>().is_some_and(|g| match g.flavour {
                Flavour::Coroutine => true,
                Flavour::Generator => g.code().flags & CO_ITERABLE_COROUTINE != 0,
                Flavour::AsyncGenerator => false,
            })
        };
        if native(v) {
            return Ok(v.clone());
        }
        let Some(it) = self.call_of_class(v, "__await__", &[])? else {
            let message = format!("'{}' object can't be awaited", self.type_name(v));
            return self.fail("TypeError", message);
        };
        if native(&it) {
            return self.fail("TypeError", "__await__() returned a coroutine");
        }
        let iterator = matches!(it.kind(), Some(Kind::Awaitable | Kind::Generator))
            || self.method_of_class(&it, "__next__")?.is_some();
        if !iterator {
            let message = format!("__await__() returned non-iterator of type '{}'", self.type_name(&it));
            return self.fail("TypeError", message);
        }
        Ok(it)
    }

    // ---- steps

    /// `asend` and its like: the hooks hear of the first one.
    pub(crate) fn async_step(&mut self, v: &Value, step: Step, arg: Value) -> R<Value> {
        let g = v.as_::<Generator>();
        if !g.rare().started.replace(true) {
            *g.rare().finalizer.borrow_mut() = self.async_hooks.finalizer.clone();
            if let Some(first) = self.async_hooks.first.clone() {
                self.call(&first, std::slice::from_ref(v), Kw::NONE)?;
            }
        }
        let ty = if step == Step::Asend { &self.types.asend } else { &self.types.athrow };
        Ok(Awaitable::new(ty, step, v.clone(), arg))
    }

    /// What a resumed asynchronous generator gave: an item is a StopIteration, the end StopAsyncIteration.
    fn unwrap_item(&mut self, g: &Generator, r: R<Sent>) -> R<Value> {
        match r {
            Ok(Sent::Yield(v)) => match v.get::<Awaitable>() {
                Some(w) if w.step == Step::Wrapped => {
                    g.rare().running.set(false);
                    let item = w.target.clone();
                    Err(self.raise_type("StopIteration", vec![item]))
                }
                _ => Ok(v),
            },
            Ok(Sent::Return(_)) => {
                g.rare().closed.set(true);
                g.rare().running.set(false);
                Err(self.raise_type("StopAsyncIteration", vec![]))
            }
            Err(e) => {
                if self.pending_is(&["StopAsyncIteration", "GeneratorExit"]) {
                    g.rare().closed.set(true);
                }
                g.rare().running.set(false);
                Err(e)
            }
        }
    }
    pub(crate) fn pending_is(&self, classes: &[&str]) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|e| classes.iter().any(|c| self.is_instance(e, self.types.exception(c))))
    }

    /// Says that the step cannot go on, or that it begins.
    fn begin_step(&mut self, a: &Awaitable, g: &Generator) -> R<bool> {
        let (used, busy) = match a.step {
            Step::Asend => ("__anext__()/asend()", "anext()"),
            Step::Aclose => ("aclose()/athrow()", "aclose()"),
            _ => ("aclose()/athrow()", "athrow()"),
        };
        match a.state.get() {
            StepState::Closed => self.fail("RuntimeError", format!("cannot reuse already awaited {used}")),
            StepState::Iter => Ok(false),
            StepState::Init if g.rare().running.get() => {
                a.state.set(StepState::Closed);
                self.fail("RuntimeError", format!("{busy}: asynchronous generator is already running"))
            }
            StepState::Init => Ok(true),
        }
    }

    pub(crate) fn step_send(&mut self, v: &Value, sent: Value) -> R<Value> {
        let a = v.as_::<Awaitable>();
        match a.step {
            Step::Wrapper => {
                let r = self.gen_send(&a.target, sent)?;
                self.sent(r)
            }
            Step::Asend => self.asend_send(a, sent),
            Step::Athrow | Step::Aclose => self.athrow_send(a, sent),
            Step::Anext => self.anext_step(a, |vm, it| {
                if sent.is_none() {
                    return vm.call_next(it);
                }
                let name = vm.intern("send");
                let f = vm.get_attr(it, &name)?;
                vm.call(&f, std::slice::from_ref(&sent), Kw::NONE)
            }),
            Step::Wrapped => self.fail("TypeError", "an item of an asynchronous generator cannot be resumed"),
        }
    }
    pub(crate) fn step_throw(&mut self, v: &Value, args: &[Value]) -> R<Value> {
        let a = v.as_::<Awaitable>();
        match a.step {
            Step::Wrapper => {
                let e = self.thrown(args)?;
                let r = self.gen_throw(&a.target, e)?;
                self.sent(r)
            }
            Step::Anext => self.anext_step(a, |vm, it| {
                let name = vm.intern("throw");
                let f = vm.get_attr(it, &name)?;
                vm.call(&f, args, Kw::NONE)
            }),
            Step::Wrapped => self.fail("TypeError", "an item of an asynchronous generator cannot be resumed"),
            Step::Asend | Step::Athrow | Step::Aclose => {
                let g = a.target.as_::<Generator>();
                if self.begin_step(a, g)? {
                    a.state.set(StepState::Iter);
                    g.rare().running.set(true);
                }
                let e = self.thrown(args)?;
                let r = self.gen_throw(&a.target, e);
                if a.step == Step::Aclose {
                    return self.closing(a, g, r);
                }
                let r = self.unwrap_item(g, r);
                if r.is_err() {
                    a.state.set(StepState::Closed);
                }
                r
            }
        }
    }
    pub(crate) fn step_close(&mut self, v: &Value) -> R<Value> {
        let a = v.as_::<Awaitable>();
        if a.step == Step::Wrapper {
            return self.gen_close(&a.target);
        }
        if a.step != Step::Anext && a.state.get() == StepState::Closed {
            return Ok(Value::NONE);
        }
        if a.step == Step::Anext {
            return self.anext_step(a, |vm, it| {
                let name = vm.intern("close");
                match vm.get_attr_opt(it, &name)? {
                    Some(f) => vm.call(&f, &[], Kw::NONE),
                    None => Ok(Value::NONE),
                }
            });
        }
        let exit = self.types.exception("GeneratorExit").clone();
        match self.step_throw(v, &[exit]) {
            Ok(_) => self.fail("RuntimeError", "coroutine ignored GeneratorExit"),
            Err(e) if self.pending_is(&["StopIteration", "StopAsyncIteration", "GeneratorExit"]) => {
                let _ = e;
                drop(self.take_pending());
                Ok(Value::NONE)
            }
            Err(e) => Err(e),
        }
    }

    fn asend_send(&mut self, a: &Awaitable, mut sent: Value) -> R<Value> {
        let g = a.target.as_::<Generator>();
        if self.begin_step(a, g)? {
            if sent.is_none() {
                sent = a.arg.borrow().clone();
            }
            a.state.set(StepState::Iter);
        }
        g.rare().running.set(true);
        let r = self.gen_send(&a.target, sent);
        let r = self.unwrap_item(g, r);
        if r.is_err() {
            a.state.set(StepState::Closed);
        }
        r
    }

    fn athrow_send(&mut self, a: &Awaitable, sent: Value) -> R<Value> {
        let g = a.target.as_::<Generator>();
        if a.state.get() != StepState::Closed && g.state.get() == GenState::Done {
            a.state.set(StepState::Closed);
            return Err(self.raise_stop(Value::NONE));
        }
        let closing = a.step == Step::Aclose;
        let r = if self.begin_step(a, g)? {
            if g.rare().closed.get() {
                a.state.set(StepState::Closed);
                return Err(self.raise_type("StopAsyncIteration", vec![]));
            }
            if !sent.is_none() {
                let message = "can't send non-None value to a just-started coroutine";
                return self.fail("RuntimeError", message);
            }
            a.state.set(StepState::Iter);
            g.rare().running.set(true);
            let e = if closing {
                g.rare().closed.set(true);
                Ok(self.make_exception("GeneratorExit", vec![]))
            } else {
                let args = a.arg.borrow().clone();
                self.thrown(args.get::<Tuple>().map_or(&[][..], |t| t.as_slice()))
            };
            match e {
                Ok(e) => self.gen_throw_in(&a.target, e, false),
                Err(e) => Err(e),
            }
        } else {
            self.gen_send(&a.target, sent)
        };
        if closing {
            return self.closing(a, g, r);
        }
        let r = self.unwrap_item(g, r);
        if r.is_err() {
            a.state.set(StepState::Closed);
        }
        r
    }

    /// What came of a step of `aclose`.
    fn closing(&mut self, a: &Awaitable, g: &Generator, r: R<Sent>) -> R<Value> {
        match r {
            Ok(Sent::Yield(v)) if v.get::<Awaitable>().is_some_and(|w| w.step == Step::Wrapped) => {
                g.rare().running.set(false);
                a.state.set(StepState::Closed);
                self.fail("RuntimeError", "async generator ignored GeneratorExit")
            }
            Ok(Sent::Yield(v)) => Ok(v),
            Ok(Sent::Return(_)) => {
                g.rare().running.set(false);
                a.state.set(StepState::Closed);
                Err(self.raise_stop(Value::NONE))
            }
            Err(e) => {
                g.rare().running.set(false);
                a.state.set(StepState::Closed);
                if self.pending_is(&["StopAsyncIteration", "GeneratorExit"]) {
                    drop(self.take_pending());
                    return Err(self.raise_stop(Value::NONE));
                }
                Err(e)
            }
        }
    }

    /// A step of `anext(iterator, default)`: the end is the default.
    fn anext_step(&mut self, a: &Awaitable, f: impl FnOnce(&mut Vm, &Value) -> R<Value>) -> R<Value> {
        let it = self.awaitable_iter(&a.target)?;
        let it = match it.get::<Generator>() {
            Some(g) if g.flavour == Flavour::Coroutine => {
                Awaitable::new(&self.types.coroutine_wrapper, Step::Wrapper, it.clone(), Value::NONE)
            }
            _ => it,
        };
        match f(self, &it) {
            Err(e) if self.pending_is(&["StopAsyncIteration"]) => {
                let _ = e;
                drop(self.take_pending());
                let default = a.arg.borrow().clone();
                Err(self.raise_stop(default))
            }
            r => r,
        }
    }

    // ---- what nobody awaited

    pub(crate) fn note_origin(&mut self, g: &Generator) {
        let depth = self.async_hooks.origin_depth;
        if depth == 0 {
            return;
        }
        let mut frames = vec![];
        let mut f = self.frame;
        // SAFETY: the chain of frames is valid; the bottom frame has no code.
        unsafe {
            while frames.len() < depth && !f.is_null() {
                if !(*f).code.is_null() {
                    let (file, line, name) =
                        ((*f).code().filename(), (*f).line() as i64, (*f).code().name.clone());
                    frames.push(self.tuple(vec![file, Value::small(line), name]));
                }
                f = (*f).prev;
            }
        }
        let t = self.tuple(frames);
        *g.rare().origin.borrow_mut() = Some(t);
    }

    pub(crate) fn warn_never_awaited(&mut self, v: &Value) {
        let by_module = self.import_module("warnings").and_then(|m| {
            let name = self.intern("_warn_unawaited_coroutine");
            match self.get_attr_opt(&m, &name)? {
                Some(f) => self.call(&f, std::slice::from_ref(v), Kw::NONE).map(Some),
                None => Ok(None),
            }
        });
        let mut warned = matches!(by_module, Ok(Some(_)));
        if by_module.is_err() {
            let e = self.take_pending();
            warned = self.is_instance(&e, self.types.exception("RuntimeWarning"));
            self.unraisable(e, Some(FINALIZING), v);
        }
        if !warned {
            let name = v.as_::<Generator>().qualname.borrow().clone();
            let name = self.str_string(&name).unwrap_or_default();
            let message = format!("coroutine '{name}' was never awaited");
            self.warn_or_unraisable("RuntimeWarning", message, FINALIZING, v);
        }
    }
    pub(crate) fn warn_step_never_awaited(&mut self, v: &Value) {
        let a = v.as_::<Awaitable>();
        let saved = self.save_raising();
        let name = a.target.as_::<Generator>().qualname.borrow().clone();
        let name = self.str_string(&name).unwrap_or_default();
        let method = match a.step {
            Step::Asend => "asend",
            Step::Athrow => "athrow",
            _ => "aclose",
        };
        let message = format!("coroutine method '{method}' of '{name}' was never awaited");
        let doing = "Exception ignored while finalizing async generator";
        self.warn_or_unraisable("RuntimeWarning", message, doing, &a.target);
        self.restore_raising(saved);
    }
    fn warn_or_unraisable(&mut self, class: &str, message: String, doing: &str, v: &Value) {
        if self.warn(class, message, 1).is_err() {
            let e = self.take_pending();
            self.unraisable(e, Some(doing), v);
        }
    }
}
const FINALIZING: &str = "Exception ignored while finalizing coroutine";

// ---- functions of `sys` and `builtins`

pub fn set_asyncgen_hooks(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("set_asyncgen_hooks", kw, &["firstiter", "finalizer"])?;
    let given = |i: usize, name: &str| args.get(i).or(kw.get(name)).cloned();
    let (first, finalizer) = (given(0, "firstiter"), given(1, "finalizer"));
    for (v, name) in [(&finalizer, "finalizer"), (&first, "firstiter")] {
        if let Some(v) = v
            && !v.is_none()
            && !vm.is_callable(v)
        {
            let message = format!("callable {name} expected, got {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    let some = |v: Value| if v.is_none() { None } else { Some(v) };
    if let Some(v) = finalizer {
        vm.async_hooks.finalizer = some(v);
    }
    if let Some(v) = first {
        vm.async_hooks.first = some(v);
    }
    Ok(Value::NONE)
}
pub fn get_asyncgen_hooks(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let hook = |v: &Option<Value>| v.clone().unwrap_or(Value::NONE);
    let (first, finalizer) = (hook(&vm.async_hooks.first), hook(&vm.async_hooks.finalizer));
    Ok(vm.struct_seq(&ASYNCGEN_HOOKS, vec![first, finalizer]))
}
static ASYNCGEN_HOOKS: crate::types::structseq::StructSeq =
    crate::types::structseq::StructSeq::new("asyncgen_hooks", &["firstiter", "finalizer"], 2);
pub fn set_origin_depth(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("set_coroutine_origin_tracking_depth", kw, &["depth"])?;
    let Some(v) = args.first().or(kw.get("depth")) else {
        let message = "set_coroutine_origin_tracking_depth() missing required argument 'depth' (pos 1)";
        return vm.fail("TypeError", message);
    };
    let depth = vm.index_size(v)?;
    match usize::try_from(depth) {
        Ok(d) => vm.async_hooks.origin_depth = d,
        Err(_) => return vm.fail("ValueError", "depth must be >= 0"),
    }
    Ok(Value::NONE)
}
pub fn aiter(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(it) = vm.call_of_class(&args[0], "__aiter__", &[])? else {
        let message = format!("'{}' object is not an async iterable", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    if vm.method_of_class(&it, "__anext__")?.is_none() {
        let message = format!("aiter() returned not an async iterator of type '{}'", vm.type_name(&it));
        return vm.fail("TypeError", message);
    }
    Ok(it)
}
pub fn anext(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(next) = vm.call_of_class(&args[0], "__anext__", &[])? else {
        let message = format!("'{}' object is not an async iterator", vm.type_name(&args[0]));
        return vm.fail("TypeError", message);
    };
    Ok(match args.get(1) {
        Some(default) => Awaitable::new(&vm.types.anext_awaitable, Step::Anext, next, default.clone()),
        None => next,
    })
}
