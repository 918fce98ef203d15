//! Audit events: `sys.audit`, `sys.addaudithook`, and `Vm::audit` for what the runtime itself reports.
//!
//! Without a hook an event costs the test of one length. Hooks cannot be taken away; they are not monitored
//! unless their `__cantrace__` is true.

use crate::error::R;
use crate::object::{Kind, Kw, Str};
use crate::value::Value;
use crate::vm::Vm;
use std::rc::Rc;

/// The hooks, in the order they were added.
#[derive(Default)]
pub struct AuditHooks(Rc<Vec<Value>>);

impl AuditHooks {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Vm {
    /// Tells the hooks of an event. What a hook raises is an error of the operation.
    #[inline]
    pub fn audit(&mut self, event: &str, args: impl FnOnce(&mut Vm) -> Vec<Value>) -> R {
        if self.audit_hooks.is_empty() {
            return Ok(());
        }
        let args = args(self);
        let event = self.intern(event);
        self.tell_hooks(&event, args)
    }

    #[cold]
    fn tell_hooks(&mut self, event: &Value, args: Vec<Value>) -> R {
        let args = self.tuple(args);
        let hooks = self.audit_hooks.0.clone();
        let saved = self.in_callback;
        let mut result = Ok(());
        for hook in hooks.iter() {
            let key = self.intern("__cantrace__");
            let traced = match self.get_attr_opt(hook, &key)? {
                Some(v) => self.truthy(&v)?,
                None => false,
            };
            self.in_callback = saved || !traced;
            result = self.call(hook, &[event.clone(), args.clone()], Kw::NONE).map(drop);
            self.in_callback = saved;
            if result.is_err() {
                break;
            }
        }
        result
    }
}

pub fn sys_audit(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    if !a[0].is_kind(Kind::Str) {
        let message = format!("audit() argument 1 must be str, not {}", vm.type_name(&a[0]));
        return vm.fail("TypeError", message);
    }
    if !vm.audit_hooks.is_empty() {
        let event = vm.intern(a[0].as_::<Str>().as_str());
        vm.tell_hooks(&event, a[1..].to_vec())?;
    }
    Ok(Value::NONE)
}

/// The hooks there are may refuse a new one: what they raise, if an Exception, only keeps it out.
pub fn add_hook(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    if a.len() > 1 {
        let message = format!("addaudithook() takes at most 1 argument ({} given)", a.len());
        return vm.fail("TypeError", message);
    }
    let [hook] = vm.bind_args("addaudithook", ["hook"], 0, 1, a, kw)?;
    if vm.audit("sys.addaudithook", |_| vec![]).is_err() {
        let e = vm.take_pending();
        if vm.is_instance(&e, vm.types.exception("Exception")) {
            return Ok(Value::NONE);
        }
        return Err(vm.set_pending(e));
    }
    let hooks = &mut vm.audit_hooks.0;
    let mut all = Vec::clone(hooks);
    all.extend(hook);
    *hooks = Rc::new(all);
    Ok(Value::NONE)
}
