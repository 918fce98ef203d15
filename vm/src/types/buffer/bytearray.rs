//! `bytearray`: bytes that change, of a size that is fixed while somebody views them.

use super::{Buffer, methods, with_bytes};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, ItemFn, Kw, Payload, Slice, Type};
use crate::op::CmpOp;
use crate::types::bytes::repr_bytes;
use crate::types::item::Bounds;
use crate::types::native::{ClassDef, SUBCLASS, WEAKREF};
use crate::types::number::Num;
use crate::types::text::search;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

pub struct ByteArray {
    bytes: RefCell<Vec<u8>>,
    exports: Cell<usize>,
}

impl ByteArray {
    pub fn new(bytes: Vec<u8>) -> ByteArray {
        ByteArray { bytes: RefCell::new(bytes), exports: Cell::new(0) }
    }
    pub fn len(&self) -> usize {
        self.bytes.borrow().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.borrow().clone()
    }
}

impl Payload for ByteArray {
    const ITEM: Option<ItemFn<ByteArray>> = Some(|this, i| {
        let bytes = this.bytes.borrow();
        let i = if i < 0 { i + bytes.len() as i64 } else { i };
        bytes.get(usize::try_from(i).ok()?).map(|&b| Value::small(b as i64))
    });
    fn buffer(&self) -> Option<&dyn Buffer> {
        Some(self)
    }
}

impl Buffer for ByteArray {
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
    fn acquire(&self) {
        self.exports.set(self.exports.get() + 1);
    }
    fn release(&self) {
        self.exports.set(self.exports.get().saturating_sub(1));
    }
}

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], ByteArray::new(vec![])))),
    BuiltinDef::kw("__init__", 0, u8::MAX, |vm, a, kw| {
        // Empty from the start, so that a failure leaves nothing behind.
        if !this(vm, a)?.is_empty() {
            resizable(vm, a)?;
            drop(this(vm, a)?.bytes.take());
        }
        let content = vm.bytes_source("bytearray", &a[1..], kw)?;
        let old = this(vm, a)?.bytes.replace(content.to_vec());
        drop(old);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__len__", 0, 0, |vm, a, _| Ok(Value::small(this(vm, a)?.len() as i64))),
    BuiltinDef::new("__repr__", 0, 0, repr),
    BuiltinDef::new("__str__", 0, 0, repr),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| vm.indexed_iter::<ByteArrayIter>(&BYTEARRAY_ITER, &a[0])),
    BuiltinDef::new("__contains__", 1, 1, |vm, a, _| {
        methods::fixed(a, || vm.bytes_contain(&a[0], &a[1]).map(Value::bool))
    }),
    BuiltinDef::new("__getitem__", 1, 1, get_item),
    BuiltinDef::new("__setitem__", 2, 2, |vm, a, _| set_item(vm, a)),
    BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| del_item(vm, a)),
    BuiltinDef::new("__add__", 1, 1, |vm, a, _| vm.concat_bytes(&a[0], &a[1])),
    BuiltinDef::new("__iadd__", 1, 1, |vm, a, _| {
        let Some(b) = vm.bytes_like(&a[1])? else { return vm.concat_bytes(&a[0], &a[1]) };
        resizable(vm, a)?;
        append(vm, a, &b)?;
        Ok(a[0].clone())
    }),
    BuiltinDef::new("__mul__", 1, 1, |vm, a, _| repeat(vm, a, false)),
    BuiltinDef::new("__rmul__", 1, 1, |vm, a, _| repeat(vm, a, false)),
    BuiltinDef::new("__imul__", 1, 1, |vm, a, _| repeat(vm, a, true)),
    BuiltinDef::new("__mod__", 1, 1, |vm, a, _| methods::fixed(a, || vm.percent_bytes(&a[0], &a[1]))),
    BuiltinDef::new("__rmod__", 1, 1, |vm, a, _| match a[1].native::<ByteArray>() {
        Some(_) => vm.percent_bytes(&a[1], &a[0]),
        None => Ok(Value::NOT_IMPLEMENTED),
    }),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Eq, &a[0], &a[1])),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Ne, &a[0], &a[1])),
    BuiltinDef::new("__lt__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Lt, &a[0], &a[1])),
    BuiltinDef::new("__le__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Le, &a[0], &a[1])),
    BuiltinDef::new("__gt__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Gt, &a[0], &a[1])),
    BuiltinDef::new("__ge__", 1, 1, |vm, a, _| vm.compare_bytes(CmpOp::Ge, &a[0], &a[1])),
    BuiltinDef::new("__buffer__", 1, 1, |vm, a, _| vm.memory_view(&a[0])),
    BuiltinDef::new("__alloc__", 0, 0, |vm, a, _| {
        let n = this(vm, a)?.bytes.borrow().capacity();
        Ok(Value::small(if n == 0 { 0 } else { n as i64 + 1 }))
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
        Ok(Value::small(56 + this(vm, a)?.bytes.borrow().capacity() as i64))
    }),
    BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| reduce(vm, a, false)),
    BuiltinDef::new("__reduce_ex__", 0, 1, |vm, a, _| {
        let protocol = a.get(1).map_or(Ok(0), |v| vm.c_int(v))?;
        reduce(vm, a, protocol >= 3)
    }),
    BuiltinDef::new("append", 1, 1, |vm, a, _| {
        let b = vm.byte_arg(&a[1])?;
        resizable(vm, a)?;
        append(vm, a, &[b])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("extend", 1, 1, extend),
    BuiltinDef::new("insert", 2, 2, |vm, a, _| {
        let (i, b) = (vm.index_size(&a[1])?, vm.byte_arg(&a[2])?);
        resizable(vm, a)?;
        let mut bytes = this(vm, a)?.bytes.borrow_mut();
        let len = bytes.len() as i64;
        let at = if i < 0 { (i + len).max(0) } else { i.min(len) };
        bytes.insert(at as usize, b);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("pop", 0, 1, |vm, a, _| {
        let i = a.get(1).map_or(Ok(-1), |v| vm.index_size(v))?;
        let len = this(vm, a)?.len() as i64;
        if len == 0 {
            return vm.fail("IndexError", "pop from empty bytearray");
        }
        let at = if i < 0 { i + len } else { i };
        if at < 0 || at >= len {
            return vm.fail("IndexError", "pop index out of range");
        }
        resizable(vm, a)?;
        let b = this(vm, a)?.bytes.borrow_mut().remove(at as usize);
        Ok(Value::small(b as i64))
    }),
    BuiltinDef::new("remove", 1, 1, |vm, a, _| {
        let b = vm.byte_arg(&a[1])?;
        let at = memchr::memchr(b, &this(vm, a)?.bytes.borrow());
        let Some(at) = at else { return vm.fail("ValueError", "value not found in bytearray") };
        resizable(vm, a)?;
        this(vm, a)?.bytes.borrow_mut().remove(at);
        Ok(Value::NONE)
    }),
    BuiltinDef::new("clear", 0, 0, |vm, a, _| {
        resizable(vm, a)?;
        drop(this(vm, a)?.bytes.take());
        Ok(Value::NONE)
    }),
    BuiltinDef::new("copy", 0, 0, |vm, a, _| {
        let bytes = this(vm, a)?.to_vec();
        Ok(vm.byte_array(bytes))
    }),
    BuiltinDef::new("reverse", 0, 0, |vm, a, _| {
        this(vm, a)?.bytes.borrow_mut().reverse();
        Ok(Value::NONE)
    }),
    BuiltinDef::new("resize", 1, 1, |vm, a, _| {
        let n = vm.index_size(&a[1])?;
        let Ok(n) = usize::try_from(n) else {
            return vm.fail("ValueError", format!("Can only resize to positive sizes, got {n}"));
        };
        if n == this(vm, a)?.len() {
            return Ok(Value::NONE);
        }
        resizable(vm, a)?;
        let mut bytes = this(vm, a)?.bytes.borrow_mut();
        let more = n.saturating_sub(bytes.len());
        if bytes.try_reserve(more).is_err() {
            drop(bytes);
            return Err(vm.raise_type("MemoryError", vec![]));
        }
        bytes.resize(n, 0);
        Ok(Value::NONE)
    }),
];

static BYTEARRAY: ClassDef = ClassDef {
    name: "bytearray",
    flags: SUBCLASS.union(WEAKREF).union(crate::object::TypeFlags::MATCH_SELF),
    methods: METHODS,
    doc: Some(
        "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\n\
         bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size \
         given by the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a \
         mutable bytearray object from:\n  - an iterable yielding integers in range(256)\n  - a text string \
         encoded using the specified encoding\n  - a bytes or a buffer object\n  - any object implementing the \
         buffer API.\n  - an integer",
    ),
    ..ClassDef::DEFAULT
};

/// An iterator that asks for items by their numbers.
#[derive(Default)]
pub struct Indexed {
    pub over: RefCell<Absent>,
    pub at: Cell<usize>,
}

type Absent = Option<Value>;

pub struct ByteArrayIter(Indexed);

impl Payload for ByteArrayIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit)
    }
}
impl From<Indexed> for ByteArrayIter {
    fn from(i: Indexed) -> ByteArrayIter {
        ByteArrayIter(i)
    }
}
impl AsRef<Indexed> for ByteArrayIter {
    fn as_ref(&self) -> &Indexed {
        &self.0
    }
}

impl Indexed {
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(v) = &*self.over.borrow() {
            visit(v);
        }
    }
}

/// The rows of an iterator whose payload has an [`Indexed`].
macro_rules! indexed_rows {
    ($t:ty) => {
        &[
            BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
            BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
                let it: &crate::types::buffer::bytearray::Indexed = vm.self_::<$t>(&a[0])?.as_ref();
                vm.next_indexed(it)
            }),
            BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
                let it: &crate::types::buffer::bytearray::Indexed = vm.self_::<$t>(&a[0])?.as_ref();
                let over = it.over.borrow().clone();
                let n = over.map_or(Ok(0), |v| vm.len_of(&v))?;
                Ok(Value::small(n.saturating_sub(it.at.get()) as i64))
            }),
            BuiltinDef::new("__reduce__", 0, 0, |vm, a, _| {
                let it: &crate::types::buffer::bytearray::Indexed = vm.self_::<$t>(&a[0])?.as_ref();
                let (over, at) = (it.over.borrow().clone(), it.at.get());
                let Some(over) = over else {
                    let empty = vm.tuple(vec![]);
                    return vm.iter_reduced(empty);
                };
                let (iter, args) = (vm.builtin("iter"), vm.tuple(vec![over]));
                Ok(vm.tuple(vec![iter, args, crate::value::Value::small(at as i64)]))
            }),
            BuiltinDef::new("__setstate__", 1, 1, |vm, a, _| {
                let at = vm.index_clamped(&a[1])?;
                let it: &crate::types::buffer::bytearray::Indexed = vm.self_::<$t>(&a[0])?.as_ref();
                it.at.set(at.max(0) as usize);
                Ok(crate::value::Value::NONE)
            }),
        ]
    };
}
pub(crate) use indexed_rows;

static BYTEARRAY_ITER: ClassDef = ClassDef {
    name: "bytearray_iterator",
    flags: crate::types::native::NO_NEW,
    methods: indexed_rows!(ByteArrayIter),
    ..ClassDef::DEFAULT
};

impl Vm {
    pub fn bytearray_class(&mut self) -> Value {
        if let Some(c) = self.class_of::<ByteArray>() {
            return c;
        }
        let c = self.native_class::<ByteArray>(&BYTEARRAY);
        self.define_methods(&c, methods::METHODS);
        self.set_class_attribute(&c, "__hash__", Value::NONE);
        c
    }
    pub(crate) fn indexed_iter<T: Payload + From<Indexed>>(
        &mut self,
        def: &'static ClassDef,
        over: &Value,
    ) -> R<Value> {
        let class = self.native_class::<T>(def);
        let it = Indexed { over: RefCell::new(Some(over.clone())), at: Cell::new(0) };
        Ok(self.new_native(&class, T::from(it)))
    }
    pub(crate) fn next_indexed(&mut self, it: &Indexed) -> R<Value> {
        let Some(over) = it.over.borrow().clone() else { return self.stop_iteration() };
        let i = it.at.get();
        if i >= self.len_of(&over)? {
            drop(it.over.take());
            return self.stop_iteration();
        }
        it.at.set(i + 1);
        self.get_item(&over, &Value::small(i as i64))
    }
    /// Rich comparison of bytes with any bytes-like object.
    pub(crate) fn compare_bytes(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        if !self.is_bytes_like(b) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (Some(x), Some(y)) = (self.bytes_like(a)?, self.bytes_like(b)?) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let o = x.cmp(&y);
        Ok(Value::bool(match op {
            CmpOp::Lt => o.is_lt(),
            CmpOp::Le => o.is_le(),
            CmpOp::Eq => o.is_eq(),
            CmpOp::Ne => o.is_ne(),
            CmpOp::Gt => o.is_gt(),
            CmpOp::Ge => o.is_ge(),
        }))
    }
}

fn this<'a>(vm: &mut Vm, args: &'a [Value]) -> R<&'a ByteArray> {
    vm.self_::<ByteArray>(&args[0])
}
/// BufferError while somebody views the bytes.
fn resizable(vm: &mut Vm, args: &[Value]) -> R {
    if this(vm, args)?.exports.get() > 0 {
        return vm.fail("BufferError", "Existing exports of data: object cannot be re-sized");
    }
    Ok(())
}
fn append(vm: &mut Vm, args: &[Value], more: &[u8]) -> R {
    let mut bytes = this(vm, args)?.bytes.borrow_mut();
    if bytes.try_reserve(more.len()).is_err() {
        drop(bytes);
        return Err(vm.raise_type("MemoryError", vec![]));
    }
    bytes.extend_from_slice(more);
    Ok(())
}

fn repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut text = String::new();
    let bytes = this(vm, args)?.to_vec();
    repr_bytes(&bytes, &mut text);
    if text.starts_with("b\"") {
        // CPython escapes them all the same.
        text = text.replace('\'', "\\'");
    }
    let name = vm.type_of(&args[0]).as_::<Type>().short_name();
    Ok(vm.string(format!("{name}({text})")))
}

fn get_item(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let len = this(vm, args)?.len();
    if let Some(s) = args[1].get::<Slice>() {
        let b = vm.slice_bounds(s, len)?;
        let out = b.of_bytes(&this(vm, args)?.bytes.borrow());
        return Ok(vm.byte_array(out));
    }
    let i = vm.position(&args[1], len, "bytearray")?;
    match i.and_then(|i| this(vm, args).ok()?.bytes.borrow().get(i).copied()) {
        Some(b) => Ok(Value::small(b as i64)),
        None => vm.fail("IndexError", "bytearray index out of range"),
    }
}

fn set_item(vm: &mut Vm, args: &[Value]) -> R<Value> {
    if let Some(s) = args[1].get::<Slice>() {
        let new = slice_source(vm, &args[2])?;
        let len = this(vm, args)?.len();
        let b = vm.slice_bounds(s, len)?;
        return assign(vm, args, b, &new);
    }
    let len = this(vm, args)?.len();
    let Some(i) = vm.position(&args[1], len, "bytearray")? else {
        return vm.fail("IndexError", "bytearray index out of range");
    };
    let b = vm.byte_arg(&args[2])?;
    match this(vm, args)?.bytes.borrow_mut().get_mut(i) {
        Some(slot) => *slot = b,
        None => return vm.fail("IndexError", "bytearray index out of range"),
    }
    Ok(Value::NONE)
}
/// What may be assigned to a slice.
fn slice_source(vm: &mut Vm, v: &Value) -> R<Vec<u8>> {
    if let Some(b) = vm.bytes_like(v)? {
        return Ok(b.to_vec());
    }
    let bad = "can assign only bytes, buffers, or iterables of ints in range(0, 256)";
    if Num::of(v).is_some() || v.get::<crate::object::Str>().is_some() {
        return vm.fail("TypeError", bad);
    }
    match vm.iter_or_none(v)? {
        Some(it) => vm.collect_bytes(&it, "byte must be in range(0, 256)"),
        None => vm.fail("TypeError", bad),
    }
}
fn assign(vm: &mut Vm, args: &[Value], b: Bounds, new: &[u8]) -> R<Value> {
    if b.step == 1 {
        if new.len() != b.count {
            resizable(vm, args)?;
        }
        let from = b.start as usize;
        this(vm, args)?.bytes.borrow_mut().splice(from..from + b.count, new.iter().copied());
        return Ok(Value::NONE);
    }
    if new.is_empty() && b.count > 0 {
        return delete(vm, args, b);
    }
    if new.len() != b.count {
        let message =
            format!("attempt to assign bytes of size {} to extended slice of size {}", new.len(), b.count);
        return vm.fail("ValueError", message);
    }
    let mut bytes = this(vm, args)?.bytes.borrow_mut();
    for (i, v) in b.indices().zip(new) {
        bytes[i] = *v;
    }
    Ok(Value::NONE)
}
fn del_item(vm: &mut Vm, args: &[Value]) -> R<Value> {
    let len = this(vm, args)?.len();
    if let Some(s) = args[1].get::<Slice>() {
        let b = vm.slice_bounds(s, len)?;
        return delete(vm, args, b);
    }
    let Some(i) = vm.position(&args[1], len, "bytearray")? else {
        return vm.fail("IndexError", "bytearray index out of range");
    };
    resizable(vm, args)?;
    this(vm, args)?.bytes.borrow_mut().remove(i);
    Ok(Value::NONE)
}
fn delete(vm: &mut Vm, args: &[Value], b: Bounds) -> R<Value> {
    if b.count == 0 {
        return Ok(Value::NONE);
    }
    resizable(vm, args)?;
    let mut gone: Vec<usize> = b.indices().collect();
    gone.sort_unstable();
    let mut bytes = this(vm, args)?.bytes.borrow_mut();
    if b.step.abs() == 1 {
        bytes.drain(gone[0]..gone[0] + gone.len());
        return Ok(Value::NONE);
    }
    let mut next = gone.into_iter().peekable();
    let mut i = 0;
    bytes.retain(|_| {
        let keep = next.next_if_eq(&i).is_none();
        i += 1;
        keep
    });
    Ok(Value::NONE)
}

fn repeat(vm: &mut Vm, args: &[Value], inplace: bool) -> R<Value> {
    if Num::int_of(&args[1]).is_none() && !vm.has_special(&args[1], crate::types::specials::Special::Index) {
        let message = format!("can't multiply sequence by non-int of type '{}'", vm.type_name(&args[1]));
        return vm.fail("TypeError", message);
    }
    let n = vm.index_size(&args[1])?.max(0) as usize;
    let bytes = this(vm, args)?.to_vec();
    let Some(size) = bytes.len().checked_mul(n).filter(|&s| s <= isize::MAX as usize) else {
        return Err(vm.raise_type("MemoryError", vec![]));
    };
    let mut out = vm.new_bytes(size)?;
    if !bytes.is_empty() {
        for _ in 0..n {
            out.extend_from_slice(&bytes);
        }
    }
    if !inplace {
        return Ok(vm.byte_array(out));
    }
    if size != bytes.len() {
        resizable(vm, args)?;
    }
    drop(this(vm, args)?.bytes.replace(out));
    Ok(args[0].clone())
}

fn extend(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let new = match vm.bytes_like(&args[1])? {
        Some(b) => b.to_vec(),
        None if args[1].get::<crate::object::Str>().is_some() => {
            return vm.fail("TypeError", "expected iterable of integers; got: 'str'");
        }
        None => match vm.iter_or_none(&args[1])? {
            Some(it) => vm.collect_bytes(&it, "byte must be in range(0, 256)")?,
            None => {
                let message = format!("can't extend bytearray with {}", vm.type_name(&args[1]));
                return vm.fail("TypeError", message);
            }
        },
    };
    if !new.is_empty() {
        resizable(vm, args)?;
        append(vm, args, &new)?;
    }
    Ok(Value::NONE)
}

fn reduce(vm: &mut Vm, args: &[Value], binary: bool) -> R<Value> {
    let bytes = this(vm, args)?.to_vec();
    let key = vm.intern("__dict__");
    let state = vm.get_attr_opt(&args[0], &key)?.unwrap_or(Value::NONE);
    let content = if bytes.is_empty() {
        vec![]
    } else if binary {
        vec![vm.byte_vec(bytes)]
    } else {
        let latin: String = bytes.iter().map(|&b| b as char).collect();
        vec![vm.string(latin), vm.str("latin-1")]
    };
    let content = vm.tuple(content);
    let class = vm.type_of(&args[0]).clone();
    Ok(vm.tuple(vec![class, content, state]))
}

/// For `bytes` and `bytearray`: `a + b`, of the class of `a`.
impl Vm {
    pub(crate) fn concat_bytes(&mut self, a: &Value, b: &Value) -> R<Value> {
        let Some(y) = self.bytes_like(b)? else {
            let message = format!("can't concat {} to {}", self.type_name(b), self.type_name(a));
            return self.fail("TypeError", message);
        };
        let n = with_bytes(a, <[u8]>::len).unwrap_or(0);
        if y.is_empty() && self.type_of(a).is(&self.types.bytes) {
            return Ok(a.clone());
        }
        let mut out = self.new_bytes(n.saturating_add(y.len()))?;
        with_bytes(a, |x| out.extend_from_slice(x));
        out.extend_from_slice(&y);
        Ok(if a.get::<Bytes>().is_some() { self.byte_vec(out) } else { self.byte_array(out) })
    }
    pub(crate) fn bytes_contain(&mut self, c: &Value, item: &Value) -> R<bool> {
        let index = Num::int_of(item).is_some()
            || item.is_dynamic()
                && !self.is_bytes_like(item)
                && self.has_special(item, crate::types::specials::Special::Index);
        if index {
            let b = self.byte_arg(item)?;
            return Ok(with_bytes(c, |x| memchr::memchr(b, x).is_some()).unwrap_or(false));
        }
        let b = self.need_bytes(item)?;
        Ok(with_bytes(c, |x| search::find(x, &b, false).is_some()).unwrap_or(false))
    }
}
