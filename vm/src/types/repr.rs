//! `repr` and `str`.
//!
//! One writer walks nested containers with the list of those it is inside of, so that a container that holds
//! itself shows as `[...]`.

use super::number::{Num, float_repr, int_digits};
use crate::code::Code;
use crate::error::R;
use crate::object::{
    Builtin, Bytes, ClosureCell, Complex, Dict, FrameObject, Function, Generator, Kind, List, Method, Module,
    Namespace, Range, Set, Slice, Str, Tuple, Type,
};
use crate::types::specials::Special;
use crate::value::Value;
use crate::vm::Vm;

/// Ints of fewer bits cannot exceed any permitted limit on digits (CPython's threshold is 640 digits).
const ALWAYS_FINE_BITS: u64 = 2126;

impl Vm {
    pub fn repr(&mut self, v: &Value) -> R<Value> {
        // A method may answer an instance of a class derived from str.
        if v.is_dynamic() {
            return self.dynamic_repr(v);
        }
        let s = self.repr_string(v)?;
        Ok(self.string(s))
    }
    pub fn repr_string(&mut self, v: &Value) -> R<String> {
        let mut out = String::new();
        let mut inside = std::mem::take(&mut self.repr_stack);
        let r = self.write_repr(v, &mut out, &mut inside);
        self.repr_stack = inside;
        r?;
        Ok(out)
    }
    /// The builtin class's own `__repr__`.
    pub(crate) fn repr_builtin(&mut self, v: &Value) -> R<Value> {
        let mut out = String::new();
        let mut inside = std::mem::take(&mut self.repr_stack);
        let r = self.write_builtin(v, &mut out, &mut inside);
        self.repr_stack = inside;
        r?;
        Ok(self.string(out))
    }
    pub fn str_of(&mut self, v: &Value) -> R<Value> {
        if v.is_dynamic() {
            return self.dynamic_str(v);
        }
        if v.is_kind(Kind::Str) {
            return Ok(v.clone());
        }
        if v.word().is_int() {
            return Ok(match v.word().int() {
                i @ 0..=9 => self.latin1_char(b'0' + i as u8),
                i => Str::decimal(&self.types.str, i),
            });
        }
        let s = self.str_string(v)?;
        Ok(self.string(s))
    }
    pub fn str_string(&mut self, v: &Value) -> R<String> {
        if v.is_dynamic() {
            let s = self.dynamic_str(v)?;
            return Ok(s.as_::<Str>().as_str().to_owned());
        }
        self.str_string_builtin(v)
    }
    /// The builtin class's own `__str__`.
    pub(crate) fn str_string_builtin(&mut self, v: &Value) -> R<String> {
        match v.kind() {
            Some(Kind::Str) => Ok(v.as_::<Str>().as_str().to_owned()),
            Some(Kind::Exception) => self.exception_text(v),
            _ => self.repr_string(v),
        }
    }
    /// `ascii(v)`.
    pub(crate) fn ascii_string(&mut self, v: &Value) -> R<String> {
        let text = self.repr(v)?;
        Ok(self.ascii_text(&text))
    }
    /// A str with everything but ASCII escaped.
    pub(crate) fn ascii_text(&mut self, text: &Value) -> String {
        let text = text.as_::<Str>();
        let mut out = String::with_capacity(text.len());
        for c in text.code_points() {
            match c.to_char().filter(char::is_ascii) {
                Some(c) => out.push(c),
                None => escape(c.to_u32(), &mut out),
            }
        }
        out
    }

    /// Most decimal digits an int may have as text; 0: no limit. Kept where sys.set_int_max_str_digits can
    /// change it.
    pub(crate) fn max_str_digits(&mut self) -> usize {
        let key = self.intern(super::table::MAX_STR_DIGITS);
        let n = self.sys_module.get::<Module>().and_then(|m| m.dict.as_::<Dict>().get_str(&key));
        n.filter(|n| n.word().is_int()).map_or(4300, |n| n.word().int().max(0) as usize)
    }

    /// Decimal digits of an int, unless there are too many.
    pub(crate) fn decimal(&mut self, n: Num) -> R<String> {
        let Num::Big(b) = n else { return Ok(int_digits(n, 10)) };
        let too_long = |limit: usize| {
            format!(
                "Exceeds the limit ({limit} digits) for integer string conversion; use \
                 sys.set_int_max_str_digits() to increase the limit"
            )
        };
        let limit = if b.bits() < ALWAYS_FINE_BITS { 0 } else { self.max_str_digits() };
        // log10(2) > 0.30102: enough bits mean too many digits, without converting a giant.
        if limit > 0 && (b.bits() - 1) as f64 * (std::f64::consts::LOG10_2 - 1e-5) > limit as f64 + 1.0 {
            return self.fail("ValueError", too_long(limit));
        }
        let s = b.to_str_radix(10);
        if limit > 0 && s.trim_start_matches('-').len() > limit {
            return self.fail("ValueError", too_long(limit));
        }
        Ok(s)
    }

    fn write_repr(&mut self, v: &Value, out: &mut String, inside: &mut Vec<Value>) -> R {
        if v.is_dynamic() {
            // Python code may ask for more reprs: what we are inside of goes along.
            std::mem::swap(&mut self.repr_stack, inside);
            let r = self.dynamic_repr(v);
            std::mem::swap(&mut self.repr_stack, inside);
            out.push_str(r?.as_::<Str>().as_str());
            return Ok(());
        }
        self.write_builtin(v, out, inside)
    }
    fn write_builtin(&mut self, v: &Value, out: &mut String, inside: &mut Vec<Value>) -> R {
        match Num::of(v) {
            Some(_) if v.word().is_bool() => out.push_str(if v.is(&Value::TRUE) { "True" } else { "False" }),
            Some(Num::Float(f)) => out.push_str(&float_repr(f)),
            Some(n) => out.push_str(&self.decimal(n)?),
            None => return self.write_object(v, out, inside),
        }
        Ok(())
    }

    fn write_object(&mut self, v: &Value, out: &mut String, inside: &mut Vec<Value>) -> R {
        let Some(kind) = v.kind() else {
            out.push_str(match () {
                _ if v.is_none() => "None",
                _ if v.is(&Value::ELLIPSIS) => "Ellipsis",
                _ => "NotImplemented",
            });
            return Ok(());
        };
        if kind == Kind::Str {
            repr_str(v.as_::<Str>(), out);
            return Ok(());
        }
        if let Some(b) = v.get::<Bytes>() {
            super::bytes::repr_bytes(b.as_slice(), out);
            return Ok(());
        }
        let nests = matches!(
            kind,
            Kind::List
                | Kind::Tuple
                | Kind::Dict
                | Kind::Set
                | Kind::Namespace
                | Kind::Exception
                | Kind::DictView
                | Kind::Slice
        );
        if !nests {
            return self.write_leaf(v, kind, out);
        }
        if inside.iter().any(|x| x.is(v)) {
            if kind == Kind::Set && v.is_dynamic() {
                out.push_str(&self.type_of(v).as_::<Type>().short_name());
                out.push_str("(...)");
                return Ok(());
            }
            out.push_str(match kind {
                Kind::List => "[...]",
                Kind::Tuple => "(...)",
                Kind::Namespace => "namespace(...)",
                Kind::Dict => "{...}",
                Kind::Set if self.is_frozenset(v) => "frozenset(...)",
                Kind::Set => "set(...)",
                _ => "...",
            });
            return Ok(());
        }
        self.guard_recursion("while getting the repr of an object")?;
        inside.push(v.clone());
        let r = self.write_nest(v, kind, out, inside);
        inside.pop();
        r
    }

    fn write_nest(&mut self, v: &Value, kind: Kind, out: &mut String, inside: &mut Vec<Value>) -> R {
        match kind {
            Kind::List => {
                out.push('[');
                let list = v.as_::<List>();
                let mut i = 0;
                while let Some(item) = list.get(i) {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    self.write_repr(&item, out, inside)?;
                    i += 1;
                }
                out.push(']');
            }
            Kind::Tuple => self.write_tuple(v.as_::<Tuple>().as_slice(), out, inside)?,
            Kind::Dict => self.write_dict(v.as_::<Dict>(), out, inside)?,
            Kind::Set => self.write_set(v, out, inside)?,
            Kind::Slice => {
                let s = v.as_::<Slice>();
                out.push_str("slice");
                self.write_tuple(&[s.start.clone(), s.stop.clone(), s.step.clone()], out, inside)?;
            }
            Kind::Namespace => {
                match self.type_of(v).is(&self.types.namespace) {
                    true => out.push_str("namespace("),
                    false => {
                        out.push_str(&self.type_name(v));
                        out.push('(');
                    }
                }
                let entries: Vec<_> = v.as_::<Namespace>().dict.as_::<Dict>().iter().collect();
                for (i, (k, item)) in entries.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(k.get::<Str>().map_or("?", Str::as_str));
                    out.push('=');
                    self.write_repr(item, out, inside)?;
                }
                out.push(')');
            }
            Kind::Exception if self.is_instance(v, self.types.exception("BaseExceptionGroup")) => {
                out.push_str(&self.type_name(v));
                let (message, items) = self.group_parts(v);
                let shown = v.as_::<crate::object::Exception>().fields.borrow().get(2).cloned();
                out.push('(');
                self.write_repr(&message, out, inside)?;
                out.push_str(", ");
                match shown {
                    Some(s) if s.is_kind(Kind::Str) => out.push_str(&s.as_::<Str>().wtf8().to_string_lossy()),
                    // The arguments of now tell lists from tuples.
                    _ if !matches!(self.exception_args(v).as_slice(), [_, l] if l.is_kind(Kind::List)) => {
                        self.write_tuple(&items, out, inside)?
                    }
                    _ => {
                        let items = self.list(items);
                        self.write_repr(&items, out, inside)?;
                    }
                }
                out.push(')');
            }
            Kind::Exception => {
                out.push_str(&self.type_name(v));
                let args = self.exception_args(v);
                match args.as_slice() {
                    [one] => {
                        out.push('(');
                        self.write_repr(one, out, inside)?;
                        out.push(')');
                    }
                    all => self.write_tuple(all, out, inside)?,
                }
            }
            _ => return self.write_view(v, out, inside),
        }
        Ok(())
    }

    fn write_tuple(&mut self, items: &[Value], out: &mut String, inside: &mut Vec<Value>) -> R {
        out.push('(');
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.write_repr(item, out, inside)?;
        }
        out.push_str(if items.len() == 1 { ",)" } else { ")" });
        Ok(())
    }

    /// `{1, 2}`, `set()`, `frozenset({1, 2})`.
    fn write_set(&mut self, v: &Value, out: &mut String, inside: &mut Vec<Value>) -> R {
        let plain = self.type_of(v).is(&self.types.set);
        let keys = v.as_::<Set>().keys();
        if keys.is_empty() || !plain {
            out.push_str(&self.type_name(v));
            out.push('(');
        }
        for (i, (k, _)) in keys.iter().enumerate() {
            out.push_str(if i == 0 { "{" } else { ", " });
            self.write_repr(k, out, inside)?;
        }
        if !keys.is_empty() {
            out.push('}');
        }
        if keys.is_empty() || !plain {
            out.push(')');
        }
        Ok(())
    }

    fn write_dict(&mut self, d: &Dict, out: &mut String, inside: &mut Vec<Value>) -> R {
        out.push('{');
        let (mut at, mut first) = (0, true);
        while let Some((i, k, item)) = d.next_entry(at) {
            at = i + 1;
            if !std::mem::take(&mut first) {
                out.push_str(", ");
            }
            self.write_repr(&k, out, inside)?;
            out.push_str(": ");
            self.write_repr(&item, out, inside)?;
        }
        out.push('}');
        Ok(())
    }

    /// `dict_keys([...])`; iterators have no contents to show.
    fn write_view(&mut self, v: &Value, out: &mut String, inside: &mut Vec<Value>) -> R {
        let name = self.type_name(v);
        let items = self.to_vec(v)?;
        out.push_str(&name);
        out.push_str("([");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.write_repr(item, out, inside)?;
        }
        out.push_str("])");
        Ok(())
    }

    fn write_leaf(&mut self, v: &Value, kind: Kind, out: &mut String) -> R {
        let at = v.word().0;
        let text = match kind {
            Kind::Complex => {
                let c = v.as_::<Complex>();
                super::complex::complex_repr(c.re, c.im)
            }
            Kind::Range => {
                let r = v.as_::<Range>();
                let (a, b, c) = (r.start.clone(), r.stop.clone(), r.step.clone());
                let mut s = format!("range({}, {}", self.repr_string(&a)?, self.repr_string(&b)?);
                if !c.is(&Value::small(1)) {
                    s.push_str(&format!(", {}", self.repr_string(&c)?));
                }
                s + ")"
            }
            Kind::Function => {
                format!("<function {} at {at:#014x}>", text_of(&v.as_::<Function>().qualname.borrow()))
            }
            Kind::Builtin => {
                let b = v.as_::<Builtin>();
                let slot = [&self.types.slot_wrapper, &self.types.method_wrapper];
                if slot.iter().any(|t| self.type_of(v).is(t)) {
                    match b.is_descriptor() {
                        true => format!(
                            "<slot wrapper '{}' of '{}' objects>",
                            b.def.name,
                            b.owner.as_::<Type>().name.borrow()
                        ),
                        false => format!(
                            "<method-wrapper '{}' of {} object at {:#014x}>",
                            b.def.name,
                            self.type_name(&b.self_),
                            b.self_.word().0
                        ),
                    }
                } else if b.is_descriptor() {
                    format!("<method '{}' of '{}' objects>", b.def.name, b.owner.as_::<Type>().name.borrow())
                } else if !b.owner.is_null() {
                    let owner =
                        if b.self_.is_kind(Kind::Type) { "type".into() } else { self.type_name(&b.self_) };
                    format!(
                        "<built-in method {} of {owner} object at {:#014x}>",
                        b.def.name,
                        b.self_.word().0
                    )
                } else {
                    format!("<built-in function {}>", b.def.name)
                }
            }
            Kind::Method => {
                let m = v.as_::<Method>();
                let (func, self_) = (m.func.clone(), m.self_.clone());
                let mut name = None;
                for attribute in ["__qualname__", "__name__"] {
                    if name.is_none() {
                        name = self.get_attr_str_opt(&func, attribute)?.filter(|n| n.is_kind(Kind::Str));
                    }
                }
                let name = name.map_or("?".into(), |n| text_of(&n));
                format!("<bound method {name} of {}>", self.repr_string(&self_)?)
            }
            Kind::Code => {
                let c = v.as_::<Code>();
                let (name, file) = (text_of(&c.name), text_of(&c.filename()));
                format!("<code object {name} at {at:#014x}, file \"{file}\", line {}>", c.firstlineno)
            }
            Kind::Module => {
                let key = self.intern("__name__");
                let name = v.as_::<Module>().dict.as_::<Dict>().get_str(&key);
                format!("<module '{}' (built-in)>", name.map_or("?".into(), |n| text_of(&n)))
            }
            Kind::Type => format!("<class '{}'>", self.full_name(v)),
            Kind::ClosureCell => match v.as_::<ClosureCell>().get() {
                Some(x) => {
                    let name = self.type_name(&x);
                    format!("<cell at {at:#014x}: {name} object at {:#014x}>", x.word().0)
                }
                None => format!("<cell at {at:#014x}: empty>"),
            },
            Kind::Generator => {
                let name = v.as_::<Generator>().qualname.borrow().clone();
                format!("<{} object {} at {at:#014x}>", self.type_name(v), self.str_string(&name)?)
            }
            Kind::FrameObject => {
                let f = v.as_::<FrameObject>();
                let (file, name) = (f.code().filename(), f.code().name.clone());
                format!(
                    "<frame at {at:#014x}, file {}, line {}, code {}>",
                    self.repr_string(&file)?,
                    f.line(),
                    self.str_string(&name)?
                )
            }
            _ => format!("<{} object at {at:#014x}>", self.type_name(v)),
        };
        out.push_str(&text);
        Ok(())
    }

    /// `str` of an exception: its class's `__str__`.
    fn exception_text(&mut self, e: &Value) -> R<String> {
        let Some(m) = self.special_of(e, Special::Str) else { return Ok(String::new()) };
        let text = self.call_unbound(&m, e, &[])?;
        match text.get::<Str>() {
            Some(s) => Ok(s.as_str().to_owned()),
            None => {
                let message = format!("__str__ returned non-string (type {})", self.type_name(&text));
                self.fail("TypeError", message)
            }
        }
    }
}

fn text_of(v: &Value) -> String {
    v.get::<Str>().map_or(String::new(), |s| s.as_str().to_owned())
}

/// `repr` of a str: single quotes unless only the other kind avoids escapes.
pub fn repr_str(s: &Str, out: &mut String) {
    let quote = if s.bytes().contains(&b'\'') && !s.bytes().contains(&b'"') { '"' } else { '\'' };
    out.reserve(s.bytes().len() + 2);
    out.push(quote);
    for c in s.code_points() {
        let Some(c) = c.to_char() else {
            escape(c.to_u32(), out);
            continue;
        };
        match c {
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c if is_printable(c) => out.push(c),
            c => escape(c as u32, out),
        }
    }
    out.push(quote);
}

/// Not of a category Cc, Cf, Cs, Co, Cn, Zl, Zp, Zs (but a space).
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() { (' '..='~').contains(&c) } else { rustpython_unicode::classify::is_printable(c) }
}

fn escape(c: u32, out: &mut String) {
    let text = match c {
        n @ 0..=0xff => format!("\\x{n:02x}"),
        n @ 0x100..=0xffff => format!("\\u{n:04x}"),
        n => format!("\\U{n:08x}"),
    };
    out.push_str(&text);
}
