//! Module `_blake2`.

use super::{add_min_size, data, first_data, hex};
use crate::error::R;
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::{Signed, ToPrimitive};
use std::cell::RefCell;

// Boxed: the states ask for more alignment than objects have.
struct Blake2b(RefCell<Box<blake2b_simd::State>>, usize);
struct Blake2s(RefCell<Box<blake2s_simd::State>>, usize);
impl Payload for Blake2b {}
impl Payload for Blake2s {}

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_blake2", &[]);
    let b = add_class::<Blake2b>(vm, &module, &BLAKE2B);
    let s = add_class::<Blake2s>(vm, &module, &BLAKE2S);
    for (class, prefix, [salt, person, key, digest]) in
        [(b, "BLAKE2B", [16, 16, 64, 64]), (s, "BLAKE2S", [8, 8, 32, 32])]
    {
        let sizes = [
            ("SALT_SIZE", salt),
            ("PERSON_SIZE", person),
            ("MAX_KEY_SIZE", key),
            ("MAX_DIGEST_SIZE", digest),
        ];
        for (name, size) in sizes {
            vm.set_class_attribute(&class, name, Value::small(size));
            vm.set_global(&module, &format!("{prefix}_{name}"), Value::small(size));
        }
    }
    add_min_size(vm, &module);
    Ok(module)
}

/// The parameters of both.
struct Parameters {
    digest_size: usize,
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
    last_node: bool,
}

const NAMES: &[&str] = &[
    "data",
    "string",
    "digest_size",
    "key",
    "salt",
    "person",
    "fanout",
    "depth",
    "leaf_size",
    "node_offset",
    "node_depth",
    "inner_size",
    "last_node",
    "usedforsecurity",
];

fn parameters(vm: &mut Vm, name: &str, big: bool, kw: Kw) -> R<Parameters> {
    let (max, short) = if big { (64, 16) } else { (32, 8) };
    vm.only_keywords(name, kw, NAMES)?;
    let number = |vm: &mut Vm, name: &str, absent: i64, low: i64, high: i64, message: &str| match kw.get(name)
    {
        None => Ok(absent),
        Some(v) => match vm.int_argument(v)?.to_i64() {
            Some(n) if (low..=high).contains(&n) => Ok(n),
            Some(n) => vm.fail("ValueError", message.replace("{n}", &n.to_string())),
            None => vm.fail("OverflowError", "Python int too large to convert to C int"),
        },
    };
    let title = if big { "Blake2b" } else { "Blake2s" };
    let message = format!("digest_size for {title} must be between 1 and {max} bytes, here it is {{n}}");
    let digest_size = number(vm, "digest_size", max, 1, max, &message)? as usize;
    let fanout = number(vm, "fanout", 1, 0, 255, "fanout must be between 0 and 255")? as u8;
    let depth = number(vm, "depth", 1, 1, 255, "depth must be between 1 and 255")? as u8;
    let node_depth = number(vm, "node_depth", 0, 0, 255, "node_depth must be between 0 and 255")? as u8;
    let message = format!("inner_size must be between 0 and is {max}");
    let inner_size = number(vm, "inner_size", 0, 0, max, &message)? as usize;
    let large = |vm: &mut Vm, name: &str, limit: u64, message: &str| match kw.get(name) {
        None => Ok(0),
        Some(v) => {
            let n = vm.int_argument(v)?;
            if n.is_negative() {
                return vm.fail("ValueError", "Cannot convert negative int");
            }
            match n.to_u64() {
                Some(n) if n <= limit => Ok(n),
                Some(_) => vm.fail("OverflowError", message),
                None => vm.fail("OverflowError", "Python int too large for C unsigned long long"),
            }
        }
    };
    let leaf_size = large(vm, "leaf_size", u32::MAX as u64, "leaf_size is too large")? as u32;
    let limit = if big { u64::MAX } else { (1 << 48) - 1 };
    let node_offset = large(vm, "node_offset", limit, "node_offset is too large")?;
    let bytes = |vm: &mut Vm, name: &str, limit: i64| match kw.get(name) {
        None => Ok(vec![]),
        Some(v) => {
            let b = data(vm, v)?;
            if b.len() as i64 > limit {
                return vm.fail("ValueError", format!("maximum {name} length is {limit} bytes"));
            }
            Ok(b.to_vec())
        }
    };
    let salt = bytes(vm, "salt", short)?;
    let person = bytes(vm, "person", short)?;
    let key = bytes(vm, "key", max)?;
    let last_node = match kw.get("last_node") {
        Some(v) => vm.truthy(v)?,
        None => false,
    };
    Ok(Parameters {
        digest_size,
        key,
        salt,
        person,
        fanout,
        depth,
        leaf_size,
        node_offset,
        node_depth,
        inner_size,
        last_node,
    })
}

macro_rules! variant {
    ($t:ident, $def:ident, $krate:ident, $name:literal, $big:literal, $doc:literal) => {
        static $def: ClassDef = ClassDef {
            name: concat!("_blake2.", $name),
            flags: SUBCLASS,
            methods: &[
                BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| {
                    let first = first_data(vm, $name, &a[1..], kw)?;
                    let p = parameters(vm, $name, $big, kw)?;
                    let mut params = $krate::Params::new();
                    params
                        .hash_length(p.digest_size)
                        .key(&p.key)
                        .salt(&p.salt)
                        .personal(&p.person)
                        .fanout(p.fanout)
                        .max_depth(p.depth)
                        .max_leaf_length(p.leaf_size)
                        .node_offset(p.node_offset)
                        .node_depth(p.node_depth)
                        .inner_hash_length(p.inner_size)
                        .last_node(p.last_node);
                    let mut state = params.to_state();
                    if let Some(v) = first {
                        state.update(&data(vm, v)?);
                    }
                    Ok(vm.new_native(&a[0], $t(RefCell::new(Box::new(state)), p.digest_size)))
                }),
                BuiltinDef::new("update", 1, 1, |vm, a, _| {
                    let bytes = data(vm, &a[1])?;
                    vm.self_::<$t>(&a[0])?.0.borrow_mut().update(&bytes);
                    Ok(Value::NONE)
                }),
                BuiltinDef::new("digest", 0, 0, |vm, a, _| {
                    let hash = vm.self_::<$t>(&a[0])?.0.borrow().finalize();
                    Ok(vm.bytes(hash.as_bytes()))
                }),
                BuiltinDef::new("hexdigest", 0, 0, |vm, a, _| {
                    let hash = vm.self_::<$t>(&a[0])?.0.borrow().finalize();
                    Ok(hex(vm, hash.as_bytes()))
                }),
                BuiltinDef::new("copy", 0, 0, |vm, a, _| {
                    let this = vm.self_::<$t>(&a[0])?;
                    let new = $t(RefCell::new(this.0.borrow().clone()), this.1);
                    let class = vm.type_of(&a[0]).clone();
                    Ok(vm.new_native(&class, new))
                }),
            ],
            getset: &[
                GetSet::get("name", |vm, _| Ok(vm.str($name))),
                GetSet::get("block_size", |_, _| Ok(Value::small(if $big { 128 } else { 64 }))),
                GetSet::get("digest_size", |vm, v| Ok(Value::small(vm.self_::<$t>(v)?.1 as i64))),
            ],
            doc: Some($doc),
            ..ClassDef::DEFAULT
        };
    };
}

variant!(Blake2b, BLAKE2B, blake2b_simd, "blake2b", true, "Return a new BLAKE2b hash object.");
variant!(Blake2s, BLAKE2S, blake2s_simd, "blake2s", false, "Return a new BLAKE2s hash object.");
