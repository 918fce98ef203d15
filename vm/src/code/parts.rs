//! What a code object is made from: by the compiler, `marshal`, `code.__new__` and `code.replace`.

use super::{CO_VARARGS, CO_VARKEYWORDS, Code, FAST_FREE};
use crate::error::R;
use crate::object::{Header, Kind, alloc};
use crate::op;
use crate::value::Value;
use crate::vm::Vm;
use rustpython_compiler::core::bytecode::{CodeObject, ConstantData};
use rustpython_wtf8::Wtf8;
use std::cell::{Cell, OnceCell, RefCell};

/// The fields that `marshal` writes too, under CPython's names.
#[derive(Clone)]
pub struct Parts {
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub stacksize: u32,
    pub flags: u32,
    pub code: Box<[u16]>,
    pub consts: Vec<Value>,
    pub names: Vec<Value>,
    pub localsplus: Vec<Value>,
    pub kinds: Box<[u8]>,
    pub filename: Value,
    pub name: Value,
    pub qualname: Value,
    pub firstlineno: i32,
    pub linetable: Box<[u8]>,
    pub exceptiontable: Box<[u8]>,
}

/// Bytecode from bytes.
pub fn units(bytes: &[u8]) -> Box<[u16]> {
    bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
}

impl Code {
    /// `filename`: what it was compiled as; the compiler's own copy may have lost surrogates.
    pub fn from_compiled(vm: &mut Vm, c: &CodeObject, filename: &Value) -> R<Value> {
        let mut consts = Vec::with_capacity(c.constants.len());
        for k in c.constants.iter() {
            consts.push(constant(vm, k, filename)?);
        }
        let mut localsplus: Vec<Value> = c.varnames.iter().map(|n| vm.intern(n.as_ref())).collect();
        for n in c.cellvars.iter().filter(|n| !c.varnames.contains(n)) {
            localsplus.push(vm.intern(n.as_ref()));
        }
        for n in c.freevars.iter() {
            localsplus.push(vm.intern(n.as_ref()));
        }
        let parts = Parts {
            argcount: c.arg_count,
            posonlyargcount: c.posonlyarg_count,
            kwonlyargcount: c.kwonlyarg_count,
            stacksize: c.max_stackdepth,
            flags: c.flags.bits(),
            code: units(&c.instructions.original_bytes()),
            consts,
            names: c.names.iter().map(|n| vm.intern(n.as_ref())).collect(),
            localsplus,
            kinds: c.localspluskinds.clone(),
            filename: filename.clone(),
            name: vm.intern(c.obj_name.as_ref()),
            qualname: vm.intern(c.qualname.as_ref()),
            firstlineno: c.first_line_number.map_or(1, |l| l.get() as i32),
            linetable: c.linetable.clone(),
            exceptiontable: c.exceptiontable.clone(),
        };
        Code::new(vm, parts)
    }

    /// Checks what CPython's constructor checks; the bytecode itself is believed (development builds verify it).
    pub fn new(vm: &mut Vm, p: Parts) -> R<Value> {
        check_parts(vm, &p)?;
        #[cfg(debug_assertions)]
        if let Err(what) = super::verify::verify(&p) {
            let text =
                |v: &Value| v.get::<crate::object::Str>().map_or(String::new(), |s| s.as_str().to_owned());
            panic!("the compiler's code is refused: {what} ({} in {})", text(&p.qualname), text(&p.filename));
        }
        let simple_args = p.kwonlyargcount == 0 && p.flags & (CO_VARARGS | CO_VARKEYWORDS) == 0;
        let ops = [0, 1].map(|i| p.code.get(i).map_or(0, |&u| u as u8));
        let generator_entry = match ops {
            [op::RETURN_GENERATOR, _] if simple_args => 1,
            [op::COPY_FREE_VARS, op::RETURN_GENERATOR] if simple_args => 2,
            _ => 0,
        };
        let live = p.code.iter().map(|&u| Cell::new(u)).collect();
        let ty = vm.types.code.clone();
        let code = Code {
            h: Header::new(Kind::Code, &ty),
            live,
            nlocalsplus: p.localsplus.len() as u32,
            stacksize: p.stacksize,
            argcount: p.argcount,
            posonlyargcount: p.posonlyargcount,
            kwonlyargcount: p.kwonlyargcount,
            nfree: p.kinds.iter().filter(|&&k| k & FAST_FREE != 0).count() as u32,
            flags: p.flags,
            simple_args,
            generator_entry,
            kinds: p.kinds,
            filename: RefCell::new(p.filename),
            name: p.name,
            qualname: p.qualname,
            firstlineno: p.firstlineno,
            linetable: p.linetable,
            exceptiontable: p.exceptiontable,
            id: vm.next_id(),
            globals_id: Cell::new(0),
            monitoring: RefCell::default(),
            probed: Cell::new(false),
            seen: Cell::new(u64::MAX),
            expected_seen: Cell::new(0),
            lines: OnceCell::new(),
            starts: OnceCell::new(),
            sites: OnceCell::new(),
            regions: RefCell::default(),
            attr_caches: RefCell::default(),
            localsplus: p.localsplus.into(),
            consts: p.consts.into(),
            base: p.code,
            names: p.names.into(),
            vm: Cell::new(vm),
        };
        code.init_counters(vm.options.hot);
        let v = alloc(code);
        vm.codes.insert(v.word().0 as usize);
        Ok(v)
    }

    pub fn parts(&self) -> Parts {
        Parts {
            argcount: self.argcount,
            posonlyargcount: self.posonlyargcount,
            kwonlyargcount: self.kwonlyargcount,
            stacksize: self.stacksize,
            flags: self.flags,
            code: self.base.clone(),
            consts: self.consts.to_vec(),
            names: self.names.to_vec(),
            localsplus: self.localsplus.to_vec(),
            kinds: self.kinds.clone(),
            filename: self.filename(),
            name: self.name.clone(),
            qualname: self.qualname.clone(),
            firstlineno: self.firstlineno,
            linetable: self.linetable.clone(),
            exceptiontable: self.exceptiontable.clone(),
        }
    }

    /// Inline caches start as counters: hot loops at their threshold, the others cold.
    fn init_counters(&self, hot: u16) {
        for at in self.instructions() {
            if self.base[at] as u8 == op::JUMP_BACKWARD
                && let Some(counter) = self.live.get(at + 1)
            {
                counter.set(hot);
            }
        }
    }
}

/// What CPython's constructor checks.
pub fn check_parts(vm: &mut Vm, p: &Parts) -> R {
    let strs = |all: &[Value]| all.iter().all(|v| v.is_kind(Kind::Str));
    if !strs(&p.names) || !strs(&p.localsplus) {
        return vm.fail("SystemError", "non-string found in code slot");
    }
    if p.localsplus.len() != p.kinds.len() {
        return vm.fail("ValueError", "code: inconsistent variables");
    }
    if p.code.is_empty() {
        return vm.fail("ValueError", "code: co_code is malformed");
    }
    let starred = (p.flags & CO_VARARGS != 0) as u64 + (p.flags & CO_VARKEYWORDS != 0) as u64;
    let arguments = p.argcount as u64 + p.kwonlyargcount as u64 + starred;
    if p.posonlyargcount > p.argcount || arguments > nlocals(&p.kinds) as u64 {
        return vm.fail("ValueError", "code: co_varnames is too small");
    }
    if p.stacksize > 1 << 20 {
        return vm.fail("OverflowError", "code: co_stacksize is too large");
    }
    Ok(())
}

pub fn nlocals(kinds: &[u8]) -> usize {
    kinds.iter().filter(|&&k| k & super::FAST_LOCAL != 0).count()
}

fn constant(vm: &mut Vm, c: &ConstantData, file: &Value) -> R<Value> {
    Ok(match c {
        ConstantData::None => Value::NONE,
        ConstantData::Ellipsis => Value::ELLIPSIS,
        ConstantData::Boolean { value } => Value::bool(*value),
        ConstantData::Float { value } => Value::float(*value),
        ConstantData::Integer { value } => match i64::try_from(value) {
            Ok(n) => vm.int(n),
            Err(_) => {
                let n = num_bigint::BigInt::from_signed_bytes_le(&value.to_signed_bytes_le());
                vm.big(n)
            }
        },
        ConstantData::Str { value } => str_constant(vm, value),
        ConstantData::Code { code } => Code::from_compiled(vm, code, file)?,
        ConstantData::Tuple { elements } => {
            let items = elements.iter().map(|e| constant(vm, e, file)).collect::<R<Vec<_>>>()?;
            vm.tuple(items)
        }
        ConstantData::Slice { elements } => {
            let [a, b, c] = &**elements;
            let (a, b, c) = (constant(vm, a, file)?, constant(vm, b, file)?, constant(vm, c, file)?);
            crate::object::Slice::new(&vm.types.slice, a, b, c)
        }
        ConstantData::Bytes { value } => vm.bytes(value),
        ConstantData::Complex { value } => return complex_constant(vm, value.re, value.im),
        ConstantData::Frozenset { elements } => {
            let items = elements.iter().map(|e| constant(vm, e, file)).collect::<R<Vec<_>>>()?;
            vm.frozenset(&items)?
        }
    })
}

/// Constant strs are interned; a long text is not a name, and would stay for ever.
pub fn str_constant(vm: &mut Vm, text: &Wtf8) -> Value {
    match text.as_str() {
        Ok(s) if s.len() <= 64 => vm.intern(s),
        _ => vm.wtf8(text),
    }
}
pub fn complex_constant(vm: &mut Vm, re: f64, im: f64) -> R<Value> {
    Ok(vm.complex(re, im))
}
pub fn complex_parts(_vm: &mut Vm, v: &Value) -> Option<(f64, f64)> {
    v.get::<crate::object::Complex>().map(|c| (c.re, c.im))
}
