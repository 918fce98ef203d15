//! `Vm`: one Python virtual machine, with everything it owns.
//!
//! No global state: several live in one process. Runtime functions are methods of `Vm`, spread over the
//! files of `runtime` and `types` by subject.

use crate::code::Code;
use crate::error::{Exc, R};
use crate::frame::{DataStack, FLAG_ENTRY, Frame, HEADER_WORDS};
use crate::monitor::Callback;
use crate::object::{Bytes, Dict, Function, Int, List, Module, Str, Tuple};
use crate::thread::{BREAK_COLLECT, BREAK_INTERRUPT, BREAK_SIGNAL, BREAK_SWITCH, Breaker, Threads};
use crate::tier::{NoTier, Tier};
use crate::types::Types;
use crate::value::{Value, Word};
use crate::watch::{Dependent, Watch, WatchKey};
use num_bigint::BigInt;
use rustc_hash::FxHashMap;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};
use seriema_monitoring::Monitor;
use std::collections::{HashMap, HashSet};

/// Settings of a VM.
#[derive(Clone, Debug)]
pub struct Options {
    /// Python frames before RecursionError.
    pub recursion_limit: u32,
    /// Size of the data stack in 8-byte words.
    pub stack_words: usize,
    /// Iterations after which a loop is hot.
    pub hot: u16,
    pub argv: Vec<String>,
    /// `-O`: 1, `-OO`: 2.
    pub optimize: u8,
    /// The Python part of the standard library.
    pub library: Option<crate::import::Library>,
    /// A Lib folder to use instead of it.
    pub lib_dir: Option<String>,
    /// Entries of `sys.path` before the library's (`PYTHONPATH`).
    pub python_path: Vec<String>,
    /// `-P`: the script's folder is not put on `sys.path`.
    pub safe_path: bool,
    /// What was put in front of `sys.path` for the script, if anything was.
    pub script_folder: Option<String>,
    /// `-B`
    pub dont_write_bytecode: bool,
    /// `-E`, `-I`, `-s`, `-S`: for `sys.flags`.
    pub ignore_environment: bool,
    pub isolated: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    /// The command: `sys.executable` and `sys.orig_argv`.
    pub executable: String,
    pub orig_argv: Vec<String>,
    /// `-W` and `-X`.
    pub warn_options: Vec<String>,
    pub x_options: Vec<String>,
    /// CPython 3.14's rules where they differ from the specification of sys.monitoring.
    pub monitoring_314: bool,
    pub streams: crate::modules::io::standard::StreamOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            recursion_limit: 1000,
            stack_words: 1 << 20,
            hot: 250,
            argv: vec![String::new()],
            optimize: 0,
            library: None,
            lib_dir: None,
            python_path: vec![],
            safe_path: false,
            script_folder: None,
            dont_write_bytecode: false,
            ignore_environment: false,
            isolated: false,
            no_user_site: false,
            no_site: false,
            executable: String::new(),
            orig_argv: vec![],
            warn_options: vec![],
            x_options: vec![],
            monitoring_314: false,
            streams: Default::default(),
        }
    }
}

/// Where a RAISE event says that the exception arose (rules M56 and M133).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RaiseAt {
    /// The last cache unit of the instruction under way.
    EndUnit,
    /// That unit itself.
    Unit(u32),
    /// throw() into a frame suspended before this unit: one unit before it.
    Thrown(u32),
}

/// The empty str and those of one Latin-1 character: made once.
pub(crate) struct Latin1 {
    empty: Value,
    one: Box<[Value; 256]>,
}

impl Latin1 {
    fn new(types: &Types) -> Latin1 {
        let one = |c: char| Str::new(&types.str, c.encode_utf8(&mut [0; 4]));
        let all = std::array::from_fn(|i| one(i as u8 as char));
        Latin1 { empty: Str::new(&types.str, ""), one: Box::new(all) }
    }
}

pub struct Vm {
    // ---- what the interpreter touches
    pub frame: *mut Frame,
    pub stack_limit: *mut Word,
    pub depth_left: u32,
    /// Not 0: somebody wants the interpreter's attention at the next back edge or call.
    pub breaker: Breaker,
    /// Counts changes of the monitoring state and of who listens: code objects that have seen another number
    /// are brought up to date at RESUME.
    pub version: u64,
    pub(crate) dying: crate::interp::Dying,
    // ---- exceptions
    pub(crate) pending: Option<Value>,
    /// The exception being handled, or None.
    pub handled: Value,
    pub(crate) raise_at: RaiseAt,
    /// The pending exception is raised again: RERAISE, not RAISE.
    pub(crate) reraising: bool,
    /// Unit of the original raise, which a RERAISE restores.
    pub(crate) reraise_lasti: Option<u32>,
    /// The StopIteration that ended an iterator of Python code, where RAISE is heard: for FOR_ITER.
    pub(crate) stop_seen: Option<Value>,
    /// Address below which the native stack may not grow; 0: not known yet.
    pub(crate) native_stack_limit: usize,
    pub(crate) result: Option<R<Value>>,
    /// The other threads, and the GIL.
    pub threads: Threads,
    /// The entry frame left last was a generator's that yielded.
    pub(crate) yielded: bool,
    pub async_hooks: crate::runtime::asynchronous::AsyncHooks,
    /// The innermost running generator, or null.
    pub(crate) running: *const crate::object::Generator,
    // ---- the rest
    pub options: Options,
    pub types: Types,
    interned: HashMap<Box<str>, Value, foldhash::fast::RandomState>,
    pub(crate) method_cache: crate::types::attr::MethodCache,
    /// Classes written in Rust, by the type of their payload.
    pub(crate) native_classes: FxHashMap<std::any::TypeId, Value>,
    /// Weak references by the address of what they refer to; not owned.
    pub(crate) weakrefs: FxHashMap<u64, Vec<Word>>,
    /// States of modules, by type.
    pub(crate) states: FxHashMap<std::any::TypeId, Box<dyn std::any::Any>>,
    /// The containers whose repr is being written.
    pub(crate) repr_stack: Vec<Value>,
    pub(crate) latin1: Latin1,
    empty_tuple: Value,
    empty_bytes: Value,
    pub(crate) codecs: crate::modules::codecs::Codecs,
    ids: u64,
    shape_ids: u32,
    pub(crate) codes: HashSet<usize>,
    pub watch: Watch,
    pub tier: Option<Box<dyn Tier>>,
    /// Regions that have become invalid since the tier last looked, with the cause.
    pub invalidated: Vec<(u32, String)>,
    pub monitor: Monitor<Callback, Value>,
    pub(crate) audit_hooks: crate::audit::AuditHooks,
    /// `sys.settrace` and `sys.setprofile`, of the running thread.
    pub(crate) tracing: crate::trace::Tracing,
    /// A callback is running: no events (rule M53).
    pub in_callback: bool,
    /// Tools that heard the CALL under way, for its C_RETURN or C_RAISE (rules M73, M89).
    pub(crate) call_heard: Option<crate::monitor::CallHeard>,
    /// See `monitor::stop`.
    pub(crate) spare_stop: Option<Value>,
    /// The embedder's callbacks.
    pub listening: crate::listen::Listening,
    /// The last change that code objects without a frame have yet to see.
    pub(crate) last_change: Option<seriema_monitoring::Change>,
    /// Events since the last registration that had no callback where one used to be.
    pub(crate) unheard: u32,
    /// Events delivered to callbacks, for `--stats`.
    pub events_fired: u64,
    /// `sys.monitoring.DISABLE` and `MISSING`.
    pub monitoring_disable: Value,
    pub monitoring_missing: Value,
    /// `sys`, `importlib._bootstrap` once it works, and the builtin `__import__`.
    pub sys_module: Value,
    pub importlib: Option<Value>,
    pub(crate) own_import: Value,
    /// How often the import lock is held. (The GIL is the lock.)
    pub(crate) import_lock: u32,
    /// `sys.modules`, as it was at the start. (A program may put another dict there: importlib's business.)
    pub sys_modules: Value,
    /// Dict of the builtins module.
    pub builtins: Value,
    /// What LOAD_COMMON_CONSTANT loads.
    pub(crate) common_constants: [Value; 5],
    /// `__name__`, which every function made asks its globals for.
    pub(crate) name_of_name: Value,
    /// Where standard output goes.
    pub stdout: crate::modules::io::Out,
    pub(crate) stack: DataStack,
    pub(crate) gc: crate::gc::Gc,
    /// The last field: goes when nothing of the VM refers to objects any more.
    pub(crate) heap: crate::object::heap::HeapHandle,
}

impl Vm {
    pub fn new(options: Options) -> Box<Vm> {
        let mut stack = DataStack::new(options.stack_words);
        let heap = crate::object::heap::HeapHandle::new();
        let types = Types::bootstrap();
        heap.started();
        let mut vm = Box::new(Vm {
            frame: std::ptr::null_mut(),
            stack_limit: stack.limit(),
            depth_left: options.recursion_limit,
            breaker: Breaker::default(),
            version: 1,
            dying: Default::default(),
            pending: None,
            handled: Value::NONE,
            raise_at: RaiseAt::EndUnit,
            reraising: false,
            reraise_lasti: None,
            stop_seen: None,
            native_stack_limit: 0,
            result: None,
            latin1: Latin1::new(&types),
            empty_tuple: Tuple::new(&types.tuple, std::iter::empty()),
            empty_bytes: Bytes::new(&types.bytes, &[][..]),
            codecs: Default::default(),
            types,
            threads: Threads::default(),
            yielded: false,
            async_hooks: Default::default(),
            running: std::ptr::null(),
            interned: HashMap::default(),
            method_cache: Default::default(),
            native_classes: FxHashMap::default(),
            weakrefs: FxHashMap::default(),
            states: FxHashMap::default(),
            repr_stack: vec![],
            ids: 1,
            shape_ids: 0,
            codes: HashSet::new(),
            watch: Watch::default(),
            tier: Some(Box::new(NoTier)),
            invalidated: vec![],
            monitor: Monitor::new(if options.monitoring_314 {
                seriema_monitoring::Rules::CPython314
            } else {
                seriema_monitoring::Rules::Specification
            }),
            audit_hooks: Default::default(),
            tracing: Default::default(),
            in_callback: false,
            call_heard: None,
            unheard: 0,
            spare_stop: None,
            listening: Default::default(),
            last_change: None,
            events_fired: 0,
            monitoring_disable: Value::NONE,
            monitoring_missing: Value::NONE,
            sys_modules: Value::NONE,
            sys_module: Value::NONE,
            importlib: None,
            own_import: Value::NONE,
            import_lock: 0,
            builtins: Value::NONE,
            common_constants: [Value::NONE; 5],
            name_of_name: Value::NONE,
            stdout: crate::modules::io::Out::default(),
            options,
            stack,
            gc: Default::default(),
            heap,
        });
        vm.frame = base_frame(&mut vm.stack);
        vm.threads.start(&vm.breaker);
        crate::types::init(&mut vm);
        crate::modules::init(&mut vm);
        vm.common_constants = [
            vm.types.exception("AssertionError").clone(),
            vm.types.exception("NotImplementedError").clone(),
            vm.types.tuple.clone(),
            vm.builtin("all"),
            vm.builtin("any"),
        ];
        vm.name_of_name = vm.intern("__name__");
        vm.gc.base = vm.heap.containers();
        vm.set_gc_trigger();
        vm
    }

    // ---- making values
    pub fn str(&mut self, s: &str) -> Value {
        match s.as_bytes() {
            [] => self.latin1.empty.clone(),
            &[b] => self.latin1.one[b as usize].clone(),
            _ => Str::new(&self.types.str, s),
        }
    }
    pub fn string(&mut self, s: String) -> Value {
        if s.len() < 2 { self.str(&s) } else { Str::from_string(&self.types.str, s) }
    }
    /// Of bytes that are ASCII.
    pub(crate) fn ascii(&mut self, text: Vec<u8>) -> Value {
        debug_assert!(text.is_ascii());
        // SAFETY: ASCII is UTF-8.
        self.string(unsafe { String::from_utf8_unchecked(text) })
    }
    pub fn wtf8(&mut self, s: &Wtf8) -> Value {
        match s.as_bytes() {
            [] => self.latin1.empty.clone(),
            &[b] => self.latin1.one[b as usize].clone(),
            _ => Str::from_wtf8(&self.types.str, s),
        }
    }
    pub fn wtf8_buf(&mut self, s: Wtf8Buf) -> Value {
        if s.len() < 2 { self.wtf8(&s) } else { Str::from_buf(&self.types.str, s) }
    }
    /// The str of one Latin-1 character.
    #[inline(always)]
    pub(crate) fn latin1_char(&self, c: u8) -> Value {
        self.latin1_of(c).clone()
    }
    #[inline(always)]
    pub(crate) fn latin1_of(&self, c: u8) -> &Value {
        &self.latin1.one[c as usize]
    }
    /// The str of one character, a surrogate too. (Not a code point: U+FFFD.)
    #[inline]
    pub fn code_point(&mut self, c: u32) -> Value {
        match self.latin1.one.get(c as usize) {
            Some(v) => v.clone(),
            None => {
                let c = CodePoint::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER.into());
                Str::from_wtf8(&self.types.str, c.encode_wtf8(&mut [0; 4]))
            }
        }
    }
    pub fn bytes(&mut self, b: &[u8]) -> Value {
        if b.is_empty() {
            return self.empty_bytes.clone();
        }
        Bytes::new(&self.types.bytes, b)
    }
    pub fn byte_vec(&mut self, b: Vec<u8>) -> Value {
        if b.is_empty() {
            return self.empty_bytes.clone();
        }
        Bytes::new(&self.types.bytes, b)
    }
    /// The one object for this text: names compare by identity first.
    pub fn intern(&mut self, s: &str) -> Value {
        if let Some(v) = self.interned.get(s) {
            return v.clone();
        }
        let v = self.str(s);
        // SAFETY: the value keeps its object.
        unsafe { (*v.word().header()).set_flag(crate::object::INTERNED, true) };
        self.interned.insert(s.into(), v.clone());
        v
    }
    pub fn is_interned(&self, v: &Value) -> bool {
        let text = v.get::<Str>().and_then(Str::to_str);
        text.and_then(|s| self.interned.get(s)).is_some_and(|i| i.is(v))
    }
    #[inline]
    pub fn int(&mut self, i: i64) -> Value {
        match Word::try_small(i) {
            // SAFETY: unboxed.
            Some(w) => unsafe { Value::from_word(w) },
            None => Int::new(&self.types.int, BigInt::from(i)),
        }
    }
    pub fn big(&mut self, b: BigInt) -> Value {
        match i64::try_from(&b).ok().and_then(Word::try_small) {
            // SAFETY: unboxed.
            Some(w) => unsafe { Value::from_word(w) },
            None => Int::new(&self.types.int, b),
        }
    }
    pub fn tuple(&mut self, items: Vec<Value>) -> Value {
        if items.is_empty() {
            return self.empty_tuple.clone();
        }
        Tuple::from_vec(&self.types.tuple, items)
    }
    pub fn list(&mut self, items: Vec<Value>) -> Value {
        List::new(&self.types.list, items)
    }
    pub fn dict(&mut self) -> Value {
        Dict::new(&self.types.dict)
    }
    /// A dict of global variables.
    pub fn globals_dict(&mut self) -> Value {
        let d = self.dict();
        d.as_::<Dict>().make_celled(self.next_id());
        d
    }
    pub fn module(&mut self, name: &str) -> Value {
        let dict = self.globals_dict();
        for (key, v) in [("__name__", self.str(name)), ("__doc__", Value::NONE), ("__package__", Value::NONE)]
        {
            let key = self.intern(key);
            dict.as_::<Dict>().set_str(self, &key, v);
        }
        Module::new(&self.types.module, dict)
    }
    /// Ids of shapes; 0, which no cache matches, when the numbers are used up.
    pub(crate) fn next_shape_id(&mut self) -> u32 {
        if self.shape_ids != u32::MAX {
            self.shape_ids += 1;
            return self.shape_ids;
        }
        0
    }
    pub fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    // ---- the frame's stack, for residual functions
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn frame(&self) -> &mut Frame {
        // SAFETY: there is always a current frame, and residual functions do not keep the borrow across a
        // change of frames.
        unsafe { &mut *self.frame }
    }
    #[inline(always)]
    pub fn push(&mut self, v: Value) {
        let f = self.frame();
        // SAFETY: the code's stack size covers what its instructions push.
        unsafe {
            *f.sp = v.into_word();
            f.sp = f.sp.add(1);
        }
    }
    /// Pops a value (NULL included).
    #[inline(always)]
    pub fn pop(&mut self) -> Value {
        let f = self.frame();
        debug_assert!(f.sp > f.stack_base());
        // SAFETY: the instruction's stack effect says that the word is there; its reference moves out.
        unsafe {
            f.sp = f.sp.sub(1);
            Value::from_word(*f.sp)
        }
    }
    /// Pops `n` values; the first popped is the last of the vector.
    pub fn pop_n(&mut self, n: usize) -> Vec<Value> {
        let f = self.frame();
        // SAFETY: as in `pop`.
        unsafe {
            f.sp = f.sp.sub(n);
            (0..n).map(|i| Value::from_word(*f.sp.add(i))).collect()
        }
    }
    /// The word `depth` below the top.
    #[inline(always)]
    pub fn peek(&self, depth: usize) -> Word {
        let f = self.frame();
        // SAFETY: as in `pop`.
        unsafe { *f.sp.sub(depth + 1) }
    }
    /// Replaces a word of the stack without dropping it.
    #[inline(always)]
    pub fn poke(&mut self, depth: usize, w: Word) {
        let f = self.frame();
        // SAFETY: as in `pop`.
        unsafe { *f.sp.sub(depth + 1) = w }
    }

    // ---- running code
    /// Enters a frame for `func` whose locals are given in full and runs it to its end.
    /// `names`: the dict of names of a module body.
    pub fn run_function(&mut self, func: &Value, mut locals: Vec<Value>, names: Option<Value>) -> R<Value> {
        let code = func.as_::<Function>().code_value();
        let c = code.as_::<Code>();
        locals.resize_with(c.nlocalsplus as usize, || Value::NULL);
        self.push_frame(func.clone(), locals, names, FLAG_ENTRY, 0)?;
        crate::interp::run(self)
    }

    /// Builds a frame on the free part of the data stack, above the current frame's stack.
    pub(crate) fn push_frame(
        &mut self,
        func: Value,
        locals: Vec<Value>,
        names: Option<Value>,
        flags: u32,
        ret_skip: u16,
    ) -> R {
        let code: *const Code = func.as_::<Function>().code();
        let caller = self.frame;
        // SAFETY: the new frame lies on the free part of the data stack, below the limit, which is tested.
        unsafe {
            let first = (*caller).free();
            let need = (*code).frame_words();
            if self.depth_left == 0 || first.wrapping_add(need) > self.stack_limit {
                return Err(self.raise("RecursionError", "maximum recursion depth exceeded"));
            }
            self.depth_left -= 1;
            for (i, v) in locals.into_iter().enumerate() {
                *first.add(i) = v.into_word();
            }
            let frame = first.add((*code).nlocalsplus as usize).cast::<Frame>();
            frame.write(Frame {
                prev: caller,
                code,
                func: func.into_word(),
                locals: first,
                ip: (*code).live.as_ptr(),
                sp: frame.cast::<Word>().add(HEADER_WORDS),
                names: names.map_or(Word::NULL, Value::into_word),
                flags,
                ret_skip,
                ..Frame::BARE
            });
            self.frame = frame;
        }
        Ok(())
    }

    /// Drops everything the current frame owns and makes its caller current.
    pub(crate) fn pop_frame(&mut self) {
        let f = self.frame;
        if self.frame().flags & crate::frame::FLAG_GENERATOR != 0 {
            return self.pop_generator_frame();
        }
        if self.frame().flags & crate::frame::FLAG_OBJECT != 0 {
            self.part_from_object();
        }
        // SAFETY: slots and stack hold owned words; each is dropped once. While what is on the stack runs Python, the
        // frame is still current, so that nested frames go above it.
        unsafe {
            while (*f).sp > (*f).stack_base() {
                drop(self.pop());
            }
            let last = take_locals((*f).locals, (*(*f).code).nlocalsplus as usize);
            let (func, names) = ((*f).func, (*f).names);
            self.frame = (*f).prev;
            self.depth_left += 1;
            last.into_iter().for_each(|w| w.decref());
            names.decref();
            func.decref();
        }
    }
    pub(crate) fn leave_entry_frame(&mut self, result: R<Value>) {
        self.pop_frame();
        self.result = Some(result);
    }
    pub(crate) fn set_result(&mut self, result: R<Value>) {
        self.result = Some(result);
    }
    pub(crate) fn take_result(&mut self) -> R<Value> {
        self.result.take().expect("the interpreter left without a result")
    }

    // ---- signals and the like
    pub(crate) fn answer_breaker(&mut self) -> R {
        let bits = self.breaker.take();
        if bits & BREAK_COLLECT != 0 {
            self.collect_if_due();
        }
        if bits & BREAK_INTERRUPT != 0 {
            return Err(self.raise_type("KeyboardInterrupt", vec![]));
        }
        if bits & BREAK_SWITCH != 0 {
            self.switch_threads();
        }
        if bits & BREAK_SIGNAL != 0 {
            self.check_signals()?;
        }
        Ok(())
    }

    // ---- assumptions
    /// A fact has become untrue: everything that relied on it lets go.
    pub fn fire_watch(&mut self, key: WatchKey) {
        for who in self.watch.fire(&key) {
            match who {
                // SAFETY: a code object forgets its sites in the registry before it is freed.
                Dependent::Site { code, at } => crate::site::unquicken_global(unsafe { &*code }, at as usize),
                Dependent::Region(id) => self.invalidate_region(id, format!("{key:?}")),
            }
        }
    }
    /// Marks a region invalid: nobody enters it any more. Cheap, runs no Python, frees nothing.
    pub fn invalidate_region(&mut self, id: u32, cause: String) {
        self.invalidated.push((id, cause));
        if let Some(mut tier) = self.tier.take() {
            tier.invalidate(self);
            self.tier = Some(tier);
        }
    }
    pub(crate) fn forget_code(&mut self, code: &Code) {
        self.watch.forget_code(code);
        for key in [WatchKey::OneGlobals(code.id), WatchKey::Sites(code.id)] {
            self.fire_watch(key);
        }
    }
    /// A function over `code` with `globals` comes to be: quickened globals rely on there being one dict.
    pub(crate) fn bind_globals(&mut self, code: &Code, globals: &Value) {
        let g = globals.as_::<Dict>();
        if !g.is_celled() {
            let id = self.next_id();
            g.make_celled(id);
        }
        match code.globals_id.get() {
            0 => code.globals_id.set(g.id()),
            id if id == g.id() => {}
            _ => {
                code.globals_id.set(u64::MAX);
                for at in code.instructions() {
                    crate::site::unquicken_global(code, at);
                }
                self.fire_watch(WatchKey::OneGlobals(code.id));
            }
        }
    }

    // ---- the JIT's door
    #[cold]
    pub(crate) fn hot_back_edge(&mut self, counter: crate::frame::Ip) {
        if let Some(mut tier) = self.tier.take() {
            let code = self.frame().code();
            let at = (counter as usize - code.live.as_ptr() as usize) / 2 - 1;
            tier.hot(self, at as u32);
            self.tier = Some(tier);
        }
    }
    pub(crate) fn enter_region(&mut self, index: u16) {
        // A region entered while the tier works (a recording that runs Python): stay in the interpreter.
        if let Some(mut tier) = self.tier.take() {
            let region = self.frame().code().regions.borrow()[index as usize];
            tier.enter(self, region);
            self.tier = Some(tier);
        }
    }

    // ---- raising
    /// Raises an exception of a builtin class with a message.
    pub fn raise(&mut self, class: &str, message: impl AsRef<str>) -> Exc {
        let m = self.str(message.as_ref());
        self.raise_with(class, m)
    }
    /// Raises an exception with one argument.
    pub fn raise_with(&mut self, class: &str, arg: Value) -> Exc {
        let args = Tuple::of(&self.types.tuple, [arg]);
        let e = self.exception_with(class, args);
        self.raise_value(e)
    }
    pub fn raise_type(&mut self, class: &str, args: Vec<Value>) -> Exc {
        let e = self.make_exception(class, args);
        self.raise_value(e)
    }
    pub fn make_exception(&mut self, class: &str, args: Vec<Value>) -> Value {
        let args = self.tuple(args);
        self.exception_with(class, args)
    }
    /// An exception with a tuple of arguments.
    fn exception_with(&mut self, class: &str, args: Value) -> Value {
        let e = crate::object::Exception::new(self.types.exception(class), args);
        // Most have no fields.
        if !matches!(class, "KeyError" | "IndexError" | "TypeError" | "ValueError" | "ZeroDivisionError") {
            self.fill_exception(&e);
        }
        e
    }
    /// Makes `e` the pending exception, with the handled one as its context.
    pub fn raise_value(&mut self, e: Value) -> Exc {
        let handled = self.handled_now();
        if !handled.is_none() && !handled.is(&e) {
            crate::runtime::exc::set_context(&e, handled);
        }
        self.pending = Some(e);
        Exc
    }
    /// The pending exception, taken.
    pub fn take_pending(&mut self) -> Value {
        self.pending.take().expect("Exc without a pending exception")
    }
    pub fn set_pending(&mut self, e: Value) -> Exc {
        self.pending = Some(e);
        Exc
    }
}

/// The bottom of a data stack: a frame of no code, so that `frame.sp` always says where the free part begins.
pub(crate) fn base_frame(stack: &mut DataStack) -> *mut Frame {
    let base = stack.base().cast::<Frame>();
    // SAFETY: the data stack has room for a header.
    unsafe {
        let stack = base.cast::<Word>().add(HEADER_WORDS);
        base.write(Frame { locals: base.cast(), sp: stack, flags: FLAG_ENTRY, ..Frame::BARE });
    }
    base
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.threads.end();
        crate::modules::signal::forget(self);
        self.end_streams();
        // Out of the VM first: what it frees may ask for it.
        drop(self.tier.take());
        self.invalidated.clear();
        self.handled = Value::NONE;
        self.pending = None;
        self.tracing = Default::default();
        self.audit_hooks = Default::default();
        self.monitor = Monitor::new(seriema_monitoring::Rules::Specification);
        self.end_modules();
        self.sys_module = Value::NONE;
        self.builtins = Value::NONE;
        self.common_constants.fill(Value::NONE);
        self.collect(2);
        self.part_from_objects();
    }
}

/// Gives up the references of a frame's locals, from the end, as CPython does; those that are the last ones come
/// back, to be given up when the frame is gone: their finalisers see the caller.
///
/// # Safety
/// The `n` locals are owned words; they are NULL afterwards.
pub(crate) unsafe fn take_locals(locals: *mut Word, n: usize) -> Vec<Word> {
    let mut last = vec![];
    for i in (0..n).rev() {
        // SAFETY: as promised.
        unsafe {
            let w = std::mem::replace(&mut *locals.add(i), Word::NULL);
            if w.is_ptr() && (*w.header()).count() == 1 {
                last.push(w);
            } else {
                w.decref();
            }
        }
    }
    last
}
