//! Calls that the in-place path of the interpreter does not take: builtins, classes, methods, and Python
//! functions whose arguments must be bound by the rules.

use crate::code::{CO_VARARGS, CO_VARKEYWORDS, Code};
use crate::error::{Exc, R};
use crate::frame::{FLAG_ENTRY, FLAG_GENERATOR, FLAG_INIT, Frame, HEADER_WORDS};
use crate::machine::Flow;
use crate::monitor::CallHeard;
use crate::object::{
    Builtin, Dict, Function, INTERNED, Instance, Intrinsic, Kind, Kw, Method, Range, Route, Str, Tuple, Type,
    TypeFlags,
};
use crate::op;
use crate::types::descr::StaticMethod;
use crate::types::specials::{Special, with_self};
use crate::value::{Value, Word};
use crate::vm::Vm;

/// Inline-cache units of CALL and CALL_KW.
const SKIP: usize = 3;
/// Those of BINARY_OP.
const SUBSCR_SKIP: u16 = 5;

/// A bound method in callable position becomes function and self (M122).
pub fn expand_method(vm: &mut Vm, args: u32) -> Flow {
    expand(vm, args as usize)
}
pub fn expand_method_kw(vm: &mut Vm, args: u32) -> Flow {
    expand(vm, args as usize + 1)
}
fn expand(vm: &mut Vm, above: usize) -> Flow {
    if !vm.peek(above).is_null() {
        return Ok(());
    }
    let m = vm.peek(above + 1);
    // SAFETY: the stack owns the method; its words are replaced by owned ones before it is dropped.
    unsafe {
        let (func, self_) = (m.cast::<Method>().func.clone(), m.cast::<Method>().self_.clone());
        vm.poke(above + 1, func.into_word());
        vm.poke(above, self_.into_word());
        m.decref();
    }
    Ok(())
}

/// What a call on the stack looks like: callable, then self or NULL, then the arguments.
struct OnStack {
    callable: Value,
    /// First argument word (self included).
    args: *const Word,
    n: usize,
}

fn on_stack(vm: &Vm, args: usize, above: usize) -> OnStack {
    let callable = vm.peek(above + args + 1).to_value();
    let has_self = !vm.peek(above + args).is_null();
    let n = args + has_self as usize;
    let f = vm.frame();
    // SAFETY: the words are on the stack of the current frame.
    let first = unsafe { f.sp.sub(above + n) };
    OnStack { callable, args: first, n }
}

pub fn call(vm: &mut Vm, args: u32) -> Flow {
    call_positional(vm, args as usize, None)
}
pub fn call_probed(vm: &mut Vm, args: u32) -> Flow {
    let (args, heard) = (args as usize, vm.call_heard.take());
    if let Some(h) = heard
        && (call_direct(vm, args, heard)? || call_class_told(vm, args, h)?)
    {
        return Ok(());
    }
    call_positional(vm, args, heard)
}
/// Calls a class whose CALL has been told, with the arguments as they are. False: it is something else.
fn call_class_told(vm: &mut Vm, args: usize, heard: CallHeard) -> Flow<bool> {
    // SAFETY: as in `call_direct`.
    unsafe {
        let base = (*vm.frame).sp.sub(args + 2);
        if !(*base).is_kind(Kind::Type) || !(*base.add(1)).is_null() {
            return Ok(false);
        }
        let r = vm.instantiate(Value::of(&*base), Value::slice_of(base.add(2), args), Kw::NONE);
        let r = vm.before_result(r, |vm, failed| vm.fire_after_direct_call(heard, failed, base, args));
        replace_call(vm, base, r?.into_word(), SKIP);
    }
    Ok(true)
}

/// A call whose callable was a builtin the last time.
pub fn call_builtin(vm: &mut Vm, args: u32) -> Flow {
    if call_direct(vm, args as usize, None)? {
        return Ok(());
    }
    call_any(vm, args)
}
/// Calls the function of a builtin whose arguments fit as they are. False: it is something else.
#[inline(always)]
fn call_direct(vm: &mut Vm, args: usize, heard: Option<CallHeard>) -> Flow<bool> {
    // SAFETY: callable, self and arguments are on the stack, which owns them until the call is over; nested
    // frames go above them.
    unsafe {
        let base = (*vm.frame).sp.sub(args + 2);
        let callable = *base;
        if !callable.is_plain(Kind::Builtin) {
            return Ok(false);
        }
        let b = callable.cast::<Builtin>();
        let has_self = !(*base.add(1)).is_null() as usize;
        let given = Value::slice_of(base.add(2 - has_self), args + has_self);
        let Some(r) = direct(vm, b, given) else { return Ok(false) };
        let r = match heard {
            None => r,
            Some(heard) => {
                vm.before_result(r, |vm, failed| vm.fire_after_direct_call(heard, failed, base, args))
            }
        };
        replace_call(vm, base, r?.into_word(), SKIP);
    }
    Ok(true)
}
/// A call whose callable was a class the last time.
pub fn call_class(vm: &mut Vm, args: u32) -> Flow {
    let args = args as usize;
    // SAFETY: as in `call_builtin`.
    unsafe {
        let base = vm.frame().sp.sub(args + 2);
        let callable = *base;
        if !callable.is_kind(Kind::Type) || !(*base.add(1)).is_null() {
            return call_any(vm, args as u32);
        }
        if args == 1 && callable == vm.types.type_.word() {
            let class = vm.type_of(Value::of(&*base.add(2))).word().incref();
            replace_call(vm, base, class, SKIP);
            return Ok(());
        }
        if callable == vm.types.range.word()
            && let Some(v) = small_range(vm, Value::slice_of(base.add(2), args))
        {
            replace_call(vm, base, v.into_word(), SKIP);
            return Ok(());
        }
        let c = OnStack { callable: callable.to_value(), args: base.add(2), n: args };
        if enter_init(vm, &c, args)? || enter_new(vm, &c, args)? {
            return Ok(());
        }
        let v = vm.instantiate(&c.callable, Value::slice_of(c.args, args), Kw::NONE)?.into_word();
        replace_call(vm, base, v, SKIP);
    }
    Ok(())
}
/// `range` of one or two small ints.
fn small_range(vm: &Vm, args: &[Value]) -> Option<Value> {
    let (start, stop) = match args {
        [stop] => (Value::small(0), stop),
        [start, stop] => (start.clone(), stop),
        _ => return None,
    };
    if !start.word().is_int() || !stop.word().is_int() {
        return None;
    }
    Some(Range::new(&vm.types.range, start, stop.clone(), Value::small(1)))
}
/// Puts the result of a call where its words were, and goes on behind its caches.
///
/// # Safety
/// The words of the call begin at `base` and are the topmost ones of the current frame's stack.
#[inline(always)]
unsafe fn replace_call(vm: &mut Vm, base: *mut Word, result: Word, caches: usize) {
    // SAFETY: as promised. While a word is dropped, which may run Python, the stack ends below it.
    unsafe {
        let f = vm.frame;
        let mut p = (*f).sp;
        while p > base {
            p = p.sub(1);
            let w = *p;
            if w.is_ptr() && (*w.header()).decref() {
                (*f).sp = p;
                crate::object::dealloc(w.header());
            }
        }
        base.write(result);
        (*f).sp = base.add(1);
        (*f).ip = (*f).ip.add(caches);
    }
}
/// CALL without events, whatever is called.
pub fn call_any(vm: &mut Vm, args: u32) -> Flow {
    if vm.peek(args as usize + 1).is_kind(Kind::Method) {
        expand_method(vm, args)?;
    }
    call_positional(vm, args as usize, None)
}

fn call_positional(vm: &mut Vm, args: usize, heard: Option<CallHeard>) -> Flow {
    let c = on_stack(vm, args, 0);
    if c.callable.is_kind(Kind::Function) {
        return enter_bound(vm, c, args + 2, &[], SKIP);
    }
    // SAFETY: the arguments stay on the stack until the call is over; nested frames go above them.
    let given = unsafe { Value::slice_of(c.args, c.n) };
    if heard.is_none() && c.callable.is_kind(Kind::Type) {
        quicken(vm, if c.callable.is(&vm.types.type_) { op::CALL_TYPE } else { op::CALL_CLASS });
        if enter_init(vm, &c, args)? {
            return Ok(());
        }
    }
    let form = match c.callable.get::<Builtin>().map(|b| b.intrinsic) {
        Some(Intrinsic::Len) => op::CALL_LEN,
        Some(Intrinsic::IsInstance) => op::CALL_ISINSTANCE,
        Some(Intrinsic::ListAppend) => op::CALL_LIST_APPEND,
        Some(Intrinsic::Id) => op::CALL_ID,
        Some(Intrinsic::DictGet) => op::CALL_DICT_GET,
        _ => op::CALL_BUILTIN,
    };
    let r = match c.callable.get::<Builtin>().and_then(|b| direct(vm, b, given)) {
        Some(r) => {
            if heard.is_none() {
                quicken(vm, form);
            }
            r
        }
        None => vm.call(&c.callable, given, Kw::NONE),
    };
    finish(vm, r, args + 2, SKIP, heard)
}

pub fn call_kw(vm: &mut Vm, args: u32) -> Flow {
    call_with_names(vm, args as usize, None)
}
pub fn call_kw_probed(vm: &mut Vm, args: u32) -> Flow {
    let heard = vm.call_heard.take();
    call_with_names(vm, args as usize, heard)
}

fn call_with_names(vm: &mut Vm, args: usize, heard: Option<CallHeard>) -> Flow {
    let names = vm.peek(0).to_value();
    let names = names.as_::<Tuple>().as_slice();
    let c = on_stack(vm, args, 1);
    if c.callable.is_kind(Kind::Function) && !names.is_empty() {
        return enter_bound(vm, c, args + 3, names, SKIP);
    }
    let positional = c.n - names.len();
    // SAFETY: as in `call_positional`.
    let (pos, values) = unsafe {
        (Value::slice_of(c.args, positional), Value::slice_of(c.args.add(positional), names.len()))
    };
    let r = vm.call(&c.callable, pos, Kw { names, values });
    finish(vm, r, args + 3, SKIP, heard)
}

/// Calls the function of a builtin with positional arguments that it takes; `None`: it needs the general way.
#[inline(always)]
pub(crate) fn direct(vm: &mut Vm, b: &Builtin, given: &[Value]) -> Option<R<Value>> {
    let n = match b.route {
        Route::Function | Route::Bound => given.len(),
        Route::Method => {
            let first = given.first()?;
            let class = vm.type_of(first);
            if !class.is(&b.owner) && !class.as_::<Type>().is_subtype(&b.owner) {
                return None;
            }
            given.len() - 1
        }
        Route::General => return None,
    };
    if n < b.def.min as usize || n > b.def.max as usize && b.def.max != u8::MAX {
        return None;
    }
    if b.route == Route::Bound {
        return Some(with_self(&b.self_, given, |all| (b.def.func)(vm, all, Kw::NONE)));
    }
    Some((b.def.func)(vm, given, Kw::NONE))
}

/// Calls a Python class whose instances are made in the plain way and whose `__init__` takes these arguments:
/// the frame of `__init__` is entered, with the instance where the result of the call belongs.
fn enter_init(vm: &mut Vm, c: &OnStack, args: usize) -> Flow<bool> {
    let class = c.callable.as_::<Type>();
    if !class.is_heap()
        || class.instance.get() != Kind::Instance
        || class.has(TypeFlags::ABSTRACT)
        || c.n != args
        || !vm.type_of(&c.callable).is(&vm.types.type_)
    {
        return Ok(false);
    }
    let object_new = vm.types.object_new.word();
    if class.special(vm, Special::New).is_none_or(|n| n.word() != object_new) {
        return Ok(false);
    }
    let Some(init) = class.special(vm, Special::Init) else { return Ok(false) };
    if args == 0 && init.is(&vm.types.object_init) {
        let instance = Instance::new(&c.callable, vm);
        // SAFETY: the call's words are callable and NULL.
        unsafe { replace_call(vm, (*vm.frame).sp.sub(2), instance.into_word(), SKIP) };
        return Ok(true);
    }
    let Some(f) = init.get::<Function>() else { return Ok(false) };
    let code: *const Code = f.code();
    // SAFETY: `init` keeps the function, which keeps its code.
    let code = unsafe { &*code };
    if !code.simple_args || code.argcount as usize != args + 1 || vm.depth_left == 0 {
        return Ok(false);
    }
    let instance = Instance::new(&c.callable, vm);
    // The callable's word becomes the result, the NULL behind it the `self` of the new frame.
    let class_word = vm.peek(args + 1);
    vm.poke(args + 1, instance.clone().into_word());
    vm.poke(args, instance.into_word());
    // SAFETY: the stack owned the callable, whose word has been replaced; `c` holds a reference.
    unsafe { class_word.decref() };
    vm.enter_in_place(init, args + 1, SKIP as u16, FLAG_INIT)?;
    Ok(true)
}

/// Calls a Python class whose `__new__` is a Python function that takes these arguments, and whose `__init__` is
/// `object`'s, which has nothing to do then: the frame of `__new__` is entered.
fn enter_new(vm: &mut Vm, c: &OnStack, args: usize) -> Flow<bool> {
    let class = c.callable.as_::<Type>();
    if !class.is_heap() || c.n != args || !vm.type_of(&c.callable).is(&vm.types.type_) {
        return Ok(false);
    }
    let object_init = vm.types.object_init.word();
    if class.special(vm, Special::Init).is_none_or(|i| i.word() != object_init) {
        return Ok(false);
    }
    let Some(new) = class.special(vm, Special::New) else { return Ok(false) };
    let Some(new) = new.native::<StaticMethod>().map(|s| s.func.borrow().clone()) else { return Ok(false) };
    let Some(f) = new.get::<Function>() else { return Ok(false) };
    let code = f.code();
    if !code.simple_args || code.argcount as usize != args + 1 || vm.depth_left == 0 {
        return Ok(false);
    }
    if !vm.has_room(code.frame_words()) {
        return Ok(false);
    }
    // The NULL behind the callable becomes the first argument.
    vm.poke(args, c.callable.clone().into_word());
    vm.enter_below(new, args + 1, &[], 1, SKIP as u16)?;
    Ok(true)
}

/// Takes the call's words off the stack, leaves the result, fires C_RETURN or C_RAISE.
fn finish(vm: &mut Vm, r: R<Value>, words: usize, caches: usize, heard: Option<CallHeard>) -> Flow {
    let v = vm.after_call(r, heard)?;
    // SAFETY: the call's words are the topmost ones.
    unsafe { replace_call(vm, (*vm.frame).sp.sub(words), v.into_word(), caches) };
    Ok(())
}

/// Binds the arguments on the stack to a Python function's parameters and enters its frame; no recursion
/// in Rust.
fn enter_bound(vm: &mut Vm, c: OnStack, words: usize, names: &[Value], caches: usize) -> Flow {
    // SAFETY: the arguments are on the stack until popped below.
    let all = unsafe { Value::slice_of(c.args, c.n) };
    let (pos, values) = all.split_at(c.n - names.len());
    let code = c.callable.as_::<Function>().code();
    if names.is_empty()
        && code.simple_args
        && code.argcount as usize == c.n
        && vm.has_room(code.frame_words())
    {
        quicken(vm, if code.generator_entry != 0 { op::CALL_GENERATOR } else { op::CALL_PY_EXACT });
        let has_self = c.n + 2 != words;
        let n = c.n;
        vm.enter_below(c.callable, n, &[], 1 + !has_self as usize, caches as u16)?;
        return Ok(());
    }
    if names.is_empty()
        && let Some(missing) = only_defaults_missing(&c, pos.len())
    {
        // Positional arguments and defaults behind them: they stay where they are.
        if code.simple_args {
            quicken(vm, op::CALL_PY_DEFAULTS);
        }
        let f = c.callable.as_::<Function>();
        let defaults = f.defaults.borrow().clone();
        let has_self = c.n + 2 != words;
        let defaults = defaults.as_::<Tuple>().as_slice();
        let below = 1 + !has_self as usize;
        vm.enter_below(c.callable, pos.len(), &defaults[defaults.len() - missing..], below, caches as u16)?;
        return Ok(());
    }
    if enter_ordered(vm, &c.callable, all, pos.len(), names, words, caches)? {
        return Ok(());
    }
    let locals = bind(vm, &c.callable, pos, Kw { names, values })?;
    if vm.depth_left == 0 {
        return Err(vm.raise("RecursionError", "maximum recursion depth exceeded").into());
    }
    for _ in 0..words {
        drop(vm.pop());
    }
    vm.push_frame(c.callable, locals, None, 0, caches as u16)?;
    Ok(())
}

/// Parameters that `enter_ordered` can put in order.
const MOST_ORDERED: usize = 24;

/// Enters a function whose arguments (`given` positional ones, then those that `names` name) fit: they are put in
/// the order of the parameters, the rest into a tuple and a dict. `words` of the caller's stack are the call's.
/// False: nothing has been done, [`bind`] knows better.
fn enter_ordered(
    vm: &mut Vm,
    func: &Value,
    all: &[Value],
    given: usize,
    names: &[Value],
    words: usize,
    caches: usize,
) -> R<bool> {
    let f = func.as_::<Function>();
    let code: *const Code = f.code();
    // SAFETY: the function keeps its code, the stack the function until it is the new frame's.
    let code = unsafe { &*code };
    let (argc, kwonly) = (code.argcount as usize, code.kwonlyargcount as usize);
    let named = argc + kwonly;
    let (varargs, varkw) = (code.flags & CO_VARARGS != 0, code.flags & CO_VARKEYWORDS != 0);
    if named + 2 > MOST_ORDERED || given > argc && !varargs {
        return Ok(false);
    }
    // Borrowed words: of the arguments, the defaults.
    let mut slots = [Word::NULL; MOST_ORDERED];
    for (slot, v) in slots.iter_mut().zip(&all[..given.min(argc)]) {
        *slot = v.word();
    }
    let first_named = code.posonlyargcount as usize;
    let mut others = Value::NULL;
    for (name, v) in names.iter().zip(&all[given..]) {
        if name.flags() & INTERNED == 0 {
            return Ok(false);
        }
        match code.localsplus[first_named..named].iter().position(|p| p.is(name)) {
            Some(i) if slots[first_named + i].is_null() => slots[first_named + i] = v.word(),
            None if varkw => {
                if others.is_null() {
                    others = vm.dict();
                }
                others.as_::<Dict>().set_str(vm, name, v.clone());
            }
            _ => return Ok(false),
        }
    }
    let defaults = f.defaults.borrow();
    let defaults = defaults.get::<Tuple>().map_or(&[][..], |t| t.as_slice());
    let kwdefaults = f.kwdefaults.borrow();
    for (i, slot) in slots.iter_mut().enumerate().take(named) {
        if !slot.is_null() {
            continue;
        }
        let default = match i < argc {
            true => (i + defaults.len()).checked_sub(argc).and_then(|k| defaults.get(k)).cloned(),
            false => kwdefaults.get::<Dict>().and_then(|d| d.get_str(&code.localsplus[i])),
        };
        // The function keeps it.
        let Some(v) = default else { return Ok(false) };
        *slot = v.word();
    }
    if vm.depth_left == 0 || !vm.has_room(code.frame_words()) {
        return Ok(false);
    }
    let mut n = named;
    let mut rest = Value::NULL;
    if varargs {
        rest = match given > argc {
            true => Tuple::copy_of(&vm.types.tuple, &all[argc..given]),
            false => vm.tuple(vec![]),
        };
        slots[n] = rest.word();
        n += 1;
    }
    if varkw {
        if others.is_null() {
            others = vm.dict();
        }
        slots[n] = others.word();
        n += 1;
    }
    // SAFETY: there is room; the slots are values that the stack, the function and this function keep.
    vm.enter_below(func.clone(), 0, unsafe { Value::slice_of(slots.as_ptr(), n) }, words, caches as u16)?;
    drop((rest, others));
    Ok(true)
}

// ---- CALL_FUNCTION_EX: callable, NULL, args, kwargs or NULL

/// The arguments become a tuple.
pub fn prepare_call_ex(vm: &mut Vm, _arg: u32) -> Flow {
    let args = vm.peek(1).to_value();
    if vm.type_of(&args).is(&vm.types.tuple) {
        return Ok(());
    }
    if !vm.may_iterate(&args) {
        let f = vm.peek(3).to_value();
        let (f, name) = (vm.function_text(&f)?, vm.type_name(&args));
        let message = format!("{f} argument after * must be an iterable, not {name}");
        return Err(vm.raise("TypeError", message).into());
    }
    let items = vm.to_vec(&args)?;
    let t = vm.tuple(items).into_word();
    let old = vm.peek(1);
    vm.poke(1, t);
    // SAFETY: the stack owned the old word, which has been replaced.
    unsafe { old.decref() };
    Ok(())
}
pub fn call_ex(vm: &mut Vm, _arg: u32) -> Flow {
    call_unpacked(vm, None)
}
pub fn call_ex_probed(vm: &mut Vm, _arg: u32) -> Flow {
    let heard = vm.call_heard.take();
    call_unpacked(vm, heard)
}
fn call_unpacked(vm: &mut Vm, heard: Option<CallHeard>) -> Flow {
    let callable = vm.peek(3).to_value();
    let args = vm.peek(1).to_value();
    let kwargs = vm.peek(0);
    let (mut names, mut values) = (vec![], vec![]);
    if !kwargs.is_null() {
        for (k, v) in Value::of(&kwargs).as_::<Dict>().iter() {
            if k.get::<Str>().is_none() {
                return Err(vm.raise("TypeError", "keywords must be strings").into());
            }
            names.push(k);
            values.push(v);
        }
    }
    let kw = Kw { names: &names, values: &values };
    if callable.is_kind(Kind::Function) && heard.is_none() {
        let given = args.as_::<Tuple>().as_slice();
        if names.is_empty() && enter_ordered(vm, &callable, given, given.len(), &[], 4, 0)? {
            return Ok(());
        }
        let locals = bind(vm, &callable, args.as_::<Tuple>().as_slice(), kw)?;
        for _ in 0..4 {
            drop(vm.pop());
        }
        vm.push_frame(callable, locals, None, 0, 0)?;
        return Ok(());
    }
    let r = vm.call(&callable, args.as_::<Tuple>().as_slice(), kw);
    finish(vm, r, 4, 0, heard)
}

/// The instruction under way in the current frame, which is to take another form.
pub(super) fn quicken(vm: &mut Vm, form: u8) {
    let f = vm.frame();
    crate::site::quicken(f.code(), f.ip, form);
}

impl Vm {
    /// Fires C_RETURN or C_RAISE.
    #[inline(always)]
    pub(crate) fn after_call(&mut self, r: R<Value>, heard: Option<CallHeard>) -> R<Value> {
        let Some(heard) = heard else { return r };
        self.before_result(r, |vm, failed| vm.fire_after_call(heard, failed))
    }
    /// Does something before the result counts, which an exception of its own replaces.
    #[inline(always)]
    fn before_result(&mut self, r: R<Value>, f: impl FnOnce(&mut Vm, bool) -> R) -> R<Value> {
        match r {
            Ok(v) => {
                f(self, false)?;
                Ok(v)
            }
            Err(Exc) => {
                let e = self.take_pending();
                f(self, true)?;
                Err(self.set_pending(e))
            }
        }
    }

    /// Calls anything from Rust.
    pub fn call(&mut self, f: &Value, args: &[Value], kw: Kw) -> R<Value> {
        match f.kind() {
            Some(Kind::Function) => {
                self.guard_native_stack()?;
                let code = f.as_::<Function>().code();
                if code.simple_args && code.argcount as usize == args.len() && kw.is_empty() {
                    if code.generator_entry != 0
                        && let Some(g) = self.make_generator(f, args)
                    {
                        return Ok(g);
                    }
                    self.enter_with(f.clone(), 0, args, 0, FLAG_ENTRY)?;
                } else {
                    let locals = bind(self, f, args, kw)?;
                    self.push_frame(f.clone(), locals, None, FLAG_ENTRY, 0)?;
                }
                crate::interp::run(self)
            }
            Some(Kind::Builtin) => self.call_builtin(f, args, kw),
            Some(Kind::Method) => {
                let m = f.as_::<Method>();
                let mut all = Vec::with_capacity(1 + args.len());
                all.push(m.self_.clone());
                all.extend_from_slice(args);
                self.call(&m.func, &all, kw)
            }
            Some(Kind::Type) => self.instantiate(f, args, kw),
            Some(_) if f.is_dynamic() && self.has_special(f, Special::Call) => {
                self.guard_native_stack()?;
                let m = self.special_of(f, Special::Call).unwrap_or(Value::NONE);
                if crate::types::descr::plain_function(&m) {
                    return with_self(f, args, |all| self.call(&m, all, kw));
                }
                let owner = self.type_of(f).clone();
                let bound = self.descr_get(&m, Some(f), &owner)?;
                self.call(&bound, args, kw)
            }
            _ => {
                let name = self.type_name(f);
                Err(self.raise("TypeError", format!("'{name}' object is not callable")))
            }
        }
    }

    /// `c[i]` of an instance whose `__getitem__` is a Python function of two parameters: container and index, on top
    /// of the stack, become the locals of its frame. False: it is something else.
    pub(crate) fn enter_getitem(&mut self) -> R<bool> {
        let c = self.peek(1);
        let Some(f) = self.special_of(Value::of(&c), Special::GetItem) else { return Ok(false) };
        match f.get::<Function>() {
            Some(g) if g.code().simple_args && g.code().argcount == 2 => {}
            _ => return Ok(false),
        }
        self.enter_in_place(f, 2, SUBSCR_SKIP, 0)?;
        Ok(true)
    }

    /// Is there room for a frame of so many words?
    fn has_room(&self, words: usize) -> bool {
        self.frame().free().wrapping_add(words) <= self.stack_limit
    }
    /// Enters a frame whose `n` arguments are the topmost words of the stack; they become its locals. The
    /// caller's stack ends below them.
    #[inline(always)]
    pub(crate) fn enter_in_place(&mut self, func: Value, n: usize, ret_skip: u16, flags: u32) -> R {
        self.enter_with(func, n, &[], ret_skip, flags)
    }
    /// The same, with further arguments behind the `n`.
    #[inline]
    pub(crate) fn enter_with(
        &mut self,
        func: Value,
        n: usize,
        more: &[Value],
        ret_skip: u16,
        flags: u32,
    ) -> R {
        let code: *const Code = func.as_::<Function>().code();
        let caller = self.frame;
        // SAFETY: the arguments are on the stack; the rest of the frame lies on the free part of the data stack,
        // below the limit, which is tested; `func` keeps the code.
        unsafe {
            if self.depth_left == 0 || !self.has_room((*code).frame_words()) {
                return Err(self.raise("RecursionError", "maximum recursion depth exceeded"));
            }
            self.depth_left -= 1;
            let given = (*caller).sp.sub(n);
            let first = if (*caller).flags & FLAG_GENERATOR == 0 {
                given
            } else {
                let room = (*caller).free();
                std::ptr::copy_nonoverlapping(given, room, n);
                room
            };
            for (i, v) in more.iter().enumerate() {
                *first.add(n + i) = v.word().incref();
            }
            let slots = (*code).nlocalsplus as usize;
            for i in n + more.len()..slots {
                *first.add(i) = Word::NULL;
            }
            (*caller).sp = given;
            let frame = first.add(slots).cast::<Frame>();
            frame.write(Frame {
                prev: caller,
                code,
                func: func.into_word(),
                locals: first,
                ip: (*code).live.as_ptr(),
                sp: frame.cast::<Word>().add(HEADER_WORDS),
                flags,
                ret_skip,
                ..Frame::BARE
            });
            self.frame = frame;
        }
        Ok(())
    }
    /// The same, where `below` words under the arguments are the call's own: they are dropped.
    fn enter_below(&mut self, func: Value, n: usize, more: &[Value], below: usize, ret_skip: u16) -> R {
        self.enter_with(func, n, more, ret_skip, 0)?;
        // SAFETY: the words below the arguments belong to the caller's stack: callable and NULL.
        unsafe {
            let caller = (*self.frame).prev;
            for _ in 0..below {
                (*caller).sp = (*caller).sp.sub(1);
                (*(*caller).sp).decref();
            }
        }
        Ok(())
    }

    /// Rust frames between Python frames are bounded too: RecursionError long before the stack ends.
    #[inline(always)]
    pub(crate) fn guard_native_stack(&mut self) -> R {
        let marker = 0u8;
        let at = &raw const marker as usize;
        match self.native_stack_limit {
            0 => {
                self.native_stack_limit = at.saturating_sub(NATIVE_STACK);
                Ok(())
            }
            limit if at < limit => Err(self.raise("RecursionError", "maximum recursion depth exceeded")),
            _ => Ok(()),
        }
    }

    fn call_builtin(&mut self, f: &Value, args: &[Value], kw: Kw) -> R<Value> {
        let b = f.as_::<Builtin>();
        let def = b.def;
        if !kw.is_empty() && !def.keywords {
            return Err(self.raise("TypeError", format!("{}() takes no keyword arguments", qualified(b))));
        }
        if b.is_descriptor() {
            let Some(self_) = args.first() else {
                let message = format!("unbound method {}() needs an argument", qualified(b));
                return Err(self.raise("TypeError", message));
            };
            if !self.is_instance(self_, &b.owner) {
                let (got, owner) = (self.type_name(self_), b.owner.as_::<Type>().name.borrow().clone());
                let message = match crate::types::native::is_slot(def.name) {
                    true => format!(
                        "descriptor '{}' requires a '{owner}' object but received a '{got}'",
                        def.name
                    ),
                    false => {
                        format!(
                            "descriptor '{}' for '{owner}' objects doesn't apply to a '{got}' object",
                            def.name
                        )
                    }
                };
                return Err(self.raise("TypeError", message));
            }
            self.check_arity(b, args.len() - 1)?;
            return (def.func)(self, args, kw);
        }
        if def.name == "__new__" {
            return self.call_new(b, args, kw);
        }
        self.check_arity(b, args.len())?;
        // A bound method of a builtin class; functions of a module are bound to the module and do not see it.
        if !b.owner.is_null() {
            let mut all = Vec::with_capacity(1 + args.len());
            all.push(b.self_.clone());
            all.extend_from_slice(args);
            return (def.func)(self, &all, kw);
        }
        (def.func)(self, args, kw)
    }

    /// `C.__new__(class, ...)`: the arity does not count the class.
    fn call_new(&mut self, b: &Builtin, args: &[Value], kw: Kw) -> R<Value> {
        let owner = || b.self_.get::<Type>().map_or("object".to_owned(), Type::short_name);
        let Some(class) = args.first() else {
            return self.fail("TypeError", format!("{}.__new__(): not enough arguments", owner()));
        };
        let Some(t) = class.get::<Type>() else {
            let message =
                format!("{}.__new__(X): X is not a type object ({})", owner(), self.type_name(class));
            return self.fail("TypeError", message);
        };
        if !t.is_subtype(&b.self_) {
            let (name, owner) = (t.short_name(), owner());
            let message = format!("{owner}.__new__({name}): {name} is not a subtype of {owner}");
            return self.fail("TypeError", message);
        }
        // The builtin class whose objects it has may be made by its own constructor only.
        let native = t.mro.borrow().iter().find(|c| !c.as_::<Type>().is_heap()).cloned();
        if let Some(n) = native.filter(|n| !n.is(&b.self_) && !b.self_.is(&self.types.object))
            && n.as_::<Type>().instance.get() != Kind::Exception
        {
            let key = self.intern("__new__");
            if n.as_::<Type>().dict.as_::<Dict>().get_str(&key).is_some() {
                let (name, full) = (t.short_name(), n.as_::<Type>().name.borrow().to_string());
                let message = format!("{}.__new__({name}) is not safe, use {full}.__new__()", owner());
                return self.fail("TypeError", message);
            }
        }
        self.check_arity(b, args.len() - 1)?;
        (b.def.func)(self, args, kw)
    }

    fn check_arity(&mut self, b: &Builtin, n: usize) -> R {
        let (min, max) = (b.def.min as usize, b.def.max as usize);
        if n >= min && (n <= max || b.def.max == u8::MAX) {
            return Ok(());
        }
        let (name, full) = (b.def.name, qualified(b));
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let slot = !b.owner.is_null() && crate::types::native::is_slot(name) && name != "__init__";
        let message = match () {
            _ if slot && max == min + 1 => format!("expected {min} or {max} arguments, got {n}"),
            _ if slot && min == max => format!("expected {min} argument{}, got {n}", plural(min)),
            _ if b.def.max == u8::MAX => {
                format!("{name} expected at least {min} argument{}, got {n}", plural(min))
            }
            _ if min == max && min == 0 => format!("{full}() takes no arguments ({n} given)"),
            _ if min == max && min == 1 => format!("{full}() takes exactly one argument ({n} given)"),
            _ if min == max => format!("{name} expected {min} arguments, got {n}"),
            _ if n < min => format!("{name} expected at least {min} argument{}, got {n}", plural(min)),
            _ => format!("{name} expected at most {max} argument{}, got {n}", plural(max)),
        };
        Err(self.raise("TypeError", message))
    }
}

/// Native stack that Python calls made from Rust may use, in bytes: the main thread has 8 MiB, the embedder's
/// threads may have 2.
const NATIVE_STACK: usize = 1 << 20;

/// `str.join`, `sys.monitoring.get_tool`, `len`: as arity errors name a builtin.
fn qualified(b: &Builtin) -> String {
    match (b.owner.get::<Type>(), b.module.get::<Str>()) {
        (Some(owner), _) => format!("{}.{}", owner.short_name(), b.def.name),
        (None, Some(m)) if m.as_str() != "builtins" => format!("{}.{}", m.as_str(), b.def.name),
        _ => b.def.name.to_owned(),
    }
}

/// How many defaults complete these positional arguments of a function without other kinds of parameters.
fn only_defaults_missing(c: &OnStack, given: usize) -> Option<usize> {
    let f = c.callable.as_::<Function>();
    let code = f.code();
    if code.flags & (CO_VARARGS | CO_VARKEYWORDS) != 0 || code.kwonlyargcount != 0 {
        return None;
    }
    let missing = (code.argcount as usize).checked_sub(given).filter(|m| *m > 0)?;
    let defaults = f.defaults.borrow();
    (defaults.get::<Tuple>()?.as_slice().len() >= missing).then_some(missing)
}

/// Binds arguments to parameters: the locals of the new frame, NULL where a default is missing.
fn bind(vm: &mut Vm, func: &Value, args: &[Value], kw: Kw) -> R<Vec<Value>> {
    let f = func.as_::<Function>();
    let code_value = f.code_value();
    let code = code_value.as_::<Code>();
    let (argc, kwonly) = (code.argcount as usize, code.kwonlyargcount as usize);
    let (varargs, varkw) = (code.flags & CO_VARARGS != 0, code.flags & CO_VARKEYWORDS != 0);
    let named = argc + kwonly;
    let mut locals: Vec<Value> = Vec::with_capacity(code.nlocalsplus as usize);
    locals.extend(args.iter().take(argc).cloned());
    locals.resize_with(code.nlocalsplus as usize, || Value::NULL);
    if varargs {
        let rest = args.iter().skip(argc).cloned().collect();
        locals[named] = vm.tuple(rest);
    }
    let extra = if varkw { Some(vm.dict()) } else { None };
    for (name, value) in kw.names.iter().zip(kw.values) {
        let text = name.as_::<Str>().as_str();
        let at = code.localsplus[..named].iter().position(|p| p.as_::<Str>().as_str() == text);
        match at.filter(|&i| i >= code.posonlyargcount as usize) {
            Some(i) if !locals[i].is_null() => {
                return Err(fail(vm, f, format!("got multiple values for argument '{text}'")));
            }
            Some(i) => locals[i] = value.clone(),
            None => match &extra {
                Some(d) => d.as_::<Dict>().set_str(vm, name, value.clone()),
                None if at.is_some() => {
                    let only = &code.localsplus[..code.posonlyargcount as usize];
                    let given = |p: &Value| {
                        kw.names.iter().any(|n| n.as_::<Str>().as_str() == p.as_::<Str>().as_str())
                    };
                    let names: Vec<&str> =
                        only.iter().filter(|p| given(p)).map(|p| p.as_::<Str>().as_str()).collect();
                    let names = names.join(", ");
                    let m =
                        format!("got some positional-only arguments passed as keyword arguments: '{names}'");
                    return Err(fail(vm, f, m));
                }
                None => return Err(fail(vm, f, format!("got an unexpected keyword argument '{text}'"))),
            },
        }
    }
    if args.len() > argc && !varargs {
        return Err(too_many(vm, f, args.len(), &locals));
    }
    fill_defaults(vm, f, &mut locals)?;
    if let Some(d) = extra {
        locals[named + varargs as usize] = d;
    }
    Ok(locals)
}

fn fill_defaults(vm: &mut Vm, f: &Function, locals: &mut [Value]) -> R {
    let code_value = f.code_value();
    let code = code_value.as_::<Code>();
    let (argc, kwonly) = (code.argcount as usize, code.kwonlyargcount as usize);
    let defaults = f.defaults.borrow().clone();
    let defaults = defaults.get::<Tuple>().map_or(&[][..], |t| t.as_slice());
    let first = argc - defaults.len().min(argc);
    for (i, d) in defaults.iter().enumerate() {
        if locals[first + i].is_null() {
            locals[first + i] = d.clone();
        }
    }
    let missing: Vec<usize> = (0..argc).filter(|&i| locals[i].is_null()).collect();
    if !missing.is_empty() {
        return Err(missing_arguments(vm, f, &missing, "positional"));
    }
    let kwdefaults = f.kwdefaults.borrow().clone();
    for (slot, name) in locals.iter_mut().zip(&code.localsplus).take(argc + kwonly).skip(argc) {
        if slot.is_null()
            && let Some(v) = kwdefaults.get::<Dict>().and_then(|d| d.get_str(name))
        {
            *slot = v;
        }
    }
    let missing: Vec<usize> = (argc..argc + kwonly).filter(|&i| locals[i].is_null()).collect();
    if !missing.is_empty() {
        return Err(missing_arguments(vm, f, &missing, "keyword-only"));
    }
    Ok(())
}

fn fail(vm: &mut Vm, f: &Function, message: String) -> Exc {
    let name = f.qualname.borrow().as_::<Str>().as_str().to_owned();
    vm.raise("TypeError", format!("{name}() {message}"))
}

fn missing_arguments(vm: &mut Vm, f: &Function, slots: &[usize], kind: &str) -> Exc {
    let code_value = f.code_value();
    let names: Vec<String> = slots
        .iter()
        .map(|&i| format!("'{}'", code_value.as_::<Code>().localsplus[i].as_::<Str>().as_str()))
        .collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
        [] => String::new(),
    };
    let plural = if names.len() == 1 { "" } else { "s" };
    fail(vm, f, format!("missing {} required {kind} argument{plural}: {list}", names.len()))
}

fn too_many(vm: &mut Vm, f: &Function, given: usize, locals: &[Value]) -> Exc {
    let code_value = f.code_value();
    let code = code_value.as_::<Code>();
    let argc = code.argcount as usize;
    let defaults = f.defaults.borrow().get::<Tuple>().map_or(0, |t| t.as_slice().len());
    let (takes, plural) = match defaults {
        0 => (argc.to_string(), argc != 1),
        d => (format!("from {} to {argc}", argc - d), true),
    };
    let kwonly = (argc..argc + code.kwonlyargcount as usize).filter(|&i| !locals[i].is_null()).count();
    let was = match kwonly {
        0 => format!("{given} {} given", if given == 1 { "was" } else { "were" }),
        k => format!(
            "{given} positional argument{} (and {k} keyword-only argument{}) were given",
            if given == 1 { "" } else { "s" },
            if k == 1 { "" } else { "s" }
        ),
    };
    fail(vm, f, format!("takes {takes} positional argument{} but {was}", if plural { "s" } else { "" }))
}
