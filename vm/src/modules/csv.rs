//! Module `_csv`: reading and writing of separated values, by the states that CPython's reader has.

use crate::error::{Exc, R};
use crate::modules::itertools::{ITER, add_class, next_row};
use crate::object::{BuiltinDef, Dict, Kind, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet, NO_NEW, SUBCLASS};
use crate::types::number::{Num, parse_float};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::ToPrimitive;
use rustpython_wtf8::{CodePoint, Wtf8Buf};
use std::cell::{Cell, RefCell};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("reader", 0, u8::MAX, new_reader),
    BuiltinDef::kw("writer", 0, u8::MAX, new_writer),
    BuiltinDef::kw("register_dialect", 1, 2, |vm, a, kw| {
        if !a[0].is_kind(Kind::Str) {
            return vm.fail("TypeError", "dialect name must be a string");
        }
        let dialect = make_dialect(vm, a.get(1), kw)?;
        let all = dialects(vm);
        vm.dict_set(all.as_::<Dict>(), &a[0], dialect)?;
        Ok(Value::NONE)
    }),
    BuiltinDef::kw("unregister_dialect", 0, 1, |vm, a, kw| {
        let [name] = vm.bind_args("unregister_dialect", ["name"], 0, 1, a, kw)?;
        let all = dialects(vm);
        match vm.dict_remove(all.as_::<Dict>(), &name.unwrap_or(Value::NONE))? {
            Some(_) => Ok(Value::NONE),
            None => Err(error(vm, "unknown dialect")),
        }
    }),
    BuiltinDef::kw("get_dialect", 0, 1, |vm, a, kw| {
        let [name] = vm.bind_args("get_dialect", ["name"], 0, 1, a, kw)?;
        named_dialect(vm, &name.unwrap_or(Value::NONE))
    }),
    BuiltinDef::new("list_dialects", 0, 0, |vm, _, _| {
        let all = dialects(vm);
        let names = all.as_::<Dict>().iter().map(|(k, _)| k).collect();
        Ok(vm.list(names))
    }),
    BuiltinDef::kw("field_size_limit", 0, 1, |vm, a, kw| {
        let [new] = vm.bind_args("field_size_limit", ["new_limit"], 0, 0, a, kw)?;
        let old = vm.state::<State>().limit();
        if let Some(new) = new {
            if Num::int_of(&new).is_none() {
                return vm.fail("TypeError", "limit must be an integer");
            }
            match vm.int_argument(&new)?.to_i64() {
                Some(n) => vm.state::<State>().limit = Some(n),
                None => return vm.fail("OverflowError", "Python int too large to convert to C long"),
            }
        }
        Ok(vm.int(old))
    }),
];

#[derive(Default)]
struct State {
    dialects: Option<Value>,
    limit: Option<i64>,
}
impl State {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(128 * 1024)
    }
}

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_csv", FUNCTIONS);
    let version = vm.str("1.0");
    vm.set_global(&module, "__version__", version);
    let all = dialects(vm);
    vm.set_global(&module, "_dialects", all);
    let names =
        ["QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "QUOTE_STRINGS", "QUOTE_NOTNULL"];
    for (i, name) in names.into_iter().enumerate() {
        vm.set_global(&module, name, Value::small(i as i64));
    }
    add_class::<CsvError>(vm, &module, &ERROR);
    add_class::<Dialect>(vm, &module, &DIALECT);
    let class = add_class::<Reader>(vm, &module, &READER);
    vm.set_global(&module, "Reader", class);
    let class = add_class::<Writer>(vm, &module, &WRITER);
    vm.set_global(&module, "Writer", class);
    for name in ["reader", "writer"] {
        // The functions keep their names: the classes are `Reader` and `Writer` here.
        if let Some(def) = FUNCTIONS.iter().find(|d| d.name == name) {
            vm.add_functions(&module, std::slice::from_ref(def));
        }
    }
    Ok(module)
}

fn dialects(vm: &mut Vm) -> Value {
    if let Some(d) = &vm.state::<State>().dialects {
        return d.clone();
    }
    let d = vm.dict();
    vm.state::<State>().dialects = Some(d.clone());
    d
}

struct CsvError;
impl Payload for CsvError {}

static ERROR: ClassDef = ClassDef {
    name: "_csv.Error",
    base: Some(|vm| vm.types.exception("Exception").clone()),
    flags: SUBCLASS,
    ..ClassDef::DEFAULT
};

fn error(vm: &mut Vm, message: &str) -> Exc {
    let class = vm.native_class::<CsvError>(&ERROR);
    let message = vm.str(message);
    match vm.call(&class, &[message], Kw::NONE) {
        Ok(e) => vm.raise_value(e),
        Err(e) => e,
    }
}

// ---- dialects

const MINIMAL: i64 = 0;
const ALL: i64 = 1;
const NONNUMERIC: i64 = 2;
const NONE: i64 = 3;
const STRINGS: i64 = 4;
const NOTNULL: i64 = 5;

#[derive(Clone)]
struct Dialect {
    delimiter: u32,
    quote: Option<u32>,
    escape: Option<u32>,
    terminator: Value,
    quoting: i64,
    double_quote: bool,
    skip_space: bool,
    strict: bool,
}

impl Payload for Dialect {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.terminator);
    }
}

fn char_value(vm: &mut Vm, c: Option<u32>) -> Value {
    match c.and_then(CodePoint::from_u32) {
        Some(c) => {
            let mut buf = Wtf8Buf::new();
            buf.push(c);
            vm.wtf8_buf(buf)
        }
        None => Value::NONE,
    }
}

static DIALECT: ClassDef = ClassDef {
    name: "_csv.Dialect",
    flags: SUBCLASS,
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
            let (given, kw_dialect) = (a.get(1), kw.get("dialect"));
            let dialect = parse_dialect(vm, given.or(kw_dialect), &a[a.len().min(2)..], kw)?;
            match dialect {
                Parsed::Same(v) if vm.type_of(&v).is(&a[0]) => Ok(v),
                Parsed::Same(v) => {
                    let d = vm.self_::<Dialect>(&v)?.clone();
                    Ok(vm.new_native(&a[0], d))
                }
                Parsed::New(d) => Ok(vm.new_native(&a[0], d)),
            }
        }),
        BuiltinDef::new("__reduce__", 0, 0, no_pickle),
        BuiltinDef::new("__reduce_ex__", 1, 1, no_pickle),
    ],
    getset: &[
        GetSet::get("delimiter", |vm, v| {
            let c = vm.self_::<Dialect>(v)?.delimiter;
            Ok(char_value(vm, Some(c)))
        }),
        GetSet::get("quotechar", |vm, v| {
            let c = vm.self_::<Dialect>(v)?.quote;
            Ok(char_value(vm, c))
        }),
        GetSet::get("escapechar", |vm, v| {
            let c = vm.self_::<Dialect>(v)?.escape;
            Ok(char_value(vm, c))
        }),
        GetSet::get("lineterminator", |vm, v| Ok(vm.self_::<Dialect>(v)?.terminator.clone())),
        GetSet::get("quoting", |vm, v| Ok(Value::small(vm.self_::<Dialect>(v)?.quoting))),
        GetSet::get("doublequote", |vm, v| Ok(Value::bool(vm.self_::<Dialect>(v)?.double_quote))),
        GetSet::get("skipinitialspace", |vm, v| Ok(Value::bool(vm.self_::<Dialect>(v)?.skip_space))),
        GetSet::get("strict", |vm, v| Ok(Value::bool(vm.self_::<Dialect>(v)?.strict))),
    ],
    doc: Some("CSV dialect\n\nThe Dialect type records CSV dialect options."),
    ..ClassDef::DEFAULT
};

fn no_pickle(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let message = format!("cannot pickle '{}' instances", vm.type_name(&a[0]));
    vm.fail("TypeError", message)
}

enum Parsed {
    /// A dialect that is there already.
    Same(Value),
    New(Dialect),
}

const NAMES: [&str; 8] = [
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
];

fn named_dialect(vm: &mut Vm, name: &Value) -> R<Value> {
    let all = dialects(vm);
    match vm.dict_get(all.as_::<Dict>(), name)? {
        Some(d) => Ok(d),
        None => Err(error(vm, "unknown dialect")),
    }
}

fn parse_dialect(vm: &mut Vm, base: Option<&Value>, more: &[Value], kw: Kw) -> R<Parsed> {
    let mut known = vec!["dialect"];
    known.extend(NAMES);
    vm.only_keywords("Dialect", kw, &known)?;
    let base = match base.filter(|b| !b.is_none()) {
        Some(b) if b.is_kind(Kind::Str) => Some(named_dialect(vm, b)?),
        other => other.cloned(),
    };
    if let Some(b) = &base
        && b.native::<Dialect>().is_some()
        && more.is_empty()
        && !NAMES.iter().any(|n| kw.get(n).is_some())
    {
        return Ok(Parsed::Same(b.clone()));
    }
    let mut given: [Option<Value>; 8] = Default::default();
    for (i, name) in NAMES.into_iter().enumerate() {
        given[i] = more.get(i).or(kw.get(name)).cloned();
        if given[i].is_none()
            && let Some(b) = &base
        {
            let key = vm.intern(name);
            given[i] = vm.get_attr_opt(b, &key)?;
        }
    }
    let [delimiter, double, escape, terminator, quote, quoting, skip, strict] = given;
    let delimiter = character(vm, "delimiter", delimiter, Some(','), false)?.unwrap_or(0);
    let double_quote = flag(vm, double, true)?;
    let escape = character(vm, "escapechar", escape, None, true)?;
    let terminator = match terminator {
        None => vm.str("\r\n"),
        Some(t) if t.is_kind(Kind::Str) => t,
        Some(t) => {
            let message = format!("\"lineterminator\" must be a string, not {}", vm.type_name(&t));
            return vm.fail("TypeError", message);
        }
    };
    let no_quote = quote.as_ref().is_some_and(Value::is_none);
    let quote = character(vm, "quotechar", quote, Some('"'), true)?;
    let quoting = match &quoting {
        None if no_quote => NONE,
        None => MINIMAL,
        Some(q) if !q.word().is_int() => {
            let message = format!("\"quoting\" must be an integer, not {}", vm.type_name(q));
            return vm.fail("TypeError", message);
        }
        Some(q) => q.word().int(),
    };
    if !(MINIMAL..=NOTNULL).contains(&quoting) {
        return vm.fail("TypeError", "bad \"quoting\" value");
    }
    let (skip_space, strict) = (flag(vm, skip, false)?, flag(vm, strict, false)?);
    if quoting != NONE && quote.is_none() {
        return vm.fail("TypeError", "quotechar must be set if quoting enabled");
    }
    let space = skip_space.then_some(' ' as u32);
    for (name, c) in [("delimiter", Some(delimiter)), ("escapechar", escape), ("quotechar", quote)] {
        let Some(c) = c else { continue };
        let bad = c == '\r' as u32 || c == '\n' as u32 || Some(c) == space && name != "delimiter";
        if bad {
            return vm.fail("ValueError", format!("bad {name} value"));
        }
    }
    let pairs = [
        ("delimiter", "escapechar", Some(delimiter), escape),
        ("delimiter", "quotechar", Some(delimiter), quote),
        ("escapechar", "quotechar", escape, quote),
    ];
    for (a, b, x, y) in pairs {
        if x.is_some() && x == y {
            return vm.fail("ValueError", format!("bad {a} or {b} value"));
        }
        for (name, c) in [(a, x), (b, y)] {
            let text = terminator.as_::<Str>();
            if c.is_some() && text.code_points().any(|p| Some(p.to_u32()) == c) {
                return vm.fail("ValueError", format!("bad {name} or lineterminator value"));
            }
        }
    }
    Ok(Parsed::New(Dialect {
        delimiter,
        quote,
        escape,
        terminator,
        quoting,
        double_quote,
        skip_space,
        strict,
    }))
}

fn flag(vm: &mut Vm, v: Option<Value>, absent: bool) -> R<bool> {
    match v {
        Some(v) => vm.truthy(&v),
        None => Ok(absent),
    }
}

fn character(
    vm: &mut Vm,
    name: &str,
    v: Option<Value>,
    absent: Option<char>,
    or_none: bool,
) -> R<Option<u32>> {
    let Some(v) = v else { return Ok(absent.map(u32::from)) };
    if or_none && v.is_none() {
        return Ok(None);
    }
    let what = if or_none { "a unicode character or None" } else { "a unicode character" };
    let Some(s) = v.get::<Str>() else {
        let message = format!("\"{name}\" must be {what}, not {}", vm.type_name(&v));
        return vm.fail("TypeError", message);
    };
    if s.len() != 1 {
        let message = format!("\"{name}\" must be {what}, not a string of length {}", s.len());
        return vm.fail("TypeError", message);
    }
    Ok(s.code_at(0))
}

/// The dialect object of a reader or writer.
fn make_dialect(vm: &mut Vm, base: Option<&Value>, kw: Kw) -> R<Value> {
    let base = base.or(kw.get("dialect"));
    match parse_dialect(vm, base, &[], kw)? {
        Parsed::Same(v) => Ok(v),
        Parsed::New(d) => {
            let class = vm.native_class::<Dialect>(&DIALECT);
            Ok(vm.new_native(&class, d))
        }
    }
}

// ---- reading

#[derive(Clone, Copy, PartialEq)]
enum At {
    StartRecord,
    StartField,
    Escaped,
    AfterEscapedNewline,
    Field,
    Quoted,
    EscapedInQuoted,
    QuoteInQuoted,
    Newline,
}

struct Reader {
    lines: Value,
    dialect: Value,
    line: Cell<i64>,
    /// It works already: its lines must not come from itself.
    busy: Cell<bool>,
}

impl Payload for Reader {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.lines);
        visit(&self.dialect);
    }
}

static READER: ClassDef = ClassDef {
    name: "_csv.reader",
    flags: NO_NEW,
    methods: &[ITER, next_row!(Reader, next_record)],
    getset: &[
        GetSet::get("dialect", |vm, v| Ok(vm.self_::<Reader>(v)?.dialect.clone())),
        GetSet::get("line_num", |vm, v| {
            let n = vm.self_::<Reader>(v)?.line.get();
            Ok(vm.int(n))
        }),
    ],
    doc: Some(
        "CSV reader\n\nReader objects are responsible for reading and parsing tabular data\nin CSV format.\n",
    ),
    ..ClassDef::DEFAULT
};

fn new_reader(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let Some(lines) = a.first() else {
        return vm.fail("TypeError", "expected at least 1 argument, got 0");
    };
    let lines = vm.get_iter(lines)?;
    let dialect = make_dialect(vm, a.get(1), kw)?;
    let class = vm.native_class::<Reader>(&READER);
    Ok(vm.new_native(&class, Reader { lines, dialect, line: Cell::new(0), busy: Cell::new(false) }))
}

/// One record under way.
struct Parse<'a> {
    d: &'a Dialect,
    at: At,
    field: Wtf8Buf,
    /// Characters in the field.
    len: i64,
    limit: i64,
    unquoted: bool,
    fields: Vec<Value>,
}

fn next_record(vm: &mut Vm, this: &Reader) -> R<Option<Value>> {
    let Some(d) = this.dialect.native::<Dialect>() else { return Ok(None) };
    let limit = vm.state::<State>().limit();
    let mut p = Parse {
        d,
        at: At::StartRecord,
        field: Wtf8Buf::new(),
        len: 0,
        limit,
        unquoted: true,
        fields: vec![],
    };
    if this.busy.replace(true) {
        return Err(error(vm, "iterator has already advanced the reader"));
    }
    let r = p.record(vm, this);
    this.busy.set(false);
    Ok(if r? { Some(vm.list(p.fields)) } else { None })
}

impl Parse<'_> {
    /// False: there is none.
    fn record(&mut self, vm: &mut Vm, this: &Reader) -> R<bool> {
        loop {
            let Some(line) = vm.next(&this.lines)? else {
                if self.len == 0 && self.at != At::Quoted {
                    return Ok(false);
                }
                if self.d.strict {
                    return Err(error(vm, "unexpected end of data"));
                }
                self.save(vm)?;
                return Ok(true);
            };
            let Some(s) = line.get::<Str>() else {
                let message = format!(
                    "iterator should return strings, not {} (the file should be opened in text mode)",
                    vm.type_name(&line)
                );
                return Err(error(vm, &message));
            };
            this.line.set(this.line.get() + 1);
            for c in s.code_points() {
                self.step(vm, Some(c.to_u32()))?;
            }
            self.step(vm, None)?;
            if self.at == At::StartRecord {
                return Ok(true);
            }
        }
    }

    fn add(&mut self, vm: &mut Vm, c: u32) -> R {
        if self.len >= self.limit {
            let message = format!("field larger than field limit ({})", self.limit);
            return Err(error(vm, &message));
        }
        self.len += 1;
        if let Some(c) = CodePoint::from_u32(c) {
            self.field.push(c);
        }
        Ok(())
    }

    fn save(&mut self, vm: &mut Vm) -> R {
        let text = std::mem::take(&mut self.field);
        let empty = self.len == 0;
        self.len = 0;
        let quoting = self.d.quoting;
        let unquoted = std::mem::replace(&mut self.unquoted, true);
        let v = if unquoted && empty && matches!(quoting, STRINGS | NOTNULL) {
            Value::NONE
        } else {
            let v = vm.wtf8_buf(text);
            if unquoted && !empty && matches!(quoting, NONNUMERIC | STRINGS) {
                match v.as_::<Str>().to_str().and_then(parse_float) {
                    Some(f) => Value::float(f),
                    None => {
                        let shown = vm.repr_string(&v)?;
                        return vm.fail("ValueError", format!("could not convert string to float: {shown}"));
                    }
                }
            } else {
                v
            }
        };
        self.fields.push(v);
        Ok(())
    }

    /// The end of a field at the end of a line: `c` is the newline, or nothing.
    fn end_line(&mut self, vm: &mut Vm, c: Option<u32>) -> R {
        self.save(vm)?;
        self.at = if c.is_none() { At::StartRecord } else { At::Newline };
        Ok(())
    }

    /// One character, or the end of the line.
    fn step(&mut self, vm: &mut Vm, c: Option<u32>) -> R {
        let d = self.d;
        let newline = |c: u32| c == '\n' as u32 || c == '\r' as u32;
        let ends = c.is_none_or(newline);
        let quote = c.is_some() && c == d.quote && d.quoting != NONE;
        let escape = c.is_some() && c == d.escape;
        let delimiter = c == Some(d.delimiter);
        if self.at == At::StartRecord {
            match c {
                None => return Ok(()),
                Some(c) if newline(c) => {
                    self.at = At::Newline;
                    return Ok(());
                }
                Some(_) => self.at = At::StartField,
            }
        }
        if self.at == At::AfterEscapedNewline {
            if c.is_none() {
                return Ok(());
            }
            self.at = At::Field;
        }
        match (self.at, c) {
            (At::StartField, _) if ends => self.end_line(vm, c)?,
            (At::StartField, _) if quote => {
                self.unquoted = false;
                self.at = At::Quoted;
            }
            (At::StartField, _) if escape => self.at = At::Escaped,
            (At::StartField, Some(c)) if c == ' ' as u32 && d.skip_space => {}
            (At::StartField, _) if delimiter => self.save(vm)?,
            (At::StartField, Some(c)) => {
                self.add(vm, c)?;
                self.at = At::Field;
            }
            (At::Escaped, Some(c)) if newline(c) => {
                self.add(vm, c)?;
                self.at = At::AfterEscapedNewline;
            }
            (At::Escaped, c) => {
                self.add(vm, c.unwrap_or('\n' as u32))?;
                self.at = At::Field;
            }
            (At::Field, _) if ends => self.end_line(vm, c)?,
            (At::Field, _) if escape => self.at = At::Escaped,
            (At::Field, _) if delimiter => {
                self.save(vm)?;
                self.at = At::StartField;
            }
            (At::Field, Some(c)) => self.add(vm, c)?,
            (At::Quoted, None) => {}
            (At::Quoted, _) if escape => self.at = At::EscapedInQuoted,
            (At::Quoted, _) if quote => {
                self.at = if d.double_quote { At::QuoteInQuoted } else { At::Field };
            }
            (At::Quoted, Some(c)) => self.add(vm, c)?,
            (At::EscapedInQuoted, c) => {
                self.add(vm, c.unwrap_or('\n' as u32))?;
                self.at = At::Quoted;
            }
            (At::QuoteInQuoted, Some(c)) if quote => {
                self.add(vm, c)?;
                self.at = At::Quoted;
            }
            (At::QuoteInQuoted, _) if delimiter => {
                self.save(vm)?;
                self.at = At::StartField;
            }
            (At::QuoteInQuoted, _) if ends => self.end_line(vm, c)?,
            (At::QuoteInQuoted, Some(c)) if !d.strict => {
                self.add(vm, c)?;
                self.at = At::Field;
            }
            (At::QuoteInQuoted, _) => {
                let show = |c: u32| char::from_u32(c).unwrap_or('\u{fffd}');
                let quote = d.quote.map_or(' ', show);
                let message = format!("'{}' expected after '{quote}'", show(d.delimiter));
                return Err(error(vm, &message));
            }
            (At::Newline, None) => self.at = At::StartRecord,
            (At::Newline, _) if ends => {}
            (At::Newline, _) => {
                let message = "new-line character seen in unquoted field - do you need to open the file with newline=''?";
                return Err(error(vm, message));
            }
            _ => {}
        }
        Ok(())
    }
}

// ---- writing

struct Writer {
    write: Value,
    dialect: Value,
}

impl Payload for Writer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.write);
        visit(&self.dialect);
    }
}

static WRITER: ClassDef = ClassDef {
    name: "_csv.writer",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("writerow", 1, 1, |vm, a, _| write_row(vm, &a[0], &a[1])),
        BuiltinDef::new("writerows", 1, 1, |vm, a, _| {
            let it = vm.get_iter(&a[1])?;
            while let Some(row) = vm.next(&it)? {
                write_row(vm, &a[0], &row)?;
            }
            Ok(Value::NONE)
        }),
    ],
    getset: &[GetSet::get("dialect", |vm, v| Ok(vm.self_::<Writer>(v)?.dialect.clone()))],
    doc: Some(
        "CSV writer\n\nWriter objects are responsible for generating tabular data\nin CSV format from \
         sequence input.\n",
    ),
    ..ClassDef::DEFAULT
};

fn new_writer(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let Some(file) = a.first() else {
        return vm.fail("TypeError", "expected at least 1 argument, got 0");
    };
    let dialect = make_dialect(vm, a.get(1), kw)?;
    let name = vm.intern("write");
    let write = match vm.get_attr_opt(file, &name)? {
        Some(f) if vm.is_callable(&f) => f,
        _ => return vm.fail("TypeError", "argument 1 must have a \"write\" method"),
    };
    let class = vm.native_class::<Writer>(&WRITER);
    Ok(vm.new_native(&class, Writer { write, dialect }))
}

fn push(out: &mut Wtf8Buf, c: Option<u32>) {
    if let Some(c) = c.and_then(CodePoint::from_u32) {
        out.push(c);
    }
}

fn write_row(vm: &mut Vm, v: &Value, row: &Value) -> R<Value> {
    let this = vm.self_::<Writer>(v)?;
    let Some(d) = this.dialect.native::<Dialect>() else { return Ok(Value::NONE) };
    let it = match vm.get_iter(row) {
        Ok(it) => it,
        Err(e) => {
            vm.unless(e, "TypeError")?;
            let message = format!("iterable expected, not {}", vm.type_name(row));
            return Err(error(vm, &message));
        }
    };
    let out = RefCell::new(Wtf8Buf::new());
    let (mut fields, mut null) = (0, false);
    while let Some(field) = vm.next(&it)? {
        let number = || Num::of(&field).is_some();
        let quoted = match d.quoting {
            NONNUMERIC => {
                !(number() || vm.has_dunder(&field, "__float__") || vm.has_dunder(&field, "__index__"))
            }
            ALL => true,
            STRINGS => field.is_kind(Kind::Str),
            NOTNULL => !field.is_none(),
            _ => false,
        };
        null = field.is_none();
        let text = match null {
            true => None,
            false if field.is_kind(Kind::Str) => Some(field),
            false => Some(vm.str_of(&field)?),
        };
        if fields > 0 {
            push(&mut out.borrow_mut(), Some(d.delimiter));
        }
        write_field(vm, d, text.as_ref(), quoted, &mut out.borrow_mut())?;
        fields += 1;
    }
    if fields > 0 && out.borrow().is_empty() {
        if d.quoting == NONE || null && matches!(d.quoting, STRINGS | NOTNULL) {
            return Err(error(vm, "single empty field record must be quoted"));
        }
        push(&mut out.borrow_mut(), d.quote);
        push(&mut out.borrow_mut(), d.quote);
    }
    let mut out = out.into_inner();
    out.push_wtf8(d.terminator.as_::<Str>().wtf8());
    let line = vm.wtf8_buf(out);
    vm.call(&this.write, &[line], Kw::NONE)
}

fn write_field(vm: &mut Vm, d: &Dialect, text: Option<&Value>, mut quoted: bool, out: &mut Wtf8Buf) -> R {
    let null_stays = text.is_none() && matches!(d.quoting, STRINGS | NOTNULL);
    if text.is_none() && d.quoting != ALL && d.quoting != NONNUMERIC {
        quoted = false;
    }
    let mut body = Wtf8Buf::new();
    if let Some(s) = text.and_then(|t| t.get::<Str>()) {
        let terminator = d.terminator.as_::<Str>();
        for c in s.code_points() {
            let p = Some(c.to_u32());
            let special = p == Some(d.delimiter)
                || p == d.escape
                || p == d.quote
                || matches!(p, Some(10 | 13))
                || terminator.code_points().any(|t| t == c);
            if special {
                let mut escape = false;
                if d.quoting == NONE {
                    escape = true;
                } else if p == d.quote {
                    if d.double_quote {
                        push(&mut body, d.quote);
                    } else {
                        escape = true;
                    }
                } else if p == d.escape {
                    escape = true;
                }
                if escape {
                    if d.escape.is_none() {
                        return Err(error(vm, "need to escape, but no escapechar set"));
                    }
                    push(&mut body, d.escape);
                } else {
                    quoted = true;
                }
            }
            body.push(c);
        }
    }
    if body.is_empty() && d.delimiter == ' ' as u32 && d.skip_space {
        if d.quoting == NONE || null_stays {
            let message = "empty field must be quoted if delimiter is a space and skipinitialspace is true";
            return Err(error(vm, message));
        }
        quoted = true;
    }
    if quoted {
        push(out, d.quote);
    }
    out.push_wtf8(&body);
    if quoted {
        push(out, d.quote);
    }
    Ok(())
}
