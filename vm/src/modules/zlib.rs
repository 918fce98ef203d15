//! Module `zlib`, over zlib-rs. (Compressed bytes may differ from the C library's; what they say does not.)
//!
//! `copy()` of a stream under way is not supported: the engine cannot be copied.

use crate::error::{Exc, R};
use crate::modules::itertools::add_class;
use crate::object::{BuiltinDef, Kw, Payload};
use crate::types::native::{ClassDef, GetSet, NO_NEW, SUBCLASS};
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use std::cell::{Cell, RefCell};
use zlib_rs::{
    Deflate, DeflateConfig, DeflateFlush, Inflate, InflateError, InflateFlush, Method, Status, Strategy,
};

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("crc32", 1, 2, |vm, a, _| checksum(vm, a, 0, zlib_rs::crc32::crc32)),
    BuiltinDef::new("adler32", 1, 2, |vm, a, _| checksum(vm, a, 1, zlib_rs::adler32::adler32)),
    BuiltinDef::kw("compress", 1, 3, compress),
    BuiltinDef::kw("decompress", 1, 3, decompress),
    BuiltinDef::kw("compressobj", 0, 6, compress_object),
    BuiltinDef::kw("decompressobj", 0, 2, decompress_object),
];

const CONSTANTS: &[(&str, i64)] = &[
    ("DEFLATED", 8),
    ("DEF_BUF_SIZE", BUFFER as i64),
    ("DEF_MEM_LEVEL", 8),
    ("MAX_WBITS", 15),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_BEST_SPEED", 1),
    ("Z_BLOCK", 5),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_FILTERED", 1),
    ("Z_FINISH", 4),
    ("Z_FIXED", 4),
    ("Z_FULL_FLUSH", 3),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_NO_COMPRESSION", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_RLE", 3),
    ("Z_SYNC_FLUSH", 2),
    ("Z_TREES", 6),
];
const BUFFER: usize = 16384;

pub fn init(vm: &mut Vm) -> R<Value> {
    let module = vm.new_module("zlib", FUNCTIONS);
    for (name, v) in CONSTANTS {
        vm.set_global(&module, name, Value::small(*v));
    }
    for name in ["ZLIB_VERSION", "ZLIB_RUNTIME_VERSION"] {
        let version = vm.str("1.3.1");
        vm.set_global(&module, name, version);
    }
    add_class::<ZlibError>(vm, &module, &ERROR);
    vm.native_class::<Compressor>(&COMPRESSOR);
    vm.native_class::<Decompressor>(&DECOMPRESSOR);
    add_class::<Chunked>(vm, &module, &CHUNKED);
    Ok(module)
}

struct ZlibError;
impl Payload for ZlibError {}

static ERROR: ClassDef = ClassDef {
    name: "zlib.error",
    base: Some(|vm| vm.types.exception("Exception").clone()),
    flags: SUBCLASS,
    ..ClassDef::DEFAULT
};

fn error(vm: &mut Vm, message: &str) -> Exc {
    let class = vm.native_class::<ZlibError>(&ERROR);
    let message = vm.str(message);
    match vm.call(&class, &[message], Kw::NONE) {
        Ok(e) => vm.raise_value(e),
        Err(e) => e,
    }
}

fn checksum(vm: &mut Vm, a: &[Value], start: u32, f: fn(u32, &[u8]) -> u32) -> R<Value> {
    let data = vm.need_bytes(&a[0])?;
    let start = match a.get(1) {
        Some(v) => {
            let n: BigInt = vm.int_argument(v)? & BigInt::from(u32::MAX);
            n.to_u32().unwrap_or(0)
        }
        None => start,
    };
    Ok(vm.int(f(start, &data) as i64))
}

/// An int argument, or what stands for it.
fn number(vm: &mut Vm, v: Option<Value>, absent: i32) -> R<i32> {
    match v {
        None => Ok(absent),
        Some(v) => match vm.int_argument(&v)?.to_i32() {
            Some(n) => Ok(n),
            None => vm.fail("OverflowError", "Python int too large to convert to C int"),
        },
    }
}

// ---- compressing

fn deflate(level: i32, wbits: i32, mem_level: i32, strategy: i32) -> Option<Deflate> {
    let strategy = Strategy::try_from(strategy).ok()?;
    let valid = matches!(wbits, -15..=-9 | 9..=15 | 25..=31);
    if !valid || !(-1..=9).contains(&level) || !(1..=9).contains(&mem_level) {
        return None;
    }
    let config = DeflateConfig { level, method: Method::Deflated, window_bits: wbits, mem_level, strategy };
    Some(Deflate::new_with_config(config))
}

/// Feeds `input` and appends what comes out.
fn feed(d: &mut Deflate, mut input: &[u8], flush: DeflateFlush, out: &mut Vec<u8>) -> bool {
    let mut buffer = [0; BUFFER];
    loop {
        let (read, written) = (d.total_in(), d.total_out());
        let Ok(status) = d.compress(input, &mut buffer, flush) else { return false };
        input = &input[(d.total_in() - read) as usize..];
        let n = (d.total_out() - written) as usize;
        out.extend_from_slice(&buffer[..n]);
        // A buffer that is not full says that nothing more is to come.
        if status == Status::StreamEnd || n < BUFFER && input.is_empty() {
            return true;
        }
        if n == 0 && d.total_in() == read {
            return true;
        }
    }
}

fn compress(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [data, level, wbits] = vm.bind_args("compress", ["", "level", "wbits"], 1, 1, a, kw)?;
    let data = vm.need_bytes(&data.unwrap_or(Value::NONE))?;
    let (level, wbits) = (number(vm, level, -1)?, number(vm, wbits, 15)?);
    let Some(mut d) = deflate(level, wbits, 8, 0) else { return Err(error(vm, "Bad compression level")) };
    let mut out = vec![];
    if !feed(&mut d, &data, DeflateFlush::Finish, &mut out) {
        return Err(error(vm, "Error -2 while compressing data: inconsistent stream state"));
    }
    Ok(vm.byte_vec(out))
}

struct Compressor {
    engine: RefCell<Box<Deflate>>,
    finished: Cell<bool>,
}
impl Payload for Compressor {}

static COMPRESSOR: ClassDef = ClassDef {
    name: "zlib.Compress",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::new("compress", 1, 1, |vm, a, _| {
            let data = vm.need_bytes(&a[1])?;
            run_compressor(vm, &a[0], &data, DeflateFlush::NoFlush)
        }),
        BuiltinDef::new("flush", 0, 1, |vm, a, _| {
            let mode = number(vm, a.get(1).cloned(), 4)?;
            if mode == 0 {
                return Ok(vm.bytes(b""));
            }
            match DeflateFlush::try_from(mode) {
                Ok(flush) => run_compressor(vm, &a[0], b"", flush),
                Err(()) => Err(error(vm, "Error -2 while flushing: inconsistent stream state")),
            }
        }),
        BuiltinDef::new("copy", 0, 0, no_copy),
        BuiltinDef::new("__copy__", 0, 0, no_copy),
        BuiltinDef::new("__deepcopy__", 1, 1, no_copy),
    ],
    ..ClassDef::DEFAULT
};

fn no_copy(vm: &mut Vm, _: &[Value], _: Kw) -> R<Value> {
    vm.fail("NotImplementedError", "copying a zlib stream is not supported yet")
}

fn run_compressor(vm: &mut Vm, v: &Value, data: &[u8], flush: DeflateFlush) -> R<Value> {
    let this = vm.self_::<Compressor>(v)?;
    let mut out = vec![];
    if this.finished.get() || !feed(&mut this.engine.borrow_mut(), data, flush, &mut out) {
        return Err(error(vm, "Error -2 while compressing data: inconsistent stream state"));
    }
    this.finished.set(flush == DeflateFlush::Finish);
    Ok(vm.byte_vec(out))
}

fn compress_object(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let names = ["level", "method", "wbits", "memLevel", "strategy", "zdict"];
    let [level, method, wbits, memory, strategy, zdict] = vm.bind_args("compressobj", names, 0, 0, a, kw)?;
    let (level, method) = (number(vm, level, -1)?, number(vm, method, 8)?);
    let (wbits, memory) = (number(vm, wbits, 15)?, number(vm, memory, 8)?);
    let strategy = number(vm, strategy, 0)?;
    let mut engine = match deflate(level, wbits, memory, strategy) {
        Some(d) if method == 8 => d,
        _ => return vm.fail("ValueError", "Invalid initialization option"),
    };
    if let Some(dictionary) = zdict {
        let dictionary = vm.need_bytes(&dictionary)?;
        if engine.set_dictionary(&dictionary).is_err() {
            return vm.fail("ValueError", "Invalid dictionary");
        }
    }
    let class = vm.native_class::<Compressor>(&COMPRESSOR);
    Ok(vm.new_native(
        &class,
        Compressor { engine: RefCell::new(Box::new(engine)), finished: Cell::new(false) },
    ))
}

// ---- decompressing

fn inflate(wbits: i32) -> Option<Inflate> {
    match wbits {
        -15..=-8 => Some(Inflate::new(false, -wbits as u8)),
        0 | 8..=15 | 24..=31 | 40..=47 => Some(Inflate::new(true, wbits as u8)),
        _ => None,
    }
}

/// How reading went on.
enum Progress {
    /// All of the input is read, or the limit reached.
    More,
    End,
}

/// Feeds `input`, at most up to `limit` bytes of output; answers how much of it was read.
fn read(
    d: &mut Inflate,
    input: &[u8],
    dictionary: Option<&[u8]>,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(usize, Progress), InflateError> {
    let mut at = 0;
    let mut buffer = [0; BUFFER];
    loop {
        let room = (limit - out.len()).min(BUFFER);
        if room == 0 {
            return Ok((at, Progress::More));
        }
        let (before, written) = (d.total_in(), d.total_out());
        let result = d.decompress(&input[at..], &mut buffer[..room], InflateFlush::SyncFlush);
        let (n, taken) = ((d.total_out() - written) as usize, (d.total_in() - before) as usize);
        at += taken;
        out.extend_from_slice(&buffer[..n]);
        match result {
            Ok(Status::StreamEnd) => return Ok((at, Progress::End)),
            Ok(_) if n == 0 && taken == 0 || n < room && at == input.len() => {
                return Ok((at, Progress::More));
            }
            Ok(_) => {}
            Err(InflateError::NeedDict { .. }) if dictionary.is_some() => {
                d.set_dictionary(dictionary.unwrap_or_default())?;
            }
            Err(e) => return Err(e),
        }
    }
}

fn read_error(vm: &mut Vm, d: &Inflate, e: InflateError) -> Exc {
    let (code, text) = match e {
        InflateError::NeedDict { .. } => (2, "need dictionary"),
        InflateError::StreamError => (-2, "inconsistent stream state"),
        InflateError::DataError => (-3, d.error_message().unwrap_or("invalid input data")),
        InflateError::MemError => (-4, "insufficient memory"),
    };
    error(vm, &format!("Error {code} while decompressing data: {text}"))
}

fn decompress(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [data, wbits, size] = vm.bind_args("decompress", ["", "wbits", "bufsize"], 1, 1, a, kw)?;
    let data = vm.need_bytes(&data.unwrap_or(Value::NONE))?;
    let wbits = number(vm, wbits, 15)?;
    if let Some(size) = size
        && vm.int_argument(&size)? <= BigInt::ZERO
    {
        return vm.fail("ValueError", "bufsize must be non-zero");
    }
    let Some(mut d) = inflate(wbits) else {
        let message = "Error -2 while preparing to decompress data: inconsistent stream state";
        return Err(error(vm, message));
    };
    let mut out = vec![];
    match read(&mut d, &data, None, usize::MAX, &mut out) {
        Ok((_, Progress::End)) => Ok(vm.byte_vec(out)),
        Ok((_, Progress::More)) => {
            Err(error(vm, "Error -5 while decompressing data: incomplete or truncated stream"))
        }
        Err(e) => Err(read_error(vm, &d, e)),
    }
}

struct Decompressor {
    engine: RefCell<Box<Inflate>>,
    dictionary: Option<Vec<u8>>,
    /// What followed the stream; what a limit kept from being read.
    unused: RefCell<Vec<u8>>,
    tail: RefCell<Vec<u8>>,
    eof: Cell<bool>,
}
impl Payload for Decompressor {}

static DECOMPRESSOR: ClassDef = ClassDef {
    name: "zlib.Decompress",
    flags: NO_NEW,
    methods: &[
        BuiltinDef::kw("decompress", 1, 2, |vm, a, kw| {
            let [data, max] = vm.bind_args("decompress", ["", "max_length"], 1, 1, &a[1..], kw)?;
            let data = vm.need_bytes(&data.unwrap_or(Value::NONE))?;
            let limit = match number(vm, max, 0)? {
                0 => usize::MAX,
                n if n > 0 => n as usize,
                _ => return vm.fail("ValueError", "max_length must be non-negative"),
            };
            run_decompressor(vm, &a[0], &data, limit)
        }),
        BuiltinDef::new("flush", 0, 1, |vm, a, _| {
            if number(vm, a.get(1).cloned(), BUFFER as i32)? <= 0 {
                return vm.fail("ValueError", "length must be greater than zero");
            }
            let tail = vm.self_::<Decompressor>(&a[0])?.tail.borrow().clone();
            run_decompressor(vm, &a[0], &tail, usize::MAX)
        }),
        BuiltinDef::new("copy", 0, 0, no_copy),
        BuiltinDef::new("__copy__", 0, 0, no_copy),
        BuiltinDef::new("__deepcopy__", 1, 1, no_copy),
    ],
    getset: &[
        GetSet::get("unused_data", |vm, v| {
            let b = vm.self_::<Decompressor>(v)?.unused.borrow().clone();
            Ok(vm.byte_vec(b))
        }),
        GetSet::get("unconsumed_tail", |vm, v| {
            let b = vm.self_::<Decompressor>(v)?.tail.borrow().clone();
            Ok(vm.byte_vec(b))
        }),
        GetSet::get("eof", |vm, v| Ok(Value::bool(vm.self_::<Decompressor>(v)?.eof.get()))),
    ],
    ..ClassDef::DEFAULT
};

fn run_decompressor(vm: &mut Vm, v: &Value, data: &[u8], limit: usize) -> R<Value> {
    let this = vm.self_::<Decompressor>(v)?;
    let mut out = vec![];
    if this.eof.get() {
        this.unused.borrow_mut().extend_from_slice(data);
        return Ok(vm.byte_vec(out));
    }
    let result = read(&mut this.engine.borrow_mut(), data, this.dictionary.as_deref(), limit, &mut out);
    match result {
        Ok((at, Progress::End)) => {
            this.eof.set(true);
            this.unused.borrow_mut().extend_from_slice(&data[at..]);
            this.tail.borrow_mut().clear();
        }
        Ok((at, Progress::More)) => *this.tail.borrow_mut() = data[at..].to_vec(),
        Err(e) => return Err(read_error(vm, &this.engine.borrow(), e)),
    }
    Ok(vm.byte_vec(out))
}

/// The engine of both classes, and the dictionary it may ask for.
fn new_engine(vm: &mut Vm, wbits: Option<Value>, zdict: Option<Value>) -> R<(Inflate, Option<Vec<u8>>)> {
    let wbits = number(vm, wbits, 15)?;
    let dictionary = match zdict {
        Some(d) => Some(vm.need_bytes(&d)?.to_vec()).filter(|d| !d.is_empty()),
        None => None,
    };
    let Some(mut engine) = inflate(wbits) else {
        return vm.fail("ValueError", "Invalid initialization option");
    };
    // A stream without a header cannot ask.
    if let Some(d) = &dictionary
        && wbits < 0
        && engine.set_dictionary(d).is_err()
    {
        return Err(error(vm, "Error -3 while setting zdict: invalid input data"));
    }
    Ok((engine, dictionary))
}

fn decompress_object(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    let [wbits, zdict] = vm.bind_args("decompressobj", ["wbits", "zdict"], 0, 0, a, kw)?;
    let (engine, dictionary) = new_engine(vm, wbits, zdict)?;
    let class = vm.native_class::<Decompressor>(&DECOMPRESSOR);
    let this = Decompressor {
        engine: RefCell::new(Box::new(engine)),
        dictionary,
        unused: RefCell::default(),
        tail: RefCell::default(),
        eof: Cell::new(false),
    };
    Ok(vm.new_native(&class, this))
}

/// `_ZlibDecompressor`: keeps the input that a limit left over.
struct Chunked(Decompressor);
impl Payload for Chunked {}

static CHUNKED: ClassDef = ClassDef {
    name: "zlib._ZlibDecompressor",
    methods: &[
        BuiltinDef::kw("__new__", 0, 2, |vm, a, kw| {
            let [wbits, zdict] = vm.bind_args("_ZlibDecompressor", ["wbits", "zdict"], 0, 0, &a[1..], kw)?;
            let (engine, dictionary) = new_engine(vm, wbits, zdict)?;
            let this = Decompressor {
                engine: RefCell::new(Box::new(engine)),
                dictionary,
                unused: RefCell::default(),
                tail: RefCell::default(),
                eof: Cell::new(false),
            };
            Ok(vm.new_native(&a[0], Chunked(this)))
        }),
        BuiltinDef::kw("decompress", 1, 2, |vm, a, kw| {
            let [data, max] = vm.bind_args("decompress", ["data", "max_length"], 0, 1, &a[1..], kw)?;
            let data = vm.need_bytes(&data.unwrap_or(Value::NONE))?;
            let max = number(vm, max, -1)?;
            let limit = if max < 0 { usize::MAX } else { max as usize };
            let this = &vm.self_::<Chunked>(&a[0])?.0;
            if this.eof.get() {
                return vm.fail("EOFError", "End of stream already reached");
            }
            let mut all = this.tail.take();
            all.extend_from_slice(&data);
            let mut out = vec![];
            let result =
                read(&mut this.engine.borrow_mut(), &all, this.dictionary.as_deref(), limit, &mut out);
            match result {
                Ok((at, Progress::End)) => {
                    this.eof.set(true);
                    *this.unused.borrow_mut() = all[at..].to_vec();
                }
                Ok((at, Progress::More)) => *this.tail.borrow_mut() = all[at..].to_vec(),
                Err(e) => return Err(read_error(vm, &this.engine.borrow(), e)),
            }
            Ok(vm.byte_vec(out))
        }),
    ],
    getset: &[
        GetSet::get("unused_data", |vm, v| {
            let b = vm.self_::<Chunked>(v)?.0.unused.borrow().clone();
            Ok(vm.byte_vec(b))
        }),
        GetSet::get("eof", |vm, v| Ok(Value::bool(vm.self_::<Chunked>(v)?.0.eof.get()))),
        GetSet::get("needs_input", |vm, v| {
            let this = &vm.self_::<Chunked>(v)?.0;
            Ok(Value::bool(!this.eof.get() && this.tail.borrow().is_empty()))
        }),
    ],
    ..ClassDef::DEFAULT
};
