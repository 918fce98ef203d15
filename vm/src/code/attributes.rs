//! What Python sees of a code object: `co_*`, `replace`, comparison, the iterators over its tables.

use super::parts::{Parts, check_parts, nlocals, units};
use super::{Code, FAST_CELL, FAST_FREE, FAST_LOCAL, LineTable};
use crate::error::R;
use crate::object::{BuiltinDef, Bytes, Complex, Int, Kind, Kw, Set, Slice, Str, Tuple};
use crate::op;
use crate::types::hash::{hash_bytes, hash_parts};
use crate::value::Value;
use crate::vm::Vm;

pub static METHODS: &[BuiltinDef] = &[
    BuiltinDef::new("co_lines", 0, 0, |vm, a, _| {
        let lines = lines(vm, a[0].as_());
        iterator(vm, lines)
    }),
    BuiltinDef::new("co_positions", 0, 0, |vm, a, _| {
        let positions = positions(vm, a[0].as_());
        iterator(vm, positions)
    }),
    BuiltinDef::new("co_branches", 0, 0, |vm, a, _| {
        let branches = branches(vm, a[0].as_());
        iterator(vm, branches)
    }),
    BuiltinDef::new("_varname_from_oparg", 1, 1, |vm, a, _| {
        let i = vm.index(&a[1])?;
        match usize::try_from(i).ok().and_then(|i| a[0].as_::<Code>().localsplus.get(i)) {
            Some(name) => Ok(name.clone()),
            None => vm.fail("IndexError", "tuple index out of range"),
        }
    }),
    BuiltinDef::kw("replace", 0, 0, replace),
    BuiltinDef::kw("__replace__", 0, 0, replace),
    BuiltinDef::new("__eq__", 1, 1, |_, a, _| Ok(equality(&a[0], &a[1], true))),
    BuiltinDef::new("__ne__", 1, 1, |_, a, _| Ok(equality(&a[0], &a[1], false))),
    BuiltinDef::new("__hash__", 0, 0, |vm, a, _| {
        let h = vm.code_hash(a[0].as_())?;
        Ok(vm.int(h))
    }),
];

fn iterator(vm: &mut Vm, items: Vec<Value>) -> R<Value> {
    let items = vm.list(items);
    vm.get_iter(&items)
}
fn small(n: usize) -> Value {
    Value::small(n as i64)
}
fn optional(n: Option<i32>) -> Value {
    n.map_or(Value::NONE, |n| Value::small(n as i64))
}

/// Runs of equal line as (start, end, line), offsets in bytes.
fn lines(vm: &mut Vm, c: &Code) -> Vec<Value> {
    let mut runs: Vec<(usize, usize, Option<i32>)> = vec![];
    let mut at = 0;
    for (units, line) in LineTable::new(&c.linetable, c.firstlineno) {
        let end = at + units * 2;
        match runs.last_mut() {
            Some(last) if last.2 == line => last.1 = end,
            _ => runs.push((at, end, line)),
        }
        at = end;
    }
    runs.into_iter().map(|(a, b, l)| vm.tuple(vec![small(a), small(b), optional(l)])).collect()
}

/// For each unit (line, end line, column, end column), with None for what is not known.
fn positions(vm: &mut Vm, c: &Code) -> Vec<Value> {
    let mut out = Vec::with_capacity(c.base.len());
    for p in PositionTable::new(&c.linetable, c.firstlineno) {
        let parts = vec![optional(p.line), optional(p.end_line), optional(p.column), optional(p.end_column)];
        let v = vm.tuple(parts);
        let room = c.base.len() - out.len();
        out.extend(std::iter::repeat_n(v, p.units.min(room)));
    }
    out
}

/// One entry of the location table.
pub struct Position {
    pub units: usize,
    pub line: Option<i32>,
    pub end_line: Option<i32>,
    pub column: Option<i32>,
    pub end_column: Option<i32>,
}

pub struct PositionTable<'a> {
    bytes: &'a [u8],
    line: i32,
}

impl<'a> PositionTable<'a> {
    pub fn new(bytes: &'a [u8], first: i32) -> Self {
        PositionTable { bytes, line: first }
    }
}

impl Iterator for PositionTable<'_> {
    type Item = Position;
    fn next(&mut self) -> Option<Position> {
        let (&first, mut rest) = self.bytes.split_first()?;
        let (kind, units) = (first >> 3 & 15, (first & 7) as usize + 1);
        let mut byte = || match rest.split_first() {
            Some((&b, more)) => {
                rest = more;
                b as i32
            }
            None => 0,
        };
        let mut p = Position { units, line: None, end_line: None, column: None, end_column: None };
        match kind {
            15 => {}
            14 => {
                self.line = self.line.wrapping_add(LineTable::svarint(&mut rest));
                let lines = LineTable::uvarint(&mut rest) as i32;
                let (start, end) = (LineTable::uvarint(&mut rest), LineTable::uvarint(&mut rest));
                p.line = Some(self.line);
                p.end_line = Some(self.line.wrapping_add(lines));
                p.column = (start as i32).checked_sub(1).filter(|&n| n >= 0);
                p.end_column = (end as i32).checked_sub(1).filter(|&n| n >= 0);
            }
            13 => {
                self.line = self.line.wrapping_add(LineTable::svarint(&mut rest));
                (p.line, p.end_line) = (Some(self.line), Some(self.line));
            }
            _ => {
                let (column, end);
                if kind >= 10 {
                    self.line = self.line.wrapping_add(kind as i32 - 10);
                    column = byte();
                    end = byte();
                } else {
                    let second = byte();
                    column = (kind as i32) << 3 | second >> 4;
                    end = column + (second & 15);
                }
                (p.line, p.end_line) = (Some(self.line), Some(self.line));
                (p.column, p.end_column) = (Some(column), Some(end));
            }
        }
        let next = self.bytes[1..].iter().position(|b| b & 0x80 != 0).map_or(self.bytes.len(), |i| i + 1);
        self.bytes = &self.bytes[next..];
        Some(p)
    }
}

/// (offset of the branch, target when not taken, target when taken), in bytes.
fn branches(vm: &mut Vm, c: &Code) -> Vec<Value> {
    const END_ASYNC_FOR: u8 = 68;
    let mut out = vec![];
    for at in c.instructions() {
        let (op, next) = (c.base_op(at), at + 1 + op::caches(c.base_op(at)));
        let arg = c.base_arg(at) as usize;
        let (from, left, right) = match op {
            // The loop's end is behind END_FOR and POP_ITER; the others have NOT_TAKEN after them.
            op::FOR_ITER => (at, next, next + arg + 2),
            op::POP_JUMP_IF_FALSE
            | op::POP_JUMP_IF_TRUE
            | op::POP_JUMP_IF_NONE
            | op::POP_JUMP_IF_NOT_NONE => (at, next + 1, next + arg),
            END_ASYNC_FOR => match next.checked_sub(arg) {
                Some(from) => (from, from + 2, next),
                None => continue,
            },
            _ => continue,
        };
        out.push(vm.tuple(vec![small(from * 2), small(left * 2), small(right * 2)]));
    }
    out
}

impl Code {
    /// The variables of these kinds.
    fn variables(&self, bits: u8) -> Vec<Value> {
        let all = self.localsplus.iter().zip(&self.kinds);
        all.filter(|(_, k)| **k & bits != 0).map(|(n, _)| n.clone()).collect()
    }
    fn code_bytes(&self) -> Vec<u8> {
        self.base.iter().flat_map(|u| u.to_le_bytes()).collect()
    }
    /// Pairs of (bytes, lines) as before Python 3.10.
    fn lnotab(&self) -> Vec<u8> {
        let (mut out, mut line, mut at, mut last) = (vec![], self.firstlineno, 0, 0);
        for (units, found) in LineTable::new(&self.linetable, self.firstlineno) {
            if let Some(found) = found.filter(|&l| l != line) {
                let (mut bytes, mut lines) = (at - last, i64::from(found) - i64::from(line));
                while bytes > 254 {
                    out.extend([254, 0]);
                    bytes -= 254;
                }
                while !(-128..=127).contains(&lines) {
                    let step = if lines < 0 { -128 } else { 127 };
                    out.extend([bytes as u8, step as i8 as u8]);
                    bytes = 0;
                    lines -= step;
                }
                out.extend([bytes as u8, lines as i8 as u8]);
                (line, last) = (found, at);
            }
            at += units * 2;
        }
        out
    }
}

impl Vm {
    /// A computed attribute of a code object.
    pub(crate) fn code_attribute(&mut self, c: &Code, name: &str) -> R<Option<Value>> {
        let count = |n: u32| Value::small(n as i64);
        Ok(Some(match name {
            "co_name" => c.name.clone(),
            "co_qualname" => c.qualname.clone(),
            "co_filename" => c.filename(),
            "co_firstlineno" => Value::small(c.firstlineno as i64),
            "co_argcount" => count(c.argcount),
            "co_posonlyargcount" => count(c.posonlyargcount),
            "co_kwonlyargcount" => count(c.kwonlyargcount),
            "co_flags" => count(c.flags),
            "co_stacksize" => count(c.stacksize),
            "co_nlocals" => small(nlocals(&c.kinds)),
            "co_varnames" => self.tuple(c.variables(FAST_LOCAL)),
            "co_cellvars" => self.tuple(c.variables(FAST_CELL)),
            "co_freevars" => self.tuple(c.variables(FAST_FREE)),
            "co_names" => self.tuple(c.names.to_vec()),
            "co_consts" => self.tuple(c.consts.to_vec()),
            "co_code" | "_co_code_adaptive" => self.bytes(&c.code_bytes()),
            "co_linetable" => self.bytes(&c.linetable),
            "co_exceptiontable" => self.bytes(&c.exceptiontable),
            "co_lnotab" => self.bytes(&c.lnotab()),
            _ => return Ok(None),
        }))
    }

    pub(crate) fn code_hash(&mut self, c: &Code) -> R<i64> {
        let counts = [c.argcount, c.posonlyargcount, c.kwonlyargcount, c.flags, c.firstlineno as u32];
        let mut parts: Vec<i64> = counts.iter().map(|&n| n as i64).collect();
        for v in [&c.name].into_iter().chain(&c.names).chain(&c.localsplus).chain(&c.consts) {
            parts.push(self.hash(v)?);
        }
        parts.extend([hash_bytes(&c.linetable), hash_bytes(&c.exceptiontable)]);
        parts.extend(c.base.iter().map(|&u| u as i64));
        Ok(hash_parts(&parts))
    }
}

fn equality(a: &Value, b: &Value, wanted: bool) -> Value {
    match (a.get::<Code>(), b.get::<Code>()) {
        (Some(a), Some(b)) => Value::bool(equal(a, b) == wanted),
        _ => Value::NOT_IMPLEMENTED,
    }
}

/// As CPython compares: everything but the file name and the qualified name.
pub fn equal(a: &Code, b: &Code) -> bool {
    let texts =
        |a: &[Value], b: &[Value]| a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same_constant(x, y));
    std::ptr::eq(a, b)
        || same_constant(&a.name, &b.name)
            && (a.argcount, a.posonlyargcount, a.kwonlyargcount)
                == (b.argcount, b.posonlyargcount, b.kwonlyargcount)
            && (a.flags, a.firstlineno) == (b.flags, b.firstlineno)
            && a.base == b.base
            && a.linetable == b.linetable
            && a.exceptiontable == b.exceptiontable
            && texts(&a.names, &b.names)
            && texts(&a.localsplus, &b.localsplus)
            && texts(&a.consts, &b.consts)
}

/// Equal and of one type, also inside; 0.0 is not -0.0. Constants nest no deeper than their source did.
pub(super) fn same_constant(a: &Value, b: &Value) -> bool {
    if a.is(b) {
        return true;
    }
    if a.kind() != b.kind() {
        return false;
    }
    if let (Some(x), Some(y)) = (a.get::<Tuple>(), b.get::<Tuple>()) {
        let (x, y) = (x.as_slice(), y.as_slice());
        return x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_constant(x, y));
    }
    if let (Some(x), Some(y)) = (a.get::<Str>(), b.get::<Str>()) {
        return x.bytes() == y.bytes();
    }
    if let (Some(x), Some(y)) = (a.get::<Bytes>(), b.get::<Bytes>()) {
        return x.as_slice() == y.as_slice();
    }
    if let (Some(x), Some(y)) = (a.get::<Int>(), b.get::<Int>()) {
        return x.value == y.value;
    }
    if let (Some(x), Some(y)) = (a.get::<Complex>(), b.get::<Complex>()) {
        return (x.re.to_bits(), x.im.to_bits()) == (y.re.to_bits(), y.im.to_bits());
    }
    if let (Some(x), Some(y)) = (a.get::<Slice>(), b.get::<Slice>()) {
        let pairs = [(&x.start, &y.start), (&x.stop, &y.stop), (&x.step, &y.step)];
        return pairs.iter().all(|(x, y)| same_constant(x, y));
    }
    // Sets that were made alike have one order.
    if let (Some(x), Some(y)) = (a.get::<Set>(), b.get::<Set>()) {
        let (x, y) = (x.keys(), y.keys());
        return x.len() == y.len() && x.iter().zip(&y).all(|(x, y)| same_constant(&x.0, &y.0));
    }
    matches!((a.get::<Code>(), b.get::<Code>()), (Some(x), Some(y)) if equal(x, y))
}

struct Changes<'a> {
    vm: &'a mut Vm,
    kw: Kw<'a>,
}

impl Changes<'_> {
    fn wrong<T>(&mut self, name: &str, must: &str, v: &Value) -> R<T> {
        let class = if v.is_none() { "None".to_owned() } else { self.vm.type_name(v) };
        self.vm.fail("TypeError", format!("replace() argument '{name}' must be {must}, not {class}"))
    }
    fn count(&mut self, name: &str, slot: &mut u32) -> R {
        let Some(v) = self.kw.get(name) else { return Ok(()) };
        let n = self.vm.index(v)?;
        match u32::try_from(n) {
            Ok(n) if n <= i32::MAX as u32 => *slot = n,
            _ if n < 0 => {
                return self.vm.fail("ValueError", format!("{name} must be a positive integer"));
            }
            _ => return self.vm.fail("OverflowError", "Python int too large to convert to C int"),
        }
        Ok(())
    }
    fn text(&mut self, name: &str, slot: &mut Value) -> R {
        match self.kw.get(name) {
            Some(v) if v.is_kind(Kind::Str) => *slot = v.clone(),
            Some(v) => return self.wrong(name, "str", v),
            None => {}
        }
        Ok(())
    }
    fn bytes(&mut self, name: &str) -> R<Option<Box<[u8]>>> {
        match self.kw.get(name) {
            Some(v) => match v.get::<Bytes>() {
                Some(b) => Ok(Some(b.as_slice().into())),
                None => self.wrong(name, "bytes", v),
            },
            None => Ok(None),
        }
    }
    fn items(&mut self, name: &str) -> R<Option<Vec<Value>>> {
        match self.kw.get(name) {
            Some(v) => match v.get::<Tuple>() {
                Some(t) => Ok(Some(t.as_slice().to_vec())),
                None => self.wrong(name, "tuple", v),
            },
            None => Ok(None),
        }
    }
}

const FIELDS: &[&str] = &[
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_firstlineno",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_filename",
    "co_name",
    "co_qualname",
    "co_linetable",
    "co_exceptiontable",
];

fn replace(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    vm.only_keywords("replace", kw, FIELDS)?;
    let old = args[0].as_::<Code>();
    let mut p = old.parts();
    let mut c = Changes { vm, kw };
    c.count("co_argcount", &mut p.argcount)?;
    c.count("co_posonlyargcount", &mut p.posonlyargcount)?;
    c.count("co_kwonlyargcount", &mut p.kwonlyargcount)?;
    c.count("co_stacksize", &mut p.stacksize)?;
    c.count("co_flags", &mut p.flags)?;
    let mut line = p.firstlineno as u32;
    c.count("co_firstlineno", &mut line)?;
    p.firstlineno = line as i32;
    if let Some(b) = c.bytes("co_code")? {
        if b.len() % 2 != 0 {
            return vm.fail("ValueError", "code: co_code is malformed");
        }
        p.code = units(&b);
    }
    if let Some(items) = c.items("co_consts")? {
        p.consts = items;
    }
    if let Some(items) = c.items("co_names")? {
        p.names = items;
    }
    c.text("co_filename", &mut p.filename)?;
    c.text("co_name", &mut p.name)?;
    c.text("co_qualname", &mut p.qualname)?;
    if let Some(b) = c.bytes("co_linetable")? {
        p.linetable = b;
    }
    if let Some(b) = c.bytes("co_exceptiontable")? {
        p.exceptiontable = b;
    }
    let (locals, free, cells) = (c.items("co_varnames")?, c.items("co_freevars")?, c.items("co_cellvars")?);
    let mut n = locals.as_ref().map_or(nlocals(&old.kinds), Vec::len) as u32;
    let expected = n;
    c.count("co_nlocals", &mut n)?;
    if n != expected {
        return vm.fail("ValueError", "code: co_nlocals != len(co_varnames)");
    }
    if locals.is_some() || free.is_some() || cells.is_some() {
        let locals = locals.unwrap_or_else(|| old.variables(FAST_LOCAL));
        let free = free.unwrap_or_else(|| old.variables(FAST_FREE));
        let cells = cells.unwrap_or_else(|| old.variables(FAST_CELL));
        set_variables(&mut p, &locals, &cells, &free);
    }
    vm.new_code_from_program(p)
}

/// Fills `localsplus` and `kinds`: a cell that is also a local has one slot.
fn set_variables(p: &mut Parts, locals: &[Value], cells: &[Value], free: &[Value]) {
    let mut kinds = vec![];
    let (positional, keyword) = (p.argcount as usize, (p.argcount + p.kwonlyargcount) as usize);
    let starred = keyword
        + (p.flags & super::CO_VARARGS != 0) as usize
        + (p.flags & super::CO_VARKEYWORDS != 0) as usize;
    for (i, name) in locals.iter().enumerate() {
        let argument = match i {
            _ if i < p.posonlyargcount as usize => 0x02,
            _ if i < positional => 0x02 | 0x04,
            _ if i < keyword => 0x04,
            _ if i == keyword && p.flags & super::CO_VARARGS != 0 => 0x08 | 0x02,
            _ if i < starred => 0x08 | 0x04,
            _ => 0,
        };
        let cell = if cells.iter().any(|c| same_constant(c, name)) { FAST_CELL } else { 0 };
        kinds.push(FAST_LOCAL | argument | cell);
    }
    p.localsplus = locals.to_vec();
    for c in cells.iter().filter(|c| !locals.iter().any(|l| same_constant(l, c))) {
        p.localsplus.push(c.clone());
        kinds.push(FAST_CELL);
    }
    p.localsplus.extend_from_slice(free);
    kinds.resize(p.localsplus.len(), FAST_FREE);
    p.kinds = kinds.into();
}

impl Vm {
    /// A code object whose parts come from the program.
    pub(crate) fn new_code_from_program(&mut self, mut p: Parts) -> R<Value> {
        check_parts(self, &p)?;
        super::verify::clear_caches(&mut p.code);
        if let Err(what) = super::verify::verify(&p) {
            return self.fail("ValueError", format!("code: {what}"));
        }
        Code::new(self, p)
    }
}
