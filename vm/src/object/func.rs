//! Callable objects: Python functions, builtin functions, bound methods; and the cells of closures.

use super::{Header, Kind, alloc, try_alloc};
use crate::code::Code;
use crate::error::R;
use crate::value::{Value, Word};
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

/// A Python function.
#[repr(C)]
pub struct Function {
    h: Header,
    /// The `Code` object: what a call reads first.
    pub(crate) code: Cell<Word>,
    pub globals: Value,
    pub builtins: Value,
    pub name: RefCell<Value>,
    pub qualname: RefCell<Value>,
    pub module: RefCell<Value>,
    pub doc: RefCell<Value>,
    /// Tuple or None.
    pub defaults: RefCell<Value>,
    /// Dict or None.
    pub kwdefaults: RefCell<Value>,
    /// Tuple of cells, or None.
    pub closure: Value,
    /// The annotate function, or None.
    pub annotate: RefCell<Value>,
    /// What it answered, or what was set; NULL until then.
    pub annotations: RefCell<Value>,
    /// Tuple of type parameters; NULL: none.
    pub type_params: RefCell<Value>,
    /// Made when first asked for; NULL until then.
    pub dict: RefCell<Value>,
}

impl Function {
    pub fn new(ty: &Value, code: &Value, globals: &Value, builtins: &Value, closure: Value) -> Value {
        let h = Header::new(Kind::Function, ty);
        // SAFETY: a code object, one more reference to which the function gets.
        alloc(unsafe { Function::with(h, code.word().incref(), globals, builtins, closure, Word::NONE) })
    }
    /// A function like `outer` around it, of a code object whose reference moves to it, if that takes no call: for
    /// handlers.
    ///
    /// # Safety
    /// `code` is a code object, `ty` the class of functions.
    #[inline(always)]
    pub unsafe fn try_new(ty: &Value, code: Word, outer: &Function, module: Word) -> Option<Word> {
        // SAFETY: as promised.
        try_alloc(ty, |h| unsafe {
            Function::with(h, code, &outer.globals, &outer.builtins, Value::NONE, module)
        })
    }
    /// # Safety
    /// `code` is an owned reference to a code object, `module` a borrowed one.
    #[inline(always)]
    unsafe fn with(
        h: Header,
        code: Word,
        globals: &Value,
        builtins: &Value,
        closure: Value,
        module: Word,
    ) -> Function {
        // SAFETY: as promised.
        let c: &Code = unsafe { code.cast() };
        let doc = match c.consts.first() {
            Some(d) if c.has_docstring() => d.clone(),
            _ => Value::NONE,
        };
        Function {
            h,
            code: Cell::new(code),
            globals: globals.clone(),
            builtins: builtins.clone(),
            name: RefCell::new(c.name.clone()),
            qualname: RefCell::new(c.qualname.clone()),
            module: RefCell::new(module.to_value()),
            doc: RefCell::new(doc),
            defaults: RefCell::new(Value::NONE),
            kwdefaults: RefCell::new(Value::NONE),
            closure,
            annotate: RefCell::new(Value::NONE),
            annotations: RefCell::new(Value::NULL),
            type_params: RefCell::new(Value::NULL),
            dict: RefCell::new(Value::NULL),
        }
    }
    /// Gives a new function its closure.
    ///
    /// # Safety
    /// The word is a function that nobody else has seen.
    pub unsafe fn init_closure(function: Word, closure: Value) {
        // SAFETY: as promised; what is replaced is None.
        unsafe { (&raw mut (*function.header().cast::<Function>()).closure).write(closure) }
    }
    #[inline(always)]
    pub fn code(&self) -> &Code {
        // SAFETY: a function's code word is an owned reference to a code object.
        unsafe { self.code.get().cast() }
    }
    pub fn code_value(&self) -> Value {
        self.code.get().to_value()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // SAFETY: the function owned its code.
        unsafe { self.code.get().decref() }
    }
}

/// Keyword arguments of a builtin call: names and values side by side.
#[derive(Clone, Copy)]
pub struct Kw<'a> {
    pub names: &'a [Value],
    pub values: &'a [Value],
}

impl<'a> Kw<'a> {
    pub const NONE: Kw<'static> = Kw { names: &[], values: &[] };
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.names.iter().map(|n| n.as_::<super::Str>().as_str()).zip(self.values)
    }
    #[inline]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        if self.names.is_empty() { None } else { self.find(name) }
    }
    fn find(&self, name: &str) -> Option<&'a Value> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

/// The Rust side of a builtin: arguments are borrowed from the caller's stack.
pub type BuiltinFn = fn(&mut Vm, &[Value], Kw) -> R<Value>;

/// What a row of a class's table becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    Method,
    Class,
    Static,
}

/// One row of a builtin table: the name and signature stand here and nowhere else.
pub struct BuiltinDef {
    pub name: &'static str,
    /// Positional arguments (`self` of a method not counted).
    pub min: u8,
    /// `u8::MAX`: any number.
    pub max: u8,
    /// Accepts keywords (the function checks their names).
    pub keywords: bool,
    pub kind: Binding,
    pub func: BuiltinFn,
    /// `__text_signature__`, with the `$self` or `$module` that `inspect` expects.
    pub signature: Option<&'static str>,
}

impl BuiltinDef {
    pub const fn new(name: &'static str, min: u8, max: u8, func: BuiltinFn) -> BuiltinDef {
        BuiltinDef { name, min, max, keywords: false, kind: Binding::Method, func, signature: None }
    }
    pub const fn kw(name: &'static str, min: u8, max: u8, func: BuiltinFn) -> BuiltinDef {
        BuiltinDef { name, min, max, keywords: true, kind: Binding::Method, func, signature: None }
    }
    /// A classmethod: the class is the first argument, which the arity does not count.
    pub const fn class(name: &'static str, min: u8, max: u8, func: BuiltinFn) -> BuiltinDef {
        BuiltinDef { name, min, max, keywords: false, kind: Binding::Class, func, signature: None }
    }
    pub const fn static_(name: &'static str, min: u8, max: u8, func: BuiltinFn) -> BuiltinDef {
        BuiltinDef { name, min, max, keywords: false, kind: Binding::Static, func, signature: None }
    }
    /// The same row with a text signature.
    pub const fn sig(mut self, signature: &'static str) -> BuiltinDef {
        self.signature = Some(signature);
        self
    }
    /// The same row, taking keywords.
    pub const fn with_keywords(mut self) -> BuiltinDef {
        self.keywords = true;
        self
    }
}

/// A call that machines know by itself (see `Machine::call_intrinsic`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intrinsic {
    None,
    Len,
    IsInstance,
    ListAppend,
    Id,
    DictGet,
    /// The class `type`, of one argument.
    Type,
}

/// How a call with positional arguments gets to the function of a builtin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// The arguments are counted and handed over.
    Function,
    /// The first is the object, an instance of the owner, and not counted.
    Method,
    /// The bound object goes before the arguments.
    Bound,
    /// Otherwise.
    General,
}

/// A builtin function, an unbound builtin method (`owner` set) or a bound one (`self_` set).
#[repr(C)]
pub struct Builtin {
    h: Header,
    pub def: &'static BuiltinDef,
    /// The bound object (or module), or NULL.
    pub self_: Value,
    /// The class whose method it is, or NULL.
    pub owner: Value,
    pub module: Value,
    pub intrinsic: Intrinsic,
    pub route: Route,
}

impl Builtin {
    pub fn new(ty: &Value, def: &'static BuiltinDef, self_: Value, owner: Value, module: Value) -> Value {
        let route = match (owner.is_null(), self_.is_null()) {
            (false, true) => Route::Method,
            // `__new__` counts its class apart.
            (true, false) if !self_.is_kind(Kind::Type) => Route::Function,
            (false, false) if def.name != "__new__" => Route::Bound,
            _ => Route::General,
        };
        let method_of = |kind| owner.get::<super::Type>().is_some_and(|t| t.instance.get() == kind);
        let in_builtins = module.get::<super::Str>().is_some_and(|m| m.bytes() == b"builtins");
        let intrinsic = match def.name {
            "len" if in_builtins => Intrinsic::Len,
            "isinstance" if in_builtins => Intrinsic::IsInstance,
            "id" if in_builtins => Intrinsic::Id,
            "append" if method_of(Kind::List) => Intrinsic::ListAppend,
            "get" if method_of(Kind::Dict) => Intrinsic::DictGet,
            _ => Intrinsic::None,
        };
        alloc(Builtin { h: Header::new(Kind::Builtin, ty), def, self_, owner, module, intrinsic, route })
    }
    /// A descriptor in a class's dict: its first argument is the instance.
    pub fn is_descriptor(&self) -> bool {
        !self.owner.is_null() && self.self_.is_null()
    }
}

/// A bound method.
#[repr(C)]
pub struct Method {
    h: Header,
    pub func: Value,
    pub self_: Value,
}

impl Method {
    pub fn new(ty: &Value, func: Value, self_: Value) -> Value {
        alloc(Method { h: Header::new(Kind::Method, ty), func, self_ })
    }
}

/// The cell of a closure variable; NULL while unbound.
#[repr(C)]
pub struct ClosureCell {
    h: Header,
    pub(crate) value: Cell<Word>,
}

impl ClosureCell {
    /// Where compiled code finds the value.
    pub const VALUE_OFFSET: usize = std::mem::offset_of!(ClosureCell, value);

    pub fn new(ty: &Value, value: Value) -> Value {
        alloc(ClosureCell { h: Header::new(Kind::ClosureCell, ty), value: Cell::new(value.into_word()) })
    }
    pub fn get(&self) -> Option<Value> {
        let w = self.value.get();
        if w.is_null() { None } else { Some(w.to_value()) }
    }
    /// Returns the old value, for the caller to drop.
    pub fn set(&self, v: Value) -> Value {
        // SAFETY: the cell owns its content; ownership changes hands.
        unsafe { Value::from_word(self.value.replace(v.into_word())) }
    }
}

impl Drop for ClosureCell {
    fn drop(&mut self) {
        drop(self.set(Value::NULL));
    }
}
