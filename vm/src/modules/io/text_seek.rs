//! Positions in a `TextIOWrapper`: opaque numbers that hold the position of a byte, the state of the decoder
//! there, and how much is to be decoded and skipped from there on.

use super::coder::{Decoder, Simple};
use super::newline::{count_chars, skip_chars};
use super::text::{TextIo, attached, buffer_is_closed, write_pending};
use super::{data, fail_closed, unsupported};
use crate::error::R;
use crate::types::number::Num;
use crate::value::Value;
use crate::vm::Vm;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

/// A position taken apart. In the number, from the lowest bits: 64 of each, the last one a single bit.
#[derive(Clone, Copy, Default, Debug)]
struct Cookie {
    start: u64,
    flags: u64,
    feed: u64,
    skip: u64,
    needs_end: bool,
}

impl Cookie {
    fn pack(self, vm: &mut Vm) -> Value {
        let parts = [self.start, self.flags, self.feed, self.skip, self.needs_end as u64];
        let n = parts.iter().rev().fold(BigInt::ZERO, |n, &p| (n << 64) + p);
        vm.big(n)
    }
    fn unpack(n: &BigInt) -> Option<Cookie> {
        let mask = BigInt::from(u64::MAX);
        let part = |i: usize| (n >> (64 * i) & &mask).to_u64();
        Some(Cookie {
            start: part(0)?,
            flags: part(1)?,
            feed: part(2)?,
            skip: part(3)?,
            needs_end: part(4)? != 0,
        })
    }
}

/// Bytes of `input` whose text has `chars` characters, where that can be told without decoding.
fn simple_feed(d: &Decoder, input: &[u8], chars: usize, translated: bool) -> Option<usize> {
    let simple = d.simple()?;
    if simple == Simple::Utf8 && std::str::from_utf8(input).is_err() {
        return None;
    }
    if !translated {
        return Some(if simple == Simple::Utf8 { skip_chars(input, chars) } else { chars.min(input.len()) });
    }
    let (mut at, mut left) = (0, chars);
    while left > 0 && at < input.len() {
        let pair = input[at] == b'\r' && input.get(at + 1) == Some(&b'\n');
        at += if pair {
            2
        } else if simple == Simple::Utf8 {
            super::newline::code_point(&input[at..]).1
        } else {
            1
        };
        left -= 1;
    }
    (left == 0).then_some(at)
}

pub fn tell(vm: &mut Vm, v: &Value) -> R<Value> {
    let t = attached(vm, v)?;
    if buffer_is_closed(vm, t)? {
        return fail_closed(vm);
    }
    if !t.seekable.get() {
        return unsupported(vm, "underlying stream is not seekable");
    }
    if !t.telling.get() {
        return vm.fail("OSError", "telling position disabled by next() call");
    }
    write_pending(vm, t)?;
    let buffer = t.buffer();
    vm.call_method(v, "flush", &[])?;
    let at = vm.call_method(&buffer, "tell", &[])?;
    let decoder = t.decoder.borrow().clone();
    let snapshot = t.snapshot.borrow().clone();
    let (Some(d), Some((flags, input))) = (decoder, snapshot) else {
        return Ok(at);
    };
    let start = (vm.index(&at)? - input.len() as i64).max(0) as u64;
    let used = t.used.get();
    let chars = {
        let decoded = t.decoded.borrow();
        count_chars(&decoded[..used.min(decoded.len())])
    };
    let cookie = Cookie { start, flags, ..Cookie::default() };
    if chars == 0 {
        return Ok(cookie.pack(vm));
    }
    if flags == 0 {
        let translated = d.newlines.as_ref().is_some_and(|n| n.translates());
        if let Some(n) = simple_feed(&d, &input, chars, translated) {
            return Ok(Cookie { start: start + n as u64, ..cookie }.pack(vm));
        }
    }
    // Decode again from the snapshot, byte by byte, and remember the last point where the decoder kept
    // nothing back.
    let (saved_buffer, saved_flags) = d.state(vm)?;
    let r = search(vm, &d, cookie, &input, chars);
    d.set_state(vm, &saved_buffer, saved_flags)?;
    let found = r?;
    Ok(found.pack(vm))
}

fn search(vm: &mut Vm, d: &Decoder, from: Cookie, input: &[u8], chars: usize) -> R<Cookie> {
    d.set_state(vm, b"", from.flags)?;
    let mut safe = from;
    let (mut decoded, mut fed) = (0, 0u64);
    let mut skip = chars;
    for b in input {
        fed += 1;
        let text = d.decode(vm, std::slice::from_ref(b), false)?;
        decoded += count_chars(&text);
        let (kept, flags) = d.state(vm)?;
        if kept.is_empty() && decoded <= skip {
            safe.start += fed;
            safe.flags = flags;
            skip -= decoded;
            (decoded, fed) = (0, 0);
        }
        if decoded >= skip {
            return Ok(Cookie { feed: fed, skip: skip as u64, ..safe });
        }
    }
    let text = d.decode(vm, b"", true)?;
    decoded += count_chars(&text);
    if decoded < skip {
        return vm.fail("OSError", "can't reconstruct logical file position");
    }
    Ok(Cookie { feed: fed, skip: skip as u64, needs_end: true, ..safe })
}

pub fn seek(vm: &mut Vm, a: &[Value]) -> R<Value> {
    let t = attached(vm, &a[0])?;
    let whence = match a.get(2) {
        Some(w) => vm.index(w)?,
        None => 0,
    };
    if buffer_is_closed(vm, t)? {
        return fail_closed(vm);
    }
    if !t.seekable.get() {
        return unsupported(vm, "underlying stream is not seekable");
    }
    let buffer = t.buffer();
    let zero = vm.eq(&a[1], &Value::small(0))?;
    let cookie = match whence {
        1 if !zero => return unsupported(vm, "can't do nonzero cur-relative seeks"),
        1 => {
            vm.call_method(&a[0], "flush", &[])?;
            vm.call_method(&a[0], "tell", &[])?
        }
        2 if !zero => return unsupported(vm, "can't do nonzero end-relative seeks"),
        2 => {
            vm.call_method(&a[0], "flush", &[])?;
            forget(vm, t)?;
            let at = vm.call_method(&buffer, "seek", &[Value::small(0), Value::small(2)])?;
            let start = vm.eq(&at, &Value::small(0))?;
            reset_encoder(vm, t, start)?;
            return Ok(at);
        }
        0 => a[1].clone(),
        _ => {
            return vm.fail("ValueError", format!("invalid whence ({whence}, should be 0, 1 or 2)"));
        }
    };
    if !super::has_index(vm, &cookie) {
        let message = format!("'{}' object cannot be interpreted as an integer", vm.type_name(&cookie));
        return vm.fail("TypeError", message);
    }
    let number = match Num::int_of(&cookie) {
        Some(n) => n.big().into_owned(),
        None => BigInt::from(vm.index(&cookie)?),
    };
    if number < BigInt::ZERO {
        let shown = vm.repr_string(&cookie)?;
        return vm.fail("ValueError", format!("negative seek position {shown}"));
    }
    vm.call_method(&a[0], "flush", &[])?;
    let Some(c) = Cookie::unpack(&number) else {
        return vm.fail("OverflowError", "Python int too large to convert to C long");
    };
    let start = vm.big(BigInt::from(c.start));
    vm.call_method(&buffer, "seek", &[start])?;
    t.forget_decoded();
    drop(t.snapshot.take());
    let decoder = t.decoder.borrow().clone();
    if let Some(d) = &decoder {
        if c.start == 0 && c.flags == 0 {
            d.reset(vm)?;
        } else {
            d.set_state(vm, b"", c.flags)?;
        }
        *t.snapshot.borrow_mut() = Some((c.flags, vec![]));
        if c.skip > 0 {
            // To the character: decode what lies before it.
            let r = vm.call_method(&buffer, "read", &[Value::small(c.feed as i64)])?;
            let input = match data::bytes_of(vm, &r) {
                Ok(b) => b.into_vec(),
                Err(_) => {
                    drop(vm.take_pending());
                    let message = format!(
                        "underlying read() should have returned a bytes-like object, not '{}'",
                        vm.type_name(&r)
                    );
                    return vm.fail("TypeError", message);
                }
            };
            *t.snapshot.borrow_mut() = Some((c.flags, input.clone()));
            let text = d.decode(vm, &input, c.needs_end)?;
            if (count_chars(&text) as u64) < c.skip {
                return vm.fail("OSError", "can't restore logical file position");
            }
            t.used.set(skip_chars(&text, c.skip as usize));
            *t.decoded.borrow_mut() = text;
        }
    }
    reset_encoder(vm, t, number == BigInt::ZERO)?;
    Ok(cookie)
}

fn forget(vm: &mut Vm, t: &TextIo) -> R {
    t.forget_decoded();
    drop(t.snapshot.take());
    let decoder = t.decoder.borrow().clone();
    decoder.map_or(Ok(()), |d| d.reset(vm))
}

fn reset_encoder(vm: &mut Vm, t: &TextIo, start: bool) -> R {
    let encoder = t.encoder.borrow().clone();
    let Some(o) = encoder.and_then(|e| e.object()) else { return Ok(()) };
    if start {
        vm.call_method(&o, "reset", &[])?;
    } else {
        vm.call_method(&o, "setstate", &[Value::small(0)])?;
    }
    Ok(())
}
