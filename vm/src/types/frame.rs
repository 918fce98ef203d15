//! Frame objects and tracebacks: attributes, `locals()`, `sys._getframe`.

use crate::code::FAST_HIDDEN;
use crate::error::R;
use crate::frame::{FLAG_GENERATOR, FLAG_OBJECT, Frame};
use crate::object::{
    BuiltinDef, ClosureCell, Dict, FrameObject, Function, GenState, Generator, Kind, Kw, Str, Traceback,
};
use crate::value::{Value, Word};
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[BuiltinDef::new("clear", 0, 0, clear)];

pub static TRACEBACK_METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, new_traceback),
    BuiltinDef::new("__dir__", 0, 0, |vm, _, _| {
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"].map(|n| vm.intern(n));
        Ok(vm.list(names.to_vec()))
    }),
];

fn new_traceback(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["tb_next", "tb_frame", "tb_lasti", "tb_lineno"];
    let given = vm.bind_args("traceback", names, 0, 4, &args[1..], kw)?;
    let [next, frame, lasti, line] = given.map(|v| v.unwrap_or(Value::NONE));
    let Some(f) = frame.get::<FrameObject>() else {
        let message = format!("traceback() argument 'tb_frame' must be frame, not {}", vm.type_name(&frame));
        return vm.fail("TypeError", message);
    };
    let (lasti, line) = (vm.index_size(&lasti)?, vm.index_size(&line)?);
    if !next.is_none() && !next.is_kind(Kind::Traceback) {
        let message = format!("expected traceback object or None, got '{}'", vm.type_name(&next));
        return vm.fail("TypeError", message);
    }
    let code = Word(std::ptr::from_ref(f.code()) as u64).to_value();
    let line = i32::try_from(line).unwrap_or(-1);
    Ok(Traceback::new(&args[0], code, frame.clone(), lasti, line, next))
}

/// The code has its variables in slots.
const CO_OPTIMIZED: u32 = 1;

fn clear(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let f = a[0].as_::<FrameObject>();
    if let Some(g) = f.generator() {
        match g.state.get() {
            GenState::Running => return vm.fail("RuntimeError", "cannot clear an executing frame"),
            GenState::Suspended | GenState::Delegating => {
                return vm.fail("RuntimeError", "cannot clear a suspended frame");
            }
            _ => {
                let v = Word(f.generator.get() as u64).to_value();
                vm.finalize_generator(&v);
                g.part_from_object();
                g.drop_words();
            }
        }
    } else if f.running().is_some() {
        return vm.fail("RuntimeError", "cannot clear an executing frame");
    }
    let locals = f.locals.replace(vec![]);
    f.locals.borrow_mut().resize_with(locals.len(), || Value::NULL);
    drop(locals);
    let extra = f.extra.replace(Value::NULL);
    drop(extra);
    Ok(Value::NONE)
}

impl Vm {
    /// The one object of a frame on the stack.
    pub(crate) fn frame_object(&mut self, frame: *mut Frame) -> Value {
        // SAFETY: a frame on the stack with code.
        let f = unsafe { &mut *frame };
        if f.flags & FLAG_GENERATOR != 0 {
            let g = f.link.to_value();
            return self.generator_frame(&g);
        }
        if f.flags & FLAG_OBJECT != 0 {
            return f.link.to_value();
        }
        let names = f.names.to_value();
        let v = FrameObject::new(&self.types.frame, f.func.to_value(), names);
        v.as_::<FrameObject>().frame.set(frame);
        f.link = v.clone().into_word();
        f.flags |= FLAG_OBJECT;
        v
    }
    /// The frame object of a generator that is not finished.
    pub(crate) fn generator_frame(&mut self, v: &Value) -> Value {
        let g = v.as_::<Generator>();
        if !g.frame_object.get().is_null() {
            return g.frame_object.get().to_value();
        }
        let object =
            FrameObject::new(&self.types.frame, g.frame().func.to_value(), g.frame().names.to_value());
        object.as_::<FrameObject>().generator.set(g);
        g.frame_object.set(object.clone().into_word());
        object
    }
    /// The current frame ends: its object, if somebody keeps it, takes the locals over.
    pub(crate) fn part_from_object(&mut self) {
        // SAFETY: the current frame, which owns a reference to its object.
        let (f, v) = unsafe {
            let f = &mut *self.frame;
            f.flags &= !FLAG_OBJECT;
            (f, Value::from_word(std::mem::replace(&mut (*self.frame).link, Word::NULL)))
        };
        let o = v.as_::<FrameObject>();
        // SAFETY: an object that is referred to.
        if unsafe { (*v.word().header()).count() } > 1 {
            let back = self.caller_object(f);
            *o.back.borrow_mut() = back;
            o.unit.set(f.unit());
            let slots = f.code().nlocalsplus as usize;
            // SAFETY: the words of the slots move.
            let take = |i| unsafe { Value::from_word(std::mem::replace(&mut *f.locals.add(i), Word::NULL)) };
            *o.locals.borrow_mut() = (0..slots).map(take).collect();
        }
        o.frame.set(std::ptr::null_mut());
    }
    fn caller_object(&mut self, f: &Frame) -> Value {
        // SAFETY: the chain of frames is valid; bottom frames have no code.
        match unsafe { f.prev.as_ref() } {
            Some(p) if !p.code.is_null() => self.frame_object(f.prev),
            _ => Value::NONE,
        }
    }

    pub(crate) fn frame_get(&mut self, v: &Value, name: &str) -> R<Option<Value>> {
        let f = v.as_::<FrameObject>();
        Ok(Some(match name {
            "f_back" => match f.running() {
                Some(r) => self.caller_object(r),
                None if f.generator().is_some() => Value::NONE,
                None => f.back.borrow().clone(),
            },
            "f_code" => match f.running() {
                Some(r) => Word(r.code as u64).to_value(),
                None => f.function().code_value(),
            },
            "f_globals" => f.function().globals.clone(),
            "f_builtins" => f.function().builtins.clone(),
            "f_lasti" => Value::small(f.current_unit() as i64 * 2),
            "f_lineno" => match f.line() {
                l if l < 0 => Value::NONE,
                l => Value::small(l as i64),
            },
            "f_locals" => self.frame_locals(v)?,
            "f_generator" => match f.generator() {
                Some(_) => Word(f.generator.get() as u64).to_value(),
                None => Value::NONE,
            },
            "f_trace" => f.trace.borrow().clone(),
            "f_trace_lines" => Value::bool(f.trace_lines.get()),
            "f_trace_opcodes" => Value::bool(f.trace_opcodes.get()),
            _ => return Ok(None),
        }))
    }
    pub(crate) fn frame_set(&mut self, v: &Value, name: &str, new: Option<&Value>) -> R<bool> {
        let f = v.as_::<FrameObject>();
        match (name, new) {
            ("f_trace", new) => {
                drop(f.trace.replace(new.cloned().unwrap_or(Value::NONE)));
                if !f.trace.borrow().is_none() && f.trace_opcodes.get() {
                    self.trace_opcodes(v, true);
                }
            }
            ("f_trace_lines", Some(v)) if v.word().is_bool() => f.trace_lines.set(v.is(&Value::TRUE)),
            ("f_trace_opcodes", Some(new)) if new.word().is_bool() => {
                let on = new.is(&Value::TRUE);
                f.trace_opcodes.set(on);
                if !on || !f.trace.borrow().is_none() {
                    self.trace_opcodes(v, on);
                }
            }
            ("f_trace_lines", None) => {
                return self.fail("TypeError", "can't delete numeric/char attribute");
            }
            ("f_trace_lines" | "f_trace_opcodes", Some(_)) => {
                return self.fail("TypeError", "attribute value type must be bool");
            }
            ("f_trace_opcodes" | "f_lineno", None) => {
                let message = format!("attribute '{name}' of 'frame' objects cannot be deleted");
                return self.fail("AttributeError", message);
            }
            ("f_lineno", Some(new)) => self.move_frame(v, new)?,
            (n, _) if n.starts_with("f_") => {
                let message = format!("attribute '{n}' of 'frame' objects is not writable");
                return self.fail("AttributeError", message);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn traceback_get(&mut self, v: &Value, name: &str) -> R<Option<Value>> {
        let t = v.as_::<Traceback>();
        Ok(Some(match name {
            "tb_frame" => t.frame.clone(),
            "tb_lasti" => Value::small(t.lasti),
            "tb_lineno" => match t.line() {
                l if l < 0 => Value::NONE,
                l => Value::small(l as i64),
            },
            "tb_next" => t.next.borrow().clone(),
            _ => return Ok(None),
        }))
    }
    pub(crate) fn traceback_set(&mut self, v: &Value, name: &str, new: Option<&Value>) -> R<bool> {
        if name != "tb_next" {
            return Ok(false);
        }
        let Some(new) = new else { return self.fail("TypeError", "can't delete tb_next attribute") };
        if !new.is_none() && !new.is_kind(Kind::Traceback) {
            let message = format!("expected traceback object, got '{}'", self.type_name(new));
            return self.fail("TypeError", message);
        }
        let mut at = new.clone();
        while let Some(t) = at.get::<Traceback>() {
            if at.is(v) {
                return self.fail("ValueError", "traceback loop detected");
            }
            let next = t.next.borrow().clone();
            at = next;
        }
        drop(v.as_::<Traceback>().next.replace(new.clone()));
        Ok(true)
    }

    // ---- locals

    /// The variables that have values, by name.
    pub(crate) fn frame_variables(&self, f: &FrameObject) -> Vec<(Value, Value)> {
        let code = f.code();
        (0..code.nlocalsplus as usize)
            .filter(|&i| code.kinds[i] & FAST_HIDDEN == 0 || code.flags & CO_OPTIMIZED == 0)
            .filter_map(|i| Some((code.localsplus[i].clone(), self.variable(f, i)?)))
            .collect()
    }
    /// The value of a slot, seen through its cell.
    pub(crate) fn variable(&self, f: &FrameObject, i: usize) -> Option<Value> {
        let w = f.slot(i);
        if w.is_null() {
            return None;
        }
        if f.code().is_cell(i) && w.is_kind(Kind::ClosureCell) {
            return Value::of(&w).as_::<ClosureCell>().get();
        }
        Some(w.to_value())
    }
    pub(crate) fn frame_snapshot(&mut self, f: &FrameObject) -> R<Value> {
        let d = self.dict();
        for (k, v) in self.frame_variables(f) {
            d.as_::<Dict>().set_str(self, &k, v);
        }
        let extra = f.extra.borrow().clone();
        if !extra.is_null() {
            self.dict_update(&d, Some(&extra), Kw::NONE)?;
        }
        Ok(d)
    }
    fn frame_locals(&mut self, v: &Value) -> R<Value> {
        let f = v.as_::<FrameObject>();
        if !f.names.is_null() {
            return Ok(f.names.clone());
        }
        if f.code().flags & CO_OPTIMIZED == 0 {
            return Ok(f.function().globals.clone());
        }
        Ok(self.frame_proxy(v))
    }
    /// `locals()` of the current frame: a new dict in functions, else the dict of names itself.
    pub fn locals_here(&mut self) -> R<Value> {
        if self.frame().code.is_null() {
            return self.fail("SystemError", "frame does not exist");
        }
        let f = self.frame();
        // Of a module or class body in the midst of a comprehension: its variables only, as CPython.
        let hidden = (0..f.code().nlocalsplus as usize)
            .any(|i| f.code().kinds[i] & FAST_HIDDEN != 0 && !f.local(i).is_null());
        if f.code().flags & CO_OPTIMIZED == 0 && !hidden {
            return Ok(if f.names.is_null() { f.globals().clone() } else { f.names.to_value() });
        }
        let v = self.frame_object(self.frame);
        self.frame_snapshot(v.as_())
    }

    /// The frame `depth` levels up from the current one, or null.
    pub(crate) fn frame_above(&self, mut depth: u64) -> *mut Frame {
        let mut f = self.frame;
        // SAFETY: the chain of frames is valid; the bottom frame has no code.
        unsafe {
            while !f.is_null() && !(*f).code.is_null() {
                if depth == 0 {
                    return f;
                }
                depth -= 1;
                f = (*f).prev;
            }
        }
        std::ptr::null_mut()
    }
}

pub fn getframe(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let depth = match args.first() {
        Some(v) => vm.index_size(v)?,
        None => 0,
    };
    let f = vm.frame_above(depth.max(0) as u64);
    if f.is_null() {
        return vm.fail("ValueError", "call stack is not deep enough");
    }
    let frame = vm.frame_object(f);
    vm.audit("sys._getframe", |_| vec![frame.clone()])?;
    Ok(frame)
}
pub fn getframemodulename(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("_getframemodulename", kw, &["depth"])?;
    let depth = match args.first().or(kw.get("depth")) {
        Some(v) => vm.index_size(v)?,
        None => 0,
    };
    let f = vm.frame_above(depth.max(0) as u64);
    if f.is_null() {
        return Ok(Value::NONE);
    }
    // SAFETY: a frame on the stack.
    let module = unsafe { (*f).func.cast::<Function>() }.module.borrow().clone();
    if module.get::<Str>().is_some() {
        return Ok(module);
    }
    let name = vm.intern("__name__");
    // SAFETY: as above.
    let globals = unsafe { (*f).globals() };
    Ok(globals.as_::<Dict>().get_str(&name).unwrap_or(Value::NONE))
}
pub fn current_frames(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    vm.audit("sys._current_frames", |_| vec![])?;
    let d = vm.dict();
    let mut all: Vec<(u64, *mut Frame)> = vm.threads.parked_frames().collect();
    all.push((vm.threads.current, vm.frame));
    for (id, f) in all {
        // SAFETY: the topmost frames of the threads.
        if unsafe { (*f).code.is_null() } {
            continue;
        }
        let v = vm.frame_object(f);
        let id = vm.int(id as i64);
        d.as_::<Dict>().set(vm, &id, v)?;
    }
    Ok(d)
}
