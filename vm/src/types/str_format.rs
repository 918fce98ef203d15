//! `str.format`: replacement fields with attribute and item look-ups, conversions and nested specs.

use crate::error::R;
use crate::object::{Kw, Str};
use crate::value::Value;
use crate::vm::Vm;

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
    let chars: Vec<char> = args[0].as_::<Str>().as_str().chars().collect();
    let s = expand(vm, &chars, &mut fields, 2)?;
    Ok(vm.string(s))
}

pub fn format_map(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let mut fields = Fields { args: &[], kw: Kw::NONE, map: Some(&args[1]), automatic: None, manual: false };
    let chars: Vec<char> = args[0].as_::<Str>().as_str().chars().collect();
    let s = expand(vm, &chars, &mut fields, 2)?;
    Ok(vm.string(s))
}

fn expand(vm: &mut Vm, chars: &[char], fields: &mut Fields, depth: u32) -> R<String> {
    if depth == 0 {
        return vm.fail("ValueError", "Max string recursion exceeded");
    }
    let (mut out, mut i) = (String::new(), 0);
    while let Some(&c) = chars.get(i) {
        i += 1;
        match c {
            '{' | '}' if chars.get(i) == Some(&c) => {
                out.push(c);
                i += 1;
            }
            '}' => return vm.fail("ValueError", "Single '}' encountered in format string"),
            '{' => {
                if i >= chars.len() {
                    return vm.fail("ValueError", "Single '{' encountered in format string");
                }
                let start = i;
                let (mut open, mut bracket) = (1, false);
                while i < chars.len() && open > 0 {
                    match chars[i] {
                        '[' => bracket = true,
                        ']' => bracket = false,
                        '{' if !bracket => open += 1,
                        '}' if !bracket => open -= 1,
                        _ => {}
                    }
                    i += 1;
                }
                if open > 0 {
                    return vm.fail("ValueError", "expected '}' before end of string");
                }
                out.push_str(&field(vm, &chars[start..i - 1], fields, depth)?);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// One field without its braces: `name!conversion:spec`.
fn field(vm: &mut Vm, chars: &[char], fields: &mut Fields, depth: u32) -> R<String> {
    let mut bracket = false;
    let end = chars.iter().position(|&c| {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            _ => {}
        }
        !bracket && matches!(c, '!' | ':')
    });
    let end = end.unwrap_or(chars.len());
    let name: String = chars[..end].iter().collect();
    let mut rest = &chars[end..];
    let mut conversion = None;
    if rest.first() == Some(&'!') {
        let Some(&c) = rest.get(1) else {
            return vm.fail("ValueError", "end of string while looking for conversion specifier");
        };
        conversion = Some(c);
        rest = &rest[2..];
        if !rest.is_empty() && rest[0] != ':' {
            return vm.fail("ValueError", "expected ':' after conversion specifier");
        }
    }
    let v = lookup(vm, &name, fields)?;
    let v = match conversion {
        None => v,
        Some('r') => vm.repr(&v)?,
        Some('s') => vm.str_of(&v)?,
        Some('a') => {
            let s = vm.ascii_string(&v)?;
            vm.string(s)
        }
        Some(c) => return vm.fail("ValueError", format!("Unknown conversion specifier {c}")),
    };
    let spec = match rest.split_first() {
        Some((_, spec)) if spec.contains(&'{') || spec.contains(&'}') => expand(vm, spec, fields, depth - 1)?,
        Some((_, spec)) => spec.iter().collect(),
        None => String::new(),
    };
    vm.format_value(&v, &spec)
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
        None => {
            vm.fail("IndexError", format!("Replacement index {index} out of range for positional args tuple"))
        }
    }
}
