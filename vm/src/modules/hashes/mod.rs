//! The hash modules `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`, over the RustCrypto and BLAKE2 crates.
//!
//! Every algorithm has a class of its own, made by number from one generic payload.

mod blake2;

use crate::error::R;
use crate::object::{BuiltinDef, Kind, Kw, Payload};
use crate::types::buffer::Held;
use crate::types::native::{ClassDef, GetSet, NO_NEW};
use crate::value::Value;
use crate::vm::Vm;
use num_traits::{Signed, ToPrimitive};
use sha2::digest::DynDigest;
use shake::{ExtendableOutput, Update, XofReader};
use std::cell::RefCell;

pub use blake2::init as blake2;

/// What hashes: fixed length or any length.
#[derive(Clone)]
enum Engine {
    Fixed(Box<dyn DynDigest>),
    Shake128(shake::Shake128),
    Shake256(shake::Shake256),
}

impl Engine {
    fn update(&mut self, data: &[u8]) {
        match self {
            Engine::Fixed(d) => d.update(data),
            Engine::Shake128(s) => Update::update(s, data),
            Engine::Shake256(s) => Update::update(s, data),
        }
    }
    /// `length`: for those that have none of their own.
    fn digest(&self, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        match self.clone() {
            Engine::Fixed(d) => return d.finalize().into_vec(),
            Engine::Shake128(s) => s.finalize_xof().read(&mut out),
            Engine::Shake256(s) => s.finalize_xof().read(&mut out),
        }
        out
    }
}

struct Info {
    /// As the constructor is called.
    name: &'static str,
    block_size: i64,
    digest_size: i64,
    new: fn() -> Engine,
}

struct Hash<const K: usize>(RefCell<Engine>);
impl<const K: usize> Payload for Hash<K> {}

macro_rules! fixed {
    ($name:literal, $block:literal, $digest:literal, $t:ty) => {
        Info {
            name: $name,
            block_size: $block,
            digest_size: $digest,
            new: || Engine::Fixed(Box::new(<$t>::default())),
        }
    };
}

static INFOS: [Info; 12] = [
    fixed!("md5", 64, 16, md5::Md5),
    fixed!("sha1", 64, 20, sha1::Sha1),
    fixed!("sha224", 64, 28, sha2::Sha224),
    fixed!("sha256", 64, 32, sha2::Sha256),
    fixed!("sha384", 128, 48, sha2::Sha384),
    fixed!("sha512", 128, 64, sha2::Sha512),
    fixed!("sha3_224", 144, 28, sha3::Sha3_224),
    fixed!("sha3_256", 136, 32, sha3::Sha3_256),
    fixed!("sha3_384", 104, 48, sha3::Sha3_384),
    fixed!("sha3_512", 72, 64, sha3::Sha3_512),
    Info { name: "shake_128", block_size: 168, digest_size: 0, new: || Engine::Shake128(Default::default()) },
    Info { name: "shake_256", block_size: 136, digest_size: 0, new: || Engine::Shake256(Default::default()) },
];

/// The bytes that a hash is fed with.
pub(super) fn data(vm: &mut Vm, v: &Value) -> R<Held> {
    if v.is_kind(Kind::Str) {
        return vm.fail("TypeError", "Strings must be encoded before hashing");
    }
    match vm.bytes_like(v)? {
        Some(b) => Ok(b),
        None => vm.fail("TypeError", "object supporting the buffer API required"),
    }
}

/// The data argument of a constructor, by its new or its old name, and `usedforsecurity`, which says nothing
/// here.
pub(super) fn first_data<'a>(vm: &mut Vm, name: &str, args: &'a [Value], kw: Kw<'a>) -> R<Option<&'a Value>> {
    if args.len() > 1 {
        let message = format!("{name}() takes at most 1 positional argument ({} given)", args.len());
        return vm.fail("TypeError", message);
    }
    let named = match (kw.get("data"), kw.get("string")) {
        (Some(_), Some(_)) => {
            let message = "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter \
                           is slated for removal in a future version.";
            return vm.fail("TypeError", message);
        }
        (data, string) => data.or(string),
    };
    if !args.is_empty() && named.is_some() {
        let message = format!("argument for {name}() given by name ('data') and position (1)");
        return vm.fail("TypeError", message);
    }
    Ok(args.first().or(named))
}

fn hex(vm: &mut Vm, bytes: &[u8]) -> Value {
    let digits: String =
        bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| HEX[d as usize] as char).collect();
    vm.string(digits)
}
const HEX: &[u8; 16] = b"0123456789abcdef";

fn make<const K: usize>(vm: &mut Vm, def: &'static ClassDef, args: &[Value], kw: Kw) -> R<Value> {
    let name = INFOS[K].name;
    vm.only_keywords(name, kw, &["data", "string", "usedforsecurity"])?;
    let mut engine = (INFOS[K].new)();
    if let Some(v) = first_data(vm, name, args, kw)? {
        engine.update(&data(vm, v)?);
    }
    let class = vm.native_class::<Hash<K>>(def);
    Ok(vm.new_native(&class, Hash::<K>(RefCell::new(engine))))
}

fn update<const K: usize>(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let bytes = data(vm, &a[1])?;
    vm.self_::<Hash<K>>(&a[0])?.0.borrow_mut().update(&bytes);
    Ok(Value::NONE)
}

fn result<const K: usize>(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Vec<u8>> {
    let this = vm.self_::<Hash<K>>(&a[0])?;
    let mut length = 0;
    if INFOS[K].digest_size == 0 {
        let [n] = vm.bind_args("digest", ["length"], 0, 1, &a[1..], kw)?;
        let n = vm.int_argument(&n.unwrap_or(Value::NONE))?;
        if n.is_negative() {
            return vm.fail("ValueError", "Cannot convert negative int");
        }
        match n.to_usize() {
            Some(n) if n < 1 << 29 => length = n,
            _ => return vm.fail("ValueError", "length is too large"),
        }
    } else if a.len() > 1 || !kw.is_empty() {
        return vm.fail("TypeError", "digest() takes no arguments");
    }
    Ok(this.0.borrow().digest(length))
}
fn digest<const K: usize>(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let bytes = result::<K>(vm, a, kw)?;
    Ok(vm.byte_vec(bytes))
}
fn hexdigest<const K: usize>(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let bytes = result::<K>(vm, a, kw)?;
    Ok(hex(vm, &bytes))
}

fn copy<const K: usize>(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let engine = vm.self_::<Hash<K>>(&a[0])?.0.borrow().clone();
    let class = vm.type_of(&a[0]).clone();
    Ok(vm.new_native(&class, Hash::<K>(RefCell::new(engine))))
}

macro_rules! class {
    ($def:ident, $k:literal, $name:literal, $flags:expr, [$($new:expr)?]) => {
        static $def: ClassDef = ClassDef {
            name: $name,
            flags: $flags,
            methods: &[
                $($new,)?
                BuiltinDef::new("update", 1, 1, update::<$k>),
                BuiltinDef::kw("digest", 0, u8::MAX, digest::<$k>),
                BuiltinDef::kw("hexdigest", 0, u8::MAX, hexdigest::<$k>),
                BuiltinDef::new("copy", 0, 0, copy::<$k>),
            ],
            getset: &[
                GetSet::get("name", |vm, _| Ok(vm.str(INFOS[$k].name))),
                GetSet::get("block_size", |_, _| Ok(Value::small(INFOS[$k].block_size))),
                GetSet::get("digest_size", |_, _| Ok(Value::small(INFOS[$k].digest_size))),
                GetSet::get("_capacity_bits", |_, _| Ok(Value::small(1600 - 8 * INFOS[$k].block_size))),
                GetSet::get("_rate_bits", |_, _| Ok(Value::small(8 * INFOS[$k].block_size))),
                GetSet::get("_suffix", |vm, _| {
                    Ok(vm.bytes(if INFOS[$k].digest_size == 0 { b"\x1f" } else { b"\x06" }))
                }),
            ],
            ..ClassDef::DEFAULT
        };
    };
}

/// A class that is called itself.
macro_rules! open_class {
    ($def:ident, $k:literal, $name:literal) => {
        class!(
            $def,
            $k,
            $name,
            crate::types::native::SUBCLASS,
            [BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, kw| { make::<$k>(vm, &$def, &a[1..], kw) })]
        );
    };
}

class!(MD5, 0, "_md5.md5", NO_NEW, []);
class!(SHA1, 1, "_sha1.sha1", NO_NEW, []);
class!(SHA224, 2, "_sha2.SHA224Type", NO_NEW, []);
class!(SHA256, 3, "_sha2.SHA256Type", NO_NEW, []);
class!(SHA384, 4, "_sha2.SHA384Type", NO_NEW, []);
class!(SHA512, 5, "_sha2.SHA512Type", NO_NEW, []);
open_class!(SHA3_224, 6, "_sha3.sha3_224");
open_class!(SHA3_256, 7, "_sha3.sha3_256");
open_class!(SHA3_384, 8, "_sha3.sha3_384");
open_class!(SHA3_512, 9, "_sha3.sha3_512");
open_class!(SHAKE_128, 10, "_sha3.shake_128");
open_class!(SHAKE_256, 11, "_sha3.shake_256");

fn add<const K: usize>(vm: &mut Vm, module: &Value, name: &str, def: &'static ClassDef) {
    let class = vm.native_class::<Hash<K>>(def);
    vm.set_global(module, name, class);
}

static MD5_FUNCTIONS: &[BuiltinDef] =
    &[BuiltinDef::kw("md5", 0, u8::MAX, |vm, a, kw| make::<0>(vm, &MD5, a, kw))];
static SHA1_FUNCTIONS: &[BuiltinDef] =
    &[BuiltinDef::kw("sha1", 0, u8::MAX, |vm, a, kw| make::<1>(vm, &SHA1, a, kw))];
static SHA2_FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::kw("sha224", 0, u8::MAX, |vm, a, kw| make::<2>(vm, &SHA224, a, kw)),
    BuiltinDef::kw("sha256", 0, u8::MAX, |vm, a, kw| make::<3>(vm, &SHA256, a, kw)),
    BuiltinDef::kw("sha384", 0, u8::MAX, |vm, a, kw| make::<4>(vm, &SHA384, a, kw)),
    BuiltinDef::kw("sha512", 0, u8::MAX, |vm, a, kw| make::<5>(vm, &SHA512, a, kw)),
];

/// Size from which CPython gives up its lock while it hashes; programs may look at it.
pub(super) fn add_min_size(vm: &mut Vm, module: &Value) {
    vm.set_global(module, "_GIL_MINSIZE", Value::small(2048));
}

pub fn md5(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_md5", MD5_FUNCTIONS);
    add::<0>(vm, &module, "MD5Type", &MD5);
    add_min_size(vm, &module);
    Ok(module)
}
pub fn sha1(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_sha1", SHA1_FUNCTIONS);
    add::<1>(vm, &module, "SHA1Type", &SHA1);
    add_min_size(vm, &module);
    Ok(module)
}
pub fn sha2(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_sha2", SHA2_FUNCTIONS);
    add::<2>(vm, &module, "SHA224Type", &SHA224);
    add::<3>(vm, &module, "SHA256Type", &SHA256);
    add::<4>(vm, &module, "SHA384Type", &SHA384);
    add::<5>(vm, &module, "SHA512Type", &SHA512);
    add_min_size(vm, &module);
    Ok(module)
}
pub fn sha3(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("_sha3", &[]);
    add::<6>(vm, &module, "sha3_224", &SHA3_224);
    add::<7>(vm, &module, "sha3_256", &SHA3_256);
    add::<8>(vm, &module, "sha3_384", &SHA3_384);
    add::<9>(vm, &module, "sha3_512", &SHA3_512);
    add::<10>(vm, &module, "shake_128", &SHAKE_128);
    add::<11>(vm, &module, "shake_256", &SHAKE_256);
    let implementation = vm.str("RustCrypto");
    vm.set_global(&module, "implementation", implementation);
    add_min_size(vm, &module);
    Ok(module)
}
