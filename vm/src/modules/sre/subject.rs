//! `Subject`: the text a pattern works on, held for as long as a match or an iterator needs it; and
//! [`Pieces`], the result of a substitution as it grows.

use crate::error::R;
use crate::object::Str;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::Wtf8Buf;
use std::cell::RefCell;
use std::rc::Rc;

/// The last str that had to be spread out: loops over one text with `pos` do it once.
#[derive(Default)]
pub struct LastWide {
    last: Option<(Value, Rc<[u8]>)>,
}

#[derive(Clone)]
pub struct Subject {
    pub value: Value,
    pub is_bytes: bool,
    /// Length in characters.
    pub len: usize,
    /// Of a str that is not ASCII: four bytes a character. Of a buffer other than `bytes`: a copy.
    copy: Option<Rc<[u8]>>,
}

impl Subject {
    /// The text of a str or of an object with bytes; `None`: it is neither.
    pub fn new(vm: &mut Vm, v: &Value) -> R<Option<Subject>> {
        if let Some(s) = v.get::<Str>() {
            let copy = if s.is_ascii() { None } else { Some(spread(vm, v)) };
            return Ok(Some(Subject { value: v.clone(), is_bytes: false, len: s.len(), copy }));
        }
        if let Some(b) = v.get::<crate::object::Bytes>() {
            let len = b.as_slice().len();
            return Ok(Some(Subject { value: v.clone(), is_bytes: true, len, copy: None }));
        }
        let Some(b) = buffer(vm, v)? else { return Ok(None) };
        Ok(Some(Subject { value: v.clone(), is_bytes: true, len: b.len(), copy: Some(b.into()) }))
    }
    pub fn is_wide(&self) -> bool {
        self.copy.is_some() && !self.is_bytes
    }
    /// As the engine's drives want it.
    pub fn data(&self) -> &[u8] {
        match (&self.copy, self.value.get::<Str>()) {
            (Some(c), _) => c,
            (None, Some(s)) => s.bytes(),
            (None, None) => self.value.as_::<crate::object::Bytes>().as_slice(),
        }
    }
    pub fn slice(&self, vm: &mut Vm, from: usize, to: usize) -> Value {
        let exact = if self.is_bytes { &vm.types.bytes } else { &vm.types.str };
        if from == 0 && to == self.len && vm.type_of(&self.value).is(exact) {
            return self.value.clone();
        }
        let mut p = Pieces::new(self.is_bytes);
        p.push(self, from, to);
        p.finish(vm)
    }
}

/// The bytes of an object that has some (bytearray, memoryview ...).
fn buffer(vm: &mut Vm, v: &Value) -> R<Option<Vec<u8>>> {
    Ok(vm.bytes_like(v)?.map(|b| b.to_vec()))
}

fn spread(vm: &mut Vm, v: &Value) -> Rc<[u8]> {
    let memory = vm.state::<Rc<RefCell<LastWide>>>().clone();
    if let Some((last, wide)) = &memory.borrow().last
        && last.is(v)
    {
        return wide.clone();
    }
    let wide: Rc<[u8]> = v.as_::<Str>().code_points().flat_map(|c| c.to_u32().to_le_bytes()).collect();
    let old = memory.borrow_mut().last.replace((v.clone(), wide.clone()));
    drop(old);
    wide
}

/// Text under construction: WTF-8 of a str, or bytes.
pub struct Pieces {
    text: Vec<u8>,
    is_bytes: bool,
}

impl Pieces {
    pub fn new(is_bytes: bool) -> Pieces {
        Pieces { text: vec![], is_bytes }
    }
    pub fn push(&mut self, s: &Subject, from: usize, to: usize) {
        if from >= to {
            return;
        }
        if !s.is_wide() {
            self.text.extend_from_slice(&s.data()[from..to]);
            return;
        }
        for c in s.data()[4 * from..4 * to].chunks_exact(4) {
            push_code_point(&mut self.text, u32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        }
    }
    /// A str or bytes object; false: it is not what belongs here.
    pub fn push_value(&mut self, v: &Value) -> bool {
        match (v.get::<Str>(), v.get::<crate::object::Bytes>()) {
            (Some(s), _) if !self.is_bytes => self.text.extend_from_slice(s.bytes()),
            (_, Some(b)) if self.is_bytes => self.text.extend_from_slice(b.as_slice()),
            _ => return false,
        }
        true
    }
    pub fn finish(self, vm: &mut Vm) -> Value {
        if self.is_bytes {
            return vm.bytes(&self.text);
        }
        match String::from_utf8(self.text) {
            Ok(s) => vm.string(s),
            Err(e) => match Wtf8Buf::from_bytes(e.into_bytes()) {
                Ok(s) => vm.wtf8_buf(s),
                // Whole characters only were put in.
                Err(_) => unreachable!("pieces of text are text"),
            },
        }
    }
}

fn push_code_point(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        // A lone surrogate.
        None => out.extend([0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 63) as u8, 0x80 | (c & 63) as u8]),
    }
}
