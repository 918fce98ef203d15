//! The builtin classes: what their instances do. One file a class or protocol.

pub mod arith;
pub mod attr;
pub mod buffer;
pub mod bytes;
pub mod class;
pub mod cmp;
pub mod complex;
pub mod construct;
pub mod descr;
pub mod dict;
pub mod docs;
pub mod dynamic;
pub mod exception;
pub mod exception_group;
pub mod format;
pub mod frame;
pub mod frame_locals;
pub mod frame_move;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod hash;
pub mod int;
pub mod item;
pub mod iter;
pub mod iterators;
pub mod list;
pub mod native;
pub mod number;
pub mod object;
pub mod percent;
pub mod repr;
pub mod scalar;
pub mod set;
pub mod sort;
pub mod special;
pub mod specials;
pub mod str_format;
pub mod string;
pub mod structseq;
pub mod table;
pub mod template;
pub mod text;
pub mod union;
pub mod view;

use crate::object::{Dict, Header, Kind, Type};
use crate::value::Value;
use crate::vm::Vm;
use rustc_hash::FxHashMap;

/// The classes the VM itself refers to.
pub struct Types {
    pub object: Value,
    pub type_: Value,
    pub dict: Value,
    pub int: Value,
    pub bool: Value,
    pub float: Value,
    pub none: Value,
    pub ellipsis: Value,
    pub not_implemented: Value,
    pub str: Value,
    pub bytes: Value,
    pub tuple: Value,
    pub list: Value,
    pub range: Value,
    pub range_iterator: Value,
    pub list_iterator: Value,
    pub tuple_iterator: Value,
    pub str_iterator: Value,
    pub str_ascii_iterator: Value,
    pub bytes_iterator: Value,
    pub dict_iterator: Value,
    /// dict_keys, dict_values, dict_items: the views.
    pub dict_valueiterator: Value,
    pub dict_itemiterator: Value,
    pub dict_reversekeyiterator: Value,
    pub dict_reversevalueiterator: Value,
    pub dict_reverseitemiterator: Value,
    pub dict_keys: Value,
    pub dict_values: Value,
    pub dict_items: Value,
    pub complex: Value,
    pub set: Value,
    pub frozenset: Value,
    pub set_iterator: Value,
    pub enumerate: Value,
    pub zip: Value,
    pub map: Value,
    pub filter: Value,
    pub reversed: Value,
    pub list_reverseiterator: Value,
    pub longrange_iterator: Value,
    pub callable_iterator: Value,
    pub slice: Value,
    pub function: Value,
    pub builtin_function: Value,
    pub method_descriptor: Value,
    /// `wrapper_descriptor` and `method-wrapper`: special methods of builtin classes, unbound and bound.
    pub slot_wrapper: Value,
    pub method_wrapper: Value,
    /// `object`'s own `__new__` and `__init__`.
    pub object_new: Value,
    pub object_init: Value,
    pub method: Value,
    pub code: Value,
    pub module: Value,
    pub cell: Value,
    pub traceback: Value,
    pub namespace: Value,
    pub generator: Value,
    pub coroutine: Value,
    pub async_generator: Value,
    pub coroutine_wrapper: Value,
    pub asend: Value,
    pub athrow: Value,
    pub anext_awaitable: Value,
    pub wrapped_value: Value,
    pub frame: Value,
    /// The classes that `HOT` names.
    hot: [Value; HOT.len()],
    pub(crate) exceptions: FxHashMap<&'static str, Value>,
}

/// Exception classes: (name, base).
const EXCEPTIONS: &[(&str, &str)] = &[
    ("BaseExceptionGroup", "BaseException"),
    ("Exception", "BaseException"),
    ("ArithmeticError", "Exception"),
    ("FloatingPointError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("BufferError", "Exception"),
    ("EOFError", "Exception"),
    ("ImportError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("LookupError", "Exception"),
    ("IndexError", "LookupError"),
    ("KeyError", "LookupError"),
    ("MemoryError", "Exception"),
    ("NameError", "Exception"),
    ("UnboundLocalError", "NameError"),
    ("OSError", "Exception"),
    ("BlockingIOError", "OSError"),
    ("ChildProcessError", "OSError"),
    ("ConnectionError", "OSError"),
    ("BrokenPipeError", "ConnectionError"),
    ("ConnectionAbortedError", "ConnectionError"),
    ("ConnectionRefusedError", "ConnectionError"),
    ("ConnectionResetError", "ConnectionError"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("InterruptedError", "OSError"),
    ("IsADirectoryError", "OSError"),
    ("NotADirectoryError", "OSError"),
    ("PermissionError", "OSError"),
    ("ProcessLookupError", "OSError"),
    ("TimeoutError", "OSError"),
    ("ReferenceError", "Exception"),
    ("RuntimeError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("PythonFinalizationError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("StopAsyncIteration", "Exception"),
    ("StopIteration", "Exception"),
    ("SyntaxError", "Exception"),
    ("IndentationError", "SyntaxError"),
    ("TabError", "IndentationError"),
    ("_IncompleteInputError", "SyntaxError"),
    ("SystemError", "Exception"),
    ("TypeError", "Exception"),
    ("ValueError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("UnicodeTranslateError", "UnicodeError"),
    ("Warning", "Exception"),
    ("BytesWarning", "Warning"),
    ("DeprecationWarning", "Warning"),
    ("EncodingWarning", "Warning"),
    ("FutureWarning", "Warning"),
    ("ImportWarning", "Warning"),
    ("PendingDeprecationWarning", "Warning"),
    ("ResourceWarning", "Warning"),
    ("RuntimeWarning", "Warning"),
    ("SyntaxWarning", "Warning"),
    ("UnicodeWarning", "Warning"),
    ("UserWarning", "Warning"),
    ("GeneratorExit", "BaseException"),
    ("KeyboardInterrupt", "BaseException"),
    ("SystemExit", "BaseException"),
    ("ExceptionGroup", "BaseExceptionGroup"),
];

impl Types {
    /// Makes the classes. `object`, `type` and `dict` need each other, so they begin without a class.
    pub fn bootstrap() -> Types {
        let orphan =
            |name, base: Value, kind| Type::new(Header::orphan(Kind::Type), name, base, Dict::orphan(), kind);
        let object = orphan("object", Value::NULL, Kind::Plain);
        let type_ = orphan("type", object.clone(), Kind::Type);
        let dict = orphan("dict", object.clone(), Kind::Dict);
        for t in [&object, &type_, &dict] {
            // SAFETY: nobody else sees these yet.
            unsafe { (*t.word().header()).set_ty(&type_) };
            t.as_::<Type>().dict.as_::<Dict>().adopt(&dict);
        }
        let new = |name: &str, base: &Value, kind| {
            Type::new(Header::new(Kind::Type, &type_), name, base.clone(), Dict::new(&dict), kind)
        };
        let int = new("int", &object, Kind::Int);
        let base_exception = new("BaseException", &object, Kind::Exception);
        let mut exceptions = FxHashMap::from_iter([("BaseException", base_exception)]);
        for (name, base) in EXCEPTIONS {
            let t = new(name, &exceptions[base], Kind::Exception);
            exceptions.insert(name, t);
        }
        // Of two bases.
        let group = exceptions["ExceptionGroup"].clone();
        group.as_::<Type>().mro.borrow_mut().insert(2, exceptions["Exception"].clone());
        Types {
            bool: new("bool", &int, Kind::Int),
            float: new("float", &object, Kind::Float),
            none: new("NoneType", &object, Kind::Plain),
            ellipsis: new("ellipsis", &object, Kind::Plain),
            not_implemented: new("NotImplementedType", &object, Kind::Plain),
            str: new("str", &object, Kind::Str),
            bytes: new("bytes", &object, Kind::Bytes),
            tuple: new("tuple", &object, Kind::Tuple),
            list: new("list", &object, Kind::List),
            range: new("range", &object, Kind::Range),
            range_iterator: new("range_iterator", &object, Kind::RangeIter),
            list_iterator: new("list_iterator", &object, Kind::SeqIter),
            tuple_iterator: new("tuple_iterator", &object, Kind::SeqIter),
            str_iterator: new("str_iterator", &object, Kind::SeqIter),
            str_ascii_iterator: new("str_ascii_iterator", &object, Kind::SeqIter),
            bytes_iterator: new("bytes_iterator", &object, Kind::SeqIter),
            dict_iterator: new("dict_keyiterator", &object, Kind::DictIter),
            dict_valueiterator: new("dict_valueiterator", &object, Kind::DictIter),
            dict_itemiterator: new("dict_itemiterator", &object, Kind::DictIter),
            dict_reversekeyiterator: new("dict_reversekeyiterator", &object, Kind::DictIter),
            dict_reversevalueiterator: new("dict_reversevalueiterator", &object, Kind::DictIter),
            dict_reverseitemiterator: new("dict_reverseitemiterator", &object, Kind::DictIter),
            dict_keys: new("dict_keys", &object, Kind::DictView),
            dict_values: new("dict_values", &object, Kind::DictView),
            dict_items: new("dict_items", &object, Kind::DictView),
            complex: new("complex", &object, Kind::Complex),
            set: new("set", &object, Kind::Set),
            frozenset: new("frozenset", &object, Kind::Set),
            set_iterator: new("set_iterator", &object, Kind::SetIter),
            enumerate: new("enumerate", &object, Kind::EnumZip),
            zip: new("zip", &object, Kind::EnumZip),
            map: new("map", &object, Kind::EnumZip),
            filter: new("filter", &object, Kind::EnumZip),
            reversed: new("reversed", &object, Kind::EnumZip),
            list_reverseiterator: new("list_reverseiterator", &object, Kind::EnumZip),
            longrange_iterator: new("longrange_iterator", &object, Kind::EnumZip),
            callable_iterator: new("callable_iterator", &object, Kind::EnumZip),
            slice: new("slice", &object, Kind::Slice),
            function: new("function", &object, Kind::Function),
            builtin_function: new("builtin_function_or_method", &object, Kind::Builtin),
            method_descriptor: new("method_descriptor", &object, Kind::Builtin),
            slot_wrapper: new("wrapper_descriptor", &object, Kind::Builtin),
            method_wrapper: new("method-wrapper", &object, Kind::Builtin),
            object_new: Value::NULL,
            object_init: Value::NULL,
            method: new("method", &object, Kind::Method),
            code: new("code", &object, Kind::Code),
            module: new("module", &object, Kind::Module),
            cell: new("cell", &object, Kind::ClosureCell),
            traceback: new("traceback", &object, Kind::Traceback),
            namespace: new("types.SimpleNamespace", &object, Kind::Namespace),
            generator: new("generator", &object, Kind::Generator),
            coroutine: new("coroutine", &object, Kind::Generator),
            async_generator: new("async_generator", &object, Kind::Generator),
            coroutine_wrapper: new("coroutine_wrapper", &object, Kind::Awaitable),
            asend: new("async_generator_asend", &object, Kind::Awaitable),
            athrow: new("async_generator_athrow", &object, Kind::Awaitable),
            anext_awaitable: new("anext_awaitable", &object, Kind::Awaitable),
            frame: new("frame", &object, Kind::FrameObject),
            wrapped_value: new("async_generator_wrapped_value", &object, Kind::Awaitable),
            object,
            type_,
            dict,
            int,
            hot: HOT.map(|n| exceptions[n].clone()),
            exceptions,
        }
    }
    /// An exception class by name. (None of that name: `Exception`.)
    #[inline]
    pub fn exception(&self, name: &str) -> &Value {
        // The name is known where this is inlined.
        match name {
            "StopIteration" => &self.hot[0],
            "AttributeError" => &self.hot[1],
            "TypeError" => &self.hot[2],
            "KeyError" => &self.hot[3],
            "IndexError" => &self.hot[4],
            "ValueError" => &self.hot[5],
            "GeneratorExit" => &self.hot[6],
            "BaseException" => &self.hot[7],
            "OSError" => &self.hot[8],
            "BaseExceptionGroup" => &self.hot[9],
            "RuntimeError" => &self.hot[10],
            "ZeroDivisionError" => &self.hot[11],
            "NameError" => &self.hot[12],
            "ImportError" => &self.hot[13],
            "OverflowError" => &self.hot[14],
            _ => self.named_exception(name),
        }
    }
    fn named_exception(&self, name: &str) -> &Value {
        self.exceptions.get(name).unwrap_or_else(|| &self.exceptions["Exception"])
    }
    pub fn exceptions(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.exceptions.iter().map(|(n, v)| (*n, v))
    }
}

/// Exception classes that programs meet all the time.
const HOT: [&str; 15] = [
    "StopIteration",
    "AttributeError",
    "TypeError",
    "KeyError",
    "IndexError",
    "ValueError",
    "GeneratorExit",
    "BaseException",
    "OSError",
    "BaseExceptionGroup",
    "RuntimeError",
    "ZeroDivisionError",
    "NameError",
    "ImportError",
    "OverflowError",
];

/// Gives the classes their methods.
pub fn init(vm: &mut Vm) {
    object::adopt_all(vm);
    table::fill(vm);
    object::init(vm);
    exception::init(vm);
    generic_alias::init(vm);
}

impl Vm {
    /// The class of a value, borrowed from the value or the VM.
    #[inline]
    pub fn type_of<'a>(&'a self, v: &'a Value) -> &'a Value {
        let w = v.word();
        if w.is_ptr() {
            // SAFETY: every object owns its class; a `Value` is a transparent word.
            return unsafe { &*((&raw const *v.word().header()).cast::<u8>().add(8).cast::<Value>()) };
        }
        match () {
            _ if w.is_int() => &self.types.int,
            _ if w.is_float() => &self.types.float,
            _ if w.is_bool() => &self.types.bool,
            _ if v.is_none() => &self.types.none,
            _ if v.is(&Value::ELLIPSIS) => &self.types.ellipsis,
            _ => &self.types.not_implemented,
        }
    }
    pub fn type_name(&self, v: &Value) -> String {
        self.type_of(v).as_::<Type>().name.borrow().to_string()
    }
    #[inline]
    pub fn is_instance(&self, v: &Value, class: &Value) -> bool {
        self.type_of(v).as_::<Type>().is_subtype(class)
    }
}
