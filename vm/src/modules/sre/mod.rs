//! Module `_sre`: regular expressions, on the engine `rustpython-sre_engine`.
//!
//! `re` compiles a pattern to codes; here they are run. Positions are character indices throughout. One
//! engine state serves a whole loop (`finditer`, `sub` ...), and the subject is prepared once for it.

mod drive;
mod matching;
mod subject;
mod substitute;
mod verify;

use crate::error::R;
use crate::object::{BuiltinDef, Dict, Int, Kind, Kw, Payload, Tuple};
use crate::types::hash;
use crate::types::native::{ClassDef, GetSet, NO_NEW, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use drive::Look;
use matching::Match;
use rustpython_sre_engine::State;
use std::cell::Cell;
use std::rc::Rc;
use subject::Subject;

const FLAG_LOCALE: i64 = 4;
const FLAG_UNICODE: i64 = 32;
const FLAG_ASCII: i64 = 256;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("compile", 0, 6, compile),
    BuiltinDef::new("template", 2, 2, substitute::template),
    BuiltinDef::new("getcodesize", 0, 0, |_, _, _| Ok(Value::small(4))),
    BuiltinDef::new("ascii_iscased", 1, 1, |vm, a, _| {
        let c = vm.index_i64(&a[0], "character")?;
        Ok(Value::bool(u8::try_from(c).is_ok_and(|c| c.is_ascii_alphabetic())))
    }),
    BuiltinDef::new("ascii_tolower", 1, 1, |vm, a, _| {
        let c = character(vm, &a[0])?;
        Ok(Value::small(rustpython_sre_engine::string::lower_ascii(c).into()))
    }),
    BuiltinDef::new("unicode_iscased", 1, 1, |vm, a, _| {
        use rustpython_sre_engine::string::{lower_unicode, upper_unicode};
        let c = character(vm, &a[0])?;
        let low = lower_unicode(c);
        Ok(Value::bool(low != c || upper_unicode(c) != c))
    }),
    BuiltinDef::new("unicode_tolower", 1, 1, |vm, a, _| {
        let c = character(vm, &a[0])?;
        Ok(Value::small(rustpython_sre_engine::string::lower_unicode(c).into()))
    }),
];

fn character(vm: &mut Vm, v: &Value) -> R<u32> {
    let i = vm.index_i64(v, "character")?;
    match u32::try_from(i) {
        Ok(c) => Ok(c),
        Err(_) => vm.fail("OverflowError", "Python int too large to convert to C int"),
    }
}

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_sre", FUNCTIONS);
    vm.native_class::<Pattern>(&PATTERN);
    vm.native_class::<Match>(&matching::MATCH);
    vm.native_class::<substitute::Template>(&substitute::TEMPLATE);
    for (name, v) in [
        ("MAGIC", rustpython_sre_engine::SRE_MAGIC as i64),
        ("CODESIZE", rustpython_sre_engine::CODESIZE as i64),
        ("MAXREPEAT", rustpython_sre_engine::MAXREPEAT as i64),
        ("MAXGROUPS", (i32::MAX / 2) as i64),
    ] {
        vm.set_global(&m, name, Value::small(v));
    }
    let copyright = vm.str(" SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ");
    vm.set_global(&m, "copyright", copyright);
    Ok(m)
}

/// A compiled pattern.
pub struct Pattern {
    pub pattern: Value,
    pub flags: i64,
    pub code: Rc<[u32]>,
    pub groups: usize,
    /// name -> number.
    pub groupindex: Value,
    /// Name of each group, or None; a tuple.
    pub indexgroup: Value,
    /// Of `pattern`; `None` if that is None.
    is_bytes: Option<bool>,
}

impl Payload for Pattern {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.pattern);
        visit(&self.groupindex);
        visit(&self.indexgroup);
    }
}

static PATTERN: ClassDef = ClassDef {
    name: "re.Pattern",
    flags: WEAKREF.union(NO_NEW),
    doc: Some("Compiled regular expression object."),
    methods: &[
        BuiltinDef::kw("match", 0, 3, |vm, a, k| one(vm, "match", a, k, false, false)),
        BuiltinDef::kw("fullmatch", 0, 3, |vm, a, k| one(vm, "fullmatch", a, k, false, true)),
        BuiltinDef::kw("search", 0, 3, |vm, a, k| one(vm, "search", a, k, true, false)),
        BuiltinDef::kw("sub", 0, 3, |vm, a, k| substitute::sub(vm, a, k, false)),
        BuiltinDef::kw("subn", 0, 3, |vm, a, k| substitute::sub(vm, a, k, true)),
        BuiltinDef::kw("split", 0, 2, split),
        BuiltinDef::kw("findall", 0, 3, find_all),
        BuiltinDef::kw("finditer", 0, 3, find_iter),
        BuiltinDef::kw("scanner", 0, 3, scanner),
        BuiltinDef::new("__copy__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__deepcopy__", 1, 1, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__repr__", 0, 0, pattern_repr),
        BuiltinDef::new("__hash__", 0, 0, pattern_hash),
        BuiltinDef::new("__eq__", 1, 1, |vm, a, _| pattern_equal(vm, &a[0], &a[1], false)),
        BuiltinDef::new("__ne__", 1, 1, |vm, a, _| pattern_equal(vm, &a[0], &a[1], true)),
        BuiltinDef::class("__class_getitem__", 1, 1, crate::types::generic_alias::class_getitem),
    ],
    getset: &[
        GetSet::get("pattern", |vm, v| Ok(vm.self_::<Pattern>(v)?.pattern.clone())),
        GetSet::get("flags", |vm, v| Ok(Value::small(vm.self_::<Pattern>(v)?.flags))),
        GetSet::get("groups", |vm, v| Ok(Value::small(vm.self_::<Pattern>(v)?.groups as i64))),
        GetSet::get("groupindex", |vm, v| {
            let d = vm.self_::<Pattern>(v)?.groupindex.clone();
            Ok(vm.mapping_proxy(d))
        }),
    ],
    ..ClassDef::DEFAULT
};

fn compile(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["pattern", "flags", "code", "groups", "groupindex", "indexgroup"];
    let [pattern, flags, code, groups, groupindex, indexgroup] =
        vm.bind_args("compile", names, 0, 6, args, kw)?.map(|v| v.unwrap_or(Value::NONE));
    let flags = vm.index_i64(&flags, "flags")?;
    let groups = vm.index_i64(&groups, "groups")?;
    let items = match code.is_kind(Kind::List) {
        true => vm.to_vec(&code)?,
        false => {
            let message = format!("compile() argument 'code' must be list, not {}", vm.type_name(&code));
            return vm.fail("TypeError", message);
        }
    };
    if !groupindex.is_kind(Kind::Dict) || !indexgroup.is_kind(Kind::Tuple) {
        return vm.fail("TypeError", "compile() argument 'groupindex' must be dict, 'indexgroup' tuple");
    }
    let mut codes = Vec::with_capacity(items.len());
    for i in &items {
        match u32::try_from(vm.index_i64(i, "code")?) {
            Ok(c) => codes.push(c),
            Err(_) => return vm.fail("OverflowError", "regular expression code size limit exceeded"),
        }
    }
    if groups < 0
        || groups as usize > codes.len()
        || !verify::valid(&codes, groups as usize)
        || indexgroup.as_::<Tuple>().as_slice().len() > groups as usize + 1
    {
        return vm.fail("RuntimeError", "invalid SRE code");
    }
    let is_bytes = match pattern.is_none() {
        true => None,
        false => match Subject::new(vm, &pattern)? {
            Some(s) => Some(s.is_bytes),
            None => return vm.fail("TypeError", "expected string or bytes-like object"),
        },
    };
    let class = vm.native_class::<Pattern>(&PATTERN);
    let payload = Pattern {
        pattern,
        flags,
        code: codes.into(),
        groups: groups as usize,
        groupindex,
        indexgroup,
        is_bytes,
    };
    Ok(vm.new_native(&class, payload))
}

/// `pos` and `endpos` as indices of the subject.
fn clamp(vm: &mut Vm, v: Option<&Value>, default: usize, len: usize) -> R<usize> {
    let Some(v) = v else { return Ok(default.min(len)) };
    if !v.word().is_int() && v.get::<Int>().is_some_and(|i| i.value > i64::MAX.into()) {
        return Ok(len);
    }
    if v.get::<Int>().is_some_and(|i| i.value < i64::MIN.into()) {
        return Ok(0);
    }
    let i = vm.index_i64(v, "pos")?;
    Ok(usize::try_from(i).unwrap_or(0).min(len))
}

/// A search under way: what one loop over a subject needs.
pub struct Search {
    /// A [`Pattern`].
    pub pattern: Value,
    pub code: Rc<[u32]>,
    pub subject: Subject,
    pub pos: usize,
    pub start: usize,
    pub end: usize,
    must_advance: bool,
    pub state: State,
}

impl Search {
    pub fn new(
        vm: &mut Vm,
        pattern: &Value,
        string: &Value,
        pos: Option<&Value>,
        endpos: Option<&Value>,
    ) -> R<Search> {
        let p = vm.self_::<Pattern>(pattern)?;
        let Some(subject) = Subject::new(vm, string)? else {
            let message = format!("expected string or bytes-like object, got '{}'", vm.type_name(string));
            return vm.fail("TypeError", message);
        };
        match p.is_bytes {
            Some(true) if !subject.is_bytes => {
                return vm.fail("TypeError", "cannot use a bytes pattern on a string-like object");
            }
            Some(false) if subject.is_bytes => {
                return vm.fail("TypeError", "cannot use a string pattern on a bytes-like object");
            }
            _ => {}
        }
        let start = clamp(vm, pos, 0, subject.len)?;
        let end = clamp(vm, endpos, usize::MAX, subject.len)?;
        let code = p.code.clone();
        let (pattern, state) = (pattern.clone(), State::default());
        Ok(Search { pattern, code, subject, pos: start, start, end, must_advance: false, state })
    }
    pub fn find(&mut self, search: bool, whole: bool) -> bool {
        let look = Look {
            code: &self.code,
            start: self.start,
            end: self.end,
            search,
            whole,
            must_advance: self.must_advance,
        };
        drive::run(self.subject.data(), self.subject.is_wide(), look, &mut self.state)
    }
    /// Where the match just found lies; the next search goes on behind it.
    pub fn step(&mut self) -> (usize, usize) {
        let (a, b) = (self.state.start, self.state.cursor.position);
        self.must_advance = a == b;
        self.start = b;
        (a, b)
    }
    /// Span of a group of the match just found (0: all of it).
    pub fn group(&self, n: usize) -> Option<(usize, usize)> {
        if n == 0 {
            return Some((self.state.start, self.state.cursor.position));
        }
        let (a, b) = self.state.marks.get(n - 1);
        let (a, b) = (a.into_option()?, b.into_option()?);
        (a <= b).then_some((a, b))
    }
    /// What `findall` says of the match just found.
    fn shown(&self, vm: &mut Vm, groups: usize) -> Value {
        let mut part = |n| {
            let (a, b) = self.group(n).unwrap_or((0, 0));
            if a == b { Pieces0::empty(vm, self.subject.is_bytes) } else { self.subject.slice(vm, a, b) }
        };
        match groups {
            0 => part(0),
            1 => part(1),
            _ => {
                let parts = (1..=groups).map(part).collect();
                vm.tuple(parts)
            }
        }
    }
}

/// Empty text of either sort.
pub struct Pieces0;
impl Pieces0 {
    pub fn empty(vm: &mut Vm, is_bytes: bool) -> Value {
        subject::Pieces::new(is_bytes).finish(vm)
    }
}

fn bind_search(vm: &mut Vm, name: &str, args: &[Value], kw: Kw) -> R<Search> {
    let [string, pos, endpos] = vm.bind_args(name, ["string", "pos", "endpos"], 0, 1, &args[1..], kw)?;
    Search::new(vm, &args[0], &string.unwrap_or(Value::NONE), pos.as_ref(), endpos.as_ref())
}

fn one(vm: &mut Vm, name: &str, args: &[Value], kw: Kw, search: bool, whole: bool) -> R<Value> {
    let mut s = bind_search(vm, name, args, kw)?;
    if s.find(search, whole) { Ok(Match::make(vm, &s)) } else { Ok(Value::NONE) }
}

fn find_all(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let mut s = bind_search(vm, "findall", args, kw)?;
    let groups = vm.self_::<Pattern>(&args[0])?.groups;
    let mut found = vec![];
    while s.find(true, false) {
        found.push(s.shown(vm, groups));
        s.step();
    }
    Ok(vm.list(found))
}

fn split(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let [string, most] = vm.bind_args("split", ["string", "maxsplit"], 0, 1, &args[1..], kw)?;
    let most = match &most {
        Some(v) => vm.index_i64(v, "maxsplit")?,
        None => 0,
    };
    let mut s = Search::new(vm, &args[0], &string.unwrap_or(Value::NONE), None, None)?;
    let groups = vm.self_::<Pattern>(&args[0])?.groups;
    let (mut parts, mut last, mut n) = (vec![], 0, 0);
    while (most == 0 || n < most) && s.find(true, false) {
        let (a, b) = s.step();
        parts.push(s.subject.slice(vm, last, a));
        for g in 1..=groups {
            parts.push(match s.group(g) {
                Some((a, b)) => s.subject.slice(vm, a, b),
                None => Value::NONE,
            });
        }
        (last, n) = (b, n + 1);
    }
    parts.push(s.subject.slice(vm, last, s.subject.len));
    Ok(vm.list(parts))
}

/// `pattern.scanner(...)`; and the iterator of `finditer`.
struct Scanner {
    pattern: Value,
    /// Taken out while it is used.
    search: Cell<Option<Box<Search>>>,
    /// Let go when the end is reached.
    done: Cell<bool>,
}

impl Payload for Scanner {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.pattern);
    }
}

struct FindIter(Scanner);

impl Payload for FindIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit);
    }
}

static SCANNER: ClassDef = ClassDef {
    name: "_sre.SRE_Scanner",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("match", 0, 0, |vm, a, _| scan(vm, &a[0], false)),
        BuiltinDef::new("search", 0, 0, |vm, a, _| scan(vm, &a[0], true)),
    ],
    getset: &[GetSet::get("pattern", |vm, v| Ok(vm.self_::<Scanner>(v)?.pattern.clone()))],
    ..ClassDef::DEFAULT
};

static FIND_ITER: ClassDef = ClassDef {
    name: "callable_iterator",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, |vm, a, _| {
            let it = vm.self_::<FindIter>(&a[0])?;
            let m = next_match(vm, &it.0, true);
            if m.is_none() { vm.stop_iteration() } else { Ok(m) }
        }),
    ],
    ..ClassDef::DEFAULT
};

fn scan(vm: &mut Vm, v: &Value, search: bool) -> R<Value> {
    let s = vm.self_::<Scanner>(v)?;
    Ok(next_match(vm, s, search))
}

fn next_match(vm: &mut Vm, scanner: &Scanner, search: bool) -> Value {
    if scanner.done.get() {
        return Value::NONE;
    }
    let Some(mut s) = scanner.search.take() else { return Value::NONE };
    let found = if s.find(search, false) {
        let m = Match::make(vm, &s);
        s.step();
        m
    } else {
        scanner.done.set(true);
        Value::NONE
    };
    scanner.search.set(Some(s));
    found
}

fn make_scanner(vm: &mut Vm, name: &str, args: &[Value], kw: Kw) -> R<Scanner> {
    let s = bind_search(vm, name, args, kw)?;
    Ok(Scanner { pattern: args[0].clone(), search: Cell::new(Some(Box::new(s))), done: Cell::new(false) })
}
fn scanner(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let s = make_scanner(vm, "scanner", args, kw)?;
    let class = vm.native_class::<Scanner>(&SCANNER);
    Ok(vm.new_native(&class, s))
}
fn find_iter(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let s = make_scanner(vm, "finditer", args, kw)?;
    let class = vm.native_class::<FindIter>(&FIND_ITER);
    Ok(vm.new_native(&class, FindIter(s)))
}

fn pattern_repr(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    const NAMES: [(&str, i64); 8] = [
        ("re.IGNORECASE", 2),
        ("re.LOCALE", FLAG_LOCALE),
        ("re.MULTILINE", 8),
        ("re.DOTALL", 16),
        ("re.UNICODE", FLAG_UNICODE),
        ("re.VERBOSE", 64),
        ("re.DEBUG", 128),
        ("re.ASCII", FLAG_ASCII),
    ];
    let p = vm.self_::<Pattern>(&args[0])?;
    let (mut flags, is_bytes) = (p.flags, p.is_bytes);
    let shown: String = vm.repr_string(&p.pattern.clone())?.chars().take(200).collect();
    if is_bytes == Some(false) && flags & (FLAG_LOCALE | FLAG_UNICODE | FLAG_ASCII) == FLAG_UNICODE {
        flags &= !FLAG_UNICODE;
    }
    let mut names = vec![];
    for (name, bit) in NAMES {
        if flags & bit != 0 {
            names.push(name.to_owned());
            flags &= !bit;
        }
    }
    if flags != 0 {
        names.push(format!("{flags:#x}"));
    }
    let text = match names.is_empty() {
        true => format!("re.compile({shown})"),
        false => format!("re.compile({shown}, {})", names.join("|")),
    };
    Ok(vm.string(text))
}

fn pattern_hash(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let p = vm.self_::<Pattern>(&args[0])?;
    let bytes: Vec<u8> = p.code.iter().flat_map(|c| c.to_le_bytes()).collect();
    let h = hash::hash_bytes(&bytes) ^ p.flags ^ p.is_bytes.map_or(-1, i64::from) ^ p.groups as i64;
    let pattern = p.pattern.clone();
    let h = h ^ vm.hash(&pattern)?;
    Ok(vm.int(if h == -1 { -2 } else { h }))
}

fn pattern_equal(vm: &mut Vm, a: &Value, b: &Value, negate: bool) -> R<Value> {
    let (Some(x), Some(y)) = (a.native::<Pattern>(), b.native::<Pattern>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let same = a.is(b)
        || x.flags == y.flags && x.is_bytes == y.is_bytes && x.groups == y.groups && x.code == y.code && {
            vm.equal(&x.pattern, &y.pattern)?
        };
    Ok(Value::bool(same != negate))
}

/// Number of a group given by number or name.
fn group_number(vm: &mut Vm, pattern: &Value, v: &Value) -> R<usize> {
    let p = vm.self_::<Pattern>(pattern)?;
    let (groups, index) = (p.groups, p.groupindex.clone());
    let is_int = v.word().is_int() || v.word().is_bool() || v.is_kind(Kind::Int);
    let n = match is_int || vm.has_special(v, crate::types::specials::Special::Index) {
        true => vm.index_i64(v, "group").ok(),
        false => match crate::modules::support::get(vm, &index, v) {
            Ok(Some(n)) => vm.index_i64(&n, "group").ok(),
            Ok(None) => None,
            Err(e) => return Err(e),
        },
    };
    drop(vm.pending.take());
    match n.and_then(|n| usize::try_from(n).ok()).filter(|&n| n <= groups) {
        Some(n) => Ok(n),
        None => vm.fail("IndexError", "no such group"),
    }
}

/// A name's text, for keys of `groupdict`.
fn names_of(vm: &mut Vm, pattern: &Value) -> R<Vec<(Value, Value)>> {
    let index = vm.self_::<Pattern>(pattern)?.groupindex.clone();
    Ok(index.as_::<Dict>().iter().collect::<Vec<_>>())
}
