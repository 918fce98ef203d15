//! What objects hold, kind by kind: for the cycle collector and module `gc`.
//!
//! [`traverse`] shows every reference that an object owns, each once; one too many and the collector would
//! take a living object for garbage, one too few only keeps garbage alive. References that Rust holds
//! elsewhere (the VM's fields, the data stack) are found by nobody, which makes what they refer to alive.

use super::*;
use crate::value::Word;
use std::cell::RefCell;

/// Shows every reference that an object owns, that to its class included. (NULL and unboxed values too.)
///
/// # Safety
/// `h` is a whole object, which `visit` does not free.
pub unsafe fn traverse(h: *const Header, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: the caller's promise.
    unsafe {
        visit(Value::of(&Word((*h).ty as u64)));
        contents(h, visit);
    }
}

/// As [`traverse`], without the class.
///
/// # Safety
/// As there.
pub unsafe fn contents(h: *const Header, visit: &mut dyn FnMut(&Value)) {
    let w = Word(h as u64);
    let v = Value::of(&w);
    if let Some(e) = v.extras() {
        e.traverse(visit);
    }
    macro_rules! the {
        ($t:ident) => {
            v.as_::<$t>()
        };
    }
    // SAFETY: the caller's promise.
    match unsafe { (*h).kind() } {
        Kind::Int | Kind::Str | Kind::Bytes | Kind::RangeIter | Kind::Plain | Kind::Float | Kind::Complex => {
        }
        // Backwards, as module `gc` shows them.
        Kind::Tuple => the!(Tuple).as_slice().iter().rev().for_each(visit),
        Kind::List => the!(List).as_slice().iter().rev().for_each(visit),
        Kind::Dict => the!(Dict).traverse(visit),
        Kind::Range => {
            let r = the!(Range);
            [&r.start, &r.stop, &r.step].into_iter().for_each(visit);
        }
        Kind::SeqIter => visit(&the!(SeqIter).seq.borrow()),
        Kind::EnumZip => {
            let e = the!(EnumZip);
            e.iters.iter().for_each(&mut *visit);
            visit(&e.func);
            let result = e.result.borrow();
            if !result.is_null() {
                visit(&result);
            }
        }
        Kind::Slice => {
            let s = the!(Slice);
            [&s.start, &s.stop, &s.step].into_iter().for_each(visit);
        }
        Kind::Function => {
            let f = the!(Function);
            visit(Value::of(&f.code.get()));
            [&f.globals, &f.builtins, &f.closure].into_iter().for_each(&mut *visit);
            for v in parts_of(f) {
                visit(&v.borrow());
            }
        }
        Kind::Builtin => {
            let b = the!(Builtin);
            [&b.self_, &b.owner, &b.module].into_iter().for_each(visit);
        }
        Kind::Method => {
            let m = the!(Method);
            [&m.func, &m.self_].into_iter().for_each(visit);
        }
        Kind::Code => {
            let c = the!(Code);
            c.consts.iter().chain(&c.names).chain(&c.localsplus).for_each(&mut *visit);
            visit(&c.filename.borrow());
            [&c.name, &c.qualname].into_iter().for_each(visit);
        }
        Kind::Module => visit(&the!(Module).dict),
        Kind::Namespace => visit(&the!(Namespace).dict),
        Kind::Type => the!(Type).traverse(visit),
        Kind::ClosureCell => visit(Value::of(&the!(ClosureCell).value.get())),
        Kind::Exception => {
            let e = the!(Exception);
            for v in [&e.args, &e.cause, &e.context, &e.traceback, &e.dict] {
                visit(&v.borrow());
            }
            e.fields.borrow().iter().for_each(visit);
        }
        Kind::Traceback => {
            let t = the!(Traceback);
            [&t.code, &t.frame].into_iter().for_each(&mut *visit);
            visit(&t.next.borrow());
        }
        Kind::FrameObject => {
            let f = the!(FrameObject);
            [&f.func, &f.names].into_iter().for_each(&mut *visit);
            f.locals.borrow().iter().for_each(&mut *visit);
            for v in [&f.back, &f.extra, &f.trace] {
                visit(&v.borrow());
            }
        }
        Kind::Set => the!(Set).traverse(visit),
        Kind::SetIter => the!(SetIter).traverse(visit),
        Kind::DictView => visit(&the!(DictView).dict),
        Kind::DictIter => the!(DictIter).traverse(visit),
        Kind::Generator => the!(Generator).traverse(visit),
        Kind::Awaitable => {
            let a = the!(Awaitable);
            visit(&a.target);
            visit(&a.arg.borrow());
        }
        Kind::Instance => the!(Instance).traverse(visit),
        Kind::Native => the!(Native).traverse(visit),
    }
}

fn parts_of(f: &Function) -> [&RefCell<Value>; 9] {
    [
        &f.name,
        &f.qualname,
        &f.module,
        &f.doc,
        &f.defaults,
        &f.kwdefaults,
        &f.annotate,
        &f.type_params,
        &f.dict,
    ]
}

/// Lets go of what can close a cycle. The object is unreachable and its finaliser has run.
/// `vm`: null once the VM is gone.
pub(crate) fn clear(v: &Value, vm: *mut crate::vm::Vm) {
    let empty = |slot: &RefCell<Value>, by: Value| drop(slot.replace(by));
    if let Some(e) = v.extras() {
        e.clear();
    }
    let Some(kind) = v.kind() else { return };
    match kind {
        Kind::List => drop(v.as_::<List>().with_vec(std::mem::take)),
        // SAFETY: null or the VM, in which nobody works with a reference at the moment.
        Kind::Dict => match unsafe { vm.as_mut() } {
            Some(vm) => v.as_::<Dict>().clear(vm),
            None => v.as_::<Dict>().clear_without_vm(),
        },
        Kind::Set => v.as_::<Set>().clear(),
        Kind::Instance => v.as_::<Instance>().clear(),
        Kind::Native => v.as_::<Native>().clear(),
        Kind::ClosureCell => drop(v.as_::<ClosureCell>().set(Value::NULL)),
        Kind::EnumZip => empty(&v.as_::<EnumZip>().result, Value::NULL),
        Kind::DictIter => empty(&v.as_::<DictIter>().result, Value::NULL),
        Kind::SeqIter => empty(&v.as_::<SeqIter>().seq, Value::NULL),
        Kind::Function => {
            let f = v.as_::<Function>();
            for slot in [&f.module, &f.doc, &f.defaults, &f.kwdefaults, &f.annotate] {
                empty(slot, Value::NONE);
            }
            empty(&f.type_params, Value::NULL);
        }
        Kind::Exception => {
            let e = v.as_::<Exception>();
            for slot in [&e.args, &e.cause, &e.context, &e.traceback] {
                empty(slot, Value::NONE);
            }
            let n = e.fields.borrow().len();
            let old = e.fields.replace((0..n).map(|_| Value::NONE).collect());
            drop(old);
        }
        Kind::Traceback => empty(&v.as_::<Traceback>().next, Value::NONE),
        Kind::FrameObject => {
            let f = v.as_::<FrameObject>();
            let n = f.locals.borrow().len();
            let old = f.locals.replace((0..n).map(|_| Value::NULL).collect());
            drop(old);
            empty(&f.extra, Value::NULL);
            empty(&f.back, Value::NONE);
            empty(&f.trace, Value::NONE);
        }
        Kind::Generator => {
            let g = v.as_::<Generator>();
            g.drop_words();
            drop(g.swap_handled(Value::NONE));
        }
        Kind::Awaitable => empty(&v.as_::<Awaitable>().arg, Value::NONE),
        Kind::Type => v.as_::<Type>().clear(),
        _ => {}
    }
}

/// Takes a class's reference to its own class away, once the VM is gone: `type` is its own.
///
/// # Safety
/// Nobody asks for the class of `v` any more.
pub unsafe fn orphan(v: &Value) {
    // SAFETY: the caller's promise.
    unsafe {
        let h = v.word().header();
        let ty = std::mem::replace(&mut (*h).ty, std::ptr::null());
        if !ty.is_null() {
            drop(Value::from_word(Word(ty as u64)));
        }
    }
}
