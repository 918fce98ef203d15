//! Generators and their kin at work: entering, suspending, ending; send, throw, close.
//!
//! A generator's frame is part of it; resumed, it is linked above the one that resumed it. Resumed by FOR_ITER or SEND, it returns into the middle of that
//! instruction's caller without recursion in Rust; resumed from Rust it is an entry frame.
//!
//! Handled exceptions form a chain: `vm.handled` belongs to the innermost running generator (or to the plain
//! code), `Generator::handled` of a running generator to the context below it.

use crate::code::{CO_ASYNC_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE, Code};
use crate::error::{Exc, R};
use crate::frame::{FLAG_ENTRY, FLAG_GENERATOR, FLAG_INIT, FLAG_OBJECT, FLAG_SEND, Frame, NO_PREV};
use crate::machine::{Flow, Stop};
use crate::object::{Flavour, FrameObject, Function, GenState, Generator, Kind, Kw, Tuple};
use crate::op;
use crate::value::{Value, Word};
use crate::vm::{RaiseAt, Vm, take_locals};
use seriema_monitoring::Event;

/// What came of resuming something.
pub enum Sent {
    Yield(Value),
    Return(Value),
}

/// Inline-cache units of FOR_ITER and SEND.
const SKIP: u16 = 1;

// ---- the opcodes

/// Turns the current frame into a generator and returns that.
pub fn return_generator(vm: &mut Vm, _arg: u32) -> Flow {
    let f = vm.frame();
    let code: &Code = f.code();
    let (flavour, ty) = vm.flavour_of(code);
    // SAFETY: the frame goes, what it owned moves to the generator.
    let gen_ =
        unsafe { Generator::new(ty, flavour, f.func, f.names, f.ip, f.locals, code.nlocalsplus as usize) };
    let entry = f.flags & FLAG_ENTRY != 0;
    if f.flags & FLAG_OBJECT != 0 {
        // The frame object goes with it.
        let o = Value::of(&f.link).as_::<FrameObject>();
        o.frame.set(std::ptr::null_mut());
        o.generator.set(gen_.as_::<Generator>());
        gen_.as_::<Generator>().frame_object.set(f.link);
    }
    let skip = f.ret_skip;
    vm.frame = f.prev;
    vm.depth_left += 1;
    if flavour == Flavour::Coroutine {
        vm.note_origin(gen_.as_());
    }
    if entry {
        vm.set_result(Ok(gen_));
        return Err(Stop::Exit);
    }
    let f = vm.frame();
    f.ip = f.ip.wrapping_add(skip as usize);
    vm.push(gen_);
    Ok(())
}

/// The call of a generator function with the `n` arguments at `first`, which takes over the reference to the
/// function and the arguments. NULL: it needs a frame, or fails; nothing has been done.
///
/// # Safety
/// `func` is a function, the arguments are owned words.
#[inline(never)]
pub(crate) unsafe fn make_directly(vm: *mut Vm, func: Word, first: *const Word, n: usize) -> Word {
    // SAFETY: as promised; the VM is live.
    unsafe {
        let vm = &mut *vm;
        let code: *const Code = func.cast::<Function>().code();
        let code = &*code;
        let entry = code.generator_entry as usize;
        // A probe may stand where the frame would begin.
        if entry == 0 || code.argcount as usize != n || code.probed.get() || vm.depth_left == 0 {
            return Word::NULL;
        }
        let (flavour, ty) = vm.flavour_of(code);
        if flavour == Flavour::Coroutine && vm.async_hooks.origin_depth != 0 {
            return Word::NULL;
        }
        let ip = code.live.as_ptr().add(entry);
        Generator::new(ty, flavour, func, Word::NULL, ip, first, n).into_word()
    }
}

/// Suspends the generator of the current frame, with the value on top of the stack as its result. `arg`: 1 in
/// `yield from` and `await`.
pub fn yield_value(vm: &mut Vm, arg: u32) -> Flow {
    let v = vm.pop();
    let f = vm.frame();
    let (entry, skip) = (f.flags & FLAG_ENTRY != 0, f.ret_skip);
    // SAFETY: the current frame is a generator's and shows where it is.
    unsafe { suspend(vm, arg) };
    if entry {
        vm.yielded = true;
        vm.set_result(Ok(v));
        return Err(Stop::Exit);
    }
    let f = vm.frame();
    f.ip = f.ip.wrapping_add(skip as usize);
    vm.push(v);
    Ok(())
}

/// FOR_ITER on a generator: enters it.
pub fn for_iter_generator(vm: &mut Vm, arg: u32) -> Flow {
    let it = vm.peek(0);
    // SAFETY: the body saw the kind; the stack keeps it.
    let g: &Generator = unsafe { it.cast() };
    if g.flavour == Flavour::Generator && g.is_suspended() {
        let skip = u16::try_from(arg + 2).unwrap_or(u16::MAX);
        return Ok(vm.enter_generator(g, Value::NONE, 0, SKIP, skip)?);
    }
    let it = it.to_value();
    match vm.next(&it)? {
        Some(v) => {
            vm.push(v);
            super::skip(vm, SKIP as usize);
        }
        None => super::skip(vm, arg as usize + 2),
    }
    Ok(())
}

/// SEND: receiver, value -> receiver, what it yielded; or behind the loop with what it returned.
pub fn send(vm: &mut Vm, arg: u32) -> Flow {
    let receiver = vm.peek(1);
    // SAFETY: the stack keeps the receiver.
    if let Some(g) = unsafe { receiver.downcast::<Generator>() }
        && g.flavour != Flavour::AsyncGenerator
        && g.is_suspended()
    {
        let v = vm.pop();
        let skip = u16::try_from(arg + SKIP as u32).unwrap_or(u16::MAX);
        return Ok(vm.enter_generator(g, v, FLAG_SEND, SKIP, skip)?);
    }
    let receiver = receiver.to_value();
    let v = vm.peek(0).to_value();
    let sent = vm.send_to(&receiver, v, true)?;
    drop(vm.pop());
    match sent {
        Sent::Yield(v) => {
            vm.push(v);
            super::skip(vm, SKIP as usize);
        }
        Sent::Return(v) => {
            vm.push(v);
            super::skip(vm, SKIP as usize + arg as usize);
        }
    }
    Ok(())
}

pub fn get_yield_from_iter(vm: &mut Vm, _arg: u32) -> Flow {
    let v = vm.peek(0).to_value();
    if let Some(g) = v.get::<Generator>() {
        match g.flavour {
            Flavour::Generator => return Ok(()),
            Flavour::Coroutine => {
                if vm.frame().code().flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE) == 0 {
                    let message = "cannot 'yield from' a coroutine object in a non-coroutine generator";
                    return Err(vm.raise("TypeError", message).into());
                }
                return Ok(());
            }
            Flavour::AsyncGenerator => {}
        }
    }
    let it = vm.get_iter(&v)?;
    drop(vm.pop());
    vm.push(it);
    Ok(())
}

/// iterator, value sent last, exception -> None, value of the StopIteration; anything else is raised on.
pub fn cleanup_throw(vm: &mut Vm, _arg: u32) -> Flow {
    let e = vm.peek(0).to_value();
    if vm.is_instance(&e, vm.types.exception("StopIteration")) {
        let v = vm.stop_value(&e);
        for _ in 0..3 {
            drop(vm.pop());
        }
        vm.push(Value::NONE);
        vm.push(v);
        return Ok(());
    }
    vm.reraising = true;
    Err(vm.set_pending(e).into())
}

/// RETURN_VALUE in a frame with flags.
pub fn leave_special(vm: &mut Vm, _arg: u32) -> Flow {
    vm.leave_special_frame()
}

#[inline(always)]
pub(crate) fn generator_of<'a>(f: &Frame) -> &'a Generator {
    debug_assert!(f.flags & FLAG_GENERATOR != 0);
    // SAFETY: whoever resumed a generator keeps it while its frame is on the stack.
    unsafe { f.link.cast() }
}

/// Suspends the generator of the current frame, which becomes its caller's.
///
/// # Safety
/// The current frame is a generator's, its `ip` and `sp` are up to date, the value it yields has been taken off
/// its stack.
#[inline(always)]
pub(crate) unsafe fn suspend(vm: *mut Vm, arg: u32) {
    // SAFETY: the frame is part of the generator, which its resumer keeps.
    unsafe {
        let f = (*vm).frame;
        let g = generator_of(&*f);
        g.state.set(if arg & 1 != 0 { GenState::Delegating } else { GenState::Suspended });
        (*vm).step_out(g);
        (*vm).frame = std::mem::replace(&mut (*f).prev, std::ptr::null_mut());
        (*vm).depth_left += 1;
    }
}

/// Makes a suspended generator's frame the current one. `sent` becomes the value of its `yield`. False: there is
/// no room, nothing has been done.
///
/// # Safety
/// The current frame's `ip` and `sp` are up to date, `sent` is owned, the generator is suspended and kept by the
/// caller.
#[inline(always)]
pub(crate) unsafe fn resume_frame(
    vm: *mut Vm,
    g: &Generator,
    sent: Word,
    flags: u32,
    ret_skip: u16,
    end_skip: u16,
) -> bool {
    // SAFETY: the frame is the generator's own, its stack has room for what is sent (the value that it yielded
    // was there); a body that yields no value, only begins, drops it.
    unsafe {
        if (*vm).depth_left == 0 {
            return false;
        }
        (*vm).depth_left -= 1;
        let caller = (*vm).frame;
        let f = g.frame_ptr();
        g.room.set((*caller).free());
        *(*f).sp = sent;
        (*f).sp = (*f).sp.add(1);
        (*f).prev = caller;
        (*f).flags = flags | FLAG_GENERATOR;
        (*f).ret_skip = ret_skip;
        (*f).end_skip = end_skip;
        (*f).prev_unit = NO_PREV;
        (*f).overlaid = 0;
        (*vm).frame = f;
        (*vm).step_in(g);
        true
    }
}

impl Vm {
    /// Makes a suspended generator's frame the current one. `sent` becomes the value of its `yield`.
    pub(crate) fn enter_generator(
        &mut self,
        g: &Generator,
        sent: Value,
        flags: u32,
        ret_skip: u16,
        end_skip: u16,
    ) -> R {
        // SAFETY: the frame is up to date while Rust runs; whoever resumes a generator keeps it.
        if unsafe { resume_frame(self, g, sent.word(), flags, ret_skip, end_skip) } {
            std::mem::forget(sent);
            return Ok(());
        }
        Err(self.raise("RecursionError", "maximum recursion depth exceeded"))
    }

    #[inline(always)]
    /// The generator that a generator function called with these arguments makes, if that needs no frame.
    pub(crate) fn make_generator(&mut self, f: &Value, args: &[Value]) -> Option<Value> {
        // SAFETY: references are made for what the generator takes over, and given up if it does not.
        unsafe {
            let own = |w: Word| w.incref();
            let func = own(f.word());
            args.iter().for_each(|a| _ = own(a.word()));
            let g = make_directly(self, func, args.as_ptr().cast(), args.len());
            if g.is_null() {
                func.decref();
                args.iter().for_each(|a| a.word().decref());
                return None;
            }
            Some(Value::from_word(g))
        }
    }
    fn flavour_of(&self, code: &Code) -> (Flavour, &Value) {
        match () {
            _ if code.flags & CO_COROUTINE != 0 => (Flavour::Coroutine, &self.types.coroutine),
            _ if code.flags & CO_ASYNC_GENERATOR != 0 => {
                (Flavour::AsyncGenerator, &self.types.async_generator)
            }
            _ => (Flavour::Generator, &self.types.generator),
        }
    }
    #[inline(always)]
    fn step_in(&mut self, g: &Generator) {
        g.state.set(GenState::Running);
        g.below.set(self.running);
        self.running = g;
        self.exchange_handled(g);
    }
    #[inline(always)]
    pub(crate) fn step_out(&mut self, g: &Generator) {
        self.running = g.below.replace(std::ptr::null());
        self.exchange_handled(g);
    }
    #[inline(always)]
    fn exchange_handled(&mut self, g: &Generator) {
        let ours = std::mem::ManuallyDrop::new(std::mem::replace(&mut self.handled, Value::NONE)).word();
        let theirs = g.handled.replace(ours);
        // SAFETY: both words are owned, and change places; what is overwritten is None.
        unsafe { std::ptr::write(&mut self.handled, Value::from_word(theirs)) };
    }

    /// The exception being handled: of the running generator or, if it handles none, of what resumed it.
    pub fn handled_now(&self) -> Value {
        let mut g = self.running;
        if !self.handled.is_none() {
            return self.handled.clone();
        }
        while !g.is_null() {
            // SAFETY: running generators are kept by whoever resumed them.
            unsafe {
                if (*g).handled.get() != Word::NONE {
                    return (*g).handled.get().to_value();
                }
                g = (*g).below.get();
            }
        }
        Value::NONE
    }

    /// Ends the generator of the current frame, which is popped. The words of the frame are dropped while it
    /// is still current.
    pub(crate) fn pop_generator_frame(&mut self) {
        // SAFETY: the current frame; its memory is not reused before this function ends.
        let f: &Frame = unsafe { &*self.frame };
        let g = generator_of(f);
        g.part_from_object();
        g.state.set(GenState::Done);
        self.step_out(g);
        drop(g.swap_handled(Value::NONE));
        while self.frame().sp > self.frame().stack_base() {
            drop(self.pop());
        }
        // SAFETY: the generator's frame, which its resumer keeps; the slots own their words.
        unsafe {
            let last = take_locals(f.locals, f.code().nlocalsplus as usize);
            self.frame = std::mem::replace(&mut (*self.frame).prev, std::ptr::null_mut());
            self.depth_left += 1;
            last.into_iter().for_each(|w| w.decref());
        }
    }

    /// RETURN_VALUE in a frame with flags.
    pub(crate) fn leave_special_frame(&mut self) -> Flow {
        let result = self.pop();
        let f = self.frame();
        let (flags, ret_skip, end_skip) = (f.flags, f.ret_skip, f.end_skip);
        self.pop_frame();
        if flags & FLAG_ENTRY != 0 {
            self.yielded = false;
            self.set_result(Ok(result));
            return Err(Stop::Exit);
        }
        let f = self.frame();
        if flags & FLAG_INIT != 0 {
            if !result.is_none() {
                let message = format!("__init__() should return None, not '{}'", self.type_name(&result));
                return Err(self.raise("TypeError", message).into());
            }
            f.ip = f.ip.wrapping_add(ret_skip as usize);
            return Ok(());
        }
        if flags & FLAG_GENERATOR == 0 {
            f.ip = f.ip.wrapping_add(ret_skip as usize);
            self.push(result);
            return Ok(());
        }
        let skip = match end_skip {
            u16::MAX => {
                let arg = f.code().base_arg(f.unit()) as usize;
                arg + if flags & FLAG_SEND != 0 { SKIP as usize } else { 2 }
            }
            n => n as usize,
        };
        if flags & FLAG_SEND != 0 {
            f.ip = f.ip.wrapping_add(skip);
            self.push(result);
            return Ok(());
        }
        // The end of a loop. A value was the StopIteration's (rule M151).
        if !result.is_none() {
            self.fire_stop(result)?;
        }
        let f = self.frame();
        f.ip = f.ip.wrapping_add(skip);
        Ok(())
    }

    /// RAISE for a StopIteration that the instruction under way swallows (rule M133).
    pub(crate) fn fire_stop(&mut self, value: Value) -> R {
        if !self.hears_raise() {
            return Ok(());
        }
        let e = self.stop_iteration_of(value)?;
        self.fire_swallowed(&e)
    }
    pub(crate) fn hears_unwind(&self) -> bool {
        !self.monitor.global(Event::PyUnwind).is_empty()
    }
    pub(crate) fn hears_raise(&self) -> bool {
        !self.monitor.global(Event::Raise).and(self.monitor.heard(Event::Raise)).is_empty()
    }
    pub(crate) fn fire_swallowed(&mut self, e: &Value) -> R {
        let unit = self.frame().unit() as u32;
        self.fire_global(Event::Raise, unit, e)
    }

    /// The StopIteration that carries a value, made as if by raising it (rule M152).
    pub(crate) fn stop_iteration_of(&mut self, value: Value) -> R<Value> {
        if value.is_kind(Kind::Exception) && self.is_instance(&value, self.types.exception("StopIteration")) {
            return Ok(value);
        }
        let args = match () {
            _ if value.is_none() => self.tuple(vec![]),
            _ if value.is_kind(Kind::Tuple) => {
                let items = self.to_vec(&value)?;
                self.tuple(items)
            }
            _ => Tuple::new(&self.types.tuple, std::iter::once(value)),
        };
        Ok(self.stop_iteration_with(args))
    }
    /// Raises StopIteration with a return value that is passed as it is.
    pub(crate) fn raise_stop(&mut self, value: Value) -> Exc {
        let args = if value.is_none() { vec![] } else { vec![value] };
        self.raise_type("StopIteration", args)
    }
    pub(crate) fn stop_value(&mut self, e: &Value) -> Value {
        let name = self.intern("value");
        match self.get_attr_opt(e, &name) {
            Ok(Some(v)) => v,
            Ok(None) => Value::NONE,
            Err(_) => {
                drop(self.take_pending());
                Value::NONE
            }
        }
    }

    /// CALL_INTRINSIC_1: a StopIteration (or, of asynchronous generators, StopAsyncIteration) that leaves a
    /// body becomes a RuntimeError.
    pub(crate) fn stop_iteration_error(&mut self, e: Value) -> Value {
        let flags = self.frame().code().flags;
        let is = |vm: &Vm, class: &str| vm.is_instance(&e, vm.types.exception(class));
        let noun = match () {
            _ if flags & CO_ASYNC_GENERATOR != 0 => "async generator",
            _ if flags & CO_COROUTINE != 0 => "coroutine",
            _ => "generator",
        };
        let what = match () {
            _ if is(self, "StopIteration") => "StopIteration",
            _ if flags & CO_ASYNC_GENERATOR != 0 && is(self, "StopAsyncIteration") => "StopAsyncIteration",
            _ => return e,
        };
        let m = self.string(format!("{noun} raised {what}"));
        let new = self.make_exception("RuntimeError", vec![m]);
        let x = new.as_::<crate::object::Exception>();
        *x.cause.borrow_mut() = e.clone();
        *x.context.borrow_mut() = e;
        x.suppress_context.set(true);
        new
    }

    // ---- from Rust

    /// Resumes a generator or coroutine from Rust.
    pub fn gen_send(&mut self, v: &Value, sent: Value) -> R<Sent> {
        let g = v.as_::<Generator>();
        match g.state.get() {
            GenState::Running => Err(self.already_executing(g)),
            GenState::Done if g.flavour == Flavour::Coroutine => {
                self.fail("RuntimeError", "cannot reuse already awaited coroutine")
            }
            GenState::Done => Ok(Sent::Return(Value::NONE)),
            GenState::Created if !sent.is_none() => {
                let message = format!("can't send non-None value to a just-started {}", g.flavour.noun());
                self.fail("TypeError", message)
            }
            _ => {
                self.guard_native_stack()?;
                // It must not go while its frame is on the stack.
                let _keep = v.clone();
                self.enter_generator(g, sent, FLAG_ENTRY, 0, 0)?;
                let r = crate::interp::run(self)?;
                Ok(self.how_it_left(r))
            }
        }
    }
    /// `next` of a generator that is no coroutine.
    pub(crate) fn next_of_generator(&mut self, v: &Value) -> R<Option<Value>> {
        let g = v.as_::<Generator>();
        if let GenState::Running | GenState::Done = g.state.get() {
            return match self.gen_send(v, Value::NONE)? {
                Sent::Yield(v) => Ok(Some(v)),
                Sent::Return(_) => Ok(None),
            };
        }
        self.guard_native_stack()?;
        // It must not go while its frame is on the stack.
        let _keep = v.clone();
        // SAFETY: as in `enter_generator`; None is no object.
        if unsafe { resume_frame(self, g, Word::NONE, FLAG_ENTRY, 0, 0) } {
            let r = crate::interp::run(self)?;
            return Ok(std::mem::take(&mut self.yielded).then_some(r));
        }
        Err(self.raise("RecursionError", "maximum recursion depth exceeded"))
    }
    fn how_it_left(&mut self, r: Value) -> Sent {
        if std::mem::take(&mut self.yielded) { Sent::Yield(r) } else { Sent::Return(r) }
    }
    fn already_executing(&mut self, g: &Generator) -> Exc {
        self.raise("ValueError", format!("{} already executing", g.flavour.noun()))
    }

    /// Raises the pending exception inside a suspended generator.
    fn gen_raise(&mut self, v: &Value) -> R<Sent> {
        let g = v.as_::<Generator>();
        match g.state.get() {
            GenState::Running => {
                drop(self.take_pending());
                Err(self.already_executing(g))
            }
            GenState::Done if g.flavour == Flavour::Coroutine => {
                drop(self.take_pending());
                self.fail("RuntimeError", "cannot reuse already awaited coroutine")
            }
            GenState::Done => Err(Exc),
            _ => {
                let e = self.take_pending();
                self.guard_native_stack()?;
                let _keep = v.clone();
                let unit = g.next_unit() as u32;
                self.enter_generator(g, Value::NONE, FLAG_ENTRY, 0, 0)?;
                let code = Word(std::ptr::from_ref(g.code()) as u64).to_value();
                if code.as_::<Code>().seen.get() != self.version
                    && let Some(change) = self.last_change
                {
                    self.update_code(code.as_(), &change);
                }
                let mut e = self.raise_value_now(e);
                if self.fire_global(Event::PyThrow, unit, &e).is_err() {
                    e = self.take_pending();
                }
                self.set_pending(e);
                self.raise_at = RaiseAt::Thrown(unit);
                if self.unwind() {
                    let r = crate::interp::run(self)?;
                    return Ok(self.how_it_left(r));
                }
                self.take_result().map(Sent::Return)
            }
        }
    }
    /// Gives an exception the handled one as its context, as raising it does.
    fn raise_value_now(&mut self, e: Value) -> Value {
        self.raise_value(e);
        self.take_pending()
    }

    /// `throw`: raises `e` where the generator waits, innermost first.
    pub fn gen_throw(&mut self, v: &Value, e: Value) -> R<Sent> {
        self.gen_throw_in(v, e, true)
    }
    pub(crate) fn gen_throw_in(&mut self, v: &Value, e: Value, close_on_exit: bool) -> R<Sent> {
        self.guard_native_stack()?;
        let g = v.as_::<Generator>();
        let Some(inner) = g.waits_for() else {
            self.set_pending(e);
            return self.gen_raise(v);
        };
        let exit = self.types.exception("GeneratorExit").clone();
        if close_on_exit && self.is_instance(&e, &exit) {
            g.state.set(GenState::Running);
            let r = self.close_iterator(&inner);
            g.state.set(GenState::Delegating);
            if r.is_ok() {
                self.set_pending(e);
            }
            return self.gen_raise(v);
        }
        let native = inner.get::<Generator>().is_some_and(|i| i.flavour != Flavour::AsyncGenerator);
        let r = if native {
            let r = self.while_delegating(g, |vm| vm.gen_throw_in(&inner, e, close_on_exit));
            match r {
                Ok(Sent::Return(v)) => Err(self.raise_stop(v)),
                Ok(Sent::Yield(v)) => Ok(v),
                Err(e) => Err(e),
            }
        } else {
            let name = self.intern("throw");
            let Some(method) = self.get_attr_opt(&inner, &name)? else {
                self.set_pending(e);
                return self.gen_raise(v);
            };
            self.while_delegating(g, |vm| vm.call(&method, &[e], Kw::NONE))
        };
        match r {
            Ok(v) => Ok(Sent::Yield(v)),
            Err(_) => self.gen_raise(v),
        }
    }

    /// Runs something of what `g` delegates to with its frame linked below, so that backtraces are whole.
    fn while_delegating<T>(&mut self, g: &Generator, run: impl FnOnce(&mut Vm) -> T) -> T {
        let (f, caller) = (g.frame_ptr(), self.frame);
        g.state.set(GenState::Running);
        // SAFETY: the frame is the generator's, which the caller keeps; both are unlinked in the order of linking.
        unsafe {
            g.room.set((*caller).free());
            (*f).prev = caller;
            self.frame = f;
            let r = run(self);
            self.frame = caller;
            (*f).prev = std::ptr::null_mut();
            g.state.set(GenState::Delegating);
            r
        }
    }

    /// `close`: what the generator returned on its GeneratorExit.
    pub fn gen_close(&mut self, v: &Value) -> R<Value> {
        let g = v.as_::<Generator>();
        match g.state.get() {
            GenState::Running => return Err(self.already_executing(g)),
            GenState::Done => return Ok(Value::NONE),
            GenState::Created => {
                g.part_from_object();
                g.drop_words();
                return Ok(Value::NONE);
            }
            _ => {}
        }
        let mut failed = false;
        if let Some(inner) = g.waits_for() {
            g.state.set(GenState::Running);
            failed = self.close_iterator(&inner).is_err();
            g.state.set(GenState::Delegating);
        } else {
            // A yield outside any try and with: nothing in the body can notice (rule M141).
            let code = g.code();
            let at = g.next_unit();
            if code.base_op(at) == op::RESUME && code.base_arg(at) & 4 != 0 && !self.hears_unwind() {
                g.part_from_object();
                g.drop_words();
                drop(g.swap_handled(Value::NONE));
                return Ok(Value::NONE);
            }
        }
        if !failed {
            let e = self.make_exception("GeneratorExit", vec![]);
            self.set_pending(e);
        }
        match self.gen_raise(v) {
            Ok(Sent::Yield(_)) => {
                self.fail("RuntimeError", format!("{} ignored GeneratorExit", g.flavour.noun()))
            }
            Ok(Sent::Return(v)) => Ok(v),
            Err(_) => {
                let e = self.take_pending();
                if self.is_instance(&e, self.types.exception("GeneratorExit")) {
                    return Ok(Value::NONE);
                }
                if self.is_instance(&e, self.types.exception("StopIteration")) {
                    return Ok(self.stop_value(&e));
                }
                Err(self.set_pending(e))
            }
        }
    }

    /// Closes what a generator delegates to, if it can be closed.
    fn close_iterator(&mut self, it: &Value) -> R {
        if it.get::<Generator>().is_some_and(|g| g.flavour != Flavour::AsyncGenerator) {
            return self.gen_close(it).map(drop);
        }
        let name = self.intern("close");
        match self.get_attr_opt(it, &name)? {
            Some(close) => self.call(&close, &[], Kw::NONE).map(drop),
            None => Ok(()),
        }
    }

    /// Sends a value into anything that `yield from` and `await` accept. `seen`: a StopIteration that ends it
    /// is an event of the SEND under way (rule M133).
    pub fn send_to(&mut self, receiver: &Value, v: Value, seen: bool) -> R<Sent> {
        if receiver.get::<Generator>().is_some_and(|g| g.flavour != Flavour::AsyncGenerator) {
            return self.gen_send(receiver, v);
        }
        if receiver.is_kind(Kind::Awaitable) {
            let r = self.step_send(receiver, v);
            return self.step_result(r, seen);
        }
        let plain = matches!(receiver.kind(), Some(Kind::RangeIter | Kind::SeqIter | Kind::EnumZip));
        let r = match () {
            _ if plain && v.is_none() => match self.next(receiver)? {
                Some(v) => return Ok(Sent::Yield(v)),
                None => return Ok(Sent::Return(Value::NONE)),
            },
            _ if v.is_none() => self.call_next(receiver),
            _ => {
                let name = self.intern("send");
                let method = self.get_attr(receiver, &name)?;
                self.call(&method, &[v], Kw::NONE)
            }
        };
        self.step_result(r, seen)
    }
    /// StopIteration is the end.
    fn step_result(&mut self, r: R<Value>, seen: bool) -> R<Sent> {
        match r {
            Ok(v) => Ok(Sent::Yield(v)),
            Err(e) => {
                let pending = self.take_pending();
                if !self.is_instance(&pending, self.types.exception("StopIteration")) {
                    self.set_pending(pending);
                    return Err(e);
                }
                if seen && self.hears_raise() {
                    self.fire_swallowed(&pending)?;
                }
                Ok(Sent::Return(self.stop_value(&pending)))
            }
        }
    }
    /// The next item; StopIteration is raised at the end.
    pub(crate) fn call_next(&mut self, it: &Value) -> R<Value> {
        let name = self.intern("__next__");
        let found = self.type_of(it).as_::<crate::object::Type>().lookup(&name);
        match found {
            Some(f) => self.call(&f, std::slice::from_ref(it), Kw::NONE),
            None => match self.next(it)? {
                Some(v) => Ok(v),
                None => Err(self.raise_stop(Value::NONE)),
            },
        }
    }

    /// The last reference to a suspended generator went: it is closed, or its hook told.
    pub(crate) fn finalize_generator(&mut self, v: &Value) {
        let saved = self.save_raising();
        let g = v.as_::<Generator>();
        let finalizer = match g.flavour {
            Flavour::AsyncGenerator => g.rare().finalizer.borrow().clone(),
            _ => None,
        };
        match (finalizer, g.flavour, g.state.get()) {
            (Some(f), _, _) if !g.closed() => {
                if self.call(&f, std::slice::from_ref(v), Kw::NONE).is_err() {
                    let e = self.take_pending();
                    self.unraisable(e, Some("Exception ignored while finalizing generator"), v);
                }
            }
            (_, Flavour::Coroutine, GenState::Created) => self.warn_never_awaited(v),
            (_, _, GenState::Created) => {}
            _ => {
                if self.gen_close(v).is_err() {
                    let e = self.take_pending();
                    self.unraisable(e, Some("Exception ignored while closing generator"), v);
                }
            }
        }
        self.restore_raising(saved);
    }
}
