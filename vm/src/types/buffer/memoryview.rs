//! `memoryview`: a window on the bytes of another object, with a format, a shape and strides.
//!
//! Each view acquires the object that owns the bytes (never another view) and releases it when it is released
//! or freed.

use super::exporter;
use super::packing::{self, native_size};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Kw, List, Native, Payload, Slice, Str, Tuple};
use crate::op::CmpOp;
use crate::types::native::{ClassDef, GetSet, NO_NEW, WEAKREF};
use crate::types::number::Num;
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};

/// CPython's limit.
const MAX_DIMENSIONS: usize = 64;

pub struct MemoryView {
    /// The owner of the bytes; None once released.
    base: RefCell<Value>,
    /// A Python object and the view that its `__buffer__` answered, to be given back.
    lent: RefCell<Option<(Value, Value)>>,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    code: char,
    /// As it was given to `cast` (with an `@`, perhaps).
    format: String,
    itemsize: usize,
    readonly: bool,
    released: Cell<bool>,
    hash: Cell<Option<i64>>,
}

impl MemoryView {
    fn over(base: &Value, len: usize, code: char, itemsize: usize, readonly: bool) -> MemoryView {
        let mut v = MemoryView {
            base: RefCell::new(Value::NONE),
            lent: RefCell::new(None),
            offset: 0,
            shape: vec![len / itemsize],
            strides: vec![itemsize as isize],
            code,
            format: code.to_string(),
            itemsize,
            readonly,
            released: Cell::new(false),
            hash: Cell::new(None),
        };
        v.acquire(base);
        v
    }
    fn acquire(&mut self, base: &Value) {
        if let Some(b) = exporter(base) {
            b.acquire();
        }
        *self.base.get_mut() = base.clone();
    }
    /// Another view on the same bytes.
    fn derive(&self, change: impl FnOnce(&mut MemoryView)) -> MemoryView {
        let mut v = MemoryView {
            base: RefCell::new(Value::NONE),
            lent: RefCell::new(None),
            offset: self.offset,
            shape: self.shape.clone(),
            strides: self.strides.clone(),
            code: self.code,
            format: self.format.clone(),
            itemsize: self.itemsize,
            readonly: self.readonly,
            released: Cell::new(false),
            hash: Cell::new(None),
        };
        v.acquire(&self.base());
        change(&mut v);
        v
    }
    fn let_go(&self) {
        if !self.released.replace(true) {
            let base = self.base.replace(Value::NONE);
            if let Some(b) = exporter(&base) {
                b.release();
            }
        }
    }
    pub fn base(&self) -> Value {
        self.base.borrow().clone()
    }
    pub fn is_released(&self) -> bool {
        self.released.get()
    }
    fn items(&self) -> usize {
        self.shape.iter().product()
    }
    pub fn nbytes(&self) -> usize {
        self.items() * self.itemsize
    }
    fn contiguous(&self, mut order: impl Iterator<Item = usize>) -> bool {
        let mut want = self.itemsize as isize;
        self.items() == 0
            || order.all(|i| {
                let fits = self.shape[i] <= 1 || self.strides[i] == want;
                want *= self.shape[i] as isize;
                fits
            })
    }
    /// As C stores arrays.
    pub fn is_contiguous(&self) -> bool {
        self.contiguous((0..self.shape.len()).rev())
    }
    fn is_fortran(&self) -> bool {
        self.contiguous(0..self.shape.len())
    }
    fn whole(&self, f: &mut dyn FnMut(&[u8])) {
        let base = self.base();
        match base.get::<Bytes>() {
            Some(b) => f(b.as_slice()),
            None => {
                if let Some(b) = exporter(&base) {
                    b.read(f)
                }
            }
        }
    }
    pub fn read_contiguous(&self, f: &mut dyn FnMut(&[u8])) {
        let (from, to) = (self.offset, self.offset + self.nbytes());
        self.whole(&mut |b| f(b.get(from..to).unwrap_or(&[])));
    }
    pub fn write_contiguous(&self, f: &mut dyn FnMut(&mut [u8])) -> bool {
        let (from, to) = (self.offset, self.offset + self.nbytes());
        let base = self.base();
        !self.readonly
            && exporter(&base).is_some_and(|b| b.write(&mut |b| f(b.get_mut(from..to).unwrap_or(&mut []))))
    }
    /// Offsets of the items, in C's order.
    fn offsets(&self) -> Vec<usize> {
        let mut all = vec![self.offset as isize];
        for (&n, &stride) in self.shape.iter().zip(&self.strides) {
            all = all.iter().flat_map(|&o| (0..n as isize).map(move |i| o + i * stride)).collect();
        }
        all.into_iter().map(|o| o as usize).collect()
    }
    /// The bytes of all items, in C's order.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.nbytes());
        if self.is_contiguous() {
            self.read_contiguous(&mut |b| out.extend_from_slice(b));
            return out;
        }
        let (offsets, size) = (self.offsets(), self.itemsize);
        self.whole(&mut |b| {
            for &o in &offsets {
                out.extend_from_slice(b.get(o..o + size).unwrap_or(&[]));
            }
        });
        out
    }
    fn item_at(&self, offset: usize) -> Vec<u8> {
        let mut out = vec![];
        self.whole(&mut |b| out.extend_from_slice(b.get(offset..offset + self.itemsize).unwrap_or(&[])));
        out
    }
    fn store(&self, offset: usize, item: &[u8]) {
        let base = self.base();
        if let Some(b) = exporter(&base) {
            b.write(&mut |b| {
                if let Some(slot) = b.get_mut(offset..offset + item.len()) {
                    slot.copy_from_slice(item);
                }
            });
        }
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Payload for MemoryView {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.base.borrow());
        if let Some((a, b)) = &*self.lent.borrow() {
            visit(a);
            visit(b);
        }
    }
}

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, 1, |vm, a, kw| {
        let [object] = vm.bind_args("memoryview", ["object"], 0, 1, &a[1..], kw)?;
        vm.memory_view(&object.unwrap_or(Value::NONE))
    }),
    BuiltinDef::class("_from_flags", 2, 2, |vm, a, _| vm.memory_view(&a[1])),
    BuiltinDef::new("release", 0, 0, |vm, a, _| {
        vm.release_view(&a[0])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__enter__", 0, 0, |vm, a, _| {
        live(vm, a)?;
        Ok(a[0].clone())
    }),
    BuiltinDef::new("__exit__", 0, u8::MAX, |vm, a, _| {
        vm.release_view(&a[0])?;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("__len__", 0, 0, |vm, a, _| match live(vm, a)?.shape.first() {
        Some(&n) => Ok(Value::small(n as i64)),
        None => vm.fail("TypeError", "0-dim memory has no length"),
    }),
    BuiltinDef::new("__getitem__", 1, 1, get_item),
    BuiltinDef::new("__setitem__", 2, 2, set_item),
    BuiltinDef::new("__delitem__", 1, 1, |vm, a, _| match live(vm, a)?.readonly {
        true => vm.fail("TypeError", "cannot modify read-only memory"),
        false => vm.fail("TypeError", "cannot delete memory"),
    }),
    BuiltinDef::new("__iter__", 0, 0, |vm, a, _| {
        match live(vm, a)?.shape.len() {
            0 => return vm.fail("TypeError", "invalid indexing of 0-dim memory"),
            1 => {}
            _ => return vm.fail("NotImplementedError", "multi-dimensional sub-views are not implemented"),
        }
        vm.indexed_iter::<ViewIter>(&VIEW_ITER, &a[0])
    }),
    BuiltinDef::new("__eq__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Eq)),
    BuiltinDef::new("__ne__", 1, 1, |vm, a, _| compare(vm, a, CmpOp::Ne)),
    BuiltinDef::new("__hash__", 0, 0, hash),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let released = if vm.self_::<MemoryView>(&a[0])?.is_released() { "released " } else { "" };
        let at = a[0].word().0;
        Ok(vm.string(format!("<{released}memory at {at:#x}>")))
    }),
    BuiltinDef::new("__buffer__", 1, 1, |vm, a, _| vm.memory_view(&a[0])),
    BuiltinDef::new("tolist", 0, 0, |vm, a, _| {
        let v = live(vm, a)?;
        to_list(vm, v, 0, v.offset as isize)
    }),
    BuiltinDef::kw("tobytes", 0, 1, to_bytes),
    BuiltinDef::kw("hex", 0, 2, |vm, a, kw| {
        let b = live(vm, a)?.to_vec();
        vm.hex_text(&b, &a[1..], kw)
    }),
    BuiltinDef::new("toreadonly", 0, 0, |vm, a, _| {
        let v = live(vm, a)?.derive(|v| v.readonly = true);
        Ok(wrap(vm, v))
    }),
    BuiltinDef::kw("cast", 1, 2, cast),
    BuiltinDef::new("count", 1, 1, |vm, a, _| {
        let mut n = 0;
        for v in vm.to_vec(&a[0])? {
            n += vm.eq(&v, &a[1])? as i64;
        }
        Ok(Value::small(n))
    }),
    BuiltinDef::new("index", 1, 3, |vm, a, _| {
        let len = vm.len_of(&a[0])?;
        let (from, to) = crate::types::string::selected(vm, a, len)?.unwrap_or((0, 0));
        for i in from..to {
            let v = vm.get_item(&a[0], &Value::small(i as i64))?;
            if vm.eq(&v, &a[1])? {
                return Ok(Value::small(i as i64));
            }
        }
        vm.fail("ValueError", "memoryview.index(x): x not found")
    }),
];

static GETSET: &[GetSet] = &[
    GetSet::get("obj", |vm, v| field(vm, v, |_, m| m.base())),
    GetSet::get("nbytes", |vm, v| field(vm, v, |_, m| Value::small(m.nbytes() as i64))),
    GetSet::get("itemsize", |vm, v| field(vm, v, |_, m| Value::small(m.itemsize as i64))),
    GetSet::get("format", |vm, v| field(vm, v, |vm, m| vm.str(&m.format))),
    GetSet::get("ndim", |vm, v| field(vm, v, |_, m| Value::small(m.shape.len() as i64))),
    GetSet::get("shape", |vm, v| {
        field(vm, v, |vm, m| vm.tuple(m.shape.iter().map(|&n| Value::small(n as i64)).collect()))
    }),
    GetSet::get("strides", |vm, v| {
        field(vm, v, |vm, m| vm.tuple(m.strides.iter().map(|&n| Value::small(n as i64)).collect()))
    }),
    GetSet::get("suboffsets", |vm, v| field(vm, v, |vm, _| vm.tuple(vec![]))),
    GetSet::get("readonly", |vm, v| field(vm, v, |_, m| Value::bool(m.readonly))),
    GetSet::get("c_contiguous", |vm, v| field(vm, v, |_, m| Value::bool(m.is_contiguous()))),
    GetSet::get("f_contiguous", |vm, v| field(vm, v, |_, m| Value::bool(m.is_fortran()))),
    GetSet::get("contiguous", |vm, v| field(vm, v, |_, m| Value::bool(m.is_contiguous() || m.is_fortran()))),
];

static MEMORYVIEW: ClassDef = ClassDef {
    name: "memoryview",
    flags: WEAKREF.union(crate::object::TypeFlags::SEQUENCE),
    methods: METHODS,
    getset: GETSET,
    doc: Some("Create a new memoryview object which references the given object."),
    ..ClassDef::DEFAULT
};

use super::bytearray::Indexed;
struct ViewIter(Indexed);
impl Payload for ViewIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit)
    }
}
impl From<Indexed> for ViewIter {
    fn from(i: Indexed) -> ViewIter {
        ViewIter(i)
    }
}
impl AsRef<Indexed> for ViewIter {
    fn as_ref(&self) -> &Indexed {
        &self.0
    }
}
static VIEW_ITER: ClassDef = ClassDef {
    name: "memory_iterator",
    flags: NO_NEW,
    methods: super::bytearray::indexed_rows!(ViewIter),
    ..ClassDef::DEFAULT
};

impl Vm {
    pub fn memoryview_class(&mut self) -> Value {
        self.native_class::<MemoryView>(&MEMORYVIEW)
    }
    /// `memoryview(v)`.
    pub fn memory_view(&mut self, v: &Value) -> R<Value> {
        if let Some(m) = v.native::<MemoryView>() {
            self.check_view(m)?;
            let m = m.derive(|_| {});
            return Ok(wrap(self, m));
        }
        if let Some(b) = v.get::<Bytes>() {
            let m = MemoryView::over(v, b.len(), 'B', 1, true);
            return Ok(wrap(self, m));
        }
        if let Some(b) = v.get::<Native>().and_then(Native::buffer) {
            let mut len = 0;
            b.read(&mut |b| len = b.len());
            let (code, size) = b.item();
            let m = MemoryView::over(v, len, code, size, b.readonly());
            return Ok(wrap(self, m));
        }
        if v.is_dynamic() && self.has_special(v, Special::Buffer) {
            let inner = self.python_buffer(v, 0x11c)?;
            let m = match inner.native::<MemoryView>() {
                Some(m) => m.derive(|_| {}),
                None => return self.fail("TypeError", "__buffer__ returned non-memoryview object"),
            };
            *m.lent.borrow_mut() = Some((v.clone(), inner.clone()));
            return Ok(wrap(self, m));
        }
        let message = format!("memoryview: a bytes-like object is required, not '{}'", self.type_name(v));
        self.fail("TypeError", message)
    }
    pub(crate) fn check_view(&mut self, m: &MemoryView) -> R {
        match m.is_released() {
            true => self.fail("ValueError", "operation forbidden on released memoryview object"),
            false => Ok(()),
        }
    }
    pub(crate) fn release_view(&mut self, v: &Value) -> R {
        let m = self.self_::<MemoryView>(v)?;
        if m.is_released() {
            return Ok(());
        }
        m.let_go();
        let lent = m.lent.take();
        if let Some((object, inner)) = lent
            && self.has_special(&object, Special::ReleaseBuffer)
        {
            self.call_special(&object, Special::ReleaseBuffer, &[inner])?;
        }
        Ok(())
    }
}

fn wrap(vm: &mut Vm, m: MemoryView) -> Value {
    let class = vm.memoryview_class();
    vm.new_native(&class, m)
}
fn live<'a>(vm: &mut Vm, args: &'a [Value]) -> R<&'a MemoryView> {
    let m = vm.self_::<MemoryView>(&args[0])?;
    vm.check_view(m)?;
    Ok(m)
}
fn field(vm: &mut Vm, v: &Value, f: fn(&mut Vm, &MemoryView) -> Value) -> R<Value> {
    let m = live(vm, std::slice::from_ref(v))?;
    Ok(f(vm, m))
}

/// Items of `array`'s text have no Python form here.
fn supported(vm: &mut Vm, m: &MemoryView) -> R {
    match native_size(m.code) {
        Some(_) => Ok(()),
        None => vm.fail("NotImplementedError", format!("memoryview: format {} not supported", m.format)),
    }
}
fn unpack(vm: &mut Vm, m: &MemoryView, offset: usize) -> R<Value> {
    let item = m.item_at(offset);
    if item.len() != m.itemsize {
        return vm.fail("IndexError", "index out of bounds");
    }
    supported(vm, m)?;
    Ok(vm.unpack_item(m.code, &item, false))
}
fn pack(vm: &mut Vm, m: &MemoryView, offset: usize, v: &Value) -> R {
    supported(vm, m)?;
    let mut item = vec![0; m.itemsize];
    let kind =
        |vm: &mut Vm| vm.fail("TypeError", format!("memoryview: invalid type for format '{}'", m.format));
    let value =
        |vm: &mut Vm| vm.fail("ValueError", format!("memoryview: invalid value for format '{}'", m.format));
    match m.code {
        'c' => match v.get::<Bytes>() {
            None => return kind(vm),
            Some(_) => match packing::char_byte(v) {
                Some(b) => item[0] = b,
                None => return value(vm),
            },
        },
        '?' => item[0] = vm.truthy(v)? as u8,
        'e' | 'f' | 'd' => {
            let f = match Num::of(v) {
                Some(n) => n.to_f64(),
                None if v.is_dynamic() => vm.float_arg(v).ok(),
                None => None,
            };
            let Some(f) = f else {
                vm.pending = None;
                return kind(vm);
            };
            if !packing::put_float(f, m.code, &mut item, false) {
                return value(vm);
            }
        }
        code => match vm.packed_int(v)? {
            None => return kind(vm),
            Some(n) if packing::put_int(&n, packing::is_signed(code), &mut item, false) => {}
            Some(_) => return value(vm),
        },
    }
    // The value's methods may have released the view.
    vm.check_view(m)?;
    m.store(offset, &item);
    Ok(())
}

/// Offset of the item that an int or a tuple of ints names. `None`: it is no such key.
fn item_offset(vm: &mut Vm, m: &MemoryView, key: &Value) -> R<Option<usize>> {
    let places: Vec<Value> = match key.get::<Tuple>() {
        Some(t) if t.as_slice().iter().any(|v| v.get::<Slice>().is_some()) => return Ok(None),
        Some(t) => t.as_slice().to_vec(),
        None => vec![key.clone()],
    };
    let mut at = m.offset as isize;
    for v in &places {
        if Num::int_of(v).is_none() && !vm.has_special(v, Special::Index) {
            return vm.fail("TypeError", "memoryview: invalid slice key");
        }
    }
    let tuple = key.get::<Tuple>().is_some();
    if m.shape.is_empty() {
        return match tuple && places.is_empty() {
            true => Ok(Some(m.offset)),
            false => vm.fail("TypeError", "invalid indexing of 0-dim memory"),
        };
    }
    if places.len() < m.shape.len() {
        return vm.fail(
            "NotImplementedError",
            if tuple {
                "sub-views are not implemented"
            } else {
                "multi-dimensional sub-views are not implemented"
            },
        );
    }
    if places.len() > m.shape.len() {
        let message =
            format!("cannot index {}-dimension view with {}-element tuple", m.shape.len(), places.len());
        return vm.fail("TypeError", message);
    }
    for (d, v) in places.iter().enumerate() {
        let i = vm.index_size(v)?;
        let n = m.shape[d] as i64;
        let i = if i < 0 { i + n } else { i };
        if i < 0 || i >= n {
            return vm.fail("IndexError", format!("index out of bounds on dimension {}", d + 1));
        }
        at += i as isize * m.strides[d];
    }
    Ok(Some(at as usize))
}

fn get_item(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let m = live(vm, args)?;
    if m.shape.is_empty() && args[1].is(&Value::ELLIPSIS) {
        return Ok(args[0].clone());
    }
    if let Some(s) = args[1].get::<Slice>() {
        let v = sliced(vm, m, s)?;
        return Ok(wrap(vm, v));
    }
    match item_offset(vm, m, &args[1])? {
        Some(at) => {
            vm.check_view(m)?;
            unpack(vm, m, at)
        }
        None => vm.fail("NotImplementedError", "multi-dimensional slicing is not implemented"),
    }
}
fn sliced(vm: &mut Vm, m: &MemoryView, s: &Slice) -> R<MemoryView> {
    let Some(&n) = m.shape.first() else {
        return vm.fail("TypeError", "invalid indexing of 0-dim memory");
    };
    let b = vm.slice_bounds(s, n)?;
    vm.check_view(m)?;
    Ok(m.derive(|v| {
        if b.count > 0 {
            v.offset = (v.offset as isize + b.start as isize * v.strides[0]) as usize;
        }
        v.shape[0] = b.count;
        v.strides[0] *= b.step as isize;
    }))
}
fn set_item(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let m = live(vm, args)?;
    if m.readonly {
        return vm.fail("TypeError", "cannot modify read-only memory");
    }
    if m.shape.is_empty() && args[1].is(&Value::ELLIPSIS) {
        pack(vm, m, m.offset, &args[2])?;
        return Ok(Value::NONE);
    }
    let Some(s) = args[1].get::<Slice>() else {
        return match item_offset(vm, m, &args[1])? {
            Some(at) => pack(vm, m, at, &args[2]).map(|()| Value::NONE),
            None => vm.fail(
                "NotImplementedError",
                "memoryview slice assignments are currently restricted to ndim = 1",
            ),
        };
    };
    if m.shape.len() > 1 {
        let message = "memoryview slice assignments are currently restricted to ndim = 1";
        return vm.fail("NotImplementedError", message);
    }
    if !vm.is_bytes_like(&args[2]) {
        let message = format!("a bytes-like object is required, not '{}'", vm.type_name(&args[2]));
        return vm.fail("TypeError", message);
    }
    let source = vm.memory_view(&args[2])?;
    let Some(from) = source.native::<MemoryView>() else { return Ok(Value::NONE) };
    let to = sliced(vm, m, s)?;
    if from.shape != to.shape || from.code != to.code {
        let message = "memoryview assignment: lvalue and rvalue have different structures";
        return vm.fail("ValueError", message);
    }
    let bytes = from.to_vec();
    for (at, item) in to.offsets().into_iter().zip(bytes.chunks(to.itemsize)) {
        to.store(at, item);
    }
    Ok(Value::NONE)
}

fn to_list(vm: &mut Vm, m: &MemoryView, dimension: usize, at: isize) -> R<Value> {
    let Some((&n, &stride)) = m.shape.get(dimension).zip(m.strides.get(dimension)) else {
        return unpack(vm, m, at as usize);
    };
    let mut items = vm.new_vec(n)?;
    for i in 0..n as isize {
        items.push(to_list(vm, m, dimension + 1, at + i * stride)?);
    }
    Ok(vm.list(items))
}

fn to_bytes(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let m = live(vm, args)?;
    vm.only_keywords("tobytes", kw, &["order"])?;
    let order = match args.get(1).or(kw.get("order")).filter(|v| !v.is_none()) {
        None => "C",
        Some(v) => match v.get::<Str>().map(Str::as_str) {
            Some(o @ ("C" | "F" | "A")) => o,
            Some(_) => return vm.fail("ValueError", "order must be 'C', 'F' or 'A'"),
            None => {
                let message =
                    format!("tobytes() argument 'order' must be str or None, not {}", vm.type_name(v));
                return vm.fail("TypeError", message);
            }
        },
    };
    let out = match order {
        "F" => reversed(m).to_vec(),
        "A" if m.is_fortran() => reversed(m).to_vec(),
        _ => m.to_vec(),
    };
    Ok(vm.byte_vec(out))
}
/// The same items with the dimensions in the other order.
fn reversed(m: &MemoryView) -> MemoryView {
    m.derive(|v| {
        v.shape.reverse();
        v.strides.reverse();
    })
}

fn cast(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let m = live(vm, args)?;
    let [format, shape] = vm.bind_args("cast", ["format", "shape"], 0, 1, &args[1..], kw)?;
    let format = format.unwrap_or(Value::NONE);
    let Some(text) = format.get::<Str>() else {
        let message = format!("cast() argument 'format' must be str, not {}", vm.type_name(&format));
        return vm.fail("TypeError", message);
    };
    if !m.is_contiguous() {
        return vm.fail("TypeError", "memoryview: casts are restricted to C-contiguous views");
    }
    if shape.is_some() && m.shape.len() != 1 {
        return vm.fail("TypeError", "memoryview: cast must be 1D -> ND or ND -> 1D");
    }
    let text = text.as_str().to_owned();
    let mut chars = text.strip_prefix('@').unwrap_or(&text).chars();
    let code = chars.next().filter(|&c| chars.next().is_none() && !matches!(c, 'x' | 's' | 'p' | 'F' | 'D'));
    let Some((code, size)) = code.and_then(|c| native_size(c).map(|n| (c, n))) else {
        return vm.fail(
            "ValueError",
            "memoryview: destination format must be a native single character format prefixed with an optional '@'",
        );
    };
    let byte = |c: char| matches!(c, 'b' | 'B' | 'c');
    if !byte(m.code) && !byte(code) {
        return vm.fail("TypeError", "memoryview: cannot cast between two non-byte formats");
    }
    let len = m.nbytes();
    if len % size != 0 {
        return vm.fail("TypeError", "memoryview: length is not a multiple of itemsize");
    }
    let mut dimensions = vec![len / size];
    if let Some(s) = shape {
        let items = match (s.get::<List>(), s.get::<Tuple>()) {
            (Some(l), _) => l.as_slice().to_vec(),
            (_, Some(t)) => t.as_slice().to_vec(),
            _ => return vm.fail("TypeError", "shape must be a list or a tuple"),
        };
        if items.len() > MAX_DIMENSIONS {
            return vm.fail(
                "ValueError",
                format!("memoryview: number of dimensions must not exceed {MAX_DIMENSIONS}"),
            );
        }
        dimensions.clear();
        for v in &items {
            let Some(n) = Num::int_of(v) else {
                return vm.fail("TypeError", "memoryview.cast(): elements of shape must be integers");
            };
            match usize::try_from(n.clamp_i64()) {
                Ok(n) if n > 0 => dimensions.push(n),
                _ => {
                    return vm
                        .fail("ValueError", "memoryview.cast(): elements of shape must be integers > 0");
                }
            }
        }
        let product = dimensions.iter().try_fold(size, |p, &n| p.checked_mul(n));
        if product != Some(len) {
            return vm.fail("TypeError", "memoryview: product(shape) * itemsize != buffer size");
        }
    }
    vm.check_view(m)?;
    let v = m.derive(|v| {
        let mut stride = size as isize;
        v.strides = dimensions
            .iter()
            .rev()
            .map(|&n| {
                let s = stride;
                stride *= n as isize;
                s
            })
            .collect();
        v.strides.reverse();
        v.shape = dimensions;
        (v.code, v.itemsize, v.format) = (code, size, text);
    });
    Ok(wrap(vm, v))
}

fn compare(vm: &mut Vm, args: &[Value], op: CmpOp) -> R<Value> {
    let m = vm.self_::<MemoryView>(&args[0])?;
    let answer = |equal: bool| Ok(Value::bool(equal == (op == CmpOp::Eq)));
    if m.is_released() || args[1].native::<MemoryView>().is_some_and(MemoryView::is_released) {
        return answer(args[0].is(&args[1]));
    }
    if !vm.is_bytes_like(&args[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let other = vm.memory_view(&args[1])?;
    let Some(o) = other.native::<MemoryView>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if m.shape != o.shape {
        return answer(false);
    }
    if m.code == o.code && !matches!(m.code, 'e' | 'f' | 'd' | '?') {
        return answer(m.to_vec() == o.to_vec());
    }
    let (x, y) = (m.offsets(), o.offsets());
    for (i, j) in x.into_iter().zip(y) {
        let (a, b) = (unpack(vm, m, i)?, unpack(vm, o, j)?);
        // A NaN differs from itself.
        if !vm.compare_bool(CmpOp::Eq, &a, &b)? {
            return answer(false);
        }
    }
    answer(true)
}

fn hash(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let m = vm.self_::<MemoryView>(&args[0])?;
    if let Some(h) = m.hash.get() {
        return Ok(vm.int(h));
    }
    vm.check_view(m)?;
    if !m.readonly {
        return vm.fail("ValueError", "cannot hash writable memoryview object");
    }
    if !matches!(m.code, 'b' | 'B' | 'c') {
        return vm.fail("ValueError", "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
    }
    let base = m.base();
    vm.hash(&base)?;
    let h = crate::types::hash::hash_bytes(&m.to_vec());
    m.hash.set(Some(h));
    Ok(vm.int(h))
}
