//! `sys.monitoring`.

use crate::code::Code;
use crate::error::R;
use crate::monitor::Callback;
use crate::object::{Builtin, BuiltinDef, Dict, Kw, Module, Namespace, Plain, Str};
use crate::value::Value;
use crate::vm::Vm;
use seriema_monitoring::{Event, EventSet, Monitor, MonitorError, ToolId};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("use_tool_id", 2, 2, use_tool_id),
    BuiltinDef::new("clear_tool_id", 1, 1, clear_tool_id),
    BuiltinDef::new("free_tool_id", 1, 1, free_tool_id),
    BuiltinDef::new("get_tool", 1, 1, get_tool),
    BuiltinDef::new("register_callback", 3, 3, register_callback),
    BuiltinDef::new("get_events", 1, 1, get_events),
    BuiltinDef::new("set_events", 2, 2, set_events),
    BuiltinDef::new("get_local_events", 2, 2, get_local_events),
    BuiltinDef::new("set_local_events", 3, 3, set_local_events),
    BuiltinDef::new("restart_events", 0, 0, restart_events),
    BuiltinDef::new("_all_events", 0, 0, all_events),
];

/// Hangs the namespace on `sys`.
pub fn init(vm: &mut Vm, sys: &Value) {
    let module = vm.module("sys.monitoring");
    let dict = module.as_::<Module>().dict.clone();
    let name = vm.str("sys.monitoring");
    for def in FUNCTIONS {
        let key = vm.intern(def.name);
        let ty = vm.types.builtin_function.clone();
        let f = Builtin::new(&ty, def, module.clone(), Value::NULL, name.clone());
        dict.as_::<Dict>().set_str(vm, &key, f);
    }
    let events = vm.dict();
    let numbers = Event::ALL.iter().map(|e| (e.name(), e.set().bits()));
    for (n, bits) in numbers.chain([("BRANCH", 1 << (EventSet::BITS - 1)), ("NO_EVENTS", 0)]) {
        let key = vm.intern(n);
        events.as_::<Dict>().set_str(vm, &key, Value::small(bits as i64));
    }
    let events = Namespace::new(&vm.types.namespace, events);
    vm.monitoring_disable = Plain::new(&vm.types.object);
    vm.monitoring_missing = Plain::new(&vm.types.object);
    let small = |t: ToolId| Value::small(t.index() as i64);
    let attributes = [
        ("events", events),
        ("DISABLE", vm.monitoring_disable.clone()),
        ("MISSING", vm.monitoring_missing.clone()),
        ("DEBUGGER_ID", small(ToolId::DEBUGGER)),
        ("COVERAGE_ID", small(ToolId::COVERAGE)),
        ("PROFILER_ID", small(ToolId::PROFILER)),
        ("OPTIMIZER_ID", small(ToolId::OPTIMIZER)),
    ];
    for (n, v) in attributes {
        let key = vm.intern(n);
        dict.as_::<Dict>().set_str(vm, &key, v);
    }
    let key = vm.intern("monitoring");
    sys.as_::<Module>().dict.as_::<Dict>().set_str(vm, &key, module);
}

/// A C int, through `__index__` (M4).
#[inline]
fn c_int(vm: &mut Vm, v: &Value) -> R<i32> {
    let i = if v.word().is_int() { v.word().int() } else { vm.index(v)? };
    i32::try_from(i).map_err(|_| vm.raise("OverflowError", "Python int too large to convert to C int"))
}
#[inline]
fn refuse<T>(vm: &mut Vm, r: Result<T, MonitorError>) -> R<T> {
    r.map_err(|e| vm.raise("ValueError", e.to_string()))
}
#[inline]
fn tool(vm: &mut Vm, v: &Value) -> R<ToolId> {
    let id = c_int(vm, v)?;
    refuse(vm, Monitor::<Callback, Value>::tool(id))
}
fn code_of<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a Code> {
    v.get::<Code>().ok_or_else(|| vm.raise("TypeError", "code must be a code object"))
}

fn use_tool_id(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = tool(vm, &args[0])?;
    if args[1].get::<Str>().is_none() {
        return Err(vm.raise("ValueError", "tool name must be a str"));
    }
    let r = vm.monitor.use_tool_id(t, args[1].clone());
    refuse(vm, r)?;
    Ok(Value::NONE)
}
fn clear_tool_id(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = tool(vm, &args[0])?;
    let change = vm.monitor.clear_tool_id(t);
    vm.apply(change, None);
    Ok(Value::NONE)
}
fn free_tool_id(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = tool(vm, &args[0])?;
    let change = vm.monitor.free_tool_id(t);
    vm.apply(change, None);
    Ok(Value::NONE)
}
fn get_tool(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = tool(vm, &args[0])?;
    Ok(vm.monitor.get_tool(t).cloned().unwrap_or(Value::NONE))
}
fn register_callback(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = tool(vm, &args[0])?;
    let event = c_int(vm, &args[1])?;
    let func = (!args[2].is_none()).then(|| Callback::of(args[2].clone()));
    refuse(vm, Monitor::<Callback, Value>::one_event(event))?;
    vm.audit("sys.monitoring.register_callback", |_| vec![args[2].clone()])?;
    let (old, change) = vm.monitor.register_one(t, event, func);
    vm.apply(change, None);
    Ok(old.as_ref().and_then(Callback::callable).cloned().unwrap_or(Value::NONE))
}
fn get_events(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = c_int(vm, &args[0])?;
    let r = vm.monitor.get_events(t);
    Ok(Value::small(refuse(vm, r)?.bits() as i64))
}
fn set_events(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (t, set) = (c_int(vm, &args[0])?, c_int(vm, &args[1])?);
    let r = vm.monitor.set_events(t, set);
    let change = refuse(vm, r)?;
    vm.apply(change, None);
    Ok(Value::NONE)
}
fn get_local_events(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = c_int(vm, &args[0])?;
    let code = code_of(vm, &args[1])?;
    let r = vm.monitor.get_local_events(t, &code.monitoring.borrow());
    Ok(Value::small(refuse(vm, r)?.bits() as i64))
}
fn set_local_events(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let t = c_int(vm, &args[0])?;
    let code = code_of(vm, &args[1])?;
    let set = c_int(vm, &args[2])?;
    let r = vm.monitor.set_local_events(t, &mut code.monitoring.borrow_mut(), set);
    let change = refuse(vm, r)?;
    vm.apply(change, Some(code));
    Ok(Value::NONE)
}
fn restart_events(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let change = vm.monitor.restart_events();
    vm.apply(change, None);
    Ok(Value::NONE)
}
fn all_events(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let d = vm.dict();
    let all: Vec<_> = vm.monitor.all_events().collect();
    for (e, mask) in all {
        let key = vm.intern(e.name());
        d.as_::<Dict>().set_str(vm, &key, Value::small(mask.0 as i64));
    }
    Ok(d)
}
