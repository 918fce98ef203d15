//! Module `marshal`: values and code objects as bytes, in the format of CPython 3.14 (version 5).
//!
//! Reading is defensive: lengths are compared with what is left before anything is allocated, nesting is
//! bounded, and what refers to an object that is not finished is refused, except for lists and dicts, which
//! may contain themselves.

use crate::code::{Code, Parts, units};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Dict, Int, Kind, Kw, List, Set, Slice, Str, Tuple};
use crate::types::number::{Num, parse_float};
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::{BigInt, Sign};
use rustpython_wtf8::Wtf8;
use std::collections::HashMap;

const VERSION: i64 = 5;
const MAX_DEPTH: u32 = 2000;
const FLAG_REF: u8 = 0x80;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("dumps", 1, 2, |vm, a, kw| {
        vm.only_keywords("dumps", kw, &["allow_code"])?;
        let bytes = dumps(vm, &a[0], a.get(1), kw)?;
        Ok(vm.byte_vec(bytes))
    }),
    BuiltinDef::kw("dump", 2, 3, |vm, a, kw| {
        vm.only_keywords("dump", kw, &["allow_code"])?;
        let bytes = dumps(vm, &a[0], a.get(2), kw)?;
        let bytes = vm.byte_vec(bytes);
        method(vm, &a[1], "write", &[bytes])
    }),
    BuiltinDef::kw("loads", 1, 1, |vm, a, kw| {
        vm.only_keywords("loads", kw, &["allow_code"])?;
        let bytes = bytes_like(vm, &a[0])?;
        let allow_code = allow_code(vm, kw)?;
        vm.unmarshal(&bytes, allow_code, false).map(|(v, _)| v)
    }),
    BuiltinDef::kw("load", 1, 1, load),
];

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("marshal", FUNCTIONS);
    vm.set_global(&m, "version", Value::small(VERSION));
    Ok(m)
}

fn method(vm: &mut Vm, obj: &Value, name: &str, args: &[Value]) -> R<Value> {
    let name = vm.intern(name);
    let f = vm.get_attr(obj, &name)?;
    vm.call(&f, args, Kw::NONE)
}
fn bytes_like(vm: &mut Vm, v: &Value) -> R<Vec<u8>> {
    match v.get::<Bytes>() {
        Some(b) => Ok(b.as_slice().to_vec()),
        None => {
            let message = format!("a bytes-like object is required, not '{}'", vm.type_name(v));
            vm.fail("TypeError", message)
        }
    }
}

fn allow_code(vm: &mut Vm, kw: Kw) -> R<bool> {
    match kw.get("allow_code") {
        Some(v) => vm.truthy(&v.clone()),
        None => Ok(true),
    }
}

/// The whole rest of the file is read; the position is put back behind the object where the file can seek.
fn load(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("load", kw, &["allow_code"])?;
    let allow_code = allow_code(vm, kw)?;
    let data = method(vm, &args[0], "read", &[])?;
    let Some(b) = data.get::<Bytes>() else {
        let message = format!("file.read() returned not bytes but {}", vm.type_name(&data));
        return vm.fail("TypeError", message);
    };
    let bytes = b.as_slice().to_vec();
    let (v, used) = vm.unmarshal(&bytes, allow_code, false)?;
    if used < bytes.len() {
        let back = Value::small(used as i64 - bytes.len() as i64);
        method(vm, &args[0], "seek", &[back, Value::small(1)])?;
    }
    Ok(v)
}

impl Vm {
    /// A value from marshalled bytes, and how many were read. `trusted`: code is not checked.
    pub fn unmarshal(&mut self, bytes: &[u8], allow_code: bool, trusted: bool) -> R<(Value, usize)> {
        let mut r = Reader { vm: self, bytes, at: 0, refs: vec![], depth: 0, allow_code, trusted };
        match r.object()? {
            Some(v) => Ok((v, r.at)),
            None => self.fail("TypeError", "NULL object in marshal data for object"),
        }
    }
}

struct Reader<'a> {
    vm: &'a mut Vm,
    bytes: &'a [u8],
    at: usize,
    /// The flagged objects so far; NULL: not finished.
    refs: Vec<Value>,
    depth: u32,
    allow_code: bool,
    trusted: bool,
}

impl<'a> Reader<'a> {
    fn short<T>(&mut self) -> R<T> {
        self.vm.fail("EOFError", "marshal data too short")
    }
    fn bad<T>(&mut self, what: &str) -> R<T> {
        self.vm.fail("ValueError", format!("bad marshal data ({what})"))
    }
    fn take(&mut self, n: usize) -> R<&'a [u8]> {
        match self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end)) {
            Some(b) => {
                self.at += n;
                Ok(b)
            }
            None => self.short(),
        }
    }
    fn byte(&mut self) -> R<u8> {
        Ok(self.take(1)?[0])
    }
    fn long(&mut self) -> R<i32> {
        let b = self.take(4)?;
        Ok(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
    fn float(&mut self) -> R<f64> {
        let b = self.take(8)?;
        Ok(f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
    }
    fn float_text(&mut self) -> R<f64> {
        let n = self.byte()? as usize;
        let b = self.take(n)?;
        let text = std::str::from_utf8(b).unwrap_or("");
        match parse_float(text) {
            Some(f) => Ok(f),
            None => {
                let text = text.to_owned();
                self.vm.fail("ValueError", format!("could not convert string to float: '{text}'"))
            }
        }
    }
    fn size(&mut self, what: &str) -> R<usize> {
        match usize::try_from(self.long()?) {
            Ok(n) => Ok(n),
            Err(_) => self.bad(&format!("{what} size out of range")),
        }
    }
    fn keep(&mut self, flag: bool, v: Value) -> Value {
        if flag {
            self.refs.push(v.clone());
        }
        v
    }
    /// A number for an object that is about to be read.
    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.refs.push(Value::NULL);
            self.refs.len() - 1
        })
    }
    fn settle(&mut self, slot: Option<usize>, v: Value) -> Value {
        if let Some(i) = slot {
            self.refs[i] = v.clone();
        }
        v
    }

    /// An object; `None` for the NULL that ends a dict.
    fn object(&mut self) -> R<Option<Value>> {
        let Some(&code) = self.bytes.get(self.at) else {
            return self.vm.fail("EOFError", "EOF read where object expected");
        };
        self.at += 1;
        if self.depth >= MAX_DEPTH {
            return self.vm.fail("ValueError", "recursion limit exceeded");
        }
        self.depth += 1;
        let r = self.object_of(code & !FLAG_REF, code & FLAG_REF != 0);
        self.depth -= 1;
        r
    }
    fn item(&mut self, of: &str) -> R<Value> {
        match self.object()? {
            Some(v) => Ok(v),
            None => self.vm.fail("TypeError", format!("NULL object in marshal data for {of}")),
        }
    }
    fn items(&mut self, n: usize, of: &str) -> R<Vec<Value>> {
        // Each item takes a byte at least.
        let mut items = Vec::with_capacity(n.min(self.bytes.len() - self.at));
        for _ in 0..n {
            items.push(self.item(of)?);
        }
        Ok(items)
    }

    fn object_of(&mut self, code: u8, flag: bool) -> R<Option<Value>> {
        let v = match code {
            b'0' => return Ok(None),
            b'N' => Value::NONE,
            b'T' => Value::TRUE,
            b'F' => Value::FALSE,
            b'.' => Value::ELLIPSIS,
            b'S' => self.vm.types.exception("StopIteration").clone(),
            b'i' => {
                let n = self.long()?;
                self.keep(flag, Value::small(n as i64))
            }
            b'I' => {
                let b = self.take(8)?;
                let n = i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                let v = self.vm.int(n);
                self.keep(flag, v)
            }
            b'l' => {
                let v = self.big()?;
                self.keep(flag, v)
            }
            b'g' => {
                let f = self.float()?;
                self.keep(flag, Value::float(f))
            }
            b'f' => {
                let f = self.float_text()?;
                self.keep(flag, Value::float(f))
            }
            b'y' | b'x' => {
                let (re, im) = if code == b'y' {
                    (self.float()?, self.float()?)
                } else {
                    (self.float_text()?, self.float_text()?)
                };
                let v = crate::code::complex_constant(self.vm, re, im)?;
                self.keep(flag, v)
            }
            b's' => {
                let n = self.size("bytes object")?;
                let b = self.take(n)?;
                let v = self.vm.bytes(b);
                self.keep(flag, v)
            }
            b'a' | b'A' | b'z' | b'Z' | b'u' | b't' => {
                let v = self.text(code)?;
                self.keep(flag, v)
            }
            b')' | b'(' => {
                let n = if code == b')' { self.byte()? as usize } else { self.size("tuple")? };
                let slot = self.reserve(flag);
                let items = self.items(n, "tuple")?;
                let v = self.vm.tuple(items);
                self.settle(slot, v)
            }
            b'[' => {
                let n = self.size("list")?;
                let v = self.vm.list(vec![]);
                let v = self.keep(flag, v);
                for _ in 0..n {
                    let item = self.item("list")?;
                    v.as_::<List>().push(item);
                }
                v
            }
            b'{' => {
                let v = self.vm.dict();
                let v = self.keep(flag, v);
                while let Some(key) = self.object()? {
                    let Some(value) = self.object()? else { break };
                    self.vm.dict_set(v.as_(), &key, value)?;
                }
                v
            }
            b'<' | b'>' => {
                let n = self.size("set")?;
                let slot = self.reserve(flag);
                let items = self.items(n, "set")?;
                let v = if code == b'<' { self.vm.set(&items)? } else { self.vm.frozenset(&items)? };
                self.settle(slot, v)
            }
            b':' => {
                let slot = self.reserve(flag);
                let (a, b, c) = (self.item("slice")?, self.item("slice")?, self.item("slice")?);
                let v = Slice::new(&self.vm.types.slice, a, b, c);
                self.settle(slot, v)
            }
            b'c' => {
                if !self.allow_code {
                    return self.vm.fail("ValueError", "unmarshalling code objects is disallowed");
                }
                let slot = self.reserve(flag);
                let v = self.code()?;
                self.settle(slot, v)
            }
            b'r' => {
                let n = self.long()?;
                match usize::try_from(n).ok().and_then(|n| self.refs.get(n)) {
                    Some(v) if !v.is_null() => v.clone(),
                    _ => return self.bad("invalid reference"),
                }
            }
            _ => return self.bad("unknown type code"),
        };
        Ok(Some(v))
    }

    fn text(&mut self, code: u8) -> R<Value> {
        let n = if matches!(code, b'z' | b'Z') { self.byte()? as usize } else { self.size("string")? };
        let b = self.take(n)?;
        let interned = matches!(code, b'A' | b'Z' | b't');
        match std::str::from_utf8(b) {
            Ok(s) if interned => Ok(self.vm.intern(s)),
            Ok(s) => Ok(self.vm.str(s)),
            // The ASCII kinds are read as Latin-1.
            Err(_) if !matches!(code, b'u' | b't') => {
                let s: String = b.iter().map(|&b| b as char).collect();
                Ok(self.vm.string(s))
            }
            Err(e) => match Wtf8::from_bytes(b) {
                Some(s) => Ok(self.vm.wtf8(s)),
                None => self.bad(&format!("text is not UTF-8 at {}", e.valid_up_to())),
            },
        }
    }

    /// Digits of 15 bits, least significant first.
    fn big(&mut self) -> R<Value> {
        let n = self.long()?;
        let count = n.unsigned_abs() as usize;
        let b = self.take(count.saturating_mul(2))?;
        let (mut bytes, mut bits, mut have) = (Vec::with_capacity(b.len()), 0u32, 0);
        for d in b.chunks_exact(2) {
            let digit = u16::from_le_bytes([d[0], d[1]]);
            if digit > 0x7fff {
                return self.bad("digit out of range in long");
            }
            bits |= u32::from(digit) << have;
            have += 15;
            while have >= 8 {
                bytes.push(bits as u8);
                bits >>= 8;
                have -= 8;
            }
        }
        if b.ends_with(&[0, 0]) {
            return self.bad("unnormalized long data");
        }
        bytes.push(bits as u8);
        let sign = if n < 0 { Sign::Minus } else { Sign::Plus };
        Ok(self.vm.big(BigInt::from_bytes_le(sign, &bytes)))
    }

    fn code(&mut self) -> R<Value> {
        let (argcount, posonlyargcount, kwonlyargcount) = (self.count()?, self.count()?, self.count()?);
        let (stacksize, flags) = (self.count()?, self.long()? as u32);
        let code = self.code_bytes()?;
        if code.len() % 2 != 0 {
            return self.bad("odd length of code");
        }
        let (consts, names, localsplus) = (self.tuple()?, self.tuple()?, self.tuple()?);
        let kinds = self.code_bytes()?;
        let (filename, name, qualname) = (self.str()?, self.str()?, self.str()?);
        let firstlineno = self.long()?;
        let (linetable, exceptiontable) = (self.code_bytes()?, self.code_bytes()?);
        let parts = Parts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code: units(&code),
            consts,
            names,
            localsplus,
            kinds,
            filename,
            name,
            qualname,
            firstlineno,
            linetable,
            exceptiontable,
        };
        if self.trusted { Code::new(self.vm, parts) } else { self.vm.new_code_from_program(parts) }
    }
    fn count(&mut self) -> R<u32> {
        match u32::try_from(self.long()?) {
            Ok(n) => Ok(n),
            Err(_) => self.bad("negative count in code"),
        }
    }
    /// A bytes object, without making it an object where nothing refers to it.
    fn code_bytes(&mut self) -> R<Box<[u8]>> {
        if self.bytes.get(self.at) == Some(&b's') {
            self.at += 1;
            let n = self.size("bytes object")?;
            return Ok(self.take(n)?.into());
        }
        let v = self.item("code object")?;
        match v.get::<Bytes>() {
            Some(b) => Ok(b.as_slice().into()),
            None => self.bad("bytes expected in code"),
        }
    }
    fn tuple(&mut self) -> R<Vec<Value>> {
        match self.bytes.get(self.at) {
            Some(b')') => {
                self.at += 1;
                let n = self.byte()? as usize;
                self.items(n, "tuple")
            }
            _ => {
                let v = self.item("code object")?;
                match v.get::<Tuple>() {
                    Some(t) => Ok(t.as_slice().to_vec()),
                    None => self.bad("tuple expected in code"),
                }
            }
        }
    }
    fn str(&mut self) -> R<Value> {
        let v = self.item("code object")?;
        if v.is_kind(Kind::Str) { Ok(v) } else { self.bad("str expected in code") }
    }
}

fn dumps(vm: &mut Vm, v: &Value, version: Option<&Value>, kw: Kw) -> R<Vec<u8>> {
    let allow_code = allow_code(vm, kw)?;
    let version = match version {
        Some(v) => vm.index(v)?,
        None => VERSION,
    };
    vm.marshal(v, version, allow_code)
}

impl Vm {
    pub fn marshal(&mut self, v: &Value, version: i64, allow_code: bool) -> R<Vec<u8>> {
        let mut w = Writer { vm: self, out: vec![], seen: HashMap::new(), version, depth: 0, allow_code };
        w.object(v)?;
        Ok(w.out)
    }
}

struct Writer<'a> {
    vm: &'a mut Vm,
    out: Vec<u8>,
    /// What was written with the flag, by identity -> its number. (The root keeps them alive.)
    seen: HashMap<u64, u32>,
    version: i64,
    depth: u32,
    allow_code: bool,
}

impl Writer<'_> {
    fn unmarshallable<T>(&mut self) -> R<T> {
        self.vm.fail("ValueError", "unmarshallable object")
    }
    fn long(&mut self, n: i32) {
        self.out.extend_from_slice(&n.to_le_bytes());
    }
    fn size(&mut self, n: usize) -> R {
        match i32::try_from(n) {
            Ok(n) => {
                self.long(n);
                Ok(())
            }
            Err(_) => self.unmarshallable(),
        }
    }
    fn object(&mut self, v: &Value) -> R {
        if self.depth >= MAX_DEPTH {
            return self.vm.fail("ValueError", "object too deeply nested to marshal");
        }
        self.depth += 1;
        let r = self.object_at_depth(v);
        self.depth -= 1;
        r
    }
    fn object_at_depth(&mut self, v: &Value) -> R {
        match () {
            _ if v.is_none() => self.out.push(b'N'),
            _ if v.is(&Value::TRUE) => self.out.push(b'T'),
            _ if v.is(&Value::FALSE) => self.out.push(b'F'),
            _ if v.is(&Value::ELLIPSIS) => self.out.push(b'.'),
            _ if v.is(self.vm.types.exception("StopIteration")) => self.out.push(b'S'),
            _ => return self.shared(v),
        }
        Ok(())
    }
    /// An object that may have been written before.
    fn shared(&mut self, v: &Value) -> R {
        let w = v.word();
        let mut flag = 0;
        // What nothing else refers to cannot come again. (Small ints are shared, as in CPython.)
        let shared = !w.is_ptr() || v.ref_count() > 1;
        if self.version >= 3 && shared {
            if let Some(&n) = self.seen.get(&w.0) {
                self.out.push(b'r');
                self.long(n as i32);
                return Ok(());
            }
            self.seen.insert(w.0, self.seen.len() as u32);
            flag = FLAG_REF;
        }
        self.plain(v, flag)
    }
    fn exact(&self, v: &Value, class: &Value) -> bool {
        self.vm.type_of(v).is(class)
    }
    fn plain(&mut self, v: &Value, flag: u8) -> R {
        let t = &self.vm.types;
        if self.exact(v, &t.int) {
            return self.int(v, flag);
        }
        if v.word().is_float() {
            let f = v.word().float();
            if self.version > 1 {
                self.out.push(b'g' | flag);
                self.out.extend_from_slice(&f.to_le_bytes());
            } else {
                self.out.push(b'f' | flag);
                let text = self.vm.repr_string(v)?;
                self.out.push(text.len() as u8);
                self.out.extend_from_slice(text.as_bytes());
            }
            return Ok(());
        }
        if self.exact(v, &t.bytes) {
            return self.bytes(v.as_::<Bytes>().as_slice(), flag);
        }
        if self.exact(v, &t.str) {
            return self.text(v, flag);
        }
        if self.exact(v, &t.tuple) {
            let items = v.as_::<Tuple>().as_slice().to_vec();
            match u8::try_from(items.len()) {
                Ok(n) if self.version >= 4 => self.out.extend_from_slice(&[b')' | flag, n]),
                _ => {
                    self.out.push(b'(' | flag);
                    self.size(items.len())?;
                }
            }
            return items.iter().try_for_each(|i| self.object(i));
        }
        if self.exact(v, &t.list) {
            let items = v.as_::<List>().as_slice().to_vec();
            self.out.push(b'[' | flag);
            self.size(items.len())?;
            return items.iter().try_for_each(|i| self.object(i));
        }
        if self.exact(v, &t.dict) {
            let items: Vec<_> = v.as_::<Dict>().iter().collect();
            self.out.push(b'{' | flag);
            for (key, value) in &items {
                self.object(key)?;
                self.object(value)?;
            }
            self.out.push(b'0');
            return Ok(());
        }
        if let Some(s) = v.get::<Slice>() {
            if self.version < 5 {
                return self.unmarshallable();
            }
            self.out.push(b':' | flag);
            return [&s.start, &s.stop, &s.step].into_iter().try_for_each(|i| self.object(i));
        }
        if let Some(c) = v.get::<Code>() {
            if !self.allow_code {
                return self.vm.fail("ValueError", "marshalling code objects is disallowed");
            }
            return self.code(c, flag);
        }
        self.rare(v, flag)
    }
    fn rare(&mut self, v: &Value, flag: u8) -> R {
        if let Some((re, im)) = crate::code::complex_parts(self.vm, v) {
            self.out.push(b'y' | flag);
            self.out.extend_from_slice(&re.to_le_bytes());
            self.out.extend_from_slice(&im.to_le_bytes());
            return Ok(());
        }
        let frozen = self.exact(v, &self.vm.types.frozenset);
        if frozen || self.exact(v, &self.vm.types.set) {
            let mut items: Vec<Value> = v.as_::<Set>().keys().into_iter().map(|(v, _)| v).collect();
            // In the order of their own marshalled forms, so that equal sets give equal bytes.
            let mut keyed = Vec::with_capacity(items.len());
            for v in items.drain(..) {
                keyed.push((self.vm.marshal(&v, self.version, self.allow_code)?, v));
            }
            keyed.sort_by(|a, b| a.0.cmp(&b.0));
            self.out.push(if frozen { b'>' } else { b'<' } | flag);
            self.size(keyed.len())?;
            return keyed.iter().try_for_each(|(_, v)| self.object(v));
        }
        match bytes_like(self.vm, v) {
            Ok(bytes) => self.bytes(&bytes, flag),
            Err(_) => {
                drop(self.vm.take_pending());
                self.unmarshallable()
            }
        }
    }
    fn bytes(&mut self, b: &[u8], flag: u8) -> R {
        self.out.push(b's' | flag);
        self.size(b.len())?;
        self.out.extend_from_slice(b);
        Ok(())
    }
    fn text(&mut self, v: &Value, flag: u8) -> R {
        let s = v.as_::<Str>();
        let b = s.bytes();
        let interned = self.vm.is_interned(v);
        if self.version >= 4 && s.is_ascii() {
            match u8::try_from(b.len()) {
                Ok(n) => {
                    self.out.push(if interned { b'Z' } else { b'z' } | flag);
                    self.out.push(n);
                }
                Err(_) => {
                    self.out.push(if interned { b'A' } else { b'a' } | flag);
                    self.size(b.len())?;
                }
            }
        } else {
            self.out.push(if self.version >= 3 && interned { b't' } else { b'u' } | flag);
            self.size(b.len())?;
        }
        self.out.extend_from_slice(b);
        Ok(())
    }
    fn int(&mut self, v: &Value, flag: u8) -> R {
        let big = match (v.get::<Int>(), Num::of(v)) {
            (Some(i), _) => i.value.clone(),
            (None, Some(Num::Int(n))) => match i32::try_from(n) {
                Ok(n) => {
                    self.out.push(b'i' | flag);
                    self.long(n);
                    return Ok(());
                }
                Err(_) => BigInt::from(n),
            },
            _ => return self.unmarshallable(),
        };
        let (mut digits, mut bits, mut have) = (vec![], 0u32, 0);
        for b in big.magnitude().to_bytes_le() {
            bits |= u32::from(b) << have;
            have += 8;
            if have >= 15 {
                digits.push((bits & 0x7fff) as u16);
                bits >>= 15;
                have -= 15;
            }
        }
        digits.push(bits as u16);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let Ok(n) = i32::try_from(digits.len()) else { return self.unmarshallable() };
        self.out.push(b'l' | flag);
        self.long(if big.sign() == Sign::Minus { -n } else { n });
        digits.iter().for_each(|d| self.out.extend_from_slice(&d.to_le_bytes()));
        Ok(())
    }
    fn code(&mut self, c: &Code, flag: u8) -> R {
        self.out.push(b'c' | flag);
        for n in [c.argcount, c.posonlyargcount, c.kwonlyargcount, c.stacksize, c.flags] {
            self.long(n as i32);
        }
        let units: Vec<u8> = c.base.iter().flat_map(|u| u.to_le_bytes()).collect();
        self.bytes(&units, 0)?;
        for items in [&c.consts, &c.names, &c.localsplus] {
            let t = self.vm.tuple(items.to_vec());
            self.object(&t)?;
        }
        self.bytes(&c.kinds, 0)?;
        for text in [&c.filename(), &c.name, &c.qualname] {
            self.object(text)?;
        }
        self.long(c.firstlineno);
        self.bytes(&c.linetable, 0)?;
        self.bytes(&c.exceptiontable, 0)
    }
}
