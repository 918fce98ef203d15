//! The modules made in Rust. `builtins` and `sys` are there from the start, the others are made when first
//! imported.

mod arithmetic;
pub mod builtins;
pub mod evaluate;
pub mod hashes;
pub mod monitoring;
pub mod os_error;
pub mod support;
pub mod sys;
pub mod sys_info;

use crate::error::R;
use crate::object::{Builtin, BuiltinDef, Dict, Module};
use crate::value::Value;
use crate::vm::Vm;

/// Makes a module.
pub type Init = fn(&mut Vm) -> R<Value>;

macro_rules! native_modules {
    ($($module:ident $name:literal;)*) => {
        $(pub mod $module;)*

        /// The modules that are made when first imported.
        pub static NATIVE: &[(&str, Init)] = &[$(($name, $module::init)),*];
    };
}

// One line a module, in alphabetical order of the files.
native_modules! {
    abc "_abc";
    array "array";
    ast "_ast";
    atexit "atexit";
    binascii "binascii";
    bisect "_bisect";
    blake2 "_blake2";
    cmath "cmath";
    codecs "_codecs";
    collections "_collections";
    contextvars "_contextvars";
    csv "_csv";
    errno "errno";
    faulthandler "faulthandler";
    fcntl "fcntl";
    functools "_functools";
    gc_ "gc";
    grp "grp";
    heapq "_heapq";
    imp "_imp";
    io "_io";
    itertools "itertools";
    json "_json";
    locale "_locale";
    marshal "marshal";
    math "math";
    md5 "_md5";
    opcode "_opcode";
    operator "_operator";
    posix "posix";
    posixsubprocess "_posixsubprocess";
    pwd "pwd";
    queue "_queue";
    random "_random";
    resource "resource";
    select "select";
    sha1 "_sha1";
    sha2 "_sha2";
    sha3 "_sha3";
    signal "_signal";
    socket "_socket";
    sre "_sre";
    stat_ "_stat";
    string_ "_string";
    struct_ "_struct";
    suggestions "_suggestions";
    symtable "_symtable";
    sysconfig "_sysconfig";
    termios "termios";
    thread "_thread";
    time "time";
    tokenize "_tokenize";
    tracemalloc "_tracemalloc";
    types_ "_types";
    typing "_typing";
    unicodedata "unicodedata";
    warnings "_warnings";
    weakref "_weakref";
    zlib "zlib";
}

pub fn init(vm: &mut Vm) {
    vm.sys_modules = vm.dict();
    builtins::init(vm);
    let sys = sys::init(vm);
    monitoring::init(vm, &sys);
    io::standard::start(vm);
}

impl Vm {
    /// A new module with these functions.
    pub fn new_module(&mut self, name: &str, functions: &'static [BuiltinDef]) -> Value {
        let module = self.module(name);
        self.add_functions(&module, functions);
        module
    }
    /// A new module with these functions, which is imported already.
    pub(crate) fn add_module(&mut self, name: &'static str, functions: &'static [BuiltinDef]) -> Value {
        let module = self.new_module(name, functions);
        self.set_imported(name, module.clone());
        module
    }
    /// Is it made in Rust?
    pub(crate) fn is_native_module(&self, name: &str) -> bool {
        matches!(name, "builtins" | "sys") || NATIVE.iter().any(|(n, _)| *n == name)
    }
    /// A new module of Rust's, which nobody has imported yet.
    pub(crate) fn make_native_module(&mut self, name: &str) -> R<Option<Value>> {
        match NATIVE.iter().find(|(n, _)| *n == name) {
            Some((_, init)) => init(self).map(Some),
            None => Ok(None),
        }
    }
    /// An entry of `sys.modules`.
    pub fn imported(&mut self, name: &str) -> Option<Value> {
        let key = self.intern(name);
        self.sys_modules.clone().get::<Dict>()?.get_str(&key)
    }
    pub fn set_imported(&mut self, name: &str, module: Value) {
        let (key, modules) = (self.intern(name), self.sys_modules.clone());
        if let Some(d) = modules.get::<Dict>() {
            d.set_str(self, &key, module);
        }
    }
    /// More functions for a module.
    pub(crate) fn add_functions(&mut self, module: &Value, functions: &'static [BuiltinDef]) {
        let key = self.intern("__name__");
        let name = module.as_::<Module>().dict.as_::<Dict>().get_str(&key).unwrap_or(Value::NONE);
        for def in functions {
            let ty = self.types.builtin_function.clone();
            let f = Builtin::new(&ty, def, module.clone(), Value::NULL, name.clone());
            self.set_global(module, def.name, f);
        }
    }
    /// Sets a name in a module.
    pub fn set_global(&mut self, module: &Value, name: &str, v: Value) {
        let key = self.intern(name);
        module.as_::<Module>().dict.as_::<Dict>().set_str(self, &key, v);
    }
}
