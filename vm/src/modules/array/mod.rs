//! Module `array`: sequences of machine values.
//!
//! An array is its bytes and a type code. Whoever views the bytes (`memoryview`) fixes their number; nothing
//! borrows them while Python runs.

mod item;

use crate::error::R;
use crate::object::{BuiltinDef, ItemFn, Kw, List, Payload, Slice, Str, Type};
use crate::op::CmpOp;
use crate::types::buffer::Buffer;
use crate::types::item::Bounds;
use crate::types::native::{ClassDef, GetSet, SUBCLASS, WEAKREF};
use crate::value::{Value, Word, unguarded};
use crate::vm::Vm;
use rustpython_wtf8::Wtf8Buf;
use std::cell::{Cell, RefCell};
use std::ops::Range;

struct Array {
    code: char,
    size: usize,
    bytes: RefCell<Vec<u8>>,
    exports: Cell<usize>,
}

impl Array {
    fn new(code: char, bytes: Vec<u8>) -> Array {
        Array { code, size: item::size(code), bytes: RefCell::new(bytes), exports: Cell::new(0) }
    }
    fn len(&self) -> usize {
        // SAFETY: a number is copied. Sizes are powers of two.
        unsafe { unguarded(&self.bytes) }.len() >> self.size.trailing_zeros()
    }
    fn at(&self, i: usize) -> Range<usize> {
        i * self.size..(i + 1) * self.size
    }
    /// The bytes of an item, if it is there.
    fn item(&self, i: usize) -> Option<[u8; 8]> {
        let bytes = self.bytes.borrow();
        let b = bytes.get(self.at(i))?;
        let mut out = [0; 8];
        out[..self.size].copy_from_slice(b);
        Some(out)
    }
    fn to_vec(&self) -> Vec<u8> {
        self.bytes.borrow().clone()
    }
}

impl Payload for Array {
    const ITEM: Option<ItemFn<Array>> = Some(number_at);
    fn buffer(&self) -> Option<&dyn Buffer> {
        Some(self)
    }
}
impl Buffer for Array {
    fn read(&self, f: &mut dyn FnMut(&[u8])) {
        f(&self.bytes.borrow())
    }
    fn write(&self, f: &mut dyn FnMut(&mut [u8])) -> bool {
        f(&mut self.bytes.borrow_mut());
        true
    }
    fn readonly(&self) -> bool {
        false
    }
    fn item(&self) -> (char, usize) {
        (if self.code == 'u' { 'w' } else { self.code }, self.size)
    }
    fn acquire(&self) {
        self.exports.set(self.exports.get() + 1);
    }
    fn release(&self) {
        self.exports.set(self.exports.get().saturating_sub(1));
    }
}

static FUNCTIONS: &[BuiltinDef] = &[BuiltinDef::new("_array_reconstructor", 4, 4, reconstruct)];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("array", FUNCTIONS);
    let class = class(vm);
    vm.set_global(&m, "array", class.clone());
    vm.set_global(&m, "ArrayType", class.clone());
    let codes = vm.str(item::CODES);
    vm.set_global(&m, "typecodes", codes);
    let doc = vm.str(
        "This module defines an object type which can efficiently represent\nan array of basic values: \
         characters, integers, floating-point\nnumbers.  Arrays are sequence types and behave very much like \
         lists,\nexcept that the type of objects stored in them is constrained.\n",
    );
    vm.set_global(&m, "__doc__", doc);
    let abc = vm.import_module("collections.abc")?;
    let sequence = vm.get_attr_str(&abc, "MutableSequence")?;
    vm.call_method(&sequence, "register", &[class])?;
    Ok(m)
}

fn class(vm: &mut Vm) -> Value {
    if let Some(c) = vm.class_of::<Array>() {
        return c;
    }
    let c = vm.native_class::<Array>(&ARRAY);
    vm.set_class_attribute(&c, "__hash__", Value::NONE);
    c
}
fn make(vm: &mut Vm, code: char, bytes: Vec<u8>) -> Value {
    let class = class(vm);
    vm.new_native(&class, Array::new(code, bytes))
}
fn this<'a>(vm: &mut Vm, a: &'a [Value]) -> R<&'a Array> {
    vm.self_::<Array>(&a[0])
}
/// BufferError while somebody views the bytes.
fn resizable(vm: &mut Vm, a: &Array) -> R {
    if a.exports.get() > 0 {
        return vm.fail("BufferError", "cannot resize an array that is exporting buffers");
    }
    Ok(())
}
fn no_memory<T>(vm: &mut Vm) -> R<T> {
    Err(vm.raise_type("MemoryError", vec![]))
}
fn append(vm: &mut Vm, a: &Array, more: &[u8]) -> R {
    resizable(vm, a)?;
    let mut bytes = a.bytes.borrow_mut();
    if bytes.try_reserve(more.len()).is_err() {
        drop(bytes);
        return no_memory(vm);
    }
    bytes.extend_from_slice(more);
    Ok(())
}
fn push(vm: &mut Vm, a: &Array, v: &Value) -> R {
    let b = item::put(vm, a.code, v)?;
    append(vm, a, &b[..a.size])
}

static ARRAY: ClassDef = ClassDef {
    name: "array.array",
    flags: SUBCLASS.union(WEAKREF).union(crate::object::TypeFlags::SEQUENCE),
    methods: METHODS,
    getset: &[
        GetSet::get("typecode", |vm, v| {
            let code = vm.self_::<Array>(v)?.code;
            Ok(vm.string(code.to_string()))
        }),
        GetSet::get("itemsize", |vm, v| Ok(Value::small(vm.self_::<Array>(v)?.size as i64))),
    ],
    doc: Some("array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode, and\ninitialized from the optional initializer value, which must be a list,\nstring or iterable over elements of the appropriate type.\n"),
    ..ClassDef::DEFAULT
};

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, new),
    BuiltinDef::new("__len__", 0, 0, |vm, a, _| Ok(Value::small(this(vm, a)?.len() as i64))),
    BuiltinDef::new("__repr__", 0, 0, repr),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
        this(vm, a)?;
        let class = vm.native_class::<ArrayIter>(&ITER);
        let it = ArrayIter { over: RefCell::new(Some(a[0].clone())), at: Cell::new(0) };
        Ok(vm.new_native(&class, it))
    }),
    BuiltinDef::new("__contains__", 1, 1, |vm, a, _| Ok(Value::bool(find(vm, a, 0, i64::MAX)?.is_some()))),
    BuiltinDef::new("__getitem__", 1, 1, get_item),
    BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| set_item(vm, a)),
    BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| del_item(vm, a)),
    BuiltinDef::new("__add__", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let Some(y) = a[1].native::<Array>() else {
            let message = format!("can only append array (not \"{}\") to array", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        };
        if x.code != y.code {
            return vm.fail("TypeError", "bad argument type for built-in operation");
        }
        let mut out = vm.new_bytes(x.bytes.borrow().len().saturating_add(y.bytes.borrow().len()))?;
        out.extend_from_slice(&x.bytes.borrow());
        out.extend_from_slice(&y.bytes.borrow());
        Ok(make(vm, x.code, out))
    }),
    BuiltinDef::new("__iadd__", 1, 1, |vm, a, _| {
        if a[1].native::<Array>().is_none() {
            let message = format!("can only extend array with array (not \"{}\")", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        }
        extend(vm, a)?;
        Ok(a[0].clone())
    }),
    BuiltinDef::new("__mul__", 1, 1, |vm, a, _| {
        let out = repeated(vm, a)?;
        let code = this(vm, a)?.code;
        Ok(make(vm, code, out))
    }),
    BuiltinDef::new("__rmul__", 1, 1, |vm, a, _| {
        let out = repeated(vm, a)?;
        let code = this(vm, a)?.code;
        Ok(make(vm, code, out))
    }),
    BuiltinDef::new("__imul__", 1, 1, |vm, a, _| {
        let out = repeated(vm, a)?;
        let x = this(vm, a)?;
        if out.len() != x.bytes.borrow().len() {
            resizable(vm, x)?;
        }
        drop(x.bytes.replace(out));
        Ok(a[0].clone())
    }),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Eq)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Ne)),
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Lt)),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Le)),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Gt)),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Ge)),
    BuiltinDef::new("__buffer__", 1, 1, |vm, a, _| vm.memory_view(&a[0])),
    BuiltinDef::new("__release_buffer__", 1, 1, |vm, a, _| {
        vm.release_view(&a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__copy__", 0, 0, copy),
    BuiltinDef::new("__deepcopy__", 1, 1, copy),
    BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
        Ok(Value::small(64 + this(vm, a)?.bytes.borrow().capacity() as i64))
    }),
    BuiltinDef::new("__reduce_ex__", 1, 1, reduce),
    BuiltinDef::class("__class_getitem__", 1, 1, |vm, a, _| vm.generic_alias(&a[0], &a[1])),
    BuiltinDef::new("append", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        push(vm, x, &a[1])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("buffer_info", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        let (at, n) = (x.bytes.borrow().as_ptr().addr() as i64, x.len() as i64);
        let pair = vec![vm.int(at), Value::small(n)];
        Ok(vm.tuple(pair))
    }),
    BuiltinDef::new("byteswap", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        x.bytes.borrow_mut().chunks_exact_mut(x.size).for_each(<[u8]>::reverse);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("clear", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        resizable(vm, x)?;
        drop(x.bytes.take());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("count", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let (mut n, mut i) = (0, 0);
        while let Some(b) = x.item(i) {
            let v = item::get(vm, x.code, &b[..x.size])?;
            n += vm.eq(&v, &a[1])? as i64;
            i += 1;
        }
        Ok(Value::small(n))
    }),
    BuiltinDef::new("extend", 1, 1, |vm, a, _| extend(vm, a)),
    BuiltinDef::new("frombytes", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let b = vm.need_bytes(&a[1])?;
        from_bytes(vm, x, &b)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("fromfile", 2, 2, |vm, a, _| {
        let x = this(vm, a)?;
        let n = vm.index_size(&a[2])?;
        if n < 0 {
            return vm.fail("ValueError", "negative count");
        }
        let Some(size) = n.checked_mul(x.size as i64) else { return no_memory(vm) };
        let want = vm.int(size);
        let b = vm.call_method(&a[1], "read", &[want])?;
        if b.get::<crate::object::Bytes>().is_none() {
            return vm.fail("TypeError", "read() didn't return bytes");
        }
        let b = vm.need_bytes(&b)?;
        from_bytes(vm, x, &b)?;
        if (b.len() as i64) < size {
            return vm.fail("EOFError", "read() didn't return enough bytes");
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("fromlist", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let Some(l) = a[1].get::<List>() else { return vm.fail("TypeError", "arg must be list") };
        let mut new = vec![];
        let n = l.len();
        for i in 0..n {
            let Some(v) = l.get(i) else { break };
            let b = item::put(vm, x.code, &v)?;
            new.extend_from_slice(&b[..x.size]);
            if l.len() != n {
                return vm.fail("RuntimeError", "list changed size during iteration");
            }
        }
        if !new.is_empty() {
            append(vm, x, &new)?;
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("fromunicode", 1, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let Some(s) = a[1].get::<Str>() else {
            let message = format!("fromunicode() argument must be str, not {}", vm.type_name(&a[1]));
            return vm.fail("TypeError", message);
        };
        if !item::is_text(x.code) {
            return vm.fail(
                "ValueError",
                "fromunicode() may only be called on unicode type arrays ('u' or 'w')",
            );
        }
        let new = utf32(s);
        append(vm, x, &new)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("index", 1, 3, |vm, a, _| {
        let len = this(vm, a)?.len() as i64;
        let mut bound = |v: Option<&Value>, default: i64| -> R<i64> {
            let Some(v) = v else { return Ok(default) };
            let i = vm.slice_index(v)?;
            Ok(if i < 0 { i.saturating_add(len).max(0) } else { i })
        };
        let (from, to) = (bound(a.get(2), 0)?, bound(a.get(3), i64::MAX)?);
        match find(vm, &a[..2], from, to)? {
            Some(i) => Ok(Value::small(i as i64)),
            None => vm.fail("ValueError", "array.index(x): x not in array"),
        }
    }),
    BuiltinDef::new("insert", 2, 2, |vm, a, _| {
        let x = this(vm, a)?;
        let i = vm.index_size(&a[1])?;
        let b = item::put(vm, x.code, &a[2])?;
        resizable(vm, x)?;
        let len = x.len() as i64;
        let at = if i < 0 { (i + len).max(0) } else { i.min(len) } as usize * x.size;
        x.bytes.borrow_mut().splice(at..at, b[..x.size].iter().copied());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("pop", 0, 1, |vm, a, _| {
        let x = this(vm, a)?;
        let i = a.get(1).map_or(Ok(-1), |v| vm.index_size(v))?;
        let len = x.len() as i64;
        if len == 0 {
            return vm.fail("IndexError", "pop from empty array");
        }
        let at = if i < 0 { i + len } else { i };
        let Some(b) = usize::try_from(at).ok().and_then(|i| x.item(i)) else {
            return vm.fail("IndexError", "pop index out of range");
        };
        let v = item::get(vm, x.code, &b[..x.size])?;
        resizable(vm, x)?;
        x.bytes.borrow_mut().drain(x.at(at as usize));
        Ok(v)
    }),
    BuiltinDef::new("remove", 1, 1, |vm, a, _| {
        let Some(i) = find(vm, a, 0, i64::MAX)? else {
            return vm.fail("ValueError", "array.remove(x): x not in array");
        };
        let x = this(vm, a)?;
        resizable(vm, x)?;
        if i < x.len() {
            x.bytes.borrow_mut().drain(x.at(i));
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("reverse", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        let mut bytes = x.bytes.borrow_mut();
        bytes.reverse();
        bytes.chunks_exact_mut(x.size).for_each(<[u8]>::reverse);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("tobytes", 0, 0, |vm, a, _| {
        let b = this(vm, a)?.to_vec();
        Ok(vm.byte_vec(b))
    }),
    BuiltinDef::new("tofile", 1, 1, |vm, a, _| {
        let b = this(vm, a)?.to_vec();
        // In pieces, as a file may be slow.
        let pieces: Vec<Value> = b.chunks(64 * 1024).map(|p| vm.bytes(p)).collect();
        if pieces.is_empty() {
            vm.get_attr_str(&a[1], "write")?;
        }
        for p in pieces {
            vm.call_method(&a[1], "write", &[p])?;
        }
        Ok(Value::NONE)
    }),
    BuiltinDef::new("tolist", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        let items = items(vm, x)?;
        Ok(vm.list(items))
    }),
    BuiltinDef::new("tounicode", 0, 0, |vm, a, _| {
        let x = this(vm, a)?;
        if !item::is_text(x.code) {
            return vm
                .fail("ValueError", "tounicode() may only be called on unicode type arrays ('u' or 'w')");
        }
        text(vm, x)
    }),
];

fn utf32(s: &Str) -> Vec<u8> {
    s.code_points().flat_map(|c| c.to_u32().to_ne_bytes()).collect()
}
/// The text of a text array.
fn text(vm: &mut Vm, x: &Array) -> R<Value> {
    let mut out = Wtf8Buf::new();
    for v in items(vm, x)? {
        if let Some(s) = v.get::<Str>() {
            out.push_wtf8(s.wtf8());
        }
    }
    Ok(vm.wtf8_buf(out))
}
fn items(vm: &mut Vm, x: &Array) -> R<Vec<Value>> {
    let bytes = x.to_vec();
    bytes.chunks_exact(x.size).map(|b| item::get(vm, x.code, b)).collect()
}
fn from_bytes(vm: &mut Vm, x: &Array, b: &[u8]) -> R {
    if !b.len().is_multiple_of(x.size) {
        return vm.fail("ValueError", "bytes length not a multiple of item size");
    }
    if b.is_empty() { Ok(()) } else { append(vm, x, b) }
}

/// A type code given as an argument.
fn code_arg(vm: &mut Vm, who: &str, v: &Value) -> R<char> {
    let got = match v.get::<Str>() {
        Some(s) if s.len() == 1 => {
            let c = s.code_at(0).and_then(char::from_u32).filter(|c| item::CODES.contains(*c));
            return match c {
                Some(c) => Ok(c),
                None => vm.fail(
                    "ValueError",
                    "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)",
                ),
            };
        }
        Some(s) => format!("a string of length {}", s.len()),
        None => vm.type_name(v),
    };
    vm.fail("TypeError", format!("{who} must be a unicode character, not {got}"))
}

fn new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let (class, rest) = (&args[0], &args[1..]);
    let own = self::class(vm);
    let init = own.as_::<Type>();
    // A subclass with an `__init__` of its own may take keywords.
    let init_name = vm.intern("__init__");
    let custom = class.get::<Type>().and_then(|t| t.lookup(&init_name));
    let same = match (custom, init.lookup(&init_name)) {
        (Some(a), Some(b)) => a.is(&b),
        _ => true,
    };
    if same && !kw.is_empty() {
        return vm.fail("TypeError", "array.array() takes no keyword arguments");
    }
    let given = rest.len();
    if given == 0 {
        return vm.fail("TypeError", "array() takes at least 1 argument (0 given)");
    }
    if given > 2 {
        return vm.fail("TypeError", format!("array() takes at most 2 arguments ({given} given)"));
    }
    let code = code_arg(vm, "array() argument 1", &rest[0])?;
    if code == 'u' {
        vm.warn(
            "DeprecationWarning",
            "The 'u' type code is deprecated and will be removed in Python 3.16",
            1,
        )?;
    }
    let x = Array::new(code, vec![]);
    let Some(initial) = rest.get(1) else { return Ok(vm.new_native(class, x)) };
    if let Some(s) = initial.get::<Str>() {
        if !item::is_text(code) {
            return vm
                .fail("TypeError", format!("cannot use a str to initialize an array with typecode '{code}'"));
        }
        *x.bytes.borrow_mut() = utf32(s);
        return Ok(vm.new_native(class, x));
    }
    if let Some(y) = initial.native::<Array>() {
        if item::is_text(y.code) && !item::is_text(code) {
            return vm.fail(
                "TypeError",
                format!("cannot use a unicode array to initialize an array with typecode '{code}'"),
            );
        }
        if y.code == code {
            *x.bytes.borrow_mut() = y.to_vec();
            return Ok(vm.new_native(class, x));
        }
    } else if initial.get::<List>().is_none()
        && (initial.get::<crate::object::Bytes>().is_some()
            || initial.native::<crate::types::buffer::bytearray::ByteArray>().is_some())
    {
        let b = vm.need_bytes(initial)?;
        from_bytes(vm, &x, &b)?;
        return Ok(vm.new_native(class, x));
    }
    let it = vm.get_iter(initial)?;
    while let Some(v) = vm.next(&it)? {
        push(vm, &x, &v)?;
    }
    Ok(vm.new_native(class, x))
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let x = this(vm, args)?;
    let name = vm.type_of(&args[0]).as_::<Type>().short_name();
    let code = x.code;
    if x.len() == 0 {
        return Ok(vm.string(format!("{name}('{code}')")));
    }
    let content = match item::is_text(code) {
        true => text(vm, x)?,
        false => {
            let items = items(vm, x)?;
            vm.list(items)
        }
    };
    let content = vm.repr(&content)?;
    let mut out = Wtf8Buf::new();
    out.push_str(&format!("{name}('{code}', "));
    out.push_wtf8(content.as_::<Str>().wtf8());
    out.push_str(")");
    Ok(vm.wtf8_buf(out))
}

/// Where the item `a[1]` is, between two places.
fn find(vm: &mut Vm, a: &[Value], from: i64, to: i64) -> R<Option<usize>> {
    let x = this(vm, a)?;
    let mut i = from.max(0) as usize;
    while (i as i64) < to
        && i < x.len()
        && let Some(b) = x.item(i)
    {
        let v = item::get(vm, x.code, &b[..x.size])?;
        if vm.eq(&v, &a[1])? {
            return Ok(Some(i));
        }
        i += 1;
    }
    Ok(None)
}

/// A place in the array; IndexError or TypeError otherwise.
fn place(vm: &mut Vm, x: &Array, v: &Value, what: &str) -> R<usize> {
    let index = crate::types::specials::Special::Index;
    if !crate::runtime::is_int(v) && !vm.has_special(v, index) {
        return vm.fail("TypeError", "array indices must be integers");
    }
    match vm.position(v, x.len(), "array")? {
        Some(i) if i < x.len() => Ok(i),
        _ => vm.fail("IndexError", what),
    }
}
/// Item `i` of an array of small numbers.
fn number_at(x: &Array, i: i64) -> Option<Value> {
    // SAFETY: nothing changes the bytes here.
    let bytes = unsafe { unguarded(&x.bytes) };
    let i = if i < 0 { i + x.len() as i64 } else { i };
    let at = usize::try_from(i).ok()?.checked_mul(x.size)?;
    let item = bytes.get(at..)?;
    Some(match x.code {
        'd' => Value::float(f64::from_ne_bytes(*item.first_chunk()?)),
        'f' => Value::float(f32::from_ne_bytes(*item.first_chunk()?) as f64),
        'b' => Value::small(*item.first()? as i8 as i64),
        'B' => Value::small(*item.first()? as i64),
        'h' => Value::small(i16::from_ne_bytes(*item.first_chunk()?) as i64),
        'H' => Value::small(u16::from_ne_bytes(*item.first_chunk()?) as i64),
        'i' => Value::small(i32::from_ne_bytes(*item.first_chunk()?) as i64),
        'I' => Value::small(u32::from_ne_bytes(*item.first_chunk()?) as i64),
        'l' | 'q' if x.size == 8 => {
            let word = Word::try_small(i64::from_ne_bytes(*item.first_chunk()?))?;
            // SAFETY: unboxed.
            unsafe { Value::from_word(word) }
        }
        _ => return None,
    })
}
fn get_item(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let x = this(vm, a)?;
    if let Some(s) = a[1].get::<Slice>() {
        let b = vm.slice_bounds(s, x.len())?;
        let mut out = vm.new_bytes(b.count.saturating_mul(x.size))?;
        {
            let bytes = x.bytes.borrow();
            for i in b.indices() {
                out.extend_from_slice(bytes.get(x.at(i)).unwrap_or(&[]));
            }
        }
        return Ok(make(vm, x.code, out));
    }
    let i = place(vm, x, &a[1], "array index out of range")?;
    match x.item(i) {
        Some(b) => item::get(vm, x.code, &b[..x.size]),
        None => vm.fail("IndexError", "array index out of range"),
    }
}
fn set_item(vm: &mut Vm, a: &[Value]) -> R<Value> {
    let x = this(vm, a)?;
    if let Some(s) = a[1].get::<Slice>() {
        let Some(y) = a[2].native::<Array>() else {
            let message =
                format!("can only assign array (not \"{}\") to array slice", vm.type_name(&a[2]));
            return vm.fail("TypeError", message);
        };
        if x.code != y.code {
            return vm.fail("TypeError", "bad argument type for built-in operation");
        }
        let new = y.to_vec();
        let b = vm.slice_bounds(s, x.len())?;
        return assign(vm, x, b, &new);
    }
    if x.code == 'd' && a[1].word().is_int() && a[2].word().is_float() {
        let i = a[1].word().int();
        let i = if i < 0 { i + x.len() as i64 } else { i };
        let mut bytes = x.bytes.borrow_mut();
        if let Some(slot) = usize::try_from(i).ok().and_then(|i| bytes.get_mut(x.at(i))) {
            slot.copy_from_slice(&a[2].word().float().to_ne_bytes());
            return Ok(Value::NONE);
        }
    }
    let i = place(vm, x, &a[1], "array assignment index out of range")?;
    let b = item::put(vm, x.code, &a[2])?;
    // Converting the item may have run Python, which may have shortened the array.
    match x.bytes.borrow_mut().get_mut(x.at(i)) {
        Some(slot) => slot.copy_from_slice(&b[..x.size]),
        None => return vm.fail("IndexError", "array assignment index out of range"),
    }
    Ok(Value::NONE)
}
fn assign(vm: &mut Vm, x: &Array, b: Bounds, new: &[u8]) -> R<Value> {
    let n = new.len() / x.size;
    if b.step == 1 {
        if n != b.count {
            resizable(vm, x)?;
        }
        let from = b.start as usize * x.size;
        x.bytes.borrow_mut().splice(from..from + b.count * x.size, new.iter().copied());
        return Ok(Value::NONE);
    }
    if n == 0 {
        return delete(vm, x, b);
    }
    if n != b.count {
        let message =
            format!("attempt to assign array of size {n} to extended slice of size {}", b.count);
        return vm.fail("ValueError", message);
    }
    let mut bytes = x.bytes.borrow_mut();
    for (i, v) in b.indices().zip(new.chunks_exact(x.size)) {
        bytes[x.at(i)].copy_from_slice(v);
    }
    Ok(Value::NONE)
}
fn del_item(vm: &mut Vm, a: &[Value]) -> R<Value> {
    let x = this(vm, a)?;
    if let Some(s) = a[1].get::<Slice>() {
        let b = vm.slice_bounds(s, x.len())?;
        return delete(vm, x, b);
    }
    let i = place(vm, x, &a[1], "array assignment index out of range")?;
    resizable(vm, x)?;
    x.bytes.borrow_mut().drain(x.at(i));
    Ok(Value::NONE)
}
fn delete(vm: &mut Vm, x: &Array, b: Bounds) -> R<Value> {
    if b.count == 0 {
        return Ok(Value::NONE);
    }
    resizable(vm, x)?;
    let mut gone: Vec<usize> = b.indices().collect();
    gone.sort_unstable();
    let mut next = gone.into_iter().peekable();
    let old = x.bytes.take();
    let kept: Vec<u8> = old
        .chunks_exact(x.size)
        .enumerate()
        .filter(|(i, _)| next.next_if_eq(i).is_none())
        .flat_map(|(_, b)| b.iter().copied())
        .collect();
    *x.bytes.borrow_mut() = kept;
    Ok(Value::NONE)
}

fn repeated(vm: &mut Vm, a: &[Value]) -> R<Vec<u8>> {
    let index = crate::types::specials::Special::Index;
    if !crate::runtime::is_int(&a[1]) && !vm.has_special(&a[1], index) {
        let message = format!("can't multiply sequence by non-int of type '{}'", vm.type_name(&a[1]));
        return vm.fail("TypeError", message);
    }
    let n = vm.index_size(&a[1])?.max(0) as usize;
    let bytes = this(vm, a)?.to_vec();
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let Some(size) = bytes.len().checked_mul(n) else { return no_memory(vm) };
    let mut out = vm.new_bytes(size)?;
    for _ in 0..n {
        out.extend_from_slice(&bytes);
    }
    Ok(out)
}

fn extend(vm: &mut Vm, a: &[Value]) -> R<Value> {
    let x = this(vm, a)?;
    if let Some(y) = a[1].native::<Array>() {
        if x.code != y.code {
            return vm.fail("TypeError", "can only extend with array of same kind");
        }
        let new = y.to_vec();
        if !new.is_empty() {
            append(vm, x, &new)?;
        }
        return Ok(Value::NONE);
    }
    let it = vm.get_iter(&a[1])?;
    while let Some(v) = vm.next(&it)? {
        push(vm, x, &v)?;
    }
    Ok(Value::NONE)
}

fn compare(vm: &mut Vm, a: &[Value], op: CmpOp) -> R<Value> {
    let (Some(x), Some(y)) = (a[0].native::<Array>(), a[1].native::<Array>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let mut i = 0;
    while let (Some(b), Some(c)) = (x.item(i), y.item(i)) {
        let (v, w) = (item::get(vm, x.code, &b[..x.size])?, item::get(vm, y.code, &c[..y.size])?);
        if !vm.compare_bool(CmpOp::Eq, &v, &w)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                op => vm.compare(op, &v, &w),
            };
        }
        i += 1;
    }
    let (n, m) = (x.len(), y.len());
    Ok(Value::bool(match op {
        CmpOp::Lt => n < m,
        CmpOp::Le => n <= m,
        CmpOp::Eq => n == m,
        CmpOp::Ne => n != m,
        CmpOp::Gt => n > m,
        CmpOp::Ge => n >= m,
    }))
}

fn copy(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let x = this(vm, a)?;
    let bytes = x.to_vec();
    Ok(make(vm, x.code, bytes))
}

// ---- pickling
fn reduce(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let x = this(vm, a)?;
    let protocol = vm.index(&a[1])?;
    let key = vm.intern("__dict__");
    let state = vm.get_attr_opt(&a[0], &key)?.unwrap_or(Value::NONE);
    let class = vm.type_of(&a[0]).clone();
    let code = vm.string(x.code.to_string());
    if protocol < 3 {
        let items = items(vm, x)?;
        let content = vec![code, vm.list(items)];
        let content = vm.tuple(content);
        return Ok(vm.tuple(vec![class, content, state]));
    }
    let module = vm.import_module("array")?;
    let f = vm.get_attr_str(&module, "_array_reconstructor")?;
    let bytes = x.to_vec();
    let content = vec![class, code, Value::small(item::machine_format(x.code)), vm.byte_vec(bytes)];
    let content = vm.tuple(content);
    Ok(vm.tuple(vec![f, content, state]))
}

/// An array from a pickle, perhaps of another machine.
fn reconstruct(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let (class, own) = (&a[0], self::class(vm));
    let got = match a[1].get::<Str>() {
        Some(s) if s.len() == 1 => None,
        Some(s) => Some(format!("a string of length {}", s.len())),
        None => Some(vm.type_name(&a[1])),
    };
    if let Some(got) = got {
        return vm.fail(
            "TypeError",
            format!("_array_reconstructor() argument 2 must be a unicode character, not {got}"),
        );
    }
    let format = vm.c_int(&a[2])? as i64;
    let Some(t) = class.get::<Type>() else {
        let message = format!("first argument must be a type object, not {}", vm.type_name(class));
        return vm.fail("TypeError", message);
    };
    if !vm.issubclass(class, &own)? {
        let message = format!("{} is not a subtype of array.array", t.name.borrow());
        return vm.fail("TypeError", message);
    }
    let code = match a[1].get::<Str>().and_then(Str::to_str).and_then(|s| s.chars().next()) {
        Some(c) if item::CODES.contains(c) => c,
        _ => return vm.fail("ValueError", "second argument must be a valid type code"),
    };
    let Some((source, size, big)) = item::of_machine_format(format) else {
        return vm.fail("ValueError", "third argument must be a valid machine format code.");
    };
    let Some(b) = a[3].get::<crate::object::Bytes>() else {
        let message = format!("fourth argument should be bytes, not {}", vm.type_name(&a[3]));
        return vm.fail("TypeError", message);
    };
    let b = b.as_slice();
    let Some(source) = source else {
        let name = match (size, big) {
            (2, false) => "utf-16-le",
            (2, true) => "utf-16-be",
            (_, false) => "utf-32-le",
            (_, true) => "utf-32-be",
        };
        let text = vm.decode(b, name, "strict")?;
        return vm.call(class, &[a[1].clone(), text], Kw::NONE);
    };
    if b.len() % size != 0 {
        return vm.fail("ValueError", "bytes length not a multiple of item size");
    }
    let mut items = vec![];
    for chunk in b.chunks_exact(size) {
        items.push(vm.unpack_item(source, chunk, big));
    }
    // The code may stand for another size here; where it is the same kind of number, it stays.
    let items = vm.list(items);
    let code = vm.string(code.to_string());
    vm.call(class, &[code, items], Kw::NONE)
}

// ---- iteration
struct ArrayIter {
    over: RefCell<Option<Value>>,
    at: Cell<usize>,
}
impl Payload for ArrayIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(v) = &*self.over.borrow() {
            visit(v);
        }
    }
    fn clear(&self) {
        drop(self.over.take());
    }
}

static ITER: ClassDef = ClassDef {
    name: "array.arrayiterator",
    flags: crate::types::native::NO_NEW,
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let it = vm.self_::<ArrayIter>(&a[0])?;
            let Some(over) = it.over.borrow().clone() else { return vm.stop_iteration() };
            let x = vm.self_::<Array>(&over)?;
            match x.item(it.at.get()) {
                Some(b) => {
                    it.at.set(it.at.get() + 1);
                    item::get(vm, x.code, &b[..x.size])
                }
                None => {
                    drop(it.over.take());
                    vm.stop_iteration()
                }
            }
        }),
        BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
            let it = vm.self_::<ArrayIter>(&a[0])?;
            let f = vm.builtin("iter");
            let over = it.over.borrow().clone();
            let parts = match over {
                Some(v) => vec![f, vm.tuple(vec![v]), Value::small(it.at.get() as i64)],
                None => {
                    let empty = vm.tuple(vec![]);
                    vec![f, vm.tuple(vec![empty])]
                }
            };
            Ok(vm.tuple(parts))
        }),
        BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
            let i = vm.index_clamped(&a[1])?;
            let it = vm.self_::<ArrayIter>(&a[0])?;
            let over = it.over.borrow().clone();
            if let Some(over) = over {
                let len = vm.self_::<Array>(&over)?.len() as i64;
                it.at.set(i.clamp(0, len) as usize);
            }
            Ok(Value::NONE)
        }),
    ],
    ..ClassDef::DEFAULT
};
