//! Compiled code in the format of CPython 3.14's `marshal` (version 5).
//!
//! Only strs are shared by reference (`FLAG_REF` and `r`): they are what repeats.

use rustpython_compiler::CodeObject;
use rustpython_compiler::core::bytecode::ConstantData;
use std::collections::HashMap;

const FLAG_REF: u8 = 0x80;

#[derive(Default)]
struct Writer {
    out: Vec<u8>,
    /// Text -> its number among the flagged objects.
    strs: HashMap<Vec<u8>, u32>,
}

pub fn dumps(code: &CodeObject) -> Vec<u8> {
    let mut w = Writer::default();
    w.code(code);
    w.out
}

impl Writer {
    fn long(&mut self, n: u32) {
        self.out.extend_from_slice(&n.to_le_bytes());
    }
    fn str(&mut self, text: &[u8], interned: bool) {
        if let Some(&n) = self.strs.get(text) {
            self.out.push(b'r');
            return self.long(n);
        }
        self.strs.insert(text.to_owned(), self.strs.len() as u32);
        match (text.is_ascii(), u8::try_from(text.len())) {
            (true, Ok(n)) => {
                self.out.push(if interned { b'Z' } else { b'z' } | FLAG_REF);
                self.out.push(n);
            }
            (ascii, _) => {
                self.out.push(
                    match (ascii, interned) {
                        (true, true) => b'A',
                        (true, false) => b'a',
                        (false, true) => b't',
                        (false, false) => b'u',
                    } | FLAG_REF,
                );
                self.long(text.len() as u32);
            }
        }
        self.out.extend_from_slice(text);
    }
    fn name(&mut self, name: &str) {
        self.str(name.as_bytes(), true);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(b's');
        self.long(bytes.len() as u32);
        self.out.extend_from_slice(bytes);
    }
    fn start_tuple(&mut self, n: usize) {
        match u8::try_from(n) {
            Ok(n) => self.out.extend_from_slice(&[b')', n]),
            Err(_) => {
                self.out.push(b'(');
                self.long(n as u32);
            }
        }
    }
    fn constant(&mut self, c: &ConstantData) {
        match c {
            ConstantData::None => self.out.push(b'N'),
            ConstantData::Ellipsis => self.out.push(b'.'),
            ConstantData::Boolean { value } => self.out.push(if *value { b'T' } else { b'F' }),
            ConstantData::Float { value } => {
                self.out.push(b'g');
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            ConstantData::Complex { value } => {
                self.out.push(b'y');
                self.out.extend_from_slice(&value.re.to_le_bytes());
                self.out.extend_from_slice(&value.im.to_le_bytes());
            }
            ConstantData::Integer { value } => match i32::try_from(value) {
                Ok(n) => {
                    self.out.push(b'i');
                    self.long(n as u32);
                }
                Err(_) => {
                    let (negative, digits) = (value < &0.into(), value.magnitude().to_bytes_le());
                    self.big(negative, &digits);
                }
            },
            ConstantData::Str { value } => self.str(value.as_bytes(), true),
            ConstantData::Bytes { value } => self.bytes(value),
            ConstantData::Code { code } => self.code(code),
            ConstantData::Tuple { elements } => {
                self.start_tuple(elements.len());
                elements.iter().for_each(|e| self.constant(e));
            }
            ConstantData::Frozenset { elements } => {
                self.out.push(b'>');
                self.long(elements.len() as u32);
                elements.iter().for_each(|e| self.constant(e));
            }
            ConstantData::Slice { elements } => {
                self.out.push(b':');
                elements.iter().for_each(|e| self.constant(e));
            }
        }
    }
    /// From bytes, least significant first, to digits of 15 bits.
    fn big(&mut self, negative: bool, bytes: &[u8]) {
        let (mut digits, mut bits, mut have) = (vec![], 0u32, 0);
        for &b in bytes {
            bits |= u32::from(b) << have;
            have += 8;
            if have >= 15 {
                digits.push((bits & 0x7fff) as u16);
                bits >>= 15;
                have -= 15;
            }
        }
        if bits != 0 {
            digits.push(bits as u16);
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let n = digits.len() as i32;
        self.out.push(b'l');
        self.long(if negative { -n } else { n } as u32);
        digits.iter().for_each(|d| self.out.extend_from_slice(&d.to_le_bytes()));
    }
    fn code(&mut self, c: &CodeObject) {
        self.out.push(b'c');
        for n in [c.arg_count, c.posonlyarg_count, c.kwonlyarg_count, c.max_stackdepth, c.flags.bits()] {
            self.long(n);
        }
        self.bytes(&c.instructions.original_bytes());
        self.start_tuple(c.constants.len());
        c.constants.iter().for_each(|k| self.constant(k));
        self.start_tuple(c.names.len());
        c.names.iter().for_each(|n| self.name(n));
        let cells: Vec<_> = c.cellvars.iter().filter(|n| !c.varnames.contains(n)).collect();
        let locals: Vec<&String> = c.varnames.iter().chain(cells).chain(c.freevars.iter()).collect();
        self.start_tuple(locals.len());
        locals.iter().for_each(|n| self.name(n));
        self.bytes(&c.localspluskinds);
        self.name(&c.source_path);
        self.name(&c.obj_name);
        self.name(&c.qualname);
        self.long(c.first_line_number.map_or(1, |l| l.get() as u32));
        self.bytes(&c.linetable);
        self.bytes(&c.exceptiontable);
    }
}
