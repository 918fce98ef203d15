//! Module `sys`.

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Exception, Kind, Kw, Module, Str, Type};
use crate::types::table::MAX_STR_DIGITS;
use crate::value::Value;
use crate::vm::Vm;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("exit", 0, 1, exit),
    BuiltinDef::new("displayhook", 1, 1, display_hook),
    BuiltinDef::new("intern", 1, 1, intern),
    BuiltinDef::new("getrecursionlimit", 0, 0, |vm, _, _| {
        Ok(Value::small(vm.options.recursion_limit as i64))
    }),
    BuiltinDef::new("setrecursionlimit", 1, 1, set_recursion_limit),
    BuiltinDef::new("get_int_max_str_digits", 0, 0, |vm, _, _| Ok(Value::small(vm.max_str_digits() as i64))),
    BuiltinDef::kw("set_int_max_str_digits", 0, 1, set_max_str_digits),
    BuiltinDef::new("exc_info", 0, 0, exc_info),
    BuiltinDef::new("exception", 0, 0, |vm, _, _| Ok(vm.handled_now())),
    BuiltinDef::kw("set_asyncgen_hooks", 0, 2, crate::runtime::asynchronous::set_asyncgen_hooks),
    BuiltinDef::new("get_asyncgen_hooks", 0, 0, crate::runtime::asynchronous::get_asyncgen_hooks),
    BuiltinDef::kw(
        "set_coroutine_origin_tracking_depth",
        0,
        1,
        crate::runtime::asynchronous::set_origin_depth,
    ),
    BuiltinDef::new("get_coroutine_origin_tracking_depth", 0, 0, |vm, _, _| {
        Ok(Value::small(vm.async_hooks.origin_depth as i64))
    }),
    BuiltinDef::new("_getframe", 0, 1, crate::types::frame::getframe),
    BuiltinDef::kw("_getframemodulename", 0, 1, crate::types::frame::getframemodulename),
    BuiltinDef::new("_current_frames", 0, 0, crate::types::frame::current_frames),
    BuiltinDef::new("getdefaultencoding", 0, 0, |vm, _, _| Ok(vm.intern("utf-8"))),
    BuiltinDef::kw("getsizeof", 0, 2, size_of),
    BuiltinDef::new("getswitchinterval", 0, 0, |vm, _, _| Ok(Value::float(vm.state::<Interval>().0))),
    BuiltinDef::new("setswitchinterval", 1, 1, |vm, a, _| {
        let seconds = vm.real(&a[0])?;
        if seconds.is_nan() || seconds <= 0.0 {
            return vm.fail("ValueError", "switch interval must be strictly positive");
        }
        vm.state::<Interval>().0 = seconds;
        Ok(Value::NONE)
    }),
    BuiltinDef::kw("breakpointhook", 0, u8::MAX, breakpoint_hook),
    BuiltinDef::new("getfilesystemencoding", 0, 0, |vm, _, _| Ok(vm.intern("utf-8"))),
    BuiltinDef::new("getfilesystemencodeerrors", 0, 0, |vm, _, _| Ok(vm.intern("surrogateescape"))),
    BuiltinDef::new("getrefcount", 1, 1, |_, a, _| Ok(Value::small(a[0].ref_count().max(1) as i64))),
    BuiltinDef::new("_get_cpu_count_config", 0, 0, |_, _, _| Ok(Value::small(-1))),
    BuiltinDef::new("is_finalizing", 0, 0, |_, _, _| Ok(Value::FALSE)),
    BuiltinDef::new("_is_gil_enabled", 0, 0, |_, _, _| Ok(Value::TRUE)),
    BuiltinDef::kw("_is_interned", 1, 1, |vm, a, _| Ok(Value::bool(vm.is_interned(&a[0])))),
    BuiltinDef::new("_clear_type_descriptors", 1, 1, |vm, a, _| {
        let Some(t) = a[0].get::<Type>() else {
            let message =
                format!("_clear_type_descriptors() argument must be type, not {}", vm.type_name(&a[0]));
            return vm.fail("TypeError", message);
        };
        if !t.is_heap() {
            return vm.fail("TypeError", "argument is immutable");
        }
        // The class is about to be made anew: nothing may keep it alive.
        for name in ["__dict__", "__weakref__"] {
            let key = vm.intern(name);
            let old = t.dict.as_::<Dict>().remove(vm, &key)?;
            drop(old);
        }
        t.modified();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("_clear_type_cache", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("_clear_internal_caches", 0, 0, |_, _, _| Ok(Value::NONE)),
    BuiltinDef::new("settrace", 1, 1, crate::trace::settrace),
    BuiltinDef::new("gettrace", 0, 0, crate::trace::gettrace),
    BuiltinDef::new("_settraceallthreads", 1, 1, crate::trace::settrace_all),
    BuiltinDef::new("setprofile", 1, 1, crate::trace::setprofile),
    BuiltinDef::new("getprofile", 0, 0, crate::trace::getprofile),
    BuiltinDef::new("_setprofileallthreads", 1, 1, crate::trace::setprofile_all),
    BuiltinDef::new("call_tracing", 2, 2, crate::trace::call_tracing),
    BuiltinDef::new("audit", 1, u8::MAX, crate::audit::sys_audit),
    BuiltinDef::kw("addaudithook", 0, u8::MAX, crate::audit::add_hook),
    BuiltinDef::new("excepthook", 3, 3, except_hook),
];

/// `sys._jit` asks after CPython's own JIT, which is not here; ours is seen by `--stats`.
static JIT: &[BuiltinDef] = &[
    BuiltinDef::new("is_available", 0, 0, |_, _, _| Ok(Value::FALSE)),
    BuiltinDef::new("is_enabled", 0, 0, |_, _, _| Ok(Value::FALSE)),
    BuiltinDef::new("is_active", 0, 0, |_, _, _| Ok(Value::FALSE)),
];

pub fn init(vm: &mut Vm) -> Value {
    let sys = vm.add_module("sys", FUNCTIONS);
    vm.sys_module = sys.clone();
    let modules = vm.sys_modules.clone();
    vm.set_global(&sys, "modules", modules);
    let jit = vm.new_module("sys._jit", JIT);
    vm.set_global(&sys, "_jit", jit);
    super::sys_info::fill(vm, &sys);
    vm.set_global(&sys, MAX_STR_DIGITS, Value::small(4300));
    vm.add_functions(&sys, crate::runtime::unraisable::HOOK);
    for name in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
        let key = vm.intern(name);
        if let Some(f) = sys.as_::<Module>().dict.as_::<Dict>().get_str(&key) {
            vm.set_global(&sys, &format!("__{name}__"), f);
        }
    }
    sys
}

/// What a program believes the interval of thread switches to be; ours are by instructions.
struct Interval(f64);
impl Default for Interval {
    fn default() -> Interval {
        Interval(0.005)
    }
}

/// `sys.getsizeof`: what `__sizeof__` says, and the header of what the collector watches.
fn size_of(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [object, default] = vm.bind_args("getsizeof", ["object", "default"], 0, 1, args, kw)?;
    let object = object.unwrap_or(Value::NONE);
    let size = vm.call_dunder(&object, "__sizeof__", &[]);
    let size = match (size, default) {
        (Err(_), Some(default)) if vm.pending_is(&["TypeError"]) => {
            drop(vm.take_pending());
            return Ok(default);
        }
        (r, _) => r?,
    };
    let Some(size) = size else {
        let message = format!("Type {} doesn't define __sizeof__", vm.type_name(&object));
        return vm.fail("TypeError", message);
    };
    let n = vm.index_size(&size)?;
    if n < 0 {
        return vm.fail("ValueError", "__sizeof__() should return >= 0");
    }
    let collected = object.kind().is_some_and(|k| {
        !matches!(
            k,
            Kind::Str | Kind::Bytes | Kind::Int | Kind::Float | Kind::Complex | Kind::Code | Kind::Range
        )
    });
    Ok(vm.int(n.saturating_add(if collected { 16 } else { 0 })))
}

/// `sys.breakpointhook`: calls what `$PYTHONBREAKPOINT` names.
fn breakpoint_hook(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let name = match vm.options.ignore_environment {
        true => None,
        false => std::env::var("PYTHONBREAKPOINT").ok(),
    };
    let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| "pdb.set_trace".to_owned());
    if name == "0" {
        return Ok(Value::NONE);
    }
    let (module, function) = name.rsplit_once('.').unwrap_or(("builtins", &name));
    let found = match module.is_empty() {
        true => vm.fail("ValueError", "Empty module name"),
        false => vm.import_module(module).and_then(|m| vm.get_attr_str(&m, function)),
    };
    match found {
        Ok(f) => vm.call(&f, args, kw),
        Err(e) => {
            if !vm.pending_is(&["ImportError", "AttributeError", "ValueError"]) {
                return Err(e);
            }
            drop(vm.take_pending());
            vm.warn("RuntimeWarning", format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{name}\""), 1)?;
            Ok(Value::NONE)
        }
    }
}

/// `breakpoint()`.
pub(crate) fn breakpoint(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    match vm.sys_attribute("breakpointhook") {
        Some(f) => vm.call(&f, args, kw),
        None => vm.fail("RuntimeError", "lost sys.breakpointhook"),
    }
}

fn exit(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    Err(vm.raise_type("SystemExit", args.to_vec()))
}

fn intern(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    match args[0].get::<Str>() {
        Some(s) => Ok(vm.intern(s.as_str())),
        None => {
            let message = format!("intern() argument must be str, not {}", vm.type_name(&args[0]));
            vm.fail("TypeError", message)
        }
    }
}

fn set_recursion_limit(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let n = vm.index(&args[0])?;
    if n < 1 {
        return vm.fail("ValueError", "recursion limit must be greater or equal than 1");
    }
    let Ok(n) = i32::try_from(n) else {
        return vm.fail("OverflowError", "Python int too large to convert to C int");
    };
    let n = n as u32;
    let used = vm.options.recursion_limit.saturating_sub(vm.depth_left);
    if n <= used {
        let message = format!(
            "cannot set the recursion limit to {n} at the recursion depth {used}: the limit is too low"
        );
        return vm.fail("RecursionError", message);
    }
    vm.options.recursion_limit = n;
    vm.depth_left = n - used;
    Ok(Value::NONE)
}

fn set_max_str_digits(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("set_int_max_str_digits", kw, &["maxdigits"])?;
    let Some(v) = args.first().or(kw.get("maxdigits")) else {
        return vm
            .fail("TypeError", "set_int_max_str_digits() missing required argument 'maxdigits' (pos 1)");
    };
    let n = vm.index(v)?;
    if n != 0 && !(640..=i32::MAX as i64).contains(&n) {
        return vm.fail("ValueError", "maxdigits must be >= 640 or 0 for unlimited");
    }
    let sys = vm.sys_module.clone();
    vm.set_global(&sys, MAX_STR_DIGITS, Value::small(n));
    Ok(Value::NONE)
}

fn exc_info(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    let e = vm.handled_now();
    let parts = match e.get::<Exception>() {
        Some(x) => {
            let tb = x.traceback.borrow().clone();
            vec![vm.type_of(&e).clone(), e.clone(), tb]
        }
        None => vec![Value::NONE, Value::NONE, Value::NONE],
    };
    Ok(vm.tuple(parts))
}

/// `sys.excepthook`: tells of an uncaught exception.
fn except_hook(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let text = match args[1].is_kind(Kind::Exception) {
        true => vm.format_exception(&args[1]),
        false => {
            let class = vm.type_name(&args[1]);
            format!("TypeError: print_exception(): Exception expected for value, {class} found\n")
        }
    };
    let Some(err) = vm.sys_attribute("stderr").filter(|e| !e.is_none()) else { return Ok(Value::NONE) };
    let (text, write) = (vm.string(text), vm.intern("write"));
    let f = vm.get_attr(&err, &write)?;
    vm.call(&f, &[text], Kw::NONE)?;
    Ok(Value::NONE)
}

/// `sys.displayhook`.
fn display_hook(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    if args[0].is_none() {
        return Ok(Value::NONE);
    }
    let (key, builtins) = (vm.intern("_"), vm.builtins.clone());
    builtins.as_::<Dict>().set_str(vm, &key, Value::NONE);
    let text = vm.repr_string(&args[0])?;
    let Some(out) = vm.sys_attribute("stdout").filter(|o| !o.is_none()) else {
        return vm.fail("RuntimeError", "lost sys.stdout");
    };
    let line = vm.string(format!("{text}\n"));
    let write = vm.intern("write");
    let f = vm.get_attr(&out, &write)?;
    vm.call(&f, &[line], Kw::NONE)?;
    builtins.as_::<Dict>().set_str(vm, &key, args[0].clone());
    Ok(Value::NONE)
}

impl Vm {
    /// Shows the value of an interactive statement.
    pub(crate) fn display(&mut self, v: &Value) -> R {
        match self.sys_attribute("displayhook") {
            Some(f) => self.call(&f, std::slice::from_ref(v), Kw::NONE).map(drop),
            None => self.fail("RuntimeError", "lost sys.displayhook"),
        }
    }
    /// `sys.<name>` as it is now.
    pub fn set_sys_attribute(&mut self, name: &str, v: Value) {
        let sys = self.sys_module.clone();
        self.set_global(&sys, name, v);
    }
    pub fn sys_attribute(&mut self, name: &str) -> Option<Value> {
        let key = self.intern(name);
        self.sys_module.get::<Module>()?.dict.as_::<Dict>().get_str(&key)
    }
}
