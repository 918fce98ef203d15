//! Module `_tokenize`: `TokenizerIter`, which `tokenize` is made of.

mod scan;

use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Bytes, Kw, Payload, Str};
use crate::types::native::ClassDef;
use crate::value::Value;
use crate::vm::Vm;
use scan::{Error, Scan};
use std::cell::{Cell, RefCell};

/// Lines are read when the first token is asked for.
struct TokenizerIter {
    readline: RefCell<Value>,
    is_bytes: bool,
    extra: bool,
    scan: Cell<Option<Box<Scan>>>,
    done: Cell<bool>,
}

impl Payload for TokenizerIter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.readline.borrow());
    }
    fn clear(&self) {
        drop(self.readline.replace(Value::NONE));
    }
}

static CLASS: ClassDef = ClassDef {
    name: "_tokenize.TokenizerIter",
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, new),
        BuiltinDef::new("__iter__", 0, 0, |_, a, _| Ok(a[0].clone())),
        BuiltinDef::new("__next__", 0, 0, next),
    ],
    ..ClassDef::DEFAULT
};

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("_tokenize", &[]);
    let class = vm.native_class::<TokenizerIter>(&CLASS);
    vm.set_global(&m, "TokenizerIter", class);
    Ok(m)
}

fn new(vm: &mut Vm, args: &[Value], kw: Kw) -> R<Value> {
    let names = ["readline", "encoding", "extra_tokens"];
    let [readline, encoding, extra] = vm.bind_args("tokenizeriter", names, 1, 1, &args[1..], kw)?;
    let Some(extra) = extra else {
        return vm.fail("TypeError", "tokenizeriter() missing required argument 'extra_tokens' (pos 3)");
    };
    let extra = vm.truthy(&extra)?;
    let payload = TokenizerIter {
        readline: RefCell::new(readline.unwrap_or(Value::NONE)),
        is_bytes: encoding.is_some_and(|e| !e.is_none()),
        extra,
        scan: Cell::new(None),
        done: Cell::new(false),
    };
    Ok(vm.new_native(&args[0], payload))
}

/// All lines that `readline` has.
fn read_all(vm: &mut Vm, readline: &Value, is_bytes: bool) -> R<Vec<char>> {
    let mut text = vec![];
    loop {
        let line = match vm.call(readline, &[], Kw::NONE) {
            Ok(l) => l,
            Err(_) => {
                let e = vm.take_pending();
                if vm.is_instance(&e, vm.types.exception("StopIteration")) {
                    return Ok(text);
                }
                return Err(vm.set_pending(e));
            }
        };
        let before = text.len();
        match (line.get::<Str>(), line.get::<Bytes>()) {
            (Some(s), _) if !is_bytes => text.extend(s.as_str().chars()),
            (_, Some(b)) if is_bytes => match std::str::from_utf8(b.as_slice()) {
                Ok(s) => text.extend(s.chars()),
                // The line is not in the encoding that was said.
                Err(_) => {
                    let s = String::from_utf8_lossy(b.as_slice()).into_owned();
                    text.extend(s.chars());
                }
            },
            _ if is_bytes => return vm.fail("TypeError", "readline() returned a non-bytes object"),
            _ => return vm.fail("TypeError", "readline() returned a non-string object"),
        }
        if text.len() == before {
            return Ok(text);
        }
    }
}

fn next(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let it = vm.self_::<TokenizerIter>(&args[0])?;
    if it.done.get() {
        return vm.stop_iteration();
    }
    let mut scan = match it.scan.take() {
        Some(s) => s,
        None => {
            let readline = it.readline.borrow().clone();
            let text = read_all(vm, &readline, it.is_bytes)?;
            Box::new(Scan::new(text, it.extra))
        }
    };
    let found = scan.next();
    let r = match found {
        Ok(Some(t)) => {
            let text: String = scan.text[t.start.min(t.end)..t.end].iter().collect();
            let (text, line) = (vm.string(text), scan.line_of(&t));
            let line = vm.string(line);
            let mut place = |(row, column): (usize, usize)| {
                vm.tuple(vec![Value::small(row as i64), Value::small(column as i64)])
            };
            let (from, to) = (place(t.from), place(t.to));
            Ok(vm.tuple(vec![Value::small(t.kind.into()), text, from, to, line]))
        }
        Ok(None) => {
            it.done.set(true);
            vm.stop_iteration()
        }
        Err(e) => {
            it.done.set(true);
            Err(raise(vm, &scan, e))
        }
    };
    it.scan.set(Some(scan));
    r
}

fn raise(vm: &mut Vm, scan: &Scan, e: Error) -> Exc {
    let (row, column) = e.place;
    if e.message.starts_with("unexpected EOF in multi-line") {
        // Nothing of the text is shown.
        let (message, file) = (vm.str(&e.message), vm.str("<string>"));
        let error = vm.make_exception(e.class, vec![message]);
        let place = [("filename", file), ("lineno", Value::small(row as i64)), ("offset", Value::small(0))];
        for (name, v) in place {
            if vm.set_attr_str(&error, name, v).is_err() {
                return Exc;
            }
        }
        return vm.raise_value(error);
    }
    let (message, file, line) = (vm.str(&e.message), vm.str("<string>"), vm.string(scan.row_text(row)));
    let (row, column) = (Value::small(row as i64), Value::small(column as i64));
    let end = match e.class {
        "SyntaxError" => [row.clone(), column.clone()],
        _ => [Value::NONE, Value::NONE],
    };
    let [end_row, end_column] = end;
    let place = vm.tuple(vec![file, row, column, line, end_row, end_column]);
    vm.raise_type(e.class, vec![message, place])
}
