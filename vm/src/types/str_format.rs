//! `str.format`: replacement fields with attribute and item look-ups, conversions and nested specs.

use crate::error::R;
use crate::object::{Kw, Str};
use crate::value::Value;
use crate::vm::Vm;
use rustpython_wtf8::{CodePoint, Wtf8, Wtf8Buf};

struct Fields<'a> {
    args: &'a [Value],
    kw: Kw<'a>,
    map: Option<&'a Value>,
    /// Next automatic number, once one was used.
    automatic: Option<usize>,
    manual: bool,
}

pub fn format(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let mut fields = Fields { args: &args[1..], kw, map: None, automatic: None, manual: false };
    let s = expand(vm, args[0].as_::<Str>().wtf8(), &mut fields, 2)?;
    Ok(vm.wtf8_buf(s))
}

pub fn format_map(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut fields = Fields { args: &[], kw: Kw::NONE, map: Some(&args[1]), automatic: None, manual: false };
    let s = expand(vm, args[0].as_::<Str>().wtf8(), &mut fields, 2)?;
    Ok(vm.wtf8_buf(s))
}

/// A part of a template: literal text, then perhaps a field.
pub struct Piece {
    pub literal: Wtf8Buf,
    pub field: Option<Field>,
}
pub struct Field {
    pub name: Wtf8Buf,
    pub conversion: Option<CodePoint>,
    pub spec: Wtf8Buf,
}

/// Takes a template apart. The pieces before an error are lost: it is raised at once.
pub fn pieces(vm: &mut Vm, text: &Wtf8) -> R<Vec<Piece>> {
    let chars: Vec<CodePoint> = text.code_points().collect();
    let (mut all, mut literal, mut i) = (vec![], Wtf8Buf::new(), 0);
    while let Some(&c) = chars.get(i) {
        i += 1;
        match c.to_char_lossy() {
            '{' | '}' if chars.get(i) == Some(&c) => {
                i += 1;
                literal.push(c);
                // An escaped brace ends a piece of its own.
                all.push(Piece { literal: std::mem::take(&mut literal), field: None });
            }
            '}' => return vm.fail("ValueError", "Single '}' encountered in format string"),
            '{' if i >= chars.len() => {
                return vm.fail("ValueError", "Single '{' encountered in format string");
            }
            '{' => {
                let field = Some(take_field(vm, &chars, &mut i)?);
                all.push(Piece { literal: std::mem::take(&mut literal), field });
            }
            _ => literal.push(c),
        }
    }
    if !literal.is_empty() {
        all.push(Piece { literal, field: None });
    }
    Ok(all)
}

/// A field, from behind its opening brace to behind its closing one.
fn take_field(vm: &mut Vm, chars: &[CodePoint], at: &mut usize) -> R<Field> {
    let get = |i: usize| chars.get(i).map(|c| c.to_char_lossy());
    let (start, mut i, mut bracket) = (*at, *at, false);
    while let Some(c) = get(i) {
        match c {
            '{' if !bracket => return vm.fail("ValueError", "unexpected '{' in field name"),
            '[' => bracket = true,
            ']' => bracket = false,
            '}' | ':' | '!' if !bracket => break,
            _ => {}
        }
        i += 1;
    }
    let mut field =
        Field { name: chars[start..i].iter().copied().collect(), conversion: None, spec: Wtf8Buf::new() };
    if get(i) == Some('!') {
        field.conversion = chars.get(i + 1).copied();
        if field.conversion.is_none() {
            return vm.fail("ValueError", "end of string while looking for conversion specifier");
        }
        i += 2;
        match get(i) {
            Some(':' | '}') => {}
            Some(_) => return vm.fail("ValueError", "expected ':' after conversion specifier"),
            None => return vm.fail("ValueError", "unmatched '{' in format spec"),
        }
    }
    match get(i) {
        Some('}') => {
            *at = i + 1;
            return Ok(field);
        }
        Some(_) => {}
        None => return vm.fail("ValueError", "expected '}' before end of string"),
    }
    let (from, mut open) = (i + 1, 1);
    for (i, c) in chars.iter().enumerate().skip(from) {
        match c.to_char_lossy() {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            field.spec = chars[from..i].iter().copied().collect();
            *at = i + 1;
            return Ok(field);
        }
    }
    vm.fail("ValueError", "unmatched '{' in format spec")
}

fn expand(vm: &mut Vm, text: &Wtf8, fields: &mut Fields, depth: u32) -> R<Wtf8Buf> {
    if depth == 0 {
        return vm.fail("ValueError", "Max string recursion exceeded");
    }
    let mut out = Wtf8Buf::new();
    for piece in pieces(vm, text)? {
        out.push_wtf8(&piece.literal);
        if let Some(f) = piece.field {
            expand_field(vm, f, fields, depth, &mut out)?;
        }
    }
    Ok(out)
}

fn expand_field(vm: &mut Vm, field: Field, fields: &mut Fields, depth: u32, out: &mut Wtf8Buf) -> R {
    let v = lookup(vm, &field.name.to_string_lossy(), fields)?;
    let v = match field.conversion.map(CodePoint::to_char_lossy) {
        None => v,
        Some('r') => vm.repr(&v)?,
        Some('s') => vm.str_of(&v)?,
        Some('a') => {
            let s = vm.ascii_string(&v)?;
            vm.string(s)
        }
        Some(c) => return vm.fail("ValueError", format!("Unknown conversion specifier {c}")),
    };
    let nested = field.spec.as_bytes().iter().any(|b| matches!(b, b'{' | b'}'));
    let spec = if nested { expand(vm, &field.spec, fields, depth - 1)? } else { field.spec };
    match v.get::<Str>() {
        Some(s) if spec.is_empty() && !v.is_dynamic() => out.push_wtf8(s.wtf8()),
        _ => {
            let spec = Str::from_buf(&vm.types.str, spec);
            let text = vm.format_object(&v, Some(&spec))?;
            out.push_wtf8(text.as_::<Str>().wtf8());
        }
    }
    Ok(())
}

/// `0.attribute[item]` and the like.
fn lookup(vm: &mut Vm, name: &str, fields: &mut Fields) -> R<Value> {
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (first, mut rest) = name.split_at(end);
    let mut v = root(vm, first, fields)?;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return vm.fail("ValueError", "Empty attribute in format string");
            }
            let key = vm.intern(&after[..end]);
            v = vm.get_attr(&v, &key)?;
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some(end) = after.find(']') else {
                return vm.fail("ValueError", "Missing ']' in format string");
            };
            if end == 0 {
                return vm.fail("ValueError", "Empty attribute in format string");
            }
            let key = match after[..end].parse::<u32>() {
                Ok(n) => Value::small(n as i64),
                Err(_) if after[..end].bytes().all(|b| b.is_ascii_digit()) => {
                    return vm.fail("ValueError", "Too many decimal digits in format string");
                }
                Err(_) => vm.str(&after[..end]),
            };
            v = vm.get_item(&v, &key)?;
            rest = &after[end + 1..];
        } else {
            return vm.fail("ValueError", "Only '.' or '[' may follow ']' in format field specifier");
        }
    }
    Ok(v)
}

fn root(vm: &mut Vm, name: &str, fields: &mut Fields) -> R<Value> {
    let index = if name.is_empty() {
        if fields.manual {
            let message = "cannot switch from manual field specification to automatic field numbering";
            return vm.fail("ValueError", message);
        }
        let n = fields.automatic.unwrap_or(0);
        fields.automatic = Some(n + 1);
        n
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        if fields.automatic.is_some() {
            let message = "cannot switch from automatic field numbering to manual field specification";
            return vm.fail("ValueError", message);
        }
        fields.manual = true;
        match name.parse::<u32>() {
            Ok(n) => n as usize,
            Err(_) => return vm.fail("ValueError", "Too many decimal digits in format string"),
        }
    } else {
        if let Some(map) = fields.map {
            let key = vm.str(name);
            return vm.get_item(map, &key);
        }
        if let Some(v) = fields.kw.get(name) {
            return Ok(v.clone());
        }
        let key = vm.str(name);
        return Err(vm.raise_type("KeyError", vec![key]));
    };
    match fields.args.get(index) {
        Some(v) => Ok(v.clone()),
        None if fields.map.is_some() => vm.fail("ValueError", "Format string contains positional fields"),
        None => {
            vm.fail("IndexError", format!("Replacement index {index} out of range for positional args tuple"))
        }
    }
}
