//! Module `_struct`.

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Bytes, Kw, Payload, Str};
use crate::types::buffer::packing::{self, native_alignment, native_size, standard_size};
use crate::types::native::{ClassDef, GetSet, NO_NEW, SUBCLASS, WEAKREF};
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A format, compiled.
struct Layout {
    /// (code, offset, bytes of one item, how many items): an `s` or `p` is one item of many bytes.
    fields: Vec<(char, usize, usize, usize)>,
    big: bool,
    size: usize,
    /// Values that it takes.
    values: usize,
}

struct Struct {
    layout: RefCell<Rc<Layout>>,
    format: RefCell<String>,
}
impl Payload for Struct {}

struct Unpacker {
    layout: Rc<Layout>,
    source: RefCell<Option<Value>>,
    at: Cell<usize>,
}
impl Payload for Unpacker {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(v) = &*self.source.borrow() {
            visit(v);
        }
    }
}

#[derive(Default)]
struct State {
    error: Option<Value>,
}

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("calcsize", 1, 1, |vm, a, _| {
        let (layout, _) = compile(vm, &a[0])?;
        Ok(Value::small(layout.size as i64))
    }),
    BuiltinDef::new("pack", 0, u8::MAX, |vm, a, _| {
        let Some((format, values)) = a.split_first() else {
            return vm.fail("TypeError", "missing format argument");
        };
        let (layout, _) = compile(vm, format)?;
        let out = pack(vm, &layout, values)?;
        Ok(vm.byte_vec(out))
    }),
    BuiltinDef::new("pack_into", 0, u8::MAX, |vm, a, _| {
        let Some((format, rest)) = a.split_first() else {
            return vm.fail("TypeError", "missing format argument");
        };
        let (layout, _) = compile(vm, format)?;
        pack_into(vm, &layout, rest)
    }),
    BuiltinDef::new("unpack", 2, 2, |vm, a, _| {
        let (layout, _) = compile(vm, &a[0])?;
        unpack(vm, &layout, &a[1])
    }),
    BuiltinDef::kw("unpack_from", 1, 3, |vm, a, kw| {
        let (layout, _) = compile(vm, &a[0])?;
        unpack_from(vm, &layout, &a[1..], kw)
    }),
    BuiltinDef::new("iter_unpack", 2, 2, |vm, a, _| {
        let (layout, _) = compile(vm, &a[0])?;
        iter_unpack(vm, layout, &a[1])
    }),
    BuiltinDef::new("_clearcache", 0, 0, |_, _, _| Ok(Value::NONE)),
];

static METHODS: &[BuiltinDef] = &[
    BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| {
        let empty = Layout { fields: vec![], big: false, size: 0, values: 0 };
        let s = Struct { layout: RefCell::new(Rc::new(empty)), format: RefCell::default() };
        Ok(vm.new_native(&a[0], s))
    }),
    BuiltinDef::kw("__init__", 0, 1, |vm, a, kw| {
        let [format] = vm.bind_args("Struct", ["format"], 0, 1, &a[1..], kw)?;
        let (layout, text) = compile(vm, &format.unwrap_or(Value::NONE))?;
        let s = vm.self_::<Struct>(&a[0])?;
        *s.layout.borrow_mut() = layout;
        *s.format.borrow_mut() = text;
        Ok(Value::NONE)
    }),
    BuiltinDef::new("pack", 0, u8::MAX, |vm, a, _| {
        let layout = layout_of(vm, a)?;
        let out = pack(vm, &layout, &a[1..])?;
        Ok(vm.byte_vec(out))
    }),
    BuiltinDef::new("pack_into", 0, u8::MAX, |vm, a, _| {
        let layout = layout_of(vm, a)?;
        pack_into(vm, &layout, &a[1..])
    }),
    BuiltinDef::new("unpack", 1, 1, |vm, a, _| {
        let layout = layout_of(vm, a)?;
        unpack(vm, &layout, &a[1])
    }),
    BuiltinDef::kw("unpack_from", 0, 2, |vm, a, kw| {
        let layout = layout_of(vm, a)?;
        unpack_from(vm, &layout, &a[1..], kw)
    }),
    BuiltinDef::new("iter_unpack", 1, 1, |vm, a, _| {
        let layout = layout_of(vm, a)?;
        iter_unpack(vm, layout, &a[1])
    }),
    BuiltinDef::new("__sizeof__", 0, 0, |vm, a, _| {
        let n = layout_of(vm, a)?.fields.len();
        Ok(Value::small(64 + 32 * n as i64))
    }),
    BuiltinDef::new("__repr__", 0, 0, |vm, a, _| {
        let format = vm.self_::<Struct>(&a[0])?.format.borrow().clone();
        let format = vm.string(format);
        let format = vm.repr_string(&format)?;
        let name = vm.type_name(&a[0]);
        let name = name.rsplit('.').next().unwrap_or("Struct");
        Ok(vm.string(format!("{name}({format})")))
    }),
];

static STRUCT: ClassDef = ClassDef {
    name: "_struct.Struct",
    flags: SUBCLASS.union(WEAKREF),
    methods: METHODS,
    getset: &[
        GetSet::get("format", |vm, v| {
            let format = vm.self_::<Struct>(v)?.format.borrow().clone();
            Ok(vm.string(format))
        }),
        GetSet::get("size", |vm, v| {
            let size = vm.self_::<Struct>(v)?.layout.borrow().size;
            Ok(Value::small(size as i64))
        }),
    ],
    doc: Some("Struct(fmt) --> compiled struct object"),
    ..ClassDef::DEFAULT
};

static UNPACKER: ClassDef = ClassDef {
    name: "_struct.unpack_iterator",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let it = vm.self_::<Unpacker>(&a[0])?;
            let Some(source) = it.source.borrow().clone() else { return vm.stop_iteration() };
            let (at, layout) = (it.at.get(), it.layout.clone());
            let bytes = vm.need_bytes(&source)?;
            match bytes.get(at..at + layout.size) {
                Some(b) => {
                    it.at.set(at + layout.size);
                    Ok(values(vm, &layout, b))
                }
                None => {
                    drop(it.source.take());
                    vm.stop_iteration()
                }
            }
        }),
        BuiltinDef::new("__length_hint__", 0, 0, |vm, a, _| {
            let it = vm.self_::<Unpacker>(&a[0])?;
            let source = it.source.borrow().clone();
            let left = match source {
                Some(s) => vm.need_bytes(&s)?.len().saturating_sub(it.at.get()) / it.layout.size,
                None => 0,
            };
            Ok(Value::small(left as i64))
        }),
    ],
    ..ClassDef::DEFAULT
};

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_struct", FUNCTIONS);
    let class = vm.native_class::<Struct>(&STRUCT);
    vm.set_global(&m, "Struct", class);
    let base = vm.types.exception("Exception").clone();
    let bases = vm.tuple(vec![base]);
    let (ns, name, key, module) = (vm.dict(), vm.str("error"), vm.intern("__module__"), vm.str("struct"));
    vm.dict_set(ns.as_(), &key, module)?;
    let meta = vm.types.type_.clone();
    let error = vm.call(&meta, &[name, bases, ns], Kw::NONE)?;
    vm.state::<State>().error = Some(error.clone());
    vm.set_global(&m, "error", error);
    Ok(m)
}

fn error(vm: &mut Vm, message: impl AsRef<str>) -> Exc {
    let text = vm.str(message.as_ref());
    match vm.state::<State>().error.clone() {
        Some(class) => match vm.call(&class, &[text], Kw::NONE) {
            Ok(e) => vm.raise_value(e),
            Err(e) => e,
        },
        None => vm.raise("ValueError", message),
    }
}
fn fail<T>(vm: &mut Vm, message: impl AsRef<str>) -> R<T> {
    Err(error(vm, message))
}
fn layout_of(vm: &mut Vm, args: &[Value]) -> R<Rc<Layout>> {
    Ok(vm.self_::<Struct>(&args[0])?.layout.borrow().clone())
}

fn compile(vm: &mut Vm, format: &Value) -> R<(Rc<Layout>, String)> {
    let text = match (format.get::<Str>(), format.get::<Bytes>()) {
        (Some(s), _) => {
            if !s.is_ascii() {
                vm.encode(format, "ascii", "strict")?;
            }
            s.as_str().to_owned()
        }
        (_, Some(b)) => b.as_slice().iter().map(|&b| b as char).collect(),
        _ => {
            let message = format!("Struct() argument 1 must be a str or bytes object, not {}", vm.type_name(format));
            return vm.fail("TypeError", message);
        }
    };
    if text.contains('\0') {
        return fail(vm, "embedded null character");
    }
    match parse(&text) {
        Ok(l) => Ok((Rc::new(l), text)),
        Err(message) => fail(vm, message),
    }
}

fn parse(text: &str) -> Result<Layout, &'static str> {
    let first = text.chars().next();
    let native = !matches!(first, Some('<' | '>' | '=' | '!'));
    let skip = matches!(first, Some('<' | '>' | '=' | '!' | '@')) as usize;
    let mut l = Layout { fields: vec![], big: matches!(first, Some('>' | '!')), size: 0, values: 0 };
    let too_long = "total struct size too long";
    let mut chars = text[skip..].chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_whitespace() || c == '\x0b' {
            continue;
        }
        let (mut n, mut code) = (1usize, c);
        if let Some(d) = c.to_digit(10) {
            n = d as usize;
            while let Some(d) = chars.peek().and_then(|c| c.to_digit(10)) {
                chars.next();
                n = n.checked_mul(10).and_then(|n| n.checked_add(d as usize)).ok_or(too_long)?;
            }
            code = chars.next().ok_or("repeat count given without format specifier")?;
        }
        let size = if native { native_size(code) } else { standard_size(code) };
        let size = size.ok_or("bad char in struct format")?;
        if native {
            let align = native_alignment(code);
            l.size = l.size.checked_next_multiple_of(align).ok_or(too_long)?;
        }
        let total = size.checked_mul(n).ok_or(too_long)?;
        match code {
            'x' => {}
            's' | 'p' => {
                l.fields.push((code, l.size, n, 1));
                l.values += 1;
            }
            _ => {
                if n > 0 {
                    l.fields.push((code, l.size, size, n));
                }
                l.values += n;
            }
        }
        l.size = l.size.checked_add(total).filter(|&s| s <= isize::MAX as usize).ok_or(too_long)?;
    }
    Ok(l)
}

fn values(vm: &mut Vm, l: &Layout, bytes: &[u8]) -> Value {
    let mut out = Vec::with_capacity(l.values);
    for &(code, offset, size, n) in &l.fields {
        for i in 0..n {
            let at = offset + i * size;
            let item = &bytes[at..at + size];
            out.push(match code {
                's' => vm.bytes(item),
                'p' => {
                    let len = item.first().map_or(0, |&n| (n as usize).min(size - 1));
                    vm.bytes(item.get(1..1 + len).unwrap_or(&[]))
                }
                'F' | 'D' => {
                    let (code, half) = (if code == 'F' { 'f' } else { 'd' }, size / 2);
                    let (re, im) =
                        (vm.unpack_item(code, &item[..half], l.big), vm.unpack_item(code, &item[half..], l.big));
                    vm.complex(re.word().float(), im.word().float())
                }
                _ => vm.unpack_item(code, item, l.big),
            });
        }
    }
    vm.tuple(out)
}

fn unpack(vm: &mut Vm, l: &Layout, source: &Value) -> R<Value> {
    let bytes = vm.need_bytes(source)?;
    if bytes.len() != l.size {
        return fail(vm, format!("unpack requires a buffer of {} bytes", l.size));
    }
    Ok(values(vm, l, &bytes))
}

fn unpack_from(vm: &mut Vm, l: &Layout, args: &[Value], kw: Kw) -> R<Value> {
    let [buffer, offset] = vm.bind_args("unpack_from", ["buffer", "offset"], 0, 1, args, kw)?;
    let bytes = vm.need_bytes(&buffer.unwrap_or(Value::NONE))?;
    let offset = offset.map_or(Ok(0), |v| vm.index_size(&v))?;
    let len = bytes.len() as i64;
    let at = if offset < 0 { offset + len } else { offset };
    if offset < 0 && offset + l.size as i64 > 0 {
        return fail(vm, format!("not enough data to unpack {} bytes at offset {offset}", l.size));
    }
    if at < 0 {
        return fail(vm, format!("offset {offset} out of range for {len}-byte buffer"));
    }
    if len - at < l.size as i64 {
        let need = at as u64 + l.size as u64;
        let message = format!(
            "unpack_from requires a buffer of at least {need} bytes for unpacking {} bytes at offset {at} (actual \
             buffer size is {len})",
            l.size
        );
        return fail(vm, message);
    }
    Ok(values(vm, l, &bytes[at as usize..at as usize + l.size]))
}

fn iter_unpack(vm: &mut Vm, layout: Rc<Layout>, source: &Value) -> R<Value> {
    if layout.size == 0 {
        return fail(vm, "cannot iteratively unpack with a struct of length 0");
    }
    let n = vm.need_bytes(source)?.len();
    if n % layout.size != 0 {
        let message = format!("iterative unpacking requires a buffer of a multiple of {} bytes", layout.size);
        return fail(vm, message);
    }
    let class = vm.native_class::<Unpacker>(&UNPACKER);
    let it = Unpacker { layout, source: RefCell::new(Some(source.clone())), at: Cell::new(0) };
    Ok(vm.new_native(&class, it))
}

fn pack(vm: &mut Vm, l: &Layout, args: &[Value]) -> R<Vec<u8>> {
    if args.len() != l.values {
        return fail(vm, format!("pack expected {} items for packing (got {})", l.values, args.len()));
    }
    let mut out = vm.new_bytes(l.size)?;
    out.resize(l.size, 0);
    let mut next = args.iter();
    for &(code, offset, size, n) in &l.fields {
        for i in 0..n {
            let at = offset + i * size;
            if let Some(v) = next.next() {
                pack_item(vm, v, code, &mut out[at..at + size], l.big)?;
            }
        }
    }
    Ok(out)
}

fn pack_item(vm: &mut Vm, v: &Value, code: char, out: &mut [u8], big: bool) -> R {
    match code {
        'c' => match packing::char_byte(v) {
            Some(b) => out[0] = b,
            None => return fail(vm, "char format requires a bytes object of length 1"),
        },
        '?' => out[0] = vm.truthy(v)? as u8,
        's' | 'p' => {
            let exact = v.get::<Bytes>().is_some()
                || v.native::<crate::types::buffer::bytearray::ByteArray>().is_some();
            let Some(b) = (if exact { vm.bytes_like(v)? } else { None }) else {
                return fail(vm, format!("argument for '{code}' must be a bytes object"));
            };
            let skip = (code == 'p') as usize;
            let n = b.len().min(out.len().saturating_sub(skip));
            if skip == 1 && !out.is_empty() {
                out[0] = n.min(255) as u8;
            }
            if let Some(room) = out.get_mut(skip..skip + n) {
                room.copy_from_slice(&b[..n]);
            }
        }
        'e' | 'f' | 'd' => {
            let f = float(vm, v)?;
            put_float(vm, f, code, out, big)?;
        }
        'F' | 'D' => {
            let Some(parts) = vm.complex_parts(v)? else {
                return fail(vm, "required argument is not a complex");
            };
            let (re, im) = (parts.re, parts.im.unwrap_or(0.0));
            let (code, half) = (if code == 'F' { 'f' } else { 'd' }, out.len() / 2);
            put_float(vm, re, code, &mut out[..half], big)?;
            put_float(vm, im, code, &mut out[half..], big)?;
        }
        'P' => {
            let Some(n) = vm.packed_int(v)? else { return fail(vm, "required argument is not an integer") };
            if !packing::put_int(&n, false, out, big) && !packing::put_int(&n, true, out, big) {
                return fail(vm, "int too large to convert");
            }
        }
        _ => {
            let Some(n) = vm.packed_int(v)? else { return fail(vm, "required argument is not an integer") };
            let signed = packing::is_signed(code);
            if !packing::put_int(&n, signed, out, big) {
                let (low, high) = packing::int_range(signed, out.len());
                return fail(vm, format!("'{code}' format requires {low} <= number <= {high}"));
            }
        }
    }
    Ok(())
}
fn float(vm: &mut Vm, v: &Value) -> R<f64> {
    if let Some(f) = Num::of(v).and_then(Num::to_f64) {
        return Ok(f);
    }
    if v.is_dynamic()
        && let Ok(f) = vm.float_arg(v)
    {
        return Ok(f);
    }
    vm.pending = None;
    fail(vm, "required argument is not a float")
}
fn put_float(vm: &mut Vm, f: f64, code: char, out: &mut [u8], big: bool) -> R {
    match packing::put_float(f, code, out, big) {
        true => Ok(()),
        false => vm.fail("OverflowError", format!("float too large to pack with {code} format")),
    }
}

fn pack_into(vm: &mut Vm, l: &Layout, args: &[Value]) -> R<Value> {
    let (buffer, offset, rest) = match args {
        [] => return fail(vm, "pack_into expected buffer argument"),
        [_] => return fail(vm, "pack_into expected offset argument"),
        [b, o, rest @ ..] => (b, o, rest),
    };
    if rest.len() != l.values {
        return fail(vm, format!("pack_into expected {} items for packing (got {})", l.values, rest.len()));
    }
    let len = vm.with_bytes_mut(buffer, |b| b.len())? as i64;
    let offset = vm.index_size(offset)?;
    if offset < 0 && offset + l.size as i64 > 0 {
        return fail(vm, format!("no space to pack {} bytes at offset {offset}", l.size));
    }
    let at = if offset < 0 { offset + len } else { offset };
    if at < 0 {
        return fail(vm, format!("offset {offset} out of range for {len}-byte buffer"));
    }
    if len - at < l.size as i64 {
        let need = at as u64 + l.size as u64;
        let message = format!(
            "pack_into requires a buffer of at least {need} bytes for packing {} bytes at offset {at} (actual buffer \
             size is {len})",
            l.size
        );
        return fail(vm, message);
    }
    let out = pack(vm, l, rest)?;
    vm.with_bytes_mut(buffer, |b| {
        if let Some(room) = b.get_mut(at as usize..at as usize + out.len()) {
            room.copy_from_slice(&out);
        }
    })?;
    Ok(Value::NONE)
}
