//! Calling a class.

use super::number::{BadInt, Num, parse_float, parse_int};
use super::repr::repr_str;
use crate::error::R;
use crate::object::{
    Dict, EnumZip, Exception, Kind, Kw, Lazy, List, Namespace, Plain, Range, Set, Slice, Str, Tuple, Type,
};
use crate::value::Value;
use crate::vm::Vm;

/// A class's constructor: name in error messages, fewest and most arguments, keywords taken by the function.
pub(crate) struct Constructor {
    min: usize,
    max: usize,
    keywords: bool,
    make: fn(&mut Vm, &[Value], Kw) -> R<Value>,
}

const fn row(
    min: usize,
    max: usize,
    keywords: bool,
    make: fn(&mut Vm, &[Value], Kw) -> R<Value>,
) -> Constructor {
    Constructor { min, max, keywords, make }
}

/// What happens to a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    Replace,
    KeyError,
}

impl Vm {
    /// Calls a builtin class's constructor with checked arguments.
    pub(crate) fn construct(&mut self, class: &Value, c: Constructor, args: &[Value], kw: Kw) -> R<Value> {
        let n = args.len();
        if n >= c.min && n <= c.max && (kw.is_empty() || c.keywords) {
            return (c.make)(self, args, kw);
        }
        let name = class.as_::<Type>().name.borrow().to_string();
        if !kw.is_empty() && !c.keywords {
            return self.fail("TypeError", format!("{name}() takes no keyword arguments"));
        }
        let s = |n: usize| if n == 1 { "" } else { "s" };
        if n < c.min {
            let least = if c.min == c.max { "" } else { "at least " };
            return self.fail(
                "TypeError",
                format!("{name} expected {least}{} argument{}, got {n}", c.min, s(c.min)),
            );
        }
        let most = if c.min == c.max { "" } else { "at most " };
        self.fail("TypeError", format!("{name} expected {most}{} argument{}, got {n}", c.max, s(c.max)))
    }

    /// `base.__new__(class, ...)` of a builtin class `base`. Mutable containers begin empty; `__init__` fills
    /// them.
    pub(crate) fn construct_as(&mut self, base: &Value, class: &Value, args: &[Value], kw: Kw) -> R<Value> {
        match base.as_::<Type>().instance.get() {
            Kind::Exception if base.as_::<Type>().is_subtype(self.types.exception("BaseExceptionGroup")) => {
                return self.new_group(class, args);
            }
            Kind::Exception if base.as_::<Type>().is_subtype(self.types.exception("OSError")) => {
                return self.new_os_error(class, args, kw);
            }
            Kind::Exception => {
                let args = match args {
                    [] => self.tuple(vec![]),
                    args => Tuple::copy_of(&self.types.tuple, args),
                };
                return Ok(Exception::new(class, args));
            }
            Kind::List => return Ok(List::new(class, vec![])),
            Kind::Dict => return Ok(Dict::new(class)),
            Kind::Set if base.is(&self.types.set) => return Ok(crate::object::Set::new(class)),
            _ => {}
        }
        let Some(c) = self.constructor_of(base) else {
            let message = format!("cannot create '{}' instances", class.as_::<Type>().name.borrow());
            return self.fail("TypeError", message);
        };
        // A class with an `__init__` of its own may take keywords that `__new__` does not know.
        let kw = if !c.keywords && self.overrides(class, base, "__init__") { Kw::NONE } else { kw };
        let v = self.construct(base, c, args, kw)?;
        // (`reversed` may answer with what a `__reversed__` returned.)
        let made = v.word().is_ptr() || !class.is(&self.types.reversed);
        let foreign = base.is(&self.types.reversed) && !(made && self.type_of(&v).is(base));
        if class.is(base) || foreign { Ok(v) } else { self.as_subclass(&v, class) }
    }

    /// Has a class another method of this name than its builtin base?
    pub(crate) fn overrides(&mut self, class: &Value, base: &Value, name: &str) -> bool {
        let name = self.intern(name);
        let of = |c: &Value| c.get::<Type>().and_then(|t| t.lookup(&name));
        match (of(class), of(base)) {
            (Some(a), Some(b)) => !a.is(&b),
            (a, b) => a.is_some() != b.is_some(),
        }
    }
    /// TypeError for keywords of a constructor without any, unless the class has an `__init__` of its own.
    pub(crate) fn no_keywords<T: crate::object::Payload>(&mut self, class: &Value, name: &str, kw: Kw) -> R {
        let own = self.class_of::<T>();
        if kw.is_empty() || own.is_some_and(|own| self.overrides(class, &own, "__init__")) {
            return Ok(());
        }
        self.fail("TypeError", format!("{name}() takes no keyword arguments"))
    }
    pub(crate) fn constructor_of(&self, class: &Value) -> Option<Constructor> {
        let t = &self.types;
        const ANY: usize = usize::MAX;
        Some(match () {
            _ if class.as_::<Type>().instance.get() == Kind::Exception => return None,
            _ if class.is(&t.int) => row(0, 2, true, new_int),
            _ if class.is(&t.float) => row(0, 1, false, new_float),
            _ if class.is(&t.str) => row(0, 3, true, new_str),
            _ if class.is(&t.bytes) => row(0, ANY, true, super::bytes::new_bytes),
            _ if class.is(&t.bool) => row(0, 1, false, |vm, a, _| match a {
                [v] => vm.truthy(v).map(Value::bool),
                _ => Ok(Value::FALSE),
            }),
            _ if class.is(&t.list) => row(0, 1, false, |vm, a, _| {
                let items = a.first().map_or(Ok(vec![]), |v| vm.to_vec_hinted(v))?;
                Ok(vm.list(items))
            }),
            _ if class.is(&t.tuple) => row(0, 1, false, |vm, a, _| match a {
                [v] if v.is_kind(Kind::Tuple) && vm.type_of(v).is(&vm.types.tuple) => Ok(v.clone()),
                [v] if v.word().is_plain(Kind::List) && !v.as_::<List>().is_empty() => {
                    Ok(Tuple::copy_of(&vm.types.tuple, v.as_::<List>().as_slice()))
                }
                _ => {
                    let items = a.first().map_or(Ok(vec![]), |v| vm.to_vec(v))?;
                    Ok(vm.tuple(items))
                }
            }),
            _ if class.is(&t.dict) => row(0, 1, true, |vm, a, kw| {
                let d = vm.dict();
                vm.dict_update(&d, a.first(), kw)?;
                Ok(d)
            }),
            _ if class.is(&t.range) => row(1, 3, false, new_range),
            _ if class.is(&t.type_) => row(0, ANY, true, |vm, a, kw| match a {
                [v] if kw.is_empty() => Ok(vm.type_of(v).clone()),
                [_, _, _] => {
                    let class = vm.types.type_.clone();
                    vm.make_instance(&class, a, kw)
                }
                [_] => vm.fail("TypeError", "type() takes no keyword arguments"),
                _ => vm.fail("TypeError", "type() takes 1 or 3 arguments"),
            }),
            _ if class.is(&t.object) => row(0, ANY, true, |vm, a, kw| {
                if !a.is_empty() || !kw.is_empty() {
                    return vm.fail("TypeError", "object() takes no arguments");
                }
                Ok(Plain::new(&vm.types.object))
            }),
            _ if class.is(&t.slice) => row(1, 3, false, |vm, a, _| {
                let at = |i: usize| a.get(i).cloned().unwrap_or(Value::NONE);
                Ok(match a.len() {
                    1 => Slice::new(&vm.types.slice, Value::NONE, at(0), Value::NONE),
                    _ => Slice::new(&vm.types.slice, at(0), at(1), at(2)),
                })
            }),
            _ if class.is(&t.complex) => row(0, ANY, true, |vm, a, kw| {
                let class = vm.types.complex.clone();
                super::complex::new_complex(vm, &class, a, kw)
            }),
            _ if class.is(&t.set) => row(0, 1, false, |vm, a, _| {
                let s = Set::new(&vm.types.set);
                a.first().map_or(Ok(()), |v| vm.set_update(&s, v))?;
                Ok(s)
            }),
            _ if class.is(&t.frozenset) => row(0, 1, false, |vm, a, _| {
                let class = vm.types.frozenset.clone();
                super::set::new_frozenset(vm, &class, a)
            }),
            _ if class.is(&t.enumerate) => row(0, ANY, true, new_enumerate),
            _ if class.is(&t.zip) => row(0, ANY, true, |vm, a, kw| {
                let strict = vm.strict("zip", kw)?;
                let iters = a.iter().map(|v| vm.get_iter(v)).collect::<R<Vec<_>>>()?;
                Ok(EnumZip::new(&vm.types.zip, Lazy::Zip, iters, Value::NONE, strict))
            }),
            _ if class.is(&t.map) => row(0, ANY, true, |vm, a, kw| {
                let strict = vm.strict("map", kw)?;
                let [f, rest @ ..] = a else {
                    return vm.fail("TypeError", "map() must have at least two arguments.");
                };
                if rest.is_empty() {
                    return vm.fail("TypeError", "map() must have at least two arguments.");
                }
                let iters = rest.iter().map(|v| vm.get_iter(v)).collect::<R<Vec<_>>>()?;
                Ok(EnumZip::new(&vm.types.map, Lazy::Map, iters, f.clone(), strict))
            }),
            _ if class.is(&t.filter) => row(2, 2, false, |vm, a, _| {
                let it = vm.get_iter(&a[1])?;
                Ok(EnumZip::new(&vm.types.filter, Lazy::Filter, vec![it], a[0].clone(), 0))
            }),
            _ if class.is(&t.reversed) => row(1, 1, false, |vm, a, _| vm.reversed(&a[0])),
            _ if class.is(&t.namespace) => row(0, 1, true, |vm, a, kw| {
                let d = vm.dict();
                vm.dict_update(&d, a.first(), kw)?;
                if d.as_::<Dict>().iter().any(|(k, _)| !k.is_kind(Kind::Str)) {
                    return vm.fail("TypeError", "keywords must be strings");
                }
                Ok(Namespace::new(&vm.types.namespace, d))
            }),
            _ if class.is(&t.none) => {
                row(0, ANY, true, |vm, a, kw| constant(vm, a, kw, "NoneType", Value::NONE))
            }
            _ if class.is(&t.ellipsis) => {
                row(0, ANY, true, |vm, a, kw| constant(vm, a, kw, "EllipsisType", Value::ELLIPSIS))
            }
            _ if class.is(&t.not_implemented) => row(0, ANY, true, |vm, a, kw| {
                constant(vm, a, kw, "NotImplementedType", Value::NOT_IMPLEMENTED)
            }),
            _ => return None,
        })
    }

    /// Refuses keywords other than these.
    #[inline]
    pub(crate) fn only_keywords(&mut self, who: &str, kw: Kw, known: &[&str]) -> R {
        if kw.is_empty() { Ok(()) } else { self.refuse_others(who, kw, known) }
    }
    fn refuse_others(&mut self, who: &str, kw: Kw, known: &[&str]) -> R {
        match kw.iter().find(|(n, _)| !known.contains(n)) {
            Some((n, _)) => {
                let message = format!("{who}() got an unexpected keyword argument '{n}'");
                self.fail("TypeError", message)
            }
            None => Ok(()),
        }
    }
    /// 1 if the keyword `strict` asks that iterators end together.
    fn strict(&mut self, who: &str, kw: Kw) -> R<i64> {
        self.only_keywords(who, kw, &["strict"])?;
        match kw.get("strict") {
            Some(v) => Ok(self.truthy(v)? as i64),
            None => Ok(0),
        }
    }

    /// `dict.update`: a mapping or pairs, then keywords.
    pub(crate) fn dict_update(&mut self, d: &Value, other: Option<&Value>, kw: Kw) -> R {
        match other {
            Some(o) if self.is_plain_dict(o) => self.dict_merge_into(d, o)?,
            Some(o) if self.get_attr_str_opt(o, "keys")?.is_some() => {
                self.mapping_into(d, o, Repeated::Replace)?
            }
            Some(o) => {
                let it = self.get_iter(o)?;
                let mut i = 0;
                while let Some(pair) = self.next(&it)? {
                    let pair = match self.iter_or_none(&pair)? {
                        Some(it) => self.to_vec(&it),
                        None => self.fail("TypeError", "object is not iterable"),
                    };
                    let Ok(pair) = pair else {
                        let e = self.take_pending();
                        if self.is_instance(&e, self.types.exception("TypeError")) {
                            let note = self.string(format!(
                                "Cannot convert dictionary update sequence element #{i} to a sequence"
                            ));
                            self.call_method(&e, "add_note", &[note])?;
                        }
                        return Err(self.set_pending(e));
                    };
                    let [k, v] = pair.as_slice() else {
                        let n = pair.len();
                        let message =
                            format!("dictionary update sequence element #{i} has length {n}; 2 is required");
                        return self.fail("ValueError", message);
                    };
                    self.dict_set(d.as_(), k, v.clone())?;
                    i += 1;
                }
            }
            None => {}
        }
        for (k, v) in kw.names.iter().zip(kw.values) {
            d.as_::<Dict>().set_str(self, k, v.clone());
        }
        Ok(())
    }

    /// A dict whose entries are all there is to it: its class has the iterator of `dict`.
    fn is_plain_dict(&mut self, v: &Value) -> bool {
        if !v.is_kind(Kind::Dict) {
            return false;
        }
        if !v.is_dynamic() {
            return true;
        }
        let dict = self.types.dict.clone();
        self.special_of(v, super::specials::Special::Iter).is_some_and(|m| self.is_builtin_method(&m, &dict))
    }
    /// Every entry of a mapping, which is anything with `keys()`, into a dict. AttributeError: it has none.
    pub(crate) fn mapping_into(&mut self, d: &Value, from: &Value, repeated: Repeated) -> R {
        if self.is_plain_dict(from) && repeated == Repeated::Replace {
            return self.dict_merge_into(d, from);
        }
        let entries: Option<Vec<_>> =
            if self.is_plain_dict(from) { Some(from.as_::<Dict>().iter().collect()) } else { None };
        if let Some(entries) = entries {
            for (k, v) in entries {
                self.merge_entry(d, &k, v, repeated)?;
            }
            return Ok(());
        }
        let keys = self.call_method(from, "keys", &[])?;
        let it = match self.get_iter(&keys) {
            Ok(it) => it,
            Err(e) => {
                self.only_type_error(e)?;
                let (name, got) = (self.type_name(from), self.type_name(&keys));
                let message = format!("{name}.keys() returned a non-iterable (type {got})");
                return self.fail("TypeError", message);
            }
        };
        while let Some(k) = self.next(&it)? {
            let v = self.get_item(from, &k)?;
            self.merge_entry(d, &k, v, repeated)?;
        }
        Ok(())
    }
    fn merge_entry(&mut self, d: &Value, k: &Value, v: Value, repeated: Repeated) -> R {
        if repeated == Repeated::KeyError && self.dict_get(d.as_(), k)?.is_some() {
            return Err(self.raise_type("KeyError", vec![k.clone()]));
        }
        self.dict_set(d.as_(), k, v)
    }

    pub(crate) fn list_reversed(&mut self, v: &Value) -> Value {
        let n = v.as_::<List>().len() as i64;
        let ty = &self.types.list_reverseiterator;
        EnumZip::new(ty, Lazy::Reversed, vec![v.clone()], Value::NONE, n - 1)
    }
    /// Has it items by number? (Not a dict.)
    fn has_items(&mut self, v: &Value) -> bool {
        use super::specials::Special;
        !v.is_kind(Kind::Dict) && self.has_special(v, Special::GetItem) && self.has_special(v, Special::Len)
    }
    pub(crate) fn reversed(&mut self, v: &Value) -> R<Value> {
        let ty = self.types.reversed.clone();
        if v.is_dynamic() {
            match self.special_of(v, super::specials::Special::Reversed) {
                Some(m) if m.is_none() => {}
                Some(m) => return self.call_unbound(&m, v, &[]),
                None if self.has_items(v) => {
                    let n = self.len_of(v)? as i64;
                    return Ok(EnumZip::new(&ty, Lazy::Reversed, vec![v.clone()], Value::NONE, n - 1));
                }
                None => {}
            }
            let message = format!("'{}' object is not reversible", self.type_name(v));
            return self.fail("TypeError", message);
        }
        match v.kind() {
            Some(Kind::List) => Ok(self.list_reversed(v)),
            Some(Kind::Tuple | Kind::Str | Kind::Bytes) => {
                let n = self.len_of(v)? as i64;
                Ok(EnumZip::new(&ty, Lazy::Reversed, vec![v.clone()], Value::NONE, n - 1))
            }
            Some(Kind::Range) => {
                if let Some(it) = self.small_range_reversed(v.as_()) {
                    return Ok(it);
                }
                let all = [Value::NONE, Value::NONE, Value::small(-1)];
                let back = Slice::new(&self.types.slice, all[0].clone(), all[1].clone(), all[2].clone());
                let r = self.get_item(v, &back)?;
                self.get_iter(&r)
            }
            Some(Kind::Dict) => Ok(self.dict_iter(v, crate::object::DictPart::Keys, true)),
            Some(Kind::DictView) => Ok(self.view_iter(v, true)),
            _ => {
                let message = format!("'{}' object is not reversible", self.type_name(v));
                self.fail("TypeError", message)
            }
        }
    }
}

fn constant(vm: &mut Vm, args: &[Value], kw: Kw, name: &str, v: Value) -> R<Value> {
    if !args.is_empty() || !kw.is_empty() {
        return vm.fail("TypeError", format!("{name} takes no arguments"));
    }
    Ok(v)
}

fn quoted(text: &Str) -> String {
    let mut out = String::new();
    repr_str(text, &mut out);
    out
}

fn new_int(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if let ([v], true) = (args, kw.is_empty()) {
        let w = v.word();
        if w.is_int() {
            return Ok(v.clone());
        }
        if w.is_float() {
            return vm.int_of_float(w.float());
        }
        if w.is_plain(Kind::Str)
            && let Some(i) = plain_decimal(v.as_::<Str>().bytes())
        {
            return Ok(vm.int(i));
        }
    }
    vm.only_keywords("int", kw, &["base"])?;
    let base = args.get(1).or(kw.get("base"));
    let Some(v) = args.first() else {
        if base.is_some() {
            return vm.fail("TypeError", "int() missing string argument");
        }
        return Ok(Value::small(0));
    };
    if let Some(base) = base {
        let base = vm.index_clamped(base)?;
        let text = v.is_kind(Kind::Str)
            || v.is_kind(Kind::Bytes)
            || v.native::<super::buffer::bytearray::ByteArray>().is_some();
        if !text {
            return vm.fail("TypeError", "int() can't convert non-string with explicit base");
        }
        if base != 0 && !(2..=36).contains(&base) {
            return vm.fail("ValueError", "int() base must be >= 2 and <= 36, or 0");
        }
        return match text_argument(vm, v)? {
            Some((text, shown)) => int_of_text(vm, &text, &shown, base as u32),
            None => vm.fail("TypeError", "int() can't convert non-string with explicit base"),
        };
    }
    match Num::of(v) {
        Some(Num::Int(i)) if !v.is_dynamic() => Ok(vm.int(i)),
        _ if v.is_dynamic() => {
            use super::specials::Special;
            for which in [Special::Int, Special::Index] {
                if let Some(r) = vm.call_special(v, which, &[])? {
                    if Num::int_of(&r).is_some() && !vm.type_of(&r).is(&vm.types.int) {
                        let (name, got) = (which.name(), vm.type_name(&r));
                        vm.warn_subclass(&format!("{name} returned non-int (type {got})"), "int")?;
                    }
                    return match Num::int_of(&r) {
                        Some(Num::Int(i)) => Ok(vm.int(i)),
                        Some(Num::Big(b)) => Ok(vm.big(b.clone())),
                        _ => {
                            let message =
                                format!("{} returned non-int (type {})", which.name(), vm.type_name(&r));
                            vm.fail("TypeError", message)
                        }
                    };
                }
            }
            if let Some((text, shown)) = text_argument(vm, v)? {
                return int_of_text(vm, &text, &shown, 10);
            }
            let message = format!(
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                vm.type_name(v)
            );
            vm.fail("TypeError", message)
        }
        Some(Num::Int(i)) => Ok(vm.int(i)),
        Some(Num::Big(b)) => Ok(vm.big(b.clone())),
        Some(Num::Float(f)) => vm.int_of_float(f),
        None => match text_argument(vm, v)? {
            Some((text, shown)) => int_of_text(vm, &text, &shown, 10),
            None => {
                let message = format!(
                    "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                    vm.type_name(v)
                );
                vm.fail("TypeError", message)
            }
        },
    }
}

/// A number of a few ASCII digits, perhaps with a sign.
fn plain_decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut n = 0i64;
    for b in digits {
        if !b.is_ascii_digit() {
            return None;
        }
        n = n * 10 + (b - b'0') as i64;
    }
    Some(if negative { -n } else { n })
}

/// The text of a str or of bytes from which a number is read, with ASCII digits; and as messages show it.
fn text_argument(vm: &mut Vm, v: &Value) -> R<Option<(String, String)>> {
    if let Some(s) = v.get::<Str>() {
        let text = s.as_str();
        let plain = text.chars().map(|c| match super::text::chars::decimal_value(c) {
            Some(d) if !c.is_ascii() => char::from_digit(d, 10).unwrap_or(c),
            _ => c,
        });
        return Ok(Some((plain.collect(), quoted(s))));
    }
    let Some(bytes) = vm.bytes_like(v)? else { return Ok(None) };
    // Bytes beyond ASCII are no digits and no space.
    let text = bytes.iter().map(|&b| if b.is_ascii() { b as char } else { char::REPLACEMENT_CHARACTER });
    let text = text.collect();
    let shown = vm.bytes(&bytes);
    let shown = vm.repr_string(&shown)?;
    Ok(Some((text, shown)))
}

impl Vm {
    /// What `__int__` and the like return should be of the class itself.
    fn warn_subclass(&mut self, what: &str, class: &str) -> R {
        let message = format!(
            "{what}.  The ability to return an instance of a strict subclass of {class} is deprecated, and may \
             be removed in a future version of Python."
        );
        self.warn("DeprecationWarning", message, 1)
    }
}

/// Text as an error shows it: no longer than 200 characters.
fn shortened(shown: &str) -> String {
    shown.chars().take(200).collect()
}

fn int_of_text(vm: &mut Vm, text: &str, shown: &str, base: u32) -> R<Value> {
    let limit = if text.len() > 640 { vm.max_str_digits() } else { 0 };
    match parse_int(text, base, limit) {
        Ok(b) => Ok(vm.big(b)),
        Err(BadInt::Literal) => {
            vm.fail("ValueError", format!("invalid literal for int() with base {base}: {}", shortened(shown)))
        }
        Err(BadInt::TooLong(n)) => {
            let message = format!(
                "Exceeds the limit ({limit} digits) for integer string conversion: value has {n} digits; use \
                 sys.set_int_max_str_digits() to increase the limit"
            );
            vm.fail("ValueError", message)
        }
    }
}

fn new_float(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let Some(v) = args.first() else { return Ok(Value::float(0.0)) };
    if v.word().is_int() {
        return Ok(Value::float(v.word().int() as f64));
    }
    if let Some(n) = Num::of(v).filter(|_| !v.is_dynamic()) {
        return vm.float_of(n).map(Value::float);
    }
    if v.is_dynamic() {
        use super::specials::Special;
        if let Some(r) = vm.call_special(v, Special::Float, &[])? {
            if r.word().is_float() {
                return Ok(r);
            }
            let (class, got) = (vm.type_name(v), vm.type_name(&r));
            if let Some(Num::Float(f)) = Num::of(&r) {
                let what = format!("{class}.__float__ returned non-float (type {got})");
                vm.warn_subclass(&what, "float")?;
                return Ok(Value::float(f));
            }
            return vm.fail("TypeError", format!("{class}.__float__ returned non-float (type {got})"));
        }
        let i = vm.try_index(v)?;
        if let Some(n) = Num::int_of(&i) {
            return vm.float_of(n).map(Value::float);
        }
    }
    if v.word().is_plain(Kind::Str)
        && let s = v.as_::<Str>()
        && s.is_ascii()
        && let Some(f) = parse_float(s.as_str())
    {
        return Ok(Value::float(f));
    }
    let Some((text, shown)) = text_argument(vm, v)? else {
        let message =
            format!("float() argument must be a string or a real number, not '{}'", vm.type_name(v));
        return vm.fail("TypeError", message);
    };
    match parse_float(&text) {
        Some(f) => Ok(Value::float(f)),
        None => vm.fail("ValueError", format!("could not convert string to float: {shown}")),
    }
}

fn new_str(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    if let ([v], true) = (args, kw.is_empty()) {
        return vm.str_of(v);
    }
    if !kw.is_empty() {
        let given = args.len() + kw.names.len();
        if given > 3 {
            return vm.fail("TypeError", format!("str() takes at most 3 arguments ({given} given)"));
        }
        vm.only_keywords("str", kw, &["object", "encoding", "errors"])?;
        for (i, name) in ["object", "encoding", "errors"].into_iter().enumerate() {
            if i < args.len() && kw.get(name).is_some() {
                let message = format!("argument for str() given by name ('{name}') and position ({})", i + 1);
                return vm.fail("TypeError", message);
            }
        }
    }
    for (i, name) in ["encoding", "errors"].into_iter().enumerate() {
        if let Some(v) = args.get(i + 1).or(kw.get(name))
            && !v.is_kind(Kind::Str)
        {
            let message = format!("str() argument '{name}' must be str, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        }
    }
    if args.len() > 1 || kw.get("encoding").or(kw.get("errors")).is_some() {
        let encoding = vm.codec_name("str", "encoding", args.get(1).or(kw.get("encoding")))?;
        let errors = vm.codec_name("str", "errors", args.get(2).or(kw.get("errors")))?;
        let Some(v) = args.first().or(kw.get("object")) else { return Ok(vm.intern("")) };
        if v.is_kind(Kind::Str) {
            return vm.fail("TypeError", "decoding str is not supported");
        }
        let Some(b) = vm.bytes_like(v)? else {
            let message = format!("decoding to str: need a bytes-like object, {} found", vm.type_name(v));
            return vm.fail("TypeError", message);
        };
        return vm.decode(&b, encoding.as_deref().unwrap_or("utf-8"), errors.as_deref().unwrap_or("strict"));
    }
    match args.first().or(kw.get("object")) {
        Some(v) => vm.str_of(v),
        None => Ok(vm.intern("")),
    }
}

fn new_range(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut parts = Vec::with_capacity(3);
    for v in args {
        let v = &vm.try_index(v)?;
        vm.index_clamped(v)?;
        // A bool counts as the int.
        parts.push(match Num::of(v) {
            Some(Num::Int(i)) => vm.int(i),
            _ => v.clone(),
        });
    }
    if args.len() == 1 {
        parts.insert(0, Value::small(0));
    }
    let step = if parts.len() == 3 { parts.pop() } else { None }.unwrap_or(Value::small(1));
    if step.is(&Value::small(0)) {
        return vm.fail("ValueError", "range() arg 3 must not be zero");
    }
    let (stop, start) = (parts.pop().unwrap_or(Value::NONE), parts.pop().unwrap_or(Value::NONE));
    Ok(Range::new(&vm.types.range, start, stop, step))
}

fn new_enumerate(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let given = args.len() + kw.names.len();
    if given > 2 {
        return vm.fail("TypeError", format!("enumerate() takes at most 2 arguments ({given} given)"));
    }
    let unknown = |vm: &mut Vm, n: &str| {
        vm.fail("TypeError", format!("'{n}' is an invalid keyword argument for enumerate()"))
    };
    // Of one keyword alone only `iterable` will do.
    let allowed: &[&str] = match (args.len(), given) {
        (0, 2) => &["iterable", "start"],
        (0, _) => &["iterable"],
        _ => &["start"],
    };
    if let Some((n, _)) = kw.iter().find(|(n, _)| !allowed.contains(n)) {
        return unknown(vm, n);
    }
    let Some(v) = args.first().or(kw.get("iterable")) else {
        return vm.fail("TypeError", "enumerate() missing required argument 'iterable'");
    };
    let (mut base, mut count) = (Value::NONE, 0);
    if let Some(s) = args.get(1).or(kw.get("start")) {
        let s = vm.try_index(s)?;
        vm.index_clamped(&s)?;
        match Num::int_of(&s) {
            // Far from the end: what is counted up never leaves 64 bits.
            Some(Num::Int(i)) if i < i64::MAX / 2 => count = i,
            _ => base = s,
        }
    }
    let it = vm.get_iter(v)?;
    Ok(EnumZip::new(&vm.types.enumerate, Lazy::Enumerate, vec![it], base, count))
}
