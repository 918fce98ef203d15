//! `TextIOWrapper`: text over a buffered stream.
//!
//! Reading: chunks of bytes are decoded into `decoded`, of which the first `used` bytes (of generalised
//! UTF-8) have been handed out. Writing: encoded bytes gather in `pending` until there is a chunk of them.
//! Positions are in `text_seek`.

use super::coder::{self, Codec, Decoder, Encoder};
use super::newline::{Newlines, count_chars, skip_chars, text_value};
use super::string::replace_newlines;
use super::{
    Class, buffered, chain, class, class_name, data, error_of, fail_closed, file, is_closed, is_exact,
    pending_is, size_arg, unsupported,
};
use crate::error::R;
use crate::object::{BuiltinDef, Kind, Kw, Payload, Str};
use crate::types::native::{ClassDef, GetSet, HAS_DICT, SUBCLASS, WEAKREF};
use crate::value::Value;
use crate::vm::Vm;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    New,
    Ready,
    Detached,
}

/// Where a line ends, and what "\n" is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// newline=None
    Translate,
    /// newline=""
    Universal,
    /// newline="\n", "\r", "\r\n"
    Only(&'static str),
}

impl Mode {
    fn of(vm: &mut Vm, v: Option<&Value>) -> R<Mode> {
        let Some(v) = v.filter(|v| !v.is_none()) else { return Ok(Mode::Translate) };
        let Some(s) = v.get::<Str>() else {
            let message =
                format!("TextIOWrapper() argument 'newline' must be str or None, not {}", vm.type_name(v));
            return vm.fail("TypeError", message);
        };
        Ok(match s.as_str() {
            "" => Mode::Universal,
            "\n" => Mode::Only("\n"),
            "\r" => Mode::Only("\r"),
            "\r\n" => Mode::Only("\r\n"),
            _ => {
                return vm.fail("ValueError", format!("illegal newline value: {}", s.as_str()));
            }
        })
    }
    fn decoder(self) -> Option<Newlines> {
        match self {
            Mode::Translate => Some(Newlines::new(true)),
            Mode::Universal => Some(Newlines::new(false)),
            Mode::Only(_) => None,
        }
    }
    fn written(self) -> Option<&'static str> {
        match self {
            Mode::Only(n) if n != "\n" => Some(n),
            _ => None,
        }
    }
}

pub struct TextIo {
    pub(super) buffer: RefCell<Value>,
    stage: Cell<Stage>,
    encoding: RefCell<Value>,
    errors: RefCell<Value>,
    pub(super) encoder: RefCell<Option<Rc<Encoder>>>,
    pub(super) decoder: RefCell<Option<Rc<Decoder>>>,
    mode: Cell<Mode>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    pub(super) seekable: Cell<bool>,
    pub(super) telling: Cell<bool>,
    has_read1: Cell<bool>,
    pub(super) decoded: RefCell<Vec<u8>>,
    pub(super) used: Cell<usize>,
    pending: RefCell<Vec<u8>>,
    /// State of the decoder before the last chunk, and the bytes it was given since.
    pub(super) snapshot: RefCell<Option<(u64, Vec<u8>)>>,
    chunk: Cell<usize>,
    finalizing: Cell<bool>,
}

impl Payload for TextIo {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.buffer.borrow());
        visit(&self.encoding.borrow());
        visit(&self.errors.borrow());
    }
    fn clear(&self) {
        drop(self.buffer.replace(Value::NONE));
    }
}

impl TextIo {
    fn new() -> TextIo {
        TextIo {
            buffer: RefCell::new(Value::NONE),
            stage: Cell::new(Stage::New),
            encoding: RefCell::new(Value::NONE),
            errors: RefCell::new(Value::NONE),
            encoder: RefCell::new(None),
            decoder: RefCell::new(None),
            mode: Cell::new(Mode::Translate),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            decoded: RefCell::default(),
            used: Cell::new(0),
            pending: RefCell::default(),
            snapshot: RefCell::new(None),
            chunk: Cell::new(8192),
            finalizing: Cell::new(false),
        }
    }
    pub(super) fn buffer(&self) -> Value {
        self.buffer.borrow().clone()
    }
    pub(super) fn forget_decoded(&self) {
        self.decoded.borrow_mut().clear();
        self.used.set(0);
    }
    /// Up to `n` characters of what is decoded; how many are missing.
    fn take_chars(&self, n: usize) -> (Vec<u8>, usize) {
        let decoded = self.decoded.borrow();
        let rest = &decoded[self.used.get().min(decoded.len())..];
        let end = skip_chars(rest, n);
        self.used.set(self.used.get() + end);
        let missing = if end < rest.len() { 0 } else { n - count_chars(rest).min(n) };
        (rest[..end].to_vec(), missing)
    }
    fn take_decoded(&self) -> Vec<u8> {
        let mut all = std::mem::take(&mut *self.decoded.borrow_mut());
        all.drain(..self.used.get().min(all.len()));
        self.used.set(0);
        all
    }
    fn errors_text(&self) -> String {
        self.errors.borrow().get::<Str>().map_or("strict".into(), |s| s.as_str().to_owned())
    }
}

macro_rules! delegate {
    ($name:literal) => {
        BuiltinDef::new($name, 0, 0, |vm, a, _| {
            let b = attached(vm, &a[0])?.buffer();
            vm.call_method(&b, $name, &[])
        })
    };
}

pub static TEXT: ClassDef = ClassDef {
    name: "_io.TextIOWrapper",
    base: Some(|vm| class(vm, Class::TextBase)),
    flags: SUBCLASS.union(WEAKREF).union(HAS_DICT),
    methods: &[
        BuiltinDef::kw("__new__", 0, u8::MAX, |vm, a, _| Ok(vm.new_native(&a[0], TextIo::new()))),
        BuiltinDef::kw("__init__", 0, 6, init),
        BuiltinDef::kw("reconfigure", 0, 0, reconfigure),
        BuiltinDef::new("detach", 0, 0, |vm, a, _| {
            attached(vm, &a[0])?;
            vm.call_method(&a[0], "flush", &[])?;
            let t = attached(vm, &a[0])?;
            t.stage.set(Stage::Detached);
            Ok(t.buffer.replace(Value::NONE))
        }),
        BuiltinDef::new("write", 1, 1, |vm, a, _| {
            let t = attached(vm, &a[0])?;
            let Some(s) = a[1].get::<Str>() else {
                let message = format!("write() argument must be str, not {}", vm.type_name(&a[1]));
                return vm.fail("TypeError", message);
            };
            if buffer_is_closed(vm, t)? {
                return fail_closed(vm);
            }
            write(vm, t, &a[1])?;
            Ok(Value::small(s.len() as i64))
        }),
        BuiltinDef::new("read", 0, 1, read),
        BuiltinDef::new("readline", 0, 1, |vm, a, _| {
            let limit = match a.get(1) {
                Some(v) => vm.index(v)?,
                None => -1,
            };
            let t = attached(vm, &a[0])?;
            readline(vm, t, limit)
        }),
        BuiltinDef::new("__next__", 0, 0, next),
        BuiltinDef::new("flush", 0, 0, |vm, a, _| {
            let t = attached(vm, &a[0])?;
            if buffer_is_closed(vm, t)? {
                return fail_closed(vm);
            }
            t.telling.set(t.seekable.get());
            write_pending(vm, t)?;
            let b = t.buffer();
            vm.call_method(&b, "flush", &[])
        }),
        BuiltinDef::new("close", 0, 0, close),
        delegate!("fileno"),
        delegate!("seekable"),
        delegate!("readable"),
        delegate!("writable"),
        delegate!("isatty"),
        BuiltinDef::new("truncate", 0, 1, |vm, a, _| {
            let b = attached(vm, &a[0])?.buffer();
            vm.call_method(&a[0], "flush", &[])?;
            vm.call_method(&b, "truncate", &[a.get(1).cloned().unwrap_or(Value::NONE)])
        }),
        BuiltinDef::new("tell", 0, 0, |vm, a, _| super::text_seek::tell(vm, &a[0])),
        BuiltinDef::new("seek", 1, 2, |vm, a, _| super::text_seek::seek(vm, a)),
        BuiltinDef::new("__repr__", 0, 0, repr),
        BuiltinDef::new("__getstate__", 0, 0, super::cannot_pickle),
    ],
    getset: &[
        GetSet::get("buffer", |vm, v| {
            let t = vm.self_::<TextIo>(v)?;
            if t.stage.get() == Stage::Ready { Ok(t.buffer()) } else { Ok(Value::NONE) }
        }),
        GetSet::get("encoding", |vm, v| Ok(vm.self_::<TextIo>(v)?.encoding.borrow().clone())),
        GetSet::get("errors", |vm, v| Ok(initialised(vm, v)?.errors.borrow().clone())),
        GetSet::get("newlines", |vm, v| {
            let decoder = attached(vm, v)?.decoder.borrow().clone();
            let newlines = decoder.as_ref().and_then(|d| d.newlines.as_ref());
            Ok(newlines.map_or(Value::NONE, |n| n.seen(vm)))
        }),
        GetSet::get("line_buffering", |vm, v| Ok(Value::bool(vm.self_::<TextIo>(v)?.line_buffering.get()))),
        GetSet::get("write_through", |vm, v| Ok(Value::bool(vm.self_::<TextIo>(v)?.write_through.get()))),
        GetSet::get("name", |vm, v| {
            let b = attached(vm, v)?.buffer();
            vm.get_attr_str(&b, "name")
        }),
        GetSet::get("closed", |vm, v| {
            let b = attached(vm, v)?.buffer();
            vm.get_attr_str(&b, "closed")
        }),
        GetSet::new(
            "_finalizing",
            |vm, v| Ok(Value::bool(vm.self_::<TextIo>(v)?.finalizing.get())),
            |vm, v, x| {
                let on = x.map_or(Ok(false), |x| vm.truthy(x))?;
                vm.self_::<TextIo>(v)?.finalizing.set(on);
                Ok(())
            },
        ),
        GetSet::new(
            "_CHUNK_SIZE",
            |vm, v| Ok(Value::small(attached(vm, v)?.chunk.get() as i64)),
            |vm, v, x| {
                let t = attached(vm, v)?;
                let Some(x) = x else { return vm.fail("AttributeError", "cannot delete attribute") };
                let n = vm.index(x)?;
                if n <= 0 {
                    return vm.fail("ValueError", "a strictly positive integer is required");
                }
                t.chunk.set(n as usize);
                Ok(())
            },
        ),
    ],
    doc: Some("Character and line based layer over a BufferedIOBase object, buffer."),
};

fn initialised<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a TextIo> {
    let t = vm.self_::<TextIo>(v)?;
    if t.stage.get() == Stage::New {
        return vm.fail("ValueError", "I/O operation on uninitialized object");
    }
    Ok(t)
}
pub(super) fn attached<'a>(vm: &mut Vm, v: &'a Value) -> R<&'a TextIo> {
    let t = initialised(vm, v)?;
    if t.stage.get() == Stage::Detached {
        return vm.fail("ValueError", "underlying buffer has been detached");
    }
    Ok(t)
}
pub(super) fn buffer_is_closed(vm: &mut Vm, t: &TextIo) -> R<bool> {
    let b = t.buffer();
    is_closed(vm, &b)
}

/// A `str` or None argument.
fn text_or_none(vm: &mut Vm, who: &str, name: &str, v: Option<&Value>) -> R<Option<String>> {
    match v {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => match v.get::<Str>() {
            Some(s) if s.as_str().contains('\0') => vm.fail("ValueError", "embedded null character"),
            Some(s) => Ok(Some(s.as_str().to_owned())),
            None => {
                let message =
                    format!("{who}() argument '{name}' must be str or None, not {}", vm.type_name(v));
                vm.fail("TypeError", message)
            }
        },
    }
}

/// How a text stream is to be set up.
#[derive(Default)]
pub struct Settings<'a> {
    pub encoding: Option<String>,
    pub errors: Option<String>,
    pub newline: Option<&'a Value>,
    pub line_buffering: bool,
    pub write_through: bool,
}

fn init(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    const WHO: &str = "TextIOWrapper";
    let names = ["buffer", "encoding", "errors", "newline", "line_buffering", "write_through"];
    let [buffer, encoding, errors, newline, line_buffering, write_through] =
        vm.bind_args(WHO, names, 0, 1, &a[1..], kw)?;
    let settings = Settings {
        encoding: text_or_none(vm, WHO, "encoding", encoding.as_ref())?,
        errors: text_or_none(vm, WHO, "errors", errors.as_ref())?,
        newline: newline.as_ref(),
        line_buffering: line_buffering.map_or(Ok(false), |v| vm.truthy(&v))?,
        write_through: write_through.map_or(Ok(false), |v| vm.truthy(&v))?,
    };
    initialise(vm, &a[0], &buffer.unwrap_or(Value::NONE), settings)?;
    Ok(Value::NONE)
}

/// A new text stream.
pub fn new(vm: &mut Vm, buffer: &Value, settings: Settings) -> R<Value> {
    let class = class(vm, Class::Text);
    let v = vm.new_native(&class, TextIo::new());
    initialise(vm, &v, buffer, settings)?;
    Ok(v)
}

fn initialise(vm: &mut Vm, v: &Value, buffer: &Value, settings: Settings) -> R {
    let t = vm.self_::<TextIo>(v)?;
    t.stage.set(Stage::New);
    let mode = Mode::of(vm, settings.newline)?;
    let encoding = match settings.encoding.as_deref() {
        None | Some("locale") => "UTF-8".to_owned(),
        Some(e) => e.to_owned(),
    };
    let codec = coder::find(vm, &encoding, "codecs.open()")?;
    let encoding = vm.str(&encoding);
    let errors = settings.errors.as_deref().unwrap_or("strict");
    let errors = vm.str(errors);
    drop(t.encoding.replace(encoding));
    drop(t.errors.replace(errors));
    drop(t.buffer.replace(buffer.clone()));
    t.mode.set(mode);
    t.line_buffering.set(settings.line_buffering);
    t.write_through.set(settings.write_through);
    t.chunk.set(8192);
    t.forget_decoded();
    t.pending.borrow_mut().clear();
    drop(t.snapshot.take());
    make_coders(vm, t, &codec)?;
    let seekable = vm.call_method(buffer, "seekable", &[])?;
    let seekable = vm.truthy(&seekable)?;
    t.seekable.set(seekable);
    t.telling.set(seekable);
    t.has_read1.set(vm.get_attr_str_opt(buffer, "read1")?.is_some());
    set_encoder_start(vm, t)?;
    t.stage.set(Stage::Ready);
    Ok(())
}

fn make_coders(vm: &mut Vm, t: &TextIo, codec: &Codec) -> R {
    let (buffer, errors) = (t.buffer(), t.errors_text());
    let able = vm.call_method(&buffer, "readable", &[])?;
    let decoder = if vm.truthy(&able)? {
        Some(Rc::new(Decoder::new(vm, codec, &errors, t.mode.get().decoder())?))
    } else {
        None
    };
    let able = vm.call_method(&buffer, "writable", &[])?;
    let encoder = if vm.truthy(&able)? { Some(Rc::new(Encoder::new(vm, codec, &errors)?)) } else { None };
    drop(t.decoder.replace(decoder));
    drop(t.encoder.replace(encoder));
    Ok(())
}
/// Encoders that begin with a mark do so at the beginning of the stream only.
fn set_encoder_start(vm: &mut Vm, t: &TextIo) -> R {
    let encoder = t.encoder.borrow().clone();
    let Some(encoder) = encoder.filter(|_| t.seekable.get()) else { return Ok(()) };
    let buffer = t.buffer();
    let at = vm.call_method(&buffer, "tell", &[])?;
    let Some(o) = encoder.object() else { return Ok(()) };
    if !vm.eq(&at, &Value::small(0))? {
        vm.call_method(&o, "setstate", &[Value::small(0)])?;
    }
    Ok(())
}

fn reconfigure(vm: &mut Vm, a: &[Value], kw: Kw) -> R<Value> {
    const WHO: &str = "reconfigure";
    vm.only_keywords(WHO, kw, &["encoding", "errors", "newline", "line_buffering", "write_through"])?;
    let t = attached(vm, &a[0])?;
    let encoding = text_or_none(vm, WHO, "encoding", kw.get("encoding"))?;
    let errors = text_or_none(vm, WHO, "errors", kw.get("errors"))?;
    let newline = kw.get("newline");
    let recode = encoding.is_some() || errors.is_some() || newline.is_some();
    if !t.decoded.borrow().is_empty() && recode {
        let message = "It is not possible to set the encoding or newline of stream after the first read";
        return unsupported(vm, message);
    }
    let mode = match newline {
        Some(n) => Mode::of(vm, Some(n))?,
        None => t.mode.get(),
    };
    let mut flag = |name: &str, now: bool| match kw.get(name) {
        Some(v) if !v.is_none() => {
            if !super::has_index(vm, v) {
                return vm.truthy(v);
            }
            vm.index(v).map(|n| n != 0)
        }
        _ => Ok(now),
    };
    let line_buffering = flag("line_buffering", t.line_buffering.get())?;
    let write_through = flag("write_through", t.write_through.get())?;
    vm.call_method(&a[0], "flush", &[])?;
    if recode {
        let errors = match (&encoding, errors) {
            (_, Some(e)) => e,
            (Some(_), None) => "strict".to_owned(),
            (None, None) => t.errors_text(),
        };
        let encoding = match encoding.as_deref() {
            Some("locale") => "UTF-8".to_owned(),
            Some(e) => e.to_owned(),
            None => t.encoding.borrow().get::<Str>().map_or(String::new(), |s| s.as_str().to_owned()),
        };
        let codec = coder::find(vm, &encoding, "codecs.open()")?;
        let (encoding, errors) = (vm.str(&encoding), vm.str(&errors));
        drop(t.encoding.replace(encoding));
        drop(t.errors.replace(errors));
        t.mode.set(mode);
        make_coders(vm, t, &codec)?;
        set_encoder_start(vm, t)?;
    }
    t.line_buffering.set(line_buffering);
    t.write_through.set(write_through);
    Ok(Value::NONE)
}

// ---- writing

/// Writes a `str`.
pub fn write(vm: &mut Vm, t: &TextIo, text: &Value) -> R {
    let encoder = t.encoder.borrow().clone();
    let Some(encoder) = encoder else { return unsupported(vm, "not writable") };
    let s = text.as_::<Str>();
    let written = t.mode.get().written();
    let buffering = t.line_buffering.get();
    let has_newline = (written.is_some() || buffering) && memchr::memchr(b'\n', s.bytes()).is_some();
    let translated;
    let text = match written {
        Some(n) if has_newline => {
            let bytes = replace_newlines(s.bytes(), n.as_bytes());
            translated = text_value(vm, &bytes);
            &translated
        }
        _ => text,
    };
    let flush = buffering && (has_newline || memchr::memchr(b'\r', s.bytes()).is_some());
    let chunk = t.chunk.get();
    let full = match encoder.direct(text.as_::<Str>()) {
        Some(b) => add_pending(vm, t, b, chunk)?,
        None => {
            let b = encoder.encode(vm, text)?;
            add_pending(vm, t, &b, chunk)?
        }
    };
    if full || flush || t.write_through.get() {
        write_pending(vm, t)?;
    }
    if flush {
        let b = t.buffer();
        vm.call_method(&b, "flush", &[])?;
    }
    if t.snapshot.borrow().is_some() || !t.decoded.borrow().is_empty() {
        t.forget_decoded();
        drop(t.snapshot.take());
        let decoder = t.decoder.borrow().clone();
        if let Some(d) = decoder {
            d.reset(vm)?;
        }
    }
    Ok(())
}
fn add_pending(vm: &mut Vm, t: &TextIo, bytes: &[u8], chunk: usize) -> R<bool> {
    let there = t.pending.borrow().len();
    if there > 0 && there + bytes.len() > chunk {
        write_pending(vm, t)?;
    }
    let mut pending = t.pending.borrow_mut();
    pending.extend_from_slice(bytes);
    Ok(pending.len() >= chunk)
}

/// Gives the encoded text to the buffer.
pub(super) fn write_pending(vm: &mut Vm, t: &TextIo) -> R {
    if t.pending.borrow().is_empty() {
        return Ok(());
    }
    let mut bytes = std::mem::take(&mut *t.pending.borrow_mut());
    let b = t.buffer();
    if is_exact(vm, &b, Class::Writer) || is_exact(vm, &b, Class::Random) {
        buffered::write(vm, &b, &bytes)?;
        // Keep the allocation.
        bytes.clear();
        let mut pending = t.pending.borrow_mut();
        if pending.capacity() == 0 {
            *pending = bytes;
        }
        return Ok(());
    }
    let bytes = vm.byte_vec(bytes);
    loop {
        match vm.call_method(&b, "write", std::slice::from_ref(&bytes)) {
            Ok(_) => return Ok(()),
            Err(e) if pending_is(vm, "InterruptedError") => {
                let _ = e;
                drop(vm.take_pending());
                vm.check_signals()?;
            }
            Err(e) => return Err(e),
        }
    }
}

// ---- reading

fn for_reading(vm: &mut Vm, t: &TextIo) -> R<Rc<Decoder>> {
    if buffer_is_closed(vm, t)? {
        return fail_closed(vm);
    }
    let decoder = t.decoder.borrow().clone();
    match decoder {
        Some(d) => {
            write_pending(vm, t)?;
            Ok(d)
        }
        None => unsupported(vm, "not readable"),
    }
}

/// Reads and decodes a chunk more. False: that was the end.
fn read_chunk(vm: &mut Vm, t: &TextIo, decoder: &Decoder, hint: usize) -> R<bool> {
    let state = if t.telling.get() { Some(decoder.state(vm)?) } else { None };
    let b = t.buffer();
    let n = t.chunk.get().max(hint);
    let input = if t.has_read1.get() && is_exact(vm, &b, Class::Reader) {
        buffered::read_once(vm, &b, n as i64)?
    } else {
        let who = if t.has_read1.get() { "read1" } else { "read" };
        let r = vm.call_method(&b, who, &[Value::small(n as i64)])?;
        match data::bytes_of(vm, &r) {
            Ok(d) => d.into_vec(),
            Err(_) => {
                drop(vm.take_pending());
                let message = format!(
                    "underlying {who}() should have returned a bytes-like object, not '{}'",
                    vm.type_name(&r)
                );
                return vm.fail("TypeError", message);
            }
        }
    };
    let mut end = input.is_empty();
    let text = decoder.decode(vm, &input, end)?;
    if !text.is_empty() {
        end = false;
    }
    *t.decoded.borrow_mut() = text;
    t.used.set(0);
    if let Some((mut before, flags)) = state {
        before.extend_from_slice(&input);
        *t.snapshot.borrow_mut() = Some((flags, before));
    }
    Ok(!end)
}

fn read(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let n = size_arg(vm, a.get(1))?;
    let t = attached(vm, &a[0])?;
    let decoder = for_reading(vm, t)?;
    if n < 0 {
        let b = t.buffer();
        let r = vm.call_method(&b, "read", &[])?;
        if r.is_none() {
            return vm.fail("BlockingIOError", "Read returned None.");
        }
        let input = data::bytes_of(vm, &r)?;
        let rest = decoder.decode(vm, &input, true)?;
        let mut all = t.take_decoded();
        all.extend_from_slice(&rest);
        drop(t.snapshot.take());
        return Ok(text_value(vm, &all));
    }
    let (mut out, mut missing) = t.take_chars(n as usize);
    while missing > 0 {
        match read_chunk(vm, t, &decoder, missing) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) if pending_is(vm, "InterruptedError") => {
                let _ = e;
                drop(vm.take_pending());
                vm.check_signals()?;
                continue;
            }
            Err(e) => return Err(e),
        }
        let (more, left) = t.take_chars(missing);
        out.extend_from_slice(&more);
        missing = left;
    }
    Ok(text_value(vm, &out))
}

/// Where the first line of `text` ends; `None`: not in it. `last`: no more text follows.
fn line_end(text: &[u8], mode: Mode) -> Option<usize> {
    match mode {
        Mode::Translate | Mode::Only("\n") => memchr::memchr(b'\n', text).map(|i| i + 1),
        Mode::Universal => memchr::memchr2(b'\n', b'\r', text).map(|i| {
            let pair = text[i] == b'\r' && text.get(i + 1) == Some(&b'\n');
            i + 1 + pair as usize
        }),
        Mode::Only(n) => memchr::memmem::find(text, n.as_bytes()).map(|i| i + n.len()),
    }
}

/// A line with its end; at most `limit` characters unless that is negative.
pub fn readline(vm: &mut Vm, t: &TextIo, limit: i64) -> R<Value> {
    let decoder = for_reading(vm, t)?;
    let mode = t.mode.get();
    let mut line: Vec<u8> = vec![];
    let mut left = if limit < 0 { usize::MAX } else { limit as usize };
    while left > 0 {
        let done = {
            let decoded = t.decoded.borrow();
            let rest = &decoded[t.used.get().min(decoded.len())..];
            if rest.is_empty() {
                None
            } else {
                // A CR LF may lie across two chunks.
                let split = mode == Mode::Only("\r\n") && line.last() == Some(&b'\r') && rest[0] == b'\n';
                let found = if split { Some(1) } else { line_end(rest, mode) };
                let end = found.unwrap_or(rest.len());
                let most = if left == usize::MAX { end } else { skip_chars(&rest[..end], left) };
                if left != usize::MAX {
                    left -= count_chars(&rest[..most]);
                }
                t.used.set(t.used.get() + most);
                if line.is_empty() && (found.is_some() || left == 0) {
                    return Ok(text_value(vm, &rest[..most]));
                }
                line.extend_from_slice(&rest[..most]);
                Some(found.is_some() && most == end || left == 0)
            }
        };
        match done {
            Some(true) => break,
            Some(false) => {}
            None => match read_chunk(vm, t, &decoder, 0) {
                Ok(true) => {}
                Ok(false) => {
                    t.forget_decoded();
                    drop(t.snapshot.take());
                    break;
                }
                Err(e) if pending_is(vm, "InterruptedError") => {
                    let _ = e;
                    drop(vm.take_pending());
                    vm.check_signals()?;
                }
                Err(e) => return Err(e),
            },
        }
    }
    Ok(text_value(vm, &line))
}

fn next(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let t = attached(vm, &a[0])?;
    t.telling.set(false);
    let line = if is_exact(vm, &a[0], Class::Text) {
        readline(vm, t, -1)?
    } else {
        let l = vm.call_method(&a[0], "readline", &[])?;
        if !l.is_kind(Kind::Str) {
            let message = format!("readline() should have returned a str object, not '{}'", vm.type_name(&l));
            return vm.fail("OSError", message);
        }
        l
    };
    if line.get::<Str>().is_some_and(Str::is_empty) {
        t.telling.set(t.seekable.get());
        drop(t.snapshot.take());
        return vm.stop_iteration();
    }
    Ok(line)
}

// ---- the rest

fn close(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let t = attached(vm, &a[0])?;
    let closed = vm.get_attr_str(&a[0], "closed")?;
    if vm.truthy(&closed)? {
        return Ok(Value::NONE);
    }
    if t.finalizing.get() {
        let b = t.buffer();
        if vm.call_method(&b, "_dealloc_warn", std::slice::from_ref(&a[0])).is_err() {
            drop(vm.take_pending());
        }
    }
    let r = vm.call_method(&a[0], "flush", &[]).map(drop);
    let first = error_of(vm, r);
    let b = t.buffer();
    let r = vm.call_method(&b, "close", &[]).map(drop);
    chain(vm, first, r).map(|()| Value::NONE)
}

fn repr(vm: &mut Vm, a: &[Value], _: Kw) -> R<Value> {
    let t = initialised(vm, &a[0])?;
    let mut text = format!("<{}", class_name(vm, &a[0]));
    if let Some(n) = super::shown_attribute(vm, &a[0], "name")? {
        text += &format!(" name={n}");
    }
    if let Some(m) = super::shown_attribute(vm, &a[0], "mode")? {
        text += &format!(" mode={m}");
    }
    let encoding = t.encoding.borrow().clone();
    let encoding = vm.repr_string(&encoding)?;
    Ok(vm.string(format!("{text} encoding={encoding}>")))
}

/// For `print`: the stream, if it is one of exactly this class that can be written to directly.
pub fn direct<'a>(vm: &mut Vm, v: &'a Value) -> R<Option<&'a TextIo>> {
    if !is_exact(vm, v, Class::Text) {
        return Ok(None);
    }
    let t = attached(vm, v)?;
    let b = t.buffer();
    if is_exact(vm, &b, Class::Writer) {
        // What `closed` answers, without asking by name.
        if let Some(raw) = b.native::<buffered::Buffered>().map(buffered::Buffered::raw)
            && is_exact(vm, &raw, Class::File)
            && raw.native::<file::FileIo>().is_some_and(|f| f.fd.get() >= 0)
        {
            return Ok(Some(t));
        }
    }
    if buffer_is_closed(vm, t)? {
        return fail_closed(vm);
    }
    Ok(Some(t))
}
