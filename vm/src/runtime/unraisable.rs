//! Errors that nobody can catch: of destructors and of generators that are closed when they go.

use crate::error::R;
use crate::object::{Builtin, BuiltinDef, Exception, Kind, Kw, Tuple};
use crate::types::structseq::StructSeq;
use crate::value::Value;
use crate::vm::{RaiseAt, Vm};

static HOOK_ARGS: StructSeq =
    StructSeq::new("UnraisableHookArgs", &["exc_type", "exc_value", "exc_traceback", "err_msg", "object"], 5)
        .closed();

/// `unraisablehook`, a function of `sys`.
pub(crate) static HOOK: &[BuiltinDef] = &[BuiltinDef::new("unraisablehook", 1, 1, unraisable_hook)];

/// The state of an exception in flight, put aside while something else runs in its midst.
pub(crate) struct Raising {
    pending: Option<Value>,
    raise_at: RaiseAt,
    reraising: bool,
    reraise_lasti: Option<u32>,
    result: Option<crate::error::R<Value>>,
    yielded: bool,
}

impl Vm {
    pub(crate) fn save_raising(&mut self) -> Raising {
        Raising {
            pending: self.pending.take(),
            raise_at: std::mem::replace(&mut self.raise_at, RaiseAt::EndUnit),
            reraising: std::mem::take(&mut self.reraising),
            reraise_lasti: self.reraise_lasti.take(),
            result: self.result.take(),
            yielded: std::mem::take(&mut self.yielded),
        }
    }
    pub(crate) fn restore_raising(&mut self, saved: Raising) {
        self.pending = saved.pending;
        self.raise_at = saved.raise_at;
        self.reraising = saved.reraising;
        self.reraise_lasti = saved.reraise_lasti;
        self.result = saved.result;
        self.yielded = saved.yielded;
    }

    /// Hands an exception to `sys.unraisablehook`, or prints it. `message`: what was going on; `object`: in
    /// what.
    pub(crate) fn unraisable(&mut self, e: Value, message: Option<&str>, object: &Value) {
        if !self.frame().code.is_null()
            && e.get::<Exception>().is_some_and(|x| x.traceback.borrow().is_none())
        {
            let f = self.frame();
            let unit = f.code().start_of(f.unit());
            self.add_traceback(&e, unit);
        }
        let (text, object) = match message {
            None => (None, object.clone()),
            Some(m) if object.is_none() => (Some(m.trim_end().to_owned()), Value::NONE),
            Some(m) => {
                let shown = self.shown_object(object);
                (Some(format!("{} {shown}", m.trim_end())), Value::NONE)
            }
        };
        let hook = self.sys_attribute("unraisablehook").filter(|h| h.get::<Builtin>().is_none());
        let Some(hook) = hook else { return self.write_unraisable(&e, text.as_deref(), &object) };
        let x = e.as_::<Exception>();
        let err_msg = text.map_or(Value::NONE, |t| self.string(t));
        let parts = vec![self.type_of(&e).clone(), e.clone(), x.traceback.borrow().clone(), err_msg, object];
        let args = self.struct_seq(&HOOK_ARGS, parts);
        if self.call(&hook, &[args], Kw::NONE).is_err() {
            let second = self.take_pending();
            self.write_unraisable(&second, Some("Exception ignored in sys.unraisablehook"), &hook);
        }
    }
    fn shown_object(&mut self, v: &Value) -> String {
        self.repr_string(v).unwrap_or_else(|_| {
            drop(self.take_pending());
            "<object repr() failed>".to_owned()
        })
    }
    /// What `sys.__unraisablehook__` does.
    pub(crate) fn write_unraisable(&mut self, e: &Value, message: Option<&str>, object: &Value) {
        let mut text = match (message, object.is_none()) {
            (Some(m), true) => format!("{m}:\n"),
            (Some(m), false) => format!("{m}: {}\n", self.shown_object(object)),
            (None, false) => format!("Exception ignored in: {}\n", self.shown_object(object)),
            (None, true) => String::new(),
        };
        text += &self.format_unraisable(e);
        self.write_error(&text);
    }
}

/// `sys.unraisablehook`.
fn unraisable_hook(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let parts = args[0].get::<Tuple>().map_or(vec![], |t| t.as_slice().to_vec());
    let [_, e, _, message, object] = parts.as_slice() else {
        return vm.fail("TypeError", "sys.unraisablehook argument type must be UnraisableHookArgs");
    };
    if e.is_kind(Kind::Exception) {
        let text = if message.is_none() { None } else { Some(vm.str_string(message)?) };
        vm.write_unraisable(e, text.as_deref(), object);
    }
    Ok(Value::NONE)
}
